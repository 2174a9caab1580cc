"""Designs for the log-rank test and its weighted relatives when hazards need not be proportional."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.design.average_effects import geometric_average
from equipoise.design.design_result import prose_number, render_code
from equipoise.design.hazards import Accrual, Hazard
from equipoise.design.levels import check_choice, check_positive, refused, to_float
from equipoise.design.planned_trial import EFFECT_ARGUMENTS, PlannedTrial, planned_trial
from equipoise.design.timed_design import StatisticMoments, TimedDesign
from equipoise.design.timed_plan import Efficacy, SinglePlan, timed_plan
from equipoise.design.trial_course import Dropouts, Stratum
from equipoise.design.weighted_moments import LogrankWeight, weighted_moments
from equipoise.errors import ArgumentError

VARIANCES = ("estimated", "exact", "null")
WEIGHTINGS = ("logrank", "modestly-weighted")
Weight = tuple[Sequence[float], Sequence[float]] | Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, repr=False)
class WeightedLogrankDesign(TimedDesign):
    """A design for a weighted log-rank test; see `TimedDesign`. `weighting` names the weights, `variance` the power's.

    Effects by look: average_hazard_ratio (geometric) and weighted_hazard_ratio, one Newton step from 1 towards that of
    a weighted Cox fit: exp(-integral of w pi_0 pi_1 / pi (lambda_0 - lambda_1) / integral of w e (1 - e) v).
    """

    weighting: LogrankWeight
    variance: str

    @property
    def method(self) -> str:
        return "weighted-logrank-design"

    def test_words(self) -> str:
        label = self.weighting.label
        return "a log-rank test" if label == "log-rank" else f"a weighted log-rank test ({label})"

    def effect_words(self) -> str:
        average, weighted = self.effect("average_hazard_ratio"), self.effect("weighted_hazard_ratio")
        return (
            f"At the last analysis the average hazard ratio (geometric, weighted by expected events) is "
            f"{prose_number(average)}, and the one that the weighted test sees is {prose_number(weighted)}."
        )

    def code(self) -> str:
        function = self.weighting.function
        if function is None:
            return super().code()
        # A function of the caller's cannot be written out; its name stands for it.
        name = getattr(function, "__name__", "weight")
        shown = render_code("weighted_logrank_design", self.arguments | {"weight": name})
        return f"# {name}(time, survival) is your own function\n{shown.replace(repr(name), name)}"


def weighted_logrank_design(
    *,
    control: Hazard | None = None,
    experimental: Hazard | None = None,
    hazard_ratio: float | None = None,
    accrual: Accrual,
    alpha: float,
    sides: int,
    power: float | None = None,
    time: float | None = None,
    dropout: Dropouts = None,
    ratio: float | tuple[float, float] = 1.0,
    strata: Mapping[str, Stratum] | None = None,
    rho: float = 0.0,
    gamma: float = 0.0,
    weighting: str = "logrank",
    t_star: float | None = None,
    s_star: float | None = None,
    weight: Weight | None = None,
    variance: str = "estimated",
    interim: Sequence[float] | None = None,
    fractions: Sequence[float] | None = None,
    efficacy: Efficacy = None,
    futility: Sequence[float | None] | None = None,
) -> WeightedLogrankDesign:
    """A fixed or group-sequential design for a (weighted, stratified) log-rank test under any piecewise hazards.

    Arguments: `control`, `experimental` or `hazard_ratio`, `dropout`, `ratio`, `strata` as of `expected_events`.
    Of the accrual's n, `power` and `time` (calendar time of the last analysis) exactly one is left open and is solved
    for: n by an accrual that has a duration only, time as the first at which the power is reached.
    `alpha`, `sides`: 2 puts half of alpha on the side of benefit.
    Weights, from S(t), the survival of both arms together within the stratum: `rho`, `gamma` of Fleming and Harrington;
    `weighting="modestly-weighted"` with `t_star` or `s_star` as of `logrank`; or `weight`: (breaks, values), steps in
    time since randomization, or a function of (time, survival) arrays.
    `variance`: "estimated" (default; what the test's own variance estimate tends to), "exact" (the true one of the
    numerator, fixed designs only) or "null" (both arms at the pooled hazard: Schoenfeld's for weight one).
    `interim`: calendar times of interim analyses, or `fractions`: of the final information under no effect.
    `efficacy`: a `Spending` over those fractions (default: Lan-DeMets of O'Brien-Fleming type), a `Boundary`, or bounds
    for Z by analysis. `futility`: a bound for Z, or None, for each
    interim analysis; not binding: the level ignores it, power counts it.

    Returns a `WeightedLogrankDesign`. Raises ArgumentError `argument-invalid`; DesignError `design-unknowns`, or
    `design-unreachable` with the largest power there is.

    Formula: with U of `weighted_moments`, Z is normal with mean sqrt(n) E(-U) / sqrt(V), variance 1 (or exact / V), and
    Cov(Z_j, Z_k) = sqrt(V_j / V_k) for looks j <= k.
    Source: Yung G, Liu Y. Biometrics 2020;76:939-950; Tsiatis AA. J Am Stat Assoc 1982;77:855-861.

    >>> from equipoise.design import Accrual, Hazard
    >>> control = Hazard.from_median(12)
    >>> delayed = Hazard.piecewise([control.rates[0], 0.6 * control.rates[0]], [4])
    >>> design = weighted_logrank_design(
    ...     control=control,
    ...     experimental=delayed,
    ...     accrual=Accrual.uniform(duration=18),
    ...     alpha=0.025,
    ...     sides=1,
    ...     power=0.9,
    ...     time=36,
    ...     rho=1,
    ...     gamma=1,
    ... )
    >>> round(design.n), round(design.events)
    (353, 250)
    """
    arguments = dict(locals())
    check_choice(variance, VARIANCES, "variance")
    chosen = logrank_weight(rho, gamma, weighting, t_star, s_star, weight)
    trial = planned_trial(accrual, **{name: arguments[name] for name in EFFECT_ARGUMENTS})
    plan = timed_plan(
        SinglePlan, trial, _statistic(trial, chosen, variance), alpha=alpha, sides=sides, power=power, time=time,
        interim=interim, fractions=fractions, efficacy=efficacy, futility=futility, start=trial.first_entry,
    )  # fmt: skip
    if variance == "exact" and plan.n_looks > 1:
        raise refused("variance", variance, '"estimated" or "null" where there are interim analyses')
    return WeightedLogrankDesign(**plan.solve(), arguments=arguments, weighting=chosen, variance=variance)


def _statistic(trial: PlannedTrial, weight: LogrankWeight, variance: str) -> Callable[[float], StatisticMoments]:
    def at(time: float) -> StatisticMoments:
        m = weighted_moments(trial, [weight, LogrankWeight()], time)
        mean, estimated, null, exact = (float(a.ravel()[0]) for a in (m.mean, m.estimated, m.null, m.exact))
        about = float(m.estimated[0, 1])
        used = null if variance == "null" else estimated
        spread = exact if variance == "exact" else used
        effects = (
            ("average_hazard_ratio", geometric_average(trial, time)),
            ("weighted_hazard_ratio", math.exp(-mean / about) if about > 0.0 else math.nan),
        )
        return StatisticMoments(mean, math.sqrt(used), math.sqrt(spread), used, null, effects)

    return at


def logrank_weight(
    rho: Any, gamma: Any, weighting: str, t_star: Any, s_star: Any, weight: Weight | None
) -> LogrankWeight:
    """The weight that the arguments ask for. Raises ArgumentError `argument-invalid` where they contradict."""
    check_choice(weighting, WEIGHTINGS, "weighting")
    exponents = [check_positive(value, name, zero=True) for name, value in (("rho", rho), ("gamma", gamma))]
    asked = [
        name
        for name, given in (
            ("rho and gamma", any(exponents)),
            ("weighting", weighting != "logrank"),
            ("weight", weight is not None),
        )
        if given
    ]
    if len(asked) > 1:
        hint = "give one kind of weight"
        raise ArgumentError("argument-invalid", f"{' and '.join(asked)} are given", where="weight", hint=hint)
    if weighting == "modestly-weighted":
        return _modest(t_star, s_star)
    if t_star is not None or s_star is not None:
        hint = "t_star and s_star belong to weighting='modestly-weighted'"
        raise ArgumentError("argument-invalid", "t_star or s_star is given", where="weighting", hint=hint)
    if weight is None:
        return LogrankWeight(exponents[0], exponents[1])
    return LogrankWeight(function=weight) if callable(weight) else _steps(weight)


def _modest(t_star: Any, s_star: Any) -> LogrankWeight:
    if (t_star is None) == (s_star is None):
        raise ArgumentError(
            "argument-invalid",
            f"modestly-weighted with {'neither' if t_star is None else 'both'} of t_star and s_star",
            where="weighting",
            hint="give t_star, the time after which weights stop to grow, or s_star, the survival at which they do",
        )
    if t_star is not None:
        return LogrankWeight(t_star=check_positive(t_star, "t_star", zero=True))
    floor = to_float(s_star, "s_star")
    if not 0.0 < floor <= 1.0:
        raise refused("s_star", s_star, "a survival probability above 0, up to 1")
    return LogrankWeight(s_star=floor)


def _steps(weight: Any) -> LogrankWeight:
    hint = "(breaks, values): times that rise from above zero, one value more, zero or above and not all zero"
    try:
        breaks, values = (tuple(to_float(x, "weight") for x in part) for part in weight)
    except (TypeError, ValueError):
        raise refused("weight", weight, hint) from None
    rising = all(b > a for a, b in zip((0.0, *breaks), breaks, strict=False))
    sound = all(math.isfinite(x) and x >= 0.0 for x in (*breaks, *values)) and any(values)
    if not rising or not sound or len(values) != len(breaks) + 1:
        raise refused("weight", weight, hint)
    return LogrankWeight(steps=(breaks, values))
