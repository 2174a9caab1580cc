"""Audits of published trials: from a file, a folder or a table to findings, a page, a summary."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise.errors import ArgumentError
from equipoise.evidence.audit import Audit, Audits, audit_many, audit_trial
from equipoise.evidence.published import PublishedTrial
from equipoise.evidence.published_files import CODES, published_text, read_published, read_published_folder
from equipoise.protocol.yaml_document import read_text
from equipoise.provenance import equipoise_version
from equipoise.workflow.folders import new_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from equipoise.errors import EquipoiseError
    from equipoise.evidence.abstract_text import Draft

Published = str | Path | PublishedTrial | Any


def audit_published(published: Published, *, deep: bool | None = None) -> Audit | Audits:
    """The audit of a file, an example or a published trial; of a folder or a table (file, data frame), all its audits.

    `deep` as of `evidence.audit_trial`; of many, no search for a feasible data set without it.
    """
    many = _many(published)
    if many is not None:
        return audit_many(many, deep=bool(deep))
    return audit_trial(read_published(published), deep=deep)


def _many(published: Published) -> Mapping[str, PublishedTrial | EquipoiseError] | None:
    if isinstance(published, PublishedTrial):
        return None
    if hasattr(published, "columns"):
        from equipoise.evidence.published_table import as_polars, read_published_table

        return read_published_table(as_polars(published, "published"))
    path = Path(published) if isinstance(published, str | Path) else None
    if path is None:
        return None
    if path.is_dir():
        return read_published_folder(path)
    if path.suffix.lower() in (".csv", ".parquet"):
        from equipoise.evidence.published_table import read_published_table

        return read_published_table(path)
    return None


def write_starter(out: Path, *, force: bool = False) -> Path:
    """A commented published-result file to fill in."""
    with new_file(out, force=force) as partial:
        partial.write_text(published_text(), encoding="utf-8")
    return out


def draft_from(source: Path) -> Draft:
    """What is understood of the text of an abstract; `-` is standard input.

    Raises PublishedFileError `published-file-missing` for a file that cannot be read.
    """
    from equipoise.evidence.abstract_text import draft_from_text

    return draft_from_text(sys.stdin.read() if str(source) == "-" else read_text(source, CODES))


def write_draft(draft: Draft, out: Path, *, force: bool = False) -> Path:
    """A draft as a published-result file, to be confirmed."""
    with new_file(out, force=force) as partial:
        partial.write_text(draft.to_yaml(), encoding="utf-8")
    return out


def write_audit(audit: Audit | Audits, out: Path, *, force: bool = False, inputs: tuple[object, ...] = ()) -> Path:
    """The page of an audit (.html), or the summary of many (.csv).

    Raises ArgumentError `argument-invalid` for another ending; OutputError `output-exists`, `output-unwritable`.
    """
    ending = ".html" if isinstance(audit, Audit) else ".csv"
    if out.suffix.lower() != ending:
        kind = "an audit is one HTML page" if isinstance(audit, Audit) else "a summary of many audits is a CSV file"
        raise ArgumentError(
            "argument-invalid", f"{out} does not end in {ending}", where="--out", reason=kind,
            hint=f"name a file such as {out.with_suffix(ending).name}",
        )  # fmt: skip
    with new_file(out, force=force, inputs=inputs) as partial:
        partial.write_text(_page(audit) if isinstance(audit, Audit) else _summary(audit), encoding="utf-8")
    return out


def _page(audit: Audit) -> str:
    from equipoise.reporting.audit_page import render_audit_page

    return render_audit_page(audit.to_dict(), audit.to_rows(), version=equipoise_version())


def _summary(audits: Audits) -> str:
    import polars as pl

    lists = ("inconsistent", "notes")
    records = [record | {key: " ".join(record[key]) for key in lists} for record in audits.summary()]
    records += [
        {"name": name, "trial": name, "status": "refused", "inconsistent": "", "notes": "", "said": error.message,
         "explanation": error.hint or ""}
        for name, error in audits.refused.items()
    ]  # fmt: skip
    return pl.DataFrame(records).write_csv()
