"""The general engine on patients worked by hand: histories from their words, scans, looks, what is seen."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from equipoise.kernels.plain import general_draws, general_looks
from equipoise.kernels.plain.general_draws import Histories
from equipoise.kernels.plain.general_spec import (
    CurvePoint,
    EventRule,
    IllnessDeath,
    Scans,
    WeightedTest,
    build_general,
    general_fields,
    log_normal,
    piecewise,
    weibull,
)
from equipoise.kernels.plain.trial_spec import NEVER, NO_RULE, Look, Pieces, build_spec
from equipoise.seeds import Stream
from made_up_general_trials import illness_death, many_arms, palmira_like

TICKS = 1 << 21
SEED = 11


def words_of(trial_number, patient):
    """The eight words of a patient, from the named stream."""
    return [int(w) for w in Stream(SEED, "trials", trial_number).words(patient, 8)[0]]


def uniform(word):
    return ((word >> 8) + 0.5) / 2**24


@pytest.mark.parametrize("clock", [False, True], ids=["since progression", "since randomization"])
def test_illness_death_and_switching_from_the_words(clock):
    # One cell per arm: progression Weibull(1.5, 8), death before at 0.03; after at 0.1 until 5 and 0.05 from there.
    base = build_spec(40, accrual=Pieces([10.0]), event=Pieces([0.1]), looks=[Look(earliest=30.0)])
    after = piecewise((0.1, 0.05), (5.0,))
    course = IllnessDeath([weibull(1.5, 8.0)] * 2, [piecewise((0.03,))] * 2, [after] * 2, clock, (0.5, 0.0), (0.4, 1.0))
    patients = general_draws.draw_histories(build_general(base, course=course), SEED, 3, 1)
    switched = 0
    for i in range(40):
        w = words_of(3, i)
        progression = 8.0 * (-math.log(uniform(w[1]))) ** (1 / 1.5)
        death = -math.log(uniform(w[4])) / 0.03
        arm = patients.arm[0, i]
        if progression < death:
            exponential = -math.log(uniform(w[5]))
            if arm == 0 and (w[6] >> 8) < 2**23:
                exponential, switched = exponential / 0.4, switched + 1
                assert patients.switched[0, i]
            if clock:
                exponential += 0.1 * progression if progression < 5.0 else 0.5 + 0.05 * (progression - 5.0)
            after = exponential / 0.1 if exponential < 0.5 else 5.0 + (exponential - 0.5) / 0.05
            death = after if clock else progression + after
            assert patients.progression[0, i] == pytest.approx(progression * TICKS, abs=1.001)
        else:
            assert patients.progression[0, i] == NEVER
        expected = death * TICKS if death * TICKS < NEVER else NEVER
        # The clock of randomization goes on from a whole tick, at twice the hazard of the last piece.
        assert patients.death[0, i] == pytest.approx(expected, abs=4.0)
        assert patients.seen[0, i] == min(patients.progression[0, i], patients.death[0, i])
    assert switched == patients.switched.sum() > 5


def test_log_normal_and_cured_from_the_words():
    base = build_spec(30, accrual=Pieces([10.0]), event=Pieces([0.1]), looks=[Look(earliest=30.0)])
    laws = [log_normal(6.0, 0.8, 0.25), piecewise((0.2, 0.1), (2.0,), 0.4)]
    patients = general_draws.draw_histories(build_general(base, laws=laws), SEED, 0, 1)
    for i in range(30):
        u = uniform(words_of(0, i)[1])
        if patients.arm[0, i] == 0:
            inside = (u - 0.25) / 0.75
            time = 6.0 * math.exp(-0.8 * NormalDist().inv_cdf(inside)) if inside > 0 else math.inf
        else:
            inside = (u - 0.4) / 0.6
            hazard = -math.log(inside) if inside > 0 else math.inf
            time = hazard / 0.2 if hazard < 0.4 else 2.0 + (hazard - 0.4) / 0.1
        assert patients.progression[0, i] == pytest.approx(min(time * TICKS, NEVER), abs=1.001)


def spec_with_scans(censor_at_scan=True, **changes):
    # Scans at 2, 4, 6 and then 9, 12, ... months.
    base = palmira_like(5, prevalence=(1.0,), event=Pieces([0.1]), dropout=None, **changes)
    one = [piecewise((0.1,))] * 2
    return build_general(
        base, course=IllnessDeath(None, one, one), scans=Scans((2.0, 3.0), (6.0,), censor_at_scan)
    ).spec


def test_a_schedule_of_scans():
    scans = spec_with_scans(looks=[Look(events=2)]).scan_ticks / TICKS
    assert scans[:6].tolist() == [2.0, 4.0, 6.0, 9.0, 12.0, 15.0]
    assert scans[-1] == 126.0
    times = np.array([1, 2 * TICKS, 2 * TICKS + 1, 7 * TICKS, 127 * TICKS, NEVER])
    spec = spec_with_scans(looks=[Look(events=2)])
    assert general_draws.next_scan(spec, times).tolist() == [2 * TICKS, 2 * TICKS, 4 * TICKS, 9 * TICKS, NEVER, NEVER]
    assert general_draws.last_scan(spec, times[:4]).tolist() == [0, 2 * TICKS, 2 * TICKS, 6 * TICKS]


def hand_made():
    """Five patients, months: what happened to each, and when endpoint 0 is seen.

    0 progresses at 3, is scanned at 4, dies at 10         seen at 4
    1 progresses at 3, dies at 3.5, before the next scan   seen at 3.5, by death
    2 neither                                              never
    3 is lost at 7, would have progressed at 8             never seen: lost before
    4 progresses at 1, lost at 1.5, before the scan at 2   never seen: lost before
    """

    def months(*values):
        return np.array([[NEVER if v is None else int(v * TICKS) for v in values]])

    return Histories(
        entry=months(0, 1, 2, 3, 4),
        stratum=np.zeros((1, 5), dtype=np.int64),
        arm=np.array([[0, 1, 0, 1, 0]]),
        dropout=months(None, None, None, 7, 1.5),
        progression=months(3, 3, None, 8, 1),
        death=months(10, 3.5, None, 20, 5),
        seen=months(4, 3.5, None, 9, 2),
        switched=np.zeros((1, 5), dtype=bool),
    )


def test_what_is_seen_at_a_cut():
    spec = spec_with_scans(looks=[Look(events=2)])
    cut = 10 * TICKS
    seen = general_looks.observe(spec, hand_made(), 0, cut, 0)
    # Follow-up 10, 9, 8, 7, 6. Censored at the last scan: patient 2 at 6 (of 8), 3 at 6 (lost at 7), 4 at 0 (1.5).
    assert (seen.time / TICKS).tolist() == [4.0, 3.5, 6.0, 6.0, 0.0]
    assert seen.event.tolist() == [True, True, False, False, False]
    late = general_looks.observe(spec_with_scans(False, looks=[Look(events=2)]), hand_made(), 0, cut, 0)
    assert (late.time / TICKS).tolist() == [4.0, 3.5, 8.0, 7.0, 1.5]
    death = general_looks.observe(spec, hand_made(), 0, cut, 1)
    # Patient 0 dies on the day of the cut; deaths are known to the day, whatever the scans.
    assert (death.time / TICKS).tolist() == [10.0, 3.5, 8.0, 7.0, 1.5]
    assert death.event.tolist() == [True, True, False, False, False]
    early = general_looks.observe(spec, hand_made(), 0, 2 * TICKS, 0)
    assert len(early.time) == 2  # the third enters at the cut, and is not in


def test_looks_by_events_of_arms_and_endpoints():
    # Seen events in calendar time: patient 0 (control) at 4, patient 1 (experimental) at 4.5. Deaths: 10 and 4.5.
    patients = hand_made()

    def time_of(rules, **look):
        base = palmira_like(5, prevalence=(1.0,), event=Pieces([0.1]), dropout=None, looks=[Look(**look)])
        one = [piecewise((0.1,))] * 2
        trial = build_general(base, course=IllnessDeath(None, one, one), rules=[rules])
        return float(general_looks.look_times(trial.spec, patients)[0, 0]) / TICKS

    assert time_of([], events=2) == 4.5
    assert time_of([EventRule(1, (1,))]) == 4.5
    assert time_of([EventRule(1, (0,))]) == 4.0
    assert time_of([EventRule(2, (), 1)]) == 10.0
    assert time_of([EventRule(1, (0,), 1)], follow_up=1.0) == 10.0  # the last of both
    assert time_of([EventRule(1, (0,), 1)], follow_up=1.0, first=True) == 5.0  # one month after the last entry, at 4
    assert time_of([EventRule(3)], latest=30.0) == 30.0  # a third event never comes
    assert time_of([EventRule(3)]) == (NEVER - 1) / TICKS
    assert time_of([EventRule(3)], earliest=7.0, first=True) == 7.0
    assert NO_RULE > NEVER


def test_whole_days():
    # With a day of 4 ticks: entry downward, the rest upward to multiples of 4.
    trial = build_general(palmira_like(50), day=4 / TICKS)
    days, ticks = (general_draws.draw_histories(t, SEED, 0, 1) for t in (trial, build_general(palmira_like(50))))
    assert (days.entry == ticks.entry // 4 * 4).all()
    for name in ("progression", "dropout"):
        a, b = getattr(days, name), getattr(ticks, name)
        assert (a[b < NEVER] == (b[b < NEVER] + 3) // 4 * 4).all()
        assert (a[b == NEVER] == NEVER).all()


def test_rows_of_four_arms():
    trial = build_general(many_arms(), tests=[WeightedTest(0)], landmarks=[CurvePoint(6.0)])
    names = [(f.statistic, f.arm) for f in general_fields(trial.spec)][10:]
    assert names[:6] == [("z", 2), ("variance", 2), ("log_hr", 2), ("log_hr_se", 2), ("median", 2), ("events", 2)]
    assert names[12:15] == [("weighted_z", 1), ("weighted_z", 2), ("weighted_z", 3)]
    assert names[15:17] == [("survival", 0), ("survival_se", 0)]


def test_scans_change_what_is_seen_and_nothing_else():
    with_scans, without = (general_draws.draw_histories(illness_death(scans=s), SEED, 0, 2) for s in (True, False))
    for name in ("entry", "arm", "dropout", "progression", "death", "switched"):
        assert (getattr(with_scans, name) == getattr(without, name)).all()
    assert (with_scans.seen >= without.seen).all()
    assert (with_scans.seen > without.seen).any()
    assert (with_scans.seen <= with_scans.death).all()
