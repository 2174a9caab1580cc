"""Comparing what is read off two curves: differences and ratios with limits and tests, standardized over strata."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from equipoise.analysis.inputs import check_choice
from equipoise.analysis.survival_curves import KaplanMeier, SurvivalCurve, kaplan_meier
from equipoise.errors import ArgumentError, DataError, EstimationError
from equipoise.frames.columns import check_level
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import number
from equipoise.kernels.plain.special import normal_quantile, normal_tail

ALTERNATIVES = ("two-sided", "experimental-better", "control-better")
STRATA_WEIGHTS = ("size", "inverse-variance")

# A reading of a curve with its variance.
Reading = Callable[[SurvivalCurve], tuple[float, float]]
# Experimental levels, each with the curves of it and of the reference.
CurvePairs = list[tuple[str, list[SurvivalCurve]]]


@dataclass(frozen=True)
class Contrast:
    """A comparison: `estimate` with limits, `std_error` (of the logarithm for a ratio), `z` and P.

    `z` is positive where the experimental group is better; P is as `alternative` said.
    """

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    z: float
    p_value: float

    def rows(self, stem: str, scale: str | None, place: dict[str, Any]) -> list[ResultRow]:
        """Result rows called `stem`, `stem_low`, `stem_high`, `stem_std_error`, `stem_z` and `stem_p_value`."""
        values = {
            stem: (self.estimate, scale),
            f"{stem}_low": (self.conf_low, scale),
            f"{stem}_high": (self.conf_high, scale),
            f"{stem}_std_error": (self.std_error, None),
            f"{stem}_z": (self.z, None),
            f"{stem}_p_value": (self.p_value, "p"),
        }
        return [ResultRow(statistic=name, format=hint, **place, **number(v)) for name, (v, hint) in values.items()]


class ArmValue(NamedTuple):
    """What one group has: its size, its number of events, its (standardized) value and the value's standard error."""

    level: str
    n: float
    n_event: float
    value: float
    std_error: float

    def rows(self, statistic: str, scale: str, group_name: str, shared: dict[str, Any]) -> list[ResultRow]:
        """Result rows of the group: n, n_event, the value and its standard error."""
        place: dict[str, Any] = shared | {"parameter": "group", "group1": group_name, "level1": self.level}
        return [
            ResultRow(statistic="n", format="int", value=self.n, **place),
            ResultRow(statistic="n_event", format="int", value=self.n_event, **place),
            ResultRow(statistic=statistic, format=scale, **place, **number(self.value)),
            ResultRow(statistic="std_error", **place, **number(self.std_error)),
        ]


class ArmPair(NamedTuple):
    """The reference and the experimental group, and the strata that hold only one of them and were left out."""

    reference: ArmValue
    experimental: ArmValue
    idle: tuple[str, ...]

    @property
    def contrast(self) -> str:
        """The comparison in words: experimental versus reference."""
        return f"{self.experimental.level} vs {self.reference.level}"

    @property
    def warning(self) -> str | None:
        return f"strata with one group only contribute nothing: {'; '.join(self.idle)}" if self.idle else None


def curves_by_pair(time: Any, event: Any, group: Any, reference: Any, **options: Any) -> tuple[KaplanMeier, CurvePairs]:
    """The groups' curves, and each experimental level with the curves of it and of the reference.

    `options` are those of `kaplan_meier`. Levels stand in the order of the curves.
    """
    km = kaplan_meier(time, event, group=group, **options)
    levels = list(dict.fromkeys(curve.level for curve in km))
    if len(levels) < 2:
        raise DataError(
            "group-single",
            f"{km.group_name} has one level only: {', '.join(map(repr, levels))}",
            reason="a comparison needs two groups",
            hint="check the filter in use, and that this is the column of the treatment arm",
        )
    base = levels[check_level(reference, levels, km.group_name)]
    return km, [(level, [c for c in km if c.level in (base, level)]) for level in levels if level != base]


def check_comparison(alternative: str, strata_weights: str) -> None:
    """Refuses an unknown alternative or rule for weighting the strata."""
    check_choice(alternative, ALTERNATIVES, "alternative")
    check_choice(strata_weights, STRATA_WEIGHTS, "strata_weights")


def compared_curves(pairs: CurvePairs) -> list[SurvivalCurve]:
    """The curves that enter a comparison: those of strata that hold both groups of some pair."""
    found: dict[tuple[str, str], SurvivalCurve] = {}
    for _, curves in pairs:
        strata = [curve.stratum for curve in curves]
        found |= {(c.level, c.stratum): c for c in curves if strata.count(c.stratum) == 2}
    if not found:
        raise EstimationError("estimate-undefined", "no stratum holds both groups: there is nothing to compare")
    return list(found.values())


def read_pair(curves: list[SurvivalCurve], experimental: str, reading: Reading, weighting: str) -> ArmPair:
    """The two groups' values, standardized over the strata that hold both.

    Each group's value is sum_s w_s v_s with the same weights for both: the share of the subjects who are in stratum s
    ("size"), or the inverse variance of the stratum's difference, scaled to sum to one ("inverse-variance").
    """
    by_stratum: dict[str, dict[bool, SurvivalCurve]] = {}
    for curve in curves:
        by_stratum.setdefault(curve.stratum, {})[curve.level == experimental] = curve
    idle = tuple(name for name, pair in by_stratum.items() if len(pair) < 2)
    pairs = [pair for pair in by_stratum.values() if len(pair) == 2]
    if not pairs:
        raise EstimationError("estimate-undefined", "no stratum holds both groups: there is nothing to compare")
    values = np.array([[reading(pair[arm]) for arm in (False, True)] for pair in pairs])
    size = np.array([pair[False].total + pair[True].total for pair in pairs])
    weight = size if weighting == "size" else 1.0 / values[:, :, 1].sum(axis=1)
    weight = weight / weight.sum() if len(pairs) > 1 else np.ones(1)
    arms = []
    for arm in (0, 1):
        own = [pair[bool(arm)] for pair in pairs]
        value, variance = float(weight @ values[:, arm, 0]), float(weight**2 @ values[:, arm, 1])
        counts = float(sum(c.total for c in own)), float(sum(c.total_event for c in own))
        arms.append(ArmValue(own[0].level, *counts, value, math.sqrt(variance)))
    return ArmPair(arms[0], arms[1], idle)


def difference(pair: ArmPair, conf_level: float, alternative: str) -> Contrast:
    """Experimental minus reference, normal."""
    estimate = pair.experimental.value - pair.reference.value
    std_error = math.hypot(pair.experimental.std_error, pair.reference.std_error)
    half = normal_quantile(0.5 + conf_level / 2.0) * std_error
    return Contrast(estimate, std_error, estimate - half, estimate + half, *z_test(estimate, std_error, alternative))


def ratio(experimental: ArmValue, reference: ArmValue, conf_level: float, alternative: str, sign: float) -> Contrast:
    """Experimental over reference, normal on the log scale; `sign` -1 where a smaller value is better."""
    if not (experimental.value > 0.0 and reference.value > 0.0):
        return Contrast(*[math.nan] * 6)
    log = math.log(experimental.value / reference.value)
    std_error = math.hypot(experimental.std_error / experimental.value, reference.std_error / reference.value)
    half = normal_quantile(0.5 + conf_level / 2.0) * std_error
    limits = math.exp(log - half), math.exp(log + half)
    return Contrast(math.exp(log), std_error, *limits, *z_test(sign * log, std_error, alternative))


def z_test(estimate: float, std_error: float, alternative: str) -> tuple[float, float]:
    """z and its P; NaN without a variance."""
    if not std_error > 0.0:
        return math.nan, math.nan
    z = estimate / std_error
    if alternative == "two-sided":
        return z, 2.0 * normal_tail(abs(z))
    return z, normal_tail(z if alternative == "experimental-better" else -z)


def refuse_beyond(curves: list[SurvivalCurve], at: float, name: str, unit: str | None) -> None:
    """Refuses a time at which one of the curves is not estimable."""
    ends = {f"{c.level} {c.stratum}".strip(): float(c.time[-1]) for c in curves if c.survival[-1] > 0.0}
    short = {group: end for group, end in ends.items() if at > end}
    if short:
        unit = f" {unit}" if unit else ""
        listed = ", ".join(f"{group} at {end:g}{unit}" for group, end in short.items())
        raise ArgumentError(
            "argument-invalid",
            f"{name} is {at:g}{unit}, after the last observation of: {listed}",
            where=name,
            reason="that observation is censored, so the curve is not estimable after it",
            hint=f"at most {min(ends.values()):g}{unit} here",
        )
