"""A stratum with one arm contributes nothing to a treatment-only Cox model, and is named; with covariates it counts."""

import numpy as np
import pytest

from equipoise.analysis import cox

TIME = [2.0, 3.0, 5.0, 7.0, 1.0, 4.0, 6.0, 8.0]
EVENT = [1, 1, 0, 1, 1, 1, 1, 0]
ARM = ["a", "b", "a", "b", "a", "a", "a", "a"]
STRATUM = ["x"] * 4 + ["y"] * 4


def test_the_stratum_is_named_and_changes_nothing():
    both = cox(TIME, EVENT, ARM, reference="a", strata=STRATUM)
    alone = cox(TIME[:4], EVENT[:4], ARM[:4], reference="a")
    assert both.coef == pytest.approx(alone.coef, abs=1e-12)
    assert both.covariance == pytest.approx(alone.covariance, abs=1e-12)
    assert both.one_arm_strata == ("y",)
    assert alone.one_arm_strata == ()
    warnings = {row.warning for row in both.to_rows()}
    assert warnings == {"strata with one group only contribute nothing: y"}
    assert both.to_dict()["one_arm_strata"] == ["y"]


def test_with_a_covariate_the_stratum_counts():
    age = np.array([50.0, 61.0, 47.0, 58.0, 66.0, 41.0, 55.0, 70.0])
    covariates = {"arm": ARM, "age": age}
    both = cox(TIME, EVENT, covariates, reference={"arm": "a"}, strata=STRATUM)
    first = cox(TIME[:4], EVENT[:4], {"arm": ARM[:4], "age": age[:4]}, reference={"arm": "a"})
    assert both.one_arm_strata == ()
    assert abs(both.coef[1] - first.coef[1]) > 1e-3
