"""`equipoise audit`: a published trial checked against itself."""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.evidence.allocation_check import check_allocation
from equipoise.evidence.effect_checks import check_effect
from equipoise.evidence.findings import Finding, Status, worst
from equipoise.evidence.published import PublishedTrial
from equipoise.evidence.share_checks import check_shares


@dataclass(frozen=True)
class Audit:
    """Every check of one published trial, in the order of its file."""

    trial: PublishedTrial
    findings: tuple[Finding, ...]

    @property
    def status(self) -> Status:
        """That of the worst finding."""
        return worst(self.findings)

    @property
    def flagged(self) -> tuple[Finding, ...]:
        """The findings that are inconsistent."""
        return tuple(finding for finding in self.findings if finding.status == "inconsistent")


def audit_trial(trial: PublishedTrial) -> Audit:
    """Every fast check of a published trial."""
    found = [finding for result in trial.results for finding in check_effect(trial, result)]
    found += [*check_shares(trial), check_allocation(trial)]
    return Audit(trial, tuple(found))
