"""Twins of the statistics of `plain.general_looks`, from keys sorted by time.

One pass makes the table of risk sets (numbers at risk and events by arm at each event time of each stratum), which
every test reads; one pass per arm makes its curve. Sums run in order of time over all strata, where the plain form adds
stratum by stratum, and Newton's steps start elsewhere: z, variance, log hazard ratio and restricted mean differ in
their last bits; counts, medians and survival do not. Compiled into the entries of `compiled.general_trials`.
"""

from __future__ import annotations

import math

import numpy as np

from equipoise.kernels.compiled.general_looks import ARM_MASK, ARM_SHIFT, STRATUM_MASK, STRATUM_SHIFT, TIME_SHIFT
from equipoise.kernels.compiled.general_pack import AT, POINT_ROWS, TEST_ENDPOINT, TEST_ROWS, WHOSE
from equipoise.kernels.compiled.lanes import inner
from equipoise.kernels.plain.general_looks import EVENTS, LOG_HR, LOG_HR_SE, MEDIAN, VARIANCE, Z
from equipoise.kernels.plain.general_spec import FLEMING_HARRINGTON, LOGRANK, MODEST_SURVIVAL, MODEST_TIME
from equipoise.kernels.plain.kaplan_meier import HEIGHT_TOLERANCE

# The squared step in standard errors after which the next one would change no digit.
_DECREMENT = 1e-20
_MOST_STEPS = 100
_LONGEST_STEP = 3.0
# Columns of a curve's steps.
_AT, _AT_RISK, _DEAD, _HEIGHT, _LOG_VARIANCE = range(5)


@inner
def add_comparisons(rows, cox, tests, endpoint, keys, n, at_risk, sets, table, by_stratum, out):
    """Events, and every arm against control: one endpoint at one look, into `out`; `rows` (6, A) of the endpoint."""
    arms = rows.shape[1]
    found = _risk_sets(keys, n, arms, at_risk, sets, table)
    for arm in range(arms):
        out[rows[EVENTS, arm]] = _events(table, found, arms, arm)
    for arm in range(1, arms):
        u, variance = _logrank(table, found, arms, arm)
        out[rows[VARIANCE, arm]] = variance
        if variance > 0.0:
            out[rows[Z, arm]] = -u / math.sqrt(variance)
        if cox:
            log_hr, se = _log_hazard_ratio(table, found, arms, arm, u / variance if variance > 0.0 else 0.0)
            out[rows[LOG_HR, arm]], out[rows[LOG_HR_SE, arm]] = log_hr, se
        for k in range(len(tests)):
            if tests[k, TEST_ENDPOINT] == endpoint:
                row = np.int64(tests[k, TEST_ROWS + arm])
                out[row] = _weighted_z(tests[k], sets, table, found, arms, arm, by_stratum)


@inner
def add_curves(rows, medians, landmarks, windows, endpoint, keys, n, curve, out):
    """The median, survival at landmarks and restricted means of every arm."""
    for arm in range(rows.shape[1]):
        steps, last = _curve(keys, n, arm, curve)
        if last < 0:
            continue
        if medians:
            out[rows[MEDIAN, arm]] = _median(curve, steps, last)
        fallen = steps > 0 and curve[_HEIGHT, steps - 1] == 0.0
        for k in range(len(landmarks)):
            at, row = landmarks[k, AT], landmarks[k, POINT_ROWS + arm]
            if landmarks[k, WHOSE] == endpoint and (at <= last or fallen):
                out[row], out[row + 1] = _survival_at(curve, steps, at)
        for k in range(len(windows)):
            at, row = windows[k, AT], windows[k, POINT_ROWS + arm]
            if windows[k, WHOSE] == endpoint and (at <= last or fallen):
                out[row], out[row + 1] = _restricted_mean(curve, steps, np.float64(at))


@inner
def _risk_sets(keys, n, arms, at_risk, sets, table):
    """Fills `sets` (2, K), time and stratum, and `table` (K, 2 arms), at risk and events by arm; returns K."""
    at_risk[:, :] = 0
    for i in range(n):
        at_risk[(keys[i] >> STRATUM_SHIFT) & STRATUM_MASK, (keys[i] >> ARM_SHIFT) & ARM_MASK] += 1
    found = i = 0
    while i < n:
        run, stop, events = keys[i] >> STRATUM_SHIFT, i, 0
        while stop < n and keys[stop] >> STRATUM_SHIFT == run:
            events += keys[stop] & 1
            stop += 1
        s = run & STRATUM_MASK
        if events:
            sets[0, found], sets[1, found] = run >> (TIME_SHIFT - STRATUM_SHIFT), s
            for a in range(arms):
                table[found, a], table[found, arms + a] = at_risk[s, a], 0
            for j in range(i, stop):
                table[found, arms + ((keys[j] >> ARM_SHIFT) & ARM_MASK)] += keys[j] & 1
            found += 1
        for j in range(i, stop):
            at_risk[s, (keys[j] >> ARM_SHIFT) & ARM_MASK] -= 1
        i = stop
    return found


@inner
def _events(table, found, arms, arm):
    total = 0
    for k in range(found):
        total += table[k, arms + arm]
    return total


@inner
def _logrank(table, found, arms, arm):
    """U = O - E of an arm against control and its variance."""
    u = variance = 0.0
    for k in range(found):
        n1, d1, d = table[k, arm], table[k, arms + arm], table[k, arms] + table[k, arms + arm]
        if d:
            n = n1 + table[k, 0]
            share = n1 / n
            u += d1 - d * share
            if d == 1:
                variance += share * (1.0 - share)
            elif n > 1:
                variance += d * (n - d) / (n - 1.0) * share * (1.0 - share)
    return u, variance


@inner
def _log_hazard_ratio(table, found, arms, arm, start):
    """The Cox estimate by Efron's rule and its standard error; see `plain.trial_looks.log_hazard_ratio`."""
    events0 = events1 = 0
    for k in range(found):
        if table[k, 0] and table[k, arm]:
            events0, events1 = events0 + table[k, arms], events1 + table[k, arms + arm]
    if events0 == 0 or events1 == 0:
        if events0 == events1:
            return math.nan, math.nan
        return math.inf if events0 == 0 else -math.inf, math.nan
    beta, low, high, information = start, -math.inf, math.inf, 0.0
    for _ in range(_MOST_STEPS):
        expected, information = _cox_terms(table, found, arms, arm, math.exp(beta))
        score = events1 - expected
        if score > 0.0:
            low = beta
        else:
            high = beta
        step = score / information if information > 0.0 else math.copysign(_LONGEST_STEP, score)
        moved = beta + min(max(step, -_LONGEST_STEP), _LONGEST_STEP)
        # The score falls with beta: a step past a place where it had the other sign goes half the way instead.
        beta = moved if low <= moved <= high else 0.5 * (low + high)
        if score * step <= _DECREMENT:
            break
    return beta, 1.0 / math.sqrt(information)


@inner
def _cox_terms(table, found, arms, arm, r):
    """Expected events of the arm and the information at hazard ratio r, over risk sets with both arms."""
    expected = information = 0.0
    for k in range(found):
        n0, n1 = table[k, 0], table[k, arm]
        if n0 and n1:
            d0, d1 = table[k, arms], table[k, arms + arm]
            d = d0 + d1
            if d == 1:
                p = n1 * r / (n0 + n1 * r)
                expected += p
                information += p * (1.0 - p)
            else:
                for j in range(d):
                    w0, w1 = n0 - j / d * d0, (n1 - j / d * d1) * r
                    p = w1 / (w0 + w1)
                    expected += p
                    information += p * (1.0 - p)
    return expected, information


@inner
def _weighted_z(test, sets, table, found, arms, arm, by_stratum):
    """Z of a weighted test; `by_stratum` (2, S): the pooled curve before the time, and the floor of modest weights."""
    kind, first, second = int(test[0]), test[1], test[2]
    by_stratum[:, :] = 1.0
    if kind == MODEST_TIME:
        for k in range(found):
            if sets[0, k] <= first:
                by_stratum[1, sets[1, k]] *= _survived(table, k, arms, arm)
    elif kind == MODEST_SURVIVAL:
        by_stratum[1, :] = first
    u = variance = 0.0
    for k in range(found):
        n1, d1, d = table[k, arm], table[k, arms + arm], table[k, arms] + table[k, arms + arm]
        if d:
            s, n = sets[1, k], n1 + table[k, 0]
            weight = 1.0
            if kind == FLEMING_HARRINGTON:
                weight = _power(by_stratum[0, s], first) * _power(1.0 - by_stratum[0, s], second)
            elif kind != LOGRANK:
                weight = 1.0 / max(by_stratum[0, s], by_stratum[1, s])
            share = n1 / n
            u += weight * (d1 - d * share)
            variance += weight * weight * (d * (n - d) / max(n - 1.0, 1.0)) * share * (1.0 - share)
            by_stratum[0, s] *= _survived(table, k, arms, arm)
    return -u / math.sqrt(variance) if variance > 0.0 else math.nan


@inner
def _survived(table, k, arms, arm):
    """The share of the pair's patients at risk who have no event in a risk set."""
    d = table[k, arms] + table[k, arms + arm]
    return 1.0 - d / (table[k, 0] + table[k, arm]) if d else 1.0


@inner
def _power(x, exponent):
    if exponent == 0.0:
        return 1.0
    return x if exponent == 1.0 else x**exponent


@inner
def _curve(keys, n, arm, curve):
    """Fills the steps of an arm's curve; returns how many there are, and the last observed time (-1: nobody)."""
    at_risk = 0
    for i in range(n):
        at_risk += (keys[i] >> ARM_SHIFT) & ARM_MASK == arm
    steps, i, last = 0, 0, -1
    height, log_variance = 1.0, 0.0
    while i < n:
        time, own, dead = keys[i] >> TIME_SHIFT, 0, 0
        while i < n and keys[i] >> TIME_SHIFT == time:
            if (keys[i] >> ARM_SHIFT) & ARM_MASK == arm:
                own += 1
                dead += keys[i] & 1
            i += 1
        if own:
            last = time
        if dead:
            left = at_risk - dead
            height *= left / at_risk
            log_variance += dead / (at_risk * left) if left else math.inf
            curve[_AT, steps], curve[_AT_RISK, steps], curve[_DEAD, steps] = time, at_risk, dead
            curve[_HEIGHT, steps], curve[_LOG_VARIANCE, steps] = height, log_variance
            steps += 1
        at_risk -= own
    return steps, last


@inner
def _median(curve, steps, last):
    """See `plain.kaplan_meier.curve_quantile` with its convention "r", at 1/2."""
    reached = 0
    while reached < steps and not (1.0 - curve[_HEIGHT, reached]) + HEIGHT_TOLERANCE >= 0.5:
        reached += 1
    if reached == steps:
        return math.nan
    passed = reached
    while passed < steps and not (1.0 - curve[_HEIGHT, passed]) - HEIGHT_TOLERANCE >= 0.5:
        passed += 1
    stop = np.float64(last) if passed == steps else curve[_AT, passed]
    return (curve[_AT, reached] + stop) / 2.0


@inner
def _survival_at(curve, steps, at):
    k = 0
    while k < steps and curve[_AT, k] <= at:
        k += 1
    if k == 0:
        return 1.0, 0.0
    height = curve[_HEIGHT, k - 1]
    return height, height * math.sqrt(curve[_LOG_VARIANCE, k - 1]) if height > 0.0 else math.nan


@inner
def _restricted_mean(curve, steps, tau):
    """The area under the curve to tau and its standard error: from the last step to the first."""
    area = variance = 0.0
    end = tau
    for k in range(steps - 1, -1, -1):
        time, n, d = curve[_AT, k], curve[_AT_RISK, k], curve[_DEAD, k]
        if time <= tau:
            area += (end - time) * curve[_HEIGHT, k]
            end = time
            if n > d:
                variance += area * area * d / (n * (n - d))
    return area + end, math.sqrt(variance)
