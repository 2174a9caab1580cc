"""The table of an endpoint under each censoring rule set."""

from __future__ import annotations

import pytest

import equipoise as eq
from equipoise.derivation import load_rule_set
from equipoise.protocol import load_trial
from equipoise.reporting.lookup import Rows
from equipoise.reporting.tables.rule_sets import TITLES, rule_sets_table


@pytest.fixture(scope="module")
def results():
    return eq.analyze("palmira", adam=eq.derive("palmira", sdtm=eq.synthesize("palmira", seed=5).sdtm))


@pytest.mark.parametrize("name", TITLES)
def test_a_title_is_that_of_the_rule_set(name):
    assert TITLES[name] == load_rule_set(name).title


def test_every_rule_set_with_results_has_a_line_below_the_planned_one(results):
    trial = load_trial("palmira")
    table = rule_sets_table(trial, Rows(results), trial.primary)
    assert [line.label for line in table.lines] == [
        "As planned: PALMIRA's rules",
        "Censored after two missed assessments",
        "Only documented progression, FDA Table A",
        "First progression or death, EMA",
        "Interval-censored dates",
    ]
    # Events and median of each arm, the hazard ratio, P.
    assert all(len(line.cells) == 6 for line in table.lines)
    planned, *others = table.lines
    assert all(cell.quantity.text for cell in planned.cells)
    # The interval-censored medians are months, as the others, and lie before those dated at the scan.
    lows = [row for row in results if row.parameter == "turnbull" and row.statistic == "median_high"]
    planned_medians = {row.level1: row.value for row in results if row.analysis == trial.primary.id
                       and row.parameter == "kaplan-meier" and row.statistic == "median"}  # fmt: skip
    assert len(lows) == 2
    assert all(row.unit == "months" and 0.2 * planned_medians[row.level1] < row.value <= planned_medians[row.level1]
               for row in lows)  # fmt: skip
    # Under EMA's rules nothing is censored that PALMIRA's own rules count.
    ema = next(line for line in others if "EMA" in line.label)
    assert [cell.quantity.text for cell in ema.cells] == [cell.quantity.text for cell in planned.cells]


def test_an_endpoint_without_further_rules_has_no_table(results):
    trial = load_trial("palmira")
    survival = next(analysis for analysis in trial.analyses if analysis.endpoint == "OS")
    assert rule_sets_table(trial, Rows(results), survival) is None
