"""What every allocation method shares: arms and ratio, factors, patients, state, their checks, what it answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from types import MappingProxyType
from typing import Any, Protocol

from equipoise.errors import ArgumentError, permitted
from equipoise.randomization.words import WordSource

Stratum = tuple[str, ...]
LARGEST_DENOMINATOR = 1_000_000


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


@dataclass(frozen=True)
class Outcome:
    """One possible allocation: its exact probability, the arm, and the state after it."""

    probability: Fraction
    arm: str
    state: State


@dataclass(frozen=True)
class Explanation:
    """Why the next patient's probabilities are what they are: for the statistician only, it shows what is to come.

    `details` are plain rows behind the reason: what the open block holds, or the imbalance that each arm would leave.
    """

    method: str
    patient: str
    stratum: Mapping[str, str]
    probabilities: Mapping[str, Fraction]
    reason: str
    details: tuple[Mapping[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain data, for JSON; exact numbers as text, as in "2/3"."""
        return {
            "method": self.method,
            "patient": self.patient,
            "stratum": dict(self.stratum),
            "probabilities": {arm: str(p) for arm, p in self.probabilities.items()},
            "reason": self.reason,
            "details": [
                {key: str(value) if isinstance(value, Fraction) else value for key, value in row.items()}
                for row in self.details
            ],
        }

    def __str__(self) -> str:
        chances = ", ".join(f"{arm} {p}" for arm, p in self.probabilities.items())
        return f"patient {self.patient}, {self.method}: {chances}; {self.reason}"


class Method(Protocol):
    """An allocation method: a value without memory; the state goes in and comes out."""

    @property
    def scheme(self) -> Scheme: ...

    @property
    def name(self) -> str:
        """The method's id, as a trial file and the citations have it."""
        ...

    @property
    def cited(self) -> tuple[str, ...]:
        """Ids of the papers behind the method with these settings, in `equipoise.citations`."""
        ...

    @property
    def digest(self) -> str:
        """The identity of the method with its settings on its scheme, kept in every state."""
        ...

    @property
    def preserves_ratio(self) -> bool:
        """Whether the unconditional probability of each arm equals its share at every step."""
        ...

    @property
    def lists_ahead(self) -> bool:
        """Whether each stratum draws by itself, so that its allocations can be listed before anyone arrives."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a statistician should know before using these settings."""
        ...

    def start(self) -> State: ...

    def probabilities(self, state: State, patient: Patient) -> dict[str, Fraction]: ...

    def outcomes(self, state: State, patient: Patient) -> tuple[Outcome, ...]:
        """Everything that can happen to this patient, each with its exact probability; they sum to 1."""
        ...

    def allocate(self, state: State, patient: Patient, words: WordSource) -> tuple[str, State]: ...

    def key(self, state: State) -> Hashable:
        """What of a state decides all later probabilities: states with equal keys have the same future."""
        ...

    def explain(self, state: State, patient: Patient) -> Explanation: ...


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

    def named(self, stratum: Stratum) -> dict[str, str]:
        """The stratum's level by factor."""
        return dict(zip(self.factors, stratum, strict=True))

    def all_strata(self) -> tuple[Stratum, ...]:
        """Every stratum in the order of its number; without factors the one stratum ()."""
        return tuple(product(*self.factors.values()))

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


def check_two_equal_arms(scheme: Scheme, method: str, instead: str) -> None:
    """Refuse (`argument-invalid`) a method of two arms in equal numbers for any other ratio; `instead` is the hint."""
    if tuple(scheme.ratio.values()) != (1, 1):
        ratio = ":".join(str(share) for share in scheme.ratio.values())
        raise ArgumentError(
            "argument-invalid",
            f"{method} is defined for two arms 1:1, this trial has {ratio}",
            reason="its probabilities follow the difference of two arms; elsewhere it would not keep the ratio",
            hint=instead,
        )


def check_whole(value: object, least: int, what: str) -> None:
    """Refuse (`argument-invalid`) anything but a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise _invalid(f"{what} is {value!r}", f"a whole number, {least} or more")


def exact(value: object, what: str) -> Fraction:
    """A number as the exact fraction that its decimal form says; 0.8 is 4/5.

    Raises ArgumentError `argument-invalid` for what is no finite number, and for a denominator above 1,000,000.
    """
    try:
        fraction = Fraction(str(value)) if isinstance(value, int | float | str | Fraction) else None
    except (ValueError, ZeroDivisionError):
        fraction = None
    if fraction is None or isinstance(value, bool):
        raise _invalid(f"{what} is {value!r}", "a number, as in 0.8 or '2/3'")
    if fraction.denominator > LARGEST_DENOMINATOR:
        raise _invalid(f"{what} is {value!r}", "at most six decimals, or an exact fraction as in '2/3'")
    return fraction


def certain(probability: Fraction, what: str) -> tuple[str, ...]:
    """The warning of a random element of 1; nothing below it."""
    if probability < 1:
        return ()
    return (f"{what} is 1: but for ties every assignment is certain, and whoever knows the last ones can predict it",)


def _invalid(message: str, hint: str) -> ArgumentError:
    return ArgumentError("argument-invalid", message, hint=hint)
