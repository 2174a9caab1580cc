"""Laws of simulated operating characteristics: tallies, decisions, size and power within Monte-Carlo error."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as draws

from equipoise.design import Hazard
from equipoise.protocol import load_trial
from equipoise.simulation.event_laws import PiecewiseRatio
from equipoise.simulation.operating import simulate
from equipoise.simulation.tallies import BLOCK, Bins, Layout, decide, histogram_quantile, tally_chunk, total_of
from equipoise.simulation.trial_looks import LookBounds
from equipoise.simulation.trial_plan import plan_simulation

numbers = st.floats(-20.0, 20.0) | st.just(math.nan)


@given(
    z=draws.arrays(np.float64, st.tuples(st.integers(1, 2), st.just(3), st.integers(1, 12)), elements=numbers),
    upper=st.tuples(*[st.floats(0.5, 4.0)] * 3),
    futility=st.tuples(*[st.floats(-2.0, 0.4)] * 3),
    harm=st.tuples(*[st.floats(-4.0, 0.4)] * 3),
)
def test_decisions_are_those_of_a_loop(z, upper, futility, harm):
    bounds = LookBounds(upper, futility, harm)
    outcome, stop = decide(z, bounds)
    for trial in range(z.shape[2]):
        assert (outcome[trial], stop[trial]) == decided(z[:, :, trial], bounds)


def decided(z: np.ndarray, bounds: LookBounds) -> tuple[int, int]:
    for k in range(3):
        known = [value for value in z[:, k] if not math.isnan(value)]
        if known and max(known) >= bounds.efficacy[k]:
            return 0, k
        if known and max(known) <= bounds.harm[k]:
            return 2, k
        if k < 2 and known and max(known) <= bounds.futility[k]:
            return 1, k
    return 3, 2


@given(
    values=draws.arrays(np.float64, st.integers(1, 200), elements=st.floats(-3.0, 3.0)), p=st.floats(0.01, 0.99),
)  # fmt: skip
def test_quantiles_are_within_a_bin_of_the_order_statistic(values, p):
    bins = Bins(-4.0, 0.25, 32)
    counts = total_of(chunk_of(values[None], bins)).histograms
    assert counts.sum() == len(values)
    exact = np.quantile(values, p, method="inverted_cdf")
    assert abs(histogram_quantile(counts, bins, p) - exact) <= bins.width + 1e-12


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.floats(0.01, 0.99))
def test_quantiles_of_whole_numbers_are_exact(values, p):
    bins = Bins(-0.5, 1.0, 31, whole=True)
    counts = chunk_of(np.array(values, dtype=float)[None], bins).histograms
    assert histogram_quantile(counts, bins, p) == np.quantile(values, p, method="inverted_cdf")


def chunk_of(values: np.ndarray, bins: Bins):
    layout = Layout({"z": bins}, 1, ("z",))
    return tally_chunk(values, values[None], layout, LookBounds.given([1.0]))


@given(seed=st.integers(0, 10), cuts=st.sets(st.integers(1, 6), max_size=3), trials=st.integers(1, 7 * BLOCK))
def test_a_tally_does_not_depend_on_the_chunks(seed, cuts, trials):
    values = np.random.default_rng(seed).normal(size=(2, trials)) * 3.0
    values[:, ::17] = math.nan
    values[0, ::23] = math.inf
    layout = Layout({"z": Bins(-12.0, 0.01, 2400)}, 2, ("z",))
    bounds = LookBounds.given([2.5, 2.0], [0.0, None])
    total = None
    edges = [0, *sorted(cut * BLOCK for cut in cuts if cut * BLOCK < trials), trials]
    for low, high in itertools.pairwise(edges):
        part = tally_chunk(values[:, low:high], values[None, :, low:high], layout, bounds)
        total = total_of(part) if total is None else total.plus(part)
    whole = total_of(tally_chunk(values, values[None], layout, bounds))
    assert total is not None
    assert total.digest == whole.digest
    assert whole.histograms.sum() + whole.missing.sum() == 2 * trials
    compiled = total_of(tally_chunk(values, values[None], layout, bounds, compiled=True))
    assert compiled.digest == whole.digest


def test_quantiles_without_numbers():
    bins = Bins(0.0, 1.0, 4)
    assert math.isnan(histogram_quantile(np.zeros(6, dtype=np.int64), bins, 0.5))
    assert histogram_quantile(np.array([0, 1, 0, 0, 0, 0]), bins, 0.5, beyond=3) == math.inf
    assert histogram_quantile(np.array([5, 1, 0, 0, 0, 0]), bins, 0.5) == -math.inf


@given(t=st.floats(0.01, 30.0), ratios=st.tuples(*[st.floats(0.2, 3.0)] * 3))
def test_a_piecewise_ratio_multiplies_the_hazard(t, ratios):
    control = Hazard((0.1, 0.3), (5.0,))
    ratio = PiecewiseRatio(ratios, (3.0, 9.0))
    held = ratios[0] if t < 3.0 else ratios[1] if t < 9.0 else ratios[2]
    assert ratio.applied_to(control).at(t) == pytest.approx(control.at(t) * held)


def test_power_and_size_of_palmira_against_the_formula():
    """The log-rank test's asymptotic power within 0.02, its size on each side within 0.005."""
    planned = plan_simulation(load_trial("palmira"))
    found = simulate(planned.model, trials=100_000, seed=2026, cox=False, medians=False, course=0)
    assert abs(found.rejection_rate - planned.design.final_power) <= 0.02
    null = plan_simulation(load_trial("palmira"), hazard_ratio=1.0).model
    found = simulate(null, trials=100_000, seed=2027, cox=False, medians=False, course=0)
    assert abs(found.rate("efficacy").mean - 0.025) <= 0.005
    assert abs(found.rate("harm").mean - 0.025) <= 0.005
