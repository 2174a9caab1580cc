"""What a model asks for is what is drawn: prevalences, hazards by stratum, losses by arm, balance, dates of looks.

Seeds are fixed, so a test either always passes or never; limits are 4 standard errors, or P = 1e-4.
"""

import itertools
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.design import Accrual, Dropout, Hazard
from equipoise.kernels.compiled import general_trials
from equipoise.kernels.plain import general_looks
from equipoise.kernels.plain.general_spec import build_general, field_count
from equipoise.kernels.plain.trial_spec import HORIZON, NEVER, TIME, TrialSpec
from equipoise.randomization import Minimization, PermutedBlocks, Scheme
from equipoise.simulation.event_laws import PiecewiseRatio
from equipoise.simulation.trial_looks import LookBounds, TrialLook
from equipoise.simulation.trial_model import TrialModel

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from simulated_features import deaths, palmira

TRIALS = 600
TICKS = float(1 << 21)
JOINT = {("f", "1"): 0.4, ("f", "2"): 0.1, ("m", "1"): 0.05, ("m", "2"): 0.45}
# P(sqrt(n) D > 2.23) is 1e-4.
LIMIT = 2.23


def rich_model(**changes):
    """Three arms 2:1:1 in blocks of 4 and 8, joint prevalences, hazards by stratum, a diminishing effect."""
    scheme = Scheme({"A": 2, "B": 1, "C": 1}, {"sex": ("f", "m"), "stage": ("1", "2")})
    hazards = {s: Hazard((0.08 + 0.05 * k, 0.06), (5.0,)) for k, s in enumerate(scheme.all_strata())}
    given = {
        "accrual": Accrual.piecewise([5.0, 15.0], [6.0], n=150), "randomization": PermutedBlocks(scheme, (4, 8)),
        "control": "C", "events": {"C": hazards, "A": PiecewiseRatio((0.4, 0.8, 1.0), (3.0, 8.0)), "B": 1.3},
        "prevalences": JOINT, "dropout": {"A": Dropout(0.03), "B": Dropout(0.01), "C": Dropout(0.02)},
        "looks": (TrialLook(events=90),), "bounds": LookBounds.given([2.0]),
    }  # fmt: skip
    return TrialModel(**(given | changes))


def drawn(model, count=TRIALS):
    spec = model.to_spec()
    trial = build_general(spec) if isinstance(spec, TrialSpec) else spec
    return trial, general_trials.draw_histories(trial, 515, 0, count)


@pytest.fixture(scope="module")
def rich():
    model = rich_model()
    return model, drawn(model)[1]


def assert_share(found, expected, n):
    assert abs(found - expected) <= 4.0 * math.sqrt(expected * (1.0 - expected) / n)


def assert_hazard(ticks, hazard):
    months = np.sort(ticks[ticks < HORIZON - 16] / TICKS)
    starts = np.array([0.0, *hazard.breaks])
    widths = np.clip(months[:, None], starts, [*hazard.breaks, math.inf]) - starts
    expected = -np.expm1(-widths @ np.array(hazard.rates))
    place = np.arange(1, len(months) + 1) / len(ticks)
    assert math.sqrt(len(ticks)) * np.abs(expected - place).max() < LIMIT


def test_strata_have_their_joint_prevalences(rich):
    model, patients = rich
    for number, stratum in enumerate(model.strata):
        assert_share((patients.stratum == number).mean(), JOINT[stratum], patients.stratum.size)
    # The factors go together: independent ones would have 0.225 of patients in (f, 1).
    assert (patients.stratum == 0).mean() > 0.38


def test_events_and_losses_follow_the_hazards_of_their_cell(rich):
    model, patients = rich
    for stratum, arm in itertools.product(range(4), range(3)):
        inside = (patients.stratum == stratum) & (patients.arm == arm)
        assert_hazard(patients.progression[inside], model.laws[model.strata[stratum], model.arms[arm]])
        assert_hazard(patients.dropout[inside], model.losses[model.arms[arm]])
    assert model.laws[("m", "2"), "A"].rates == pytest.approx((0.23 * 0.4, 0.23 * 0.8, 0.06 * 0.8, 0.06))


def test_arrivals_follow_the_accrual(rich):
    model, patients = rich
    for month in (3.0, 6.0, 9.0, 12.0):
        counts = (patients.entry < month * TICKS).sum(axis=1)
        expected = float(model.accrual.enrolled(month))
        assert abs(counts.mean() - expected) <= 4.0 * math.sqrt(expected / TRIALS)
        assert counts.var() == pytest.approx(expected, rel=0.35)


def test_blocks_balance_every_stratum_at_every_moment(rich):
    model, patients = rich
    ratio = np.array([model.randomization.scheme.ratio[arm] for arm in model.arms])
    for trial, stratum in itertools.product(range(TRIALS), range(4)):
        arms = patients.arm[trial][patients.stratum[trial] == stratum]
        counts = np.cumsum(np.eye(3, dtype=int)[arms], axis=0)
        place = np.arange(1, len(arms) + 1)[:, None]
        # A block of 8 holds 4:2:2, so no arm is ever further from its share than half its patients of a block.
        assert (np.abs(4 * counts - place * ratio) <= 8 * ratio.max()).all()
        level = (4 * counts == place * ratio).all(axis=1)
        gaps = np.diff(np.flatnonzero(np.concatenate([[True], level])))
        assert (gaps <= 8).all()
        assert len(arms) - (np.flatnonzero(level)[-1] + 1 if level.any() else 0) < 8


def test_minimization_keeps_two_to_one_at_every_step():
    scheme = Scheme({"E": 2, "C": 1}, {"sex": ("f", "m"), "stage": ("1", "2")})
    model = rich_model(
        randomization=Minimization(scheme), events={"C": Hazard(0.1), "E": 0.6}, dropout=None,
        accrual=Accrual.uniform(n=60, duration=6), looks=(TrialLook(events=40),),
    )  # fmt: skip
    _, patients = drawn(model, 3000)
    shares = patients.arm.mean(axis=0)
    # The largest of 60 deviations: 4.5 standard errors.
    assert np.abs(shares - 2.0 / 3.0).max() <= 4.5 * math.sqrt(2.0 / 9.0 / 3000)
    for stratum in range(4):
        inside = patients.stratum == stratum
        imbalance = np.abs(np.where(inside, 3 * patients.arm - 2, 0).sum(axis=1)) / 3.0
        free = math.sqrt(2.0 / 9.0 * inside.sum(axis=1).mean())
        assert imbalance.mean() < 0.8 * free


def dates_by_a_loop(patients, model, look):
    """The date of a look of each trial, from its words."""
    found = []
    for trial in range(len(patients.entry)):
        entry, loss, arm = patients.entry[trial], patients.dropout[trial], patients.arm[trial]
        own = (patients.death if look.endpoint == "death" else patients.seen)[trial]
        dates = []
        if look.events is not None:
            counted = [
                int(entry[i] + own[i]) for i in range(len(entry))
                if own[i] <= loss[i] and own[i] < NEVER and (not look.arms or model.arms[arm[i]] in look.arms)
            ]  # fmt: skip
            dates.append(sorted(counted)[look.events - 1] if len(counted) >= look.events else math.inf)
        if look.time is not None:
            dates.append(round(look.time * TICKS))
        if look.follow_up is not None:
            dates.append(int(entry[-1]) + round(look.follow_up * TICKS))
        latest = HORIZON if look.latest is None else round(look.latest * TICKS)
        found.append(min(max(dates) if look.when == "last" else min(dates), latest))
    return found


@pytest.mark.parametrize(
    "look",
    [
        TrialLook(events=100),
        TrialLook(events=45, arms=("C",)),
        TrialLook(events=140, arms=("C", "E"), follow_up=5.0),
        TrialLook(follow_up=6.0),
        TrialLook(events=120, time=20.0),
        TrialLook(events=120, time=22.0, when="first"),
        TrialLook(events=60, endpoint="death", follow_up=1.0, when="first"),
        TrialLook(events=190, latest=45.0),
        TrialLook(events=30, arms=("E",), endpoint="death", time=15.0, follow_up=0.0, latest=33.0),
    ],
    ids=repr,
)
def test_looks_come_when_their_conditions_hold(look):
    model = palmira(deaths=deaths(), dropout=Dropout(0.01), looks=(look,))
    trial, patients = drawn(model, 60)
    found = general_looks.look_times(trial.spec, patients)[:, 0].tolist()
    assert found == dates_by_a_loop(patients, model, look)
    out = np.empty((field_count(trial.spec), 1, 60))
    general_trials.simulate_chunk(trial, 515, 0, 60, out)
    assert out[TIME, 0].tolist() == found
