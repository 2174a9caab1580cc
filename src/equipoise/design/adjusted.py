"""P values, estimates and confidence intervals that allow for the looks of a group-sequential trial."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from equipoise.design.bound_families import BoundFamily
from equipoise.design.design_result import DesignResult, design_row, prose_number, prose_percent, render_code
from equipoise.design.levels import check_alpha, check_positive, refused, to_float
from equipoise.design.monitoring import check_events, information_per_unit, monitored, to_sequence
from equipoise.design.sequential_design import GroupSequentialDesign
from equipoise.design.spending import spending_invalid
from equipoise.design.stagewise import StagewiseOutcome, probit
from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.kernels.plain.special import normal_tail

_STAGEWISE = "stagewise-ordering"
_REPEATED = "repeated-confidence"
_SEQUENTIAL = "sequential-p"
# Events are whole, the planned maximum may not be.
_REACHED = 1e-9


@dataclass(frozen=True)
class Interval:
    """An estimate with confidence limits on the log hazard ratio scale; `hr` and `z_scale` give it on others.

    `estimate` is NaN for a repeated interval. `information` is that of the look.
    """

    estimate: float
    low: float
    high: float
    information: float

    @property
    def hr(self) -> tuple[float, float, float]:
        """(estimate, low, high) as hazard ratios."""
        return _exp(self.estimate), _exp(self.low), _exp(self.high)

    @property
    def z_scale(self) -> tuple[float, float, float]:
        """(estimate, low, high) as effects in standard errors of the look, positive in favor of experimental."""
        root = math.sqrt(self.information)
        return -self.estimate * root, -self.high * root, -self.low * root


@dataclass(frozen=True)
class AnalyzedLook:
    """A look: its Z, information and bounds; repeated confidence interval and P, and the sequential P by then.

    `lower` is minus infinity unless a lower bound binds.
    The P values are one-sided; they are NaN where bounds were given without the spending function behind them.
    """

    look: int
    z: float
    information: float
    bound: float
    lower: float
    repeated: Interval
    repeated_p_value: float
    sequential_p_value: float


@dataclass(frozen=True, repr=False)
class AdjustedInference(DesignResult):
    """Inference that allows for the looks.

    `looks`: what can be said at each look, whether the trial goes on or not. `stopped_look`: where the trial ended,
    None while it goes on; then `p_value` (one-sided, stage-wise ordering) and `adjusted` (median-unbiased estimate with
    its confidence interval) are NaN. `naive`: the same as if there had been one look. `conf_level` is 1 - 2 alpha of
    one side.
    """

    looks: tuple[AnalyzedLook, ...]
    stopped_look: int | None
    rejected: bool
    p_value: float
    adjusted: Interval
    naive: Interval
    naive_p_value: float
    conf_level: float
    arguments: dict[str, Any] = field(compare=False)

    @property
    def p_value_two_sided(self) -> float:
        """Twice the smaller tail."""
        return 2.0 * min(self.p_value, 1.0 - self.p_value)

    def to_rows(self) -> list[ResultRow]:
        """By look: Z, bound, repeated limits and P values; then the stage-wise and the naive results, on all scales."""
        rows = []
        for look in self.looks:
            at = {"look": look.look, "parameter": "repeated"}
            rows.append(design_row("z", look.z, **at))
            rows.append(design_row("information", look.information, **at))
            rows.append(design_row("z_upper", look.bound, **at))
            rows += _interval_rows(look.repeated, at | {"method": _REPEATED})
            rows.append(design_row("p_value", look.repeated_p_value, **at, method=_REPEATED, format="p"))
            rows.append(design_row("sequential_p_value", look.sequential_p_value, **at, method=_SEQUENTIAL, format="p"))
        at = {"look": self.stopped_look, "parameter": "stagewise", "method": _STAGEWISE}
        at |= {"missing": "the trial goes on"} if self.stopped_look is None else {}
        rows += [*_interval_rows(self.adjusted, at), design_row("p_value", self.p_value, **at, format="p")]
        rows.append(design_row("p_value_two_sided", self.p_value_two_sided, **at, format="p"))
        at = {"look": self.stopped_look or len(self.looks), "parameter": "naive", "method": "logrank"}
        return [*rows, *_interval_rows(self.naive, at), design_row("p_value", self.naive_p_value, **at, format="p")]

    def text(self) -> str:
        last = self.looks[-1]
        level = prose_percent(self.conf_level)
        repeated = _prose(last.repeated.hr[1:])
        if self.stopped_look is None:
            return (
                f"At look {last.look} Z is {prose_number(last.z)} against a bound of {prose_number(last.bound)}: the "
                f"trial goes on. The repeated {level} confidence interval of the hazard ratio is {repeated}"
                + _p_prose(last)
                + "."
            )
        ended = self.looks[self.stopped_look - 1]
        verdict, against, name = ("reached" if self.rejected else "did not reach"), ended.bound, "bound"
        if ended.z <= ended.lower:
            verdict, against, name = "crossed", ended.lower, "lower bound"
        return (
            f"The trial ended at look {ended.look}, where Z = {prose_number(ended.z)} {verdict} the {name} of "
            f"{prose_number(against)}. By the stage-wise ordering the one-sided P value is {self.p_value:.4g} and "
            f"the median-unbiased estimate of the hazard ratio is {prose_number(self.adjusted.hr[0])} ({level} "
            f"confidence interval {_prose(self.adjusted.hr[1:])}); as if there had been one look it would be "
            f"{prose_number(self.naive.hr[0])} ({_prose(self.naive.hr[1:])}). The repeated {level} confidence interval "
            f"at look {ended.look} is {_prose(ended.repeated.hr[1:])}" + _p_prose(ended) + "."
        )

    def code(self) -> str:
        return render_code("adjusted_inference", self.arguments)


def adjusted_inference(
    z: float | Sequence[float],
    information: float | Sequence[float],
    *,
    design: GroupSequentialDesign | None = None,
    upper: Sequence[float] | None = None,
    lower: Sequence[float] | None = None,
    alpha: float | None = None,
    sides: int | None = None,
    ratio: float | tuple[float, float] | None = None,
    final: bool | None = None,
) -> AdjustedInference:
    """Stage-wise P and median-unbiased estimate, repeated confidence intervals and P, sequential P.

    Arguments: `z` (k), the statistics at the looks so far, positive in favor of the experimental arm, and the
    `information` at them. Either `design`, a `GroupSequentialDesign` with events; then `information` is events seen,
    and bounds are recomputed for them where they are not as planned. Or the bounds themselves: `upper` (k), infinite
    where there is none, with `alpha` and `sides`; then `information` is that of the log hazard ratio (events r / (1 +
    r)^2 for a log-rank test), or events when `ratio` (experimental : control) is given; and `lower` (k), bounds that
    bind, None for none. `final`: whether the last look given ends the trial even below its bound (with `design` it then
    spends all alpha); None: whether the planned maximum has been reached, never without `design`.
    Futility bounds that do not bind are ignored on purpose: the error rate is kept whether they are followed or not.

    Returns an `AdjustedInference`. Raises ArgumentError `argument-invalid`; DesignError `design-unknowns` for a design
    without events, `spending-invalid` for information that does not grow.

    Formula: with s the look of the end, P(theta) = P(an upper crossing before s, or Z_s >= z_s); P = P(0); the estimate
    solves P(theta) = 1/2, the limits alpha and 1 - alpha of one side. Repeated limits: (z_k -+ c_k) / sqrt(I_k);
    repeated P: the alpha whose bound at look k is z_k; sequential P: the smallest repeated P so far.
    Source: Jennison C, Turnbull BW. Group sequential methods. Chapman & Hall 2000, chapters 8-9; Tsiatis AA, Rosner GL,
    Mehta CR. Biometrics 1984;40:797-803; Liu Q, Anderson KM. J Am Stat Assoc 2008;103:1621-1630.

    >>> from equipoise.design import group_sequential
    >>> planned = group_sequential([66, 132], alpha=0.025, sides=1)
    >>> found = adjusted_inference([1.2, 2.5], [66, 132], design=planned)
    >>> found.stopped_look, round(found.p_value, 4), round(found.adjusted.hr[0], 3)
    (2, 0.0071, 0.649)
    """
    arguments = dict(locals())
    seen = _looks_seen(z, information)
    if (design is None) == (upper is None):
        hint = "give the design, or upper, the bounds, with alpha and sides"
        raise refused("upper", upper, hint, "the looks are allowed for by one or the other")
    bounds = (
        _by_design(seen, design, final, {"lower": lower, "alpha": alpha, "sides": sides, "ratio": ratio})
        if design is not None
        else _by_bounds(seen, upper, lower, alpha, sides, ratio, bool(final))
    )
    stop = _stop(seen.z, bounds)
    adjusted, p_value = _stagewise(seen.z, bounds, stop)
    place = len(seen.z) - 1
    own, root, width = float(seen.z[place]), math.sqrt(bounds.information[place]), -probit(bounds.alpha)
    return AdjustedInference(
        looks=_looks(seen.z, bounds),
        stopped_look=None if stop is None else stop + 1,
        rejected=stop is not None and bool(own >= bounds.upper[stop]),
        p_value=p_value,
        adjusted=adjusted,
        naive=Interval(-own / root, (-own - width) / root, (-own + width) / root, root * root),
        naive_p_value=normal_tail(own),
        conf_level=1.0 - 2.0 * bounds.alpha,
        arguments=arguments,
    )


@dataclass(frozen=True, eq=False)
class _Seen:
    """Z at the looks so far, and information as it was given."""

    z: np.ndarray
    given: list[float]


@dataclass(frozen=True, eq=False)
class _Bounds:
    """What the looks so far (k) are held against, and the family the bounds come from."""

    information: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    alpha: float
    ended: bool
    family: BoundFamily | None


def _looks_seen(z: Any, information: Any) -> _Seen:
    values = np.array([to_float(value, "z") for value in to_sequence(z)])
    given = [check_positive(value, "information") for value in to_sequence(information)]
    if len(values) != len(given) or not len(values):
        raise refused("z", z, "one statistic per look", f"information is given at {len(given)} looks")
    if not np.isfinite(values).all():
        raise refused("z", z, "finite numbers, positive in favor of the experimental arm")
    if (np.diff(given) <= 0.0).any():
        message = f"information is {given}"
        raise spending_invalid(message, "information grows from look to look", "give it cumulatively, in order")
    return _Seen(values, given)


def _by_design(seen: _Seen, design: GroupSequentialDesign, final: bool | None, unused: dict[str, Any]) -> _Bounds:
    for name, value in unused.items():
        if value is not None:
            raise refused(name, value, "leave it out", "the design says it already")
    check_events(design)
    ended = seen.given[-1] >= design.maximum * (1.0 - _REACHED) if final is None else final
    actual = monitored(design, seen.given, ended)
    k = len(seen.z)
    # What the efficacy bounds were found with: futility that binds, and harm that mirrors them.
    bind = actual.lower if actual.rules.binding else actual.harm if actual.rules.harm == "mirror" else None
    floor = np.full(k, -math.inf) if bind is None else bind[:k].copy()
    # At the last look futility is the efficacy bound itself.
    floor[-1] = actual.harm[k - 1] if bind is not None and ended else floor[-1]
    known = np.array(seen.given) * actual.variance_share
    family = BoundFamily(actual.rules, actual.fraction, actual.spending_time)
    return _Bounds(known, actual.upper[:k], floor, actual.alpha, ended, family)


def _by_bounds(seen: _Seen, upper: Any, lower: Any, alpha: Any, sides: Any, ratio: Any, ended: bool) -> _Bounds:
    side = check_alpha(alpha, sides)
    bounds = _given("upper", upper, len(seen.z))
    floor = np.full(len(seen.z), -math.inf) if lower is None else _given("lower", lower, len(seen.z))
    if (floor > bounds).any():
        raise refused("lower", lower, f"bounds below the upper ones: {', '.join(prose_number(b) for b in bounds)}")
    return _Bounds(np.array(seen.given) * information_per_unit(ratio), bounds, floor, side, ended, None)


def _given(name: str, bounds: Any, count: int) -> np.ndarray:
    values = np.array([to_float(value, name) for value in to_sequence(bounds)])
    if len(values) != count or np.isnan(values).any():
        raise refused(name, bounds, f"one bound per look so far ({count}), infinite where there is none")
    return values


def _stop(z: np.ndarray, bounds: _Bounds) -> int | None:
    """The position of the look at which the trial ended."""
    crossed = np.flatnonzero((z >= bounds.upper) | (z <= bounds.lower))
    if len(crossed) and crossed[0] < len(z) - 1:
        message = f"Z = {z[crossed[0]]:g} at look {crossed[0] + 1} crossed its bound, but {len(z)} looks are given"
        hint = "inference is for the look at which the trial ended: leave out the looks after it"
        raise ArgumentError("argument-invalid", message, where="z", hint=hint)
    return len(z) - 1 if bounds.ended or len(crossed) else None


def _stagewise(z: np.ndarray, bounds: _Bounds, stop: int | None) -> tuple[Interval, float]:
    if stop is None:
        return Interval(math.nan, math.nan, math.nan, math.nan), math.nan
    value = float(z[stop])
    above = not value <= bounds.lower[stop]
    outcome = StagewiseOutcome(value, bounds.information, bounds.upper[:stop], bounds.lower[:stop], above)
    low, middle, high = (outcome.solve_theta(level) for level in (bounds.alpha, 0.5, 1.0 - bounds.alpha))
    return Interval(-middle, -high, -low, float(bounds.information[-1])), outcome.p_value()


def _looks(z: np.ndarray, bounds: _Bounds) -> tuple[AnalyzedLook, ...]:
    found: list[AnalyzedLook] = []
    columns = (z, bounds.information, bounds.upper, bounds.lower)
    for k, (own, known, bound, low) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        root = math.sqrt(known)
        repeated = Interval(math.nan, -(own + bound) / root, -(own - bound) / root, known)
        p = math.nan if bounds.family is None else bounds.family.repeated_p(k, own)
        sequential = min([p, *(before.sequential_p_value for before in found)])
        found.append(AnalyzedLook(k + 1, own, known, bound, low, repeated, p, sequential))
    return tuple(found)


def _interval_rows(interval: Interval, at: dict[str, Any]) -> list[ResultRow]:
    log_hr = (interval.estimate, interval.low, interval.high)
    scales = {"log_hr": log_hr, "hr": interval.hr, "z_effect": interval.z_scale}
    rows = []
    for scale, values in scales.items():
        shape: dict[str, Any] = {"format": "ratio"} if scale == "hr" else {}
        for suffix, value in zip(("", "_low", "_high"), values, strict=True):
            if suffix or at["parameter"] != "repeated":
                rows.append(design_row(f"{scale}{suffix}", value, **at, **shape))
    return rows


def _exp(value: float) -> float:
    return math.inf if value > 700.0 else math.exp(value)


def _prose(limits: Sequence[float]) -> str:
    return " to ".join("infinity" if math.isinf(limit) else prose_number(limit) for limit in limits)


def _p_prose(look: AnalyzedLook) -> str:
    if math.isnan(look.repeated_p_value):
        return ""
    return (
        f"; the repeated P value is {look.repeated_p_value:.4g}, the sequential P value {look.sequential_p_value:.4g}"
    )
