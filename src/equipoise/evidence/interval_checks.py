"""Limits that hold their estimate, and check 3: an interval of Wald's is centered on it on the log scale."""

from __future__ import annotations

import math
from collections.abc import Iterator

from equipoise.evidence.effect_readings import numbers_of, stated_level, tolerance_words, usual_reading
from equipoise.evidence.findings import Finding
from equipoise.evidence.published import PrintedEstimate, PrintedInterval, PrintedRatio, PublishedEndpoint
from equipoise.evidence.standard_error import Allowance, standard_errors

_HALF_A_UNIT = "half a unit of each last digit"
_UNCENTERED = frozenset({"bootstrap", "adjusted"})
_OTHERS = "profile likelihood, bootstrap, or adjustment for a sequential design"


def check_limits(result: PublishedEndpoint) -> list[Finding]:
    """Each printed interval of a result holds its estimate, within the digits; one finding for all of them."""
    found = list(_estimates(result))
    if not found:
        return []
    broken = [(name, one) for name, one in found if not holds(one)]
    if not broken:
        said = "the interval holds its estimate" if len(found) == 1 else f"{len(found)} intervals hold their estimates"
        arithmetic = tuple(_printed(name, one) for name, one in found)
        return [Finding("limits", result.endpoint, "consistent", said, arithmetic,
                        values={"intervals": float(len(found))}, tolerance=_HALF_A_UNIT)]  # fmt: skip
    return [_broken(result, name, one) for name, one in broken]


def holds(estimate: PrintedEstimate) -> bool:
    """Whether an interval's limits are in order and hold the estimate, for some values that print so."""
    interval = estimate.interval
    if interval is None:
        return True
    ordered = interval.lower.low < interval.upper.high or not interval.upper.reached
    return ordered and interval.lower.low <= estimate.value.high and estimate.value.low <= interval.upper.high


def ratio_held(ratio: PrintedRatio) -> bool:
    return ratio.value.value > 0.0 and holds(ratio)


def _estimates(result: PublishedEndpoint) -> Iterator[tuple[str, PrintedEstimate]]:
    named = [("hazard ratio", result.hazard_ratio)]
    named += [(f"median, {arm}", getattr(result, arm).median) for arm in ("experimental", "control")]
    named += [(f"rate at {rate.at:g}, {arm}", getattr(rate, arm)) for rate in result.rates
              for arm in ("experimental", "control")]  # fmt: skip
    for name, one in named:
        # An estimate by another road than its interval (bootstrap, median-unbiased) may lie outside.
        if one is not None and one.interval is not None and getattr(one, "method", "") not in _UNCENTERED:
            yield name, one


def _printed(name: str, estimate: PrintedEstimate) -> str:
    interval = estimate.interval
    assert interval is not None
    return f"{name} {estimate.value} ({interval.lower}-{interval.upper})".strip()


def _broken(result: PublishedEndpoint, name: str, estimate: PrintedEstimate) -> Finding:
    interval = estimate.interval
    assert interval is not None
    printed = _printed("", estimate)
    swapped = PrintedEstimate(
        value=estimate.value,
        interval=PrintedInterval(lower=interval.upper, upper=interval.lower, level=interval.level),
    )
    if interval.lower.low >= interval.upper.high and interval.lower.reached:
        said = f"{name}: the lower limit {interval.lower} lies above the upper limit {interval.upper}"
        explanation = "consistent if the limits were swapped" if holds(swapped) else "consistent with other limits"
    else:
        side = "below" if estimate.value.high < interval.lower.low else "above"
        said = f"{name}: {printed}, the estimate lies {side} its interval"
        explanation = "consistent if one of the three was misprinted, or is in another unit"
    values = {"estimate": estimate.value.value, "lower": interval.lower.value, "upper": interval.upper.value}
    return Finding("limits", result.endpoint, "inconsistent", said, (f"printed: {printed}",), explanation,
                   {key: value for key, value in values.items() if math.isfinite(value)},
                   _HALF_A_UNIT)  # fmt: skip


def check_symmetry(result: PublishedEndpoint, ratio: PrintedRatio) -> Finding:
    """Check 3: a Wald interval is centered on the estimate on the log scale."""
    subject, numbers = result.endpoint, numbers_of(result, ratio)
    assert numbers.interval is not None
    if not all(limit.reached and limit.value > 0.0 for limit in numbers.interval):
        return Finding("log-symmetry", subject, "not-checked", "one limit was not reached")
    lower, upper = numbers.interval
    low, b, high = (math.log(x.value) for x in (lower, numbers.ratio, upper))
    center = math.exp(0.5 * (low + high))
    arithmetic = (
        f"sqrt({lower} x {upper}) = {center:.4f}, printed {numbers.ratio}; "
        f"half widths on the log scale {b - low:.4f} and {high - b:.4f}",
    )
    values = {"center": center, "lower_half": b - low, "upper_half": high - b}
    exact = Allowance(0.0, 0.0, 0.0)
    tolerance = tolerance_words(numbers._replace(p=None), exact)
    if standard_errors(numbers.ratio, numbers.interval, None, usual_reading(result, ratio), exact) is not None:
        said = "the interval is centered on the estimate on the log scale, within rounding"
        return Finding("log-symmetry", subject, "consistent", said, arithmetic, "", values, tolerance)
    said = "the interval is not centered on the estimate on the log scale"
    if ratio.method == "wald":
        other = f"consistent if the interval is by {_OTHERS}"
        return Finding("log-symmetry", subject, "inconsistent", said, arithmetic, other, values, tolerance)
    other = f"usual for intervals by {_OTHERS}"
    if stated_level(ratio) is None and ratio.method == "unstated":
        other += "; the text states neither level nor method"
    return Finding("log-symmetry", subject, "note", said, arithmetic, other, values, tolerance)
