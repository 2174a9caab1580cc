"""The root of a continuous function inside a bracket, without derivatives and without scipy."""

from __future__ import annotations

from collections.abc import Callable

_EPSILON = 2.0**-52
_MOST_STEPS = 200


def root_between(
    function: Callable[[float], float], low: float, high: float, f_low: float | None = None, f_high: float | None = None
) -> float:
    """x in [low, high] with function(x) = 0, to the last bits of x; the signs at the ends must differ.

    Inverse quadratic interpolation where the three last points allow it, bisection otherwise.
    Source: Chandrupatla TR. Adv Eng Softw 1997;28:145-149.
    """
    a, b = high, low
    fa = function(a) if f_high is None else f_high
    fb = function(b) if f_low is None else f_low
    if fa == 0.0 or fb == 0.0:
        return a if fa == 0.0 else b
    if (fa > 0.0) == (fb > 0.0):
        raise ValueError(f"no change of sign between {low} and {high}: {fb} and {fa}")
    step, best = 0.5, a
    for _ in range(_MOST_STEPS):
        x = a + step * (b - a)
        fx = function(x)
        if (fx > 0.0) == (fa > 0.0):
            c, fc = a, fa
        else:
            c, fc, b, fb = b, fb, a, fa
        a, fa = x, fx
        best = a if abs(fa) < abs(fb) else b
        tolerance = 2.0 * _EPSILON * abs(best) + 1e-300
        limit = tolerance / abs(b - a) if b != a else 1.0
        if limit > 0.5 or fa == 0.0:
            return best if fa != 0.0 else a
        step = min(max(_interpolated(a, b, c, fa, fb, fc), limit), 1.0 - limit)
    return best


def _interpolated(a: float, b: float, c: float, fa: float, fb: float, fc: float) -> float:
    """The share of the way from a to b where the inverse parabola through three points is 0; 0.5 where it misleads."""
    across, height = (a - b) / (c - b), (fa - fb) / (fc - fb)
    if height**2 < across and (1.0 - height) ** 2 < 1.0 - across:
        return fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
    return 0.5
