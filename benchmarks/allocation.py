"""Allocations a second, by method: the pure functions, the plain batches and the compiled ones.

    uv run python benchmarks/allocation.py [--json]

Trials of 198 patients in four strata, one core, processor time, median of alternating rounds; tables made and numba
loaded before. All three give the same arms (tests/parity/test_allocation_batches.py). The last lines are the whole call
that assesses a trial's alternatives.
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time

import numpy as np

from equipoise.protocol import load_trial
from equipoise.randomization import (
    BiasedCoin,
    BlockUrn,
    Complete,
    Method,
    Minimization,
    Patient,
    PermutedBlocks,
    Scheme,
    SeededWords,
)
from equipoise.simulation import assess_trial
from equipoise.simulation.batches import Batch, batch_of

PATIENTS, ROUNDS = 198, 5
TRIALS = {"pure": 2, "plain": 2_000, "compiled": 20_000}
FACTORS = {"prior": ("AI", "FULV"), "visceral": ("Y", "N")}
TWO_TO_ONE, EQUAL = Scheme({"A": 2, "B": 1}, FACTORS), Scheme({"A": 1, "B": 1}, FACTORS)

METHODS: dict[str, Method] = {
    "complete": Complete(TWO_TO_ONE),
    "permuted blocks of 3, 6": PermutedBlocks(TWO_TO_ONE, (3, 6)),
    "block urn": BlockUrn(TWO_TO_ONE, 2),
    "biased coin": BiasedCoin(EQUAL),
    "minimization, range": Minimization(TWO_TO_ONE),
    "minimization, variance": Minimization(TWO_TO_ONE, imbalance="variance"),
    "minimization, standard deviation": Minimization(TWO_TO_ONE, imbalance="standard-deviation"),
}


def pure(method: Method, strata: np.ndarray) -> None:
    names = method.scheme.all_strata()
    for trial, row in enumerate(strata):
        state, words = method.start(), SeededWords(1, trial)
        for i, number in enumerate(row):
            _, state = method.allocate(state, Patient(str(i), method.scheme.named(names[number])), words)


def rate(method: Method, batch: Batch, road: str, strata: np.ndarray) -> float:
    """Allocations a second of processor time."""
    start = time.process_time()
    if road == "pure":
        pure(method, strata)
    else:
        batch.draw(strata, 1, engine=road)
    return strata.size / (time.process_time() - start)


def measure() -> dict[str, dict[str, float]]:
    rng, found = np.random.default_rng(1), {}
    for name, method in METHODS.items():
        batch = batch_of(method, PATIENTS)
        strata = {road: rng.integers(0, 4, (trials, PATIENTS)) for road, trials in TRIALS.items()}
        batch.draw(strata["pure"], 1, engine="compiled")
        rounds = [{road: rate(method, batch, road, strata[road]) for road in TRIALS} for _ in range(ROUNDS)]
        found[name] = {road: statistics.median(each[road] for each in rounds) for road in TRIALS}
    return found


def assess_seconds() -> float:
    trial = load_trial("palmira")
    times = []
    for _ in range(3):
        start = time.process_time()
        assess_trial(trial, split={"PALBO_ET": 136, "ET": 62})
        times.append(time.process_time() - start)
    return statistics.median(times)


def main() -> None:
    rates, seconds = measure(), assess_seconds()
    if "--json" in sys.argv:
        print(json.dumps({"machine": platform.processor(), "rates": rates, "assess_trial_seconds": seconds}))
        return
    print(f"allocations a second, {PATIENTS} patients, one core of {platform.processor() or platform.machine()}")
    for name, roads in rates.items():
        print(f"{name:34}" + "".join(f"  {road} {value:14,.0f}" for road, value in roads.items()))
    print(f"assess_trial, PALMIRA, six methods, 10,000 simulated trials each: {seconds:.1f} s")


if __name__ == "__main__":
    main()
