"""The words of an audit: its checks by name, its statuses by mark, and what it does not say."""

from __future__ import annotations

CHECKS = {
    "limits": "Limits hold the estimate",
    "one-standard-error": "One standard error",
    "information-bound": "Information and events",
    "log-symmetry": "Symmetry on the log scale",
    "interval-level": "Level of the interval",
    "landmark-rates": "Rates and medians",
    "numbers-at-risk": "Numbers at risk",
    "joint-feasibility": "Joint feasibility",
    "percentages": "Possible percentages",
    "response-interval": "Interval of a share",
    "response-test": "Test of two shares",
    "allocation": "Allocation",
}
# A word never stands by its color alone.
MARKS = {"inconsistent": "✕", "note": "▲", "unresolved": "?", "consistent": "✓", "not-checked": "·"}
# What a reader is told first.
TOLD = ("inconsistent", "note", "unresolved")
NOT_AN_ACCUSATION = (
    "A flag states arithmetic: these numbers, as printed, cannot all come from the analysis that the text describes. "
    "Why is unknown; misprints and methods that the text does not mention are the usual reasons."
)


def check_name(check: str) -> str:
    """A check in words."""
    return CHECKS.get(check, check)
