"""Reconstructed curves over the published points, and beneath how far the two differ."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.canvas import Canvas, measured_width
from equipoise.reporting.figures.panel import Panel, margin
from equipoise.reporting.figures.scales import Scale, linear_scale
from equipoise.reporting.figures.sheet import FigureKind, Sheet, heading, sheet_size
from equipoise.reporting.formatting import percent_text, range_text, ratio_text
from equipoise.reporting.palette import SECONDARY, ArmStyle, arm_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS, _CURVE = "curve-points", "reconstructed-curve"


@dataclass(frozen=True)
class _Arm:
    label: str
    style: ArmStyle
    points: tuple[tuple[float, float], ...]
    curve: tuple[tuple[float, float], ...]

    @property
    def differences(self) -> list[tuple[float, float]]:
        """Reconstructed less published, in percentage points, at the published points."""
        found, place, height = [], 0, 1.0
        for at, value in self.points:
            while place < len(self.curve) and self.curve[place][0] <= at:
                height = self.curve[place][1]
                place += 1
            found.append((at, 100.0 * (height - value)))
        return found


@dataclass(frozen=True)
class _Picture:
    title: str
    subtitle: str
    across: str
    arms: tuple[_Arm, ...]


def _canvas(picture: _Picture, width_mm: float) -> Canvas:
    width, size = sheet_size(width_mm)
    head = heading(picture.title, picture.subtitle, width, size)
    x = linear_scale([0.0, *(at for arm in picture.arms for at, _ in (*arm.points, *arm.curve))])
    y = Scale((0.0, 0.2, 0.4, 0.6, 0.8, 1.0), percent=True)
    off = linear_scale([0.0, *(value for arm in picture.arms for _, value in arm.differences)])
    left, right = max(margin(y, size), margin(off, size)), measured_width(x.text(x.high), size) / 2 + 2
    plot = min(max(0.5 * (width - left - right), 110.0), 220.0)
    low = min(max(0.14 * (width - left - right), 38.0), 60.0)
    top = head.height + 1.6 * size
    second = top + plot + 6.2 * size
    canvas = Canvas(width, second + low + 5.4 * size)
    head.place(canvas)
    above = Panel(left, top, width - left - right, plot, x, y, "", size).axes(canvas)
    beneath = "Reconstructed less published, percentage points"
    canvas.place_text(left, second - 0.9 * size, beneath, size=size, weight="bold")
    below = Panel(left, second, width - left - right, low, x, off, picture.across, size).axes(canvas)
    below.plot([x.low, x.high], [0.0, 0.0], color=SECONDARY, linewidth=0.6, zorder=1)
    for arm in picture.arms:
        _trace(above, below, arm)
    _place_labels(canvas, picture, (left, top), (width - left - right, plot), size)
    return canvas


def _trace(above: Axes, below: Axes, arm: _Arm) -> None:
    times, heights = zip(*arm.points, strict=True)
    color = arm.style.light
    above.plot(times, heights, linestyle="none", marker="o", markersize=4.2, markeredgewidth=0.0, color=color,
               alpha=0.25, zorder=2, clip_on=False)  # fmt: skip
    steps = [(later, before) for (_, before), (later, _) in pairwise(arm.curve)]
    corners = [arm.curve[0], *(corner for step, after in zip(steps, arm.curve[1:], strict=True)
                               for corner in (step, after))]  # fmt: skip
    above.plot(*zip(*corners, strict=True), color=color, linewidth=1.2, zorder=3)
    at, differences = zip(*arm.differences, strict=True)
    below.plot(at, differences, linestyle="none", marker="o", markersize=2.2, markeredgewidth=0.0, color=color,
               alpha=0.6, zorder=2, clip_on=False)  # fmt: skip


def _place_labels(
    canvas: Canvas, picture: _Picture, corner: tuple[float, float], extent: tuple[float, float], size: float
) -> None:
    """Names at the upper right, where survival curves leave room, each with a sample of its line and point."""
    right, y = corner[0] + extent[0], corner[1] + 1.2 * size
    for arm in picture.arms:
        color = arm.style.light
        canvas.place_text(right, y, arm.label, size=size, weight="bold", color=color, align="right")
        start = right - measured_width(arm.label, size, "bold") - 3.2 * size
        canvas.place_line([(start, y - 0.36 * size), (start + 2.4 * size, y - 0.36 * size)], color=color, width=1.2)
        canvas.place_circle(start + 1.2 * size, y - 0.36 * size, 1.5, color=color)
        y += 1.5 * size


def _collect(rows: list[ResultRow]) -> Sheet:
    labels = list(dict.fromkeys(row.level1 or "" for row in rows if row.parameter == _POINTS))
    arms = tuple(
        _Arm(label, arm_style(place + 1), _part(rows, _POINTS, label), _part(rows, _CURVE, label))
        for place, label in enumerate(labels)
    )
    unit = next((row.at_unit for row in rows if row.at_unit), "months")
    endpoint = next((row.endpoint for row in rows if row.endpoint), "")
    said = "; ".join(filter(None, [*(_of_arm(rows, arm) for arm in arms), _ratio(rows)]))
    title = f"{endpoint}: reconstructed from the published curve" if endpoint else "Reconstructed from the curve"
    subtitle = f"Dots: published; lines: reconstructed patients. {said}"
    picture = _Picture(title, subtitle, f"Time, {unit}", arms)
    return Sheet(title, f"{title}. {said}.", lambda width_mm: _canvas(picture, width_mm))


def _part(rows: list[ResultRow], parameter: str, label: str) -> tuple[tuple[float, float], ...]:
    found = [
        (row.at, row.value)
        for row in rows
        if (row.parameter, row.level1) == (parameter, label) and row.at is not None and row.value is not None
    ]
    return tuple(sorted(found, key=lambda pair: (pair[0], -pair[1])))


def _number(rows: list[ResultRow], parameter: str, statistic: str, label: str | None) -> float | None:
    wanted = (parameter, statistic, label)
    return next((row.value for row in rows if (row.parameter, row.statistic, row.level1) == wanted), None)


def _of_arm(rows: list[ResultRow], arm: _Arm) -> str:
    error = _number(rows, "accuracy", "rmse", arm.label)
    n, events = (_number(rows, "patients", name, arm.label) for name in ("n", "n_event"))
    if error is None or n is None or events is None:
        return ""
    return f"{arm.label}: {events:.0f} events / {n:.0f} patients, root mean square difference {percent_text(error, 2)}"


def _ratio(rows: list[ResultRow]) -> str:
    parts = [_number(rows, "hazard-ratio", name, None) for name in ("estimate", "conf_low", "conf_high")]
    if None in parts:
        return ""
    value, low, high = (ratio_text(part) for part in parts)
    return f"hazard ratio {value} ({range_text(low, high)})"


def _takes(row: ResultRow) -> bool:
    return row.analysis == "reconstruction"


FIGURES = (FigureKind("reconstruction", frozenset({"rmse", "estimate"}), _takes, _collect),)
