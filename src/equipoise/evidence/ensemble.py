"""Many reconstructions of one figure: how far its uncertainty reaches into what is computed from them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from equipoise.evidence.arm_counts import ArmCounts
from equipoise.evidence.joint_statistics import JointStatistics, joint_statistics
from equipoise.evidence.reconstructed_arms import Workbench
from equipoise.kernels.plain.kaplan_meier import curve_quantile


@dataclass(frozen=True)
class EnsembleMember:
    """One reconstruction: times and events of the patients by arm, and what was computed from them.

    `statistics` is None for one arm; `medians` and `areas` (restricted means) by arm, NaN where not reached.
    """

    patients: tuple[tuple[np.ndarray, np.ndarray], ...]
    statistics: JointStatistics | None
    medians: tuple[float, ...]
    areas: tuple[float, ...]


@dataclass(frozen=True)
class Ensemble:
    """Reconstructions that digitization and unseen censoring times leave possible; `tau` of the means."""

    members: tuple[EnsembleMember, ...]
    tau: float

    def log_ratios(self) -> np.ndarray:
        return np.array([member.statistics.log_ratio for member in self.members if member.statistics])

    def pooled_ratio(self) -> tuple[float, float, float]:
        """Mean log hazard ratio, its spread over the ensemble, and its whole standard error.

        The whole variance is the mean of the members' plus (1 + 1/K) times their variance between each other.
        Source: Rubin DB. Multiple imputation for nonresponse in surveys. Wiley 1987, section 3.3.
        """
        found = self.log_ratios()
        spread = float(found.std(ddof=1)) if len(found) > 1 else 0.0
        within = float(np.mean([member.statistics.error**2 for member in self.members if member.statistics]))
        return float(found.mean()), spread, math.sqrt(within + (1.0 + 1.0 / len(found)) * spread**2)

    def medians(self, place: int) -> np.ndarray:
        return np.array([member.medians[place] for member in self.members])

    def areas(self, place: int) -> np.ndarray:
        return np.array([member.areas[place] for member in self.members])


def draw_ensemble(bench: Workbench, size: int, tau: float) -> Ensemble:
    """`size` reconstructions; `tau` is the horizon of the restricted means."""
    return Ensemble(tuple(_member(bench, number, tau) for number in range(1, size + 1)), tau)


def _member(bench: Workbench, number: int, tau: float) -> EnsembleMember:
    counts, patients = bench.member(number)
    statistics = None
    if len(patients) == 2:
        time = np.concatenate([time for time, _ in patients])
        event = np.concatenate([event for _, event in patients])
        statistics = joint_statistics(time, event, np.repeat([1, 0], [len(time) for time, _ in patients]))
    return EnsembleMember(
        patients, statistics, tuple(map(median_of, counts)), tuple(area(each, tau) for each in counts)
    )


def median_of(counts: ArmCounts) -> float:
    """The median, NaN where the curve stays above one half."""
    happened = counts.events > 0
    return curve_quantile(counts.time[happened], counts.survival[happened], 0.5, "sas")


def area(counts: ArmCounts, tau: float) -> float:
    """The area under the curve up to `tau`: the restricted mean."""
    edges = np.concatenate(([0.0], np.minimum(counts.time, tau), [tau]))
    return float(np.append(1.0, counts.survival) @ np.maximum(np.diff(edges), 0.0))
