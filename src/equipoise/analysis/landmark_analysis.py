"""Landmark analysis: survival from a fixed day on, of those still under observation then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.inputs import CONVENTIONS, check_choice, survival_data, tolerance_of
from equipoise.analysis.survival_curves import KaplanMeier, kaplan_meier
from equipoise.errors import EstimationError
from equipoise.frames.columns import library_of, to_times
from equipoise.frames.results import ResultRow, fill
from equipoise.frames.row_result import RowResult


@dataclass(frozen=True)
class LandmarkCounts:
    """Of one group (`level`): who entered, had the event or was censored by the landmark, and is at risk after it."""

    level: str
    n: int
    n_event: int
    n_censor: int
    n_risk: int


@dataclass(frozen=True, eq=False, repr=False)
class Landmark(RowResult):
    """Those at risk after the landmark `at`, and why the others are left out.

    `kept` (n) marks them in the order of the rows handed in, `time` and `event` are theirs, counted from the landmark;
    `curves` is the survival from there, conditional on having come so far. `counts` holds one `LandmarkCounts` per
    group.
    """

    at: float
    kept: np.ndarray
    time: np.ndarray
    event: np.ndarray
    counts: tuple[LandmarkCounts, ...]
    curves: KaplanMeier
    group_name: str
    time_unit: str | None = None
    library: str | None = None

    def to_rows(self) -> list[ResultRow]:
        """n, n_event_before, n_censor_before and n_risk by group; then the rows of the curves from the landmark."""
        rows = []
        for found in self.counts:
            place: dict[str, Any] = {"parameter": "landmark", "at": self.at, "at_unit": self.time_unit}
            place |= {"method": "landmark", "format": "int"}
            if found.level:
                place |= {"group1": self.group_name, "level1": found.level}
            values = {
                "n": found.n, "n_event_before": found.n_event, "n_censor_before": found.n_censor,
                "n_risk": found.n_risk,
            }  # fmt: skip
            rows += [ResultRow(statistic=name, value=float(value), **place) for name, value in values.items()]
        return rows + fill(self.curves.to_rows(), label="from the landmark")


def landmark(
    time: Any,
    event: Any,
    *,
    at: float,
    group: Any = None,
    conf_type: str | None = None,
    conf_level: float = 0.95,
    convention: str = "r",
    time_tolerance: float | None = None,
    time_unit: str | None = None,
) -> Landmark:
    """Survival after a landmark of those still at risk then, by what was known of them at that time.

    Arguments: `time`, `event`, columns as of `kaplan_meier`; `at`, the landmark, chosen before the data are seen;
    `group`, what is compared: the arm, or a state known at the landmark, such as a response by then. Those with an
    event or censored up to and at `at` are left out, and counted. `conf_type`, `conf_level`, `convention`,
    `time_tolerance`, `time_unit` as of `kaplan_meier`.

    Returns a `Landmark`; `.kept` takes the same patients from other columns, for `logrank` or `cox` with `.time` and
    `.event`. Groups by response are not randomized groups. Raises EstimationError where nobody is at risk after the
    landmark, DataError and ArgumentError for input that cannot be used.

    Formula: S(at + t) / S(at), estimated from the times less `at` of those with time > at.
    Source: Anderson JR, Cain KC, Gelber RD. J Clin Oncol 1983;1:710-719, doi:10.1200/JCO.1983.1.11.710.

    >>> found = landmark([2, 5, 6, 8], [1, 0, 1, 1], at=5)
    >>> found.time.tolist(), found.counts[0].n_event, found.counts[0].n_censor
    ([1.0, 3.0], 1, 1)
    """
    check_choice(convention, CONVENTIONS, "convention")
    when = float(to_times([at], "at")[0])
    tolerance = tolerance_of(time_tolerance, convention)
    data = survival_data(time, event, group=group, time_tolerance=tolerance)
    kept = data.time > when
    if not kept.any():
        raise EstimationError("estimate-undefined", f"nobody is at risk after {when:g}: there is no landmark analysis")
    since, happened = data.time[kept] - when, data.event[kept].astype(int)
    labels = np.array(data.group.labels)[data.group.codes[kept]]
    curves = kaplan_meier(
        since, happened, group=None if group is None else labels,
        conf_type=conf_type, conf_level=conf_level, convention=convention, time_tolerance=time_tolerance,
        time_unit=time_unit,
    )  # fmt: skip
    counts = tuple(
        LandmarkCounts(
            level, int(own.sum()), int((own & ~kept & data.event).sum()), int((own & ~kept & ~data.event).sum()),
            int((own & kept).sum()),
        )
        for g, level in enumerate(data.group.labels)
        for own in [data.group.codes == g]
    )  # fmt: skip
    return Landmark(when, kept, since, happened, counts, curves, data.group_name, time_unit, library_of(time))
