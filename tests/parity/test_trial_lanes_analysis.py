"""A replicate of the fast engine against `equipoise.analysis` on its drawn data, times as ticks."""

import numpy as np
import pytest

from equipoise.analysis import cox, kaplan_meier, logrank
from equipoise.kernels import dispatch
from equipoise.kernels.plain import trial_looks, trial_spec
from equipoise.kernels.plain.trial_draws import draw_patients
from equipoise.kernels.plain.trial_spec import FIELDS
from lane_trials import LARGE, SEED, TRIALS

CASES = {name: TRIALS[name] for name in ("palmira", "two looks", "one stratum", "no dropout", "latest")} | {
    500: LARGE[500]
}


@pytest.mark.parametrize("name", CASES)
def test_replicates_agree_with_analysis(name):
    spec, count = CASES[name], 12
    out = np.empty((len(FIELDS), len(spec.look_events), count))
    dispatch.simulate_chunk(spec, SEED, 160, count, out, engine="lanes")
    patients = draw_patients(spec, SEED, np.arange(160, 160 + count))
    times, compared = trial_looks.look_times(spec, patients), 0
    for trial, look in np.ndindex(times.shape):
        seen = trial_looks.observe(patients, trial, int(times[trial, look]))
        arm, strata = np.where(seen.arm == 1, "E", "C"), seen.stratum.astype(str)
        columns, ours = (seen.time, seen.event, arm), out[:, look, trial]
        for place, label in ((trial_spec.MEDIAN_CONTROL, "C"), (trial_spec.MEDIAN_EXPERIMENTAL, "E")):
            own = arm == label
            median = kaplan_meier(seen.time[own], seen.event[own], time_tolerance=0.0).median().time
            assert ours[place] == pytest.approx(median, rel=0.0, abs=0.0, nan_ok=True)
        if len(np.unique(seen.time[seen.event])) < seen.event.sum():
            continue
        test = logrank(*columns, reference="C", strata=strata, time_tolerance=0.0)
        fit = cox(*columns, reference="C", strata=strata, time_tolerance=0.0)
        assert ours[trial_spec.Z] == pytest.approx(test.z, rel=0.0, abs=1e-5)
        assert ours[trial_spec.LOG_HR] == pytest.approx(fit.coef[0], rel=0.0, abs=1e-5)
        compared += 1
    assert compared >= count // 2
