"""Figures as drawn: texts measured with the renderer, ticks against the rows, bytes against bytes."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from drawn_texts import clipped, overlapping, texts_of
from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultTable
from equipoise.reporting import render_figures, render_forest, render_kaplan_meier
from equipoise.reporting.figures.canvas import POINTS_PER_MM, settings
from equipoise.reporting.figures.curves import Point
from equipoise.reporting.figures.forest import collected_forest, forest_canvas
from equipoise.reporting.figures.kaplan_meier import band_outline, kaplan_meier_canvas
from equipoise.reporting.figures.rendering import collected_curves
from equipoise.reporting.lookup import Rows


def _drawn(curves, width_mm, **options):
    import matplotlib as mpl

    with mpl.rc_context(settings()):
        return kaplan_meier_canvas(curves, width_mm, **options)


CASES = {
    "two arms": (2, False, (136, 62), (4.9, 3.6)),
    "three long names": (3, True, (60, 55, 50), (9, 6, 4)),
    "five arms": (5, False, (30, 30, 30, 30, 30), (9, 8, 6, 5, 4)),
    "tiny": (2, True, (2, 1), (5, 5)),
    "median not reached": (2, False, (80, 80), (90, 100)),
    "the same curve twice": (2, False, (300, 300), (6, 6)),
}


@pytest.mark.parametrize("width_mm", [85, 120, 170])
@pytest.mark.parametrize("case", CASES)
def test_no_text_overlaps_or_isclipped(made_up, provenance, case, width_mm):
    arms, long, sizes, medians = CASES[case]
    trial = made_up.hard_trial(arms, long=long)
    rows = Rows(made_up.hard_results(trial, sizes, medians))
    canvas = _drawn(collected_curves(trial, rows, "pfs-primary", provenance), width_mm)
    texts = texts_of(canvas)
    assert list(overlapping(texts)) == []
    assert list(clipped(canvas, texts)) == []
    assert canvas.width == pytest.approx(width_mm * POINTS_PER_MM)


@pytest.mark.parametrize("width_mm", [85, 170])
@pytest.mark.parametrize("long", [False, True])
def test_forest_texts_do_not_overlap(made_up, provenance, long, width_mm):
    import matplotlib as mpl

    trial = made_up.hard_trial(2, long=long)
    rows = Rows(made_up.hard_results(trial, (136, 62), (4.9, 3.6)))
    with mpl.rc_context(settings()):
        canvas = forest_canvas(collected_forest(trial, rows, "pfs-primary", provenance), width_mm)
    texts = texts_of(canvas)
    assert list(overlapping(texts)) == []
    assert list(clipped(canvas, texts)) == []


def test_axis_ticks_and_risk_table_are_those_of_the_rows(palmira, palmira_results, provenance):
    rows = Rows(palmira_results)
    canvas = _drawn(collected_curves(palmira, rows, "pfs-primary", provenance), 170)
    (axes,) = canvas.figure.axes
    planned = sorted({row.at for row in palmira_results.select(analysis="pfs-primary", parameter="at-risk")})
    assert list(axes.get_xticks()) == planned
    shown = [text for text, _ in texts_of(canvas)]
    for arm in ("PALBO_ET", "ET"):
        for tick in planned:
            number = palmira_results.value(
                analysis="pfs-primary", parameter="at-risk", statistic="n_risk", level1=arm, at=tick
            )
            assert f"{number:.0f}" in shown


def test_ticks_and_numbers_stand_in_one_column(palmira, palmira_results, provenance):
    canvas = _drawn(collected_curves(palmira, Rows(palmira_results), "pfs-primary", provenance), 170)
    centers = [(text, (box.x0 + box.x1) / 2) for text, box in texts_of(canvas)]
    tick = next(x for text, x in centers if text == "6")
    below = [x for text, x in centers if abs(x - tick) < 3 and text != "6"]
    assert len(below) >= 2
    # Ink of "1" is not centered in its advance: a point and a half is less than a third of a digit.
    assert all(abs(x - tick) < 1.5 for x in below)


def test_the_median_line_is_drawn_only_for_a_median(made_up, provenance):
    trial = made_up.hard_trial(2, long=False)

    def levels(medians):
        rows = Rows(made_up.hard_results(trial, (80, 80), medians))
        (axes,) = _drawn(collected_curves(trial, rows, "pfs-primary", provenance), 170).figure.axes
        return [tuple(np.asarray(line.get_ydata())) for line in axes.lines]

    assert (0.5, 0.5) in levels((4, 5))
    assert (0.5, 0.5) not in levels((90, 100))


def test_bands_reach_the_next_step_and_end_where_limits_do():
    points = [Point(0, 1, 1, 1, 0), Point(2, 0.5, 0.2, 0.8, 0), Point(5, 0, None, None, 0)]
    times, low, high = band_outline(points)
    assert times == [0, 2, 5, 5]
    assert low[:3] == [1, 0.2, 0.2]
    assert high[:3] == [1, 0.8, 0.8]
    assert low[3] != low[3]


def test_censored_numbers_on_request(palmira, palmira_results, provenance):
    canvas = _drawn(
        collected_curves(palmira, Rows(palmira_results), "pfs-primary", provenance), 170, show_censored=True
    )
    texts = texts_of(canvas)
    assert "No. at risk (censored)" in [text for text, _ in texts]
    assert list(overlapping(texts)) == []


@pytest.mark.parametrize("form", ["svg", "png"])
def test_the_same_rows_give_the_same_bytes(palmira, palmira_results, provenance, form):
    once, twice = (
        render_kaplan_meier(palmira, palmira_results, "pfs-primary", format=form, provenance=provenance)
        for _ in range(2)
    )
    assert once == twice
    assert render_forest(palmira, palmira_results, "pfs-primary", format=form) == render_forest(
        palmira, palmira_results, "pfs-primary", format=form
    )


def test_a_readers_settings_change_nothing(palmira, palmira_results):
    import matplotlib as mpl

    plain = render_kaplan_meier(palmira, palmira_results, "os")
    with mpl.rc_context({"font.size": 20, "lines.linewidth": 9, "svg.fonttype": "none", "axes.facecolor": "red"}):
        assert render_kaplan_meier(palmira, palmira_results, "os") == plain


def test_svg_is_small_has_no_font_no_date_and_says_the_result(palmira, palmira_results, provenance):
    svg = render_kaplan_meier(palmira, palmira_results, "pfs-primary", provenance=provenance).decode()
    root = ET.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    named = {element.get("id"): element.text for element in root if element.tag in (f"{space}title", f"{space}desc")}
    assert "hazard ratio" in (named["figure-description"] or "")
    assert root.find(f".//{space}text") is None
    assert "<dc:date>" not in svg
    assert re.search(r"20\d\d-\d\d-\d\dT", svg) is None
    assert len(svg) < 200_000


def test_figures_come_with_their_data(palmira, palmira_results, provenance):
    files = render_figures(palmira, palmira_results, provenance)
    stems = {name.rpartition(".")[0] for name in files}
    assert stems == {"flow", "pfs-primary", "pfs-primary-subgroups", "os"}
    header, first, *_ = files["pfs-primary.csv"].decode().splitlines()
    assert header.startswith("analysis,parameter,group1,level1,statistic")
    assert first.startswith("pfs-primary,curve,arm,PALBO_ET,survival")
    assert files["os.png"].startswith(b"\x89PNG")


def test_thousands_of_steps_stay_small(palmira, made_up, provenance):
    import random

    draw = random.Random(3)
    arms = [made_up.TimeToEvent(draw, 2000, median, 24) for median in (5, 4)]
    rows = ResultTable(made_up.curve_rows("pfs-primary", ("PALBO_ET", "ET"), arms, "months", range(0, 25, 3)))
    svg = render_kaplan_meier(palmira, rows, "pfs-primary")
    assert len(svg) < 900_000


def test_unknown_format_and_missing_curve_are_explained(palmira, palmira_results):
    with pytest.raises(ArgumentError, match="figure format 'jpeg' is not known"):
        render_kaplan_meier(palmira, palmira_results, "os", format="jpeg")
    with pytest.raises(ArgumentError, match="no Kaplan-Meier curve for analysis 'orr'"):
        render_kaplan_meier(palmira, palmira_results, "orr")
    with pytest.raises(ArgumentError, match="no subgroup estimates for analysis 'os'"):
        render_forest(palmira, palmira_results, "os")
