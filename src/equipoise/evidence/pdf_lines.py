"""Lines and texts of one page of a PDF, by PDFium."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from equipoise.errors import DataError
from equipoise.evidence.vector_figure import DrawnLine, DrawnText, VectorFigure, coordinate_unit

_MOVE = 2
_MOST_DEEP = 15


def pdf_figure(path: Path, page: int) -> VectorFigure:
    """The stroked lines and the texts of a page. Raises DataError `file-unreadable`, `figure-unreadable`."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except (pypdfium2.PdfiumError, OSError) as problem:
        raise DataError(
            "file-unreadable", f"{path.name} cannot be read as PDF", where=str(path), reason=str(problem),
            hint="check that the file is whole, and needs no password",
        ) from problem  # fmt: skip
    try:
        if not 1 <= page <= len(document):
            raise DataError(
                "figure-unreadable", f"{path.name} has {len(document)} pages, and no page {page}", where=str(path),
                hint="say the page of the figure, counted from 1",
            )  # fmt: skip
        sheet = document[page - 1]
        lines = tuple(_lines(sheet))
        texts = tuple(_texts(sheet))
    finally:
        document.close()
    values = np.concatenate([line.corners.ravel() for line in lines]) if lines else np.empty(0)
    return VectorFigure(lines, texts, max(coordinate_unit(values), 1e-4), str(path))


def _lines(sheet: Any) -> Iterator[DrawnLine]:
    import pypdfium2.raw as raw

    for item, matrix in _objects(sheet.raw, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject, np.eye(3), 0):
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        if not raw.FPDFPath_GetDrawMode(item, fill, stroke) or not stroke.value:
            continue
        width = ctypes.c_float()
        raw.FPDFPageObj_GetStrokeWidth(item, width)
        for corners in _corners(item, matrix):
            yield DrawnLine(corners, _color(item), width.value)


def _objects(holder: Any, count: Any, get: Any, matrix: np.ndarray, depth: int) -> Iterator[tuple[Any, np.ndarray]]:
    """Paths with the matrix from their coordinates to the page, forms opened."""
    import pypdfium2.raw as raw

    for place in range(count(holder)):
        item = get(holder, place)
        own = raw.FS_MATRIX()
        raw.FPDFPageObj_GetMatrix(item, own)
        whole = matrix @ np.array([[own.a, own.c, own.e], [own.b, own.d, own.f], [0.0, 0.0, 1.0]])
        kind = raw.FPDFPageObj_GetType(item)
        if kind == raw.FPDF_PAGEOBJ_PATH:
            yield item, whole
        elif kind == raw.FPDF_PAGEOBJ_FORM and depth < _MOST_DEEP:
            yield from _objects(item, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject, whole, depth + 1)


def _corners(item: Any, matrix: np.ndarray) -> list[np.ndarray]:
    import pypdfium2.raw as raw

    found: list[list[tuple[float, float]]] = []
    x, y = ctypes.c_float(), ctypes.c_float()
    for place in range(raw.FPDFPath_CountSegments(item)):
        segment = raw.FPDFPath_GetPathSegment(item, place)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        if raw.FPDFPathSegment_GetType(segment) == _MOVE or not found:
            found.append([])
        found[-1].append((x.value, y.value))
        if raw.FPDFPathSegment_GetClose(segment):
            found[-1].append(found[-1][0])
    return [np.array(points) @ matrix[:2, :2].T + matrix[:2, 2] for points in found if len(points) > 1]


def _color(item: Any) -> str:
    import pypdfium2.raw as raw

    parts = [ctypes.c_uint() for _ in range(4)]
    raw.FPDFPageObj_GetStrokeColor(item, *parts)
    return "#" + "".join(f"{part.value:02x}" for part in parts[:3])


def _texts(sheet: Any) -> Iterator[DrawnText]:
    """Words with the middle of their box."""
    page = sheet.get_textpage()
    word: list[tuple[str, tuple[float, float, float, float]]] = []
    for place in range(page.count_chars()):
        letter = page.get_text_range(place, 1)
        box = page.get_charbox(place)
        apart = bool(word) and (box[0] - word[-1][1][2] > 1.2 * (word[-1][1][3] - word[-1][1][1] + 1.0))
        if not letter.strip() or apart:
            yield from _word(word)
            word = []
        if letter.strip():
            word.append((letter, box))
    yield from _word(word)


def _word(word: list[tuple[str, tuple[float, float, float, float]]]) -> Iterator[DrawnText]:
    if word:
        boxes = np.array([box for _, box in word])
        x = (boxes[:, 0].min() + boxes[:, 2].max()) / 2.0
        y = (boxes[:, 1].min() + boxes[:, 3].max()) / 2.0
        yield DrawnText(float(x), float(y), "".join(letter for letter, _ in word))
