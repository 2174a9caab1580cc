"""Scores of the log-rank family for times known by intervals, from the estimate of all subjects together."""

from __future__ import annotations

import numpy as np


def interval_scores(holds: np.ndarray, mass: np.ndarray, kind: str) -> np.ndarray:
    """What each subject adds to observed - expected: (f(S(left)) - f(S(right))) / (S(left) - S(right)).

    `holds` (n, m) says which innermost intervals, in order, a subject's interval contains, `mass` (m) their masses.
    `kind`: "sun", f(S) = S log of the exponential of less the cumulative hazard sum of p_j / S(before j), with which
    right-censored data give the log-rank test; "finkelstein", f(S) = S log S, the score of proportional hazards; or
    "wilcoxon", f(S) = S (S - 1), whose score is S(left) + S(right) - 1.

    Source: Fay MP, Shaw PA. J Stat Softw 2010;36(2):1-34, section 2; Sun J. Stat Med 1996;15:1387-1395; Finkelstein DM.
    Biometrics 1986;42:845-854.
    """
    survival = np.maximum(1.0 - np.concatenate(([0.0], np.cumsum(mass))), 0.0)
    survival[-1] = 0.0
    # An interval without mass is as good as absent; its ends take the survival of their neighbors.
    first = np.argmax(holds > 0.0, axis=1)
    last = holds.shape[1] - 1 - np.argmax(holds[:, ::-1] > 0.0, axis=1)
    before, after = survival[first], survival[last + 1]
    share = holds @ mass
    if kind == "wilcoxon":
        return before + after - 1.0
    f = _finkelstein(survival) if kind == "finkelstein" else _sun(survival, mass)
    return (f[first] - f[last + 1]) / share


def _finkelstein(survival: np.ndarray) -> np.ndarray:
    positive = survival > 0.0
    return np.where(positive, survival * np.log(np.where(positive, survival, 1.0)), 0.0)


def _sun(survival: np.ndarray, mass: np.ndarray) -> np.ndarray:
    before = survival[:-1]
    hazard = np.where(before > 0.0, mass / np.where(before > 0.0, before, 1.0), 0.0)
    return -survival * np.concatenate(([0.0], np.cumsum(hazard)))
