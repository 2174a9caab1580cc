"""When patients were assessed, by arm: intervals, scans off the schedule, planned scans that were missed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.errors import ArgumentError, DataError
from equipoise.frames.columns import check_lengths, library_of, name_of, to_levels, to_numbers
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain.special import chi_square_tail, normal_tail


@dataclass(frozen=True)
class AssessmentCounts:
    """Assessments of one group.

    `n` patients with `n_assessments` after the start; `intervals` between them (the first from the start); `n_off` were
    off the schedule, `n_missed` of `n_planned` planned ones, up to each patient's last, have no assessment in their
    window (NaN without a schedule). `mean_interval` (per patient) is what the groups are compared by.
    """

    level: str
    n: int
    n_assessments: int
    intervals: np.ndarray
    n_off: float
    n_planned: float
    n_missed: float
    mean_interval: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class AssessmentTimes(RowResult):
    """Assessment times by group; `chi_square`, `df`, `p_value` compare the patients' mean intervals by ranks.

    `z` of two groups is positive where the later level, in the order of `counts`, has longer intervals.
    """

    counts: tuple[AssessmentCounts, ...]
    group_name: str
    z: float
    chi_square: float
    df: int
    p_value: float
    message: str | None = None
    library: str | None = None

    def __getitem__(self, level: Any) -> AssessmentCounts:
        return next(found for found in self.counts if found.level == str(level))

    def to_rows(self) -> list[ResultRow]:
        """Counts, quartiles and moments of the intervals by group; the rank test between groups."""
        rows = []
        for found in self.counts:
            place: dict[str, Any] = {"parameter": "assessments", "group1": self.group_name, "level1": found.level}
            rows.append(ResultRow(statistic="n", value=float(found.n), format="int", **place))
            counted = {
                "n_assessments": float(found.n_assessments), "n_off_schedule": found.n_off,
                "n_planned": found.n_planned, "n_missed": found.n_missed,
            }  # fmt: skip
            rows += [ResultRow(statistic=k, format="int", **place, **number(v)) for k, v in counted.items()]
            shares = {
                "off_schedule": found.n_off / found.n_assessments if found.n_assessments else math.nan,
                "missed": found.n_missed / found.n_planned if found.n_planned else math.nan,
            }
            rows += [ResultRow(statistic=k, format="percent", **place, **number(v)) for k, v in shares.items()]
            rows += [ResultRow(statistic=k, **place, **number(v)) for k, v in _described(found.intervals).items()]
        place = {"parameter": "mean interval", "method": "rank-sum", "error": self.message}
        if len(self.counts) == 2:
            rows.append(ResultRow(statistic="z", **place, **number(self.z)))
        rows.append(ResultRow(statistic="chi_square", **place, **number(self.chi_square)))
        rows.append(ResultRow(statistic="df", value=float(self.df), format="int", **place))
        rows.append(ResultRow(statistic="p_value", format="p", **place, **number(self.p_value)))
        return rows


def _described(intervals: np.ndarray) -> dict[str, float]:
    names = ("interval_minimum", "interval_q1", "interval_median", "interval_q3", "interval_maximum")
    if not len(intervals):
        return dict.fromkeys((*names, "interval_mean", "interval_sd"), math.nan)
    quartiles = np.quantile(intervals, [0.0, 0.25, 0.5, 0.75, 1.0])
    spread = float(intervals.std(ddof=1)) if len(intervals) > 1 else math.nan
    return dict(zip(names, quartiles.tolist(), strict=True)) | {
        "interval_mean": float(intervals.mean()),
        "interval_sd": spread,
    }


def assessment_times(
    subject: Any,
    time: Any,
    group: Any,
    *,
    planned: Sequence[float] | None = None,
    window: float | None = None,
) -> AssessmentTimes:
    """Compare when patients of each arm were assessed: intervals, scans off the schedule, and missed ones.

    Arguments, columns with one row per assessment: `subject`; `time` since randomization (or the schedule's anchor),
    rows at or before 0 (baseline) are left out; `group`, the arm of the subject. `planned`: the planned times;
    `window`: how far from one an assessment may be, either way, and still belong to it. Several assessments of one
    subject at one time count once.

    In an open-label trial progression is seen at a scan, so arms scanned at different times differ in progression-free
    survival even without any effect. Returns an `AssessmentTimes`. Raises DataError for a subject in two groups or
    without a value, ArgumentError for `planned` without `window`.

    Formula: the rank test of Wilcoxon (of Kruskal and Wallis for more groups) of each patient's mean interval, variance
    corrected for ties, no continuity correction.
    Source: Wilcoxon F. Biometrics Bull 1945;1:80-83, doi:10.2307/3001968; why it matters: FDA guidance for industry,
    Clinical trial endpoints for the approval of cancer drugs and biologics, 2018.

    >>> found = assessment_times(["a", "a", "b"], [56, 110, 84], ["E", "E", "C"], planned=[56, 112], window=7)
    >>> found["E"].intervals.tolist(), found["C"].n_off, found["C"].n_missed
    ([56.0, 54.0], 1.0, 1.0)
    """
    schedule = _schedule(planned, window)
    when = to_numbers(time, name_of(time, "time"))
    subjects, name = to_levels(subject, "subject"), name_of(group, "group")
    levels = to_levels(group, name)
    check_lengths({"subject": len(subjects.codes), "time": len(when), name: len(levels.codes)})
    if not np.isfinite(when).all():
        row = int(np.flatnonzero(~np.isfinite(when))[0])
        raise DataError("value-invalid", f"time holds {when[row]}", where=f"time, row {row + 1}",
                        reason="every assessment has a day")  # fmt: skip
    belongs = _one_group(subjects.codes, levels.codes, subjects.labels, levels.labels)
    own = [np.unique(when[(subjects.codes == s) & (when > 0.0)]) for s in range(len(subjects.labels))]
    counts = tuple(
        _counts(level, [own[s] for s in np.flatnonzero(belongs == g)], schedule)
        for g, level in enumerate(levels.labels)
    )
    z, chi_square, df = _rank_test([found.mean_interval for found in counts])
    message = None if df else "fewer than two groups have assessments that differ: there is nothing to compare"
    p_value = math.nan if not df else 2.0 * normal_tail(abs(z)) if df == 1 else chi_square_tail(chi_square, df)
    return AssessmentTimes(counts, name, z, chi_square, df, p_value, message, library_of(time))


def _schedule(planned: Sequence[float] | None, window: float | None) -> tuple[np.ndarray, float] | None:
    if (planned is None) != (window is None):
        missing = "window" if window is None else "planned"
        raise ArgumentError(
            "argument-invalid", f"{missing} is not given", where=missing,
            hint="planned times and the window around them belong together",
        )  # fmt: skip
    if planned is None or window is None:
        return None
    times = to_numbers(list(planned), "planned")
    if not (len(times) and np.isfinite(times).all() and (np.diff(times) > 0.0).all() and window >= 0.0):
        raise ArgumentError(
            "argument-invalid", f"planned is {times.tolist()} with window {window!r}", where="planned",
            hint="increasing times, and a window of zero or more",
        )  # fmt: skip
    return times, float(window)


def _one_group(subject: np.ndarray, group: np.ndarray, names: tuple[str, ...], labels: tuple[str, ...]) -> np.ndarray:
    """The group of each subject. Raises DataError where a subject has two."""
    found = np.zeros(len(names), dtype=np.int64)
    found[subject] = group
    wrong = found[subject] != group
    if wrong.any():
        one = subject[np.flatnonzero(wrong)[0]]
        both = sorted({labels[g] for g in group[subject == one]})
        raise DataError(
            "value-invalid", f"subject {names[one]} is in {' and '.join(both)}", where="group",
            reason="assessments are compared by the arm of the subject", hint="check the column of the arm",
        )  # fmt: skip
    return found


def _counts(level: str, own: list[np.ndarray], schedule: tuple[np.ndarray, float] | None) -> AssessmentCounts:
    gaps = [np.diff(times, prepend=0.0) for times in own]
    n_assessments = sum(len(times) for times in own)
    off = planned = missed = math.nan
    if schedule is not None:
        nominal, window = schedule
        near = [np.abs(times[:, None] - nominal) <= window for times in own]
        off = float(sum((~found.any(axis=1)).sum() for found in near))
        # A planned time counts once a later or matching assessment shows that the patient was still followed.
        due = [nominal - window <= times[-1] if len(times) else np.zeros(len(nominal), dtype=bool) for times in own]
        planned = float(sum(found.sum() for found in due))
        missed = float(sum((now & ~found.any(axis=0)).sum() for now, found in zip(due, near, strict=True)))
    every = np.concatenate(gaps) if gaps else np.zeros(0)
    means = np.array([gap.mean() for gap in gaps if len(gap)])
    return AssessmentCounts(level, len(own), n_assessments, every, off, planned, missed, means)


def _rank_test(samples: list[np.ndarray]) -> tuple[float, float, int]:
    """z (two samples), chi-square and degrees of freedom by midranks; zero degrees where nothing can be compared."""
    present = [sample for sample in samples if len(sample)]
    if len(present) < 2:
        return math.nan, math.nan, 0
    values = np.concatenate(present)
    n = len(values)
    distinct, place, size = np.unique(values, return_inverse=True, return_counts=True)
    if len(distinct) < 2:
        return math.nan, math.nan, 0
    rank = (np.cumsum(size) - (size - 1) / 2.0)[place]
    ends = np.cumsum([len(sample) for sample in present])
    sums = np.array([rank[end - len(sample) : end].sum() for end, sample in zip(ends, present, strict=True)])
    sizes = np.array([float(len(sample)) for sample in present])
    spread = float(((rank - (n + 1) / 2.0) ** 2).sum()) / (n - 1)
    chi_square = float(((sums - sizes * (n + 1) / 2.0) ** 2 / sizes).sum()) / spread
    last = (sums[-1] - sizes[-1] * (n + 1) / 2.0) / math.sqrt(spread * sizes[-1] * (n - sizes[-1]) / n)
    return (float(last) if len(present) == 2 else math.nan), chi_square, len(present) - 1
