"""Trials pooled by inverse variance, under one effect or with variance between trials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from equipoise.evidence.heterogeneity import Method, describe_heterogeneity, estimate_tau2, tau2_limits
from equipoise.evidence.pooled_effect import Choices, Interval, PooledEffect, Prediction
from equipoise.evidence.study_effects import Measure, StudyEffect, check_studies, shown_effect
from equipoise.kernels.plain.special import normal_quantile, normal_tail


def pool(
    studies: Sequence[StudyEffect],
    *,
    method: Method = "reml",
    interval: Interval = "normal",
    prediction: Prediction = "k-2",
    level: float = 0.95,
    endpoint: str = "",
    leave_one_out: bool = True,
) -> PooledEffect:
    """Pool the effects of trials by inverse variance.

    Arguments: two or more trials of one measure; `method` for the variance between trials: "fixed" (none),
    "dersimonian-laird", "reml" (the default) or "paule-mandel"; `interval` of the pooled effect: "normal",
    "hartung-knapp" (variance from the spread of the trials, t distribution with k - 1 degrees of freedom) or
    "hartung-knapp-adhoc" (the same, but never with a smaller standard error than the normal interval's); `prediction`:
    degrees of freedom of the prediction interval, "k-2", "k-1" or "normal"; `level` of the intervals; `endpoint`, a
    name for the rows; whether each trial is left out in turn (of three or more). Trials whose standard error no number
    of events could give are pooled as printed, named in `warnings`, and the pool is repeated without them.

    Returns a `PooledEffect`. Raises ArgumentError `argument-invalid` for fewer than two trials, two of one name, mixed
    measures, an unknown choice or a level outside (0, 1).

    Formula: weights w = 1 / (SE^2 + tau2), effect = sum w y / sum w, variance 1 / sum w; Hartung-Knapp: that times
    q = sum w (y - effect)^2 / (k - 1), ad hoc max(1, q); prediction: effect -+ t sqrt(variance + tau2).
    Source: DerSimonian and Laird 1986; Viechtbauer 2005; Paule and Mandel 1982; Hartung and Knapp 2001; Higgins,
    Thompson and Spiegelhalter 2009.

    >>> from equipoise.evidence.study_effects import effect_from_interval
    >>> both = [
    ...     effect_from_interval("A", 0.8, 0.6, 1.0667, level=0.95),
    ...     effect_from_interval("B", 0.7, 0.5, 0.98, level=0.95),
    ... ]
    >>> round(pool(both, method="fixed").estimate, 3)
    0.756
    """
    choices = Choices(method, interval, prediction, level)
    check_studies(studies, least=2)
    whole = pooled_effect(studies, choices, endpoint)
    rest = [study for study in studies if study.possible]
    again = pooled_effect(rest, choices, endpoint) if 2 <= len(rest) < len(studies) else None
    apart: list[tuple[str, PooledEffect]] = []
    if leave_one_out and len(studies) > 2:
        for study in studies:
            others = [other for other in studies if other is not study]
            apart.append((study.name, pooled_effect(others, choices, endpoint)))
    warnings = (*(_said(study, again) for study in whole.impossible), *_alike(studies))
    return replace(whole, without=tuple(apart), without_impossible=again, warnings=warnings)


def _said(study: StudyEffect, again: PooledEffect | None) -> str:
    least = study.least_std_error
    counted = f"{study.events} events" if study.events is not None else f"{study.randomized} patients"
    then = "the pool is repeated without it" if again is not None else "without it fewer than two trials are left"
    return (
        f"{study.name}: a standard error of {study.std_error:.4f} is impossible for a Cox or log-rank analysis of "
        f"{counted}, which has one of at least {least:.4f}; {then}"
    )


def _alike(studies: Sequence[StudyEffect]) -> list[str]:
    """Trials with the same numbers may be one trial under two names."""
    held: dict[tuple[float, float], str] = {}
    said = []
    for study in studies:
        first = held.setdefault((study.effect, study.std_error), study.name)
        if first != study.name:
            said.append(f"{first} and {study.name} have the same effect and standard error: are they one trial?")
    return said


def pooled_effect(studies: Sequence[StudyEffect], choices: Choices, endpoint: str) -> PooledEffect:
    """The pooled effect of two or more checked trials alone, none left out."""
    y = np.array([study.effect for study in studies])
    v = np.array([study.std_error for study in studies]) ** 2
    tau2 = estimate_tau2(y, v, choices.method)
    w = 1.0 / (v + tau2)
    total = float(np.sum(w))
    mean = float(np.sum(w * y)) / total
    variance = 1.0 / total
    df = math.inf
    if choices.interval != "normal":
        df = float(y.size - 1)
        spread = float(np.sum(w * (y - mean) ** 2)) / df
        variance *= max(1.0, spread) if choices.interval == "hartung-knapp-adhoc" else spread
    std_error, measure = math.sqrt(variance), studies[0].measure
    reach = _quantile(0.5 + choices.level / 2.0, df) * std_error
    return PooledEffect(
        studies=tuple(studies),
        choices=choices,
        effect=mean,
        std_error=std_error,
        lower=shown_effect(mean - reach, measure),
        upper=shown_effect(mean + reach, measure),
        p_value=_two_sided(mean / std_error if std_error > 0.0 else math.copysign(math.inf, mean), df),
        predicted=_predicted(mean, variance + tau2, len(studies), choices, measure),
        weights=tuple(float(weight) for weight in w / total),
        heterogeneity=describe_heterogeneity(y, v, tau2, choices.method),
        tau2_interval=tau2_limits(y, v, choices.level),
        endpoint=endpoint,
    )


def _predicted(
    mean: float, variance: float, count: int, choices: Choices, measure: Measure
) -> tuple[float, float] | None:
    df = {"k-2": float(count - 2), "k-1": float(count - 1), "normal": math.inf}[choices.prediction]
    if choices.method == "fixed" or df < 1.0:
        return None
    reach = _quantile(0.5 + choices.level / 2.0, df) * math.sqrt(variance)
    return shown_effect(mean - reach, measure), shown_effect(mean + reach, measure)


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
