"""A simulated replicate's statistics are those of `equipoise.analysis` on its drawn data, and of enumeration."""

import itertools
import math

import numpy as np
import pytest

from equipoise.analysis import cox, kaplan_meier, logrank
from equipoise.design import Accrual, Hazard
from equipoise.kernels import dispatch
from equipoise.simulation.draws import draw_trial
from equipoise.simulation.operating import simulate
from equipoise.simulation.trial_model import TrialModel
from equipoise.simulation.trial_runs import Work
from imagined_trials import general_model, small_model, stratified_model

MODELS = {"small": small_model, "stratified": stratified_model, "general": general_model}
REPLICATES = (0, 3, 731_204, 2**33 + 5)


def replicate(model: TrialModel, index: int) -> dict[str, np.ndarray]:
    """The measures (looks,) of one replicate by the plain law."""
    work = Work.of(model, 9, "plain", cox=True, medians=True)
    out = np.empty((work.measures.rows, len(model.looks), 1))
    dispatch.simulate_chunk(work.spec, 9, index, 1, out, engine="plain")
    values = work.measures.collect(out).reshape(len(work.measures.names), -1)
    return dict(zip(work.measures.names, values, strict=True))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("index", REPLICATES)
def test_statistics_are_those_of_analysis(name, index):
    model = MODELS[name]()
    ours = replicate(model, index)
    for look in range(len(model.looks)):
        drawn = draw_trial(model, seed=9, index=index, look=look + 1)
        for arm in model.arms[1:]:
            two = drawn.filter(drawn["arm"].is_in([model.control, arm]))
            factors = list(model.randomization.scheme.factors)
            strata = {f: two[f] for f in factors} if factors else None
            columns = (two["tick"], two["event"], two["arm"])
            test = logrank(*columns, reference=model.control, strata=strata, time_tolerance=0.0)
            # With one stratum to the last bit; with more, strata are added in another order.
            assert ours[f"z {arm}"][look] == pytest.approx(test.z, rel=0.0 if len(model.strata) == 1 else 4e-15)
            fit = cox(*columns, reference=model.control, strata=strata, time_tolerance=0.0)
            assert ours[f"log_hazard_ratio {arm}"][look] == pytest.approx(fit.coef[0], abs=1e-12)
            for end, limit in zip(("low", "high"), np.log(fit.conf_int[0]), strict=True):
                assert ours[f"log_hazard_ratio_{end} {arm}"][look] == pytest.approx(limit, abs=1e-11)
        for arm in model.arms:
            own = drawn.filter(drawn["arm"] == arm)
            median = kaplan_meier(own["tick"], own["event"], time_tolerance=0.0).median().time
            assert ours[f"median {arm}"][look] == pytest.approx(median / model.ticks_per_unit, nan_ok=True, abs=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_a_look_shows_no_more_than_will_happen(name):
    model = MODELS[name]()
    truth = draw_trial(model, seed=9, index=3)
    seen = draw_trial(model, seed=9, index=3, look=1)
    merged = truth.filter(truth["patient"].is_in(seen["patient"].to_list()))
    assert merged["arm"].to_list() == seen["arm"].to_list()
    ends = "event_tick" if model.deaths is None else "seen_tick"
    events = seen["event"] == 1
    assert merged.filter(events)[ends].to_list() == seen.filter(events)["tick"].to_list()
    assert (seen["tick"] >= 0).all()


def test_rejections_equal_exact_enumeration():
    """Six patients in one block of six, all followed to the event, no effect: the order of the arms' labels among the
    event times is any of C(6, 3) = 20 with equal probability, so the share of trials with Z above a bound is known."""
    control = Hazard(0.2)
    model = TrialModel.two_arms(
        accrual=Accrual.uniform(n=6, duration=6), control=control, effect=1.0, ratio=(1, 1), block_sizes=(6,), looks=6,
        alpha=0.2,
    )  # fmt: skip
    exact = sorted(z_of_labels(labels) for labels in itertools.combinations(range(6), 3))
    trials = 20_000
    found = simulate(model, trials=trials, seed=77, cox=False, medians=False, course=0)
    assert found.not_reached(1) == 0.0
    edges, counts = found.histogram("z experimental", 1)
    for z in sorted({round(value, 9) for value in exact}):
        own = int(counts[np.searchsorted(edges, z) - 1]) / trials
        near = [v for v in exact if edges[np.searchsorted(edges, z) - 1] <= v < edges[np.searchsorted(edges, z)]]
        share = len(near) / len(exact)
        assert abs(own - share) <= 4.0 * math.sqrt(share * (1.0 - share) / trials)
    power = sum(1 for value in exact if value >= model.bounds.efficacy[0]) / len(exact)
    assert abs(found.rejection_rate - power) <= 4.0 * found.rejection_error


def z_of_labels(experimental: tuple[int, ...]) -> float:
    """Z of the log-rank test when the events come in the order 0 ... 5 and these are of the experimental arm."""
    u = variance = 0.0
    for k in range(6):
        at_risk, ours = 6 - k, sum(1 for i in experimental if i >= k)
        share = ours / at_risk
        u += (k in experimental) - share
        variance += share * (1.0 - share)
    return -u / math.sqrt(variance)
