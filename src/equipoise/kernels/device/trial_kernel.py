"""Simulated trials on a CUDA device, one trial a thread.

A twin of `plain.trial_draws` and `plain.trial_looks` for the trials of `presence.takes`. Patients, cuts, counts and
medians are those of the law to the last bit; Z, the log hazard ratio and its standard error are computed in double
precision. A trial's results depend on the spec, the seed and its number only.
"""

from __future__ import annotations

import math
import threading
from typing import Any, NamedTuple

import numpy as np

from equipoise.kernels.device.trial_draws import COX, MEDIANS, PATIENTS, cuda, draw_patients
from equipoise.kernels.device.trial_looks import (
    cut_keys,
    logrank_sums,
    look_tick,
    maximize_cox,
    median_tick,
    sort_keys,
)
from equipoise.kernels.plain import trial_spec
from equipoise.kernels.plain.trial_spec import TrialSpec
from equipoise.seeds import Stream

# Trials under way at a time, at most, and what their working memory may take.
_THREADS, _BYTES = 1 << 16, 1 << 29
_BLOCK = 128
_kept = threading.local()


class Tables(NamedTuple):
    """A spec as the kernel takes it; `looks` (L, 5): events, earliest, follow-up, any, latest."""

    settings: np.ndarray
    total: np.float32
    arrival_cut: np.ndarray
    arrival_start: np.ndarray
    arrival_slope: np.ndarray
    planned: np.ndarray
    stratum_limits: np.ndarray
    arm_limits: np.ndarray
    contents: np.ndarray
    event_cut: np.ndarray
    event_start: np.ndarray
    event_slope: np.ndarray
    dropout_cut: np.ndarray
    dropout_start: np.ndarray
    dropout_slope: np.ndarray
    looks: np.ndarray


def tables_of(spec: TrialSpec) -> Tables:
    """The arrays of a spec, none of them empty."""
    looks = (spec.look_events, spec.look_earliest, spec.look_follow_up, spec.look_any, spec.look_latest)
    settings = (spec.patients, spec.strata, spec.arrival_kind, spec.allocation_kind, spec.cox, spec.medians)
    return Tables(
        np.array(settings, dtype=np.int64), np.float32(spec.arrival_total),
        spec.arrival_cut[None, :], spec.arrival_start, spec.arrival_slope[None, :],
        spec.planned_entry if len(spec.planned_entry) else np.zeros(1, dtype=np.uint32),
        # The last limit is above every draw.
        spec.stratum_limits, spec.arm_limits[:1],
        spec.block_contents if len(spec.block_contents) else np.zeros((1, 2), dtype=np.uint32),
        spec.event_cut, spec.event_start, spec.event_slope, spec.dropout_cut, spec.dropout_start, spec.dropout_slope,
        np.stack([rule.astype(np.int64) for rule in looks], axis=1),
    )  # fmt: skip


class Engine(NamedTuple):
    """A spec's tables on the device, working memory for `threads` trials, and a stream of one thread of the host."""

    tables: tuple[Any, ...]
    work: Any
    threads: int
    stream: Any


def build_engine(spec: TrialSpec, count: int) -> Engine:
    """Everything that chunks of `count` trials need on the device."""
    most = min(_THREADS, max(_BYTES // (12 * spec.patients) // _BLOCK, 1) * _BLOCK)
    threads = min(-(-count // _BLOCK) * _BLOCK, most)
    stream = cuda.stream()
    tables = [
        cuda.to_device(np.ascontiguousarray(each), stream=stream) if isinstance(each, np.ndarray) else each
        for each in tables_of(spec)
    ]
    work = cuda.device_array((3 * spec.patients, threads), dtype=np.uint32, stream=stream)
    return Engine(tuple(tables), work, threads, stream)


def simulate_chunk(spec: TrialSpec, seed: int, first: int, count: int, out: np.ndarray) -> None:
    """See `dispatch.simulate_chunk`; each thread of the host keeps the engine of the spec it had last."""
    kept = getattr(_kept, "engine", None)
    if kept is None or kept[0] is not spec or kept[1] < count:
        kept = _kept.engine = (spec, count, build_engine(spec, count))
    engine = kept[2]
    key0, key1 = Stream(seed, "trials").key
    found = cuda.device_array((len(trial_spec.FIELDS), len(spec.look_events), count), np.float64, stream=engine.stream)
    simulate_trials[engine.threads // _BLOCK, _BLOCK, engine.stream](
        *engine.tables, np.uint64(key0), np.uint64(key1), np.uint64(first), engine.work, found
    )
    host = found.copy_to_host(stream=engine.stream)
    engine.stream.synchronize()
    out[: len(trial_spec.FIELDS)] = host


@cuda.jit(cache=True)
def simulate_trials(
    settings, total, arrival_cut, arrival_start, arrival_slope, planned, stratum_limits, arm_limits, contents,
    event_cut, event_start, event_slope, dropout_cut, dropout_start, dropout_slope, looks, key0, key1, first, work, out,
):  # fmt: skip
    """Fills `out` (fields, looks, count) with trials `first` to `first + count - 1`; `work` (3 n, threads)."""
    n, at = settings[PATIENTS], cuda.grid(1)
    for t in range(at, out.shape[2], work.shape[1]):
        draw_patients(
            settings, total, arrival_cut, arrival_start, arrival_slope, planned, stratum_limits, arm_limits, contents,
            event_cut, event_start, event_slope, dropout_cut, dropout_start, dropout_slope, key0, key1,
            first + np.uint64(t), work, at,
        )  # fmt: skip
        for look in range(len(looks)):
            cut = look_tick(work, n, at, looks, look)
            rows = cut_keys(work, n, at, cut)
            sort_keys(work, n, at)
            write_look(work, n, rows, at, settings, out, look, t)
            out[trial_spec.ENROLLED, look, t] = rows
            out[trial_spec.TIME, look, t] = cut


@cuda.jit(device=True)
def write_look(work, n, rows, at, settings, out, look, t):
    """The statistics of sorted keys."""
    u, v, control, experimental, both, both1 = logrank_sums(work, n, rows, at)
    out[trial_spec.Z, look, t] = -u / math.sqrt(v) if v > 0.0 else math.nan
    out[trial_spec.VARIANCE, look, t] = v
    out[trial_spec.EVENTS_CONTROL, look, t] = control
    out[trial_spec.EVENTS_EXPERIMENTAL, look, t] = experimental
    log_hr, error = math.nan, math.nan
    if settings[COX]:
        log_hr, error = maximize_cox(work, n, rows, at, u / v if v > 0.0 else 0.0, both, both1)
    out[trial_spec.LOG_HR, look, t] = log_hr
    out[trial_spec.LOG_HR_SE, look, t] = error
    first, second = math.nan, math.nan
    if settings[MEDIANS]:
        first, second = median_tick(work, n, rows, at, 0), median_tick(work, n, rows, at, 1)
    out[trial_spec.MEDIAN_CONTROL, look, t] = first
    out[trial_spec.MEDIAN_EXPERIMENTAL, look, t] = second
