"""Several causes of failure: counts, the Aalen-Johansen estimate with its variance, the sums of Gray's test."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from equipoise.kernels.plain.risk_sets import risk_table

VARIANCES = ("aalen", "greenwood")


class CauseTable(NamedTuple):
    """One group's counts at its distinct observed times: `n_risk` and `n_censor` (m), `events` (m, K) by cause."""

    time: np.ndarray
    n_risk: np.ndarray
    events: np.ndarray
    n_censor: np.ndarray


def cause_table(
    time: np.ndarray,
    cause: np.ndarray,
    n_causes: int,
    weight: np.ndarray | None = None,
    entry: np.ndarray | None = None,
) -> CauseTable:
    """Numbers at risk, failing of each cause and censored; `cause` is 0 for censored, else 1 to `n_causes`."""
    table = risk_table(time, cause > 0, weight, entry)
    at = np.searchsorted(table.time, time)
    size = len(table.time)
    w = np.ones(len(time)) if weight is None else weight
    events = np.column_stack(
        [np.bincount(at, weights=np.where(cause == k, w, 0.0), minlength=size) for k in range(1, n_causes + 1)]
    )
    return CauseTable(table.time, table.n_risk, events, table.n_censor)


def aalen_johansen(n_risk: np.ndarray, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Survival free of any failure after each time (m), and the cumulative incidence of each cause (m, K).

    F_k(t) = sum over t_j <= t of S(t_j-) d_kj / n_j, S the Kaplan-Meier estimate with any cause as the event.

    Source: Aalen OO, Johansen S. Scand J Stat 1978;5:141-150.
    """
    n = np.where(n_risk > 0.0, n_risk, 1.0)
    survival = np.cumprod(1.0 - events.sum(axis=1) / n)
    before = np.concatenate(([1.0], survival[:-1]))
    return survival, np.cumsum(before[:, None] * events / n[:, None], axis=0)


def incidence_variance(
    n_risk: np.ndarray, events: np.ndarray, survival: np.ndarray, incidence: np.ndarray, k: int, kind: str
) -> np.ndarray:
    """The variance of the cumulative incidence of cause k after each time.

    A change of the hazard of cause l at t_j moves F_k(t) by S(t_j-) g_l, g_k = 1 - r and g_other = -r,
    r = (F_k(t) - F_k(t_j)) / S(t_j). "aalen": the causes' counts are independent, each with the hypergeometric
    variance d (n - d) / (n^2 (n - 1)) (d / n^2 for one event). "greenwood": they are multinomial among the n at risk,
    which is the delta method, and equals the infinitesimal jackknife.

    Source: Aalen O. Ann Stat 1978;6:534-545; Gaynor JJ, et al. J Am Stat Assoc 1993;88:400-409.
    """
    n = np.where(n_risk > 0.0, n_risk, 1.0)
    own, other = events[:, k], events.sum(axis=1) - events[:, k]
    before = np.concatenate(([1.0], survival[:-1]))
    f = incidence[:, k]
    # Where nobody is left the curve is final, and nothing after the time depends on it.
    per_survivor = np.where(survival > 0.0, 1.0 / np.where(survival > 0.0, survival, 1.0), 0.0)
    a = 1.0 + f * per_survivor
    c, b = f * per_survivor, per_survivor
    if kind == "aalen":
        p, q = (before**2 * _hypergeometric(d, n) for d in (own, other))
        q = np.where(survival > 0.0, q, 0.0)
        parts = p * a * a + q * c * c, (p * a + q * c) * b, (p + q) * b * b
    else:
        h, g = own / n, other / n
        scale = before**2 / n
        mean = h * a + g * c
        parts = (
            scale * (h * a * a + g * c * c - mean**2),
            scale * b * (mean - mean * (h + g)),
            scale * b * b * (h + g) * (1.0 - h - g),
        )
    first, cross, second = (np.cumsum(part) for part in parts)
    return np.maximum(first - 2.0 * f * cross + f * f * second, 0.0)


def _hypergeometric(d: np.ndarray, n: np.ndarray) -> np.ndarray:
    shared = np.where(d > 1.0, (d - 1.0) / np.where(n > 1.0, n - 1.0, 1.0), 0.0)
    return (1.0 - shared) * d / n**2


def gray_sums(tables: list[CauseTable], k: int, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """Gray's score of each of G groups for cause k, and the scores' covariance, within one stratum.

    `tables` are the groups' counts at the same times. At each time h_g = n_g / S_g(t-) estimates how many of group g
    would be at risk had no other cause existed, times 1 - F_g(t-); the score compares the failures of cause k with
    what sharing out all of them by these numbers gives, weighted by (1 - F(t-))^rho, F the pooled incidence.

    Source: Gray RJ. Ann Stat 1988;16:1141-1154, sections 2 and 4; tied failures with hypergeometric factors.
    """
    at_risk = np.column_stack([table.n_risk for table in tables])
    own = np.column_stack([table.events[:, k] for table in tables])
    other = np.column_stack([table.events.sum(axis=1) for table in tables]) - own
    curves = [aalen_johansen(table.n_risk, table.events) for table in tables]
    after = np.column_stack([survival for survival, _ in curves])
    failed = np.column_stack([incidence[:, k] for _, incidence in curves])
    kept = (own + other).sum(axis=1) > 0.0
    before, failed_before = (_lagged(x, start)[kept] for x, start in ((after, 1.0), (failed, 0.0)))
    n, own, other, after = at_risk[kept], own[kept], other[kept], after[kept]
    with np.errstate(divide="ignore", invalid="ignore"):
        h = np.where(n > 0.0, n / before, 0.0)
        total, all_own = h.sum(axis=1), own.sum(axis=1)
        step = all_own / total
        pooled = np.cumsum(step)
        pooled_before = pooled - step
        weight = (1.0 - pooled_before) ** rho
        free = h * (1.0 - failed_before)
        score = weight[:, None] * (own - all_own[:, None] * free / free.sum(axis=1)[:, None])
        a = weight[:, None, None] * (
            h[:, :, None] * np.eye(len(tables)) - h[:, :, None] * h[:, None, :] / total[:, None, None]
        )
        c = np.cumsum(a * (step / (1.0 - pooled_before))[:, None, None], axis=0)
    covariance = _gray_covariance(a, c, 1.0 - pooled, (n, before, after), (all_own, total, other))
    return score.sum(axis=0), covariance


def _gray_covariance(
    a: np.ndarray,
    c: np.ndarray,
    left: np.ndarray,
    group: tuple[np.ndarray, np.ndarray, np.ndarray],
    failures: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> np.ndarray:
    """The sum over times and groups of the squared influence of each group's two counting processes.

    The influence of a failure in group k at t_j on score i is a_ik + t (c_ik(end) - c_ik(t_j)) for the cause itself,
    with t = 1 - (1 - F) / S_k, and -(1 - F) / S_k times the same difference for the other causes.
    """
    n, before, after = group
    all_own, total, other = failures
    ahead = c[-1] - c
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = np.where(after > 0.0, left[:, None] / after, 0.0)
        shared = np.where(all_own > 1.0, all_own - 1.0, 0.0)[:, None] / (total[:, None] * before - 1.0)
        shared = np.where(all_own[:, None] > 1.0, shared, 0.0)
        spread = np.where(n > 0.0, (1.0 - shared) * before * (all_own / total)[:, None] / n, 0.0)
        spread_other = np.where(
            (n > 0.0) & (after > 0.0), before**2 * _hypergeometric(other, np.where(n > 0, n, 1.0)), 0.0
        )
    influence = a + (1.0 - rest)[:, None, :] * ahead
    influence_other = -rest[:, None, :] * ahead
    return np.einsum("tik,tjk,tk->ij", influence, influence, spread) + np.einsum(
        "tik,tjk,tk->ij", influence_other, influence_other, spread_other
    )


def _lagged(values: np.ndarray, start: float) -> np.ndarray:
    return np.vstack([np.full((1, values.shape[1]), start), values[:-1]])


def spread_over(table: CauseTable, times: np.ndarray) -> CauseTable:
    """The counts of a group without delayed entry at times that include its own."""
    n_risk = np.concatenate((table.n_risk, [0.0]))[np.searchsorted(table.time, times, side="left")]
    at = np.searchsorted(times, table.time)
    events, n_censor = np.zeros((len(times), table.events.shape[1])), np.zeros(len(times))
    events[at], n_censor[at] = table.events, table.n_censor
    return CauseTable(times, n_risk, events, n_censor)
