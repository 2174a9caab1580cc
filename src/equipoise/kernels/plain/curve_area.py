"""The area under a step curve, and its variance."""

from __future__ import annotations

import numpy as np


def area_to_end(time: np.ndarray, height: np.ndarray, tau: float, start: float = 0.0) -> tuple[float, np.ndarray]:
    """The area under a step curve that starts at 1, from `start` to `tau`; and from each of `time` (clipped) to `tau`.

    `height[j]` holds from `time[j]` to the next time.
    """
    at = np.clip(np.concatenate(([0.0], time, [np.inf])), start, tau)
    pieces = np.diff(at) * np.concatenate(([1.0], height))
    remaining = np.cumsum(pieces[::-1])[::-1]
    return float(remaining[0]), remaining[1:]


def restricted_mean(
    time: np.ndarray,
    survival: np.ndarray,
    n_risk: np.ndarray,
    n_event: np.ndarray,
    tau: float,
    start: float = 0.0,
) -> tuple[float, float]:
    """The restricted mean survival time between `start` and `tau` with its variance.

    Var = sum over event times t_j <= tau of A_j^2 d_j / (n_j (n_j - d_j)), A_j the area under the curve from t_j (or
    `start`, if later) to tau. A time at which everyone at risk has the event leaves no area and adds nothing.

    Source: Klein JP, Moeschberger ML. Survival Analysis. 2nd ed. Springer 2003, section 4.5.
    """
    area, remaining = area_to_end(time, survival, tau, start)
    left = n_risk - n_event
    counted = (n_event > 0) & (left > 0) & (time <= tau)
    terms = remaining[counted] ** 2 * n_event[counted] / (n_risk[counted] * left[counted])
    return area, float(terms.sum())
