"""From when the disease progresses to when a trial says so: the observation operator, on a grid of days.

Day 0 is the day of randomization. A patient progresses on day d (the day that contains the latent time), is seen to
have progressed at the first attended scan on or after d, and may die before. For one arm:

    E(t) = S(t) exp(-a t) + sum over d <= t of q(d) exp(-a (d - 1/2)) U(d, t) exp(-b (t - d + 1/2))

is the probability of no observed event (progression seen at a scan, or death) up to day t: S is the latent
progression-free survival and q its daily decrease, a and b the hazards of death before and after progression, and
U(d, t) the probability that a progression of day d is still unseen after day t:

    U(d, t) = (1 - p F(t - d)) * product over scans k of (1 - (1 - m) P(d <= scan k <= t))

with p the share of progressions that raise suspicion, F the distribution of the delay to the scan that follows, and m
the share of scheduled scans that are missed. An analysis dates the censoring of a patient without an event at the last
scan before follow-up ends at C. What a Kaplan-Meier curve of such data tends to is therefore

    KM(t) = product over s <= t of (1 - f(s) G(s) / Y(s)),   f(s) = E(s - 1) - E(s),   G(s) = P(C >= s),
    Y(s) = E(s - 1) G(s) - sum over c >= s of P(C = c) E(c) P(no scan from s to c)

because a patient whose follow-up ends at c without a scan from s on has left the risk set before s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from equipoise.simulation.hazards import Hazards

Floats = npt.NDArray[np.float64]

# A progression that stays unseen with less than this probability counts as seen.
_NEGLIGIBLE = 1e-5
_SMALLEST_RISK_SET = 1e-3


@dataclass(frozen=True)
class ScanPlan:
    """How progression comes to be seen.

    `planned` days of the scheduled scans; `offsets`, the probabilities that a scan takes place `first_offset`,
    `first_offset + 1`, ... days after its planned day; `missed`, the share of scans not done; `suspicion`, the share of
    progressions followed by an unscheduled scan, after one day and an exponential time of mean `delay` days.
    """

    planned: tuple[int, ...]
    first_offset: int
    offsets: tuple[float, ...]
    missed: float
    suspicion: float
    delay: float

    @property
    def longest_gap(self) -> int:
        return max((later - earlier for earlier, later in pairwise((0, *self.planned))), default=0)

    @property
    def lags(self) -> int:
        """Days after which a progression has been seen, but for a negligible probability."""
        gaps = math.ceil(math.log(_NEGLIGIBLE) / math.log(self.missed)) if self.missed > 0 else 1
        return (gaps + 1) * self.longest_gap + len(self.offsets)


@dataclass(frozen=True)
class Unseen:
    """For days d (rows, from 0) and lags (columns): no scheduled scan from d to d + lag; progression of d unseen."""

    unscanned: Floats
    undetected: Floats


@lru_cache(maxsize=32)
def unseen(plan: ScanPlan, horizon: int) -> Unseen:
    """The probabilities that days `0..horizon` are not scanned, and that a progression on them stays unseen."""
    lags = plan.lags
    day = np.arange(horizon + 1)[:, None]
    until = day + np.arange(lags)[None, :]
    table = np.concatenate([[0.0], np.cumsum(plan.offsets)])
    unscanned = np.ones((horizon + 1, lags))
    for planned in plan.planned:
        first, last = planned + plan.first_offset, planned + plan.first_offset + len(plan.offsets) - 1
        rows = slice(max(0, first - lags), min(horizon, last) + 1)
        by_end = table[np.clip(until[rows] - first + 1, 0, len(table) - 1)]
        by_start = table[np.clip(day[rows] - first, 0, len(table) - 1)]
        unscanned[rows] *= 1.0 - (1.0 - plan.missed) * (by_end - by_start)
    suspected = plan.suspicion * -np.expm1(-np.arange(lags) / plan.delay)
    return Unseen(unscanned, unscanned * (1.0 - suspected))


def expect_event_free(latent: Hazards, before: float, after: float, plan: ScanPlan, horizon: int) -> Floats:
    """The probability of no observed event up to each of the days 0..horizon.

    Arguments: latent progression hazards; hazards of death per day before and after progression; the scan plan.
    """
    days = np.arange(horizon + 1, dtype=np.float64)
    survival = latent.survival(days)
    free = survival * np.exp(-before * days)
    progressed = np.zeros(horizon + 1)
    progressed[1:] = -np.diff(survival) * np.exp(-before * (days[1:] - 0.5))
    table = unseen(plan, horizon).undetected
    for lag in range(min(table.shape[1], horizon)):
        weight = math.exp(-after * (lag + 0.5))
        free[lag:] += weight * progressed[: horizon + 1 - lag] * table[: horizon + 1 - lag, lag]
    return free


def expect_alive(latent: Hazards, before: float, after: float, day: int) -> float:
    """The probability of being alive on a day."""
    days = np.arange(day + 1, dtype=np.float64)
    survival = latent.survival(days)
    middle = days[1:] - 0.5
    progressed = -np.diff(survival) * np.exp(-before * middle - after * (day - middle))
    return float(survival[-1] * math.exp(-before * day) + progressed.sum())


@dataclass(frozen=True)
class ObservedCurve:
    """What the Kaplan-Meier curve of observed data tends to, by days 0..horizon, and the risk set per patient."""

    survival: Floats
    variance: Floats

    def at(self, time: float) -> float:
        """The curve at an analysis time in days, which counts the day of randomization as day 1."""
        return float(self.survival[min(max(math.floor(time + 1e-9) - 1, 0), len(self.survival) - 1)])

    def expected_median(self, patients: int) -> float:
        """The mean of the sample median in analysis days, the curve's sampling error taken as normal.

        The sample median exceeds t when the sample curve at t exceeds one half; variance is Greenwood's.
        """
        error = self.survival * np.sqrt(self.variance / patients)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.where(error > 0, (self.survival - 0.5) / error, np.inf)
        return 1.0 + float(np.sum(_normal_cdf(z)))


def expect_curve(free: Floats, followed: Floats, plan: ScanPlan) -> ObservedCurve:
    """The Kaplan-Meier limit of observed data.

    Arguments: the probability of no observed event by day; the probability that follow-up reaches each day, zero after
    the last; the scan plan, which dates the censoring. Where hardly anybody is followed, the curve goes on as it would
    under complete follow-up.
    """
    horizon = len(free) - 1
    table = unseen(plan, horizon).unscanned
    reached = np.zeros(horizon + 2)
    reached[: min(len(followed), horizon + 2)] = followed[: horizon + 2]
    lost = (reached[:-1] - reached[1:]) * free
    falls, before = np.concatenate([[0.0], -np.diff(free)]), np.concatenate([[1.0], free[:-1]])
    events, at_risk = falls * reached[:-1], before * reached[:-1]
    for lag in range(min(table.shape[1], horizon)):
        at_risk[: horizon + 1 - lag] -= lost[lag:] * table[: horizon + 1 - lag, lag]
    enough = at_risk > _SMALLEST_RISK_SET
    hazard: Floats = np.where(enough, events / np.where(enough, at_risk, 1.0), falls / np.maximum(before, 1e-300))
    per_event = np.where(enough, hazard / np.where(enough, at_risk * (1.0 - np.minimum(hazard, 0.999)), 1.0), 0.0)
    survival = np.cumprod(1.0 - hazard, dtype=np.float64)
    return ObservedCurve(survival, np.cumsum(per_event, dtype=np.float64))


def _normal_cdf(z: Floats) -> Floats:
    from scipy.special import ndtr

    return ndtr(z)
