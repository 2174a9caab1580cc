"""PFS of drawn patients under every rule set: the engine against a plain program written from the rules' words."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import polars as pl
import pytest

import censored_patients as made
import reference_pfs as plain
from equipoise.derivation import derive_adam

PARAMETERS = {"PFS": "palmira", "PFSM2": "missed-two", "PFSFA": "fda-a", "PFSEM": "ema"}
REGULAR = plain.Schedule(tuple(range(0, 2000, 56)), 7)
CHANGED = plain.Schedule((*range(0, 337, 56), *range(336 + 84, 2500, 84)), 7)
ENDING = plain.Schedule((0, 56, 112, 168), 7)
INTERVALS = {
    "regular": (REGULAR, None),
    "changed": (CHANGED, [{"every": "8 weeks", "until": "48 weeks"}, {"every": "12 weeks"}]),
    "ending": (ENDING, [{"every": "8 weeks", "until": "24 weeks"}]),
}
WORDS = ["SD"] * 6 + ["PR", "CR", "NON-CR/NON-PD", "NE", "NE", "NE", "PD", "PD", "sd?", "MISSING"]
REASONS = ["ADVERSE EVENT", "PROGRESSIVE DISEASE", "CLINICAL PROGRESSION", "COMPLETED", "DEATH", "LOST TO FOLLOW-UP"]


def _drawn(name: str, draw: random.Random, due: tuple[int, ...]) -> plain.Case:
    """A patient with missed, repeated and misdated visits, most of whom something befalls."""
    reads, scans = [], []
    for visit, planned in enumerate(due[1 : draw.randint(1, 14)], start=1):
        if draw.random() < 0.25:
            continue
        day = planned + draw.choice([-8, -7, -3, 0, 0, 2, 7, 12, 40])
        reads.append((visit, _blurred(day, draw), draw.choice(WORDS)))
        seen = [day + draw.choice([-60, -9, -4, -1, 0, 3]) for _ in range(draw.choice([0, 1, 1, 2]))]
        scans += [(visit, _blurred(when, draw)) for when in seen]
        if draw.random() < 0.1:
            reads.append((visit, day, draw.choice(WORDS)))
    if draw.random() < 0.1:
        reads.append((0, draw.choice([-10, -1, 0]), draw.choice(WORDS)))
    return plain.Case(
        name,
        draw.sample(reads, len(reads)),
        scans,
        None if draw.random() < 0.15 else -7,
        draw.choice([None, None, 0, 1, 60, 112, 113, 119, 120, draw.randint(1, 900)]),
        [_blurred(draw.choice([-5, 0, 56, draw.randint(1, 700)]), draw) for _ in range(draw.choice([0, 0, 0, 1, 2]))],
        (draw.choice([0, 56, 112, draw.randint(1, 700)]), draw.choice(REASONS)) if draw.random() < 0.5 else None,
    )


def _blurred(day: int, draw: random.Random) -> plain.When:
    """The day, now and then without its day, its month, or at all."""
    text = plain.after_randomization(day)
    return draw.choice([*[day] * 24, text[:7], text[:4], None])


def _rows(case: plain.Case, other: plain.Case | None = None):
    """The records of a patient; `other`: what the independent reader saw of the same patient."""
    rows = made.patient(case.name, baseline=case.baseline is not None, death=case.death, doses=[(0, 20)],
                        stopped=case.stopped)  # fmt: skip
    _read(rows, case, "INVESTIGATOR", 0)
    if other is not None:
        _read(rows, other, "INDEPENDENT ASSESSOR", 100)
    return rows


def _read(rows, case: plain.Case, reader: str, before: int) -> None:
    for place, (visit, when, word) in enumerate(case.reads, start=before + 1):
        at = {"VISIT": f"WEEK {8 * visit}", "VISITNUM": visit, "RSTESTCD": "OVRLRESP", "RSEVAL": reader}
        made.made.add(rows, "rs", case.name, RSSEQ=place, RSDTC=when, RSSTRESC=word, **at)
    for place, (visit, when) in enumerate(case.scans, start=before + 1):
        at = {"VISIT": f"WEEK {8 * visit}", "VISITNUM": visit, "TREVAL": reader, "TRTESTCD": "TUMSTATE"}
        made.made.add(rows, "tr", case.name, TRSEQ=place, TRDTC=when, TRLNKID="NT01", **at)


def _study(cases: list[plain.Case], cutoff: int | None, others: list[plain.Case] | None = None):
    seen = others or [None] * len(cases)
    sdtm = made.study(*(_rows(case, other) for case, other in zip(cases, seen, strict=True)), cutoff=cutoff)
    therapies = [
        {"STUDYID": made.made.STUDY, "DOMAIN": "CM", "USUBJID": case.name, "CMSEQ": float(place),
         "CMTRT": "Capecitabine", "CMCAT": "SUBSEQUENT ANTICANCER THERAPY", "CMSTDTC": made.made.iso(when)}
        for case in cases for place, when in enumerate(case.therapies, start=1)
    ]  # fmt: skip
    sdtm.tables["cm"] = pl.DataFrame(therapies, schema=sdtm.tables["cm"].schema, orient="row")
    return sdtm


def _compared(adtte: pl.DataFrame, cases, schedule: plain.Schedule, cutoff: int | None):
    """The engine's day and CNSR by patient and parameter, after they were held against the plain program's."""
    engine = {(name, code): (aval - 1, cnsr) for name, code, aval, cnsr in
              adtte.select("USUBJID", "PARAMCD", "AVAL", "CNSR").iter_rows() if code in PARAMETERS}  # fmt: skip
    wanted = {(case.name, code): plain.pfs(case, rule_set, schedule, cutoff)
              for case in cases for code, rule_set in PARAMETERS.items()}  # fmt: skip
    differing = {key: (engine.get(key), wanted[key]) for key in wanted if engine.get(key) != wanted[key]}
    assert not differing, "\n".join(f"{key}: engine {a}, plain {b}" for key, (a, b) in list(differing.items())[:10])
    return engine


def test_the_independent_reader_is_derived_from_that_reader_alone() -> None:
    draw = random.Random("readers")
    cases = [_drawn(f"P{place:03}", draw, REGULAR.due) for place in range(200)]
    others = [replace(case, reads=drawn.reads, scans=drawn.scans) for case in cases
              for drawn in [_drawn(case.name, draw, REGULAR.due)]]  # fmt: skip
    trial = made.trial(pfs={"reader": "independent"})
    adam = derive_adam(_study(cases, 500, others), trial)
    assert adam.decisions.count("acceptance-not-collected") == 1
    _compared(adam.tables["adtte"], others, REGULAR, 500)


@pytest.mark.parametrize("intervals", list(INTERVALS))
@pytest.mark.parametrize("cutoff", [None, 250])
def test_the_engine_and_the_plain_program_agree(intervals, cutoff) -> None:
    schedule, stated = INTERVALS[intervals]
    draw = random.Random(f"{intervals} {cutoff}")
    visits = REGULAR.due if intervals == "ending" else schedule.due
    cases = [_drawn(f"P{place:03}", draw, visits) for place in range(300)]
    trial = made.trial(intervals=stated) if stated else made.trial()
    adtte = derive_adam(_study(cases, cutoff), trial).tables["adtte"]
    engine = _compared(adtte, cases, schedule, cutoff)
    between = adtte.filter(pl.col("PARAMCD") == "PFSIC").select("USUBJID", "LINT", "RINT").iter_rows()
    assert {name: (left, right) for name, left, right in between} == {c.name: plain.bounds(c, cutoff) for c in cases}
    # The rules are at work: many patients are moved, and each rule set answers otherwise than the others.
    for one, other in pairwise(["PFS", "PFSM2", "PFSFA", "PFSEM"]):
        assert sum(engine[case.name, one] != engine[case.name, other] for case in cases) > 5
