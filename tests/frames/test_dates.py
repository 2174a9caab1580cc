from datetime import date, datetime

import polars as pl
import pytest

from equipoise.errors import ArgumentError, DataError
from equipoise.frames.dates import (
    PartialDate,
    Precision,
    date_flag_from_dtc,
    date_from_dtc,
    datetime_from_dtc,
    duration_days,
    filter_impossible_dtc,
    impossible_dtc,
    precision_of_dtc,
    study_day,
    time_flag_from_dtc,
)

COLLECTED = [
    # text, precision, first possible day, last possible day, impossible
    ("2014", "year", date(2014, 1, 1), date(2014, 12, 31), False),
    ("2014-02", "month", date(2014, 2, 1), date(2014, 2, 28), False),
    ("2016-02", "month", date(2016, 2, 1), date(2016, 2, 29), False),
    ("1900-02", "month", date(1900, 2, 1), date(1900, 2, 28), False),
    ("2014-02-03", "day", date(2014, 2, 3), date(2014, 2, 3), False),
    ("2014-02-03T13", "hour", date(2014, 2, 3), date(2014, 2, 3), False),
    ("2014-02-03T13:17", "minute", date(2014, 2, 3), date(2014, 2, 3), False),
    ("2014-02-03T13:17:05", "second", date(2014, 2, 3), date(2014, 2, 3), False),
    ("2014-02-03T13:17:05.250+01:00", "second", date(2014, 2, 3), date(2014, 2, 3), False),
    ("2014-02-03T13:17Z", "minute", date(2014, 2, 3), date(2014, 2, 3), False),
    ("2014-02-03T-:17", "day", date(2014, 2, 3), date(2014, 2, 3), False),
    ("2014---15", "year", date(2014, 1, 1), date(2014, 12, 31), False),
    ("2014-02--", "month", date(2014, 2, 1), date(2014, 2, 28), False),
    ("--02-03", "none", None, None, False),
    ("--02-29", "none", None, None, False),
    ("-----T07:15", "none", None, None, False),
    (" 2014-02 ", "month", date(2014, 2, 1), date(2014, 2, 28), False),
    ("", "none", None, None, False),
    (None, "none", None, None, False),
    ("2014-02-30", "none", None, None, True),
    ("2015-02-29", "none", None, None, True),
    ("1900-02-29", "none", None, None, True),
    ("2014-04-31", "none", None, None, True),
    ("2014-13", "none", None, None, True),
    ("2014-13-01", "none", None, None, True),
    ("2014-00-01", "none", None, None, True),
    ("2014-01-00", "none", None, None, True),
    ("2014---32", "none", None, None, True),
    ("0000-01-01", "none", None, None, True),
    ("--02-30", "none", None, None, True),
    ("UNK", "none", None, None, True),
    ("2014-1-1", "none", None, None, True),
    ("14-02-03", "none", None, None, True),
    ("2014-02-03 13:17", "none", None, None, True),
    ("2014-02-03/2014-02-05", "none", None, None, True),
    ("٢٠١٤-02-03", "none", None, None, True),
    ("2014-02-03T25:00", "day", date(2014, 2, 3), date(2014, 2, 3), True),
    ("2014-02-03T23:60", "day", date(2014, 2, 3), date(2014, 2, 3), True),
]


@pytest.mark.parametrize(("text", "precision", "first", "last", "impossible"), COLLECTED)
def test_a_collected_date_knows_its_precision_and_its_span(text, precision, first, last, impossible):
    parsed = PartialDate.parse(text)
    assert (str(parsed.precision), parsed.first(), parsed.last(), parsed.impossible) == (
        precision,
        first,
        last,
        impossible,
    )


def test_columns_say_the_same_as_scalars():
    frame = pl.DataFrame({"DTC": [row[0] for row in COLLECTED]}, schema={"DTC": pl.String})
    answer = frame.select(
        precision=precision_of_dtc("DTC"),
        first=date_from_dtc("DTC", "M", "first"),
        last=date_from_dtc("DTC", "M", "last"),
        impossible=impossible_dtc("DTC"),
    )
    assert answer.rows() == [row[1:] for row in COLLECTED]


@pytest.mark.parametrize(
    ("text", "level", "fill", "expected", "flag"),
    [
        ("2014-02-03", None, "first", date(2014, 2, 3), None),
        ("2014-02-03T13:17", None, "first", date(2014, 2, 3), None),
        ("2014-02", None, "last", None, None),
        ("2014-02", "D", "first", date(2014, 2, 1), "D"),
        ("2014-02", "D", "last", date(2014, 2, 28), "D"),
        ("2014", "D", "last", None, None),
        ("2014---15", "D", "first", None, None),
        ("2014", "M", "first", date(2014, 1, 1), "M"),
        ("2014", "M", "last", date(2014, 12, 31), "M"),
        ("2014---15", "M", "last", date(2014, 12, 31), "M"),
        ("2014-02", "M", "last", date(2014, 2, 28), "D"),
        ("--02-03", "M", "first", None, None),
        ("2014-02-30", "M", "first", None, None),
        (None, "M", "first", None, None),
    ],
)
def test_imputation_follows_the_level(text, level, fill, expected, flag):
    frame = pl.DataFrame({"DTC": [text]}, schema={"DTC": pl.String})
    answer = frame.select(date=date_from_dtc("DTC", level, fill), flag=date_flag_from_dtc("DTC", level))
    assert answer.row(0) == (expected, flag)


@pytest.mark.parametrize(
    ("text", "level", "fill", "expected", "flag"),
    [
        ("2014-02-03", None, "first", datetime(2014, 2, 3), "H"),
        ("2014-02-03", None, "last", datetime(2014, 2, 3, 23, 59, 59), "H"),
        ("2014-02-03T13", None, "last", datetime(2014, 2, 3, 13, 59, 59), "M"),
        ("2014-02-03T13:17", None, "last", datetime(2014, 2, 3, 13, 17, 59), None),
        ("2014-02-03T13:17:05", None, "last", datetime(2014, 2, 3, 13, 17, 5), None),
        ("2014-02-03T25:00", None, "first", datetime(2014, 2, 3), "H"),
        ("2014-02", None, "first", None, None),
        ("2014-02", "D", "last", datetime(2014, 2, 28, 23, 59, 59), "H"),
        ("2014", "D", "last", None, None),
        ("2014", "M", "first", datetime(2014, 1, 1), "H"),
        (None, "M", "first", None, None),
    ],
)
def test_time_imputation_and_its_flag(text, level, fill, expected, flag):
    frame = pl.DataFrame({"DTC": [text]}, schema={"DTC": pl.String})
    answer = frame.select(moment=datetime_from_dtc("DTC", level, fill), flag=time_flag_from_dtc("DTC", level))
    assert answer.row(0) == (expected, flag)


def test_the_second_is_flagged_only_when_asked():
    frame = pl.DataFrame({"DTC": ["2014-02-03T13:17", "2014-02-03T13:17:00"]})
    assert frame.select(time_flag_from_dtc("DTC", flag_seconds=True)).to_series().to_list() == ["S", None]


def test_date_and_time_may_be_filled_in_different_directions():
    frame = pl.DataFrame({"DTC": ["2014-02"]})
    answer = frame.select(datetime_from_dtc("DTC", "D", "first", time_fill="last")).item()
    assert answer == datetime(2014, 2, 1, 23, 59, 59)


def test_there_is_no_day_zero():
    reference = date(2020, 3, 1)
    days = [date(2020, 2, 28), date(2020, 2, 29), date(2020, 3, 1), date(2020, 3, 2), None]
    frame = pl.DataFrame({"ADT": days, "RANDDT": [reference] * 5})
    assert frame.select(study_day("ADT", "RANDDT")).to_series().to_list() == [-2, -1, 1, 2, None]


def test_a_duration_counts_both_days_unless_it_is_negative():
    frame = pl.DataFrame(
        {"start": [date(2020, 1, 1)] * 3, "stop": [date(2020, 1, 1), date(2020, 1, 31), date(2019, 12, 30)]}
    )
    assert frame.select(duration_days("start", "stop")).to_series().to_list() == [1, 31, -2]


def test_expressions_keep_the_column_name_and_work_lazily_and_in_groups():
    frame = pl.DataFrame({"id": [1, 1, 2], "DTC": ["2014-02", "2014-02-03", "2015"]})
    assert frame.select(date_from_dtc("DTC", "M")).columns == ["DTC"]
    lazy = (
        frame.lazy().with_columns(ADT=date_from_dtc(pl.col("DTC"), "D")).filter(pl.col("ADT").is_not_null()).collect()
    )
    assert lazy.height == 2
    last = frame.group_by("id", maintain_order=True).agg(date_from_dtc("DTC", "M", "last").max())
    assert last.get_column("DTC").to_list() == [date(2014, 2, 28), date(2015, 12, 31)]


def test_a_column_without_any_text_gives_nulls():
    frame = pl.DataFrame({"DTC": [None, None]})
    assert frame.select(date_from_dtc("DTC", "M")).to_series().to_list() == [None, None]
    assert frame.head(0).select(datetime_from_dtc("DTC")).height == 0


def test_rows_with_impossible_dates_can_be_found():
    frame = pl.DataFrame(
        {"RSSEQ": [1, 2, 3, 4, 5], "RSDTC": ["2014-02-30", "2014-02", None, "UNK", "2014-02-03T99:00"]}
    )
    assert filter_impossible_dtc(frame, "RSDTC").get_column("RSSEQ").to_list() == [1, 4, 5]


def test_a_missing_column_names_the_nearest():
    with pytest.raises(DataError, match="RSDTD is not in the data set") as caught:
        filter_impossible_dtc(pl.DataFrame({"RSDTC": ["2014"]}), "RSDTD")
    assert caught.value.code == "column-missing"
    assert "did you mean 'RSDTC'?" in str(caught.value.hint)


def test_unknown_levels_and_fills_are_refused():
    with pytest.raises(ArgumentError, match="level 'Y' is not known"):
        date_from_dtc("DTC", "Y")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="fill 'mid' is not known"):
        datetime_from_dtc("DTC", "D", "mid")  # type: ignore[arg-type]


def test_the_scalar_prints_what_it_knows():
    assert str(PartialDate.parse("2014---15")) == "2014"
    assert str(PartialDate.parse("2014-02-03T13:17:05.9Z")) == "2014-02-03T13:17:05"
    assert str(PartialDate.parse("UNK")) == ""
    assert PartialDate.parse("2014-02-03T13").precision is Precision.HOUR
    assert PartialDate.parse("2014-02-03T13").first_second() == datetime(2014, 2, 3, 13)
    assert PartialDate.parse("2014").last_second() == datetime(2014, 12, 31, 23, 59, 59)
    assert PartialDate.parse("").last_second() is None
