"""The simulated design that a demo leaves: the same rows for the same seed, in its report and in one made again."""

import shutil

import pytest

import equipoise as eq
from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultTable, read_provenance
from equipoise.provenance import Provenance
from equipoise.workflow.simulated_design import SIMULATION, read_simulation, simulate_design


@pytest.fixture(scope="module")
def rows() -> ResultTable:
    return simulate_design("palmira", seed=5, trials=2048)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return eq.demo(seed=5, out=tmp_path_factory.mktemp("demo") / "run")


def test_the_same_seed_gives_the_same_rows(rows):
    assert simulate_design("palmira", seed=5, trials=2048) == rows
    assert simulate_design("palmira", seed=6, trials=2048) != rows


def test_no_row_depends_on_the_machine(rows):
    assert {row.statistic for row in rows if row.parameter == "run"} == {"trials", "seed", "engine"}
    assert {row.run for row in rows} == {"PALMIRA"}


def test_the_assumed_effect_is_a_point_of_the_power_curve(rows):
    power = {row.at: row.value for row in rows if (row.parameter, row.statistic) == ("power-curve", "power")}
    assert power[0.59] == rows.value(parameter="rejection", statistic="rejection_rate", group1=None)
    assert 1.0 in power
    assert all(later <= earlier for earlier, later in zip(power.values(), list(power.values())[1:], strict=False))


def test_a_demo_leaves_it_with_its_provenance(finished):
    kept, facts = read_simulation(finished.folder)
    assert kept == finished.simulation
    assert facts == read_provenance(finished.folder / "results.parquet")
    assert finished.simulation.value(parameter="run", statistic="trials") == 10_000
    assert "10,000 trials were simulated" in finished.simulated
    assert len(finished.to_dict()["simulation"]) == len(kept)
    names = {file.name for file in (finished.folder / "figures").iterdir()}
    assert {"simulated-power.svg", "simulated-power.png", "simulated-power.csv", "simulated-course.svg"} <= names


def test_its_report_has_the_section_the_method_and_the_paper(finished):
    html = finished.report.read_text(encoding="utf-8")
    section = html[html.index('<section id="simulation"') :]
    section = section[: section.index("</section>")]
    assert "Simulated operating characteristics" in section
    assert 'id="figure-simulated-power"' in section
    assert 'id="table-simulation-rates"' in section
    assert "Philox4x32-10" in html
    assert 'id="method-trial-simulation"' in html
    assert 'id="method-wilson"' in html
    assert eq.report("palmira", results=finished) == html


def test_a_run_without_it_reports_without_it(finished, tmp_path):
    shutil.copy(finished.folder / "results.parquet", tmp_path)
    assert 'id="simulation"' not in eq.report("palmira", results=tmp_path)
    assert read_simulation(tmp_path) == (ResultTable(), None)


def test_the_simulation_of_another_plan_is_refused(finished, tmp_path):
    shutil.copy(finished.folder / "results.parquet", tmp_path)
    other = Provenance(trial_id="PALMIRA", trial_digest="0" * 64)
    finished.simulation.write(tmp_path / SIMULATION, other)
    with pytest.raises(ArgumentError, match="another version of the trial file"):
        eq.report("palmira", results=tmp_path)


def test_the_command_says_what_the_simulation_found(equipoise_command, tmp_path):
    said = equipoise_command("demo", "--out", tmp_path / "run")
    assert said.status == 0, said.err
    words = " ".join(said.out.split())
    assert "Design simulated 10,000 trials were simulated under scenario" in words
    assert all(len(line) <= 100 for line in said.out.splitlines() if str(tmp_path) not in line)
