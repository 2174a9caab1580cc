"""The story of a trial as SDTM rows: demographics, criteria, disposition, exposure, adverse events, medications."""

from __future__ import annotations

from collections.abc import Callable

from equipoise.protocol.expressions import Value
from equipoise.seeds import Stream
from equipoise.simulation.assumptions import assumed
from equipoise.simulation.courses import NEVER, Course
from equipoise.simulation.enrollment import Screened
from equipoise.simulation.records import Record, to_text
from equipoise.simulation.story import Story
from equipoise.simulation.treatment import derive_doses, route
from equipoise.simulation.visits import SCREENING

_SUBSEQUENT = ("Chemotherapy", "Endocrine therapy", "Targeted therapy")
_YES_NO = {True: "Y", False: "N"}


def collect_dm(story: Story) -> list[Record]:
    """One row per patient with consent by the data cutoff; dates are text already."""
    return [_dm_row(story, patient) for patient in story.cohort if patient.consent <= story.cutoff]


def collect_suppdm(story: Story) -> list[Record]:
    """Baseline variables whose place is SUPPDM; what was not known has no row."""
    trial = story.premises.trial
    places = {n: v for n, v in trial.variables.items() if (v.collected or "").startswith("SUPPDM.")}
    rows = []
    for patient in story.cohort:
        for name, variable in places.items():
            value = patient.values.get(name)
            if value is not None and patient.consent <= story.cutoff:
                qualifier = (variable.collected or "").partition(".")[2]
                rows.append(_supp_row(trial.id, patient.usubjid, qualifier, variable.label, _text(value)))
    return rows


def collect_ie(story: Story) -> list[Record]:
    """The criteria that screening failures did not meet."""
    criteria = {criterion.id: criterion for criterion in story.premises.trial.eligibility}
    rows = []
    for patient in story.cohort:
        for name in patient.failed:
            criterion = criteria[name]
            answer = "N" if criterion.kind == "inclusion" else "Y"
            rows.append(
                _row(story, "IE", patient)
                | {"IETESTCD": name[:8], "IETEST": criterion.text[:200], "IECAT": criterion.kind.upper()}
                | {"IEORRES": answer, "IESTRESC": answer, "VISITNUM": SCREENING.number, "VISIT": SCREENING.name}
                | {"IEDTC": patient.decided}
            )
    return rows


def collect_ds(story: Story) -> list[Record]:
    """Consent, randomization, screening failure, end of treatment, end of study."""
    rows = []
    for patient in story.cohort:
        milestone = {"DSCAT": "PROTOCOL MILESTONE", "EPOCH": "SCREENING"}
        base = _row(story, "DS", patient)
        rows.append(base | milestone | _ds("INFORMED CONSENT OBTAINED", patient.consent))
        if not patient.eligible:
            failure = {"DSCAT": "DISPOSITION EVENT", "DSSCAT": "STUDY PARTICIPATION", "EPOCH": "SCREENING"}
            rows.append(base | failure | _ds("SCREEN FAILURE", patient.decided))
            continue
        rows.append(base | milestone | _ds("RANDOMIZED", patient.decided))
        course = story.by_unit[patient.unit]
        rows.extend(base | row for row in _ends(story, course))
    return rows


def collect_ex(story: Story) -> list[Record]:
    """Dose records, one per stretch of dosing; a stretch that the cutoff interrupts stays open."""
    rows = []
    for course in story.courses:
        unit = course.patient.unit
        if unit not in story.treatments:
            continue
        until = story.seen_until(course)
        for dose in derive_doses(story.premises, course, story.treatments[unit], story.reactions.get(unit, ()), until):
            way, frequency = route(dose.drug)
            rows.append(
                _row(story, "EX", course.patient)
                | {"EXTRT": dose.drug.name.upper(), "EXDOSE": dose.amount, "EXDOSU": dose.drug.dose_unit}
                | {"EXDOSFRQ": frequency, "EXROUTE": way, "EXADJ": dose.adjusted, "EPOCH": "TREATMENT"}
                | {"EXSTDTC": course.randomized + dose.start, "EXENDTC": course.randomized + dose.stop}
            )
    return rows


def collect_ae(story: Story) -> list[Record]:
    """Adverse events; one that outlasts the patient's participation stays open."""
    rows = []
    for course in story.courses:
        last = min(course.died, course.dropped)
        for event in story.events.get(course.patient.unit, ()):
            if event.start > last:
                continue
            open_end = event.stop > last
            rows.append(
                _row(story, "AE", course.patient)
                | {"AETERM": event.term.upper(), "AEDECOD": event.term, "AEBODSYS": event.soc, "AESOC": event.soc}
                | {"AESER": _YES_NO[event.serious], "AEACN": event.action, "AESDTH": "N", "AETOXGR": str(event.grade)}
                | {"AEREL": "RELATED" if event.related else "NOT RELATED", "AEOUT": "RECOVERED/RESOLVED"}
                | {"EPOCH": "TREATMENT" if event.start <= story.treatments[course.patient.unit].last else "FOLLOW-UP"}
                | {"AESTDTC": course.randomized + event.start}
                | {"AEENDTC": None if open_end else course.randomized + event.stop}
                | {"AEENTPT": course.randomized + last if open_end else None}
            )
    return rows


def collect_cm(story: Story) -> list[Record]:
    """Anticancer therapy after progression."""
    units = [course.patient.unit for course in story.courses]
    draws = Stream(story.seed, "subsequent-therapy", story.replicate).uniforms(units, 3)
    waits = Stream(story.seed, "subsequent-therapy", story.replicate).exponentials(units, 1, first=3)[:, 0]
    rows = []
    for course, u, wait in zip(story.courses, draws.tolist(), waits.tolist(), strict=True):
        start = course.event + 7 + int(wait * assumed("subsequent_delay"))
        last = min(course.died, course.dropped)
        if course.event_kind != "progression" or u[0] >= assumed("subsequent_therapy") or start > last:
            continue
        therapy = _SUBSEQUENT[int(u[1] * len(_SUBSEQUENT))]
        rows.append(
            _row(story, "CM", course.patient)
            | {"CMTRT": therapy.upper(), "CMDECOD": therapy.upper(), "CMCAT": "SUBSEQUENT ANTICANCER THERAPY"}
            | {"CMINDC": "PROGRESSIVE DISEASE", "EPOCH": "FOLLOW-UP"}
            | {"CMSTDTC": course.randomized + start, "CMENDTC": None}
            | {"CMENTPT": course.randomized + last if last < NEVER else None}
        )
    return rows


def collect_ts(story: Story) -> list[Record]:
    """Trial summary: what the trial is, where it is registered, the data cutoff, and that the data are synthetic."""
    identity, premises = story.premises.trial.trial, story.premises
    cutoff = to_text(story.cutoff, premises.origin)
    values = [
        ("TITLE", "Trial Title", identity.title),
        ("TPHASE", "Trial Phase Classification", f"PHASE {identity.phase} TRIAL"),
        ("TBLIND", "Trial Blinding Schema", identity.masking.upper().replace("-", " ")),
        ("INDIC", "Trial Disease/Condition Indication", identity.indication),
        ("REGID", "Registry Identifier", identity.registry.nct),
        ("NARMS", "Planned Number of Arms", str(len(premises.arms))),
        ("PLANSUB", "Planned Number of Subjects", str(premises.enrollment)),
        ("RANDOM", "Trial is Randomized", "Y"),
        ("SSTDTC", "Study Start Date", premises.origin.isoformat()),
        ("DCUTDTC", "Data Cutoff Date", cutoff),
        ("DCUTDESC", "Data Cutoff Description", describe_cutoff(story)),
        ("SYNTHDAT", "Synthetic Data", "Y"),
        ("SYNTHSCN", "Scenario of Synthetic Data", premises.scenario.id),
        ("SYNTHSED", "Seed of Synthetic Data", str(story.seed)),
        ("SYNTHREP", "Replicate of Synthetic Data", str(story.replicate)),
    ]
    return [
        {"STUDYID": identity.id, "DOMAIN": "TS", "TSSEQ": 1.0, "TSPARMCD": code, "TSPARM": name, "TSVAL": value[:200]}
        for code, name, value in values
        if value
    ]


def describe_cutoff(story: Story) -> str:
    """What the data cutoff waited for, in words."""
    premises = story.premises
    if premises.trigger_day is not None:
        return f"{premises.trigger_day:g} days after the first randomization"
    endpoint = premises.progression or premises.survival
    name = (endpoint.short or endpoint.label) if endpoint is not None else ""
    events = f"{premises.trigger_events} {name} events, and all patients randomized"
    return f"{events} and followed {premises.least_follow_up:g} days" if premises.least_follow_up else events


def _dm_row(story: Story, patient: Screened) -> Record:
    origin, cutoff, trial = story.premises.origin, story.cutoff, story.premises.trial
    course = story.by_unit.get(patient.unit)
    row = _row(story, "DM", patient) | {"SUBJID": patient.usubjid.removeprefix(f"{trial.id}-")}
    row |= {"SITEID": patient.site.id, "RFICDTC": to_text(patient.consent, origin), "COUNTRY": patient.site.country}
    row |= {"DMDTC": to_text(patient.consent, origin)}
    for name, variable in trial.variables.items():
        place, _, column = (variable.collected or "").partition(".")
        if place == "DM":
            row[column] = patient.values[name]
    if row.get("AGE") is not None:
        row["AGEU"] = "YEARS"
    if course is None or course.randomized > cutoff:
        return row | {"ARMNRS": "SCREEN FAILURE" if not patient.eligible else "NOT ASSIGNED"}
    return row | _dm_arm(story, course) | _dm_dates(story, course, lambda day: to_text(day, origin))


def _dm_arm(story: Story, course: Course) -> Record:
    arm = story.premises.trial.arm(course.patient.arm or "")
    row: Record = {"ARMCD": arm.id, "ARM": arm.label}
    if story.was_dosed(course):
        return row | {"ACTARMCD": arm.id, "ACTARM": arm.label}
    return row | {"ARMNRS": "ASSIGNED, NOT TREATED"}


def _dm_dates(story: Story, course: Course, text: Callable[[int], str | None]) -> Record:
    until, start = story.seen_until(course), course.randomized
    treatment = story.treatments[course.patient.unit] if story.was_dosed(course) else None
    row: Record = {"RFSTDTC": text(start + (course.first_dose if treatment else 0))}
    if treatment is not None:
        row["RFXSTDTC"] = text(start + treatment.first)
        row["RFXENDTC"] = text(start + treatment.last) if treatment.last <= until else None
    if until == course.died:
        row |= {"DTHDTC": text(start + course.died), "DTHFL": "Y"}
    if until < story.cutoff - start or until in (course.died, course.dropped):
        row |= {"RFENDTC": text(start + until), "RFPENDTC": text(start + until)}
    return row


def _ends(story: Story, course: Course) -> list[Record]:
    """End of treatment and end of study, as far as the patient was followed."""
    rows: list[Record] = []
    start, until = course.randomized, min(course.died, course.dropped)
    treatment = story.treatments.get(course.patient.unit)
    category = {"DSCAT": "DISPOSITION EVENT"}
    end = _study_end(story, course)
    if treatment is not None and treatment.reason is not None and treatment.last <= until:
        reason = end if treatment.reason == "LOST TO FOLLOW-UP" else treatment.reason
        rows.append(
            category | {"DSSCAT": "STUDY TREATMENT", "EPOCH": "TREATMENT"} | _ds(reason, start + treatment.last)
        )
    if until < NEVER:
        epoch = "FOLLOW-UP" if treatment is None or treatment.last < until else "TREATMENT"
        rows.append(category | {"DSSCAT": "STUDY PARTICIPATION", "EPOCH": epoch} | _ds(end, start + until))
        if end == "DEATH":
            cause = "PROGRESSIVE DISEASE" if course.progressed <= course.died else "OTHER CAUSE"
            rows[-1]["DSTERM"] = f"DEATH DUE TO {cause}"
    return rows


def _study_end(story: Story, course: Course) -> str:
    if course.died <= course.dropped:
        return "DEATH"
    u = float(Stream(story.seed, "disposition", story.replicate).uniforms([course.patient.unit], 1)[0, 0])
    return "WITHDRAWAL BY SUBJECT" if u < assumed("withdrawal") else "LOST TO FOLLOW-UP"


def _ds(term: str, day: int) -> Record:
    return {"DSTERM": term, "DSDECOD": term, "DSSTDTC": day}


def _row(story: Story, domain: str, patient: Screened) -> Record:
    return {"STUDYID": story.premises.trial.id, "DOMAIN": domain, "USUBJID": patient.usubjid}


def _supp_row(study: str, subject: str, name: str, label: str, value: str) -> Record:
    return {
        "STUDYID": study,
        "RDOMAIN": "DM",
        "USUBJID": subject,
        "IDVAR": None,
        "IDVARVAL": None,
        "QNAM": name,
        "QLABEL": label[:40],
        "QVAL": value,
        "QORIG": "CRF",
        "QEVAL": None,
    }


def _text(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
