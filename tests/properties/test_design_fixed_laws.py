"""Laws of fixed designs: what must grow or fall, what must not matter, and that solving and asking back agree."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.design import (
    Accrual,
    Dropout,
    Hazard,
    Stratum,
    detectable_hazard_ratio,
    events_required,
    expected_events,
    fixed_design,
    power_of,
    time_of_events,
)
from equipoise.design.signal import METHODS

EVENT_METHODS = ("schoenfeld", "freedman")
effects = st.floats(0.3, 0.9)
ratios = st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0])
powers = st.floats(0.5, 0.97)
alphas = st.sampled_from([(0.05, 2), (0.025, 1), (0.1, 1), (0.01, 2)])
rates = st.floats(0.005, 0.4)


@st.composite
def hazards(draw):
    k = draw(st.integers(1, 3))
    breaks = np.cumsum(draw(st.lists(st.floats(0.5, 8.0), min_size=k - 1, max_size=k - 1))).tolist()
    return Hazard.from_rates(draw(st.lists(rates, min_size=k, max_size=k)), breaks)


@given(effects, ratios, powers, alphas, st.sampled_from(EVENT_METHODS))
def test_events_power_and_hazard_ratio_are_one_equation(hr, ratio, power, level, method):
    test = {"alpha": level[0], "sides": level[1], "ratio": ratio, "method": method}
    events = events_required(hr, power=power, **test).events
    assert power_of(events, hazard_ratio=hr, **test).power == pytest.approx(power, abs=1e-12)
    assert detectable_hazard_ratio(events, power=power, **test).hazard_ratio == pytest.approx(hr, rel=1e-12)


@given(effects, powers, st.sampled_from([1.5, 2.0, 3.0]))
def test_schoenfeld_does_not_mind_which_arm_is_larger(hr, power, ratio):
    test = {"alpha": 0.05, "sides": 2, "power": power}
    one, other = (events_required(hr, ratio=r, **test).events for r in (ratio, 1 / ratio))
    assert one == pytest.approx(other, rel=1e-12)
    assert one > events_required(hr, ratio=1, **test).events


@given(effects, powers)
def test_two_sided_is_one_sided_at_half(hr, power):
    two = events_required(hr, alpha=0.05, sides=2, power=power).events
    assert two == events_required(hr, alpha=0.025, sides=1, power=power).events


@given(powers, st.sampled_from(EVENT_METHODS))
def test_power_grows_with_events_and_effect(power, method):
    test = {"alpha": 0.05, "sides": 2, "method": method}
    grown = [power_of(d, hazard_ratio=0.7, **test).power for d in (20, 60, 200, 600)]
    larger = [power_of(100, hazard_ratio=hr, **test).power for hr in (1.2, 1.0, 0.9, 0.7, 0.5)]
    assert grown == sorted(grown)
    assert larger == sorted(larger)
    assert larger[1] == pytest.approx(0.025, abs=1e-15)


@given(hazards(), effects, st.floats(0.0, 0.05), ratios)
def test_events_grow_and_stay_below_what_there_is(hazard, hr, loss, ratio):
    accrual = Accrual.piecewise([2, 5], [6], duration=15)
    times = np.array([0.0, 3.0, 8.0, 15.0, 30.0, 200.0])
    dropout = Dropout(loss)
    found = expected_events(times, accrual=accrual, control=hazard, hazard_ratio=hr, dropout=dropout, ratio=ratio)
    assert found.total[0] == 0.0
    assert (np.diff(found.total) >= -1e-12).all()
    assert (found.events + found.losses <= found.enrolled + 1e-9).all()
    assert (found.variance <= found.events + 1e-12).all()
    assert (found.variance >= 0.0).all()
    assert (np.diff(found.n) >= 0.0).all()


@given(hazards(), effects, st.floats(0.1, 30.0))
def test_units_do_not_matter(hazard, hr, c):
    other = Hazard.from_rates([r / c for r in hazard.rates], [b * c for b in hazard.breaks])
    accrual = Accrual.uniform(n=80, duration=10)
    one = expected_events([4.0, 17.0], accrual=accrual, control=hazard, hazard_ratio=hr).total
    same = Accrual.uniform(n=80, duration=10 * c)
    two = expected_events([4.0 * c, 17.0 * c], accrual=same, control=other, hazard_ratio=hr).total
    assert two == pytest.approx(one, rel=1e-10)


@given(rates, st.floats(0.5, 9.0), effects)
def test_a_break_without_a_change_does_not_matter(rate, at, hr):
    accrual, cut = Accrual.uniform(n=50, duration=7), Accrual.piecewise([50 / 7] * 2, [2.5], duration=7)
    plain = expected_events([3.0, 12.0], accrual=accrual, control=Hazard(rate), hazard_ratio=hr)
    split = Hazard.piecewise([rate, rate], [at])
    broken = expected_events([3.0, 12.0], accrual=cut, control=split, hazard_ratio=hr)
    assert broken.total == pytest.approx(plain.total, rel=1e-12)
    assert broken.variance.ravel() == pytest.approx(plain.variance.ravel(), rel=1e-9)


@given(hazards(), effects)
def test_equal_strata_are_no_strata(hazard, hr):
    accrual = Accrual.uniform(n=50, duration=7)
    strata = {"a": Stratum(0.25, hazard), "b": Stratum(0.75, hazard)}
    whole = expected_events([3.0, 12.0], accrual=accrual, control=hazard, hazard_ratio=hr)
    parts = expected_events([3.0, 12.0], accrual=accrual, strata=strata, hazard_ratio=hr)
    assert parts.total == pytest.approx(whole.total, rel=1e-12)


@given(hazards(), effects, st.floats(0.05, 0.9))
def test_time_of_events_inverts_expected_events(hazard, hr, share):
    accrual = Accrual.uniform(n=100, duration=12)
    shared = {"accrual": accrual, "control": hazard, "hazard_ratio": hr}
    found = time_of_events(100 * share, **shared)
    assert found.total == pytest.approx(100 * share, rel=1e-10)


@settings(max_examples=40)
@given(
    st.sampled_from(METHODS), effects, st.sampled_from([1.0, 2.0]), st.floats(0.6, 0.95), st.sampled_from([0.0, 0.01])
)
def test_what_is_solved_for_gives_back_the_power(method, hr, ratio, power, loss):
    shared = {
        "control": Hazard(0.08), "ratio": ratio, "alpha": 0.05, "sides": 2, "method": method, "dropout": Dropout(loss),
    }  # fmt: skip
    by_n = fixed_design(hazard_ratio=hr, power=power, accrual=Accrual.uniform(duration=20), follow_up=6, **shared)
    complete = Accrual.uniform(n=by_n.n, duration=20)
    asked = fixed_design(hazard_ratio=hr, accrual=complete, follow_up=6, **shared)
    assert asked.power == pytest.approx(power, abs=1e-10)
    follow_up = fixed_design(hazard_ratio=hr, power=power, accrual=complete, **shared)
    assert follow_up.follow_up == pytest.approx(6.0, abs=1e-6)
    rate = Accrual.uniform(rate=by_n.n / 20)
    duration = fixed_design(hazard_ratio=hr, power=power, accrual=rate, follow_up=6, **shared)
    assert duration.accrual_duration == pytest.approx(20.0, rel=1e-7)
    stretched = fixed_design(hazard_ratio=hr, power=power, accrual=Accrual.uniform(n=by_n.n), follow_up=6, **shared)
    assert stretched.accrual_duration == pytest.approx(20.0, rel=1e-6)
    effect = fixed_design(power=power, accrual=complete, follow_up=6, **shared)
    assert effect.hazard_ratio == pytest.approx(hr, rel=1e-7)
    both = fixed_design(power=power, events=asked.events, accrual=complete, **shared)
    assert (both.hazard_ratio, both.follow_up) == pytest.approx((hr, 6.0), rel=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_n_falls_with_effect_and_grows_with_power_and_dropout(method):
    def n(hr=0.6, power=0.8, loss=0.01):
        return fixed_design(
            hazard_ratio=hr, power=power, dropout=Dropout(loss), control=Hazard(0.08), ratio=2, alpha=0.05, sides=2,
            accrual=Accrual.uniform(duration=20), follow_up=6, method=method,
        ).n  # fmt: skip

    for grown in (
        [n(hr=h) for h in (0.4, 0.6, 0.8)],
        [n(power=p) for p in (0.7, 0.8, 0.9)],
        [n(loss=d) for d in (0, 0.02)],
    ):
        assert grown == sorted(grown)


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_methods_agree_for_small_effects(ratio):
    """As the hazard ratio nears 1 all formulas become Schoenfeld's."""
    found = [
        fixed_design(
            hazard_ratio=0.98, power=0.9, control=Hazard(0.08), ratio=ratio, alpha=0.05, sides=2, method=method,
            accrual=Accrual.uniform(duration=20), follow_up=6,
        ).n
        for method in METHODS
    ]  # fmt: skip
    assert max(found) / min(found) < 1.02


def test_power_of_the_difference_of_hazards_by_monte_carlo():
    """Lachin and Foulkes' power is that of the test it is made for, within Monte-Carlo error and asymptotics."""
    design = fixed_design(
        hazard_ratio=2 / 3, control=Hazard(0.3), accrual=Accrual.uniform(n=376, duration=3), follow_up=2, alpha=0.05,
        sides=1, method="lachin-foulkes",
    )  # fmt: skip
    rng, trials = np.random.default_rng(20260101), 20_000
    estimates, events = [], []
    for hazard in (0.3, 0.2):
        age = 5 - 3 * rng.random((trials, 188))
        time = rng.exponential(1 / hazard, (trials, 188))
        d, exposure = (time <= age).sum(axis=1), np.minimum(time, age).sum(axis=1)
        estimates.append(d / exposure)
        events.append(d)
    pooled = (estimates[0] + estimates[1]) / 2
    # the variance under the null as planned: lambda^2 (1/D_0c + 1/D_0e) at the mean hazard
    chance = 1 - (np.exp(-2 * pooled) - np.exp(-5 * pooled)) / (3 * pooled)
    z = (estimates[0] - estimates[1]) / (pooled * np.sqrt(2 / (188 * chance)))
    power = float((z > 1.6448536).mean())
    error = math.sqrt(design.power * (1 - design.power) / trials)
    assert abs(power - design.power) < 4 * error + 0.005
