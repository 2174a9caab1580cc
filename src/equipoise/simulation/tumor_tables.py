"""Lesions and responses as SDTM rows: TU (identification), TR (measurements) and RS (responses)."""

from __future__ import annotations

from collections.abc import Iterator

from equipoise.simulation.courses import Course
from equipoise.simulation.lesions import NODE, Disease, Lesion, Reading
from equipoise.simulation.records import Record
from equipoise.simulation.story import Story
from equipoise.simulation.visits import SCREENING, Visit, scan_visit

_EVALUATOR = "INVESTIGATOR"
_RESPONSES = {
    "TRGRESP": "Target Response",
    "NTRGRESP": "Non-target Response",
    "NEWLPROG": "New Lesion Progression",
    "OVRLRESP": "Overall Response",
}


def collect_tu(story: Story) -> list[Record]:
    """Every lesion once, at the visit at which it was first seen."""
    rows = []
    for course, disease in _diseases(story):
        for reading, visit, day in _readings(course, disease):
            found = (*disease.targets, *disease.non_targets) if reading.scan is None else ()
            base = _row(story, "TU", course, visit) | {"TUTESTCD": "TUMIDENT", "TUTEST": "Tumor Identification"}
            base |= {"TUMETHOD": "CT SCAN", "TUEVAL": _EVALUATOR, "TUDTC": day}
            rows.extend(
                base | {"TULNKID": lesion.id, "TUORRES": lesion.kind, "TUSTRESC": lesion.kind, "TULOC": lesion.organ}
                for lesion in (*found, *((reading.new,) if reading.new is not None else ()))
            )
    return rows


def collect_tr(story: Story) -> list[Record]:
    """Diameters of the target lesions and their sum, and the state of the others, at every scan."""
    rows = []
    for course, disease in _diseases(story):
        for reading, visit, day in _readings(course, disease):
            base = _row(story, "TR", course, visit) | {"TRMETHOD": "CT SCAN", "TREVAL": _EVALUATOR, "TRDTC": day}
            rows.extend(base | row for row in _results(disease, reading))
    return rows


def collect_rs(story: Story) -> list[Record]:
    """Target, non-target and overall response and whether a new lesion was seen, at every scan after baseline."""
    rows = []
    for course, disease in _diseases(story):
        for reading, visit, day in _readings(course, disease):
            values = {
                "TRGRESP": reading.target,
                "NTRGRESP": reading.non_target,
                "NEWLPROG": "Y" if reading.new is not None else "N",
                "OVRLRESP": reading.overall,
            }
            if reading.scan is None:
                continue
            base = _row(story, "RS", course, visit) | {"RSCAT": "RECIST 1.1", "RSEVAL": _EVALUATOR, "RSDTC": day}
            rows.extend(
                base | {"RSTESTCD": code, "RSTEST": _RESPONSES[code], "RSORRES": value, "RSSTRESC": value}
                for code, value in values.items()
                if value is not None
            )
    return rows


def _diseases(story: Story) -> Iterator[tuple[Course, Disease]]:
    for course in story.courses:
        if course.patient.unit in story.diseases:
            yield course, story.diseases[course.patient.unit]


def _readings(course: Course, disease: Disease) -> Iterator[tuple[Reading, Visit, int]]:
    for reading in disease.readings:
        if reading.scan is None:
            yield reading, SCREENING, course.randomized + disease.baseline_day
        else:
            yield reading, scan_visit(reading.scan, course.scans), course.randomized + reading.scan.day


def _results(disease: Disease, reading: Reading) -> Iterator[Record]:
    for lesion, size in zip(disease.targets, reading.diameters, strict=True):
        code, name = ("LPERP", "Longest Perpendicular") if lesion.organ == NODE else ("LDIAM", "Longest Diameter")
        yield _measurement("TARGET", lesion.id, code, name, size)
    if disease.targets:
        yield _measurement("TARGET", None, "SUMDIAM", "Sum of Diameter", sum(reading.diameters))
    for lesion in disease.non_targets:
        yield _state(lesion, "UNEQUIVOCAL PROGRESSION" if reading.non_target == "PD" else "PRESENT")
    if reading.new is not None:
        yield _state(reading.new, "UNEQUIVOCAL")


def _measurement(group: str, lesion: str | None, code: str, name: str, size: int) -> Record:
    result = {"TRORRES": str(size), "TRORRESU": "mm", "TRSTRESC": str(size), "TRSTRESN": float(size), "TRSTRESU": "mm"}
    return {"TRGRPID": group, "TRLNKID": lesion, "TRTESTCD": code, "TRTEST": name} | result


def _state(lesion: Lesion, state: str) -> Record:
    test = {"TRTESTCD": "TUMSTATE", "TRTEST": "Tumor State", "TRORRES": state, "TRSTRESC": state}
    return {"TRGRPID": lesion.kind, "TRLNKID": lesion.id} | test


def _row(story: Story, domain: str, course: Course, visit: Visit) -> Record:
    subject = {"STUDYID": story.premises.trial.id, "DOMAIN": domain, "USUBJID": course.patient.usubjid}
    return subject | {"VISITNUM": visit.number, "VISIT": visit.name}
