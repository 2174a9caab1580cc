"""What the results of fixed designs offer: rows, text fit for a protocol, and code that makes them again."""

import json
import time

import numpy as np
import pytest

import equipoise.design
from equipoise.citations import CITATIONS
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
from equipoise.design.signal import METHODS
from equipoise.frames.results import ResultTable

TEST = {"alpha": 0.05, "sides": 2}
PALMIRA = {"control": Hazard.from_median(3.6), "dropout": Dropout(0.01), "ratio": 2, "hazard_ratio": 0.59}
UNIFORM = Accrual.uniform(n=198, duration=24)
STRATA = {
    "visceral": Stratum(0.6, Hazard.from_median(3.0)),
    "other": Stratum(0.4, Hazard.piecewise([0.2, 0.1], [4]), dropout=Dropout(probability=0.1, at=12)),
}


def bought(**options):
    return fixed_design(accrual=UNIFORM, follow_up=5, **PALMIRA, **TEST, **options)


RESULTS = {
    "events": lambda: events_required(0.59, power=0.8, ratio=(2, 1), **TEST),
    "power": lambda: power_of(155, hazard_ratio=0.59, ratio=2, **TEST),
    "detectable": lambda: detectable_hazard_ratio(155, power=0.8, method="freedman", **TEST),
    "course": lambda: expected_events([12, 29], accrual=UNIFORM, **PALMIRA),
    "course of strata": lambda: expected_events(
        12, accrual=Accrual.ramp(ramp=6, rate=12, duration=20), strata=STRATA, hazard_ratio=0.7
    ),
    "time": lambda: time_of_events([100, 127], accrual=Accrual.uniform(rate=8.25, duration=24), **PALMIRA),
    "accrual": lambda: expected_accrual([6, 30], accrual=UNIFORM, ratio=2, strata={"a": 0.5, "b": 0.5}),
    "bought": bought,
    "n": lambda: fixed_design(
        accrual=Accrual.uniform(duration=24), follow_up=5, power=0.8, integer=True, n_rule="ratio", **PALMIRA, **TEST
    ),
    "n in pieces": lambda: fixed_design(
        accrual=Accrual.piecewise([1, 3], [6], duration=24, relative=True),
        follow_up=5,
        power=0.8,
        strata=STRATA,
        hazard_ratio=0.6,
        method="lachin-foulkes-log",
        **TEST,
    ),
    "duration": lambda: fixed_design(
        accrual=Accrual.piecewise([4, 9], [6]), follow_up=5, events=127, integer=True, **PALMIRA, **TEST
    ),
    "experimental": lambda: fixed_design(
        accrual=UNIFORM, follow_up=5, control=Hazard(0.2), experimental=Hazard(0.12), **TEST
    ),
    "arms lose unequally": lambda: fixed_design(
        accrual=UNIFORM,
        follow_up=5,
        control=Hazard(0.2),
        hazard_ratio=0.6,
        dropout={"control": Dropout(0.01), "experimental": Dropout((0.0, 0.02), breaks=(2,))},
        **TEST,
    ),
    "tradeoff": lambda: allocation_tradeoff(
        (1, (3, 2), 2),
        accrual=Accrual.uniform(duration=24),
        follow_up=5,
        power=0.8,
        control=Hazard(0.2),
        hazard_ratio=0.6,
        **TEST,
    ),
    "curve": lambda: power_curve(bought(), np.linspace(0.5, 1.0, 5)),
    "grid": lambda: sensitivity_grid(bought(), hazard_ratios=(0.59, 0.7), dropout=[None, Dropout(0.02)]),
}


@pytest.mark.parametrize("name", RESULTS)
def test_code_makes_an_equal_result(name):
    result = RESULTS[name]()
    made: dict = {}
    exec(result.code(), made)
    assert type(made["design"]) is type(result)
    assert made["design"].to_dict() == result.to_dict()
    assert made["design"].text() == result.text()


@pytest.mark.parametrize("name", RESULTS)
def test_rows_are_named_cited_and_ready_for_json(name):
    result = RESULTS[name]()
    rows = result.to_rows()
    assert rows
    assert {row.analysis for row in rows} == {"design"}
    assert {row.method for row in rows} - {None} <= set(CITATIONS)
    assert all(row.value is not None or row.value_text for row in rows)
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()
    assert "result rows" in repr(result)


@pytest.mark.parametrize("name", RESULTS)
def test_text_is_prose(name):
    said = RESULTS[name]().text()
    assert said[0].isupper()
    assert said.endswith(".")
    assert not any(word in said for word in ("nan", "None", "inf", "  ", "e-0", "{"))


def test_the_paragraph_of_palmira():
    assert bought().text() == (
        "With 158.5 events, a two-sided log-rank test at the 5% level has 87.9% power to detect a hazard ratio of 0.59 "
        "(medians of 3.6 and 6.1 months in the control and the experimental arm), by Schoenfeld's formula. 198 "
        "patients are randomized 2:1 (experimental to control) over 24 months, with dropout at a rate of 1% per month; "
        "these events are expected 29 months after the first patient is randomized, 5 months after the last. The "
        "largest observed hazard ratio that reaches significance is about 0.719."
    )


def test_an_analysis_before_accrual_ends_says_so():
    design = fixed_design(accrual=UNIFORM, power=0.8, **PALMIRA, **TEST)
    assert design.follow_up < 0.0
    assert design.n_enrolled < design.n
    assert "0.8 months before accrual ends, with 191.7 enrolled" in design.text()
    row = ResultTable(design.to_rows()).one(statistic="n_enrolled")
    assert row.warning == "the analysis comes before accrual ends"


def test_rows_of_a_design():
    rows = ResultTable(bought().to_rows())
    assert rows.value(statistic="n", level1="experimental") == 132.0
    by_arm = [rows.value(statistic="events", level1=arm) for arm in ("control", "experimental")]
    assert sum(by_arm) == pytest.approx(rows.value(statistic="events", group1=None), rel=1e-12)


def test_power_of_the_calendar_methods_is_at_the_calendar_time():
    for method in METHODS:
        design = bought(method=method)
        assert design.power_at(0.59) == pytest.approx(design.power, rel=1e-12)
        assert list(design.power_at([0.4, 0.59, 0.9])) == sorted(design.power_at([0.4, 0.59, 0.9]), reverse=True)


def test_two_hundred_points_of_a_power_curve_are_quick():
    design, at = bought(), np.linspace(0.3, 1.0, 200)
    power_curve(design, at)
    start = time.process_time()
    power_curve(design, at)
    assert time.process_time() - start < 0.05


def test_scalars_come_back_as_scalars():
    hazard = Hazard.piecewise([0.1, 0.2], [5])
    assert (hazard.at(1.0), hazard.at(5.0)) == (0.1, 0.2)
    assert isinstance(hazard.survival(3.0), float)
    assert hazard.survival([0.0, 3.0]).shape == (2,)
    assert hazard.cumulative(hazard.median()) == pytest.approx(np.log(2), rel=1e-14)
    found = expected_events(12, accrual=UNIFORM, **PALMIRA)
    assert isinstance(found.total, float)
    assert isinstance(expected_accrual(3, accrual=UNIFORM).total, float)


def test_reprs_make_equal_objects():
    objects = [
        Hazard(0.1), Hazard.piecewise([0.1, 0.2], [5]), Dropout(0.01), Dropout(probability=0.1, at=12),
        Dropout((0.01, 0.02), breaks=(3,)), Accrual.uniform(n=198, duration=24), Accrual.uniform(rate=8.3, duration=24),
        Accrual.uniform(n=198), Accrual.uniform(duration=24), Accrual.uniform(rate=7), Accrual.uniform(rate=7, n=100),
        Accrual.piecewise([1, 2], [5], n=30), Accrual.piecewise([1, 2], [5], duration=9, n=30, relative=True),
        Accrual.ramp(ramp=6, n=100, duration=24), STRATA["other"],
    ]  # fmt: skip
    for one in objects:
        assert eval(repr(one), {name: getattr(equipoise.design, name) for name in equipoise.design.__all__}) == one
