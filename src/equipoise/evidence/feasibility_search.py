"""The search for a witness: starts by annealing, counted in steps, every candidate recomputed by our estimators."""

from __future__ import annotations

import math
import time as clock
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.evidence.effect_readings import SLOPE, numbers_of, stated_readings
from equipoise.evidence.feasibility_start import draw_patients, draw_steps
from equipoise.evidence.feasibility_targets import Wanted, targets_of
from equipoise.evidence.feasibility_witness import Witness, recompute
from equipoise.evidence.information_check import width_errors
from equipoise.evidence.standard_error import Allowance, Reading, standard_errors

STEPS_PER_START = 60_000
# Rows judged in all by default: some seconds.
_ROWS_IN_ALL = 240_000_000
_FEWEST_STEPS = 20_000
_HEAT = np.array([0.1, 0.0003])
# A test of the same data and model as the ratio: its z and Wald's part by less than this.
_OTHER_TEST = 0.5


@dataclass(frozen=True, eq=False)
class Search:
    """What a search did: its seed, starts, steps and processor seconds; the witness found, or what came closest."""

    seed: int
    starts: int
    steps: int
    seconds: float
    wanted: Wanted
    found: Witness | None = None
    closest: Witness | None = None

    def words(self) -> str:
        return f"{self.starts} start{'s' if self.starts != 1 else ''}, {self.steps} steps, seed {self.seed}"


def default_budget(wanted: Wanted) -> int:
    """Steps of a search of a few seconds."""
    return max(_ROWS_IN_ALL // max(sum(wanted.n), 1), _FEWEST_STEPS)


def possible_readings(wanted: Wanted, given: Sequence[Reading]) -> list[Reading]:
    """The readings on which hazard ratio, interval and P can be of one Cox model of so many events at all."""
    ratio = wanted.result.hazard_ratio
    if ratio is None or not wanted.has_effect:
        return list(given[:1])
    numbers = numbers_of(wanted.result, ratio)
    numbers = numbers._replace(
        interval=numbers.interval if wanted.has_interval else None, p=numbers.p if wanted.has_test else None
    )
    d = wanted.result.total_events
    most = (sum(wanted.n) if d is None else d) / 4.0
    slope = SLOPE * max(abs(math.log(one)) for one in (ratio.value.low, ratio.value.high) if one > 0.0)
    allowance = Allowance(slope, _OTHER_TEST, 0.0)

    def fits(reading: Reading) -> bool:
        errors = width_errors(numbers, reading.level)
        if errors is not None and 1.0 / errors[1] ** 2 > most:
            return False
        allowed = standard_errors(*numbers, reading, allowance)
        return allowed is not None and allowed[1] > 0.0 and 1.0 / allowed[1] ** 2 <= most

    return [reading for reading in given if fits(reading)]


def readings_of(wanted: Wanted) -> list[Reading]:
    """The readings that the text leaves open, the usual one first."""
    result = wanted.result
    sides = result.test.sides if result.test is not None and wanted.has_test else 2
    if result.hazard_ratio is None:
        return [Reading(sides=one) for one in ((2, 1) if sides is None else (sides,))]
    found = stated_readings(result, result.hazard_ratio)
    return list(dict.fromkeys(
        Reading(one.level if wanted.has_interval else found[0].level, one.sides if wanted.has_test else 2)
        for one in found
    ))  # fmt: skip


def find_witness(wanted: Wanted, readings: Sequence[Reading], *, seed: int, budget: int, seconds: float) -> Search:
    """Searches for patients who print every wanted number, on the first reading half of the time.

    Arguments: what is wanted (its own reading is replaced); the readings to try; `budget`, steps in all; `seconds`
    after which no further start is made. The outcome depends on the seed and the budget alone, unless the seconds end
    it. Returns the search, with its witness if it found one.
    """
    began, steps, best = clock.process_time(), 0, None
    start = 0
    while steps < budget and (start == 0 or clock.process_time() - began < seconds):
        # The first reading, another, the first, another.
        place = 0 if start % 2 == 0 or len(readings) == 1 else 1 + (start // 2) % (len(readings) - 1)
        tried = Wanted(wanted.trial, wanted.result, readings[place], wanted.effect, wanted.interval, wanted.test)
        made, witness = _attempt(tried, seed, start, min(STEPS_PER_START, budget - steps))
        steps, start = steps + made, start + 1
        if witness.met:
            return Search(seed, start, steps, clock.process_time() - began, tried, witness)
        if best is None or len(witness.missed) < len(best.missed):
            best = witness
    return Search(seed, start, steps, clock.process_time() - began, wanted, None, best)


def _attempt(wanted: Wanted, seed: int, start: int, steps: int) -> tuple[int, Witness]:
    from equipoise.kernels.compiled import feasibility as compiled

    targets, patients = targets_of(wanted), draw_patients(wanted, seed, start)
    made, _ = compiled.anneal(
        patients.time, patients.arm, patients.event, patients.edges, patients.rule, targets.landmark, targets.median,
        targets.effect, targets.test, draw_steps(seed, start, steps), _HEAT,
    )  # fmt: skip
    return int(made), recompute(wanted, patients.time, patients.arm, patients.event)
