"""The abstract, the terminal summary, and `plot`: what a reader is told, from known rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow, ResultTable
from equipoise.protocol import builtin_text, parse_trial
from equipoise.reporting import abstract_text, render_result, render_summary
from equipoise.reporting.formatting import THIN_SPACE


def _published():
    """The rows behind the published abstract (J Clin Oncol 2025), as an analysis would leave them."""
    rows = [ResultRow(analysis="flow", parameter="randomized", statistic="n", value=198.0, format="int")]
    arms = {"PALBO_ET": (136, (4.9, 3.6, 6.1), (0.421, 0.124)), "ET": (62, (3.6, 2.5, 4.2), (0.291, 0.123))}
    for arm, (n, median, rates) in arms.items():
        group: dict[str, Any] = {"group1": "arm", "level1": arm}
        rows.append(ResultRow(analysis="flow", parameter="allocated", statistic="n", value=float(n), **group))
        for statistic, value in zip(("median", "median_low", "median_high"), median, strict=True):
            rows.append(
                ResultRow(
                    analysis="pfs-primary",
                    parameter="kaplan-meier",
                    statistic=statistic,
                    value=value,
                    unit="months",
                    format="time",
                    **group,
                )
            )
        for at, rate in zip((6.0, 12.0), rates, strict=True):
            where: dict[str, Any] = {"parameter": "landmark", "at": at, "at_unit": "months"}
            rows.append(
                ResultRow(analysis="pfs-primary", statistic="survival", value=rate, format="percent", **where, **group)
            )
    ratio: dict[str, Any] = {
        "group1": "arm",
        "level1": "PALBO_ET",
        "group2": "reference",
        "level2": "ET",
        "format": "ratio",
    }
    for statistic, value in (("estimate", 0.84), ("conf_low", 0.66), ("conf_high", 1.07)):
        rows.append(
            ResultRow(analysis="pfs-primary", parameter="hazard-ratio", statistic=statistic, value=value, **ratio)
        )
    rows.append(ResultRow(analysis="pfs-primary", parameter="logrank", statistic="p_value", value=0.149, format="p"))
    return ResultTable(rows)


def test_the_abstract_says_the_published_quantities(palmira):
    assert abstract_text(palmira, _published()).replace(THIN_SPACE, " ") == (
        "A total of 198 patients were randomly assigned 2:1: 136 to Palbociclib + ET and 62 to ET alone. "
        "Median investigator-assessed progression-free survival (PFS) was 4.9 months (95% CI, 3.6\u20136.1) with "
        "Palbociclib + ET and 3.6 months (95% CI, 2.5\u20134.2) with ET alone (hazard ratio, 0.84; 95% CI, "
        "0.66\u20131.07; P = .149, two-sided stratified log-rank test). At the planned two-sided significance level of "
        ".05, the difference was not statistically significant. PFS rates were 42.1% v 29.1% at 6 months and 12.4% v "
        "12.3% at 12 months (Palbociclib + ET v ET alone)."
    )


def test_significance_is_said_either_way(palmira):
    rows = [replace(row, value=0.05) if row.statistic == "p_value" else row for row in _published()]
    assert "the difference was statistically significant" in abstract_text(palmira, rows)


@pytest.mark.parametrize(("z", "favored"), [(2.0, "Palbociclib + ET"), (-2.0, "ET alone")])
def test_a_significant_difference_says_in_whose_favor(palmira, z, favored):
    rows = [replace(row, value=0.04) if row.statistic == "p_value" else row for row in _published()]
    rows.append(ResultRow(analysis="pfs-primary", parameter="logrank", statistic="z", value=z))
    assert f"the difference was statistically significant, in favor of {favored}." in abstract_text(palmira, rows)


@pytest.mark.parametrize(("p_value", "was"), [(0.024, "was"), (0.026, "was not")])
def test_a_one_sided_test_asks_about_one_arm(p_value, was):
    trial = parse_trial(builtin_text("palmira").replace("sides: 2, alpha: 0.05", "sides: 1, alpha: 0.025")).trial
    rows = [replace(row, value=p_value) if row.statistic == "p_value" else row for row in _published()]
    said = f"At the planned one-sided significance level of .025, Palbociclib + ET {was} significantly better than ET"
    assert said in abstract_text(trial, rows)


def test_the_period_is_said_where_the_rows_know_it(palmira):
    known: dict[str, Any] = {"analysis": "flow", "parameter": "randomized"}
    dates = [
        ResultRow(statistic="first_date", value_text="2019-04-05", **known),
        ResultRow(statistic="last_date", value_text="2022-10-20", **known),
    ]
    text = abstract_text(palmira, [*_published(), *dates])
    assert text.startswith("Between April 5, 2019 and October 20, 2022, 198 patients were randomly assigned 2:1")


def test_a_failed_statistic_is_said_to_have_failed(palmira):
    rows = [
        replace(row, value=None, error="no event in one arm") if row.parameter in ("hazard-ratio", "logrank") else row
        for row in _published()
    ]
    text = abstract_text(palmira, rows)
    assert "hazard ratio, not computed" in text
    assert "P not computed" in text
    assert "significant" not in text


def test_the_whole_abstract_and_secondary_results(palmira, palmira_results, provenance):
    text = abstract_text(palmira, palmira_results, provenance)
    assert text.startswith("These are synthetic data; no patient took part.")
    assert "The clinical benefit rate (CBR) was 41.9%" in text
    assert "Fisher's exact test, descriptive" in text
    assert "Median overall survival (OS) was" in text
    assert "Grade 3 or higher treatment-emergent adverse events occurred in 46.7% (63 of 135)" in text
    assert "The most frequent was neutropenia (38.5% and 0.0%)." in text


def test_no_rows_no_words(palmira):
    assert abstract_text(palmira, ResultTable()) == ""


def test_a_study_without_randomization_does_not_claim_one(gbsg2, gbsg2_results):
    text = abstract_text(gbsg2, gbsg2_results)
    assert text.startswith("Patients analyzed: 246 with Hormonal therapy and 440 with No hormonal therapy.")
    assert "randomly" not in text
    assert "at 2 years" in text


def test_terminal_summary_is_narrow_plain_and_whole(palmira, palmira_results, provenance):
    text = render_summary(palmira, palmira_results, provenance)
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    assert not any(line.endswith(" ") for line in text.splitlines())
    assert "SYNTHETIC DATA" in text
    assert "Hazard ratio (95% CI)" in text
    assert "and 1 more term in the report" in text


def test_terminal_summary_survives_long_names(made_up, provenance):
    trial = made_up.hard_trial(3)
    text = render_summary(trial, made_up.hard_results(trial, (60, 55, 50), (9, 6, 4)), provenance)
    assert max(map(len, text.splitlines())) <= 100


def test_plot_draws_result_rows_and_result_objects(palmira_results):
    from equipoise.analysis.survival_curves import kaplan_meier

    drawing = render_result(palmira_results)
    assert (drawing._repr_svg_() or "").startswith("<?xml")
    assert drawing._repr_png_() is None
    km = kaplan_meier([1, 2, 3, 4, 5, 6], [1, 0, 1, 1, 0, 1], group=["a", "a", "a", "b", "b", "b"])
    png = render_result(km, "png")
    assert bytes(png).startswith(b"\x89PNG")
    assert "a: 2 / 3, median 3" in png.alternative
    assert bytes(render_result(km)) == bytes(render_result(km))


def test_plot_without_a_curve_says_so(palmira_results):
    with pytest.raises(ArgumentError, match="nothing to draw in this result"):
        render_result(palmira_results.select(analysis="baseline"))
