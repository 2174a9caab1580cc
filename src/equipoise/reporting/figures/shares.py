"""Shares of each group, line by line: reasons, responses, agreement of reviews; and intervals between assessments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.estimates import as_sheet, said
from equipoise.reporting.figures.intervals import IntervalPlot, Line, Mark
from equipoise.reporting.figures.places import Arms, by_place, limit, shown, warnings, words_of_tests
from equipoise.reporting.figures.safety import MOST_COLUMNS, dots, key_of
from equipoise.reporting.figures.scales import linear_scale
from equipoise.reporting.figures.sheet import FigureKind, Sheet

_AGREEMENT = {
    "early_discrepancy": "Early discrepancy rate",
    "late_discrepancy": "Late discrepancy rate",
    "event_agreement": "Agreement on the event",
    "full_agreement": "Agreement on event and time",
}


def _shares(
    title: str, subtitle: str, table: Mapping[str, Mapping[str, ResultRow]], rows: Sequence[ResultRow]
) -> Sheet:
    """A plot of label to group to share."""
    arms = Arms(arm for cells in table.values() for arm in cells)
    narrow = len(arms.levels) <= MOST_COLUMNS
    lines = [
        Line(
            label,
            dots({arm: {"share": row} for arm, row in cells.items()}, arms, "share"),
            tuple(shown(cells.get(arm)) for arm in arms.levels) if narrow else (),
            joined=narrow,
            step=0.6,
        )
        for label, cells in table.items()
    ]
    notes = [*words_of_tests(rows), *warnings(rows)]
    spoken = [(label, ", ".join(f"{arm} {shown(row)}" for arm, row in cells.items())) for label, cells in table.items()]
    plot = IntervalPlot(
        title=title,
        subtitle=subtitle,
        lines=tuple(lines),
        scale=linear_scale([0.0, *(mark.value for line in lines for mark in line.marks)], percent=True),
        axis="Share of subjects",
        alternative=said(spoken, title, notes),
        heads=tuple(arms.levels) if narrow else (),
        key=key_of(arms) if len(arms.levels) > 1 else (),
        notes=tuple(notes),
    )
    return as_sheet(plot)


def _collect_level2(title: str, subtitle: str) -> Callable[[list[ResultRow]], Sheet]:
    def collect(rows: list[ResultRow]) -> Sheet:
        table: dict[str, dict[str, ResultRow]] = {}
        for row in rows:
            if row.statistic == "percent" and row.level2:
                table.setdefault(row.level2, {})[row.level1 or "All"] = row
        return _shares(title, subtitle, table, rows)

    return collect


def _collect_agreement(rows: list[ResultRow]) -> Sheet:
    table: dict[str, dict[str, ResultRow]] = {label: {} for label in _AGREEMENT.values()}
    for row in rows:
        if row.statistic in _AGREEMENT:
            table[_AGREEMENT[row.statistic]][row.level1 or "All"] = row
    found = {label: cells for label, cells in table.items() if cells}
    return _shares("Agreement of two reviews", "Shares by group", found, rows)


def _collect_assessments(rows: list[ResultRow]) -> Sheet:
    """Medians and quartiles of the time between assessments."""
    found = [(place, values) for place, values in by_place(rows).items() if "interval_median" in values]
    arms = Arms(place.level1 for place, _ in found)
    lines = []
    for place, values in found:
        middle, low, high = (values.get(f"interval_{name}") for name in ("median", "q1", "q3"))
        color = arms.color(place.level1)
        text = f"{shown(middle)} ({shown(low)} to {shown(high)})"
        lines.append(Line(place.levels or "All", (Mark(limit(middle), limit(low), limit(high), color),), (text,),
                          color=color))  # fmt: skip
    notes = [*words_of_tests(rows), *warnings(rows)]
    plot = IntervalPlot(
        title="Time between assessments",
        subtitle="Medians and quartiles by group",
        lines=tuple(lines),
        scale=linear_scale([0.0, *(v for line in lines for m in line.marks for v in (m.value, m.low, m.high))]),
        axis="Time between assessments",
        alternative=said(((line.label, line.numbers[0]) for line in lines), "Time between assessments", notes),
        heads=("Median (quartiles)",),
        stub_head="Group" if arms.levels else "",
        notes=tuple(notes),
    )
    return as_sheet(plot)


FIGURES = (
    FigureKind(
        "reasons", frozenset({"percent", "chi_square"}), lambda row: row.parameter in ("censoring", "association"),
        _collect_level2("Reasons for censoring", "Share of the patients of each group"),
    ),
    FigureKind(
        "responses", frozenset({"percent"}), lambda row: row.group2 == "response",
        _collect_level2("Best response", "Share of the patients of each group"),
    ),
    FigureKind("agreement", frozenset({"early_discrepancy"}), lambda _: True, _collect_agreement),
    FigureKind("assessments", frozenset({"interval_median", "interval_q1"}), lambda _: True, _collect_assessments),
)  # fmt: skip
