"""Which implementation runs: plain for small data, compiled where the data are large enough to repay loading numba."""

from __future__ import annotations

import numpy as np

from equipoise.kernels.plain import cox as plain_cox
from equipoise.kernels.plain import newton, risk_sets, ties

ENGINES = ("auto", "plain", "compiled")

# Above this many rows the plain form costs more than loading the compiled one (about half a second, then cached).
LARGE_ROWS = 20_000
# Above this many cells (deaths by covariate patterns) the plain Cox form costs more than loading the compiled one.
# Whether numba happens to be loaded plays no part: equal calls give equal bits.
LARGE_CELLS = 8_000_000


def use_compiled(engine: str, rows: int, cells: int = 0) -> bool:
    """Whether the compiled form runs: as `engine` says, or by size for "auto"."""
    return engine == "compiled" or (engine == "auto" and (rows > LARGE_ROWS or cells > LARGE_CELLS))


def merge_close_times(
    time: np.ndarray, entry: np.ndarray | None, tolerance: float
) -> tuple[np.ndarray, np.ndarray | None]:
    """See `plain.ties.merge_close_times`."""
    return ties.merge_close_times(time, entry, tolerance)


def risk_table(
    time: np.ndarray, event: np.ndarray, weight: np.ndarray | None, entry: np.ndarray | None, engine: str
) -> risk_sets.RiskTable:
    """See `plain.risk_sets.risk_table`."""
    if use_compiled(engine, len(time)):
        from equipoise.kernels.compiled import risk_sets as compiled

        return compiled.risk_table(time, event, weight, entry)
    return risk_sets.risk_table(time, event, weight, entry)


def risk_counts(
    time: np.ndarray,
    event: np.ndarray,
    code: np.ndarray,
    n_codes: int,
    stratum: np.ndarray,
    weight: np.ndarray | None,
    entry: np.ndarray | None,
    engine: str,
) -> risk_sets.RiskCounts:
    """See `plain.risk_sets.risk_counts`."""
    if use_compiled(engine, len(time)):
        from equipoise.kernels.compiled import risk_sets as compiled

        return compiled.risk_counts(time, event, code, n_codes, stratum, weight, entry)
    return risk_sets.risk_counts(time, event, code, n_codes, stratum, weight, entry)


def maximize_cox(
    time: np.ndarray,
    event: np.ndarray,
    covariates: np.ndarray,
    pattern: np.ndarray | None,
    stratum: np.ndarray,
    weight: np.ndarray | None,
    entry: np.ndarray | None,
    ties_rule: str,
    scale: np.ndarray,
    engine: str,
) -> newton.NewtonFit:
    """The maximum of the Cox partial likelihood.

    `covariates` has one row per pattern when `pattern` (n codes) is given, else one per subject. Few patterns (a
    treatment arm) stay with the pattern form at any size; many go to the compiled form when the data are large.
    `scale` (p) is the spread of each covariate over the subjects.
    """
    n = len(time)
    # A row of weight zero is as good as absent: it must not count among the tied deaths of Efron's rule.
    event = event if weight is None else event & (weight > 0.0)
    codes = np.arange(n) if pattern is None else pattern
    start = np.zeros(covariates.shape[1])
    many = len(covariates) > 8
    if engine == "compiled" or (many and use_compiled(engine, n, int(event.sum()) * len(covariates))):
        from equipoise.kernels.compiled import cox as compiled

        rows = covariates[codes]
        layout = compiled.cox_layout(time, event, rows, stratum, weight, entry, ties_rule)
        return newton.maximize(lambda beta: compiled.cox_terms(beta, layout), scale, start)
    counts = risk_counts(time, event, codes, len(covariates), stratum, weight, entry, "plain" if many else engine)
    risk = plain_cox.cox_risk(counts, covariates, ties_rule)
    return newton.maximize(lambda beta: plain_cox.cox_terms(beta, risk), scale, start)
