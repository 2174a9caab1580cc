"""What a Cox model keeps of its data, so that residuals, baselines and tests can be made after the fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from equipoise.analysis.covariates import Design
from equipoise.analysis.inputs import SurvivalData
from equipoise.frames.columns import Levels, check_lengths, to_columns, to_levels, to_numbers
from equipoise.kernels.plain.cox import CoxTerms
from equipoise.kernels.plain.cox_exact import exact_terms
from equipoise.kernels.plain.cox_firth import firth_terms
from equipoise.kernels.plain.cox_marginal import marginal_terms
from equipoise.kernels.plain.cox_process import (
    StratumDeaths,
    StratumHazard,
    process_terms,
    stratum_deaths,
    stratum_hazards,
)

# Rules for ties whose likelihood is no product over single deaths.
EXACT = {"exact": exact_terms, "marginal": marginal_terms}


@dataclass(frozen=True, eq=False)
class CoxModel:
    """The data of a Cox model and its rules.

    `given`: the covariates as they were handed in. `cluster`: levels, or None. `ties`: "efron", "breslow",
    "exact" (discrete time) or "marginal". `penalty`: None or "firth".
    """

    data: SurvivalData
    design: Design
    given: Any
    cluster: Levels | None
    ties: str
    penalty: str | None

    @cached_property
    def covariates(self) -> np.ndarray:
        """One centered row per subject, (n, p)."""
        design = self.design
        return design.patterns if design.codes is None else design.patterns[design.codes]

    @cached_property
    def deaths(self) -> list[StratumDeaths]:
        data = self.data
        return stratum_deaths(data.time, data.event, data.strata.codes, data.weight, data.entry, self.ties)

    @property
    def weight(self) -> np.ndarray:
        return np.ones(self.data.n) if self.data.weight is None else self.data.weight

    def hazards(self, beta: np.ndarray) -> list[StratumHazard]:
        return stratum_hazards(beta, self.deaths, self.covariates, self.data.weight)

    def terms(self, beta: np.ndarray) -> CoxTerms:
        """The likelihood that was maximized, penalized or not, at any coefficients."""
        if self.penalty == "firth":
            return firth_terms(beta, self.deaths, self.covariates, self.data.weight)
        if self.ties in EXACT:
            return EXACT[self.ties](beta, self.deaths, self.covariates)
        return process_terms(beta, self.hazards(beta))

    @cached_property
    def centers(self) -> np.ndarray:
        """The mean of each column (p), which the design has taken out."""
        # The smallest centered value of an indicator column stands for 0.
        return np.array(
            [
                -self.design.patterns[:, j].min() if term.level is not None else self._numbers(term.column).mean()
                for j, term in enumerate(self.design.terms)
            ]
        )

    @cached_property
    def origins(self) -> np.ndarray:
        """Where a baseline stands unless told (p): (weighted) means, but 0 for columns of -1, 0 and 1 only."""
        origins = np.zeros(len(self.design.terms))
        for j, term in enumerate(self.design.terms):
            if term.level is None and not np.isin(self._numbers(term.column), (-1.0, 0.0, 1.0)).all():
                origins[j] = np.average(self._numbers(term.column), weights=self.data.weight)
        return origins

    def _numbers(self, column: str) -> np.ndarray:
        return to_numbers(to_columns(self.given, "covariate")[column], column)


def cox_model(
    data: SurvivalData, design: Design, covariates: Any, cluster: Any, ties: str, penalty: str | None
) -> CoxModel:
    """The model of checked data and encoded covariates; `covariates` as they were handed in."""
    levels = None if cluster is None else to_levels(cluster, "cluster")
    if levels is not None:
        check_lengths({"time": data.n, "cluster": len(levels.codes)})
    return CoxModel(data, design, covariates, levels, ties, penalty)
