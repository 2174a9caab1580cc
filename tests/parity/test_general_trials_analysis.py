"""Statistics of simulated trials are those of the real trial's analysis on the same data, to the last bit."""

import math
from typing import Any

import numpy as np
import pytest

from equipoise.analysis import cox, kaplan_meier, logrank, milestone, rmst
from equipoise.kernels.plain import general_draws, general_looks
from equipoise.kernels.plain.general_looks import EVENTS, LOG_HR, LOG_HR_SE, MEDIAN, VARIANCE, Z
from equipoise.kernels.plain.general_spec import (
    FLEMING_HARRINGTON,
    LOGRANK,
    MODEST_TIME,
    field_count,
)
from made_up_general_trials import scenarios

SCENARIOS = scenarios()
TRIALS = 3
SEED = 5


def looks_of(name):
    """Each endpoint of each look of each trial: the data, the endpoint, the column of results."""
    trial = SCENARIOS[name]
    spec = trial.spec
    out = np.empty((field_count(spec), len(spec.base.look_latest), TRIALS))
    general_looks.simulate_chunk(trial, SEED, 0, TRIALS, out)
    patients = general_draws.draw_histories(trial, SEED, 0, TRIALS)
    times = general_looks.look_times(spec, patients)
    for number, look in np.ndindex(times.shape):
        for endpoint in range(spec.endpoints):
            seen = general_looks.observe(spec, patients, number, int(times[number, look]), endpoint)
            yield seen, endpoint, out[:, look, number]


def same(found, expected):
    return found == expected or (math.isnan(found) and math.isnan(expected))


def weights_of(test) -> dict[str, Any]:
    kind, first, second = int(test[0]), float(test[1]), float(test[2])
    if kind == LOGRANK:
        return {}
    if kind == FLEMING_HARRINGTON:
        return {"rho": first, "gamma": second}
    return {"weighting": "modestly-weighted", "t_star" if kind == MODEST_TIME else "s_star": first}


@pytest.mark.parametrize("name", SCENARIOS)
def test_comparisons(name):
    spec = SCENARIOS[name].spec
    for seen, endpoint, column in looks_of(name):
        for arm in range(1, spec.base.arms):
            pair = (seen.arm == 0) | (seen.arm == arm)
            rows = spec.rows[endpoint, :, arm]
            data = (seen.time[pair], seen.event[pair], seen.arm[pair])
            options = {"reference": 0, "strata": seen.stratum[pair], "time_tolerance": 0.0}
            test = logrank(*data, **options)
            assert same(column[rows[Z]], test.z)
            assert column[rows[VARIANCE]] == test.variance
            assert column[rows[EVENTS]] == seen.event[seen.arm == arm].sum()
            fit = cox(*data, **options)
            # The analysis centers the arm, the law does not: the last bits may differ.
            assert column[rows[LOG_HR]] == pytest.approx(fit.coef[0], rel=1e-11, abs=1e-13)
            assert column[rows[LOG_HR_SE]] == pytest.approx(fit.std_error[0], rel=1e-11)
            for k, weighted in enumerate(spec.tests):
                if weighted[3] == endpoint:
                    assert same(column[spec.test_rows[k, arm]], logrank(*data, **options, **weights_of(weighted)).z)


@pytest.mark.parametrize("name", SCENARIOS)
def test_curves(name):
    spec = SCENARIOS[name].spec
    for seen, endpoint, column in looks_of(name):
        for curve in kaplan_meier(seen.time, seen.event, group=seen.arm, time_tolerance=0.0):
            arm = int(curve.level)
            median = curve.median().time
            assert same(column[spec.rows[endpoint, MEDIAN, arm]], median)
            for k, (at, whose) in enumerate(spec.landmarks):
                if whose == endpoint:
                    (reading,) = curve.at(float(at))
                    found = column[spec.landmark_rows[k, arm] : spec.landmark_rows[k, arm] + 2]
                    np.testing.assert_array_equal(found, [reading.survival, reading.std_error])
            for k, (tau, whose) in enumerate(spec.windows):
                if whose == endpoint:
                    mean = curve.rmst(float(tau))
                    found = column[spec.window_rows[k, arm] : spec.window_rows[k, arm] + 2]
                    np.testing.assert_array_equal(found, [mean.rmst, mean.std_error])


def test_contrasts_follow_from_the_rows():
    trial = SCENARIOS["statistics"]
    spec, compared = trial.spec, 0
    for seen, _, column in looks_of("statistics"):
        options = {"reference": 0, "time_tolerance": 0.0}
        for k, (at, _) in enumerate(spec.landmarks[:2]):
            control, other = (column[row : row + 2] for row in spec.landmark_rows[k])
            if not np.isnan([control, other]).any():
                test = milestone(seen.time, seen.event, seen.arm, at=float(at), **options)
                assert other[0] - control[0] == test.difference.estimate
                assert math.hypot(other[1], control[1]) == test.difference.std_error
            control, other = (column[row : row + 2] for row in spec.window_rows[k])
            if not np.isnan([control, other]).any():
                test = rmst(seen.time, seen.event, seen.arm, tau=float(at), **options).contrasts[0].difference
                assert other[0] - control[0] == test.estimate
                assert math.hypot(other[1], control[1]) == test.std_error
                compared += 1
    assert compared >= 6
