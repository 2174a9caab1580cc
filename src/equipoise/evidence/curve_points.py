"""Points of a published curve: checked, brought to shares of 1, and made monotone, with what was changed said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from equipoise.errors import ArgumentError, DataError, permitted

Scale = Literal["auto", "share", "percent"]
SCALES = ("auto", "share", "percent")
# One picture element of a figure about 250 of them high.
CLICK_ERROR = 0.004
# A rise larger than this many digitization errors is no noise.
_RISE = 5.0
_STARTS_BY = 0.02
_START_SLACK = 0.05


@dataclass(frozen=True)
class CurvePoints:
    """One arm's curve: after `time` (ascending, distinct) the share without event is `height`.

    `error`: standard deviation of the digitization error of a height. `stepped`: every point is a step of the curve,
    an event, and there is no event elsewhere (curves of vector figures). `end`: where the curve ends. `marks`: times
    of censoring ticks, where the figure draws them. `notes`: what was changed on the way.
    """

    arm: str
    time: np.ndarray
    height: np.ndarray
    error: float
    end: float
    stepped: bool = False
    marks: np.ndarray = field(default_factory=lambda: np.empty(0))
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.time)


def clean_points(
    time: Any, survival: Any, *, arm: str = "", scale: Scale = "auto", error: float = CLICK_ERROR, where: str = ""
) -> CurvePoints:
    """Clicked points as a falling curve.

    Arguments: `time` (m, zero or more, any unit) and `survival` (m) in the order clicked or not; the arm's name;
    `scale`: heights are shares of 1, percent, or told from their size; `error`: standard deviation of a height's
    digitization error, share of 1; `where` is named in errors. Points are put in order of time; of several at one time
    the lowest is kept, for there the curve falls; heights above 1 and rises within five digitization errors of the
    closest falling sequence are noise:
    heights are replaced by their closest falling sequence (isotonic regression). Every change is in `notes`.
    Cleaning a cleaned curve changes nothing.

    Raises DataError `curve-rises` for a larger rise, `axis-misset` for heights that cannot be a survival curve,
    `value-invalid`; ArgumentError `argument-invalid`.

    Source of the regression: Barlow RE, Brunk HD. J Am Stat Assoc 1972;67:140-147, doi:10.2307/2284712.

    >>> clean_points([0, 2, 3, 4], [100, 80, 80.5, 60]).height.round(4).tolist()
    [1.0, 0.8025, 0.8025, 0.6]
    """
    if scale not in SCALES:
        raise ArgumentError("argument-invalid", f"scale {scale!r} is not known", hint=permitted(scale, SCALES))
    check_error(error)
    at, height = _numbers(time, survival, where)
    notes: list[str] = []
    height = _as_shares(height, scale, notes, where)
    order = np.lexsort((-height, at))
    at, height = at[order], height[order]
    at, height = _lowest_of_each(at, height, notes)
    _check_start(at, height, where)
    falling = np.clip(falling_heights(height), 0.0, 1.0)
    _check_rises(at, height, falling, error, where)
    moved = np.abs(falling - height)
    if (moved > 1e-12).any():
        notes.append(f"{int((moved > 1e-12).sum())} heights moved, by {moved.max():.4f} at most, so that none rises")
    return CurvePoints(arm, at, falling, error, float(at[-1]), notes=tuple(notes))


def check_error(error: float) -> None:
    """Raises `argument-invalid` for a digitization error outside 0 to 0.1."""
    if not 0.0 < error <= 0.1:
        raise ArgumentError(
            "argument-invalid", f"the digitization error is {error!r}", where="error",
            hint="the standard deviation of a height, share of 1: above 0, at most 0.1; clicked points about 0.004",
        )  # fmt: skip


def _numbers(time: Any, survival: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    at, height = np.asarray(time, dtype=float).ravel(), np.asarray(survival, dtype=float).ravel()
    if len(at) != len(height):
        raise DataError(
            "length-mismatch", f"{len(at)} times and {len(height)} heights", where=where or None,
            reason="a point is one time with one height",
        )  # fmt: skip
    if len(np.unique(at)) < 2:
        count = len(np.unique(at))
        raise DataError(
            "value-invalid", f"a curve of {count} point{'s' * (count != 1)}", where=where or None,
            reason="two points, at two times, are the least that say how a curve falls",
        )  # fmt: skip
    wrong = ~np.isfinite(at) | ~np.isfinite(height) | (at < 0.0)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            "value-invalid", f"point {row + 1} is ({at[row]:g}, {height[row]:g})", where=where or None,
            reason="a time is zero or more, and a height is a number",
            rows=[{"point": row + 1, "time": float(at[row]), "survival": float(height[row])}],
        )  # fmt: skip
    return at, height


def _as_shares(height: np.ndarray, scale: Scale, notes: list[str], where: str) -> np.ndarray:
    top, low = float(height.max()), float(height.min())
    percent = scale == "percent" or (scale == "auto" and top > 2.0)
    highest = 100.0 if percent else 1.0
    if low < -_START_SLACK * highest or top > (1.0 + _START_SLACK) * highest:
        said = "percent" if percent else "shares of 1"
        raise DataError(
            "axis-misset", f"heights run from {low:g} to {top:g}, read as {said}", where=where or None,
            reason=f"survival in {said} lies between 0 and {highest:g}",
            hint="calibrate the axis again, or say the scale: percent or share",
        )  # fmt: skip
    if percent and top <= 1.0 + _START_SLACK:
        raise DataError(
            "axis-misset", f"heights are said to be percent, and none is above {top:g}", where=where or None,
            reason="a survival curve starts at 100%", hint="say the scale is share",
        )  # fmt: skip
    if percent and scale == "auto":
        notes.append("heights read as percent")
    return height / highest


def _check_start(at: np.ndarray, height: np.ndarray, where: str) -> None:
    if height[-1] - height[0] > 0.2:
        raise DataError(
            "axis-misset", f"the curve goes from {height[0]:.3g} up to {height[-1]:.3g}", where=where or None,
            reason="a survival curve starts at 1 and falls; this one looks like a cumulative incidence",
            hint="take 1 less the heights, or check that the vertical axis was not set upside down",
        )  # fmt: skip
    early = at <= _STARTS_BY * at[-1]
    if early.any() and height[early].max() < 1.0 - _START_SLACK:
        raise DataError(
            "axis-misset", f"the curve starts at {height[early].max():.3g} at time {at[0]:g}", where=where or None,
            reason="everybody is without event at time 0: a survival curve starts at 1 (100%)",
            hint="check where 100% and time 0 were set on the axes",
        )  # fmt: skip


def _lowest_of_each(at: np.ndarray, height: np.ndarray, notes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The lowest height at each time; the heights are sorted to fall within a time."""
    last = np.flatnonzero(np.append(at[1:] != at[:-1], True))
    if len(last) < len(at):
        notes.append(f"{len(at) - len(last)} points stand above another at the same time")
    return at[last], height[last]


def _check_rises(at: np.ndarray, height: np.ndarray, falling: np.ndarray, error: float, where: str) -> None:
    rise = height - falling
    worst = int(np.argmax(rise))
    if rise[worst] > _RISE * error:
        rows: list[dict[str, object]] = [
            {"time": float(at[k]), "survival": float(height[k])} for k in (max(worst - 1, 0), worst)
        ]
        level = falling[worst]
        raise DataError(
            "curve-rises",
            f"the curve rises to {height[worst]:.4g} at time {at[worst]:g}; without rises it is at {level:.4g} there",
            where=where or None,
            reason=f"a survival curve never rises; {rise[worst]:.3g} is more than {_RISE:g} digitization errors "
            f"of {error:g}",
            hint="remove the point if it was clicked on another curve, or state a larger error",
            rows=rows,
        )


def falling_heights(height: np.ndarray) -> np.ndarray:
    """The closest sequence that never rises, by least squares (pool adjacent violators).

    >>> falling_heights(np.array([1.0, 0.6, 0.8, 0.5])).tolist()
    [1.0, 0.7, 0.7, 0.5]
    """
    level: list[float] = []
    size: list[int] = []
    for value in height.tolist():
        level.append(value)
        size.append(1)
        while len(level) > 1 and level[-1] > level[-2]:
            mean = (level[-1] * size[-1] + level[-2] * size[-2]) / (size[-1] + size[-2])
            level[-2:], size[-2:] = [mean], [size[-1] + size[-2]]
    return np.repeat(level, size)


def jittered(points: CurvePoints, normals: Sequence[float] | np.ndarray) -> CurvePoints:
    """The curve moved by its digitization error times standard normals (m), kept within 0 and 1 and falling."""
    moved = points.height + points.error * np.asarray(normals)
    # A height of exactly 0 or 1 is the axis, not a reading.
    fixed = (points.height <= 0.0) | (points.height >= 1.0)
    return replace(points, height=np.where(fixed, points.height, np.clip(falling_heights(moved), 0.0, 1.0)))
