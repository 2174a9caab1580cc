"""The reconciliation of censoring rule sets as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def rule_set_lines(effects: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line per rule set: how many patients change, events and medians by arm, and the hazard ratio.

    Arguments: the records of `equipoise.workflow.rule_set_summary.rule_set_effects`.
    """
    return [_line(effect) for effect in effects]


def _line(effect: Mapping[str, Any]) -> str:
    if "error" in effect:
        return f"the rule sets cannot be compared: {effect['error']}"
    changed = effect["changed"]
    patients = f"{changed} {'patient changes' if changed == 1 else 'patients change'}"
    events = ", ".join(f"{arm} {_count(number)}" for arm, number in effect["events"].items())
    parts = [patients, f"events {events}", f"median {_medians(effect['median'])}"]
    for arm, (ratio, low, high) in effect["hazard_ratio"].items():
        parts.append(f"HR {arm} {_number(ratio)} ({_number(low)} to {_number(high)})")
    for arm, (low, high) in effect["turnbull_median"].items():
        parts.append(f"Turnbull median {arm} {_time(low)} to {_time(high)}")
    return f"{effect['parameter']:8} {effect['rule_set']:18} {'; '.join(parts)}"


def _medians(medians: Mapping[str, float | None]) -> str:
    return ", ".join(f"{arm} {_time(value)}" for arm, value in medians.items())


def _count(value: float | None) -> str:
    return "NE" if value is None else f"{value:.0f}"


def _number(value: float | None) -> str:
    return "NE" if value is None else f"{value:.2f}"


def _time(value: float | None) -> str:
    return "not reached" if value is None else f"{value:.1f}"
