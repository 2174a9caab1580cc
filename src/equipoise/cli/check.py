"""`equipoise check`: validate a trial file and print its synopsis."""

from __future__ import annotations

from textwrap import wrap
from typing import Annotated

import typer

from equipoise.cli.console import Json, Trial, print_json, print_lines, print_pairs, terminal_width


def check(
    trial: Trial,
    *,
    assumptions: Annotated[bool, typer.Option("--assumptions", help="List every value marked an assumption.")] = False,
    json: Json = False,
) -> None:
    """Validate a trial file; print a synopsis, or every fault with its line and what would be right."""
    from equipoise.protocol import read_trial_file, synopsis

    source = read_trial_file(trial)
    loaded = source.trial
    if json:
        record = {
            "trial": loaded.id,
            "file": source.name,
            "digest": source.digest,
            "synopsis": [{"heading": heading, "text": text} for heading, text in synopsis(loaded)],
            "assumptions": [
                {"path": path, "value": value, "reason": reason} for path, value, reason in loaded.assumptions()
            ],
        }
        print_json("check", record)
        return
    print_lines([f"{source.name} is valid", "", *wrap(f"{loaded.id}: {loaded.trial.title}", terminal_width()), ""])
    print_pairs(synopsis(loaded))
    if assumptions:
        print_lines(["", "Assumptions"])
        print_pairs((path, f"{value}: {reason}") for path, value, reason in loaded.assumptions())
