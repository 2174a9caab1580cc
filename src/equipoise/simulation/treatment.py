"""Who receives what, from when to when, at which dose, and why treatment ends."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from equipoise.protocol import parse_expression
from equipoise.protocol.conduct import Intervention
from equipoise.seeds import Stream
from equipoise.simulation.assumptions import assumed
from equipoise.simulation.baseline import prior_drug
from equipoise.simulation.courses import NEVER, Course
from equipoise.simulation.premises import Premises

_INTERRUPTION_DAYS = 7
_INJECTED = re.compile(r"intramuscular|intravenous|subcutaneous|infusion|injection", re.IGNORECASE)
_ROUTES = {"intramuscular": "INTRAMUSCULAR", "intravenous": "INTRAVENOUS", "infusion": "INTRAVENOUS"}
_FIRST_CYCLE = re.compile(r"days ([0-9, and]+) of cycle 1", re.IGNORECASE)


@dataclass(frozen=True)
class Reaction:
    """One adverse event that makes the dose change: the day of onset, the drug, and what was done."""

    day: int
    drug: str
    action: str


@dataclass(frozen=True)
class Dose:
    """One stretch of one drug at one dose; days after randomization, both ends included."""

    drug: Intervention
    amount: float
    start: int
    stop: int
    adjusted: str | None


@dataclass(frozen=True)
class Treatment:
    """One patient's study treatment: first and last day, why it ended (None where nothing ends it), and the drugs."""

    first: int
    last: int
    reason: str | None
    drugs: tuple[Intervention, ...]


def draw_treatments(premises: Premises, courses: Sequence[Course], seed: int, replicate: int) -> dict[int, Treatment]:
    """The treatment of every treated patient, by unit, before any adverse event has shortened it."""
    rules = {drug.id: parse_expression(drug.when) for drug in premises.trial.interventions if drug.when is not None}
    units = [course.patient.unit for course in courses]
    lags = Stream(seed, "treatment", replicate).uniforms(units, 1, first=2)[:, 0] * (assumed("longest_stop_delay") + 1)
    found = {}
    for course, lag in zip(courses, lags, strict=True):
        if course.treated:
            given = [
                premises.trial.intervention(name) for name in premises.trial.arm(course.patient.arm or "").interventions
            ]
            drugs = [d for d in given if d.id not in rules or rules[d.id].evaluate(course.patient.values) is True]
            last, reason = _end(course, math.floor(lag))
            found[course.patient.unit] = Treatment(course.first_dose, last, reason, tuple(drugs))
    return found


def shortened(treatment: Treatment, day: int) -> Treatment:
    """The treatment, ended by an adverse event on a day unless it had ended before."""
    if day >= treatment.last:
        return treatment
    return replace(treatment, last=max(day, treatment.first), reason="ADVERSE EVENT")


def derive_doses(
    premises: Premises, course: Course, treatment: Treatment, reactions: Sequence[Reaction], until: int
) -> list[Dose]:
    """The dose records of one patient that start on or before day `until`, cycle by cycle.

    A reaction that interrupts delays the drug's next cycle by a week; one that reduces lowers its dose from then on.
    """
    doses: list[Dose] = []
    for drug in treatment.drugs:
        doses.extend(_doses_of(premises, course, treatment, drug, [r for r in reactions if r.drug == drug.id], until))
    return sorted(doses, key=lambda dose: (dose.start, dose.drug.id))


def adjustable(premises: Premises, course: Course) -> list[str]:
    """The drugs whose dose adverse events change: those of the patient's arm that the control arm does not give."""
    control = premises.trial.control.interventions
    return [name for name in premises.trial.arm(course.patient.arm or "").interventions if name not in control]


def route(drug: Intervention) -> tuple[str | None, str | None]:
    """EXROUTE and EXDOSFRQ, as far as the schedule's wording tells."""
    text = drug.schedule.lower()
    found = next((code for word, code in _ROUTES.items() if word in text), None)
    if "once daily" in text:
        return found or "ORAL", "QD"
    return found, "Q4W" if "28-day cycle" in text else None


def _end(course: Course, lag: int) -> tuple[int, str | None]:
    """The last day of treatment and its reason, adverse events aside."""
    ends = [(course.died, "DEATH"), (course.dropped, "LOST TO FOLLOW-UP")]
    if course.event_kind == "progression":
        ends.insert(0, (max(course.event + lag, course.first_dose), "PROGRESSIVE DISEASE"))
    day, reason = min(ends, key=lambda end: end[0])
    return max(day, course.first_dose), reason if day < NEVER else None


def _doses_of(
    premises: Premises, course: Course, treatment: Treatment, drug: Intervention, reactions: list[Reaction], until: int
) -> list[Dose]:
    cycle = premises.trial.schedule.cycle
    length = math.floor(cycle.days) if cycle is not None else max(treatment.last, until) - treatment.first + 1
    amount, start, number, doses = _first_amount(premises, course, drug), treatment.first, 1, []
    open_reactions, adjusted = sorted(reactions, key=lambda reaction: reaction.day), None
    while start <= min(treatment.last, until):
        for first, last in _days_given(drug, start, length, number):
            if first <= min(treatment.last, until):
                doses.append(Dose(drug, amount, first, min(last, treatment.last), adjusted))
        start, number, adjusted = start + length, number + 1, None
        while open_reactions and open_reactions[0].day < start:
            reaction = open_reactions.pop(0)
            if reaction.action == "DOSE REDUCED":
                amount, adjusted = _reduced(drug, amount), "ADVERSE EVENT"
            elif reaction.action == "DRUG INTERRUPTED":
                start, adjusted = start + _INTERRUPTION_DAYS, adjusted or "ADVERSE EVENT"
    return doses


def _days_given(drug: Intervention, start: int, length: int, number: int) -> list[tuple[int, int]]:
    """First and last days of dosing within one cycle."""
    if _INJECTED.search(drug.schedule):
        found = _FIRST_CYCLE.search(drug.schedule) if number == 1 else None
        days = [int(day) for day in re.findall(r"\d+", found.group(1))] if found else [1]
        return [(start + day - 1, start + day - 1) for day in days]
    on = drug.days_on or length
    period = on + (drug.days_off or 0)
    return [(first, min(first + on, start + length) - 1) for first in range(start, start + length, period)]


def _first_amount(premises: Premises, course: Course, drug: Intervention) -> float:
    """The starting dose: the full one, or one level less where a lower dose of the same drug was used before."""
    if drug.dose is None:
        return 1.0
    full = drug.dose.value
    for name in premises.trial.variables:
        before = course.patient.values.get(name)
        if prior_drug(premises.trial, name) is drug and isinstance(before, int | float) and before < full:
            return _reduced(drug, full)
    return full


def _reduced(drug: Intervention, amount: float) -> float:
    """One level less, never below three levels under the full dose."""
    full = drug.dose.value if drug.dose is not None else amount
    step = assumed("reduction_step") * full
    return round(max(amount - step, full - 3 * step), 6)
