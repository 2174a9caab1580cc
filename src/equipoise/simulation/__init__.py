"""Imagined trials: assumed truth, patients, data cuts, decisions, operating characteristics."""

from equipoise.simulation.calibration import Calibration
from equipoise.simulation.procedures import assess_procedure
from equipoise.simulation.synthesize import Synthetic, synthesize
from equipoise.simulation.trial_procedures import TrialAssessment, alternatives, assess_trial

__all__ = [
    "Calibration",
    "Synthetic",
    "TrialAssessment",
    "alternatives",
    "assess_procedure",
    "assess_trial",
    "synthesize",
]
