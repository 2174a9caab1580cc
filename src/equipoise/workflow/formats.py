"""Analysis data written in the formats asked for, with the Define-XML file that describes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from equipoise.errors import ArgumentError
from equipoise.frames.adam import ADAM_FORMATS, DEFAULT_FORMATS, conform, write_adam
from equipoise.frames.define_xml import DEFINE_FILE, write_define
from equipoise.frames.tables import WRITTEN_AS, check_format, whole_file
from equipoise.workflow.planning import TrialLike, trial_file
from equipoise.workflow.stages import DECISIONS, Derived


def check_formats(formats: Sequence[str]) -> None:
    """Raise ArgumentError `argument-invalid` for no format, or one that analysis data are not written in."""
    if not formats:
        raise ArgumentError("argument-invalid", "no format was named", hint="permitted: " + ", ".join(ADAM_FORMATS))
    for form in formats:
        check_format(form, ADAM_FORMATS)


def write_analysis_data(
    trial: TrialLike | None,
    derived: Derived,
    folder: Path,
    *,
    formats: Sequence[str] = DEFAULT_FORMATS,
    define: bool = False,
) -> None:
    """Write derived analysis data into a folder, each data set in every format; with `define` also define.xml.

    define.xml describes the transport files where they are written, else the Dataset-JSON files, else Parquet.
    """
    adam, study = derived.adam, derived.provenance.trial_id
    address = DEFINE_FILE if define else None
    write_adam(
        adam.tables, folder, labels=adam.labels, log=adam.decisions, formats=formats, study=study, define=address
    )
    if define:
        from equipoise.derivation.definitions import define_study

        tables = {name: conform(frame, name) for name, frame in adam.tables.items()}
        loaded = trial_file(trial).trial if trial is not None else None
        documents = ((DECISIONS, "Decisions about the data"), ("data-quality.csv", "Data-quality report"))
        definition = define_study(tables, adam.profile, loaded, study, documents)
        described = next(form for form in ("xpt", "dataset-json", "parquet") if form in formats)
        with whole_file(folder / DEFINE_FILE) as path:
            write_define(tables, path, definition, adam.labels, ending=WRITTEN_AS[described])
