"""Are hazards proportional? Tests of a coefficient that changes with a function of time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.cox_model import CoxModel
from equipoise.errors import ArgumentError, EstimationError
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels import dispatch
from equipoise.kernels.plain.cox_process import mean_at_deaths, weighted_information
from equipoise.kernels.plain.special import chi_square_tail

TRANSFORMS = ("km", "identity", "rank", "log")
METHODS = ("score", "1994")


@dataclass(frozen=True)
class HazardsTest:
    """The test of one coefficient, of one column with all its levels, or of the whole model ("GLOBAL")."""

    name: str
    chi_square: float
    df: int
    p_value: float


@dataclass(frozen=True, eq=False, repr=False)
class ProportionalHazardsTest(RowResult):
    """Tests of proportional hazards: `coefficients`, `terms` (by column) and `model` (all at once).

    `test["age"]` looks one up by the name of a coefficient or column. `times` (K) are the distinct death times in the
    strata's order and `transformed` (K) their values on the scale of `transform`.
    """

    coefficients: tuple[HazardsTest, ...]
    terms: tuple[HazardsTest, ...]
    model: HazardsTest
    transform: str
    method: str
    times: np.ndarray
    transformed: np.ndarray
    library: str | None = None

    def __getitem__(self, name: str) -> HazardsTest:
        found = {test.name: test for test in (self.model, *self.terms, *self.coefficients)}
        if name not in found:
            raise KeyError(f"{name!r} is not tested; tested: {', '.join(found)}")
        return found[name]

    def to_rows(self) -> list[ResultRow]:
        """Per coefficient, per column of several coefficients, and for "GLOBAL": statistic, df and P."""
        named = {test.name for test in self.coefficients}
        tests = [*self.coefficients, *(t for t in self.terms if t.df > 1 and t.name not in named), self.model]
        shared: dict[str, Any] = {"method": f"proportional-hazards-{self.method}", "label": f"time: {self.transform}"}
        return [row for test in tests for row in _rows(test, shared)]


def _rows(test: HazardsTest, shared: dict[str, Any]) -> list[ResultRow]:
    place: dict[str, Any] = shared | {"parameter": test.name}
    return [
        ResultRow(statistic="chi_square", **place, **number(test.chi_square)),
        ResultRow(statistic="df", format="int", value=float(test.df), **place),
        ResultRow(statistic="p_value", format="p", **place, **number(test.p_value)),
    ]


def proportional_hazards_test(
    model: CoxModel,
    beta: np.ndarray,
    covariance: np.ndarray,
    transform: str | Callable[[np.ndarray], np.ndarray],
    method: str,
    library: str | None,
) -> ProportionalHazardsTest:
    """See `CoxRegression.proportional_hazards_test`."""
    name = transform if isinstance(transform, str) else getattr(transform, "__name__", "callable")
    hazards = model.hazards(beta)
    times = np.concatenate([h.deaths.time for h in hazards])
    counts = np.concatenate([np.bincount(h.deaths.block) for h in hazards])
    values = _transformed(model, times, transform)
    g = values - np.average(values, weights=counts)
    if not (np.ptp(g) > 0.0):
        raise EstimationError(
            "estimate-undefined",
            "there is one death time only",
            reason="a change over time cannot be seen at one time",
        )
    tested = _score_tests(model, hazards, g) if method == "score" else _tests_of_1994(model, hazards, g, covariance)
    columns = tuple(dict.fromkeys(term.column for term in model.design.terms))
    groups = {c: [j for j, term in enumerate(model.design.terms) if term.column == c] for c in columns}
    return ProportionalHazardsTest(
        coefficients=tuple(tested(n, [j]) for j, n in enumerate(model.design.names)),
        terms=tuple(tested(column, own) for column, own in groups.items()),
        model=tested("GLOBAL", list(range(len(beta)))),
        transform=name,
        method=method,
        times=times,
        transformed=values,
        library=library,
    )


def _score_tests(model: CoxModel, hazards: list, g: np.ndarray) -> Callable[[str, list[int]], HazardsTest]:
    """The score test of adding x g(t) to the model, per group of columns.

    With U = (0, sum of g (x - mean) over the deaths) and the information of the doubled model, whose blocks are the
    sums of 1, g and g^2 times the covariance at each death.
    """
    p = model.covariates.shape[1]
    added, blocks = np.zeros(p), np.zeros((3, p, p))
    first = 0
    for hazard in hazards:
        deaths = hazard.deaths
        at = g[first : first + len(deaths.time)][deaths.block]
        first += len(deaths.time)
        dead = hazard.covariates[deaths.dead] * hazard.weights[deaths.dead][:, None]
        added += at @ (dead - deaths.weight[deaths.block][:, None] * hazard.mean)
        for power in range(3):
            blocks[power] += weighted_information(hazard, at**power)

    def tested(name: str, own: list[int]) -> HazardsTest:
        mixed = blocks[1][:, own]
        left = blocks[2][np.ix_(own, own)] - mixed.T @ np.linalg.solve(blocks[0], mixed)
        return _test(name, float(added[own] @ np.linalg.solve(left, added[own])), len(own))

    return tested


def _tests_of_1994(
    model: CoxModel, hazards: list, g: np.ndarray, covariance: np.ndarray
) -> Callable[[str, list[int]], HazardsTest]:
    """The approximation that takes the covariance of the covariates to be the same at every death."""
    p = model.covariates.shape[1]
    residuals = np.concatenate(
        [h.covariates[h.deaths.dead] - mean_at_deaths(h, h.mean)[h.deaths.block] for h in hazards]
    )
    offsets = np.cumsum([0, *(len(h.deaths.time) for h in hazards)])
    at = np.concatenate([g[low + h.deaths.block] for low, h in zip(offsets[:-1], hazards, strict=True)])
    total = (at @ residuals).reshape(p)
    squares = float(at @ at)
    slopes = len(at) * covariance @ total

    def tested(name: str, own: list[int]) -> HazardsTest:
        own_covariance = covariance[np.ix_(own, own)]
        statistic = slopes[own] @ np.linalg.solve(own_covariance, slopes[own]) / (len(at) * squares)
        return _test(name, float(statistic), len(own))

    return tested


def _test(name: str, statistic: float, df: int) -> HazardsTest:
    return HazardsTest(name, statistic, df, chi_square_tail(statistic, df))


def _transformed(model: CoxModel, times: np.ndarray, transform: str | Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """g at each death time, on one scale for all strata."""
    data = model.data
    if not isinstance(transform, str):
        values = np.asarray(transform(times), dtype=float)
        if values.shape != times.shape or not np.isfinite(values).all():
            raise ArgumentError(
                "argument-invalid",
                "transform does not give one finite number for each time",
                where="transform",
                hint="it is called with an array of death times, for example numpy.sqrt",
            )
        return values
    if transform == "identity":
        return times
    if transform == "log":
        if (times <= 0.0).any():
            message = 'transform="log" with a death at time 0'
            raise ArgumentError("argument-invalid", message, where="transform", hint='use "km" or "rank"')
        return np.log(times)
    if transform == "rank":
        ordered = np.sort(data.time)
        low, high = np.searchsorted(ordered, times, side="left"), np.searchsorted(ordered, times, side="right")
        return (low + high + 1) / 2.0
    table = dispatch.risk_table(data.time, data.event, None, data.entry, "plain")
    with np.errstate(invalid="ignore"):
        survival = np.cumprod(1.0 - table.n_event / table.n_risk)
    return 1.0 - np.concatenate(([1.0], survival))[np.searchsorted(table.time, times, side="left")]
