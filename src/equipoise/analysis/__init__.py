"""Estimators and tests on one data set."""

from equipoise.analysis.adjusted_logrank import AdjustedLogrankTest, adjusted_logrank
from equipoise.analysis.adverse_events import AdverseEventRates, adverse_event_rates
from equipoise.analysis.assessment_schedule import AssessmentTimes, assessment_times
from equipoise.analysis.binomial_rates import RateInterval, rate_interval
from equipoise.analysis.censoring_patterns import CensoringReasons, censoring_reasons
from equipoise.analysis.cmh_general import GeneralAssociationTest, cmh_general
from equipoise.analysis.cmh_test import AssociationTest, cmh, rate_test
from equipoise.analysis.competing_risks import CumulativeIncidence, IncidenceCurve, cumulative_incidence
from equipoise.analysis.cox_baseline import CoxBaseline, CoxCurve
from equipoise.analysis.cox_hazards_test import HazardsTest, ProportionalHazardsTest
from equipoise.analysis.cox_regression import CoxRegression, cox
from equipoise.analysis.cox_residuals import CoxResiduals
from equipoise.analysis.descriptive import BaselineSummary, FlowCounts, baseline_summary, flow_counts
from equipoise.analysis.exact_logrank import ExactLogrankTest, logrank_exact
from equipoise.analysis.exact_unconditional import ExactUnconditionalTest, exact_unconditional
from equipoise.analysis.fine_gray_regression import FineGray, fine_gray
from equipoise.analysis.gray_comparison import GrayTest, gray_test
from equipoise.analysis.interval_logrank_test import IntervalLogrankTest, interval_logrank
from equipoise.analysis.landmark_analysis import Landmark, landmark
from equipoise.analysis.logrank_test import LogrankTest, logrank
from equipoise.analysis.maxcombo_test import MaxCombo, maxcombo
from equipoise.analysis.milestones import MedianComparison, MilestoneComparison, median_difference, milestone
from equipoise.analysis.nelson_aalen_hazard import HazardCurve, NelsonAalen, nelson_aalen
from equipoise.analysis.odds_ratios import OddsRatio, odds_ratio
from equipoise.analysis.one_sample_logrank import OneSampleLogrank, one_sample_logrank
from equipoise.analysis.rate_differences import RateDifference, rate_difference
from equipoise.analysis.rerandomization import RerandomizationTest, rerandomization_test
from equipoise.analysis.review_concordance import ReviewConcordance, concordance
from equipoise.analysis.rmst_comparison import RestrictedMeanComparison, rmst
from equipoise.analysis.strata_pooling import PooledStrata, pool_strata
from equipoise.analysis.sufficient import from_counts
from equipoise.analysis.survival_curves import KaplanMeier, SurvivalCurve, kaplan_meier, reverse_kaplan_meier
from equipoise.analysis.turnbull_npmle import Turnbull, turnbull
from equipoise.analysis.two_by_two import TwoByTwo, two_by_two

__all__ = [
    "AdjustedLogrankTest",
    "AdverseEventRates",
    "AssessmentTimes",
    "AssociationTest",
    "BaselineSummary",
    "CensoringReasons",
    "CoxBaseline",
    "CoxCurve",
    "CoxRegression",
    "CoxResiduals",
    "CumulativeIncidence",
    "ExactLogrankTest",
    "ExactUnconditionalTest",
    "FineGray",
    "FlowCounts",
    "GeneralAssociationTest",
    "GrayTest",
    "HazardCurve",
    "HazardsTest",
    "IncidenceCurve",
    "IntervalLogrankTest",
    "KaplanMeier",
    "Landmark",
    "LogrankTest",
    "MaxCombo",
    "MedianComparison",
    "MilestoneComparison",
    "NelsonAalen",
    "OddsRatio",
    "OneSampleLogrank",
    "PooledStrata",
    "ProportionalHazardsTest",
    "RateDifference",
    "RateInterval",
    "RerandomizationTest",
    "RestrictedMeanComparison",
    "ReviewConcordance",
    "SurvivalCurve",
    "Turnbull",
    "TwoByTwo",
    "adjusted_logrank",
    "adverse_event_rates",
    "assessment_times",
    "baseline_summary",
    "censoring_reasons",
    "cmh",
    "cmh_general",
    "concordance",
    "cox",
    "cumulative_incidence",
    "exact_unconditional",
    "fine_gray",
    "flow_counts",
    "from_counts",
    "gray_test",
    "interval_logrank",
    "kaplan_meier",
    "landmark",
    "logrank",
    "logrank_exact",
    "maxcombo",
    "median_difference",
    "milestone",
    "nelson_aalen",
    "odds_ratio",
    "one_sample_logrank",
    "pool_strata",
    "rate_difference",
    "rate_interval",
    "rate_test",
    "rerandomization_test",
    "reverse_kaplan_meier",
    "rmst",
    "turnbull",
    "two_by_two",
]
