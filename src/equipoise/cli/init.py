"""`equipoise init`: a commented starter trial file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from equipoise.cli.console import Force, Json, print_json, print_lines


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write trial.yaml into.", show_default=False)],
    *,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write a commented starter trial file, trial.yaml, into a folder."""
    import equipoise
    from equipoise.workflow.folders import new_file

    target = folder / "trial.yaml"
    with new_file(target, force=force) as partial:
        partial.write_text(equipoise.starter(), encoding="utf-8")
    if json:
        print_json("init", {"file": str(target)})
        return
    print_lines([f"wrote {target}", f"next: edit it, then `equipoise check {target}`"])
