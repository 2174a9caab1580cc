"""Simulated trials a second on one core: the fast engine by case, stage by stage, and beside what cannot be less.

    uv run python benchmarks/trials.py [--json]

Processor time, the best of many short runs, of `kernels.dispatch.simulate_chunk` in chunks of 4,096 trials. Stages run
alone in a loop on the rows of one group of sixteen trials. The floor is random numbers, three logarithms a patient and
one sort of as many rows as the case has.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable

import numpy as np
from numba import njit

from equipoise.kernels import dispatch
from equipoise.kernels.compiled import (
    lanes,
    trial_cut,
    trial_engine,
    trial_medians,
    trial_networks,
    trial_rows,
    trial_scan,
)
from equipoise.kernels.plain.trial_spec import FIELDS, Look, Pieces, TrialSpec, build_spec

CHUNK = 4096
RUNS = 25
GROUPS = 400


def _cells(control: list[float], ratio: float) -> np.ndarray:
    """Hazards by stratum and arm: four strata from 0.8 to 1.4 of the middle one."""
    return np.array([[rate * scale * r for rate in control] for scale in (0.8, 1.0, 1.2, 1.4) for r in (1.0, ratio)])


def _case(n: int, looks: list[int], control: list[float], breaks: list[float]) -> TrialSpec:
    return build_spec(
        n,
        accrual=Pieces([n / 40.0, n / 25.0, n / 20.0], [6.0, 12.0]),
        event=Pieces(_cells(control, 0.6), breaks),
        dropout=Pieces([0.01]),
        prevalence=[0.4, 0.3, 0.2, 0.1],
        blocks=[(1, 2), (2, 4)],
        looks=[Look(events=d) for d in looks],
    )


CASES = {
    "palmira, n 198, 155 events": _case(198, [155], [0.1], []),
    "two looks, piecewise hazards": _case(198, [80, 155], [0.1, 0.13, 0.08], [3.0, 9.0]),
    "n 100": _case(100, [78], [0.1], []),
    "n 500": _case(500, [391], [0.1], []),
    "n 1000": _case(1000, [783], [0.1], []),
    "n 2000": _case(2000, [1566], [0.1], []),
}


def microseconds(run: Callable[[], None], trials: int) -> float:
    """The least processor time of a trial in some short runs."""
    run()
    best = float("inf")
    for _ in range(RUNS):
        started = time.process_time()
        run()
        best = min(best, time.process_time() - started)
    return 1e6 * best / trials


def whole(spec: TrialSpec) -> float:
    out = np.empty((len(FIELDS), len(spec.look_events), CHUNK))
    return microseconds(lambda: dispatch.simulate_chunk(spec, 1, 0, CHUNK, out), CHUNK)


@njit(nogil=True, _nrt=False)
def _words(e, groups):
    for i in range(groups):
        low = lanes.lane_numbers() + lanes.spread_u(16 * i)
        for first in range(0, e.draws.patients, trial_rows.CHUNK):
            rows = min(trial_rows.CHUNK, e.draws.patients - first)
            trial_rows.draw_words(e.work, e.at.words, first, rows, low, 0, 3, 9)


@njit(nogil=True, _nrt=False)
def _draws(e, groups):
    for i in range(groups):
        low = lanes.lane_numbers() + lanes.spread_u(16 * i)
        trial_rows.draw_rows(e.work, e.at, e.draws, low, 0, 3, 9)


@njit(nogil=True, _nrt=False)
def _logarithms(e, groups):
    for _ in range(groups):
        for first in range(0, e.draws.patients, trial_rows.CHUNK):
            trial_rows.draw_exponentials(e.work, e.at, min(trial_rows.CHUNK, e.draws.patients - first))


@njit(nogil=True, _nrt=False)
def _dates(e, groups):
    for _ in range(groups):
        tick = trial_cut.look_tick(e.work, e.at, e.draws.patients, e.looks, 0, e.memory.spare)
        lanes.store_u(e.work, e.memory.spare, tick)


@njit(nogil=True, _nrt=False)
def _cuts(e, groups):
    tick = trial_cut.look_tick(e.work, e.at, e.draws.patients, e.looks, 0, e.memory.spare)
    for _ in range(groups):
        trial_cut.cut_rows(e.work, e.at, e.draws.patients, tick, e.memory.keys)


@njit(nogil=True, _nrt=False)
def _sorts(e, groups):
    for _ in range(groups):
        trial_networks.sort_rows(e.work, e.memory.keys, (e.draws.patients + 15) // 16 * 16)


@njit(nogil=True, _nrt=False)
def _logranks(e, groups):
    rows, memory = (e.draws.patients + 15) // 16 * 16, e.memory
    for _ in range(groups):
        absent = lanes.spread_u(rows - e.draws.patients)
        trial_scan.scan_logrank(e.work, memory.keys, rows, memory.risk, absent, e.strata, memory.out)


@njit(nogil=True, _nrt=False)
def _coxes(e, groups):
    for _ in range(groups):
        trial_scan.maximize_cox(e.work, e.memory.risk, (e.draws.patients + 15) // 16 * 16, e.memory.out)


@njit(nogil=True, _nrt=False)
def _medians(e, groups):
    for _ in range(groups):
        trial_medians.medians(e.work, e.memory.keys, (e.draws.patients + 15) // 16 * 16, e.memory.out)


# In the order of the engine: each finds what the one before it left.
STAGES = {
    "random words": _words, "three logarithms": _logarithms, "all draws": _draws, "date of the event": _dates,
    "keys at the cut": _cuts, "sort": _sorts, "log-rank": _logranks, "Cox": _coxes, "medians": _medians,
}  # fmt: skip
FLOOR = ("random words", "three logarithms", "sort")


def stages(spec: TrialSpec) -> dict[str, float]:
    # A second look only makes the first leave the patients' rows as they were.
    first = {name: getattr(spec, name)[:1] for name in spec._fields if name.startswith("look")}
    looks = {name: np.append(rule, rule) for name, rule in first.items()}
    engine = trial_engine.build_engine(spec._replace(**looks))
    trial_engine.simulate(engine, 1, 0, CHUNK, np.empty((len(FIELDS), 2, CHUNK)))
    trials = GROUPS * lanes.WIDTH
    return {name: microseconds(lambda run=run: run(engine, GROUPS), trials) for name, run in STAGES.items()}


def main() -> None:
    found = {}
    for name, spec in CASES.items():
        parts, total = stages(spec), whole(spec)
        floor = sum(parts[part] for part in FLOOR)
        found[name] = {"microseconds": total, "per_second": 1e6 / total, "floor": floor, "stages": parts}
        found[name]["nanoseconds_per_patient"] = 1e3 * total / spec.patients
    if "--json" in sys.argv[1:]:
        print(json.dumps({"machine": platform.processor() or platform.machine(), "cases": found}))
        return
    for name, row in found.items():
        print(
            f"{name:30} {row['per_second']:12,.0f} /s {row['microseconds']:8.3f} us "
            f"{row['nanoseconds_per_patient']:6.2f} ns a patient, {row['microseconds'] / row['floor']:.2f} x floor"
        )
        print("    " + ", ".join(f"{stage} {us:.3f}" for stage, us in row["stages"].items()))


if __name__ == "__main__":
    main()
