"""Which standard errors a printed hazard ratio, interval and P value allow, all digits taken together.

Unknowns: b, the log hazard ratio, and s, its standard error. A printed number leaves an interval of true values, so
each is a pair of straight lines in the plane of b and s, and all of them together a polygon: empty where the numbers
cannot belong to one estimate, and otherwise with every pair they can belong to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from equipoise.evidence.printed import Printed
from equipoise.kernels.plain.special import normal_quantile

# Half-plane: p * b + q * s <= r.
HalfPlane = tuple[float, float, float]
Corner = tuple[float, float]

_LARGEST_SE = 20.0
_SLACK = 1e-9


@dataclass(frozen=True)
class Reading:
    """How the printed numbers are read: the interval's level as a share, the sides of P."""

    level: float = 0.95
    sides: int = 2


@dataclass(frozen=True)
class Allowance:
    """How far honest numbers may part.

    `relative` and `absolute` widen z of P, since P often comes from a log-rank test, stratified or not, and the ratio
    from Cox's model; `skew` widens the halves of an interval to either side by this share of z s, as a
    profile-likelihood interval's halves differ by its third derivative.
    """

    relative: float
    absolute: float
    skew: float


def interval_planes(lower: Printed, upper: Printed, level: float, skew: float) -> list[HalfPlane]:
    """lower = b - z s (1 -+ e) and upper = b + z s (1 +- e); e is at most `skew` times the printed half width."""
    z = normal_quantile(0.5 + level / 2.0)
    planes: list[HalfPlane] = []
    width = 0.0
    if lower.reached and upper.reached and 0.0 < lower.value < upper.value:
        width = 0.5 * (math.log(upper.value) - math.log(lower.value))
    e = skew * width
    if upper.reached:
        planes += [(-1.0, -z * (1.0 + e), -_log(upper.low)), (1.0, z * (1.0 - e), _log(upper.high))]
    if lower.reached:
        planes += [(-1.0, z * (1.0 - e), -_log(lower.low)), (1.0, -z * (1.0 + e), _log(lower.high))]
    return planes


def p_planes(p: Printed, sides: int, sign: int, allowance: Allowance) -> list[HalfPlane]:
    """z(P) s = -b (one-sided, in favor of the experimental arm) or |b| (two-sided; `sign` is that of b), widened."""
    share = 0.5 if sides == 2 else 1.0
    # -quantile(P) keeps its digits where 1 - P has none left.
    low = -normal_quantile(p.high * share) if p.high * share < 1.0 else -math.inf
    high = -normal_quantile(p.low * share) if 0.0 < p.low * share < 1.0 else math.inf
    low -= allowance.relative * abs(low) + allowance.absolute
    high += allowance.relative * abs(high) + allowance.absolute
    side = float(sign) if sides == 2 else -1.0
    if sides == 2:
        low = max(low, 0.0)
    planes: list[HalfPlane] = []
    if math.isfinite(low):
        planes.append((-side, low, 0.0))
    if math.isfinite(high):
        planes.append((side, -high, 0.0))
    return planes


def allowed(ratio: Printed, planes: list[HalfPlane]) -> list[Corner]:
    """The corners of the polygon of (b, s) that a printed ratio and half-planes leave; empty where they leave none."""
    low, high = _log(ratio.low), _log(ratio.high)
    corners = [(low, 0.0), (high, 0.0), (high, _LARGEST_SE), (low, _LARGEST_SE)]
    for plane in planes:
        corners = _clipped(corners, plane)
        if not corners:
            return []
    return corners


def _clipped(corners: list[Corner], plane: HalfPlane) -> list[Corner]:
    p, q, r = plane
    kept: list[Corner] = []
    values = [p * b + q * s - r for b, s in corners]
    for place, (b, s) in enumerate(corners):
        before = place - 1
        here, there = values[place], values[before]
        if (here <= _SLACK) != (there <= _SLACK):
            share = there / (there - here)
            b0, s0 = corners[before]
            kept.append((b0 + share * (b - b0), s0 + share * (s - s0)))
        if here <= _SLACK:
            kept.append((b, s))
    return kept


def signs(ratio: Printed) -> tuple[int, ...]:
    """The signs that the log of a printed ratio may have."""
    return tuple(sign for sign, may in ((-1, ratio.low < 1.0), (1, ratio.high > 1.0)) if may) or (1,)


def standard_errors(
    ratio: Printed, interval: tuple[Printed, Printed] | None, p: Printed | None, reading: Reading, allowance: Allowance
) -> tuple[float, float] | None:
    """The least and the largest standard error that the printed numbers allow; None where they allow none."""
    planes = interval_planes(*interval, reading.level, allowance.skew) if interval else []
    found: list[Corner] = []
    if p is None:
        found = allowed(ratio, planes)
    else:
        for sign in signs(ratio):
            found += allowed(ratio, [*planes, *p_planes(p, reading.sides, sign, allowance), (float(-sign), 0.0, 0.0)])
    if not found:
        return None
    errors = [s for _, s in found]
    return min(errors), max(errors)


def _log(value: float) -> float:
    return math.log(value) if value > 0.0 else -1e3
