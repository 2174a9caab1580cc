"""A table before it has a look: columns, lines and cells that remember their rows; footnotes get their letters here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase

from equipoise.frames.results import ResultRow
from equipoise.protocol.trial import Trial
from equipoise.reporting.lookup import Quantity, row_key, row_text
from equipoise.reporting.palette import arm_place


@dataclass(frozen=True)
class Cell:
    """One value; `span` counts the columns it stands across; an empty quantity leaves the cell blank."""

    quantity: Quantity
    span: int = 1


@dataclass(frozen=True)
class Line:
    """One row of a table: its stub, its cells, how deep it is set in, and notes to the stub."""

    label: str
    cells: tuple[Cell, ...] = ()
    indent: int = 0
    heading: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """One column head; `place` is the arm's place in the palette (0: not an arm), `under` the head above it."""

    label: str
    below: str = ""
    place: int = 0
    under: str = ""


@dataclass(frozen=True)
class Table:
    """A table of a report. `stub` heads the first column; `notes` stand under it without a letter."""

    id: str
    caption: str
    stub: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()

    def anchor(self, line: Line) -> str:
        """The id of a line, for links to it."""
        place = next(place for place, other in enumerate(self.lines) if other is line)
        return f"{self.id}-{place}"

    def anchors(self) -> dict[str, str]:
        """Row key to the id of the first line that shows the row."""
        found: dict[str, str] = {}
        for line in self.lines:
            for cell in line.cells:
                for row in cell.quantity.rows:
                    found.setdefault(row_key(row), self.anchor(line))
        return found


@dataclass
class Letters:
    """Footnote letters in reading order; a note said twice keeps its letter."""

    notes: dict[str, str] = field(default_factory=dict)

    def of(self, *notes: str) -> list[str]:
        for note in notes:
            self.notes.setdefault(note, _letter(len(self.notes)))
        return [self.notes[note] for note in dict.fromkeys(notes)]


def _letter(place: int) -> str:
    turn, rest = divmod(place, len(ascii_lowercase))
    return ascii_lowercase[rest] * (turn + 1)


def arm_columns(trial: Trial, counts: Mapping[str, ResultRow | None]) -> tuple[Column, ...]:
    """A column per arm, its n in the head where a row says it."""
    return tuple(
        Column(
            label=arm.label,
            below="" if (count := counts.get(arm.id)) is None else f"(n = {row_text(count)})",
            place=arm_place(trial, arm.id),
        )
        for arm in trial.arms
    )


def cell(quantity: Quantity | None, *, span: int = 1) -> Cell:
    """A cell of a quantity; blank for None."""
    return Cell(quantity or Quantity(""), span)


def number_cell(row: ResultRow | None, write: Callable[[float], str]) -> Cell:
    """A row's number as `write` writes it; blank where there is no row, or no number in it."""
    return words("") if row is None or row.value is None else cell(Quantity(write(row.value), (row,)))


def words(text: str, *, span: int = 1) -> Cell:
    """A cell of words that no row stands behind."""
    return Cell(Quantity(text), span)


def filled(line: Line) -> bool:
    """Whether any cell of the line says something."""
    return any(part.quantity.text for part in line.cells)


def slug(text: str) -> str:
    """A text as an HTML id."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"
