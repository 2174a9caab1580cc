"""`plain.feasibility` compiled, its functions unchanged; without it a search of seconds takes an hour."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from numba import njit

from equipoise.kernels.plain import feasibility as plain

# Callers after what they call.
_ORDER: tuple[Callable[..., Any], ...] = (
    plain.outside, plain.time_miss, plain.half_distance, plain.limit_of, plain.pass_limits, plain.landmark_miss,
    plain.curve_misses, plain.cox_binary, plain.logrank_binary, plain.effect_miss, plain.misfit, plain.relocate,
    plain.interval_of, plain.proposed_time, plain.flip, plain.unflip, plain.anneal,
)  # fmt: skip


def _compiled() -> dict[str, Any]:
    """Each function with those it calls replaced by their compiled forms."""
    names: dict[str, Any] = dict(vars(plain))
    for law in _ORDER:
        bound = FunctionType(law.__code__, names, law.__name__)  # pyright: ignore[reportAttributeAccessIssue]
        bound.__qualname__, bound.__module__ = law.__qualname__, __name__  # pyright: ignore[reportAttributeAccessIssue]
        names[law.__name__] = njit(bound, cache=True, nogil=True)  # pyright: ignore[reportAttributeAccessIssue]
    return names


_FUNCTIONS = _compiled()
misfit = _FUNCTIONS["misfit"]
anneal = _FUNCTIONS["anneal"]
