"""Simulated trials a second on a CUDA device, kernel and whole simulation, beside one core of the processor.

    uv run --extra gpu python benchmarks/trials_device.py [--json]

Wall time, the median of some runs. Ends with status 2 where no device is present. With NUMBA_ENABLE_CUDASIM=1 it runs a
few trials in numba's simulator: a trial of the program, whose figures mean nothing.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from equipoise.kernels import dispatch
from equipoise.kernels.device import presence
from equipoise.kernels.plain.trial_spec import FIELDS
from equipoise.protocol import load_trial
from equipoise.simulation import TrialModel, plan_simulation, simulate

RUNS = 5


def seconds(run: Callable[[], object]) -> float:
    """The median wall time of some runs, the first of which is not counted."""
    run()
    found = []
    for _ in range(RUNS):
        started = time.perf_counter()
        run()
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def rates(model: TrialModel, chunk: int, trials: int) -> dict[str, float]:
    """Trials a second: of a chunk with its way to and from the device, of `simulate` there, and on one core here."""
    spec = model.to_spec()
    out = np.empty((len(FIELDS), len(model.looks), chunk))
    found = {"chunk": chunk / seconds(lambda: dispatch.simulate_chunk(spec, 1, 0, chunk, out, engine="cuda"))}
    for name, threads in (("simulate, one thread", 1), ("simulate, all threads", None)):
        found[name] = trials / seconds(
            lambda threads=threads: simulate(model, trials=trials, seed=1, engine="cuda", threads=threads, course=0)
        )
    here = min(trials, 1_000_000)
    found["processor, one thread"] = here / seconds(
        lambda: simulate(model, trials=here, seed=1, engine="compiled", threads=1, course=0)
    )
    return found


def main() -> None:
    if not presence.present():
        sys.exit(2)
    from numba import cuda

    simulated = presence.simulated()
    device = "simulated" if simulated else cuda.get_current_device().name
    chunk, trials = (8, 16) if simulated else (1 << 18, 50_000_000)
    found = rates(plan_simulation(load_trial("palmira")).model, chunk, trials)
    record = {"device": device.decode() if isinstance(device, bytes) else device, "trials_per_second": found}
    if "--json" in sys.argv:
        print(json.dumps(record, indent=1))
        return
    print(record["device"])
    for name, rate in found.items():
        print(f"{name:<24}{rate:>16,.0f}")


if __name__ == "__main__":
    main()
