"""Figures of randomization methods compared: balance against predictability, and the ratio from step to step."""

from __future__ import annotations

from collections.abc import Sequence

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.chart import Chart, Mark, Series, chart_canvas, even_ticks
from equipoise.reporting.figures.sheet import FigureKind, Sheet
from equipoise.reporting.formatting import number_text, percent_text, upper_first
from equipoise.reporting.lookup import Rows
from equipoise.reporting.palette import ARM_STYLES
from equipoise.reporting.tables.randomization import RANDOMIZATION, schemes_of

_MOST_STEPS = 24


def _trade_off(rows: list[ResultRow]) -> Sheet:
    """Each method as a point: what balance it buys, and what it gives away."""
    held = Rows(rows)
    points: list[tuple[str, float, float]] = []
    for scheme in schemes_of(held):
        first = ("scheme", scheme)
        balance = held.get(RANDOMIZATION, "imbalance-overall", "q95", first=first)
        guess = held.get(RANDOMIZATION, "correct-guess", "convergence", first=first)
        if balance is not None and guess is not None and balance.value is not None and guess.value is not None:
            points.append((scheme, balance.value, guess.value))
    xs, ys = even_ticks(0.0, max(x for _, x, _ in points)), even_ticks(*_around([y for _, _, y in points]), most=6)
    chart = Chart(
        title="Balance against predictability",
        subtitle="The nearer to the corner at the left below, the better; the declared method in color",
        x_label="Imbalance not exceeded with probability 0.95, patients",
        y_label="Correct guesses by the convergence strategy",
        series=(),
        x_ticks=tuple((x, number_text(x)) for x in xs),
        y_ticks=tuple((y, percent_text(y, 0)) for y in ys),
        marks=tuple(Mark(x, y, scheme, place=1 if k == 0 else 0) for k, (scheme, x, y) in enumerate(points)),
        alternative="Randomization methods by imbalance and correct guesses. "
        + "; ".join(f"{scheme}: {number_text(x)} patients, {percent_text(y)}" for scheme, x, y in points)
        + ".",
    )
    return _sheet(chart)


def _around(values: Sequence[float]) -> tuple[float, float]:
    spread = max(max(values) - min(values), 0.05)
    return min(values) - 0.1 * spread, max(values) + 0.1 * spread


def _ratio_by_step(rows: list[ResultRow]) -> Sheet:
    """The probability of the first arm at each of the first places; a straight line keeps the ratio."""
    arm = next(row.level2 for row in rows if row.level2)
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        if row.level2 == arm and row.level1 and row.at is not None and row.value is not None and row.at <= _MOST_STEPS:
            # Only a simulation counts assignments of the whole trial; its line wavers by chance.
            name = f"{row.level1}, simulated" if row.at_unit == "assignment" else row.level1
            lines.setdefault(name, []).append((row.at, row.value))
    places = [x for line in lines.values() for x, _ in line]
    ys = even_ticks(*_around([y for line in lines.values() for _, y in line]), most=6)
    series = tuple(
        Series(upper_first(scheme), tuple(sorted(line)), place=k % len(ARM_STYLES) + 1)
        for k, (scheme, line) in enumerate(lines.items())
    )
    chart = Chart(
        title=f"Probability of {arm} at each place",
        subtitle="Before anything is known of the assignments; a level line keeps the ratio at every step",
        x_label="Place, in the stratum where the method has strata of its own",
        y_label="Probability",
        series=series,
        x_ticks=tuple((x, number_text(x)) for x in even_ticks(min(places), max(places)) if x >= 1),
        y_ticks=tuple((y, number_text(y, 2)) for y in ys),
        alternative=f"Probability of {arm} by place. "
        + "; ".join(f"{line.label}: {_range(line)}" for line in series)
        + ".",
    )
    return _sheet(chart)


def _range(line: Series) -> str:
    low, high = min(y for _, y in line.points), max(y for _, y in line.points)
    return number_text(low, 3) if high - low < 5e-4 else f"{number_text(low, 3)} to {number_text(high, 3)}"


def _sheet(chart: Chart) -> Sheet:
    return Sheet(chart.title, chart.alternative, lambda width_mm: chart_canvas(chart, width_mm))


FIGURES = (
    FigureKind(
        "trade-off",
        frozenset({"q95", "convergence"}),
        lambda row: row.analysis == RANDOMIZATION and row.parameter in ("imbalance-overall", "correct-guess"),
        _trade_off,
    ),
    FigureKind(
        "ratio-at-step",
        frozenset({"probability"}),
        lambda row: row.analysis == RANDOMIZATION and row.parameter == "ratio-at-step",
        _ratio_by_step,
    ),
)
