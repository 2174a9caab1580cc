"""The compiled search is the plain one, step by step; the witness's numbers are those of `analysis`."""

import math

import numpy as np
import pytest

from equipoise.analysis import cox, logrank
from equipoise.evidence.feasibility_start import draw_patients, draw_steps
from equipoise.evidence.feasibility_targets import ARMS, Wanted, targets_of
from equipoise.evidence.standard_error import Reading
from equipoise.kernels.compiled import feasibility as compiled
from equipoise.kernels.plain import feasibility as plain
from made_up_endpoints import made_up_endpoint


def case(seed):
    trial = made_up_endpoint(seed)
    wanted = Wanted(trial, trial.results[0], Reading())
    return targets_of(wanted), draw_patients(wanted, seed, 0)


@pytest.mark.parametrize("seed", range(4))
def test_plain_and_compiled_annealing_make_the_same_patients(seed):
    found = []
    for module in (plain, compiled):
        targets, patients = case(seed)
        result = module.anneal(
            patients.time, patients.arm, patients.event, patients.edges, patients.rule, targets.landmark,
            targets.median, targets.effect, targets.test, draw_steps(seed, 0, 30), np.array([0.1, 0.003]),
        )  # fmt: skip
        found.append((result, patients))
    (steps, miss), (own_steps, own_miss) = found[0][0], found[1][0]
    assert steps == own_steps
    assert miss == pytest.approx(own_miss, rel=1e-9)
    assert np.array_equal(found[0][1].time, found[1][1].time)
    assert np.array_equal(found[0][1].event, found[1][1].event)


@pytest.mark.parametrize("seed", range(4))
def test_the_kernel_s_ratio_and_test_are_those_of_analysis(seed):
    _, patients = case(seed)
    left = np.array([(patients.arm == a).sum() for a in (0, 1)], dtype=float)
    room = np.empty((len(patients.time), 2))
    none = np.full((2, 7), math.nan)
    _, d = plain.curve_misses(
        patients.time, patients.arm, patients.event, left, np.full((0, 9), math.nan), none, room
    )  # fmt: skip
    observed = float((patients.arm * patients.event).sum())
    b, information = plain.cox_binary(room, d, observed, 0.0)
    label = np.array(ARMS)[patients.arm]
    fit = cox(patients.time, patients.event, label, reference=ARMS[0])
    assert b == pytest.approx(float(fit.coef[0]), abs=1e-9)
    assert 1.0 / math.sqrt(information) == pytest.approx(float(fit.std_error[0]), rel=1e-7)
    z = logrank(patients.time, patients.event, label, reference=ARMS[0]).z
    assert plain.logrank_binary(room, d, observed) == pytest.approx(z, rel=1e-9)
