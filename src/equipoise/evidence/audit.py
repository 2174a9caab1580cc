"""`equipoise audit`: a published trial checked against itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from equipoise.errors import EquipoiseError
from equipoise.evidence.allocation_check import check_allocation
from equipoise.evidence.audit_rows import audit_rows
from equipoise.evidence.effect_checks import check_effect
from equipoise.evidence.findings import Finding, Status, worst
from equipoise.evidence.published import PublishedTrial
from equipoise.evidence.share_checks import check_shares
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult

AUDIT = "audit"


@dataclass(frozen=True, repr=False)
class Audit(RowResult):
    """Every check of one published trial, in the order of its file."""

    trial: PublishedTrial
    findings: tuple[Finding, ...]
    library: str | None = None

    @property
    def status(self) -> Status:
        """That of the worst finding."""
        return worst(self.findings)

    @property
    def flagged(self) -> tuple[Finding, ...]:
        """The findings that are inconsistent."""
        return tuple(finding for finding in self.findings if finding.status == "inconsistent")

    def headline(self) -> str:
        """The outcome in a line.

        >>> from equipoise.evidence import audit_trial, read_published
        >>> audit_trial(read_published("pace")).headline()
        'PACE: consistent; 6 checks, none inconsistent, no note'
        """
        counts = Counter(finding.status for finding in self.findings)
        done = sum(counts.values()) - counts["not-checked"]
        notes = f"{counts['note']} note{'s' if counts['note'] != 1 else ''}" if counts["note"] else "no note"
        flags = f"{counts['inconsistent']} inconsistent" if counts["inconsistent"] else "none inconsistent"
        return f"{self.trial.trial}: {self.status}; {done} check{'s' if done != 1 else ''}, {flags}, {notes}"

    def text(self) -> str:
        """The headline, then a line for each finding that is not consistent."""
        told = [
            f"{one.status}, {one.subject}: {one.said}" + (f" ({one.explanation})" if one.explanation else "")
            for one in self.findings
            if one.status not in ("consistent", "not-checked")
        ]
        return "\n".join([self.headline(), *told])

    def __repr__(self) -> str:
        return f"Audit: {self.text()}"

    def to_rows(self) -> list[ResultRow]:
        """A row for each finding's status and each number of its arithmetic, and the intervals of its picture."""
        return audit_rows(self.trial, self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Trial, status, headline and findings, ready for JSON."""
        return {
            "trial": self.trial.trial,
            "identifiers": list(self.trial.identifiers),
            "sources": dict(self.trial.sources),
            "status": self.status,
            "headline": self.headline(),
            "findings": [finding.to_dict() for finding in self.findings],
        }


@dataclass(frozen=True, repr=False)
class Audits(RowResult):
    """Many audits by name, and what could not be audited with the reason."""

    audits: Mapping[str, Audit]
    refused: Mapping[str, EquipoiseError] = field(default_factory=dict)
    library: str | None = None

    @property
    def status(self) -> Status:
        """That of the worst finding of all."""
        return worst([finding for audit in self.audits.values() for finding in audit.findings])

    @property
    def flagged(self) -> tuple[str, ...]:
        """The names of the inconsistent ones."""
        return tuple(name for name, audit in self.audits.items() if audit.flagged)

    def headline(self) -> str:
        """The outcome in a line."""
        counts = Counter(audit.status for audit in self.audits.values())
        said = ", ".join(f"{count:,} {status}" for status, count in counts.items()) or "none audited"
        refused = f"; {len(self.refused):,} could not be read" if self.refused else ""
        return f"{len(self.audits):,} published trial{'s' if len(self.audits) != 1 else ''}: {said}{refused}"

    def __repr__(self) -> str:
        return f"Audits: {self.headline()}"

    def summary(self) -> list[dict[str, Any]]:
        """A record for each: name, trial, status, the checks that are inconsistent or notes, the first explanation."""
        return [_record(name, audit) for name, audit in self.audits.items()]

    def to_rows(self) -> list[ResultRow]:
        """The rows of each audit, its name in `run`."""
        return [
            row
            for name, audit in self.audits.items()
            for row in audit_rows(audit.trial, audit.findings, run=name)
        ]  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Status, counts and a record for each, ready for JSON."""
        return {
            "status": self.status,
            "headline": self.headline(),
            "audits": self.summary(),
            "refused": {name: error.to_dict() for name, error in self.refused.items()},
        }


def _record(name: str, audit: Audit) -> dict[str, Any]:
    found = audit.flagged or tuple(finding for finding in audit.findings if finding.status == "note")
    return {
        "name": name,
        "trial": audit.trial.trial,
        "status": audit.status,
        "inconsistent": [finding.check for finding in audit.flagged],
        "notes": [finding.check for finding in audit.findings if finding.status == "note"],
        "said": f"{found[0].subject}: {found[0].said}" if found else "",
        "explanation": found[0].explanation if found else "",
    }


def audit_trial(trial: PublishedTrial, *, deep: bool | None = None, budget: int | None = None) -> Audit:
    """Every check of a published trial.

    Arguments: the trial; `deep`: whether a data set is searched for that has medians, rates, events and hazard ratio of
    a result at once (seconds for each): True, False, or None, only for results with a flag; `budget`, the steps of that
    search (`joint_feasibility`'s own where None).
    Returns an `Audit`. Source of the checks: docs/methods/audit.md.

    >>> from equipoise.evidence import read_published
    >>> [finding.check for finding in audit_trial(read_published("palmira"), deep=False).flagged]
    ['information-bound']
    """
    found: list[Finding] = []
    for result in trial.results:
        own = check_effect(trial, result)
        found += own
        if deep or (deep is None and worst(own) == "inconsistent"):
            from equipoise.evidence.feasibility_check import check_feasibility

            found.append(check_feasibility(trial, result, budget=budget))
    found += [*check_shares(trial), check_allocation(trial)]
    return Audit(trial, tuple(found))


def audit_many(
    trials: Mapping[str, PublishedTrial | EquipoiseError] | Iterable[PublishedTrial], *, deep: bool | None = False
) -> Audits:
    """The audits of many trials.

    Arguments: trials by name, as `read_published_folder` and `read_published_table` give them with the errors of those
    that cannot be used, or trials alone; `deep` as of `audit_trial`, here False.
    """
    named = trials.items() if isinstance(trials, Mapping) else ((f"{k}", one) for k, one in enumerate(trials, start=1))
    audits: dict[str, Audit] = {}
    refused: dict[str, EquipoiseError] = {}
    for name, one in named:
        if isinstance(one, PublishedTrial):
            audits[str(name)] = audit_trial(one, deep=deep)
        else:
            refused[str(name)] = one
    return Audits(audits, refused)
