"""ADTR of one made-up patient, worked by hand.

Two target lesions, T01 in the liver (longest diameter counts) and T02 a lymph node (the perpendicular counts).

| visit     | day | T01 LDIAM | T01 LPERP | T02 LDIAM | T02 LPERP | sum     |
|-----------|-----|-----------|-----------|-----------|-----------|---------|
| SCREENING | -5  | 40        | 20        | 30        | 20        | 60      |
| WEEK 8    | 56  | 30        | 15        | 20        | 18        | 48      |
| WEEK 16   | 112 | missing   | missing   | 20        | 15        | 15 (T02)|
| WEEK 24   | 168 | 50        | 25        | 20        | 22        | 72, PD  |
"""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

import made_up_study as made
from equipoise.derivation import derive_adam

VISITS = [
    ("SCREENING", 1.0, -5, {"T01": (40.0, 20.0), "T02": (30.0, 20.0)}),
    ("WEEK 8", 2.0, 56, {"T01": (30.0, 15.0), "T02": (20.0, 18.0)}),
    ("WEEK 16", 3.0, 112, {"T01": (None, None), "T02": (20.0, 15.0)}),
    ("WEEK 24", 4.0, 168, {"T01": (50.0, 25.0), "T02": (20.0, 22.0)}),
]


@pytest.fixture(scope="module")
def adtr() -> pl.DataFrame:
    rows = made.patient("P", responses=[(56, "SD"), (112, "NE"), (168, "PD")])
    read = {"TREVAL": "INVESTIGATOR", "TRGRPID": "TARGET"}
    for place, (lesion, site) in enumerate((("T01", "LIVER"), ("T02", "LYMPH NODE")), start=1):
        found = {"TUSEQ": place, "TULNKID": lesion, "TULOC": site, "TUSTRESC": "TARGET"}
        made.add(rows, "tu", "P", **found, TUEVAL="INVESTIGATOR", VISIT="SCREENING")
    sequence = 0
    for visit, number, day, lesions in VISITS:
        for lesion, sizes in lesions.items():
            for test, size in zip(("LDIAM", "LPERP"), sizes, strict=True):
                sequence += 1
                placed = {"VISIT": visit, "VISITNUM": number, "TRDTC": day, "TRSEQ": sequence}
                made.add(rows, "tr", "P", **read, **placed, TRLNKID=lesion, TRTESTCD=test, TRSTRESN=size)
    return derive_adam(made.study(rows), profile="admiral").tables["adtr"]


def _sums(adtr: pl.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    return adtr.filter(pl.col("PARAMCD") == "SDIAM").sort("AVISITN").select(columns).rows()


def test_the_sum_takes_the_short_axis_of_a_node(adtr: pl.DataFrame) -> None:
    assert _sums(adtr, "AVISIT", "AVISITN", "ADY", "AVAL") == [
        ("BASELINE", 0, -5, 60),
        ("WEEK 8", 2, 57, 48),
        ("WEEK 16", 3, 113, 15),
        ("WEEK 24", 4, 169, 72),
    ]


def test_a_sum_counts_when_every_baseline_lesion_is_in_it(adtr: pl.DataFrame) -> None:
    assert _sums(adtr, "LSEXP", "LSASS", "ANL01FL") == [
        ("T01, T02", "T01, T02", "Y"),
        ("T01, T02", "T01, T02", "Y"),
        ("T01, T02", "T02", None),
        ("T01, T02", "T01, T02", "Y"),
    ]


def test_baseline_nadir_and_changes(adtr: pl.DataFrame) -> None:
    # The incomplete 15 is no nadir: at week 24 it is still 48, and 72 is 24 mm, 50%, above it.
    assert _sums(adtr, "ABLFL", "BASE", "NADIR", "CHG", "PCHG", "CHGNAD", "PCHGNAD") == [
        ("Y", 60, None, 0, 0, None, None),
        (None, 60, 60, -12, -20, -12, -20),
        (None, 60, 48, -45, -75, -33, -68.75),
        (None, 60, 48, 12, 20, 24, 50),
    ]


def test_flags_of_the_sums(adtr: pl.DataFrame) -> None:
    # Best complete change after randomization: week 8 (-20%). Progression on the day of week 24 ends ANL03FL.
    assert _sums(adtr, "PDFL", "ANL02FL", "ANL03FL", "ANL04FL") == [
        (None, None, "Y", "Y"),
        (None, "Y", "Y", "Y"),
        (None, None, None, None),
        ("Y", None, None, "Y"),
    ]


def test_lesion_records(adtr: pl.DataFrame) -> None:
    lesions = adtr.filter(pl.col("PARAMCD") != "SDIAM")
    assert sorted(set(lesions["PARAMCD"])) == ["LDIAM1", "LDIAM2", "NLDIAM1", "NLDIAM2"]
    node = lesions.filter((pl.col("PARAMCD") == "NLDIAM2") & (pl.col("AVISIT") == "WEEK 8"))
    columns = ("AVAL", "AVALU", "ADT", "TULOCGR1", "LSEXP", "LSASS", "ANL01FL", "SRCDOM", "SRCSEQ")
    assert node.select(columns).row(0) == (18, "mm", date(2020, 2, 26), "NODAL", "T02", "T02", "Y", "TR", 8)
    absent = lesions.filter((pl.col("PARAMCD") == "LDIAM1") & (pl.col("AVISIT") == "WEEK 16"))
    assert absent.select("AVAL", "LSEXP", "LSASS", "ANL01FL").row(0) == (None, "T01", None, None)
