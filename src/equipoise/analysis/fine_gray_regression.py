"""Fine and Gray's regression of the subdistribution hazard of one cause of failure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.competing_inputs import CauseData, cause_data, check_cause
from equipoise.analysis.covariates import Design, encode_covariates
from equipoise.analysis.inputs import CONVENTIONS, check_choice, check_level_of_confidence, tolerance_of
from equipoise.errors import EstimationError
from equipoise.frames.columns import library_of
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain.fine_gray import fine_gray_terms, sandwich_middle, subdistribution_risk
from equipoise.kernels.plain.newton import NewtonFit, dependent_columns, maximize
from equipoise.kernels.plain.special import chi_square_tail, normal_quantile


@dataclass(frozen=True, eq=False, repr=False)
class FineGray(RowResult):
    """A fitted Fine-Gray model of one `cause`.

    Arrays run over the p coefficients called `names`: `coef` (log subdistribution hazard ratio), `std_error`,
    `hazard_ratio`, `conf_int` (p, 2; of the ratio), `z`, `p_value` (Wald). `covariance` is the sandwich that allows for
    the estimated censoring, `inverse_information` the naive one. `infinite` marks coefficients in which the likelihood
    is monotone. `loglik` holds the pseudo log-likelihood at zero and at the estimate.
    """

    names: tuple[str, ...]
    design: Design
    cause: str
    coef: np.ndarray
    covariance: np.ndarray
    inverse_information: np.ndarray
    infinite: np.ndarray
    loglik: tuple[float, float]
    n: int
    n_event: int
    n_other: int
    conf_level: float
    warning: str | None = None
    library: str | None = None

    @property
    def std_error(self) -> np.ndarray:
        return np.sqrt(np.abs(np.diag(self.covariance)))

    @property
    def hazard_ratio(self) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.exp(self.coef)

    @property
    def conf_int(self) -> np.ndarray:
        """Wald limits of each subdistribution hazard ratio, shape (p, 2)."""
        half = normal_quantile(0.5 + self.conf_level / 2.0) * self.std_error
        with np.errstate(over="ignore"):
            return np.exp(np.column_stack([self.coef - half, self.coef + half]))

    @property
    def z(self) -> np.ndarray:
        """coef / std_error: the sign is that of the coefficient."""
        return self.coef / self.std_error

    @property
    def p_value(self) -> np.ndarray:
        return np.array([chi_square_tail(float(z) ** 2, 1) for z in self.z])

    def to_rows(self) -> list[ResultRow]:
        """Per coefficient the subdistribution hazard ratio ("estimate") with limits and Wald test; then the counts."""
        shared: dict[str, Any] = {"method": "fine-gray", "warning": self.warning, "label": self.cause}
        rows: list[ResultRow] = []
        for j in range(len(self.names)):
            place = shared | self.design.row_columns(j)
            values = {
                "estimate": (self.hazard_ratio[j], "ratio"),
                "conf_low": (self.conf_int[j, 0], "ratio"),
                "conf_high": (self.conf_int[j, 1], "ratio"),
                "log_hazard_ratio": (self.coef[j], None),
                "std_error": (self.std_error[j], None),
                "z": (self.z[j], None),
                "p_value": (self.p_value[j], "p"),
            }
            rows += [
                ResultRow(statistic=name, format=hint, **place, **number(float(v)))
                for name, (v, hint) in values.items()
            ]
        shared |= {"parameter": "model"}
        rows += [
            ResultRow(statistic=k, value=v, **shared)
            for k, v in zip(("loglik_null", "loglik"), self.loglik, strict=True)
        ]
        counts = {"n": self.n, "n_event": self.n_event, "n_other": self.n_other}
        return rows + [ResultRow(statistic=k, value=float(v), format="int", **shared) for k, v in counts.items()]


def fine_gray(
    time: Any,
    event: Any,
    covariates: Any,
    *,
    cause: Any = None,
    reference: Any = None,
    censored: Any = 0,
    conf_level: float = 0.95,
    convention: str = "r",
    time_tolerance: float | None = None,
) -> FineGray:
    """Fine and Gray's proportional subdistribution hazards regression, with their sandwich variance.

    Arguments: `time`, `covariates`, `reference`, `conf_level`, `convention` (the tie tolerance) and `time_tolerance`
    as `cox`; `event`: the cause of failure of each subject; `cause`: the level that is modeled (required unless there
    is one); `censored`: the level that means no failure. Ties by Breslow's rule. The censoring distribution is one
    Kaplan-Meier estimate over all subjects.

    Returns a `FineGray`. Raises EstimationError `estimate-undefined` for constant or collinear covariates (named);
    ArgumentError and DataError for input that cannot be used.

    Formula: the partial likelihood in which who failed of another cause at T stays at risk at t > T with the weight
    G(t-) / G(T-); variance I^-1 (sum (eta + psi)(eta + psi)') I^-1.
    Source: Fine and Gray 1999, doi:10.1080/01621459.1999.10474144.

    >>> fit = fine_gray([1, 2, 3, 4, 5, 6], [1, 2, 1, 1, 0, 2], list("aabbab"), cause=1, reference="a")
    >>> fit.names
    ('b vs a',)
    """
    check_choice(convention, CONVENTIONS, "convention")
    level = check_level_of_confidence(conf_level)
    data = cause_data(time, event, censored=censored, time_tolerance=tolerance_of(time_tolerance, convention))
    k = check_cause(cause, data.causes, data.event_name)
    design = encode_covariates(covariates, reference, data.survival.n)
    rows = design.patterns if design.codes is None else design.patterns[design.codes]
    code = np.where(data.code == k + 1, 1, np.where(data.code == 0, 0, 2))
    risk = subdistribution_risk(data.survival.time, code, rows)
    fit = maximize(lambda beta: fine_gray_terms(beta, risk), design.spread, np.zeros(rows.shape[1]))
    _check_information(fit, design, int((code == 1).sum()))
    inverse, covariance = _covariances(fit, sandwich_middle(fit.beta, risk))
    return _result(fit, (inverse, covariance), design, data, k, level, library_of(time))


def _result(
    fit: NewtonFit,
    covariances: tuple[np.ndarray, np.ndarray],
    design: Design,
    data: CauseData,
    k: int,
    conf_level: float,
    library: str | None,
) -> FineGray:
    warning = None
    if fit.diverging.any():
        named = ", ".join(name for name, bad in zip(design.names, fit.diverging, strict=True) if bad)
        warning = f"monotone likelihood: the estimate of {named} is infinite"
    elif not fit.converged:
        warning = "the iteration did not converge: do not use these estimates"
    return FineGray(
        names=design.names,
        design=design,
        cause=data.causes[k],
        coef=np.where(fit.diverging, np.copysign(math.inf, fit.beta), fit.beta),
        covariance=covariances[1],
        inverse_information=covariances[0],
        infinite=fit.diverging,
        loglik=(fit.start.loglik, fit.terms.loglik),
        n=data.survival.n,
        n_event=int((data.code == k + 1).sum()),
        n_other=int(((data.code > 0) & (data.code != k + 1)).sum()),
        conf_level=conf_level,
        warning=warning,
        library=library,
    )


def _covariances(fit: NewtonFit, middle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The inverse information and the sandwich; NaN for infinite coefficients, the others' as if those were fixed."""
    finite = np.ix_(~fit.diverging, ~fit.diverging)
    inverse, covariance = (np.full(middle.shape, math.nan) for _ in range(2))
    inverse[finite] = np.linalg.inv(fit.terms.information[finite])
    covariance[finite] = inverse[finite] @ middle[finite] @ inverse[finite]
    return inverse, covariance


def _check_information(fit: NewtonFit, design: Design, n_event: int) -> None:
    found = dependent_columns(fit.start.information, 1e-12 * n_event * design.spread**2)
    if not found:
        return
    faults = [
        f"{design.names[column]} is a combination of {', '.join(design.names[other] for other in others)}"
        if others
        else f"{design.names[column]} does not vary among those at risk at any failure of the cause"
        for column, others in found
    ]
    raise EstimationError(
        "estimate-undefined",
        f"the data do not determine every coefficient: {'; '.join(faults)}",
        reason="such a coefficient has no estimate: the likelihood does not change with it",
        hint="leave the named covariates out, or look at the coding of the data",
    )
