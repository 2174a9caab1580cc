"""Event times of a trial file's scenario as laws and effects of a model; times in months."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from equipoise.design.hazards import Dropout, Hazard
from equipoise.errors import ArgumentError
from equipoise.protocol import Trial
from equipoise.protocol.event_times import EventTimes, HazardPiece, Survival
from equipoise.protocol.plans import Look
from equipoise.protocol.scenarios import IllnessDeath, Scenario
from equipoise.protocol.strata import strata_of
from equipoise.simulation.event_laws import Cured, Effect, EventLaw, LogNormal, PiecewiseRatio, Weibull
from equipoise.simulation.trial_definition import ByStratum
from equipoise.simulation.trial_looks import TrialLook
from equipoise.simulation.trial_options import Deaths

ByArm = dict[str, "Effect | ByStratum"]


def planned_events(trial: Trial, scenario: Scenario, endpoint: str, hazard_ratio: float | None) -> dict[str, Any]:
    """The fields of a model that say what happens to patients: `events`, and `deaths` of an illness-death model.

    `hazard_ratio` takes the place of every effect, on death too. Raises ArgumentError `argument-invalid` for arms that
    the scenario says nothing about.
    """
    model = scenario.illness_death
    if model is not None and endpoint in model.endpoints:
        parts = (model.progression, model.death_before, model.death_after)
        events, before, after = (_by_arm(trial, part, hazard_ratio) for part in parts)
        return {"events": events, "deaths": _deaths(model, before, after)}
    assumed = scenario.survival.get(endpoint, {})
    missing = [arm.id for arm in trial.arms if arm.id not in assumed]
    if missing:
        raise ArgumentError(
            "argument-invalid",
            f"scenario {scenario.id!r} says nothing about {endpoint} with {' and '.join(missing)}",
            where=f"scenarios.{scenario.id}.survival",
            hint=f"add {endpoint} for each arm: its event times, or an effect on the control arm's",
        )
    return {"events": _by_arm(trial, assumed, hazard_ratio)}


def _deaths(model: IllnessDeath, before: ByArm, after: ByArm) -> Deaths:
    switching = model.switching or {}
    return Deaths(
        before=before,
        after=after,
        clock=model.clock.value,
        switching={arm: each.share.value for arm, each in switching.items()},
        switch_factor={arm: each.hazard_ratio.value for arm, each in switching.items()},
    )


def _by_arm(trial: Trial, forms: Mapping[str, Survival], hazard_ratio: float | None) -> ByArm:
    control = forms[trial.control.id]
    found: ByArm = {}
    for arm in trial.arms:
        form = forms[arm.id]
        if hazard_ratio is not None and arm.role == "experimental":
            found[arm.id] = hazard_ratio
        elif form.by_stratum is None:
            found[arm.id] = _effect(form, control)
        else:
            found[arm.id] = {
                tuple(stratum.values()): _effect(form.within(stratum), control.within(stratum))
                for stratum in strata_of(trial)
            }
    return found


def _effect(form: EventTimes, control: EventTimes) -> Effect:
    """A law, or what multiplies the control arm's hazard where that is not constant in pieces for all."""
    if form.in_pieces(control):
        return _hazard(form.pieces(control))
    if form.hazard_ratio is not None:
        return form.hazard_ratio.value
    if form.hazard_ratios is not None:
        pieces = form.hazard_ratios.value
        return PiecewiseRatio(tuple(piece.ratio for piece in pieces), _breaks(pieces))
    law = _law(form)
    return law if form.cured is None else Cured(law, form.cured.value)


def _law(form: EventTimes) -> Any:
    if form.weibull is not None:
        return Weibull(form.weibull.value.shape, form.weibull.value.scale.months)
    if form.log_normal is not None:
        return LogNormal(form.log_normal.value.median.months, form.log_normal.value.sigma)
    return _hazard(form.pieces())


def _hazard(pieces: tuple[HazardPiece, ...]) -> EventLaw:
    return Hazard.from_rates([piece.rate.per_month for piece in pieces], _breaks(pieces))


def _breaks(pieces: tuple[Any, ...]) -> tuple[float, ...]:
    return tuple(piece.until.months for piece in pieces[:-1] if piece.until is not None)


def planned_dropout(trial: Trial, scenario: Scenario) -> Dropout | dict[str, Dropout] | None:
    """The dropout of all arms, or by arm where they differ."""
    given = scenario.dropout
    if given is None:
        return None
    if not given.by_arm:
        return Dropout(given.rate.value.per_month)
    return {arm.id: Dropout(given.in_arm(arm.id).value.per_month) for arm in trial.arms}


def planned_look(look: Look, scenario: Scenario, endpoint: str) -> TrialLook:
    """A look of the analysis of `endpoint`. Raises ArgumentError `argument-invalid` for events of no endpoint drawn."""
    trigger, model = look.trigger, scenario.illness_death
    counted = trigger.endpoint or endpoint
    drawn = (endpoint,) if model is None or endpoint not in model.endpoints else model.endpoints
    if trigger.events is not None and counted not in drawn:
        raise ArgumentError(
            "argument-invalid",
            f"look {look.id} waits for events of {counted}, which scenario {scenario.id!r} does not draw with "
            f"{endpoint}",
            where=f"looks.{look.id}.trigger.endpoint",
            reason="two endpoints of the same patients are drawn together by an illness-death model",
            hint="describe both by `illness_death` in the scenario",
        )
    of_death = trigger.events is not None and model is not None and counted == model.death and counted in drawn
    return TrialLook(
        events=trigger.events,
        arms=trigger.arms or (),
        endpoint="death" if of_death else "event",
        time=None if trigger.time is None else trigger.time.months,
        follow_up=None if trigger.follow_up is None else trigger.follow_up.months,
        when=trigger.when or "last",
        latest=None if trigger.latest is None else trigger.latest.months,
        id=look.id,
    )
