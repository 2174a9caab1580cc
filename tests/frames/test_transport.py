import re
import time
from datetime import date, datetime

import polars as pl
import pyreadstat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import DataError
from equipoise.frames.transport import FIXED_STAMP, read_transport, write_transport

CLOCK = re.compile(rb"\d\d[A-Z]{3}\d\d:\d\d:\d\d:\d\d")

TABLE = pl.DataFrame(
    {
        "USUBJID": ["S-1", "S-2", "S-3"],
        "TEXT": ["NA", None, "é naïve"],
        "AVAL": [1.5, None, -0.1],
        "ADT": [date(2020, 2, 29), None, date(1950, 1, 1)],
        "ADTM": [datetime(2020, 2, 29, 23, 59, 59), None, datetime(1950, 1, 1, 0, 0, 1)],
        "EMPTY": [None, None, None],
    },
    schema_overrides={"EMPTY": pl.String},
)


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "adsl.xpt"
    write_transport(TABLE, path, "adsl", {"AVAL": "Analysis Value"}, "Subjects")
    frame, labels = read_transport(path)
    assert frame.equals(TABLE)
    assert frame.schema == TABLE.schema
    assert labels == {"AVAL": "Analysis Value"}


def test_pyreadstat_alone_reads_dates_labels_and_formats(tmp_path):
    path = tmp_path / "adsl.xpt"
    write_transport(TABLE, path, "adsl", {"AVAL": "Analysis Value"}, "Subjects")
    columns, metadata = pyreadstat.read_xport(path, output_format="dict")
    assert columns["ADT"] == [date(2020, 2, 29), None, date(1950, 1, 1)]
    assert columns["ADTM"][0] == datetime(2020, 2, 29, 23, 59, 59)
    assert metadata.original_variable_types["ADT"] == "DATE9"
    assert metadata.original_variable_types["ADTM"] == "DATETIME20"
    assert (metadata.table_name, metadata.file_label) == ("ADSL", "Subjects")


def test_the_writer_below_stamps_its_clock_in_exactly_the_four_places_we_overwrite(tmp_path):
    path = tmp_path / "raw.xpt"
    pyreadstat.write_xport(TABLE.select("USUBJID", "AVAL"), path, file_format_version=5)
    raw = path.read_bytes()
    found = [match.start() for match in CLOCK.finditer(raw)]
    write_transport(TABLE.select("USUBJID", "AVAL"), path, "DATASET", {})
    fixed = path.read_bytes()
    assert [match.start() for match in re.finditer(re.escape(FIXED_STAMP), fixed)] == found
    assert len(found) == 4
    blanked = CLOCK.sub(FIXED_STAMP, raw)
    assert blanked == fixed


def test_the_same_table_gives_the_same_bytes_at_another_time(tmp_path):
    first, second = tmp_path / "first.xpt", tmp_path / "second.xpt"
    write_transport(TABLE, first, "adsl", {})
    # The stamp counts whole seconds, and the clock that is read is C's: it cannot be replaced from here.
    time.sleep(1.1)
    write_transport(TABLE, second, "adsl", {})
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("frame", [TABLE.head(0), TABLE.select("AVAL").head(0), TABLE.select("ADT")])
def test_tables_without_rows_keep_their_types(tmp_path, frame):
    write_transport(frame, tmp_path / "t.xpt", "t", {})
    assert read_transport(tmp_path / "t.xpt")[0].equals(frame)


@given(
    st.lists(
        st.one_of(
            st.none(), st.just(0.0), st.floats(1e-70, 1e70), st.floats(-1e70, -1e-70), st.integers(-(2**53), 2**53)
        ),
        min_size=1,
        max_size=40,
    )
)
def test_numbers_survive_the_hexadecimal_floats_exactly(tmp_path_factory, numbers):
    frame = pl.DataFrame({"AVAL": numbers}, schema={"AVAL": pl.Float64}, strict=False)
    path = tmp_path_factory.mktemp("xpt") / "t.xpt"
    write_transport(frame, path, "t", {})
    assert read_transport(path)[0].equals(frame)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pl.DataFrame({"TOOLONGNAME": [1.0]}), "cannot hold: TOOLONGNAME"),
        (pl.DataFrame({"1ST": [1.0]}), "cannot hold: 1ST"),
        (pl.DataFrame({"A B": [1.0]}), "cannot hold: A B"),
        (pl.DataFrame({"TEXT": ["x" * 201]}), "a text of 201 bytes in TEXT"),
        (pl.DataFrame({"TEXT": ["é" * 101]}), "a text of 202 bytes in TEXT"),
        (pl.DataFrame({"AVAL": [float("inf")]}), "infinity in AVAL"),
        (pl.DataFrame({"AVAL": [1e300]}), "1e\\+300 in AVAL: outside the range"),
        (pl.DataFrame({"AVAL": [1e-100]}), "1e-100 in AVAL: outside the range"),
        (pl.DataFrame({"TEXT": ["x", None]}), "the last row is blank"),
    ],
)
def test_what_the_format_cannot_hold_is_refused_before_anything_is_written(tmp_path, frame, message):
    with pytest.raises(DataError, match=message) as caught:
        write_transport(frame, tmp_path / "t.xpt", "t", {})
    assert caught.value.code == "value-invalid"
    assert list(tmp_path.iterdir()) == []


def test_two_hundred_bytes_of_text_fit(tmp_path):
    frame = pl.DataFrame({"TEXT": ["é" * 100]})
    write_transport(frame, tmp_path / "t.xpt", "t", {})
    assert read_transport(tmp_path / "t.xpt")[0].equals(frame)
