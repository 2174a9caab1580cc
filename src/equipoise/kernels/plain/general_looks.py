"""The law of looks of the general trial engine: when data are cut, what is seen then, and the statistics of it.

The statistics are made by the kernels of the real trial's analysis, on times in ticks.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise.kernels.plain import curve_area, kaplan_meier, risk_sets, trial_looks, trial_spec
from equipoise.kernels.plain.general_draws import Histories, draw_histories, last_scan
from equipoise.kernels.plain.general_spec import (
    FLEMING_HARRINGTON,
    LOGRANK,
    MODEST_SURVIVAL,
    GeneralSpec,
    GeneralTrial,
)
from equipoise.kernels.plain.logrank import (
    fleming_harrington_weight,
    logrank_sums,
    modest_weight,
    pooled_curve,
    two_group_z,
)
from equipoise.kernels.plain.trial_looks import Observed
from equipoise.kernels.plain.trial_spec import NEVER, NO_RULE

Whole = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Columns of `GeneralSpec.rows`.
Z, VARIANCE, LOG_HR, LOG_HR_SE, MEDIAN, EVENTS = range(6)


def simulate_chunk(trial: GeneralTrial, seed: int, first: int, count: int, out: Floats) -> None:
    """Fills `out` (`field_count` rows, looks, count) with the statistics of trials `first` to `first + count - 1`."""
    spec = trial.spec
    patients = draw_histories(trial, seed, first, count)
    times = look_times(spec, patients)
    for number, look in np.ndindex(times.shape):
        cut = int(times[number, look])
        column = out[:, look, number]
        column[:] = math.nan
        column[trial_spec.TIME] = cut
        column[trial_spec.ENROLLED] = np.count_nonzero(patients.entry[number] < cut)
        for endpoint in range(spec.endpoints):
            add_statistics(spec, observe(spec, patients, number, cut, endpoint), endpoint, column)


def look_times(spec: GeneralSpec, patients: Histories) -> Whole:
    """The calendar tick of each look of each trial, (trials, looks).

    As `trial_looks.look_times`, with one rule for every row of `rules`: the D-th event of its endpoint among patients
    of its arms, counted when it is seen.
    """
    base = spec.base
    last_entry = patients.entry[:, -1]
    found = np.empty((len(patients.entry), len(base.look_latest)), dtype=np.int64)
    for look, rules in enumerate(spec.rules):
        met = [_event_time(patients, *map(int, rule)) for rule in rules if rule[0] > 0]
        if base.look_earliest[look] != NO_RULE:
            met.append(np.full(len(found), int(base.look_earliest[look])))
        if base.look_follow_up[look] != NO_RULE:
            met.append(last_entry + int(base.look_follow_up[look]))
        latest = np.full(len(found), int(base.look_latest[look]))
        reduce = np.minimum if base.look_any[look] else np.maximum
        found[:, look] = np.minimum(reduce.reduce(met or [latest]), latest)
    return found


def _event_time(patients: Histories, events: int, arms: int, endpoint: int) -> Whole:
    """When the events-th event of an endpoint in these arms (a bit each) is seen, by trial; NO_RULE where never."""
    happened = patients.death if endpoint else patients.seen
    counted = (happened <= patients.dropout) & (happened < NEVER) & ((arms >> patients.arm) & 1 > 0)
    calendar = np.where(counted, patients.entry + happened, NO_RULE)
    calendar.sort(axis=1)
    if events > calendar.shape[1]:
        return np.full(len(calendar), NO_RULE)
    return calendar[:, events - 1]


def observe(spec: GeneralSpec, patients: Histories, number: int, cut: int, endpoint: int) -> Observed:
    """Patients who entered before the cut: time is the least of what is seen, dropout and cut - entry.

    With a schedule of scans, endpoint 0 without a seen event is censored at the last scan instead, where so asked.
    """
    entry = patients.entry[number]
    enrolled = entry < cut
    happened = (patients.death if endpoint else patients.seen)[number][enrolled]
    known = np.minimum(patients.dropout[number][enrolled], cut - entry[enrolled])
    event = (happened <= known) & (happened < NEVER)
    if endpoint == 0 and spec.censor_at_scan:
        known = last_scan(spec, known)
    arm, stratum = patients.arm[number][enrolled], patients.stratum[number][enrolled]
    return Observed(np.where(event, happened, known), event, arm, stratum)


def add_statistics(spec: GeneralSpec, seen: Observed, endpoint: int, column: Floats) -> None:
    """Writes the statistics of one endpoint at one look into the rows that the spec gives them.

    What is undefined stays NaN: as in `trial_looks.look_statistics`; a weighted Z without variance; survival and a
    restricted mean where the curve ends above zero before.
    """
    rows, arms = spec.rows[endpoint], spec.base.arms
    by_arm = np.bincount(seen.arm[seen.event], minlength=arms)
    column[rows[EVENTS]] = by_arm
    for arm in range(1, arms):
        column[rows[VARIANCE, arm]] = 0.0
        pair = (seen.arm == 0) | (seen.arm == arm)
        if pair.any():
            other = (seen.arm[pair] > 0).astype(np.int64)
            two = Observed(seen.time[pair], seen.event[pair], other, seen.stratum[pair])
            _compare(spec, two, endpoint, arm, column)
    for arm in range(arms):
        own = seen.arm == arm
        if own.any():
            _read_curve(spec, seen.time[own], seen.event[own], endpoint, arm, column)


def _compare(spec: GeneralSpec, seen: Observed, endpoint: int, arm: int, column: Floats) -> None:
    """One arm (1 here) against control: log-rank, Cox and weighted tests."""
    rows = spec.rows[endpoint, :, arm]
    strata = int(seen.stratum.max()) + 1
    counts = risk_sets.risk_counts(seen.time, seen.event, seen.arm, 2, seen.stratum)
    column[rows[Z]], column[rows[VARIANCE]] = weighted_z(counts, strata, None)
    if spec.base.cox:
        column[rows[[LOG_HR, LOG_HR_SE]]] = trial_looks.log_hazard_ratio(counts, np.bincount(seen.arm, minlength=2))
    for test, row in zip(spec.tests, spec.test_rows[:, arm], strict=True):
        if test[3] == endpoint and len(counts.time):
            column[row] = weighted_z(counts, strata, test)[0]


def weighted_z(counts: risk_sets.RiskCounts, strata: int, test: Floats | None) -> tuple[float, float]:
    """-U / sqrt(V) and V of a weighted log-rank test, Z NaN where V is not a number above zero."""
    return two_group_z(logrank_sums(counts, strata, None if test is None else weight_of(counts, strata, test)))


def weight_of(counts: risk_sets.RiskCounts, strata: int, test: Floats) -> Floats | None:
    """The weight of a row of `GeneralSpec.tests` at each event time of each stratum; None is one throughout."""
    kind, first, second = int(test[0]), float(test[1]), float(test[2])
    if kind == LOGRANK:
        return None
    curve = pooled_curve(counts, strata)
    if kind == FLEMING_HARRINGTON:
        return fleming_harrington_weight(curve, first, second)
    by_survival = kind == MODEST_SURVIVAL
    return modest_weight(counts, curve, None if by_survival else first, first if by_survival else None)


def _read_curve(
    spec: GeneralSpec, time: Whole, event: npt.NDArray[np.bool_], endpoint: int, arm: int, column: Floats
) -> None:
    """The median, survival at landmarks, restricted means of one arm."""
    table = risk_sets.risk_table(time, event)
    survival, log_variance = kaplan_meier.product_limit(table.n_risk, table.n_event)
    at = table.time.astype(np.float64)
    if spec.base.medians:
        column[spec.rows[endpoint, MEDIAN, arm]] = kaplan_meier.curve_quantile(at, survival, 0.5, "r")
    for (when, whose), row in zip(spec.landmarks, spec.landmark_rows[:, arm], strict=True):
        if whose == endpoint and (when <= at[-1] or survival[-1] == 0.0):
            column[row : row + 2] = _survival_at(at, survival, log_variance, float(when))
    for (when, whose), row in zip(spec.windows, spec.window_rows[:, arm], strict=True):
        if whose == endpoint and (when <= at[-1] or survival[-1] == 0.0):
            mean, variance = curve_area.restricted_mean(at, survival, table.n_risk, table.n_event, float(when))
            column[row : row + 2] = mean, math.sqrt(variance)


class _Height(NamedTuple):
    survival: float
    std_error: float


def _survival_at(at: Floats, survival: Floats, log_variance: Floats, when: float) -> _Height:
    """Survival and Greenwood's standard error, NaN where survival is zero."""
    last = int(np.searchsorted(at, when, side="right")) - 1
    if last < 0:
        return _Height(1.0, 0.0)
    height = float(survival[last])
    return _Height(height, height * math.sqrt(log_variance[last]) if height > 0.0 else math.nan)
