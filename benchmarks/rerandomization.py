"""Label draws a second of the re-randomization test of a 198-patient trial: ours, a plain numpy loop, R's coin.

    uv run python benchmarks/rerandomization.py [--json]

Four strata, 2:1 in blocks of 3 and 6, about 160 events. Ours redraws labels within the true blocks, from the call of
`rerandomization_test` to its result, one core; the numpy loop redraws the same blocks and takes the log-rank sums label
by label; coin (where R has it) permutes within strata, which is not the same reference set. Medians of alternating
rounds, processor time for ours, wall time for R without its start.
"""

from __future__ import annotations

import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from equipoise.analysis import rerandomization_test

ROUNDS = 5
DRAWS = 2_000_000
LOOP_DRAWS = 2_000
COIN_DRAWS = 200_000

COIN = """
suppressPackageStartupMessages({library(survival); library(coin)})
d <- read.csv(commandArgs(TRUE)[1]); d$arm <- factor(d$arm); d$stratum <- factor(d$stratum)
draws <- as.integer(commandArgs(TRUE)[2])
t <- system.time(logrank_test(Surv(time, event) ~ arm | stratum, d, distribution = approximate(nresample = draws)))
cat(draws / t[["elapsed"]])
"""


def draw_trial() -> tuple[dict[str, np.ndarray], dict[str, list[int]]]:
    """A trial of PALMIRA's size with its realized block sizes by stratum."""
    rng = np.random.default_rng(20250429)
    n = 198
    stratum = rng.integers(0, 4, n)
    arm, sizes = np.zeros(n, dtype="<U1"), {}
    for s in range(4):
        rows, sizes[str(s)] = np.flatnonzero(stratum == s), []
        while (place := sum(sizes[str(s)])) < len(rows):
            size = int(rng.choice([3, 6]))
            inside = rows[place : place + size]
            arm[inside] = rng.permutation(list("CEE" * (size // 3)))[: len(inside)]
            sizes[str(s)].append(size)
    survival, censoring = rng.exponential(10.0, n), rng.uniform(12.0, 40.0, n)
    columns = {"time": np.minimum(survival, censoring), "event": (survival <= censoring).astype(int)}
    return columns | {"arm": arm, "stratum": stratum}, sizes


def ours(d: dict[str, np.ndarray], sizes: dict[str, list[int]], draws: int = DRAWS) -> float:
    """Draws a second, the whole call."""
    scheme = {"method": "permuted-blocks", "ratio": {"C": 1, "E": 2}, "block_sizes": sizes}
    started = time.process_time()
    rerandomization_test(
        d["time"], d["event"], d["arm"], reference="C", strata=d["stratum"], scheme=scheme, seed=1, draws=draws
    )
    return draws / (time.process_time() - started)


def loop(d: dict[str, np.ndarray], sizes: dict[str, list[int]]) -> float:
    """Draws a second of a loop: shuffle each block, sort once, sum by stratum with numpy."""
    rng = np.random.default_rng(1)
    order = np.lexsort((-d["time"], d["stratum"]))
    event = d["event"][order].astype(float)
    heads = np.flatnonzero(np.diff(d["stratum"][order], prepend=-1))
    n = np.concatenate([np.arange(1, m + 1) for m in np.diff(np.append(heads, len(order)))]).astype(float)
    blocks = []
    for s, each in sizes.items():
        rows, place = np.flatnonzero(d["stratum"] == int(s)), 0
        for size in each:
            blocks.append((rows[place : place + size], np.array([0.0, 1.0, 1.0] * (size // 3))))
            place += size
    started = time.process_time()
    x, z = np.empty(len(order)), np.empty(LOOP_DRAWS)
    for draw in range(LOOP_DRAWS):
        for rows, content in blocks:
            x[rows] = rng.permutation(content)[: len(rows)]
        sorted_x = x[order]
        running = np.cumsum(sorted_x)
        y = running - np.repeat(running[heads] - sorted_x[heads], np.diff(np.append(heads, len(order))))
        p = y / n
        z[draw] = -(event @ (sorted_x - p)) / np.sqrt(event @ (p * (1.0 - p)))
    return LOOP_DRAWS / (time.process_time() - started)


def coin(d: dict[str, np.ndarray]) -> float | None:
    """Draws a second of coin, None where R or coin is missing."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        data, program = Path(folder) / "trial.csv", Path(folder) / "coin.R"
        lines = [",".join(d), *(",".join(map(str, row)) for row in zip(*(d[c].tolist() for c in d), strict=True))]
        data.write_text("\n".join(lines) + "\n", encoding="utf-8")
        program.write_text(COIN, encoding="utf-8")
        command = ["Rscript", str(program), str(data), str(COIN_DRAWS)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 and done.stdout else None


def main() -> None:
    d, sizes = draw_trial()
    ours(d, sizes, 30_000)
    rounds = [(ours(d, sizes), loop(d, sizes), coin(d)) for _ in range(ROUNDS)]
    found = {name: [row[i] for row in rounds] for i, name in enumerate(("equipoise", "numpy_loop", "coin"))}
    medians = {
        name: statistics.median(values) for name, values in found.items() if not any(value is None for value in values)
    }
    if "--json" in sys.argv[1:]:
        print(json.dumps({"machine": platform.processor() or platform.machine(), "draws_per_second": medians}))
        return
    print(f"198 patients, {int(d['event'].sum())} events, label draws a second, medians of {ROUNDS} alternating rounds")
    for name, rate in medians.items():
        print(f"{name:12} {rate:14,.0f}   {medians['equipoise'] / rate:8.1f}x")
    print("coin permutes within strata and ignores the blocks: not the same reference set")


if __name__ == "__main__":
    main()
