"""Patients to begin a search with: curves through printed medians and rates; events, numbers at risk as printed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from equipoise.evidence.feasibility_targets import ARMS, Wanted, quantile_of
from equipoise.seeds import Stream

_STREAM = "feasibility"
# Units of the stream: what each is drawn for.
_SHARES, _PATIENTS = 0, 1
# Shares of patients with an event that are tried where events are not printed.
_FEWEST, _MOST = 0.45, 0.98
_BEYOND = 1.6


@dataclass(frozen=True, eq=False)
class Patients:
    """Rows in order of time, and what a search may change: see `kernels.plain.feasibility`."""

    time: np.ndarray
    arm: np.ndarray
    event: np.ndarray
    edges: np.ndarray
    rule: np.ndarray


def draw_patients(wanted: Wanted, seed: int, start: int) -> Patients:
    """Patients of one start: events follow a curve of each arm, censoring a spread-out follow-up."""
    stream = Stream(seed, _STREAM, start)
    horizon = _horizon(wanted)
    knots = _both_knots(wanted, horizon)
    arm = np.repeat([0, 1], wanted.n)
    u = stream.uniforms(_PATIENTS + np.arange(len(arm)), 3)
    rank = np.concatenate([np.argsort(np.argsort(u[arm == a, 0])) for a in (0, 1)])
    of = np.asarray(wanted.n)[arm]
    hazard = -np.log1p(-(rank + u[:, 1]) / (of + 0.02))
    time = np.empty(len(arm))
    for a in (0, 1):
        time[arm == a] = _inverse(knots[a], hazard[arm == a])
    edges = _edges(wanted, horizon)
    share = _FEWEST + (_MOST - _FEWEST) * float(stream.uniforms([_SHARES], 1)[0, 0])
    d = _numbers_of_events(wanted, share)
    if len(edges) > 2:
        time, event = _between_edges(wanted, edges, knots, arm, u, d)
    else:
        time, event = _followed(time, 0.3 + 1.4 * u[:, 2], arm, d)
    edges = np.append(edges[:-1], max(edges[-1], float(time.max()) * 1.05))
    order = np.argsort(time, kind="stable")
    return Patients(time[order], arm[order], event[order].astype(np.int64), edges, _rule(wanted))


def draw_steps(seed: int, start: int, steps: int) -> np.ndarray:
    """The uniforms of a start's steps, (steps, 5)."""
    units = np.arange(steps) + (1 << 20)
    return Stream(seed, _STREAM, start).uniforms(units, 5)


def _rule(wanted: Wanted) -> np.ndarray:
    """Which numbers of events may change; whether only their sum is fixed."""
    known = [count is not None for count in wanted.events]
    total = wanted.result.events is not None and not any(known)
    return np.array([not total and not one for one in known] + [total], dtype=np.int64)


def _numbers_of_events(wanted: Wanted, share: float) -> tuple[int, int]:
    """Events by arm to begin with."""
    guess, total = _information_events(wanted), wanted.result.events
    n = wanted.n
    if total is None and guess is not None:
        # An arm that is emptied sooner makes later events tell less.
        total = min(max(round(guess * (0.8 + 0.5 * share)), 2), sum(n))
    if total is None:
        total = round(share * sum(n))
    first = min(max(round(total * n[0] / sum(n)), total - n[1]), n[0])
    either = (first, total - first)
    found = [min(fixed if fixed is not None else free, most)
             for fixed, free, most in zip(wanted.events, either, n, strict=True)]  # fmt: skip
    return found[0], found[1]


def _information_events(wanted: Wanted) -> int | None:
    """About how many events the hazard ratio's interval, or P with the ratio, speaks of."""
    ratio, test = wanted.result.hazard_ratio, wanted.result.test
    p = wanted.n[1] / sum(wanted.n)
    error = 0.0
    if wanted.has_interval and ratio is not None and ratio.interval is not None:
        low, high = ratio.interval.lower, ratio.interval.upper
        if low.reached and high.reached and low.value > 0.0:
            error = math.log(high.value / low.value) / (2.0 * quantile_of(wanted.reading.level))
    elif wanted.has_effect and wanted.has_test and ratio is not None and test is not None and test.p.relation == "=":
        z = quantile_of(1.0 - test.p.value * 2.0 / wanted.reading.sides) if 0.0 < test.p.value < 0.5 else 0.0
        error = abs(math.log(ratio.value.value)) / z if z > 0.0 and ratio.value.value > 0.0 else 0.0
    return round(1.0 / (error**2 * p * (1.0 - p))) if error > 0.0 else None


def _horizon(wanted: Wanted) -> float:
    """A time by which all follow-up ends."""
    times = [at for _, at, _ in wanted.rates()]
    if wanted.result.at_risk is not None:
        times += wanted.result.at_risk.times
    if wanted.result.follow_up is not None and wanted.result.follow_up.reached:
        times.append(1.3 * wanted.result.follow_up.value)
    for arm in ARMS:
        median = getattr(wanted.result, arm).median
        if median is not None:
            interval = median.interval
            printed = (median.value, *((interval.lower, interval.upper) if interval is not None else ()))
            times += [one.high for one in printed if one.reached]
    return _BEYOND * max(times) if times else 24.0


def _both_knots(wanted: Wanted, horizon: float) -> list[np.ndarray]:
    """Each arm's times and cumulative hazards; an arm without numbers has the other's, by the hazard ratio."""
    found = [_knots(wanted, code, horizon) for code in (0, 1)]
    ratio = wanted.result.hazard_ratio
    effect = ratio.value.value if ratio is not None and ratio.value.value > 0.0 else 1.0
    for code, power in ((0, 1.0 / effect), (1, effect)):
        if len(found[code]) == 1:
            other = found[1 - code]
            if len(other) == 1:
                other = np.array([[0.0, 0.0], [horizon / 2.0, math.log(2.0)]])
            found[code] = other * np.array([1.0, power])
    return found


def _knots(wanted: Wanted, code: int, horizon: float) -> np.ndarray:
    """Times and cumulative hazards of one arm's curve, rising; first (0, 0)."""
    firm = [(at, rate.value.value / 100.0) for arm, at, rate in wanted.rates() if arm == code]
    median = getattr(wanted.result, ARMS[code]).median
    loose: list[tuple[float, float]] = []
    if median is not None and median.value.reached:
        firm.append((median.value.value, 0.5))
    elif median is not None and not firm:
        firm.append((horizon, 0.6))
    if median is not None and median.interval is not None:
        half = quantile_of(wanted.level_of(median)) * math.sqrt(0.3 / wanted.n[code])
        limits = zip((median.interval.lower, median.interval.upper), (0.5 + half, 0.5 - half), strict=True)
        loose = [(limit.value, height) for limit, height in limits if limit.reached and 0.02 < height < 0.98]
    kept = [(at, s) for at, s in loose if all((at - t) * (s - height) < 0.0 for t, height in firm)]
    heights: list[tuple[float, float]] = [(0.0, 0.0)]
    for at, s in sorted([*firm, *kept]):
        hazard = -math.log(min(max(s, 0.01), 0.995))
        if at > heights[-1][0]:
            heights.append((at, max(hazard, heights[-1][1] + 1e-4)))
    return np.array(heights)


def _inverse(knots: np.ndarray, hazard: np.ndarray) -> np.ndarray:
    """The times at which the cumulative hazard is reached; beyond the last knot at the mean rate so far."""
    at = np.interp(hazard, knots[:, 1], knots[:, 0])
    last_time, last = knots[-1]
    return np.where(hazard > last, last_time + (hazard - last) * last_time / last, at)


def _followed(
    time: np.ndarray, spread: np.ndarray, arm: np.ndarray, d: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Times and events where each arm's follow-up is `spread`, scaled so that the arm has its events."""
    seen, event = time.copy(), np.zeros(len(time), dtype=bool)
    for a in (0, 1):
        own = np.flatnonzero(arm == a)
        # A patient's event is seen if the follow-up is scaled by this or more.
        needed = time[own] / spread[own]
        order = np.argsort(needed, kind="stable")
        had = own[order[: d[a]]]
        event[had] = True
        scale = float(np.sort(needed)[max(d[a] - 1, 0)])
        lost = own[order[d[a] :]]
        seen[lost] = np.minimum(scale * spread[lost], time[lost])
    return _apart(seen), event


def _apart(time: np.ndarray) -> np.ndarray:
    """Positive, distinct times."""
    return np.maximum(time, 1e-4) * (1.0 + 1e-7 * np.arange(len(time)))


def _edges(wanted: Wanted, horizon: float) -> np.ndarray:
    """Zero, the times of the numbers at risk, the end."""
    table = wanted.result.at_risk
    times = [at for at in table.times if at > 0.0] if table is not None else []
    return np.array([0.0, *sorted(times), horizon])


def _between_edges(
    wanted: Wanted, edges: np.ndarray, knots: list[np.ndarray], arm: np.ndarray, u: np.ndarray, d: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Times and events with as many patients in each interval as the numbers at risk say."""
    time, event = np.empty(len(arm)), np.zeros(len(arm), dtype=bool)
    for a in (0, 1):
        own = np.flatnonzero(arm == a)
        left = _numbers_left(wanted, a, edges, knots[a])
        height = np.interp(edges, knots[a][:, 0], knots[a][:, 1])
        begin, quotas = 0, []
        for k, gone in enumerate(-np.diff(np.append(left, 0))):
            rows = own[begin : begin + gone]
            time[rows] = edges[k] + (edges[k + 1] - edges[k]) * (0.001 + 0.998 * u[rows, 0])
            quotas.append(min(gone, round((height[k + 1] - height[k]) * (left[k] - gone / 2.0))))
            event[rows[: quotas[-1]]] = True
            begin += gone
        _adjust(event, own, d[a] if wanted.events[a] is not None or wanted.result.events is not None else None)
    return _apart(time), event


def _numbers_left(wanted: Wanted, a: int, edges: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Numbers at risk at each edge but the last; by the curve where the arm has no table."""
    table = wanted.result.at_risk
    counts = getattr(table, ARMS[a]) if table is not None else ()
    if table is not None and len(counts) == len(table.times):
        printed = dict(zip(table.times, counts, strict=True))
        found = [printed.get(float(at), wanted.n[a]) for at in edges[:-1]]
    else:
        found = [wanted.n[a] * math.exp(-float(np.interp(at, knots[:, 0], knots[:, 1]))) for at in edges[:-1]]
    return np.minimum.accumulate(np.array(found).astype(np.int64))


def _adjust(event: np.ndarray, own: np.ndarray, d: int | None) -> None:
    """Adds or takes events, spread over the arm, until there are d."""
    excess = 0 if d is None else int(event[own].sum()) - d
    rows = own[event[own] == (excess > 0)]
    if excess:
        chosen = np.linspace(0, len(rows) - 1, min(abs(excess), len(rows))).round().astype(int)
        event[rows[np.unique(chosen)]] = excess < 0
        left = abs(excess) - len(np.unique(chosen))
        if left > 0:
            event[np.setdiff1d(rows, rows[np.unique(chosen)])[:left]] = excess < 0
