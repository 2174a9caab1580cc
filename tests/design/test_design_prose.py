"""What designs say of themselves: whole sentences with the right numbers, plurals and looks."""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import equipoise as eq
from equipoise.design import (
    Accrual,
    Boundary,
    Hazard,
    Spending,
    adjusted_inference,
    allocation_tradeoff,
    conditional_power,
    events_required,
    expected_accrual,
    expected_events,
    fixed_design,
    graphical_testing,
    group_sequential,
    maxcombo_design,
    power_of,
    reestimate_events,
    rmst_design,
    sensitivity_grid,
    time_of_events,
    weighted_logrank_design,
)
from equipoise.design.design_result import DesignResult, prose_number, prose_percent

ONE: dict[str, Any] = {"alpha": 0.025, "sides": 1}
TWO: dict[str, Any] = {"alpha": 0.05, "sides": 2}
CONTROL = Hazard.from_median(6)
ACCRUAL = Accrual.uniform(n=200, duration=24)
LATE = Hazard.piecewise([CONTROL.rates[0], 0.5 * CONTROL.rates[0]], [3])
NPH: dict[str, Any] = {"control": CONTROL, "experimental": LATE, "accrual": ACCRUAL, "time": 36, **TWO}
BOTH = {"PFS": {"OS": 1.0}, "OS": {"PFS": 1.0}}


def sequential(**given: Any) -> Any:
    arguments: dict[str, Any] = ONE | {"power": 0.9, "hazard_ratio": 0.7} | given
    return group_sequential([0.5, 0.75, 1.0], **arguments)


FIXED = fixed_design(hazard_ratio=0.6, control=CONTROL, accrual=ACCRUAL, follow_up=6, **TWO)
SAID: dict[str, tuple[DesignResult, list[str]]] = {
    "looks without efficacy": (
        sequential(efficacy_at=[1, 3]),
        ["the efficacy bounds follow from the Lan-DeMets", "Z 2.963 and 1.969 at looks 1 and 3 (nominal"],
    ),
    "one futility look": (
        sequential(futility=Spending("hwang-shih-decani", -2.0), futility_at=[2]),
        [
            " at look 2 (hazard ratio 0.",
            "parameter -2; this bound is non-binding, so the type I error holds if it is not",
        ],
    ),
    "binding futility as given": (
        sequential(futility=[0.0, 0.5], binding=True),
        ["Futility may be declared below Z 0 and 0.5 at looks 1 and 2 (", ", as given; these bounds are binding."],
    ),
    "bounds as given": (sequential(efficacy=[3.0, 2.5, None]), ["the efficacy bounds are as given: Z 3, 2.5 and 1."]),
    "a boundary": (sequential(efficacy=Boundary("wang-tsiatis", 0.25)), ["Wang-Tsiatis boundary with delta 0.25: Z"]),
    "calendar time": (
        sequential(spending_time=[0.3, 0.6, 1.0]),
        ["O'Brien-Fleming type, read at 30%, 60% and 100% of its course: Z"],
    ),
    "one look": (
        group_sequential([100], hazard_ratio=0.6, **ONE),
        [
            "One analysis is planned, at 100 events. ",
            "the efficacy bound follows",
            "With 100 events the power is 72.38%",
        ],
    ),
    "a tiny level": (events_required(0.6, alpha=1e-10, sides=1, power=0.8), ["test at the 1e-08% level"]),
    "one event": (power_of(1, hazard_ratio=0.6, **TWO), [", 1 event gives a two-sided", "4.4% power"]),
    "power of part of an event": (power_of(126.87, hazard_ratio=0.59, ratio=2, **TWO), [", 126.87 events give a"]),
    "hardly any power": (power_of(100, hazard_ratio=2, **TWO), [" <0.1% power "]),
    "nearly all power": (power_of(600, hazard_ratio=0.6, **TWO), [" >99.9% power "]),
    "one patient": (
        expected_events(1, accrual=Accrual.uniform(n=12, duration=12), control=CONTROL, hazard_ratio=0.5),
        ["1 patient is expected to be enrolled"],
    ),
    "accrual": (
        expected_accrual([6, 30], accrual=ACCRUAL),
        ["expected enrollment is 50 patients by 6 months and 200 patients"],
    ),
    "allocation": (
        allocation_tradeoff(
            (1, 2),
            hazard_ratio=0.6,
            power=0.8,
            follow_up=5,
            control=CONTROL,
            accrual=Accrual.uniform(duration=24),
            **TWO,
        ),
        ["80% power, analysis at 29 months;", "Compared with 1:1, 2:1 takes 16.6% more patients."],
    ),
    "one combination": (
        sensitivity_grid(FIXED, hazard_ratios=[0.6], accrual_factors=[1.0], dropout=[None]),
        [
            "Over 1 combination of a hazard ratio of 0.6, accrual at 100% of",
            "the power at 30 months is 88.1%;",
            "at 30 months.",
        ],
    ),
    "a look without a bound to come": (
        conditional_power(1.5, 60, design=sequential(efficacy_at=[2, 3], integer=True), effect="design"),
        [" of Z reaching 2.34 or 2.012 at a later analysis is "],
    ),
    "only the last look has a bound": (
        conditional_power(1.5, 60, design=sequential(efficacy_at=[3], integer=True), effect="design"),
        [" of Z reaching 1.96 at the final analysis is "],
    ),
    "no more events to be had": (
        reestimate_events(1.5, 150, planned=300, maximum=300, power=0.8, method="cui-hung-wang", **ONE),
        ["the result is promising, but the events stay at the 300 planned, the most there may be, which gives"],
    ),
    "no promising zone": (
        reestimate_events(1.5, 150, planned=300, maximum=500, power=0.3, method="cui-hung-wang", **ONE),
        ["There is no promising zone below 30%: the result is favorable"],
    ),
    "a binding bound was crossed": (
        adjusted_inference(
            [-0.3], [50], design=group_sequential([50, 100], hazard_ratio=0.6, futility=[0.2], binding=True, **ONE)
        ),
        ["Z = -0.3 crossed the lower bound of 0.2."],
    ),
    "weights": (weighted_logrank_design(gamma=1, **NPH), ["a weighted log-rank test (Fleming-Harrington(0, 1)), made"]),
    "futility of a timed design": (
        weighted_logrank_design(fractions=[0.5, 0.8], futility=[0.0, None], **NPH),
        ["Futility may be declared if Z is below 0 at time ", "; the level ignores it."],
    ),
    "a ratio of means": (
        rmst_design(tau=18, contrast="ratio", **NPH),
        [
            "a test of the ratio of restricted mean survival times up to time 18",
            "the experimental arm, a ratio of 1.271.",
        ],
    ),
    "one test at interims": (
        maxcombo_design(tests=[(0, 0), (0, 1)], fractions=[0.6], **NPH),
        ["Interim analyses use Fleming-Harrington(0, 0)."],
    ),
    "nothing rejected": (
        graphical_testing({"PFS": 0.2, "OS": 0.3}, weights={"PFS": 0.5, "OS": 0.5}, transitions=BOTH, alpha=0.025),
        ["PFS and OS are not rejected."],
    ),
    "the only hypothesis": (
        graphical_testing({"OS": 0.001}, weights={"OS": 1.0}, transitions={}, alpha=0.025),
        ["The hypothesis is rejected."],
    ),
    "several times": (
        time_of_events([50, 100], accrual=ACCRUAL, control=CONTROL, hazard_ratio=0.6),
        ["By 13.9 months, 116.1 patients are expected", " By "],
    ),
}


@pytest.mark.parametrize("what", SAID)
def test_said(what: str) -> None:
    result, parts = SAID[what]
    said = result.text()
    for part in parts:
        assert part in said
    for word in ("none and", "and none", " nan", "inf ", "None", " 0 events before", "not reached or"):
        assert word not in said
    assert str(result) == said


def test_large_numbers_have_no_more_digits_than_they_mean() -> None:
    assert prose_number(1.23456e15) == "1.235e+15"
    assert prose_number(1e308) == "1e+308"


LOOK = "looks: [{id: final, trigger: {events: 110}}]"
EFFECT = "EXP: {hazard_ratio: {value: 0.60, assumption: the smallest effect worth detecting}}"
SPENT = "\n    spending: {function: pocock}"


def changed(tmp_path: Path, *pairs: tuple[str, str]) -> Path:
    """The starter trial file, its look and its effect set to those above, with parts replaced."""
    text = eq.starter()
    for pattern, own in ((r"looks: \[\{id: final.*\]\n", f"{LOOK}\n"), (r"EXP: \{hazard_ratio: .*\}\}", EFFECT)):
        text, count = re.subn(pattern, lambda _, own=own: own, text, count=1)
        assert count == 1
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "trial.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_trial_file_is_named_in_the_code_that_makes_its_design_again(tmp_path: Path) -> None:
    path = changed(tmp_path)
    design = eq.plan(path)
    space: dict[str, Any] = {}
    exec(design.code(), space)
    assert str(path) in design.code()
    assert space["design"].text() == design.text()
    assert "equipoise.plan('palmira', " in eq.plan("palmira").code()


def test_a_look_at_a_date_is_told_by_its_date(tmp_path: Path) -> None:
    looks = "looks: [{id: first, trigger: {time: 18 months}}, {id: final, trigger: {events: 110}}]"
    design = eq.plan(changed(tmp_path, (LOOK, looks + SPENT)))
    assert "Look 1 is planned 18 months after the first randomization, when 57.3 events (standard" in design.text()
    errors = [row for row in design.to_rows() if (row.parameter, row.statistic) == ("look", "time_std_error")]
    assert [row.level1 for row in errors] == ["final"]


def test_patients_of_a_third_arm_are_not_given_to_the_two_compared(tmp_path: Path) -> None:
    arm = "{id: EXP2, label: High dose, role: experimental, ratio: 1, interventions: [study_drug]}"
    third = f"  - {arm}\n  - {{id: CTL, label"
    design = eq.plan(
        changed(
            tmp_path, ("  - {id: CTL, label", third), ("block_sizes: [3, 6]", "block_sizes: [4, 8]"),
            (EFFECT, f"{EFFECT}\n        EXP2: {{hazard_ratio: {{value: 0.5, assumption: hope}}}}"),
        ), arm="EXP2",
    )  # fmt: skip
    assert (
        "150 patients are randomized over 24 months, 75 of them 1:1 to High dose or Standard of care." in design.text()
    )
    assert "at 110 events in all arms, which is expected 31.4 months" in " ".join(design.text().split())
    assert "when 56.4 events" in design.text()


def log_rank_z(rng: np.random.Generator) -> float:
    """Z of one made-up trial of the delayed effect below, cut at its 110th event."""
    n, rate = 150, math.log(2) / 5
    entry = np.sort(rng.uniform(0, 24, n))
    arm = np.zeros(n, dtype=bool)
    arm[rng.permutation(n)[:100]] = True
    e = rng.exponential(size=n)
    time = np.where(~arm | (e < 3 * 0.1386), e / np.where(arm, 0.1386, rate), 3 + (e - 3 * 0.1386) / 0.06)
    lost = rng.exponential(100, n)
    seen = time <= lost
    cut = np.sort((entry + time)[seen])[109]
    follow = np.minimum(np.minimum(time, lost), cut - entry)
    event = seen & (entry + time <= cut)
    kept = np.argsort(follow[follow > 0])
    event, treated = event[follow > 0][kept], arm[follow > 0][kept]
    share = np.cumsum(treated[::-1])[::-1] / np.arange(len(kept), 0, -1)
    return float(-(event * (treated - share)).sum() / math.sqrt((event * share * (1 - share)).sum()))


def test_power_where_hazards_are_not_proportional_is_that_of_simulated_trials(tmp_path: Path) -> None:
    pieces = "[{rate: 0.1386 per month, until: 3 months}, {rate: 0.06 per month}]"
    late = f"EXP: {{hazards: {{value: {pieces}, assumption: a late effect}}}}"
    design = eq.plan(changed(tmp_path, (EFFECT, late)))
    power = design.looks[-1].power
    rng = np.random.default_rng(20261122)
    z = np.array([log_rank_z(rng) for _ in range(2000)])
    error = math.sqrt(power * (1 - power) / len(z))
    # The mean of Z is a limit for many events; at 110 it is about 0.03 above that of simulated trials.
    assert abs((z > 1.959964).mean() - power) < 4 * error + 0.02
    # Schoenfeld's formula at the average hazard ratio would be far off.
    assert design.looks[-1].test.power > power + 0.08
    assert f"They give {100 * power:.1f}% power under the hazards assumed" in design.text()
    assert design.final_power == power


def test_bounds_where_hazards_are_not_proportional_have_the_power_of_the_weighted_design(tmp_path: Path) -> None:
    pieces = "[{rate: 0.1386 per month, until: 3 months}, {rate: 0.06 per month}]"
    late = f"EXP: {{hazards: {{value: {pieces}, assumption: a late effect}}}}"
    looks = "looks: [{id: first, trigger: {events: 60}}, {id: final, trigger: {events: 110}}]"
    design = eq.plan(changed(tmp_path, (EFFECT, late), (LOOK, looks + SPENT)))
    assert design.sequential is not None
    again = weighted_logrank_design(
        **design.premises.course, alpha=0.05, sides=2, time=design.looks[1].time, interim=[design.looks[0].time or 0.0],
        efficacy=design.sequential.upper.tolist(),
    )  # fmt: skip
    assert design.final_power == pytest.approx(again.power, abs=1e-12)
    assert again.power < design.sequential.power - 0.08
    assert f"these bounds have {prose_percent(again.power, 2)} power." in design.text()


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_numbers_of_a_design_are_plain_whatever_computed_them(engine: str) -> None:
    for futility in (None, "pocock"):
        design = sequential(futility=futility, engine=engine)
        assert {type(value) for value in (design.drift, design.maximum, design.power, design.inflation)} == {float}
