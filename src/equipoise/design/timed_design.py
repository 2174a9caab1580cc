"""What designs judged at calendar times share as results: their looks, rows, paragraph and code."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from equipoise.design.design_result import (
    DesignResult,
    design_row,
    prose_count,
    prose_listing,
    prose_number,
    prose_percent,
    prose_small,
    render_code,
)
from equipoise.design.levels import ratio_words
from equipoise.frames.results import ResultRow
from equipoise.kernels.plain.special import normal_tail


class StatisticMoments(NamedTuple):
    """A statistic Z at one calendar time, per patient of the plan: Z ~ N(sqrt(n) mean / scale, (spread / scale)^2).

    `scale` is the limit of the standard error that Z is divided by, `spread` the true one; `information` and
    `null_information` accrue over time under the assumed hazards and under none; `effects` are what Z estimates.
    """

    mean: float
    scale: float
    spread: float
    information: float
    null_information: float
    effects: tuple[tuple[str, float], ...]

    def power(self, n: float, critical: float) -> float:
        return normal_tail((critical * self.scale - math.sqrt(n) * self.mean) / self.spread)


@dataclass(frozen=True)
class PlannedLook:
    """One analysis of a timed design.

    `time` since the first patient's entry; `enrolled` patients; `events` expected by arm, control first; `mean_z`
    expected under the assumptions; `information_h1` and `information_h0`, with and without an effect, and their
    `fraction`s of the last look's; `z_upper` and `p_upper` (one-sided), the bound for efficacy, and `z_lower` for
    futility; `alpha` and `power` spent so far; `effects` as (name, value).
    """

    time: float
    enrolled: float
    events: tuple[float, float]
    mean_z: float
    information_h1: float
    information_h0: float
    fraction_h1: float
    fraction_h0: float
    z_upper: float
    p_upper: float
    z_lower: float
    alpha: float
    power: float
    effects: tuple[tuple[str, float], ...]


@dataclass(frozen=True, repr=False)
class TimedDesign(DesignResult):
    """A design judged at calendar times; `looks` hold everything that changes from one analysis to the next."""

    n: float
    looks: tuple[PlannedLook, ...]
    alpha: float
    sides: int
    ratio: float
    solved: str
    arguments: dict[str, Any] = field(compare=False)

    @property
    def time(self) -> float:
        """The calendar time of the last analysis."""
        return self.looks[-1].time

    @property
    def power(self) -> float:
        """The probability of rejecting in favor of the experimental arm."""
        return self.looks[-1].power

    @property
    def events(self) -> float:
        """Events expected by the last analysis."""
        return sum(self.looks[-1].events)

    @property
    @abstractmethod
    def method(self) -> str:
        """The id that `equipoise.citations` resolves."""

    @abstractmethod
    def test_words(self) -> str:
        """The test in words, fit for "a ... of ..."."""

    def effect(self, name: str, look: int = -1) -> float:
        """One of the effects at a look."""
        return dict(self.looks[look].effects)[name]

    def to_rows(self) -> list[ResultRow]:
        """n, events, power, alpha, sides and ratio; then by look times, events, information, bounds, effects."""
        method: dict[str, Any] = {"method": self.method}
        rows = [
            design_row("n", self.n, **method),
            design_row("events", self.events, **method),
            design_row("power", self.power, format="percent", **method),
            design_row("alpha", self.alpha, **method),
            design_row("sides", self.sides, format="int", **method),
            design_row("ratio", self.ratio, **method),
        ]
        for number, look in enumerate(self.looks, start=1):
            rows += _look_rows(look, number, method)
        return rows

    def text(self) -> str:
        """What the design buys, its analyses and its bounds, in words."""
        last = self.looks[-1]
        level, patients = prose_small(self.alpha / self.sides, 5), prose_number(math.ceil(self.n - 1e-9))
        opening = (
            f"With {prose_count(patients, 'patient')} randomized {ratio_words(self.ratio)} (experimental to control), "
            f"{self.test_words()}, made {prose_number(last.time, 1)} time units after the first patient's entry when "
            f"{prose_number(self.events, 1)} events are expected, has {prose_percent(self.power)} power at a one-sided "
            f"level of {level}."
        )
        return " ".join([opening, *self._look_sentences(), self.effect_words()])

    @abstractmethod
    def effect_words(self) -> str:
        """A sentence on the effect at the last analysis."""

    def _look_sentences(self) -> list[str]:
        if len(self.looks) == 1:
            return []
        said = [
            f"at time {prose_number(look.time, 1)} with {prose_percent(look.fraction_h0)} of the information under no "
            f"effect ({prose_percent(look.fraction_h1)} under the assumed one) if Z exceeds "
            f"{prose_number(look.z_upper, 4)}, with probability {prose_percent(look.power)}"
            for look in self.looks[:-1]
        ]
        bound = prose_number(self.looks[-1].z_upper, 4)
        words = [f"Efficacy may be declared {'; '.join(said)}. The bound for Z at the last analysis is {bound}."]
        stops = [
            f"{prose_number(look.z_lower, 4)} at time {prose_number(look.time, 1)}"
            for look in self.looks[:-1]
            if math.isfinite(look.z_lower)
        ]
        if stops:
            words.append(f"Futility may be declared if Z is below {prose_listing(stops)}; the level ignores it.")
        return words

    def code(self) -> str:
        return render_code(_FUNCTIONS[type(self).__name__], self.arguments)


_FUNCTIONS = {
    "WeightedLogrankDesign": "weighted_logrank_design",
    "RmstDesign": "rmst_design",
    "MilestoneDesign": "milestone_design",
    "MaxComboDesign": "maxcombo_design",
}


def _look_rows(look: PlannedLook, number: int, method: dict[str, Any]) -> list[ResultRow]:
    values = [
        ("time", look.time),
        ("enrolled", look.enrolled),
        ("events", sum(look.events)),
        ("information_h0", look.information_h0),
        ("information_h1", look.information_h1),
        ("information_fraction_h0", look.fraction_h0),
        ("information_fraction_h1", look.fraction_h1),
        ("mean_z", look.mean_z),
        ("z_upper", look.z_upper),
        ("p_upper", look.p_upper),
        ("alpha_spent", look.alpha),
        ("power", look.power),
        *look.effects,
    ]
    if math.isfinite(look.z_lower):
        values.append(("z_lower", look.z_lower))
    rows = [design_row(name, value, look=number, **method) for name, value in values]
    arms = zip(("control", "experimental"), look.events, strict=True)
    return rows + [design_row("events", e, look=number, group1="arm", level1=arm, **method) for arm, e in arms]
