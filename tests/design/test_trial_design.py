"""The design of a trial file: PALMIRA's numbers, looks with bounds, and what a file may lack."""

from dataclasses import replace

import pytest

import equipoise as eq
from equipoise.design import Accrual, Dropout, Hazard, expected_events, group_sequential, power_of, time_of_events
from equipoise.design.spending import Spending
from equipoise.errors import ArgumentError, TrialFileError
from equipoise.protocol import builtin_text
from equipoise.protocol.loading import parse_trial

FINAL = (
    "      - {id: final, trigger: {events: 155, "
    'source: "ASCO 2023 abstract 1001: 155 PFS events at the first report"}}\n'
)
LOOKS = """      - {id: interim, trigger: {events: 80}}
      - {id: second, trigger: {events: 120}, futility: false}
      - {id: final, trigger: {events: 155}}
    spending: {function: obrien-fleming}
    futility: {function: hwang-shih-decani, parameter: -4}
"""
ASSUMED = {
    "accrual": Accrual.uniform(n=198, duration=24),
    "control": Hazard.from_median(3.6),
    "hazard_ratio": 0.59,
    "dropout": Dropout(0.01),
    "ratio": (2, 1),
}


def changed(*pairs: tuple[str, str]):
    """PALMIRA with parts of its file replaced."""
    text = builtin_text("palmira")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return parse_trial(text).trial


def value(design, parameter: str, statistic: str, **columns) -> float | None:
    found = [
        row for row in design.to_rows()
        if (row.parameter, row.statistic) == (parameter, statistic)
        and all(getattr(row, name) == wanted for name, wanted in columns.items())
    ]  # fmt: skip
    return found[0].value


def test_palmira_needs_127_events():
    design = eq.plan("palmira")
    assert value(design, "requirement", "events", method="schoenfeld") == 127
    assert value(design, "requirement", "events", method="freedman") == 111
    assert value(design, "look", "power", at=1.0) == pytest.approx(0.872164, abs=5e-7)
    assert "127 events" in design.text()


def test_dates_are_those_of_the_functions_called_by_hand():
    design = eq.plan("palmira")
    by_hand = time_of_events([127, 155], **ASSUMED)
    assert value(design, "required", "time") == pytest.approx(by_hand.time[0], rel=1e-12)
    assert value(design, "look", "time") == pytest.approx(by_hand.time[1], rel=1e-12)
    at_end = expected_events(29, **ASSUMED)
    assert value(design, "end", "events", group1=None) == pytest.approx(at_end.total, rel=1e-12)
    assert value(design, "end", "events", level1="ET") == pytest.approx(at_end.control, rel=1e-12)
    power = power_of(at_end.total, hazard_ratio=0.59, alpha=0.05, sides=2, ratio=2)
    assert value(design, "end", "power") == pytest.approx(power.power, rel=1e-12)


def test_the_code_makes_the_design_again():
    design = eq.plan("palmira", scenario="published")
    held: dict = {}
    exec(design.code(), held)
    assert held["design"].to_rows() == design.to_rows()


def test_looks_with_spending_have_bounds():
    design = eq.plan(changed((FINAL, LOOKS)))
    by_hand = group_sequential(
        [80, 120, 155], alpha=0.05, sides=2, efficacy=Spending("obrien-fleming"), harm="none", hazard_ratio=0.59,
        futility=Spending("hwang-shih-decani", -4.0), futility_at=[1], ratio=(2, 1),
    )  # fmt: skip
    for look in (1, 2, 3):
        assert value(design, "bounds", "z_upper", at=float(look)) == pytest.approx(by_hand.upper[look - 1], abs=1e-10)
    assert value(design, "bounds", "z_futility", at=1.0) == pytest.approx(by_hand.futility[0], abs=1e-10)
    needed = value(design, "bounds-requirement", "events", at=None)
    assert needed is not None
    assert 127 < needed < 155
    assert "Two interim analyses" in design.text()
    # A test without bounds would claim more than the looks leave.
    assert not [row for row in design.to_rows() if row.parameter == "look" and row.statistic == "power"]


def test_an_interim_may_have_no_efficacy_bound():
    no_efficacy = LOOKS.replace("{events: 80}}", "{events: 80}, efficacy: false}")
    design = eq.plan(changed((FINAL, no_efficacy)))
    assert value(design, "bounds", "alpha_spent", at=1.0) == 0.0
    assert not [row for row in design.to_rows() if row.statistic == "z_upper" and row.at == 1.0]


def test_a_look_by_calendar_time_takes_the_events_expected_then():
    design = eq.plan(changed((FINAL, "      - {id: final, trigger: {time: 29 months}}\n")))
    assert value(design, "look", "events") == pytest.approx(expected_events(29, **ASSUMED).total, rel=1e-12)
    assert value(design, "look", "time") == pytest.approx(29.0, abs=1e-9)


def test_events_that_never_come_are_a_row_with_the_reason():
    design = eq.plan(changed(("trigger: {events: 155,", "trigger: {events: 195,")))
    (row,) = [row for row in design.to_rows() if (row.parameter, row.statistic) == ("look", "time")]
    assert row.value is None
    assert row.value_text == "not reached"
    assert "195 events cannot be reached" in (row.error or "")
    assert "These 195 events cannot be reached: at most 18" in design.text()
    assert "They give" not in design.text()


def test_hazards_that_are_not_proportional_are_averaged_and_said():
    design = eq.plan("palmira", scenario="published")
    assert not design.proportional
    assert 0.85 < design.hazard_ratio < 0.98
    assert "not proportional" in design.text()
    assert design.requirement == ()


def test_one_of_several_experimental_arms_is_compared_with_its_share_of_the_patients():
    text = builtin_text("palmira")
    third = text.replace(
        "  - id: ET\n", "  - {id: HIGH, label: High dose, role: experimental, ratio: 1}\n  - id: ET\n", 1
    )
    assert third != text
    third = third.replace(
        "        PALBO_ET: {hazard_ratio: {value: 0.59, ",
        "        HIGH: {hazard_ratio: {value: 0.5, assumption: made up}}\n"
        "        PALBO_ET: {hazard_ratio: {value: 0.59, ",
        1,
    )
    trial = parse_trial(third.replace("value: [3, 6]", "value: [4, 8]")).trial
    design = eq.plan(trial, arm="HIGH")
    assert design.premises.ratio == (1, 1)
    assert design.premises.share == pytest.approx(0.5)
    assert design.expected.enrolled.sum(axis=(0, 1))[-1] == pytest.approx(99.0)
    with pytest.raises(ArgumentError, match="ET is the control arm"):
        eq.plan(trial, arm="ET")


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ((("role: primary", "role: secondary"),), "no primary analysis with a test"),
        ((("default_for: [design, simulate]", "default_for: [simulate]"),), "no scenario for design"),
    ],
)
def test_what_a_design_needs_is_named(pairs, message: str):
    with pytest.raises(ArgumentError, match=message):
        eq.plan(changed(*pairs))


def test_a_scenario_that_says_nothing_of_the_endpoint():
    trial = eq.load("palmira")
    scenario = trial.scenario("design").model_copy(update={"survival": {}})
    others = tuple(scenario if each.id == "design" else each for each in trial.scenarios)
    with pytest.raises(ArgumentError, match="says nothing about PFS with ET and PALBO_ET"):
        eq.plan(trial.model_copy(update={"scenarios": others}))


@pytest.mark.parametrize(
    ("spending", "message"),
    [
        ("{function: power}", "power needs its `parameter`"),
        ("{function: pocock, parameter: 2}", "pocock has no parameter"),
        ("{function: power, parameter: -1}", "exponent of power spending is above 0"),
    ],
)
def test_spending_in_a_trial_file_is_checked(spending: str, message: str):
    with pytest.raises(TrialFileError, match=message):
        changed((FINAL, LOOKS.replace("{function: obrien-fleming}", spending)))


def test_premises_are_plain_values():
    premises = eq.plan("palmira").premises
    assert replace(premises, power=None).power is None
    assert any("median with ET" in line for line in premises.assumptions)
