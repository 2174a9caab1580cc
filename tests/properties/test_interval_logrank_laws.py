"""Laws of the generalized log-rank test, and what it refuses."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.analysis import interval_logrank, logrank
from equipoise.errors import ArgumentError, DataError

patients = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 6), st.booleans(), st.sampled_from("CE")), min_size=6, max_size=24
).filter(lambda rows: len({row[3] for row in rows}) == 2)


def _columns(rows):
    left = np.array([row[0] for row in rows], dtype=float)
    right = np.array([math.inf if row[2] else row[0] + row[1] for row in rows])
    return left, right, [row[3] for row in rows]


@settings(max_examples=60)
@given(patients, st.sampled_from(["sun", "finkelstein", "wilcoxon"]))
def test_swapped_labels_flip_the_sign_and_scores_sum_to_zero(rows, scores):
    left, right, group = _columns(rows)
    test = interval_logrank(left, right, group, reference="C", scores=scores)
    other = interval_logrank(left, right, group, reference="E", scores=scores)
    assert test.subject_scores.sum() == pytest.approx(0.0, abs=1e-7)
    assert test.u.sum() == pytest.approx(0.0, abs=1e-9)
    if test.df:
        assert test.z == pytest.approx(-other.z, abs=1e-9)


@settings(max_examples=60)
@given(patients)
def test_a_rising_transform_of_time_changes_nothing(rows):
    left, right, group = _columns(rows)
    plain = interval_logrank(left, right, group, reference="C")
    warped = interval_logrank(left**3 + left, right**3 + right, group, reference="C")
    assert warped.subject_scores == pytest.approx(plain.subject_scores, abs=1e-9)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 15), st.booleans(), st.sampled_from("CE")), min_size=6, max_size=30))
def test_right_censored_times_give_the_logrank_sum(rows):
    """Sun's scores are event - cumulative hazard: O - E is that of the log-rank test."""
    groups = {row[2] for row in rows}
    if len(groups) < 2 or not any(row[1] for row in rows):
        return
    time = np.array([row[0] for row in rows], dtype=float)
    right = np.array([t if row[1] else math.inf for t, row in zip(time, rows, strict=True)])
    test = interval_logrank(time, right, [row[2] for row in rows], reference="C")
    plain = logrank(time, [row[1] for row in rows], [row[2] for row in rows], reference="C")
    assert test.u[1] == pytest.approx(plain.u, abs=1e-8)


@settings(max_examples=40)
@given(patients)
def test_a_stratum_with_one_arm_contributes_nothing(rows):
    left, right, group = _columns(rows)
    plain = interval_logrank(left, right, group, reference="C")
    more = interval_logrank(
        np.append(left, [1.0, 4.0]), np.append(right, [3.0, 9.0]), [*group, "E", "E"], reference="C",
        strata=["a"] * len(group) + ["b"] * 2,
    )  # fmt: skip
    assert more.u == pytest.approx(plain.u, abs=1e-9)
    assert more.one_arm_strata == ("b",)
    assert more.covariance == pytest.approx(plain.covariance, abs=1e-9)


def test_equal_scores_leave_nothing_to_compare():
    test = interval_logrank([0, 0, 0], [5, 5, 5], ["C", "E", "E"], reference="C")
    assert math.isnan(test.p_value)
    assert test.message == "all scores are equal within strata: there is nothing to compare"
    assert any(row.error == test.message for row in test.to_rows())


def test_refusals():
    good = ([0, 1, 2], [1, 2, 3], ["a", "b", "b"])
    with pytest.raises(ArgumentError, match="scores is 'sum'"):
        interval_logrank(*good, reference="a", scores="sum")
    with pytest.raises(ArgumentError, match="labels are drawn, and no seed is given"):
        interval_logrank(*good, reference="a", p_value="monte-carlo")
    with pytest.raises(DataError, match="has 3 levels"):
        interval_logrank([0, 1, 2], [1, 2, 3], ["a", "b", "c"], reference="a", p_value="exact")
    with pytest.raises(DataError, match="do not enclose a time"):
        interval_logrank([2, 1, 2], [1, 2, 3], ["a", "b", "b"], reference="a")
    many = np.arange(120.0)
    with pytest.raises(ArgumentError, match="120 subjects are too many for p_value='exact'"):
        interval_logrank(many, many + 1, ["a", "b"] * 60, reference="a", p_value="exact")
