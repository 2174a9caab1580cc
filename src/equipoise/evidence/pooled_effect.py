"""A pooled effect: what it holds, and its result rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from equipoise.errors import ArgumentError, permitted
from equipoise.evidence.heterogeneity import METHODS, Heterogeneity, Method
from equipoise.evidence.study_effects import Measure, StudyEffect, shown_effect
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain.special import normal_quantile

# The analysis of the rows, so that both measures may stand in one table.
ANALYSES: dict[Measure, str] = {"hazard-ratio": "pool", "rmst-difference": "pool-rmst"}
_CITED = {
    "fixed": "inverse-variance",
    "dersimonian-laird": "dersimonian-laird",
    "reml": "reml-heterogeneity",
    "paule-mandel": "paule-mandel",
}
Interval = Literal["normal", "hartung-knapp", "hartung-knapp-adhoc"]
Prediction = Literal["k-2", "k-1", "normal"]
INTERVALS: tuple[Interval, ...] = ("normal", "hartung-knapp", "hartung-knapp-adhoc")
PREDICTIONS: tuple[Prediction, ...] = ("k-2", "k-1", "normal")


@dataclass(frozen=True)
class Choices:
    """How trials are pooled: see `pool`."""

    method: Method = "reml"
    interval: Interval = "normal"
    prediction: Prediction = "k-2"
    level: float = 0.95

    def __post_init__(self) -> None:
        for name, value, known in (
            ("method", self.method, METHODS),
            ("interval", self.interval, INTERVALS),
            ("prediction", self.prediction, PREDICTIONS),
        ):
            if value not in known:
                raise ArgumentError(
                    "argument-invalid", f"{name} is {value!r}", where=name, hint=permitted(str(value), known)
                )
        if not (isinstance(self.level, int | float) and 0.0 < self.level < 1.0):
            raise ArgumentError(
                "argument-invalid", f"level is {self.level!r}", where="level", hint="a share between 0 and 1, as 0.95"
            )


@dataclass(frozen=True, repr=False)
class PooledEffect(RowResult):
    """A pooled effect.

    `effect` and `std_error` on the scale that is pooled (the logarithm, of hazard ratios); `estimate`, `lower` and
    `upper` as a reader reads them; `predicted` the interval of the true effect in a next trial (None for a fixed
    effect, or where its degrees of freedom are none); `weights` in the order of `studies`, summing to 1;
    `tau2_interval` by the Q profile; `without` the pool without each trial in turn; `without_impossible` without those
    whose standard error is too small for their events; `choices` as pooled.
    """

    studies: tuple[StudyEffect, ...]
    choices: Choices
    effect: float
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
    without_impossible: PooledEffect | None = None
    warnings: tuple[str, ...] = ()
    library: str | None = field(default=None, compare=False)

    @property
    def measure(self) -> Measure:
        return self.studies[0].measure

    @property
    def estimate(self) -> float:
        """The pooled hazard ratio, or difference."""
        return shown_effect(self.effect, self.measure)

    @property
    def tau2(self) -> float:
        """The variance between trials."""
        return self.heterogeneity.tau2

    @property
    def impossible(self) -> tuple[StudyEffect, ...]:
        """Trials whose standard error is smaller than their number of events can give (2 / sqrt(d))."""
        return tuple(study for study in self.studies if not study.possible)

    def to_rows(self) -> list[ResultRow]:
        """Rows of the analysis "pool" ("pool-rmst"): trials, pooled effect, heterogeneity, prediction, without each."""
        return _pooled_rows(self)


def _pooled_rows(effect: PooledEffect) -> list[ResultRow]:
    """Every row of a pool; parameters: trial, pooled, heterogeneity, prediction, without, without-impossible."""
    rows = [row for study, weight in zip(effect.studies, effect.weights, strict=True)
            for row in _study_rows(effect, study, weight)]  # fmt: skip
    rows += _summary_rows(effect, "pooled", {}, "; ".join(effect.warnings) or None)
    rows += _heterogeneity_rows(effect)
    if effect.predicted is not None:
        label = {"k-2": "t, k - 2 df", "k-1": "t, k - 1 df", "normal": "normal"}[effect.choices.prediction]
        for statistic, value in zip(("pred_low", "pred_high"), effect.predicted, strict=True):
            rows.append(_row(effect, "prediction", statistic, value, _form(effect), method="prediction-interval",
                             label=label))  # fmt: skip
    for name, rest in effect.without:
        rows += _summary_rows(rest, "without", {"group1": "without", "level1": name})
    if effect.without_impossible is not None:
        names = ", ".join(study.name for study in effect.impossible)
        rows += _summary_rows(effect.without_impossible, "without-impossible", {"group1": "without", "level1": names})
    return rows


def _form(effect: PooledEffect) -> str | None:
    return "ratio" if effect.measure == "hazard-ratio" else None


def _row(
    effect: PooledEffect, parameter: str, statistic: str, value: float, form: str | None = None, **more: Any
) -> ResultRow:
    columns: dict[str, Any] = number(value) | {"method": _CITED[effect.choices.method], "label": effect.measure} | more
    return ResultRow(
        analysis=ANALYSES[effect.measure],
        endpoint=effect.endpoint,
        parameter=parameter,
        statistic=statistic,
        format=form,
        **columns,
    )


def _study_rows(effect: PooledEffect, study: StudyEffect, weight: float) -> list[ResultRow]:
    reach = normal_quantile(0.5 + effect.choices.level / 2.0) * study.std_error
    form = _form(effect)
    held = [
        ("estimate", study.estimate, form),
        ("std_error", study.std_error, None),
        ("conf_low", shown_effect(study.effect - reach, study.measure), form),
        ("conf_high", shown_effect(study.effect + reach, study.measure), form),
        ("weight", weight, "percent"),
    ]
    if study.events is not None:
        held.append(("n_event", float(study.events), "int"))
    if study.randomized is not None:
        held.append(("n", float(study.randomized), "int"))
    named = {"group1": "trial", "level1": study.name, "method": "inverse-variance"}
    warning = study.note or None
    return [
        _row(effect, "trial", statistic, value, form, warning=warning if statistic == "estimate" else None, **named)
        for statistic, value, form in held
    ]


def _summary_rows(
    effect: PooledEffect, parameter: str, named: dict[str, str], warning: str | None = None
) -> list[ResultRow]:
    normal = effect.choices.interval == "normal"
    named = named | {"method": _CITED[effect.choices.method] if normal else "hartung-knapp"}
    form = _form(effect)
    held = (
        ("estimate", effect.estimate, form),
        ("std_error", effect.std_error, None),
        ("conf_low", effect.lower, form),
        ("conf_high", effect.upper, form),
        ("p_value", effect.p_value, "p"),
        ("n_trials", float(len(effect.studies)), "int"),
        ("conf_level", effect.choices.level, "percent"),
        ("i2", effect.heterogeneity.i2, "percent"),
        ("tau2", effect.heterogeneity.tau2, None),
    )
    return [
        _row(effect, parameter, statistic, value, form, warning=warning if statistic == "estimate" else None, **named)
        for statistic, value, form in held
    ]


def _heterogeneity_rows(effect: PooledEffect) -> list[ResultRow]:
    between = effect.heterogeneity
    low, high = effect.tau2_interval
    held = (
        ("q", between.q, None, "cochran-q"),
        ("df", float(between.df), "int", "cochran-q"),
        ("p_value", between.p_value, "p", "cochran-q"),
        ("i2", between.i2, "percent", "i-squared"),
        ("h2", between.h2, None, "i-squared"),
        ("tau2", between.tau2, None, _CITED[effect.choices.method]),
        ("tau2_low", low, None, "q-profile"),
        ("tau2_high", high, None, "q-profile"),
    )
    return [
        _row(effect, "heterogeneity", statistic, value, form, method=method) for statistic, value, form, method in held
    ]


def pooled_from(given: Any) -> PooledEffect:
    """The argument, where it is a pooled hazard ratio. Raises ArgumentError `argument-invalid`."""
    if not isinstance(given, PooledEffect):
        raise ArgumentError(
            "argument-invalid", f"{type(given).__name__} is no pooled effect", where="evidence",
            hint="give what `pool` returned",
        )  # fmt: skip
    if given.measure != "hazard-ratio":
        raise ArgumentError(
            "argument-invalid", f"the evidence pools {given.measure}s", where="evidence",
            hint="pool hazard ratios; trials are designed by the log-rank test",
        )  # fmt: skip
    return given
