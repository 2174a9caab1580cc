"""Operating characteristics by simulation: the same bytes for any number of threads, tasks and processes."""

from __future__ import annotations

import math
import time
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

from equipoise.errors import permitted
from equipoise.kernels.dispatch import device_takes, trial_engine_of
from equipoise.seeds import Stream
from equipoise.simulation.characteristics import Timing
from equipoise.simulation.cluster import executor_of
from equipoise.simulation.event_course import draw_event_course
from equipoise.simulation.event_laws import positive, refused
from equipoise.simulation.operating_characteristics import OperatingCharacteristics
from equipoise.simulation.pooled_work import work_of
from equipoise.simulation.tallies import BLOCK, EFFICACY, Tally
from equipoise.simulation.trial_model import TrialModel
from equipoise.simulation.trial_runs import Notify, Work, divide, run_trials, silent

ENGINES = ("auto", "compiled", "lanes", "general", "plain", "cuda")
MOST_TRIALS = 1 << 40
# Where a precision is asked for, and no number of trials.
_PRECISE_TRIALS = 100_000_000
_BLOCKS_BETWEEN_CHECKS = 8
# The first trials load the engine and are not counted.
_WARM = 16
# A processor does fewer than these while a device is made ready.
_DEVICE_TRIALS = 1_000_000


def simulate(
    model: TrialModel,
    *,
    trials: int | None = None,
    seed: int,
    threads: int | None = None,
    until_se: float | None = None,
    notify: Notify = silent,
    engine: str = "auto",
    cox: bool = True,
    medians: bool = True,
    course: int = 2048,
    executor: Executor | None = None,
    scheduler: str | None = None,
    chunk: int | None = None,
) -> OperatingCharacteristics:
    """Operating characteristics of a trial from many simulated ones.

    Arguments:
    - `model`, a `TrialModel`; `trials`, how many (from 1 on); `seed`, 0 to 2^48 - 1: trial number i of a seed is always
      the same trial, whatever else is simulated (see `draw_trial`).
    - `until_se`: stop once the Monte-Carlo standard error of the rejection rate is no larger, looked at every 8,192
      trials; `trials` is then the most there may be (100 million where it is not given). The standard error of this
      rule is that of (rejections + 2) / (trials + 4), so that a rate of 0 or 1 does not stop it at once.
    - `threads`: all cores unless given. `scheduler`: the address of a Dask scheduler whose workers take the chunks
      instead (`equipoise[cluster]`); `executor`: any `concurrent.futures` executor, such as that of a Dask client.
      `chunk`: trials a task, a multiple of 1,024. None of them changes a single bit.
    - `notify(done, trials, rate)` hears of progress. On Ctrl-C what was done is returned, labelled as partial.
    - `engine` of `kernels.dispatch.simulate_chunk`; "auto" takes a CUDA device (`equipoise[gpu]`) where one is present,
      runs the trial, and a million trials or more are asked for. Without `cox` or `medians` these statistics are not
      computed; `course`: the trials (0: none) that the events over time are drawn from.

    Returns `OperatingCharacteristics`. Raises ArgumentError `argument-invalid`; MissingExtraError `extra-missing`;
    ClusterError `cluster-unreachable`, `cluster-mismatch`, `cluster-lost`.

    >>> from equipoise.design import Accrual, Hazard
    >>> model = TrialModel.two_arms(
    ...     accrual=Accrual.uniform(n=60, duration=12),
    ...     control=Hazard.from_median(6.0),
    ...     effect=0.5,
    ...     looks=40,
    ...     alpha=0.025,
    ... )
    >>> result = simulate(model, trials=200, seed=1, engine="plain", course=0)
    >>> result.trials, result.rejection_rate
    (200, 0.63)
    """
    if not isinstance(model, TrialModel):
        raise refused("model", model, "a TrialModel")
    if engine not in ENGINES:
        raise refused("engine", engine, permitted(str(engine), ENGINES))
    _ = Stream(seed, "trials")
    wanted = _trials(trials, until_se)
    chunk = BLOCK * _BLOCKS_BETWEEN_CHECKS if until_se is not None else chunk
    work = work_of(model, seed, engine, cox=cox, medians=medians)
    with executor_of(scheduler, executor) as pool:
        if pool is None and until_se is None:
            work = _on_device(work, wanted)
        division = divide(wanted, threads, chunk, pool, device=work.engine == "cuda")
        began = time.perf_counter()
        work(0, min(_WARM, wanted))
        ready = time.perf_counter()
        enough = partial(_precise, until_se=until_se)
        tally, interrupted = run_trials(work, wanted, division, enough=enough, notify=notify)
        timing = Timing(ready - began, time.perf_counter() - ready, division.threads)
    found = OperatingCharacteristics(
        model, work.measures, work.layout, seed, wanted, tally, interrupted, timing,
        trial_engine_of(work.spec, work.engine),
    )  # fmt: skip
    if course and not interrupted:
        # A few trials at many looks.
        engine = "auto" if work.engine == "cuda" else engine
        return found.with_course(draw_event_course(model, found.horizon, trials=course, seed=seed, engine=engine))
    return found


def _on_device(work: Work, trials: int) -> Work:
    """The work on a CUDA device where that is left open and one runs it: decided once, for all chunks."""
    wanted = work.engine == "auto" and trials >= _DEVICE_TRIALS
    return replace(work, engine="cuda") if wanted and device_takes(work.spec) else work


def _precise(tally: Tally, until_se: float | None) -> bool:
    if until_se is None:
        return False
    n = tally.trials + 4.0
    rate = (float(tally.decisions[EFFICACY].sum()) + 2.0) / n
    return math.sqrt(rate * (1.0 - rate) / n) <= until_se


def _trials(trials: int | None, until_se: float | None) -> int:
    if until_se is not None:
        positive(until_se, "until_se")
    wanted = _PRECISE_TRIALS if trials is None and until_se is not None else trials
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= MOST_TRIALS:
        raise refused("trials", trials, f"a whole number from 1 to {MOST_TRIALS}, or until_se")
    return wanted
