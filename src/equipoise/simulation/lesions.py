"""Lesions at baseline and at every scan, measured in whole millimeters, that follow the patient's true course.

Up to five target lesions, two per organ, nodes by their short axis; non-target lesions; new lesions. The sums are made
so that RECIST 1.1 read off them gives the response the course calls for: growth by 20% and 5 mm over the smallest sum,
a new lesion or unequivocal growth of a non-target lesion at the scan that shows progression, and never before; a
decrease by 30% from baseline in responders.
Source: Eisenhauer EA et al. Eur J Cancer 2009;45:228-247, doi:10.1016/j.ejca.2008.10.026.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from equipoise.seeds import Stream
from equipoise.simulation.assumptions import assumed
from equipoise.simulation.courses import Course, Scan

NODE = "LYMPH NODE"
_VISCERAL = ("LIVER", "LUNG")
_SOFT = (NODE, "BREAST", "SKIN", "CHEST WALL")
_NEW = ("LIVER", "BONE", "LUNG", NODE, "BRAIN", "SKIN")
_MOST_TARGETS, _MOST_PER_ORGAN = 5, 2
_SMALLEST, _SMALLEST_NODE = 5, 10
_BASELINE_DRAWS, _SCAN_DRAWS = 24, 8
_UNIFORM_RANGE = math.sqrt(12.0)

# RECIST 1.1, section 4.3.1: growth by 20% and 5 mm; in whole numbers, since 0.7 of 10 is less than 7 in floating point.
_LEAST_GROWTH = 5


@dataclass(frozen=True)
class Lesion:
    """One lesion: link id, organ, and kind TARGET, NON-TARGET or NEW."""

    id: str
    organ: str
    kind: str


@dataclass(frozen=True)
class Reading:
    """One scan as the investigator read it.

    `scan` is None at baseline; `diameters` of the targets in millimeters; `target`, `non_target` and `overall` are the
    RECIST responses (None where there is nothing to judge, and at baseline); `new` a lesion seen for the first time.
    """

    scan: Scan | None
    diameters: tuple[int, ...]
    target: str | None
    non_target: str | None
    new: Lesion | None
    overall: str | None


@dataclass(frozen=True)
class Disease:
    """One patient's lesions and all readings, baseline first; `baseline_day` counts from randomization (negative)."""

    baseline_day: int
    targets: tuple[Lesion, ...]
    non_targets: tuple[Lesion, ...]
    readings: tuple[Reading, ...]


def draw_diseases(
    courses: Sequence[Course], response: dict[str, float], seed: int, replicate: int
) -> dict[int, Disease]:
    """The disease of every randomized patient, by unit.

    `response` is, by arm, the probability that a patient with measurable disease and no progression at the first scan
    responds.
    """
    units = [course.patient.unit for course in courses]
    size = _BASELINE_DRAWS + _SCAN_DRAWS * max((len(course.scans) for course in courses), default=0)
    draws = Stream(seed, "lesions", replicate).uniforms(units, size).tolist()
    choices = Stream(seed, "response", replicate).uniforms(units, 4).tolist()
    return {
        course.patient.unit: _draw_disease(course, response.get(course.patient.arm or "", 0.0), u, choice)
        for course, u, choice in zip(courses, draws, choices, strict=True)
    }


def may_respond(course: Course, measurable: bool) -> bool:
    """Whether a response can show: measurable disease, and a scan without progression."""
    return measurable and any(not _shows_progression(course, scan) for scan in course.scans)


def is_measurable(course: Course) -> bool:
    """The baseline variable `measurable`, where the trial has one; else every patient has target lesions."""
    return course.patient.values.get("measurable", "Y") != "N"


def _draw_disease(course: Course, response: float, u: list[float], choice: list[float]) -> Disease:
    measurable = is_measurable(course)
    targets = _draw_targets(course, u) if measurable else ()
    non_targets = _draw_non_targets(course, measurable, u)
    screening = course.patient.decided - course.patient.consent
    baseline = -(1 + math.floor(u[0] * min(screening - 1, 13))) if screening > 1 else -1
    first = tuple(_baseline_diameter(lesion, u[14 + k]) for k, lesion in enumerate(targets))
    readings = [Reading(None, first, None, None, None, None)]
    responds = may_respond(course, measurable) and choice[0] < response
    shown_from = 0 if choice[1] < assumed("response_at_first_scan") else 1
    for k, scan in enumerate(course.scans):
        v = u[_BASELINE_DRAWS + _SCAN_DRAWS * k : _BASELINE_DRAWS + _SCAN_DRAWS * (k + 1)]
        last_free = k + 1 == len(course.scans) or _shows_progression(course, course.scans[k + 1])
        shows = responds and (k >= shown_from or last_free)
        if _shows_progression(course, scan):
            readings.append(_progressed(scan, targets, non_targets, readings, choice, v))
        else:
            readings.append(_stable(scan, targets, non_targets, readings, shows, v))
    return Disease(baseline, targets, non_targets, tuple(readings))


def _shows_progression(course: Course, scan: Scan) -> bool:
    return course.event_kind == "progression" and scan.day == course.event


def _draw_targets(course: Course, u: list[float]) -> tuple[Lesion, ...]:
    visceral = course.patient.values.get("visceral")
    organs = list(_SOFT if visceral == "N" else (*_VISCERAL, *_SOFT))
    count = 1 + min(int(u[1] * u[1] * _MOST_TARGETS), _MOST_TARGETS - 1)
    chosen: list[str] = [_VISCERAL[int(u[2] * 2)]] if visceral == "Y" else []
    for k in range(len(chosen), count):
        free = [organ for organ in organs if chosen.count(organ) < _MOST_PER_ORGAN]
        chosen.append(free[int(u[2 + k] * len(free))])
    return tuple(Lesion(f"T{k + 1:02d}", organ, "TARGET") for k, organ in enumerate(sorted(chosen)))


def _draw_non_targets(course: Course, measurable: bool, u: list[float]) -> tuple[Lesion, ...]:
    """Bone lesions and effusions; there is always one where nothing can be measured."""
    organs = ["BONE"] if u[8] < 0.6 or not measurable else []
    if not measurable and course.patient.values.get("visceral") == "Y":
        organs.append("PLEURA")
    elif u[9] < 0.2:
        organs.append(NODE)
    return tuple(Lesion(f"NT{k + 1:02d}", organ, "NON-TARGET") for k, organ in enumerate(organs))


def _baseline_diameter(lesion: Lesion, u: float) -> int:
    """Targets measure at least 10 mm, nodes at least 15 mm in the short axis."""
    return 15 + math.floor(20 * u * u) if lesion.organ == NODE else 10 + math.floor(50 * u * u)


def _stable(
    scan: Scan,
    targets: tuple[Lesion, ...],
    non_targets: tuple[Lesion, ...],
    before: list[Reading],
    responds: bool,
    v: list[float],
) -> Reading:
    """A scan without progression: partial response in a responder, else stable disease."""
    non_target = "NON-CR/NON-PD" if non_targets else None
    if not targets:
        return Reading(scan, (), None, non_target, None, "NON-CR/NON-PD")
    base, nadir = sum(before[0].diameters), min(sum(reading.diameters) for reading in before)
    ceiling = _progressive(nadir) - 1
    if responds:
        ratio, low, high = 0.45 + 0.2 * v[0], 0, min(_partial(base), ceiling)
    else:
        ratio, low, high = 0.8 + 0.3 * v[0], _partial(base) + 1, ceiling
    values = _measured(targets, before[0].diameters, ratio, v)
    response = "PR" if responds else "SD"
    return Reading(scan, _settled(targets, values, low, high), response, non_target, None, response)


def _progressed(
    scan: Scan,
    targets: tuple[Lesion, ...],
    non_targets: tuple[Lesion, ...],
    before: list[Reading],
    choice: list[float],
    v: list[float],
) -> Reading:
    """The scan that shows progression: by target growth, by a new lesion, or by unequivocal non-target growth."""
    by = _manner(bool(targets), bool(non_targets), choice[2])
    known = {lesion.organ for lesion in (*targets, *non_targets)}
    organs = [organ for organ in _NEW if organ not in known]
    new = Lesion("NEW01", organs[int(choice[3] * len(organs))], "NEW") if by == "new" else None
    responding = before[-1].target == "PR"
    still = _stable(scan, targets, non_targets, before, responding, v)
    diameters, target = still.diameters, still.target
    if by == "target":
        nadir = min(sum(reading.diameters) for reading in before)
        low = _progressive(nadir)
        smallest = min(before, key=lambda reading: sum(reading.diameters))
        values = _measured(targets, smallest.diameters, 1.25 + 0.35 * v[0], v)
        diameters, target = _settled(targets, values, low, 10**6), "PD"
    non_target = "PD" if by == "non-target" else still.non_target
    return Reading(scan, diameters, target, non_target, new, "PD")


def _progressive(nadir: int) -> int:
    """The least sum that is progression: 20% and 5 mm over the smallest so far."""
    return max(-(-6 * nadir // 5), nadir + _LEAST_GROWTH)


def _partial(base: int) -> int:
    """The largest sum that is a partial response: 30% below baseline."""
    return 7 * base // 10


def _manner(measurable: bool, non_targets: bool, u: float) -> str:
    growth = assumed("target_growth") if measurable else 0.0
    new = assumed("new_lesion") / (1.0 if measurable else 1.0 - assumed("target_growth"))
    if u < growth:
        return "target"
    return "new" if u < growth + new or not non_targets else "non-target"


def _measured(targets: tuple[Lesion, ...], start: tuple[int, ...], ratio: float, v: list[float]) -> list[int]:
    noise = assumed("reader_noise") * _UNIFORM_RANGE
    values = [size * ratio * (1.0 + noise * (v[1 + k] - 0.5)) for k, size in enumerate(start)]
    return [max(round(value), _least(lesion)) for value, lesion in zip(values, targets, strict=True)]


def _settled(targets: tuple[Lesion, ...], values: list[int], low: int, high: int) -> tuple[int, ...]:
    """The nearest diameters whose sum is from low to high, moved a millimeter at a time, largest lesion first."""
    settled = list(values)
    while sum(settled) < low:
        settled[settled.index(max(settled))] += 1
    while sum(settled) > high:
        spare = [size - _least(lesion) for size, lesion in zip(settled, targets, strict=True)]
        settled[spare.index(max(spare))] -= 1
    return tuple(settled)


def _least(lesion: Lesion) -> int:
    """No target shrinks below what can be measured, and no node to normal size: nobody has a complete response."""
    return _SMALLEST_NODE if lesion.organ == NODE else _SMALLEST
