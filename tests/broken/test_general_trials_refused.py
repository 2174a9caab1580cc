"""What the general engine's spec refuses."""

import pytest

from equipoise.errors import ArgumentError
from equipoise.kernels.plain.general_spec import (
    CurvePoint,
    IllnessDeath,
    Scans,
    build_general,
    piecewise,
    weibull,
)
from equipoise.kernels.plain.trial_spec import Pieces
from made_up_general_trials import palmira_like

EXPONENTIAL = [piecewise((0.1,))] * 8


@pytest.mark.parametrize(
    ("message", "given"),
    [
        ("laws are given beside", {"laws": EXPONENTIAL, "course": IllnessDeath(None, EXPONENTIAL, EXPONENTIAL)}),
        ("7 laws are given", {"laws": EXPONENTIAL[:7]}),
        ("not piecewise", {"course": IllnessDeath(None, EXPONENTIAL, [weibull(1.0, 2.0)] * 8)}),
        ("event rules are given for 2 looks", {"rules": [[], []]}),
        ("scans come every 0.0", {"scans": Scans((0.0,))}),
        ("time 500.0 is not above 0 and at most 128", {"landmarks": [CurvePoint(500.0)]}),
        ("the day -1.0 is not above 0", {"day": -1.0}),
        ("Weibull law with shape 0.0", {"laws": [weibull(0.0, 3.0), *EXPONENTIAL[1:]]}),
        ("cured share 1.0", {"laws": [piecewise((0.1,), (), 1.0), *EXPONENTIAL[1:]]}),
        ("hazards", {"laws": [piecewise((0.1, -0.2), (3.0,)), *EXPONENTIAL[1:]]}),
        ("breaks", {"laws": [piecewise((0.1, 0.2), (3.0, 4.0)), *EXPONENTIAL[1:]]}),
        ("switch_probability", {"course": IllnessDeath(None, EXPONENTIAL, EXPONENTIAL, False, (1.2, 0.0))}),
        ("switch_factor", {"course": IllnessDeath(None, EXPONENTIAL, EXPONENTIAL, False, (0.2, 0.0), (0.0, 1.0))}),
        ("endpoint 1 is asked for", {"landmarks": [CurvePoint(3.0, 1)]}),
    ],
)
def test_refused(message, given):
    with pytest.raises(ArgumentError, match=message) as found:
        build_general(palmira_like(), **given)
    assert found.value.code == "argument-invalid"


def test_too_many_arms_are_refused():
    base = palmira_like(prevalence=(1.0,), event=Pieces([0.1]), dropout=None, blocks=[[1] * 61])
    with pytest.raises(ArgumentError, match="the trial has 61 arms"):
        build_general(base)
