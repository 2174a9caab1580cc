"""Checks of one printed hazard ratio with its interval and P value: one standard error, its least size, its symmetry.

A true standard error has b (log hazard ratio), limits b -+ z s and P from z = |b| / s. Allowances are calibrated on
simulated trials (docs/methods/audit.md). The hard bound: a partial likelihood of d events has information of at most
d / 4, since each event brings p (1 - p) with p a share, whatever the ratio and the strata; so s >= 2 / sqrt(d).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from equipoise.evidence.findings import Finding, Status
from equipoise.evidence.printed import Printed
from equipoise.evidence.published import PrintedRatio, PublishedEndpoint, PublishedTrial
from equipoise.evidence.standard_error import Allowance, Reading, standard_errors
from equipoise.kernels.plain.special import normal_quantile, normal_tail

USUAL_LEVELS = (0.95, 0.90, 0.99, 0.80)
_EXEMPT = frozenset({"weighted-log-rank", "robust-cox", "rmst"})
_EXEMPT_INTERVALS = frozenset({"robust", "bootstrap", "adjusted"})
# A profile-likelihood interval's halves differ by at most z s / 6 of themselves: the third derivative of a partial
# likelihood is no larger than its information.
_PROFILE_SKEW = 1.0 / 6.0
_RELATIVE, _ABSOLUTE = 0.10, 0.12
_SOFT = 1.25


class Numbers(NamedTuple):
    """The printed numbers of one effect; `interval` and `p` where they were printed."""

    ratio: Printed
    interval: tuple[Printed, Printed] | None
    p: Printed | None


def check_effect(trial: PublishedTrial, result: PublishedEndpoint) -> list[Finding]:
    """Checks 1, 2, 3 and 8 of one result; nothing where no ratio was printed."""
    ratio = result.hazard_ratio
    if ratio is None:
        return []
    found = [_one_standard_error(result, ratio)]
    if ratio.interval is not None:
        found += [_information_bound(trial, result, ratio), _log_symmetry(result, ratio)]
    return found


def numbers_of(result: PublishedEndpoint, ratio: PrintedRatio) -> Numbers:
    held = ratio.interval
    return Numbers(
        ratio.value, (held.lower, held.upper) if held is not None else None, result.test.p if result.test else None
    )


def stated_level(ratio: PrintedRatio) -> float | None:
    """The level that the text states, as a share."""
    level = ratio.interval.level if ratio.interval is not None else None
    return None if level is None else level.value / 100.0


def allowance_of(ratio: PrintedRatio) -> Allowance:
    skew = 0.0 if ratio.method == "wald" else _PROFILE_SKEW
    return Allowance(_RELATIVE, _ABSOLUTE, skew)


def _readings(result: PublishedEndpoint, ratio: PrintedRatio) -> tuple[list[Reading], list[Reading]]:
    """The readings that the text leaves open, the usual one first; and the usual ones that it does not."""
    level, sides = stated_level(ratio), result.test.sides if result.test else 2
    levels = USUAL_LEVELS if level is None else (level,)
    both = (2, 1) if sides is None else (sides,)
    stated = [Reading(one, side) for side in both for one in levels]
    other_levels = [one for one in USUAL_LEVELS if level is None or abs(one - level) > 1e-9]
    others = [Reading(levels[0], side) for side in (2, 1) if side not in both]
    others += [Reading(one, side) for one in other_levels for side in (*both, *(s for s in (2, 1) if s not in both))]
    return stated, [reading for reading in others if reading not in stated]


def _one_standard_error(result: PublishedEndpoint, ratio: PrintedRatio) -> Finding:
    """Check 1, and 8 where another level would reconcile the numbers."""
    numbers, allowance = numbers_of(result, ratio), allowance_of(ratio)
    if numbers.interval is None and numbers.p is None:
        return Finding("one-standard-error", result.endpoint, "not-checked", "no interval and no P value was printed")
    stated, others = _readings(result, ratio)
    exempt = ratio.method in _EXEMPT_INTERVALS or ratio.effect in _EXEMPT
    arithmetic = tuple(_arithmetic(numbers, stated[0]))
    for place, reading in enumerate(stated):
        range_ = standard_errors(*numbers, reading, allowance)
        if range_ is not None:
            values = {"se_low": range_[0], "se_high": range_[1], "level": reading.level, "sides": float(reading.sides)}
            said = f"one standard error from {range_[0]:.4f} to {range_[1]:.4f} fits all of them"
            status: Status = "consistent" if place == 0 else "note"
            explanation = "" if place == 0 else f"consistent if {_reading_words(reading, stated[0], numbers)}"
            return Finding("one-standard-error", result.endpoint, status, said, arithmetic, explanation, values)
    explanation = _reconciled(numbers, stated[0], others, allowance)
    return Finding(
        "one-standard-error", result.endpoint, "note" if exempt else "inconsistent",
        "no single standard error fits the hazard ratio, its interval and its P value as printed", arithmetic,
        explanation,
    )  # fmt: skip


def _arithmetic(numbers: Numbers, reading: Reading) -> Iterator[str]:
    """The standard errors that the interval, each of its halves, and P give at the printed values."""
    b = math.log(numbers.ratio.value) if numbers.ratio.value > 0.0 else math.nan
    z = normal_quantile(0.5 + reading.level / 2.0)
    if numbers.interval is not None and all(limit.reached and limit.value > 0.0 for limit in numbers.interval):
        low, high = (math.log(limit.value) for limit in numbers.interval)
        yield (
            f"interval at {100 * reading.level:g}%: SE = (log {numbers.interval[1]} - log {numbers.interval[0]}) / "
            f"(2 x {z:.4f}) = {(high - low) / (2 * z):.4f}; "
            f"lower half {(b - low) / z:.4f}, upper half {(high - b) / z:.4f}"
        )
    if numbers.p is not None and 0.0 < numbers.p.value < 1.0:
        at = normal_quantile(1.0 - numbers.p.value / reading.sides)
        relation = {"=": "=", "<": "<", ">": ">"}[numbers.p.relation]
        if at > 0.0:
            yield (
                f"P {relation} {numbers.p.text.lstrip('<>= ')}, {'two' if reading.sides == 2 else 'one'}-sided: "
                f"z {'=' if relation == '=' else ('>' if relation == '<' else '<')} {at:.4f}, "
                f"SE {'=' if relation == '=' else ('<' if relation == '<' else '>')} |log {numbers.ratio}| / z "
                f"= {abs(b) / at:.4f}"
            )


def _reading_words(reading: Reading, usual: Reading, numbers: Numbers) -> str:
    words = []
    if numbers.interval is not None and abs(reading.level - usual.level) > 1e-9:
        words.append(f"the interval is {100 * reading.level:g}%")
    if numbers.p is not None and reading.sides != usual.sides:
        words.append(f"P is {'one' if reading.sides == 1 else 'two'}-sided")
    return " and ".join(words)


def _reconciled(numbers: Numbers, usual: Reading, others: list[Reading], allowance: Allowance) -> str:
    """The mildest reading that reconciles the numbers: another side or level, else one digit of one limit, else P."""
    for reading in others:
        if standard_errors(*numbers, reading, allowance) is not None:
            return f"consistent if {_reading_words(reading, usual, numbers)}"
    if numbers.interval is not None:
        for name, changed in _one_digit_off(numbers):
            if standard_errors(*changed, usual, allowance) is not None:
                return f"consistent if {name}"
        alone = standard_errors(numbers.ratio, numbers.interval, None, usual, allowance)
        if alone is not None and numbers.p is not None:
            return f"ratio and interval agree with each other, and would give P {_p_range(numbers.ratio, alone, usual)}"
    return ""


def _one_digit_off(numbers: Numbers) -> Iterator[tuple[str, Numbers]]:
    """The printed numbers with one digit of one limit, then of the ratio, changed; nearest digits first."""
    from equipoise.evidence.printed import parse_printed

    assert numbers.interval is not None
    lower, upper = numbers.interval
    for name, held in (("upper limit", upper), ("lower limit", lower), ("hazard ratio", numbers.ratio)):
        for text in _neighbors(held.text):
            other = parse_printed(text)
            if name == "hazard ratio":
                yield f"the {name} is {text}", numbers._replace(ratio=other)
            else:
                pair = (lower, other) if name == "upper limit" else (other, upper)
                yield f"the {name} is {text}", numbers._replace(interval=pair)


def _neighbors(text: str) -> Iterator[str]:
    """Texts of a number with one digit changed, the smallest changes first."""
    places = [place for place, letter in enumerate(text) if letter.isdigit()]
    found = [
        (abs(int(digit) - int(text[place])) * 10.0**-rank, place, digit)
        for rank, place in enumerate(places)
        for digit in "0123456789"
        if digit != text[place]
    ]
    for _, place, digit in sorted(found):
        yield text[:place] + digit + text[place + 1 :]


def _p_range(ratio: Printed, errors: tuple[float, float], reading: Reading) -> str:
    b = abs(math.log(ratio.value))
    low, high = (reading.sides * normal_tail(b / error) for error in errors)
    return f"from {min(low, high):.2g} to {max(low, high):.2g}"


def _information_bound(trial: PublishedTrial, result: PublishedEndpoint, ratio: PrintedRatio) -> Finding:
    """Check 2: 1 / SE^2 <= d / 4, with the largest SE that ratio and interval allow."""
    subject = result.endpoint
    if ratio.effect in _EXEMPT or ratio.method in _EXEMPT_INTERVALS:
        return Finding(
            "information-bound", subject, "not-checked", f"no bound holds for this analysis ({ratio.effect})"
        )
    numbers = numbers_of(result, ratio)
    level = stated_level(ratio)
    usual = Reading(level if level is not None else USUAL_LEVELS[0])
    # The bound needs no symmetry: the width alone bounds the standard error.
    largest = _largest_error(numbers, usual.level)
    if largest is None:
        return Finding("information-bound", subject, "not-checked", "one limit was not reached")
    events = result.total_events
    d = events if events is not None else trial.randomized
    counted = f"{d} events" if events is not None else f"{d} randomized patients, an event in each"
    needed = math.ceil(4.0 / largest**2 - 1e-9)
    share = trial.ratio[0] / (trial.ratio[0] + trial.ratio[1])
    expected = d * share * (1.0 - share)
    arithmetic = (
        f"largest SE that the digits allow at {100 * usual.level:g}%: {largest:.4f}; information 1 / SE^2 = "
        f"{1 / largest**2:.2f}",
        f"at most d / 4 = {d / 4:.2f} from {counted}; expected about d p (1 - p) = {expected:.2f} at "
        f"{trial.ratio[0]}:{trial.ratio[1]}",
    )
    values = {
        "se_high": largest,
        "information": 1 / largest**2,
        "bound": d / 4,
        "events": float(d),
        "needed": float(needed),
    }
    if needed <= d:
        said = f"an interval so narrow needs at least {needed} events; {counted} can give it"
        return Finding("information-bound", subject, "consistent", said, arithmetic, values=values)
    said = f"an interval so narrow needs at least {needed} events, more than {counted}"
    if level is None and any(_fits(numbers, other, d) for other in USUAL_LEVELS):
        wide = next(other for other in USUAL_LEVELS if _fits(numbers, other, d))
        explanation = f"consistent if the interval is {100 * wide:g}%"
        return Finding("information-bound", subject, "note", said, arithmetic, explanation, values)
    explanation = _wider_reading(numbers, d, needed, expected)
    return Finding("information-bound", subject, "inconsistent", said, arithmetic, explanation, values)


def _largest_error(numbers: Numbers, level: float) -> float | None:
    if numbers.interval is None or not all(limit.reached and limit.low > 0.0 for limit in numbers.interval):
        return None
    lower, upper = numbers.interval
    return (math.log(upper.high) - math.log(lower.low)) / (2.0 * normal_quantile(0.5 + level / 2.0))


def _fits(numbers: Numbers, level: float, d: int) -> bool:
    largest = _largest_error(numbers, level)
    return largest is not None and largest >= 2.0 / math.sqrt(d)


def _wider_reading(numbers: Numbers, d: int, needed: int, expected: float) -> str:
    """The level at which the interval would be possible; with P read as one-sided where that gives a fitting SE."""
    said = f"needs at least {needed} events"
    assert numbers.interval is not None
    width = math.log(numbers.interval[1].value) - math.log(numbers.interval[0].value)
    if numbers.p is not None and 0.0 < numbers.p.value < 0.5 and numbers.p.relation == "=":
        s = abs(math.log(numbers.ratio.value)) / normal_quantile(1.0 - numbers.p.value)
        share = expected / d
        likely = round(1.0 / (share * s**2))
        if s >= 2.0 / math.sqrt(d) and likely <= d:
            level = 1.0 - 2.0 * normal_tail(width / (2.0 * s))
            said += (
                f"; consistent if the interval is about {100 * level:.0f}% and P is one-sided (about {likely} events)"
            )
            return said
    least = 2.0 / math.sqrt(d)
    level = 1.0 - 2.0 * normal_tail(width / (2.0 * least))
    return f"{said}; consistent if the interval is {100 * level:.0f}% or less"


def _log_symmetry(result: PublishedEndpoint, ratio: PrintedRatio) -> Finding:
    """Check 3: a Wald interval is centered on the estimate on the log scale."""
    subject, numbers = result.endpoint, numbers_of(result, ratio)
    level = stated_level(ratio)
    reading = Reading(level if level is not None else USUAL_LEVELS[0])
    assert numbers.interval is not None
    if not all(limit.reached and limit.value > 0.0 for limit in numbers.interval) or numbers.ratio.value <= 0.0:
        return Finding("log-symmetry", subject, "not-checked", "one limit was not reached")
    low, b, high = (math.log(x.value) for x in (numbers.interval[0], numbers.ratio, numbers.interval[1]))
    center = math.exp(0.5 * (low + high))
    arithmetic = (
        f"sqrt({numbers.interval[0]} x {numbers.interval[1]}) = {center:.4f}, printed {numbers.ratio}; "
        f"half widths on the log scale {b - low:.4f} and {high - b:.4f}",
    )
    values = {"center": center, "lower_half": b - low, "upper_half": high - b}
    symmetric = standard_errors(numbers.ratio, numbers.interval, None, reading, Allowance(0.0, 0.0, 0.0))
    if symmetric is not None:
        said = "the interval is centered on the estimate on the log scale, within rounding"
        return Finding("log-symmetry", subject, "consistent", said, arithmetic, values=values)
    said = "the interval is not centered on the estimate on the log scale"
    others = "profile likelihood, bootstrap, or adjustment for a sequential design"
    if ratio.method == "wald":
        other = f"consistent if the interval is by {others}"
        return Finding("log-symmetry", subject, "inconsistent", said, arithmetic, other, values)
    return Finding("log-symmetry", subject, "note", said, arithmetic, f"usual for intervals by {others}", values)
