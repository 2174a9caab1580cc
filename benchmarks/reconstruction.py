"""Reconstruction from 500 clicked points an arm: one, and an ensemble, in processor time.

    uv run python benchmarks/reconstruction.py [--members 200] [--json]

Two arms of 200 patients, numbers at risk every three months, with what a paper prints (hazard ratio with limits, P,
medians, total events) and without; one reconstruction is the median of nine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "validation"))

import numpy as np
from drawn_curves import ARMS, Truth, clicked_arms, printed_result

from equipoise.evidence.reconstruction import reconstruct_curves

ROUNDS = 9


def made_up(n: int = 200) -> Truth:
    rng = np.random.default_rng(8)
    free = np.concatenate((rng.exponential(9.0, n), rng.exponential(6.0, n)))
    lost = rng.uniform(3.0, 30.0, 2 * n)
    return Truth(np.minimum(free, lost), free <= lost, np.repeat(ARMS, n))


def seconds(call: object, rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        call()  # pyright: ignore[reportCallIssue]
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    truth = made_up()
    arms, printed = clicked_arms(truth, 8, 0), printed_result(truth)
    found = {
        "one, printed numbers met": seconds(lambda: reconstruct_curves(arms, published=printed), ROUNDS),
        "one, curves alone": seconds(lambda: reconstruct_curves(arms), ROUNDS),
        "one, guyot": seconds(lambda: reconstruct_curves(arms, method="guyot"), ROUNDS),
        f"ensemble of {given.members}, printed numbers met": seconds(
            lambda: reconstruct_curves(arms, published=printed, ensemble=given.members), 1
        ),
    }
    if given.json:
        print(json.dumps(found))
        return
    for name, taken in found.items():
        print(f"{name}: {taken:.3f} s")


if __name__ == "__main__":
    main()
