"""SDTM folders: collected data as CDISC names it, in Parquet, CSV, XPT, SAS7BDAT or Dataset-JSON files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from equipoise.errors import ArgumentError, DataError, nearest
from equipoise.frames import domains
from equipoise.frames.dataset_json import check_dataset_json, write_dataset_json
from equipoise.frames.tables import (
    WRITTEN_AS,
    RawTable,
    TableSet,
    blank_to_null,
    check_format,
    clean_text,
    digest,
    is_midnight,
    list_tables,
    make_folder,
    missing_table,
    number_text,
    read_table,
    require_columns,
    to_number,
    whole_file,
    write_csv,
    write_parquet,
)
from equipoise.frames.transport import check_transport, write_transport

# Two-letter domains, their supplemental qualifiers, and related records: what CDISC lets a file be called.
_DOMAIN_STEM = re.compile(r"[a-z][a-z0-9]|supp[a-z][a-z0-9]|relrec")


@dataclass(frozen=True, repr=False)
class SdtmData(TableSet):
    """The domains of a study: `tables` by lower-case domain (`dm`, `suppdm`), text and float columns only."""


def read_sdtm(
    folder: str | Path,
    mapping: Mapping[str, str] | None = None,
    required: Iterable[str] = ("dm",),
    *,
    lenient: bool = False,
) -> SdtmData:
    """Read a folder of SDTM files.

    Arguments: a folder whose files are named by domain in any case (`dm.parquet`, `DM.csv`, `suppdm.xpt`,
    `ae.sas7bdat`, `tu.json`); `mapping` from a domain to the file that holds it, with or without its ending
    (`{"rs": "rs_onco_recist"}`); the domains that must be there. Files that are neither named by a domain nor mapped
    are left alone and listed in `ignored`. `lenient` keeps a domain without a required column, and text in a numeric
    variable as text, for a data-quality report to list.
    Returns the domains: column names in upper case, numbers as Float64, everything else text; empty text is null.
    Dates stay the ISO 8601 text that was collected; a date type of the file becomes such text.
    Raises DataError `folder-unreadable`, `domain-missing`, `domain-ambiguous`, `file-unreadable`, `column-missing` or
    `value-invalid`.
    """
    files = list_tables(folder)
    chosen, ignored = _choose(Path(folder), files, _folded(mapping))
    for name in required:
        if name.lower() not in chosen:
            raise missing_table(name, Path(folder), [file.name for file in files])
    raw = {name: read_table(path) for name, path in sorted(chosen.items())}
    tables = {name: _typed(table, name, chosen[name].name, lenient) for name, table in raw.items()}
    return SdtmData(
        folder=Path(folder),
        tables=tables,
        sources={name: chosen[name].name for name in raw},
        digest=digest({chosen[name].name: table.sha256 for name, table in raw.items()}),
        labels={name: _labels(name, table) for name, table in raw.items()},
        ignored=ignored,
    )


def _folded(mapping: Mapping[str, str] | None) -> dict[str, str]:
    return {domain.lower(): file.lower() for domain, file in (mapping or {}).items()}


def _choose(folder: Path, files: Sequence[Path], mapping: dict[str, str]) -> tuple[dict[str, Path], dict[str, str]]:
    """The file of each domain, and the files left alone with the reason."""
    candidates: dict[str, list[Path]] = {
        name: [file for file in files if wanted in (file.stem.lower(), file.name.lower())]
        for name, wanted in mapping.items()
    }
    for name, found in candidates.items():
        if not found:
            raise _unknown_file(name, mapping[name], folder, files)
    mapped = {file for found in candidates.values() for file in found}
    ignored: dict[str, str] = {}
    for file in files:
        stem = file.stem.lower()
        if file in mapped:
            continue
        if stem in mapping:
            ignored[file.name] = f"{stem} is mapped to {mapping[stem]}"
        elif _DOMAIN_STEM.fullmatch(stem):
            candidates.setdefault(stem, []).append(file)
        else:
            ignored[file.name] = "not named by a domain, and not mapped"
    for name, found in candidates.items():
        if len(found) > 1:
            raise _ambiguous(name, found, folder)
    return {name: found[0] for name, found in candidates.items()}, ignored


def _unknown_file(name: str, wanted: str, folder: Path, files: Sequence[Path]) -> DataError:
    stems = [file.stem for file in files]
    close = nearest(wanted, stems)
    listing = "files in the folder: " + ", ".join(file.name for file in files)
    return DataError(
        "domain-missing",
        f"{name.upper()} is mapped to {wanted}, and the folder holds no such file",
        where=str(folder),
        hint=f"did you mean {close!r}? {listing}" if close else listing,
    )


def _ambiguous(name: str, found: Sequence[Path], folder: Path) -> DataError:
    names = [file.name for file in found]
    return DataError(
        "domain-ambiguous",
        f"{name.upper()} is held by {' and '.join(names)}",
        where=str(folder),
        reason="the two may differ, and nothing says which one counts",
        hint=f"remove one, or choose with a mapping such as {name}={names[0]}",
    )


def _labels(name: str, table: RawTable) -> dict[str, str]:
    known = domains.domain(name)
    catalog = known.labels if known else {}
    labels = {column: table.labels.get(column) or catalog.get(column, "") for column in table.frame.columns}
    return {column: label for column, label in labels.items() if label}


def _typed(table: RawTable, name: str, source: str, lenient: bool) -> pl.DataFrame:
    known = domains.domain(name)
    if known and not lenient:
        require_columns(table.frame, name, known.required, source)
    return conform_domain(table.frame, name, source, lenient=lenient)


def conform_domain(frame: pl.DataFrame, name: str, source: str, *, lenient: bool = False) -> pl.DataFrame:
    """A domain as text and Float64 columns: dates as ISO 8601 text, blank text as null.

    Arguments: a frame with names in upper case; the domain; `source` is named in errors; `lenient` leaves text in a
    numeric column as text.
    Raises DataError `value-invalid` for a value or type that a collected column cannot hold.
    """
    known = domains.domain(name)
    types = known.types if known else {}
    typed: list[pl.Expr] = []
    for column in frame.columns:
        try:
            typed.append(_typed_column(frame, column, types.get(column), source))
        except DataError:
            if not lenient or frame.schema[column] != pl.String:
                raise
            typed.append(blank_to_null(column))
    return frame.select(typed)


def _typed_column(frame: pl.DataFrame, column: str, kind: str | None, source: str) -> pl.Expr:
    """The column as text or Float64: what CDISC says where the variable is known, else what the file says."""
    held = frame.schema[column]
    numeric = kind == "number" or (kind is None and domains.is_number(column))
    value = pl.col(column)
    if held == pl.Null:
        return value.cast(pl.Float64 if numeric else pl.String)
    if isinstance(held, pl.Categorical | pl.Enum):
        return pl.when(value.cast(pl.String) != "").then(value.cast(pl.String)).alias(column)
    if held == pl.String:
        return to_number(frame, column, source) if numeric else clean_text(frame, column)
    if held == pl.Date:
        return value.dt.to_string("%Y-%m-%d")
    if isinstance(held, pl.Datetime):
        # Frame libraries without a date type store a date as midnight; that is no collected time.
        form = "%Y-%m-%d" if is_midnight(frame.get_column(column)) else "%Y-%m-%dT%H:%M:%S"
        return value.dt.to_string(form)
    if not held.is_numeric():
        raise DataError(
            "value-invalid",
            f"{column} has the type {held}, which SDTM does not know",
            where=source,
            reason="SDTM holds text and numbers, dates as ISO 8601 text",
            hint="write the column as text or number",
        )
    number = value.cast(pl.Float64).fill_nan(None)
    return number_text(number).alias(column) if kind == "text" else number


def write_sdtm(
    tables: Mapping[str, pl.DataFrame],
    folder: str | Path,
    format: str = "parquet",  # noqa: A002 - the word a reader of this function expects
) -> dict[str, Path]:
    """Write domains as files named by domain (lower case), each whole or not at all, the same bytes every time.

    Arguments: frames of text and number columns by domain; the folder, made when it is not there; "parquet", "csv",
    "xpt" (version 5; names of at most 8 characters, texts of at most 200 bytes) or "dataset-json" (version 1.1).
    Integers become Float64; columns that the domain knows come first, in CDISC order.
    Returns the path of each domain.
    Raises ArgumentError `argument-invalid` for another format or a column that is neither text nor number, OutputError
    `output-unwritable`, and DataError `value-invalid` for what a transport file cannot hold.
    """
    check_format(format, WRITTEN_AS)
    ready = {name.lower(): _ordered(_plain(frame, name), name) for name, frame in sorted(tables.items())}
    for name, frame in ready.items():
        if format == "xpt":
            check_transport(frame, name)
        elif format == "dataset-json":
            check_dataset_json(frame, name)
    target = make_folder(folder)
    paths = {name: target / f"{name}.{WRITTEN_AS[format]}" for name in ready}
    for name, frame in ready.items():
        with whole_file(paths[name]) as path:
            _write_one(frame, path, name, format)
    return paths


def _write_one(frame: pl.DataFrame, path: Path, name: str, form: str) -> None:
    known = domains.domain(name)
    if form == "parquet":
        write_parquet(frame, path)
    elif form == "csv":
        write_csv(frame, path)
    else:
        write = write_transport if form == "xpt" else write_dataset_json
        write(frame, path, name, known.labels if known else {}, known.label if known else "")


def _plain(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    for column, kind in frame.schema.items():
        if not (kind in (pl.String, pl.Null) or kind.is_numeric()):
            raise ArgumentError(
                "argument-invalid",
                f"{name.upper()}.{column} has the type {kind}; SDTM holds text and numbers",
                hint="write dates as ISO 8601 text, flags as 'Y'",
            )
    types = [
        pl.col(column).cast(pl.Float64).fill_nan(None)
        if kind.is_numeric() or (kind == pl.Null and domains.is_number(column))
        else pl.col(column).cast(pl.String)
        for column, kind in frame.schema.items()
    ]
    return frame.select(types)


def _ordered(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    known = domains.domain(name)
    order = [column for column in known.types if column in frame.columns] if known else []
    return frame.select(order + [column for column in frame.columns if column not in order])


def supplemental(tables: Mapping[str, pl.DataFrame], domain: str, *qualifiers: str) -> pl.DataFrame:
    """A domain with supplemental qualifiers (SUPP--) joined to it as text columns.

    Arguments: tables by lower-case domain (`SdtmData.tables`); the parent domain (`"dm"`); the QNAM values wanted, all
    there are when none is named. A qualifier belongs to the record whose IDVAR equals IDVARVAL, or to every record of
    the subject when IDVAR is empty. A qualifier that nobody has is a column of nulls; where the parent already has a
    column of that name, its own values win.
    Returns the parent's rows in their order.
    Raises DataError `domain-missing` when the parent is absent, `column-missing` when IDVAR names no parent column,
    `value-invalid` when one record has two values of a qualifier.
    """
    parent = tables.get(domain.lower())
    if parent is None:
        raise DataError(
            "domain-missing", f"{domain.upper()} is not among the tables", hint=f"there are: {', '.join(tables)}"
        )
    supp = tables.get(f"supp{domain.lower()}")
    if supp is None or not supp.height:
        return parent.with_columns(
            pl.lit(None, pl.String).alias(name) for name in qualifiers if name not in parent.columns
        )
    wanted = list(qualifiers) or supp.get_column("QNAM").drop_nulls().unique().sort().to_list()
    rows = supp.filter(pl.col("QNAM").is_in(wanted) & pl.col("QVAL").is_not_null())
    # SAS programs leave IDVAR blank, others write USUBJID, for a qualifier of the subject.
    subject = pl.col("IDVAR").is_null() | (pl.col("IDVAR") == "USUBJID")
    rows = rows.with_columns(pl.when(subject).then(None).otherwise(pl.col("IDVAR").str.to_uppercase()).alias("IDVAR"))
    numbered = parent.with_row_index("_row")
    links = [_linked(numbered, part, domain) for part in rows.partition_by("IDVAR", maintain_order=True)]
    return _joined(numbered, links, wanted, domain)


_LINK = ("_row", "USUBJID", "QNAM", "QVAL")


def _linked(numbered: pl.DataFrame, rows: pl.DataFrame, domain: str) -> pl.DataFrame:
    """Parent row number, qualifier and value, for qualifiers that share one IDVAR."""
    variable = rows.get_column("IDVAR")[0]
    keys = ["STUDYID", "USUBJID"]
    if variable is None:
        return numbered.select("_row", *keys).join(rows, on=keys).select(_LINK)
    require_columns(numbered, domain, [variable])
    # IDVARVAL is text whatever the parent's type: '1' and '1.0' both name record 1.
    numeric = numbered.schema[variable].is_numeric()
    value = pl.col("IDVARVAL").str.strip_chars()
    rows = rows.with_columns((value.cast(pl.Float64, strict=False) if numeric else value).alias(variable))
    return numbered.select("_row", *keys, variable).join(rows, on=[*keys, variable]).select(_LINK)


def _joined(numbered: pl.DataFrame, links: list[pl.DataFrame], wanted: list[str], domain: str) -> pl.DataFrame:
    if not links:
        links = [pl.DataFrame(schema={"_row": pl.UInt32, "USUBJID": pl.String, "QNAM": pl.String, "QVAL": pl.String})]
    long = pl.concat(links)
    twice = long.filter(pl.struct("_row", "QNAM").is_duplicated())
    if twice.height:
        raise DataError(
            "value-invalid",
            f"SUPP{domain.upper()} holds two values of {twice.get_column('QNAM')[0]} for one record",
            where=f"SUPP{domain.upper()}, USUBJID {twice.get_column('USUBJID')[0]}",
            reason="a supplemental qualifier has one value for a record",
            hint="keep the value that counts",
            rows=twice.drop("_row").head(5).to_dicts(),
        )
    wide = numbered
    for name in wanted:
        values = long.filter(pl.col("QNAM") == name).select("_row", pl.col("QVAL").alias("_value"))
        wide = wide.join(values, on="_row", how="left", maintain_order="left")
        own = [pl.col(name).cast(pl.String)] if name in wide.columns else []
        wide = wide.with_columns(pl.coalesce(*own, "_value").alias(name)).drop("_value")
    return wide.drop("_row")
