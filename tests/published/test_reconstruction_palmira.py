"""PALMIRA's printed numbers and curves made to pass through them: what can be met is met, what cannot is said.

The published curves are not here: points on curves through the printed medians and rates stand in for them, so that
what is tested is how printed numbers and patients are brought together. The interval 0.66-1.07 needs at least 251
events of any Cox model and 198 patients were randomized: no reconstruction can meet it.
"""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.evidence.curve_points import clean_points
from equipoise.evidence.published_files import read_published
from equipoise.evidence.reconstructed_arms import CurveArm
from equipoise.evidence.reconstruction import reconstruct_curves
from equipoise.evidence.risk_numbers import risk_numbers

KNOWN = {
    "experimental": ([0.0, 4.9, 6.0, 12.0, 24.0], [1.0, 0.5, 0.421, 0.124, 0.03]),
    "control": ([0.0, 3.6, 6.0, 12.0, 24.0], [1.0, 0.5, 0.291, 0.123, 0.03]),
}


@pytest.fixture(scope="module")
def rebuilt():
    trial = read_published("palmira")
    result = next(each for each in trial.results if each.endpoint == "PFS, final")
    arms = []
    for side, (times, heights) in KNOWN.items():
        at = np.linspace(0.0, 24.0, 121)
        height = np.exp(np.interp(at, times, np.log(heights)))
        label = getattr(trial, side).label
        n = getattr(trial, side).randomized
        arms.append(CurveArm(label, clean_points(at, height, arm=label), risk_numbers([], [], n=n)))
    return reconstruct_curves(arms, published=result)


def met(found, name, side=None):
    return [each.met for each in found.met if each.constraint.name == name and each.constraint.side == side]


def test_hazard_ratio_and_medians_are_recovered_and_rates_within_half_a_patient(rebuilt):
    assert met(rebuilt, "hazard ratio") == [True]
    for side, n in (("experimental", 136), ("control", 62)):
        assert met(rebuilt, "median", side) == [True]
        rates = [
            each for each in rebuilt.met if (each.constraint.name, each.constraint.side) == ("event-free share", side)
        ]
        assert len(rates) == 2
        assert all(abs(each.value - each.constraint.printed.value) < 50.0 / n for each in rates)


def test_an_interval_that_needs_more_events_than_patients_is_said_not_to_be_met(rebuilt):
    assert met(rebuilt, "hazard ratio, lower 95% limit") == [False]
    assert met(rebuilt, "hazard ratio, upper 95% limit") == [False]
    row = next(row for row in rebuilt.to_rows() if row.statistic == "hazard ratio, upper 95% limit")
    assert row.warning is not None
    assert row.warning.startswith("printed 1.07")
    assert row.value > 1.075


def test_all_patients_are_there(rebuilt):
    counts = rebuilt.patients().group_by("arm").len().to_dict(as_series=False)
    assert dict(zip(counts["arm"], counts["len"], strict=True)) == {"Palbociclib + ET": 136, "ET alone": 62}
