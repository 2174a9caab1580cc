"""Bounds found again at the events of each trial are those of `design.at`, and decide as they say."""

import math

import numpy as np
import pytest

from equipoise.design import Accrual, Hazard, Spending, group_sequential
from equipoise.randomization import Complete, Scheme
from equipoise.simulation.operating import simulate
from equipoise.simulation.spent_bounds import SpentBounds
from equipoise.simulation.tallies import decide
from equipoise.simulation.trial_looks import LookBounds, TrialLook
from equipoise.simulation.trial_model import TrialModel
from imagined_trials import general_model, stratified_model

PLAN = {"alpha": 0.025, "sides": 1, "hazard_ratio": 0.6}
EFFICACY = group_sequential([50, 100], **PLAN)
BOTH = group_sequential([40, 70, 100], futility=Spending("hwang-shih-decani", -4.0), **PLAN)
TWO_SIDED = group_sequential([50, 100], alpha=0.05, sides=2, hazard_ratio=0.6)


def clock_model(**changes):
    """Looks at month 12 and 24, 130 patients at 1:1 without effect."""
    given = {
        "accrual": Accrual.uniform(n=130, duration=12), "randomization": Complete(Scheme({"E": 1, "C": 1})),
        "control": "C", "events": {"C": Hazard(0.1), "E": 1.0}, "bounds": EFFICACY,
        "looks": (TrialLook(time=12.0), TrialLook(time=24.0)),
    }  # fmt: skip
    return TrialModel(**(given | changes))


@pytest.mark.parametrize(
    ("design", "events"),
    [(EFFICACY, (37, 100)), (EFFICACY, (61, 93)), (EFFICACY, (50, 120)), (BOTH, (33, 81, 97)), (BOTH, (44, 71, 108)),
     (TWO_SIDED, (41, 99))],
)  # fmt: skip
def test_bounds_are_those_of_the_real_trial(design, events):
    found = SpentBounds.at_events(design).of_path(events)
    last = len(events)
    for look in range(1, last + 1):
        at = design.at([float(d) for d in events[:look]], final=look == last)
        assert found[0, look - 1] == pytest.approx(at.upper[look - 1], abs=1e-9)
        assert found[2, look - 1] == pytest.approx(at.harm[look - 1], abs=1e-9)
        lower = at.harm[look - 1] if look == last else at.lower[look - 1]
        assert found[1, look - 1] == pytest.approx(lower, abs=1e-8)


def test_the_planned_events_have_the_planned_bounds():
    bounds = SpentBounds.at_events(BOTH)
    events = np.repeat(BOTH.events[:, None], 5, axis=1)
    assert bounds.limits(events) is bounds
    events[0, 3] += 1
    limits = bounds.limits(events)
    for side, planned in zip(limits, (bounds.efficacy, bounds.lower, bounds.harm), strict=True):
        assert (side[:, [0, 1, 2, 4]] == np.array(planned)[:, None]).all()
    assert limits.efficacy[0, 3] < bounds.efficacy[0]


def test_a_look_without_news_decides_nothing_and_one_at_the_maximum_is_the_last():
    bounds = SpentBounds.at_events(BOTH)
    upper, lower, harm = bounds.of_path((40, 40, 100))
    assert (upper[1], lower[1]) == (math.inf, -math.inf)
    assert upper[[0, 2]] == pytest.approx(BOTH.at([40.0, 100.0], final=True).upper, abs=1e-9)
    assert (harm == -math.inf).all()
    upper, _, _ = bounds.of_path((40, 104, 110))
    assert upper[1] == pytest.approx(BOTH.at([40.0, 104.0], final=True).upper[1], abs=1e-9)
    assert upper[2] == math.inf
    assert (bounds.of_path((0, 1, 1))[0] == math.inf).all()


def test_trials_are_decided_by_their_own_bounds():
    bounds = SpentBounds.at_events(EFFICACY)
    z = np.array([[[2.9, 2.9, 1.0], [2.0, 2.0, 2.0]]])
    events = np.array([[50.0, 30.0, 50.0], [100.0, 100.0, 60.0]])
    found, limits = bounds.held_against(np.concatenate([z, events[None], np.zeros((1, 2, 3))]))
    assert (found == z).all()
    # 50 of 100 events: 2.963; 30: 3.926, then 1.97 for the last; 60 at the last, all alpha but what 50 spent.
    outcome, stop = decide(found, limits)
    assert limits.efficacy[0].tolist() == pytest.approx([2.9626, 3.9286, 2.9626], abs=1e-3)
    assert outcome.tolist() == [0, 0, 0]
    assert stop.tolist() == [1, 1, 1]


def test_the_size_at_looks_by_the_clock():
    """Spent at the events seen, the size is the nominal one within the log-rank test's own error; bounds of the plan
    at looks that come with more events than planned spend less than they may."""
    size = simulate(clock_model(), trials=50_000, seed=5, course=0)
    assert isinstance(clock_model().bounds, SpentBounds)
    assert abs(size.rejection_rate - 0.025) <= 0.0015 + 4.0 * size.rejection_error
    kept = simulate(clock_model(respend=False), trials=50_000, seed=5, course=0)
    assert not isinstance(clock_model(respend=False).bounds, SpentBounds)
    # Some 54 events are there at month 12 instead of 50, with a spread of 6: the mean of what is spent at them.
    edges, counts = size.histogram("events", 1)
    share = np.minimum((edges[:-1] + 0.5) / EFFICACY.maximum, 1.0)
    spent = float(EFFICACY.rules.efficacy.spent(np.maximum(share, 0.01), 0.025) @ counts) / counts.sum()
    first = [float(each.probabilities[0, 0]) for each in (size, kept)]
    assert spent == pytest.approx(0.0026, abs=1e-4)
    assert abs(first[0] - spent) <= 0.0004 + 4.0 * math.sqrt(spent / 50_000)
    # Where the bounds of the plan reject, so do those at more events.
    assert first[1] < first[0] - 2.0 * math.sqrt(spent / 50_000)


def test_threads_and_chunks_change_no_bit():
    digests = {
        simulate(clock_model(), trials=4000, seed=5, course=0, **division).digest
        for division in ({"threads": 1}, {"threads": 3, "chunk": 1024}, {"threads": 2, "chunk": 2048})
    }
    assert len(digests) == 1


def test_where_the_plan_is_kept():
    three = group_sequential([25, 55], **PLAN)
    assert not isinstance(general_model(bounds=three).bounds, SpentBounds)
    assert isinstance(stratified_model(bounds=three).bounds, SpentBounds)
    fractions = group_sequential([0.5, 1.0], alpha=0.025, sides=1)
    assert not isinstance(stratified_model(bounds=fractions).bounds, SpentBounds)
    given = LookBounds.given([2.8, 2.0])
    assert stratified_model(bounds=given).bounds is given
