"""Distributions over simulated trials, from fixed bins: the hazard ratio estimated, and when looks come."""

from __future__ import annotations

import math
from dataclasses import dataclass

from equipoise.reporting.figures.canvas import Canvas, measured_width
from equipoise.reporting.figures.panel import Panel, margin
from equipoise.reporting.figures.scales import Scale, linear_scale
from equipoise.reporting.figures.sheet import Sheet, heading, sheet_size
from equipoise.reporting.formatting import range_text, ratio_text, time_text
from equipoise.reporting.lookup import Group, Rows
from equipoise.reporting.palette import ARM_STYLES, RULE
from equipoise.reporting.tables.simulation import SIMULATE, look_name, looks_of, seed_words

_BLUE, _RUST = ARM_STYLES[0].light, ARM_STYLES[1].light
_RATIO_TICKS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0)
# A bin with less than this share of the highest is part of a tail that would only make the axis longer.
_TAIL = 0.004


@dataclass(frozen=True)
class Bins:
    """Bins (low, high, share) of one look, their quantiles (5%, 50%, 95%), and both in words."""

    title: str
    bins: tuple[tuple[float, float, float], ...]
    quantiles: tuple[float, float, float]
    text: str


@dataclass(frozen=True)
class Distributions:
    """One panel a look, all with one axis."""

    title: str
    subtitle: str
    panels: tuple[Bins, ...]
    x: Scale
    axis: str

    @property
    def alternative(self) -> str:
        return f"{self.title}. {'; '.join(f'{part.title}: {part.text}' for part in self.panels)}."


def ratio_sheet(rows: Rows) -> Sheet:
    """The hazard ratio estimated at each look, on a log axis."""
    found = []
    arms = list(
        dict.fromkeys(r.level2 or "" for r in rows.part(SIMULATE, "histogram") if r.level1 == "log_hazard_ratio")
    )
    for look in looks_of(rows):
        for arm in arms:
            second = ("arm", arm)
            ends = tuple(math.exp(q) for q in _quantiles(rows, "log_hazard_ratio", look, second) or ())
            if len(ends) == 3:
                bins = [(math.exp(a), math.exp(b), s) for a, b, s in _bins(rows, "log_hazard_ratio", look, arm)]
                name = look_name(rows, look) + (f", {arm}" if len(arms) > 1 else "")
                found.append(_panel(name, bins, ends, [ratio_text(end) for end in ends]))
    values = [edge for part in found for low, high, _ in part.bins for edge in (low, high)]
    below = [t for t in _RATIO_TICKS if t <= min(values)][-1:] or [min(values)]
    above = [t for t in _RATIO_TICKS if t >= max(values)][:1] or [max(values)]
    ticks = (*below, *(t for t in _RATIO_TICKS if below[0] < t < above[0]), *above)
    scale = Scale(tuple(ticks), "log", names=tuple(f"{t:g}" for t in ticks))
    axis = "Hazard ratio by Cox regression, log scale; height: share of trials"
    return _sheet(rows, "Hazard ratio estimated in simulated trials", found, scale, axis)


def times_sheet(rows: Rows) -> Sheet:
    """When each look comes."""
    found, unit = [], "months"
    for look in looks_of(rows):
        ends = _quantiles(rows, "time", look, None)
        if ends is not None:
            unit = next((r.unit for r in rows.part(SIMULATE, "look", "q50") if r.level1 == "time" and r.unit), unit)
            texts = [time_text(end, unit, with_unit=False) for end in ends]
            found.append(_panel(look_name(rows, look), _bins(rows, "time", look, None), ends, texts))
    scale = linear_scale([edge for part in found for low, high, _ in part.bins for edge in (low, high)])
    axis = f"{unit.capitalize()} since the start of accrual; height: share of trials"
    return _sheet(rows, "When each look comes in simulated trials", found, scale, axis)


def _sheet(rows: Rows, title: str, panels: list[Bins], scale: Scale, axis: str) -> Sheet:
    subtitle = f"Whether or not the trial had stopped; dark: the middle 90% of trials; {seed_words(rows)}"
    shown = Distributions(title, subtitle, tuple(panels), scale, axis)
    return Sheet(title, shown.alternative, lambda width_mm: _canvas(shown, width_mm))


def _panel(title: str, bins: list[tuple[float, float, float]], ends: tuple[float, ...], texts: list[str]) -> Bins:
    low, middle, high = ends
    text = f"median {texts[1]}, 90% of trials {range_text(texts[0], texts[2])}"
    most = max(share for *_, share in bins)
    kept = [place for place, (*_, share) in enumerate(bins) if share >= _TAIL * most]
    return Bins(title, tuple(bins[kept[0] : kept[-1] + 1]), (low, middle, high), text)


def _quantiles(rows: Rows, measure: str, look: float, second: Group) -> tuple[float, float, float] | None:
    first = ("measure", measure)
    found = [rows.get(SIMULATE, "look", q, first=first, second=second, at=look) for q in ("q05", "q50", "q95")]
    values = [row.value for row in found if row is not None and row.value is not None]
    return (values[0], values[1], values[2]) if len(values) == 3 else None


def _bins(rows: Rows, measure: str, look: float, arm: str | None) -> list[tuple[float, float, float]]:
    """(low, high, share) of the bins of a measure at a look."""
    own: dict[float, dict[str, float]] = {}
    for row in rows.part(SIMULATE, "histogram"):
        mine = (row.level1, row.level2, row.label) == (measure, arm, f"look {look:g}")
        if mine and row.at is not None and row.value is not None:
            own.setdefault(row.at, {})[row.statistic] = row.value
    return [(cells["bin_low"], high, cells["share"]) for high, cells in sorted(own.items())]


def _canvas(shown: Distributions, width_mm: float) -> Canvas:
    width, size = sheet_size(width_mm)
    head = heading(shown.title, shown.subtitle, width, size)
    y = linear_scale([0.0, *(share for part in shown.panels for *_, share in part.bins)], percent=True)
    left, right = margin(y, size), measured_width(shown.x.text(shown.x.high), size) / 2 + 1
    several = len(shown.panels) > 1
    high = min(0.26 * width, 110.0) if several else min(0.42 * width, 190.0)
    # Where a panel's name and its numbers do not fit beside each other, the name stands above.
    above = several and any(_both(part, size) > width - left for part in shown.panels)
    top, step = head.height + (3.1 + 1.4 * above) * size, high + (5.4 + 1.4 * above) * size
    canvas = Canvas(width, top + len(shown.panels) * step - (0.6 + 1.4 * above) * size)
    head.place(canvas)
    for place, part in enumerate(shown.panels):
        axis = shown.axis if place == len(shown.panels) - 1 else ""
        panel = Panel(left, top + place * step, width - left - right, high, shown.x, y, axis, size)
        _draw(canvas, panel, part)
        free = 0.0
        if several:
            baseline = panel.top - (0.8 + 1.4 * above) * size
            canvas.place_text(left, baseline, part.title, size=size, weight="bold")
            free = 0.0 if above else measured_width(part.title, size, "bold") + 1.5 * size
        _place_words(canvas, panel, part, left + free)
    return canvas


def _both(part: Bins, size: float) -> float:
    """The width of a panel's name and numbers beside each other."""
    return measured_width(part.title, size, "bold") + 1.5 * size + measured_width(part.text, size, "bold")


def _draw(canvas: Canvas, panel: Panel, part: Bins) -> None:
    axes = panel.axes(canvas)
    low, middle, high = part.quantiles
    for start, stop, share in part.bins:
        center = math.sqrt(start * stop) if panel.x.kind == "log" else (start + stop) / 2
        color = _BLUE if low <= center <= high else RULE
        wide = stop - start
        axes.bar(start, share, width=wide, align="edge", color=color, edgecolor="white", linewidth=0.3, zorder=2)
    axes.plot([middle, middle], [0.0, panel.y.high], color=_RUST, linewidth=1.4, zorder=3)


def _place_words(canvas: Canvas, panel: Panel, part: Bins, free: float) -> None:
    """The numbers over their median, as far as there is room from `free` on."""
    half = measured_width(part.text, panel.size, "bold") / 2
    over = panel.left + panel.x.share(part.quantiles[1]) * panel.width
    x = min(max(over, free + half), canvas.width - half)
    baseline = panel.top - 0.8 * panel.size
    canvas.place_text(x, baseline, part.text, size=panel.size, color=_RUST, weight="bold", align="center")
