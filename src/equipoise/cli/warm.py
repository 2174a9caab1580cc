"""`equipoise warm`: compile ahead what is otherwise compiled when it is first needed."""

from __future__ import annotations

from typing import Annotated

import typer

from equipoise.cli.console import Json, print_json, print_lines


def warm(
    parts: Annotated[
        list[str] | None, typer.Argument(metavar="[PART]...", help="What to compile.", show_default="all")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Compile ahead, once for this processor, what is otherwise compiled when it is first needed."""
    from equipoise.workflow.warming import WarmPart, warm_parts

    def begin(part: str, purpose: str) -> None:
        if not json:
            typer.echo(f"{part}: {purpose}", err=True)

    def told(part: WarmPart) -> str:
        functions = f"{part.compiled} function{'s' if part.compiled != 1 else ''} compiled in {part.seconds:.1f} s"
        return f"{part.part:<20}{functions if part.compiled else 'nothing to do'}"

    found = warm_parts(tuple(parts or ()), begin)
    if json:
        print_json("warm", found.to_dict())
        return
    total = f"{found.compiled} functions compiled in {found.seconds:.1f} s" if found.compiled else "nothing to do"
    print_lines([*map(told, found.parts), total, f"kept in {found.cache}"])
