"""Printed limits and P values of two rates."""

import pytest

from equipoise.analysis import exact_unconditional, rate_difference, rate_interval, rate_test

# Newcombe RG. Stat Med 1998;17:873-890, table II: contrasts (a) to (h), methods 5 (Mee), 6 (Miettinen-Nurminen),
# 10 (hybrid score) and 11 (the same with continuity correction).
# The paper itself was not at hand. Contrasts (a), (b) and (g) are those that SAS's PROC FREQ prints by every method
# here (lexjansen.com/wuss/2016/127_Final_Paper_PDF.pdf, page 9, as transcribed in the tests of the R package lumen);
# method 10 of all eight stands in the tests of other software that cite the table.
TABLE_II = {
    (56, 70, 48, 80): {
        "wald": (0.0575, 0.3425), "mee": (0.0533, 0.3377), "miettinen-nurminen": (0.0528, 0.3382),
        "newcombe": (0.0524, 0.3339), "newcombe-continuity": (0.0428, 0.3422),
    },
    (9, 10, 3, 10): {
        "wald": (0.2605, 0.9395), "mee": (0.1821, 0.8370), "miettinen-nurminen": (0.1700, 0.8406),
        "newcombe": (0.1705, 0.8090), "newcombe-continuity": (0.1013, 0.8387),
    },
    (6, 7, 2, 7): {
        "wald": (0.1481, 0.9947), "mee": (0.0544, 0.8478), "miettinen-nurminen": (0.0342, 0.8534),
        "newcombe": (0.0582, 0.8062), "newcombe-continuity": (-0.0290, 0.8423),
    },
    (5, 56, 0, 29): {
        "mee": (-0.0313, 0.1926), "miettinen-nurminen": (-0.0326, 0.1933), "newcombe": (-0.0381, 0.1926),
        "newcombe-continuity": (-0.0667, 0.2037),
    },
    (0, 10, 0, 20): {"newcombe": (-0.1611, 0.2775), "newcombe-continuity": (-0.2005, 0.3445)},
    (0, 10, 0, 10): {"newcombe": (-0.2775, 0.2775), "newcombe-continuity": (-0.3445, 0.3445)},
    (10, 10, 0, 20): {"newcombe": (0.6791, 1.0), "newcombe-continuity": (0.6014, 1.0)},
    (10, 10, 0, 10): {"newcombe": (0.6075, 1.0), "newcombe-continuity": (0.5128, 1.0)},
}  # fmt: skip


@pytest.mark.parametrize(("counts", "method"), [(c, m) for c, methods in TABLE_II.items() for m in methods])
def test_newcombe_table_ii(counts, method):
    found = rate_difference(*counts, method=method)
    assert (round(found.conf_low, 4), round(found.conf_high, 4)) == TABLE_II[counts][method]


# Newcombe RG. Stat Med 1998;17:857-872, table I: methods 3 (score) and 4 (with continuity correction), 5 (exact).
@pytest.mark.parametrize(
    ("x", "n", "method", "printed"),
    [
        (81, 263, "wilson", (0.2553, 0.3662)),
        (81, 263, "wilson-continuity", (0.2535, 0.3682)),
        (81, 263, "clopper-pearson", (0.2527, 0.3676)),
        (15, 148, "wilson", (0.0624, 0.1605)),
        (15, 148, "wilson-continuity", (0.0598, 0.1644)),
        (15, 148, "clopper-pearson", (0.0578, 0.1617)),
        (0, 20, "wilson", (0.0, 0.1611)),
        (0, 20, "wilson-continuity", (0.0, 0.2005)),
        (0, 20, "clopper-pearson", (0.0, 0.1684)),
        (1, 29, "wilson", (0.0061, 0.1718)),
        (1, 29, "wilson-continuity", (0.0018, 0.1963)),
        (1, 29, "clopper-pearson", (0.0009, 0.1776)),
    ],
)
def test_newcombe_single_proportion(x, n, method, printed):
    found = rate_interval(x, n, method=method)
    assert (round(found.conf_low, 4), round(found.conf_high, 4)) == printed


# The stratified Newcombe interval of PROC FREQ (COMMONRISKDIFF(CL=NEWCOMBE)), as recorded in the tests of the R package
# tern for 80 patients in six strata: 0.25390590 (0.03467969 to 0.44544132).
SIX_STRATA = ([8, 4, 2, 5, 6, 5], [9, 4, 5, 7, 7, 8], [3, 6, 2, 3, 3, 3], [6, 12, 5, 4, 8, 5])


def test_stratified_newcombe_of_sas():
    found = rate_difference(*SIX_STRATA)
    assert found.estimate == pytest.approx(0.25390590, abs=5e-9)
    assert (found.conf_low, found.conf_high) == pytest.approx((0.03467969, 0.44544132), abs=5e-9)


def test_stratified_newcombe_with_wilson_weights():
    found = rate_difference(*SIX_STRATA, weights="wilson")
    assert found.estimate == pytest.approx(0.2587, abs=1e-4)
    assert (found.conf_low, found.conf_high) == pytest.approx((0.0391, 0.4501), abs=1.1e-4)


# Stratified Miettinen-Nurminen with Mantel-Haenszel weights as in the tests of tern, whose search for the limits stops
# within 1e-6.
@pytest.mark.parametrize(
    ("counts", "printed"),
    [
        (([8, 10, 6], [30, 35, 27], [12, 15, 9], [30, 35, 23]), (-0.281568259, -0.008104148)),
        (([0, 3, 2], [13, 70, 13], [1, 42, 0], [8, 50, 95]), (-0.5899410, -0.3703714)),
        ((0, 13, 1, 8), (-0.4797396, 0.1311335)),
    ],
)
def test_stratified_miettinen_nurminen(counts, printed):
    found = rate_difference(*counts, method="miettinen-nurminen")
    assert (found.conf_low, found.conf_high) == pytest.approx(printed, abs=2e-6)


# PALMIRA's clinical benefit, 57 of 136 against 17 of 62: which test was meant decides on which side of .05 it falls.
@pytest.mark.parametrize(
    ("method", "printed"),
    [("wald", 0.040), ("likelihood-ratio", 0.048), ("fisher-mid-p", 0.049), ("chi-square", 0.051), ("fisher", 0.058)],
)
def test_clinical_benefit_p_values(method, printed):
    assert round(rate_test(57, 136, 17, 62, method=method).p_value, 3) == printed


# Mehta CR, Senchaudhuri P. Conditional versus unconditional exact tests for comparing two binomials. Cytel 2003:
# 7 of 15 against 12 of 15, one-sided Barnard .0341 and Fisher .0641.
def test_mehta_senchaudhuri():
    assert round(exact_unconditional(7, 15, 12, 15, statistic="barnard", alternative="less").p_value, 4) == 0.0341
    assert round(rate_test(7, 15, 12, 15, method="fisher", alternative="less").p_value, 4) == 0.0641


# PROC FREQ, RISKDIFF(CL=...): lexjansen.com/wuss/2016/127_Final_Paper_PDF.pdf, page 9, and the trial of HIV treatment
# there, as transcribed in the tests of the R package lumen.
SAS_RISK_DIFFERENCES = {
    (56, 70, 48, 80): {
        "wald": (0.0575, 0.3425), "mee": (0.0533, 0.3377), "miettinen-nurminen": (0.0528, 0.3382),
        "newcombe": (0.0524, 0.3339), "newcombe-continuity": (0.0428, 0.3422), "agresti-caffo": (0.0525, 0.3358),
    },
    (9, 10, 3, 10): {
        "wald": (0.2605, 0.9395), "mee": (0.1821, 0.8370), "miettinen-nurminen": (0.1700, 0.8406),
        "newcombe": (0.1705, 0.8090), "newcombe-continuity": (0.1013, 0.8387), "agresti-caffo": (0.1600, 0.8400),
    },
    (10, 10, 0, 20): {
        "wald": (1.0, 1.0), "mee": (0.7225, 1.0), "miettinen-nurminen": (0.7156, 1.0),
        "newcombe": (0.6791, 1.0), "newcombe-continuity": (0.6014, 1.0), "agresti-caffo": (0.6922, 1.0),
    },
    (84, 101, 89, 105): {
        "wald": (-0.1162, 0.0843), "mee": (-0.1188, 0.0857), "miettinen-nurminen": (-0.1191, 0.0860),
        "newcombe": (-0.1177, 0.0851), "newcombe-continuity": (-0.1245, 0.0918), "agresti-caffo": (-0.1168, 0.0850),
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "method"),
    [(counts, method) for counts in SAS_RISK_DIFFERENCES for method in SAS_RISK_DIFFERENCES[counts]],
)
def test_risk_differences_of_sas(counts, method):
    found = rate_difference(*counts, method=method)
    low, high = SAS_RISK_DIFFERENCES[counts][method]
    # Half a unit of the last digit printed.
    assert (found.conf_low, found.conf_high) == pytest.approx((low, high), abs=5.1e-5)
