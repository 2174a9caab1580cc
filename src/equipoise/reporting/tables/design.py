"""Tables of a design, from the rows of analysis "design": looks, bounds, and how fragile both are."""

from __future__ import annotations

from equipoise.frames.results import ResultRow
from equipoise.reporting.formatting import number_text, percent_text, ratio_text, time_text
from equipoise.reporting.lookup import Quantity, Rows
from equipoise.reporting.tables.model import Cell, Column, Line, Table, cell, number_cell, words

DESIGN = "design"
_HEADS = ("Events", "Month (SE)", "Patients enrolled", "Power", "Significant at HR up to")
_BY_HAZARDS = "under the hazards assumed, which are not proportional"
_MOST_EFFECTS = 9
# What a whole number of events may be off by rounding.
_WHOLE = 1e-6
_TELLING = 0.04, 0.995
_BOUNDS = (
    ("events", "Events", ""),
    ("alpha_spent", "Alpha spent", "p"),
    ("z_upper", "Z", "z"),
    ("p_upper", "Nominal P", "p"),
    ("hr_upper", "HR", "ratio"),
    ("hr_futility", "Futility, HR", "ratio"),
    ("power", "Power", "percent"),
)


def design_tables(rows: Rows) -> list[Table]:
    """Every table the rows of a design allow."""
    found = [looks_table(rows), bounds_table(rows), effects_table(rows), dates_table(rows)]
    return [table for table in found if table is not None]


def looks_table(rows: Rows) -> Table | None:
    """The required events, the planned looks and the end of follow-up: how many events, when, and for what power."""
    lines = [_look_line(rows, "required", "Events required", None)]
    lines += [_look_line(rows, "look", f"Look: {row.level1}", row) for row in rows.part(DESIGN, "look", "events")]
    lines.append(_end_line(rows))
    shown = tuple(line for line in lines if line is not None)
    if not shown:
        return None
    columns = tuple(Column(head) for head in _HEADS)
    methods = {row.method for row in rows.part(DESIGN, "look", "power")}
    found = _BY_HAZARDS if "weighted-logrank-design" in methods else "by Schoenfeld's formula"
    note = f"Power {found}, of one test at that number of events; SE: standard error of the month."
    return Table("table-design-looks", "Events, dates and power expected", "", columns, shown, (note,))


def _look_line(rows: Rows, parameter: str, label: str, look: ResultRow | None) -> Line | None:
    level, at = (look.level1, look.at) if look is not None else ("required", None)
    group = ("look", level or "")

    def row(statistic: str) -> ResultRow | None:
        return rows.get(DESIGN, parameter, statistic, first=group, at=at)

    if row("events") is None:
        return None
    cells = (
        number_cell(row("events"), _count),
        _month(row("time"), row("time_std_error")),
        number_cell(row("n"), _count),
        number_cell(row("power"), percent_text),
        number_cell(row("hazard_ratio_critical"), ratio_text),
    )
    return Line(label, cells)


def _end_line(rows: Rows) -> Line | None:
    events = next((row for row in rows.part(DESIGN, "end", "events") if row.group1 is None), None)
    if events is None:
        return None
    enrolled = next((row for row in rows.part(DESIGN, "end", "n") if row.group1 is None), None)
    time = next(iter(rows.part(DESIGN, "end", "time")), None)
    cells = (
        number_cell(events, _count),
        _month(time, None),
        number_cell(enrolled, _count),
        number_cell(rows.get(DESIGN, "end", "power"), percent_text),
    )
    return Line("End of follow-up", (*cells, words("")))


def bounds_table(rows: Rows) -> Table | None:
    """The bounds of a group-sequential design, a line a look."""
    looks = [row.at for row in rows.part(DESIGN, "bounds", "events") if row.at is not None]
    if not looks:
        return None
    kept = [
        part for part in _BOUNDS if any(rows.get(DESIGN, "bounds", part[0], at=at) is not None for at in looks)
    ]  # fmt: skip
    lines = tuple(
        Line(f"Look {at:g}", tuple(_bound(rows.get(DESIGN, "bounds", name, at=at), form) for name, _, form in kept))
        for at in looks
    )
    note = "Efficacy at a Z at or above the bound; HR: the observed hazard ratio there, by Schoenfeld's variance."
    columns = tuple(Column(head) for _, head, _ in kept)
    return Table("table-design-bounds", "Group-sequential bounds", "", columns, lines, (note,))


def _bound(row: ResultRow | None, form: str) -> Cell:
    if row is None or row.value is None:
        return words("none")
    texts = {"z": number_text(row.value, 4), "p": number_text(row.value, 5), "ratio": number_text(row.value, 3)}
    texts["percent"] = percent_text(row.value)
    return cell(Quantity(texts.get(form) or _count(row.value), (row,)))


def effects_table(rows: Rows) -> Table | None:
    """Power at the final events by the true hazard ratio."""
    curve = rows.part(DESIGN, "power-curve", "power")
    if len(curve) < 2:
        return None
    even = [row for row in curve if row.at is not None and abs(20.0 * row.at - round(20.0 * row.at)) < 1e-6]
    shown = [row for row in even if row.value is not None and _TELLING[0] < row.value < _TELLING[1]][:_MOST_EFFECTS]
    if len(shown) < 2:
        return None
    columns = tuple(Column(number_text(row.at, 2)) for row in shown)
    line = Line("Power", tuple(number_cell(row, percent_text) for row in shown))
    return Table("table-design-effects", "Power by the true hazard ratio", "Hazard ratio", columns, (line,))


def dates_table(rows: Rows) -> Table | None:
    """The month of the final events by speed of accrual and dropout, at the planned hazard ratio."""
    times = rows.part(DESIGN, "sensitivity", "time")
    planned = rows.get(DESIGN, "requirement", "hazard_ratio") or next(
        iter(rows.part(DESIGN, "requirement", "hazard_ratio")), None
    )
    if not times or planned is None or planned.value is None:
        return None
    value = planned.value
    kept = [row for row in times if row.at is not None and abs(row.at - value) < 1e-9 * value]
    losses = list(dict.fromkeys(row.level2 for row in kept if row.level2))
    speeds = list(dict.fromkeys(row.level1 for row in kept if row.level1))
    lines = []
    for speed in speeds:
        found = {row.level2: row for row in kept if row.level1 == speed}
        lines.append(Line(f"{speed} of the planned rate", tuple(_month(found.get(loss), None) for loss in losses)))
    columns = tuple(Column(loss, under="Dropout per month") for loss in losses)
    caption = "Month of the final events by speed of accrual and dropout"
    return Table("table-design-dates", caption, "Accrual", columns, tuple(lines)) if lines else None


def _count(value: float) -> str:
    return number_text(value, 0 if abs(value - round(value)) < _WHOLE else 1)


def _month(row: ResultRow | None, spread: ResultRow | None) -> Cell:
    if row is None:
        return words("")
    if row.value is None:
        return cell(Quantity(row.value_text or "not reached", (row,)))
    text = time_text(row.value, "months", with_unit=False)
    if spread is None or spread.value is None:
        return cell(Quantity(text, (row,)))
    return cell(Quantity(f"{text} ({time_text(spread.value, 'months', with_unit=False)})", (row, spread)))
