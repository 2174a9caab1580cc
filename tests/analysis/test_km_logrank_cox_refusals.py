"""Input that cannot be used is refused with the column, the row, the value and what to do."""

import numpy as np
import pytest

from equipoise.analysis import cox, kaplan_meier, logrank
from equipoise.errors import ArgumentError, DataError, EstimationError

TIME, EVENT, ARM = [1, 2, 3, 4], [1, 1, 0, 1], ["C", "E", "C", "E"]


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ([1, -2, 3, 4], r"time has 1 value that cannot be used: -2 \(row 2\)"),
        ([1, 2, float("nan"), 4], r"time has 1 value that cannot be used: missing \(row 3\)"),
        ([1, 2, None, 4], r"time has 1 value that cannot be used: missing \(row 3\)"),
        ([1, 2, 3, float("inf")], r"inf \(row 4\)"),
        (["1", "2", "3", "4"], "time is not numeric: '1'"),
        (np.ones((4, 2)), "time has 2 dimensions"),
        (7, "time is one value of type int, a column of values is needed"),
        ([], "there are no rows"),
    ],
)
def test_times(time, message):
    with pytest.raises(DataError, match=message):
        kaplan_meier(time, EVENT if np.ndim(time) != 1 or len(time) else [])


@pytest.mark.parametrize("event", [[1, 2, 0, 1], [1, -1, 0, 1], [1, None, 0, 1], [0.5, 1, 0, 1]])
def test_events(event):
    with pytest.raises(DataError, match="event has 1 value that cannot be used") as refused:
        kaplan_meier(TIME, event)
    assert refused.value.code == "value-invalid"
    assert "CNSR == 0" in str(refused.value.hint)
    assert len(refused.value.rows) == 1


def test_lengths():
    with pytest.raises(DataError, match="time has 4, event has 3") as refused:
        kaplan_meier(TIME, EVENT[:3])
    assert refused.value.code == "length-mismatch"
    with pytest.raises(DataError, match="time has 4, strata has 2"):
        logrank(TIME, EVENT, ARM, reference="C", strata=[1, 2])


@pytest.mark.parametrize("group", [["C", None, "C", "E"], ["C", " ", "C", "E"], ["C", float("nan"), "C", "E"]])
def test_missing_group(group):
    with pytest.raises(DataError, match=r"group has 1 value that cannot be used: .*\(row 2\)"):
        logrank(TIME, EVENT, group, reference="C")


def test_one_group_only():
    with pytest.raises(DataError, match="group has one level only: 'C'") as refused:
        logrank(TIME, EVENT, ["C"] * 4, reference="C")
    assert refused.value.code == "group-single"
    with pytest.raises(DataError, match="group has one level only: 'C'"):
        cox(TIME, EVENT, ["C"] * 4, reference="C")


def test_unknown_reference_names_the_nearest():
    with pytest.raises(ArgumentError, match="group has no level 'Contrl'") as refused:
        logrank(TIME, EVENT, ["Control", "E", "Control", "E"], reference="Contrl")
    assert refused.value.code == "level-unknown"
    assert refused.value.hint == "did you mean 'Control'? permitted: Control, E"


def test_an_arm_needs_its_reference():
    with pytest.raises(ArgumentError, match="reference is not given for group") as refused:
        cox(TIME, EVENT, ARM)
    assert refused.value.code == "argument-invalid"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"conf_type": "loglog"}, "conf_type is 'loglog'"),
        ({"convention": "R"}, "convention is 'R'"),
        ({"conf_level": 95}, "conf_level is 95"),
        ({"time_tolerance": -1}, "time_tolerance is -1"),
        ({"engine": "gpu"}, "engine is 'gpu'"),
        ({"weights": [1, 1, -1, 1]}, "weights holds -1"),
    ],
)
def test_options(options, message):
    with pytest.raises((ArgumentError, DataError), match=message):
        kaplan_meier(TIME, EVENT, **options)


def test_entry_must_precede_time():
    with pytest.raises(DataError, match="entry is not before time in 1 row: entry 4, time 4"):
        kaplan_meier(TIME, EVENT, entry=[0, 0, 0, 4])
    with pytest.raises(DataError, match="once times that differ by rounding are merged"):
        kaplan_meier(TIME, EVENT, entry=[0, 0, 0, 4 - 1e-9])


def test_directions_need_two_groups():
    with pytest.raises(ArgumentError, match="alternative is 'experimental-better' with 3 groups"):
        logrank(TIME, EVENT, ["A", "B", "C", "C"], reference="A", alternative="experimental-better")


def test_logrank_weights_are_counts():
    with pytest.raises(DataError, match=r"weights holds 0\.5"):
        logrank(TIME, EVENT, ARM, reference="C", weights=[1, 0.5, 1, 1])


def test_cox_without_events():
    with pytest.raises(EstimationError, match="there are no events") as refused:
        cox(TIME, [0] * 4, ARM, reference="C")
    assert refused.value.code == "estimate-undefined"
    with pytest.raises(EstimationError, match="there are no events"):
        cox(TIME, [1, 0, 0, 0], ARM, reference="C", weights=[0, 1, 1, 1])


def test_constant_and_collinear_covariates_are_named():
    rng = np.random.default_rng(1)
    time, event, age = np.arange(1.0, 31.0), np.ones(30), rng.normal(60, 10, 30)
    with pytest.raises(EstimationError, match="dose does not vary among those at risk"):
        cox(time, event, {"age": age, "dose": np.full(30, 0.1)})
    with pytest.raises(EstimationError, match=r"age_months is a combination of age\n"):
        cox(time, event, {"age": age, "age_months": 12 * age, "x": rng.normal(size=30)})
    site = np.repeat([1.0, 2.0], 15)
    with pytest.raises(EstimationError, match="site does not vary among those at risk"):
        cox(time, event, {"age": age, "site": site}, strata=site)


def test_missing_covariate():
    with pytest.raises(DataError, match="age is missing or infinite in 1 rows"):
        cox(TIME, EVENT, {"age": [50, None, 60, 70]})


def test_references_name_covariates():
    with pytest.raises(ArgumentError, match="reference names no covariate 'arms'") as refused:
        cox(TIME, EVENT, {"arm": ARM, "age": [1, 2, 3, 5]}, reference={"arms": "C"})
    assert "did you mean 'arm'" in str(refused.value.hint)
    with pytest.raises(ArgumentError, match="reference is 'C' with 2 covariates"):
        cox(TIME, EVENT, {"arm": ARM, "age": [1, 2, 3, 5]}, reference="C")


def test_readings():
    km = kaplan_meier(TIME, EVENT, group=ARM)
    with pytest.raises(ArgumentError, match=r"p is 1"):
        km.quantile(1.0)
    with pytest.raises(ArgumentError, match="there is no curve of 'c'"):
        km["c"]
    with pytest.raises(EstimationError, match="there are 2 values"):
        _ = km.median().time
    with pytest.raises(DataError, match="times has 1 value that cannot be used: -1"):
        km.at(-1)
