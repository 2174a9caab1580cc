"""Laboratory results and strata that cannot be used as they are: one decision each, and no guess."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

import made_up_study as made
from equipoise.derivation import AdamSet, derive_adam
from equipoise.derivation.laboratory_grades import load_grading
from equipoise.errors import ArgumentError, DataError
from equipoise.protocol import load_trial


def _derived(**columns: object) -> AdamSet:
    usual = {"LBSEQ": 1.0, "LBTESTCD": "NEUT", "LBSTRESC": "1.2", "LBSTRESN": 1.2, "LBSTRESU": "10^9/L"}
    row = {"STUDYID": made.STUDY, "USUBJID": "P", **usual, "LBSTNRLO": 1.8, "LBDTC": made.iso(10), **columns}
    kinds = {"LBSTRESN": pl.Float64, "LBSTNRLO": pl.Float64, "LBSTRESU": pl.String, "LBDTC": pl.String}
    sdtm = made.study(made.patient("P"))
    lb = pl.DataFrame([row], schema_overrides=kinds)
    return derive_adam(replace(sdtm, tables={**sdtm.tables, "lb": lb}), profile="equipoise")


@pytest.mark.parametrize(
    ("columns", "code", "variable", "words"),
    [
        ({"LBSTRESU": "mmol/L"}, "laboratory-unit-unknown", "LBSTRESU", "no unit that the criteria know"),
        ({"LBSTRESU": None}, "laboratory-unit-unknown", "LBSTRESU", "no unit that the criteria know"),
        ({"LBSTRESN": None, "LBSTRESC": "<0.5"}, "laboratory-result-unread", "LBSTRESC", "no number"),
        ({"LBSTRESN": 1.7, "LBSTNRLO": None}, "laboratory-limit-missing", "LBSTNRLO", "grade 0 from grade 1"),
    ],
)
def test_a_result_that_cannot_be_graded_is_kept_and_said(columns, code, variable, words) -> None:
    adam = _derived(**columns)
    assert adam.tables["adlb"].select("ATOXGR", "ANL01FL").rows() == [(None, None)]
    found = adam.decisions.to_frame().filter(pl.col("code").str.starts_with("laboratory"))
    assert found.select("code", "domain", "usubjid", "sequence", "variable").rows() == [
        (code, "LB", "P", 1.0, variable)
    ]
    assert words in found["decision"][0]


def test_an_undated_result_is_graded_and_never_on_treatment() -> None:
    derived = _derived(LBDTC="2020-01").tables["adlb"]
    assert derived.select("ATOXGR", "ADT", "ANL01FL", "ABLFL").rows() == [("2", None, None, None)]


def test_only_built_in_criteria() -> None:
    with pytest.raises(ArgumentError, match="no laboratory grading 'ctcae-v6'"):
        load_grading("ctcae-v6")
    with pytest.raises(ArgumentError, match="constant laboratory_grading cannot be 'ctcae-v6'"):
        derive_adam(made.study(made.patient("P")), profile="equipoise", overrides={"laboratory_grading": "ctcae-v6"})


def test_a_corrected_stratum_that_the_trial_does_not_declare() -> None:
    trial = load_trial("palmira")
    visceral = trial.variables["visceral"].model_copy(update={"verified": "SUPPDM.VISCERV"})
    trial = trial.model_copy(update={"variables": {**trial.variables, "visceral": visceral}})
    sdtm = made.study(made.patient("P", baseline={"PRIORET": "AI", "VISCERAL": "Y", "VISCERV": "maybe"}))
    with pytest.raises(DataError, match=r"SUPPDM.VISCERV 'maybe' is no level of visceral"):
        derive_adam(sdtm, trial)
