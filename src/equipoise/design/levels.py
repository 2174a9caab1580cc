"""The numbers every design starts from: error rate, sides, power, allocation ratio, hazard ratio. Checked here."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from equipoise.errors import ArgumentError, permitted
from equipoise.kernels.plain.special import normal_quantile

Ratio = float | tuple[float, float]

_MOST_SHOWN = 160


def refused(name: str, value: object, hint: str, reason: str | None = None) -> ArgumentError:
    """The error for one argument that cannot be used."""
    return ArgumentError("argument-invalid", f"{name} is {_shown(value)}", where=name, reason=reason, hint=hint)


def _shown(value: object) -> str:
    """The value on one line, cut where it is long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 4]} ..."


def check_positive(value: Any, name: str, *, zero: bool = False) -> float:
    """A finite number above zero (or from zero on) as a float. Raises ArgumentError `argument-invalid`."""
    number = to_float(value, name)
    if not math.isfinite(number) or number < 0.0 or (number == 0.0 and not zero):
        raise refused(name, value, "a finite number, zero or above" if zero else "a finite number above zero")
    return number


def to_float(value: Any, name: str) -> float:
    """One number as a float. Raises ArgumentError `argument-invalid` for text, arrays and booleans."""
    try:
        # A column of one row is no number: pandas and numpy would convert it.
        if isinstance(value, bool | str) or getattr(value, "shape", ()) != ():
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise refused(name, value, "one number") from None


def to_floats(values: Any, name: str, hint: str = "a sequence of numbers") -> list[float]:
    """Several numbers as floats, from any sequence. Raises ArgumentError `argument-invalid`."""
    try:
        if isinstance(values, str):
            raise TypeError
        return [to_float(value, name) for value in values]
    except TypeError:
        raise refused(name, values, hint) from None
    except ArgumentError:
        raise refused(name, list(values), hint) from None


def to_array(values: Any, name: str, hint: str) -> np.ndarray:
    """One number or several, of any shape, as an array of floats. Raises ArgumentError `argument-invalid`."""
    try:
        found = np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise refused(name, values, hint) from None
    if np.asarray(values).dtype.kind not in "iuf" or np.isnan(found).any():
        raise refused(name, values, hint)
    return found


def check_flag(value: Any, name: str) -> bool:
    """True or False, and nothing that merely counts as such. Raises ArgumentError `argument-invalid`."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise refused(name, value, "True or False")


def check_choice(value: str, known: Iterable[str], name: str) -> None:
    """Raises ArgumentError `argument-invalid` naming the nearest permitted value."""
    if not isinstance(value, str) or value not in known:
        raise refused(name, value, permitted(str(value), known))


def check_alpha(alpha: Any, sides: Any) -> float:
    """The error rate of one side, alpha / sides. Raises ArgumentError `argument-invalid`."""
    level = to_float(alpha, "alpha")
    if not 0.0 < level < 1.0:
        raise refused("alpha", alpha, "a probability above 0 and below 1, such as 0.05")
    one_or_two = not isinstance(sides, bool) and getattr(sides, "shape", ()) == () and sides in (1, 2)
    if not one_or_two:
        raise refused("sides", sides, "1 or 2; 2 puts half of alpha on the side of benefit")
    return level / int(sides)


def check_power(power: Any, alpha: float) -> float:
    """The power as a float, above `alpha` and below 1. Raises ArgumentError `argument-invalid`."""
    level = to_float(power, "power")
    if not 0.0 < level < 1.0:
        raise refused("power", power, "a probability above alpha and below 1, such as 0.8")
    if level <= alpha:
        reason = f"a test that ignores the data rejects with probability alpha = {alpha:g}"
        raise refused("power", power, "give a power above alpha", reason)
    return level


def to_ratio(ratio: Any) -> float:
    """Experimental to control as one number, from a number or a pair. Raises ArgumentError `argument-invalid`.

    >>> to_ratio(2), to_ratio((2, 1))
    (2.0, 2.0)
    """
    if isinstance(ratio, tuple | list):
        if len(ratio) != 2:
            raise refused("ratio", ratio, "a number or a pair, experimental to control: 2 or (2, 1)")
        return check_positive(ratio[0], "ratio") / check_positive(ratio[1], "ratio")
    return check_positive(ratio, "ratio")


def experimental_share(ratio: float) -> float:
    """The share of patients in the experimental arm, r / (1 + r)."""
    return ratio / (1.0 + ratio)


def critical_z(alpha: float) -> float:
    """The upper quantile of the standard normal at one side's alpha."""
    return -normal_quantile(alpha)


def ratio_words(ratio: float) -> str:
    """ "2:1", with whole numbers where small ones fit.

    >>> ratio_words(2.0), ratio_words(1.5), ratio_words(0.5)
    ('2:1', '3:2', '1:2')
    """
    parts = ratio_parts(ratio)
    return f"{parts[0]}:{parts[1]}" if parts else f"{ratio:.4g}:1"


def ratio_parts(ratio: float) -> tuple[int, int] | None:
    """The smallest whole numbers in this ratio, up to 20, or None."""
    for control in range(1, 21):
        experimental = round(ratio * control)
        if 1 <= experimental <= 20 and abs(experimental / control - ratio) <= 1e-9 * ratio:
            return experimental, control
    return None
