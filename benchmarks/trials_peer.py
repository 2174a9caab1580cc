"""Simulated trials a second beside rpact's getSimulationSurvival, in one run, alternating.

    uv run python benchmarks/trials_peer.py [ROUNDS]

Processor time on one core. Ours is PALMIRA with four strata, a stratified log-rank Z, a Cox hazard ratio and two
medians, through `equipoise.simulate`; the peer's trial has no strata, no Cox model, no medians. Needs R with rpact.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import equipoise as eq

PEER = Path(__file__).with_name("trials_peer.R")
OURS, THEIRS = 1_000_000, 20_000


def ours(seed: int) -> float:
    """Trials a second of processor time."""
    start = time.process_time()
    eq.simulate("palmira", trials=OURS, seed=seed, threads=1)
    return OURS / (time.process_time() - start)


def theirs() -> float:
    """The peer's trials a second of processor time, in a process of its own, its start not counted."""
    done = subprocess.run(["Rscript", str(PEER), str(THEIRS)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    ours(0)
    found = [(ours(seed), theirs()) for seed in range(1, rounds + 1)]
    ratios = [a / b for a, b in found]
    a, b = (statistics.median(rates) for rates in zip(*found, strict=True))
    print(f"equipoise {a:,.0f} /s, rpact {b:,.0f} /s: ratio {statistics.median(ratios):.0f} (least {min(ratios):.0f})")


if __name__ == "__main__":
    main()
