"""Own normal, chi-square and beta probabilities equal scipy's."""

import numpy as np
import pytest
from scipy import special, stats

from equipoise.kernels.plain.binomial import clopper_pearson
from equipoise.kernels.plain.special import beta_cdf, beta_quantile, chi_square_tail, normal_quantile, normal_tail


@pytest.mark.parametrize("p", [1e-12, 0.001, 0.025, 0.5, 0.9, 0.999])
def test_normal_quantile(p):
    assert normal_quantile(p) == pytest.approx(special.ndtri(p), rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("z", [-8.0, -1.0, 0.0, 1.96, 6.0, 20.0])
def test_normal_tail(z):
    assert normal_tail(z) == pytest.approx(stats.norm.sf(z), rel=1e-13)


@pytest.mark.parametrize("df", range(1, 12))
@pytest.mark.parametrize("x", [0.0, 1e-6, 0.5, 3.84, 20.0, 300.0])
def test_chi_square_tail(x, df):
    assert chi_square_tail(x, df) == pytest.approx(stats.chi2.sf(x, df), rel=1e-12)


@pytest.mark.parametrize(("a", "b"), [(1, 1), (0.5, 0.5), (2, 30), (57, 80), (1, 5000), (400, 3)])
def test_beta(a, b):
    for x in (1e-4, 0.1, 0.4, 0.9, 0.9999):
        assert beta_cdf(x, a, b) == pytest.approx(special.betainc(a, b, x), rel=1e-11, abs=1e-14)
    for p in (1e-6, 0.025, 0.5, 0.975):
        assert beta_quantile(p, a, b) == pytest.approx(special.betaincinv(a, b, p), rel=1e-10)


def test_clopper_pearson_by_its_definition():
    for n in (1, 7, 62, 136):
        for x in range(n + 1):
            low, high = clopper_pearson(x, n, 0.95)
            assert low == 0 if x == 0 else stats.binom.sf(x - 1, n, low) == pytest.approx(0.025, rel=1e-10)
            assert high == 1 if x == n else stats.binom.cdf(x, n, high) == pytest.approx(0.025, rel=1e-10)
            assert np.isfinite([low, high]).all()
