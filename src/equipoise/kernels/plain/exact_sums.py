"""The exact distribution of a sum of scores over subjects chosen at random, by meeting in the middle."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

# Half a distribution may hold this many sums: some 32 MB.
LARGEST_HALF = 4_000_000


def permutation_tails(
    strata: Sequence[tuple[np.ndarray, int]], observed: float, slack: float
) -> tuple[int, int, int, int]:
    """Numbers of choices with sum >= observed, <= observed, of |sum| >= |observed|, and of all choices.

    `strata` holds (scores, k): k subjects of each stratum are chosen, every choice equally likely. Sums within `slack`
    are equal. The subjects are split in two halves; all sums of each half are listed by the number chosen, sorted, and
    pairs are counted by bisection, so 40 subjects need lists of 2^20 and not of 10^11.

    Source: Horowitz E, Sahni S. J ACM 1974;21:277-292 (the split); van de Wiel MA. Stat Pap 2001;42:217-223 (for rank
    statistics). Raises ValueError where the halves are too large.
    """
    pairs = _halves(strata)
    above = below = outside = total = 0
    size = abs(observed)
    for left, right in pairs:
        ordered = np.sort(right)
        total += len(left) * len(ordered)
        above += _at_least(ordered, observed - slack - left)
        below += _at_most(ordered, observed + slack - left)
        if size <= slack:
            outside += len(left) * len(ordered)
        else:
            outside += _at_least(ordered, size - slack - left) + _at_most(ordered, slack - size - left)
    return above, below, outside, total


def permutation_histogram(strata: Sequence[tuple[np.ndarray, int]], edges: np.ndarray) -> np.ndarray:
    """Numbers of choices with sums in each bin, [edge, next edge) and the last bin closed; see `permutation_tails`."""
    below = np.zeros(len(edges))
    for left, right in _halves(strata):
        ordered = np.sort(right)
        below[:-1] += [np.searchsorted(ordered, edge - left, side="left").sum() for edge in edges[:-1]]
        below[-1] += len(left) * len(ordered)
    return np.diff(below)


def sum_pairs(strata: Sequence[tuple[np.ndarray, int]]) -> int:
    """How many sums the left half lists, from which the effort of a histogram follows, without listing them."""
    half = sum(len(scores) // 2 for scores, _ in strata)
    return 1 << half


def extreme_sums(strata: Sequence[tuple[np.ndarray, int]]) -> tuple[float, float]:
    """The smallest and the largest sum that a choice can have."""
    ordered = [(np.sort(scores), k) for scores, k in strata]
    low = sum(float(scores[:k].sum()) for scores, k in ordered)
    return low, sum(float(scores[len(scores) - k :].sum()) for scores, k in ordered)


def _at_least(ordered: np.ndarray, limits: np.ndarray) -> int:
    return int((len(ordered) - np.searchsorted(ordered, limits, side="left")).sum())


def _at_most(ordered: np.ndarray, limits: np.ndarray) -> int:
    return int(np.searchsorted(ordered, limits, side="right").sum())


def _halves(strata: Sequence[tuple[np.ndarray, int]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pairs of lists whose sums, one from each, are all sums."""
    if len(strata) == 1:
        return _split(*strata[0])
    sides = [np.zeros(1), np.zeros(1)]
    for scores, k in sorted(strata, key=lambda one: -math.comb(len(one[0]), one[1])):
        side = 0 if len(sides[0]) <= len(sides[1]) else 1
        _check(len(sides[side]) * math.comb(len(scores), k))
        every = np.concatenate([(a[:, None] + b[None, :]).ravel() for a, b in _split(scores, k)])
        sides[side] = (sides[side][:, None] + every[None, :]).ravel()
    return [(sides[0], sides[1])]


def _split(scores: np.ndarray, k: int) -> list[tuple[np.ndarray, np.ndarray]]:
    half = len(scores) // 2
    _check(2 ** (len(scores) - half))
    left, right = _by_count(scores[:half]), _by_count(scores[half:])
    return [(left[j], right[k - j]) for j in range(len(left)) if 0 <= k - j < len(right)]


def _by_count(scores: np.ndarray) -> list[np.ndarray]:
    """All sums of subsets, by the number of members."""
    sums = [np.zeros(1)]
    for score in scores.tolist():
        longer = [*sums, np.zeros(0)]
        shifted = [np.zeros(0), *(values + score for values in sums)]
        sums = [np.concatenate(both) for both in zip(longer, shifted, strict=True)]
    return sums


def _check(size: int) -> None:
    if size > LARGEST_HALF:
        raise ValueError(f"half of the distribution has {size:,} sums; at most {LARGEST_HALF:,} are listed")
