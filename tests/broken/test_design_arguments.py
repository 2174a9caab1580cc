"""What nobody meant: design arguments of the wrong kind, or that say nothing, are refused by name, never used."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from equipoise.design import (
    Accrual,
    Boundary,
    Hazard,
    Spending,
    adjusted_inference,
    conditional_power,
    events_required,
    expected_events,
    fixed_design,
    group_sequential,
    power_curve,
    power_of,
    reestimate_events,
    sensitivity_grid,
    sequential_trial,
    time_of_events,
    weighted_logrank_design,
)
from equipoise.errors import ArgumentError, DesignError, EquipoiseError

ONE: dict[str, Any] = {"alpha": 0.025, "sides": 1}
TWO: dict[str, Any] = {"alpha": 0.05, "sides": 2}
CONTROL = Hazard.from_median(6)
ACCRUAL = Accrual.uniform(n=200, duration=24)
LATE = Hazard.piecewise([CONTROL.rates[0], 0.5 * CONTROL.rates[0]], [3])
PLANNED = group_sequential([50, 100], hazard_ratio=0.6, **ONE)
FRACTIONS = group_sequential([0.5, 1.0], **ONE)
ZONE: dict[str, Any] = {"planned": 300, "maximum": 500, "power": 0.8, "method": "cui-hung-wang"}


def weighted(**given: Any) -> Any:
    shared = {"control": CONTROL, "experimental": LATE, "accrual": ACCRUAL, "time": 24, **ONE}
    return weighted_logrank_design(**(shared | given))


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "a column for a hazard ratio": (lambda: events_required(pd.Series([0.6]), power=0.8, **TWO), "hazard_ratio is 0"),
    "an array of sides": (lambda: events_required(0.6, alpha=0.05, sides=np.ones(2), power=0.8), "sides is array"),
    "an int beyond floats": (lambda: events_required(10**400, power=0.8, **TWO), r"hazard_ratio is 1000.* \.\.\."),
    "a method that is no text": (lambda: events_required(0.6, power=0.8, method=["a"], **TWO), "method is"),  # type: ignore[arg-type]
    "strata as a list": (
        lambda: expected_events(12, accrual=ACCRUAL, strata=[1], hazard_ratio=0.5),  # type: ignore[arg-type]
        "strata is",
    ),
    "text for looks": (lambda: group_sequential("3", **ONE), "information is '3'"),  # type: ignore[arg-type]
    "a word for binding": (
        lambda: group_sequential(3, power=0.9, futility="pocock", binding="no", **ONE),  # type: ignore[arg-type]
        "binding is 'no'",
    ),
    "binding without futility": (lambda: group_sequential(3, power=0.9, binding=True, **ONE), "binding is True"),
    "futility looks without futility": (lambda: group_sequential(3, futility_at=[1], **ONE), "futility_at is"),
    "a harm alpha without harm": (lambda: group_sequential(3, harm_alpha=0.01, **ONE), "harm_alpha is 0.01"),
    "a harm alpha of the mirror image": (lambda: group_sequential(3, harm_alpha=0.01, **TWO), "harm_alpha is 0.01"),
    "half a look": (lambda: group_sequential(3, efficacy_at=[1.5, 3], **ONE), "efficacy_at is"),  # type: ignore[list-item]
    "one number for looks": (lambda: group_sequential(3, efficacy_at=3, **ONE), "efficacy_at is 3"),  # type: ignore[arg-type]
    "a word for looks": (lambda: group_sequential(3, efficacy_at="all", **ONE), "efficacy_at is 'all'"),  # type: ignore[arg-type]
    "one spending time": (lambda: group_sequential(3, spending_time=0.5, **ONE), "spending_time is 0.5"),  # type: ignore[arg-type]
    "NaN as a spending time": (
        lambda: group_sequential(3, spending_time=[0.1, math.nan, 1.0], **ONE), "spending_time is"
    ),
    "futility at the last look": (
        lambda: group_sequential(3, power=0.9, futility=[0.0, 0.5, 1.0], **ONE), "futility is .*"
    ),
    "integer as a word": (
        lambda: group_sequential(3, power=0.9, hazard_ratio=0.7, integer="yes", **ONE),  # type: ignore[arg-type]
        "integer is 'yes'",
    ),
    "NaN in user points": (lambda: Spending.user([(0.5, math.nan), (1.0, 0.025)]), "the points are"),
    "text in user points": (lambda: Spending.user([(0.5, "a"), (1.0, 0.025)]), "points is 'a'"),  # type: ignore[list-item]
    "a spending parameter in letters": (lambda: Spending("power", "a"), "parameter is 'a'"),  # type: ignore[arg-type]
    "a delta in letters": (lambda: Boundary("wang-tsiatis", "a"), "parameter is 'a'"),  # type: ignore[arg-type]
    "a family that is no text": (lambda: Boundary(["pocock"]), "no boundary is called"),  # type: ignore[arg-type]
    "text at an interim": (lambda: PLANNED.at("ab"), "information is 'ab'"),  # type: ignore[arg-type]
    "one number at an interim": (lambda: PLANNED.at(60), "information is 60"),  # type: ignore[arg-type]
    "fractions for events": (lambda: PLANNED.at([0.5]), r"information is \[0.5\]"),
    "events for fractions": (lambda: FRACTIONS.at([60.0]), r"information is \[60.0\]"),
    "power at a word": (lambda: PLANNED.power_at("a"), "hazard_ratio is 'a'"),
    "power at nothing": (lambda: PLANNED.power_at(math.nan), "hazard_ratio is nan"),
    "a design that is none": (lambda: conditional_power(1.0, 50, design="d", effect="null"), "design is 'd'"),  # type: ignore[arg-type]
    "a calendar of no design": (
        lambda: sequential_trial(None, accrual=ACCRUAL, control=CONTROL),  # type: ignore[arg-type]
        "design is None",
    ),
    "a calendar without accrual": (
        lambda: sequential_trial(PLANNED, accrual=None, control=CONTROL),  # type: ignore[arg-type]
        "accrual is None",
    ),
    "a level beyond one half": (
        lambda: reestimate_events(1.5, 150, alpha=0.9, sides=1, **(ZONE | {"power": 0.95})), "alpha is 0.9"
    ),
    "a curve over a word": (lambda: power_curve(PLANNED, "a"), "hazard_ratios is 'a'"),
    "one number for a grid": (
        lambda: sensitivity_grid(
            fixed_design(hazard_ratio=0.6, control=CONTROL, accrual=ACCRUAL, follow_up=6, **TWO), hazard_ratios=0.6  # type: ignore[arg-type]
        ),
        "hazard_ratios is 0.6",
    ),
    "weights in words": (lambda: weighted(weight=lambda t, s: "a"), "weight is"),  # noqa: ARG005
    "weights that are NaN": (lambda: weighted(weight=lambda t, s: t * math.nan), "weight is"),  # noqa: ARG005
    "a weight of one argument": (lambda: weighted(weight=lambda t: t), "weight is"),
    "futility above efficacy": (lambda: weighted(fractions=[0.5], futility=[5.0]), "futility is 5.0"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_refused_by_name(what: str) -> None:
    call, message = REFUSED[what]
    with pytest.raises(ArgumentError, match=message) as caught:
        call()
    assert caught.value.code == "argument-invalid"


def test_a_power_not_above_alpha_is_refused_everywhere() -> None:
    with pytest.raises(ArgumentError, match="power is 0.04"):
        events_required(0.6, power=0.04, **TWO)
    with pytest.raises(ArgumentError, match="power is 0.04"):
        group_sequential(3, power=0.04, **TWO)
    with pytest.raises(ArgumentError, match="power is 0.02"):
        weighted(power=0.02, time=None)


def test_conditional_power_under_the_design_needs_its_hazard_ratio() -> None:
    bounds = group_sequential([50, 100], **ONE)
    with pytest.raises(DesignError, match="no hazard ratio") as caught:
        conditional_power(1.0, 50, design=bounds, effect="design")
    assert caught.value.code == "design-unknowns"


def test_hazards_of_zero_leave_nothing_to_design() -> None:
    with pytest.raises(DesignError, match="no events are expected by time 30") as caught:
        fixed_design(hazard_ratio=0.6, control=Hazard(0.0), accrual=ACCRUAL, follow_up=6, **TWO)
    assert caught.value.code == "design-unreachable"


def test_everyone_never_has_the_event() -> None:
    with pytest.raises(DesignError, match="fewer than 200 are expected"):
        time_of_events(200, accrual=ACCRUAL, control=CONTROL, hazard_ratio=0.6)


def test_a_futility_bound_that_crosses_is_told_as_it_was_given() -> None:
    with pytest.raises(DesignError, match=r"Z 3.5 and 2.96"):
        group_sequential([0.5, 1.0], power=0.9, futility=[3.5], **ONE)


def test_too_much_is_listed_once() -> None:
    with pytest.raises(DesignError, match="follow-up, events and power are all given") as caught:
        fixed_design(hazard_ratio=0.6, control=CONTROL, accrual=ACCRUAL, follow_up=6, power=0.8, events=100, **TWO)
    assert caught.value.code == "design-unknowns"


@pytest.mark.parametrize("alpha", [1e-10, 1e-30, 1e-200])
def test_a_tiny_alpha_is_kept(alpha: float) -> None:
    design = group_sequential(3, alpha=alpha, sides=1, power=0.9)
    assert design.alpha_spent[-1] == pytest.approx(alpha, rel=1e-6)
    assert design.power == pytest.approx(0.9, abs=1e-9)
    assert f"one-sided {alpha:.3g};" in design.text()


@pytest.mark.parametrize("gamma", [-1000.0, -800.0, -40.0, 40.0])
def test_extreme_spending_parameters_stay_numbers(gamma: float) -> None:
    spent = Spending("hwang-shih-decani", gamma).spent([0.5, 0.999, 1.0], 0.025)
    # (1 - exp(-gamma t)) / (1 - exp(-gamma)), with exp(gamma) taken out of both where it overflows.
    exact = [0.025 * math.exp(gamma * (1 - t)) if gamma < 0 else 0.025 for t in (0.5, 0.999, 1.0)]
    assert spent == pytest.approx(exact, rel=1e-6, abs=1e-300)


def test_outcomes_beyond_every_quantile_are_told() -> None:
    won = adjusted_inference([40.0], [50], design=PLANNED)
    assert won.rejected
    assert won.looks[0].repeated_p_value < 1e-100
    lost = adjusted_inference([-40.0], [50], design=PLANNED, final=True)
    assert lost.p_value == pytest.approx(1.0)


def test_columns_and_numpy_numbers_are_taken() -> None:
    both = adjusted_inference(pd.Series([1.2, 2.5]), pd.Series([50, 100], index=[7, 8]), design=PLANNED)
    assert both.p_value == adjusted_inference([1.2, 2.5], [50, 100], design=PLANNED).p_value
    assert group_sequential(np.int64(3), **ONE).looks == 3  # type: ignore[arg-type]
    found = events_required(np.float64(0.6), alpha=np.float32(0.05), sides=np.int64(2), power=0.8, ratio=np.int64(2))  # type: ignore[arg-type]
    assert found.events_up == 136
    assert PLANNED.at(np.array([55])).events.tolist() == PLANNED.at(pd.Series([55.0], index=[4])).events.tolist()  # type: ignore[arg-type]


def test_a_later_look_without_futility_is_said_by_none() -> None:
    arguments: dict[str, Any] = {"maximum": [60, 80], "bound": [2.3, 2.0], "effect": "observed", "ratio": 1}
    free = conditional_power(1.0, 40, **arguments)
    assert conditional_power(1.0, 40, futility=[None], **arguments).power == free.power
    assert conditional_power(1.0, 40, futility=[0.5], **arguments).power < free.power


def test_every_refusal_is_one_line_of_what_happened() -> None:
    for call, _ in REFUSED.values():
        with pytest.raises(EquipoiseError, match=".") as caught:
            call()
        assert "\n" not in caught.value.message
        assert len(caught.value.message) < 250


def test_numbers_too_large_for_digits_are_still_told() -> None:
    assert "1e+300 events give" in power_of(1e300, hazard_ratio=0.6, **TWO).text()
