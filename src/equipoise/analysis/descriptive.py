"""Descriptions without inference: baseline summaries by arm, and counts of patients through the trial."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.inputs import CONVENTIONS, check_choice
from equipoise.errors import ArgumentError, permitted
from equipoise.frames.columns import (
    Levels,
    check_lengths,
    library_of,
    name_of,
    to_array,
    to_columns,
    to_events,
    to_levels,
    to_numbers,
)
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number

OVERALL = "Overall"
# numpy's names for R's default (type 7) and SAS's default (PCTLDEF=5, type 2) of Hyndman and Fan 1996.
_QUARTILES = {"r": "linear", "sas": "averaged_inverted_cdf"}


@dataclass(frozen=True)
class ContinuousSummary:
    """One continuous variable in one group; NaN where there are too few values."""

    variable: str
    level: str
    n: int
    n_missing: int
    mean: float
    sd: float
    median: float
    q1: float
    q3: float
    minimum: float
    maximum: float


@dataclass(frozen=True)
class CategoricalSummary:
    """One categorical variable in one group: subjects with a value, and how many have each category."""

    variable: str
    level: str
    n: int
    n_missing: int
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False, repr=False)
class BaselineSummary(RowResult):
    """Baseline characteristics by group and overall, in the order of the variables handed in."""

    summaries: tuple[ContinuousSummary | CategoricalSummary, ...]
    group_name: str
    convention: str
    library: str | None = None

    def to_rows(self) -> list[ResultRow]:
        """Per variable and group: n and n_missing; then mean, sd, ... or count and proportion by category.

        `parameter` is the variable, `group1`/`level1` the group ("Overall" for everybody), and for a category `group2`
        the variable and `level2` the category. A proportion is of the subjects with a value.
        """
        return [row for summary in self.summaries for row in self._rows_of(summary)]

    def _rows_of(self, summary: ContinuousSummary | CategoricalSummary) -> list[ResultRow]:
        place: dict[str, Any] = {"parameter": summary.variable, "group1": self.group_name, "level1": summary.level}
        rows = [
            ResultRow(statistic="n", format="int", value=float(summary.n), **place),
            ResultRow(statistic="n_missing", format="int", value=float(summary.n_missing), **place),
        ]
        if isinstance(summary, ContinuousSummary):
            place["convention"] = self.convention
            names = ("mean", "sd", "median", "q1", "q3", "minimum", "maximum")
            return rows + [ResultRow(statistic=k, **place, **number(getattr(summary, k), "")) for k in names]
        for category, count in summary.counts:
            place |= {"group2": summary.variable, "level2": category}
            share = count / summary.n if summary.n else float("nan")
            rows.append(ResultRow(statistic="count", format="int", value=float(count), **place))
            rows.append(ResultRow(statistic="proportion", format="percent", **place, **number(share, "")))
        return rows


@dataclass(frozen=True)
class FlowCount:
    """How many subjects of one group ("Overall": all) satisfy one step of the flow."""

    step: str
    level: str
    n: int


@dataclass(frozen=True, eq=False, repr=False)
class FlowCounts(RowResult):
    """Counts of subjects at the steps of a flow (CONSORT, disposition, censoring reasons), overall and by group."""

    counts: tuple[FlowCount, ...]
    group_name: str
    library: str | None = None

    def to_rows(self) -> list[ResultRow]:
        """One `n` per step and group, `parameter` being the step."""
        return [
            ResultRow(
                parameter=c.step, group1=self.group_name, level1=c.level, statistic="n", value=float(c.n), format="int",
                label="flow",
            )
            for c in self.counts
        ]  # fmt: skip

    def n(self, step: str, level: str = OVERALL) -> int:
        """The count of one step and group. Raises ArgumentError `argument-invalid` naming the steps there are."""
        found = [c.n for c in self.counts if (c.step, c.level) == (step, level)]
        if not found:
            known = dict.fromkeys(c.step for c in self.counts)
            raise ArgumentError("argument-invalid", f"no step {step!r} for {level!r}", hint=permitted(step, known))
        return found[0]


def baseline_summary(
    variables: Any,
    *,
    group: Any = None,
    categorical: Sequence[str] = (),
    convention: str = "r",
) -> BaselineSummary:
    """Baseline characteristics by group and overall.

    Arguments: `variables`, a data frame or mapping of columns with one row per subject, missing values allowed;
    `group`, a column (None: overall only); `categorical`, the numeric columns to count as categories; text,
    categorical and boolean columns always are. `convention`: quartiles as R ("r", type 7) or SAS ("sas", type 2).
    Returns a `BaselineSummary`. Raises ArgumentError for an unknown name, DataError for lengths that differ.

    Formula: sd with divisor n - 1; quartiles after Hyndman RJ, Fan Y. Am Stat 1996;50:361-365.

    >>> summary = baseline_summary({"age": [50, 60, 70]})
    >>> summary.summaries[0].median
    60.0
    """
    check_choice(convention, CONVENTIONS, "convention")
    columns = to_columns(variables, "variable")
    for name in categorical:
        if name not in columns:
            raise ArgumentError(
                "argument-invalid", f"categorical names no column {name!r}", hint=permitted(name, columns)
            )
    masks = _group_masks(group, len(to_array(next(iter(columns.values())), "variables")) if columns else 0)
    summaries: list[ContinuousSummary | CategoricalSummary] = []
    for name, values in columns.items():
        array = to_array(values, name)
        check_lengths({"group": len(masks[0][1]), name: len(array)})
        if name in categorical or array.dtype.kind not in "fiu":
            levels = to_levels(values, name, allow_missing=True)
            summaries += [_categorical(name, level, levels, mask) for level, mask in masks]
        else:
            numbers = to_numbers(array, name)
            summaries += [_continuous(name, level, numbers[mask], convention) for level, mask in masks]
    return BaselineSummary(tuple(summaries), name_of(group, "group"), convention, library_of(variables))


def flow_counts(steps: Iterable[tuple[str, Any]], *, group: Any = None) -> FlowCounts:
    """Counts of subjects through the trial, overall and by group.

    Arguments: `steps`, pairs of a label and a mask (n values of 0/1 or booleans), in order; `group`, a column in which
    subjects without a group (screened, not randomized) may be missing.
    Returns `FlowCounts`. Raises DataError for a mask that is not 0/1 or of another length.

    >>> flow_counts([("Randomized", [1, 1, 0])]).n("Randomized")
    2
    """
    masks = [(label, to_events(mask, label)) for label, mask in steps]
    groups = _group_masks(group, len(masks[0][1]) if masks else 0, allow_missing=True)
    counts = []
    for label, mask in masks:
        check_lengths({"group": len(groups[0][1]), label: len(mask)})
        counts += [FlowCount(label, level, int((mask & members).sum())) for level, members in groups]
    return FlowCounts(tuple(counts), name_of(group, "group"), library_of(group))


def _group_masks(group: Any, n: int, *, allow_missing: bool = False) -> list[tuple[str, np.ndarray]]:
    if group is None:
        return [(OVERALL, np.ones(n, dtype=bool))]
    levels = to_levels(group, name_of(group, "group"), allow_missing=allow_missing)
    everybody = (OVERALL, np.ones(len(levels.codes), dtype=bool))
    return [*((label, levels.codes == g) for g, label in enumerate(levels.labels)), everybody]


def _categorical(name: str, level: str, levels: Levels, mask: np.ndarray) -> CategoricalSummary:
    codes = levels.codes[mask]
    known = codes[codes >= 0]
    counts = np.bincount(known, minlength=len(levels.labels))
    pairs = tuple((label, int(count)) for label, count in zip(levels.labels, counts, strict=True))
    return CategoricalSummary(name, level, len(known), len(codes) - len(known), pairs)


def _continuous(name: str, level: str, values: np.ndarray, convention: str) -> ContinuousSummary:
    known = values[~np.isnan(values)]
    nan = float("nan")
    n_missing = len(values) - len(known)
    if len(known) == 0:
        return ContinuousSummary(name, level, 0, n_missing, nan, nan, nan, nan, nan, nan, nan)
    q1, q3 = np.quantile(known, [0.25, 0.75], method=_QUARTILES[convention])  # type: ignore[call-overload]
    sd = float(known.std(ddof=1)) if len(known) > 1 else nan
    return ContinuousSummary(
        name, level, len(known), n_missing, float(known.mean()), sd, float(np.median(known)), float(q1), float(q3),
        float(known.min()), float(known.max()),
    )  # fmt: skip
