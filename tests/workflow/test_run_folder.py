"""A run leaves a whole folder, the same bytes on a second run, and the same numbers from memory as from files."""

import json
import re
from pathlib import Path

import polars as pl
import pytest

import equipoise as eq
from equipoise.frames.results import ResultTable

DOMAINS = ("dm", "ds", "ex", "ae", "cm", "tu", "tr", "rs", "suppdm", "ie", "ts")
TIMED = {"provenance.json", "log.txt"}


@pytest.fixture(scope="module")
def demo_run(tmp_path_factory: pytest.TempPathFactory):
    return eq.demo(seed=3, out=tmp_path_factory.mktemp("demo") / "run")


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_folder_holds_what_the_documents_promise(demo_run):
    names = set(_files(demo_run.folder))
    expected = {"report.html", "results.parquet", "simulation.parquet", "decisions.csv", "provenance.json", "log.txt"}
    expected |= {f"data-quality.{ending}" for ending in ("html", "csv", "parquet")}
    expected |= {"reconciliation.csv"}
    expected |= {f"adam/{name}.{form}" for name in ("adsl", "adrs", "adtte", "adae") for form in ("parquet", "xpt")}
    expected |= {f"sdtm/{name}.parquet" for name in DOMAINS}
    assert expected <= names
    assert any(re.fullmatch(r"figures/.*\.svg", name) for name in names)
    assert any(re.fullmatch(r"figures/.*\.png", name) for name in names)
    assert any(re.fullmatch(r"truth/.*\.parquet", name) for name in names)
    assert (demo_run.folder / "report.html").stat().st_size < 3_000_000


def test_a_second_run_gives_the_same_bytes(demo_run, tmp_path):
    again = eq.demo(seed=3, out=tmp_path / "again")
    first, second = _files(demo_run.folder), _files(again.folder)
    assert set(first) == set(second)
    assert [name for name in first if name not in TIMED and first[name] != second[name]] == []


def test_another_seed_gives_other_patients(demo_run, tmp_path):
    other = eq.demo(seed=4, out=tmp_path / "other")
    assert other.results != demo_run.results


def test_clock_times_stand_in_two_files_only(demo_run):
    record = json.loads((demo_run.folder / "provenance.json").read_text())
    stamp = record["started"][:16].encode()
    stamped = [name for name, content in _files(demo_run.folder).items() if stamp in content]
    assert sorted(stamped) == sorted(TIMED)


def test_provenance_names_what_ran(demo_run):
    record = json.loads((demo_run.folder / "provenance.json").read_text())
    assert record["format"] == "equipoise.provenance/1"
    assert record["seed"] == 3
    assert record["scenario"] == "published"
    assert record["synthetic"] is True
    assert record["profile"] == "equipoise"
    assert len(record["data_digest"]) == len(record["trial_digest"]) == 64
    assert {"numpy", "polars"} <= set(record["packages"])
    assert set(record["seconds"]) >= {"derive", "analyze", "report"}


def test_running_the_written_sdtm_gives_the_same_rows(demo_run, tmp_path):
    run = eq.run("palmira", sdtm=demo_run.folder / "sdtm", out=tmp_path / "run")
    assert run.results == demo_run.results
    assert run.provenance.synthetic
    assert run.provenance.seed is None


def test_tables_in_memory_give_the_same_numbers(demo_run, tmp_path):
    tables = {p.stem: pl.read_parquet(p) for p in (demo_run.folder / "sdtm").iterdir()}
    as_pandas = {
        name: frame.to_pandas() if name in ("dm", "rs") else frame.to_arrow() if name == "ds" else frame
        for name, frame in tables.items()
    }
    run = eq.run("palmira", sdtm=as_pandas, out=tmp_path / "run")

    def numbers(results: ResultTable) -> list[tuple]:
        return [(row.analysis, row.parameter, row.level1, row.statistic, row.at, row.value) for row in results]

    assert numbers(run.results) == numbers(demo_run.results)


def test_stages_in_python_agree_with_the_run(demo_run):
    adam = eq.derive("palmira", sdtm=demo_run.folder / "sdtm")
    results = eq.analyze("palmira", adam=adam)
    wanted = {"analysis": "pfs-primary", "parameter": "hazard-ratio", "statistic": "estimate"}
    assert results.value(**wanted) == demo_run.results.value(**wanted)
    html = eq.report("palmira", results=demo_run.folder / "results.parquet")
    assert html == (demo_run.folder / "report.html").read_text()


def test_a_run_prints_its_result(demo_run):
    shown = repr(demo_run)
    assert "hazard ratio" in shown.lower()
    assert str(demo_run.folder) in shown
    assert "<table" in demo_run._repr_html_()
    record = demo_run.to_dict()
    assert json.loads(json.dumps(record))["rows"]
    assert demo_run.to_frame().height == len(demo_run.results)


def test_the_banner_says_synthetic(demo_run):
    assert "SYNTHETIC DATA" in (demo_run.folder / "report.html").read_text()


def test_every_derived_row_is_traced(demo_run):
    adtte = demo_run.adam["adtte"]
    assert adtte.select(pl.col("SRCDOM", "SRCVAR").is_not_null().all()).row(0) == (True, True)


def test_not_a_frame_is_refused():
    from equipoise.errors import ArgumentError

    with pytest.raises(ArgumentError, match="dm is a str, not a data frame"):
        eq.derive("palmira", sdtm={"dm": "dm.csv"})


def test_the_results_page_names_what_rows_are_made_of(demo_run):
    page = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    variables = set(demo_run.trial.variables)
    spoken = {row.statistic for row in demo_run.results if not row.statistic.endswith(("_low", "_high"))}
    spoken |= {row.parameter for row in demo_run.results} - variables
    assert sorted(word for word in spoken if f"`{word}`" not in page) == []


def test_the_default_seed_is_what_its_documents_say():
    """Both medians within 0.3 month of the published ones, 6- and 12-month rates within 4 points."""
    study = eq.synthesize("palmira")
    results = eq.analyze("palmira", adam=eq.derive("palmira", sdtm=study.sdtm))
    of = results.select(analysis="pfs-primary")
    published = {"PALBO_ET": (4.9, 0.421, 0.124), "ET": (3.6, 0.291, 0.123)}
    for arm, (median, six, twelve) in published.items():
        assert of.value(parameter="kaplan-meier", statistic="median", level1=arm) == pytest.approx(median, abs=0.3)
        assert of.value(parameter="landmark", statistic="survival", level1=arm, at=6.0) == pytest.approx(six, abs=0.04)
        assert of.value(parameter="landmark", statistic="survival", level1=arm, at=12.0) == pytest.approx(
            twelve, abs=0.04
        )
