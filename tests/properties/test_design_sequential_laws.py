"""Laws that every group-sequential design obeys."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.design import Boundary, Spending, group_sequential
from equipoise.kernels.plain.sequential import crossing_probabilities

LEVELS = st.floats(0.003, 0.12)


@st.composite
def fractions(draw, most=6):
    steps = draw(st.lists(st.floats(0.05, 1.0), min_size=2, max_size=most))
    return (np.cumsum(steps) / np.sum(steps)).tolist()


@st.composite
def spendings(draw):
    family = draw(st.sampled_from(["obrien-fleming", "pocock", "hwang-shih-decani", "power"]))
    parameter = {"hwang-shih-decani": st.floats(-6.0, 2.0), "power": st.floats(0.7, 4.0)}.get(family)
    return Spending(family, None if parameter is None else draw(parameter))


@settings(max_examples=30, deadline=None)
@given(fractions(), LEVELS, spendings())
def test_spending_adds_up(information, alpha, spending):
    design = group_sequential(information, alpha=alpha, sides=1, efficacy=spending)
    assert design.alpha_spent == pytest.approx(spending.spent(information, alpha), abs=1e-10)
    assert design.alpha_spent[-1] == pytest.approx(alpha, abs=1e-10)


@settings(max_examples=20, deadline=None)
@given(fractions(), LEVELS, spendings(), spendings(), st.floats(0.7, 0.95), st.booleans())
def test_type_two_error_adds_up(information, alpha, efficacy, futility, power, binding):
    design = group_sequential(
        information, alpha=alpha, sides=1, efficacy=efficacy, futility=futility, power=power, binding=binding,
        futility_at=[len(information)],
    )  # fmt: skip
    assert design.power == pytest.approx(power, abs=1e-9)
    below, above = design.crossing(design.drift)
    assert below.sum() + above.sum() == pytest.approx(1.0, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(fractions(), st.floats(0.003, 0.05), spendings())
def test_two_sided_is_twice_one_sided(information, alpha, spending):
    """Where passing from one bound to the other is next to impossible, each side is a one-sided design."""
    one = group_sequential(information, alpha=alpha / 2, sides=1, efficacy=spending)
    two = group_sequential(information, alpha=alpha, sides=2, efficacy=spending)
    assert two.upper[0] == pytest.approx(one.upper[0], abs=1e-12)
    # Trials that crossed below can no longer cross above, so the two-sided bound may be lower, by hardly anything.
    assert (two.upper <= one.upper + 1e-9).all()
    assert two.upper == pytest.approx(one.upper, abs=2e-3)
    below, above = two.crossing(0.0)
    assert below == pytest.approx(above, abs=1e-10)
    assert below.sum() + above.sum() == pytest.approx(alpha, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(fractions(), spendings(), st.floats(0.4, 0.95), st.floats(50, 500), st.floats(1.01, 3.0))
def test_more_information_never_lowers_power(information, spending, hazard_ratio, events, more):
    fewer = group_sequential(
        [f * events for f in information], alpha=0.025, sides=1, efficacy=spending, hazard_ratio=hazard_ratio
    )
    bigger = group_sequential(
        [f * events * more for f in information], alpha=0.025, sides=1, efficacy=spending, hazard_ratio=hazard_ratio
    )
    assert bigger.power >= fewer.power - 1e-10
    assert fewer.power_at([hazard_ratio, 1.0]) == pytest.approx([fewer.power, 0.025], abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 6), st.floats(0.6, 0.95), st.floats(0.5, 0.9), st.sampled_from([1.0, 2.0, (3, 2)]))
def test_events_power_and_hazard_ratio_determine_each_other(looks, power, hazard_ratio, ratio):
    settled = {"alpha": 0.025, "sides": 1, "futility": Spending("power", 2), "ratio": ratio}
    design = group_sequential(looks, power=power, hazard_ratio=hazard_ratio, **settled)
    again = group_sequential(design.events, hazard_ratio=hazard_ratio, **settled)
    assert again.power == pytest.approx(power, abs=1e-9)
    assert again.futility == pytest.approx(design.futility, abs=1e-7)
    third = group_sequential(design.events, power=power, **settled)
    assert third.hazard_ratio == pytest.approx(hazard_ratio, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(fractions(5), st.floats(0.7, 0.95))
def test_binding_futility_lowers_efficacy_bounds_and_keeps_alpha(information, power):
    spent = {"efficacy": Spending("pocock"), "futility": Spending("pocock"), "power": power}
    free = group_sequential(information, alpha=0.025, sides=1, **spent)
    bound = group_sequential(information, alpha=0.025, sides=1, binding=True, **spent)
    assert (bound.upper <= free.upper + 1e-9).all()
    assert bound.alpha_spent[-1] == pytest.approx(0.025, abs=1e-10)
    obeyed = crossing_probabilities(bound.fraction, bound.lower, bound.upper, 0.0)[1].sum()
    assert obeyed == pytest.approx(0.025, abs=1e-10)
    assert crossing_probabilities(free.fraction, free.lower, free.upper, 0.0)[1].sum() <= 0.025 + 1e-10


@settings(max_examples=15, deadline=None)
@given(fractions(5), st.lists(st.floats(0.8, 1.25), min_size=6, max_size=6), st.floats(0.85, 1.3))
def test_monitoring_keeps_alpha(information, wobble, end):
    """Whatever information the looks turn out to have, alpha is spent at the last one, and no more."""
    design = group_sequential([200 * f for f in information], alpha=0.025, sides=1, efficacy=Spending("pocock"))
    seen = [v * w for v, w in zip(design.events[:-1].tolist(), wobble, strict=False)]
    seen = [v for v in seen if v < 195]
    actual = [v for k, v in enumerate(seen) if all(v > 1.01 * u for u in seen[:k])]
    last = 200 * end
    actual = [v for v in actual if v < 0.99 * last]
    final = design.at([*actual, last], final=True)
    assert final.alpha_spent[-1] == pytest.approx(0.025, abs=1e-10)
    for k in range(1, len(actual) + 1):
        assert design.at(actual[:k]).upper[:k] == pytest.approx(final.upper[:k], abs=1e-9)


@pytest.mark.parametrize("boundary", [Boundary("obrien-fleming"), Boundary("pocock"), Boundary("wang-tsiatis", 0.2)])
@pytest.mark.parametrize("sides", [1, 2])
def test_classical_boundaries_have_level_alpha(boundary, sides):
    design = group_sequential([0.2, 0.3, 0.8, 1.0], alpha=0.05, sides=sides, efficacy=boundary, efficacy_at=[2, 4])
    assert design.alpha_spent[-1] == pytest.approx(0.05 / sides, abs=1e-10)
    assert np.isinf(design.upper[[0, 2]]).all()


def test_code_makes_the_same_design():
    designs = [
        group_sequential(3, alpha=0.05, sides=2, efficacy=Boundary("pocock"), power=0.8),
        group_sequential([0.5, 1], alpha=0.025, sides=1, futility=[0.3], power=0.9, hazard_ratio=0.7, ratio=(2, 1)),
        group_sequential([60, 130], alpha=0.025, sides=1, hazard_ratio=0.6, futility=("power", 2)).at([70]),
        group_sequential([0.4, 0.7, 1], alpha=0.025, sides=1, efficacy=[math.inf, 2.5, None], harm="pocock",
                         spending_time=[0.3, 0.8, 1.0], power=0.9, efficacy_at=[2, 3]),
    ]  # fmt: skip
    for design in designs:
        made: dict = {}
        exec(design.code(), made)
        assert made["design"].to_rows() == design.to_rows()
        assert "Z" in design.text()


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_two_hundred_powers(engine):
    design = group_sequential([80, 160], alpha=0.025, sides=1, hazard_ratio=0.65, engine=engine)
    ratios = np.linspace(0.4, 1.2, 200)
    curve = design.power_at(ratios)
    assert (np.diff(curve) < 0.0).all()
    assert curve[50] == pytest.approx(design.power_at(float(ratios[50])), abs=1e-11)


@pytest.mark.parametrize("engine", ["plain", "compiled"])
@pytest.mark.parametrize("gamma", [3.3, 4.5, 5.9])
def test_type_two_error_spent_early_is_solved_too(gamma, engine):
    """Nearly all of it is gone before the last look, so power hardly depends on the drift near the solution."""
    settled = {
        "alpha": 0.0223,
        "sides": 1,
        "efficacy": Spending("pocock"),
        "futility": Spending("hwang-shih-decani", gamma),
    }
    information = [0.073, 0.31, 0.51, 0.62, 0.70, 0.86, 1.0]
    design = group_sequential(information, power=0.9055, hazard_ratio=0.7, engine=engine, **settled)
    assert design.power == pytest.approx(0.9055, abs=1e-9)
    again = group_sequential(design.events, hazard_ratio=0.7, engine=engine, **settled)
    assert again.power == pytest.approx(0.9055, abs=1e-7)
