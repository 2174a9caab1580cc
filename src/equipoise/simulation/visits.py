"""Visits: one numbering for treatment visits and scans, so that a visit name always has one visit number."""

from __future__ import annotations

import math
from dataclasses import dataclass

from equipoise.simulation.courses import NEVER, Course, Scan
from equipoise.simulation.records import Record
from equipoise.simulation.story import Story

_FOLLOW_UP_NUMBER = 900


@dataclass(frozen=True)
class Visit:
    """A visit: VISITNUM, VISIT, and the planned day after randomization (None when unscheduled)."""

    number: float
    name: str
    planned: int | None


SCREENING = Visit(1.0, "SCREENING", None)


def planned_visit(day: int) -> Visit:
    """The visit planned so many days after randomization: WEEK n has number n + 2."""
    if day == 0:
        return Visit(2.0, "DAY 1", 0)
    weeks = day / 7
    return Visit(round(2 + weeks, 2), f"WEEK {day // 7}" if day % 7 == 0 else f"DAY {day + 1}", day)


def scan_visit(scan: Scan, scans: tuple[Scan, ...]) -> Visit:
    """The visit of a scan; an unscheduled one is numbered after its week and after the scheduled scans before it."""
    if scan.planned is not None:
        return planned_visit(scan.planned)
    before = [other.planned // 7 for other in scans if other.planned is not None and other.day < scan.day]
    number = round(2 + max(*before, scan.day // 7, 0) + 0.1, 2)
    return Visit(number, f"UNSCHEDULED {number:g}", None)


def collect_sv(story: Story) -> list[Record]:
    """Every visit that took place: screening, treatment visits, scans and survival follow-up."""
    rows = []
    for patient in story.cohort:
        base = {"STUDYID": story.premises.trial.id, "DOMAIN": "SV", "USUBJID": patient.usubjid}
        rows.append(base | _sv(SCREENING, "SCREENING", patient.consent, patient.consent))
        course = story.by_unit.get(patient.unit)
        if course is not None:
            rows.extend(base | row for row in _visits_of(story, course))
    return rows


def _visits_of(story: Story, course: Course) -> list[Record]:
    start, until = course.randomized, story.seen_until(course)
    treatment = story.treatments.get(course.patient.unit)
    last = min(treatment.last, until) if treatment is not None else 0
    days: dict[Visit, list[int]] = {planned_visit(0): [0]}
    for planned in _cycle_days(story, last):
        days.setdefault(planned_visit(planned), []).append(planned)
    for scan in course.scans:
        if scan.day <= until:
            days.setdefault(scan_visit(scan, course.scans), []).append(scan.day)
    rows = [
        _sv(visit, "TREATMENT" if min(on) <= last else "FOLLOW-UP", start + min(on), start + max(on))
        for visit, on in days.items()
    ]
    return rows + _follow_up(story, course, last, until)


def _cycle_days(story: Story, last: int) -> list[int]:
    cycle = story.premises.trial.schedule.cycle
    return list(range(math.floor(cycle.days), last + 1, math.floor(cycle.days))) if cycle is not None else []


def _follow_up(story: Story, course: Course, last: int, until: int) -> list[Record]:
    """Contacts for survival, from the end of treatment on; nobody is called on the day of death."""
    every = story.premises.trial.schedule.follow_up
    treatment = story.treatments.get(course.patient.unit)
    if every is None or (treatment is not None and treatment.last > until) or until >= NEVER:
        return []
    gap = max(math.floor(every.value.days), 1)
    final = min(until, course.died - 1)
    return [
        _sv(
            Visit(_FOLLOW_UP_NUMBER + k, f"SURVIVAL FOLLOW-UP {k}", None),
            "FOLLOW-UP",
            course.randomized + day,
            course.randomized + day,
        )
        for k, day in enumerate(range(last + gap, final + 1, gap), start=1)
    ]


def _sv(visit: Visit, epoch: str, start: int, stop: int) -> Record:
    return {"VISITNUM": visit.number, "VISIT": visit.name, "EPOCH": epoch, "SVSTDTC": start, "SVENDTC": stop}
