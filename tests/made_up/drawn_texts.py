"""The texts of a drawn canvas with their boxes, and which of them touch or are cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

# Half a point: letters of one font size touch at most by the rounding of outlines, never by a stroke.
TOUCH = 0.5
Texts = list[tuple[str, Any]]


def texts_of(canvas: Any) -> Texts:
    """(text, box in points) of every text of a drawn canvas."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text
    from matplotlib.transforms import Affine2D

    # Ten dots to the point: at one, letters are moved to whole dots and texts grow by up to a tenth.
    canvas.figure.set_dpi(720)
    renderer = FigureCanvasAgg(canvas.figure).get_renderer()
    shown = [text for text in canvas.figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    small = Affine2D().scale(0.1)
    return [(text.get_text(), text.get_window_extent(renderer).transformed(small)) for text in shown]


def overlapping(texts: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    for (one, a), (two, b) in combinations(texts, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        # Boxes of neighboring lines include ascenders and descenders that no letter there reaches.
        if across > TOUCH and down > 0.3 * min(a.height, b.height):
            yield one, two


def clipped(canvas: Any, texts: Texts) -> Iterator[str]:
    for text, box in texts:
        if box.x0 < -TOUCH or box.y0 < -TOUCH or box.x1 > canvas.width + TOUCH or box.y1 > canvas.height + TOUCH:
            yield text
