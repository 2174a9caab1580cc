"""`equipoise analyze`: every planned analysis as result rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from equipoise.cli.console import Force, Json, Out, Trial, print_json, print_lines


def analyze(
    trial: Trial,
    *,
    adam: Annotated[
        Path | None,
        typer.Option("--adam", help="Folder of ADaM files.", show_default="the public data set of the study, if any"),
    ] = None,
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Compute every planned analysis; print a summary and store the result rows."""
    from equipoise.reporting import print_summary
    from equipoise.workflow.products import write_results

    loaded, analyzed, file = write_results(trial, adam=adam, out=out, force=force)
    if json:
        provenance = analyzed.provenance.to_dict()
        print_json("analyze", {"file": str(file), "provenance": provenance, **analyzed.results.to_dict()})
        return
    print_summary(loaded, analyzed.results, analyzed.provenance)
    print_lines(
        ["", f"{len(analyzed.results):,} result rows are in {file}", f"next: equipoise report {trial} --results {file}"]
    )
