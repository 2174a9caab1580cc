"""Checks of one printed hazard ratio with its interval and P value: do they describe one standard error, at what level.

A true standard error s has b (log hazard ratio), limits b -+ z s and P from z = |b| / s.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from equipoise.evidence.effect_readings import (
    EXEMPT_EFFECTS,
    EXEMPT_INTERVALS,
    Numbers,
    allowances,
    numbers_of,
    other_readings,
    reading_words,
    stated_level,
    stated_readings,
    tolerance_words,
    usual_reading,
)
from equipoise.evidence.findings import Finding
from equipoise.evidence.information_check import check_information, information_fits
from equipoise.evidence.interval_checks import check_limits, check_symmetry, ratio_held
from equipoise.evidence.printed import Printed, parse_printed
from equipoise.evidence.published import PrintedRatio, PublishedEndpoint, PublishedTrial
from equipoise.evidence.rate_checks import check_at_risk, check_rates
from equipoise.evidence.standard_error import Allowance, Reading, standard_errors
from equipoise.kernels.plain.special import normal_quantile, normal_tail

_OTHER_MODEL = "test and ratio are of different models (stratified or adjusted, and not)"
_MOST_NAMED = 3


def check_effect(trial: PublishedTrial, result: PublishedEndpoint) -> list[Finding]:
    """Every fast check of one result: limits, checks 1, 2, 3 and 8 of its hazard ratio, its rates."""
    found = check_limits(result)
    ratio = result.hazard_ratio
    if ratio is not None and ratio_held(ratio):
        found.append(_one_standard_error(trial, result, ratio))
        if ratio.interval is not None:
            found += [
                check_information(trial, result, ratio),
                check_symmetry(result, ratio),
                _level(trial, result, ratio),
            ]
    return [*found, *check_rates(result), *check_at_risk(trial, result)]


def _one_standard_error(trial: PublishedTrial, result: PublishedEndpoint, ratio: PrintedRatio) -> Finding:
    """Check 1: one b and one s inside all printed digits at once, z of P within the allowance."""
    numbers, subject = numbers_of(result, ratio), result.endpoint
    if numbers.interval is None and numbers.p is None:
        return Finding("one-standard-error", subject, "not-checked", "no interval and no P value was printed")
    usual, stated, allowed = usual_reading(result, ratio), stated_readings(result, ratio), allowances(result, ratio)
    arithmetic = tuple(_arithmetic(numbers, usual))
    exempt = ratio.method in EXEMPT_INTERVALS or ratio.effect in EXEMPT_EFFECTS
    for other_model, allowance in enumerate(allowed):
        for reading in stated:
            errors = standard_errors(*numbers, reading, allowance)
            if errors is None:
                continue
            explanation = _readings_that_fit(numbers, usual, reading, allowed, other_model=bool(other_model))
            values = {"se_low": errors[0], "se_high": errors[1], "level": reading.level, "sides": float(reading.sides)}
            said = f"one standard error from {errors[0]:.4f} to {errors[1]:.4f} fits all of them"
            return Finding(
                "one-standard-error", subject, "note" if explanation else "consistent",
                f"{said}, but only on another reading" if explanation else said, arithmetic,
                explanation, values, tolerance_words(numbers, allowance),
            )  # fmt: skip
    said = "no single standard error fits the hazard ratio, its interval and its P value as printed"
    if numbers.p is None:
        said = "no single standard error fits the hazard ratio and both halves of its interval"
    others = [one for one in other_readings(result, ratio) if information_fits(trial, result, numbers, one.level)]
    explanation = _reconciled(numbers, usual, others, allowed[0])
    if exempt:
        explanation = f"possible for this analysis ({ratio.effect}, interval {ratio.method}); {explanation}".strip("; ")
    return Finding("one-standard-error", subject, "note" if exempt else "inconsistent", said, arithmetic, explanation,
                   tolerance=tolerance_words(numbers, allowed[-1]))  # fmt: skip


def _readings_that_fit(
    numbers: Numbers, usual: Reading, reading: Reading, allowed: tuple[Allowance, ...], *, other_model: bool
) -> str:
    """What must hold for the numbers to fit; empty where they fit as they are read usually."""
    words = [one for one in (reading_words(reading, usual, numbers),) if one]
    if other_model or (words and len(allowed) > 1 and standard_errors(*numbers, usual, allowed[1]) is not None):
        words.append(_OTHER_MODEL)
    return f"consistent if {', or if '.join(words)}" if words else ""


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
        yield from _p_arithmetic(numbers.ratio, numbers.p, b, reading.sides)


def _p_arithmetic(ratio: Printed, p: Printed, b: float, sides: int) -> Iterator[str]:
    at = -normal_quantile(p.value / sides)
    if at <= 0.0:
        return
    z_sign, s_sign = {"=": ("=", "="), "<": (">", "<"), ">": ("<", ">")}[p.relation]
    yield (
        f"P {p.relation} {p.text.lstrip('<>=≤≥ ')}, {'two' if sides == 2 else 'one'}-sided: z {z_sign} {at:.4f}, "
        f"SE {s_sign} |log {ratio}| / z = {abs(b) / at:.4f}"
    )


def _reconciled(numbers: Numbers, usual: Reading, others: list[Reading], allowance: Allowance) -> str:
    """The mildest readings that reconcile the numbers: other sides or level, else one digit of one limit, else P."""
    fitting = [reading for reading in others if standard_errors(*numbers, reading, allowance) is not None]
    # One change is milder than two.
    single = [reading for reading in fitting if reading.level == usual.level or reading.sides == usual.sides]
    if fitting:
        words = dict.fromkeys(reading_words(reading, usual, numbers) for reading in single or fitting)
        return f"consistent if {', or if '.join(words)}"
    if numbers.interval is None:
        return ""
    for name, texts in _one_digit_off(numbers, usual, allowance):
        return f"consistent if the {name} is {' or '.join(texts)}: one digit"
    alone = standard_errors(numbers.ratio, numbers.interval, None, usual, allowance)
    if alone is not None and numbers.p is not None:
        return f"ratio and interval agree with each other, and would give P {_p_range(numbers.ratio, alone, usual)}"
    return ""


def _one_digit_off(numbers: Numbers, usual: Reading, allowance: Allowance) -> Iterator[tuple[str, list[str]]]:
    """The limits, then the ratio, that fit with one digit changed, each with the texts that do, nearest first."""
    assert numbers.interval is not None
    lower, upper = numbers.interval
    for name, held in (("upper limit", upper), ("lower limit", lower), ("hazard ratio", numbers.ratio)):
        fitting = []
        for text in _neighbors(held.text):
            other = parse_printed(text)
            pair = {"upper limit": (lower, other), "lower limit": (other, upper)}.get(name, (lower, upper))
            ratio = other if name == "hazard ratio" else numbers.ratio
            if standard_errors(ratio, pair, numbers.p, usual, allowance) is not None:
                fitting.append(text)
        if fitting:
            yield name, fitting[:_MOST_NAMED]


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
    low, high = (reading.sides * (normal_tail(b / error) if error > 0.0 else 0.0) for error in errors)
    return f"from {min(low, high):.2g} to {max(low, high):.2g}"


def _level(trial: PublishedTrial, result: PublishedEndpoint, ratio: PrintedRatio) -> Finding:
    """Check 8: which of the usual levels the interval can have, by P and by the events."""
    numbers, level, subject = numbers_of(result, ratio), stated_level(ratio), result.endpoint
    usual, allowance = usual_reading(result, ratio), allowances(result, ratio)[0]
    readings = list(dict.fromkeys((usual, *stated_readings(result, ratio), *other_readings(result, ratio))))
    if result.test is None or result.test.sides is not None:
        readings = [reading for reading in readings if reading.sides == usual.sides]
    fitting = [
        reading
        for reading in readings
        if information_fits(trial, result, numbers, reading.level)
        and standard_errors(*numbers, reading, allowance) is not None
    ]
    levels = list(dict.fromkeys(reading.level for reading in fitting))
    tried = _levels(list(dict.fromkeys(reading.level for reading in readings)))
    arithmetic = (f"tried at {tried}; ratio, interval, P and events fit at {_levels(levels) or 'none'}",)
    values = {"level": usual.level, "fits": float(usual.level in levels)}
    said = "the level is not stated; read as 95%" if level is None else f"stated as {100 * level:g}%"
    if usual.level in levels:
        return Finding("interval-level", subject, "consistent", f"{said}, which fits", arithmetic, values=values)
    if not levels:
        said += "; no usual level fits"
        return Finding("interval-level", subject, "not-checked", said, arithmetic, values=values)
    single = [reading for reading in fitting if reading.sides == usual.sides]
    explanation = ", or if ".join(reading_words(reading, usual, numbers) for reading in single or fitting)
    return Finding("interval-level", subject, "note", f"{said}, which does not fit", arithmetic,
                   f"consistent if {explanation}", values)  # fmt: skip


def _levels(levels: list[float]) -> str:
    return ", ".join(f"{100 * level:g}%" for level in levels)
