"""Turnbull's estimate worked by hand, its laws, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.analysis import kaplan_meier, turnbull
from equipoise.errors import ArgumentError, DataError

INF = float("inf")


def test_three_overlapping_intervals():
    # (0,2], (1,3], (2,inf): innermost (1,2] and (2,3]; the second subject holds both, so log p + log(1 - p): 1/2 each
    (curve,) = turnbull([0, 1, 2], [2, 3, INF])
    assert list(zip(curve.low, curve.high, strict=True)) == [(1, 2), (2, 3)]
    assert curve.mass == pytest.approx([1 / 2, 1 / 2])
    assert curve.loglik == pytest.approx(2 * np.log(1 / 2))


def test_touching_intervals_do_not_meet():
    (curve,) = turnbull([1, 2], [2, 3])
    assert curve.mass.tolist() == [0.5, 0.5]


def test_a_point_at_the_end_of_an_interval_is_inside_it_and_at_its_start_is_not():
    # 2 lies in (1,2]: all mass of both at 2. 1 does not: 1/2 at 1 and 1/2 in (1,2]
    assert turnbull([1, 2], [2, 2]).curves[0].mass.tolist() == [1.0]
    assert turnbull([1, 1], [2, 1]).curves[0].mass.tolist() == [0.5, 0.5]


def test_current_status():
    # Seen by 1: yes; by 2: no, yes; by 3: yes. Isotonic shares seen 1, 1/2, 1 pool to 2/3 at 1 and 2, then 1
    (curve,) = turnbull([0, 2, 0, 0], [1, INF, 2, 3])
    assert [x.survival_high for x in curve.at([1, 2, 3])] == pytest.approx([1 / 3, 1 / 3, 0], abs=1e-9)


def test_readings_inside_an_interval_are_two_numbers():
    (curve,) = turnbull([0, 1, 2], [1, 3, INF])
    (inside, outside) = curve.at([2.5, 1.5])
    assert (inside.survival_low, inside.survival_high) == pytest.approx((0, 2 / 3))
    assert (outside.survival_low, outside.survival_high) == pytest.approx((2 / 3, 2 / 3))
    assert curve.median() == (2, 3)
    assert np.isnan(turnbull([5, 6], [INF, INF]).curves[0].median()).tolist() == [False, True]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(1, 8), st.booleans()), min_size=2, max_size=25))
def test_exact_and_right_censored_times_give_kaplan_meier(rows):
    time = np.array([t for t, _ in rows], dtype=float)
    event = np.array([e for _, e in rows])
    (curve,) = turnbull(time, np.where(event, time, INF))
    km = kaplan_meier(time, event).curves[0]
    for t, survival in zip(km.time, km.survival, strict=True):
        (reading,) = curve.at(float(t))
        assert reading.survival_high == pytest.approx(survival, abs=1e-8)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 6), st.booleans(), st.integers(1, 3)), min_size=1, max_size=25)
)
def test_the_optimum_is_reached_and_weights_are_repeated_rows(rows):
    left = np.array([r[0] for r in rows], dtype=float)
    right = np.where([r[2] for r in rows], left + [r[1] for r in rows], INF)
    weight = np.array([r[3] for r in rows])
    (curve,) = turnbull(left, right, weights=weight)
    assert curve.warning is None
    again = turnbull(np.repeat(left, weight), np.repeat(right, weight)).curves[0]
    assert again.loglik == pytest.approx(curve.loglik, abs=1e-8)


def test_refusals():
    with pytest.raises(DataError, match="left and right do not enclose a time in 1 row: 3 and 2"):
        turnbull([1, 3], [2, 2])
    with pytest.raises(DataError, match="left and right do not enclose a time in 2 rows: -1 and 2"):
        turnbull([-1, INF], [2, INF])
    with pytest.raises(DataError, match="left has 2, right has 1"):
        turnbull([1, 3], [2])
    with pytest.raises(DataError, match="every weight is zero"):
        turnbull([1], [2], weights=[0])
    with pytest.raises(ArgumentError, match="there is no curve of 'X'"):
        turnbull([1, 1], [2, 2], group=["A", "B"])["X"]


def test_missing_ends_and_rows():
    found = turnbull([None, 2.0], [1.0, None], group=["A", "A"])
    assert found["A"].low.tolist() == [0, 2]
    rows = found.to_rows()
    assert rows[-1].label == "after the last visit"
    assert {row.statistic for row in rows} >= {"n", "loglik", "median_low", "mass", "survival", "interval_low"}
    assert found.to_frame().shape == (2, 5)
