"""Laws of the log-rank family for any data: labels, order, exactness of the drawn reference sets, size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.analysis import adjusted_logrank, logrank, logrank_exact, maxcombo
from equipoise.analysis import rerandomization_test as rerandomize
from equipoise.kernels.compiled.rerandomization import logrank_of_draws
from equipoise.kernels.plain import rerandomization as plain
from equipoise.seeds import Stream

OPTIONS = [
    {"rho": 1},
    {"rho": 0.5, "gamma": 2},
    {"weighting": "tarone-ware"},
    {"weighting": "gehan"},
    {"weighting": "peto"},
    {"weighting": "modified-peto"},
    {"weighting": "modestly-weighted", "s_star": 0.5},
    {"weighting": "modestly-weighted", "t_star": 4},
]


@st.composite
def trials(draw):
    n = draw(st.integers(4, 30))
    time = draw(st.lists(st.integers(1, 8), min_size=n, max_size=n))
    event = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    arm = draw(st.lists(st.sampled_from("CE"), min_size=n, max_size=n))
    stratum = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    return (
        np.array([*time, 1, 1], dtype=float), np.array([*event, True, False]), np.array([*arm, "C", "E"]),
        np.array([*stratum, 0, 0]),
    )  # fmt: skip


def assert_close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True)


@settings(deadline=None, max_examples=30)
@given(trials(), st.sampled_from(OPTIONS))
def test_swapping_the_labels_flips_the_sign(trial, options):
    time, event, arm, stratum = trial
    one = logrank(time, event, arm, reference="C", strata=stratum, **options)
    assert_close(one.z, -logrank(time, event, arm, reference="E", strata=stratum, **options).z)


@settings(deadline=None, max_examples=30)
@given(trials(), st.sampled_from(OPTIONS), st.data())
def test_weights_equal_replication(trial, options, data):
    time, event, arm, stratum = trial
    times = np.array(data.draw(st.lists(st.integers(1, 3), min_size=len(time), max_size=len(time))))
    many = [np.repeat(column, times) for column in (time, event, arm, stratum)]
    one = logrank(time, event, arm, reference="C", strata=stratum, weights=times, **options)
    other = logrank(*many[:3], reference="C", strata=many[3], **options)
    assert_close([one.u, one.variance], [other.u, other.variance])


@settings(deadline=None, max_examples=30)
@given(trials())
def test_early_and_late_weights_add_up_to_the_logrank_test(trial):
    time, event, arm, stratum = trial
    whole, early, late = (
        logrank(time, event, arm, reference="C", strata=stratum, rho=rho, gamma=gamma).u
        for rho, gamma in ((0, 0), (1, 0), (0, 1))
    )
    assert_close(whole, early + late)


@settings(deadline=None, max_examples=20)
@given(trials())
def test_maxcombo_lies_between_its_smallest_p_and_bonferroni(trial):
    time, event, arm, stratum = trial
    for alternative in ("two-sided", "experimental-better"):
        test = maxcombo(time, event, arm, reference="C", strata=stratum, alternative=alternative)
        if test.message is None:
            smallest = np.nanmin(test.single_p)
            assert smallest - 1e-12 <= test.p_value <= min(1.0, 4 * smallest) + 1e-12


@settings(deadline=None, max_examples=20)
@given(trials())
def test_maxcombo_of_swapped_labels(trial):
    time, event, arm, stratum = trial
    one = maxcombo(time, event, arm, reference="C", strata=stratum, alternative="experimental-better")
    other = maxcombo(time, event, arm, reference="E", strata=stratum, alternative="control-better")
    assert_close(one.p_value, other.p_value)


def test_maxcombo_of_two_tests_that_are_one():
    """With two event times (0, 1) and (1, 1) weigh alike: two lines on top of each other must count once."""
    time = np.array([1.0] * 12 + [2.0, 2.0, 2.0, 1.0, 1.0])
    event = np.array([0] * 10 + [1, 1, 0, 0, 1, 1, 0])
    arm = np.array(["C"] * 13 + ["E", "E", "C", "E"])
    for tests in (((0, 0), (0, 1), (1, 0), (1, 1)), ((0, 1), (1, 1))):
        one = maxcombo(time, event, arm, reference="C", tests=tests, alternative="experimental-better")
        other = maxcombo(time, event, arm, reference="E", tests=tests, alternative="control-better")
        assert_close(one.p_value, other.p_value)


@settings(deadline=None, max_examples=20)
@given(trials())
def test_exact_test_is_the_enumerated_permutation_test(trial):
    time, event, arm, stratum = (column[-14:] for column in trial)
    options = {"reference": "C", "strata": stratum}
    exact = logrank_exact(time, event, arm, **options)
    listed = rerandomize(time, event, arm, scheme={"method": "permutation"}, statistic="o-e", two_sided="absolute",
                         **options)  # fmt: skip
    assert listed.exact
    assert (exact.permutations, exact.p_value) == (listed.draws, pytest.approx(listed.p_value, abs=1e-15))


@settings(deadline=None, max_examples=20)
@given(trials())
def test_a_constant_covariate_changes_nothing(trial):
    time, event, arm, stratum = trial
    test = adjusted_logrank(time, event, arm, reference="C", strata=stratum, covariates=np.ones(len(time)))
    other = logrank(time, event, arm, reference="C", strata=stratum)
    assert_close([test.u, test.variance], [other.u, other.variance])


def drawn_trial(seed, n=90):
    rng = np.random.default_rng(seed)
    time, event = rng.integers(1, 30, n).astype(float), rng.random(n) < 0.7
    stratum = rng.integers(0, 3, n)
    cells = []
    for s in range(3):
        rows, place = np.flatnonzero(stratum == s), 0
        while place < len(rows):
            size = int(rng.choice([3, 6, 9]))
            cells.append((rows[place : place + size], size, 2 * size // 3))
            place += size
    return time, event, stratum, plain.arrangement_tables(cells), plain.logrank_layout(time, event, stratum)


@pytest.mark.parametrize("seed", range(6))
def test_compiled_draws_equal_plain_draws_one_by_one(seed):
    _, _, _, tables, layout = drawn_trial(seed)
    stream = Stream(2**40 + seed, "rerandomization")
    low, high = 1000, 1000 + 301
    labels = plain.draw_arrangements(stream.words(np.arange(low, high), len(tables.sizes)), tables)
    for ours, theirs in zip(
        logrank_of_draws(stream.key, low, high, tables, layout), plain.logrank_of_labels(labels, layout), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_sums_of_a_labelling_are_those_of_logrank(seed):
    time, event, stratum, tables, layout = drawn_trial(seed)
    labels = plain.draw_arrangements(Stream(seed, "rerandomization").words(np.arange(20), len(tables.sizes)), tables)
    u, v = plain.logrank_of_labels(labels, layout)
    for one, ours, variance in zip(labels, u, v, strict=True):
        test = logrank(time, event, one, reference=0, strata=stratum)
        assert_close([ours, variance], [test.u, test.variance])


def test_every_block_keeps_its_ratio_and_every_arrangement_is_drawn():
    tables = plain.arrangement_tables([(np.arange(3), 3, 2), (np.arange(3, 9), 6, 4)])
    labels = plain.draw_arrangements(Stream(7, "rerandomization").words(np.arange(9000), len(tables.sizes)), tables)
    assert (labels[:, :3].sum(axis=1) == 2).all()
    assert (labels[:, 3:].sum(axis=1) == 4).all()
    number = np.bincount(np.unique(labels, axis=0, return_inverse=True)[1].ravel())
    assert len(number) == 45
    # 200 expected of each: a chi-square with 44 degrees of freedom, within four standard deviations of its mean.
    assert abs(((number - 200) ** 2 / 200).sum() - 44) < 4 * np.sqrt(88)


@pytest.mark.parametrize(
    "scheme",
    [
        {"method": "permuted-blocks", "ratio": {"C": 1, "E": 1}, "block_sizes": 4},
        {"method": "permutation"},
        {"method": "complete", "ratio": {"C": 1, "E": 1}},
    ],
)
def test_drawn_p_values_agree_with_enumerated_ones(scheme):
    time, event, arm = [5, 3, 8, 1, 9, 2, 7, 6], [1, 1, 0, 1, 1, 1, 0, 1], list("CEECCEEC")
    exact = rerandomize(time, event, arm, reference="C", scheme=scheme)
    drawn = rerandomize(time, event, arm, reference="C", scheme=scheme, seed=5, draws=40_000, exact_limit=0)
    assert exact.exact
    assert not drawn.exact
    assert abs(drawn.p_value - exact.p_value) < 4 * drawn.p_error + 1e-4


def test_redrawn_block_sizes_keep_every_block_and_vary_its_size():
    sizes = np.array([[2, 1], [4, 2]])
    zero = np.zeros(1, dtype=np.int64)
    words = Stream(3, "rerandomization").words(np.arange(4000), 16)
    labels = plain.draw_urns(words, np.zeros(8, dtype=np.int64), zero, zero, sizes)
    # After two patients: one each unless the first block is of four and opens EE or CC, 1/2 * 2/6.
    assert abs((labels[:, :2].sum(axis=1) != 1).mean() - 1 / 6) < 4 * np.sqrt(5 / 36 / 4000)
    assert (np.abs(2 * np.cumsum(labels.astype(int), axis=1) - np.arange(1, 9)).max(axis=1) <= 2).all()


@pytest.mark.slow
def test_the_rerandomization_test_keeps_its_level():
    # With its own reference set the test is exact: P(P <= 0.05) <= 0.05 over labels, for any fixed times.
    time, event, stratum, tables, _ = drawn_trial(11, n=45)
    labels = plain.draw_arrangements(Stream(1, "rerandomization").words(np.arange(600), len(tables.sizes)), tables)
    arms = np.array(["C", "E"])[labels]
    others = plain.draw_arrangements(Stream(2, "rerandomization").words(np.arange(999), len(tables.sizes)), tables)
    reference = {"method": "labels", "labels": np.array(["C", "E"])[others]}
    p = np.array([
        rerandomize(time, event, arm, reference="C", strata=stratum, scheme=reference,
                    alternative="experimental-better").p_value for arm in arms
    ])  # fmt: skip
    assert abs((p <= 0.05).mean() - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 600)
