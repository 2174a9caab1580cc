"""Checks of printed percentages: possible counts and denominators, intervals by named methods, tests by named tests."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from equipoise.evidence.findings import Finding, Status
from equipoise.evidence.interval_checks import holds
from equipoise.evidence.printed import Printed
from equipoise.evidence.published import (
    PrintedEstimate,
    PrintedInterval,
    PrintedShare,
    PublishedShares,
    PublishedTrial,
)
from equipoise.kernels.plain import binomial
from equipoise.kernels.plain.special import chi_square_tail, normal_tail

ARMS = ("experimental", "control")
# A population whose size is not stated (the treated, for one) is at least this share of those randomized; a smaller one
# is named in a note.
_LEAST_SHARE = 0.85
_MOST_NAMED = 6
_EVERYBODY = "all randomized"
_DEFAULT_LEVEL = 0.95
_HALF_A_UNIT = "half a unit of each last digit"
_INTERVALS: dict[str, Callable[[int, int, float], tuple[float, float]]] = {
    "Clopper-Pearson": binomial.clopper_pearson,
    "Wilson": binomial.wilson,
    "Wilson with continuity correction": binomial.wilson_continuity,
    "Wald": binomial.wald,
    "Agresti-Coull": binomial.agresti_coull,
    "Jeffreys": binomial.jeffreys,
}


def check_shares(trial: PublishedTrial) -> list[Finding]:
    """Checks 5 and 6 of every percentage of a trial."""
    found = list(_percentages(trial))
    for shares in trial.shares:
        found += [finding for arm in ARMS if (finding := _interval(trial, shares, arm)) is not None]
        test = _test(trial, shares)
        found += [test] if test is not None else []
    return found


def possible_counts(percent: Printed, n: int) -> range:
    """The counts among n that print as a percentage: none, one, or, at coarse digits, several.

    >>> list(possible_counts(Printed("47.4", 47.4, 47.35, 47.45), 135))
    [64]
    """
    low = math.ceil(percent.low / 100.0 * n - 1e-9)
    high = math.floor(min(percent.high, 100.0) / 100.0 * n + 1e-9)
    return range(max(low, 0), min(high, n) + 1)


def possible_denominators(percents: Sequence[Printed], low: int, high: int) -> list[int]:
    """The denominators from `low` to `high` that allow a count for every percentage."""
    return [n for n in range(max(low, 1), high + 1) if all(possible_counts(percent, n) for percent in percents)]


def _percentages(trial: PublishedTrial) -> Iterator[Finding]:
    """Check 5: percentages of one arm and population have one denominator; a stated one allows a count for each."""
    groups: dict[tuple[str, str | None], list[tuple[str, PrintedShare]]] = {}
    for shares in trial.shares:
        for arm in ARMS:
            share = getattr(shares, arm)
            if share is None:
                continue
            if share.of is not None:
                yield _stated(f"{shares.label}, {getattr(trial, arm).label}", share)
            else:
                groups.setdefault((arm, shares.population), []).append((shares.label, share))
    for (arm, population), held in groups.items():
        yield _together(trial, arm, population, held)


def _stated(subject: str, share: PrintedShare) -> Finding:
    assert share.of is not None
    counts = possible_counts(share.percent, share.of)
    values = {"denominator": float(share.of)}
    if share.count is not None and share.count in counts:
        said = f"{share.count} of {share.of} is {100 * share.count / share.of:.4g}%"
        return Finding("percentages", subject, "consistent", said, values=values)
    if share.count is not None:
        said = f"{share.count} of {share.of} is {100 * share.count / share.of:.4g}%, not {share.percent}%"
        explanation = f"consistent if the count is {counts[0]}" if counts else ""
        return Finding("percentages", subject, "inconsistent", said, explanation=explanation, values=values)
    if counts:
        said = f"{share.percent}% of {share.of} is {_numbers(list(counts))}"
        return Finding("percentages", subject, "consistent", said, values=values)
    said = f"no count among {share.of} gives {share.percent}%"
    return Finding("percentages", subject, "inconsistent", said, (), _another_denominator(share, share.of), values,
                   _HALF_A_UNIT)  # fmt: skip


def _another_denominator(share: PrintedShare, of: int) -> str:
    """The mildest reading of a percentage that no count gives: a share, or the nearest denominator."""
    if share.percent.value <= 1.0 and possible_counts(share.percent.scaled(100.0), of):
        return f"consistent if {share.percent} is a share, not a percentage"
    near = [n for n in range(max(1, of - 20), of + 21) if possible_counts(share.percent, n)]
    return f"consistent if the denominator is {min(near, key=lambda n: abs(n - of))}" if near else ""


def _together(
    trial: PublishedTrial, arm: str, population: str | None, held: Sequence[tuple[str, PrintedShare]]
) -> Finding:
    own = getattr(trial, arm)
    most = own.randomized
    subject = f"{own.label}, {population or 'population not stated'}"
    percents = [share.percent for _, share in held]
    low = most if population == _EVERYBODY else math.ceil(_LEAST_SHARE * most)
    fitting = possible_denominators(percents, low, most)
    listed = ", ".join(f"{share.percent}%" for _, share in held)
    arithmetic = (f"{listed}: denominators from {low} to {most} that allow a count for each",)
    values = {"from": float(low), "to": float(most), "possible": float(len(fitting))}
    if fitting:
        said = f"possible with {_numbers(fitting)} as the denominator"
        return Finding("percentages", subject, "consistent", said, arithmetic, values=values)
    said = f"no denominator from {low} to {most} allows a count for each percentage"
    if all(percent.value <= 1.0 for percent in percents) and possible_denominators(
        [percent.scaled(100.0) for percent in percents], low, most
    ):
        explanation = "consistent if these are shares, not percentages"
        return Finding("percentages", subject, "inconsistent", said, arithmetic, explanation, values, _HALF_A_UNIT)
    smaller = possible_denominators(percents, 1, most)
    known = population == _EVERYBODY or not smaller
    explanation = f"consistent with {_numbers(smaller[::-1])} as the denominator" if smaller else ""
    return Finding("percentages", subject, "inconsistent" if known else "note", said, arithmetic, explanation, values,
                   _HALF_A_UNIT)  # fmt: skip


def _numbers(found: Sequence[int]) -> str:
    if len(found) <= _MOST_NAMED:
        return " or ".join(str(n) for n in found)
    return ", ".join(str(n) for n in found[:_MOST_NAMED]) + f" and {len(found) - _MOST_NAMED} more"


def _counts_of(trial: PublishedTrial, shares: PublishedShares, arm: str) -> list[tuple[int, int]]:
    """The counts and denominators that a printed share may stand for."""
    share, own = getattr(shares, arm), getattr(trial, arm)
    if share is None:
        return []
    if share.of is not None:
        denominators = [share.of]
    elif shares.population == _EVERYBODY:
        denominators = [own.randomized]
    else:
        denominators = list(range(math.ceil(_LEAST_SHARE * own.randomized), own.randomized + 1))
    if share.count is not None:
        return [(share.count, n) for n in denominators if share.count in possible_counts(share.percent, n)]
    return [(x, n) for n in denominators for x in possible_counts(share.percent, n)]


def _interval(trial: PublishedTrial, shares: PublishedShares, arm: str) -> Finding | None:
    """Check 6, first half: a printed interval of a share is that of a named method for a possible count."""
    share: PrintedShare | None = getattr(shares, arm)
    if share is None or share.interval is None:
        return None
    subject = f"{shares.label}, {getattr(trial, arm).label}"
    if 0.0 < share.percent.value < 100.0 and not holds(PrintedEstimate(value=share.percent, interval=share.interval)):
        said = f"{share.percent}% lies outside its interval, {share.interval.lower} to {share.interval.upper}"
        return Finding("limits", subject, "inconsistent", said, (), "consistent if one of the three was misprinted",
                       tolerance=_HALF_A_UNIT)  # fmt: skip
    level = share.interval.level.value / 100.0 if share.interval.level is not None else _DEFAULT_LEVEL
    matches: dict[str, tuple[int, int]] = {}
    for x, n in _counts_of(trial, shares, arm):
        for name, method in _INTERVALS.items():
            if name not in matches and _prints(share.interval, method(x, n, level)):
                matches[name] = (x, n)
    if matches:
        said = "; ".join(f"{name} for {x} of {n}" for name, (x, n) in matches.items())
        return Finding("response-interval", subject, "consistent", f"the interval is {said}")
    return Finding(
        "response-interval", subject, "note", "the interval is none of the usual ones for any possible count",
        (f"tried at {100 * level:g}%: {', '.join(_INTERVALS)}",),
        "consistent with an interval adjusted, stratified or bootstrapped",
    )  # fmt: skip


def _prints(interval: PrintedInterval, limits: tuple[float, float]) -> bool:
    lower, upper = (100.0 * limit for limit in limits)
    return interval.lower.allows(lower, 1e-9) and interval.upper.allows(upper, 1e-9)


def _test(trial: PublishedTrial, shares: PublishedShares) -> Finding | None:
    """Check 6, second half: a printed P of two shares is that of a named test; at most a note."""
    if shares.test is None or shares.experimental is None or shares.control is None:
        return None
    tables = [
        (x1, n1, x2, n2)
        for x1, n1 in _counts_of(trial, shares, "experimental")
        for x2, n2 in _counts_of(trial, shares, "control")
    ]
    if not tables or len(tables) > 400:
        return Finding("response-test", shares.label, "not-checked", "the counts behind the percentages are not known")
    tested = {table: response_tests(*table) for table in tables}
    for side in (shares.test.sides,) if shares.test.sides is not None else (2, 1):
        for (x1, n1, x2, n2), found in tested.items():
            for name, p in found.items():
                if shares.test.p.allows(p if side == 2 else p / 2.0, 1e-12):
                    said = (
                        f"P is that of the {name} for {x1}/{n1} against {x2}/{n2}{', one-sided' if side == 1 else ''}"
                    )
                    status: Status = "consistent" if side == 2 or shares.test.sides == 1 else "note"
                    explanation = "" if status == "consistent" else "consistent if P is one-sided"
                    return Finding("response-test", shares.label, status, said, (), explanation)
    first = tested[tables[0]]
    x1, n1, x2, n2 = tables[0]
    tried = ", ".join(f"{name} {p:.3f}" for name, p in first.items())
    return Finding(
        "response-test", shares.label, "note", "no common unadjusted test gives this P",
        (f"{x1}/{n1} against {x2}/{n2}: {tried}",), "stratified and exact unconditional tests are not excluded",
        dict(first),
    )  # fmt: skip


def response_tests(x1: int, n1: int, x2: int, n2: int) -> dict[str, float]:
    """Two-sided P values of the usual tests of two shares, by name."""
    p1, p2, pooled = x1 / n1, x2 / n2, (x1 + x2) / (n1 + n2)
    if pooled in (0.0, 1.0):
        return {"chi-square test": 1.0, "Fisher's exact test": 1.0}
    unpooled = p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2
    variance = pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2)
    difference = abs(p1 - p2)
    corrected = max(0.0, difference - 0.5 * (1.0 / n1 + 1.0 / n2))
    support = range(max(0, x1 + x2 - n2), min(n1, x1 + x2) + 1)
    whole = _log_choose(n1 + n2, x1 + x2)
    masses = [math.exp(_log_choose(n1, x) + _log_choose(n2, x1 + x2 - x) - whole) for x in support]
    own = masses[x1 - support.start]
    below = sum(mass for mass in masses if mass < own * (1.0 - 1e-7))
    tied = sum(mass for mass in masses if abs(mass - own) <= own * 1e-7)
    found = {
        "chi-square test": 2.0 * normal_tail(difference / math.sqrt(variance)),
        "chi-square test with continuity correction": 2.0 * normal_tail(corrected / math.sqrt(variance)),
        "likelihood-ratio test": chi_square_tail(_likelihood_ratio(x1, n1, x2, n2), 1),
        "Fisher's exact test": min(1.0, below + tied),
        "mid-P exact test": min(1.0, below + 0.5 * tied),
    }
    if unpooled > 0.0:
        found["unpooled Wald test"] = 2.0 * normal_tail(difference / math.sqrt(unpooled))
    return found


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _likelihood_ratio(x1: int, n1: int, x2: int, n2: int) -> float:
    pooled = (x1 + x2) / (n1 + n2)
    cells = ((x1, n1 * pooled), (n1 - x1, n1 * (1 - pooled)), (x2, n2 * pooled), (n2 - x2, n2 * (1 - pooled)))
    return 2.0 * sum(seen * math.log(seen / expected) for seen, expected in cells if seen)
