"""What the designs for non-proportional hazards refuse, and what they say."""

import pytest

from equipoise.design import (
    Accrual,
    Boundary,
    Hazard,
    Spending,
    average_hazard_ratio,
    maxcombo_design,
    milestone_design,
    rmst_design,
    weighted_logrank_design,
)
from equipoise.errors import ArgumentError, DesignError

CONTROL = Hazard.from_median(12)
OPEN, FULL = Accrual.uniform(duration=12), Accrual.uniform(n=300, duration=12)
GOOD = {"control": CONTROL, "hazard_ratio": 0.7, "accrual": FULL, "alpha": 0.025, "sides": 1, "time": 30}


def refused(match, design=weighted_logrank_design, **changed):
    with pytest.raises(ArgumentError, match=match) as caught:
        design(**{**GOOD, **changed})
    assert caught.value.code == "argument-invalid"
    return caught.value


@pytest.mark.parametrize(
    ("match", "changed"),
    [
        ("alpha is 1.5", {"alpha": 1.5}),
        ("sides is 3", {"sides": 3}),
        ("power is 0.01", {"power": 0.01, "accrual": OPEN}),
        ("time is -1", {"time": -1}),
        ("hazard_ratio is -0.5", {"hazard_ratio": -0.5}),
        ("both missing", {"hazard_ratio": None}),
        ("both given", {"experimental": CONTROL}),
        ("accrual is 300", {"accrual": 300}),
        ("accrual is Accrual", {"accrual": Accrual.uniform(n=300)}),
        ("rho is -1", {"rho": -1}),
        ("gamma is 'late'", {"gamma": "late"}),
        ("weighting is 'modest'", {"weighting": "modest"}),
        ("rho and gamma and weight are given", {"rho": 1, "weight": ([4], [0, 1])}),
        ("neither of t_star and s_star", {"weighting": "modestly-weighted"}),
        ("both of t_star and s_star", {"weighting": "modestly-weighted", "t_star": 4, "s_star": 0.5}),
        ("t_star or s_star is given", {"t_star": 4}),
        ("s_star is 2", {"weighting": "modestly-weighted", "s_star": 2}),
        ("weight is", {"weight": ([4, 2], [0, 1, 1])}),
        ("weight is", {"weight": ([4], [0, 0])}),
        ("weight is", {"weight": 4}),
        ("variance is 'true'", {"variance": "true"}),
        ("variance is 'exact'", {"variance": "exact", "interim": [20]}),
        (r"interim is \[40\]", {"interim": [40]}),
        (r"interim is \[20, 20\]", {"interim": [20, 20]}),
        ("interim is 20", {"interim": 20}),
        (r"fractions is \[1.2\]", {"fractions": [1.2]}),
        ("interim is", {"interim": [2000], "time": 3000}),
        ("interim and fractions are both given", {"fractions": [0.5], "interim": [20]}),
        (r"futility is \[0, 0\]", {"interim": [20], "futility": [0, 0]}),
        ("efficacy is 'pocock'", {"interim": [20], "efficacy": "pocock"}),
        (r"efficacy is \[2.0\]", {"interim": [20], "efficacy": [2.0]}),
    ],
)
def test_weighted_design_refuses(match, changed):
    assert refused(match, **changed).hint


@pytest.mark.parametrize("design", [rmst_design, milestone_design])
@pytest.mark.parametrize(
    ("match", "changed"),
    [
        ("tau is 0", {"tau": 0}),
        ("tau is 'late'", {"tau": "late"}),
        ("time is 30", {"tau": 30}),
        (r"interim is \[10, 20\]", {"tau": 12, "interim": [10, 20]}),
        ("interim is", {"tau": 12, "interim": [26]}),
        ("fractions is", {"tau": 12, "fractions": [0.05]}),
    ],
)
def test_curve_designs_refuse(design, match, changed):
    assert refused(match, design, **changed).hint


def test_choices_of_curve_designs():
    assert "difference" in str(refused("contrast is 'differ'", rmst_design, tau=12, contrast="differ").hint)
    assert "log-log" in str(refused("transform is 'loglog'", milestone_design, tau=12, transform="loglog").hint)


def test_maxcombo_refuses():
    refused("tests is", maxcombo_design, tests=[])
    refused("tests is", maxcombo_design, tests=[(0, 0), (0, 0)])
    refused("tests is", maxcombo_design, tests=(0, 1))
    refused("interim_tests is", maxcombo_design, interim_tests=[(-1, 0)])
    refused("efficacy is Boundary", maxcombo_design, interim=[20], efficacy=Boundary("pocock"))
    many = [(0, gamma) for gamma in range(5)]
    assert "rank" in str(refused("tests is 5", maxcombo_design, tests=many).reason)


def test_average_hazard_ratio_refuses():
    shared = {"control": CONTROL, "hazard_ratio": 0.7, "accrual": FULL}
    with pytest.raises(ArgumentError, match="method is 'mean'"):
        average_hazard_ratio(**shared, time=12, method="mean")
    with pytest.raises(ArgumentError, match="time is 0"):
        average_hazard_ratio(**shared, time=0)
    never = Hazard.from_rates(0.0)
    with pytest.raises(ArgumentError, match="time is 12") as caught:
        average_hazard_ratio(control=CONTROL, experimental=never, accrual=FULL, time=12)
    assert "no expected events" in str(caught.value.reason)


@pytest.mark.parametrize(
    ("match", "changed"),
    [
        ("n, power and time are all given", {"power": 0.8}),
        ("n and power are missing", {"accrual": OPEN}),
        ("power and time are missing", {"time": None}),
    ],
)
@pytest.mark.parametrize("design", [weighted_logrank_design, maxcombo_design])
def test_unknowns_must_be_one(design, match, changed):
    with pytest.raises(DesignError, match=match) as caught:
        design(**{**GOOD, **changed})
    assert caught.value.code == "design-unknowns"


def test_an_effect_in_the_wrong_direction_is_unreachable():
    with pytest.raises(DesignError, match="no number of patients gives power") as caught:
        weighted_logrank_design(**{**GOOD, "accrual": OPEN, "power": 0.8, "hazard_ratio": 1.3})
    assert caught.value.code == "design-unreachable"
    assert "average_hazard_ratio 1.3" in str(caught.value.reason)


@pytest.mark.parametrize(
    ("design", "more"),
    [(weighted_logrank_design, {}), (rmst_design, {"tau": 12}), (maxcombo_design, {"tests": [(0, 0)]})],
)
def test_a_time_that_never_comes_names_the_largest_power(design, more):
    with pytest.raises(
        DesignError, match=r"no time gives power 0.99: at most 0\.\d+ is reached, at time \d+"
    ) as caught:
        design(**{**GOOD, "time": None, "power": 0.99, **more})
    assert caught.value.code == "design-unreachable"


LATE = {"control": Hazard.piecewise([0.0, 0.1], [6]), "experimental": Hazard.piecewise([0.0, 0.05], [6])}


@pytest.mark.parametrize("design", [weighted_logrank_design, maxcombo_design])
def test_before_any_event_there_is_no_test(design):
    assert "no event" in str(refused("time is 5", design, **LATE, hazard_ratio=None, time=5).reason)
    assert "no event" in str(refused("interim is 5", design, **LATE, hazard_ratio=None, interim=[5]).reason)


def test_a_weight_that_begins_after_the_analysis():
    assert "no event" in str(refused("time is 30", weight=([40], [0, 1])).reason)


@pytest.mark.parametrize(("design", "more"), [(rmst_design, {}), (milestone_design, {"transform": "log-log"})])
def test_before_any_event_curves_do_not_vary(design, more):
    assert "no variance" in str(refused("tau is 5", design, **LATE, hazard_ratio=None, tau=5, **more).reason)


def test_interim_analyses_that_alone_reach_the_power():
    crowd = Accrual.uniform(n=3000, duration=12)
    assert "alone" in str(refused("interim is", accrual=crowd, time=None, power=0.8, interim=[20]).reason)


@pytest.mark.parametrize("design", [weighted_logrank_design, maxcombo_design])
def test_spending_that_exceeds_the_level(design):
    points = Spending.user([(0.5, 0.02), (1.0, 0.05)])
    with pytest.raises(DesignError, match="exceeds") as caught:
        design(**GOOD, interim=[20], efficacy=points)
    assert caught.value.code == "spending-invalid"
