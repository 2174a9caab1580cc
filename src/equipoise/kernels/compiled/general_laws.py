"""Twins of `plain.general_laws`, number by number: the same operations in the same order, so the same bits.

Fused multiply-adds and reordering are off (`fastmath=False`). Not cached by themselves: the entries of
`compiled.general_trials` hold them.
"""

from __future__ import annotations

import math

import numpy as np

from equipoise.kernels.compiled.general_pack import CURED, FIRST, KIND, PIECES, SECOND
from equipoise.kernels.compiled.lanes import inner
from equipoise.kernels.plain.general_laws import (
    CENTER,
    EXP_LIMIT,
    EXP_SERIES,
    FAR_TAIL,
    LOG_2,
    LOG_2_HIGH,
    LOG_2_LOW,
    LOG_SERIES,
    SQRT_HALF,
    TAIL,
)
from equipoise.kernels.plain.general_spec import LOG_NORMAL, PIECEWISE, WEIBULL
from equipoise.kernels.plain.trial_spec import NEVER

_FRACTION, _HALF = (1 << 52) - 1, 1022 << 52


@inner
def log_positive(x):
    # frexp of a positive normal number, by its bits.
    bits = np.float64(x).view(np.int64)
    k = (bits >> 52) - 1022
    m = np.int64((bits & _FRACTION) | _HALF).view(np.float64)
    if m < SQRT_HALF:
        m, k = m + m, k - 1
    s = (m - 1.0) / (m + 1.0)
    return k * LOG_2_HIGH + (s * polynomial(s * s, LOG_SERIES) + k * LOG_2_LOW)


@inner
def exp_limited(x):
    x = min(max(x, -EXP_LIMIT), EXP_LIMIT)
    k = math.floor(x / LOG_2 + 0.5)
    r = (x - k * LOG_2_HIGH) - k * LOG_2_LOW
    # ldexp where the result is a normal number: times the power of two with these bits.
    return polynomial(r, EXP_SERIES) * np.int64((np.int64(k) + 1023) << 52).view(np.float64)


@inner
def normal_quantile(u):
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * polynomial(r, CENTER[0]) / polynomial(r, CENTER[1])
    root = math.sqrt(-log_positive(min(u, 1.0 - u)))
    if root <= 5.0:
        tail = polynomial(root - 1.6, TAIL[0]) / polynomial(root - 1.6, TAIL[1])
    else:
        tail = polynomial(root - 5.0, FAR_TAIL[0]) / polynomial(root - 5.0, FAR_TAIL[1])
    return -tail if q < 0.0 else tail


@inner
def polynomial(x, coefficients):
    total = coefficients[-1]
    for k in range(len(coefficients) - 2, -1, -1):
        total = total * x + coefficients[k]
    return total


@inner
def uniform(word):
    return (np.float64(np.int64(word) >> 8) + 0.5) * 2.0**-24


@inner
def transition_time(law, u):
    """`law`: a row of `general_pack.Packed.laws`."""
    if u <= law[CURED]:
        return math.inf
    inside = (u - law[CURED]) / (1.0 - law[CURED])
    if law[KIND] == PIECEWISE:
        return piecewise_time(law, -log_positive(inside))
    if law[KIND] == WEIBULL:
        return law[SECOND] * exp_limited(log_positive(-log_positive(inside)) / law[FIRST])
    if law[KIND] == LOG_NORMAL:
        return law[FIRST] * exp_limited(-(law[SECOND] * normal_quantile(inside)))
    return math.inf


@inner
def piecewise_time(law, exponential):
    pieces = (len(law) - PIECES) // 3
    start = PIECES
    for k in range(1, pieces):
        if exponential >= law[PIECES + pieces + k]:
            start = PIECES + k
    rate = law[start + 2 * pieces]
    return law[start] + (exponential - law[start + pieces]) / rate if rate > 0.0 else math.inf


@inner
def cumulated_hazard(law, time):
    pieces = (len(law) - PIECES) // 3
    start = PIECES
    for k in range(1, pieces):
        if time >= law[PIECES + k]:
            start = PIECES + k
    return law[start + pieces] + (time - law[start]) * law[start + 2 * pieces]


@inner
def to_ticks(time):
    return min(np.int64(min(time, np.float64(NEVER))) + 1, NEVER)
