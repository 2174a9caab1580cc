"""One synthetic trial as it happened, before anything is collected: patients, courses, treatments, events, lesions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from equipoise.simulation.calibration import Calibration
from equipoise.simulation.courses import NEVER, Course, draw_courses, solve_cutoff
from equipoise.simulation.enrollment import Screened, draw_cohort
from equipoise.simulation.lesions import Disease, draw_diseases
from equipoise.simulation.premises import Premises, calibrate
from equipoise.simulation.responders import expect_response
from equipoise.simulation.safety import Event, draw_events
from equipoise.simulation.treatment import Reaction, Treatment, draw_treatments


@dataclass(frozen=True)
class Story:
    """Everything that happened. Parts about one patient are found by the patient's unit."""

    premises: Premises
    truth: Mapping[str, Calibration]
    cohort: tuple[Screened, ...]
    courses: tuple[Course, ...]
    treatments: Mapping[int, Treatment]
    events: Mapping[int, list[Event]]
    reactions: Mapping[int, list[Reaction]]
    diseases: Mapping[int, Disease]
    cutoff: int
    seed: int
    replicate: int
    by_unit: Mapping[int, Course] = field(default_factory=dict)

    def seen_until(self, course: Course) -> int:
        """The last day, counted from randomization, on which anything about the patient can be known."""
        return min(course.died, course.dropped, self.cutoff - course.randomized)

    def was_dosed(self, course: Course) -> bool:
        """Whether the patient is known to have had a first dose."""
        return course.patient.unit in self.treatments and course.first_dose <= self.seen_until(course)

    def reference(self) -> dict[str, int]:
        """Day of the calendar that --DY counts from: the first dose, else randomization, by subject."""
        return {
            course.patient.usubjid: course.randomized + (course.first_dose if self.was_dosed(course) else 0)
            for course in self.courses
            if course.randomized <= self.cutoff
        }


def draw_story(premises: Premises, seed: int, replicate: int) -> Story:
    """Draw one trial of a scenario, from the first patient's consent to the data cutoff and beyond."""
    truth = calibrate(premises)
    cohort = draw_cohort(premises, seed, replicate)
    courses = draw_courses(premises, truth, cohort, seed, replicate)
    treatments = draw_treatments(premises, courses, seed, replicate)
    cutoff = solve_cutoff(premises, courses)
    events, reactions, treatments = draw_events(premises, courses, treatments, cutoff, seed, replicate)
    diseases: dict[int, Disease] = {}
    if premises.progression is not None:
        diseases = draw_diseases(courses, expect_response(premises, truth), seed, replicate)
    return Story(
        premises=premises,
        truth=truth,
        cohort=tuple(cohort),
        courses=tuple(courses),
        treatments=treatments,
        events=events,
        reactions=reactions,
        diseases=diseases,
        cutoff=cutoff,
        seed=seed,
        replicate=replicate,
        by_unit={course.patient.unit: course for course in courses},
    )


__all__ = ["NEVER", "Story", "draw_story"]
