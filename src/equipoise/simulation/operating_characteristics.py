"""Operating characteristics of a simulated design as a result: their numbers with their rows and their words."""

from __future__ import annotations

from dataclasses import dataclass, replace

from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult
from equipoise.simulation.characteristic_rows import characteristic_rows, characteristics_text
from equipoise.simulation.characteristics import Characteristics
from equipoise.simulation.event_course import EventCourse


@dataclass(frozen=True, eq=False, repr=False)
class OperatingCharacteristics(Characteristics, RowResult):
    """What many simulated trials of a model did; see `Characteristics` for what it holds."""

    library: str | None = None

    def with_course(self, course: EventCourse) -> OperatingCharacteristics:
        """The same with events over time."""
        return replace(self, course=course)

    def to_rows(self) -> list[ResultRow]:
        """Rows of the analysis "simulate": rejection, decision, at-stop, look, histogram, course, run."""
        return characteristic_rows(self)

    def text(self) -> str:
        """What was simulated and found, one paragraph a thought."""
        return characteristics_text(self)

    def __str__(self) -> str:
        return self.text()
