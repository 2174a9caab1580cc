"""`equipoise pool`: what it prints, its JSON, its figure, and its refusals."""

import json

import polars as pl
import pytest

import equipoise as eq


def test_a_shipped_pool_in_tables(equipoise_command):
    said = equipoise_command("pool", "after-cdk46", "--method", "dersimonian-laird")
    assert said.status == 0, said.err
    assert "0.79 (0.64\u20130.98)" in said.out
    assert "Pooled without PALMIRA" in said.out
    assert "impossible for a Cox or log-rank analysis of 198" in said.out
    assert "Each trial left out" in said.out
    assert all(len(line) <= 100 for line in said.out.splitlines())
    assert said.err == ""


def test_json_holds_every_row(equipoise_command):
    said = equipoise_command("pool", "after-cdk46", "--interval", "hartung-knapp", "--assure", "300", "--json")
    record = json.loads(said.out)
    assert record["format"] == "equipoise.pool/1"
    assert record["title"].startswith("CDK4/6")
    held = {(row["analysis"], row["parameter"]) for row in record["rows"]}
    wanted = {"trial", "pooled", "heterogeneity", "prediction", "without", "without-impossible"}
    assert {("pool", name) for name in wanted} <= held
    assert {("assurance", name) for name in ("effect", "next-trial", "assurance", "remark")} <= held
    assert {row["method"] for row in record["rows"] if row["parameter"] == "pooled"} == {"hartung-knapp"}


def test_published_results_by_name(equipoise_command):
    said = equipoise_command("pool", "pace", "postmonarch", "--endpoint", "PFS")
    assert said.status == 2
    assert "name one of: PFS, investigator; PFS, blinded independent review" in said.err
    said = equipoise_command("pool", "monaleesa-2", "monaleesa-7", "--endpoint", "OS", "--json")
    names = {row.get("level1") for row in json.loads(said.out)["rows"] if row["parameter"] == "trial"}
    assert names == {"MONALEESA-2", "MONALEESA-7"}


def test_a_next_trial_from_its_file_or_for_a_target(equipoise_command):
    said = equipoise_command("pool", "after-cdk46", "--assure", "palmira")
    assert said.status == 0, said.err
    assert "Power at the planned hazard ratio" in said.out
    assert "87.2%" in said.out
    said = equipoise_command("pool", "after-cdk46", "--target", "0.6", "--ratio", "2:1")
    assert said.status == 0, said.err
    assert "Assurance: probability of success" in said.out
    said = equipoise_command("pool", "after-cdk46", "--target", "0.99")
    assert said.status == 2
    assert "design-unreachable" in said.err
    said = equipoise_command("pool", "after-cdk46", "--assure", "palmira", "--ratio", "2:1")
    assert said.status == 2
    assert "--ratio beside a trial file" in said.err
    assert equipoise_command("pool", "after-cdk46", "--target", "0.6", "--ratio", "two").status == 2


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_figure_is_written_once(equipoise_command, tmp_path, suffix):
    out = tmp_path / f"forest.{suffix}"
    assert equipoise_command("pool", "after-cdk46", "--out", str(out)).status == 0
    first = out.read_bytes()
    refused = equipoise_command("pool", "after-cdk46", "--out", str(out))
    assert refused.status == 2
    assert "output-exists" in refused.err
    assert out.read_bytes() == first
    said = equipoise_command("pool", "after-cdk46", "--out", str(tmp_path / "forest.pdf"))
    assert "SVG or PNG" in said.err


def test_patients_of_several_trials(equipoise_command, tmp_path):
    path = tmp_path / "patients.csv"
    columns = {
        "time": [1, 3, 5, 2, 4, 6, 2, 5, 8, 3, 7, 9],
        "event": [1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1],
        "arm": (["c"] * 3 + ["e"] * 3) * 2,
        "trial": ["X"] * 6 + ["Y"] * 6,
    }
    pl.DataFrame(columns).write_csv(path)
    said = equipoise_command("pool", str(path), "--reference", "c", "--tau", "5")
    assert said.status == 0, said.err
    assert "One stage: each trial a stratum" in said.out
    assert "Difference (95% CI)" in said.out
    assert equipoise_command("pool", str(path)).status == 2
    found = eq.pool(columns, reference="c", tau=5.0)
    assert found.cox.n_strata == 2  # pyright: ignore[reportAttributeAccessIssue]


def test_options_of_a_next_trial_need_one(equipoise_command):
    for option, value in (("--basis", "common"), ("--alpha", "0.1"), ("--ratio", "2:1")):
        said = equipoise_command("pool", "after-cdk46", option, value)
        assert said.status == 2
        assert f"{option} without a next trial" in said.err
    assert "events is -5" in equipoise_command("pool", "after-cdk46", "--assure", "-5").err
