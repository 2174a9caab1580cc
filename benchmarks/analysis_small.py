"""A 198-patient analysis, everything included, against lifelines: medians of alternating runs.

    uv run python benchmarks/analysis_small.py [--json]

Each call starts from the caller's arrays (a data frame where lifelines wants one) and ends with the result object.
Both sides are warmed once; batches of five calls alternate in one process, so that load on the machine falls on both.
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test

from equipoise.analysis import cox, kaplan_meier, logrank

ROUNDS = 21
BATCH = 5
PATIENTS = 198


def draw_trial() -> pd.DataFrame:
    """A trial of PALMIRA's size: 2:1, whole days, four strata, about 160 events."""
    rng = np.random.default_rng(20250429)
    arm = np.where(np.arange(PATIENTS) % 3 > 0, "experimental", "control")
    days = np.ceil(rng.exponential(np.where(arm == "experimental", 215.0, 160.0)))
    censored = np.ceil(rng.uniform(200.0, 900.0, PATIENTS))
    return pd.DataFrame(
        {
            "time": np.minimum(days, censored),
            "event": (days <= censored).astype(int),
            "arm": arm,
            "experimental": (arm == "experimental").astype(int),
            "stratum": rng.integers(0, 4, PATIENTS),
        }
    )


def compared(data: pd.DataFrame) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """By task: ours and lifelines'."""
    t, e, g, x, s = (data[name].to_numpy() for name in ("time", "event", "arm", "experimental", "stratum"))
    on = g == "experimental"
    plain = data[["time", "event", "experimental"]]
    stratified = data[["time", "event", "experimental", "stratum"]]
    return {
        "Kaplan-Meier, one curve, median with CI": (
            lambda: kaplan_meier(t, e).median(),
            lambda: KaplanMeierFitter().fit(t, e).median_survival_time_,
        ),
        "log-rank": (
            lambda: logrank(t, e, g, reference="control"),
            lambda: logrank_test(t[on], t[~on], e[on], e[~on]),
        ),
        "log-rank, four strata": (
            lambda: logrank(t, e, g, reference="control", strata=s),
            lambda: logrank_test(t[on], t[~on], e[on], e[~on]),
        ),
        "Cox, one covariate": (
            lambda: cox(t, e, x).hazard_ratio,
            lambda: CoxPHFitter().fit(plain, "time", "event").hazard_ratios_,
        ),
        "Cox, arm by name": (
            lambda: cox(t, e, g, reference="control").hazard_ratio,
            lambda: CoxPHFitter().fit(plain, "time", "event").hazard_ratios_,
        ),
        "Cox, one covariate, four strata": (
            lambda: cox(t, e, x, strata=s).hazard_ratio,
            lambda: CoxPHFitter().fit(stratified, "time", "event", strata=["stratum"]).hazard_ratios_,
        ),
    }


def seconds(call: Callable[[], object]) -> float:
    """Seconds a call, over one batch."""
    started = time.perf_counter()
    for _ in range(BATCH):
        call()
    return (time.perf_counter() - started) / BATCH


def main() -> None:
    report = []
    for task, (ours, theirs) in compared(draw_trial()).items():
        ours(), theirs()
        pairs = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS)]
        a, b = (statistics.median(column) for column in zip(*pairs, strict=True))
        report.append({"task": task, "equipoise_ms": 1e3 * a, "lifelines_ms": 1e3 * b, "ratio": b / a})
    if "--json" in sys.argv[1:]:
        print(json.dumps({"machine": platform.processor() or platform.machine(), "rounds": ROUNDS, "tasks": report}))
        return
    print(f"{PATIENTS} patients, medians of {ROUNDS} alternating batches of {BATCH}, milliseconds a call")
    for row in report:
        print(f"{row['task']:42} {row['equipoise_ms']:8.3f} {row['lifelines_ms']:8.2f}   {row['ratio']:6.0f}x")
    print("the stratified log-rank is set against lifelines' unstratified one: lifelines has none with strata")


if __name__ == "__main__":
    main()
