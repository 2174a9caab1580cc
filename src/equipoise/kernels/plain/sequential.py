"""The joint distribution of a test statistic seen at several looks: boundary-crossing probabilities and bounds.

At information I_1 < ... < I_K the statistics Z_k are normal with mean drift sqrt(I_k), variance 1 and
Cov(Z_j, Z_k) = sqrt(I_j / I_k) for j <= k. The scores S_k = Z_k sqrt(I_k) are a random walk with independent
increments S_k - S_(k-1) ~ N(drift (I_k - I_(k-1)), I_k - I_(k-1)), so the density of S_k among trials still going obeys

    f_k(s) = integral over (lower_(k-1), upper_(k-1)) of f_(k-1)(r) normal density of the increment s - r dr.

Source: Armitage P, McPherson CK, Rowe BC. J R Stat Soc A 1969;132:235-244; Jennison C, Turnbull BW. Group sequential
methods with applications to clinical trials. Chapman & Hall 2000, chapter 19. The integral is taken by Gauss-Legendre
quadrature on the continuation interval, clipped where the density has ended: between the bounds the integrand is
analytic, so the error falls geometrically with the number of nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from equipoise.kernels.plain.special import normal_quantile

# Standard deviations from the mean beyond which a density counts as ended (the tail there is 3e-14), and how far beyond
# the outermost bound it must reach for a crossing that is itself that rare.
REACH, BEYOND = 7.5, 3.5
# Nodes in a rule: FEWEST + PER_STEP for every standard deviation of the narrower increment that the interval is long.
FEWEST, PER_STEP = 16.0, 1.3
# Beyond this many nodes the interval is cut into panels, each with a rule of PANEL nodes.
LARGEST, PANEL = 128, 64
# Drifts whose means differ by more than this many standard deviations are integrated apart.
_SPAN = 6.0
ROOT_STEPS, CLOSE = 60, 1e-7
# The search for a drift: steps at most, the longest step, and the step after which the next error is below rounding.
DRIFT_STEPS, DRIFT_LEAP, DRIFT_CLOSE = 100, 2.0, 1e-8
# Secants flatter than this share of a single test's are not trusted; every so many steps a bracket is halved instead.
LEAST_CHANGE, HALVED = 1e-3, 10

_erfc = np.frompyfunc(math.erfc, 1, 1)

Rule = Callable[[float, float, float, float, float], tuple[np.ndarray, np.ndarray]]


class Bounds(NamedTuple):
    """Bounds by look, each (K,), and the probabilities of first crossing them there under the drift of the call."""

    lower: np.ndarray
    upper: np.ndarray
    lower_crossed: np.ndarray
    upper_crossed: np.ndarray


def normal_tails(z: np.ndarray) -> np.ndarray:
    """P(Z > z) for an array, accurate in the far tail."""
    return 0.5 * np.asarray(_erfc(z / math.sqrt(2.0)), dtype=float)


def node_count(length: float, step: float) -> int:
    """Nodes for an interval of this length when the narrower adjoining increment has standard deviation `step`.

    Chosen so that doubling it changes no bound by more than 1e-10; a multiple of eight.
    """
    return 8 * math.ceil((FEWEST + PER_STEP * min(length / step, 4096.0)) / 8.0)


@lru_cache(maxsize=128)
def gauss_legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on (0, 1): one rule of `count` nodes, or panels of a smaller rule where `count` is large."""
    panels = 1 if count <= LARGEST else -(-count // PANEL)
    node, weight = np.polynomial.legendre.leggauss(count if panels == 1 else PANEL)
    starts = np.arange(panels)[:, None]
    return ((starts + (node + 1.0) / 2.0) / panels).ravel(), np.tile(weight / (2.0 * panels), panels)


def legendre_rule(nodes: int | None = None) -> Rule:
    """Gauss-Legendre nodes and weights of an interval, `nodes` of them or as many as the increments call for."""

    def rule(low: float, high: float, _mean: float, _sd: float, step: float) -> tuple[np.ndarray, np.ndarray]:
        node, weight = gauss_legendre(nodes or node_count(high - low, step))
        return low + (high - low) * node, (high - low) * weight

    return rule


def simpson_rule(r: int = 18) -> Rule:
    """The grid of Jennison and Turnbull (2000, section 19.2) with 12 r - 3 nodes at most, clipped to an interval.

    Points lie evenly within three standard deviations of the mean and thin out logarithmically beyond; each two
    neighbors and their midpoint make one Simpson step.
    """
    i = np.arange(1, 6 * r)
    knot = np.where(
        i < r,
        -3.0 - 4.0 * np.log(r / i),
        np.where(i <= 5 * r, -3.0 + 3.0 * (i - r) / (2.0 * r), 3.0 + 4.0 * np.log(r / (6.0 * r - i))),
    )

    def rule(low: float, high: float, mean: float, sd: float, _step: float) -> tuple[np.ndarray, np.ndarray]:
        inner = mean + sd * knot
        ends = np.concatenate(([low], inner[(inner > low) & (inner < high)], [high]))
        width = np.diff(ends)
        node, weight = np.empty(2 * len(ends) - 1), np.zeros(2 * len(ends) - 1)
        node[::2], node[1::2] = ends, ends[:-1] + width / 2.0
        weight[1::2] = 4.0 * width / 6.0
        weight[:-2:2] += width / 6.0
        weight[2::2] += width / 6.0
        return node, weight

    return rule


class _Going(NamedTuple):
    """Trials still going at a look: nodes on the score scale and the probability each stands for."""

    score: np.ndarray
    mass: np.ndarray
    information: float


_START = _Going(np.zeros(1), np.ones(1), 0.0)


class _Step(NamedTuple):
    """The walk from the last look to the next under one reference drift."""

    going: _Going
    gain: float
    drift: float

    def tilted(self, drift: float) -> np.ndarray:
        """The masses under another drift, by the likelihood ratio, which depends on the score alone."""
        if drift == self.drift:
            return self.going.mass
        exponent = (drift - self.drift) * self.going.score
        return self.going.mass * np.exp(exponent - (drift**2 - self.drift**2) * self.going.information / 2.0)

    def beyond(self, score: float, drift: float, sign: float) -> float:
        """The probability of a score above (`sign` 1) or below (-1) this one at the next look."""
        if math.isinf(score):
            return 0.0 if score * sign > 0.0 else float(self.tilted(drift).sum())
        z = (score - self.going.score - drift * self.gain) / math.sqrt(self.gain)
        return float(self.tilted(drift) @ normal_tails(sign * z))

    def onward(
        self, low: float, high: float, later_gain: float, rule: Rule, drifts: tuple[float, float], reach: np.ndarray
    ) -> _Going:
        """Trials still going after the next look, between two scores."""
        information = self.going.information + self.gain
        sd = math.sqrt(information)
        low = max(low, drifts[0] * information - reach[0] * sd)
        high = max(min(high, drifts[1] * information + reach[1] * sd), low)
        step = math.sqrt(min(self.gain, later_gain))
        node, weight = rule(low, high, self.drift * information, sd, step)
        z = (node[:, None] - self.going.score - self.drift * self.gain) / math.sqrt(self.gain)
        density = np.exp(-0.5 * z * z) @ self.going.mass / math.sqrt(2.0 * math.pi * self.gain)
        return _Going(node, weight * density, information)


def crossing_probabilities(
    information: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    drift: float | np.ndarray,
    *,
    nodes: int | None = None,
    rule: Rule | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities of first crossing the lower and the upper bound at each look.

    `information` (K,) increases; `lower` and `upper` (K,) are on the Z scale, infinite where there is none; the mean
    of Z_k is drift sqrt(information_k). Returns two arrays (K,), or (T, K) for T drifts. `nodes` fixes the number of
    quadrature nodes by look; `rule` takes another quadrature (`simpson_rule()`).
    """
    information, lower, upper = (np.asarray(a, dtype=float) for a in (information, lower, upper))
    drifts = np.atleast_1d(np.asarray(drift, dtype=float))
    rule = rule or legendre_rule(nodes)
    crossed = np.empty((2, len(drifts), len(information)))
    group = np.floor((drifts - drifts.min()) * math.sqrt(information[-1]) / _SPAN)
    for value in np.unique(group):
        chosen = group == value
        crossed[:, chosen] = _crossed(information, lower, upper, drifts[chosen], rule)
    return (crossed[0, 0], crossed[1, 0]) if np.ndim(drift) == 0 else (crossed[0], crossed[1])


def _crossed(
    information: np.ndarray, lower: np.ndarray, upper: np.ndarray, drifts: np.ndarray, rule: Rule
) -> np.ndarray:
    """One recursion under the middle of several drifts, tilted to each: (2, T, K)."""
    ends = float(drifts.min()), float(drifts.max())
    middle = (ends[0] + ends[1]) / 2.0
    gains = np.diff(information, prepend=0.0)
    root = np.sqrt(information)
    going, crossed = _START, np.empty((2, len(drifts), len(information)))
    reach = _reach(lower, upper, gains, gains)
    for k, gain in enumerate(gains):
        exponent = np.multiply.outer(drifts - middle, going.score)
        mass = going.mass * np.exp(exponent - ((drifts**2 - middle**2) * going.information / 2.0)[:, None])
        shift = going.score + drifts[:, None] * gain
        crossed[0, :, k] = (mass * normal_tails((shift - lower[k] * root[k]) / math.sqrt(gain))).sum(axis=1)
        crossed[1, :, k] = (mass * normal_tails((upper[k] * root[k] - shift) / math.sqrt(gain))).sum(axis=1)
        if k + 1 < len(gains):
            step = _Step(going, float(gain), middle)
            going = step.onward(lower[k] * root[k], upper[k] * root[k], float(gains[k + 1]), rule, ends, reach)
    return crossed


def _reach(lower: np.ndarray, upper: np.ndarray, lower_spent: np.ndarray, upper_spent: np.ndarray) -> np.ndarray:
    """Standard deviations to integrate to, below and above: past every bound that is finite, or will be."""
    reach = np.full(2, REACH)
    for side, (bounds, spent) in enumerate(((-lower, lower_spent), (upper, upper_spent))):
        for bound, share in zip(bounds.tolist(), spent.tolist(), strict=True):
            if math.isnan(bound) and 0.0 < share < 1e-3:
                reach[side] = max(reach[side], BEYOND - normal_quantile(share))
            elif math.isfinite(bound):
                reach[side] = max(reach[side], BEYOND + bound)
    return reach


def solve_bounds(
    information: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    lower_spent: np.ndarray,
    upper_spent: np.ndarray,
    *,
    drift: float = 0.0,
    upper_drift: float | None = None,
    symmetric: bool = False,
    rule: Rule | None = None,
) -> Bounds:
    """Bounds that spend given probabilities, look by look, where they are not given themselves.

    NaN in `lower` or `upper` (K,) marks a bound to solve for: the lower so that it is first crossed at look k with
    probability lower_spent_k under `drift`; the upper likewise with upper_spent_k under `upper_drift` (`drift` unless
    given). A probability of zero puts the bound at infinity. No lower bound exceeds the upper: infinity as a lower
    bound closes the design at that look. `symmetric` sets each lower bound to minus the upper. Crossing probabilities
    are returned under `drift`.
    """
    rule = rule or legendre_rule()
    under = drift if upper_drift is None else upper_drift
    drifts = min(drift, under), max(drift, under)
    gains = np.diff(information, prepend=0.0)
    root = np.sqrt(information)
    found = Bounds(np.array(lower, dtype=float), np.array(upper, dtype=float), *np.empty((2, len(gains))))
    going, reach = _START, _reach(found.lower, found.upper, lower_spent, upper_spent)
    for k, gain in enumerate(gains):
        step = _Step(going, float(gain), drift)
        if math.isnan(found.upper[k]):
            found.upper[k] = _bound(step, upper_spent[k], under, 1.0) / root[k]
        if symmetric:
            found.lower[k] = -found.upper[k]
        elif math.isnan(found.lower[k]):
            found.lower[k] = _bound(step, lower_spent[k], drift, -1.0) / root[k]
        found.lower[k] = min(found.lower[k], found.upper[k])
        low, high = found.lower[k] * root[k], found.upper[k] * root[k]
        found.lower_crossed[k], found.upper_crossed[k] = step.beyond(low, drift, -1.0), step.beyond(high, drift, 1.0)
        if k + 1 < len(gains):
            going = step.onward(low, high, float(gains[k + 1]), rule, drifts, reach)
    return found


def _bound(step: _Step, spent: float, drift: float, sign: float) -> float:
    """The score beyond which lies the given probability: Newton on its probit, almost a straight line."""
    mass = step.tilted(drift)
    total = float(mass.sum())
    if spent <= 0.0 or total <= 0.0:
        return sign * math.inf
    if spent >= total:
        return -sign * math.inf
    center = step.going.score + drift * step.gain
    sd = math.sqrt(step.gain)
    mean = float(mass @ center) / total
    spread = math.sqrt(float(mass @ (center - mean) ** 2) / total + step.gain)
    goal = normal_quantile(spent / total)
    # x runs outward: the bound is at sign * x.
    x, low, high = sign * mean - spread * goal, -math.inf, math.inf
    for _ in range(ROOT_STEPS):
        z = (x - sign * center) / sd
        beyond = float(mass @ normal_tails(z)) / total
        low, high = (x, high) if beyond > spent / total else (low, x)
        density = float(mass @ np.exp(-0.5 * z * z)) / (total * sd)
        at = normal_quantile(beyond) if 0.0 < beyond < 1.0 else math.nan
        move = (at - goal) * math.exp(-0.5 * at * at) / density if density > 0.0 else math.nan
        # The error falls quadratically: after a step this short what is left is rounding.
        if abs(move) <= CLOSE * spread:
            return sign * (x + move)
        x = x + move if low < x + move < high else _between(low, high, spread)
    return sign * x


def _between(low: float, high: float, spread: float) -> float:
    """A point inside a bracket that may be open at one end."""
    if math.isinf(low):
        return high - spread
    return low + spread if math.isinf(high) else (low + high) / 2.0


def solve_drift(
    information: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    lower_spent: np.ndarray,
    upper_spent: np.ndarray,
    power: float,
    *,
    rule: Rule | None = None,
) -> tuple[float, Bounds]:
    """The drift at which the upper bounds are crossed with probability `power`, and the bounds there.

    Bounds that are NaN are solved for as in `solve_bounds`: the lower under the drift sought, the upper without drift.
    The secant method runs on the probit of the power, which is almost straight in the drift. NaN if none is found.
    """

    def bounds(drift: float) -> Bounds:
        under = 0.0 if math.isnan(upper[-1]) else drift
        return solve_bounds(
            information, lower, upper, lower_spent, upper_spent, drift=drift, upper_drift=under, rule=rule
        )  # fmt: skip

    goal, slope = normal_quantile(power), math.sqrt(information[-1])
    last = upper[-1] if math.isfinite(upper[-1]) else -normal_quantile(min(float(np.sum(upper_spent)), 0.5))
    drift = (last + goal) / slope
    before, miss_before, settled = math.nan, math.nan, False
    low, high = -math.inf, math.inf
    for i in range(DRIFT_STEPS):
        found = bounds(drift)
        if settled:
            return drift, found
        miss = _probit(float(found.upper_crossed.sum())) - goal
        low, high = (low, min(high, drift)) if miss > 0.0 else (max(low, drift), high)
        proposed = _stepped(miss, miss_before, drift, before, low, high, slope, i % HALVED == HALVED - 1)
        before, miss_before, drift = drift, miss, proposed
        settled = abs(drift - before) * slope <= DRIFT_CLOSE
    return math.nan, bounds(drift)


def _stepped(
    miss: float, miss_before: float, drift: float, before: float, low: float, high: float, slope: float, halve: bool
) -> float:
    """The next drift: by the secant, a step of at most DRIFT_LEAP, or half way between drifts that bracket the root.

    `slope` is a root of the information, what the probit of a single test's power gains by a unit of drift.
    """
    change = (miss - miss_before) / (drift - before) if drift != before else slope
    if not change > LEAST_CHANGE * slope:
        change = slope
    proposed = drift - min(max(miss / change, -DRIFT_LEAP / slope), DRIFT_LEAP / slope)
    bracketed = math.isfinite(low) and math.isfinite(high)
    if bracketed and (halve or not low <= proposed <= high):
        return 0.5 * (low + high)
    return proposed


def _probit(p: float) -> float:
    return normal_quantile(min(max(p, 1e-300), 1.0 - 1e-16))


def solve_upper(
    information: np.ndarray,
    spent: np.ndarray,
    lower: np.ndarray | None = None,
    *,
    drift: float = 0.0,
    rule: Rule | None = None,
) -> np.ndarray:
    """Upper bounds (K,) whose cumulative crossing probability under `drift` is `spent` (K,), above given lower bounds.

    Where `spent` does not grow the bound is infinite. Without `lower` no trial stops below.
    """
    missing = np.full(len(information), math.nan)
    floor = np.full(len(information), -math.inf) if lower is None else lower
    gains = np.diff(spent, prepend=0.0)
    return solve_bounds(np.asarray(information, float), floor, missing, gains, gains, drift=drift, rule=rule).upper
