"""The truth behind a synthetic trial, as tables that are kept away from its data."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from equipoise.simulation.assumptions import ASSUMPTIONS
from equipoise.simulation.courses import NEVER, Course
from equipoise.simulation.story import Story


def truth_tables(story: Story) -> dict[str, pl.DataFrame]:
    """`subjects`, one row per randomized patient; `calibration`, by arm; `assumptions`, those no trial file states."""
    return {
        "subjects": _subjects(story),
        "calibration": pl.DataFrame(
            [{"arm": arm, **row} for arm, law in story.truth.items() for row in law.rows],
            schema={
                "arm": pl.String,
                "quantity": pl.String,
                "day": pl.Float64,
                "wanted": pl.Float64,
                "met": pl.Float64,
            },
        ),
        "assumptions": pl.DataFrame(
            [{"name": name, "value": a.value, "unit": a.unit, "reason": a.reason} for name, a in ASSUMPTIONS.items()]
        ),
    }


def _subjects(story: Story) -> pl.DataFrame:
    rows = [_subject(story, course) for course in story.courses]
    days = ("randomization", "progression", "detectable", "death", "dropout", "pfs")
    schema = {"USUBJID": pl.String, "arm": pl.String, "stratum": pl.String, "treated": pl.Boolean}
    schema |= {f"{name}_date": pl.Date for name in days} | {"pfs_end": pl.String, "pfs_days": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("USUBJID")


def _subject(story: Story, course: Course) -> dict[str, object]:
    known = min(course.dropped, story.cutoff - course.randomized)
    ended = course.event_kind != "none" and course.event <= known
    pfs = course.event if ended else max((scan.day for scan in course.scans if scan.day <= known), default=0)
    return {
        "USUBJID": course.patient.usubjid,
        "arm": course.patient.arm,
        "stratum": ", ".join(course.patient.stratum),
        "treated": course.treated,
        "randomization_date": _date(story, course, 0),
        "progression_date": _date(story, course, course.progressed),
        "detectable_date": _date(story, course, course.detectable),
        "death_date": _date(story, course, course.died),
        "dropout_date": _date(story, course, course.dropped),
        "pfs_end": course.event_kind if ended else "censored",
        "pfs_date": _date(story, course, pfs),
        "pfs_days": pfs + 1,
    }


def _date(story: Story, course: Course, day: int) -> date | None:
    """A day after randomization as a date; None for what lies beyond any lifetime."""
    return None if day >= NEVER // 10 else story.premises.origin + timedelta(days=course.randomized + day)
