"""The picture of an audit: each printed interval beside those that so many events, and the printed P, can give."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.estimates import as_sheet, said
from equipoise.reporting.figures.intervals import IntervalPlot, Line, Mark, Shape
from equipoise.reporting.figures.scales import log_scale
from equipoise.reporting.figures.sheet import FigureKind, Sheet
from equipoise.reporting.formatting import range_text, ratio_text
from equipoise.reporting.palette import ARM_STYLES, FLAG, SECONDARY, TEXT

AUDIT, INTERVAL = "audit", "interval"
_STATISTICS = ("estimate", "conf_low", "conf_high")
_SHAPES: dict[str, Shape] = {"printed": "square", "narrowest": "none", "expected": "none", "by-p": "none"}
_COLORS = {"printed": TEXT, "narrowest": ARM_STYLES[0].light, "expected": SECONDARY, "by-p": SECONDARY}
_TITLE = "Printed intervals, and those that so many events can give"
_SUBTITLE = (
    "On the log scale, all around the printed hazard ratio; a printed interval narrower than the narrowest possible "
    "cannot come from a Cox or log-rank analysis of these events"
)


def _collect(rows: list[ResultRow]) -> Sheet:
    lines: list[Line] = []
    for endpoint in dict.fromkeys(row.endpoint for row in rows):
        own = [row for row in rows if row.endpoint == endpoint]
        lines.append(Line(endpoint, heading=True))
        lines += [_line([row for row in own if row.level1 == kind], kind)
                  for kind in dict.fromkeys(row.level1 or "" for row in own)]  # fmt: skip
    found = [value for line in lines for mark in line.marks for value in (mark.value, mark.low, mark.high)]
    spoken = [(line.label, line.numbers[0] if line.numbers else "") for line in lines]
    plot = IntervalPlot(
        title=_TITLE,
        subtitle=_SUBTITLE,
        lines=tuple(lines),
        scale=log_scale(found, [mark.value for line in lines for mark in line.marks]),
        axis="Hazard ratio, log scale",
        alternative=said(spoken, _TITLE),
        heads=("HR (interval)",),
        stub_head="Result",
        reference=1.0,
    )
    return as_sheet(plot)


def _line(rows: Sequence[ResultRow], kind: str) -> Line:
    held = [row for name in _STATISTICS for row in rows if row.statistic == name]
    middle, low, high = (inf if row.value is None else row.value for row in held)
    inconsistent = any(row.warning == "inconsistent" for row in rows)
    color = FLAG if inconsistent else _COLORS.get(kind, TEXT)
    texts = [row.value_text or ratio_text(row.value) for row in held]
    numbers = f"({range_text(*texts[1:])})"
    numbers = f"{texts[0]} {numbers}" if kind == "printed" else numbers
    label = rows[0].label + (" ✕ inconsistent" if inconsistent else "")
    mark = Mark(middle, low, high, color, _SHAPES.get(kind, "none"))
    return Line(label, (mark,), (numbers,), indent=True, color=color)


FIGURES = (
    FigureKind(
        "audit", frozenset(_STATISTICS),
        lambda row: row.analysis == AUDIT and row.parameter == INTERVAL, _collect,
    ),
)  # fmt: skip
