"""The report: one HTML document with everything in it, the answer first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from equipoise.frames.results import ResultRow
from equipoise.protocol.trial import Trial
from equipoise.provenance import Provenance
from equipoise.reporting import wording
from equipoise.reporting.abstract import Sentence, abstract_sentences
from equipoise.reporting.formatting import confidence_text, lower_first, p_text
from equipoise.reporting.lookup import Quantity, Rows, interval, single
from equipoise.reporting.palette import ARM_STYLES
from equipoise.reporting.sections import Section, Sources, report_sections, section_anchors
from equipoise.reporting.tables.model import Column, Letters, Table

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True)
class Headline:
    """A number shown large: the quantities, what they are, and what stands beside them."""

    quantities: tuple[Quantity, ...]
    label: str
    detail: tuple[str | Quantity, ...] = ()


def render_report(
    trial: Trial,
    results: Iterable[ResultRow],
    provenance: Provenance,
    *,
    title: str | None = None,
    decisions: Any = None,
    figures: Mapping[str, bytes] | None = None,
) -> str:
    """The report as one self-contained HTML document: no script, no file beside it, no network.

    Arguments: the trial; the result rows of its planned analyses; what the data and the software were; a title in
    place of the trial file's; the decision log of the derivation (`frames.decisions.DecisionLog`), if there is one;
    the files that `render_figures` made of the same arguments, so that they are not drawn again.
    Sections come in the order of `report.sections` of the trial file; a section without rows is left out, a
    statistic that failed shows its message. Returns the same text for the same arguments.
    """
    rows = Rows(results)
    sources = Sources(trial, rows, provenance, decisions, figures or {})
    brief = "abstract" in trial.report.sections
    opening = sources.kaplan_meier(trial.primary.id) if brief and trial.primary else []
    sections = report_sections(sources)
    page = environment(section_anchors(sections))
    context = {
        "trial": trial,
        "title": title or trial.report.title or trial.id,
        "provenance": provenance,
        "abstract": abstract_sentences(trial, rows, provenance) if brief else [],
        "headlines": headlines(trial, rows) if brief else [],
        "opening": opening,
        "sections": sections,
        "assumed": any(section.id == "assumptions" for section in sections),
        "arm_styles": list(enumerate(ARM_STYLES, start=1)),
        "style": (files("equipoise.reporting") / "templates" / "report.css").read_text(encoding="utf-8"),
    }
    html = page.get_template("report.html.j2").render(context)
    return re.sub(r"\n\s*\n+", "\n", html)


def headlines(trial: Trial, rows: Rows) -> list[Headline]:
    """Three numbers: the primary hazard ratio, the medians, and severe adverse events or the next result."""
    found: list[Headline | None] = []
    for analysis in wording.time_to_event(trial):
        found += [_ratio(trial, rows, analysis.id), _medians(trial, rows, analysis.id)]
    severe = [_severe(trial, rows, analysis.id) for analysis in wording.of_kind(trial, "adverse-event")]
    shown = [headline for headline in [*found[:2], *severe, *found[2:]] if headline is not None]
    return shown[:3]


def _ratio(trial: Trial, rows: Rows, name: str) -> Headline | None:
    analysis = trial.analysis(name)
    estimate, low, high = (
        rows.ratio(name, s, trial.experimental[0].id, trial.control.id) for s in ("estimate", "conf_low", "conf_high")
    )
    if estimate is None or estimate.value is None:
        return None
    quantity = single(estimate)
    assert quantity is not None
    short = wording.short_name(wording.endpoint_of(trial, analysis))
    against = "" if len(trial.arms) == 2 else f", {trial.experimental[0].label} v {trial.control.label}"
    detail: tuple[str | Quantity, ...] = ()
    if low is not None and high is not None:
        level = confidence_text(wording.conf_level(analysis))
        detail = (f"{level}, ", Quantity(interval(low, high), (low, high)))
    first = trial.experimental[0].id
    several = len(trial.arms) > 2
    p_value = rows.get(name, "logrank", "p_value")
    if several:
        # Beside the ratio of one pair stands the P value of that pair.
        p_value = rows.pair_test(name, "logrank", first, trial.control.id)
    if p_value is not None and p_value.value is not None:
        detail = (*detail, *(("; ",) if detail else ()), Quantity(p_text(p_value.value), (p_value,)))
    return Headline((quantity,), f"hazard ratio, {short}{against}", detail)


def _medians(trial: Trial, rows: Rows, name: str) -> Headline | None:
    found = [single(rows.get(name, "kaplan-meier", "median", first=("arm", arm.id))) for arm in trial.arms]
    shown = tuple(quantity for quantity in found if quantity is not None)
    if len(shown) != len(trial.arms):
        return None
    short = wording.short_name(wording.endpoint_of(trial, trial.analysis(name)))
    unit = next((quantity.rows[0].unit for quantity in shown if quantity.rows[0].unit), "")
    label = f"{unit}, median {short}" if unit else f"median {short}"
    return Headline(shown, label, (" v ".join(arm.label for arm in trial.arms),))


def _severe(trial: Trial, rows: Rows, name: str) -> Headline | None:
    grade = wording.minimum_grade(trial.analysis(name))
    found = [single(rows.get(name, "overall", f"percent_grade_{grade}", first=("arm", arm.id))) for arm in trial.arms]
    shown = tuple(quantity for quantity in found if quantity is not None)
    if len(shown) != len(trial.arms):
        return None
    label = lower_first(wording.endpoint_of(trial, trial.analysis(name)).label)
    return Headline(shown, f"grade {grade} or higher {label}", (" v ".join(arm.label for arm in trial.arms),))


@cache
def _base_environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    page = Environment(
        loader=PackageLoader("equipoise.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page.globals["lettered"] = lettered
    page.globals["head_groups"] = head_groups
    return page


def environment(anchors: dict[str, str]) -> Environment:
    """The template environment whose quantities link to the given places."""
    page = _base_environment().overlay()
    page.globals = {**_base_environment().globals}
    page.filters = {**_base_environment().filters}
    page.filters["sentence"] = lambda sentence: _sentence(sentence, anchors)
    page.filters["quantity"] = lambda quantity: _linked(quantity, anchors)
    return page


def _sentence(sentence: Sentence, anchors: dict[str, str]):
    from markupsafe import Markup, escape

    pieces = [escape(piece) if isinstance(piece, str) else _linked(piece, anchors) for piece in sentence]
    return Markup("").join(pieces)


def _linked(quantity: Quantity, anchors: dict[str, str]):
    """A quantity as a link to the first place that shows its row, or as plain text that names its row."""
    from markupsafe import Markup

    text = Markup("{}").format(quantity.text)
    if quantity.text.startswith("P "):
        text = Markup("<i>P</i>{}").format(quantity.text[1:])
    if not quantity.rows:
        return text
    anchor = anchors.get(quantity.key)
    head, opening, tail = quantity.text.partition(" (")
    whole = "" if opening else " nw"
    if opening:
        text = Markup('<span class="nw">{}</span> ({}').format(head, tail)
    if anchor is None:
        return Markup('<span class="q{}" data-row="{}" title="{}">{}</span>').format(
            whole, quantity.addresses, quantity.origin, text
        )
    return Markup('<a class="q{}" href="#{}" data-row="{}" title="{}">{}</a>').format(
        whole, anchor, quantity.addresses, quantity.origin, text
    )


def lettered(table: Table) -> dict[str, Any]:
    """The table with its footnote letters given out in reading order."""
    letters = Letters()
    lines = []
    for line in table.lines:
        stub = letters.of(*line.notes)
        cells = [(cell, letters.of(*cell.quantity.notes)) for cell in line.cells]
        lines.append({"line": line, "stub": stub, "cells": cells, "anchor": table.anchor(line)})
    return {"lines": lines, "notes": [(letter, note) for note, letter in letters.notes.items()]}


def head_groups(columns: tuple[Column, ...]) -> list[tuple[str, str, int, int]]:
    """(text, text below, span, arm's place) of the heads above the heads; empty where there are none."""
    groups: list[tuple[str, str, int, int]] = []
    for column in columns:
        if groups and groups[-1][0] == column.under:
            groups[-1] = (column.under, column.below, groups[-1][2] + 1, column.place)
        else:
            groups.append((column.under, column.below, 1, column.place))
    return groups if any(text for text, *_ in groups) else []


__all__ = ["Headline", "Section", "headlines", "render_report"]
