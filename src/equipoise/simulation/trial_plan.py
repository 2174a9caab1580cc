"""The imagined trials of a trial file: its scenario, randomization, looks and bounds as a model."""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.design.hazards import Hazard
from equipoise.design.plan import plan_design
from equipoise.design.trial_design import TrialDesign
from equipoise.errors import ArgumentError
from equipoise.protocol import Trial
from equipoise.protocol.scenarios import Scenario
from equipoise.randomization import Complete, Method, Scheme, method_of
from equipoise.simulation.event_laws import EventLaw
from equipoise.simulation.trial_looks import LookBounds, TrialLook
from equipoise.simulation.trial_model import TrialModel


@dataclass(frozen=True)
class PlannedSimulation:
    """A model with the `design` it was read with, and the `assumptions` behind it, a sentence each."""

    model: TrialModel
    design: TrialDesign
    assumptions: tuple[str, ...]


def plan_simulation(
    trial: Trial, *, scenario: str | None = None, hazard_ratio: float | None = None, arrivals: str = "poisson"
) -> PlannedSimulation:
    """What is simulated of a trial file: its primary analysis under a scenario.

    Arguments: the trial; `scenario`, an id (the trial's scenario for `simulate` where none is given); `hazard_ratio`,
    in place of the scenario's effects, such as 1 for the size of the test; `arrivals` as of `TrialModel`. Times are in
    months.

    Looks and bounds are those of `design.plan.plan_design`: error spending over several looks, at one look the level of
    the test, with the mirror image as the bound for harm where it has two sides; with several looks and no spending
    the last alone decides. A trial without looks has one, at the events its power asks for, else at the end of
    follow-up.
    Where the scenario does not say how common the strata are, the first that does is taken, and that is said.
    Raises ArgumentError `argument-invalid` where the file lacks what is needed.

    >>> from equipoise.protocol import load_trial
    >>> planned = plan_simulation(load_trial("palmira"))
    >>> planned.model.n, len(planned.model.strata), planned.model.looks[0].events
    (198, 4, 155)
    """
    _check_test(trial)
    chosen = trial.scenario(scenario, use="simulate")
    design = plan_design(trial, scenario=chosen.id)
    method = method_of(trial) if trial.randomization is not None else _complete(trial)
    prevalences, source = _prevalences(trial, chosen, method)
    looks = _looks(design)
    model = TrialModel(
        accrual=design.premises.accrual,
        arrivals=arrivals,
        randomization=method,
        control=trial.control.id,
        events=_events(trial, chosen, design, hazard_ratio),
        prevalences=prevalences,
        dropout=design.premises.dropout,
        looks=looks,
        bounds=_bounds(design, len(looks)),
        name=f"{trial.id}, scenario {chosen.id}",
    )
    said = [*design.premises.assumptions, *_said(trial, source, chosen)]
    return PlannedSimulation(model, design, tuple(said))


def _complete(trial: Trial) -> Method:
    return Complete(Scheme({arm.id: arm.ratio for arm in trial.arms}))


def _events(
    trial: Trial, scenario: Scenario, design: TrialDesign, hazard_ratio: float | None
) -> dict[str, EventLaw | float]:
    """Hazards by arm; a design is of one experimental arm, so each has its own."""
    found: dict[str, EventLaw | float] = {trial.control.id: design.premises.control}
    for arm in trial.experimental:
        if hazard_ratio is not None:
            found[arm.id] = hazard_ratio
        else:
            found[arm.id] = _experimental(trial, scenario, arm.id)
    return found


def _experimental(trial: Trial, scenario: Scenario, arm: str) -> Hazard:
    return plan_design(trial, scenario=scenario.id, arm=arm).premises.experimental


def _prevalences(trial: Trial, chosen: Scenario, method: Method) -> tuple[dict[str, dict[str, float]], Scenario | None]:
    """The shares of the levels by factor, and the scenario that states them; None without factors."""
    factors = method.scheme.factors
    if not factors:
        return {}, None
    for scenario in (chosen, *trial.scenarios):
        if all(name in scenario.prevalences for name in factors):
            return {name: dict(scenario.prevalences[name].value) for name in factors}, scenario
    raise ArgumentError(
        "argument-invalid",
        f"no scenario of trial {trial.id} says how common the levels of {', '.join(factors)} are",
        where=f"scenarios.{chosen.id}.prevalences",
        reason="patients are drawn into the strata that they are randomized in",
        hint="add `prevalences` for each stratification factor, with a source or marked an assumption",
    )


def _looks(design: TrialDesign) -> tuple[TrialLook, ...]:
    premises = design.premises
    if premises.looks:
        return tuple(TrialLook(events=look.events, time=look.time, id=look.id) for look in premises.looks)
    if design.requirement:
        return (TrialLook(events=design.requirement[0].events_up, id="required"),)
    if premises.end is not None:
        return (TrialLook(time=premises.end, id="end"),)
    raise ArgumentError(
        "argument-invalid",
        f"trial {premises.trial} says of no time to look at the data",
        where="analyses",
        hint="give the primary analysis looks, or the scenario a power or a follow_up",
    )


def _bounds(design: TrialDesign, looks: int) -> LookBounds:
    if design.sequential is not None:
        return LookBounds.of_design(design.sequential)
    single = LookBounds.single(alpha=design.premises.alpha, sides=design.premises.sides)
    interims = [None] * (looks - 1)
    return LookBounds.given([*interims, single.efficacy[0]], [None] * looks, [*interims, single.harm[0]])


def _check_test(trial: Trial) -> None:
    """Raises ArgumentError `argument-invalid` for a primary test that engines do not decide by."""
    test = trial.primary.test if trial.primary is not None else None
    if test is not None and test.method != "logrank":
        raise ArgumentError(
            "argument-invalid",
            f"the primary test of {trial.id} is {test.method}, and a trial file is simulated with the log-rank test",
            where=f"analyses.{trial.primary.id if trial.primary else ''}.test.method",
            hint="build a TrialModel with tests and decides='weighted', or plan a log-rank test",
        )


def _said(trial: Trial, source: Scenario | None, chosen: Scenario) -> list[str]:
    if source is None:
        return []
    said = [
        f"prevalence of {name}: {part.assumption}"
        for name, part in source.prevalences.items()
        if part.assumption and trial.randomization is not None and name in trial.randomization.strata
    ]
    if source.id != chosen.id:
        why = f"scenario {chosen.id} states none, so those of scenario {source.id} are taken"
        said.append(f"prevalence of strata: {why}")
    test = trial.primary.test if trial.primary is not None else None
    if test is not None and not test.stratified.value:
        said.append("test: simulated as stratified by the factors of the randomization, the file plans it unstratified")
    return said
