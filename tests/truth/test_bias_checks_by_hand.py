"""Landmark analysis and the checks of an open-label trial, worked by hand.

Landmark 5 of times 2, 5+, 5, 6, 8+, 9 (+ censored): 2 and 5 had the event, 5+ was censored, 6, 8+, 9 go on with
    1, 3+, 4 from the landmark: survival 2/3 from 1, 0 from 4.

Scans (planned every 56 days, window 7):  E1 at 56, 112, 175 (175 is 7 late: inside)   E2 at 70 (14 late: off), 168
                                          C1 at 50, 120 (8 late: off)                   C2 never
    E1 intervals 56, 56, 63, mean 58 1/3;  E2 intervals 70, 98, mean 84;  C1 intervals 50, 70, mean 60
    due by the last scan: E1 3 (56, 112, 168: 168 - 7 <= 175), E2 3 of which 56 and 112 have no scan in their window, C1
    2 (168 - 7 > 120), of which 112 - 7 <= 120 <= 119 fails, so 112 is missed
    ranks of the means: E1 1, C1 2, E2 3;  sums C 2, E 4, expected 2 and 4: z = 0

Two reviews of eight patients: a1 = 2 (same day), a2 = 1 (investigator later), a3 = 1 (earlier), b = 2, c = 1, d = 1
    EDR = (b + a3) / (a + b) = 3/6,  LDR = (c + a2) / (b + c + a2 + a3) = 2/5,  agreement (a + d)/n = 5/8, in full 3/8
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.analysis import assessment_times, censoring_reasons, concordance, kaplan_meier, landmark
from equipoise.errors import ArgumentError, DataError, EstimationError


def test_landmark():
    found = landmark([2, 5, 5, 6, 8, 9], [1, 0, 1, 1, 0, 1], at=5)
    (counts,) = found.counts
    assert (counts.n, counts.n_event, counts.n_censor, counts.n_risk) == (6, 2, 1, 3)
    assert found.kept.tolist() == [False] * 3 + [True] * 3
    assert found.time.tolist() == [1, 3, 4]
    (curve,) = found.curves
    assert curve.survival.tolist() == pytest.approx([2 / 3, 2 / 3, 0])
    rows = {row.statistic: row.value for row in found.to_rows() if row.parameter == "landmark"}
    assert rows == {"n": 6, "n_event_before": 2, "n_censor_before": 1, "n_risk": 3}


def test_a_group_without_anybody_at_the_landmark_is_counted():
    found = landmark([2, 3, 8, 9], [1, 0, 1, 1], at=5, group=["a", "a", "b", "b"])
    assert [(c.level, c.n_risk) for c in found.counts] == [("a", 0), ("b", 2)]
    assert [curve.level for curve in found.curves] == ["b"]
    with pytest.raises(EstimationError, match="nobody is at risk after 9"):
        landmark([2, 9], [1, 1], at=9)


@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=3, max_size=40), st.integers(0, 20))
def test_conditional_survival_is_a_ratio_of_survivals(rows, at):
    """S(at + t | T > at) = S(at + t) / S(at)."""
    time, event = [row[0] for row in rows], [row[1] for row in rows]
    if max(time) <= at:
        return
    (whole,) = kaplan_meier(time, event)
    (later,) = landmark(time, event, at=at).curves
    at_once = whole.at([at], extend=True)[0].survival
    for t, survival in zip(later.time, later.survival, strict=True):
        assert survival * at_once == pytest.approx(whole.at([at + t], extend=True)[0].survival, abs=1e-12)


SUBJECT = ["E1", "E1", "E1", "E2", "E2", "C1", "C1", "C2", "E1"]
DAY = [56, 112, 175, 70, 168, 50, 120, -3, 0]
ARM = ["E", "E", "E", "E", "E", "C", "C", "C", "E"]


def test_assessment_times():
    found = assessment_times(SUBJECT, DAY, ARM, planned=[56, 112, 168], window=7)
    control, experimental = found["C"], found["E"]
    assert sorted(experimental.intervals) == [56, 56, 63, 70, 98]
    assert sorted(control.intervals) == [50, 70]
    assert (experimental.n, experimental.n_assessments, experimental.n_off) == (2, 5, 1)
    assert (experimental.n_planned, experimental.n_missed) == (6, 2)
    assert (control.n, control.n_assessments, control.n_off) == (2, 2, 1)
    assert (control.n_planned, control.n_missed) == (2, 1)
    assert experimental.mean_interval == pytest.approx([175 / 3, 84])
    assert found.z == pytest.approx(0.0, abs=1e-14)
    assert found.p_value == pytest.approx(1.0)


def test_rank_test():
    """Means 1, 2 against 3, 4: rank sums 3 and 7; variance 2 x 2 x 5 / 12; z = (7 - 5) / sqrt(5/3)."""
    found = assessment_times(["a", "b", "c", "d"], [1, 2, 3, 4], ["C", "C", "E", "E"])
    assert found.z == pytest.approx(2 / math.sqrt(5 / 3))
    assert found.chi_square == pytest.approx(12 / 5)
    assert math.isnan(found["C"].n_off)


def test_assessment_refusals():
    with pytest.raises(DataError, match="subject a is in C and E"):
        assessment_times(["a", "a"], [1, 2], ["C", "E"])
    with pytest.raises(ArgumentError, match="window is not given"):
        assessment_times(["a"], [1], ["C"], planned=[56])
    with pytest.raises(ArgumentError, match="planned is"):
        assessment_times(["a"], [1], ["C"], planned=[56, 40], window=7)
    with pytest.raises(DataError, match="time holds nan"):
        assessment_times(["a"], [float("nan")], ["C"])
    alone = assessment_times(["a", "b"], [5, 6], ["C", "C"])
    assert math.isnan(alone.p_value)
    assert alone.message is not None


def test_two_reviews():
    investigator = ([10, 20, 30, 40, 50, 60, 70, 80], [1, 1, 1, 1, 1, 1, 0, 0])
    central = ([10, 20, 25, 45, 50, 60, 70, 80], [1, 1, 1, 1, 0, 0, 1, 0])
    (found,) = concordance(*investigator, *central).counts
    assert (found.same, found.later, found.earlier) == (2, 1, 1)
    assert (found.investigator_only, found.central_only, found.neither) == (2, 1, 1)
    assert found.early_discrepancy == pytest.approx(3 / 6)
    assert found.late_discrepancy == pytest.approx(2 / 5)
    assert found.event_agreement == pytest.approx(5 / 8)
    assert found.full_agreement == pytest.approx(3 / 8)
    (near,) = concordance(*investigator, *central, tolerance=5).counts
    assert (near.same, near.later, near.earlier) == (4, 0, 0)


def test_two_reviews_by_arm():
    group = ["C", "E", "C", "E"]
    found = concordance([1, 2, 3, 4], [1, 1, 0, 1], [1, 2, 3, 4], [1, 0, 1, 1], group, reference="C")
    assert [c.level for c in found.counts] == ["C", "E"]
    rows = {(r.parameter, r.statistic): r for r in found.to_rows()}
    assert rows["E vs C", "early_discrepancy_difference"].value == pytest.approx(1 / 2 - 0)
    assert rows["E vs C", "late_discrepancy_difference"].value == pytest.approx(0 - 1)
    nothing = concordance([1, 2], [0, 0], [1, 2], [0, 0])
    assert math.isnan(nothing.counts[0].early_discrepancy)
    with pytest.raises(ArgumentError, match="tolerance is -1"):
        concordance([1], [1], [1], [1], tolerance=-1)


@given(st.lists(st.tuples(*[st.integers(1, 9), st.booleans()] * 2), min_size=1, max_size=30))
def test_reviews_swapped_swap_their_counts(rows):
    t1, e1, t2, e2 = (np.array(column) for column in zip(*rows, strict=True))
    (one,) = concordance(t1, e1, t2, e2).counts
    (other,) = concordance(t2, e2, t1, e1).counts
    assert (one.later, one.investigator_only) == (other.earlier, other.central_only)
    assert one.n == len(rows)


def test_censoring_reasons():
    """Control: one left at once, one by day 60, one at the cutoff, one event; experimental: two at cutoff, two events.

    Among the five censored: C (withdrew 2, cutoff 1), E (0, 2): Pearson 20/9 = 5 (2 x 2 - 1 x 0)^2 / (3 x 2 x 2 x 3),
    times 4/5 = 16/9.
    """
    time, event = [1, 50, 300, 90, 310, 320, 80, 85], [0, 0, 0, 1, 0, 0, 1, 1]
    reason = ["withdrew", "withdrew", "cutoff", None, "cutoff", "cutoff", "", "cutoff"]
    found = censoring_reasons(time, event, reason, ["C"] * 4 + ["E"] * 4, early_until=63)
    control, experimental = found["C"], found["E"]
    assert (control.n, control.n_event, control.n_censor) == (4, 1, 3)
    assert (control.n_at_start, control.n_early) == (1, 1)
    assert control.reasons == {"withdrew": 2, "cutoff": 1}
    assert experimental.reasons == {"withdrew": 0, "cutoff": 2}
    assert (experimental.n_at_start, experimental.n_early) == (0, 0)
    assert found.chi_square == pytest.approx(16 / 9)
    assert found.df == 1


def test_censoring_without_a_reason_and_without_a_contrast():
    found = censoring_reasons([5, 6], [0, 0], [None, None], ["C", "E"])
    assert found["C"].reasons == {"not stated": 1}
    assert math.isnan(found.p_value)
    assert any(row.error for row in found.to_rows())
    with pytest.raises(ArgumentError, match="early_until is 0.5"):
        censoring_reasons([5], [0], ["x"], ["C"], early_until=0.5)
