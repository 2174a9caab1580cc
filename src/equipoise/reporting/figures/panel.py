"""A plain panel with two axes of numbers, for histograms and scatters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from equipoise.reporting.figures.canvas import Canvas, measured_width, wrapped
from equipoise.reporting.figures.scales import Scale
from equipoise.reporting.figures.sheet import widest
from equipoise.reporting.palette import SECONDARY

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Panel:
    """The frame of a panel in points, with its two scales; `across` names the horizontal axis."""

    left: float
    top: float
    width: float
    height: float
    x: Scale
    y: Scale
    across: str
    size: float
    title: str = ""

    def axes(self, canvas: Canvas) -> Axes:
        """The panel with ticks and their texts; data go from the first to the last tick of its scales."""
        axes = canvas.place_axes(self.left, self.top, self.width, self.height)
        if self.x.kind == "log":
            axes.set_xscale("log")
            axes.minorticks_off()
        axes.set_xlim(self.x.low, self.x.high)
        axes.set_ylim(self.y.low, self.y.high)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_color(SECONDARY)
            axes.spines[side].set_linewidth(0.6)
        self._texts(canvas, axes)
        return axes

    def _texts(self, canvas: Canvas, axes: Axes) -> None:
        size, bottom = self.size, self.top + self.height
        ticks = self.x.thinned(self.width, widest([self.x.text(tick) for tick in self.x.ticks], size) + 0.8 * size)
        axes.set_xticks(list(ticks), labels=[])
        axes.set_yticks(list(self.y.ticks), labels=[])
        axes.tick_params(length=3, width=0.6, color=SECONDARY)
        for tick in ticks:
            x = self.left + self.x.share(tick) * self.width
            canvas.place_text(x, bottom + 3 + 1.3 * size, self.x.text(tick), size=size, align="center")
        for tick in self.y.ticks:
            y = bottom - self.y.share(tick) * self.height
            canvas.place_text(self.left - 5, y + 0.36 * size, self.y.text(tick), size=size, align="right")
        for place, line in enumerate(wrapped(self.across, self.width, size)):
            middle = self.left + self.width / 2
            canvas.place_text(middle, bottom + 3 + (2.8 + 1.35 * place) * size, line, size=size, align="center",
                              color=SECONDARY)  # fmt: skip
        for place, line in enumerate(self.title_lines):
            y = self.top - (len(self.title_lines) - place - 1) * 1.35 * size - 0.7 * size
            canvas.place_text(self.left, y, line, size=size, weight="bold")

    @property
    def title_lines(self) -> list[str]:
        return wrapped(self.title, self.width, self.size, "bold") if self.title else []


def margin(scale: Scale, size: float) -> float:
    """Room for the texts of a vertical axis."""
    return max(measured_width(scale.text(tick), size) for tick in scale.ticks) + 6.0
