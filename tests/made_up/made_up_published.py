"""Published results made up for tests, as the mapping of a published-result file."""

from __future__ import annotations

from typing import Any

from equipoise.evidence import Audit, Finding, PublishedTrial, audit_trial


def published(
    hazard_ratio: Any = None, *, n: tuple[int, int] = (100, 100), ratio: str = "1:1", **parts: Any
) -> PublishedTrial:
    """A trial with one result; `parts` are keys of the result, or of the file (blocks, strata, shares)."""
    own = {key: parts.pop(key) for key in ("blocks", "strata", "shares") if key in parts}
    result = {"endpoint": "PFS", "source": "paper", **parts}
    if hazard_ratio is not None:
        result["hazard_ratio"] = hazard_ratio
    return PublishedTrial.model_validate(
        {
            "published": 1, "trial": "made up", "sources": {"paper": "made up"}, "ratio": ratio,
            "experimental": {"label": "E", "randomized": n[0]}, "control": {"label": "C", "randomized": n[1]},
            "results": [result], **own,
        }
    )  # fmt: skip


def share(label: str = "Response", *, population: str | None = None, **parts: Any) -> dict[str, Any]:
    """An entry of `shares`."""
    return {"label": label, "kind": "response", "source": "paper", "population": population, **parts}


def found(trial: PublishedTrial, check: str, subject: str | None = None) -> Finding:
    """The one finding of a check."""
    audit: Audit = audit_trial(trial, deep=False)
    (finding,) = [one for one in audit.findings if one.check == check and subject in (None, one.subject)]
    return finding
