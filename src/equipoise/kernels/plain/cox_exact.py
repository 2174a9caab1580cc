"""The Cox partial likelihood with tied deaths by the exact conditional probability (discrete time)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from equipoise.kernels.plain.cox import CoxTerms
from equipoise.kernels.plain.cox_process import StratumDeaths


class Subsets:
    """Sums over all k-subsets of a growing set of rows, k = 0, ..., `largest`.

    For the products of exp(x b) over a subset it keeps the log of their sum (`log_sum`), and under the probabilities
    proportional to those products the mean (`mean`) and covariance (`covariance`) of the sum of x over the subset. In
    this form every step is a mixture of two distributions: nothing overflows and nothing cancels.

    Source: the recursion of Howard S. J R Stat Soc B 1972;34:210-211 (discussion of Cox 1972), and Gail MH, Lubin JH,
    Rubinstein LV. Biometrika 1981;68:703-707.
    """

    def __init__(self, largest: int, p: int) -> None:
        self.log_sum = np.full(largest + 1, -np.inf)
        self.log_sum[0] = 0.0
        self.mean = np.zeros((largest + 1, p))
        self.covariance = np.zeros((largest + 1, p, p))
        self.size = 0

    def add(self, eta: np.ndarray, x: np.ndarray) -> None:
        """Adds rows with linear predictors `eta` (m) and covariates `x` (m, p)."""
        for predictor, row in zip(eta, x, strict=True):
            self.size += 1
            top = min(self.size, len(self.log_sum) - 1)
            without, taken = slice(1, top + 1), slice(0, top)
            log_taken = self.log_sum[taken] + predictor
            total = np.logaddexp(self.log_sum[without], log_taken)
            share = np.exp(log_taken - total)
            gap = self.mean[taken] + row - self.mean[without]
            spread = (share * (1.0 - share))[:, None, None] * gap[:, :, None] * gap[:, None, :]
            mixed = self.covariance[without] + share[:, None, None] * (
                self.covariance[taken] - self.covariance[without]
            )
            self.mean[without] += share[:, None] * gap
            self.covariance[without] = mixed + spread
            self.log_sum[without] = total


def exact_terms(beta: np.ndarray, strata: list[StratumDeaths], covariates: np.ndarray) -> CoxTerms:
    """Log partial likelihood, score and information.

    With d deaths D at a time at which R are at risk: l = sum over D of x b - log of the sum over all d-subsets of R of
    exp(sum of x b). The score is the sum of x over D less its mean over subsets, the information its covariance.

    Source: Cox DR. J R Stat Soc B 1972;34:187-220, section 6.
    """
    p = len(beta)
    loglik, score, information = 0.0, np.zeros(p), np.zeros((p, p))
    for deaths in strata:
        x = covariates[deaths.rows]
        eta = x @ beta
        loglik += float(eta[deaths.dead].sum())
        score += x[deaths.dead].sum(axis=0)
        parts = _growing(deaths, eta, x) if deaths.late is None else _separate(deaths, eta, x)
        for log_sum, mean, covariance in parts:
            loglik -= log_sum
            score -= mean
            information += covariance
    return CoxTerms(loglik, score, information)


Part = tuple[float, np.ndarray, np.ndarray]


def _growing(deaths: StratumDeaths, eta: np.ndarray, x: np.ndarray) -> Iterator[Part]:
    """Without delayed entry risk sets grow backward in time, so one pass over the rows serves them all."""
    counts = np.bincount(deaths.block)
    subsets = Subsets(int(counts.max()), x.shape[1])
    last = len(eta)
    for k in range(len(counts) - 1, -1, -1):
        first = deaths.first[k]
        subsets.add(eta[first:last][::-1], x[first:last][::-1])
        last = first
        d = counts[k]
        yield float(subsets.log_sum[d]), subsets.mean[d], subsets.covariance[d]


def _separate(deaths: StratumDeaths, eta: np.ndarray, x: np.ndarray) -> Iterator[Part]:
    """With delayed entry risk sets are not nested: each is built anew."""
    counts = np.bincount(deaths.block)
    for k, d in enumerate(counts):
        members = np.flatnonzero((np.arange(len(eta)) >= deaths.first[k]) & (deaths.before <= k))
        if d == 1:
            yield _single(eta[members], x[members])
            continue
        subsets = Subsets(int(d), x.shape[1])
        subsets.add(eta[members], x[members])
        yield float(subsets.log_sum[d]), subsets.mean[d], subsets.covariance[d]


def _single(eta: np.ndarray, x: np.ndarray) -> Part:
    top = eta.max()
    share = np.exp(eta - top)
    total = share.sum()
    share = share / total
    mean = share @ x
    centered = x - mean
    return float(top + np.log(total)), mean, (centered.T * share) @ centered
