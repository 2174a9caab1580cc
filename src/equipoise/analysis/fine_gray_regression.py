"""Fine and Gray's regression of the subdistribution hazard of one cause of failure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.competing_inputs import CauseData, cause_data, check_cause
from equipoise.analysis.covariates import Design, encode_covariates
from equipoise.analysis.hazard_ratios import HazardRatios, check_determined, fit_warning, infinite_where
from equipoise.analysis.inputs import CONVENTIONS, check_choice, check_level_of_confidence, tolerance_of
from equipoise.frames.columns import library_of, to_strata
from equipoise.frames.results import ResultRow
from equipoise.kernels.plain.fine_gray import fine_gray_terms, sandwich_middle, subdistribution_data
from equipoise.kernels.plain.newton import NewtonFit, maximize


@dataclass(frozen=True, eq=False, repr=False)
class FineGray(HazardRatios):
    """A fitted Fine-Gray model of one `cause`.

    Arrays run over the p coefficients called `names`: `coef` (log subdistribution hazard ratio), `std_error`,
    `hazard_ratio`, `conf_int` (p, 2; of the ratio), `z`, `p_value` (Wald). `covariance` is the sandwich that allows for
    the estimated censoring, `inverse_information` the naive one. `infinite` marks coefficients in which the likelihood
    is monotone. `loglik` holds the pseudo log-likelihood at zero and at the estimate.
    """

    cause: str
    inverse_information: np.ndarray
    n_other: int

    def to_rows(self) -> list[ResultRow]:
        """Per coefficient the subdistribution hazard ratio ("estimate") with limits and Wald test; then the counts."""
        shared: dict[str, Any] = {"method": "fine-gray", "warning": self.warning, "label": self.cause}
        return self._coefficient_rows(shared) + self._model_rows(shared | {"parameter": "model"}, n_other=self.n_other)


def fine_gray(
    time: Any,
    event: Any,
    covariates: Any,
    *,
    cause: Any = None,
    reference: Any = None,
    censored: Any = 0,
    strata: Any = None,
    weights: Any = None,
    censoring_group: Any = None,
    conf_level: float = 0.95,
    convention: str = "r",
    time_tolerance: float | None = None,
) -> FineGray:
    """Fine and Gray's proportional subdistribution hazards regression, with their sandwich variance.

    Arguments: `time`, `covariates`, `reference`, `conf_level`, `convention` (the tie tolerance) and `time_tolerance`
    as `cox`; `event`: the cause of failure of each subject; `cause`: the level that is modeled (required unless there
    is one); `censored`: the level that means no failure; `strata`: one column or several, each stratum with its own
    baseline; `weights`: zero or more, by which a subject counts in the likelihood and in the censoring distribution
    (the variance is robust to them, as after `cox(weights=, cluster=)`; it is not that of repeated rows);
    `censoring_group`: a column, each level with its own Kaplan-Meier estimate of the censoring distribution (without:
    one over all subjects, also where there are strata). Ties by Breslow's rule.

    Returns a `FineGray`. Raises EstimationError `estimate-undefined` for constant or collinear covariates (named);
    ArgumentError and DataError for input that cannot be used.

    Formula: the partial likelihood in which who failed of another cause at T stays at risk at t > T with the weight
    G(t-) / G(T-); variance I^-1 (sum w^2 (eta + psi)(eta + psi)') I^-1.
    Source: Fine and Gray 1999, doi:10.1080/01621459.1999.10474144; over strata Zhou et al. 2011.

    >>> fit = fine_gray([1, 2, 3, 4, 5, 6], [1, 2, 1, 1, 0, 2], list("aabbab"), cause=1, reference="a")
    >>> fit.names
    ('b vs a',)
    """
    check_choice(convention, CONVENTIONS, "convention")
    level = check_level_of_confidence(conf_level)
    data = cause_data(
        time, event, censored=censored, strata=strata, weights=weights,
        time_tolerance=tolerance_of(time_tolerance, convention),
    )  # fmt: skip
    k = check_cause(cause, data.causes, data.event_name)
    design = encode_covariates(covariates, reference, data.survival.n)
    rows = design.patterns if design.codes is None else design.patterns[design.codes]
    code = np.where(data.code == k + 1, 1, np.where(data.code == 0, 0, 2))
    apart = to_strata(censoring_group, data.survival.n, "censoring_group").codes
    by = data.survival.strata.codes
    risk = subdistribution_data(data.survival.time, code, rows, data.survival.weight, by, apart)
    fit = maximize(lambda beta: fine_gray_terms(beta, risk), design.spread, np.zeros(rows.shape[1]))
    check_determined(fit, design, float((code == 1).sum()), "any failure of the cause")
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
    return FineGray(
        names=design.names,
        design=design,
        cause=data.causes[k],
        coef=infinite_where(fit),
        covariance=covariances[1],
        inverse_information=covariances[0],
        infinite=fit.diverging,
        loglik=(fit.start.loglik, fit.terms.loglik),
        n=data.survival.n,
        n_event=int((data.code == k + 1).sum()),
        n_other=int(((data.code > 0) & (data.code != k + 1)).sum()),
        conf_level=conf_level,
        warning=fit_warning(fit, design),
        library=library,
    )


def _covariances(fit: NewtonFit, middle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The inverse information and the sandwich; NaN for infinite coefficients, the others' as if those were fixed."""
    finite = np.ix_(~fit.diverging, ~fit.diverging)
    inverse, covariance = (np.full(middle.shape, math.nan) for _ in range(2))
    inverse[finite] = np.linalg.inv(fit.terms.information[finite])
    covariance[finite] = inverse[finite] @ middle[finite] @ inverse[finite]
    return inverse, covariance
