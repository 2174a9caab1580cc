"""How long a patient may go without an assessment: the trial's schedule, changed intervals included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.derivation.study import KEYS
from equipoise.protocol.conduct import TumorAssessments
from equipoise.protocol.trial import Trial

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AssessmentWindows:
    """The tumor-assessment schedule as rules ask for it; days count from the schedule's anchor, its day being 0.

    An assessment belongs to the latest scheduled one whose window has opened by its day: with a scan every 56 days and
    a window of 7, days 49 to 104 belong to that of day 56. After the last scheduled assessment nothing can be missed.
    """

    schedule: TumorAssessments

    @property
    def window(self) -> float:
        """How far an assessment may be off, in days."""
        return self.schedule.window.value.days

    @property
    def anchor(self) -> str:
        """The ADSL column of the day from which the schedule counts."""
        return "RANDDT" if self.schedule.anchor == "randomization" else "TRTSDT"

    def next_intervals(self, days: npt.ArrayLike, intervals: int) -> Floats:
        """The days from the scheduled assessment that each of `days` belongs to, to the one `intervals` later.

        Infinite where no so many are scheduled. Days may be negative or missing (NaN gives NaN).
        """
        asked = np.asarray(days, dtype=np.float64)
        longest = max(interval.every.days for interval in self.schedule.intervals.value)
        last = float(np.nanmax(asked, initial=0.0))
        planned = np.array([0.0, *self.schedule.planned_days(last + self.window + (intervals + 1) * longest)])
        place = np.searchsorted(planned[1:] - self.window, asked, side="right")
        padded = np.concatenate([planned, np.full(intervals, np.inf)])
        found = padded[np.minimum(place + intervals, len(padded) - 1)] - planned[place]
        return np.where(np.isnan(asked), np.nan, found)


def trial_windows(trial: Trial | None) -> AssessmentWindows | None:
    """The schedule of a trial; None where there is none."""
    scans = trial.schedule.tumor_assessments if trial else None
    return None if scans is None else AssessmentWindows(scans)


def derive_anchor(adsl: pl.DataFrame, windows: AssessmentWindows) -> pl.DataFrame:
    """ANCHORDT of each subject: where the schedule counts from; randomization for one who was never treated."""
    return adsl.select(*KEYS, ANCHORDT=pl.coalesce(windows.anchor, "RANDDT"))
