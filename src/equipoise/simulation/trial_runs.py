"""Chunks of trials on as many cores as there are, their tallies added in the order of the trials."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from equipoise.errors import ArgumentError
from equipoise.kernels.dispatch import simulate_chunk
from equipoise.kernels.plain.general_spec import GeneralTrial
from equipoise.kernels.plain.trial_spec import TrialSpec
from equipoise.simulation.cluster import ClusterExecutor
from equipoise.simulation.event_laws import refused
from equipoise.simulation.measures import Measures, measures_of
from equipoise.simulation.tallies import BLOCK, Layout, Tally, tally_chunk, total_of
from equipoise.simulation.trial_looks import LookBounds
from equipoise.simulation.trial_model import TrialModel

# Trials done, trials asked for, trials a second.
Notify = Callable[[int, int, float], None]

# Blocks that a thread takes at a time, at most; a device runs many trials side by side.
_BLOCKS_AT_A_TIME, _BLOCKS_ON_DEVICE = 16, 256
_REPORTS_EVERY = 0.1


def silent(done: int, trials: int, rate: float) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class Work:
    """What is done to a chunk of trials, in plain values that another process understands."""

    spec: TrialSpec | GeneralTrial
    bounds: LookBounds
    measures: Measures
    layout: Layout
    seed: int
    engine: str

    @classmethod
    def of(cls, model: TrialModel, seed: int, engine: str, *, cox: bool, medians: bool) -> Work:
        spec = model.to_spec(cox=cox, medians=medians)
        measures = measures_of(model, spec, cox=cox, medians=medians)
        return cls(spec, model.bounds, measures, measures.layout(len(model.looks)), seed, engine)

    def __call__(self, first: int, count: int) -> Tally:
        """The tally of the trials from number `first` on, which begins a block."""
        measures = self.measures
        out = np.empty((measures.rows, len(self.bounds), count))
        simulate_chunk(self.spec, self.seed, first, count, out, engine=self.engine)
        values, z = measures.collect(out), measures.deciding_z(out)
        return tally_chunk(values, z, self.layout, self.bounds, compiled=self.engine != "plain")


@dataclass(frozen=True)
class Division:
    """How trials are divided, which changes the time taken only: `threads`, `chunk` trials a task, an executor."""

    threads: int
    chunk: int
    executor: Executor | None = None

    @contextmanager
    def pool(self) -> Iterator[Executor | None]:
        """The executor given, one of threads, or None: one thread needs no other."""
        if self.executor is not None or self.threads == 1:
            yield self.executor
            return
        with ThreadPoolExecutor(self.threads, thread_name_prefix="equipoise-trials") as pool:
            yield pool


def divide(
    trials: int, threads: int | None, chunk: int | None, executor: Executor | None, *, device: bool = False
) -> Division:
    """A division that keeps all threads busy, those of a cluster too. Raises ArgumentError `argument-invalid`."""
    count = _cores() if threads is None else threads
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 1024:
        raise refused("threads", threads, "a whole number from 1 to 1024, or None for all cores")
    if isinstance(executor, ClusterExecutor):
        count = executor.threads
    if chunk is None:
        most = _BLOCKS_ON_DEVICE if device else _BLOCKS_AT_A_TIME
        chunk = BLOCK * max(1, min(trials // (8 * count * BLOCK), most))
    if isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < BLOCK or chunk % BLOCK:
        raise refused("chunk", chunk, f"a multiple of {BLOCK} trials")
    return Division(count, chunk, executor)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_trials(
    work: Work, trials: int, division: Division, *, enough: Callable[[Tally], bool], notify: Notify = silent
) -> tuple[Tally, bool]:
    """The tally of trials 0, 1, ... until there are enough; and whether Ctrl-C cut it short.

    A Ctrl-C before the first chunk is done is passed on.
    """
    total: Tally | None = None
    report = _reporter(notify, trials)
    with division.pool() as pool:
        try:
            for found in _chunks(work, trials, division, pool):
                total = total_of(found) if total is None else total.plus(found)
                report(total.trials)
                if enough(total):
                    break
        except KeyboardInterrupt:
            if total is None:
                raise
            return total, True
    if total is None:
        raise ArgumentError("argument-invalid", f"trials is {trials!r}", where="trials", hint="at least one trial")
    return total, False


def _chunks(work: Work, trials: int, division: Division, pool: Executor | None) -> Iterator[Tally]:
    """The chunks in order, a few of them under way at a time."""
    step = division.chunk
    starts = ((first, min(step, trials - first)) for first in range(0, trials, step))
    if pool is None:
        yield from (work(first, count) for first, count in starts)
        return
    waiting: deque[Future[Tally]] = deque()
    try:
        for first, count in starts:
            waiting.append(pool.submit(work, first, count))
            if len(waiting) > 2 * division.threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _reporter(notify: Notify, trials: int) -> Callable[[int], None]:
    """Tells of progress ten times a second at most, and of the end."""
    began = time.perf_counter()
    last = 0.0

    def report(done: int) -> None:
        nonlocal last
        now = time.perf_counter()
        if now - last >= _REPORTS_EVERY or done == trials:
            last = now
            notify(done, trials, done / max(now - began, 1e-9))

    return report
