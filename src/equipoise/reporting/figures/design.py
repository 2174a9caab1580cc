"""Figures of a design, from its rows: enrollment and events over time, power by effect, bounds by look."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from math import ceil, floor, log10

from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.protocol.trial import Trial
from equipoise.provenance import Provenance
from equipoise.reporting.figures.canvas import check_format, drawn_bytes
from equipoise.reporting.figures.chart import Chart, Mark, Series, chart_canvas, even_ticks
from equipoise.reporting.formatting import number_text, percent_text, ratio_text, short_digest, time_text
from equipoise.reporting.lookup import Rows

DESIGN = "design"
KINDS = ("course", "power", "bounds")
MONTHS = (1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 36.0)
BOUND_SCALES = ("hr", "z", "p", "b", "conditional_power", "predictive_power")
_SCALES = {
    "hr": ("Hazard ratio", ratio_text, (1.0, "no effect")),
    "z": ("Z", lambda value: number_text(value, 2), (0.0, "no effect")),
    "p": ("Nominal one-sided P", lambda value: f"{value:.2g}", None),
    "b": ("B-value", lambda value: number_text(value, 2), (0.0, "no effect")),
    "conditional_power": ("Conditional power", percent_text, None),
    "predictive_power": ("Predictive power", percent_text, None),
}
_SIDES = (("upper", "Efficacy", 1), ("futility", "Futility", 2), ("lower", "Futility", 2), ("harm", "Harm", 3))
# With more points than these their values would hide the lines.
_MOST_VALUES = 9


def render_design(
    results: Iterable[ResultRow],
    kind: str = "course",
    *,
    width_mm: float = 170.0,
    format: str = "svg",  # noqa: A002 - the word matplotlib uses
    source: str = "",
) -> bytes:
    """A figure of a design.

    Arguments: the rows of a design; `kind`: "course" (patients and events expected over time, with the looks), "power"
    (power by the true hazard ratio) or "bounds" (on the scale of the hazard ratio); the width in millimeters; "svg" or
    "png"; a line for the foot. Raises `argument-invalid` for another kind or format, and where the rows hold no such
    thing.
    """
    check_format(format)
    chart = design_chart(results if isinstance(results, Rows) else Rows(results), kind, source=source)
    return drawn_bytes(lambda: (chart_canvas(chart, width_mm), chart.title, chart.alternative), format)


def render_planned_course(
    trial: Trial,
    results: Iterable[ResultRow],
    analysis_id: str = DESIGN,
    *,
    width_mm: float = 170.0,
    format: str = "svg",  # noqa: A002 - the word matplotlib uses
    provenance: Provenance | None = None,
) -> bytes:
    """Patients and events expected over time, as a figure of a trial's report; arguments as of its other figures."""
    del trial, analysis_id
    version = "" if provenance is None else f" \u00b7 equipoise {provenance.version}"
    digest = "" if provenance is None else f" {short_digest(provenance.trial_digest)}"
    source = f"Source: trial file{digest}{version}"
    return render_design(results, "course", width_mm=width_mm, format=format, source=source)


def design_chart(rows: Rows, kind: str, *, scale: str = "hr", source: str = "") -> Chart:
    """What a figure of a design shows; see `render_design`."""
    if kind not in KINDS:
        raise ArgumentError(
            "argument-invalid", f"a design has no figure {kind!r}", where="kind", hint=f"permitted: {', '.join(KINDS)}"
        )
    made = {"course": _course, "power": _power, "bounds": lambda r, s: _bounds(r, s, scale)}[kind](rows, source)
    if made is None:
        raise ArgumentError(
            "argument-invalid",
            f"this design holds nothing to draw as {kind!r}",
            where="kind",
            hint="bounds need two looks or more with a spending function" if kind == "bounds" else "",
        )
    return made


def _course(rows: Rows, source: str) -> Chart | None:
    enrolled = _all(rows, "course", "n")
    events = _all(rows, "course", "events")
    if not enrolled or not events:
        return None
    unit = next(iter(rows.part(DESIGN, "course", "events"))).at_unit or "time"
    last, most = events[-1][0], max(n for _, n in enrolled)
    marks = [_look_mark(row, rows, "required", "required") for row in rows.part(DESIGN, "required", "events")]
    marks += [_look_mark(row, rows, "look", row.level1 or "") for row in rows.part(DESIGN, "look", "events")]
    shown = tuple(mark for mark in marks if mark is not None)
    trial = bool(rows.part(DESIGN, "text", "paragraph"))
    points = "the events required and the planned looks" if trial else "events and times of the analyses"
    return Chart(
        title="Patients and events expected",
        subtitle=f"As {'the scenario of the design assumes' if trial else 'assumed'}; points: {points}",
        x_label=f"{unit.capitalize()} since the first randomization",
        y_label="Number",
        series=(Series("Patients enrolled", enrolled, 1), Series("Events", events, 2)),
        x_ticks=tuple((t, number_text(t)) for t in even_ticks(0.0, last, steps=MONTHS) if t <= last * 1.0001),
        y_ticks=tuple((n, number_text(n)) for n in even_ticks(0.0, most, most=6)),
        marks=shown,
        alternative=f"Expected enrollment and events over time. {'; '.join(mark.text for mark in shown)}.",
        source=source,
    )


def _all(rows: Rows, parameter: str, statistic: str) -> tuple[tuple[float, float], ...]:
    """The curve of all patients."""
    found = [row for row in rows.part(DESIGN, parameter, statistic) if row.group1 is None]
    return tuple((row.at, row.value) for row in found if row.at is not None and row.value is not None)


def _look_mark(events: ResultRow, rows: Rows, parameter: str, name: str) -> Mark | None:
    time = rows.get(DESIGN, parameter, "time", first=("look", events.level1 or ""), at=events.at)
    if events.value is None or time is None or time.value is None:
        return None
    unit = time.unit or "months"
    when = f"{unit.removesuffix('s')} {time_text(time.value, unit, with_unit=False)}"
    text = f"{name}: {number_text(events.value)} events, {when}"
    return Mark(time.value, events.value, text, place=2, drop=True)


def _power(rows: Rows, source: str) -> Chart | None:
    curve = tuple(
        (row.at, row.value) for row in rows.part(DESIGN, "power-curve", "power")
        if row.at is not None and row.value is not None
    )  # fmt: skip
    if len(curve) < 2:
        return None
    planned = next(iter(rows.part(DESIGN, "requirement", "hazard_ratio")), None)
    marks = []
    if planned is not None and planned.value is not None:
        near = min(curve, key=lambda point: abs(point[0] - planned.value))  # type: ignore[operator]
        text = f"planned: HR {ratio_text(planned.value)}, power {percent_text(near[1])}"
        marks.append(Mark(planned.value, near[1], text, place=1, drop=True))
    return Chart(
        title="Power by the true hazard ratio",
        subtitle="At the final number of events",
        x_label="True hazard ratio",
        y_label="Power",
        series=(Series("", curve, 1),),
        x_ticks=tuple((t, number_text(t, 1)) for t in even_ticks(curve[0][0], curve[-1][0])),
        y_ticks=tuple((t / 100, f"{t}%") for t in range(0, 101, 20)),
        marks=tuple(marks),
        alternative=f"Power falls from {percent_text(curve[0][1])} at a hazard ratio of {ratio_text(curve[0][0])} to "
        f"{percent_text(curve[-1][1])} at {ratio_text(curve[-1][0])}.",
        source=source,
    )


def _bounds(rows: Rows, source: str, scale: str) -> Chart | None:
    name, shown, null = _SCALES[scale]
    across, x_label = _information(rows)
    series = []
    for side, label, place in _SIDES:
        found = rows.part(DESIGN, "bounds", f"{scale}_{side}")
        points = tuple((across[row.at], row.value) for row in found if row.value is not None and row.at in across)
        if points:
            series.append(Series(label, points, place, markers=True))
    if not series:
        return None
    marks = _bound_marks(series, shown)
    said = "; ".join(f"{line.label.lower()} {', '.join(shown(y) for _, y in line.points)}" for line in series)
    values = [y for line in series for _, y in line.points]
    furthest = max(x for line in series for x, _ in line.points)
    places = [x for x in across.values() if x <= furthest]
    texts = {x: number_text(x) if max(across.values()) > 1.0 else percent_text(x, 0) for x in places}
    return Chart(
        title="Bounds of the planned looks" if len(texts) > 1 else "Bounds at the planned look",
        subtitle=f"On the scale of {_spoken(name)}, by {x_label.lower()}",
        x_label=x_label,
        y_label=name,
        series=tuple(replace(line, label="") if len(line.points) == 1 else line for line in series),
        x_ticks=_look_ticks(texts),
        y_ticks=_bound_ticks(scale, values if null is None else [*values, null[0]]),
        levels=() if null is None else (null,),
        marks=tuple(marks),
        log_y=scale == "p",
        alternative=f"Bounds on the scale of {_spoken(name)}: {said}.",
        source=source,
    )


def _look_ticks(texts: dict[float, str]) -> tuple[tuple[float, str], ...]:
    """The places of the looks from zero on; a single look stands in the middle."""
    if len(texts) > 1:
        return ((0.0, "0"), *texts.items())
    ((place, text),) = texts.items()
    return ((0.0, "0"), (place, text), (2.0 * place, ""))


def _bound_marks(series: list[Series], shown: Callable[[float], str]) -> list[Mark]:
    """The values at the points, each once, where there are few; a bound at one look only is named at its point."""
    alone = {line.label for line in series if len(line.points) == 1}
    named = {line.label: f"{line.label} " if line.label in alone else "" for line in series}
    found: dict[tuple[float, float], Mark] = {}
    for line in series:
        for x, y in line.points:
            found.setdefault((x, round(y, 6)), Mark(x, y, f"{named[line.label]}{shown(y)}", line.place))
    return list(found.values()) if alone or len(found) <= _MOST_VALUES else []


def _spoken(name: str) -> str:
    """The name of a scale inside a sentence: a symbol stays as it is."""
    if len(name) == 1:
        return name
    return f"the {name if name.startswith('B-') else name[0].lower() + name[1:]}"


def _information(rows: Rows) -> tuple[dict[float | None, float], str]:
    """Events at each look, or the share of the information where there are none."""
    for statistic, label in (("events", "Events"), ("information_fraction", "Share of the information")):
        found = rows.part(DESIGN, "bounds", statistic)
        values: dict[float | None, float] = {row.at: row.value for row in found if row.value is not None}
        if values:
            return values, label
    return {}, ""


def _bound_ticks(scale: str, values: list[float]) -> tuple[tuple[float, str], ...]:
    low, high = min(values), max(values)
    if scale == "p":
        powers = range(floor(log10(max(low, 1e-300))), ceil(log10(high)) + 1)
        step = max(1, len(powers) // 6)
        return tuple((10.0**k, f"{10.0**k:g}") for k in powers[::step])
    if scale.endswith("power"):
        return tuple((t / 100, f"{t}%") for t in range(0, 101, 20))
    ticks = even_ticks(low, high, most=6)
    digits = 2 if any(round(t, 1) != t for t in ticks) else 1
    return tuple((t, number_text(t, digits)) for t in ticks)
