"""Minimization worked by hand: margins, imbalances, ties, coins, at 1:1, 2:1 and 1:1:2."""

from fractions import Fraction

import pytest

from equipoise.randomization import ListedWords, Minimization, Patient, Scheme, State, hu_hu

HALF = 2**31
LAST = 2**32 - 1
EQUAL = Scheme({"A": 1, "B": 1}, {"sex": ("f", "m"), "site": ("n", "s")})
TWO_TO_ONE = Scheme({"A": 2, "B": 1})


def _who(number: int, sex: str, site: str) -> Patient:
    return Patient(str(number), {"sex": sex, "site": site})


def _given(method: Minimization, patients: list[Patient], words: list[int]) -> tuple[list[str], State]:
    """The arms and the state after them: word 0 gives the first arm, LAST the last, whatever is preferred."""
    state, arms, listed = method.start(), [], ListedWords({0: words}, {})
    for patient in patients:
        arm, state = method.allocate(state, patient, listed)
        arms.append(arm)
    return arms, state


def test_range_at_one_to_one_by_hand():
    # 1 (f, n): nobody yet, either arm leaves 1 + 1: a fair coin; word 0 gives A.
    # 2 (f, s): f has 1:0, s 0:0. Joining A leaves ranges 2 + 1 = 3, B 0 + 1 = 1: B has 4/5. Word LAST gives B.
    # 3 (m, n): m has 0:0, n 1:0. A 1 + 2 = 3, B 1 + 0 = 1: B has 4/5. Word 0 gives A all the same.
    # 4 (f, n): f has 1:1, n 2:0. A 1 + 3 = 4, B 1 + 1 = 2: B has 4/5.
    method = Minimization(EQUAL, 0.8)
    patients = [_who(1, "f", "n"), _who(2, "f", "s"), _who(3, "m", "n"), _who(4, "f", "n")]
    chances, state, words = [], method.start(), ListedWords({0: [0, LAST, 0, HALF]}, {})
    arms = []
    for patient in patients:
        chances.append(method.probabilities(state, patient)["A"])
        arm, state = method.allocate(state, patient, words)
        arms.append(arm)
    assert chances == [Fraction(1, 2), Fraction(1, 5), Fraction(1, 5), Fraction(1, 5)]
    # Word HALF takes ball floor(5 / 2) = 2 of the urn A BBBB.
    assert arms == ["A", "B", "A", "B"]
    assert state.strata[("f", "n")].counts == {"A": 1, "B": 1}
    assert (state.count("A"), state.count("B")) == (2, 2)


@pytest.mark.parametrize(
    ("imbalance", "a", "b"),
    [
        ("range", [1, 3], [1, 1]),
        # Of (2, 1) and (3, 0) the sample variances are 1/2 and 9/2; of (1, 2) and (2, 1) both 1/2.
        ("variance", [Fraction(1, 2), Fraction(9, 2)], [Fraction(1, 2), Fraction(1, 2)]),
        ("standard-deviation", [0.5**0.5, 4.5**0.5], [0.5**0.5, 0.5**0.5]),
    ],
)
def test_every_imbalance_is_explained_by_hand(imbalance: str, a: list, b: list):
    # The fourth patient of the history above: f has 1:1, n has 2:0.
    method = Minimization(EQUAL, 0.8, imbalance)
    _, state = _given(method, [_who(1, "f", "n"), _who(2, "f", "s"), _who(3, "m", "n")], [0, LAST, 0])
    told = method.explain(state, _who(4, "f", "n"))
    assert [row["margin"] for row in told.details] == ["sex = f", "site = n"]
    assert [(row["A: number"], row["B: number"]) for row in told.details] == [(1, 1), (2, 0)]
    # Roots are rounded once, so only the last digit may differ.
    assert [row["A: imbalance"] for row in told.details] == pytest.approx(a, rel=1e-15)
    assert [row["B: imbalance"] for row in told.details] == pytest.approx(b, rel=1e-15)
    assert told.probabilities == {"A": Fraction(1, 5), "B": Fraction(4, 5)}
    assert told.reason == "B would leave the least imbalance"
    assert told.to_dict()["probabilities"] == {"A": "1/5", "B": "4/5"}
    assert told.stratum == {"sex": "f", "site": "n"}


@pytest.mark.parametrize(
    ("imbalance", "b"),
    [("range", Fraction(1, 5)), ("variance", Fraction(4, 5)), ("standard-deviation", Fraction(1, 5))],
)
def test_range_and_variance_may_prefer_different_arms(imbalance: str, b: Fraction):
    # A leads by 3 on x, B by 1 on y and on z. Range (and root): A leaves 4 + 0 + 0, B 2 + 2 + 2: A is preferred.
    # Variance, as squared differences: A 16, B 4 + 4 + 4 = 12: B is preferred.
    scheme = Scheme({"A": 1, "B": 1}, dict.fromkeys("xyz", ("0", "1")))
    history = [Patient(f"a{k}", {"x": "1", "y": "0", "z": "0"}) for k in range(3)]
    history += [Patient("b", {"x": "0", "y": "1", "z": "1"})]
    method = Minimization(scheme, 0.8, imbalance)
    arms, state = _given(method, history, [0, 0, 0, LAST])
    assert arms == ["A", "A", "A", "B"]
    assert method.probabilities(state, Patient("next", dict.fromkeys("xyz", "1")))["B"] == b


def test_weights_turn_the_preference_by_hand():
    # The same state with weight 4 on x: range A 4 * 4 = 16, B 4 * 2 + 2 + 2 = 12. With weight 2: 8 and 8, a tie.
    scheme = Scheme({"A": 1, "B": 1}, dict.fromkeys("xyz", ("0", "1")))
    history = [Patient(f"a{k}", {"x": "1", "y": "0", "z": "0"}) for k in range(3)]
    history += [Patient("b", {"x": "0", "y": "1", "z": "1"})]
    for weight, b in (
        (4, Fraction(4, 5)),
        (2, Fraction(1, 2)),
        (1.9, Fraction(1, 5)),
        (Fraction(2001, 1000), Fraction(4, 5)),
    ):
        method = Minimization(scheme, 0.8, weights={"x": weight})
        _, state = _given(method, history, [0, 0, 0, LAST])
        assert method.probabilities(state, Patient("next", dict.fromkeys("xyz", "1")))["B"] == b


def test_virtual_arms_at_two_to_one_by_hand():
    # Virtual arms A1 A2 B, p = 0.7, each other 0.15.
    # Step 1: all alike, 1/3 each; word 0 gives A1.
    # Step 2: (1, 0, 0): joining A1 leaves range 2, A2 or B range 1: a tie. A1 0.15, A2 and B (0.7 + 0.15) / 2 = 0.425.
    #         In balls 6, 17, 17 of 40; word HALF is ball 20, A2.
    # Step 3: (1, 1, 0): B leaves 0, the others 2: A 0.15 + 0.15 = 0.3. Word LAST gives B.
    # Step 4: (1, 1, 1): as at the start.
    method = Minimization(TWO_TO_ONE, 0.7)
    state, chances, held, arms = method.start(), [], [], []
    words = ListedWords({0: [0, HALF, LAST]}, {})
    for number in range(4):
        patient = Patient(str(number))
        chances.append(method.probabilities(state, patient)["A"])
        if number < 3:
            arm, state = method.allocate(state, patient, words)
            arms.append(arm)
            held.append(state.strata[()].candidates)
    assert chances == [Fraction(2, 3), Fraction(23, 40), Fraction(3, 10), Fraction(2, 3)]
    assert arms == ["A", "A", "B"]
    assert held == [(1, 0, 0), (1, 1, 0), (1, 1, 1)]
    assert method.candidates == ("A", "A", "B")


def test_an_arm_is_named_once_per_virtual_arm_in_the_explanation():
    method = Minimization(TWO_TO_ONE, 0.7)
    _, state = _given(method, [Patient("1")], [0])
    told = method.explain(state, Patient("2"))
    assert told.reason == "A (2) and B would leave the least imbalance alike"
    assert told.details[0]["margin"] == "all patients"
    assert [told.details[0][f"{name}: imbalance"] for name in ("A (1)", "A (2)", "B")] == [2, 1, 1]
    assert method.explain(method.start(), Patient("1")).reason.startswith("every arm would leave the same imbalance")


@pytest.mark.parametrize(
    ("construction", "first", "after_a"),
    [
        # x = n / r. Step 1: A leaves (1/2, 0), B (0, 1): A is preferred. After A: A leaves (1, 0), B (1/2, 1): B.
        # han2009: c = (1 - 0.7) / (3 - 1) = 0.15; A preferred 1 - 0.15 * (3 - 2) = 0.85; B preferred: A 2 * 0.15 = 0.3.
        ("han2009", Fraction(17, 20), Fraction(3, 10)),
        ("naive", Fraction(7, 10), Fraction(3, 10)),
    ],
)
def test_two_to_one_without_virtual_arms_by_hand(construction: str, first: Fraction, after_a: Fraction):
    method = Minimization(TWO_TO_ONE, 0.7, construction=construction)
    assert method.probabilities(method.start(), Patient("1")) == {"A": first, "B": 1 - first}
    _, state = _given(method, [Patient("1")], [0])
    assert method.probabilities(state, Patient("2")) == {"A": after_a, "B": 1 - after_a}


def test_three_arms_by_hand():
    # 1:1:2 by han2009, p = 0.7: c = 0.3 / 3 = 0.1. At the start C leaves (0, 0, 1/2), range 1/2, and is preferred:
    # 1 - 0.1 * 2 = 0.8, A and B 0.1 each. After C: A leaves (1, 0, 1/2), range 1; B (0, 1, 1/2), 1; C (0, 0, 1), 1: all
    # tie, so each has its share. After C and A: A leaves (2, 0, 1/2), 2; B (1, 1, 1/2), 1/2; C (1, 0, 1), 1: B has
    # 1 - 0.1 * 3 = 0.7, A 0.1, C 0.2.
    method = Minimization(Scheme({"A": 1, "B": 1, "C": 2}), 0.7, construction="han2009")
    start = method.probabilities(method.start(), Patient("1"))
    assert start == {"A": Fraction(1, 10), "B": Fraction(1, 10), "C": Fraction(4, 5)}
    _, state = _given(method, [Patient("1")], [LAST])
    assert method.probabilities(state, Patient("2")) == {"A": Fraction(1, 4), "B": Fraction(1, 4), "C": Fraction(1, 2)}
    _, state = _given(method, [Patient("1"), Patient("2")], [LAST, 0])
    assert method.probabilities(state, Patient("3")) == {
        "A": Fraction(1, 10),
        "B": Fraction(7, 10),
        "C": Fraction(1, 5),
    }


def test_a_tie_of_some_arms_mixes_their_coins_by_ratio():
    # Naive 2:1:1, p = 0.7. After A, A: A leaves (3/2, 0, 0), B (1, 1, 0), C (1, 0, 1): B and C tie at range 1.
    # B preferred: A 0.3 * 2/3 = 0.2, C 0.1. The mean of both coins: A 0.2, B and C (0.7 + 0.1) / 2 = 0.4.
    method = Minimization(Scheme({"A": 2, "B": 1, "C": 1}), 0.7, construction="naive")
    _, state = _given(method, [Patient("1"), Patient("2")], [0, 0])
    assert method.probabilities(state, Patient("3")) == {"A": Fraction(1, 5), "B": Fraction(2, 5), "C": Fraction(2, 5)}


def test_hu_and_hu_by_hand():
    # Weights 0.2 overall, 0.3 stratum, 0.25 a margin; p = 0.85. The first patient (f, n) has A.
    # Second (f, s), differences 1 overall, 0 in the stratum, 1 on f, 0 on s. Squared after joining A: 4, 1, 4, 1, in
    # all 0.8 + 0.3 + 1 + 0.25 = 2.35; after B: 0, 1, 0, 1, in all 0.3 + 0.25 = 0.55. The variance is half of each.
    method = hu_hu(EQUAL)
    assert (method.overall_weight, method.stratum_weight) == (Fraction(1, 5), Fraction(3, 10))
    _, state = _given(method, [_who(1, "f", "n")], [0])
    told = method.explain(state, _who(2, "f", "s"))
    total = {arm: sum(row["weight"] * row[f"{arm}: imbalance"] for row in told.details) for arm in "AB"}
    assert total == {"A": Fraction(235, 200), "B": Fraction(55, 200)}
    assert told.probabilities == {"A": Fraction(3, 20), "B": Fraction(17, 20)}
    assert method.cited == ("minimization", "hu-hu")


def test_the_stratum_alone_decides_where_it_alone_has_weight():
    method = hu_hu(EQUAL, overall=0, stratum=1, margins=0, probability=0.9)
    _, state = _given(method, [_who(1, "f", "n"), _who(2, "f", "n")], [0, 0])
    assert method.probabilities(state, _who(3, "f", "s"))["A"] == Fraction(1, 2)
    assert method.probabilities(state, _who(3, "f", "n"))["A"] == Fraction(1, 10)
