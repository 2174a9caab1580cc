"""Durations and rates: what is understood, and conversions worked by hand."""

import math

import pytest

from equipoise.quantities import (
    DAYS_PER_MONTH,
    Duration,
    Rate,
    days_from_months,
    hazard_from_median,
    months_from_days,
    parse_duration,
    parse_rate,
)


@pytest.mark.parametrize(
    ("text", "value", "unit", "days"),
    [
        ("8 weeks", 8.0, "weeks", 56.0),
        ("1 week", 1.0, "weeks", 7.0),
        ("28 days", 28.0, "days", 28.0),
        ("1 month", 1.0, "months", 30.4375),
        ("12 months", 12.0, "months", 365.25),
        ("2 years", 2.0, "years", 730.5),
        (".5 years", 0.5, "years", 182.625),
        ("1.5e1 days", 15.0, "days", 15.0),
        ("  3.6 months ", 3.6, "months", 109.575),
        ("0 days", 0.0, "days", 0.0),
    ],
)
def test_durations(text, value, unit, days):
    parsed = parse_duration(text)
    assert (parsed.value, parsed.unit) == (value, unit)
    assert parsed.days == pytest.approx(days, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    ["", "8", "weeks", "-8 weeks", "8 fortnights", "8 weeks later", "8,5 weeks", "1. weeks", "inf days", "nan days"],
)
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="is not a duration; write a number and a unit, as in '8 weeks'") as caught:
        parse_duration(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value", "unit", "per_day"),
    [
        ("0.1415 per month", 0.1415, "months", 0.1415 / 30.4375),
        ("7 per week", 7.0, "weeks", 1.0),
        ("365.25 per year", 365.25, "years", 1.0),
        ("2 per day", 2.0, "days", 2.0),
    ],
)
def test_rates(text, value, unit, per_day):
    parsed = parse_rate(text)
    assert (parsed.value, parsed.unit) == (value, unit)
    assert parsed.per_day == pytest.approx(per_day, rel=1e-15)


@pytest.mark.parametrize(
    "text", ["", "0.1", "0.1 per months", "0.1/month", "-0.1 per month", "0.1 a month", "per month"]
)
def test_what_is_no_rate(text):
    with pytest.raises(
        ValueError, match="is not a rate; write a number and a unit of time, as in '0.14 per month'"
    ) as got:
        parse_rate(text)
    assert repr(text) in str(got.value)


@pytest.mark.parametrize(("parse", "text"), [(parse_duration, "1e999 days"), (parse_rate, "1e999 per day")])
def test_a_number_beyond_floats(parse, text):
    with pytest.raises(ValueError, match=f"'{text}' is too large a number"):
        parse(text)


def test_conversions_by_hand():
    # 365.25 days a year, 12 months: 30.4375 days a month
    assert DAYS_PER_MONTH == 365.25 / 12
    assert Duration(56, "days").weeks == 8.0
    assert Duration(2, "years").months == 24.0
    assert Duration(8, "weeks").months == pytest.approx(56 / 30.4375, rel=1e-15)
    assert months_from_days(1528.0) == pytest.approx(50.2012320328542, rel=1e-14)
    assert days_from_months(4.9) == pytest.approx(149.14375, rel=1e-15)
    assert days_from_months(months_from_days(1807.0)) == pytest.approx(1807.0, rel=1e-15)
    assert Rate(0.365250, "years").per_month == pytest.approx(0.0304375, rel=1e-15)
    # one event a week is 30.4375 / 7 events a month
    assert Rate(1, "weeks").per_month == pytest.approx(4.348214285714286, rel=1e-15)


def test_hazard_of_a_median_by_hand():
    # log 2 / 3.6 = 0.693147180559945 / 3.6
    assert hazard_from_median(3.6) == pytest.approx(0.192540883488874, rel=1e-13)
    assert math.exp(-hazard_from_median(3.6) * 3.6) == pytest.approx(0.5, rel=1e-15)


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Duration(8.0, "weeks"), "8 weeks"),
        (Duration(1.0, "weeks"), "1 week"),
        (Duration(3.6, "months"), "3.6 months"),
        (Duration(0.0, "days"), "0 days"),
        (Duration(1234567.5, "days"), "1234567.5 days"),
        (Rate(0.1415, "months"), "0.1415 per month"),
        (Rate(0.14152345678, "months"), "0.14152345678 per month"),
        (Rate(1e-07, "days"), "1e-07 per day"),
    ],
)
def test_text_reads_back_as_the_same_number(quantity, text):
    assert str(quantity) == text
    assert (parse_duration if isinstance(quantity, Duration) else parse_rate)(text) == quantity
