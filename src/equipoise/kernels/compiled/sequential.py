"""A twin of `plain.sequential` for designs in a loop: one compiled call finds all bounds, and the drift, of a design.

The recursion is the plain one with the same nodes; the exponential is a polynomial that the compiler turns into vector
instructions (agreement with `math.exp` to 2 units in the last place). Speed: benchmarks/design.py.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from equipoise.kernels.compiled.normal import ROOT_2PI, exponential, mills, quantile, quantile_below, tail
from equipoise.kernels.plain import sequential as plain
from equipoise.kernels.plain.sequential import (
    BEYOND,
    CLOSE,
    DRIFT_CLOSE,
    DRIFT_LEAP,
    DRIFT_STEPS,
    FEWEST,
    HALVED,
    LARGEST,
    LEAST_CHANGE,
    PANEL,
    PER_STEP,
    REACH,
    ROOT_STEPS,
    Bounds,
)

_SIZES = LARGEST // 8
# Standard deviations by which a recursion is carried over to another drift.
TILT = 1.5
_NOT_KEPT = np.empty((3, 0, 0))
# Rules on (0, 1) of 8, 16, ..., LARGEST nodes, one a row.
_NODES, _WEIGHTS = np.zeros((2, _SIZES, LARGEST))
for _row in range(_SIZES):
    _NODES[_row, : 8 * (_row + 1)], _WEIGHTS[_row, : 8 * (_row + 1)] = plain.gauss_legendre(8 * (_row + 1))


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _tilt(score, mass, change, offset, out):
    for i in range(score.size):
        out[i] = mass[i] * exponential(change * score[i] - offset)


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _beyond(score, mass, at, shift, gain, sign):
    """See `plain._Step.beyond`."""
    total = 0.0
    if math.isinf(at):
        if at * sign > 0.0:
            return 0.0
        for i in range(score.size):
            total += mass[i]
        return total
    scale = sign / math.sqrt(gain)
    if score.size == 1:
        return mass[0] * tail((at - score[0] - shift) * scale)
    part = np.empty(score.size)
    for i in range(score.size):
        part[i] = mass[i] * tail((at - score[i] - shift) * scale)
    for i in range(score.size):
        total += part[i]
    return total


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _moments(score, mass):
    """Total mass, mean and variance."""
    total, mean, variance = 0.0, 0.0, 0.0
    for i in range(score.size):
        total += mass[i]
        mean += mass[i] * score[i]
    mean = mean / total
    for i in range(score.size):
        variance += mass[i] / total * (score[i] - mean) ** 2
    return total, mean, variance


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _share_beyond(score, mass, x, shift, scale, sign, tails, heights):
    """The mass that ends beyond sign * x, and its density there."""
    for i in range(score.size):
        z = (x - sign * (score[i] + shift)) * scale
        height = exponential(-0.5 * z * z)
        above = mills(abs(z)) * height
        tails[i], heights[i] = mass[i] * (above if z >= 0.0 else 1.0 - above), mass[i] * height
    beyond, density = 0.0, 0.0
    for i in range(score.size):
        beyond += tails[i]
        density += heights[i]
    return beyond, density * scale


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _between(low, high, spread):
    """See `plain._between`."""
    if math.isinf(low):
        return high - spread
    return low + spread if math.isinf(high) else 0.5 * (low + high)


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _bound(score, mass, spent, shift, gain, sign):
    """See `plain._bound`."""
    total, mean, variance = _moments(score, mass)
    if spent <= 0.0 or not total > 0.0:
        return sign * math.inf
    if spent >= total:
        return -sign * math.inf
    scale, spread = 1.0 / math.sqrt(gain), math.sqrt(variance + gain)
    share = spent / total
    goal = quantile(share)
    x, low, high = sign * (mean + shift) - spread * goal, -math.inf, math.inf
    if score.size == 1:
        return sign * x
    tails, heights = np.empty(score.size), np.empty(score.size)
    for _ in range(ROOT_STEPS):
        beyond, density = _share_beyond(score, mass, x, shift, scale, sign, tails, heights)
        beyond = beyond / total
        if beyond > share:
            low = x
        else:
            high = x
        move = math.nan
        if 0.0 < beyond < 1.0 and density > 0.0:
            at = quantile(beyond)
            move = (at - goal) * math.exp(-0.5 * at * at) * total / density
        # The error falls quadratically: after a step this short what is left is rounding.
        if abs(move) <= CLOSE * spread:
            return sign * (x + move)
        x = x + move if low < x + move < high else _between(low, high, spread)
    return sign * x


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _onward(score, mass, shift, gain, low, high, step):
    """Nodes and masses of the trials still going between two scores."""
    count = 8 * math.ceil((FEWEST + PER_STEP * min((high - low) / step, 4096.0)) / 8.0)
    panels, size = 1, count
    if count > LARGEST:
        panels, size = -(-count // PANEL), PANEL
    width = (high - low) / panels
    out_score = np.empty(panels * size)
    out_mass = np.zeros(panels * size)
    node, weight = _NODES[size // 8 - 1], _WEIGHTS[size // 8 - 1]
    for p in range(panels):
        for j in range(size):
            out_score[p * size + j] = low + width * (p + node[j])
    scale = 1.0 / math.sqrt(gain)
    for i in range(score.size):
        center, share = score[i] + shift, mass[i]
        for j in range(out_score.size):
            z = (out_score[j] - center) * scale
            out_mass[j] += share * exponential(-0.5 * z * z)
    scale = width * scale / ROOT_2PI
    for p in range(panels):
        for j in range(size):
            out_mass[p * size + j] *= scale * weight[j]
    return out_score, out_mass


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _reach(bounds, spent, sign):
    """See `plain._reach`, one side."""
    reach = REACH
    for k in range(bounds.size):
        bound = sign * bounds[k]
        if math.isnan(bound) and 0.0 < spent[k] < 1e-3:
            reach = max(reach, BEYOND - quantile_below(spent[k]))
        elif math.isfinite(bound):
            reach = max(reach, BEYOND + bound)
    return reach


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _keep(score, mass, kept):
    n = score.size
    if n > kept.shape[1]:
        kept[2, 0] = -1.0
        return
    kept[2, 0] = n
    for i in range(n):
        kept[0, i], kept[1, i] = score[i], mass[i]


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _pass(information, given, drift, upper_drift, symmetric, out, kept):
    """See `plain.solve_bounds`; `given` and `out` (4, K) hold lower, upper and what is spent or crossed at them.

    `kept` (3, K, most nodes), or empty, takes nodes, masses and their number before each look; a number of -1 says
    that they are too many to keep.
    """
    score, mass = np.zeros(1), np.ones(1)
    before = 0.0
    looks = information.size
    reach_low, reach_high = _reach(given[0], given[2], -1.0), _reach(given[1], given[3], 1.0)
    for k in range(looks):
        now = information[k]
        gain, root = now - before, math.sqrt(now)
        shift = drift * gain
        if kept.shape[1] > 0:
            _keep(score, mass, kept[:, k])
        upper = given[1, k]
        if math.isnan(upper):
            tilted = mass
            if upper_drift != drift and k > 0:
                tilted = np.empty_like(mass)
                _tilt(score, mass, upper_drift - drift, (upper_drift**2 - drift**2) * before / 2.0, tilted)
            upper = _bound(score, tilted, given[3, k], upper_drift * gain, gain, 1.0) / root
        lower = given[0, k]
        if symmetric:
            lower = -upper
        elif math.isnan(lower):
            lower = _bound(score, mass, given[2, k], shift, gain, -1.0) / root
        lower = min(lower, upper)
        out[0, k], out[1, k] = lower, upper
        low, high = lower * root, upper * root
        out[2, k] = _beyond(score, mass, low, shift, gain, -1.0)
        out[3, k] = _beyond(score, mass, high, shift, gain, 1.0)
        if k + 1 < looks:
            low = max(low, min(drift, upper_drift) * now - reach_low * root)
            high = max(min(high, max(drift, upper_drift) * now + reach_high * root), low)
            step = math.sqrt(min(gain, information[k + 1] - now))
            score, mass = _onward(score, mass, shift, gain, low, high, step)
        before = now


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _probit(p):
    return quantile(min(max(p, 1e-300), 1.0 - 1e-16))


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _stepped(miss, miss_before, drift, before, low, high, slope, halve):
    """See `plain._stepped`."""
    change = (miss - miss_before) / (drift - before)
    if not change > LEAST_CHANGE * slope:
        change = slope
    proposed = drift - min(max(miss / change, -DRIFT_LEAP / slope), DRIFT_LEAP / slope)
    if low < high < math.inf and low > -math.inf and (halve or not low <= proposed <= high):
        return 0.5 * (low + high)
    return proposed


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _drift(information, given, power, start, out):
    """See `plain.solve_drift`."""
    goal, slope = quantile(power), math.sqrt(information[-1])
    drift, before, miss_before, settled = start, math.nan, math.nan, False
    low, high = -math.inf, math.inf
    none = np.empty((3, 0, 0))
    for i in range(DRIFT_STEPS):
        _pass(information, given, drift, 0.0 if math.isnan(given[1, -1]) else drift, False, out, none)
        if settled:
            return drift
        miss = _probit(out[3].sum()) - goal
        if miss > 0.0:
            high = min(high, drift)
        else:
            low = max(low, drift)
        proposed = _stepped(miss, miss_before, drift, before, low, high, slope, i % HALVED == HALVED - 1)
        before, miss_before, drift = drift, miss, proposed
        settled = abs(drift - before) * slope <= DRIFT_CLOSE
    return math.nan


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _crossed(information, out, kept, reference, drift, row):
    """Probabilities of crossing one side's bounds (`row` of `out` 2: lower, 3: upper) under a drift near `reference`.

    The masses kept under the reference are carried over by the likelihood ratio. Returns their sum.
    """
    before, total, sign = 0.0, 0.0, 2.0 * row - 5.0
    tilted = np.empty(kept.shape[2])
    for k in range(information.size):
        gain, n = information[k] - before, int(kept[2, k, 0])
        score, part = kept[0, k, :n], tilted[:n]
        _tilt(score, kept[1, k, :n], drift - reference, (drift**2 - reference**2) * before / 2.0, part)
        bound = out[row - 2, k] * math.sqrt(information[k])
        out[row, k] = _beyond(score, part, bound, drift * gain, gain, sign)
        total += out[row, k]
        before = information[k]
    return total


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _drift_of_fixed(information, given, power, start, out):
    """The drift for bounds that are all given: one recursion, tilted to every drift that is tried."""
    goal, slope = quantile(power), math.sqrt(information[-1])
    kept = np.empty((3, information.size, LARGEST))
    _pass(information, given, start, start, False, out, kept)
    if kept[2, :, 0].min() < 0.0:
        return _drift(information, given, power, start, out)
    drift, before, miss_before = start, math.nan, math.nan
    miss = _probit(out[3].sum()) - goal
    for _ in range(DRIFT_STEPS):
        proposed = _stepped(miss, miss_before, drift, before, -math.inf, math.inf, slope, False)
        before, miss_before, drift = drift, miss, proposed
        if abs(drift - start) * slope > TILT:
            return _drift(information, given, power, drift, out)
        miss = _probit(_crossed(information, out, kept, start, drift, 3)) - goal
        if abs(drift - before) * slope <= DRIFT_CLOSE:
            _crossed(information, out, kept, start, drift, 2)
            return drift
    return math.nan


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def _solved_drift(information, given, power, out):
    last = given[1, -1]
    if not math.isfinite(last):
        last = -quantile(min(given[3].sum(), 0.5))
    start = (last + quantile(power)) / math.sqrt(information[-1])
    fixed = True
    for k in range(information.size):
        fixed = fixed and not (math.isnan(given[0, k]) or math.isnan(given[1, k]))
    if fixed:
        return _drift_of_fixed(information, given, power, start, out)
    return _drift(information, given, power, start, out)


def solve_bounds(
    information: np.ndarray, given: np.ndarray, *, drift: float = 0.0, upper_drift: float = 0.0, symmetric: bool = False
) -> Bounds:
    """See `plain.sequential.solve_bounds`; `given` (4, K) holds lower, upper, lower_spent and upper_spent."""
    out = np.empty_like(given)
    # Arrays that are read-only would be compiled for once more.
    _pass(information.copy(), given, drift, upper_drift, symmetric, out, _NOT_KEPT)
    return Bounds(*out)


def solve_drift(information: np.ndarray, given: np.ndarray, power: float) -> tuple[float, Bounds]:
    """See `plain.sequential.solve_drift`; `given` (4, K) as in `solve_bounds`."""
    out = np.empty_like(given)
    drift = _solved_drift(information.copy(), given, power, out)
    return drift, Bounds(*out)
