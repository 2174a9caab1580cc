"""Repeated and stage-wise inference and conditional power equal rpact's and mvtnorm's on 23 monitored trials."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.design import Boundary, Spending, adjusted_inference, conditional_power, group_sequential

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

import bank
from bank import read_bank

BANK = read_bank("design_monitoring_bank")
CASES = sorted(BANK)
SPENDING = {"asOF": "obrien-fleming", "asP": "pocock", "asHSD": "hwang-shih-decani", "asKD": "power"}
CLASSICAL = {"OF": "obrien-fleming", "P": "pocock", "WT": "wang-tsiatis"}


def efficacy_of(name: str) -> Spending | Boundary:
    kind = name.split()[-1]
    parameter = BANK[name]["inputs"]["parameter"][0]
    given = None if math.isnan(parameter) else float(parameter)
    return Spending(SPENDING[kind], given) if kind in SPENDING else Boundary(CLASSICAL[kind], given)


def inference_of(name: str):
    data = BANK[name]["inputs"]
    design = group_sequential(
        data["events"], alpha=data["alpha"][0], sides=1, efficacy=efficacy_of(name), ratio=data["ratio"][0]
    )
    return adjusted_inference(data["z"], data["events"][: len(data["z"])], design=design)


@pytest.mark.parametrize("name", CASES)
def test_bounds(name):
    found = [look.bound for look in inference_of(name).looks]
    bank.assert_close(found, BANK[name]["bounds"]["upper"][: len(found)], scale=1.0, what="bound")


@pytest.mark.parametrize("name", CASES)
def test_repeated_limits_and_p(name):
    looks, theirs = inference_of(name).looks, BANK[name]["repeated"]
    bank.assert_close([look.repeated.hr[1] for look in looks], theirs["low"], scale=1.0, what="repeated limits")
    bank.assert_close([look.repeated.hr[2] for look in looks], theirs["high"], scale=1.0, what="repeated limits")
    # rpact looks for alpha up to one half and answers 0.5 above it.
    known = theirs["p_value"] < 0.499
    ours = np.array([look.repeated_p_value for look in looks])
    assert (ours[~known] > 0.499).all()
    bank.assert_close(ours[known], theirs["p_value"][known], scale=1.0, what="repeated P")


@pytest.mark.parametrize("name", [name for name in CASES if "stagewise" in BANK[name]])
def test_stagewise_of_rpact(name):
    ours, theirs = inference_of(name), BANK[name]["stagewise"]
    assert ours.stopped_look == len(BANK[name]["inputs"]["z"])
    bank.assert_close(ours.p_value, theirs["p_value"], scale=1.0, what="stage-wise P")
    bank.assert_close(ours.adjusted.hr[0], theirs["estimate"], scale=1.0, what="median-unbiased estimate")
    bank.assert_close(ours.adjusted.hr[1:], theirs["limits"], scale=1.0, what="stage-wise limits")


@pytest.mark.parametrize("name", [name for name in CASES if "mvtnorm" in BANK[name]])
def test_stagewise_of_mvtnorm(name):
    ours, theirs = inference_of(name), BANK[name]["mvtnorm"]
    bank.assert_close(ours.p_value, theirs["p_value"], scale=1.0, what="stage-wise P by mvtnorm")
    bank.assert_close(ours.adjusted.hr, theirs["hr"], scale=1.0, what="stage-wise estimate and limits by mvtnorm")


@pytest.mark.parametrize("name", [name for name in CASES if "conditional" in BANK[name]])
def test_conditional_power(name):
    data, theirs = BANK[name]["inputs"], BANK[name]["conditional"]
    events = data["events"]
    # The bounds of rpact, so that the comparison is of conditional power alone.
    arguments = {"maximum": events[1:], "bound": BANK[name]["bounds"]["upper"][1:], "ratio": data["ratio"][0]}
    for effect, hazard_ratio in {"design": data["hazard_ratio"][0], "null": None, "observed": None}.items():
        ours = conditional_power(data["z"][0], events[0], effect=effect, hazard_ratio=hazard_ratio, **arguments)
        bank.assert_close(np.cumsum(ours.by_look), theirs[effect], scale=1.0, what="conditional power")


def test_there_are_enough_cases():
    assert len(CASES) >= 20
