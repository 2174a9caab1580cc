"""What the general trial engine simulates beyond a `TrialSpec`: its input as arrays, and the rows of its output.

A `GeneralSpec` holds a `TrialSpec` (`base`), whose fields keep their meaning, and what the lanes engine does not have:
any number of strata and arms, other laws of event times, progression and death by an illness-death model, treatment
switching, assessment schedules, whole-day times, allocation by any method with tables, looks by the events of some arms
or of either endpoint, weighted tests, survival at landmarks, restricted means.

Endpoint 0 is the event (of an illness-death model: progression or death, whichever is first); endpoint 1, where there
is one, is death. Arm 0 is the control of every comparison.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise.errors import ArgumentError
from equipoise.kernels.plain.allocation import ChainTables, MinimizationTables
from equipoise.kernels.plain.trial_spec import FIELDS, HORIZON, TrialSpec

# The transitions of an illness-death model; an event alone has the first only.
PROGRESSION, DEATH_BEFORE, DEATH_AFTER = range(3)
# Laws of the time of a transition. BASE: the pieces of `base`, in the 32-bit arithmetic of `trial_draws`.
BASE, PIECEWISE, WEIBULL, LOG_NORMAL = range(4)
# Weights of a log-rank test.
LOGRANK, FLEMING_HARRINGTON, MODEST_TIME, MODEST_SURVIVAL = range(4)
# Rules of looks name arms by the bits of a whole number.
MOST_ARMS = 60
# A probability against the top 24 bits of a word.
DRAW_BITS = 24

Whole = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Law(NamedTuple):
    """The law of a transition's time in one cell, in units; make it by `piecewise`, `weibull` or `log_normal`.

    The share `cured` never makes the transition, the others follow the law.
    """

    kind: int
    first: float = math.nan
    second: float = math.nan
    cured: float = 0.0
    rates: tuple[float, ...] = (0.0,)
    breaks: tuple[float, ...] = ()


def piecewise(rates: Sequence[float], breaks: Sequence[float] = (), cured: float = 0.0) -> Law:
    """Piecewise-constant hazards `rates` (K) per unit, changing at `breaks` (K - 1)."""
    return Law(PIECEWISE, cured=cured, rates=tuple(rates), breaks=tuple(breaks))


def weibull(shape: float, scale: float, cured: float = 0.0) -> Law:
    """Survival exp(-(t / scale)^shape)."""
    return Law(WEIBULL, shape, scale, cured)


def log_normal(median: float, sigma: float, cured: float = 0.0) -> Law:
    """Times whose logarithm is normal with mean log(median) and standard deviation sigma."""
    return Law(LOG_NORMAL, median, sigma, cured)


class IllnessDeath(NamedTuple):
    """Progression, death before it, and death after it; the laws one per cell = stratum * arms + arm.

    `progression` None: the event of the base. `after` must be piecewise; its clock starts at progression, or, with
    `since_randomization`, at randomization. After progression a patient of arm a switches treatment with probability
    `switch_probability[a]`, and the hazard after is then multiplied by `switch_factor[a]`.
    """

    progression: Sequence[Law] | None
    before: Sequence[Law]
    after: Sequence[Law]
    since_randomization: bool = False
    switch_probability: Sequence[float] = ()
    switch_factor: Sequence[float] = ()


class Scans(NamedTuple):
    """Scheduled assessments: every `every[k]` units up to `until[k]`, the last without end.

    An event of endpoint 0 other than death is seen at the first scan at or after it. A patient without a seen event is
    censored at the last scan before loss or the cut (`censor_at_scan`), or at that time itself.
    """

    every: Sequence[float]
    until: Sequence[float] = ()
    censor_at_scan: bool = True


class EventRule(NamedTuple):
    """A condition of a look: this many events of an endpoint, of the patients of these arms together (none: of all)."""

    events: int
    arms: Sequence[int] = ()
    endpoint: int = 0


class WeightedTest(NamedTuple):
    """A weighted log-rank test of every arm against control.

    FLEMING_HARRINGTON with rho `first` and gamma `second`; MODEST_TIME with t* `first` (units); MODEST_SURVIVAL with
    s* `first`; LOGRANK.
    """

    kind: int
    first: float = 0.0
    second: float = 0.0
    endpoint: int = 0


class CurvePoint(NamedTuple):
    """A time (units) at which the curves of an endpoint are read."""

    at: float
    endpoint: int = 0


class Field(NamedTuple):
    """One row of the output: what, of which endpoint and arm, and the number of the test, landmark or window."""

    statistic: str
    endpoint: int = 0
    arm: int = -1
    number: int = 0


class GeneralSpec(NamedTuple):
    """A trial as the general engine needs it; H transitions, S * A cells, E endpoints, L looks.

    `law_kind`, `law_first`, `law_second`, `law_cured` (H, cells): a Weibull law has shape and scale in ticks, a
    log-normal one the median in ticks and sigma. `piece_start` (ticks), `piece_reached` (cumulated hazard there) and
    `piece_rate` (per tick), all (H, cells, K); pieces that are not there start at infinity.
    `switch_limit` (A): a 24-bit draw below it switches; `switch_factor` (A). `scan_ticks`: scans in ticks after entry,
    none without a schedule. `rounding`: times are whole multiples of so many ticks (1: as drawn).
    `rules` (L, R, 3): event rules of each look as (events, arms by bit, endpoint), events 0 where there is none.
    `tests` (T, 4): (kind, first, second, endpoint), t* in ticks; `landmarks`, `windows` (M, 2): (ticks, endpoint).
    `rows` (E, 6, A): the output row of z, variance, log_hr, log_hr_se, median, events; `test_rows` (T, A), and
    `landmark_rows`, `window_rows` (M, A): the row of a value, its standard error in the next; -1 where there is none.
    """

    base: TrialSpec
    endpoints: int
    law_kind: Whole
    law_first: Floats
    law_second: Floats
    law_cured: Floats
    piece_start: Floats
    piece_reached: Floats
    piece_rate: Floats
    since_randomization: bool
    switch_limit: Whole
    switch_factor: Floats
    scan_ticks: Whole
    censor_at_scan: bool
    rounding: int
    rules: Whole
    tests: Floats
    landmarks: Whole
    windows: Whole
    rows: Whole
    test_rows: Whole
    landmark_rows: Whole
    window_rows: Whole


class GeneralTrial(NamedTuple):
    """A spec, and the tables of its allocation where that is not one of `base` (blocks, or complete)."""

    spec: GeneralSpec
    allocation: ChainTables | MinimizationTables | None = None


def build_general(
    base: TrialSpec,
    *,
    laws: Sequence[Law] | None = None,
    course: IllnessDeath | None = None,
    scans: Scans | None = None,
    day: float | None = None,
    allocation: ChainTables | MinimizationTables | None = None,
    rules: Sequence[Sequence[EventRule]] = (),
    tests: Sequence[WeightedTest] = (),
    landmarks: Sequence[CurvePoint] = (),
    windows: Sequence[CurvePoint] = (),
) -> GeneralTrial:
    """A trial for the general engine, from a `TrialSpec` and what it has beyond it; times in units.

    `laws`: the event's law by cell = stratum * arms + arm (None: the pieces of `base`), or `course`. `scans`: the
    assessment schedule. `day`: all times become whole multiples of it, events and losses upward, entries downward.
    `allocation`: tables of `randomization`, with the arms in the order of this trial. `rules`: further event rules, one
    sequence per look, beside those of `base`. `tests`, `landmarks`, `windows` (restricted means from 0): further
    statistics.
    Raises ArgumentError `argument-invalid` for what does not fit together.
    """
    _check(base, laws, course, rules, [asked.endpoint for asked in (*tests, *landmarks, *windows)])
    endpoints = 1 if course is None else 2
    transitions = [laws] if course is None else [course.progression, course.before, course.after]
    probability = () if course is None else course.switch_probability
    factor = () if course is None else course.switch_factor
    per_unit = base.ticks_per_unit
    layout = _Layout(base.arms, endpoints, tests, landmarks, windows)
    spec = GeneralSpec(
        base, endpoints, *_laws(base, transitions), course is not None and course.since_randomization,
        np.rint(np.array(probability or [0.0] * base.arms) * (1 << DRAW_BITS)).astype(np.int64),
        np.array(factor or [1.0] * base.arms), _scan_ticks(scans, per_unit),
        scans is not None and scans.censor_at_scan, 1 if day is None else _ticks(day, per_unit, "the day"),
        _rules(base, rules), _tests(tests, per_unit), _points(landmarks, per_unit), _points(windows, per_unit),
        *layout.arrays(),
    )  # fmt: skip
    return GeneralTrial(spec, allocation)


def general_fields(spec: GeneralSpec) -> tuple[Field, ...]:
    """The rows of the output in their order: those of `trial_spec.FIELDS`, then the others."""
    found = [Field(name, 0, -1) for name in FIELDS]
    found += [Field("")] * (field_count(spec) - len(FIELDS))
    for place, row in np.ndenumerate(spec.rows):
        if row >= len(FIELDS):
            found[row] = Field(_STATISTICS[place[1]], place[0], place[2])
    for k, rows in enumerate(spec.test_rows):
        for arm in range(1, spec.base.arms):
            found[rows[arm]] = Field("weighted_z", int(spec.tests[k, 3]), arm, k)
    for name, points, table in (
        ("survival", spec.landmarks, spec.landmark_rows),
        ("rmst", spec.windows, spec.window_rows),
    ):
        for k, rows in enumerate(table):
            for arm, row in enumerate(rows):
                found[row : row + 2] = [Field(f"{name}{end}", int(points[k, 1]), arm, k) for end in ("", "_se")]
    return tuple(found)


def field_count(spec: GeneralSpec) -> int:
    """How many rows the output has."""
    tables = (spec.rows, spec.test_rows, spec.landmark_rows + 1, spec.window_rows + 1)
    return max(len(FIELDS), *(int(table.max(initial=0)) + 1 for table in tables))


_STATISTICS = ("z", "variance", "log_hr", "log_hr_se", "median", "events")
# Rows of the base's fields by statistic and arm (0, 1).
_BASE_ROWS = ((-1, 0), (-1, 1), (-1, 2), (-1, 3), (4, 5), (6, 7))


class _Layout:
    """Which row holds what: the base's first, then further arms and endpoints, tests, landmarks, windows."""

    def __init__(
        self,
        arms: int,
        endpoints: int,
        tests: Sequence[WeightedTest],
        landmarks: Sequence[CurvePoint],
        windows: Sequence[CurvePoint],
    ) -> None:
        self.next = len(FIELDS)
        self.rows = np.full((endpoints, len(_STATISTICS), arms), -1, dtype=np.int64)
        self.rows[0, :, :2] = _BASE_ROWS
        for e, arm, k in np.ndindex(endpoints, arms, len(_STATISTICS)):
            if (e > 0 or arm > 1) and (arm > 0 or k > 3):
                self.rows[e, k, arm] = self._take(1)
        self.tests = self._table(len(tests), arms, 1)
        self.landmarks = self._table(len(landmarks), arms, 2)
        self.windows = self._table(len(windows), arms, 2)

    def _take(self, count: int) -> int:
        self.next += count
        return self.next - count

    def _table(self, numbers: int, arms: int, width: int) -> Whole:
        """A row for every arm; of tests (`width` 1) none for the control."""
        table = np.full((numbers, arms), -1, dtype=np.int64)
        for k, arm in np.ndindex(numbers, arms):
            if arm > 0 or width > 1:
                table[k, arm] = self._take(width)
        return table

    def arrays(self) -> tuple[Whole, Whole, Whole, Whole]:
        return self.rows, self.tests, self.landmarks, self.windows


def _laws(
    base: TrialSpec, transitions: Sequence[Sequence[Law] | None]
) -> tuple[Whole, Floats, Floats, Floats, Floats, Floats, Floats]:
    cells = base.strata * base.arms
    laws = [[Law(BASE)] * cells if given is None else list(given) for given in transitions]
    shape = (len(laws), cells)
    kind = np.array([[law.kind for law in row] for row in laws], dtype=np.int64)
    first, second, cured = (
        np.array([[getattr(law, name) for law in row] for row in laws]) for name in ("first", "second", "cured")
    )
    second = np.where(kind == WEIBULL, second * base.ticks_per_unit, second)
    first = np.where(kind == LOG_NORMAL, first * base.ticks_per_unit, first)
    width = max(len(law.rates) for row in laws for law in row)
    start, reached, rate = np.full((3, *shape, width), math.inf)
    for place in np.ndindex(shape):
        law = laws[place[0]][place[1]]
        starts = np.array([0.0, *law.breaks]) * base.ticks_per_unit
        rates = np.array(law.rates) / base.ticks_per_unit
        k = len(rates)
        start[place][:k], rate[place][:k] = starts, rates
        reached[place][:k] = np.concatenate(([0.0], np.cumsum(rates[:-1] * np.diff(starts))))
    return kind, first, second, cured, start, reached, rate


def _ticks(time: float, per_unit: float, what: str) -> int:
    if not 0.0 < time * per_unit <= HORIZON:
        message = f"{what} {time!r} is not above 0 and at most {HORIZON / per_unit:.6g}"
        raise ArgumentError("argument-invalid", message, hint="ticks of 28 bits hold no other time")
    return max(1, round(time * per_unit))


def _scan_ticks(scans: Scans | None, per_unit: float) -> Whole:
    if scans is None:
        return np.zeros(0, dtype=np.int64)
    found, now = [0], 0.0
    for every, until in zip(scans.every, (*scans.until, math.inf), strict=True):
        if not every * per_unit >= 1.0:
            raise ArgumentError("argument-invalid", f"scans come every {every!r}", hint="an interval above zero")
        steps = math.floor((min(until, HORIZON / per_unit) - now) / every + 1e-9)
        found += [round((now + every * k) * per_unit) for k in range(1, steps + 1)]
        now = until
    return np.array([t for t in found[1:] if t <= HORIZON], dtype=np.int64)


def _rules(base: TrialSpec, rules: Sequence[Sequence[EventRule]]) -> Whole:
    looks = len(base.look_events)
    further = [list(rules[look]) if rules else [] for look in range(looks)]
    for look, events in enumerate(base.look_events):
        if events > 0:
            further[look].insert(0, EventRule(int(events)))
    table = np.zeros((looks, max(1, *map(len, further)), 3), dtype=np.int64)
    for look, given in enumerate(further):
        for k, rule in enumerate(given):
            mask = sum(1 << arm for arm in (rule.arms or range(base.arms)))
            table[look, k] = rule.events, mask, rule.endpoint
    return table


def _tests(tests: Sequence[WeightedTest], per_unit: float) -> Floats:
    scale = [per_unit if test.kind == MODEST_TIME else 1.0 for test in tests]
    rows = [(t.kind, t.first * by, t.second, t.endpoint) for t, by in zip(tests, scale, strict=True)]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def _points(points: Sequence[CurvePoint], per_unit: float) -> Whole:
    rows = [(_ticks(point.at, per_unit, "the time"), point.endpoint) for point in points]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def _check(
    base: TrialSpec,
    laws: Sequence[Law] | None,
    course: IllnessDeath | None,
    rules: Sequence[Sequence[EventRule]],
    endpoints: Sequence[int],
) -> None:
    """What is asked for must fit together."""
    cells, looks, arms = base.strata * base.arms, len(base.look_events), base.arms
    every = [laws] if course is None else [course.progression, course.before, course.after]
    given = [law for row in every for law in row or ()]
    _refuse(arms > MOST_ARMS, f"the trial has {arms} arms", f"at most {MOST_ARMS}: rules of looks name them by bit")
    _refuse(laws is not None and course is not None, "laws are given beside a course", "give them to the course")
    for row in every:
        hint = f"one for each stratum and arm: {cells}, cell = stratum * {arms} + arm"
        _refuse(row is not None and len(row) != cells, f"{len(row or ())} laws are given", hint)
    for law in given:
        _check_law(law)
    if course is not None:
        odd = any(law.kind != PIECEWISE or law.cured for law in course.after)
        _refuse(odd, "death after progression has a law that is not piecewise", "piecewise(rates, breaks), none cured")
        for name, values, most in (("switch_probability", course.switch_probability, 1.0),
                                   ("switch_factor", course.switch_factor, math.inf)):  # fmt: skip
            low = name == "switch_factor"
            fine = len(values) in (0, arms) and all((x > 0.0 or not low) and 0.0 <= x <= most for x in values)
            _refuse(not fine, f"{name} is {tuple(values)}", f"{arms} values, one for each arm, from 0 to {most:g}")
    hint = f"one sequence for each look: {looks}, empty where there is none"
    _refuse(len(rules) not in (0, looks), f"event rules are given for {len(rules)} looks", hint)
    most = 0 if course is None else 1
    for endpoint in (*endpoints, *(rule.endpoint for row in rules for rule in row)):
        hint = "endpoint 0 is the event; 1, death, needs a course"
        _refuse(not 0 <= endpoint <= most, f"endpoint {endpoint} is asked for", hint)


def _check_law(law: Law) -> None:
    _refuse(not 0.0 <= law.cured < 1.0, f"a law has the cured share {law.cured!r}", "from 0 to below 1")
    if law.kind == PIECEWISE:
        rising = all(a < b for a, b in zip((0.0, *law.breaks), law.breaks, strict=False))
        fine = len(law.rates) == len(law.breaks) + 1 and rising
        _refuse(not fine, f"a law has breaks {law.breaks}", f"{len(law.rates) - 1}, rising from above zero")
        fine = all(0.0 <= rate < math.inf for rate in law.rates)
        _refuse(not fine, f"a law has hazards {law.rates}", "finite numbers of zero or more")
    elif law.kind != BASE:
        names = ("Weibull", "shape", "scale") if law.kind == WEIBULL else ("log-normal", "median", "sigma")
        fine = 0.0 < law.first < math.inf and 0.0 < law.second < math.inf
        words = f"a {names[0]} law with {names[1]} {law.first!r} and {names[2]} {law.second!r}"
        _refuse(not fine, words, "finite numbers above zero")


def _refuse(wrong: bool, message: str, hint: str) -> None:
    if wrong:
        raise ArgumentError("argument-invalid", message, hint=hint)
