"""Curves from result rows: survival, cumulative hazard, incidence, simultaneous bands, Turnbull's intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import NamedTuple

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.curves import SURVIVAL, Curve, CurveSet, Point
from equipoise.reporting.figures.kaplan_meier import kaplan_meier_canvas
from equipoise.reporting.figures.places import cause_words, confidence_words, interval_text, shown
from equipoise.reporting.figures.scales import Scale, linear_scale
from equipoise.reporting.figures.sheet import FigureKind, Sheet
from equipoise.reporting.formatting import number_text
from equipoise.reporting.palette import ArmStyle, arm_style

_MOST_TICKS = 9
_STEPS = {"months": (1, 2, 3, 6, 12, 24, 36), "days": (10, 30, 90, 180, 365, 730, 1825), "years": (1, 2, 5, 10)}
# A limit may stand this much above the highest curve before it leaves the axis.
_HEADROOM = 1.5
_SUMMARY = ("summary", "kaplan-meier")
_FOLLOW_UP = "Follow-up by group"
_LABELED = {"reverse Kaplan-Meier": _FOLLOW_UP, "from the landmark": "Survival from the landmark by group"}
_Seen = dict[str, float | None]


class _Owner(NamedTuple):
    """Whose curve it is."""

    level1: str | None
    level2: str | None
    cause: str

    @property
    def label(self) -> str:
        return ", ".join(filter(None, (self.level1, self.level2, cause_words(self.cause)))) or "All"

    @property
    def risk_label(self) -> str:
        return ", ".join(filter(None, (self.level1, self.level2))) or "All"


@dataclass(frozen=True)
class _Kind:
    """What is drawn: the statistics of the line and its limits, where it starts, and in which words."""

    line: str
    low: str
    high: str
    start: float
    title: str
    subtitle: str
    percent: bool = True
    table: bool = True


def _owner(row: ResultRow) -> _Owner:
    return _Owner(row.level1, row.level2, row.parameter.partition(": ")[2])


def _collect(kind: _Kind) -> Callable[[list[ResultRow]], Sheet]:
    def collect(rows: list[ResultRow]) -> Sheet:
        on_curve = [row for row in rows if row.at is not None and row.parameter not in _SUMMARY]
        scale = _scale(kind, on_curve)
        ticks, unit = _ticks_of(on_curve)
        owners = list(dict.fromkeys(_owner(row) for row in on_curve if row.statistic == kind.line))
        styles = _styles(owners)
        curves, told = [], set()
        for owner in owners:
            own = [row for row in rows if _owner(row) == owner]
            points = _points(own)
            at_risk = {} if owner.risk_label in told or not kind.table else _at_risk(points, ticks)
            told.add(owner.risk_label)
            steps = _heights(kind, scale, points)
            curves.append(_curve(owner, own, steps, at_risk, styles[owner]))
        return _sheet(kind, rows, curves, scale, ticks, unit, {o: _last(kind, rows, o) for o in owners})

    return collect


def _sheet(
    kind: _Kind, rows: Sequence[ResultRow], curves: Sequence[Curve], scale: Scale, ticks: tuple[float, ...],
    unit: str | None, ends: dict[_Owner, str],
) -> Sheet:  # fmt: skip
    level = confidence_words(rows)
    special = next((_LABELED[row.label] for row in rows if row.label in _LABELED), "")
    title = next((row.endpoint for row in rows if row.endpoint), "") or special or kind.title
    if [curve.label for curve in curves] == ["All"]:
        title = title.replace(" by group", "")
    words = kind.subtitle.format(level="" if level == "CI" else level.removesuffix("\u00a0CI") + " ")
    if special == _FOLLOW_UP:
        words = f"Reverse Kaplan\u2013Meier estimates: the share not yet censored; {words.partition('; ')[2]}"
    spoken = [
        f"{curve.label}: "
        + ", ".join(filter(None, (curve.events, f"median {curve.median}" if curve.median else "", end)))
        for curve, end in zip(curves, ends.values(), strict=True)
    ]
    opening = f"{title}. {words}. {'Events / subjects' if any(c.events for c in curves) else ''}".strip()
    drawn = CurveSet(
        title=title,
        subtitle=words,
        axis=f"Time, {unit}" if unit else "Time",
        unit=unit or "",
        curves=tuple(curves),
        ticks=ticks,
        median_head=(f"Median ({level})" if kind.low else "Median between") + (f", {unit}" if unit else ""),
        ratio_head="",
        statements=(),
        source="",
        alternative=f"{opening.rstrip('.')}: {'; '.join(spoken)}.",
        scale=scale,
        count_head="Events / patients" if any("/" in curve.events for curve in curves) else "Patients",
    )
    return Sheet(title, drawn.alternative, lambda width_mm: kaplan_meier_canvas(drawn, width_mm))


def _scale(kind: _Kind, rows: Sequence[ResultRow]) -> Scale:
    lines = [row.value for row in rows if row.statistic == kind.line and row.value is not None]
    highs = [row.value for row in rows if row.statistic == kind.high and row.value is not None]
    top = max(lines, default=0.0)
    if kind.line == "survival":
        return SURVIVAL
    top = max(top, min(max(highs, default=0.0), _HEADROOM * top)) or 1.0
    if kind.percent:
        return SURVIVAL if top > 0.6 else linear_scale([0.0, top], percent=True, bounds=(0.0, 1.0))
    return linear_scale([0.0, top])


def _styles(owners: Sequence[_Owner]) -> dict[_Owner, ArmStyle]:
    """Color by group; where groups and strata or causes cross, dashes by these; by whichever there are several of."""
    groups = list(dict.fromkeys(owner.level1 for owner in owners))
    others = list(dict.fromkeys((owner.level2, owner.cause) for owner in owners))
    found = {}
    for place, owner in enumerate(owners, start=1):
        first, second = groups.index(owner.level1) + 1, others.index((owner.level2, owner.cause)) + 1
        crossed = len(groups) > 1 and len(others) > 1
        color, dashes = arm_style(first), arm_style(second).dashes
        found[owner] = ArmStyle(color.light, color.dark, dashes) if crossed else arm_style(place)
    return found


def _points(rows: Iterable[ResultRow]) -> dict[float, _Seen]:
    points: dict[float, _Seen] = {}
    for row in rows:
        if row.at is not None and row.parameter not in _SUMMARY:
            points.setdefault(row.at, {})[row.statistic] = row.value
    return dict(sorted(points.items()))


def _heights(kind: _Kind, scale: Scale, points: dict[float, _Seen]) -> tuple[Point, ...]:
    """The curve in shares of the axis, from its start at time 0 where its rows begin later."""
    steps = []
    for time, seen in points.items():
        if (value := seen.get(kind.line)) is None:
            continue
        low, high = (None if (v := seen.get(end)) is None else scale.share(v) for end in (kind.low, kind.high))
        steps.append(Point(time, scale.share(value), low, high, seen.get("n_censor") or 0.0))
    if steps and steps[0].time > 0:
        start = scale.share(kind.start)
        known = None if kind.line != "survival" or kind.low == "band_low" else start
        steps.insert(0, Point(0.0, start, known, known, 0.0))
    return tuple(steps)


def _curve(
    owner: _Owner, rows: Sequence[ResultRow], steps: tuple[Point, ...], at_risk: dict[float, str], style: ArmStyle
) -> Curve:
    numbers = {row.statistic: row for row in rows if row.at is None or row.statistic.startswith("median")}
    counts = [shown(numbers[name]) for name in ("n_event", "n") if name in numbers]
    median = numbers.get("median")
    text = interval_text(median, numbers.get("median_low"), numbers.get("median_high"))
    return Curve(
        id=owner.label,
        label=owner.label,
        place=1,
        points=steps,
        at_risk=at_risk,
        censored={},
        events=" / ".join(counts),
        median=text,
        median_at=None if median is None else median.value,
        ratio="",
        style=style,
        risk_name=owner.risk_label,
    )


def _at_risk(points: dict[float, _Seen], ticks: tuple[float, ...]) -> dict[float, str]:
    """Numbers at risk at the ticks: as the row of the first time not before each says."""
    if not any("n_risk" in seen for seen in points.values()):
        return {}
    found = {}
    for tick in ticks:
        later = [time for time in points if time >= tick and (time > 0 or len(points) == 1)]
        number = points[later[0]].get("n_risk") if later else 0.0
        if number is None:
            return {}
        found[tick] = number_text(number)
    return found


def _last(kind: _Kind, rows: Iterable[ResultRow], owner: _Owner) -> str:
    """The last value of a curve that has no median to be quoted; every number where they are few."""
    held = [row for row in rows if _owner(row) == owner]
    own = [row for row in held if row.statistic == kind.line and row.at is not None]
    if not own or any(row.statistic == "median" for row in held):
        return ""
    told = own if kind.line == "n_risk" else own[-1:]
    return ", ".join(f"{shown(row)} at {row.at:.6g}" for row in told)


def _ticks_of(rows: Sequence[ResultRow]) -> tuple[tuple[float, ...], str | None]:
    unit = next((row.at_unit for row in rows if row.at_unit), None)
    return time_ticks(max((row.at or 0.0 for row in rows), default=0.0), unit), unit


def time_ticks(last: float, unit: str | None) -> tuple[float, ...]:
    """Clinical intervals of a known unit, else 1, 2 or 5 times a power of ten; at most nine steps."""
    last = max(last, 1e-9)
    steps = [*_STEPS.get(unit or "", ())]
    power = 10.0 ** floor(log10(last / _MOST_TICKS))
    steps += [power * factor for factor in (1, 2, 5, 10, 20)]
    step = next((step for step in steps if last / step <= _MOST_TICKS), last)
    return tuple(step * place for place in range(int(last / step + 1e-9) + 1))


# Turnbull's estimate -----------------------------------------------------------------------------------------------

_TURNBULL = _Kind(
    "survival", "", "", 1.0, "Survival by group, interval-censored",
    "Turnbull\u2019s estimate: inside a shaded interval the curve is not determined; the line is its upper edge",
)  # fmt: skip


def _collect_intervals(rows: list[ResultRow]) -> Sheet:
    inside = [row for row in rows if row.parameter == "interval"]
    unit = next((row.at_unit for row in inside if row.at_unit), None)
    ends = [row.at for row in inside if row.at is not None]
    lows = [row.value for row in inside if row.statistic == "interval_low" and row.value is not None]
    ticks = time_ticks(max([*ends, *lows], default=0.0), unit)
    owners = list(dict.fromkeys(_owner(row) for row in inside))
    styles = _styles(owners)
    curves = []
    for owner in owners:
        own = [row for row in rows if _owner(row) == owner]
        numbers = {row.statistic: row for row in own if row.parameter == "summary"}
        median = [numbers.get(name) for name in ("median_low", "median_high")]
        text = "" if None in median else f"{shown(median[0])} to {shown(median[1])}"
        found = _curve(owner, [numbers["n"]] if "n" in numbers else [], _rectangles(own), {}, styles[owner])
        curves.append(Curve(**{**vars(found), "median": text}))
    return _sheet(_TURNBULL, rows, curves, SURVIVAL, ticks, unit, dict.fromkeys(owners, ""))


def _rectangles(rows: Iterable[ResultRow]) -> tuple[Point, ...]:
    """The upper edge of the curve, with a band down to the lower edge inside every interval with mass."""
    intervals: dict[float | None, _Seen] = {}
    for row in rows:
        if row.parameter == "interval":
            intervals.setdefault(row.at, {})[row.statistic] = row.value
    steps = [Point(0.0, 1.0, None, None, 0.0)]
    for end, seen in intervals.items():
        start, after = seen.get("interval_low"), seen.get("survival")
        if start is None or after is None:
            continue
        before = steps[-1].survival
        if end is None:
            steps.append(Point(start, before, None, None, 0.0))
            continue
        if start < end:
            steps = [step for step in steps if step.time != start] + [Point(start, before, after, before, 0.0)]
        steps.append(Point(end, after, None, None, 0.0))
    return tuple(steps)


# What there is -----------------------------------------------------------------------------------------------------

_KAPLAN_MEIER = _Kind(
    "survival", "survival_low", "survival_high", 1.0, "Survival by group",
    "Kaplan\u2013Meier estimates with pointwise {level}confidence bands; ticks: censored",
)  # fmt: skip
_COX = _Kind(
    "survival", "survival_low", "survival_high", 1.0, "Survival by the Cox model",
    "Predicted at the covariates named, with pointwise {level}confidence bands; ticks: censored",
)  # fmt: skip
_HAZARD = _Kind(
    "hazard", "hazard_low", "hazard_high", 0.0, "Cumulative hazard by group",
    "Nelson\u2013Aalen estimates with pointwise {level}confidence bands", percent=False,
)  # fmt: skip
_COX_HAZARD = _Kind(
    "cumulative_hazard", "", "", 0.0, "Cumulative hazard by the Cox model", "Predicted at the covariates named",
    percent=False,
)  # fmt: skip
_INCIDENCE = _Kind(
    "incidence", "incidence_low", "incidence_high", 0.0, "Cumulative incidence by cause",
    "Aalen\u2013Johansen estimates with pointwise {level}confidence bands",
)  # fmt: skip
_BANDS = _Kind(
    "survival", "band_low", "band_high", 1.0, "Survival by group",
    "Kaplan\u2013Meier estimates with simultaneous {level}confidence bands",
)  # fmt: skip
_AT_RISK = _Kind(
    "n_risk", "", "", 0.0, "Number at risk by group", "Subjects at risk just before each time", percent=False,
    table=False,
)  # fmt: skip


def _takes(*parameters: str) -> Callable[[ResultRow], bool]:
    return lambda row: row.parameter.partition(": ")[0] in parameters and not _is_cox(row)


def _is_cox(row: ResultRow) -> bool:
    return (row.method or "").startswith("cox-baseline")


FIGURES = (
    FigureKind("survival", frozenset({"survival"}), _takes("curve", *_SUMMARY), _collect(_KAPLAN_MEIER)),
    FigureKind("cumulative-hazard", frozenset({"hazard"}), _takes("curve", "summary"), _collect(_HAZARD)),
    FigureKind("survival", frozenset({"survival"}), _is_cox, _collect(_COX)),
    FigureKind("cumulative-hazard", frozenset({"cumulative_hazard"}), _is_cox, _collect(_COX_HAZARD)),
    FigureKind("incidence", frozenset({"incidence"}), _takes("incidence", "summary"), _collect(_INCIDENCE)),
    FigureKind("bands", frozenset({"survival", "band_low", "band_high"}), _takes("band"), _collect(_BANDS)),
    FigureKind("intervals", frozenset({"mass", "interval_low"}), _takes("interval", "summary"), _collect_intervals),
    FigureKind("at-risk", frozenset({"n_risk", "n_event_before"}), _takes("at risk"), _collect(_AT_RISK)),
)
