"""The law of looks at simulated trials: when the data are cut, what is seen then, and the statistics of it.

The statistics are those of the real trial's analysis, on times in ticks: `logrank_sums`, the Cox partial likelihood
with Efron's rule, the product-limit curve.
"""

from __future__ import annotations

import math
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise.kernels.plain import cox, kaplan_meier, newton, risk_sets, trial_spec
from equipoise.kernels.plain.logrank import logrank_sums, two_group_z
from equipoise.kernels.plain.trial_draws import Patients, draw_patients
from equipoise.kernels.plain.trial_spec import NEVER, NO_RULE, TrialSpec


class Observed(NamedTuple):
    """What is seen of the enrolled patients of one trial at one look: `time` in ticks, `event`, `arm`, `stratum`."""

    time: npt.NDArray[np.int64]
    event: npt.NDArray[np.bool_]
    arm: npt.NDArray[np.int64]
    stratum: npt.NDArray[np.int64]


def simulate_chunk(spec: TrialSpec, seed: int, first: int, count: int, out: npt.NDArray[np.float64]) -> None:
    """Fills `out` (fields, looks, count) with the statistics of trials `first` to `first + count - 1`."""
    numbers = np.arange(count, dtype=np.uint64) + np.uint64(first)
    patients = draw_patients(spec, seed, numbers)
    times = look_times(spec, patients)
    for trial in range(count):
        for look in range(len(spec.look_events)):
            seen = observe(patients, trial, int(times[trial, look]))
            out[: len(trial_spec.FIELDS), look, trial] = look_statistics(spec, seen)
            out[trial_spec.TIME, look, trial] = times[trial, look]


def look_times(spec: TrialSpec, patients: Patients) -> npt.NDArray[np.int64]:
    """The calendar tick of each look of each trial, (trials, looks).

    An event happens for a patient whose event is not after the dropout, at entry + event. A look is at the last of the
    rules given (with `look_any`, the first), at `look_latest` where that comes earlier or no rule is ever met.
    """
    happens = (patients.event <= patients.dropout) & (patients.event < NEVER)
    calendar = np.where(happens, patients.entry.astype(np.int64) + patients.event, NO_RULE)
    calendar.sort(axis=1)
    last_entry = patients.entry[:, -1].astype(np.int64)
    found = np.empty((len(calendar), len(spec.look_events)), dtype=np.int64)
    for look, events in enumerate(spec.look_events):
        rules = []
        if events > 0:
            rules.append(calendar[:, events - 1])
        if spec.look_earliest[look] != NO_RULE:
            rules.append(np.full(len(calendar), int(spec.look_earliest[look])))
        if spec.look_follow_up[look] != NO_RULE:
            rules.append(last_entry + int(spec.look_follow_up[look]))
        latest = np.full(len(calendar), int(spec.look_latest[look]))
        met = np.minimum.reduce(rules or [latest]) if spec.look_any[look] else np.maximum.reduce(rules or [latest])
        found[:, look] = np.minimum(met, latest)
    return found


def observe(patients: Patients, trial: int, cut: int) -> Observed:
    """Patients who entered before the cut, until the least of event, dropout and cut - entry; events come first."""
    entry = patients.entry[trial].astype(np.int64)
    enrolled = entry < cut
    event, dropout = (a[trial].astype(np.int64)[enrolled] for a in (patients.event, patients.dropout))
    follow_up = cut - entry[enrolled]
    return Observed(
        np.minimum(np.minimum(event, dropout), follow_up),
        (event <= dropout) & (event <= follow_up),
        patients.arm[trial].astype(np.int64)[enrolled],
        patients.stratum[trial].astype(np.int64)[enrolled],
    )


def look_statistics(spec: TrialSpec, seen: Observed) -> npt.NDArray[np.float64]:
    """The statistics of one look in the order of `FIELDS`, the time of the look left NaN.

    Z = -U / sqrt(V), U = O - E of the experimental arm and V its hypergeometric variance, both summed over strata: NaN
    where V = 0. The Cox log hazard ratio is infinite where all events of risk sets with both arms are of one arm (its
    standard error is NaN then), NaN where no risk set holds both. A median is NaN where its curve stays above 1/2.
    """
    found = np.full(len(trial_spec.FIELDS), np.nan)
    by_arm = np.bincount(seen.arm[seen.event], minlength=2)
    found[trial_spec.EVENTS_CONTROL], found[trial_spec.EVENTS_EXPERIMENTAL] = by_arm[:2]
    found[trial_spec.ENROLLED] = len(seen.time)
    found[trial_spec.VARIANCE] = 0.0
    if len(seen.time):
        counts = risk_sets.risk_counts(seen.time, seen.event, seen.arm, 2, seen.stratum)
        sums = logrank_sums(counts, int(seen.stratum.max()) + 1)
        found[[trial_spec.Z, trial_spec.VARIANCE]] = two_group_z(sums)
        if spec.cox:
            found[[trial_spec.LOG_HR, trial_spec.LOG_HR_SE]] = log_hazard_ratio(
                counts, np.bincount(seen.arm, minlength=2)
            )
    if spec.medians:
        places = (trial_spec.MEDIAN_CONTROL, trial_spec.MEDIAN_EXPERIMENTAL)
        found[list(places)] = [median_ticks(seen.time[seen.arm == g], seen.event[seen.arm == g]) for g in (0, 1)]
    return found


def log_hazard_ratio(counts: risk_sets.RiskCounts, patients: npt.NDArray[np.int64]) -> tuple[float, float]:
    """The log hazard ratio of arm 1 to arm 0 and its standard error, stratified, by Efron's rule.

    `patients` (2): of each arm. As the real analysis does, the arm counts from its mean.
    """
    both = (counts.at_risk > 0).all(axis=1)
    events = counts.events[both].sum(axis=0)
    if events.sum() == 0.0 or (events == 0.0).any():
        return (math.nan if events.sum() == 0.0 else math.inf if events[0] == 0.0 else -math.inf), math.nan
    x = np.array([0.0, 1.0]) - patients[1] / patients.sum()
    spread = np.sqrt((x**2 @ patients) / patients.sum())
    risk = cox.cox_risk(counts, x[:, None], "efron")
    fit = newton.maximize(partial(cox.cox_terms, risk=risk), np.array([spread]), np.zeros(1))
    return float(fit.beta[0]), math.sqrt(1.0 / float(fit.terms.information[0, 0]))


def median_ticks(time: npt.NDArray[np.int64], event: npt.NDArray[np.bool_]) -> float:
    """The Kaplan-Meier median in ticks, by the rule of `kaplan_meier.curve_quantile` with its convention "r"."""
    if not len(time):
        return math.nan
    table = risk_sets.risk_table(time, event)
    survival = kaplan_meier.product_limit(table.n_risk, table.n_event)[0]
    return kaplan_meier.curve_quantile(table.time.astype(np.float64), survival, 0.5, "r")
