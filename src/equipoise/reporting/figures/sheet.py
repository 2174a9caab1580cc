"""What every figure has: a title, the result in words for those who do not see it, and its parts that repeat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.canvas import POINTS_PER_MM, Canvas, measured_width, wrapped
from equipoise.reporting.palette import SECONDARY

SOURCE_SIZE = 6.0
_WIDE = 320.0


@dataclass(frozen=True)
class Sheet:
    """A figure that can be drawn at any width in millimeters."""

    title: str
    alternative: str
    compose: Callable[[float], Canvas]


@dataclass(frozen=True)
class FigureKind:
    """One figure that rows may hold.

    `name` is what `kind=` of `equipoise.plot` selects. The rows for which `takes` holds are drawn by `collect`, where
    every statistic of `needs` is among them.
    """

    name: str
    needs: frozenset[str]
    takes: Callable[[ResultRow], bool]
    collect: Callable[[list[ResultRow]], Sheet]

    def part(self, rows: Sequence[ResultRow]) -> list[ResultRow]:
        """The rows of the figure, those of the first analysis that has them; empty where it cannot be drawn."""
        taken = [row for row in rows if self.takes(row)]
        for analysis in dict.fromkeys(row.analysis for row in taken):
            own = [row for row in taken if row.analysis == analysis]
            if self.needs <= {row.statistic for row in own}:
                return own
        return []


@dataclass(frozen=True)
class Heading:
    """Title and subtitle, wrapped to the width of the sheet."""

    title: tuple[str, ...]
    subtitle: tuple[str, ...]
    size: float

    @property
    def height(self) -> float:
        return len(self.title) * (self.size + 1.6) * 1.35 + len(self.subtitle) * 1.4 * self.size

    def place(self, canvas: Canvas) -> None:
        size, y = self.size, 0.0
        for line in self.title:
            y += (size + 1.6) * 1.35
            canvas.place_text(0, y - 0.35 * size, line, size=size + 1.6, weight="bold")
        for line in self.subtitle:
            y += 1.4 * size
            canvas.place_text(0, y - 0.3 * size, line, size=size, color=SECONDARY)


def heading(title: str, subtitle: str, width: float, size: float) -> Heading:
    return Heading(tuple(wrapped(title, width, size + 1.6, "bold")), tuple(wrapped(subtitle, width, size)), size)


def sheet_size(width_mm: float, narrow: float = 6.4) -> tuple[float, float]:
    """The width in points and the size of letters on it."""
    width = width_mm * POINTS_PER_MM
    return width, 7.4 if width > _WIDE else narrow


def place_source(canvas: Canvas, lines: Sequence[str]) -> None:
    """The source line at the foot."""
    for place, line in enumerate(reversed(lines)):
        canvas.place_text(0, canvas.height - 2 - place * 1.3 * SOURCE_SIZE, line, size=SOURCE_SIZE, color=SECONDARY)


def widest(texts: Sequence[str], size: float, weight: str = "normal") -> float:
    return max((measured_width(text, size, weight) for text in texts), default=0.0)
