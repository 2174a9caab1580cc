"""`equipoise simulate`: what it prints, its JSON, and its refusals."""

import json

import pytest

import equipoise as eq


def test_the_design_is_simulated_in_words_and_a_table(equipoise_command):
    said = equipoise_command("simulate", "palmira", "--trials", "4096", "--seed", "2")
    assert said.status == 0, said.err
    assert "4,096 trials of 198 patients in 2 arms and 4 strata" in said.out
    assert "What happens at each look" in said.out
    assert all(len(line) <= 100 for line in said.out.splitlines())
    assert said.err == ""


def test_json_holds_rates_errors_looks_and_timing(equipoise_command):
    said = equipoise_command("simulate", "palmira", "--trials", "4096", "--seed", "2", "--json")
    assert said.status == 0, said.err
    record = json.loads(said.out)
    assert record["format"] == "equipoise.simulate/1"
    held = {(row["parameter"], row["statistic"]) for row in record["rows"]}
    wanted = {
        ("rejection", "rejection_rate"),
        ("rejection", "std_error"),
        ("decision", "probability"),
        ("look", "mean"),
    }
    wanted |= {("look", "mean"), ("run", "trials_per_second"), ("run", "start_up"), ("run", "work")}
    assert wanted <= held


def test_threads_change_no_number(equipoise_command):
    rows = []
    for threads in ("1", "2"):
        said = equipoise_command("simulate", "palmira", "--trials", "20000", "--threads", threads, "--json")
        rows.append([row for row in json.loads(said.out)["rows"] if row["parameter"] != "run"])
    assert rows[0] == rows[1]


def test_a_hazard_ratio_of_one_gives_the_size():
    found = eq.simulate("palmira", trials=40_000, hazard_ratio=1.0, seed=3)
    # Two-sided 0.05: benefit is one of the two sides. The normal law is asymptotic: 0.005 is granted besides the error.
    assert abs(found.rejection_rate - 0.025) < 4 * found.rejection_error + 0.005


def test_power_is_that_of_the_formula_within_what_it_grants():
    found = eq.simulate("palmira", trials=40_000, seed=3)
    assert abs(found.rejection_rate - 0.872164) < 0.02


def test_until_a_standard_error(equipoise_command):
    said = equipoise_command("simulate", "palmira", "--until-se", "0.004", "--json")
    rows = {(row["parameter"], row["statistic"]): row.get("value") for row in json.loads(said.out)["rows"]}
    assert rows["rejection", "std_error"] <= 0.004
    assert rows["run", "trials"] <= 20_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scenario", "nosuch"), "nosuch"),
        (("--trials", "0"), "greater than or equal to 1"),
        (("--until-se", "-1"), "until_se"),
        (("--hazard-ratio", "0"), "hazard"),
        (("--seed", "-1"), "seed"),
    ],
)
def test_bad_input_is_said(equipoise_command, arguments, message: str):
    refused = equipoise_command("simulate", "palmira", *arguments)
    assert refused.status == 2
    assert message in refused.err.lower()


def test_what_is_assumed_is_said(equipoise_command, tmp_path):
    from equipoise.protocol import builtin_text

    text = builtin_text("palmira")
    start = text.index("    test: {method: logrank, sides: 2")
    line = text[start : text.index("\n", start)]
    file = tmp_path / "trial.yaml"
    file.write_text(text.replace(line, "    test: {method: logrank, sides: 2, alpha: 0.05, stratified: false}", 1))
    said = equipoise_command("simulate", file, "--trials", "1024")
    assert said.status == 0, said.err
    assert "the file plans it unstratified" in " ".join(said.out.split())
    file.write_text(text.replace(line, "    test: {method: tarone-ware, sides: 2, alpha: 0.05}", 1))
    refused = equipoise_command("simulate", file, "--trials", "1024")
    assert refused.status == 2
    assert "is simulated with the log-rank test" in refused.err
