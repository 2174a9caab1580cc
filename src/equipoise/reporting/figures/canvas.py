"""A sheet of paper in points, measured text, and bytes that are equal on every machine.

Everything is placed in points from the top left corner, after its text was measured, so nothing is clipped and
nothing overlaps by accident. Text becomes outlines of one font (DejaVu Sans, shipped inside matplotlib under an open
license), so a figure needs no font where it is read. No date, no random id.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from equipoise.errors import ArgumentError
from equipoise.reporting.palette import PAGE_VARIABLES, PAPER, RULE, TEXT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Align = Literal["left", "center", "right"]
POINTS_PER_MM = 72 / 25.4
PNG_DPI = 300
FORMATS = ("svg", "png")
_HASH_SALT = "equipoise"


def settings() -> dict[Any, Any]:
    """matplotlib's own defaults, so that a reader's matplotlibrc changes nothing, and what we set besides."""
    import matplotlib as mpl

    apart = ("backend", "toolbar", "timezone", "datapath", "interactive", "text.hinting_factor")
    plain = {k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith(apart)}
    ours = {
        "svg.fonttype": "path",
        "svg.hashsalt": _HASH_SALT,
        "text.usetex": False,
        "text.parse_math": False,
        "text.hinting": "no_hinting",
        "path.simplify": True,
        "path.simplify_threshold": 0.05,
    }
    return {**plain, **ours}


@cache
def font(weight: str = "normal") -> Any:
    """The bundled font by file, never by name."""
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties

    name = {"normal": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf"}[weight]
    return FontProperties(fname=str(Path(mpl.get_data_path()) / "fonts" / "ttf" / name))


@cache
def measured_width(text: str, size: float, weight: str = "normal") -> float:
    """Width of a text in points, from the font's own advances."""
    from matplotlib.textpath import text_to_path

    if not text:
        return 0.0
    properties = font(weight).copy()
    properties.set_size(size)
    width, _, _ = text_to_path.get_text_width_height_descent(text, properties, ismath=False)
    return float(width)


def wrapped(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """The text in lines no wider than `width` points; a word longer than a line is broken."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}".strip()
        if not line or measured_width(longer, size, weight) <= width:
            line = longer
        else:
            lines.append(line)
            line = word
        while measured_width(line, size, weight) > width and len(line) > 1:
            cut = next(
                n for n in range(len(line) - 1, 0, -1) if n == 1 or measured_width(line[:n], size, weight) <= width
            )
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line] if line else lines


class Canvas:
    """A figure of `width` by `height` points; y runs down from the top."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self.figure: Figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor=PAPER)

    def place_axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes whose frame is the given box."""
        bottom = self.height - top - height
        box = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(box)
        axes.set_facecolor("none")
        return axes

    def place_text(
        self,
        x: float,
        baseline: float,
        text: str,
        *,
        size: float,
        color: str = TEXT,
        weight: str = "normal",
        align: Align = "left",
        rotation: float = 0.0,
    ) -> None:
        """Text with its baseline `baseline` points below the top."""
        properties = font(weight).copy()
        properties.set_size(size)
        self.figure.text(
            x / self.width,
            1 - baseline / self.height,
            text,
            fontproperties=properties,
            color=color,
            ha=align,
            va="baseline" if not rotation else "center",
            rotation=rotation,
        )

    def place_line(
        self,
        points: Sequence[tuple[float, float]],
        *,
        color: str = RULE,
        width: float = 0.6,
        dashes: tuple[float, ...] = (),
    ) -> None:
        """A line through points; `dashes` in line widths."""
        from matplotlib.lines import Line2D

        xs, ys = zip(*points, strict=True)
        line = Line2D(
            [x / self.width for x in xs],
            [1 - y / self.height for y in ys],
            transform=self.figure.transFigure,
            color=color,
            linewidth=width,
            linestyle=(0, dashes) if dashes else "solid",
            solid_capstyle="butt",
            dash_capstyle="butt",
        )
        self.figure.add_artist(line)

    def place_rectangle(self, left: float, top: float, width: float, height: float, *, color: str) -> None:
        """A filled box."""
        from matplotlib.patches import Rectangle

        corner = (left / self.width, 1 - (top + height) / self.height)
        size = (width / self.width, height / self.height)
        self.figure.add_artist(
            Rectangle(corner, *size, transform=self.figure.transFigure, facecolor=color, edgecolor="none")
        )

    def place_polygon(self, corners: Sequence[tuple[float, float]], *, color: str) -> None:
        """A filled polygon."""
        from matplotlib.patches import Polygon

        points = [(x / self.width, 1 - y / self.height) for x, y in corners]
        self.figure.add_artist(
            Polygon(points, closed=True, transform=self.figure.transFigure, facecolor=color, edgecolor="none")
        )

    def place_circle(self, x: float, y: float, radius: float, *, color: str, hollow: bool = False) -> None:
        """A disk, or a ring filled with paper."""
        from matplotlib.patches import Ellipse

        center = (x / self.width, 1 - y / self.height)
        self.figure.add_artist(
            Ellipse(
                center,
                2 * radius / self.width,
                2 * radius / self.height,
                transform=self.figure.transFigure,
                facecolor=PAPER if hollow else color,
                edgecolor=color,
                linewidth=0.9 if hollow else 0.0,
            )
        )


def drawn_bytes(compose: Callable[[], tuple[Canvas, str, str]], form: str) -> bytes:
    """The figure that `compose` makes (canvas, title, alternative text) as SVG or PNG bytes, the same every time."""
    import matplotlib as mpl

    check_format(form)
    with mpl.rc_context(settings()):
        canvas, title, alternative = compose()
        out = io.BytesIO()
        if form == "png":
            note = {"Software": None, "Title": title, "Description": alternative}
            canvas.figure.savefig(out, format="png", dpi=PNG_DPI, metadata=note)
            return out.getvalue()
        empty = {"Date": None, "Creator": None, "Format": None, "Type": None}
        canvas.figure.savefig(out, format="svg", metadata=empty)
    return _tidied(out.getvalue().decode(), title, alternative).encode()


def check_format(form: str) -> None:
    """Raises `argument-invalid` for anything but svg and png."""
    if form not in FORMATS:
        raise ArgumentError(
            "argument-invalid", f"figure format {form!r} is not known", hint=f"permitted: {', '.join(FORMATS)}"
        )


def _tidied(svg: str, title: str, alternative: str) -> str:
    """No XML preamble of the library, a title and a description for those who do not see it, shorter coordinates."""
    start = svg.index("<svg")
    svg = svg[start:]
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.S)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", svg, flags=re.S)
    svg = re.sub(r'(?<= [xy]=")[^"]+', lambda number: _shorter(number.group()), svg)
    svg = re.sub(r'(?<= d=")[^"]+', lambda path: _shorter(path.group()), svg)
    svg = re.sub(r"\n\s*", "\n", svg)
    head_end = svg.index(">") + 1
    described = f'\n<title id="figure-title">{escape(title)}</title>'
    described += f'\n<desc id="figure-description">{escape(alternative)}</desc>'
    head = svg[: head_end - 1] + (
        ' style="stroke-linejoin:round;stroke-linecap:butt" role="img" '
        'aria-labelledby="figure-title figure-description">'
    )
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + head + described + svg[head_end:]


def _shorter(path: str) -> str:
    numbers = re.sub(r"-?\d+\.\d+", lambda found: f"{float(found.group()):.2f}".rstrip("0").rstrip("."), path)
    return re.sub(r"\s+", " ", numbers).strip()


def inline_svg(svg: bytes, prefix: str) -> str:
    """An SVG for the inside of an HTML page: ids of its own, the page's colors, as wide as its place permits."""
    text = svg.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', text)
    text = re.sub(r'href="#([^"]+)"', lambda found: f'href="#{prefix}-{found.group(1)}"', text)
    text = re.sub(r"url\(#([^)]+)\)", lambda found: f"url(#{prefix}-{found.group(1)})", text)
    text = re.sub(r'aria-labelledby="([^ "]+) ([^"]+)"', rf'aria-labelledby="{prefix}-\1 {prefix}-\2"', text)
    for color, variable in PAGE_VARIABLES.items():
        text = re.sub(rf"(?<=: ){color}\b", f"var({variable},{color.lower()})", text, flags=re.I)
    return text
