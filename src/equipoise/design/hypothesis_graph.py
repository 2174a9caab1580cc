"""Graphs of hypotheses: how the significance level is divided among them, and where it goes after a rejection."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from equipoise.errors import ArgumentError, permitted

# Weights and transitions are typed as decimals (0.1 + 0.2 + 0.7): their sums may pass 1 by rounding, never by more.
_ROUNDING = 1e-12

Transitions = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class HypothesisGraph:
    """Hypotheses with their share of alpha, and the shares that a rejected hypothesis hands on.

    `weights`: hypothesis -> share of alpha, in total at most 1. `transitions`: hypothesis -> (hypothesis -> share of
    its level that goes there once it is rejected), in total at most 1 for each; pairs left out are 0.
    """

    weights: dict[str, float]
    transitions: dict[str, dict[str, float]]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.weights)

    def transition(self, start: str, stop: str) -> float:
        """The share of the level of `start` that goes to `stop`."""
        return self.transitions.get(start, {}).get(stop, 0.0)

    def remove(self, name: str) -> HypothesisGraph:
        """The graph after the rejection of a hypothesis.

        Formula: w_l + w_j g_jl, and (g_lk + g_lj g_jk) / (1 - g_lj g_jl), 0 where g_lj g_jl = 1.
        Source: Bretz, Maurer, Brannath, Posch 2009, doi:10.1002/sim.3495, algorithm 1.

        >>> HypothesisGraph({"PFS": 0.8, "OS": 0.2}, {"PFS": {"OS": 1.0}, "OS": {"PFS": 1.0}}).remove("PFS").weights
        {'OS': 1.0}
        """
        left = [other for other in self.names if other != name]
        weights = {h: self.weights[h] + self.weights[name] * self.transition(name, h) for h in left}
        transitions: dict[str, dict[str, float]] = {}
        for start in left:
            loop = self.transition(start, name) * self.transition(name, start)
            moved = {
                stop: (self.transition(start, stop) + self.transition(start, name) * self.transition(name, stop))
                / (1.0 - loop)
                for stop in left
                if stop != start and loop < 1.0
            }
            transitions[start] = {stop: share for stop, share in moved.items() if share > 0.0}
        return HypothesisGraph(weights, transitions)

    def weights_of(self, names: Iterable[str]) -> dict[str, float]:
        """The weights with which the intersection of these hypotheses is tested: all others removed, in any order."""
        kept = set(names)
        graph = self
        for name in self.names:
            graph = graph if name in kept else graph.remove(name)
        return graph.weights


def checked_graph(weights: Mapping[str, float], transitions: Transitions) -> HypothesisGraph:
    """Weights and transitions as a graph, or ArgumentError `argument-invalid` saying which share cannot stand."""
    if not isinstance(weights, Mapping) or not weights:
        raise _invalid("weights", f"weights is {weights!r}", hint='name the hypotheses, as in {"PFS": 0.8, "OS": 0.2}')
    if not isinstance(transitions, Mapping):
        raise _invalid("transitions", f"transitions is {transitions!r}", hint='write {"PFS": {"OS": 1.0}}')
    for name, share in weights.items():
        _check_share("weights", name, share)
    _check_total("weights", "the weights", weights.values())
    for start, row in transitions.items():
        _check_row(start, row, tuple(weights))
    return HypothesisGraph(
        {name: float(share) for name, share in weights.items()},
        {
            start: {stop: float(share) for stop, share in transitions.get(start, {}).items() if share > 0.0}
            for start in weights
        },
    )


def _check_row(start: str, row: Any, names: tuple[str, ...]) -> None:
    if start not in names:
        raise _invalid("transitions", f"transitions from {start!r}, which has no weight", hint=permitted(start, names))
    if not isinstance(row, Mapping):
        raise _invalid("transitions", f"transitions of {start} is {row!r}", hint='write {"PFS": {"OS": 1.0}}')
    for stop, share in row.items():
        if stop not in names:
            raise _invalid("transitions", f"transitions from {start} to {stop!r}", hint=permitted(str(stop), names))
        _check_share("transitions", f"{start} to {stop}", share)
        if stop == start and share > 0.0:
            raise _invalid("transitions", f"{start} hands {share:g} of its level to itself", hint="leave the pair out")
    _check_total("transitions", f"the transitions from {start}", row.values())


def _check_share(where: str, name: str, share: Any) -> None:
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0.0 <= share <= 1.0:
        raise _invalid(where, f"{where} of {name} is {share!r}", reason="a share is a number from 0 to 1")


def _check_total(where: str, what: str, shares: Iterable[float]) -> None:
    total = math.fsum(shares)
    if total > 1.0 + _ROUNDING:
        raise _invalid(where, f"{what} add up to {total:g}", reason="more than alpha would be spent")


def _invalid(where: str, message: str, *, reason: str | None = None, hint: str | None = None) -> ArgumentError:
    return ArgumentError("argument-invalid", message, where=where, reason=reason, hint=hint)
