"""A search for patients of two arms whose curves, hazard ratio and test print given numbers.

Functions here are loops over arrays, so that `compiled.feasibility` is these functions compiled. Patients are rows in
order of time, distinct times: `time`, `arm` (1 experimental, 0 control), `event` (1 or 0). What is wanted is boxes, NaN
where nothing is:

- `landmark` (K, 9), in order of time: arm, time, the box of S, those of its two limits, and their z;
- `median` (2, 7), row = arm: the box of the median, those of its two limits, and their z; infinity for not reached;
- `effect` (7): the box of the log hazard ratio, those of its two limits, and their z;
- `test` (4): the box of z, 1 for |z|, and the kind: 0 either, 1 log-rank, 2 Wald.
"""

from __future__ import annotations

import math

import numpy as np

# Units in which a miss is counted: of survival, of its limits, of log time, of a log ratio, of z.
SHARE_UNIT, LIMIT_UNIT, TIME_UNIT, RATIO_UNIT, Z_UNIT = 0.01, 0.02, 0.05, 0.02, 0.05
# The scales of a curve's interval, as columns of a table of misses: log, log-log, plain.
N_SCALES = 3
_NEVER = 6.0
_LOG_2 = math.log(2.0)
_LOG_LOG_2 = math.log(math.log(2.0))
_FARTHEST = 6.0


def outside(value: float, low: float, high: float) -> float:
    """How far a value lies outside a box; 0 where there is no box."""
    if value < low:
        return low - value
    if value > high:
        return value - high
    return 0.0


def time_miss(at: float, low: float, high: float, end: float) -> float:
    """How far a time lies outside a box, on the log scale; infinity for not reached; `end`, of all follow-up."""
    if math.isnan(low):
        return 0.0
    if math.isinf(low):
        return 0.0 if math.isinf(at) else 1.0 + math.log(max(end / at, 1.0)) / TIME_UNIT
    if math.isinf(at):
        return _NEVER + math.log(max(end / high, 1.0))
    return outside(math.log(at), math.log(low), math.log(high)) / TIME_UNIT


def half_distance(scale: int, s: float, root: float) -> tuple[float, float]:
    """g(S) - g(1/2) and the standard error of g(S), for the scale of an interval; `root`, that of log S."""
    if scale == 0:
        return math.log(s) + _LOG_2, root
    if scale == 1:
        return _LOG_LOG_2 - math.log(-math.log(s)), root / -math.log(s)
    return s - 0.5, s * root


def limit_of(scale: int, s: float, distance: float) -> float:
    """The limit `distance` away from S, on the scale of log S, by the scale of an interval."""
    if scale == 0:
        return min(s * math.exp(distance), 1.0)
    if scale == 1:
        return s ** math.exp(-distance / -math.log(s)) if s < 1.0 else 1.0
    return min(max(s + s * distance, 0.0), 1.0)


def pass_limits(crossed: np.ndarray, a: int, at: float, s: float, variance: float, z: float) -> None:
    """Writes into `crossed` (2, 2, scales) when the lower and the upper limit of arm a first pass one half."""
    # No limit exists where the curve is zero.
    if s <= 0.0 or math.isfinite(crossed[a, 1, 0] + crossed[a, 1, 1] + crossed[a, 1, 2]):
        return
    root = math.sqrt(variance)
    if s - 0.5 > 2.5 * z * s * root + 0.02:
        return
    for scale in range(N_SCALES):
        difference, error = half_distance(scale, s, root)
        if difference - z * error < 0.0 and math.isinf(crossed[a, 0, scale]):
            crossed[a, 0, scale] = at
        if difference + z * error < 0.0 and math.isinf(crossed[a, 1, scale]):
            crossed[a, 1, scale] = at


def landmark_miss(row: np.ndarray, s: float, variance: float, scales: np.ndarray) -> float:
    """The miss of one rate; those of its limits are added to `scales`."""
    if not math.isnan(row[4]) and 0.0 < s < 1.0:
        root = math.sqrt(variance)
        for scale in range(N_SCALES):
            low, high = limit_of(scale, s, -row[8] * root), limit_of(scale, s, row[8] * root)
            scales[scale] += (outside(low, row[4], row[5]) + outside(high, row[6], row[7])) / LIMIT_UNIT
    elif not math.isnan(row[4]):
        scales += _NEVER
    return outside(s, row[2], row[3]) / SHARE_UNIT


def curve_misses(
    time: np.ndarray,
    arm: np.ndarray,
    event: np.ndarray,
    left: np.ndarray,
    landmark: np.ndarray,
    median: np.ndarray,
    at_risk: np.ndarray,
) -> tuple[float, int]:
    """The misses of rates and medians, and the number of events, whose numbers at risk go to `at_risk` (n, 2).

    `left` (2): patients by arm. Limits are judged on each scale; the one that misses least counts, of the rates and of
    the medians apart.
    """  # fmt: skip
    y = left.copy()
    s, variance = np.ones(2), np.zeros(2)
    halved = np.full(2, math.inf)
    crossed = np.full((2, 2, N_SCALES), math.inf)
    rates, medians = np.zeros(N_SCALES), np.zeros(N_SCALES)
    miss, d, k, n = 0.0, 0, 0, len(time)
    for i in range(n + 1):
        while k < len(landmark) and (i == n or landmark[k, 1] < time[i]):
            a = int(landmark[k, 0])
            miss += landmark_miss(landmark[k], s[a], variance[a], rates)
            if y[a] == 0.0 and s[a] > 0.0:
                # Nobody is followed so far: the curve has no value here.
                miss += _NEVER
            k += 1
        if i == n:
            break
        a = arm[i]
        if event[i] == 1:
            at_risk[d, 0], at_risk[d, 1] = y[0], y[1]
            d += 1
            s[a] *= 1.0 - 1.0 / y[a]
            variance[a] += 1.0 / (y[a] * (y[a] - 1.0)) if y[a] > 1.0 else math.inf
            if s[a] < 0.5 - 1e-9 and math.isinf(halved[a]):
                halved[a] = time[i]
            if not math.isnan(median[a, 2]):
                pass_limits(crossed, a, float(time[i]), float(s[a]), float(variance[a]), median[a, 6])
        y[a] -= 1.0
    end = time[n - 1]
    for a in range(2):
        miss += time_miss(halved[a], median[a, 0], median[a, 1], end)
        for scale in range(N_SCALES):
            medians[scale] += time_miss(crossed[a, 0, scale], median[a, 2], median[a, 3], end)
            medians[scale] += time_miss(crossed[a, 1, scale], median[a, 4], median[a, 5], end)
    return miss + rates.min() + medians.min(), d


def cox_binary(at_risk: np.ndarray, d: int, observed: float, start: float) -> tuple[float, float]:
    """Log hazard ratio and information of Cox's model of two arms, distinct times, by Newton's method.

    U(b) = O - sum p, I(b) = sum p (1 - p), p = Y1 e^b / (Y1 e^b + Y0) over the d events. Kept within +-6.
    Source: Cox DR. J R Stat Soc B 1972;34:187-220.
    """
    b, information = start, 0.0
    for _ in range(30):
        ratio, score, information = math.exp(b), observed, 0.0
        for i in range(d):
            weight = at_risk[i, 1] * ratio
            p = weight / (weight + at_risk[i, 0])
            score -= p
            information += p * (1.0 - p)
        if information <= 1e-12:
            return b, information
        step = min(max(score / information, -1.0), 1.0)
        b = min(max(b + step, -_FARTHEST), _FARTHEST)
        if abs(step) < 1e-9 or abs(b) == _FARTHEST:
            break
    return b, information


def logrank_binary(at_risk: np.ndarray, d: int, observed: float) -> float:
    """z of the log-rank test, -U / sqrt(V): positive favors the experimental arm."""
    u, v = observed, 0.0
    for i in range(d):
        p = at_risk[i, 1] / (at_risk[i, 0] + at_risk[i, 1])
        u -= p
        v += p * (1.0 - p)
    return -u / math.sqrt(v) if v > 0.0 else 0.0


def effect_miss(b: float, information: float, logrank: float, effect: np.ndarray, test: np.ndarray) -> float:
    """The misses of hazard ratio, limits and test."""
    miss = outside(b, effect[0], effect[1]) / RATIO_UNIT
    if information <= 0.0:
        return miss + _NEVER
    error = 1.0 / math.sqrt(information)
    if not math.isnan(effect[6]):
        miss += outside(b - effect[6] * error, effect[2], effect[3]) / RATIO_UNIT
        miss += outside(b + effect[6] * error, effect[4], effect[5]) / RATIO_UNIT
    if not math.isnan(test[0]):
        wald = -b / error
        if test[2] == 1.0:
            wald, logrank = abs(wald), abs(logrank)
        by_rank, by_wald = outside(logrank, test[0], test[1]), outside(wald, test[0], test[1])
        nearest = by_rank if test[3] == 1.0 else by_wald if test[3] == 2.0 else min(by_rank, by_wald)
        miss += nearest / Z_UNIT
    return miss


def misfit(
    time: np.ndarray,
    arm: np.ndarray,
    event: np.ndarray,
    left: np.ndarray,
    landmark: np.ndarray,
    median: np.ndarray,
    effect: np.ndarray,
    test: np.ndarray,
    at_risk: np.ndarray,
    start: float,
) -> tuple[float, float]:
    """All misses, 0 where every number is met, and the log hazard ratio; `at_risk` (n, 2): room to use."""  # fmt: skip
    miss, d = curve_misses(time, arm, event, left, landmark, median, at_risk)
    if math.isnan(effect[0]) and math.isnan(test[0]):
        return miss, 0.0
    observed = 0.0
    for i in range(len(time)):
        observed += event[i] * arm[i]
    b, information = cox_binary(at_risk, d, observed, start)
    return miss + effect_miss(b, information, logrank_binary(at_risk, d, observed), effect, test), b


def relocate(time: np.ndarray, arm: np.ndarray, event: np.ndarray, i: int, at: float) -> int:
    """Gives row i another time and moves it to its place, which is returned."""
    own, flag = arm[i], event[i]
    while i > 0 and time[i - 1] > at:
        time[i], arm[i], event[i] = time[i - 1], arm[i - 1], event[i - 1]
        i -= 1
    while i + 1 < len(time) and time[i + 1] < at:
        time[i], arm[i], event[i] = time[i + 1], arm[i + 1], event[i + 1]
        i += 1
    time[i], arm[i], event[i] = at, own, flag
    return i


def interval_of(edges: np.ndarray, at: float) -> int:
    """Which interval between edges holds a time; -1 outside all."""
    k = -1
    for edge in edges:
        if at < edge:
            return k
        k += 1
    return -1


def proposed_time(time: np.ndarray, edges: np.ndarray, i: int, which: float, where: float) -> float:
    """Another time for row i, close by or close to another row's; its own where that leaves its interval."""
    if which < 0.5:
        at = time[i] * (1.0 + 0.8 * (where - 0.5) ** 3)
    else:
        j = min(int((which - 0.5) * 2.0 * len(time)), len(time) - 1)
        at = time[j] * (1.0 + 0.02 * (where - 0.5))
    return at if interval_of(edges, at) == interval_of(edges, time[i]) and interval_of(edges, at) >= 0 else time[i]


def flip(
    event: np.ndarray, arm: np.ndarray, time: np.ndarray, edges: np.ndarray, rule: np.ndarray, i: int, j: int
) -> int:
    """Changes who has an event, or which arm two rows belong to; returns what was done, to be done again to undo it.

    `rule` (3): whether an arm's number of events may change, control then experimental; whether events may change arms.
    1: row i changed; 2: rows i and j exchanged event and censoring; 3: rows i and j exchanged arms; 0: nothing.
    """
    if rule[arm[i]] == 1 and (i + j) % 2 == 0:
        event[i] = 1 - event[i]
        return 1
    if event[i] != event[j] and (arm[i] == arm[j] or rule[2] == 1):
        event[i], event[j] = event[j], event[i]
        return 2
    if event[i] == event[j] and arm[i] != arm[j] and interval_of(edges, time[i]) == interval_of(edges, time[j]):
        arm[i], arm[j] = arm[j], arm[i]
        return 3
    return 0


def unflip(event: np.ndarray, arm: np.ndarray, i: int, j: int, done: int) -> None:
    """Undoes `flip`."""
    if done == 1:
        event[i] = 1 - event[i]
    elif done == 2:
        event[i], event[j] = event[j], event[i]
    elif done == 3:
        arm[i], arm[j] = arm[j], arm[i]


def anneal(
    time: np.ndarray,
    arm: np.ndarray,
    event: np.ndarray,
    edges: np.ndarray,
    rule: np.ndarray,
    landmark: np.ndarray,
    median: np.ndarray,
    effect: np.ndarray,
    test: np.ndarray,
    uniforms: np.ndarray,
    heat: np.ndarray,
) -> tuple[int, float]:
    """Simulated annealing of the patients, in place, until nothing is missed or the steps are spent.

    `edges`: times between which patients stay; `rule` as of `flip`; `uniforms` (steps, 5); `heat` (2): temperature at
    the first and the last step, lowered geometrically. Returns the steps made and the miss.
    Source: Kirkpatrick S, Gelatt CD, Vecchi MP. Science 1983;220:671-680.
    """  # fmt: skip
    n, steps = len(time), len(uniforms)
    left = np.zeros(2)
    for a in arm:
        left[a] += 1.0
    room = np.empty((n, 2))
    miss, b = misfit(time, arm, event, left, landmark, median, effect, test, room, 0.0)
    warmth, cooling = heat[0], (heat[1] / heat[0]) ** (1.0 / steps)
    for k in range(steps):
        if miss == 0.0:
            return k, miss
        warmth *= cooling
        u = uniforms[k]
        i = min(int(u[0] * n), n - 1)
        before, place, done, j = time[i], i, 0, 0
        moved = u[1] < 0.6
        if moved:
            at = proposed_time(time, edges, i, u[2], u[3])
            place = relocate(time, arm, event, i, at)
        else:
            j = min(int(u[2] * n), n - 1) if u[3] < 0.5 else min(max(i + int(u[2] * 13.0) - 6, 0), n - 1)
            done = flip(event, arm, time, edges, rule, i, j)
            if done == 0:
                continue
        new, ratio = misfit(time, arm, event, left, landmark, median, effect, test, room, b)
        if new <= miss - warmth * math.log(u[4]):
            miss, b = new, ratio
        elif moved:
            relocate(time, arm, event, place, before)
        else:
            unflip(event, arm, i, j, done)
    return steps, miss
