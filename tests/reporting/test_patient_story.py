"""One patient's story, from records small enough to read."""

from __future__ import annotations

from datetime import date

import pytest

from equipoise.errors import ArgumentError
from equipoise.reporting.figures.canvas import drawn_bytes
from equipoise.reporting.figures.patient import patient_sheet
from equipoise.reporting.patient_story import patient_story
from equipoise.reporting.terminal_story import print_story

_START = date(2021, 1, 10)


def _adam():
    return {
        "adsl": [
            {
                "USUBJID": "T-1", "SUBJID": "1", "TRT01P": "New", "TRT01PN": 1.0, "TRT01A": "New", "STRAT1R": "AI",
                "RANDDT": _START, "TRTSDT": date(2021, 1, 12), "TRTEDT": date(2021, 3, 20), "DCTREAS": "PROGRESSION",
                "DTHDT": date(2021, 5, 1), "DTHCAUS": "DISEASE", "DCUTDT": date(2021, 6, 30),
            },
            {"USUBJID": "T-2", "SUBJID": "2", "TRT01P": "New", "TRT01PN": 1.0, "RANDDT": _START},
            {"USUBJID": "T-3", "SUBJID": "3", "TRT01P": "Old", "TRT01PN": 2.0, "RANDDT": None},
        ],
        "adrs": [
            {"USUBJID": "T-1", "PARAMCD": "OVR", "ASEQ": 2.0, "ADT": date(2021, 3, 6), "AVALC": "PD", "VISIT": "WEEK 8",
             "AVISIT": "WEEK 8", "RSEVAL": "INVESTIGATOR",
             "SRCDOM": "RS", "SRCVAR": "RSDTC", "SRCSEQ": 7.0, "RSSEQ": 7.0},
            {"USUBJID": "T-1", "PARAMCD": "PD", "ASEQ": 3.0, "ADT": date(2021, 3, 6), "AVALC": "Y", "SRCDOM": "RS",
             "SRCVAR": "RSDTC", "SRCSEQ": 7.0},
            {"USUBJID": "T-1", "PARAMCD": "BOR", "PARAM": "Best Overall Response", "ASEQ": 1.0,
             "ADT": date(2021, 3, 6), "AVALC": "PD", "SRCDOM": "RS", "SRCSEQ": 7.0},
        ],
        "adtr": [
            {"USUBJID": "T-1", "PARAMCD": "SDIAM", "ADT": date(2021, 1, 5), "AVAL": 40.0, "ABLFL": "Y", "PCHG": 0.0,
             "AVISIT": "BASELINE", "VISIT": "SCREENING"},
            {"USUBJID": "T-1", "PARAMCD": "SDIAM", "ADT": date(2021, 3, 6), "AVAL": 52.0, "PCHG": 30.0,
             "PCHGNAD": 30.0, "VISIT": "WEEK 8"},
            {"USUBJID": "T-2", "PARAMCD": "SDIAM", "ADT": date(2021, 1, 5), "AVAL": 20.0, "ABLFL": "Y", "PCHG": 0.0},
            {"USUBJID": "T-2", "PARAMCD": "SDIAM", "ADT": date(2021, 3, 6), "AVAL": 10.0, "PCHG": -50.0},
        ],
        "adtte": [
            {"USUBJID": "T-1", "PARAMCD": "PFS", "PARAM": "Progression-free survival", "ASEQ": 1.0, "AVAL": 56.0,
             "STARTDT": _START, "ADT": date(2021, 3, 6), "CNSR": 0.0, "EVNTDESC": "Disease progression",
             "SRCDOM": "ADRS", "SRCVAR": "ADT", "SRCSEQ": 3.0, "EQRULE": "PFS: progression [equipoise]"},
        ],
        "lesions": [
            {"USUBJID": "T-1", "VISIT": "WEEK 8", "EVAL": "INVESTIGATOR", "OVRLRESP": "SD", "WHY": "Sum of 52 mm"},
            {"USUBJID": "T-1", "VISIT": "WEEK 8", "EVAL": "READER", "OVRLRESP": "PR", "WHY": "another reader"},
        ],
        "adae": [
            {"USUBJID": "T-1", "AEDECOD": "Neutropenia", "ATOXGRN": 3.0, "ASTDY": 15.0, "AENDY": 20.0,
             "SRCDOM": "AE", "SRCSEQ": 4.0},
            {"USUBJID": "T-1", "AEDECOD": "Nausea", "ATOXGRN": 2.0, "ASTDY": 3.0, "SRCDOM": "AE", "SRCSEQ": 5.0},
        ],
    }  # fmt: skip


_LOG = [
    {"severity": "note", "usubjid": "T-1", "domain": "RS", "variable": "RSDTC", "decision": "day filled"},
    {"severity": "note", "usubjid": "T-2", "domain": "RS", "variable": "RSDTC", "decision": "not hers"},
]


def test_an_assessment_carries_its_day_sum_changes_response_and_record():
    visits = patient_story(_adam(), _LOG, "T-1").visits
    # January 10 is day 1, so January 5 is day -5 and March 6, 55 days later, day 56.
    assert [visit.day for visit in visits] == [-5, 56]
    last = visits[-1]
    assert (last.total, last.from_baseline, last.from_smallest) == (52.0, 30.0, 30.0)
    assert (last.response, last.source, last.visit) == ("PD", "RS 7", "WEEK 8")


def test_the_lesions_reason_is_that_of_the_reader_whose_responses_are_used(tmp_path):
    story = patient_story(_adam(), _LOG, "T-1")
    assert [(visit.computed, visit.why) for visit in story.visits] == [(None, ""), ("SD", "Sum of 52 mm")]
    file = tmp_path / "story.txt"
    with file.open("w", encoding="utf-8") as out:
        print_story(story, out)
    assert "WEEK 8: Sum of 52 mm (SD, where PD was recorded)" in file.read_text(encoding="utf-8")


def test_an_endpoint_is_traced_through_its_parameter_to_the_collected_record():
    (ending,) = patient_story(_adam(), _LOG, "T-1").endings
    assert ending.source == "ADRS 3 (PD), from RS 7"
    assert ending.rule == "PFS: progression [equipoise]"
    assert (ending.event, ending.days, ending.start_day) == (True, 56.0, 1)


def test_only_severe_events_and_her_own_decisions_are_told():
    story = patient_story(_adam(), _LOG, "T-1")
    assert story.adverse == ("Neutropenia, grade 3, day 15 to 20 of treatment, from AE 4",)
    assert story.decisions == ("note: RS RSDTC: day filled",)


def test_the_arm_s_other_patients_are_lines_and_no_names():
    story = patient_story(_adam(), _LOG, "T-1")
    assert story.others == (((-5, 0.0), (56, -50.0)),)
    assert "T-2" not in str(story.to_dict())


def test_a_subject_is_found_by_its_short_number_and_a_missing_one_is_refused():
    assert patient_story(_adam(), _LOG, "1").subject == "T-1"
    with pytest.raises(ArgumentError, match=r"no subject 'T-11' in ADSL") as refused:
        patient_story(_adam(), _LOG, "T-11")
    assert refused.value.hint == "did you mean 'T-1'?"


def test_a_patient_who_was_never_randomized_has_a_story_and_a_picture():
    story = patient_story(_adam(), _LOG, "T-3")
    assert dict(story.facts)["Randomized"] == "no"
    sheet = patient_sheet(story)
    assert drawn_bytes(lambda: (sheet.compose(170.0), sheet.title, sheet.alternative), "svg").startswith(b"<?xml")


def test_the_terminal_tells_the_story_in_words(tmp_path):
    file = tmp_path / "story.txt"
    with file.open("w", encoding="utf-8") as out:
        print_story(patient_story(_adam(), _LOG, "T-1"), out)
    told = file.read_text(encoding="utf-8")
    assert "January 10, 2021 to New, stratum AI" in told
    assert "+30%" in told
    assert "event at 56 days" in told


@pytest.mark.parametrize("width", [85.0, 170.0])
def test_the_picture_says_the_result_in_words_and_is_the_same_every_time(width):
    sheet = patient_sheet(patient_story(_adam(), _LOG, "T-1"))
    assert "PFS: event on March 6, 2021, disease progression." in sheet.alternative

    def draw() -> bytes:
        return drawn_bytes(lambda: (sheet.compose(width), sheet.title, sheet.alternative), "svg")

    assert draw() == draw()
