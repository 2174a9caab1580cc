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
    """Each method as a numbered point: what balance it buys, and what it gives away; the key stands below.

    Numbers, because methods lie close together and have long names.
    """
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
        marks=_numbered(points),
        source="; ".join(f"{k} {scheme}" for k, (scheme, _, _) in enumerate(points, start=1)),
        alternative="Randomization methods by imbalance and correct guesses. "
        + "; ".join(
            f"{k} {scheme}: {number_text(x)} patients, {percent_text(y)}"
            for k, (scheme, x, y) in enumerate(points, start=1)
        )
        + ".",
    )
    return _sheet(chart)


def _numbered(points: Sequence[tuple[str, float, float]]) -> tuple[Mark, ...]:
    """One mark for each place, with the numbers of all methods there; the first method is in color."""
    numbers: dict[tuple[float, float], list[int]] = {}
    for k, (_, x, y) in enumerate(points, start=1):
        numbers.setdefault((x, round(y, 3)), []).append(k)
    return tuple(
        Mark(x, y, ", ".join(map(str, those)), place=1 if 1 in those else 0) for (x, y), those in numbers.items()
    )


def _around(values: Sequence[float]) -> tuple[float, float]:
    spread = max(max(values) - min(values), 0.05)
    return min(values) - 0.1 * spread, max(values) + 0.1 * spread


def _ratio_by_step(rows: list[ResultRow]) -> Sheet:
    """The probability of the first arm at each of the first places; a level line keeps the ratio.

    Methods that keep the ratio by their construction are one level line: a simulation of them would only waver.
    """
    arm = next(row.level2 for row in rows if row.level2)
    mine = [row for row in rows if row.level2 == arm and row.level1 and row.value is not None]
    kept = {row.level1 or "": row.value or 0.0 for row in mine if row.statistic == "kept"}
    steps = [row for row in mine if row.statistic == "probability" and (row.at or _MOST_STEPS + 1) <= _MOST_STEPS]
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in steps:
        if row.level1 not in kept:
            # Only a simulation counts assignments of the whole trial.
            name = f"{row.level1}, simulated" if (row.convention or "").startswith("simulated") else row.level1 or ""
            lines.setdefault(name, []).append((row.at or 0.0, row.value or 0.0))
    places = [row.at or 0.0 for row in steps]
    level = [(min(places), share) for share in set(kept.values())] + [(max(places), s) for s in set(kept.values())]
    series = (
        *((Series(_kept_words(list(kept)), tuple(level), place=1),) if kept else ()),
        *(
            Series(upper_first(scheme), tuple(sorted(line)), place=k % len(ARM_STYLES) + 1)
            for k, (scheme, line) in enumerate(lines.items(), start=int(bool(kept)))
        ),
    )
    heights = [y for line in series for _, y in line.points]
    ys = even_ticks(min(heights) - 0.02, max(heights) + 0.02, most=6)
    chart = Chart(
        title=f"Probability of {arm} at each place",
        subtitle="Before anything is known of the assignments; a level line keeps the ratio at every step",
        x_label="Place in the stratum, or in the trial",
        y_label="Probability",
        series=series,
        x_ticks=tuple((x, number_text(x)) for x in even_ticks(min(places), max(places)) if x >= 1),
        y_ticks=tuple((y, number_text(y, 2)) for y in ys),
        alternative=f"Probability of {arm} by place. " + "; ".join(_said(line, list(kept)) for line in series) + ".",
        source=f"Level line: {'; '.join(kept)}" if len(kept) > 1 else "",
    )
    return _sheet(chart)


def _kept_words(schemes: list[str]) -> str:
    return upper_first(schemes[0]) if len(schemes) == 1 else f"Ratio kept: {len(schemes)} methods"


def _said(line: Series, kept: list[str]) -> str:
    named = f" ({', '.join(kept)})" if len(kept) > 1 and line.label == _kept_words(kept) else ""
    return f"{line.label}{named}: {_range(line)}"


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
