"""Residuals of a Cox model, and the robust variance made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.cox_model import EXACT, CoxModel
from equipoise.errors import ArgumentError, EstimationError
from equipoise.frames.columns import check_lengths, name_of, to_levels, to_native_frame
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain.cox_process import martingale_residuals, schoenfeld_residuals, score_residuals

KINDS = ("martingale", "deviance", "schoenfeld", "scaled-schoenfeld", "score", "dfbeta", "dfbetas")
_PER_SUBJECT = ("martingale", "deviance")
_METHODS = {
    "martingale": "martingale-residuals",
    "deviance": "martingale-residuals",
    "score": "martingale-residuals",
    "schoenfeld": "schoenfeld-residuals",
    "scaled-schoenfeld": "proportional-hazards-1994",
    "dfbeta": "lin-wei",
    "dfbetas": "lin-wei",
}
# Below this share of the inverse information a sandwich variance is rounding; below this eigenvalue a correlation is.
_CANCELLED, _TIED = 1e-20, 1e-10


@dataclass(frozen=True, eq=False, repr=False)
class CoxResiduals(RowResult):
    """Residuals of one kind.

    `values`: (m) for martingale and deviance residuals, else (m, p) over the coefficients called `names`. `labels`
    (m): the zero-based row of each residual as text, or the level it was summed over. `time` (m) is that of the row;
    of Schoenfeld residuals m is the number of deaths, by stratum and time. `numpy.asarray(result)` is `values`.
    """

    kind: str
    values: np.ndarray
    names: tuple[str, ...]
    labels: tuple[str, ...]
    rows: np.ndarray | None
    time: np.ndarray | None
    library: str | None = None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        return len(self.values)

    def to_rows(self) -> list[ResultRow]:
        """One row per residual; `group1` is "row" (or "by"), `level1` which."""
        matrix = self.values.reshape(len(self.values), -1)
        names = self.names if self.values.ndim == 2 else ("model",)
        group = "by" if self.rows is None else "row"
        times: list[float | None] = [None] * len(matrix) if self.time is None else list(map(float, self.time))
        return [
            ResultRow(
                statistic=f"{self.kind}_residual", parameter=name, group1=group, level1=self.labels[i], at=times[i],
                method=_METHODS[self.kind], **number(float(matrix[i, j])),
            )
            for i in range(len(matrix))
            for j, name in enumerate(names)
        ]  # fmt: skip

    def to_frame(self) -> Any:
        """One row per residual with its row, time and value (or one column per coefficient)."""
        columns: dict[str, Any] = {"by": list(self.labels)} if self.rows is None else {"row": self.rows}
        if self.time is not None:
            columns["time"] = self.time
        if self.values.ndim == 1:
            return to_native_frame(columns | {self.kind: self.values}, self.library)
        return to_native_frame(columns | {n: self.values[:, j] for j, n in enumerate(self.names)}, self.library)


def cox_residuals(
    model: CoxModel, beta: np.ndarray, covariance: np.ndarray, kind: str, by: Any, library: str | None
) -> CoxResiduals:
    """Residuals of `kind`; see `CoxRegression.residuals`. `covariance` is the inverse information."""
    hazards = model.hazards(beta)
    names = model.design.names
    if kind.endswith("schoenfeld"):
        if by is not None:
            raise ArgumentError(
                "argument-invalid",
                f"by is given for {kind} residuals",
                where="by",
                reason="they belong to deaths, not to subjects",
                hint="leave `by` out",
            )
        rows, values = schoenfeld_residuals(hazards)
        if kind == "scaled-schoenfeld":
            values = len(rows) * values @ covariance + beta
        return CoxResiduals(kind, values, names, _texts(rows), rows, model.data.time[rows], library)
    martingale = martingale_residuals(hazards, model.data.event)
    if kind in _PER_SUBJECT:
        values = martingale
    else:
        values = score_residuals(hazards, model.covariates.shape)
        values = values if kind == "score" else model.weight[:, None] * values @ covariance
    event = model.data.event.astype(float)
    levels = None if by is None else to_levels(by, name_of(by, "by"))
    if levels is not None:
        check_lengths({"time": model.data.n, name_of(by, "by"): len(levels.codes)})
        values, event = _summed(values, levels.codes), _summed(event, levels.codes)
    values = _finished(kind, values, event, covariance)
    if levels is not None:
        return CoxResiduals(kind, values, names, levels.labels, None, None, library)
    rows = np.arange(model.data.n)
    return CoxResiduals(kind, values, names, _texts(rows), rows, model.data.time, library)


def _finished(kind: str, values: np.ndarray, event: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """What is not additive over rows: the deviance transform, the scale of dfbetas."""
    if kind == "deviance":
        expected = event - values
        with np.errstate(divide="ignore", invalid="ignore"):
            log_ratio = np.where(event > 0.0, event * np.log(expected / event), 0.0)
        return np.sign(values) * np.sqrt(np.maximum(-2.0 * (values + log_ratio), 0.0))
    return values / np.sqrt(np.diag(covariance)) if kind == "dfbetas" else values


def robust_covariance(model: CoxModel, beta: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, float]:
    """The sandwich covariance D'D, D the weighted dfbetas summed by cluster, and the robust score statistic at 0.

    Clusters whose dfbetas all cancel say nothing of a coefficient: its covariances are NaN.

    Source: Lin DY, Wei LJ. J Am Stat Assoc 1989;84:1074-1078.
    """
    assert model.cluster is not None
    codes, shape = model.cluster.codes, model.covariates.shape
    weight = model.weight[:, None]
    influence = _summed(weight * score_residuals(model.hazards(beta), shape) @ covariance, codes)
    scores = _summed(weight * score_residuals(model.hazards(np.zeros(len(beta))), shape), codes)
    total = scores.sum(axis=0)
    # The scores of m clusters, m no more than the coefficients, give the statistic m whatever the data are.
    few = len(scores) <= len(beta)
    statistic = np.nan if few else float(total @ np.linalg.lstsq(scores.T @ scores, total, rcond=1e-12)[0])
    sandwich = influence.T @ influence
    # What is left of dfbetas that cancel is rounding, not a variance.
    unknown = np.diag(sandwich) <= _CANCELLED * np.diag(covariance)
    sandwich[unknown, :] = sandwich[:, unknown] = np.nan
    return sandwich, statistic


def robust_warning(covariance: np.ndarray, names: tuple[str, ...]) -> str | None:
    """What a sandwich covariance leaves undefined, None where it is all there."""
    error = np.sqrt(np.diag(covariance))
    unknown = ", ".join(name for name, value in zip(names, error, strict=True) if np.isnan(value))
    if unknown:
        return f"the dfbetas of every cluster cancel: {unknown} has no robust variance"
    correlation = covariance / np.outer(error, error)
    if np.linalg.matrix_rank(correlation, tol=_TIED, hermitian=True) < len(error):
        return f"too few clusters for a robust Wald test of {len(error)} coefficients together"
    return None


def refuse_infinite(model: CoxModel, infinite: np.ndarray, what: str) -> None:
    """Refuses what needs finite coefficients (EstimationError `estimate-undefined`)."""
    if infinite.any():
        named = ", ".join(name for name, bad in zip(model.design.names, infinite, strict=True) if bad)
        raise EstimationError(
            "estimate-undefined",
            f"{what}: the estimate of {named} is infinite (monotone likelihood)",
            reason="the hazard at an infinite coefficient does not exist",
            hint='penalty="firth" gives finite estimates',
        )


def refuse_exact(model: CoxModel, what: str) -> None:
    """Refuses what needs the mean covariates at a death (ArgumentError `argument-invalid`)."""
    if model.ties in EXACT:
        raise ArgumentError(
            "argument-invalid",
            f'{what} with ties="{model.ties}"',
            where="ties",
            reason="the exact likelihoods are no sum over single deaths",
            hint='use ties="efron" or "breslow"',
        )


def _summed(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    matrix = values.reshape(len(values), -1)
    sums = np.column_stack([np.bincount(codes, weights=column) for column in matrix.T])
    return sums[:, 0] if values.ndim == 1 else sums


def _texts(rows: np.ndarray) -> tuple[str, ...]:
    return tuple(map(str, rows.tolist()))
