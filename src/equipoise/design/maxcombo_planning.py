"""Designs for MaxCombo, the largest of several Fleming-Harrington tests."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from equipoise.design.average_effects import geometric_average
from equipoise.design.boundaries import Boundary
from equipoise.design.design_result import design_row, prose_number
from equipoise.design.hazards import Accrual, Hazard
from equipoise.design.levels import check_positive, critical_z, refused
from equipoise.design.planned_trial import EFFECT_ARGUMENTS, PlannedTrial, planned_trial
from equipoise.design.spending import Spending
from equipoise.design.timed_design import PlannedLook, StatisticMoments, TimedDesign
from equipoise.design.timed_plan import TimedPlan, check_growth, fixed_size, timed_plan
from equipoise.design.trial_course import Dropouts, Stratum
from equipoise.design.weighted_moments import LogrankWeight, Moments, weighted_moments
from equipoise.frames.results import ResultRow
from equipoise.kernels.plain.normal_region import MOST_DIMENSIONS, normal_box
from equipoise.kernels.plain.roots import root_between
from equipoise.kernels.plain.special import normal_tail

DEFAULT_TESTS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
Tests = Sequence[tuple[float, float]]
# The box integral is good to 1e-9; bounds are solved for to about as much.
_CLOSE = 1e-10


@dataclass(frozen=True, repr=False)
class MaxComboDesign(TimedDesign):
    """A design for the largest of several weighted log-rank tests; see `TimedDesign`.

    `tests`, by look, are pairs (rho, gamma); `means` their expected Z; `correlation_h0` and `correlation_h1` those of
    all tests of all looks in this order, without and with the assumed effect. A look's `mean_z` is the largest.
    """

    tests: tuple[tuple[tuple[float, float], ...], ...]
    means: tuple[tuple[float, ...], ...]
    correlation_h0: tuple[tuple[float, ...], ...]
    correlation_h1: tuple[tuple[float, ...], ...]

    @property
    def method(self) -> str:
        return "maxcombo-design"

    def test_words(self) -> str:
        return f"a MaxCombo test of {_named(self.tests[-1])}"

    def effect_words(self) -> str:
        before = sorted(set(self.tests[:-1]))
        which = ("the largest Z of " if before and len(before[0]) > 1 else "") + (_named(before[0]) if before else "")
        interim = f" Interim analyses use {which}." if before else ""
        bound = prose_number(self.looks[-1].z_upper, 4)
        opening = f"It rejects when the largest Z exceeds {bound}. " if len(self.looks) == 1 else ""
        return (
            f"{opening}At the last analysis the average hazard ratio (geometric, weighted by expected events) is "
            f"{prose_number(self.effect('average_hazard_ratio'))}.{interim}"
        )

    def to_rows(self) -> list[ResultRow]:
        """As every timed design; then mean_z of each test at each look."""
        rows = super().to_rows()
        for number, (tests, means) in enumerate(zip(self.tests, self.means, strict=True), start=1):
            for test, mean in zip(tests, means, strict=True):
                rows.append(design_row("mean_z", mean, look=number, parameter=_named([test]), method=self.method))
        return rows


def maxcombo_design(
    *,
    tests: Tests = DEFAULT_TESTS,
    control: Hazard | None = None,
    experimental: Hazard | None = None,
    hazard_ratio: float | None = None,
    accrual: Accrual,
    alpha: float,
    sides: int,
    power: float | None = None,
    time: float | None = None,
    dropout: Dropouts = None,
    ratio: float | tuple[float, float] = 1.0,
    strata: Mapping[str, Stratum] | None = None,
    interim: Sequence[float] | None = None,
    fractions: Sequence[float] | None = None,
    interim_tests: Tests = ((0.0, 0.0),),
    efficacy: Spending | None = None,
) -> MaxComboDesign:
    """A fixed or group-sequential design for MaxCombo: the largest of several Fleming-Harrington tests.

    Arguments: `tests`, pairs (rho, gamma) of exponents of zero or more, of the last analysis; `interim_tests`, those of
    every interim analysis (default: the log-rank test alone). All tests of all looks together may have a correlation of
    rank four at most. `efficacy`: a `Spending` over fractions of the first interim test's information under no effect
    (default: Lan-DeMets of O'Brien-Fleming type). All others as of `weighted_logrank_design`; `sides=2` tests the
    largest Z in favor of the experimental arm at half of alpha. Of the accrual's n, `power` and `time` exactly one is
    left open and is solved for; with rank four each trial value takes a second or more.

    Returns a `MaxComboDesign`. Raises ArgumentError `argument-invalid`, DesignError `design-unknowns` and
    `design-unreachable`.

    Formula: all Z together are normal with the means and covariances of `weighted_moments`, of which two looks share
    what the earlier one has seen; bounds are such that P0(any crossing so far) is what has been spent, by quadrature.
    Source: Karrison TG. Stata J 2016;16:678-690; Prior TJ. Stat Methods Med Res 2020;29:3525-3532.

    >>> from equipoise.design import Accrual, Hazard
    >>> control = Hazard.from_median(12)
    >>> delayed = Hazard.piecewise([control.rates[0], 0.6 * control.rates[0]], [4])
    >>> design = maxcombo_design(
    ...     tests=[(0, 0), (0, 1)],
    ...     control=control,
    ...     experimental=delayed,
    ...     accrual=Accrual.uniform(n=360, duration=18),
    ...     alpha=0.025,
    ...     sides=1,
    ...     time=36,
    ... )
    >>> round(design.looks[0].z_upper, 2), round(design.power, 2)
    (2.13, 0.89)
    """
    arguments = dict(locals())
    if isinstance(efficacy, Boundary) or not isinstance(efficacy, Spending | None):
        raise refused("efficacy", efficacy, "a Spending, such as Spending('obrien-fleming')")
    final, before = _tests(tests, "tests"), _tests(interim_tests, "interim_tests")
    trial = planned_trial(accrual, **{name: arguments[name] for name in EFFECT_ARGUMENTS})
    every = tuple(dict.fromkeys((*before, *final))) if interim or fractions else final
    moments = cache(lambda at: weighted_moments(trial, [LogrankWeight(*test) for test in every], at))
    plan = timed_plan(
        ComboPlan, trial, _single(trial, moments, 0), alpha=alpha, sides=sides, power=power, time=time,
        interim=interim, fractions=fractions, efficacy=efficacy, futility=None, start=trial.first_entry,
        every=every, joint_moments=moments, final=final, before=before,
    )  # fmt: skip
    found = plan.solve()
    joint = plan.joint(found["looks"][-1].time)
    return MaxComboDesign(
        **found,
        arguments=arguments,
        tests=plan.tests,
        means=plan.by_look(math.sqrt(found["n"]) * joint.mean),
        correlation_h0=_rows_of(joint.null),
        correlation_h1=_rows_of(joint.assumed),
    )


@dataclass(frozen=True)
class JointTests:
    """All tests of all looks: expected Z per square root of a patient, and correlations without and with an effect."""

    mean: np.ndarray
    null: np.ndarray
    assumed: np.ndarray


@dataclass(frozen=True)
class ComboPlan(TimedPlan):
    """A timed design with several statistics at each look."""

    every: tuple[tuple[float, float], ...]
    joint_moments: Callable[[float], Moments]
    final: tuple[tuple[float, float], ...]
    before: tuple[tuple[float, float], ...]
    # Bounds depend on the time of the last look alone, and take most of the computing.
    known_bounds: dict[float, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def tests(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """The tests by look."""
        return (*[self.before] * (self.n_looks - 1), self.final)

    def by_look(self, values: np.ndarray) -> tuple[tuple[float, ...], ...]:
        """Values of all tests of all looks, split by look."""
        ends = np.cumsum([len(tests) for tests in self.tests])
        return tuple(tuple(part.tolist()) for part in np.split(values, ends[:-1]))

    def joint(self, time: float) -> JointTests:
        """The joint distribution of all tests when the last look is at `time`."""
        found = [self.joint_moments(t) for t in self.times(time)]
        place = [(k, self.every.index(test)) for k, tests in enumerate(self.tests) for test in tests]
        look, test = (np.array(part) for part in zip(*place, strict=True))
        earlier = np.minimum.outer(look, look)
        correlations = []
        for name in ("null", "estimated"):
            by_look = np.stack([getattr(m, name) for m in found])
            covariance = by_look[earlier, test[:, None], test[None, :]]
            spread = np.sqrt(covariance.diagonal())
            correlations.append(covariance / np.outer(spread, spread))
        scale = np.array([found[k].estimated[a, a] for k, a in place]) ** 0.5
        mean = np.array([found[k].mean[a] for k, a in place]) / scale
        return JointTests(mean, *correlations)

    def bounds(self, time: float) -> tuple[np.ndarray, np.ndarray]:
        """The bound of each look, and the one-sided level spent by then."""
        if time not in self.known_bounds:
            self.known_bounds[time] = self._solve_bounds(time)
        return self.known_bounds[time]

    def _solve_bounds(self, time: float) -> tuple[np.ndarray, np.ndarray]:
        times = self.times(time)
        null = np.array([self.moments(t).null_information for t in times])
        check_growth(times, null)
        spending = self.efficacy if isinstance(self.efficacy, Spending) else Spending("obrien-fleming")
        spending.check_total(self.side, "the one-sided alpha")
        spent = np.array([self.side] if len(null) == 1 else spending.spent(null / null[-1], self.side))
        correlation = self.joint(time).null
        bounds, limits = [], []
        for tests, level, used in zip(self.tests, spent.tolist(), [0.0, *spent[:-1].tolist()], strict=True):
            bounds.append(_bound(limits, len(tests), correlation, level, level - used))
            limits += [bounds[-1]] * len(tests)
        return np.array(bounds), spent

    def looks(self, n: float, time: float) -> tuple[PlannedLook, ...]:
        times = self.times(time)
        bounds, spent = self.bounds(time)
        joint = self.joint(time)
        mean = math.sqrt(n) * joint.mean
        limits = np.repeat(bounds, [len(tests) for tests in self.tests]) - mean
        ends = np.cumsum([len(tests) for tests in self.tests])
        power = [1.0 - _below(limits[:end], joint.assumed[:end, :end]) for end in ends]
        single = [self.moments(t) for t in times]
        means = self.by_look(mean)
        return tuple(
            self.look(
                n, t, mean_z=max(means[k]), information_h1=n * m.information, information_h0=n * m.null_information,
                fraction_h1=m.information / single[-1].information,
                fraction_h0=m.null_information / single[-1].null_information,
                z_upper=float(bounds[k]), p_upper=normal_tail(float(bounds[k])), z_lower=-math.inf,
                alpha=float(spent[k]), power=power[k], effects=m.effects,
            )
            for k, (t, m) in enumerate(zip(times, single, strict=True))
        )  # fmt: skip

    def size_hint(self, time: float) -> float:
        singles = [_single(self.trial, self.joint_moments, self.every.index(test))(time) for test in self.final]
        hints = [fixed_size(m, self, time) for m in singles if m.mean > 0.0]
        return min(hints) if hints else fixed_size(singles[0], self, time)


def _bound(limits: list[float], n_tests: int, correlation: np.ndarray, level: float, step: float) -> float:
    """The bound for `n_tests` more Z after those held to `limits`, at which `step` more, `level` in all, is spent."""
    if step <= 0.0:
        return math.inf
    m = len(limits) + n_tests
    if m == 1:
        return critical_z(step)
    inner = correlation[:m, :m]

    def excess(bound: float) -> float:
        return 1.0 - _below(np.array([*limits, *[bound] * n_tests]), inner) - level

    # One test alone at the whole level spends at least it; Bonferroni's bound spends no more than the step.
    return root_between(excess, critical_z(level) - _CLOSE, critical_z(step / n_tests) + _CLOSE)


def _below(limits: np.ndarray, correlation: np.ndarray) -> float:
    """P(every Z stays below its limit)."""
    held = np.isfinite(limits)
    if not held.any():
        return 1.0
    try:
        return normal_box(np.full(int(held.sum()), -np.inf), limits[held], correlation[np.ix_(held, held)])
    except ValueError as error:
        hint = f"choose tests, over all looks, of which at most {MOST_DIMENSIONS} are independent"
        raise refused("tests", len(correlation), hint, str(error)) from None


def _single(
    trial: PlannedTrial, moments: Callable[[float], Moments], place: int
) -> Callable[[float], StatisticMoments]:
    """The moments of one of the tests by itself."""

    def at(time: float) -> StatisticMoments:
        m = moments(time)
        used, null = float(m.estimated[place, place]), float(m.null[place, place])
        effects = (("average_hazard_ratio", geometric_average(trial, time)),)
        return StatisticMoments(float(m.mean[place]), math.sqrt(used), math.sqrt(used), used, null, effects)

    return at


def _tests(tests: Any, name: str) -> tuple[tuple[float, float], ...]:
    try:
        found = tuple((check_positive(r, name, zero=True), check_positive(g, name, zero=True)) for r, g in tests)
    except (TypeError, ValueError):
        found = ()
    if not found or len(set(found)) < len(found):
        hint = "pairs of exponents (rho, gamma), each pair once, for example ((0, 0), (0, 1), (1, 0), (1, 1))"
        raise refused(name, tests, hint)
    return found


def _named(tests: Sequence[tuple[float, float]]) -> str:
    words = [f"Fleming-Harrington({rho:g}, {gamma:g})" for rho, gamma in tests]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _rows_of(matrix: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in matrix.tolist())
