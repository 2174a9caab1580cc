"""Exact walks through all histories of a method: what each number of assignments can have led to, and how likely.

Histories that lead to the same state with the same counts are one, so a walk needs few of them. Probabilities are
fractions where asked for, else double precision: sums of products of positive numbers, right to about n rounding
errors, and exactly zero where a thing cannot happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from equipoise.errors import ArgumentError
from equipoise.randomization.chain import Chain

Counts = tuple[int, ...]
Place = tuple[int, Counts]
# Pairs of state and counts at one step.
MOST_PLACES = 200_000


def convergence_guess(counts: Sequence[int], ratio: Sequence[int]) -> tuple[Fraction, ...]:
    """How the convergence strategy guesses the next arm: the share of its guesses by arm.

    The guess is the arm furthest behind its share of the assignments seen; among equals the one with the largest
    share, and among equals of that too each as often. With equal shares this is the strategy of Blackwell and Hodges.
    Arguments: the assignments seen and the ratio, whole numbers by arm.
    Source: Blackwell D, Hodges JL. Ann Math Stat 1957;28:449-460, doi:10.1214/aoms/1177706973.

    >>> convergence_guess((1, 1), (1, 1)), convergence_guess((1, 0), (1, 1)), convergence_guess((2, 1), (2, 1))
    ((Fraction(1, 2), Fraction(1, 2)), (Fraction(0, 1), Fraction(1, 1)), (Fraction(1, 1), Fraction(0, 1)))
    """
    n, total = sum(counts), sum(ratio)
    behind = [(n * r - total * count, r) for count, r in zip(counts, ratio, strict=True)]
    most = max(behind)
    return tuple(Fraction(int(each == most), behind.count(most)) for each in behind)


@dataclass(frozen=True)
class Step:
    """Assignment number `number` (from 1): the probability of each arm, that it is guessed, and that it is certain.

    `guessed`: by the convergence strategy from the counts of the stratum; `informed`: by one who knows the method and
    the size of the open block and names the likeliest arm; `certain`: that an arm has probability one, given both.
    """

    number: int
    arms: tuple[Any, ...]
    guessed: Any
    informed: Any
    certain: Any


@dataclass(frozen=True)
class Walk:
    """One stratum: its `steps`, and in `counts[m]` the probability of each vector of counts after m."""

    steps: tuple[Step, ...]
    counts: tuple[Mapping[Counts, Any], ...]


def walk(chain: Chain, n: int, number: Callable[[Fraction], Any] = float) -> Walk:
    """Walk a chain for `n` assignments; probabilities are made with `number`, `float` or `Fraction`.

    Raises ArgumentError `argument-invalid` where too many pairs of state and counts arise.
    """
    ratio = tuple(chain.method.scheme.ratio.values())
    ways = _ways(chain, number)
    places: dict[Place, Any] = {(0, (0,) * len(ratio)): number(Fraction(1))}
    steps, counts = [], [_by_counts(places)]
    for m in range(n):
        after: dict[Place, Any] = {}
        arms, scores = [number(Fraction(0))] * len(ratio), [number(Fraction(0))] * 3
        for (state, seen), probability in places.items():
            guess = [number(share) for share in convergence_guess(seen, ratio)]
            for weight, node in ways(state):
                here = probability * weight
                for arm, share, following in node:
                    arms[arm] += here * share
                    scores[0] += here * share * guess[arm]
                    place = following, _plus(seen, arm)
                    after[place] = after.get(place, 0) + here * share
                best = max(_by_arm(node))
                scores[1] += here * best
                scores[2] += here if best == 1 else 0 * here
        steps.append(Step(m + 1, tuple(arms), *scores))
        places = _checked(after, m + 1)
        counts.append(_by_counts(places))
    return Walk(tuple(steps), tuple(counts))


def trend_moments(chain: Chain, trend: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation of the bias that a trend in time gives the difference in means of two arms.

    The bias is the mean of `trend` (one value per assignment, in order) over the first arm's assignments less that over
    the second's; histories that leave an arm empty are left out. Carried through the walk: the probability of each
    place, and the first two moments there of the first arm's sum of the trend.
    """
    ways = _ways(chain, float)
    places: dict[Place, tuple[float, float, float]] = {(0, (0, 0)): (1.0, 0.0, 0.0)}
    for m, value in enumerate(trend):
        after: dict[Place, tuple[float, float, float]] = {}
        for (state, seen), (p, s, ss) in places.items():
            for weight, node in ways(state):
                for arm, share, following in node:
                    w, t = weight * share, value if arm == 0 else 0.0
                    place = following, _plus(seen, arm)
                    old = after.get(place, (0.0, 0.0, 0.0))
                    more = w * p, w * (s + t * p), w * (ss + 2.0 * t * s + t * t * p)
                    after[place] = old[0] + more[0], old[1] + more[1], old[2] + more[2]
        places = _checked(after, m + 1)
    return _bias_moments(places, float(sum(trend)))


def _bias_moments(places: Mapping[Place, tuple[float, float, float]], whole: float) -> tuple[float, float]:
    total = first = second = 0.0
    for (_, (a, b)), (p, s, ss) in places.items():
        if a and b:
            # S / a - (whole - S) / b = S c - d
            c, d = 1.0 / a + 1.0 / b, whole / b
            total, first, second = total + p, first + c * s - d * p, second + c * c * ss - 2.0 * c * d * s + d * d * p
    mean = first / total
    return mean, max(second / total - mean * mean, 0.0) ** 0.5


def _ways(chain: Chain, number: Callable[[Fraction], Any]) -> Callable[[int], list[tuple[Any, list[tuple]]]]:
    """By state: the weight of each block size that may be drawn there (one of weight 1 where none is), its branches."""
    known: dict[int, list[tuple[Any, list[tuple]]]] = {}

    def ways(state: int) -> list[tuple[Any, list[tuple]]]:
        if state not in known:
            node = chain.nodes[state]
            inside = [chain.nodes[k] for k in node.sizes] or [node]
            weight = number(Fraction(1, len(inside)))
            known[state] = [
                (weight, [(b.arm, number(b.probability), b.following) for b in each.branches]) for each in inside
            ]
        return known[state]

    return ways


def _by_arm(branches: list[tuple]) -> list[Any]:
    """The probability of each arm that has any."""
    found: dict[int, Any] = {}
    for arm, share, _ in branches:
        found[arm] = found.get(arm, 0) + share
    return list(found.values())


def _plus(counts: Counts, arm: int) -> Counts:
    return (*counts[:arm], counts[arm] + 1, *counts[arm + 1 :])


def _by_counts(places: Mapping[Place, Any]) -> dict[Counts, Any]:
    found: dict[Counts, Any] = {}
    for (_, counts), probability in places.items():
        found[counts] = found.get(counts, 0) + probability
    return found


def _checked(places: dict[Place, Any], step: int) -> dict[Place, Any]:
    if len(places) > MOST_PLACES:
        raise ArgumentError(
            "argument-invalid",
            f"more than {MOST_PLACES:,} combinations of state and counts after {step} assignments",
            reason="an exact assessment follows all of them",
            hint="assess by simulation, or give a smaller n",
        )
    return places
