"""Completions of a trial drawn from its interim data: when each patient at risk or still to come has an event."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from equipoise.design.pooled_hazards import PooledHazard
from equipoise.seeds import Stream

PURPOSE = "milestone-prediction"
# Units of the stream: 0 and 1 draw the parameters, 2 the accrual rate, then three for each patient.
_EVENT_PARAMETERS, _DROPOUT_PARAMETERS, _ACCRUAL_RATE, _FIRST_PATIENT = 0, 1, 2, 3
# Patients times completions drawn at once: bounds the memory, changes no number.
_AT_ONCE = 400_000


@dataclass(frozen=True, eq=False)
class Accruing:
    """The `n` patients to come: at known dates `entry` (n), or a Poisson process of `rate` from `start` on.

    `rate_events` is the number of patients the rate was estimated from; 0 for a rate that was given.
    """

    n: int
    start: float
    rate: float | None
    rate_events: int
    entry: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Courses:
    """Dates in r completions, infinite where the thing never happens.

    `event` and `dropout` (m, r) of the patients at risk and those to come, `entry` (n, r) of those to come.
    """

    event: np.ndarray
    dropout: np.ndarray
    entry: np.ndarray

    def date_of(self, number: int, known: np.ndarray) -> np.ndarray:
        """The date of an event by its number, (r,); `known` are the dates of the events already seen."""
        have = np.broadcast_to(known[:, None], (len(known), self.event.shape[1]))
        return np.partition(np.concatenate([have, self.event]), number - 1, axis=0)[number - 1]

    def count(self, kind: str, date: float) -> np.ndarray:
        """How many events, dropouts or entries are added by a date, (r,)."""
        return (getattr(self, kind) <= date).sum(axis=0)

    @property
    def last_entry(self) -> np.ndarray:
        """The date of the last patient to come, (r,)."""
        return self.entry.max(axis=0)


def draw_courses(
    entry: np.ndarray,
    seen: np.ndarray,
    accruing: Accruing,
    event_hazard: PooledHazard,
    dropout_hazard: PooledHazard,
    *,
    seed: int,
    replicates: int,
    parameter_uncertainty: bool,
) -> Courses:
    """Completions of patients at risk (their `entry` and time `seen` so far, each (k,)) and of those to come."""
    stream = Stream(seed, PURPOSE)
    patients = len(entry) + accruing.n
    chunk = max(1, _AT_ONCE // max(patients, 1))
    parts = [
        _drawn(stream, entry, seen, accruing, (event_hazard, dropout_hazard), parameter_uncertainty, first, count)
        for first in range(0, replicates, chunk)
        if (count := min(chunk, replicates - first))
    ]
    event, dropout, entered = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
    return Courses(event, dropout, entered)


def _drawn(
    stream: Stream,
    entry: np.ndarray,
    seen: np.ndarray,
    accruing: Accruing,
    hazards: tuple[PooledHazard, PooledHazard],
    uncertain: bool,
    first: int,
    count: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dates of event, dropout and entry of every patient in the completions `first` to `first + count`."""
    units = _FIRST_PATIENT + 3 * np.arange(len(entry) + accruing.n)
    coming = _coming(stream, accruing, units[len(entry) :] + 2, uncertain, first, count)
    entered = np.concatenate([np.broadcast_to(entry[:, None], (len(entry), count)), coming])
    start = np.concatenate([seen, np.zeros(accruing.n)])
    event, lost = (
        entered
        + hazard.draw_times(
            start,
            stream.exponentials(units + which, count, first=first),
            _parameters(stream, hazard, which, uncertain, first, count),
        )
        for which, hazard in enumerate(hazards)
    )
    return np.where(event <= lost, event, math.inf), np.where(lost < event, lost, math.inf), coming


def _parameters(
    stream: Stream, hazard: PooledHazard, which: int, uncertain: bool, first: int, count: int
) -> np.ndarray:
    """Parameters of the completions, (count, p): the estimate, or draws around it."""
    p = hazard.estimate.size
    if not uncertain or p == 0:
        return np.broadcast_to(hazard.estimate, (count, p))
    normals = stream.normals([(_EVENT_PARAMETERS, _DROPOUT_PARAMETERS)[which]], p * count, first=p * first)
    return hazard.draw_parameters(normals.reshape(count, p))


def _coming(
    stream: Stream, accruing: Accruing, units: np.ndarray, uncertain: bool, first: int, count: int
) -> np.ndarray:
    """Dates of entry of the patients to come, (n, count)."""
    if accruing.entry is not None:
        return np.broadcast_to(accruing.entry[:, None], (accruing.n, count))
    if accruing.rate is None:
        return np.zeros((0, count))
    rate = np.full(count, accruing.rate)
    if uncertain and accruing.rate_events:
        error = stream.normals([_ACCRUAL_RATE], count, first=first)[0] / math.sqrt(accruing.rate_events)
        rate = rate * np.exp(error)
    return accruing.start + np.cumsum(stream.exponentials(units, count, first=first), axis=0) / rate
