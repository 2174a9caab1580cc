"""How a Cox model is maximized: which options go together, which likelihood, and what its profile limits are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from equipoise.analysis.cox_model import EXACT, CoxModel
from equipoise.analysis.hazard_ratios import check_determined
from equipoise.analysis.inputs import SurvivalData, check_choice
from equipoise.errors import ArgumentError
from equipoise.kernels import dispatch
from equipoise.kernels.plain.cox_firth import maximize_penalized
from equipoise.kernels.plain.cox_process import process_terms
from equipoise.kernels.plain.cox_profile import profile_limit
from equipoise.kernels.plain.newton import NewtonFit, maximize

PENALTIES = ("firth",)


def check_combination(ties: str, penalty: str | None, data: SurvivalData, cluster: Any) -> None:
    if penalty is not None:
        check_choice(penalty, PENALTIES, "penalty")
    faults = []
    if ties in EXACT:
        weighted = data.weight is not None and not (data.weight == 1.0).all()
        faults = [("weights", weighted), ("cluster", cluster is not None), ("penalty", penalty is not None)]
    elif penalty is not None:
        faults = [("cluster", cluster is not None)]
    for name, given in faults:
        if given:
            chosen = f'ties="{ties}"' if ties in EXACT else f'penalty="{penalty}"'
            raise ArgumentError(
                "argument-invalid",
                f"{name} is given with {chosen}",
                where=name,
                reason="the two have no definition together",
                hint='use ties="efron" or "breslow"' if ties in EXACT else "leave one of them out",
            )


def cox_maximum(model: CoxModel, engine: str) -> NewtonFit:
    data, design = model.data, model.design
    if model.penalty is not None:
        return _penalized_maximum(model)
    if model.ties in EXACT:
        return maximize(model.terms, design.spread, np.zeros(len(design.terms)))
    return dispatch.maximize_cox(data.rows, design.rows, design.center, design.codes, model.ties, design.spread, engine)


def _penalized_maximum(model: CoxModel) -> NewtonFit:
    p = len(model.design.terms)
    zero, none = np.zeros(p), np.zeros(p, dtype=bool)
    plain = process_terms(zero, model.hazards(zero))
    start = NewtonFit(zero, plain, plain, math.nan, 0, none, True)
    check_determined(start, model.design, float(model.data.event.sum()), "any event")
    first = model.terms(zero)
    score = float(first.score @ np.linalg.solve(first.information, first.score))
    found = maximize_penalized(model.terms, zero)
    return NewtonFit(found.beta, found.terms, first, score, found.iterations, none, found.converged)


def inverse_information(fit: NewtonFit) -> np.ndarray:
    """The inverse information; NaN for infinite coefficients, the others' taken as if those were fixed."""
    information = fit.terms.information
    if not fit.diverging.any():
        return 1.0 / information if information.size == 1 else np.linalg.inv(information)
    finite = np.flatnonzero(~fit.diverging)
    covariance = np.full(information.shape, np.nan)
    covariance[np.ix_(finite, finite)] = np.linalg.inv(information[np.ix_(finite, finite)])
    return covariance


def profile_limits(
    model: CoxModel, beta: np.ndarray, target: float, error: np.ndarray, signs: np.ndarray
) -> np.ndarray:
    """Limits of each coefficient, (p, 2), at which the profile log-likelihood is `target`.

    `error` (p): a first guess of their distance from `beta`. `signs` (p): the sign of an infinite coefficient, else 0.
    """
    scale = model.design.spread
    limits = np.empty((len(beta), 2))
    for j in range(len(beta)):
        for side, sign in enumerate((-1.0, 1.0)):
            if signs[j] == sign:
                limits[j, side] = sign * math.inf
                continue
            step = sign * (error[j] if signs[j] == 0.0 else 1.0 / scale[j])
            penalized = model.penalty is not None
            limits[j, side] = profile_limit(model.terms, beta, target, j, step, scale, penalized=penalized)
    return limits
