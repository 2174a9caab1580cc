"""Columns of any frame library as numpy arrays, checked, and back again.

Estimators take numpy arrays, lists, pandas, polars or Arrow columns. What they are is settled here: numbers with NaN
for missing, event indicators, levels with their labels. Every refusal names the column, the row and the value.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from equipoise.errors import ArgumentError, DataError, permitted

_SHOWN_ROWS = 5
_MANY_ROWS = 50_000
# Rows that stay in the cache from one pass to the next.
_BLOCK = 65_536
_INFINITY = np.float64(math.inf).view(np.uint64)


class Levels(NamedTuple):
    """A categorical column: `codes` (n integers, -1 where missing) into `labels` (text, in the order of the levels)."""

    codes: np.ndarray
    labels: tuple[str, ...]


def name_of(values: Any, default: str) -> str:
    """The name a series carries, or `default`."""
    name = getattr(values, "name", None)
    return name if isinstance(name, str) and name else default


def to_array(values: Any, name: str) -> np.ndarray:
    """Any one-dimensional column as a numpy array.

    Arguments: `values`, a numpy array, list, tuple, or a pandas, polars or Arrow column; `name`, used in messages.
    Returns an array of shape (n,). Raises DataError `value-invalid` when it is not one-dimensional.
    """
    array = _as_numpy(values, name)
    if array.ndim != 1:
        raise DataError(
            "value-invalid",
            f"{name} has {array.ndim} dimensions (shape {array.shape}), one is needed",
            hint="hand in one value per subject, for example a single column of a data frame",
        )
    return _numbers_if_numeric(array) if array.dtype.kind == "O" else array


def to_numbers(values: Any, name: str) -> np.ndarray:
    """A column as float64, NaN where missing. Raises DataError `value-invalid` for text and dates."""
    array = to_array(values, name)
    if array.dtype.kind in "fiub":
        return np.ascontiguousarray(array, dtype=np.float64)
    if array.dtype.kind in "mM":
        raise _not_numeric(name, array, 0, hint="subtract dates first and hand in a number of days")
    return np.array([_number(value, name, array, i) for i, value in enumerate(array.tolist())], dtype=np.float64)


def to_times(values: Any, name: str) -> np.ndarray:
    """A column of times: finite, not negative. Raises DataError `value-invalid` with the first rows at fault."""
    numbers = to_numbers(values, name)
    # Read as whole numbers, the bits of all finite doubles from zero up are below those of infinity, and no others.
    if (
        len(numbers)
        and numbers.view(np.uint64).max() >= _INFINITY
        and not (numbers.min() >= 0.0 and numbers.max() < math.inf)
    ):
        wrong = ~np.isfinite(numbers) | (numbers < 0)
        raise _invalid_rows(name, numbers, wrong, "a time must be a finite number, zero or more")
    return numbers


def to_events(values: Any, name: str) -> np.ndarray:
    """An event indicator as booleans. Raises DataError `value-invalid` for anything but 0, 1, False and True."""
    array = to_array(values, name)
    if array.dtype == np.bool_:
        return array
    if array.dtype.kind in "iu":
        event = np.empty(len(array), dtype=np.bool_)
        if all(_to_flags(array[i : i + _BLOCK], event[i : i + _BLOCK]) for i in range(0, len(array), _BLOCK)):
            return event
    numbers = to_numbers(array, name)
    event = numbers == 1.0
    if not (event | (numbers == 0.0)).all():
        reason = "an event indicator is 1 (or True) for an event and 0 (or False) for censored"
        hint = "ADaM's CNSR is the reverse: hand in CNSR == 0"
        raise _invalid_rows(name, numbers, ~event & (numbers != 0.0), reason, hint=hint)
    return event


def to_levels(values: Any, name: str, *, allow_missing: bool = False) -> Levels:
    """A categorical column as codes and labels.

    The order of the levels is that of a categorical type where the column has one, else sorted (numbers by size, text
    by code point). Whole numbers are labelled without a decimal point. Blank text counts as missing.
    Raises DataError `value-invalid` where a value is missing and `allow_missing` is false.
    """
    levels, complete = _levels_of(values, name)
    if not (allow_missing or complete) and len(levels.codes) and levels.codes.min() < 0:
        raise _invalid_rows(name, to_array(values, name), levels.codes < 0, f"every row needs a value of {name}")
    return levels


def _levels_of(values: Any, name: str) -> tuple[Levels, bool]:
    """The levels, and whether their type has no missing values."""
    categories = _categories(values)
    if (text := _many_polars_texts(values)) is not None:
        return _many_text_levels(text, categories), False
    array = to_array(values, name)
    if array.dtype.kind in "fiub":
        return _number_levels(array), array.dtype.kind != "f"
    return _text_levels(array, categories), False


def to_columns(values: Any, name: str) -> dict[str, Any]:
    """Several columns by name, from a data frame, a mapping, a two-dimensional array or a single column.

    An array's columns are called `name1`, `name2`, ...; a single column keeps its own name, else `name`.
    """
    if isinstance(values, Mapping):
        return {str(key): column for key, column in values.items()}
    if isinstance(values, np.ndarray):
        if values.ndim != 2:
            return {name: values}
        return {f"{name}{j + 1}": values[:, j] for j in range(values.shape[1])}
    if isinstance(values, list | tuple):
        nested = len(values) > 0 and not _is_scalar(values[0])
        return {name_of(v, f"{name}{j + 1}"): v for j, v in enumerate(values)} if nested else {name: values}
    # Arrow calls its columns' names so; a Series has neither.
    _check_distinct(getattr(values, "column_names", getattr(values, "columns", ())), name)
    frame = _narwhals(values)
    if frame is not None and hasattr(frame, "columns"):
        return {str(column): frame[column].to_native() for column in frame.columns}
    return {name_of(values, name): values}


def _check_distinct(columns: Iterable[Any], name: str) -> None:
    named = [str(column) for column in columns]
    twice = next((column for column in named if named.count(column) > 1), None)
    if twice is not None:
        raise DataError(
            "value-invalid",
            f"{name} has more than one column named {twice!r}",
            where=name,
            reason="results name each column",
            hint="rename the columns, or hand in the ones that are meant",
        )


def to_strata(values: Any, n: int, name: str = "strata") -> Levels:
    """One or several stratification columns as a single stratum per row; labels are joined by a comma.

    `None` is one stratum without a label. Raises DataError for missing values and lengths other than `n`.
    """
    if values is None:
        return Levels(no_levels(n), ("",))
    columns = to_columns(values, name)
    combined: np.ndarray | None = None
    labels: list[str] = [""]
    for column_name, column in columns.items():
        levels = to_levels(column, column_name)
        check_lengths({"time": n, column_name: len(levels.codes)})
        combined = levels.codes if combined is None else combined * len(levels.labels) + levels.codes
        labels = [f"{left}, {right}" if left else right for left in labels for right in levels.labels]
    if combined is None:
        combined = np.zeros(n, dtype=np.int64)
    if len(columns) == 1:
        return Levels(combined, tuple(labels))
    present = np.bincount(combined, minlength=len(labels)) > 0
    return Levels(
        _renumbered(combined, present), tuple(label for label, used in zip(labels, present, strict=True) if used)
    )


def no_levels(n: int) -> np.ndarray:
    """The codes of n rows of a single level: n zeros in the memory of one."""
    return np.broadcast_to(np.int64(0), (n,))


def check_lengths(lengths: Mapping[str, int]) -> None:
    """Refuses columns of different lengths (DataError `length-mismatch`) and columns without a row."""
    sizes = set(lengths.values())
    if len(sizes) > 1:
        listing = ", ".join(f"{name} has {n:,}" for name, n in lengths.items())
        raise DataError(
            "length-mismatch",
            f"columns differ in their number of rows: {listing}",
            reason="each row is one subject (or one interval of a subject)",
            hint="take all columns from the same data frame, after the same filter",
        )
    if sizes == {0}:
        raise DataError("value-invalid", f"{', '.join(lengths)}: there are no rows", hint="check the filter in use")


def check_level(level: object, labels: Sequence[str], name: str) -> int:
    """The position of a level named by the caller. Raises ArgumentError `level-unknown` listing those that exist."""
    text = _label(level)
    if text not in labels:
        raise ArgumentError(
            "level-unknown",
            f"{name} has no level {text!r}",
            reason="a comparison needs to know which group is the reference",
            hint=permitted(text, labels),
        )
    return list(labels).index(text)


def library_of(values: Any) -> str | None:
    """The frame library a column comes from ("pandas", "polars", "pyarrow"), None for arrays and lists."""
    source = _narwhals(values)
    return None if source is None else source.implementation.value


def to_native_frame(columns: Mapping[str, Any], library: str | None = None) -> Any:
    """A data frame of the named library, as `library_of` gives it; polars for None."""
    import narwhals.stable.v2 as nw

    backend: Any = library or "polars"
    return nw.from_dict(dict(columns), backend=backend).to_native()


def _as_numpy(values: Any, name: str) -> np.ndarray:
    if isinstance(values, np.ndarray):
        return values
    if isinstance(values, list | tuple):
        return _array_of_list(list(values), name)
    series = _narwhals(values)
    if series is not None and not hasattr(series, "columns"):
        return np.asarray(series.to_numpy())
    try:
        return _array_of_list(list(values), name)
    except TypeError:
        raise DataError(
            "value-invalid",
            f"{name} is one value of type {type(values).__name__}, a column of values is needed",
            hint="hand in a numpy array, a list, or a column of a pandas, polars or Arrow frame",
        ) from None


def _numbers_if_numeric(array: np.ndarray) -> np.ndarray:
    """Numbers that came as objects because some are missing, as floats with NaN; anything else as it is."""
    values = array.tolist()
    first = next((value for value in values if not _is_missing(value)), None)
    if isinstance(first, str | bool | None):
        return array
    missing = [_is_missing(value) for value in values]
    if not all(
        m or (isinstance(v, int | float) and not isinstance(v, bool)) for v, m in zip(values, missing, strict=True)
    ):
        return array
    return np.array([math.nan if m else value for value, m in zip(values, missing, strict=True)], dtype=np.float64)


def _array_of_list(values: list[Any], name: str) -> np.ndarray:
    """A list as an array; mixed or missing values stay objects instead of becoming text."""
    kinds = {type(value) for value in values}
    if kinds <= {int, float, bool} or not kinds:
        return np.asarray(values, dtype=None if kinds else np.float64)
    try:
        array = np.asarray(values)
    except ValueError:
        raise DataError("value-invalid", f"{name} is a ragged list", hint="hand in one value per subject") from None
    if array.ndim == 1 and array.dtype.kind in "USO":
        array = np.empty(len(values), dtype=object)
        array[:] = values
    return array


def _narwhals(values: Any) -> Any:
    if values is None or isinstance(values, np.ndarray | list | tuple | Mapping):
        return None
    import narwhals.stable.v2 as nw

    if type(values).__module__.partition(".")[0] == "pyarrow" and hasattr(values, "to_pylist"):
        import pyarrow as pa

        # An array is a column of one chunk.
        values = pa.chunked_array([values]) if isinstance(values, pa.Array) else values
    try:
        return nw.from_native(values, allow_series=True, eager_only=True)
    except TypeError:
        return None


def _categories(values: Any) -> list[str] | None:
    if isinstance(values, np.ndarray | list | tuple):
        return None
    series = _narwhals(values)
    if (
        series is None
        or not hasattr(series, "dtype")
        or str(series.dtype).partition("(")[0] not in {"Categorical", "Enum"}
    ):
        return None
    return [_label(category) for category in series.cat.get_categories().to_list()]


def _number_levels(array: np.ndarray) -> Levels:
    if array.dtype.kind in "bui" and len(array) and (highest := _highest(array)) < 1024:
        present = _present(array, highest + 1)
        labels = tuple(_label(array.dtype.type(value)) for value in np.flatnonzero(present))
        return Levels(_renumbered(array.astype(np.int64, copy=False), present), labels)
    missing = np.isnan(array) if array.dtype.kind == "f" else np.zeros(len(array), dtype=bool)
    distinct, inverse = np.unique(array[~missing], return_inverse=True)
    codes = np.full(len(array), -1, dtype=np.int64)
    codes[~missing] = inverse
    return Levels(codes, tuple(_label(value) for value in distinct.tolist()))


def _to_flags(numbers: np.ndarray, flags: np.ndarray) -> bool:
    """Writes whether each number is one; returns whether all are zero or one."""
    flags[:] = numbers
    return _highest(numbers) <= 1


def _highest(array: np.ndarray) -> int:
    """The largest of whole numbers or booleans read as unsigned, which makes large ones of those below zero."""
    return int(array.view(array.dtype.str.replace("i", "u").replace("b", "u")).max())


def _present(array: np.ndarray, n: int) -> np.ndarray:
    """Which of the numbers below n occur; a sample spares counting all rows where it shows every one."""
    seen = np.bincount(_sample(array).astype(np.int64, copy=False), minlength=n)
    if not (seen.all() or seen[int(array.min()) :].all()):
        seen = np.bincount(array.astype(np.int64, copy=False), minlength=n)
    return seen > 0


def _sample(rows: Any) -> Any:
    return rows[:: max(len(rows) // 4096, 1)]


def _renumbered(codes: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Codes counted from zero over those present; the same array where none is missing."""
    if present.all():
        return codes.astype(np.int64, copy=False)
    return (np.cumsum(present) - 1).take(codes)


def _text_levels(array: np.ndarray, categories: list[str] | None) -> Levels:
    if len(array) > _MANY_ROWS:
        import polars as pl

        return _many_text_levels(pl.Series(array.tolist(), dtype=pl.String, strict=False), categories)
    values = array.tolist()
    names = {value: "" if _is_missing(value) else _label(value) for value in set(values)}
    present = {name for name in names.values() if name}
    ordered = [c for c in categories if c in present] if categories else sorted(present)
    position = {name: i for i, name in enumerate(ordered)}
    code_of = {value: position.get(name, -1) for value, name in names.items()}
    return Levels(np.array([code_of[value] for value in values], dtype=np.int64), tuple(ordered))


def _many_polars_texts(values: Any) -> Any:
    """A long polars column of text or categories, which needs no detour by Python's objects; None for all else."""
    series = _narwhals(values)
    if series is None or not hasattr(series, "dtype") or series.implementation.value != "polars":
        return None
    text = str(series.dtype).partition("(")[0] in {"String", "Categorical", "Enum"}
    return series.to_native() if text and len(series) > _MANY_ROWS else None


def _many_text_levels(series: Any, categories: list[str] | None) -> Levels:
    import polars as pl

    texts = series.cast(pl.String)
    # A sample mostly shows every level: what it does not show gets no code, and then all rows are asked.
    for rows in (_sample(texts), texts):
        found = [value for value in rows.unique().to_list() if value is not None and value.strip()]
        ordered = [c for c in categories if c in found] if categories else sorted(found)
        codes = texts.cast(pl.Enum(ordered), strict=False).to_physical()
        if codes.null_count() == 0:
            break
    return Levels(codes.cast(pl.Int64).fill_null(-1).to_numpy(), tuple(ordered))


def _label(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return "True" if value else "False"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _is_missing(value: object) -> bool:
    if isinstance(value, str):
        return not value.strip()
    # pandas' NA has to go first: comparing it with itself is neither true nor false.
    return value is None or type(value).__name__ in {"NAType", "NaTType"} or value != value


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | bytes) or not hasattr(value, "__len__")


def _number(value: Any, name: str, array: np.ndarray, row: int) -> float:
    if _is_missing(value):
        return math.nan
    if isinstance(value, str):
        raise _not_numeric(name, array, row, hint="convert text to numbers before the analysis")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise _not_numeric(name, array, row, hint="hand in a column of numbers") from None


def _not_numeric(name: str, array: np.ndarray, row: int, *, hint: str) -> DataError:
    value = array[row] if len(array) else None
    if isinstance(value, np.generic) and array.dtype.kind not in "mM":
        value = value.item()
    return DataError("value-invalid", f"{name} is not numeric: {value!r}", where=f"{name}, row {row + 1}", hint=hint)


def _invalid_rows(name: str, values: np.ndarray, wrong: np.ndarray, reason: str, hint: str | None = None) -> DataError:
    at = np.flatnonzero(wrong)
    shown = at[:_SHOWN_ROWS].tolist()
    found = ", ".join(f"{_shown(values[i])} (row {i + 1})" for i in shown)
    more = f" and {len(at) - len(shown):,} more" if len(at) > len(shown) else ""
    return DataError(
        "value-invalid",
        f"{name} has {len(at):,} value{'s' if len(at) > 1 else ''} that cannot be used: {found}{more}",
        where=f"{name}, row {shown[0] + 1}",
        reason=reason,
        hint=hint or f"correct or remove these rows; {name} may not be missing",
        rows=[{"row": i + 1, name: _shown(values[i])} for i in shown],
    )


def _shown(value: Any) -> str:
    return "missing" if _is_missing(value) else f"{value:g}" if isinstance(value, float | np.floating) else repr(value)
