"""The law of draws of the general trial engine: what happens to every patient, before any look.

Block 0 of a patient's words is as in `trial_draws`: gap, event, dropout and arm in the top 24 bits, the stratum and the
size of a block in the low bytes. Block 1, of an illness-death model, has in its top 24 bits death before progression,
death after it, and whether the patient switches; its fourth word is free. Arms of a method with tables are those that
`kernels.plain.allocation` gives to the strata of trial number t as replicate t: the arms of the real procedure with
`SeededWords(seed, t)`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise.kernels.plain import allocation, trial_draws
from equipoise.kernels.plain.allocation import MinimizationTables
from equipoise.kernels.plain.general_laws import (
    cumulated_hazard,
    log_positive,
    piecewise_time,
    to_ticks,
    transition_time,
    uniform,
)
from equipoise.kernels.plain.general_spec import (
    BASE,
    DEATH_AFTER,
    DEATH_BEFORE,
    DRAW_BITS,
    PROGRESSION,
    GeneralSpec,
    GeneralTrial,
)
from equipoise.kernels.plain.trial_spec import BLOCKS, NEVER, UNIFORM

Whole = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]


class Histories(NamedTuple):
    """Patients (trials, patients) in order of arrival; times in ticks, NEVER for what does not happen.

    `entry` is calendar time, the others count from it. `progression`: the event of a trial without deaths. `death`:
    NEVER throughout there. `seen`: when endpoint 0 is seen, at a scan or at death. `switched`: after progression.
    """

    entry: Whole
    stratum: Whole
    arm: Whole
    dropout: Whole
    progression: Whole
    death: Whole
    seen: Whole
    switched: npt.NDArray[np.bool_]


def draw_histories(trial: GeneralTrial, seed: int, first: int, count: int) -> Histories:
    """The patients of trials `first` to `first + count - 1`."""
    spec, base = trial.spec, trial.spec.base
    numbers = np.arange(count, dtype=np.uint64) + np.uint64(first)
    words = trial_draws.patient_words(seed, numbers, base.patients + (base.arrival_kind == UNIFORM))
    entry = trial_draws.entry_ticks(base, words[..., trial_draws.GAP]).astype(np.int64)
    words = words[:, : base.patients]
    stratum = trial_draws.strata_of(base, words)
    arm = _arms(trial, seed, numbers, stratum, words)
    cell = stratum.astype(np.int64) * base.arms + arm
    progression = _first_transition(spec, cell, words[..., trial_draws.EVENT])
    death, switched = np.full_like(progression, NEVER), np.zeros(progression.shape, dtype=bool)
    if spec.endpoints > 1:
        further = trial_draws.patient_words(seed, numbers, base.patients, block=1)
        progression, death, switched = _deaths(spec, cell, progression, further)
    dropout = trial_draws.piecewise_time(
        trial_draws.standard_exponential(words[..., trial_draws.DROPOUT]), cell.astype(np.uint32),
        base.dropout_cut, base.dropout_start, base.dropout_slope,
    ).astype(np.int64)  # fmt: skip
    entry = entry // spec.rounding * spec.rounding
    progression, death, dropout = (_rounded_up(t, spec.rounding) for t in (progression, death, dropout))
    seen = np.minimum(next_scan(spec, progression), death)
    return Histories(entry, stratum.astype(np.int64), arm, dropout, progression, death, seen, switched)


def draw_strata(trial: GeneralTrial, seed: int, first: int, count: int) -> Whole:
    """The strata (trials, patients) of trials `first` to `first + count - 1`."""
    numbers = np.arange(count, dtype=np.uint64) + np.uint64(first)
    words = trial_draws.patient_words(seed, numbers, trial.spec.base.patients)
    return trial_draws.strata_of(trial.spec.base, words).astype(np.int64)


def next_scan(spec: GeneralSpec, time: Whole) -> Whole:
    """The first scan at or after a time; the time itself without a schedule."""
    if not len(spec.scan_ticks):
        return time
    place = np.searchsorted(spec.scan_ticks, time, side="left")
    return np.append(spec.scan_ticks, NEVER)[place]


def last_scan(spec: GeneralSpec, time: Whole) -> Whole:
    """The last scan at or before a time, 0 before the first."""
    return np.insert(spec.scan_ticks, 0, 0)[np.searchsorted(spec.scan_ticks, time, side="right")]


def _arms(trial: GeneralTrial, seed: int, numbers: npt.NDArray[np.uint64], stratum: U32, words: U32) -> Whole:
    base, tables = trial.spec.base, trial.allocation
    if tables is None:
        found = (
            trial_draws.arms_in_blocks(base, stratum, words)
            if base.allocation_kind == BLOCKS
            else trial_draws.arms_by_share(base, words)
        )
        return found.astype(np.int64)
    replicates, strata = numbers.astype(np.int64), stratum.astype(np.int64)
    if isinstance(tables, MinimizationTables):
        return allocation.minimization_arms(seed, replicates, strata, tables).astype(np.int64)
    return allocation.chain_arms(seed, replicates, strata, base.strata, tables).astype(np.int64)


def _first_transition(spec: GeneralSpec, cell: Whole, word: U32) -> Whole:
    time = to_ticks(transition_time(spec, PROGRESSION, cell, uniform(word)))
    drawn = spec.law_kind[PROGRESSION, cell] == BASE
    if drawn.any():
        base = spec.base
        own = trial_draws.piecewise_time(
            trial_draws.standard_exponential(word), cell.astype(np.uint32),
            base.event_cut, base.event_start, base.event_slope,
        )  # fmt: skip
        time = np.where(drawn, own.astype(np.int64), time)
    return time


def _deaths(
    spec: GeneralSpec, cell: Whole, progression: Whole, words: U32
) -> tuple[Whole, Whole, npt.NDArray[np.bool_]]:
    """Progression (NEVER where death is first, or on the same tick), death, and who switched.

    Progression and death before it compete. After it the hazard is that of death after, times the switch factor: its
    cumulated value reaches an exponential, counted from progression, or on from the value at progression.
    """
    before = to_ticks(transition_time(spec, DEATH_BEFORE, cell, uniform(words[..., 0])))
    progressed = progression < before
    arm = cell % spec.base.arms
    switched = progressed & ((words[..., 2] >> np.uint32(32 - DRAW_BITS)).astype(np.int64) < spec.switch_limit[arm])
    exponential = -log_positive(uniform(words[..., 1]))
    exponential = np.where(switched, exponential / spec.switch_factor[arm], exponential)
    since = np.where(progressed, progression, 0)
    if spec.since_randomization:
        reached = exponential + cumulated_hazard(spec, DEATH_AFTER, cell, since.astype(np.float64))
        after = np.maximum(to_ticks(piecewise_time(spec, DEATH_AFTER, cell, reached)), since + 1)
    else:
        after = since + to_ticks(piecewise_time(spec, DEATH_AFTER, cell, exponential))
    death = np.where(progressed, np.minimum(after, NEVER), before)
    return np.where(progressed, progression, NEVER), death, switched


def _rounded_up(time: Whole, step: int) -> Whole:
    return np.minimum(-(-time // step) * step, NEVER)
