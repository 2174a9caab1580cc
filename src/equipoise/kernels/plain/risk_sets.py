"""Who is at risk and who has the event, at each distinct time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class RiskTable(NamedTuple):
    """One group's counts at its distinct observed times (all arrays of length m, floats because weights may be)."""

    time: np.ndarray
    n_risk: np.ndarray
    n_event: np.ndarray
    n_censor: np.ndarray


class RiskCounts(NamedTuple):
    """Counts by group at each distinct event time of each stratum.

    `time` and `stratum` have length K; `at_risk` and `events` shape (K, G); `n_deaths` (K) counts the rows with the
    event whatever their weight.
    """

    time: np.ndarray
    stratum: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    n_deaths: np.ndarray


def risk_table(
    time: np.ndarray, event: np.ndarray, weight: np.ndarray | None = None, entry: np.ndarray | None = None
) -> RiskTable:
    """Numbers at risk, with the event, and censored at each distinct observed time of one group.

    A row is at risk at t when entry < t <= time. Events precede censorings at the same time (Kaplan and Meier 1958).
    """
    order = np.argsort(time)
    ordered, happened = time[order], event[order]
    first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))

    def counted(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """At risk, with the event, and censored at each time, rows counting by `weights`."""
        own = weights[order]
        at_risk = np.cumsum(own[::-1])[::-1][first]
        if entry is not None:
            at_risk = at_risk - _not_yet_entered(entry, weights, ordered[first])
        dead, censored = (np.add.reduceat(np.where(which, own, 0), first) for which in (happened, ~happened))
        return at_risk, dead, censored

    n_risk, n_event, n_censor = counted(np.ones(len(time)) if weight is None else weight.astype(float))
    if weight is not None:
        # Sums of fractions in another order differ by rounding: where everyone at risk dies, a curve must reach zero.
        rows_at_risk, rows_dead, _ = counted((weight > 0).astype(np.int64))
        n_risk = np.where(rows_at_risk == rows_dead, n_event, n_risk)
    return RiskTable(ordered[first], n_risk, n_event, n_censor)


def _not_yet_entered(entry: np.ndarray, weight: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The weight of rows whose entry is at or after each time of `at`."""
    order = np.argsort(entry, kind="stable")
    suffix = np.concatenate((np.cumsum(weight[order][::-1])[::-1], [0.0]))
    return suffix[np.searchsorted(entry[order], at, side="left")]


def risk_counts(
    time: np.ndarray,
    event: np.ndarray,
    code: np.ndarray,
    n_codes: int,
    stratum: np.ndarray,
    weight: np.ndarray | None = None,
    entry: np.ndarray | None = None,
) -> RiskCounts:
    """At each event time of each stratum, how many of each group are at risk and how many have the event.

    `code` holds the group of each row (0 to `n_codes` - 1), `stratum` its stratum (0, 1, ...). Strata are handled one
    after the other, so that sums over one never carry rounding from another.
    """
    n_strata = int(stratum.max()) + 1 if len(stratum) else 0
    indicator = np.eye(n_codes)[code]
    if weight is not None:
        indicator *= weight[:, None]
    if n_strata == 1:
        return _stratum_counts(time, event, indicator, entry, 0)
    parts = []
    for s in range(n_strata):
        rows = (stratum == s).nonzero()[0]
        entered = None if entry is None else entry[rows]
        parts.append(_stratum_counts(time[rows], event[rows], indicator[rows], entered, s))
    return RiskCounts(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _stratum_counts(
    time: np.ndarray, event: np.ndarray, indicator: np.ndarray, entry: np.ndarray | None, stratum: int
) -> RiskCounts:
    order = np.argsort(time)
    ordered = time[order]
    weights = indicator[order]
    dead = event[order].nonzero()[0]
    dead_time = ordered[dead]
    new = np.ones(len(dead), dtype=bool)
    new[1:] = dead_time[1:] != dead_time[:-1]
    first_dead = new.nonzero()[0]
    at = dead_time[first_dead]
    first = np.searchsorted(ordered, at, side="left")
    at_risk = np.cumsum(weights[::-1], axis=0)[::-1][first]
    if entry is not None:
        late = np.argsort(entry, kind="stable")
        suffix = np.zeros((len(time) + 1, indicator.shape[1]))
        suffix[:-1] = np.cumsum(indicator[late][::-1], axis=0)[::-1]
        at_risk = at_risk - suffix[np.searchsorted(entry[late], at, side="left")]
    deaths = weights[dead]
    events = np.add.reduceat(deaths, first_dead, axis=0) if len(first_dead) else deaths
    n_deaths = np.empty(len(first_dead), dtype=np.int64)
    n_deaths[:-1] = first_dead[1:]
    n_deaths[-1:] = len(dead)
    n_deaths -= first_dead
    return RiskCounts(at, np.full(len(at), stratum), at_risk, events, n_deaths)
