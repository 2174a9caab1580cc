"""A trial file and one of its scenarios, read into the plain numbers that a synthetic trial is made from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from equipoise.errors import ArgumentError
from equipoise.protocol import Trial
from equipoise.protocol.plans import Endpoint
from equipoise.protocol.scenarios import Scenario
from equipoise.simulation.assumptions import assumed
from equipoise.simulation.calibration import ArmDesign, Calibration, solve_truth
from equipoise.simulation.hazards import Hazards, hazards_of
from equipoise.simulation.observation import ScanPlan

Floats = npt.NDArray[np.float64]

_LONGEST_FOLLOW_UP = 20 * 365


@dataclass(frozen=True)
class Premises:
    """What a synthetic trial needs to know. Times are days; `origin` is day 0 of the calendar.

    `progression` and `survival` are the endpoints that end with progression and with death alone, or None;
    `screening` the longest screening period; `accrual` the share of patients randomized by each day from the origin;
    `trigger_events` and `trigger_day` what starts the data cutoff, exactly one of them; `least_follow_up`, the
    scenario's follow-up after the last patient is randomized, which a cutoff by events waits for as well.
    """

    trial: Trial
    scenario: Scenario
    origin: date
    progression: Endpoint | None
    survival: Endpoint | None
    screening: int
    accrual: Hazards
    accrual_days: float
    trigger_events: int | None
    trigger_day: float | None
    least_follow_up: float
    dropout: float

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple(arm.id for arm in self.trial.arms)

    @property
    def enrollment(self) -> int:
        return self.trial.trial.enrollment.value

    @property
    def shares(self) -> dict[str, float]:
        total = sum(arm.ratio for arm in self.trial.arms)
        return {arm.id: arm.ratio / total for arm in self.trial.arms}

    def hazards(self, endpoint: Endpoint | None, arm: str) -> Hazards | None:
        """The scenario's hazards of an endpoint in an arm."""
        if endpoint is None:
            return None
        by_arm = self.scenario.survival[endpoint.id]
        if arm not in by_arm:
            raise lacking(
                self.trial, self.scenario, f"survival of arm {arm} for {endpoint.id}", f"survival.{endpoint.id}"
            )
        return hazards_of(by_arm[arm].pieces(by_arm.get(self.trial.control.id)))


def read_premises(trial: Trial, scenario: Scenario) -> Premises:
    """Read what a synthetic trial needs; absent parts are left out where the story can do without them.

    Raises ArgumentError `argument-invalid` naming what the scenario or the trial file lacks.
    """
    _check_used(trial, scenario)
    progression, survival = (_endpoint(trial, scenario, kind) for kind in ("progression", "death"))
    if progression is None and survival is None:
        raise lacking(trial, scenario, "survival for a progression-free or overall-survival endpoint", "survival")
    if progression is not None and trial.schedule.tumor_assessments is None:
        raise lacking(trial, scenario, "a tumor-assessment schedule", "schedule.tumor_assessments")
    events, day = _trigger(trial, scenario)
    first, window = trial.trial.first_enrollment, trial.schedule.screening_window
    accrual, duration = _accrual(scenario)
    return Premises(
        trial=trial,
        scenario=scenario,
        origin=first.value if first is not None else date(round(assumed("calendar_start")), 1, 1),
        progression=progression,
        survival=survival,
        screening=max(1, math.floor(window.value.days)) if window is not None else 28,
        accrual=accrual,
        accrual_days=duration,
        trigger_events=events,
        trigger_day=day,
        least_follow_up=scenario.follow_up.value.days if scenario.follow_up is not None else 0.0,
        dropout=scenario.dropout.rate.value.per_day if scenario.dropout is not None else 0.0,
    )


def _check_used(trial: Trial, scenario: Scenario) -> None:
    """Refuse a scenario with assumptions that synthetic patients would not follow."""
    unused = [name for name in ("illness_death", "joint_prevalences") if getattr(scenario, name) is not None]
    if scenario.dropout is not None and scenario.dropout.by_arm:
        unused.append("dropout.by_arm")
    for endpoint, by_arm in scenario.survival.items():
        control = by_arm.get(trial.control.id)
        unused += [f"survival.{endpoint}.{arm}" for arm, form in by_arm.items() if not form.in_pieces(control or form)]
    looks = trial.primary.looks if trial.primary is not None else ()
    for look in looks[-1:]:
        given = [key for key in ("arms", "endpoint", "follow_up", "when", "latest") if getattr(look.trigger, key)]
        unused += [f"{key} of look {look.id}" for key in given]
    if unused:
        raise ArgumentError(
            "argument-invalid",
            f"trial {trial.id} with scenario {scenario.id!r} cannot be synthesized: patients would not follow "
            f"{', '.join(unused)}",
            where=f"scenarios.{scenario.id}",
            reason="synthetic patients follow a median or hazards in pieces, the same in all strata, or an effect on "
            "these; their data cutoff follows a number of events or a time",
            hint="choose another scenario with --scenario, or simulate this one: `equipoise simulate`",
        )


def lacking(trial: Trial, scenario: Scenario, what: str, path: str) -> ArgumentError:
    """The error that says what a trial file lacks for a synthetic data set, and where it belongs."""
    return ArgumentError(
        "argument-invalid",
        f"trial {trial.id} with scenario {scenario.id!r} cannot be synthesized: it lacks {what}",
        where=path,
        reason="a synthetic trial invents patients, never the assumptions they are drawn from",
        hint=f"state `{path}` in the trial file, with its source or marked an assumption, or choose another scenario",
    )


def scan_plan(premises: Premises, horizon: float) -> ScanPlan:
    """The scan schedule with the assumed habits of sites: early and late scans, missed scans, scans on suspicion.

    A scan is done before its planned day in the share `early_scan_share` of cases, equally likely on each day of the
    window; the others fall on the planned day or later, with weights that decrease to the end of the window.
    """
    assessments = premises.trial.schedule.tumor_assessments
    if assessments is None:
        return ScanPlan((), 0, (1.0,), 0.0, 0.0, 1.0)
    window = math.floor(assessments.window.value.days)
    early = assumed("early_scan_share") if window else 0.0
    late = np.arange(window + 1, 0, -1, dtype=np.float64)
    offsets = np.concatenate([np.full(window, early / max(window, 1)), (1.0 - early) * late / late.sum()])
    return ScanPlan(
        planned=tuple(round(day) for day in assessments.planned_days(horizon)),
        first_offset=-window,
        offsets=tuple(float(p) for p in offsets),
        missed=assumed("missed_scan"),
        suspicion=assumed("suspected_progression"),
        delay=assumed("suspicion_delay"),
    )


def calibrate(premises: Premises) -> dict[str, Calibration]:
    """The truth of every arm whose observation gives the scenario's curves.

    Deaths are observed when they happen: without an endpoint that ends with progression, nothing has to be solved.
    """
    if premises.progression is None:
        laws = {arm: premises.hazards(premises.survival, arm) for arm in premises.arms}
        return {arm: Calibration(law, 0.0, 0.0, ()) for arm, law in laws.items() if law is not None}
    followed = expect_followed(premises)
    return {arm: solve_truth(_design(premises, arm, followed)) for arm in premises.arms}


def expect_followed(premises: Premises) -> tuple[float, ...]:
    """The probability that a patient's follow-up reaches days 0, 1, ...: neither dropout nor data cutoff before."""
    cutoff = expect_cutoff(premises)
    days = np.arange(math.ceil(cutoff) + 1, dtype=np.float64)
    return tuple((randomized_by(premises, cutoff - days) * np.exp(-premises.dropout * days)).tolist())


def expect_cutoff(premises: Premises) -> float:
    """The day of the data cutoff, counted from the origin, when events come as the scenario expects them.

    Not before the last patient is randomized and has been followed as long as the scenario says.
    """
    if premises.trigger_day is not None:
        return premises.trigger_day
    endpoint = premises.progression or premises.survival
    days = np.arange(_LONGEST_FOLLOW_UP, dtype=np.float64)
    entering = np.diff(randomized_by(premises, days), prepend=0.0)
    expected = np.zeros(_LONGEST_FOLLOW_UP)
    for arm, share in premises.shares.items():
        hazards = premises.hazards(endpoint, arm)
        if hazards is not None:
            density = np.diff(1.0 - hazards.survival(days), prepend=0.0) * np.exp(-premises.dropout * days)
            expected += premises.enrollment * share * _convolved(entering, np.cumsum(density))
    reached = np.flatnonzero(expected >= (premises.trigger_events or math.inf))
    last = float(reached[0]) if len(reached) else float(_LONGEST_FOLLOW_UP - 1)
    return max(last, premises.accrual_days + premises.least_follow_up)


def randomized_by(premises: Premises, day: npt.ArrayLike) -> Floats:
    """The expected share of patients randomized by days from the origin."""
    first, last = float(premises.screening), premises.accrual_days
    at = np.clip(np.asarray(day, dtype=np.float64), first, last)
    total = premises.accrual.cumulative(last) - premises.accrual.cumulative(first)
    return (premises.accrual.cumulative(at) - premises.accrual.cumulative(first)) / total


def _design(premises: Premises, arm: str, followed: tuple[float, ...]) -> ArmDesign:
    overall = premises.hazards(premises.survival, arm)
    observed = premises.hazards(premises.progression, arm)
    if observed is None:
        raise lacking(premises.trial, premises.scenario, f"progression in arm {arm}", "survival")
    late = _late(premises, observed)
    design = ArmDesign(
        observed=observed,
        overall_median=overall.median if overall is not None else None,
        late=late,
        patients=max(1, round(premises.enrollment * premises.shares[arm])),
        plan=scan_plan(premises, 0.0),
        followed=followed,
    )
    plan = scan_plan(premises, design.horizon + 2.0 * max(design.plan.longest_gap, 60))
    plan = scan_plan(premises, design.horizon + plan.lags + 1.0)
    return ArmDesign(design.observed, design.overall_median, late, design.patients, plan, followed)


def _late(premises: Premises, observed: Hazards) -> float:
    """The time of the condition on the last piece: the latest planned rate in it, else three quarters of it gone."""
    last = observed.starts[-1]
    curve = premises.trial.primary.curve if premises.trial.primary is not None else None
    rates = [time.days for time in curve.rates_at] if curve is not None else []
    later = [time for time in rates if time > last]
    return max(later) if later else float(observed.inverse(observed.cumulative(last) + math.log(4.0)))


def _endpoint(trial: Trial, scenario: Scenario, kind: str) -> Endpoint | None:
    """The first endpoint with survival in the scenario that ends with progression or death, or with death alone."""
    for endpoint in trial.endpoints:
        if endpoint.id not in scenario.survival or endpoint.kind != "time-to-event":
            continue
        if ends_with_death(trial, endpoint) == (kind == "death"):
            return endpoint
    return None


def ends_with_death(trial: Trial, endpoint: Endpoint) -> bool:
    """Whether death is the only event of an endpoint."""
    wheres = [trial.sources[name].where or "" for name in endpoint.events if name in trial.sources]
    return bool(wheres) and all("'DEATH'" in where for where in wheres)


def _trigger(trial: Trial, scenario: Scenario) -> tuple[int | None, float | None]:
    """The events or the day that start the data cutoff: the last look's, else accrual and follow-up."""
    looks = trial.primary.looks if trial.primary is not None else ()
    if looks and looks[-1].trigger.events is not None:
        events = looks[-1].trigger.events
        if events > trial.trial.enrollment.value:
            raise ArgumentError(
                "argument-invalid",
                f"the data cutoff waits for {events} events among {trial.trial.enrollment.value} patients",
                where=f"analyses.{trial.primary.id if trial.primary else ''}.looks",
                reason="every patient has at most one event",
                hint="lower the trigger or raise the enrollment",
            )
        return events, None
    if looks and looks[-1].trigger.time is not None:
        return None, looks[-1].trigger.time.days
    if scenario.follow_up is not None:
        return None, scenario.accrual.duration.value.days + scenario.follow_up.value.days
    raise lacking(trial, scenario, "a data cutoff: a look of the primary analysis, or follow_up", "follow_up")


def _accrual(scenario: Scenario) -> tuple[Hazards, float]:
    """Accrual as a rate over time, and its duration in days."""
    duration, shape = scenario.accrual.duration.value.days, scenario.accrual.shape.value
    if isinstance(shape, str):
        return Hazards((math.inf,), (1.0,)), duration
    ends = tuple(piece.until.days if piece.until is not None else math.inf for piece in shape)
    return Hazards((*ends[:-1], math.inf), tuple(piece.rate.per_day for piece in shape)), duration


def _convolved(entering: Floats, events: Floats) -> Floats:
    """Expected events by calendar day: entries on each day, times the share with an event by then."""
    size = 1 << (2 * len(entering) - 1).bit_length()
    return np.fft.irfft(np.fft.rfft(entering, size) * np.fft.rfft(events, size), size)[: len(entering)]
