"""One patient's story in the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import IO, Any

from equipoise.quantities import months_from_days
from equipoise.reporting.formatting import MINUS, date_text, listed, number_text, time_text, upper_first
from equipoise.reporting.patient_story import PatientStory, StoryEnding, StoryVisit
from equipoise.reporting.terminal_table import log_console

_MARGIN = 20
_SENSITIVITY = "sensitivity"


def print_story(story: PatientStory, file: IO[str] | None = None) -> None:
    """The story as headings, a table of assessments and a paragraph for each endpoint."""
    from rich.text import Text

    console = log_console(file)
    console.print(Text(f"{story.subject} \u00b7 {story.arm}", style="bold"))
    _print_pairs(console, story.facts)
    if story.visits:
        _print_heading(console, "Tumor assessments")
        console.print(_assessments(story.visits))
        _print_lines(console, [_reason(visit) for visit in story.visits if visit.why])
    if story.answers:
        _print_heading(console, "Response")
        _print_pairs(console, story.answers)
    if story.endings:
        _print_heading(console, "Endpoints")
        _print_pairs(console, _told_endings(story.endings))
    for heading, lines in (
        ("Adverse events of grade 3 or higher", story.adverse),
        ("Decisions about this patient's data", story.decisions),
    ):
        if lines:
            _print_heading(console, heading)
            _print_lines(console, lines)


def _print_lines(console: Any, lines: Iterable[str]) -> None:
    from rich.text import Text

    for line in lines:
        console.print(Text(textwrap.fill(line, console.width, initial_indent="  ", subsequent_indent="    ")))


def _reason(visit: StoryVisit) -> str:
    """Why the lesions gave a response; said where the collected one is another."""
    said = f"{visit.visit}: {visit.why}"
    if visit.computed and visit.response and visit.computed != visit.response:
        return f"{said} ({visit.computed}, where {visit.response} was recorded)"
    return said


def _print_heading(console: Any, text: str) -> None:
    from rich.text import Text

    console.print()
    console.print(Text(text, style="bold"))


def _print_pairs(console: Any, pairs: Iterable[tuple[str, str]]) -> None:
    from rich.text import Text

    for head, said in pairs:
        if len(head) > _MARGIN - 4:
            lines = textwrap.fill(f"{head}: {said}", console.width, initial_indent="  ", subsequent_indent="    ")
            console.print(Text(lines))
            continue
        first = f"  {head}".ljust(_MARGIN)
        console.print(Text(textwrap.fill(said, console.width, initial_indent=first, subsequent_indent=" " * _MARGIN)))


def _assessments(visits: tuple[StoryVisit, ...]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 1))
    for head, side in (
        ("Day", "right"), ("Date", "left"), ("Visit", "left"), ("Sum, mm", "right"),
        ("From\nbaseline", "right"), ("From\nsmallest", "right"), ("Response", "left"), ("Source", "left"),
    ):  # fmt: skip
        shown.add_column(Text(head), justify=side)  # type: ignore[arg-type]
    for visit in visits:
        cells = [
            number_text(float(visit.day)), visit.date, visit.visit,
            number_text(visit.total, 1) if visit.total is not None else "", _change(visit.from_baseline),
            _change(visit.from_smallest), visit.response or "", visit.source,
        ]  # fmt: skip
        shown.add_row(*(Text(cell) for cell in cells))
    return shown


def _change(percent: float | None) -> str:
    if percent is None:
        return ""
    shown = number_text(percent, 0)
    return f"{shown}%" if shown.startswith((MINUS, "0")) else f"+{shown}%"


def _told_endings(endings: tuple[StoryEnding, ...]) -> Iterable[tuple[str, str]]:
    """Each endpoint; of its sensitivity forms those that end otherwise with the reason, the others by name only."""
    main = [ending for ending in endings if ending.estimand != _SENSITIVITY]
    rest = [ending for ending in endings if ending.estimand == _SENSITIVITY]
    for ending in main:
        same = [other.parameter for other in rest if _same(ending, other)]
        rest = [other for other in rest if not _same(ending, other)]
        yield ending.parameter, _ending(ending) + (f". The same by {listed(same)}" if same else "")
    for ending in rest:
        yield ending.parameter, ". ".join(part for part in (_ending(ending), upper_first(ending.why)) if part)


def _same(one: StoryEnding, other: StoryEnding) -> bool:
    named = other.parameter.startswith(one.parameter)
    return named and (one.days, one.event, one.what) == (other.days, other.event, other.what)


def _ending(ending: StoryEnding) -> str:
    state = "event" if ending.event else "censored"
    months = time_text(months_from_days(ending.days), "months")
    days = "day" if ending.days == 1 else "days"
    parts = [f"{state} at {number_text(ending.days)} {days} ({months}): {ending.what}, {date_text(ending.date)}"]
    parts += [f"taken from {ending.source}"] if ending.source else []
    parts += [f"rule {ending.rule}"] if ending.rule else []
    parts += [f"estimand {ending.estimand}"] if ending.estimand not in ("", _SENSITIVITY) else []
    return "; ".join(parts)
