"""Restricted means, milestones, cumulative hazards and bands equal R on the bank on curves.

Means and hazards are survfit's own; comparisons are the published formulas written in R; critical values are the
tables of km.ci. Program and output: validation/r/curves_bank.R, validation/output/curves_bank.jsonl.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.analysis import kaplan_meier, milestone, nelson_aalen, rmst
from equipoise.kernels.plain.band_critical import (
    critical_value,
    equal_precision_probability,
    hall_wellner_probability,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import assert_close, read_bank
from curves_data import CURVES

BANK = read_bank("curves_bank")
CASES = sorted((name, analysis) for name in CURVES for analysis in BANK[name])
LOADED = {}


def of_kind(kind):
    return [case for case in CASES if case[1].startswith(f"{kind}/")]


def data_of(name):
    if name not in LOADED:
        LOADED[name] = CURVES[name]()
    return LOADED[name]


def columns(name, rows=slice(None), *more):
    data = data_of(name)
    wanted = [("time", "time"), ("event", "event"), ("entry", "entry"), ("weights", "weight"), *more]
    found = {key: data[column][rows] for key, column in wanted if column in data}
    # R was told timefix=FALSE there: otherwise all the tiny times are one time.
    return found | {"time_tolerance": 0.0 if name == "tiny_times" else None}


def one_group(name, group):
    return columns(name, data_of(name)["group"].astype(str) == group if group else slice(None))


def of_two(name, level):
    """The rows of a level and of the reference, which is the first level."""
    groups = data_of(name)["group"].astype(str)
    reference = min(set(groups))
    return columns(name, (groups == reference) | (groups == level), ("group", "group")) | {"reference": reference}


@pytest.mark.parametrize("name", sorted(CURVES))
def test_the_data_are_those_r_saw(name):
    data = data_of(name)
    assert_close([len(data["time"]), len(data)], BANK[name]["data"]["shape"], what="shape")
    for quantity, total in BANK[name]["data"].items():
        if quantity.startswith("sum/"):
            assert_close(np.sum(data[quantity[4:]].astype(float)), total, what=quantity)


@pytest.mark.parametrize(("name", "analysis"), of_kind("mean"))
def test_restricted_mean(name, analysis):
    r = BANK[name][analysis]
    reading = kaplan_meier(**one_group(name, analysis.split("/")[1])).rmst(float(r["tau"][0]))
    assert_close([reading.rmst, reading.std_error], r["mean"], scale=r["mean"][1], what="mean")


@pytest.mark.parametrize(("name", "analysis"), of_kind("hazard"))
def test_cumulative_hazard(name, analysis):
    r = BANK[name][analysis]
    options = one_group(name, analysis.split("/")[1])
    (curve,) = nelson_aalen(**options).curves
    assert_close(curve.time, r["time"], what="time")
    assert_close(curve.hazard, r["hazard"], scale=curve.std_error, what="hazard")
    assert_close(curve.std_error, r["std_error"], what="std_error")
    # R's are logarithms of limits of exp(-H), whose rounding grows as exp(H); where it has none H is 0.
    known = curve.hazard > 0
    assert_close(curve.conf_low[known], r["log-log_low"][known], scale=1.0, what="log, low")
    (plain,) = nelson_aalen(**options, conf_type="plain").curves
    assert_close(plain.conf_low[known], r["log_low"][known], scale=1.0, what="plain, low")
    below = known & (curve.conf_high < 15)
    assert_close(curve.conf_high[below], r["log-log_high"][below], scale=1.0, what="log, high")
    below = known & (plain.conf_high < 15)
    assert_close(plain.conf_high[below], r["log_high"][below], scale=1.0, what="plain, high")
    if "fh_hazard" in r:
        (each,) = nelson_aalen(**options, ties="fleming-harrington").curves
        assert_close(each.hazard, r["fh_hazard"], scale=each.std_error, what="fh_hazard")
        assert_close(each.std_error, r["fh_std_error"], what="fh_std_error")


def assert_contrast(contrast, r, what):
    assert_close(contrast.estimate, r[0], scale=r[1], what=f"{what}, estimate")
    assert_close(contrast.std_error, r[1], what=f"{what}, std_error")
    assert_close([contrast.conf_low, contrast.conf_high], r[2:4], scale=r[1], what=f"{what}, limits")
    assert_close(contrast.p_value, r[4], scale=1.0, what=f"{what}, p_value")


@pytest.mark.parametrize(("name", "analysis"), [case for case in of_kind("rmst") if "ratio" in BANK[case[0]][case[1]]])
def test_difference_and_ratios_of_restricted_means(name, analysis):
    r = BANK[name][analysis]
    found = rmst(**of_two(name, analysis.split("/")[1]), tau=float(r["tau"][0]))
    for kind in ("difference", "ratio", "lost_ratio"):
        assert_contrast(getattr(found, kind), r[kind], kind)


@pytest.mark.parametrize(("name", "analysis"), of_kind("rmst-strata"))
def test_standardized_over_strata(name, analysis):
    r = BANK[name][analysis]
    options = columns(name, slice(None), ("group", "group"), ("strata", "stratum"))
    options |= {"reference": min(data_of(name)["group"]), "strata_weights": analysis.split("/")[1]}
    found = rmst(**options, tau=float(r["tau"][0]))
    for kind in ("difference", "ratio", "lost_ratio"):
        assert_contrast(getattr(found, kind), r[kind], kind)


@pytest.mark.parametrize(("name", "analysis"), of_kind("milestone"))
def test_milestone(name, analysis):
    r = BANK[name][analysis]
    options = of_two(name, analysis.split("/")[1]) | {"at": float(r["at"][0])}
    for transform in ("plain", "log", "log-log", "arcsine", "logit"):
        found = milestone(**options, transform=transform)
        assert_close(found.z**2, r[transform], scale=1.0, what=transform)
        arms = found.contrasts[0].arms[:2]
        assert_close([arm.value for arm in arms], r["survival"], scale=1.0, what="survival")
        assert_close([arm.std_error for arm in arms], r["std_error"], scale=1.0, what="std_error")


@pytest.mark.parametrize(("name", "analysis"), of_kind("band"))
def test_bands_by_tabulated_critical_values(name, analysis):
    """km.ci interpolates in tables of four digits, by steps of 0.02: its bands are near, not equal."""
    _, kind, conf_type, group = analysis.split("/")
    r = BANK[name][analysis]
    (band,) = kaplan_meier(**one_group(name, group)).bands(kind, conf_type=conf_type)
    assert_close([band.a_low, band.a_high], r["part"], what="part")
    assert len(band.time) == len(r["low"]) or len(band.time) > len(r["low"]) - 3
    inside = np.isin(r["time"], band.time)
    low, high = r["low"][inside], np.minimum(r["high"][inside], 1.0)
    ours = np.isin(band.time, r["time"])
    known = ~np.isnan(low)
    assert known.sum() > 5
    assert np.abs(band.conf_low[ours][known] - np.maximum(low[known], 0)).max() < 0.01
    assert np.abs(band.conf_high[ours][known] - high[known]).max() < 0.01


def table(name):
    record = BANK["tables"][name]
    values = record["values"].reshape(record["shape"].astype(int))
    step = 0.02
    low = record["first_low"][0] + step * np.arange(values.shape[1])
    high = 0.1 + step * np.arange(values.shape[0])
    return values, low, high


def cells(name, exact_end):
    """A sample of a table: (a, b, tabulated value)."""
    values, low, high = table(name)
    for i in range(0, values.shape[0], 9):
        for j in range(0, values.shape[1], 7):
            a, b = float(low[j]), min(float(high[i]), 1.0)
            if not np.isnan(values[i, j]) and a < b and (exact_end or b < 1.0):
                yield a, b, values[i, j]


# One cell of the table for 99% stands out from its neighbors; it is taken for a misprint.
MISPRINT = (99, 0.28, 0.46)


@pytest.mark.parametrize("level", [90, 95, 99])
def test_hall_wellner_critical_values_are_those_tabulated(level):
    """To the four decimals printed, which are rounded up in places."""
    compared = 0
    for a, b, tabulated in cells(f"hall/{level}", exact_end=True):
        if (level, round(a, 2), round(b, 2)) == MISPRINT:
            continue
        assert abs(critical_value(hall_wellner_probability, level / 100, a, b) - tabulated) < 1.01e-4, (a, b)
        compared += 1
    assert compared > 10


@pytest.mark.parametrize("level", [90, 95])
def test_equal_precision_tables_hold_an_approximation_that_ours_is_near(level):
    """The tables solve a tail approximation (Miller and Siegmund 1982), which is good for wide parts only."""
    compared = 0
    for a, b, tabulated in cells(f"nair/{level}", exact_end=False):
        ours = critical_value(equal_precision_probability, level / 100, a, b)
        density = np.exp(-(tabulated**2) / 2) / np.sqrt(2 * np.pi)
        length = np.log(b * (1 - a) / (a * (1 - b)))
        tail = 4 * density / tabulated + density * (tabulated - 1 / tabulated) * length
        assert tail == pytest.approx(1 - level / 100, abs=3e-5)
        assert abs(ours - tabulated) < (0.016 if b - a > 0.15 else 0.25), (a, b)
        compared += 1
    assert compared > 10


def test_equal_precision_against_a_solution_in_closed_form():
    """On [-1, 1] the slowest motion is (x^2 - 1) phi(x), with rate 2: over a long time P = weight exp(-2 T)."""
    from scipy.special import erf

    phi = np.exp(-0.5) / np.sqrt(2 * np.pi)
    mass = erf(1 / np.sqrt(2))
    # Moments of phi on [-1, 1]: m2 = mass - 2 phi, m4 = 3 m2 - 2 phi; norm = m4 - 2 m2 + mass; integral = m2 - mass
    m2 = mass - 2 * phi
    norm = (3 * m2 - 2 * phi) - 2 * m2 + mass
    for end in (1e-3, 1e-5):
        length = np.log((1 - end) / end)
        exact = (m2 - mass) ** 2 / norm * np.exp(-2 * length)
        assert equal_precision_probability(1.0, end, 1 - end) == pytest.approx(exact, rel=1e-10)


def test_the_whole_bridge_is_kolmogorovs_distribution():
    from scipy.special import kolmogi, kolmogorov

    for k in (0.6, 1.0, 1.3581, 2.0):
        assert hall_wellner_probability(k, 0.0, 1.0) == pytest.approx(1 - kolmogorov(k), abs=1e-13)
    assert critical_value(hall_wellner_probability, 0.95, 0.0, 1.0) == pytest.approx(kolmogi(0.05), abs=1e-10)
