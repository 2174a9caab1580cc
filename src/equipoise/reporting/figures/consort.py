"""The flow of patients as boxes (after CONSORT 2025): one column for everybody, then one per group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.protocol.trial import Trial
from equipoise.provenance import Provenance
from equipoise.reporting.figures.canvas import Canvas, check_format, drawn_bytes, measured_width, wrapped
from equipoise.reporting.figures.places import shown
from equipoise.reporting.figures.rendering import source_line
from equipoise.reporting.figures.sheet import (
    SOURCE_SIZE,
    FigureKind,
    Heading,
    Sheet,
    heading,
    place_source,
    sheet_size,
)
from equipoise.reporting.flow import STAGES, Flow, FlowLine, patient_flow
from equipoise.reporting.formatting import upper_first
from equipoise.reporting.lookup import Rows
from equipoise.reporting.palette import SECONDARY, TEXT, arm_style

OVERALL = "Overall"
_TITLE = "Flow of patients"
_NARROWEST_COLUMN = 92.0
_SHARED = 0.46
# Half the width of a frame, so that none is cut by the edge of the sheet.
_EDGE = 0.5


@dataclass(frozen=True)
class Entry:
    """A count with what it counts."""

    label: str
    count: str
    indent: bool = False


@dataclass(frozen=True)
class Box:
    """Counts that belong together, under a title where they need one."""

    entries: tuple[Entry, ...]
    title: str = ""


@dataclass(frozen=True)
class Column:
    """The boxes of one group."""

    label: str
    color: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Flowchart:
    """The whole flow: boxes of everybody, who left before (`aside`), a column per group."""

    title: str
    shared: tuple[Box, ...]
    aside: Box | None
    columns: tuple[Column, ...]
    subtitle: str = ""
    source: str = ""

    @property
    def alternative(self) -> str:
        parts = [_told(box) for box in self.shared]
        parts += [_told(self.aside)] if self.aside else []
        parts += [f"{column.label}: {', '.join(_told(box) for box in column.boxes)}" for column in self.columns]
        return f"{self.title}. {'; '.join(filter(None, parts))}."


def _told(box: Box) -> str:
    return ", ".join(f"{entry.label.lower() if box.title else entry.label} {entry.count}" for entry in box.entries)


@dataclass(frozen=True)
class _Drawn:
    """A box at its place: measured once, drawn once."""

    box: Box
    left: float
    width: float
    size: float
    label: str = ""
    color: str = TEXT

    @property
    def pad(self) -> float:
        return 0.7 * self.size

    @property
    def lines(self) -> list[tuple[str, str, float, str]]:
        """Text, count, indent and weight of every line."""
        inner = self.width - 2 * self.pad
        found: list[tuple[str, str, float, str]] = []
        for text, weight in ((self.label, "bold"), (self.box.title, "normal")):
            found += [(line, "", 0.0, weight) for line in wrapped(text, inner, self.size, weight) if text]
        for entry in self.box.entries:
            indent = self.size if entry.indent else 0.0
            room = inner - indent - measured_width(entry.count, self.size) - 0.8 * self.size
            words = wrapped(entry.label, max(room, 3 * self.size), self.size)
            for place, line in enumerate(words):
                found.append((line, entry.count if place == len(words) - 1 else "", indent, "normal"))
        return found

    @property
    def height(self) -> float:
        return len(self.lines) * 1.4 * self.size + 1.1 * self.size

    @property
    def middle(self) -> float:
        return self.left + self.width / 2

    def place(self, canvas: Canvas, top: float) -> None:
        right, bottom = self.left + self.width, top + self.height
        corners = [(self.left, top), (right, top), (right, bottom), (self.left, bottom), (self.left, top)]
        canvas.place_line(corners, color=SECONDARY, width=0.6)
        headed = len([line for line in self.lines if not line[1] and line[3] == "bold"])
        y = top + 0.45 * self.size
        for place, (text, count, indent, weight) in enumerate(self.lines):
            y += 1.4 * self.size
            color = self.color if weight == "bold" else SECONDARY if self._is_title(place, headed) else TEXT
            canvas.place_text(self.left + self.pad + indent, y - 0.3 * self.size, text, size=self.size, color=color,
                              weight=weight)  # fmt: skip
            if count:
                canvas.place_text(right - self.pad, y - 0.3 * self.size, count, size=self.size, align="right")

    def _is_title(self, place: int, headed: int) -> bool:
        titled = len(wrapped(self.box.title, self.width - 2 * self.pad, self.size)) if self.box.title else 0
        return headed <= place < headed + titled


def flowchart_canvas(chart: Flowchart, width_mm: float) -> Canvas:
    """The drawn flow, `width_mm` wide and as high as it needs."""
    width, size = sheet_size(width_mm)
    head = heading(chart.title, chart.subtitle, width, size)
    source = wrapped(chart.source, width, SOURCE_SIZE)
    # A first pass on a sheet of no height measures; the second draws.
    height = _compose(chart, None, head, width, size)
    canvas = Canvas(width, height + (len(source) * 1.3 + 1.0) * SOURCE_SIZE)
    _compose(chart, canvas, head, width, size)
    place_source(canvas, source)
    return canvas


def _compose(chart: Flowchart, canvas: Canvas | None, head: Heading, width: float, size: float) -> float:
    """Places everything (or measures, without a canvas) and returns the height."""
    if canvas is not None:
        head.place(canvas)
    gap = 2.2 * size
    y = head.height + 0.9 * size
    wide = _SHARED * width if chart.aside or chart.columns else min(width, 240.0)
    left = _EDGE if chart.aside else (width - wide) / 2
    for place, box in enumerate(chart.shared):
        drawn = _Drawn(box, left, wide, size)
        last = place == len(chart.shared) - 1
        if last and chart.aside is not None:
            y = _place_aside(chart.aside, canvas, drawn, width, y - gap, gap)
        if canvas is not None:
            drawn.place(canvas, y)
        y += drawn.height
        beside = chart.aside is not None and place == len(chart.shared) - 2
        if not (last or beside) and canvas is not None:
            _place_arrow(canvas, drawn.middle, y, y + gap)
        y += 0.0 if last else gap
    trunk = left + wide / 2
    return _compose_columns(chart.columns, canvas, width, size, trunk if chart.shared else None, y, gap) + size


def _place_aside(box: Box, canvas: Canvas | None, below: _Drawn, width: float, top: float, gap: float) -> float:
    """Who left, beside the arrow to the next box, which grows to its height; returns where that box begins."""
    left = below.left + below.width + 0.06 * width
    drawn = _Drawn(box, left, width - left - _EDGE, below.size)
    if canvas is not None:
        middle = top + gap / 2 + drawn.height / 2
        _place_arrow(canvas, below.middle, top, top + gap + drawn.height)
        canvas.place_line([(below.middle, middle), (left, middle)], color=SECONDARY)
        drawn.place(canvas, top + gap / 2)
    return top + gap + drawn.height


def _compose_columns(
    columns: Sequence[Column], canvas: Canvas | None, width: float, size: float, trunk: float | None, y: float,
    gap: float,
) -> float:  # fmt: skip
    """Columns side by side, as many as have room; further ones below."""
    if not columns:
        return y
    across = max(1, min(len(columns), int(width / _NARROWEST_COLUMN)))
    space = 1.6 * size
    wide = (width - 2 * _EDGE - space * (across - 1)) / across
    for first in range(0, len(columns), across):
        chunk = columns[first : first + across]
        lefts = [_EDGE + place * (wide + space) for place in range(len(chunk))]
        bar = y + gap / 2
        if canvas is not None and trunk is not None and first == 0:
            middles = [left + wide / 2 for left in lefts]
            canvas.place_line([(trunk, y), (trunk, bar)], color=SECONDARY)
            canvas.place_line([(min([trunk, *middles]), bar), (max([trunk, *middles]), bar)], color=SECONDARY)
            for middle in middles:
                _place_arrow(canvas, middle, bar, y + gap)
        y = _compose_chunk(chunk, lefts, canvas, wide, size, y + gap, 0.75 * gap)
    return y


def _compose_chunk(
    columns: Sequence[Column], lefts: Sequence[float], canvas: Canvas | None, wide: float, size: float, y: float,
    gap: float,
) -> float:  # fmt: skip
    depth = max(len(column.boxes) for column in columns)
    for level in range(depth):
        high = 0.0
        for column, left in zip(columns, lefts, strict=True):
            if level >= len(column.boxes):
                continue
            drawn = _Drawn(column.boxes[level], left, wide, size, column.label if level == 0 else "", column.color)
            high = max(high, drawn.height)
            if canvas is not None:
                drawn.place(canvas, y)
        for column, left in zip(columns, lefts, strict=True):
            if canvas is not None and level + 1 < len(column.boxes):
                drawn = _Drawn(column.boxes[level], left, wide, size, column.label if level == 0 else "")
                _place_arrow(canvas, left + wide / 2, y + drawn.height, y + high + gap)
        y += high + (gap if level + 1 < depth else 0.0)
    return y


def _place_arrow(canvas: Canvas, x: float, top: float, bottom: float) -> None:
    canvas.place_line([(x, top), (x, bottom - 2.5)], color=SECONDARY)
    canvas.place_polygon([(x, bottom), (x - 2.2, bottom - 4), (x + 2.2, bottom - 4)], color=SECONDARY)


# From a trial ------------------------------------------------------------------------------------------------------


def render_flow(
    trial: Trial,
    results: Iterable[ResultRow],
    *,
    width_mm: float = 170.0,
    format: str = "svg",  # noqa: A002 - the word matplotlib uses
    provenance: Provenance | None = None,
) -> bytes:
    """The flow of patients of a trial, with the names and criteria of its file.

    Arguments as for `render_kaplan_meier`. Returns the file's bytes. Raises `argument-invalid` for an unknown format,
    and where the results hold no flow.
    """
    check_format(format)
    flow = patient_flow(trial, results if isinstance(results, Rows) else Rows(results))
    if flow is None:
        raise ArgumentError(
            "argument-invalid",
            "the results hold no flow of patients",
            hint="rows of the analysis `flow` are made from ADSL of a randomized trial",
        )
    synthetic = "Synthetic data" if provenance is not None and provenance.synthetic else ""
    chart = replace(chart_of(flow), subtitle=synthetic, source=source_line(provenance))
    return drawn_bytes(lambda: (flowchart_canvas(chart, width_mm), chart.title, chart.alternative), format)


def chart_of(flow: Flow) -> Flowchart:
    """The flow that a report shows, as boxes."""
    shared = tuple(Box(_entries(lines)) for lines in (flow.top, flow.randomized) if lines)
    columns = tuple(
        Column(arm.label, arm_style(arm.place).light, tuple(Box(_entries(box.lines), box.title) for box in arm.boxes))
        for arm in flow.arms
    )
    return Flowchart(_TITLE, shared, Box(_entries(flow.excluded)) if flow.excluded else None, columns)


def _entries(lines: Iterable[FlowLine]) -> tuple[Entry, ...]:
    return tuple(Entry(line.label, line.quantity.text, line.indent > 0) for line in lines)


# From rows ---------------------------------------------------------------------------------------------------------


def _collect_counts(rows: list[ResultRow]) -> Sheet:
    """Steps that hold more people than the groups, and the first at which they agree, stand before the groups part."""
    steps = list(dict.fromkeys(row.parameter for row in rows))
    found = {(row.parameter, row.level1 or OVERALL): row for row in rows}
    levels = [level for level in dict.fromkeys(row.level1 or OVERALL for row in rows) if level != OVERALL]
    common = _common_steps(steps, found, levels)
    shared = tuple(Box((Entry(step, _count(found.get((step, OVERALL)))),)) for step in common)
    columns = tuple(
        Column(
            level,
            arm_style(place).light,
            tuple(Box((Entry(step, _count(found.get((step, level)))),)) for step in steps if step not in common[:-1]),
        )
        for place, level in enumerate(levels, start=1)
    )
    return _sheet(Flowchart(_TITLE, shared, None, columns))


def _common_steps(steps: Sequence[str], found: dict[tuple[str, str], ResultRow], levels: Sequence[str]) -> list[str]:
    if not levels:
        return list(steps)
    common: list[str] = []
    for step in steps:
        common.append(step)
        whole = found.get((step, OVERALL))
        parts = sum((found[step, level].value or 0.0) for level in levels if (step, level) in found)
        if whole is None or whole.value == parts:
            break
    return common


def _count(row: ResultRow | None) -> str:
    return "" if row is None else shown(row)


def _collect_planned(rows: list[ResultRow]) -> Sheet:
    """The flow of a planned trial: screening, who was not randomized and why, then the stages of each arm."""
    counts = [row for row in rows if row.statistic == "n"]
    screened = [row for row in counts if row.parameter == "screened"]
    failed = [row for row in counts if row.parameter == "screen-failure"]
    randomized = [row for row in counts if row.parameter == "randomized" and row.level1 is None]
    shared = [Box((Entry("Screened", shown(row)),)) for row in screened]
    shared += [Box((Entry("Randomized", shown(row)),)) for row in randomized]
    aside = [
        Entry("Not randomized" if row.level1 is None else _words(row.level1), shown(row), row.level1 is not None)
        for row in failed
    ]
    arms = list(dict.fromkeys(row.level1 for row in counts if row.group1 == "arm" and row.level1))
    columns = [
        Column(arm, arm_style(place).light, tuple(_stages([row for row in counts if row.level1 == arm])))
        for place, arm in enumerate(arms, start=1)
    ]
    chart = Flowchart(_TITLE, tuple(shared), Box(tuple(aside)) if aside else None, tuple(columns))
    return _sheet(chart)


def _stages(rows: Sequence[ResultRow]) -> Iterable[Box]:
    """The boxes of one arm, with the reasons under their count."""
    for title, steps in STAGES:
        entries: list[Entry] = []
        for parameter, label in steps:
            for row in rows:
                if row.parameter == parameter:
                    reason = row.group2 == "reason"
                    named = label.format(primary="Primary analysis", safety="Safety")
                    entries.append(Entry(_words(row.level2 or "") if reason else named, shown(row), reason))
        if entries:
            yield Box(tuple(entries), title)


def _words(text: str) -> str:
    """Reasons collected in capitals, in small letters; the number of a criterion as it is."""
    return upper_first(text.lower()) if text.isupper() and not any(map(str.isdigit, text)) else text


def _sheet(chart: Flowchart) -> Sheet:
    return Sheet(chart.title, chart.alternative, lambda width_mm: flowchart_canvas(chart, width_mm))


FIGURES = (
    FigureKind("flow", frozenset({"n"}), lambda row: row.label == "flow", _collect_counts),
    FigureKind("flow", frozenset({"n"}), lambda row: row.analysis == "flow", _collect_planned),
)
