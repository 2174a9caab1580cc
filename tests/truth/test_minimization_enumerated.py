"""Minimization against an enumeration of its own: the definitions written out anew, every history in fractions."""

from collections import defaultdict
from fractions import Fraction

import pytest

from equipoise.randomization import Minimization, Scheme, exact_steps

PREVALENCES = {"f": {"a": 0.9, "b": 0.1}, "g": {"y": 0.6, "n": 0.4}}
STRATA = {
    (i, k): p * q
    for i, p in (("a", Fraction(9, 10)), ("b", Fraction(1, 10)))
    for k, q in (("y", Fraction(3, 5)), ("n", Fraction(2, 5)))
}
ORDER = [("a", "y"), ("b", "y"), ("a", "n"), ("a", "y"), ("b", "n"), ("a", "n")]


def _imbalance(shares, kind):
    if kind == "range":
        return max(shares) - min(shares)
    mean = sum(shares, Fraction(0)) / len(shares)
    return sum((x - mean) ** 2 for x in shares) / (len(shares) - 1)


def _coin(preferred, ratio, p, construction):
    rest = sum(ratio) - ratio[preferred]
    if construction == "han2009":
        p = 1 - (1 - p) * Fraction(rest, sum(ratio) - min(ratio))
    return [p if k == preferred else (1 - p) * Fraction(r, rest) for k, r in enumerate(ratio)]


def _chances(history, levels, ratio, p, kind, construction, weights):
    """`history`: numbers by (levels, candidate); `weights`: of the two factors, of all patients, of the stratum."""
    groups = [lambda seen: seen[0] == levels[0], lambda seen: seen[1] == levels[1], lambda _: True, levels.__eq__]
    totals = []
    for joined in range(len(ratio)):
        total = Fraction(0)
        for weight, inside in zip(weights, groups, strict=True):
            numbers = [sum(n for (seen, c), n in history.items() if c == k and inside(seen)) for k in range(len(ratio))]
            total += weight * _imbalance([Fraction(n + (k == joined), ratio[k]) for k, n in enumerate(numbers)], kind)
        totals.append(total)
    best = [k for k, total in enumerate(totals) if total == min(totals)]
    found = [Fraction(0)] * len(ratio)
    for preferred in best:
        for k, chance in enumerate(_coin(preferred, ratio, p, construction)):
            found[k] += Fraction(ratio[preferred], sum(ratio[b] for b in best)) * chance
    return found


def _steps(ratio, n, p, kind, construction, weights, arrivals):
    """The probability of each arm at each step; `arrivals(step)` has the strata with their probabilities."""
    virtual = construction == "ratio-preserving"
    arms = [k for k, r in enumerate(ratio) for _ in range(r)] if virtual else list(range(len(ratio)))
    parts = [1] * len(arms) if virtual else list(ratio)
    histories, steps = {(): Fraction(1)}, []
    for step in range(n):
        after, shares = defaultdict(Fraction), [Fraction(0)] * len(ratio)
        for key, probability in histories.items():
            for levels, share in arrivals(step).items():
                chances = _chances(dict(key), levels, parts, p, kind, construction, weights)
                for candidate, chance in enumerate(chances):
                    shares[arms[candidate]] += probability * share * chance
                    grown = dict(key)
                    grown[levels, candidate] = grown.get((levels, candidate), 0) + 1
                    after[tuple(sorted(grown.items()))] += probability * share * chance
        histories = after
        steps.append(tuple(shares))
    return steps


@pytest.mark.parametrize(
    ("ratio", "n", "p", "kind", "construction", "weights"),
    [
        ((2, 1), 3, "0.7", "range", "ratio-preserving", (1, 1, 0, 0)),
        ((2, 1), 4, "0.7", "variance", "han2009", (1, 1, 0, 0)),
        ((2, 1), 4, "0.7", "range", "naive", (1, 1, 0, 0)),
        ((3, 1), 4, "0.8", "range", "han2009", (1, 1, 0, 0)),
        ((1, 1, 2), 3, "0.6", "variance", "ratio-preserving", (2, "1/2", 0, 0)),
        ((1, 1, 2), 3, "0.6", "range", "han2009", (1, 1, 0, 0)),
        ((1, 1), 4, "0.85", "variance", "ratio-preserving", ("1/4", "1/4", "1/5", "3/10")),
    ],
)
def test_every_history_of_two_factors(ratio, n, p, kind, construction, weights):
    scheme = Scheme(dict(zip("ABC", ratio, strict=False)), {"f": ("a", "b"), "g": ("y", "n")})
    f, g, overall, stratum = weights
    method = Minimization(scheme, p, kind, construction, {"f": f, "g": g}, overall, stratum)
    parts = tuple(Fraction(weight) for weight in weights)
    expected = _steps(ratio, n, Fraction(p), kind, construction, parts, lambda _: STRATA)
    assert [step.arms for step in exact_steps(method, n, prevalences=PREVALENCES)] == expected
    level = all(arms == tuple(Fraction(r, sum(ratio)) for r in ratio) for arms in expected)
    assert level == method.preserves_ratio


@pytest.mark.parametrize("ratio", [(2, 1), (3, 1), (1, 1, 2)])
def test_the_ratio_is_kept_for_patients_in_a_given_order(ratio):
    steps = _steps(
        ratio, 6, Fraction(7, 10), "range", "ratio-preserving", (1, 1, 0, 0), lambda step: {ORDER[step]: Fraction(1)}
    )
    assert steps == [tuple(Fraction(r, sum(ratio)) for r in ratio)] * 6
