"""Laws that hold on any data: of residuals, of penalties, of profiles, of ties, of clusters."""

import numpy as np
import pytest

from equipoise.analysis import cox


def drawn(seed, n=60, ties=True, entry=False):
    rng = np.random.default_rng(seed)
    x = {"age": rng.normal(60, 10, n), "marker": rng.integers(0, 3, n).astype(float)}
    time = rng.exponential(10, n) * np.exp(-0.03 * (x["age"] - 60))
    time = np.ceil(time) if ties else time + 0.01
    late = np.floor(time * rng.uniform(0, 0.9, n)) if entry else None
    return {"time": time, "event": rng.random(n) < 0.7, "covariates": x, "entry": late, "strata": rng.integers(0, 2, n)}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("entry", [False, True])
def test_residuals_sum_to_nothing(seed, ties, entry):
    fit = cox(**drawn(seed, entry=entry), ties=ties)
    assert fit.residuals("martingale").values.sum() == pytest.approx(0, abs=1e-10)
    for kind in ("score", "schoenfeld", "dfbeta"):
        values = fit.residuals(kind).values
        assert values.sum(axis=0) == pytest.approx([0, 0], abs=1e-8 * np.abs(values).max())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("entry", [False, True])
def test_without_ties_the_rules_agree(seed, entry):
    data = drawn(seed, ties=False, entry=entry)
    efron, breslow, exact = (cox(**data, ties=rule, time_tolerance=0) for rule in ("efron", "breslow", "exact"))
    for other in (breslow, exact):
        assert other.coef == pytest.approx(efron.coef, rel=1e-9)
        assert other.loglik == pytest.approx(efron.loglik, rel=1e-12)
        assert other.std_error == pytest.approx(efron.std_error, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ties", ["efron", "breslow", "exact"])
def test_profile_limits_lie_at_the_fall(seed, ties):
    data = drawn(seed)
    fit = cox(**data, ties=ties)
    limits = np.log(fit.profile_conf_int(conf_level=0.9))
    for j in range(2):
        assert limits[j, 0] < fit.coef[j] < limits[j, 1]
        for limit in limits[j]:
            # At a limit no value of the other coefficient reaches above the target, and some value touches it.
            k = 1 - j
            grid = fit.coef[k] + fit.std_error[k] * np.linspace(-3, 3, 121)
            values = [fit.model.terms(np.array([limit, b] if j == 0 else [b, limit])).loglik for b in grid]
            target = fit.loglik[1] - 2.705543454095416 / 2
            assert max(values) <= target + 1e-9
            assert max(values) >= target - 1e-3


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("entry", [False, True])
def test_the_penalized_gradient_is_the_slope(seed, ties, entry):
    fit = cox(**drawn(seed, n=30, entry=entry), ties=ties, penalty="firth")
    assert fit.model.terms(fit.beta).score * fit.std_error == pytest.approx([0, 0], abs=1e-9)
    at = fit.beta + 0.3 * fit.std_error
    for j in range(2):
        h = 1e-4 * fit.std_error[j] * np.eye(2)[j]
        slope = (fit.model.terms(at + h).loglik - fit.model.terms(at - h).loglik) / (2 * h[j])
        assert slope == pytest.approx(fit.model.terms(at).score[j], rel=1e-5, abs=1e-6 / fit.std_error[j])


@pytest.mark.parametrize("seed", range(3))
def test_linear_changes_of_covariates(seed):
    data = drawn(seed)
    moved = data | {"covariates": {k: 3.0 - 2.0 * v for k, v in data["covariates"].items()}}
    for options in ({}, {"penalty": "firth"}, {"ties": "exact"}, {"cluster": np.arange(60) // 2}):
        a, b = cox(**data, **options), cox(**moved, **options)
        assert b.coef == pytest.approx(-a.coef / 2, rel=1e-8)
        assert b.std_error == pytest.approx(a.std_error / 2, rel=1e-8)
        if a.ties != "exact":
            ours, theirs = a.proportional_hazards_test("rank"), b.proportional_hazards_test("rank")
            assert theirs.model.chi_square == pytest.approx(ours.model.chi_square, rel=1e-7)


def test_repeated_clusters_are_one():
    # Every row twice, as one cluster each: Breslow's estimates stay, and so does the sandwich.
    data = drawn(5)
    twice = {k: v if v is None else np.repeat(v, 2) for k, v in data.items() if k != "covariates"}
    twice["covariates"] = {k: np.repeat(v, 2) for k, v in data["covariates"].items()}
    once = cox(**data, ties="breslow", cluster=np.arange(60))
    again = cox(**twice, ties="breslow", cluster=np.repeat(np.arange(60), 2))
    assert again.coef == pytest.approx(once.coef, rel=1e-9)
    assert again.covariance == pytest.approx(once.covariance, rel=1e-8)


def test_weights_are_repeated_rows_by_breslow():
    data = drawn(6)
    weight = np.arange(60) % 3 + 1
    more = {k: v if v is None else np.repeat(v, weight) for k, v in data.items() if k != "covariates"}
    more["covariates"] = {k: np.repeat(v, weight) for k, v in data["covariates"].items()}
    weighted, repeated = cox(**data, ties="breslow", weights=weight), cox(**more, ties="breslow")
    a, b = weighted.baseline({"age": 60, "marker": 1}), repeated.baseline({"age": 60, "marker": 1})
    for ours, theirs in zip(a, b, strict=True):
        assert ours.cumulative_hazard == pytest.approx(theirs.cumulative_hazard, rel=1e-9)
        assert ours.std_error == pytest.approx(theirs.std_error, rel=1e-9)
    firth = [cox(**d, ties="breslow", penalty="firth") for d in (data | {"weights": weight}, more)]
    assert firth[0].coef == pytest.approx(firth[1].coef, rel=1e-9)


@pytest.mark.slow
def test_size_of_the_score_test_of_proportional_hazards():
    # Proportional hazards hold, 2,000 samples of 200: 5% reject, within 4 standard errors.
    rng = np.random.default_rng(20)
    rejected = 0
    for _ in range(2000):
        x = rng.normal(size=200)
        fit = cox(rng.exponential(np.exp(-0.5 * x)), rng.random(200) < 0.8, {"x": x})
        rejected += fit.proportional_hazards_test().model.p_value < 0.05
    assert abs(rejected / 2000 - 0.05) < 4 * (0.05 * 0.95 / 2000) ** 0.5


@pytest.mark.slow
def test_coverage_of_the_robust_variance():
    # Rows come in identical pairs: naive intervals are too short, robust ones cover 95% within 4 standard errors.
    rng = np.random.default_rng(21)
    robust = naive = 0
    for _ in range(2000):
        x = np.repeat(rng.normal(size=300), 2)
        time = np.repeat(rng.exponential(np.exp(-0.5 * x[::2])), 2)
        fit = cox(time, np.ones(600), {"x": x}, cluster=np.arange(600) // 2, ties="breslow")
        robust += abs(fit.coef[0] - 0.5) < 1.96 * fit.std_error[0]
        naive += abs(fit.coef[0] - 0.5) < 1.96 * fit.naive_covariance[0, 0] ** 0.5
    assert abs(robust / 2000 - 0.95) < 4 * (0.05 * 0.95 / 2000) ** 0.5
    assert naive / 2000 < 0.9
