"""Cumulative hazard and survival by a Cox model, at covariates of one's choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from equipoise.analysis.cox_model import CoxModel
from equipoise.analysis.curve_readings import curve_rows
from equipoise.errors import ArgumentError, permitted
from equipoise.frames.columns import to_native_frame
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult
from equipoise.kernels.plain.cox_process import StratumHazard
from equipoise.kernels.plain.special import normal_quantile

CONF_TYPES = ("log", "log-log", "plain")


@dataclass(frozen=True, eq=False)
class CoxCurve:
    """One stratum at one set of covariates.

    Arrays over the stratum's distinct times: `n_risk`, `n_event` and `n_censor` (weighted), `cumulative_hazard` with
    its `std_error`, `survival` with limits `survival_low` and `survival_high` (NaN where not estimable).
    """

    stratum: str
    label: str
    time: np.ndarray
    n_risk: np.ndarray
    n_event: np.ndarray
    n_censor: np.ndarray
    cumulative_hazard: np.ndarray
    std_error: np.ndarray
    survival: np.ndarray
    survival_low: np.ndarray
    survival_high: np.ndarray


_COLUMNS = (
    "time", "n_risk", "n_event", "n_censor", "cumulative_hazard", "std_error", "survival", "survival_low",
    "survival_high",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class CoxBaseline(RowResult):
    """Predicted curves, one per stratum and set of covariates: iterate, or `baseline[k]`."""

    curves: tuple[CoxCurve, ...]
    ties: str
    conf_type: str
    conf_level: float
    library: str | None = None

    def __iter__(self):
        return iter(self.curves)

    def __len__(self) -> int:
        return len(self.curves)

    def __getitem__(self, k: int) -> CoxCurve:
        return self.curves[k]

    def to_rows(self) -> list[ResultRow]:
        """Per curve and time the cumulative hazard, its standard error, the survival and its limits."""
        method = "cox-baseline-efron" if self.ties == "efron" else "cox-baseline-breslow"
        rows: list[ResultRow] = []
        for curve in self.curves:
            place = {
                "parameter": "curve",
                "method": method,
                "group1": "covariates" if curve.label else None,
                "level1": curve.label or None,
                "group2": "stratum" if curve.stratum else None,
                "level2": curve.stratum or None,
            }
            rows += curve_rows(curve.time, {name: getattr(curve, name) for name in _COLUMNS[1:]}, place, None)
        return rows

    def to_frame(self) -> Any:
        """The curves, one row per stratum, set of covariates and time."""
        sizes = [len(curve.time) for curve in self.curves]
        columns: dict[str, Any] = {
            "stratum": [c.stratum for c, m in zip(self.curves, sizes, strict=True) for _ in range(m)],
            "covariates": [c.label for c, m in zip(self.curves, sizes, strict=True) for _ in range(m)],
        }
        for name in _COLUMNS:
            columns[name] = np.concatenate([getattr(curve, name) for curve in self.curves])
        return to_native_frame(columns, self.library)


def cox_baseline(
    model: CoxModel,
    beta: np.ndarray,
    covariance: np.ndarray,
    at: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None,
    conf_type: str,
    conf_level: float,
    library: str | None,
) -> CoxBaseline:
    """Curves of every stratum at each set of covariates; see `CoxRegression.baseline`."""
    sets = [{}] if at is None else [at] if isinstance(at, Mapping) else list(at)
    places = [covariate_values(model, given) for given in sets]
    labels = [", ".join(f"{name} = {value}" for name, value in given.items()) for given in sets]
    codes = model.data.strata.codes
    hazards = {int(codes[h.deaths.rows[0]]): h for h in model.hazards(beta)}
    curves = []
    for s in np.unique(codes).tolist():
        for place, label in zip(places, labels, strict=True):
            increments = _increments(hazards[s], beta, place - model.centers) if s in hazards else None
            curves.append(_curve(model, s, increments, covariance, label, conf_type, conf_level))
    return CoxBaseline(tuple(curves), model.ties, conf_type, conf_level, library)


def covariate_values(model: CoxModel, given: Mapping[str, Any]) -> np.ndarray:
    """The encoded, uncentered values (p) of named covariates; those not named stand at the model's origins.

    Raises ArgumentError for an unknown column or level, or a number that is none.
    """
    terms = model.design.terms
    columns = tuple(dict.fromkeys(term.column for term in terms))
    values = model.origins.copy()
    for name, value in given.items():
        own = [j for j, term in enumerate(terms) if term.column == name]
        if not own:
            raise ArgumentError("argument-invalid", f"at names no covariate {name!r}", hint=permitted(name, columns))
        if terms[own[0]].level is None:
            values[own[0]] = _number(name, value)
            continue
        levels = [terms[own[0]].reference, *(terms[j].level for j in own)]
        if str(value) not in levels:
            hint = permitted(str(value), map(str, levels))
            raise ArgumentError("level-unknown", f"{name} has no level {value!r}", where="at", hint=hint)
        values[own] = [float(terms[j].level == str(value)) for j in own]
    return values


def _number(name: str, value: Any) -> float:
    if isinstance(value, int | float | np.number) and np.isfinite(value):
        return float(value)
    raise ArgumentError("argument-invalid", f"{name} is {value!r}", where="at", hint="a finite number is needed")


class _Increments(NamedTuple):
    """Per death time: that time, then at one set of covariates the hazard, its own variance, and its slopes (K, p)."""

    time: np.ndarray
    hazard: np.ndarray
    variance: np.ndarray
    slope: np.ndarray


def _increments(hazard: StratumHazard, beta: np.ndarray, x: np.ndarray) -> _Increments:
    deaths = hazard.deaths
    risk = float(np.exp(x @ beta - hazard.top))
    squares = hazard.step**2 / deaths.weight[deaths.block]
    slope = hazard.step[:, None] * (x - hazard.mean)
    each = np.column_stack([risk * hazard.step, risk**2 * squares, risk * slope])
    parts = np.add.reduceat(each, deaths.start, axis=0)
    return _Increments(deaths.time, parts[:, 0], parts[:, 1], parts[:, 2:])


def _curve(
    model: CoxModel,
    stratum: int,
    increments: _Increments | None,
    covariance: np.ndarray,
    label: str,
    conf_type: str,
    conf_level: float,
) -> CoxCurve:
    """exp(x b) Lambda_0, and its variance: of the increments, and of the coefficients by the delta method.

    A stratum without a death has no increments: its hazard is 0 throughout.
    Source: Tsiatis AA. Ann Stat 1981;9:93-108; Link CL. Biometrics 1984;40:601-610.
    """
    rows = np.flatnonzero(model.data.strata.codes == stratum)
    times = np.unique(model.data.time[rows])
    cumulative, std_error = np.zeros(len(times)), np.zeros(len(times))
    if increments is not None:
        at = np.searchsorted(increments.time, times, side="right")
        cumulative, own = _running(increments.hazard)[at], _running(increments.variance)[at]
        slope = _running(increments.slope)[at]
        std_error = np.sqrt(np.maximum(own + ((slope @ covariance) * slope).sum(axis=1), 0.0))
    low, high = survival_limits(cumulative, std_error, conf_type, conf_level)
    name, counts = model.data.strata.labels[stratum], _counts(model, rows, times)
    return CoxCurve(name, label, times, *counts, cumulative, std_error, np.exp(-cumulative), low, high)


def _running(values: np.ndarray) -> np.ndarray:
    """Cumulative sums with a leading zero."""
    return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])


def _counts(model: CoxModel, rows: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    data, weight = model.data, model.weight[rows]
    place = np.searchsorted(times, data.time[rows])
    every = np.bincount(place, weights=weight, minlength=len(times))
    events = np.bincount(place, weights=weight * data.event[rows], minlength=len(times))
    at_risk = np.cumsum(every[::-1])[::-1]
    if data.entry is not None:
        order = np.argsort(data.entry[rows], kind="stable")
        suffix = np.append(np.cumsum(weight[order][::-1])[::-1], 0.0)
        at_risk = at_risk - suffix[np.searchsorted(data.entry[rows][order], times, side="left")]
    return at_risk, events, every - events


def survival_limits(
    cumulative: np.ndarray, std_error: np.ndarray, conf_type: str, conf_level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Limits of the survival exp(-H) from the standard error of H, on the scale of the log, log-log or S itself."""
    z = normal_quantile(0.5 + conf_level / 2.0)
    survival = np.exp(-cumulative)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if conf_type == "log":
            return np.exp(-cumulative - z * std_error), np.minimum(np.exp(-cumulative + z * std_error), 1.0)
        if conf_type == "plain":
            half = z * std_error * survival
            return np.maximum(survival - half, 0.0), np.minimum(survival + half, 1.0)
        half = z * std_error / cumulative
        low, high = np.exp(-cumulative * np.exp(half)), np.exp(-cumulative * np.exp(-half))
    return low, high
