"""Adverse-event incidence per subject, by arm, body system, term and worst grade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.binomial_rates import RateInterval, rate_interval
from equipoise.errors import ArgumentError, DataError, permitted
from equipoise.frames.columns import Levels, check_lengths, library_of, name_of, to_levels, to_numbers
from equipoise.frames.results import ResultRow, fill
from equipoise.frames.row_result import RowResult

ANY_EVENT = "Any adverse event"
SYSTEM_NAME = "body system"
TERM_NAME = "term"


@dataclass(frozen=True)
class AdverseEventRate:
    """Subjects of one arm with at least one event of a term (or body system, or any) at a grade or worse.

    `system` is empty where no body systems were given; `term` is empty for a body system's own line; both are empty for
    the line of any event. `min_grade` 1 stands for any grade, graded or not.
    """

    system: str
    term: str
    min_grade: int
    arm: str
    rate: RateInterval


@dataclass(frozen=True, eq=False, repr=False)
class AdverseEventRates(RowResult):
    """Adverse-event incidence: one `AdverseEventRate` per arm, line and grade threshold, in table order.

    Table order: any event; then body systems, and terms within them, by falling frequency over all arms. `ungraded`
    counts records without a grade: they count in any grade only.
    """

    rates: tuple[AdverseEventRate, ...]
    arm_name: str
    ungraded: int
    library: str | None = None

    def to_rows(self) -> list[ResultRow]:
        """n_event (subjects), n, estimate, conf_low, conf_high per rate.

        `group1` is the arm; `group2`/`level2` the line ("any", "body system" or "term"); `parameter` the grades
        ("any grade", "grade >= 3"); `label` of a term's row holds its body system.
        """
        return [row for rate in self.rates for row in self._rows_of(rate)]

    @property
    def warning(self) -> str | None:
        """That some records have no grade, where some have none."""
        if not self.ungraded:
            return None
        records = "1 record has" if self.ungraded == 1 else f"{self.ungraded:,} records have"
        return f"{records} no grade, counted in any grade only"

    def select(self, *, arm: str, term: str = "", system: str | None = None, min_grade: int = 1) -> RateInterval:
        """The rate of one arm and line; without `term` and `system` that of any event. LookupError if there is none."""
        for rate in self.rates:
            same_system = rate.system == system if system is not None else bool(term) or not rate.system
            if same_system and (rate.arm, rate.term, rate.min_grade) == (arm, term, min_grade):
                return rate.rate
        raise LookupError(f"there is no rate of arm {arm!r}, term {term!r}, system {system!r}, grade >= {min_grade}")

    def _rows_of(self, rate: AdverseEventRate) -> list[ResultRow]:
        kind = TERM_NAME if rate.term else SYSTEM_NAME if rate.system else "any"
        return fill(
            rate.rate.to_rows(),
            parameter="any grade" if rate.min_grade <= 1 else f"grade >= {rate.min_grade}",
            group1=self.arm_name,
            level1=rate.arm,
            group2=kind,
            level2=rate.term or rate.system or ANY_EVENT,
            label=rate.system if rate.term else "",
            warning=self.warning,
        )


def adverse_event_rates(
    subject: Any,
    term: Any,
    grade: Any,
    arm: Any,
    denominators: Mapping[str, int],
    *,
    system: Any = None,
    min_grades: Sequence[int] = (1, 3),
    conf_level: float = 0.95,
) -> AdverseEventRates:
    """The share of subjects with an adverse event, by arm, body system, term and worst grade.

    A subject counts once per line, at the worst grade of its records there.

    Arguments, columns with one row per event record: `subject` identifier; `term` (preferred term); `grade` (1 to 5,
    may be missing: such a record counts in any grade only); `arm` as treated; `system`, the body system, optional.
    `denominators`: subjects of the safety set by arm, whose order is the order of arms. `min_grades`: thresholds, 1
    for any grade. `conf_level` of the Clopper-Pearson intervals. Without any record the only line is that of any event.

    Returns `AdverseEventRates`. Raises DataError for a subject in two arms, an arm without a denominator, a grade out
    of 1 to 5, or more subjects than the denominator.

    Source: Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404.

    >>> rates = adverse_event_rates(["1", "1", "2"], ["Rash"] * 3, [1, 3, 2], ["A"] * 3, {"A": 4})
    >>> rates.select(arm="A", term="Rash").x, rates.select(arm="A", term="Rash", min_grade=3).x
    (2, 1)
    """
    subjects, terms, arms = to_levels(subject, "subject"), to_levels(term, "term"), to_levels(arm, name_of(arm, "arm"))
    systems = Levels(np.zeros_like(terms.codes), ("",)) if system is None else to_levels(system, "system")
    grades = _grades(grade)
    columns = {"subject": subjects, "term": terms, "arm": arms, "system": systems}
    lengths = {name: len(levels.codes) for name, levels in columns.items()} | {"grade": len(grades)}
    if any(lengths.values()):
        check_lengths(lengths)
    _check_arms(subjects, arms, denominators)
    worst = _worst_grades(subjects.codes, systems, terms, grades)
    arm_of = dict(zip(subjects.codes.tolist(), arms.codes.tolist(), strict=True))
    rates = []
    for line in _table_order(worst):
        for min_grade in min_grades:
            for name, n in denominators.items():
                code = arms.labels.index(str(name)) if str(name) in arms.labels else -1
                x = sum(1 for s, g in worst[line].items() if arm_of[s] == code and (g >= min_grade or min_grade <= 1))
                _check_count(x, n, name)
                rates.append(AdverseEventRate(*line, min_grade, str(name), rate_interval(x, n, conf_level=conf_level)))
    return AdverseEventRates(tuple(rates), name_of(arm, "arm"), int((grades == 0).sum()), library_of(subject))


def _grades(grade: Any) -> np.ndarray:
    """Grades with 0 for missing."""
    grades = np.nan_to_num(to_numbers(grade, "grade"), nan=0.0)
    wrong = ~np.isin(grades, [0, 1, 2, 3, 4, 5])
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            "value-invalid",
            f"grade is {grades[row]:g} in {int(wrong.sum()):,} rows",
            where=f"grade, row {row + 1}",
            reason="CTCAE grades are 1 to 5",
            hint="leave an unknown grade missing",
        )
    return grades


def _check_arms(subjects: Levels, arms: Levels, denominators: Mapping[str, int]) -> None:
    names = [str(name) for name in denominators]
    for label in arms.labels:
        if label not in names:
            raise ArgumentError(
                "level-unknown", f"arm {label!r} has no denominator", where="denominators", hint=permitted(label, names)
            )
    lowest = np.full(len(subjects.labels), len(arms.labels))
    highest = np.full(len(subjects.labels), -1)
    np.minimum.at(lowest, subjects.codes, arms.codes)
    np.maximum.at(highest, subjects.codes, arms.codes)
    split = np.flatnonzero((lowest != highest) & (highest >= 0))
    if len(split):
        raise DataError(
            "value-invalid",
            f"subject {subjects.labels[split[0]]} has events in more than one arm",
            where="arm",
            reason="incidence is counted per subject of one arm",
            hint="hand in the arm as treated, one per subject",
        )


def _check_count(x: int, n: int, arm: str) -> None:
    if x > n:
        raise DataError(
            "value-invalid",
            f"arm {arm!r} has {x} subjects with an event and a denominator of {n}",
            where="denominators",
            hint="count the safety set, and keep its subjects only",
        )


Line = tuple[str, str]


def _worst_grades(
    subject: np.ndarray, systems: Levels, terms: Levels, grades: np.ndarray
) -> dict[Line, dict[int, float]]:
    """Per line (body system, term) the worst grade of each subject with a record there."""
    worst: dict[Line, dict[int, float]] = {("", ""): {}}
    for s, system, term, g in zip(
        subject.tolist(), systems.codes.tolist(), terms.codes.tolist(), grades.tolist(), strict=True
    ):
        system_label = systems.labels[system]
        for line in {("", ""), (system_label, ""), (system_label, terms.labels[term])}:
            of_line = worst.setdefault(line, {})
            of_line[s] = max(of_line.get(s, 0.0), g)
    return worst


def _table_order(worst: Mapping[Line, Mapping[int, float]]) -> list[Line]:
    def rank(line: Line) -> tuple[Any, ...]:
        system, term = line
        return (
            line != ("", ""),
            -len(worst.get((system, ""), ())) if system else 0,
            system,
            term != "",
            -len(worst[line]),
            term,
        )

    return sorted(worst, key=rank)
