"""Turnbull's estimate against R: survfit, and its EM carried on to the end (validation/r/turnbull_bank.R)."""

import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.analysis import turnbull

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import assert_close, read_bank
from curves_data import INTERVALS

BANK = read_bank("turnbull_bank")
CASES = sorted((name, group) for name in BANK for group in BANK[name])


def fitted(name, group):
    r = BANK[name][group]
    if name in INTERVALS:
        data = INTERVALS[name]()
        rows = data["group"] == group
        left, right = data["left"][rows], data["right"][rows]
    else:
        left, right = r["left"], np.where(r["right"] < 0, np.inf, r["right"])
    assert_close([len(left), left.sum()], [r["n"][0], r["sum_left"][0]], what="data")
    return r, turnbull(left, right).curves[0]


@pytest.mark.parametrize(("name", "group"), CASES)
def test_likelihood_and_survival(name, group):
    r, curve = fitted(name, group)
    assert curve.excess < 1e-10
    # R's EM is ended by its steps, so a little below the maximum and a little off it.
    assert curve.loglik >= r["loglik"][0] - 1e-10
    assert curve.loglik == pytest.approx(r["loglik"][0], abs=1e-5)
    survival = np.array([x.survival_high for x in curve.at(r["at"])])
    assert np.abs(survival - r["survival"]).max() < 2e-3
    assert np.abs(survival - r["survfit"]).max() < 1e-2


def test_masses_printed_for_breast_cosmesis():
    """Radiotherapy alone, to the four digits printed for Finkelstein's data."""
    _, curve = fitted("bcdeter", "1")
    printed = {
        (4, 5): 0.0463, (6, 7): 0.0334, (7, 8): 0.0887, (11, 12): 0.0708,
        (24, 25): 0.0926, (33, 34): 0.0818, (38, 40): 0.1209, (46, np.inf): 0.4656,
    }  # fmt: skip
    assert list(zip(curve.low, curve.high, strict=True))[:-1] == list(printed)[:-1]
    assert curve.mass == pytest.approx(list(printed.values()), abs=5.1e-5)
