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
from equipoise.errors import ArgumentError, DataError
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


@pytest.mark.parametrize("library", ["polars", "pandas"])
def test_data_frames_are_rebuilt_as_their_files_are(files, library):
    module = pytest.importorskip(library)
    points, risk = (module.read_csv(files / name) for name in ("points.csv", "risk.csv"))
    found = eq.reconstruct(points, at_risk=risk)
    assert found.patients().equals(eq.reconstruct(files / "points.csv", at_risk=files / "risk.csv").patients())
    assert repr(found).startswith("Reconstruction: ")
    with pytest.raises(ArgumentError, match="int is no table"):
        eq.reconstruct(7)


def test_a_total_of_events_without_numbers_at_risk(files):
    """The curves alone say that nearly everybody who leaves has the event; the total says otherwise."""
    free = eq.reconstruct(files / "points.csv", n=100)
    full = eq.reconstruct(files / "points.csv", at_risk=files / "risk.csv")
    events = sum(counts.n_events for counts in full.counts)
    told = eq.reconstruct(files / "points.csv", n=100, events=events)
    assert sum(counts.n_events for counts in free.counts) > 1.15 * events
    assert sum(counts.n_events for counts in told.counts) == events
    assert abs(told.hazard_ratio - full.hazard_ratio) < abs(free.hazard_ratio - full.hazard_ratio)
    # A total that these curves cannot have is not forced upon them.
    (unmet,) = eq.reconstruct(files / "points.csv", n=100, events=100).met
    assert not unmet.met
    with pytest.raises(DataError, match="900 events among 200 patients of both arms"):
        eq.reconstruct(files / "points.csv", n=100, events=900)


def test_horizons_and_curves_that_say_nothing(files, tmp_path, capsys):
    for tau in (-4.0, 0.0, float("nan")):
        with pytest.raises(ArgumentError, match="tau is"):
            eq.reconstruct(files / "points.csv", n=100, tau=tau)
    flat = tmp_path / "flat.csv"
    flat.write_text("time,survival,arm\n0,1,A\n10,1,A\n0,1,B\n10,1,B\n", encoding="utf-8")
    assert run("reconstruct", flat, "--n", "100", "--out", tmp_path / "flat") == 0
    assert "not estimable, since nobody has the event" in capsys.readouterr().out


def test_points_separated_by_semicolons(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("time;survival\n0;1\n5,5;0,5\n", encoding="utf-8")
    with pytest.raises(DataError, match="separated by ';', and commas are expected"):
        eq.reconstruct(path, n=100)
