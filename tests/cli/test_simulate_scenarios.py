"""`equipoise simulate` and `design` on a file whose scenario and looks ask for more than constant hazards."""

import json

import pytest

import equipoise as eq
from equipoise.simulation.operating import simulate
from equipoise.simulation.trial_plan import plan_simulation
from imagined_files import imagined_file, imagined_text

DELAYED = """
    survival:
      PFS:
        C: {weibull: {value: {shape: 1.2, scale: 9 months}, source: made up}}
        E:
          by_stratum:
            - {stratum: {sex: F}, hazard_ratio: {value: 0.5, assumption: they respond}}
            - {stratum: {sex: M}, weibull: {value: {shape: 1.2, scale: 11 months}, assumption: they hardly do}}
"""
LOOKS = """looks:
      - {id: interim, trigger: {events: 30, arms: [C]}}
      - {id: final, trigger: {follow_up: 6 months, latest: 24 months}}
    spending: {function: obrien-fleming}"""
ASKED = {"survival": DELAYED, "plan": LOOKS}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "trial.yaml"
    path.write_text(imagined_text(**ASKED))
    return path


def values(text: str) -> dict[tuple[str, str], object]:
    rows = json.loads(text)["rows"]
    return {(row["parameter"], row["statistic"]): row.get("value", row.get("value_text")) for row in rows}


@pytest.mark.parametrize("flags", [(), ("--scans",), ("--further",), ("--keep-bounds",)])
def test_flags_are_those_of_the_plan(equipoise_command, file, flags):
    options = {flag.strip("-").replace("-", "_"): True for flag in flags}
    expected = simulate(plan_simulation(imagined_file(**ASKED), **options).model, trials=1024, seed=4, course=0)
    said = equipoise_command(
        "simulate", file, "--scenario", "expected", "--trials", "1024", "--seed", "4", "--json", *flags
    )
    found = values(said.out)
    assert found["rejection", "rejection_rate"] == expected.rejection_rate
    assert found["run", "engine"] == "general"
    in_python = eq.simulate(file, scenario="expected", trials=1024, seed=4, **options)
    assert in_python.digest == expected.digest


def test_the_look_is_told_with_what_starts_it(equipoise_command, file):
    said = equipoise_command("simulate", file, "--trials", "1024")
    assert said.status == 0, said.err
    words = " ".join(said.out.split())
    assert "Look 1 comes after" in words
    assert "Look 2 comes after 20.9 months (median; 90% of trials between 19 and 22.8)" in words


def test_a_design_says_what_it_approximates(equipoise_command, file):
    said = equipoise_command("design", file)
    assert said.status == 0, said.err
    words = " ".join(said.out.split())
    assert (
        "Times of PFS with E differ by stratum: the formulas take the survival of all strata together, as constant "
        "hazards in 32 pieces; simulation takes them as they are." in words
    )
    assert "Times of PFS with C are Weibull: the formulas take them as constant hazards in 32 pieces" in words
    assert "Look 1 is planned at 30 events in C, which is expected" in words
    assert (
        "The final analysis is planned at 6 months after the last randomization, at 24 months at the latest, which is "
        "expected 21 months after the first randomization" in words
    )
    assert "they respond" in words


def test_nothing_is_synthesized_against_the_scenario(equipoise_command, file, tmp_path):
    refused = equipoise_command("synthesize", file, "--scenario", "expected", "--out", tmp_path / "out")
    assert refused.status == 2
    assert "patients would not follow survival.PFS.C, survival.PFS.E" in " ".join(refused.err.split())
