"""Events, power, sample size and expected events of fixed designs, worked by hand."""

import math

import numpy as np
import pytest

from equipoise.design import (
    Accrual,
    Dropout,
    Hazard,
    Stratum,
    allocation_tradeoff,
    detectable_hazard_ratio,
    events_required,
    expected_accrual,
    expected_events,
    fixed_design,
    power_curve,
    power_of,
    sensitivity_grid,
    time_of_events,
)
from equipoise.kernels.plain.piecewise_events import Course
from equipoise.kernels.plain.roots import root_between

# Quantiles of the standard normal from a table.
Z_975, Z_95, Z_90, Z_80 = 1.959963984540054, 1.644853626951473, 1.281551565544600, 0.841621233572914


def test_schoenfeld_events():
    # 2:1: p (1 - p) = 2/9; log(0.59) = -0.527633, squared 0.278396; (1.959964 + 0.841621)^2 = 7.848879
    assert math.log(0.59) ** 2 == pytest.approx(0.2783964, abs=1e-7)
    by_hand = (Z_975 + Z_80) ** 2 / (2.0 / 9.0 * math.log(0.59) ** 2)
    found = events_required(0.59, alpha=0.05, sides=2, power=0.8, ratio=(2, 1))
    assert found.events == pytest.approx(by_hand, rel=1e-14)
    assert (found.events_up, round(found.events, 2)) == (127, 126.87)


def test_freedman_events():
    # (1 + 2 * 0.59)^2 / (2 * 0.41^2) = 4.7524 / 0.3362 = 14.135634; times 7.848879 = 110.9488
    found = events_required(0.59, alpha=0.05, sides=2, power=0.8, ratio=2, method="freedman")
    assert found.events == pytest.approx(7.848879 * 14.135634, abs=1e-3)
    assert found.events_up == 111


def test_power_is_a_normal_tail():
    # 155 events, 2:1: sqrt(155 * 2/9) * 0.527633 = 3.096638; minus 1.959964 = 1.136674; Phi = 0.872164
    found = power_of(155, hazard_ratio=0.59, alpha=0.05, sides=2, ratio=2)
    assert found.power == pytest.approx(0.872164, abs=5e-7)


def test_freedman_detectable_hazard_ratio_solves_a_linear_equation():
    # (1 - h) / (1 + h) = (z + z) / sqrt(100) = 0.2801585 at 1:1, so h = 0.7198415 / 1.2801585
    found = detectable_hazard_ratio(100, alpha=0.05, sides=2, power=0.8, method="freedman")
    assert found.hazard_ratio == pytest.approx(0.7198415 / 1.2801585, abs=1e-7)


def test_uniform_accrual_and_exponential_events():
    # Lachin's closed form: n (1 - (exp(-l f) - exp(-l (a + f))) / (l a)) with a = 24, f = 5, l = log(2) / 3.6
    hazard = math.log(2) / 3.6
    by_hand = 198 * (1 - (math.exp(-hazard * 5) - math.exp(-hazard * 29)) / (hazard * 24))
    found = expected_events(
        29, accrual=Accrual.uniform(n=198, duration=24), control=Hazard.from_median(3.6), hazard_ratio=1.0
    )
    assert found.total == pytest.approx(by_hand, rel=1e-13)
    assert found.control == pytest.approx(by_hand / 2, rel=1e-13)


def test_before_the_end_of_accrual():
    # With a rate of 2 a month and hazard 0.1, by 10 months: 2 (10 - (1 - exp(-1)) / 0.1) = 2 (10 - 6.321206) = 7.357589
    found = expected_events(
        10, accrual=Accrual.uniform(rate=2, duration=30), control=Hazard.from_rates(0.1), hazard_ratio=1.0
    )
    assert found.n == 20.0
    assert found.total == pytest.approx(7.357589, abs=1e-6)
    assert found.total == pytest.approx(20 * math.exp(-1), rel=1e-13)


def test_dropout_shares_the_exits():
    # Hazards 0.03 and 0.01: of everyone who leaves, three in four leave by an event.
    course = Course(Hazard(0.03).arrays, Hazard(0.01).arrays)
    assert course.probability(np.array([10.0]))[0] == pytest.approx(0.75 * (1 - math.exp(-0.4)), rel=1e-15)
    assert course.limit() == pytest.approx(0.75, rel=1e-15)
    found = expected_events(
        500,
        accrual=Accrual.uniform(n=80, duration=1),
        control=Hazard(0.03),
        hazard_ratio=1,
        dropout=Dropout(0.01),
    )
    assert found.total == pytest.approx(60.0, abs=1e-6)
    assert found.losses.sum() == pytest.approx(20.0, abs=1e-6)


def test_two_pieces_of_hazard():
    # 0.2 until 5, then 0.05: F(9) = 1 - exp(-1 - 0.2)
    course = Course(Hazard.piecewise([0.2, 0.05], [5]).arrays, Hazard(0.0).arrays)
    assert course.probability(np.array([5.0, 9.0])) == pytest.approx([1 - math.exp(-1), 1 - math.exp(-1.2)], rel=1e-15)
    # int_0^9 F = 9 - (1 - exp(-1)) / 0.2 - exp(-1) (1 - exp(-0.2)) / 0.05
    by_hand = 9 - (1 - math.exp(-1)) / 0.2 - math.exp(-1) * (1 - math.exp(-0.2)) / 0.05
    # one patient a month arriving for 9 months, seen at the end
    found = course.over_arrivals(np.array([9.0]), np.array([0.0, 9.0]))
    assert found.integral()[0, 0] == pytest.approx(by_hand, rel=1e-14)


def test_variance_of_events_of_planned_arrivals():
    # F (1 - F) = exp(-l s) - exp(-2 l s); ages from 5 to 29 at 198 / 24 a month
    hazard, rate = math.log(2) / 3.6, 198 / 24
    single = (math.exp(-5 * hazard) - math.exp(-29 * hazard)) / hazard
    double = (math.exp(-10 * hazard) - math.exp(-58 * hazard)) / (2 * hazard)
    found = expected_events(
        29, accrual=Accrual.uniform(n=198, duration=24), control=Hazard.from_median(3.6), hazard_ratio=1.0
    )
    assert found.variance.sum() == pytest.approx(rate * (single - double), rel=1e-12)
    assert found.standard_deviation == pytest.approx(math.sqrt(rate * (single - double)), rel=1e-12)
    # the standard error of the date is that over the pace: rate (F(29) - F(5)) events a month
    pace = rate * (math.exp(-5 * hazard) - math.exp(-29 * hazard))
    assert found.std_error == pytest.approx(found.standard_deviation / pace, rel=1e-12)


def test_strata_add_up():
    # Everyone enters at once (nearly): shares 0.3 and 0.7, hazards 0.1 and 0.2, 10 months
    strata = {"a": Stratum(0.3, Hazard(0.1)), "b": Stratum(0.7, Hazard(0.2))}
    found = expected_events(10, accrual=Accrual.uniform(n=100, duration=1e-9), strata=strata, hazard_ratio=1.0)
    assert found.by_stratum("a") == pytest.approx(30 * (1 - math.exp(-1)), rel=1e-8)
    assert found.by_stratum("b") == pytest.approx(70 * (1 - math.exp(-2)), rel=1e-8)
    assert found.total == pytest.approx(found.by_stratum("a") + found.by_stratum("b"), rel=1e-14)


def test_time_of_events_inverts_a_logarithm():
    # All enter at time 0: D = 100 (1 - exp(-0.05 t)) = 50 at t = log(2) / 0.05
    found = time_of_events(50, accrual=Accrual.uniform(n=100, duration=1e-9), control=Hazard(0.05), hazard_ratio=1.0)
    assert found.time[0] == pytest.approx(math.log(2) / 0.05, abs=1e-8)


def test_expected_accrual():
    # 2 a month for 18 months, then 6.6: 36 at 18, 36 + 6.6 * 6 = 75.6 at 24
    accrual = Accrual.piecewise([2, 6.6], [18], duration=42.5)
    found = expected_accrual([18, 24, 100], accrual=accrual, ratio=2, strata={"a": 0.25, "b": 0.75})
    assert found.total == pytest.approx([36, 75.6, 36 + 6.6 * 24.5])
    assert found.enrolled[0, 1, 1] == pytest.approx(75.6 * 2 / 3 * 0.25)
    assert accrual.time_of(75.6) == pytest.approx(24.0)


def test_ramp():
    # A line from 0 to 10 over 6 months brings 30 by then, and 10 a month after; 12 steps meet the line at their ends.
    accrual = Accrual.ramp(ramp=6, rate=10, duration=20)
    assert accrual.enrolled([3.0, 6.0, 20.0]) == pytest.approx([7.5, 30.0, 170.0])


def test_n_and_follow_up_of_schoenfeld():
    # Everyone enters at once: each arm's events are n/2 (1 - exp(-hazard t))
    at_once = Accrual.uniform(duration=1e-9)
    design = fixed_design(
        hazard_ratio=0.5, control=Hazard(0.1), accrual=at_once, follow_up=10, power=0.9, alpha=0.025, sides=1
    )
    events = 4 * (Z_975 + Z_90) ** 2 / math.log(2) ** 2
    share = 1 - (math.exp(-1) + math.exp(-0.5)) / 2
    assert design.events == pytest.approx(events, rel=1e-12)
    assert design.n == pytest.approx(events / share, rel=1e-8)


def test_rubinstein():
    # D = n/2 (1 - exp(-1)) and n/2 (1 - exp(-0.5)): n = 2 (z + z)^2 (1/0.632121 + 1/0.393469) / log(2)^2
    design = fixed_design(
        hazard_ratio=0.5, control=Hazard(0.1), accrual=Accrual.uniform(duration=1e-9), follow_up=10, power=0.9,
        alpha=0.025, sides=1, method="rubinstein",
    )  # fmt: skip
    by_hand = 2 * (Z_975 + Z_90) ** 2 * (1 / 0.6321205588 + 1 / 0.3934693403) / math.log(2) ** 2
    assert design.n == pytest.approx(by_hand, rel=1e-8)


def test_lachin_foulkes_as_printed():
    # Hazards 0.3 and 0.2, 3 years of accrual and 2 of follow-up, one-sided 0.05, power 0.9. Probabilities of an event
    # 1 - (exp(-2 l) - exp(-5 l)) / (3 l) at 0.3, at the mean 0.25 and at 0.2; phi = l^2 / probability.
    chance = {x: 1 - (math.exp(-2 * x) - math.exp(-5 * x)) / (3 * x) for x in (0.3, 0.25, 0.2)}
    assert [round(p, 6) for p in chance.values()] == [0.638132, 0.573299, 0.495932]
    phi = {x: x * x / p for x, p in chance.items()}
    root = Z_95 * math.sqrt(4 * phi[0.25]) + Z_90 * math.sqrt(2 * (phi[0.3] + phi[0.2]))
    by_hand = (root / 0.1) ** 2
    design = fixed_design(
        hazard_ratio=0.2 / 0.3, control=Hazard(0.3), accrual=Accrual.uniform(duration=3), follow_up=2, power=0.9,
        alpha=0.05, sides=1, method="lachin-foulkes", time_unit="years",
    )  # fmt: skip
    assert design.n == pytest.approx(by_hand, rel=1e-12)
    assert round(design.n, 2) == 376.18


def test_lachin_foulkes_on_the_log_scale():
    # Same trial: the variances of the log hazard ratio are 2 (1/p_c + 1/p_e) / n, and 4 / p at the mean under the null.
    chance = {x: 1 - (math.exp(-2 * x) - math.exp(-5 * x)) / (3 * x) for x in (0.3, 0.25, 0.2)}
    root = Z_95 * math.sqrt(4 / chance[0.25]) + Z_90 * math.sqrt(2 / chance[0.3] + 2 / chance[0.2])
    design = fixed_design(
        hazard_ratio=0.2 / 0.3, control=Hazard(0.3), accrual=Accrual.uniform(duration=3), follow_up=2, power=0.9,
        alpha=0.05, sides=1, method="lachin-foulkes-log", time_unit="years",
    )  # fmt: skip
    assert design.n == pytest.approx((root / math.log(1.5)) ** 2, rel=1e-12)


def test_whole_numbers():
    # Exact: 126.87 events. Whole: 127, and n rounded to nearest, up, or up to a multiple of three.
    shared = {
        "hazard_ratio": 0.59, "control": Hazard.from_median(3.6), "dropout": Dropout(0.01), "ratio": 2,
        "alpha": 0.05, "sides": 2, "power": 0.8, "accrual": Accrual.uniform(duration=24), "follow_up": 5,
    }  # fmt: skip
    exact = fixed_design(**shared)
    assert round(exact.n, 2) == 158.49
    found = {rule: fixed_design(**shared, integer=True, n_rule=rule) for rule in ("nearest", "up", "ratio")}
    assert {rule: design.n for rule, design in found.items()} == {"nearest": 158.0, "up": 159.0, "ratio": 159.0}
    for design in found.values():
        assert design.events == 127.0
        assert design.expected().total == pytest.approx(127.0, abs=1e-9)
        assert design.power == pytest.approx(power_of(127, hazard_ratio=0.59, alpha=0.05, sides=2, ratio=2).power)


def test_allocation_tradeoff():
    # Events grow with (1 + r)^2 / (4 r): 1, 9/8, 4/3
    found = allocation_tradeoff(
        (1, 2, 3), hazard_ratio=0.59, control=Hazard.from_median(3.6), accrual=Accrual.uniform(duration=24),
        follow_up=5, power=0.8, alpha=0.05, sides=2,
    )  # fmt: skip
    events = [design.events for design in found.designs]
    assert [d / events[0] for d in events] == pytest.approx([1, 9 / 8, 4 / 3], rel=1e-12)
    assert [d.n_experimental / d.n for d in found.designs] == pytest.approx([1 / 2, 2 / 3, 3 / 4], rel=1e-12)


def test_power_curve_and_sensitivity_grid():
    shared = {"control": Hazard(0.1), "alpha": 0.05, "sides": 2}
    design = fixed_design(hazard_ratio=0.6, accrual=Accrual.uniform(n=200, duration=10), follow_up=10, **shared)
    curve = power_curve(design, [0.5, 0.6, 1.0])
    # At a hazard ratio of 1 the power is the alpha of one side.
    assert curve.power[1:] == pytest.approx([design.power, 0.025], abs=1e-12)
    grid = sensitivity_grid(design, hazard_ratios=[0.6, 0.8], accrual_factors=[0.5, 1.0], dropout=[None])
    points = {(p.hazard_ratio, p.accrual_factor): p for p in grid}
    same = points[0.6, 1.0]
    assert (same.events, same.power_at_time) == pytest.approx((design.events, design.power), rel=1e-12)
    assert same.time == pytest.approx(20.0, abs=1e-9)
    # At half the rate accrual lasts 20 months, and the analysis at 20 has no follow-up.
    late = expected_events(20, accrual=Accrual.uniform(n=200, duration=20), control=Hazard(0.1), hazard_ratio=0.6)
    assert points[0.6, 0.5].events == pytest.approx(late.total, rel=1e-12)


def test_root_of_a_cubic():
    assert root_between(lambda x: x**3 - 2.0, 0.0, 2.0) == pytest.approx(2.0 ** (1 / 3), rel=4e-16)
