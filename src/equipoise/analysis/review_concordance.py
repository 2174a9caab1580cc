"""Investigator against central review: do they call the same progressions, and at the same time, in both arms?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.errors import ArgumentError
from equipoise.frames.columns import check_lengths, check_level, library_of, name_of, to_events, to_levels, to_times
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number


@dataclass(frozen=True)
class ReviewCounts:
    """How two reviews of one group's patients compare; the letters are those of Amit and others.

    Both call a progression: `same` (a1) at the same time, `later` (a2) the investigator later, `earlier` (a3) the
    investigator earlier. `investigator_only` (b), `central_only` (c), `neither` (d).
    """

    level: str
    same: int
    later: int
    earlier: int
    investigator_only: int
    central_only: int
    neither: int

    @property
    def n(self) -> int:
        return self.both + self.investigator_only + self.central_only + self.neither

    @property
    def both(self) -> int:
        return self.same + self.later + self.earlier

    @property
    def early_discrepancy(self) -> float:
        """(b + a3) / (a + b): among progressions of the investigator, those called early or not confirmed."""
        return _share(self.investigator_only + self.earlier, self.both + self.investigator_only)

    @property
    def late_discrepancy(self) -> float:
        """(c + a2) / (b + c + a2 + a3): among discrepancies, those in which the investigator is late."""
        late = self.central_only + self.later
        return _share(late, late + self.investigator_only + self.earlier)

    @property
    def event_agreement(self) -> float:
        """(a + d) / n: both call a progression, or neither does."""
        return _share(self.both + self.neither, self.n)

    @property
    def full_agreement(self) -> float:
        """(a1 + d) / n: the time agrees too."""
        return _share(self.same + self.neither, self.n)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


@dataclass(frozen=True, eq=False, repr=False)
class ReviewConcordance(RowResult):
    """Concordance by group; `counts` holds one `ReviewCounts` each, the `reference` first where there is one.

    Times within `tolerance` are the same.
    """

    counts: tuple[ReviewCounts, ...]
    group_name: str
    tolerance: float
    reference: str | None
    library: str | None = None

    def __getitem__(self, level: Any) -> ReviewCounts:
        return next(found for found in self.counts if found.level == str(level))

    def to_rows(self) -> list[ResultRow]:
        """Counts and rates by group; differences of the discrepancy rates of each group from the reference."""
        rows = []
        names = ("n", "same", "later", "earlier", "investigator_only", "central_only", "neither")
        rates = ("early_discrepancy", "late_discrepancy", "event_agreement", "full_agreement")
        for found in self.counts:
            place: dict[str, Any] = {"parameter": "concordance", "method": "discrepancy-rates"}
            place |= {"group1": self.group_name, "level1": found.level} if found.level else {}
            for name in names:
                label = name if name == "n" else f"n_{name}"
                rows.append(ResultRow(statistic=label, value=float(getattr(found, name)), format="int", **place))
            rows += [ResultRow(statistic=r, format="percent", **place, **number(getattr(found, r))) for r in rates]
        if self.reference is None:
            return rows
        base = self.counts[0]
        for found in self.counts[1:]:
            place = {"parameter": f"{found.level} vs {base.level}", "method": "discrepancy-rates", "format": "percent"}
            for rate in rates[:2]:
                value = getattr(found, rate) - getattr(base, rate)
                rows.append(ResultRow(statistic=f"{rate}_difference", **place, **number(value)))
        return rows


def concordance(
    investigator_time: Any,
    investigator_event: Any,
    central_time: Any,
    central_event: Any,
    group: Any = None,
    *,
    reference: Any = None,
    tolerance: float = 0.0,
) -> ReviewConcordance:
    """Progression as the investigator and as a blinded central review saw it, compared within each group.

    Arguments, columns with one row per patient read by both: the time of progression, or of censoring, and 1 where
    progression was called (not death), of each review; `group`, the arm; `reference`, its control level, for
    differences; `tolerance`, in the unit of time: dates this close are the same.

    An early discrepancy rate that is lower, or a late discrepancy rate that is higher, in the experimental arm than in
    the control arm speaks for an investigator who waits longer there: bias in its favor. Returns a
    `ReviewConcordance`. Raises DataError and ArgumentError for input that cannot be used.

    Formula: EDR = (b + a3) / (a + b), LDR = (c + a2) / (b + c + a2 + a3), see `ReviewCounts`.
    Source: Amit O, Mannino F, Stone AM, et al. Eur J Cancer 2011;47:1772-1778, doi:10.1016/j.ejca.2011.02.013.

    >>> read = concordance([10, 20, 30, 40], [1, 1, 1, 0], [10, 25, 30, 35], [1, 1, 0, 1])
    >>> read.counts[0].early_discrepancy, read.counts[0].late_discrepancy
    (0.6666666666666666, 0.3333333333333333)
    """
    times = [to_times(investigator_time, "investigator_time"), to_times(central_time, "central_time")]
    calls = [to_events(investigator_event, "investigator_event"), to_events(central_event, "central_event")]
    n = len(times[0])
    check_lengths(
        {"investigator_time": n, "investigator_event": len(calls[0]), "central_time": len(times[1]),
         "central_event": len(calls[1])}
    )  # fmt: skip
    if not (isinstance(tolerance, int | float) and tolerance >= 0.0):
        raise ArgumentError(
            "argument-invalid", f"tolerance is {tolerance!r}", where="tolerance", hint="a length of time, zero or more"
        )
    name = name_of(group, "group")
    levels = to_levels(np.zeros(n) if group is None else group, name)
    check_lengths({"investigator_time": n, name: len(levels.codes)})
    labels = ("",) if group is None else levels.labels
    order = _order(labels, reference, name)
    gap = times[0] - times[1]
    both = calls[0] & calls[1]
    kinds = {
        "same": both & (np.abs(gap) <= tolerance),
        "later": both & (gap > tolerance),
        "earlier": both & (gap < -tolerance),
        "investigator_only": calls[0] & ~calls[1],
        "central_only": calls[1] & ~calls[0],
        "neither": ~calls[0] & ~calls[1],
    }
    counts = tuple(
        ReviewCounts(labels[g], **{kind: int((mask & (levels.codes == g)).sum()) for kind, mask in kinds.items()})
        for g in order
    )
    base = None if reference is None else labels[order[0]]
    return ReviewConcordance(counts, name, float(tolerance), base, library_of(investigator_time))


def _order(labels: tuple[str, ...], reference: Any, name: str) -> list[int]:
    if reference is None:
        return list(range(len(labels)))
    first = check_level(reference, labels, name)
    return [first, *(g for g in range(len(labels)) if g != first)]
