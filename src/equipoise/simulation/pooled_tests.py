"""Tests without strata of patients who were randomized in strata: what engines compute by stratum, computed anew.

The trial is drawn and looked at by its engine; then log-rank, Cox and weighted statistics are replaced by those of all
patients together, many trials at a time. Counts, medians, survival and restricted means have no strata anyway.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise.kernels.plain import general_draws
from equipoise.kernels.plain import general_spec as general
from equipoise.kernels.plain.general_draws import Histories
from equipoise.kernels.plain.trial_spec import NEVER, TIME, TrialSpec

Whole = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# Trials at once: what is made of them stays in the cache.
_AT_ONCE = 64
_ARM_BITS = 16
_MOST_STEPS = 60
_LONGEST_STEP = 3.0
_DECREMENT = 1e-20


class PooledRisk(NamedTuple):
    """Of control and one arm, patients in order of time: (trials, patients) each.

    `event`, whether it is an event of the two; `own`, whether of the arm; `time`; at risk at its time `n` and of the
    arm `n1`, events then `d` and of the arm `d1`; `place`, how many of them stand before; `opens`, whether it is the
    first patient of its time.
    """

    event: Mask
    own: Mask
    time: Whole
    n: Whole
    n1: Whole
    d: Whole
    d1: Whole
    place: Whole
    opens: Mask


def pool_statistics(
    spec: TrialSpec | general.GeneralTrial, seed: int, first: int, out: Floats, *, compiled: bool
) -> None:
    """Replaces the stratified statistics in an engine's output (rows, looks, trials) by those without strata."""
    trial = general.build_general(spec) if isinstance(spec, TrialSpec) else spec
    draw = _compiled_draws() if compiled else general_draws.draw_histories
    for start in range(0, out.shape[2], _AT_ONCE):
        part = out[:, :, start : start + _AT_ONCE]
        patients = draw(trial, seed, first + start, part.shape[2])
        for look in range(part.shape[1]):
            for endpoint in range(trial.spec.endpoints):
                _pool_look(trial.spec, patients, endpoint, part[:, look])


def _compiled_draws():
    from equipoise.kernels.compiled import general_trials

    return general_trials.draw_histories


def _pool_look(spec: general.GeneralSpec, patients: Histories, endpoint: int, out: Floats) -> None:
    keys = _keys(spec, patients, endpoint, out[TIME].astype(np.int64))
    z, variance, log_hr, log_hr_se = spec.rows[endpoint, :4]
    for arm in range(1, spec.base.arms):
        risk = _risk(keys, arm)
        out[z[arm]], out[variance[arm]] = weighted_z(risk, None)
        if spec.base.cox:
            out[log_hr[arm]], out[log_hr_se[arm]] = log_hazard_ratio(risk, out[z[arm]], out[variance[arm]])
        for test, row in zip(spec.tests, spec.test_rows[:, arm], strict=True):
            if test[3] == endpoint:
                out[row] = weighted_z(risk, test)[0]


def _keys(spec: general.GeneralSpec, patients: Histories, endpoint: int, cut: Whole) -> Whole:
    """What is seen at the cuts (trials,) as whole numbers that sort by time: time, arm, event; -1 of nobody."""
    happened = patients.death if endpoint else patients.seen
    follow_up = cut[:, None] - patients.entry
    known = np.minimum(patients.dropout, follow_up)
    event = (happened <= known) & (happened < NEVER)
    if endpoint == 0 and spec.censor_at_scan and len(spec.scan_ticks):
        known = general_draws.last_scan(spec, np.maximum(known, 0))
    time = np.where(event, happened, known)
    keys = np.where(follow_up > 0, ((time << _ARM_BITS) | patients.arm) << 1 | event, -1)
    keys.sort(axis=1)
    return keys


def _risk(keys: Whole, arm: int) -> PooledRisk:
    # A key of nobody has an arm of all bits, which no trial has.
    numbers, time = (keys >> 1) & ((1 << _ARM_BITS) - 1), keys >> (_ARM_BITS + 1)
    own = numbers == arm
    pair = own | (numbers == 0)
    event = pair & (keys & 1 > 0)
    opens = np.diff(time, axis=1, prepend=-2) > 0
    start, stop = _runs(opens)

    def at_risk(mask: Mask) -> Whole:
        left: Whole = np.cumsum(mask[:, ::-1], axis=1, dtype=np.int64)[:, ::-1]
        return np.take_along_axis(left, start, axis=1)

    def events(mask: Mask) -> tuple[Whole, Whole]:
        """In the run, and before the patient."""
        before = np.cumsum(mask, axis=1) - mask
        opened = np.take_along_axis(before, start, axis=1)
        closed = np.take_along_axis(before + mask, stop, axis=1)
        return closed - opened, before - opened

    (d, place), (d1, _) = events(event), events(event & own)
    return PooledRisk(event, own, time, at_risk(pair), at_risk(own), d, d1, place, opens)


def _runs(opens: Mask) -> tuple[Whole, Whole]:
    """The first and the last place of the run that each place belongs to."""
    places = np.arange(opens.shape[1])
    start = np.maximum.accumulate(np.where(opens, places, 0), axis=1)
    closes = np.append(opens[:, 1:], np.ones((len(opens), 1), dtype=bool), axis=1)
    stop = np.minimum.accumulate(np.where(closes, places, opens.shape[1])[:, ::-1], axis=1)[:, ::-1]
    return start, stop


def weighted_z(risk: PooledRisk, test: Floats | None) -> tuple[Floats, Floats]:
    """Z and its variance V by trial; `test` a row of `GeneralSpec.tests`, None without weights. NaN where V is zero."""
    weight = 1.0 if test is None else _weights(risk, test)
    share = risk.n1 / np.maximum(risk.n, 1)
    ties = (risk.n - risk.d) / np.maximum(risk.n - 1, 1)
    u = np.where(risk.event, weight * (risk.own - share), 0.0).sum(axis=1)
    variance = np.where(risk.event, weight * weight * ties * share * (1.0 - share), 0.0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0.0, -u / np.sqrt(variance), math.nan), variance


def _weights(risk: PooledRisk, test: Floats) -> Floats | float:
    """The weight at each patient's time, from the curve of both arms just before it."""
    kind, first, second = int(test[0]), float(test[1]), float(test[2])
    if kind == general.LOGRANK:
        return 1.0
    left = np.where(risk.opens & (risk.d > 0), 1.0 - risk.d / np.maximum(risk.n, 1), 1.0)
    after = np.cumprod(left, axis=1)
    before = np.take_along_axis(np.insert(after, 0, 1.0, axis=1), _runs(risk.opens)[0], axis=1)
    if kind == general.FLEMING_HARRINGTON:
        return before**first * np.maximum(1.0 - before, 0.0) ** second
    floor = first
    if kind == general.MODEST_TIME:
        floor = np.where(risk.time <= first, left, 1.0).prod(axis=1)[:, None]
    return 1.0 / np.maximum(before, floor)


def log_hazard_ratio(risk: PooledRisk, z: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Cox's log hazard ratio by Efron's rule and its standard error, by trial.

    Damped Newton steps from U / V. Infinite where all events that compare are of one arm, NaN without any.
    """
    compares = risk.event & (risk.n1 > 0) & (risk.n1 < risk.n)
    ours = (compares & risk.own).sum(axis=1)
    theirs = compares.sum(axis=1) - ours
    done = risk.place / np.maximum(risk.d, 1)
    w0 = np.where(compares, risk.n - risk.n1 - done * (risk.d - risk.d1), 1.0)
    w1 = np.where(compares, risk.n1 - done * risk.d1, 0.0)
    finite = (ours > 0) & (theirs > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        beta = np.where(finite & (variance > 0.0), -z / np.sqrt(variance), 0.0)
    low, high = np.full(len(beta), -math.inf), np.full(len(beta), math.inf)
    going = finite.copy()
    information = np.ones(len(beta))
    for _ in range(_MOST_STEPS):
        if not going.any():
            break
        p = w1[going] * np.exp(beta[going])[:, None]
        p /= w0[going] + p
        score, information[going] = ours[going] - p.sum(axis=1), (p * (1.0 - p)).sum(axis=1)
        low[going] = np.where(score > 0.0, beta[going], low[going])
        high[going] = np.where(score > 0.0, high[going], beta[going])
        step = score / information[going]
        moved = beta[going] + np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
        inside = (low[going] <= moved) & (moved <= high[going])
        beta[going] = np.where(inside, moved, 0.5 * (low[going] + high[going]))
        going[going] = score * step > _DECREMENT
    one_sided = np.where(ours == theirs, math.nan, np.where(theirs == 0, math.inf, -math.inf))
    return np.where(finite, beta, one_sided), np.where(finite, 1.0 / np.sqrt(information), math.nan)
