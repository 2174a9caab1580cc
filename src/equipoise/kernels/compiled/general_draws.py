"""Twins of `plain.general_draws` and of the parts of `plain.trial_draws` that it uses: one trial after the other.

The same bits. Compiled into the entries of `compiled.general_trials`.
"""

from __future__ import annotations

import numpy as np

from equipoise.kernels.compiled.general_laws import (
    cumulated_hazard,
    log_positive,
    piecewise_time,
    to_ticks,
    transition_time,
    uniform,
)
from equipoise.kernels.compiled.general_pack import (
    ALLOCATION,
    ARMS,
    ARRIVAL,
    CUT,
    ENDPOINTS,
    KIND,
    PATIENTS,
    SINCE_RANDOMIZATION,
    SLOPE,
    START,
    STEP,
)
from equipoise.kernels.compiled.lanes import inner
from equipoise.kernels.plain.general_spec import BASE, DEATH_AFTER, DEATH_BEFORE, PROGRESSION
from equipoise.kernels.plain.trial_draws import LOG_COEFFICIENTS, LOG_SHIFT, MOST_TICKS
from equipoise.kernels.plain.trial_spec import BLOCKS, NEVER, PLANNED, UNIFORM

# Rows of a trial's patients, as in `plain.general_draws.Histories`, and one more for the cell.
ENTRY, STRATUM, ARM, DROPOUT, PROGRESSED, DIED, SEEN, SWITCHED, CELL = range(9)
_BITS = np.float32(24.0)
_ONE = np.float32(1.0)


@inner
def draw_patients(
    settings, total, arrival, event, dropout, planned, stratum_limits, arm_limits, contents, key0, key1, number, given,
    patients, words, reached, left,
):  # fmt: skip
    """Fills `patients` (9, n) by the laws of the base; `given` (n): the arms, or nothing; the last three: scratch."""
    draw_words(key0, key1, np.uint64(0), number, words)
    if settings[ARRIVAL] == PLANNED:
        _take(planned, patients[ENTRY])
    else:
        _enter(words[0], settings[ARRIVAL] == UNIFORM, total, arrival, reached, patients[ENTRY])
    draw_strata(stratum_limits, words, patients[STRATUM])
    if len(given):
        _take(given, patients[ARM])
    elif settings[ALLOCATION] == BLOCKS:
        _arms_in_blocks(contents, words, patients[STRATUM], left, patients[ARM])
    else:
        _arms_by_share(arm_limits, words[3], patients[ARM])
    for i in range(settings[PATIENTS]):
        patients[CELL, i] = patients[STRATUM, i] * settings[ARMS] + patients[ARM, i]
        patients[DIED, i], patients[SWITCHED, i] = NEVER, 0
    _base_times(words[2], patients[CELL], dropout, patients[DROPOUT])
    _base_times(words[1], patients[CELL], event, patients[PROGRESSED])
    _take(patients[PROGRESSED], patients[SEEN])


@inner
def change_patients(settings, laws, switch, scans, key0, key1, number, patients, words):
    """What the general spec adds to the patients of its base: laws of its own, deaths, whole days, scans."""
    draw_words(key0, key1, np.uint64(0), number, words)
    _law_times(words[1], patients[CELL], laws[PROGRESSION], patients[PROGRESSED])
    if settings[ENDPOINTS] > 1:
        draw_words(key0, key1, np.uint64(1), number, words)
        _law_times(words[0], patients[CELL], laws[DEATH_BEFORE], patients[DIED])
        _deaths(words, laws[DEATH_AFTER], switch, settings[SINCE_RANDOMIZATION] > 0, patients)
    _see(settings[STEP], scans, patients)


@inner
def _take(values, found):
    # A loop: assigning a slice compiles the words of errors that cannot happen.
    for i in range(len(found)):
        found[i] = values[i]


@inner
def draw_words(key0, key1, block, number, words):
    """`seeds.philox4x32` at patients 0, 1, ... of a trial, into `words` (4, patients)."""
    mask, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    low, high = number & mask, number >> half
    for i in range(words.shape[1]):
        c0, c1, c2, c3 = block, np.uint64(i), low, high
        k0, k1 = key0, key1
        for _ in range(10):
            p0, p1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
            c0, c1, c2, c3 = (p1 >> half) ^ c1 ^ k0, p1 & mask, (p0 >> half) ^ c3 ^ k1, p0 & mask
            k0, k1 = (k0 + np.uint64(0x9E3779B9)) & mask, (k1 + np.uint64(0xBB67AE85)) & mask
        words[0, i], words[1, i], words[2, i], words[3, i] = c0, c1, c2, c3


@inner
def draw_strata(limits, words, stratum):
    """The stratum of each patient, from the low bytes of the first two words."""
    for i in range(len(stratum)):
        stratum[i] = _place_of(limits, _low_bytes(words[0, i], words[1, i]))


@inner
def _low_bytes(first, second):
    return (np.int64(first) & 0xFF) << 8 | (np.int64(second) & 0xFF)


@inner
def _arms_by_share(limits, word, arm):
    for i in range(len(arm)):
        arm[i] = _place_of(limits, np.int64(word[i]) >> 8)


@inner
def _place_of(limits, draw):
    """The first place whose limit exceeds the draw."""
    place = 0
    for k in range(len(limits) - 1):
        place += draw >= limits[k]
    return place


@inner
def _arms_in_blocks(contents, words, stratum, left, arm):
    """The urn of `plain.trial_draws.arms_in_blocks`; `left` (S, A + 1) ends with the places left in all."""
    arms = contents.shape[1]
    left[:, :] = 0
    for i in range(len(arm)):
        s = stratum[i]
        if left[s, arms] == 0:
            opened = (_low_bytes(words[2, i], words[3, i]) * len(contents)) >> 16
            for a in range(arms):
                left[s, a] = contents[opened, a]
                left[s, arms] += contents[opened, a]
        ball = ((np.int64(words[3, i]) >> 8) * left[s, arms]) >> 24
        a = 0
        ball -= left[s, 0]
        while ball >= 0:
            a += 1
            ball -= left[s, a]
        left[s, a] -= 1
        left[s, arms] -= 1
        arm[i] = a


@inner
def standard_exponential(word):
    x = np.float32((word >> np.uint32(8)) + np.uint32(1))
    shifted = np.uint32(x.view(np.uint32) - np.uint32(LOG_SHIFT))
    exponent = np.float32(shifted >> np.uint32(23))
    f = np.uint32((shifted & np.uint32(0x7FFFFF)) + np.uint32(LOG_SHIFT)).view(np.float32) - _ONE
    q = LOG_COEFFICIENTS[-1]
    for k in range(len(LOG_COEFFICIENTS) - 2, -1, -1):
        q = q * f + LOG_COEFFICIENTS[k]
    return (_BITS - exponent) - f * q


@inner
def _inverse(reached, pieces):
    """`pieces` (K, 3) of one cell; the arithmetic is of 32 bits, as in `plain.trial_draws._inverse`."""
    piece = 0
    for k in range(1, len(pieces)):
        if reached >= np.float32(pieces[k, CUT]):
            piece = k
    within = (reached - np.float32(pieces[piece, CUT])) * np.float32(pieces[piece, SLOPE])
    return min(np.int64(pieces[piece, START]) + np.int64(min(within, MOST_TICKS)), NEVER)


@inner
def _enter(word, uniform_arrivals, total, arrival, reached, entry):
    """Entries of a Poisson process, or of one that has them all by the time it has cumulated `total`."""
    so_far = np.float32(0.0)
    for i in range(len(reached)):
        so_far = so_far + standard_exponential(word[i])
        reached[i] = so_far
    scale = total / so_far if uniform_arrivals else _ONE
    for i in range(len(entry)):
        entry[i] = _inverse(reached[i] * scale, arrival)


@inner
def _base_times(word, cell, pieces, found):
    for i in range(len(found)):
        found[i] = min(_inverse(standard_exponential(word[i]), pieces[cell[i]]) + 1, NEVER)


@inner
def _law_times(word, cell, laws, found):
    """Times of a transition, where its law is not that of the base."""
    others = 0
    for c in range(len(laws)):
        others += laws[c, KIND] != BASE
    if others == 0:
        return
    for i in range(len(found)):
        law = laws[cell[i]]
        if law[KIND] != BASE:
            found[i] = to_ticks(transition_time(law, uniform(word[i])))


@inner
def _deaths(words, laws, switch, since_randomization, patients):
    """See `plain.general_draws._deaths`; rows PROGRESSED and DIED hold progression and death before it."""
    for i in range(patients.shape[1]):
        progression, law, arm = patients[PROGRESSED, i], laws[patients[CELL, i]], patients[ARM, i]
        if progression >= patients[DIED, i]:
            patients[PROGRESSED, i] = NEVER
            continue
        exponential = -log_positive(uniform(words[1, i]))
        if np.float64(np.int64(words[2, i]) >> 8) < switch[arm, 0]:
            patients[SWITCHED, i] = 1
            exponential = exponential / switch[arm, 1]
        if since_randomization:
            exponential = exponential + cumulated_hazard(law, np.float64(progression))
            after = max(to_ticks(piecewise_time(law, exponential)), progression + 1)
        else:
            after = progression + to_ticks(piecewise_time(law, exponential))
        patients[DIED, i] = min(after, NEVER)


@inner
def _see(step, scans, patients):
    """Rounds times to whole multiples of a step, and fills in when endpoint 0 is seen."""
    for i in range(patients.shape[1]):
        if step > 1:
            patients[ENTRY, i] = patients[ENTRY, i] // step * step
            for row in (DROPOUT, PROGRESSED, DIED):
                patients[row, i] = min(-(-patients[row, i] // step) * step, NEVER)
        seen = patients[PROGRESSED, i]
        if len(scans) and seen < NEVER:
            place = _scans_before(scans, seen)
            seen = scans[place] if place < len(scans) else NEVER
        patients[SEEN, i] = min(seen, patients[DIED, i])


@inner
def last_scan(scans, time):
    """See `plain.general_draws.last_scan`."""
    place = _scans_before(scans, time + 1)
    return scans[place - 1] if place else 0


@inner
def _scans_before(scans, time):
    """How many scans come before a time: a guess by the first interval, then step by step."""
    place = min(time // scans[0], len(scans))
    while place > 0 and scans[place - 1] >= time:
        place -= 1
    while place < len(scans) and scans[place] < time:
        place += 1
    return place
