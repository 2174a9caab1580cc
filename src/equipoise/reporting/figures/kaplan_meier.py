"""Figures of curves, Kaplan-Meier before all: measured first, then drawn; the number-at-risk table shares the ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress, pairwise
from math import nan
from typing import TYPE_CHECKING

from equipoise.reporting.figures.canvas import Canvas, measured_width, wrapped
from equipoise.reporting.figures.curves import Curve, CurveSet, Point
from equipoise.reporting.figures.grid import Grid, GridLine
from equipoise.reporting.figures.placement import Box, Skyline, emptiest_corner, label_spots
from equipoise.reporting.figures.sheet import SOURCE_SIZE, Heading, heading, place_source, sheet_size, widest
from equipoise.reporting.formatting import number_text
from equipoise.reporting.palette import SECONDARY, TEXT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAND_ALPHA = 0.12
LINE_WIDTH = 1.8
_STACK_ABOVE = 0.27


@dataclass(frozen=True)
class Layout:
    """Every place of the figure in points from the top left corner."""

    width: float
    height: float
    size: float
    heading: Heading
    plot: Box
    span: float
    ticks: tuple[float, ...]
    stacked: bool
    table_top: float
    grid: Grid | None
    grid_at: tuple[float, float]
    labels: tuple[Box, ...]
    source: tuple[str, ...]

    def x(self, time: float) -> float:
        """A time as points from the left."""
        return self.plot.left + time / self.span * (self.plot.right - self.plot.left)


def kaplan_meier_canvas(curves: CurveSet, width_mm: float, *, show_censored: bool = False) -> Canvas:
    """The drawn figure of a curve set, `width_mm` wide and as high as it needs."""
    layout = _layout(curves, *sheet_size(width_mm), show_censored)
    canvas = Canvas(layout.width, layout.height)
    layout.heading.place(canvas)
    plot = layout.plot
    axes = canvas.place_axes(plot.left, plot.top, plot.right - plot.left, plot.bottom - plot.top)
    _dress_axes(canvas, axes, layout, curves)
    _trace_curves(axes, curves)
    _place_risk_table(canvas, layout, curves, show_censored)
    for curve, box in zip(curves.curves, layout.labels, strict=False):
        color = curve.drawn.light
        baseline = plot.top + box.bottom - 0.28 * layout.size
        canvas.place_text(plot.left + box.left, baseline, curve.label, size=layout.size, color=color, weight="bold")
    if layout.grid is not None:
        layout.grid.place(canvas, *layout.grid_at)
    place_source(canvas, layout.source)
    return canvas


def _layout(curves: CurveSet, width: float, size: float, show_censored: bool) -> Layout:
    head = heading(curves.title, curves.subtitle, width, size)
    top = head.height + 1.2 * size
    names = [measured_width(_risk_name(curve), size, "bold") for curve in curves.curves if curve.at_risk]
    scale = widest([curves.scale.text(tick) for tick in curves.scale.ticks], size) + 0.9 * size
    numbers = [measured_width(text, size) for text in _risk_texts(curves, show_censored)]
    half = max(numbers, default=0.0) / 2
    left = max(max(names, default=0.0) + half + 0.9 * size, scale)
    stacked = left > _STACK_ABOVE * width
    if stacked:
        left = max(scale, half + 1)
    span = max([curve.end for curve in curves.curves] + list(curves.ticks) + [1e-9])
    last = measured_width(tick_text(curves.ticks[-1]), size) / 2 if curves.ticks else 0.0
    right = width - max(half if curves.ticks and curves.ticks[-1] > 0.97 * span else 0.0, last, 2.0)
    plot = Box(left, top, right, top + min(max(0.54 * (right - left), 118.0), 225.0))
    ticks = _thinned(curves.ticks, max([*numbers, last * 2]) + 0.45 * size, span, right - left)
    return _filled(curves, Layout(width, 0, size, head, plot, span, ticks, stacked, 0, None, (0, 0), (), ()),
                   show_censored)  # fmt: skip


def _filled(curves: CurveSet, bare: Layout, show_censored: bool) -> Layout:
    """The layout with table, labels and source put into the places left to them."""
    plot, size = bare.plot, bare.size
    across, down = plot.right - plot.left, plot.bottom - plot.top
    skylines = [Skyline(curve.points, across, down, bare.span) for curve in curves.curves]
    grid = _grid(curves, size, across)
    half = _half_line(curves, bare.span, across, down)
    corner = (
        None if grid is None else emptiest_corner((grid.width, grid.height), (across, down), skylines, half, margin=7)
    )
    sizes = [(measured_width(curve.label, size, "bold"), 1.15 * size) for curve in curves.curves]
    labels = label_spots(sizes, (across, down), skylines, [*half, corner] if corner else half)
    if labels is None:
        grid = _grid(curves, size, across, swatches=True)
        size_now = (grid.width, grid.height) if grid else (0.0, 0.0)
        corner = emptiest_corner(size_now, (across, down), skylines, half, margin=7) if grid else None
    table_top = plot.bottom + 3.9 * size + (0.4 * size if curves.axis else 0)
    lines = 1 + sum(len(_risk_lines(curve, bare)) + bare.stacked for curve in curves.curves if curve.at_risk)
    bottom = table_top + (lines * size * 1.55 if _risk_texts(curves, show_censored) else 0.0)
    at = (0.0, 0.0)
    if grid is not None and corner is None:
        grid = _grid(curves, size, bare.width, swatches=labels is None)
        at = (0.0, bottom + 0.9 * size)
        bottom = at[1] + (grid.height if grid else 0.0)
    elif corner is not None:
        at = (plot.left + corner.left, plot.top + corner.top)
    source = tuple(wrapped(curves.source, bare.width, SOURCE_SIZE))
    height = bottom + 0.9 * size + len(source) * 1.3 * SOURCE_SIZE + 2
    changes = {"height": height, "table_top": table_top, "grid": grid, "grid_at": at}
    return Layout(**{**vars(bare), **changes, "labels": tuple(labels or ()), "source": source})


def tick_text(tick: float) -> str:
    """A time on the axis: whole times with a comma for thousands, others as they are."""
    return number_text(tick) if tick == int(tick) else f"{tick:.6g}"


def _half_line(curves: CurveSet, span: float, across: float, down: float) -> list[Box]:
    """The place of the line at 50%, where there is one."""
    last = curves.last_median
    return [] if last is None else [Box(0.0, down / 2 - 0.5, last / span * across, down / 2 + 0.5)]


def _risk_name(curve: Curve) -> str:
    return curve.risk_name or curve.label


def _risk_lines(curve: Curve, layout: Layout) -> list[str]:
    """An arm's name in the number-at-risk table, in as many lines as it needs."""
    return wrapped(_risk_name(curve), layout.width, layout.size, "bold")


def _risk_texts(curves: CurveSet, show_censored: bool) -> list[str]:
    return [_risk_text(curve, tick, show_censored) for curve in curves.curves for tick in curve.at_risk]


def _risk_text(curve: Curve, tick: float, show_censored: bool) -> str:
    text = curve.at_risk.get(tick, "")
    return f"{text} ({curve.censored[tick]})" if show_censored and tick in curve.censored else text


def _thinned(ticks: tuple[float, ...], wide: float, span: float, across: float) -> tuple[float, ...]:
    """Every tick, or every second, third ... where their numbers would touch."""
    for step in range(1, len(ticks) + 1):
        kept = ticks[::step]
        gaps = [(b - a) / span * across for a, b in pairwise(kept)]
        if all(gap >= wide for gap in gaps):
            return kept
    return ticks[:1]


def _grid(curves: CurveSet, size: float, limit: float, *, swatches: bool = False) -> Grid | None:
    if not any(curve.events or curve.median for curve in curves.curves):
        names = tuple(GridLine(curve.label, curve.drawn, ()) for curve in curves.curves)
        return Grid((), names, curves.statements, size - 0.4, limit, True) if swatches else None
    ratios = any(curve.ratio for curve in curves.curves) and len(curves.curves) > 2
    medians = any(curve.median for curve in curves.curves)
    shown = (True, medians, ratios)
    head = tuple(compress((curves.count_head, curves.median_head, curves.ratio_head), shown))
    lines = tuple(
        GridLine(curve.label, curve.drawn, tuple(compress((curve.events, curve.median, curve.ratio), shown)))
        for curve in curves.curves
    )
    return Grid(head, lines, curves.statements, size - 0.4, limit, swatches).fitted()


def _dress_axes(canvas: Canvas, axes: Axes, layout: Layout, curves: CurveSet) -> None:
    plot, size = layout.plot, layout.size
    axes.set_xlim(0, layout.span)
    axes.set_ylim(0, 1)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(SECONDARY)
        axes.spines[side].set_linewidth(0.6)
    axes.set_xticks(list(layout.ticks), labels=[])
    axes.set_yticks([curves.scale.share(tick) for tick in curves.scale.ticks], labels=[])
    axes.tick_params(length=3, width=0.6, color=SECONDARY)
    for tick in layout.ticks:
        canvas.place_text(layout.x(tick), plot.bottom + 3 + 1.35 * size, tick_text(tick), size=size, align="center")
    for tick in curves.scale.ticks:
        y = plot.bottom - curves.scale.share(tick) * (plot.bottom - plot.top)
        canvas.place_text(plot.left - 5, y + 0.36 * size, curves.scale.text(tick), size=size, align="right")
    middle = (plot.left + plot.right) / 2
    canvas.place_text(middle, plot.bottom + 3 + 2.85 * size, curves.axis, size=size, align="center")


def _trace_curves(axes: Axes, curves: CurveSet) -> None:
    if curves.last_median is not None:
        axes.plot([0, curves.last_median], [0.5, 0.5], color=SECONDARY, linewidth=0.6, dashes=(4, 3), zorder=1)
    for curve in curves.curves:
        style = curve.drawn
        points = _visible(curve.points, axes.get_xlim()[1])
        times = [point.time for point in points]
        survival = [point.survival for point in points]
        axes.fill_between(
            *band_outline(points), step="post", color=style.light, alpha=BAND_ALPHA, linewidth=0, zorder=2
        )
        (line,) = axes.plot(
            times, survival, drawstyle="steps-post", color=style.light, linewidth=LINE_WIDTH, zorder=3,
            solid_joinstyle="miter", solid_capstyle="butt", dash_capstyle="butt", clip_on=False,
        )  # fmt: skip
        if style.dashes:
            line.set_dashes(style.dashes)
        gone = [(point.time, point.survival) for point in points if point.censored]
        if gone:
            axes.plot(
                *zip(*gone, strict=True), linestyle="none", marker="|", markersize=5.2, markeredgewidth=0.8,
                color=style.light, zorder=4, clip_on=False,
            )  # fmt: skip


def band_outline(points: Sequence[Point]) -> tuple[list[float], list[float], list[float]]:
    """Times, lower and upper edge of the band; a gap (NaN) where a limit is undefined.

    The edges hold until the next time, so where the next step has no limits they are carried up to it first.
    """
    times, low, high = [], [], []
    for point in points:
        defined = point.low is not None and point.high is not None
        if not defined and low and low[-1] == low[-1]:
            times.append(point.time)
            low.append(low[-1])
            high.append(high[-1])
        times.append(point.time)
        low.append(point.low if defined else nan)
        high.append(point.high if defined else nan)
    return times, low, high


_RESOLUTION = 4000


def _visible(points: tuple[Point, ...], span: float) -> list[Point]:
    """The steps that can be told apart on paper: the last of every 1/4000 of the axis, censoring kept."""
    kept: list[Point] = []
    for point in points:
        column = int(point.time / span * _RESOLUTION)
        if len(kept) > 1 and int(kept[-1].time / span * _RESOLUTION) == column:
            point = replace(point, censored=point.censored + kept.pop().censored)
        kept.append(point)
    return kept


def _place_risk_table(canvas: Canvas, layout: Layout, curves: CurveSet, show_censored: bool) -> None:
    if not _risk_texts(curves, show_censored):
        return
    size, step = layout.size, 1.55 * layout.size
    y = layout.table_top + 0.75 * step
    head = "No. at risk (censored)" if show_censored else "No. at risk"
    canvas.place_text(0, y, head, size=size, color=SECONDARY)
    for curve in curves.curves:
        if not curve.at_risk:
            continue
        color = curve.drawn.light
        y += step
        name = _risk_lines(curve, layout)
        for place, line in enumerate(name):
            canvas.place_text(0, y + place * step, line, size=size, color=color, weight="bold")
        y += (len(name) - 1 + layout.stacked) * step
        for tick in layout.ticks:
            text = _risk_text(curve, tick, show_censored)
            if text:
                canvas.place_text(layout.x(tick), y, text, size=size, color=TEXT, align="center")
