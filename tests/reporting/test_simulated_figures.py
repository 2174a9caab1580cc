"""Figures, tables and sentences of simulated operating characteristics: their numbers are the rows', all is legible."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import matplotlib as mpl
import pytest

import equipoise as eq
from drawn_texts import clipped, overlapping, texts_of
from equipoise.design import Accrual, Dropout, Hazard, group_sequential
from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.canvas import settings
from equipoise.reporting.figures.decisions import _bars
from equipoise.reporting.figures.simulation import render_simulated, simulated_figures
from equipoise.reporting.lookup import Rows
from equipoise.reporting.plots import FIGURES, figure_kinds, render_result
from equipoise.reporting.simulated import simulated_sentences, simulated_text, simulation_methods
from equipoise.reporting.tables.simulation import effects_table, looks_table, rates_table, signed
from equipoise.simulation import PiecewiseRatio, TrialLook, TrialModel, simulate, simulate_grid

TRIALS = 4096
OF_ONE = ["simulated-course", "decisions", "simulated-ratio", "simulated-times"]
RATIOS = [0.4, 0.5, 0.59, 0.7, 0.8, 0.9, 1.0]


def model() -> TrialModel:
    bounds = group_sequential(
        [60, 110, 155], alpha=0.025, sides=1, hazard_ratio=0.59, ratio=2, futility=("hwang-shih-decani", -2.0)
    )
    looks = [
        TrialLook(events=60, id="first interim analysis"),
        TrialLook(events=110, id="second interim analysis"),
        TrialLook(events=155, id="final analysis"),
    ]
    return TrialModel.two_arms(
        accrual=Accrual.uniform(n=198, duration=24), control=Hazard.from_median(3.6), effect=0.59, ratio=(2, 1),
        block_sizes=(3, 6), dropout=Dropout(0.01), looks=looks, bounds=bounds,
    )  # fmt: skip


@pytest.fixture(scope="module")
def results() -> dict[str, list[ResultRow]]:
    base = model()
    delayed = base.with_effect(PiecewiseRatio((1.0, 0.59), (3.0,)))
    named = {"as designed": base, "effect delayed by three months": delayed, "no effect": base.with_effect(1.0)}
    return {
        "one look": eq.simulate("palmira", trials=TRIALS, seed=3).to_rows(),
        "three looks": simulate(base, trials=TRIALS, seed=3).to_rows(),
        "grid": simulate_grid(base, hazard_ratios=RATIOS, trials=1024, seed=3).to_rows(),
        "scenarios": simulate_grid(named, trials=1024, seed=3).to_rows(),
    }


@pytest.fixture(scope="module")
def reported(results) -> Rows:
    """The rows of a report: the design, its simulation, and power over effects."""
    grid = simulate_grid(model(), hazard_ratios=RATIOS, trials=1024, seed=3).to_rows()
    return Rows([*eq.plan("palmira").to_rows(), *results["one look"], *grid])


KINDS = [(name, kind) for name in ("one look", "three looks") for kind in OF_ONE]
KINDS += [("grid", "simulated-power"), ("scenarios", "scenario-power")]


def test_what_there_is_to_draw(results):
    assert figure_kinds(results["one look"]) == OF_ONE
    assert figure_kinds(results["grid"]) == ["simulated-power"]
    assert figure_kinds(results["scenarios"]) == ["scenario-power"]
    with pytest.raises(ArgumentError, match="no figure 'survival' in this result"):
        render_result(results["one look"], kind="survival")


@pytest.mark.parametrize(("name", "kind"), KINDS)
@pytest.mark.parametrize("width", [85.0, 170.0])
def test_every_figure_is_legible_and_the_same_every_time(results, name, kind, width):
    figure = next(figure for figure in FIGURES if figure.name == kind)
    sheet = figure.collect(figure.part(results[name]))
    with mpl.rc_context(settings()):
        canvas = sheet.compose(width)
        found = texts_of(canvas)
    assert list(overlapping(found)) == []
    assert list(clipped(canvas, found)) == []
    once, twice = (bytes(render_result(results[name], width_mm=width, kind=kind)) for _ in range(2))
    assert once == twice
    assert ET.fromstring(once.decode()).get("role") == "img"
    assert any(character.isdigit() for character in sheet.alternative)


def test_long_names_in_a_narrow_figure_stand_below_it_with_numbers(results):
    figure = next(figure for figure in FIGURES if figure.name == "simulated-course")
    sheet = figure.collect(figure.part(results["three looks"]))
    with mpl.rc_context(settings()):
        wide, narrow = ([text for text, _ in texts_of(sheet.compose(width))] for width in (170.0, 85.0))
    assert not any(text.startswith("2 second interim analysis: 110 events") for text in wide)
    assert any(text.startswith("2 second interim analysis: 110 events") for text in narrow)
    assert {"1", "2", "3"} <= set(narrow)


def test_bars_sum_up_the_decisions_so_far(results):
    rows = Rows(results["three looks"])
    chance = {(r.level1, r.at): r.value or 0.0 for r in rows.part("simulate", "decision", "probability")}
    bars = _bars(rows)
    assert bars[0].name == "Look 1: first interim analysis"
    for k, bar in enumerate(bars, start=1):
        shares = {label: share for label, share, _ in bar.parts}
        assert sum(shares.values()) == pytest.approx(1.0, abs=1e-12)
        for label, outcome in (("Efficacy", "efficacy"), ("Futility", "futility")):
            assert shares[label] == pytest.approx(sum(chance[outcome, float(j)] for j in range(1, k + 1)), abs=1e-12)
        assert shares["Not stopped"] == pytest.approx(chance["none", float(k)], abs=1e-12)


def test_power_is_said_as_simulated(results):
    said = render_result(results["grid"]).alternative
    for row in results["grid"]:
        if row.statistic == "power":
            assert f"{100 * row.value + 1e-9:.1f}% at {row.at:.2f}" in said


def test_the_power_of_a_report_stands_beside_the_formula_and_names_the_assumed_effect(reported, palmira):
    assert [name for name, *_ in simulated_figures(reported)] == ["simulated-power", "simulated-course"]
    drawn = render_simulated(palmira, reported, "simulated-power").decode()
    assert "Assumed: HR 0.59, simulated power" in drawn
    assert drawn == render_simulated(palmira, reported, "simulated-power").decode()
    with pytest.raises(ArgumentError, match="no figure 'decisions'"):
        render_simulated(palmira, eq.plan("palmira").to_rows(), "decisions")


def test_rates_stand_beside_the_design_with_their_difference(reported):
    table = rates_table(reported)
    assert table is not None
    lines = {line.label.replace("\u00a0", " "): line.cells for line in table.lines}
    rate, designed = (row.value or 0.0 for row in lines["Power at HR 0.59"][3].quantity.rows)
    assert rate == reported.get("simulate", "rejection", "rejection_rate").value
    assert designed == pytest.approx(0.872164, abs=1e-6)
    shown = lines["Power at HR 0.59"][3].quantity.text.replace("\u2212", "-")
    assert float(shown) == pytest.approx(100 * (rate - designed), abs=0.005001)
    assert lines["Size on the side of benefit, HR 1"][2].quantity.text == "2.50%"
    assert lines["Events"][0].quantity.text == "155"


def test_without_a_design_there_is_nothing_to_compare(results):
    table = rates_table(Rows(results["three looks"]))
    assert table is not None
    assert [column.label for column in table.columns] == ["Simulated", "Standard error"]
    assert "Stopped for futility" in [line.label for line in table.lines]
    assert rates_table(Rows([])) is None
    assert effects_table(Rows(results["one look"])) is None


def test_a_single_look_needs_no_column_of_power(results):
    one, three = (looks_table(Rows(results[name])) for name in ("one look", "three looks"))
    assert one is not None
    assert three is not None
    assert [column.label for column in one.columns] == ["Events", "Month (SD)", "Enrolled", "Efficacy", "HR (90%)"]
    assert "Power" in [column.label for column in three.columns]


def test_sentences_hold_rates_errors_and_the_difference_to_the_design(reported, palmira):
    said = simulated_text(palmira, reported)
    rate = reported.get("simulate", "rejection", "rejection_rate").value
    assert "4,096 trials were simulated under scenario \u201cdesign\u201d with seed 3" in said
    assert f"crossed in {100 * rate + 1e-9:.1f}% of them (Monte-Carlo standard error 0." in said
    assert "by formula the design\u2019s power is 87.2%, a difference of" in said
    assert "nominal on the side of benefit is 2.50%" in said
    assert "Look 1 (final) comes after a median of" in said
    assert simulated_text(palmira, []) == ""
    assert simulated_sentences(palmira, Rows([])) == []
    assert simulation_methods(Rows([])) == []
    assert "Wilson" in simulation_methods(reported)[0]


def test_differences_carry_their_sign():
    assert [signed(text) for text in ("0.31", "\u22120.31", "0.00", "1,000")] == [
        "+0.31",
        "\u22120.31",
        "0.00",
        "+1,000",
    ]
