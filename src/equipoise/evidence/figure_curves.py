"""The survival curves of a vector figure: step lines found among everything drawn, with their censoring ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from equipoise.errors import DataError
from equipoise.evidence.curve_points import CurvePoints
from equipoise.evidence.figure_axes import Axes, find_axes
from equipoise.evidence.vector_figure import DrawnLine, VectorFigure

_FEWEST_STEPS = 2
_START = 0.015
# Standard deviation of a number rounded to its last digit, in units of that digit; two of them make a height.
_ROUNDED = 0.29
_TICK = 0.04
# What was drawn may have been rounded before; one patient in two hundred still shows.
_LEAST_ERROR = 2e-5


@dataclass(frozen=True)
class FoundCurve:
    """One curve of a figure: its color, and its steps as points."""

    color: str
    points: CurvePoints


@dataclass(frozen=True)
class FigureCurves:
    """Every curve found in a figure, in the order drawn, and what was found in words."""

    curves: tuple[FoundCurve, ...]
    axes: Axes
    said: tuple[str, ...]


def figure_curves(
    figure: VectorFigure, *, x_axis: Sequence[float] | None = None, y_axis: Sequence[float] | None = None
) -> FigureCurves:
    """The survival curves of a figure, in times and shares of its axes.

    A curve is a stroked line of horizontal and vertical stretches that starts at time 0 and 100% and only goes right
    and down; short upright strokes of its color across it are censoring ticks. Its digitization error is that of the
    rounding of the file's coordinates. Arguments: see `find_axes`.
    Raises DataError `figure-unreadable` where there is no such line, `axis-misset` where lines step down and do not
    start at 100% and time 0.
    """
    axes = find_axes(figure, x_axis, y_axis)
    full = 100.0 if float(axes.y.value(np.array([axes.y.ticks[-1]]))[0]) > 2.0 else 1.0
    stairs = [line for line in _joined(figure.lines) if _is_staircase(line.corners, figure.unit)]
    stairs = [line for line in stairs if _drops(line.corners, figure.unit) >= _FEWEST_STEPS]
    error = max(2**0.5 * _ROUNDED * figure.unit * abs(axes.y.slope) / full, _LEAST_ERROR)
    found = [_curve(line, axes, full, error) for line in stairs]
    starting = [(curve, line) for curve, line in zip(found, stairs, strict=True) if _starts(curve, line, axes, full)]
    if not starting:
        raise _none(figure, found, axes)
    curves = [replace(curve, points=_marked(curve.points, figure.lines, line, axes, full)) for curve, line in starting]
    said = [axes.x.said, axes.y.said, *(_words(place, curve) for place, curve in enumerate(curves, 1))]
    return FigureCurves(tuple(curves), axes, tuple(said))


def _joined(lines: Sequence[DrawnLine]) -> list[DrawnLine]:
    """Lines, pieces of one color that follow end to end made one; some programs draw every step alone."""
    joined: list[DrawnLine] = []
    for line in lines:
        last = joined[-1] if joined else None
        if last is not None and last.color == line.color and np.abs(last.corners[-1] - line.corners[0]).max() < 1e-3:
            joined[-1] = replace(last, corners=np.concatenate((last.corners, line.corners[1:])))
        else:
            joined.append(line)
    return joined


def _is_staircase(corners: np.ndarray, unit: float) -> bool:
    """Whether a line goes right and down only, each stretch upright or level but for rounding."""
    if len(corners) < 2 * _FEWEST_STEPS:
        return False
    steps = np.diff(corners, axis=0)
    slack = 4.0 * unit
    if (steps[:, 0] < -slack).any() or (steps[:, 1] > slack).any():
        return False
    # Where a program leaves out corners it cannot show, a short stretch may be slanted.
    slanted = np.minimum(np.abs(steps[:, 0]), np.abs(steps[:, 1])) > slack
    return float(slanted.mean()) < 0.05 and float(np.ptp(corners[:, 0])) > 0.0


def _drops(corners: np.ndarray, unit: float) -> int:
    return int((np.diff(corners[:, 1]) < -unit / 2.0).sum())


def _curve(line: DrawnLine, axes: Axes, full: float, error: float) -> FoundCurve:
    time, height = axes.x.value(line.corners[:, 0]), axes.y.value(line.corners[:, 1]) / full
    falls = np.flatnonzero(np.diff(height) < -error)
    at, after = time[falls + 1], height[falls + 1]
    last = np.flatnonzero(np.append(np.diff(at) > 1e-9 + 2.0 * error * np.ptp(time), True)) if len(at) else falls
    points = CurvePoints(
        line.color, np.maximum(at[last], 0.0), np.clip(np.minimum.accumulate(after[last]), 0.0, 1.0), error,
        float(time[-1]), stepped=True,
    )  # fmt: skip
    return FoundCurve(line.color, points)


def _starts(curve: FoundCurve, line: DrawnLine, axes: Axes, full: float) -> bool:
    time, height = float(axes.x.value(line.corners[0, 0])), float(axes.y.value(line.corners[0, 1])) / full
    return abs(height - 1.0) < _START and abs(time) < _START * max(curve.points.end, 1e-9)


def _marked(points: CurvePoints, lines: Sequence[DrawnLine], curve: DrawnLine, axes: Axes, full: float) -> CurvePoints:
    """The points with the times of short upright strokes of the curve's color that cross it."""
    marks = []
    heights = np.append(1.0, points.height)
    for line in lines:
        across, up = line.span
        if line.color != curve.color or len(line.corners) != 2 or across > 1e-3 * up or up == 0.0:
            continue
        middle = line.corners.mean(axis=0)
        time, height = float(axes.x.value(middle[0])), float(axes.y.value(middle[1])) / full
        if up * axes.y.slope / full > _TICK or time < 0.0:
            continue
        place = int(np.searchsorted(points.time, time, side="right"))
        near = heights[max(place - 1, 0) : place + 1]
        if np.abs(near - height).min() <= up * axes.y.slope / full:
            marks.append(time)
    return replace(points, marks=np.sort(np.array(marks)))


def _words(place: int, curve: FoundCurve) -> str:
    points = curve.points
    ticks = f", {len(points.marks)} censoring ticks" if len(points.marks) else ""
    return (
        f"curve {place}, {curve.color}: {len(points)} steps to {points.end:.4g}, down to {points.height[-1]:.3g}{ticks}"
    )


def _none(figure: VectorFigure, found: Sequence[FoundCurve], axes: Axes) -> DataError:
    said = f"{axes.x.said}; {axes.y.said}"
    if found:
        first = found[0].points
        return DataError(
            "axis-misset", f"{len(found)} lines step down, and none starts at 100% and time 0 ({said})",
            where=figure.source or None,
            reason=f"the first falls from its first step at {first.time[0]:.3g} to {first.height[-1]:.3g}",
            hint="correct --x-axis and --y-axis: the values at the first and the last tick",
        )  # fmt: skip
    return DataError(
        "figure-unreadable", f"no line of the figure steps down ({len(figure.lines)} lines; {said})",
        where=figure.source or None, reason="a survival curve is drawn in horizontal and vertical stretches",
        hint="a smoothed or scanned curve goes in as clicked points (CSV: time, survival, arm)",
    )  # fmt: skip
