"""How likely a patient in whom a response can show must be to respond, for the scenario's objective response rate."""

from __future__ import annotations

import numpy as np

from equipoise.simulation.calibration import Calibration
from equipoise.simulation.premises import Premises, expect_followed, scan_plan

# The first attended scan is one of the first few planned, but for a negligible probability.
_SCANS = 4
_HORIZON = 1500.0


def expect_response(premises: Premises, truth: dict[str, Calibration]) -> dict[str, float]:
    """The probability of response given that one can show, by arm.

    The scenario's rate over the probability of measurable disease and a first scan, in follow-up, without progression;
    at most 1.
    """
    plan = premises.scenario.response
    if plan is None:
        return {}
    followed = np.array(expect_followed(premises))
    measurable = _measurable(premises)
    rates = {}
    for arm, rate in plan.objective_response.items():
        possible = measurable * _first_scan_free(premises, truth[arm], followed)
        rates[arm] = min(1.0, rate.value / possible) if possible > 0 else 0.0
    return rates


def _measurable(premises: Premises) -> float:
    prevalence = premises.scenario.prevalences.get("measurable")
    if "measurable" not in premises.trial.variables:
        return 1.0
    if prevalence is None:
        return 1.0 / max(len(premises.trial.variables["measurable"].levels), 1)
    return prevalence.value.get("Y", 0.0) / sum(prevalence.value.values())


def _first_scan_free(premises: Premises, law: Calibration, followed: np.ndarray) -> float:
    """The probability of a first attended scan that shows no progression, before death, dropout and cutoff."""
    plan = scan_plan(premises, _HORIZON)
    free, missed = 0.0, 1.0
    for planned in plan.planned[:_SCANS]:
        days = np.maximum(planned + plan.first_offset + np.arange(len(plan.offsets)), 1)
        alive = law.progression.survival(days) * np.exp(-law.death_before * days)
        reached = np.interp(days, np.arange(len(followed)), followed, right=0.0)
        free += missed * (1.0 - plan.missed) * float(np.dot(plan.offsets, alive * reached))
        missed *= plan.missed
    return free
