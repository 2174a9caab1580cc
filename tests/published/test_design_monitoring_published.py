"""Monitoring and multiple testing: examples of the literature."""

import pytest

from equipoise.design import conditional_power, graphical_testing
from equipoise.design.promising_zone import solve_lowest


def test_conditional_power_of_the_beta_blocker_heart_attack_trial():
    """Z 2.82 after 318 of 398 expected deaths: B 2.52, and 0.89 under the null hypothesis (Lan and Wittes 1988)."""
    found = conditional_power(2.82, 318, maximum=398, bound=1.96, effect="null", ratio=1)
    assert found.b_value == pytest.approx(2.52, abs=0.005)
    assert found.power == pytest.approx(0.89, abs=0.005)


@pytest.mark.parametrize(
    ("ratio", "interim", "power", "lowest"),
    [
        (1.5, 0.25, 0.8, 0.42),
        (1.5, 0.5, 0.8, 0.41),
        (1.5, 0.75, 0.8, 0.38),
        (2, 0.25, 0.8, 0.37),
        (2, 0.5, 0.8, 0.36),
        (2, 0.75, 0.8, 0.33),
        (3, 0.25, 0.8, 0.32),
        (3, 0.5, 0.8, 0.31),
        (3, 0.75, 0.8, 0.30),
        (1.5, 0.25, 0.9, 0.42),
        (1.5, 0.5, 0.9, 0.41),
        (1.5, 0.75, 0.9, 0.38),
        (2, 0.25, 0.9, 0.37),
        (2, 0.5, 0.9, 0.36),
        (2, 0.75, 0.9, 0.33),
        (3, 0.25, 0.9, 0.32),
        (3, 0.5, 0.9, 0.30),
        (3, 0.75, 0.9, 0.27),
    ],
)
def test_where_the_promising_zone_begins(ratio, interim, power, lowest):
    """Mehta and Pocock 2011, table I: the smallest safe conditional power, to the two digits printed."""
    planned = 10_000
    found = solve_lowest(round(interim * planned), planned, round(ratio * planned), 1.959964, power)
    assert found == pytest.approx(lowest, abs=0.005)


@pytest.mark.parametrize("look_back", [False, True])
def test_the_case_study_of_maurer_and_bretz(look_back):
    """Maurer and Bretz 2013: two doses and endpoints, looks at 1/3 and 2/3; three hypotheses fall at the second."""
    first, second = (0.0062, 0.017, 0.009, 0.13), (0.0002, 0.0035, 0.002, 0.06)
    names = ("H1", "H2", "H3", "H4")
    found = graphical_testing(
        {name: [first[i], second[i]] for i, name in enumerate(names)},
        weights={"H1": 0.5, "H2": 0.5, "H3": 0.0, "H4": 0.0},
        transitions={
            "H1": {"H2": 0.5, "H3": 0.5},
            "H2": {"H1": 0.5, "H4": 0.5},
            "H3": {"H2": 1.0},
            "H4": {"H1": 1.0},
        },
        alpha=0.025,
        information={name: [1 / 3, 2 / 3] for name in names},
        spending="obrien-fleming",
        look_back=look_back,
    )
    assert found.rejected == {"H1": 2, "H2": 2, "H3": 2, "H4": None}
