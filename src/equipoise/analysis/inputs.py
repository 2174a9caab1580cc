"""What every estimator does first: columns become checked arrays, options are held to their permitted values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from equipoise.errors import ArgumentError, DataError, permitted
from equipoise.frames.columns import (
    Levels,
    check_lengths,
    name_of,
    no_levels,
    to_events,
    to_levels,
    to_numbers,
    to_strata,
    to_times,
)
from equipoise.frames.results import ResultRow
from equipoise.kernels import dispatch
from equipoise.kernels.plain.ties import TIME_TOLERANCE

CONVENTIONS = ("r", "sas")


@dataclass(frozen=True)
class SurvivalData:
    """Checked arrays of n rows: `time`, `event`, `group` and `strata` (levels), `entry` and `weight` or None.

    `observed` are the times as given (merged already where there is `entry`), `time` with those closer than
    `tolerance` merged: made when first asked for, because large data are merged while they are sorted.
    """

    observed: np.ndarray
    tolerance: float
    event: np.ndarray
    group: Levels
    group_name: str
    strata: Levels
    entry: np.ndarray | None
    weight: np.ndarray | None

    @property
    def n(self) -> int:
        return len(self.observed)

    @cached_property
    def time(self) -> np.ndarray:
        return dispatch.merge_close_times(self.observed, None, self.tolerance)[0]

    @property
    def rows(self) -> dispatch.Rows:
        """What the kernels take."""
        return dispatch.Rows(
            self.observed, self.tolerance, self.event, self.strata.codes, len(self.strata.labels), self.weight,
            self.entry,
        )  # fmt: skip


def survival_data(
    time: Any,
    event: Any,
    *,
    group: Any = None,
    strata: Any = None,
    entry: Any = None,
    weights: Any = None,
    time_tolerance: float = 0.0,
) -> SurvivalData:
    """Columns of any frame library as checked arrays of one length, close times merged."""
    times = to_times(time, name_of(time, "time"))
    events = to_events(event, name_of(event, "event"))
    group_name = name_of(group, "group")
    levels = Levels(no_levels(len(times)), ("",)) if group is None else to_levels(group, group_name)
    check_lengths({"time": len(times), "event": len(events), group_name: len(levels.codes)})
    entered = None if entry is None else to_times(entry, "entry")
    weight = None if weights is None else _weights(weights)
    extra = {"entry": entered, "weights": weight}
    check_lengths({"time": len(times)} | {name: len(array) for name, array in extra.items() if array is not None})
    if entered is not None:
        _check_entry(times, entered)
    if entered is not None:
        times, merged = dispatch.merge_close_times(times, entered, time_tolerance)
        entered = entered if merged is None else merged
        _check_entry(times, entered, merged=True)
        time_tolerance = 0.0
    stratum = to_strata(strata, len(times))
    return SurvivalData(times, time_tolerance, events, levels, group_name, stratum, entered, weight)


def check_choice(value: Any, choices: Iterable[str], name: str) -> str:
    """The value when it is among `choices`; else ArgumentError `argument-invalid` naming the nearest."""
    if value not in (names := tuple(choices)):
        raise ArgumentError("argument-invalid", f"{name} is {value!r}", where=name, hint=permitted(str(value), names))
    return value


def check_level_of_confidence(conf_level: float) -> float:
    """A confidence level strictly between 0 and 1."""
    if not (isinstance(conf_level, int | float) and 0.0 < conf_level < 1.0):
        raise ArgumentError(
            "argument-invalid",
            f"conf_level is {conf_level!r}",
            where="conf_level",
            reason="a confidence level is a probability strictly between 0 and 1",
            hint="write 95% as 0.95",
        )
    return float(conf_level)


def conf_level_row(level: float, place: dict[str, Any]) -> ResultRow:
    """The result row that says how sure the limits at a place are."""
    return ResultRow(statistic="conf_level", format="percent", value=level, **place)


def tolerance_of(time_tolerance: float | None, convention: str) -> float:
    """The tie tolerance in use: as given, else that of the convention (SAS compares times exactly)."""
    if time_tolerance is None:
        return TIME_TOLERANCE if convention == "r" else 0.0
    if not (isinstance(time_tolerance, int | float) and 0.0 <= time_tolerance < np.inf):
        raise ArgumentError(
            "argument-invalid",
            f"time_tolerance is {time_tolerance!r}",
            where="time_tolerance",
            hint="a number of zero or more; 0 compares times exactly",
        )
    return float(time_tolerance)


def _weights(weights: Any) -> np.ndarray:
    numbers = to_numbers(weights, "weights")
    if not (np.isfinite(numbers).all() and (numbers >= 0).all()):
        row = int(np.flatnonzero(~np.isfinite(numbers) | (numbers < 0))[0])
        raise DataError(
            "value-invalid",
            f"weights holds {numbers[row]:g}",
            where=f"weights, row {row + 1}",
            reason="a weight is a finite number, zero or more",
        )
    return numbers


def _check_entry(time: np.ndarray, entry: np.ndarray, *, merged: bool = False) -> None:
    wrong = entry >= time
    if not wrong.any():
        return
    row = int(np.flatnonzero(wrong)[0])
    raise DataError(
        "value-invalid",
        f"entry is not before time in {int(wrong.sum()):,} row{'s' if wrong.sum() > 1 else ''}: "
        f"entry {entry[row]:g}, time {time[row]:g}"
        + (" once times that differ by rounding are merged" if merged else ""),
        where=f"entry, row {row + 1}",
        reason="a subject is at risk from after entry until time",
        hint="remove rows without time at risk" + ("; time_tolerance=0 compares times exactly" if merged else ""),
        rows=[{"row": row + 1, "entry": float(entry[row]), "time": float(time[row])}],
    )
