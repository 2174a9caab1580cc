"""Every test and estimate that a trial file can plan gives the number of its estimator, as rows and in the report."""

import math
import re

import polars as pl
import pytest

from equipoise import analysis as a
from equipoise.analysis.plan import analyze_plan
from equipoise.protocol import parse_trial
from equipoise.provenance import Provenance
from equipoise.reporting.report import render_report
from equipoise.reporting.terminal import render_summary
from made_up_plans import ANALYSES, planned_data, planned_text

TRIAL = parse_trial(planned_text()).trial
DATA = planned_data()
ROWS = analyze_plan(TRIAL, DATA)
JOINED = DATA["adtte"].join(DATA["adsl"], on="USUBJID", maintain_order="left")
COLUMNS = (JOINED["AVAL"], 1 - JOINED["CNSR"].cast(pl.Int8), JOINED["ARMCD"])
BY_SEX = {"strata": JOINED["SEX"]}
PAIR = {"level1": "EXP", "level2": "CTL"}
TIMES = {"reference": "CTL"}


def _logrank(**options):
    return a.logrank(*COLUMNS, **TIMES, **options)


def _value(parameter: str, statistic: str, analysis: str = "pfs", **where):
    return ROWS.value(analysis=analysis, parameter=parameter, statistic=statistic, **where)


def test_the_data_are_hard_enough():
    assert JOINED.height == 60
    assert 5 < int(JOINED["CNSR"].sum()) < 30
    assert JOINED["SEX"].n_unique() == 2


@pytest.mark.parametrize(
    ("parameter", "method", "options"),
    [
        ("logrank", "logrank", BY_SEX),
        ("unstratified", "logrank", {}),
        ("fleming-harrington", "fleming-harrington", {"rho": 0, "gamma": 1, **BY_SEX}),
        ("tarone-ware", "tarone-ware", {"weighting": "tarone-ware", **BY_SEX}),
        ("gehan", "gehan", {"weighting": "gehan"}),
        ("peto", "peto", {"weighting": "peto"}),
        ("modified-peto", "modified-peto", {"weighting": "modified-peto"}),
        ("modestly-weighted", "modestly-weighted", {"weighting": "modestly-weighted", "t_star": 60.0, **BY_SEX}),
        ("modest-s", "modestly-weighted", {"weighting": "modestly-weighted", "s_star": 0.5}),
    ],
)
def test_weighted_logrank(parameter, method, options):
    direct = _logrank(**options)
    assert _value(parameter, "z") == pytest.approx(direct.z, abs=1e-14)
    assert _value(parameter, "p_value") == pytest.approx(direct.p_value, abs=1e-14)
    assert {row.method for row in ROWS if row.parameter == parameter} == {method}


def test_maxcombo_is_one_sided_and_names_its_parts():
    direct = a.maxcombo(*COLUMNS, **TIMES, **BY_SEX, alternative="experimental-better")
    assert ROWS.select(parameter="maxcombo", statistic="p_value", level1=None).value() == direct.p_value
    part = ROWS.value(parameter="maxcombo", statistic="z", level1="Fleming-Harrington(0, 1)")
    assert part == direct.z[1]
    two = a.maxcombo(*COLUMNS, **TIMES, tests=((0, 0), (0, 0.5)))
    assert ROWS.select(parameter="two-weights", statistic="z", level1=None).value() == two.z_max


def test_adjusted_logrank_takes_numbers_and_categories():
    direct = a.adjusted_logrank(*COLUMNS, **TIMES, covariates={"age": JOINED["AGE"], "sex": JOINED["SEX"]})
    assert _value("adjusted-logrank", "z") == pytest.approx(direct.z, abs=1e-14)
    assert _value("adjusted-logrank", "p_value") == pytest.approx(direct.p_value, abs=1e-14)


def test_rerandomization_repeats_the_blocks_of_the_trial():
    scheme = {"method": "permuted-blocks", "ratio": {"EXP": 1, "CTL": 1}, "block_sizes": 4}
    direct = a.rerandomization_test(*COLUMNS, **TIMES, **BY_SEX, scheme=scheme, draws=500, seed=7)
    assert _value("rerandomization", "p_value") == direct.p_value
    assert _value("rerandomization", "n_labellings") == 500
    assert _value("rerandomization", "z") == pytest.approx(_logrank(**BY_SEX).z, abs=1e-12)


def test_days_that_repeat_within_a_stratum_are_said():
    tables = DATA | {"adsl": DATA["adsl"].with_columns(PLACE=pl.col("PLACE") // 4)}
    rows = analyze_plan(TRIAL, tables)
    (row,) = rows.select(parameter="rerandomization", statistic="p_value")
    assert row.warning is not None
    assert "30 patients share PLACE with another of the same stratum" in row.warning


def test_an_arrangement_that_the_blocks_cannot_make_is_a_row():
    turned = DATA["adsl"].sort("ARMCD").with_columns(PLACE=pl.int_range(60))
    rows = analyze_plan(TRIAL, DATA | {"adsl": turned})
    (row,) = rows.select(parameter="rerandomization")
    assert row.error is not None
    assert re.match(r"stratum F, block 1 of 4 holds \d experimental and \d reference labels", row.error)


@pytest.mark.parametrize(("parameter", "ties"), [("hazard-ratio", "efron"), ("discrete", "discrete")])
def test_cox(parameter, ties):
    fit = a.cox(*COLUMNS, **TIMES, **BY_SEX, ties=ties)
    assert _value(parameter, "estimate", **PAIR) == float(fit.hazard_ratio[0])
    assert _value(parameter, "conf_low", **PAIR) == float(fit.conf_int[0, 0])


def test_restricted_means():
    plain = a.rmst(*COLUMNS, **TIMES, tau=120)
    assert _value("rmst", "estimate", **PAIR) == pytest.approx(plain.difference.estimate, abs=1e-12)
    assert _value("rmst", "p_value", **PAIR) == pytest.approx(plain.difference.p_value, abs=1e-14)
    assert _value("rmst", "ratio", **PAIR) == pytest.approx(plain.ratio.estimate, abs=1e-14)
    assert _value("rmst", "rmst", level1="CTL") == pytest.approx(plain.contrasts[0].arms.reference.value, abs=1e-12)
    window = a.rmst(*COLUMNS, **TIMES, **BY_SEX, tau=120, start=30, strata_weights="inverse-variance")
    assert _value("window", "estimate", **PAIR) == pytest.approx(window.difference.estimate, abs=1e-12)


def test_a_horizon_beyond_follow_up_is_a_row():
    (row,) = ROWS.select(parameter="too-late")
    assert row.value is None
    assert row.error is not None
    assert row.error.startswith("tau is 3043.75 days, after the last observation of")


def test_milestone_and_median():
    found = a.milestone(*COLUMNS, **TIMES, at=100, transform="plain", conf_level=0.9)
    assert _value("milestone", "estimate", **PAIR) == pytest.approx(found.difference.estimate, abs=1e-14)
    assert _value("milestone", "conf_high", **PAIR) == pytest.approx(found.difference.conf_high, abs=1e-14)
    assert _value("milestone", "p_value", **PAIR) == pytest.approx(found.p_value, abs=1e-14)
    (medians,) = a.median_difference(*COLUMNS, **TIMES, conf_type="log").contrasts
    assert _value("median-difference", "estimate", **PAIR) == medians.difference
    assert _value("median-difference", "ratio", **PAIR) == pytest.approx(medians.ratio, abs=1e-14)


def _table(strata: bool):
    responded = JOINED.join(DATA["adrs"], on="USUBJID", maintain_order="left")["AVALC"] == "PR"
    return a.two_by_two(responded, JOINED["ARMCD"], reference="CTL", strata=JOINED["SEX"] if strata else None)


def test_response_rates():
    table, by_sex = _table(strata=False), _table(strata=True)
    wilson = a.rate_interval(int(table.x1[0]), int(table.n1[0]), method="wilson")
    assert _value("rate", "conf_low", "orr", level1="EXP") == wilson.conf_low
    assert _value("response-test", "p_value", "orr") == a.cmh(by_sex).p_value
    assert _value("fisher", "p_value", "orr") == a.rate_test(table, method="fisher").p_value
    boschloo = a.exact_unconditional(table, statistic="boschloo", alternative="greater")
    assert _value("boschloo", "p_value", "orr") == boschloo.p_value
    newcombe = a.rate_difference(by_sex, method="newcombe")
    assert _value("rate-difference", "estimate", "orr", **PAIR) == newcombe.estimate
    score = a.rate_difference(by_sex, method="miettinen-nurminen", weights="miettinen-nurminen")
    assert _value("score", "conf_low", "orr", **PAIR) == score.conf_low
    assert _value("score", "p_value", "orr", **PAIR) == score.p_value
    odds = a.odds_ratio(by_sex)
    assert _value("odds-ratio", "estimate", "orr", **PAIR) == odds.estimate
    assert _value("odds-ratio", "conf_high", "orr", **PAIR) == odds.conf_high


def test_addresses_are_unique():
    seen = [
        (r.analysis, r.parameter, r.statistic, r.group1, r.level1, r.group2, r.level2, r.at)
        for r in ROWS
        if r.parameter not in ("curve",)
    ]
    assert len(seen) == len(set(seen))


# -- three arms --------------------------------------------------------------------------------------------------------

THREE = parse_trial(planned_text(3)).trial
THREE_DATA = planned_data(3)
THREE_ROWS = analyze_plan(THREE, THREE_DATA)


def _three(arms):
    joined = THREE_DATA["adtte"].join(THREE_DATA["adsl"], on="USUBJID", maintain_order="left")
    joined = joined.filter(pl.col("ARMCD").is_in(arms))
    columns = (joined["AVAL"], 1 - joined["CNSR"].cast(pl.Int8), joined["ARMCD"])
    return columns, {"reference": "CTL", "strata": joined["SEX"]}


def test_all_arms_and_each_pair_have_their_own_p_value():
    columns, options = _three(["LOW", "HIGH", "CTL"])
    overall = a.logrank(*columns, **options)
    rows = THREE_ROWS.select(analysis="pfs", parameter="logrank")
    assert rows.select(statistic="p_value", level1=None).value() == overall.p_value
    assert rows.select(statistic="df", level1=None).value() == 2
    for arm in ("LOW", "HIGH"):
        columns, options = _three([arm, "CTL"])
        pair = a.logrank(*columns, **options)
        where = {"level1": arm, "level2": "CTL"}
        assert rows.value(statistic="p_value", **where) == pair.p_value
        assert rows.value(statistic="z", **where) == pair.z
        ratio = a.cox(*columns, **options)
        found = THREE_ROWS.value(analysis="pfs", parameter="hazard-ratio", statistic="estimate", **where)
        assert found == float(ratio.hazard_ratio[0])


def test_tests_of_two_arms_are_done_for_each_pair():
    rows = THREE_ROWS.select(parameter="maxcombo", statistic="p_value")
    assert [(row.level1, row.level2) for row in rows] == [("LOW", "CTL"), ("HIGH", "CTL")]
    assert all(0 < (row.value or 0) < 1 for row in rows)


def test_rerandomization_of_a_pair_leaves_the_third_arm_where_it_is():
    # Of the blocks of 6 for three arms a pair sees blocks of 4.
    for arm in ("LOW", "HIGH"):
        columns, options = _three([arm, "CTL"])
        scheme = {"method": "permuted-blocks", "ratio": {arm: 1, "CTL": 1}, "block_sizes": 4}
        direct = a.rerandomization_test(*columns, **options, scheme=scheme, draws=500, seed=7)
        (row,) = THREE_ROWS.select(parameter="rerandomization", statistic="p_value", level1=arm)
        assert row.value == direct.p_value


def test_three_arms_are_told_apart_in_the_summary_and_report():
    text = render_summary(THREE, THREE_ROWS, width=100)
    assert re.search(r"P value, log-rank test of all arms\s", text)
    html = render_report(THREE, THREE_ROWS, Provenance(trial_id="PLANNED"))
    assert "pfs/logrank/arm:LOW/reference:CTL/p_value" in html
    assert "pfs/logrank/arm:HIGH/reference:CTL/p_value" in html
    line = re.search(r"P value, log-rank test against Control.*?</tr>", html, flags=re.DOTALL)
    assert line is not None
    assert len(re.findall(r">(?:\.\d{3,}|&lt; \.001)<", line[0])) == 2


def test_a_one_sided_test_of_two_arms_may_be_planned_with_three():
    assert parse_trial(planned_text(3, ANALYSES)).trial.analyses[0].further_tests[8].sides == 1


# -- the report --------------------------------------------------------------------------------------------------------


def test_every_further_number_is_in_the_summary_and_the_report():
    text = render_summary(TRIAL, ROWS, width=100)
    html = render_report(TRIAL, ROWS, Provenance(trial_id="PLANNED"))
    named = [t.id or t.method for t in (*TRIAL.analyses[0].further_tests, *TRIAL.analyses[1].further_tests)]
    assert len(named) == 14
    for parameter in named:
        assert re.search(rf'(pfs|orr)/{parameter}/p_value"', html), parameter
    for parameter in ("discrete", "rmst", "window", "milestone", "median-difference"):
        assert f"pfs/{parameter}/arm:EXP/reference:CTL/estimate" in html
    assert "Progression-free survival: further estimates and tests" in text
    assert "Difference in restricted mean survival time to 120 days, days (95% CI)" in html
    assert "tau is 3043.75" in text
    assert "Rate difference (95% CI)" in text


def test_a_horizon_left_to_the_data_is_said_in_the_report():
    text = planned_text().replace("- {id: too-late, method: rmst, tau: 100 months}", "- {id: open, method: rmst}")
    trial = parse_trial(text).trial
    rows = analyze_plan(trial, DATA)
    (row,) = rows.select(parameter="open", statistic="estimate")
    summary = " ".join(render_summary(trial, rows, width=100).split())
    assert f"To {row.at:.0f} days, the smaller of the two arms' largest observed times." in summary


def test_covariates_are_named_by_their_labels():
    text = planned_text().replace("label: Age,", "label: Age at consent,").replace("label: Sex,", "label: XY status,")
    trial = parse_trial(text).trial
    words = "log-rank test adjusted for age at consent and XY status"
    assert words in " ".join(render_summary(trial, analyze_plan(trial, DATA), width=100).split())


@pytest.mark.parametrize(
    ("method", "phrase"),
    [
        ("{method: rmst, tau: 120 days}", "Difference in restricted mean survival time to 120 days, days (95% CI)"),
        ("{method: milestone, at: 100 days}", "Difference in survival at 100 days (95% CI)"),
        ("{method: median-difference}", "Difference in medians, days (95% CI)"),
    ],
)
def test_another_primary_estimate_than_a_hazard_ratio(method, phrase):
    text = planned_text().replace("{method: cox, stratified: true}", method, 1)
    text = text[: text.index("    further_tests:")] + "report: {sections: [abstract, primary, methods]}\n"
    trial = parse_trial(text).trial
    rows = analyze_plan(trial, DATA)
    html = render_report(trial, rows, Provenance(trial_id="PLANNED"))
    assert phrase in html
    assert not re.search(r"[Hh]azard ratio \(", html)
    assert "Hazard ratio" not in render_summary(trial, rows, width=100)


def test_a_weighted_test_may_be_the_primary_one():
    planned = "test: {method: modestly-weighted, t_star: 60 days, sides: 1, alpha: 0.025}"
    text = planned_text().replace("test: {method: logrank, sides: 2, alpha: 0.05, stratified: true}", planned, 1)
    trial = parse_trial(text).trial
    rows = analyze_plan(trial, DATA)
    direct = _logrank(weighting="modestly-weighted", t_star=60.0, alternative="experimental-better")
    assert rows.value(analysis="pfs", parameter="logrank", statistic="p_value", level1=None) == direct.p_value
    assert math.isfinite(direct.p_value)
    shown = " ".join(render_summary(trial, rows, width=100).split())
    assert "one-sided modestly weighted log-rank test (t* = 60 days)" in shown
