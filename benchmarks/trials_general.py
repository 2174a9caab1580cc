"""Trials a second of the general engine by feature: 198 patients, one core, processor time.

    uv run python benchmarks/trials_general.py [--json]

Every trial has four strata, dropout, arms 2:1 in mixed blocks and, at its last look, log-rank Z, Cox hazard ratio and
medians, but for what its line says. Medians of rounds in alternation, after one call that compiles (timed by itself in
an empty cache with --compile).
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np

from equipoise.kernels.plain.general_spec import (
    FLEMING_HARRINGTON,
    MODEST_TIME,
    CurvePoint,
    EventRule,
    GeneralTrial,
    IllnessDeath,
    Scans,
    WeightedTest,
    build_general,
    field_count,
    log_normal,
    piecewise,
    weibull,
)
from equipoise.kernels.plain.trial_spec import Look, Pieces, TrialSpec, build_spec
from equipoise.randomization import Minimization, Scheme
from equipoise.simulation.batches import batch_of

ROUNDS = 5
TRIALS = 4000
WEEK = 7.0 / 30.4375


def base_trial(n: int = 198, **changes: object) -> TrialSpec:
    settings: dict[str, object] = {
        "accrual": Pieces([4.0, 9.0], [6.0]),
        "event": Pieces([[0.17, 0.15, 0.2], [0.17, 0.1, 0.14]] * 4, [3.0, 9.0]),
        "dropout": Pieces([0.01]),
        "looks": [Look(events=round(0.78 * n))],
        "prevalence": (0.4, 0.3, 0.2, 0.1),
        "blocks": [[1, 2], [2, 4]],
    }
    return build_spec(n, **(settings | changes))  # type: ignore[arg-type]


def cases() -> dict[str, GeneralTrial]:
    base = base_trial()
    after, before = [piecewise((0.08, 0.05), (6.0,))] * 8, [piecewise((0.01,))] * 8
    course = IllnessDeath(None, before, after)
    switching = course._replace(switch_probability=(0.4, 0.0), switch_factor=(0.6, 1.0))
    scans = Scans((8 * WEEK, 12 * WEEK), (48 * WEEK,))
    scheme = Scheme({"control": 1, "experimental": 2}, {"sex": ("f", "m"), "region": ("a", "b")})
    minimization = batch_of(Minimization(scheme, probability=0.8), 198).tables
    two = [Look(events=80), Look(events=155)]
    arms = {"event": Pieces([0.12]), "looks": [Look(events=150)]}
    days, rules = 1 / 30.4375, [[EventRule(70, (0, 1)), EventRule(70, (0, 2)), EventRule(70, (0, 3))]]
    weights = [WeightedTest(FLEMING_HARRINGTON, 0.0, 1.0)]
    maximum = [WeightedTest(FLEMING_HARRINGTON, r, g) for r, g in ((0, 0), (0, 1), (1, 0), (1, 1))]
    return {
        "as the lanes engine: piecewise, blocks": build_general(base),
        "two looks": build_general(base_trial(looks=two)),
        "20 strata": build_general(base_trial(prevalence=[0.05] * 20, event=Pieces([0.12]))),
        "4 arms, looks by pairs": build_general(base_trial(blocks=[[2, 1, 1, 2]], **arms), rules=rules),
        "complete randomization": build_general(base_trial(blocks=None, shares=(1, 2))),
        "minimization 2:1": build_general(base_trial(blocks=None, shares=(1, 2)), allocation=minimization),
        "Weibull": build_general(base, laws=[weibull(1.3, 8.0)] * 8),
        "log-normal": build_general(base, laws=[log_normal(5.0, 0.9)] * 8),
        "cured share": build_general(base_trial(looks=[Look(earliest=40.0)]), laws=[weibull(1.3, 8.0, 0.2)] * 8),
        "whole days (ties)": build_general(base, day=days),
        "illness-death, PFS and OS": build_general(base, course=course),
        "the same, switching": build_general(base, course=switching),
        "the same, scans every 8 weeks": build_general(base, course=switching, scans=scans),
        "Fleming-Harrington (0, 1)": build_general(base, tests=weights),
        "modestly weighted": build_general(base, tests=[WeightedTest(MODEST_TIME, 4.0)]),
        "the four tests of MaxCombo": build_general(base, tests=maximum),
        "landmark and RMST": build_general(base, landmarks=[CurvePoint(6.0)], windows=[CurvePoint(9.0)]),
        "n = 500": build_general(base_trial(500)),
        "n = 2000": build_general(base_trial(2000)),
    }


def measure() -> dict[str, float]:
    from equipoise.kernels.compiled.general_trials import simulate_chunk

    trials, seconds = cases(), {}

    def run(name: str, count: int) -> float:
        spec = trials[name].spec
        out = np.empty((field_count(spec), len(spec.base.look_latest), count))
        start = time.process_time()
        simulate_chunk(trials[name], 1, 0, count, out)
        return (time.process_time() - start) / count

    for name in trials:
        run(name, 20)
        seconds[name] = []
    for _ in range(ROUNDS):
        for name, found in seconds.items():
            found.append(run(name, max(200, TRIALS * 198 // trials[name].spec.base.patients)))
    return {name: 1.0 / statistics.median(found) for name, found in seconds.items()}


def compile_time() -> dict[str, float]:
    """Seconds of processor time of the first call ever, with an empty cache."""
    os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp()
    trial = build_general(base_trial())
    out = np.empty((field_count(trial.spec), 1, 1))
    start = time.process_time()
    from equipoise.kernels.compiled.general_trials import simulate_chunk

    simulate_chunk(trial, 1, 0, 1, out)
    return {"first call, empty cache, s": time.process_time() - start}


def main(measured: Callable[[], dict[str, float]]) -> None:
    found = measured()
    if "--json" in sys.argv:
        print(json.dumps({"processor": platform.processor(), "results": found}))
        return
    for name, value in found.items():
        print(f"{name:45s} {value:12,.1f}")


if __name__ == "__main__":
    main(compile_time if "--compile" in sys.argv else measure)
