"""The course of a planned trial: who is enrolled, has an event, is lost, by arm and stratum, at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from equipoise.design.hazards import Accrual, Dropout, Hazard
from equipoise.design.levels import check_positive, experimental_share, refused, to_ratio
from equipoise.errors import ArgumentError, DesignError
from equipoise.kernels.plain.piecewise_events import Course
from equipoise.kernels.plain.roots import root_between

Floats = npt.NDArray[np.float64]
Dropouts = Dropout | Mapping[str, Dropout] | None

ARMS = ("control", "experimental")
OVERALL = "overall"
_NEARLY_ALL = 0.99


@dataclass(frozen=True)
class Stratum:
    """One stratum of a planned trial.

    `share` of the patients (above 0; the shares of all strata sum to 1), the `control` arm's hazard, and, where they
    differ from the trial's, the `experimental` hazard or the `hazard_ratio`, and the `dropout`.
    """

    share: float
    control: Hazard
    experimental: Hazard | None = None
    hazard_ratio: float | None = None
    dropout: Dropouts = None


@lru_cache(maxsize=256)
def _course_of(event: Hazard, loss: Hazard) -> Course:
    # Searches over hazard ratios ask for the control arm's course again and again.
    return Course(event.arrays, loss.arrays)


@dataclass(frozen=True)
class Cell:
    """One arm of one stratum: its share of all patients, its two hazards, and what a patient goes through."""

    stratum: str
    arm: str
    share: float
    hazard: Hazard
    loss: Hazard

    @property
    def events(self) -> Course:
        return _course_of(self.hazard, self.loss)

    @property
    def losses(self) -> Course:
        return _course_of(self.loss, self.hazard)


@dataclass(frozen=True)
class TrialCourse:
    """The cells of a trial, strata by arms (control first): what happens to patients, whoever many come and when."""

    cells: tuple[Cell, ...]
    ratio: float
    strata: tuple[str, ...] = field(default=(OVERALL,))

    def _over_cells(self, accrual: Accrual, values: Callable[[Cell], Floats]) -> Floats:
        rates = np.array(accrual.rates)
        # Arms or strata that share both hazards are worked out once.
        alike = {(cell.hazard, cell.loss): cell for cell in self.cells}
        per_patient = {key: values(cell) @ rates for key, cell in alike.items()}
        found = [cell.share * per_patient[cell.hazard, cell.loss] for cell in self.cells]
        return np.stack(found).reshape(len(self.strata), len(ARMS), -1)

    def events(self, accrual: Accrual, time: Floats) -> Floats:
        """Expected events (strata, arms, times) at calendar times (times,)."""
        edges = accrual.edges
        return self._over_cells(accrual, lambda cell: cell.events.over_arrivals(time, edges).integral())

    def losses(self, accrual: Accrual, time: Floats) -> Floats:
        """Expected patients lost before an event."""
        edges = accrual.edges
        return self._over_cells(accrual, lambda cell: cell.losses.over_arrivals(time, edges).integral())

    def variance(self, accrual: Accrual, time: Floats) -> Floats:
        """Variance of the events of patients who arrive as planned: the integral of a(u) F(1 - F)."""

        def spread(cell: Cell) -> Floats:
            arrived = cell.events.over_arrivals(time, accrual.edges)
            # Where nearly everyone has had the event the two agree to rounding, and the difference may be below zero.
            return np.maximum(arrived.integral() - arrived.square_integral(), 0.0)

        return self._over_cells(accrual, spread)

    def pace(self, accrual: Accrual, time: Floats) -> Floats:
        """Events per time unit, the derivative of `events`."""
        edges = accrual.edges
        return self._over_cells(accrual, lambda cell: cell.events.over_arrivals(time, edges).gain())

    def enrolled(self, accrual: Accrual, time: Floats) -> Floats:
        """Patients arrived."""
        arrived = np.asarray(accrual.enrolled(time))
        return np.stack([cell.share * arrived for cell in self.cells]).reshape(len(self.strata), len(ARMS), -1)

    def final_events(self, n: float) -> Floats:
        """Expected events (strata, arms) of `n` patients followed without end."""
        return np.array([n * cell.share * cell.events.limit() for cell in self.cells]).reshape(-1, len(ARMS))

    def total_events(self, accrual: Accrual, time: float) -> float:
        """Expected events of all patients at one time."""
        return float(self.events(accrual, np.array([time])).sum())

    def event_share(self) -> float:
        """The share of patients who have an observed event if followed without end."""
        return float(self.final_events(1.0).sum())

    def time_of(self, events: float, accrual: Accrual) -> float:
        """The calendar time by which `events` are expected. Raises DesignError `design-unreachable`."""
        most = accrual.total * self.event_share()
        if events >= most * (1.0 - 1e-12):
            raise self._unreachable(events, accrual, most)
        return self._crossing(events, accrual)

    def _crossing(self, events: float, accrual: Accrual) -> float:
        high = accrual.end
        while (f_high := self.total_events(accrual, high) - events) < 0.0:
            high *= 2.0
        return root_between(lambda t: self.total_events(accrual, t) - events, 0.0, high, -events, f_high)

    def _unreachable(self, events: float, accrual: Accrual, most: float) -> DesignError:
        if most == 0.0:
            raise refused("control", self.cells[0].hazard, "a hazard above zero somewhere", "no events ever happen")
        when = self._crossing(_NEARLY_ALL * most, accrual)
        lost = accrual.total - most
        limit = f"fewer than {most:.6g}" if f"{events:.6g}" == f"{most:.6g}" else f"at most {most:.6g}"
        return DesignError(
            "design-unreachable",
            f"{events:.6g} events cannot be reached: {limit} are expected, however long the follow-up",
            reason=f"of {accrual.n:.6g} patients, {lost:.4g} are expected to be lost or never to have the event",
            hint="enroll more patients, lower the number of events, or assume less dropout; "
            f"{_NEARLY_ALL:.0%} of the maximum is expected by time {when:.4g}",
        )


def trial_course(
    *,
    control: Hazard | None,
    experimental: Hazard | None = None,
    hazard_ratio: float | None = None,
    dropout: Dropouts = None,
    ratio: object = 1.0,
    strata: Mapping[str, Stratum] | None = None,
) -> TrialCourse:
    """The course of a trial from its hazards; arguments as of `expected_events`."""
    r = to_ratio(ratio)
    shares = (1.0 - experimental_share(r), experimental_share(r))
    cells: list[Cell] = []
    for name, stratum in _strata(control, strata).items():
        own = stratum.experimental is not None or stratum.hazard_ratio is not None
        effect = (stratum.experimental, stratum.hazard_ratio) if own else (experimental, hazard_ratio)
        pair = (stratum.control, experimental_hazard(stratum.control, *effect))
        losses = dropout_by_arm(dropout if stratum.dropout is None else stratum.dropout)
        cells += [
            Cell(name, arm, stratum.share * share, hazard, loss)
            for arm, share, hazard, loss in zip(ARMS, shares, pair, losses, strict=True)
        ]
    return TrialCourse(tuple(cells), r, tuple(strata) if strata else (OVERALL,))


def _strata(control: Hazard | None, strata: Mapping[str, Stratum] | None) -> dict[str, Stratum]:
    if not strata:
        return {OVERALL: Stratum(1.0, _hazard(control, "control"))}
    if control is not None:
        hint = "leave out control: every stratum has its own"
        raise ArgumentError("argument-invalid", "control and strata are both given", where="control", hint=hint)
    if not isinstance(strata, Mapping):
        raise refused("strata", strata, "a mapping from name to Stratum(share, control)")
    for name, stratum in strata.items():
        if not isinstance(stratum, Stratum):
            raise refused("strata", strata, "a mapping from name to Stratum(share, control)")
        check_positive(stratum.share, f"share of stratum {name}")
        _hazard(stratum.control, f"control of stratum {name}")
    total = sum(stratum.share for stratum in strata.values())
    if abs(total - 1.0) > 1e-9:
        raise refused("strata", strata, "shares that sum to 1", f"the shares of the strata sum to {total:.6g}")
    return dict(strata)


def _hazard(value: Hazard | None, name: str) -> Hazard:
    if not isinstance(value, Hazard):
        raise refused(name, value, "a Hazard, such as Hazard.from_median(3.6)")
    return value


def experimental_hazard(control: Hazard, experimental: Hazard | None, hazard_ratio: float | None) -> Hazard:
    """The experimental arm's hazard, given as itself or by the hazard ratio; exactly one of them."""
    if (experimental is None) == (hazard_ratio is None):
        said = "experimental and hazard_ratio are " + ("both missing" if experimental is None else "both given")
        raise ArgumentError(
            "argument-invalid", said, where="hazard_ratio", hint="give one: a Hazard, or experimental to control"
        )
    return _hazard(experimental, "experimental") if hazard_ratio is None else control.times(hazard_ratio)


def dropout_by_arm(dropout: Dropouts | float) -> tuple[Hazard, Hazard]:
    """The hazards of loss of the control and the experimental arm."""
    if dropout is None:
        return Hazard((0.0,)), Hazard((0.0,))
    if isinstance(dropout, Mapping):
        if set(dropout) != set(ARMS):
            raise refused("dropout", dropout, 'one Dropout for both arms, or {"control": ..., "experimental": ...}')
        return dropout_by_arm(dropout["control"])[0], dropout_by_arm(dropout["experimental"])[0]
    if not isinstance(dropout, Dropout):
        raise refused("dropout", dropout, "Dropout(rate), or Dropout(probability=0.1, at=12)")
    return dropout.hazard, dropout.hazard
