"""Columns as users hold them: Arrow arrays, frames with a name twice, values that are no column."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from equipoise.errors import DataError
from equipoise.frames.columns import to_array, to_columns, to_events, to_levels, to_numbers, to_strata, to_times


def test_an_arrow_array_is_a_column():
    assert to_numbers(pa.array([1, None, 3]), "x").tolist()[::2] == [1.0, 3.0]
    assert np.isnan(to_numbers(pa.array([1, None, 3]), "x")[1])
    assert to_events(pa.array([True, False]), "event").tolist() == [True, False]
    assert to_levels(pa.array(["b", "a", "b"]), "arm").labels == ("a", "b")
    assert to_levels(pa.array(["b", "a", "b"]), "arm").codes.tolist() == [1, 0, 1]
    assert to_array(pa.chunked_array([["a"], ["b", "c"]]), "arm").tolist() == ["a", "b", "c"]


def test_the_levels_of_an_arrow_dictionary_are_those_of_its_values():
    column = pa.array(["drug", "placebo", "drug"]).dictionary_encode()
    levels = to_levels(column, "arm")
    assert [levels.labels[code] for code in levels.codes] == ["drug", "placebo", "drug"]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame([[1, 2], [1, 2]], columns=["site", "site"]),
        pa.table([pa.array([1, 1]), pa.array([2, 2])], names=["site", "site"]),
    ],
    ids=["pandas", "arrow"],
)
@pytest.mark.parametrize("read", [to_columns, lambda frame, name: to_strata(frame, 2, name)], ids=["columns", "strata"])
def test_a_name_twice_is_refused(frame, read):
    with pytest.raises(DataError, match="strata has more than one column named 'site'") as refused:
        read(frame, "strata")
    assert refused.value.code == "value-invalid"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "event is one value of type int, a column of values is needed"),
        (None, "event is one value of type NoneType, a column of values is needed"),
        (np.array(["0", "1"]), "event is not numeric: '0'"),
    ],
)
def test_what_is_no_column_of_numbers_is_shown_as_it_was_written(value, message):
    with pytest.raises(DataError, match=message):
        to_events(value, "event")


def test_dates_are_no_times():
    with pytest.raises(DataError, match=r"time is not numeric: np.datetime64\('2020-01-01"):
        to_times(pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02"])), "time")
