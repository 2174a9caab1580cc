"""Finding result rows, and the texts made of them that remember which rows they came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from equipoise.frames.results import ResultRow
from equipoise.quantities import DAYS_PER_UNIT
from equipoise.reporting.formatting import (
    NOT_ESTIMABLE,
    confidence_text,
    number_text,
    p_text,
    percent_text,
    range_text,
    ratio_text,
    time_text,
)

Group = tuple[str, str] | None
NOT_COMPUTED = "not computed"
_WORDS = {"NE": NOT_ESTIMABLE}


@dataclass(frozen=True)
class Quantity:
    """A text shown to a reader, with the rows it was made of and what must be said beside it."""

    text: str
    rows: tuple[ResultRow, ...] = ()

    @property
    def key(self) -> str:
        return row_key(self.rows[0]) if self.rows else ""

    @property
    def addresses(self) -> str:
        """The addresses of all rows, apart by semicolons."""
        return "; ".join(row_key(row) for row in self.rows)

    @property
    def origin(self) -> str:
        """Where the text comes from, in words."""
        if not self.rows:
            return ""
        first = self.rows[0]
        groups = [level for level in (first.level1, first.level2) if level]
        at = [] if first.at is None else [f"at {first.at:g} {first.at_unit or ''}".rstrip()]
        statistics = ", ".join(dict.fromkeys(row.statistic for row in self.rows))
        method = [f"method {first.method}"] if first.method else []
        return " \u00b7 ".join([first.analysis, first.parameter, *groups, statistics, *at, *method])

    @property
    def notes(self) -> tuple[str, ...]:
        """Errors and warnings of the rows, each once."""
        said = [row.error or row.warning for row in self.rows]
        return tuple(dict.fromkeys(text for text in said if text))


def row_key(row: ResultRow) -> str:
    """The address of a row: analysis, parameter, groups, statistic and time."""
    groups = [f"{g}:{v}" for g, v in ((row.group1, row.level1), (row.group2, row.level2)) if g and v]
    at = "" if row.at is None else f"@{row.at:g}{row.at_unit or ''}"
    return "/".join([row.analysis, row.parameter, *groups, row.statistic + at])


class Rows:
    """Result rows with an index, for the many look-ups of a report."""

    def __init__(self, results: Iterable[ResultRow]) -> None:
        self._all: list[ResultRow] = list(results)
        self._by_address: dict[tuple[object, ...], ResultRow] = {}
        self._by_part: dict[tuple[str, str], list[ResultRow]] = {}
        for row in self._all:
            address = (row.analysis, row.parameter, row.statistic, *_groups(row), row.at)
            self._by_address.setdefault(address, row)
            self._by_part.setdefault((row.analysis, row.parameter), []).append(row)

    def __iter__(self):
        return iter(self._all)

    def get(
        self,
        analysis: str,
        parameter: str,
        statistic: str,
        *,
        first: Group = None,
        second: Group = None,
        at: float | None = None,
    ) -> ResultRow | None:
        """The row at that address, or None."""
        return self._by_address.get((analysis, parameter, statistic, first, second, at))

    def failure(self, analysis: str, parameter: str, *, first: Group = None, second: Group = None) -> ResultRow | None:
        """The row that says why a parameter has no estimate, if it has none."""
        found = self._by_part.get((analysis, parameter), [])
        return next((row for row in found if row.error and row.value is None and _groups(row) == (first, second)), None)

    def ratio(self, analysis: str, statistic: str, arm: str, reference: str) -> ResultRow | None:
        """A statistic of the hazard ratio of an arm against the reference arm, or None."""
        return self.get(analysis, "hazard-ratio", statistic, first=("arm", arm), second=("reference", reference))

    def pair_test(self, analysis: str, parameter: str, arm: str, reference: str) -> ResultRow | None:
        """The P value of a test of an arm against the reference arm, or why it has none; None where there is no row."""
        first, second = ("arm", arm), ("reference", reference)
        found = self.get(analysis, parameter, "p_value", first=first, second=second)
        return found or self.failure(analysis, parameter, first=first, second=second)

    def part(self, analysis: str, parameter: str, statistic: str | None = None) -> list[ResultRow]:
        """The rows of one parameter of an analysis, in order, of one statistic if named."""
        rows = self._by_part.get((analysis, parameter), [])
        return rows if statistic is None else [row for row in rows if row.statistic == statistic]

    def parameters(self, analysis: str) -> list[str]:
        """The parameters of an analysis in order of appearance."""
        return [parameter for owner, parameter in self._by_part if owner == analysis]

    def has(self, analysis: str, parameter: str | None = None) -> bool:
        if parameter is not None:
            return (analysis, parameter) in self._by_part
        return any(owner == analysis for owner, _ in self._by_part)

    def times(self, analysis: str, parameter: str) -> list[float]:
        """The distinct times of a parameter, ascending."""
        found = {row.at: _days(row) for row in self.part(analysis, parameter) if row.at is not None}
        return sorted(found, key=lambda at: found[at])


def _groups(row: ResultRow) -> tuple[Group, Group]:
    first = (row.group1, row.level1) if row.group1 and row.level1 else None
    second = (row.group2, row.level2) if row.group2 and row.level2 else None
    return first, second


def _days(row: ResultRow) -> float:
    return (row.at or 0.0) * DAYS_PER_UNIT.get(row.at_unit or "days", 1.0)


def row_text(row: ResultRow, *, with_unit: bool = False) -> str:
    """One row as text, by its format hint; words where it has words, "not computed" where it failed."""
    if row.value is None:
        return NOT_COMPUTED if row.error else _WORDS.get(row.value_text or "NE", row.value_text or "")
    if row.format == "percent":
        return percent_text(row.value)
    if row.format == "p" or row.statistic == "p_value":
        return p_text(row.value, symbol=False)
    if row.format == "int" or row.statistic.startswith("n_") or row.statistic == "n":
        return number_text(row.value)
    if row.format == "ratio":
        return ratio_text(row.value)
    if row.format in ("months", "time") or row.unit in ("days", "weeks", "months", "years"):
        return time_text(row.value, row.unit or "months", with_unit=with_unit)
    return number_text(row.value, 0 if row.value == int(row.value) else 1)


def single(row: ResultRow | None, *, with_unit: bool = False) -> Quantity | None:
    """One row as a quantity; None where there is no row."""
    return None if row is None else Quantity(row_text(row, with_unit=with_unit), (row,))


def with_interval(estimate: ResultRow | None, low: ResultRow | None, high: ResultRow | None) -> Quantity | None:
    """`4.9 (3.6-6.1)` of three rows; the estimate alone where it failed or has no limits."""
    if estimate is None:
        return None
    if low is None or high is None or _all_words(estimate, low, high):
        return single(estimate)
    return Quantity(f"{row_text(estimate)} ({interval(low, high)})", (estimate, low, high))


def interval(low: ResultRow, high: ResultRow) -> str:
    """The limits as a range, without percent signs."""
    ends = [row_text(end).removesuffix("%") for end in (low, high)]
    return ends[0] if low.value is None and ends[0] == ends[1] else range_text(*ends)


def in_prose(
    estimate: ResultRow | None, low: ResultRow | None, high: ResultRow | None, *, level: float = 0.95
) -> Quantity | None:
    """`4.9 months (95% CI, 3.6-6.1)` of three rows, for sentences."""
    if estimate is None:
        return None
    text = row_text(estimate, with_unit=True)
    if low is None or high is None or _all_words(estimate, low, high):
        return Quantity(text, (estimate,))
    return Quantity(f"{text} ({confidence_text(level)}, {interval(low, high)})", (estimate, low, high))


def share(count: ResultRow | None, percent: ResultRow | None) -> Quantity | None:
    """`57 (41.9)` of a count row and a proportion row: the percent sign belongs to the heading."""
    if count is None:
        return None
    if count.value is None or percent is None or percent.value is None:
        return single(count)
    return Quantity(f"{row_text(count)} ({percent_text(percent.value, sign=False)})", (count, percent))


def _all_words(*rows: ResultRow) -> bool:
    """Three times "not reached" is said once."""
    return all(row.value is None for row in rows)
