"""Odd lesion records: nothing is guessed in silence, each leaves a row of the decision log."""

from __future__ import annotations

import polars as pl
import pytest

import made_up_study as made
from equipoise.derivation import AdamSet, derive_adam
from equipoise.errors import DataError
from made_up_lesions import collected, derived, rows, scans

BASELINE = ("SCREENING", -7, {"T01": 30.0, "T02": 20.0})
SAME = {"T01": 30.0, "T02": 20.0}


def _logged(adam: AdamSet, code: str) -> list[tuple[object, ...]]:
    log = adam.decisions.to_frame()
    return log.filter(pl.col("code") == code).select("usubjid", "sequence", "value", "severity").rows()


def test_centimeters_are_converted_and_other_units_are_not_used() -> None:
    begun = scans(BASELINE, ("WEEK 8", 56, SAME), ("WEEK 16", 112, SAME))
    for row in begun["tr"]:
        if row["VISIT"] == "WEEK 8":
            row |= {"TRSTRESN": 3.0 if row["TRLNKID"] == "T01" else 2.0, "TRSTRESU": "cm"}
        if row["VISIT"] == "WEEK 16" and row["TRLNKID"] == "T02":
            row["TRSTRESU"] = "in"
    adam = derived(collected(begun))
    assert adam.lesion_responses is not None
    assert adam.lesion_responses.select("SUMDIAM", "OVRLRESP").rows() == [(50, None), (50, "SD"), (30, "NE")]
    assert _logged(adam, "unit-unknown") == [("P", 6, "in", "warning")]
    lesions = adam.tables["adtr"].filter(pl.col("PARAMCD") == "LDIAM1").sort("AVISITN")
    assert lesions["AVAL"].to_list() == [30, 30, 30]


def test_measurements_without_a_unit_are_millimeters_and_said_to_be() -> None:
    sdtm = collected(scans(BASELINE, ("WEEK 8", 56, SAME), unit=None))
    assert _logged(derived(sdtm), "unit-missing") == [("P", place, value, "note") for place, value in
                                                     ((1, "30.0"), (2, "20.0"), (3, "30.0"), (4, "20.0"))]  # fmt: skip
    bare = sdtm.tables["tr"].drop("TRSTRESU", "TRORRESU")
    sdtm.tables["tr"] = bare
    assert _logged(derived(sdtm), "unit-missing") == [(None, None, None, "note")]


def test_a_diameter_below_zero_and_an_unknown_word_are_not_used() -> None:
    later = ("WEEK 8", 56, {"T01": -4.0, "T02": 20.0}), ("WEEK 16", 112, {"T01": 30.0, "T02": "HAZY"})
    sdtm = collected(scans(BASELINE, *later))
    adam = derived(sdtm)
    assert rows(sdtm, "OVRLRESP") == [("NE",), ("NE",)]
    assert _logged(adam, "diameter-negative") == [("P", 3, "-4.0", "warning")]
    assert _logged(adam, "lesion-state-unknown") == [("P", 6, "HAZY", "warning")]


def test_a_lesion_id_that_changes_is_reported_and_the_lesion_is_not_evaluated() -> None:
    adam = derived(collected(scans(BASELINE, ("WEEK 8", 56, {"T01": 30.0, "T09": 20.0}))))
    assert adam.lesion_responses is not None
    assert adam.lesion_responses["OVRLRESP"].to_list() == [None, "NE"]
    assert _logged(adam, "lesion-unknown") == [("P", 4, "T09", "warning")]


def test_of_two_baselines_the_last_not_after_randomization_is_used() -> None:
    """T01 on day -20 (26 mm), day -7 (30 mm) and day 3 (40 mm)."""
    read = scans(BASELINE, ("WEEK 8", 56, SAME))
    first = read["tr"][0]
    read["tr"] += [
        first | {"TRSEQ": 11.0, "TRDTC": made.iso(-20), "TRSTRESN": 26.0, "TRSTRESC": "26.0"},
        first | {"TRSEQ": 12.0, "TRDTC": made.iso(3), "TRSTRESN": 40.0, "TRSTRESC": "40.0"},
    ]
    sdtm = collected(read)
    assert rows(sdtm, "BASE", "OVRLRESP") == [(50, "SD")]
    assert [row[1] for row in _logged(derived(sdtm), "two-baselines")] == [11, 12]


def test_a_measurement_twice_at_one_visit() -> None:
    read = scans(BASELINE, ("WEEK 8", 56, SAME))
    read["tr"].append(read["tr"][2] | {"TRSEQ": 9.0, "TRSTRESN": 33.0, "TRSTRESC": "33.0"})
    sdtm = collected(read)
    assert rows(sdtm, "SUMDIAM") == [(53,)]
    assert _logged(derived(sdtm), "measurement-twice") == [("P", 3, "30.0", "warning")]


def test_visits_without_dates_have_no_response_and_are_no_nadir() -> None:
    later = ("WEEK 8", None, {"T01": 10.0, "T02": 5.0}), ("WEEK 16", 112, {"T01": 25.0, "T02": 20.0})
    sdtm = collected(scans(BASELINE, *later))
    found = rows(sdtm, "VISIT", "OVRLRESP", "NADIR", "REASON")
    assert found == [("WEEK 16", "SD", 50, "target-stable"), ("WEEK 8", None, None, "undated")]
    assert _logged(derived(sdtm), "assessment-undated") == [("P", 3, "WEEK 8", "warning")]


def test_an_assessment_before_the_baseline_is_not_used() -> None:
    sdtm = collected(scans(BASELINE, ("EARLIER", -30, {"T01": 10.0, "T02": 5.0}), ("WEEK 8", 56, SAME)))
    assert rows(sdtm, "VISIT", "OVRLRESP", "NADIR") == [("EARLIER", None, None), ("WEEK 8", "SD", 50)]
    assert len(_logged(derived(sdtm), "assessment-before-baseline")) == 1


def test_a_node_measured_only_by_its_longest_diameter_is_not_evaluated() -> None:
    read = scans(BASELINE, ("WEEK 8", 56, SAME), sites={"T02": "LYMPH NODE"})
    read["tr"][3]["TRTESTCD"] = "LDIAM"
    sdtm = collected(read)
    assert rows(sdtm, "OVRLRESP") == [("NE",)]
    assert _logged(derived(sdtm), "axis-wrong") == [("P", 4, "LDIAM", "warning")]


def test_no_baseline_no_comparison() -> None:
    sdtm = collected(scans(("WEEK 8", 56, SAME), ("WEEK 16", 112, {"T01": 90.0, "T02": 90.0})))
    adam = derived(sdtm)
    assert rows(sdtm, "OVRLRESP") == [("NE",), ("NE",)]
    assert len(_logged(adam, "baseline-incomplete")) == 1
    partly = collected(scans(("SCREENING", -7, {"T01": 30.0, "T02": None}), ("WEEK 8", 56, SAME)))
    assert rows(partly, "OVRLRESP", "WHY") == [
        ("NE", "No complete baseline of the target lesions to compare with: response not evaluable")
    ]


def test_baselines_that_recist_does_not_allow_are_kept_and_reported() -> None:
    begun = {f"T0{place}": 20.0 for place in range(1, 7)} | {"T06": 8.0}
    sites = {f"T0{place}": organ for place, organ in enumerate(("LIVER", "LIVER", "LIVER", "LUNG", "LUNG", "SKIN"), 1)}
    adam = derived(collected(scans(("SCREENING", -7, begun), ("WEEK 8", 56, begun), sites=sites)))
    assert sorted(row[2] for row in _logged(adam, "targets-too-many")) == ["3 in LIVER", "6 targets"]
    assert _logged(adam, "target-too-small") == [("P", 6, "8.0", "note")]


def test_responses_from_lesions_need_lesions() -> None:
    sdtm = collected(scans(BASELINE), rs=False)
    assert derived(sdtm).tables["adrs"].height > 0
    del sdtm.tables["tr"]
    with pytest.raises(DataError, match="TR is not among the data") as raised:
        derived(sdtm)
    assert raised.value.code == "domain-missing"


def test_without_tr_nothing_is_compared() -> None:
    adam = derive_adam(made.study(made.patient("P", responses=[(56, "SD")]), without=("tr", "tu")), profile="equipoise")
    assert adam.discordance is None
    assert adam.lesion_responses is None
