"""A data set that prints the published numbers, and its numbers recomputed by the estimators of `analysis`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.cox_regression import CoxRegression, cox
from equipoise.analysis.logrank_test import logrank
from equipoise.analysis.survival_curves import SurvivalCurve, kaplan_meier
from equipoise.evidence.feasibility_targets import ARMS, Wanted, quantile_of, test_kind
from equipoise.evidence.printed import Printed
from equipoise.evidence.published import PrintedEstimate
from equipoise.frames.columns import to_native_frame
from equipoise.kernels.plain.special import normal_tail

CONF_TYPES = ("log", "log-log", "plain")
# Times are kept to this many decimals of the result's unit.
_DECIMALS = 6


@dataclass(frozen=True)
class Recomputed:
    """One printed number and the value that the witness has."""

    name: str
    printed: Printed
    value: float

    @property
    def met(self) -> bool:
        """Whether the value prints so."""
        if not self.printed.reached:
            return math.isnan(self.value)
        return math.isfinite(self.value) and self.printed.allows(self.value)

    def __str__(self) -> str:
        value = f"{self.value:.6g}" if math.isfinite(self.value) else "not reached"
        return f"{self.name} {self.printed}: {value}"


@dataclass(frozen=True, eq=False)
class Witness:
    """Times, events (1; 0 censored) and arms ("experimental", "control") of patients who print a result's numbers.

    `conf_type`: the scale of the medians' intervals, `rate_conf_type` that of the rates'; `test`: the test whose P is
    printed, "log-rank" or "Wald", empty where none is; `recomputed`: each printed number with these patients' value.
    """

    time: np.ndarray
    event: np.ndarray
    arm: np.ndarray
    unit: str
    conf_type: str
    rate_conf_type: str
    test: str
    recomputed: tuple[Recomputed, ...]

    @property
    def met(self) -> bool:
        return all(one.met for one in self.recomputed)

    @property
    def missed(self) -> tuple[Recomputed, ...]:
        return tuple(one for one in self.recomputed if not one.met)

    def to_frame(self, library: str | None = None) -> Any:
        """A data frame (polars, or the library named) with columns time, event, arm: ready for `kaplan_meier`."""
        columns = {"time": self.time, "event": self.event, "arm": self.arm}
        return to_native_frame({name: values.tolist() for name, values in columns.items()}, library)

    def to_dict(self) -> dict[str, Any]:
        """The patients and the numbers recomputed, ready for JSON."""
        return {
            "time": self.time.tolist(),
            "event": self.event.tolist(),
            "arm": self.arm.tolist(),
            "unit": self.unit,
            "conf_type": self.conf_type,
            "rate_conf_type": self.rate_conf_type,
            "test": self.test,
            "recomputed": [
                {"name": one.name, "printed": str(one.printed), "met": one.met,
                 "value": one.value if math.isfinite(one.value) else None}
                for one in self.recomputed
            ],
        }  # fmt: skip


def recompute(wanted: Wanted, time: np.ndarray, arm: np.ndarray, event: np.ndarray) -> Witness:
    """The patients with every wanted number recomputed, on the scale and by the test that meet most of them."""
    time = np.round(time, _DECIMALS)
    label = np.array(ARMS)[arm]
    fit = cox(time, event, label, reference=ARMS[0]) if wanted.has_effect or wanted.has_test else None
    numbers = [*_counts(wanted, time, arm, event), *_effect(wanted, fit)]
    test, tested = _best_test(wanted, time, event, label, fit)
    of_medians, medians = _best_scale(lambda scale: list(_medians(_curves(wanted, time, event, label, scale))))
    of_rates, rates = _best_scale(lambda scale: list(_rates(_curves(wanted, time, event, label, scale))))
    recomputed = (*numbers, *tested, *medians, *rates)
    return Witness(time, event, label, wanted.result.unit, of_medians, of_rates, test, recomputed)


def _counts(wanted: Wanted, time: np.ndarray, arm: np.ndarray, event: np.ndarray) -> Iterator[Recomputed]:
    result = wanted.result
    if result.events is not None:
        yield _counted("events", result.events, int(event.sum()))
    for code, name in enumerate(ARMS):
        own = getattr(result, name).events
        if own is not None:
            yield _counted(f"{name} events", own, int(event[arm == code].sum()))
        counts = getattr(result.at_risk, name) if result.at_risk is not None else ()
        times = result.at_risk.times if result.at_risk is not None else ()
        for at, count in zip(times, counts, strict=False):
            yield _counted(f"{name} at risk at {at:g}", count, int((time[arm == code] >= at).sum()))


def _counted(name: str, printed: int, value: int) -> Recomputed:
    return Recomputed(name, Printed(str(printed), float(printed), float(printed), float(printed)), float(value))


def _effect(wanted: Wanted, fit: CoxRegression | None) -> Iterator[Recomputed]:
    ratio = wanted.result.hazard_ratio
    if fit is None or ratio is None or not wanted.has_effect:
        return
    yield Recomputed("hazard ratio", ratio.value, float(fit.hazard_ratio[0]))
    if wanted.has_interval and ratio.interval is not None:
        low, high = _wald_limits(fit, wanted.reading.level)
        yield Recomputed("its lower limit", ratio.interval.lower, low)
        yield Recomputed("its upper limit", ratio.interval.upper, high)


def _wald_limits(fit: CoxRegression, level: float) -> tuple[float, float]:
    b, half = float(fit.coef[0]), quantile_of(level) * float(fit.std_error[0])
    return math.exp(b - half), math.exp(b + half)


def _best_test(
    wanted: Wanted, time: np.ndarray, event: np.ndarray, label: np.ndarray, fit: CoxRegression | None
) -> tuple[str, list[Recomputed]]:
    test, kind = wanted.result.test, test_kind(wanted.result)
    if not wanted.has_test or test is None or fit is None:
        return "", []
    z = {"log-rank": logrank(time, event, label, reference=ARMS[0]).z, "Wald": -float(fit.coef[0] / fit.std_error[0])}
    sides = wanted.reading.sides
    p = {name: 2.0 * normal_tail(abs(one)) if sides == 2 else normal_tail(one) for name, one in z.items()}
    named = {1.0: ["log-rank"], 2.0: ["Wald"]}.get(kind or 0.0, ["log-rank", "Wald"])
    words = f"P, {'two' if sides == 2 else 'one'}-sided"
    found = {name: [Recomputed(f"{words}, {name} test", test.p, p[name])] for name in named}
    chosen = min(found, key=lambda name: not found[name][0].met)
    return chosen, found[chosen]


def _best_scale(on: Callable[[str], list[Recomputed]]) -> tuple[str, list[Recomputed]]:
    tried = {scale: on(scale) for scale in CONF_TYPES}
    scale = min(tried, key=lambda name: sum(not one.met for one in tried[name]))
    return scale, tried[scale]


@dataclass(frozen=True, eq=False)
class _Curves:
    """The curves of a data set on one scale, at the level of each estimate."""

    wanted: Wanted
    own: tuple[tuple[np.ndarray, np.ndarray], ...]
    scale: str

    def at_level(self, code: int, estimate: PrintedEstimate) -> SurvivalCurve:
        level = self.wanted.level_of(estimate)
        return kaplan_meier(*self.own[code], conf_type=self.scale, conf_level=level).curves[0]


def _curves(wanted: Wanted, time: np.ndarray, event: np.ndarray, label: np.ndarray, scale: str) -> _Curves:
    return _Curves(wanted, tuple((time[label == arm], event[label == arm]) for arm in ARMS), scale)


def _medians(curves: _Curves) -> Iterator[Recomputed]:
    for code, name in enumerate(ARMS):
        median = getattr(curves.wanted.result, name).median
        if median is not None:
            found = curves.at_level(code, median).median()
            yield from _estimate(f"{name} median", median, (found.time, found.conf_low, found.conf_high))


def _rates(curves: _Curves) -> Iterator[Recomputed]:
    for code, at, rate in curves.wanted.rates():
        read = curves.at_level(code, rate).at(at)[0]
        values = tuple(100.0 * value for value in (read.survival, read.conf_low, read.conf_high))
        yield from _estimate(f"{ARMS[code]} rate at {at:g}", rate, values)


def _estimate(name: str, printed: PrintedEstimate, values: tuple[float, ...]) -> Iterator[Recomputed]:
    yield Recomputed(name, printed.value, values[0])
    if printed.interval is not None:
        yield Recomputed(f"its lower limit ({name})", printed.interval.lower, values[1])
        yield Recomputed(f"its upper limit ({name})", printed.interval.upper, values[2])
