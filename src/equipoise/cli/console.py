"""What goes to the terminal: results and JSON on standard output; progress, warnings and errors on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.errors import EquipoiseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from equipoise.frames.decisions import DecisionLog

WIDTH = 100

Trial = Annotated[str, typer.Argument(help="A trial file, or a built-in name: palmira, gbsg2.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print the machine-readable result.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what equipoise wrote there before.")]
Out = Annotated[Path | None, typer.Option("--out", help="Where to write.", show_default="runs/<trial>-001, -002, ...")]
Sdtm = Annotated[
    Path, typer.Option("--sdtm", help="Folder of SDTM files: Parquet, CSV, XPT or SAS7BDAT.", show_default=False)
]
Map = Annotated[
    str | None,
    typer.Option("--map", help="Which file holds a domain: rs=rs_onco_recist,tu=tu_onco_recist.", show_default=False),
]


def print_json(verb: str, record: dict[str, Any]) -> None:
    """The machine-readable result of a verb, with the version of its shape."""
    sys.stdout.write(json.dumps({"format": f"equipoise.{verb}/1", **record}, ensure_ascii=False, indent=1) + "\n")


def print_error(error: EquipoiseError, *, as_json: bool) -> None:
    """An error in words on standard error; with `--json` also as data on standard output."""
    typer.echo(f"error {error}", err=True)
    if as_json:
        print_json("error", {"error": error.to_dict()})


def terminal_width() -> int:
    """The columns that text is wrapped to: those of a report, or of a narrower terminal."""
    from shutil import get_terminal_size

    return min(WIDTH, get_terminal_size((WIDTH, 24)).columns) if sys.stdout.isatty() else WIDTH


def print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def print_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Headings with sentences, wrapped to the width of a report or of the terminal."""
    from textwrap import wrap

    listed = list(pairs)
    width = terminal_width()
    margin = min(max((len(heading) for heading, _ in listed), default=0) + 2, width // 2)
    said = ""
    for heading, sentence in listed:
        first, *rest = wrap(sentence, width - margin) or [""]
        if len(heading) + 2 > margin:
            # A long path of the trial file gets a line of its own.
            typer.echo(heading)
            typer.echo(" " * margin + first)
        else:
            typer.echo(("" if heading == said else heading).ljust(margin) + first)
        for line in rest:
            typer.echo(" " * margin + line)
        said = heading


def print_decisions(decisions: DecisionLog, where: str) -> None:
    """What was decided about data that could not be taken as they were, as counts, on standard error."""
    lines = decisions.summary()
    if lines:
        typer.echo(
            f"{len(decisions):,} decision{'s' if len(decisions) != 1 else ''} about the data, each a row of {where}:",
            err=True,
        )
        for line in lines:
            typer.echo(f"  {line}", err=True)


def parse_map(text: str | None) -> dict[str, str] | None:
    """`rs=rs_onco_recist,tu=tu_onco` as a mapping."""
    return dict(parse_pair(part, "--map") for part in text.split(",")) if text else None


def parse_pair(text: str, option: str) -> tuple[str, str]:
    """`name=value`. Raises ArgumentError `argument-invalid`."""
    from equipoise.errors import ArgumentError

    name, sign, value = text.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise ArgumentError("argument-invalid", f"{option} {text!r} is not of the form name=value", where=option)
    return name.strip(), value.strip()


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A progress line on standard error: step, place and time gone; silent when standard error is not a terminal."""
    if not sys.stderr.isatty():
        from equipoise.workflow.journal import silent

        yield silent
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda step, place, count: bar.update(task, description=step, completed=place - 1, total=count)


@contextmanager
def trial_progress() -> Iterator[Callable[[int, int, float], None]]:
    """A bar of simulated trials on standard error with their rate and the time left; silent elsewhere."""
    if not sys.stderr.isatty():
        from equipoise.simulation.trial_runs import silent

        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("trials"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, rate="starting")
        yield lambda done, trials, rate: bar.update(task, completed=done, total=trials, rate=f"{rate:,.0f}/s")
