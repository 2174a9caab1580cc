"""What imbalance costs: the power of the planned log-rank test at the split that randomization gives, by Schoenfeld.

With d events and a share p_s of the experimental arm in stratum s, of w_s of the patients, the information of the
stratified test is d sum w_s p_s (1 - p_s), and of the unstratified one d p (1 - p). The ratio r with p (1 - p) equal to
that goes into `equipoise.design.power_of`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from equipoise.design import LogrankPower, power_of
from equipoise.frames.results import ResultRow
from equipoise.randomization import Method
from equipoise.randomization.assessment_rows import scheme_row

Floats = npt.NDArray[np.float64]

QUANTILES = (0.50, 0.95)


def information_of(counts: npt.NDArray[np.int64]) -> Floats:
    """sum w_s p_s (1 - p_s) by trial, of counts (trials, strata, 2); 0 where nobody can be compared."""
    first, second = counts[..., 0].astype(np.float64), counts[..., 1].astype(np.float64)
    size = first + second
    product = np.divide(first * second, size, out=np.zeros_like(size), where=size > 0.0)
    return product.sum(axis=1) / size.sum(axis=1)


def power_at(information: float, planned: LogrankPower) -> float:
    """The power of the planned test at p (1 - p) = `information`; its one-sided level where nothing can be compared."""
    if information <= 0.0:
        return planned.alpha / planned.sides
    return _power(round(information, 15), planned.events, planned.hazard_ratio, planned.alpha, planned.sides)


@lru_cache(maxsize=100_000)
def _power(information: float, events: float, hazard_ratio: float, alpha: float, sides: int) -> float:
    # The larger root: the sign of the imbalance plays no part in Schoenfeld's variance.
    share = 0.5 + math.sqrt(max(0.25 - information, 0.0))
    ratio = share / (1.0 - share)
    return power_of(events, hazard_ratio=hazard_ratio, alpha=alpha, sides=sides, ratio=ratio).power


def power_rows(
    method: Method, information: Iterable[tuple[float, float]], planned: LogrankPower, test: str, how: str
) -> list[ResultRow]:
    """Rows of the power of a test: as planned, as expected, its loss, and quantiles of the loss.

    `information` gives the values of p (1 - p) with their probabilities; the loss is negative where an imbalance brings
    unequal arms nearer to each other.
    """
    p = planned.ratio / (1.0 + planned.ratio)
    target = power_at(p * (1.0 - p), planned)
    losses = sorted((target - power_at(value, planned), weight) for value, weight in information)
    loss = sum(value * weight for value, weight in losses)
    values = [("planned", target), ("expected", target - loss), ("loss", loss)]
    at = np.cumsum([weight for _, weight in losses])
    values += [(f"loss_q{100 * q:.0f}", losses[int(np.searchsorted(at, q - 1e-12))][0]) for q in QUANTILES]
    return [
        scheme_row(
            method, "power-loss", name, value, cited="schoenfeld", group2="test", level2=test, format="percent",
            convention=how,
        )
        for name, value in values
    ]  # fmt: skip
