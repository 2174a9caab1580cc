"""`equipoise reconstruct` and `equipoise.reconstruct`, from files to a folder that analysis takes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import equipoise as eq
from equipoise.analysis import cox
from equipoise.cli.app import main
from equipoise.evidence.figure_files import read_figure
from equipoise.frames.adam import read_adam


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """Clicked points of two curves with numbers at risk, and the patients behind them."""
    folder = tmp_path_factory.mktemp("curves")
    rng = np.random.default_rng(4)
    rows, counts = [], {"time": np.arange(0.0, 16.0, 3.0)}
    for arm, mean in (("experimental", 9.0), ("control", 6.0)):
        free, lost = rng.exponential(mean, 100), rng.uniform(3.0, 20.0, 100)
        time, event = np.minimum(free, lost), free <= lost
        at = np.unique(time[event])
        height = np.cumprod([1.0 - 1.0 / (time >= t).sum() for t in at])
        rows += [{"arm": arm, "time": 0.0, "survival": 1.0}]
        rows += [{"arm": arm, "time": t, "survival": s} for t, s in zip(at.round(3), height.round(4), strict=True)]
        counts[arm] = [int((time >= t).sum()) for t in counts["time"]]
    pl.DataFrame(rows).write_csv(folder / "points.csv")
    pl.DataFrame(counts).write_csv(folder / "risk.csv")
    return folder


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def test_a_folder_of_patients(files, tmp_path, capsys):
    out = tmp_path / "rebuilt"
    given = ("reconstruct", files / "points.csv", "--at-risk", files / "risk.csv", "--ensemble", 3, "--out", out)
    assert run(*given) == 0
    said = capsys.readouterr().out
    assert "100 patients" in said
    assert "numbers at risk as printed" in said
    assert "Ensemble of 3 reconstructions" in said
    adam = read_adam(out, required=("adsl", "adtte"))
    assert adam.require("adtte").height == 200
    assert pl.read_parquet(out / "ensemble.parquet")["member"].max() == 3
    assert (out / "curves.svg").read_text(encoding="utf-8").startswith("<?xml")
    patients = pl.read_csv(out / "patients.csv")
    ratio = cox(patients["time"], patients["event"], patients["arm"], reference="control").hazard_ratio
    found = eq.reconstruct(files / "points.csv", at_risk=files / "risk.csv")
    assert float(np.ravel(ratio)[0]) == pytest.approx(found.hazard_ratio, rel=1e-6)


def test_json_and_an_unmet_number(files, tmp_path, capsys):
    """Far fewer events than the curves hold are not met, which the exit status says."""
    given = ("reconstruct", files / "points.csv", "--n", "experimental=100,control=100", "--events", 60,
             "--out", tmp_path / "x", "--json")  # fmt: skip
    assert run(*given) == 1
    record = json.loads(capsys.readouterr().out)
    assert record["format"] == "equipoise.reconstruct/1"
    row = next(row for row in record["rows"] if row["parameter"] == "printed")
    assert row["label"] == "printed 60: not met"


def test_wrong_options(files, tmp_path, capsys):
    assert run("reconstruct", files / "points.csv", "--n", "many", "--out", tmp_path / "x") == 2
    assert "--n many holds no whole number" in capsys.readouterr().err
    assert run("reconstruct", files / "points.csv", "--x-axis", "0-24", "--out", tmp_path / "x") == 2
    assert "holds no two numbers" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("ending", ["pdf", "svg"])
def test_a_figure_of_another_program(files, tmp_path, ending):
    """matplotlib's own figure with letters as text: axes by their labels, curves exactly, in the order drawn."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    points = pl.read_csv(files / "points.csv")
    place = tmp_path / f"figure.{ending}"
    with mpl.rc_context({"svg.fonttype": "none", "path.simplify": False}):
        figure = Figure()
        axes = figure.add_subplot()
        for arm, color in (("experimental", "#0b5fa5"), ("control", "#c2500a")):
            own = points.filter(pl.col("arm") == arm)
            axes.step(own["time"], 100.0 * own["survival"], where="post", color=color)
        axes.set_xlim(0.0, 20.0)
        axes.set_ylim(0.0, 105.0)
        figure.savefig(place)
    assert read_figure(place).texts
    found = eq.reconstruct(place, at_risk=files / "risk.csv", arms={"experimental": "#0b5fa5", "control": "2"})
    clicked = eq.reconstruct(files / "points.csv", at_risk=files / "risk.csv", error=1e-4)
    assert found.arms[0].points.height == pytest.approx(clicked.arms[0].points.height[1:], abs=1e-5)
    assert found.hazard_ratio == pytest.approx(clicked.hazard_ratio, rel=0.01)
