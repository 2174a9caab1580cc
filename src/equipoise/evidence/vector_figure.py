"""A figure's lines and texts as they were drawn, whatever file they came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class DrawnLine:
    """One stroked, unfilled line: its corners (k, 2) on the page, y upward; its color as written in the file."""

    corners: np.ndarray
    color: str
    width: float = 1.0

    @property
    def span(self) -> tuple[float, float]:
        """Width and height."""
        across, up = np.ptp(self.corners, axis=0)
        return float(across), float(up)


@dataclass(frozen=True)
class DrawnText:
    """A text with the middle of its box (an anchor, where the file holds no box)."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class VectorFigure:
    """Lines and texts in the order they were drawn; `unit`: one unit of the coordinates' last digit."""

    lines: tuple[DrawnLine, ...]
    texts: tuple[DrawnText, ...]
    unit: float
    source: str = ""


def coordinate_unit(values: np.ndarray) -> float:
    """One unit of the last digit that all coordinates have: 0.01 for 12.34, 56.7.

    >>> coordinate_unit(np.array([12.34, 56.7]))
    0.01
    """
    for digits in range(6):
        scaled = values * 10.0**digits
        if np.abs(scaled - np.round(scaled)).max(initial=0.0) < 1e-3 * 10.0 ** min(digits - 2, 0):
            return 10.0**-digits
    return 1e-6
