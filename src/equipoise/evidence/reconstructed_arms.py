"""Both arms of a published comparison rebuilt from their curves, once or many times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from equipoise.errors import ArgumentError, DataError
from equipoise.evidence.arm_counts import ArmCounts
from equipoise.evidence.constrained import ArmProblem, meet_constraints, paired
from equipoise.evidence.count_path import CountLaw, count_law
from equipoise.evidence.curve_knots import HeightBound, Knots, curve_knots
from equipoise.evidence.curve_points import CurvePoints, jittered
from equipoise.evidence.event_totals import counts_with_events, moved_to
from equipoise.evidence.guyot import guyot_reconstruction
from equipoise.evidence.printed_constraints import (
    SIDES,
    PrintedConstraint,
    ReconstructedPair,
    Side,
    height_bounds,
    published_constraints,
)
from equipoise.evidence.published import PublishedEndpoint
from equipoise.evidence.risk_numbers import RiskNumbers
from equipoise.quantities import DAYS_PER_UNIT
from equipoise.seeds import Stream

Method = Literal["constrained", "guyot"]
METHODS = ("constrained", "guyot")
_TRIES, _MEMBER_TRIES = 400, 40
_DRAW_UNIT, _SEARCH_UNIT, _LEAVE_UNIT = 0, 2, 4
# Steps of a curve this close to whole days, all of them, are whole days.
_WHOLE = 0.25
_FEWEST_STEPS = 12
_FAR_MEDIAN = 0.2
# A printed total further from the curves' own than this share is not one of these curves.
_FAR_TOTAL = 0.15
# Without numbers at risk a curve says little of who was censored, and is further from the total.
_FAR_WITHOUT_RISK = 0.3
_FEW, _MANY = 3, 10
_SETTLE = 150


@dataclass(frozen=True)
class CurveArm:
    """What is known of one arm: its curve, its numbers at risk, and its events where a paper gives them."""

    label: str
    points: CurvePoints
    risk: RiskNumbers
    events: int | None = None

    @property
    def end(self) -> float:
        """Where the curve ends, or a later time at which somebody still is at risk."""
        return max(self.points.end, float(self.risk.time[self.risk.count > 0].max(initial=0.0)))


def checked_arm(arm: CurveArm, side: Side, published: PublishedEndpoint | None, unit: str) -> CurveArm:
    """The arm, its steps on whole days where all of them are, its events filled in from the paper.

    Raises DataError `axis-misset` where the axis, the numbers at risk and the printed median cannot have one unit,
    `at-risk-invalid` for more events than patients or than printed.
    """
    end = arm.points.end
    last = float(arm.risk.time[arm.risk.count > 0][-1])
    if last > 1.5 * end or (len(arm.risk.time) > 1 and float(arm.risk.time[-1]) < end / 20.0):
        raise DataError(
            "axis-misset", f"the curve of {arm.label} ends at {end:g}, its last number at risk stands at {last:g}",
            reason=f"both times are to be in {unit}", hint="check the horizontal axis, and the unit of both",
        )  # fmt: skip
    printed = None if published is None else getattr(published, side)
    _check_median(arm, printed, unit)
    given = arm.events if arm.events is not None or printed is None else printed.events
    if given is not None and not 0 <= given <= arm.risk.n:
        raise DataError(
            "at-risk-invalid", f"{given} events among {arm.risk.n} patients of {arm.label}",
            reason="each patient has the event once or not at all", hint="check the arm's size and its events",
        )  # fmt: skip
    return replace(arm, points=_whole_days(arm.points, unit), events=given)


def _check_median(arm: CurveArm, printed: object, unit: str) -> None:
    median = getattr(printed, "median", None)
    if median is None or not median.value.reached:
        return
    points = arm.points
    place = int(np.searchsorted(points.time, median.value.value, side="right"))
    height = float(np.append(1.0, points.height)[place])
    if abs(height - 0.5) > _FAR_MEDIAN or median.value.low > 1.5 * points.end:
        raise DataError(
            "axis-misset",
            f"at the printed median of {arm.label}, {median.value} {unit}, the curve stands at {100 * height:.0f}%",
            reason="half of the patients are without event at the median; units may be mixed, or the axis set wrongly",
            hint="check the unit and the axes of the curve, and which curve is whose",
        )


def _whole_days(points: CurvePoints, unit: str) -> CurvePoints:
    """Times of a figure's steps as whole days, where all of them nearly are; ties between arms come back with it."""
    days = points.time * DAYS_PER_UNIT[unit]
    whole = np.round(days)
    if not points.stepped or len(days) < _FEWEST_STEPS or np.abs(days - whole).max() > _WHOLE:
        return points
    last = np.flatnonzero(np.append(whole[1:] != whole[:-1], True))
    note = "the steps stand on whole days"
    return replace(
        points, time=whole[last] / DAYS_PER_UNIT[unit], height=points.height[last], notes=(*points.notes, note),
        end=max(points.end, float(whole[-1]) / DAYS_PER_UNIT[unit]),
    )  # fmt: skip


@dataclass(frozen=True)
class Workbench:
    """Arms with what a paper prints of them, ready to be rebuilt as often as wanted; one arm alone has no pair."""

    arms: tuple[CurveArm, ...]
    published: PublishedEndpoint | None
    method: Method
    seed: int

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ArgumentError(
                "argument-invalid", f"method {self.method!r} is not known", where="method",
                hint=f"permitted: {', '.join(METHODS)}",
            )  # fmt: skip

    @property
    def constraints(self) -> tuple[PrintedConstraint, ...]:
        return () if self.published is None or len(self.arms) < 2 else published_constraints(self.published)

    def bounds(self, place: int) -> list[HeightBound]:
        return height_bounds(self.published, SIDES[place]) if self.method == "constrained" else []

    def _counts(
        self, place: int, points: CurvePoints, spread: np.ndarray | None = None
    ) -> tuple[ArmCounts, ArmProblem]:
        arm = self.arms[place]
        knots = curve_knots(points, arm.risk, self.bounds(place))
        law = count_law(knots, arm.risk.n, arm.events, arm.end)
        if spread is not None:
            law = CountLaw(law.censored * spread[: len(law.censored)], law.events)
        problem = ArmProblem(knots, law, arm.events is not None)
        if self.method == "guyot":
            return guyot_reconstruction(points, arm.risk, arm.events), problem
        counts = counts_with_events(knots, arm.risk.n, law, arm.end, arm.events)
        if arm.events is not None:
            counts = _better(counts, knots, points, arm)
        return counts, problem

    def _built(self, points: list[CurvePoints], spreads: list[np.ndarray | None]) -> list[tuple[ArmCounts, ArmProblem]]:
        """Every arm by its own curve; a printed total of events, where the arms' own are not known, is shared out."""
        built = [self._counts(place, points[place], spreads[place]) for place in range(len(self.arms))]
        total = None if self.published is None else self.published.events
        if total is None or len(built) < 2 or any(arm.events is not None for arm in self.arms):
            return built
        found = [counts.n_events for counts, _ in built]
        missing = total - sum(found)
        first = round(missing * found[0] / max(sum(found), 1))
        far = _FAR_TOTAL if any(len(arm.risk.time) > 1 for arm in self.arms) else _FAR_WITHOUT_RISK
        if abs(missing) > far * total or self.method == "guyot":
            return built
        moved = []
        for (counts, problem), extra in zip(built, (first, missing - first), strict=True):
            events = counts.n_events + extra
            if abs(extra) <= (_FEW if spreads[0] is None else _MANY):
                counts = moved_to(counts, problem.knots, events)
            else:
                counts = counts_with_events(problem.knots, counts.n, problem.law, counts.end, events)
            moved.append((counts, problem))
        return moved

    def best(self) -> tuple[tuple[ArmCounts, ...], ReconstructedPair | None]:
        """The most probable reconstruction, both arms brought to the printed effect."""
        built = self._built([arm.points for arm in self.arms], [None] * len(self.arms))
        if len(built) < 2:
            return (built[0][0],), None

        def patients(counts: ArmCounts, place: int) -> tuple[np.ndarray, np.ndarray]:
            return counts.patients(self.arms[place].points.marks)

        counts, problems = (built[0][0], built[1][0]), (built[0][1], built[1][1])
        if self.method == "guyot":
            pair = paired(counts, patients)
        else:
            uniforms = self._search(0, _TRIES)
            pair = meet_constraints(counts, problems, self.constraints, patients, uniforms, settle=_SETTLE)
        return (pair.experimental, pair.control), pair

    def member(self, number: int) -> tuple[tuple[ArmCounts, ...], tuple[tuple[np.ndarray, np.ndarray], ...]]:
        """One member of an ensemble, `number` from 1: heights jittered, censorings placed at random; with patients."""
        stream = Stream(self.seed, "reconstruction", number)
        leaving = [stream.uniforms([_LEAVE_UNIT + place], arm.risk.n)[0] for place, arm in enumerate(self.arms)]

        def patients(counts: ArmCounts, place: int) -> tuple[np.ndarray, np.ndarray]:
            return counts.patients(self.arms[place].points.marks if len(self.arms[place].points.marks) else None,
                                   None if len(self.arms[place].points.marks) else leaving[place])  # fmt: skip

        curves, spreads = [], []
        for place, arm in enumerate(self.arms):
            m = len(arm.points)
            moved = jittered(arm.points, stream.normals([_DRAW_UNIT + place], m)[0])
            extra = m + len(arm.risk.time) + len(self.bounds(place)) + 2
            spread = stream.exponentials([_DRAW_UNIT + place], extra, first=2 * m)[0]
            curves.append(moved)
            spreads.append(spread if not len(arm.points.marks) else None)
        built = self._built(curves, spreads)
        if len(built) < 2:
            return (built[0][0],), (patients(built[0][0], 0),)
        counts, problems = (built[0][0], built[1][0]), (built[0][1], built[1][1])
        if self.method == "constrained":
            pair = meet_constraints(counts, problems, self.constraints, patients, self._search(number, _MEMBER_TRIES))
            counts = (pair.experimental, pair.control)
        return counts, tuple(patients(each, place) for place, each in enumerate(counts))

    def _search(self, number: int, tries: int) -> np.ndarray:
        return Stream(self.seed, "reconstruction", number).uniforms(_SEARCH_UNIT + 8 + np.arange(tries), 4)


def _better(counts: ArmCounts, knots: Knots, points: CurvePoints, arm: CurveArm) -> ArmCounts:
    """Guyot's counts where they meet the events as well and lie nearer the curve, as with few numbers at risk."""
    plain = guyot_reconstruction(points, arm.risk, arm.events)
    if abs(plain.n_events - (arm.events or 0)) > abs(counts.n_events - (arm.events or 0)):
        return counts
    if knots.misfit(plain.height_at(knots.time)) >= knots.misfit(counts.survival):
        return counts
    return on_knots(plain, knots)


def on_knots(counts: ArmCounts, knots: Knots) -> ArmCounts:
    """The same patients counted at other knots, which include all times of events."""
    time, event = counts.patients()
    m = len(knots.time)
    events = np.bincount(np.searchsorted(knots.time, time[event]).clip(0, m - 1), minlength=m)
    gaps = np.bincount(np.searchsorted(knots.time, time[~event], side="left"), minlength=m + 1)
    return ArmCounts(counts.n, knots.time, events, gaps, counts.end)
