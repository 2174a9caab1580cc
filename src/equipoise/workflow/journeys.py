"""The journeys that leave a run folder: `run` on given data, and `demo` on the built-in trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise.frames.adam import write_adam
from equipoise.frames.results import ResultRow, ResultTable
from equipoise.protocol import Trial
from equipoise.provenance import Provenance
from equipoise.workflow.checking import add_quality, quality_of
from equipoise.workflow.folders import new_folder
from equipoise.workflow.journal import Journal, Notify, silent
from equipoise.workflow.lesion_files import write_lesion_responses
from equipoise.workflow.planning import TrialLike, trial_file, with_design
from equipoise.workflow.simulated_design import SIMULATION, simulate_design
from equipoise.workflow.stages import (
    DECISIONS,
    DEFAULT_SEED,
    RESULTS,
    Analyzed,
    Derived,
    Tables,
    analyze_derived,
    collected_sdtm,
    derive_trial,
    synthesize_trial,
    write_reconciliation,
)

if TYPE_CHECKING:
    import polars as pl

    from equipoise.frames.decisions import DecisionLog
    from equipoise.frames.sdtm import SdtmData
    from equipoise.protocol import TrialFile

RUN_STEPS = ("read", "derive", "check", "analyze", "report", "write")
DEMO_STEPS = ("simulate", "synthesize", "write SDTM", *RUN_STEPS)


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, the trial, the analysis data, the decisions taken, and every result as rows.

    `simulation` holds the rows of the simulated design, where there is one, and `simulated` says what they show.
    """

    folder: Path
    trial: Trial
    adam: Mapping[str, pl.DataFrame]
    decisions: DecisionLog
    results: ResultTable
    provenance: Provenance
    abstract: str
    simulation: ResultTable | None = None
    simulated: str = ""

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.folder / "report.html"

    def to_rows(self) -> list[Any]:
        return self.results.to_rows()

    def to_frame(self) -> pl.DataFrame:
        return self.results.to_frame()

    def to_dict(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "report": str(self.report),
            "abstract": self.abstract,
            "provenance": self.provenance.to_dict(),
            "decisions": self.decisions.summary(),
            "simulated": self.simulated,
            "simulation": [] if self.simulation is None else self.simulation.to_dict()["rows"],
            **self.results.to_dict(),
        }

    def __repr__(self) -> str:
        from textwrap import fill

        return f"Run of {self.trial.id} in {self.folder}\n\n{fill(self.abstract, 98)}\n\n{self.results!r}"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(self.abstract)}</p>{self.results._repr_html_()}"


def run_trial(
    trial: TrialLike,
    *,
    sdtm: str | Path | Tables,
    out: str | Path | None = None,
    force: bool = False,
    mapping: Mapping[str, str] | None = None,
    notify: Notify = silent,
) -> Run:
    """Derive, analyze and report given SDTM into one run folder."""
    source = trial_file(trial)
    journal = Journal(RUN_STEPS, notify)
    with new_folder(_path(out), name=_folder_name(source), force=force, inputs=(trial, sdtm)) as (folder, target):
        return _fill_run(source, sdtm, mapping, folder, target, journal)


def demo(
    *,
    seed: int = DEFAULT_SEED,
    scenario: str | None = None,
    out: str | Path | None = None,
    force: bool = False,
    notify: Notify = silent,
) -> Run:
    """The whole journey on the built-in PALMIRA: simulate its design, synthesize SDTM, derive, analyze, report."""
    source = trial_file("palmira")
    journal = Journal(DEMO_STEPS, notify)
    scenario = scenario or source.trial.scenario(use="demo").id
    with new_folder(_path(out), name=_folder_name(source), force=force) as (folder, target):
        with journal.step("simulate"):
            simulation = simulate_design(source.trial, seed=seed)
        with journal.step("synthesize"):
            synthetic, provenance = synthesize_trial(source.trial, seed=seed, scenario=scenario)
        with journal.step("write SDTM"):
            synthetic.write(folder)
        drawn = Drawn(provenance, simulation)
        return _fill_run(source, folder / "sdtm", None, folder, target, journal, drawn=drawn)


@dataclass(frozen=True)
class Drawn:
    """What a demo drew: where its patients come from, and the simulation of the design."""

    provenance: Provenance
    simulation: ResultTable


def _fill_run(
    source: TrialFile,
    sdtm: str | Path | Tables,
    mapping: Mapping[str, str] | None,
    folder: Path,
    target: Path,
    journal: Journal,
    drawn: Drawn | None = None,
) -> Run:
    with journal.step("read"):
        collected = collected_sdtm(sdtm, mapping)
    with journal.step("derive"):
        derived = _derive(source, collected, drawn)
    facts = derived.provenance
    with journal.step("check"):
        quality = quality_of(source.trial, collected, derived)
    journal.log(f"data quality: {quality.headline()}")
    for line in derived.adam.decisions.summary():
        journal.log(line)
    with journal.step("analyze"):
        analyzed = analyze_derived(source, derived)
    with journal.step("report"):
        simulation = None if drawn is None else drawn.simulation
        shown = [*with_design(source.trial, analyzed.results), *(simulation or ())]
        figures = _figures(source.trial, shown, facts)
        html = _report(source.trial, shown, facts, derived.adam.decisions, figures)
        abstract = _abstract(source.trial, analyzed)
        simulated = _simulated_text(source.trial, shown)
    with journal.step("write"):
        _write_derived(derived, folder)
        add_quality(quality, facts, folder)
        analyzed.results.write(folder / RESULTS, facts)
        if simulation is not None:
            simulation.write(folder / SIMULATION, facts)
        write_figures(figures, folder / "figures")
        (folder / "report.html").write_text(html, encoding="utf-8")
    journal.write(folder, facts)
    return Run(
        folder=target,
        trial=source.trial,
        adam=derived.adam.tables,
        decisions=derived.adam.decisions,
        results=analyzed.results,
        provenance=facts,
        abstract=abstract,
        simulation=simulation,
        simulated=simulated,
    )


def _derive(source: TrialFile, collected: SdtmData, drawn: Drawn | None) -> Derived:
    derived = derive_trial(source.trial, sdtm=collected)
    facts = replace(derived.provenance, trial_digest=source.digest)
    if drawn is not None:
        facts = replace(facts, seed=drawn.provenance.seed, scenario=drawn.provenance.scenario)
    return Derived(derived.adam, facts)


def _figures(trial: Trial, rows: list[ResultRow], facts: Provenance) -> dict[str, bytes]:
    """Every figure of the report as SVG and PNG, with its data beside it as CSV, by file name."""
    from equipoise.reporting import render_figures

    return render_figures(trial, rows, facts)


def _report(
    trial: Trial, rows: list[ResultRow], facts: Provenance, decisions: DecisionLog, figures: Mapping[str, bytes]
) -> str:
    from equipoise.reporting import render_report

    return render_report(trial, rows, facts, decisions=decisions, figures=figures)


def write_figures(figures: Mapping[str, bytes], folder: Path) -> None:
    """The figures as files of a new folder."""
    folder.mkdir()
    for name, content in figures.items():
        (folder / name).write_bytes(content)


def _abstract(trial: Trial, analyzed: Analyzed) -> str:
    from equipoise.reporting import abstract_text

    return abstract_text(trial, analyzed.results, analyzed.provenance)


def _simulated_text(trial: Trial, rows: list[ResultRow]) -> str:
    from equipoise.reporting import simulated_text

    return simulated_text(trial, rows)


def _folder_name(source: TrialFile) -> str:
    return source.trial.id.lower()


def _path(out: str | Path | None) -> Path | None:
    return Path(out) if out is not None else None


def _write_derived(derived: Derived, folder: Path) -> None:
    """The analysis data, the decisions about them, and the responses computed from lesions."""
    write_adam(derived.adam.tables, folder / "adam", labels=derived.adam.labels, log=derived.adam.decisions)
    derived.adam.decisions.write(folder / DECISIONS)
    write_lesion_responses(derived.adam, folder / "adam")
    write_reconciliation(derived.adam, folder)
