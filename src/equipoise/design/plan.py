"""The design of a trial file: its primary analysis, scenario and looks as calls of this room. Alone reads protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from equipoise.design.assumed_hazards import PIECES, Progression, hazard_in_pieces, mixture
from equipoise.design.hazards import Accrual, Dropout, Hazard
from equipoise.design.trial_design import TrialDesign
from equipoise.design.trial_premises import CountedArm, DesignPremises, PremisedBound, PremisedLook
from equipoise.errors import ArgumentError
from equipoise.protocol.conduct import Arm
from equipoise.protocol.event_times import HazardPiece, Survival
from equipoise.protocol.plan_words import trigger_words
from equipoise.protocol.plans import Analysis, Spending, Trigger
from equipoise.protocol.scenarios import Accrual as PlannedAccrual
from equipoise.protocol.scenarios import IllnessDeath, Scenario
from equipoise.protocol.strata import shares_of_strata, strata_of
from equipoise.protocol.trial import Trial
from equipoise.quantities import DAYS_PER_MONTH


@dataclass(frozen=True)
class AssumedHazards:
    """Hazards by arm, and what was approximated to have them, a sentence each."""

    hazards: dict[str, Hazard]
    said: list[str]


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
    arms = (trial.control, experimental)
    assumed = _hazards(trial, chosen, analysis.endpoint, arms)
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
        hazard_ratio=_hazard_ratio(chosen, analysis.endpoint, experimental.id, trial.control.id),
        control=assumed.hazards[trial.control.id],
        experimental=assumed.hazards[experimental.id],
        accrual=_accrual(chosen.accrual, trial.trial.enrollment.value),
        dropout=_dropouts(chosen, trial.control.id, experimental.id),
        follow_up=None if chosen.follow_up is None else chosen.follow_up.value.months,
        looks=_looks(trial, chosen, analysis, [arm.id for arm in arms]),
        efficacy=_bound(analysis.spending),
        futility=_bound(analysis.futility),
        binding=analysis.futility is not None and analysis.futility.binding,
        assumptions=tuple(_assumed(chosen, analysis)),
        source=trial.id.lower(),
        approximations=tuple(assumed.said),
    )


def planned_milestones(trial: Trial) -> tuple[tuple[int, ...], int, str]:
    """The numbers of events a trial waits for, its enrollment, and the endpoint: what `predict_milestones` asks."""
    analysis = _tested(trial)
    triggers = [look.trigger for look in analysis.looks if look.trigger.arms is None and look.trigger.endpoint is None]
    waited = {trigger.events for trigger in triggers if trigger.events is not None}
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


def _hazards(trial: Trial, scenario: Scenario, endpoint: str, arms: Sequence[Arm]) -> AssumedHazards:
    model = scenario.illness_death
    if model is not None and endpoint in model.endpoints:
        return _of_illness_death(trial, scenario, model, endpoint, arms)
    assumed = scenario.survival.get(endpoint)
    missing = [arm.id for arm in (trial.control, *arms) if assumed is None or arm.id not in assumed]
    if assumed is None or missing:
        raise ArgumentError(
            "argument-invalid",
            f"scenario {scenario.id!r} says nothing about {endpoint} with {' and '.join(dict.fromkeys(missing))}",
            where=f"scenarios.{scenario.id}.survival",
            hint=f"add {endpoint} for each arm: a median, hazards, or a hazard_ratio against the control arm",
        )
    control = assumed[trial.control.id]
    found = AssumedHazards({}, [])
    approximated: dict[str, list[str]] = {}
    for arm in arms:
        form = assumed[arm.id]
        if form.in_pieces(control):
            found.hazards[arm.id] = _hazard(form.pieces(control))
            continue
        groups = [
            (share, _survival(form, control, stratum)) for stratum, share in _strata(trial, scenario, form, control)
        ]
        found.hazards[arm.id] = hazard_in_pieces(mixture(groups))
        approximated.setdefault(_approximated(form, control), []).append(arm.id)
    found.said.extend(
        f"Times of {endpoint} with {' and '.join(named)} {words}" for words, named in approximated.items()
    )
    return found


def _survival(form: Survival, control: Survival, stratum: Mapping[str, str]) -> Callable[[float], float]:
    """The probability of no event by a time in months, in one stratum."""
    own, reference = form.within(stratum), control.within(stratum)
    return lambda months: own.survival(months * DAYS_PER_MONTH, reference)


def _strata(trial: Trial, scenario: Scenario, *forms: Survival) -> list[tuple[dict[str, str], float]]:
    """The strata with their shares; all patients as one where no form differs between them."""
    if all(form.by_stratum is None for form in forms):
        return [({}, 1.0)]
    stated = shares_of_strata(trial, (scenario, *trial.scenarios))
    if stated is None:
        raise ArgumentError(
            "argument-invalid",
            f"trial {trial.id} does not say how common its strata are",
            where=f"scenarios.{scenario.id}.prevalences",
            reason="event times differ by stratum",
            hint="add `prevalences` of the stratification factors, or `joint_prevalences`, to the scenario",
        )
    strata = strata_of(trial)
    return [(stratum, stated.shares[tuple(stratum.values())]) for stratum in strata]


def _approximated(form: Survival, control: Survival) -> str:
    """What the formulas make of the form."""
    law = control if form.is_effect else form
    if form.by_stratum is not None or law.by_stratum is not None:
        what = "differ by stratum: the formulas take the survival of all strata together,"
    else:
        kinds = {"weibull": "are Weibull", "log_normal": "are log-normal", "cured": "leave a share without the event"}
        said = " and ".join(words for key, words in kinds.items() if getattr(law, key) is not None)
        what = f"{said}: the formulas take them"
    return f"{what} as constant hazards in {PIECES} pieces; simulation takes them as they are."


def _of_illness_death(
    trial: Trial, scenario: Scenario, model: IllnessDeath, endpoint: str, arms: Sequence[Arm]
) -> AssumedHazards:
    found = AssumedHazards({}, [])
    parts = (model.progression, model.death_before, model.death_after)
    for arm in arms:
        forms = [part[arm.id] for part in parts]
        controls = [part[trial.control.id] for part in parts]
        switching = (model.switching or {}).get(arm.id)
        groups = []
        for stratum, share in _strata(trial, scenario, *forms, *controls):
            progression, before = (_survival(*pair, stratum) for pair in zip(forms[:2], controls[:2], strict=True))
            after = _hazard(forms[2].within(stratum).pieces(controls[2].within(stratum)))
            group = Progression(progression, before, after, model.clock.value == "randomization")
            if switching is not None:
                group = group._replace(switched=switching.share.value, factor=switching.hazard_ratio.value)
            groups.append((share, group.death() if endpoint == model.death else group.first()))
        found.hazards[arm.id] = hazard_in_pieces(mixture(groups))
    found.said.append(
        f"Times of {endpoint} follow from an illness-death model: the formulas take them as constant hazards in "
        f"{PIECES} pieces and know nothing of their correlation; simulation follows the model."
    )
    return found


def _hazard(pieces: tuple[HazardPiece, ...]) -> Hazard:
    breaks = [piece.until.months for piece in pieces[:-1] if piece.until is not None]
    return Hazard.from_rates([piece.rate.per_month for piece in pieces], breaks)


def _dropout(scenario: Scenario, arm: str) -> Dropout | None:
    return None if scenario.dropout is None else Dropout(scenario.dropout.in_arm(arm).value.per_month)


def _dropouts(scenario: Scenario, control: str, experimental: str) -> Dropout | dict[str, Dropout] | None:
    both = {"control": _dropout(scenario, control), "experimental": _dropout(scenario, experimental)}
    differ = {name: each for name, each in both.items() if each is not None}
    return differ if both["control"] != both["experimental"] else both["control"]


def _hazard_ratio(scenario: Scenario, endpoint: str, arm: str, control: str) -> float | None:
    """The hazard ratio as the file states it; None where it follows from hazards, or does not hold for all patients."""
    assumed = scenario.survival.get(endpoint)
    if assumed is None or assumed[arm].hazard_ratio is None:
        return None
    cured = [form for form in (assumed[control], *(assumed[control].by_stratum or ())) if form.cured is not None]
    stated = assumed[arm].hazard_ratio
    return None if stated is None or cured else stated.value


def _accrual(accrual: PlannedAccrual, n: int) -> Accrual:
    """All planned patients in the planned duration; pieces are a shape, scaled to bring that many."""
    duration = accrual.duration.value.months
    shape = accrual.shape.value
    if shape == "uniform":
        return Accrual.uniform(n=n, duration=duration)
    breaks = [piece.until.months for piece in shape[:-1] if piece.until is not None]
    rates = [piece.rate.per_month for piece in shape]
    return Accrual.piecewise(rates, breaks, duration=duration, n=n, relative=True)


def _looks(trial: Trial, scenario: Scenario, analysis: Analysis, arms: Sequence[str]) -> tuple[PremisedLook, ...]:
    return tuple(
        PremisedLook(
            id=look.id,
            events=look.trigger.events,
            time=None if look.trigger.time is None else look.trigger.time.months,
            efficacy=look.efficacy,
            futility=look.futility,
            follow_up=None if look.trigger.follow_up is None else look.trigger.follow_up.months,
            latest=None if look.trigger.latest is None else look.trigger.latest.months,
            first=look.trigger.when == "first",
            counted=(counted := _counted(trial, scenario, analysis, look.trigger, arms)),
            words=trigger_words(look.trigger, analysis.endpoint)
            or (f"at {look.trigger.events} events in all arms" if counted else ""),
        )
        for look in analysis.looks
    )


def _counted(
    trial: Trial, scenario: Scenario, analysis: Analysis, trigger: Trigger, arms: Sequence[str]
) -> tuple[CountedArm, ...]:
    """The arms whose events a look waits for, where these are not the events that the design is of."""
    named = tuple(arm.id for arm in trial.arms) if trigger.arms is None else trigger.arms
    endpoint = trigger.endpoint or analysis.endpoint
    if endpoint == analysis.endpoint and set(named) == set(arms):
        return ()
    counted = [trial.arm(name) for name in named]
    hazards = _hazards(trial, scenario, endpoint, counted).hazards
    total = sum(arm.ratio for arm in trial.arms)
    return tuple(CountedArm(hazards[arm.id], _dropout(scenario, arm.id), arm.ratio / total) for arm in counted)


def _bound(spending: Spending | None) -> PremisedBound | None:
    return None if spending is None else PremisedBound(spending.function, spending.parameter)


def _assumed(scenario: Scenario, analysis: Analysis) -> list[str]:
    """What the numbers rest on and nobody published, each with its reason."""
    stated = [("duration of accrual", scenario.accrual.duration), ("shape of accrual", scenario.accrual.shape)]
    stated += [("follow-up", scenario.follow_up), ("power", scenario.power)]
    if scenario.dropout is not None:
        by_arm = (scenario.dropout.by_arm or {}).items()
        stated += [("dropout", scenario.dropout.rate), *((f"dropout with {arm}", rate) for arm, rate in by_arm)]
    for arm, form in scenario.survival.get(analysis.endpoint, {}).items():
        stated += [(f"{words} with {arm}", value) for words, value in form.stated()]
    model = scenario.illness_death
    if model is not None and analysis.endpoint in model.endpoints:
        stated += _of_transitions(model)
    return [
        f"{name}: {value.assumption}" for name, value in stated if value is not None and value.assumption is not None
    ]


def _of_transitions(model: IllnessDeath) -> list[tuple[str, Any]]:
    stated: list[tuple[str, Any]] = [("clock of death after progression", model.clock)]
    names = {"progression": model.progression, "death before progression": model.death_before,
             "death after progression": model.death_after}  # fmt: skip
    for name, by_arm in names.items():
        stated += [
            (f"{words} of {name} with {arm}", value) for arm, form in by_arm.items() for words, value in form.stated()
        ]
    for arm, each in (model.switching or {}).items():
        stated += [(f"share switching with {arm}", each.share), (f"effect of switching with {arm}", each.hazard_ratio)]
    return stated
