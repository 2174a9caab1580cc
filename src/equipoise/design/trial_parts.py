"""The parts of a trial's design, computed from its premises: what is required, what patients buy, when, how fragile."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from equipoise.design.average_effects import average_hazard_ratio
from equipoise.design.expectation import ExpectedCourse, expected_events, time_of_events
from equipoise.design.fixed import LogrankPower, detectable_hazard_ratio, events_required, power_of
from equipoise.design.fragility import SensitivityGrid, power_curve, sensitivity_grid
from equipoise.design.look_dates import expected_look_time
from equipoise.design.sample_size import FixedDesign, fixed_design
from equipoise.design.sequential_design import GroupSequentialDesign
from equipoise.design.sequential_planning import group_sequential
from equipoise.design.spending import Spending
from equipoise.design.trial_premises import DesignPremises, PremisedBound
from equipoise.errors import DesignError

if TYPE_CHECKING:
    from equipoise.design.weighted_design import WeightedLogrankDesign

COURSE_POINTS = 61
POWER_POINTS = 61
USUAL_POWER = 0.80
_METHODS = ("schoenfeld", "freedman")


@dataclass(frozen=True)
class PlannedLook:
    """A look as expected: its number, trigger, events and date; `problem` where its events are never reached.

    `test`, one test at these events; `power`, its power under the hazards assumed; `dated`: its events are those
    expected at its date; `words`, what starts it where that is not a single number of events, or a date.
    """

    number: int
    id: str
    events: float
    course: ExpectedCourse | None
    test: LogrankPower
    power: float
    dated: bool = False
    problem: str | None = None
    words: str = ""

    @property
    def time(self) -> float | None:
        return None if self.course is None else float(self.course.time[0])


@dataclass(frozen=True, repr=False)
class DesignParts:
    """The parts of a design, each computed when it is asked for.

    `requirement`: the events its effect and power ask for, by Schoenfeld's and by Freedman's formula (None where the
    scenario states no power). `at_end`: what is expected by the planned end of follow-up. `looks`: the planned looks
    with their dates and, without bounds, the power of a test there. `final_events`: those of the final analysis, or of
    the requirement where no look is planned.
    """

    premises: DesignPremises

    @cached_property
    def hazard_ratio(self) -> float:
        """The planned hazard ratio; where hazards are not proportional, their average over the events expected."""
        stated = self.premises.hazard_ratio
        if stated is not None:
            return stated
        premises = self.premises
        at = premises.end or 2.0 * float(premises.accrual.duration or 1.0)
        return average_hazard_ratio(**premises.course, time=at).hazard_ratio

    @property
    def proportional(self) -> bool:
        """Whether one hazard ratio holds at all times."""
        return self.premises.hazard_ratio is not None or (
            self.premises.control.constant and self.premises.experimental.constant
        )

    @property
    def power_method(self) -> str:
        """The method by which the power of one test is found."""
        return "schoenfeld" if self.proportional else "weighted-logrank-design"

    @cached_property
    def requirement(self) -> tuple[LogrankPower, ...]:
        """The events required, by each formula."""
        power = self.premises.power
        if power is None:
            return ()
        return tuple(
            events_required(self.hazard_ratio, power=power, method=method, **self.premises.test) for method in _METHODS
        )

    @cached_property
    def at_end(self) -> ExpectedCourse | None:
        end = self.premises.end
        return None if end is None else expected_events(end, **self.premises.course)

    @property
    def end_power(self) -> float:
        """Power of one test at the end of follow-up, with the events expected by then; NaN without an end."""
        if self.at_end is None:
            return float("nan")
        test = power_of(self.at_end.total, hazard_ratio=self.hazard_ratio, **self.premises.test)
        return self._power_at(float(self.at_end.time[0]), test)

    @cached_property
    def final_events(self) -> float | None:
        planned = [look for look in self.premises.looks if look.events is not None or look.words]
        if planned:
            last = planned[-1]
            return float(last.events or 0) if last.by_events else self.looks[-1].events
        if self.requirement:
            return float(self.requirement[0].events_up)
        return None if self.at_end is None else float(self.at_end.total)

    @cached_property
    def required(self) -> PlannedLook | None:
        """When the required events are expected."""
        if not self.requirement:
            return None
        return self._look(0, "required", float(self.requirement[0].events_up))

    @cached_property
    def looks(self) -> tuple[PlannedLook, ...]:
        found = []
        for number, look in enumerate(self.premises.looks, start=1):
            events = look.events
            if not look.by_events:
                events = expected_events(expected_look_time(look, self.premises), **self.premises.course).total
            if events:
                found.append(self._look(number, look.id, float(events), dated=not look.by_events, words=look.words))
        return tuple(found)

    def _look(self, number: int, name: str, events: float, *, dated: bool = False, words: str = "") -> PlannedLook:
        test = power_of(events, hazard_ratio=self.hazard_ratio, **self.premises.test)
        try:
            course = time_of_events(events, **self.premises.course)
        except DesignError as problem:
            return PlannedLook(number, name, events, None, test, test.power, dated, problem.message, words)
        power = self._power_at(float(course.time[0]), test)
        return PlannedLook(number, name, events, course, test, power, dated, words=words)

    def _power_at(self, time: float, test: LogrankPower) -> float:
        """Power of one test at a time: by its events, or where hazards are not proportional by integration."""
        return test.power if self.proportional else self._integrated([time], None, None).power

    def _integrated(self, times: list[float], efficacy: Any, futility: Any) -> WeightedLogrankDesign:
        # Few trial files need it, and every `equipoise design` would wait for it to load.
        from equipoise.design.weighted_design import weighted_logrank_design

        return weighted_logrank_design(
            **self.premises.course, alpha=self.premises.alpha, sides=self.premises.sides, time=times[-1],
            interim=times[:-1] or None, efficacy=efficacy, futility=futility,
        )  # fmt: skip

    @cached_property
    def integrated(self) -> WeightedLogrankDesign | None:
        """The bounds of several looks under hazards that are not proportional; None elsewhere."""
        bounds, times = self.sequential, [look.time for look in self.looks]
        known = [time for time in times if time is not None]
        if bounds is None or self.proportional or len(known) < len(times):
            return None
        return self._integrated(known, bounds.upper.tolist(), bounds.futility[:-1].tolist())

    @cached_property
    def horizon(self) -> float:
        """The last month that the expected course is shown for."""
        times = [look.time for look in (*self.looks, self.required) if look is not None and look.time is not None]
        return 1.05 * max([*times, self.premises.end or 0.0, float(self.premises.accrual.duration or 0.0)])

    @cached_property
    def expected(self) -> ExpectedCourse:
        """Enrollment and events over time, with the times where accrual changes."""
        times = np.union1d(np.linspace(0.0, self.horizon, COURSE_POINTS), self.premises.accrual.edges)
        return expected_events(times, **self.premises.course)

    @cached_property
    def sequential(self) -> GroupSequentialDesign | None:
        """The bounds of the planned looks; None with one look only."""
        premises = self.premises
        if premises.efficacy is None or len(self.looks) < 2 or len(self.looks) < len(premises.looks):
            return None
        events = [look.events for look in self.looks]
        # Efficacy bounds need no alternative; where the effect assumed is none or harm, there is none to state.
        stated = self.hazard_ratio if self.hazard_ratio < 1.0 or premises.futility is not None else None
        return group_sequential(events, **self._rules, hazard_ratio=stated)

    @cached_property
    def sequential_requirement(self) -> GroupSequentialDesign | None:
        """The same looks with as many events, rounded, as the planned power asks for."""
        if self.sequential is None or self.premises.power is None:
            return None
        return group_sequential(
            self.sequential.fraction,
            **self._rules,
            hazard_ratio=self.hazard_ratio,
            power=self.premises.power,
            integer=True,
        )

    @property
    def _rules(self) -> dict[str, Any]:
        """The bounds of the looks, as `group_sequential` takes them."""
        premises, last = self.premises, len(self.premises.looks)
        numbered = list(enumerate(premises.looks, start=1))
        assert premises.efficacy is not None
        rules: dict[str, Any] = {
            **premises.test,
            "efficacy": _spending(premises.efficacy),
            "efficacy_at": [k for k, look in numbered if look.efficacy or k == last],
            "harm": "none",
        }
        if premises.futility is not None:
            rules |= {
                "futility": _spending(premises.futility),
                "futility_at": [k for k, look in numbered if look.futility and k < last],
                "binding": premises.binding,
            }
        return rules

    @property
    def final_test(self) -> LogrankPower | GroupSequentialDesign | None:
        """The plan whose power is shown: the bounds of several looks, or the one test at the final events."""
        if self.sequential is not None:
            return self.sequential
        events = self.final_events
        return None if events is None else power_of(events, hazard_ratio=self.hazard_ratio, **self.premises.test)

    @property
    def final_power(self) -> float | None:
        if self.integrated is not None:
            return self.integrated.power
        if self.sequential is None and self.looks:
            return self.looks[-1].power
        test = self.final_test
        return None if test is None else float(test.power)

    @cached_property
    def detectable(self) -> LogrankPower | None:
        """The hazard ratio that the final events detect with the planned power (80% where none is stated)."""
        if self.final_events is None:
            return None
        return detectable_hazard_ratio(
            self.final_events, power=self.premises.power or USUAL_POWER, **self.premises.test
        )

    @cached_property
    def power_curve(self) -> list[tuple[float, float]]:
        """Power of the final plan by the true hazard ratio."""
        test = self.final_test
        if test is None:
            return []
        low = min(0.4, 0.05 * int(16.0 * self.hazard_ratio))
        found = power_curve(test, np.linspace(low, 1.0, POWER_POINTS))
        return list(zip(found.hazard_ratio.tolist(), found.power.tolist(), strict=True))

    @cached_property
    def fixed(self) -> FixedDesign | None:
        """The single analysis at the final events; None where hazards are not proportional or events never come."""
        if not self.proportional or self.final_events is None:
            return None
        premises = self.premises
        course = {key: value for key, value in premises.course.items() if key != "experimental"}
        try:
            return fixed_design(
                hazard_ratio=self.hazard_ratio,
                events=self.final_events,
                alpha=premises.alpha,
                sides=premises.sides,
                **course,
            )
        except DesignError:
            return None

    @cached_property
    def sensitivity(self) -> SensitivityGrid | None:
        """The final events under other hazard ratios, speeds of accrual and dropout."""
        if self.fixed is None:
            return None
        near = (0.9, 1.0, 1.1)
        return sensitivity_grid(self.fixed, hazard_ratios=[self.hazard_ratio * factor for factor in near])


def _spending(bound: PremisedBound) -> Spending:
    return Spending(bound.function, bound.parameter)
