"""Which compiled road rows without weights and delayed entry take: counted days, packed keys, or neither (None)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from equipoise.kernels.compiled import curves, days, deaths
from equipoise.kernels.compiled.packed import pack_rows
from equipoise.kernels.plain import kaplan_meier
from equipoise.kernels.plain.cox import CoxTerms, cox_risk
from equipoise.kernels.plain.cox import cox_terms as plain_terms
from equipoise.kernels.plain.logrank import LogrankSums
from equipoise.kernels.plain.logrank import logrank_sums as plain_sums
from equipoise.kernels.plain.risk_sets import RiskCounts
from equipoise.kernels.plain.ties import TIME_TOLERANCE

# Elements that numpy handles at a time, so that what it computes on the way stays in the cache.
_BLOCK = 16_384


def curve_tables(
    time: np.ndarray,
    tolerance: float,
    event: np.ndarray,
    stratum: np.ndarray,
    n_strata: int,
    code: np.ndarray,
    n_codes: int,
    conf_type: str,
    conf_level: float,
) -> Iterator[tuple[int, int, kaplan_meier.CurveTable]] | None:
    """See `dispatch.curve_tables`."""
    counted = _counted(time, tolerance, event, code, n_codes, stratum, n_strata)
    if counted is not None:
        tables = (kaplan_meier.curve_table(table, conf_type, conf_level) for table in days.risk_tables(counted))
    else:
        packed = pack_rows(time, event, code, n_codes, stratum, n_strata)
        if packed is None:
            return None
        tables = (_with_limits(part, conf_type, conf_level) for part in curves.curve_blocks(packed, tolerance))
    return ((*divmod(cell, n_codes), table) for cell, table in enumerate(tables) if len(table.time))


def _with_limits(part: np.ndarray, conf_type: str, conf_level: float) -> kaplan_meier.CurveTable:
    survival, variance = part[curves.SURVIVAL], part[curves.LOG_VARIANCE]
    for start in range(0, part.shape[1], _BLOCK):
        rows = slice(start, start + _BLOCK)
        limits = kaplan_meier.limits_with_error(survival[rows], variance[rows], conf_type, conf_level)
        part[curves.LOW, rows], part[curves.HIGH, rows], variance[rows] = limits
    return kaplan_meier.CurveTable(*part)


def logrank_sums(
    time: np.ndarray,
    tolerance: float,
    event: np.ndarray,
    stratum: np.ndarray,
    n_strata: int,
    code: np.ndarray,
    n_codes: int,
) -> LogrankSums | None:
    """See `dispatch.logrank_sums`."""
    found = _deaths(time, tolerance, event, stratum, n_strata, code, n_codes)
    if isinstance(found, RiskCounts):
        return plain_sums(found, n_strata)
    return None if found is None else deaths.logrank_sums(found)


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
    """What `plain.cox.cox_terms` computes, as a function of the coefficients, for covariates of few patterns."""
    found = _deaths(time, tolerance, event, stratum, n_strata, pattern, len(covariates))
    if found is None:
        return None
    table = deaths.deaths_of_counts(found, n_strata) if isinstance(found, RiskCounts) else found

    def terms(beta: np.ndarray) -> CoxTerms:
        close = deaths.cox_terms(beta, table, covariates, ties == "efron")
        # Linear predictors 300 apart: the law keeps its digits there, whatever it costs.
        return close or plain_terms(beta, cox_risk(deaths.counts_of_deaths(table), covariates, ties))

    return terms


def _deaths(
    time: np.ndarray,
    tolerance: float,
    event: np.ndarray,
    stratum: np.ndarray,
    n_strata: int,
    code: np.ndarray,
    n_codes: int,
) -> RiskCounts | deaths.Deaths | None:
    counted = _counted(time, tolerance, event, code, n_codes, stratum, n_strata)
    if counted is not None:
        return days.risk_counts(counted)
    packed = pack_rows(time, event, code, n_codes, stratum, n_strata)
    return None if packed is None else deaths.deaths_of(packed, n_codes, tolerance)


def _counted(
    time: np.ndarray,
    tolerance: float,
    event: np.ndarray,
    code: np.ndarray,
    n_codes: int,
    stratum: np.ndarray,
    n_strata: int,
) -> np.ndarray | None:
    # Within the default tolerance no whole times of a table that fits are merged.
    if tolerance > TIME_TOLERANCE:
        return None
    return days.count_days(time, event, code, n_codes, stratum, n_strata)
