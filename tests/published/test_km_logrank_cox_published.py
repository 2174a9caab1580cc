"""Numbers printed in papers and books, met to the digits printed.

German Breast Cancer Study: hormonal therapy and recurrence-free survival (Schumacher et al., J Clin Oncol 1994;12:
2086-2093), data as in lifelines' `load_lymph_node`. Freireich et al., Blood 1963;21:699-716, the leukemia remission
data, with the results of Kleinbaum and Klein, Survival Analysis, 3rd ed. 2012, chapters 2 and 3.
"""

import numpy as np
from lifelines.datasets import load_lymph_node

from equipoise.analysis import cox, kaplan_meier, logrank

TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
TREATED_EVENT = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
TIME, EVENT = TREATED + PLACEBO, TREATED_EVENT + [1] * 21
ARM = ["6-MP"] * 21 + ["placebo"] * 21


def test_gbcs_hazard_ratio_and_medians():
    data = load_lymph_node()
    fit = cox(data["rectime"], data["censrec"], data["hormone"], reference=1)
    found = [round(float(x), 3) for x in (fit.hazard_ratio[0], *fit.conf_int[0])]
    assert found == [0.695, 0.544, 0.888]
    km = kaplan_meier(data["rectime"], data["censrec"], group=data["hormone"])
    assert [q.time for q in km.median()] == [1528, 2018]


def test_leukemia_curve():
    km = kaplan_meier(TREATED, TREATED_EVENT)
    at = [round(r.survival, 4) for r in km.at([6, 7, 10, 13, 16, 22, 23])]
    assert at == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]


def test_leukemia_medians():
    assert [q.time for q in kaplan_meier(TIME, EVENT, group=ARM).median()] == [23, 8]


def test_leukemia_logrank():
    test = logrank(TIME, EVENT, ARM, reference="6-MP")
    assert round(test.chi_square, 2) == 16.79
    assert np.round(test.expected, 2).tolist() == [19.25, 10.75]
    assert test.observed.tolist() == [9, 21]


def test_leukemia_cox_by_breslow():
    fit = cox(TIME, EVENT, ARM, reference="6-MP", ties="breslow")
    assert round(float(fit.coef[0]), 3) == 1.509
    assert [round(float(x), 3) for x in (fit.hazard_ratio[0], *fit.conf_int[0])] == [4.523, 2.027, 10.094]
    assert round(fit.loglik[1], 2) == -86.38
