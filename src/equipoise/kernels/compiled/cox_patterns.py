"""Cox models of few covariate patterns from the numbers at risk at each death, without weights and delayed entry.

With two patterns (a treatment) the deaths themselves are needed only once. The share p of one pattern among those at
risk hardly changes from death to death, and a death's part of the likelihood depends on p alone; over a tile of
deaths it is a power series in p less its middle value q, so the sums of six powers of p - q give it for any
coefficient. The series converge as ((p - q) / min(q, 1 - q))^k whatever the coefficient; tiles whose seventh powers
would be felt in double precision, those near the last times, keep their deaths.

Gain, 1,000,000 rows in continuous time, four strata, one core: see docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

from equipoise.kernels.compiled import days, deaths
from equipoise.kernels.compiled.packed import pack_rows
from equipoise.kernels.plain.cox import CoxTerms, cox_risk
from equipoise.kernels.plain.cox import cox_terms as plain_terms
from equipoise.kernels.plain.ties import TIME_TOLERANCE

# Deaths that are summed together, and of these as many as one logarithm serves: a product of their numbers at risk,
# each below 2^32, stays within double precision.
_TILE, _LOGGED = 512, 31
# The mean sixth power of the series' ratio up to which what is left off is lost in rounding.
_RATIO = 1e-13
# The order of a sum may change and a product be fused into it; nothing else.
_SUMS = {"reassoc", "contract"}


def pattern_terms(
    time: np.ndarray,
    tolerance: float,
    event: np.ndarray,
    stratum: np.ndarray,
    n_strata: int,
    pattern: np.ndarray,
    covariates: np.ndarray,
    ties: str,
) -> Callable[[np.ndarray], CoxTerms] | None:
    """What `plain.cox.cox_terms` computes, as a function of the coefficients; None where times do not fit the keys."""
    n_codes = len(covariates)
    counted = None
    # Within the default tolerance no whole times of a table that fits are merged.
    if tolerance <= TIME_TOLERANCE:
        counted = days.count_days(time, event, pattern, n_codes, stratum, n_strata)
    if counted is not None:
        table = deaths.deaths_of_counts(days.risk_counts(counted), n_strata)
    else:
        packed = pack_rows(time, event, pattern, n_codes, stratum, n_strata)
        if packed is None:
            return None
        table = deaths.deaths_of(packed, n_codes, tolerance)
    rest, tiles = sum_tiles(table) if n_codes == 2 else (table, np.zeros((0, 9)))

    def terms(beta: np.ndarray) -> CoxTerms:
        close = deaths.cox_terms(beta, rest, covariates, ties == "efron")
        if close is None:
            # Linear predictors 300 apart: the law keeps its digits there, whatever it costs.
            return plain_terms(beta, cox_risk(deaths.counts_of_deaths(table), covariates, ties))
        return _add_tiles(close, beta, tiles, covariates) if len(tiles) else close

    return terms


def sum_tiles(table: deaths.Deaths) -> tuple[deaths.Deaths, np.ndarray]:
    """The deaths of two groups that no tile holds, and the tiles (T, 9).

    Of each tile: the number of deaths, the sum of log numbers at risk, the middle share q of the second group at risk,
    and the sums of (p - q)^k for k = 1 to 6.
    """
    words, starts, used = table.single[0], table.starts[:-1], table.used
    tiles = np.empty((int((used // _TILE).sum()), 9))
    held, kept = np.zeros(len(used), dtype=np.int64), np.empty(len(words), dtype=np.uint64)
    many = _sum_tiles(words, starts, used, tiles, kept, held)
    begins = np.concatenate(([0], np.cumsum(held)))
    return table._replace(single=kept[None, : begins[-1]], starts=begins, used=held), tiles[:many]


def _add_tiles(found: CoxTerms, beta: np.ndarray, tiles: np.ndarray, covariates: np.ndarray) -> CoxTerms:
    """Takes the tiles' deaths into a likelihood that has counted their covariates and largest predictors already."""
    eta = covariates @ beta
    many, logs, second, squared = _tile_sums(tiles, np.exp(eta[1] - eta[0]))
    log_risk = logs + many * (eta[0] - eta.max())
    shares = np.array([many - second, second])
    products = np.array([[many - 2.0 * second + squared, second - squared], [second - squared, squared]])
    return CoxTerms(
        found.loglik - log_risk,
        found.score - shares @ covariates,
        found.information + (covariates.T * shares) @ covariates - covariates.T @ products @ covariates,
    )


@njit(cache=True, nogil=True)
def _tile_sums(tiles, r):
    """Over the deaths of all tiles: their number and the sums of log risk, of the second group's share, and its square.

    With r the relative risk, a = 1 + q (r - 1) and c = (r - 1) / a, the risk at a death with n at risk is n a (1 + c x)
    at x = p - q, where the first group's is one, and the second group's share of it r q / a + (r / a^2) x / (1 + c x).
    """
    many = logs = share = squared = 0.0
    for t in range(len(tiles)):
        n, q, powers = tiles[t, 0], tiles[t, 2], tiles[t, 3:]
        a = 1.0 + q * (r - 1.0)
        c = (r - 1.0) / a
        log = beyond = square = 0.0
        factor = 1.0
        for k in range(6):
            beyond += factor * powers[k]
            log += factor * powers[k] / (k + 1.0)
            if k < 5:
                square += (k + 1.0) * factor * powers[k + 1]
            factor *= -c
        middle, slope = r * q / a, r / (a * a)
        many += n
        logs += tiles[t, 1] + n * np.log(a) + c * log
        share += n * middle + slope * beyond
        squared += n * middle * middle + slope * (2.0 * middle * beyond + slope * square)
    return many, logs, share, squared


@njit(cache=True, nogil=True)
def _sum_tiles(words, starts, used, tiles, kept, held):
    """Writes the tiles and, for each stratum, how many deaths are in none; returns the number of tiles."""
    many, at = 0, 0
    for s in range(len(used)):
        i, stop = starts[s], starts[s] + used[s]
        while i < stop:
            last = min(i + _TILE, stop)
            if last - i == _TILE and _sum_tile(words[i:last], tiles[many]):
                many += 1
            else:
                for k in range(i, last):
                    kept[at] = words[k]
                    at += 1
                held[s] += last - i
            i = last
    return many


# Each number divided by is positive; a check for zero would keep the divisions out of wide registers.
@njit(cache=True, nogil=True, error_model="numpy", fastmath=_SUMS)
def _sum_tile(words, tile):
    half, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    n = len(words)
    middle = words[n // 2]
    q = float(np.int64(middle >> shift)) / float(np.int64((middle >> shift) + (middle & half)))
    a = b = c = d = e = f = 0.0
    for i in range(n):
        second = float(np.int64(words[i] >> shift))
        x = second / (float(np.int64(words[i] & half)) + second) - q
        x2 = x * x
        x3 = x2 * x
        a += x
        b += x2
        c += x3
        d += x2 * x2
        e += x2 * x3
        f += x3 * x3
    nearest = q if q < 0.5 else 1.0 - q
    if not f <= n * _RATIO * (nearest * nearest * nearest) * (nearest * nearest * nearest):
        return False
    tile[0], tile[2] = n, q
    tile[3], tile[4], tile[5], tile[6], tile[7], tile[8] = a, b, c, d, e, f
    logs = 0.0
    for first in range(0, n, _LOGGED):
        product = 1.0
        for i in range(first, min(first + _LOGGED, n)):
            product *= float(np.int64(words[i] >> shift) + np.int64(words[i] & half))
        logs += np.log(product)
    tile[1] = logs
    return True
