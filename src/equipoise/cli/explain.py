"""`equipoise explain`: one patient's story."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from equipoise.cli.console import Force, Json, print_json, print_lines


def explain(
    run: Annotated[Path, typer.Argument(help="A run's folder, or a folder of ADaM files.", show_default=False)],
    subject: Annotated[str, typer.Argument(help="USUBJID or SUBJID.", show_default=False)],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Also draw the story: a .svg or .png file.", show_default=False)
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Tell one patient's story: assessments, sums, responses, endpoints, and the rule and record behind each."""
    from equipoise.workflow.explaining import explain as tell
    from equipoise.workflow.explaining import write_picture

    story = tell(run, subject)
    drawn = write_picture(story, out, force=force, run=run) if out is not None else None
    if json:
        print_json("explain", {**story.to_dict(), "picture": str(drawn) if drawn else None})
        return
    from equipoise.reporting.terminal_story import print_story

    print_story(story)
    if drawn is not None:
        print_lines(["", f"drawn in {drawn}"])
