"""Profile-likelihood limits: where the likelihood, maximized over the other coefficients, has fallen so far."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from equipoise.kernels.plain.cox import CoxTerms
from equipoise.kernels.plain.cox_firth import maximize_penalized
from equipoise.kernels.plain.newton import maximize

Evaluate = Callable[[np.ndarray], CoxTerms]

# A coefficient moved this many spreads of its covariate without reaching the limit: hazard ratios beyond exp(100).
_FARTHEST = 100.0
_MAX_STEPS = 100


def profile_limit(
    evaluate: Evaluate, best: np.ndarray, target: float, j: int, step: float, scale: np.ndarray, *, penalized: bool
) -> float:
    """The value of coefficient j, from `best` in the direction of `step`, at which the profile equals `target`.

    `step`: a first guess of the distance, signed. `scale` (p): the spread of each covariate. Infinite where the profile
    stays above the target. Newton's method on the profile, whose slope is the score of coefficient j (the others being
    at their maximum), inside a shrinking bracket.

    Source: Venzon DJ, Moolgavkar SH. Appl Stat 1988;37:87-94.
    """
    inside, outside = float(best[j]), None
    beta = best.copy()
    proposed = inside + step
    for _ in range(_MAX_STEPS):
        beta, excess, slope = _profile(evaluate, beta, j, proposed, target, scale, penalized)
        if excess >= 0.0:
            inside = proposed
        else:
            outside = proposed
        if outside is None and abs(inside - best[j]) * scale[j] > _FARTHEST:
            return math.copysign(math.inf, step)
        following = _following(proposed, excess, slope, inside, outside, step)
        # Newton's error is about the square of its step; an excess within rounding of the target has no digits left.
        if abs(following - proposed) <= 1e-9 * abs(step) or abs(excess) <= 1e-15 * abs(target):
            return following
        proposed = following
    return proposed


def _following(at: float, excess: float, slope: float, inside: float, outside: float | None, step: float) -> float:
    """The next value to try: Newton's where it falls within the bracket, else twice as far or its middle."""
    newton = at - excess / slope if slope != 0.0 else math.inf
    if outside is None:
        farther = inside + 2.0 * step + (inside - at)
        ahead = (newton - inside) * step > 0.0
        return newton if ahead and abs(newton - inside) < abs(farther - inside) else farther
    low, high = min(inside, outside), max(inside, outside)
    return newton if low <= newton <= high else 0.5 * (low + high)


def _profile(
    evaluate: Evaluate, beta: np.ndarray, j: int, value: float, target: float, scale: np.ndarray, penalized: bool
) -> tuple[np.ndarray, float, float]:
    """The other coefficients at their maximum, the profile's excess over the target, and its slope."""
    others = np.arange(len(beta)) != j
    at = beta.copy()
    at[j] = value
    if penalized:
        fit = maximize_penalized(evaluate, at, others)
        return fit.beta, fit.terms.loglik - target, float(fit.terms.score[j])
    if not others.any():
        terms = evaluate(at)
        return at, terms.loglik - target, float(terms.score[0])

    def restricted(part: np.ndarray) -> CoxTerms:
        whole = at.copy()
        whole[others] = part
        terms = evaluate(whole)
        return CoxTerms(terms.loglik, terms.score[others], terms.information[np.ix_(others, others)])

    start = at[others]
    if not math.isfinite(restricted(start).loglik):
        start = np.zeros(len(start))
    fit = maximize(restricted, scale[others], start)
    at[others] = fit.beta
    terms = evaluate(at)
    return at, terms.loglik - target, float(terms.score[j])
