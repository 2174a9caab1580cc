"""Restricted means, milestones, medians, cumulative hazards and bands worked by hand on a few subjects."""

from math import asin, exp, hypot, log, sqrt

import numpy as np
import pytest

from equipoise.analysis import kaplan_meier, median_difference, milestone, nelson_aalen, rmst

# 1  2  2  2+  3+  4 (+ is censored): S = 5/6 from 1, 1/2 from 2, 0 from 4
TIME = [1, 2, 2, 2, 3, 4]
EVENT = [1, 1, 1, 0, 0, 1]
# Two arms: "c" 1 2 3 4 (all events), "e" 2 4 6 8+
ARMS = {"time": [1, 2, 3, 4, 2, 4, 6, 8], "event": [1, 1, 1, 1, 1, 1, 1, 0], "group": list("cccceeee")}
Z = 1.959963984540054


def test_restricted_mean_is_the_area():
    # 1 x 1 + 5/6 x 1 + 1/2 x 1 = 7/3 up to 3; A_1 = 5/6 + 1/2 = 4/3, A_2 = 1/2
    # Var = (4/3)^2 / (6 x 5) + (1/2)^2 x 2 / (5 x 3) = 16/270 + 1/30 = 25/270
    reading = kaplan_meier(TIME, EVENT).rmst(3)
    assert reading.rmst == pytest.approx(7 / 3, abs=1e-14)
    assert reading.std_error == pytest.approx(sqrt(25 / 270), abs=1e-14)
    assert reading.conf_low == pytest.approx(7 / 3 - Z * sqrt(25 / 270), abs=1e-12)


def test_restricted_mean_to_the_end_and_of_a_window():
    # Up to 4: 7/3 + 1/2; beyond, S = 0 adds nothing. From 2 to 4: 1/2 x 2 = 1, A_1 = A_2 = 1: 1/30 + 2/15 = 1/6
    km = kaplan_meier(TIME, EVENT)
    assert km.rmst().rmst == pytest.approx(17 / 6)
    assert km.rmst(100).rmst == pytest.approx(17 / 6)
    window = km.rmst(4, start=2)
    assert window.rmst == pytest.approx(1)
    assert window.std_error == pytest.approx(sqrt(1 / 6))


def test_restricted_mean_after_a_censored_end():
    # 1 then 2+: S = 1/2 from 1 on
    km = kaplan_meier([1, 2], [1, 0])
    (reading,) = km.rmst(5)
    assert np.isnan(reading.rmst)
    assert reading.message == "the last observation, at 2, is censored: the mean to 5 is not estimable"
    assert km.rmst(5, extend=True).rmst == pytest.approx(1 + 4 / 2)


def test_difference_and_ratio_of_restricted_means():
    # Up to 4, arm c: 1 + 3/4 + 1/2 + 1/4 = 5/2; A = 3/2, 3/4, 1/4: 9/4/12 + 9/16/6 + 1/16/2 = 3/16 + 3/32 + 1/32
    # arm e: 2 + 3/4 x 2 = 7/2; A = 3/2, 0: 9/4/12 = 3/16
    found = rmst(**ARMS, reference="c", tau=4)
    variance = 5 / 16 + 3 / 16
    assert found.difference.estimate == pytest.approx(1)
    assert found.difference.std_error == pytest.approx(sqrt(variance))
    assert found.difference.conf_low == pytest.approx(1 - Z * sqrt(variance))
    assert found.difference.z == pytest.approx(sqrt(2))
    assert found.difference.p_value == pytest.approx(0.15729920705)
    spread = sqrt(5 / 16 / (5 / 2) ** 2 + 3 / 16 / (7 / 2) ** 2)
    assert found.ratio.estimate == pytest.approx(7 / 5)
    assert found.ratio.conf_high == pytest.approx(7 / 5 * exp(Z * spread))
    # Lost: 4 - 7/2 = 1/2 against 4 - 5/2 = 3/2
    assert found.lost_ratio.estimate == pytest.approx(1 / 3)
    assert found.lost_ratio.z == pytest.approx(log(3) / sqrt(5 / 16 / (3 / 2) ** 2 + 3 / 16 / (1 / 2) ** 2))


def test_default_tau_is_the_smaller_last_time_and_is_reported():
    found = rmst(**ARMS, reference="c")
    assert found.tau == 4
    assert "smallest of the groups' largest" in found.to_rows()[-1].label
    assert {row.at for row in found.to_rows()} == {4.0}


def test_bias_correction_multiplies_by_m_over_m_minus_one():
    # Events up to 4: four in c, two in e
    found = rmst(**ARMS, reference="c", tau=4, bias_correction=True)
    assert found.difference.std_error == pytest.approx(sqrt(5 / 16 * 4 / 3 + 3 / 16 * 2))


def test_restricted_means_standardized_over_strata():
    # Stratum 1: the arms above (n 8, difference 1, variance 1/2); stratum 2 (n 2): c 1, e 4, both events, so that up to
    # 4 the means are 1 and 4 without variance. By size: 0.8 x 1 + 0.2 x 3 = 1.4, variance 0.64 / 2
    time, event = [*ARMS["time"], 1, 4], [*ARMS["event"], 1, 1]
    group, stratum = [*ARMS["group"], "c", "e"], [1] * 8 + [2, 2]
    found = rmst(time, event, group, reference="c", tau=4, strata=stratum)
    assert found.difference.estimate == pytest.approx(1.4)
    assert found.difference.std_error == pytest.approx(sqrt(0.32))
    assert found.ratio.estimate == pytest.approx((0.8 * 3.5 + 0.2 * 4) / (0.8 * 2.5 + 0.2 * 1))


def test_a_stratum_with_one_group_is_left_out_and_named():
    time, event = [*ARMS["time"], 4], [*ARMS["event"], 1]
    found = rmst(time, event, [*ARMS["group"], "e"], reference="c", tau=4, strata=["x"] * 8 + ["y"])
    assert found.difference.estimate == pytest.approx(1)
    assert found.to_rows()[-1].warning == "strata with one group only contribute nothing: y"


def test_milestone_on_each_scale():
    # At 3.5: S_c = 1/4, Var log = 1/12 + 1/6 + 1/2 = 3/4; S_e = 3/4, Var log = 1/12
    s, v = (1 / 4, 3 / 4), (3 / 4, 1 / 12)
    expected = {
        "plain": (v[0] - s[0]) / hypot(s[0] * sqrt(s[1]), v[0] * sqrt(v[1])),
        "log": log(3) / sqrt(s[1] + v[1]),
        "log-log": (log(-log(s[0])) - log(-log(v[0]))) / sqrt(s[1] / log(s[0]) ** 2 + v[1] / log(v[0]) ** 2),
        "logit": 2 * log(3) / sqrt(s[1] / (1 - s[0]) ** 2 + v[1] / (1 - v[0]) ** 2),
        "arcsine": (asin(sqrt(v[0])) - asin(sqrt(s[0])))
        / sqrt(s[0] * s[1] / (4 * (1 - s[0])) + v[0] * v[1] / (4 * (1 - v[0]))),
    }
    for scale, z in expected.items():
        found = milestone(**ARMS, at=3.5, reference="c", transform=scale)
        assert found.z == pytest.approx(z), scale
        assert found.difference.estimate == pytest.approx(1 / 2)
        assert found.difference.conf_high == pytest.approx(1 / 2 + Z * hypot(s[0] * sqrt(s[1]), v[0] * sqrt(v[1])))


def test_milestone_where_a_curve_is_at_zero():
    found = milestone(**ARMS, at=5, reference="c")
    assert found.difference.estimate == pytest.approx(1 / 2)
    assert np.isnan(found.p_value)
    assert found.contrasts[0].message.startswith("survival is 0 or 1 in c")


def test_medians_compared_by_their_limits():
    # Nine events a arm at 1..9 and 2..18: medians 5 and 10; the limits of each come from its own band
    time = [*range(1, 10), *range(2, 20, 2)]
    group = ["c"] * 9 + ["e"] * 9
    km = kaplan_meier(time, [1] * 18, group=group, conf_type="log-log")
    c, e = km["c"].median(), km["e"].median()
    assert (c.time, e.time, e.conf_low, e.conf_high) == (5, 10, 2 * c.conf_low, 2 * c.conf_high)
    (found,) = median_difference(time, [1] * 18, group, reference="c").contrasts
    assert found.difference == 5
    assert found.difference_low == pytest.approx(5 - hypot(10 - e.conf_low, c.conf_high - 5))
    assert found.difference_high == pytest.approx(5 + hypot(e.conf_high - 10, 5 - c.conf_low))
    assert found.ratio == pytest.approx(2)
    # On the log scale both arms have the same distances, so the limits of the ratio are those of c's, about 2
    down, up = log(5 / c.conf_low), log(c.conf_high / 5)
    assert found.ratio_low == pytest.approx(2 * exp(-hypot(down, up)))


def test_cumulative_hazard():
    # d/n: 1/6, 2/5, 0, 1/1; variances 1/36, 2/25, 1
    curve = nelson_aalen(TIME, EVENT).curves[0]
    assert curve.hazard == pytest.approx([1 / 6, 17 / 30, 17 / 30, 47 / 30])
    assert curve.std_error**2 == pytest.approx([1 / 36, 1 / 36 + 2 / 25, 1 / 36 + 2 / 25, 1 / 36 + 2 / 25 + 1])
    assert curve.conf_low[0] == pytest.approx(1 / 6 * exp(-Z))
    assert curve.survival[0] == pytest.approx(exp(-1 / 6))
    assert curve.at([0.5, 2, 5]).tolist() == pytest.approx([0, 17 / 30, np.nan], nan_ok=True)


def test_cumulative_hazard_with_other_tie_rules_and_variances():
    # Tied deaths one after the other at 2: 1/5 + 1/4, variance 1/25 + 1/16; binomial: 2 x 3 / 125 at 2
    one_by_one = nelson_aalen(TIME, EVENT, ties="fleming-harrington").curves[0]
    assert one_by_one.hazard[1] == pytest.approx(1 / 6 + 1 / 5 + 1 / 4)
    assert one_by_one.std_error[1] ** 2 == pytest.approx(1 / 36 + 1 / 25 + 1 / 16)
    binomial = nelson_aalen(TIME, EVENT, variance="binomial", conf_type="plain").curves[0]
    assert binomial.std_error[1] ** 2 == pytest.approx(5 / 216 + 6 / 125)
    assert binomial.conf_low[1] == pytest.approx(17 / 30 - Z * sqrt(5 / 216 + 6 / 125))
    assert binomial.conf_low[0] == 0


def test_bands_at_one_time():
    # Five deaths among ten by 5: log S(5) has variance sum 1/(n(n-1)) for n = 10..6 = 1/5 - 1/10 = 0.1, n v = 1
    km = kaplan_meier(range(1, 11), [1] * 10, conf_type="plain")
    (even,) = km.bands("equal-precision", 1, 5)
    # a = n v / (1 + n v) is the share dead: v(1) = 1/90, a = (1/9) / (10/9) = 1/10; at 5 it is 1/2
    assert (even.a_low, even.a_high) == pytest.approx((0.1, 0.5))
    assert even.conf_low[-1] == pytest.approx(0.5 - even.critical_value * 0.5 * sqrt(0.1))
    (wall,) = km.bands("hall-wellner", 1, 5)
    # k (1 + n v) / sqrt(n) S = k x 2 / sqrt(10) x 1/2
    assert wall.conf_low[-1] == pytest.approx(max(0.0, 0.5 - wall.critical_value / sqrt(10)))
    (log_log,) = km.bands("hall-wellner", 1, 5, conf_type="log-log")
    assert log_log.conf_low[-1] == pytest.approx(0.5 ** exp(wall.critical_value * 2 / sqrt(10) / log(2)))
