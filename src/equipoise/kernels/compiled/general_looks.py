"""Twins of the looks of `plain.general_looks`: when data are cut, and what is seen then, sorted by time.

Compiled into the entries of `compiled.general_trials`.
"""

from __future__ import annotations

import numpy as np

from equipoise.kernels.compiled.general_draws import ARM, DIED, DROPOUT, ENTRY, SEEN, STRATUM, last_scan
from equipoise.kernels.compiled.general_pack import ANY, EARLIEST, FOLLOW_UP, LATEST, RULES
from equipoise.kernels.compiled.lanes import inner
from equipoise.kernels.plain.trial_spec import NEVER, NO_RULE

# A sort key: time, 15 bits of stratum, 16 of arm, one of the event. Without the last 17 it names a risk set.
TIME_SHIFT, STRATUM_SHIFT, ARM_SHIFT = 32, 17, 1
STRATUM_MASK, ARM_MASK = 0x7FFF, 0xFFFF
# Runs of this many keys are sorted by insertion before runs are merged.
_RUN = 8
# More keys in one place than this are not sorted by insertion.
_CROWD = 64


@inner
def look_time(look, patients, scratch):
    """See `plain.general_looks.look_times`; `look` is a row of `general_pack.Packed.looks`."""
    least, most = np.int64(NO_RULE), np.int64(-1)
    for k in range(RULES, len(look), 3):
        if look[k] > 0:
            time = _event_time(look[k], look[k + 1], look[k + 2], patients, scratch)
            least, most = min(least, time), max(most, time)
    if look[EARLIEST] != NO_RULE:
        least, most = min(least, look[EARLIEST]), max(most, look[EARLIEST])
    if look[FOLLOW_UP] != NO_RULE:
        time = patients[ENTRY, patients.shape[1] - 1] + look[FOLLOW_UP]
        least, most = min(least, time), max(most, time)
    if most < 0:
        return look[LATEST]
    return min(least if look[ANY] else most, look[LATEST])


@inner
def _event_time(events, arms, endpoint, patients, scratch):
    row = DIED if endpoint else SEEN
    found = np.int64(0)
    for i in range(patients.shape[1]):
        # Written always and kept or not: branches on drawn data are foretold wrongly.
        happened = patients[row, i]
        scratch[found] = patients[ENTRY, i] + happened
        found += ((arms >> patients[ARM, i]) & 1) * (happened <= patients[DROPOUT, i]) * (happened < NEVER)
    return np.int64(NO_RULE) if events > found else _select(scratch, found, events - 1)


@inner
def _select(values, n, place):
    """The value at a place of the first n values, were they sorted (Hoare's quickselect); reorders them."""
    low, high = 0, n - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if place <= j:
            high = j
        elif place >= i:
            low = i
        else:
            return values[place]
    return values[place]


@inner
def enrolled(patients, cut):
    """How many patients entered before the cut."""
    found = 0
    for i in range(patients.shape[1]):
        found += patients[ENTRY, i] < cut
    return found


@inner
def observe(patients, cut, endpoint, scans, censor_at_scan, keys):
    """See `plain.general_looks.observe`: a key for every patient seen, unsorted; returns how many there are."""
    row = DIED if endpoint else SEEN
    at_scan = censor_at_scan and endpoint == 0
    found = 0
    for i in range(patients.shape[1]):
        follow_up = cut - patients[ENTRY, i]
        known, happened = min(patients[DROPOUT, i], follow_up), patients[row, i]
        event = np.int64(happened <= known) * np.int64(happened < NEVER)
        if at_scan and not event and follow_up > 0:
            known = last_scan(scans, known)
        time = happened if event else known
        keys[found] = time << TIME_SHIFT | patients[STRATUM, i] << STRATUM_SHIFT | patients[ARM, i] << ARM_SHIFT | event
        found += follow_up > 0
    return found


@inner
def sort_keys(keys, spare, counts, n):
    """The first n keys in order, into `spare`; `counts` (n + 2) is scratch.

    Keys go to as many places by their time as there are keys, and by insertion to their own; where many share a place,
    as in heavily tied data, runs are merged instead.
    """
    latest = np.int64(0)
    for i in range(n):
        latest = max(latest, keys[i] >> TIME_SHIFT)
    scale = n / (latest + 1.0)
    for k in range(n + 2):
        counts[k] = 0
    for i in range(n):
        counts[np.int64((keys[i] >> TIME_SHIFT) * scale) + 2] += 1
    most = np.int64(0)
    for k in range(1, n + 2):
        most = max(most, counts[k])
        counts[k] += counts[k - 1]
    if most > _CROWD:
        _merge_sort(keys, spare, n)
        return
    for i in range(n):
        place = np.int64((keys[i] >> TIME_SHIFT) * scale) + 1
        spare[counts[place]] = keys[i]
        counts[place] += 1
    _insert(spare, np.int64(0), n)


@inner
def _insert(keys, start, stop):
    for i in range(start + 1, stop):
        key, j = keys[i], i - 1
        while j >= start and keys[j] > key:
            keys[j + 1] = keys[j]
            j -= 1
        keys[j + 1] = key


@inner
def _merge_sort(keys, spare, n):
    for start in range(0, n, _RUN):
        _insert(keys, start, min(start + _RUN, n))
    _copy(keys, spare, n)
    width = _RUN
    while width < n:
        for start in range(0, n, 2 * width):
            _merge(keys, spare, start, min(start + width, n), min(start + 2 * width, n))
        _copy(spare, keys, n)
        width *= 2


@inner
def _copy(values, found, n):
    for i in range(n):
        found[i] = values[i]


@inner
def _merge(keys, spare, start, middle, stop):
    i, j, k = start, middle, start
    while i < middle and j < stop:
        # Without a branch, which would be foretold wrongly every second time.
        left, right = keys[i], keys[j]
        first = left <= right
        spare[k] = left if first else right
        i += first
        j += not first
        k += 1
    while i < middle:
        spare[k] = keys[i]
        i, k = i + 1, k + 1
    while j < stop:
        spare[k] = keys[j]
        j, k = j + 1, k + 1
