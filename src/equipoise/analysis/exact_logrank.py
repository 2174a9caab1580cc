"""The exact conditional log-rank test for small samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.comparison import compared, one_arm_warning
from equipoise.analysis.histogram_rows import histogram_edges, histogram_rows
from equipoise.analysis.inputs import check_choice
from equipoise.errors import ArgumentError
from equipoise.frames.columns import library_of
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain.exact_sums import extreme_sums, permutation_histogram, permutation_tails, sum_pairs
from equipoise.kernels.plain.rerandomization import logrank_layout

TWO_SIDED = ("absolute", "twice-smaller-tail")
# Sums of the same scores in another order differ by rounding only.
_TIE = 1e-9
# The distribution of up to so many sums in half of it is counted bin by bin: half a second.
_MOST_SUMS = 100_000


@dataclass(frozen=True, eq=False, repr=False)
class ExactLogrankTest(RowResult):
    """The exact log-rank test of two groups: `u` = observed - expected against all `permutations` of the labels.

    `p_experimental_better` and `p_control_better` are the one-sided P values, both including the observed value, and
    `p_value` is that of the declared alternative. `scores` (n) is what each subject adds to u when labelled
    experimental; `parts` the scores of each stratum with the number of experimental subjects in it.
    """

    levels: tuple[str, str]
    n: np.ndarray
    u: float
    scores: np.ndarray
    permutations: int
    p_value: float
    p_experimental_better: float
    p_control_better: float
    alternative: str
    two_sided: str
    group_name: str
    n_strata: int
    one_arm_strata: tuple[str, ...]
    convention: str
    library: str | None = None
    parts: tuple[tuple[np.ndarray, int], ...] = ()

    def to_rows(self) -> list[ResultRow]:
        """n by group, u, the number of permutations, P, and the distribution of u in bins where it is small."""
        shared: dict[str, Any] = {"method": "logrank-exact", "convention": self.convention}
        rows = [
            ResultRow(
                statistic="n", format="int", value=float(n), parameter="group", group1=self.group_name, level1=level,
                **shared,
            )
            for level, n in zip(self.levels, self.n, strict=True)
        ]  # fmt: skip
        place: dict[str, Any] = shared | {"parameter": f"{self.levels[1]} vs {self.levels[0]}"}
        place["warning"] = one_arm_warning(self.one_arm_strata)
        words = self.alternative + (f", {self.two_sided}" if self.alternative == "two-sided" else "")
        rows.append(ResultRow(statistic="observed_minus_expected", value=self.u, **place))
        rows.append(ResultRow(statistic="n_permutations", format="int", value=float(self.permutations), **place))
        rows.append(ResultRow(statistic="p_value", format="p", label=words, **place, **number(self.p_value)))
        return rows + self._distribution_rows()

    def _distribution_rows(self) -> list[ResultRow]:
        """The exact distribution of u as a histogram; none where it would take seconds."""
        if not self.parts or sum_pairs(self.parts) > _MOST_SUMS:
            return []
        ends = extreme_sums(self.parts)
        edges = histogram_edges(np.array(ends), self.u)
        return histogram_rows(edges, permutation_histogram(self.parts, edges), "logrank-exact")


def logrank_exact(
    time: Any,
    event: Any,
    group: Any,
    *,
    reference: Any,
    strata: Any = None,
    alternative: str = "two-sided",
    two_sided: str = "absolute",
    convention: str = "r",
    time_tolerance: float | None = None,
) -> ExactLogrankTest:
    """The exact conditional log-rank test: O - E over every permutation of the labels within strata.

    Arguments as of `logrank`, two groups. `two_sided`: "absolute", the share with |O - E| as large (as R's coin), or
    "twice-smaller-tail". The test is exact where group and censoring do not depend on each other; with up to about 44
    subjects in one stratum, or strata of moderate size, it takes a moment.

    Returns an `ExactLogrankTest`. Raises ArgumentError for samples too large to enumerate, besides what `logrank` does.

    Formula: O - E = sum over the experimental group of a_i, a_i = event - sum of d / n up to the subject's time.
    Source: Peto R, Peto J. J R Stat Soc A 1972;135:185-207; Hothorn T, Hornik K, van de Wiel MA, Zeileis A. Am Stat
    2006;60:257-263.
    """
    check_choice(two_sided, TWO_SIDED, "two_sided")
    data = compared(
        time, event, group, reference=reference, alternative=alternative, strata=strata, convention=convention,
        time_tolerance=time_tolerance, two_groups=True,
    )  # fmt: skip
    stratum = data.data.strata.codes
    scores = logrank_layout(data.data.time, data.data.event, stratum).score
    u = float(scores[data.code == 1].sum())
    parts = [(scores[stratum == s], int(data.code[stratum == s].sum())) for s in range(data.n_strata)]
    try:
        above, below, outside, total = permutation_tails(parts, u, _TIE * max(1.0, abs(u)))
    except ValueError as error:
        raise ArgumentError(
            "argument-invalid",
            f"{len(data.code)} subjects are too many for the exact test: {error}",
            hint="rerandomization_test(..., scheme={'method': 'permutation'}, seed=) draws from the same distribution",
        ) from None
    better, worse = below / total, above / total
    doubled = min(2.0 * min(better, worse), 1.0)
    both = outside / total if two_sided == "absolute" else doubled
    chosen = {"two-sided": both, "experimental-better": better, "control-better": worse}[alternative]
    return ExactLogrankTest(
        levels=(data.levels[0], data.levels[1]), n=data.n_by.sum(axis=0), u=u, scores=scores, permutations=total,
        p_value=chosen, p_experimental_better=better, p_control_better=worse, alternative=alternative,
        two_sided=two_sided, group_name=data.data.group_name, n_strata=data.n_strata,
        one_arm_strata=data.one_arm_strata, convention=convention, library=library_of(time), parts=tuple(parts),
    )  # fmt: skip
