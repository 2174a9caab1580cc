"""Monitoring, graphs and predictions with bad input: one coded error each, that says what to do."""

import pytest

from equipoise.design import (
    adjusted_inference,
    conditional_power,
    graphical_testing,
    group_sequential,
    predict_from_times,
    predictive_power,
    reestimate_events,
)
from equipoise.errors import EquipoiseError

DESIGN = group_sequential([66, 132], alpha=0.025, sides=1, hazard_ratio=0.6)
FRACTIONS = group_sequential(2, alpha=0.025, sides=1)
POWER = {"maximum": 120, "bound": 1.96, "ratio": 1}


def expect(code, match, function, *arguments, **options):
    with pytest.raises(EquipoiseError, match=match) as caught:
        function(*arguments, **options)
    assert caught.value.code == code
    assert caught.value.hint or caught.value.reason


@pytest.mark.parametrize(
    ("match", "changes"),
    [
        (r"effect is 'observd'", {"effect": "observd"}),
        (r"effect is -1", {"effect": -1}),
        (r"hazard_ratio is None", {"effect": "design"}),
        (r"hazard_ratio is 0.7", {"effect": "null", "hazard_ratio": 0.7}),
        (r"maximum is 60", {"maximum": 60}),
        (r"maximum is None", {"maximum": None}),
        (r"maximum is \[90, 80\]", {"maximum": [90, 80], "bound": [2.4, 2.0]}),
        (r"bound is 1.96", {"maximum": [90, 120]}),
        (r"bound is None", {"bound": None}),
        (r"futility is \[0, 0, 0\]", {"maximum": [90, 120], "bound": [2.4, 2.0], "futility": [0, 0, 0]}),
        (r"bound is \[2.4, 2.0\]", {"maximum": [90, 120], "bound": [2.4, 2.0], "futility": [2.5]}),
        (r"z is nan", {"z": float("nan")}),
        (r"information is 0", {"information": 0}),
        (r"ratio is 'two'", {"ratio": "two"}),
        (r"maximum is 120", {"design": DESIGN}),
    ],
)
def test_conditional_power(match, changes):
    given = {"z": 1.5, "information": 60, "effect": "observed"} | POWER | changes
    expect("argument-invalid", match, conditional_power, given.pop("z"), given.pop("information"), **given)


def test_conditional_power_of_a_design():
    expect("argument-invalid", "information is 132.0", conditional_power, 1.5, 132, design=DESIGN, effect="null")
    expect("design-unknowns", "no number of events", conditional_power, 1.5, 1, design=FRACTIONS, effect="null")


@pytest.mark.parametrize("prior", ["flatt", (0.8,), (0.8, 0.0), (-1, 0.3), 0.8])
def test_prior(prior):
    expect("argument-invalid", "prior is ", predictive_power, 1.5, 60, prior=prior, **POWER)


ZONE = {"planned": 200, "maximum": 400, "power": 0.9, "alpha": 0.025, "sides": 1, "method": "chen-demets-lan"}


@pytest.mark.parametrize(
    ("match", "changes"),
    [
        (r"method is 'cui-hung'", {"method": "cui-hung"}),
        (r"planned is 100", {"planned": 100}),
        (r"planned is 200", {"maximum": 150}),
        (r"maximum is 400.5", {"maximum": 400.5}),
        (r"lowest is 0.2", {"lowest": 0.2}),
        (r"lowest is 0.95", {"lowest": 0.95}),
        (r"power is 0.01", {"power": 0.01}),
        (r"alpha is 2", {"alpha": 2}),
        (r"sides is 3", {"sides": 3}),
        (r"z is inf", {"z": float("inf")}),
    ],
)
def test_promising_zone(match, changes):
    given = {"z": 1.5} | ZONE | changes
    expect("argument-invalid", match, reestimate_events, given.pop("z"), 100, **given)


def test_a_final_test_before_the_interim():
    found = reestimate_events(1.5, 100, **ZONE)
    expect("argument-invalid", "events is 100", found.final, 2.0, events=100)


@pytest.mark.parametrize(
    ("code", "match", "z", "information", "changes"),
    [
        ("argument-invalid", "upper is None", [1.2], [66], {"design": None}),
        ("argument-invalid", "upper is ", [1.2], [66], {"upper": [2.9]}),
        ("argument-invalid", "alpha is 0.025", [1.2], [66], {"alpha": 0.025}),
        ("argument-invalid", "z is ", [1.2, 2.0], [66], {}),
        ("argument-invalid", "z is ", [], [], {}),
        ("argument-invalid", "z is ", [float("nan")], [66], {}),
        ("argument-invalid", "crossed its bound, but 2 looks", [3.2, 2.0], [66, 132], {}),
        ("spending-invalid", "information is ", [1.2, 2.0], [66, 60], {}),
        ("design-unknowns", "no number of events", [1.2], [66], {"design": FRACTIONS}),
        ("argument-invalid", "upper is ", [1.2], [66], {"design": None, "upper": [2, 3], "alpha": 0.025, "sides": 1}),
        (
            "argument-invalid",
            "lower is ",
            [1.2],
            [66],
            {"design": None, "upper": [2], "lower": [3], "alpha": 0.025, "sides": 1},
        ),
        ("argument-invalid", "sides is None", [1.2], [66], {"design": None, "upper": [2.9], "alpha": 0.025}),
    ],
)
def test_adjusted_inference(code, match, z, information, changes):
    expect(code, match, adjusted_inference, z, information, **({"design": DESIGN} | changes))


BOTH = {"PFS": {"OS": 1.0}, "OS": {"PFS": 1.0}}


@pytest.mark.parametrize(
    ("match", "changes"),
    [
        (r"p is 'OSS'", {"p": {"PFS": 0.1, "OS": 0.1, "OSS": 0.1}}),
        (r"p is \{'PFS': 0.1\}", {"p": {"PFS": 0.1}}),
        (r"p of OS is 1.5", {"p": {"PFS": 0.1, "OS": 1.5}}),
        (r"p is \[None\]", {"p": {"PFS": 0.1, "OS": [None]}}),
        (r"p is 0.1", {"p": 0.1}),
        (r"weights add up to 1.2", {"weights": {"PFS": 0.4, "OS": 0.8}}),
        (r"weights of PFS is -0.2", {"weights": {"PFS": -0.2, "OS": 0.8}}),
        (r"weights is \{\}", {"weights": {}}),
        (r"transitions is 1", {"transitions": 1}),
        (r"transitions from 'PSF'", {"transitions": {"PSF": {"OS": 1.0}}}),
        (r"transitions from PFS to 'SO'", {"transitions": {"PFS": {"SO": 1.0}}}),
        (r"transitions of PFS is 1.0", {"transitions": {"PFS": 1.0}}),
        (r"hands 1 of its level to itself", {"transitions": {"PFS": {"PFS": 1.0}}}),
        (r"alpha is 0", {"alpha": 0}),
        (r"information is None", {"p": {"PFS": [0.1, 0.1], "OS": 0.1}}),
        (r"spending is None", {"information": {"OS": [0.5]}, "p": {"PFS": 0.1, "OS": [0.1]}}),
        (r"information is \[0.5\]", {"information": {"OS": [0.5]}, "p": {"PFS": 0.1, "OS": [0.1, 0.1]}}),
        (r"information is \[0.5, 0.4\]", {"information": {"OS": [0.5, 0.4]}, "p": {"PFS": 0.1, "OS": [0.1, 0.1]}}),
        (
            r"spending_time is \[0.5, 1.2\]",
            {
                "information": {"OS": [0.5, 1.0]},
                "p": {"PFS": 0.1, "OS": [0.1, 0.1]},
                "spending": "pocock",
                "spending_time": {"OS": [0.5, 1.2]},
            },
        ),
    ],
)
def test_graph(match, changes):
    weights = {"PFS": 0.2, "OS": 0.8}
    given = {"p": {"PFS": 0.01, "OS": 0.02}, "weights": weights, "transitions": BOTH, "alpha": 0.025} | changes
    expect("argument-invalid", match, graphical_testing, given.pop("p"), **given)


DATA = {"time": [5, 9, 4, 6], "event": [1, 0, 1, 0], "entry": [0, 1, 2, 4], "cutoff": 10, "events": 3, "seed": 1}


@pytest.mark.parametrize(
    ("code", "match", "changes"),
    [
        ("value-invalid", r"entry 12 is after the cutoff", {"entry": [0, 1, 12, 4]}),
        ("value-invalid", r"entry plus time 13 is after the cutoff", {"time": [5, 12, 4, 6]}),
        ("value-invalid", r"time 5 is both an event and a dropout", {"dropout": [1, 0, 0, 0]}),
        ("value-invalid", r"event has 1 value that cannot be used: 2", {"event": [2, 0, 1, 0]}),
        ("value-invalid", r"at 5 is before the cutoff", {"at": [5.0]}),
        ("value-invalid", r"remaining_entry 3 is before the cutoff", {"remaining_entry": [3.0]}),
        ("length-mismatch", r"columns differ", {"event": [1, 0, 1]}),
        ("design-unreachable", r"5 events cannot be reached: at most 4", {"events": 5}),
        ("argument-invalid", r"events is 2.5", {"events": 2.5}),
        ("argument-invalid", r"n_planned is 3", {"n_planned": 3}),
        ("argument-invalid", r"accrual_rate is 2", {"accrual_rate": 2}),
        ("argument-invalid", r"accrual_window is 1", {"accrual_window": 1, "n_planned": 9}),
        ("argument-invalid", r"remaining_entry is '1 dates'", {"remaining_entry": [11.0], "n_planned": 9}),
        ("argument-invalid", r"model is 'gompertz'", {"model": "gompertz"}),
        ("argument-invalid", r"breaks is \(\)", {"model": "piecewise-exponential"}),
        ("argument-invalid", r"breaks is \[5, 3\]", {"model": "piecewise-exponential", "breaks": [5, 3]}),
        ("argument-invalid", r"level is 95", {"level": 95}),
        ("argument-invalid", r"replicates is 0", {"replicates": 0}),
        ("argument-invalid", r"time_unit is 'month'", {"time_unit": "month"}),
        ("argument-invalid", r"origin is '5 April'", {"origin": "5 April"}),
        ("estimate-undefined", r"no event from 0 to 2", {"model": "piecewise-exponential", "breaks": [2]}),
        ("estimate-undefined", r"no event from 0 to inf", {"event": [0, 0, 0, 0]}),
        ("estimate-undefined", r"the Weibull model has no maximum", {"model": "weibull", "event": [1, 0, 0, 0]}),
    ],
)
def test_prediction(code, match, changes):
    given = DATA | changes
    columns = [given.pop(name) for name in ("time", "event", "entry")]
    expect(code, match, predict_from_times, *columns, **given)
