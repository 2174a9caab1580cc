"""Trials for the general engine: one for each thing that it does, small enough for the plain form."""

from equipoise.kernels.plain.general_spec import (
    FLEMING_HARRINGTON,
    LOGRANK,
    MODEST_SURVIVAL,
    MODEST_TIME,
    CurvePoint,
    EventRule,
    GeneralTrial,
    IllnessDeath,
    Scans,
    WeightedTest,
    build_general,
    log_normal,
    piecewise,
    weibull,
)
from equipoise.kernels.plain.trial_spec import Look, Pieces, TrialSpec, build_spec
from equipoise.randomization import Minimization, Scheme
from equipoise.simulation.batches import batch_of

PREVALENCE = (0.4, 0.3, 0.2, 0.1)
ARRIVALS = Pieces([4.0, 9.0], [6.0])


def palmira_like(n: int = 198, **changes) -> TrialSpec:
    """Two arms 2:1 in mixed blocks, four strata with hazards of their own, dropout."""
    cells = [[0.10, 0.16], [0.08, 0.11], [0.15, 0.15], [0.12, 0.09], [0.2, 0.2], [0.1, 0.1], [0.2, 0.3], [0.3, 0.1]]
    settings = {
        "accrual": ARRIVALS,
        "event": Pieces(cells, [3.0]),
        "dropout": Pieces([[0.01], [0.02]] * 4),
        "looks": [Look(events=round(0.75 * n))],
        "prevalence": PREVALENCE,
        "blocks": [[1, 2], [2, 4]],
    }
    return build_spec(n, **(settings | changes))


def many_arms(n: int = 150, **changes) -> TrialSpec:
    """Four arms 2:1:1:2, six strata."""
    settings = {
        "accrual": Pieces([12.0]),
        "event": Pieces([[0.12], [0.09], [0.10], [0.07]] * 6),
        "dropout": Pieces([0.01]),
        "looks": [Look(events=n // 2), Look(earliest=20.0)],
        "prevalence": (0.3, 0.25, 0.2, 0.1, 0.1, 0.05),
        "blocks": [[2, 1, 1, 2]],
    }
    return build_spec(n, **(settings | changes))


def illness_death(n: int = 198, *, scans: bool = True, day: bool = False, clock: bool = False) -> GeneralTrial:
    """Progression, death before and after it; control patients switch; scans every 8 weeks, from week 48 every 12."""
    base = palmira_like(n, looks=[Look(events=n // 2), Look(earliest=40.0)])
    course = IllnessDeath(
        None,
        [piecewise((0.02, 0.03), (6.0,))] * 8,
        [piecewise((0.06, 0.09, 0.04), (2.0, 10.0))] * 8,
        clock,
        (0.4, 0.0),
        (0.6, 1.0),
    )
    week = 7.0 / 30.4375
    return build_general(
        base, course=course, scans=Scans((8 * week, 12 * week), (48 * week,)) if scans else None,
        day=1 / 30.4375 if day else None, rules=[[], [EventRule(n // 4, (0,), 1)]],
        landmarks=[CurvePoint(12.0, 1)],
    )  # fmt: skip


def minimized(n: int = 60) -> GeneralTrial:
    """Minimization at 2:1 over two factors."""
    scheme = Scheme({"control": 1, "experimental": 2}, {"sex": ("f", "m"), "region": ("a", "b")})
    method = Minimization(scheme, probability=0.8)
    base = palmira_like(n, blocks=None, shares=(1, 2))
    return build_general(base, allocation=batch_of(method, n).tables)


def statistics_of_all_kinds(n: int = 120) -> GeneralTrial:
    """Weighted tests, landmarks and restricted means, on whole days."""
    base = palmira_like(n, looks=[Look(events=n // 3), Look(events=n * 3 // 4)])
    tests = [
        WeightedTest(LOGRANK),
        WeightedTest(FLEMING_HARRINGTON, 0.0, 1.0),
        WeightedTest(FLEMING_HARRINGTON, 0.5, 2.0),
        WeightedTest(MODEST_TIME, 4.0),
        WeightedTest(MODEST_SURVIVAL, 0.5),
    ]
    points = [CurvePoint(3.0), CurvePoint(9.0), CurvePoint(40.0)]
    return build_general(base, tests=tests, landmarks=points, windows=points, day=1 / 30.4375)


def scenarios() -> dict[str, GeneralTrial]:
    """Every trial by its name."""
    cured = [piecewise((0.2, 0.1), (3.0,), 0.2), piecewise((0.15,), (), 0.3)] * 4
    laws = [weibull(1.4, 9.0), weibull(0.7, 12.0, 0.1), log_normal(6.0, 0.9), log_normal(9.0, 1.2, 0.25)] * 2
    follow_up = [
        Look(follow_up=3.0),
        Look(events=90, earliest=18.0, latest=60.0),
        Look(events=20, earliest=9.0, first=True),
    ]
    pairs = [[EventRule(20, (0, 1)), EventRule(20, (0, 2)), EventRule(20, (0, 3))], []]
    return {
        "as the lanes": build_general(palmira_like(looks=[Look(events=80), Look(events=155)])),
        "looks by all rules": build_general(palmira_like(looks=follow_up)),
        "many arms and strata": build_general(many_arms(), rules=pairs, tests=[WeightedTest(FLEMING_HARRINGTON, 0, 1)]),
        "complete, planned": build_general(palmira_like(60, accrual=[0.1 * i for i in range(60)], blocks=None)),
        "uniform arrivals": build_general(palmira_like(90, accrual=Pieces([1.0]), uniform_over=12.0)),
        "laws": build_general(palmira_like(120), laws=laws),
        "cured": build_general(palmira_like(120, looks=[Look(earliest=30.0)]), laws=cured),
        "whole days": build_general(palmira_like(), day=1 / 30.4375),
        "illness-death": illness_death(scans=False),
        "illness-death, scans": illness_death(),
        "illness-death, days, clock of randomization": illness_death(day=True, clock=True),
        "minimization": minimized(),
        "statistics": statistics_of_all_kinds(),
    }
