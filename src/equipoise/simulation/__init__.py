"""Imagined trials: assumed truth, patients, data cuts, decisions, operating characteristics."""

from equipoise.simulation.calibration import Calibration
from equipoise.simulation.synthesize import Synthetic, synthesize

__all__ = ["Calibration", "Synthetic", "synthesize"]
