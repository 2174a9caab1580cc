"""Trials pooled: one effect from several, how far they differ, and what a next trial might show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from equipoise.errors import ArgumentError, permitted
from equipoise.evidence.heterogeneity import (
    METHODS,
    Heterogeneity,
    Method,
    describe_heterogeneity,
    estimate_tau2,
    tau2_limits,
)
from equipoise.evidence.study_effects import StudyEffect, check_studies
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain.special import normal_quantile, normal_tail

_CITED = {
    "fixed": "inverse-variance",
    "dersimonian-laird": "dersimonian-laird",
    "reml": "reml-heterogeneity",
    "paule-mandel": "paule-mandel",
}


@dataclass(frozen=True, repr=False)
class PooledEffect(RowResult):
    """A pooled hazard ratio.

    `log_ratio`, `std_error` on the log scale; `lower`, `upper` the interval of the hazard ratio at `level`;
    `predicted` the interval of the hazard ratio in a next trial (None for a fixed effect or fewer than three trials);
    `weights` in the order of `studies`, summing to 1; `tau2_interval` by the Q profile.
    """

    studies: tuple[StudyEffect, ...]
    method: Method
    hartung_knapp: bool
    level: float
    log_ratio: float
    std_error: float
    lower: float
    upper: float
    p_value: float
    predicted: tuple[float, float] | None
    weights: tuple[float, ...]
    heterogeneity: Heterogeneity
    tau2_interval: tuple[float, float]
    endpoint: str = ""
    without: tuple[tuple[str, PooledEffect], ...] = ()
    warnings: tuple[str, ...] = ()
    library: str | None = field(default=None, compare=False)

    @property
    def ratio(self) -> float:
        """The pooled hazard ratio."""
        return math.exp(self.log_ratio)

    @property
    def impossible(self) -> tuple[StudyEffect, ...]:
        """Trials whose standard error is smaller than their number of events can give (2 / sqrt(d))."""
        return tuple(study for study in self.studies if not study.possible)

    def to_rows(self) -> list[ResultRow]:
        return [*_study_rows(self), *_pooled_rows(self), *_left_out_rows(self)]


def pool(
    studies: Sequence[StudyEffect],
    *,
    method: Method = "reml",
    hartung_knapp: bool = False,
    level: float = 0.95,
    endpoint: str = "",
    leave_one_out: bool = True,
) -> PooledEffect:
    """Pool log hazard ratios by inverse variance.

    Arguments: two or more trials; `method` for the variance between trials: "fixed" (none), "dersimonian-laird",
    "reml" (the default) or "paule-mandel"; `hartung_knapp`: variance of the pooled effect from the spread of the
    trials, and a t distribution with k - 1 degrees of freedom in place of the normal; `level` of the intervals.
    With a random-effects method and three trials or more the prediction interval has k - 2 degrees of freedom (Higgins,
    Thompson and Spiegelhalter 2009). Trials whose standard error no number of events could give are pooled as printed,
    named in `warnings`, and the pool is repeated without them in `without`, beside each trial left out in turn.
    Raises ArgumentError `argument-invalid` for fewer than two trials, an unknown method or a level outside (0, 1).

    >>> from equipoise.evidence.study_effects import effect_from_interval
    >>> both = [
    ...     effect_from_interval("A", 0.8, 0.6, 1.0667, level=0.95),
    ...     effect_from_interval("B", 0.7, 0.5, 0.98, level=0.95),
    ... ]
    >>> round(pool(both, method="fixed").ratio, 3)
    0.756
    """
    check_studies(studies, least=2)
    if method not in METHODS:
        raise ArgumentError(
            "argument-invalid", f"there is no method {method!r} of pooling", hint=permitted(str(method), METHODS)
        )
    if not (0.0 < level < 1.0):
        raise ArgumentError("argument-invalid", f"level is {level}", hint="a share between 0 and 1, as in 0.95")
    whole = _pooled(studies, method, hartung_knapp, level, endpoint)
    if not leave_one_out:
        return whole
    apart: list[tuple[str, PooledEffect]] = []
    if len(studies) > 2:
        for study in studies:
            rest = [other for other in studies if other is not study]
            apart.append((study.name, _pooled(rest, method, hartung_knapp, level, endpoint)))
    impossible = whole.impossible
    left = [study for study in studies if study.possible]
    if len(impossible) > 1 and len(left) > 1:
        names = " and ".join(study.name for study in impossible)
        apart.append((names, _pooled(left, method, hartung_knapp, level, endpoint)))
    return _with(whole, without=tuple(apart), warnings=tuple(_said(study) for study in impossible))


def _with(effect: PooledEffect, **changed: Any) -> PooledEffect:
    from dataclasses import replace

    return replace(effect, **changed)


def _said(study: StudyEffect) -> str:
    counted = f"{study.events} events" if study.events is not None else f"{study.randomized} patients"
    return (
        f"{study.name}: a standard error of {study.std_error:.4g} is impossible for a Cox or log-rank analysis of "
        f"{counted} (at least {study.least_std_error:.4g}); the pool is repeated without it"
    )


def _pooled(
    studies: Sequence[StudyEffect], method: Method, hartung_knapp: bool, level: float, endpoint: str
) -> PooledEffect:
    y = np.array([study.log_ratio for study in studies])
    v = np.array([study.std_error for study in studies]) ** 2
    tau2 = estimate_tau2(y, v, method)
    w = 1.0 / (v + tau2)
    total = float(np.sum(w))
    mean = float(np.sum(w * y)) / total
    variance = 1.0 / total
    df = math.inf
    if hartung_knapp:
        df = float(y.size - 1)
        variance *= float(np.sum(w * (y - mean) ** 2)) / df
    std_error = math.sqrt(variance)
    reach = _quantile(0.5 + level / 2.0, df) * std_error
    return PooledEffect(
        studies=tuple(studies),
        method=method,
        hartung_knapp=hartung_knapp,
        level=level,
        log_ratio=mean,
        std_error=std_error,
        lower=math.exp(mean - reach),
        upper=math.exp(mean + reach),
        p_value=_two_sided(mean / std_error if std_error > 0.0 else math.copysign(math.inf, mean), df),
        predicted=_predicted(mean, variance + tau2, int(y.size), level) if method != "fixed" else None,
        weights=tuple(float(weight) for weight in w / total),
        heterogeneity=describe_heterogeneity(y, v, tau2, method),
        tau2_interval=tau2_limits(y, v, level),
        endpoint=endpoint,
    )


def _predicted(mean: float, variance: float, count: int, level: float) -> tuple[float, float] | None:
    if count < 3:
        return None
    reach = _quantile(0.5 + level / 2.0, float(count - 2)) * math.sqrt(variance)
    return math.exp(mean - reach), math.exp(mean + reach)


def _quantile(share: float, df: float) -> float:
    if math.isinf(df):
        return normal_quantile(share)
    from scipy.stats import t

    return float(t.ppf(share, df))


def _two_sided(z: float, df: float) -> float:
    if math.isinf(df):
        return 2.0 * normal_tail(abs(z))
    from scipy.stats import t

    return 2.0 * float(t.sf(abs(z), df))


def _row(effect: PooledEffect, parameter: str, statistic: str, value: float | None, **more: Any) -> ResultRow:
    cited = "hartung-knapp" if effect.hartung_knapp and parameter == "pooled" else _CITED[effect.method]
    shown = number(value) if value is not None else {"value": None}
    return ResultRow(endpoint=effect.endpoint, parameter=parameter, statistic=statistic, method=cited, **shown, **more)


def _study_rows(effect: PooledEffect) -> list[ResultRow]:
    z = normal_quantile(0.5 + effect.level / 2.0)
    rows = []
    for study, weight in zip(effect.studies, effect.weights, strict=True):
        named = {"group1": "trial", "level1": study.name, "warning": study.note or None}
        reach = z * study.std_error
        held = (
            ("estimate", study.ratio, "ratio"),
            ("std_error", study.std_error, None),
            ("conf_low", math.exp(study.log_ratio - reach), "ratio"),
            ("conf_high", math.exp(study.log_ratio + reach), "ratio"),
            ("weight", weight, "percent"),
        )
        rows += [_row(effect, "trial", statistic, value, format=form, **named) for statistic, value, form in held]
    return rows


def _pooled_rows(effect: PooledEffect) -> list[ResultRow]:
    between = effect.heterogeneity
    predicted = effect.predicted or (None, None)
    warning = "; ".join(effect.warnings) or None
    held = [
        ("pooled", "estimate", effect.ratio, "ratio"),
        ("pooled", "std_error", effect.std_error, None),
        ("pooled", "conf_low", effect.lower, "ratio"),
        ("pooled", "conf_high", effect.upper, "ratio"),
        ("pooled", "p_value", effect.p_value, "p"),
        ("pooled", "n_trials", float(len(effect.studies)), "int"),
        ("heterogeneity", "statistic", between.q, None),
        ("heterogeneity", "df", float(between.df), "int"),
        ("heterogeneity", "p_value", between.p_value, "p"),
        ("heterogeneity", "i2", between.i2, "percent"),
        ("heterogeneity", "h2", between.h2, None),
        ("heterogeneity", "tau2", between.tau2, None),
        ("heterogeneity", "tau2_low", effect.tau2_interval[0], None),
        ("heterogeneity", "tau2_high", effect.tau2_interval[1], None),
    ]
    rows = [_row(effect, p, s, v, format=f, warning=warning if s == "estimate" else None) for p, s, v, f in held]
    if effect.predicted is not None:
        names = ("pred_low", "pred_high")
        rows += [
            _row(effect, "prediction", name, value, format="ratio")
            for name, value in zip(names, predicted, strict=True)
        ]
    return rows


def _left_out_rows(effect: PooledEffect) -> list[ResultRow]:
    rows = []
    for name, rest in effect.without:
        named = {"group1": "without", "level1": name}
        held = (
            ("estimate", rest.ratio, "ratio"),
            ("conf_low", rest.lower, "ratio"),
            ("conf_high", rest.upper, "ratio"),
            ("p_value", rest.p_value, "p"),
            ("tau2", rest.heterogeneity.tau2, None),
            ("i2", rest.heterogeneity.i2, "percent"),
        )
        rows += [_row(effect, "without", statistic, value, format=form, **named) for statistic, value, form in held]
    return rows
