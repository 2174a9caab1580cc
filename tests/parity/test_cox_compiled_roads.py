"""The compiled roads of a Cox model, blocks of rows and tiles of deaths, equal the plain form and direct sums."""

import numpy as np
import pytest

from equipoise.analysis import cox
from equipoise.analysis.covariates import encode_covariates
from equipoise.errors import EstimationError
from equipoise.kernels import dispatch
from equipoise.kernels.compiled import cox as one_pass
from equipoise.kernels.compiled import cox_blocks, cox_order, cox_patterns, cox_sums, deaths, packed
from equipoise.kernels.plain import newton


def rows_of(seed, n, p, n_strata, digits, weighted=False):
    rng = np.random.default_rng(seed)
    time = np.round(rng.exponential(1.0, n), digits)
    weight = rng.integers(0, 4, n).astype(float) if weighted else None
    event = rng.random(n) < 0.7
    event = event if weight is None else event & (weight > 0.0)
    return time, event, rng.normal(size=(n, p)), rng.integers(0, n_strata, n), weight, rng


def assert_same_terms(time, event, x, stratum, n_strata, weight, ties, betas):
    center = x.mean(axis=0)
    layout = one_pass.cox_layout(time, event, x - center, None, stratum, weight, None, ties)
    blocks = cox_blocks.cox_blocks(time, 0.0, event, x, center, None, stratum, n_strata, weight, ties)
    for beta in betas:
        law, twin = one_pass.cox_terms(beta, layout), cox_sums.cox_terms(beta, blocks)
        np.testing.assert_allclose(twin.loglik, law.loglik, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(twin.score, law.score, rtol=1e-9, atol=1e-10 * (1.0 + np.abs(law.score).max()))
        scale = np.abs(law.information).max()
        np.testing.assert_allclose(twin.information, law.information, rtol=1e-9, atol=1e-11 * scale + 1e-14)
        np.testing.assert_array_equal(twin.information, twin.information.T)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("digits", [12, 2, 1, 0])
@pytest.mark.parametrize(
    ("n", "p", "n_strata"),
    [(1, 1, 1), (2, 1, 1), (127, 2, 1), (128, 1, 1), (129, 3, 2), (1000, 16, 3), (3000, 2, 1), (3000, 4, 500)],
)
def test_blocks_equal_one_pass(n, p, n_strata, digits, ties):
    for weighted in (False, True):
        time, event, x, stratum, weight, rng = rows_of(n + digits, n, p, n_strata, digits, weighted)
        betas = [np.zeros(p), rng.normal(size=p) * 0.4]
        assert_same_terms(time, event, x, stratum, n_strata, weight, ties, betas)


@pytest.mark.parametrize("sizes", [(128, 128), (256, 0, 0), (0, 100, 0, 156, 0), (1, 255), (300, 1, 1, 1, 81)])
def test_strata_that_begin_anywhere_or_are_empty(sizes):
    time, event, x, _, weight, _ = rows_of(3, sum(sizes), 3, 1, 1, True)
    stratum = np.repeat(np.arange(len(sizes)), sizes)
    assert_same_terms(time, event, x, stratum, len(sizes), weight, "efron", [np.zeros(3), np.array([1.0, -0.5, 0.2])])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("p", range(1, 17))
def test_cox_of_any_number_of_covariates_equals_the_plain_form(p, weighted):
    time, event, x, stratum, weight, _ = rows_of(p, 400, p, 3, 1 if p % 2 else 9, weighted)
    # A stratum in which the first covariate does not vary, and one without events
    x[stratum == 1, 0] = 0.5
    event &= stratum != 2
    columns = {f"x{j}": x[:, j] for j in range(p)}
    plain, compiled = (
        cox(time, event, columns, strata=stratum, weights=weight, engine=engine) for engine in ("plain", "compiled")
    )
    np.testing.assert_allclose(compiled.coef, plain.coef, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(compiled.covariance, plain.covariance, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(compiled.loglik, plain.loglik, rtol=1e-12)
    assert compiled.score.chi_square == pytest.approx(plain.score.chi_square, rel=1e-10)


def test_weights_of_zero_are_absent_rows():
    time, event, x, stratum, weight, _ = rows_of(17, 2000, 3, 4, 1, True)
    assert weight is not None
    there = weight > 0.0
    whole = cox(time, event, x, strata=stratum, weights=weight, engine="compiled")
    rest = cox(
        time[there], event[there], x[there], strata=stratum[there], weights=weight[there], engine="compiled"
    )  # fmt: skip
    np.testing.assert_allclose(whole.coef, rest.coef, rtol=1e-11)
    np.testing.assert_allclose(whole.loglik, rest.loglik, rtol=1e-12)


def test_patterns_shared_by_rows_and_rows_themselves_are_one_model():
    time, event, _, stratum, _, rng = rows_of(5, 3000, 1, 2, 3)
    values = rng.normal(size=(40, 2))
    pattern = rng.integers(0, 40, 3000)
    center, beta = values.mean(axis=0), np.array([0.3, -0.7])
    arguments = (time, 0.0, event)
    few = cox_blocks.cox_blocks(*arguments, values, center, pattern, stratum, 2, None, "efron")
    each = cox_blocks.cox_blocks(*arguments, values[pattern], center, None, stratum, 2, None, "efron")
    for a, b in zip(cox_sums.cox_terms(beta, few), cox_sums.cox_terms(beta, each), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_a_constant_column_is_refused_by_name(engine):
    time, event, x, stratum, _, _ = rows_of(6, 500, 2, 2, 2)
    with pytest.raises(EstimationError, match="dull does not vary"):
        cox(time, event, {"x": x[:, 0], "dull": np.full(500, 0.1)}, strata=stratum, engine=engine)


def test_predictors_far_apart_keep_their_digits_by_stratum():
    # Largest predictors of +1500 and -1500 in two strata: neither overflows, nor hides the other
    time, event, x, stratum, _, _ = rows_of(7, 600, 1, 2, 9)
    far = np.where(stratum == 0, 1.0, -1.0)[:, None]
    beta, shift = np.array([0.5]), 3000.0
    blocks = cox_blocks.cox_blocks(time, 0.0, event, x + shift * far, np.zeros(1), None, stratum, 2, None, "efron")
    near = cox_blocks.cox_blocks(time, 0.0, event, x, np.zeros(1), None, stratum, 2, None, "efron")
    found, expected = cox_sums.cox_terms(beta, blocks), cox_sums.cox_terms(beta, near)
    assert found.loglik == pytest.approx(expected.loglik, rel=1e-9)
    np.testing.assert_allclose(found.score, expected.score, atol=1e-8)
    np.testing.assert_allclose(found.information, expected.information, rtol=1e-6)


def test_a_vanished_risk_sum_is_told_apart():
    # The last death's risk is exp(-2000) of the largest: nothing of it is left
    blocks = cox_blocks.cox_blocks(
        np.array([1.0, 2.0]), 0.0, np.array([True, True]), np.array([[0.0], [-2000.0]]), np.zeros(1), None,
        np.zeros(2, dtype=np.int64), 1, None, "efron",
    )  # fmt: skip
    assert cox_sums.cox_terms(np.array([1.0]), blocks).loglik == -np.inf
    assert np.isfinite(cox_sums.cox_terms(np.array([0.1]), blocks).loglik)


TIMES = {
    "far apart": lambda rng, n: np.exp2(rng.uniform(-1000.0, 1000.0, n)),
    "last bits only": lambda rng, n: 1.0 + rng.integers(0, 2000, n) * 2.0**-52,
    "one far away": lambda rng, n: np.append(1.0 + rng.integers(0, 2000, n - 1) * 2.0**-52, 1e300),
    "zeros": lambda rng, n: np.where(rng.random(n) < 0.3, rng.choice([0.0, -0.0], n), rng.exponential(1.0, n)),
    "equal": lambda _, n: np.full(n, 3.0),
    "falling": lambda _, n: np.arange(n, 0.0, -1.0),
}


@pytest.mark.parametrize("n_strata", [1, 3, 4000])
@pytest.mark.parametrize("name", TIMES)
def test_order_of_hard_times(name, n_strata):
    rng = np.random.default_rng(11)
    n = 5000
    time, event, stratum = TIMES[name](rng, n), rng.random(n) < 0.5, rng.integers(0, n_strata, n)
    found = cox_order.cox_order(time, 0.0, event, stratum, n_strata)
    assert np.array_equal(np.sort(found.rows), np.arange(n))
    assert np.array_equal(found.dead, event[found.rows])
    for s in range(n_strata):
        places = found.rows[found.starts[s] : found.starts[s + 1]]
        assert (stratum[places] == s).all()
        assert (np.diff(time[places]) <= 0.0).all()
    # Deaths are either alone at their time in their stratum or listed with it, never both
    key = {}
    for row in range(n):
        key.setdefault((stratum[row], abs(time[row])), []).append(row)
    alone = {rows[0] for rows in key.values() if len(rows) == 1 and event[rows[0]]}
    assert set(found.rows[found.single]) == alone
    tied = np.split(found.rows[found.tied_dead], found.tied_starts[1:-1]) if len(found.tied_at) else []
    expected = {frozenset(r for r in rows if event[r]) for rows in key.values() if len(rows) > 1} - {frozenset()}
    assert {frozenset(rows.tolist()) for rows in tied} == expected
    for at, rows in zip(found.tied_at, tied, strict=True):
        last = found.rows[at]
        assert time[last] == time[rows[0]]
        assert stratum[last] == stratum[rows[0]]
        assert at + 1 in found.starts or time[found.rows[at + 1]] < time[last]


def two_groups(seed, n, n_strata, share):
    rng = np.random.default_rng(seed)
    time = rng.exponential(1.0, n)
    time[: n // 50] = np.round(time[: n // 50], 2)
    event, code = rng.random(n) < 0.8, (rng.random(n) < share).astype(np.int64)
    keys = packed.pack_rows(time, event, code, 2, rng.integers(0, n_strata, n), n_strata)
    assert keys is not None
    return deaths.deaths_of(keys, 2, 0.0)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.02])
@pytest.mark.parametrize("n_strata", [1, 3])
def test_tiles_of_deaths_equal_their_sums(n_strata, share):
    table = two_groups(12, 60_000, n_strata, share)
    covariates = np.array([[-0.3, 1.0], [0.7, 0.5]])
    rest, tiles = cox_patterns.sum_tiles(table)
    assert len(tiles) * 512 + rest.used.sum() == table.used.sum()
    assert len(tiles) > 10 or share < 0.1
    for effect in (-6.0, -0.5, 0.0, 1e-9, 0.3, 2.0, 8.0):
        beta = np.array([effect, 0.4])
        law = deaths.cox_terms(beta, table, covariates, True)
        untiled = deaths.cox_terms(beta, rest, covariates, True)
        assert law is not None
        assert untiled is not None
        found = cox_patterns._add_tiles(untiled, beta, tiles, covariates)
        assert found.loglik == pytest.approx(law.loglik, rel=1e-13)
        np.testing.assert_allclose(found.score, law.score, atol=1e-13 * table.used.sum())
        np.testing.assert_allclose(found.information, law.information, atol=1e-13 * table.used.sum())


def test_integers_of_any_type_encode_as_the_same_numbers_do():
    rng = np.random.default_rng(13)
    for n in (60, 60_000):
        for values in (rng.integers(0, 2, n), rng.integers(-3, 9, n), rng.integers(5, 8, n) * 2, np.full(n, 7)):
            expected = encode_covariates(values.astype(float) + 0.0, None, n)
            for dtype in (np.int8, np.int64, np.float32):
                found = encode_covariates(values.astype(dtype), None, n)
                np.testing.assert_array_equal(found.rows[found.codes], values[:, None])
                np.testing.assert_allclose(found.center, expected.center, rtol=1e-15)
                np.testing.assert_allclose(found.spread, expected.spread, rtol=1e-12, atol=1e-15)
    truth = encode_covariates(np.array([True, False, True]), None, 3)
    np.testing.assert_array_equal(truth.rows[truth.codes].ravel(), [1.0, 0.0, 1.0])


@pytest.mark.parametrize("n", [10, dispatch.LARGE_ROWS + 7])
def test_moments_of_columns(n):
    rng = np.random.default_rng(14)
    matrix = np.column_stack([rng.normal(1e6, 1.0, n), np.full(n, 0.1), rng.normal(size=n), rng.integers(0, 2, n)])
    mean, spread, finite = dispatch.column_moments(matrix)
    np.testing.assert_allclose(mean, matrix.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(spread, matrix.std(axis=0), rtol=1e-9, atol=1e-13)
    assert finite
    assert (mean[1], spread[1]) == (0.1, 0.0)
    matrix[n // 2, 2] = np.nan
    assert not dispatch.column_moments(matrix)[2]


def test_terms_of_the_last_step_are_those_at_the_maximum():
    time, event, x, stratum, _, _ = rows_of(15, 3000, 3, 2, 9)
    blocks = cox_blocks.cox_blocks(time, 0.0, event, x, x.mean(axis=0), None, stratum, 2, None, "efron")
    calls = []

    def evaluate(beta):
        calls.append(beta)
        return cox_sums.cox_terms(beta, blocks)

    fit = newton.maximize(evaluate, x.std(axis=0), np.zeros(3))
    afresh = cox_sums.cox_terms(fit.beta, blocks)
    assert len(calls) == fit.iterations + 1
    assert fit.terms.loglik == pytest.approx(afresh.loglik, rel=1e-14)
    np.testing.assert_allclose(fit.terms.information, afresh.information, rtol=1e-10)
    error = np.linalg.solve(afresh.information, afresh.score)
    np.testing.assert_allclose(error, 0.0, atol=1e-13)
