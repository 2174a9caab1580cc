"""Figures and tables of a design: drawn from rows alone, words beside points never on a line."""

import math
import re
from itertools import combinations, pairwise

import pytest

import equipoise as eq
from equipoise import design
from equipoise.design.design_result import DesignResult
from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.protocol import builtin_text
from equipoise.protocol.loading import parse_trial
from equipoise.reporting.figures.chart import Chart, Mark, Series, _clearance, _layout, _spot, even_ticks
from equipoise.reporting.figures.design import design_chart, render_design
from equipoise.reporting.figures.hypotheses import _places
from equipoise.reporting.lookup import Rows
from equipoise.reporting.plots import figure_kinds, render_result
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


ONE = {"alpha": 0.025, "sides": 1}
CONTROL = design.Hazard.from_median(6)
ACCRUAL = design.Accrual.uniform(n=200, duration=24)
SEQUENTIAL = design.group_sequential(
    [0.5, 0.75, 1.0], power=0.9, hazard_ratio=0.7, futility=("hwang-shih-decani", -2.0), integer=True, **ONE
)  # fmt: skip
FIXED = design.fixed_design(hazard_ratio=0.6, control=CONTROL, accrual=ACCRUAL, follow_up=6, **ONE)
BOUNDS = [
    "bounds", "bounds-z", "bounds-p", "bounds-b", "bounds-conditional-power", "bounds-predictive-power",
]  # fmt: skip
BOTH = {"PFS": {"OS": 1.0}, "OS": {"PFS": 1.0}}


def predicted() -> design.MilestonePrediction:
    entry = [k / 4 for k in range(60)]
    time = [min(3.0 + k % 11, 20 - k / 4) for k in range(60)]
    event = [int(3.0 + k % 11 < 20 - k / 4) for k in range(60)]
    return design.predict_from_times(
        time, event, entry, cutoff=20, events=[50, 60], seed=1, n_planned=80, replicates=100
    )  # fmt: skip


DRAWN: dict[str, tuple[DesignResult, list[str], str]] = {
    "bounds": (SEQUENTIAL, [*BOUNDS, "power"], "Bounds on the scale of the hazard ratio: efficacy 0.6"),
    "bounds of fractions": (
        design.group_sequential(2, alpha=0.05, sides=2),
        ["bounds-z", "bounds-p", "bounds-b", "bounds-predictive-power"],
        "Bounds on the scale of Z: efficacy 2.96, 1.97; harm \u22122.96, \u22121.97.",
    ),
    "one look": (
        design.group_sequential([100], **ONE),
        ["bounds", "bounds-z", "bounds-p", "bounds-b"],
        "efficacy 0.68.",
    ),
    "calendar": (
        design.sequential_trial(SEQUENTIAL, accrual=design.Accrual.uniform(duration=24), control=CONTROL, follow_up=6),
        ["course", *BOUNDS, "power"],
        "look 1: ",
    ),
    "fixed": (FIXED, ["course", "power"], "analysis: 151 events, month 30.0."),
    "events": (
        design.time_of_events([50, 100], accrual=ACCRUAL, control=CONTROL, hazard_ratio=0.6),
        ["course"],
        "expected: 50 events, month 13.9; expected: 100 events, month 21.6",
    ),
    "formula": (design.events_required(0.7, power=0.9, **ONE), ["power"], "2.5% at 1.00"),
    "curve": (design.power_curve(FIXED, [0.5, 0.6, 0.8, 1.0]), ["power"], "Power falls from"),
    "allocation": (
        design.allocation_tradeoff(
            (3, 1),
            hazard_ratio=0.6,
            power=0.8,
            follow_up=5,
            control=CONTROL,
            accrual=design.Accrual.uniform(duration=24),
            **ONE,
        ),
        ["allocation"],
        "By allocation ratio, 1:1: 164 patients, 82 on the experimental arm, 120 events; 3:1: 231",
    ),
    "prediction": (predicted(), ["prediction"], "event 50: month "),
    "monitoring": (
        design.adjusted_inference([1.5, 2.6], SEQUENTIAL.events[:2], design=SEQUENTIAL),
        ["monitoring"],
        "Observed Z 1.50, 2.60.",
    ),
    "graph": (
        design.graphical_testing(
            {"PFS": 0.2, "OS": 0.01}, weights={"PFS": 0.2, "OS": 0.8}, transitions=BOTH, alpha=0.025
        ),
        ["graph"],
        "PFS 0.2, OS 0.8. A rejected hypothesis passes on: PFS to OS 1; OS to PFS 1. Rejected: OS.",
    ),
}


@pytest.mark.parametrize("what", DRAWN)
@pytest.mark.parametrize("width", [85.0, 170.0])
def test_a_result_of_a_design_is_drawn(what: str, width: float):
    result, kinds, said = DRAWN[what]
    held = result.figure_rows() if hasattr(result, "figure_rows") else result.to_rows()  # type: ignore[attr-defined]
    assert figure_kinds(held) == kinds
    first = render_result(result, width_mm=width)
    assert said in first.alternative
    for kind in kinds:
        drawn = render_result(result, width_mm=width, kind=kind)
        assert bytes(drawn).startswith(b"<?xml")
        assert bytes(drawn) == bytes(render_result(result, width_mm=width, kind=kind))


def test_a_trial_design_holds_its_figures(rows: Rows, sequential: Rows):
    assert figure_kinds(rows) == ["course", "power"]
    assert figure_kinds(sequential) == ["course", *BOUNDS, "power"]


def test_numbers_of_a_design_are_not_drawn_as_estimates():
    with pytest.raises(ArgumentError, match="no figure 'ratios'"):
        render_result(predicted(), kind="ratios")
    with pytest.raises(ArgumentError, match="nothing to draw"):
        render_result(design.conditional_power(1.0, 60, design=SEQUENTIAL, effect="null"))


def test_bounds_on_a_scale_are_those_of_the_design():
    drawn = render_result(SEQUENTIAL, kind="bounds-z")
    shown = ", ".join(f"{z:.2f}" for z in SEQUENTIAL.upper)
    assert f"Bounds on the scale of Z: efficacy {shown};" in drawn.alternative


@pytest.mark.parametrize("count", range(1, 8))
def test_a_graph_of_any_size_keeps_its_circles_apart_and_inside(count: int):
    for width in (85.0, 170.0):
        points, height = _places(count, 30.0, width * 72 / 25.4)
        assert len(points) == count
        for (x, y), other in combinations(points, 2):
            assert math.dist((x, y), other) > 60.0
        for x, y in points:
            assert 30.0 <= x <= width * 72 / 25.4 - 30.0
            assert 30.0 <= y <= height - 30.0
