"""Event times as constant hazards in pieces: as close as a design needs, against closed forms."""

import math

import numpy as np
import pytest

from equipoise.design.assumed_hazards import Progression, hazard_in_pieces, mixture
from equipoise.design.hazards import Hazard

LAWS = {
    "Weibull, rising": lambda t: math.exp(-((t / 8.0) ** 1.8)),
    "Weibull, falling": lambda t: math.exp(-((t / 8.0) ** 0.7)),
    "log-normal": lambda t: 0.5 * math.erfc(math.log(max(t, 1e-300) / 6.0) / (0.9 * math.sqrt(2.0))),
    "a third cured": lambda t: 1.0 / 3.0 + 2.0 / 3.0 * math.exp(-0.2 * t),
    "two groups": mixture([(0.3, lambda t: math.exp(-0.3 * t)), (0.7, lambda t: math.exp(-0.05 * t))]),
}


@pytest.mark.parametrize("name", LAWS)
def test_survival_is_met(name):
    hazard = hazard_in_pieces(LAWS[name])
    for t in np.linspace(0.05, 60.0, 241):
        assert float(hazard.survival(t)) == pytest.approx(LAWS[name](t), abs=2e-3), t


def test_pieces_end_on_the_curve():
    hazard = hazard_in_pieces(LAWS["log-normal"])
    for end in hazard.breaks:
        assert float(hazard.survival(end)) == pytest.approx(LAWS["log-normal"](end), rel=1e-9)


@pytest.mark.parametrize("since_randomization", [False, True])
def test_illness_and_death_with_constant_hazards(since_randomization):
    """S(t) = exp(-(a+b)t) + a / (a+b-c) (exp(-ct) - exp(-(a+b)t)); constant hazards have no clock."""
    a, b, c = 0.15, 0.02, 0.06
    group = Progression(
        lambda t: math.exp(-a * t), lambda t: math.exp(-b * t), Hazard(c), since_randomization, 0.4, 0.5
    )
    survival, first = group.death(), group.first()

    def closed(t: float, after: float) -> float:
        out = math.exp(-(a + b) * t)
        return out + a / (a + b - after) * (math.exp(-after * t) - out)

    for t in (0.5, 3.0, 12.0, 30.0, 60.0):
        assert survival(t) == pytest.approx(0.6 * closed(t, c) + 0.4 * closed(t, 0.5 * c), abs=2e-4)
        assert first(t) == pytest.approx(math.exp(-(a + b) * t), rel=1e-12)


def test_the_clock_matters_where_the_hazard_after_changes():
    after = Hazard((0.01, 0.3), (10.0,))
    groups = [Progression(lambda t: math.exp(-0.1 * t), lambda _: 1.0, after, clock) for clock in (False, True)]
    from_progression, from_randomization = (group.death()(20.0) for group in groups)
    assert from_progression > from_randomization + 0.05
