"""`equipoise report`: result rows as one HTML document."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from equipoise.cli.console import Force, Json, Trial, print_json, print_lines


def report(
    trial: Trial,
    *,
    results: Annotated[
        Path, typer.Option("--results", help="results.parquet of an analysis, or its folder.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The HTML file to write.", show_default="report.html beside the results"),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write the report of a trial's results as one self-contained HTML file."""
    from equipoise.workflow.products import write_report

    file = write_report(trial, results=results, out=out, force=force)
    if json:
        print_json("report", {"file": str(file), "bytes": file.stat().st_size})
        return
    print_lines([f"wrote {file}, {file.stat().st_size / 1024:,.0f} KiB", f"next: open {file}"])
