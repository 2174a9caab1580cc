"""The sections of a report: which there are, in the trial file's order, and what each holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from equipoise.protocol.synopsis import synopsis
from equipoise.protocol.trial import Trial
from equipoise.provenance import Provenance
from equipoise.reporting import wording
from equipoise.reporting.abstract import Sentence, primary_sentences
from equipoise.reporting.figures.canvas import inline_svg
from equipoise.reporting.figures.design import render_planned_course
from equipoise.reporting.figures.files import PAGE_MM
from equipoise.reporting.figures.forest import render_forest
from equipoise.reporting.figures.rendering import render_kaplan_meier
from equipoise.reporting.figures.simulation import render_simulated, simulated_figures
from equipoise.reporting.flow import patient_flow
from equipoise.reporting.formatting import date_text
from equipoise.reporting.lookup import Rows, row_key
from equipoise.reporting.methods import assumption_blocks, decision_lines, methods_blocks
from equipoise.reporting.simulated import simulated_sentences
from equipoise.reporting.tables.baseline import baseline_table
from equipoise.reporting.tables.design import DESIGN, design_tables
from equipoise.reporting.tables.effects import further_table
from equipoise.reporting.tables.model import Table
from equipoise.reporting.tables.response import response_table
from equipoise.reporting.tables.rule_sets import rule_sets_table
from equipoise.reporting.tables.safety import breakdown_table, overall_table
from equipoise.reporting.tables.simulation import SIMULATE, simulation_tables
from equipoise.reporting.tables.survival import survival_table

NARROW_MM = 85.0


@dataclass(frozen=True)
class Block:
    """One piece of a section: `kind` says how the template shows `content`."""

    kind: str
    content: Any
    title: str = ""


@dataclass(frozen=True)
class Section:
    """A section with its place in the table of contents."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class FigureBlock:
    """A figure in its two widths, as inline SVG."""

    id: str
    number: int
    caption: str
    wide: str
    narrow: str


@dataclass
class Sources:
    """What sections are made from; counts figures as they come. `files` holds page-wide figures already drawn."""

    trial: Trial
    rows: Rows
    provenance: Provenance
    decisions: Any = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    figures: int = 0
    drawn: set[str] = field(default_factory=set)

    def kaplan_meier(self, analysis: str) -> list[Block]:
        """The figure of an analysis, once; nothing where it has no curve."""
        if analysis in self.drawn or not self.rows.has(analysis, "curve"):
            return []
        self.drawn.add(analysis)
        endpoint = wording.endpoint_of(self.trial, self.trial.analysis(analysis))
        caption = f"{endpoint.label} by arm. Drawn from result rows {analysis}/curve."
        return [self._figure(analysis, caption, render_kaplan_meier, analysis)]

    def forest(self, analysis: str) -> list[Block]:
        """The forest plot of an analysis; nothing where it has no subgroups."""
        if not self.rows.has(analysis, "subgroup"):
            return []
        endpoint = wording.endpoint_of(self.trial, self.trial.analysis(analysis))
        caption = (
            f"{endpoint.label} in subgroups. Squares have areas in proportion to the number of events; arrows mark "
            f"intervals that leave the axis. Drawn from result rows {analysis}/subgroup."
        )
        return [self._figure(f"{analysis}-subgroups", caption, render_forest, analysis)]

    def design_course(self) -> list[Block]:
        """Patients and events expected over time; nothing where the rows hold no design."""
        if not self.rows.has(DESIGN, "course"):
            return []
        caption = f"Enrollment and events as planned. Drawn from result rows {DESIGN}/course."
        return [self._figure(DESIGN, caption, render_planned_course, DESIGN)]

    def simulated(self) -> list[Block]:
        """The figures of the simulated design; nothing where the rows hold none."""
        return [
            self._figure(name, f"{caption} Drawn from result rows {SIMULATE}/{part}.", render_simulated, name)
            for name, part, caption in simulated_figures(self.rows)
        ]

    def _figure(self, name: str, caption: str, render: Callable[..., bytes], analysis: str) -> Block:
        self.figures += 1

        def drawn(width: float) -> bytes:
            return render(self.trial, self.rows, analysis, width_mm=width, provenance=self.provenance)

        place = f"figure-{name}"
        wide = inline_svg(self.files.get(f"{name}.svg") or drawn(PAGE_MM), f"{place}-wide")
        narrow = inline_svg(drawn(NARROW_MM), f"{place}-narrow")
        return Block("figure", FigureBlock(place, self.figures, caption, wide, narrow))


def report_sections(sources: Sources) -> list[Section]:
    """The sections of the trial file's report, in its order; one without content is left out."""
    found: list[Section] = []
    for name in sources.trial.report.sections:
        if name == "abstract":
            continue
        title, blocks = _MAKERS[name](sources)
        if blocks:
            found.append(Section(name, title, tuple(blocks)))
        if name == "design":
            found += _simulation(sources)
        if name == "methods":
            found += _after_methods(sources)
    return found


def _simulation(sources: Sources) -> list[Section]:
    """What the simulated design does, beside what was designed."""
    said = simulated_sentences(sources.trial, sources.rows)
    if not said:
        return []
    tables = [Block("table", table) for table in simulation_tables(sources.rows)]
    blocks = (Block("prose", [said]), *sources.simulated(), *tables)
    return [Section("simulation", "Simulated operating characteristics", blocks)]


def _after_methods(sources: Sources) -> list[Section]:
    found = []
    assumed = assumption_blocks(sources.trial, sources.provenance)
    if assumed:
        found.append(Section("assumptions", "Assumptions", tuple(Block(*block) for block in assumed)))
    decided = decision_lines(sources.decisions)
    if decided:
        found.append(Section("decisions", "Decisions on the data", (Block("list", decided),)))
    return found


def section_anchors(sections: list[Section]) -> dict[str, str]:
    """Row key to the id of the place that shows it, the first in reading order."""
    found: dict[str, str] = {}
    for section in sections:
        for block in section.blocks:
            if block.kind in ("table", "flow"):
                for key, anchor in block.content.anchors().items():
                    found.setdefault(key, anchor)
    return found


def error_rows(rows: Rows) -> list[tuple[str, str]]:
    """Address and message of every statistic that could not be computed."""
    return [(row_key(row), row.error) for row in rows if row.error]


def _synopsis(sources: Sources) -> tuple[str, list[Block]]:
    return "Synopsis", [Block("definitions", synopsis(sources.trial))]


def _design(sources: Sources) -> tuple[str, list[Block]]:
    said = [row.value_text or "" for row in sources.rows.part(DESIGN, "text", "paragraph")]
    prose = [Block("paragraphs", said)] if said else []
    assumed = [row.value_text or "" for row in sources.rows.part(DESIGN, "text", "assumption")]
    return "Design", [
        *prose,
        *sources.design_course(),
        *(Block("table", t) for t in design_tables(sources.rows)),
        *([Block("list", assumed, "Assumed, not published")] if assumed else []),
    ]


def _flow(sources: Sources) -> tuple[str, list[Block]]:
    flow = patient_flow(sources.trial, sources.rows)
    return "Participant flow", [] if flow is None else [Block("flow", flow)]


def _baseline(sources: Sources) -> tuple[str, list[Block]]:
    return "Baseline characteristics", _table(baseline_table(sources.trial, sources.rows))


def _primary(sources: Sources) -> tuple[str, list[Block]]:
    trial, primary = sources.trial, sources.trial.primary
    if primary is None:
        return "Primary endpoint", []
    table = _result_table(sources, primary)
    if not table:
        return "Primary endpoint", []
    sentences: list[Sentence] = []
    if wording.endpoint_of(trial, primary).kind == "time-to-event":
        sentences = [sentence for sentence in primary_sentences(trial, sources.rows, primary) if sentence]
    prose = [Block("prose", [sentences])] if sentences else []
    return "Primary endpoint", [*prose, *sources.kaplan_meier(primary.id), *table]


def _result_table(sources: Sources, analysis) -> list[Block]:
    kind = wording.endpoint_of(sources.trial, analysis).kind
    if kind == "time-to-event":
        ruled = _table(rule_sets_table(sources.trial, sources.rows, analysis))
        return _table(survival_table(sources.trial, sources.rows, analysis)) + _further(sources, analysis) + ruled
    if kind == "response":
        return _table(response_table(sources.trial, sources.rows))
    return _table(overall_table(sources.trial, sources.rows, analysis))


def _further(sources: Sources, analysis) -> list[Block]:
    return _table(further_table(sources.trial, sources.rows, analysis))


def _forest(sources: Sources) -> tuple[str, list[Block]]:
    blocks = [block for a in wording.time_to_event(sources.trial) for block in sources.forest(a.id)]
    return "Subgroups", blocks


def _overall_survival(sources: Sources) -> tuple[str, list[Block]]:
    others = [a for a in wording.time_to_event(sources.trial) if a.role != "primary"]
    shown = [(a, _result_table(sources, a)) for a in others]
    shown = [(a, table) for a, table in shown if table]
    blocks = [block for a, table in shown for block in (*sources.kaplan_meier(a.id), *table)]
    if len(shown) == 1:
        return wording.endpoint_of(sources.trial, shown[0][0]).label, blocks
    return "Secondary time-to-event endpoints", blocks


def _response(sources: Sources) -> tuple[str, list[Block]]:
    further = [b for a in wording.of_kind(sources.trial, "response") for b in _further(sources, a)]
    return "Response", _table(response_table(sources.trial, sources.rows)) + further


def _safety(sources: Sources) -> tuple[str, list[Block]]:
    blocks: list[Block] = []
    for analysis in wording.of_kind(sources.trial, "adverse-event"):
        blocks += _table(overall_table(sources.trial, sources.rows, analysis))
        for parameter in ("term", "soc"):
            blocks += _table(breakdown_table(sources.trial, sources.rows, analysis, parameter))
    return "Adverse events", blocks


def _methods(sources: Sources) -> tuple[str, list[Block]]:
    return "Methods", [Block(*block) for block in methods_blocks(sources.trial, sources.rows)]


def _provenance(sources: Sources) -> tuple[str, list[Block]]:
    facts = sources.provenance
    pairs = [
        ("Trial", f"{sources.trial.id}: {sources.trial.trial.title}"),
        ("Data", _data_phrase(facts)),
        ("Data digest (SHA-256)", facts.data_digest),
        ("Sources", ", ".join(facts.data_sources)),
        ("Trial file digest (SHA-256)", facts.trial_digest),
        ("Data cutoff", date_text(facts.cutoff) if facts.cutoff else None),
        ("Scenario", facts.scenario),
        ("Seed", None if facts.seed is None else str(facts.seed)),
        ("Conventions profile", facts.profile),
        ("Software", f"equipoise {facts.version}, Python {facts.python}"),
        ("Packages", ", ".join(f"{name} {version}" for name, version in sorted(dict(facts.packages).items()))),
    ]
    shown = [(name, text) for name, text in pairs if text]
    note = (
        "Every number of this report carries the address of its result row (analysis, parameter, group, statistic) as "
        "the attribute data-row; the rows hold the number in full precision and the method that made it. This document "
        "holds no time of its making: the same inputs give the same bytes."
    )
    blocks = [Block("facts", shown), Block("paragraphs", [note])]
    failed = error_rows(sources.rows)
    if failed:
        blocks.append(Block("definitions", failed, "Statistics that could not be computed"))
    return "Provenance", blocks


def _data_phrase(facts: Provenance) -> str:
    return "Synthetic: simulated patients, no person's data" if facts.synthetic else "As collected"


def _table(table: Table | None) -> list[Block]:
    return [] if table is None else [Block("table", table)]


_MAKERS: dict[str, Callable[[Sources], tuple[str, list[Block]]]] = {
    "synopsis": _synopsis,
    "design": _design,
    "flow": _flow,
    "baseline": _baseline,
    "primary": _primary,
    "forest": _forest,
    "overall-survival": _overall_survival,
    "response": _response,
    "safety": _safety,
    "methods": _methods,
    "provenance": _provenance,
}
