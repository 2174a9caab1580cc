"""A figure's lines and texts as they were drawn, whatever file they came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from equipoise.errors import DataError

VECTOR_SUFFIXES = (".svg", ".pdf")
# Raster pictures would be read into the same lines; nothing reads them yet.
RASTER_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".webp")


@dataclass(frozen=True)
class DrawnLine:
    """One stroked, unfilled line: its corners (k, 2) on the page, y upward; its color as written in the file."""

    corners: np.ndarray
    color: str
    width: float = 1.0

    @property
    def span(self) -> tuple[float, float]:
        """Width and height."""
        across, up = np.ptp(self.corners, axis=0)
        return float(across), float(up)


@dataclass(frozen=True)
class DrawnText:
    """A text with the middle of its box (an anchor, where the file holds no box)."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class VectorFigure:
    """Lines and texts in the order they were drawn; `unit`: one unit of the coordinates' last digit."""

    lines: tuple[DrawnLine, ...]
    texts: tuple[DrawnText, ...]
    unit: float
    source: str = ""


def read_figure(path: str | Path, *, page: int = 1) -> VectorFigure:
    """The lines and texts of an SVG or PDF figure.

    Arguments: the file; of a PDF, the page, from 1. Raises DataError `file-unreadable`, `figure-unreadable`.
    """
    place = Path(path)
    ending = place.suffix.lower()
    if ending in RASTER_SUFFIXES:
        raise DataError(
            "figure-unreadable", f"{place.name} is a picture of dots", where=str(place),
            reason="lines are taken exactly from SVG and PDF; nothing here reads dots",
            hint="click its points with a digitizer and give them as CSV (time, survival, arm)",
        )  # fmt: skip
    if ending not in VECTOR_SUFFIXES:
        raise DataError(
            "figure-unreadable", f"{place.name} is no figure", where=str(place), hint="give .svg, .pdf, or points as .csv"
        )
    if not place.is_file():
        raise DataError("file-unreadable", f"{place} does not exist", where=str(place), hint="check the path")
    if ending == ".svg":
        from equipoise.evidence.svg_lines import svg_figure

        return svg_figure(place)
    from equipoise.evidence.pdf_lines import pdf_figure

    return pdf_figure(place, page)


def coordinate_unit(values: np.ndarray) -> float:
    """One unit of the last digit that all coordinates have: 0.01 for 12.34, 56.7.

    >>> coordinate_unit(np.array([12.34, 56.7]))
    0.01
    """
    for digits in range(6):
        scaled = values * 10.0**digits
        if np.abs(scaled - np.round(scaled)).max(initial=0.0) < 1e-3 * 10.0 ** min(digits - 2, 0):
            return 10.0**-digits
    return 1e-6
