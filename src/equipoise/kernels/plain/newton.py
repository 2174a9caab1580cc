"""Damped Newton ascent of a concave log-likelihood."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from equipoise.kernels.plain.cox import CoxTerms

# The squared step in standard errors below which one more Newton step leaves an error of about its square.
_DECREMENT = 1e-12
# Below this the step, 1e-11 standard errors, is still taken but changes no term that would have to be made afresh.
_NO_DECREMENT = 1e-22
_MAX_HALVINGS = 40
_MAX_ITERATIONS = 100


class NewtonFit(NamedTuple):
    """The maximum: `beta` (p), the terms there and at the start, the score statistic U' I^-1 U at the start.

    `diverging` (p booleans) marks coefficients whose steps did not shrink although the log-likelihood no longer rose:
    the likelihood is monotone in them and its maximum lies at infinity. `converged` is false when neither a maximum
    nor such a limit was reached.
    """

    beta: np.ndarray
    terms: CoxTerms
    start: CoxTerms
    score_statistic: float
    iterations: int
    diverging: np.ndarray
    converged: bool


def maximize(evaluate: Callable[[np.ndarray], CoxTerms], scale: np.ndarray, start: np.ndarray) -> NewtonFit:
    """Newton's method with step halving, from `start`.

    Each step solves I s = U and is halved until the log-likelihood does not fall. It stops after a step with
    U' s <= 1e-12: near a finite maximum steps shrink quadratically, so the error left is far below rounding of a
    standard error; after one with U' s <= 1e-22 the terms are not evaluated again. Along a direction in which the
    likelihood is monotone every step stays about one unit on the scale of the covariates (`scale`, p: their spread),
    which is how divergence is told.

    Source: Therneau TM, Grambsch PM. Modeling Survival Data. Springer 2000, section 3.1 (Newton with halving).
    """
    beta = start.astype(float)
    first = terms = evaluate(beta)
    step = np.zeros_like(beta)
    decrement, score_statistic = np.inf, np.nan
    iterations = 0
    while iterations < _MAX_ITERATIONS and decrement > _DECREMENT:
        solved = _step(terms)
        if solved is None:
            break
        step, decrement = solved
        score_statistic = decrement if iterations == 0 else score_statistic
        if decrement <= _NO_DECREMENT:
            beta = beta + step
            break
        beta, terms = _ascend(evaluate, beta, terms, step)
        iterations += 1
    diverging = np.abs(step) * scale > 1e-2 if decrement < 1e-3 else np.zeros(len(beta), dtype=bool)
    settled = bool(decrement <= _DECREMENT or diverging.any())
    return NewtonFit(beta, terms, first, score_statistic, iterations, diverging, settled)


def _step(terms: CoxTerms) -> tuple[np.ndarray, float] | None:
    if len(terms.score) == 1:
        information, score = float(terms.information[0, 0]), float(terms.score[0])
        return (terms.score / information, score * score / information) if information > 0.0 else None
    try:
        step = np.linalg.solve(terms.information, terms.score)
    except np.linalg.LinAlgError:
        return None
    return step, float(step @ terms.score)


def _ascend(
    evaluate: Callable[[np.ndarray], CoxTerms], beta: np.ndarray, terms: CoxTerms, step: np.ndarray
) -> tuple[np.ndarray, CoxTerms]:
    slack = 1e-12 * (1.0 + abs(terms.loglik))
    for halving in range(_MAX_HALVINGS):
        proposed = beta + step * 0.5**halving
        found = evaluate(proposed)
        if math.isfinite(found.loglik) and found.loglik >= terms.loglik - slack:
            return proposed, found
    return beta, terms


def dependent_columns(information: np.ndarray, floor: np.ndarray) -> list[tuple[int, list[int]]]:
    """Columns of an information matrix that carry nothing beyond the columns before them.

    Returns pairs (column, the columns it depends on); the latter are empty where the covariate does not vary within
    any risk set, that is where its information is at most `floor` (p). A pivot of the Cholesky factorization below
    1e-10 of its diagonal counts as zero.
    """
    diagonal = np.diag(information)
    kept: list[int] = []
    found: list[tuple[int, list[int]]] = []
    for j, own in enumerate(diagonal):
        if own <= floor[j]:
            found.append((j, []))
            continue
        if not kept:
            kept.append(j)
            continue
        weights = np.linalg.solve(information[np.ix_(kept, kept)], information[kept, j])
        if own - information[kept, j] @ weights <= 1e-10 * own:
            size = np.abs(weights) * np.sqrt(diagonal[kept])
            found.append((j, [k for k, part in zip(kept, size, strict=True) if part > 1e-6 * np.sqrt(own)]))
        else:
            kept.append(j)
    return found
