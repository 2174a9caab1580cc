"""Survival estimators from a table of counts, which any database makes of any number of subjects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from equipoise.errors import ArgumentError, DataError, permitted
from equipoise.frames.columns import library_of, to_columns, to_levels, to_native_frame, to_numbers, to_times

ESTIMATORS = (
    "kaplan_meier", "reverse_kaplan_meier", "nelson_aalen", "logrank", "maxcombo", "rmst", "milestone",
    "median_difference", "cox",
)  # fmt: skip
COMPARISONS = ("logrank", "maxcombo", "rmst", "milestone", "median_difference")
TAKEN = ("event", "entry", "weights", "cluster")
# Efron's rule takes tied deaths one by one, so each becomes a row; twenty million take about a gigabyte.
MOST_DEATHS = 20_000_000


class CountedRows(NamedTuple):
    """Rows of equal subjects: `time`, `event`, `weight` (how many), `entry` or None, and `source`, their row of the
    table."""

    time: np.ndarray
    event: np.ndarray
    weight: np.ndarray
    entry: np.ndarray | None
    source: np.ndarray


def from_counts(
    table: Any,
    estimator: Callable[..., Any],
    *,
    time: str = "time",
    group: str | None = None,
    strata: str | Sequence[str] | None = None,
    covariates: str | Sequence[str] | None = None,
    n_event: str = "n_event",
    n_censored: str = "n_censored",
    n_entered: str | None = None,
    **options: Any,
) -> Any:
    """A survival estimate from a table of counts, equal to that from one row per subject.

    Arguments: `table`, a data frame or mapping of columns with one row per time and whatever tells subjects apart;
    `estimator`: `kaplan_meier`, `reverse_kaplan_meier`, `nelson_aalen`, `logrank`, `maxcombo`, `rmst`, `milestone`,
    `median_difference` or `cox`; the names of its columns: `time`; `group` (the arm), `strata` (one or several),
    `covariates` (of `cox`; without them its covariate is `group`); `n_event` and `n_censored`, how many had the event
    and were censored at that time; `n_entered` for delayed entry, how many came under observation at that time, those
    from the start at time zero. `options` go to the estimator, such as `reference`, `tau` or `ties`.

    Returns what the estimator returns. Raises ArgumentError `argument-invalid` for another estimator and for options
    that rows of subjects have and counts have not, DataError `column-missing`, and `value-invalid` for counts that are
    not whole or entries that do not account for those who leave.

    Formula: the risk sets and events of these estimators depend on the counts alone.

    >>> from equipoise.analysis import kaplan_meier
    >>> counts = {"time": [1, 2, 3], "n_event": [30, 40, 10], "n_censored": [0, 20, 0]}
    >>> from_counts(counts, kaplan_meier).median().time
    2.0
    """
    name = getattr(estimator, "__name__", repr(estimator))
    _check_call(name, options, group, covariates)
    columns = to_columns(table, "table")
    by = {"strata": _names(strata), "covariates": _names(covariates), "group": _names(group)}
    _check_columns(
        columns, [time, n_event, n_censored, *_names(n_entered), *(c for names in by.values() for c in names)]
    )
    labels = [c for names in by.values() for c in names]
    rows = _counted_rows(columns, time, n_event, n_censored, n_entered, labels)
    if name == "cox" and _efron(options):
        rows = _one_row_per_death(rows)
    library = library_of(columns[time])
    drawn = {c: _take(columns[c], rows.source) for c in labels}
    arguments: dict[str, Any] = {"weights": rows.weight, **options}
    if rows.entry is not None:
        arguments["entry"] = rows.entry
    if by["strata"]:
        arguments["strata"] = {c: drawn[c] for c in by["strata"]}
    arm = None if group is None else _named(drawn[group], group, library)
    carried = _named(rows.time, time, library)
    if name == "cox":
        chosen = {c: drawn[c] for c in by["covariates"] or by["group"]}
        covariate = chosen if len(chosen) > 1 else _named(next(iter(chosen.values())), next(iter(chosen)), library)
        fit = estimator(carried, rows.event, covariate, **arguments)
        return replace(fit, n=int(rows.weight.sum()), n_event=int(rows.weight[rows.event].sum()))
    if name in COMPARISONS:
        return estimator(carried, rows.event, arm, **arguments)
    return estimator(carried, rows.event, group=arm, **arguments)


def _check_call(name: str, options: Mapping[str, Any], group: str | None, covariates: Any) -> None:
    if name not in ESTIMATORS:
        raise ArgumentError(
            "argument-invalid", f"estimator is {name}", where="estimator",
            reason="its answer needs more than counts by time", hint=permitted(name, ESTIMATORS),
        )  # fmt: skip
    for option in TAKEN:
        if option in options:
            raise ArgumentError(
                "argument-invalid", f"{option} is given with a table of counts", where=option,
                reason="counts are rows of equal subjects already", hint="n_event, n_censored, n_entered name them",
            )  # fmt: skip
    if options.get("ties") in ("exact", "discrete", "marginal"):
        raise ArgumentError(
            "argument-invalid", f"ties is {options['ties']!r} with a table of counts", where="ties",
            reason="the exact likelihood has no form in counts that is fast", hint='ties="efron" or "breslow"',
        )  # fmt: skip
    if (name in COMPARISONS and group is None) or (name == "cox" and group is None and covariates is None):
        raise ArgumentError(
            "argument-invalid", f"group is not given for {name}", where="group", hint="name the column of the arm"
        )


def _efron(options: Mapping[str, Any]) -> bool:
    default = "breslow" if options.get("convention") == "sas" else "efron"
    return (options.get("ties") or default) == "efron"


def _names(columns: str | Sequence[str] | None) -> list[str]:
    return [] if columns is None else [columns] if isinstance(columns, str) else list(columns)


def _check_columns(columns: Mapping[str, Any], needed: Sequence[str]) -> None:
    for name in needed:
        if name not in columns:
            raise DataError(
                "column-missing", f"the table has no column {name!r}", where="table", hint=permitted(name, columns)
            )


def _counts(values: Any, name: str) -> np.ndarray:
    numbers = to_numbers(values, name)
    wrong = ~(np.isfinite(numbers) & (numbers >= 0.0) & (numbers == np.floor(numbers)))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            "value-invalid", f"{name} holds {numbers[row]:g}", where=f"{name}, row {row + 1}",
            reason="a count is a whole number, zero or more", hint="hand in sums of subjects, not rates or weights",
        )  # fmt: skip
    return numbers


def _counted_rows(
    columns: Mapping[str, Any], time: str, n_event: str, n_censored: str, n_entered: str | None, labels: Sequence[str]
) -> CountedRows:
    times = to_times(columns[time], time)
    events, censored = _counts(columns[n_event], n_event), _counts(columns[n_censored], n_censored)
    if not (events.sum() + censored.sum() > 0.0):
        raise DataError("value-invalid", "the table counts nobody", hint="check the filter in use")
    if n_entered is None:
        with_event, without = np.flatnonzero(events), np.flatnonzero(censored)
        source = np.concatenate((with_event, without))
        happened = np.arange(len(source)) < len(with_event)
        weight = np.concatenate((events[with_event], censored[without]))
        return CountedRows(times[source], happened, weight, None, source)
    entered = _counts(columns[n_entered], n_entered)
    cell = _cells(columns, labels, len(times))
    parts = [_matched(np.flatnonzero(cell == c), times, events, censored, entered) for c in range(int(cell.max()) + 1)]
    return CountedRows(*(np.concatenate(part) for part in zip(*parts, strict=True)))  # pyright: ignore[reportArgumentType]


def _cells(columns: Mapping[str, Any], labels: Sequence[str], n: int) -> np.ndarray:
    """A number for each row of the table: subjects of one number are alike but for their times."""
    cell = np.zeros(n, dtype=np.int64)
    for name in labels:
        levels = to_levels(columns[name], name)
        cell = np.unique(cell * len(levels.labels) + levels.codes, return_inverse=True)[1]
    return cell


def _matched(
    rows: np.ndarray, times: np.ndarray, events: np.ndarray, censored: np.ndarray, entered: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Those who leave paired with those who entered, first in first out.

    Risk sets count who has entered and who has left, so any pairing in which entry precedes leaving gives the same
    ones; this one exists whenever any does.
    """
    order = rows[np.argsort(times[rows], kind="stable")]
    coming = order[entered[order] > 0.0]
    leaving = np.repeat(order, 2)
    happened = np.tile([True, False], len(order))
    count = np.where(happened, events[leaving], censored[leaving])
    leaving, happened, count = (column[count > 0.0] for column in (leaving, happened, count))
    came, left = np.cumsum(entered[coming]), np.cumsum(count)
    breaks = np.union1d(came, left)
    start = np.concatenate(([0.0], breaks[:-1]))
    total_in, total_out = (float(total[-1]) if len(total) else 0.0 for total in (came, left))
    if total_in != total_out:
        raise DataError(
            "value-invalid", f"{total_in:,.0f} subjects enter and {total_out:,.0f} leave", where="n_entered",
            reason="everybody who has an event or is censored has entered, those from the start at time zero",
            hint="count entries within the same groups, strata and covariates as events",
        )  # fmt: skip
    i, j = np.searchsorted(came, start, side="right"), np.searchsorted(left, start, side="right")
    entry, source = times[coming[i]], leaving[j]
    early = np.flatnonzero(entry >= times[source])
    if len(early):
        at = int(source[early[0]])
        raise DataError(
            "value-invalid", f"more subjects have left by time {times[at]:g} than entered before it",
            where=f"n_entered, row {at + 1}", reason="a subject is at risk from after entry until time",
        )  # fmt: skip
    return times[source], happened[j], breaks - start, entry, source


def _one_row_per_death(rows: CountedRows) -> CountedRows:
    """Deaths as rows of weight one: Efron's rule counts tied deaths by rows."""
    deaths = float(rows.weight[rows.event].sum())
    if deaths > MOST_DEATHS:
        raise ArgumentError(
            "argument-invalid", f"the table counts {deaths:,.0f} events, more than {MOST_DEATHS:,}, for ties='efron'",
            where="ties", reason="Efron's rule takes tied events one by one",
            hint="ties='breslow' takes any number; at this size the two differ by little unless ties are heavy",
        )  # fmt: skip
    times = np.where(rows.event, rows.weight, 1.0).astype(np.int64)
    weight = np.repeat(np.where(rows.event, 1.0, rows.weight), times)
    entry = None if rows.entry is None else np.repeat(rows.entry, times)
    return CountedRows(
        np.repeat(rows.time, times), np.repeat(rows.event, times), weight, entry, np.repeat(rows.source, times)
    )


def _take(values: Any, source: np.ndarray) -> Any:
    """The column at the given rows, in the library it came in, so that a categorical type keeps its order."""
    import narwhals.stable.v2 as nw

    if isinstance(values, np.ndarray | list | tuple):
        return np.asarray(values, dtype=None if isinstance(values, np.ndarray) else object)[source]
    return nw.from_native(values, series_only=True)[source.tolist()].to_native()


def _named(values: Any, name: str, library: str | None) -> Any:
    """A column that carries its name."""
    if not isinstance(values, np.ndarray):
        return values
    if library is None and values.dtype.kind == "O":
        values = values.tolist()
    frame = to_native_frame({name: values}, library)
    return frame[name]
