"""Everything of a Cox model equals R: fits, robust variances, residuals, baselines, tests, profile limits, Firth."""

import sys
from functools import cache
from math import exp, fsum, log
from pathlib import Path

import numpy as np
import pytest

from equipoise.analysis import cox

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import assert_close, read_bank
from cox_full_data import MODELS, model

BANK = read_bank("cox_full_bank")
# R's cox.zph gives up on a matrix whose scales differ by many millions.
SINGULAR_IN_R = {"huge_times", "wide_covariate"}
RULES = ("efron", "breslow", "exact")


# The exact likelihood is monotone there: R stops at an arbitrary coefficient.
MONOTONE = {("all_tied", "exact")}
# R's martingale residuals lose every digit there, in a difference of cumulative hazards of 1e16 (see the direct sums).
CANCELLED_IN_R = "steep_truncated"


def cases(quantity):
    return [
        (name, ties)
        for name in MODELS
        for ties in RULES
        if quantity in BANK[name].get(ties, {}) and (name, ties) not in MONOTONE
    ]


@cache
def fitted(name, ties, **options):
    m = model(name)
    return cox(
        m["time"],
        m["event"],
        m["x"],
        reference={"group": "A"} if "group" in m["x"] else None,
        strata=m.get("stratum"),
        entry=m.get("entry"),
        weights=m.get("weight"),
        cluster=m.get("cluster") if ties != "exact" and not options else None,
        ties=ties,
        **options,
    )


def thin(n):
    """The rows that the R program keeps of a long column."""
    return np.arange(0, n, -(-n // 24))


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_data_are_those_of_r(name):
    m, r = model(name), BANK[name]["data"]
    columns = {key: value for key, value in m.items() if key != "x"} | {f"x_{k}": v for k, v in m["x"].items()}
    assert (len(m["time"]), len(columns)) == tuple(r["shape"])
    numeric = {key: value for key, value in columns.items() if np.asarray(value).dtype.kind in "fiu"}
    for key, values in numeric.items():
        assert float(np.sum(values)) == pytest.approx(float(r[f"sum/{key}"][0]), rel=1e-14), key
    assert {f"sum/{key}" for key in numeric} == {q for q in r if q.startswith("sum/")}


@pytest.mark.parametrize(("name", "ties"), cases("coef"))
def test_estimates_and_tests(name, ties):
    r, fit = BANK[name][ties], fitted(name, ties)
    assert_close(fit.coef, r["coef"], scale=r["std_error"], what="coef")
    assert_close(fit.std_error, r["std_error"], what="std_error")
    assert_close(fit.loglik, r["loglik"], what="loglik")
    assert_close(fit.score.chi_square, r["score"], scale=1.0, what="score")
    assert_close(fit.wald.chi_square, r["wald"], scale=1.0, what="wald")


@pytest.mark.parametrize(("name", "ties"), cases("robust_score"))
def test_robust_variance(name, ties):
    r, fit = BANK[name][ties], fitted(name, ties)
    assert_close(np.sqrt(np.diag(fit.naive_covariance)), r["naive_std_error"], what="naive_std_error")
    scale = np.outer(r["std_error"], r["std_error"]).ravel()
    assert_close(fit.covariance, r["covariance"], scale=scale, what="covariance")
    assert_close(fit.robust_score.chi_square, r["robust_score"], scale=1.0, what="robust_score")


@pytest.mark.parametrize("kind", ["martingale", "deviance"])
@pytest.mark.parametrize(("name", "ties"), cases("martingale"))
def test_residuals_of_rows(name, ties, kind):
    r, fit = BANK[name][ties], fitted(name, ties)
    values = fit.residuals(kind).values
    if name == CANCELLED_IN_R:
        if kind == "martingale":
            assert values == pytest.approx(direct_martingale(fit), abs=1e-12)
        return
    assert_close(values[thin(len(values))], r[kind], scale=1.0, what=kind)


def direct_martingale(fit):
    """Row by row and death by death, each risk set added up exactly; for data without tied deaths."""
    data, eta = fit.model.data, fit.model.covariates @ fit.beta
    found = []
    for i in range(data.n):
        same = data.strata.codes == data.strata.codes[i]
        deaths = data.time[data.event & same & (data.time <= data.time[i]) & (data.time > data.entry[i])]
        assert len(set(deaths.tolist())) == len(deaths)
        parts = [exp(eta[i] - fsum_log(eta[same & (data.entry < t) & (data.time >= t)])) for t in deaths]
        found.append(float(data.event[i]) - fsum(parts))
    return found


def fsum_log(values):
    return max(values) + log(fsum(exp(v - max(values)) for v in values))


@pytest.mark.parametrize(("name", "ties"), cases("martingale_by"))
def test_residuals_of_clusters(name, ties):
    r, fit = BANK[name][ties], fitted(name, ties)
    values = fit.residuals("martingale", by=model(name)["cluster"]).values
    assert_close(values, r["martingale_by"], scale=1.0, what="martingale_by")


@pytest.mark.parametrize("kind", ["score", "dfbeta", "dfbetas", "schoenfeld", "scaled-schoenfeld"])
@pytest.mark.parametrize(("name", "ties"), cases("score_residuals"))
def test_residuals_of_coefficients(name, ties, kind):
    r, fit = BANK[name][ties], fitted(name, ties)
    values = fit.residuals(kind).values
    theirs = r[{"scaled-schoenfeld": "scaledsch", "score": "score_residuals"}.get(kind, kind)]
    # Rounding is that of the covariates, so the largest residual of a coefficient is its scale.
    scale = np.tile(np.abs(values).max(axis=0), len(thin(len(values))))
    assert_close(values[thin(len(values))], theirs, scale=scale, what=kind)


@pytest.mark.parametrize(("name", "ties"), cases("base_hazard"))
def test_baseline(name, ties):
    r, fit = BANK[name][ties], fitted(name, ties)
    for conf_type in ("log", "log-log", "plain"):
        base = fit.baseline(conf_type=conf_type)
        low, high = joined(base, "survival_low"), joined(base, "survival_high")
        # R has NA where the survival is 0 to the last digit; by log-log also where it is 1.
        for ours, theirs in ((low, r[f"base_low_{conf_type}"]), (high, r[f"base_high_{conf_type}"])):
            known = ~np.isnan(theirs)
            # R takes the log of a survival next to 1, which has lost the digits of the hazard.
            lost = (r["base_hazard"] < 1e-6) & (conf_type == "log-log")
            assert set(r["base_survival"][~known].tolist()) <= {0.0, 1.0}
            assert_close(ours[known & ~lost], theirs[known & ~lost], scale=1.0, what=conf_type)
    assert_close(joined(base, "time"), r["base_time"], what="time")
    assert_close(joined(base, "n_risk"), r["base_n_risk"], scale=1.0, what="n_risk")
    assert_close(joined(base, "n_event"), r["base_n_event"], scale=1.0, what="n_event")
    assert_close(joined(base, "cumulative_hazard"), r["base_hazard"], what="hazard")
    assert_close(joined(base, "std_error"), r["base_error"], what="error")
    assert_close(joined(base, "survival"), r["base_survival"], scale=1.0, what="survival")


@pytest.mark.parametrize(("name", "ties"), cases("at_hazard"))
def test_curves_at_given_covariates(name, ties):
    r, fit = BANK[name][ties], fitted(name, ties)
    at = {key: (str(v[1]) if v.dtype.kind not in "fiu" else float(v[1])) for key, v in model(name)["x"].items()}
    curves = fit.baseline(at)
    assert_close(joined(curves, "cumulative_hazard"), r["at_hazard"], what="hazard")
    assert_close(joined(curves, "std_error"), r["at_error"], what="error")
    if "at_low" in r:
        assert_close(joined(curves, "survival_low"), r["at_low"], scale=1.0, what="low")
        assert_close(joined(curves, "survival_high"), r["at_high"], scale=1.0, what="high")


def joined(baseline, what):
    values = np.concatenate([getattr(curve, what) for curve in baseline])
    return values[thin(len(values))]


@pytest.mark.parametrize("transform", ["km", "identity", "rank", "log", "sqrt"])
@pytest.mark.parametrize(("name", "ties"), cases("zph_km"))
def test_proportional_hazards(name, ties, transform):
    r, fit = BANK[name][ties], fitted(name, ties)
    if f"zph_{transform}" not in r:
        assert name in SINGULAR_IN_R
        return
    g = np.sqrt if transform == "sqrt" else transform
    test = fit.proportional_hazards_test(g)
    ours = [t.chi_square for t in (*test.coefficients, test.model)]
    assert_close(ours, r[f"zph_{transform}"], scale=1.0, what="coefficients")
    terms = (*test.terms, test.model)
    assert_close([t.chi_square for t in terms], r[f"zph_terms_{transform}"], scale=1.0, what="terms")
    assert_close([t.p_value for t in terms], r[f"zph_p_{transform}"], scale=1.0, what="p_value")
    test = fit.proportional_hazards_test(g, method="1994")
    ours = [t.chi_square for t in (*test.coefficients, test.model)]
    assert_close(ours, r[f"zph_1994_{transform}"], scale=1.0, what="1994")


@pytest.mark.parametrize(("name", "ties"), cases("profile"))
def test_profile_limits(name, ties):
    r, fit = BANK[name][ties], fitted(name, ties)
    # R's root finder works on a difference of log-likelihoods, which carries an error of 1e-13 of their size.
    naive = np.sqrt(np.diag(fit.covariance if fit.naive_covariance is None else fit.naive_covariance))
    assert_close(np.log(fit.profile_conf_int()), r["profile"], scale=np.repeat(naive, 2), what="profile")


@pytest.mark.parametrize(("name", "ties"), cases("firth_coef"))
def test_firth(name, ties):
    r, fit = BANK[name][ties], fitted(name, ties, penalty="firth")
    # R's side is maximized with numeric slopes (Richardson extrapolation), good to about 1e-7 standard errors.
    assert np.abs(fit.coef - r["firth_coef"]).max() <= 1e-6 * r["firth_std_error"].max()
    assert fit.std_error == pytest.approx(r["firth_std_error"], rel=1e-6)
    assert_close(fit.loglik, r["firth_loglik"], scale=1.0, what="penalized loglik")
