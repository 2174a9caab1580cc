"""What `equipoise.plot` draws of a design: its course, bounds on a scale, power, allocation, dates, and graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.chart import Chart, Mark, Series, chart_canvas, even_ticks
from equipoise.reporting.figures.design import BOUND_SCALES, DESIGN, design_chart
from equipoise.reporting.figures.hypotheses import collect_graph
from equipoise.reporting.figures.sheet import FigureKind, Sheet
from equipoise.reporting.formatting import number_text, time_text
from equipoise.reporting.lookup import Rows

_COURSE = ("course", "look", "required")
_CURVES = ("curve", "power-curve", "requirement")
_BOUNDS = ("", "bounds")
_PREDICTED = ("events", "enrolled", "event-date")


def _sheet(chart: Chart) -> Sheet:
    return Sheet(chart.title, chart.alternative, lambda width_mm: chart_canvas(chart, width_mm))


def _drawn(kind: str, parameter: str | None = None, scale: str = "hr") -> Callable[[list[ResultRow]], Sheet]:
    """A figure of a trial's design, also of a result alone, whose rows do not name their part of a trial."""

    def collect(rows: list[ResultRow]) -> Sheet:
        named = rows if parameter is None else [_under(parameter, row) for row in rows]
        return _sheet(design_chart(Rows(named), kind, scale=scale))

    return collect


def _under(parameter: str, row: ResultRow) -> ResultRow:
    return row if row.parameter == "requirement" else replace(row, parameter=parameter)


def _of(*parameters: str) -> Callable[[ResultRow], bool]:
    return lambda row: row.analysis == DESIGN and row.parameter in parameters


def _is_bound(row: ResultRow) -> bool:
    return row.analysis == DESIGN and row.parameter in _BOUNDS and row.at_unit == "look" and row.group1 is None


def _is_ratio(row: ResultRow) -> bool:
    return row.analysis == DESIGN and row.group1 == "ratio"


def _collect_allocation(rows: list[ResultRow]) -> Sheet:
    found = Rows(rows)
    levels = list(dict.fromkeys(row.level1 or "" for row in rows))
    ratios = {level: float(level.split(":")[0]) / float(level.split(":")[1]) for level in levels}
    levels.sort(key=lambda level: ratios[level])

    def line(statistic: str, label: str, place: int) -> Series:
        values = {row.level1: row.value for row in found if row.statistic == statistic}
        points = tuple((ratios[level], value) for level in levels if (value := values[level]) is not None)
        return Series(label, points, place, markers=True)

    series = (
        line("n", "Patients", 1), line("n_experimental", "On the experimental arm", 2), line("events", "Events", 3)
    )  # fmt: skip
    top = max(y for one in series for _, y in one.points)
    said = "; ".join(
        f"{level}: {', '.join(f'{number_text(one.points[k][1])} {one.label.lower()}' for one in series)}"
        for k, level in enumerate(levels)
    )
    return _sheet(
        Chart(
            title="Patients and events by allocation",
            subtitle="What the design needs at each ratio, experimental to control",
            x_label="Allocation ratio",
            y_label="Number",
            series=series,
            x_ticks=tuple((ratios[level], level) for level in levels),
            y_ticks=tuple((n, number_text(n)) for n in even_ticks(0.0, top, most=6)),
            alternative=f"By allocation ratio, {said}.",
        )
    )


def _collect_prediction(rows: list[ResultRow]) -> Sheet:
    found = Rows(rows)
    unit = next(row.at_unit or "" for row in rows if row.parameter == "events")
    series = tuple(
        _band(found, parameter, label, place)
        for place, (parameter, label) in enumerate((("enrolled", "Patients enrolled"), ("events", "Events")), start=1)
    )
    series = tuple(one for one in series if one.points)
    dates = [row for row in found.part(DESIGN, "event-date", "estimate") if row.value is not None]
    marks = tuple(_date_mark(found, row, unit) for row in dates)
    times = [x for one in series for x, _ in one.points] + [mark.x for mark in marks]
    top = max(high for one in series for _, _, high in one.band)
    ticks = even_ticks(min(times), max(times))
    return _sheet(
        Chart(
            title="Events and enrollment predicted",
            subtitle="Medians of the completed trials with their prediction intervals, from the data cutoff on",
            x_label=f"{unit.capitalize()} since the start of the trial",
            y_label="Number",
            series=series,
            x_ticks=tuple((t, number_text(t, 0 if t == round(t) else 1)) for t in ticks),
            y_ticks=tuple((n, number_text(n)) for n in even_ticks(0.0, top, most=6)),
            marks=marks,
            alternative=f"Predicted course of the trial. {'; '.join(mark.text for mark in marks)}.",
        )
    )


def _band(rows: Rows, parameter: str, label: str, place: int) -> Series:
    values: dict[str, dict[float, float]] = {}
    for row in rows:
        if row.parameter == parameter and row.at is not None and row.value is not None:
            values.setdefault(row.statistic, {})[row.at] = row.value
    middle, low, high = (values.get(name, {}) for name in ("estimate", "conf_low", "conf_high"))
    times = sorted(middle)
    band = tuple((t, low[t], high[t]) for t in times if t in low and t in high)
    return Series(label, tuple((t, middle[t]) for t in times), place, band)


def _date_mark(rows: Rows, row: ResultRow, unit: str) -> Mark:
    low, high = (rows.get(DESIGN, "event-date", name, at=row.at) for name in ("conf_low", "conf_high"))
    shown = time_text(row.value, unit, with_unit=False)
    ends = [
        time_text(end.value, unit, with_unit=False) if end is not None and end.value is not None else "not reached"
        for end in (low, high)
    ]
    said = f"event {number_text(row.at)}: {unit.removesuffix('s')} {shown} ({ends[0]} to {ends[1]})"
    return Mark(row.value or 0.0, row.at or 0.0, said, place=2, drop=True)


def _bounds_kind(scale: str) -> FigureKind:
    name = "bounds" if scale == "hr" else f"bounds-{scale.replace('_', '-')}"
    return FigureKind(name, frozenset({f"{scale}_upper", "alpha_spent"}), _is_bound, _drawn("bounds", "bounds", scale))


def _collect_monitoring(rows: list[ResultRow]) -> Sheet:
    found = Rows(rows)
    known = {row.at: row.value for row in found.part(DESIGN, "repeated", "information") if row.value is not None}

    def line(statistic: str, label: str, place: int) -> Series:
        held = [row for row in found.part(DESIGN, "repeated", statistic) if row.value is not None and row.at in known]
        return Series(label, tuple((known[row.at], row.value or 0.0) for row in held), place, markers=True)

    series = tuple(one for one in (line("z_upper", "Efficacy bound", 1), line("z", "Observed Z", 2)) if one.points)
    marks = tuple(Mark(x, y, number_text(y, 2), one.place) for one in series for x, y in one.points)
    ticks = even_ticks(min(0.0, *(mark.y for mark in marks)), max(mark.y for mark in marks), most=6)
    said = "; ".join(f"{one.label} {', '.join(number_text(y, 2) for _, y in one.points)}" for one in series)
    return _sheet(
        Chart(
            title="Z at the looks so far",
            subtitle="Against the bound of each look; positive Z favors the experimental arm",
            x_label="Information of the log hazard ratio",
            y_label="Z",
            series=series,
            x_ticks=((0.0, "0"), *((x, number_text(x, 1)) for x in known.values())),
            y_ticks=tuple((t, number_text(t, 1)) for t in ticks),
            marks=marks,
            levels=((0.0, "no effect"),),
            alternative=f"By look: {said}.",
        )
    )


FIGURES = (
    FigureKind("course", frozenset({"n", "events"}), _of(*_COURSE), _drawn("course")),
    *(_bounds_kind(scale) for scale in BOUND_SCALES),
    FigureKind("power", frozenset({"power"}), _of(*_CURVES), _drawn("power", "power-curve")),
    FigureKind("allocation", frozenset({"n", "n_experimental", "events"}), _is_ratio, _collect_allocation),
    FigureKind("prediction", frozenset({"estimate", "conf_low", "conf_high"}), _of(*_PREDICTED), _collect_prediction),
    FigureKind("monitoring", frozenset({"z", "z_upper", "information"}), _of("repeated"), _collect_monitoring),
    FigureKind("graph", frozenset({"weight", "transition"}), lambda row: row.analysis == DESIGN, collect_graph),
)
