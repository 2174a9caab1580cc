"""`equipoise simulate`: the operating characteristics of a trial's design, from whole simulated trials."""

from __future__ import annotations

from typing import Annotated

import typer

from equipoise.cli.console import Json, Trial, print_json, trial_progress

TRIALS = 100_000


def simulate(
    trial: Trial,
    *,
    trials: Annotated[
        int | None, typer.Option("--trials", min=1, help="How many trials; with --until-se, how many at most.",
                                 show_default="100000")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed, 0 to 2**48 - 1.")] = 1,
    scenario: Annotated[
        str | None, typer.Option("--scenario", help="Scenario of the trial file.", show_default="its default")
    ] = None,
    hazard_ratio: Annotated[
        float | None,
        typer.Option("--hazard-ratio", help="In place of the scenario's effect; 1: the size.", show_default=False),
    ] = None,
    until_se: Annotated[
        float | None,
        typer.Option("--until-se", help="Stop once the rejection rate's standard error is no larger.",
                     show_default=False),
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, show_default="all cores")] = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Simulate whole trials: how often the design rejects, when it stops, what it costs, with Monte-Carlo errors."""
    from equipoise.workflow.simulating import simulate_trial

    wanted = trials if trials is not None or until_se is not None else TRIALS
    with trial_progress() as notify:
        found, assumptions = simulate_trial(
            trial, trials=wanted, seed=seed, scenario=scenario, hazard_ratio=hazard_ratio, until_se=until_se,
            threads=threads, notify=notify,
        )  # fmt: skip
    if json:
        print_json("simulate", {"assumptions": list(assumptions), **found.to_dict()})
        return
    from equipoise.reporting.terminal_simulation import print_characteristics

    print_characteristics(found.text(), found.to_rows(), assumptions=assumptions)
