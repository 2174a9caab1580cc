"""Large-sample moments of weighted log-rank numerators under piecewise-constant hazards, accrual and dropout."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from equipoise.design.levels import refused
from equipoise.design.planned_trial import PlannedStratum, PlannedTrial, PooledCourse, pooled_course
from equipoise.design.quadrature import TimeGrid
from equipoise.kernels.plain.roots import root_between


@dataclass(frozen=True)
class LogrankWeight:
    """A weight over time: S(t)^rho (1 - S(t))^gamma, 1 / max(S(t), s*), steps in time, or a function of (t, S(t)).

    S is the survival of all patients of the stratum together. `steps` is (breaks, values).
    """

    rho: float = 0.0
    gamma: float = 0.0
    t_star: float | None = None
    s_star: float | None = None
    steps: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    function: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None

    @property
    def label(self) -> str:
        """The weighting in words, with its parameters."""
        if self.function is not None:
            name = getattr(self.function, "__name__", "<lambda>")
            return "weights by a function of its own" if name == "<lambda>" else f"weights by the function {name}"
        if self.steps is not None:
            return "weights in steps of time"
        if self.t_star is not None:
            return f"modestly weighted, t* = {self.t_star:g}"
        if self.s_star is not None:
            return f"modestly weighted, s* = {self.s_star:g}"
        return f"Fleming-Harrington({self.rho:g}, {self.gamma:g})" if self.rho or self.gamma else "log-rank"

    def at(self, t: np.ndarray, survival: np.ndarray, star: float) -> np.ndarray:
        """The weight at times `t` with pooled survival there; `star` is the floor of a modest weight."""
        if self.function is not None:
            return self._called(t, survival)
        if self.steps is not None:
            breaks, values = self.steps
            return np.array(values, dtype=float)[np.searchsorted(breaks, t, side="right")]
        if self.t_star is not None or self.s_star is not None:
            return 1.0 / np.maximum(survival, star)
        return survival**self.rho * (1.0 - survival) ** self.gamma

    def _called(self, t: np.ndarray, survival: np.ndarray) -> np.ndarray:
        """What the caller's function gives. Raises ArgumentError `argument-invalid` unless it is weights."""
        hint = "a function of two arrays, time and survival, that gives as many finite weights, zero or above"
        assert self.function is not None
        try:
            weights = np.broadcast_to(np.asarray(self.function(t, survival), dtype=float), t.shape)
        except (TypeError, ValueError) as failed:
            raise refused("weight", self.function, hint, str(failed)) from failed
        if not (np.isfinite(weights) & (weights >= 0.0)).all():
            raise refused("weight", self.function, hint, "some of its weights are negative or no numbers")
        return weights

    def slope(self, survival: np.ndarray, star: float) -> np.ndarray:
        """S times the derivative of the weight in S: how an error of the estimated curve passes into the weight."""
        if self.function is not None or self.steps is not None:
            return np.zeros_like(survival)
        if self.t_star is not None:
            return -1.0 / np.maximum(survival, star)
        if self.s_star is not None:
            return np.where(survival > star, -1.0 / survival, 0.0)
        # Survival a rounding error below one counts as that: 1 - S is infinite to a negative power at zero.
        rho, gamma, lost = self.rho, self.gamma, np.maximum(1.0 - survival, 2.0**-53)
        falling = rho * survival**rho * lost**gamma if rho else 0.0
        rising = gamma * survival ** (rho + 1.0) * lost ** (gamma - 1.0) if gamma else 0.0
        return np.broadcast_to(np.asarray(falling - rising, dtype=float), survival.shape)


class Moments(NamedTuple):
    """Per patient of the planned trial, for m weights, at one calendar time.

    `mean` (m,) of -U, so positive favors the experimental arm; `estimated` (m, m) the limit of the estimated
    covariance; `null` (m, m) the same were both arms at the pooled hazard; `exact` (m, m) the covariance of U itself
    under the assumed hazards; `events` (2,) expected, control and experimental; `enrolled`, the share of patients.
    """

    time: float
    mean: np.ndarray
    estimated: np.ndarray
    null: np.ndarray
    exact: np.ndarray
    events: np.ndarray
    enrolled: float


def weighted_moments(trial: PlannedTrial, weights: Sequence[LogrankWeight], time: float) -> Moments:
    """Moments of the numerators U = O - E of weighted log-rank tests when the data are cut at calendar time `time`.

    With pi_j(t) = p_j S_j(t) G_j(t) A(time - t) the share of all patients in arm j still at risk after t, e = pi_1 /
    (pi_0 + pi_1) and v = pi_0 lambda_0 + pi_1 lambda_1 the rate of events,
    E(-U) / n = integral of w pi_0 pi_1 / (pi_0 + pi_1) (lambda_0 - lambda_1) dt,
    estimated covariance / n = integral of w_a w_b e (1 - e) v dt; both summed over strata. `null` puts the pooled
    hazard v / (pi_0 + pi_1) in both arms. `exact` is the variance of the sum of independent terms to which U is
    equivalent, within arms (numbers per arm are fixed), with the estimation of the weight.

    Source: Tsiatis AA. J Am Stat Assoc 1982;77:855-861; Lin DY, Wei LJ. J Am Stat Assoc 1989;84:1074-1078; Yung G,
    Liu Y. Biometrics 2020;76:939-950.
    """
    parts = [_stratum_moments(trial, stratum, weights, time) for stratum in trial.strata]
    totals = [np.sum([part[i] for part in parts], axis=0) for i in range(5)]
    return Moments(time, *totals, enrolled=float(trial.enrolled(time)))


def _stratum_moments(
    trial: PlannedTrial, stratum: PlannedStratum, weights: Sequence[LogrankWeight], time: float
) -> tuple[np.ndarray, ...]:
    cuts = _weight_cuts(trial, stratum, weights, time)
    course = pooled_course(trial, stratum, time, cuts)
    grid, e = course.grid, course.share
    stars = [_star(weight, trial, stratum, time) for weight in weights]
    w = np.stack([a.at(grid.t, course.pooled_survival, s) for a, s in zip(weights, stars, strict=True)])
    total = course.at_risk.sum(axis=0)
    effect = total * e * (1.0 - e) * (course.hazard[0] - course.hazard[1])
    events = course.at_risk * course.hazard
    null_share = course.null_share
    null = null_share * (1.0 - null_share) * course.null_at_risk * course.pooled_hazard
    return (
        _integrals(grid, w * effect),
        _products(grid, w, e * (1.0 - e) * events.sum(axis=0)),
        _products(grid, w, null),
        _exact(course, stratum, w, _passing(course, weights, stars, effect, total)),
        _integrals(grid, events),
    )


def _integrals(grid: TimeGrid, values: np.ndarray) -> np.ndarray:
    return np.array([grid.integral(v) for v in values])


def _products(grid: TimeGrid, w: np.ndarray, density: np.ndarray) -> np.ndarray:
    return np.einsum("aij,bij,ij->ab", w, w, grid.weight * density)


def _passing(
    course: PooledCourse, weights: Sequence[LogrankWeight], stars: list[float], effect: np.ndarray, total: np.ndarray
) -> np.ndarray:
    """How an event at each time, through the pooled curve and the weight after it, changes U (in the sign of U)."""
    passed = []
    for weight, star in zip(weights, stars, strict=True):
        later = course.grid.integral_from(-effect * weight.slope(course.pooled_survival, star))
        if weight.t_star is not None:
            later = np.where(course.grid.t <= weight.t_star, later, 0.0)
        passed.append(np.divide(-later, total, out=np.zeros_like(later), where=total > 0.0))
    return np.stack(passed)


def _exact(course: PooledCourse, stratum: PlannedStratum, w: np.ndarray, passed: np.ndarray) -> np.ndarray:
    """Sum over arms of the covariance of the independent terms, a_j dN - a_j Y h dt, h the pooled hazard."""
    grid, m = course.grid, len(w)
    found = np.zeros((m, m))
    for j, cell in enumerate(stratum):
        a = w * ((1.0 if j else 0.0) - course.share) + passed
        compensator = np.stack([grid.integral_to(one * course.pooled_hazard) for one in a])
        gap = course.pooled_hazard - course.hazard[j]
        weighted = grid.weight * course.at_risk[j]
        square = np.einsum("aij,bij,ij->ab", a, a, weighted * course.hazard[j])
        mixed = np.einsum("aij,bij,ij->ab", a, compensator, weighted * gap)
        mean = -np.einsum("aij,ij->a", a, weighted * gap)
        found += square + mixed + mixed.T - np.outer(mean, mean) / cell.share
    return found


def _weight_cuts(
    trial: PlannedTrial, stratum: PlannedStratum, weights: Sequence[LogrankWeight], time: float
) -> list[float]:
    cuts = [weight.t_star for weight in weights if weight.t_star is not None]
    cuts += [b for weight in weights if weight.steps is not None for b in weight.steps[0]]
    for weight in weights:
        if weight.s_star is not None and 0.0 < weight.s_star < 1.0:
            cuts.append(pooled_time(trial, stratum, weight.s_star, time))
    return cuts


def _star(weight: LogrankWeight, trial: PlannedTrial, stratum: PlannedStratum, time: float) -> float:
    if weight.t_star is not None:
        return pooled_survival(trial, stratum, min(weight.t_star, time))
    return weight.s_star or 0.0


def pooled_survival(trial: PlannedTrial, stratum: PlannedStratum, t: float) -> float:
    """The survival of both arms of a stratum together, as the product-limit estimate sees it, at `t` after entry."""
    if t <= 0.0:
        return 1.0
    course = pooled_course(trial, stratum, t)
    return math.exp(-course.grid.integral(course.pooled_hazard))


def pooled_time(trial: PlannedTrial, stratum: PlannedStratum, survival: float, longest: float) -> float:
    """The time at which the pooled survival is `survival`; `longest` where it is higher throughout."""
    target = -math.log(survival)

    def hazard_to(t: float) -> float:
        return -math.log(max(pooled_survival(trial, stratum, t), 1e-300))

    reached = hazard_to(longest) - target
    if reached <= 0.0:
        return longest
    return root_between(lambda t: hazard_to(t) - target, 0.0, longest, -target, reached)
