"""A drawn trial's statistics by the plain law are those of `equipoise.analysis` on its data, to the last bit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.analysis import cox, kaplan_meier, logrank
from equipoise.kernels.plain import trial_looks, trial_spec
from equipoise.kernels.plain.trial_draws import draw_patients
from equipoise.kernels.plain.trial_spec import Look, TrialSpec
from lane_trials import one_stratum, trial

SPECS = {
    "four strata": trial(198, looks=[Look(events=80), Look(events=155)]),
    "one stratum": one_stratum(101, blocks=[(1, 1), (2, 2)]),
    "ties": trial(120, ticks_per_unit=8.0, looks=[Look(events=60), Look(events=90)]),
    "small": trial(24, looks=[Look(events=5), Look(events=14)]),
    "complete randomization": trial(75, blocks=None, shares=(1.0, 2.0), looks=[Look(events=40, earliest=30.0)]),
}


@settings(max_examples=120, deadline=None)
@given(name=st.sampled_from(sorted(SPECS)), seed=st.integers(0, 2**48 - 1), number=st.integers(0, 2**40))
def test_the_law_is_the_analysis_bit_for_bit(name, seed, number):
    assert compared(SPECS[name], seed, number) > 0


def compared(spec: TrialSpec, seed: int, number: int) -> int:
    """Asserts equality at every look; returns how many statistics were defined."""
    patients = draw_patients(spec, seed, [number])
    defined = 0
    for cut in trial_looks.look_times(spec, patients)[0]:
        seen = trial_looks.observe(patients, 0, int(cut))
        ours = trial_looks.look_statistics(spec, seen)
        arm = np.where(seen.arm == 1, "E", "C")
        for place, label in ((trial_spec.MEDIAN_CONTROL, "C"), (trial_spec.MEDIAN_EXPERIMENTAL, "E")):
            own = arm == label
            median = kaplan_meier(seen.time[own], seen.event[own], time_tolerance=0.0).median().time
            assert same(ours[place], median)
        columns = (seen.time, seen.event, arm)
        test = logrank(*columns, reference="C", strata=seen.stratum.astype(str), time_tolerance=0.0)
        assert same(ours[trial_spec.Z], test.z)
        assert same(ours[trial_spec.VARIANCE], test.variance)
        defined += not math.isnan(test.z)
        if math.isfinite(ours[trial_spec.LOG_HR]):
            fit = cox(*columns, reference="C", strata=seen.stratum.astype(str), time_tolerance=0.0)
            assert same(ours[trial_spec.LOG_HR], fit.coef[0])
            assert same(ours[trial_spec.LOG_HR_SE], math.sqrt(fit.covariance[0, 0]))
            defined += 1
    return defined


def same(ours: float, theirs: float) -> bool:
    return ours == theirs or (math.isnan(ours) and math.isnan(theirs))


def test_same_tells_neighbors_apart():
    assert same(math.nan, math.nan)
    assert not same(1.0, math.nextafter(1.0, 2.0))


@pytest.mark.parametrize("name", SPECS)
def test_many_replicates_of_one_seed(name):
    assert sum(compared(SPECS[name], 31, number) for number in range(25)) >= 25
