"""Kaplan-Meier equals R's survfit on every data set of the bank (validation/output/survival_bank.jsonl)."""

import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.analysis import kaplan_meier

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import assert_close, read_bank
from bank_data import DATASETS

BANK = read_bank()
CONF_TYPES = {"log": "log", "log-log": "log-log", "plain": "plain", "logit": "logit", "arcsin": "arcsine"}
CASES = sorted(
    (name, analysis)
    for name in DATASETS
    for analysis in BANK[name]
    if analysis.startswith("km/") and "-90" not in analysis
)


def fitted(name, group, **options):
    data = DATASETS[name]()
    rows = data["group"] == group if group else slice(None)
    extra = {key: data[column][rows] for key, column in (("entry", "entry"), ("weights", "weight")) if column in data}
    # R was told timefix=FALSE there: otherwise all the tiny times are one time.
    tolerance = 0.0 if name == "tiny_times" else None
    return kaplan_meier(data["time"][rows], data["event"][rows], time_tolerance=tolerance, **extra, **options)


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_the_data_are_those_r_saw(name):
    data = DATASETS[name]()
    assert_close([len(data["time"]), len(data)], BANK[name]["data"]["shape"], what="shape")
    for quantity, total in BANK[name]["data"].items():
        if quantity.startswith("sum/"):
            assert_close(np.sum(data[quantity[4:]]), total, what=quantity)


@pytest.mark.parametrize(("name", "analysis"), CASES)
def test_curve_limits_and_quantiles(name, analysis):
    _, conf_type, group = analysis.split("/")
    r = BANK[name][analysis]
    km = fitted(name, group, conf_type=CONF_TYPES[conf_type])
    (curve,) = km.curves
    assert_close(curve.conf_low, r["low"], scale=1.0, what="low")
    assert_close(curve.conf_high, r["high"], scale=1.0, what="high")
    quantiles = list(km.quantile([0.25, 0.5, 0.75]))
    assert_close([q.time for q in quantiles], r["quantile"], what="quantile")
    assert_close([q.conf_low for q in quantiles], r["quantile_low"], what="quantile_low")
    assert_close([q.conf_high for q in quantiles], r["quantile_high"], what="quantile_high")


@pytest.mark.parametrize(("name", "analysis"), [case for case in CASES if "/log/" in case[1]])
def test_counts_survival_and_readings(name, analysis):
    r = BANK[name][analysis]
    km = fitted(name, analysis.split("/")[2])
    (curve,) = km.curves
    assert_close(curve.time, r["time"], what="time")
    for quantity in ("n_risk", "n_event", "n_censor"):
        assert_close(getattr(curve, quantity), r[quantity], scale=1e-4, what=quantity)
    assert_close(curve.survival, r["survival"], scale=1.0, what="survival")
    assert_close(curve.std_error, r["std_error"], scale=1.0, what="std_error")
    readings = list(km.at(r["at_time"], extend=True))
    assert_close([x.survival for x in readings], r["at_survival"], scale=1.0, what="at_survival")
    assert_close([x.conf_low for x in readings], r["at_low"], scale=1.0, what="at_low")
    assert_close([x.conf_high for x in readings], r["at_high"], scale=1.0, what="at_high")
    # With delayed entry R gives the number at the next observed time, which counts subjects who enter in between.
    if "entry" not in DATASETS[name]():
        assert_close([x.n_risk for x in readings], r["at_n_risk"], scale=1e-4, what="at_n_risk")


@pytest.mark.parametrize(
    ("name", "analysis"), [(n, a) for n in DATASETS for a in BANK[n] if a.startswith("km/log-log-90/")]
)
def test_another_confidence_level(name, analysis):
    (curve,) = fitted(name, analysis.split("/")[2], conf_type="log-log", conf_level=0.9).curves
    assert_close(curve.conf_low, BANK[name][analysis]["low"], scale=1.0, what="low")
