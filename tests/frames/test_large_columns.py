"""Columns of large data: short cuts over samples and blocks find the same levels and refuse the same rows."""

import numpy as np
import polars as pl
import pytest

from equipoise.errors import DataError
from equipoise.frames.columns import to_events, to_levels, to_times

N = 70_000
RNG = np.random.default_rng(5)
ARMS = np.array(["placebo", "drug", "high dose"], dtype=object)


def expected_levels(values):
    """Sorted distinct values and each row's position among them."""
    labels = sorted(set(values))
    position = {label: i for i, label in enumerate(labels)}
    return tuple(map(str, labels)), np.array([position[value] for value in values])


def assert_levels(column, values):
    levels = to_levels(column, "arm")
    labels, codes = expected_levels(values)
    assert levels.labels == labels
    assert np.array_equal(levels.codes, codes)
    assert levels.codes.dtype == np.int64


# The second kind has a level in one row that no sample of rows meets
@pytest.mark.parametrize("rare", [False, True])
def test_text_levels(rare):
    texts = ARMS[RNG.integers(0, 3, N)]
    if rare:
        texts[12_345] = "another"
    for column in (texts, texts.astype("U"), pl.Series(texts.tolist())):
        assert_levels(column, texts.tolist())
    # Of a categorical type the order is its own.
    levels = to_levels(pl.Series(texts.tolist(), dtype=pl.Categorical), "arm")
    assert [levels.labels[code] for code in levels.codes] == texts.tolist()


def test_order_of_a_categorical_type_and_levels_without_rows():
    texts = ARMS[RNG.integers(0, 2, N)].tolist()
    levels = to_levels(pl.Series(texts, dtype=pl.Enum(["placebo", "never given", "drug"])), "arm")
    assert levels.labels == ("placebo", "drug")
    assert np.array_equal(levels.codes, [text == "drug" for text in texts])


@pytest.mark.parametrize("missing", [None, "", "  "])
@pytest.mark.parametrize("frame", [pl.Series, lambda values: np.array(values, dtype=object)])
def test_missing_text(frame, missing):
    texts = ARMS[RNG.integers(0, 3, N)].tolist()
    texts[54_321] = missing
    levels = to_levels(frame(texts), "arm", allow_missing=True)
    assert np.flatnonzero(levels.codes < 0).tolist() == [54_321]
    assert levels.labels == ("drug", "high dose", "placebo")
    with pytest.raises(DataError, match=r"arm has 1 value that cannot be used: .* \(row 54322\)"):
        to_levels(frame(texts), "arm")


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint16, ">i4"])
@pytest.mark.parametrize("levels", [(0, 1), (1, 2, 3), (0, 7, 9)])
def test_whole_numbers(levels, dtype):
    values = RNG.choice(levels, N).astype(dtype)
    assert_levels(values, values.tolist())
    assert_levels(np.repeat(values, 2)[::2], values.tolist())


def test_whole_numbers_seen_in_one_row_only_and_below_zero():
    values = np.zeros(N, dtype=np.int64)
    values[777] = 3
    assert_levels(values, values.tolist())
    values[778] = -5
    assert_levels(values, values.tolist())


@pytest.mark.parametrize("row", [0, 65_535, 65_536, N - 1])
@pytest.mark.parametrize("wrong", [2, -1, 256, 2**24])
def test_an_event_that_is_none_is_found_in_every_block(row, wrong):
    events = RNG.integers(0, 2, N)
    assert np.array_equal(to_events(events, "event"), events == 1)
    events[row] = wrong
    for dtype in (np.int64, ">i4"):
        with pytest.raises(DataError, match=rf"event has 1 value that cannot be used: .* \(row {row + 1}\)"):
            to_events(events.astype(dtype), "event")


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, ">i4", bool])
def test_events_of_every_type_of_whole_numbers(dtype):
    events = RNG.integers(0, 2, 100)
    assert np.array_equal(to_events(events.astype(dtype), "event"), events == 1)
    assert to_events(events.astype(dtype), "event").dtype == np.bool_


def test_times_at_the_ends_of_what_is_permitted():
    good = np.array([0.0, -0.0, 5e-324, 1.7976931348623157e308])
    assert np.array_equal(to_times(good, "time"), good)
    for wrong in (-5e-324, np.inf, -np.inf, np.nan):
        with pytest.raises(DataError, match=r"time has 1 value that cannot be used: .* \(row 5\)"):
            to_times(np.append(good, wrong), "time")
