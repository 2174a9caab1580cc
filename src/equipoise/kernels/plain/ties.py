"""When two times are one: merging times that differ only by rounding."""

from __future__ import annotations

import numpy as np

# The square root of the double-precision machine epsilon, the default of R's `aeqSurv`.
TIME_TOLERANCE = 2.0**-26

# Whole numbers below this differ by more than the default tolerance of their mean, so none can merge.
_EXACT_WHOLE = 2.0**25


def merge_close_times(
    time: np.ndarray, entry: np.ndarray | None = None, tolerance: float = TIME_TOLERANCE
) -> tuple[np.ndarray, np.ndarray | None]:
    """Times (and entry times) with those closer than `tolerance` set to the first of their chain.

    The distinct values of both are sorted; a value joins its predecessor when their gap is at most `tolerance`, or at
    most `tolerance` times the mean absolute value of the distinct values. Chains merge to their first member. The rule
    is not invariant to the scale of time; `tolerance=0` switches it off.

    Source: the rule of R's survival package since 2.41 (Therneau TM, Grambsch PM. Modeling survival data. 2000).
    """
    if tolerance <= 0.0 or len(time) == 0:
        return time, entry
    if tolerance <= TIME_TOLERANCE and entry is None and time.max() < _EXACT_WHOLE and (time == np.floor(time)).all():
        return time, entry
    values = time if entry is None else np.concatenate([time, entry])
    ordered = np.sort(values)
    distinct = ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))]
    gap = np.diff(distinct)
    tied = (gap <= tolerance) | (gap / np.mean(np.abs(distinct)) <= tolerance) if len(gap) else np.zeros(0, dtype=bool)
    if not tied.any():
        return time, entry
    first = distinct[np.concatenate(([True], ~tied))]

    def merged(times: np.ndarray) -> np.ndarray:
        return first[np.searchsorted(first, times, side="right") - 1]

    return merged(time), None if entry is None else merged(entry)
