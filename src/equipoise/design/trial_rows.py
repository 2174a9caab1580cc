"""The rows of a trial's design: analysis "design", one parameter for each question it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from equipoise.design.design_result import design_row
from equipoise.design.expectation import ExpectedCourse
from equipoise.design.trial_parts import DesignParts, PlannedLook
from equipoise.design.trial_words import trial_paragraphs
from equipoise.frames.results import ResultRow

UNIT = "months"
_SHOWN = ("time", "n", "events")


def trial_rows(design: DesignParts) -> list[ResultRow]:
    """Every row of a design, with the trial, the endpoint and, where arms stand behind it, their ids.

    Parameters: `requirement` (events for the planned effect and power, by each formula), `required` (when they are
    expected), `end` (the planned end of follow-up), `look`, `bounds`, `integrated` (their power where hazards are not
    proportional), `bounds-requirement` (the same looks with the planned power), `detectable`, `course` (enrollment and
    events over time), `power-curve`, `sensitivity`, and `text`: the paragraphs, and what is assumed without a source.
    """
    premises = design.premises
    arms = {"control": premises.control_arm, "experimental": premises.arm}
    found = []
    for row in _rows(design):
        level = arms.get(row.level1 or "", row.level1) if row.group1 == "arm" else row.level1
        found.append(replace(row, run=premises.trial, endpoint=premises.endpoint, level1=level))
    return found


def _rows(design: DesignParts) -> Iterator[ResultRow]:
    yield from _requirement_rows(design)
    if design.at_end is not None:
        yield from _of("end", _course_rows(design.at_end))
        yield design_row("power", design.end_power, parameter="end", format="percent", method=design.power_method)
    for look in design.looks:
        yield from _look_rows("look", look, design, alone=design.sequential is None)
    if design.integrated is not None:
        yield from _of("integrated", design.integrated.to_rows())
    whole = {
        "bounds-requirement": design.sequential_requirement,
        "bounds": design.sequential,
        "detectable": design.detectable,
        "sensitivity": design.sensitivity,
    }
    for parameter, part in whole.items():
        if part is not None:
            yield from _of(parameter, part.to_rows())
    yield from _of("course", _course_rows(design.expected))
    for ratio, power in design.power_curve:
        place: dict[str, Any] = {"at": ratio, "at_unit": "hazard ratio", "format": "percent"}
        yield design_row("power", power, parameter="power-curve", **place)
    said = {"paragraph": trial_paragraphs(design), "assumption": design.premises.assumptions}
    for statistic, texts in said.items():
        for number, text in enumerate(texts, start=1):
            place = {"at": float(number), "at_unit": statistic}
            yield design_row(statistic, None, missing=text, parameter="text", **place)


def _requirement_rows(design: DesignParts) -> Iterator[ResultRow]:
    for test in design.requirement:
        yield from _of("requirement", test.to_rows())
    if not design.requirement:
        yield design_row("hazard_ratio", design.hazard_ratio, parameter="requirement", format="ratio")
    if design.required is not None:
        yield from _look_rows("required", design.required, design)


def _of(parameter: str, rows: Iterable[ResultRow]) -> Iterator[ResultRow]:
    return (replace(row, parameter=parameter) for row in rows)


def _course_rows(course: ExpectedCourse) -> Iterator[ResultRow]:
    """Patients and events, of both arms and of each."""
    return (row for row in course.to_rows() if row.statistic in _SHOWN)


def _look_rows(parameter: str, look: PlannedLook, design: DesignParts, *, alone: bool = True) -> Iterator[ResultRow]:
    """Events and date of a look; `alone`, a test without bounds, also with its power."""
    place: dict[str, Any] = {"parameter": parameter, "group1": "look", "level1": look.id}
    if look.number:
        place |= {"look": look.number}
    yield design_row("events", look.events, format="int" if look.events == int(look.events) else None, **place)
    months: dict[str, Any] = {"unit": UNIT, "format": UNIT, "method": "expected-events"}
    if look.course is None:
        yield design_row("time", None, missing="not reached", error=look.problem, **place, **months)
    else:
        yield design_row("time", look.time, **place, **months)
        if not look.dated:
            yield design_row("time_std_error", float(look.course.std_error), **place, **months)
        yield design_row("n", float(look.course.n), method="expected-events", **place)
    if not alone:
        return
    yield design_row("power", look.power, format="percent", method=design.power_method, **place)
    critical = look.test.critical_hazard_ratio
    yield design_row("hazard_ratio_critical", critical, format="ratio", method="schoenfeld", **place)
