"""Tiny trials whose decisions are enumerated exactly, in fractions; nothing of equipoise is used.

All patients enter together, so only how many of each stratum and arm are at risk matters. Strata and arms are
enumerated first, then who has the next event or is lost: a patient of a cell does so first with probability rate / sum
of all rates. Log-rank sums U and V are fractions, so Z against a bound is decided without rounding: Z >= b is
-U |U| >= b |b| V.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import NamedTuple

Counts = tuple[tuple[int, ...], ...]


class Bounds(NamedTuple):
    """Bounds for Z at a look after so many events; None where there is none."""

    events: int
    efficacy: Fraction | None
    futility: Fraction | None = None
    harm: Fraction | None = None


@dataclass(frozen=True)
class TinyTrial:
    """`patients`; `shares` of the strata; `blocks` (sizes by arm, control first), equally likely, or None: arms drawn
    with probability `ratio`; `hazard` and `loss` by stratum and arm; `looks`; `stratified` tests or not.
    """

    patients: int
    shares: tuple[Fraction, ...]
    blocks: tuple[tuple[int, ...], ...] | None
    ratio: tuple[int, ...]
    hazard: tuple[tuple[Fraction, ...], ...]
    loss: tuple[tuple[Fraction, ...], ...]
    looks: tuple[Bounds, ...]
    stratified: bool = True


def decisions(trial: TinyTrial) -> dict[tuple[int, str], Fraction]:
    """The probability of each decision ("efficacy", "futility", "harm", "none") at each look (from 1)."""
    found: dict[tuple[int, str], Fraction] = defaultdict(Fraction)
    arms = range(1, len(trial.ratio))
    zero = tuple((Fraction(0), Fraction(0)) for _ in arms)
    going = {(at_risk, 0, 0, zero): chance for at_risk, chance in allocations(trial).items()}
    while going:
        following: dict[tuple, Fraction] = defaultdict(Fraction)
        for (at_risk, events, look, sums), chance in going.items():
            for step, after in steps(trial, at_risk, events, sums):
                for place, end in decided(trial, look, after):
                    if end is None:
                        following[after[0], after[1], place, after[2]] += chance * step
                    else:
                        found[place + 1, end] += chance * step
        going = following
    return dict(found)


def allocations(trial: TinyTrial) -> dict[Counts, Fraction]:
    """How many patients of each stratum and arm there are, with probability."""
    found: dict[Counts, Fraction] = defaultdict(Fraction)
    for strata in product(range(len(trial.shares)), repeat=trial.patients):
        chance = Fraction(1)
        for s in strata:
            chance *= trial.shares[s]
        by_stratum = [arms_of(trial, strata.count(s)) for s in range(len(trial.shares))]
        for chosen in product(*(each.items() for each in by_stratum)):
            joint = chance
            for _, own in chosen:
                joint *= own
            found[tuple(counts for counts, _ in chosen)] += joint
    return found


def arms_of(trial: TinyTrial, patients: int) -> dict[tuple[int, ...], Fraction]:
    """Patients by arm among those of a stratum, with probability: urns of blocks, each opened when one is empty."""
    arms = len(trial.ratio)
    empty = (0,) * arms
    states = {(empty, empty): Fraction(1)}
    for _ in range(patients):
        following: dict[tuple, Fraction] = defaultdict(Fraction)
        for (left, given), chance in states.items():
            urns = [trial.ratio] if trial.blocks is None else [left] if any(left) else list(trial.blocks)
            for urn, arm in product(urns, range(arms)):
                if urn[arm]:
                    taken = tuple(balls - (k == arm) for k, balls in enumerate(urn))
                    kept = empty if trial.blocks is None else taken
                    counted = tuple(many + (k == arm) for k, many in enumerate(given))
                    following[kept, counted] += chance * Fraction(urn[arm], sum(urn)) / len(urns)
        states = following
    found: dict[tuple[int, ...], Fraction] = defaultdict(Fraction)
    for (_, given), chance in states.items():
        found[given] += chance
    return found


def steps(trial: TinyTrial, at_risk: Counts, events: int, sums: tuple) -> Iterator[tuple[Fraction, tuple]]:
    """What may happen next: its probability, and at risk, events and sums after it; nothing where nobody is left."""
    cells = [(s, a, many) for s, row in enumerate(at_risk) for a, many in enumerate(row) if many]
    total = sum((many * (trial.hazard[s][a] + trial.loss[s][a]) for s, a, many in cells), Fraction(0))
    if not cells:
        yield Fraction(1), (at_risk, events, sums)
    for s, a, many in cells:
        left = tuple(
            tuple(n - (i == s and k == a) for k, n in enumerate(row)) for i, row in enumerate(at_risk)
        )  # fmt: skip
        yield many * trial.hazard[s][a] / total, (left, events + 1, counted(trial, at_risk, s, a, sums))
        if trial.loss[s][a]:
            yield many * trial.loss[s][a] / total, (left, events, sums)


def counted(trial: TinyTrial, at_risk: Counts, stratum: int, arm: int, sums: tuple) -> tuple:
    """U and V of every arm against control once an event of a cell has happened."""
    own = at_risk[stratum] if trial.stratified else tuple(map(sum, zip(*at_risk, strict=True)))
    found = []
    for other, (u, v) in enumerate(sums, start=1):
        if arm in (0, other):
            share = Fraction(own[other], own[0] + own[other])
            u, v = u + (arm == other) - share, v + share * (1 - share)
        found.append((u, v))
    return tuple(found)


def decided(trial: TinyTrial, look: int, after: tuple) -> list[tuple[int, str | None]]:
    """The look that is next, and the decision; None: the trial goes on. Looks that never come are made at the end."""
    at_risk, events, sums = after
    over = not any(map(sum, at_risk))
    last = len(trial.looks) - 1
    while events >= trial.looks[look].events or over:
        end = decision(trial.looks[look], sums, final=look == last)
        if end is not None or look == last:
            return [(look, end or "none")]
        look += 1
    return [(look, None)]


def decision(bounds: Bounds, sums: Sequence[tuple[Fraction, Fraction]], *, final: bool) -> str | None:
    """Efficacy once any arm crosses, harm and futility once all do; arms without variance are left out."""
    known = [(-u * abs(u), v) for u, v in sums if v > 0]
    if not known:
        return None
    if bounds.efficacy is not None and any(z >= squared(bounds.efficacy) * v for z, v in known):
        return "efficacy"
    if bounds.harm is not None and all(z <= squared(bounds.harm) * v for z, v in known):
        return "harm"
    if not final and bounds.futility is not None and all(z <= squared(bounds.futility) * v for z, v in known):
        return "futility"
    return None


def squared(bound: Fraction) -> Fraction:
    """The square with the sign of the bound."""
    return bound * abs(bound)


def _hazards(rows: Sequence[Sequence[str]]) -> tuple[tuple[Fraction, ...], ...]:
    return tuple(tuple(map(Fraction, row)) for row in rows)


def trials() -> Mapping[str, TinyTrial]:
    """The trials that are enumerated."""
    one, half, third = Fraction(1), Fraction(1, 2), Fraction(1, 3)
    # No log-rank Z of so few patients lies on these bounds, where rounding would decide.
    first, last, low = Fraction(147, 100), Fraction(137, 100), Fraction(-43, 100)
    two_looks = (Bounds(3, first, low, -first), Bounds(5, last, None, -last))
    return {
        "two looks, strata, losses": TinyTrial(
            6, (half, half), ((1, 1),), (1, 1), _hazards([("1", "1/2"), ("3/2", "1")]),
            _hazards([("1/5", "1/10"), ("1/5", "1/10")]), two_looks,
        ),
        "strata, tested without": TinyTrial(
            6, (third, 1 - third), ((1, 1), (2, 2)), (1, 1), _hazards([("1", "1/2"), ("2", "1")]),
            _hazards([("0", "0"), ("0", "0")]), two_looks, stratified=False,
        ),
        "no effect, two to one, mixed blocks": TinyTrial(
            7, (one,), ((1, 2), (2, 4)), (1, 2), _hazards([("1", "1")]), _hazards([("0", "0")]),
            (Bounds(7, Fraction(8, 5), None, Fraction(-8, 5)),),
        ),
        "three arms": TinyTrial(
            6, (one,), ((1, 1, 1),), (1, 1, 1), _hazards([("1", "1/2", "3/4")]), _hazards([("1/10", "1/10", "1/10")]),
            (Bounds(3, Fraction(6, 5), Fraction(0)), Bounds(5, Fraction(1))),
        ),
        "complete randomization": TinyTrial(
            6, (one,), None, (1, 1), _hazards([("1", "1/3")]), _hazards([("0", "1/4")]), two_looks,
        ),
    }  # fmt: skip


if __name__ == "__main__":
    for name, trial in trials().items():
        print(name, {key: f"{float(value):.9f}" for key, value in sorted(decisions(trial).items())})
