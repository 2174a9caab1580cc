"""Estimators and tests on one data set."""

from equipoise.analysis.adverse_events import AdverseEventRates, adverse_event_rates
from equipoise.analysis.binomial_rates import RateInterval, rate_interval
from equipoise.analysis.cox_regression import CoxRegression, cox
from equipoise.analysis.descriptive import BaselineSummary, FlowCounts, baseline_summary, flow_counts
from equipoise.analysis.logrank_test import LogrankTest, logrank
from equipoise.analysis.survival_curves import KaplanMeier, SurvivalCurve, kaplan_meier, reverse_kaplan_meier

__all__ = [
    "AdverseEventRates",
    "BaselineSummary",
    "CoxRegression",
    "FlowCounts",
    "KaplanMeier",
    "LogrankTest",
    "RateInterval",
    "SurvivalCurve",
    "adverse_event_rates",
    "baseline_summary",
    "cox",
    "flow_counts",
    "kaplan_meier",
    "logrank",
    "rate_interval",
    "reverse_kaplan_meier",
]
