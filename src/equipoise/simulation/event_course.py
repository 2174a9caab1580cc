"""Patients and events over calendar time, with bands: what a trial that follows the model may look like on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult
from equipoise.simulation.tallies import histogram_quantile
from equipoise.simulation.trial_looks import TrialLook
from equipoise.simulation.trial_model import TrialModel
from equipoise.simulation.trial_runs import Work, divide, run_trials

Floats = npt.NDArray[np.float64]

PROBABILITIES = (0.05, 0.25, 0.5, 0.75, 0.95)
POINTS = 24
_SHOWN = ("events", "enrolled")


@dataclass(frozen=True, eq=False, repr=False)
class EventCourse(RowResult):
    """Quantiles over `trials` simulated trials: by measure ("events", "enrolled") an array (probabilities, times).

    `time` (T,), calendar times in `time_unit`, nobody stopping before.
    """

    time: Floats
    quantiles: dict[str, Floats]
    mean: dict[str, Floats]
    trials: int
    time_unit: str
    library: str | None = None

    def to_rows(self) -> list[ResultRow]:
        """`<measure>_mean`, `<measure>_q05` ... `<measure>_q95` at each time, from time 0 on."""
        return [row for name in _SHOWN for row in self._of(name)]

    def _of(self, name: str) -> list[ResultRow]:
        curves: dict[str, Floats] = {"mean": self.mean[name]}
        curves |= {quantile_name(p): row for p, row in zip(PROBABILITIES, self.quantiles[name], strict=True)}
        place: dict[str, Any] = {"analysis": "simulate", "parameter": "course", "at_unit": self.time_unit}
        rows = []
        for at, number in zip([0.0, *self.time.tolist()], range(-1, len(self.time)), strict=True):
            for curve, values in curves.items():
                value = 0.0 if number < 0 else float(values[number])
                rows.append(ResultRow(statistic=f"{name}_{curve}", at=at, value=value, **place))
        return rows


def quantile_name(probability: float) -> str:
    """ "q05" of 0.05.

    >>> quantile_name(0.05)
    'q05'
    """
    return f"q{round(100 * probability):02d}"


def draw_event_course(
    model: TrialModel, horizon: float, *, trials: int = 2048, seed: int, engine: str = "auto", points: int = POINTS
) -> EventCourse:
    """Quantiles of events and patients by calendar time up to `horizon`, over the first `trials` trials of the seed.

    Every point is a look by the clock at the same patients, so it counts what an analysis there would.
    """
    time = np.linspace(0.0, min(horizon, model.longest), points + 1)[1:]
    watched = model.with_looks([TrialLook(time=float(t)) for t in time])
    work = Work.of(watched, seed, engine, cox=False, medians=False)
    tally, _ = run_trials(work, trials, divide(trials, 1, None, None), enough=lambda _: False)
    quantiles, mean = {}, {}
    for name in _SHOWN:
        bins = work.layout.bins[name]
        counts = [work.layout.counts(tally.histograms, name, look) for look in range(1, points + 1)]
        quantiles[name] = np.array([[histogram_quantile(each, bins, p) for each in counts] for p in PROBABILITIES])
        mean[name] = tally.sums[0, work.layout.row(name, 1) :][:points] / tally.trials
    return EventCourse(time, quantiles, mean, tally.trials, model.time_unit)
