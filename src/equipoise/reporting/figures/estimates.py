"""Interval plots of estimates: ratios, differences, rates, and what is read off curves, from result rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.intervals import IntervalPlot, Line, Mark, interval_canvas
from equipoise.reporting.figures.places import (
    Arms,
    Found,
    Place,
    by_place,
    cause_words,
    confidence_words,
    interval_text,
    limit,
    p_bare,
    p_words,
    shown,
    warnings,
    words_of_tests,
)
from equipoise.reporting.figures.scales import Scale, linear_scale, log_scale
from equipoise.reporting.figures.sheet import FigureKind, Sheet
from equipoise.reporting.formatting import time_text
from equipoise.reporting.palette import ARM_STYLES

_CURVES = ("curve", "band", "interval")
_BLUE = ARM_STYLES[0].light
_LIMITS = frozenset({"estimate", "conf_low", "conf_high"})


def as_sheet(plot: IntervalPlot) -> Sheet:
    return Sheet(plot.title, plot.alternative, lambda width_mm: interval_canvas(plot, width_mm))


@dataclass(frozen=True)
class Triple:
    """An estimate with its limits and its P value, at its place."""

    place: Place
    found: Found
    stem: str
    ends: tuple[str, str]

    @property
    def estimate(self) -> ResultRow | None:
        return self.found.get(self.stem)

    @property
    def rows(self) -> tuple[ResultRow | None, ResultRow | None, ResultRow | None]:
        return self.estimate, self.found.get(self.ends[0]), self.found.get(self.ends[1])

    @property
    def text(self) -> str:
        return interval_text(*self.rows)

    @property
    def p_value(self) -> ResultRow | None:
        return self.found.get("p_value" if self.stem == "estimate" else f"{self.stem}_p_value")

    def mark(self, color: str = _BLUE) -> Mark:
        value, low, high = (limit(row) for row in self.rows)
        return Mark(value, low, high, color)


def triples(rows: Iterable[ResultRow], stem: str) -> list[Triple]:
    """Every estimate called `stem`, in order."""
    ends = ("conf_low", "conf_high") if stem == "estimate" else (f"{stem}_low", f"{stem}_high")
    return [Triple(place, found, stem, ends) for place, found in by_place(rows).items() if stem in found]


def scale_of(found: Sequence[Triple], anchors: tuple[float, ...] = ()) -> Scale:
    """The axis of estimates: by their format logarithmic for ratios, in percent for shares, else plain."""
    values = [limit(row) for triple in found for row in triple.rows]
    values += [_beyond(triple) for triple in found]
    hint = next((t.estimate.format for t in found if t.estimate is not None), None)
    if hint == "ratio":
        return log_scale(values, [limit(triple.estimate) for triple in found])
    bounds = (-1.0, 1.0) if hint == "percent" else None
    return linear_scale([*values, *anchors], percent=hint == "percent", bounds=bounds)


def _beyond(triple: Triple) -> float | None:
    """A place past an estimate whose upper limit is unknown, so that its dashes have room."""
    value, _, high = (limit(row) for row in triple.rows)
    return None if value is None or high is not None else value * 1.2


def said(lines: Iterable[tuple[str, str]], opening: str, closing: Sequence[str] = ()) -> str:
    """Alternative text: the numbers of every line."""
    listed = "; ".join(f"{label} {text}".strip() for label, text in lines if label or text)
    return " ".join([f"{opening}: {listed}.", *(f"{sentence.rstrip('.')}." for sentence in closing)])


# Ratios by a model -------------------------------------------------------------------------------------------------

_RATIO_WORDS = {
    "cox": ("Hazard ratios", "Hazard ratio, log scale", "HR"),
    "fine-gray": ("Subdistribution hazard ratios", "Subdistribution hazard ratio, log scale", "sHR"),
    "odds": ("Odds ratio", "Odds ratio, log scale", "OR"),
}


def _ratio_words(row: ResultRow) -> tuple[str, str, str]:
    method = row.method or ""
    return next((words for stem, words in _RATIO_WORDS.items() if method.startswith(stem)), _RATIO_WORDS["odds"])


def _collect_ratios(rows: list[ResultRow]) -> Sheet:
    found = triples(rows, "estimate")
    first = next(row for row in rows if row.statistic == "estimate")
    title, axis, short = _ratio_words(first)
    level = confidence_words(rows)
    with_p = any(triple.p_value is not None for triple in found)
    lines, spoken = [], []
    for triple in found:
        label = _ratio_label(triple.place)
        p = triple.p_value
        numbers = (triple.text, p_bare(p))
        lines.append(Line(label, (triple.mark(),), numbers if with_p else numbers[:1]))
        spoken.append((label, f"{triple.text}{', ' + p_words(p) if p_words(p) else ''}"))
    cause = f" of {cause_words(first.label)}" if title.startswith("Sub") and first.label else ""
    notes = [*_model_notes(rows), *warnings(rows)]
    plot = IntervalPlot(
        title=title + cause,
        subtitle=f"Estimates with {level}",
        lines=tuple(lines),
        scale=scale_of(found),
        axis=axis,
        alternative=said(spoken, f"{title}{cause} with {level}", notes),
        heads=(f"{short} ({level})", "P")[: 1 + with_p],
        stub_head=_stub_head(lines),
        reference=1.0,
        notes=tuple(notes),
    )
    return as_sheet(plot)


def _stub_head(lines: Sequence[Line]) -> str:
    return "Comparison" if all(" vs " in line.label for line in lines) else "Covariate"


def _ratio_label(place: Place) -> str:
    """The coefficient; of a planned analysis, the arm and its reference."""
    if place.parameter in ("hazard-ratio", "subgroup"):
        joined = " vs " if place.group2 == "reference" else ", "
        return joined.join(level for level in (place.level1, place.level2) if level)
    return place.parameter


def _model_notes(rows: Sequence[ResultRow]) -> list[str]:
    """Counts and the test of the whole model; counts by group for an odds ratio."""
    found = {row.statistic: row for row in rows if row.parameter == "model"}
    notes = []
    if "n" in found and "n_event" in found:
        notes.append(f"{shown(found['n_event'])} events, {shown(found['n'])} rows of data")
    if "likelihood_ratio_p_value" in found:
        chi, df, p = (found[f"likelihood_ratio_{s}"] for s in ("chi_square", "df", "p_value"))
        notes.append(f"Likelihood-ratio test: \u03c7\u00b2 = {shown(chi)} ({shown(df)} df), {p_words(p)}")
    return notes + group_notes(rows)


def group_notes(rows: Sequence[ResultRow], stem: str = "") -> list[str]:
    """`Placebo 12/40 events, Drug 7/41 events`, or the value of each group."""
    parts = []
    for place, found in by_place(row for row in rows if row.parameter == "group").items():
        if stem in found:
            ends = found.get(f"{stem}_low"), found.get(f"{stem}_high")
            parts.append(f"{place.levels} {interval_text(found[stem], *ends)}")
        elif not stem and "n" in found and "n_event" in found:
            parts.append(f"{place.levels} {shown(found['n_event'])}/{shown(found['n'])}")
    return [f"{'Events / subjects' if not stem else 'By group'}: {'; '.join(dict.fromkeys(parts))}"] if parts else []


# Contrasts ---------------------------------------------------------------------------------------------------------

_READING = {"rmst": "Restricted mean survival time", "survival": "Survival", "median": "Median survival time"}
_STEMS = {"difference": "difference", "ratio": "ratio", "lost_ratio": "ratio of restricted mean times lost"}


def _collect_contrast(stem: str) -> Callable[[list[ResultRow]], Sheet]:
    def collect(rows: list[ResultRow]) -> Sheet:
        found = triples(rows, stem)
        reading = next((name for name in _READING if any(row.statistic == name for row in rows)), "")
        level = confidence_words(rows)
        words = _contrast_title(reading, stem, rows)
        lines = [Line(t.place.parameter, (t.mark(),), (t.text, p_bare(t.p_value))) for t in found]
        with_p = any(line.numbers[1] for line in lines)
        notes = [*group_notes(rows, reading), *words_of_tests(rows), *dict.fromkeys(_tau_notes(rows)), *warnings(rows)]
        null = 1.0 if "ratio" in stem else 0.0
        unit = next((row.unit or row.at_unit for row in rows if row.statistic == stem), None)
        hint = next((row.format for row in rows if row.statistic == stem), None)
        in_unit = f", {unit}" if unit and hint == "time" else ""
        plot = IntervalPlot(
            title=words,
            subtitle=f"Estimates with {level}",
            lines=tuple(replace(line, numbers=line.numbers[: 1 + with_p]) for line in lines),
            scale=scale_of(found, (null,)),
            axis=f"{_STEMS[stem].capitalize()}{in_unit}{', log scale' if null else ''}",
            alternative=said(((x.label, " ".join(x.numbers[:1])) for x in lines), f"{words} with {level}", notes),
            heads=(f"{_STEMS[stem].capitalize() if stem != 'lost_ratio' else 'Ratio'} ({level})", "P")[: 1 + with_p],
            stub_head="Comparison",
            reference=null,
            favors=_favors(found, stem),
            notes=tuple(notes),
        )
        return as_sheet(plot)

    return collect


def _contrast_title(reading: str, stem: str, rows: Sequence[ResultRow]) -> str:
    row = next(row for row in rows if row.statistic == stem)
    at = "" if row.at is None else f" {'to' if reading == 'rmst' else 'at'} {_at_text(row)}"
    if stem == "lost_ratio":
        return f"Restricted mean time lost{at}: ratio"
    return f"{_READING.get(reading, 'Estimate')}{at}: {stem}"


def _at_text(row: ResultRow) -> str:
    return f"{row.at:.6g}" if not row.at_unit else time_text(row.at, row.at_unit).replace(".0\u2009", "\u2009")


def _tau_notes(rows: Sequence[ResultRow]) -> list[str]:
    return [row.label.capitalize() for row in rows if row.label.startswith("tau:")]


def _favors(found: Sequence[Triple], stem: str) -> tuple[str, str] | None:
    """More time or survival is better; less time lost is."""
    pairs = {tuple(triple.place.parameter.split(" vs ")) for triple in found}
    if len(pairs) != 1 or len(pair := pairs.pop()) != 2:
        return None
    experimental, control = f"Favors {pair[0]}", f"Favors {pair[1]}"
    return (experimental, control) if stem == "lost_ratio" else (control, experimental)


def _collect_rate_difference(rows: list[ResultRow]) -> Sheet:
    found, level = triples(rows, "estimate"), confidence_words(rows)
    lines = tuple(Line(t.place.parameter, (t.mark(),), (t.text,)) for t in found)
    notes = [*group_notes(rows), *words_of_tests(rows), *warnings(rows)]
    plot = IntervalPlot(
        title="Difference of rates",
        subtitle=f"Estimate with {level}",
        lines=lines,
        scale=scale_of(found, (0.0,)),
        axis="Difference of rates",
        alternative=said(((x.label, x.numbers[0]) for x in lines), f"Difference of rates with {level}", notes),
        heads=(f"Difference ({level})",),
        stub_head="Comparison",
        reference=0.0,
        notes=tuple(notes),
    )
    return as_sheet(plot)


# By group ----------------------------------------------------------------------------------------------------------


def _collect_by_group(
    stem: str, title: str, axis: str, head: str, sections: Callable[[ResultRow], str] = lambda _: ""
) -> Callable[[list[ResultRow]], Sheet]:
    """One line per group in the group's color, under headings where `sections` says some."""

    def collect(rows: list[ResultRow]) -> Sheet:
        found, level = [t for s in _stems(stem) for t in triples(rows, s)], confidence_words(rows)
        arms = Arms(triple.place.level1 for triple in found)
        named = {sections(t.estimate): [] for t in found if t.estimate is not None}
        for triple in found:
            if triple.estimate is not None:
                named[sections(triple.estimate)].append(triple)
        ordered = sorted(named) if stem == "quantile" else list(named)
        lines: list[Line] = []
        for section in ordered:
            lines += [Line(section, heading=True)] if section else []
            lines += [_group_line(triple, arms, indent=bool(section)) for triple in named[section]]
        spoken = [("" if not x.heading else x.label, "") if x.heading else (x.label, x.numbers[0]) for x in lines]
        scale = scale_of(found, (0.0, 1.0) if stem == "survival" else (0.0,))
        unit = next((row.unit or row.at_unit for row in rows if row.statistic in _stems(stem)), None)
        plot = IntervalPlot(
            title=title,
            subtitle=f"Estimates with {level}",
            lines=tuple(lines),
            scale=scale,
            axis=f"{axis}, {unit}" if unit and not scale.percent else axis,
            alternative=said(spoken, f"{title} with {level}", warnings(rows)),
            heads=(f"{head} ({level})",),
            stub_head="Group" if arms.levels else "",
            notes=tuple(warnings(rows)),
        )
        return as_sheet(plot)

    return collect


def _stems(stem: str) -> tuple[str, ...]:
    return ("quantile", "median") if stem == "quantile" else (stem,)


def _group_line(triple: Triple, arms: Arms, *, indent: bool) -> Line:
    color = arms.color(triple.place.level1)
    counts = [shown(triple.found[s]) for s in ("n_event", "n") if s in triple.found]
    counted = f" ({'/'.join(counts)})" if len(counts) == 2 else ""
    label = (triple.place.levels or triple.place.parameter or "All") + counted
    return Line(label, (triple.mark(color),), (triple.text,), indent=indent, color=color)


def _at_section(row: ResultRow) -> str:
    return f"At {_at_text(row)}" if row.at is not None else ""


def _quantile_section(row: ResultRow) -> str:
    share = 0.5 if row.statistic == "median" else row.at
    return f"{100 * (share or 0.0):g}% with the event" + (" (median)" if share == 0.5 else "")


def _is_estimate(row: ResultRow, hint: str) -> bool:
    return row.statistic not in _LIMITS or row.format in (hint, None)


def _takes_ratio(row: ResultRow) -> bool:
    """Coefficients, contrasts and their model; rows of planned subgroups have their own figure."""
    return _is_estimate(row, "ratio") and row.parameter not in (*_CURVES, "subgroup")


def _takes_rate(row: ResultRow) -> bool:
    """A rate stands with its counts at one place, and not against another rate."""
    return row.parameter in ("", "rate") and row.group2 is None and _is_estimate(row, "percent")


def _takes_median(row: ResultRow) -> bool:
    compared = row.statistic == "conf_level" and " vs " in row.parameter
    return compared or row.parameter in ("summary", "kaplan-meier", "group")


def _takes_difference(row: ResultRow) -> bool:
    at_contrast = " vs " in row.parameter and _is_estimate(row, "percent")
    return row.parameter == "group" or at_contrast


def _stem_needs(stem: str) -> frozenset[str]:
    return frozenset({stem, f"{stem}_low", f"{stem}_high"})


FIGURES = (
    FigureKind("rates", _LIMITS | {"n"}, _takes_rate, _collect_by_group("estimate", "Rates", "Rate", "Rate")),
    FigureKind("ratios", _LIMITS, _takes_ratio, _collect_ratios),
    FigureKind("rate-difference", _LIMITS, _takes_difference, _collect_rate_difference),
    *(
        FigureKind(stem.replace("_", "-"), _stem_needs(stem), lambda row: row.parameter not in _CURVES,
                   _collect_contrast(stem))
        for stem in _STEMS
    ),
    FigureKind(
        "survival-at", _stem_needs("survival"), lambda row: row.parameter == "landmark",
        _collect_by_group("survival", "Survival at given times", "Survival", "Survival", _at_section),
    ),
    FigureKind(
        "restricted-means", _stem_needs("rmst"), lambda row: row.parameter == "restricted mean",
        _collect_by_group("rmst", "Restricted mean survival time", "Mean", "Mean", lambda row: f"To {_at_text(row)}"),
    ),
    FigureKind(
        "quantiles", frozenset({"quantile"}), lambda row: row.parameter in ("summary", "quantile"),
        _collect_by_group("quantile", "Times by which a share has had the event", "Time", "Time", _quantile_section),
    ),
    FigureKind(
        "medians", _stem_needs("median"), _takes_median,
        _collect_by_group("median", "Median times", "Median", "Median"),
    ),
)  # fmt: skip
