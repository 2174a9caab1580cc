"""Rows of a reconstruction: its accuracy, what printed numbers it meets, and its ensemble."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.evidence.arm_counts import ArmCounts
from equipoise.evidence.ensemble import Ensemble, area, median_of
from equipoise.evidence.joint_statistics import median_with_limits
from equipoise.evidence.printed_constraints import PrintedConstraint, ReconstructedPair
from equipoise.evidence.reconstructed_arms import CurveArm, Method
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import number

METHOD_IDS = {"constrained": "constrained-reconstruction", "guyot": "guyot"}
_EDGE = 1e-6


@dataclass(frozen=True)
class MetConstraint:
    """A printed number, the reconstruction's `value` by the reading `convention`, `met` where it may print so."""

    constraint: PrintedConstraint
    value: float
    convention: str
    met: bool

    @property
    def said(self) -> str:
        """The comparison in a sentence."""
        printed = self.constraint.printed
        by = f", {self.convention}" if self.convention else ""
        between = str(printed) if printed.low == printed.high else f"{printed}, {printed.low:.5g} to {printed.high:.5g}"
        return f"printed {between}{by}: {'met' if self.met else 'not met'}"


@dataclass(frozen=True, repr=False)
class Rebuilt:
    """What a reconstruction is made of; see `reconstruction.Reconstruction`."""

    arms: tuple[CurveArm, ...]
    counts: tuple[ArmCounts, ...]
    pair: ReconstructedPair | None
    met: tuple[MetConstraint, ...]
    ensemble: Ensemble | None
    endpoint: str
    unit: str
    method: Method
    seed: int


def constraint_met(constraint: PrintedConstraint, pair: ReconstructedPair) -> MetConstraint:
    """The reading that meets a printed number, else the nearest."""
    printed = constraint.printed
    readings = constraint.read(pair)

    def off(reading: tuple[str, float]) -> float:
        value = reading[1]
        if not printed.reached or not math.isfinite(value):
            return 0.0 if not printed.reached and not math.isfinite(value) else math.inf
        return max(printed.low - value, value - printed.high, 0.0)

    words, value = min(readings, key=off)
    return MetConstraint(constraint, value, words, off((words, value)) <= _EDGE * max(1.0, abs(value)))


def reconstruction_rows(found: Rebuilt) -> list[ResultRow]:
    """Every row of a reconstruction but those of its curves."""
    shared: dict[str, Any] = {
        "analysis": "reconstruction", "endpoint": found.endpoint, "method": METHOD_IDS[found.method],
    }  # fmt: skip
    rows: list[ResultRow] = []
    for arm, counts in zip(found.arms, found.counts, strict=True):
        rows += _accuracy(arm, counts, {**shared, "group1": "arm", "level1": arm.label}, found.unit)
    if found.pair is not None:
        rows += _effect(found.pair, shared)
    rows += [_printed(each, found, shared) for each in found.met]
    if found.ensemble is not None:
        rows += _of_ensemble(found.ensemble, found, shared)
    return rows


def _accuracy(arm: CurveArm, counts: ArmCounts, shared: dict[str, Any], unit: str) -> Iterator[ResultRow]:
    difference = counts.height_at(arm.points.time) - arm.points.height
    notes = "; ".join(arm.points.notes) or None
    yield ResultRow(**shared, parameter="accuracy", statistic="n_points", value=float(len(arm.points)), format="int",
                    warning=notes)  # fmt: skip
    yield ResultRow(**shared, parameter="accuracy", statistic="rmse", value=float(np.sqrt(np.mean(difference**2))))
    yield ResultRow(**shared, parameter="accuracy", statistic="max_error", value=float(np.abs(difference).max()))
    time, _ = counts.patients(arm.points.marks)
    here = [int((time >= at).sum()) for at in arm.risk.time]
    for at, given, rebuilt in zip(arm.risk.time, arm.risk.count, here, strict=True):
        said = None if rebuilt == given else f"printed {int(given)}"
        yield ResultRow(**shared, parameter="numbers-at-risk", statistic="n_risk", at=float(at), at_unit=unit,
                        value=float(rebuilt), format="int", warning=said)  # fmt: skip
    fewer = None if arm.events in (None, counts.n_events) else f"given {arm.events}"
    yield ResultRow(**shared, parameter="patients", statistic="n", value=float(counts.n), format="int")
    yield ResultRow(**shared, parameter="patients", statistic="n_event", value=float(counts.n_events), format="int",
                    warning=fewer)  # fmt: skip
    median, low, high = median_with_limits(counts, "log-log")
    for statistic, value in (("estimate", median), ("conf_low", low), ("conf_high", high)):
        yield ResultRow(**shared, parameter="median", statistic=statistic, **number(value, "not reached"), unit=unit)


def _effect(pair: ReconstructedPair, shared: dict[str, Any]) -> list[ResultRow]:
    statistics = pair.statistics
    of = {**shared, "parameter": "hazard-ratio", "format": "ratio"}
    values = (statistics.hazard_ratio, statistics.limit(0.95, upper=False), statistics.limit(0.95, upper=True))
    if pair.experimental.n_events + pair.control.n_events == 0:
        values = (math.nan,) * 3
    names = ("estimate", "conf_low", "conf_high")
    rows = [ResultRow(**of, statistic=name, **number(value)) for name, value in zip(names, values, strict=True)]
    p_value = number(statistics.p_value(2))
    return [*rows, ResultRow(**shared, parameter="log-rank", statistic="p_value", **p_value, format="p")]


def _printed(each: MetConstraint, found: Rebuilt, shared: dict[str, Any]) -> ResultRow:
    constraint = each.constraint
    group: dict[str, Any] = {}
    if constraint.side is not None:
        group = {"group1": "arm", "level1": found.arms[0 if constraint.side == "experimental" else 1].label}
    return ResultRow(
        **shared, **group, parameter="printed", statistic=constraint.name, **number(each.value, "not reached"),
        at=constraint.at, at_unit=None if constraint.at is None else found.unit, label=each.said,
        unit=found.unit if constraint.unit == "time" else ("%" if constraint.unit == "percent" else None),
        convention=each.convention or None, warning=None if each.met else each.said,
    )  # fmt: skip


def _of_ensemble(ensemble: Ensemble, found: Rebuilt, shared: dict[str, Any]) -> list[ResultRow]:
    size = len(ensemble.members)
    rows = [ResultRow(**shared, parameter="ensemble", statistic="n_members", value=float(size), format="int")]
    if found.pair is not None:
        mean, spread, whole = ensemble.pooled_ratio()
        of = {**shared, "parameter": "ensemble", "label": "hazard ratio"}
        rows += [
            ResultRow(**of, statistic="hazard_ratio", value=math.exp(mean), format="ratio"),
            ResultRow(**of, statistic="log_hazard_ratio_spread", value=spread),
            ResultRow(**of, statistic="log_hazard_ratio_std_error", value=whole),
            *_quantiles(np.exp(ensemble.log_ratios()), "hazard_ratio", of),
        ]
    for place, arm in enumerate(found.arms):
        of = {**shared, "parameter": "ensemble", "group1": "arm", "level1": arm.label, "unit": found.unit}
        rows += _summary(ensemble.medians(place), median_of(found.counts[place]), "median", of, None)
        areas = ensemble.areas(place)
        rows += _summary(areas, area(found.counts[place], ensemble.tau), "restricted_mean", of, ensemble.tau)
    return rows


def _summary(values: np.ndarray, best: float, name: str, of: dict[str, Any], tau: float | None) -> list[ResultRow]:
    known = values[np.isfinite(values)]
    at: dict[str, Any] = {} if tau is None else {"at": tau, "at_unit": of["unit"]}
    head = ResultRow(**of, **at, statistic=name, **number(best, "not reached"))
    if not len(known):
        return [head]
    missing = len(values) - len(known)
    warning = f"not reached in {missing} of {len(values)} reconstructions" if missing else None
    spread = float(known.std(ddof=1)) if len(known) > 1 else 0.0
    return [
        head,
        ResultRow(**of, **at, statistic=f"{name}_spread", value=spread, warning=warning),
        *_quantiles(known, name, {**of, **at}),
    ]


def _quantiles(values: np.ndarray, name: str, of: dict[str, Any]) -> list[ResultRow]:
    low, high = np.quantile(values, [0.025, 0.975])
    return [
        ResultRow(**of, statistic=f"{name}_q025", value=float(low)),
        ResultRow(**of, statistic=f"{name}_q975", value=float(high)),
    ]
