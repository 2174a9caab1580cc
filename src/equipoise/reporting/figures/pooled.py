"""The forest plot of a pool: trials with their weights, the pooled effect as a diamond, the prediction interval."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.estimates import as_sheet, said
from equipoise.reporting.figures.intervals import IntervalPlot, Line, Mark
from equipoise.reporting.figures.places import Found, by_place, confidence_words, interval_text, limit, p_words, shown
from equipoise.reporting.figures.scales import linear_scale, log_scale
from equipoise.reporting.figures.sheet import FigureKind, Sheet
from equipoise.reporting.formatting import percent_text, range_text
from equipoise.reporting.palette import ARM_STYLES, SECONDARY, TEXT
from equipoise.reporting.tables.pooled import METHODS, heterogeneity_words

_SMALLEST, _LARGEST = 0.45, 1.55


def _collect(rows: list[ResultRow]) -> Sheet:
    places = by_place(rows)
    of = {place.parameter: found for place, found in places.items() if place.level1 is None}
    trials = [(place.level1 or "", found) for place, found in places.items() if place.parameter == "trial"]
    pooled = of["pooled"]
    ratio = pooled["estimate"].label != "rmst-difference"
    lines = [_trial_line(name, found, trials) for name, found in trials]
    method = METHODS.get(_method(rows), "Pooled")
    lines.append(_line(f"Pooled, {method}", pooled, "summary", TEXT, "100%"))
    if "prediction" in of:
        lines.append(_prediction(of["prediction"], pooled))
    again = next((found for place, found in places.items() if place.parameter == "without-impossible"), None)
    if again is not None:
        lines.append(_line(f"Pooled without {again['estimate'].level1}", again, "summary", SECONDARY, ""))
    values = [limit(found.get(name)) for _, found in [*trials, ("", pooled)] for name in ("conf_low", "conf_high")]
    centers = [limit(found.get("estimate")) for _, found in [*trials, ("", pooled)]]
    what = "Hazard ratio" if ratio else "Difference of restricted means"
    level = confidence_words([pooled["conf_level"]])
    endpoint = rows[0].endpoint
    title = f"{endpoint}: {len(trials)} trials pooled" if endpoint else f"{len(trials)} trials pooled"
    notes = [heterogeneity_words(of.get("heterogeneity", {}))]
    notes += [f"Pooled effect: {p_words(pooled['p_value'])}"] if "p_value" in pooled else []
    notes += [row.warning for row in pooled.values() if row.warning]
    notes += [f"{name}: {found['estimate'].warning}" for name, found in trials if found["estimate"].warning]
    spoken = [(line.label, line.numbers[-1]) for line in lines]
    plot = IntervalPlot(
        title=title,
        subtitle=f"{what}s with {level}; squares have areas in proportion to the weight",
        lines=tuple(lines),
        scale=log_scale(values, centers) if ratio else linear_scale([0.0, *centers, *values]),
        axis=f"{what}, log scale" if ratio else what,
        alternative=said(spoken, f"{title}, {what.lower()}s", notes),
        heads=("Weight", f"{'HR' if ratio else 'Difference'} ({level})"),
        stub_head="Trial",
        reference=1.0 if ratio else 0.0,
        lines_at=tuple(value for value in [limit(pooled["estimate"])] if value is not None),
        favors=("Favors experimental", "Favors control") if ratio else None,
        notes=tuple(dict.fromkeys(note for note in notes if note)),
    )
    return as_sheet(plot)


def _method(rows: list[ResultRow]) -> str:
    found = [row.method for row in rows if row.parameter == "heterogeneity" and row.statistic == "tau2"]
    return found[0] or "" if found else ""


def _trial_line(name: str, found: Found, trials: Sequence[tuple[str, Found]]) -> Line:
    weight = limit(found.get("weight")) or 0.0
    most = max(limit(other.get("weight")) or 0.0 for _, other in trials)
    size = min(_LARGEST, max(_SMALLEST, _LARGEST * sqrt(weight / most) if most else 1.0))
    return _line(name, found, "square", ARM_STYLES[0].light, percent_text(weight), size)


def _line(label: str, found: Found, shape: str, color: str, weight: str, size: float = 1.0) -> Line:
    rows = [found.get(name) for name in ("estimate", "conf_low", "conf_high")]
    value, low, high = (limit(row) for row in rows)
    mark = Mark(value, low, high, color, shape, size)  # type: ignore[arg-type]
    return Line(label, (mark,), (weight, interval_text(*rows)))


def _prediction(found: Found, pooled: Found) -> Line:
    low, high = found["pred_low"], found["pred_high"]
    mark = Mark(limit(pooled["estimate"]), limit(low), limit(high), SECONDARY, "bar")
    ends = range_text(shown(low), shown(high))
    return Line("Prediction interval, next trial",
                (mark,), ("", ends), color=SECONDARY)  # fmt: skip


def _takes(row: ResultRow) -> bool:
    return row.analysis in ("pool", "pool-rmst") and row.parameter != "without"


FIGURES = (FigureKind("pool", frozenset({"estimate", "weight"}), _takes, _collect),)
