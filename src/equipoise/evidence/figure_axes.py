"""The axes of a figure: ticks found, their labels read, places on the page turned into times and shares."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.errors import ArgumentError, DataError
from equipoise.evidence.vector_figure import DrawnLine, DrawnText, VectorFigure

_NUMBER = re.compile(r"^[-+−]?\d*[.,·]?\d+\s*%?$")
# A tick is this short beside the figure, and ticks of one axis are spaced this evenly.
_SHORT = 0.06
_UNEVEN = 0.02
_AGREE = 0.01


@dataclass(frozen=True)
class Axis:
    """A straight axis: value = start + slope * place. `said`: how it was set; `ticks`: places of its ticks."""

    start: float
    slope: float
    ticks: tuple[float, ...]
    said: str

    def value(self, place: np.ndarray) -> np.ndarray:
        return self.start + self.slope * np.asarray(place)


@dataclass(frozen=True)
class Axes:
    x: Axis
    y: Axis


def find_axes(
    figure: VectorFigure, x_axis: Sequence[float] | None = None, y_axis: Sequence[float] | None = None
) -> Axes:
    """Both axes of a figure.

    Arguments: `x_axis`, `y_axis`: the values at the first and the last tick, (0, 24), where the labels of the ticks are
    no text (outlines), or to overrule them; heights as share of 1 or percent. Raises DataError `figure-unreadable`
    where ticks or their values are not found, `axis-misset` where labels are not evenly spaced; ArgumentError
    `argument-invalid`.
    """
    size = np.ptp(np.concatenate([line.corners for line in figure.lines]), axis=0).max() if figure.lines else 0.0
    return Axes(
        _axis(figure, _ticks(figure.lines, 0, _SHORT * size), 0, x_axis, "x"),
        _axis(figure, _ticks(figure.lines, 1, _SHORT * size), 1, y_axis, "y"),
    )


def _ticks(lines: Sequence[DrawnLine], along: int, longest: float) -> tuple[np.ndarray, float]:
    """Places of the ticks along an axis, and the place of their outer ends across it."""
    across = 1 - along
    found = []
    for line in lines:
        span = line.span
        if len(line.corners) == 2 and span[along] <= 1e-3 * max(span[across], 1e-9) and 0.0 < span[across] <= longest:
            ends = np.sort(line.corners[:, across])
            found.append((float(line.corners[0, along]), float(ends[0]), float(ends[1])))
    groups: dict[tuple[float, float], set[float]] = {}
    for place, low, high in found:
        groups.setdefault((round(low, 1), round(high, 1)), set()).add(round(place, 4))
    # The axis lies at the bottom or at the left: among evenly spaced groups the one furthest there.
    usable = [(ends[0], sorted(places)) for ends, places in groups.items() if _even(sorted(places))]
    if not usable:
        return np.empty(0), 0.0
    outer, places = min(usable, key=lambda each: (each[0], -len(each[1])))
    return np.array(places), outer


def _even(places: list[float]) -> bool:
    gaps = np.diff(places)
    return len(places) >= 2 and bool(np.ptp(gaps) <= _UNEVEN * gaps.mean()) and bool(gaps.min() > 0.0)


def _axis(
    figure: VectorFigure, found: tuple[np.ndarray, float], along: int, given: Sequence[float] | None, name: str
) -> Axis:
    ticks, outer = found
    if len(ticks) < 2:
        raise DataError(
            "figure-unreadable", f"no ticks of the {name} axis are found", where=figure.source or None,
            reason="places on the page become times and shares by the axis ticks",
            hint="give the points as CSV (time, survival, arm) where the figure has none",
        )  # fmt: skip
    if given is not None:
        return _given_axis(ticks, given, name)
    places, values = _labelled(figure.texts, ticks, outer, along)
    if len(places) < 2:
        raise DataError(
            "figure-unreadable", f"the labels of the {name} axis are no text: {len(ticks)} ticks without values",
            where=figure.source or None, reason="letters were drawn as outlines",
            hint=f"say the values at the first and last tick, for example --{name}-axis "
            + ("0,24" if along == 0 else "0,1"),
        )  # fmt: skip
    slope, start = np.polyfit(places, values, 1)
    off = np.abs(start + slope * places - values).max()
    if off > _AGREE * np.ptp(values) or slope <= 0.0:
        listed = ", ".join(f"{value:g}" for value in values)
        raise DataError(
            "axis-misset", f"the labels of the {name} axis, {listed}, do not fit its ticks",
            where=figure.source or None,
            reason="equal steps on the page are equal steps in time and survival",
            hint=f"say the values at the first and last tick with --{name}-axis",
        )  # fmt: skip
    said = f"{name} axis by {len(places)} labels, {values.min():g} to {values.max():g}"
    return Axis(float(start), float(slope), tuple(ticks), said)


def _given_axis(ticks: np.ndarray, given: Sequence[float], name: str) -> Axis:
    if len(given) != 2 or not np.isfinite(given).all() or not given[0] < given[1]:
        raise ArgumentError(
            "argument-invalid", f"the {name} axis is said to run {', '.join(f'{v:g}' for v in given)}",
            where=f"--{name}-axis", hint="two numbers that ascend: the values at the first and the last tick",
        )  # fmt: skip
    slope = (given[1] - given[0]) / (ticks[-1] - ticks[0])
    said = f"{name} axis by {len(ticks)} ticks, said to run from {given[0]:g} to {given[1]:g}"
    return Axis(float(given[0] - slope * ticks[0]), float(slope), tuple(ticks), said)


def _labelled(texts: Sequence[DrawnText], ticks: np.ndarray, outer: float, along: int) -> tuple[np.ndarray, np.ndarray]:
    """Ticks that have a number beside them, and those numbers."""
    spacing = float(np.diff(ticks).min())
    numbers = [(text, _value(text.text)) for text in texts if _NUMBER.match(text.text.strip())]
    places, values = [], []
    for tick in ticks:
        near = []
        for text, value in numbers:
            here = (text.x, text.y)
            beside = abs(here[along] - tick)
            away = outer - here[1 - along]
            if beside < 0.4 * spacing and -0.02 * spacing <= away:
                near.append((away + 3.0 * beside, value))
        if near:
            places.append(float(tick))
            values.append(min(near)[1])
    return np.array(places), np.array(values)


def _value(text: str) -> float:
    plain = text.strip().rstrip("% ").replace("−", "-").replace(",", ".").replace("·", ".")
    return float(plain)
