"""The log-rank and Cox statistics of sixteen sorted trials.

Rows are met from the last time back, so that the numbers at risk are what has been passed. One word a stratum holds
them, control << 16 | experimental. The word met by each event is kept for the Cox passes; other rows keep (one control,
none experimental), which adds zero to every sum, so that no pass needs a mask.
"""

from __future__ import annotations

from equipoise.kernels.compiled.lanes import (
    any_lane,
    as_float,
    inlined,
    inner,
    load_f,
    load_u,
    select,
    spread_f,
    spread_u,
    square_root,
    store_f,
    store_u,
    to_float,
    to_whole,
)
from equipoise.kernels.compiled.trial_networks import BLOCK
from equipoise.kernels.plain import trial_spec

# Rows of what one look gives: those of `trial_spec.FIELDS`, then what is asked of the rescue and read by other stages.
OUT_RESCUE, OUT_AT_RISK, OUT_SCORE, OUT_SECOND, OUT_THIRD = range(len(trial_spec.FIELDS), len(trial_spec.FIELDS) + 5)
OUT_ROWS = len(trial_spec.FIELDS) + 5
(
    _Z, _VARIANCE, _LOG_HR, _LOG_HR_SE, _EVENTS_0, _EVENTS_1
) = (
    trial_spec.Z, trial_spec.VARIANCE, trial_spec.LOG_HR, trial_spec.LOG_HR_SE, trial_spec.EVENTS_CONTROL,
    trial_spec.EVENTS_EXPERIMENTAL,
)  # fmt: skip
RESCUE_COX, RESCUE_MEDIAN = 1, 2

_NO_EVENT_WORD = 0x10000
# Where the last step of the Cox iteration is smaller, its series leaves less than 1e-6.
_SMALL_STEP = 0.03
_LARGEST_STEP = 1.5
_PASSES = 8
# Beyond this the iteration is left to the rescue.
_LARGEST_BETA = 8.0


@inlined
def _share(kept, ratio):
    """The share of the experimental arm in a risk set at a hazard ratio: q, and q (1 - q)."""
    a = to_float(kept & spread_u(0xFFFF)) * ratio
    q = a / (to_float(kept >> spread_u(16)) + a)
    return q, q * (spread_f(1.0) - q)


@inlined
def _two_shares(first, second, ratio):
    """`_share` of two words with one division, which takes as long as ten multiplications."""
    a, b = to_float(first & spread_u(0xFFFF)) * ratio, to_float(second & spread_u(0xFFFF)) * ratio
    n, m = to_float(first >> spread_u(16)) + a, to_float(second >> spread_u(16)) + b
    both = spread_f(1.0) / (n * m)
    q, p = a * (m * both), b * (n * both)
    return q, q - q * q, p, p - p * p


@inlined
def _keep(work, risk, key, word, step, events):
    """Keeps the word of an event, and counts it."""
    event = (key & spread_u(8)) == spread_u(0)
    kept = select(event, word, spread_u(_NO_EVENT_WORD))
    store_u(work, risk, kept)
    return kept, select(event, events + step, events)


@inlined
def _step(key):
    """What a row adds to a word of counts."""
    return select((key & spread_u(1)) == spread_u(0), spread_u(0x10000), spread_u(1))


@inner
def _scan_one(work, keys, rows, risk, word):
    """One stratum: sums of x - p, p (1 - p), p^2 (1 - p), p^2 (1 - p)^2, numbers of events, and of all."""
    events = spread_u(0)
    u, v, vq, vv = spread_f(0.0), spread_f(0.0), spread_f(0.0), spread_f(0.0)
    for base in range(rows - BLOCK, -1, -BLOCK):
        before, block, squares = events & spread_u(0xFFFF), spread_f(0.0), spread_f(0.0)
        for r in range(base + BLOCK - 1, base - 1, -1):
            key = load_u(work, keys + r)
            step = _step(key)
            word = word + step
            kept, events = _keep(work, risk + r, key, word, step, events)
            q, w = _share(kept, spread_f(1.0))
            block, squares = block + q, squares + w
            vq, vv = vq + w * q, vv + w * w
        # Sums by blocks keep the digits of long ones.
        u, v = u + (to_float((events & spread_u(0xFFFF)) - before) - block), v + squares
    return events, word, u, v, vq, vv


@inner
def _scan_four(work, keys, rows, risk, word3):
    """Four strata; see `_scan_one`."""
    events, word0, word1, word2 = spread_u(0), spread_u(0), spread_u(0), spread_u(0)
    u, v, vq, vv = spread_f(0.0), spread_f(0.0), spread_f(0.0), spread_f(0.0)
    for base in range(rows - BLOCK, -1, -BLOCK):
        before, block, squares = events & spread_u(0xFFFF), spread_f(0.0), spread_f(0.0)
        for r in range(base + BLOCK - 1, base - 1, -1):
            key = load_u(work, keys + r)
            step, stratum = _step(key), key & spread_u(6)
            in0, in1 = stratum == spread_u(0), stratum == spread_u(2)
            in2, in3 = stratum == spread_u(4), stratum == spread_u(6)
            word0, word1 = select(in0, word0 + step, word0), select(in1, word1 + step, word1)
            word2, word3 = select(in2, word2 + step, word2), select(in3, word3 + step, word3)
            word = select(in3, word3, select(in2, word2, select(in1, word1, word0)))
            kept, events = _keep(work, risk + r, key, word, step, events)
            q, w = _share(kept, spread_f(1.0))
            block, squares = block + q, squares + w
            vq, vv = vq + w * q, vv + w * w
        u, v = u + (to_float((events & spread_u(0xFFFF)) - before) - block), v + squares
    return events, word0 + word1 + word2 + word3, u, v, vq, vv


@inlined
def scan_logrank(work, keys, rows, risk, absent, strata, out):
    """The log-rank statistic of sorted rows, `absent` of which are no patients; stores results from row `out` on."""
    if strata == 1:
        events, at_risk, u, v, vq, vv = _scan_one(work, keys, rows, risk, spread_u(0) - absent)
    else:
        events, at_risk, u, v, vq, vv = _scan_four(work, keys, rows, risk, spread_u(0) - absent)
    # 0 / 0 where nothing was comparable.
    store_f(work, out + _Z, (spread_f(0.0) - u) / square_root(v))
    store_f(work, out + _VARIANCE, v)
    store_f(work, out + _EVENTS_0, to_float(events >> spread_u(16)))
    store_f(work, out + _EVENTS_1, to_float(events & spread_u(0xFFFF)))
    store_u(work, out + OUT_AT_RISK, at_risk)
    store_f(work, out + OUT_SCORE, u)
    store_f(work, out + OUT_SECOND, v - spread_f(2.0) * vq)
    store_f(work, out + OUT_THIRD, v - spread_f(6.0) * vv)
    store_u(work, out + OUT_RESCUE, spread_u(0))


@inner
def _series_root(u, v, c, d, steps):
    """The root near zero of u - v s - c s^2 / 2 - d s^3 / 6, by Newton's steps from u / v, within `_LARGEST_STEP`."""
    limit = spread_f(_LARGEST_STEP)
    half_c, sixth_d, half_d = c * spread_f(0.5), d * spread_f(1.0 / 6.0), d * spread_f(0.5)
    s = u / v
    for _ in range(steps):
        s = select(s < limit, select(s > spread_f(-_LARGEST_STEP), s, spread_f(-_LARGEST_STEP)), limit)
        value = u - s * (v + s * (half_c + s * sixth_d))
        s = s + value / (v + s * (c + s * half_d))
    return s


@inlined
def _exp(x):
    """exp(x) for |x| < 20, right within 2e-7 of itself."""
    t = x * spread_f(1.4426950408889634)
    whole = to_whole(t + spread_f(32.5))
    f = (t - (to_float(whole) - spread_f(32.0))) * spread_f(0.6931471805599453)
    e = spread_f(1.0 / 5040.0) * f + spread_f(1.0 / 720.0)
    e = e * f + spread_f(1.0 / 120.0)
    e = e * f + spread_f(1.0 / 24.0)
    e = e * f + spread_f(1.0 / 6.0)
    e = e * f + spread_f(0.5)
    e = (e * f) * f + (f + spread_f(1.0))
    return e * as_float((whole + spread_u(127 - 32)) << spread_u(23))


@inlined
def _cox_sums(work, risk, rows, ratio):
    """Sums of q at a hazard ratio, of its derivative by the logarithm, and of the two after that."""
    e, v, vq, vv = spread_f(0.0), spread_f(0.0), spread_f(0.0), spread_f(0.0)
    for base in range(risk, risk + rows, BLOCK):
        block, squares = spread_f(0.0), spread_f(0.0)
        for row in range(base, base + BLOCK, 2):
            q, w, p, z = _two_shares(load_u(work, row), load_u(work, row + 1), ratio)
            block, squares = block + (q + p), squares + (w + z)
            vq, vv = vq + (w * q + z * p), vv + (w * w + z * z)
        e, v = e + block, v + squares
    return e, v, v - spread_f(2.0) * vq, v - spread_f(6.0) * vv


@inner
def maximize_cox(work, risk, rows, out):
    """The Cox log hazard ratio and its standard error.

    A series of the score about zero gives the start; every pass over the rows gives the score and three derivatives,
    whose series is solved for the step. A lane whose step was small is done and keeps its value, whatever its
    neighbors need. Lanes that do not settle are left to the rescue.
    """
    beta = _series_root(
        load_f(work, out + OUT_SCORE), load_f(work, out + _VARIANCE), load_f(work, out + OUT_SECOND),
        load_f(work, out + OUT_THIRD), 3,
    )  # fmt: skip
    events = load_f(work, out + _EVENTS_1)
    error, bound, small = spread_f(0.0), spread_f(_LARGEST_BETA), spread_f(_SMALL_STEP)
    running = (beta < bound) & (beta > spread_f(-_LARGEST_BETA))
    settled = spread_u(0) != spread_u(0)
    for _ in range(_PASSES):
        e, v, c, d = _cox_sums(work, risk, rows, _exp(beta))
        step = _series_root(events - e, v, c, d, 2)
        information = v + step * (c + step * (d * spread_f(0.5)))
        beta = select(running, beta + step, beta)
        error = select(running, spread_f(1.0) / square_root(information), error)
        settled = settled | (running & (step < small) & (step > spread_f(-_SMALL_STEP)))
        running = (beta < bound) & (beta > spread_f(-_LARGEST_BETA)) & (settled ^ (spread_u(0) == spread_u(0)))
        if not any_lane(running):
            break
    store_f(work, out + _LOG_HR, beta)
    store_f(work, out + _LOG_HR_SE, error)
    store_u(work, out + OUT_RESCUE, select(settled, spread_u(0), spread_u(RESCUE_COX)))
