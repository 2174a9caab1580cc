"""What a trial file plans to test, measure and see of its primary endpoint, as parts of a model."""

from __future__ import annotations

from typing import Any

from equipoise.errors import ArgumentError
from equipoise.protocol import Trial
from equipoise.protocol.plans import Analysis, Test
from equipoise.simulation.premises import ends_with_death
from equipoise.simulation.trial_options import ScanSchedule, WeightedTest

LOGRANK = "logrank"


def planned_measures(trial: Trial, *, further: bool, endpoint: str = "event") -> dict[str, Any]:
    """The fields of a model that say what is computed at a look and what decides.

    `endpoint`: what the primary analysis is of, the model's "event" or its "death". The primary test; with `further`,
    weighted tests beside it, rates of its curve, windows of its restricted means. Beside the primary test, those
    that engines do not compute, or that are stratified where it is not, are left out.
    Raises ArgumentError `argument-invalid` for a primary test that engines do not compute.
    """
    analysis = trial.primary
    if analysis is None or analysis.test is None:
        return {}
    test = analysis.test
    own = weighted_test(test, endpoint)
    if own is None and test.method != LOGRANK:
        raise ArgumentError(
            "argument-invalid",
            f"the primary test of {trial.id} is {test.method}",
            where=f"analyses.{analysis.id}.test.method",
            reason="a trial is simulated with the log-rank test, Fleming-Harrington's or a modestly weighted one",
            hint="plan one of these, or build a TrialModel with the test that comes closest",
        )
    found: dict[str, Any] = {"stratified": bool(test.stratified.value)}
    if endpoint == "death":
        found["decides"] = "death"
    tests = () if own is None else (own,)
    if own is not None:
        found["decides"] = "weighted"
    if further:
        tests += tuple(w for w in _beside(analysis, test, endpoint) if w != own)
        found |= {"landmarks": _landmarks(analysis), "windows": _windows(analysis)}
    return found | {"tests": tests}


def _beside(analysis: Analysis, primary: Test, endpoint: str) -> list[WeightedTest]:
    """Further tests that engines compute, stratified or not as the primary one is."""
    alike = [each for each in analysis.further_tests if each.stratified.value == primary.stratified.value]
    return [found for each in alike if (found := weighted_test(each, endpoint)) is not None]


def weighted_test(test: Test, endpoint: str = "event") -> WeightedTest | None:
    """A planned test as weights that engines have; None for the log-rank test, and for others."""
    if test.method == "fleming-harrington":
        return WeightedTest(rho=test.rho or 0.0, gamma=test.gamma or 0.0, endpoint=endpoint)
    if test.method == "modestly-weighted" and test.t_star is not None:
        return WeightedTest(weights="modest-time", t_star=test.t_star.months, endpoint=endpoint)
    if test.method == "modestly-weighted":
        return WeightedTest(weights="modest-survival", s_star=test.s_star, endpoint=endpoint)
    return None


def _landmarks(analysis: Analysis) -> tuple[float, ...]:
    curve = () if analysis.curve is None else analysis.curve.rates_at
    return tuple(time.months for time in curve)


def _windows(analysis: Analysis) -> tuple[float, ...]:
    estimates = [*([] if analysis.estimate is None else [analysis.estimate]), *analysis.further_estimates]
    return tuple(dict.fromkeys(e.tau.months for e in estimates if e.method == "rmst" and e.tau is not None))


def planned_scans(trial: Trial) -> ScanSchedule:
    """The tumor-assessment schedule of a trial file; its last interval goes on. Raises ArgumentError."""
    primary = trial.primary
    if primary is not None and ends_with_death(trial, trial.endpoint(primary.endpoint)):
        raise ArgumentError(
            "argument-invalid",
            f"the primary endpoint {primary.endpoint} ends with death, which is seen without a scan",
            where="scans",
            hint="simulate without scans",
        )
    planned = trial.schedule.tumor_assessments
    if planned is None:
        raise ArgumentError(
            "argument-invalid",
            f"trial {trial.id} plans no tumor assessments",
            where="schedule.tumor_assessments",
            hint="add the intervals of the scans, or simulate without scans",
        )
    intervals = planned.intervals.value
    until = [interval.until.months for interval in intervals[:-1] if interval.until is not None]
    return ScanSchedule(tuple(interval.every.months for interval in intervals), tuple(until))
