"""The most probable whole patients behind a curve, found by dynamic programming over the number at risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equipoise.evidence.arm_counts import ArmCounts
from equipoise.evidence.curve_knots import LARGEST, Knots

# Never quite none: a figure may lack the tick of a patient censored at an event.
_LEAST_RATE = 0.02
_MOST_AT_ONCE = 10
# A way this much less probable (in log) than the best so far is given up.
_HOPELESS = 40.0
_CANDIDATES = (-1, 0, 1, 2)


@dataclass(frozen=True)
class CountLaw:
    """What numbers are likely before the curve is read closely; Poisson laws.

    `censored`: expected number censored before each knot and after the last (m + 1); `events`: at each knot (m).
    """

    censored: np.ndarray
    events: np.ndarray

    def censoring_cost(self, gap: int, most: int, log_factorial: np.ndarray) -> np.ndarray:
        """Minus the log-probability of 0, 1, ..., `most` censored in a gap."""
        mean = max(float(self.censored[gap]), _LEAST_RATE * 1e-3)
        return mean - np.arange(most + 1) * np.log(mean) + log_factorial[: most + 1]


def log_factorials(n: int) -> np.ndarray:
    """log 0!, ..., log n!."""
    return np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + 1)))))


def probable_counts(knots: Knots, n: int, law: CountLaw, end: float, *, event_cost: float = 0.0) -> ArmCounts:
    """Events and censorings whose curve fits best, each knot's heights weighed against what numbers are likely.

    Minimizes sum over knots of z^2 / 2, z the distance of the product-limit curve to the knot's bounds in errors (at
    most sqrt(60)), minus the log-probability of events and censorings, plus `event_cost` for each event, over all
    whole events and censorings whose numbers at risk lie within the knots' (exact where a paper prints them). The state
    is the number left after a knot; of the ways to one state the best is kept, with the curve it made.
    """
    factorial = log_factorials(n)
    first, cost, height = n, np.zeros(1), np.ones(1)
    steps: list[_Step] = []
    for k in range(len(knots.time)):
        step, first, cost, height = _advance(knots, k, law, factorial, (first, cost, height), event_cost)
        steps.append(step)
    return _traced(steps, n, knots.time, first + int(np.argmin(cost)), end)


@dataclass(frozen=True)
class _Step:
    """How each state after a knot came about: states from `first`; events there, and censored before."""

    first: int
    events: np.ndarray
    risk_first: int
    censored: np.ndarray


def _advance(
    knots: Knots, k: int, law: CountLaw, factorial: np.ndarray, state: tuple[int, np.ndarray, np.ndarray],
    event_cost: float,
) -> tuple[_Step, int, np.ndarray, np.ndarray]:  # fmt: skip
    first, cost, height = state
    low = min(max(int(knots.fewest[k]), 0), int(knots.most[k]))
    risk_first, cost, height, censored = _censor(first, cost, height, low, int(knots.most[k]), law, k, factorial)
    at_risk = risk_first + np.arange(len(cost))
    log_rate = float(np.log(law.events[k])) - event_cost
    events, after, total, curve, row = _candidates(knots, k, at_risk, cost, height, log_rate)
    total = total + factorial[events]
    order = np.lexsort((total, after))
    after, order = after[order], order
    kept = order[np.append(True, after[1:] != after[:-1])]
    kept = kept[total[kept] <= total[kept].min() + _HOPELESS]
    states = at_risk[row[kept]] - events[kept]
    base, size = int(states[0]), int(states[-1] - states[0]) + 1
    new_cost, new_height = np.full(size, np.inf), np.ones(size)
    new_events, new_censored = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    place = states - base
    new_cost[place], new_height[place] = total[kept], curve[kept]
    new_events[place], new_censored[place] = events[kept], censored[row[kept]]
    return _Step(base, new_events, risk_first, new_censored), base, new_cost, new_height


def _censor(
    first: int, cost: np.ndarray, height: np.ndarray, low: int, high: int, law: CountLaw, k: int,
    factorial: np.ndarray,
) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """The best number censored for each number at risk, which lies between low and high."""
    last = first + len(cost) - 1
    low, high = min(low, last), min(high, last)
    most = last - low
    if low < high:
        # Only where a number at risk is printed may many be gone at once.
        most = min(most, _MOST_AT_ONCE + int(4.0 * law.censored[k]))
        low = max(low, first - most)
    padded = np.full(high - low + 1 + most, np.inf)
    held = cost[max(low - first, 0) : max(high + most + 1 - first, 0)]
    padded[max(first - low, 0) : max(first - low, 0) + len(held)] = held
    windows = np.lib.stride_tricks.sliding_window_view(padded, most + 1)[: high - low + 1]
    totals = windows + law.censoring_cost(k, most, factorial)
    censored = np.argmin(totals, axis=1)
    rows = np.arange(len(censored))
    origin = np.clip(low + rows + censored - first, 0, len(cost) - 1)
    return low, totals[rows, censored], height[origin], censored


def _candidates(
    knots: Knots, k: int, at_risk: np.ndarray, cost: np.ndarray, height: np.ndarray, log_rate: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Numbers of events worth trying at a knot for each number at risk: events, left, total cost, curve, row."""
    rows = np.arange(len(at_risk))
    if not knots.free[k]:
        total = cost + _misfit(knots, k, height)
        return np.zeros(len(rows), dtype=np.int64), at_risk, total, height, rows
    aim = np.clip(height, knots.low[k], knots.high[k])
    near = np.floor(at_risk * (1.0 - aim / np.maximum(height, 1e-12)) + 1e-9).astype(np.int64)
    row = np.tile(rows, len(_CANDIDATES))
    events = np.concatenate([near + shift for shift in _CANDIDATES])
    least = int(knots.least[k])
    usable = (events >= least) & (events <= at_risk[row])
    if not usable.any():
        events, usable = np.minimum(np.maximum(events, 0), at_risk[row]), np.ones(len(events), dtype=bool)
    events, row = events[usable], row[usable]
    curve = height[row] * (1.0 - events / np.maximum(at_risk[row], 1))
    total = cost[row] + _misfit(knots, k, curve) - log_rate * events
    return events, at_risk[row] - events, total, curve, row


def _misfit(knots: Knots, k: int, curve: np.ndarray) -> np.ndarray:
    beyond = np.maximum(np.maximum(knots.low[k] - curve, curve - knots.high[k]), 0.0) / knots.error[k]
    return 0.5 * np.minimum(beyond * beyond, LARGEST)


def _traced(steps: list[_Step], n: int, time: np.ndarray, left: int, end: float) -> ArmCounts:
    m = len(steps)
    events, censored = np.zeros(m, dtype=np.int64), np.zeros(m + 1, dtype=np.int64)
    censored[m] = left
    for k in range(m - 1, -1, -1):
        step = steps[k]
        events[k], censored[k] = step.events[left - step.first], step.censored[left - step.first]
        left += int(events[k] + censored[k])
    assert left == n
    return ArmCounts(n, time, events, censored, end)


def count_law(knots: Knots, n: int, events: int | None, end: float) -> CountLaw:
    """The laws of events and censorings that numbers at risk and the curve suggest.

    Between two printed numbers at risk n and n', with the curve falling from S to S', events and censorings at constant
    rates H = log(S / S') and K = log(n S' / (n' S)) share the n - n' who left in the proportion H : K; they are spread
    evenly, censorings over time and events over the knots that may have some. After the last number at risk the total
    of events tells, else the rate before. The figure's censoring ticks, where it has them, replace the censorings.
    """
    ends = np.append(knots.time, max(end, float(knots.time[-1])))
    gaps = np.diff(np.append(0.0, ends))
    censored, happened = np.full(len(gaps), _LEAST_RATE), np.full(len(knots.time), _LEAST_RATE)
    left, start, height, rate, died = float(n), 0, 1.0, 0.0, 0.0
    for k in np.flatnonzero(knots.most == knots.fewest):
        curve = min(_height_before(knots, int(k)), height)
        deaths, gone = _shared(left, float(knots.most[k]), curve / max(height, 1e-9))
        span = gaps[start : k + 1]
        censored[start : k + 1] += gone * span / max(span.sum(), 1e-12)
        _spread(happened, knots.free, start, int(k), deaths)
        rate = gone / max(span.sum() * (left + float(knots.most[k])) / 2.0, 1e-12)
        left, start, height, died = float(knots.most[k]), int(k) + 1, max(curve, 1e-9), died + deaths
    stay = min(max(_height_before(knots, len(knots.time)), 0.0) / max(height, 1e-9), 1.0)
    deaths, gone = _last_shared(left, stay, None if events is None else events - died, rate * float(gaps[start:].sum()))
    censored[start:] += gone * gaps[start:] / max(gaps[start:].sum(), 1e-12)
    _spread(happened, knots.free, start, len(happened), deaths)
    if knots.gap_marks is not None:
        censored = np.maximum(knots.gap_marks, _LEAST_RATE)
    return CountLaw(censored, happened)


def _shared(left: float, then: float, stay: float) -> tuple[float, float]:
    """Events and censorings among those who leave between two numbers at risk, `stay` the curve's ratio."""
    gone = left - then
    hazard = -np.log(max(stay, 1e-6))
    censoring = max(np.log(max(left * stay, 1e-6) / max(then, 0.5)), 0.0)
    share = hazard / (hazard + censoring) if hazard + censoring > 0.0 else 0.5
    return gone * share, gone * (1.0 - share)


def _last_shared(left: float, stay: float, events: float | None, rate: float) -> tuple[float, float]:
    """Events and censorings after the last printed number at risk; `rate`: censorings per patient, as before it."""
    hazard = -np.log(max(stay, 1e-3))
    if events is None:
        censoring = rate if rate > 0.0 else 0.3
        lost = left * (1.0 - np.exp(-hazard - censoring))
        return lost * hazard / max(hazard + censoring, 1e-9), lost * censoring / max(hazard + censoring, 1e-9)
    deaths = min(max(events, 0.5), left)
    # Those neither with the event nor beyond the curve's end left on the way.
    return deaths, max((left * (1.0 - stay) - deaths) / max(1.0 - stay, 0.2), 0.5)


def _spread(happened: np.ndarray, free: np.ndarray, start: int, stop: int, deaths: float) -> None:
    places = start + np.flatnonzero(free[start:stop])
    if len(places):
        happened[places] += deaths / len(places)


def _height_before(knots: Knots, k: int) -> float:
    """The curve just before a knot: at the nearest earlier knot that says a height."""
    for j in range(k - 1, -1, -1):
        if knots.high[j] - knots.low[j] < 0.5:
            return float(knots.low[j] + knots.high[j]) / 2.0
    return 1.0
