"""Estimates with their intervals, line under line: one axis, one or several marks a line, numbers at the right.

Where labels, axis and numbers do not fit beside each other, a line's label stands above its marks and numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import inf
from typing import Literal

from equipoise.reporting.figures.canvas import Canvas, measured_width, wrapped
from equipoise.reporting.figures.scales import Scale
from equipoise.reporting.figures.sheet import Heading, heading, sheet_size, widest
from equipoise.reporting.palette import RULE, SECONDARY, TEXT

Shape = Literal["square", "circle", "ring", "diamond", "none", "summary", "bar"]
_NARROWEST_AXIS = 0.30
_WIDEST_STUB = 0.40
_NARROWEST_STUB = 7.0
_LEADING = 1.3
_HEAD = 8.0


@dataclass(frozen=True)
class Mark:
    """A value with its limits: None where there is none, infinite where an arrow says so.

    `size` multiplies the side of the shape. "summary" is a diamond from limit to limit, "bar" the limits alone as a
    thick line.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    color: str = TEXT
    shape: Shape = "square"
    size: float = 1.0


@dataclass(frozen=True)
class Line:
    """A label with its marks and numbers.

    `joined`: the marks stand on one level, tied by a thin line; else one under another, `step` letters apart.
    """

    label: str
    marks: tuple[Mark, ...] = ()
    numbers: tuple[str, ...] = ()
    indent: bool = False
    heading: bool = False
    joined: bool = False
    step: float = 0.95
    color: str = TEXT


@dataclass(frozen=True)
class IntervalPlot:
    """A whole plot before it is drawn.

    `heads` name the columns of numbers, `key` the marks (label, color, shape), `axis` what the axis shows. `lines_at`
    are values marked by dashed lines, `reference` by a solid one. `notes` stand under the axis.
    """

    title: str
    subtitle: str
    lines: tuple[Line, ...]
    scale: Scale
    axis: str
    alternative: str
    heads: tuple[str, ...] = ()
    stub_head: str = ""
    reference: float | None = None
    lines_at: tuple[float, ...] = ()
    favors: tuple[str, str] | None = None
    key: tuple[tuple[str, str, Shape], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Layout:
    """Every place of a plot in points."""

    plot: IntervalPlot
    width: float
    size: float

    @cached_property
    def heading(self) -> Heading:
        return heading(self.plot.title, self.plot.subtitle, self.width, self.size)

    @cached_property
    def columns(self) -> tuple[float, ...]:
        """Widths of the columns of numbers."""
        texts = [line.numbers for line in self.plot.lines if line.numbers]
        return tuple(
            max(widest(self.heads[place], self.size), widest([numbers[place] for numbers in texts], self.size))
            for place in range(len(self.plot.heads))
        )

    @cached_property
    def heads(self) -> tuple[list[str], ...]:
        """The heads of the columns in lines: no wider than their numbers need, but for a few words."""
        found = []
        for place, head in enumerate(self.plot.heads):
            numbers = widest([line.numbers[place] for line in self.plot.lines if line.numbers], self.size)
            found.append(wrapped(head, max(numbers, _HEAD * self.size), self.size))
        return tuple(found)

    @property
    def gap(self) -> float:
        return 1.5 * self.size

    @cached_property
    def numbers(self) -> float:
        """Width of all numbers with their gaps."""
        return sum(self.columns) + self.gap * len(self.columns)

    @cached_property
    def stub_wanted(self) -> float:
        widths = [
            measured_width(line.label, self.size, "bold" if line.heading else "normal") + self.indent(line)
            for line in self.plot.lines
        ]
        return max([*widths, measured_width(self.plot.stub_head, self.size)], default=0.0)

    @cached_property
    def stacked(self) -> bool:
        room = self.width - self.numbers - self.gap - _NARROWEST_AXIS * self.width
        return room < min(self.stub_wanted, _NARROWEST_STUB * self.size)

    @cached_property
    def stub(self) -> float:
        if self.stacked:
            return 0.0
        room = self.width - self.numbers - self.gap - _NARROWEST_AXIS * self.width
        return min(self.stub_wanted, room, _WIDEST_STUB * self.width)

    @cached_property
    def axis(self) -> tuple[float, float]:
        """Left and right end of the axis: half a tick text from its neighbors."""
        half = widest([self.plot.scale.text(tick) for tick in self.plot.scale.ticks], self.size) / 2
        left = self.stub + self.gap if self.stub else half
        right = self.width - self.numbers - (0.4 * self.size if self.columns else half)
        return max(left, half), max(right, left + 2.0 * self.size)

    def indent(self, line: Line) -> float:
        return 1.2 * self.size if line.indent else 0.0

    def x(self, value: float) -> float:
        left, right = self.axis
        return left + self.plot.scale.share(value) * (right - left)

    def label(self, line: Line) -> list[str]:
        room = (self.width if self.stacked or line.heading else self.stub) - self.indent(line)
        return wrapped(line.label, room + 0.01, self.size, "bold" if line.heading else "normal")

    def marks_height(self, line: Line) -> float:
        levels = 1 if line.joined else max(1, len(line.marks))
        return max(1.85, line.step * levels + 0.7) * self.size

    def line_height(self, line: Line) -> float:
        text = len(self.label(line)) * _LEADING * self.size
        if line.heading:
            return text + 0.7 * self.size
        if self.stacked:
            return text + self.marks_height(line)
        return max(self.marks_height(line), text + 0.55 * self.size)

    @cached_property
    def key_lines(self) -> list[list[tuple[float, tuple[str, str, Shape]]]]:
        """Entries of the key in lines, each with its distance from the left."""
        lines: list[list[tuple[float, tuple[str, str, Shape]]]] = []
        x = inf
        for entry in self.plot.key:
            wide = measured_width(entry[0], self.size) + 1.6 * self.size
            if x + wide > self.width:
                lines.append([])
                x = 0.0
            lines[-1].append((x, entry))
            x += wide + 1.6 * self.size
        return lines

    @cached_property
    def head_top(self) -> float:
        key = len(self.key_lines) * 1.5 * self.size + (0.3 * self.size if self.plot.key else 0.0)
        return self.heading.height + key + 0.8 * self.size

    @cached_property
    def top(self) -> float:
        lines = max([len(head) for head in self.heads], default=0) or bool(self.plot.stub_head)
        return self.head_top + (lines * _LEADING * self.size + 0.7 * self.size if lines else 0.4 * self.size)

    @cached_property
    def bottom(self) -> float:
        return self.top + sum(self.line_height(line) for line in self.plot.lines) + 0.3 * self.size

    @cached_property
    def favors(self) -> tuple[list[str], list[str]]:
        """The captions at both sides of the reference, wrapped into what is left of it and right of it."""
        plot = self.plot
        if plot.favors is None or plot.reference is None:
            return [], []
        middle, spare = self.x(plot.reference), 2.4 * self.size
        rooms = max(middle - spare, 6 * self.size), max(self.width - middle - spare, 6 * self.size)
        return wrapped(plot.favors[0], rooms[0], self.size), wrapped(plot.favors[1], rooms[1], self.size)

    @cached_property
    def captions_top(self) -> float:
        return self.bottom + 3.0 + 1.5 * self.size

    @cached_property
    def axis_lines(self) -> list[str]:
        return wrapped(self.plot.axis, self.width, self.size) if self.plot.axis else []

    @cached_property
    def note_lines(self) -> list[str]:
        return [line for note in self.plot.notes for line in wrapped(note, self.width, self.size)]

    @cached_property
    def notes_top(self) -> float:
        rows = max(map(len, self.favors)) + len(self.axis_lines)
        return self.captions_top + rows * 1.35 * self.size + (0.5 * self.size if self.note_lines else 0.0)

    @cached_property
    def height(self) -> float:
        return self.notes_top + len(self.note_lines) * 1.4 * self.size + 0.8 * self.size


def interval_canvas(plot: IntervalPlot, width_mm: float) -> Canvas:
    """The drawn plot, `width_mm` wide and as high as it needs."""
    layout = _Layout(plot, *sheet_size(width_mm))
    canvas = Canvas(layout.width, layout.height)
    layout.heading.place(canvas)
    _place_key(canvas, layout)
    _place_heads(canvas, layout)
    _place_axis(canvas, layout)
    y = layout.top
    for line in plot.lines:
        _place_line(canvas, layout, line, y)
        y += layout.line_height(line)
        if len(line.marks) > 2 and line is not plot.lines[-1]:
            canvas.place_line([(0, y), (layout.width, y)], color=RULE, width=0.4)
    _place_captions(canvas, layout)
    for place, note in enumerate(layout.note_lines):
        canvas.place_text(0, layout.notes_top + (place + 0.9) * 1.4 * layout.size, note, size=layout.size)
    return canvas


def _place_key(canvas: Canvas, layout: _Layout) -> None:
    size, y = layout.size, layout.heading.height + 0.3 * layout.size
    for entries in layout.key_lines:
        y += 1.5 * size
        for x, (label, color, shape) in entries:
            _SHAPES[shape](canvas, x + 0.5 * size, y - 0.36 * size, 0.36 * size, color)
            canvas.place_text(x + 1.4 * size, y, label, size=size, color=color)


def _place_heads(canvas: Canvas, layout: _Layout) -> None:
    size = layout.size
    canvas.place_line([(0, layout.head_top), (layout.width, layout.head_top)], color=SECONDARY, width=0.5)
    if not (layout.plot.heads or layout.plot.stub_head):
        return
    base = layout.top - 0.75 * size
    canvas.place_text(0, base, layout.plot.stub_head, size=size, color=SECONDARY)
    deepest = max([len(head) for head in layout.heads], default=0)
    for level in range(deepest):
        texts = tuple(head[level - deepest] if len(head) >= deepest - level else "" for head in layout.heads)
        _place_numbers(canvas, layout, base - (deepest - 1 - level) * _LEADING * size, texts, SECONDARY)
    canvas.place_line([(0, layout.top - 0.2 * size), (layout.width, layout.top - 0.2 * size)], color=RULE, width=0.5)


def _place_numbers(canvas: Canvas, layout: _Layout, base: float, texts: tuple[str, ...], color: str) -> None:
    right = layout.width
    for text, wide in zip(reversed(texts), reversed(layout.columns), strict=False):
        canvas.place_text(right, base, text, size=layout.size, color=color, align="right")
        right -= wide + layout.gap


def _place_axis(canvas: Canvas, layout: _Layout) -> None:
    plot, size, (left, right) = layout.plot, layout.size, layout.axis
    canvas.place_line([(left, layout.bottom), (right, layout.bottom)], color=SECONDARY)
    texts = [plot.scale.text(tick) for tick in plot.scale.ticks]
    for tick in plot.scale.thinned(right - left, widest(texts, size) + 0.6 * size):
        x = layout.x(tick)
        canvas.place_line([(x, layout.bottom), (x, layout.bottom + 3)], color=SECONDARY)
        canvas.place_text(x, layout.bottom + 3 + 1.2 * size, plot.scale.text(tick), size=size, align="center")
    if plot.reference is not None:
        x = layout.x(plot.reference)
        canvas.place_line([(x, layout.top), (x, layout.bottom)], color=SECONDARY, width=0.8)
    for value in plot.lines_at:
        x = layout.x(value)
        canvas.place_line([(x, layout.top), (x, layout.bottom)], color=SECONDARY, width=0.7, dashes=(4, 3))


def _place_line(canvas: Canvas, layout: _Layout, line: Line, top: float) -> None:
    size, label = layout.size, layout.label(line)
    text = len(label) * _LEADING * size
    aside = not (layout.stacked or line.heading)
    height = layout.line_height(line)
    first = top + ((height - text) / 2 if aside else 0.35 * size) + 0.95 * size
    for place, words in enumerate(label):
        weight, color = ("bold", TEXT) if line.heading else ("normal", line.color)
        y = first + place * _LEADING * size
        canvas.place_text(layout.indent(line), y, words, size=size, weight=weight, color=color)
    if line.heading:
        return
    middle = top + (height / 2 if aside else text + layout.marks_height(line) / 2)
    _place_numbers(canvas, layout, middle + 0.36 * size, line.numbers, TEXT)
    _place_marks(canvas, layout, line, middle)


def _place_marks(canvas: Canvas, layout: _Layout, line: Line, middle: float) -> None:
    known = [mark.value for mark in line.marks if mark.value is not None]
    if line.joined and len(known) > 1:
        ends = [(layout.x(min(known)), middle), (layout.x(max(known)), middle)]
        canvas.place_line(ends, color=SECONDARY, width=1.0)
    step = (0.5 if _crowded(layout, known) else 0.0) if line.joined else line.step
    for place, mark in enumerate(line.marks):
        y = middle + (place - (len(line.marks) - 1) / 2) * step * layout.size
        if mark.shape == "summary" and _place_summary(canvas, layout, mark, y):
            continue
        _place_interval(canvas, layout, mark, y)
        if mark.value is None:
            continue
        if layout.plot.scale.holds(mark.value):
            _SHAPES[mark.shape](canvas, layout.x(mark.value), y, 0.36 * mark.size * layout.size, mark.color)
        else:
            _place_arrow(canvas, layout.x(mark.value), y, 1 if mark.value > layout.plot.scale.high else -1, mark.color)


def _place_summary(canvas: Canvas, layout: _Layout, mark: Mark, y: float) -> bool:
    """A diamond over the whole interval; False where an end is unknown or off the axis, which an arrow then says."""
    ends = (mark.low, mark.value, mark.high)
    if any(end is None or not layout.plot.scale.holds(end) for end in ends):
        return False
    left, middle, right = (layout.x(end) for end in ends if end is not None)
    half = 0.5 * layout.size
    canvas.place_polygon([(left, y), (middle, y - half), (right, y), (middle, y + half)], color=mark.color)
    return True


def _crowded(layout: _Layout, values: list[float]) -> bool:
    """Whether marks on one level would cover each other."""
    places = sorted(layout.x(value) for value in values)
    return any(right - left < 0.7 * layout.size for left, right in pairwise(places))


def _place_interval(canvas: Canvas, layout: _Layout, mark: Mark, y: float) -> None:
    """The line between the limits: an arrow where it leaves the axis, dashes to the end where a limit is unknown."""
    if mark.value is None or (mark.low is None and mark.high is None):
        return
    middle = layout.x(mark.value)
    for limit, end, sign in ((mark.low, layout.plot.scale.low, -1), (mark.high, layout.plot.scale.high, 1)):
        x = layout.x(end if limit is None else limit)
        dashes = (1.5, 2.5) if limit is None else ()
        if abs(x - middle) > 0.1:
            width = 3.0 if mark.shape == "bar" else 1.1
            canvas.place_line([(middle, y), (x, y)], color=mark.color, width=width, dashes=dashes)
        if limit is not None and not layout.plot.scale.holds(limit):
            _place_arrow(canvas, x, y, sign, mark.color)


def _place_arrow(canvas: Canvas, x: float, y: float, sign: int, color: str) -> None:
    canvas.place_polygon([(x + sign, y), (x - sign * 4, y - 2.4), (x - sign * 4, y + 2.4)], color=color)


def _place_captions(canvas: Canvas, layout: _Layout) -> None:
    size, step, y = layout.size, 1.35 * layout.size, layout.captions_top + 0.9 * layout.size
    left, right = layout.favors
    for place, text in enumerate(left):
        shown = f"\u2190 {text}" if place == 0 else text
        x = layout.x(layout.plot.reference or 0.0) - 0.6 * size
        canvas.place_text(x, y + place * step, shown, size=size, align="right")
    for place, text in enumerate(right):
        shown = f"{text} \u2192" if place == len(right) - 1 else text
        x = layout.x(layout.plot.reference or 0.0) + 0.6 * size
        canvas.place_text(x, y + place * step, shown, size=size)
    y += max(len(left), len(right)) * step
    for place, text in enumerate(layout.axis_lines):
        half = measured_width(text, size) / 2
        middle = min(max(sum(layout.axis) / 2, half), layout.width - half)
        canvas.place_text(middle, y + place * step, text, size=size, align="center", color=SECONDARY)


def _square(canvas: Canvas, x: float, y: float, half: float, color: str) -> None:
    canvas.place_rectangle(x - half, y - half, 2 * half, 2 * half, color=color)


def _diamond(canvas: Canvas, x: float, y: float, half: float, color: str) -> None:
    wide = 1.25 * half
    canvas.place_polygon([(x - wide, y), (x, y - wide), (x + wide, y), (x, y + wide)], color=color)


def _circle(canvas: Canvas, x: float, y: float, half: float, color: str) -> None:
    canvas.place_circle(x, y, half, color=color)


def _ring(canvas: Canvas, x: float, y: float, half: float, color: str) -> None:
    canvas.place_circle(x, y, half, color=color, hollow=True)


def _nothing(canvas: Canvas, x: float, y: float, half: float, color: str) -> None:
    """A line that has its interval only."""


_SHAPES: dict[Shape, Callable[[Canvas, float, float, float, str], None]] = {
    "square": _square,
    "circle": _circle,
    "ring": _ring,
    "diamond": _diamond,
    "none": _nothing,
    "summary": _diamond,
    "bar": _nothing,
}
