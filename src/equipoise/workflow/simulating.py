"""Simulation of a trial file's design."""

from __future__ import annotations

from typing import TYPE_CHECKING

from equipoise.errors import ArgumentError
from equipoise.simulation.trial_runs import Notify, silent
from equipoise.workflow.planning import TrialLike, trial_file

if TYPE_CHECKING:
    from equipoise.simulation import OperatingCharacteristics


def simulate_trial(
    trial: TrialLike,
    *,
    trials: int | None,
    seed: int,
    scenario: str | None = None,
    hazard_ratio: float | None = None,
    until_se: float | None = None,
    threads: int | None = None,
    notify: Notify = silent,
) -> tuple[OperatingCharacteristics, tuple[str, ...]]:
    """Operating characteristics of the trial's primary analysis under a scenario, and what they assume unpublished."""
    from equipoise.simulation import plan_simulation, simulate

    if hazard_ratio is not None and not hazard_ratio > 0.0:
        raise ArgumentError(
            "argument-invalid",
            f"the hazard ratio is {hazard_ratio!r}",
            where="hazard_ratio",
            hint="a number above zero; 1 gives the size of the test",
        )
    planned = plan_simulation(trial_file(trial).trial, scenario=scenario, hazard_ratio=hazard_ratio)
    found = simulate(planned.model, trials=trials, seed=seed, until_se=until_se, threads=threads, notify=notify)
    return found, planned.assumptions
