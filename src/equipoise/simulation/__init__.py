"""Imagined trials: assumed truth, patients, data cuts, decisions, operating characteristics.

The names of `public` are the room's own; they load when one is first asked for, so that simulating needs no tables and
synthesizing no engines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from equipoise.simulation.public import *  # noqa: F403

__all__ = [
    "Calibration",
    "Cured",
    "Deaths",
    "Estimate",
    "EventCourse",
    "LogNormal",
    "LookBounds",
    "OperatingCharacteristics",
    "PiecewiseRatio",
    "PlannedSimulation",
    "ScanSchedule",
    "SimulatedPower",
    "Synthetic",
    "Timing",
    "TrialAssessment",
    "TrialLook",
    "TrialModel",
    "Weibull",
    "WeightedTest",
    "alternatives",
    "assess_procedure",
    "assess_trial",
    "draw_event_course",
    "draw_look_times",
    "draw_trial",
    "plan_simulation",
    "simulate",
    "simulate_grid",
    "synthesize",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from equipoise.simulation import public

    return getattr(public, name)


def __dir__() -> list[str]:
    return sorted(__all__)
