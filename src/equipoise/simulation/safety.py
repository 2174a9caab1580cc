"""Adverse events whose incidence per patient is the scenario's, term by term and for any event of grade 3 or more.

Let A be the probability of any event of grade 3 or more and p_i that of term i, A >= p_i. A patient has grade 3 events
at all with probability A, and then term i, independently, with probability p_i / A; where no term comes up, the event
is one outside the scenario's list. So every p_i and A itself are met exactly, and events cluster in patients. Grades 1
and 2 of a term come with probability (any - p_i) / (1 - p_i) to those without grade 3 of it.

A published percentage counts what had happened by a data cutoff, and patients enrolled late had little time. So all
incidences of an arm are first divided by the mean probability that an event falls before the cutoff.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from equipoise.errors import ArgumentError
from equipoise.protocol.scenarios import AdverseEventAssumptions, AdverseEventTerm
from equipoise.seeds import Stream
from equipoise.simulation.assumptions import assumed
from equipoise.simulation.courses import Course
from equipoise.simulation.premises import Premises
from equipoise.simulation.treatment import Reaction, Treatment, adjustable, shortened

_BLOOD = "Blood and lymphatic system disorders"
_DRAWS_PER_TERM = 8
_LATEST_AFTER_LAST_DOSE = 7
_TYPICAL_EXPOSURE = 100.0
_SEVERE_DAYS, _MILD_DAYS, _UNTIL_NEXT = 10, 25, 28
_GRADE_2_SHARE = 0.4
_GRADE_4_SHARE = 0.15

# Grade 3 events outside a scenario's list: a term is needed, and these happen in any advanced cancer.
OTHER_TERMS = (
    ("Hypertension", "Vascular disorders"),
    ("Pulmonary embolism", "Respiratory, thoracic and mediastinal disorders"),
    ("Dyspnoea", "Respiratory, thoracic and mediastinal disorders"),
    ("Pneumonia", "Infections and infestations"),
    ("Hyponatraemia", "Metabolism and nutrition disorders"),
    ("Gamma-glutamyltransferase increased", "Investigations"),
)


@dataclass(frozen=True)
class Event:
    """One adverse event; days after randomization."""

    term: str
    soc: str
    grade: int
    start: int
    stop: int
    serious: bool
    related: bool
    action: str


@dataclass(frozen=True)
class _Risks:
    """One arm's probabilities: any event of grade 3 or more; each term with its own, of grade 3 or more and any."""

    any_severe: float
    terms: tuple[tuple[AdverseEventTerm, float, float], ...]


def check_adverse_events(premises: Premises) -> None:
    """Refuse incidences that contradict each other (ArgumentError `argument-invalid`)."""
    plan = premises.scenario.adverse_events
    for term in plan.terms if plan is not None else ():
        for arm in premises.arms:
            severe, listed, any_severe = _rate(term.grade_3, arm), _rate(term.any_grade, arm), _any_severe(plan, arm)
            if severe > min(listed, any_severe):
                other = "any grade" if severe > listed else "any event of grade 3 or more"
                raise ArgumentError(
                    "argument-invalid",
                    f"{term.term} of grade 3 or more in {arm} has incidence {severe:g}, above the "
                    f"{min(listed, any_severe):g} of {other}",
                    where=f"scenarios.{premises.scenario.id}.adverse_events.{term.term}",
                    reason="a patient with this event counts in both",
                    hint="correct one of the two incidences",
                )


def draw_events(
    premises: Premises,
    courses: Sequence[Course],
    treatments: dict[int, Treatment],
    cutoff: int,
    seed: int,
    replicate: int,
) -> tuple[dict[int, list[Event]], dict[int, list[Reaction]], dict[int, Treatment]]:
    """The adverse events of every treated patient, the dose changes they cause, and the treatments they shorten."""
    plan = premises.scenario.adverse_events
    treated = [course for course in courses if course.patient.unit in treatments]
    if plan is None or not treated:
        return {}, {}, treatments
    check_adverse_events(premises)
    size = 2 + _DRAWS_PER_TERM * (len(plan.terms) + 1)
    risks = {arm: _risks(plan, arm, _reach(arm, treated, treatments, cutoff)) for arm in premises.arms}
    draws = Stream(seed, "adverse-events", replicate).uniforms([c.patient.unit for c in treated], size).tolist()
    events, reactions, ended = {}, {}, dict(treatments)
    for course, u in zip(treated, draws, strict=True):
        unit = course.patient.unit
        drawn = _draw_patient(premises, risks[course.patient.arm or ""], course, treatments[unit], u)
        stop = min((e.start for e in drawn if e.action == "DRUG WITHDRAWN"), default=None)
        if stop is not None:
            ended[unit] = shortened(treatments[unit], stop + 2)
        drugs = adjustable(premises, course)
        events[unit] = [e for e in drawn if e.start <= ended[unit].last + 30]
        reactions[unit] = [Reaction(e.start, drug, e.action) for e in events[unit] for drug in drugs if e.related]
    return events, reactions, ended


def _reach(arm: str, treated: Sequence[Course], treatments: dict[int, Treatment], cutoff: int) -> float:
    """The mean probability, over an arm's patients treated by the cutoff, that an event falls before the cutoff."""
    shares = []
    for course in treated:
        treatment = treatments[course.patient.unit]
        seen = cutoff - course.randomized - treatment.first
        if course.patient.arm == arm and seen >= 0:
            window = _window(course, treatment)
            shares.append(min(1.0, math.expm1(-(seen + 1) / _onset()) / math.expm1(-window / _onset())))
    return sum(shares) / len(shares) if shares else 1.0


def _risks(plan: AdverseEventAssumptions, arm: str, reach: float) -> _Risks:
    any_severe = min(1.0, _any_severe(plan, arm) / reach)
    terms = []
    for term in plan.terms:
        severe = min(any_severe, _rate(term.grade_3, arm) / reach)
        terms.append((term, severe, max(severe, min(1.0, _rate(term.any_grade, arm) / reach))))
    return _Risks(any_severe, tuple(terms))


def _draw_patient(
    premises: Premises, risks: _Risks, course: Course, treatment: Treatment, u: list[float]
) -> list[Event]:
    has_severe, named = u[0] < risks.any_severe, False
    events: list[Event] = []
    for place, (term, severe, any_grade) in enumerate(risks.terms):
        v = u[2 + _DRAWS_PER_TERM * place : 2 + _DRAWS_PER_TERM * (place + 1)]
        if has_severe and v[0] < severe / risks.any_severe:
            grade, named = 4 if v[1] < _GRADE_4_SHARE and term.soc == _BLOOD else 3, True
        else:
            mild = (any_grade - severe) / (1.0 - severe) if severe < 1.0 else 0.0
            grade = 0 if v[1] >= mild else 2 if v[1] < _GRADE_2_SHARE * mild else 1
        if grade:
            events.extend(_draw_episodes(premises, course, treatment, term, grade, v))
    if has_severe and not named:
        name, soc = OTHER_TERMS[int(u[1] * len(OTHER_TERMS))]
        other = AdverseEventTerm(term=name, soc=soc, grade_3={}, any_grade={})
        events.extend(_draw_episodes(premises, course, treatment, other, 3, u[-_DRAWS_PER_TERM:]))
    return sorted(events, key=lambda event: (event.start, event.term))


def _draw_episodes(
    premises: Premises, course: Course, treatment: Treatment, term: AdverseEventTerm, grade: int, v: list[float]
) -> list[Event]:
    """The first episode, and for blood counts perhaps a second, no worse."""
    start = treatment.first + math.floor(_truncated_exponential(v[2], _onset(), _window(course, treatment)))
    length = 3 + math.floor(-math.log(v[3]) * (_SEVERE_DAYS if grade >= 3 else _MILD_DAYS))
    related = v[4] < _attributable(premises, term, course.patient.arm or "")
    serious, action = _serious(term, grade, v[5]), _action(grade, related, v[6])
    first = Event(term.term, term.soc, grade, start, start + length, serious, related, action)
    again = start + length + _UNTIL_NEXT
    if term.soc != _BLOOD or v[7] >= assumed("recurrence") or again > treatment.last:
        return [first]
    second = Event(term.term, term.soc, max(1, grade - 1), again, again + length, False, related, "DOSE NOT CHANGED")
    return [first, second]


def _window(course: Course, treatment: Treatment) -> float:
    """Days from the first dose within which the patient's events begin."""
    last = min(treatment.last + _LATEST_AFTER_LAST_DOSE, course.died, course.dropped)
    return float(max(last - treatment.first, 1))


def _onset() -> float:
    return assumed("onset_scale") * _TYPICAL_EXPOSURE


def _truncated_exponential(u: float, mean: float, limit: float) -> float:
    """An exponential time given that it is below `limit`, by inversion."""
    return -mean * math.log1p(u * math.expm1(-limit / mean))


def _action(grade: int, related: bool, u: float) -> str:
    if grade < 3 or not related:
        return "DOSE NOT CHANGED"
    if u < assumed("toxicity_stop"):
        return "DRUG WITHDRAWN"
    if u < assumed("toxicity_stop") + assumed("reduction"):
        return "DOSE REDUCED"
    interrupted = u < assumed("toxicity_stop") + assumed("reduction") + assumed("interruption")
    return "DRUG INTERRUPTED" if interrupted else "DOSE NOT CHANGED"


def _attributable(premises: Premises, term: AdverseEventTerm, arm: str) -> float:
    """The share of an arm's cases beyond the control arm's: how often the investigator holds a drug responsible."""
    here, control = _rate(term.any_grade, arm), _rate(term.any_grade, premises.trial.control.id)
    return max(0.1, 1.0 - control / here) if here > 0 else 0.1


def _serious(term: AdverseEventTerm, grade: int, u: float) -> bool:
    return grade >= 3 and u < (0.05 if term.soc in (_BLOOD, "Investigations") else 0.3)


def _rate(by_arm: dict, arm: str) -> float:
    return by_arm[arm].value if arm in by_arm else 0.0


def _any_severe(plan: AdverseEventAssumptions | None, arm: str) -> float:
    return _rate(plan.any_grade_3, arm) if plan is not None else 0.0
