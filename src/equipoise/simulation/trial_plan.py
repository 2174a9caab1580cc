"""The imagined trials of a trial file: its scenario, randomization, looks and bounds as a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from equipoise.design.plan import plan_design
from equipoise.design.trial_design import TrialDesign
from equipoise.errors import ArgumentError
from equipoise.protocol import Trial
from equipoise.protocol.scenarios import Scenario
from equipoise.protocol.strata import StrataShares, shares_of_strata, strata_of
from equipoise.randomization import Complete, Method, Scheme, method_of
from equipoise.simulation.level_shares import stated_shares
from equipoise.simulation.planned_laws import planned_dropout, planned_events, planned_look
from equipoise.simulation.planned_measures import planned_measures, planned_scans
from equipoise.simulation.spent_bounds import to_bounds
from equipoise.simulation.trial_looks import LookBounds, TrialLook
from equipoise.simulation.trial_model import TrialModel


@dataclass(frozen=True)
class PlannedSimulation:
    """A model with the `design` it was read with, and the `assumptions` behind it, a sentence each."""

    model: TrialModel
    design: TrialDesign
    assumptions: tuple[str, ...]

    @property
    def assumed_hazard_ratio(self) -> float | None:
        """The effect that the design assumes, where one hazard ratio holds at all times."""
        return self.design.hazard_ratio if self.design.proportional else None


def plan_simulation(
    trial: Trial,
    *,
    scenario: str | None = None,
    hazard_ratio: float | None = None,
    arrivals: str = "poisson",
    scans: bool = False,
    further: bool = False,
    keep_bounds: bool = False,
) -> PlannedSimulation:
    """What is simulated of a trial file: its primary analysis under a scenario.

    Arguments: the trial; `scenario`, an id (the trial's scenario for `simulate` where none is given); `hazard_ratio`,
    in place of the scenario's effects, such as 1 for the size of the test; `arrivals` as of `TrialModel`; `scans`,
    whether events are seen only at the scans of the file's assessment schedule; `further`, whether what the primary
    analysis plans beside test and hazard ratio is measured too: weighted tests, rates at times, restricted means. Both
    need the general engine. `keep_bounds`: the bounds of the plan hold whatever events the looks find. Times are in
    months.

    The test is the file's: log-rank or weighted (`fleming-harrington`, `modestly-weighted`), stratified or not. Looks
    and bounds are those of `design.plan.plan_design`: error spending over several looks, read at the events seen; at
    one look the level of the test, with the mirror image as the bound for harm where it has two sides; with several
    looks and no spending the last alone decides. A trial without looks has one, at the events its power asks for, else
    at the end of follow-up.
    Error is spent as planned under the scenario for `design`, if the file has one, whichever is simulated.
    Where the scenario does not say how common the strata are, the first that does is taken, and that is said.
    Raises ArgumentError `argument-invalid` where the file lacks what is needed, or plans a test that is not simulated.

    >>> from equipoise.protocol import load_trial
    >>> planned = plan_simulation(load_trial("palmira"))
    >>> planned.model.n, len(planned.model.strata), planned.model.looks[0].events
    (198, 4, 155)
    """
    chosen = trial.scenario(scenario, use="simulate")
    design = plan_design(trial, scenario=chosen.id)
    basis = _basis(trial, chosen, design)
    endpoint = design.premises.endpoint
    happening = planned_events(trial, chosen, endpoint, hazard_ratio)
    dies = "deaths" in happening and chosen.illness_death is not None and endpoint == chosen.illness_death.death
    method = method_of(trial) if trial.randomization is not None else _complete(trial)
    strata = _strata(trial, chosen)
    looks = _looks(trial, chosen, design, "death" if dies else "event")
    model = TrialModel(
        accrual=design.premises.accrual,
        arrivals=arrivals,
        randomization=method,
        control=trial.control.id,
        prevalences=_prevalences(strata),
        dropout=planned_dropout(trial, chosen),
        looks=looks,
        bounds=_bounds(basis, len(looks)),
        respend=not keep_bounds,
        scans=planned_scans(trial) if scans else None,
        name=f"{trial.id}, scenario {chosen.id}",
        **happening,
        **planned_measures(trial, further=further, endpoint="death" if dies else "event"),
    )
    said = [*design.premises.assumptions, *_said(strata, chosen), *_compared(trial, model)]
    if basis is not design:
        said.append(f"bounds: those planned under scenario {basis.premises.scenario}, whatever is true")
    return PlannedSimulation(model, design, tuple(said))


def _basis(trial: Trial, chosen: Scenario, design: TrialDesign) -> TrialDesign:
    """The design that the bounds are of: that of the scenario for `design`, with whose effect they were planned."""
    planned = next((each for each in trial.scenarios if "design" in each.default_for), chosen)
    spends = trial.primary is not None and trial.primary.spending is not None
    return plan_design(trial, scenario=planned.id) if spends and planned.id != chosen.id else design


def _strata(trial: Trial, chosen: Scenario) -> StrataShares:
    """How common the strata are. Raises ArgumentError `argument-invalid` where no scenario says it."""
    every = (chosen, *trial.scenarios)
    found = shares_of_strata(trial, every)
    if found is None:
        stated_shares(trial, list(strata_of(trial)[0]), every)
    assert found is not None
    return found


def _prevalences(strata: StrataShares) -> dict[Any, Any]:
    """Shares by factor, or by stratum where they are joint."""
    if strata.scenario.joint_prevalences is not None:
        return dict(strata.shares)
    return {name: dict(part.value) for name, part in strata.stated.items()}


def _complete(trial: Trial) -> Method:
    return Complete(Scheme({arm.id: arm.ratio for arm in trial.arms}))


def _looks(trial: Trial, chosen: Scenario, design: TrialDesign, endpoint: str) -> tuple[TrialLook, ...]:
    premises, primary = design.premises, trial.primary
    if primary is not None and primary.looks:
        return tuple(planned_look(look, chosen, premises.endpoint) for look in primary.looks)
    if design.requirement:
        return (TrialLook(events=design.requirement[0].events_up, endpoint=endpoint, id="required"),)
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
        return to_bounds(design.sequential, respend=True)
    single = LookBounds.single(alpha=design.premises.alpha, sides=design.premises.sides)
    interims = [None] * (looks - 1)
    return LookBounds.given([*interims, single.efficacy[0]], [None] * looks, [*interims, single.harm[0]])


def _said(strata: StrataShares, chosen: Scenario) -> list[str]:
    said = [f"prevalence of {n}: {part.assumption}" for n, part in strata.stated.items() if part.assumption]
    if strata.stated and strata.scenario.id != chosen.id:
        why = f"scenario {chosen.id} states none, so those of scenario {strata.scenario.id} are taken"
        said.append(f"prevalence of strata: {why}")
    return said


def _compared(trial: Trial, model: TrialModel) -> list[str]:
    """How arms are tested where that is easily taken for something else: without strata, and several of them."""
    said = []
    if model.pooled:
        said.append("test: without the strata that patients are randomized in, as the file plans it unstratified")
    arms = [arm.id for arm in trial.experimental]
    if len(arms) > 1:
        listed, control = f"{', '.join(arms[:-1])} and {arms[-1]}", trial.control.id
        said.append(f"test: each of {listed} is compared with {control} at the same bounds, with no allowance for all")
    return said
