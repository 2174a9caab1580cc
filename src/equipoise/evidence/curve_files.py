"""Files of clicked points and of numbers at risk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from equipoise.errors import ArgumentError, DataError
from equipoise.evidence.curve_points import CLICK_ERROR, CurvePoints, Scale, clean_points
from equipoise.evidence.figure_curves import figure_curves
from equipoise.evidence.figure_files import RASTER_SUFFIXES, VECTOR_SUFFIXES, read_figure
from equipoise.evidence.published_table import as_polars
from equipoise.frames.tables import FORMATS, format_of, read_table, require_columns, to_number

_ARM, _TIME, _SURVIVAL, _COUNT = "ARM", "TIME", "SURVIVAL", "N"


@dataclass(frozen=True)
class FoundCurves:
    """Curves by the names that their files give them (an arm, a file, a color), and what was found in words."""

    curves: tuple[CurvePoints, ...]
    said: tuple[str, ...]


def read_curves(
    paths: Iterable[Any],
    *,
    scale: Scale = "auto",
    error: float | None = None,
    x_axis: Sequence[float] | None = None,
    y_axis: Sequence[float] | None = None,
    page: int = 1,
) -> FoundCurves:
    """Curves of tables of points and of vector figures.

    Arguments: files, or data frames as tables. A table (CSV, Parquet and the other formats of tables) has the columns
    `time` and `survival`, and `arm` where it holds several curves; without it the curve has the file's name. A figure
    (SVG, PDF) holds its curves by color. `scale` and `error` as of `clean_points`, for tables; `x_axis`, `y_axis` as of
    `find_axes` and `page`, for figures. Raises DataError as those do, and `column-missing`, `file-unreadable`.
    """
    curves: list[CurvePoints] = []
    said: list[str] = []
    for given in paths:
        path = Path(given) if isinstance(given, str | Path) else Path("points")
        if path.suffix.lower() in (*VECTOR_SUFFIXES, *RASTER_SUFFIXES):
            found = figure_curves(read_figure(path, page=page), x_axis=x_axis, y_axis=y_axis)
            curves += [curve.points for curve in found.curves]
            said += [f"{path.name}: {line}" for line in found.said]
        else:
            here = _of_table(given, scale, CLICK_ERROR if error is None else error)
            curves += here
            said += [f"{path.name}: curve {curve.arm}, {len(curve)} points to {curve.end:.4g}" for curve in here]
    names = [curve.arm for curve in curves]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            "value-invalid", f"two curves are called {twice[0]!r}", reason="an arm has one curve",
            hint="name the files by arm, or give each point its arm in a column",
        )  # fmt: skip
    return FoundCurves(tuple(curves), tuple(said))


def _of_table(given: Any, scale: Scale, error: float) -> list[CurvePoints]:
    table, path = _table(given, "points")
    require_columns(table, path.name, (_TIME, _SURVIVAL), path.name)
    numbers = table.with_columns(*(_number(table, name, path.name) for name in (_TIME, _SURVIVAL)))
    if _ARM not in table.columns:
        return [_cleaned(numbers, path.stem, scale, error, path.name)]
    arms = [name for name in numbers[_ARM].cast(pl.String).unique(maintain_order=True).to_list() if name]
    return [
        _cleaned(numbers.filter(pl.col(_ARM).cast(pl.String) == arm), arm, scale, error, f"{path.name}, arm {arm}")
        for arm in arms
    ]


def _cleaned(table: pl.DataFrame, arm: str, scale: Scale, error: float, where: str) -> CurvePoints:
    known = table.drop_nulls([_TIME, _SURVIVAL])
    return clean_points(
        known[_TIME].to_numpy(), known[_SURVIVAL].to_numpy(), arm=arm, scale=scale, error=error, where=where
    )


def _table(given: Any, name: str) -> tuple[pl.DataFrame, Path]:
    """A table and its name, that of its file or one for a data frame."""
    if hasattr(given, "columns"):
        frame = as_polars(given, name)
        return frame.rename({column: column.strip().upper() for column in frame.columns}), Path(name)
    if not isinstance(given, str | Path):
        raise ArgumentError(
            "argument-invalid", f"{type(given).__name__} is no table", where=name,
            hint="give the path of a file, or a data frame",
        )  # fmt: skip
    path = Path(given)
    if format_of(path) not in FORMATS:
        raise DataError(
            "file-unreadable", f"{path.name} is neither a table nor a figure", where=str(path),
            hint=f"tables: {', '.join(FORMATS)}; figures: svg, pdf",
        )  # fmt: skip
    return read_table(path).frame, path


def _number(table: pl.DataFrame, name: str, source: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64) if table.schema[name].is_numeric() else to_number(table, name, source)


def read_risk_table(given: Any) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Times and numbers at risk by arm, as written (the arm's name in the file, lower case).

    The file, or the data frame, has the columns `time`, `arm` and `n`, or `time` and one column for each arm.
    Raises DataError `column-missing`, `value-invalid`, `file-unreadable`.
    """
    table, place = _table(given, "numbers at risk")
    require_columns(table, place.name, (_TIME,), place.name)
    if {_ARM, _COUNT} <= set(table.columns):
        long = table.with_columns(_number(table, _TIME, place.name), _number(table, _COUNT, place.name))
        parts = [(str(arm), long.filter(pl.col(_ARM) == arm)) for arm in long[_ARM].unique(maintain_order=True)]
        return {arm.lower(): _sorted(part, _COUNT) for arm, part in parts}
    arms = [name for name in table.columns if name != _TIME]
    if not arms:
        require_columns(table, place.name, (_ARM, _COUNT), place.name)
    wide = table.with_columns(*(_number(table, name, place.name) for name in table.columns))
    return {arm.lower(): _sorted(wide, arm) for arm in arms}


def _sorted(table: pl.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    known = table.drop_nulls([_TIME, column]).sort(_TIME)
    return known[_TIME].to_numpy(), known[column].to_numpy()
