"""Which implementation runs: plain for small data, compiled where the data are large enough to repay loading numba."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from equipoise.kernels.plain import cox as plain_cox
from equipoise.kernels.plain import kaplan_meier, newton, risk_sets, ties
from equipoise.kernels.plain import logrank as plain_logrank
from equipoise.kernels.plain import sequential as plain_sequential

if TYPE_CHECKING:
    from equipoise.kernels.plain.general_spec import GeneralTrial
    from equipoise.kernels.plain.trial_spec import TrialSpec

ENGINES = ("auto", "plain", "compiled")

# Above this many rows the plain form costs more than loading the compiled one (about half a second, then cached).
LARGE_ROWS = 20_000
# Above this many cells (deaths by covariate patterns) the plain Cox form costs more than loading the compiled one.
# Whether numba happens to be loaded plays no part: equal calls give equal bits.
LARGE_CELLS = 8_000_000
# Up to this many covariate patterns the numbers at risk are counted by pattern.
_FEW_PATTERNS = 8


class Rows(NamedTuple):
    """Checked rows: `observed` times, of which those closer than `tolerance` count as one (merged by the kernels).

    `event` boolean; `stratum` below `n_strata`; `weight` and `entry` or None. With `entry` the times are merged
    already and `tolerance` is zero.
    """

    observed: np.ndarray
    tolerance: float
    event: np.ndarray
    stratum: np.ndarray
    n_strata: int
    weight: np.ndarray | None = None
    entry: np.ndarray | None = None

    def merged(self) -> np.ndarray:
        """The times with close ones merged."""
        return ties.merge_close_times(self.observed, None, self.tolerance)[0]


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


def curve_tables(
    rows: Rows, code: np.ndarray, n_codes: int, conf_type: str, conf_level: float, engine: str
) -> Iterator[tuple[int, int, kaplan_meier.CurveTable]]:
    """Stratum, group and curve (`plain.kaplan_meier.curve_table`) of every stratum and group that has rows."""
    if rows.weight is None and rows.entry is None and use_compiled(engine, len(rows.observed)):
        from equipoise.kernels.compiled import roads

        tables = roads.curve_tables(*rows[:5], code, n_codes, conf_type, conf_level)
        if tables is not None:
            yield from tables
            return
    time = rows.merged()
    for s in range(rows.n_strata):
        for g in range(n_codes):
            chosen = slice(None) if rows.n_strata == n_codes == 1 else (code == g) & (rows.stratum == s)
            if len(time[chosen]):
                weight = None if rows.weight is None else rows.weight[chosen]
                entry = None if rows.entry is None else rows.entry[chosen]
                table = risk_table(time[chosen], rows.event[chosen], weight, entry, engine)
                yield s, g, kaplan_meier.curve_table(table, conf_type, conf_level)


def curve_quantile(time: np.ndarray, height: np.ndarray, p: float, convention: str) -> float:
    """See `plain.kaplan_meier.curve_quantile`."""
    if len(time) > LARGE_ROWS:
        from equipoise.kernels.compiled import curves

        return curves.curve_quantile(time, height, p, convention)
    return kaplan_meier.curve_quantile(time, height, p, convention)


def column_moments(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """The column means of a matrix (n, p), their standard deviations, and whether all is finite.

    The mean of a constant column is its value, and its deviation exactly zero.
    """
    if len(matrix) > LARGE_ROWS:
        from equipoise.kernels.compiled import moments

        return moments.column_moments(matrix)
    mean = matrix.mean(axis=0)
    # A mean may be off by its last digit.
    constant = np.ptp(matrix, axis=0) == 0.0
    mean[constant] = matrix[0, constant]
    return mean, np.sqrt(((matrix - mean) ** 2).mean(axis=0)), bool(np.isfinite(matrix).all())


def row_counts(
    code: np.ndarray, n_codes: int, stratum: np.ndarray, n_strata: int, weight: np.ndarray | None
) -> np.ndarray:
    """Rows (or their weight, a whole number) by stratum and group, (S, G)."""
    size = n_strata * n_codes
    if weight is None and len(code) > LARGE_ROWS:
        from equipoise.kernels.compiled import packed

        return packed.row_counts(code, n_codes, stratum, n_strata)
    cell = stratum * n_codes + code
    return np.bincount(cell, weights=weight, minlength=size).reshape(-1, n_codes).astype(np.int64)


def logrank_sums(rows: Rows, code: np.ndarray, n_codes: int, engine: str) -> plain_logrank.LogrankSums:
    """See `plain.logrank.logrank_sums`."""
    if rows.weight is None and rows.entry is None and use_compiled(engine, len(rows.observed)):
        from equipoise.kernels.compiled import roads

        sums = roads.logrank_sums(*rows[:5], code, n_codes)
        if sums is not None:
            return sums
    counts = risk_counts(rows.merged(), rows.event, code, n_codes, rows.stratum, rows.weight, rows.entry, engine)
    return plain_logrank.logrank_sums(counts, rows.n_strata)


def maximize_cox(
    rows: Rows,
    covariates: np.ndarray,
    center: np.ndarray,
    pattern: np.ndarray | None,
    ties_rule: str,
    scale: np.ndarray,
    engine: str,
) -> newton.NewtonFit:
    """The maximum of the Cox partial likelihood.

    `covariates`, less `center` (p), has one row per pattern when `pattern` (n codes) is given, else one per subject.
    Few patterns (a treatment arm) are counted at each death; many go to the compiled form when the data are large.
    `scale` (p) is the spread of each covariate over the subjects.
    """
    # A row of weight zero is as good as absent: it must not count among the tied deaths of Efron's rule.
    event = rows.event if rows.weight is None else rows.event & (rows.weight > 0.0)
    few = pattern is not None and len(covariates) <= _FEW_PATTERNS
    evaluate = None
    unweighted = rows.weight is None and rows.entry is None
    if pattern is not None and few and unweighted and use_compiled(engine, len(event)):
        from equipoise.kernels.compiled import cox_patterns

        evaluate = cox_patterns.pattern_terms(*rows[:5], pattern, covariates - center, ties_rule)
    cells = 0 if few else int(np.count_nonzero(event)) * len(covariates)
    if evaluate is None and (engine == "compiled" or (not few and use_compiled(engine, len(event), cells))):
        evaluate = _compiled_cox(rows, event, covariates, center, pattern, ties_rule)
    if evaluate is None:
        codes = np.arange(len(event)) if pattern is None else pattern
        counts = risk_counts(
            rows.merged(), event, codes, len(covariates), rows.stratum, rows.weight, rows.entry,
            engine if few else "plain",
        )  # fmt: skip
        evaluate = partial(plain_cox.cox_terms, risk=plain_cox.cox_risk(counts, covariates - center, ties_rule))
    return newton.maximize(evaluate, scale, np.zeros(len(center)))


def _compiled_cox(
    rows: Rows,
    event: np.ndarray,
    covariates: np.ndarray,
    center: np.ndarray,
    pattern: np.ndarray | None,
    ties_rule: str,
) -> Callable[[np.ndarray], plain_cox.CoxTerms]:
    if rows.entry is None:
        from equipoise.kernels.compiled import cox_blocks, cox_sums

        blocks = cox_blocks.cox_blocks(
            rows.observed, rows.tolerance, event, covariates, center, pattern, rows.stratum, rows.n_strata,
            rows.weight, ties_rule,
        )  # fmt: skip
        return partial(cox_sums.cox_terms, rows=blocks)
    from equipoise.kernels.compiled import cox as compiled

    layout = compiled.cox_layout(
        rows.merged(), event, covariates - center, pattern, rows.stratum, rows.weight, rows.entry, ties_rule
    )
    return partial(compiled.cox_terms, layout=layout)


def _compiled_bounds(engine: str) -> bool:
    # A design takes milliseconds in the plain form: never worth loading numba for, always worth using where it is.
    return engine == "compiled" or (engine == "auto" and "numba" in sys.modules)


def sequential_bounds(
    information: np.ndarray,
    given: np.ndarray,
    *,
    drift: float = 0.0,
    upper_drift: float = 0.0,
    symmetric: bool = False,
    engine: str = "auto",
) -> plain_sequential.Bounds:
    """See `plain.sequential.solve_bounds`; `given` (4, K) holds lower, upper, lower_spent and upper_spent."""
    if _compiled_bounds(engine):
        from equipoise.kernels.compiled import sequential as compiled

        return compiled.solve_bounds(information, given, drift=drift, upper_drift=upper_drift, symmetric=symmetric)
    return plain_sequential.solve_bounds(
        information, *given, drift=drift, upper_drift=upper_drift, symmetric=symmetric
    )  # fmt: skip


def sequential_drift(
    information: np.ndarray, given: np.ndarray, power: float, *, engine: str = "auto"
) -> tuple[float, plain_sequential.Bounds]:
    """See `plain.sequential.solve_drift`; `given` (4, K) as in `sequential_bounds`."""
    if _compiled_bounds(engine):
        from equipoise.kernels.compiled import sequential as compiled

        return compiled.solve_drift(information, given, power)
    lower, upper, lower_spent, upper_spent = given
    return plain_sequential.solve_drift(information, lower, upper, lower_spent, upper_spent, power)


def simulate_chunk(
    spec: TrialSpec | GeneralTrial, seed: int, first: int, count: int, out: np.ndarray, *, engine: str = "auto"
) -> None:
    """Fills `out` (fields, looks, count), 64-bit floats, with the statistics of trials `first` to `first + count - 1`.

    Fields are those of `trial_spec.FIELDS`, of a general trial those of `general_spec.general_fields`. `engine`:
    "plain", the law; "general", compiled, for everything; "lanes", compiled, sixteen trials side by side, for two arms,
    up to four strata, 65,536 patients and blocks of up to fifteen patients an arm; "auto" and "compiled", lanes where
    they can. Draws, times, counts and medians do not depend on the engine; log-rank and Cox statistics from lanes agree
    to 1e-5 with the law, events at the same tick apart, which lanes take one after the other. "cuda": a CUDA device,
    one trial a thread, for two arms and up to four strata; agrees with the law to 1e-10. Chunks may run in threads side
    by side.
    """
    from equipoise.kernels.plain import general_looks, general_spec, trial_looks

    engine = trial_engine_of(spec, engine)
    if engine == "cuda":
        from equipoise.kernels.device import presence

        device_spec = presence.require(spec)
        from equipoise.kernels.device import trial_kernel

        trial_kernel.simulate_chunk(device_spec, seed, first, count, out)
        return
    general = isinstance(spec, general_spec.GeneralTrial)
    if engine == "plain":
        plain = general_looks.simulate_chunk if general else trial_looks.simulate_chunk
        plain(spec, seed, first, count, out)  # pyright: ignore[reportArgumentType]
        return
    if engine == "lanes":
        from equipoise.kernels.compiled import trial_engine

        trial_engine.simulate_chunk(spec, seed, first, count, out)  # pyright: ignore[reportArgumentType]
        return
    from equipoise.kernels.compiled import general_trials

    trial = spec if isinstance(spec, general_spec.GeneralTrial) else general_spec.build_general(spec)
    general_trials.simulate_chunk(trial, seed, first, count, out)


def trial_engine_of(spec: TrialSpec | GeneralTrial, engine: str = "auto") -> str:
    """The engine that `simulate_chunk` runs a trial by: "cuda", "plain", "general" or "lanes"."""
    if engine in ("cuda", "plain", "general"):
        return engine
    from equipoise.kernels.plain.trial_spec import TrialSpec

    if not isinstance(spec, TrialSpec):
        return "general"
    from equipoise.kernels.compiled import trial_engine

    return "lanes" if engine == "lanes" or trial_engine.takes(spec) else "general"


def device_takes(spec: TrialSpec | GeneralTrial) -> bool:
    """Whether a CUDA device is present that runs this trial; see `simulate_chunk`."""
    from equipoise.kernels.device import presence

    return presence.takes(spec) and presence.present()
