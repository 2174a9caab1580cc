"""Laboratory grades by hand: every edge of every grade in every unit, baseline, emergence, the worst, the shift."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

import made_up_study as made
from equipoise.derivation import derive_adam
from equipoise.derivation.laboratory_grades import load_grading

LIMIT = {"NEUT": 1.8, "WBC": 3.8, "HGB": 12.0, "PLAT": 150.0}
COLUMNS = {
    "STUDYID": pl.String,
    "DOMAIN": pl.String,
    "USUBJID": pl.String,
    "LBSEQ": pl.Float64,
    "LBTESTCD": pl.String,
    "LBSTRESC": pl.String,
    "LBSTRESN": pl.Float64,
    "LBSTRESU": pl.String,
    "LBSTNRLO": pl.Float64,
    "LBDTC": pl.String,
}


def adlb(*results: dict[str, object], doses=((0, 100),), cutoff=None) -> pl.DataFrame:
    """ADLB of one made-up patient with these results; `day` is days after randomization."""
    rows = [
        {
            "STUDYID": made.STUDY,
            "DOMAIN": "LB",
            "USUBJID": "P",
            "LBSEQ": float(place),
            "LBDTC": made.iso(result.get("day", 10)),  # type: ignore[arg-type]
            **{name: held for name, held in result.items() if name != "day"},
        }
        for place, result in enumerate(results, start=1)
    ]
    lb = pl.DataFrame([{name: row.get(name) for name in COLUMNS} for row in rows], schema=COLUMNS)
    sdtm = made.study(made.patient("P", doses=doses), cutoff=cutoff)
    return derive_adam(replace(sdtm, tables={**sdtm.tables, "lb": lb}), profile="equipoise").tables["adlb"]


def result(test: str, value: float | None, unit: str, limit: float | None, **more: object) -> dict[str, object]:
    return {"LBTESTCD": test, "LBSTRESN": value, "LBSTRESU": unit, "LBSTNRLO": limit, **more}


# Value, unit, lower limit of normal, grade: on each edge, and just below it. CTCAE v5.0 writes <LLN to 1.5, <1.5 to
# 1.0, <1.0 to 0.5, <0.5 for neutrophils: the edge itself belongs to the milder grade.
EDGES = [
    *[("NEUT", v, "10^9/L", 1.8, g) for v, g in [(1.8, 0), (1.79, 1), (1.5, 1), (1.49, 2), (1.0, 2), (0.99, 3)]],
    *[("NEUT", v, "10^9/L", 1.8, g) for v, g in [(0.5, 3), (0.49, 4), (0.0, 4)]],
    *[("NEUT", v, "/uL", 1800, g) for v, g in [(1800, 0), (1799, 1), (1500, 1), (1499, 2), (1000, 2), (999, 3)]],
    *[("NEUT", v, "cells/mm3", 1800, g) for v, g in [(500, 3), (499, 4)]],
    *[("WBC", v, "GI/L", 3.8, g) for v, g in [(3.8, 0), (3.7, 1), (3.0, 1), (2.9, 2), (2.0, 2), (1.9, 3)]],
    *[("WBC", v, "THOU/uL", 3.8, g) for v, g in [(1.0, 3), (0.9, 4)]],
    *[("WBC", v, "/mm3", 3800, g) for v, g in [(3799, 1), (2999, 2), (1999, 3), (1000, 3), (999, 4)]],
    *[
        ("HGB", v, "g/dL", 12.0, g)
        for v, g in [(12.0, 0), (11.9, 1), (10.0, 1), (9.9, 2), (8.0, 2), (7.9, 3), (2.0, 3)]
    ],
    *[("HGB", v, "g/L", 120, g) for v, g in [(120, 0), (119, 1), (100, 1), (99, 2), (80, 2), (79, 3)]],
    *[("HGB", v, "mmol/L", 7.4, g) for v, g in [(7.4, 0), (7.3, 1), (6.2, 1), (6.1, 2), (4.9, 2), (4.8, 3)]],
    *[("PLAT", v, "10^9/L", 150, g) for v, g in [(150, 0), (149, 1), (75, 1), (74, 2), (50, 2), (49, 3), (25, 3)]],
    *[("PLAT", v, "10^9/L", 150, g) for v, g in [(24, 4)]],
    *[("PLAT", v, "/uL", 150_000, g) for v, g in [(75_000, 1), (74_999, 2), (50_000, 2), (49_999, 3), (24_999, 4)]],
]


def test_every_edge_of_every_grade_in_every_unit() -> None:
    derived = adlb(*(result(test, value, unit, limit) for test, value, unit, limit, _ in EDGES))
    found = dict(derived.select("LBSEQ", "ATOXGRN").iter_rows())
    wrong = [(edge, found[place]) for place, edge in enumerate(EDGES, start=1) if found[place] != edge[-1]]
    assert wrong == []


def test_units_are_one_in_the_analysis_value() -> None:
    """1.2 x 10^9/L are 1200 a microliter; 9.5 g/dL are 95 g/L and 9.5 x 0.62056 = 5.89532 mmol/L."""
    derived = adlb(
        result("NEUT", 1.2, "10^9/L", 1.8),
        result("NEUT", 1200.0, "cells / µL", 1800),
        result("HGB", 9.5, "g/dL", 12.0),
        result("HGB", 95.0, "G/L", 120.0),
        result("HGB", 5.89532, "mmol/L", 7.4),
    )
    assert derived.filter(pl.col("PARAMCD") == "NEUT").select("AVAL", "AVALU", "ANRLO").unique().rows() == [
        (1.2, "10^9/L", 1.8)
    ]
    hemoglobin = derived.filter(pl.col("PARAMCD") == "HGB").sort("LBSEQ")
    assert hemoglobin["AVALU"].unique().to_list() == ["g/dL"]
    assert hemoglobin["AVAL"].to_list() == pytest.approx([9.5, 9.5, 9.5], abs=1e-12)
    assert hemoglobin["ATOXGR"].to_list() == ["2", "2", "2"]


def test_a_limit_of_normal_below_the_second_edge_does_not_soften_a_grade() -> None:
    """LLN 1.3: 1.4 is not below normal, and the criterion of grade 2 (below 1.5) does not ask; 1.6 is grade 0."""
    derived = adlb(result("NEUT", 1.4, "10^9/L", 1.3), result("NEUT", 1.6, "10^9/L", 1.3))
    assert derived.sort("LBSEQ")["ATOXGRN"].to_list() == [2, 0]


def test_without_a_limit_grade_2_and_up_are_known_and_0_and_1_are_not() -> None:
    derived = adlb(result("PLAT", 74.0, "10^9/L", None), result("PLAT", 80.0, "10^9/L", None))
    assert derived.sort("LBSEQ")["ATOXGRN"].to_list() == [2, None]


COURSE = [
    result("NEUT", 2.5, "10^9/L", 1.8, day=-10),
    result("NEUT", 1.7, "10^9/L", 1.8, day=0),  # the day of the first dose: baseline, grade 1
    result("NEUT", 1.6, "10^9/L", 1.8, day=14),  # grade 1, no worse than baseline
    result("NEUT", 0.8, "10^9/L", 1.8, day=28),  # grade 3: the first of the worst
    result("NEUT", 0.7, "10^9/L", 1.8, day=42),  # grade 3 again
    result("NEUT", 0.4, "10^9/L", 1.8, day=131),  # grade 4, 31 days after the last dose: too late
    result("NEUT", 1.4, "10^9/L", 1.8, day=130),  # grade 2, on the last day that counts
]


def test_baseline_emergence_worst_and_shift() -> None:
    derived = adlb(*COURSE).sort("ADT")
    columns = ("ADY", "BASE", "CHG", "BTOXGR", "ATOXGR", "SHIFT1", "ABLFL", "ANL01FL", "TRTEMFL", "ANL02FL")
    rows = [
        tuple(round(held, 9) if isinstance(held, float) else held for held in row)
        for row in derived.select(columns).rows()
    ]
    assert rows == [
        (-10, 1.7, 0.8, "1", "0", "1 to 0", None, None, None, None),
        (1, 1.7, 0.0, "1", "1", "1 to 1", "Y", None, None, None),
        (15, 1.7, -0.1, "1", "1", "1 to 1", None, "Y", None, None),
        (29, 1.7, -0.9, "1", "3", "1 to 3", None, "Y", "Y", "Y"),
        (43, 1.7, -1.0, "1", "3", "1 to 3", None, "Y", "Y", None),
        (131, 1.7, -0.3, "1", "2", "1 to 2", None, "Y", "Y", None),
        (132, 1.7, -1.3, "1", "4", "1 to 4", None, None, None, None),
    ]


def test_without_a_baseline_any_grade_is_emergent() -> None:
    derived = adlb(result("WBC", 3.5, "GI/L", 3.8, day=7), result("WBC", 5.0, "GI/L", 3.8, day=14))
    assert derived.select("ATOXGR", "BTOXGR", "SHIFT1", "TRTEMFL").rows() == [
        ("1", None, None, "Y"),
        ("0", None, None, None),
    ]


def test_the_untreated_have_grades_and_no_flags() -> None:
    derived = adlb(result("WBC", 3.5, "GI/L", 3.8, day=7), doses=())
    assert derived.select("ATOXGR", "ANL01FL", "TRTEMFL", "ANL02FL", "ABLFL").rows() == [("1", None, None, None, None)]


def test_every_row_names_its_record_and_its_criterion() -> None:
    derived = adlb(*COURSE)
    assert derived.select("SRCDOM", "SRCVAR").unique().rows() == [("LB", "LBSTRESN")]
    assert sorted(derived["SRCSEQ"]) == [float(place) for place in range(1, 8)]
    assert derived["EQRULE"].unique().to_list() == ["Neutrophil count decreased [ctcae-v5, equipoise]"]


def test_other_tests_are_not_graded_and_there_is_no_data_set_of_them() -> None:
    lb = {"LBTESTCD": "ALT", "LBSTRESN": 500.0, "LBSTRESU": "U/L", "LBSTNRLO": 10.0}
    with pytest.raises(KeyError, match="adlb"):
        adlb(lb)


def test_the_criteria_are_dated_and_every_unit_name_is_one_scale_of_its_test() -> None:
    grading = load_grading("ctcae-v5")
    assert "National Cancer Institute" in grading.reference
    assert grading.dated.year == 2017
    for term in grading.terms:
        names = [name.lower() for scale in term.scales for name in scale.names]
        assert len(names) == len(set(names))
        for scale in term.scales:
            assert list(scale.edges) == sorted(scale.edges, reverse=True)
            # Edges of every unit are the first unit's, but for hemoglobin in mmol/L, where the criteria round.
            same = [edge / scale.divide_by for edge in scale.edges]
            assert same == pytest.approx(term.scales[0].edges, rel=0.02 if term.paramcd == "HGB" else 1e-12)
