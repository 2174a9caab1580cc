"""Kaplan-Meier worked by hand: six subjects, a tie, censoring at an event time."""

from math import exp, log, sqrt

import numpy as np
import pytest

from equipoise.analysis import kaplan_meier, reverse_kaplan_meier

# Subject times; + is censored: 1  2  2  2+  3+  4
TIME = [1, 2, 2, 2, 3, 4]
EVENT = [1, 1, 1, 0, 0, 1]
Z = 1.959963984540054


def curve(**options):
    return kaplan_meier(TIME, EVENT, **options).curves[0]


def test_counts_at_each_distinct_time():
    c = curve()
    assert c.time.tolist() == [1, 2, 3, 4]
    assert c.n_risk.tolist() == [6, 5, 2, 1]
    assert c.n_event.tolist() == [1, 2, 0, 1]
    assert c.n_censor.tolist() == [0, 1, 1, 0]
    assert (c.total, c.total_event, c.total_censor) == (6, 4, 2)


def test_survival_is_the_product_of_shares_surviving():
    # 5/6; 5/6 x 3/5 = 1/2; no event at 3; 1/2 x 0/1 = 0
    assert curve().survival == pytest.approx([5 / 6, 1 / 2, 1 / 2, 0], abs=1e-15)


def test_greenwood():
    # Var(log S): 1/(6x5) = 1/30 after 1; + 2/(5x3) = 1/30 + 4/30 = 1/6 after 2
    se = curve().std_error
    assert se[0] == pytest.approx(5 / 6 * sqrt(1 / 30), abs=1e-15)
    assert se[1] == pytest.approx(1 / 2 * sqrt(1 / 6), abs=1e-15)
    assert se[2] == se[1]
    assert np.isnan(se[3])


@pytest.mark.parametrize(
    ("conf_type", "low", "high"),
    [
        ("plain", max(0, 0.5 - Z * 0.5 * sqrt(1 / 6)), min(1, 0.5 + Z * 0.5 * sqrt(1 / 6))),
        ("log", exp(log(0.5) - Z * sqrt(1 / 6)), min(1, exp(log(0.5) + Z * sqrt(1 / 6)))),
        # log(-log S) has standard error sqrt(Var log S) / -log S
        ("log-log", 0.5 ** exp(Z * sqrt(1 / 6) / log(2)), 0.5 ** exp(-Z * sqrt(1 / 6) / log(2))),
        # logit S = 0 has standard error sqrt(Var log S) / (1 - S)
        ("logit", 1 / (1 + exp(2 * Z * sqrt(1 / 6))), 1 / (1 + exp(-2 * Z * sqrt(1 / 6)))),
    ],
)
def test_limits_at_one_half(conf_type, low, high):
    c = curve(conf_type=conf_type)
    assert c.conf_low[1] == pytest.approx(low, abs=1e-14)
    assert c.conf_high[1] == pytest.approx(high, abs=1e-14)


def test_arcsine_limits_at_one_half():
    # arcsin sqrt(1/2) = pi/4, standard error 1/2 sqrt(S/(1-S)) sqrt(Var log S) = 1/2 sqrt(1/6)
    c = curve(conf_type="arcsine")
    half = Z * 0.5 * sqrt(1 / 6)
    assert c.conf_low[1] == pytest.approx(np.sin(np.pi / 4 - half) ** 2, abs=1e-14)
    assert c.conf_high[1] == pytest.approx(np.sin(np.pi / 4 + half) ** 2, abs=1e-14)


def test_limits_are_undefined_at_zero():
    c = curve()
    assert np.isnan(c.conf_low[3])
    assert np.isnan(c.conf_high[3])


def test_median_of_a_curve_flat_at_one_half_until_a_later_event_is_the_midpoint():
    # S = 1/2 from 2 until the event at 4, by both conventions
    assert kaplan_meier(TIME, EVENT).median().time == 3
    assert kaplan_meier(TIME, EVENT, convention="sas").median().time == 3


def test_median_of_a_curve_flat_at_one_half_to_the_end_depends_on_the_convention():
    # Times 1 2 3+ 4+: S = 1/2 from 2 to the last observation at 4
    assert kaplan_meier([1, 2, 3, 4], [1, 1, 0, 0]).median().time == 3
    assert np.isnan(kaplan_meier([1, 2, 3, 4], [1, 1, 0, 0], convention="sas").median().time)


def test_quantile_is_the_first_time_below():
    # S falls to 5/6 = .833 at 1, to .5 at 2, to 0 at 4
    km = kaplan_meier(TIME, EVENT)
    assert [q.time for q in km.quantile([0.1, 0.3, 0.6])] == [1, 2, 4]


def test_median_limits_invert_the_band():
    # Log band: low .681, .2247, .2247; high 1, 1, 1, undefined: low edge below 1/2 at 2, high edge never
    median = kaplan_meier(TIME, EVENT).median()
    assert median.conf_low == 2
    assert np.isnan(median.conf_high)


def test_survival_after_the_last_observation():
    km = kaplan_meier([1, 2, 3], [1, 1, 0])
    (reading,) = km.at(10)
    assert np.isnan(reading.survival)
    assert "the last observation, at 3, is censored" in reading.message
    (carried,) = km.at(10, extend=True)
    assert carried.survival == pytest.approx(1 / 3)
    (ended,) = kaplan_meier(TIME, EVENT).at(10)
    assert ended.survival == 0


def test_at_risk_events_and_censorings_add_up():
    km = kaplan_meier(TIME, EVENT)
    found = [(r.n_risk, r.n_event, r.n_censor) for r in km.at_risk([0, 2, 2.5, 4, 5])]
    assert found == [(6, 0, 0), (5, 1, 0), (2, 3, 1), (1, 3, 2), (0, 4, 2)]


def test_reverse_kaplan_meier():
    # Censoring as the event, 2 and 3: at 2, 5 at risk, 1 censored: 4/5; at 3, 2 at risk, 1 censored: 4/5 x 1/2 = 2/5
    follow_up = reverse_kaplan_meier(TIME, EVENT)
    assert follow_up.curves[0].survival == pytest.approx([1, 4 / 5, 2 / 5, 2 / 5])
    assert follow_up.median().time == 3


def test_delayed_entry():
    # (0,2] event  (1,3] event  (2,4] event  (0,3] censored: at 2: 3 at risk (the third enters at 2, after the event)
    c = kaplan_meier([2, 3, 4, 3], [1, 1, 1, 0], entry=[0, 1, 2, 0]).curves[0]
    assert c.n_risk.tolist() == [3, 3, 1]
    assert c.survival == pytest.approx([2 / 3, 2 / 3 * 2 / 3, 0])


def test_weights_count_identical_rows():
    c = kaplan_meier([1, 2, 3], [1, 1, 0], weights=[2, 1, 1]).curves[0]
    # 4 at risk, 2 events: 1/2; 2 at risk, 1 event: 1/4
    assert c.survival == pytest.approx([1 / 2, 1 / 4, 1 / 4])
    assert c.n_risk.tolist() == [4, 2, 1]
