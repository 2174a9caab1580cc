"""The response table: best response, then each planned rate with its interval and test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from equipoise.protocol.plans import Analysis
from equipoise.protocol.trial import Trial
from equipoise.reporting import wording
from equipoise.reporting.formatting import confidence_text
from equipoise.reporting.lookup import Quantity, Rows, share, with_interval
from equipoise.reporting.tables.effects import estimate_line, p_value_lines
from equipoise.reporting.tables.model import Line, Table, arm_columns, cell, filled


def response_table(trial: Trial, rows: Rows) -> Table | None:
    """All planned response analyses in one table; None where there are no rows."""
    analyses = wording.of_kind(trial, "response")
    lines = [line for analysis in analyses for line in _lines(trial, rows, analysis)]
    if not lines:
        return None
    counts = {}
    for analysis in reversed(analyses):
        for arm in trial.arms:
            row = rows.get(analysis.id, "rate", "n", first=("arm", arm.id))
            counts[arm.id] = row or counts.get(arm.id)
    return Table(
        id="table-response",
        caption=f"Response by arm, {wording.set_phrase(trial, analyses[0])}",
        stub="",
        columns=arm_columns(trial, counts),
        lines=tuple(lines),
        notes=_definitions(trial, rows, analyses),
    )


def _lines(trial: Trial, rows: Rows, analysis: Analysis) -> Iterator[Line]:
    categories = list(dict.fromkeys(row.level2 for row in rows.part(analysis.id, "best-response", "n") if row.level2))
    if categories:
        yield Line("Best overall response, n (%)", heading=True)
    for category in categories:
        label = wording.RESPONSE_LABELS.get(category, category)
        cells = [
            cell(share(*(rows.get(analysis.id, "best-response", s, first=("arm", arm.id), second=("response", category))
                         for s in ("n", "percent"))))
            for arm in trial.arms
        ]  # fmt: skip
        yield Line(label, tuple(cells), indent=1)
    yield from _rate(trial, rows, analysis)


def _rate(trial: Trial, rows: Rows, analysis: Analysis) -> Iterator[Line]:
    patients, intervals = [], []
    for arm in trial.arms:
        where = ("arm", arm.id)
        patients.append(cell(_patients(rows, analysis, where)))
        found = [rows.get(analysis.id, "rate", s, first=where) for s in ("estimate", "conf_low", "conf_high")]
        intervals.append(cell(_bare(with_interval(*found))))
    level = confidence_text(wording.conf_level(analysis))
    block = [
        Line("Patients, n", tuple(patients), indent=1),
        Line(f"Rate, % ({level})", tuple(intervals), indent=1),
        *_effects(trial, rows, analysis),
    ]
    block = [line for line in block if filled(line)]
    if block:
        yield Line(wording.endpoint_of(trial, analysis).label, heading=True)
        yield from block


def _patients(rows: Rows, analysis: Analysis, where: tuple[str, str]) -> Quantity | None:
    count = rows.get(analysis.id, "rate", "n_responder", first=where)
    whole = rows.get(analysis.id, "rate", "n", first=where)
    if count is None or whole is None or count.value is None:
        return share(count, None)
    return Quantity(f"{count.value:.0f} of {whole.value:.0f}", (count, whole))


def _bare(quantity: Quantity | None) -> Quantity | None:
    return None if quantity is None else Quantity(quantity.text.replace("%", ""), quantity.rows)


def _effects(trial: Trial, rows: Rows, analysis: Analysis) -> Iterator[Line]:
    if analysis.estimate is not None:
        yield replace(estimate_line(trial, rows, analysis, analysis.estimate), indent=1)
    for line in p_value_lines(trial, rows, analysis, analysis.test, "response-test"):
        yield replace(line, indent=1)


def _definitions(trial: Trial, rows: Rows, analyses: list[Analysis]) -> tuple[str, ...]:
    found = []
    for analysis in analyses:
        endpoint = wording.endpoint_of(trial, analysis)
        if endpoint.definition and rows.has(analysis.id):
            found.append(f"{endpoint.short or endpoint.label}: {endpoint.definition.rstrip('.')}.")
    return tuple(found)
