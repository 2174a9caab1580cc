"""The statistics of two reconstructed arms that papers print, by the kernels that analysis uses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from equipoise.evidence.arm_counts import ArmCounts
from equipoise.kernels.plain.cox import cox_risk, cox_terms
from equipoise.kernels.plain.kaplan_meier import curve_quantile, limits_with_error, product_limit
from equipoise.kernels.plain.logrank import logrank_sums, two_group_z
from equipoise.kernels.plain.newton import maximize
from equipoise.kernels.plain.risk_sets import risk_counts, risk_table
from equipoise.kernels.plain.special import normal_quantile, normal_tail

CODES = np.array([[0.0], [1.0]])


@dataclass(frozen=True)
class JointStatistics:
    """Experimental to control: log hazard ratio and its standard error (Cox, Efron ties), log-rank Z.

    Z is positive where it favors the experimental arm.
    """

    log_ratio: float
    error: float
    z: float

    @property
    def hazard_ratio(self) -> float:
        return math.exp(self.log_ratio)

    def limit(self, level: float, *, upper: bool) -> float:
        """A Wald limit of the hazard ratio; `level` as a share."""
        half = normal_quantile(0.5 + level / 2.0) * self.error
        return math.exp(self.log_ratio + (half if upper else -half))

    def p_value(self, sides: int) -> float:
        """Of the log-rank test, against the experimental arm's benefit where one-sided."""
        return 2.0 * float(normal_tail(abs(self.z))) if sides == 2 else float(normal_tail(self.z))


def joint_statistics(time: np.ndarray, event: np.ndarray, arm: np.ndarray) -> JointStatistics:
    """Statistics of patients: times, events (booleans), and arm (1: experimental)."""
    counts = risk_counts(time, event, arm, 2, np.zeros(len(time), dtype=np.int64))
    z, _ = two_group_z(logrank_sums(counts, 1))
    risk = cox_risk(counts, CODES, "efron")
    fit = maximize(lambda beta: cox_terms(beta, risk), np.array([0.5]), np.zeros(1))
    information = float(fit.terms.information[0, 0])
    error = 1.0 / math.sqrt(information) if information > 0.0 else math.inf
    return JointStatistics(float(fit.beta[0]), error, z)


def median_with_limits(counts: ArmCounts, conf_type: str, level: float = 0.95) -> tuple[float, float, float]:
    """Median and its limits (Brookmeyer and Crowley), NaN where not reached; `conf_type` "log-log" or "log"."""
    time, event = counts.patients()
    table = risk_table(time, event)
    survival, variance = product_limit(table.n_risk, table.n_event)
    low, high, _ = limits_with_error(survival, variance, conf_type, level)
    found = [curve_quantile(table.time, height, 0.5, "sas") for height in (survival, low, high)]
    return found[0], found[1], found[2]
