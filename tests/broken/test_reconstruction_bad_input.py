"""Curves, tables and figures that cannot be reconstructed: each says what, why, and what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equipoise.errors import ArgumentError, DataError
from equipoise.evidence.curve_files import read_curves, read_risk_table
from equipoise.evidence.curve_points import CurvePoints, clean_points
from equipoise.evidence.figure_curves import figure_curves
from equipoise.evidence.figure_files import read_figure
from equipoise.evidence.published import PublishedEndpoint
from equipoise.evidence.reconstructed_arms import CurveArm
from equipoise.evidence.reconstruction import reconstruct_curves
from equipoise.evidence.risk_numbers import risk_numbers
from equipoise.workflow.reconstructing import reconstruct_files

TIME = np.array([1.0, 3.0, 4.0, 6.0])
HEIGHT = np.array([5 / 6, 5 / 8, 5 / 12, 0.2])


def arm(label: str = "A", **changes) -> CurveArm:
    points = CurvePoints(label, TIME, HEIGHT, 1e-4, 6.0)
    return CurveArm(**{"label": label, "points": points, "risk": risk_numbers([], [], n=12), **changes})


def test_points_that_go_up():
    with pytest.raises(DataError, match="rises to 0.7 at time 3") as raised:
        clean_points([0, 1, 2, 3, 4], [1.0, 0.6, 0.5, 0.7, 0.3])
    assert raised.value.code == "curve-rises"
    assert raised.value.rows[-1] == {"time": 3.0, "survival": 0.7}


@pytest.mark.parametrize(
    ("heights", "scale", "words"),
    [
        ([0.0, 0.2, 0.5], "auto", "goes from 0 up to 0.5"),
        ([0.8, 0.7, 0.5], "auto", "starts at 0.8 at time 0"),
        ([1.4, 1.0, 0.5], "auto", "run from 0.5 to 1.4, read as shares"),
        ([100.0, 80.0, 50.0], "share", "read as shares"),
        ([1.0, 0.8, 0.5], "percent", "none is above 1"),
        ([100.0, 50.0, -20.0], "auto", "run from -20 to 100, read as percent"),
    ],
)
def test_a_vertical_axis_set_wrongly(heights, scale, words):
    with pytest.raises(DataError, match=words) as raised:
        clean_points([0, 5, 10], heights, scale=scale)
    assert raised.value.code == "axis-misset"


def test_points_that_are_none():
    with pytest.raises(DataError, match="2 times and 3 heights"):
        clean_points([0, 1], [1.0, 0.9, 0.8])
    with pytest.raises(DataError, match="a curve of 1 point"):
        clean_points([0], [1.0])
    with pytest.raises(DataError, match=r"point 2 is \(-1, 0.9\)"):
        clean_points([0, -1], [1.0, 0.9])
    with pytest.raises(ArgumentError, match="scale 'per cent' is not known"):
        clean_points([0, 1], [1.0, 0.9], scale="per cent")
    with pytest.raises(ArgumentError, match="digitization error is 0.5"):
        clean_points([0, 1], [1.0, 0.9], error=0.5)


@pytest.mark.parametrize(
    ("times", "counts", "n", "words"),
    [
        ([0, 6, 12], [100, 40, 50], None, "increases from 40 at 6 to 50 at 12"),
        ([6, 12], [140, 50], 136, "increases from 136 at 0 to 140 at 6"),
        ([0, 6], [140, 50], 136, "the arm is said to have 136"),
        ([6, 12], [40, 20], None, "the size of the arm of B is not known"),
        ([0, 6], [100.5, 20], None, "numbers at risk of B: 100.5, 20"),
        ([0, 6, 6], [100, 20, 10], None, "times of the numbers at risk of B: 0, 6, 6"),
        ([0, 6], [100], None, "2 times and 1 numbers"),
        ([0, 6], [0, 0], None, "nobody of B is at risk"),
        ([], [], 0, "the arm of B has 0 patients"),
    ],
)
def test_numbers_at_risk_that_cannot_be(times, counts, n, words):
    with pytest.raises(DataError, match=words) as raised:
        risk_numbers(times, counts, n=n, arm="B")
    assert raised.value.code == "at-risk-invalid"


def test_units_mixed():
    with pytest.raises(DataError, match="ends at 6, its last number at risk stands at 180") as raised:
        reconstruct_curves([arm(risk=risk_numbers([0, 180], [12, 3]))])
    assert raised.value.code == "axis-misset"
    printed = PublishedEndpoint.model_validate(
        {"endpoint": "PFS", "source": "x", "unit": "months", "experimental": {"median": "21.5"}}
    )
    with pytest.raises(DataError, match="at the printed median of A, 21.5 months, the curve stands at 20%"):
        reconstruct_curves([arm("A"), arm("B")], published=printed)
    with pytest.raises(ArgumentError, match="curves are in days, what was printed is in months"):
        reconstruct_curves([arm("A"), arm("B")], published=printed, unit="days")


def test_more_events_than_patients():
    with pytest.raises(DataError, match="13 events among 12 patients of A") as raised:
        reconstruct_curves([arm(events=13)])
    assert raised.value.code == "at-risk-invalid"


def test_arguments():
    with pytest.raises(ArgumentError, match="both arms are called 'A'"):
        reconstruct_curves([arm(), arm()])
    with pytest.raises(ArgumentError, match="3 arms"):
        reconstruct_curves([arm("A"), arm("B"), arm("C")])
    with pytest.raises(ArgumentError, match="unit 'moons' is not known"):
        reconstruct_curves([arm()], unit="moons")
    with pytest.raises(ArgumentError, match="an ensemble of -1"):
        reconstruct_curves([arm()], ensemble=-1)
    with pytest.raises(ArgumentError, match="method 'best' is not known"):
        reconstruct_curves([arm()], method="best")
    with pytest.raises(ArgumentError, match="the ensemble has 0 members, and no number 1"):
        reconstruct_curves([arm()]).patients(1)


def svg(body: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="120">{body}</svg>'


def tick(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="black"/>'


TICKS = "".join([*(tick(x, 100, x, 103) for x in (10, 100, 190)), *(tick(7, y, 10, y) for y in (100, 50, 0))])
STAIRS = '<path d="M10 0 H40 V30 H90 V60 H150 V80 H190" stroke="#c2500a" fill="none"/>'


def written(folder: Path, body: str, name: str = "figure.svg") -> Path:
    place = folder / name
    place.write_text(svg(body), encoding="utf-8")
    return place


def test_a_figure_in_outlines_needs_its_axes(tmp_path):
    figure = read_figure(written(tmp_path, TICKS + STAIRS))
    with pytest.raises(DataError, match="labels of the x axis are no text: 3 ticks") as raised:
        figure_curves(figure)
    assert raised.value.code == "figure-unreadable"
    assert "--x-axis 0,24" in str(raised.value)
    found = figure_curves(figure, x_axis=(0, 12), y_axis=(0, 1)).curves[0]
    assert found.color == "#c2500a"
    assert found.points.time == pytest.approx([2.0, 16 / 3, 28 / 3])
    assert found.points.height == pytest.approx([0.7, 0.4, 0.2])


def test_a_figure_calibrates_by_its_labels(tmp_path):
    labels = "".join(
        f'<text x="{x}" y="112" text-anchor="middle">{t}</text>' for x, t in ((10, 0), (100, 6), (190, 12))
    )
    labels += "".join(f'<text x="0" y="{y}">{s}%</text>' for y, s in ((100, 0), (50, 50), (0, 100)))
    found = figure_curves(read_figure(written(tmp_path, TICKS + STAIRS + labels)))
    assert found.curves[0].points.time == pytest.approx([2.0, 16 / 3, 28 / 3])
    assert found.curves[0].points.height == pytest.approx([0.7, 0.4, 0.2])


def test_labels_that_do_not_fit_their_ticks(tmp_path):
    labels = "".join(f'<text x="{x}" y="112">{t}</text>' for x, t in ((10, 0), (100, 6), (190, 24)))
    with pytest.raises(DataError, match="labels of the x axis, 0, 6, 24, do not fit") as raised:
        figure_curves(read_figure(written(tmp_path, TICKS + STAIRS + labels)), y_axis=(0, 1))
    assert raised.value.code == "axis-misset"


def test_figures_without_axes_or_curves(tmp_path):
    with pytest.raises(DataError, match="no ticks of the x axis are found"):
        figure_curves(read_figure(written(tmp_path, STAIRS)))
    slope = '<path d="M10 0 L60 30 L190 80" stroke="red" fill="none"/>'
    with pytest.raises(DataError, match="no line of the figure steps down"):
        figure_curves(read_figure(written(tmp_path, TICKS + slope)), x_axis=(0, 12), y_axis=(0, 1))
    with pytest.raises(DataError, match="none starts at 100% and time 0") as raised:
        figure_curves(read_figure(written(tmp_path, TICKS + STAIRS)), x_axis=(0, 12), y_axis=(0, 0.8))
    assert raised.value.code == "axis-misset"
    with pytest.raises(ArgumentError, match="the x axis is said to run 12, 0"):
        figure_curves(read_figure(written(tmp_path, TICKS + STAIRS)), x_axis=(12, 0), y_axis=(0, 1))


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "broken.svg").write_text("<svg><path", encoding="utf-8")
    (tmp_path / "broken.pdf").write_text("no pdf", encoding="utf-8")
    (tmp_path / "scan.png").write_bytes(b"")
    for name in ("broken.svg", "broken.pdf"):
        with pytest.raises(DataError, match=f"{name} cannot be read") as raised:
            read_figure(tmp_path / name)
        assert raised.value.code == "file-unreadable"
    with pytest.raises(DataError, match="scan.png is a picture of dots"):
        read_figure(tmp_path / "scan.png")
    with pytest.raises(DataError, match="does not exist"):
        read_figure(tmp_path / "absent.svg")


def test_tables_that_lack_columns(tmp_path):
    points = tmp_path / "points.csv"
    points.write_text("time,height\n0,1\n5,0.5\n", encoding="utf-8")
    with pytest.raises(DataError, match="has no column SURVIVAL"):
        read_curves([points])
    points.write_text("time,survival\n0,1\n5,half\n", encoding="utf-8")
    with pytest.raises(DataError, match="'half' in SURVIVAL is not a number"):
        read_curves([points])
    points.write_text("time,survival\n0,1\n5,0.5\n", encoding="utf-8")
    with pytest.raises(DataError, match="two curves are called 'points'"):
        read_curves([points, points])
    risk = tmp_path / "risk.csv"
    risk.write_text("months,a\n0,10\n", encoding="utf-8")
    with pytest.raises(DataError, match="has no column TIME"):
        read_risk_table(risk)
    risk.write_text("time,somebody\n0,10\n", encoding="utf-8")
    with pytest.raises(ArgumentError, match="the numbers at risk name no arm 'points'"):
        reconstruct_files(points, at_risk=risk)


def test_whose_a_curve_is_must_be_clear(tmp_path):
    points = tmp_path / "points.csv"
    points.write_text("arm,time,survival\n" + "".join(f"{a},0,1\n{a},5,0.5\n" for a in "abc"), encoding="utf-8")
    with pytest.raises(ArgumentError, match="3 curves were found: a, b, c"):
        reconstruct_files(points, n=10)
    with pytest.raises(ArgumentError, match="no curve is called 'd'"):
        reconstruct_files(points, n=10, arms={"experimental": "d", "control": "a"})
    with pytest.raises(ArgumentError, match="'treated' is no side"):
        reconstruct_files(points, n=10, arms={"treated": "a"})
    found, _ = reconstruct_files(points, n=10, arms={"experimental": "c", "control": "1"})
    assert [each.points.arm for each in found.arms] == ["c", "a"]
    with pytest.raises(ArgumentError, match="PALMIRA has 3 published results"):
        reconstruct_files(points, published="palmira", arms={"experimental": "a", "control": "b"})
    with pytest.raises(ArgumentError, match="no published result 'DFS'"):
        reconstruct_files(points, published="palmira", endpoint="DFS", arms={"experimental": "a", "control": "b"})
