"""Tests without strata of patients randomized in strata: those of `equipoise.analysis` on the drawn data."""

import math

import numpy as np
import pytest

from equipoise.analysis import cox, logrank
from equipoise.kernels import dispatch
from equipoise.simulation.draws import draw_trial
from equipoise.simulation.operating import simulate
from equipoise.simulation.pooled_tests import pool_statistics
from equipoise.simulation.pooled_work import PooledWork, work_of
from equipoise.simulation.trial_looks import LookBounds, TrialLook
from equipoise.simulation.trial_options import WeightedTest
from imagined_trials import general_model, stratified_model

DAY = 1 / 30.4375
TESTS = (WeightedTest(gamma=1.0), WeightedTest(rho=0.5, gamma=2.0), WeightedTest(weights="modest-time", t_star=4.0),
         WeightedTest(weights="modest-survival", s_star=0.6))  # fmt: skip
MODELS = {
    "lanes": lambda: stratified_model(stratified=False),
    "weighted": lambda: stratified_model(stratified=False, tests=TESTS, decides="weighted"),
    "whole days": lambda: stratified_model(stratified=False, tests=TESTS, day=DAY),
    "general": lambda: general_model(stratified=False),
}
TRIALS = 12


def rows_of(model, engine):
    work = work_of(model, 9, engine, cox=True, medians=True)
    assert isinstance(work, PooledWork)
    out = np.empty((work.measures.rows, len(model.looks), TRIALS))
    dispatch.simulate_chunk(work.spec, 9, 100, TRIALS, out, engine=engine)
    pool_statistics(work.spec, 9, 100, out, compiled=engine != "plain")
    values = work.measures.collect(out).reshape(len(work.measures.names), -1, TRIALS)
    return dict(zip(work.measures.names, values, strict=True))


def weights_of(test, model):
    if test.weights == "modest-time":
        return {"weighting": "modestly-weighted", "t_star": test.t_star * model.ticks_per_unit}
    if test.weights == "modest-survival":
        return {"weighting": "modestly-weighted", "s_star": test.s_star}
    return {"rho": test.rho, "gamma": test.gamma}


@pytest.mark.parametrize("engine", ["plain", "auto"])
@pytest.mark.parametrize("name", MODELS)
def test_statistics_are_those_of_analysis_without_strata(name, engine):
    model = MODELS[name]()
    ours = rows_of(model, engine)
    for trial, look in np.ndindex(TRIALS, len(model.looks)):
        for endpoint in ("event", "death") if model.deaths else ("event",):
            before = "" if endpoint == "event" else "death_"
            drawn = draw_trial(model, seed=9, index=100 + trial, look=look + 1, endpoint=endpoint)
            for arm in model.arms[1:]:
                two = drawn.filter(drawn["arm"].is_in([model.control, arm]))
                columns = (two["tick"], two["event"], two["arm"])
                own = {key: values[look, trial] for key, values in ours.items()}
                test = logrank(*columns, reference=model.control, time_tolerance=0.0)
                assert own[f"{before}z {arm}"] == pytest.approx(test.z, abs=1e-11)
                fit = cox(*columns, reference=model.control, time_tolerance=0.0)
                assert own[f"{before}log_hazard_ratio {arm}"] == pytest.approx(fit.coef[0], abs=1e-9)
                for k, weighted in enumerate(model.tests, start=1):
                    if weighted.endpoint == endpoint:
                        given = weights_of(weighted, model)
                        test = logrank(*columns, reference=model.control, time_tolerance=0.0, **given)
                        assert own[f"{before}weighted_z_{k} {arm}"] == pytest.approx(test.z, abs=1e-10)


def test_the_same_bytes_for_any_threads_and_partition():
    model = stratified_model(stratified=False)
    digests = {
        simulate(model, trials=3000, seed=4, course=0, **division).digest
        for division in ({"threads": 1}, {"threads": 2, "chunk": 1024}, {"threads": 1, "chunk": 2048})
    }
    assert len(digests) == 1


def test_strata_change_the_test_and_not_the_trial():
    options = {"bounds": LookBounds.given([2.0]), "looks": (TrialLook(events=60),)}
    with_strata, without = (stratified_model(stratified=s, **options) for s in (True, False))
    assert not stratified_model(stratified=True).pooled
    found = [simulate(each, trials=2048, seed=8, course=0) for each in (with_strata, without)]
    for measure in ("time", "events C", "median E"):
        assert found[0].at_look(measure, 1) == found[1].at_look(measure, 1)
    means = [each.at_look("z E", 1).mean for each in found]
    # Small strata lose comparisons, unequal hazards blur those of the pooled test: the two are near each other.
    assert 0.0 < abs(means[0] - means[1]) < 0.15


def test_events_of_one_arm_have_no_finite_ratio():
    model = stratified_model(stratified=False, looks=(TrialLook(events=2), TrialLook(events=60)))
    ours = rows_of(model, "auto")["log_hazard_ratio E"][0]
    assert any(math.isinf(value) for value in ours)
