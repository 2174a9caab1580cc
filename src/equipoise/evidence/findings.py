"""What a check of a published number found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["consistent", "note", "inconsistent", "unresolved", "not-checked"]
Check = Literal[
    "limits", "one-standard-error", "information-bound", "log-symmetry", "interval-level", "landmark-rates",
    "numbers-at-risk", "joint-feasibility", "percentages", "response-interval", "response-test", "allocation",
]  # fmt: skip
# Worst first: what an audit as a whole is.
_ORDER: tuple[Status, ...] = ("inconsistent", "note", "unresolved", "consistent", "not-checked")


@dataclass(frozen=True)
class Finding:
    """One check of one published result.

    `said`: the outcome in a sentence; `arithmetic`: the numbers that lead to it, a line each; `explanation`: the
    mildest reading that would reconcile the numbers, where they are not consistent as printed; `values`: the numbers of
    the arithmetic by name, for machines; `tolerance`: what rounding and method were allowed.
    """

    check: Check
    subject: str
    status: Status
    said: str
    arithmetic: tuple[str, ...] = ()
    explanation: str = ""
    values: dict[str, float] = field(default_factory=dict)
    tolerance: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def worst(findings: list[Finding] | tuple[Finding, ...]) -> Status:
    """The status of an audit: that of its worst finding."""
    held = {finding.status for finding in findings}
    for status in _ORDER:
        if status in held:
            return status
    return "not-checked"
