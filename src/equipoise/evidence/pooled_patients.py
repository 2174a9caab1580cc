"""Trials pooled from patient-level data: one stage with a stratum for each trial, and two stages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from equipoise.errors import ArgumentError, DataError, EstimationError
from equipoise.evidence.heterogeneity import Method
from equipoise.evidence.pooled_effect import Interval, PooledEffect, Prediction
from equipoise.evidence.pooling import pool
from equipoise.evidence.study_effects import StudyEffect
from equipoise.frames.columns import check_lengths, library_of, to_events, to_levels, to_times
from equipoise.frames.results import ResultRow, fill
from equipoise.frames.row_result import RowResult, number

if TYPE_CHECKING:
    from equipoise.analysis import CoxRegression, LogrankTest

ANALYSIS = "pool-patients"


@dataclass(frozen=True, repr=False)
class PooledPatients(RowResult):
    """Patient-level data of several trials, pooled.

    `cox`: one hazard ratio for all, each trial a stratum with its own baseline hazard; `logrank`: the test so
    stratified; `two_stage`: the hazard ratios of the trials, pooled (None where fewer than two have one); `rmst`: their
    differences of restricted means up to `tau`, pooled; `warnings`: trials that have no estimate, and why.
    """

    cox: CoxRegression
    logrank: LogrankTest
    two_stage: PooledEffect | None
    rmst: PooledEffect | None
    tau: float | None
    endpoint: str = ""
    warnings: tuple[str, ...] = ()
    library: str | None = field(default=None, compare=False)

    def to_rows(self) -> list[ResultRow]:
        """Rows of "pool-patients" (one stage), then those of "pool" and "pool-rmst"."""
        rows = fill(self._one_stage_rows(), analysis=ANALYSIS, endpoint=self.endpoint)
        for part in (self.two_stage, self.rmst):
            rows += [] if part is None else part.to_rows()
        return rows

    def _one_stage_rows(self) -> list[ResultRow]:
        fit, test = self.cox, self.logrank
        low, high = fit.conf_int[0].tolist()
        held: list[tuple[str, str, float, str | None, str]] = [
            ("one-stage", "estimate", float(fit.hazard_ratio[0]), "ratio", fit.method),
            ("one-stage", "std_error", float(fit.std_error[0]), None, fit.method),
            ("one-stage", "conf_low", low, "ratio", fit.method),
            ("one-stage", "conf_high", high, "ratio", fit.method),
            ("one-stage", "p_value", float(fit.p_value[0]), "p", fit.method),
            ("one-stage", "conf_level", fit.conf_level, "percent", fit.method),
            ("one-stage", "n", float(fit.n), "int", fit.method),
            ("one-stage", "n_event", float(fit.n_event), "int", fit.method),
            ("one-stage", "n_trials", float(fit.n_strata), "int", fit.method),
            ("logrank", "z", test.z, None, "logrank"),
            ("logrank", "p_value", test.p_value, "p", "logrank"),
        ]
        if self.tau is not None:
            held.append(("rmst", "tau", self.tau, None, "rmst-difference"))
        warning = "; ".join(self.warnings) or None
        return [
            ResultRow(
                parameter=parameter, statistic=statistic, format=form, method=method, **number(value),
                warning=warning if statistic == "estimate" else None,
            )
            for parameter, statistic, value, form, method in held
        ]  # fmt: skip


def pool_patients(
    time: Any,
    event: Any,
    arm: Any,
    trial: Any,
    *,
    reference: Any,
    tau: float | None = None,
    method: Method = "reml",
    interval: Interval = "normal",
    prediction: Prediction = "k-2",
    level: float = 0.95,
    endpoint: str = "",
    time_unit: str | None = None,
) -> PooledPatients:
    """Pool trials from their patients' data, also where it was reconstructed from published curves.

    Arguments, each a column of n rows (numpy, list, pandas, polars, Arrow): `time` to event or censoring, in one unit;
    `event`, 1 or 0; `arm`, two levels; `trial`, its name; `reference`, the control level of `arm`; `tau`, the end of
    the window of restricted means, in the unit of `time` (None: the smallest of the largest times observed in the arms
    of the trials); the others as of `pool`; `time_unit` for the rows.

    Returns a `PooledPatients`. A trial without an estimate of its own (no event, or none in one arm) stays in the first
    stage and leaves the second, with a warning. Raises DataError for columns that cannot be used, ArgumentError
    `argument-invalid` for other than two arms, EstimationError `estimate-undefined` without events.

    Formula: one stage, the partial likelihood of Cox's model and the log-rank test with a stratum for each trial; two
    stages, `pool` of each trial's own estimate.
    Source: Cox 1972; Mantel 1966; Tudur Smith C, Williamson PR, Marson AG. Stat Med 2005;24:1307-1319,
    doi:10.1002/sim.2050; Wei Y, Royston P, Tierney JF, Parmar MKB. Stat Med 2015;34:2881-2898, doi:10.1002/sim.6556.

    >>> found = pool_patients(
    ...     [1, 2, 3, 4, 2, 3, 5, 6, 7, 8, 1, 9],
    ...     [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    ...     ["a", "b", "a", "b", "a", "b", "a", "b", "a", "b", "a", "b"],
    ...     ["X"] * 6 + ["Y"] * 6,
    ...     reference="a",
    ... )
    >>> round(float(found.cox.hazard_ratio[0]), 3), found.cox.n_strata
    (0.283, 2)
    """
    from equipoise.analysis import cox, logrank

    times, events = to_times(time, "time"), to_events(event, "event")
    arms, trials = to_levels(arm, "arm"), to_levels(trial, "trial")
    check_lengths({"time": len(times), "event": len(events), "arm": len(arms.codes), "trial": len(trials.codes)})
    if len(arms.labels) != 2:
        raise ArgumentError(
            "argument-invalid", f"arm has {len(arms.labels)} levels ({', '.join(arms.labels)})", where="arm",
            hint="pool one comparison of two arms at a time",
        )  # fmt: skip
    labels = np.array(arms.labels)[arms.codes]
    names = np.array(trials.labels)[trials.codes]
    fit = cox(times, events, labels, reference=reference, strata=names, conf_level=level)
    test = logrank(times, events, labels, reference=reference, strata=names)
    data = _Trials(times, events, labels, names, trials.labels, reference)
    ratios, said = data.ratios()
    means, end, also = data.means(tau, time_unit)
    choices: dict[str, Any] = {
        "method": method, "interval": interval, "prediction": prediction, "level": level, "endpoint": endpoint,
    }  # fmt: skip
    return PooledPatients(
        cox=fit,
        logrank=test,
        two_stage=pool(ratios, **choices) if len(ratios) > 1 else None,
        rmst=pool(means, **choices) if len(means) > 1 else None,
        tau=end,
        endpoint=endpoint,
        warnings=tuple(said + also),
        library=library_of(time),
    )


@dataclass(frozen=True)
class _Trials:
    """Checked columns, and what each trial says by itself."""

    time: np.ndarray
    event: np.ndarray
    arm: np.ndarray
    trial: np.ndarray
    names: tuple[str, ...]
    reference: Any

    def _columns(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = self.trial == name
        return self.time[rows], self.event[rows], self.arm[rows]

    def _counted(self, name: str, **more: Any) -> StudyEffect:
        time, event, _ = self._columns(name)
        return StudyEffect(name=name, origin="data", events=int(event.sum()), randomized=len(time), **more)

    def ratios(self) -> tuple[list[StudyEffect], list[str]]:
        """The log hazard ratio of each trial that has one, and what is to be said of the others."""
        from equipoise.analysis import cox

        found, said = [], []
        for name in self.names:
            try:
                fit = cox(*self._columns(name), reference=self.reference)
            except (EstimationError, DataError, ArgumentError) as problem:
                said.append(f"{name} has no hazard ratio of its own: {problem.message}")
                continue
            if fit.infinite.any():
                said.append(f"{name} has no hazard ratio of its own: one arm has no events before the other's last")
            else:
                found.append(self._counted(name, effect=float(fit.coef[0]), std_error=float(fit.std_error[0])))
        return found, said

    def means(self, tau: float | None, unit: str | None) -> tuple[list[StudyEffect], float | None, list[str]]:
        """The difference of restricted means of each trial up to one time, that time, and what is to be said."""
        from equipoise.analysis import rmst

        end = tau
        if end is None:
            pairs = [self._columns(name) for name in self.names]
            end = min(float(time[arm == one].max()) for time, _, arm in pairs for one in np.unique(arm))
        found, said = [], []
        for name in self.names:
            try:
                one = rmst(*self._columns(name), reference=self.reference, tau=end, time_unit=unit).difference
                effect = self._counted(name, effect=one.estimate, std_error=one.std_error, measure="rmst-difference")
            except (EstimationError, DataError, ArgumentError) as problem:
                said.append(f"{name} has no difference of restricted means up to {end:g}: {problem.message}")
            else:
                found.append(effect)
        return found, end, said
