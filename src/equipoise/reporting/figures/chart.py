"""A chart of lines over one axis, each named at its end: accrual and events over time, power, bounds by look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import floor, log10
from typing import TYPE_CHECKING

from equipoise.reporting.figures.canvas import POINTS_PER_MM, Align, Canvas, measured_width, wrapped
from equipoise.reporting.figures.placement import Box
from equipoise.reporting.palette import ARM_STYLES, SECONDARY, TEXT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SOURCE_SIZE = 6.0
BAND_ALPHA = 0.12
_MOST_TICKS = 8
# What is no longer is a value, in the color of its point.
_NUMBER = 16
_LABEL_SHARE = 0.27
_WORD_SHARES = (0.6, 0.42, 0.3, 0.2, 0.14)

Place = tuple[float, float]
Tick = tuple[float, str]
# Where words stand, and their lines.
Spot = tuple[Box, list[str]]


@dataclass(frozen=True)
class Series:
    """One line: its points, its name at the end, its place in the palette, and a band (x, low, high) around it.

    `core` is a narrower band inside the band.
    """

    label: str
    points: tuple[Place, ...]
    place: int = 1
    band: tuple[tuple[float, float, float], ...] = ()
    markers: bool = False
    core: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True)
class Mark:
    """One point with words beside it; `drop` rules it down to the axis below; `span`, where across it may lie."""

    x: float
    y: float
    text: str = ""
    place: int = 0
    drop: bool = False
    span: Place | None = None


@dataclass(frozen=True)
class Chart:
    """Everything a chart shows. `levels` are horizontal rules with words; ticks carry the texts of their places."""

    title: str
    subtitle: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    alternative: str
    marks: tuple[Mark, ...] = ()
    levels: tuple[Tick, ...] = ()
    log_x: bool = False
    log_y: bool = False
    source: str = ""

    @cached_property
    def x_span(self) -> Place:
        found = [x for line in self.series for x, _ in line.points] + [tick for tick, _ in self.x_ticks]
        return min(found), max(found)

    @cached_property
    def y_span(self) -> Place:
        found = [y for line in self.series for _, y in line.points] + [tick for tick, _ in self.y_ticks]
        found += [end for line in self.series for _, low, high in line.band for end in (low, high)]
        found += [mark.y for mark in self.marks] + [level for level, _ in self.levels]
        return min(found), max(found)


def even_ticks(low: float, high: float, *, most: int = _MOST_TICKS, steps: Sequence[float] = ()) -> tuple[float, ...]:
    """Round numbers from at or below `low` to at or above `high`: 1, 2 or 5 times a power of ten, or one of `steps`."""
    span = max(high - low, 1e-9)
    power = 10.0 ** floor(log10(span / most))
    step = next(s for s in sorted([*steps, *(power * f for f in (1, 2, 5, 10, 20))]) if span / s <= most)
    first, last = floor(low / step + 1e-9), -floor(-high / step + 1e-9)
    return tuple(round(step * place, 12) for place in range(first, last + 1))


@dataclass(frozen=True)
class _Layout:
    """Every place of the chart in points from the top left corner."""

    chart: Chart
    width: float
    size: float
    title: tuple[str, ...]
    subtitle: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    plot: Box

    @cached_property
    def lines(self) -> tuple[tuple[Place, ...], ...]:
        """Every line in places of the sheet."""
        return tuple(tuple((self.x(x), self.y(y)) for x, y in series.points) for series in self.chart.series)

    def x(self, value: float) -> float:
        low, high = self.chart.x_span
        if self.chart.log_x:
            low, high, value = log10(low), log10(high), log10(value)
        return self.plot.left + (value - low) / (high - low) * (self.plot.right - self.plot.left)

    def y(self, value: float) -> float:
        low, high = self.chart.y_span
        if self.chart.log_y:
            low, high, value = log10(low), log10(high), log10(value)
        return self.plot.bottom - (value - low) / (high - low) * (self.plot.bottom - self.plot.top)


def chart_canvas(chart: Chart, width_mm: float) -> Canvas:
    """The drawn chart, `width_mm` wide and as high as it needs.

    Where the words of a mark find no free place or meet a line, marks are numbered and all their words stand below.
    """
    layout = _layout(chart, width_mm * POINTS_PER_MM)
    notes: list[str] = []
    spots = _spots(layout)
    if not all(_legible(layout, mark, spot) for mark, spot in zip(chart.marks, spots, strict=True)):
        marks = list(enumerate(sorted(chart.marks, key=lambda mark: mark.x), start=1))
        notes = [f"{k} {mark.text}" for k, mark in marks]
        chart = replace(chart, marks=tuple(replace(mark, text=str(k)) for k, mark in marks))
        layout = _layout(chart, width_mm * POINTS_PER_MM)
        spots = _spots(layout)
    size, plot = layout.size, layout.plot
    told = [line for note in notes for line in wrapped(note, layout.width, size)]
    source = wrapped(chart.source, layout.width, SOURCE_SIZE)
    axis = plot.bottom + 3.2 * size + (1.6 * size if chart.x_label else 0.0)
    foot = axis + len(told) * 1.4 * size
    canvas = Canvas(layout.width, foot + len(source) * 1.3 * SOURCE_SIZE + 2)
    _place_heading(canvas, layout)
    axes = canvas.place_axes(plot.left, plot.top, plot.right - plot.left, plot.bottom - plot.top)
    _dress(canvas, axes, layout)
    _trace(axes, chart)
    _place_levels(canvas, layout)
    _place_labels(canvas, layout)
    _place_marks(canvas, axes, layout, spots)
    for place, line in enumerate(told):
        canvas.place_text(0, axis + (place + 0.5) * 1.4 * size, line, size=size - 0.4)
    for place, line in enumerate(reversed(source)):
        canvas.place_text(0, canvas.height - 2 - place * 1.3 * SOURCE_SIZE, line, size=SOURCE_SIZE, color=SECONDARY)
    return canvas


def _layout(chart: Chart, width: float) -> _Layout:
    size = 7.4 if width > 320 else 6.4
    title = tuple(wrapped(chart.title, width, size + 1.6, "bold"))
    subtitle = tuple(wrapped(chart.subtitle, width, size))
    labels = tuple(tuple(wrapped(line.label, _LABEL_SHARE * width, size, "bold")) for line in chart.series)
    beside = max((measured_width(text, size, "bold") for label in labels for text in label), default=0.0)
    last = measured_width(chart.x_ticks[-1][1], size) / 2 if chart.x_ticks else 0.0
    left = max(measured_width(text, size) for _, text in chart.y_ticks) + 0.9 * size
    right = width - max(beside + 0.9 * size, last, 2.0)
    # The name of the upright axis stands above it, level, where it can be read without turning the head.
    named = 1.7 * size if chart.y_label else 0.0
    top = len(title) * (size + 1.6) * 1.35 + len(subtitle) * size * 1.4 + 1.3 * size + named
    plot = Box(left, top, right, top + min(max(0.52 * (right - left), 108.0), 205.0))
    return _Layout(chart, width, size, title, subtitle, labels, plot)


def _place_heading(canvas: Canvas, layout: _Layout) -> None:
    size, y = layout.size, 0.0
    for line in layout.title:
        y += (size + 1.6) * 1.35
        canvas.place_text(0, y - 0.35 * size, line, size=size + 1.6, weight="bold")
    for line in layout.subtitle:
        y += size * 1.4
        canvas.place_text(0, y - 0.3 * size, line, size=size, color=SECONDARY)
    if layout.chart.y_label:
        canvas.place_text(0, layout.plot.top - 0.9 * size, layout.chart.y_label, size=size)


def _dress(canvas: Canvas, axes: Axes, layout: _Layout) -> None:
    chart, plot, size = layout.chart, layout.plot, layout.size
    if chart.log_x:
        axes.set_xscale("log")
    if chart.log_y:
        axes.set_yscale("log")
    axes.minorticks_off()
    axes.set_xlim(*chart.x_span)
    axes.set_ylim(*chart.y_span)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=SECONDARY, linewidth=0.6)
    axes.set_xticks([tick for tick, _ in chart.x_ticks], labels=[])
    axes.set_yticks([tick for tick, _ in chart.y_ticks], labels=[])
    axes.tick_params(length=3, width=0.6, color=SECONDARY)
    for tick, text in _apart(chart.x_ticks, layout):
        canvas.place_text(layout.x(tick), plot.bottom + 3 + 1.35 * size, text, size=size, align="center")
    for tick, text in chart.y_ticks:
        canvas.place_text(plot.left - 5, layout.y(tick) + 0.36 * size, text, size=size, align="right")
    if chart.x_label:
        middle = (plot.left + plot.right) / 2
        canvas.place_text(middle, plot.bottom + 3 + 2.85 * size, chart.x_label, size=size, align="center")


def _apart(ticks: tuple[Tick, ...], layout: _Layout) -> list[Tick]:
    """The ticks whose texts do not touch the one before."""
    kept: list[Tick] = []
    free = float("-inf")
    for tick, text in ticks:
        half = measured_width(text, layout.size) / 2
        if layout.x(tick) - half >= free:
            kept.append((tick, text))
            free = layout.x(tick) + half + 0.5 * layout.size
    return kept


def _trace(axes: Axes, chart: Chart) -> None:
    for series in chart.series:
        style = ARM_STYLES[(series.place - 1) % len(ARM_STYLES)]
        for band in (series.band, series.core):
            if band:
                xs, lows, highs = (list(part) for part in zip(*band, strict=True))
                axes.fill_between(xs, lows, highs, color=style.light, alpha=BAND_ALPHA, linewidth=0, zorder=2)
        (line,) = axes.plot(
            *zip(*series.points, strict=True), color=style.light, linewidth=1.6, zorder=3,
            marker="o" if series.markers else None, markersize=3.4, solid_capstyle="butt", dash_capstyle="butt",
            clip_on=False,
        )  # fmt: skip
        if style.dashes:
            line.set_dashes(style.dashes)


def _place_levels(canvas: Canvas, layout: _Layout) -> None:
    plot, size = layout.plot, layout.size
    for level, text in layout.chart.levels:
        y = layout.y(level)
        if y < plot.bottom - 0.5:
            canvas.place_line([(plot.left, y), (plot.right, y)], color=SECONDARY, width=0.6, dashes=(4, 3))
        # Words above a level at the top would run into the name of the axis.
        baseline = y - 0.4 * size if y - plot.top > 1.2 * size else y + 1.1 * size
        canvas.place_text(plot.left + 3, baseline, text, size=size - 0.6, color=SECONDARY)


def _place_labels(canvas: Canvas, layout: _Layout) -> None:
    """Names at the ends of the lines."""
    step = 1.25 * layout.size
    for series, label, box in zip(layout.chart.series, layout.labels, _label_boxes(layout), strict=True):
        color = ARM_STYLES[(series.place - 1) % len(ARM_STYLES)].light
        for line, text in enumerate(label):
            baseline = box.top + (line + 0.5) * step + 0.36 * layout.size
            canvas.place_text(box.left, baseline, text, size=layout.size, color=color, weight="bold")


def _label_boxes(layout: _Layout) -> list[Box]:
    """Where the names stand, in the order of the series; moved apart where the ends of lines are close."""
    size, step = layout.size, 1.25 * layout.size
    found: dict[int, Box] = {}
    ends = sorted(
        (layout.y(series.points[-1][1]) - 0.5 * step * len(label), place)
        for place, (series, label) in enumerate(zip(layout.chart.series, layout.labels, strict=True))
    )
    free = float("-inf")
    for wanted, place in ends:
        label = layout.labels[place]
        top = max(wanted, free)
        left = max(layout.x(layout.chart.series[place].points[-1][0]), layout.plot.right) + 0.7 * size
        wide = max((measured_width(text, size, "bold") for text in label), default=0.0)
        found[place] = Box(left, top, left + wide, top + len(label) * step)
        free = found[place].bottom + 0.15 * step
    # Below the axis they would run into its ticks.
    lowest = layout.plot.bottom + 0.2 * step
    for _, place in reversed(ends):
        box = found[place]
        up = max(box.bottom - lowest, 0.0)
        found[place] = Box(box.left, box.top - up, box.right, box.bottom - up)
        lowest = found[place].top - 0.15 * step
    return [found[place] for place in range(len(found))]


def _place_marks(canvas: Canvas, axes: Axes, layout: _Layout, spots: Sequence[Spot | None]) -> None:
    """The points, then the words of each where they meet no line, no other point and no other words."""
    size, plot = layout.size, layout.plot
    for mark, spot in zip(layout.chart.marks, spots, strict=True):
        color = ARM_STYLES[(mark.place - 1) % len(ARM_STYLES)].light if mark.place else TEXT
        x, y = layout.x(mark.x), layout.y(mark.y)
        if mark.drop:
            canvas.place_line([(x, y), (x, plot.bottom)], color=SECONDARY, width=0.6, dashes=(2, 2))
        if mark.span is not None:
            axes.plot(mark.span, [mark.y, mark.y], color=color, linewidth=1.0, zorder=4, solid_capstyle="butt")
        axes.plot([mark.x], [mark.y], marker="o", markersize=4.2, color=color, zorder=5, clip_on=False)
        box, lines = spot or (Box(x + 6, y, x + 6, y), [mark.text])
        for place, line in enumerate(lines):
            baseline = box.top + (place + 0.8) * 1.25 * size
            left = box.right <= x
            align: Align = "right" if left else "left"
            ink = color if len(mark.text) <= _NUMBER else TEXT
            canvas.place_text(box.right if left else box.left, baseline, line, size=size - 0.4, color=ink, align=align)


def _spots(layout: _Layout) -> list[Spot | None]:
    """Where the words of each mark stand; None without a free place."""
    marks = layout.chart.marks
    taken = [*_label_boxes(layout), *(box for mark in marks for box in _ink(layout, mark))]
    levels = [layout.y(level) for level, _ in layout.chart.levels]
    taken += [Box(layout.plot.left, y - 0.5, layout.plot.right, y + 0.5) for y in levels]
    found = []
    for mark in marks:
        spot = _spot(layout, mark, taken)
        found.append(spot)
        taken += [] if spot is None else [spot[0]]
    return found


def _ink(layout: _Layout, mark: Mark) -> list[Box]:
    """What a mark covers without its words: its point, the rule down to the axis, its span."""
    x, y = layout.x(mark.x), layout.y(mark.y)
    covered = [Box(x - 3, y - 3, x + 3, y + 3)]
    if mark.drop:
        covered.append(Box(x - 0.5, y, x + 0.5, layout.plot.bottom))
    if mark.span is not None:
        covered.append(Box(layout.x(mark.span[0]), y - 1, layout.x(mark.span[1]), y + 1))
    return covered


def _legible(layout: _Layout, mark: Mark, spot: Spot | None) -> bool:
    """Whether a mark's words have a place of their own; a value may touch a line, since its number would as well."""
    return len(mark.text) <= _NUMBER or (spot is not None and _clearance(layout, spot[0]) >= 0.0)


def _spot(layout: _Layout, mark: Mark, taken: list[Box]) -> Spot | None:
    """The place of a mark's words and its lines: farthest from everything drawn, in few lines, near the point."""
    best: tuple[tuple[float, float], Box, list[str]] | None = None
    for share in _WORD_SHARES:
        lines = wrapped(mark.text, share * (layout.plot.right - layout.plot.left), layout.size - 0.4)
        free = [box for box in _beside(layout, mark, lines) if not any(box.overlaps(other, 2.0) for other in taken)]
        for place, box in enumerate(free):
            score = min(_clearance(layout, box), 0.8 * layout.size), -len(lines) - 0.01 * place
            if best is None or score > best[0]:
                best = score, box, lines
    return None if best is None else best[1:]


def _beside(layout: _Layout, mark: Mark, lines: list[str]) -> list[Box]:
    """Places for lines of words right and left of a mark, from above it down; down to the axis beside its rule."""
    size, plot = layout.size, layout.plot
    wide = max((measured_width(line, size - 0.4) for line in lines), default=0.0)
    high = 1.25 * size * len(lines)
    x, y = layout.x(mark.x), layout.y(mark.y)
    lowest = plot.bottom - high - 3 if mark.drop else min(y + 3 * size, plot.bottom - high)
    tops = [max(plot.top, y - high - 2), y - high / 2, y + 2]
    tops += [y + 2 + step * size for step in range(1, 60) if y + 2 + step * size <= lowest]
    return [
        Box(left, top, left + wide, top + high)
        for top in tops
        for left in (x + 6, x - 6 - wide)
        if left >= plot.left + 2 and left + wide <= layout.width and top + high <= plot.bottom - 2
    ]


def _clearance(layout: _Layout, box: Box) -> float:
    """Distance in height between a box and the nearest line over it; negative where they meet."""
    nearest = float("inf")
    for drawn in layout.lines:
        for (x0, y0), (x1, y1) in pairwise(drawn):
            low, high = max(min(x0, x1), box.left), min(max(x0, x1), box.right)
            if low > high or x0 == x1:
                continue
            ends = [y0 + (y1 - y0) * (at - x0) / (x1 - x0) for at in (low, high)]
            nearest = min(nearest, max(min(ends) - box.bottom, box.top - max(ends)))
    return nearest
