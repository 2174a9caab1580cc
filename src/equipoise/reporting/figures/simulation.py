"""Figures of simulated operating characteristics: power by effect, events over time, decisions, distributions."""

from __future__ import annotations

from collections.abc import Iterable

from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.protocol.trial import Trial
from equipoise.provenance import Provenance
from equipoise.reporting.figures.canvas import check_format, drawn_bytes
from equipoise.reporting.figures.chart import Chart, Mark, Place, Series, chart_canvas, even_ticks
from equipoise.reporting.figures.decisions import decisions_sheet
from equipoise.reporting.figures.design import DESIGN, MONTHS
from equipoise.reporting.figures.estimates import as_sheet, said
from equipoise.reporting.figures.intervals import IntervalPlot, Line
from equipoise.reporting.figures.intervals import Mark as Estimate
from equipoise.reporting.figures.scales import linear_scale
from equipoise.reporting.figures.sheet import FigureKind, Sheet
from equipoise.reporting.figures.simulated_distributions import ratio_sheet, times_sheet
from equipoise.reporting.formatting import number_text, percent_text, range_text, ratio_text, short_digest, time_text
from equipoise.reporting.lookup import Rows
from equipoise.reporting.palette import ARM_STYLES
from equipoise.reporting.tables.simulation import SIMULATE, look_name, looks_of, seed_words

_COURSE, _POWER = "simulated-course", "simulated-power"
_COUNTED = (("enrolled", "Patients enrolled", 1), ("events", "Events", 2))
_BLUE = ARM_STYLES[0].light


def simulated_figures(rows: Rows) -> list[tuple[str, str, str]]:
    """Name, result rows and caption of the figures of a report that the rows allow."""
    found = []
    if len(_curve(rows, "power")) > 1:
        found.append((_POWER, "power-curve", "Power of the design, simulated and by formula."))
    if len(looks_of(rows)) > 1:
        found.append(("decisions", "decision", "Trials stopped by each look."))
    if rows.has(SIMULATE, "course"):
        found.append((_COURSE, "course", "Enrollment and events of simulated trials."))
    return found


def render_simulated(
    trial: Trial,
    results: Iterable[ResultRow],
    kind: str,
    *,
    width_mm: float = 170.0,
    format: str = "svg",  # noqa: A002 - the word matplotlib uses
    provenance: Provenance | None = None,
) -> bytes:
    """A figure of a trial's simulated design, by its name in `FIGURES`, as a figure of a report.

    Power is drawn beside that of the formula where the rows hold a design too. Raises `argument-invalid` for another
    format, and where the rows hold no such figure.
    """
    check_format(format)
    del trial
    rows = list(results)
    figure = next(figure for figure in FIGURES if figure.name == kind)
    if not figure.part(rows):
        raise ArgumentError("argument-invalid", f"these rows hold no figure {kind!r}", where="results")
    parts = {_POWER: power_sheet, _COURSE: course_sheet}
    held = Rows(rows)
    sheet = parts[kind](held, _source(held, provenance)) if kind in parts else figure.collect(figure.part(rows))
    return drawn_bytes(lambda: (sheet.compose(width_mm), sheet.title, sheet.alternative), format)


def _source(rows: Rows, provenance: Provenance | None) -> str:
    said = [f"Source: {seed_words(rows)}"]
    if provenance is not None:
        said += [f"trial file {short_digest(provenance.trial_digest)}", f"equipoise {provenance.version}"]
    return " \u00b7 ".join(said)


def _sheet(chart: Chart) -> Sheet:
    return Sheet(chart.title, chart.alternative, lambda width_mm: chart_canvas(chart, width_mm))


# Power by the effect -----------------------------------------------------------------------------------------------


def power_sheet(rows: Rows, source: str = "") -> Sheet:
    """Simulated power by the true hazard ratio with its Monte-Carlo band; the formula's beside it where it is known."""
    points = _curve(rows, "power")
    low, high = (dict(_curve(rows, name)) for name in ("conf_low", "conf_high"))
    band = tuple((x, low[x], high[x]) for x, _ in points if x in low and x in high)
    formula = _formula(rows, points[0][0], points[-1][0])
    simulated = Series("Simulated" if formula else "", points, 1, band, markers=True)
    marks = _assumed(rows, points)
    ticks = even_ticks(points[0][0], points[-1][0], steps=(0.05, 0.1))
    widest = max((max(high - y, y - low) for (_, low, high), (_, y) in zip(band, points, strict=False)), default=0.0)
    what = "Beside the formula\u2019s for the same events" if formula else "Trials that cross an efficacy bound"
    error = f"95% Monte-Carlo intervals within {number_text(100.0 * widest, 1)} percentage points"
    spoken = "; ".join(f"{percent_text(y)} at {ratio_text(x)}" for x, y in points)
    return _sheet(
        Chart(
            title="Simulated power by the true hazard ratio",
            subtitle=f"{what}; {error}",
            x_label="True hazard ratio",
            y_label="Power",
            series=(simulated, *([formula] if formula else [])),
            x_ticks=tuple((t, number_text(t, 1 if round(t, 1) == t else 2)) for t in ticks),
            y_ticks=tuple((t / 100, f"{t}%") for t in range(0, 101, 20)),
            marks=marks,
            alternative=f"Simulated power by the true hazard ratio: {spoken}; {error}."
            + "".join(f" {mark.text[:1].upper()}{mark.text[1:]}." for mark in marks),
            source=source,
        )
    )


def _curve(rows: Rows, statistic: str) -> tuple[Place, ...]:
    found = rows.part(SIMULATE, "power-curve", statistic)
    return tuple(sorted((row.at, row.value) for row in found if row.at is not None and row.value is not None))


def _formula(rows: Rows, first: float, last: float) -> Series | None:
    found = [
        (row.at, row.value) for row in rows.part(DESIGN, "power-curve", "power")
        if row.at is not None and row.value is not None and first - 1e-9 <= row.at <= last + 1e-9
    ]  # fmt: skip
    return Series("Formula", tuple(found), 2) if len(found) > 1 else None


def _assumed(rows: Rows, points: tuple[Place, ...]) -> tuple[Mark, ...]:
    """The effect that the design assumes, where rows say it: of the simulation, else of the design."""
    stated = [row.value for row in rows.part(SIMULATE, "power-curve", "assumed_hazard_ratio")]
    stated += [row.value for row in rows.part(DESIGN, "requirement", "hazard_ratio")]
    effect = next((value for value in stated if value is not None), None)
    if effect is None or not points[0][0] <= effect <= points[-1][0]:
        return ()
    x, y = min(points, key=lambda point: abs(point[0] - effect))
    if abs(x - effect) > 1e-9:
        return ()
    return (Mark(x, y, f"assumed: HR {ratio_text(x)}, simulated power {percent_text(y)}", place=1, drop=True),)


def _collect_scenarios(rows: list[ResultRow]) -> Sheet:
    """Power of several scenarios, line by line."""
    held = Rows(rows)
    names = list(dict.fromkeys(row.level1 or "" for row in rows if row.statistic == "power"))
    lines, values = [], []
    for name in names:
        at = {s: held.get(SIMULATE, "power-curve", s, first=("scenario", name)) for s in _INTERVAL}
        power, low, high = (None if row is None else row.value for row in at.values())
        ends = [percent_text(end, sign=False) for end in (low, high)]
        lines.append(
            Line(name, (Estimate(power, low, high, _BLUE),), (f"{percent_text(power)} ({range_text(*ends)})",))
        )
        values += [power, low, high]
    title, level = "Simulated power by scenario", "95% Monte-Carlo interval"
    plot = IntervalPlot(
        title=title,
        subtitle=f"Share of trials that cross an efficacy bound, with {level}",
        lines=tuple(lines),
        scale=linear_scale(values, percent=True, bounds=(0.0, 1.0)),
        axis="Power",
        alternative=said(((line.label, line.numbers[0]) for line in lines), f"{title} with {level}"),
        heads=("Power (95% interval)",),
        stub_head="Scenario",
    )
    return as_sheet(plot)


_INTERVAL = ("power", "conf_low", "conf_high")


# Patients and events over time -------------------------------------------------------------------------------------


def course_sheet(rows: Rows, source: str = "") -> Sheet:
    """Medians and bands of patients and events over time, with when each look comes."""
    unit = next(row.at_unit or "" for row in rows.part(SIMULATE, "course"))
    series = tuple(_counted(rows, *part) for part in _COUNTED)
    marks = tuple(mark for look in looks_of(rows) if (mark := _look_mark(rows, look, unit)) is not None)
    last = max(x for line in series for x, _ in line.points)
    top = max(high for line in series for _, _, high in line.band)
    ticks = even_ticks(0.0, last, steps=MONTHS if unit == "months" else ())
    final = {line.label: line.points[-1][1] for line in series}
    ends = "; ".join(f"{label.lower()} {number_text(value)}" for label, value in final.items())
    told = "".join(f" {mark.text[:1].upper()}{mark.text[1:]}." for mark in marks)
    looks = "; points: looks, with the middle 90% of their times" if marks else ""
    return _sheet(
        Chart(
            title="Patients and events over time, simulated",
            subtitle=f"Medians; bands: the middle 50% and 90% of trials, none stopped early{looks}",
            x_label=f"{unit.capitalize()} since the start of accrual",
            y_label="Number",
            series=series,
            x_ticks=tuple((t, number_text(t)) for t in ticks if t <= last * 1.0001),
            y_ticks=tuple((n, number_text(n)) for n in even_ticks(0.0, top, most=6)),
            marks=marks,
            alternative=f"Simulated course of the trial. Medians at {number_text(last, 1)} {unit}: {ends}.{told}",
            source=source,
        )
    )


def _counted(rows: Rows, measure: str, label: str, place: int) -> Series:
    curves = {}
    for name in ("q05", "q25", "q50", "q75", "q95"):
        found = rows.part(SIMULATE, "course", f"{measure}_{name}")
        curves[name] = {row.at: row.value for row in found if row.at is not None and row.value is not None}
    times = sorted(curves["q50"])

    def band(low: str, high: str) -> tuple[tuple[float, float, float], ...]:
        return tuple((t, curves[low][t], curves[high][t]) for t in times if t in curves[low] and t in curves[high])

    points = tuple((t, curves["q50"][t]) for t in times)
    return Series(label, points, place, band("q05", "q95"), core=band("q25", "q75"))


def _look_mark(rows: Rows, look: float, unit: str) -> Mark | None:
    low, middle, high = (_at_look(rows, "time", name, look) for name in ("q05", "q50", "q95"))
    events = _at_look(rows, "events", "q50", look)
    if middle is None or events is None:
        return None
    known = low is not None and high is not None
    texts = [time_text(value, unit, with_unit=False) for value in (middle, low, high)]
    ends = f" ({range_text(*texts[1:])})" if known else ""
    text = (
        f"{look_name(rows, look, short=True)}: {number_text(events)} events, {unit.removesuffix('s')} {texts[0]}{ends}"
    )
    return Mark(middle, events, text, place=2, drop=True, span=(low, high) if known else None)  # type: ignore[arg-type]


def _at_look(rows: Rows, measure: str, statistic: str, look: float) -> float | None:
    row = rows.get(SIMULATE, "look", statistic, first=("measure", measure), at=look)
    return None if row is None else row.value


# What equipoise.plot may draw --------------------------------------------------------------------------------------


def _is_hazard_ratio(row: ResultRow) -> bool:
    return row.analysis == SIMULATE and row.parameter == "power-curve" and row.at is not None


def _is_scenario(row: ResultRow) -> bool:
    return row.analysis == SIMULATE and row.parameter == "power-curve" and row.group1 == "scenario"


def _is_any(row: ResultRow) -> bool:
    return row.analysis == SIMULATE


_QUANTILES = frozenset(f"{name}_{q}" for name in ("events", "enrolled") for q in ("q05", "q50", "q95"))

FIGURES = (
    FigureKind(_POWER, frozenset(_INTERVAL), _is_hazard_ratio, lambda rows: power_sheet(Rows(rows))),
    FigureKind("scenario-power", frozenset(_INTERVAL), _is_scenario, _collect_scenarios),
    FigureKind(_COURSE, _QUANTILES, _is_any, lambda rows: course_sheet(Rows(rows))),
    FigureKind("decisions", frozenset({"probability", "power"}), _is_any, lambda rows: decisions_sheet(Rows(rows))),
    FigureKind("simulated-ratio", frozenset({"bin_low", "share", "q50"}), _is_any, lambda r: ratio_sheet(Rows(r))),
    FigureKind("simulated-times", frozenset({"bin_low", "share", "q50"}), _is_any, lambda r: times_sheet(Rows(r))),
)
