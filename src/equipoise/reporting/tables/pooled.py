"""The tables of a pool and of what it says of a next trial, from rows of "pool", "pool-..." and "assurance"."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from equipoise.frames.results import ResultRow
from equipoise.reporting.formatting import number_text, p_text, percent_text, range_text, ratio_text
from equipoise.reporting.lookup import Quantity, Rows
from equipoise.reporting.tables.model import Cell, Column, Line, Table, cell, number_cell, words

POOL, POOL_RMST, PATIENTS, ASSURANCE = "pool", "pool-rmst", "pool-patients", "assurance"
METHODS: Mapping[str, str] = MappingProxyType(
    {
        "inverse-variance": "fixed effect",
        "dersimonian-laird": "random effects (DerSimonian\u2013Laird)",
        "reml-heterogeneity": "random effects (REML)",
        "paule-mandel": "random effects (Paule\u2013Mandel)",
    }
)
_SPREAD_DIGITS = 4


def pool_tables(rows: Rows) -> list[Table]:
    """Every table the rows of a pool allow, and of the next trial where they say it."""
    found = [_one_stage(rows)]
    for analysis in (POOL, POOL_RMST):
        found += [_trials(rows, analysis), _left_out(rows, analysis)]
    found.append(_next_trial(rows))
    return [table for table in found if table is not None]


def heterogeneity_words(found: Mapping[str, ResultRow]) -> str:
    """`Heterogeneity: Q 5.43 (3 df), P = .143; I2 44.7%; tau2 0.0210 (0.0000 to 1.03)`."""
    values = {name: row.value for name, row in found.items()}
    if values.get("q") is None:
        return ""
    said = (
        f"Heterogeneity: Q {number_text(values['q'], 2)} ({number_text(values['df'])} df), {p_text(values['p_value'])}"
    )
    i2 = "" if values.get("i2") is None else f"; I\u00b2 {percent_text(values['i2'])}"
    ends = [number_text(values.get(name), _SPREAD_DIGITS) for name in ("tau2_low", "tau2_high")]
    return f"{said}{i2}; \u03c4\u00b2 {number_text(values['tau2'], _SPREAD_DIGITS)} ({range_text(*ends)})"


def _effect(rows: Rows, analysis: str, parameter: str, first: tuple[str, str] | None = None) -> Cell:
    """`0.79 (0.64-0.98)`."""
    found = [rows.get(analysis, parameter, name, first=first) for name in ("estimate", "conf_low", "conf_high")]
    known = [row for row in found if row is not None and row.value is not None]
    if len(known) < len(found):
        return words("")
    middle, low, high = (ratio_text(row.value) for row in known)
    return cell(Quantity(f"{middle} ({range_text(low, high)})", tuple(known)))


def _trials(rows: Rows, analysis: str) -> Table | None:
    names = [row.level1 or "" for row in rows.part(analysis, "trial", "estimate")]
    if not names:
        return None
    lines = []
    for name in names:
        first = ("trial", name)
        cells = (
            _effect(rows, analysis, "trial", first),
            number_cell(rows.get(analysis, "trial", "std_error", first=first), _four),
            number_cell(rows.get(analysis, "trial", "weight", first=first), percent_text),
            words(""),
        )
        lines.append(Line(name, cells))
    method = next((row.method or "" for row in rows.part(analysis, "heterogeneity", "tau2")), "")
    lines.append(_summary(rows, analysis, "pooled", f"Pooled, {METHODS.get(method, method)}"))
    lines += [_prediction(rows, analysis)] if rows.part(analysis, "prediction") else []
    for row in rows.part(analysis, "without-impossible", "estimate"):
        lines.append(_summary(rows, analysis, "without-impossible", f"Pooled without {row.level1}", row.level1))
    level = next((row.value for row in rows.part(analysis, "pooled", "conf_level")), None)
    heads = (f"{_name(analysis)} ({percent_text(level, 0)} CI)", "SE", "Weight", "P")
    found = {row.statistic: row for row in rows.part(analysis, "heterogeneity")}
    notes = tuple(filter(None, (_interval_words(rows, analysis), heterogeneity_words(found))))
    caption = f"Trials pooled: {rows.part(analysis, 'trial')[0].endpoint}".removesuffix(": ")
    return Table(f"table-{analysis}", caption, "Trial", tuple(map(Column, heads)), tuple(lines), notes)


def _name(analysis: str) -> str:
    return "HR" if analysis == POOL else "Difference"


def _interval_words(rows: Rows, analysis: str) -> str:
    refined = any(row.method == "hartung-knapp" for row in rows.part(analysis, "pooled"))
    return "Interval of the pooled effect by Hartung and Knapp, t with k \u2212 1 degrees of freedom" if refined else ""


def _summary(rows: Rows, analysis: str, parameter: str, label: str, without: str | None = None) -> Line:
    first = None if without is None else ("without", without)
    cells = (
        _effect(rows, analysis, parameter, first),
        number_cell(rows.get(analysis, parameter, "std_error", first=first), _four),
        words(""),
        number_cell(rows.get(analysis, parameter, "p_value", first=first), _p),
    )
    return Line(label, cells)


def _prediction(rows: Rows, analysis: str) -> Line:
    low, high = rows.part(analysis, "prediction")
    text = range_text(ratio_text(low.value), ratio_text(high.value))
    return Line(f"Prediction interval ({low.label})", (cell(Quantity(text, (low, high))), *([words("")] * 3)))


def _left_out(rows: Rows, analysis: str) -> Table | None:
    names = [row.level1 or "" for row in rows.part(analysis, "without", "estimate")]
    if not names:
        return None
    lines = []
    for name in names:
        first = ("without", name)
        cells = (
            _effect(rows, analysis, "without", first),
            number_cell(rows.get(analysis, "without", "p_value", first=first), _p),
            number_cell(rows.get(analysis, "without", "i2", first=first), percent_text),
            number_cell(rows.get(analysis, "without", "tau2", first=first), _four),
        )
        lines.append(Line(name, cells))
    heads = tuple(map(Column, (_name(analysis), "P", "I\u00b2", "\u03c4\u00b2")))
    return Table(f"table-{analysis}-without", "Each trial left out", "Without", heads, tuple(lines))


def _one_stage(rows: Rows) -> Table | None:
    if not rows.has(PATIENTS):
        return None
    test = rows.part(PATIENTS, "logrank", "p_value")
    cells = (
        _effect(rows, PATIENTS, "one-stage"),
        number_cell(rows.get(PATIENTS, "one-stage", "n_event"), number_text),
        number_cell(rows.get(PATIENTS, "one-stage", "n"), number_text),
        number_cell(test[0] if test else None, _p),
    )
    heads = tuple(map(Column, ("HR", "Events", "Patients", "P, log-rank")))
    return Table("table-pool-patients", "One stage: each trial a stratum", "", heads, (Line("All trials", cells),))


_NEXT = (
    ("effect", "estimate", "Hazard ratio, median", ratio_text),
    ("effect", "benefit", "Probability that it is below 1", percent_text),
    ("effect", "as_planned", "Probability that it is as good as planned", percent_text),
    ("next-trial", "events", "Events of the next trial", number_text),
    ("next-trial", "hazard_ratio_critical", "Significant at an estimate up to", ratio_text),
    ("next-trial", "expected_events", "Events expected when it stops", number_text),
    ("assurance", "planned_power", "Power at the planned hazard ratio", percent_text),
    ("assurance", "power_at_estimate", "Power at the median hazard ratio", percent_text),
    ("assurance", "assurance", "Assurance: probability of success", percent_text),
    ("assurance", "given_benefit", "Assurance where the hazard ratio is below 1", percent_text),
)


def _next_trial(rows: Rows) -> Table | None:
    if not rows.has(ASSURANCE):
        return None
    level = next((row.value for row in rows.part(ASSURANCE, "assurance", "conf_level")), None)
    lines = []
    for parameter, statistic, label, write in _NEXT:
        row = rows.get(ASSURANCE, parameter, statistic)
        if row is not None:
            lines.append(Line(label, (number_cell(row, write), _ends(rows, parameter, statistic))))
    notes = tuple(row.value_text or "" for row in rows.part(ASSURANCE, "remark"))
    heads = (Column(""), Column(f"{percent_text(level, 0)} interval"))
    return Table("table-assurance", "The next trial, by this evidence", "", heads, tuple(lines), notes)


def _ends(rows: Rows, parameter: str, statistic: str) -> Cell:
    """The predictive interval: of the true hazard ratio, and of the next trial's estimate."""
    if (parameter, statistic) not in (("effect", "estimate"), ("next-trial", "hazard_ratio_critical")):
        return words("")
    ends = [rows.get(ASSURANCE, parameter, name) for name in ("pred_low", "pred_high")]
    known = [row for row in ends if row is not None]
    text = range_text(*(ratio_text(row.value) for row in known))
    return cell(Quantity(text if statistic == "estimate" else f"estimate {text}", tuple(known)))


def _four(value: float) -> str:
    return number_text(value, _SPREAD_DIGITS)


def _p(value: float) -> str:
    return p_text(value, symbol=False)
