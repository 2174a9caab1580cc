"""Time models fitted by maximum likelihood to pooled (blinded) data, and times drawn from them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from equipoise.errors import EstimationError
from equipoise.kernels.plain.roots import root_between


class PooledHazard(ABC):
    """A fitted time model; its parameters travel on a scale where they are nearly normal (logarithms).

    `estimate` (p) is the maximum of the likelihood on that scale, `covariance` (p, p) its inverse observed information.
    """

    estimate: np.ndarray
    covariance: np.ndarray

    @abstractmethod
    def cumulative(self, time: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        """Cumulative hazards at times of shape (m, r), for parameters of shape (r, p); shape (m, r)."""

    @abstractmethod
    def solve_times(self, hazard: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        """The times at which the cumulative hazard reaches `hazard` (m, r); infinity where it never does."""

    @abstractmethod
    def prose(self, time_unit: str) -> str:
        """The fit in words."""

    @abstractmethod
    def parameters_named(self) -> list[tuple[str, float, float | None]]:
        """(statistic, value, where it starts) of each parameter on its natural scale, for rows."""

    def draw_parameters(self, normals: np.ndarray) -> np.ndarray:
        """Parameters (r, p) from standard normals (r, p): the estimate plus error with its covariance."""
        return self.estimate + normals @ np.linalg.cholesky(self.covariance).T if self.estimate.size else normals

    def draw_times(self, start: np.ndarray, exponentials: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        """Times (m, r) beyond `start` (m), by inversion of the cumulative hazard at that of `start` plus a draw."""
        begun = self.cumulative(np.broadcast_to(start[:, None], exponentials.shape), parameters)
        # Rounding in the inversion must not return a patient to before the last time seen alive.
        return np.maximum(self.solve_times(begun + exponentials, parameters), start[:, None])


@dataclass(frozen=True, eq=False)
class NoHazard(PooledHazard):
    """Nothing ever happens: what no dropout among the patients leaves to assume."""

    estimate = np.zeros(0)
    covariance = np.zeros((0, 0))

    def cumulative(self, time: np.ndarray, parameters: np.ndarray) -> np.ndarray:  # noqa: ARG002 - the interface
        return np.zeros(time.shape)

    def solve_times(self, hazard: np.ndarray, parameters: np.ndarray) -> np.ndarray:  # noqa: ARG002 - the interface
        return np.full(hazard.shape, math.inf)

    def prose(self, time_unit: str) -> str:  # noqa: ARG002 - the interface
        return "none"

    def parameters_named(self) -> list[tuple[str, float, float | None]]:
        return [("rate", 0.0, 0.0)]


@dataclass(frozen=True, eq=False)
class PiecewiseExponentialHazard(PooledHazard):
    """Constant hazards between `breaks` (k - 1); parameters are the logarithms of the k rates."""

    breaks: np.ndarray
    estimate: np.ndarray
    covariance: np.ndarray

    @property
    def rates(self) -> np.ndarray:
        return np.exp(self.estimate)

    def cumulative(self, time: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        edges = np.concatenate([[0.0], self.breaks, [math.inf]])
        total = np.zeros(time.shape)
        for j in range(len(edges) - 1):
            total += np.exp(parameters[:, j]) * np.clip(time - edges[j], 0.0, edges[j + 1] - edges[j])
        return total

    def solve_times(self, hazard: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        rates = np.exp(parameters)
        times = hazard / rates[:, 0]
        begun = np.zeros(len(rates))
        for j, edge in enumerate(self.breaks):
            begun = begun + rates[:, j] * (edge - (self.breaks[j - 1] if j else 0.0))
            times = np.where(hazard > begun, edge + (hazard - begun) / rates[:, j + 1], times)
        return times

    def prose(self, time_unit: str) -> str:
        unit = time_unit.removesuffix("s")
        first, *later = [f"{rate:.4g}" for rate in self.rates]
        pieces = [f"{rate} from {edge:g} {time_unit}" for rate, edge in zip(later, self.breaks, strict=True)]
        return ", ".join([f"{first} per {unit}", *pieces])

    def parameters_named(self) -> list[tuple[str, float, float | None]]:
        starts = [0.0, *self.breaks.tolist()]
        return [("rate", float(rate), start) for rate, start in zip(self.rates, starts, strict=True)]


@dataclass(frozen=True, eq=False)
class WeibullHazard(PooledHazard):
    """Cumulative hazard (t / scale)^shape; parameters are the logarithms of shape and scale."""

    estimate: np.ndarray
    covariance: np.ndarray

    @property
    def shape(self) -> float:
        return math.exp(self.estimate[0])

    @property
    def scale(self) -> float:
        return math.exp(self.estimate[1])

    def cumulative(self, time: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.exp(np.exp(parameters[:, 0]) * (np.log(time) - parameters[:, 1]))

    def solve_times(self, hazard: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        return np.exp(parameters[:, 1] + np.log(hazard) * np.exp(-parameters[:, 0]))

    def prose(self, time_unit: str) -> str:
        return f"shape {self.shape:.4g}, scale {self.scale:.4g} {time_unit}"

    def parameters_named(self) -> list[tuple[str, float, float | None]]:
        return [("shape", self.shape, None), ("scale", self.scale, None)]


def fit_piecewise_exponential(
    time: np.ndarray, event: np.ndarray, breaks: np.ndarray, what: str
) -> PiecewiseExponentialHazard:
    """The piecewise-exponential model: rate_j = d_j / time at risk in interval j, Var(log rate_j) = 1 / d_j.

    Raises EstimationError `estimate-undefined` for an interval without events, whose rate has no logarithm.
    Source: Friedman M. Ann Stat 1982;10:101-113, doi:10.1214/aos/1176345693.
    """
    edges = np.concatenate([[0.0], breaks, [math.inf]])
    counts = np.histogram(time[event], bins=edges)[0]
    if not counts.all():
        j = int(np.flatnonzero(counts == 0)[0])
        raise EstimationError(
            "estimate-undefined",
            f"no {what} from {edges[j]:g} to {edges[j + 1]:g}",
            where="breaks" if len(breaks) else "event",
            reason=f"the rate of {what}s there would be estimated as 0, with no error to simulate from",
            hint="merge the interval with a neighbor"
            if len(breaks)
            else "predict from assumptions until there are some",
        )
    exposure = np.array([np.clip(time - a, 0.0, b - a).sum() for a, b in pairwise(edges)])
    return PiecewiseExponentialHazard(breaks, np.log(counts / exposure), np.diag(1.0 / counts))


def fit_weibull(time: np.ndarray, event: np.ndarray, what: str) -> WeibullHazard:
    """The Weibull model by maximum likelihood: the profile score of the shape is solved for its root.

    Raises EstimationError `estimate-undefined` where the likelihood has no maximum: fewer than two events, an event at
    time 0, or all events at the longest time.
    Source: Ying GS, Heitjan DF. Pharm Stat 2008;7:107-120, doi:10.1002/pst.271.
    """
    at_risk, happened = time[time > 0.0], event[time > 0.0]
    logs = np.log(at_risk)
    d = int(event.sum())
    if d < 2 or happened.sum() < d or math.isclose(logs[happened].mean(), logs.max(), rel_tol=1e-12, abs_tol=1e-12):
        raise EstimationError(
            "estimate-undefined",
            f"the Weibull model has no maximum of its likelihood on {d} {what}{'s' * (d != 1)}",
            where="event",
            reason="it needs two, at different times after 0",
            hint='model="exponential" needs one',
        )
    log_shape = _solve_log_shape(logs, logs[happened].mean())
    shape = math.exp(log_shape)
    top = logs.max()
    log_scale = top + math.log(np.exp(shape * (logs - top)).sum() / d) / shape
    y = shape * (logs - log_scale)
    w = np.exp(y)
    cross = -shape * float(w @ y)
    information = np.array([[float(w @ (y * y + y)) - float(y[happened].sum()), cross], [cross, shape * shape * d]])
    return WeibullHazard(np.array([log_shape, log_scale]), np.linalg.inv(information))


def _solve_log_shape(logs: np.ndarray, mean_event: float) -> float:
    """The root in log k of 1/k + mean log event time - sum t^k log t / sum t^k, which falls in k."""
    top = logs.max()

    def score(log_shape: float) -> float:
        shape = math.exp(log_shape)
        weight = np.exp(shape * (logs - top))
        return 1.0 / shape + mean_event - float(weight @ logs) / float(weight.sum())

    low, high = -1.0, 1.0
    while score(low) < 0.0:
        low -= 1.0
    while score(high) > 0.0:
        high += 1.0
    return root_between(score, low, high)
