"""One simulated trial as a data frame: the replicate that looked strange, patient by patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.frames.columns import to_native_frame
from equipoise.kernels.plain import general_draws, general_looks, trial_draws, trial_looks
from equipoise.kernels.plain.trial_spec import NEVER, TrialSpec
from equipoise.seeds import Stream
from equipoise.simulation.event_laws import refused
from equipoise.simulation.trial_model import TrialModel
from equipoise.simulation.trial_options import endpoint_number

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class DrawnTrial:
    """Trial number `index` of a seed by the plain law, whichever engine its model needs."""

    model: TrialModel
    seed: int
    index: int

    @cached_property
    def spec(self) -> Any:
        return self.model.to_spec()

    @cached_property
    def patients(self) -> Any:
        if isinstance(self.spec, TrialSpec):
            return trial_draws.draw_patients(self.spec, self.seed, [self.index])
        return general_draws.draw_histories(self.spec, self.seed, self.index, 1)

    @cached_property
    def look_ticks(self) -> Whole:
        """The calendar tick of each look (K,)."""
        if isinstance(self.spec, TrialSpec):
            return trial_looks.look_times(self.spec, self.patients)[0]
        return general_looks.look_times(self.spec.spec, self.patients)[0]

    def column(self, name: str) -> Whole:
        return getattr(self.patients, name)[0].astype(np.int64)

    def observed(self, look: int, endpoint: str) -> trial_looks.Observed:
        """Enrolled patients as they are seen at a look (from 1)."""
        cut = int(self.look_ticks[look - 1])
        if isinstance(self.spec, TrialSpec):
            return trial_looks.observe(self.patients, 0, cut)
        return general_looks.observe(self.spec.spec, self.patients, 0, cut, endpoint_number(endpoint))

    def latent(self) -> dict[str, Whole]:
        """Ticks since entry of everything that will ever happen, by name."""
        if isinstance(self.spec, TrialSpec):
            return {name: self.column(name) for name in ("event", "dropout")}
        found = {"event": self.column("progression")}
        if self.model.deaths is not None:
            found = {"progression": found["event"], "death": self.column("death")}
        if self.model.scans is not None:
            found["seen"] = self.column("seen")
        return found | {"dropout": self.column("dropout")}


def draw_trial(model: TrialModel, *, seed: int, index: int, look: int | None = None, endpoint: str = "event") -> Any:
    """The patients of trial number `index` of a seed, as `simulate` drew them, by the plain law.

    Arguments: `model`; `seed`, 0 to 2^48 - 1; `index`, from 0; `look`, from 1: the data of an `endpoint` ("event", or
    "death" where the model has deaths) as they stand at that look, or None for everything that will ever happen.

    Returns a polars data frame, a row for each patient in order of arrival: `patient` (from 1), `arm`, a column for
    each stratification factor, `entry`; then without a look `event_time` and `dropout_time` since entry, null beyond
    the horizon (with deaths `progression_time`, `death_time` and `switched`, with scans `seen_time`), with one `time`
    and `event` (1, or 0 where censored). Each time stands in the model's unit and, exactly, in ticks (`entry_tick`,
    `event_tick`, ..., `tick`); the statistics of `simulate` are those of the ticks.
    Raises ArgumentError `argument-invalid`.

    >>> from equipoise.design import Accrual, Hazard
    >>> model = TrialModel.two_arms(
    ...     accrual=Accrual.uniform(n=60, duration=12),
    ...     control=Hazard.from_median(6.0),
    ...     effect=0.5,
    ...     looks=40,
    ...     alpha=0.025,
    ... )
    >>> drawn = draw_trial(model, seed=1, index=731_204, look=1)
    >>> int(drawn["event"].sum())
    40
    """
    _ = Stream(seed, "trials", index)
    drawn = DrawnTrial(model, seed, index)
    rows = np.arange(model.n)
    found: dict[str, list[Any]] = {}
    if look is None:
        for name, ticks in drawn.latent().items():
            found |= _times(f"{name}_time", f"{name}_tick", ticks, model)
        if model.deaths is not None:
            found["switched"] = drawn.column("switched").tolist()
    else:
        _check_look(look, len(model.looks))
        endpoint_number(endpoint)
        seen = drawn.observed(look, endpoint)
        rows = np.flatnonzero(drawn.column("entry") < drawn.look_ticks[look - 1])
        found = _times("time", "tick", seen.time, model) | {"event": seen.event.astype(np.int64).tolist()}
    return to_native_frame({**_who(drawn, rows), **found}, None)


def draw_look_times(model: TrialModel, *, seed: int, index: int) -> list[float]:
    """The calendar times of the looks of trial number `index`, in the model's unit; see `draw_trial`."""
    return (DrawnTrial(model, seed, index).look_ticks / model.ticks_per_unit).tolist()


def _who(drawn: DrawnTrial, rows: Whole) -> Mapping[str, list[Any]]:
    """Patient number, arm, the level of each factor, entry."""
    model = drawn.model
    levels = [model.strata[s] for s in drawn.column("stratum")[rows].tolist()]
    found: dict[str, list[Any]] = {
        "patient": (rows + 1).tolist(),
        "arm": [model.arms[a] for a in drawn.column("arm")[rows].tolist()],
    }
    for place, name in enumerate(model.randomization.scheme.factors):
        found[name] = [each[place] for each in levels]
    return found | _times("entry", "entry_tick", drawn.column("entry")[rows], model)


def _times(name: str, tick_name: str, ticks: Whole, model: TrialModel) -> dict[str, list[Any]]:
    """A time in the model's unit and in ticks, missing where it lies beyond the horizon."""
    known = [tick if tick < NEVER else None for tick in ticks.tolist()]
    return {name: [None if tick is None else tick / model.ticks_per_unit for tick in known], tick_name: known}


def _check_look(look: object, looks: int) -> None:
    if isinstance(look, bool) or not isinstance(look, int) or not 1 <= look <= looks:
        raise refused("look", look, f"a look from 1 to {looks}, or None for all that happens")
