"""Laws of the allocation methods: probabilities, ratio, symmetry, memory, and draws that have their distribution."""

import copy
from collections import Counter, defaultdict
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.randomization import (
    CONSTRUCTIONS,
    IMBALANCES,
    BiasedCoin,
    BigStick,
    BlockUrn,
    Complete,
    MaximalProcedure,
    Method,
    Minimization,
    Patient,
    PermutedBlocks,
    Scheme,
    SeededWords,
    hu_hu,
)

FACTORS = {"sex": ("f", "m"), "site": ("n", "s", "w")}
PATIENT = st.fixed_dictionaries({name: st.sampled_from(levels) for name, levels in FACTORS.items()})
WEIGHT = st.sampled_from([0, 1, 2, 0.3])
FEW = settings(max_examples=60, deadline=None)


@st.composite
def minimizations(draw: st.DrawFn) -> Minimization:
    ratio = dict(zip("ABC", draw(st.lists(st.integers(1, 3), min_size=2, max_size=3)), strict=False))
    return Minimization(
        Scheme(ratio, FACTORS),
        # Above the share of the largest arm that can be drawn, 3 of 4.
        draw(st.sampled_from([0.76, Fraction(4, 5), 0.95, 1])),
        draw(st.sampled_from(IMBALANCES)),
        draw(st.sampled_from(CONSTRUCTIONS)),
        weights={"sex": draw(st.sampled_from([1, 2, 0.5])), "site": draw(WEIGHT)},
        overall_weight=draw(WEIGHT),
        stratum_weight=draw(WEIGHT),
    )


@st.composite
def methods(draw: st.DrawFn) -> Method:
    ratio = dict(zip("ABC", draw(st.lists(st.integers(1, 3), min_size=2, max_size=3)), strict=False))
    scheme, equal = Scheme(ratio, FACTORS), Scheme({"A": 1, "B": 1}, FACTORS)
    return draw(
        st.one_of(
            st.just(Complete(scheme)),
            st.builds(lambda sizes: PermutedBlocks(scheme, tuple(k * scheme.total for k in sizes)), st.lists(
                st.integers(1, 3), min_size=1, max_size=2, unique=True)),
            st.builds(lambda bound: BigStick(equal, bound), st.integers(1, 4)),
            st.builds(lambda p: BiasedCoin(equal, p), st.sampled_from([Fraction(2, 3), 0.9, 1])),
            st.builds(lambda sets: BlockUrn(scheme, sets), st.integers(1, 4)),
            st.builds(lambda bound: MaximalProcedure(equal, bound, 30), st.integers(1, 4)),
            minimizations(),
        )
    )  # fmt: skip


@FEW
@given(methods(), st.lists(PATIENT, max_size=25), st.integers(0, 2**48 - 1))
def test_probabilities_sum_to_one_and_states_never_change(method: Method, levels: list[dict[str, str]], seed: int):
    state, words = method.start(), SeededWords(seed)
    for place, found in enumerate(levels):
        patient, before = Patient(str(place), found), copy.deepcopy(state)
        chances, outcomes = method.probabilities(state, patient), method.outcomes(state, patient)
        assert sum(chances.values()) == 1
        assert min(chances.values()) >= 0
        by_arm = defaultdict(Fraction)
        for outcome in outcomes:
            by_arm[outcome.arm] += outcome.probability
        assert {arm: p for arm, p in chances.items() if p} == by_arm
        assert method.explain(state, patient).probabilities == chances
        arm, after = method.allocate(state, patient, words)
        assert chances[arm] > 0
        assert after in [outcome.state for outcome in outcomes]
        assert state == before
        state = after
    assert len(state.arms) == len(levels)
    assert sum(state.count(arm) for arm in method.scheme.arms) == len(levels)


@FEW
@given(methods(), st.lists(PATIENT, max_size=12), st.integers(0, 1000), PATIENT)
def test_a_key_decides_the_future(method: Method, levels: list[dict[str, str]], seed: int, last: dict[str, str]):
    """States reached by other seeds that have the key of this one have its probabilities."""
    by_key = {}
    for other in range(seed, seed + 6):
        state, words = method.start(), SeededWords(other)
        for place, found in enumerate(levels):
            _, state = method.allocate(state, Patient(str(place), found), words)
        chances = method.probabilities(state, Patient("next", last))
        assert by_key.setdefault(method.key(state), chances) == chances


def _arms(method: Method, levels: list[dict[str, str]], seed: int) -> list[str]:
    state, words = method.start(), SeededWords(seed)
    for place, found in enumerate(levels):
        _, state = method.allocate(state, Patient(str(place), found), words)
    return list(state.arms.values())


@FEW
@given(minimizations(), st.lists(PATIENT, max_size=30), st.integers(0, 2**48 - 1))
def test_order_of_factors_is_irrelevant(method: Minimization, levels: list[dict[str, str]], seed: int):
    turned = Minimization(
        Scheme(method.scheme.ratio, dict(reversed(FACTORS.items()))), method.probability, method.imbalance,
        method.construction, method.weights, method.overall_weight, method.stratum_weight,
    )  # fmt: skip
    assert _arms(method, levels, seed) == _arms(turned, levels, seed)


@FEW
@given(minimizations(), st.lists(PATIENT, max_size=20), st.integers(0, 2**48 - 1), st.sampled_from([3, 0.25]))
def test_only_proportions_of_weights_count(method: Minimization, levels: list[dict[str, str]], seed: int, by: float):
    scaled = Minimization(
        method.scheme, method.probability, method.imbalance, method.construction,
        {name: weight * Fraction(str(by)) for name, weight in method.weights.items()},
        method.overall_weight * Fraction(str(by)), method.stratum_weight * Fraction(str(by)),
    )  # fmt: skip
    assert _arms(method, levels, seed) == _arms(scaled, levels, seed)


@FEW
@given(
    st.lists(PATIENT, max_size=20),
    st.integers(0, 2**48 - 1),
    st.sampled_from(IMBALANCES),
    st.sampled_from(["AB", "ABC"]),
)
def test_at_equal_ratios_all_constructions_are_one(levels: list, seed: int, imbalance: str, arms: str):
    scheme = Scheme(dict.fromkeys(arms, 1), FACTORS)
    given_arms = [
        _arms(Minimization(scheme, 0.8, imbalance, construction), levels, seed) for construction in CONSTRUCTIONS
    ]
    assert given_arms[0] == given_arms[1] == given_arms[2]


def _sequences(method: Method, levels: list[dict[str, str]]) -> dict[tuple[str, ...], Fraction]:
    """The exact probability of every sequence of arms."""
    futures = {((), method.key(method.start())): (Fraction(1), method.start())}
    for place, found in enumerate(levels):
        following = {}
        for (arms, _), (chance, state) in futures.items():
            for outcome in method.outcomes(state, Patient(str(place), found)):
                key = ((*arms, outcome.arm), method.key(outcome.state))
                before = following[key][0] if key in following else Fraction(0)
                following[key] = (before + chance * outcome.probability, outcome.state)
        futures = following
    found_sequences = defaultdict(Fraction)
    for (arms, _), (chance, _) in futures.items():
        found_sequences[arms] += chance
    return dict(found_sequences)


HISTORY = [{"sex": s, "site": t} for s, t in ("fn", "fs", "mn", "fn", "ms", "fw")]


def _of(name: str, ratio: dict[str, int]) -> Method:
    scheme = Scheme(ratio, FACTORS)
    return {
        "complete": lambda: Complete(scheme),
        "permuted-blocks": lambda: PermutedBlocks(scheme, (scheme.total, 2 * scheme.total)),
        "block-urn": lambda: BlockUrn(scheme, 2),
        "big-stick": lambda: BigStick(scheme, 1),
        "biased-coin": lambda: BiasedCoin(scheme, 0.75),
        "maximal-procedure": lambda: MaximalProcedure(scheme, 2, 6),
        "ratio-preserving": lambda: Minimization(scheme, 0.8),
        "han2009": lambda: Minimization(scheme, 0.8, "variance", "han2009"),
        "naive": lambda: Minimization(scheme, 0.8, "standard-deviation", "naive"),
        "hu-hu": lambda: hu_hu(scheme),
    }[name]()


ANY_RATIO = ("complete", "permuted-blocks", "block-urn", "ratio-preserving", "han2009", "naive", "hu-hu")
EQUAL_ONLY = ("big-stick", "biased-coin", "maximal-procedure")
CASES = [
    (name, ratio) for name in ANY_RATIO for ratio in ({"A": 2, "B": 1}, {"A": 1, "B": 1}, {"A": 1, "B": 2, "C": 1})
]
CASES += [(name, {"A": 1, "B": 1}) for name in EQUAL_ONLY]
IDS = [f"{name} {':'.join(map(str, ratio.values()))}" for name, ratio in CASES]


@pytest.mark.parametrize(("name", "ratio"), CASES, ids=IDS)
def test_ratio_is_preserved_exactly_where_it_is_claimed(name: str, ratio: dict[str, int]):
    """In one stratum of the one-factor methods, and over differing patients for minimization."""
    method = _of(name, ratio)
    levels = [HISTORY[0]] * 6 if method.lists_ahead else HISTORY
    sequences = _sequences(method, levels)
    assert sum(sequences.values()) == 1
    kept = all(
        sum(p for arms, p in sequences.items() if arms[step] == arm) == share
        for step in range(6)
        for arm, share in method.scheme.shares.items()
    )
    assert kept == method.preserves_ratio


@pytest.mark.parametrize(("name", "ratio"), CASES, ids=IDS)
def test_arms_have_no_order(name: str, ratio: dict[str, int]):
    """Listing the arms the other way round changes no probability of any sequence."""
    assert _sequences(_of(name, ratio), HISTORY) == _sequences(_of(name, dict(reversed(ratio.items()))), HISTORY)


@pytest.mark.parametrize(("name", "ratio"), CASES, ids=IDS)
def test_names_of_arms_are_only_names(name: str, ratio: dict[str, int]):
    renamed = {arm: f"arm {arm}" for arm in ratio}
    other = _of(name, {renamed[arm]: share for arm, share in ratio.items()})
    expected = {tuple(renamed[arm] for arm in arms): p for arms, p in _sequences(_of(name, ratio), HISTORY).items()}
    assert _sequences(other, HISTORY) == expected
    words = SeededWords(20190405)
    state, turned = _of(name, ratio).start(), other.start()
    for place, found in enumerate(HISTORY):
        patient = Patient(str(place), found)
        arm, state = _of(name, ratio).allocate(state, patient, words)
        named, turned = other.allocate(turned, patient, words)
        assert named == renamed[arm]


@pytest.mark.parametrize(("name", "ratio"), CASES, ids=IDS)
def test_draws_have_their_distribution(name: str, ratio: dict[str, int]):
    """Of 1500 seeds every sequence of four arms comes as often as its exact probability, within 4.5 standard errors."""
    method, seeds = _of(name, ratio), 1500
    levels = [HISTORY[0]] * 4
    seen = Counter(tuple(_arms(method, levels, seed)) for seed in range(seeds))
    for arms, p in _sequences(method, levels).items():
        # Up to 81 sequences in each of 24 cases: 4 standard errors would be passed now and then.
        assert abs(seen[arms] / seeds - p) < 4.5 * (p * (1 - p) / seeds) ** 0.5 + 1e-12
    assert set(seen) <= set(_sequences(method, levels))


@pytest.mark.slow
def test_ratio_preserving_minimization_keeps_two_to_one_to_198_patients():
    """1200 trials of 198 patients with random levels: the share of A at every step within 4 standard errors of 2/3."""
    method, trials = Minimization(Scheme({"A": 2, "B": 1}, FACTORS), 0.8), 1200
    experimental = Counter()
    for trial in range(trials):
        levels = SeededWords(trial, replicate=1)
        history = [
            {name: of[levels.block_size(k, place) % len(of)] for k, (name, of) in enumerate(FACTORS.items())}
            for place in range(198)
        ]
        for step, arm in enumerate(_arms(method, history, trial)):
            experimental[step] += arm == "A"
    error = (2 / 9 / trials) ** 0.5
    assert max(abs(experimental[step] / trials - 2 / 3) for step in range(198)) < 4 * error
    # All steps together are far closer: minimization keeps their sum near 132.
    assert abs(sum(experimental.values()) / trials / 198 - 2 / 3) < 0.002
