"""A bound for Z on the other scales on which committees read it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise.errors import ArgumentError, permitted
from equipoise.kernels.plain.sequential import normal_tails

Floats = npt.NDArray[np.float64]

SCALES = ("z", "p", "hr", "b", "conditional-power", "predictive-power")


def nominal_p(z: Floats) -> Floats:
    """The one-sided P value of each Z, P(Z > z)."""
    return normal_tails(z)


def hazard_ratio_at(z: Floats, information: Floats) -> Floats:
    """The observed hazard ratio at each Z: exp(-z / sqrt(information)), information of the log hazard ratio."""
    return np.exp(-z / np.sqrt(information))


def b_value(z: Floats, fraction: Floats) -> Floats:
    """B(t) = Z sqrt t (Lan KKG, Wittes J. Biometrics 1988;44:579-585. doi:10.2307/2531870)."""
    return z * np.sqrt(fraction)


def conditional_power_at(z: Floats, fraction: Floats, final: float, drift: Floats | float) -> Floats:
    """P(Z at the end exceeds `final`) given each Z, if the mean of the final Z is `drift`; later interims set aside.

    Phi((z sqrt t + drift (1 - t) - final) / sqrt(1 - t)); at t = 1 it is NaN: nothing is left to happen.
    """
    left = 1.0 - fraction
    with np.errstate(divide="ignore", invalid="ignore"):
        ahead = (z * np.sqrt(fraction) + drift * left - final) / np.sqrt(left)
    return np.where(left > 0.0, normal_tails(-np.where(left > 0.0, ahead, 0.0)), np.nan)


def observed_drift(z: Floats, fraction: Floats) -> Floats:
    """The mean of the final Z if the effect observed at each Z is the true one."""
    return z / np.sqrt(fraction)


def predictive_power_at(z: Floats, fraction: Floats, final: float) -> Floats:
    """Conditional power averaged over the posterior of the drift under a flat prior; later interims set aside.

    Phi((z / sqrt t - final) / sqrt((1 - t) / t)) (Spiegelhalter DJ, Freedman LS, Blackburn PR. Control Clin Trials
    1986;7:8-17. doi:10.1016/0197-2456(86)90003-6).
    """
    left = 1.0 - fraction
    with np.errstate(divide="ignore", invalid="ignore"):
        ahead = (z / np.sqrt(fraction) - final) / np.sqrt(left / fraction)
    return np.where(left > 0.0, normal_tails(-np.where(left > 0.0, ahead, 0.0)), np.nan)


def check_scale(scale: str) -> None:
    """Raises ArgumentError `argument-invalid` naming the nearest scale."""
    if scale not in SCALES:
        raise ArgumentError(
            "argument-invalid", f"no scale is called {scale!r}", where="scale", hint=permitted(str(scale), SCALES)
        )
