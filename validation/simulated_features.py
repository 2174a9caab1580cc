"""Everything that a simulated trial may have, a model each; as a program it prints how fast each is.

Each is a trial of 198 patients, 2:1 in four strata, cut at 155 events, but for what its name says. Rates are those of
`simulate` with Cox and medians, one thread, trials by processor time, best of three rounds.
"""

from __future__ import annotations

import time
from typing import Any

from equipoise.design import Accrual, Dropout, Hazard, group_sequential
from equipoise.randomization import BlockUrn, Complete, Minimization, PermutedBlocks, Scheme
from equipoise.simulation import (
    Cured,
    Deaths,
    LogNormal,
    LookBounds,
    PiecewiseRatio,
    ScanSchedule,
    TrialLook,
    TrialModel,
    Weibull,
    WeightedTest,
    simulate,
)

ROUNDS = 3
FACTORS = {"visceral": ("yes", "no"), "sensitive": ("yes", "no")}
SHARES = {"visceral": {"yes": 0.6, "no": 0.4}, "sensitive": {"yes": 0.75, "no": 0.25}}
SCANS = ScanSchedule((1.84, 2.76), (11.04,))


def palmira(**changes: Any) -> TrialModel:
    """The trial that the others differ from."""
    given: dict[str, Any] = {
        "accrual": Accrual.uniform(n=198, duration=24), "control": "C", "prevalences": SHARES,
        "randomization": PermutedBlocks(Scheme({"E": 2, "C": 1}, FACTORS), (3, 6)), "looks": (TrialLook(events=155),),
        "events": {"C": Hazard.from_median(3.6), "E": 0.59}, "bounds": LookBounds.single(alpha=0.05, sides=2),
    }  # fmt: skip
    return TrialModel(**(given | changes))


def deaths(**changes: Any) -> Deaths:
    """Death before progression is rare, after it the hazard falls."""
    given: dict[str, Any] = {
        "before": {"C": Hazard(0.02), "E": 1.0}, "after": {"C": Hazard((0.12, 0.07), (4.0,)), "E": 0.9},
    }  # fmt: skip
    return Deaths(**(given | changes))


def features() -> dict[str, TrialModel]:
    """A model of each feature, those of the fast engine first."""
    scheme, joint = Scheme({"E": 2, "C": 1}, FACTORS), {("yes", "yes"): 0.5, ("yes", "no"): 0.1, ("no", "yes"): 0.25}
    three = PermutedBlocks(Scheme({"A": 1, "B": 1, "C": 1}, FACTORS), (3, 6))
    bounds = group_sequential([80, 155], alpha=0.025, sides=1, hazard_ratio=0.59, ratio=2)
    two_looks = (TrialLook(events=80), TrialLook(events=155))
    strata = scheme.all_strata()
    switching = deaths(switching={"C": 0.5}, switch_factor={"C": 0.6})
    late, modest = WeightedTest(gamma=1.0), WeightedTest(weights="modest-time", t_star=6.0)
    return {
        "as PALMIRA": palmira(),
        "accrual in pieces": palmira(accrual=Accrual.piecewise([4.0, 10.0], [6.0], n=198)),
        "strata with hazards of their own": palmira(
            prevalences={**joint, ("no", "no"): 0.15},
            events={"C": {s: Hazard(0.14 + 0.04 * k) for k, s in enumerate(strata)}, "E": 0.59},
        ),
        "delayed effect, dropout by arm, two looks": palmira(
            events={"C": Hazard((0.19, 0.15), (6.0,)), "E": PiecewiseRatio((1.0, 0.5), (3.0,))}, looks=two_looks,
            dropout={"C": Dropout(0.02), "E": Dropout(0.01)}, bounds=bounds,
        ),
        "crossing hazards": palmira(events={"C": Hazard(0.19), "E": PiecewiseRatio((1.4, 0.5), (3.0,))}),
        "complete randomization": palmira(randomization=Complete(scheme)),
        "look by the clock, bounds at its events": palmira(
            looks=(TrialLook(time=17.5), TrialLook(events=155)), bounds=bounds
        ),
        "events and follow-up": palmira(looks=(TrialLook(events=150, follow_up=3.0, latest=40.0),)),
        "three arms": palmira(randomization=three, events={"C": Hazard.from_median(3.6), "A": 0.6, "B": 0.8}),
        "look by the events of some arms": palmira(looks=(TrialLook(events=50, arms=("C",)),)),
        "minimization": palmira(randomization=Minimization(scheme)),
        "block urn": palmira(randomization=BlockUrn(scheme, 2)),
        "Weibull": palmira(events={"C": Weibull(1.3, 5.0), "E": 0.59}),
        "log-normal": palmira(events={"C": LogNormal(3.6, 0.9), "E": LogNormal(6.0, 0.9)}),
        "cured share": palmira(events={"C": Cured(Hazard(0.2), 0.1), "E": Cured(Hazard(0.13), 0.1)}),
        "Fleming-Harrington test": palmira(tests=(late,), decides="weighted"),
        "modestly weighted test": palmira(tests=(modest,), decides="weighted"),
        "landmark rates, restricted means": palmira(landmarks=(6.0, 12.0), windows=(12.0,)),
        "scans": palmira(scans=SCANS),
        "whole days": palmira(day=1.0 / 30.4375),
        "illness-death, two endpoints": palmira(deaths=deaths()),
        "switching, scans, two endpoints": palmira(deaths=switching, scans=SCANS),
        "test without the strata of randomization": palmira(stratified=False),
        "all together: minimization, switching, scans, weighted, means": palmira(
            randomization=Minimization(scheme), deaths=switching, scans=SCANS, tests=(late,), windows=(12.0,)
        ),
    }  # fmt: skip


def rate(model: TrialModel, trials: int) -> float:
    """Trials a second of processor time."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        simulate(model, trials=trials, seed=1, threads=1, course=0)
        found.append(trials / (time.process_time() - began))
    return max(found)


if __name__ == "__main__":
    for name, model in features().items():
        first = rate(model, 2048)
        print(f"{name:62s}{rate(model, 262_144 if first > 100_000 else 16_384):12,.0f}")
