"""Conditional and predictive power at an interim analysis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from equipoise.design.design_result import DesignResult, design_row, prose_number, prose_percent, render_code
from equipoise.design.levels import check_positive, refused, to_float
from equipoise.design.monitoring import check_events, information_per_unit, to_sequence
from equipoise.design.sequential_design import GroupSequentialDesign
from equipoise.errors import DesignError, permitted
from equipoise.frames.results import ResultRow
from equipoise.kernels.plain.sequential import crossing_probabilities

EFFECTS = ("design", "observed", "null")


@dataclass(frozen=True, repr=False)
class InterimPower(DesignResult):
    """The probability of rejecting at a later look, given Z at an interim.

    `power`; `kind`, "conditional" or "predictive"; `basis`, the effect or the prior it rests on, in words; `log_hr` and
    `log_hr_sd`, mean and standard deviation of the log hazard ratio it rests on (0 for conditional power); `by_look`,
    the probability of first rejecting at each later look; `b_value`, Z times the root of the information fraction.
    """

    power: float
    kind: str
    basis: str
    log_hr: float
    log_hr_sd: float
    z: float
    information: float
    maximum: tuple[float, ...]
    bound: tuple[float, ...]
    by_look: tuple[float, ...]
    arguments: dict[str, Any] = field(compare=False)

    @property
    def hazard_ratio(self) -> float:
        return math.exp(self.log_hr)

    @property
    def fraction(self) -> float:
        return self.information / self.maximum[-1]

    @property
    def b_value(self) -> float:
        return self.z * math.sqrt(self.fraction)

    def to_rows(self) -> list[ResultRow]:
        """The power, what it rests on, Z, the information fraction and the B-value."""
        method = "conditional-power" if self.kind == "conditional" else "predictive-power"
        name = f"{self.kind}_power"
        values = {"z": self.z, "information_fraction": self.fraction, "b_value": self.b_value}
        rows = [design_row(name, self.power, method=method, label=self.basis, format="percent")]
        rows.append(design_row("hr", self.hazard_ratio, method=method, label=self.basis, format="ratio"))
        rows.append(design_row("log_hr", self.log_hr, method=method, label=self.basis))
        if self.kind == "predictive":
            rows.append(design_row("log_hr_sd", self.log_hr_sd, method=method, label=self.basis))
        rows += [design_row(statistic, value) for statistic, value in values.items()]
        looks = enumerate(zip(self.bound, self.by_look, strict=True), start=1)
        for look, (bound, power) in looks:
            rows.append(design_row("z_upper", bound, look=look, label="looks after the interim"))
            rows.append(design_row("power", power, look=look, method=method, label="looks after the interim"))
        return rows

    def text(self) -> str:
        known = [bound for bound in self.bound if math.isfinite(bound)]
        bounds = " or ".join(prose_number(bound) for bound in known) or "no bound"
        times = "the final analysis" if len(known) == 1 and math.isfinite(self.bound[-1]) else "a later analysis"
        rests = (
            f"under {self.basis} (hazard ratio {prose_number(self.hazard_ratio)})"
            if self.kind == "conditional"
            else f"with {self.basis} (posterior of the log hazard ratio: mean {prose_number(self.log_hr)}, "
            f"standard deviation {prose_number(self.log_hr_sd)})"
        )
        return (
            f"At {prose_percent(self.fraction)} of the maximum information with Z = {prose_number(self.z)} (positive "
            f"favors the experimental arm), the {self.kind} power of Z reaching {bounds} at {times} is "
            f"{prose_percent(self.power)} {rests}."
        )

    def code(self) -> str:
        return render_code(f"{self.kind}_power", self.arguments)


def conditional_power(
    z: float,
    information: float,
    *,
    effect: str | float,
    design: GroupSequentialDesign | None = None,
    maximum: float | Sequence[float] | None = None,
    bound: float | Sequence[float] | None = None,
    futility: Sequence[float | None] | None = None,
    hazard_ratio: float | None = None,
    ratio: float | tuple[float, float] | None = None,
) -> InterimPower:
    """The probability of rejecting at a later look given Z now, under a named effect.

    Arguments: `z`, the statistic at the interim, positive in favor of the experimental arm. `effect`: "observed", the
    estimate at the interim; "design", the hazard ratio of the design; "null", none; or a hazard ratio as a number.
    Either `design`, a `GroupSequentialDesign` with events (its `.at(...)` for looks that were not as planned); then
    `information` is the events at the interim. Or `maximum`, the information at the end, and `bound`, the Z that
    rejects there, or one of each per look to come; then `information` and `maximum` are those of the log hazard ratio
    (events r / (1 + r)^2 for a log-rank test), or events when `ratio` (experimental : control) is given; `hazard_ratio`
    is that of effect="design"; and `futility` holds bounds of Z below which later looks stop, one per look to come (the
    last is not used), None where they are not acted upon. Those of a design count where they are binding.

    Returns an `InterimPower`. Raises ArgumentError `argument-invalid`, DesignError `design-unknowns`.

    Formula: CP = Phi((z sqrt(I) + theta (I_max - I) - c sqrt(I_max)) / sqrt(I_max - I)), theta = -log hazard ratio: the
    B-value Z sqrt(I / I_max) moves on with the drift theta sqrt(I_max). With several looks to come, the crossing
    probabilities of the increments.
    Source: Lan KKG, Wittes J. Biometrics 1988;44:579-585, doi:10.2307/2531870.

    >>> found = conditional_power(1.5, 60, maximum=120, bound=1.96, effect="observed", ratio=1)
    >>> round(found.power, 4)
    0.5902
    """
    arguments = dict(locals())
    if design is not None:
        _leave_out(
            {"maximum": maximum, "bound": bound, "futility": futility, "ratio": ratio, "hazard_ratio": hazard_ratio}
        )
        hazard_ratio = _designed(design) if isinstance(effect, str) and effect == "design" else None
    future = _future(z, information, design, maximum, bound, futility, ratio)
    theta, basis = _effect(effect, hazard_ratio, future)
    return _power("conditional", basis, theta, 0.0, future, arguments)


def predictive_power(
    z: float,
    information: float,
    *,
    prior: str | tuple[float, float] = "flat",
    design: GroupSequentialDesign | None = None,
    maximum: float | Sequence[float] | None = None,
    bound: float | Sequence[float] | None = None,
    futility: Sequence[float | None] | None = None,
    ratio: float | tuple[float, float] | None = None,
) -> InterimPower:
    """The probability of rejecting at a later look given Z now, averaged over the posterior of the effect.

    Arguments: as `conditional_power`, but for the effect. `prior`: "flat", or a normal prior of the log hazard ratio as
    (hazard ratio, standard deviation of its logarithm), the standard deviation above zero.

    Returns an `InterimPower`. Raises ArgumentError `argument-invalid`, DesignError `design-unknowns`.

    Formula: theta | data is normal with mean m and variance v (flat: z / sqrt(I) and 1 / I); PP = Phi((z sqrt(I) + m
    (I_max - I) - c sqrt(I_max)) / sqrt((I_max - I) + v (I_max - I)^2)). With several looks the averaged increments,
    divided by 1 + v (I_k - I), are again a process with independent increments, at information (I_k - I) / (1 + v (I_k
    - I)).
    Source: Spiegelhalter DJ, Freedman LS, Blackburn PR. Control Clin Trials 1986;7:8-17,
    doi:10.1016/0197-2456(86)90003-6.

    >>> found = predictive_power(1.5, 60, maximum=120, bound=1.96, ratio=1)
    >>> round(found.power, 4)
    0.5641
    """
    arguments = dict(locals())
    if design is not None:
        _leave_out({"maximum": maximum, "bound": bound, "futility": futility, "ratio": ratio})
    future = _future(z, information, design, maximum, bound, futility, ratio)
    mean, variance, basis = _posterior(prior, future)
    return _power("predictive", basis, mean, variance, future, arguments)


def _leave_out(given: dict[str, Any]) -> None:
    for name, value in given.items():
        if value is not None:
            raise refused(name, value, "leave it out", "the design says it already")


def _designed(design: GroupSequentialDesign) -> float:
    """The hazard ratio of a design that has one."""
    check_events(design)
    if math.isnan(design.drift):
        hint = 'give the design a hazard ratio, or say effect="observed", "null" or a hazard ratio here'
        raise DesignError("design-unknowns", "the design has no hazard ratio", where="design", hint=hint)
    return design.hazard_ratio


@dataclass(frozen=True)
class _Future:
    """What is known at the interim, and the looks to come."""

    z: float
    information: float
    later: np.ndarray
    upper: np.ndarray
    lower: np.ndarray

    def crossed(self, mean: float, variance: float) -> tuple[float, ...]:
        """The probability of first rejecting at each look to come, theta ~ N(mean, variance)."""
        gain = self.later - self.information
        spread = 1.0 + variance * gain
        own = gain / spread
        upper, lower = (
            (bound * np.sqrt(self.later) - self.z * math.sqrt(self.information) - mean * gain) / spread / np.sqrt(own)
            for bound in (self.upper, self.lower)
        )
        return tuple(crossing_probabilities(own, lower, upper, 0.0)[1].tolist())


def _future(
    z: Any, information: Any, design: GroupSequentialDesign | None, maximum: Any, bound: Any, futility: Any, ratio: Any
) -> _Future:
    value = to_float(z, "z")
    if not math.isfinite(value):
        raise refused("z", z, "a finite number, positive in favor of the experimental arm")
    now = check_positive(information, "information")
    if design is not None:
        return _future_of(design, value, now)
    scale = information_per_unit(ratio)
    if maximum is None or bound is None:
        raise refused("maximum" if maximum is None else "bound", None, "give maximum and bound, or design")
    later = np.array([check_positive(level, "maximum") for level in to_sequence(maximum)])
    upper = np.array([to_float(value, "bound") for value in to_sequence(bound)])
    if len(upper) != len(later) or not len(later):
        raise refused("bound", bound, "one bound per look to come", f"{len(later)} looks are to come")
    if later[0] <= now or (np.diff(later) <= 0.0).any():
        raise refused("maximum", maximum, f"information above that of the interim ({now:g}), rising from look to look")
    lower = np.full(len(later), -math.inf)
    if futility is not None:
        given = [-math.inf if value is None else to_float(value, "futility") for value in to_sequence(futility)]
        if len(given) not in (len(later), len(later) - 1):
            raise refused("futility", futility, f"one bound per look to come: {len(later)}, or without the last")
        lower[: len(later) - 1] = given[: len(later) - 1]
    if np.isnan(upper).any() or np.isnan(lower).any() or (lower[:-1] >= upper[:-1]).any():
        raise refused("bound", bound, "numbers, each above the futility bound of its look")
    return _Future(value, now * scale, later * scale, upper, lower)


def _future_of(design: GroupSequentialDesign, z: float, events: float) -> _Future:
    """The looks of a design after so many events."""
    check_events(design)
    # Events are whole, those of a plan may not be: half an event is the same look.
    later = design.events > events + 0.5
    if not later.any():
        hint = f"fewer events than the last look has, {design.maximum:g}"
        raise refused("information", events, hint, "no look is to come")
    lower = np.where(later, design.lower if design.rules.binding else -math.inf, -math.inf)[later]
    lower[-1] = -math.inf
    scale = design.variance_share
    return _Future(z, events * scale, design.events[later] * scale, design.upper[later], lower)


def _effect(effect: Any, hazard_ratio: Any, future: _Future) -> tuple[float, str]:
    """theta = -log hazard ratio and its name in words."""
    if hazard_ratio is not None and not (isinstance(effect, str) and effect == "design"):
        raise refused("hazard_ratio", hazard_ratio, 'leave it out, or say effect="design"', f"effect is {effect!r}")
    if isinstance(effect, str):
        if effect == "observed":
            return future.z / math.sqrt(future.information), "the effect observed at the interim"
        if effect == "null":
            return 0.0, "the null hypothesis"
        if effect != "design":
            raise refused("effect", effect, f"{permitted(effect, EFFECTS)}, or a hazard ratio")
        if hazard_ratio is None:
            raise refused("hazard_ratio", None, 'effect="design" needs the hazard ratio of the design')
        return -math.log(check_positive(hazard_ratio, "hazard_ratio")), "the effect of the design"
    return -math.log(check_positive(effect, "effect")), "a given effect"


def _posterior(prior: Any, future: _Future) -> tuple[float, float, str]:
    """Mean and variance of theta given the interim, and the prior in words."""
    score = future.z * math.sqrt(future.information)
    if isinstance(prior, str):
        if prior != "flat":
            hint = f"{permitted(prior, ['flat'])}, or (hazard ratio, standard deviation of its logarithm)"
            raise refused("prior", prior, hint)
        return score / future.information, 1.0 / future.information, "a flat prior"
    if not isinstance(prior, tuple | list) or len(prior) != 2:
        raise refused("prior", prior, '"flat", or (hazard ratio, standard deviation of its logarithm)')
    center, sd = check_positive(prior[0], "prior"), check_positive(prior[1], "prior")
    precision = future.information + 1.0 / sd**2
    mean = (score - math.log(center) / sd**2) / precision
    basis = (
        f"a normal prior (hazard ratio {prose_number(center)}, standard deviation {prose_number(sd)} of its logarithm)"
    )
    return mean, 1.0 / precision, basis


def _power(
    kind: str, basis: str, theta: float, variance: float, future: _Future, arguments: dict[str, Any]
) -> InterimPower:
    by_look = future.crossed(theta, variance)
    return InterimPower(
        power=math.fsum(by_look),
        kind=kind,
        basis=basis,
        log_hr=0.0 - theta,
        log_hr_sd=math.sqrt(variance),
        z=future.z,
        information=future.information,
        maximum=tuple(future.later.tolist()),
        bound=tuple(future.upper.tolist()),
        by_look=by_look,
        arguments=arguments,
    )
