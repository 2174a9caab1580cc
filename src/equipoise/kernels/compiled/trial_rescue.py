"""The statistics that single precision left open, one trial after the other in double precision.

Cox estimates are compiled when a trial first needs one: where all events are of one arm, or nearly so. A median is left
open where a curve seems to touch 1/2, as happens to a trial in a hundred.
"""

from __future__ import annotations

import math

import numpy as np

from equipoise.kernels.compiled.lanes import entry, inlined, inner
from equipoise.kernels.compiled.trial_cut import ONES
from equipoise.kernels.compiled.trial_scan import ASKED, LOOK, RESCUE_COX, RESCUE_MEDIAN, ROWS, TRIAL
from equipoise.kernels.plain import trial_spec
from equipoise.kernels.plain.kaplan_meier import HEIGHT_TOLERANCE

_LOG_HR, _LOG_HR_SE, _MEDIAN = trial_spec.LOG_HR, trial_spec.LOG_HR_SE, trial_spec.MEDIAN_CONTROL


def resolve(what: np.ndarray, keys: np.ndarray, out: np.ndarray) -> None:
    """Writes into `out` (fields, looks, trials) what is left open: `what` (R, 4), sorted `keys` (R, rows)."""
    _medians(what, keys, out)
    if (what[:, ASKED] & RESCUE_COX).any():
        _coxes(what, keys, np.zeros((2, keys.shape[1]), dtype=np.int64), np.zeros((4, 2), dtype=np.int64), out)


@entry
def _medians(what, keys, out):
    for i in range(len(what)):
        for arm in range(2):
            if what[i, ASKED] & (RESCUE_MEDIAN << arm):
                out[_MEDIAN + arm, what[i, LOOK], what[i, TRIAL]] = _median(keys, i, what[i, ROWS], arm)


@inner
def _median(keys, i, rows, arm):
    """The median of an arm in ticks, by the rule of `kaplan_meier.curve_quantile` with convention "r"."""
    patients, reached, median = 0, -1.0, np.nan
    for r in range(rows):
        patients += keys[i, r] != ONES and keys[i, r] & 1 == arm
    left, survival = np.float64(patients), 1.0
    for r in range(rows):
        key = keys[i, r]
        if key == ONES or key & 1 != arm:
            continue
        at = np.float64(key >> 4)
        if key & 8 == 0:
            survival *= (left - 1.0) / left
            if reached < 0.0 and survival <= 0.5 + HEIGHT_TOLERANCE:
                reached = at
        # Where the curve ends at 1/2 the median is half the way to the last time.
        if reached >= 0.0:
            median = (reached + at) / 2.0
        if survival <= 0.5 - HEIGHT_TOLERANCE:
            break
        left -= 1.0
    return median


@entry
def _coxes(what, keys, words, at_risk, out):
    """The log hazard ratio and its standard error, infinite or NaN as `trial_looks.look_statistics`.

    `words` (2, rows) and `at_risk` (4, 2) are scratch: patients at risk by arm in each row's stratum.
    """
    for i in range(len(what)):
        if what[i, ASKED] & RESCUE_COX == 0:
            continue
        for s in range(4):
            at_risk[s, 0], at_risk[s, 1] = 0, 0
        events, second, rows = 0, 0, what[i, ROWS]
        for r in range(rows - 1, -1, -1):
            if keys[i, r] != ONES:
                stratum, arm = (keys[i, r] >> 1) & 3, keys[i, r] & 1
                at_risk[stratum, arm] += 1
                words[0, r], words[1, r] = at_risk[stratum, 0], at_risk[stratum, 1]
                if keys[i, r] & 8 == 0 and words[0, r] > 0 and words[1, r] > 0:
                    events, second = events + 1, second + arm
        estimate = _estimate(keys, i, words, rows, events, second)
        out[_LOG_HR, what[i, LOOK], what[i, TRIAL]], out[_LOG_HR_SE, what[i, LOOK], what[i, TRIAL]] = estimate


@inlined
def _estimate(keys, i, words, rows, events, second):
    if events == 0:
        return np.nan, np.nan
    if second == 0 or second == events:
        return (np.inf if second else -np.inf), np.nan
    beta, information = 0.0, 1.0
    for _ in range(200):
        score, information = np.float64(second), 0.0
        for r in range(rows):
            if keys[i, r] & 8 == 0 and words[0, r] > 0:
                a = words[1, r] * math.exp(beta)
                q = a / (a + words[0, r])
                score -= q
                information += q * (1.0 - q)
        step = score / information
        step = 1.0 if step > 1.0 else -1.0 if step < -1.0 else step
        beta += step
        if abs(step) < 1e-9:
            break
    return beta, 1.0 / math.sqrt(information)
