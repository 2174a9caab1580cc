"""What happens to each randomized patient: progression, scans, death, dropout, and when the trial is cut off."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise.seeds import Stream
from equipoise.simulation.assumptions import assumed
from equipoise.simulation.calibration import Calibration
from equipoise.simulation.enrollment import Screened
from equipoise.simulation.observation import ScanPlan
from equipoise.simulation.premises import Premises, scan_plan

Days = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Later than anything that happens: a day that never comes.
NEVER = 10**6
_LONGEST = 40 * 365


@dataclass(frozen=True)
class Scan:
    """One attended scan: days after randomization, and its planned day (None when unscheduled)."""

    day: int
    planned: int | None


@dataclass(frozen=True)
class Course:
    """One randomized patient's truth. Days count from randomization; `NEVER` for what does not happen.

    `progressed` latent progression; `detectable` the first attended scan on or after it, had the patient lived and
    stayed; `event` the observed end of progression-free survival and `event_kind` what it was ("progression", "death",
    or "none" when dropout came first); `scans` those attended before that end or dropout, the end included.
    """

    patient: Screened
    randomized: int
    treated: bool
    first_dose: int
    progressed: int
    detectable: int
    died: int
    dropped: int
    event: int
    event_kind: str
    scans: tuple[Scan, ...]


def draw_courses(
    premises: Premises, truth: dict[str, Calibration], cohort: list[Screened], seed: int, replicate: int
) -> list[Course]:
    """The course of every randomized patient, in the order of randomization, without any data cutoff."""
    patients = [patient for patient in cohort if patient.arm is not None]
    units = np.array([patient.unit for patient in patients])
    arms = [patient.arm or "" for patient in patients]
    progressed, died = _draw_latent(premises, truth, units, arms, seed, replicate)
    dropped = _draw_dropout(premises, units, seed, replicate)
    treated, first_dose = _draw_start(premises, units, arms, seed, replicate)
    anchor = _anchor(premises, treated, first_dose)
    finite = progressed[progressed < _LONGEST]
    plan = scan_plan(premises, float(finite.max(initial=0)) + 400.0)
    scans, suspected = _draw_scans(plan, units, progressed, anchor, seed, replicate)
    detectable = np.minimum(_first_from(scans, progressed), suspected)
    event = np.minimum(detectable, died)
    kind = np.where(detectable <= died, "progression", "death")
    kind = np.where((event > dropped) | (event >= _LONGEST), "none", kind)
    return [
        Course(
            patient=patients[i],
            randomized=patients[i].decided,
            treated=bool(treated[i]),
            first_dose=int(first_dose[i]),
            progressed=int(progressed[i]),
            detectable=int(detectable[i]),
            died=int(died[i]),
            dropped=int(dropped[i]),
            event=int(event[i]) if kind[i] != "none" else NEVER,
            event_kind=str(kind[i]),
            scans=_attended(plan, scans[i], int(suspected[i]), int(min(event[i], dropped[i]))),
        )
        for i in range(len(patients))
    ]


def solve_cutoff(premises: Premises, courses: list[Course]) -> int:
    """The day of the data cutoff, counted from the origin.

    By events: the day of the event that the trigger names, the last event where dropout leaves too few; not before the
    last patient is randomized and has been followed as long as the scenario says. By time: so long after the first
    randomization.
    """
    starts = [course.randomized for course in courses]
    if premises.trigger_day is not None:
        return min(starts) + math.ceil(premises.trigger_day)
    days = sorted(course.randomized + course.event for course in courses if course.event_kind != "none")
    wanted = premises.trigger_events or 1
    reached = days[min(wanted, len(days)) - 1] if days else 0
    return max(reached, max(starts) + math.ceil(premises.least_follow_up))


def _draw_latent(
    premises: Premises, truth: dict[str, Calibration], units: Days, arms: list[str], seed: int, replicate: int
) -> tuple[Days, Days]:
    """Days of latent progression and of death."""
    to_progression = Stream(seed, "progression", replicate).exponentials(units, 1)[:, 0]
    to_death = Stream(seed, "survival", replicate).exponentials(units, 2)
    progressed, died = np.empty(len(units)), np.empty(len(units))
    for arm in premises.arms:
        rows = np.array([name == arm for name in arms])
        law = truth[arm]
        progressed[rows] = law.progression.inverse(to_progression[rows])
        early = _divided(to_death[rows, 0], law.death_before)
        late = progressed[rows] + _divided(to_death[rows, 1], law.death_after)
        died[rows] = np.where(early <= progressed[rows], early, late)
    if premises.progression is None:
        # Without a progression endpoint the calibrated hazard is that of death itself.
        return np.full(len(units), NEVER), _day(progressed)
    return _day(progressed), _day(died)


def _draw_dropout(premises: Premises, units: Days, seed: int, replicate: int) -> Days:
    return _day(_divided(Stream(seed, "dropout", replicate).exponentials(units, 1)[:, 0], premises.dropout))


def _draw_start(
    premises: Premises, units: Days, arms: list[str], seed: int, replicate: int
) -> tuple[npt.NDArray[np.bool_], Days]:
    """Who is treated, and the days from randomization to the first dose."""
    uniforms = Stream(seed, "treatment", replicate).uniforms(units, 2)
    plan = premises.scenario.not_treated
    untreated = np.array([plan[arm].value if arm in plan else 0.0 for arm in arms])
    delay = np.floor(uniforms[:, 1] * (assumed("longest_start_delay") + 1)).astype(np.int64)
    return uniforms[:, 0] >= untreated, delay


def _anchor(premises: Premises, treated: npt.NDArray[np.bool_], first_dose: Days) -> Days:
    assessments = premises.trial.schedule.tumor_assessments
    if assessments is not None and assessments.anchor == "first dose":
        return np.where(treated, first_dose, 0)
    return np.zeros(len(first_dose), dtype=np.int64)


def _draw_scans(
    plan: ScanPlan, units: Days, progressed: Days, anchor: Days, seed: int, replicate: int
) -> tuple[Days, Days]:
    """Days of the scheduled scans (`NEVER` where missed) and of the scan on suspicion of progression."""
    size = len(plan.planned)
    uniforms = Stream(seed, "assessment", replicate).uniforms(units, 2 + 2 * size)
    bounds = np.cumsum(plan.offsets)
    offset = plan.first_offset + np.minimum(np.searchsorted(bounds, uniforms[:, 2::2], side="right"), len(bounds) - 1)
    scans = np.maximum(anchor[:, None] + np.array(plan.planned, dtype=np.int64)[None, :] + offset, 1)
    scans = np.where(uniforms[:, 3::2] < plan.missed, NEVER, scans)
    delay = 1 + np.floor(-np.log1p(-uniforms[:, 1]) * plan.delay).astype(np.int64)
    suspected = (uniforms[:, 0] < plan.suspicion) & (progressed < NEVER)
    return scans, np.where(suspected, progressed + delay, NEVER)


def _first_from(scans: Days, day: Days) -> Days:
    return np.where(scans >= day[:, None], scans, NEVER).min(axis=1, initial=NEVER)


def _attended(plan: ScanPlan, scans: Days, suspected: int, end: int) -> tuple[Scan, ...]:
    done = [Scan(int(day), planned) for day, planned in zip(scans, plan.planned, strict=True) if day <= end]
    if suspected <= end and all(scan.day != suspected for scan in done):
        done.append(Scan(suspected, None))
    return tuple(sorted(done, key=lambda scan: scan.day))


def _divided(exponential: Floats, rate: float) -> Floats:
    return exponential / rate if rate > 0 else np.full(len(exponential), np.inf)


def _day(time: Floats) -> Days:
    """The day that contains a time; day 1 is the first after randomization."""
    return np.ceil(np.minimum(time, NEVER)).astype(np.int64).clip(1)
