"""Numbers of real data, rounded, are never called impossible; a witness is found for most."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.evidence.feasibility_bounds import violations
from equipoise.evidence.feasibility_check import joint_feasibility
from equipoise.evidence.feasibility_targets import Wanted
from equipoise.evidence.standard_error import Reading
from made_up_endpoints import made_up_endpoint

TRIALS = 500
SEARCHED = 20
# Found in calibration: see docs/methods/feasibility.md.
LEAST_SHARE = 0.5


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31))
def test_no_bound_is_broken_by_numbers_of_data(seed):
    trial = made_up_endpoint(seed)
    assert violations(Wanted(trial, trial.results[0], Reading())) == []


def test_swapped_medians_of_clearly_different_arms_are_not_called_feasible():
    told = 0
    for seed in range(40):
        trial = made_up_endpoint(seed, swap_medians=True)
        result = trial.results[0]
        medians = [getattr(result, arm).median for arm in ("experimental", "control")]
        apart = all(one.value.reached for one in medians) and abs(medians[0].value.value - medians[1].value.value) > 4.0
        if apart and len(result.rates) == 2:
            told += joint_feasibility(trial, result, budget=5_000).finding.status in ("consistent", "note")
    assert told == 0


def test_witnesses_are_found_for_data_and_meet_every_number():
    found = [joint_feasibility(trial, trial.results[0], budget=120_000) for trial in map(made_up_endpoint, (2, 5, 11))]
    assert all(one.finding.status != "inconsistent" for one in found)
    witnesses = [one.witness for one in found if one.witness is not None]
    assert witnesses
    assert all(one.met for one in witnesses)


@pytest.mark.slow
def test_no_honest_trial_is_called_impossible():
    counts = Counter()
    for seed in range(TRIALS):
        trial = made_up_endpoint(seed)
        # The bounds come before the search, which need not go far here.
        counts[joint_feasibility(trial, trial.results[0], budget=1).finding.status] += 1
    assert counts["inconsistent"] == 0


@pytest.mark.slow
def test_a_data_set_is_found_for_most():
    counts = Counter()
    for seed in range(SEARCHED):
        trial = made_up_endpoint(seed)
        counts[joint_feasibility(trial, trial.results[0]).finding.status] += 1
    assert counts["inconsistent"] == 0
    assert (counts["consistent"] + counts["note"]) / SEARCHED >= LEAST_SHARE
