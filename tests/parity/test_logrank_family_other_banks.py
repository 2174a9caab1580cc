"""MaxCombo's probabilities, the exact, one-sample and adjusted log-rank tests against mvtnorm, coin and loops in R."""

import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.analysis import adjusted_logrank, logrank_exact, maxcombo, one_sample_logrank, rerandomization_test
from equipoise.kernels.plain.normal_region import normal_box

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import assert_close, read_bank
from bank_data import DATASETS

BANK = read_bank("logrank_family_bank")


def _cases(prefix):
    return sorted((name, a) for name in BANK if name in DATASETS for a in BANK[name] if a.startswith(prefix))


@pytest.mark.parametrize("analysis", sorted(BANK["normal"]))
def test_normal_probabilities_by_mvtnorm(analysis):
    r = BANK["normal"][analysis]
    m = round(len(r["correlation"]) ** 0.5)
    correlation, limit = r["correlation"].reshape(m, m), np.full(m, r["limit"][0])
    if "below" in r:
        ours, theirs, tolerance = normal_box(np.full(m, -np.inf), limit, correlation), r["below"][0], 1e-12
    else:
        # Miwa's algorithm with 2048 steps, mvtnorm's finest here, leaves some 1e-11.
        ours, theirs, tolerance = normal_box(-limit, limit, correlation), r["inside"][0], 1e-9
    assert ours == pytest.approx(theirs, abs=tolerance)


@pytest.mark.parametrize(("name", "analysis"), _cases("exact/"))
def test_exact_distribution_by_coin(name, analysis):
    data, r = DATASETS[name](), BANK[name][analysis]
    two = sorted(set(data["group"].tolist()))[:2]
    rows = np.flatnonzero(np.isin(data["group"], two))[:24]
    time, event, group = (data[column][rows] for column in ("time", "event", "group"))
    # coin's scores have the other sign and are summed over the first level, which is O - E of the second.
    side = {"two.sided": "two-sided", "less": "experimental-better", "greater": "control-better"}
    test = logrank_exact(time, event, group, reference=two[0], alternative=side[analysis.split("/")[1]])
    assert_close(test.u, r["linear"], scale=1.0, what="linear")
    assert_close(test.p_value, r["p_value"], scale=1.0, what="p_value")


@pytest.mark.parametrize("name", ["all_tied", "one_arm_censored"])
def test_permutations_listed_by_the_rerandomization_test_by_coin(name):
    data = DATASETS[name]()
    test = rerandomization_test(
        data["time"], data["event"], data["group"], reference="A", scheme={"method": "permutation"}, statistic="o-e",
        two_sided="absolute",
    )  # fmt: skip
    assert test.exact
    assert_close(test.p_value, BANK[name]["exact/two.sided"]["p_value"], scale=1.0, what="p_value")


@pytest.mark.parametrize(("name", "analysis"), _cases("maxcombo"))
def test_maxcombo_of_three_tests_by_tvpack(name, analysis):
    data, r = DATASETS[name](), BANK[name][analysis]
    test = maxcombo(
        data["time"], data["event"], data["group"], reference=sorted(set(data["group"].tolist()))[0],
        tests=((0, 1), (1, 0), (1, 1)), alternative="experimental-better",
        strata=data["stratum"] if analysis.endswith("stratified") else None,
    )  # fmt: skip
    assert_close(test.z, r["z"], scale=1.0, what="z")
    assert_close(test.correlation, r["correlation"], scale=1.0, what="correlation")
    assert_close(test.p_value, r["p_value"], scale=1.0, what="p_value")


@pytest.mark.parametrize(("name", "analysis"), _cases("one_sample"))
def test_one_sample_by_survdiff_and_poisson_test(name, analysis):
    data, r = DATASETS[name](), BANK[name][analysis]
    rate = float(r["rate"][0])
    test = one_sample_logrank(data["time"], data["event"], cumulative_hazard=lambda t: rate * t)
    assert test.observed == r["observed"][0]
    assert_close(test.expected, r["expected"], what="expected")
    assert_close(test.variance, r["variance"], what="variance")
    assert_close(test.chi_square, r["chi_square"], scale=1.0, what="chi_square")
    assert_close((test.conf_low, test.conf_high), r["ratio_limits"], what="limits of the ratio")
    for side, quantity in (("experimental-better", "few"), ("control-better", "many")):
        exact = one_sample_logrank(
            data["time"], data["event"], survival=lambda t: np.exp(-rate * t), alternative=side
        ).exact_p_value
        assert_close(exact, r[quantity], scale=1.0, what=quantity)


@pytest.mark.parametrize(("name", "analysis"), _cases("adjusted"))
def test_adjusted_by_loops_and_lm(name, analysis):
    data, r = DATASETS[name](), BANK[name][analysis]
    covariates = {column: data[column] for column in data if column.startswith("x")}
    test = adjusted_logrank(
        data["time"], data["event"], data["group"], reference=sorted(set(data["group"].tolist()))[0],
        covariates=covariates, strata=data["stratum"] if analysis.endswith("stratified") else None,
    )  # fmt: skip
    u, variance, u_adjusted, variance_adjusted = r["sums"]
    scale = np.sqrt(variance)
    assert_close(test.u_unadjusted, u, scale=scale, what="u")
    assert_close(test.variance_unadjusted, variance, what="variance")
    assert_close(test.u, u_adjusted, scale=scale, what="adjusted u")
    assert_close(test.variance, variance_adjusted, what="adjusted variance")
