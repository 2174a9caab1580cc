"""The weights of the log-rank family: which they are, how they are asked for, what they are called."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from equipoise.analysis.inputs import check_choice
from equipoise.errors import ArgumentError, EstimationError
from equipoise.kernels.plain.logrank import fleming_harrington_weight, modest_weight, pooled_curve
from equipoise.kernels.plain.risk_sets import RiskCounts

WEIGHTINGS = ("tarone-ware", "gehan", "peto", "modified-peto", "modestly-weighted")


@dataclass(frozen=True)
class Weighting:
    """One member of the family: `kind` is "logrank", "fleming-harrington" or a name of `WEIGHTINGS`."""

    kind: str = "logrank"
    rho: float = 0.0
    gamma: float = 0.0
    t_star: float | None = None
    s_star: float | None = None

    @property
    def method(self) -> str:
        """The id that `equipoise.citations` resolves."""
        return self.kind

    @property
    def label(self) -> str:
        """The weighting in words, with its parameters."""
        if self.kind == "fleming-harrington":
            return f"Fleming-Harrington({self.rho:g}, {self.gamma:g})"
        if self.t_star is not None:
            return f"{self.kind}, t* = {self.t_star:g}"
        if self.s_star is not None:
            return f"{self.kind}, s* = {self.s_star:g}"
        return self.kind

    def at(self, counts: RiskCounts, n_strata: int) -> np.ndarray | None:
        """The weight at each event time of each stratum, from all groups of that stratum; None is one throughout.

        Raises EstimationError `estimate-undefined` where a modest weight would be infinite.
        """
        if self.kind == "logrank":
            return None
        curve = pooled_curve(counts, n_strata, extra=1.0 if "peto" in self.kind else 0.0)
        if self.kind == "fleming-harrington":
            return fleming_harrington_weight(curve, self.rho, self.gamma)
        if self.kind == "modestly-weighted":
            return _finite(modest_weight(counts, curve, self.t_star, self.s_star))
        if self.kind == "tarone-ware":
            return np.sqrt(curve.n)
        if self.kind == "gehan":
            return curve.n
        return curve.right if self.kind == "peto" else curve.right * curve.n / (curve.n + 1.0)


UNWEIGHTED = Weighting()


def weighting_of(
    rho: float, gamma: float, weighting: str | None, t_star: float | None, s_star: float | None
) -> Weighting:
    """The weighting that the arguments of `logrank` ask for. Raises ArgumentError where they contradict each other."""
    for name, value in (("rho", rho), ("gamma", gamma)):
        _check_range(name, value, 0.0, math.inf, "an exponent of zero or more")
    if weighting is not None:
        check_choice(weighting, WEIGHTINGS, "weighting")
    if weighting is not None and (rho or gamma):
        raise _contradiction(
            f"weighting is {weighting!r} with rho {rho:g} and gamma {gamma:g}", "give one or the other"
        )
    if weighting == "modestly-weighted":
        return _modest(t_star, s_star)
    if t_star is not None or s_star is not None:
        message = f"{'t_star' if t_star is not None else 's_star'} is given with weighting {weighting!r}"
        raise _contradiction(message, "t_star and s_star belong to weighting='modestly-weighted'")
    if weighting is not None:
        return Weighting(weighting)
    return Weighting("fleming-harrington", float(rho), float(gamma)) if rho or gamma else Weighting()


def _modest(t_star: float | None, s_star: float | None) -> Weighting:
    if (t_star is None) == (s_star is None):
        given = "neither" if t_star is None else "both"
        raise _contradiction(
            f"modestly-weighted with {given} of t_star and s_star",
            "give t_star, the time after which weights stop to grow, or s_star, the survival at which they do",
        )
    if t_star is not None:
        _check_range("t_star", t_star, 0.0, math.inf, "a time of zero or more, in the unit of `time`")
        return Weighting("modestly-weighted", t_star=float(t_star))
    assert s_star is not None
    _check_range("s_star", s_star, 0.0, 1.0, "a survival probability from 0 to 1")
    return Weighting("modestly-weighted", s_star=float(s_star))


def _check_range(name: str, value: object, low: float, high: float, words: str) -> None:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not (number and low <= float(value) <= high and math.isfinite(float(value))):  # pyright: ignore[reportArgumentType]
        raise ArgumentError("argument-invalid", f"{name} is {value!r}", where=name, hint=words)


def _contradiction(message: str, hint: str) -> ArgumentError:
    return ArgumentError("argument-invalid", message, where="weighting", hint=hint)


def _finite(weight: np.ndarray) -> np.ndarray:
    if np.isfinite(weight).all():
        return weight
    raise EstimationError(
        "estimate-undefined",
        "a modest weight is infinite: the pooled curve is zero while subjects are still at risk",
        reason="with delayed entry a curve can reach zero early and the weight is its inverse",
        hint="use s_star above zero",
    )
