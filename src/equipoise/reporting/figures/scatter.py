"""Residuals of a model against time, a panel for each coefficient."""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.canvas import Canvas, wrapped
from equipoise.reporting.figures.panel import Panel, margin
from equipoise.reporting.figures.scales import linear_scale
from equipoise.reporting.figures.sheet import FigureKind, Sheet, heading, sheet_size
from equipoise.reporting.formatting import number_text
from equipoise.reporting.palette import ARM_STYLES, SECONDARY

_BLUE = ARM_STYLES[0].light
_NARROWEST = 150.0
_MOST_COLUMNS = 3
_KINDS = {
    "martingale": "Martingale residuals: events less those expected by the model",
    "deviance": "Deviance residuals",
    "score": "Score residuals",
    "dfbeta": "dfbeta: the change of each coefficient when a row is left out",
    "dfbetas": "dfbetas: the change of each coefficient, in standard errors, when a row is left out",
    "schoenfeld": "Schoenfeld residuals at the events",
    "scaled-schoenfeld": "Scaled Schoenfeld residuals at the events: the coefficient over time",
}


@dataclass(frozen=True)
class Cloud:
    """The points of one coefficient."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Scatter:
    """Clouds on equal horizontal axes."""

    title: str
    subtitle: str
    across: str
    clouds: tuple[Cloud, ...]
    alternative: str


def scatter_canvas(plot: Scatter, width_mm: float) -> Canvas:
    width, size = sheet_size(width_mm)
    head = heading(plot.title, plot.subtitle, width, size)
    columns = max(1, min(len(plot.clouds), _MOST_COLUMNS, int(width / _NARROWEST)))
    cell = width / columns
    x = linear_scale([0.0, *(time for cloud in plot.clouds for time, _ in cloud.points)])
    scales = [linear_scale([0.0, *(value for _, value in cloud.points)]) for cloud in plot.clouds]
    left = max(margin(scale, size) for scale in scales)
    across = cell - left - 1.6 * size
    high = min(max(0.62 * across, 80.0), 150.0)
    titled = max(len(wrapped(cloud.name, across, size, "bold")) if cloud.name else 0 for cloud in plot.clouds)
    above = titled * 1.35 * size + 1.3 * size
    below = 3 + (2.2 + 1.35 * len(wrapped(plot.across, across, size))) * size
    rows = -(-len(plot.clouds) // columns)
    canvas = Canvas(width, head.height + rows * (above + high + below) + 0.5 * size)
    head.place(canvas)
    for place, (cloud, y) in enumerate(zip(plot.clouds, scales, strict=True)):
        row, column = divmod(place, columns)
        top = head.height + row * (above + high + below) + above
        panel = Panel(column * cell + left, top, across, high, x, y, plot.across, size, cloud.name)
        _trace(panel, canvas, cloud)
    return canvas


def _trace(panel: Panel, canvas: Canvas, cloud: Cloud) -> None:
    axes = panel.axes(canvas)
    axes.plot([panel.x.low, panel.x.high], [0.0, 0.0], color=SECONDARY, linewidth=0.6, dashes=(4, 3), zorder=1)
    if cloud.points:
        times, values = zip(*cloud.points, strict=True)
        axes.plot(
            times, values, linestyle="none", marker="o", markersize=2.4, markeredgewidth=0.0, color=_BLUE, alpha=0.55,
            zorder=2, clip_on=False,
        )  # fmt: skip


def _collect(rows: list[ResultRow]) -> Sheet:
    kind = next(row.statistic for row in rows if _is_residual(row)).removesuffix("_residual")
    timed = any(row.at is not None for row in rows)
    clouds = []
    for name in dict.fromkeys(row.parameter for row in rows):
        own = [row for row in rows if row.parameter == name]
        points = tuple((_across(row, k), row.value) for k, row in enumerate(own, 1) if row.value is not None)
        clouds.append(Cloud("" if name == "model" else name, points))
    title = _KINDS.get(kind, f"{kind.capitalize()} residuals")
    count = number_text(len(clouds[0].points))
    subtitle = f"{count} {'residuals' if len(clouds) == 1 else 'residuals of each coefficient'}"
    spoken = [
        f"{cloud.name or 'model'} from {min(v for _, v in cloud.points):.3g} to {max(v for _, v in cloud.points):.3g}"
        for cloud in clouds
        if cloud.points
    ]
    alternative = f"{title}. {subtitle}: {'; '.join(spoken)}."
    plot = Scatter(title, subtitle, "Time" if timed else "Row", tuple(clouds), alternative)
    return Sheet(title, alternative, lambda width_mm: scatter_canvas(plot, width_mm))


def _is_residual(row: ResultRow) -> bool:
    return row.statistic.endswith("_residual")


def _across(row: ResultRow, place: int) -> float:
    return float(place) if row.at is None else row.at


FIGURES = tuple(
    FigureKind("residuals", frozenset({f"{kind}_residual"}), _is_residual, _collect) for kind in _KINDS
)  # fmt: skip
