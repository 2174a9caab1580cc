"""What the general engine draws has the distribution it should have: closed forms, state probabilities, enumeration.

Seeds are fixed, so a test either always passes or never; limits are 4 standard errors, or P = 1e-4 of a
Kolmogorov-Smirnov test.
"""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from scipy.special import ndtr

from equipoise.kernels.compiled import general_trials
from equipoise.kernels.plain.general_spec import (
    IllnessDeath,
    build_general,
    field_count,
    log_normal,
    piecewise,
    weibull,
)
from equipoise.kernels.plain.trial_spec import HORIZON, NEVER, Look, Pieces, build_spec
from equipoise.randomization import Minimization, Scheme
from equipoise.simulation.batches import batch_of
from made_up_general_trials import PREVALENCE, illness_death, many_arms, minimized, palmira_like

TICKS = float(1 << 21)
SEED = 424242
# P(sqrt(n) D > 2.23) is 1e-4.
LIMIT = 2.23


def drawn(trial, count=600):
    return general_trials.draw_histories(trial, SEED, 0, count)


def assert_distributed(ticks, cdf):
    """Times in ticks against a distribution in months; beyond the horizon only the share counts."""
    # In 32-bit arithmetic what lies beyond the horizon may end a few ticks before it.
    within = ticks < HORIZON - 16
    months = np.sort(ticks[within] / TICKS)
    expected = cdf(months)
    place = np.arange(1, len(months) + 1) / len(ticks)
    distance = max(np.abs(expected - place).max(), np.abs(expected - place + 1 / len(ticks)).max())
    assert math.sqrt(len(ticks)) * distance < LIMIT
    assert_share(within.mean(), float(cdf(np.array([HORIZON / TICKS]))[0]), len(ticks))


def assert_share(found, expected, n):
    assert abs(found - expected) <= 4.0 * math.sqrt(expected * (1.0 - expected) / n) + 1e-12


def piecewise_cdf(rates, breaks):
    starts = np.array([0.0, *breaks])

    def cumulated(t):
        widths = np.clip(t[:, None], starts, [*breaks, math.inf]) - starts
        return 1.0 - np.exp(-widths @ np.array(rates))

    return cumulated


LAWS = {
    "piecewise": (piecewise((0.2, 0.05, 0.4), (3.0, 8.0)), piecewise_cdf((0.2, 0.05, 0.4), (3.0, 8.0))),
    "hazard of zero first": (piecewise((0.0, 0.3), (4.0,)), piecewise_cdf((0.0, 0.3), (4.0,))),
    "weibull": (weibull(1.4, 9.0), lambda t: 1.0 - np.exp(-((t / 9.0) ** 1.4))),
    "weibull, falling hazard": (weibull(0.6, 12.0), lambda t: 1.0 - np.exp(-((t / 12.0) ** 0.6))),
    "log-normal": (log_normal(6.0, 0.9), lambda t: ndtr(np.log(t / 6.0) / 0.9)),
    "cured": (weibull(1.0, 5.0, 0.3), lambda t: 0.7 * (1.0 - np.exp(-t / 5.0))),
}


@pytest.mark.parametrize("name", LAWS)
def test_event_times(name):
    law, cdf = LAWS[name]
    base = palmira_like(dropout=Pieces([0.02]))
    patients = drawn(build_general(base, laws=[law] * 8))
    assert_distributed(patients.progression.ravel(), cdf)
    assert_distributed(patients.dropout.ravel(), lambda t: 1.0 - np.exp(-0.02 * t))


def test_laws_by_stratum_and_arm():
    laws = [piecewise((0.05 * (cell + 1),)) for cell in range(8)]
    patients = drawn(build_general(palmira_like(), laws=laws))
    for stratum, arm in itertools.product(range(4), range(2)):
        inside = (patients.stratum == stratum) & (patients.arm == arm)
        assert_distributed(patients.progression[inside], piecewise_cdf((0.05 * (2 * stratum + arm + 1),), ()))
        assert_share(inside.mean(), PREVALENCE[stratum] * (1 + arm) / 3, inside.size / 4)


def test_words_serve_one_end_each():
    patients = drawn(illness_death())
    gaps = np.diff(patients.entry, axis=1, prepend=0).ravel()
    columns = [gaps, patients.stratum.ravel(), patients.progression.ravel(), patients.dropout.ravel()]
    # Hazards differ by stratum, so dependence is looked for within one stratum and arm.
    inside = (patients.stratum.ravel() == 0) & (patients.arm.ravel() == 1)
    ranks = np.array([np.argsort(np.argsort(column[inside])) for column in (columns[0], *columns[2:])])
    found = np.corrcoef(ranks)
    assert np.abs(found[np.triu_indices(3, 1)]).max() < 4.0 / math.sqrt(inside.sum())


def in_state(patients, months):
    """Shares alive without progression, and alive with it."""
    at = months * TICKS
    alive = patients.death > at
    return (alive & (patients.progression > at)).mean(), (alive & (patients.progression <= at)).mean()


@pytest.mark.parametrize("factor", [1.0, 0.3])
def test_illness_death_with_constant_hazards(factor):
    a, b, c, p = 0.12, 0.03, 0.08, 0.45
    course = IllnessDeath(
        [piecewise((a,))] * 8, [piecewise((b,))] * 8, [piecewise((c,))] * 8, False, (p, p), (factor, factor)
    )
    patients = drawn(build_general(palmira_like(), course=course))
    size = patients.death.size
    for t in (2.0, 6.0, 12.0, 30.0):
        well, ill = in_state(patients, t)
        assert_share(well, math.exp(-(a + b) * t), size)
        parts = [
            share * a / (a + b - rate) * (math.exp(-rate * t) - math.exp(-(a + b) * t))
            for share, rate in ((1 - p, c), (p, c * factor))
        ]
        assert_share(ill, sum(parts), size)
    progressed = patients.progression < NEVER
    assert_share(patients.switched[progressed].mean(), p, progressed.sum())
    assert not patients.switched[~progressed].any()


@pytest.mark.parametrize("clock", [False, True], ids=["since progression", "since randomization"])
def test_illness_death_with_piecewise_hazards(clock):
    # Shares of the ill by integration over the time of progression, on a fine grid.
    after = ((0.05, 0.3, 0.1), (4.0, 9.0))
    before = piecewise((0.02, 0.06), (5.0,))
    course = IllnessDeath([weibull(1.3, 7.0)] * 8, [before] * 8, [piecewise(*after)] * 8, clock)
    patients = drawn(build_general(palmira_like(), course=course))

    def cumulated(t):
        return -np.log1p(-piecewise_cdf(*after)(np.atleast_1d(t)))

    for t in (3.0, 8.0, 15.0):
        edges = np.linspace(0.0, t, 40_001)
        s = 0.5 * (edges[1:] + edges[:-1])
        well = np.exp(-((s / 7.0) ** 1.3)) * (1.0 - piecewise_cdf((0.02, 0.06), (5.0,))(s))
        hazard = 1.3 / 7.0 * (s / 7.0) ** 0.3
        left = np.exp(-(cumulated(t) - cumulated(s))) if clock else np.exp(-cumulated(t - s))
        expected = float((well * hazard * left).sum() * (edges[1] - edges[0]))
        assert_share(in_state(patients, t)[1], expected, patients.death.size)


def test_only_control_patients_switch():
    patients = drawn(illness_death())
    progressed = patients.progression < NEVER
    control = progressed & (patients.arm == 0)
    assert_share(patients.switched[control].mean(), 0.4, control.sum())
    assert not patients.switched[patients.arm == 1].any()


def test_blocks_balance_every_stratum_at_every_moment():
    patients = drawn(build_general(many_arms()), 300)
    shares = np.array([2, 1, 1, 2])
    for trial, stratum in itertools.product(range(300), range(6)):
        arms = patients.arm[trial][patients.stratum[trial] == stratum]
        counts = np.cumsum(np.eye(4, dtype=int)[arms], axis=0)
        assert (counts[5::6] == np.arange(1, len(counts[5::6]) + 1)[:, None] * shares).all()
        opened = -(-np.arange(1, len(arms) + 1) // 6)
        assert (counts <= opened[:, None] * shares).all()


def test_minimization_gives_the_arms_of_the_procedure_and_keeps_its_ratio():
    trial = minimized()
    patients = drawn(trial, 2000)
    scheme = Scheme({"control": 1, "experimental": 2}, {"sex": ("f", "m"), "region": ("a", "b")})
    batch = batch_of(Minimization(scheme, probability=0.8), 60)
    assert np.array_equal(patients.arm[:50], batch.draw(patients.stratum[:50], SEED))
    shares = patients.arm.mean(axis=0)
    assert np.abs(shares - 2 / 3).max() < 4.5 * math.sqrt(2 / 9 / 2000)
    assert patients.arm.sum(axis=1).std() < 0.5 * math.sqrt(60 * 2 / 9)


@pytest.mark.parametrize("ratio", [1.0, 3.0])
def test_tiny_trials_against_enumeration(ratio):
    """Two patients an arm who enter together: the 24 orders of their events, each with its exact probability."""
    rates = np.array([0.1, 0.1, 0.1 * ratio, 0.1 * ratio])
    expected: dict[float, float] = {}
    for order in itertools.permutations(range(4)):
        left, chance, u, v = set(range(4)), 1.0, 0.0, 0.0
        for k in order:
            chance *= rates[k] / sum(rates[j] for j in left)
            share = sum(j >= 2 for j in left) / len(left)
            u, v = u + (k >= 2) - share, v + share * (1 - share)
            left.remove(k)
        z = round(-u / math.sqrt(v), 9)
        expected[z] = expected.get(z, 0.0) + chance
    spec = build_spec(
        4, accrual=[1.0] * 4, event=Pieces([[0.1], [0.1 * ratio]]), looks=[Look(events=4)], blocks=[[2, 2]]
    )
    trial, trials = build_general(spec), 60_000
    out = np.empty((field_count(trial.spec), 1, trials))
    general_trials.simulate_chunk(trial, SEED, 0, trials, out)
    found = Counter(np.round(out[0, 0], 9).tolist())
    assert sum(expected.values()) == pytest.approx(1.0)
    assert set(found) == set(expected)
    for z, chance in expected.items():
        assert_share(found[z] / trials, chance, trials)


def test_size_of_the_stratified_test_under_no_difference():
    rates = [[0.05], [0.05], [0.1], [0.1], [0.2], [0.2], [0.4], [0.4]]
    trial = build_general(palmira_like(event=Pieces(rates), blocks=[[1, 1]], dropout=None))
    out = np.empty((field_count(trial.spec), 1, 20_000))
    general_trials.simulate_chunk(trial, SEED, 0, 20_000, out)
    z = out[0, 0]
    assert abs(z.mean()) < 4 / math.sqrt(20_000)
    assert abs(z.std() - 1.0) < 0.02
    assert_share((z > 1.959964).mean(), 0.025, 20_000 / 1.3)
