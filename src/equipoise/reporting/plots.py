"""`equipoise.plot`: a result drawn, for a notebook or a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise.errors import ArgumentError, permitted
from equipoise.frames.results import ResultRow
from equipoise.reporting.figures import (
    audit,
    comparisons,
    consort,
    design_results,
    distribution,
    estimates,
    pooled,
    randomization,
    reconstruction,
    safety,
    scatter,
    shares,
    simulation,
    stepped,
)
from equipoise.reporting.figures.canvas import check_format, drawn_bytes
from equipoise.reporting.figures.design import DESIGN
from equipoise.reporting.figures.sheet import FigureKind
from equipoise.reporting.tables.simulation import SIMULATE

# Every figure that rows may hold. Of those that can be drawn, the first is, unless `kind` names another.
FIGURES: tuple[FigureKind, ...] = (
    *audit.FIGURES,
    *reconstruction.FIGURES,
    *stepped.FIGURES,
    *pooled.FIGURES,
    *comparisons.FIGURES,
    *safety.FIGURES,
    *shares.FIGURES,
    *distribution.FIGURES,
    *design_results.FIGURES,
    *simulation.FIGURES,
    *estimates.FIGURES,
    *scatter.FIGURES,
    *consort.FIGURES,
    *randomization.FIGURES,
    *comparisons.TESTS,
)
# Figures that take the rows of a design, of its simulation, or of an audit.
_WHOLE = (*design_results.FIGURES, *simulation.FIGURES, *audit.FIGURES)


@dataclass(frozen=True)
class Drawing:
    """A drawn result: shows itself in a notebook, `bytes(drawing)` and `drawing.write(path)` give the file."""

    content: bytes
    format: str
    alternative: str

    def __bytes__(self) -> bytes:
        return self.content

    def _repr_svg_(self) -> str | None:
        return self.content.decode() if self.format == "svg" else None

    def _repr_png_(self) -> bytes | None:
        return self.content if self.format == "png" else None

    def __repr__(self) -> str:
        return f"Drawing ({self.format}, {len(self.content):,} bytes): {self.alternative}"

    def write(self, path: str | Path) -> None:
        """Write the file."""
        Path(path).write_bytes(self.content)


def render_result(
    result: Any, format: str = "svg", *, width_mm: float = 170.0, kind: str | None = None  # noqa: A002
) -> Drawing:  # fmt: skip
    """A result as a figure.

    Arguments: a `ResultTable`, result rows, or a result object with `to_rows()`; where several analyses hold the
    figure, the first is drawn. "svg" or "png". The width in millimeters (85 for a column, 170 for a page). `kind`: the
    figure, where the rows hold several (docs/figures.md lists them); without it the first that there is.
    Raises `argument-invalid` for another format, a width that leaves no room, rows that hold no such figure, and what
    is no result.
    """
    check_format(format)
    _check_width(width_mm)
    rows = _rows_of(result)
    chosen, part = _chosen(rows, kind)
    sheet = chosen.collect(part)
    content = drawn_bytes(lambda: (sheet.compose(width_mm), sheet.title, sheet.alternative), format)
    return Drawing(content, format, sheet.alternative)


def figure_kinds(rows: Iterable[ResultRow]) -> list[str]:
    """The names of the figures that the rows hold, the one drawn by default first."""
    return list(dict.fromkeys(figure.name for figure, part in _parts(list(rows)) if part))


def _parts(rows: Sequence[ResultRow], kind: str | None = None) -> Iterator[tuple[FigureKind, list[ResultRow]]]:
    """Every figure (of this name), with its rows; what is planned, simulated or audited is no estimate of a trial."""
    estimated = [row for row in rows if row.analysis not in (DESIGN, SIMULATE, audit.AUDIT)]
    for figure in FIGURES:
        if kind in (None, figure.name):
            yield figure, figure.part(rows if figure in _WHOLE else estimated)


def _rows_of(result: Any) -> list[ResultRow]:
    # Some results hold more than their table: a design knows its whole course, of which the table has one time.
    if hasattr(result, "figure_rows"):
        return list(result.figure_rows())
    rows = result.to_rows() if hasattr(result, "to_rows") else result
    if isinstance(rows, Iterable) and not isinstance(rows, str | bytes):
        listed = list(rows)
        if all(isinstance(row, ResultRow) for row in listed):
            return listed
    raise ArgumentError(
        "argument-invalid",
        f"{type(result).__name__} is no result: it has no rows",
        where="result",
        hint="draw what an estimator returned, a ResultTable, or result rows; of a single curve, the result it is from",
    )


def _check_width(width_mm: float) -> None:
    if not (isinstance(width_mm, int | float) and 40.0 <= width_mm <= 1000.0):
        raise ArgumentError(
            "argument-invalid",
            f"width_mm is {width_mm!r}",
            where="width_mm",
            hint="a width in millimeters from 40 to 1000: 85 for a column, 170 for a page",
        )


def _chosen(rows: Sequence[ResultRow], kind: str | None) -> tuple[FigureKind, list[ResultRow]]:
    for figure, part in _parts(rows, kind):
        if part:
            return figure, part
    names = figure_kinds(rows)
    held = ", ".join(dict.fromkeys(row.parameter or row.statistic for row in rows)) or "nothing"
    if kind is not None and names:
        raise ArgumentError(
            "argument-invalid", f"there is no figure {kind!r} in this result", where="kind",
            hint=permitted(kind, names),
        )  # fmt: skip
    raise ArgumentError(
        "argument-invalid",
        "there is nothing to draw in this result",
        reason=f"its rows hold {held[:200]}",
        hint="print it, or draw the result of an estimator, or the result rows of a trial; see docs/figures.md",
    )
