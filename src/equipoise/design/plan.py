"""The design of a trial file: its primary analysis, scenario and looks as calls of this room. Alone reads protocol."""

from __future__ import annotations

from dataclasses import replace

from equipoise.design.hazards import Accrual, Dropout, Hazard
from equipoise.design.trial_design import TrialDesign
from equipoise.design.trial_premises import DesignPremises, PremisedBound, PremisedLook
from equipoise.errors import ArgumentError
from equipoise.protocol.conduct import Arm
from equipoise.protocol.plans import Analysis, Spending
from equipoise.protocol.scenarios import Accrual as PlannedAccrual
from equipoise.protocol.scenarios import HazardPiece, Scenario
from equipoise.protocol.trial import Trial


def plan_design(
    trial: Trial, *, scenario: str | None = None, arm: str | None = None, source: str | None = None
) -> TrialDesign:
    """What a trial file's assumptions say about its design.

    Arguments: the trial; `scenario`, an id (the trial's scenario for `design` where none is given); `arm`, the
    experimental arm compared with the control arm (the first where none is given); `source`, the file or name the
    trial came from, for `.code()` (its id in small letters where none is given). Times are in months.
    Returns a `TrialDesign`: the events its effect and power ask for, what its patients buy, when its looks are
    expected, their bounds, and how much all that depends on the assumptions.
    Raises ArgumentError `argument-invalid` where the file has no primary time-to-event analysis with a test, no such
    scenario, or a scenario that says nothing about the endpoint.
    """
    premises = read_premises(trial, scenario=scenario, arm=arm)
    return TrialDesign(premises if source is None else replace(premises, source=source))


def read_premises(trial: Trial, *, scenario: str | None = None, arm: str | None = None) -> DesignPremises:
    """The trial file's side of a design, in plain values; see `plan_design`."""
    analysis = _tested(trial)
    chosen = trial.scenario(scenario, use="design")
    experimental = _experimental(trial, arm)
    control, treated = _hazards(trial, chosen, analysis.endpoint, experimental)
    test = analysis.test
    assert test is not None
    return DesignPremises(
        trial=trial.id,
        scenario=chosen.id,
        analysis=analysis.id,
        endpoint=analysis.endpoint,
        endpoint_name=trial.endpoint(analysis.endpoint).short or analysis.endpoint,
        arm=experimental.id,
        arm_name=experimental.label,
        control_arm=trial.control.id,
        control_name=trial.control.label,
        enrollment=trial.trial.enrollment.value,
        share=(experimental.ratio + trial.control.ratio) / sum(each.ratio for each in trial.arms),
        ratio=(experimental.ratio, trial.control.ratio),
        alpha=test.alpha,
        sides=test.sides,
        power=None if chosen.power is None else chosen.power.value,
        hazard_ratio=_hazard_ratio(chosen, analysis.endpoint, experimental.id),
        control=control,
        experimental=treated,
        accrual=_accrual(chosen.accrual, trial.trial.enrollment.value),
        dropout=None if chosen.dropout is None else Dropout(chosen.dropout.rate.value.per_month),
        follow_up=None if chosen.follow_up is None else chosen.follow_up.value.months,
        looks=_looks(analysis),
        efficacy=_bound(analysis.spending),
        futility=_bound(analysis.futility),
        binding=analysis.futility is not None and analysis.futility.binding,
        assumptions=tuple(_assumed(chosen, analysis)),
        source=trial.id.lower(),
    )


def planned_milestones(trial: Trial) -> tuple[tuple[int, ...], int, str]:
    """The numbers of events a trial waits for, its enrollment, and the endpoint: what `predict_milestones` asks."""
    analysis = _tested(trial)
    waited = {look.trigger.events for look in analysis.looks if look.trigger.events is not None}
    if any("design" in scenario.default_for and scenario.power is not None for scenario in trial.scenarios):
        waited.add(plan_design(trial).requirement[0].events_up)
    if not waited:
        raise ArgumentError(
            "argument-invalid",
            f"trial {trial.id} plans no number of events",
            where="events",
            hint="give events=..., or looks with a trigger of events",
        )
    return tuple(sorted(waited)), trial.trial.enrollment.value, analysis.endpoint


def _tested(trial: Trial) -> Analysis:
    """The primary analysis, which a design is of."""
    primary = trial.primary
    if primary is None or primary.test is None:
        raise ArgumentError(
            "argument-invalid",
            f"trial {trial.id} plans no primary analysis with a test",
            reason="events, power and bounds are those of the primary test",
            hint="give an analysis `role: primary` and a `test`",
        )
    if trial.endpoint(primary.endpoint).kind != "time-to-event":
        raise ArgumentError(
            "argument-invalid",
            f"the primary endpoint {primary.endpoint} of trial {trial.id} is no time to an event",
            hint="design is for time-to-event endpoints",
        )
    return primary


def _experimental(trial: Trial, arm: str | None) -> Arm:
    if arm is None:
        return trial.experimental[0]
    found = trial.arm(arm)
    if found.role == "control":
        names = ", ".join(each.id for each in trial.experimental)
        raise ArgumentError(
            "argument-invalid", f"{arm} is the control arm", where="arm", hint=f"name an experimental arm: {names}"
        )
    return found


def _hazards(trial: Trial, scenario: Scenario, endpoint: str, experimental: Arm) -> tuple[Hazard, Hazard]:
    assumed = scenario.survival.get(endpoint)
    missing = [arm.id for arm in (trial.control, experimental) if assumed is None or arm.id not in assumed]
    if assumed is None or missing:
        raise ArgumentError(
            "argument-invalid",
            f"scenario {scenario.id!r} says nothing about {endpoint} with {' and '.join(missing)}",
            where=f"scenarios.{scenario.id}.survival",
            hint=f"add {endpoint} for each arm: a median, hazards, or a hazard_ratio against the control arm",
        )
    control = assumed[trial.control.id]
    return _hazard(control.pieces()), _hazard(assumed[experimental.id].pieces(control))


def _hazard(pieces: tuple[HazardPiece, ...]) -> Hazard:
    breaks = [piece.until.months for piece in pieces[:-1] if piece.until is not None]
    return Hazard.from_rates([piece.rate.per_month for piece in pieces], breaks)


def _hazard_ratio(scenario: Scenario, endpoint: str, arm: str) -> float | None:
    """The hazard ratio as the file states it; None where it follows from hazards or medians."""
    stated = scenario.survival[endpoint][arm].hazard_ratio
    return None if stated is None else stated.value


def _accrual(accrual: PlannedAccrual, n: int) -> Accrual:
    """All planned patients in the planned duration; pieces are a shape, scaled to bring that many."""
    duration = accrual.duration.value.months
    shape = accrual.shape.value
    if shape == "uniform":
        return Accrual.uniform(n=n, duration=duration)
    breaks = [piece.until.months for piece in shape[:-1] if piece.until is not None]
    rates = [piece.rate.per_month for piece in shape]
    return Accrual.piecewise(rates, breaks, duration=duration, n=n, relative=True)


def _looks(analysis: Analysis) -> tuple[PremisedLook, ...]:
    return tuple(
        PremisedLook(
            id=look.id,
            events=look.trigger.events,
            time=None if look.trigger.time is None else look.trigger.time.months,
            efficacy=look.efficacy,
            futility=look.futility,
        )
        for look in analysis.looks
    )


def _bound(spending: Spending | None) -> PremisedBound | None:
    return None if spending is None else PremisedBound(spending.function, spending.parameter)


def _assumed(scenario: Scenario, analysis: Analysis) -> list[str]:
    """What the numbers rest on and nobody published, each with its reason."""
    survival = scenario.survival[analysis.endpoint]
    stated = [("duration of accrual", scenario.accrual.duration), ("shape of accrual", scenario.accrual.shape)]
    stated += [("follow-up", scenario.follow_up), ("power", scenario.power)]
    stated += [("dropout", scenario.dropout.rate if scenario.dropout else None)]
    for arm, form in survival.items():
        for word, value in (("median", form.median), ("hazards", form.hazards), ("hazard ratio", form.hazard_ratio)):
            stated.append((f"{word} with {arm}", value))
    return [
        f"{name}: {value.assumption}" for name, value in stated if value is not None and value.assumption is not None
    ]
