"""Fitted hazard-ratio models: what the regressions of the hazard and of the subdistribution hazard share."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from equipoise.analysis.covariates import Design
from equipoise.analysis.inputs import conf_level_row
from equipoise.errors import EstimationError
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain.newton import NewtonFit, dependent_columns
from equipoise.kernels.plain.special import chi_square_tail, normal_quantile


@dataclass(frozen=True, eq=False, repr=False)
class HazardRatios(RowResult):
    """Coefficients called `names`, their `covariance`, and what follows from the two.

    `infinite` marks coefficients in which the likelihood is monotone: their maximum is at plus or minus infinity and
    they have no Wald statistics. `loglik` is at zero and at the estimate.
    """

    names: tuple[str, ...]
    design: Design
    coef: np.ndarray
    covariance: np.ndarray
    infinite: np.ndarray
    loglik: tuple[float, float]
    n: int
    n_event: int
    conf_level: float
    warning: str | None = field(default=None, kw_only=True)
    library: str | None = field(default=None, kw_only=True)

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

    def _coefficient_columns(self) -> dict[str, tuple[np.ndarray, str | None]]:
        """Per statistic of a coefficient the array over the coefficients and the format of its rows."""
        low, high = self.conf_int.T
        return {
            "estimate": (self.hazard_ratio, "ratio"),
            "conf_low": (low, "ratio"),
            "conf_high": (high, "ratio"),
            "log_hazard_ratio": (self.coef, None),
            "std_error": (self.std_error, None),
            "z": (self.z, None),
            "p_value": (self.p_value, "p"),
        }

    def _coefficient_rows(self, shared: dict[str, Any]) -> list[ResultRow]:
        """Per coefficient the hazard ratio ("estimate") with limits and Wald test."""
        columns = self._coefficient_columns()
        return [
            ResultRow(statistic=name, format=hint, **(shared | self.design.row_columns(j)), **number(float(values[j])))
            for j in range(len(self.names))
            for name, (values, hint) in columns.items()
        ]

    def _model_rows(self, shared: dict[str, Any], **counts: int) -> list[ResultRow]:
        """The log-likelihoods and counts of the model."""
        rows = [
            ResultRow(statistic=name, value=value, **shared)
            for name, value in zip(("loglik_null", "loglik"), self.loglik, strict=True)
        ]
        counts = {"n": self.n, "n_event": self.n_event, **counts}
        rows += [ResultRow(statistic=k, format="int", value=float(v), **shared) for k, v in counts.items()]
        return [*rows, conf_level_row(self.conf_level, shared)]


def infinite_where(fit: NewtonFit) -> np.ndarray:
    """The coefficients, infinite where the likelihood is monotone."""
    return np.where(fit.diverging, np.copysign(math.inf, fit.beta), fit.beta)


def fit_warning(fit: NewtonFit, design: Design, remedy: str = "") -> str | None:
    """What the reader must know of the maximum; `remedy` follows the sentence on infinite estimates."""
    if fit.diverging.any():
        named = ", ".join(name for name, bad in zip(design.names, fit.diverging, strict=True) if bad)
        return f"monotone likelihood: the estimate of {named} is infinite{remedy}"
    return None if fit.converged else "the iteration did not converge: do not use these estimates"


def check_determined(fit: NewtonFit, design: Design, n_event: float, where: str) -> None:
    """Refuses covariates that do not vary among those at risk (at `where`), or are combinations of others."""
    found = dependent_columns(fit.start.information, 1e-12 * max(n_event, 1.0) * design.spread**2)
    if not found:
        return
    faults = [
        f"{design.names[column]} is a combination of {', '.join(design.names[other] for other in others)}"
        if others
        else f"{design.names[column]} does not vary among those at risk at {where}"
        for column, others in found
    ]
    raise EstimationError(
        "estimate-undefined",
        f"the data do not determine every coefficient: {'; '.join(faults)}",
        reason="such a coefficient has no estimate: the likelihood does not change with it",
        hint="leave the named covariates out, or look at the coding of the data",
    )
