"""The comparison of randomization methods for a trial."""

import pytest

from equipoise.frames.results import ResultTable
from equipoise.protocol import Trial, builtin_text, load_trial, parse_trial
from equipoise.randomization import Complete, PermutedBlocks, Scheme, method_of, probability_of_split
from equipoise.randomization.assessment_rows import scheme_words
from equipoise.simulation import TrialAssessment, alternatives, assess_procedure, assess_trial

SPLIT = {"PALBO_ET": 136, "ET": 62}
PREVALENCES = {"prior_et": {"AI": 0.899, "FULV": 0.101}, "visceral": {"Y": 0.6, "N": 0.4}}


@pytest.fixture(scope="module")
def palmira() -> Trial:
    return load_trial("palmira")


@pytest.fixture(scope="module")
def found(palmira: Trial) -> TrialAssessment:
    return assess_trial(palmira, split=SPLIT, replicates=500, seed=9)


def test_the_declared_method_comes_first_among_those_that_fit(found):
    assert [each.scheme for each in found.assessments] == [
        "permuted blocks of 3, 6",
        "permuted blocks of 3",
        "permuted blocks of 6",
        "block urn (urn lambda 2)",
        "minimization (range, ratio-preserving, p 4/5)",
        "complete",
    ]
    assert (found.trial, found.scenario, found.n) == ("PALMIRA", "published", 198)


def test_equal_arms_have_more_alternatives(palmira):
    equal = palmira.model_copy(
        update={
            "arms": tuple(arm.model_copy(update={"ratio": 1}) for arm in palmira.arms),
            "randomization": palmira.randomization.model_copy(update={"method": "complete"}),
        }
    )
    names = [method.name for method in alternatives(equal)]
    assert names[0] == "complete"
    assert {"big-stick", "biased-coin", "maximal-procedure"} <= set(names)
    assert len(names) == len({method.digest for method in alternatives(equal)})


def test_one_maximal_procedure_of_an_imbalance_is_enough():
    text = builtin_text("palmira").replace("    ratio: 2\n", "    ratio: 1\n")
    start, stop = text.index("  method: permuted-blocks"), text.index("  strata: [prior_et, visceral]")
    for method, named in (
        ("  method: complete\n", "maximal procedure (maximum imbalance 3, length 198)"),
        (
            "  method: maximal-procedure\n  maximum_imbalance: 3\n  sequence_length: 400\n",
            "maximal procedure (maximum imbalance 3, length 400)",
        ),
    ):
        found = alternatives(parse_trial(text[:start] + method + text[stop:]).trial)
        assert [scheme_words(each) for each in found if each.name == "maximal-procedure"] == [named]


def test_what_is_kept_and_how_many_patients_are_rows(found):
    rows = ResultTable(found.to_rows())
    assert rows.value(parameter="size", statistic="patients") == 198
    kept = rows.select(parameter="ratio-at-step", statistic="kept", level2="PALBO_ET")
    assert {row.value for row in kept} == {2 / 3}
    assert {row.level1 for row in kept} == {each.scheme for each in found.assessments} - {"block urn (urn lambda 2)"}


def test_the_split_under_every_method(found, palmira):
    lines = {line["scheme"]: line for line in found.table()}
    assert lines["permuted blocks of 3"]["split"] == 0.0
    for sizes in ((6,), (3, 6)):
        method = PermutedBlocks(method_of(palmira).scheme, sizes)
        exact = probability_of_split(method, SPLIT, prevalences=PREVALENCES)
        assert lines[f"permuted blocks of {', '.join(map(str, sizes))}"]["split"] == exact > 0.0
    rows = ResultTable(found.rows).select(parameter="split")
    assert rows.value(level1="complete", statistic="probability") == pytest.approx(0.0507940299456, abs=1e-12)
    assert all(row.label == "136 : 62" for row in rows)


def test_a_split_that_was_not_drawn_is_not_called_impossible(found):
    row = ResultTable(found.rows).one(
        parameter="split", statistic="probability", level1="minimization (range, ratio-preserving, p 4/5)"
    )
    assert row.convention == "simulated, 500 trials"
    assert (row.value == 0.0) == (row.warning is not None)


def test_the_table_holds_what_a_protocol_needs(found):
    for line in found.table():
        assert line["imbalance_q50"] <= line["imbalance_q95"] <= line["imbalance_max"]
        assert 0.5 <= line["correct_guess"] <= 0.78
        assert line["stratum_q95"] is not None
        assert line["margin_q95"] is not None
        assert abs(line["power_loss"]) < 0.02
        assert line["bias_sd"] > 0.0
    by_name = {line["scheme"]: line for line in found.table()}
    assert not by_name["block urn (urn lambda 2)"]["preserves_ratio"]
    assert by_name["complete"]["bias_sd"] == max(line["bias_sd"] for line in found.table())
    assert by_name["permuted blocks of 3"]["correct_guess"] == max(line["correct_guess"] for line in found.table())


def test_rows_draw_the_figures(found):
    rows = ResultTable(found.to_rows())
    distribution = rows.select(parameter="imbalance-overall", statistic="probability", level1="permuted blocks of 3, 6")
    assert sum(row.value for row in distribution) == pytest.approx(1.0, abs=1e-12)
    steps = rows.select(parameter="ratio-at-step", level1="block urn (urn lambda 2)", level2="PALBO_ET")
    assert [row.at for row in steps][:3] == [1.0, 2.0, 3.0]
    assert next(row.value for row in steps if row.at == 5.0) == pytest.approx(0.640, abs=5e-4)


def test_prevalences_carry_their_evidence(found):
    rows = ResultTable(found.rows).select(parameter="strata")
    assert rows.value(level1="prior_et", level2="AI") == 0.899
    assert "assumption: the published percentage was not reached" in {row.warning for row in rows}


def test_the_same_seed_gives_the_same_rows_and_engines_agree(palmira):
    methods = alternatives(palmira)[3:5]
    plain, compiled, again = (
        assess_trial(palmira, methods, replicates=200, seed=4, engine=engine)
        for engine in ("plain", "compiled", "plain")
    )
    assert plain.to_rows() == again.to_rows() == compiled.to_rows()


def test_without_a_primary_test_the_loss_of_power_says_why(palmira):
    bare = palmira.model_copy(update={"analyses": ()})
    found = assess_trial(bare, alternatives(bare)[1:2], replicates=50)
    row = ResultTable(found.rows).one(parameter="power-loss", statistic="loss")
    assert row.value is None
    assert "plans no primary analysis with a test" in (row.error or "")


def test_three_arms_are_assessed():
    method = PermutedBlocks(Scheme({"A": 1, "B": 1, "C": 2}, {"sex": ("f", "m")}), (4,))
    found = assess_procedure(method, 40, prevalences={"sex": {"f": 0.5, "m": 0.5}}, replicates=300)
    assert found.how == "simulated"
    alone = PermutedBlocks(Scheme({"A": 1, "B": 1, "C": 2}), (4,))
    exact = assess_procedure(alone, 40, replicates=300)
    assert exact.how == "exact"
    rows = ResultTable(exact.rows)
    assert rows.value(parameter="imbalance-overall", statistic="max") == 0.0
    assert len(rows.select(parameter="chronological-bias", statistic="sd")) == 2


def test_an_unstratified_method_may_stand_beside_stratified_ones(palmira):
    ratio = method_of(palmira).scheme.ratio
    methods = [Complete(Scheme(ratio)), *alternatives(palmira)[1:2]]
    found = assess_trial(palmira, methods, replicates=100)
    assert [each.how for each in found.assessments] == ["exact", "exact"]
