"""`equipoise.plot`: a result drawn, for a notebook or a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor, log10
from pathlib import Path
from typing import Any

from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.canvas import check_format, drawn_bytes
from equipoise.reporting.figures.curves import Curve, CurveSet, Point
from equipoise.reporting.figures.kaplan_meier import kaplan_meier_canvas
from equipoise.reporting.formatting import number_text, range_text, time_text
from equipoise.reporting.lookup import row_text
from equipoise.reporting.palette import ARM_STYLES

_MOST_TICKS = 9
_STEPS = {"months": (1, 2, 3, 6, 12, 24, 36), "days": (10, 30, 90, 180, 365, 730, 1825), "years": (1, 2, 5, 10)}
_Group = tuple[str | None, ...]


@dataclass(frozen=True)
class Drawing:
    """A drawn result: shows itself in a notebook, `bytes(drawing)` and `drawing.write(path)` give the file."""

    content: bytes
    format: str
    alternative: str

    def __bytes__(self) -> bytes:
        return self.content

    def _repr_svg_(self) -> str | None:
        return self.content.decode() if self.format == "svg" else None

    def _repr_png_(self) -> bytes | None:
        return self.content if self.format == "png" else None

    def __repr__(self) -> str:
        return f"Drawing ({self.format}, {len(self.content):,} bytes): {self.alternative}"

    def write(self, path: str | Path) -> None:
        """Write the file."""
        Path(path).write_bytes(self.content)


def render_result(result: Any, format: str = "svg", *, width_mm: float = 170.0) -> Drawing:  # noqa: A002
    """A result as a figure.

    Arguments: a `ResultTable`, result rows, or a result object with `to_rows()`, holding Kaplan-Meier curves; where
    several analyses have curves, the first is drawn. "svg" or "png". The width in millimeters.
    Raises `argument-invalid` for another format and where there is no curve to draw.
    """
    check_format(format)
    rows: list[ResultRow] = list(result.to_rows() if hasattr(result, "to_rows") else result)
    curves = curves_of(rows)
    content = drawn_bytes(
        lambda: (kaplan_meier_canvas(curves, width_mm), curves.title, curves.alternative), format
    )  # fmt: skip
    return Drawing(content, format, curves.alternative)


def curves_of(rows: Iterable[ResultRow]) -> CurveSet:
    """The Kaplan-Meier curves among rows that belong to no known trial. Raises `argument-invalid` where none is."""
    held = list(rows)
    found = [row for row in held if row.parameter == "curve" and row.at is not None]
    if not found:
        kinds = ", ".join(dict.fromkeys(row.parameter or row.statistic for row in held)) or "nothing"
        raise ArgumentError(
            "argument-invalid",
            "there is no Kaplan-Meier curve to draw in this result",
            reason=f"its rows hold {kinds}",
            hint="draw the result of kaplan_meier, or the result rows of a trial",
        )
    analysis = found[0].analysis
    kept = [row for row in held if row.analysis == analysis]
    groups = list(dict.fromkeys(_group(row) for row in found if row.analysis == analysis))
    unit = next((row.at_unit for row in found if row.at_unit), None)
    ticks = _ticks(max(row.at or 0.0 for row in found if row.analysis == analysis), unit)
    curves = tuple(_curve(kept, group, place, ticks) for place, group in enumerate(groups))
    endpoint = found[0].endpoint
    return CurveSet(
        title=endpoint or "Survival by group",
        subtitle="Kaplan\u2013Meier estimates with pointwise confidence bands; ticks: censored",
        axis=f"Time, {unit}" if unit else "Time",
        unit=unit or "",
        curves=curves,
        ticks=ticks,
        median_head=f"Median (CI), {unit}" if unit else "Median (CI)",
        ratio_head="",
        statements=(),
        source="",
        alternative=_alternative(curves),
    )


def _group(row: ResultRow) -> _Group:
    return row.group1, row.level1, row.group2, row.level2


def _curve(rows: list[ResultRow], group: _Group, place: int, ticks: tuple[float, ...]) -> Curve:
    own = [row for row in rows if _group(row) == group]
    points: dict[float, dict[str, float | None]] = {}
    for row in own:
        if row.parameter == "curve" and row.at is not None:
            points.setdefault(row.at, {})[row.statistic] = row.value
    steps = _steps(points)
    said = {row.statistic: row for row in own if row.at is None}
    for row in own:
        # A median read off a curve says its share in `at`; only the half is a median.
        if row.statistic.startswith("median"):
            said.setdefault(row.statistic, row)
    median = said.get("median")
    label = ", ".join(level for level in (group[1], group[3]) if level) or "All"
    return Curve(
        id=label,
        label=label,
        place=place % len(ARM_STYLES) + 1,
        points=steps,
        at_risk=_at_risk(points, ticks),
        censored={},
        events=" / ".join(row_text(said[name]) for name in ("n_event", "n") if name in said),
        median=_median(said),
        median_at=None if median is None else median.value,
        ratio="",
    )


def _steps(points: dict[float, dict[str, float | None]]) -> tuple[Point, ...]:
    """The curve, from 1 at time 0 where its rows begin later."""
    steps = [
        Point(time, survival, seen.get("survival_low"), seen.get("survival_high"), seen.get("n_censor") or 0.0)
        for time, seen in sorted(points.items())
        if (survival := seen.get("survival")) is not None
    ]
    if steps and steps[0].time > 0:
        steps.insert(0, Point(0.0, 1.0, 1.0, 1.0, 0.0))
    return tuple(steps)


def _at_risk(points: dict[float, dict[str, float | None]], ticks: tuple[float, ...]) -> dict[float, str]:
    """Numbers at risk at the ticks: as the row of the first time not before each says."""
    found = {}
    for tick in ticks:
        later = [time for time in sorted(points) if time >= tick and (time > 0 or len(points) == 1)]
        number = points[later[0]].get("n_risk") if later else 0.0
        if number is None:
            return {}
        found[tick] = number_text(number)
    return found


def _median(said: dict[str, ResultRow]) -> str:
    if "median" not in said:
        return ""
    unit = said["median"].unit
    texts = {name: _time(row, unit) for name, row in said.items() if name.startswith("median")}
    if said["median"].value is None and not any(said[n].value for n in texts if n != "median"):
        return texts["median"]
    if "median_low" not in texts or "median_high" not in texts:
        return texts["median"]
    return f"{texts['median']} ({range_text(texts['median_low'], texts['median_high'])})"


def _time(row: ResultRow, unit: str | None) -> str:
    if row.value is None:
        return row_text(row)
    return time_text(row.value, unit or "months", with_unit=False) if unit else f"{row.value:.6g}"


def _ticks(last: float, unit: str | None) -> tuple[float, ...]:
    """Clinical intervals of a known unit, else 1, 2 or 5 times a power of ten; at most nine steps."""
    last = max(last, 1e-9)
    steps = [*_STEPS.get(unit or "", ())]
    power = 10.0 ** floor(log10(last / _MOST_TICKS))
    steps += [power * factor for factor in (1, 2, 5, 10, 20)]
    step = next((step for step in steps if last / step <= _MOST_TICKS), last)
    return tuple(step * place for place in range(int(last / step + 1e-9) + 1))


def _alternative(curves: tuple[Curve, ...]) -> str:
    said = [
        f"{curve.label}: {curve.events or 'curve'}{', median ' + curve.median if curve.median else ''}"
        for curve in curves
    ]
    return f"Kaplan-Meier curves, events / patients and medians. {'; '.join(said)}."
