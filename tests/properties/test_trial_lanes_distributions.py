"""What the fast engine's law draws has the distribution it should have, and blocks are balanced at every moment.

Seeds are fixed, so a test either always passes or never; limits are 4 standard errors, or P = 1e-4.
"""

import math

import numpy as np
import pytest
from scipy.special import betainc, gammainc
from scipy.stats import chi2, kstwobign

from equipoise.kernels import dispatch
from equipoise.kernels.plain import trial_spec
from equipoise.kernels.plain.trial_draws import draw_patients
from equipoise.kernels.plain.trial_spec import Look, Pieces, build_spec
from lane_trials import SEED, trial

TICKS = trial_spec.TICKS_PER_UNIT
SPEC = trial(198)
DRAWN = draw_patients(SPEC, SEED, np.arange(2000))


def assert_cdf(values, cdf):
    place = np.arange(1, len(values) + 1) / len(values)
    expected = cdf(np.sort(values))
    distance = max(np.abs(expected - place).max(), np.abs(expected - place + 1 / len(values)).max())
    assert kstwobign.sf(math.sqrt(len(values)) * distance) > 1e-4


def assert_counts(found, expected):
    assert chi2.sf((((found - expected) ** 2) / expected).sum(), len(found) - 1) > 1e-4


def cumulated(time, rates, breaks):
    starts = np.array([0.0, *breaks])
    widths = np.clip(time[:, None], starts, [*breaks, math.inf]) - starts
    return widths @ np.asarray(rates)


@pytest.mark.parametrize("patient", [0, 20, 197])
def test_arrivals_are_a_poisson_process(patient):
    """The cumulated intensity at the i-th arrival has a gamma distribution with shape i."""
    entry = DRAWN.entry[:, patient] / TICKS
    assert_cdf(entry, lambda t: gammainc(patient + 1, cumulated(t, [198 / 50, 198 / 25, 198 / 20], [6.0, 12.0])))


def test_gaps_do_not_depend_on_those_before():
    reached = cumulated(DRAWN.entry.ravel() / TICKS, [198 / 50, 198 / 25, 198 / 20], [6.0, 12.0]).reshape(2000, 198)
    gaps = np.diff(reached, axis=1)
    correlation = np.corrcoef(gaps[:, :-1].ravel(), gaps[:, 1:].ravel())[0, 1]
    assert abs(correlation) < 4.0 / math.sqrt(gaps[:, 1:].size)


def test_uniform_entries_are_those_of_a_uniform_sample_in_order():
    """The i-th of n has a beta distribution with parameters i and n + 1 - i."""
    entry = draw_patients(trial(70, accrual=Pieces([5.0]), uniform_over=20.0), SEED, np.arange(2000)).entry / TICKS
    for i in (1, 35, 70):
        assert_cdf(entry[:, i - 1], lambda t, i=i: betainc(i, 71 - i, t / 20.0))
    assert (np.diff(entry, axis=1) >= 0.0).all()


@pytest.mark.parametrize("cell", range(8))
def test_events_follow_the_hazard_of_their_cell(cell):
    own = (DRAWN.stratum == cell // 2) & (DRAWN.arm == cell % 2)
    rates = np.outer([1.0, 0.6, 1.2, 0.7, 0.8, 0.5, 1.5, 0.9], [0.1, 0.12, 0.1])[cell]
    time = DRAWN.event[own] / TICKS
    assert_cdf(time[time < 100.0], lambda t: -np.expm1(-cumulated(t, rates, [3.0, 6.0])) / truncated(rates))


def truncated(rates):
    return -np.expm1(-cumulated(np.array([100.0]), rates, [3.0, 6.0]))


def test_dropout_follows_its_hazard_and_not_the_event():
    loss = DRAWN.dropout.ravel() / TICKS
    assert_cdf(loss[loss < 100.0], lambda t: np.expm1(-0.01 * t) / math.expm1(-1.0))
    both = (DRAWN.event < 6 * TICKS).ravel() & (loss < 6.0)
    expected = (DRAWN.event < 6 * TICKS).mean() * (loss < 6.0).mean()
    assert abs(both.mean() - expected) < 4.0 * math.sqrt(expected / both.size)


def test_strata_have_their_prevalences_and_arms_do_not_follow_events():
    assert_counts(np.bincount(DRAWN.stratum.ravel()), DRAWN.stratum.size * np.array([0.4, 0.3, 0.2, 0.1]))
    early = DRAWN.dropout.ravel() < 10 * TICKS
    share = DRAWN.arm.ravel()[early].mean()
    assert abs(share - DRAWN.arm.mean()) < 4.0 * math.sqrt(2.0 / 9.0 / early.sum())


def test_blocks_are_balanced_in_every_stratum_at_every_moment():
    """2:1 in blocks of 3 and 6: experimental less twice control stays from -4 to 4, and is back at zero after six."""
    for stratum in range(4):
        own = DRAWN.stratum == stratum
        step = np.where(own, np.where(DRAWN.arm == 1, 1, -2), 0)
        walk = step.cumsum(axis=1)
        assert walk.min() >= -4
        assert walk.max() <= 4
        assert {-4, 4} <= set(np.unique(walk).tolist())
        number = own.cumsum(axis=1)
        since_zero = np.zeros(len(walk), dtype=int)
        for i in range(walk.shape[1]):
            since_zero = np.where(own[:, i], since_zero + 1, since_zero)
            assert since_zero.max() <= 6
            since_zero = np.where(walk[:, i] == 0, 0, since_zero)
        assert number.max() > 30


def test_every_arrangement_of_a_block_is_equally_likely():
    spec = build_spec(6, accrual=Pieces([1.0]), event=Pieces([1.0]), looks=[Look()], blocks=[(2, 4)])
    arm = draw_patients(spec, SEED, np.arange(60_000)).arm
    found = np.bincount((arm << np.arange(6, dtype=np.uint32)).sum(axis=1), minlength=64)
    assert np.count_nonzero(found) == 15
    assert_counts(found[found > 0], np.full(15, 4000.0))


def test_block_sizes_are_equally_likely():
    """With 1:1 blocks of 2, 4 and 6 the first two patients differ with probability (1 + 2/3 + 3/5) / 3."""
    blocks = [(1, 1), (2, 2), (3, 3)]
    spec = build_spec(2, accrual=Pieces([1.0]), event=Pieces([1.0]), looks=[Look()], blocks=blocks)
    arm = draw_patients(spec, SEED, np.arange(60_000)).arm
    expected = (1.0 + 2.0 / 3.0 + 3.0 / 5.0) / 3.0
    assert abs((arm[:, 0] != arm[:, 1]).mean() - expected) < 4.0 * math.sqrt(expected * (1.0 - expected) / 60_000)


def test_large_trials_find_the_hazard_ratio_and_the_medians_that_were_put_in():
    """Hazards 0.1 and 0.06 from 2000 patients: the mean over trials within 4 standard errors."""
    spec = build_spec(
        2000, accrual=Pieces([100.0]), event=Pieces([[0.1], [0.06]]), looks=[Look(events=1500)], blocks=[(2, 2)]
    )
    out = np.empty((len(trial_spec.FIELDS), 1, 4000))
    dispatch.simulate_chunk(spec, SEED, 0, 4000, out)
    for field, expected, bias in (
        (trial_spec.LOG_HR, math.log(0.6), 1e-3),
        (trial_spec.MEDIAN_CONTROL, math.log(2.0) / 0.1 * TICKS, 0.01 * TICKS),
        (trial_spec.MEDIAN_EXPERIMENTAL, math.log(2.0) / 0.06 * TICKS, 0.01 * TICKS),
    ):
        mean, error = out[field].mean(), out[field].std() / math.sqrt(4000)
        # Estimates from 1500 events have a bias of the order of 1 / 1500.
        assert abs(mean - expected) < 4.0 * error + bias


def test_under_no_effect_z_is_standard_normal():
    """With 500 patients 1:1, the mean of Z is 0 and its variance 1 within 4 standard errors; Z and its error agree."""
    spec = build_spec(500, accrual=Pieces([25.0]), event=Pieces([0.1]), looks=[Look(events=400)], blocks=[(2, 2)])
    out = np.empty((len(trial_spec.FIELDS), 1, 40_000))
    dispatch.simulate_chunk(spec, SEED, 0, 40_000, out)
    z = out[trial_spec.Z, 0]
    assert abs(z.mean()) < 4.0 / 200.0
    assert abs(z.var() - 1.0) < 4.0 * math.sqrt(2.0 / 40_000) + 1.0 / 400.0
    assert np.corrcoef(z, -out[trial_spec.LOG_HR, 0])[0, 1] > 0.999
