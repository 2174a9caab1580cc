"""The design of a trial as a result: its parts with their rows, their words and the code that makes them again."""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.design.design_result import DesignResult
from equipoise.design.trial_parts import DesignParts
from equipoise.design.trial_rows import trial_rows
from equipoise.design.trial_words import trial_paragraphs
from equipoise.frames.results import ResultRow


@dataclass(frozen=True, repr=False)
class TrialDesign(DesignParts, DesignResult):
    """The design of a trial; see `DesignParts` for what it holds."""

    def to_rows(self) -> list[ResultRow]:
        """Rows of the analysis "design": requirement, enrollment, looks, expected course, power."""
        return trial_rows(self)

    def text(self) -> str:
        """The sample size section of a protocol, one paragraph a thought."""
        return "\n\n".join(trial_paragraphs(self))

    def code(self) -> str:
        """Python that makes this design again, from the trial file."""
        named = [repr(self.premises.source), f"scenario={self.premises.scenario!r}"]
        return f"import equipoise\n\ndesign = equipoise.plan({', '.join(named)}, arm={self.premises.arm!r})"
