"""Results of every estimator on made-up data, and results on odd data, for the figures to draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from equipoise import analysis as eq

LONG = "Palbociclib rechallenge with second-line endocrine therapy of the investigator's choice"
DRUG, CONTROL = "Palbociclib", "Endocrine therapy"
Make = Callable[[], Any]


def _data(n: int = 80, seed: int = 5) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    arm = np.where(np.arange(n) % 2 == 0, DRUG, CONTROL)
    latent = np.round(draw.exponential(np.where(arm == CONTROL, 6.0, 9.0)) + 0.1, 1)
    censored = np.round(draw.uniform(3.0, 18.0, n), 1)
    event = (latent <= censored).astype(int)
    return {
        "time": np.minimum(latent, censored),
        "event": event,
        "arm": arm,
        "site": draw.choice(["Berlin", "Graz"], n),
        "age": np.round(draw.normal(60.0, 9.0, n)),
        "sex": draw.choice(["F", "M"], n),
        "cause": np.where(event == 1, draw.integers(1, 3, n), 0),
        "latent": latent,
    }


D = _data()
_T: tuple[Any, Any] = (D["time"], D["event"])
_TWO: dict[str, Any] = {"levels": (DRUG, CONTROL)}
_COUNTS = ([23, 9], [70, 40], [11, 6], [72, 38])


def _km(**options: Any) -> eq.KaplanMeier:
    return eq.kaplan_meier(*_T, group=D["arm"], time_unit="months", **options)


def _cox() -> eq.CoxRegression:
    columns = {"arm": D["arm"], "age": D["age"], "sex": D["sex"]}
    return eq.cox(*_T, columns, reference={"arm": CONTROL, "sex": "F"}, strata=D["site"])


def _turnbull() -> eq.Turnbull:
    left = np.floor(D["latent"])
    return eq.turnbull(left, np.where(D["event"] == 1, left + 1.0, np.inf), group=D["arm"], time_unit="months")


def _events(groups: int, terms: int, n: int = 200) -> eq.AdverseEventRates:
    draw = np.random.default_rng(3)
    subject = draw.integers(0, 80, n)
    names = np.array([f"Arm {k}" for k in range(groups)])
    term = np.array([f"Term {k}" for k in range(terms)])
    system = np.where(np.arange(n) % 3 > 0, "Blood disorders", "Skin disorders")
    return eq.adverse_event_rates(
        subject, draw.choice(term, n), draw.integers(1, 5, n), names[subject % groups], {str(a): 80 for a in names},
        system=system,
    )  # fmt: skip


def _flow(groups: int) -> eq.FlowCounts:
    n = 20 * groups
    arm = np.array([f"Arm {k % groups}" for k in range(n)] + [None] * 5, dtype=object)
    in_trial = np.array([1] * n + [0] * 5)
    steps = [("Screened", np.ones(n + 5, int)), ("Randomized", in_trial)]
    return eq.flow_counts([*steps, ("Treated", in_trial * (np.arange(n + 5) % 7 > 0))], group=arm)


def _reasons() -> Any:
    reason = np.where(D["event"] == 1, "", np.where(np.arange(len(D["event"])) % 3 == 0, "withdrew", "cutoff"))
    return eq.censoring_reasons(*_T, reason, D["arm"])


def _assessments() -> Any:
    subject = np.repeat(np.arange(20), 4)
    when = np.tile([6.0, 12.5, 18.0, 25.0], 20) + subject % 3
    return eq.assessment_times(subject, when, np.where(subject % 2 == 0, DRUG, CONTROL))


def _concordance() -> Any:
    shifted = np.maximum(D["time"] - (np.arange(len(D["time"])) % 3), 0.1)
    return eq.concordance(*_T, shifted, D["event"], D["arm"], reference=CONTROL)


# One maker per result class, and per statistic that has a figure of its own.
RESULTS: Mapping[str, Make] = {
    "KaplanMeier": _km,
    "KaplanMeier, reversed": lambda: eq.reverse_kaplan_meier(*_T, group=D["arm"]),
    "KaplanMeier, strata": lambda: _km(strata=D["site"]),
    "Quantiles": lambda: _km().quantile([0.25, 0.5]),
    "Quantiles, median": lambda: _km().median(),
    "SurvivalAt": lambda: _km().at([3.0, 6.0]),
    "RiskTableAt": lambda: _km().at_risk([0.0, 6.0]),
    "RestrictedMeans": lambda: _km().rmst(6.0),
    "Bands": lambda: _km().bands("hall-wellner"),
    "NelsonAalen": lambda: eq.nelson_aalen(*_T, group=D["arm"]),
    "CumulativeIncidence": lambda: eq.cumulative_incidence(D["time"], D["cause"], group=D["arm"]),
    "Turnbull": _turnbull,
    "Landmark": lambda: eq.landmark(*_T, at=3.0, group=D["arm"]),
    "GrayTest": lambda: eq.gray_test(D["time"], D["cause"], D["arm"]),
    "FineGray": lambda: eq.fine_gray(D["time"], D["cause"], {"age": D["age"], "sex": D["sex"]}, cause=1),
    "LogrankTest": lambda: eq.logrank(*_T, D["arm"], reference=CONTROL, strata=D["site"]),
    "LogrankTest, weighted": lambda: eq.logrank(*_T, D["arm"], reference=CONTROL, rho=0, gamma=1),
    "MaxCombo": lambda: eq.maxcombo(*_T, D["arm"], reference=CONTROL),
    "AdjustedLogrankTest": lambda: eq.adjusted_logrank(*_T, D["arm"], reference=CONTROL, covariates={"age": D["age"]}),
    "ExactLogrankTest": lambda: eq.logrank_exact(*(x[:16] for x in (*_T, D["arm"])), reference=CONTROL),
    "RerandomizationTest": lambda: eq.rerandomization_test(
        *_T, D["arm"], reference=CONTROL, scheme={"method": "permutation"}, draws=2000, seed=3
    ),
    "OneSampleLogrank": lambda: eq.one_sample_logrank(*_T, survival=lambda t: np.exp(-0.09 * t)),
    "IntervalLogrankTest": lambda: eq.interval_logrank(
        np.floor(D["latent"]), np.floor(D["latent"]) + 1.0, D["arm"], reference=CONTROL
    ),
    "CoxRegression": _cox,
    "CoxBaseline": lambda: _cox().baseline(),
    "CoxResiduals": lambda: _cox().residuals("scaled-schoenfeld"),
    "CoxResiduals, martingale": lambda: _cox().residuals("martingale"),
    "CoxResiduals, summed": lambda: _cox().residuals("dfbetas", by=D["site"]),
    "ProportionalHazardsTest": lambda: _cox().proportional_hazards_test(),
    "RestrictedMeanComparison": lambda: eq.rmst(*_T, D["arm"], reference=CONTROL, time_unit="months"),
    "MilestoneComparison": lambda: eq.milestone(*_T, D["arm"], at=6.0, reference=CONTROL),
    "MedianComparison": lambda: eq.median_difference(*_T, D["arm"], reference=CONTROL),
    "RateInterval": lambda: eq.rate_interval(23, 70),
    "RateDifference": lambda: eq.rate_difference(*_COUNTS, strata=["Berlin", "Graz"], **_TWO),
    "OddsRatio": lambda: eq.odds_ratio(*_COUNTS, strata=["Berlin", "Graz"], **_TWO),
    "AssociationTest": lambda: eq.cmh(*_COUNTS, strata=["Berlin", "Graz"], **_TWO),
    "AssociationTest, Fisher": lambda: eq.rate_test(23, 70, 11, 72, method="fisher", **_TWO),
    "ExactUnconditionalTest": lambda: eq.exact_unconditional(7, 12, 2, 13),
    "GeneralAssociationTest": lambda: eq.cmh_general(D["cause"].astype(str), D["arm"], strata=D["site"]),
    "AdverseEventRates": lambda: _events(2, 6),
    "BaselineSummary": lambda: eq.baseline_summary({"Sex": D["sex"], "Age, years": D["age"]}, group=D["arm"]),
    "BaselineSummary, numbers": lambda: eq.baseline_summary({"Age, years": D["age"]}),
    "FlowCounts": lambda: _flow(2),
    "CensoringReasons": _reasons,
    "AssessmentTimes": _assessments,
    "ReviewConcordance": _concordance,
}

# Results without a picture, and why.
NOT_DRAWN: Mapping[str, str] = {"PooledStrata": "names of pooled strata: words, no numbers to be drawn"}


def _eight(n: int = 160) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(9)
    k = np.arange(n) % 8
    return np.round(draw.exponential(5.0 + k) + 0.1, 1), (draw.random(n) < 0.7).astype(int), np.array(
        [f"Dose level {i + 1}" for i in range(8)]
    )[k]  # fmt: skip


T8, E8, G8 = _eight()
G_LONG = np.where(np.arange(len(T8)) % 2 == 0, LONG, "Endocrine therapy alone")
_MONOTONE: tuple[Any, Any, Any] = ([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 1, 1, 0, 0, 0, 0], list("aaaabbbb"))
_NO_EVENT: tuple[Any, Any, Any] = ([1, 2, 3, 4], [0, 0, 0, 0], list("aabb"))

# Many groups, long names, one subject, nothing estimable, infinite estimates.
ODD: Mapping[str, Make] = {
    "eight curves": lambda: eq.kaplan_meier(T8, E8, group=G8, time_unit="months"),
    "eight hazards": lambda: eq.nelson_aalen(T8, E8, group=G8),
    "eight bands": lambda: eq.kaplan_meier(T8, E8, group=G8).bands("equal-precision"),
    "eight groups": lambda: eq.logrank(T8, E8, G8, reference="Dose level 1"),
    "eight ratios": lambda: eq.cox(T8, E8, G8, reference="Dose level 1"),
    "eight columns": lambda: _flow(8),
    "eight arms": lambda: eq.baseline_summary({"Sex": np.array(["F", "M"])[np.arange(160) % 2]}, group=G8),
    "four arms, many terms": lambda: _events(4, 40, 600),
    "long names of curves": lambda: eq.kaplan_meier(T8, E8, group=G_LONG, time_unit="months"),
    "long names of ratios": lambda: eq.cox(T8, E8, G_LONG, reference="Endocrine therapy alone"),
    "long names of means": lambda: eq.rmst(T8, E8, G_LONG, reference="Endocrine therapy alone"),
    "long names of events": lambda: eq.logrank(T8, E8, G_LONG, reference="Endocrine therapy alone"),
    "monotone likelihood": lambda: eq.cox(*_MONOTONE, reference="a"),
    "median not reached": lambda: eq.median_difference(*_MONOTONE, reference="a"),
    "infinite odds ratio": lambda: eq.odds_ratio(5, 10, 0, 10),
    "no rates": lambda: eq.rate_interval(0, 0),
    "no events": lambda: eq.logrank(*_NO_EVENT, reference="a"),
    "no events, MaxCombo": lambda: eq.maxcombo(*_NO_EVENT, reference="a"),
    "no events, labels": lambda: eq.rerandomization_test(*_NO_EVENT, reference="a", scheme={"method": "permutation"}),
    "survival of 0 and 1": lambda: eq.milestone([1, 2, 3, 4], [1] * 4, list("aabb"), at=2.5, reference="a"),
    "all censored": lambda: eq.kaplan_meier([1, 2, 3], [0, 0, 0]),
    "one subject": lambda: eq.kaplan_meier([5], [1]),
    "no adverse event": lambda: eq.adverse_event_rates([], [], [], [], {"A": 4, "B": 0}),
    "one group of causes": lambda: eq.cumulative_incidence([1, 2, 3, 4], ["r", "d", 0, "r"], censored="0"),
    "one group of intervals": lambda: eq.turnbull([0, 1, 2], [1, 3, float("inf")]),
    "one column": lambda: eq.flow_counts([("Screened", [1, 1, 1]), ("Treated", [1, 0, 0])]),
    "too many for a histogram": lambda: eq.logrank_exact(T8[:36], E8[:36], G_LONG[:36], reference=LONG),
}
