"""What competing-risk functions refuse, and what their results hold."""

import numpy as np
import pytest

from equipoise.analysis import cumulative_incidence, fine_gray, gray_test
from equipoise.errors import ArgumentError, DataError, EstimationError

TIME, EVENT, ARM = [1, 2, 3, 4, 5, 6], [1, 2, 1, 1, 0, 2], list("CECECE")


def test_text_needs_the_level_for_censored():
    words = ["relapse", "death", "relapse", "none", "none", "death"]
    with pytest.raises(ArgumentError, match="event has no level '0'") as refused:
        cumulative_incidence(TIME, words)
    assert refused.value.code == "level-unknown"
    found = cumulative_incidence(TIME, words, censored="none")
    assert found.causes == ("death", "relapse")
    assert cumulative_incidence(TIME, [1, 2, 1, 1, 3, 2]).causes == ("1", "2", "3")


def test_nobody_failed():
    with pytest.raises(DataError, match="event holds '0' only: nobody failed of any cause"):
        cumulative_incidence(TIME, [0] * 6)


def test_columns_of_different_lengths():
    with pytest.raises(DataError, match="time has 6, event has 5"):
        cumulative_incidence(TIME, EVENT[:5])


def test_a_cause_has_to_be_named_when_there_are_several():
    with pytest.raises(ArgumentError, match="cause is not given"):
        fine_gray(TIME, EVENT, ARM, reference="C")
    with pytest.raises(ArgumentError, match="event has no level '3'"):
        fine_gray(TIME, EVENT, ARM, cause=3, reference="C")


def test_covariates_that_cannot_be_estimated_are_named():
    x = np.arange(6.0)
    with pytest.raises(EstimationError, match="twice is a combination of once"):
        fine_gray(TIME, EVENT, {"once": x, "twice": 2 * x}, cause=1)


def test_monotone_likelihood_is_reported():
    fit = fine_gray([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0], list("EEECCC"), reference="C")
    assert fit.infinite.tolist() == [True]
    assert fit.warning == "monotone likelihood: the estimate of E vs C is infinite"
    assert {row.statistic: row.value_text for row in fit.to_rows()}["estimate"] == "infinity"


def test_gray_needs_two_groups_and_a_power():
    with pytest.raises(DataError, match="group has one level only: 'C'"):
        gray_test(TIME, EVENT, ["C"] * 6)
    with pytest.raises(ArgumentError, match="rho is -1"):
        gray_test(TIME, EVENT, ARM, rho=-1)


def test_gray_without_a_comparison():
    test = gray_test([1, 2, 3, 4], [2, 2, 1, 1], list("CCEE"))["1"]
    assert np.isnan(test.p_value)
    assert test.message.startswith("no failure of 1 happened while more than one group was at risk")


def test_rows_and_frames():
    import pandas as pd

    frame = pd.DataFrame({"t": TIME, "cause": EVENT, "arm": ARM})
    found = cumulative_incidence(frame["t"], frame["cause"], group=frame["arm"])
    assert set(found.to_frame()["cause"]) == {"1", "2"}
    assert found["E", "1"].n_event.sum() == 1
    with pytest.raises(ArgumentError, match="there is no curve of 'E, 9'"):
        found["E", "9"]
    assert "E, 1: n 3, events 1" in repr(found)
    statistics = {row.statistic for row in gray_test(frame["t"], frame["cause"], frame["arm"]).to_rows()}
    assert statistics == {"n", "score", "chi_square", "df", "p_value"}
    assert np.isnan(cumulative_incidence([1, 2], [1, 0]).at(5)[0].incidence)
