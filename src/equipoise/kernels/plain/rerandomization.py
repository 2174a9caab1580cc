"""Labels drawn again as the randomization drew them, and the log-rank sums of every such labelling."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

# A table of this many arrangements is indexed by one 32-bit word with a relative bias below 1e-6.
LARGEST_TABLE = 4096
_JOINED_TABLE = 1024
_MASK_BITS = 32


class ArrangementTables(NamedTuple):
    """Independent cells of subjects, each with equally likely arrangements of the experimental label.

    Cell g holds the subjects `subject[start[g]:start[g + 1]]` and the arrangements `mask[first[g]:first[g + 1]]`: bit k
    of a mask is the label of the cell's k-th subject.
    """

    subject: np.ndarray
    start: np.ndarray
    mask: np.ndarray
    first: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        return np.diff(self.first)


class LogrankLayout(NamedTuple):
    """What the log-rank sums of any labelling x of the same times need, subjects in the order of the scan.

    U = sum x_i score_i, and V = sum x_i linear_i - sum over rows of square Y^2, Y being the running sum of x within the
    stratum from its last time backwards. `order` (n) is the scan: by stratum, latest time first; `new` (n) marks
    the first row of a stratum; `square` (n) is d (n - d) / ((n - 1) n^2) at the last row scanned of each event time,
    else 0. `score` and `linear` (n) are by subject.
    """

    order: np.ndarray
    new: np.ndarray
    square: np.ndarray
    score: np.ndarray
    linear: np.ndarray


def logrank_layout(time: np.ndarray, event: np.ndarray, stratum: np.ndarray) -> LogrankLayout:
    """The scan of the log-rank test, which no labelling changes.

    The score of a subject is event - sum of d / n over event times up to its own: U = O - E is linear in the labels.
    With c = d (n - d) / ((n - 1) n^2) the variance sum c Y (n - Y) is sum c n Y - sum c Y^2, linear plus a square.
    """
    n_rows = len(time)
    order = np.lexsort((-time, stratum))
    new, square = np.zeros(n_rows, dtype=bool), np.zeros(n_rows)
    score, linear = event.astype(float), np.zeros(n_rows)
    for s in np.unique(stratum):
        rows = order[stratum[order] == s]
        offset = int(np.flatnonzero(stratum[order] == s)[0])
        new[offset] = True
        at, inverse = np.unique(time[rows], return_inverse=True)
        n = np.searchsorted(np.sort(-time[rows]), -at, side="right").astype(float)
        d = np.bincount(inverse, weights=event[rows], minlength=len(at))
        c = d * (n - d) / (np.maximum(n - 1.0, 1.0) * n * n)
        score[rows] -= np.cumsum(d / n)[inverse]
        linear[rows] = np.cumsum(c * n)[inverse]
        # Scanned backwards, all at risk at a time have been seen at position n - 1 of the stratum.
        square[offset + n.astype(np.int64) - 1] = c
    return LogrankLayout(order, new, square, score, linear)


def arrangement_tables(cells: Sequence[tuple[np.ndarray, int, int]]) -> ArrangementTables:
    """Tables for cells (subjects, size, experimental): the first subjects of a block of `size` with so many labels.

    Every arrangement of a full block is equally likely; places of a block that was never filled are simply not read.
    Small cells are joined, so that one word serves several.
    """
    joined: list[tuple[list[int], np.ndarray]] = []
    for subjects, size, experimental in cells:
        masks = block_masks(size, experimental)
        last = joined[-1] if joined else None
        if (
            last is not None
            and len(last[0]) + len(subjects) <= _MASK_BITS
            and len(last[1]) * len(masks) <= _JOINED_TABLE
        ):
            low = np.uint64((1 << len(subjects)) - 1)
            more = (masks & low) << np.uint64(len(last[0]))
            joined[-1] = (last[0] + subjects.tolist(), (last[1][:, None] | more[None, :]).ravel())
        else:
            joined.append((subjects.tolist(), masks & np.uint64((1 << len(subjects)) - 1)))
    start = np.concatenate(([0], np.cumsum([len(subjects) for subjects, _ in joined])))
    first = np.concatenate(([0], np.cumsum([len(masks) for _, masks in joined])))
    subject = np.array([i for subjects, _ in joined for i in subjects], dtype=np.int64)
    mask = np.concatenate([masks for _, masks in joined]).astype(np.uint32)
    return ArrangementTables(subject, start.astype(np.int64), mask, first.astype(np.int64))


def block_masks(size: int, experimental: int) -> np.ndarray:
    """Every way to place `experimental` labels in a block of `size`, one bit a place, in lexicographic order."""
    masks = [sum(1 << place for place in chosen) for chosen in combinations(range(size), experimental)]
    return np.array(masks, dtype=np.uint64)


def draw_arrangements(words: np.ndarray, tables: ArrangementTables) -> np.ndarray:
    """Labels (draws, n) from one 32-bit word per draw and cell: arrangement floor(word * size / 2^32)."""
    chosen = (words.astype(np.uint64) * tables.sizes.astype(np.uint64)) >> np.uint64(32)
    return labels_of(chosen.astype(np.int64), tables)


def enumerate_arrangements(low: int, high: int, tables: ArrangementTables) -> np.ndarray:
    """Labels (high - low, n) of the labellings numbered low to high - 1 in mixed radix."""
    number = np.arange(low, high, dtype=np.int64)
    chosen = np.empty((high - low, len(tables.sizes)), dtype=np.int64)
    for g, size in enumerate(tables.sizes.tolist()):
        chosen[:, g] = number % size
        number = number // size
    return labels_of(chosen, tables)


def labels_of(chosen: np.ndarray, tables: ArrangementTables) -> np.ndarray:
    """Labels (draws, n) of the arrangements chosen (draws, cells)."""
    labels = np.zeros((len(chosen), len(tables.subject)), dtype=np.uint8)
    for g in range(len(tables.sizes)):
        mask = tables.mask[tables.first[g] + chosen[:, g]]
        for k, i in enumerate(tables.subject[tables.start[g] : tables.start[g + 1]]):
            labels[:, i] = (mask >> np.uint32(k)) & np.uint32(1)
    return labels


def logrank_of_labels(labels: np.ndarray, layout: LogrankLayout) -> tuple[np.ndarray, np.ndarray]:
    """U = O - E of the experimental label and its hypergeometric variance, for each labelling (draws, n)."""
    x = labels.astype(float)
    running = np.cumsum(x[:, layout.order], axis=1)
    heads = np.flatnonzero(layout.new)
    before = np.zeros((len(x), len(heads)))
    before[:, 1:] = running[:, heads[1:] - 1]
    at_risk = running - np.repeat(before, np.diff(np.append(heads, x.shape[1])), axis=1)
    return x @ layout.score, x @ layout.linear - (at_risk * at_risk) @ layout.square


def draw_urns(
    words: np.ndarray, stratum: np.ndarray, left: np.ndarray, total: np.ndarray, sizes: np.ndarray | None
) -> np.ndarray:
    """Labels (draws, n) by an urn per stratum, subjects in order of arrival.

    `left` and `total` (S) are the experimental balls and all balls a stratum's urn starts with. A subject gets the
    experimental label when floor(word * total / 2^32) < left. With `sizes` (m, 2: block size, experimental share) an
    empty urn is filled again by a block drawn with equal probabilities, the second half of the words choosing.
    """
    draws, n = len(words), len(stratum)
    exp = np.tile(left.astype(np.int64), (draws, 1))
    balls = np.tile(total.astype(np.int64), (draws, 1))
    labels = np.zeros((draws, n), dtype=np.uint8)
    wide = words.astype(np.uint64)
    for i in range(n):
        s = stratum[i]
        if sizes is not None:
            choice = ((wide[:, n + i] * np.uint64(len(sizes))) >> np.uint64(32)).astype(np.int64)
            empty = balls[:, s] == 0
            balls[:, s] = np.where(empty, sizes[choice, 0], balls[:, s])
            exp[:, s] = np.where(empty, sizes[choice, 1], exp[:, s])
        place = (wide[:, i] * balls[:, s].astype(np.uint64)) >> np.uint64(32)
        label = place.astype(np.int64) < exp[:, s]
        labels[:, i] = label
        exp[:, s] -= label
        balls[:, s] -= 1
    return labels
