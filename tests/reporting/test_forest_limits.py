"""Hazard ratios that have no place on a log axis: 0 or infinite, where one arm has no event."""

from dataclasses import replace
from math import inf

import pytest

from equipoise.frames.results import ResultTable
from equipoise.reporting import render_forest
from equipoise.reporting.figures.forest import collected_forest
from equipoise.reporting.lookup import Rows


@pytest.mark.parametrize("value", [0.0, inf])
@pytest.mark.parametrize("parameter", ["hazard-ratio", "subgroup"])
def test_a_ratio_without_a_place_is_text_only(palmira, palmira_results, provenance, value, parameter):
    changed = ResultTable(
        replace(row, value=value) if row.parameter == parameter and row.statistic == "estimate" else row
        for row in palmira_results
    )
    assert render_forest(palmira, changed, "pfs-primary").endswith(b"</svg>\n")
    forest = collected_forest(palmira, Rows(changed), "pfs-primary", provenance)
    lines = [line for line in forest.lines if not line.heading and line.overall == (parameter == "hazard-ratio")]
    assert {line.estimate for line in lines} == {None}
    assert all(line.text for line in lines)
    assert forest.ticks[0] > 0
