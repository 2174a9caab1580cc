"""Vector figures by their files."""

from __future__ import annotations

from pathlib import Path

from equipoise.errors import DataError
from equipoise.evidence.svg_lines import svg_figure
from equipoise.evidence.vector_figure import VectorFigure

VECTOR_SUFFIXES = (".svg", ".pdf")
# Raster pictures would be read into the same lines; nothing reads them yet.
RASTER_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".webp")


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
            "figure-unreadable",
            f"{place.name} is no figure",
            where=str(place),
            hint="give .svg, .pdf, or points as .csv",
        )
    if not place.is_file():
        raise DataError("file-unreadable", f"{place} does not exist", where=str(place), hint="check the path")
    if ending == ".svg":
        return svg_figure(place)
    from equipoise.evidence.pdf_lines import pdf_figure

    return pdf_figure(place, page)
