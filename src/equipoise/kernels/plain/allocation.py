"""Many trials allocated at once, by the words and in the order of `equipoise.randomization`.

A method whose strata draw by themselves comes as a chain: tables of thresholds and following states, made from its
pure functions. Minimization comes as the cells whose balance counts, and the thresholds of every set of preferred
candidates. Word w picks the first arm whose threshold ceil(2^32 c) exceeds it, c the cumulated probability: the ball
that `words.pick` takes from an urn.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise.seeds import Stream, philox4x32

Words = npt.NDArray[np.uint32]
Whole = npt.NDArray[np.int64]
Arms = npt.NDArray[np.int8]

RANGE, VARIANCE, STANDARD_DEVIATION = 0, 1, 2


class ChainTables(NamedTuple):
    """A chain: `threshold` (states, arms - 1), `following` (states, arms), and where a block size is drawn the states
    `sizes` (states, most sizes) it leads to, `n_sizes` (states) of them, 0 elsewhere. State 0 is the start; `blocks` is
    the most sizes that a stratum draws.
    """

    threshold: npt.NDArray[np.uint64]
    following: npt.NDArray[np.int32]
    sizes: npt.NDArray[np.int32]
    n_sizes: npt.NDArray[np.int32]
    blocks: int


class MinimizationTables(NamedTuple):
    """Minimization: `cells` (strata, margins) whose numbers count; `weight` (margins), whole; `multiplier`
    (candidates), which makes numbers comparable; `measure` one of RANGE, VARIANCE, STANDARD_DEVIATION; `threshold`
    (2^candidates, candidates - 1) by the set of preferred candidates, a bit each; `tie`, the relative distance within
    which totals of standard deviations are equal; `arm` (candidates), the arm of each.
    """

    cells: Whole
    weight: Whole
    multiplier: Whole
    measure: int
    threshold: npt.NDArray[np.uint64]
    tie: float
    arm: npt.NDArray[np.int8]


def replicate_words(seed: int, purpose: str, replicates: Whole, units: int, draws: int) -> Words:
    """The words (replicates, units, draws) of `seeds.Stream(seed, purpose, replicate)`, units from 0."""
    blocks = -(-draws // 4)
    counter = np.zeros((len(replicates), units, blocks, 4), dtype=np.uint64)
    counter[..., 0] = np.arange(blocks, dtype=np.uint64)
    counter[..., 1] = np.arange(units, dtype=np.uint64)[:, None]
    numbers = np.asarray(replicates, dtype=np.uint64)[:, None, None]
    counter[..., 2], counter[..., 3] = numbers & np.uint64(0xFFFFFFFF), numbers >> np.uint64(32)
    words = philox4x32(Stream(seed, purpose).key, counter)
    return words.reshape(len(replicates), units, -1)[..., :draws]


def stratum_places(strata: Whole, n_strata: int) -> Whole:
    """The place of every patient within the stratum (from 0), of strata (trials, patients)."""
    place = np.zeros(strata.shape, dtype=np.int64)
    for s in range(n_strata):
        inside = strata == s
        place[inside] = (np.cumsum(inside, axis=1) - 1)[inside]
    return place


def assignment_words(seed: int, replicates: Whole, strata: Whole, n_strata: int) -> Words:
    """The assignment word of every patient (trials, patients): that of the stratum at the patient's place there."""
    words = replicate_words(seed, "allocation", replicates, n_strata, strata.shape[1])
    place = stratum_places(strata, n_strata)
    return words[np.arange(len(strata))[:, None], strata, place]


def chain_arms(seed: int, replicates: Whole, strata: Whole, n_strata: int, tables: ChainTables) -> Arms:
    """The arm of every patient by a chain; `replicates` (trials), `strata` (trials, patients)."""
    words = assignment_words(seed, replicates, strata, n_strata)
    size_words = replicate_words(seed, "block-sizes", replicates, n_strata, tables.blocks)
    trial = np.arange(len(strata))
    state = np.zeros((len(strata), n_strata), dtype=np.int64)
    opened = np.zeros_like(state)
    arms = np.zeros(strata.shape, dtype=np.int8)
    for i, s in enumerate(strata.T):
        at = state[trial, s]
        drawn = np.flatnonzero(tables.n_sizes[at] > 0)
        if len(drawn):
            stratum = s[drawn]
            word = size_words[drawn, stratum, opened[drawn, stratum]].astype(np.uint64)
            chosen = word * tables.n_sizes[at[drawn]].astype(np.uint64) >> np.uint64(32)
            at[drawn] = tables.sizes[at[drawn], chosen.astype(np.int64)]
            opened[drawn, stratum] += 1
        arms[:, i] = (words[:, i, None] >= tables.threshold[at]).sum(axis=1)
        state[trial, s] = tables.following[at, arms[:, i]]
    return arms


def minimization_arms(seed: int, replicates: Whole, strata: Whole, tables: MinimizationTables) -> Arms:
    """The arm of every patient by minimization; `replicates` (trials), `strata` (trials, patients).

    With x = number * multiplier once the patient has joined, the imbalance of a cell is max x - min x, or the variance
    C sum x^2 - (sum x)^2 over the C candidates, or its root; the total is weighted over the patient's cells.
    """
    # Minimization takes its words in order of arrival, whatever the stratum.
    words = assignment_words(seed, replicates, np.zeros_like(strata), 1)
    trial, candidates = np.arange(len(strata)), len(tables.multiplier)
    numbers = np.zeros((len(strata), int(tables.cells.max()) + 1, candidates), dtype=np.int64)
    arms = np.zeros(strata.shape, dtype=np.int8)
    for i, s in enumerate(strata.T):
        total = np.zeros((len(strata), candidates))
        for m, weight in enumerate(tables.weight):
            before = numbers[trial, tables.cells[s, m]]
            total += weight * _imbalances(before, tables.multiplier, tables.measure)
        least = total.min(axis=1, keepdims=True)
        preferred = total - least <= tables.tie * np.maximum(1.0, least)
        chosen = preferred @ (1 << np.arange(candidates))
        place = (words[:, i, None] >= tables.threshold[chosen]).sum(axis=1)
        arms[:, i] = tables.arm[place]
        for m in range(len(tables.weight)):
            numbers[trial, tables.cells[s, m], place] += 1
    return arms


def _imbalances(before: Whole, multiplier: Whole, measure: int) -> npt.NDArray[np.float64]:
    """The imbalance (trials, candidates) of one cell once the patient has joined each candidate."""
    x = (before[:, None, :] + np.eye(len(multiplier), dtype=np.int64)) * multiplier
    if measure == RANGE:
        return (x.max(axis=2) - x.min(axis=2)).astype(np.float64)
    squares = (len(multiplier) * (x * x).sum(axis=2) - x.sum(axis=2) ** 2).astype(np.float64)
    return squares if measure == VARIANCE else np.sqrt(squares)
