"""Twins of `plain.allocation`: trial by trial instead of patient by patient, with only those words drawn that are used.

Equal to it arm for arm. What they gain: benchmarks/allocation.py, and docs/methods/randomization-assessment.md.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from equipoise.kernels.plain.allocation import RANGE, STANDARD_DEVIATION, ChainTables, MinimizationTables
from equipoise.seeds import Stream


def chain_arms(seed: int, replicates: np.ndarray, strata: np.ndarray, n_strata: int, tables: ChainTables) -> np.ndarray:
    """See `plain.allocation.chain_arms`: the same arms."""
    arms = np.empty(strata.shape, dtype=np.int8)
    words = assignment_words(seed, replicates, strata, n_strata)
    key = _key(seed, "block-sizes")
    _chain_arms(words, *key, replicates.astype(np.uint64), strata, n_strata, *tables[:4], arms)
    return arms


def minimization_arms(seed: int, replicates: np.ndarray, strata: np.ndarray, tables: MinimizationTables) -> np.ndarray:
    """See `plain.allocation.minimization_arms`: the same arms."""
    arms = np.empty(strata.shape, dtype=np.int8)
    words = assignment_words(seed, replicates, np.zeros_like(strata), 1)
    _minimization_arms(words, strata, int(tables.cells.max()) + 1, *tables, arms)
    return arms


def assignment_words(seed: int, replicates: np.ndarray, strata: np.ndarray, n_strata: int) -> np.ndarray:
    """See `plain.allocation.assignment_words`: the same words."""
    words = np.empty(strata.shape, dtype=np.uint32)
    _assignment_words(*_key(seed, "allocation"), replicates.astype(np.uint64), strata, n_strata, words)
    return words


def _key(seed: int, purpose: str) -> tuple[np.uint64, np.uint64]:
    first, second = Stream(seed, purpose).key
    return np.uint64(first), np.uint64(second)


@njit(cache=True, nogil=True, fastmath=False)
def _assignment_words(key0, key1, replicates, strata, n_strata, words):
    trials, patients = strata.shape
    drawn = np.zeros((n_strata, 4), dtype=np.uint32)
    place = np.zeros(n_strata, dtype=np.int64)
    for t in range(trials):
        place[:] = 0
        for i in range(patients):
            s = strata[t, i]
            at = place[s]
            if at % 4 == 0:
                _philox(key0, key1, np.uint64(at // 4), np.uint64(s), replicates[t], drawn[s])
            words[t, i] = drawn[s, at % 4]
            place[s] = at + 1


@njit(cache=True, nogil=True, fastmath=False)
def _philox(key0, key1, block, unit, replicate, words):
    """The four words of `seeds.philox4x32` at one address of a stream."""
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    c0, c1, c2, c3 = block, unit, replicate & low, replicate >> half
    for _ in range(10):
        p0, p1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (p1 >> half) ^ c1 ^ key0, p1 & low, (p0 >> half) ^ c3 ^ key1, p0 & low
        key0, key1 = (key0 + np.uint64(0x9E3779B9)) & low, (key1 + np.uint64(0xBB67AE85)) & low
    words[0], words[1], words[2], words[3] = np.uint32(c0), np.uint32(c1), np.uint32(c2), np.uint32(c3)


@njit(cache=True, nogil=True, fastmath=False)
def _chain_arms(words, key0, key1, replicates, strata, n_strata, threshold, following, sizes, n_sizes, arms):
    """`words` decide the arms; the words of block sizes are drawn here, as few are needed."""
    trials, patients = strata.shape
    state, opened = np.zeros(n_strata, dtype=np.int64), np.zeros(n_strata, dtype=np.int64)
    drawn = np.zeros((n_strata, 4), dtype=np.uint32)
    for t in range(trials):
        state[:] = 0
        opened[:] = 0
        for i in range(patients):
            s = strata[t, i]
            at = state[s]
            if n_sizes[at] > 0:
                block = opened[s]
                if block % 4 == 0:
                    _philox(key0, key1, np.uint64(block // 4), np.uint64(s), replicates[t], drawn[s])
                chosen = (np.uint64(drawn[s, block % 4]) * np.uint64(n_sizes[at])) >> np.uint64(32)
                at = np.int64(sizes[at, chosen])
                opened[s] = block + 1
            arm = _reached(words[t, i], threshold[at])
            arms[t, i] = arm
            state[s] = following[at, arm]


@njit(cache=True, nogil=True, fastmath=False, inline="always")
def _reached(word, threshold):
    """How many thresholds a word reaches: they increase."""
    count = 0
    for value in threshold:
        count += np.int64(np.uint64(word) >= value)
    return count


@njit(cache=True, nogil=True, fastmath=False)
def _minimization_arms(words, strata, n_cells, cells, weight, multiplier, measure, threshold, tie, arm, arms):
    trials, patients = strata.shape
    numbers = np.zeros((n_cells, len(multiplier)), dtype=np.int64)
    total = np.zeros(len(multiplier))
    for t in range(trials):
        numbers[:, :] = 0
        for i in range(patients):
            s = strata[t, i]
            total[:] = 0.0
            for m in range(len(weight)):
                _add_imbalances(numbers, cells[s, m], multiplier, measure, weight[m], total)
            chosen = _reached(words[t, i], threshold[_preferred(total, tie)])
            arms[t, i] = arm[chosen]
            for m in range(len(weight)):
                numbers[cells[s, m], chosen] += multiplier[chosen]


@njit(cache=True, nogil=True, fastmath=False)
def _add_imbalances(numbers, cell, multiplier, measure, weight, total):
    """Adds what a cell's imbalance would be with the patient in each candidate; `numbers` come multiplied."""
    candidates = len(multiplier)
    for joined in range(candidates):
        step = multiplier[joined]
        most = least = sums = numbers[cell, joined] + step
        squares = most * most
        for k in range(candidates):
            if k != joined:
                x = numbers[cell, k]
                most, least, sums, squares = max(most, x), min(least, x), sums + x, squares + x * x
        if measure == RANGE:
            value = float(most - least)
        else:
            value = float(candidates * squares - sums * sums)
            if measure == STANDARD_DEVIATION:
                value = np.sqrt(value)
        total[joined] += weight * value


@njit(cache=True, nogil=True, fastmath=False)
def _preferred(total, tie):
    """The set of candidates whose total is least, a bit each."""
    least, chosen = total[0], 0
    for value in total:
        least = min(least, value)
    slack = tie * max(1.0, least)
    for k in range(len(total)):
        chosen |= np.int64(total[k] - least <= slack) << k
    return chosen
