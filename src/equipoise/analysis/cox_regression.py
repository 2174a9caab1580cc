"""Cox regression: treatment arm or covariates, strata, delayed entry, weights, Efron's or Breslow's ties."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.covariates import Design, encode_covariates
from equipoise.analysis.inputs import (
    CONVENTIONS,
    SurvivalData,
    check_choice,
    check_level_of_confidence,
    survival_data,
    tolerance_of,
)
from equipoise.analysis.row_result import RowResult, number
from equipoise.errors import EstimationError
from equipoise.frames.columns import library_of
from equipoise.frames.results import ResultRow
from equipoise.kernels import dispatch
from equipoise.kernels.plain.newton import NewtonFit, dependent_columns
from equipoise.kernels.plain.special import chi_square_tail, normal_quantile

TIES = ("efron", "breslow")
DEFAULT_TIES = {"r": "efron", "sas": "breslow"}


@dataclass(frozen=True)
class ChiSquareTest:
    """A test of all coefficients being zero: its statistic, degrees of freedom and two-sided P."""

    chi_square: float
    df: int
    p_value: float


@dataclass(frozen=True, eq=False, repr=False)
class CoxRegression(RowResult):
    """A fitted Cox model.

    Arrays run over the p coefficients called `names`: `coef` (log hazard ratio), `std_error`, `hazard_ratio`,
    `conf_int` (p, 2; of the hazard ratio), `z` and `p_value` (Wald). `covariance` is the inverse information.
    `wald`, `score` and `likelihood_ratio` test all coefficients at once. `infinite` marks coefficients in which the
    likelihood is monotone: their maximum is at plus or minus infinity and they have no Wald statistics.
    """

    names: tuple[str, ...]
    design: Design
    coef: np.ndarray
    covariance: np.ndarray
    infinite: np.ndarray
    loglik: tuple[float, float]
    score: ChiSquareTest
    n: int
    n_event: int
    n_strata: int
    iterations: int
    ties: str
    conf_level: float
    convention: str
    warning: str | None = None
    library: str | None = None

    @property
    def std_error(self) -> np.ndarray:
        return np.where(self.infinite, np.nan, np.sqrt(np.abs(np.diag(self.covariance))))

    @property
    def hazard_ratio(self) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.exp(self.coef)

    @property
    def conf_int(self) -> np.ndarray:
        """Wald limits of each hazard ratio, shape (p, 2)."""
        half = normal_quantile(0.5 + self.conf_level / 2.0) * self.std_error
        with np.errstate(over="ignore"):
            return np.exp(np.column_stack([self.coef - half, self.coef + half]))

    @property
    def z(self) -> np.ndarray:
        """Wald statistics coef / std_error: the sign is that of the coefficient, so negative favors experimental."""
        return self.coef / self.std_error

    @property
    def p_value(self) -> np.ndarray:
        return np.array([chi_square_tail(float(z) ** 2, 1) for z in self.z])

    @property
    def wald(self) -> ChiSquareTest:
        """coef' V^-1 coef; NaN where a coefficient is infinite."""
        if self.infinite.any():
            return ChiSquareTest(math.nan, len(self.coef), math.nan)
        return _chi_square(float(self.coef @ np.linalg.solve(self.covariance, self.coef)), len(self.coef))

    @property
    def likelihood_ratio(self) -> ChiSquareTest:
        """Twice the rise of the log partial likelihood; finite even where a coefficient is not."""
        return _chi_square(2.0 * (self.loglik[1] - self.loglik[0]), len(self.coef))

    def to_rows(self) -> list[ResultRow]:
        """Per coefficient the hazard ratio ("estimate") with limits and Wald test; then the tests of the model."""
        shared: dict[str, Any] = {
            "method": f"cox-{self.ties}",
            "convention": self.convention,
            "warning": self.warning,
        }
        rows = [row for j in range(len(self.names)) for row in self._coefficient_rows(j, shared)]
        shared |= {"parameter": "model"}
        for name in ("likelihood_ratio", "score", "wald"):
            test: ChiSquareTest = getattr(self, name)
            rows.append(ResultRow(statistic=f"{name}_chi_square", **shared, **number(test.chi_square)))
            rows.append(ResultRow(statistic=f"{name}_df", format="int", value=float(test.df), **shared))
            rows.append(ResultRow(statistic=f"{name}_p_value", format="p", **shared, **number(test.p_value)))
        rows.append(ResultRow(statistic="loglik_null", value=self.loglik[0], **shared))
        rows.append(ResultRow(statistic="loglik", value=self.loglik[1], **shared))
        rows.append(ResultRow(statistic="n", format="int", value=float(self.n), **shared))
        rows.append(ResultRow(statistic="n_event", format="int", value=float(self.n_event), **shared))
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Coefficients and tests, ready for JSON (None where a number does not exist)."""
        low, high = self.conf_int.T
        columns = {
            "coef": self.coef,
            "std_error": self.std_error,
            "hazard_ratio": self.hazard_ratio,
            "conf_low": low,
            "conf_high": high,
            "z": self.z,
            "p_value": self.p_value,
        }
        return {
            "method": f"cox-{self.ties}",
            "coefficients": [
                {"name": name} | {key: _finite(values[j]) for key, values in columns.items()}
                for j, name in enumerate(self.names)
            ],
            "loglik": list(self.loglik),
            "n": self.n,
            "n_event": self.n_event,
            "n_strata": self.n_strata,
            "conf_level": self.conf_level,
            "warning": self.warning,
            **{
                name: {key: _finite(value) for key, value in vars(getattr(self, name)).items()}
                for name in ("wald", "score", "likelihood_ratio")
            },
        }

    def _coefficient_rows(self, j: int, shared: dict[str, Any]) -> list[ResultRow]:
        place = shared | self.design.row_columns(j)
        low, high = self.conf_int[j]
        values = {
            "estimate": (float(self.hazard_ratio[j]), "ratio"),
            "conf_low": (float(low), "ratio"),
            "conf_high": (float(high), "ratio"),
            "log_hazard_ratio": (float(self.coef[j]), None),
            "std_error": (float(self.std_error[j]), None),
            "z": (float(self.z[j]), None),
            "p_value": (float(self.p_value[j]), "p"),
        }
        return [ResultRow(statistic=name, format=hint, **place, **number(v)) for name, (v, hint) in values.items()]


def cox(
    time: Any,
    event: Any,
    covariates: Any,
    *,
    reference: Any = None,
    strata: Any = None,
    entry: Any = None,
    weights: Any = None,
    ties: str | None = None,
    conf_level: float = 0.95,
    convention: str = "r",
    time_tolerance: float | None = None,
    engine: str = "auto",
) -> CoxRegression:
    """Cox's proportional hazards regression by maximum partial likelihood.

    Arguments: `time` (n), zero or more, in any unit; `event` (n), 1 for an event and 0 for censored; `covariates`: a
    column of numbers, a treatment arm (text or categorical, or any column with a `reference`), a two-dimensional array
    (n, p), or a data frame or mapping of columns; `reference`: the reference level of the arm (required for text), or a
    mapping from column to level for several (else the first level of each); `strata`: one column or several, each
    stratum with its own baseline; `entry` (n), before `time`: at risk when entry < t <= time; `weights` (n), zero
    or more (a row of weight zero is as good as absent). `ties`: "efron" (default of convention "r") or "breslow"
    (default of "sas"). `conf_level`: two-sided. `time_tolerance`: times closer than this are one time (None: by the
    convention; 0: exact). `engine`: "auto", "plain" or "compiled".

    Returns a `CoxRegression`; log hazard ratios are level versus reference, so a hazard ratio below 1 favors the
    level. A monotone likelihood gives an infinite coefficient and a warning. Raises DataError and ArgumentError for
    input that cannot be used, EstimationError `estimate-undefined` without events, or for constant or collinear
    covariates (named).

    Formula: l(b) = sum over deaths of w (x b - log sum over the risk set of w exp(x b)), with Efron's or Breslow's
    rule for ties; maximized by damped Newton steps.
    Source: Cox 1972, doi:10.1111/j.2517-6161.1972.tb00899.x; Efron 1977; Breslow 1974.

    >>> fit = cox([1, 2, 3, 4], [1, 1, 1, 1], ["a", "b", "a", "b"], reference="a")
    >>> fit.names, round(float(fit.coef[0]), 6)
    (('b vs a',), -0.940614)
    """
    check_choice(convention, CONVENTIONS, "convention")
    rule = check_choice(ties or DEFAULT_TIES[convention], TIES, "ties")
    level = check_level_of_confidence(conf_level)
    check_choice(engine, dispatch.ENGINES, "engine")
    tolerance = tolerance_of(time_tolerance, convention)
    data = survival_data(time, event, strata=strata, entry=entry, weights=weights, time_tolerance=tolerance)
    design = encode_covariates(covariates, reference, data.n)
    if not (data.event if data.weight is None else data.event & (data.weight > 0.0)).any():
        raise EstimationError(
            "estimate-undefined", "there are no events", reason="a hazard ratio is estimated from events"
        )
    fit = dispatch.maximize_cox(
        data.time, data.event, design.patterns, design.codes, data.strata.codes, data.weight, data.entry, rule,
        design.spread, engine,
    )  # fmt: skip
    return _result(fit, data, design, rule, level, convention, library_of(time))


def _result(
    fit: NewtonFit,
    data: SurvivalData,
    design: Design,
    ties: str,
    conf_level: float,
    convention: str,
    library: str | None,
) -> CoxRegression:
    _check_information(fit, design, data)
    p = len(fit.beta)
    infinite = fit.diverging
    return CoxRegression(
        names=design.names,
        design=design,
        coef=np.where(infinite, np.copysign(np.inf, fit.beta), fit.beta),
        covariance=_covariance(fit),
        infinite=infinite,
        loglik=(fit.start.loglik, fit.terms.loglik),
        score=_chi_square(fit.score_statistic, p),
        n=data.n,
        n_event=int(data.event.sum()),
        n_strata=len(data.strata.labels),
        iterations=fit.iterations,
        ties=ties,
        conf_level=conf_level,
        convention=convention,
        warning=_warning(fit, design),
        library=library,
    )


def _covariance(fit: NewtonFit) -> np.ndarray:
    """The inverse information; NaN for infinite coefficients, the others' taken as if those were fixed."""
    information = fit.terms.information
    if not fit.diverging.any():
        return np.linalg.inv(information)
    finite = np.flatnonzero(~fit.diverging)
    covariance = np.full(information.shape, np.nan)
    covariance[np.ix_(finite, finite)] = np.linalg.inv(information[np.ix_(finite, finite)])
    return covariance


def _check_information(fit: NewtonFit, design: Design, data: SurvivalData) -> None:
    floor = 1e-12 * max(float(data.event.sum()), 1.0) * design.spread**2
    found = dependent_columns(fit.start.information, floor)
    if not found:
        return
    faults = []
    for column, others in found:
        name = design.names[column]
        if others:
            faults.append(f"{name} is a combination of {', '.join(design.names[k] for k in others)}")
        else:
            faults.append(f"{name} does not vary among those at risk at any event")
    raise EstimationError(
        "estimate-undefined",
        f"the data do not determine every coefficient: {'; '.join(faults)}",
        reason="such a coefficient has no estimate: the likelihood does not change with it",
        hint="leave the named covariates out, or look at the coding of the data",
    )


def _warning(fit: NewtonFit, design: Design) -> str | None:
    if fit.diverging.any():
        named = ", ".join(name for name, bad in zip(design.names, fit.diverging, strict=True) if bad)
        return f"monotone likelihood: the estimate of {named} is infinite; use the score or likelihood-ratio test"
    return None if fit.converged else "the iteration did not converge: do not use these estimates"


def _chi_square(statistic: float, df: int) -> ChiSquareTest:
    statistic = max(statistic, 0.0)
    return ChiSquareTest(statistic, df, chi_square_tail(statistic, df))


def _finite(value: Any) -> Any:
    return value if isinstance(value, int) else float(value) if math.isfinite(value) else None
