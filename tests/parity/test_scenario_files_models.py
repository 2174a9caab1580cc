"""A trial file that asks for a feature of simulation and the model built by hand: the same bytes of results."""

import pytest

from equipoise.design import Accrual, Dropout, Hazard
from equipoise.randomization import PermutedBlocks, Scheme
from equipoise.simulation import (
    Cured,
    Deaths,
    LogNormal,
    LookBounds,
    PiecewiseRatio,
    ScanSchedule,
    TrialLook,
    TrialModel,
    Weibull,
    simulate,
)
from equipoise.simulation.trial_plan import plan_simulation
from imagined_files import LOGRANK, imagined_file

TRIALS, SEED = 2048, 11
HAZARD = Hazard((0.12, 0.08), (6.0,))
PIECES = "{value: [{until: 6 months, rate: 0.12 per month}, {rate: 0.08 per month}], assumption: made up}"
STRATA = {"F": ("F",), "M": ("M",)}


def by_hand(**given):
    """The model that the imagined file describes, with what is given otherwise."""
    scheme = Scheme({"E": 1, "C": 1}, {"sex": ("F", "M")})
    fields = {
        "accrual": Accrual.uniform(n=150, duration=15.0),
        "randomization": PermutedBlocks(scheme, (6,)),
        "control": "C",
        "events": {"C": HAZARD, "E": 0.6},
        "prevalences": {"sex": {"F": 0.55, "M": 0.45}},
        "dropout": Dropout(0.01),
        "looks": (TrialLook(events=100, id="final"),),
        "bounds": LookBounds.single(alpha=0.025, sides=1),
    }
    return TrialModel(**(fields | given))


def arms(control: str, experimental: str) -> str:
    return f"    survival:\n      PFS:\n        C: {{{control}}}\n        E: {{{experimental}}}"


def value(form: str, text: object) -> str:
    return f"{form}: {{value: {text}, assumption: made up}}"


ILLNESS = f"""
    illness_death:
      progression_or_death: PFS
      death: OS
      progression:
        C: {{hazards: {PIECES}}}
        E: {{{value("hazard_ratio", 0.6)}}}
      death_before:
        C: {{{value("weibull", "{shape: 1.2, scale: 60 months}")}}}
        E: {{{value("hazard_ratio", 0.9)}}}
      death_after:
        C: {{by_stratum: [{{stratum: {{sex: F}}, {value("hazards", "[{rate: 0.09 per month}]")}}},
                          {{stratum: {{sex: M}}, {value("hazards", "[{rate: 0.15 per month}]")}}}]}}
        E: {{{value("hazard_ratio", 1)}}}
      {value("clock", "randomization")}
      switching: {{C: {{{value("share", 0.4)}, {value("hazard_ratio", 0.7)}}}}}
"""
DEATHS = Deaths(
    before={"C": Weibull(1.2, 60.0), "E": 0.9},
    after={"C": {("F",): Hazard(0.09), ("M",): Hazard(0.15)}, "E": 1.0},
    clock="randomization",
    switching={"C": 0.4},
    switch_factor={"C": 0.7},
)
BY_STRATUM = (
    f"by_stratum: [{{stratum: {{sex: F}}, hazards: {PIECES}}}, "
    f"{{stratum: {{sex: M}}, {value('log_normal', '{median: 5 months, sigma: 0.8}')}}}]"
)
EFFECT_BY_STRATUM = (
    f"by_stratum: [{{stratum: {{sex: F}}, {value('hazard_ratio', 0.5)}}}, "
    f"{{stratum: {{sex: M}}, {value('log_normal', '{median: 6.5 months, sigma: 0.8}')}}}]"
)


def ratios(text: str) -> str:
    return arms(f"hazards: {PIECES}", value("hazard_ratios", text))


def look(trigger: str) -> str:
    return f"looks: [{{id: final, trigger: {{{trigger}}}}}]"


FEATURES = {
    "delayed effect": (
        {"survival": ratios("[{until: 3 months, ratio: 1}, {ratio: 0.5}]")},
        {"events": {"C": HAZARD, "E": PiecewiseRatio((1.0, 0.5), (3.0,))}},
    ),
    "crossing hazards": (
        {"survival": ratios("[{until: 2 months, ratio: 1.4}, {until: 6 months, ratio: 0.7}, {ratio: 0.4}]")},
        {"events": {"C": HAZARD, "E": PiecewiseRatio((1.4, 0.7, 0.4), (2.0, 6.0))}},
    ),
    "diminishing effect": (
        {"survival": ratios("[{until: 4 months, ratio: 0.4}, {ratio: 0.9}]")},
        {"events": {"C": HAZARD, "E": PiecewiseRatio((0.4, 0.9), (4.0,))}},
    ),
    "Weibull": (
        {"survival": arms(value("weibull", "{shape: 1.4, scale: 8 months}"), value("hazard_ratio", 0.6))},
        {"events": {"C": Weibull(1.4, 8.0), "E": 0.6}},
    ),
    "log-normal": (
        {
            "survival": arms(
                value("log_normal", "{median: 5 months, sigma: 0.9}"),
                value("log_normal", "{median: 8 months, sigma: 0.9}"),
            )
        },
        {"events": {"C": LogNormal(5.0, 0.9), "E": LogNormal(8.0, 0.9)}},
    ),
    "cured share": (
        {
            "survival": arms(f"hazards: {PIECES}, {value('cured', 0.15)}", value("hazard_ratio", 0.6)),
            "plan": look("events: 80"),
        },
        {"events": {"C": Cured(HAZARD, 0.15), "E": 0.6}, "looks": (TrialLook(events=80, id="final"),)},
    ),
    "cured share, delayed effect": (
        {
            "survival": arms(
                f"hazards: {PIECES}, {value('cured', 0.15)}",
                value("hazard_ratios", "[{until: 3 months, ratio: 1}, {ratio: 0.5}]"),
            ),
            "plan": look("events: 80"),
        },
        {
            "events": {"C": Cured(HAZARD, 0.15), "E": PiecewiseRatio((1.0, 0.5), (3.0,))},
            "looks": (TrialLook(events=80, id="final"),),
        },
    ),
    "event times by stratum": (
        {"survival": arms(BY_STRATUM, EFFECT_BY_STRATUM)},
        {
            "events": {
                "C": {("F",): HAZARD, ("M",): LogNormal(5.0, 0.8)},
                "E": {("F",): 0.5, ("M",): LogNormal(6.5, 0.8)},
            }
        },
    ),
    "joint prevalences": (
        {
            "prevalences": "joint_prevalences: {value: [{stratum: {sex: F}, share: 0.3}, "
            "{stratum: {sex: M}, share: 0.7}], assumption: made up}"
        },
        {"prevalences": {("F",): 0.3, ("M",): 0.7}},
    ),
    "dropout by arm": (
        {
            "dropout": f"dropout: {{{value('rate', '0.01 per month')}, "
            "by_arm: {E: {value: 0.03 per month, source: x}}}"
        },
        {"dropout": {"C": Dropout(0.01), "E": Dropout(0.03)}},
    ),
    "illness-death and switching": ({"survival": ILLNESS}, {"deaths": DEATHS}),
    "deaths of an illness-death model": (
        {"survival": ILLNESS, "endpoint": "OS", "plan": look("events: 70")},
        {
            "deaths": DEATHS, "decides": "death", "looks": (TrialLook(events=70, endpoint="death", id="final"),),
        },
    ),
    "look by deaths": (
        {"survival": ILLNESS, "plan": look("events: 40, endpoint: OS")},
        {"deaths": DEATHS, "looks": (TrialLook(events=40, endpoint="death", id="final"),)},
    ),
    "look by the events of an arm": (
        {"plan": look("events: 50, arms: [C]")},
        {"looks": (TrialLook(events=50, arms=("C",), id="final"),)},
    ),
    "look by follow-up": (
        {"plan": look("follow_up: 5 months")},
        {"looks": (TrialLook(follow_up=5.0, id="final"),)},
    ),
    "look by the last of several, at the latest": (
        {"plan": look("events: 110, follow_up: 4 months, time: 12 months, latest: 22 months")},
        {"looks": (TrialLook(events=110, follow_up=4.0, time=12.0, latest=22.0, id="final"),)},
    ),
    "look by the first of several": (
        {"plan": look("events: 110, time: 18 months, when: first")},
        {"looks": (TrialLook(events=110, time=18.0, when="first", id="final"),)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FEATURES)
def test_the_model_of_the_file_is_the_one_built_by_hand(name):
    given, fields = FEATURES[name]
    planned = plan_simulation(imagined_file(**given))
    own = by_hand(**fields)
    found, expected = (simulate(model, trials=TRIALS, seed=SEED, course=0) for model in (planned.model, own))
    assert found.digest == expected.digest
    assert 0.0 < found.rejection_rate < 1.0
    plain = simulate(by_hand(), trials=TRIALS, seed=SEED, course=0)
    assert found.digest != plain.digest, "the feature changes nothing"


def test_scans_are_those_of_the_file():
    week = 7.0 / 30.4375
    planned = plan_simulation(imagined_file(), scans=True)
    own = by_hand(scans=ScanSchedule((8 * week, 12 * week), (48 * week,)))
    assert (
        simulate(planned.model, trials=TRIALS, seed=SEED, course=0).digest
        == simulate(own, trials=TRIALS, seed=SEED, course=0).digest
    )


SPENT = """looks: [{id: interim, trigger: {follow_up: 0 months}}, {id: final, trigger: {follow_up: 8 months}}]
    spending: {function: obrien-fleming}"""


def test_kept_bounds_are_those_of_the_plan():
    trial = imagined_file(plan=SPENT)
    kept, spent = (plan_simulation(trial, keep_bounds=keep) for keep in (True, False))
    looks = (TrialLook(follow_up=0.0, id="interim"), TrialLook(follow_up=8.0, id="final"))
    for planned, respend in ((kept, False), (spent, True)):
        own = by_hand(looks=looks, bounds=planned.design.sequential, respend=respend)
        assert (
            simulate(planned.model, trials=TRIALS, seed=SEED, course=0).digest
            == simulate(own, trials=TRIALS, seed=SEED, course=0).digest
        )
    assert type(kept.model.bounds) is LookBounds
    assert type(spent.model.bounds) is not LookBounds


def test_a_hazard_ratio_takes_the_place_of_every_effect():
    planned = plan_simulation(imagined_file(survival=ILLNESS), hazard_ratio=1.0)
    own = by_hand(deaths=DEATHS).with_effect(1.0)
    assert own.laws[("F",), "E"] == HAZARD
    assert own.deaths_before[("F",), "E"] == Weibull(1.2, 60.0)
    found, expected = (simulate(model, trials=TRIALS, seed=SEED, course=0) for model in (planned.model, own))
    assert found.digest == expected.digest


def test_weighted_tests_of_deaths():
    test = LOGRANK.replace("logrank", "fleming-harrington, gamma: 1")
    model = plan_simulation(imagined_file(survival=ILLNESS, endpoint="OS", test=test, plan=look("events: 70"))).model
    assert [each.endpoint for each in model.tests] == ["death"]
    assert model.decides == "weighted"
