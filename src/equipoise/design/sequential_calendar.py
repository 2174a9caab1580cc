"""A group-sequential design on its calendar: patients, and when its looks are expected."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.design.design_result import DesignResult, design_row, prose_number, render_code
from equipoise.design.expectation import ExpectedCourse, expected_events, time_of_events
from equipoise.design.fixed import power_rows
from equipoise.design.hazards import Accrual, Hazard
from equipoise.design.levels import check_positive, refused
from equipoise.design.sequential_design import GroupSequentialDesign
from equipoise.design.trial_course import Dropouts, Stratum
from equipoise.errors import DesignError
from equipoise.frames.results import ResultRow

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class SequentialTrial(DesignResult):
    """A group-sequential design with its accrual.

    `design`; `accrual` with its `n`; `n_exact`, patients before rounding; `looks`, the expected course at the times of
    the looks under the alternative (`looks.time` (K,), enrolled, events, standard error of the times).
    """

    design: GroupSequentialDesign
    accrual: Accrual
    n_exact: float
    looks: ExpectedCourse
    arguments: Mapping[str, Any]
    time_unit: str = "months"

    @property
    def n(self) -> float:
        """Patients planned."""
        return float(self.accrual.n)  # type: ignore[arg-type]

    @property
    def time(self) -> Floats:
        """Calendar times of the looks (K,) under the alternative, from the first enrollment."""
        return self.looks.time

    @property
    def expected_duration(self) -> float:
        """The expected time of the look at which the trial stops, under the alternative."""
        below, above = self.design.crossing(self.design.drift)
        stops = below + above
        stops[-1] = 1.0 - stops[:-1].sum()
        return float(stops @ self.time)

    def to_rows(self) -> list[ResultRow]:
        """The rows of the design, then n, the expected duration, and by look time, its standard error, n enrolled."""
        unit: dict[str, Any] = {"unit": self.time_unit, "method": "expected-events"}
        rows = [*self.design.to_rows(), design_row("n", self.n, method="expected-events")]
        rows.append(design_row("expected_duration", self.expected_duration, **unit))
        errors, enrolled = np.atleast_1d(self.looks.std_error), np.atleast_1d(self.looks.n)
        for k in range(self.design.looks):
            rows.append(design_row("time", self.time[k], look=k + 1, **unit))
            rows.append(design_row("time_std_error", errors[k], look=k + 1, **unit))
            rows.append(design_row("n_enrolled", enrolled[k], look=k + 1, method="expected-events"))
        return rows

    def figure_rows(self) -> list[ResultRow]:
        """The rows of the trial, and for a figure the course of patients and events under the alternative."""
        names = [*(f"look {k}" for k in range(1, self.design.looks)), "final"]
        looks = zip(names, self.time.tolist(), self.design.events.tolist(), strict=True)
        return [
            *self.to_rows(),
            *self.looks.course_rows(list(looks)),
            *power_rows(self.design, self.design.hazard_ratio),
        ]

    def text(self) -> str:
        times = [prose_number(t, 1) for t in self.time.tolist()]
        when = times[0] if len(times) == 1 else f"{', '.join(times[:-1])} and {times[-1]}"
        noun = "look is" if len(times) == 1 else "looks are"
        return (
            f"{self.design.text()} {prose_number(self.n, 1)} patients are randomized over "
            f"{prose_number(float(self.accrual.duration or math.nan), 1)} {self.time_unit}; under the alternative the "
            f"{noun} expected {when} {self.time_unit} after the first patient is randomized, and the trial is expected "
            f"to stop after {prose_number(self.expected_duration, 1)} {self.time_unit}."
        )

    def code(self) -> str:
        return render_code("sequential_trial", {"design": self.design, **self.arguments})


def sequential_trial(
    design: GroupSequentialDesign,
    *,
    accrual: Accrual,
    control: Hazard | None = None,
    follow_up: float | None = None,
    dropout: Dropouts = None,
    strata: Mapping[str, Stratum] | None = None,
    time_unit: str = "months",
) -> SequentialTrial:
    """A group-sequential design with its patients and the expected times of its looks.

    Arguments: `design`, with events and a hazard ratio; `accrual`, with its duration, and either its n, or none and
    `follow_up`, the time from the end of accrual by which the last look's events shall be expected: n is then solved
    for, from the events before rounding, and rounded to the nearest if the design's events are rounded; `control`, the
    control arm's `Hazard`, or `strata`, a mapping from name to `Stratum`; `dropout`, one for both arms or by arm; the
    hazard ratio and the randomization ratio are the design's.

    Returns a `SequentialTrial`. Raises ArgumentError `argument-invalid`; DesignError `design-unknowns`,
    `design-unreachable`. Source: Lachin JM, Foulkes MA. Biometrics 1986;42:507-519.

    >>> from equipoise.design import group_sequential
    >>> design = group_sequential([0.5, 1.0], alpha=0.025, sides=1, power=0.9, hazard_ratio=0.6, integer=True)
    >>> trial = sequential_trial(
    ...     design, accrual=Accrual.uniform(duration=24), control=Hazard.from_median(9.4), follow_up=10
    ... )
    >>> trial.n, [round(t, 1) for t in trial.time.tolist()]
    (234.0, [20.3, 34.1])
    """
    if not isinstance(design, GroupSequentialDesign):
        raise refused("design", design, "the result of group_sequential")
    if not isinstance(accrual, Accrual):
        raise refused("accrual", accrual, "an Accrual, such as Accrual.uniform(duration=24)")
    if math.isnan(design.maximum) or math.isnan(design.drift):
        raise DesignError("design-unknowns", "the design has no events or no alternative", where="design",
                          hint="give group_sequential power and hazard_ratio, or events and hazard_ratio")  # fmt: skip
    common: dict[str, Any] = {
        "control": control, "hazard_ratio": design.hazard_ratio, "dropout": dropout, "ratio": design.ratio,
        "strata": strata, "time_unit": time_unit,
    }  # fmt: skip
    given = {"accrual": accrual, "control": control, "follow_up": follow_up, "dropout": dropout, "strata": strata}
    planned, exact = _with_patients(design, accrual, follow_up, common)
    looks = time_of_events(design.events, accrual=planned, **common)
    return SequentialTrial(design, planned, exact, looks, given | {"time_unit": time_unit}, time_unit)


def _with_patients(
    design: GroupSequentialDesign, accrual: Accrual, follow_up: float | None, common: dict[str, Any]
) -> tuple[Accrual, float]:
    if accrual.n is not None:
        if follow_up is not None:
            raise refused("follow_up", follow_up, "leave out follow_up, or the n of the accrual",
                          "with n given, the times of the looks follow")  # fmt: skip
        return accrual, float(accrual.n)
    if follow_up is None or accrual.duration is None:
        raise DesignError("design-unknowns", "the accrual has no n, and nothing to find it from", where="accrual",
                          hint="give the accrual an n, or a duration together with follow_up")  # fmt: skip
    end = accrual.duration + check_positive(follow_up, "follow_up", zero=True)
    share = expected_events(end, accrual=accrual.with_n(1.0), **common).total
    rounded = design.events_exact is not None
    exact = (design.events_exact or design.maximum) / share
    return accrual.with_n(float(math.floor(exact + 0.5)) if rounded else exact), exact
