"""Studies that are odd as a whole: nobody randomized, somebody unnamed, another study, CSV of other programs."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

import made_up_study as made
from equipoise.derivation import derive_adam
from equipoise.errors import DataError, OutputError
from equipoise.frames.results import ResultRow, ResultTable
from equipoise.frames.sdtm import read_sdtm
from equipoise.frames.tables import write_csv, write_parquet
from equipoise.protocol import load_trial


@pytest.fixture(scope="module")
def palmira():
    return load_trial("palmira")


def _edited(sdtm, domain, **columns):
    return replace(sdtm, tables={**sdtm.tables, domain: sdtm.tables[domain].with_columns(**columns)})


def _refused(sdtm, trial, message) -> DataError:
    with pytest.raises(DataError, match=message) as caught:
        derive_adam(sdtm, trial)
    assert caught.value.code == "value-invalid"
    return caught.value


def _warned(sdtm, trial, code) -> list[dict[str, object]]:
    frame = derive_adam(sdtm, trial).decisions.to_frame()
    return frame.filter((pl.col("code") == code) & (pl.col("severity") == "warning")).to_dicts()


def test_nobody_randomized(palmira) -> None:
    error = _refused(made.study(made.patient("S", arm=None, doses=[])), palmira, "DS holds no RANDOMIZED record")
    assert error.hint == "write RANDOMIZED as DSDECOD; it holds: nothing"
    other = _edited(made.study(made.patient("P")), "ds", DSDECOD=pl.lit("Randomised"))
    assert _refused(other, palmira, "DS holds no RANDOMIZED record").hint == (
        "write RANDOMIZED as DSDECOD; it holds: Randomised"
    )


@pytest.mark.parametrize("day", ["03FEB2020", "2020/02/03", "2020-02", None])
def test_randomization_in_dates_that_are_none(palmira, day) -> None:
    error = _refused(
        made.study(made.patient("P", randomized=day)), palmira, "no RANDOMIZED record of DS has a complete"
    )
    assert error.where == f"DS, DSSTDTC {day or 'missing'}"
    assert "2022-10-31" in (error.hint or "")


def test_a_patient_without_a_name(palmira) -> None:
    sdtm = made.study(made.patient("P"), made.patient("Q"))
    unnamed = _edited(sdtm, "dm", USUBJID=pl.when(pl.col("USUBJID") == "P").then(pl.col("USUBJID")))
    error = _refused(unnamed, palmira, "DM holds 1 record without USUBJID")
    assert [row["SUBJID"] for row in error.rows] == ["Q"]


def test_an_arm_without_randomization_is_not_lost_silently(palmira) -> None:
    sdtm = made.study(made.patient("P"), made.patient("Q"), made.patient("S", arm=None, doses=[]))
    lost = replace(sdtm, tables={**sdtm.tables, "ds": sdtm.tables["ds"].filter(pl.col("USUBJID") != "Q")})
    (row,) = _warned(lost, palmira, "arm-without-randomization")
    assert (row["usubjid"], row["variable"], row["value"]) == ("Q", "ARMCD", "PALBO_ET")
    assert _warned(sdtm, palmira, "arm-without-randomization") == []


def test_data_of_another_study(palmira) -> None:
    sdtm = made.study(made.patient("P"))
    (row,) = _warned(sdtm, palmira, "study-other")
    assert row["decision"] == "data of study MADEUP, and a trial file of PALMIRA: taken as this trial's"
    own = replace(sdtm, tables={n: t.with_columns(STUDYID=pl.lit("Palmira")) for n, t in sdtm.tables.items()})
    assert _warned(own, palmira, "study-other") == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("STUDYID;USUBJID;ARM\nP;P-1;A\n", "the columns are separated by ';', and commas are expected"),
        ("STUDYID\tUSUBJID\tARM\nP\tP-1\tA\n", r"the columns are separated by '\t', and commas are expected"),
        (",STUDYID,USUBJID,ARM\n0,P,P-1,A\n", "column 1 has no name; was a row index written along?"),
    ],
)
def test_csv_as_other_programs_write_it(tmp_path, text, reason) -> None:
    (tmp_path / "dm.csv").write_text(text)
    with pytest.raises(DataError, match=r"dm\.csv cannot be read as CSV") as caught:
        read_sdtm(tmp_path)
    assert caught.value.reason == reason


def test_blank_lines_of_csv_are_no_records(tmp_path) -> None:
    (tmp_path / "dm.csv").write_text("STUDYID,USUBJID,ARM\nP,P-1,A\n\nP,P-2,\n,,\n\n\n")
    assert read_sdtm(tmp_path).tables["dm"].rows() == [("P", "P-1", "A"), ("P", "P-2", None)]


def _write_rows(_frame, path) -> None:
    ResultTable([ResultRow(statistic="n", value=1.0)]).write(path)


@pytest.mark.parametrize("write", [write_parquet, write_csv, _write_rows])
def test_a_full_disk_while_polars_writes(tmp_path, write) -> None:
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(OutputError, match=r"full cannot be written: .*No space left") as caught:
        write(pl.DataFrame({"A": ["x" * 10_000]}), full)
    assert caught.value.code == "output-unwritable"
