"""Large SAS transport files written part by part, so that a table of millions of rows need not be held as text.

ReadStat writes a whole table at once. Here it writes the header of one row that is as wide as the table, and the
observations are laid out as SAS Technical Support document TS-140 says: texts padded with blanks, numbers as IBM
System/360 double-precision floating point, a missing number as `.` and zeros, the end padded with blanks to a record of
80 bytes. The bytes are those of the table written whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from equipoise.frames.transport import RECORD, longest_texts, sas_values, write_transport

_OBSERVATIONS = b"HEADER RECORD*******OBS     HEADER RECORD!!!!!!!"
_ROWS_AT_A_TIME = 50_000
_MISSING = 0x2E << 56
_NUMBER_BYTES = 8


def write_transport_parts(
    parts: Callable[[], Iterable[pl.DataFrame]], path: Path, name: str, labels: Mapping[str, str], label: str = ""
) -> None:
    """Write a table that comes in parts as a version 5 transport file.

    Arguments: a function that gives the parts anew each time, of one schema and checked by `check_transport`; the other
    arguments are those of `write_transport`, whose bytes it gives.
    """
    lengths: dict[str, int] = {}
    schema = pl.Schema()
    for part in parts():
        schema = part.schema
        lengths = {column: max(length, lengths.get(column, 0)) for column, length in longest_texts(part).items()}
    widest = {column: ["x" * lengths[column] if lengths.get(column) else None] for column in schema}
    write_transport(pl.DataFrame(widest, schema=schema), path, name, labels, label)
    with path.open("r+b") as file:
        head = file.read()
        begins = head.index(_OBSERVATIONS) + RECORD
        file.seek(begins)
        file.truncate()
        written = 0
        for part in parts():
            for piece in part.iter_slices(_ROWS_AT_A_TIME):
                written += _write_rows(sas_values(piece), lengths, file)
        file.write(b" " * (-written % RECORD))


def _write_rows(frame: pl.DataFrame, lengths: Mapping[str, int], file: BinaryIO) -> int:
    """Write the observations; how many bytes they are."""
    columns = [
        _texts(series, max(lengths[series.name], 1)) if series.dtype == pl.String else _numbers(series)
        for series in frame.iter_columns()
    ]
    rows = np.concatenate(columns, axis=1)
    file.write(rows.tobytes())
    return rows.size


def _texts(series: pl.Series, width: int) -> np.ndarray:
    """Texts padded with blanks, as rows of bytes: each distinct text is padded once."""
    filled = series.fill_null("")
    distinct = filled.unique()
    padded = b"".join(text.encode().ljust(width) for text in distinct)
    words = np.frombuffer(padded, np.uint8).reshape(len(distinct), width)
    return words[filled.cast(pl.Enum(distinct)).to_physical().to_numpy()]


def _numbers(series: pl.Series) -> np.ndarray:
    """Numbers as IBM doubles, as rows of bytes: sign, exponent of 16 and a fraction of 56 bits, exactly the value."""
    missing = series.is_null().to_numpy()
    values = series.fill_null(0.0).to_numpy()
    mantissa, exponent = np.frexp(np.abs(values))
    sixteens = -(-exponent // 4)
    # 53 significant bits fit into 56 after a shift of at most three.
    fraction = np.ldexp(mantissa, 53).astype(np.uint64) << (3 - (4 * sixteens - exponent)).astype(np.uint64)
    sign = np.signbit(values).astype(np.uint64) << np.uint64(63)
    words = sign | ((sixteens + 64).astype(np.uint64) << np.uint64(56)) | fraction
    words = np.where(values == 0, np.uint64(0), words)
    words = np.where(missing, np.uint64(_MISSING), words)
    return words.astype(">u8").view(np.uint8).reshape(-1, _NUMBER_BYTES)
