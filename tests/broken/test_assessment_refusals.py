"""What the assessment of randomization refuses, and what it says."""

import numpy as np
import pytest

from equipoise.errors import ArgumentError
from equipoise.protocol import load_trial
from equipoise.randomization import (
    BiasedCoin,
    BigStick,
    Complete,
    MaximalProcedure,
    Minimization,
    PermutedBlocks,
    Scheme,
    assess,
    exact_steps,
    probability_of_split,
)
from equipoise.randomization.chain import chain_of
from equipoise.simulation import assess_procedure, assess_trial
from equipoise.simulation.batches import batch_of

SEXES = {"sex": ("f", "m")}
METHOD = PermutedBlocks(Scheme({"A": 2, "B": 1}, SEXES), (3,))
HALVES = {"sex": {"f": 0.5, "m": 0.5}}


@pytest.mark.parametrize("n", [0, -1, 2.5, True, 2001, "198"])
def test_a_trial_has_a_number_of_patients(n):
    with pytest.raises(ArgumentError, match="n is ") as caught:
        assess(METHOD, n, prevalences=HALVES)
    assert caught.value.code == "argument-invalid"


@pytest.mark.parametrize(
    ("strata", "message"),
    [
        ({}, "nothing is said about how common the strata of sex are"),
        ({"prevalences": HALVES, "sizes": {("f",): 10}}, "both given"),
        ({"prevalences": {"sex": {"f": 0.5, "m": 0.4}}}, "sum to 0.9, not to 1"),
        ({"prevalences": {"sex": {"f": 1.5, "m": -0.5}}}, "prevalence 1.5 is not a probability"),
        ({"prevalences": {"sex": {"f": "half", "m": 0.5}}}, "prevalence 'half' is not a probability"),
        ({"sizes": {("f",): 4, ("m",): 5}}, "sum to 9, not to n = 10"),
        ({"sizes": {("f",): 4.0, ("m",): 6}}, "stratum size 4.0 is not a whole number"),
    ],
)
def test_strata_are_stated_once_and_add_up(strata, message):
    with pytest.raises(ArgumentError, match=message) as caught:
        assess(METHOD, 10, **strata)
    assert caught.value.code == "argument-invalid"


@pytest.mark.parametrize(
    ("strata", "nearest"),
    [
        ({"prevalences": {"sexx": {"f": 0.5, "m": 0.5}}}, "sex"),
        ({"prevalences": {"sex": {"f": 0.5, "n": 0.5}}}, "m"),
        ({"prevalences": {("x",): 1.0}}, "f"),
        ({"sizes": {("x",): 10}}, "f"),
    ],
)
def test_unknown_strata_name_those_that_exist(strata, nearest):
    with pytest.raises(ArgumentError, match="is not among the strata") as caught:
        assess(METHOD, 10, **strata)
    assert caught.value.code == "stratum-unknown"
    assert nearest in (caught.value.hint or "")


def test_minimization_over_strata_is_not_exact():
    method = Minimization(Scheme({"A": 2, "B": 1}, SEXES))
    for call in (
        lambda: assess(method, 10, prevalences=HALVES),
        lambda: probability_of_split(method, {"A": 10}, prevalences=HALVES),
    ):
        with pytest.raises(ArgumentError, match="cannot be assessed exactly in 2 strata") as caught:
            call()
        assert "simulation" in (caught.value.hint or "")


def test_exact_steps_of_minimization_need_prevalences():
    method = Minimization(Scheme({"A": 2, "B": 1}, SEXES))
    with pytest.raises(ArgumentError, match="nothing is said about how common the strata of sex are"):
        exact_steps(method, 3)


def test_three_arms_over_strata_are_not_exact():
    method = Complete(Scheme({"A": 1, "B": 1, "C": 1}, SEXES))
    with pytest.raises(ArgumentError, match="cannot be assessed exactly in 2 strata"):
        assess(method, 10, prevalences=HALVES)


def test_a_split_names_arms_of_the_scheme():
    with pytest.raises(ArgumentError, match="'C' is no arm of this scheme") as caught:
        probability_of_split(METHOD, {"A": 5, "C": 5}, prevalences=HALVES)
    assert caught.value.code == "level-unknown"
    with pytest.raises(ArgumentError, match="counts are"):
        probability_of_split(METHOD, {"A": 5.5, "B": 5}, prevalences=HALVES)


def test_too_many_states_are_refused(monkeypatch):
    monkeypatch.setattr("equipoise.randomization.chain.MOST_STATES", 500)
    method = PermutedBlocks(Scheme(dict.fromkeys("ABCDEF", 1)), (24,))
    with pytest.raises(ArgumentError, match="more than 500 states within 24 assignments"):
        chain_of(method, 24)


def test_too_many_combinations_are_refused(monkeypatch):
    monkeypatch.setattr("equipoise.randomization.exact.MOST_PLACES", 10)
    with pytest.raises(ArgumentError, match="more than 10 combinations of state and counts after 10 assignments"):
        assess(Complete(Scheme({"A": 1, "B": 1})), 12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"how": "exactly"}, "how is 'exactly'"),
        ({"how": "simulated", "replicates": 1}, "replicates is 1"),
        ({"how": "simulated", "replicates": 2.0}, "replicates is 2.0"),
        ({"how": "simulated", "seed": -1}, "seed -1 is not a whole number"),
        ({"how": "simulated", "engine": "fast"}, "engine is 'fast'"),
    ],
)
def test_simulation_refuses_odd_arguments(arguments, message):
    with pytest.raises(ArgumentError, match=message) as caught:
        assess_procedure(METHOD, 10, prevalences=HALVES, **arguments)
    assert caught.value.code == "argument-invalid"


def test_power_is_of_two_arms_of_the_scheme():
    with pytest.raises(ArgumentError, match="'C' is no arm of this scheme") as caught:
        assess_procedure(METHOD, 10, prevalences=HALVES, arms=("A", "C"))
    assert caught.value.code == "level-unknown"


@pytest.mark.parametrize(
    "strata", [np.zeros((3, 9), int), np.zeros(10, int), np.full((3, 10), 2), np.full((3, 10), -1)]
)
def test_a_batch_takes_strata_of_its_scheme(strata):
    with pytest.raises(ArgumentError, match="strata have shape"):
        batch_of(METHOD, 10).draw(strata, 1)


def test_a_batch_made_for_small_strata_takes_no_larger_ones():
    scheme = Scheme({"A": 1, "B": 1}, SEXES)
    batch = batch_of(MaximalProcedure(scheme, 2, 6), 10, 6)
    assert batch.draw(np.array([[0, 1] * 5]), 1).shape == (1, 10)
    with pytest.raises(ArgumentError, match="a stratum has more than 6 patients"):
        batch.draw(np.zeros((1, 10), int), 1)


def test_batches_of_minimization_have_their_limits():
    with pytest.raises(ArgumentError, match="minimization has 13 candidates"):
        batch_of(Minimization(Scheme({"A": 12, "B": 1})), 10)
    odd = {"sex": "999983/999979"}
    with pytest.raises(ArgumentError, match="imbalances of minimization may reach"):
        batch_of(Minimization(Scheme({"A": 1, "B": 1}, SEXES), weights=odd, overall_weight="1/999961"), 200)


def test_a_trial_says_how_common_its_strata_are():
    palmira = load_trial("palmira")
    with pytest.raises(ArgumentError, match="does not say how common the levels of prior_et, visceral are") as caught:
        assess_trial(palmira, scenario="design")
    assert "prevalences" in (caught.value.where or "")


@pytest.mark.parametrize("split", [{"PALBO_ET": 136}, {"PALBO_ET": 136, "ET": 61}, {"X": 198}])
def test_a_split_is_of_all_patients(split):
    method = Complete(Scheme({"PALBO_ET": 2, "ET": 1}))
    with pytest.raises(ArgumentError, match="split is"):
        assess_trial(load_trial("palmira"), [method], split=split, replicates=2)


@pytest.mark.parametrize(("method", "most"), [(BigStick, 7), (BiasedCoin, 1201)])
def test_long_trials_still_make_small_tables(method, most):
    setting = {"maximum_imbalance": 3} if method is BigStick else {}
    assert len(chain_of(method(Scheme({"A": 1, "B": 1}), **setting), 600).nodes) == most


def test_methods_are_for_the_arms_of_the_trial():
    palmira = load_trial("palmira")
    with pytest.raises(ArgumentError, match="complete allocates") as caught:
        assess_trial(palmira, [Complete(Scheme({"PALBO_ET": 1, "ET": 1}))], replicates=2)
    assert "'PALBO_ET': 2" in (caught.value.reason or "")
    method = Complete(Scheme({"PALBO_ET": 2, "ET": 1}))
    with pytest.raises(ArgumentError, match="methods are complete, complete"):
        assess_trial(palmira, [method, method], replicates=2)
