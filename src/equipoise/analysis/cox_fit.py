"""How a Cox model is maximized: which options go together, which likelihood, and what its profile limits are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from equipoise.analysis.covariates import Design
from equipoise.analysis.cox_model import CoxModel
from equipoise.analysis.inputs import SurvivalData, check_choice
from equipoise.errors import ArgumentError, EstimationError
from equipoise.kernels import dispatch
from equipoise.kernels.plain.cox_firth import maximize_penalized
from equipoise.kernels.plain.cox_process import process_terms
from equipoise.kernels.plain.cox_profile import profile_limit
from equipoise.kernels.plain.newton import NewtonFit, dependent_columns, maximize

PENALTIES = ("firth",)


def check_combination(ties: str, penalty: str | None, data: SurvivalData, cluster: Any) -> None:
    if penalty is not None:
        check_choice(penalty, PENALTIES, "penalty")
    faults = []
    if ties == "exact":
        weighted = data.weight is not None and not (data.weight == 1.0).all()
        faults = [("weights", weighted), ("cluster", cluster is not None), ("penalty", penalty is not None)]
    elif penalty is not None:
        faults = [("cluster", cluster is not None)]
    for name, given in faults:
        if given:
            chosen = 'ties="exact"' if ties == "exact" else f'penalty="{penalty}"'
            raise ArgumentError(
                "argument-invalid",
                f"{name} is given with {chosen}",
                where=name,
                reason="the two have no definition together",
                hint='use ties="efron" or "breslow"' if ties == "exact" else "leave one of them out",
            )


def cox_maximum(model: CoxModel, engine: str) -> NewtonFit:
    data, design = model.data, model.design
    if model.penalty is not None:
        return _penalized_maximum(model)
    if model.ties == "exact":
        return maximize(model.terms, design.spread, np.zeros(len(design.terms)))
    return dispatch.maximize_cox(data.rows, design.patterns, design.codes, model.ties, design.spread, engine)


def _penalized_maximum(model: CoxModel) -> NewtonFit:
    p = len(model.design.terms)
    zero, none = np.zeros(p), np.zeros(p, dtype=bool)
    plain = process_terms(zero, model.hazards(zero))
    start = NewtonFit(zero, plain, plain, math.nan, 0, none, True)
    check_information(start, model.design, model.data)
    first = model.terms(zero)
    score = float(first.score @ np.linalg.solve(first.information, first.score))
    found = maximize_penalized(model.terms, zero)
    return NewtonFit(found.beta, found.terms, first, score, found.iterations, none, found.converged)


def inverse_information(fit: NewtonFit) -> np.ndarray:
    """The inverse information; NaN for infinite coefficients, the others' taken as if those were fixed."""
    information = fit.terms.information
    if not fit.diverging.any():
        return np.linalg.inv(information)
    finite = np.flatnonzero(~fit.diverging)
    covariance = np.full(information.shape, np.nan)
    covariance[np.ix_(finite, finite)] = np.linalg.inv(information[np.ix_(finite, finite)])
    return covariance


def check_information(fit: NewtonFit, design: Design, data: SurvivalData) -> None:
    floor = 1e-12 * max(float(data.event.sum()), 1.0) * design.spread**2
    found = dependent_columns(fit.start.information, floor)
    if not found:
        return
    faults = []
    for column, others in found:
        name = design.names[column]
        if others:
            faults.append(f"{name} is a combination of {', '.join(design.names[k] for k in others)}")
        else:
            faults.append(f"{name} does not vary among those at risk at any event")
    raise EstimationError(
        "estimate-undefined",
        f"the data do not determine every coefficient: {'; '.join(faults)}",
        reason="such a coefficient has no estimate: the likelihood does not change with it",
        hint="leave the named covariates out, or look at the coding of the data",
    )


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
