"""Results of monitoring: rows, prose, programs that make them again, over- and under-running, edges."""

import math

import numpy as np
import pytest

from equipoise.citations import CITATIONS
from equipoise.design import (
    Boundary,
    adjusted_inference,
    conditional_power,
    graphical_testing,
    group_sequential,
    predict_from_times,
    predictive_power,
    reestimate_events,
)
from equipoise.frames.results import ResultTable

DESIGN = group_sequential([66, 132], alpha=0.05, sides=2, hazard_ratio=0.6, futility=[0.0])
BOTH = {"PFS": {"OS": 1.0}, "OS": {"PFS": 1.0}}
INTERIM = {"time": [5.0, 9.0, 4.0, 6.0], "event": [1, 0, 1, 0], "entry": [0, 1, 2, 4]}


def made():
    return {
        "conditional": conditional_power(1.2, 66, design=DESIGN, effect="design"),
        "conditional-several": conditional_power(
            0.8, 50, maximum=[90, 120], bound=[2.4, 2.0], futility=[0.1], effect=0.7, ratio=(2, 1)
        ),
        "predictive": predictive_power(1.2, 66, design=DESIGN, prior=(0.8, 0.3)),
        "zone": reestimate_events(
            1.5, 100, planned=200, maximum=400, power=0.9, alpha=0.025, sides=1, method="cui-hung-wang"
        ),
        "zone-ordinary": reestimate_events(
            0.2, 100, planned=200, maximum=400, power=0.9, alpha=0.05, sides=2, method="chen-demets-lan"
        ),
        "adjusted": adjusted_inference([1.2, 2.5], [70, 140], design=DESIGN),
        "adjusted-going-on": adjusted_inference([1.2], [66], design=DESIGN),
        "adjusted-bounds": adjusted_inference([3.0], [66], upper=[2.9], alpha=0.025, sides=1, ratio=1),
        "graph": graphical_testing(
            {"PFS": [0.002, None], "OS": [0.01, 0.02]},
            weights={"PFS": 0.2, "OS": 0.8},
            transitions=BOTH,
            alpha=0.025,
            information={"PFS": [1.0, None], "OS": [0.6, 1.0]},
            spending={"PFS": "pocock", "OS": ("hwang-shih-decani", -4.0)},
        ),
        "prediction": predict_from_times(
            **INTERIM, cutoff=10, events=[3, 4], seed=1, replicates=200, n_planned=6, origin="2019-04-05"
        ),
    }


MADE = made()


@pytest.mark.parametrize("name", MADE)
def test_the_program_makes_it_again(name):
    space: dict[str, object] = {}
    exec(MADE[name].code(), space)
    again = space["design"]
    assert type(again) is type(MADE[name])
    assert again is not MADE[name]
    # The compiled engine, once something has loaded it, differs from the plain one in the last digits.
    for row, before in zip(again.to_rows(), MADE[name].to_rows(), strict=True):  # type: ignore[attr-defined]
        assert (row.statistic, row.parameter, row.at, row.value_text) == (
            before.statistic, before.parameter, before.at, before.value_text
        )  # fmt: skip
        assert row.value is before.value is None or row.value == pytest.approx(before.value, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", MADE)
def test_rows_and_prose(name):
    result = MADE[name]
    rows = ResultTable(result.to_rows())
    assert {row.analysis for row in rows} == {"design"}
    assert {row.method for row in rows if row.method} <= set(CITATIONS)
    assert all(row.value is not None or row.value_text for row in rows)
    assert all(isinstance(row.at_unit, str) == (row.at is not None) for row in rows)
    text = result.text()
    assert text.endswith(".")
    assert "nan" not in text
    assert "  " not in text
    assert result.to_dict()["rows"]
    assert str(result) == text


def test_what_the_prose_says():
    assert "the result is promising, and the events are raised from 200 to 390" in MADE["zone"].text()
    assert "the result is unfavorable, and the events stay as planned" in MADE["zone-ordinary"].text()
    assert "the trial goes on" in MADE["adjusted-going-on"].text()
    assert "PFS is rejected at look 1" in MADE["graph"].text()
    assert "Event 3 is predicted at month" in MADE["prediction"].text()
    assert "2020-" in MADE["prediction"].text()


def test_rows_of_a_trial_that_goes_on():
    rows = ResultTable(MADE["adjusted-going-on"].to_rows())
    assert {row.value_text for row in rows.select(parameter="stagewise")} == {"the trial goes on"}
    assert rows.value(parameter="repeated", statistic="hr_low") < rows.value(parameter="repeated", statistic="hr_high")


def test_the_three_scales_are_one():
    interval = MADE["adjusted"].adjusted
    assert interval.hr == pytest.approx([math.exp(v) for v in (interval.estimate, interval.low, interval.high)])
    root = math.sqrt(interval.information)
    assert interval.z_scale == pytest.approx([-interval.estimate * root, -interval.high * root, -interval.low * root])


@pytest.mark.parametrize("efficacy", ["obrien-fleming", "pocock", Boundary("obrien-fleming")])
def test_over_running_uses_the_recomputed_bounds(efficacy):
    planned = group_sequential([66, 132], alpha=0.025, sides=1, efficacy=efficacy)
    found = adjusted_inference([1.2, 2.0], [72, 150], design=planned)
    actual = planned.at([72, 150], final=True)
    assert [look.bound for look in found.looks] == pytest.approx(actual.upper.tolist(), abs=1e-12)
    assert found.stopped_look == 2
    assert (found.p_value <= 0.025) == bool(actual.upper[1] <= 2.0)


def test_under_running_needs_a_word():
    going_on = adjusted_inference([1.2, 1.9], [66, 120], design=DESIGN)
    ended = adjusted_inference([1.2, 1.9], [66, 120], design=DESIGN, final=True)
    assert going_on.stopped_look is None
    assert ended.stopped_look == 2
    assert ended.looks[1].bound < going_on.looks[1].bound


def test_harm_that_mirrors_efficacy_ends_the_trial():
    found = adjusted_inference([-3.1], [66], design=DESIGN)
    assert (found.stopped_look, found.rejected) == (1, False)
    assert found.p_value > 0.99
    assert found.p_value_two_sided < 0.005
    assert "crossed the lower bound of -2.963" in found.text()


def test_bounds_given_as_numbers_have_no_repeated_p():
    assert math.isnan(MADE["adjusted-bounds"].looks[0].repeated_p_value)
    assert MADE["adjusted-bounds"].looks[0].repeated.high < 0.0
    haybittle = group_sequential([66, 132], alpha=0.025, sides=1, efficacy=Boundary("haybittle-peto"))
    assert math.isnan(adjusted_inference([1.2], [66], design=haybittle).looks[0].repeated_p_value)


def test_binding_futility_counts():
    binding = group_sequential([66, 132], alpha=0.025, sides=1, hazard_ratio=0.6, futility=[0.5], binding=True)
    open_ended = group_sequential([66, 132], alpha=0.025, sides=1, hazard_ratio=0.6, futility=[0.5])
    with_stop = conditional_power(0.6, 30, design=binding, effect="null").power
    assert with_stop < conditional_power(0.6, 30, design=open_ended, effect="null").power
    stopped = adjusted_inference([0.3], [66], design=binding)
    assert (stopped.stopped_look, stopped.rejected) == (1, False)
    ended = adjusted_inference([1.2, 2.5], [66, 132], design=binding)
    assert ended.p_value < adjusted_inference([1.2, 2.5], [66, 132], design=open_ended).p_value


def test_a_level_raised_later_looks_back_only_on_request():
    arguments = {
        "weights": {"PFS": 0.2, "OS": 0.8},
        "transitions": BOTH,
        "alpha": 0.025,
        "information": {"PFS": [0.7, 1.0], "OS": [0.7, 1.0]},
        "spending": "obrien-fleming",
    }
    # OS misses its first level of 0.8 alpha, would meet that of alpha, and fails at the end.
    p = {"PFS": [0.5, 0.0001], "OS": [0.0065, 0.5]}
    onward = graphical_testing(p, **arguments)
    back = graphical_testing(p, look_back=True, **arguments)
    assert onward.rejected == {"PFS": 2, "OS": None}
    assert back.rejected == {"PFS": 2, "OS": 2}
    assert back.steps[1].tested_look == 1


def test_rows_of_a_hypothesis_that_is_kept():
    found = graphical_testing({"PFS": 0.3, "OS": 0.01}, weights={"PFS": 0.2, "OS": 0.8}, transitions=BOTH, alpha=0.025)
    rows = ResultTable(found.to_rows())
    assert rows.one(parameter="PFS", statistic="rejected_at_look").value_text == "not rejected"
    assert rows.value(parameter="PFS", statistic="adjusted_p_value") == pytest.approx(0.3)
    assert "PFS is not rejected." in found.text()


def test_spending_time_of_a_hypothesis():
    arguments = {"weights": {"OS": 1.0}, "transitions": {}, "alpha": 0.025, "spending": ("power", 1.0)}
    found = graphical_testing(
        {"OS": [0.9, 0.9]}, information={"OS": [0.5, 0.9]}, spending_time={"OS": [0.4, 1.0]}, **arguments
    )
    design = group_sequential(
        [0.5, 0.9, 1.0], alpha=0.025, sides=1, efficacy=("power", 1.0), spending_time=[0.4, 1.0, 1.0]
    )
    assert found.levels["OS"] == pytest.approx(0.5 * math.erfc(design.upper[1] / math.sqrt(2.0)), rel=1e-9)


def test_completions_drawn_in_parts_are_the_same(monkeypatch):
    from equipoise.design import milestone_simulation

    arguments = {"cutoff": 10, "events": [3, 4], "seed": 1, "replicates": 101, "n_planned": 8}
    whole = predict_from_times(**INTERIM, **arguments)
    monkeypatch.setattr(milestone_simulation, "_AT_ONCE", 50)
    assert predict_from_times(**INTERIM, **arguments) == whole


def test_a_date_that_may_not_come():
    """Two at risk with heavy dropout: the last event often never comes, and its upper limit is not reached."""
    found = predict_from_times(
        [5, 9, 4, 6, 2, 3], [1, 0, 1, 0, 0, 0], [0, 1, 2, 4, 4, 4], dropout=[0, 0, 0, 0, 1, 1],
        cutoff=10, events=[2, 4], seed=3, replicates=400,
    )  # fmt: skip
    known, rare = found.event_dates
    assert (known.median, known.low, known.high, known.probability) == (6.0, 6.0, 6.0, 1.0)
    assert 0.0 < rare.probability < 1.0
    assert rare.high == rare.mean == math.inf
    rows = ResultTable(found.to_rows())
    assert rows.one(parameter="event-date", at=4.0, statistic="conf_high").value_text == "not reached"
    assert "a date that is not reached" in found.text()
    assert "of the completions" in found.text()


def test_a_contact_before_the_cutoff_leaves_room_for_an_event_before_it():
    """A patient last seen at 5 of 10 may have had the event in between: the date is drawn from then on."""
    found = predict_from_times([5.0, 2.0], [0, 1], [0.0, 0.0], cutoff=10, events=2, seed=3, replicates=300)
    assert 5.0 < found.event_dates[0].low < 10.0


def test_frames_of_any_kind_are_taken():
    import pandas as pd
    import polars as pl

    plain = predict_from_times(**INTERIM, cutoff=10, events=3, seed=1, replicates=50)
    for frame in (pd.DataFrame(INTERIM), pl.DataFrame(INTERIM)):
        again = predict_from_times(
            frame["time"], frame["event"], frame["entry"], cutoff=10, events=3, seed=1, replicates=50
        )
        assert again == plain


def test_accrual_over_a_window():
    entry = np.concatenate([np.linspace(0, 8, 5), np.linspace(8.5, 10, 10)])
    arguments = {"cutoff": 10, "events": 3, "seed": 1, "replicates": 50, "n_planned": 30}
    time, event = 10 - entry, np.arange(15) < 2
    found = predict_from_times(time, event, entry, accrual_window=2.0, **arguments)
    assert found.accrual_rate == pytest.approx(11 / 2)
    given = predict_from_times(time, event, entry, accrual_rate=3.0, **arguments)
    assert given.accrual_rate == 3.0
    assert given.enrollment_end.median > found.enrollment_end.median
    assert found.enrolled[-1].median <= 30
