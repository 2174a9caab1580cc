"""Sums, nadirs, special values and sentences of the RECIST engine, worked by hand."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

import made_up_study as made
from made_up_lesions import collected, derived, rows, scans

BASELINE = ("SCREENING", -7, {"T01": 30.0, "T02": 20.0})


def _told(*later: tuple[str, made.Day, dict[str, float | str | None]], **more: object) -> list[tuple[object, ...]]:
    return rows(collected(scans(BASELINE, *later)), "OVRLRESP", "WHY", **more)


def test_growth_is_measured_from_the_smallest_sum_so_far() -> None:
    """50, 35 (-30%), 25, 34 mm: 34 is 9 mm and 36% above 25, though 32% below baseline."""
    study = collected(
        scans(
            BASELINE,
            ("WEEK 8", 56, {"T01": 20.0, "T02": 15.0}),
            ("WEEK 16", 112, {"T01": 15.0, "T02": 10.0}),
            ("WEEK 24", 168, {"T01": 20.0, "T02": 14.0}),
        )
    )
    columns = ("SUMDIAM", "BASE", "PCHG", "NADIR", "NADIRVIS", "CHGNAD", "PCHGNAD", "OVRLRESP")
    assert rows(study, *columns) == [
        (35, 50, -30, 50, "SCREENING", -15, -30, "PR"),
        (25, 50, -50, 35, "WEEK 8", -10, pytest.approx(-28.5714286), "PR"),
        (34, 50, -32, 25, "WEEK 16", 9, 36, "PD"),
    ]
    assert rows(study, "REASON", "WHY")[-1] == (
        "target-growth",
        "Sum of diameters 34 mm, 36% and 9 mm above the smallest so far (25 mm at WEEK 16): progression",
    )


# 20 mm is 20% of 100 mm; of 20 mm it is 4 mm, less than the 5 mm that progression needs besides.
@pytest.mark.parametrize(
    ("base", "now", "response"),
    [
        (100.0, 119.9, "SD"),
        (100.0, 120.0, "PD"),
        (20.0, 24.9, "SD"),
        (20.0, 25.0, "PD"),
        (100.0, 70.1, "SD"),
        (100.0, 70.0, "PR"),
        # 70% of 33.3 mm is 23.31 mm; 120% of 33.3 mm 39.96 mm: decimals that binary fractions miss.
        (33.3, 23.31, "PR"),
        (33.3, 39.96, "PD"),
    ],
)
def test_thresholds_are_met_exactly(base: float, now: float, response: str) -> None:
    study = collected(scans(("SCREENING", -7, {"T01": base}), ("WEEK 8", 56, {"T01": now})))
    assert rows(study, "OVRLRESP") == [(response,)]


def test_stable_disease_says_when_only_the_millimeters_were_missing() -> None:
    study = collected(scans(("SCREENING", -7, {"T01": 20.0}), ("WEEK 8", 56, {"T01": 24.0})))
    assert rows(study, "WHY", "REASON") == [
        (
            "Sum of diameters 24 mm, 20% above baseline (20 mm), but less than 5 mm: stable disease",
            "target-growth-too-small",
        )
    ]


def test_a_node_counts_by_its_short_axis_and_is_normal_below_10_mm() -> None:
    """Sum 30 + 16 = 46 mm; then 0 + 9.5: the node is normal, so nothing is left; then 10 mm: seen again."""
    study = collected(
        scans(
            ("SCREENING", -7, {"T01": 30.0, "T02": 16.0}),
            ("WEEK 8", 56, {"T01": 0.0, "T02": 9.5}),
            ("WEEK 16", 112, {"T01": 0.0, "T02": 9.9}),
            ("WEEK 24", 168, {"T01": 0.0, "T02": 10.0}),
            sites={"T02": "LYMPH NODE"},
        )
    )
    assert rows(study, "SUMDIAM", "TRGRESP", "OVRLRESP", "WHY") == [
        (9.5, "CR", "CR", "No target lesion left but nodes below 10 mm (sum 9.5 mm): complete response"),
        (9.9, "CR", "CR", "No target lesion left but nodes below 10 mm (sum 9.9 mm): complete response"),
        (10.0, "PR", "PD", "Disease seen again after complete response: progression"),
    ]
    assert rows(study, "OVRLRESP", reappearance_is_progression=False)[-1] == ("PR",)


def test_a_lesion_seen_again_among_others_is_only_summed() -> None:
    """T02 gone and back: 25 + 0 = 25 mm, then 22 + 5 (too small to measure) = 27 mm, 8% and 2 mm above 25."""
    found = _told(
        ("WEEK 8", 56, {"T01": 25.0, "T02": "ABSENT"}), ("WEEK 16", 112, {"T01": 22.0, "T02": "TOO SMALL TO MEASURE"})
    )
    assert found == [
        ("PR", "Sum of diameters 25 mm, 50% below baseline (50 mm): partial response"),
        ("PR", "Sum of diameters 27 mm, 46% below baseline (50 mm): partial response"),
    ]


def test_too_small_to_measure_is_5_mm_and_a_measured_2_mm_is_2_mm() -> None:
    later = ("WEEK 8", 56, {"T01": "TOO SMALL TO MEASURE", "T02": 2.0})
    assert rows(collected(scans(BASELINE, later)), "SUMDIAM") == [(7.0,)]
    assert rows(collected(scans(BASELINE, later)), "SUMDIAM", small_lesion_millimeters=4) == [(6.0,)]


def test_a_target_not_evaluated() -> None:
    """No sum, and no nadir: 20 mm of T01 alone is not the smallest sum that 41 mm is compared with."""
    found = _told(("WEEK 8", 56, {"T01": 20.0, "T02": None}), ("WEEK 16", 112, {"T01": 25.0, "T02": 16.0}))
    assert found == [
        ("NE", "T02 not evaluated: response not evaluable"),
        ("SD", "Sum of diameters 41 mm, 18% below baseline (50 mm): stable disease"),
    ]
    # A lesion without any record is not evaluated either.
    assert _told(("WEEK 8", 56, {"T01": 20.0}))[0][0] == "NE"


def test_progression_is_certain_when_the_measured_lesions_alone_show_it() -> None:
    """The example of section 4.4.2: three lesions of 50 mm, then two of 80 mm."""
    begun = ("SCREENING", -7, {"T01": 20.0, "T02": 20.0, "T03": 10.0})
    study = collected(scans(begun, ("WEEK 8", 56, {"T01": 40.0, "T02": 40.0, "T03": None})))
    sentence = (
        "Sum of diameters 80 mm without T03, already 60% and 30 mm above the smallest so far (50 mm at SCREENING)"
    )
    assert rows(study, "OVRLRESP", "WHY") == [("PD", f"{sentence}: progression")]
    assert rows(study, "OVRLRESP", partial_sum_progression=False) == [("NE",)]


def test_parts_of_a_lesion_that_split_are_added_up() -> None:
    """T01 of 30 mm becomes 12 and 11 mm: 23 + 20 = 43 mm, 14% below 50 mm."""
    study = collected(scans(BASELINE, ("WEEK 8", 56, {"T01.1": 12.0, "T01.2": 11.0, "T02": 20.0})))
    found = derived(study)
    assert found.lesion_responses is not None
    assert found.lesion_responses["WHY"].to_list()[-1] == (
        "A target lesion has split; sum of diameters 43 mm, 14% below baseline (50 mm): stable disease"
    )
    assert found.decisions.count("lesion-continued") == 1
    # A part that was not read leaves the lesion not evaluated.
    assert rows(collected(scans(BASELINE, ("WEEK 8", 56, {"T01A": 12.0, "T01B": None, "T02": 20.0}))), "OVRLRESP") == [
        ("NE",)
    ]


def test_lesions_that_merged_are_measured_as_one() -> None:
    study = collected(scans(BASELINE, ("WEEK 8", 56, {"T01/T02": 44.0})))
    assert rows(study, "SUMDIAM", "NREAD", "OVRLRESP") == [(44.0, 2, "SD")]
    worded = collected(scans(BASELINE, ("WEEK 8", 56, {"T01": 44.0, "T02": "MERGED WITH T01"})))
    assert rows(worded, "SUMDIAM", "NREAD", "OVRLRESP") == [(44.0, 2, "SD")]


def test_non_target_lesions_partly_evaluated() -> None:
    begun = ("SCREENING", -7, {"NT01": "PRESENT", "NT02": "PRESENT"})
    study = collected(scans(begun, ("WEEK 8", 56, {"NT01": "PRESENT", "NT02": "NOT EVALUABLE"})))
    assert rows(study, "NTRGRESP", "WHY") == [("NE", "NT02 not evaluated: response not evaluable")]
    assert rows(study, "NTRGRESP", non_target_partly_evaluated="NON-CR/NON-PD") == [("NON-CR/NON-PD",)]


def test_an_equivocal_new_lesion_counts_from_its_first_scan_once_confirmed() -> None:
    same = {"T01": 30.0, "T02": 20.0}
    study = collected(
        scans(
            BASELINE,
            ("WEEK 8", 56, same | {"NEW01": "EQUIVOCAL"}),
            ("WEEK 16", 112, same | {"NEW01": "UNEQUIVOCAL"}),
            ("WEEK 24", 168, same),
            sites={"NEW01": "LUNG"},
        )
    )
    assert rows(study, "NEWLPROG", "OVRLRESP", "WHY") == [
        ("Y", "PD", "New lesion NEW01 (LUNG), equivocal here and confirmed at WEEK 16: progression"),
        ("Y", "PD", "New lesion NEW01 (LUNG), seen since WEEK 8: progression"),
        ("Y", "PD", "New lesion NEW01 (LUNG), seen since WEEK 8: progression"),
    ]
    assert rows(study, "NEWLPROG", "OVRLRESP", equivocal_lesion_backdated=False)[0] == ("EQUIVOCAL", "SD")
    never = collected(scans(BASELINE, ("WEEK 8", 56, same | {"NEW01": "EQUIVOCAL"})))
    assert rows(never, "OVRLRESP", "WHY") == [
        (
            "SD",
            "Sum of diameters 50 mm, as at baseline; the new lesion NEW01 is equivocal and does not count: "
            "stable disease",
        )
    ]


def test_progression_names_everything_that_shows_it() -> None:
    begun = ("SCREENING", -7, {"T01": 30.0, "NT01": "PRESENT"})
    later = ("WEEK 8", 56, {"T01": 40.0, "NT01": "UNEQUIVOCAL PROGRESSION", "NEW01": "UNEQUIVOCAL"})
    study = collected(scans(begun, later, sites={"NEW01": "BRAIN"}))
    assert rows(study, "REASON", "WHY", "SRCDOM", "SRCVAR", "SRCSEQ") == [
        (
            "target-growth; non-target-progression; new-lesion",
            "Sum of diameters 40 mm, 33.3% and 10 mm above the smallest so far (30 mm at SCREENING); unequivocal "
            "growth of non-target NT01; new lesion NEW01 (BRAIN): progression",
            "TR",
            "TRSTRESN",
            3,
        )
    ]


def test_the_date_of_an_assessment() -> None:
    """Scans on days 56 (liver) and 60 (lung), the visit on day 58; the response is stable, then progression."""
    first = scans(BASELINE, ("WEEK 8", 56, {"T01": 30.0, "T02": 20.0}), ("WEEK 16", 112, {"T01": 45.0, "T02": 20.0}))
    for row in first["tr"]:
        if row["TRLNKID"] == "T02" and row["VISIT"] != "SCREENING":
            row["TRDTC"] = made.iso(60 if row["VISIT"] == "WEEK 8" else 116)
    sdtm = collected(first)
    visits = {"STUDYID": made.STUDY, "USUBJID": "P", "VISITNUM": [2.0, 3.0], "SVSTDTC": [made.iso(58), made.iso(114)]}
    sdtm.tables["sv"] = pl.DataFrame(visits)
    day = {56: date(2020, 2, 26), 58: date(2020, 2, 28), 60: date(2020, 3, 1)}
    day |= {112: date(2020, 4, 22), 114: date(2020, 4, 24), 116: date(2020, 4, 26)}
    for rule, dates in {
        "earliest": (56, 112),
        "latest": (60, 116),
        "visit": (58, 114),
        "by-response": (60, 112),
    }.items():
        assert rows(sdtm, "ADT", lesion_response_date=rule) == [(day[at],) for at in dates], rule


def test_readers_are_kept_apart_and_the_adjudicator_chooses() -> None:
    """Reader 1 sees progression in week 8, reader 2 does not; the adjudicator takes reader 2."""
    independent = "INDEPENDENT ASSESSOR"
    one = scans(BASELINE, ("WEEK 8", 56, {"T01": 50.0, "T02": 20.0}), evaluator=independent, reader="READER 1")
    two = scans(BASELINE, ("WEEK 8", 56, {"T01": 30.0, "T02": 20.0}), evaluator=independent, reader="READER 2")
    own = scans(BASELINE, ("WEEK 8", 56, {"T01": 20.0, "T02": 10.0}))
    for row in two["tr"]:
        row["TRACPTFL"] = "Y"
    sdtm = collected(own, one, two)
    assert rows(sdtm, "EVAL", "EVALID", "ACPTFL", "OVRLRESP") == [
        (independent, "READER 1", None, "PD"),
        (independent, "READER 2", "Y", "SD"),
        ("INVESTIGATOR", None, None, "PR"),
    ]
    accepted = {"evaluator": independent, "accepted_records_only": True}
    adam = derived(sdtm, **accepted)
    overall = adam.tables["adrs"].filter(pl.col("PARAMCD") == "OVR")
    assert overall.select("AVALC", "SRCDOM").rows() == [("SD", "TR")]
    sums = adam.tables["adtr"].filter(pl.col("PARAMCD") == "SDIAM")
    assert sums.select("AVISIT", "AVAL", "BASE", "NADIR", "ANL01FL").rows() == [
        ("BASELINE", 50, 50, None, "Y"),
        ("WEEK 8", 50, 50, 50, "Y"),
    ]
