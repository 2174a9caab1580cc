"""Every check of the audit on numbers worked by hand, with the values on the way."""

from math import exp, log, sqrt

import pytest

from equipoise.evidence import audit_trial
from equipoise.evidence.printed import parse_printed
from equipoise.evidence.share_checks import possible_counts, possible_denominators, response_tests
from made_up_published import found, published, share

Z95 = 1.959963984540054  # two-sided 95%
Z90 = 1.6448536269514722


def test_printed_digits_bound_the_true_value():
    assert (parse_printed("0.80").low, parse_printed("0.80").high) == (0.795, 0.805)
    assert (parse_printed("0.8").low, parse_printed("0.8").high) == (0.75, 0.85)
    assert (parse_printed("<.001").low, parse_printed("<.001").high) == (0.0, 0.001)


# Check 1: one standard error


def test_ratio_interval_and_p_describe_one_standard_error():
    """b = log 0.70 = -0.35667, s = 0.15: limits exp(b -+ 1.96 s) = 0.5217, 0.9392; z = 2.3778, P = .0174."""
    finding = found(published("0.70 (95% 0.52-0.94)", test={"p": ".017"}, events=180), "one-standard-error")
    assert finding.status == "consistent"
    # From the width: (log 0.94 - log 0.52) / (2 x 1.96) = (-0.06188 + 0.65393) / 3.91993 = 0.15104.
    assert "SE = (log 0.94 - log 0.52) / (2 x 1.9600) = 0.1510" in finding.arithmetic[0]
    # The halves: (-0.35667 + 0.65393) / 1.95996 = 0.15166 and (-0.06188 + 0.35667) / 1.95996 = 0.15041.
    assert "lower half 0.1517, upper half 0.1504" in finding.arithmetic[0]
    # P = .017 two-sided: z = 2.38671, s = 0.35667 / 2.38671 = 0.14944.
    assert finding.arithmetic[1] == "P = .017, two-sided: z = 2.3867, SE = |log 0.70| / z = 0.1494"
    assert finding.values["se_low"] < 0.15 < finding.values["se_high"]
    # The skew allowed is z s / 6 = 0.29602 / 6 of each half; the ends are those of the digits and that skew.
    assert "0.70 is 0.695 to 0.705" in finding.tolerance
    assert "0.15 + 0.029 |z|" in finding.tolerance  # 0.08 x |log 0.695| = 0.02911


def test_a_wald_interval_alone_bounds_the_standard_error_by_its_digits():
    """With Wald's method said: s is between the widths (log 0.935 - log 0.525) / 3.91993 and (log 0.945 - log 0.515)
    / 3.91993, cut by the two halves: b + z s <= log 0.945, b - z s >= log 0.515 with b in log 0.695 to log 0.705."""
    finding = found(published({"value": "0.70 (95% 0.52-0.94)", "method": "wald"}), "one-standard-error")
    # Least: both halves at their narrowest. Upper: log 0.935 - b <= z s; lower: b - log 0.525 <= z s; the best b is
    # midway, (log 0.935 + log 0.525) / 2 = -0.35578, which 0.70 allows (log 0.695 = -0.36384, log 0.705 = -0.34956).
    assert finding.values["se_low"] == pytest.approx((log(0.935) - log(0.525)) / (2 * Z95), abs=1e-12)
    # Largest: midway of the outer limits, (log 0.945 + log 0.515) / 2 = -0.36008, allowed too.
    assert finding.values["se_high"] == pytest.approx((log(0.945) - log(0.515)) / (2 * Z95), abs=1e-12)


def test_a_p_value_of_another_effect_is_inconsistent():
    """The interval of s = 0.15 around 0.70 with P = .30: z = 1.0364 against 2.38; 1.34 apart, 0.7 + 0.03 allowed."""
    finding = found(published("0.70 (95% 0.52-0.94)", test={"p": ".30", "sides": 2}), "one-standard-error")
    assert finding.status == "inconsistent"
    # Ratio and interval alone: P = 2 (1 - Phi(0.35667 / s)).
    assert finding.explanation.startswith("ratio and interval agree with each other, and would give P from 0.01")


def test_test_and_ratio_of_different_models_are_a_note():
    """z = 2.38 from ratio and interval, P = .065 is z = 1.845: 0.53 apart, more than 0.15 + 0.03 and less than 0.73."""
    trial = published("0.70 (95% 0.52-0.94)", test={"p": ".065", "sides": 2})
    finding = found(trial, "one-standard-error")
    assert (finding.status, finding.explanation) == (
        "note", "consistent if test and ratio are of different models (stratified or adjusted, and not)",
    )  # fmt: skip
    same = published(
        {"value": "0.70 (95% 0.52-0.94)", "stratified": True}, test={"p": ".065", "sides": 2, "stratified": True}
    )
    assert found(same, "one-standard-error").status == "inconsistent"


def test_a_one_sided_p_is_recognized():
    """b = log 0.86 = -0.15082, s = 0.15: z = 1.0055, one-sided P = .157. As a two-sided P it is z = 1.4152: 0.41 apart
    where 0.15 + 0.08 x 0.157 x 1.415 = 0.17 and the digits are allowed."""
    ratio = {"value": "0.860 (95% 0.641-1.154)", "stratified": False}
    read_as_two = published(ratio, test={"p": ".157", "sides": 2, "stratified": False}, events=180)
    finding = found(read_as_two, "one-standard-error")
    assert (finding.status, finding.explanation) == ("inconsistent", "consistent if P is one-sided")
    assert found(published(ratio, test={"p": ".157", "sides": 1}), "one-standard-error").status == "consistent"
    open_to_both = found(published(ratio, test={"p": ".157", "stratified": False}), "one-standard-error")
    assert (open_to_both.status, open_to_both.explanation) == ("note", "consistent if P is one-sided")


# Check 2: information and events


def test_information_is_at_most_a_quarter_of_the_events():
    """0.66-1.07 at 95%: widest 0.655-1.075, s = (log 1.075 - log 0.655) / 3.91993 = 0.49544 / 3.91993 = 0.12639."""
    finding = found(published("0.84 (95% 0.66-1.07)", n=(136, 62), ratio="2:1"), "information-bound")
    assert finding.values["se_high"] == pytest.approx(0.126391, abs=1e-6)
    assert finding.values["information"] == pytest.approx(62.5988, abs=1e-3)  # 1 / 0.126391^2
    assert finding.values["bound"] == 49.5  # 198 / 4
    assert finding.values["needed"] == 251  # 4 x 62.5988 = 250.395, and no fewer
    assert finding.values["expected_low"] == pytest.approx(44.0)  # 198 x 2/3 x 1/3
    # The share weighted by the ratio: 2 x 0.84 / (2 x 0.84 + 1) = 0.62687; 198 x 0.62687 x 0.37313 = 46.313.
    assert finding.values["expected_high"] == pytest.approx(46.3131, abs=1e-3)
    assert finding.status == "inconsistent"


def test_the_bound_is_met_with_equality():
    """d = 100: s = 2 / sqrt(100) = 0.2; limits exp(-+ 0.39199) = 0.67571, 1.47993 printed at five digits."""
    exact = f"1.00000 (95% {exp(-0.2 * Z95):.5f}-{exp(0.2 * Z95):.5f})"
    assert found(published(exact, events=100), "information-bound").status == "consistent"
    assert found(published(exact, events=100), "information-bound").values["needed"] == 100
    assert found(published(exact, events=99), "information-bound").status == "inconsistent"


def test_a_level_that_nobody_states_is_tried_at_the_usual_ones():
    """exp(-+ 1.64485 x 0.2): possible from 100 events at 90%, not at 95% (s = 0.16785, 142 events)."""
    trial = published(f"1.0000 ({exp(-0.2 * Z90):.4f}-{exp(0.2 * Z90):.4f})", events=100)
    finding = found(trial, "information-bound")
    assert (finding.status, finding.explanation) == ("note", "consistent if the interval is 90%")
    assert finding.values["needed"] == 142  # 100 x (1.95996 / 1.64485)^2 = 141.985


def test_far_from_the_expected_information_is_a_note():
    """s = 0.30 from 100 events 1:1: information 11.1 where 25 x 0.65 = 16.25 is the least expected."""
    low = found(published(f"1.000 (95% {exp(-0.3 * Z95):.3f}-{exp(0.3 * Z95):.3f})", events=100), "information-bound")
    assert low.status == "note"
    # At most 1 / s^2 from the digits, 11.12 of 25: some 44 or 45 events.
    assert "there were about 4" in low.explanation
    # At 3:1, d p (1 - p) = 18.75; s = 0.21: information 22.7, within d / 4 = 25 but above 1.12 x 18.75 = 21.
    high = found(
        published(f"1.000 (95% {exp(-0.21 * Z95):.3f}-{exp(0.21 * Z95):.3f})", events=100, n=(150, 50), ratio="3:1"),
        "information-bound",
    )
    assert high.status == "note"
    assert "there were about 121 events" in high.explanation  # 22.68 / 18.75 x 100


def test_robust_intervals_have_no_bound():
    trial = published({"value": "0.84 (95% 0.66-1.07)", "method": "robust"}, n=(136, 62), ratio="2:1")
    assert found(trial, "information-bound").status == "not-checked"


# Check 3: symmetry


def test_a_wald_interval_is_centered_on_the_log_scale():
    """sqrt(0.39 x 0.95) = 0.60869; log 0.57 - log 0.39 = 0.37949, log 0.95 - log 0.57 = 0.51083."""
    finding = found(published("0.57 (95% 0.39-0.95)"), "log-symmetry")
    assert finding.status == "note"
    assert finding.values["center"] == pytest.approx(0.608687, abs=1e-6)
    assert finding.values["lower_half"] == pytest.approx(0.379490, abs=1e-6)
    assert finding.values["upper_half"] == pytest.approx(0.510826, abs=1e-6)
    said = found(published({"value": "0.57 (95% 0.39-0.95)", "method": "wald"}), "log-symmetry")
    assert said.status == "inconsistent"
    # 0.39-0.85 centers on 0.57576; within rounding of 0.57, an unverified reading used in tests only.
    assert found(published("0.57 (95% 0.39-0.85)"), "log-symmetry").status == "consistent"


# Check 8: the level


def test_a_90_percent_interval_read_as_95_is_named():
    """b = log 1.11, s = 0.2049: at 90% P = .61; read as 95%, s = 0.1719 and P = .54. From 100 events 1:1, s is 0.2."""
    trial = published("1.11 (95% 0.79-1.55)", test={"p": ".62", "sides": 2}, events=100)
    finding = found(trial, "interval-level")
    assert (finding.status, finding.explanation) == ("note", "consistent if the interval is 90%")
    assert finding.values == {"level": 0.95, "fits": 0.0}
    assert found(published("1.11 (90% 0.79-1.55)", events=100), "interval-level").status == "consistent"


def test_a_level_that_is_not_stated_is_said_to_be_so():
    finding = found(published("0.70 (0.52-0.94)", test={"p": ".017", "sides": 2}, events=180), "interval-level")
    assert finding.said == "the level is not stated; read as 95%, which fits"
    # z of P is 2.39: at 90% the width is s = 0.180 and z 1.98, 0.41 apart; at 99% s = 0.115, which needs 303 events.
    assert finding.arithmetic == ("tried at 95%, 90%, 99%, 80%; ratio, interval, P and events fit at 95%",)


# Limits


def test_limits_hold_their_estimate():
    assert found(published("0.70 (95% 0.52-0.94)"), "limits").status == "consistent"
    swapped = found(published("0.70 (95% 0.94-0.52)"), "limits")
    assert (swapped.status, swapped.explanation) == ("inconsistent", "consistent if the limits were swapped")
    outside = found(published("0.96 (95% 0.52-0.94)"), "limits")
    assert outside.said == "hazard ratio: 0.96 (0.52-0.94), the estimate lies above its interval"
    # 0.9 may be 0.945 and 0.94 too: half a unit of each last digit.
    assert found(published("0.9 (95% 0.52-0.88)"), "limits").status == "consistent"
    median = found(published(experimental={"median": "4.9 (95% 5.6-6.1)"}), "limits")
    assert median.said.startswith("median, experimental: 4.9 (5.6-6.1), the estimate lies below")


# Rates and medians


def test_rates_lie_on_a_falling_curve_with_the_median():
    rates = [{"at": 6, "experimental": "42.1"}, {"at": 12, "experimental": "12.4"}]
    arm = {"median": "4.9 (95% 3.6-6.1)"}
    assert found(published(rates=rates, experimental=arm), "landmark-rates").status == "consistent"
    rising = [{"at": 6, "experimental": "42.1"}, {"at": 12, "experimental": "52.4"}]
    assert "52.4% at 12 after 42.1% at 6" in found(published(rates=rising), "landmark-rates").said
    before = found(published(rates=[{"at": 3, "experimental": "42.1"}], experimental=arm), "landmark-rates")
    assert before.said == "experimental: 42.1% at 3, before the median of 4.9"
    after = found(published(rates=[{"at": 6, "experimental": "52.1"}], experimental=arm), "landmark-rates")
    assert after.said == "experimental: 52.1% at 6, after the median of 4.9"


def test_shares_and_times_in_another_unit_are_recognized():
    arm = {"median": "8.9 (95% 7.6-9.1)"}
    shares = found(published(rates=[{"at": 6, "experimental": "0.621"}], experimental=arm), "landmark-rates")
    assert shares.explanation == "consistent if the rates are shares, not percentages"
    weeks = found(published(rates=[{"at": 24, "experimental": "62.1"}], experimental=arm), "landmark-rates")
    assert weeks.explanation == "consistent if the times of the rates are in days"
    # 24 days and 24 weeks (5.5 months) both lie before the median; the smallest unit is named first.


# Check 5: percentages


def test_percentages_are_counts_of_a_denominator():
    """64 / 135 = 47.407%; 63 / 135 = 46.67 and 65 / 135 = 48.15 print otherwise."""
    assert list(possible_counts(parse_printed("47.4"), 135)) == [64]
    assert list(possible_counts(parse_printed("47.4"), 136)) == []  # 64 / 136 = 47.06, 65 / 136 = 47.79
    assert list(possible_counts(parse_printed("47"), 136)) == [64]  # 46.5% to 47.5% of 136: 63.24 to 64.6
    five = [parse_printed(text) for text in ("47.4", "38.5", "3.7", "3.0", "0.7")]
    assert possible_denominators(five, 100, 136) == [135]
    assert possible_denominators([parse_printed("10.0")], 51, 62) == [60]


def test_a_percentage_that_no_count_gives_is_inconsistent():
    stated = share(experimental={"percent": "47.4", "of": 136})
    finding = found(published(shares=[stated]), "percentages")
    assert (finding.status, finding.explanation) == ("inconsistent", "consistent if the denominator is 135")
    counted = share(experimental={"percent": "47.4", "count": 65, "of": 135})
    finding = found(published(shares=[counted]), "percentages")
    assert finding.said == "65 of 135 is 48.15%, not 47.4%"
    assert finding.explanation == "consistent if the count is 64"
    fraction = share(experimental={"percent": "0.474", "of": 135})
    assert found(published(shares=[fraction]), "percentages").explanation == (
        "consistent if 0.474 is a share, not a percentage"
    )


def test_percentages_of_one_population_share_a_denominator():
    """Of 20: 35% is 7, 33.3% is none. Of 18 (at least 85% of 20): 33.3% is 6, 35% none. Of 17, 19: neither both."""
    parts = [share(name, population="safety", experimental={"percent": text}) for name, text in
             (("a", "35.0"), ("b", "33.3"))]  # fmt: skip
    finding = found(published(n=(20, 20), shares=parts), "percentages")
    assert finding.said == "no denominator from 17 to 20 allows a count for each percentage"
    assert finding.status == "inconsistent"
    # Up to 100 patients 60 has both: 21 and 20.
    assert possible_denominators([parse_printed("35.0"), parse_printed("33.3")], 1, 100)[0] == 60


# Check 6: response intervals and tests


def test_the_interval_of_a_share_is_named():
    """57 of 136, Clopper-Pearson: 33.5 to 50.7 (palmira.md's own example of the method)."""
    answered = share(
        population="all randomized",
        experimental={"percent": "41.9", "interval": {"lower": "33.5", "upper": "50.7", "level": 95}},
    )
    finding = found(published(n=(136, 62), shares=[answered]), "response-interval")
    assert finding.said == "the interval is Clopper-Pearson for 57 of 136"
    # 5 of 10, Wald: 50 -+ 1.95996 x 100 x sqrt(0.25 / 10) = 19.0 to 81.0.
    half = 100 * Z95 * sqrt(0.025)
    assert round(50 - half, 1) == 19.0
    wald = share(experimental={"percent": "50", "of": 10, "interval": {"lower": "19.0", "upper": "81.0"}})
    assert found(published(shares=[wald]), "response-interval").said == "the interval is Wald for 5 of 10"
    odd = share(experimental={"percent": "50", "of": 10, "interval": {"lower": "20.0", "upper": "81.0"}})
    assert found(published(shares=[odd]), "response-interval").status == "note"


def test_tests_of_two_shares_by_hand():
    """3 of 4 against 1 of 4. Pooled 1/2: variance 1/4 x 1/2, z = 0.5 / 0.353553 = 1.41421, P = .157299. Fisher: tables
    of 4 among 8 with 0..4 in the first arm, 1, 16, 36, 16, 1 of 70: P = (16 + 1 + 16 + 1) / 70 = 34 / 70. mid-P: tied
    tables at half, (2 + 16) / 70. Likelihood ratio: 2 x 4 x (3/4 log 3/2 + 1/4 log 1/2) x 2 = 2.09300, P = .14797."""
    tests = response_tests(3, 4, 1, 4)
    assert tests["chi-square test"] == pytest.approx(0.157299207, abs=1e-9)
    assert tests["Fisher's exact test"] == pytest.approx(34 / 70, abs=1e-12)
    assert tests["mid-P exact test"] == pytest.approx(18 / 70, abs=1e-12)
    assert tests["likelihood-ratio test"] == pytest.approx(0.14797, abs=1e-5)
    # Unpooled: variance 2 x (3/4 x 1/4) / 4 = 0.09375, z = 0.5 / 0.306186 = 1.632993, P = .102470.
    assert tests["unpooled Wald test"] == pytest.approx(0.102470, abs=1e-6)
    # Continuity: difference less 1/2 (1/4 + 1/4) = 0.25, z = 0.707107, P = .479500.
    assert tests["chi-square test with continuity correction"] == pytest.approx(0.4795001, abs=1e-6)


def test_the_test_of_two_shares_is_named_or_noted():
    arms = {"experimental": {"percent": "75", "count": 3, "of": 4}, "control": {"percent": "25", "count": 1, "of": 4}}
    named = found(published(shares=[share(**arms, test={"p": ".157"})]), "response-test")
    assert named.said == "P is that of the chi-square test for 3/4 against 1/4"
    one_sided = found(published(shares=[share(**arms, test={"p": ".0786"})]), "response-test")
    assert (one_sided.status, one_sided.explanation) == ("note", "consistent if P is one-sided")
    odd = found(published(shares=[share(**arms, test={"p": ".044"})]), "response-test")
    assert (odd.status, odd.explanation) == ("note", "stratified and exact unconditional tests are not excluded")


# Check 7: allocation


def test_allocation_strays_no_further_than_open_blocks():
    """2:1, 136 + 62 = 198: 132 expected, 4 more. A block of 3 can lead by 2 x 1/3 = 2/3, of 6 by 4/3; in 4 strata
    2.67 and 5.33: impossible with blocks of 3, possible with blocks of 6."""
    assert found(published(n=(136, 62), ratio="2:1", blocks=[3], strata=4), "allocation").status == "inconsistent"
    finding = found(published(n=(136, 62), ratio="2:1", blocks=[3, 6], strata=4), "allocation")
    assert finding.status == "consistent"
    assert finding.values["excess"] == pytest.approx(4.0)
    assert finding.values["reach"] == pytest.approx(16 / 3)


def test_allocation_far_from_the_ratio_is_a_note():
    """150:50 at 1:1: 50 more than 100, spread sqrt(200 / 4) = 7.07; (50 - 0.5) / 7.07 = 7.0, P = 2.6e-12."""
    finding = found(published(n=(150, 50)), "allocation")
    assert (finding.status, finding.explanation) == ("note", "consistent if the ratio is 3:1")
    assert finding.values["p_complete"] == pytest.approx(2.56e-12, rel=0.01)


def test_an_audit_is_as_good_as_its_worst_check():
    audit = audit_trial(published("0.84 (95% 0.66-1.07)", n=(136, 62), ratio="2:1"), deep=False)
    assert audit.status == "inconsistent"
    assert [finding.check for finding in audit.flagged] == ["information-bound"]


def test_numbers_at_risk_never_rise():
    times = (0, 6, 12)
    falling = published(at_risk={"times": times, "experimental": (100, 61, 20), "control": (100, 50, 18)})
    assert found(falling, "numbers-at-risk").status == "consistent"
    rising = published(at_risk={"times": times, "experimental": (100, 61, 62)})
    assert found(rising, "numbers-at-risk").said == "experimental: 62 at 12 after 61 at 6"
    too_many = published(at_risk={"times": times, "control": (101, 61, 20)})
    assert found(too_many, "numbers-at-risk").said == "control: 101 at risk at first, 100 randomized"


def test_events_are_no_more_than_patients():
    """An interval that 250 events can give, from 200 patients; and 110 events in an arm of 100."""
    said = "250 events are more than 200 randomized patients"
    assert found(published("0.80 (95% 0.62-1.03)", events=250), "information-bound").said == said
    arms = {"experimental": {"events": 110}, "control": {"events": 50}}
    finding = found(published("0.80 (95% 0.58-1.10)", **arms), "information-bound")
    assert (finding.status, finding.said) == (
        "inconsistent", "experimental: 110 events are more than 100 randomized patients",
    )  # fmt: skip
    assert found(published("0.80 (95% 0.58-1.10)", events=200), "information-bound").status != "inconsistent"
