"""Landmark rates against medians and each other (a curve never rises), and the table of numbers at risk."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from equipoise.evidence.findings import Finding
from equipoise.evidence.printed import Printed
from equipoise.evidence.published import PublishedEndpoint, PublishedTrial
from equipoise.quantities import DAYS_PER_UNIT

_ARMS = ("experimental", "control")
# A landmark of 24 weeks is often called 6 months.
_TIME_SLACK = 0.09
_HALF = 50.0


def check_rates(result: PublishedEndpoint) -> list[Finding]:
    """Whether each arm's rates and median can lie on one falling curve; nothing where no rate was printed."""
    printed = [(arm, _rates(result, arm)) for arm in _ARMS]
    if not any(rates for _, rates in printed):
        return []
    broken = [said for arm, rates in printed for said in _broken(result, arm, rates, 1.0)]
    arithmetic = tuple(
        f"{arm}: " + ", ".join(f"{rate}% at {at:g}" for at, rate in rates) + _median_words(result, arm)
        for arm, rates in printed
        if rates
    )
    tolerance = f"half a unit of each last digit; times within {100 * _TIME_SLACK:g}%"
    if not broken:
        said = "rates and medians can lie on one falling curve in each arm"
        return [Finding("landmark-rates", result.endpoint, "consistent", said, arithmetic, tolerance=tolerance)]
    explanation = _explained(result, printed)
    return [Finding("landmark-rates", result.endpoint, "inconsistent", "; ".join(broken), arithmetic, explanation,
                    tolerance=tolerance)]  # fmt: skip


def check_at_risk(trial: PublishedTrial, result: PublishedEndpoint) -> list[Finding]:
    """Numbers at risk never rise, and begin at most with those randomized; nothing where no table was printed."""
    table = result.at_risk
    if table is None:
        return []
    broken = []
    for arm in _ARMS:
        counts = getattr(table, arm)
        if counts and counts[0] > getattr(trial, arm).randomized:
            broken.append(f"{arm}: {counts[0]} at risk at first, {getattr(trial, arm).randomized} randomized")
        # An arm without numbers has none at any time.
        for (early, before), (late, after) in pairwise(zip(table.times, counts, strict=bool(counts))):
            if after > before:
                broken.append(f"{arm}: {after} at {late:g} after {before} at {early:g}")
    if not broken:
        said = "numbers at risk fall, and begin with no more than were randomized"
        return [Finding("numbers-at-risk", result.endpoint, "consistent", said)]
    return [Finding("numbers-at-risk", result.endpoint, "inconsistent", "; ".join(broken),
                    explanation="consistent if a number was misprinted or stands under another time")]  # fmt: skip


def _rates(result: PublishedEndpoint, arm: str) -> list[tuple[float, Printed]]:
    found = [(rate.at, getattr(rate, arm).value) for rate in result.rates if getattr(rate, arm) is not None]
    return sorted(found, key=lambda pair: pair[0])


def _median_words(result: PublishedEndpoint, arm: str) -> str:
    median = getattr(result, arm).median
    return f"; median {median.value}" if median is not None else ""


def _broken(
    result: PublishedEndpoint, arm: str, rates: list[tuple[float, Printed]], factor: float, unit: float = 1.0
) -> Iterator[str]:
    """What no falling curve allows; rates times `factor`, their times times `unit`."""
    for (early, higher), (late, lower) in pairwise(rates):
        if lower.low > higher.high:
            yield f"{arm}: {lower}% at {late:g} after {higher}% at {early:g}"
    printed = getattr(result, arm).median
    if printed is None:
        return
    median = printed.value
    for at, rate in rates:
        time = at * unit
        if time * (1.0 + _TIME_SLACK) < median.low and rate.high * factor < _HALF:
            yield f"{arm}: {rate}% at {at:g}, before the median of {median}"
        if median.reached and time * (1.0 - _TIME_SLACK) > median.high and rate.low * factor > _HALF:
            yield f"{arm}: {rate}% at {at:g}, after the median of {median}"


def _explained(result: PublishedEndpoint, printed: list[tuple[str, list[tuple[float, Printed]]]]) -> str:
    """Shares written for percentages, or times in another unit, where either reconciles."""
    shares = all(rate.high <= 1.0 for _, rates in printed for _, rate in rates)
    if shares and not any(True for arm, rates in printed for _ in _broken(result, arm, rates, 100.0)):
        return "consistent if the rates are shares, not percentages"
    own = DAYS_PER_UNIT[result.unit]
    for unit, days in DAYS_PER_UNIT.items():
        if unit != result.unit and not any(
            True for arm, rates in printed for _ in _broken(result, arm, rates, 1.0, days / own)
        ):
            return f"consistent if the times of the rates are in {unit}"
    return "consistent if a rate or median was misprinted, or the arms were swapped"
