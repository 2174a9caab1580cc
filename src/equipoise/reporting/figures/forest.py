"""The forest plot: subgroups at the left, estimates on a log axis, numbers aligned at the right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, log2, sqrt

from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.protocol.plans import Analysis
from equipoise.protocol.trial import Trial
from equipoise.provenance import Provenance
from equipoise.reporting import wording
from equipoise.reporting.figures.canvas import (
    Canvas,
    check_format,
    drawn_bytes,
    measured_width,
    wrapped,
)
from equipoise.reporting.figures.rendering import source_line
from equipoise.reporting.figures.sheet import SOURCE_SIZE, heading, place_source, sheet_size
from equipoise.reporting.formatting import confidence_text, lower_first, range_text, ratio_text
from equipoise.reporting.lookup import NOT_COMPUTED, Rows, row_text
from equipoise.reporting.palette import ARM_STYLES, RULE, SECONDARY, TEXT, arm_place

_OVERALL = "All patients"
_LOWEST, _HIGHEST = 0.25, 2.0


@dataclass(frozen=True)
class ForestLine:
    """One line: a heading, or an estimate with its interval, events by arm, and the information behind it."""

    label: str
    indent: bool = False
    heading: bool = False
    counts: tuple[str, ...] = ()
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    events: float = 0.0
    text: str = ""
    overall: bool = False


@dataclass(frozen=True)
class Forest:
    """A whole forest plot before it is drawn."""

    title: str
    subtitle: str
    heads: tuple[tuple[str, str], ...]
    lines: tuple[ForestLine, ...]
    number_head: str
    favors: tuple[str, str]
    source: str
    alternative: str

    @property
    def ticks(self) -> tuple[float, ...]:
        """Powers of two that hold every estimate: 0.25 to 2 unless an estimate lies outside."""
        found = [line.estimate for line in self.lines if line.estimate]
        low, high = min([_LOWEST, *found]), max([_HIGHEST, *found])
        first, last = int(log2(low) // 1), -int(-log2(high) // 1)
        return tuple(2.0**power for power in range(first, last + 1))


def render_forest(
    trial: Trial,
    results: Iterable[ResultRow],
    analysis_id: str,
    *,
    width_mm: float = 170.0,
    format: str = "svg",  # noqa: A002 - the word matplotlib uses
    provenance: Provenance | None = None,
) -> bytes:
    """The forest plot of a planned analysis: every planned subgroup, and all patients.

    Arguments as for `render_kaplan_meier`. Squares have areas in proportion to the number of events; an interval that
    leaves the axis ends in an arrow. Raises `argument-invalid` for an unknown format, and where the analysis has no
    subgroup rows.
    """
    check_format(format)
    rows = results if isinstance(results, Rows) else Rows(results)
    forest = collected_forest(trial, rows, analysis_id, provenance)
    return drawn_bytes(lambda: (forest_canvas(forest, width_mm), forest.title, forest.alternative), format)


def collected_forest(trial: Trial, rows: Rows, analysis_id: str, provenance: Provenance | None) -> Forest:
    """Everything the forest plot shows. Raises `argument-invalid` where there are no subgroup rows."""
    analysis = trial.analysis(analysis_id)
    subgroups = [line for name in analysis.subgroups for line in _subgroup(trial, rows, analysis, name)]
    if not subgroups:
        raise ArgumentError(
            "argument-invalid",
            f"the results hold no subgroup estimates for analysis {analysis_id!r}",
            hint="name baseline variables under `subgroups` of the analysis in the trial file",
        )
    lines = (_overall(trial, rows, analysis), *subgroups)
    endpoint = wording.endpoint_of(trial, analysis)
    level = confidence_text(wording.conf_level(analysis))
    experimental = trial.experimental[0].label
    synthetic = "Synthetic data. " if provenance is not None and provenance.synthetic else ""
    return Forest(
        title=f"{endpoint.label} in subgroups",
        subtitle=f"{synthetic}{_contrast(trial)} with {level}; descriptive, no adjustment for multiple comparisons",
        heads=tuple((arm.label, ARM_STYLES[arm_place(trial, arm.id) - 1].light) for arm in trial.arms),
        lines=lines,
        number_head=f"HR ({level})",
        favors=(f"Favors {experimental}", f"Favors {trial.control.label}"),
        source=source_line(provenance),
        alternative=_alternative(endpoint.label, lines),
    )


def _contrast(trial: Trial) -> str:
    if len(trial.arms) == 2:
        return "Hazard ratios"
    return f"Hazard ratios, {trial.experimental[0].label} against {trial.control.label},"


def _subgroup(trial: Trial, rows: Rows, analysis: Analysis, name: str) -> list[ForestLine]:
    variable = trial.variables[name]
    found = [row.level1 for row in rows.part(analysis.id, "subgroup", "estimate") if row.group1 == name and row.level1]
    codes = dict.fromkeys([code for code in variable.levels if code in found] + found)
    lines = []
    for code in codes:
        counts = tuple(_events(rows, analysis, (name, code), arm.id) for arm in trial.arms)
        rated = {
            statistic: rows.get(analysis.id, "subgroup", statistic, first=(name, code))
            for statistic in ("estimate", "conf_low", "conf_high", "n_event")
        }
        lines.append(_estimate_line(variable.levels.get(code, code), rated, counts, indent=True))
    return [ForestLine(variable.label, heading=True), *lines] if lines else []


def _events(rows: Rows, analysis: Analysis, first: tuple[str, str], arm: str) -> str:
    second = ("arm", arm)
    parts = [rows.get(analysis.id, "subgroup", s, first=first, second=second) for s in ("n_event", "n")]
    return "/".join(row_text(row) for row in parts if row is not None)


def _overall(trial: Trial, rows: Rows, analysis: Analysis) -> ForestLine:
    rated = {
        statistic: rows.ratio(analysis.id, statistic, trial.experimental[0].id, trial.control.id)
        for statistic in ("estimate", "conf_low", "conf_high", "n_event")
    }
    counts = []
    for arm in trial.arms:
        parts = [rows.get(analysis.id, "kaplan-meier", s, first=("arm", arm.id)) for s in ("n_event", "n")]
        counts.append("/".join(row_text(row) for row in parts if row is not None))
    return _estimate_line(_OVERALL, rated, tuple(counts), overall=True)


def _estimate_line(
    label: str,
    rated: dict[str, ResultRow | None],
    counts: tuple[str, ...],
    *,
    indent: bool = False,
    overall: bool = False,
) -> ForestLine:
    values = {statistic: None if row is None else row.value for statistic, row in rated.items()}
    estimate, low, high = (values[s] for s in ("estimate", "conf_low", "conf_high"))
    text = NOT_COMPUTED
    if estimate is not None:
        text = ratio_text(estimate)
        if low is not None and high is not None:
            text += f" ({range_text(ratio_text(low), ratio_text(high))})"
    events = values["n_event"] or 0.0
    # A ratio of 0 or infinity, where one arm has no event, has no place on a log axis; it stays as text.
    drawn = estimate if estimate is not None and 0 < estimate < inf else None
    return ForestLine(label, indent, False, counts, drawn, low, high, events, text, overall)


def _alternative(label: str, lines: tuple[ForestLine, ...]) -> str:
    said, heading = [], ""
    for line in lines:
        if line.heading:
            heading = f"{lower_first(line.label)} "
        else:
            said.append(f"{heading}{lower_first(line.label)} {line.text}")
    return f"Forest plot of hazard ratios for {lower_first(label)}: {'; '.join(said)}."


@dataclass(frozen=True)
class _Columns:
    """Where the columns of a forest plot stand, in points."""

    stub: float
    counts: tuple[float, ...]
    axis: tuple[float, float]
    numbers: float
    size: float
    step: float


def forest_canvas(forest: Forest, width_mm: float) -> Canvas:
    """The drawn forest plot."""
    width, size = sheet_size(width_mm, narrow=6.0)
    columns = _columns(forest, width, size)
    head = heading(forest.title, forest.subtitle, width, size)
    heads = [
        wrapped(name, _count_width(forest, place, size), size, "bold") for place, (name, _) in enumerate(forest.heads)
    ]
    head_top = head.height + 0.8 * size
    top = head_top + max([0, *(len(lines) for lines in heads if columns.counts)]) * 1.3 * size + 2.4 * size
    bottom = top + len(forest.lines) * columns.step
    source = wrapped(forest.source, width, SOURCE_SIZE)
    captions = _caption_lines(forest, columns, width)
    foot = bottom + 3.0 * size + max(len(lines) for lines in captions) * 1.35 * size
    canvas = Canvas(width, foot + 0.9 * size + len(source) * 1.3 * SOURCE_SIZE + 2)
    head.place(canvas)
    _place_heads(canvas, forest, columns, heads, head_top, top)
    _place_axis(canvas, forest, columns, top, bottom)
    for place, line in enumerate(forest.lines):
        _place_forest_line(canvas, forest, columns, line, top + (place + 0.5) * columns.step)
    _place_captions(canvas, _position(forest, columns, 1.0), size, captions, bottom + 3.4 * size)
    place_source(canvas, source)
    return canvas


def _count_width(forest: Forest, place: int, size: float) -> float:
    words = forest.heads[place][0].split(" ")
    cells = [line.counts[place] for line in forest.lines if line.counts]
    return max(
        min(measured_width(forest.heads[place][0], size, "bold"), 9.5 * size),
        *(measured_width(text, size) for text in [*cells, "events/n"]),
        *(min(measured_width(word, size, "bold"), 9.5 * size) for word in words),
    )


def _columns(forest: Forest, width: float, size: float) -> _Columns:
    gap = 1.3 * size
    stub = max(
        measured_width(line.label, size, "bold" if line.heading or line.overall else "normal")
        + (size if line.indent else 0)
        for line in forest.lines
    )
    numbers = max(measured_width(text, size) for text in [forest.number_head, *(line.text for line in forest.lines)])
    counts = [_count_width(forest, place, size) for place in range(len(forest.heads))]
    if stub + sum(counts) + numbers + gap * (len(counts) + 2) > 0.72 * width:
        counts = []
    stub = min(stub, width - sum(counts) - numbers - gap * (len(counts) + 2) - 0.25 * width)
    rights, x = [], stub
    for wide in counts:
        x += gap + wide
        rights.append(x)
    return _Columns(stub, tuple(rights), (x + 1.4 * gap, width - numbers - 1.2 * gap), width, size, 1.85 * size)


def _place_heads(
    canvas: Canvas, forest: Forest, columns: _Columns, heads: list[list[str]], head_top: float, top: float
) -> None:
    size, base = columns.size, top - 0.9 * columns.size
    canvas.place_line([(0, head_top), (canvas.width, head_top)], color=SECONDARY, width=0.5)
    canvas.place_line([(0, top - 0.35 * size), (canvas.width, top - 0.35 * size)], color=RULE, width=0.5)
    for right, lines, (_, color) in zip(columns.counts, heads, forest.heads, strict=False):
        for place, text in enumerate(reversed(lines)):
            y = base - (place + 1) * 1.3 * size
            canvas.place_text(right, y, text, size=size, color=color, weight="bold", align="right")
        canvas.place_text(right, base, "events/n", size=size, color=SECONDARY, align="right")
    canvas.place_text(0, base, "Subgroup", size=size, color=SECONDARY)
    canvas.place_text(columns.numbers, base, forest.number_head, size=size, color=SECONDARY, align="right")


def _position(forest: Forest, columns: _Columns, value: float) -> float:
    ticks = forest.ticks
    share = (log2(value) - log2(ticks[0])) / (log2(ticks[-1]) - log2(ticks[0]))
    return columns.axis[0] + share * (columns.axis[1] - columns.axis[0])


def _place_axis(canvas: Canvas, forest: Forest, columns: _Columns, top: float, bottom: float) -> None:
    size = columns.size
    canvas.place_line([(columns.axis[0], bottom), (columns.axis[1], bottom)], color=SECONDARY)
    for tick in forest.ticks:
        x = _position(forest, columns, tick)
        canvas.place_line([(x, bottom), (x, bottom + 3)], color=SECONDARY)
        canvas.place_text(x, bottom + 3 + 1.2 * size, f"{tick:g}", size=size, align="center")
    one = _position(forest, columns, 1.0)
    canvas.place_line([(one, top - 0.1 * size), (one, bottom)], color=SECONDARY, width=0.8)
    overall = next((line.estimate for line in forest.lines if line.overall and line.estimate), None)
    if overall is not None:
        x = _position(forest, columns, overall)
        canvas.place_line([(x, top + columns.step), (x, bottom)], color=SECONDARY, width=0.6, dashes=(3, 3))


def _place_forest_line(canvas: Canvas, forest: Forest, columns: _Columns, line: ForestLine, y: float) -> None:
    size, base = columns.size, y + 0.36 * columns.size
    weight = "bold" if line.heading or line.overall else "normal"
    label = wrapped(line.label, columns.stub - (size if line.indent else 0) + 0.01, size, weight)[0]
    canvas.place_text(size if line.indent else 0, base, label, size=size, weight=weight)
    if line.heading:
        return
    for right, text in zip(columns.counts, line.counts, strict=False):
        canvas.place_text(right, base, text, size=size, align="right")
    canvas.place_text(columns.numbers, base, line.text, size=size, align="right", weight=weight)
    if line.estimate is None:
        return
    color = TEXT if line.overall else ARM_STYLES[0].light
    if line.low is not None and line.high is not None:
        _place_interval(canvas, forest, columns, line, y, color)
    half = _half_side(forest, line, columns)
    x = _position(forest, columns, line.estimate)
    if line.overall:
        corners = [(x - half, y), (x, y - half), (x + half, y), (x, y + half)]
        canvas.place_polygon(corners, color=color)
    else:
        canvas.place_rectangle(x - half, y - half, 2 * half, 2 * half, color=color)


def _half_side(forest: Forest, line: ForestLine, columns: _Columns) -> float:
    """Half a square's side: the area follows the number of events, the largest subgroup fills half a line."""
    most = max((other.events for other in forest.lines if not other.overall), default=0.0)
    share = sqrt(min(1.0, line.events / most)) if most else 0.7
    return max(1.2, share * 0.27 * columns.step) if not line.overall else 0.34 * columns.step


def _place_interval(canvas: Canvas, forest: Forest, columns: _Columns, line: ForestLine, y: float, color: str) -> None:
    first, last = forest.ticks[0], forest.ticks[-1]
    low, high = max(line.low or first, first), min(line.high or last, last)
    left, right = _position(forest, columns, low), _position(forest, columns, high)
    canvas.place_line([(left, y), (right, y)], color=color, width=1.1)
    for cut, x, sign in ((line.low < low, left, 1), (line.high > high, right, -1)):  # type: ignore[operator]
        if cut:
            canvas.place_polygon([(x - sign, y), (x + sign * 4, y - 2.4), (x + sign * 4, y + 2.4)], color=color)


def _caption_lines(forest: Forest, columns: _Columns, width: float) -> tuple[list[str], list[str]]:
    one = _position(forest, columns, 1.0)
    spare = 2.2 * columns.size
    left = wrapped(forest.favors[0], one - spare, columns.size)
    return left, wrapped(forest.favors[1], width - one - spare, columns.size)


def _place_captions(
    canvas: Canvas, middle: float, size: float, captions: tuple[list[str], list[str]], y: float
) -> None:
    for place, text in enumerate(captions[0]):
        shown = f"\u2190 {text}" if place == 0 else text
        canvas.place_text(middle - 0.6 * size, y + place * 1.35 * size, shown, size=size, align="right")
    for place, text in enumerate(captions[1]):
        shown = f"{text} \u2192" if place == len(captions[1]) - 1 else text
        canvas.place_text(middle + 0.6 * size, y + place * 1.35 * size, shown, size=size)
