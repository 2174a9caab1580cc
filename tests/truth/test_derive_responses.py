"""Responses of made-up patients under the admiral profile, each worked by hand from the rules.

Days are counted from randomization (day 0 = 2020-01-01), plain differences.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

import made_up_study as made
from equipoise.derivation import derive_adam


def _adrs(responses, **more) -> pl.DataFrame:
    sdtm = made.study(made.patient("P", responses=responses, **more))
    return derive_adam(sdtm, profile="admiral").tables["adrs"]


def _found(adrs: pl.DataFrame, code: str) -> tuple[object, int | None]:
    """AVALC and the day after randomization of a parameter."""
    response, adt = adrs.filter(pl.col("PARAMCD") == code).select("AVALC", "ADT").row(0)
    return response, None if adt is None else (adt - made.RANDOMIZED).days


CONFIRMATION = [
    # CR on day 42 and again exactly 28 days later: confirmed, dated at the first.
    ([(42, "CR"), (70, "CR")], ("Y", 42)),
    # 27 days are one too few, and nothing comes later.
    ([(42, "CR"), (69, "CR")], ("N", None)),
    # 27 days, then a third CR: the window runs to day 84 and holds only CR.
    ([(42, "CR"), (69, "CR"), (84, "CR")], ("Y", 42)),
    # One NE may lie between.
    ([(42, "CR"), (63, "NE"), (84, "CR")], ("Y", 42)),
    # Two may not; day 84 has nothing after it.
    ([(42, "CR"), (56, "NE"), (63, "NE"), (84, "CR")], ("N", None)),
    # PR spoils the window of CR; the PR itself is followed by a CR after 21 days only.
    ([(42, "CR"), (63, "PR"), (84, "CR")], ("N", None)),
    # PR then CR: CR confirms PR.
    ([(42, "PR"), (56, "CR"), (84, "CR")], ("Y", 42)),
    # PR, CR, PR: the confirming record is the PR of day 84, which follows a CR in the window.
    ([(42, "PR"), (56, "CR"), (84, "PR")], ("N", None)),
    # PR, PR, CR: the first CR comes after the last PR.
    ([(42, "PR"), (56, "PR"), (84, "CR")], ("Y", 42)),
    # The window ends at day 70, a CR; the PR of day 98 lies beyond it and does no harm.
    ([(42, "PR"), (70, "CR"), (98, "PR")], ("Y", 42)),
    # SD, NON-CR/NON-PD in the window spoil it.
    ([(42, "PR"), (56, "SD"), (84, "PR")], ("N", None)),
    ([(42, "PR"), (56, "NON-CR/NON-PD"), (84, "PR")], ("N", None)),
    # Two NE up to the first possible confirmation (day 70): not confirmed, and day 98 is not tried. Day 70 itself is
    # confirmed by day 98.
    ([(42, "PR"), (49, "NE"), (56, "NE"), (70, "PR"), (98, "PR")], ("Y", 70)),
    # After PD nothing counts: the second PR is not usable.
    ([(42, "PR"), (56, "PD"), (84, "PR")], ("N", None)),
    # A CR confirms nothing but a CR or a PR before it; a PR does not confirm a CR.
    ([(42, "CR"), (84, "PR")], ("N", None)),
]


@pytest.mark.parametrize("case", range(len(CONFIRMATION)))
def test_confirmed_response(all_cases, case) -> None:
    assert _found(all_cases["CONFIRMATION", case], "CRSP") == CONFIRMATION[case][1]


BEST = [
    # SD counts from day 42 on; on day 41 it is only an evaluated disease.
    ([(42, "SD")], ("SD", 42)),
    ([(41, "SD")], ("NE", 41)),
    # A response counts at any time.
    ([(20, "PR")], ("PR", 20)),
    # The earliest record of the best rule.
    ([(20, "SD"), (42, "PR"), (84, "CR"), (126, "CR")], ("CR", 84)),
    # SD rule: the earliest SD on or after day 42, not the one of day 21.
    ([(21, "SD"), (63, "SD")], ("SD", 63)),
    ([(41, "NON-CR/NON-PD"), (60, "NON-CR/NON-PD")], ("NON-CR/NON-PD", 60)),
    # SD outranks NON-CR/NON-PD, PD outranks early SD.
    ([(50, "NON-CR/NON-PD"), (60, "SD")], ("SD", 60)),
    ([(20, "SD"), (40, "PD")], ("PD", 40)),
    # What follows PD is not usable.
    ([(42, "PD"), (84, "CR")], ("PD", 42)),
    ([(42, "NE")], ("NE", 42)),
    ([], ("MISSING", None)),
]


@pytest.mark.parametrize("case", range(len(BEST)))
def test_best_overall_response(all_cases, case) -> None:
    assert _found(all_cases["BEST", case], "BOR") == BEST[case][1]


BEST_CONFIRMED = [
    ([(42, "CR"), (70, "CR")], ("CR", 42)),
    # Unconfirmed: falls to SD from day 42 on, to NE before.
    ([(50, "PR")], ("SD", 50)),
    ([(30, "PR")], ("NE", 30)),
    ([(30, "CR"), (50, "PR")], ("SD", 50)),
    # CR of day 70 is not confirmed (nothing after it), the PR of day 42 is, by that CR: best confirmed is PR.
    ([(42, "PR"), (70, "CR")], ("PR", 42)),
]


@pytest.mark.parametrize("case", range(len(BEST_CONFIRMED)))
def test_best_confirmed_response(all_cases, case) -> None:
    adrs, expected = all_cases["BEST_CONFIRMED", case], BEST_CONFIRMED[case][1]
    assert _found(adrs, "CBOR") == expected
    responded = expected[0] in ("CR", "PR")
    assert _found(adrs, "CBCP") == (("Y", expected[1]) if responded else ("N", None))


BENEFIT = [
    ([(42, "SD")], ("Y", 42)),
    ([(41, "SD")], ("N", None)),
    # A response on day 10 is the earlier of the two ways.
    ([(10, "PR"), (60, "SD")], ("Y", 10)),
    ([(21, "SD"), (50, "NON-CR/NON-PD")], ("Y", 50)),
    ([(50, "NE")], ("N", None)),
    ([(42, "PD"), (84, "SD")], ("N", None)),
]


@pytest.fixture(scope="module")
def all_cases():
    """Every case above is one patient of one study; the records of each."""
    tables = {
        "CONFIRMATION": CONFIRMATION,
        "BEST": BEST,
        "BEST_CONFIRMED": BEST_CONFIRMED,
        "BENEFIT": BENEFIT,
        "FLAGS": FLAGS,
    }
    names = [(table, place) for table, cases in tables.items() for place in range(len(cases))]
    patients = [made.patient(f"{table}-{place}", responses=tables[table][place][0]) for table, place in names]
    adrs = derive_adam(made.study(*patients), profile="admiral").tables["adrs"]
    return {(table, place): adrs.filter(pl.col("USUBJID") == f"{table}-{place}") for table, place in names}


@pytest.mark.parametrize("case", range(len(BENEFIT)))
def test_clinical_benefit(all_cases, case) -> None:
    assert _found(all_cases["BENEFIT", case], "CB") == BENEFIT[case][1]


def test_confirmed_clinical_benefit_needs_confirmation_or_duration() -> None:
    # PR of day 10, never confirmed: benefit only from the SD of day 60.
    assert _found(_adrs([(10, "PR"), (60, "SD")]), "CCB") == ("Y", 60)
    # PR of day 10 confirmed on day 38.
    assert _found(_adrs([(10, "PR"), (38, "PR")]), "CCB") == ("Y", 10)


# AVALC, ANL01FL, ANL02FL of the overall responses in the order of RSSEQ.
FLAGS = [
    # One day: PD beats SD. An SD that RSSEQ puts before the PD is still up to the first PD, one after it is not.
    ([(42, "SD"), (42, "PD")], [("SD", None, "Y"), ("PD", "Y", "Y")]),
    ([(42, "PD"), (42, "SD")], [("PD", "Y", "Y"), ("SD", None, None)]),
    # NE loses to any real response.
    ([(42, "CR"), (42, "NE")], [("CR", "Y", "Y"), ("NE", None, "Y")]),
    # NON-CR/NON-PD is worse than SD, SD than PR, PR than CR.
    ([(42, "SD"), (42, "NON-CR/NON-PD")], [("SD", None, "Y"), ("NON-CR/NON-PD", "Y", "Y")]),
    ([(42, "PR"), (42, "SD")], [("PR", None, "Y"), ("SD", "Y", "Y")]),
    ([(42, "PR"), (42, "CR")], [("PR", "Y", "Y"), ("CR", None, "Y")]),
    # Equal responses: the highest RSSEQ.
    ([(42, "SD"), (42, "SD")], [("SD", None, "Y"), ("SD", "Y", "Y")]),
    # The day of randomization counts, the day before does not.
    ([(0, "SD")], [("SD", "Y", "Y")]),
    ([(-1, "SD")], [("SD", None, "Y")]),
]


@pytest.mark.parametrize("case", range(len(FLAGS)))
def test_which_record_of_a_day_counts(all_cases, case) -> None:
    overall = all_cases["FLAGS", case].filter(pl.col("PARAMCD") == "OVR").sort("RSSEQ")
    assert overall.select("AVALC", "ANL01FL", "ANL02FL").rows() == FLAGS[case][1]


def test_pd_before_randomization_closes_what_follows() -> None:
    # The first PD is looked for among all records, so nothing after it is usable; it is itself no progression.
    adrs = _adrs([(-5, "PD"), (42, "PR")])
    assert _found(adrs, "PD") == ("N", None)
    assert _found(adrs, "RSP") == ("N", None)
    assert _found(adrs, "BOR") == ("MISSING", None)
    # The last assessment does not ask for ANL02FL.
    assert _found(adrs, "LSTA") == ("PR", 42)


def test_last_assessment_is_taken_after_progression_too() -> None:
    assert _found(_adrs([(42, "PD"), (84, "SD")]), "LSTA") == ("SD", 84)


def test_partial_dates_stand_for_the_last_day_of_the_month() -> None:
    adrs = _adrs([("2020-02", "SD"), ("2020", "PR"), ("2020-03-05T09:30", "PD")])
    overall = adrs.filter(pl.col("PARAMCD") == "OVR").sort("RSSEQ")
    # February 2020 has 29 days; a year alone is never filled; a time is dropped.
    assert overall["ADT"].to_list() == [date(2020, 2, 29), None, date(2020, 3, 5)]
    assert overall["ADTF"].to_list() == ["D", None, None]
    # The undated PR is not usable, and sorts behind the PD.
    assert overall["ANL01FL"].to_list() == ["Y", None, "Y"]
    assert overall["ANL02FL"].to_list() == ["Y", None, "Y"]


def test_a_word_outside_the_code_list_has_no_value_and_never_counts() -> None:
    adrs = _adrs([(42, "CHECK"), (56, "PR")])
    check = adrs.filter((pl.col("PARAMCD") == "OVR") & (pl.col("AVALC") == "CHECK"))
    assert check.select("AVAL", "ANL01FL").row(0) == (None, None)
    assert _found(adrs, "RSP") == ("Y", 56)


def test_measurable_disease_and_readers() -> None:
    rows = made.patient("P", responses=[(42, "SD")])
    lesion = {"TUEVAL": "INVESTIGATOR", "TUSTRESC": "TARGET", "TUSEQ": 1}
    made.add(rows, "tu", "P", **lesion, VISIT="SCREENING")
    # An independent reader's progression is not the investigator's.
    read = {"RSTESTCD": "OVRLRESP", "RSEVAL": "INDEPENDENT ASSESSOR", "RSSTRESC": "PD"}
    made.add(rows, "rs", "P", **read, RSSEQ=9, RSDTC=20)
    other = made.patient("Q")
    made.add(other, "tu", "Q", **lesion, VISIT="BASELINE")
    adrs = derive_adam(made.study(rows, other), profile="admiral").tables["adrs"]
    assert made.value(adrs, "AVALC", USUBJID="P", PARAMCD="MDIS") == "Y"
    assert made.value(adrs, "AVALC", USUBJID="Q", PARAMCD="MDIS") == "N"
    assert made.value(adrs, "AVALC", USUBJID="P", PARAMCD="PD") == "N"


def test_every_parameter_has_one_record_per_subject() -> None:
    sdtm = made.study(made.patient("P", responses=[(42, "SD")]), made.patient("S", arm=None, doses=[]))
    adrs = derive_adam(sdtm, profile="admiral").tables["adrs"].filter(pl.col("PARAMCD") != "OVR")
    expected = {"PD", "RSP", "CB", "BOR", "BCP", "CRSP", "CCB", "CBOR", "CBCP", "DEATH", "LSTA", "MDIS"}
    for subject in ("P", "S"):
        codes = adrs.filter(pl.col("USUBJID") == subject)["PARAMCD"].to_list()
        assert sorted(codes) == sorted(expected)
    # The order of ASEQ is that of the parameters' codes, here with the one OVR record between MDIS and PD.
    numbered = adrs.filter(pl.col("USUBJID") == "P").sort("ASEQ")["PARAMCD"].to_list()
    assert numbered == sorted(expected)


def test_a_positive_record_carries_its_source() -> None:
    adrs = _adrs([(21, "SD"), (63, "PR")])
    response = adrs.filter(pl.col("PARAMCD") == "RSP").row(0, named=True)
    assert (response["SRCDOM"], response["SRCVAR"], response["SRCSEQ"]) == ("RS", "RSSTRESC", 2)
    assert response["ADT"] == made.RANDOMIZED + timedelta(days=63)
    assert response["EQRULE"] == "RSP [admiral]"
    negative = adrs.filter(pl.col("PARAMCD") == "PD").row(0, named=True)
    assert (negative["SRCDOM"], negative["SRCSEQ"], negative["ADT"]) == (None, None, None)


def test_constants_move_the_rules() -> None:
    sdtm = made.study(made.patient("P", responses=[(35, "PR"), (56, "SD"), (70, "PR")]))

    def confirmed(**constants):
        return _found(derive_adam(sdtm, profile="admiral", overrides=constants).tables["adrs"], "CRSP")

    # PR on day 35, SD, PR on day 70: the SD spoils it unless one SD is accepted.
    assert confirmed() == ("N", None)
    assert confirmed(confirmation_stable_max=1) == ("Y", 35)
    # 35 days lie between; 36 were asked for.
    assert confirmed(confirmation_stable_max=1, confirmation_days=36) == ("N", None)
