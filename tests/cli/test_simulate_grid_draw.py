"""`equipoise simulate --grid` and `--draw`: power over a grid, one trial as data, options that do not go together."""

import io
import json

import polars as pl
import pytest

import equipoise as eq
from equipoise.errors import ArgumentError
from equipoise.protocol import load_trial
from equipoise.reporting.formatting import percent_text
from equipoise.simulation import draw_trial, plan_simulation, scenario_grid, simulate_grid


def test_a_grid_of_hazard_ratios(equipoise_command):
    said = equipoise_command("simulate", "palmira", "--grid", "0.5,0.59,1", "--trials", "4096", "--seed", "2")
    assert said.status == 0, said.err
    lines = {line.split()[0]: line.split() for line in said.out.splitlines() if line[:1].isdigit()}
    direct = simulate_grid(
        plan_simulation(load_trial("palmira")).model, hazard_ratios=[0.5, 0.59, 1.0], trials=4096, seed=2
    )
    for name, hazard_ratio in (("0.5", 0.5), ("0.59", 0.59), ("1", 1.0)):
        assert lines[name][1] == percent_text(direct[hazard_ratio].rejection_rate, 2)
    assert all(len(line) <= 100 for line in said.out.splitlines())
    assert "Assumed, not published" in said.out


def test_a_grid_of_scenarios_in_json_and_python(equipoise_command):
    said = equipoise_command("simulate", "palmira", "--grid", "published,design", "--trials", "2048", "--json")
    record = json.loads(said.out)
    assert record["format"] == "equipoise.simulate/1"
    power = {row["level1"]: row["value"] for row in record["rows"] if row["statistic"] == "power"}
    found = eq.simulate("palmira", grid=["published", "design"], trials=2048)
    assert power == {name: found[name].rejection_rate for name in ("published", "design")}
    alone = eq.simulate("palmira", scenario="published", trials=2048)
    assert found["published"].digest == alone.digest
    assert found.effect == "scenario"


def test_a_grid_of_hours_asks_first(equipoise_command):
    refused = equipoise_command("simulate", "palmira", "--grid", "0.5,1", "--trials", "1000000000000")
    assert refused.status == 2
    assert "[confirmation-needed] 2 points of 1,000,000,000,000 trials would take about" in refused.err
    assert "(--yes)" in refused.err


def test_a_grid_of_hours_goes_ahead_when_told(equipoise_command, monkeypatch):
    monkeypatch.setattr(scenario_grid, "LONGEST", 0.0)
    asked = ("simulate", "palmira", "--grid", "0.5,1", "--trials", "2048")
    assert equipoise_command(*asked).status == 2
    assert equipoise_command(*asked, "--yes").status == 0


def test_an_interrupted_grid_is_partial():
    heard = []

    def interrupt(done: int, trials: int, rate: float) -> None:
        heard.append((done, trials))
        if done > 4096:
            raise KeyboardInterrupt

    model = plan_simulation(load_trial("palmira")).model
    found = simulate_grid(
        model, hazard_ratios=[0.5, 0.6, 0.7], trials=4096, seed=2, notify=interrupt, threads=1, yes=True
    )
    assert found.partial
    assert list(found.results) in ([0.5], [0.5, 0.6])
    assert found.text().startswith("Partial: interrupted after 1 of 3 points.\n\n")
    assert {trials for _, trials in heard} == {3 * 4096}
    whole = simulate_grid(model, hazard_ratios=[0.5], trials=4096, seed=2)
    assert found[0.5].digest == whole[0.5].digest
    assert not whole.partial
    unfinished = [row.at for row in found.to_rows() if row.statistic == "power" and row.warning]
    assert unfinished == ([0.6] if 0.6 in found.results else [])


def test_interrupted_before_its_first_point_a_grid_is_not_returned(monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(scenario_grid, "simulate", interrupt)
    model = plan_simulation(load_trial("palmira")).model
    with pytest.raises(KeyboardInterrupt, match="^$"):
        simulate_grid(model, hazard_ratios=[0.5], trials=2048, seed=2, yes=True)


def test_one_trial_as_data(equipoise_command, tmp_path):
    model = plan_simulation(load_trial("palmira")).model
    wanted = draw_trial(model, seed=2, index=731_204, look=1)
    asked = ("simulate", "palmira", "--draw", "731204", "--seed", "2", "--look", "1")
    said = equipoise_command(*asked)
    assert said.status == 0, said.err
    assert pl.read_csv(io.StringIO(said.out)).equals(wanted)
    for name, read in (("trial.csv", pl.read_csv), ("trial.parquet", pl.read_parquet)):
        told = equipoise_command(*asked, "--out", tmp_path / name)
        assert told.out.startswith("198 patients of trial number 731,204 of seed 2 are in ")
        assert read(tmp_path / name).equals(wanted)
    again = equipoise_command(*asked, "--out", tmp_path / "trial.csv")
    assert again.status == 2
    assert "[output-exists]" in again.err
    assert equipoise_command(*asked, "--out", tmp_path / "trial.csv", "--force").status == 0


def test_one_trial_as_json_and_in_python(equipoise_command):
    drawn = eq.draw_trial("palmira", seed=1, index=5, hazard_ratio=1.0)
    record = json.loads(equipoise_command("simulate", "palmira", "--draw", "5", "--hazard-ratio", "1", "--json").out)
    assert (record["seed"], record["trial_number"], record["look"]) == (1, 5, None)
    assert record["patients"] == drawn.to_dicts()
    assert drawn.height == 198
    assert not drawn.equals(eq.draw_trial("palmira", seed=1, index=5))


def test_a_grid_says_what_the_design_assumes(equipoise_command):
    record = json.loads(equipoise_command("simulate", "palmira", "--grid", "0.5,0.59", "--trials", "64", "--json").out)
    said = [row["value"] for row in record["rows"] if row["statistic"] == "assumed_hazard_ratio"]
    assert said == [0.59]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--grid", "0.5,published"), "the grid is 0.5, published"),
        (("--grid", "0.5,0.5"), "each once"),
        (("--grid", ","), "the grid is empty"),
        (("--grid", "0.5,-1"), "hazard_ratios"),
        (("--grid", "nan"), "hazard_ratios"),
        (("--grid", "nosuch"), "nosuch"),
        (("--grid", "published", "--scenario", "design"), "no meaning beside a grid of scenarios"),
        (("--grid", "0.5", "--hazard-ratio", "1"), "--hazard-ratio has no meaning beside --grid"),
        (("--grid", "0.5", "--until-se", "0.01"), "--until-se has no meaning beside --grid"),
        (("--yes",), "--yes has no meaning without --grid"),
        (("--look", "1"), "--look has no meaning without --draw"),
        (("--draw", "1", "--trials", "5"), "--trials has no meaning beside --draw"),
        (("--draw", "1", "--scheduler", "tcp://127.0.0.1:1"), "--scheduler has no meaning beside --draw"),
        (("--draw", "1", "--look", "2"), "a look from 1 to 1"),
        (("--draw", "1", "--out", "trial.xlsx"), "csv or parquet, not as .xlsx"),
        (("--draw", "1", "--further"), "--further has no meaning beside --draw"),
        (("--draw", "1", "--keep-bounds"), "--keep-bounds has no meaning beside --draw"),
        (("--draw", "-1"), "greater than or equal to 0"),
        (("--engine", "warp"), "permitted: auto, compiled"),
    ],
)
def test_bad_input_is_said(equipoise_command, arguments, message: str):
    refused = equipoise_command("simulate", "palmira", *arguments)
    assert refused.status == 2
    assert message in " ".join(refused.err.lower().split())


def test_a_grid_in_python_leaves_nothing_unread():
    with pytest.raises(ArgumentError, match="until_se and hazard_ratio have no meaning beside a grid"):
        eq.simulate("palmira", grid=[0.5], hazard_ratio=1.0)
