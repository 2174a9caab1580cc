"""Group-sequential designs: bounds, drift, events and power from what the designer decides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.design.boundaries import Boundary
from equipoise.design.levels import (
    check_alpha,
    check_choice,
    check_flag,
    check_positive,
    check_power,
    refused,
    to_floats,
    to_ratio,
)
from equipoise.design.sequential_design import GroupSequentialDesign, design_of
from equipoise.design.sequential_rules import Bound, SequentialRules, as_floats
from equipoise.design.spending import Spending, spending_invalid, to_spending
from equipoise.errors import DesignError
from equipoise.kernels.dispatch import ENGINES

Floats = npt.NDArray[np.float64]

_OBRIEN_FLEMING = Spending("obrien-fleming")
_MOST_LOOKS = 100
# Looks closer than this share of the maximum have the same data, whatever the number of events.
_CLOSEST = 1e-4
# A Z value copied from a printed design is the same.
_SAME_Z = 1e-3
_HARM_WORDS = (None, "mirror", "none")


def group_sequential(
    information: int | Sequence[float] | np.ndarray,
    *,
    alpha: float,
    sides: int,
    efficacy: Any = _OBRIEN_FLEMING,
    futility: Any = None,
    binding: bool = False,
    harm: Any = None,
    harm_alpha: float | None = None,
    power: float | None = None,
    hazard_ratio: float | None = None,
    ratio: float | tuple[float, float] = 1.0,
    efficacy_at: Sequence[int] | None = None,
    futility_at: Sequence[int] | None = None,
    spending_time: Sequence[float] | None = None,
    integer: bool = False,
    engine: str = "auto",
) -> GroupSequentialDesign:
    """Group-sequential bounds for Z (positive favors the experimental arm), with the drift, events and power they need.

    Arguments:
    - `information`: a number of equally spaced looks; or fractions rising to 1; or events at each look. Fractions leave
      the maximum open; events fix it.
    - `alpha` and `sides` (1 or 2; 2 puts alpha / 2 on the side of benefit).
    - `efficacy`: a `Spending` (or its name), a `Boundary`, or Z values by look (None as the last: what alpha leaves).
    - `futility`: a `Spending` of the type II error, Z values for the interims (None or minus infinity: none), or None.
      `binding` lowers the efficacy bounds on the promise that futility bounds are obeyed; by default it does not.
    - `harm`: a lower bound for the null hypothesis: None (the mirror image of efficacy when `sides` is 2, else none),
      "mirror", "none", or as `efficacy`, for a one-sided error `harm_alpha` (one side's alpha unless given), then
      without effect on the efficacy bounds.
    - `power` and `hazard_ratio` (experimental / control, below 1), `ratio` (experimental : control). With fractions:
      power alone gives the drift and inflation factor, with the hazard ratio also the events. With events: the hazard
      ratio gives the power, the power gives the hazard ratio.
    - `efficacy_at`, `futility_at`: the looks (from 1) that have such a bound, all unless given; error not spent there
      is spent at the next look that has one.
    - `spending_time`: where the spending functions are read (K,), rising to 1, such as fractions of calendar time.
    - `integer`: after solving, the maximum number of events is rounded up, interims to the nearest, and bounds and
      power are computed anew for these events, the type II error being what the power attained leaves.
    - `engine`: "plain", "compiled", or "auto" (compiled when numba is loaded already; same numbers to 1e-12).

    Returns a `GroupSequentialDesign`. Raises ArgumentError `argument-invalid`; DesignError `spending-invalid`
    (information or spending that decreases, error above alpha, bounds that cross), `design-unknowns` (too much or too
    little is given), `design-unreachable`.
    Source: Jennison C, Turnbull BW. Group sequential methods with applications to clinical trials. Chapman & Hall 2000;
    computed by `kernels.plain.sequential`.

    >>> design = group_sequential([0.5, 1.0], alpha=0.025, sides=1, power=0.9, hazard_ratio=0.7)
    >>> [round(z, 4) for z in design.upper.tolist()], round(design.maximum, 2)
    ([2.9626, 1.9686], 331.51)
    """
    side = check_alpha(alpha, sides)
    if side >= 0.5:
        raise refused("alpha", alpha, "an alpha of one side below 0.5")
    if engine not in ENGINES:
        check_choice(engine, ENGINES, "engine")
    fraction, maximum = _information(information)
    looks = len(fraction)
    time = fraction if spending_time is None else _spending_time(spending_time, looks)
    rules = SequentialRules(
        side,
        _efficacy(efficacy, looks, side),
        None if futility is None else _futility(futility, looks, power),
        bool(binding),
        *_harm(harm, harm_alpha, sides, side, looks),
        None if efficacy_at is None else _looks(efficacy_at, "efficacy_at", looks, needs_last=True),
        None if futility_at is None else _looks(futility_at, "futility_at", looks, needs_last=False),
        engine,
    )
    _check_flags(rules, binding, futility_at, harm_alpha, integer)
    given = None if power is None else check_power(power, alpha)
    r = to_ratio(ratio)
    hr = None if hazard_ratio is None else _hazard_ratio(hazard_ratio)
    _check_unknowns(rules, maximum, given, hr, integer)
    arguments = {
        "information": information, "alpha": alpha, "sides": sides, "efficacy": rules.efficacy,
        "futility": rules.futility, "binding": binding, "harm": harm, "harm_alpha": harm_alpha, "power": power,
        "hazard_ratio": hazard_ratio, "ratio": ratio, "efficacy_at": rules.efficacy_at,
        "futility_at": rules.futility_at, "spending_time": spending_time, "integer": integer,
    }  # fmt: skip
    design = design_of(rules, fraction, time, maximum, given, hr, r, int(sides), arguments)
    if isinstance(rules.futility, np.ndarray):
        _check_last(futility, float(rules.futility[-1]), float(design.upper[-1]))
    return design.rounded() if integer else design


@lru_cache(maxsize=256)
def _equal(looks: int) -> Floats:
    return _frozen(np.arange(1, looks + 1) / looks)


@lru_cache(maxsize=256)
def _increasing(values: tuple[float, ...]) -> tuple[Floats, float | None]:
    """Fractions and the maximum (None for fractions) of information that was given look by look."""
    hint = "give fractions that rise to 1, or events that rise"
    listed = list(values)
    if not values or not all(math.isfinite(v) for v in values):
        raise spending_invalid(f"information is {listed}", "every look needs its information", hint)
    for look, (before, now) in enumerate(zip((0.0, *values), values, strict=False), start=1):
        if now <= before:
            said = f"information at look {look} is {now:g}, after {before:g}"
            raise spending_invalid(said, "information grows with every look", hint)
        if now - before < _CLOSEST * values[-1]:
            said = f"information at look {look} is {now!r}, hardly above {before!r}"
            raise spending_invalid(
                said, f"a look adds at least {_CLOSEST:g} of the maximum", "leave one of the two out"
            )
    if len(values) > _MOST_LOOKS:
        raise refused("information", listed, f"{_MOST_LOOKS} looks at most")
    last = values[-1]
    if last < 1.0 - 1e-9:
        raise refused("information", listed, hint, f"the last fraction is {last:g}, not 1")
    relative = last <= 1.0 + 1e-9
    return _frozen(np.array(values) / last), None if relative else last


def _frozen(values: Floats) -> Floats:
    values.setflags(write=False)
    return values


def _information(information: Any) -> tuple[Floats, float | None]:
    if isinstance(information, str):
        raise refused("information", information, "a number of looks, fractions that rise to 1, or events that rise")
    if isinstance(information, int | np.integer):
        information = information if isinstance(information, bool) else int(information)
        if isinstance(information, bool) or not 1 <= information <= _MOST_LOOKS:
            hint = f"1 to {_MOST_LOOKS} looks; for one look at so many events give a list: [{information}]"
            raise refused("information", information, hint)
        return _equal(information), None
    try:
        return _increasing(tuple([float(value) for value in information]))
    except (TypeError, ValueError):
        hint = "a number of looks, fractions that rise to 1, or events that rise"
        raise refused("information", information, hint) from None


def _spending_time(times: Sequence[float], looks: int) -> Floats:
    hint = f"one fraction for each of {looks} looks"
    values = np.array(to_floats(times, "spending_time", hint))
    if len(values) != looks or np.isnan(values).any():
        raise refused("spending_time", list(times), hint)
    if (np.diff(values, prepend=0.0) < 0.0).any() or abs(values[-1] - 1.0) > 1e-9:
        hint = "give fractions from 0 to 1, the last 1"
        raise spending_invalid(f"spending_time is {list(times)}", "error once spent cannot be had back", hint)
    return values


def _efficacy(efficacy: Any, looks: int, alpha: float, name: str = "efficacy") -> Bound:
    if isinstance(efficacy, Boundary):
        return efficacy
    if isinstance(efficacy, Spending | str) or (isinstance(efficacy, tuple) and isinstance(efficacy[0], str)):
        spending = to_spending(efficacy)
        if spending.points:
            spending.check_total(alpha, "alpha of one side")
        return spending
    values = _z_values(efficacy, name, math.nan)
    if len(values) != looks or np.isnan(values[:-1]).any():
        raise refused(name, efficacy, f"a Z value for each of {looks} looks (infinity: none; None as the last)")
    return values


def _z_values(values: Any, name: str, missing: float) -> Floats:
    try:
        return as_floats(values, missing)
    except (TypeError, ValueError):
        hint = 'a Spending, a Boundary, or Z values: Spending("obrien-fleming"), Boundary("pocock"), [3.0, 1.97]'
        raise refused(name, values, hint) from None


def _futility(futility: Any, looks: int, power: float | None) -> Spending | Floats:
    if isinstance(futility, Spending | str) or (isinstance(futility, tuple) and isinstance(futility[0], str)):
        spending = to_spending(futility)
        if spending.points and power is not None:
            spending.check_total(1.0 - power, "1 - power")
        return spending
    if isinstance(futility, Boundary):
        raise refused(
            "futility", futility, "a Spending of the type II error, or Z values; classical shapes are for alpha"
        )
    values = _z_values(futility, "futility", -math.inf)
    if len(values) not in (looks - 1, looks) or np.isnan(values).any():
        hint = f"a Z value for each of {looks - 1} interims (None: none); at the last look it is the efficacy bound"
        raise refused("futility", futility, hint)
    return values if len(values) == looks else np.append(values, -math.inf)


def _check_last(futility: Any, last: float, efficacy: float) -> None:
    """Raises ArgumentError `argument-invalid` for a futility bound at the last look that is not the efficacy bound."""
    if math.isfinite(last) and abs(last - efficacy) > _SAME_Z:
        reason = f"at the last look futility ends where efficacy begins, at Z {efficacy:.6g}"
        raise refused("futility", list(futility), "leave out the last look, or give None there", reason)


def _harm(harm: Any, harm_alpha: float | None, sides: int, side: float, looks: int) -> tuple[Bound | str | None, float]:
    level = side if harm_alpha is None else check_alpha(harm_alpha, 1)
    if harm is None:
        return ("mirror" if sides == 2 else None), level
    if isinstance(harm, str) and harm in _HARM_WORDS:
        return (None if harm == "none" else harm), level
    return _efficacy(harm, looks, level, "harm"), level


def _looks(at: Sequence[int], name: str, looks: int, *, needs_last: bool) -> tuple[int, ...]:
    hint = f"looks are numbered from 1 to {looks}"
    numbers = to_floats(at, name, hint)
    if any(number not in range(1, looks + 1) for number in numbers):
        raise refused(name, list(at), hint)
    chosen = tuple(sorted({int(number) for number in numbers}))
    if needs_last and looks not in chosen:
        raise refused(name, list(at), f"the last look, {looks}, always has an efficacy bound: add it")
    return chosen


def _check_flags(rules: SequentialRules, binding: Any, futility_at: Any, harm_alpha: Any, integer: Any) -> None:
    """Raises ArgumentError `argument-invalid` for what is neither True nor False, or speaks of what is not there."""
    check_flag(integer, "integer")
    if rules.futility is None and (check_flag(binding, "binding") or futility_at is not None):
        name, value = ("binding", binding) if binding else ("futility_at", list(futility_at))
        raise refused(name, value, "give futility, or leave it out", "the design has no futility bounds")
    if harm_alpha is not None and (rules.harm is None or isinstance(rules.harm, str)):
        reason = "the mirror image of efficacy has its alpha" if rules.harm else "the design has no harm bound"
        raise refused("harm_alpha", harm_alpha, "give harm a spending function, or leave harm_alpha out", reason)
    if check_flag(binding, "binding"):
        _check_binding(rules)


def _check_binding(rules: SequentialRules) -> None:
    if isinstance(rules.futility, Spending) and not isinstance(rules.efficacy, Spending):
        hint = "give efficacy by spending too, or futility as Z values, or leave binding out"
        raise refused("binding", True, hint, "both bounds would have to be found together")


def _hazard_ratio(hazard_ratio: float) -> float:
    value = check_positive(hazard_ratio, "hazard_ratio")
    if value >= 1.0:
        reason = "at 1 there is no effect to find" if value == 1.0 else "above 1 the control arm does better"
        raise refused("hazard_ratio", hazard_ratio, "experimental / control, below 1", reason)
    return value


def _check_unknowns(
    rules: SequentialRules, maximum: float | None, power: float | None, hazard_ratio: float | None, integer: bool
) -> None:
    """Raises DesignError `design-unknowns` when too many or too few of events, power and hazard ratio are given."""
    if maximum is not None and power is not None and hazard_ratio is not None:
        raise _unknowns(
            "events, power and hazard ratio are all given", "two of them determine the third",
            "drop power, or hazard_ratio, or give fractions instead of events",
        )  # fmt: skip
    if maximum is None and hazard_ratio is not None and power is None:
        raise _unknowns(
            "a hazard ratio is given, and neither power nor events", "it does nothing alone",
            "give power, or events instead of fractions",
        )  # fmt: skip
    known = power is not None or (maximum is not None and hazard_ratio is not None)
    if rules.futility is not None and not known:
        raise _unknowns(
            "futility is asked for without an alternative", "futility bounds and their cost depend on it",
            "give power, or events with a hazard_ratio",
        )  # fmt: skip
    if integer and (maximum is not None or hazard_ratio is None):
        raise _unknowns(
            "integer=True has no events to round", "they are rounded after being solved for",
            "give fractions with power and hazard_ratio",
        )  # fmt: skip


def _unknowns(message: str, reason: str, hint: str) -> DesignError:
    return DesignError("design-unknowns", message, reason=reason, hint=hint)
