"""Group-sequential designs against rpact: medians of alternating rounds, in processor time.

    uv run python benchmarks/design.py [--rounds 9] [--json]

Five equal looks, one-sided 0.025, power 0.9, O'Brien-Fleming spending; futility non-binding by
Hwang-Shih-DeCani (-2).
Ours is the public `group_sequential(...)` with engine="compiled", called in a loop, with the result object; rpact's is
`getDesignGroupSequential` in an R process of its own, whose start is not counted. rpact computes no drift where there
is no futility, so "efficacy" is bounds alone on both sides, and "efficacy and drift" asks ours for the drift and rpact
for `getDesignCharacteristics`. The error is the largest change of a bound or the drift by doubling the nodes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from equipoise.design import GroupSequentialDesign, Spending, group_sequential
from equipoise.kernels.plain import sequential

OBRIEN_FLEMING, HSD = Spending("obrien-fleming"), Spending("hwang-shih-decani", -2.0)
R_PROGRAM = """
suppressMessages(library(rpact))
f <- function() getDesignGroupSequential(kMax=5, alpha=0.025, beta=0.1, typeOfDesign="asOF")
g <- function() getDesignGroupSequential(kMax=5, alpha=0.025, beta=0.1, typeOfDesign="asOF", typeBetaSpending="bsHSD",
                                         gammaB=-2, bindingFutility=FALSE)
h <- function() getDesignCharacteristics(f())
for (task in list(f, h, g)) {
  task()
  began <- proc.time(); for (i in 1:REPEATS) task(); spent <- proc.time() - began
  cat((spent[["user.self"]] + spent[["sys.self"]]) / REPEATS, "\\n")
}
"""


def efficacy(engine: str = "compiled") -> GroupSequentialDesign:
    return group_sequential(5, alpha=0.025, sides=1, efficacy=OBRIEN_FLEMING, engine=engine)


def efficacy_and_drift(engine: str = "compiled") -> GroupSequentialDesign:
    design = group_sequential(5, alpha=0.025, sides=1, efficacy=OBRIEN_FLEMING, power=0.9, engine=engine)
    assert design.drift > 0.0
    return design


def both(engine: str = "compiled") -> GroupSequentialDesign:
    return group_sequential(
        5, alpha=0.025, sides=1, efficacy=OBRIEN_FLEMING, futility=HSD, power=0.9, engine=engine
    )  # fmt: skip


TASKS: dict[str, Callable[..., GroupSequentialDesign]] = {
    "efficacy": efficacy, "efficacy and drift": efficacy_and_drift, "efficacy and futility": both,
}  # fmt: skip


def spent(task: Callable[[], object], repeats: int) -> float:
    """Processor seconds of one call."""
    began = time.process_time()
    for _ in range(repeats):
        task()
    return (time.process_time() - began) / repeats


def rpact_times(repeats: int) -> list[float]:
    program = R_PROGRAM.replace("REPEATS", str(repeats))
    done = subprocess.run(["Rscript", "-e", program], check=True, capture_output=True, text=True)
    return [float(line) for line in done.stdout.split()]


def error(task: Callable[..., GroupSequentialDesign]) -> float:
    """The largest change of a finite bound, or of the drift, by doubling the nodes."""
    found = task("compiled")
    kept = sequential.FEWEST, sequential.PER_STEP
    sequential.FEWEST, sequential.PER_STEP = 2.0 * kept[0], 2.0 * kept[1]
    twice = task("plain")
    sequential.FEWEST, sequential.PER_STEP = kept
    pairs = [(found.upper, twice.upper), (found.futility, twice.futility)]
    drift = 0.0 if np.isnan(found.drift) else abs(found.drift - twice.drift)
    changes = [float(np.abs(a[np.isfinite(a)] - b[np.isfinite(a)]).max(initial=0.0)) for a, b in pairs]
    return max(*changes, drift)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    first = {name: spent(task, 1) for name, task in TASKS.items()}
    ours: dict[str, list[float]] = {name: [] for name in TASKS}
    theirs: dict[str, list[float]] = {name: [] for name in TASKS}
    for _ in range(options.rounds):
        for name, task in TASKS.items():
            ours[name].append(spent(task, 500))
        for name, seconds in zip(TASKS, rpact_times(4), strict=True):
            theirs[name].append(seconds)
    rows = []
    for name, task in TASKS.items():
        a, b = statistics.median(ours[name]), statistics.median(theirs[name])
        by_round = [t / o for o, t in zip(ours[name], theirs[name], strict=True)]
        rows.append(
            {"task": name, "ours_us": a * 1e6, "rpact_us": b * 1e6, "ratio": b / a, "ratio_least": min(by_round),
             "first_ms": first[name] * 1e3, "plain_ms": spent(lambda task=task: task("plain"), 20) * 1e3,
             "error": error(task)}
        )  # fmt: skip
    design = group_sequential([80, 120, 160], alpha=0.025, sides=1, futility=HSD, hazard_ratio=0.65)
    curve = spent(lambda: design.power_at(np.linspace(0.4, 1.2, 200)), 20) * 1e3
    if options.json:
        print(json.dumps({"machine": platform.processor(), "tasks": rows, "power_curve_200_ms": curve}, indent=2))
        return
    for row in rows:
        print(
            f"{row['task']:22} {row['ours_us']:7.1f} us   rpact {row['rpact_us'] / 1e3:6.1f} ms   {row['ratio']:6.0f} "
            f"x (least {row['ratio_least']:.0f})   first {row['first_ms']:.0f} ms   plain {row['plain_ms']:.1f} ms   "
            f"error {row['error']:.0e}"
        )
    print(f"power curve of 200 points {curve:.1f} ms")


if __name__ == "__main__":
    main()
