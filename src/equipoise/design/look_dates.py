"""When a look with several conditions, or with events counted elsewhere, is expected."""

from __future__ import annotations

import math

from equipoise.design.expectation import expected_events, time_of_events
from equipoise.design.trial_premises import DesignPremises, PremisedLook
from equipoise.errors import DesignError
from equipoise.kernels.plain.roots import root_between

_LONGEST = 1200.0


def expected_look_time(look: PremisedLook, premises: DesignPremises) -> float:
    """The calendar time by which the look is expected, each condition at its own expected time.

    Raises DesignError `design-unreachable` where its events are never expected and nothing else starts it.
    """
    times = [look.time] if look.time is not None else []
    if look.follow_up is not None:
        times.append(premises.accrual.end + look.follow_up)
    never: DesignError | None = None
    if look.events is not None:
        try:
            times.append(_time_of_events(look, premises))
        except DesignError as problem:
            never = problem
            times.append(math.inf)
    date = min(times) if look.first else max(times)
    date = date if look.latest is None else min(date, look.latest)
    if never is not None and math.isinf(date):
        raise never
    return date


def _time_of_events(look: PremisedLook, premises: DesignPremises) -> float:
    events = float(look.events or 0)
    if not look.counted:
        return float(time_of_events(events, **premises.course).time[0])

    def missing(time: float) -> float:
        return _counted(look, premises, time) - events

    if missing(_LONGEST) < 0.0:
        raise DesignError(
            "design-unreachable",
            f"look {look.id} waits for {events:.0f} events of which {_counted(look, premises, _LONGEST):.6g} are "
            "expected",
            where=f"looks.{look.id}",
            reason="they are counted in some arms, or of another endpoint",
            hint="lower their number, count more arms, or give the look a latest date",
        )
    return root_between(missing, 0.0, _LONGEST)


def _counted(look: PremisedLook, premises: DesignPremises, time: float) -> float:
    """Expected events of the arms that are counted."""
    if time <= 0.0:
        return 0.0
    return sum(
        expected_events(
            time, accrual=premises.accrual.with_n(premises.enrollment * arm.share), control=arm.event,
            experimental=arm.event, dropout=arm.dropout,
        ).total
        for arm in look.counted
    )  # fmt: skip
