"""What a figure of curves shows, collected from result rows before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.scales import Scale
from equipoise.reporting.lookup import Rows, row_text, with_interval
from equipoise.reporting.palette import ArmStyle, arm_style

SURVIVAL = Scale((0.0, 0.2, 0.4, 0.6, 0.8, 1.0), percent=True)


@dataclass(frozen=True)
class Point:
    """A step of a curve: from `time` on, survival and its limits; how many were censored at it.

    `survival` is the height on the axis, from 0 at its lowest to 1 at its highest tick, of other curves too.
    """

    time: float
    survival: float
    low: float | None
    high: float | None
    censored: float


@dataclass(frozen=True)
class Curve:
    """One arm's curve with its place in the palette and the texts that stand beside it.

    `style` where the place does not decide it; `risk_name` its name in the number-at-risk table where that is another.
    """

    id: str
    label: str
    place: int
    points: tuple[Point, ...]
    at_risk: dict[float, str]
    censored: dict[float, str]
    events: str
    median: str
    median_at: float | None
    ratio: str
    style: ArmStyle | None = None
    risk_name: str = ""

    @property
    def drawn(self) -> ArmStyle:
        """How the curve is drawn."""
        return self.style or arm_style(self.place)

    @property
    def end(self) -> float:
        """The last observation."""
        return self.points[-1].time if self.points else 0.0


@dataclass(frozen=True)
class CurveSet:
    """A whole figure: its curves, the ticks of both axes, table, and words."""

    title: str
    subtitle: str
    axis: str
    unit: str
    curves: tuple[Curve, ...]
    ticks: tuple[float, ...]
    median_head: str
    ratio_head: str
    statements: tuple[str, ...]
    source: str
    alternative: str
    scale: Scale = SURVIVAL
    count_head: str = "Events / patients"

    @property
    def last_median(self) -> float | None:
        """Where the line at 50% ends: at the largest median quoted."""
        return max((curve.median_at for curve in self.curves if curve.median_at is not None), default=None)


_CURVE = ("survival", "survival_low", "survival_high", "n_censor")


def curve_points(rows: Rows, analysis: str, group: tuple[str, str] | None) -> tuple[Point, ...]:
    """The steps of one curve in order of time; rows without survival are left out."""
    by_time: dict[float, dict[str, float | None]] = {}
    for row in rows.part(analysis, "curve"):
        if row.at is not None and row.statistic in _CURVE and _group(row) == group:
            by_time.setdefault(row.at, {})[row.statistic] = row.value
    return tuple(
        Point(time, survival, seen.get("survival_low"), seen.get("survival_high"), seen.get("n_censor") or 0.0)
        for time, seen in sorted(by_time.items())
        if (survival := seen.get("survival")) is not None
    )


def at_risk_texts(rows: Rows, analysis: str, group: tuple[str, str] | None, statistic: str) -> dict[float, str]:
    """Tick to text of one arm's row of the number-at-risk table."""
    found = rows.part(analysis, "at-risk", statistic)
    return {row.at: row_text(row) for row in found if row.at is not None and _group(row) == group}


def events_text(rows: Rows, analysis: str, group: tuple[str, str] | None) -> str:
    """`121 / 136`, events of patients."""
    parts = [rows.get(analysis, "kaplan-meier", statistic, first=group) for statistic in ("n_event", "n")]
    return " / ".join(row_text(row) for row in parts if row is not None)


def median_text(rows: Rows, analysis: str, group: tuple[str, str] | None) -> tuple[str, float | None]:
    """`4.9 (3.6-6.1)`, and the median itself where it is a number."""
    parts = [rows.get(analysis, "kaplan-meier", s, first=group) for s in ("median", "median_low", "median_high")]
    quantity = with_interval(*parts)
    return ("" if quantity is None else quantity.text), (None if parts[0] is None else parts[0].value)


def _group(row: ResultRow) -> tuple[str, str] | None:
    return (row.group1, row.level1) if row.group1 and row.level1 else None
