"""Laws of every survival test: the scale of time, strata with one arm, weights of everyone at risk, size, coverage."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.analysis import (
    adjusted_logrank,
    cox,
    fine_gray,
    kaplan_meier,
    logrank,
    maxcombo,
    milestone,
    nelson_aalen,
)

EXACT: dict[str, Any] = {"time_tolerance": 0.0}


@st.composite
def trials(draw):
    """Times, events, arms, strata and ages of a small trial with an event in each arm."""
    n = draw(st.integers(6, 30))
    time = draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    event = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    arm = draw(st.lists(st.sampled_from("CE"), min_size=n, max_size=n))
    stratum = draw(st.lists(st.sampled_from("xy"), min_size=n, max_size=n))
    age = draw(st.lists(st.integers(30, 80), min_size=n, max_size=n))
    return (
        np.array([*time, 2, 3, 9, 9], dtype=float), np.array([*event, 1, 1, 0, 0], dtype=bool),
        np.array([*arm, *"CECE"]), np.array([*stratum, *"xxxx"]), np.array([*age, 41, 67, 52, 58], dtype=float),
    )  # fmt: skip


STATISTICS = {
    "tarone-ware": lambda t, e, g, _f: logrank(t, e, g, reference="C", weighting="tarone-ware", **EXACT).z,
    "gehan": lambda t, e, g, _f: logrank(t, e, g, reference="C", weighting="gehan", **EXACT).z,
    "peto": lambda t, e, g, _f: logrank(t, e, g, reference="C", weighting="peto", **EXACT).z,
    "modified-peto": lambda t, e, g, _f: logrank(t, e, g, reference="C", weighting="modified-peto", **EXACT).z,
    "fleming-harrington": lambda t, e, g, _f: logrank(t, e, g, reference="C", rho=0.5, gamma=1, **EXACT).z,
    "modestly-weighted": lambda t, e, g, f: (
        logrank(t, e, g, reference="C", weighting="modestly-weighted", t_star=4 * f, **EXACT).z
    ),
    "maxcombo": lambda t, e, g, _f: maxcombo(t, e, g, reference="C", **EXACT).z_max,
    "adjusted-logrank": lambda t, e, g, _f: (
        adjusted_logrank(t, e, g, reference="C", covariates=np.arange(len(t)) % 5, **EXACT).z
    ),
    "milestone": lambda t, e, g, f: milestone(t, e, g, at=3 * f, reference="C", **EXACT).z,
    "cox efron": lambda t, e, g, _f: cox(t, e, g, reference="C", ties="efron", **EXACT).coef,
    "cox breslow": lambda t, e, g, _f: cox(t, e, g, reference="C", ties="breslow", **EXACT).covariance,
    "cox discrete": lambda t, e, g, _f: cox(t, e, g, reference="C", ties="discrete", **EXACT).loglik,
    "cox marginal": lambda t, e, g, _f: cox(t, e, g, reference="C", ties="marginal", **EXACT).coef,
    "fine-gray": lambda t, e, g, _f: fine_gray(t, e.astype(int), g, cause=1, reference="C", **EXACT).coef,
    "nelson-aalen": lambda t, e, _g, _f: nelson_aalen(t, e, **EXACT).curves[0].conf_high,
    "with delayed entry": lambda t, e, g, f: logrank(t, e, g, reference="C", entry=t - f, **EXACT).chi_square,
}


@pytest.mark.parametrize("name", STATISTICS)
@settings(deadline=None, max_examples=20)
@given(trial=trials(), power=st.integers(-30, 30))
def test_the_scale_of_time_changes_no_statistic(name, trial, power):
    time, event, arm, _, _ = trial
    factor = 2.0**power
    one = STATISTICS[name](time, event, arm, 1.0)
    other = STATISTICS[name](time * factor, event, arm, factor)
    assert np.array_equal(one, other, equal_nan=True)


@settings(deadline=None)
@given(trials())
def test_a_one_arm_stratum_moves_the_coefficients_of_other_covariates_only_through_them(trial):
    time, event, arm, stratum, age = trial
    # In the added stratum everyone has the experimental treatment; the older one dies first.
    longer = np.append(time, [1.0, 2.0, 3.0]), np.append(event, [True] * 3)
    covariates = {"arm": np.append(arm, ["E"] * 3), "age": np.append(age, [80.0, 60.0, 40.0])}
    strata = np.append(stratum, ["z"] * 3)
    few = cox(time, event, arm, reference="C", strata=stratum)
    many = cox(*longer, covariates["arm"], reference="C", strata=strata)
    np.testing.assert_allclose(many.coef, few.coef, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(many.covariance, few.covariance, rtol=1e-7)
    shorter = {"arm": arm, "age": age}
    before = cox(time, event, shorter, reference={"arm": "C"}, strata=stratum, penalty="firth")
    after = cox(*longer, covariates, reference={"arm": "C"}, strata=strata, penalty="firth")
    assert abs(after.coef[1] - before.coef[1]) > 1e-6


def test_a_one_arm_stratum_is_a_row():
    time, event, arm, strata = [1, 2, 3, 4, 5, 6], [1] * 6, list("CECEEE"), list("xxxxzz")
    rows = logrank(time, event, arm, reference="C", strata=strata).to_rows()
    told = [row for row in rows if row.warning or row.error or row.statistic == "one_arm_stratum"]
    assert any("z" in f"{row.level1} {row.warning} {row.error} {row.label}" for row in told)


@pytest.mark.parametrize("engine", ["plain", "compiled"])
@settings(deadline=None, max_examples=60)
@given(st.data())
def test_where_everyone_at_risk_dies_a_curve_is_zero_whatever_the_weights(engine, data):
    n = data.draw(st.integers(2, 12))
    time = np.array(data.draw(st.lists(st.integers(3, 9), min_size=n, max_size=n)), dtype=float)
    weights = np.array(data.draw(st.lists(st.floats(0.05, 3.0), min_size=n, max_size=n)))
    entry = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)), dtype=float)
    # Rows that come later, when all of the first have died, and rows of weight zero that stay.
    time, entry = np.concatenate((time, time + 7.0, [99.0])), np.concatenate((entry, np.full(n, 9.0), [0.0]))
    curve = kaplan_meier(
        time, np.ones(len(time)), entry=entry, weights=np.concatenate((weights, weights[::-1], [0.0])), engine=engine
    ).curves[0]
    at = int(np.flatnonzero(curve.time == time[:n].max())[0])
    assert (curve.survival[at:] == 0.0).all()
    assert not np.signbit(curve.survival).any()
    assert np.isnan(curve.std_error[at:]).all()
    assert (curve.survival[:at] > 0.0).all()


@pytest.mark.slow
def test_size_and_coverage_in_large_trials():
    # 20,000 subjects, hazards 1 and exp(-0.3) in two strata, censored at random: each share within 4 standard errors.
    draw, draws, n = np.random.default_rng(20), 200, 20_000
    covered = {"cox": 0, "survival": 0}
    sizes = dict.fromkeys(("logrank", "late", "maxcombo"), 0)
    for _ in range(draws):
        arm, stratum = draw.integers(0, 2, n), draw.integers(0, 2, n)
        own, end = draw.exponential(1.0 + stratum, n), draw.uniform(0.5, 3.0, n)
        null = np.minimum(own, end), own <= end
        sizes["logrank"] += logrank(*null, arm, reference=0, strata=stratum).p_value < 0.05
        sizes["late"] += logrank(*null, arm, reference=0, gamma=1, strata=stratum).p_value < 0.05
        sizes["maxcombo"] += maxcombo(*null, arm, reference=0, strata=stratum).p_value < 0.05
        longer = own * np.exp(0.3 * arm)
        fit = cox(np.minimum(longer, end), longer <= end, arm, reference=0, strata=stratum)
        low, high = fit.conf_int[0]
        covered["cox"] += low <= math.exp(-0.3) <= high
        (at,) = kaplan_meier(null[0][stratum == 0], null[1][stratum == 0], conf_type="log-log").curves[0].at(0.7)
        covered["survival"] += at.conf_low <= math.exp(-0.7) <= at.conf_high
    allowed = 4.0 * math.sqrt(0.05 * 0.95 / draws)
    for name, count in sizes.items():
        assert abs(count / draws - 0.05) < allowed, name
    for name, count in covered.items():
        assert abs(count / draws - 0.95) < allowed, name
