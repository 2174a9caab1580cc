"""Trials to pool, from tables and files: a row or entry each, or published-result files by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise.errors import ArgumentError, InputError, Problem, PublishedFileError, permitted
from equipoise.evidence.effect_readings import EXEMPT_EFFECTS, EXEMPT_INTERVALS
from equipoise.evidence.published import PublishedEndpoint, PublishedTrial
from equipoise.evidence.published_files import CODES, read_published
from equipoise.evidence.published_table import TABLE_COLUMNS, TABLE_SUFFIXES, as_polars, frame_of_text, text_of_cell
from equipoise.evidence.study_effects import (
    StudyEffect,
    effect_from_interval,
    effect_from_p,
    effect_from_std_error,
    level_share,
    level_unstated,
    to_printed,
)
from equipoise.protocol.faults import Fault
from equipoise.protocol.yaml_document import invalid_file, is_file, plain_values, read_text, read_yaml

if TYPE_CHECKING:
    import polars as pl

# Columns of a table of trials: those of a table of published results (of which the ones that have no part in a pool are
# left unread), and these.
POOL_COLUMNS = ("n", "log_hr", "rmst_difference", "se", "published", *TABLE_COLUMNS)
_POOLS = resources.files("equipoise.evidence") / "pools"
_FILE_KEYS = ("pool", "title", "endpoint", "trials")
Record = Mapping[str, Any]


@dataclass(frozen=True)
class PooledTrials:
    """Trials read, before they are pooled; `endpoint` and `title` where the file says them."""

    studies: tuple[StudyEffect, ...]
    endpoint: str = ""
    title: str = ""


def pool_names() -> tuple[str, ...]:
    """Names of the pools that ship with equipoise.

    >>> pool_names()
    ('after-cdk46',)
    """
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in _POOLS.iterdir() if entry.name.endswith(".yaml")))


def read_pooled_trials(trials: Any, *, endpoint: str | None = None) -> PooledTrials:
    """The trials of a table, of a pool file, or of a list.

    Arguments: `trials`, a name of `pool_names()`; a .csv or .parquet table or a data frame (columns:
    docs/methods/pooling.md); a .yaml or .json file of the same entries; or a sequence of `StudyEffect`,
    `PublishedTrial`, paths or names of published-result files, and mappings with the columns of a table. `endpoint`:
    of every published-result file, the result to take, by its name or the beginning of it; of a table with that column,
    the rows to take.
    Raises PublishedFileError `published-file-invalid` with every row that cannot be pooled, `published-file-missing`,
    `published-file-syntax`; DataError `file-unreadable`; ArgumentError `argument-invalid`.
    """
    if isinstance(trials, str | Path):
        return _read_named(trials, endpoint)
    if hasattr(trials, "iter_rows"):
        return _read_table(trials, endpoint)
    if hasattr(trials, "columns"):
        return _read_table(as_polars(trials, "trials"), endpoint)
    if isinstance(trials, Sequence):
        return PooledTrials(tuple(_study_of(one, endpoint) for one in trials), endpoint or "")
    raise ArgumentError(
        "argument-invalid", f"{type(trials).__name__} is no list of trials", where="trials",
        hint=f"give a table, a pool file, a list of trials, or a pool by name: {', '.join(pool_names())}",
    )  # fmt: skip


def _read_named(trials: str | Path, endpoint: str | None) -> PooledTrials:
    path = Path(trials)
    if is_file(path):
        if path.suffix.lower() in TABLE_SUFFIXES:
            return _read_table(path, endpoint)
        return _read_file(read_text(path, CODES), str(path), endpoint)
    if str(trials) in pool_names():
        text = (_POOLS / f"{trials}.yaml").read_text(encoding="utf-8")
        return _read_file(text, f"{trials}.yaml (shipped)", endpoint)
    raise PublishedFileError(
        CODES.missing, f"there is no table or pool file {str(trials)!r}, and no pool of that name",
        hint=permitted(str(trials), pool_names()),
    )  # fmt: skip


def _study_of(one: Any, endpoint: str | None) -> StudyEffect:
    if isinstance(one, StudyEffect):
        return one
    if isinstance(one, Mapping):
        return study_from_record(one, endpoint)
    return effect_from_published(read_published(one), endpoint)


def _read_table(table: str | Path | pl.DataFrame, endpoint: str | None) -> PooledTrials:
    frame, name = frame_of_text(table)
    _check_columns(frame.columns, name)
    studies, problems = [], []
    for line, record in enumerate(frame.iter_rows(named=True), start=2):
        if endpoint and "endpoint" in frame.columns and not _is_endpoint(text_of_cell(record["endpoint"]), endpoint):
            continue
        try:
            studies.append(study_from_record(record, endpoint))
        except InputError as fault:
            where = f"{name}:{line}" + (f", column {fault.where}" if fault.where in POOL_COLUMNS else "")
            problems.append(Problem(fault.message, where=where, reason=fault.reason, hint=fault.hint))
    if problems:
        raise _invalid(name, problems)
    return PooledTrials(tuple(studies), endpoint or "")


def _check_columns(columns: Sequence[str], name: str) -> None:
    for column in columns:
        if column not in POOL_COLUMNS:
            raise PublishedFileError(
                CODES.invalid, f"{name}: unknown column {column!r}", hint=permitted(column, POOL_COLUMNS)
            )


def _invalid(name: str, problems: Sequence[Problem]) -> PublishedFileError:
    count = f"{len(problems)} row{'s' if len(problems) != 1 else ''}"
    return PublishedFileError(CODES.invalid, f"{name}: {count} cannot be pooled", problems=tuple(problems))


def _read_file(text: str, name: str, endpoint: str | None) -> PooledTrials:
    tree = read_yaml(text, name, CODES, as_text=True)
    document = plain_values(tree)
    faults = _file_faults(document)
    entries = document if isinstance(document, list) else document.get("trials", []) if not faults else []
    base: tuple[str, ...] = () if isinstance(document, list) else ("trials",)
    wanted = endpoint or (document.get("endpoint") if isinstance(document, dict) else None)
    studies = []
    for place, entry in enumerate(entries):
        try:
            studies.append(_study_of(entry, wanted))
        except InputError as fault:
            key = (fault.where,) if isinstance(entry, dict) and fault.where in entry else ()
            path: tuple[Any, ...] = (*base, place, *key)
            faults.append(Fault(path, fault.message, fault.reason, fault.hint))
    if faults:
        raise invalid_file(name, text, tree, faults, CODES)
    title = document.get("title", "") if isinstance(document, dict) else ""
    return PooledTrials(tuple(studies), wanted or "", title)


def _file_faults(document: Any) -> list[Fault]:
    if isinstance(document, list):
        return []
    if not isinstance(document, dict) or not isinstance(document.get("trials"), list):
        return [Fault((), "a pool file is a list of trials, or a mapping with the key `trials`")]
    return [
        Fault((key,), f"unknown key {key!r}", hint=permitted(key, _FILE_KEYS), on_key=True)
        for key in document
        if key not in _FILE_KEYS
    ]


def study_from_record(record: Record, endpoint: str | None = None) -> StudyEffect:
    """One trial of a table or pool file, from its columns.

    Arguments: `record`, column (docs/methods/pooling.md) to value; `endpoint`, for an entry that names a
    published-result file and no endpoint of its own. Raises ArgumentError `argument-invalid` with the column as its
    place, and what `read_published` raises.

    >>> study_from_record({"trial": "A", "hr": "0.80", "lower": "0.65", "upper": "0.98", "level": "95%"}).origin
    'interval'
    """
    cells = {str(key): text for key, value in record.items() if (text := text_of_cell(value))}
    for column in cells:
        if column not in POOL_COLUMNS:
            raise _refused(column, f"unknown column {column!r}", permitted(column, POOL_COLUMNS))
    if "published" in cells:
        return effect_from_published(
            read_published(cells["published"]), cells.get("endpoint", endpoint), level=cells.get("level"),
            name=cells.get("trial"),
        )  # fmt: skip
    name = cells.get("trial")
    if name is None:
        raise _refused("trial", "the trial has no name", "name it in column trial")
    shared = {
        "events": _events(cells), "randomized": _randomized(cells),
        "bounded": not (cells.get("effect") in EXEMPT_EFFECTS or cells.get("method") in EXEMPT_INTERVALS),
    }  # fmt: skip
    return _effect_of(name, cells)(name, cells, shared)


Reader = Callable[[str, dict[str, str], dict[str, Any]], StudyEffect]


def _effect_of(name: str, cells: Mapping[str, str]) -> Reader:
    """Which of the columns say the effect and its error; exactly one way."""
    effects = [column for column in ("hr", "log_hr", "rmst_difference") if column in cells]
    if len(effects) != 1:
        said = " and ".join(effects) or "neither hr nor log_hr"
        raise _refused("hr", f"{name} has {said}", "give one: hr, log_hr or rmst_difference")
    limits = [column for column in ("lower", "upper") if column in cells]
    if "se" in cells:
        if limits:
            raise _refused("se", f"{name} has a standard error and limits", "leave one of the two out")
        return _by_std_error
    if effects != ["hr"]:
        raise _refused("se", f"{name} has {effects[0]} and no standard error", "give it in column se")
    if len(limits) == 1:
        raise _refused(limits[0], f"{name} has one limit only, {limits[0]} {cells[limits[0]]}", "give both, or p")
    if limits:
        return _by_interval
    if "p" in cells:
        return _by_p
    raise _refused(
        "lower", f"{name} has a hazard ratio and nothing that says how sure it is",
        "give lower, upper and level; or p and sides; or se",
    )  # fmt: skip


def _by_interval(name: str, cells: dict[str, str], shared: dict[str, Any]) -> StudyEffect:
    if "level" not in cells:
        error = level_unstated(name, to_printed(cells["lower"], name), to_printed(cells["upper"], name))
        error.where = "level"
        raise error
    return effect_from_interval(name, cells["hr"], cells["lower"], cells["upper"], level=cells["level"], **shared)


def _by_p(name: str, cells: dict[str, str], shared: dict[str, Any]) -> StudyEffect:
    sides = cells.get("sides", "").removesuffix(".0")
    if sides not in ("1", "2"):
        said = "does not say whether P is one- or two-sided" if "sides" not in cells else f"has {cells['sides']} sides"
        raise _refused("sides", f"{name} {said}", "write 1 or 2 in column sides: the standard error hangs on it")
    return effect_from_p(name, cells["hr"], cells["p"], sides=int(sides), **shared)


def _by_std_error(name: str, cells: dict[str, str], shared: dict[str, Any]) -> StudyEffect:
    se = to_printed(cells["se"], name)
    if "hr" in cells:
        ratio = to_printed(cells["hr"], name).value
        if not ratio > 0.0:
            raise _refused("hr", f"the hazard ratio of {name} is {cells['hr']}", "a log hazard ratio is column log_hr")
        effect = math.log(ratio)
    else:
        effect = to_printed(cells.get("log_hr") or cells["rmst_difference"], name).value
    measure = "rmst-difference" if "rmst_difference" in cells else "hazard-ratio"
    return effect_from_std_error(name, effect, se.value, measure=measure, **shared)


def _events(cells: Mapping[str, str]) -> int | None:
    if "events" in cells:
        return _count(cells, "events")
    arms = [_count(cells, f"events_{arm}") for arm in ("experimental", "control")]
    return None if None in arms else sum(count for count in arms if count is not None)


def _randomized(cells: Mapping[str, str]) -> int | None:
    if "n" in cells:
        return _count(cells, "n")
    arms = [_count(cells, f"n_{arm}") for arm in ("experimental", "control")]
    return None if None in arms else sum(count for count in arms if count is not None)


def _count(cells: Mapping[str, str], column: str) -> int | None:
    text = cells.get(column)
    if text is None:
        return None
    # A whole number of a column with gaps comes as 198.0.
    text = text.removesuffix(".0")
    if not text.isdigit() or int(text) == 0:
        raise _refused(column, f"{column} is {text!r}", "a whole number above 0")
    return int(text)


def _refused(column: str, message: str, hint: str) -> ArgumentError:
    return ArgumentError("argument-invalid", message, where=column, hint=hint)


def effect_from_published(
    trial: PublishedTrial, endpoint: str | None = None, *, level: str | float | None = None, name: str | None = None
) -> StudyEffect:
    """The hazard ratio of one result of a published-result file.

    Arguments: the trial; `endpoint`, the result's name or the beginning of it, which may be left out where one result
    has a hazard ratio; `level` of its interval, where the publication states none; a name in place of the trial's.
    Raises ArgumentError `argument-invalid` for no or several such results, and where no standard error follows.

    >>> from equipoise.evidence.published_files import read_published
    >>> round(effect_from_published(read_published("pace"), "PFS").std_error, 4)
    0.2049
    """
    result = _result_of(trial, endpoint)
    ratio = result.hazard_ratio
    assert ratio is not None
    named = name or trial.trial
    shared: dict[str, Any] = {
        "events": result.total_events, "randomized": trial.randomized,
        "bounded": ratio.effect not in EXEMPT_EFFECTS and ratio.method not in EXEMPT_INTERVALS,
    }  # fmt: skip
    if ratio.interval is not None:
        stated = ratio.interval.level if ratio.interval.level is not None else level
        if stated is None:
            raise level_unstated(named, ratio.interval.lower, ratio.interval.upper)
        found = effect_from_interval(
            named, ratio.value, ratio.interval.lower, ratio.interval.upper, level=stated, **shared
        )
        if ratio.interval.level is not None:
            return found
        taken = f"the level of its interval is not stated, {100.0 * level_share(stated, named):g}% was said here"
        return replace(found, note="; ".join(filter(None, (found.note, taken))))
    if result.test is None or result.test.sides is None:
        raise _refused(
            "published", f"{named}, {result.endpoint}: neither an interval nor a P value with its sides was printed",
            "give the trial's effect and standard error by hand",
        )  # fmt: skip
    return effect_from_p(named, ratio.value, result.test.p, sides=result.test.sides, **shared)


def _result_of(trial: PublishedTrial, endpoint: str | None) -> PublishedEndpoint:
    """The result with a hazard ratio that is called so, or begins so where only one does."""
    held = [result for result in trial.results if result.hazard_ratio is not None]
    exact = [result for result in held if endpoint is not None and result.endpoint.lower() == endpoint.lower()]
    found = exact or [result for result in held if endpoint is None or _is_endpoint(result.endpoint, endpoint)]
    if len(found) == 1:
        return found[0]
    names = "; ".join(result.endpoint for result in held) or "none"
    asked = f" called {endpoint!r} or beginning so" if endpoint else ""
    said = f"{len(found)} results" if found else "no result"
    raise ArgumentError(
        "argument-invalid", f"{trial.trial} has {said}{asked} with a hazard ratio", where="endpoint",
        hint=f"name one of: {names}",
    )  # fmt: skip


def _is_endpoint(name: str, asked: str) -> bool:
    return name.lower().startswith(asked.lower())
