import sys

import numpy as np
import polars as pl
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter

from equipoise.errors import ArgumentError, MissingExtraError
from equipoise.frames.adam import conform
from equipoise.frames.examples import load_example


@pytest.fixture(scope="module")
def gbsg2():
    return load_example("gbsg2")


def test_gbsg2_has_its_patients_and_events(gbsg2):
    adsl, adtte = gbsg2["adsl"], gbsg2["adtte"]
    assert adsl.height == adsl.get_column("USUBJID").n_unique() == 686
    assert dict(adsl.get_column("TRT01P").value_counts().rows()) == {
        "No hormonal therapy": 440,
        "Hormonal therapy": 246,
    }
    events = adtte.group_by("PARAMCD").agg((pl.col("CNSR") == 0).sum()).sort("PARAMCD")
    assert events.rows() == [("OS", 171), ("RFS", 299)]
    assert conform(adsl, "adsl").equals(adsl)
    assert conform(adtte, "adtte").equals(adtte)


def test_gbsg2_times_are_the_differences_of_its_dates(gbsg2):
    days = (pl.col("ADT") - pl.col("STARTDT")).dt.total_days()
    assert gbsg2["adtte"].select((days == pl.col("AVAL")).all()).item()


def test_gbsg2_gives_the_known_medians_and_hazard_ratio(gbsg2):
    rfs = gbsg2["adtte"].filter(pl.col("PARAMCD") == "RFS").with_columns(event=1 - pl.col("CNSR"))
    medians = {
        arm[0]: KaplanMeierFitter().fit(group["AVAL"].to_numpy(), group["event"].to_numpy()).median_survival_time_
        for arm, group in rfs.group_by("TRT01P")
    }
    assert medians == {"No hormonal therapy": 1528.0, "Hormonal therapy": 2018.0}
    columns = rfs.select("AVAL", "event", "TRT01PN").to_pandas()
    ratio = CoxPHFitter().fit(columns, "AVAL", "event").hazard_ratios_["TRT01PN"]
    # Published to three digits: 0.695.
    assert np.round(ratio, 3) == 0.695


def test_without_lifelines_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "lifelines.datasets", None)
    with pytest.raises(MissingExtraError, match="lifelines, which is not installed") as caught:
        load_example("GBSG2")
    assert caught.value.code == "extra-missing"
    assert caught.value.hint == "pip install 'equipoise[examples]'"


def test_an_unknown_example_lists_the_known_ones():
    with pytest.raises(ArgumentError, match="no example data set is called 'gbsg'") as caught:
        load_example("gbsg")
    assert "did you mean 'gbsg2'?" in str(caught.value.hint)
