"""`equipoise design`: what a trial's assumptions say about events, power, dates and bounds."""

from __future__ import annotations

from typing import Annotated

import typer

from equipoise.cli.console import Json, Trial, print_json, print_lines


def design(
    trial: Trial,
    *,
    scenario: Annotated[
        str | None, typer.Option("--scenario", help="Scenario of the trial file.", show_default="its default")
    ] = None,
    arm: Annotated[
        str | None, typer.Option("--arm", help="Experimental arm, by its id.", show_default="the first")
    ] = None,
    code: Annotated[bool, typer.Option("--code", help="Print Python that makes every number again.")] = False,
    json: Json = False,
) -> None:
    """Events, power, dates and bounds by the trial's assumptions, in tables and in words for a protocol."""
    from equipoise.workflow.planning import plan_trial

    planned = plan_trial(trial, scenario=scenario, arm=arm)
    if json:
        print_json("design", planned.to_dict())
    elif code:
        print_lines([planned.code()])
    else:
        from equipoise.reporting.terminal_design import print_design

        print_design(planned.to_rows())
