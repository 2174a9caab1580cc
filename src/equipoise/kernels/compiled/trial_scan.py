"""The log-rank and Cox statistics of sixteen sorted trials.

Rows are met from the last time back, so that the numbers at risk are what has been passed. One word a stratum holds
them, control << 16 | experimental. The word met by each event is kept for the Cox passes; other rows keep (one control,
none experimental), which adds zero to every sum, so that no pass needs a mask.
"""

from __future__ import annotations

from equipoise.kernels.compiled.lanes import (
    any_lane,
    as_float,
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
    traced,
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
# What is left open of a trial at a look: its place in the chunk, the look, the statistics asked for, its rows.
TRIAL, LOOK, ASKED, ROWS = range(4)

_NO_EVENT_WORD = 0x10000
# Where the last step of the Cox iteration is smaller, its series leaves less than 1e-6.
_SMALL_STEP = 0.03
_LARGEST_STEP = 1.5
_PASSES = 8
# Beyond this the iteration is left to the rescue.
_LARGEST_BETA = 8.0


@traced
def _share(kept, ratio):
    """The share of the experimental arm in a risk set at a hazard ratio: q, and q (1 - q)."""
    a = to_float(kept & spread_u(0xFFFF)) * ratio
    q = a / (to_float(kept >> spread_u(16)) + a)
    return q, q * (spread_f(1.0) - q)


@traced
def _two_shares(first, second, ratio):
    """`_share` of two words with one division, which takes as long as ten multiplications."""
    a, b = to_float(first & spread_u(0xFFFF)) * ratio, to_float(second & spread_u(0xFFFF)) * ratio
    n, m = to_float(first >> spread_u(16)) + a, to_float(second >> spread_u(16)) + b
    both = spread_f(1.0) / (n * m)
    q, p = a * (m * both), b * (n * both)
    return q, q - q * q, p, p - p * p


@traced
def _keep(work, risk, key, word, step, events):
    """Keeps the word of an event, and counts it."""
    event = (key & spread_u(8)) == spread_u(0)
    kept = select(event, word, spread_u(_NO_EVENT_WORD))
    store_u(work, risk, kept)
    return kept, select(event, events + step, events)


@traced
def _step(key):
    """What a row adds to a word of counts."""
    return select((key & spread_u(1)) == spread_u(0), spread_u(0x10000), spread_u(1))


@traced
def _add_row(work, risk, key, step, word, events, sums):
    """Keeps a row's word, and adds what an event there adds to the sums."""
    block, squares, vq, vv = sums
    kept, events = _keep(work, risk, key, word, step, events)
    q, w = _share(kept, spread_f(1.0))
    return events, (block + q, squares + w, vq + w * q, vv + w * w)


@traced
def _row_of_one(work, keys, risk, word, events, sums):
    """A row where there is one stratum; `word` counts patients at risk by arm."""
    key = load_u(work, keys)
    step = _step(key)
    word = word + step
    return (word, *_add_row(work, risk, key, step, word, events, sums))


@traced
def _row_of_four(work, keys, risk, words, events, sums):
    """A row where there are up to four strata, with a word each."""
    key = load_u(work, keys)
    step, stratum = _step(key), key & spread_u(6)
    within = [stratum == spread_u(2 * s) for s in range(4)]
    words = tuple(select(own, word + step, word) for own, word in zip(within, words, strict=True))
    word = words[0]
    for s in (1, 2, 3):
        word = select(within[s], words[s], word)
    return (words, *_add_row(work, risk, key, step, word, events, sums))


@traced
def _begin(absent):
    """Words, events, sums by block and totals before the first row."""
    none, zero = spread_u(0), spread_f(0.0)
    return (none, none, none, none - absent), none, (zero, zero, zero, zero), (zero, zero)


@traced
def _end_block(events, before, sums, totals):
    """Sums by blocks keep the digits of long ones."""
    (block, squares, vq, vv), (u, v), zero = sums, totals, spread_f(0.0)
    seen = (events & spread_u(0xFFFF)) - (before & spread_u(0xFFFF))
    return (zero, zero, vq, vv), (u + (to_float(seen) - block), v + squares)


@inner
def scan_logrank(work, keys, rows, risk, absent, strata, out):
    """The log-rank statistic of sorted rows, `absent` of which are no patients; stores results from row `out` on.

    Sums are of x - p, p (1 - p), p^2 (1 - p), p^2 (1 - p)^2 over events.
    """
    words, events, sums, totals = _begin(absent)
    if strata == 1:
        word = words[3]
        for base in range(rows - BLOCK, -1, -BLOCK):
            before = events
            for r in range(base + BLOCK - 1, base - 1, -1):
                word, events, sums = _row_of_one(work, keys + r, risk + r, word, events, sums)
            sums, totals = _end_block(events, before, sums, totals)
        words = (words[0], words[0], words[0], word)
    else:
        for base in range(rows - BLOCK, -1, -BLOCK):
            before = events
            for r in range(base + BLOCK - 1, base - 1, -1):
                words, events, sums = _row_of_four(work, keys + r, risk + r, words, events, sums)
            sums, totals = _end_block(events, before, sums, totals)
    _store_logrank(work, out, words, events, sums, totals)


@traced
def _store_logrank(work, out, words, events, sums, totals):
    (u, v), (_, _, vq, vv), at_risk = totals, sums, words[0] + words[1] + words[2] + words[3]
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


@traced
def _series_root(series, steps):
    """The root near zero of u - v s - c s^2 / 2 - d s^3 / 6, by Newton's steps from u / v, within `_LARGEST_STEP`."""
    u, v, c, d = series
    limit = spread_f(_LARGEST_STEP)
    half_c, sixth_d, half_d = c * spread_f(0.5), d * spread_f(1.0 / 6.0), d * spread_f(0.5)
    s = u / v
    for _ in range(steps):
        s = select(s < limit, select(s > spread_f(-_LARGEST_STEP), s, spread_f(-_LARGEST_STEP)), limit)
        value = u - s * (v + s * (half_c + s * sixth_d))
        s = s + value / (v + s * (c + s * half_d))
    return s


@traced
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


@traced
def _add_two_rows(work, row, ratio, sums):
    e, v, vq, vv = sums
    q, w, p, z = _two_shares(load_u(work, row), load_u(work, row + 1), ratio)
    return e + (q + p), v + (w + z), vq + (w * q + z * p), vv + (w * w + z * z)


@traced
def _add_block(totals, sums):
    """Totals of the first two sums, and the sums for the next block."""
    (e, v), (block, squares, vq, vv), zero = totals, sums, spread_f(0.0)
    return (e + block, v + squares), (zero, zero, vq, vv)


@traced
def _first_beta(work, out):
    """The root of a series of the score about zero, and where the iteration stands."""
    series = tuple(load_f(work, out + row) for row in (OUT_SCORE, _VARIANCE, OUT_SECOND, OUT_THIRD))
    beta = _series_root(series, 3)
    running = (beta < spread_f(_LARGEST_BETA)) & (beta > spread_f(-_LARGEST_BETA))
    return beta, spread_f(0.0), running, spread_u(0) != spread_u(0)


@traced
def _cox_start(beta):
    zero = spread_f(0.0)
    return _exp(beta), (zero, zero), (zero, zero, zero, zero)


@traced
def _cox_step(events, totals, sums, state):
    """One step of the iteration, from the sums of q and of its derivatives by the logarithm of the hazard ratio."""
    (e, v), (_, _, vq, vv), (beta, error, running, settled) = totals, sums, state
    c, d = v - spread_f(2.0) * vq, v - spread_f(6.0) * vv
    bound, small = spread_f(_LARGEST_BETA), spread_f(_SMALL_STEP)
    step = _series_root((events - e, v, c, d), 2)
    information = v + step * (c + step * (d * spread_f(0.5)))
    beta = select(running, beta + step, beta)
    error = select(running, spread_f(1.0) / square_root(information), error)
    settled = settled | (running & (step < small) & (step > spread_f(-_SMALL_STEP)))
    running = (beta < bound) & (beta > spread_f(-_LARGEST_BETA)) & (settled ^ (spread_u(0) == spread_u(0)))
    return beta, error, running, settled


@traced
def _store_cox(work, out, state):
    beta, error, _, settled = state
    store_f(work, out + _LOG_HR, beta)
    store_f(work, out + _LOG_HR_SE, error)
    store_u(work, out + OUT_RESCUE, select(settled, spread_u(0), spread_u(RESCUE_COX)))


@inner
def maximize_cox(work, risk, rows, out):
    """The Cox log hazard ratio and its standard error.

    A series of the score about zero gives the start; every pass over the rows gives the score and three derivatives,
    whose series is solved for the step. A lane whose step was small is done and keeps its value, whatever its
    neighbors need. Lanes that do not settle are left to the rescue.
    """
    state, events = _first_beta(work, out), load_f(work, out + _EVENTS_1)
    for _ in range(_PASSES):
        ratio, totals, sums = _cox_start(state[0])
        for base in range(risk, risk + rows, BLOCK):
            for row in range(base, base + BLOCK, 2):
                sums = _add_two_rows(work, row, ratio, sums)
            totals, sums = _add_block(totals, sums)
        state = _cox_step(events, totals, sums, state)
        if not any_lane(state[2]):
            break
    _store_cox(work, out, state)
