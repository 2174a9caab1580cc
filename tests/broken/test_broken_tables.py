"""Folders and files that are not what their name promises."""

import re

import polars as pl
import pytest

from equipoise.errors import DataError, OutputError
from equipoise.frames.adam import read_adam, write_adam
from equipoise.frames.sdtm import read_sdtm, write_sdtm
from equipoise.frames.tables import whole_file

DM = pl.DataFrame({"STUDYID": ["P"], "USUBJID": ["P-1"], "ARM": ["A"]})


@pytest.mark.parametrize("read", [read_sdtm, read_adam])
def test_a_folder_that_is_none(tmp_path, read):
    with pytest.raises(DataError, match="does not exist") as caught:
        read(tmp_path / "nowhere")
    assert caught.value.code == "folder-unreadable"
    (tmp_path / "dm.csv").write_text("a\n")
    with pytest.raises(DataError, match="is not a folder"):
        read(tmp_path / "dm.csv")


@pytest.mark.parametrize("read", [read_sdtm, read_adam])
def test_a_folder_without_tables(tmp_path, read):
    with pytest.raises(DataError, match="holds no table") as caught:
        read(tmp_path)
    assert caught.value.reason == "found: nothing"
    (tmp_path / "notes.docx").write_text("x")
    (tmp_path / ".dm.csv").write_text("hidden")
    with pytest.raises(DataError, match="holds no table") as caught:
        read(tmp_path)
    assert "notes.docx" in str(caught.value.reason)


@pytest.mark.parametrize("form", ["parquet", "xpt", "sas7bdat"])
@pytest.mark.parametrize("content", [b"", b"this is not what the ending says", b"\x00" * 3000])
def test_a_file_that_is_not_what_its_ending_says(tmp_path, form, content):
    (tmp_path / f"dm.{form}").write_bytes(content)
    with pytest.raises(DataError, match=rf"dm\.{form} cannot be read as {form.upper()}") as caught:
        read_sdtm(tmp_path)
    assert caught.value.code == "file-unreadable"
    assert caught.value.reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"STUDYID,USUBJID,ARM\nP,P-1,A,B\n", "more fields|extra|ragged|schema"),
        (b"STUDYID,USUBJID,ARM\nP,P-1,Caf\xe9\n", "utf-?8"),
        (b"STUDYID,USUBJID,USUBJID\nP,P-1,P-2\n", "USUBJID occurs more than once"),
        (b"STUDYID,USUBJID,usubjid\nP,P-1,P-2\n", "USUBJID occurs more than once"),
    ],
)
def test_a_csv_file_that_cannot_be_read(tmp_path, content, reason):
    (tmp_path / "dm.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"dm\.csv cannot be read as CSV") as caught:
        read_sdtm(tmp_path)
    assert re.search(reason, str(caught.value.reason), re.IGNORECASE)


def test_a_truncated_parquet_file(tmp_path):
    write_sdtm({"dm": DM}, tmp_path)
    path = tmp_path / "dm.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"dm\.parquet cannot be read as PARQUET"):
        read_sdtm(tmp_path)


def test_a_number_that_is_none(tmp_path):
    (tmp_path / "dm.csv").write_text("STUDYID,USUBJID,ARM,AGE\nP,P-1,A,61\nP,P-2,A,sixty\nP,P-3,A,inf\n")
    with pytest.raises(DataError, match=r"'sixty' in AGE is not a number \(2 such rows\)") as caught:
        read_sdtm(tmp_path)
    assert caught.value.where == "dm.csv, row 2"
    # Who and what; the rest of a patient's record is nobody's business in an error message.
    assert caught.value.rows == [
        {"USUBJID": "P-2", "row": 2, "AGE": "sixty"},
        {"USUBJID": "P-3", "row": 3, "AGE": "inf"},
    ]


def test_a_required_column_that_is_misspelled(tmp_path):
    DM.rename({"USUBJID": "USUBJDI"}).write_csv(tmp_path / "dm.csv")
    with pytest.raises(DataError, match="DM has no column USUBJID") as caught:
        read_sdtm(tmp_path)
    assert caught.value.code == "column-missing"
    assert caught.value.where == "dm.csv"
    assert "did you mean 'USUBJDI'? existing columns: STUDYID, USUBJDI, ARM" in str(caught.value.hint)


def test_a_column_of_lists(tmp_path):
    DM.with_columns(LESIONS=pl.Series([["T01", "T02"]])).write_parquet(tmp_path / "dm.parquet")
    with pytest.raises(DataError, match="LESIONS has the type List"):
        read_sdtm(tmp_path)


def test_a_table_without_rows_keeps_its_types(tmp_path):
    (tmp_path / "dm.csv").write_text("STUDYID,USUBJID,ARM,AGE\n")
    frame = read_sdtm(tmp_path).tables["dm"]
    assert frame.height == 0
    assert frame.schema["AGE"] == pl.Float64


def test_a_place_that_is_a_file(tmp_path):
    (tmp_path / "out").write_text("in the way")
    for write in (write_sdtm, write_adam):
        with pytest.raises(OutputError, match="cannot be written") as caught:
            write({"dm": DM}, tmp_path / "out")
        assert caught.value.code == "output-unwritable"


def test_a_folder_that_is_read_only(closed_folder):
    closed, unprivileged = closed_folder
    with unprivileged, pytest.raises(OutputError, match="Permission denied"):
        write_sdtm({"dm": DM}, closed)
    assert list(closed.iterdir()) == []


def interrupted_write(path):
    with whole_file(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt("stop")


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "dm.csv"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt, match="stop"):
        interrupted_write(path)
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("dm.csv", "old")]
