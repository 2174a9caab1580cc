"""The data-quality report of collected data: made before anything is derived, and written beside what is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from equipoise.errors import ArgumentError
from equipoise.frames.sdtm import SdtmData, read_sdtm
from equipoise.frames.tables import whole_file, write_csv
from equipoise.provenance import Provenance
from equipoise.workflow.conformance import check_conformance
from equipoise.workflow.folders import new_folder
from equipoise.workflow.journal import Journal
from equipoise.workflow.planning import TrialLike, trial_file, with_cutoff

if TYPE_CHECKING:
    from equipoise.derivation import QualityReport
    from equipoise.workflow.stages import Derived

QUALITY_PAGE = "data-quality.html"


def check_collected(
    trial: TrialLike | None,
    *,
    sdtm: str | Path | SdtmData,
    profile: str | None = None,
    mapping: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    cutoff: str | None = None,
) -> tuple[QualityReport, Provenance]:
    """The data-quality report of a folder of SDTM files, or of data that were read; nothing is derived.

    Arguments: as `derive_trial`. What reading would refuse, a missing column or text in a numeric variable, is a
    finding here. Raises ArgumentError `argument-invalid` without a trial or profile, DataError `folder-unreadable` or
    `file-unreadable`.
    """
    from equipoise.derivation import check_quality, resolve_profile

    if trial is None and profile is None:
        raise ArgumentError(
            "argument-invalid",
            "neither a trial nor a conventions profile was given",
            hint="name a trial file, or a profile with --profile admiral",
        )
    source = trial_file(trial) if trial is not None else None
    loaded = source.trial if source else None
    overrides = with_cutoff(overrides, source, cutoff)
    data = sdtm if isinstance(sdtm, SdtmData) else read_sdtm(sdtm, mapping, required=(), lenient=True)
    report = check_quality(data, loaded, profile=profile, overrides=overrides)
    provenance = Provenance(
        trial_id=report.study,
        trial_digest=source.digest if source else None,
        data_digest=data.digest,
        data_sources=tuple(sorted(data.sources.values())),
        profile=resolve_profile(loaded, profile, overrides).id,
    )
    return report, provenance


def quality_of(trial: TrialLike | None, collected: SdtmData, derived: Derived) -> QualityReport:
    """The data-quality report of data that were derived from, by the conventions and the cutoff that were used."""
    from equipoise.derivation.quality import check_tables

    loaded = trial_file(trial).trial if trial is not None else None
    return check_tables(collected.tables, loaded, derived.adam.profile)


def write_quality(
    trial: TrialLike | None,
    *,
    sdtm: Path,
    profile: str | None = None,
    mapping: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    cutoff: str | None = None,
    rules: Path | None = None,
    engine: Path | None = None,
    out: Path | None = None,
    force: bool = False,
) -> tuple[QualityReport, pl.DataFrame | None, Path]:
    """A folder with the data-quality report as Parquet, CSV and HTML.

    `rules`, a folder of CDISC's rules, also asks CDISC's engine (in the Python `engine`), and adds conformance.csv.
    """
    data = read_sdtm(sdtm, mapping, required=(), lenient=True)
    report, provenance = check_collected(trial, sdtm=data, profile=profile, overrides=overrides, cutoff=cutoff)
    issues = check_conformance(data.tables, rules, engine=engine) if rules is not None else None
    journal = Journal(("write",))
    name = f"{provenance.trial_id.lower()}-quality"
    with new_folder(out, name=name, force=force, inputs=(trial, sdtm)) as (folder, target):
        with journal.step("write"):
            add_quality(report, provenance, folder)
            if issues is not None:
                write_csv(issues, folder / "conformance.csv")
        journal.write(folder, provenance)
    return report, issues, target


def add_quality(report: QualityReport, provenance: Provenance, folder: Path) -> None:
    """Write data-quality.parquet, .csv and .html into a folder."""
    from equipoise.reporting.quality_page import render_quality_page

    report.write(folder)
    page = render_quality_page(
        report.headline(),
        report.summary().to_dicts(),
        report.findings.iter_rows(named=True),
        provenance,
        beside="data-quality.csv",
    )
    with whole_file(folder / QUALITY_PAGE) as path:
        path.write_text(page, encoding="utf-8")
