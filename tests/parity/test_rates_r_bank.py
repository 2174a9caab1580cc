"""Rates, differences, odds ratios and tests equal R's on every table of validation/output/rates_bank.jsonl."""

import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.analysis import (
    cmh,
    cmh_general,
    exact_unconditional,
    odds_ratio,
    rate_difference,
    rate_interval,
    rate_test,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

import bank
from bank import read_bank

BANK = read_bank("rates_bank")
TABLES = sorted(name for name in BANK if "x1" in BANK[name]["data"])


def assert_close(ours, theirs, scale=0.0, what=""):
    """`bank.assert_close` that also takes infinite limits, which must be infinite on both sides."""
    a, b = np.asarray(ours, dtype=float).ravel(), np.asarray(theirs, dtype=float).ravel()
    assert np.array_equal(np.isinf(a), np.isinf(b)), f"{what}: {a} against {b}"
    bank.assert_close(a[~np.isinf(a)], b[~np.isinf(b)], scale, what)


def cases(start: str) -> list[tuple[str, str]]:
    return sorted((name, analysis) for name in BANK for analysis in BANK[name] if analysis.startswith(start))


def counts(name: str) -> list[list[int]]:
    data = BANK[name]["data"]
    return [data[column].astype(int).tolist() for column in ("x1", "n1", "x2", "n2")]


@pytest.mark.parametrize(("name", "analysis"), cases("rate/"))
def test_limits_of_one_rate(name, analysis):
    x, n = BANK[name]["data"]["counts"].astype(int).tolist()
    for quantity, limits in BANK[name][analysis].items():
        level = 0.9 if quantity.endswith("_90") else 0.95
        ours = rate_interval(x, n, method=analysis.removeprefix("rate/"), conf_level=level)
        assert_close([ours.conf_low, ours.conf_high], limits, what=analysis)


@pytest.mark.parametrize(("name", "analysis"), cases("difference/"))
def test_differences(name, analysis):
    _, method, *weights = analysis.split("/")
    r = BANK[name][analysis]
    options = {"method": method, "weights": weights[0] if weights else None}
    ours = rate_difference(*counts(name), **options)
    # The closed form by which R's side has its restricted rates loses digits where a rate is near 0 or 1: z to 3e-10.
    assert_close([ours.conf_low, ours.conf_high], r["limits"], scale=1.0, what="limits")
    for quantity, value in {"estimate": ours.estimate, "z": ours.z, "p_value": ours.p_value}.items():
        if quantity in r:
            assert_close(value, r[quantity], scale=1.0, what=quantity)
    if "p_value_margin" in r:
        margin = rate_difference(*counts(name), null=-0.1, alternative="greater", **options)
        assert_close(margin.p_value, r["p_value_margin"], scale=1.0, what="p_value_margin")


@pytest.mark.parametrize(("name", "analysis"), cases("odds/"))
def test_odds_ratios(name, analysis):
    method = analysis.removeprefix("odds/")
    r = BANK[name][analysis]
    ours = odds_ratio(*counts(name), method="conditional" if method in ("conditional", "exact") else "mantel-haenszel")
    if "estimate" in r:
        assert_close(ours.estimate, r["estimate"], what="estimate")
    if "limits" in r:
        assert_close([ours.conf_low, ours.conf_high], r["limits"], what="limits")
    if "std_error" in r:
        assert_close(ours.std_error, r["std_error"], what="std_error")
    if method == "exact":
        assert_close(ours.p_value, r["p_value"], what="p_value")
        greater = odds_ratio(*counts(name), method="conditional", alternative="greater")
        assert_close(greater.p_value, r["p_greater"], what="p_greater")


@pytest.mark.parametrize(("name", "analysis"), [c for c in cases("cmh/") if c[0] in TABLES])
def test_cmh(name, analysis):
    ours = cmh(*counts(name), correct=analysis.endswith("corrected"))
    assert_close(ours.chi_square, BANK[name][analysis]["chi_square"], scale=1.0, what="chi_square")
    assert_close(ours.p_value, BANK[name][analysis]["p_value"], what="p_value")


@pytest.mark.parametrize(("name", "analysis"), [c for c in cases("cmh/") if c[0] not in TABLES])
def test_general_cmh(name, analysis):
    shape = BANK[name]["data"]["dim"].astype(int)
    # R's first index runs fastest.
    count = BANK[name]["data"]["counts"].reshape(shape[::-1]).transpose()
    row, column, stratum = (index.ravel() for index in np.indices(count.shape))
    association = analysis.removeprefix("cmh/")
    ours = cmh_general(column, row, strata=stratum, association=association, weights=count.ravel())
    assert_close([ours.chi_square, ours.df, ours.p_value], BANK[name][analysis]["statistic"], what=analysis)


@pytest.mark.parametrize(("name", "analysis"), cases("test/"))
def test_tests_of_one_table(name, analysis):
    _, method, *alternative = analysis.split("/")
    ours = rate_test(*counts(name), method=method, alternative=alternative[0] if alternative else "two-sided")
    assert_close(ours.p_value, BANK[name][analysis]["p_value"], what="p_value")


@pytest.mark.parametrize(("name", "analysis"), cases("unconditional/"))
def test_exact_unconditional(name, analysis):
    _, statistic, alternative = analysis.split("/")
    ours = exact_unconditional(*counts(name), statistic=statistic, alternative=alternative)
    assert_close(ours.p_value, BANK[name][analysis]["p_value"], scale=1.0, what="p_value")


def test_the_bank_is_whole():
    kinds = {analysis.split("/")[0] for name in BANK for analysis in BANK[name]}
    assert kinds == {"data", "rate", "difference", "odds", "cmh", "test", "unconditional"}
    assert len(TABLES) == 17
