"""What no data set can print: bounds that hold for every set of patients, whatever their times and censoring.

S is a product-limit curve of n patients, r(t) those at risk at t, E the events of an arm. Proofs are in
docs/methods/feasibility.md. Times of rates are taken within a tolerance, since 24 weeks are often called 6 months.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from equipoise.evidence.feasibility_targets import ARMS, Wanted, quantile_of
from equipoise.evidence.information_check import check_information
from equipoise.evidence.printed import Printed
from equipoise.evidence.published import PrintedEstimate
from equipoise.evidence.rate_checks import check_rates

_TIME_SLACK = 0.09
_ROUNDING = 1e-9
_HALF = 0.5
# Intervals from resampling may be a little narrower than Greenwood's.
_WIDTH_SLACK = 0.9
_LEAST_N = 20


@dataclass(frozen=True)
class Violation:
    """A bound that the printed numbers break. `sure` is False where a stratified analysis is not bound by it."""

    said: str
    arithmetic: tuple[str, ...] = ()
    sure: bool = True
    of_effect: bool = False


def violations(wanted: Wanted) -> list[Violation]:
    """Every bound that is broken, those that are sure first."""
    found = [*_curve_order(wanted), *_effect(wanted)]
    for code in range(len(ARMS)):
        found += [*_risk_table(wanted, code), *_rates_and_numbers(wanted, code), *_rates_and_events(wanted, code),
                  *_narrow_rates(wanted, code), *_median_limits(wanted, code)]  # fmt: skip
    found += _ratio_and_numbers(wanted)
    return sorted(found, key=lambda one: not one.sure)


def _curve_order(wanted: Wanted) -> Iterator[Violation]:
    for finding in check_rates(wanted.result):
        if finding.status == "inconsistent":
            yield Violation(f"no falling curve has these rates and medians: {finding.said}", finding.arithmetic)


def _effect(wanted: Wanted) -> Iterator[Violation]:
    ratio = wanted.result.hazard_ratio
    if wanted.has_interval and ratio is not None:
        finding = check_information(wanted.trial, wanted.result, ratio)
        if finding.status == "inconsistent":
            yield Violation(f"information bound: {finding.said}", finding.arithmetic, of_effect=True)


def _risks(wanted: Wanted, code: int) -> list[tuple[float, int]]:
    """Times and numbers at risk of one arm; everybody at time zero."""
    table = wanted.result.at_risk
    counts = getattr(table, ARMS[code]) if table is not None else ()
    found = [(0.0, wanted.n[code])]
    if table is not None and len(counts) == len(table.times):
        found += [(at, count) for at, count in sorted(zip(table.times, counts, strict=True)) if at > 0.0]
    return found


def _rates(wanted: Wanted, code: int) -> list[tuple[float, Printed, PrintedEstimate]]:
    """Times and rates (as shares) of one arm, and the estimates as printed."""
    return [(at, rate.value.scaled(0.01), rate) for arm, at, rate in wanted.rates() if arm == code]


def _risk_table(wanted: Wanted, code: int) -> Iterator[Violation]:
    arm, risks, events = ARMS[code], _risks(wanted, code), wanted.events[code]
    for (early, before), (late, after) in pairwise(risks):
        if after > before:
            said = f"{arm}: {after} at risk at {late:g} after {before} at {early:g}: numbers at risk never rise"
            yield Violation(said)
    if events is not None and events > wanted.n[code]:
        yield Violation(f"{arm}: {events} events among {wanted.n[code]} patients")


def _rates_and_numbers(wanted: Wanted, code: int) -> Iterator[Violation]:
    """S(b) >= S(a) r(v) / r(u) for u <= a < b < v: censoring only lifts the curve above the share that is left."""
    arm, risks = ARMS[code], _risks(wanted, code)
    rates = [(0.0, Printed("100", 1.0, 1.0, 1.0)), *((at, rate) for at, rate, _ in _rates(wanted, code))]
    for place, (b, later) in enumerate(rates[1:], start=1):
        for a, earlier in rates[:place]:
            for u, begun in risks:
                for v, left in risks:
                    known = u <= a * (1.0 - _TIME_SLACK) and v > b * (1.0 + _TIME_SLACK) and begun > 0
                    least = earlier.low * left / begun if known else 0.0
                    if later.high < least - _ROUNDING:
                        yield Violation(
                            f"{arm}: a rate of {100 * later.value:g}% at {b:g} is below the share still at risk later",
                            (f"S({b:g}) >= S({a:g}) r({v:g}) / r({u:g}) = {earlier.low:.4f} x {left} / {begun} "
                             f"= {least:.4f}, and prints as {100 * later.high:g}% or less",),
                        )  # fmt: skip
                        return


def _rates_and_events(wanted: Wanted, code: int) -> Iterator[Violation]:
    """r(v) / (r(v) + E) <= S(b) for v > b; S(a) <= 1 - (E - r(u)) / n for u <= a."""
    arm, events, n = ARMS[code], wanted.events[code], wanted.n[code]
    if events is None:
        return
    for at, rate, printed in _rates(wanted, code):
        for v, left in _risks(wanted, code):
            least = left / (left + events) if left + events else 0.0
            if v > at * (1.0 + _TIME_SLACK) and rate.high < least - _ROUNDING:
                yield Violation(
                    f"{arm}: {events} events cannot bring the curve to {printed.value}% with {left} left at {v:g}",
                    (f"S({at:g}) >= r({v:g}) / (r({v:g}) + E) = {left} / {left + events} = {least:.4f}",),
                )
                return
            most = 1.0 - (events - left) / n
            if 0.0 < v <= at * (1.0 - _TIME_SLACK) and rate.low > most + _ROUNDING:
                yield Violation(
                    f"{arm}: {events} events, of which at most {left} after {v:g}, leave no {printed.value}% at {at:g}",
                    (f"S({at:g}) <= 1 - (E - r({v:g})) / n = 1 - ({events} - {left}) / {n} = {most:.4f}",),
                )
                return


def narrowest_limits(s: float, n: int, z: float) -> list[tuple[float, float]]:
    """The limits of S with the least variance that n patients allow, Var log S = (1/S - 1) / n, on five scales."""
    root = z * math.sqrt((1.0 / s - 1.0) / n)
    log_log = root / -math.log(s)
    logit, odds = root / (1.0 - s), s / (1.0 - s)
    angle, turn = math.asin(math.sqrt(s)), 0.5 * root * math.sqrt(s / (1.0 - s))
    return [
        (s * math.exp(-root), s * math.exp(root)),
        (s ** math.exp(log_log), s ** math.exp(-log_log)),
        (s - s * root, s + s * root),
        (odds / (odds + math.exp(logit)), odds / (odds + math.exp(-logit))),
        (math.sin(max(angle - turn, 0.0)) ** 2, math.sin(min(angle + turn, math.pi / 2)) ** 2),
    ]


def _narrow_rates(wanted: Wanted, code: int) -> Iterator[Violation]:
    """An interval of S is no narrower than without censoring: Var log S(t) >= (1/S(t) - 1) / n."""
    arm, n = ARMS[code], wanted.n[code]
    for at, rate, printed in _rates(wanted, code):
        held = printed.interval
        if held is None or held.level is None or n < _LEAST_N or not 0.0 < rate.low <= rate.high < 1.0:
            continue
        z = _WIDTH_SLACK * quantile_of(held.level.value / 100.0)
        highest = max(low for low, _ in narrowest_limits(rate.high, n, z))
        lowest = min(high for _, high in narrowest_limits(rate.low, n, z))
        if held.lower.low / 100.0 > highest + _ROUNDING or held.upper.high / 100.0 < lowest - _ROUNDING:
            yield Violation(
                f"{arm}: {n} patients give the rate at {at:g} no interval as narrow as {held.lower}-{held.upper}",
                (f"Var log S >= (1/S - 1) / {n}: lower limit at most {100 * highest:.1f}, "
                 f"upper at least {100 * lowest:.1f}",),
            )  # fmt: skip


def _median_limits(wanted: Wanted, code: int) -> Iterator[Violation]:
    """Before a median's lower limit the curve's interval lies above one half, after its upper limit below."""
    arm, n = ARMS[code], wanted.n[code]
    median = getattr(wanted.result, arm).median
    held = median.interval if median is not None else None
    if held is None or held.level is None or n < _LEAST_N:
        return
    z = _WIDTH_SLACK * quantile_of(held.level.value / 100.0)
    for at, rate, printed in _rates(wanted, code):
        if not 0.0 < rate.low <= rate.high < 1.0:
            continue
        before = held.lower.reached and at * (1.0 + _TIME_SLACK) < held.lower.low
        after = held.upper.reached and at * (1.0 - _TIME_SLACK) > held.upper.high
        highest = max(low for low, _ in narrowest_limits(rate.high, n, z))
        lowest = min(high for _, high in narrowest_limits(rate.low, n, z))
        if (before and highest < _HALF - _ROUNDING) or (after and lowest > _HALF + _ROUNDING):
            limit = f"the lower limit {held.lower}" if before else f"the upper limit {held.upper}"
            yield Violation(
                f"{arm}: {limit} of the median leaves no {printed.value}% at {at:g} among {n} patients",
                (f"Var log S >= (1/S - 1) / {n}: limits at {at:g} at most {highest:.4f} and at least {lowest:.4f}, "
                 "on the wrong side of one half",),
            )  # fmt: skip


def _ratio_and_numbers(wanted: Wanted) -> Iterator[Violation]:
    """Cox's score at the printed ratio, as large and as small as numbers at risk and events of both arms allow."""
    ratio, events = wanted.result.hazard_ratio, wanted.events
    tables = [_risks(wanted, code) for code in range(len(ARMS))]
    usable = all(len(table) > 1 for table in tables) and len(tables[0]) == len(tables[1])
    if not wanted.has_effect or ratio is None or not usable or ratio.value.low <= 0.0:
        return
    if events[0] is None or events[1] is None:
        return
    counts = [[count for _, count in table] for table in tables]
    largest = score_bound(counts[0], counts[1], events[0], events[1], ratio.value.low)
    # Arms exchanged, the score changes its sign and the ratio is inverted.
    smallest = -score_bound(counts[1], counts[0], events[1], events[0], 1.0 / ratio.value.high)
    if largest >= -_ROUNDING and smallest <= _ROUNDING:
        return
    side, at, value = ("lower", ratio.value.low, largest) if largest < 0.0 else ("higher", ratio.value.high, smallest)
    yield Violation(
        f"with these numbers at risk and events an unstratified hazard ratio is {side} than {ratio.value}",
        (f"Cox's score at {at:g} is {'at most' if largest < 0.0 else 'at least'} {value:.2f}, never zero",),
        sure=ratio.stratified is False, of_effect=True,
    )  # fmt: skip


def score_bound(control: list[int], experimental: list[int], d0: int, d1: int, ratio: float) -> float:
    """The largest score U = O1 - sum p at a hazard ratio that numbers at risk and events allow.

    In each interval p = Y1 h / (Y1 h + Y0) is least where Y1 is what it ends with (1 at an own event) and Y0 what it
    begins with; events of the experimental arm are put where p is least, those of the control arm likewise.
    """
    own: list[tuple[float, int]] = []
    others: list[tuple[float, int]] = []
    for k, (y0, y1) in enumerate(zip(control, experimental, strict=True)):
        last = k + 1 == len(control)
        end0, end1 = (0, 0) if last else (control[k + 1], experimental[k + 1])
        own.append((_share(max(end1, 1), y0, ratio), y1 - end1))
        others.append((_share(end1, y0, ratio), y0 - end0))
    return d1 - _least_sum(own, d1) - _least_sum(others, d0)


def _share(y1: int, y0: int, ratio: float) -> float:
    return y1 * ratio / (y1 * ratio + y0) if y1 or y0 else 0.0


def _least_sum(places: list[tuple[float, int]], events: int) -> float:
    """The least sum of shares over so many events, each place taking as many as it has room for."""
    total = 0.0
    for share, room in sorted(places):
        taken = min(max(room, 0), events)
        total, events = total + taken * share, events - taken
    return total
