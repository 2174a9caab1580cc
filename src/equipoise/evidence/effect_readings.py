"""How a printed hazard ratio, interval and P value may be read: level, sides, and how far test and ratio may part."""

from __future__ import annotations

import math
from typing import NamedTuple

from equipoise.evidence.printed import Printed
from equipoise.evidence.published import PrintedRatio, PublishedEndpoint
from equipoise.evidence.standard_error import Allowance, Reading

USUAL_LEVELS = (0.95, 0.90, 0.99, 0.80)
# No bound on the information, and no z of the ratio's own, holds for these.
EXEMPT_EFFECTS = frozenset({"weighted-log-rank", "robust-cox", "rmst"})
EXEMPT_INTERVALS = frozenset({"robust", "bootstrap", "adjusted", "score"})
# A profile-likelihood interval's halves differ by at most z s / 6 of themselves: the third derivative of a partial
# likelihood is no larger than its information.
_PROFILE_SKEW = 1.0 / 6.0
# z of a log-rank test and of Wald's differ by at most this in calibration (docs/methods/audit.md): of one model by
# ABSOLUTE + SLOPE |log ratio| |z|; of two models (one stratified or adjusted, the other not) by more.
SLOPE, ABSOLUTE, ABSOLUTE_OTHER_MODEL = 0.08, 0.15, 0.7


class Numbers(NamedTuple):
    """The printed numbers of one effect; `interval` and `p` where they were printed."""

    ratio: Printed
    interval: tuple[Printed, Printed] | None
    p: Printed | None


def numbers_of(result: PublishedEndpoint, ratio: PrintedRatio) -> Numbers:
    held = ratio.interval
    return Numbers(
        ratio.value, (held.lower, held.upper) if held is not None else None, result.test.p if result.test else None
    )


def stated_level(ratio: PrintedRatio) -> float | None:
    """The level that the text states, as a share."""
    level = ratio.interval.level if ratio.interval is not None else None
    return None if level is None else level.value / 100.0


def usual_reading(result: PublishedEndpoint, ratio: PrintedRatio) -> Reading:
    """As stated; 95% and two-sided where the text does not say."""
    level, sides = stated_level(ratio), result.test.sides if result.test else None
    return Reading(USUAL_LEVELS[0] if level is None else level, sides or 2)


def stated_readings(result: PublishedEndpoint, ratio: PrintedRatio) -> list[Reading]:
    """The readings that the text leaves open, the usual one first."""
    level, sides = stated_level(ratio), result.test.sides if result.test else 2
    levels = USUAL_LEVELS if level is None else (level,)
    return [Reading(one, side) for side in ((2, 1) if sides is None else (sides,)) for one in levels]


def other_readings(result: PublishedEndpoint, ratio: PrintedRatio) -> list[Reading]:
    """The usual readings that the text does not leave open, those with one change first."""
    usual, stated = usual_reading(result, ratio), stated_readings(result, ratio)
    levels = dict.fromkeys((usual.level, *USUAL_LEVELS))
    found = [Reading(level, sides) for sides in (usual.sides, 3 - usual.sides) for level in levels]
    changes = sorted(found, key=lambda one: (one.level != usual.level) + (one.sides != usual.sides))
    return [reading for reading in changes if reading not in stated]


def allowances(result: PublishedEndpoint, ratio: PrintedRatio) -> tuple[Allowance, ...]:
    """How far the numbers may part if test and ratio are of one model; then, unless the text rules it out, of two."""
    skew = 0.0 if ratio.method == "wald" else _PROFILE_SKEW
    relative = SLOPE * max(abs(_log(ratio.value.low)), abs(_log(ratio.value.high)))
    same = Allowance(relative, ABSOLUTE, skew)
    stratified = result.test.stratified if result.test else None
    if result.test is None or (stratified is not None and stratified == ratio.stratified):
        return (same,)
    return same, Allowance(relative, ABSOLUTE_OTHER_MODEL, skew)


def tolerance_words(numbers: Numbers, allowance: Allowance) -> str:
    """The rounding intervals and allowances that a check used."""
    printed = [numbers.ratio, *(numbers.interval or ())]
    said = ", ".join(f"{one} is {one.low:g} to {one.high:g}" for one in printed if one.reached)
    if numbers.p is not None:
        said += f", P {numbers.p.text} is {numbers.p.low:g} to {numbers.p.high:g}"
        said += f"; z of P within {allowance.absolute:g} + {allowance.relative:.3f} |z|"
    if numbers.interval is not None and allowance.skew:
        said += "; halves of the interval as unequal as a profile likelihood's"
    return said


def reading_words(reading: Reading, usual: Reading, numbers: Numbers) -> str:
    """How a reading differs from the usual one: "the interval is 90% and P is one-sided"."""
    words = []
    if numbers.interval is not None and abs(reading.level - usual.level) > 1e-9:
        words.append(f"the interval is {100 * reading.level:g}%")
    if numbers.p is not None and reading.sides != usual.sides:
        words.append(f"P is {'one' if reading.sides == 1 else 'two'}-sided")
    return " and ".join(words)


def _log(value: float) -> float:
    return math.log(value) if value > 0.0 else -5.0
