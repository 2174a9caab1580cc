"""What every test of groups does first: the reference comes first, the counts at each event time are made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from equipoise.analysis.inputs import CONVENTIONS, SurvivalData, check_choice, survival_data, tolerance_of
from equipoise.errors import ArgumentError, DataError
from equipoise.frames.columns import check_level
from equipoise.kernels import dispatch
from equipoise.kernels.plain.logrank import LogrankSums
from equipoise.kernels.plain.risk_sets import RiskCounts
from equipoise.kernels.plain.special import chi_square_tail, normal_tail

ALTERNATIVES = ("two-sided", "experimental-better", "control-better")


@dataclass(frozen=True)
class Comparison:
    """Checked data with groups numbered from the reference: `code` (n) and `levels`."""

    data: SurvivalData
    levels: tuple[str, ...]
    code: np.ndarray

    @property
    def n_strata(self) -> int:
        return len(self.data.strata.labels)

    @cached_property
    def n_by(self) -> np.ndarray:
        """Rows (or their weight) by stratum and group."""
        return dispatch.row_counts(self.code, len(self.levels), self.data.strata.codes, self.n_strata, self.data.weight)

    @property
    def one_arm_strata(self) -> tuple[str, ...]:
        """Strata that hold one group only and so contribute nothing; none where there is one stratum."""
        if self.n_strata < 2:
            return ()
        idle = np.flatnonzero((self.n_by > 0).sum(axis=1) < 2)
        return tuple(self.data.strata.labels[s] for s in idle)

    def counts(self, engine: str = "auto") -> RiskCounts:
        """Who is at risk and who has the event, by group, at each event time of each stratum."""
        data = self.data
        return dispatch.risk_counts(
            data.time, data.event, self.code, len(self.levels), data.strata.codes, data.weight, data.entry, engine
        )

    def logrank_sums(self, engine: str = "auto") -> LogrankSums:
        """The sums of the unweighted log-rank test; large data need not hold the counts at every event time."""
        sums = dispatch.logrank_sums(self.data.rows, self.code, len(self.levels), engine)
        if sums.rows is not None:
            # Counted on the way: not again.
            self.__dict__["n_by"] = sums.rows
        return sums


def compared(
    time: Any,
    event: Any,
    group: Any,
    *,
    reference: Any,
    alternative: str,
    strata: Any = None,
    entry: Any = None,
    weights: Any = None,
    convention: str = "r",
    time_tolerance: float | None = None,
    two_groups: bool = False,
    directed: bool = False,
) -> Comparison:
    """Columns as a `Comparison`; options are held to their permitted values.

    `two_groups` refuses more than two levels; `directed` says that a direction exists among more than two.
    """
    check_choice(convention, CONVENTIONS, "convention")
    check_choice(alternative, ALTERNATIVES, "alternative")
    tolerance = tolerance_of(time_tolerance, convention)
    data = survival_data(
        time, event, group=group, strata=strata, entry=entry, weights=weights, time_tolerance=tolerance
    )
    order = _reference_first(data, reference)
    _check_groups(data, alternative, two_groups, directed)
    _check_whole(data.weight)
    code = data.group.codes
    if order != sorted(order):
        code = np.array([order.index(g) for g in range(len(order))]).take(code)
    return Comparison(data, tuple(data.group.labels[g] for g in order), code)


def p_value_of(z: float, alternative: str) -> float:
    """The P value of a standard normal statistic that favors the experimental group when positive."""
    if z != z:
        return z
    if alternative == "two-sided":
        return chi_square_tail(z * z, 1)
    return normal_tail(z if alternative == "experimental-better" else -z)


def one_arm_warning(strata: tuple[str, ...]) -> str | None:
    """The warning for strata with one group only."""
    return f"strata with one group only contribute nothing: {'; '.join(strata)}" if strata else None


def _reference_first(data: SurvivalData, reference: Any) -> list[int]:
    labels = data.group.labels
    if len(labels) < 2:
        raise DataError(
            "group-single",
            f"{data.group_name} has one level only: {', '.join(map(repr, labels))}",
            reason="a comparison needs two groups",
            hint="check the filter in use, and that this is the column of the treatment arm",
        )
    first = check_level(reference, labels, data.group_name)
    return [first, *(g for g in range(len(labels)) if g != first)]


def _check_groups(data: SurvivalData, alternative: str, two_groups: bool, directed: bool) -> None:
    k = len(data.group.labels)
    if k > 2 and two_groups:
        raise DataError(
            "value-invalid",
            f"{data.group_name} has {k} levels: {', '.join(map(repr, data.group.labels))}",
            reason="this test compares two groups",
            hint="filter the rows to two groups",
        )
    if k > 2 and alternative != "two-sided" and not directed:
        raise ArgumentError(
            "argument-invalid",
            f"alternative is {alternative!r} with {k} groups",
            where="alternative",
            reason="a direction exists between two groups only",
            hint="use alternative='two-sided', or compare two groups at a time",
        )


def _check_whole(weight: np.ndarray | None) -> None:
    if weight is not None and (weight != np.floor(weight)).any():
        row = int(np.flatnonzero(weight != np.floor(weight))[0])
        raise DataError(
            "value-invalid",
            f"weights holds {weight[row]:g}",
            where=f"weights, row {row + 1}",
            reason="the log-rank test's variance counts subjects, so a weight is a whole number of identical rows",
            hint="use cox(..., weights=) for sampling weights",
        )
