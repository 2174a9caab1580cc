"""Lines and texts of an SVG file: paths, polylines, lines, rectangles, copies by `use`, transforms, styles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np

from equipoise.errors import DataError
from equipoise.evidence.vector_figure import DrawnLine, DrawnText, VectorFigure, coordinate_unit

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_PATH = re.compile(r"([MmLlHhVvCcSsQqTtAaZz])|(" + _NUMBER.pattern + ")")
_TRANSFORM = re.compile(r"(matrix|translate|scale|rotate)\s*\(([^)]*)\)")
_RGB = re.compile(r"rgb\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)")
_RULE = re.compile(r"([^{}]+)\{([^}]*)\}")
# How many numbers each command takes, and that its last two are where the line arrives.
_TAKES = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7}
_SKIPPED = ("defs", "clipPath", "symbol", "marker", "mask", "pattern", "metadata", "title", "desc", "style", "script")
_INHERITED = ("stroke", "fill", "stroke-width", "display", "visibility", "opacity", "stroke-opacity")
_MOST_DEEP = 40


def svg_figure(path: Path) -> VectorFigure:
    """The stroked lines and the texts of an SVG file. Raises DataError `file-unreadable`."""
    try:
        root = ET.fromstring(path.read_bytes())
    except (OSError, ET.ParseError, ValueError) as problem:
        raise DataError(
            "file-unreadable", f"{path.name} cannot be read as SVG", where=str(path),
            reason=str(problem).splitlines()[0], hint="check that the file is whole",
        ) from problem  # fmt: skip
    reader = _Reader(root)
    reader.walk(root, np.eye(3), {}, 0)
    values = np.concatenate(reader.raw) if reader.raw else np.empty(0)
    return VectorFigure(tuple(reader.lines), tuple(reader.texts), coordinate_unit(values), str(path))


def _tag(element: ET.Element) -> str:
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


class _Reader:
    def __init__(self, root: ET.Element) -> None:
        self.named = {each.get("id"): each for each in root.iter() if each.get("id")}
        self.rules = dict(_rules(root))
        self.lines: list[DrawnLine] = []
        self.texts: list[DrawnText] = []
        self.raw: list[np.ndarray] = []

    def walk(self, element: ET.Element, matrix: np.ndarray, style: dict[str, str], depth: int) -> None:
        tag = _tag(element)
        if tag in _SKIPPED or depth > _MOST_DEEP:
            return
        matrix = matrix @ _matrix(element.get("transform", ""))
        style = self._style(element, style)
        if style.get("display") == "none" or style.get("visibility") == "hidden":
            return
        if tag == "use":
            self._copied(element, matrix, style, depth)
        elif tag == "text":
            self._said(element, matrix)
        else:
            self._drawn(element, tag, matrix, style)
            for child in element:
                self.walk(child, matrix, style, depth + 1)

    def _copied(self, element: ET.Element, matrix: np.ndarray, style: dict[str, str], depth: int) -> None:
        target = element.get("href") or element.get("{http://www.w3.org/1999/xlink}href") or ""
        held = self.named.get(target.removeprefix("#"))
        if held is not None:
            moved = matrix @ _shift(_length(element.get("x")), _length(element.get("y")))
            self.walk(held, moved, style, depth + 1)

    def _style(self, element: ET.Element, inherited: dict[str, str]) -> dict[str, str]:
        style = dict(inherited)
        style.update({name: element.get(name, "") for name in _INHERITED if element.get(name)})
        for name in (element.get("class") or "").split():
            style.update(self.rules.get(name, {}))
        style.update(_declared(element.get("style") or ""))
        return style

    def _drawn(self, element: ET.Element, tag: str, matrix: np.ndarray, style: dict[str, str]) -> None:
        stroke = style.get("stroke", "none")
        if stroke in ("none", "transparent"):
            return
        for corners in _corners(element, tag):
            self.raw.append(corners.ravel())
            page = corners @ matrix[:2, :2].T + matrix[:2, 2]
            width = _length(style.get("stroke-width", "1")) * float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
            self.lines.append(DrawnLine(page * (1.0, -1.0), color_name(stroke), width))

    def _said(self, element: ET.Element, matrix: np.ndarray) -> None:
        matrix_text = "".join(element.itertext()).strip()
        spots = [element, *(child for child in element.iter() if child is not element and child.get("x"))]
        spot = next((each for each in spots if each.get("x")), element)
        at = matrix @ np.array([_length(spot.get("x")), _length(spot.get("y")), 1.0])
        self.texts.append(DrawnText(float(at[0]), -float(at[1]), matrix_text))


def color_name(text: str) -> str:
    """A color as #rrggbb where it is one by numbers, else as it is named.

    >>> color_name("rgb(11, 95, 165)"), color_name("#FA0")
    ('#0b5fa5', '#ffaa00')
    """
    plain = text.strip().lower()
    found = _RGB.match(plain)
    if found:
        return "#" + "".join(f"{int(part):02x}" for part in found.groups())
    if re.fullmatch(r"#[0-9a-f]{3}", plain):
        return "#" + "".join(2 * letter for letter in plain[1:])
    return plain


def _rules(root: ET.Element) -> Iterator[tuple[str, dict[str, str]]]:
    """Declarations by class name, of the style sheets inside the file."""
    for sheet in root.iter():
        if _tag(sheet) == "style" and sheet.text:
            for selectors, body in _RULE.findall(sheet.text):
                for selector in selectors.split(","):
                    yield selector.strip().rsplit(".", 1)[-1], _declared(body)


def _declared(text: str) -> dict[str, str]:
    pairs = (part.split(":", 1) for part in text.split(";") if ":" in part)
    return {name.strip(): value.strip() for name, value in pairs if name.strip() in _INHERITED}


def _length(text: str | None) -> float:
    found = _NUMBER.match((text or "").strip())
    return float(found.group()) if found else 0.0


def _shift(x: float, y: float) -> np.ndarray:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def _matrix(text: str) -> np.ndarray:
    found = np.eye(3)
    for kind, inside in _TRANSFORM.findall(text):
        v = [float(number) for number in _NUMBER.findall(inside)]
        if kind == "matrix" and len(v) == 6:
            step = np.array([[v[0], v[2], v[4]], [v[1], v[3], v[5]], [0.0, 0.0, 1.0]])
        elif kind == "translate" and v:
            step = _shift(v[0], v[1] if len(v) > 1 else 0.0)
        elif kind == "scale" and v:
            step = np.diag([v[0], v[1] if len(v) > 1 else v[0], 1.0])
        elif kind == "rotate" and v:
            step = _rotation(v)
        else:
            continue
        found = found @ step
    return found


def _rotation(v: list[float]) -> np.ndarray:
    angle = np.radians(v[0])
    turn = np.array([[np.cos(angle), -np.sin(angle), 0.0], [np.sin(angle), np.cos(angle), 0.0], [0.0, 0.0, 1.0]])
    return _shift(v[1], v[2]) @ turn @ _shift(-v[1], -v[2]) if len(v) == 3 else turn


def _corners(element: ET.Element, tag: str) -> list[np.ndarray]:
    """The corners of each stretch of line that an element draws, in its own coordinates."""
    if tag == "path":
        return _of_path(element.get("d", ""))
    if tag in ("polyline", "polygon"):
        values = [float(number) for number in _NUMBER.findall(element.get("points", ""))]
        pairs = np.array(values[: len(values) // 2 * 2]).reshape(-1, 2)
        return [pairs] if len(pairs) > 1 else []
    if tag == "line":
        ends = [_length(element.get(name)) for name in ("x1", "y1", "x2", "y2")]
        return [np.array(ends).reshape(2, 2)]
    if tag == "rect":
        x, y, w, h = (_length(element.get(name)) for name in ("x", "y", "width", "height"))
        return [np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]])]
    return []


def _of_path(text: str) -> list[np.ndarray]:
    found: list[list[tuple[float, float]]] = []
    tokens = [match.groups() for match in _PATH.finditer(text)]
    at, command, place = (0.0, 0.0), "", 0
    while place < len(tokens):
        letter, _ = tokens[place]
        if letter:
            command, place = letter, place + 1
            if command in "Zz":
                if found and found[-1]:
                    at = found[-1][0]
                    found[-1].append(at)
                continue
        takes = _TAKES.get(command.upper(), 0)
        numbers = [float(number) for letter, number in tokens[place : place + takes] if not letter]
        if not takes or len(numbers) < takes:
            break
        at, place = _arrival(command, numbers, at), place + takes
        if command in "Mm":
            found.append([at])
            command = "L" if command == "M" else "l"
        elif found:
            found[-1].append(at)
    return [np.array(points) for points in found if len(points) > 1]


def _arrival(command: str, numbers: list[float], at: tuple[float, float]) -> tuple[float, float]:
    """Where a command's line ends; of a curve only its end counts."""
    relative = command.islower()
    dx, dy = at if relative else (0.0, 0.0)
    kind = command.upper()
    if kind == "H":
        return numbers[0] + dx, at[1]
    if kind == "V":
        return at[0], numbers[0] + dy
    return numbers[-2] + dx, numbers[-1] + dy
