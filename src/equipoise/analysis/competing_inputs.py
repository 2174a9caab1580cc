"""Columns with several causes of failure as checked arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.inputs import SurvivalData, survival_data
from equipoise.errors import ArgumentError, DataError, permitted
from equipoise.frames.columns import check_lengths, check_level, name_of, to_levels, to_times


@dataclass(frozen=True)
class CauseData:
    """`survival` holds the columns with any failure as the event; `code` (n) is 0 for censored, else 1 to K.

    `causes` names the K causes, in the order of their levels.
    """

    survival: SurvivalData
    code: np.ndarray
    causes: tuple[str, ...]
    event_name: str


def cause_data(
    time: Any,
    event: Any,
    *,
    censored: Any,
    group: Any = None,
    strata: Any = None,
    entry: Any = None,
    weights: Any = None,
    time_tolerance: float,
) -> CauseData:
    """Checked columns; `censored` is the level of `event` that means no failure."""
    name = name_of(event, "event")
    levels = to_levels(event, name)
    check_lengths({"time": len(to_times(time, name_of(time, "time"))), name: len(levels.codes)})
    none = _censored_level(censored, levels.labels, name)
    order = [g for g in range(len(levels.labels)) if g != none]
    if not order:
        raise DataError(
            "value-invalid",
            f"{name} holds {levels.labels[0]!r} only: nobody failed of any cause",
            reason="an incidence is estimated from failures",
            hint="check the column, and which level means censored",
        )
    rank = np.zeros(len(levels.labels), dtype=np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    code = rank[levels.codes]
    data = survival_data(
        time, code > 0, group=group, strata=strata, entry=entry, weights=weights, time_tolerance=time_tolerance
    )
    return CauseData(data, code, tuple(levels.labels[g] for g in order), name)


def check_cause(cause: Any, causes: tuple[str, ...], name: str) -> int:
    """The position (from 0) of the cause asked for."""
    if cause is None and len(causes) == 1:
        return 0
    if cause is None:
        raise ArgumentError("argument-invalid", "cause is not given", where="cause", hint=permitted("", causes))
    return check_level(cause, causes, name)


def _censored_level(censored: Any, labels: tuple[str, ...], name: str) -> int | None:
    """The position of the level for censored; None when numbers are used and no subject is censored (0)."""
    if str(censored) not in labels and str(censored) == "0" and all(_is_number(label) for label in labels):
        return None
    if str(censored) not in labels:
        raise ArgumentError(
            "level-unknown",
            f"{name} has no level {str(censored)!r}",
            where="censored",
            reason="one level means that the subject was censored; every other level is a cause of failure",
            hint=permitted(str(censored), labels),
        )
    return list(labels).index(str(censored))


def _is_number(label: str) -> bool:
    return label.replace(".", "", 1).replace("-", "", 1).isdigit()
