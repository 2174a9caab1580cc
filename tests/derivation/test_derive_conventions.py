"""Conventions profiles: complete, dated, overridden in the order profile, trial file, call."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

import made_up_study as made
from equipoise.derivation import PROFILES, derive_adam, load_profile, resolve_profile
from equipoise.frames.adam import write_adam
from equipoise.protocol import load_trial, parse_expression

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src" / "equipoise" / "derivation"


@pytest.mark.parametrize("name", PROFILES)
def test_every_constant_has_unit_reference_and_meaning(name: str) -> None:
    profile = load_profile(name)
    assert profile.id == name
    assert profile.dated.year >= 2026
    for constant in profile.constants.values():
        assert constant.unit
        assert constant.reference
        assert constant.meaning
        if constant.choices:
            assert str(constant.value) in constant.choices


def test_profiles_have_the_same_constants() -> None:
    assert list(load_profile("admiral").constants) == list(load_profile("equipoise").constants)


def test_every_constant_is_read_and_every_constant_read_exists() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCE.glob("*.py"))
    read = set(re.findall(r'\.(?:text|number|flag)\(\s*"(\w+)"', text))
    assert read == set(load_profile("admiral").constants)


@pytest.mark.parametrize("name", PROFILES)
def test_sources_and_endpoints_hold_together(name: str) -> None:
    profile = load_profile(name)
    for source in (*profile.sources.values(), *profile.evidence_of_life):
        if source.where:
            parse_expression(source.where)
    for endpoint in profile.endpoints:
        assert {endpoint.start, *endpoint.events, *endpoint.censoring} <= set(profile.sources)


def test_the_trial_file_overrides_the_profile_and_the_call_overrides_both() -> None:
    trial = load_trial("palmira")
    resolved = resolve_profile(trial)
    assert resolved.id == "equipoise"
    # 49 is the trial's; the window of its schedule replaces the profile's, which happens to be the same.
    assert resolved.number("stable_disease_days") == 49
    assert resolved.constants["stable_disease_days"].reference == "trial file, derivation.constants"
    assert resolved.constants["assessment_window_days"].reference == "trial file, schedule.tumor_assessments.window"
    assert resolved.number("confirmation_days") == load_profile("equipoise").number("confirmation_days")
    called = resolve_profile(trial, overrides={"stable_disease_days": "56", "last_assessment_adequate": "false"})
    assert called.number("stable_disease_days") == 56
    assert called.flag("last_assessment_adequate") is False
    assert [endpoint.id for endpoint in called.endpoints] == ["PFS", "OS"]


def test_the_call_names_another_profile_than_the_trial() -> None:
    trial = load_trial("palmira")
    resolved = resolve_profile(trial, "admiral")
    assert resolved.id == "admiral"
    assert resolved.number("assessment_window_days") == 0
    # The trial's endpoints stay the trial's.
    assert resolved.sources["last_alive"].event == "Last known alive"


def test_the_equipoise_profile_needs_no_trial() -> None:
    sdtm = made.study(made.patient("P", responses=[(56, "SD"), (112, "PD")]))
    adam = derive_adam(sdtm, profile="equipoise")
    assert adam.tables["adtte"].select("PARAMCD", "AVAL", "CNSR").rows() == [("OS", 113, 1), ("PFS", 113, 0)]


def test_another_reader() -> None:
    rows = made.patient("P", responses=[(56, "PD")])
    read = {"RSTESTCD": "OVRLRESP", "RSEVAL": "INDEPENDENT ASSESSOR"}
    made.add(rows, "rs", "P", **read, RSSEQ=7, RSDTC=56, RSSTRESC="PR", RSACPTFL="Y")
    made.add(rows, "rs", "P", **read, RSSEQ=8, RSDTC=56, RSSTRESC="CR")
    constants = {"evaluator": "INDEPENDENT ASSESSOR", "accepted_records_only": True}
    adrs = derive_adam(made.study(rows), profile="admiral", overrides=constants).tables["adrs"]
    best = adrs.filter(pl.col("PARAMCD") == "BOR")
    assert best.select("AVALC", "SRCSEQ", "PARAM").row(0) == (
        "PR",
        7,
        "Best Overall Response by Independent Assessor (confirmation not required)",
    )


def test_everything_derived_can_be_written_with_labels(tmp_path: Path) -> None:
    sdtm = made.study(made.patient("P", responses=[(56, "SD")], events=[{"AESTDTC": 3, "AETOXGR": "2"}]))
    adam = derive_adam(sdtm, load_trial("palmira"))
    written = write_adam(adam.tables, tmp_path, labels=adam.labels, log=adam.decisions)
    assert {path.name for path in written} >= {"adsl.parquet", "adrs.xpt", "adtr.xpt", "adtte.parquet", "adae.xpt"}
    assert adam.labels["adsl"]["STRAT1R"] == "Previous endocrine therapy"
    assert repr(adam).startswith("ADSL 1, ADRS 13, ADTR 0, ADTTE 6, ADAE 1 rows (equipoise conventions;")
