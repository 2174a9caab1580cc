"""Fixed designs on their calendar: n, accrual, follow-up, events, power and hazard ratio, each from the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from equipoise.design.design_result import DesignResult, design_row, prose_number, prose_percent, render_code
from equipoise.design.expectation import ExpectedCourse, expected_events
from equipoise.design.fixed import hazard_ratio_of, level_words, over, power_for, power_rows, whole_events
from equipoise.design.fixed_solver import DURATION, FOLLOW_UP, N, Problem, Solution, solve_design, solve_timeline
from equipoise.design.hazards import Accrual, Hazard
from equipoise.design.levels import (
    check_alpha,
    check_choice,
    check_positive,
    check_power,
    ratio_parts,
    ratio_words,
    refused,
    to_ratio,
)
from equipoise.design.signal import METHODS
from equipoise.design.trial_course import Dropouts, Stratum, dropout_by_arm
from equipoise.errors import ArgumentError, DesignError
from equipoise.frames.results import ResultRow

N_RULES = ("nearest", "up", "ratio")
_NAMES = {
    "schoenfeld": "Schoenfeld's formula",
    "freedman": "Freedman's formula",
    "lachin-foulkes": "the method of Lachin and Foulkes for a difference of hazards",
    "lachin-foulkes-log": "the method of Lachin and Foulkes on the log scale",
    "rubinstein": "the method of Rubinstein, Gail and Santner",
}


@dataclass(frozen=True, eq=False, repr=False)
class FixedDesign(DesignResult):
    """A design with one analysis, complete: what was given and what was found.

    `solved` names what was found. `events` are those expected at the analysis, at calendar `time` = accrual duration +
    follow-up; `accrual` has its n and duration. A negative `follow_up` is an analysis before accrual ends; `n_enrolled`
    is the number enrolled by then.
    """

    problem: Problem
    solution: Solution
    alpha: float
    sides: int
    arguments: Mapping[str, Any]
    time_unit: str = "months"

    @property
    def solved(self) -> tuple[str, ...]:
        return self.solution.solved

    @property
    def method(self) -> str:
        return self.problem.method

    @property
    def ratio(self) -> float:
        return self.problem.ratio

    @property
    def hazard_ratio(self) -> float:
        return self.solution.hazard_ratio

    @property
    def accrual(self) -> Accrual:
        return self.solution.accrual

    @property
    def n(self) -> float:
        """Patients planned."""
        return self.accrual.total

    @property
    def n_experimental(self) -> float:
        return self.n * self.ratio / (1.0 + self.ratio)

    @property
    def n_control(self) -> float:
        return self.n / (1.0 + self.ratio)

    @property
    def n_enrolled(self) -> float:
        """Patients enrolled by the analysis."""
        return float(self.accrual.enrolled(self.time))

    @property
    def accrual_duration(self) -> float:
        return self.accrual.end

    @property
    def follow_up(self) -> float:
        """From the end of accrual to the analysis."""
        return self.solution.follow_up

    @property
    def time(self) -> float:
        """Of the analysis, from the first enrollment."""
        return self.solution.time

    @property
    def events(self) -> float:
        return self.solution.events

    @property
    def power(self) -> float:
        return self.solution.power

    @property
    def critical_hazard_ratio(self) -> float:
        """The observed hazard ratio at the edge of significance, by Schoenfeld's variance of its logarithm."""
        return hazard_ratio_of(self.problem.z / math.sqrt(self.events), self.ratio, "schoenfeld")

    @property
    def strata(self) -> tuple[str, ...]:
        return self.problem.course(self.hazard_ratio).strata

    def expected(self, time: Any = None) -> ExpectedCourse:
        """Expected enrollment and events at calendar times under the design's assumptions (default: the analysis)."""
        problem = self.problem
        return expected_events(
            self.time if time is None else time, accrual=self.accrual, control=problem.control,
            hazard_ratio=self.hazard_ratio, dropout=problem.dropout, ratio=problem.ratio, strata=problem.strata,
            time_unit=self.time_unit,
        )  # fmt: skip

    def power_at(self, hazard_ratio: Any) -> Any:
        """Power at other hazard ratios, one or an array.

        Schoenfeld and Freedman: with the design's events, the analysis waiting for them. The other methods: at the
        design's calendar time, with the events that come by then.
        """
        problem = self.problem
        if self.method in ("schoenfeld", "freedman"):
            return over(hazard_ratio, lambda hr: power_for(self.events, hr, problem.side, self.ratio, self.method))
        return over(hazard_ratio, lambda hr: problem.signal(hr, self.accrual, self.follow_up).power(problem.z))

    def to_rows(self) -> list[ResultRow]:
        """Every quantity of the design; n and events by arm as well."""
        at: dict[str, Any] = {"method": self.method}
        rows = [design_row(name, value, **form, **at) for name, value, form in self._quantities()]
        by_arm = self.expected()
        for j, arm in enumerate(("control", "experimental")):
            group: dict[str, Any] = {"group1": "arm", "level1": arm}
            rows.append(design_row("n", (self.n_control, self.n_experimental)[j], **group, **at))
            rows.append(design_row("events", float(by_arm.events[:, j].sum()), **group, **at))
        return rows

    def figure_rows(self) -> list[ResultRow]:
        """The rows of the design, and for figures patients and events over time, and power over hazard ratios."""
        course = self.expected().course_rows([("analysis", self.time, self.events)])
        return [*self.to_rows(), *course, *power_rows(self, self.hazard_ratio)]

    def _quantities(self) -> list[tuple[str, float, dict[str, Any]]]:
        time, share = {"unit": self.time_unit, "format": self.time_unit}, {"format": "percent"}
        early = "the analysis comes before accrual ends" if self.follow_up < 0.0 else None
        return [
            ("hazard_ratio", self.hazard_ratio, {"format": "ratio"}),
            ("events", self.events, {}),
            ("events_up", whole_events(self.events), {"format": "int"}),
            ("n", self.n, {}),
            ("n_enrolled", self.n_enrolled, {"warning": early}),
            ("power", self.power, share),
            ("alpha", self.alpha, {}),
            ("sides", self.sides, {"format": "int"}),
            ("ratio", self.ratio, {}),
            ("accrual_duration", self.accrual_duration, time),
            ("follow_up", self.follow_up, time),
            ("time", self.time, time),
            ("hazard_ratio_critical", self.critical_hazard_ratio, {"format": "ratio"}),
        ]

    def text(self) -> str:
        """The sample size paragraph of a protocol."""
        unit, loss = self.time_unit, self._dropout_words()
        shown = prose_number(self.events, 1)
        return (
            f"With {shown} events, a {level_words(self.alpha, self.sides)} has {prose_percent(self.power)} power to "
            f"detect a hazard ratio of {prose_number(self.hazard_ratio, 3)}{self._median_words()}, by "
            f"{_NAMES[self.method]}. {prose_number(self.n, 1)} patients are randomized {ratio_words(self.ratio)} "
            f"(experimental to control) over {prose_number(self.accrual_duration, 1)} {unit}, {loss}; these events are "
            f"expected {prose_number(self.time, 1)} {unit} after the first patient is randomized"
            f"{self._follow_up_words()}. The largest observed hazard ratio that reaches significance is about "
            f"{prose_number(self.critical_hazard_ratio, 3)}."
        )

    def _follow_up_words(self) -> str:
        if self.follow_up < 0.0:
            enrolled = prose_number(self.n_enrolled, 1)
            return (
                f", {prose_number(-self.follow_up, 1)} {self.time_unit} before accrual ends, with {enrolled} enrolled"
            )
        return f", {prose_number(self.follow_up, 1)} {self.time_unit} after the last"

    def _median_words(self) -> str:
        if self.problem.control is None:
            return f" in each of {len(self.strata)} strata"
        medians = self.problem.control.median(), self.problem.control.times(self.hazard_ratio).median()
        if not all(map(math.isfinite, medians)):
            return ""
        before, after = (prose_number(median, 1) for median in medians)
        return f" (medians of {before} and {after} {self.time_unit} in the control and the experimental arm)"

    def _dropout_words(self) -> str:
        losses = dropout_by_arm(self.problem.dropout)
        own = self.problem.strata and any(stratum.dropout for stratum in self.problem.strata.values())
        if own or not all(hazard.constant for hazard in losses):
            return "with the dropout assumed"
        rates = [prose_percent(hazard.rates[0], 2) for hazard in losses]
        if not any(hazard.rates[0] for hazard in losses):
            return "without dropout"
        per = f"per {self.time_unit.removesuffix('s')}"
        if rates[0] == rates[1]:
            return f"with dropout at a rate of {rates[0]} {per}"
        return f"with dropout at rates of {rates[0]} (control) and {rates[1]} (experimental) {per}"

    def code(self) -> str:
        return render_code("fixed_design", self.arguments)


def fixed_design(
    *,
    alpha: float,
    sides: int,
    accrual: Accrual,
    hazard_ratio: float | None = None,
    control: Hazard | None = None,
    experimental: Hazard | None = None,
    follow_up: float | None = None,
    events: float | None = None,
    power: float | None = None,
    dropout: Dropouts = None,
    ratio: float | tuple[float, float] = 1.0,
    strata: Mapping[str, Stratum] | None = None,
    method: str = "schoenfeld",
    integer: bool = False,
    n_rule: str = "nearest",
    time_unit: str = "months",
) -> FixedDesign:
    """A design with one analysis, solved for whatever of it is left out.

    Two equations tie together the hazard ratio, n and duration of the accrual, the follow-up, the events and the power:
    the events expected by the analysis, and the power they give. Leave out two of them: power and events (the question
    "what do these patients buy?"); events and one of n, duration, follow-up and hazard ratio; or, to be found from a
    number of events, power and one of n, duration and follow-up.

    Arguments: `hazard_ratio`, experimental to control, or `experimental`, a hazard proportional to the control's;
    `control`, the control arm's `Hazard`, or `strata`, a mapping from name to `Stratum`; `accrual`, an `Accrual` that
    may leave its n, its duration, or (with rates given) both open; `follow_up`, time from the end of accrual to the
    analysis, zero or above; `events` and `power`, targets; `alpha` in (0, 1), spread over `sides`, 1 or 2; `dropout`,
    one for both arms or {"control": ..., "experimental": ...}; `ratio`, experimental to control, a number or a pair;
    `method`, "schoenfeld", "freedman", "rubinstein", "lachin-foulkes" (the printed difference of constant hazards) or
    "lachin-foulkes-log"; `integer=True` rounds events that are needed up, and n that is found by `n_rule` ("nearest",
    "up", or "ratio", up to a multiple of the ratio's sum), then moves the analysis to the time of these events;
    `time_unit`, the word for text and rows.

    Returns a `FixedDesign`. Raises ArgumentError `argument-invalid`; DesignError `design-unknowns` when too much or too
    little is open, and `design-unreachable` when there is no solution, with the most that can be had and when.

    Source: Schoenfeld D. Biometrika 1981;68:316-319; Freedman LS. Stat Med 1982;1:121-129; Rubinstein LV, Gail MH,
    Santner TJ. J Chronic Dis 1981;34:469-479; Lachin JM, Foulkes MA. Biometrics 1986;42:507-519.

    >>> design = fixed_design(
    ...     hazard_ratio=0.59,
    ...     control=Hazard.from_median(3.6),
    ...     ratio=2,
    ...     alpha=0.05,
    ...     sides=2,
    ...     accrual=Accrual.uniform(n=198, duration=24),
    ...     follow_up=5,
    ... )
    >>> round(design.events, 1), round(design.power, 3)
    (167.0, 0.895)
    """
    arguments = {
        "hazard_ratio": hazard_ratio, "control": control, "experimental": experimental, "accrual": accrual,
        "follow_up": follow_up, "events": events, "power": power, "alpha": alpha, "sides": sides, "dropout": dropout,
        "ratio": ratio, "strata": strata, "method": method, "integer": integer or None,
        "n_rule": n_rule if integer else None, "time_unit": time_unit,
    }  # fmt: skip
    check_choice(method, METHODS, "method")
    check_choice(n_rule, N_RULES, "n_rule")
    problem = _problem(arguments)
    solution = solve_design(problem)
    if integer:
        solution = _whole(problem, solution, n_rule)
    return FixedDesign(problem, solution, float(alpha), int(sides), arguments, time_unit)


def _problem(given: Mapping[str, Any]) -> Problem:
    if not isinstance(given["accrual"], Accrual):
        raise refused("accrual", given["accrual"], "an Accrual, such as Accrual.uniform(n=198, duration=24)")
    side = check_alpha(given["alpha"], given["sides"])
    power, events, follow_up = given["power"], given["events"], given["follow_up"]
    return Problem(
        hazard_ratio=_hazard_ratio(given), accrual=given["accrual"],
        follow_up=None if follow_up is None else check_positive(follow_up, "follow_up", zero=True),
        events=None if events is None else check_positive(events, "events"),
        power=None if power is None else check_power(power, given["alpha"]),
        side=side, ratio=to_ratio(given["ratio"]), method=given["method"], control=given["control"],
        dropout=given["dropout"], strata=given["strata"],
    )  # fmt: skip


def _hazard_ratio(given: Mapping[str, Any]) -> float | None:
    """The one hazard ratio of the trial, or None; strata must leave theirs out."""
    strata: Mapping[str, Stratum] = given["strata"] or {}
    hazard_ratio, control, experimental = given["hazard_ratio"], given["control"], given["experimental"]
    if any(s.experimental is not None or s.hazard_ratio is not None for s in strata.values()):
        raise ArgumentError(
            "argument-invalid", "a stratum has an effect of its own", where="strata",
            reason="a fixed design tests one hazard ratio, common to the strata",
            hint="give hazard_ratio for all strata; expected_events takes effects by stratum",
        )  # fmt: skip
    if experimental is None:
        return None if hazard_ratio is None else check_positive(hazard_ratio, "hazard_ratio")
    if hazard_ratio is not None or not isinstance(control, Hazard) or not isinstance(experimental, Hazard):
        raise refused("experimental", experimental, "a Hazard, with control and without hazard_ratio")
    return _proportional(control, experimental)


def _proportional(control: Hazard, experimental: Hazard) -> float:
    times = np.array(sorted({0.0, *control.breaks, *experimental.breaks}))
    before, after = control.at(times), experimental.at(times)
    ratios = after[before > 0.0] / before[before > 0.0]
    if not len(ratios) or (after[before == 0.0] > 0.0).any() or np.ptp(ratios) > 1e-9 * ratios.max():
        raise ArgumentError(
            "argument-invalid", "the hazards of the arms are not proportional", where="experimental",
            reason="a fixed design tests one hazard ratio",
            hint="average_hazard_ratio, weighted_logrank_design and maxcombo_design take hazards that are not",
        )  # fmt: skip
    return float(ratios[0])


def _whole(problem: Problem, exact: Solution, n_rule: str) -> Solution:
    """Events that are needed rounded up, n that was found rounded, the analysis at the time of these events.

    Where neither was asked for (events and power of a given calendar) there is nothing to round.
    """
    found = [name for name in (N, DURATION, FOLLOW_UP) if name in exact.solved]
    if not found:
        return exact
    events, accrual = float(whole_events(exact.events)), exact.accrual
    if N in found:
        accrual = accrual.with_n(_whole_n(accrual.total, problem.ratio, n_rule))
    elif DURATION in found and not problem.accrual.relative:
        n = _whole_n(accrual.total, problem.ratio, n_rule)
        accrual = Accrual(problem.accrual.rates, problem.accrual.breaks, n=n)
    fixed = replace(problem, accrual=accrual, follow_up=None, events=events, power=None)
    _, follow_up = solve_timeline(fixed, exact.hazard_ratio)
    signal = problem.signal(exact.hazard_ratio, accrual, follow_up)
    return replace(exact, accrual=accrual, follow_up=follow_up, events=events, power=signal.power(problem.z))


def _whole_n(n: float, ratio: float, rule: str) -> float:
    if rule == "nearest":
        return float(math.floor(n + 0.5))
    up = math.ceil(n * (1.0 - 1e-12))
    if rule == "up":
        return float(up)
    parts = ratio_parts(ratio)
    if parts is None:
        raise DesignError(
            "design-unknowns", f"a ratio of {ratio:g} has no small whole numbers to round n to",
            hint="give the ratio as a pair of whole numbers up to 20, or n_rule='up'",
        )  # fmt: skip
    return float(math.ceil(up / sum(parts)) * sum(parts))
