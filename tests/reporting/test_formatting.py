"""Numbers to text: every rule against values worked by hand."""

from __future__ import annotations

import math

import pytest

from equipoise.frames.results import ResultRow
from equipoise.reporting import formatting as f
from equipoise.reporting.lookup import in_prose, interval, row_text, with_interval


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.125, 2, "0.13"),
        (-0.125, 2, "\u22120.13"),
        (2.675, 2, "2.68"),
        (0.5, 0, "1"),
        (1.5, 0, "2"),
        (2.5, 0, "3"),
        (-0.04, 1, "0.0"),
        (1234567.0, 0, "1,234,567"),
        (1e-7, 2, "0.00"),
    ],
)
def test_halves_go_away_from_zero(value, digits, text):
    assert f.number_text(value, digits) == text


@pytest.mark.parametrize(
    ("p_value", "text"),
    [
        (0.149, "P = .149"),
        (0.1485, "P = .149"),
        (0.001, "P = .001"),
        (0.00099, "P < .001"),
        (0.0, "P < .001"),
        (0.05, "P = .050"),
        (0.9994, "P = .999"),
        (0.9996, "P > .999"),
        (1.0, "P > .999"),
        (None, "P not estimable"),
        (math.nan, "P not estimable"),
    ],
)
def test_p_values_follow_the_journal(p_value, text):
    assert f.p_text(p_value) == text


def test_p_values_without_their_symbol():
    assert f.p_text(0.149, symbol=False) == ".149"
    assert f.p_text(0.0001, symbol=False) == "< .001"


def test_percentages_are_exact_decimals():
    assert f.percent_text(57 / 136) == "41.9%"
    assert f.percent_text(0.0285) == "2.9%"
    assert f.percent_text(1.0) == "100.0%"
    assert f.percent_text(6 / 136, sign=False) == "4.4"
    assert f.percent_text(None) == "not estimable"


def test_ranges_take_a_dash_between_numbers_and_a_word_otherwise():
    assert f.range_text("3.6", "6.1") == "3.6\u20136.1"
    assert f.range_text("7.5", "not reached") == "7.5 to not reached"
    assert f.range_text("\u22121.0", "2.0") == "\u22121.0 to 2.0"


def test_times_carry_their_unit_behind_a_thin_space():
    assert f.time_text(4.94, "months") == "4.9\u2009months"
    assert f.time_text(1528.0, "days") == "1,528\u2009days"
    assert f.time_text(None, "months") == "not estimable"


def test_levels_dates_lists():
    assert f.level_text(0.05) == ".05"
    assert f.confidence_text(0.95) == "95% CI"
    assert f.confidence_text(0.975) == "97.5% CI"
    assert f.date_text("2022-11-30") == "November 30, 2022"
    assert f.date_text("2022-11") == "November 2022"
    assert f.date_text("unknown") == "unknown"
    assert f.listed(["a", "b", "c"]) == "a, b, and c"
    assert f.lower_first("ECOG status") == "ECOG status"
    assert f.lower_first("Overall survival") == "overall survival"
    assert f.short_digest("sha256:" + "ab" * 32) == "sha256:abababababab"


def _row(value=None, **columns):
    return ResultRow(statistic=columns.pop("statistic", "estimate"), value=value, **columns)


def test_rows_say_words_where_they_have_no_number():
    assert row_text(_row(None, value_text="not reached", unit="months")) == "not reached"
    assert row_text(_row(None, value_text="NE", unit="months")) == "not estimable"
    assert row_text(_row(None, error="no events")) == "not computed"
    assert row_text(_row(0.419, format="percent")) == "41.9%"
    assert row_text(_row(0.0004, format="p")) == "< .001"
    assert row_text(_row(136.0, statistic="n")) == "136"


def test_an_interval_of_words_is_said_once():
    nothing = _row(None, value_text="NE", unit="months", format="time")
    known = _row(4.9, unit="months", format="time")
    both = with_interval(known, nothing, nothing)
    assert both is not None
    assert both.text == "4.9 (not estimable)"
    none = with_interval(_row(None, value_text="not reached", unit="months"), nothing, nothing)
    assert none is not None
    assert none.text == "not reached"
    assert interval(known, nothing) == "4.9 to not estimable"


def test_a_median_that_is_not_reached_keeps_the_limit_it_has():
    median = _row(None, value_text="not reached", unit="months", format="time")
    low, high = _row(20.1, unit="months", format="time"), _row(None, value_text="NE", unit="months", format="time")
    said, shown = in_prose(median, low, high), with_interval(median, low, high)
    assert said is not None
    assert said.text == "not reached (95% CI, 20.1 to not estimable)"
    assert shown is not None
    assert shown.text == "not reached (20.1 to not estimable)"
