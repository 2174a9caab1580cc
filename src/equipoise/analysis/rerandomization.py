"""The re-randomization test: the log-rank statistic against all labels that the randomization could have drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from equipoise.analysis.comparison import compared
from equipoise.analysis.histogram_rows import histogram_edges, histogram_rows
from equipoise.analysis.inputs import check_choice
from equipoise.analysis.label_schemes import LabelScheme, label_scheme
from equipoise.errors import ArgumentError, DataError
from equipoise.frames.columns import Levels, check_lengths, library_of, to_numbers, to_strata
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels import dispatch
from equipoise.kernels.plain import rerandomization as plain
from equipoise.seeds import Stream

STATISTICS = ("z", "o-e")
TWO_SIDED = ("twice-smaller-tail", "absolute")
_CHUNK = 8192
# Below this many draws the plain form is done before the compiled one is loaded.
_MANY_DRAWS = 20_000
# Statistics of different labels that agree this far are one value: only rounding separates them.
_TIE = 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class RerandomizationTest(RowResult):
    """The re-randomization test of two groups.

    `observed` is the statistic of the data, positive where it favors the experimental group: `statistic` "z" is
    -(O - E) / sqrt(V), "o-e" is -(O - E). `p_value` is (1 + number as extreme) / (draws + 1), with its Monte-Carlo
    standard error `p_error`; or exact over all `draws` labellings (`exact`), with error 0. `reference_mean` is the mean
    of the statistic over the labellings, `values` the statistic of each.
    """

    levels: tuple[str, str]
    statistic: str
    observed: float
    p_value: float
    p_error: float
    draws: int
    exact: bool
    reference_mean: float
    scheme: str
    alternative: str
    two_sided: str
    n_strata: int
    convention: str
    message: str | None = None
    library: str | None = None
    values: np.ndarray = field(default_factory=lambda: np.zeros(0), repr=False)

    def to_rows(self) -> list[ResultRow]:
        """The statistic, its mean over the reference set, the number of labellings, P, its Monte-Carlo error, bins."""
        shared: dict[str, Any] = {
            "method": "rerandomization",
            "convention": self.convention,
            "parameter": f"{self.levels[1]} vs {self.levels[0]}",
            "error": self.message,
        }
        words = self.alternative + (f", {self.two_sided}" if self.alternative == "two-sided" else "")
        kind = "all labellings" if self.exact else "draws"
        return [
            ResultRow(statistic=self.statistic, label=self.scheme, **shared, **number(self.observed)),
            ResultRow(statistic="reference_mean", label=self.scheme, **shared, **number(self.reference_mean)),
            ResultRow(statistic="n_labellings", format="int", label=kind, value=float(self.draws), **shared),
            ResultRow(statistic="p_value", format="p", label=words, **shared, **number(self.p_value)),
            ResultRow(statistic="p_value_error", label="Monte-Carlo", **shared, **number(self.p_error)),
            *self._distribution_rows(),
        ]

    def _distribution_rows(self) -> list[ResultRow]:
        """The reference distribution as a histogram, which holds the observed value too."""
        edges = histogram_edges(self.values, self.observed)
        return histogram_rows(edges, np.histogram(self.values, edges)[0], "rerandomization")


def rerandomization_test(
    time: Any,
    event: Any,
    group: Any,
    *,
    reference: Any,
    scheme: Mapping[str, Any],
    strata: Any = None,
    randomization_strata: Any = None,
    arrival: Any = None,
    draws: int = 100_000,
    seed: int | None = None,
    statistic: str = "z",
    alternative: str = "two-sided",
    two_sided: str = "twice-smaller-tail",
    exact_limit: int = 20_000,
    convention: str = "r",
    time_tolerance: float | None = None,
    engine: str = "auto",
) -> RerandomizationTest:
    """The log-rank statistic against the labels that the randomization could have drawn for these patients.

    Arguments: columns and options as of `logrank`, two groups, one row per patient in order of arrival, or `arrival`, a
    number to order by. `scheme` says how labels were drawn (see `equipoise.analysis.label_schemes`), within
    `randomization_strata` (without: `strata`). `draws` labellings by the stream "rerandomization" of `seed`; where all
    labellings number at most `exact_limit` they are enumerated instead and no seed is needed. `statistic`: "z" or
    "o-e"; without any variance the z of a labelling counts as 0. `two_sided`: "twice-smaller-tail" or "absolute".

    Times, events, strata and order of arrival are held fixed; only labels vary. With realized block sizes a block is
    one of its arrangements; an unfinished last block is the beginning of a full one.

    Returns a `RerandomizationTest`. Raises ArgumentError and DataError for input that cannot be used, a scheme that
    cannot be read, and labels that cannot have come from it.

    Formula: P = (1 + #{as extreme}) / (draws + 1); exact: the share of labellings as extreme.
    Source: Rosenberger WF, Lachin JM. Randomization in clinical trials. 2nd ed. 2016, chapter 6; Phipson B, Smyth GK.
    Stat Appl Genet Mol Biol 2010;9:39.
    """
    _check_options(statistic, two_sided, engine, draws)
    data = compared(
        time, event, group, reference=reference, alternative=alternative, strata=strata, convention=convention,
        time_tolerance=time_tolerance, two_groups=True,
    )  # fmt: skip
    order = _arrival_order(arrival, len(data.code))
    within = data.data.strata if randomization_strata is None else to_strata(randomization_strata, len(data.code))
    label = data.code[order]
    reference_set = label_scheme(
        scheme, label, Levels(within.codes[order], within.labels), data.levels, int(exact_limit)
    )
    layout = plain.logrank_layout(data.data.time[order], data.data.event[order], data.data.strata.codes[order])
    observed = _statistic(*plain.logrank_of_labels(label[None, :], layout), statistic)[0]
    exact = reference_set.size <= exact_limit and reference_set.tables is not None
    values = _reference_values(reference_set, layout, statistic, exact, draws, seed, engine)
    p_value, error = _p_value(float(observed), values, alternative, two_sided, exact)
    return RerandomizationTest(
        levels=(data.levels[0], data.levels[1]), statistic=statistic, observed=float(observed), p_value=p_value,
        p_error=error, draws=len(values), exact=exact, reference_mean=float(values.mean()),
        scheme=reference_set.words, alternative=alternative, two_sided=two_sided, n_strata=data.n_strata,
        convention=convention, message=_nothing(layout), library=library_of(time), values=values,
    )  # fmt: skip


def _check_options(statistic: str, two_sided: str, engine: str, draws: int) -> None:
    check_choice(statistic, STATISTICS, "statistic")
    check_choice(two_sided, TWO_SIDED, "two_sided")
    check_choice(engine, dispatch.ENGINES, "engine")
    whole = isinstance(draws, int | np.integer) and not isinstance(draws, bool)
    if not (whole and 1 <= draws <= 1 << 32):
        hint = "a whole number from 1 to 2**32"
        raise ArgumentError("argument-invalid", f"draws is {draws!r}", where="draws", hint=hint)


def _arrival_order(arrival: Any, n: int) -> np.ndarray:
    if arrival is None:
        return np.arange(n)
    numbers = to_numbers(arrival, "arrival")
    check_lengths({"time": n, "arrival": len(numbers)})
    if not np.isfinite(numbers).all() or len(np.unique(numbers)) < n:
        raise DataError(
            "value-invalid",
            "arrival has missing or repeated values",
            where="arrival",
            reason="the order of arrival decides which labels could have been drawn",
            hint="hand in the randomization number, or rows in order and no arrival",
        )
    return np.argsort(numbers)


def _statistic(u: np.ndarray, v: np.ndarray, statistic: str) -> np.ndarray:
    if statistic == "o-e":
        return -u
    known = v > 1e-12
    return np.where(known, -u / np.sqrt(np.where(known, v, 1.0)), 0.0)


def _reference_values(
    scheme: LabelScheme, layout: plain.LogrankLayout, statistic: str, exact: bool, draws: int, seed: int | None,
    engine: str,
) -> np.ndarray:  # fmt: skip
    """The statistic of every labelling, or of every draw."""
    if scheme.labels is not None:
        return _statistic(*plain.logrank_of_labels(scheme.labels, layout), statistic)
    if not exact and seed is None:
        hint = "seed=1, say: the same seed gives the same draws"
        raise ArgumentError("argument-invalid", "labels are drawn, and no seed is given", where="seed", hint=hint)
    tables, stop = scheme.tables, int(scheme.size) if exact else int(draws)
    if exact and tables is not None:
        stop = math.prod(tables.sizes.tolist())
    stream = Stream(0 if seed is None else seed, "rerandomization")
    compiled = engine == "compiled" or (engine == "auto" and draws > _MANY_DRAWS)
    if tables is not None and not exact and compiled:
        from equipoise.kernels.compiled.rerandomization import logrank_of_draws

        return _statistic(*logrank_of_draws(stream.key, 0, stop, tables, layout), statistic)
    parts = []
    for low in range(0, stop, _CHUNK):
        high = min(low + _CHUNK, stop)
        labels = _labels(scheme, stream, low, high, exact)
        parts.append(_statistic(*plain.logrank_of_labels(labels, layout), statistic))
    return np.concatenate(parts)


def _labels(scheme: LabelScheme, stream: Stream, low: int, high: int, exact: bool) -> np.ndarray:
    if scheme.tables is not None:
        if exact:
            return plain.enumerate_arrangements(low, high, scheme.tables)
        words = stream.words(np.arange(low, high), len(scheme.tables.sizes))
        return plain.draw_arrangements(words, scheme.tables)
    urns = scheme.urns
    assert urns is not None
    return plain.draw_urns(stream.words(np.arange(low, high), urns.words), *urns)


def _p_value(observed: float, values: np.ndarray, alternative: str, two_sided: str, exact: bool) -> tuple[float, float]:
    """P and its Monte-Carlo standard error."""
    slack = _TIE * max(1.0, abs(observed))
    extra, total = (0, len(values)) if exact else (1, len(values) + 1)
    above = (extra + int((values >= observed - slack).sum())) / total
    below = (extra + int((values <= observed + slack).sum())) / total
    if alternative == "two-sided" and two_sided == "absolute":
        p, factor = (extra + int((np.abs(values) >= abs(observed) - slack).sum())) / total, 1.0
    elif alternative == "two-sided":
        p, factor = min(above, below), 2.0
    else:
        p, factor = (above if alternative == "experimental-better" else below), 1.0
    error = 0.0 if exact else factor * math.sqrt(p * (1.0 - p) / len(values))
    return min(factor * p, 1.0), error


def _nothing(layout: plain.LogrankLayout) -> str | None:
    if layout.linear.any():
        return None
    return "no event happened while anyone else was at risk: every labelling gives the same statistic"
