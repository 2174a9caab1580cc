"""The product-limit estimate, its variance, its pointwise confidence limits and its quantiles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from equipoise.kernels.plain.risk_sets import RiskTable
from equipoise.kernels.plain.special import normal_quantile

# Two heights of a curve closer than this are one height: the tolerance R's quantile routine uses.
HEIGHT_TOLERANCE = 2.0**-26

CONF_TYPES = ("log", "log-log", "plain", "logit", "arcsine")


class CurveTable(NamedTuple):
    """A curve at its distinct observed times (arrays of length m); see `product_limit` and `pointwise_limits`."""

    time: np.ndarray
    n_risk: np.ndarray
    n_event: np.ndarray
    n_censor: np.ndarray
    survival: np.ndarray
    std_error: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray


def curve_table(table: RiskTable, conf_type: str, conf_level: float) -> CurveTable:
    """The curve of a risk table, with the standard error of S (Greenwood) and its pointwise limits."""
    survival, log_variance = product_limit(table.n_risk, table.n_event)
    low, high, std_error = limits_with_error(survival, log_variance, conf_type, conf_level)
    return CurveTable(*table, survival, std_error, low, high)


def limits_with_error(
    survival: np.ndarray,
    log_variance: np.ndarray,
    conf_type: str,
    conf_level: float,
    out: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Limits (see `pointwise_limits`) of a curve, or of a stretch of one, and the standard error S sqrt(Var log S).

    The error is NaN where S = 0: the variance of log S is infinite there and Greenwood's is not defined. `out`: arrays
    to write the three into; the last may be `log_variance` itself.
    """
    low, high, error = np.empty((3, len(survival))) if out is None else out
    # A curve falls: its last height tells whether it is positive throughout.
    if len(survival) and survival[-1] == 0.0:
        survival = np.where(survival > 0.0, survival, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(log_variance, out=error)
        _LIMITS[conf_type](survival, normal_quantile(0.5 + conf_level / 2.0) * root, low, high)
        np.multiply(survival, root, out=error)
    return low, high, error


def product_limit(n_risk: np.ndarray, n_event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The survival curve and the variance of its logarithm, after each time.

    S(t) = prod (1 - d_j / n_j) and Var(log S(t)) = sum d_j / (n_j (n_j - d_j)) over times t_j <= t (Greenwood); where
    the curve reaches zero the variance is infinite.

    Source: Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481.
    """
    left = n_risk - n_event
    happened = n_event > 0
    factor = np.where(happened, left / np.where(happened, n_risk, 1.0), 1.0)
    term = np.zeros(len(n_risk))
    finite = happened & (left > 0)
    term[finite] = n_event[finite] / (n_risk[finite] * left[finite])
    term[happened & (left <= 0)] = np.inf
    return np.cumprod(factor), np.cumsum(term)


def pointwise_limits(
    survival: np.ndarray, log_variance: np.ndarray, conf_type: str, conf_level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pointwise confidence limits of a survival curve, NaN where they are undefined.

    `conf_type` names the scale on which the estimate is taken as normal: plain S; log S; log-log, log(-log S); logit;
    arcsine of the square root. `log_variance` is Var(log S). Undefined: every type where S = 0; log-log, logit and
    arcsine where S = 1 (plain and log give 1 there). Limits are kept within [0, 1].

    Source: Borgan O, Liestol K. Scand J Stat 1990;17:35-41; Kalbfleisch JD, Prentice RL. 2nd ed. 2002, section 1.4.
    """
    z = normal_quantile(0.5 + conf_level / 2.0)
    return limits_at_distance(survival, z * np.sqrt(np.where(survival > 0.0, log_variance, np.nan)), conf_type)


def limits_at_distance(survival: np.ndarray, distance: np.ndarray, conf_type: str) -> tuple[np.ndarray, np.ndarray]:
    """Limits `distance` away on the log scale, carried to the scale `conf_type` by the delta method."""
    s = np.where(survival > 0.0, survival, np.nan)
    low, high = np.empty((2, len(s)))
    with np.errstate(divide="ignore", invalid="ignore"):
        _LIMITS[conf_type](s, distance, low, high)
    return low, high


# Each writes its limits into the last two arguments, which on large data spares copies; s is NaN where it is zero.
def _plain(s: np.ndarray, half: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    np.maximum(s - half * s, 0.0, out=low)
    np.minimum(s + half * s, 1.0, out=high)


def _log(s: np.ndarray, half: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    log_s = np.log(s)
    np.exp(log_s - half, out=low)
    np.minimum(np.exp(log_s + half), 1.0, out=high)


def _log_log(s: np.ndarray, half: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    # exp(-exp(log(-log S) -+ h / log S)) without the outer logarithm: S to the power exp(-+ h / log S).
    log_s = np.log(_below_one(s), out=low)
    power = np.exp(np.divide(half, log_s, out=high), out=high)
    raised = log_s * power
    np.exp(np.divide(log_s, power, out=low), out=low)
    np.exp(raised, out=high)


def _logit(s: np.ndarray, half: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    inside = _below_one(s)
    center, spread = np.log(inside / (1.0 - inside)), half / (1.0 - inside)
    low[:], high[:] = 1.0 / (1.0 + np.exp(spread - center)), 1.0 / (1.0 + np.exp(-spread - center))


def _arcsine(s: np.ndarray, half: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    inside = _below_one(s)
    center, spread = np.arcsin(np.sqrt(inside)), 0.5 * half * np.sqrt(inside / (1.0 - inside))
    low[:] = np.sin(np.maximum(center - spread, 0.0)) ** 2
    high[:] = np.sin(np.minimum(center + spread, np.pi / 2.0)) ** 2


def _below_one(s: np.ndarray) -> np.ndarray:
    """The heights, NaN where they are one."""
    return s if s.max(initial=0.0) < 1.0 else np.where(s < 1.0, s, np.nan)


_LIMITS = {"plain": _plain, "log": _log, "log-log": _log_log, "logit": _logit, "arcsine": _arcsine}


def curve_quantile(time: np.ndarray, height: np.ndarray, p: float, convention: str, start: float = 0.0) -> float:
    """The time at which a falling curve (or a confidence limit of one) passes 1 - p; NaN when it does not.

    The quantile is the first time with height below 1 - p. A curve flat at 1 - p until a later event gives the
    midpoint of the flat part. Flat to the end of follow-up: the midpoint to the last observed time ("r"), or NaN
    ("sas"). Heights within 2^-26 of 1 - p count as equal. Where a confidence limit is not monotone, "r" takes the
    height nearest below 1 - p, as R's `quantile.survfit`, and "sas" the first passage.

    Source: Brookmeyer R, Crowley J. Biometrics 1982;38:29-41.
    """
    fallen = np.concatenate(([0.0], 1.0 - height))
    at = np.concatenate(([start], time))
    if p <= 0.0:
        return float(at[0])
    if not np.nanmax(fallen) >= p - HEIGHT_TOLERANCE:
        return float("nan")
    reached, passed = _crossing(fallen, p, convention)
    if passed is None:
        flat_to_end = abs(fallen[reached] - p) <= HEIGHT_TOLERANCE and _ends_at(fallen, p)
        return float((at[reached] + at[-1]) / 2.0) if convention == "r" and flat_to_end else float("nan")
    return float((at[reached] + at[passed]) / 2.0)


def _crossing(fallen: np.ndarray, p: float, convention: str) -> tuple[int, int | None]:
    """Where the fall first reaches p (within tolerance), and where it first exceeds it."""
    with np.errstate(invalid="ignore"):
        reach = np.flatnonzero(fallen + HEIGHT_TOLERANCE >= p)
        above = np.flatnonzero(fallen - HEIGHT_TOLERANCE >= p)

    def chosen(rows: np.ndarray) -> int:
        # The least fallen of them, the first where several are equal.
        return int(rows[np.argmin(fallen[rows])]) if convention == "r" else int(rows[0])

    return chosen(reach), chosen(above) if len(above) else None


def _ends_at(fallen: np.ndarray, p: float) -> bool:
    return not np.isnan(fallen[-1]) and abs(fallen[-1] - p) < HEIGHT_TOLERANCE
