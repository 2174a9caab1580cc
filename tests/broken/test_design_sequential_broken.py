"""Group-sequential designs that cannot be, one test for each way."""

import math

import pytest

from equipoise.design import Accrual, Boundary, Hazard, Spending, group_sequential, sequential_trial
from equipoise.errors import ArgumentError, DesignError

SIDE = {"alpha": 0.025, "sides": 1}


@pytest.mark.parametrize(
    ("information", "message"),
    [
        ([50, 150, 120], "spending-invalid.*look 3 is 120, after 150"),
        ([50, 50, 120], "spending-invalid.*look 2 is 50, after 50"),
        ([-1, 50], "spending-invalid.*look 1 is -1"),
        ([0.5, 0.50001, 1.0], "spending-invalid.*hardly above"),
        ([0.5, math.nan], "spending-invalid.*nan"),
        ([], "spending-invalid"),
    ],
)
def test_information_that_does_not_grow(information, message):
    with pytest.raises(DesignError, match=f"(?s){message}"):
        group_sequential(information, **SIDE)


@pytest.mark.parametrize("information", [0, 101, 120, True, "five", None, [0.3, 0.9], [0.5, "x"]])
def test_information_of_no_kind(information):
    with pytest.raises(ArgumentError, match="argument-invalid.*information"):
        group_sequential(information, **SIDE)


def test_points_that_exceed_alpha():
    spending = Spending.user([(0.5, 0.01), (1.0, 0.03)])
    with pytest.raises(DesignError, match=r"spending-invalid.*0\.03, which exceeds alpha"):
        group_sequential(2, efficacy=spending, **SIDE)
    with pytest.raises(DesignError, match=r"falls short of alpha"):
        group_sequential(2, efficacy=spending, alpha=0.1, sides=2)
    with pytest.raises(DesignError, match=r"exceeds 1 - power"):
        group_sequential(2, futility=Spending.user([(0.5, 0.1), (1.0, 0.3)]), power=0.8, **SIDE)


def test_bounds_that_exceed_alpha():
    with pytest.raises(DesignError, match=r"spending-invalid.*spend 0\.0415\d+ of alpha 0\.025"):
        group_sequential(2, efficacy=[1.96, 1.96], **SIDE)
    with pytest.raises(DesignError, match="spending-invalid.*spend"):
        group_sequential(2, efficacy=[1.9, None], **SIDE)
    with pytest.raises(ArgumentError, match=r"interim bounds at 1\.5 spend"):
        group_sequential(2, efficacy=Boundary("haybittle-peto", 1.5), **SIDE)


@pytest.mark.parametrize(
    "points", [[(0.5, 0.02), (1.0, 0.01)], [(0.5, 0.01), (0.4, 0.02), (1.0, 0.025)], [(0.5, 0.01)], [(1.0, 0.0)]]
)
def test_points_that_fall(points):
    with pytest.raises(DesignError, match="spending-invalid.*points"):
        Spending.user(points)


def test_spending_time_that_falls():
    with pytest.raises(DesignError, match="spending-invalid.*spending_time"):
        group_sequential(3, spending_time=[0.5, 0.4, 1.0], **SIDE)
    with pytest.raises(ArgumentError, match="one fraction for each of 3 looks"):
        group_sequential(3, spending_time=[0.5, 1.0], **SIDE)


def test_futility_above_efficacy():
    with pytest.raises(DesignError, match=r"spending-invalid.*reaches the efficacy bound at look 2"):
        group_sequential(3, efficacy=Boundary("pocock"), futility=[0.0, 2.5], power=0.9, **SIDE)


def test_alpha_above_power():
    with pytest.raises(ArgumentError, match="(?s)power is 0.02.*above alpha"):
        group_sequential(2, alpha=0.025, sides=1, power=0.02)


@pytest.mark.parametrize("hazard_ratio", [1.0, 1.4, 0.0, -1.0, math.nan])
def test_hazard_ratio_without_benefit(hazard_ratio):
    with pytest.raises(ArgumentError, match="argument-invalid.*hazard_ratio is"):
        group_sequential(2, power=0.8, hazard_ratio=hazard_ratio, **SIDE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"efficacy": [2.0, 2.0, 2.0]}, "a Z value for each of 2 looks"),
        ({"efficacy": [None, 2.0]}, "a Z value for each of 2 looks"),
        ({"efficacy": "obrien"}, "no spending function is called 'obrien'.*obrien-fleming"),
        ({"efficacy": 3.0}, "efficacy is 3.0"),
        ({"futility": [0.1, 0.2, 0.3], "power": 0.9}, "a Z value for each of 1 interims"),
        ({"futility": Boundary("pocock"), "power": 0.9}, "classical shapes are for alpha"),
        ({"efficacy": Boundary("pocock"), "futility": "pocock", "binding": True, "power": 0.9}, "binding is True"),
        ({"efficacy_at": [1]}, "the last look, 2, always"),
        ({"futility_at": [3]}, "numbered from 1 to 2"),
        ({"engine": "fast"}, "engine is 'fast'"),
        ({"alpha": 1.2}, "alpha is 1.2"),
        ({"alpha": 0.6}, "alpha is 0.6"),
        ({"sides": 3}, "sides is 3"),
        ({"ratio": 0}, "ratio is 0"),
        ({"harm": "minimal"}, "no spending function is called 'minimal'"),
    ],
)
def test_arguments_that_do_not_fit(arguments, message):
    with pytest.raises(ArgumentError, match=f"(?s){message}"):
        group_sequential(2, **(SIDE | arguments))


@pytest.mark.parametrize(
    ("information", "arguments", "message"),
    [
        ([50, 100], {"power": 0.9, "hazard_ratio": 0.7}, "all given"),
        (2, {"hazard_ratio": 0.7}, "neither power nor events"),
        (2, {"futility": "pocock"}, "without an alternative"),
        (2, {"power": 0.9, "integer": True}, "no events to round"),
    ],
)
def test_too_much_or_too_little(information, arguments, message):
    with pytest.raises(DesignError, match=f"design-unknowns.*{message}"):
        group_sequential(information, **SIDE, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("obf",), "no spending function"),
        (("power",), "needs its parameter"),
        (("pocock", 2.0), "has no parameter"),
        (("power", -1.0), "exponent of power"),
        (("hwang-shih-decani", math.inf), "give a finite number"),
        (("user",), "points belong"),
    ],
)
def test_spending_that_is_none(arguments, message):
    with pytest.raises(ArgumentError, match=f"argument-invalid.*(?s:.*){message}"):
        Spending(*arguments)
    with pytest.raises(ArgumentError, match="no part of the information"):
        Spending("pocock").truncated(start=0.6, stop=0.5)


@pytest.mark.parametrize("arguments", [("peto",), ("pocock", 1), ("wang-tsiatis",), ("haybittle-peto", -3)])
def test_boundary_that_is_none(arguments):
    with pytest.raises(ArgumentError, match="argument-invalid"):
        Boundary(*arguments)


def test_whole_events_that_coincide():
    with pytest.raises(DesignError, match="spending-invalid.*whole events"):
        group_sequential([0.97, 0.98, 1.0], power=0.8, hazard_ratio=0.3, integer=True, **SIDE)


def test_monitoring_that_cannot_be():
    design = group_sequential([50, 100], hazard_ratio=0.6, **SIDE)
    with pytest.raises(DesignError, match="spending-invalid.*information seen"):
        design.at([60, 55])
    with pytest.raises(DesignError, match="(?s)spending-invalid.*all error is spent at 100"):
        design.at([60, 110, 120], final=True)
    with pytest.raises(ArgumentError, match="2 looks are planned"):
        design.at([20, 40, 60])
    with pytest.raises(ArgumentError, match="spending_time is missing"):
        group_sequential([50, 100], spending_time=[0.6, 1.0], **SIDE).at([50])


def test_questions_without_an_answer():
    design = group_sequential(2, **SIDE)
    with pytest.raises(DesignError, match="design-unknowns.*power at a hazard ratio"):
        design.power_at(0.7)
    with pytest.raises(ArgumentError, match="no scale is called 'zz'"):
        design.on_scale("zz")
    with pytest.raises(ArgumentError, match="bound is 'middle'"):
        design.on_scale("z", "middle")
    with pytest.raises(ArgumentError, match="effect is 'hope'"):
        design.on_scale("conditional-power", effect="hope")
    with pytest.raises(ArgumentError, match="under is 'hope'"):
        design.expected_events("hope")
    with pytest.raises(DesignError, match="design-unknowns.*no events"):
        sequential_trial(design, accrual=Accrual.uniform(n=10, duration=1), control=Hazard(0.1))


def test_a_trial_without_patients_or_with_too_many():
    design = group_sequential([50, 100], hazard_ratio=0.6, **SIDE)
    with pytest.raises(DesignError, match="design-unknowns.*no n"):
        sequential_trial(design, accrual=Accrual.uniform(duration=12), control=Hazard(0.1))
    with pytest.raises(ArgumentError, match="follow_up is 5"):
        sequential_trial(design, accrual=Accrual.uniform(n=200, duration=12), control=Hazard(0.1), follow_up=5)
    with pytest.raises(DesignError, match="design-unreachable"):
        sequential_trial(design, accrual=Accrual.uniform(n=90, duration=12), control=Hazard(0.1))
