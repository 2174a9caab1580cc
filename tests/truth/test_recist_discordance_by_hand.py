"""Computed against collected responses: who differs, and the likely reason, case by case."""

from __future__ import annotations

import polars as pl
import pytest

import made_up_study as made
from equipoise.derivation import LIKELY_REASONS, derive_adam
from made_up_lesions import collected, scans

# Baseline 30 + 20 = 50 mm, then in week 8 and week 16 what is given; the collected response is that of week 16.
CASES = {
    "from-baseline": ({"T01": 10.0, "T02": 10.0}, {"T01": 20.0, "T02": 10.0}, "PR", {}),
    "growth-not-called": ({"T01": 30.0, "T02": 20.0}, {"T01": 60.0, "T02": 30.0}, "SD", {}),
    "near-threshold": ({"T01": 30.0, "T02": 20.0}, {"T01": 36.0, "T02": 25.0}, "SD", {}),
    "partial-sum": ({"T01": 30.0, "T02": 20.0}, {"T01": 70.0}, "SD", {}),
    "lesion-not-evaluated": ({"T01": 30.0, "T02": 20.0}, {"T01": 30.0}, "SD", {}),
    "collected-not-evaluable": ({"T01": 30.0, "T02": 20.0}, {"T01": 30.0, "T02": 20.0}, "NE", {}),
    "millimeters-not-reached": ({"T01": 10.0, "T02": 5.0}, {"T01": 13.0, "T02": 6.0}, "PD", {}),
    "non-target-or-clinical": ({"T01": 30.0, "T02": 20.0}, {"T01": 30.0, "T02": 20.0}, "PD", {}),
    "new-lesion-not-in-tu": ({"T01": 30.0, "T02": 20.0}, {"T01": 30.0, "T02": 20.0}, "PD", {"NEWLPROG": "Y"}),
    "non-target-not-in-tr": ({"T01": 30.0, "T02": 20.0}, {"T01": 30.0, "T02": 20.0}, "PD", {"NTRGRESP": "PD"}),
    "new-lesion-equivocal": ({"T01": 30.0, "T02": 20.0}, {"T01": 30.0, "T02": 20.0, "NEW01": "EQUIVOCAL"}, "PD", {}),
    "new-lesion-not-called": ({"T01": 30.0, "T02": 20.0}, {"T01": 30.0, "T02": 20.0, "NEW01": "UNEQUIVOCAL"}, "SD", {}),
    "residual-disease": ({"T01": 30.0, "T02": 20.0}, {"T01": 5.0, "T02": 0.0}, "CR", {}),
    "complete-not-called": ({"T01": 30.0, "T02": 20.0}, {"T01": 0.0, "T02": 0.0}, "PR", {}),
    "decrease-not-reached": ({"T01": 30.0, "T02": 20.0}, {"T01": 29.0, "T02": 20.0}, "PR", {}),
    "decrease-not-called": ({"T01": 30.0, "T02": 20.0}, {"T01": 10.0, "T02": 10.0}, "SD", {}),
    "seen-again": ({"T01": 0.0, "T02": 0.0}, {"T01": 4.0, "T02": 0.0}, "PR", {}),
    "word-unknown": ({"T01": 30.0, "T02": 20.0}, {"T01": 30.0, "T02": 20.0}, "CHECK", {}),
    "measurable-or-not": ({"T01": 30.0, "T02": 20.0}, {"T01": 30.0, "T02": 20.0}, "NON-CR/NON-PD", {}),
    "no-collected-response": ({"T01": 30.0, "T02": 20.0}, {"T01": 30.0, "T02": 20.0}, None, {}),
}


@pytest.fixture(scope="module")
def adam():
    patients, readings = [], []
    for name, (first, second, response, components) in CASES.items():
        readings.append(
            scans(
                ("SCREENING", -7, {"T01": 30.0, "T02": 20.0}), ("WEEK 8", 56, first), ("WEEK 16", 112, second),
                subject=name,
            )
        )  # fmt: skip
        patient = made.patient(name)
        for place, (test, word) in enumerate({"OVRLRESP": response, **components}.items(), start=1):
            told = {"RSTESTCD": test, "RSSTRESC": word, "RSEVAL": "INVESTIGATOR", "RSDTC": 112, "RSSEQ": place}
            made.add(patient, "rs", name, **told, VISIT="WEEK 16", VISITNUM=3)
        patients.append(patient)
    return derive_adam(collected(*readings, patients=patients), profile="equipoise")


@pytest.mark.parametrize("name", CASES)
def test_the_likely_reason_of_each_case(adam, name: str) -> None:
    assert name in LIKELY_REASONS
    found = adam.discordance.visits.filter((pl.col("USUBJID") == name) & (pl.col("VISIT") == "WEEK 16"))
    assert found["LIKELY"].to_list() == [name]


def test_a_response_without_lesion_records() -> None:
    patient = made.patient("P", responses=[(56, "SD")])
    adam = derive_adam(collected(scans(("SCREENING", -7, {"T01": 30.0})), patients=[patient]), profile="equipoise")
    assert adam.discordance is not None
    assert adam.discordance.visits.select("VISIT", "COLLECTED", "COMPUTED", "LIKELY").rows() == [
        ("WEEK 1", "SD", None, "no-lesion-records")
    ]


def test_counts_and_decisions_say_the_same(adam) -> None:
    counts = adam.discordance.counts
    # Every week 16 differs, and of week 8 nothing was collected.
    assert counts["COMPARED"].unique().to_list() == [2 * len(CASES)]
    assert counts["VISITS"].sum() == 2 * len(CASES)
    assert adam.decisions.count("response-differs") == adam.discordance.visits.height
    assert "RS PR; the collected one is used" in " ".join(adam.decisions.to_frame()["decision"].to_list())


def test_progression_dates_and_best_responses_that_differ(adam) -> None:
    subjects = adam.discordance.subjects
    columns = ("COLPDDT", "COLBOR", "CMPPDDT", "CMPBOR", "CMPCBOR", "DIFFERS")
    found = subjects.filter(pl.col("USUBJID") == "from-baseline").select(columns).row(0)
    day = made.RANDOMIZED.fromisoformat(made.iso(112) or "")
    assert found == (None, "PR", day, "PR", "SD", "progression only computed")
    assert adam.decisions.count("endpoint-response-differs") == subjects.height
