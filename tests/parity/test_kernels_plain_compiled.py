"""The compiled kernels equal the plain ones, which are the law."""

import numpy as np
import pytest

from equipoise.analysis import cox, kaplan_meier, logrank
from equipoise.kernels import dispatch
from equipoise.kernels.compiled import cox as compiled_cox
from equipoise.kernels.compiled import cox_blocks, cox_sums, curves
from equipoise.kernels.plain import cox as plain_cox
from equipoise.kernels.plain import kaplan_meier as plain_km
from equipoise.kernels.plain import risk_sets


def made_up(seed, n=90):
    rng = np.random.default_rng(seed)
    time = rng.integers(1, 15, n).astype(float)
    return {
        "time": time,
        "event": rng.random(n) < 0.7,
        "group": rng.integers(0, 3, n),
        "stratum": rng.integers(0, 4, n),
        "entry": np.floor(time * rng.random(n) * 0.99) if seed % 2 else None,
        "weights": rng.integers(0, 4, n) if seed % 3 else None,
        "x": rng.normal(size=(n, 3)),
    }


@pytest.mark.parametrize("seed", range(12))
def test_kaplan_meier_is_identical(seed):
    d = made_up(seed)
    plain, compiled = (
        kaplan_meier(d["time"], d["event"], group=d["group"], entry=d["entry"], weights=d["weights"], engine=engine)
        for engine in ("plain", "compiled")
    )
    for a, b in zip(plain, compiled, strict=True):
        for name in ("time", "n_risk", "n_event", "n_censor", "survival"):
            assert np.array_equal(getattr(a, name), getattr(b, name)), name


@pytest.mark.parametrize("seed", range(12))
def test_logrank_sums_agree(seed):
    d = made_up(seed)
    plain, compiled = (
        logrank(
            d["time"], d["event"], d["group"], reference=0, strata=d["stratum"], entry=d["entry"],
            weights=d["weights"], engine=engine,
        )
        for engine in ("plain", "compiled")
    )  # fmt: skip
    assert np.array_equal(plain.observed, compiled.observed)
    np.testing.assert_allclose(plain.covariance, compiled.covariance, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("seed", range(12))
def test_cox_agrees(seed, ties):
    d = made_up(seed)
    plain, compiled = (
        cox(
            d["time"], d["event"], d["x"], strata=d["stratum"], entry=d["entry"], weights=d["weights"], ties=ties,
            engine=engine,
        )
        for engine in ("plain", "compiled")
    )  # fmt: skip
    np.testing.assert_allclose(compiled.coef, plain.coef, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(compiled.covariance, plain.covariance, rtol=1e-9)
    np.testing.assert_allclose(compiled.loglik, plain.loglik, rtol=1e-12)


def test_extreme_linear_predictors_neither_overflow_nor_vanish():
    # A covariate so strong that exp(x beta) leaves double precision at the coefficients tried
    time, x = np.arange(1.0, 9.0), np.array([800.0, 650, 700, 500, 300, 400, 100, 200])
    fits = [cox(time, np.ones(8), x, engine=engine) for engine in ("plain", "compiled")]
    scaled = cox(time, np.ones(8), x / 800.0, engine="plain")
    for fit in fits:
        np.testing.assert_allclose(fit.coef * 800.0, scaled.coef, rtol=1e-9)
        assert np.isfinite(fit.loglik).all()


def test_size_decides_unless_told():
    assert not dispatch.use_compiled("auto", 198)
    assert dispatch.use_compiled("auto", 1_000_000)
    assert dispatch.use_compiled("compiled", 198)
    assert not dispatch.use_compiled("plain", 1_000_000)


def test_large_data_take_the_compiled_road_to_the_same_answer():
    rng = np.random.default_rng(8)
    n = dispatch.LARGE_ROWS + 5_000
    time, event = np.ceil(rng.exponential(300.0, n)), rng.random(n) < 0.7
    arm, stratum = rng.integers(0, 2, n), rng.integers(0, 4, n)
    for fit in (
        lambda engine: kaplan_meier(time, event, engine=engine).curves[0].survival,
        lambda engine: logrank(time, event, arm, reference=0, strata=stratum, engine=engine).chi_square,
        lambda engine: cox(time, event, arm, reference=0, strata=stratum, engine=engine).coef,
    ):
        np.testing.assert_allclose(fit("auto"), fit("plain"), rtol=1e-11)


@pytest.mark.parametrize("steepness", [1.0, 4.0, 8.0])
def test_delayed_entry_does_not_cancel(steepness):
    # Late entrants weigh many powers of ten more than those at risk before them: a difference of sums would lose these
    rng = np.random.default_rng(91)
    time = np.arange(1.0, 61.0)
    entry = np.floor(time * rng.uniform(0.5, 0.95, 60))
    x = np.log(time) * steepness + rng.normal(size=60)
    event = rng.random(60) < 0.7
    plain, compiled = (cox(time, event, x, entry=entry, engine=engine) for engine in ("plain", "compiled"))
    terms = [
        evaluate(np.array([beta]))
        for beta in (1.0, 3.0)
        for evaluate in evaluators(time, event, x[:, None] - x.mean(), entry)
    ]
    for law, twin in (terms[:2], terms[2:]):
        np.testing.assert_allclose(twin.score, law.score, rtol=1e-11)
        np.testing.assert_allclose(twin.information, law.information, rtol=1e-9)
    np.testing.assert_allclose(compiled.coef, plain.coef, rtol=1e-10)


def evaluators(time, event, x, entry):
    """The partial likelihood's terms by the plain and by the compiled form."""
    stratum = np.zeros(len(time), dtype=np.int64)
    counts = risk_sets.risk_counts(time, event, np.arange(len(time)), len(time), stratum, None, entry)
    risk = plain_cox.cox_risk(counts, x, "efron")
    layout = compiled_cox.cox_layout(time, event, x, None, stratum, None, entry, "efron")
    return lambda beta: plain_cox.cox_terms(beta, risk), lambda beta: compiled_cox.cox_terms(beta, layout)


def large(seed, n=30_000):
    rng = np.random.default_rng(seed)
    exact = np.minimum(rng.exponential(300.0, n), rng.uniform(100.0, 900.0, n))
    time = {
        0: exact,
        1: np.ceil(exact),
        2: np.round(exact, 3),
        # Neighbors within R's tolerance of each other, and times of zero
        3: np.maximum(np.round(exact, 2) * (1.0 + rng.integers(-2, 3, n) * 2e-9) - 20.0, 0.0),
        # So many powers of two apart that the keys have no room for the bits of a time
        4: np.exp2(rng.uniform(-900.0, 900.0, n)),
    }[seed % 5]
    return time, rng.random(n) < 0.7, rng.integers(0, 3 if seed > 4 else 2, n), rng.integers(0, 4, n), rng


@pytest.mark.parametrize("tolerance", [None, 0.0, 1e-3])
@pytest.mark.parametrize("seed", range(10))
def test_large_curves_are_identical(seed, tolerance):
    time, event, group, stratum, _ = large(seed)
    options = {"group": group, "strata": stratum, "time_tolerance": tolerance, "conf_type": "log-log"}
    plain, compiled = (kaplan_meier(time, event, **options, engine=engine) for engine in ("plain", "compiled"))
    assert len(plain.curves) == len(compiled.curves) > 4
    for a, b in zip(plain, compiled, strict=True):
        assert (a.level, a.stratum, a.total) == (b.level, b.stratum, b.total)
        for name in ("time", "n_risk", "n_event", "n_censor", "survival", "std_error", "conf_low", "conf_high"):
            assert np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True), name


@pytest.mark.parametrize("tolerance", [None, 0.0, 1e-3])
@pytest.mark.parametrize("seed", range(10))
def test_large_logrank_sums_agree(seed, tolerance):
    time, event, group, stratum, _ = large(seed)
    plain, compiled = (
        logrank(time, event, group, reference=1, strata=stratum, time_tolerance=tolerance, engine=engine)
        for engine in ("plain", "compiled")
    )
    assert np.array_equal(plain.observed, compiled.observed)
    assert np.array_equal(plain.n, compiled.n)
    np.testing.assert_allclose(compiled.expected, plain.expected, rtol=1e-12)
    np.testing.assert_allclose(compiled.covariance, plain.covariance, rtol=1e-12, atol=1e-12 * plain.covariance.max())


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("seed", range(10))
def test_large_cox_of_few_patterns_agrees(seed, ties):
    time, event, group, stratum, _ = large(seed)
    plain, compiled = (
        cox(time, event, group, reference=0, strata=stratum, ties=ties, engine=engine)
        for engine in ("plain", "compiled")
    )
    np.testing.assert_allclose(compiled.coef, plain.coef, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(compiled.covariance, plain.covariance, rtol=1e-10)
    np.testing.assert_allclose(compiled.loglik, plain.loglik, rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_blocks_of_rows_equal_one_pass(seed, weighted):
    # Against the pass that carries p sums along the rows, which the tests above hold to the plain form
    time, event, _, stratum, rng = large(seed)
    x = rng.normal(size=(len(time), 4))
    weight = rng.integers(0, 3, len(time)).astype(float) if weighted else None
    event = event if weight is None else event & (weight > 0)
    merged = dispatch.merge_close_times(time, None, 2.0**-26)[0]
    one_pass = compiled_cox.cox_layout(merged, event, x, None, stratum, weight, None, "efron")
    blocks = cox_blocks.cox_blocks(time, 2.0**-26, event, x, np.zeros(4), None, stratum, 4, weight, "efron")
    for beta in (np.zeros(4), np.array([0.3, -0.2, 0.1, 1.0])):
        law, twin = compiled_cox.cox_terms(beta, one_pass), cox_sums.cox_terms(beta, blocks)
        np.testing.assert_allclose(twin.loglik, law.loglik, rtol=1e-13)
        np.testing.assert_allclose(twin.score, law.score, rtol=1e-9, atol=1e-9 * np.abs(law.score).max())
        np.testing.assert_allclose(twin.information, law.information, rtol=1e-10, atol=1e-10 * law.information.max())


@pytest.mark.parametrize("convention", ["r", "sas"])
@pytest.mark.parametrize("seed", range(6))
def test_large_quantiles_are_identical(seed, convention):
    rng = np.random.default_rng(seed)
    height = np.sort(rng.uniform(0.3, 0.9, 500))[::-1].copy()
    height[rng.integers(0, 500, 20)] = np.nan if seed % 2 else 0.5
    height[200:230] = 0.5
    height[-1] = 0.35 if seed < 3 else height[-1]
    time = np.arange(1.0, 501.0)
    for p in (0.1, 0.25, 0.5, 0.65, 0.99):
        expected = plain_km.curve_quantile(time, height, p, convention)
        assert np.array_equal(curves.curve_quantile(time, height, p, convention), expected, equal_nan=True)


def test_delayed_entry_and_weights_are_not_lost_on_large_data():
    time, event, group, stratum, rng = large(0, 21_000)
    entry, weights = time * rng.uniform(0.0, 0.5, len(time)), rng.integers(0, 3, len(time))
    options = {"reference": 0, "strata": stratum, "entry": entry, "weights": weights}
    plain, auto = (logrank(time, event, group, **options, engine=engine) for engine in ("plain", "auto"))
    assert auto.chi_square == pytest.approx(plain.chi_square, rel=1e-11)
    assert np.array_equal(auto.n, plain.n)
