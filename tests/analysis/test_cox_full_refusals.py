"""What a Cox model cannot answer is refused with its reason; results print and go out as rows and frames."""

import numpy as np
import pytest

from equipoise.analysis import cox
from equipoise.citations import citation
from equipoise.errors import ArgumentError, DataError, EstimationError

TIME, EVENT, ARM = [1, 2, 3, 4, 5, 5], [1, 1, 0, 1, 1, 1], list("CECEEC")
AGE = [50.0, 61.0, 47.0, 70.0, 66.0, 58.0]


def fit(**options):
    return cox(TIME, EVENT, {"arm": ARM, "age": AGE}, reference={"arm": "C"}, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ties": "exact", "weights": [1, 2, 1, 1, 1, 1]}, r'weights is given with ties="exact"'),
        ({"ties": "discrete", "cluster": [1, 1, 2, 2, 3, 3]}, r'cluster is given with ties="exact"'),
        ({"ties": "exact", "penalty": "firth"}, r'penalty is given with ties="exact"'),
        ({"penalty": "firth", "cluster": [1, 1, 2, 2, 3, 3]}, r'cluster is given with penalty="firth"'),
        ({"penalty": "ridge"}, "penalty is 'ridge'"),
        ({"ties": "peto"}, "ties is 'peto'"),
    ],
)
def test_options_that_do_not_go_together(options, message):
    with pytest.raises(ArgumentError, match=message) as refused:
        fit(**options)
    assert refused.value.code == "argument-invalid"


def test_too_few_clusters_leave_no_joint_robust_test():
    # Scores summed over two clusters add up to zero: one direction of two is known.
    found = fit(cluster=[1, 1, 1, 2, 2, 2])
    assert found.warning == "too few clusters for a robust Wald test of 2 coefficients together"
    assert found.robust_score is not None
    assert np.isnan([found.wald.chi_square, found.wald.p_value, found.robust_score.chi_square]).all()
    assert np.isfinite(found.std_error).all()
    assert found.to_dict()["wald"]["chi_square"] is None


def test_a_single_cluster_has_no_robust_variance():
    found = fit(cluster=[1] * 6)
    assert found.warning == f"the dfbetas of every cluster cancel: {', '.join(found.names)} has no robust variance"
    assert np.isnan(found.std_error).all()
    assert np.isnan(found.p_value).all()


def test_as_many_clusters_as_rows_are_enough():
    found = fit(cluster=list(range(6)))
    assert found.warning is None
    assert found.robust_score is not None
    assert np.isfinite([found.wald.chi_square, found.robust_score.chi_square]).all()


def test_covariates_that_cannot_be_squared_or_are_none():
    with pytest.raises(DataError, match="age holds numbers whose squares are beyond the range") as refused:
        cox(TIME, EVENT, {"age": np.multiply(AGE, 1e200)})
    assert refused.value.code == "value-invalid"
    with pytest.raises(DataError, match="covariates have no column"):
        cox(TIME, EVENT, {})


def test_clusters_have_every_row():
    with pytest.raises(DataError, match="time has 6, cluster has 2"):
        fit(cluster=[1, 2])
    with pytest.raises(DataError, match="cluster has 1 value that cannot be used"):
        fit(cluster=[1, 1, None, 2, 3, 3])


def test_unit_weights_are_no_weights_to_exact_ties():
    assert fit(ties="exact", weights=[1] * 6).coef == pytest.approx(fit(ties="exact").coef, abs=1e-14)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda f: f.residuals("martingales"), "kind is 'martingales'"),
        (lambda f: f.residuals("schoenfeld", by=ARM), "by is given for schoenfeld residuals"),
        (lambda f: f.baseline({"arms": "E"}), "at names no covariate 'arms'"),
        (lambda f: f.baseline({"arm": "X"}), "arm has no level 'X'"),
        (lambda f: f.baseline({"age": "old"}), "age is 'old'"),
        (lambda f: f.baseline(conf_type="loglog"), "conf_type is 'loglog'"),
        (lambda f: f.proportional_hazards_test("kaplan"), "transform is 'kaplan'"),
        (lambda f: f.proportional_hazards_test(method="2000"), "method is '2000'"),
        (lambda f: f.proportional_hazards_test(lambda t: t[:1]), "transform does not give one finite number"),
        (lambda f: f.profile_conf_int(conf_level=95), "conf_level is 95"),
    ],
)
def test_questions_that_are_refused(ask, message):
    with pytest.raises(ArgumentError, match=message):
        ask(fit())


def test_exact_ties_have_no_increments_per_death():
    exact = fit(ties="exact")
    assert len(exact.residuals("martingale")) == 6
    for ask in (lambda: exact.residuals("score"), exact.proportional_hazards_test):
        with pytest.raises(ArgumentError, match='with ties="exact"'):
            ask()


def test_log_of_time_zero_is_refused():
    early = cox([0, *TIME], [1, *EVENT], {"age": [55.0, *AGE]})
    with pytest.raises(ArgumentError, match='transform="log" with a death at time 0'):
        early.proportional_hazards_test("log")


def test_one_death_time_has_no_change_over_time():
    one = cox([5, 5, 5, 5], [1, 1, 0, 0], {"x": [1.0, 3.0, 2.0, 0.0]})
    with pytest.raises(EstimationError, match="there is one death time only"):
        one.proportional_hazards_test()


def test_monotone_likelihood_offers_firth():
    monotone = cox([1, 2, 3, 4], [1, 1, 0, 0], list("EECC"), reference="C", cluster=[1, 2, 3, 4])
    assert "not robust" in (monotone.warning or "")
    assert monotone.robust_score is None
    for ask in (lambda: monotone.residuals("score"), monotone.baseline, monotone.proportional_hazards_test):
        with pytest.raises(EstimationError, match=r"the estimate of E vs C is infinite") as refused:
            ask()
        assert 'penalty="firth"' in str(refused.value.hint)
    assert np.isfinite(cox([1, 2, 3, 4], [1, 1, 0, 0], list("EECC"), reference="C", penalty="firth").coef).all()


def test_no_events_and_constants_are_refused_with_a_penalty_too():
    with pytest.raises(EstimationError, match="there are no events"):
        cox(TIME, [0] * 6, ARM, reference="C", penalty="firth")
    with pytest.raises(EstimationError, match="dose does not vary among those at risk"):
        cox(TIME, EVENT, {"age": AGE, "dose": [2.0] * 6}, penalty="firth")


def test_results_go_out_as_rows_and_frames():
    f = fit(cluster=[1, 1, 2, 2, 3, 3])
    results = [f, f.residuals("martingale"), f.residuals("dfbeta", by=ARM), f.baseline(), f.proportional_hazards_test()]
    for result in results:
        rows = result.to_rows()
        assert rows
        assert all(citation(row.method) for row in rows if row.method)
        assert len(repr(result)) > 40
        assert result.to_dict()
        assert len(result.to_frame()) > 0
    assert {row.statistic for row in f.to_rows()} > {"robust_score_chi_square", "score_chi_square"}
    assert f.to_dict()["robust_score"]["df"] == 2
    assert list(f.residuals("dfbeta").to_frame().columns) == ["row", "time", "arm: E vs C", "age"]
    with pytest.raises(KeyError, match="'arms' is not tested; tested: GLOBAL, arm, age"):
        f.proportional_hazards_test()["arms"]


def test_curves_stand_where_asked():
    f = fit()
    (mean,), (same,) = f.baseline(), f.baseline({"age": float(np.mean(AGE)), "arm": "C"})
    assert same.cumulative_hazard == pytest.approx(mean.cumulative_hazard, rel=1e-13)
    assert same.label == f"age = {float(np.mean(AGE))}, arm = C"
    control, treated = f.baseline([{"arm": "C"}, {"arm": "E"}])
    assert treated.cumulative_hazard == pytest.approx(control.cumulative_hazard * f.hazard_ratio[0], rel=1e-13)
    assert cox(TIME, EVENT, {"age": AGE}, convention="sas").baseline().conf_type == "log-log"
