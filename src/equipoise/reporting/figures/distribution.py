"""The statistic of a test in the distribution that the labels could have given it."""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.canvas import Canvas, measured_width, wrapped
from equipoise.reporting.figures.panel import Panel, margin
from equipoise.reporting.figures.places import limit, p_words, shown, warnings
from equipoise.reporting.figures.scales import Scale, linear_scale
from equipoise.reporting.figures.sheet import FigureKind, Sheet, heading, sheet_size
from equipoise.reporting.palette import ARM_STYLES, RULE, TEXT

_RUST = ARM_STYLES[1].light
_STATISTICS = {"z": "z", "o-e": "observed \u2212 expected", "observed_minus_expected": "observed \u2212 expected"}


@dataclass(frozen=True)
class Histogram:
    """Bins (low, high, share), and the value observed."""

    title: str
    subtitle: str
    bins: tuple[tuple[float, float, float], ...]
    observed: float | None
    observed_text: str
    axis: str
    notes: tuple[str, ...]
    alternative: str

    @property
    def x(self) -> Scale:
        return linear_scale([edge for low, high, _ in self.bins for edge in (low, high)] + [self.observed])

    @property
    def y(self) -> Scale:
        return linear_scale([0.0, *(share for _, _, share in self.bins)], percent=True)


def histogram_canvas(plot: Histogram, width_mm: float) -> Canvas:
    width, size = sheet_size(width_mm)
    head = heading(plot.title, plot.subtitle, width, size)
    left, right = margin(plot.y, size), measured_width(plot.x.text(plot.x.high), size) / 2 + 1
    top = head.height + 2.9 * size
    panel = Panel(left, top, width - left - right, min(0.42 * width, 190.0), plot.x, plot.y, plot.axis, size)
    notes = [line for note in plot.notes for line in wrapped(note, width, size)]
    foot = panel.top + panel.height + 3 + 3.2 * size + len(wrapped(plot.axis, panel.width, size)) * 1.35 * size
    canvas = Canvas(width, foot + len(notes) * 1.4 * size)
    head.place(canvas)
    axes = panel.axes(canvas)
    for low, high, share in plot.bins:
        axes.bar(low, share, width=high - low, align="edge", color=RULE, edgecolor="white", linewidth=0.3, zorder=2)
    if plot.observed is not None:
        axes.plot([plot.observed, plot.observed], [0.0, plot.y.high], color=_RUST, linewidth=1.4, zorder=3)
        half = measured_width(plot.observed_text, size, "bold") / 2
        x = min(max(left + plot.x.share(plot.observed) * panel.width, half), width - half)
        canvas.place_text(x, top - 0.7 * size, plot.observed_text, size=size, color=_RUST, weight="bold",
                          align="center")  # fmt: skip
    for place, line in enumerate(notes):
        canvas.place_text(0, foot + (place + 0.4) * 1.4 * size, line, size=size, color=TEXT)
    return canvas


def _collect(rows: list[ResultRow]) -> Sheet:
    bins: dict[float, dict[str, float]] = {}
    for row in rows:
        if row.at is not None and row.value is not None:
            bins.setdefault(row.at, {})[row.statistic] = row.value
    found = {row.statistic: row for row in rows if row.at is None}
    name = next((name for name in _STATISTICS if name in found), "")
    observed = limit(found.get(name))
    count = next((found[key] for key in ("n_labellings", "n_permutations") if key in found), None)
    how = {"draws": "labellings drawn", "all labellings": "labellings, all there are"}
    kind = "" if count is None else how.get(count.label, "permutations, all there are")
    contrast = next((row.parameter for row in rows if " vs " in row.parameter), "")
    scheme = found[name].label if name else ""
    p_value, error = found.get("p_value"), found.get("p_value_error")
    spoken = [p_words(p_value) or "P not estimable", p_value.label if p_value is not None else ""]
    if error is not None and error.value:
        spoken.append(f"Monte-Carlo standard error {error.value:.2g}")
    notes = [", ".join(filter(None, spoken)), *dict.fromkeys(r.error for r in rows if r.error), *warnings(rows)]
    counted = "" if count is None else f"{shown(count)} {kind}"
    subtitle = "; ".join(filter(None, (contrast, counted, scheme)))
    text = f"observed {shown(found[name])}" if name else ""
    title = "The observed statistic among those of other labels"
    plot = Histogram(
        title=title,
        subtitle=subtitle,
        bins=tuple((cells["bin_low"], end, cells["share"]) for end, cells in sorted(bins.items())),
        observed=observed,
        observed_text=text,
        axis=f"{_STATISTICS.get(name, 'Statistic')} under the labels that could have been; height: share of labellings",
        notes=tuple(notes),
        alternative=f"{title}. {subtitle}. {text}; {'. '.join(notes)}.".replace("..", "."),
    )
    return Sheet(plot.title, plot.alternative, lambda width_mm: histogram_canvas(plot, width_mm))


FIGURES = (FigureKind("reference-distribution", frozenset({"bin_low", "share", "p_value"}), lambda _: True, _collect),)
