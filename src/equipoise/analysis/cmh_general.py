"""Cochran-Mantel-Haenszel tests for any number of groups and outcome categories, over strata."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.inputs import check_choice
from equipoise.errors import DataError
from equipoise.frames.columns import Levels, check_lengths, library_of, name_of, to_levels, to_strata
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain.special import chi_square_tail

ASSOCIATIONS = ("general", "mean-score", "correlation")


@dataclass(frozen=True, repr=False)
class GeneralAssociationTest(RowResult):
    """A chi-square test of association between group and outcome, summed over strata.

    `chi_square` with `df` and `p_value` (NaN without any variance; `message` says why); `levels` the groups' and
    `outcomes` the outcome's labels; `one_arm_strata` names strata with one group only, which contribute nothing.
    """

    chi_square: float
    df: int
    p_value: float
    association: str
    levels: tuple[str, ...]
    outcomes: tuple[str, ...]
    n: int
    n_strata: int
    one_arm_strata: tuple[str, ...]
    message: str | None = None
    library: str | None = None

    def to_rows(self) -> list[ResultRow]:
        """n, n_strata, chi_square, df and p_value."""
        said = "; ".join(self.one_arm_strata)
        place: dict[str, Any] = {
            "parameter": self.association, "method": "cmh-general", "error": self.message,
            "warning": f"strata with one group only contribute nothing: {said}" if said else None,
        }  # fmt: skip
        return [
            ResultRow(statistic="n", format="int", value=float(self.n), **place),
            ResultRow(statistic="n_strata", format="int", value=float(self.n_strata), **place),
            ResultRow(statistic="chi_square", **place, **number(self.chi_square)),
            ResultRow(statistic="df", format="int", value=float(self.df), **place),
            ResultRow(statistic="p_value", format="p", **place, **number(self.p_value)),
        ]


def cmh_general(
    outcome: Any, group: Any, *, strata: Any = None, association: str = "general", weights: Any = None
) -> GeneralAssociationTest:
    """The Cochran-Mantel-Haenszel test of several groups and outcome categories over strata.

    Arguments, each a column of n rows: `outcome`, `group` (categories; ordered as a categorical type is, else sorted);
    `strata`, one column or several. `association`: "general" (any difference), "mean-score" (groups differ in the mean
    of the outcome's scores 1, 2, ...) or "correlation" (trend: both scored 1, 2, ...). `weights`: whole numbers, how
    many subjects each row stands for.

    Returns a `GeneralAssociationTest`. Raises DataError for columns that cannot be used, and for one level only.

    Formula: Q = (B sum(n - m))' (sum B V B')⁻¹ (B sum(n - m)) with m and V the mean and covariance of the table given
    its margins. Source: Landis, Heyman and Koch 1978, doi:10.2307/1402373.

    >>> cmh_general(["a", "b", "a", "b"], ["x", "x", "y", "y"]).df
    1
    """
    from equipoise.analysis.inputs import survival_data

    check_choice(association, ASSOCIATIONS, "association")
    group_name, outcome_name = name_of(group, "group"), name_of(outcome, "outcome")
    rows, columns = to_levels(group, group_name), to_levels(outcome, outcome_name)
    check_lengths({outcome_name: len(columns.codes), group_name: len(rows.codes)})
    for levels, name in ((rows, group_name), (columns, outcome_name)):
        if len(levels.labels) < 2:
            raise DataError(
                "group-single", f"{name} has one level only: {', '.join(map(repr, levels.labels))}",
                reason="an association needs two levels of both", hint="check the filter in use",
            )  # fmt: skip
    n = len(rows.codes)
    by = to_strata(strata, n)
    # The checks of weights are those of the survival estimators.
    counted = np.ones(n) if weights is None else survival_data(np.ones(n), np.ones(n), weights=weights).weight
    counts = _tables(rows, columns, by, counted)
    one_arm = tuple(
        label or "(all)" for label, table in zip(by.labels, counts, strict=True) if (table.sum(axis=1) > 0).sum() < 2
    )
    chi_square, df = _statistic(counts, association)
    message = "no stratum has any variance: all outcomes are alike" if math.isnan(chi_square) else None
    return GeneralAssociationTest(
        chi_square, df, chi_square_tail(chi_square, max(df, 1)), association, rows.labels, columns.labels,
        int(counts.sum()), len(by.labels) - len(one_arm), one_arm, message, library_of(outcome),
    )  # fmt: skip


def _tables(rows: Levels, columns: Levels, by: Levels, counted: Any) -> np.ndarray:
    shape = (len(by.labels), len(rows.labels), len(columns.labels))
    cell = (by.codes * shape[1] + rows.codes) * shape[2] + columns.codes
    return np.bincount(cell, weights=counted, minlength=shape[0] * shape[1] * shape[2]).reshape(shape)


def _statistic(counts: np.ndarray, association: str) -> tuple[float, int]:
    """The chi-square and its degrees of freedom: the rank of the covariance."""
    rows, columns = counts.shape[1:]
    by_row = np.eye(rows)[:-1] if association != "correlation" else np.arange(1.0, rows + 1)[None, :]
    by_column = np.eye(columns)[:-1] if association == "general" else np.arange(1.0, columns + 1)[None, :]
    contrast = np.kron(by_row, by_column)
    distance, covariance = np.zeros(len(contrast)), np.zeros((len(contrast), len(contrast)))
    for table in counts:
        total, row, column = table.sum(), table.sum(axis=1), table.sum(axis=0)
        if total < 2.0:
            continue
        distance += contrast @ (table - np.outer(row, column) / total).ravel()
        spread = np.kron(np.diag(row) * total - np.outer(row, row), np.diag(column) * total - np.outer(column, column))
        covariance += contrast @ spread @ contrast.T / (total**2 * (total - 1.0))
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-10 * max(float(values.max()), 1e-300)
    if not (values > 1e-12).any():
        return math.nan, 0
    along = vectors[:, kept].T @ distance
    return float((along**2 / values[kept]).sum()), int(kept.sum())
