"""An audit in a terminal: every check in a line, then the arithmetic of what was found."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import IO, TYPE_CHECKING, Any

from equipoise.reporting.terminal_table import log_console
from equipoise.reporting.words_of_checks import MARKS, NOT_AN_ACCUSATION, TOLD, check_name

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_STYLES = {"inconsistent": "bold red", "note": "yellow", "unresolved": "yellow"}
_MOST_LISTED = 200


def print_audit(record: Mapping[str, Any], *, every: bool = False, file: IO[str] | None = None) -> None:
    """Print an audit: headline, a line for each check, and the arithmetic of those that are not consistent.

    Arguments: an audit's `to_dict()`; `every`: the arithmetic of all checks; where to print (standard output).
    """
    from rich.text import Text

    console = log_console(file)
    console.print(Text(record["headline"], style="bold"))
    _print_checks(console, record["findings"])
    for finding in record["findings"]:
        if every or finding["status"] in TOLD:
            _print_arithmetic(console, finding)
    if record["status"] == "inconsistent":
        console.print(Text("\n" + textwrap.fill(NOT_AN_ACCUSATION, console.width), style="dim"))


def _print_checks(console: Console, findings: Iterable[Mapping[str, Any]]) -> None:
    """A line for each check, under the result that it is of."""
    from rich.text import Text

    shown = _table("", "Check", "Found")
    said = ""
    for finding in findings:
        if finding["subject"] != said:
            said = finding["subject"]
            shown.add_row(Text(""), Text(said, style="bold"), Text(""))
        name = check_name(finding["check"])
        shown.add_row(_status(finding["status"]), Text(f"  {name}"), Text(finding["said"]))
    console.print(shown)


def _table(*heads: str) -> Table:
    from rich import box
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 1))
    for head in heads:
        shown.add_column(head, overflow="fold", no_wrap=head in ("", "Status"))
    return shown


def _status(status: str) -> Any:
    from rich.text import Text

    return Text(f"{MARKS[status]} {status}", style=_STYLES.get(status, ""))


def _print_arithmetic(console: Console, finding: Mapping[str, Any]) -> None:
    from rich.text import Text

    name = check_name(finding["check"])
    console.print()
    console.print(Text(f"{MARKS[finding['status']]} {finding['subject']}, {name.lower()}: {finding['status']}",
                       style="bold"))  # fmt: skip
    told = [finding["said"], *finding["arithmetic"]]
    told += [f"allowed: {finding['tolerance']}"] if finding["tolerance"] else []
    told += [f"mildest reading: {finding['explanation']}"] if finding["explanation"] else []
    for line in told:
        console.print(Text(textwrap.fill(line, console.width, initial_indent="  ", subsequent_indent="    ")))


def print_audits(record: Mapping[str, Any], file: IO[str] | None = None) -> None:
    """Print the summary of many audits, an `Audits.to_dict()`: what is not consistent first, then what was refused."""
    from rich.text import Text

    console = log_console(file)
    console.print(Text(record["headline"], style="bold"))
    order = list(MARKS)
    found = sorted(record["audits"], key=lambda one: order.index(one["status"]))
    shown = _table("Published", "Status", "Checks", "Found")
    for one in found[:_MOST_LISTED]:
        checks = ", ".join(dict.fromkeys(check_name(check) for check in one["inconsistent"] or one["notes"]))
        explanation = f" ({one['explanation']})" if one["explanation"] else ""
        name = one["name"] if one["trial"] in ("", one["name"]) else f"{one['trial']} ({one['name']})"
        shown.add_row(Text(name), _status(one["status"]), Text(checks), Text(one["said"] + explanation))
    console.print(shown)
    if len(found) > _MOST_LISTED:
        console.print(Text(f"and {len(found) - _MOST_LISTED:,} more; --json and --out list all", style="dim"))
    for name, error in record["refused"].items():
        problems = "; ".join(problem["message"] for problem in error["problems"]) or error["message"]
        console.print(Text(f"{name} could not be read: {problems}", style="yellow"))
