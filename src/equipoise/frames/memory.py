"""Tables handed in from memory, in any frame library, as the table sets the rooms work on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from equipoise.errors import ArgumentError
from equipoise.frames.adam import AdamData, conform
from equipoise.frames.sdtm import SdtmData, conform_domain

_ROWS_AT_A_TIME = 100_000
_NOWHERE = Path("(in memory)")


def to_polars(frame: Any, name: str) -> pl.DataFrame:
    """A pandas, polars, Arrow or other narwhals-readable frame as polars. Raises ArgumentError `argument-invalid`."""
    if isinstance(frame, pl.DataFrame):
        return frame
    try:
        return nw.from_native(frame, eager_only=True).to_polars()
    except TypeError as unknown:
        raise ArgumentError(
            "argument-invalid",
            f"{name} is a {type(frame).__name__}, not a data frame",
            hint="give a pandas, polars or Arrow frame, or the path of a folder of files",
        ) from unknown


def sdtm_data(tables: Mapping[str, Any]) -> SdtmData:
    """SDTM domains held in memory, brought to the types that files of them have: a date type becomes ISO 8601 text."""
    frames = {name.lower(): _conformed(to_polars(frame, name), name) for name, frame in tables.items()}
    return SdtmData(_NOWHERE, frames, {name: name for name in frames}, _digest(frames))


def adam_data(tables: Mapping[str, Any]) -> AdamData:
    """ADaM data sets held in memory, brought to their schemas."""
    frames = {name.lower(): conform(to_polars(frame, name), name.lower()) for name, frame in tables.items()}
    return AdamData(_NOWHERE, frames, {name: name for name in frames}, _digest(frames))


def _conformed(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    named = frame.rename({column: column.upper() for column in frame.columns})
    return conform_domain(named, name, name.upper())


def _digest(frames: Mapping[str, pl.DataFrame]) -> str:
    """SHA-256 over the tables in order of name, so that the order of the mapping does not matter."""
    whole = hashlib.sha256()
    for name in sorted(frames):
        whole.update(name.encode() + b"\0")
        # Part by part, so that the text of a large table is never held whole.
        whole.update(frames[name].clear().write_csv().encode())
        for part in frames[name].iter_slices(_ROWS_AT_A_TIME):
            whole.update(part.write_csv(include_header=False).encode())
        whole.update(b"\0")
    return whole.hexdigest()
