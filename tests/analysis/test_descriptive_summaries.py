"""Baseline summaries and flow counts by hand."""

import numpy as np
import pytest

from equipoise.analysis import baseline_summary, flow_counts
from equipoise.errors import ArgumentError, DataError
from equipoise.frames.results import ResultTable

AGE = [40, 50, 60, 80, None, 70]
ECOG = [0, 1, 0, 1, 1, None]
ARM = ["A", "A", "A", "A", "B", "B"]


def table(**options):
    return ResultTable(
        baseline_summary({"age": AGE, "ecog": ECOG}, group=ARM, categorical=["ecog"], **options).to_rows()
    )


def test_continuous():
    rows = table().select(parameter="age", level1="A")
    # mean 57.5; squared deviations 306.25 + 56.25 + 6.25 + 506.25 = 875; sd = sqrt(875 / 3)
    expected = {
        "n": 4,
        "n_missing": 0,
        "mean": 57.5,
        "sd": np.sqrt(875 / 3),
        "median": 55,
        "minimum": 40,
        "maximum": 80,
    }
    assert {k: rows.value(statistic=k) for k in expected} == pytest.approx(expected)


def test_quartiles_by_convention():
    r, sas = (table(convention=c).select(parameter="age", level1="A") for c in ("r", "sas"))
    # type 7: position 1 + .25 x 3 = 1.75; type 2: the mean of the first and second
    assert (r.value(statistic="q1"), r.value(statistic="q3")) == (47.5, 65)
    assert (sas.value(statistic="q1"), sas.value(statistic="q3")) == (45, 70)


def test_missing_values_are_counted_and_left_out():
    rows = table().select(parameter="age", level1="B")
    assert (rows.value(statistic="n"), rows.value(statistic="n_missing"), rows.value(statistic="mean")) == (1, 1, 70)
    assert rows.one(statistic="sd").value_text == ""


def test_categories_are_counted_among_those_with_a_value():
    rows = table().select(parameter="ecog", level1="Overall")
    assert rows.value(statistic="n") == 5
    assert rows.value(statistic="count", level2="1") == 3
    assert rows.value(statistic="proportion", level2="1") == 0.6
    absent = table().select(parameter="ecog", level1="B", level2="0")
    assert absent.value(statistic="count") == 0


def test_flow():
    steps = [("Screened", [1] * 5), ("Randomized", [1, 1, 1, 0, 0]), ("Treated", [True, False, True, False, False])]
    flow = flow_counts(steps, group=["A", "A", "B", None, None])
    assert [flow.n(step) for step, _ in steps] == [5, 3, 2]
    assert flow.n("Treated", "A") == 1
    assert flow.n("Screened", "B") == 1


def test_refusals():
    with pytest.raises(ArgumentError, match="categorical names no column 'ecg'"):
        baseline_summary({"ecog": ECOG}, categorical=["ecg"])
    with pytest.raises(DataError, match="age has 1"):
        baseline_summary({"ecog": ECOG, "age": [1]})
    with pytest.raises(ArgumentError, match="no step 'Treatd' for 'Overall'"):
        flow_counts([("Treated", [1])]).n("Treatd")
