"""Dots by group on one line: adverse-event rates by term, and baseline characteristics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.estimates import as_sheet, said
from equipoise.reporting.figures.intervals import IntervalPlot, Line, Mark, Shape
from equipoise.reporting.figures.places import Arms, Found, by_place, limit, plain, shown, warnings
from equipoise.reporting.figures.scales import Scale, linear_scale
from equipoise.reporting.figures.sheet import FigureKind, Sheet
from equipoise.reporting.formatting import number_text, percent_text, range_text

_MOST_TERMS = 30
MOST_COLUMNS = 2
_MOST_JOINED = 2
_SHAPES: tuple[Shape, ...] = ("circle", "square", "diamond", "ring")
OVERALL = "Overall"


def _collect_events(place_of: int) -> FigureKind:
    """Terms sorted by the highest rate of any group; `place_of` 0: the first threshold of grade, -1: the last."""

    def collect(rows: list[ResultRow]) -> Sheet:
        grades = list(dict.fromkeys(row.parameter for row in rows))
        grade = grades[place_of]
        own = [row for row in rows if row.parameter == grade]
        kinds = {row.group2 for row in own}
        wanted = next(kind for kind in ("term", "body system", "any") if kind in kinds)
        arms = Arms(row.level1 for row in own)
        terms: dict[tuple[str, str], dict[str, Found]] = {}
        for place, values in by_place(own).items():
            if place.group2 == wanted and "estimate" in values:
                name = place.level2 or "", values["estimate"].label
                terms.setdefault(name, {})[place.level1 or ""] = values
        ranked = sorted(terms.items(), key=lambda item: (-_highest(item[1]), item[0]))
        lines = [_term_line(name, values, arms) for (name, _), values in ranked[:_MOST_TERMS]]
        notes = [f"The {_MOST_TERMS} most frequent of {len(ranked)}"] if len(ranked) > _MOST_TERMS else []
        notes += warnings(own)
        title = "Adverse events, " + grade.replace(">=", "\u2265")
        spoken = [
            (name, ", ".join(f"{arm} {shown(v['estimate'])}" for arm, v in values.items()))
            for (name, _), values in ranked[:_MOST_TERMS]
        ]
        columns = arms.levels if len(arms.levels) <= MOST_COLUMNS else []
        plot = IntervalPlot(
            title=title,
            subtitle="Share of subjects with at least one event, by term; sorted by the highest rate of any group",
            lines=tuple(lines),
            scale=linear_scale([0.0, *(mark.value for line in lines for mark in line.marks)], percent=True),
            axis="Share of subjects",
            alternative=said(spoken, title, notes),
            heads=tuple(f"{level}, n\u00a0(%)" for level in columns),
            stub_head={"term": "Preferred term", "body system": "Body system", "any": ""}[wanted],
            key=key_of(arms),
            notes=tuple(notes),
        )
        return as_sheet(plot)

    name = "adverse-events" if place_of == 0 else "severe-adverse-events"
    kinds = ("any", "body system", "term")
    return FigureKind(name, frozenset({"estimate", "n_event"}), lambda row: row.group2 in kinds, collect)


def key_of(arms: Arms) -> tuple[tuple[str, str, Shape], ...]:
    """Each group with its color and its shape."""
    return tuple((arm, arms.color(arm), _SHAPES[place % len(_SHAPES)]) for place, arm in enumerate(arms.levels))


def dots(found: Mapping[str, Found], arms: Arms, statistic: str) -> tuple[Mark, ...]:
    """One mark per group that has the statistic."""
    return tuple(
        Mark(limit(found[arm].get(statistic)), color=color, shape=shape)
        for arm, color, shape in key_of(arms)
        if arm in found
    )


def _highest(values: dict[str, Found]) -> float:
    return max((limit(found["estimate"]) or 0.0 for found in values.values()), default=0.0)


def _term_line(name: str, values: dict[str, Found], arms: Arms) -> Line:
    numbers = tuple(_counted(values.get(arm)) for arm in arms.levels) if len(arms.levels) <= MOST_COLUMNS else ()
    return Line(name, dots(values, arms, "estimate"), numbers, joined=len(arms.levels) <= _MOST_JOINED, step=0.6)


def _counted(found: Found | None) -> str:
    if found is None:
        return ""
    value = found["estimate"].value
    return f"{shown(found['n_event'])} ({'NE' if value is None else percent_text(value, 0, sign=False)})"


# Baseline ----------------------------------------------------------------------------------------------------------


def _groups(rows: Sequence[ResultRow]) -> Arms:
    """The groups; everybody together only where there are no others."""
    arms = Arms(row.level1 for row in rows)
    return Arms([level for level in arms.levels if level != OVERALL] or arms.levels)


def _collect_categories(rows: list[ResultRow]) -> Sheet:
    arms, places = _groups(rows), by_place(rows)
    lines: list[Line] = []
    spoken: list[tuple[str, str]] = []
    named = [(p.parameter, p.level2) for p, values in places.items() if "proportion" in values]
    for variable in dict.fromkeys(name for name, _ in named):
        lines.append(Line(variable, heading=True))
        for category in dict.fromkeys(level for name, level in named if name == variable):
            found = {
                p.level1: v for p, v in places.items() if (p.parameter, p.level2) == (variable, category) and p.level1
            }  # fmt: skip
            texts = [_share(found.get(arm)) for arm in arms.levels]
            numbers = tuple(texts) if len(arms.levels) <= MOST_COLUMNS else ()
            marks, joined = dots(found, arms, "proportion"), len(arms.levels) <= _MOST_JOINED
            lines.append(Line(category or "", marks, numbers, indent=True, joined=joined, step=0.6))
            told = ", ".join(f"{a} {t}" for a, t in zip(arms.levels, texts, strict=True))
            spoken.append((f"{variable} {category}", told))
    title = "Baseline characteristics by group"
    plot = IntervalPlot(
        title=title,
        subtitle="Share of subjects with a value",
        lines=tuple(lines),
        scale=linear_scale([0.0, 1.0], percent=True),
        axis="Share of subjects",
        alternative=said(spoken, title),
        heads=tuple(f"{level}, n\u00a0(%)" for level in arms.levels) if len(arms.levels) <= MOST_COLUMNS else (),
        key=key_of(arms),
    )
    return as_sheet(plot)


def _share(found: Found | None) -> str:
    if found is None or "count" not in found:
        return ""
    value = found["proportion"].value
    return f"{shown(found['count'])} ({'NE' if value is None else percent_text(value, 0, sign=False)})"


def _collect_quartiles(rows: list[ResultRow]) -> Sheet:
    """Medians with quartiles, every variable between its own smallest and largest value."""
    arms, places = _groups(rows), by_place(rows)
    lines: list[Line] = []
    spoken = []
    for variable in dict.fromkeys(p.parameter for p, values in places.items() if "median" in values):
        found = {p.level1: v for p, v in places.items() if p.parameter == variable and "median" in v}
        ends = [limit(v.get(s)) for v in found.values() for s in ("minimum", "maximum")]
        known = [end for end in ends if end is not None]
        low, high = (min(known), max(known)) if known else (0.0, 1.0)
        lines.append(Line(f"{variable} (axis: {low:.4g} to {high:.4g})", heading=True))
        for arm in arms.levels:
            values = found.get(arm, {})
            middle, first, third = (_between(limit(values.get(s)), low, high) for s in ("median", "q1", "q3"))
            said_ends = [_plain(values.get(name)) for name in ("median", "q1", "q3")]
            text = f"{said_ends[0]} ({range_text(*said_ends[1:])})"
            mark = Mark(middle, first, third, arms.color(arm), "square")
            lines.append(Line(arm, (mark,), (text,), indent=True, color=arms.color(arm)))
            spoken.append((f"{variable}, {arm}", text))
    title = "Baseline: medians and quartiles by group"
    plot = IntervalPlot(
        title=title,
        subtitle="Each variable on an axis of its own, from its smallest to its largest value",
        lines=tuple(lines),
        scale=Scale((0.0, 1.0), names=("smallest", "largest")),
        axis="",
        alternative=said(spoken, title),
        heads=("Median (quartiles)",),
    )
    return as_sheet(plot)


def _plain(row: ResultRow | None) -> str:
    """A value of a variable in any unit: whole as it is, else with a decimal (two below ten)."""
    if row is None or row.value is None:
        return "NE"
    return plain(row.value) if row.value == int(row.value) else number_text(row.value, 1 if abs(row.value) >= 10 else 2)


def _between(value: float | None, low: float, high: float) -> float | None:
    if value is None:
        return None
    return (value - low) / (high - low) if high > low else 0.5


def _takes_baseline(row: ResultRow) -> bool:
    return bool(row.parameter) and row.method is None


FIGURES = (
    _collect_events(0),
    _collect_events(-1),
    FigureKind("categories", frozenset({"proportion", "count"}), _takes_baseline, _collect_categories),
    FigureKind("quartiles", frozenset({"median", "q1", "q3"}), _takes_baseline, _collect_quartiles),
)
