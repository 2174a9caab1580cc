"""Models of trials for the tests of simulation: small ones, and one with everything."""

from __future__ import annotations

from typing import Any

from equipoise.design import Accrual, Dropout, Hazard
from equipoise.randomization import Minimization, PermutedBlocks, Scheme
from equipoise.simulation.event_laws import PiecewiseRatio
from equipoise.simulation.trial_looks import LookBounds, TrialLook
from equipoise.simulation.trial_model import TrialModel
from equipoise.simulation.trial_options import Deaths, ScanSchedule, WeightedTest


def small_model(**changes: Any) -> TrialModel:
    """Two arms 2:1, 60 patients, one look at 40 events."""
    given: dict[str, Any] = {
        "accrual": Accrual.uniform(n=60, duration=12), "control": Hazard.from_median(6.0), "effect": 0.5,
        "ratio": (2, 1), "block_sizes": (3, 6), "looks": 40, "alpha": 0.05, "sides": 2, "dropout": Dropout(0.01),
    }  # fmt: skip
    return TrialModel.two_arms(**(given | changes))


def stratified_model(**changes: Any) -> TrialModel:
    """Four strata with hazards of their own, two looks with futility."""
    scheme = Scheme({"E": 1, "C": 1}, {"sex": ("f", "m"), "stage": ("1", "2")})
    hazards = {s: Hazard((0.10 + 0.04 * k, 0.08), (4.0,)) for k, s in enumerate(scheme.all_strata())}
    given: dict[str, Any] = {
        "accrual": Accrual.piecewise([4.0, 10.0], [6.0], n=84), "randomization": PermutedBlocks(scheme, (2, 4)),
        "control": "C", "events": {"C": hazards, "E": PiecewiseRatio((1.0, 0.5), (2.0,))},
        "prevalences": {"sex": {"f": 0.6, "m": 0.4}, "stage": {"1": 0.25, "2": 0.75}},
        "dropout": {"C": Dropout(0.02), "E": Dropout(0.01)}, "looks": (TrialLook(events=30), TrialLook(events=60)),
        "bounds": LookBounds.given([2.8, 2.0], [0.2, None]),
    }  # fmt: skip
    return TrialModel(**(given | changes))


def general_model(**changes: Any) -> TrialModel:
    """Three arms by minimization, deaths, switching, scans, a weighted test, landmarks and restricted means."""
    scheme = Scheme({"A": 2, "B": 2, "C": 1}, {"sex": ("f", "m")})
    given: dict[str, Any] = {
        "accrual": Accrual.uniform(n=75, duration=12), "randomization": Minimization(scheme), "control": "C",
        "prevalences": {"sex": {"f": 0.3, "m": 0.7}},
        "events": {"C": Hazard(0.12), "A": 0.6, "B": PiecewiseRatio((1.0, 0.5), (2.0,))}, "dropout": Dropout(0.01),
        "looks": (TrialLook(events=25, arms=("A", "C")), TrialLook(events=55, follow_up=3.0)),
        "bounds": LookBounds.given([2.6, 2.0], [0.0, None]),
        "deaths": Deaths(before={"C": Hazard(0.02), "A": 1.0, "B": 1.0}, after={"C": Hazard(0.1), "A": 0.9, "B": 1.0},
                         switching={"C": 0.5}, switch_factor={"C": 0.8}),
        "scans": ScanSchedule((2.0,)), "landmarks": (6.0,), "windows": (12.0,), "tests": (WeightedTest(gamma=1.0),),
    }  # fmt: skip
    return TrialModel(**(given | changes))
