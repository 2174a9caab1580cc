"""Time-to-event records of made-up patients, worked by hand. Randomization is 2020-01-01, day 0."""

from __future__ import annotations

from datetime import date

import polars as pl

import made_up_study as made
from equipoise.derivation import derive_adam
from equipoise.protocol import load_trial


def _row(adam, code: str, *columns: str) -> tuple[object, ...]:
    return adam.tables["adtte"].filter(pl.col("PARAMCD") == code).select(columns).row(0)


def _admiral(*args, **more):
    return derive_adam(made.study(made.patient("P", *args, **more)), profile="admiral")


def _palmira(*args, cutoff=None, **more):
    return derive_adam(made.study(made.patient("P", *args, **more), cutoff=cutoff), load_trial("palmira"))


def test_progression_is_an_event_on_its_day() -> None:
    # SD on day 56, PD on day 112: AVAL = 112 + 1.
    adam = _admiral(responses=[(56, "SD"), (112, "PD")])
    assert _row(adam, "PFS", "AVAL", "CNSR", "EVNTDESC", "CNSDTDSC") == (113, 0, "Disease Progression", None)


def test_progression_and_death_on_one_day_is_progression() -> None:
    adam = _admiral(responses=[(112, "PD")], death=112)
    assert _row(adam, "PFS", "AVAL", "CNSR", "EVNTDESC") == (113, 0, "Disease Progression")
    assert _row(adam, "OS", "AVAL", "CNSR", "EVNTDESC") == (113, 0, "Death")


def test_death_without_progression_is_an_event_whatever_was_missed() -> None:
    # The last scan was on day 56, death came on day 500: no missed-visit rule.
    adam = _admiral(responses=[(56, "SD")], death=500)
    assert _row(adam, "PFS", "AVAL", "CNSR", "EVNTDESC", "SRCDOM", "SRCVAR") == (501, 0, "Death", "ADRS", "ADT")


def test_without_an_event_the_last_assessment_censors() -> None:
    adam = _admiral(responses=[(56, "SD"), (112, "NE")])
    # The admiral profile takes NE as an assessment.
    assert _row(adam, "PFS", "AVAL", "CNSR", "EVNTDESC", "CNSDTDSC") == (
        113,
        1,
        "Last Tumor Assessment",
        "Last Tumor Assessment",
    )


def test_never_assessed_is_censored_on_day_one() -> None:
    adam = _admiral()
    assert _row(adam, "PFS", "AVAL", "CNSR", "EVNTDESC") == (1, 1, "Randomization")


def test_an_assessment_on_the_day_of_randomization_ties_with_randomization_listed_last() -> None:
    adam = _admiral(responses=[(0, "SD")])
    assert _row(adam, "PFS", "AVAL", "CNSR", "EVNTDESC") == (1, 1, "Randomization")


def test_overall_survival_uses_the_last_date_known_alive_of_the_profile() -> None:
    # Treatment ended on day 100; the scan of day 150 is no source of LSTALVDT in the admiral profile.
    adam = _admiral(responses=[(150, "SD")])
    assert _row(adam, "OS", "AVAL", "CNSR", "EVNTDESC", "CNSDTDSC") == (101, 1, "Alive", "Alive During Study")
    # The equipoise profile takes the scan.
    assert _row(_palmira(responses=[(150, "SD")]), "OS", "AVAL", "CNSR") == (151, 1)


def test_last_alive_before_randomization_gives_way_to_randomization() -> None:
    # Treatment, oddly, ended ten days before randomization: Randomization is the later censoring date.
    adam = _admiral(doses=[(-20, -10)])
    assert adam.tables["adsl"]["LSTALVDT"].to_list() == [date(2019, 12, 22)]
    assert _row(adam, "OS", "AVAL", "EVNTDESC") == (1, "Randomization")


def test_death_before_randomization_is_raised_to_it() -> None:
    adam = _admiral(death=-5)
    assert _row(adam, "OS", "AVAL", "ADT", "CNSR") == (1, date(2020, 1, 1), 0)


def test_partial_death_is_the_first_day_and_may_precede_the_last_scan() -> None:
    # 2020-03 is filled to 2020-03-01, day 60 (31 + 29); the scan of day 70 changes nothing.
    adam = _admiral(responses=[(70, "SD")], death="2020-03")
    assert _row(adam, "PFS", "AVAL", "EVNTDESC") == (61, "Death")


def test_in_the_equipoise_profile_nobody_dies_before_he_was_seen() -> None:
    # 2020-03 may be any day of March; the scan of day 70 is 2020-03-11, so death was on that day at the earliest.
    adam = _palmira(responses=[(70, "SD")], death="2020-03", doses=[(0, 50)])
    assert adam.tables["adsl"]["DTHDT"].to_list() == [date(2020, 3, 11)]
    assert _row(adam, "OS", "AVAL", "CNSR") == (71, 0)
    # A visit after the month of death does not move it out of its month: 2020-03-31, day 90.
    late = _palmira(responses=[(120, "SD")], death="2020-03", doses=[(0, 50)])
    assert late.tables["adsl"]["DTHDT"].to_list() == [date(2020, 3, 31)]


def test_duration_of_response_starts_at_the_response() -> None:
    # PR on day 42, PD on day 112: 112 - 42 + 1 = 71.
    adam = _admiral(responses=[(42, "PR"), (112, "PD")])
    assert _row(adam, "RSD", "STARTDT", "AVAL", "CNSR") == (date(2020, 2, 12), 71, 0)
    # Without an event: to the last assessment. 84 - 42 + 1 = 43.
    adam = _admiral(responses=[(42, "PR"), (84, "PR")])
    assert _row(adam, "RSD", "AVAL", "CNSR", "EVNTDESC") == (43, 1, "Last Tumor Assessment")
    # Nobody without a response has a duration.
    adam = _admiral(responses=[(42, "SD")])
    assert adam.tables["adtte"]["PARAMCD"].to_list() == ["OS", "PFS"]


def test_source_sequence_points_to_adrs() -> None:
    adam = _admiral(responses=[(56, "SD"), (112, "PD")])
    (sequence,) = _row(adam, "PFS", "SRCSEQ")
    pointed = adam.tables["adrs"].filter(pl.col("ASEQ") == sequence)
    assert pointed.select("PARAMCD", "ADT").row(0) == ("PD", date(2020, 4, 22))


def test_screen_failures_have_no_record() -> None:
    sdtm = made.study(made.patient("S", arm=None, doses=[]))
    assert derive_adam(sdtm, profile="admiral").tables["adtte"].height == 0


# --- the trial's own endpoints -------------------------------------------------------------------------------------


def test_palmira_has_one_record_per_randomized_patient_and_endpoint() -> None:
    sdtm = made.study(
        made.patient("A", responses=[(56, "SD"), (112, "PD")]),
        made.patient("B", arm="ET", doses=[]),
        made.patient("S", arm=None, doses=[]),
    )
    adtte = derive_adam(sdtm, load_trial("palmira")).tables["adtte"]
    # Beside the endpoints' own parameters each patient has PFS under four further rule sets.
    assert adtte.group_by("USUBJID").len().sort("USUBJID").rows() == [("A", 6), ("B", 6)]
    adtte = adtte.filter(pl.col("PARAMCD").is_in(["OS", "PFS"]))
    assert adtte.select("USUBJID", "PARAMCD", "CNSR", "AVAL").rows() == [
        ("A", "OS", 1, 113),
        ("A", "PFS", 0, 113),
        ("B", "OS", 1, 1),
        ("B", "PFS", 1, 1),
    ]
    assert adtte["EQRULE"].to_list() == [
        "OS: last_alive [equipoise]",
        "PFS: progression [equipoise]",
        "OS: randomization [equipoise]",
        "PFS: randomization [equipoise]",
    ]


def test_an_assessment_of_ne_does_not_censor_in_the_equipoise_profile() -> None:
    adam = _palmira(responses=[(56, "SD"), (112, "NE")])
    assert _row(adam, "PFS", "AVAL", "CNSR", "EVNTDESC") == (57, 1, "Last adequate tumor assessment")


def test_clinical_benefit_lasts_24_weeks_less_the_window() -> None:
    cases = {
        # 168 days less a window of 7: the scan of day 161 counts, that of day 160 does not.
        "A": ([(56, "SD"), (161, "SD")], "Y"),
        "B": ([(56, "SD"), (160, "SD")], "N"),
        "C": ([(56, "NON-CR/NON-PD"), (168, "NON-CR/NON-PD")], "Y"),
        # A response counts at any time; SD of 24 weeks must come before progression, and NE shows nothing.
        "D": ([(56, "PR")], "Y"),
        "E": ([(56, "SD"), (112, "PD"), (168, "SD")], "N"),
        "F": ([(56, "SD"), (168, "NE")], "N"),
    }
    sdtm = made.study(*(made.patient(name, responses=case[0]) for name, case in cases.items()))
    adrs = derive_adam(sdtm, load_trial("palmira")).tables["adrs"].filter(pl.col("PARAMCD") == "CB")
    assert dict(adrs.select("USUBJID", "AVALC").rows()) == {name: case[1] for name, case in cases.items()}


def test_data_cutoff_comes_before_every_rule() -> None:
    # Cutoff on day 100: the PD of day 112 and the death of day 130 are not in the snapshot.
    adam = _palmira(responses=[(56, "SD"), (112, "PD")], death=130, doses=[(0, 90)], cutoff=100)
    assert _row(adam, "PFS", "AVAL", "CNSR") == (57, 1)
    assert _row(adam, "OS", "AVAL", "CNSR") == (91, 1)
    # On the day itself records count.
    adam = _palmira(responses=[(56, "SD"), (112, "PD")], death=130, cutoff=112)
    assert _row(adam, "PFS", "AVAL", "CNSR") == (113, 0)
    # The admiral profile has no cutoff.
    sdtm = made.study(made.patient("P", responses=[(112, "PD")]), cutoff=100)
    assert _row(derive_adam(sdtm, profile="admiral"), "PFS", "AVAL", "CNSR") == (113, 0)


def test_a_month_filled_to_its_end_does_not_pass_the_cutoff() -> None:
    # Cutoff 2020-02-20; an assessment of February 2020 was made by then.
    adam = _palmira(responses=[("2020-02", "SD")], doses=[(0, 10)], cutoff=50)
    assert _row(adam, "PFS", "ADT", "CNSR") == (date(2020, 2, 20), 1)


def test_last_alive_is_never_after_death() -> None:
    adam = _palmira(responses=[(56, "SD"), (112, "SD")], death=100)
    assert adam.tables["adsl"].select("LSTALVDT", "DTHDT").row(0) == (date(2020, 4, 10), date(2020, 4, 10))
