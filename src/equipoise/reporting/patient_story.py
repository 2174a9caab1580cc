"""One patient's story from the analysis data: what was collected, what was derived from it, by which rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from equipoise.errors import ArgumentError, nearest
from equipoise.reporting.formatting import date_text, listed, number_text, upper_first
from equipoise.reporting.palette import ARM_STYLES

Record = Mapping[str, Any]
Records = Sequence[Record]

# Response parameters whose answer is told, in this order; the others are the same answer asked otherwise.
_ANSWERS = ("BOR", "CBOR", "RSP", "CRSP", "CB", "CCB")
_SEVERE = 3.0


@dataclass(frozen=True)
class StoryVisit:
    """One tumor assessment: `total` in mm; changes in percent.

    `response` as ADRS has it; `computed` from the lesions, with `why` in a sentence, where they were read.
    """

    day: int
    date: str
    visit: str
    total: float | None
    from_baseline: float | None
    from_smallest: float | None
    response: str | None
    computed: str | None
    why: str
    source: str


@dataclass(frozen=True)
class StoryEnding:
    """How one time-to-event parameter ended for the patient; `days` since its start, the first day counted."""

    parameter: str
    label: str
    start_day: int
    days: float
    date: str
    event: bool
    what: str
    rule: str
    source: str
    estimand: str
    why: str


@dataclass(frozen=True)
class PatientStory:
    """Everything `equipoise explain` tells of one patient. Days count from randomization, which is day 1."""

    subject: str
    arm: str
    arm_place: int
    facts: tuple[tuple[str, str], ...]
    visits: tuple[StoryVisit, ...]
    answers: tuple[tuple[str, str], ...]
    endings: tuple[StoryEnding, ...]
    treatment: tuple[int, int] | None
    cutoff_day: int | None
    adverse: tuple[str, ...]
    decisions: tuple[str, ...]
    others: tuple[tuple[tuple[int, float], ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; other patients' lines stay in the picture."""
        return {name: value for name, value in asdict(self).items() if name not in ("others", "arm_place")}


def find_subject(adsl: Records, subject: str) -> Record:
    """The ADSL record of a subject named by USUBJID, or by SUBJID where only one has it.

    Raises ArgumentError `argument-invalid`, naming the nearest subject.
    """
    for key in ("USUBJID", "SUBJID"):
        found = [record for record in adsl if record.get(key) == subject]
        if len(found) == 1:
            return found[0]
    known = [str(record["USUBJID"]) for record in adsl]
    close = nearest(subject, known)
    raise ArgumentError(
        "argument-invalid",
        f"there is no subject {subject!r} in ADSL",
        where="SUBJECT",
        reason=f"it has {len(known):,} subjects, {known[0]} the first" if known else "it has no subjects",
        hint=f"did you mean {close!r}?" if close else "name a USUBJID as ADSL has it",
    )


def patient_story(adam: Mapping[str, Records], decisions: Iterable[Record], subject: str) -> PatientStory:
    """The story of one subject.

    Arguments: the records of ADSL, and of ADRS, ADTR, ADTTE and ADAE as far as they exist, by lower-case name, and the
    responses computed from lesions as "lesions"; the rows of the decision log; the subject, by USUBJID or SUBJID.
    Raises ArgumentError `argument-invalid`.
    """
    person = find_subject(adam["adsl"], subject)
    name = person["USUBJID"]
    own = {key: [row for row in rows if row["USUBJID"] == name] for key, rows in adam.items()}
    start = person.get("RANDDT")
    return PatientStory(
        subject=name,
        arm=person.get("TRT01P") or person.get("ARM") or "no arm",
        arm_place=_place(adam["adsl"], person),
        facts=tuple(_facts(person)),
        visits=tuple(_visits(own, start)),
        answers=tuple(_answers(own.get("adrs", ()), start)),
        endings=tuple(_endings(own, start)),
        treatment=_treatment(person, start),
        cutoff_day=_day(person.get("DCUTDT"), start),
        adverse=tuple(_adverse(own.get("adae", ()))),
        decisions=tuple(_decisions(decisions, name)),
        others=_others(adam, person),
    )


def _place(adsl: Records, person: Record) -> int:
    """The arm's place in the palette, in the order of TRT01PN where there is one."""
    arms = sorted({(row.get("TRT01PN") or 0.0, row.get("TRT01P") or row.get("ARM") or "") for row in adsl})
    names = [arm for _, arm in arms if arm]
    own = person.get("TRT01P") or person.get("ARM")
    return names.index(own) % len(ARM_STYLES) + 1 if own in names else 1


def _day(value: date | None, start: date | None) -> int | None:
    """The study day: randomization is day 1, the day before it day -1; there is no day 0."""
    if value is None or start is None:
        return None
    difference = (value - start).days
    return difference + 1 if difference >= 0 else difference


def _said(value: date | None) -> str:
    return date_text(value.isoformat()) if value is not None else ""


def _on(value: date | None, start: date | None) -> str:
    """`March 19, 2021 (day 57)`."""
    day = _day(value, start)
    return f"{_said(value)} (day {_integer(day)})" if day is not None else _said(value)


def _integer(day: int) -> str:
    return number_text(float(day))


def _facts(person: Record) -> Iterable[tuple[str, str]]:
    start = person.get("RANDDT")
    if start is None:
        yield "Randomized", "no"
    else:
        strata = [str(person[name]) for name in sorted(person) if re.fullmatch(r"STRAT\dR", name)]
        within = f", stratum {listed([value for value in strata if value != 'None'])}" if strata else ""
        yield "Randomized", f"{_said(start)} to {person.get('TRT01P') or person.get('ARM')}{within}"
    first, last = person.get("TRTSDT"), person.get("TRTEDT")
    if first is not None:
        ended = f" to {_on(last, start)}" if last is not None else ", end not known"
        reason = f"; {str(person['DCTREAS']).lower()}" if person.get("DCTREAS") else ""
        received = person.get("TRT01A")
        other = f"{received}: " if received and received != person.get("TRT01P") else ""
        yield "Treated", f"{other}{_on(first, start)}{ended}{reason}"
    else:
        yield "Treated", "no dose recorded"
    if person.get("DTHDT") is not None:
        cause = f"; {str(person['DTHCAUS']).lower()}" if person.get("DTHCAUS") else ""
        yield "Died", f"{_on(person['DTHDT'], start)}{cause}"
    elif person.get("LSTALVDT") is not None:
        yield "Last known alive", _on(person["LSTALVDT"], start)
    if person.get("DCUTDT") is not None:
        yield "Data cutoff", _on(person["DCUTDT"], start)


def _visits(own: Mapping[str, Records], start: date | None) -> Iterable[StoryVisit]:
    sums = [row for row in own.get("adtr", ()) if row.get("PARAMCD") == "SDIAM" and row.get("ADT")]
    responses = [row for row in own.get("adrs", ()) if row.get("PARAMCD") == "OVR" and row.get("ADT")]
    by_visit = {row.get("VISIT") or row.get("AVISIT"): row for row in sums}
    computed = _computed(own.get("lesions", ()), responses)
    met: set[Any] = set()
    found = []
    for row in responses:
        visit = row.get("VISIT") or row.get("AVISIT")
        met.add(visit)
        found.append(
            (row["ADT"], row.get("RSSEQ") or 0.0, _visit(row, by_visit.get(visit), computed.get(visit), start))
        )
    alone = {visit: row for visit, row in by_visit.items() if visit not in met}
    found += [(row["ADT"], -1.0, _visit(None, row, computed.get(visit), start)) for visit, row in alone.items()]
    return [visit for _, _, visit in sorted(found, key=lambda item: item[:2])]


def _computed(lesions: Records, responses: Records) -> dict[Any, Record]:
    """What the lesions gave by visit, of the reader whose responses ADRS holds."""
    reader = next((row["RSEVAL"] for row in responses if row.get("RSEVAL")), None)
    return {row.get("VISIT"): row for row in lesions if reader is None or row.get("EVAL") == reader}


def _visit(response: Record | None, total: Record | None, computed: Record | None, start: date | None) -> StoryVisit:
    shown = response or total or {}
    sums, lesions = total or {}, computed or {}
    return StoryVisit(
        day=_day(shown["ADT"], start) or 0,
        date=shown["ADT"].isoformat(),
        visit=str(shown.get("AVISIT") or shown.get("VISIT") or ""),
        total=sums.get("AVAL"),
        from_baseline=sums.get("PCHG") if sums.get("ABLFL") != "Y" else None,
        from_smallest=sums.get("PCHGNAD"),
        response=response.get("AVALC") if response else None,
        computed=lesions.get("OVRLRESP"),
        why=str(lesions.get("WHY") or ""),
        source=_source(response) if response else _source(total or {}),
    )


def _source(row: Record) -> str:
    """`RS 3`, `ADSL.LSTALVDT`: the record and variable that a row was taken from."""
    domain, sequence = row.get("SRCDOM"), row.get("SRCSEQ")
    if not domain:
        return ""
    if sequence is not None:
        return f"{domain} {_integer(int(sequence))}"
    return f"{domain}.{row['SRCVAR']}" if row.get("SRCVAR") else str(domain)


def _answers(responses: Records, start: date | None) -> Iterable[tuple[str, str]]:
    by_code = {row["PARAMCD"]: row for row in responses if row["PARAMCD"] in _ANSWERS}
    for code in _ANSWERS:
        row = by_code.get(code)
        if row is None:
            continue
        answer = {"Y": "yes", "N": "no", None: "none"}.get(row.get("AVALC"), str(row.get("AVALC")))
        since = f", {_on(row['ADT'], start)}, from {_source(row)}" if row.get("ADT") else ""
        yield str(row.get("PARAM") or code), f"{answer}{since}"


def _endings(own: Mapping[str, Records], start: date | None) -> Iterable[StoryEnding]:
    responses = {row.get("ASEQ"): row for row in own.get("adrs", ())}
    for row in sorted(own.get("adtte", ()), key=lambda row: row.get("ASEQ") or 0.0):
        if row.get("ADT") is None or row.get("AVAL") is None:
            continue
        event = row.get("CNSR") == 0
        source = _source(row)
        before = responses.get(row.get("SRCSEQ")) if row.get("SRCDOM") == "ADRS" else None
        if before is not None and _source(before):
            source = f"{source} ({before['PARAMCD']}), from {_source(before)}"
        yield StoryEnding(
            parameter=row["PARAMCD"],
            label=str(row.get("PARAM") or row["PARAMCD"]),
            start_day=_day(row.get("STARTDT"), start) or 1,
            days=float(row["AVAL"]),
            date=row["ADT"].isoformat(),
            event=event,
            what=upper_first(str((row.get("EVNTDESC") if event else row.get("CNSDTDSC")) or row.get("EVNTDESC") or "")),
            rule=str(row.get("EQRULE") or ""),
            source=source,
            estimand=str(row.get("ESTIMAND") or ""),
            why=str(row.get("EQWHY") or ""),
        )


def _treatment(person: Record, start: date | None) -> tuple[int, int] | None:
    first = _day(person.get("TRTSDT"), start)
    last = _day(person.get("TRTEDT") or person.get("DCUTDT"), start)
    return (first, max(first, last)) if first is not None and last is not None else None


def _adverse(events: Records) -> Iterable[str]:
    for row in events:
        grade = row.get("ATOXGRN")
        if grade is None or grade < _SEVERE:
            continue
        first, last = row.get("ASTDY"), row.get("AENDY")
        when = f"day {_integer(int(first))}" if first is not None else "day not known"
        if last is not None and last != first:
            when += f" to {_integer(int(last))}"
        term = str(row.get("AEDECOD") or row.get("AETERM") or "event").lower()
        yield f"{upper_first(term)}, grade {number_text(grade)}, {when} of treatment, from {_source(row)}"


def _decisions(decisions: Iterable[Record], name: str) -> Iterable[str]:
    for row in decisions:
        if row.get("usubjid") == name:
            where = " ".join(str(row[key]) for key in ("domain", "variable") if row.get(key))
            yield f"{row['severity']}: {where}: {row['decision']}"


def _others(adam: Mapping[str, Records], person: Record) -> tuple[tuple[tuple[int, float], ...], ...]:
    """The lines of the same arm's other patients, for comparison: day and percent change from baseline."""
    arm = person.get("TRT01P")
    starts = {row["USUBJID"]: row.get("RANDDT") for row in adam["adsl"] if row.get("TRT01P") == arm}
    lines: dict[str, list[tuple[int, float]]] = {}
    for row in adam.get("adtr", ()):
        name = row["USUBJID"]
        if row.get("PARAMCD") != "SDIAM" or name == person["USUBJID"] or name not in starts:
            continue
        day, change = _day(row.get("ADT"), starts[name]), row.get("PCHG")
        if day is not None and change is not None:
            lines.setdefault(name, []).append((day, float(change)))
    return tuple(tuple(sorted(line)) for line in lines.values() if len(line) > 1)
