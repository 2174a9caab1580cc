"""The general trial engine, compiled: any number of strata and arms, at some tens of thousands of trials a second.

Twin of `plain.general_looks.simulate_chunk` and `plain.general_draws.draw_histories`: the same draws bit for bit, the
same look times, statistics to rounding. Serial and without the interpreter's lock, for threads to share trials among
themselves. In three parts, so that a trial compiles no more than it needs: drawing the patients of the base, changing
them by the laws of a general spec, reading the looks. Rates by feature: docs/methods/trial-engines.md, measured by
benchmarks/trials_general.py.
"""

from __future__ import annotations

import numpy as np

from equipoise.kernels.compiled import allocation
from equipoise.kernels.compiled.general_draws import change_patients, draw_patients, draw_strata, draw_words
from equipoise.kernels.compiled.general_looks import enrolled, look_time, observe, sort_keys
from equipoise.kernels.compiled.general_pack import (
    ARMS,
    CENSOR_AT_SCAN,
    COX,
    ENDPOINTS,
    GAPS,
    KIND,
    MEDIANS,
    PATIENTS,
    STEP,
    STRATA,
    pack,
)
from equipoise.kernels.compiled.general_statistics import add_comparisons, add_curves
from equipoise.kernels.compiled.lanes import entry
from equipoise.kernels.plain.allocation import MinimizationTables
from equipoise.kernels.plain.general_draws import Histories
from equipoise.kernels.plain.general_spec import BASE, PROGRESSION, GeneralTrial
from equipoise.kernels.plain.trial_spec import ENROLLED, TIME
from equipoise.seeds import Stream

# Trials whose arms are held at once.
_GROUP = 256
# What is kept of a patient: a history and the cell.
_ROWS = len(Histories._fields) + 1
# Trials drawn before their looks: half a megabyte of 198 patients each, which stays in the cache.
_BATCH = 32


def simulate_chunk(trial: GeneralTrial, seed: int, first: int, count: int, out: np.ndarray) -> None:
    """See `plain.general_looks.simulate_chunk`."""
    packed = pack(trial.spec)
    read = (packed.settings, packed.scans, packed.looks, packed.rows, packed.tests, packed.landmarks, packed.windows)
    scratch = _reading_scratch(packed, len(out))
    for start, patients in _drawn(trial, packed, seed, first, count):
        # A block of its own: a slice is of another type, for which the kernel would be compiled again.
        part = np.empty((*out.shape[:2], len(patients)))
        _read(*read, patients, part, *scratch)
        out[:, :, start : start + len(patients)] = part


def draw_histories(trial: GeneralTrial, seed: int, first: int, count: int) -> Histories:
    """See `plain.general_draws.draw_histories`: the same patients."""
    found = np.empty((count, _ROWS, trial.spec.base.patients), dtype=np.int64)
    for start, patients in _drawn(trial, pack(trial.spec), seed, first, count):
        found[start : start + len(patients)] = patients
    *times, switched = (np.ascontiguousarray(found[:, k]) for k in range(len(Histories._fields)))
    return Histories._make([*times, switched > 0])


def _drawn(trial, packed, seed, first, count):
    """The place of some trials in the chunk, and their patients (trials, 9, n), again and again in the same memory."""
    n, gaps = packed.settings[[PATIENTS, GAPS]].tolist()
    words, key, drawn = np.empty((4, gaps), np.uint32), _key(seed), np.empty((_BATCH, _ROWS, n), np.int64)
    scratch = words, np.empty(gaps, np.float32), np.empty((trial.spec.base.strata, trial.spec.base.arms + 1), np.int64)
    changed = _changes_patients(packed)
    for group, size, arms in _groups(trial, seed, first, count):
        for start in range(group, group + size, _BATCH):
            patients = drawn[: min(_BATCH, group + size - start)]
            given = arms[start - group :][:_BATCH] if arms.size else arms
            _draw(*packed[:9], *key, first + start, given, patients, *scratch)
            if changed:
                _change(packed.settings, packed.laws, packed.switch, packed.scans, *key, first + start, patients, words)
            yield start, patients


def _changes_patients(packed):
    settings = packed.settings
    own_laws = (packed.laws[PROGRESSION, :, KIND] != BASE).any()
    return bool(own_laws or settings[ENDPOINTS] > 1 or settings[STEP] > 1 or len(packed.scans))


def _reading_scratch(packed, fields):
    """What looks are worked out in: a kernel that makes no array itself compiles faster."""
    n, n_arms, n_strata = packed.settings[[PATIENTS, ARMS, STRATA]].tolist()
    return (
        np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n + 2, np.int64), np.empty((n_strata, n_arms), np.int64),
        np.empty((n, 2 * n_arms), np.int64), np.empty((2, n), np.int64), np.empty((5, n)), np.empty((2, n_strata)),
        np.empty(fields),
    )  # fmt: skip


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
            _strata(limits, *_key(seed), first + start, np.empty((4, base.patients), dtype=np.uint32), strata)
            replicates = np.arange(first + start, first + start + many, dtype=np.int64)
            if isinstance(tables, MinimizationTables):
                arms = allocation.minimization_arms(seed, replicates, strata, tables)
            else:
                arms = allocation.chain_arms(seed, replicates, strata, base.strata, tables)
        yield start, many, arms


@entry
def _strata(limits, key0, key1, first, words, strata):
    for t in range(len(strata)):
        draw_words(key0, key1, np.uint64(0), np.uint64(first) + np.uint64(t), words)
        draw_strata(limits, words, strata[t])


@entry
def _draw(
    settings, total, arrival, event, dropout, planned, stratum_limits, arm_limits, contents, key0, key1, first, arms,
    drawn, words, reached, left,
):  # fmt: skip
    for t in range(len(drawn)):
        draw_patients(
            settings, total, arrival, event, dropout, planned, stratum_limits, arm_limits, contents, key0, key1,
            np.uint64(first + t), arms[t if len(arms) > 1 else 0], drawn[t], words, reached, left,
        )  # fmt: skip


@entry
def _change(settings, laws, switch, scans, key0, key1, first, drawn, words):
    for t in range(len(drawn)):
        change_patients(settings, laws, switch, scans, key0, key1, np.uint64(first + t), drawn[t], words)


@entry
def _read(
    settings, scans, looks, rows, tests, landmarks, windows, drawn, out,
    keys, ordered, counts, at_risk, table, sets, curve, by_stratum, column,
):  # fmt: skip
    """Fills `out` with the statistics of the patients of every trial at every look."""
    for t in range(len(drawn)):
        patients = drawn[t]
        for look in range(len(looks)):
            cut = look_time(looks[look], patients, keys)
            for row in range(len(column)):
                column[row] = np.nan
            column[TIME], column[ENROLLED] = cut, enrolled(patients, cut)
            for endpoint in range(settings[ENDPOINTS]):
                seen = observe(patients, cut, endpoint, scans, settings[CENSOR_AT_SCAN] > 0, keys)
                sort_keys(keys, ordered, counts, seen)
                own = rows[endpoint]
                add_comparisons(
                    own, settings[COX] > 0, tests, endpoint, ordered, seen, at_risk, sets, table, by_stratum, column
                )
                if settings[MEDIANS] or len(landmarks) or len(windows):
                    add_curves(own, settings[MEDIANS] > 0, landmarks, windows, endpoint, ordered, seen, curve, column)
            for row in range(len(column)):
                out[row, look, t] = column[row]
