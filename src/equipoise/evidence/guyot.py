"""Patients from a curve and its numbers at risk, after Guyot and others (2012)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from equipoise.evidence.arm_counts import ArmCounts
from equipoise.evidence.curve_points import CurvePoints
from equipoise.evidence.risk_numbers import RiskNumbers

_ROUNDS = 60


def guyot_reconstruction(points: CurvePoints, risk: RiskNumbers, events: int | None = None) -> ArmCounts:
    """Events and censorings of one arm from points of its curve, its numbers at risk and, where known, its events.

    Between two numbers at risk, n_i and n_(i+1), censorings are spread evenly; their number starts at
    n_i S(t_(i+1)) / S(t_i) - n_(i+1) and is corrected until the patients left are n_(i+1). At each point the events are
    round(n (1 - S / S')), S' the curve made so far. After the last number at risk nobody is known to be left: the rate
    of censoring found before goes on, and is corrected until the events are the total, where that is known.
    Arguments: a cleaned curve; numbers at risk; total events. Returns whole patients (m knots, the points' times).

    Source: Guyot P, Ades AE, Ouwens MJ, Welton NJ. BMC Med Res Methodol 2012;12:9, doi:10.1186/1471-2288-12-9.
    """
    points = _with_times(points, risk.time)
    m = len(points)
    edges = np.append(np.searchsorted(points.time, risk.time, side="left"), m)
    edges[0] = 0
    d, c = np.zeros(m, dtype=np.int64), np.zeros(m + 1, dtype=np.int64)
    left, height = risk.n, 1.0
    for i in range(len(risk.time)):
        span = range(int(edges[i]), int(edges[i + 1]))
        last = i + 1 == len(risk.time)
        if last:
            guess = _later_censorings(c, risk, points, left)
            wanted = None if events is None else max(events - int(d.sum()), 0)
            floor = 0
        else:
            height_then = float(np.append(1.0, points.height)[edges[i + 1]])
            floor = int(risk.count[i + 1])
            guess = round(left * height_then / max(height, 1e-9)) - floor
            wanted = left - floor
        stop = points.end if last else float(risk.time[i + 1])
        shares = _shares(points.time[span.start : span.stop], float(risk.time[i]), stop)
        start = (left, height, floor)
        left, height = _fill(points, span, shares, (d, c), start, guess, wanted, count_all=not last)
        if not last:
            # Whoever is neither an event nor censored before a point leaves just before the next number at risk.
            c[span.stop] += left - floor
            left = floor
    c[m] = risk.n - int(d.sum()) - int(c[:m].sum())
    return ArmCounts(risk.n, points.time, d, c, points.end)


def _with_times(points: CurvePoints, times: np.ndarray) -> CurvePoints:
    """The points with one at each given time: who is censored before that time can then stand before it."""
    new = np.setdiff1d(times[times > 0.0], points.time)
    at = np.concatenate((points.time, new))
    carried = np.append(1.0, points.height)[np.searchsorted(points.time, new)]
    order = np.argsort(at)
    height = np.concatenate((points.height, carried))[order]
    return replace(points, time=at[order], height=height, end=max(points.end, float(at.max())))


def _later_censorings(c: np.ndarray, risk: RiskNumbers, points: CurvePoints, left: int) -> int:
    """Censorings after the last number at risk, at the rate before it."""
    before = float(risk.time[-1])
    rate = c.sum() / before if before > 0.0 else 0.0
    return min(round(rate * max(points.end - before, 0.0)), left)


def _shares(time: np.ndarray, start: float, stop: float) -> np.ndarray:
    """How much of an interval is over at each of its points."""
    return np.clip((time - start) / max(stop - start, 1e-12), 0.0, 1.0)


def _fill(
    points: CurvePoints, span: range, shares: np.ndarray, counts: tuple[np.ndarray, np.ndarray],
    start: tuple[int, float, int], guess: int, wanted: int | None, *, count_all: bool,
) -> tuple[int, float]:  # fmt: skip
    """One interval, its censorings corrected until patients gone (`count_all`) or events are as wanted."""
    tried: set[int] = set()
    best: tuple[int, tuple[int, float, list[int], list[int]]] | None = None
    censored = min(max(guess, 0), start[0])
    for _ in range(_ROUNDS):
        found = _walk(points, span, start, np.floor(censored * shares + 0.5).astype(np.int64))
        excess = 0 if wanted is None else sum(found[2]) + (censored if count_all else 0) - wanted
        if best is None or abs(excess) < abs(best[0]):
            best = (excess, found)
        tried.add(censored)
        # More censored means fewer at risk, hence fewer events.
        step = excess if not count_all else -excess
        censored = min(max(censored + step, 0), start[0])
        if excess == 0 or censored in tried:
            break
    assert best is not None
    left, height, events, gone = best[1]
    for k, died, out in zip(span, events, gone, strict=True):
        counts[0][k] = died
        counts[1][k] += out
    return left, height


def _walk(
    points: CurvePoints, span: range, start: tuple[int, float, int], gone_by: np.ndarray
) -> tuple[int, float, list[int], list[int]]:
    """Patients left (no fewer than the next number at risk), the curve, events and censorings at each point."""
    left, height, floor = start
    events, gone = [], []
    for k, out in zip(span, np.diff(gone_by, prepend=0).tolist(), strict=True):
        out = min(out, left - floor)
        left -= out
        died = min(max(round(left * (1.0 - float(points.height[k]) / height)), 0), left - floor) if height > 0.0 else 0
        if died:
            height *= 1.0 - died / left
        left -= died
        events.append(died)
        gone.append(out)
    return left, height, events, gone
