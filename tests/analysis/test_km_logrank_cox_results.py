"""Result objects: rows, frames, dictionaries, prints; and what the estimators accept."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from equipoise.analysis import (
    adverse_event_rates,
    baseline_summary,
    cox,
    flow_counts,
    kaplan_meier,
    logrank,
    rate_interval,
)
from equipoise.citations import CITATIONS
from equipoise.frames.results import Result, ResultTable

TIME, EVENT = [5, 8, 12, 12, 15, 21, 30, 34], [1, 1, 0, 1, 1, 0, 1, 0]
ARM, SITE = ["P", "T", "P", "T", "P", "T", "P", "T"], ["x", "x", "y", "y", "x", "x", "y", "y"]
AGE = [50, 61, 47, 70, 66, 58, 49, 63]


def results():
    return [
        kaplan_meier(TIME, EVENT, group=ARM, strata=SITE, time_unit="days"),
        kaplan_meier(TIME, EVENT).median(),
        kaplan_meier(TIME, EVENT).quantile([0.25, 0.75]),
        kaplan_meier(TIME, EVENT).at([10, 100]),
        kaplan_meier(TIME, EVENT).at_risk([0, 10]),
        logrank(TIME, EVENT, ARM, reference="P", strata=SITE),
        cox(TIME, EVENT, {"arm": ARM, "age": AGE}),
        rate_interval(3, 8),
        adverse_event_rates(["1", "2"], ["Rash", "Pain"], [1, 3], ["P", "T"], {"P": 4, "T": 4}),
        baseline_summary({"age": AGE, "site": SITE}, group=ARM),
        flow_counts([("Randomized", [1] * 8)], group=ARM),
    ]


@pytest.mark.parametrize("result", results(), ids=lambda r: type(r).__name__)
def test_every_result_offers_the_protocol(result):
    assert isinstance(result, Result)
    rows = result.to_rows()
    assert rows
    json.dumps(result.to_dict(), allow_nan=False)
    assert len(result.to_frame()) > 0
    assert len(repr(result)) < 4000
    assert result._repr_html_().startswith("<table>")
    for row in rows:
        assert row.statistic
        assert row.value is None or np.isfinite(row.value)
        assert row.value is not None or row.value_text is not None
        assert row.method is None or row.method in CITATIONS


def test_curve_rows_carry_what_a_figure_needs():
    table = ResultTable(kaplan_meier(TIME, EVENT, group=ARM, time_unit="days").to_rows())
    curve = table.select(parameter="curve", level1="P")
    assert curve.levels("statistic") == [
        "survival", "survival_low", "survival_high", "n_risk", "n_event", "n_censor",
    ]  # fmt: skip
    assert curve.value(statistic="n_risk", at=12.0) == 3
    assert curve.one(statistic="survival", at=5.0).at_unit == "days"
    assert table.one(statistic="median_high", level1="P").value_text == "NE"
    assert table.value(statistic="n_event", parameter="summary", level1="T") == 2
    assert table.levels("group1") == ["group"]


def test_median_not_reached_in_words():
    rows = ResultTable(kaplan_meier([1, 2, 3], [1, 0, 0]).median().to_rows())
    assert rows.one(statistic="median").value_text == "not reached"
    assert rows.one(statistic="median").method == "brookmeyer-crowley"


def test_cox_rows_name_the_contrast():
    rows = ResultTable(cox(TIME, EVENT, ARM, reference="P").to_rows())
    row = rows.one(statistic="estimate")
    assert (row.parameter, row.group1, row.level1, row.method) == ("T vs P", "group", "T", "cox-efron")
    assert rows.value(statistic="conf_low") < row.value < rows.value(statistic="conf_high")


def test_infinite_hazard_ratio_is_never_a_number():
    fit = cox([1, 2, 3, 4], [1, 1, 0, 0], ["P", "P", "T", "T"], reference="P")
    rows = ResultTable(fit.to_rows())
    assert rows.one(statistic="estimate").value == 0
    assert rows.one(statistic="log_hazard_ratio").value_text == "minus infinity"
    assert rows.one(statistic="conf_high").value_text == "NE"
    assert "monotone likelihood" in (rows.one(statistic="estimate").warning or "")
    assert rows.value(statistic="likelihood_ratio_p_value") == pytest.approx(0.0588, abs=5e-4)
    assert fit.to_dict()["coefficients"][0]["coef"] is None


FRAMES = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
}
COLUMNS = {"days": TIME, "event": EVENT, "arm": ARM, "site": SITE, "age": AGE}


@pytest.mark.parametrize("library", FRAMES)
def test_columns_of_any_frame_library(library):
    data = FRAMES[library](COLUMNS)
    by_list = kaplan_meier(TIME, EVENT, group=ARM)
    km = kaplan_meier(data["days"], data["event"], group=data["arm"])
    for a, b in zip(by_list, km, strict=True):
        assert np.array_equal(a.survival, b.survival)
    assert type(km.to_frame()) is type(data)
    strata = data[["site"]] if library == "pandas" else data.select(["site"])
    test = logrank(data["days"], data["event"], data["arm"], reference="P", strata=strata)
    assert test.z == logrank(TIME, EVENT, ARM, reference="P", strata=SITE).z
    chosen = data[["arm", "age"]] if library == "pandas" else data.select(["arm", "age"])
    fit = cox(data["days"], data["event"], chosen, reference={"arm": "P"})
    assert fit.names == ("arm: T vs P", "age")
    assert np.array_equal(fit.coef, cox(TIME, EVENT, {"arm": ARM, "age": AGE}, reference={"arm": "P"}).coef)


def test_categories_keep_their_order():
    ordered = pd.Series(pd.Categorical(ARM, categories=["T", "P"], ordered=True), name="arm")
    assert [c.level for c in kaplan_meier(TIME, EVENT, group=ordered)] == ["T", "P"]
    enumerated = pl.Series("arm", ARM, dtype=pl.Enum(["T", "P"]))
    assert [c.level for c in kaplan_meier(TIME, EVENT, group=enumerated)] == ["T", "P"]
    assert [c.level for c in kaplan_meier(TIME, EVENT, group=ARM)] == ["P", "T"]


def test_levels_are_labelled_as_people_write_them():
    codes = np.array([1.0, 2.0] * 4)
    assert [c.level for c in kaplan_meier(TIME, EVENT, group=codes)] == ["1", "2"]
    assert logrank(TIME, EVENT, codes, reference=2).levels == ("2", "1")
    assert [c.level for c in kaplan_meier(TIME, EVENT, group=np.array([10, 9] * 4, dtype=object))] == ["9", "10"]
    assert [c.level for c in kaplan_meier(TIME, EVENT, group=[True, False] * 4)] == ["False", "True"]


def test_missing_values_of_each_library_are_missing():
    for column in (pd.array([1, None, 3], dtype="Int64"), pl.Series([1, None, 3]), pa.chunked_array([[1, None, 3]])):
        with pytest.raises(Exception, match=r"time has 1 value that cannot be used: missing \(row 2\)"):
            kaplan_meier(column, [1, 1, 1])


def test_several_strata_are_crossed():
    test = logrank(TIME, EVENT, ARM, reference="P", strata={"site": SITE, "old": [a > 60 for a in AGE]})
    assert test.n_strata == 4
    assert all("," in label for label in test.one_arm_strata)


def test_many_text_levels_are_read_like_few():
    from equipoise.frames.columns import to_levels

    few = np.array(["b", "a", "", None, "c"], dtype=object)
    many = np.tile(few, 20_000)
    assert to_levels(few, "g", allow_missing=True).codes.tolist() == [1, 0, -1, -1, 2]
    levels = to_levels(many, "g", allow_missing=True)
    assert levels.labels == ("a", "b", "c")
    assert levels.codes[:5].tolist() == [1, 0, -1, -1, 2]


def test_ties_by_rounding_merge_by_the_r_convention_only():
    time = [0.3, 0.1 + 0.2, 2, 3]
    assert len(kaplan_meier(time, [1, 1, 1, 1]).curves[0].time) == 3
    assert len(kaplan_meier(time, [1, 1, 1, 1], convention="sas").curves[0].time) == 4
    assert len(kaplan_meier(time, [1, 1, 1, 1], time_tolerance=0).curves[0].time) == 4


def test_conventions_choose_the_confidence_type():
    assert kaplan_meier(TIME, EVENT).conf_type == "log"
    assert kaplan_meier(TIME, EVENT, convention="sas").conf_type == "log-log"
    assert kaplan_meier(TIME, EVENT, convention="sas", conf_type="plain").conf_type == "plain"
