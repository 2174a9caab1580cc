"""Events, sample size, power, group-sequential bounds and monitoring of a time-to-event trial.

The names of `public` are the room's own; they load when one is first asked for, so that a module of the room does not
bring all the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from equipoise.design.public import *  # noqa: F403


__all__ = [
    "Accrual",
    "AdjustedInference",
    "AllocationTradeoff",
    "AverageHazardRatio",
    "Boundary",
    "Dropout",
    "EventReestimation",
    "ExpectedAccrual",
    "ExpectedCourse",
    "FixedDesign",
    "GraphicalTesting",
    "GridPoint",
    "GroupSequentialDesign",
    "Hazard",
    "HypothesisGraph",
    "InterimPower",
    "LogrankPower",
    "MaxComboDesign",
    "MilestoneDesign",
    "MilestonePrediction",
    "PowerCurve",
    "RmstDesign",
    "SensitivityGrid",
    "SequentialTrial",
    "Spending",
    "Stratum",
    "WeightedLogrankDesign",
    "adjusted_inference",
    "allocation_tradeoff",
    "average_hazard_ratio",
    "conditional_power",
    "detectable_hazard_ratio",
    "events_required",
    "expected_accrual",
    "expected_events",
    "fixed_design",
    "graphical_testing",
    "group_sequential",
    "maxcombo_design",
    "milestone_design",
    "power_curve",
    "power_of",
    "predict_from_times",
    "predict_milestones",
    "predictive_power",
    "reestimate_events",
    "rmst_design",
    "sensitivity_grid",
    "sequential_trial",
    "time_of_events",
    "weighted_logrank_design",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from equipoise.design import public

    return getattr(public, name)


def __dir__() -> list[str]:
    return sorted(__all__)
