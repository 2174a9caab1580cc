"""The public names of the room; the room itself loads them when one is asked for."""

from equipoise.design.adjusted import AdjustedInference, adjusted_inference
from equipoise.design.allocation import AllocationTradeoff, allocation_tradeoff
from equipoise.design.average_effects import AverageHazardRatio, average_hazard_ratio
from equipoise.design.boundaries import Boundary
from equipoise.design.conditional import InterimPower, conditional_power, predictive_power
from equipoise.design.expectation import (
    ExpectedAccrual,
    ExpectedCourse,
    expected_accrual,
    expected_events,
    time_of_events,
)
from equipoise.design.fixed import LogrankPower, detectable_hazard_ratio, events_required, power_of
from equipoise.design.fragility import GridPoint, PowerCurve, SensitivityGrid, power_curve, sensitivity_grid
from equipoise.design.graphical import GraphicalTesting, graphical_testing
from equipoise.design.hazards import Accrual, Dropout, Hazard
from equipoise.design.hypothesis_graph import HypothesisGraph
from equipoise.design.interim import predict_milestones
from equipoise.design.maxcombo_planning import MaxComboDesign, maxcombo_design
from equipoise.design.milestone_planning import MilestoneDesign, milestone_design
from equipoise.design.prediction import MilestonePrediction, predict_from_times
from equipoise.design.promising_zone import EventReestimation, reestimate_events
from equipoise.design.rmst_planning import RmstDesign, rmst_design
from equipoise.design.sample_size import FixedDesign, fixed_design
from equipoise.design.sequential_calendar import SequentialTrial, sequential_trial
from equipoise.design.sequential_design import GroupSequentialDesign
from equipoise.design.sequential_planning import group_sequential
from equipoise.design.spending import Spending
from equipoise.design.trial_course import Stratum
from equipoise.design.weighted_design import WeightedLogrankDesign, weighted_logrank_design
