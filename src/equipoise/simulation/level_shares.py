"""How common the levels of stratification factors are, as a trial file's scenarios state it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.errors import ArgumentError
from equipoise.protocol import Trial
from equipoise.protocol.scenarios import Scenario


@dataclass(frozen=True)
class LevelShares:
    """The `scenario` that states them, and by factor what it states: a value with its evidence."""

    scenario: Scenario
    by_factor: Mapping[str, Any]

    def values(self, factors: Iterable[str]) -> dict[str, dict[str, float]]:
        """The shares of the levels of these factors."""
        return {name: dict(self.by_factor[name].value) for name in factors}

    def assumptions(self) -> list[str]:
        """What nobody published about them, a sentence each."""
        return [f"prevalence of {n}: {part.assumption}" for n, part in self.by_factor.items() if part.assumption]


def stated_shares(trial: Trial, factors: Sequence[str], scenarios: Sequence[Scenario]) -> LevelShares | None:
    """The shares of the first of these scenarios that states them for all factors; None without factors.

    Raises ArgumentError `argument-invalid` where none of them does.
    """
    if not factors:
        return None
    for scenario in scenarios:
        if all(name in scenario.prevalences for name in factors):
            return LevelShares(scenario, {name: scenario.prevalences[name] for name in factors})
    missing = [name for name in factors if not any(name in each.prevalences for each in scenarios)] or list(factors)
    named = f".{scenarios[0].id}.prevalences" if len({each.id for each in scenarios}) == 1 else ""
    raise ArgumentError(
        "argument-invalid",
        f"trial {trial.id} does not say how common the levels of {', '.join(missing)} are",
        where=f"scenarios{named}",
        reason="patients are drawn into the strata that they are randomized in: how these fill decides what follows",
        hint="add `prevalences` of these factors to a scenario, each with its source or marked an assumption",
    )
