"""Expected events in closed form equal numerical integration, whatever is piecewise, by arm and by stratum."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from equipoise.design import Accrual, Dropout, Hazard, Stratum, expected_events
from equipoise.kernels.plain.piecewise_events import Course

HAZARDS = {
    "constant": Hazard(0.09),
    "falling": Hazard.piecewise([0.2, 0.05, 0.01], [2, 9]),
    "gap": Hazard.piecewise([0.0, 0.3, 0.0], [3, 5]),
    "rare": Hazard(1e-9),
    "frequent": Hazard.piecewise([40.0, 3.0], [0.05]),
}
LOSSES = {"none": None, "constant": Dropout(0.02), "late": Dropout((0.0, 0.1), breaks=(4.0,))}
ACCRUALS = {
    "uniform": Accrual.uniform(n=100, duration=12),
    "pieces": Accrual.piecewise([1, 7, 0, 12], [3, 6.5, 8], duration=14),
    "ramp": Accrual.ramp(ramp=6, rate=9, duration=10),
}
TIMES = (0.7, 4.0, 9.3, 14.0, 40.0)


def chance(hazard: Hazard, loss: Hazard, age: float) -> float:
    """P(event observed by this age), piece by piece."""
    cuts = [0.0, *sorted(c for c in (*hazard.breaks, *loss.breaks) if c < age), age]

    def density(x: float) -> float:
        return hazard.at(x) * np.exp(-hazard.cumulative(x) - loss.cumulative(x))

    parts = pairwise(cuts)
    return sum(quad(density, a, b, epsabs=1e-15, epsrel=1e-13)[0] for a, b in parts)


def integral(accrual: Accrual, course: Course, time: float, power: int) -> float:
    """int a(u) F(t - u)^power du, split at every kink, F itself being held to quadrature by another test."""
    cuts = {0.0, *(t for t in accrual.edges.tolist() if t < time), min(time, accrual.end)}
    cuts |= {time - s for s in course.starts.tolist() if 0.0 < time - s < accrual.end}
    ordered = sorted(cuts)

    def seen(arrival: float) -> float:
        return course.probability(np.array([time - arrival]))[0] ** power

    total = 0.0
    for a, b in pairwise(ordered):
        rate = accrual.rates[int(np.searchsorted(accrual.edges, (a + b) / 2, side="right")) - 1]
        total += rate * quad(seen, a, b, epsrel=1e-13, limit=200)[0]
    return total


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("hazard", HAZARDS)
def test_probability_of_an_event(hazard, loss):
    event = HAZARDS[hazard]
    lost = Hazard(0.0) if LOSSES[loss] is None else LOSSES[loss].hazard
    course = Course(event.arrays, lost.arrays)
    ages = np.array([0.01, 1.0, 2.0, 3.5, 7.0, 20.0])
    by_quadrature = [chance(event, lost, age) for age in ages.tolist()]
    np.testing.assert_allclose(course.probability(ages), by_quadrature, rtol=1e-11, atol=1e-17)


@pytest.mark.parametrize("accrual", ACCRUALS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("hazard", HAZARDS)
def test_expected_events_and_variance(hazard, loss, accrual):
    event, arriving = HAZARDS[hazard], ACCRUALS[accrual]
    lost = Hazard(0.0) if LOSSES[loss] is None else LOSSES[loss].hazard
    course = Course(event.arrays, lost.arrays)
    found = expected_events(TIMES, accrual=arriving, control=event, hazard_ratio=1.0, dropout=LOSSES[loss])
    first = [integral(arriving, course, t, 1) for t in TIMES]
    second = [integral(arriving, course, t, 2) for t in TIMES]
    np.testing.assert_allclose(found.total, first, rtol=1e-11, atol=1e-18)
    # a difference of two integrals of up to 100: exact to 1e-12 of these
    np.testing.assert_allclose(found.variance.sum(axis=(0, 1)), np.subtract(first, second), rtol=1e-9, atol=1e-12)


def test_strata_and_arms():
    accrual = ACCRUALS["pieces"]
    strata = {
        "a": Stratum(0.3, HAZARDS["falling"]),
        "b": Stratum(0.7, HAZARDS["constant"], hazard_ratio=0.5, dropout=Dropout(0.05)),
    }
    found = expected_events(20.0, accrual=accrual, strata=strata, hazard_ratio=0.8, dropout=Dropout(0.01), ratio=2)
    arms = {
        (0, 0): (HAZARDS["falling"], 0.01, 0.1), (0, 1): (HAZARDS["falling"].times(0.8), 0.01, 0.2),
        (1, 0): (HAZARDS["constant"], 0.05, 0.7 / 3), (1, 1): (HAZARDS["constant"].times(0.5), 0.05, 1.4 / 3),
    }  # fmt: skip
    for (stratum, arm), (hazard, loss, share) in arms.items():
        course = Course(hazard.arrays, Hazard(loss).arrays)
        by_quadrature = share * integral(accrual, course, 20.0, 1)
        assert found.events[stratum, arm, 0] == pytest.approx(by_quadrature, rel=1e-11)


def test_variance_is_that_of_independent_patients():
    """Twenty thousand patients at evenly spread arrivals: their p (1 - p) add up to the integral."""
    accrual, hazard = Accrual.uniform(n=20_000, duration=12), HAZARDS["falling"]
    found = expected_events(15.0, accrual=accrual, control=hazard, hazard_ratio=1.0)
    ages = 15.0 - (np.arange(20_000) + 0.5) * 12 / 20_000
    p = 1.0 - hazard.survival(ages)
    assert found.total == pytest.approx(p.sum(), rel=1e-8)
    assert found.variance.sum() == pytest.approx((p * (1 - p)).sum(), rel=1e-7)
