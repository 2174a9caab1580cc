"""The general trial engine, compiled: any number of strata and arms, at some tens of thousands of trials a second.

Twin of `plain.general_looks.simulate_chunk` and `plain.general_draws.draw_histories`: the same draws bit for bit, the
same look times, statistics to rounding. Serial and without the interpreter's lock, for threads to share trials among
themselves. Rates by feature: docs/methods/trial-engines.md, measured by benchmarks/trials_general.py.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from equipoise.kernels.compiled import allocation
from equipoise.kernels.compiled.general_draws import draw_patients, draw_strata, draw_words
from equipoise.kernels.compiled.general_looks import enrolled, look_time, observe, sort_keys
from equipoise.kernels.compiled.general_pack import (
    ARMS,
    CENSOR_AT_SCAN,
    COX,
    ENDPOINTS,
    GAPS,
    MEDIANS,
    PATIENTS,
    STRATA,
    pack,
)
from equipoise.kernels.compiled.general_statistics import add_comparisons, add_curves
from equipoise.kernels.plain.allocation import MinimizationTables
from equipoise.kernels.plain.general_draws import Histories
from equipoise.kernels.plain.general_spec import GeneralTrial
from equipoise.kernels.plain.trial_spec import ENROLLED, TIME
from equipoise.seeds import Stream

# Trials whose arms are held at once.
_GROUP = 256
# What the kernel keeps of a patient: a history and the cell.
_DRAWN = (*Histories._fields, "cell")


def simulate_chunk(trial: GeneralTrial, seed: int, first: int, count: int, out: np.ndarray) -> None:
    """See `plain.general_looks.simulate_chunk`."""
    packed, nothing = pack(trial.spec), np.empty((0, len(_DRAWN), trial.spec.base.patients), dtype=np.int64)
    for start, size, arms in _groups(trial, seed, first, count):
        # A block of its own: a slice is of another type, for which the kernel would be compiled again.
        part = np.empty((*out.shape[:2], size))
        _simulate(*packed, *_key(seed), first + start, size, arms, nothing, part)
        out[:, :, start : start + size] = part


def draw_histories(trial: GeneralTrial, seed: int, first: int, count: int) -> Histories:
    """See `plain.general_draws.draw_histories`: the same patients."""
    found = np.empty((count, len(_DRAWN), trial.spec.base.patients), dtype=np.int64)
    packed, nothing = pack(trial.spec), np.empty((0, 0, 0))
    for start, size, arms in _groups(trial, seed, first, count):
        _simulate(*packed, *_key(seed), first + start, size, arms, found[start : start + size], nothing)
    *times, switched = (np.ascontiguousarray(found[:, k]) for k in range(len(Histories._fields)))
    return Histories._make([*times, switched > 0])


def _key(seed):
    first, second = Stream(seed, "trials").key
    return np.uint64(first), np.uint64(second)


def _groups(trial, seed, first, count):
    """Where each group of trials starts, its size, and its arms where a method with tables gives them."""
    base, tables = trial.spec.base, trial.allocation
    limits = base.stratum_limits.astype(np.int64)
    size = count if tables is None else _GROUP
    for start in range(0, count, max(size, 1)):
        many = min(size, count - start)
        arms = np.empty((1, 0), dtype=np.int8)
        if tables is not None:
            strata = np.empty((many, base.patients), dtype=np.int64)
            _strata(limits, *_key(seed), first + start, strata)
            replicates = np.arange(first + start, first + start + many, dtype=np.int64)
            if isinstance(tables, MinimizationTables):
                arms = allocation.minimization_arms(seed, replicates, strata, tables)
            else:
                arms = allocation.chain_arms(seed, replicates, strata, base.strata, tables)
        yield start, many, arms


@njit(cache=True, nogil=True, fastmath=False)
def _strata(limits, key0, key1, first, strata):
    words = np.empty((4, strata.shape[1]), dtype=np.uint32)
    for t in range(len(strata)):
        draw_words(key0, key1, np.uint64(0), np.uint64(first) + np.uint64(t), words)
        draw_strata(limits, words, strata[t])


@njit(cache=True, nogil=True, fastmath=False)
def _simulate(
    settings, total, arrival, event, dropout, planned, stratum_limits, arm_limits, contents, laws, switch, scans, looks,
    rows, tests, landmarks, windows, key0, key1, first, count, arms, drawn, out,
):  # fmt: skip
    """Fills `drawn` (count, 9, n) with the patients where it has room for them, else `out` with the statistics."""
    n, n_arms, n_strata, gaps = settings[PATIENTS], settings[ARMS], settings[STRATA], settings[GAPS]
    patients, reached = np.zeros((9, n), dtype=np.int64), np.zeros(gaps, dtype=np.float32)
    words, left = np.zeros((4, gaps), dtype=np.uint32), np.zeros((n_strata, n_arms + 1), dtype=np.int64)
    keys, spare, counts = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64), np.zeros(n + 2, dtype=np.int64)
    at_risk, table = np.zeros((n_strata, n_arms), dtype=np.int64), np.zeros((n, 2 * n_arms), dtype=np.int64)
    sets, curve, by_stratum = np.zeros((2, n), dtype=np.int64), np.zeros((5, n)), np.zeros((2, n_strata))
    column = np.zeros(out.shape[0])
    for t in range(count):
        given = arms[t if len(arms) > 1 else 0]
        draw_patients(
            settings, total, arrival, event, dropout, planned, stratum_limits, arm_limits, contents, laws, switch,
            scans, key0, key1, np.uint64(first + t), given, patients, words, reached, left,
        )  # fmt: skip
        if len(drawn):
            for row in range(len(patients)):
                for i in range(n):
                    drawn[t, row, i] = patients[row, i]
            continue
        for look in range(len(looks)):
            cut = look_time(looks[look], patients, keys)
            column[:] = math.nan
            column[TIME], column[ENROLLED] = cut, enrolled(patients, cut)
            for endpoint in range(settings[ENDPOINTS]):
                seen = observe(patients, cut, endpoint, scans, settings[CENSOR_AT_SCAN] > 0, keys)
                ordered, own = sort_keys(keys, spare, counts, seen), rows[endpoint]
                add_comparisons(
                    own, settings[COX] > 0, tests, endpoint, ordered, seen, at_risk, sets, table, by_stratum, column
                )
                if settings[MEDIANS] or len(landmarks) or len(windows):
                    add_curves(own, settings[MEDIANS] > 0, landmarks, windows, endpoint, ordered, seen, curve, column)
            for row in range(len(column)):
                out[row, look, t] = column[row]
