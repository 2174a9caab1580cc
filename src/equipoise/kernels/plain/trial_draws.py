"""The law of draws of simulated trials: from the seed and the number of a trial to its patients.

Every patient takes the four words of one Philox block: key of the stream "trials", counter (0, patient, trial low,
trial high). The top 24 bits of the words draw, in order, the gap before the patient's arrival, the event, the dropout
and the arm; of the low bytes the first two make a 16-bit draw of the stratum, the last two a 16-bit draw of the size of
a block, should this patient open one. No bit serves two ends, so the draws are independent; a probability is off by
less than 2^-24 (arm) or 2^-16 (stratum, block size; exact where it is a multiple of 2^-16).

Arithmetic on draws is 32-bit floating point with +, -, *, / and conversions only, each correctly rounded (no fused
multiply-add), so that every processor gives the same bits.

To extend: further words of a patient stand in blocks 1, 2, ... (`patient_words(..., block=1)`); block 0 keeps its
meaning. `standard_exponential`, `piecewise_time`, `entry_ticks`, `strata_of`, `arms_in_blocks` can be taken singly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise.kernels.plain.trial_spec import BLOCKS, F32, NEVER, PLANNED, U32, UNIFORM, TrialSpec
from equipoise.seeds import Stream, philox4x32

GAP, EVENT, DROPOUT, ARM = range(4)

# -log2 of a uniform of this many bits.
_BITS = 24
# A significand of sqrt(1/2) as the bits of a 32-bit float: below it the exponent is one less.
LOG_SHIFT = 0x3F3504F3
# log2(1 + f) / f on sqrt(1/2) - 1 to sqrt(2) - 1 by Chebyshev interpolation; f Q(f) is right within 3.1e-7 of itself.
LOG_COEFFICIENTS = tuple(
    np.float32(c)
    for c in (
        1.442694902420044, -0.721352756023407, 0.4809240400791168, -0.36024197936058044,
        0.28707560896873474, -0.24882180988788605, 0.2342098504304886, -0.14620353281497955,
    )
)  # fmt: skip
# Where ticks within a piece stop: beyond NEVER, which no 32-bit float equals, so that never stays never.
MOST_TICKS = np.float32(1 << 28)


class Patients(NamedTuple):
    """Drawn patients, arrays (trials, patients) of unsigned 32-bit integers, in order of arrival.

    `entry` in calendar ticks; `event` and `dropout` in ticks after entry, from 1 on, NEVER where beyond the horizon.
    """

    entry: U32
    stratum: U32
    arm: U32
    event: U32
    dropout: U32


def draw_patients(spec: TrialSpec, seed: int, trials: npt.ArrayLike) -> Patients:
    """The patients of the trials with these numbers."""
    # UNIFORM spreads over one gap more than there are patients.
    words = patient_words(seed, trials, spec.patients + (spec.arrival_kind == UNIFORM))
    entry = entry_ticks(spec, words[..., GAP])
    words = words[:, : spec.patients]
    stratum = strata_of(spec, words)
    arm = arms_in_blocks(spec, stratum, words) if spec.allocation_kind == BLOCKS else arms_by_share(spec, words)
    cell = stratum * np.uint32(spec.arms) + arm
    event = standard_exponential(words[..., EVENT])
    dropout = standard_exponential(words[..., DROPOUT])
    return Patients(
        entry,
        stratum,
        arm,
        piecewise_time(event, cell, spec.event_cut, spec.event_start, spec.event_slope),
        piecewise_time(dropout, cell, spec.dropout_cut, spec.dropout_start, spec.dropout_slope),
    )


def patient_words(seed: int, trials: npt.ArrayLike, patients: int, block: int = 0) -> U32:
    """The four words of a block, shape (trials, patients, 4)."""
    number = np.atleast_1d(np.asarray(trials, dtype=np.uint64))
    counter = np.empty((len(number), patients, 4), dtype=np.uint64)
    counter[..., 0] = block
    counter[..., 1] = np.arange(patients, dtype=np.uint64)
    counter[..., 2] = (number & np.uint64(0xFFFFFFFF))[:, None]
    counter[..., 3] = (number >> np.uint64(32))[:, None]
    return philox4x32(Stream(seed, "trials").key, counter)


def standard_exponential(word: U32) -> F32:
    """L = -log2(u), u = (w + 1) / 2^24 for the top 24 bits w of a word: from 0 to 24.

    With x = w + 1 = 2^e (1 + f), 1 + f from sqrt(1/2) on, L = (24 - e) - f Q(f).
    """
    x = ((word >> np.uint32(8)) + np.uint32(1)).astype(np.float32)
    shifted = x.view(np.uint32) - np.uint32(LOG_SHIFT)
    exponent = (shifted >> np.uint32(23)).astype(np.float32)
    f = ((shifted & np.uint32(0x7FFFFF)) + np.uint32(LOG_SHIFT)).view(np.float32) - np.float32(1.0)
    q = np.full_like(f, LOG_COEFFICIENTS[-1])
    for coefficient in LOG_COEFFICIENTS[-2::-1]:
        q = q * f + coefficient
    return np.asarray((np.float32(_BITS) - exponent) - f * q, dtype=np.float32)


def entry_ticks(spec: TrialSpec, word: U32) -> U32:
    """Calendar ticks of arrival: the inverse of the cumulated intensity at cumulated exponential gaps."""
    if spec.arrival_kind == PLANNED:
        return np.broadcast_to(spec.planned_entry, word.shape).copy()
    reached = np.cumsum(standard_exponential(word), axis=1, dtype=np.float32)
    if spec.arrival_kind == UNIFORM:
        reached = np.asarray(reached[:, :-1] * (spec.arrival_total / reached[:, -1:]), dtype=np.float32)
    cell = np.zeros(reached.shape, dtype=np.uint32)
    return _inverse(reached, cell, spec.arrival_cut[None, :], spec.arrival_start, spec.arrival_slope[None, :])


def piecewise_time(exponential: F32, cell: U32, cut: F32, start: U32, slope: F32) -> U32:
    """Ticks from entry, at least 1, at which a cell's cumulated hazard reaches the exponential; NEVER at the most."""
    return np.minimum(_inverse(exponential, cell, cut, start, slope) + np.uint32(1), np.uint32(NEVER))


def _inverse(reached: F32, cell: U32, cut: F32, start: U32, slope: F32) -> U32:
    """start + trunc((reached - cut) slope) on the last piece whose cut is reached, NEVER at the most."""
    piece = np.zeros(cell.shape, dtype=np.int64)
    for k in range(1, len(start)):
        piece[reached >= cut[cell, k]] = k
    within = (reached - cut[cell, piece]) * slope[cell, piece]
    return np.minimum(start[piece] + np.minimum(within, MOST_TICKS).astype(np.uint32), np.uint32(NEVER))


def strata_of(spec: TrialSpec, words: U32) -> U32:
    """The stratum of each patient."""
    draw = (words[..., 0] & np.uint32(0xFF)) << np.uint32(8) | words[..., 1] & np.uint32(0xFF)
    return np.searchsorted(spec.stratum_limits, draw, side="right").astype(np.uint32)


def arms_by_share(spec: TrialSpec, words: U32) -> U32:
    """Complete randomization: every patient drawn for itself."""
    return np.searchsorted(spec.arm_limits, words[..., ARM] >> np.uint32(8), side="right").astype(np.uint32)


def arms_in_blocks(spec: TrialSpec, stratum: U32, words: U32) -> U32:
    """Stratified permuted blocks as an urn: arm g with probability (left of g) / (left in the block).

    A patient who finds no open block in the stratum opens one. Of `left` places the 24-bit draw w points at number
    w left >> 24, counted through the arms in their order.
    """
    contents = spec.block_contents
    size_draw = (words[..., 2] & np.uint32(0xFF)) << np.uint32(8) | words[..., 3] & np.uint32(0xFF)
    opened = (size_draw * np.uint32(len(contents))) >> np.uint32(16)
    place_draw = words[..., ARM] >> np.uint32(8)
    trials, patients = stratum.shape
    left = np.zeros((trials, spec.strata, spec.arms), dtype=np.uint32)
    arm = np.empty((trials, patients), dtype=np.uint32)
    row = np.arange(trials)
    for i in range(patients):
        s = stratum[:, i]
        block = left[row, s]
        block = np.where(block.sum(axis=1, keepdims=True) == 0, contents[opened[:, i]], block)
        ball = (place_draw[:, i].astype(np.uint64) * block.sum(axis=1)) >> np.uint64(24)
        arm[:, i] = (np.cumsum(block, axis=1) <= ball[:, None]).sum(axis=1)
        block[row, arm[:, i]] -= np.uint32(1)
        left[row, s] = block
    return arm
