"""Laws of the designs for non-proportional hazards."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.analysis import logrank, milestone, rmst
from equipoise.design import (
    Accrual,
    Boundary,
    Dropout,
    Hazard,
    Spending,
    average_hazard_ratio,
    events_required,
    fixed_design,
    maxcombo_design,
    milestone_design,
    rmst_design,
    weighted_logrank_design,
)
from equipoise.design.planned_trial import planned_trial
from equipoise.design.weighted_moments import LogrankWeight, weighted_moments

FEW = settings(max_examples=25, deadline=None)
rate = st.floats(0.01, 0.3)
LEVEL = {"alpha": 0.025, "sides": 1}


@st.composite
def trials(draw):
    """Arguments of a trial with two pieces in each arm, and the accrual."""
    at = draw(st.floats(1.0, 12.0))
    control = Hazard.piecewise([draw(rate), draw(rate)], [at])
    experimental = Hazard.piecewise([draw(rate), draw(rate)], [at * draw(st.floats(0.5, 2.0))])
    arms = {"control": Dropout(draw(st.floats(0.0, 0.05))), "experimental": Dropout(draw(st.floats(0.0, 0.05)))}
    effect = {
        "control": control,
        "experimental": experimental,
        "dropout": arms,
        "ratio": draw(st.sampled_from([0.5, 1.0, 2.0, 3.0])),
    }
    return effect, Accrual.uniform(n=300, duration=draw(st.floats(2.0, 24.0)))


@FEW
@given(trials(), st.floats(6.0, 60.0))
def test_fh_tests_add_up_and_covariances_are_covariances(trial, time):
    effect, accrual = trial
    weights = [LogrankWeight(), LogrankWeight(gamma=1.0), LogrankWeight(rho=1.0), LogrankWeight(0.5, 0.5)]
    m = weighted_moments(planned_trial(accrual, **effect), weights, time)
    assert m.mean[0] == pytest.approx(m.mean[1] + m.mean[2], abs=1e-13)
    for covariance in (m.estimated, m.null, m.exact):
        assert covariance == pytest.approx(covariance.T, abs=1e-15)
        assert np.linalg.eigvalsh(covariance).min() > -1e-13
        assert covariance[0, 0] == pytest.approx(covariance[0, 1] + covariance[0, 2], abs=1e-13)
    assert m.events == pytest.approx(planned_trial(accrual, **effect).events(time), rel=1e-10)


@FEW
@given(trials(), st.floats(6.0, 60.0))
def test_swapping_the_arms_turns_the_sign(trial, time):
    effect, accrual = trial
    swapped = {
        "control": effect["experimental"],
        "experimental": effect["control"],
        "dropout": dict(zip(("experimental", "control"), effect["dropout"].values(), strict=True)),
        "ratio": 1.0 / effect["ratio"],
    }
    weights = [LogrankWeight(), LogrankWeight(1.0, 1.0), LogrankWeight(t_star=4.0)]
    one = weighted_moments(planned_trial(accrual, **effect), weights, time)
    two = weighted_moments(planned_trial(accrual, **swapped), weights, time)
    assert two.mean == pytest.approx(-one.mean, abs=1e-13)
    for name in ("estimated", "null", "exact"):
        assert getattr(two, name) == pytest.approx(getattr(one, name), abs=1e-12)
    ratios = [
        average_hazard_ratio(**arms, accrual=accrual, time=time, method=method).hazard_ratio
        for arms in (effect, swapped)
        for method in ("geometric", "kalbfleisch-prentice", "cox")
    ]
    assert np.array(ratios[:3]) * np.array(ratios[3:]) == pytest.approx(np.ones(3), rel=1e-10)


@FEW
@given(trials(), st.floats(0.1, 30.0))
def test_the_unit_of_time_does_not_matter(trial, factor):
    effect, accrual = trial

    def slower(hazard):
        return Hazard(tuple(r / factor for r in hazard.rates), tuple(b * factor for b in hazard.breaks))

    stretched = {
        "control": slower(effect["control"]),
        "experimental": slower(effect["experimental"]),
        "dropout": {arm: Dropout(loss.hazard.rates[0] / factor) for arm, loss in effect["dropout"].items()},
        "ratio": effect["ratio"],
    }
    time, tau = accrual.duration + 13.0, 11.0
    longer = Accrual.uniform(n=300, duration=accrual.duration * factor)
    for design, first, second in (
        (weighted_logrank_design, {"gamma": 0.5}, {"gamma": 0.5}),
        (rmst_design, {"tau": tau}, {"tau": tau * factor}),
        (milestone_design, {"tau": tau}, {"tau": tau * factor}),
    ):
        one = design(**effect, accrual=accrual, time=time, **LEVEL, **first)
        two = design(**stretched, accrual=longer, time=time * factor, **LEVEL, **second)
        assert two.power == pytest.approx(one.power, abs=1e-10)


@FEW
@given(rate, st.floats(0.3, 0.95), st.floats(2.0, 24.0), st.floats(3.0, 40.0), st.sampled_from([0.5, 1.0, 2.0]))
def test_under_proportional_hazards_more_never_lowers_power(base, hr, duration, follow_up, ratio):
    """More patients, a longer follow-up, or both; and every average hazard ratio is the hazard ratio."""
    effect = {"control": Hazard.from_rates(base), "hazard_ratio": hr, "dropout": Dropout(0.01), "ratio": ratio}
    time = duration + follow_up
    powers = [
        weighted_logrank_design(**effect, accrual=Accrual.uniform(n=n, duration=duration), time=t, **LEVEL).power
        for n in (50, 100, 400)
        for t in (0.5 * time, time, 1.5 * time)
    ]
    table = np.array(powers).reshape(3, 3)
    assert (np.diff(table, axis=0) >= -1e-12).all()
    assert (np.diff(table, axis=1) >= -1e-12).all()
    for method in ("geometric", "kalbfleisch-prentice", "cox"):
        found = average_hazard_ratio(
            **effect, accrual=Accrual.uniform(duration=duration), time=time, method=method
        ).hazard_ratio
        assert found == pytest.approx(hr, rel=1e-9)


def test_under_crossing_hazards_more_information_may_lower_power():
    """Hazard ratio 0.5 for half a year and 2 afterwards: waiting adds events and takes power away."""
    control = Hazard.from_rates(0.08)
    effect = {"control": control, "experimental": Hazard.piecewise([0.04, 0.16], [6])}
    looks = [
        weighted_logrank_design(**effect, accrual=Accrual.uniform(n=300, duration=3), time=t, **LEVEL)
        for t in (7.0, 10.0, 14.0)
    ]
    information = [design.looks[0].information_h1 for design in looks]
    assert information == sorted(information)
    assert looks[0].power > 0.75
    assert looks[0].power > looks[1].power > looks[2].power
    # The later times' answer to "how long?" is the first time the power is reached.
    soon = weighted_logrank_design(**effect, accrual=Accrual.uniform(n=300, duration=3), power=0.7, **LEVEL)
    assert soon.time < 5.0


def test_the_log_rank_limit_near_no_effect():
    """Towards a hazard ratio of 1 all formulas agree: Schoenfeld's events, Lachin-Foulkes' and Rubinstein's power."""
    control = Hazard.from_median(10)
    gaps = []
    for hr in (0.8, 0.9, 0.95):
        needed = events_required(hr, alpha=0.05, sides=2, power=0.8, ratio=2).events
        shared = {"control": control, "hazard_ratio": hr, "alpha": 0.05, "sides": 2, "ratio": 2}
        design = weighted_logrank_design(
            **shared, accrual=Accrual.uniform(duration=12), power=0.8, time=30, variance="null"
        )
        gaps.append(abs(design.events / needed - 1.0))
        accrual = Accrual.uniform(n=design.n, duration=12)
        for method in ("lachin-foulkes", "rubinstein"):
            other = fixed_design(**shared, accrual=accrual, follow_up=18, method=method)
            gaps.append(abs(other.power - 0.8))
    table = np.array(gaps).reshape(3, 3)
    # Events differ in proportion to the log hazard ratio (allocation 2:1), and so does power.
    assert (table[0] > table[1]).all()
    assert (table[1] > table[2]).all()
    assert table[2].max() < 0.03


DELAYED = {
    "control": Hazard.from_median(12),
    "experimental": Hazard.piecewise([math.log(2) / 12, 0.6 * math.log(2) / 12], [4]),
    "dropout": Dropout(0.002),
}
DESIGNS = [
    (weighted_logrank_design, {}),
    (weighted_logrank_design, {"variance": "exact"}),
    (weighted_logrank_design, {"rho": 0.5, "gamma": 1, "interim": [18, 27]}),
    (weighted_logrank_design, {"weighting": "modestly-weighted", "t_star": 6, "fractions": [0.6]}),
    (weighted_logrank_design, {"weight": ((4,), (0, 1)), "interim": [20], "efficacy": Boundary("pocock")}),
    (weighted_logrank_design, {"interim": [20], "futility": [0.0], "efficacy": Spending("power", 3.0)}),
    (rmst_design, {"tau": 18}),
    (rmst_design, {"tau": 18, "contrast": "ratio", "fractions": [0.9]}),
    (milestone_design, {"tau": 18, "transform": "log-log", "interim": [26]}),
    (maxcombo_design, {"tests": [(0, 0), (0, 1)]}),
    (maxcombo_design, {"tests": [(0, 0), (0, 0.5)], "fractions": [0.6]}),
]


@pytest.mark.parametrize(("design", "more"), DESIGNS)
def test_each_unknown_is_found_again_from_the_others(design, more):
    shared = {**DELAYED, **LEVEL, **more}
    by_n = design(**shared, accrual=Accrual.uniform(duration=15), power=0.85, time=36)
    assert by_n.power == pytest.approx(0.85, abs=1e-9)
    by_power = design(**shared, accrual=Accrual.uniform(n=by_n.n, duration=15), time=36)
    assert by_power.power == pytest.approx(0.85, abs=1e-9)
    assert (by_n.solved, by_power.solved) == ("n", "power")
    by_time = design(**shared, accrual=Accrual.uniform(n=by_n.n, duration=15), power=0.85)
    assert by_time.power == pytest.approx(0.85, abs=1e-9)
    assert by_time.time <= 36.0 + 1e-6


@pytest.mark.parametrize(("design", "more"), DESIGNS)
def test_code_makes_an_equal_design_and_text_says_it(design, more):
    made = design(**DELAYED, **LEVEL, **more, accrual=Accrual.uniform(duration=15), power=0.85, time=36)
    space: dict[str, object] = {}
    exec(made.code(), space)
    assert space["design"] == made
    assert f"{math.ceil(made.n)} patients" in made.text()
    assert "85% power" in made.text()
    rows = made.to_rows()
    assert {row.method for row in rows} == {made.method}
    assert next(row.value for row in rows if row.statistic == "n") == made.n
    assert sum(row.statistic == "z_upper" for row in rows) == len(made.looks)


def test_code_of_a_weight_function_names_it():
    def late(time, survival):
        return np.where(time < 4, 0.0, 1.0)

    shared = {**DELAYED, **LEVEL, "accrual": Accrual.uniform(n=300, duration=15), "time": 36}
    made = weighted_logrank_design(**shared, weight=late)
    space: dict[str, object] = {"late": late}
    exec(made.code(), space)
    assert space["design"] == made
    steps = weighted_logrank_design(**shared, weight=([4], [0, 1]))
    assert made.power == pytest.approx(steps.power, abs=1e-12)


@pytest.mark.parametrize("method", ["geometric", "kalbfleisch-prentice", "cox"])
def test_the_row_names_which_average_it_is(method):
    found = average_hazard_ratio(**DELAYED, accrual=Accrual.uniform(duration=15), time=36, method=method)
    space: dict[str, object] = {}
    exec(found.code(), space)
    assert space["design"] == found
    row = found.to_rows()[0]
    ids = {"geometric": "average-hazard-ratio", "kalbfleisch-prentice": "kalbfleisch-prentice", "cox": "cox-limit"}
    assert (row.method, row.value, row.at) == (ids[method], found.hazard_ratio, 36.0)
    assert row.label in found.text()


@pytest.mark.parametrize(
    ("design", "more"),
    [
        (weighted_logrank_design, {"gamma": 1, "interim": [18, 27]}),
        (rmst_design, {"tau": 12, "interim": [16, 20]}),
        (maxcombo_design, {"tests": [(0, 0), (0, 1)], "interim": [20]}),
    ],
)
def test_the_level_is_spent_and_no_more(design, more):
    """Without an effect the same bounds are crossed with probability alpha: the assumed power is then the level."""
    made = design(**DELAYED, **LEVEL, **more, accrual=Accrual.uniform(n=400, duration=15), time=36)
    assert made.looks[-1].alpha == pytest.approx(0.025, abs=1e-9)
    none = DELAYED | {"experimental": DELAYED["control"]}
    idle = design(**none, **LEVEL, **more, accrual=Accrual.uniform(n=400, duration=15), time=36)
    assert idle.power == pytest.approx(0.025, abs=1e-9)
    spent = [look.alpha for look in made.looks]
    assert spent == sorted(spent)


def draw_trial(generator, n, time):
    """Times, events and arms of n patients of the delayed trial, cut at calendar time `time`."""
    arm = np.arange(n) % 2
    entry = generator.uniform(0.0, 15.0, n)
    hidden = -np.log(generator.uniform(size=n))
    early = math.log(2) / 12 * np.ones(n)
    late = np.where(arm == 1, 0.6, 1.0) * early
    event = np.where(hidden < 4 * early, hidden / early, 4 + (hidden - 4 * early) / late)
    end = np.minimum(-np.log(generator.uniform(size=n)) / 0.002, time - entry)
    return np.minimum(event, end), (event <= end).astype(int), arm


def test_standard_errors_are_those_of_the_estimators_on_large_data():
    """60,000 patients: the standard errors of `rmst` and `milestone`, the variance and Z of `logrank`."""
    n, time_of_cut = 60_000, 36.0
    time, event, arm = draw_trial(np.random.default_rng(11), n, time_of_cut)
    shared = {**DELAYED, **LEVEL, "accrual": Accrual.uniform(n=n, duration=15), "time": time_of_cut}
    means = rmst(time, event, arm, reference=0, tau=18)
    planned = rmst_design(tau=18, **shared)
    error = planned.effect("standard_error_per_patient") / math.sqrt(n)
    assert means.difference.std_error == pytest.approx(error, rel=0.01)
    assert abs(means.difference.estimate - planned.effect("difference")) < 4 * error
    at = milestone(time, event, arm, reference=0, at=18)
    planned_at = milestone_design(tau=18, **shared)
    error = planned_at.effect("standard_error_per_patient") / math.sqrt(n)
    assert at.difference.std_error == pytest.approx(error, rel=0.01)
    assert abs(at.difference.estimate - planned_at.effect("difference")) < 4 * error
    for weight in ({}, {"gamma": 1}, {"rho": 0.5, "gamma": 0.5}, {"weighting": "modestly-weighted", "t_star": 6}):
        test = logrank(time, event, arm, reference=0, **weight)
        planned_test = weighted_logrank_design(**shared, **weight)
        assert test.variance == pytest.approx(planned_test.looks[0].information_h1, rel=0.02)
        assert abs(test.z - planned_test.looks[0].mean_z) < 4.0
