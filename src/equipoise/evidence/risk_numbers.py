"""Numbers at risk under a curve: checked, and what they say about who left when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.errors import DataError


@dataclass(frozen=True)
class RiskNumbers:
    """`count` patients at or beyond each `time` (k, ascending, the first 0) of one arm; count[0] is its size."""

    time: np.ndarray
    count: np.ndarray

    @property
    def n(self) -> int:
        return int(self.count[0])


def risk_numbers(time: Any, count: Any, *, n: int | None = None, arm: str = "") -> RiskNumbers:
    """Numbers at risk of one arm.

    Arguments: `time` (k, ascending) and `count` (k whole numbers); `n`, the arm's size, needed where no number stands
    at time 0. Raises DataError `at-risk-invalid` for numbers that increase, exceed `n`, or contradict it.

    >>> risk_numbers([6, 12], [40, 9], n=62).count.tolist()
    [62, 40, 9]
    """
    at, counts = np.asarray(time, dtype=float).ravel(), np.asarray(count, dtype=float).ravel()
    of = f" of {arm}" if arm else ""
    if len(at) != len(counts):
        raise _invalid(f"{len(at)} times and {len(counts)} numbers at risk{of}", "each time has one number", "")
    if n is not None and n < 1:
        raise _invalid(f"the arm{of} has {n} patients", "a curve needs patients", "")
    if not np.isfinite(at).all() or (at < 0.0).any() or (np.diff(at) <= 0.0).any():
        raise _invalid(f"times of the numbers at risk{of}: {_listed(at)}", "they must ascend from 0", "")
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts != np.round(counts)).any():
        raise _invalid(f"numbers at risk{of}: {_listed(counts)}", "they count patients", "")
    if len(at) == 0 or at[0] > 0.0:
        if n is None:
            hint = "give the number at risk at time 0, or the arm's size"
            raise _invalid(f"the size of the arm{of} is not known", "the first step of a curve is 1 in so many", hint)
        at, counts = np.append(0.0, at), np.append(float(n), counts)
    _check_order(at, counts, n, of)
    return RiskNumbers(at, counts.astype(np.int64))


def _check_order(at: np.ndarray, counts: np.ndarray, n: int | None, of: str) -> None:
    rising = np.flatnonzero(np.diff(counts) > 0)
    if len(rising):
        k = int(rising[0])
        what = f"the number at risk{of} increases from {counts[k]:g} at {at[k]:g} to {counts[k + 1]:g} at {at[k + 1]:g}"
        raise _invalid(what, "patients leave a curve and never enter it", "check for rows or columns exchanged")
    if n is not None and counts[0] != n:
        what = f"{counts[0]:g} patients{of} are at risk at time 0, and the arm is said to have {n}"
        raise _invalid(
            what, "at time 0 everybody of the curve is at risk", "give the number that the curve was made of"
        )
    if counts[0] < 1:
        raise _invalid(f"nobody{of} is at risk at time 0", "a curve needs patients", "")


def _listed(values: np.ndarray) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _invalid(message: str, reason: str, hint: str) -> DataError:
    return DataError("at-risk-invalid", message, reason=reason, hint=hint or "compare with the table under the figure")
