"""Prediction of milestones from a blinded table at an interim, with what the trial file already says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from equipoise.design.prediction import MilestonePrediction, predict_from_times
from equipoise.errors import ArgumentError, DataError, permitted
from equipoise.frames.columns import to_array, to_columns
from equipoise.quantities import DAYS_PER_MONTH

if TYPE_CHECKING:
    from equipoise.protocol.trial import Trial

_ADTTE = ("PARAMCD", "AVAL", "CNSR", "STARTDT")


@dataclass(frozen=True)
class _Interim:
    """Columns at an interim, the cutoff on the scale of `entry`, and the calendar day of date 0 where it is known."""

    time: Any
    event: Any
    entry: Any
    dropout: Any
    cutoff: float
    origin: str | None


def predict_milestones(
    data: Any,
    trial: Trial | None = None,
    *,
    cutoff: float | str | date,
    seed: int,
    events: int | Sequence[int] | None = None,
    n_planned: int | None = None,
    endpoint: str | None = None,
    time: str = "time",
    event: str = "event",
    entry: str = "entry",
    dropout: str | None = None,
    **options: Any,
) -> MilestonePrediction:
    """When the planned numbers of events will be there, from blinded data at an interim.

    Arguments: `data`, one row a patient, a data frame or a mapping of columns: either `time`, `event` and `entry` (and
    `dropout`) under the names given, all in one unit, with `cutoff` on the scale of `entry`; or ADTTE (PARAMCD, AVAL in
    days, CNSR, STARTDT), with `cutoff` a day such as "2022-03-31" and `endpoint` the PARAMCD, counted in months. No
    column of arms is read. `trial`: gives what is left out of `events` (those of its looks, and those its power
    requires), `n_planned` (its enrollment) and `endpoint` (of its primary analysis). `seed` and `options` as of
    `predict_from_times`, which does the work.

    Returns a `MilestonePrediction`. Raises DataError `column-missing` for columns that are not there, and what
    `predict_from_times` raises.

    >>> interim = {"time": [5, 9, 4, 6], "event": [1, 0, 1, 0], "entry": [0, 1, 2, 4]}
    >>> predict_milestones(interim, cutoff=10, events=3, seed=1).n_at_risk
    2
    """
    columns = to_columns(data, "data")
    if trial is not None:
        from equipoise.design.plan import planned_milestones

        planned, enrollment, primary = planned_milestones(trial)
        n_planned = enrollment if n_planned is None else n_planned
        endpoint = endpoint or primary
        events = planned if events is None else events
    interim = (
        _from_adtte(columns, cutoff, endpoint, dropout)
        if set(_ADTTE) <= set(columns)
        else _from_columns(columns, cutoff, (time, event, entry, dropout))
    )
    if events is None:
        raise ArgumentError(
            "argument-invalid",
            "neither a trial nor a number of events was given",
            where="events",
            hint="give events=127, or a trial whose looks say them",
        )
    known: dict[str, Any] = {"origin": interim.origin} | options
    return predict_from_times(
        interim.time,
        interim.event,
        interim.entry,
        cutoff=interim.cutoff,
        events=_still_to_come(events, interim.event) if trial is not None else events,
        seed=seed,
        dropout=interim.dropout,
        n_planned=None if n_planned is None or n_planned <= len(interim.time) else n_planned,
        **known,
    )


def _still_to_come(events: int | Sequence[int], seen: Any) -> Any:
    """Without the numbers that the data have passed, unless that leaves none."""
    if isinstance(events, int):
        return events
    count = int(np.asarray(seen, dtype=float).sum())
    return [number for number in events if number > count] or list(events)


def _from_columns(columns: Mapping[str, Any], cutoff: Any, names: tuple[str, str, str, str | None]) -> _Interim:
    if isinstance(cutoff, bool) or not isinstance(cutoff, int | float):
        raise ArgumentError(
            "argument-invalid",
            f"the cutoff {cutoff!r} is not on the scale of the column {names[2]!r}",
            where="cutoff",
            hint="give a number; a day goes with ADTTE, whose STARTDT are days",
        )
    found: list[Any] = [None if name is None else _column(columns, name) for name in names]
    return _Interim(*found, cutoff=float(cutoff), origin=None)


def _column(columns: Mapping[str, Any], name: str) -> Any:
    if name not in columns:
        raise DataError(
            "column-missing", f"the data have no column {name!r}", where="data", hint=permitted(name, columns)
        )
    return columns[name]


def _from_adtte(columns: Mapping[str, Any], cutoff: Any, endpoint: str | None, dropout: str | None) -> _Interim:
    parameter = to_array(columns["PARAMCD"], "PARAMCD")
    kinds = sorted({str(code) for code in parameter.tolist()})
    if endpoint is None and len(kinds) == 1:
        endpoint = kinds[0]
    if endpoint not in kinds:
        raise ArgumentError(
            "argument-invalid",
            f"the data have no parameter {endpoint!r}" if endpoint else "the data hold several parameters",
            where="endpoint",
            hint=f"PARAMCD holds {', '.join(kinds)}",
        )
    own = parameter == endpoint
    start = np.asarray(to_array(columns["STARTDT"], "STARTDT")[own], dtype="datetime64[D]")
    first = start.min()
    made = _Interim(
        time=np.asarray(to_array(columns["AVAL"], "AVAL")[own], dtype=float) / DAYS_PER_MONTH,
        event=(np.asarray(to_array(columns["CNSR"], "CNSR")[own], dtype=float) == 0.0).astype(np.int64),
        entry=(start - first).astype(float) / DAYS_PER_MONTH,
        dropout=None,
        # AVAL counts the first and the last day, so the data end with the day of the cutoff.
        cutoff=((_day(cutoff) - first).astype(float) + 1.0) / DAYS_PER_MONTH,
        origin=str(first),
    )
    return made if dropout is None else replace(made, dropout=to_array(_column(columns, dropout), dropout)[own])


def _day(cutoff: Any) -> np.datetime64:
    try:
        return np.datetime64(date.fromisoformat(cutoff) if isinstance(cutoff, str) else cutoff, "D")
    except (TypeError, ValueError):
        raise ArgumentError(
            "argument-invalid", f"the cutoff {cutoff!r} is no day", where="cutoff", hint='write "2022-03-31"'
        ) from None
