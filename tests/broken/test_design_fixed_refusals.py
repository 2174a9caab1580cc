"""Designs that cannot be: each is refused with its code, what is wrong, and what can be had instead."""

import pytest

from equipoise.design import (
    Accrual,
    Dropout,
    Hazard,
    Stratum,
    allocation_tradeoff,
    detectable_hazard_ratio,
    events_required,
    expected_accrual,
    expected_events,
    fixed_design,
    power_curve,
    power_of,
    sensitivity_grid,
    time_of_events,
)
from equipoise.errors import ArgumentError, DesignError

TEST = {"alpha": 0.05, "sides": 2}
WORLD = {"control": Hazard.from_median(3.6), "dropout": Dropout(0.01), "ratio": 2}
UNIFORM = Accrual.uniform(n=198, duration=24)


def refusal(kind, code, function, /, *args, **options):
    with pytest.raises(kind, match=code) as caught:
        function(*args, **options)
    return str(caught.value)


def argument(function, /, *args, **options):
    return refusal(ArgumentError, "argument-invalid", function, *args, **options)


def unreachable(function, /, *args, **options):
    return refusal(DesignError, "design-unreachable", function, *args, **options)


def unknowns(**options):
    return refusal(DesignError, "design-unknowns", fixed_design, **options, **TEST)


def test_a_hazard_ratio_of_one_has_no_number_of_events():
    said = unreachable(events_required, 1.0, power=0.8, **TEST)
    assert "power is the one-sided alpha there" in said


def test_a_hazard_ratio_above_one():
    said = unreachable(events_required, 1.5, power=0.8, **TEST)
    assert "the control arm does better there" in said
    assert "reciprocal" in said
    with pytest.raises(DesignError, match="no better"):
        fixed_design(hazard_ratio=1.0, power=0.8, accrual=UNIFORM, **WORLD, **TEST)


def test_alpha_at_or_above_power():
    said = argument(events_required, 0.6, alpha=0.1, sides=1, power=0.1)
    assert "power is 0.1" in said
    assert "alpha = 0.1" in said


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, float("nan"), "0.05"])
def test_alpha(alpha):
    assert "alpha is" in argument(power_of, 100, hazard_ratio=0.6, alpha=alpha, sides=2)


@pytest.mark.parametrize("sides", [0, 3, True, "two", None])
def test_sides(sides):
    assert "sides is" in argument(power_of, 100, hazard_ratio=0.6, alpha=0.05, sides=sides)


@pytest.mark.parametrize("ratio", [0, -1, (2, 1, 1), "2:1", (2, 0), float("inf")])
def test_ratio(ratio):
    assert "ratio is" in argument(power_of, 100, hazard_ratio=0.6, ratio=ratio, **TEST)


@pytest.mark.parametrize("events", [0, -5, float("nan"), "many", True])
def test_events(events):
    assert "events is" in argument(power_of, events, hazard_ratio=0.6, **TEST)


def test_unknown_method_names_the_nearest():
    said = argument(events_required, 0.6, power=0.8, method="shoenfeld", **TEST)
    assert "did you mean 'schoenfeld'?" in said


def test_freedman_has_a_least_number_of_events():
    said = unreachable(detectable_hazard_ratio, 5, power=0.8, method="freedman", **TEST)
    assert "it needs more than 7.849 events" in said


@pytest.mark.parametrize(
    ("rates", "breaks", "said"),
    [
        (-0.1, (), "zero or above"),
        ([0.1, 0.2], (), "do not belong together"),
        ([0.1, 0.2, 0.3], (5, 5), "times that rise"),
        ([0.1, 0.2], (0,), "times that rise"),
        (float("inf"), (), "finite"),
        ("fast", (), "a number or a sequence"),
    ],
)
def test_hazards(rates, breaks, said):
    assert said in argument(Hazard.from_rates, rates, breaks)


def test_hazards_from_medians_and_survival():
    assert "median is 0" in argument(Hazard.from_median, 0)
    assert "falling from 1" in argument(Hazard.from_survival, [6, 12], [0.5, 0.6])
    assert "times that rise" in argument(Hazard.from_survival, [6, 6], [0.5, 0.4])
    assert "times from zero on" in argument(Hazard(0.1).survival, -1.0)
    assert "probability" in argument(Hazard(0.1).quantile, 1.0)


def test_dropouts():
    assert "together with the time" in argument(Dropout)
    assert "together with the time" in argument(Dropout, probability=0.1)
    assert "together with the time" in argument(Dropout, 0.1, probability=0.1, at=12)
    assert "0 to below 1" in argument(Dropout, probability=1.0, at=12)
    assert "zero or above" in argument(Dropout, -0.01)
    assert "breaks belong to rates" in argument(Dropout, probability=0.1, at=12, breaks=(3,))
    options = {"accrual": UNIFORM, "control": Hazard(0.1), "hazard_ratio": 0.6}
    assert "Dropout(rate)" in argument(expected_events, 10, dropout=0.01, **options)
    assert "one Dropout for both arms" in argument(expected_events, 10, dropout={"control": Dropout(0.1)}, **options)


def test_accruals():
    assert "at least one rate" in argument(Accrual.uniform, rate=0.0, duration=3)
    assert "leave out one of the three" in argument(Accrual.uniform, n=100, rate=2.0, duration=24)
    assert "before the end of accrual" in argument(Accrual.piecewise, [1, 2], [30], duration=24)
    assert "n is -3" in argument(Accrual.uniform, n=-3, duration=24)
    assert "whole number" in argument(Accrual.ramp, ramp=3, rate=2, duration=9, steps=0)
    assert "n and duration" in argument(Accrual.uniform(n=10).enrolled, 3.0)
    assert "n and duration" in argument(Accrual.uniform(n=10).sped, 2.0)
    assert "an accrual with rates" in argument(Accrual.uniform(n=10).time_of, 5)


def test_patients_that_never_come():
    said = unreachable(Accrual.piecewise, [5, 0], [10], n=60)
    assert "the rates bring 50, by 10" in said
    assert "bring 198, by 24" in unreachable(UNIFORM.time_of, 300)


def test_an_open_accrual_has_no_expectation():
    options = {"control": Hazard(0.1), "hazard_ratio": 0.6}
    assert "leaves its n open" in argument(expected_events, 10, accrual=Accrual.uniform(duration=24), **options)
    assert "leaves its duration open" in argument(expected_accrual, 10, accrual=Accrual.uniform(n=100))
    assert "an Accrual" in argument(time_of_events, 10, accrual=24, **options)
    assert "one number of events or several" in argument(time_of_events, [], accrual=UNIFORM, **options)


@pytest.mark.parametrize("time", [-1.0, [], [[1.0]], float("inf"), "June"])
def test_times(time):
    options = {"accrual": UNIFORM, "control": Hazard(0.1), "hazard_ratio": 0.6}
    assert "time is" in argument(expected_events, time, **options)


def test_hazards_of_the_arms():
    options = {"accrual": UNIFORM, "control": Hazard(0.1)}
    assert "both missing" in argument(expected_events, 10, **options)
    assert "both given" in argument(expected_events, 10, experimental=Hazard(0.1), hazard_ratio=0.6, **options)
    assert "a Hazard" in argument(expected_events, 10, accrual=UNIFORM, control=0.1, hazard_ratio=0.6)


def test_strata():
    options = {"accrual": UNIFORM, "hazard_ratio": 0.6}
    half = {"a": Stratum(0.5, Hazard(0.1)), "b": Stratum(0.4, Hazard(0.1))}
    assert "sum to 0.9" in argument(expected_events, 10, strata=half, **options)
    assert "both given" in argument(expected_events, 10, strata=half, control=Hazard(0.1), **options)
    assert "Stratum(share, control)" in argument(expected_events, 10, strata={"a": 1.0}, **options)
    assert "shares that sum to 1" in argument(expected_accrual, 10, accrual=UNIFORM, strata={"a": 0.4})
    whole = {"a": Stratum(0.5, Hazard(0.1), hazard_ratio=0.7), "b": Stratum(0.5, Hazard(0.2))}
    assert "effect of its own" in argument(fixed_design, strata=whole, follow_up=3, **options, **TEST)
    plain = {"a": Stratum(1.0, Hazard(0.1))}
    assert "one of a" in argument(expected_events(10, strata=plain, **options).by_stratum, "b")


def test_events_that_cannot_be_reached_say_the_most_and_when():
    said = unreachable(time_of_events, 190, accrual=UNIFORM, hazard_ratio=0.59, **WORLD)
    assert "at most 184.06" in said
    assert "99% of the maximum is expected by time" in said
    said = unreachable(fixed_design, events=190, accrual=UNIFORM, hazard_ratio=0.59, **WORLD, **TEST)
    assert "190 events cannot be reached, however long the follow-up: at most 184.06" in said


def test_power_that_cannot_be_reached_says_the_most_and_when():
    said = unreachable(fixed_design, power=0.99, accrual=UNIFORM, hazard_ratio=0.59, **WORLD, **TEST)
    assert "power 0.99 cannot be reached, however long the follow-up" in said
    assert "with power 0.92" in said
    assert "99% of the most events is expected by time" in said


def test_a_fixed_number_that_comes_at_any_speed():
    few = Accrual.uniform(n=60)
    said = unreachable(fixed_design, power=0.9, accrual=few, follow_up=3, hazard_ratio=0.59, **WORLD, **TEST)
    assert "however long the accrual" in said
    many = Accrual.uniform(n=2000)
    said = unreachable(fixed_design, power=0.8, accrual=many, follow_up=3, hazard_ratio=0.59, **WORLD, **TEST)
    assert "every duration of accrual gives more than is asked for" in said


def test_accrual_that_dries_up():
    drying = Accrual.piecewise([5, 0], [10])
    said = unreachable(fixed_design, power=0.8, accrual=drying, follow_up=3, hazard_ratio=0.59, **WORLD, **TEST)
    assert "because accrual stops" in said


def test_no_events_ever():
    options = {"accrual": UNIFORM, "hazard_ratio": 0.6}
    assert "no events ever happen" in argument(time_of_events, 10, control=Hazard(0.0), **options)
    said = unreachable(
        fixed_design, power=0.8, accrual=Accrual.uniform(duration=9), follow_up=3, control=Hazard(0.0),
        hazard_ratio=0.6, **TEST,
    )  # fmt: skip
    assert "however many patients" in said


def test_hazard_ratio_that_does_not_exist():
    tiny = Accrual.uniform(n=6, duration=24)
    said = unreachable(fixed_design, power=0.95, accrual=tiny, follow_up=5, method="freedman", **WORLD, **TEST)
    assert "no hazard ratio gives power 0.95" in said


def test_nothing_left_to_solve_for():
    said = unknowns(hazard_ratio=0.59, power=0.8, accrual=UNIFORM, follow_up=5, **WORLD)
    assert "nothing is left to solve for" in said
    assert "leave out power" in said


def test_two_of_the_calendar_open():
    said = unknowns(hazard_ratio=0.59, power=0.8, accrual=Accrual.uniform(duration=24), **WORLD)
    assert "n and follow-up are both open" in said
    said = unknowns(hazard_ratio=0.59, power=0.8, accrual=Accrual.uniform(), follow_up=5, **WORLD)
    assert "accrual duration and n are both open" in said


def test_nothing_to_find_it_by():
    said = unknowns(hazard_ratio=0.59, accrual=UNIFORM, **WORLD)
    assert "follow-up is open, and no power is given to find it by" in said
    said = unknowns(events=100, accrual=UNIFORM, follow_up=5, **WORLD)
    assert "give the power instead of the events" in said
    said = unknowns(power=0.8, accrual=UNIFORM, **WORLD)
    assert "hazard ratio and follow-up are both open" in said
    assert "give the events as well" in said


def test_events_and_power_contradict():
    said = unknowns(hazard_ratio=0.59, events=100, power=0.8, accrual=UNIFORM, **WORLD)
    assert "events and power are both given, and only follow-up is open" in said


def test_rounding_to_a_ratio_without_whole_numbers():
    options = {"accrual": Accrual.uniform(duration=24), "follow_up": 5, "power": 0.8, "hazard_ratio": 0.59}
    said = refusal(
        DesignError, "design-unknowns", fixed_design, control=Hazard(0.1), ratio=1.2345, integer=True,
        n_rule="ratio", **options, **TEST,
    )  # fmt: skip
    assert "no small whole numbers" in said
    assert "did you mean 'nearest'" in argument(fixed_design, n_rule="neerest", **options, **WORLD, **TEST)


def test_hazards_that_are_not_proportional():
    options = {"accrual": UNIFORM, "follow_up": 5, "control": Hazard(0.1), **TEST}
    delayed = Hazard.piecewise([0.1, 0.05], [4])
    assert "not proportional" in argument(fixed_design, experimental=delayed, **options)
    assert "weighted_logrank_design" in argument(fixed_design, experimental=delayed, **options)
    assert "without hazard_ratio" in argument(fixed_design, experimental=delayed, hazard_ratio=0.6, **options)


def test_lachin_foulkes_needs_constant_hazards():
    options = {"accrual": UNIFORM, "follow_up": 5, "hazard_ratio": 0.6, "method": "lachin-foulkes", **TEST}
    said = argument(fixed_design, control=Hazard.piecewise([0.1, 0.05], [4]), **options)
    assert "lachin-foulkes-log" in said
    strata = {"a": Stratum(0.5, Hazard(0.1)), "b": Stratum(0.5, Hazard(0.2))}
    assert "one stratum" in argument(fixed_design, strata=strata, **options)


def test_accrual_and_follow_up_of_a_design():
    assert "an Accrual" in argument(fixed_design, hazard_ratio=0.6, accrual=198, control=Hazard(0.1), **TEST)
    options = {"hazard_ratio": 0.6, "accrual": UNIFORM, "control": Hazard(0.1), **TEST}
    assert "follow_up is -1" in argument(fixed_design, follow_up=-1, **options)


def test_curves_grids_and_tradeoffs():
    design = power_of(100, hazard_ratio=0.6, **TEST)
    assert "above zero" in argument(power_curve, design, [0.5, -1.0])
    assert "power_at" in argument(power_curve, 0.5, [0.5])
    assert "the result of fixed_design" in argument(sensitivity_grid, design)
    whole = fixed_design(hazard_ratio=0.6, accrual=UNIFORM, control=Hazard(0.1), follow_up=5, **TEST)
    assert "at least one of each" in argument(sensitivity_grid, whole, hazard_ratios=[])
    assert "accrual_factors is 0" in argument(sensitivity_grid, whole, accrual_factors=[0])
    assert "a sequence of ratios" in argument(allocation_tradeoff, ())
    assert "ratios takes its place" in argument(allocation_tradeoff, (1, 2), ratio=1)
