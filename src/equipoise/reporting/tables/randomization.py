"""The table that compares randomization methods, from the rows of an assessment: one line a method."""

from __future__ import annotations

from collections.abc import Iterable

from equipoise.frames.results import ResultRow
from equipoise.reporting.formatting import number_text, percent_text, upper_first
from equipoise.reporting.lookup import Quantity, Rows
from equipoise.reporting.tables.model import Cell, Column, Line, Table, cell, number_cell, words

RANDOMIZATION = "randomization"
_IMBALANCE = "Imbalance"
_SMALLEST_SHOWN = 1e-6


def schemes_of(rows: Rows) -> list[str]:
    """The methods assessed, the declared one first."""
    return list(dict.fromkeys(row.level1 for row in rows.part(RANDOMIZATION, "imbalance-overall") if row.level1))


def methods_table(rows: Rows) -> Table | None:
    """Balance, predictability, bias and power by method; None where nothing was assessed."""
    schemes = schemes_of(rows)
    if not schemes:
        return None
    stratified = rows.has(RANDOMIZATION, "imbalance-stratum")
    asked = rows.has(RANDOMIZATION, "split")
    heads = ("95%", "most", *(("stratum", "margin") if stratified else ()))
    columns = [Column(head, under=_IMBALANCE) for head in heads]
    columns += [Column("Guessed"), Column("lost", under="Power"), Column("kept", under="Ratio")]
    columns += [Column("Split")] if asked else []
    lines = tuple(Line(scheme, tuple(_cells(rows, scheme, stratified, asked))) for scheme in schemes)
    return Table("table-randomization", _caption(rows), "Method", tuple(columns), lines, tuple(_notes(rows)))


def _cells(rows: Rows, scheme: str, stratified: bool, asked: bool) -> Iterable[Cell]:
    first = ("scheme", scheme)
    for statistic in ("q95", "max"):
        yield number_cell(_where(rows, "imbalance-overall", statistic, first), _patients)
    if stratified:
        for parameter in ("imbalance-stratum", "imbalance-margin"):
            yield number_cell(_worst(rows, parameter, scheme), _patients)
    yield number_cell(_where(rows, "correct-guess", "convergence", first), percent_text)
    yield number_cell(_first(rows, "power-loss", "loss", scheme), _points)
    yield _yes(_where(rows, "scheme", "preserves_ratio", first))
    if asked:
        yield number_cell(_where(rows, "split", "probability", first), _chance)


def _where(rows: Rows, parameter: str, statistic: str, first: tuple[str, str]) -> ResultRow | None:
    return rows.get(RANDOMIZATION, parameter, statistic, first=first)


def _worst(rows: Rows, parameter: str, scheme: str) -> ResultRow | None:
    """The stratum or margin whose 95% quantile is largest."""
    found = [
        row for row in rows.part(RANDOMIZATION, parameter, "q95") if row.level1 == scheme and row.value is not None
    ]
    return max(found, key=lambda row: row.value or 0.0, default=None)


def _first(rows: Rows, parameter: str, statistic: str, scheme: str) -> ResultRow | None:
    found = (row for row in rows.part(RANDOMIZATION, parameter, statistic) if row.level1 == scheme)
    return next(found, None)


def _caption(rows: Rows) -> str:
    asked = next((row.label for row in rows.part(RANDOMIZATION, "split", "probability") if row.label), "")
    return "Randomization methods compared" + (f"; split asked: {asked}" if asked else "")


def _notes(rows: Rows) -> Iterable[str]:
    yield from _premises(rows)
    yield (
        "Imbalance: patients by which the arms miss the ratio; 95%: not exceeded with probability 0.95; most: the "
        "largest, but for what is rarer than 1 in 10^12 (simulated: the largest seen); stratum, margin: 95% in the "
        "worst of them. Guessed: correct guesses by the convergence strategy, which guesses the arm that is behind; "
        "always naming the larger arm is right in that arm's share. Power lost: percentage points, expected, against "
        "the exact ratio; negative where arms come out more equal than the ratio."
    )
    how = {row.level1: row.value_text for row in rows.part(RANDOMIZATION, "scheme", "assessed")}
    simulated = [scheme for scheme, word in how.items() if scheme and word == "simulated"]
    if simulated:
        trials = next(
            (row.convention for row in rows.part(RANDOMIZATION, "imbalance-overall", "q95")
             if row.level1 == simulated[0] and row.convention), "simulated",
        )  # fmt: skip
        whole = len(simulated) == len(how)
        yield f"{upper_first(trials)}." if whole else f"Exact, but for {'; '.join(simulated)}: {trials}."
    for row in rows.part(RANDOMIZATION, "scheme"):
        if row.statistic.startswith("warning") and row.value_text:
            yield f"{row.level1}: {row.value_text}."


def _premises(rows: Rows) -> Iterable[str]:
    """For how many patients, and how common the strata are taken to be."""
    said = [f"{number_text(row.value or 0.0, 0)} patients" for row in rows.part(RANDOMIZATION, "size", "patients")]
    strata = list(rows.part(RANDOMIZATION, "strata", "prevalence"))
    for factor in dict.fromkeys(row.level1 for row in strata):
        held = [row for row in strata if row.level1 == factor]
        levels = ", ".join(f"{row.level2} {percent_text(row.value)}" for row in held if row.value is not None)
        said.append(f"{factor}: {levels}" + (" (assumed)" if any(row.warning for row in held) else ""))
    if said:
        yield "; ".join(said) + "."


def _patients(value: float) -> str:
    return number_text(value, 0 if value == round(value) else 1)


def _points(value: float) -> str:
    return number_text(100 * value, 2)


def _yes(row: ResultRow | None) -> Cell:
    return words("") if row is None else cell(Quantity(row.value_text or "", (row,)))


def _chance(value: float) -> str:
    if value == 0.0:
        return "0"
    return "< 0.000001" if value < _SMALLEST_SHOWN else number_text(value, 6 if value < 0.001 else 4)
