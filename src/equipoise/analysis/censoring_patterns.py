"""Why patients were censored, by arm, and who left early."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.cmh_general import cmh_general
from equipoise.analysis.inputs import survival_data
from equipoise.errors import ArgumentError, DataError
from equipoise.frames.columns import check_lengths, library_of, name_of, to_levels
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number


@dataclass(frozen=True)
class CensoringCounts:
    """One group: `n` patients, `n_event`, `reasons` of the censored by name.

    `n_at_start` were censored by the day up to which only the randomization is known, `n_early` after it and up to the
    end of the early period.
    """

    level: str
    n: int
    n_event: int
    reasons: dict[str, int]
    n_at_start: int
    n_early: int

    @property
    def n_censor(self) -> int:
        return self.n - self.n_event


@dataclass(frozen=True, eq=False, repr=False)
class CensoringReasons(RowResult):
    """Reasons for censoring by group, with the general test of their association with the group among the censored."""

    counts: tuple[CensoringCounts, ...]
    group_name: str
    start_until: float
    early_until: float | None
    chi_square: float
    df: int
    p_value: float
    message: str | None = None
    library: str | None = None

    def __getitem__(self, level: Any) -> CensoringCounts:
        return next(found for found in self.counts if found.level == str(level))

    def to_rows(self) -> list[ResultRow]:
        """Counts by group; by group and reason n and the share of the group's patients; the test."""
        rows = []
        for found in self.counts:
            place: dict[str, Any] = {"parameter": "censoring", "group1": self.group_name, "level1": found.level}
            counted = {
                "n": found.n, "n_event": found.n_event, "n_censor": found.n_censor,
                "n_randomization_only": found.n_at_start, "n_early": found.n_early,
            }  # fmt: skip
            rows += [ResultRow(statistic=k, value=float(v), format="int", **place) for k, v in counted.items()]
            for reason, n in found.reasons.items():
                named: dict[str, Any] = place | {"group2": "reason", "level2": reason}
                rows.append(ResultRow(statistic="n", value=float(n), format="int", **named))
                rows.append(ResultRow(statistic="percent", format="percent", **named, **number(n / found.n)))
        test: dict[str, Any] = {"parameter": "association", "method": "cmh-general", "error": self.message}
        rows.append(ResultRow(statistic="chi_square", **test, **number(self.chi_square)))
        rows.append(ResultRow(statistic="df", value=float(self.df), format="int", **test))
        rows.append(ResultRow(statistic="p_value", format="p", **test, **number(self.p_value)))
        return rows


def censoring_reasons(
    time: Any,
    event: Any,
    reason: Any,
    group: Any,
    *,
    start_until: float = 1.0,
    early_until: float | None = None,
) -> CensoringReasons:
    """Why the times of each arm are censored, and how many patients left at once or early.

    Arguments, columns with one row per patient: `time`, `event` as of `kaplan_meier`; `reason`, text, for the censored
    (what it holds for patients with an event does not matter; a missing one is "not stated"); `group`, the arm.
    `start_until`, in the unit of time: censored by then, nothing but the randomization is known (day 1: no assessment
    after baseline); `early_until`: the end of the early period, for example the first planned scan with its window.

    Censoring that differs by arm in number, reason or time is a way in which an open-label trial goes astray: patients
    of the control arm who withdraw at once are the usual one. Returns a `CensoringReasons`. Raises DataError and
    ArgumentError for input that cannot be used.

    Formula: the general association of reason and group among the censored, (n - 1) / n times Pearson's chi-square.
    Source: Landis JR, Heyman ER, Koch GG. Int Stat Rev 1978;46:237-254, doi:10.2307/1402373.

    >>> found = censoring_reasons([1, 40, 90], [0, 0, 1], ["withdrew", "cutoff", ""], ["C", "E", "E"])
    >>> found["C"].n_at_start, found["E"].reasons
    (1, {'withdrew': 0, 'cutoff': 1})
    """
    if early_until is not None and not early_until > start_until:
        raise ArgumentError(
            "argument-invalid", f"early_until is {early_until!r}, start_until {start_until!r}", where="early_until",
            hint="the early period ends after it has begun",
        )  # fmt: skip
    data = survival_data(time, event, group=group, time_tolerance=0.0)
    given = to_levels(reason, name_of(reason, "reason"), allow_missing=True)
    check_lengths({"time": data.n, "reason": len(given.codes)})
    labels = np.array([*given.labels, "not stated"])
    why = np.where(data.event, "", labels[given.codes])
    names = list(dict.fromkeys(why[~data.event].tolist()))
    name = data.group_name
    counts = tuple(
        _counts(level, data.group.codes == g, data.time, data.event, why, names, (start_until, early_until))
        for g, level in enumerate(data.group.labels)
    )
    chi_square, df, p_value, message = _association(why[~data.event], data.group.codes[~data.event])
    return CensoringReasons(
        counts, name, float(start_until), early_until, chi_square, df, p_value, message, library_of(time)
    )


def _counts(
    level: str, own: np.ndarray, time: np.ndarray, event: np.ndarray, why: np.ndarray, names: list[str],
    until: tuple[float, float | None],
) -> CensoringCounts:  # fmt: skip
    censored = own & ~event
    start, early = until
    at_start = censored & (time <= start)
    soon = censored & (time > start) & (time <= (start if early is None else early))
    reasons = {name: int((censored & (why == name)).sum()) for name in names}
    return CensoringCounts(
        level, int(own.sum()), int((own & event).sum()), reasons, int(at_start.sum()), int(soon.sum())
    )


def _association(why: np.ndarray, group: np.ndarray) -> tuple[float, int, float, str | None]:
    try:
        found = cmh_general(why.tolist(), group)
    except DataError:
        return math.nan, 0, math.nan, "the censored are of one group, or of one reason: there is nothing to compare"
    return found.chi_square, found.df, found.p_value, found.message
