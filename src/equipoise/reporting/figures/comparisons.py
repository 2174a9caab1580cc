"""Tests between groups: observed against expected events, scores, combined and single statistics."""

from __future__ import annotations

from collections.abc import Sequence

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.estimates import as_sheet, group_notes, said
from equipoise.reporting.figures.intervals import IntervalPlot, Line, Mark
from equipoise.reporting.figures.places import (
    Arms,
    Found,
    by_place,
    cause_words,
    confidence_words,
    interval_text,
    limit,
    name_of_test,
    p_bare,
    p_words,
    shown,
    warnings,
    words_of_test,
    words_of_tests,
)
from equipoise.reporting.figures.scales import linear_scale
from equipoise.reporting.figures.sheet import FigureKind, Sheet
from equipoise.reporting.formatting import upper_first
from equipoise.reporting.palette import ARM_STYLES, SECONDARY

_BLUE = ARM_STYLES[0].light
_AXIS_Z = "z (positive favors the experimental group)"


def _collect_observed(stem: str) -> FigureKind:
    """Observed and expected events of each group on one line."""
    observed, expected = f"{stem}observed", f"{stem}expected"
    what = "Weighted observed" if stem else "Observed"

    def collect(rows: list[ResultRow]) -> Sheet:
        found = [(place, values) for place, values in by_place(rows).items() if observed in values]
        arms = Arms(place.level1 for place, _ in found)
        lines = []
        for place, values in found:
            color = arms.color(place.level1)
            marks = (
                Mark(limit(values.get(expected)), color=color, shape="ring"),
                Mark(limit(values[observed]), color=color, shape="circle"),
            )
            label = place.levels or _first_group(place.parameter)
            numbers = shown(values[observed]), shown(values.get(expected))
            lines.append(Line(label, marks, numbers, joined=True, color=color))
        notes = [*words_of_tests(rows), *_standardized(rows), *group_notes(rows), *warnings(rows)]
        title = f"{what} and expected events"
        spoken = ((line.label, f"observed {line.numbers[0]}, expected {line.numbers[1]}") for line in lines)
        scale = linear_scale([0.0, *(mark.value for line in lines for mark in line.marks)])
        plot = IntervalPlot(
            title=title,
            subtitle="Expected: if the groups did not differ" if len(lines) > 1 else "",
            lines=tuple(lines),
            scale=scale,
            axis=f"{'Weighted events' if stem else 'Events'}",
            alternative=said(spoken, title, notes),
            heads=("Observed", "Expected"),
            stub_head="Group" if arms.levels else "",
            key=(("observed", SECONDARY, "circle"), ("expected", SECONDARY, "ring")),
            notes=tuple(notes),
        )
        return as_sheet(plot)

    return FigureKind("observed-expected", frozenset({observed, expected}), _takes_test, collect)


def _first_group(parameter: str) -> str:
    return f"Events of {parameter.split(' vs ')[0]}" if " vs " in parameter else "All"


def _standardized(rows: Sequence[ResultRow]) -> list[str]:
    """The ratio of observed to expected, where it has limits."""
    found = {row.statistic: row for row in rows if row.parameter.startswith("versus ")}
    if "ratio" not in found:
        return []
    text = interval_text(found["ratio"], found.get("conf_low"), found.get("conf_high"))
    exact = p_words(found.get("exact_p_value"))
    return [f"Observed / expected ({confidence_words(rows)}): {text}{f'; {exact}, exact Poisson' if exact else ''}"]


def _takes_test(row: ResultRow) -> bool:
    """Rows of groups and of their comparison; of a planned analysis, those of its log-rank test."""
    compared = " vs " in row.parameter and row.group2 is None
    return compared or row.parameter in ("group", "logrank") or row.parameter.startswith("versus ")


def _collect_scores(rows: list[ResultRow]) -> Sheet:
    """Gray's scores: by how much each group has more failures of a cause than expected."""
    places = by_place(rows)
    arms = Arms(place.level1 for place, values in places.items() if "score" in values)
    causes = list(dict.fromkeys(place.parameter for place, values in places.items() if "score" in values))
    lines: list[Line] = []
    for cause in causes:
        own = [values for place, values in places.items() if place.parameter == cause and "p_value" in values]
        test = own[0] if own else {}
        named = upper_first(cause_words(cause))
        lines.append(Line(f"{named}: {words_of_test(test)}" if test else named, heading=True))
        for place, values in places.items():
            if place.parameter == cause and "score" in values:
                color = arms.color(place.level1)
                mark = _from_zero(values["score"], color)
                lines.append(Line(place.levels, (mark,), (shown(values["score"]),), indent=True, color=color))
    title = "Gray\u2019s test of cumulative incidence"
    plot = IntervalPlot(
        title=title,
        subtitle="Scores of the groups, by cause of failure: above 0, more failures than expected",
        lines=tuple(lines),
        scale=linear_scale([0.0, *(mark.value for line in lines for mark in line.marks)]),
        axis="Score",
        alternative=said(((line.label, "".join(line.numbers[:1])) for line in lines), title),
        heads=("Score",),
        reference=0.0,
        notes=tuple(warnings(rows)),
    )
    return as_sheet(plot)


def _from_zero(row: ResultRow, color: str = _BLUE) -> Mark:
    """A value with a line to it from zero."""
    value = limit(row)
    return Mark(value, min(0.0, value or 0.0), max(0.0, value or 0.0), color, "circle")


def _collect_combination(rows: list[ResultRow]) -> Sheet:
    """The statistics of a combination test beside the value that one of them must exceed."""
    places = by_place(rows)
    combined = next(values for values in places.values() if "z_max" in values)
    lines = [
        Line(place.parameter, (_from_zero(values["z"]),), (shown(values["z"]), p_bare(values.get("p_value"))))
        for place, values in places.items()
        if "z" in values
    ]  # fmt: skip
    critical = limit(combined.get("critical_value"))
    bounds = _bounds(combined, critical)
    notes = [f"Combined: {words_of_test(combined)}"]
    notes += [upper_first(row.error) for row in combined.values() if row.error]
    if critical is not None:
        row = combined["critical_value"]
        notes.append(f"Dashed: the critical value {shown(row)}, {row.label}")
    notes += warnings(rows)
    title = "MaxCombo: the statistics of its tests"
    contrast = next(place.parameter for place, values in places.items() if "z_max" in values)
    plot = IntervalPlot(
        title=title,
        subtitle=contrast,
        lines=tuple(lines),
        scale=linear_scale([0.0, *bounds, *(mark.value for line in lines for mark in line.marks)]),
        axis=_AXIS_Z,
        alternative=said(((line.label, f"z {line.numbers[0]}") for line in lines), f"{title}, {contrast}", notes),
        heads=("z", "P, unadjusted"),
        stub_head="Test",
        reference=0.0,
        lines_at=bounds,
        notes=tuple(dict.fromkeys(notes)),
    )
    return as_sheet(plot)


def _bounds(combined: Found, critical: float | None) -> tuple[float, ...]:
    if critical is None:
        return ()
    label = combined["critical_value"].label
    if label.startswith("two-sided"):
        return (-critical, critical)
    return (-critical,) if label.startswith("control-better") else (critical,)


def _collect_counts(rows: list[ResultRow]) -> Sheet:
    """Shares of subjects with the event by group, without limits."""
    found = [(p, v) for p, v in by_place(rows).items() if p.parameter == "group" and {"n_event", "n"} <= set(v)]
    arms = Arms(place.level1 for place, _ in found)
    lines: list[Line] = []
    for place, values in found:
        events, total = limit(values["n_event"]), limit(values["n"])
        share = events / total if events is not None and total else None
        color = arms.color(place.level1)
        text = f"{shown(values['n_event'])} / {shown(values['n'])}"
        lines.append(Line(place.levels, (Mark(share, 0.0, share, color, "circle"),), (text,), color=color))
    notes = [*words_of_tests(rows), *warnings(rows)]
    plot = IntervalPlot(
        title="Events by group",
        subtitle="",
        lines=tuple(lines),
        scale=linear_scale([0.0, 1.0], percent=True, bounds=(0.0, 1.0)),
        axis="Share of subjects with the event",
        alternative=said(((line.label, line.numbers[0]) for line in lines), "Events of subjects by group", notes),
        heads=("Events / subjects",),
        stub_head="Group",
        notes=tuple(notes),
    )
    return as_sheet(plot)


def _collect_deviation(rows: list[ResultRow]) -> Sheet:
    """Observed minus expected, of each group where rows say it by group, else of the comparison."""
    found = [(p, v["observed_minus_expected"]) for p, v in by_place(rows).items() if "observed_minus_expected" in v]
    found = [(place, row) for place, row in found if place.level1] or found
    arms = Arms(place.level1 for place, _ in found)
    lines = [
        Line(place.levels or place.parameter, (_from_zero(row, arms.color(place.level1)),), (shown(row),))
        for place, row in found
    ]  # fmt: skip
    notes = [*words_of_tests(rows), *warnings(rows)]
    title = "Observed minus expected events"
    plot = IntervalPlot(
        title=title,
        subtitle="; ".join(dict.fromkeys(row.label for _, row in found if row.label)),
        lines=tuple(lines),
        scale=linear_scale([0.0, *(mark.value for line in lines for mark in line.marks)]),
        axis="Events more (right) or fewer (left) than expected",
        alternative=said(((line.label, line.numbers[0]) for line in lines), title, notes),
        heads=("O \u2212 E",),
        reference=0.0,
        notes=tuple(notes),
    )
    return as_sheet(plot)


def _collect_statistics(statistic: str, title: str, axis: str) -> FigureKind:
    """Test statistics as they are, where rows hold nothing that says more."""

    def collect(rows: list[ResultRow]) -> Sheet:
        found = [(p, v) for p, v in by_place(rows).items() if statistic in v and "p_value" in v]
        lines = []
        for place, values in found:
            df = f" ({shown(values['df'])} df)" if "df" in values and statistic == "chi_square" else ""
            label = "All together" if place.parameter == "GLOBAL" else place.parameter
            numbers = shown(values[statistic]) + df, p_bare(values.get("p_value"))
            lines.append(Line(label, (_from_zero(values[statistic]),), numbers))
        labels = dict.fromkeys(values[statistic].label.replace("time: ", "scale of time: ") for _, values in found)
        named = name_of_test(rows) if len({row.method for row in rows}) == 1 else title
        notes = [*(upper_first(row.error) for row in rows if row.error), *warnings(rows)]
        plot = IntervalPlot(
            title=named,
            subtitle="; ".join(label for label in labels if label),
            lines=tuple(lines),
            scale=linear_scale([0.0, *(mark.value for line in lines for mark in line.marks)]),
            axis=axis,
            alternative=said(((x.label, f"{x.numbers[0]}, P {x.numbers[1]}") for x in lines), named, notes),
            heads=("z" if statistic == "z" else "\u03c7\u00b2", "P"),
            reference=0.0,
            notes=tuple(dict.fromkeys(notes)),
        )
        return as_sheet(plot)

    takes = lambda row: row.parameter not in ("curve", "model", "hazard-ratio", "subgroup")  # noqa: E731
    return FigureKind(title.lower().replace(" ", "-"), frozenset({statistic, "p_value"}), takes, collect)


FIGURES = (
    FigureKind("combination", frozenset({"z", "z_max"}), lambda _: True, _collect_combination),
    _collect_observed(""),
    _collect_observed("weighted_"),
    FigureKind("scores", frozenset({"score", "chi_square"}), lambda row: row.parameter != "group", _collect_scores),
)
# What is drawn where rows hold a test and no estimate.
TESTS = (
    FigureKind(
        "observed-minus-expected", frozenset({"observed_minus_expected", "p_value"}), _takes_test, _collect_deviation
    ),
    FigureKind("counts", frozenset({"n_event", "n", "p_value"}), _takes_test, _collect_counts),
    _collect_statistics("z", "Test statistics", _AXIS_Z),
    _collect_statistics("chi_square", "Chi-square statistics", "Chi-square"),
)
