"""A small table inside a figure: every column as wide as its longest text, so no label length makes two overlap.

Names too long for their column are wrapped; where even that leaves no room, a name takes lines of its own above its
numbers; where the numbers alone are too wide, the whole table is set smaller.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from equipoise.reporting.figures.canvas import Canvas, measured_width, wrapped
from equipoise.reporting.palette import RULE, SECONDARY, TEXT, ArmStyle

GAP = 1.4
LEADING = 1.5
_NARROWEST_NAME = 9.0
_SMALLEST = 4.0
_SHRUNK = (1.0, 0.95, 0.9, 0.85)


@dataclass(frozen=True)
class GridLine:
    """One arm: its name and style, and its numbers."""

    name: str
    style: ArmStyle
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """Heads of the number columns, a line per arm, and statements below the bottom rule.

    `swatches` puts a sample of the curve before each name, for when the curves carry no labels. `limit` is the widest
    that the table may be, in points.
    """

    head: tuple[str, ...]
    lines: tuple[GridLine, ...]
    statements: tuple[str, ...]
    size: float
    limit: float
    swatches: bool = False

    @cached_property
    def columns(self) -> tuple[float, ...]:
        """Widths of the number columns."""
        return tuple(
            max(measured_width(text, self.size) for text in (head, *(line.numbers[place] for line in self.lines)))
            for place, head in enumerate(self.head)
        )

    @property
    def _gap(self) -> float:
        return GAP * self.size

    @property
    def _swatch(self) -> float:
        return 2.6 * self.size if self.swatches else 0.0

    @cached_property
    def _numbers_width(self) -> float:
        return sum(self.columns) + self._gap * max(len(self.columns) - 1, 0)

    @cached_property
    def _name_room(self) -> float:
        """Width left for names beside the numbers."""
        return self.limit - self._numbers_width - self._gap - self._swatch

    @cached_property
    def stacked(self) -> bool:
        """Whether names stand above their numbers."""
        longest = max((measured_width(line.name, self.size, "bold") for line in self.lines), default=0.0)
        return self._name_room < min(longest, _NARROWEST_NAME * self.size)

    @cached_property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """Every name in its lines."""
        room = self.limit - self._swatch if self.stacked else self._name_room
        return tuple(tuple(wrapped(line.name, room + 0.01, self.size, "bold")) for line in self.lines)

    @cached_property
    def _name_width(self) -> float:
        widths = [measured_width(text, self.size, "bold") for name in self.names for text in name]
        return max(widths, default=0.0) + self._swatch

    @cached_property
    def _table_width(self) -> float:
        if self.stacked:
            return max(self._numbers_width, self._name_width)
        return self._name_width + self._gap + self._numbers_width

    @cached_property
    def said(self) -> tuple[str, ...]:
        """The statements in lines no wider than the table may be."""
        return tuple(line for text in self.statements for line in wrapped(text, self.limit + 0.01, self.size))

    @cached_property
    def width(self) -> float:
        return max([self._table_width, *(measured_width(line, self.size) for line in self.said)])

    @property
    def _step(self) -> float:
        return self.size * LEADING

    @property
    def _body(self) -> float:
        """Height from the top rule to the bottom rule."""
        lines = sum(len(name) + self.stacked for name in self.names)
        return (bool(self.head) + lines) * self._step + 0.5 * self.size

    @property
    def height(self) -> float:
        return self._body + (len(self.said) + 0.2) * self._step

    def fitted(self) -> Grid:
        """The same table, a little smaller where that keeps names beside their numbers, or as small as it must be."""
        for share in _SHRUNK:
            smaller = replace(self, size=share * self.size)
            if not smaller.stacked:
                return smaller
        if self._numbers_width <= self.limit or self.size <= _SMALLEST:
            return self
        smaller = max(_SMALLEST, 0.98 * self.size * self.limit / self._numbers_width)
        return replace(self, size=smaller).fitted() if smaller < self.size else self

    def place(self, canvas: Canvas, left: float, top: float) -> None:
        """Draw the table with its top left corner at a point."""
        bottom = top + self._body
        rules = [(top, SECONDARY), (top + self._step + 0.1 * self.size, RULE), (bottom, SECONDARY)]
        for y, color in rules if self.head else (rules[0], rules[2]):
            canvas.place_line([(left, y), (left + self.width, y)], color=color, width=0.5)
        self._place_numbers(canvas, left, top + 0.74 * self._step, self.head, SECONDARY)
        baseline = top + 0.25 * self.size + (0.74 + bool(self.head)) * self._step
        for line, name in zip(self.lines, self.names, strict=True):
            if self.swatches:
                self._place_swatch(canvas, left, baseline - 0.36 * self.size, line.style)
            for place, text in enumerate(name):
                self._place(canvas, left + self._swatch, baseline + place * self._step, text, line.style.light, "bold")
            numbers_at = baseline + (len(name) * self._step if self.stacked else 0.0)
            self._place_numbers(canvas, left, numbers_at, line.numbers, TEXT)
            baseline += (len(name) + self.stacked) * self._step
        for place, text in enumerate(self.said):
            self._place(canvas, left, bottom + (place + 0.9) * self._step, text, TEXT, "normal")

    def _place(self, canvas: Canvas, x: float, baseline: float, text: str, color: str, weight: str) -> None:
        canvas.place_text(x, baseline, text, size=self.size, color=color, weight=weight)

    def _place_numbers(self, canvas: Canvas, left: float, baseline: float, texts: tuple[str, ...], color: str) -> None:
        right = left + self.width
        for text, width in zip(reversed(texts), reversed(self.columns), strict=True):
            if text:
                canvas.place_text(right, baseline, text, size=self.size, color=color, align="right")
            right -= width + self._gap

    def _place_swatch(self, canvas: Canvas, left: float, y: float, style: ArmStyle) -> None:
        ends = [(left, y), (left + self._swatch - 0.6 * self.size, y)]
        canvas.place_line(ends, color=style.light, width=1.8, dashes=style.dashes)
