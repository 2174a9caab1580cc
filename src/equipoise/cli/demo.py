"""`equipoise demo`: the whole journey on the built-in PALMIRA."""

from __future__ import annotations

from typing import Annotated

import typer

from equipoise.cli.console import Force, Json, Out, print_json, progress


def demo(
    *,
    out: Out = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="Seed of the synthetic patients, 0 to 2**48 - 1.", show_default="20190427"),
    ] = None,
    scenario: Annotated[str | None, typer.Option("--scenario", help="Scenario of the trial file.")] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """The whole journey on the built-in PALMIRA: synthetic patients, derived, analyzed and reported."""
    from equipoise.cli.run import print_run
    from equipoise.workflow.journeys import demo as run_demo
    from equipoise.workflow.stages import DEFAULT_SEED

    with progress() as notify:
        seed = DEFAULT_SEED if seed is None else seed
        finished = run_demo(seed=seed, scenario=scenario, out=out, force=force, notify=notify)
    if json:
        print_json("demo", finished.to_dict())
        return
    print_run(finished)
