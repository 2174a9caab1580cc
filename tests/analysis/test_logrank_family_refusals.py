"""The log-rank family refuses what it cannot use, by name, and says where it has no answer."""

import numpy as np
import pytest

from equipoise.analysis import adjusted_logrank, logrank, logrank_exact, maxcombo, one_sample_logrank
from equipoise.analysis import rerandomization_test as rerandomize
from equipoise.errors import ArgumentError, DataError, EstimationError

TRIAL = ([1, 2, 3, 4], [1, 1, 0, 1], list("CECE"))
BLOCKS = {"method": "permuted-blocks", "ratio": {"C": 1, "E": 1}}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rho": -1}, "rho is -1"),
        ({"gamma": float("nan")}, "gamma is nan"),
        ({"weighting": "gehann"}, "weighting is 'gehann'"),
        ({"weighting": "gehan", "rho": 1}, "weighting is 'gehan' with rho 1 and gamma 0"),
        ({"weighting": "modestly-weighted"}, "modestly-weighted with neither of t_star and s_star"),
        ({"weighting": "modestly-weighted", "t_star": 1, "s_star": 0.5}, "modestly-weighted with both"),
        ({"weighting": "modestly-weighted", "s_star": 2}, "s_star is 2"),
        ({"t_star": 1}, "t_star is given with weighting None"),
        ({"scores": [0, 1]}, "scores are given without trend"),
        ({"trend": True, "scores": [1, 1]}, r"scores is \[1.0, 1.0\]"),
        ({"trend": True, "scores": {"C": 0, "X": 1}}, "scores names 'C', 'X'"),
    ],
)
def test_logrank_options(options, words):
    with pytest.raises(ArgumentError, match=words):
        logrank(*TRIAL, reference="C", **options)


def test_a_modest_weight_that_would_be_infinite():
    with pytest.raises(EstimationError, match="a modest weight is infinite"):
        logrank([1, 4, 5], [1, 1, 0], list("CEC"), reference="C", entry=[0, 2, 2], weighting="modestly-weighted",
                t_star=3)  # fmt: skip


def test_maxcombo_of_three_groups_and_without_tests():
    with pytest.raises(DataError, match="group has 3 levels: 'A', 'B', 'C'"):
        maxcombo([1, 2, 3], [1, 1, 1], list("ABC"), reference="A")
    with pytest.raises(ArgumentError, match=r"tests is \(\)"):
        maxcombo(*TRIAL, reference="C", tests=())


def test_maxcombo_of_too_many_independent_tests():
    rng = np.random.default_rng(1)
    time, event, group = rng.exponential(1, 80), np.ones(80), rng.integers(0, 2, 80)
    tests = [(0, 0), (3, 0), (0, 3), (1, 1), (5, 5), (0, 9)]
    with pytest.raises(ArgumentError, match="6 tests: the correlation has rank 5; at most 4 can be integrated"):
        maxcombo(time, event, group, reference=0, tests=tests)


def test_maxcombo_without_events():
    test = maxcombo([1, 2], [0, 0], list("CE"), reference="C")
    assert test.message is not None
    assert test.to_rows()[-1].value_text == "NE"
    assert test.to_dict()["p_value"] is None


def test_maxcombo_of_an_overwhelming_difference_is_bounded():
    time = np.concatenate((np.arange(1, 201), np.arange(1001, 1201)))
    test = maxcombo(time, np.ones(400), np.repeat(["C", "E"], 200), reference="C")
    assert 0.0 < test.p_value <= 4 * test.single_p.min()
    assert test.note == "the P value is Bonferroni's bound: the joint one is below 1e-9"


@pytest.mark.parametrize(
    ("scheme", "words"),
    [
        ("blocks", "scheme is 'blocks'"),
        ({"method": "minimisation"}, "scheme is 'minimisation'"),
        ({**BLOCKS, "sizes": 2}, "scheme 'permuted-blocks' has no key 'sizes'"),
        (BLOCKS, "permuted blocks need block_sizes or redraw"),
        ({**BLOCKS, "block_sizes": 3}, "a block of 3 cannot hold the ratio 1:1"),
        ({**BLOCKS, "block_sizes": {"x": [4]}}, "block_sizes names no stratum ''"),
        ({**BLOCKS, "ratio": {"C": 1}, "block_sizes": 2}, r"ratio is \{'C': 1\}"),
        ({**BLOCKS, "block_sizes": 40}, "a block has .* arrangements"),
        ({"method": "labels", "labels": [list("CE")]}, r"labels has shape \(1, 2\)"),
        ({"method": "labels", "labels": [list("CEXE")]}, "labels holds levels that group does not have"),
    ],
)
def test_schemes(scheme, words):
    with pytest.raises(ArgumentError, match=words):
        rerandomize(*TRIAL, reference="C", scheme=scheme)


def test_labels_that_cannot_have_come_from_the_scheme():
    with pytest.raises(DataError, match="block 1 of 2 holds 2 experimental and 0 reference labels"):
        rerandomize([1, 2, 3, 4], [1] * 4, list("EECC"), reference="C", scheme={**BLOCKS, "block_sizes": 2})
    with pytest.raises(DataError, match="block_sizes of stratum '' add up to 2 for 4 subjects"):
        rerandomize(*TRIAL, reference="C", scheme={**BLOCKS, "block_sizes": [2]})


def test_draws_need_a_seed_and_a_number():
    with pytest.raises(ArgumentError, match="labels are drawn, and no seed is given"):
        rerandomize(*TRIAL, reference="C", scheme={"method": "permutation"}, exact_limit=0)
    with pytest.raises(ArgumentError, match="draws is 0"):
        rerandomize(*TRIAL, reference="C", scheme={"method": "permutation"}, draws=0)
    with pytest.raises(DataError, match="arrival has missing or repeated values"):
        rerandomize(*TRIAL, reference="C", scheme={"method": "permutation"}, arrival=[1, 2, 2, 3])


def test_order_of_arrival_may_be_a_column():
    time, event, arm = TRIAL
    scheme = {**BLOCKS, "block_sizes": 2}
    one = rerandomize(time, event, arm, reference="C", scheme=scheme)
    order = [2, 0, 3, 1]
    shuffled = [[column[i] for i in order] for column in (time, event, arm)]
    other = rerandomize(*shuffled, reference="C", scheme=scheme, arrival=order)
    assert (one.p_value, one.observed) == (other.p_value, pytest.approx(other.observed))


def test_an_exact_test_of_too_many():
    rng = np.random.default_rng(1)
    with pytest.raises(ArgumentError, match="100 subjects are too many for the exact test"):
        logrank_exact(rng.exponential(1, 100), np.ones(100), rng.integers(0, 2, 100), reference=0)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({}, ArgumentError, "no reference is given"),
        ({"survival": np.exp, "expected": [1, 1, 1, 1]}, ArgumentError, "the reference is given 2 times"),
        ({"survival": lambda t: 0 * t}, DataError, "survival gives a cumulative hazard of inf"),
        ({"hazards": {"breaks": [2, 1], "rates": [1, 1, 1]}}, ArgumentError, "hazards is"),
        ({"cumulative_hazard": lambda t: t, "variance": "observed"}, ArgumentError, "variance is 'observed'"),
    ],
)
def test_one_sample(options, error, words):
    with pytest.raises(error, match=words):
        one_sample_logrank(*TRIAL[:2], **options)


def test_adjusted_without_a_covariate_value():
    with pytest.raises(DataError, match="age is missing or infinite in 1 rows"):
        adjusted_logrank(*TRIAL, reference="C", covariates={"age": [1, 2, None, 4]})


def test_categories_adjust_by_indicators():
    time, event, arm = [1, 2, 3, 4, 5, 6, 7, 8], [1] * 8, list("CECECECE")
    words, numbers = list("abbaabba"), [0, 1, 1, 0, 0, 1, 1, 0]
    one = adjusted_logrank(time, event, arm, reference="C", covariates={"x": words})
    other = adjusted_logrank(time, event, arm, reference="C", covariates={"x": numbers})
    assert one.z == pytest.approx(other.z)
    assert "adjusted for x" in repr(one.to_rows())
