"""Laws of partial dates, over texts that are mostly dates and partly not."""

from datetime import datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from equipoise.frames.dates import (
    PartialDate,
    date_flag_from_dtc,
    date_from_dtc,
    datetime_from_dtc,
    duration_days,
    impossible_dtc,
    precision_of_dtc,
    time_flag_from_dtc,
)

moments = st.datetimes(min_value=datetime(1800, 1, 1), max_value=datetime(2200, 12, 31))
formats = st.sampled_from(["%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
collected = st.builds(lambda moment, form: moment.strftime(form), moments, formats)
two_digits = st.one_of(st.integers(0, 99).map("{:02d}".format), st.just("-"))
shaped = st.builds(
    lambda y, m, d: f"{y}-{m}-{d}",
    st.one_of(st.integers(0, 2100).map("{:04d}".format), st.just("-")),
    two_digits,
    two_digits,
)
texts = st.one_of(st.none(), collected, shaped, st.text(alphabet="0123456789-T:Z UNK", max_size=20))


@given(collected)
def test_text_survives_parsing_and_printing(text):
    parsed = PartialDate.parse(text)
    assert str(parsed) == text
    assert not parsed.impossible


@given(texts)
def test_printing_loses_nothing_that_counts(text):
    parsed = PartialDate.parse(text)
    again = PartialDate.parse(str(parsed))
    assert (again.precision, again.first_second(), again.last_second()) == (
        parsed.precision,
        parsed.first_second(),
        parsed.last_second(),
    )


@given(texts)
def test_the_first_possible_moment_is_not_after_the_last(text):
    parsed = PartialDate.parse(text)
    first, last = parsed.first_second(), parsed.last_second()
    assert (first is None) == (last is None) == (parsed.first() is None) == (str(parsed.precision) == "none")
    if first is not None and last is not None:
        assert first <= last < first + timedelta(days=366)


@given(moments, formats)
def test_the_true_moment_lies_in_the_span_of_what_was_collected(moment, form):
    parsed = PartialDate.parse(moment.strftime(form))
    first, last = parsed.first_second(), parsed.last_second()
    assert first is not None
    assert last is not None
    assert first <= moment.replace(microsecond=0) <= last


@given(st.lists(texts, max_size=30))
def test_a_column_agrees_with_its_scalars(column):
    frame = pl.DataFrame({"DTC": column}, schema={"DTC": pl.String})
    answer = frame.select(
        precision=precision_of_dtc("DTC"),
        first=datetime_from_dtc("DTC", "M", "first"),
        last=datetime_from_dtc("DTC", "M", "last"),
        impossible=impossible_dtc("DTC"),
    )
    scalars = [PartialDate.parse(text) for text in column]
    assert answer.rows() == [(str(p.precision), p.first_second(), p.last_second(), p.impossible) for p in scalars]


@given(st.lists(texts, max_size=30), st.sampled_from([None, "D", "M"]), st.sampled_from(["first", "last"]))
def test_imputed_dates_lie_in_the_span_and_are_flagged(column, level, fill):
    frame = pl.DataFrame({"DTC": column}, schema={"DTC": pl.String})
    answer = frame.select(
        date=date_from_dtc("DTC", level, fill),
        moment=datetime_from_dtc("DTC", level, fill),
        date_flag=date_flag_from_dtc("DTC", level),
        time_flag=time_flag_from_dtc("DTC", level),
    )
    for text, (day, moment, date_flag, time_flag) in zip(column, answer.rows(), strict=True):
        parsed = PartialDate.parse(text)
        assert (day is None) == (moment is None)
        if day is None:
            assert date_flag is None
            assert time_flag is None
            continue
        first, last = parsed.first(), parsed.last()
        assert first is not None
        assert last is not None
        assert first <= day <= last
        assert moment.date() == day
        assert date_flag == {"year": "M", "month": "D"}.get(parsed.precision)
        assert (time_flag == "H") == (parsed.hour is None)


@given(st.dates(), st.dates())
def test_a_duration_is_never_zero_and_turns_around(one, other):
    frame = pl.DataFrame({"one": [one], "other": [other]})
    there = frame.select(duration_days("one", "other")).item()
    back = frame.select(duration_days("other", "one")).item()
    assert there != 0
    assert there - (there > 0) == -(back - (back > 0))
