"""Milestones predicted from ADTTE and a trial file: the same as from its columns by hand, and blind to the arm."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

import equipoise as eq
from equipoise.design import predict_from_times, predict_milestones
from equipoise.errors import ArgumentError, DataError

DAYS_PER_MONTH = 30.4375


@pytest.fixture
def adtte() -> pl.DataFrame:
    rng = np.random.default_rng(5)
    n, cutoff = 120, date(2021, 6, 30)
    start = [date(2020, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 500, n)]
    start[0] = date(2020, 1, 1)
    until = np.array([(cutoff - day).days + 1 for day in start])
    days = np.minimum(rng.exponential(150, n).astype(int) + 1, until)
    columns = {
        "USUBJID": [f"P-{k:03d}" for k in range(n)],
        "PARAMCD": ["PFS"] * n,
        "STARTDT": start,
        "AVAL": days.astype(float),
        "CNSR": (days == until).astype(int),
        "TRT01P": ["A", "B"] * (n // 2),
    }
    return pl.concat([pl.DataFrame(columns), pl.DataFrame(columns).with_columns(PARAMCD=pl.lit("OS"))])


def test_adtte_and_a_trial_give_what_the_columns_give(adtte: pl.DataFrame):
    found = predict_milestones(adtte, eq.load("palmira"), cutoff="2021-06-30", seed=4)
    own = adtte.filter(pl.col("PARAMCD") == "PFS")
    entry = np.array([(day - date(2020, 1, 1)).days for day in own["STARTDT"]]) / DAYS_PER_MONTH
    by_hand = predict_from_times(
        own["AVAL"].to_numpy() / DAYS_PER_MONTH,
        1 - own["CNSR"].to_numpy(),
        entry,
        cutoff=((date(2021, 6, 30) - date(2020, 1, 1)).days + 1) / DAYS_PER_MONTH,
        events=[127, 155],
        n_planned=198,
        seed=4,
        origin="2020-01-01",
    )
    assert found.to_rows() == by_hand.to_rows()


def test_the_arm_is_never_read(adtte: pl.DataFrame):
    trial = eq.load("palmira")
    blind = predict_milestones(adtte.drop("TRT01P"), trial, cutoff="2021-06-30", seed=4)
    assert predict_milestones(adtte, trial, cutoff=date(2021, 6, 30), seed=4).to_rows() == blind.to_rows()


def test_numbers_that_the_data_have_passed_are_left_out(adtte: pl.DataFrame):
    seen = int((adtte.filter(pl.col("PARAMCD") == "PFS")["CNSR"] == 0).sum())
    assert seen < 127
    trial = eq.load("palmira")
    assert [date.at for date in predict_milestones(adtte, trial, cutoff="2021-06-30", seed=4).event_dates] == [127, 155]
    more = predict_milestones(adtte, trial, cutoff="2021-06-30", seed=4, events=[seen + 1])
    assert [date.at for date in more.event_dates] == [seen + 1]


def test_other_columns_may_have_other_names():
    named = {"t": [5, 9, 4, 6], "d": [1, 0, 1, 0], "e": [0, 1, 2, 4]}
    found = predict_milestones(named, cutoff=10, events=3, seed=1, time="t", event="d", entry="e")
    assert found.to_rows() == predict_from_times(*named.values(), cutoff=10, events=3, seed=1).to_rows()


def test_what_is_missing_is_named(adtte: pl.DataFrame):
    with pytest.raises(DataError, match="no column 'entry'"):
        predict_milestones({"time": [1], "event": [1]}, cutoff=2, events=3, seed=1)
    with pytest.raises(ArgumentError, match="neither a trial nor a number of events"):
        predict_milestones({"time": [1], "event": [1], "entry": [0]}, cutoff=2, seed=1)
    with pytest.raises(ArgumentError, match="the data hold several parameters"):
        predict_milestones(adtte, cutoff="2021-06-30", events=3, seed=1)
    with pytest.raises(ArgumentError, match="no parameter 'TTP'"):
        predict_milestones(adtte, cutoff="2021-06-30", events=3, seed=1, endpoint="TTP")
    with pytest.raises(ArgumentError, match="'June' is no day"):
        predict_milestones(adtte, cutoff="June", events=3, seed=1, endpoint="PFS")
    with pytest.raises(ArgumentError, match="not on the scale of the column 'entry'"):
        predict_milestones({"time": [1], "event": [1], "entry": [0]}, cutoff="2021-06-30", events=3, seed=1)
