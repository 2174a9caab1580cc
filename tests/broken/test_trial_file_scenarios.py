"""Every fault of scenarios and of what starts a look, with the line it points at.

In an edit the mark ‸ stands where the message must point; it is taken out before the file is read.
"""

import pytest

from equipoise.design.plan import plan_design
from equipoise.errors import ArgumentError, DesignError, TrialFileError
from equipoise.protocol import parse_trial
from equipoise.simulation import synthesize
from equipoise.simulation.trial_plan import plan_simulation
from imagined_files import imagined_file, imagined_text

MARK = "‸"
X = "assumption: x"
CONTROL = f"C: {{median: {{value: 5 months, {X}}}}}"
WEIBULL = f"C: {{weibull: {{value: {{shape: 1.2, scale: 8 months}}, {X}}}}}"
LOG_NORMAL = f"C: {{log_normal: {{value: {{median: 5 months, sigma: 0.8}}, {X}}}}}"
RATIO = f"E: {{hazard_ratio: {{value: 0.6, {X}}}}}"


def survival(control: str, experimental: str) -> dict[str, str]:
    return {"survival": f"    survival:\n      PFS:\n        {control}\n        {experimental}"}


def joint(strata: str, mark: str = MARK, more: str = "") -> dict[str, str]:
    return {"prevalences": f"{mark}joint_prevalences: {{value: [{strata}], {X}}}{more}"}


def model(**changed: str) -> dict[str, str]:
    """A scenario's illness-death model with parts exchanged."""
    both = f"{{{CONTROL}, {RATIO}}}"
    parts = {
        "progression_or_death": "PFS", "death": "OS", "progression": both, "death_before": both, "death_after": both,
        "clock": f"{{value: progression, {X}}}",
    }  # fmt: skip
    parts |= changed
    lines = [f"      {name}: {text}" for name, text in parts.items()]
    return {"survival": "    illness_death:\n" + "\n".join(lines)}


def trigger(text: str) -> dict[str, str]:
    return {"plan": f"looks: [{{id: final, trigger: {{{text}}}}}]"}


def strata(*entries: str) -> str:
    return f"C: {{by_stratum: [{', '.join(entries)}]}}"


F, M = (f"{{stratum: {{sex: {level}}}, median: {{value: 5 months, {X}}}}}" for level in "FM")
FAULTS = {
    "cured beside an effect": (
        survival(CONTROL, f"‸E: {{hazard_ratio: {{value: 0.6, {X}}}, cured: {{value: 0.2, {X}}}}}"),
        "E: cured belongs beside median, hazards, weibull, log_normal, not beside hazard_ratio",
    ),
    "all cured": (
        survival(f"C: {{median: {{value: 5 months, {X}}}, cured: {{value: ‸1.0, {X}}}}}", RATIO),
        "cured: 1.0 is out of range",
    ),
    "no evidence": (
        survival("C: {‸weibull: {value: {shape: 1.2, scale: 8 months}}}", RATIO),
        "weibull: a scenario value must name its source or be marked an assumption; "
        "write {value: ..., source: ...} or {value: ..., assumption: ...}",
    ),
    "shape of zero": (
        survival(f"C: {{weibull: {{value: {{shape: ‸0, scale: 8 months}}, {X}}}}}", RATIO), "shape: 0 is out of range",
    ),
    "scale without a unit": (
        survival(f"C: {{weibull: {{value: {{shape: 1, scale: ‸8}}, {X}}}}}", RATIO),
        "scale: 8 is not a duration; write a number and a unit, as in '8 weeks' or '3.6 months'",
    ),
    "ratios of the control arm": (
        survival(f"C: {{‸hazard_ratios: {{value: [{{ratio: 1}}], {X}}}}}", RATIO),
        "the control arm cannot have a hazard ratio to itself",
    ),
    "ratios out of order": (
        survival(CONTROL, "E: {hazard_ratios: {‸value: [{until: 6 months, ratio: 1}, {until: 3 months, ratio: 0.6}, "
                 f"{{ratio: 0.5}}], {X}}}}}"),
        "hazard_ratios: the pieces must have an increasing 'until', and only the last may have none; "
        "given: 6 months, 3 months, none",
    ),
    "ratios that end": (
        survival(CONTROL, f"E: {{‸hazard_ratios: {{value: [{{until: 6 months, ratio: 1}}], {X}}}}}"),
        "the last hazard-ratio piece must have no 'until'",
    ),
    "a ratio of zero": (
        survival(CONTROL, f"E: {{hazard_ratios: {{value: [{{ratio: ‸0}}], {X}}}}}"), "ratio: 0 is out of range",
    ),
    "an effect on log-normal times": (
        survival(LOG_NORMAL, RATIO.replace("hazard_ratio", "‸hazard_ratio")),
        "hazard_ratio cannot be an effect on the control arm's log_normal",
    ),
    "a changing effect on Weibull times": (
        survival(WEIBULL, f"E: {{‸hazard_ratios: {{value: [{{ratio: 0.6}}], {X}}}}}"),
        "hazard_ratios cannot be an effect on the control arm's weibull",
    ),
    "a stratum left out": (
        survival(strata(F).replace("by_stratum", "‸by_stratum"), RATIO), "none of by_stratum describes sex M",
    ),
    "a stratum twice": (survival(strata(F, M, "‸" + F), RATIO), "2 entries of by_stratum describe sex F"),
    "a level that is not declared": (
        survival(strata(F, M.replace("sex: M", "sex: ‸X")), RATIO), "'X' is not a level of sex",
    ),
    "a factor that is not one": (
        survival(strata(F, M.replace("sex: M", "‸ecog: '1'")), RATIO), "'ecog' is not a stratification factor",
    ),
    "joint shares that do not sum to 1": (
        joint("{stratum: {sex: F}, share: 0.4}, {stratum: {sex: M}, share: 0.5}"),
        "joint_prevalences sum to 0.9, not 1",
    ),
    "joint shares of one stratum twice": (
        joint("{stratum: {sex: F}, share: 0.5}, {stratum: {sex: F}, share: 0.5}"),
        "joint_prevalences state sex F 2 times",
    ),
    "joint and single shares": (
        joint(
            "{stratum: {sex: F}, share: 0.5}, {stratum: {sex: M}, share: 0.5}",
            mark="",
            more=f"\n    prevalences: {{‸sex: {{value: {{F: 0.5, M: 0.5}}, {X}}}}}",
        ),
        "joint_prevalences say already how common the levels of sex are",
    ),
    "dropout of an unknown arm": (
        {
            "dropout": f"dropout: {{rate: {{value: 0.01 per month, {X}}}, "
            f"by_arm: {{‸Z: {{value: 0.01 per month, {X}}}}}}}"
        },
        "'Z' is not a declared arm",
    ),
    "an unknown endpoint of the model": (model(death="‸DFS"), "'DFS' is not a declared endpoint"),
    "one endpoint twice in the model": (model(death="‸PFS"), "progression_or_death and death are one endpoint"),
    "an arm left out of the model": (
        {"survival": model(death_before=f"{{{CONTROL}}}")["survival"].replace("death_before", "‸death_before")},
        "death_before says nothing of E",
    ),
    "a law without hazards in pieces after progression": (
        model(death_after=f"{{{WEIBULL.replace('weibull', '‸weibull')}, {RATIO}}}"), "death_after has no weibull",
    ),
    "a clock that is none": (
        model(clock=f"{{value: ‸birth, {X}}}"), "clock: 'birth' is not permitted",
    ),
    "switching in an unknown arm": (
        model(switching=f"{{‸Z: {{share: {{value: 0.5, {X}}}, hazard_ratio: {{value: 1, {X}}}}}}}"),
        "'Z' is not a declared arm",
    ),
    "survival beside the model that gives it": (
        {"survival": model()["survival"] + f"\n    survival: {{‸PFS: {{{CONTROL}, {RATIO}}}}}"},
        "PFS follows from illness_death already",
    ),
    "arms without events": (trigger("time: 9 months, ‸arms: [E]"), "arms says whose events are counted"),
    "an unknown arm of a look": (trigger("events: 90, arms: [‸Z]"), "'Z' is not a declared arm"),
    "an unknown endpoint of a look": (trigger("events: 90, endpoint: ‸DFS"), "'DFS' is not a declared endpoint"),
    "when of one condition": (
        trigger("events: 90, ‸when: first"), "when is of several conditions; there is events only",
    ),
    "a latest date of no length": (
        trigger("events: 90, latest: ‸0 months"),
        "latest: '0 months' is no length of time; it must be longer than zero",
    ),
    "nothing that starts a look": (
        {"plan": "looks: [‸{id: final, trigger: {latest: 9 months}}]"},
        "a look's trigger needs events, time or follow_up",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_the_fault_is_said_with_its_place(name):
    given, message = FAULTS[name]
    before, mark, after = imagined_text(**given).partition(MARK)
    assert mark
    with pytest.raises(TrialFileError, match=r"has 1 problem\n") as caught:
        parse_trial(before + after)
    (problem,) = caught.value.problems
    assert problem.message == message
    assert problem.where == f"trial.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_a_scenario_says_what_happens():
    follow_up = "    follow_up: {value: 5 months, assumption: x}"
    with pytest.raises(TrialFileError, match="missing key 'survival'") as caught:
        imagined_file(survival=follow_up)
    assert caught.value.problems[0].hint == "add `survival:` or `illness_death:` here"


def test_events_of_an_endpoint_that_is_not_drawn_start_no_look():
    both = survival(CONTROL, RATIO)["survival"] + f"\n      OS:\n        {CONTROL}\n        {RATIO}"
    trial = imagined_file(survival=both, **trigger("events: 40, endpoint: OS"))
    with pytest.raises(ArgumentError, match="waits for events of OS, which scenario 'expected' does not draw with PFS"):
        plan_simulation(trial)
    with pytest.raises(ArgumentError, match="says nothing about OS with C and E"):
        plan_design(imagined_file(**trigger("events: 40, endpoint: OS")))


def test_an_arm_has_no_more_events_than_patients():
    with pytest.raises(DesignError, match=r"look final waits for 90 events of which 68\.\d+ are expected") as caught:
        plan_design(imagined_file(**trigger("events: 90, arms: [C]"))).to_rows()
    assert caught.value.code == "design-unreachable"
    # With a latest date it comes then.
    late = plan_design(imagined_file(**trigger("events: 90, arms: [C], latest: 30 months")))
    assert late.looks[0].time == pytest.approx(30.0, abs=1e-6)


def test_deaths_are_seen_without_scans():
    trial = imagined_file(endpoint="OS", survival=model()["survival"])
    with pytest.raises(ArgumentError, match="the primary endpoint OS ends with death, which is seen without a scan"):
        plan_simulation(trial, scans=True)


UNUSED = {
    "illness_death": model(),
    "joint_prevalences": joint("{stratum: {sex: F}, share: 0.5}, {stratum: {sex: M}, share: 0.5}", mark=""),
    "dropout.by_arm": {
        "dropout": f"dropout: {{rate: {{value: 0.01 per month, {X}}}, by_arm: {{E: {{value: 0.02 per month, {X}}}}}}}"
    },
    "survival.PFS.C, survival.PFS.E": survival(WEIBULL, RATIO),
    "arms of look final": trigger("events: 40, arms: [E]"),
    "latest of look final": trigger("events: 40, latest: 9 months"),
}


@pytest.mark.parametrize("unused", UNUSED)
def test_patients_are_not_synthesized_against_the_scenario(unused):
    with pytest.raises(ArgumentError, match=f"cannot be synthesized: patients would not follow {unused}\\n") as caught:
        synthesize(imagined_file(**UNUSED[unused]), seed=1, scenario="expected")
    assert caught.value.where == "scenarios.expected"
