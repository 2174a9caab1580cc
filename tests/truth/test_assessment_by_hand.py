"""Assessment of randomization worked by hand, and against every history listed one by one."""

import itertools
import math
from fractions import Fraction

import pytest

from equipoise.frames.results import ResultTable
from equipoise.randomization import (
    BiasedCoin,
    BigStick,
    BlockUrn,
    Complete,
    MaximalProcedure,
    Minimization,
    Patient,
    PermutedBlocks,
    Scheme,
    assess,
    exact_distribution,
    exact_steps,
    probability_of_split,
)
from equipoise.randomization.exact import convergence_guess

EQUAL = Scheme({"A": 1, "B": 1})
TWO_TO_ONE = Scheme({"A": 2, "B": 1})
SEXES = Scheme({"A": 1, "B": 1}, {"sex": ("f", "m")})


def test_guesses_in_a_block_of_three_by_hand():
    # Nothing seen: A has the larger share, right 2/3 of the time. After A (2/3): B is behind, right 1/2 of the time;
    # after B (1/3): A is behind, and certain. 2/3 * 1/2 + 1/3 = 2/3. The third place is always what is left:
    # after AA B is behind; after AB or BA A is, with 4/3 expected of 2 and 1 given.
    steps = exact_steps(PermutedBlocks(TWO_TO_ONE, (3,)), 3)
    assert [step.guessed for step in steps] == [Fraction(2, 3), Fraction(2, 3), 1]
    # One who knows the block: 2/3; after A either arm 1/2, after B certain: 2/3 * 1/2 + 1/3; then certain.
    assert [step.informed for step in steps] == [Fraction(2, 3), Fraction(2, 3), 1]
    assert [step.certain for step in steps] == [0, Fraction(1, 3), 1]


def test_guesses_of_an_informed_guesser_who_knows_the_size_by_hand():
    # Sizes 2 and 4 at 1:1. Second place: in a 2 certain, in a 4 (AB B left) 2/3: the mean is 5/6. Certain: 1/2.
    second = exact_steps(PermutedBlocks(EQUAL, (2, 4)), 2)[1]
    assert (second.informed, second.certain) == (Fraction(5, 6), Fraction(1, 2))


def test_expected_guesses_over_random_strata_by_hand():
    # Blocks of 2, two strata of 1/2, two patients. The second one is in the first's stratum half of the time, and then
    # guessed for certain; else it opens a stratum and is guessed by chance: (1/2 + (1/2 + 1/4)) / 2 = 0.625.
    found = ResultTable(assess(PermutedBlocks(SEXES, (2,)), 2, prevalences={"sex": {"f": 0.5, "m": 0.5}}).to_rows())
    assert found.value(parameter="correct-guess", statistic="convergence", at=None) == pytest.approx(0.625, abs=1e-15)
    # With one patient in each stratum both are guessed by chance.
    sized = ResultTable(assess(PermutedBlocks(SEXES, (2,)), 2, sizes={("f",): 1, ("m",): 1}).to_rows())
    assert sized.value(parameter="correct-guess", statistic="convergence", at=None) == pytest.approx(0.5, abs=1e-15)


def test_split_by_hand():
    # One block of 3 and one patient of the next: A : B is 2 : 1, then A (2/3) or B (1/3).
    method = PermutedBlocks(TWO_TO_ONE, (3,))
    assert exact_distribution(method, 4) == {(3, 1): Fraction(2, 3), (2, 2): Fraction(1, 3)}
    assert probability_of_split(method, {"A": 3, "B": 1}) == pytest.approx(2 / 3, abs=1e-15)
    assert probability_of_split(method, {"A": 4, "B": 0}) == 0.0


def test_split_over_strata_by_hand():
    # Two patients, blocks of 2: in one stratum (probability 1/2) 1 : 1 is certain, in two strata it has 1/2.
    method, halves = PermutedBlocks(SEXES, (2,)), {"sex": {"f": 0.5, "m": 0.5}}
    assert probability_of_split(method, {"A": 1, "B": 1}, prevalences=halves) == pytest.approx(0.75, abs=1e-15)
    assert probability_of_split(method, {"A": 2}, prevalences=halves) == pytest.approx(0.125, abs=1e-15)
    assert probability_of_split(method, {"A": 1, "B": 1}, sizes={("f",): 2}) == 1.0
    # Strata named one by one; an absent stratum changes nothing.
    assert probability_of_split(method, {"A": 1, "B": 1}, prevalences={("f",): 1.0}) == 1.0


PALMIRA = Scheme({"A": 2, "B": 1}, {"prior": ("AI", "FULV"), "visceral": ("Y", "N")})
SIZES = {("AI", "Y"): 106, ("AI", "N"): 70, ("FULV", "Y"): 10, ("FULV", "N"): 12}


def test_136_to_62_in_blocks_of_six_by_hand():
    # Four strata whose sizes leave 4, 4, 4 and 0 in the last block of 6. 136 is 132 + 4: each of the three unfinished
    # blocks must begin with AAAA, 4/3 above its share: of 15 pairs of places for the Bs one is behind the first four.
    sizes = {("AI", "Y"): 106, ("AI", "N"): 70, ("FULV", "Y"): 10, ("FULV", "N"): 12}
    found = probability_of_split(PermutedBlocks(PALMIRA, (6,)), {"A": 136, "B": 62}, sizes=sizes)
    assert found == pytest.approx(Fraction(1, 15) ** 3, rel=1e-14)


@pytest.mark.parametrize("prevalence", [0.5, 0.899])
def test_136_to_62_cannot_come_from_blocks_of_three(prevalence):
    prevalences = {"prior": {"AI": prevalence, "FULV": 1 - prevalence}, "visceral": {"Y": 0.6, "N": 0.4}}
    assert probability_of_split(PermutedBlocks(PALMIRA, (3,)), {"A": 136, "B": 62}, prevalences=prevalences) == 0.0
    assert probability_of_split(PermutedBlocks(PALMIRA, (3,)), {"A": 136, "B": 62}, sizes=SIZES) == 0.0
    for sizes in ((6,), (3, 6)):
        assert probability_of_split(PermutedBlocks(PALMIRA, sizes), {"A": 136, "B": 62}, prevalences=prevalences) > 0.0


def test_imbalance_by_hand():
    # Two patients of each sex under the biased coin with p = 2/3: a sex splits 1 : 1 with 2/3, else 2 : 0 or 0 : 2.
    # Overall: both even 4/9, one uneven 4/9 (off by 1), both uneven 1/9: the same way 1/18 (off by 2), opposite 1/18.
    found = ResultTable(assess(BiasedCoin(SEXES), 4, sizes={("f",): 2, ("m",): 2}).to_rows())
    overall = found.select(parameter="imbalance-overall")
    assert {row.at: row.value for row in overall.select(statistic="probability")} == pytest.approx(
        {-2.0: 1 / 36, -1.0: 2 / 9, 0.0: 1 / 2, 1.0: 2 / 9, 2.0: 1 / 36}, abs=1e-15
    )
    assert overall.value(statistic="mean_abs") == pytest.approx(4 / 9 + 2 / 18, abs=1e-15)
    assert [overall.value(statistic=name) for name in ("q50", "q90", "q95", "max")] == [0.0, 1.0, 2.0, 2.0]
    assert overall.one(statistic="probability", at=2.0).label == "4 : 0"
    assert found.value(parameter="imbalance-stratum", level2="f", statistic="mean_abs") == pytest.approx(1 / 3)


def test_margins_add_their_strata_by_hand():
    # Complete randomization of 6 patients, 3 : 2 : 1 : 0 over the strata: the margin of AI has 5, of N 2.
    scheme = Scheme({"A": 1, "B": 1}, {"prior": ("AI", "FULV"), "visceral": ("Y", "N")})
    sizes = {("AI", "Y"): 3, ("AI", "N"): 2, ("FULV", "Y"): 1, ("FULV", "N"): 0}
    found = ResultTable(assess(Complete(scheme), 6, sizes=sizes).to_rows()).select(parameter="imbalance-margin")

    def mean_abs(n: int) -> float:
        return sum(math.comb(n, k) * abs(k - n / 2) for k in range(n + 1)) / 2**n

    for level, n in (("prior AI", 5), ("prior FULV", 1), ("visceral Y", 4), ("visceral N", 2)):
        assert found.value(level2=level, statistic="mean_abs") == pytest.approx(mean_abs(n), abs=1e-15)


def test_trend_bias_by_hand():
    # Blocks of 2 at 1:1, four patients, trend 0, 1/3, 2/3, 1. The first arm's sum of the trend is 0 or 1/3 from the
    # first block and 2/3 or 1 from the second; the bias is (S - (2 - S)) / 2 = S - 1: -1/3, 0, 0, 1/3.
    found = ResultTable(assess(PermutedBlocks(EQUAL, (2,)), 4).to_rows()).select(parameter="chronological-bias")
    assert found.value(level2="linear", statistic="mean") == pytest.approx(0.0, abs=1e-15)
    assert found.value(level2="linear", statistic="sd") == pytest.approx(math.sqrt(1 / 18), abs=1e-15)
    # A step between the blocks leaves no bias.
    assert found.value(level2="step", statistic="sd") == 0.0


def test_ratio_by_step_of_han2009_as_printed():
    # P(experimental) at 2 : 1, no factors, p = 0.7: 0.850, 0.3825, 0.710, 0.808, 0.437, 0.717.
    method = Minimization(TWO_TO_ONE, probability=0.7, construction="han2009")
    found = [float(step.arms[0]) for step in exact_steps(method, 6)]
    assert found == pytest.approx([0.850, 0.3825, 0.710, 0.808, 0.437, 0.717], abs=5e-4)


@pytest.mark.parametrize("imbalance", ["range", "variance", "standard-deviation"])
@pytest.mark.parametrize("probability", [Fraction(1, 2), 0.7, 1])
def test_ratio_preserving_minimization_has_two_thirds_at_every_step(imbalance, probability):
    method = Minimization(TWO_TO_ONE, probability=probability, imbalance=imbalance)
    assert [step.arms for step in exact_steps(method, 8)] == [(Fraction(2, 3), Fraction(1, 3))] * 8


def test_naive_minimization_departs_by_hand():
    # p = 0.8. First: joining A leaves x = (1/2, 0), a range of 1/2; joining B (0, 1), of 1: A is preferred, 0.8. After
    # A: joining A leaves (1, 0), B (1/2, 1): B is preferred. After B: joining A leaves (1/2, 1), B (0, 2): A is.
    # 0.8 * 0.2 + 0.2 * 0.8 = 0.32.
    method = Minimization(TWO_TO_ONE, probability=0.8, construction="naive")
    assert [step.arms[0] for step in exact_steps(method, 2)] == [Fraction(4, 5), Fraction(8, 25)]


def test_block_urn_departs_at_step_five():
    steps = exact_steps(BlockUrn(TWO_TO_ONE, 2), 5)
    assert [step.arms[0] for step in steps[:3]] == [Fraction(2, 3)] * 3
    assert float(steps[4].arms[0]) == pytest.approx(0.640, abs=5e-4)


METHODS = {
    "complete": Complete(TWO_TO_ONE),
    "complete of three": Complete(Scheme({"A": 3, "B": 2, "C": 1})),
    "blocks": PermutedBlocks(TWO_TO_ONE, (6,)),
    "mixed blocks": PermutedBlocks(TWO_TO_ONE, (3, 6)),
    "blocks of three arms": PermutedBlocks(Scheme({"A": 1, "B": 1, "C": 2}), (4,)),
    "big stick": BigStick(EQUAL, 2),
    "biased coin": BiasedCoin(EQUAL, 0.7),
    "block urn": BlockUrn(TWO_TO_ONE, 2),
    "maximal procedure": MaximalProcedure(EQUAL, 2, 8),
    "minimization": Minimization(TWO_TO_ONE, 0.7),
    "han2009": Minimization(TWO_TO_ONE, 0.7, construction="han2009"),
}


@pytest.mark.parametrize("name", METHODS)
def test_every_history_listed(name):
    method, n = METHODS[name], 6
    arms, ratio = method.scheme.arms, tuple(method.scheme.ratio.values())
    histories: list[tuple[Fraction, str, object]] = [(Fraction(1), "", method.start())]
    steps = exact_steps(method, n)
    for step in steps:
        here, guessed, longer = dict.fromkeys(arms, Fraction(0)), Fraction(0), []
        for p, given, state in histories:
            guess = dict(zip(arms, convergence_guess([given.count(arm) for arm in arms], ratio), strict=True))
            for outcome in method.outcomes(state, Patient(str(step.number))):
                q = p * outcome.probability
                here[outcome.arm] += q
                guessed += q * guess[outcome.arm]
                longer.append((q, given + outcome.arm, outcome.state))
        assert step.arms == tuple(here.values())
        assert step.guessed == guessed
        histories = longer
    counts: dict[tuple[int, ...], Fraction] = {}
    for p, given, _ in histories:
        counts[tuple(given.count(arm) for arm in arms)] = (
            counts.get(tuple(given.count(arm) for arm in arms), Fraction(0)) + p
        )
    assert exact_distribution(method, n) == counts
    _check_trend_bias(method, histories, n)


def _check_trend_bias(method, histories, n):
    if len(method.scheme.arms) > 2:
        return
    trend, biases = [Fraction(i, n - 1) for i in range(n)], []
    for p, given, _ in histories:
        sums = {arm: [t for t, a in zip(trend, given, strict=True) if a == arm] for arm in "AB"}
        if all(sums.values()):
            biases.append((p, sum(sums["A"]) / len(sums["A"]) - sum(sums["B"]) / len(sums["B"])))
    whole = sum(p for p, _ in biases)
    mean = sum(p * b for p, b in biases) / whole
    sd = math.sqrt(sum(p * (b - mean) ** 2 for p, b in biases) / whole)
    found = ResultTable(assess(method, n).to_rows()).select(parameter="chronological-bias", level2="linear")
    assert found.value(statistic="mean") == pytest.approx(float(mean), abs=1e-14)
    assert found.value(statistic="sd") == pytest.approx(sd, abs=1e-14)


def test_trials_listed_over_random_strata():
    # Three patients, two strata: every order of strata and every history of each.
    share, n = {"f": Fraction(3, 10), "m": Fraction(7, 10)}, 3
    method = PermutedBlocks(Scheme({"A": 2, "B": 1}, {"sex": ("f", "m")}), (3, 6))
    counts: dict[int, Fraction] = {}
    for order in itertools.product("fm", repeat=n):
        histories = [(math.prod((share[s] for s in order), start=Fraction(1)), 0, method.start())]
        for k, sex in enumerate(order):
            histories = [
                (p * o.probability, first + (o.arm == "A"), o.state)
                for p, first, state in histories
                for o in method.outcomes(state, Patient(str(k), {"sex": sex}))
            ]
        for p, first, _ in histories:
            counts[first] = counts.get(first, Fraction(0)) + p
    found = assess(method, n, prevalences={"sex": {"f": 0.3, "m": 0.7}}).splits
    assert {first: p for (first, _), p in found.items()} == pytest.approx({k: float(p) for k, p in counts.items()})


def test_minimization_with_factors_listed_over_random_strata():
    # Every order of strata and every history of four patients; at 2 : 1 only the ratio-preserving form has 2/3.
    share = {"f": Fraction(3, 10), "m": Fraction(7, 10)}
    scheme, prevalences = Scheme({"A": 2, "B": 1}, {"sex": ("f", "m")}), {"sex": {"f": 0.3, "m": 0.7}}
    for construction in ("ratio-preserving", "han2009"):
        method = Minimization(scheme, 0.8, construction=construction, overall_weight=1)
        histories = [(Fraction(1), method.start())]
        for step in exact_steps(method, 4, prevalences=prevalences):
            outcomes = [
                (p * share[sex] * o.probability, o)
                for p, state in histories
                for sex in "fm"
                for o in method.outcomes(state, Patient(str(step.number), {"sex": sex}))
            ]
            assert step.arms[0] == sum(p for p, o in outcomes if o.arm == "A")
            assert (step.arms[0] == Fraction(2, 3)) == (construction == "ratio-preserving")
            histories = [(p, o.state) for p, o in outcomes]


def test_ratio_preserving_minimization_with_two_factors_has_two_thirds_at_steps_one_to_five():
    method = Minimization(PALMIRA, 0.8)
    prevalences = {"prior": {"AI": 0.899, "FULV": 0.101}, "visceral": {"Y": 0.6, "N": 0.4}}
    assert [step.arms[0] for step in exact_steps(method, 5, prevalences=prevalences)] == [Fraction(2, 3)] * 5
