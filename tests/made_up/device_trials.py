"""Trials on numba's simulator of a CUDA device beside those of the law: run as a program, prints what differs as JSON.

The simulator is chosen when numba.cuda is first loaded, so it needs a process of its own.
"""

import json
import os
import sys
import warnings

import numpy as np

from lane_trials import SEED, TRIALS

EXACT = ("median_control", "median_experimental", "events_control", "events_experimental", "enrolled", "time")
ROUNDED = ("z", "variance", "log_hr", "log_hr_se")


def compare(name: str, engine: str, first: int, count: int) -> dict:
    """Which exact fields differ, whether the others are missing and infinite alike, and how far they differ."""
    from equipoise.kernels.dispatch import simulate_chunk
    from equipoise.kernels.plain.trial_spec import FIELDS

    spec = TRIALS[name]
    here, there = np.full((2, len(FIELDS), len(spec.look_events), count), -7.0)
    simulate_chunk(spec, SEED, first, count, here, engine=engine)
    simulate_chunk(spec, SEED, first, count, there, engine="cuda")
    exact, rounded = ([FIELDS.index(each) for each in names] for names in (EXACT, ROUNDED))
    one, other = here[rounded], there[rounded]
    finite = np.isfinite(one) & np.isfinite(other)
    return {
        "name": name,
        "unequal": [FIELDS[k] for k in exact if not np.array_equal(here[k], there[k], equal_nan=True)],
        "alike": bool(np.array_equal(one[~finite], other[~finite], equal_nan=True)),
        "difference": float(np.max(np.abs(one[finite] - other[finite]), initial=0.0)),
        "finite": int(finite.sum()),
    }


def compare_results() -> dict:
    """A whole simulation on the simulated device and by the law."""
    from equipoise.simulation.operating import simulate
    from imagined_trials import stratified_model

    found = [simulate(stratified_model(), trials=48, seed=5, engine=e, course=0, threads=2) for e in ("plain", "cuda")]
    return {
        "engines": [each.engine for each in found],
        "equal": [
            bool(np.array_equal(getattr(found[0].tally, part), getattr(found[1].tally, part)))
            for part in ("decisions", "crossed", "histograms", "missing")
        ],
        "sums": float(np.max(np.abs(found[0].tally.sums / found[1].tally.sums - 1.0))),
    }


def main() -> None:
    # An integer that overflows in numpy would wrap on a device.
    warnings.simplefilter("error", RuntimeWarning)
    with np.errstate(divide="warn", over="warn", invalid="warn"):
        cases = [compare(name, "plain", 1000, 3) for name in TRIALS]
        # Numbers of trials beyond 32 bits, more trials than threads in a block's share, both compiled engines.
        cases += [compare("three", "plain", (1 << 32) - 2, 4), compare("seventeen", "plain", 7, 150)]
        compiled = [compare("two looks", "lanes", 32, 6), compare("two looks", "general", 32, 6)]
    json.dump({"cases": cases, "compiled": compiled, "result": compare_results()}, sys.stdout)


if __name__ == "__main__":
    if os.environ.get("NUMBA_ENABLE_CUDASIM") != "1":
        sys.exit("NUMBA_ENABLE_CUDASIM=1 is not set")
    main()
