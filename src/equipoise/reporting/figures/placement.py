"""Where words fit among curves: the emptiest corner for a table, and a spot beside each curve for its name.

Coordinates are points inside the plot, x to the right and y down. A `Skyline` remembers, for every point of width,
the stretch of height that a curve and its band cover, so that a question costs a few hundred comparisons however many
steps a curve has.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from equipoise.reporting.figures.curves import Point

Stretch = tuple[float, float]
NOTHING: Stretch = (inf, -inf)


@dataclass(frozen=True)
class Box:
    """A rectangle by its corners."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box, margin: float = 0.0) -> bool:
        apart = (
            self.right + margin <= other.left
            or other.right + margin <= self.left
            or self.bottom + margin <= other.top
            or other.bottom + margin <= self.top
        )
        return not apart


class Skyline:
    """The height covered by one curve (`line`) and by its band (`band`), per point of width."""

    def __init__(self, points: tuple[Point, ...], width: float, height: float, span: float) -> None:
        columns = int(width) + 2
        self.line: list[Stretch] = [NOTHING] * columns
        self.band: list[Stretch] = [NOTHING] * columns
        self.end = points[-1].time / span * width if points else 0.0
        for point, following in zip(points, (*points[1:], *points[-1:]), strict=True):
            start, stop = (int(t / span * width) for t in (point.time, following.time))
            top, low = (1 - point.survival) * height, (1 - following.survival) * height
            self._cover(self.line, start, stop, (top, top))
            self._cover(self.line, stop, stop, (top, low))
            if point.low is not None and point.high is not None:
                self._cover(self.band, start, stop, ((1 - point.high) * height, (1 - point.low) * height))

    @staticmethod
    def _cover(columns: list[Stretch], start: int, stop: int, stretch: Stretch) -> None:
        for place in range(max(0, start), min(stop, len(columns) - 1) + 1):
            top, bottom = columns[place]
            columns[place] = (min(top, *stretch), max(bottom, *stretch))

    def stretch(self, left: float, right: float, *, band: bool = False) -> Stretch:
        """The height covered between two places."""
        columns = (self.band if band else self.line)[max(0, int(left)) : int(right) + 1]
        return min((top for top, _ in columns), default=inf), max((low for _, low in columns), default=-inf)


def clearance(box: Box, skyline: Skyline, *, band: bool) -> float:
    """Distance in height between a box and a curve (or band); negative where they meet; inf beside its end."""
    top, bottom = skyline.stretch(box.left, box.right, band=band)
    if top > bottom:
        return inf
    return max(top - box.bottom, box.top - bottom)


def emptiest_corner(
    size: tuple[float, float], plot: tuple[float, float], skylines: list[Skyline], taken: list[Box], *, margin: float
) -> Box | None:
    """The corner of the plot where a table of that size stands farthest from every curve and band, if any does."""
    (width, height), (across, down) = size, plot
    best: tuple[float, Box] | None = None
    for left in (across - width, margin):
        for top in (0.0, down - height - margin):
            box = Box(left, top, left + width, top + height)
            if box.left < 0 or box.top < 0 or any(box.overlaps(other, margin) for other in taken):
                continue
            free = min(
                (clearance(box, skyline, band=band) for skyline in skylines for band in (False, True)), default=inf
            )
            if free >= margin and (best is None or free > best[0]):
                best = (free, box)
    return None if best is None else best[1]


def label_spots(
    sizes: list[tuple[float, float]],
    plot: tuple[float, float],
    skylines: list[Skyline],
    taken: list[Box],
) -> list[Box] | None:
    """A box per curve close to it and far from the others, or None when some curve has no such place."""
    spots: list[Box] = []
    for place, size in enumerate(sizes):
        others = [skyline for other, skyline in enumerate(skylines) if other != place]
        candidates = _candidates(size, plot, skylines[place])
        scored = [
            (score, box)
            for box in candidates
            if (score := _score(box, others, [*taken, *spots], plot)) is not None
        ]  # fmt: skip
        if not scored:
            return None
        spots.append(max(scored, key=lambda found: found[0])[1])
    return spots


_NEAR = 3.0
_APART = 11.0
_LONGEST = 0.45
_STEP = 3


def _candidates(size: tuple[float, float], plot: tuple[float, float], own: Skyline) -> list[Box]:
    width, height = size
    boxes = []
    if width > _LONGEST * plot[0]:
        return []
    for left in range(2, max(3, int(own.end)), _STEP):
        top, bottom = own.stretch(left - _NEAR, left + width + _NEAR)
        if top <= bottom:
            boxes.append(Box(left + 1, top - _NEAR - height, left + 1 + width, top - _NEAR))
            boxes.append(Box(left + 1, bottom + _NEAR, left + 1 + width, bottom + _NEAR + height))
    return [box for box in boxes if box.top >= 0 and box.bottom <= plot[1] - 1 and box.right <= plot[0]]


def _score(box: Box, others: list[Skyline], taken: list[Box], plot: tuple[float, float]) -> float | None:
    if any(box.overlaps(other, 3.0) for other in taken):
        return None
    line = min((clearance(box, other, band=False) for other in others), default=inf)
    if line < _APART:
        return None
    band = min((clearance(box, other, band=True) for other in others), default=inf)
    early = 1 - box.left / plot[0]
    return min(line, 30.0) + (8.0 if band > 0 else 0.0) + 12.0 * early
