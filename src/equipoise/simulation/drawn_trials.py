"""Trials drawn under a randomization method: who arrives from which stratum, and which arm they are given.

Strata come from the stream `baseline` of each replicate (unit 0, one word per patient), so that methods are compared on
the same patients; arms from `allocation` and `block-sizes`, as `SeededWords` has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise.kernels.plain.allocation import replicate_words
from equipoise.randomization.mixing import Strata
from equipoise.simulation.batches import Batch

Whole = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Patients drawn at once: a few tens of megabytes.
_CHUNK = 2_000_000


@dataclass(frozen=True)
class DrawnTrials:
    """Strata and arms (trials, patients) by number, of trials with `n_strata` strata and the arms of `ratio`."""

    strata: Whole
    arms: npt.NDArray[np.int8]
    n_strata: int
    ratio: tuple[int, ...]

    def counts(self) -> Whole:
        """Patients by trial, stratum and arm."""
        trials, arms = len(self.arms), len(self.ratio)
        cell = (np.arange(trials)[:, None] * self.n_strata + self.strata) * arms + self.arms
        return np.bincount(cell.ravel(), minlength=trials * self.n_strata * arms).reshape(trials, self.n_strata, arms)

    def guesses(self) -> tuple[Floats, Floats]:
        """How much of each assignment (trials, patients) the convergence strategy guesses; equal guesses count in part.

        First from the counts of the patient's stratum, then from those of all patients; see
        `randomization.exact.convergence_guess`.
        """
        by_stratum = self._guessed(self.strata, self.n_strata)
        return by_stratum, by_stratum if self.n_strata == 1 else self._guessed(np.zeros_like(self.strata), 1)

    def _guessed(self, group: Whole, n_groups: int) -> Floats:
        trial, ratio = np.arange(len(group)), np.array(self.ratio)
        counts = np.zeros((len(group), n_groups, len(ratio)), dtype=np.int64)
        found = np.empty(group.shape)
        for i, g in enumerate(group.T):
            seen = counts[trial, g]
            # The larger share decides among arms that are equally far behind.
            behind = (seen.sum(axis=1)[:, None] * ratio - ratio.sum() * seen) * (ratio.max() + 1) + ratio
            best = behind == behind.max(axis=1)[:, None]
            found[:, i] = best[trial, self.arms[:, i]] / best.sum(axis=1)
            counts[trial, g, self.arms[:, i]] += 1
        return found

    def bias(self, trend: Floats, arm: int, reference: int) -> Floats:
        """The mean of the trend over an arm less that over another, by trial; NaN where one is empty."""
        means = []
        for which in (arm, reference):
            inside = self.arms == which
            with np.errstate(invalid="ignore", divide="ignore"):
                means.append(inside @ trend / inside.sum(axis=1))
        return means[0] - means[1]


def draw_trials(batch: Batch, strata: Strata, *, replicates: int, seed: int, engine: str) -> Iterator[DrawnTrials]:
    """Trials of a method with patients from these strata, some thousands at a time."""
    size = max(1, _CHUNK // batch.n)
    ratio = tuple(batch.method.scheme.ratio.values())
    for first in range(0, replicates, size):
        numbers = np.arange(first, min(first + size, replicates), dtype=np.int64)
        patients = draw_strata(strata, numbers, seed)
        arms = batch.draw(patients, seed, first=first, engine=engine)
        yield DrawnTrials(patients, arms, len(strata.strata), ratio)


def draw_strata(strata: Strata, replicates: Whole, seed: int) -> Whole:
    """The stratum of every patient (trials, patients): by prevalence, or the stated sizes in random order."""
    words = replicate_words(seed, "baseline", replicates, 1, strata.n)[:, 0, :]
    if strata.sizes is not None:
        listed = np.repeat(np.arange(len(strata.strata)), [strata.sizes.get(s, 0) for s in strata.strata])
        return listed[np.argsort(words, axis=1, kind="stable")]
    edges = np.cumsum([strata.shares[s] for s in strata.strata])[:-1] * 2.0**32
    return np.searchsorted(edges, words.astype(np.float64), side="right").astype(np.int64)
