"""Clopper-Pearson limits that have a closed form."""

from math import sqrt

import pytest

from equipoise.analysis import rate_interval


def test_no_event():
    # P(X = 0; p) = (1 - p)^10 = .025
    interval = rate_interval(0, 10)
    assert interval.conf_low == 0
    assert interval.conf_high == pytest.approx(1 - 0.025**0.1, abs=1e-14)


def test_all_events():
    interval = rate_interval(10, 10)
    assert interval.conf_low == pytest.approx(0.025**0.1, abs=1e-14)
    assert interval.conf_high == 1


def test_one_of_two():
    # P(X >= 1) = 1 - (1 - p)^2 = .025 and P(X <= 1) = 1 - p^2 = .025
    interval = rate_interval(1, 2)
    assert interval.conf_low == pytest.approx(1 - sqrt(0.975), abs=1e-14)
    assert interval.conf_high == pytest.approx(sqrt(0.975), abs=1e-14)


def test_no_subjects_have_no_rate():
    interval = rate_interval(0, 0)
    assert interval.estimate != interval.estimate
    said = {row.statistic: row.value_text for row in interval.to_rows()}
    assert said == {
        "n_event": None, "n": None, "estimate": "NE", "conf_low": "NE", "conf_high": "NE", "conf_level": None
    }  # fmt: skip
