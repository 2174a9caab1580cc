"""A trial in memory: parts by name, what cannot be changed, single values."""

import pytest
from pydantic import ValidationError

from equipoise.errors import ArgumentError
from equipoise.protocol import Trial, builtin_text, load_trial, parse_trial
from equipoise.protocol.values import Evidenced, Stated
from equipoise.quantities import Duration, Rate


@pytest.fixture(scope="module")
def palmira() -> Trial:
    return load_trial("palmira")


def test_parts_by_name(palmira):
    assert palmira.id == "PALMIRA"
    assert palmira.arm("ET").label == "ET alone"
    assert palmira.control is palmira.arm("ET")
    assert palmira.experimental == (palmira.arm("PALBO_ET"),)
    assert palmira.endpoint("OS").label == "Overall survival"
    assert palmira.analysis_set("SAF").arm == "actual"
    assert palmira.analysis("os").role == "secondary"
    assert palmira.intervention("palbociclib").name == "Palbociclib"
    assert palmira.primary is palmira.analysis("pfs-primary")


@pytest.mark.parametrize(
    ("part", "name", "message", "hint"),
    [
        ("arm", "et", "no arm named 'et'", "did you mean 'ET'? permitted: PALBO_ET, ET"),
        ("endpoint", "PSF", "no endpoint named 'PSF'", "did you mean 'PFS'? permitted: PFS, OS, ORR, CBR, TEAE"),
        ("analysis_set", "XXX", "no analysis set named 'XXX'", "permitted: ITT, SAF"),
        ("analysis", "pfs", "no analysis named 'pfs'", None),
        (
            "intervention",
            "tamoxifen",
            "no intervention named 'tamoxifen'",
            "permitted: palbociclib, fulvestrant, letrozole",
        ),
        (
            "scenario",
            "publishd",
            "no scenario named 'publishd'",
            "did you mean 'published'? permitted: design, published",
        ),
    ],
)
def test_a_part_that_is_not_there(palmira, part, name, message, hint):
    with pytest.raises(ArgumentError, match=message) as caught:
        getattr(palmira, part)(name)
    assert caught.value.code == "argument-invalid"
    assert hint is None or caught.value.hint == hint


def test_a_use_without_a_scenario():
    trial = load_trial("gbsg2")
    with pytest.raises(ArgumentError, match="trial GBSG2 has no scenario for synthesize") as caught:
        trial.scenario(use="synthesize")
    assert caught.value.hint == "add a scenario with `default_for: [synthesize]` to the trial file"


def test_a_trial_without_a_primary_analysis():
    assert parse_trial(builtin_text("starter").replace("role: primary", "role: exploratory")).trial.primary is None


def test_a_trial_cannot_be_changed(palmira):
    for part, key in ((palmira, "arms"), (palmira.trial, "id"), (palmira.arm("ET"), "ratio")):
        with pytest.raises(ValidationError, match="Instance is frozen"):
            setattr(part, key, None)
    with pytest.raises(AttributeError, match="no attribute 'append'"):
        palmira.arms.append(None)


def test_a_bare_value_and_a_stated_one_are_one_type():
    bare, sourced = Stated[int].model_validate(5), Stated[int].model_validate({"value": 5, "source": "SAP 1.2"})
    assumed = Stated[int].model_validate({"value": 5, "assumption": "not decided"})
    assert [stated.value for stated in (bare, sourced, assumed)] == [5, 5, 5]
    assert [stated.is_assumption for stated in (bare, sourced, assumed)] == [False, False, True]
    assert Stated[int].model_validate(sourced) is sourced
    with pytest.raises(ValidationError, match="a value has a source or is an assumption, not both"):
        Stated[int].model_validate({"value": 5, "source": "a", "assumption": "b"})


def test_a_scenario_value_must_have_evidence():
    assert Evidenced[float].model_validate({"value": 0.5, "source": "x"}).value == 0.5
    with pytest.raises(ValidationError, match="a scenario value must name its source or be marked an assumption"):
        Evidenced[float].model_validate(0.5)


def test_values_with_many_digits_survive_storage():
    text = (
        builtin_text("starter")
        .replace("0.01 per month", "0.0123456789 per month")
        .replace("24 months", "24.0625 months")
    )
    trial = parse_trial(text).trial
    again = Trial.model_validate_json(trial.model_dump_json(exclude_none=True))
    assert again == trial
    assert again.scenario("design").dropout.rate.value == Rate(0.0123456789, "months")
    assert again.scenario("design").accrual.duration.value == Duration(24.0625, "months")
