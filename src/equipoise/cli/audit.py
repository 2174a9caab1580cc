"""`equipoise audit`: a published time-to-event result checked against itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from equipoise.cli.console import Force, Json, print_json, print_lines
from equipoise.errors import ArgumentError

if TYPE_CHECKING:
    from equipoise.evidence import Audit, Audits

INCONSISTENT = 1


def audit(
    published: Annotated[
        str | None,
        typer.Argument(
            metavar="PUBLISHED", show_default=False,
            help="A published-result file (YAML, JSON), an example (palmira, maintain, pace, ...), or many: a folder "
            "of files, a table (.csv, .parquet).",
        ),
    ] = None,
    *,
    new: Annotated[
        Path | None, typer.Option("--new", help="Write a commented starter file there.", show_default=False)
    ] = None,
    from_text: Annotated[
        Path | None,
        typer.Option(
            "--from-text", help="Read an abstract (- for standard input) into a draft to confirm.", show_default=False
        ),
    ] = None,
    deep: Annotated[
        bool | None,
        typer.Option("--deep/--no-deep", help="Search for a data set that has all numbers.",
                     show_default="after a flag"),
    ] = None,
    arithmetic: Annotated[bool, typer.Option("--arithmetic", help="Print the arithmetic of every check.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write a page (.html), or of many a summary (.csv).", show_default="printed"),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Check published numbers against each other; exit status 1 when any are inconsistent."""
    if from_text is not None:
        _read_text(from_text, new, force=force, as_json=json)
        return
    if new is not None:
        _write_new(new, published, force=force, as_json=json)
        return
    if published is None:
        raise ArgumentError(
            "argument-invalid", "nothing to audit was named", where="PUBLISHED",
            hint="name a file, an example such as palmira, a folder or a table; --new FILE writes a starter",
        )  # fmt: skip
    from equipoise.workflow.auditing import write_audit

    found = _audited(published, deep=deep)
    if out is not None:
        write_audit(found, out, force=force, inputs=(published,))
    _show(found, arithmetic=arithmetic, out=out, as_json=json)
    if found.status == "inconsistent":
        raise typer.Exit(INCONSISTENT)


def _audited(published: str, *, deep: bool | None) -> Audit | Audits:
    """The audit; a search, which takes seconds, is announced where somebody is watching."""
    from equipoise.workflow.auditing import audit_published

    fast = audit_published(published, deep=False)
    of_many = not hasattr(fast, "findings")
    if deep is False or (deep is None and (of_many or fast.status != "inconsistent")):
        return fast
    if sys.stderr.isatty():
        typer.echo("searching for a data set that has all the numbers; --no-deep leaves it out", err=True)
    return audit_published(published, deep=deep)


def _read_text(source: Path, new: Path | None, *, force: bool, as_json: bool) -> None:
    """A draft of a published-result file: what was understood, to be confirmed before it is audited."""
    from equipoise.workflow.auditing import draft_from, write_draft

    draft = draft_from(source)
    if new is not None:
        write_draft(draft, new, force=force)
    if as_json:
        print_json("audit", draft.to_dict() | ({"file": str(new)} if new is not None else {}))
        return
    print_lines([draft.to_yaml()] if new is None else [f"wrote {new}"])
    for line in draft.lines():
        typer.echo(line, err=True)


def _write_new(new: Path, published: str | None, *, force: bool, as_json: bool) -> None:
    if published is not None:
        raise ArgumentError("argument-invalid", f"--new writes a starter; {published!r} has no meaning beside it",
                            where="--new")  # fmt: skip
    from equipoise.workflow.auditing import write_starter

    write_starter(new, force=force)
    if as_json:
        print_json("audit", {"file": str(new)})
    else:
        print_lines([f"wrote {new}", f"next: fill in what the paper prints, then `equipoise audit {new}`"])


def _show(found: Audit | Audits, *, arithmetic: bool, out: Path | None, as_json: bool) -> None:
    record = found.to_dict()
    if as_json:
        print_json("audit", record | ({"file": str(out)} if out is not None else {}))
        return
    from equipoise.reporting.terminal_audit import print_audit, print_audits

    if "findings" in record:
        print_audit(record, every=arithmetic)
    else:
        print_audits(record)
    if out is not None:
        print_lines(["", f"written to {out}"])
