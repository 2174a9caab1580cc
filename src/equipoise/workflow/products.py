"""Single stages written to disk: what the verbs leave, each whole with its provenance or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise.errors import ArgumentError
from equipoise.frames.adam import DEFAULT_FORMATS
from equipoise.frames.sdtm import read_sdtm
from equipoise.protocol import Trial
from equipoise.workflow.checking import add_quality, quality_of
from equipoise.workflow.folders import new_file, new_folder
from equipoise.workflow.formats import check_formats, write_analysis_data
from equipoise.workflow.journal import Journal
from equipoise.workflow.lesion_files import write_lesion_responses
from equipoise.workflow.planning import TrialLike, trial_file
from equipoise.workflow.stages import (
    DECISIONS,
    RESULTS,
    Analyzed,
    Derived,
    analyze_trial,
    derive_trial,
    report_trial,
    synthesize_trial,
    write_reconciliation,
)

if TYPE_CHECKING:
    from equipoise.derivation import QualityReport


def write_synthetic(
    trial: TrialLike,
    *,
    seed: int,
    scenario: str | None = None,
    replicate: int = 0,
    format: str = "parquet",  # noqa: A002 - the option is called --format
    out: Path | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """A folder with `sdtm/` and `truth/`. Returns where they are and what they hold."""
    source = trial_file(trial)
    journal = Journal(("synthesize", "write"))
    with new_folder(out, name=f"{source.trial.id.lower()}-synthetic", force=force, inputs=(trial,)) as (folder, target):
        with journal.step("synthesize"):
            synthetic, provenance = synthesize_trial(source.trial, seed=seed, scenario=scenario, replicate=replicate)
        with journal.step("write"):
            synthetic.write(folder, format)
        journal.write(folder, provenance)
    return {
        "folder": str(target),
        "sdtm": str(target / "sdtm"),
        "truth": str(target / "truth"),
        "subjects": synthetic.sdtm["dm"].height,
        "records": sum(table.height for table in synthetic.sdtm.values()),
        "domains": sorted(synthetic.sdtm),
        "cutoff": synthetic.cutoff.isoformat(),
        "seed": seed,
        "replicate": replicate,
        "scenario": provenance.scenario,
    }


def write_derived(
    trial: TrialLike | None,
    *,
    sdtm: Path,
    profile: str | None = None,
    mapping: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    cutoff: str | None = None,
    formats: Sequence[str] = DEFAULT_FORMATS,
    define: bool = False,
    out: Path | None = None,
    force: bool = False,
) -> tuple[Derived, QualityReport, Path]:
    """A folder of ADaM files with the data-quality report, the decision log, and whom the censoring rule sets move.

    `formats`: any of parquet, xpt and dataset-json; `define`: a Define-XML file beside them.
    """
    check_formats(formats)
    collected = read_sdtm(sdtm, mapping)
    derived = derive_trial(trial, sdtm=collected, profile=profile, overrides=overrides, cutoff=cutoff)
    quality = quality_of(trial, collected, derived)
    journal = Journal(("write",))
    name = f"{derived.provenance.trial_id.lower()}-adam"
    with new_folder(out, name=name, force=force, inputs=(trial, sdtm)) as (folder, target):
        with journal.step("write"):
            write_analysis_data(trial, derived, folder, formats=formats, define=define)
            derived.adam.decisions.write(folder / DECISIONS)
            write_lesion_responses(derived.adam, folder)
            add_quality(quality, derived.provenance, folder)
            write_reconciliation(derived.adam, folder)
        journal.write(folder, derived.provenance)
    return derived, quality, target


def write_results(
    trial: TrialLike, *, adam: Path | None = None, out: Path | None = None, force: bool = False
) -> tuple[Trial, Analyzed, Path]:
    """results.parquet in a folder with its provenance, or the one file that `out` names."""
    source = trial_file(trial)
    if out is not None and out.suffix not in ("", ".parquet") and not out.is_dir():
        raise ArgumentError(
            "argument-invalid",
            f"{out} ends in {out.suffix}, and results are written as one .parquet file or as a folder",
            where="--out",
            hint=f"name {out.with_suffix('.parquet').name}, or a folder; --json prints the rows",
        )
    analyzed = analyze_trial(trial, adam=adam)
    if out is not None and out.suffix == ".parquet":
        read = [adam / file for file in analyzed.provenance.data_sources] if adam is not None else []
        with new_file(out, force=force, inputs=(trial, *read)) as partial:
            analyzed.results.write(partial, analyzed.provenance)
        return source.trial, analyzed, out
    journal = Journal(("write",))
    with new_folder(out, name=source.trial.id.lower(), force=force, inputs=(trial, adam)) as (folder, target):
        with journal.step("write"):
            analyzed.results.write(folder / RESULTS, analyzed.provenance)
        journal.write(folder, analyzed.provenance)
    return source.trial, analyzed, target / RESULTS


def write_report(trial: TrialLike, *, results: Path, out: Path | None = None, force: bool = False) -> Path:
    """The report as an HTML file: `out`, or report.html beside the results.

    Raises ArgumentError `argument-invalid` for an `out` that is no folder and does not end in .html.
    """
    if out is not None and not out.is_dir() and out.suffix.lower() not in (".html", ".htm"):
        raise ArgumentError(
            "argument-invalid",
            f"{out} does not end in .html",
            where="--out",
            reason="the report is one HTML file",
            hint=f"name a file such as {out.with_suffix('.html').name or 'report.html'}, or an existing folder",
        )
    html = report_trial(trial, results=results)
    beside = (results if results.is_dir() else results.parent) / "report.html"
    target = out if out is not None else beside
    if target.is_dir():
        target = target / "report.html"
    with new_file(target, force=force, inputs=(trial, results)) as partial:
        partial.write_text(html, encoding="utf-8")
    return target
