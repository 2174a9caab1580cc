"""The cumulative hazard: increments at each time, with their variance and the limits of their sum."""

from __future__ import annotations

import numpy as np

from equipoise.kernels.plain.special import normal_quantile

TIE_RULES = ("nelson-aalen", "fleming-harrington")
VARIANCES = ("poisson", "binomial")
LIMIT_SCALES = ("log", "plain")


def cumulative_hazard(
    n_risk: np.ndarray, n_event: np.ndarray, ties: str, variance: str
) -> tuple[np.ndarray, np.ndarray]:
    """The cumulative hazard after each time and its variance.

    "nelson-aalen": increments d / n, variance d / n^2 ("poisson") or d (n - d) / n^3 ("binomial"; tied events share one
    draw). "fleming-harrington": tied events one after the other, sum over k < d of 1 / (n - k), variance the sum of
    1 / (n - k)^2.

    Source: Aalen O. Ann Stat 1978;6:701-726; Fleming TR, Harrington DP. Commun Stat Theory Methods 1984;13:2469-2486;
    Klein JP. Scand J Stat 1991;18:333-340.
    """
    n = np.where(n_risk > 0, n_risk, 1.0)
    if ties == "fleming-harrington":
        step, spread = _one_after_the_other(n, n_event)
    else:
        step = n_event / n
        spread = n_event / n**2 * ((n - n_event) / n if variance == "binomial" else 1.0)
    return np.cumsum(step), np.cumsum(spread)


def _one_after_the_other(n: np.ndarray, n_event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    deaths = n_event.astype(np.int64)
    first = np.cumsum(deaths) - deaths
    owner = np.repeat(np.arange(len(n)), deaths)
    left = n[owner] - (np.arange(int(deaths.sum())) - first[owner])
    size = len(n)
    return (
        np.bincount(owner, weights=1.0 / left, minlength=size),
        np.bincount(owner, weights=1.0 / left**2, minlength=size),
    )


def hazard_limits(
    hazard: np.ndarray, std_error: np.ndarray, conf_type: str, conf_level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pointwise limits: "plain" H -+ z se, at least 0; "log" H exp(-+ z se / H). NaN where H = 0 on the log scale."""
    z = normal_quantile(0.5 + conf_level / 2.0)
    if conf_type == "plain":
        return np.maximum(hazard - z * std_error, 0.0), hazard + z * std_error
    known = np.where(hazard > 0.0, hazard, np.nan)
    factor = np.exp(z * std_error / known)
    return known / factor, known * factor
