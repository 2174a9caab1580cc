"""The rows and the protocol paragraph of a group-sequential design."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from equipoise.design import boundaries, spending
from equipoise.design.boundaries import Boundary
from equipoise.design.design_result import (
    design_row,
    prose_count,
    prose_listing,
    prose_number,
    prose_percent,
    prose_small,
)
from equipoise.design.levels import ratio_words
from equipoise.design.spending import Spending
from equipoise.frames.results import ResultRow

# A `GroupSequentialDesign`, whose module calls this one.
Design = Any

_RECURSION = "group-sequential"
_SIDES = {"upper": "upper", "futility": "futility", "harm": "harm"}
_SCALES = (("z", "z", None), ("p", "p", "p"), ("hr", "hr", "ratio"), ("b", "b", None))
_POWERS = (("conditional_power", "conditional-power"), ("predictive_power", "predictive-power"))
_COUNTS = ("One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
# A spending time this near to the fraction is the fraction.
_SAME_TIME = 5e-4
_UNDER = ("null", "between", "alternative")


def sequential_rows(design: Design) -> list[ResultRow]:
    """See `GroupSequentialDesign.to_rows`."""
    return [*_whole(design), *(row for k in range(design.looks) for row in _look(design, k))]


def _whole(design: Design) -> Iterator[ResultRow]:
    yield design_row("alpha", design.alpha, label="one side's alpha")
    yield design_row("sides", design.sides, format="int")
    yield design_row("looks", design.looks, format="int")
    if math.isnan(design.drift):
        return
    for name, value, hint in (("power", design.power, "percent"), ("drift", design.drift, None)):
        yield design_row(name, value, format=hint, method=_RECURSION)
    yield design_row("inflation_factor", design.inflation, method=_RECURSION)
    for under in _UNDER:
        effect = {"null": 0.0, "between": 0.5, "alternative": 1.0}[under]
        share = design.expected_information(effect * design.drift)
        yield design_row(f"expected_information_{under}", share, format="percent", method=_RECURSION)
    if math.isnan(design.maximum):
        return
    yield design_row("hazard_ratio", design.hazard_ratio, format="ratio")
    yield design_row("ratio", design.ratio)
    yield design_row("events", design.maximum)
    for under in _UNDER:
        yield design_row(f"expected_events_{under}", design.expected_events(under), method=_RECURSION)


def _look(design: Design, k: int) -> Iterator[ResultRow]:
    look = k + 1
    yield design_row("information_fraction", design.fraction[k], look=look, format="percent")
    if not math.isnan(design.maximum):
        yield design_row("events", design.events[k], look=look)
    for bound, name in _SIDES.items():
        if np.isfinite(getattr(design, bound)[k]):
            yield from _bound(design, bound, name, k)
    yield design_row("alpha_spent", design.alpha_spent[k], look=look, method=_method(design.rules.efficacy))
    if not math.isnan(design.drift):
        yield design_row("power", design.power_by_look[k], look=look, format="percent", method=_RECURSION)
        yield design_row("beta_spent", design.beta_spent[k], look=look, method=_method(design.rules.futility))


def _bound(design: Design, bound: str, name: str, k: int) -> Iterator[ResultRow]:
    rule = getattr(design.rules, "efficacy" if bound == "upper" else bound)
    method = _method(design.rules.efficacy if isinstance(rule, str) else rule)
    for statistic, scale, hint in _SCALES:
        if scale == "hr" and math.isnan(design.maximum):
            continue
        value = design.on_scale(scale, bound)[k]
        yield design_row(f"{statistic}_{name}", value, look=k + 1, format=hint, method=method)
    for statistic, scale in _POWERS:
        known = scale == "predictive-power" or not math.isnan(design.drift)
        if known and k + 1 < design.looks:
            value = design.on_scale(scale, bound)[k]
            yield design_row(f"{statistic}_{name}", value, look=k + 1, format="percent", method=scale)


def _method(rule: Any) -> str:
    if isinstance(rule, Spending):
        return spending.CITATION[rule.family]
    return boundaries.CITATION[rule.family] if isinstance(rule, Boundary) else _RECURSION


def sequential_text(design: Design) -> str:
    """See `GroupSequentialDesign.text`."""
    sentences = [_plan(design), _efficacy(design), *_futility(design), *_harm(design), *_power(design)]
    return " ".join(sentences)


def _numbers(values: Any, digits: int = 3) -> str:
    return prose_listing([prose_small(v, digits) for v in np.asarray(values).tolist()])


def _plan(design: Design) -> str:
    if design.looks == 1:
        what = "One analysis is planned"
    else:
        count = design.looks - 1
        word = _COUNTS[count - 1] if count <= len(_COUNTS) else str(count)
        what = f"{word} interim {'analysis' if count == 1 else 'analyses'} and a final analysis are planned"
    if math.isnan(design.maximum):
        return f"{what}, at {_shares(design)} of the maximum information."
    shares = "" if design.looks == 1 else f" ({_shares(design)} of the maximum)"
    return f"{what}, at {_numbers(design.events, 1)} event{'' if design.maximum == 1.0 else 's'}{shares}."


def _shares(design: Design) -> str:
    return prose_listing([prose_percent(f) for f in design.fraction.tolist()])


def _efficacy(design: Design) -> str:
    level = prose_small(design.sides * design.alpha, 6)
    sided = "one-sided" if design.sides == 1 else "two-sided"
    kept = _bounded(design.upper)
    p = f"nominal one-sided P {_numbers(design.on_scale('p')[kept], 5)}"
    bounds = f"Z {_numbers(design.upper[kept])}{_at(design, kept)} ({p}{_hazard(design, 'upper', kept, ', ')})"
    noun, follow, are = ("bound", "follows", "is") if len(kept) == 1 else ("bounds", "follow", "are")
    rule = design.rules.efficacy
    come = f"{follow} from the {rule.describe()}" if isinstance(rule, Spending | Boundary) else f"{are} as given"
    come += _read_at(design) if isinstance(rule, Spending) else ""
    return (
        f"The type I error is {sided} {level}; the efficacy {noun} {come}: {bounds}, "
        "positive Z favoring the experimental arm."
    )


def _read_at(design: Design) -> str:
    """Where spending functions are read, if not at the share of information of each look."""
    if np.abs(design.spending_time - design.fraction).max() <= _SAME_TIME:
        return ""
    return f", read at {prose_listing([prose_percent(t) for t in design.spending_time.tolist()])} of its course"


def _futility(design: Design) -> Iterator[str]:
    kept = _bounded(design.futility[:-1])
    if not len(kept):
        return
    rule = design.rules.futility
    come = f"from the {rule.describe()}" if isinstance(rule, Spending) else "as given"
    one = len(kept) == 1
    these = f"{'this bound is' if one else 'these bounds are'}"
    obeyed = f"non-binding, so the type I error holds if {'it is' if one else 'they are'} not obeyed"
    yield (
        f"Futility may be declared below Z {_numbers(design.futility[kept])}{_at(design, kept)}"
        f"{_hazard(design, 'futility', kept, ' (')}, {come}; {these} {'binding' if design.rules.binding else obeyed}."
    )


def _harm(design: Design) -> Iterator[str]:
    kept = _bounded(design.harm)
    if len(kept):
        yield f"Harm is declared below Z {_numbers(design.harm[kept])}{_at(design, kept)}."


def _bounded(bounds: np.ndarray) -> np.ndarray:
    """The positions of the looks that have a bound."""
    return np.flatnonzero(np.isfinite(bounds))


def _at(design: Design, kept: np.ndarray) -> str:
    """The looks that have the bound, where not all of them do."""
    if len(kept) == design.looks:
        return ""
    return f" at look{'s' * (len(kept) > 1)} {prose_listing([str(k + 1) for k in kept.tolist()])}"


def _hazard(design: Design, bound: str, kept: np.ndarray, opening: str) -> str:
    if math.isnan(design.maximum):
        return ""
    closing = ")" if opening == " (" else ""
    return f"{opening}hazard ratio {_numbers(design.on_scale('hr', bound)[kept])}{closing}"


def _power(design: Design) -> Iterator[str]:
    if math.isnan(design.drift):
        return
    power = prose_percent(design.power, 2)
    inflation = prose_number(design.inflation, 4)
    if design.looks == 1:
        yield from _single_power(design, power)
        return
    if math.isnan(design.maximum):
        yield f"Power of {power} needs {inflation} times the information of a single analysis."
        return
    expected = [prose_number(design.expected_events(under), 1) for under in _UNDER]
    yield (
        f"With {prose_count(prose_number(design.maximum, 1), 'event')} the power is {power} at a hazard ratio of "
        f"{prose_small(design.hazard_ratio, 4)} with {ratio_words(design.ratio)} randomization (experimental to "
        f"control), {inflation} times the events of a single analysis. "
        f"{expected[0]} events are expected without effect, {expected[1]} at half the log hazard ratio and "
        f"{expected[2]} under the alternative."
    )


def _single_power(design: Design, power: str) -> Iterator[str]:
    if not math.isnan(design.maximum):
        yield (
            f"With {prose_count(prose_number(design.maximum, 1), 'event')} the power is {power} at a hazard ratio of "
            f"{prose_small(design.hazard_ratio, 4)} with {ratio_words(design.ratio)} randomization (experimental to "
            "control)."
        )
