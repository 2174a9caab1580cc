"""Any trial file of the shape can be synthesized; what is missing is left out or named."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from equipoise.derivation import derive_adam
from equipoise.errors import ArgumentError
from equipoise.frames.sdtm import read_sdtm
from equipoise.protocol import Trial, builtin_text, parse_trial
from equipoise.simulation import synthesize

OVERALL = """
      OS:
        OLD: {median: {value: 20 months, assumption: made up}}
        NEW: {median: {value: 20 months, assumption: made up}}
"""
OS_ENDPOINT = (
    "  - {id: OS, label: OS, kind: time-to-event, start: randomization, events: [death], censoring: [randomization]}\n"
)


def _changed(text: str, *changes: tuple[str, str]) -> Trial:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse_trial(text).trial


def test_a_small_trial_has_only_what_its_file_speaks_of(small_trial: Trial):
    small = synthesize(small_trial, seed=3)
    assert set(small.sdtm) == {"dm", "ds", "ex", "ae", "cm", "tu", "tr", "rs", "sv", "ts"}
    assert small.sdtm["ex"].height == small.sdtm["ae"].height == 0
    assert set(small.sdtm["dm"]["ARMCD"]) == {"NEW", "OLD"}
    assert small.sdtm["dm"].height == small.truth["subjects"].height == 60
    assert small.truth["subjects"]["death_date"].null_count() == 60
    assert small.sdtm["dm"]["COUNTRY"].null_count() == 60
    assert set(small.sdtm["tu"]["TUSTRESC"]) == {"TARGET", "NON-TARGET", "NEW"}
    assert {"DAY 46", "DAY 91"} <= set(small.sdtm["rs"]["VISIT"])
    span = (small.cutoff - small_trial.trial.first_enrollment.value).days if small_trial.trial.first_enrollment else 0
    assert 21 * 30 < span < 22.5 * 30.5


def test_a_small_trial_can_be_written_read_and_derived(small_trial: Trial, tmp_path):
    small = synthesize(small_trial, seed=3)
    paths = small.write(tmp_path)
    assert paths["truth/subjects"].parent == tmp_path / "truth"
    assert {path.name for path in (tmp_path / "sdtm").iterdir()} == {f"{name}.parquet" for name in small.sdtm}
    derived = derive_adam(read_sdtm(tmp_path / "sdtm"), small_trial).tables["adtte"].filter(PARAMCD="EFS")
    both = derived.join(small.truth["subjects"], on="USUBJID")
    assert both.height == 60
    assert both["AVAL"].to_list() == both["pfs_days"].to_list()
    assert [c == 1 for c in both["CNSR"]] == [end == "censored" for end in both["pfs_end"]]


def test_the_starter_trial_can_be_synthesized():
    starter = parse_trial(builtin_text("starter")).trial
    drawn = synthesize(starter, seed=1)
    ends = drawn.truth["subjects"]["pfs_end"]
    assert (ends != "censored").sum() >= 110
    assert {"progression", "death", "censored"} == set(ends)
    assert drawn.truth["assumptions"].filter(name="calendar_start")["value"].to_list() == [2020.0]


def test_a_trial_of_survival_alone_has_deaths_and_no_scans(small_text: str):
    only_deaths = _changed(
        small_text,
        (
            "    events: [progression, death]\n    censoring: [last_assessment, randomization]",
            "    events: [death]\n    censoring: [randomization]",
        ),
        ("schedule:\n  tumor_assessments: {window: 0 days, anchor: first dose, intervals: [{every: 45 days}]}\n", ""),
    )
    drawn = synthesize(only_deaths, seed=4)
    assert {name for name, frame in drawn.sdtm.items() if frame.height} == {"dm", "ds", "sv", "ts"}
    subjects = drawn.truth["subjects"]
    assert set(subjects["pfs_end"]) == {"death", "censored"}
    assert subjects["progression_date"].null_count() == 60
    assert drawn.sdtm["dm"]["DTHDTC"].drop_nulls().len() == (subjects["pfs_end"] == "death").sum() > 20


def test_a_trial_with_survival_has_deaths_after_progression(small_text: str):
    both = _changed(
        small_text, ("endpoints:\n", "endpoints:\n" + OS_ENDPOINT), ("      EFS:", OVERALL.strip("\n") + "\n      EFS:")
    )
    subjects = synthesize(both, seed=4).truth["subjects"]
    assert subjects["death_date"].null_count() == 0
    assert "death" in set(subjects["pfs_end"])


def test_a_trial_without_a_rule_fails_patients_on_the_text_of_a_criterion(small_text: str):
    criteria = "eligibility:\n  - {id: EXC01, kind: exclusion, text: Another active malignancy}\n"
    share = "    screen_failure: {value: 0.3, assumption: made up}\n    survival:"
    trial = _changed(small_text, ("arms:\n", criteria + "arms:\n"), ("    survival:", share))
    drawn = synthesize(trial, seed=5)
    assert set(drawn.sdtm["ie"]["IETESTCD"]) == {"EXC01"}
    assert drawn.sdtm["ie"]["IEORRES"].unique().to_list() == ["Y"]
    assert 10 < drawn.sdtm["ie"].height == drawn.sdtm["dm"].height - 60


def test_a_cutoff_by_time_leaves_later_patients_out(small_text: str):
    analysis = (
        "analyses:\n  - {id: efs, role: primary, endpoint: EFS, analysis_set: ITT, curve: {}, "
        "looks: [{id: early, trigger: {time: 8 months}}]}\nscenarios:"
    )
    trial = _changed(small_text, ("scenarios:", analysis))
    drawn = synthesize(trial, seed=6)
    dm = drawn.sdtm["dm"]
    assert 10 < dm.height < 60
    assert drawn.truth["subjects"].height == 60
    assert drawn.sdtm["ds"]["DSSTDTC"].max() <= drawn.cutoff.isoformat()
    waiting = dm.filter(pl.col("ARMCD").is_null())
    assert set(waiting["ARMNRS"]) == {"NOT ASSIGNED"}
    assert waiting["RFSTDTC"].null_count() == waiting.height > 0
    assert set(waiting["USUBJID"]).isdisjoint(drawn.sdtm["ds"].filter(DSDECOD="RANDOMIZED")["USUBJID"])


Refusal = tuple[str, str, str]
REFUSALS: dict[str, Refusal] = {
    "no schedule": (
        "schedule:\n  tumor_assessments: {window: 0 days, anchor: first dose, intervals: [{every: 45 days}]}\n",
        "",
        "lacks a tumor-assessment schedule",
    ),
    "no arm": (
        "        NEW: {hazard_ratio: {value: 0.7, assumption: made up}}\n",
        "",
        "lacks survival of arm NEW for EFS",
    ),
    "no cutoff": ("    follow_up: {value: 9 months, assumption: made up}\n", "", "lacks a data cutoff"),
    "other endpoint": ("      EFS:\n", "      ABC:\n", "lacks survival for a progression-free or overall-survival"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_a_trial_file_lacks_is_named(small_text: str, name: str, build: Callable[[str], Trial]):
    old, new, message = REFUSALS[name]
    assert old in small_text
    with pytest.raises(ArgumentError, match=message) as caught:
        synthesize(build(small_text.replace(old, new)), seed=1)
    assert caught.value.code == "argument-invalid"
    assert caught.value.where


@pytest.fixture
def build() -> Callable[[str], Trial]:
    """A trial from text without the cross-checks of the loader, which refuses some of these files earlier."""
    from ruamel.yaml import YAML

    return lambda text: Trial.model_validate(YAML(typ="safe").load(text))


def test_more_events_than_patients_are_never_reached(small_text: str, build: Callable[[str], Trial]):
    analysis = (
        "analyses:\n  - {id: efs, role: primary, endpoint: EFS, analysis_set: ITT, curve: {}, "
        "looks: [{id: final, trigger: {events: 61}}]}\nscenarios:"
    )
    with pytest.raises(ArgumentError, match="the data cutoff waits for 61 events among 60 patients"):
        synthesize(build(small_text.replace("scenarios:", analysis)), seed=1)


def test_a_criterion_nobody_meets_is_named(small_text: str, build: Callable[[str], Trial]):
    more = (
        "variables:\n  ecog: {label: ECOG, type: category, levels: {'0': '0', '1': '1'}, analysis: ECOGBL}\n"
        "eligibility:\n  - {id: INC01, kind: inclusion, text: ECOG 2, rule: \"ecog == '2'\"}\narms:\n"
    )
    with pytest.raises(ArgumentError, match="no drawn patient meets criterion INC01"):
        synthesize(build(small_text.replace("arms:\n", more)), seed=1)


def test_survival_shorter_than_progression_free_survival_cannot_be(small_text: str):
    impossible = OVERALL.replace("20 months", "2 months")
    trial = _changed(
        small_text,
        ("endpoints:\n", "endpoints:\n" + OS_ENDPOINT),
        ("      EFS:", impossible.strip("\n") + "\n      EFS:"),
    )
    with pytest.raises(ArgumentError, match="no latent hazards reproduce the scenario's curve"):
        synthesize(trial, seed=1)


def test_incidences_that_contradict_each_other_are_refused(small_text: str):
    events = """    adverse_events:
      any_grade_3: {NEW: {value: 0.1, assumption: made up}, OLD: {value: 0.1, assumption: made up}}
      terms:
        - term: Nausea
          soc: Gastrointestinal disorders
          grade_3: {NEW: {value: 0.2, assumption: made up}, OLD: {value: 0.0, assumption: made up}}
          any_grade: {NEW: {value: 0.3, assumption: made up}, OLD: {value: 0.1, assumption: made up}}
    survival:"""
    with pytest.raises(ArgumentError, match=r"Nausea of grade 3 or more in NEW has incidence 0\.2, above the 0\.1"):
        synthesize(_changed(small_text, ("    survival:", events)), seed=1)


@pytest.mark.parametrize(("seed", "replicate"), [(-1, 0), (2**48, 0), (1.5, 0), (True, 0), (1, -1)])
def test_a_seed_is_a_whole_number_of_48_bits(small_trial: Trial, seed, replicate):
    with pytest.raises(ArgumentError, match="is not a whole number from 0 to"):
        synthesize(small_trial, seed=seed, replicate=replicate)


def test_an_unknown_scenario_is_named(small_trial: Trial):
    with pytest.raises(ArgumentError, match="no scenario named 'design'"):
        synthesize(small_trial, seed=1, scenario="design")
