"""Which compiled road rows without weights and delayed entry take: counted days, packed keys, or neither (None)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from equipoise.kernels.compiled import curves, days, deaths
from equipoise.kernels.compiled.packed import pack_rows
from equipoise.kernels.plain import kaplan_meier
from equipoise.kernels.plain.logrank import LogrankSums
from equipoise.kernels.plain.logrank import logrank_sums as plain_sums
from equipoise.kernels.plain.ties import TIME_TOLERANCE


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
        tables = curves.curve_blocks(packed, tolerance, conf_type, conf_level)
    return ((*divmod(cell, n_codes), table) for cell, table in enumerate(tables) if len(table.time))


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
    counted = _counted(time, tolerance, event, code, n_codes, stratum, n_strata)
    if counted is not None:
        return plain_sums(days.risk_counts(counted), n_strata)._replace(rows=counted.sum(axis=(0, 3)))
    packed = pack_rows(time, event, code, n_codes, stratum, n_strata)
    if packed is None:
        return None
    rows = packed.totals.reshape(n_strata, n_codes)
    return deaths.logrank_sums(deaths.deaths_of(packed, n_codes, tolerance))._replace(rows=rows)


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
