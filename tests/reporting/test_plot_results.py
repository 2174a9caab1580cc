"""`equipoise.plot`: every result of the room analysis is drawn, legibly, with its numbers and names."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache

import matplotlib as mpl
import numpy as np
import pytest

import equipoise
import equipoise.analysis
from drawn_texts import clipped, overlapping, texts_of
from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow, ResultTable
from equipoise.frames.row_result import RowResult
from equipoise.reporting.figures.canvas import settings
from equipoise.reporting.plots import FIGURES, figure_kinds, render_result
from results_to_plot import CONTROL, DRUG, NOT_DRAWN, ODD, RESULTS

SPACE = "{http://www.w3.org/2000/svg}"


@cache
def rows_of(name: str) -> tuple[ResultRow, ...]:
    maker = RESULTS.get(name) or ODD[name]
    return tuple(maker().to_rows())


def sheets_of(rows):
    """Every figure that the rows hold, by name."""
    found = {}
    for figure in FIGURES:
        part = figure.part(rows)
        if part:
            found.setdefault(figure.name, figure.collect(part))
    return found


def texts(sheet, width_mm=170.0):
    with mpl.rc_context(settings()):
        canvas = sheet.compose(width_mm)
        return canvas, texts_of(canvas)


def words(name: str, kind: str | None = None) -> str:
    """All texts of a figure, joined, with plain spaces."""
    sheets = sheets_of(rows_of(name))
    _, found = texts(sheets[kind or next(iter(sheets))])
    return " ".join(text for text, _ in found).replace("\u00a0", " ").replace("\u2009", " ")


def _classes() -> list[str]:
    """Every concrete result class of the room."""
    for module in pkgutil.iter_modules(equipoise.analysis.__path__):
        importlib.import_module(f"equipoise.analysis.{module.name}")
    found, waiting = set(), [RowResult]
    while waiting:
        for child in waiting.pop().__subclasses__():
            waiting.append(child)
            if child.__module__.startswith("equipoise.analysis") and not inspect.isabstract(child):
                found.add(child.__name__)
    return sorted(found)


def test_every_result_class_is_drawn_or_says_why_not():
    drawn = {name.partition(",")[0] for name in RESULTS}
    assert {type(make()).__name__ for name, make in RESULTS.items() if name in drawn} == drawn
    assert sorted(set(_classes()) - drawn - set(NOT_DRAWN)) == []
    assert sorted(drawn & set(NOT_DRAWN)) == []
    assert all(reason for reason in NOT_DRAWN.values())


def test_the_page_of_figures_names_every_figure():
    page = (equipoise_root() / "docs/figures.md").read_text(encoding="utf-8")
    assert [figure.name for figure in FIGURES if f"`{figure.name}`" not in page] == []


def equipoise_root():
    from pathlib import Path

    return Path(__file__).parents[2]


@pytest.mark.parametrize("width_mm", [85, 170])
@pytest.mark.parametrize("name", [*RESULTS, *ODD])
def test_no_text_of_a_result_overlaps_or_is_clipped(name, width_mm):
    sheets = sheets_of(rows_of(name))
    for kind, sheet in sheets.items():
        canvas, found = texts(sheet, width_mm)
        assert list(overlapping(found)) == [], kind
        assert list(clipped(canvas, found)) == [], kind
    assert sheets or name == "too many for a histogram"


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_is_drawn_as_svg_and_described(name):
    from xml.etree import ElementTree as ET

    drawing = equipoise.plot(ResultTable(rows_of(name)))
    root = ET.fromstring(bytes(drawing).decode())
    assert root.get("role") == "img"
    described = [element.text for element in root if element.tag == f"{SPACE}desc"]
    assert described == [drawing.alternative]
    assert any(character.isdigit() for character in drawing.alternative)
    assert len(drawing.content) < 400_000


def test_the_same_rows_give_the_same_bytes_in_every_format():
    for form in ("svg", "png"):
        once, twice = (bytes(render_result(rows_of("CoxRegression"), form)) for _ in range(2))
        assert once == twice


# (result, kind or None, statistic: what the figure must say of it)
NUMBERS = [
    ("KaplanMeier", None, ["n_event", "n"]),
    ("NelsonAalen", None, ["n_event", "n"]),
    ("CoxRegression", None, ["estimate", "conf_low", "conf_high"]),
    ("FineGray", None, ["estimate", "conf_low", "conf_high"]),
    ("OddsRatio", None, ["estimate", "conf_low", "conf_high"]),
    ("LogrankTest", None, ["observed", "expected", "z", "chi_square"]),
    ("LogrankTest, weighted", None, ["weighted_observed", "weighted_expected"]),
    ("MaxCombo", None, ["z", "z_max", "critical_value"]),
    ("AdjustedLogrankTest", "test-statistics", ["z"]),
    ("IntervalLogrankTest", None, ["observed_minus_expected"]),
    ("OneSampleLogrank", None, ["observed", "expected", "ratio", "conf_low", "conf_high"]),
    ("RerandomizationTest", None, ["z"]),
    ("GrayTest", None, ["score", "chi_square"]),
    ("ProportionalHazardsTest", None, ["chi_square"]),
    ("MilestoneComparison", "test-statistics", ["z"]),
]


@pytest.mark.parametrize(("name", "kind", "statistics"), NUMBERS, ids=[name for name, _, _ in NUMBERS])
def test_the_figure_says_the_numbers_of_the_rows(name, kind, statistics):
    said = words(name, kind)
    for row in rows_of(name):
        if row.statistic in statistics and row.value is not None and row.at is None:
            whole = row.value == int(row.value)
            digits = 0 if whole else 2 if abs(row.value) >= 0.095 or row.format == "ratio" else 3
            # Halves are rounded away from zero in figures, to even here: the last digit may differ by one.
            shown = [f"{abs(row.value) + shift:,.{digits}f}" for shift in (0.0, 1e-9)]
            assert any(text in said for text in shown), (row.statistic, row.value)


@pytest.mark.parametrize("name", [n for n in RESULTS if any(r.level1 == DRUG for r in rows_of(n))])
def test_both_groups_are_named_in_the_figure_and_in_its_description(name):
    drawing = render_result(rows_of(name))
    for group in (DRUG, CONTROL):
        assert group in words(name)
        assert group in drawing.alternative


def test_percentages_and_their_limits_are_written_as_in_tables():
    assert "32.9% (22.1\u201345.1)" in words("RateInterval")
    assert "95% CI" in words("RateInterval")
    assert "95% CI" in words("RestrictedMeanComparison")


def test_a_confidence_level_other_than_95_is_said():
    rows = equipoise.analysis.rate_interval(23, 70, conf_level=0.9).to_rows()
    (sheet,) = sheets_of(rows).values()
    assert "90%\u00a0CI" in sheet.alternative


def test_ratios_stand_on_a_log_axis_around_one():
    shown = words("CoxRegression")
    assert "0.5" in shown
    assert "log scale" in shown
    assert "log scale" not in words("RestrictedMeanComparison", "difference")
    assert "log scale" in words("RestrictedMeanComparison", "ratio")


def test_kinds_are_chosen_by_name():
    rows = rows_of("RestrictedMeanComparison")
    assert figure_kinds(rows) == ["difference", "ratio", "lost-ratio"]
    default, ratio = (render_result(rows, kind=kind).alternative for kind in (None, "ratio"))
    assert default != ratio
    assert equipoise.plot(ResultTable(rows), kind="lost-ratio").alternative.startswith("Restricted mean time lost")


def test_an_unknown_kind_lists_those_that_there_are():
    with pytest.raises(ArgumentError, match="no figure 'survivl' in this result") as told:
        render_result(rows_of("KaplanMeier"), kind="survivl")
    assert told.value.code == "argument-invalid"
    assert "survival" in str(told.value.hint)


def test_a_result_without_a_picture_says_what_it_holds():
    strata = equipoise.analysis.pool_strata(["a", "a", "b", "b"], [1, 2, 1, 2], below=3)
    with pytest.raises(ArgumentError, match="nothing to draw in this result") as told:
        equipoise.plot(strata)
    assert "strata" in str(told.value.reason)
    with pytest.raises(ArgumentError, match="nothing to draw in this result"):
        equipoise.plot(ResultTable([]))


@pytest.mark.parametrize("thing", [None, "a text", 3, [1, 2], {"rows": []}])
def test_what_is_no_result_is_refused(thing):
    with pytest.raises(ArgumentError, match="is no result: it has no rows|nothing to draw"):
        render_result(thing)


def test_a_single_curve_is_refused_with_the_way_out():
    curve = RESULTS["KaplanMeier"]()[DRUG]
    with pytest.raises(ArgumentError, match="SurvivalCurve is no result") as told:
        render_result(curve)
    assert "the result it is from" in str(told.value.hint)


@pytest.mark.parametrize("width_mm", [0, -5, 1e9, float("nan"), "wide"])
def test_a_width_without_room_is_refused(width_mm):
    with pytest.raises(ArgumentError, match="width_mm is"):
        render_result(rows_of("RateInterval"), width_mm=width_mm)


def test_the_first_analysis_is_drawn_and_not_a_mixture():
    from dataclasses import replace

    rows = [
        replace(row, analysis=analysis, value=value if row.statistic == "estimate" else row.value)
        for analysis, value in (("one", 0.25), ("two", 0.75))
        for row in rows_of("RateInterval")
    ]
    alternative = render_result(rows).alternative
    assert "25.0%" in alternative
    assert "75.0%" not in alternative


def test_a_planned_trial_is_drawn_from_its_rows(palmira_results):
    kinds = figure_kinds(palmira_results)
    assert {"survival", "ratios", "rates", "flow"} <= set(kinds)
    assert kinds[0] == "survival"
    for kind in kinds:
        assert any(c.isdigit() for c in render_result(palmira_results, kind=kind).alternative)


def test_the_flow_of_a_trial_has_its_names_and_every_count(palmira, palmira_results):
    from equipoise.reporting import render_flow

    svg = render_flow(palmira, palmira_results).decode()
    for arm in palmira.arms:
        assert arm.label in svg
    assert "Screened 233" in svg
    assert render_flow(palmira, palmira_results, format="png").startswith(b"\x89PNG")
    with pytest.raises(ArgumentError, match="no flow of patients"):
        render_flow(palmira, [])


@pytest.mark.parametrize("width_mm", [85, 170])
def test_the_flow_of_a_trial_is_legible(palmira, palmira_results, width_mm):
    from equipoise.reporting.figures.consort import chart_of, flowchart_canvas
    from equipoise.reporting.flow import patient_flow
    from equipoise.reporting.lookup import Rows

    flow = patient_flow(palmira, Rows(palmira_results))
    assert flow is not None
    with mpl.rc_context(settings()):
        canvas = flowchart_canvas(chart_of(flow), width_mm)
        found = texts_of(canvas)
    assert list(overlapping(found)) == []
    assert list(clipped(canvas, found)) == []


def test_the_bins_of_a_reference_distribution_hold_all_of_it():
    for name in ("RerandomizationTest", "ExactLogrankTest"):
        shares = [row.value for row in rows_of(name) if row.statistic == "share"]
        assert len(shares) == 60
        assert np.sum(shares) == pytest.approx(1.0, abs=1e-12)


def test_exact_bins_are_those_of_every_permutation():
    from itertools import combinations

    from equipoise.kernels.plain.exact_sums import extreme_sums, permutation_histogram

    draw = np.random.default_rng(1)
    strata = [(draw.normal(size=6), 3), (draw.normal(size=5), 2)]
    sums = [
        sum(a) + sum(b)
        for a in combinations(strata[0][0].tolist(), 3)
        for b in combinations(strata[1][0].tolist(), 2)
    ]  # fmt: skip
    low, high = extreme_sums(strata)
    assert (low, high) == pytest.approx((min(sums), max(sums)))
    edges = np.linspace(low - 1e-6, high + 1e-6, 13)
    assert permutation_histogram(strata, edges).tolist() == np.histogram(sums, edges)[0].tolist()


def test_the_critical_value_of_maxcombo_leaves_its_level_outside():
    """The combination of one test is that test; of several, its P value at the critical value is the level."""
    alone = equipoise.analysis.maxcombo(
        [1, 2, 3, 4, 5, 6], [1] * 6, list("ababab"), reference="a", tests=((0, 0),)
    )  # fmt: skip
    assert alone.critical_value() == pytest.approx(1.959964, abs=1e-5)
    assert alone.critical_value(0.01) == pytest.approx(2.575829, abs=1e-5)
    several = RESULTS["MaxCombo"]()
    assert 1.959964 < several.critical_value() < 2.497706  # one test alone; Bonferroni's bound of four
    with pytest.raises(ArgumentError, match="alpha is 2"):
        several.critical_value(2)
