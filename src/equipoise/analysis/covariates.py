"""Covariates as numbers: numeric columns as they are, categories by indicator columns against a named reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from equipoise.errors import ArgumentError, DataError, permitted
from equipoise.frames.columns import (
    check_lengths,
    check_level,
    name_of,
    to_array,
    to_columns,
    to_levels,
    to_numbers,
)
from equipoise.kernels import dispatch

_MANY_ROWS = 50_000


@dataclass(frozen=True)
class Term:
    """One coefficient: of a numeric column, or of a `level` of a column against its `reference`."""

    column: str
    level: str | None = None
    reference: str | None = None

    @property
    def name(self) -> str:
        return self.column if self.level is None else f"{self.level} vs {self.reference}"


@dataclass(frozen=True, eq=False)
class Design:
    """Encoded covariates.

    `rows` (G, p) holds the distinct rows when `codes` (n) points into it, else one row per subject; `center` (p) are
    the columns' means over the subjects, and `spread` (p) their standard deviations.
    """

    terms: tuple[Term, ...]
    rows: np.ndarray
    center: np.ndarray
    codes: np.ndarray | None
    spread: np.ndarray
    single: bool

    @cached_property
    def patterns(self) -> np.ndarray:
        """The rows less the columns' means: made when first asked for, because large data are centered on the way."""
        return self.rows - self.center

    @property
    def names(self) -> tuple[str, ...]:
        """Coefficient names; a category's level is preceded by its column where there are several columns."""
        return tuple(
            term.name if self.single or term.level is None else f"{term.column}: {term.name}" for term in self.terms
        )

    def row_columns(self, j: int) -> dict[str, Any]:
        """The identifying columns of coefficient j's result rows."""
        term = self.terms[j]
        return {"parameter": self.names[j], "group1": term.column if term.level else None, "level1": term.level}


def encode_covariates(covariates: Any, reference: Any, n: int) -> Design:
    """Covariates of any accepted form as a `Design`; see `cox`."""
    if _is_large_matrix(covariates, reference, n):
        design = _large_matrix(covariates)
        if design is not None:
            return design
    columns = to_columns(covariates, "covariate")
    if not columns:
        raise DataError("value-invalid", "covariates have no column", where="covariates", hint="hand in one at least")
    references = _references(reference, columns)
    single = len(columns) == 1
    terms: list[Term] = []
    encoded: list[np.ndarray] = []
    for name, values in columns.items():
        array = to_array(values, name)
        check_lengths({"time": n, name: len(array)})
        if name in references or not _is_numeric(array, values):
            if single:
                return _one_factor(
                    name_of(values, "group" if name == "covariate" else name), values, references.get(name)
                )
            _encode_factor(name, values, references.get(name), terms, encoded)
        else:
            terms.append(Term(name))
            encoded.append(_numeric_column(name, array, values))
    return _design(terms, encoded, single)


def _is_large_matrix(covariates: Any, reference: Any, n: int) -> bool:
    if not isinstance(covariates, np.ndarray) or reference is not None:
        return False
    numbers = covariates.ndim == 2 and covariates.dtype.kind in "fiub"
    return numbers and covariates.shape[1] > 1 and len(covariates) == n > _MANY_ROWS


def _is_numeric(array: np.ndarray, values: Any) -> bool:
    # An array has no categories; the name of a type takes longer to make than all else here.
    plain = isinstance(values, np.ndarray | list)
    return array.dtype.kind in "fiub" and (plain or "ategor" not in str(getattr(values, "dtype", "")))


def _references(reference: Any, columns: Mapping[str, Any]) -> dict[str, Any]:
    if reference is None:
        return {}
    if isinstance(reference, Mapping):
        for name in reference:
            if name not in columns:
                raise ArgumentError(
                    "argument-invalid", f"reference names no covariate {name!r}", hint=permitted(str(name), columns)
                )
        return dict(reference)
    if len(columns) > 1:
        raise ArgumentError(
            "argument-invalid",
            f"reference is {reference!r} with {len(columns)} covariates",
            where="reference",
            hint="with several covariates hand in a mapping: reference={'column': 'level'}",
        )
    return {next(iter(columns)): reference}


def _one_factor(name: str, values: Any, reference: Any) -> Design:
    """A treatment arm: patterns are its levels, so the data are never expanded to a matrix."""
    levels = to_levels(values, name)
    if reference is None:
        raise ArgumentError(
            "argument-invalid",
            f"reference is not given for {name}",
            where="reference",
            reason="a hazard ratio is of one level versus another",
            hint=permitted("", levels.labels),
        )
    if len(levels.labels) < 2:
        raise DataError(
            "group-single",
            f"{name} has one level only: {', '.join(map(repr, levels.labels))}",
            reason="a comparison needs two groups",
            hint="check the filter in use, and that this is the column of the treatment arm",
        )
    base = check_level(reference, levels.labels, name)
    others = [g for g in range(len(levels.labels)) if g != base]
    patterns = np.eye(len(levels.labels))[:, others]
    share = np.bincount(levels.codes, minlength=len(levels.labels))[others] / len(levels.codes)
    terms = tuple(Term(name, levels.labels[g], levels.labels[base]) for g in others)
    return Design(terms, patterns, share, levels.codes, np.sqrt(share * (1.0 - share)), single=True)


def _encode_factor(name: str, values: Any, reference: Any, terms: list[Term], encoded: list[np.ndarray]) -> None:
    levels = to_levels(values, name)
    base = 0 if reference is None else check_level(reference, levels.labels, name)
    if len(levels.labels) < 2:
        # A category without variation is a constant covariate, which the fit refuses by name.
        terms.append(Term(name))
        encoded.append(np.ones(len(levels.codes)))
    for g, label in enumerate(levels.labels):
        if g != base:
            terms.append(Term(name, label, levels.labels[base]))
            encoded.append((levels.codes == g).astype(float))


def _numeric_column(name: str, array: np.ndarray, values: Any) -> np.ndarray:
    if array.dtype.kind in "iub":
        return array
    numbers = to_numbers(values, name)
    # A sum is finite only where every term is; where a sum of finite terms is not, the terms are looked at.
    if not (np.isfinite(numbers.sum()) or np.isfinite(numbers).all()):
        row = int(np.flatnonzero(~np.isfinite(numbers))[0])
        raise DataError(
            "value-invalid",
            f"{name} is missing or infinite in {int((~np.isfinite(numbers)).sum()):,} rows",
            where=f"{name}, row {row + 1}",
            reason="a subject without a covariate cannot enter the model",
            hint="decide on these rows first: drop or impute them",
        )
    return numbers


def _design(terms: list[Term], columns: list[np.ndarray], single: bool) -> Design:
    n = len(columns[0])
    found = _distinct(columns[0]) if single else None
    if found is not None:
        distinct, codes, counts = found
        if len(distinct) <= 8 or len(distinct) < n // 4:
            center = (distinct @ counts) / n if len(distinct) > 1 else distinct[0]
            with np.errstate(over="ignore", invalid="ignore"):
                spread = np.sqrt(((distinct - center) ** 2 @ counts) / n)
            _check_range(terms, np.array([spread]))
            return Design(tuple(terms), distinct[:, None], np.array([center]), codes, np.array([spread]), single)
    matrix = np.column_stack(columns).astype(np.float64, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        center, spread, _ = dispatch.column_moments(matrix)
    _check_range(terms, spread)
    return Design(tuple(terms), matrix, center, None, spread, single)


def _check_range(terms: list[Term], spread: np.ndarray) -> None:
    wide = [term.name for term, size in zip(terms, spread, strict=True) if not np.isfinite(size)]
    if wide:
        raise DataError(
            "value-invalid",
            f"{', '.join(wide)} holds numbers whose squares are beyond the range of floating point",
            where="covariates",
            hint="divide the column by a power of ten",
        )


def _large_matrix(values: np.ndarray) -> Design | None:
    """A large matrix without taking it apart; None where a value is missing or infinite."""
    rows = np.ascontiguousarray(values, dtype=np.float64)
    center, spread, finite = dispatch.column_moments(rows)
    if not finite:
        return None
    terms = tuple(Term(f"covariate{j + 1}") for j in range(values.shape[1]))
    return Design(terms, rows, center, None, spread, single=False)


def _distinct(column: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """The distinct values, each row's place among them, and their counts; None where a large column has too many."""
    whole, low = _whole_numbers(column)
    if whole is not None:
        counts = np.bincount(whole)
        present = counts > 0
        codes = whole if present.all() else (np.cumsum(present) - 1)[whole]
        return low + present.nonzero()[0], codes, counts[present]
    if len(column) > _MANY_ROWS and len(np.unique(column[:10_000])) > 2_500:
        return None
    return np.unique(column.astype(np.float64, copy=False), return_inverse=True, return_counts=True)


def _whole_numbers(column: np.ndarray) -> tuple[np.ndarray | None, float]:
    """Whole numbers close together, counted from the lowest; None for others."""
    low, high = float(column.min()), float(column.max())
    if not (high - low < 1024.0 and abs(low) < 2.0**53 and low.is_integer()):
        return None, low
    if column.dtype.kind in "iub":
        whole = column.astype(np.int64, copy=False)
        return whole - int(low) if low else whole, low
    whole = (column - low).astype(np.int64)
    return whole if (whole + low == column).all() else None, low
