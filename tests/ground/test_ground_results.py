"""Result rows: selection, printing, storage."""

import math
from dataclasses import FrozenInstanceError

import polars as pl
import pytest

from equipoise.errors import DataError
from equipoise.frames.results import COLUMNS, Result, ResultRow, ResultTable, fill


def _rows() -> list[ResultRow]:
    arm = {"analysis": "pfs", "endpoint": "PFS", "parameter": "read", "group1": "arm"}
    return [
        ResultRow(**arm, level1="ET", statistic="median", value=3.6, unit="months", method="kaplan-meier"),
        ResultRow(**arm, level1="ET", statistic="survival", at=6.0, at_unit="months", value=0.291),
        ResultRow(**arm, level1="PALBO_ET", statistic="median", value_text="not reached", unit="months"),
        ResultRow(**arm, level1="PALBO_ET", statistic="survival", at=6.0, at_unit="months", value=0.421),
        ResultRow(analysis="os", endpoint="OS", parameter="PALBO_ET", statistic="estimate", error="no events"),
    ]


@pytest.fixture
def table() -> ResultTable:
    return ResultTable(_rows())


def test_the_columns_are_the_documented_ones():
    assert (
        *("run", "analysis", "population", "endpoint", "parameter", "group1", "level1", "group2", "level2"),
        *("statistic", "at", "at_unit", "value", "value_text", "label", "unit", "format", "method", "convention"),
        *("warning", "error", "digest"),
    ) == COLUMNS


def test_select_narrows_by_equality_and_by_membership(table):
    assert len(table.select(statistic="median")) == 2
    assert [row.level1 for row in table.select(statistic="survival", at=6.0)] == ["ET", "PALBO_ET"]
    assert len(table.select(endpoint=["PFS", "OS"])) == 5
    assert len(table.select(endpoint=("OS",), statistic="median")) == 0
    assert len(table.select(level1=None)) == 1
    assert table.select() == table


def test_select_refuses_what_is_no_column(table):
    with pytest.raises(KeyError, match=r"\['arm', 'stat'\] are not result columns; columns: run, analysis, "):
        table.select(stat="median", arm="ET")


def test_one_and_value_take_exactly_one_row(table):
    assert table.one(statistic="median", level1="ET").unit == "months"
    assert table.value(statistic="median", level1="ET") == 3.6
    assert math.isnan(table.value(statistic="median", level1="PALBO_ET"))
    with pytest.raises(LookupError, match=r"^2 result rows match \{'statistic': 'median'\}, expected exactly one$"):
        table.value(statistic="median")
    with pytest.raises(LookupError, match="^0 result rows match"):
        table.one(statistic="mean")


def test_levels_keep_their_order(table):
    assert table.levels("level1") == ["ET", "PALBO_ET"]
    assert table.levels("group2") == []


def test_tables_add_and_compare(table):
    whole = table.select(endpoint="PFS") + table.select(endpoint="OS")
    assert whole == table
    assert hash(whole) == hash(table)
    assert whole != ResultTable()
    assert whole.to_rows() == _rows()
    assert table != "a text"


def test_it_is_a_result(table):
    assert isinstance(table, Result)


def test_rows_are_immutable(table):
    row = table.to_rows()[0]
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'value'"):
        row.value = 1.0
    table.to_rows().clear()
    assert len(table) == 5


def test_the_frame_has_every_column_and_its_type(table):
    frame = table.to_frame()
    assert frame.columns == list(COLUMNS)
    assert {name for name, kind in frame.schema.items() if kind == pl.Float64} == {"at", "value"}
    assert {kind for name, kind in frame.schema.items() if name not in ("at", "value")} == {pl.String}
    assert ResultTable().to_frame().schema == frame.schema


def test_rows_survive_frames_and_parquet(table, tmp_path):
    assert ResultTable.from_frame(table.to_frame()) == table
    table.write(tmp_path / "results.parquet")
    assert ResultTable.read(tmp_path / "results.parquet") == table
    ResultTable().write(tmp_path / "none.parquet")
    assert len(ResultTable.read(tmp_path / "none.parquet")) == 0


@pytest.mark.parametrize("content", [None, b"", b"no Parquet file"])
def test_a_file_that_cannot_be_read(tmp_path, content):
    path = tmp_path / "results.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"results\.parquet cannot be read as Parquet") as caught:
        ResultTable.read(path)
    assert caught.value.code == "file-unreadable"
    assert caught.value.reason
    assert caught.value.hint == "give the results.parquet of a run folder, or the folder"


def test_a_file_of_something_else(tmp_path, table):
    path = tmp_path / "adsl.parquet"
    pl.DataFrame({"USUBJID": ["P-1"]}).write_parquet(path)
    with pytest.raises(DataError, match="holds no result rows: it has no column run, analysis, ") as caught:
        ResultTable.read(path)
    assert caught.value.code == "column-missing"
    assert caught.value.reason == "its columns: USUBJID"
    table.to_frame().drop("unit").write_parquet(path)
    with pytest.raises(DataError, match="it has no column unit$|it has no column unit\n"):
        ResultTable.read(path)


def test_columns_beyond_the_known_are_left_behind(table):
    assert ResultTable.from_frame(table.to_frame().with_columns(later=pl.lit("x"))) == table


def test_the_dictionary_leaves_out_what_is_missing(table):
    first = table.to_dict()["rows"][0]
    assert first == {
        "analysis": "pfs",
        "endpoint": "PFS",
        "parameter": "read",
        "group1": "arm",
        "level1": "ET",
        "statistic": "median",
        "value": 3.6,
        "unit": "months",
        "method": "kaplan-meier",
    }
    assert ResultTable([ResultRow(statistic="n", value=0.0)]).to_dict() == {"rows": [{"statistic": "n", "value": 0.0}]}


def test_it_prints_as_columns(table):
    assert repr(table).splitlines() == [
        "5 result rows",
        "analysis  endpoint  parameter  group     statistic             value",
        "pfs       PFS       read       ET        median                3.6 months",
        "pfs       PFS       read       ET        survival at 6 months  0.291",
        "pfs       PFS       read       PALBO_ET  median                not reached",
        "pfs       PFS       read       PALBO_ET  survival at 6 months  0.421",
        "os        OS        PALBO_ET             estimate              no events",
    ]
    assert repr(ResultTable()) == "0 result rows"


def test_long_tables_print_their_beginning():
    rows = [ResultRow(statistic="n", value=float(k)) for k in range(1_031)]
    lines = repr(ResultTable(rows)).splitlines()
    assert lines[0] == "1,031 result rows"
    assert len(lines) == 1 + 1 + 40 + 1
    assert lines[-1] == "... and 991 more rows; select(analysis=...) narrows"


def test_curves_are_folded_unless_they_are_asked_for():
    curve = [ResultRow(parameter="curve", statistic="survival", at=float(k), value=0.5) for k in range(3)]
    table = ResultTable([*curve, ResultRow(parameter="logrank", statistic="z", value=1.5)])
    assert repr(table).splitlines() == [
        "4 result rows",
        "parameter  statistic  value",
        "logrank    z          1.5",
        "... and 3 rows of curves; select(parameter='curve') shows them",
    ]
    assert len(repr(table.select(parameter="curve")).splitlines()) == 1 + 1 + 3


def test_html_is_escaped():
    rows = [ResultRow(analysis="<script>", statistic="n", level1="a & b", value_text='"<5"')]
    html = ResultTable(rows)._repr_html_()
    assert "<script>" not in html
    assert "<td>&lt;script&gt;</td>" in html
    assert "<td>a &amp; b</td>" in html
    assert "<td>&quot;&lt;5&quot;</td>" in html
    assert html.count('<th scope="col">') == 6
    assert "<caption>1 result rows</caption>" in html


def test_fill_only_fills_gaps():
    rows = [ResultRow(statistic="n", analysis="kept", value=0.0), ResultRow(statistic="n", unit="kept")]
    filled = fill(rows, analysis="new", unit="days", value=9.0, label="")
    assert [(row.analysis, row.unit, row.value) for row in filled] == [("kept", "days", 0.0), ("new", "kept", 9.0)]
    assert rows[0].unit is None
    assert fill(iter(rows)) == rows
