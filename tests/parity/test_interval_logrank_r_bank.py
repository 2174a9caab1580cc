"""The generalized log-rank test against base R and coin (validation/r/interval_logrank_bank.R)."""

import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.analysis import interval_logrank

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import assert_close, read_bank
from curves_data import INTERVALS

BANK = read_bank("interval_logrank_bank")
CASES = sorted((name, key) for name in BANK for key in BANK[name] if key != "data")
SMALL_LEFT = [0, 2, 4, 4, 6, 8, 0, 0, 2, 2, 6, 5]
SMALL_RIGHT = [2, 4, 6, np.inf, 8, np.inf, 2, 3, 4, 5, 8, 5]


def _data(name):
    """left, right, group, stratum as in the R program."""
    if name in INTERVALS:
        data = INTERVALS[name]()
        return data["left"], data["right"], data["group"], None
    if name == "small":
        return SMALL_LEFT, SMALL_RIGHT, np.repeat([1, 2], 6), np.tile([1, 2, 3], 4)
    printed = BANK["bcdeter"]["data"]
    right = np.where(printed["right"] < 0, np.inf, printed["right"])
    n = len(right)
    if name == "bcdeter3":
        return printed["left"], right, np.arange(n) % 3 + 1, None
    return printed["left"], right, printed["treat"].astype(int), np.arange(n) % 2 + 1


@pytest.mark.parametrize("name", sorted(BANK))
def test_the_data_are_those_of_r(name):
    left, right, _, _ = _data(name)
    right = np.asarray(right, dtype=float)
    printed = BANK[name]["data"]
    sums = [len(right), np.sum(left), right[np.isfinite(right)].sum()]
    assert_close(sums, [printed["n"][0], printed["sum_left"][0], printed["sum_right"][0]], what="data")


def _fitted(name, key, **options):
    left, right, group, stratum = _data(name)
    scores, by = key.split()
    reference = np.unique(group)[0]
    strata = stratum if by == "stratified" else None
    return interval_logrank(left, right, group, reference=reference, strata=strata, scores=scores, **options)


@pytest.mark.parametrize(("name", "key"), CASES)
def test_scores_statistic_and_p_value(name, key):
    r, ours = BANK[name][key], _fitted(name, key)
    # Scores are of the order of one; both estimates end at their optimality condition.
    assert_close(ours.subject_scores, r["scores"], 1.0, what="scores")
    assert_close(ours.chi_square, r["chi_square"], 1.0, what="chi-square")
    assert_close(ours.p_value, r["p_value"], 1.0, what="P")
    if "variance" in r:
        assert_close(ours.variance, r["variance"], 1.0, what="variance")
        assert ours.z == pytest.approx(-np.sign(r["u"][1]) * np.sqrt(r["chi_square"][0]), rel=1e-8)


@pytest.mark.parametrize("key", [key for key in BANK["small"] if "exact_p_value" in BANK["small"][key]])
def test_exact_p_value(key):
    r = BANK["small"][key]
    ours = _fitted("small", key, p_value="exact")
    number, as_extreme, below = r["listed"]
    assert ours.permutations == number
    assert_close(ours.p_value, as_extreme / number, what="two-sided")
    assert_close(ours.p_value, r["exact_p_value"], what="coin")
    better = _fitted("small", key, p_value="exact", alternative="experimental-better")
    assert_close(better.p_value, below / number, what="one-sided")
