"""The fast trial engine: sixteen trials side by side, from random words to the statistics of every look.

A twin of `plain.trial_draws` and `plain.trial_looks` for two arms, at most four strata and blocks of at most fifteen
patients an arm; `takes` says which specs it runs. Patients, cuts and medians are those of the law to the last bit; Z,
the log hazard ratio and its standard error agree within 1e-5 (single precision), apart from events at the same tick,
which are taken one after the other. A trial's results depend on the spec, the seed and its number only: lanes never
influence one another, and trials stand in lanes by the last four bits of their number. Speed: benchmarks/trials.py.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np

from equipoise.kernels.compiled import lanes
from equipoise.kernels.compiled.trial_cut import ONES, LookPlan, cut_rows, look_tick
from equipoise.kernels.compiled.trial_medians import medians
from equipoise.kernels.compiled.trial_networks import BLOCK, sort_rows
from equipoise.kernels.compiled.trial_rows import CHUNK, DrawPlan, Rows, draw_rows
from equipoise.kernels.compiled.trial_scan import (
    ASKED,
    LOOK,
    OUT_RESCUE,
    OUT_ROWS,
    ROWS,
    TRIAL,
    maximize_cox,
    scan_logrank,
)
from equipoise.kernels.plain import trial_spec
from equipoise.kernels.plain.trial_spec import TrialSpec
from equipoise.seeds import Stream

MOST_PATIENTS = 65536
_WIDTH = lanes.WIDTH
_MEDIAN_0, _MEDIAN_1 = trial_spec.MEDIAN_CONTROL, trial_spec.MEDIAN_EXPERIMENTAL
_LOG_HR, _LOG_HR_SE, _TIME, _ENROLLED = trial_spec.LOG_HR, trial_spec.LOG_HR_SE, trial_spec.TIME, trial_spec.ENROLLED
_FLOATS = (
    trial_spec.Z, trial_spec.VARIANCE, _LOG_HR, _LOG_HR_SE, trial_spec.EVENTS_CONTROL, trial_spec.EVENTS_EXPERIMENTAL,
)  # fmt: skip
_COUNTS = (_ENROLLED, _TIME)
# Beyond every draw of 16 bits.
_NO_DRAW = 1 << 16
_kept = threading.local()


class Memory(NamedTuple):
    """First rows, in the working memory, of what a look works on."""

    keys: int
    risk: int
    out: int
    spare: int


class Engine(NamedTuple):
    """All that the kernel needs for a spec: made once, used for any number of chunks by one thread at a time.

    `left_open` (R, 4) and `open_keys` (R, rows): trials at looks whose statistics are left to `trial_rescue`.
    """

    draws: DrawPlan
    looks: LookPlan
    at: Rows
    memory: Memory
    work: np.ndarray
    floats: np.ndarray
    strata: int
    cox: bool
    medians: bool
    left_open: np.ndarray
    open_keys: np.ndarray


def takes(spec: TrialSpec) -> bool:
    """Whether the engine runs this spec."""
    small_blocks = spec.block_contents.size == 0 or int(spec.block_contents.max()) <= 15
    return spec.arms == 2 and spec.strata <= 4 and spec.patients <= MOST_PATIENTS and small_blocks


def build_engine(spec: TrialSpec) -> Engine:
    """Tables and working memory for one thread (about 0.4 kB a patient)."""
    n, padded = spec.patients, -(-spec.patients // BLOCK) * BLOCK
    # The last look may overwrite the patients' rows: a smaller memory stays in the nearest cache.
    filled = 1 << (padded - 1).bit_length()
    own = (filled, padded) if len(spec.look_events) > 1 else (0, 0)
    sizes = (padded, filled, n, 4 * CHUNK, CHUNK, CHUNK, CHUNK, 3, *own, OUT_ROWS, 2)
    # Room for the sixteen trials of a group at every look, and so many more that the kernel seldom stops for them.
    room = _WIDTH * len(spec.look_events) + 256
    starts = [0, *np.cumsum(sizes).tolist()]
    work = lanes.aligned_rows(starts[12], np.uint32)
    return Engine(
        _draw_plan(spec), _look_plan(spec), Rows(*starts[:8]), Memory(*starts[8:12]), work, work.view(np.float32),
        spec.strata, bool(spec.cox), bool(spec.medians), np.empty((room, 4), dtype=np.int64),
        np.empty((room, padded), dtype=np.uint32),
    )  # fmt: skip


def _draw_plan(spec: TrialSpec) -> DrawPlan:
    by_cell = (spec.event_cut, spec.event_slope, spec.dropout_cut, spec.dropout_slope)
    rows = np.concatenate([_sixteen_wide(table) for table in by_cell])
    tables = lanes.aligned_rows(len(rows), np.float32)
    tables[:] = rows.reshape(-1)
    sizes = len(spec.block_contents)
    return DrawPlan(
        spec.patients, spec.arrival_kind, spec.arrival_cut, spec.arrival_start, spec.arrival_slope,
        np.float32(spec.arrival_total), spec.planned_entry, _filled(spec.stratum_limits[:-1].tolist(), 3, _NO_DRAW),
        spec.allocation_kind, _filled([own | other << 4 for own, other in spec.block_contents.tolist()], 2, 0),
        _filled([-(-b * _NO_DRAW // sizes) for b in range(1, sizes)], 1, _NO_DRAW),
        np.uint32(spec.arm_limits[0]), tables, spec.event_start, spec.dropout_start,
    )  # fmt: skip


def _filled(values: list[int], length: int, value: int) -> np.ndarray:
    """The values and, up to that length, the one that stands for none."""
    return np.array(values + [value] * (length - len(values)), dtype=np.uint32)


def _sixteen_wide(by_cell: np.ndarray) -> np.ndarray:
    """A table (cells, pieces) as rows of sixteen, a piece each."""
    rows = np.zeros((by_cell.shape[1], _WIDTH), dtype=np.float32)
    rows[:, : len(by_cell)] = by_cell.T
    return rows


def _look_plan(spec: TrialSpec) -> LookPlan:
    guess = np.empty((len(spec.look_events), 2))
    guess[:, 0] = spec.look_latest // 2
    guess[:, 1] = spec.look_latest / (4.0 * spec.patients)
    return LookPlan(
        spec.look_events, spec.look_earliest, spec.look_follow_up, spec.look_any, spec.look_latest, guess
    )  # fmt: skip


def simulate_chunk(spec: TrialSpec, seed: int, first: int, count: int, out: np.ndarray) -> None:
    """See `dispatch.simulate_chunk`; each thread keeps the engine of the spec it had last."""
    kept = getattr(_kept, "engine", None)
    if kept is None or kept[0] is not spec:
        kept = _kept.engine = (spec, build_engine(spec))
    simulate(kept[1], seed, first, count, out)


def simulate(engine: Engine, seed: int, first: int, count: int, out: np.ndarray) -> None:
    """Fills `out` (fields, looks, count), 64-bit floats, with trials `first` to `first + count - 1`."""
    key0, key1 = Stream(seed, "trials").key
    done = 0
    while done < count:
        done, found = _simulate(engine, np.uint64(key0), np.uint64(key1), np.uint64(first), done, count, out)
        if found:
            from equipoise.kernels.compiled.trial_rescue import resolve

            resolve(engine.left_open[:found], engine.open_keys[:found], out)


@lanes.entry
def _simulate(engine, key0, key1, first, done, count, out):
    """Goes on from trial `done` of the chunk; returns where it stopped, and how much it left open."""
    found = 0
    # A group is sixteen trials whose numbers differ in their last four bits.
    start = done - np.int64((first + np.uint64(done)) & np.uint64(_WIDTH - 1))
    while start < count and found + _WIDTH * len(engine.looks.events) <= len(engine.left_open):
        base = first + np.uint64(start)
        low = lanes.spread_u(np.uint32(base & np.uint64(0xFFFFFFFF))) + lanes.lane_numbers()
        draw_rows(engine.work, engine.at, engine.draws, low, np.uint32(base >> np.uint64(32)), key0, key1)
        for look in range(len(engine.looks.events)):
            keys, risk = engine.memory.keys, engine.memory.risk
            if look == len(engine.looks.events) - 1:
                keys, risk = engine.at.key, engine.at.entry
            rows = _look(engine, look, keys, risk)
            found = _write(engine, look, keys, rows, start, count, out, found)
        start += _WIDTH
    return min(start, count), found


@lanes.inlined
def _look(engine, look, keys, risk):
    """One look; `keys` and `risk` are the first rows of what it works on. Returns the number of rows sorted."""
    work, memory = engine.work, engine.memory
    cut = look_tick(work, engine.at, engine.draws.patients, engine.looks, look, memory.spare)
    rows, enrolled = cut_rows(work, engine.at, engine.draws.patients, cut, keys)
    sort_rows(work, keys, rows)
    scan_logrank(work, keys, rows, risk, lanes.spread_u(rows) - enrolled, engine.strata, memory.out)
    _store_counts(work, memory.out, enrolled, cut)
    if engine.cox:
        maximize_cox(work, risk, rows, memory.out)
    if engine.medians:
        medians(work, keys, rows, memory.out)
    return rows


@lanes.traced
def _store_counts(work, out, enrolled, cut):
    """Stores these counts, and NaN for what may not be asked for."""
    lanes.store_u(work, out + _ENROLLED, enrolled)
    lanes.store_u(work, out + _TIME, cut)
    for row in (_LOG_HR, _LOG_HR_SE):
        lanes.store_f(work, out + row, lanes.spread_f(np.nan))
    for row in (_MEDIAN_0, _MEDIAN_1):
        lanes.store_u(work, out + row, lanes.spread_u(ONES))


@lanes.inlined
def _write(engine, look, keys, rows, start, count, out, found):
    """The results of one look of the lanes that are asked for; returns `found` and how many of them are left open."""
    results, floats, words = engine.memory.out * _WIDTH, engine.floats, engine.work
    low = -start if start < 0 else 0
    high = _WIDTH if count - start > _WIDTH else count - start
    # Field by field: the rows of `out` lie so far apart that they would share places in the cache.
    for field in _FLOATS:
        row = results + field * _WIDTH
        for lane in range(low, high):
            out[field, look, start + lane] = floats[row + lane]
    for field in _COUNTS:
        row = results + field * _WIDTH
        for lane in range(low, high):
            out[field, look, start + lane] = words[row + lane]
    for field in (_MEDIAN_0, _MEDIAN_1):
        row = results + field * _WIDTH
        for lane in range(low, high):
            twice = words[row + lane]
            out[field, look, start + lane] = np.nan if twice == ONES else 0.5 * twice
    for lane in range(low, high):
        asked = words[results + OUT_RESCUE * _WIDTH + lane]
        if asked != 0:
            what = engine.left_open[found]
            what[TRIAL], what[LOOK], what[ASKED], what[ROWS] = start + lane, look, asked, rows
            for r in range(rows):
                engine.open_keys[found, r] = words[(keys + r) * _WIDTH + lane]
            found += 1
    return found
