"""What comparisons of curves refuse, and what their results hold."""

import pytest

from equipoise.analysis import kaplan_meier, median_difference, milestone, nelson_aalen, rmst
from equipoise.errors import ArgumentError, DataError, EstimationError

TIME, EVENT, ARM = [1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 1, 0], list("CECECE")


def test_tau_after_a_censored_end():
    with pytest.raises(ArgumentError, match="tau is 9, after the last observation of: E at 6") as refused:
        rmst(TIME, EVENT, ARM, reference="C", tau=9)
    assert refused.value.code == "argument-invalid"
    assert refused.value.hint == "at most 6 here"


@pytest.mark.parametrize("tau", [0, -1, float("nan"), "6", None])
def test_tau_that_is_no_time(tau):
    if tau is None:
        assert rmst(TIME, EVENT, ARM, reference="C").tau == 5
        return
    with pytest.raises(ArgumentError, match="tau is"):
        rmst(TIME, EVENT, ARM, reference="C", tau=tau)
    with pytest.raises(ArgumentError, match="tau is"):
        kaplan_meier(TIME, EVENT).rmst(tau)


def test_a_window_that_ends_before_it_starts():
    with pytest.raises(ArgumentError, match="tau is 2 and start 3"):
        kaplan_meier(TIME, EVENT).rmst(2, start=3)


def test_one_group_and_an_unknown_reference():
    for compare in (rmst, median_difference):
        with pytest.raises(DataError, match="group has one level only: 'C'"):
            compare(TIME, EVENT, ["C"] * 6, reference="C")
        with pytest.raises(ArgumentError, match="group has no level 'X'"):
            compare(TIME, EVENT, ARM, reference="X")


def test_no_stratum_with_both_groups():
    with pytest.raises(EstimationError, match="no stratum holds both groups"):
        rmst(TIME, EVENT, ARM, reference="C", strata=ARM)


def test_a_stratum_with_one_group_does_not_shorten_the_window():
    time, event, arm = [*TIME, 1], [*EVENT, 0], [*ARM, "E"]
    strata = ["x"] * 6 + ["y"]
    assert rmst(time, event, arm, reference="C", strata=strata).tau == 5
    found = milestone(time, event, arm, reference="C", at=2, strata=strata)
    assert found.contrasts[0].arms.idle == ("y",)


def test_milestone_after_a_censored_end_and_at_no_time():
    with pytest.raises(ArgumentError, match="at is 7, after the last observation of: E at 6"):
        milestone(TIME, EVENT, ARM, at=7, reference="C")
    with pytest.raises(DataError, match="at has 1 value that cannot be used: -1"):
        milestone(TIME, EVENT, ARM, at=-1, reference="C")
    with pytest.raises(ArgumentError, match="transform is 'loglog'"):
        milestone(TIME, EVENT, ARM, at=2, reference="C", transform="loglog")


def test_bands_need_events_and_a_window():
    with pytest.raises(EstimationError, match="the curve has 1 event times that leave someone at risk"):
        kaplan_meier([1, 2, 3], [1, 0, 0]).bands("hall-wellner")
    km = kaplan_meier(TIME, EVENT)
    with pytest.raises(ArgumentError, match="t_low is 5 and t_high 3"):
        km.bands("hall-wellner", 5, 3)
    with pytest.raises(ArgumentError, match="t_low is 0.5 and t_high 5: there is no band between them"):
        km.bands("equal-precision", 0.5)
    with pytest.raises(ArgumentError, match="kind is 'nair'"):
        km.bands("nair")
    with pytest.raises(EstimationError, match="delayed entry"):
        kaplan_meier(TIME, EVENT, entry=[0] * 6).bands("hall-wellner")


def test_fleming_harrington_counts_whole_weights():
    with pytest.raises(DataError, match="weights are not whole numbers"):
        nelson_aalen(TIME, EVENT, weights=[0.5] * 6, ties="fleming-harrington")


def test_three_groups_are_compared_with_one_reference():
    arms = list("ABCABC")
    found = rmst(TIME, [1] * 6, arms, reference="A", tau=3)
    assert [c.arms.contrast for c in found.contrasts] == ["B vs A", "C vs A"]
    with pytest.raises(EstimationError, match="there are 2 comparisons"):
        found.difference  # noqa: B018
    assert len({row.level1 for row in found.to_rows() if row.statistic == "rmst"}) == 3


def test_directions():
    two = rmst(TIME, EVENT, ARM, reference="C", tau=5)
    better = rmst(TIME, EVENT, ARM, reference="C", tau=5, alternative="experimental-better")
    worse = rmst(TIME, EVENT, ARM, reference="C", tau=5, alternative="control-better")
    assert better.difference.p_value + worse.difference.p_value == pytest.approx(1)
    assert 2 * min(better.difference.p_value, worse.difference.p_value) == pytest.approx(two.difference.p_value)
    assert (better.difference.z > 0) == (better.difference.p_value < 0.5)


def test_results_go_back_in_the_library_they_came_from():
    import pandas as pd

    frame = pd.DataFrame({"t": TIME, "e": EVENT, "arm": ARM})
    assert isinstance(rmst(frame["t"], frame["e"], frame["arm"], reference="C").to_frame(), pd.DataFrame)
    hazards = nelson_aalen(frame["t"], frame["e"], group=frame["arm"])
    assert list(hazards.to_frame()["arm"])[:1] == ["C"]
    assert hazards["E"].n_event.sum() == 1
    with pytest.raises(ArgumentError, match="there is no curve of 'X'"):
        hazards["X"]
    assert "cumulative hazard" in repr(hazards)
