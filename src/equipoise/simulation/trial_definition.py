"""An imagined trial, complete: who comes when, is allocated how, what happens to them, when one looks, what decides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Self

from equipoise.design.hazards import Accrual, Dropout, Hazard
from equipoise.kernels.plain.trial_spec import HORIZON, TICKS_PER_UNIT
from equipoise.randomization import Method, Scheme
from equipoise.simulation.event_laws import Effect, EventLaw, PiecewiseRatio, check_law, law_of, positive, refused
from equipoise.simulation.spent_bounds import to_bounds
from equipoise.simulation.trial_looks import LookBounds, TrialLook, check_looks, wrong_length
from equipoise.simulation.trial_options import Deaths, ScanSchedule, WeightedTest

ARRIVALS = ("poisson", "planned", "uniform")
DECIDES = ("logrank", "death", "weighted")

Stratum = tuple[str, ...]
ByStratum = Mapping[Stratum, Effect]
Cells = Mapping[tuple[Stratum, str], EventLaw]
_SUM = 1e-9


@dataclass(frozen=True, kw_only=True)
class TrialDefinition:
    """A trial that can be simulated; times in `time_unit`, hazards and rates per that unit.

    Arguments:
    - `accrual`: an `Accrual` with its n, a whole number of patients, and its duration.
    - `arrivals`: "poisson", a Poisson process with the accrual's rates, the last one going on until n have come;
      "uniform", n arrivals of that process within the duration; "planned", patient i at the time by which i patients
      are expected, as rpact has it.
    - `randomization`: a method of `equipoise.randomization`; its scheme says arms, ratio and stratification factors.
    - `control`: the id of the control arm.
    - `events`: by arm what event times follow: a `Hazard`, `Weibull`, `LogNormal` or `Cured`; for an experimental arm
      also a hazard ratio, a number or a `PiecewiseRatio`, on the control arm. Where strata differ, a mapping from
      stratum (a tuple of levels in the order of the factors) to one of these.
    - `prevalences`: the shares of the levels by factor, factors being independent; or by stratum, the joint shares.
      They sum to 1. Left out where there are no factors.
    - `dropout`: a `Dropout` for all arms, or by arm.
    - `looks`: one `TrialLook` or more; `bounds`: `LookBounds` or a result of `group_sequential`, as many.
    - `deaths`, `scans`, `day` (all times become whole multiples of it), `tests` (weighted log-rank tests), `landmarks`
      and `windows` (times at which survival is read, and to which means are restricted): see `trial_options`.
    - `decides`: the Z that is held against the bounds: "logrank" of the event, of "death", or the first of `tests`
      ("weighted"). With several experimental arms each is compared with control; a trial stops for efficacy once any
      of them crosses, for futility and harm once all do.
    - `stratified`: whether log-rank, Cox and weighted tests are stratified by the factors of the randomization.
    - `respend`: whether bounds that are a result of `group_sequential` with events are found again at the events a
      trial has at its looks, as `design.at` does; otherwise those of the plan are kept. They are kept with several
      experimental arms, and where a weighted test decides, whose information is not the number of events.
    - `ticks_per_unit`: the resolution of time; 2^28 ticks are the longest trial there can be.

    Raises ArgumentError `argument-invalid`, `length-mismatch` (bounds); DesignError `design-unreachable` (a look waits
    for more events than there are patients).
    """

    accrual: Accrual
    randomization: Method
    control: str
    events: Mapping[str, Effect | ByStratum]
    looks: tuple[TrialLook, ...]
    bounds: LookBounds
    prevalences: Mapping[Any, Any] = field(default_factory=dict)
    dropout: Dropout | Mapping[str, Dropout] | None = None
    arrivals: str = "poisson"
    time_unit: str = "months"
    deaths: Deaths | None = None
    scans: ScanSchedule | None = None
    day: float | None = None
    tests: tuple[WeightedTest, ...] = ()
    landmarks: tuple[float, ...] = ()
    windows: tuple[float, ...] = ()
    decides: str = "logrank"
    stratified: bool = True
    respend: bool = True
    ticks_per_unit: float = TICKS_PER_UNIT
    name: str = ""

    def __post_init__(self) -> None:
        check_accrual(self.accrual)
        if self.arrivals not in ARRIVALS:
            raise refused("arrivals", self.arrivals, f"permitted: {', '.join(ARRIVALS)}")
        if self.arrivals == "poisson" and self.accrual.rates[-1] == 0.0:
            reason = f"a Poisson process may bring fewer than {self.n} patients, and then nobody comes any more"
            raise refused("accrual", self.accrual, 'give a last rate above zero, or arrivals="uniform"', reason)
        if not isinstance(getattr(self.randomization, "scheme", None), Scheme):
            raise refused("randomization", self.randomization, "a method, such as PermutedBlocks(scheme, (3, 6))")
        if self.control not in self._scheme.arms:
            raise refused("control", self.control, f"one of the arms: {', '.join(self._scheme.arms)}")
        self._set("looks", tuple(self.looks) if isinstance(self.looks, Sequence) else (self.looks,))
        check_looks(self.looks, self.n, self.arms)
        by_events = len(self.arms) == 2 and self.decides != "weighted"
        self._set("bounds", to_bounds(self.bounds, respend=self.respend and by_events))
        if len(self.bounds) != len(self.looks):
            raise wrong_length("bounds", len(self.bounds), len(self.looks))
        positive(self.ticks_per_unit, "ticks_per_unit")
        self._set("prevalences", MappingProxyType(dict(self.prevalences)))
        self._set("events", MappingProxyType(dict(self.events)))
        self._check_options()
        _ = self.shares, self.laws, self.losses, self.deaths_before, self.deaths_after

    def _check_options(self) -> None:
        for name, kind in (("deaths", Deaths), ("scans", ScanSchedule)):
            if not isinstance(getattr(self, name), kind | None):
                raise refused(name, getattr(self, name), f"a {kind.__name__}, or None")
        self._set("tests", tuple(self.tests))
        for name in ("landmarks", "windows"):
            self._set(name, tuple(positive(at, name) for at in getattr(self, name)))
        if self.day is not None:
            positive(self.day, "day")
        for name in ("stratified", "respend"):
            if not isinstance(getattr(self, name), bool):
                raise refused(name, getattr(self, name), "True or False")
        if self.decides not in DECIDES:
            raise refused("decides", self.decides, f"permitted: {', '.join(DECIDES)}")
        if self.decides == "weighted" and not self.tests:
            raise refused("decides", self.decides, "give tests=(WeightedTest(...),): the first decides")
        deaths = [self.decides, *(look.endpoint for look in self.looks), *(test.endpoint for test in self.tests)]
        if self.deaths is None and "death" in deaths:
            raise refused("deaths", None, "give deaths=Deaths(before=..., after=...)", "a look or a test is of death")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def _scheme(self) -> Scheme:
        return self.randomization.scheme

    @property
    def n(self) -> int:
        """Patients."""
        return round(self.accrual.total)

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms, control first, the others in the order of the scheme."""
        return (self.control, *(arm for arm in self._scheme.arms if arm != self.control))

    @property
    def strata(self) -> tuple[Stratum, ...]:
        """The strata as tuples of levels; the one stratum () without factors."""
        return self._scheme.all_strata()

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """The share of patients in each stratum."""
        return stratum_shares(self._scheme, self.prevalences)

    @cached_property
    def laws(self) -> Cells:
        """The law of event times by stratum and arm (of progression, where there are deaths)."""
        return self._cells(self.events, "events")

    @cached_property
    def deaths_before(self) -> Cells:
        """The law of death before progression by stratum and arm; none without deaths."""
        return {} if self.deaths is None else self._cells(self.deaths.before, "death before progression")

    @cached_property
    def deaths_after(self) -> Cells:
        """The hazard of death after progression by stratum and arm; none without deaths."""
        found = {} if self.deaths is None else self._cells(self.deaths.after, "death after progression")
        for law in found.values():
            if not isinstance(law, Hazard):
                raise refused("death after progression", law, "a Hazard: its clock may start at any time")
        return found

    def _cells(self, given: Mapping[str, Effect | ByStratum], what: str) -> Cells:
        unknown = [arm for arm in given if arm not in self.arms]
        missing = [arm for arm in self.arms if arm not in given]
        if unknown or missing:
            said = f"a law or an effect for each arm: {', '.join(self.arms)}"
            raise refused(what, dict(given), said, f"wrong arms: {', '.join(unknown + missing)}")
        found: dict[tuple[Stratum, str], EventLaw] = {}
        for stratum in self.strata:
            own = self._effect(given, self.control, stratum, what)
            check_law(own, f"{what} of {self.control}")
            for arm in self.arms:
                effect = self._effect(given, arm, stratum, what)
                found[stratum, arm] = law_of(effect, own, f"{what} of {arm}")  # type: ignore[arg-type]
        return found

    def _effect(self, given: Mapping[str, Effect | ByStratum], arm: str, stratum: Stratum, what: str) -> Effect:
        effect = given[arm]
        if not isinstance(effect, Mapping):
            return effect
        if set(effect) != set(self.strata):
            listed = ", ".join(repr(s) for s in self.strata)
            raise refused(f"{what} of {arm}", dict(effect), f"one entry for each stratum: {listed}")
        return effect[stratum]

    @cached_property
    def losses(self) -> Mapping[str, Hazard]:
        """The hazard of dropout by arm, zero where there is none."""
        given = self.dropout
        if given is None or isinstance(given, Dropout):
            return dict.fromkeys(self.arms, Hazard(0.0) if given is None else given.hazard)
        if not isinstance(given, Mapping) or set(given) != set(self.arms):
            raise refused("dropout", given, f"one Dropout, or one for each arm: {', '.join(self.arms)}")
        for arm, loss in given.items():
            if not isinstance(loss, Dropout):
                raise refused(f"dropout of {arm}", loss, "a Dropout, such as Dropout(0.01)")
        return {arm: given[arm].hazard for arm in self.arms}

    @property
    def pooled(self) -> bool:
        """Whether patients are randomized in strata and tested without them."""
        return not self.stratified and len(self.strata) > 1

    @property
    def longest(self) -> float:
        """The time beyond which nothing is simulated."""
        return HORIZON / self.ticks_per_unit

    @property
    def entries(self) -> tuple[float, ...]:
        """The times by which 1, 2, ..., n patients are expected."""
        total, end = self.accrual.total, self.accrual.end
        return tuple(min(self.accrual.time_of(min(i, total)), end) for i in range(1, self.n + 1))

    def with_looks(self, looks: Sequence[TrialLook], bounds: LookBounds | None = None) -> Self:
        """The same trial looked at otherwise; without bounds no look decides anything."""
        none = LookBounds.given([None] * len(looks))
        return replace(self, looks=tuple(looks), bounds=none if bounds is None else bounds)

    def with_effect(self, effect: Effect, arm: str | None = None) -> Self:
        """The same trial with another effect of an experimental arm (all of them unless named).

        Where there are deaths, a hazard ratio is on these too, before and after progression.
        """
        changed = {each: effect for each in self.arms[1:] if arm in (None, each)}
        if not changed:
            raise refused("arm", arm, f"an experimental arm: {', '.join(self.arms[1:])}")
        deaths = self.deaths
        if deaths is not None and isinstance(effect, PiecewiseRatio | float | int):
            before, after = {**deaths.before, **changed}, {**deaths.after, **changed}
            deaths = replace(deaths, before=before, after=after)
        return replace(self, events={**self.events, **changed}, deaths=deaths)


def check_accrual(accrual: object) -> None:
    """Raises ArgumentError `argument-invalid` for an accrual that is open, or brings no whole number of patients."""
    if not isinstance(accrual, Accrual):
        raise refused("accrual", accrual, "an Accrual, such as Accrual.uniform(n=198, duration=24)")
    if accrual.is_open:
        raise refused("accrual", accrual, "an accrual with its n and duration", "how many patients come is left open")
    if abs(accrual.total - round(accrual.total)) > 1e-6 or round(accrual.total) < 2:
        hint = "an accrual that brings a whole number of patients, two or more"
        raise refused("accrual", accrual, hint, f"it brings {accrual.total:g} patients")


def stratum_shares(scheme: Scheme, prevalences: Mapping[Any, Any]) -> tuple[float, ...]:
    """Shares of the strata, from those of the levels by factor or of the strata themselves.

    Raises ArgumentError `argument-invalid` for missing levels, shares below zero, and sums other than 1.
    """
    strata = scheme.all_strata()
    if not prevalences:
        if len(strata) > 1:
            raise refused("prevalences", {}, f"the shares of the levels of {', '.join(scheme.factors)}")
        return (1.0,)
    if all(isinstance(key, tuple) for key in prevalences):
        joint = _shares_of(prevalences, strata, "strata")
        return tuple(joint[stratum] for stratum in strata)
    if set(prevalences) != set(scheme.factors):
        raise refused("prevalences", dict(prevalences), f"one entry for each factor: {', '.join(scheme.factors)}")
    levels = [_shares_of(prevalences[name], known, name) for name, known in scheme.factors.items()]
    return tuple(math.prod(share[level] for share, level in zip(levels, stratum, strict=True)) for stratum in strata)


def _shares_of(given: object, known: Sequence[Any], what: str) -> dict[Any, float]:
    where = f"prevalences of {what}"
    if not isinstance(given, Mapping) or set(given) != set(known):
        raise refused(where, given, f"a share for each of {', '.join(map(str, known))}")
    if not all(isinstance(share, int | float) and 0.0 <= share <= 1.0 for share in given.values()):
        raise refused(where, dict(given), "shares from 0 to 1")
    total = math.fsum(given.values())
    if abs(total - 1.0) > _SUM:
        raise refused(where, dict(given), "shares that sum to 1", f"they sum to {total:.10g}")
    return {key: float(share) for key, share in given.items()}
