"""What every allocation method shares: arms and ratio, stratification factors, patients, state, and their checks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Protocol

from equipoise.errors import ArgumentError, permitted
from equipoise.randomization.words import WordSource

Stratum = tuple[str, ...]


@dataclass(frozen=True)
class Patient:
    """Who is to be allocated: an identifier, and the level of every stratification factor by the factor's name."""

    id: str
    levels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """Everything an allocation depends on: the digest of the scheme, what each stratum holds, who has which arm."""

    scheme: str
    strata: Mapping[Stratum, Any]
    arms: Mapping[str, str]

    def count(self, arm: str, stratum: Stratum | None = None) -> int:
        """Patients with an arm, in all strata or in one."""
        if stratum is None:
            return sum(1 for given in self.arms.values() if given == arm)
        return self.strata[stratum].counts[arm] if stratum in self.strata else 0


class Method(Protocol):
    """An allocation method: a value without memory; the state goes in and comes out."""

    @property
    def scheme(self) -> Scheme: ...

    @property
    def preserves_ratio(self) -> bool:
        """Whether the unconditional probability of each arm equals its share at every step."""
        ...

    def start(self) -> State: ...

    def probabilities(self, state: State, patient: Patient) -> dict[str, Fraction]: ...

    def allocate(self, state: State, patient: Patient, words: WordSource) -> tuple[str, State]: ...


@dataclass(frozen=True)
class Scheme:
    """Arms with their ratio, and stratification factors with their levels.

    Arguments: `ratio`, a positive whole number by arm, in the order in which arms are counted in an urn; `factors`,
    the levels by factor, in the order that numbers the strata (the last factor varies fastest).
    Raises ArgumentError `argument-invalid` for fewer than two arms, a ratio that is no positive whole number, or a
    factor without levels or with the same level twice.
    """

    ratio: Mapping[str, int]
    factors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.ratio) < 2:
            raise _invalid(f"{len(self.ratio)} arm given: {', '.join(self.ratio) or 'none'}", "name two arms or more")
        for arm, share in self.ratio.items():
            if isinstance(share, bool) or not isinstance(share, int) or share < 1:
                raise _invalid(
                    f"arm {arm!r} has the allocation ratio {share!r}",
                    "a ratio is a positive whole number; leave out an arm that receives nobody",
                )
        for name, levels in self.factors.items():
            if not levels or len(set(levels)) < len(levels):
                raise _invalid(f"stratification factor {name!r} has the levels {list(levels)}", "name each level once")
        object.__setattr__(self, "ratio", MappingProxyType(dict(self.ratio)))
        object.__setattr__(self, "factors", MappingProxyType({name: tuple(v) for name, v in self.factors.items()}))

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple(self.ratio)

    @property
    def total(self) -> int:
        """The sum of the ratio: the smallest block that can hold it."""
        return sum(self.ratio.values())

    @property
    def shares(self) -> dict[str, Fraction]:
        """Each arm's share of the allocation, exactly."""
        return {arm: Fraction(share, self.total) for arm, share in self.ratio.items()}

    def digest(self, method: str, **settings: object) -> str:
        """The identity of a method on this scheme, kept in every state."""
        content = {"method": method, "ratio": dict(self.ratio), "factors": dict(self.factors), **settings}
        return hashlib.sha256(json.dumps(content, sort_keys=False).encode()).hexdigest()[:16]

    def stratum(self, patient: Patient) -> Stratum:
        """The patient's stratum. Raises ArgumentError `stratum-unknown` for a missing or undeclared level."""
        found = []
        for name, levels in self.factors.items():
            level = patient.levels.get(name)
            if level not in levels:
                raise ArgumentError(
                    "stratum-unknown",
                    f"patient {patient.id!r} has {name} = {level!r}, which is no level of this factor",
                    where=f"patient {patient.id}",
                    reason="the stratum decides which block the patient is drawn from",
                    hint=permitted(str(level), levels),
                )
            found.append(level)
        return tuple(found)

    def number(self, stratum: Stratum) -> int:
        """The stratum's number from 0, which addresses its random words."""
        number = 0
        for (_, levels), level in zip(self.factors.items(), stratum, strict=True):
            number = number * len(levels) + levels.index(level)
        return number


def check_turn(state: State, patient: Patient, digest: str) -> None:
    """Refuse a state of another scheme (`argument-invalid`) and a second allocation (`subject-randomized-twice`)."""
    if state.scheme != digest:
        raise ArgumentError(
            "argument-invalid",
            f"the state belongs to another randomization scheme ({state.scheme}, this one is {digest})",
            reason="its blocks were opened under other arms, ratios, block sizes or strata",
            hint="begin with the method's own start(), or rebuild the method as it was declared",
        )
    if patient.id in state.arms:
        raise ArgumentError(
            "subject-randomized-twice",
            f"patient {patient.id!r} has been allocated already",
            where=f"patient {patient.id}",
            reason="a second allocation would unbalance the block and break concealment",
            hint="look up the arm that was given; a wrong stratum is corrected in a field of its own",
        )


def _invalid(message: str, hint: str) -> ArgumentError:
    return ArgumentError("argument-invalid", message, hint=hint)
