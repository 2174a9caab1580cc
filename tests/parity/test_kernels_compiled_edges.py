"""The compiled roads of Kaplan-Meier and the log-rank test at their seams: sizes of tiles, odd data, kept memory."""

import gc

import numpy as np
import pytest

from equipoise.analysis import kaplan_meier, logrank
from equipoise.kernels import dispatch
from equipoise.kernels.compiled import curves, days, deaths, packed
from equipoise.kernels.plain import kaplan_meier as plain_km
from equipoise.kernels.plain import risk_sets
from equipoise.kernels.plain.logrank import logrank_sums

COLUMNS = ("time", "n_risk", "n_event", "n_censor", "survival", "std_error", "conf_low", "conf_high")


def assert_same_curves(time, event, **options):
    plain, compiled = (kaplan_meier(time, event, **options, engine=engine) for engine in ("plain", "compiled"))
    assert [(c.level, c.stratum, c.total) for c in plain] == [(c.level, c.stratum, c.total) for c in compiled]
    for a, b in zip(plain, compiled, strict=True):
        for name in COLUMNS:
            assert np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True), (a.level, a.stratum, name)


def assert_same_sums(time, event, group, strata=None):
    plain, compiled = (
        logrank(time, event, group, reference=0, strata=strata, engine=engine) for engine in ("plain", "compiled")
    )
    assert np.array_equal(plain.observed, compiled.observed)
    assert np.array_equal(plain.n, compiled.n)
    np.testing.assert_allclose(compiled.expected, plain.expected, rtol=1e-12)
    np.testing.assert_allclose(
        compiled.covariance, plain.covariance, rtol=1e-12, atol=1e-12 * np.abs(plain.covariance).max()
    )


def drawn(n, seed=3):
    rng = np.random.default_rng(seed)
    return rng.exponential(300.0, n), rng.random(n) < 0.7, rng


HARD_TIMES = {
    "one time": np.full(12, 3.5),
    "zero among others": np.array([0.0, -0.0, 0.0, 1.5, 1.5, 2.25, 0.0, 7.5, 7.5, 7.5, 9.0, 1e-3]),
    "zero alone": np.zeros(12),
    "smallest numbers there are": np.arange(12) * 5e-324,
    "huge": 1e300 - np.arange(12) * 1e298,
    "too far apart for the keys": 10.0 ** np.linspace(-300.0, 300.0, 12),
    "chains of rounding": 100.0 + np.arange(12) * 1e-7,
    "whole": np.array([5.0, 1, 3, 3, 3, 2, 8, 8, 1, 9, 9, 9]),
    "whole but too far apart to count": np.array([5.0, 1, 3, 3, 3, 2, 8, 8, 1, 9, 9, 2.0**40]),
    "whole but one": np.array([5.0, 1, 3, 3, 3, 2, 8, 8, 1, 9, 9, 4.5]),
}
EVENTS = {
    "mixed": np.tile([True, True, False], 4),
    "all dead": np.ones(12, dtype=bool),
    "all censored": np.zeros(12, dtype=bool),
}


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS.keys())
@pytest.mark.parametrize("time", HARD_TIMES.values(), ids=HARD_TIMES.keys())
def test_hard_times(time, event):
    arm, stratum = np.tile([0, 1], 6), np.repeat([0, 1, 2], 4)
    for conf_type in plain_km.CONF_TYPES:
        assert_same_curves(time, event, conf_type=conf_type)
    assert_same_curves(time, event, group=arm, strata=stratum)
    assert_same_curves(time, event, group=arm, time_tolerance=0.0)
    if event.any() and not (time == time[0]).all():
        assert_same_sums(time, event, arm)
        assert_same_sums(time, event, arm, stratum)


@pytest.mark.parametrize("event", [True, False])
@pytest.mark.parametrize("time", [0.0, 1.0, 2.5])
def test_one_row(time, event):
    assert_same_curves([time], [event])


# Around the lanes of the mean, the tiles of counts and of deaths, the searched stretches and the stretches of a curve
@pytest.mark.parametrize(
    "n", [2, 63, 64, 65, 66, 129, 511, 513, 1023, 1024, 1025, 4097, 16_383, 16_384, 16_385, 32_769]
)
def test_sizes_around_the_tiles(n):
    time, event, rng = drawn(n)
    arm = np.arange(n) % 2
    for times in (time, np.round(time, 1), np.ceil(time)):
        assert_same_curves(times, event, conf_type="log-log")
        assert_same_curves(times, event, group=arm)
        assert_same_sums(times, event, arm, rng.integers(0, 2, n))


@pytest.mark.parametrize("groups", [2, 3, 4, 5, 7])
def test_any_number_of_groups(groups):
    # Two groups share a word of counts: odd numbers of groups leave half of the last one empty
    time, event, rng = drawn(3_000)
    group, stratum = rng.integers(0, groups, 3_000), rng.integers(0, 3, 3_000)
    for times in (time, np.round(time, 1), np.ceil(time)):
        assert_same_sums(times, event, group)
        assert_same_sums(times, event, group, stratum)


@pytest.mark.parametrize("groups", [2, 3])
def test_deaths_as_counts_keep_every_number_at_risk(groups):
    time, event, rng = drawn(2_000)
    time = np.where(rng.random(2_000) < 0.5, np.round(time), time)
    group, stratum = rng.integers(0, groups, 2_000), rng.integers(0, 3, 2_000)
    rows = packed.pack_rows(time, event, group, groups, stratum, 3)
    found = deaths.counts_of_deaths(deaths.deaths_of(rows, groups, 0.0))
    law = risk_sets.risk_counts(time, event, group, groups, stratum)
    assert sorted(map(tuple, found.at_risk)) == sorted(map(tuple, law.at_risk))
    assert np.array_equal(found.events.sum(axis=0), law.events.sum(axis=0))


def test_kernels_count_the_rows_of_each_stratum_and_group_on_their_way():
    time, event, rng = drawn(5_000)
    group, stratum = rng.integers(0, 3, 5_000), rng.integers(0, 2, 5_000)
    expected = np.zeros((2, 3), dtype=int)
    np.add.at(expected, (stratum, group), 1)
    for times in (time, np.ceil(time)):
        rows = dispatch.Rows(times, 0.0, event, stratum, 2)
        sums = dispatch.logrank_sums(rows, group, 3, "compiled")
        assert np.array_equal(sums.rows, expected)
        assert logrank_sums(risk_sets.risk_counts(times, event, group, 3, stratum), 2).rows is None
    assert np.array_equal(packed.row_counts(group, 3, stratum, 2), expected)
    assert np.array_equal(packed.row_counts(group, 3, np.zeros(5_000, dtype=int), 1), expected.sum(axis=0)[None])


@pytest.mark.parametrize("strata", [128, 129, 40_000])
def test_rows_of_more_strata_than_a_key_has_room_for(strata):
    time, event, rng = drawn(60_000)
    group, stratum = rng.integers(0, 2, 60_000), rng.permutation(60_000) % strata
    counts = packed.row_counts(group, 2, stratum, strata)
    assert np.array_equal(counts.sum(axis=1), np.bincount(stratum))
    assert np.array_equal(counts[:, 1], np.bincount(stratum[group == 1], minlength=strata))
    time += 100.0
    assert (packed.pack_rows(time, event, group, 2, stratum, strata) is None) == (strata > 128)
    if strata < 1_000:
        assert_same_sums(time, event, group, stratum)


@pytest.mark.parametrize("n", [1, 2, 3, 64, 65, 66, 129, 1000])
def test_mean_of_the_distinct_times(n):
    rng = np.random.default_rng(n)
    for time in (rng.exponential(1.0, n), 0.1 * rng.integers(1, 9, n), rng.integers(0, 2, n) + 0.5 * (n == 1)):
        time = np.append(time, 3.75)
        keys, base, shift, _, _ = packed.pack_rows(time, np.ones(len(time), dtype=bool), None, 1, None, 1)
        assert packed.distinct_mean(keys, base, shift) == pytest.approx(np.unique(time).mean(), rel=1e-14)


def test_a_time_that_is_not_whole_is_found_wherever_it_stands():
    event, none = np.ones(5_000, dtype=bool), np.zeros(5_000, dtype=int)
    for row in (0, 1, 1023, 1024, 4_999):
        time = np.tile([1.0, 2.0, 3.0, 4.0, 900.0], 1_000)
        time[row] = 2.5
        assert days.count_days(time, event, none, 1, none, 1) is None


def test_quantiles_of_curves_with_flat_missing_and_rising_stretches():
    rng = np.random.default_rng(11)
    for trial in range(120):
        n = int(rng.choice([1, 63, 65, 4_095, 4_097, 9_000]))
        height = np.sort(rng.choice(np.linspace(0.0, 1.0, int(rng.integers(2, 40))), n))[::-1].copy()
        height = np.minimum(height + rng.normal(size=n) * 1e-8 * (trial % 3), 1.0)
        height = rng.permutation(height) if trial % 5 == 0 else height
        if n > 3 and trial % 4 == 0:
            height[rng.integers(0, n, 3)] = np.nan
        time = np.arange(1.0, n + 1.0)
        for p in (1e-9, 0.1, 0.5, float(1.0 - np.nanmax(height)), 0.99):
            for convention in ("r", "sas"):
                law = plain_km.curve_quantile(time, height, p, convention)
                found = curves.curve_quantile(time, height, p, convention)
                assert np.array_equal(law, found, equal_nan=True), (n, p, convention)


def test_a_result_keeps_its_memory_as_long_as_anything_reads_it():
    # Large enough that the memory of a result is kept for the next one
    (time, event, _), (later, happened, _) = drawn(90_000, 1), drawn(90_000, 2)
    first = kaplan_meier(time, event, conf_type="log-log", engine="compiled").curves[0]
    copies = [getattr(first, name).copy() for name in COLUMNS]
    view = first.survival[::2]
    second = kaplan_meier(later, happened, conf_type="log-log", engine="compiled").curves[0]
    assert not np.shares_memory(first.survival, second.survival)
    for name, copy in zip(COLUMNS, copies, strict=True):
        assert np.array_equal(getattr(first, name), copy, equal_nan=True), name
    del first, second
    gc.collect()
    third = kaplan_meier(later, happened, conf_type="log-log", engine="compiled").curves[0]
    fourth = kaplan_meier(later, happened, engine="compiled").curves[0]
    assert np.array_equal(view, copies[COLUMNS.index("survival")][::2])
    assert np.array_equal(third.survival, fourth.survival)
    assert not np.array_equal(third.conf_low, fourth.conf_low)


def test_memory_of_a_result_that_is_gone_serves_the_next():
    time, event, _ = drawn(90_000)

    def address():
        return kaplan_meier(time, event, engine="compiled").curves[0].time.__array_interface__["data"][0]

    first = address()
    gc.collect()
    assert address() == first
