"""The reconciliation of censoring rule sets: who changes, and what becomes of the estimate."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import censored_patients as made
from equipoise.analysis.cox_regression import cox
from equipoise.cli.app import app
from equipoise.derivation import derive_adam
from equipoise.errors import ArgumentError
from equipoise.frames.memory import sdtm_data
from equipoise.protocol import load_trial
from equipoise.reporting.terminal_rule_sets import rule_set_lines
from equipoise.simulation import synthesize
from equipoise.workflow.checking import check_collected
from equipoise.workflow.rule_set_summary import rule_set_effects, state_estimands
from equipoise.workflow.rule_sets import compare_rule_sets
from equipoise.workflow.stages import derive_trial


@pytest.fixture(scope="module")
def palmira():
    trial = load_trial("palmira")
    return trial, synthesize(trial, seed=7)


def test_each_rule_set_has_its_own_estimate(palmira) -> None:
    trial, synthetic = palmira
    tables = derive_adam(sdtm_data(synthetic.sdtm), trial).tables
    rows = compare_rule_sets(trial, tables)
    names = [f"pfs-primary.{name}" for name in ("missed-two", "fda-a", "ema", "interval-censored")]
    assert list(dict.fromkeys(row.analysis for row in rows)) == names
    records = tables["adtte"].filter(pl.col("PARAMCD") == "PFSFA").join(tables["adsl"], on="USUBJID", suffix="_adsl")
    direct = cox(
        records["AVAL"], records["CNSR"] == 0, {"arm": (records["ARMCD"] == "PALBO_ET").cast(pl.Int8)}, ties="efron",
        strata=records["STRAT1R"] + records["STRAT2R"],
    )  # fmt: skip
    (wanted,) = (row.value for row in direct.to_rows() if row.statistic == "estimate")
    assert rows.value(analysis=names[1], parameter="hazard-ratio", statistic="estimate") == pytest.approx(
        wanted, rel=1e-12
    )
    events = records.filter(pl.col("CNSR") == 0).height
    assert rows.value(analysis=names[1], parameter="hazard-ratio", statistic="n_event") == events
    # Where nobody changes, nothing does: EMA's rules give PALMIRA's own estimate.
    own = compare_rule_sets(trial, tables, own=True).select(analysis="pfs-primary.palmira")
    for statistic in ("estimate", "conf_low", "conf_high", "p_value"):
        assert rows.value(analysis=names[2], parameter="hazard-ratio", statistic=statistic) == own.value(
            parameter="hazard-ratio", statistic=statistic
        )
    # Interval-censored dates have the median's interval by Turnbull's estimate, and no hazard ratio.
    assert {row.parameter for row in rows.select(analysis=names[3])} >= {"turnbull", "kaplan-meier"}
    assert not [row for row in rows.select(analysis=names[3]) if row.parameter == "hazard-ratio"]


def test_effects_are_counted_and_told(palmira) -> None:
    trial, synthetic = palmira
    derived = derive_trial(trial, sdtm=synthetic.sdtm)
    effects = rule_set_effects(trial, derived)
    changed = {effect["rule_set"]: effect["changed"] for effect in effects}
    told = derived.adam.reconcile_rule_sets()
    assert changed == {
        "palmira": 0, "missed-two": told.filter(pl.col("PARAMCD") == "PFSM2").height,
        "fda-a": told.filter(pl.col("PARAMCD") == "PFSFA").height, "ema": 0, "interval-censored": 0,
    }  # fmt: skip
    assert changed["fda-a"] > 0
    lines = rule_set_lines(effects)
    assert len(lines) == 5
    ratio = next(effect for effect in effects if effect["rule_set"] == "fda-a")["hazard_ratio"]["PALBO_ET"][0]
    assert f"HR PALBO_ET {ratio:.2f} (" in lines[2]


def test_a_hypothetical_strategy_says_what_it_assumes() -> None:
    event = {"event": "New anticancer therapy", "date": "new_therapy", "strategy": "hypothetical"}
    trial = made.trial(events=[event])
    sdtm = made.study(made.patient(responses=[(56, "SD"), (112, "PD")]))
    (sentence,) = state_estimands(derive_trial(trial, sdtm=sdtm))
    assert sentence.startswith("PFS, EST1-1: New anticancer therapy: hypothetical; censored there; ")
    assert "assumes non-informative censoring" in sentence


def test_data_that_cannot_be_compared_are_derived_all_the_same() -> None:
    trial = made.trial()
    wrong = trial.analysis_sets[0].model_copy(update={"where": "AGE == 'sixty'"})
    trial = trial.model_copy(update={"analysis_sets": (wrong, *trial.analysis_sets[1:])})
    derived = derive_trial(trial, sdtm=made.study(made.patient(responses=[(56, "PD")])))
    assert derived.adam.tables["adtte"].height == 6
    (line,) = rule_set_lines(rule_set_effects(trial, derived))
    assert line.startswith("the rule sets cannot be compared: the rule of analysis set ITT cannot be applied to ADSL")


def test_the_command_writes_and_prints_the_reconciliation(palmira, tmp_path: Path) -> None:
    _, synthetic = palmira
    synthetic.write(tmp_path / "data")
    call = ["derive", "palmira", "--sdtm", str(tmp_path / "data" / "sdtm"), "--out", str(tmp_path / "adam"), "--json"]
    said = CliRunner().invoke(app, [*call, "--cutoff", "2022-06-30"])
    assert said.exit_code == 0, said.output
    told = json.loads(said.stdout)
    assert told["provenance"]["cutoff"] == "2022-06-30"
    assert told["rule_sets"][0]["rule_set"] == "palmira"
    written = pl.read_csv(tmp_path / "adam" / "reconciliation.csv")
    assert written.height == sum(effect["changed"] for effect in told["rule_sets"])
    adtte = pl.read_parquet(tmp_path / "adam" / "adtte.parquet")
    assert str(adtte["ADT"].max()) <= "2022-06-30"


def test_a_look_dates_the_cutoff_of_a_check_too() -> None:
    looks = [
        {"id": "interim", "trigger": {"events": 50}, "cutoff": "2020-03-01"},
        {"id": "final", "trigger": {"events": 155}},
    ]
    trial, sdtm = made.trial(looks=looks), made.study(made.patient(responses=[(56, "SD"), (112, "PD")]))
    report, _ = check_collected(trial, sdtm=sdtm, cutoff="interim")
    late = report.findings.filter(pl.col("code") == "after-cutoff")
    assert late["values"].to_list()[-1] == "RSDTC=2020-04-22"
    assert derive_trial(trial, sdtm=sdtm, cutoff="interim").provenance.cutoff == "2020-03-01"
    for check in (check_collected, derive_trial):
        with pytest.raises(ArgumentError, match="the look 'final' states no cutoff"):
            check(trial, sdtm=sdtm, cutoff="final")
        with pytest.raises(ArgumentError, match="neither a date nor a look of the trial file") as told:
            check(trial, sdtm=sdtm, cutoff="interm")
        assert "did you mean 'interim'?" in str(told.value.hint)


def test_the_median_of_interval_censored_dates_is_in_the_unit_of_the_others() -> None:
    # Progressions seen on days 57, 113 and 169 lie in (0, 57], (57, 113] and (113, 169]: the median is in the second.
    seen = [(56, "SD"), (112, "SD"), (168, "SD")]
    patients = [made.patient(f"P{n}", responses=[*seen[:n], (56 * (n + 1), "PD")]) for n in range(3)]
    derived = derive_trial(made.trial(), sdtm=made.study(*patients))
    effect = rule_set_effects(made.trial(), derived)[-1]
    assert effect["turnbull_median"]["PALBO_ET"] == pytest.approx([57 / 30.4375, 113 / 30.4375])
    assert rule_set_lines([effect])[0].endswith("Turnbull median PALBO_ET 1.9 to 3.7")
