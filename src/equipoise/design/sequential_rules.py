"""What the designer of a group-sequential trial decided, and the bounds that follow from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.design.boundaries import Boundary
from equipoise.design.spending import Spending, spending_invalid
from equipoise.errors import DesignError
from equipoise.kernels import dispatch
from equipoise.kernels.plain.special import normal_quantile

Floats = npt.NDArray[np.float64]
# A bound by spending, by a classical shape, or given as Z values (NaN: solve for it; infinite: none at this look).
Bound = Spending | Boundary | Floats

_INFINITE = math.inf
_BETA_STEPS, _BETA_REACH = 200, 8.0


@dataclass(frozen=True)
class SequentialRules:
    """The rules of a design; every error rate is one-sided.

    `alpha` of efficacy, `harm_alpha` of harm; `efficacy`, `futility` and `harm` say how their bounds come about (harm
    "mirror": minus the efficacy bounds, both stopping the trial); `efficacy_at` and `futility_at` mark the looks that
    have a bound (None: all); `binding` futility lowers the efficacy bounds.
    """

    alpha: float
    efficacy: Bound
    futility: Spending | Floats | None = None
    binding: bool = False
    harm: Bound | str | None = None
    harm_alpha: float = 0.0
    efficacy_at: tuple[int, ...] | None = None
    futility_at: tuple[int, ...] | None = None
    engine: str = "auto"


@dataclass(frozen=True)
class SequentialBounds:
    """Z bounds (K,): reject above `upper`, stop for futility below `futility`, for harm below `harm`.

    `drift` is the mean of the final Z under the alternative (NaN where none was needed), `beta` its type II error.
    """

    upper: Floats
    futility: Floats
    harm: Floats
    drift: float = math.nan
    beta: float = math.nan

    @property
    def lower(self) -> Floats:
        """Where a trial stops below, for whichever reason."""
        return np.maximum(self.futility, self.harm)


def solve_sequential(
    rules: SequentialRules, fraction: Floats, time: Floats, *, power: float | None, drift: float | None
) -> SequentialBounds:
    """The bounds at information fractions (K,), their spending functions read at `time` (K,).

    Futility needs `power`, the drift then being solved for, or `drift`, the type II error being what the power attained
    leaves (a fixed point), or both, the type II error being what `power` leaves. Raises DesignError `spending-invalid`.
    """
    none = _no_bounds(len(fraction))
    upper, harm = _upper_and_harm(rules, fraction, time, none)
    if rules.futility is None:
        return SequentialBounds(upper, none, harm)
    given = np.empty((4, len(fraction)))
    given[1] = np.nan if rules.binding and isinstance(rules.efficacy, Spending) else upper
    given[3] = _increments(rules.efficacy, time, rules.alpha, rules.efficacy_at)
    found = _with_futility(rules, fraction, time, given, harm, power, drift)
    _check_crossing(rules, found)
    return found


@lru_cache(maxsize=256)
def _no_bounds(looks: int) -> Floats:
    none = np.full(looks, -_INFINITE)
    none.setflags(write=False)
    return none


def _upper_and_harm(rules: SequentialRules, fraction: Floats, time: Floats, none: Floats) -> tuple[Floats, Floats]:
    """Efficacy bounds as if futility were not binding, and harm bounds."""
    mirror = rules.harm == "mirror"
    lower = none
    if rules.binding and not isinstance(rules.futility, Spending) and rules.futility is not None:
        lower = _masked(rules.futility, rules.futility_at, -_INFINITE)
    upper = _one_sided(
        rules.efficacy, rules.alpha, rules.efficacy_at, fraction, time, None if mirror else lower, rules.engine
    )
    if mirror:
        return upper, -upper
    if rules.harm is None or isinstance(rules.harm, str):
        return upper, none
    return upper, -_one_sided(rules.harm, rules.harm_alpha, None, fraction, time, none, rules.engine)


def _one_sided(
    bound: Bound,
    alpha: float,
    at: tuple[int, ...] | None,
    fraction: Floats,
    time: Floats,
    lower: Floats | None,
    engine: str,
) -> Floats:
    """Upper bounds of one kind with one-sided error alpha; `lower` None: the mirror image stops trials below."""
    if isinstance(bound, Boundary):
        return bound.solve(fraction, alpha, _active(at, len(fraction)), lower, engine).upper
    given = np.zeros((4, len(fraction)))
    given[0] = -_INFINITE if lower is None else lower
    if isinstance(bound, Spending):
        given[1] = math.nan
        given[3] = _increments(bound, time, alpha, at)
        return dispatch.sequential_bounds(fraction, given, symmetric=lower is None, engine=engine).upper
    given[1] = _masked(bound, at, _INFINITE)
    return _given_upper(given, fraction, alpha, lower is None, engine)


def _given_upper(given: Floats, fraction: Floats, alpha: float, symmetric: bool, engine: str) -> Floats:
    """Upper bounds that are given, the last one solved for from what alpha leaves where it is NaN."""
    open_last = math.isnan(given[1, -1])
    first = given.copy()
    first[1, -1] = _INFINITE if open_last else given[1, -1]
    found = dispatch.sequential_bounds(fraction, first, symmetric=symmetric, engine=engine)
    spent = float(found.upper_crossed.sum())
    if spent > alpha * (1.0 + 1e-9) or (open_last and spent >= alpha):
        raise spending_invalid(
            f"the efficacy bounds {[round(z, 6) for z in first[1].tolist()]} spend {spent:.6g} of alpha {alpha:g}",
            "the type I error would exceed alpha",
            "raise the bounds; None as the last lets it be solved for",
        )
    if not open_last:
        return found.upper
    given[3, -1] = alpha - spent
    return dispatch.sequential_bounds(fraction, given, symmetric=symmetric, engine=engine).upper


def _increments(bound: Bound | None, time: Floats, total: float, at: tuple[int, ...] | None) -> Any:
    """Error to be spent at each look; a look without a bound leaves its share to the next one that has one."""
    if not isinstance(bound, Spending):
        return 0.0
    spent = bound.spent(time, total)
    before, increments = 0.0, []
    for look, value in enumerate(spent, start=1):
        if at is None or look in at:
            increments.append(value - before)
            before = value
        else:
            increments.append(0.0)
    return increments


def _masked(values: Floats, at: tuple[int, ...] | None, none: float) -> Floats:
    return values if at is None else np.where(_active(at, len(values)), values, none)


def _active(at: tuple[int, ...] | None, looks: int) -> npt.NDArray[np.bool_]:
    return np.ones(looks, bool) if at is None else np.isin(np.arange(1, looks + 1), at)


def _with_futility(
    rules: SequentialRules,
    fraction: Floats,
    time: Floats,
    given: Floats,
    harm: Floats,
    power: float | None,
    drift: float | None,
) -> SequentialBounds:
    """Futility bounds; a look where harm stops trials that futility would not takes the harm bound for its lower."""
    fixed = np.full(len(fraction), np.nan)
    for _ in range(len(fraction) + 1):
        given[0] = _futility_given(rules, fixed)
        found = _futility(rules, fraction, time, given, power, drift)
        below = (harm > found.futility) & np.isnan(fixed)
        below[-1] = False
        if not below.any():
            return SequentialBounds(found.upper, found.futility, harm, found.drift, found.beta)
        fixed[below] = harm[below]
    raise AssertionError("every look was fixed, and one is still open")


def _futility_given(rules: SequentialRules, fixed: Floats) -> Floats:
    """The lower bounds for the kernel: NaN where beta spending decides; the last look closes the trial."""
    looks = len(fixed)
    by_spending = isinstance(rules.futility, Spending)
    lower = np.full(looks, np.nan) if by_spending else np.array(rules.futility, dtype=float)
    lower[~_active(rules.futility_at, looks)] = -_INFINITE
    lower = np.where(np.isnan(fixed), lower, np.fmax(fixed, np.where(np.isnan(lower), -_INFINITE, lower)))
    lower[-1] = _INFINITE
    return lower


def _futility(
    rules: SequentialRules, fraction: Floats, time: Floats, given: Floats, power: float | None, drift: float | None
) -> SequentialBounds:
    """Futility bounds for a known power, a known drift, or both."""

    def spend(beta: float) -> None:
        by_spending = isinstance(rules.futility, Spending)
        given[2] = _increments(rules.futility, time, beta, rules.futility_at) if by_spending else 0.0

    none = _no_bounds(len(fraction))
    if drift is None:
        assert power is not None
        spend(1.0 - power)
        drift, found = dispatch.sequential_drift(fraction, given, power, engine=rules.engine)
        if math.isnan(drift):
            raise _unreachable(power)
        return SequentialBounds(found.upper, found.lower, none, float(drift), 1.0 - power)

    def attained(beta: float) -> Any:
        spend(beta)
        return dispatch.sequential_bounds(fraction, given, drift=drift, upper_drift=0.0, engine=rules.engine)

    if power is not None:
        beta = 1.0 - power
        found = attained(beta)
    else:
        beta, found = _attained_beta(attained, drift, given)
    return SequentialBounds(found.upper, found.lower, none, drift, beta)


def _attained_beta(attained: Any, drift: float, given: Floats) -> tuple[float, Any]:
    """The type II error that is 1 - power of the design which spends it: secant steps on its probit, in a bracket."""
    start = given[1, -1] if math.isfinite(given[1, -1]) else 2.0
    low, high = -_BETA_REACH, _BETA_REACH
    level, before, miss_before = min(max(start - drift, low), high), math.nan, math.nan
    for i in range(_BETA_STEPS):
        beta = _phi(level)
        found = attained(beta)
        miss = normal_quantile(min(max(1.0 - float(found.upper_crossed.sum()), 1e-300), 1.0 - 1e-16)) - level
        if abs(miss) <= 1e-13 or abs(level - before) <= 1e-13:
            return beta, found
        low, high = (level, high) if miss > 0.0 else (low, level)
        slope = (miss - miss_before) / (level - before)
        proposed = level - miss / (slope if slope < -1e-3 else -1.0)
        before, miss_before = level, miss
        level = proposed if low < proposed < high and i % 10 < 9 else (low + high) / 2.0
    raise _unreachable(None)


def _phi(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _check_crossing(rules: SequentialRules, found: SequentialBounds) -> None:
    # The kernel cuts a futility bound where the efficacy bound begins: the one that was asked for is told.
    asked = found.futility
    if isinstance(rules.futility, np.ndarray):
        asked = np.maximum(asked, _masked(rules.futility, rules.futility_at, -_INFINITE))
    for look, (low, high) in enumerate(zip(asked[:-1], found.upper[:-1], strict=True), start=1):
        if low >= high:
            raise spending_invalid(
                f"the futility bound reaches the efficacy bound at look {look} (Z {low:.6g} and {high:.6g})",
                "no trial could go on beyond that look",
                "spend less error early, leave that bound out (efficacy_at, futility_at), or lower the futility bound",
            )


def _unreachable(power: float | None) -> DesignError:
    wanted = "any power" if power is None else f"power {power:g}"
    return DesignError(
        "design-unreachable",
        f"no drift gives {wanted} with these bounds",
        where="futility",
        reason="the futility bounds stop too many trials",
        hint="lower the futility bounds, or spend less of the type II error at interims",
    )


def as_floats(values: Sequence[Any] | np.ndarray, missing: float) -> Floats:
    """Z values as an array, None as `missing`."""
    return np.array([missing if value is None else float(value) for value in values])
