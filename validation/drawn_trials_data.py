"""The simulated trials of validation/r/drawn_trials_bank.R: models, and their drawn patients as CSV files for R.

`uv run python validation/drawn_trials_data.py FOLDER` writes, for each model, every patient of its first trials with
all that will ever happen to them, in ticks; and `models.csv`, what R needs to know of looks, bounds and statistics.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import polars as pl
from simulated_features import FACTORS, deaths, palmira

from equipoise.design import Accrual, Dropout, Hazard, Spending, group_sequential
from equipoise.randomization import Complete, Minimization, PermutedBlocks, Scheme
from equipoise.simulation import (
    Cured,
    LogNormal,
    LookBounds,
    PiecewiseRatio,
    ScanSchedule,
    TrialLook,
    TrialModel,
    Weibull,
    WeightedTest,
    draw_trial,
)
from equipoise.simulation.spent_bounds import SpentBounds

SEED = 20261
TRIALS = 200
DAY = 1.0 / 32.0


def _one_to_one(**changes: Any) -> TrialModel:
    """Arms E and C at 1:1, no strata, 120 patients."""
    given: dict[str, Any] = {
        "accrual": Accrual.uniform(n=120, duration=12), "randomization": Complete(Scheme({"E": 1, "C": 1})),
        "prevalences": {}, "events": {"C": Hazard(0.1), "E": 0.6}, "dropout": Dropout(0.01),
        "looks": (TrialLook(events=80),),
    }  # fmt: skip
    return palmira(**(given | changes))


def _three_arms() -> TrialModel:
    scheme = Scheme({"A": 2, "B": 1, "C": 1}, {"sex": ("f", "m")})
    return TrialModel(
        accrual=Accrual.piecewise([5.0, 12.0], [4.0], n=160), randomization=PermutedBlocks(scheme, (4, 8)), control="C",
        prevalences={("f",): 0.55, ("m",): 0.45}, dropout={"A": Dropout(0.02), "B": Dropout(0.01), "C": Dropout(0.01)},
        events={"C": {("f",): Hazard(0.12), ("m",): Hazard((0.2, 0.1), (3.0,))}, "A": 0.6, "B": 0.75},
        looks=(TrialLook(events=40, arms=("A", "C")), TrialLook(events=70, arms=("B", "C"), follow_up=4.0)),
        bounds=LookBounds.given([2.7, 2.0], [-0.3, None], [-2.9, -2.0]),
    )  # fmt: skip


def models() -> dict[str, TrialModel]:
    """Every model by its name."""
    two_looks = group_sequential(
        [80, 155], alpha=0.025, sides=1, hazard_ratio=0.59, ratio=2, futility=Spending("hwang-shih-decani", -4.0)
    )
    clock = group_sequential([45, 80], alpha=0.025, sides=1, hazard_ratio=0.6)
    minimized = Minimization(Scheme({"E": 2, "C": 1}, FACTORS), probability=0.8)
    return {
        "palmira": palmira(),
        "no effect": palmira(
            events={"C": Hazard.from_median(3.6), "E": 1.0}, bounds=LookBounds.given([1.0], (), [-1.0])
        ),
        "one to one": _one_to_one(),
        "delayed effect": _one_to_one(
            events={"C": Hazard(0.1), "E": PiecewiseRatio((1.0, 0.45), (3.0,))},
            looks=(TrialLook(events=40), TrialLook(events=80)),
            bounds=LookBounds.given([2.8, 2.0], [0.2, None], [-1.0, -1.5]),
        ),
        "crossing hazards": _one_to_one(
            events={"C": Hazard((0.1, 0.08), (6.0,)), "E": Hazard((0.14, 0.04), (3.0,))}, looks=(TrialLook(time=22.0),)
        ),
        "two looks": palmira(looks=(TrialLook(events=80), TrialLook(events=155)), bounds=two_looks),
        "look by the clock": _one_to_one(looks=(TrialLook(time=12.0), TrialLook(events=80)), bounds=clock),
        "three arms": _three_arms(),
        "weibull": _one_to_one(events={"C": Weibull(1.4, 9.0), "E": 0.6}, landmarks=(6.0, 12.0), windows=(8.0,)),
        "cure": _one_to_one(
            events={"C": Cured(Hazard(0.2), 0.25), "E": Cured(Hazard(0.2), 0.45)}, landmarks=(12.0,), windows=(10.0,),
            looks=(TrialLook(events=110, follow_up=12.0, latest=30.0),),
        ),
        "log-normal": _one_to_one(events={"C": LogNormal(6.0, 0.9), "E": LogNormal(9.0, 0.9)}),
        "illness-death": palmira(
            deaths=deaths(), decides="death", looks=(TrialLook(events=60, endpoint="death"), TrialLook(follow_up=9.0)),
            bounds=LookBounds.given([2.6, 2.0]), landmarks=(12.0,),
        ),
        "switching, scans": palmira(
            deaths=deaths(clock="randomization", switching={"C": 0.5}, switch_factor={"C": 0.6}),
            scans=ScanSchedule((2.0, 3.0), (12.0,)), windows=(12.0,),
            looks=(TrialLook(events=100, time=20.0, when="first"), TrialLook(events=150, latest=60.0)),
            bounds=LookBounds.given([2.8, 2.0], [0.0, None]),
        ),
        "scans, censored at the cut": _one_to_one(scans=ScanSchedule((2.0,), censor_at_scan=False)),
        "minimization": palmira(randomization=minimized),
        "whole days": palmira(day=DAY, tests=(WeightedTest(rho=1.0),), landmarks=(6.0,), windows=(9.0,)),
        "without strata": palmira(
            stratified=False, tests=(WeightedTest(rho=1.0),), decides="weighted",
            events={"C": {s: Hazard(0.1 + 0.06 * k) for k, s in enumerate(palmira().strata)}, "E": 0.6},
        ),
    }  # fmt: skip


def latent(model: TrialModel, trials: int = TRIALS) -> pl.DataFrame:
    """All patients of the first trials: stratum and arm by number, and ticks of what will happen, null for never."""
    factors = list(model.randomization.scheme.factors)
    ticks = ["event_tick"] if model.deaths is None else ["progression_tick", "death_tick"]
    frames = []
    for index in range(trials):
        drawn = draw_trial(model, seed=SEED, index=index)
        strata = list(zip(*(drawn[name].to_list() for name in factors), strict=True)) or [()] * len(drawn)
        frames.append(
            drawn.select(
                pl.lit(index + 1).alias("trial"),
                pl.Series("stratum", [model.strata.index(stratum) for stratum in strata]),
                pl.Series("arm", [model.arms.index(arm) for arm in drawn["arm"].to_list()]),
                "entry_tick", pl.col(ticks[0]).alias("event_tick"), "dropout_tick",
                *(pl.col(name) for name in ticks[1:]),
            )
        )  # fmt: skip
    return pl.concat(frames)


def described(model: TrialModel) -> dict[str, list[Any]]:
    """What R needs to know beside the patients; times in ticks, what is not there is left out."""
    per_unit = model.ticks_per_unit
    found: dict[str, list[Any]] = {
        "arms": [len(model.arms)], "endpoints": [1 if model.deaths is None else 2],
        "stratified": [int(model.stratified and len(model.strata) > 1)], "decides": [model.decides],
        "landmarks": [at * per_unit for at in model.landmarks], "windows": [at * per_unit for at in model.windows],
        "rho": [test.rho for test in model.tests], "efficacy": list(model.bounds.efficacy),
        "futility": list(model.bounds.lower), "harm": list(model.bounds.harm),
    }  # fmt: skip
    if model.scans is not None:
        found |= {"scan_every": [step * per_unit for step in model.scans.every],
                  "scan_until": [at * per_unit for at in model.scans.until],
                  "censor_at_scan": [int(model.scans.censor_at_scan)]}  # fmt: skip
    if any(look.events is None for look in model.looks) and isinstance(model.bounds, SpentBounds):
        found["spend"] = [model.bounds.design.alpha, model.bounds.design.maximum]
    for number, look in enumerate(model.looks, start=1):
        found[f"look {number}"] = [
            look.events or "NA",
            "+".join(str(model.arms.index(arm)) for arm in look.arms) or "all",
            look.endpoint,
            *("NA" if at is None else at * per_unit for at in (look.time, look.follow_up, look.latest)),
            look.when,
        ]
    return {key: values for key, values in found.items() if values}


def export(folder: Path) -> None:
    """Writes the CSV files."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["model,key,values"]
    for number, (name, model) in enumerate(models().items(), start=1):
        latent(model).write_csv(folder / f"trials_{number}.csv", null_value="NA")
        described_as = {"file": [f"trials_{number}.csv"], **described(model)}
        lines += [f'"{name}",{key},{" ".join(map(str, values))}' for key, values in described_as.items()]
    (folder / "models.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    export(Path(sys.argv[1]))
