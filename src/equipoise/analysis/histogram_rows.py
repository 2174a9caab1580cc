"""A reference distribution as result rows: a histogram of fixed bins, from which it can be drawn."""

from __future__ import annotations

import numpy as np

from equipoise.frames.results import ResultRow

BINS = 60
_ROUNDING = 1e-6


def histogram_edges(values: np.ndarray, observed: float) -> np.ndarray:
    """Equal bins from the smallest to the largest of the values and the observed one, widened by rounding."""
    ends = [*((values.min(), values.max()) if len(values) else ()), observed]
    known = [float(end) for end in ends if np.isfinite(end)] or [0.0]
    low, high = min(known), max(known)
    slack = _ROUNDING * max(high - low, 1.0)
    return np.linspace(low - slack, high + slack, BINS + 1)


def histogram_rows(edges: np.ndarray, counts: np.ndarray, method: str) -> list[ResultRow]:
    """Per bin its lower end and the share of the distribution in it, `at` its upper end; none without any count."""
    total = float(counts.sum())
    if total == 0.0:
        return []
    rows = []
    for low, high, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True):
        place = {"parameter": "curve", "at": high, "method": method}
        rows.append(ResultRow(statistic="bin_low", value=low, **place))
        rows.append(ResultRow(statistic="share", value=count / total, format="percent", **place))
    return rows
