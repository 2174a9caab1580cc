"""The promising zone: more events where the interim result is promising, with the type I error kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from equipoise.design.design_result import DesignResult, design_row, prose_number, prose_percent, render_code
from equipoise.design.levels import (
    check_alpha,
    check_choice,
    check_positive,
    check_power,
    critical_z,
    refused,
    to_float,
)
from equipoise.frames.results import ResultRow
from equipoise.kernels.plain.roots import root_between
from equipoise.kernels.plain.special import normal_quantile, normal_tail

METHODS = {"cui-hung-wang": "the weighted statistic of Cui, Hung and Wang",
           "chen-demets-lan": "the rule of Chen, DeMets and Lan"}  # fmt: skip


@dataclass(frozen=True)
class _Interim:
    """z after n1 of n2 planned events, the bound c of the final Z."""

    z: float
    n1: float
    n2: float
    c: float

    @property
    def shortfall(self) -> float:
        """What the statistic of the second stage must exceed in the planned trial."""
        return (self.c * math.sqrt(self.n2) - self.z * math.sqrt(self.n1)) / math.sqrt(self.n2 - self.n1)

    def conditional_power(self, total: float) -> float:
        """Under the observed effect, with `total` events and the conditional error of the planned trial kept."""
        return normal_tail(self.shortfall - self.z * math.sqrt(total / self.n1 - 1.0))

    def events_for(self, power: float) -> float:
        """The total events at which that conditional power is `power`; infinite when there is no benefit."""
        if self.z <= 0.0:
            return math.inf
        return self.n1 + self.n1 * (max(self.shortfall + normal_quantile(power), 0.0) / self.z) ** 2

    def bound_at(self, total: float) -> float:
        """The bound of the ordinary Z at `total` events that keeps the conditional error of the planned trial."""
        stretched = math.sqrt((total - self.n1) / (self.n2 - self.n1))
        first = self.z * math.sqrt(self.n1)
        return (stretched * (self.c * math.sqrt(self.n2) - first) + first) / math.sqrt(total)


@dataclass(frozen=True)
class FinalTest:
    """The final analysis: the statistic that is tested, its bound, its one-sided P, and whether it rejects."""

    statistic: float
    bound: float
    p_value: float
    rejected: bool


@dataclass(frozen=True, repr=False)
class EventReestimation(DesignResult):
    """The zone of an interim result, the events it leads to, and how the final analysis keeps the type I error.

    `zone`: "unfavorable", "promising" or "favorable"; `events`: the new total; `planned_power` and `power`: conditional
    power under the observed effect with the planned and with the new events; `lowest` and `target`: the conditional
    power at which the promising zone begins and ends; `weights`: of the two stages in the weighted statistic (their
    squares add up to 1), None where the ordinary statistic is tested; `bound`: of the final Z.
    """

    zone: str
    events: int
    planned: int
    maximum: int
    interim_events: int
    z: float
    planned_power: float
    power: float
    lowest: float
    target: float
    bound: float
    method: str
    weights: tuple[float, float] | None
    arguments: dict[str, Any] = field(compare=False)

    def final(self, z: float, *, events: int | None = None) -> FinalTest:
        """The final test from the ordinary log-rank Z of all data at the end.

        Arguments: `z`, positive in favor of the experimental arm; `events` seen at the end (None: as re-estimated).
        Raises ArgumentError `argument-invalid` for fewer events than at the interim.
        """
        value = to_float(z, "z")
        total = check_positive(self.events if events is None else events, "events")
        if total <= self.interim_events:
            raise refused("events", events, f"more than the {self.interim_events} of the interim analysis")
        if self.weights is not None:
            before = self.z * math.sqrt(self.interim_events)
            second = (value * math.sqrt(total) - before) / math.sqrt(total - self.interim_events)
            value = self.weights[0] * self.z + self.weights[1] * second
        return FinalTest(value, self.bound, normal_tail(value), value >= self.bound)

    def to_rows(self) -> list[ResultRow]:
        """Zone, events, conditional powers, limits of the zone, weights and the final bound."""
        method: dict[str, Any] = {"method": self.method}
        rows = [
            design_row("zone", None, value_text=self.zone, **method),
            design_row("events", self.events, format="int", **method),
            design_row("events_planned", self.planned, format="int"),
            design_row("events_maximum", self.maximum, format="int"),
            design_row("events_interim", self.interim_events, format="int"),
            design_row("z", self.z),
            design_row("conditional_power_planned", self.planned_power, method="promising-zone", format="percent"),
            design_row("conditional_power", self.power, method="promising-zone", format="percent"),
            design_row("zone_low", self.lowest, method="promising-zone", format="percent"),
            design_row("zone_high", self.target, method="promising-zone", format="percent"),
            design_row("z_upper", self.bound, **method),
        ]
        stages = enumerate(self.weights or (), start=1)
        return rows + [
            design_row("weight", weight, at=float(stage), at_unit="stage", **method) for stage, weight in stages
        ]

    def text(self) -> str:
        raised = (
            f"and the events are raised from {self.planned} to {self.events} (at most {self.maximum})"
            if self.events > self.planned
            else f"but the events stay at the {self.planned} planned, the most there may be"
        )
        share = {
            "unfavorable": "and the events stay as planned",
            "favorable": "and the events stay as planned",
            "promising": f"{raised}, which gives a conditional power of {prose_percent(self.power)}",
        }[self.zone]
        kept = (
            f"The final analysis tests the weighted statistic {prose_number(self.weights[0], 4)} Z1 + "
            f"{prose_number(self.weights[1], 4)} Z2 of the data before and after the interim (Cui, Hung and Wang), "
            "with weights fixed by the planned events,"
            if self.weights
            else "The final analysis tests the ordinary log-rank statistic, which keeps the type I error because "
            "events are raised only where this does not raise the conditional error (Chen, DeMets and Lan),"
        )
        zone = (
            f"The promising zone reaches from {prose_percent(self.lowest)} to {prose_percent(self.target)}"
            if self.lowest < self.target
            else f"There is no promising zone below {prose_percent(self.target)}"
        )
        return (
            f"After {self.interim_events} of {self.planned} planned events Z is {prose_number(self.z)}, a conditional "
            f"power of {prose_percent(self.planned_power)} under the observed effect. {zone}: the result is "
            f"{self.zone}, {share}. {kept} "
            f"against {prose_number(self.bound, 4)}."
        )

    def code(self) -> str:
        return render_code("reestimate_events", self.arguments)


def reestimate_events(
    z: float,
    events: int,
    *,
    planned: int,
    maximum: int,
    power: float,
    alpha: float,
    sides: int,
    method: str,
    lowest: float | None = None,
    bound: float | None = None,
) -> EventReestimation:
    """The events of a trial re-estimated at an interim by the promising zone.

    Arguments: `z` at the interim, positive in favor of the experimental arm, and its `events`; `planned` events, and
    the `maximum` they may be raised to; `power`, the conditional power aimed at, where the favorable zone begins;
    `alpha` and `sides` of the final test. `method`, the error control: "cui-hung-wang" weighs the stages as planned,
    whatever the rule; "chen-demets-lan" tests the ordinary statistic, and raises events only where that is safe.
    `lowest`: the conditional power at which the promising zone begins; None: the smallest that is safe for the ordinary
    statistic, which "chen-demets-lan" does not go below. `bound`: of the final Z, where the trial is group-sequential
    (the interim is then its last); None: the quantile of `alpha`.

    Returns an `EventReestimation`. Raises ArgumentError `argument-invalid`.

    Formula: CP(n) = 1 - Phi((c sqrt(n2) - z sqrt(n1)) / sqrt(n2 - n1) - z sqrt((n - n1) / n1)), under the observed
    effect; in the promising zone the smallest n with CP(n) = power, at most `maximum`, rounded up.
    Source: Mehta CR, Pocock SJ. Stat Med 2011;30:3267-3284, doi:10.1002/sim.4102; Cui L, Hung HMJ, Wang SJ. Biometrics
    1999;55:853-857; Chen YHJ, DeMets DL, Lan KKG. Stat Med 2004;23:1023-1038.

    >>> found = reestimate_events(
    ...     1.2, 208, planned=442, maximum=884, power=0.8, alpha=0.025, sides=1, method="chen-demets-lan"
    ... )
    >>> found.zone, found.events, round(found.lowest, 3)
    ('promising', 884, 0.36)
    """
    arguments = dict(locals())
    check_choice(method, METHODS, "method")
    side = check_alpha(alpha, sides)
    if side >= 0.5:
        raise refused("alpha", alpha, "an alpha of one side below 0.5")
    target = check_power(power, alpha)
    c = critical_z(side) if bound is None else to_float(bound, "bound")
    n1, n2, most = (_whole(n, name) for n, name in ((events, "events"), (planned, "planned"), (maximum, "maximum")))
    if not n1 < n2 <= most:
        raise refused("planned", planned, "events of the interim < planned <= maximum", f"events {n1}, maximum {most}")
    now = _Interim(to_float(z, "z"), n1, n2, c)
    if not math.isfinite(now.z) or not math.isfinite(c):
        raise refused("z", z, "a finite number, as the bound")
    safe = solve_lowest(n1, n2, most, c, target)
    low = _lowest(lowest, safe, target, method)
    planned_power = now.conditional_power(n2)
    zone = "unfavorable" if planned_power < low else "promising" if planned_power < target else "favorable"
    # A millionth of an event is rounding, not an event more.
    total = n2 if zone != "promising" else min(most, max(n2, math.ceil(min(now.events_for(target), most) - 1e-6)))
    weights = (math.sqrt(n1 / n2), math.sqrt(1.0 - n1 / n2)) if method == "cui-hung-wang" else None
    return EventReestimation(
        zone=zone, events=total, planned=n2, maximum=most, interim_events=n1, z=now.z, planned_power=planned_power,
        power=_final_power(now, total, method), lowest=low, target=target, bound=c, method=method, weights=weights,
        arguments=arguments,
    )  # fmt: skip


def solve_lowest(n1: int, n2: int, maximum: int, c: float, power: float) -> float:
    """The smallest conditional power from which the ordinary statistic keeps the type I error.

    There the bound that keeps the conditional error at the raised events equals c; above, it lies below c.
    """

    def excess(z: float) -> float:
        now = _Interim(z, n1, n2, c)
        return now.bound_at(min(max(now.events_for(power), n2), maximum)) - c

    if maximum == n2:
        return 0.0
    # Half way to c conditional power is one half, from where any increase is safe (Chen, DeMets and Lan).
    z = root_between(excess, 1e-9, c * math.sqrt(n1 / n2))
    return _Interim(z, n1, n2, c).conditional_power(n2)


def _final_power(now: _Interim, total: int, method: str) -> float:
    """Conditional power of the test that will be done: the ordinary statistic against c, or the weighted one."""
    if method == "cui-hung-wang":
        return now.conditional_power(total)
    gain = total - now.n1
    needed = (now.c * math.sqrt(total) - now.z * math.sqrt(now.n1)) / math.sqrt(gain)
    return normal_tail(needed - now.z * math.sqrt(gain / now.n1))


def _lowest(lowest: Any, safe: float, target: float, method: str) -> float:
    if lowest is None:
        return min(safe, target)
    value = to_float(lowest, "lowest")
    if not 0.0 <= value <= target:
        raise refused("lowest", lowest, f"a conditional power from 0 to the target, {target:g}")
    if method == "chen-demets-lan" and value < safe:
        hint = f'at least {prose_number(safe + 5e-5, 4)}, or method="cui-hung-wang"'
        raise refused("lowest", lowest, hint, "below it the ordinary statistic would raise the type I error")
    return value


def _whole(value: Any, name: str) -> int:
    number = check_positive(value, name)
    if number != round(number):
        raise refused(name, value, "a whole number of events")
    return int(number)
