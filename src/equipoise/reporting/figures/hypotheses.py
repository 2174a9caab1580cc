"""The graph of a graphical procedure: hypotheses with their shares of alpha, and arrows along which shares pass on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.canvas import Canvas, measured_width, wrapped
from equipoise.reporting.figures.sheet import Sheet, heading, sheet_size
from equipoise.reporting.formatting import number_text
from equipoise.reporting.palette import ARM_STYLES, SECONDARY, TEXT

_TITLE = "The graph of the test procedure"
_BEND = 0.16
_STEPS = 80
_LABEL_AT = 0.40
_WIDEST_NAME = 60.0
# Graphs of this many hypotheses are laid out as a square, with the first on top left.
_SQUARE = 4

Point = tuple[float, float]


@dataclass(frozen=True)
class Hypothesis:
    """A node: its name, its share of alpha at the start, and whether it was rejected."""

    name: str
    share: float
    rejected: bool


@dataclass(frozen=True)
class Graph:
    """Hypotheses, and (from, to, share) of the arrows."""

    nodes: tuple[Hypothesis, ...]
    arrows: tuple[tuple[str, str, float], ...]

    @property
    def alternative(self) -> str:
        shares = ", ".join(f"{node.name} {_share(node.share)}" for node in self.nodes)
        passed = "; ".join(f"{start} to {stop} {_share(share)}" for start, stop, share in self.arrows)
        rejected = [node.name for node in self.nodes if node.rejected]
        return (
            f"{_TITLE}. Shares of alpha at the start: {shares}. A rejected hypothesis passes on: {passed}. "
            f"Rejected: {', '.join(rejected) or 'none'}."
        )


def collect_graph(rows: list[ResultRow]) -> Sheet:
    """The graph at the start, from the rows of `graphical_testing`."""
    start = [row for row in rows if row.at is None and row.value is not None]
    weights = {row.parameter: row.value for row in start if row.statistic == "weight"}
    rejected = {row.parameter for row in start if row.statistic == "rejected_at_look"}
    nodes = tuple(Hypothesis(name, share or 0.0, name in rejected) for name, share in weights.items())
    arrows = tuple(
        (row.parameter, row.level1 or "", row.value or 0.0) for row in start if row.statistic == "transition"
    )
    graph = Graph(nodes, arrows)
    return Sheet(_TITLE, graph.alternative, lambda width_mm: graph_canvas(graph, width_mm))


def graph_canvas(graph: Graph, width_mm: float) -> Canvas:
    """The drawn graph, `width_mm` wide and as high as it needs."""
    width, size = sheet_size(width_mm)
    subtitle = "In a circle: the share of alpha at the start; at an arrow: what a rejected hypothesis passes on"
    head = heading(_TITLE, subtitle, width, size)
    names = {node.name: wrapped(node.name, _WIDEST_NAME, size, "bold") for node in graph.nodes}
    radius = max(_radius(lines, size) for lines in names.values())
    places, height = _places(len(graph.nodes), radius, width)
    top = head.height + 1.5 * size
    canvas = Canvas(width, top + height + size)
    head.place(canvas)
    spots = {node.name: (x, top + y) for node, (x, y) in zip(graph.nodes, places, strict=True)}
    for start, stop, share in graph.arrows:
        _place_arrow(canvas, spots[start], spots[stop], radius, _share(share), size)
    for node in graph.nodes:
        _place_node(canvas, spots[node.name], radius, node, names[node.name], size)
    return canvas


def _share(value: float) -> str:
    return number_text(value, 3).rstrip("0").rstrip(".")


def _radius(lines: list[str], size: float) -> float:
    """Large enough for the name, the share and the verdict."""
    wide = max(measured_width(text, size, "bold") for text in [*lines, "not rejected"])
    return math.hypot(wide / 2, (len(lines) + 2) * 1.3 * size / 2) + 0.35 * size


def _places(count: int, radius: float, width: float) -> tuple[list[Point], float]:
    """Centers of the circles, and the height they take: two in a row, four in a square, others on an ellipse."""
    across = min(width / 2 - radius - 2, 4.2 * radius)
    middle = width / 2
    if count <= 2:
        spread = min(across, 2.6 * radius)
        ends = [(middle - spread, 1.35 * radius), (middle + spread, 1.35 * radius)]
        return (ends if count == 2 else [(middle, 1.35 * radius)]), 2.7 * radius
    # Neighbors on the ellipse must be far enough apart for an arrow with its label between them.
    down = max(2.1 * radius, 0.62 * across, 0.62 * radius * count)
    turn = math.pi / 4 if count == _SQUARE else 0.0
    angles = [-math.pi / 2 - turn + 2 * math.pi * k / count for k in range(count)]
    points = [(middle + across * math.cos(a), down * math.sin(a)) for a in angles]
    lowest = min(y for _, y in points)
    placed = [(x, y - lowest + radius + 2) for x, y in points]
    return placed, max(y for _, y in placed) + radius + 2


def _place_arrow(canvas: Canvas, start: Point, stop: Point, radius: float, text: str, size: float) -> None:
    """A bent arrow between two circles; opposite arrows bend away from each other."""
    dx, dy = stop[0] - start[0], stop[1] - start[1]
    bend = ((start[0] + stop[0]) / 2 + _BEND * 2 * dy, (start[1] + stop[1]) / 2 - _BEND * 2 * dx)

    def at(t: float) -> Point:
        return tuple(
            (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c for a, b, c in zip(start, bend, stop, strict=True)
        )  # type: ignore[return-value]

    line = [at(step / _STEPS) for step in range(_STEPS + 1)]
    outside = [p for p in line if math.dist(p, start) > radius and math.dist(p, stop) > radius + 0.9 * size]
    if len(outside) < 2:
        return
    tip, back = outside[-1], outside[-2]
    _place_head(canvas, tip, math.atan2(tip[1] - back[1], tip[0] - back[0]), 0.8 * size)
    x, y = outside[int(_LABEL_AT * (len(outside) - 1))]
    wide = measured_width(text, size)
    # The line makes room for its label.
    clear = [abs(px - x) > wide / 2 + 2.5 or abs(py - y) > 0.85 * size for px, py in outside]
    middle = clear.index(False)
    resumed = len(clear) - clear[::-1].index(False)
    for part in (outside[:middle], outside[resumed:]):
        if len(part) > 1:
            canvas.place_line(part, color=SECONDARY, width=0.9)
    canvas.place_text(x, y + 0.36 * size, text, size=size, align="center")


def _place_head(canvas: Canvas, base: Point, angle: float, length: float) -> None:
    tip = (base[0] + length * math.cos(angle), base[1] + length * math.sin(angle))
    across = (0.38 * length * math.sin(angle), -0.38 * length * math.cos(angle))
    sides = [(base[0] + sign * across[0], base[1] + sign * across[1]) for sign in (1, -1)]
    canvas.place_polygon([tip, *sides], color=SECONDARY)


def _place_node(canvas: Canvas, center: Point, radius: float, node: Hypothesis, lines: list[str], size: float) -> None:
    color = ARM_STYLES[0].light if node.rejected else SECONDARY
    canvas.place_circle(*center, radius, color=color, hollow=True)
    texts = [*((line, "bold", TEXT) for line in lines), (_share(node.share), "normal", TEXT)]
    texts.append(("rejected" if node.rejected else "not rejected", "normal", color))
    step = 1.3 * size
    first = center[1] - step * len(texts) / 2
    for place, (text, weight, ink) in enumerate(texts):
        canvas.place_text(
            center[0], first + (place + 0.78) * step, text, size=size, color=ink, weight=weight, align="center"
        )
