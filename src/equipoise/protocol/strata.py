"""The strata of a trial's randomization, and how common its scenarios take them to be."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import product
from typing import Any, NamedTuple

from equipoise.protocol.scenarios import Scenario
from equipoise.protocol.trial import Trial


class StrataShares(NamedTuple):
    """The shares of the strata: levels in the order of the factors, where from, and the values that say so by name."""

    scenario: Scenario
    shares: dict[tuple[str, ...], float]
    stated: dict[str, Any]


def strata_of(trial: Trial) -> tuple[dict[str, str], ...]:
    """Every stratum as level by factor; the one stratum {} where nothing is stratified."""
    names = () if trial.randomization is None else trial.randomization.strata
    levels = [tuple(trial.variables[name].levels or {}) for name in names]
    return tuple(dict(zip(names, chosen, strict=True)) for chosen in product(*levels))


def shares_of_strata(trial: Trial, scenarios: Iterable[Scenario]) -> StrataShares | None:
    """How common the strata are, by the first of these scenarios that says it: jointly, or factor by factor."""
    strata = strata_of(trial)
    for scenario in scenarios:
        joint = scenario.joint_prevalences
        if joint is not None:
            found = {tuple(each.stratum[name] for name in strata[0]): each.share for each in joint.value}
            return StrataShares(scenario, found, {"the strata": joint})
        if all(name in scenario.prevalences for name in strata[0]):
            by_factor = {name: scenario.prevalences[name] for name in strata[0]}
            shares = {tuple(stratum.values()): _share(by_factor, stratum) for stratum in strata}
            return StrataShares(scenario, shares, by_factor)
    return None


def _share(by_factor: dict[str, Any], stratum: dict[str, str]) -> float:
    return math.prod(by_factor[name].value.get(level, 0.0) for name, level in stratum.items())
