"""Errors: how they print, that their codes are registered, that they survive JSON and another process."""

import json
import pickle
from datetime import date

import pytest

from equipoise.errors import (
    CODES,
    ArgumentError,
    DataError,
    EquipoiseError,
    EstimationError,
    ExpressionError,
    InputError,
    MissingExtraError,
    OutputError,
    Problem,
    TrialFileError,
    nearest,
    permitted,
)


def test_a_problem_points_at_its_place():
    problem = Problem(
        "ratio: 0 is out of range",
        where="trial.yaml:35:61",
        excerpt="    ratio: 0",
        caret=11,
        reason="an arm without a share gets no patient",
        hint="the value must be at least 1",
    )
    assert problem.render().splitlines() == [
        "ratio: 0 is out of range",
        "  at trial.yaml:35:61",
        "    |     ratio: 0",
        "    |            ^",
        "  why: an arm without a share gets no patient",
        "  hint: the value must be at least 1",
    ]


def test_the_caret_stands_under_its_character_after_tabs():
    lines = Problem("a tab", excerpt="\tid:\tX", caret=5).render().splitlines()
    assert lines[1:] == ["    | \tid:\tX", "    | \t   \t^"]


def test_a_problem_says_no_more_than_it_knows():
    assert Problem("only this").render() == "only this"
    assert Problem("x", excerpt="line").render().splitlines() == ["x", "    | line"]


def test_an_error_prints_its_code_and_every_problem():
    error = TrialFileError(
        "trial-file-invalid",
        "trial.yaml has 2 problems",
        problems=(Problem("first", where="trial.yaml:1:1"), Problem("second", hint="do this")),
    )
    assert str(error) == (
        "[trial-file-invalid] trial.yaml has 2 problems\n\nfirst\n  at trial.yaml:1:1\n\nsecond\n  hint: do this"
    )
    assert error.args == ("trial.yaml has 2 problems",)


def test_a_code_that_is_not_registered_is_refused():
    with pytest.raises(KeyError, match="error code 'made-up' is not registered in equipoise.errors.CODES"):
        DataError("made-up", "anything")


def test_every_code_is_a_sentence_about_it():
    assert all(text.endswith(".") and text[0].isupper() for text in CODES.values())


@pytest.mark.parametrize("kind", [TrialFileError, ExpressionError, DataError, ArgumentError, OutputError])
def test_what_stops_with_status_2_is_an_input_error(kind):
    assert issubclass(kind, InputError)
    assert not issubclass(MissingExtraError, InputError)
    assert not issubclass(EstimationError, InputError)
    assert issubclass(MissingExtraError, EquipoiseError)
    assert issubclass(EstimationError, EquipoiseError)


def _full() -> DataError:
    return DataError(
        "subject-duplicate",
        "DM holds two records for P-1",
        where="DM",
        reason="every count is by subject",
        hint="keep one",
        rows=({"USUBJID": "P-1", "RFSTDTC": date(2020, 1, 2), "AGE": 59, "SEX": None},),
        problems=(Problem("row 2", where="DM:2"),),
    )


def test_an_error_as_json():
    record = json.loads(json.dumps(_full().to_dict(), allow_nan=False))
    assert record == {
        "code": "subject-duplicate",
        "message": "DM holds two records for P-1",
        "where": "DM",
        "reason": "every count is by subject",
        "hint": "keep one",
        "rows": [{"USUBJID": "P-1", "RFSTDTC": "2020-01-02", "AGE": 59, "SEX": None}],
        "problems": [
            {"message": "row 2", "where": "DM:2", "excerpt": None, "caret": None, "reason": None, "hint": None}
        ],
    }


def test_an_error_crosses_to_another_process():
    error = _full()
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is DataError
    assert again.to_dict() == error.to_dict()
    assert str(again) == str(error)


def test_the_nearest_name_ignores_case_and_gives_up_on_strangers():
    assert nearest("usubjd", ["STUDYID", "USUBJID", "SITEID"]) == "USUBJID"
    assert nearest("xyz", ["STUDYID", "USUBJID"]) is None
    assert nearest("a", []) is None


def test_permitted_values_are_led_by_the_nearest():
    assert permitted("logrnk", ["logrank", "cox"]) == "did you mean 'logrank'? permitted: logrank, cox"
    assert permitted("zzz", ["logrank", "cox"]) == "permitted: logrank, cox"
