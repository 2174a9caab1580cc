"""Twin of `plain.trial_draws` for one trial on one thread of a CUDA device: the same patients bit for bit.

Products that feed a sum are taken by `rounded_product`, which a device never fuses with it. Patient r of the thread's
trial stands in column `at` of the working memory: in row r its entry, in row n + r its key: the tick of event or
dropout (28 bits), one bit of censoring, two of stratum, one of arm.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda as numba_cuda

from equipoise.kernels.device.presence import simulated
from equipoise.kernels.plain.trial_draws import LOG_COEFFICIENTS, LOG_SHIFT, MOST_TICKS
from equipoise.kernels.plain.trial_spec import BLOCKS, NEVER, PLANNED, UNIFORM

# Typed as anything: the types that numba itself still carries of it are of an older one.
cuda: Any = numba_cuda

CENSORED = 8
PATIENTS, STRATA, ARRIVAL, ALLOCATION, COX, MEDIANS = range(6)

_LOW, _WORD = np.uint64(0xFFFFFFFF), np.uint64(32)
_M0, _M1, _W0, _W1 = (np.uint64(each) for each in (0xD2511F53, 0xCD9E8D57, 0x9E3779B9, 0xBB67AE85))
_BYTE, _ONE, _ZERO = np.uint64(8), np.float32(1.0), np.float32(0.0)
_LAST_BYTE, _FIELD = np.int64(0xFF), np.uint64(0xFFFF)
_SHIFT, _SIGNIFICAND = np.int64(LOG_SHIFT), np.int64(0x7FFFFF)
_C0, _C1, _C2, _C3, _C4, _C5, _C6, _C7 = LOG_COEFFICIENTS
_BITS = np.float32(24.0)

if simulated():

    @cuda.jit(device=True)
    def rounded_product(a, b):
        """The product of two 32-bit floats, rounded before anything is added to it."""
        return a * b

else:

    @cuda.jit(device=True)
    def rounded_product(a, b):
        """The product of two 32-bit floats, rounded before anything is added to it."""
        return cuda.libdevice.fmul_rn(a, b)


@cuda.jit(device=True)
def patient_words(key0, key1, patient, trial):
    """The four words of block 0 of a patient (Philox4x32-10, see `seeds`)."""
    c0, c1, c2, c3 = np.uint64(0), np.uint64(patient), trial & _LOW, trial >> _WORD
    for _ in range(10):
        p0, p1 = c0 * _M0, c2 * _M1
        c0, c1, c2, c3 = (p1 >> _WORD) ^ c1 ^ key0, p1 & _LOW, (p0 >> _WORD) ^ c3 ^ key1, p0 & _LOW
        key0, key1 = (key0 + _W0) & _LOW, (key1 + _W1) & _LOW
    return c0, c1, c2, c3


@cuda.jit(device=True)
def standard_exponential(word):
    """See `plain.trial_draws.standard_exponential`."""
    x = np.float32(np.int64(word >> _BYTE) + 1)
    shifted = np.int64(x.view(np.uint32)) - _SHIFT
    f = np.uint32((shifted & _SIGNIFICAND) + _SHIFT).view(np.float32) - _ONE
    q = rounded_product(_C7, f) + _C6
    q = rounded_product(q, f) + _C5
    q = rounded_product(q, f) + _C4
    q = rounded_product(q, f) + _C3
    q = rounded_product(q, f) + _C2
    q = rounded_product(q, f) + _C1
    q = rounded_product(q, f) + _C0
    return (_BITS - np.float32(shifted >> 23)) - rounded_product(f, q)


@cuda.jit(device=True)
def inverse(reached, cell, cut, start, slope):
    """See `plain.trial_draws._inverse`."""
    piece = 0
    for k in range(1, len(start)):
        if reached >= cut[cell, k]:
            piece = k
    within = min(rounded_product(reached - cut[cell, piece], slope[cell, piece]), MOST_TICKS)
    return min(np.int64(start[piece]) + np.int64(within), NEVER)


@cuda.jit(device=True)
def spread(settings, total, key0, key1, trial):
    """What cumulated gaps are multiplied by: `total` over the sum of one gap more than there are patients."""
    if settings[ARRIVAL] != UNIFORM:
        return _ONE
    reached = _ZERO
    for i in range(settings[PATIENTS] + 1):
        reached = reached + standard_exponential(patient_words(key0, key1, i, trial)[0])
    return total / reached


@cuda.jit(device=True)
def drawn_number(draw, limits):
    """How many limits are not above the draw."""
    found = 0
    for limit in limits:
        found += np.int64(draw) >= np.int64(limit)
    return found


@cuda.jit(device=True)
def arm_in_block(left, stratum, contents, place, size):
    """The arm that an urn gives, and what is left then: 16 bits a stratum, control in the low eight."""
    shift = np.uint64(16 * stratum)
    held = np.int64((left >> shift) & _FIELD)
    control, experimental = held & _LAST_BYTE, held >> 8
    if held == 0:
        opened = (size * len(contents)) >> 16
        control, experimental = np.int64(contents[opened, 0]), np.int64(contents[opened, 1])
    arm = np.int64(((place * (control + experimental)) >> 24) >= control)
    kept = (control - (1 - arm)) | (experimental - arm) << 8
    return arm, (left & ~(_FIELD << shift)) | np.uint64(kept) << shift


@cuda.jit(device=True)
def draw_patients(
    settings, total, arrival_cut, arrival_start, arrival_slope, planned, stratum_limits, arm_limits, contents,
    event_cut, event_start, event_slope, dropout_cut, dropout_start, dropout_slope, key0, key1, trial, work, at,
):  # fmt: skip
    """Fills the thread's column with the patients of a trial."""
    n, reached, left = settings[PATIENTS], _ZERO, np.uint64(0)
    factor = spread(settings, total, key0, key1, trial)
    for i in range(n):
        w0, w1, w2, w3 = patient_words(key0, key1, i, trial)
        reached = reached + standard_exponential(w0)
        if settings[ARRIVAL] == PLANNED:
            entry = np.int64(planned[i])
        else:
            entry = inverse(rounded_product(reached, factor), 0, arrival_cut, arrival_start, arrival_slope)
        draw = (np.int64(w0) & _LAST_BYTE) << 8 | (np.int64(w1) & _LAST_BYTE)
        stratum = drawn_number(draw, stratum_limits)
        place = np.int64(w3 >> _BYTE)
        if settings[ALLOCATION] == BLOCKS:
            size = (np.int64(w2) & _LAST_BYTE) << 8 | (np.int64(w3) & _LAST_BYTE)
            arm, left = arm_in_block(left, stratum, contents, place, size)
        else:
            arm = drawn_number(place, arm_limits)
        cell = 2 * stratum + arm
        event = min(inverse(standard_exponential(w1), cell, event_cut, event_start, event_slope) + 1, NEVER)
        loss = min(inverse(standard_exponential(w2), cell, dropout_cut, dropout_start, dropout_slope) + 1, NEVER)
        work[i, at] = np.uint32(entry)
        work[n + i, at] = np.uint32(min(event, loss) << 4 | CENSORED * (event > loss) | stratum << 1 | arm)
