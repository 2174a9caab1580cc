"""Figures and tables of a design: drawn from rows alone, words beside points never on a line."""

import re
from itertools import pairwise

import pytest

import equipoise as eq
from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.protocol import builtin_text
from equipoise.protocol.loading import parse_trial
from equipoise.reporting.figures.chart import Chart, Mark, Series, _clearance, _layout, _spot, even_ticks
from equipoise.reporting.figures.design import design_chart, render_design
from equipoise.reporting.lookup import Rows
from equipoise.reporting.tables.design import design_tables

LOOKS = re.compile(r"    looks:\n(      - .*\n)+")


@pytest.fixture(scope="module")
def rows() -> Rows:
    return Rows(eq.plan("palmira").to_rows())


@pytest.fixture(scope="module")
def sequential() -> Rows:
    looks = "    looks:\n" + "".join(
        f"      - {{id: look{k}, trigger: {{events: {d}}}}}\n" for k, d in enumerate((60, 110, 155), 1)
    )
    rules = "    spending: {function: pocock}\n    futility: {function: power, parameter: 2}\n"
    text, n = LOOKS.subn(looks + rules, builtin_text("palmira"), count=1)
    assert n == 1
    return Rows(eq.plan(parse_trial(text).trial).to_rows())


@pytest.mark.parametrize("kind", ["course", "power"])
@pytest.mark.parametrize("width", [85.0, 170.0])
def test_figures_are_drawn_and_the_same_every_time(rows: Rows, kind: str, width: float):
    first = render_design(rows, kind, width_mm=width)
    assert first.startswith(b"<?xml")
    assert first == render_design(rows, kind, width_mm=width)
    assert render_design(rows, kind, width_mm=width, format="png").startswith(b"\x89PNG")


def test_the_course_names_its_looks_in_words_for_those_who_do_not_see_it(rows: Rows):
    said = design_chart(rows, "course").alternative
    assert "required: 127 events, month 23.3" in said
    assert "final: 155 events, month 28.1" in said


def test_bounds_are_drawn_where_there_are_looks(sequential: Rows, rows: Rows):
    chart = design_chart(sequential, "bounds")
    assert [line.label for line in chart.series] == ["Efficacy", "Futility"]
    assert len(chart.series[0].points) == 3
    assert all(low <= high for (_, low), (_, high) in pairwise(chart.series[0].points))
    assert render_design(sequential, "bounds").startswith(b"<?xml")
    with pytest.raises(ArgumentError, match="nothing to draw as 'bounds'"):
        design_chart(rows, "bounds")


def test_an_unknown_kind_is_named_with_those_there_are(rows: Rows):
    with pytest.raises(ArgumentError, match=r"no figure 'pie'"):
        design_chart(rows, "pie")


def test_words_beside_points_meet_no_line(rows: Rows):
    for width in (240.0, 480.0):
        layout = _layout(design_chart(rows, "course"), width)
        for mark in layout.chart.marks:
            box, lines = _spot(layout, mark, [])
            assert _clearance(layout, box) > 0
            assert "".join(lines).replace(" ", "") == mark.text.replace(" ", "")


def test_words_without_a_free_place_are_still_shown():
    wall = tuple(Series("", ((0.0, y / 20), (1.0, y / 20))) for y in range(21))
    ticks = ((0.0, "0"), (1.0, "1"))
    chart = Chart("t", "s", "x", "y", wall, ticks, ticks, "a", marks=(Mark(0.5, 0.5, "a long text beside a point"),))
    _, lines = _spot(_layout(chart, 240.0), chart.marks[0], [])
    assert lines


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 198.0), (0.4, 1.0), (3.2, 3.3), (0.0, 1e6), (-2.0, 3.0)])
def test_ticks_hold_the_span(low: float, high: float):
    ticks = even_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high - 1e-9
    assert 2 <= len(ticks) <= 11


def test_tables_show_looks_bounds_effects_and_dates(rows: Rows, sequential: Rows):
    assert [table.id for table in design_tables(rows)] == [
        "table-design-looks", "table-design-effects", "table-design-dates",
    ]  # fmt: skip
    looks, bounds, *_ = design_tables(sequential)
    assert [line.label for line in bounds.lines] == ["Look 1", "Look 2", "Look 3"]
    assert [column.label for column in bounds.columns][:4] == ["Events", "Alpha spent", "Z", "Nominal P"]
    # The power of a single test is not shown beside looks with bounds.
    shown = {line.label: [cell.quantity.text for cell in line.cells] for line in looks.lines}
    assert shown["Look: look1"][3] == ""


def test_no_table_of_rows_without_a_design():
    assert design_tables(Rows([ResultRow(statistic="n", analysis="pfs-primary", value=3.0)])) == []


def test_the_report_of_a_trial_has_its_design(palmira_sdtm, tmp_path):
    run = eq.run("palmira", sdtm=palmira_sdtm, out=tmp_path / "run")
    html = run.report.read_text(encoding="utf-8")
    section = html[html.index('id="design"') :]
    assert "127 events give a two-sided log-rank test" in section
    assert 'id="figure-design"' in section
    assert {"design.svg", "design.png", "design.csv"} <= {path.name for path in (run.folder / "figures").iterdir()}
    # Made again from the stored rows, the report is the same.
    assert eq.report("palmira", results=run.folder / "results.parquet") == html
