"""A reconstruction in the terminal: what was read, how close it is, what printed numbers it meets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import IO

from equipoise.frames.results import ResultRow, ResultTable
from equipoise.reporting.formatting import number_text, p_text, percent_text, range_text, ratio_text, time_text
from equipoise.reporting.terminal_table import WIDTH, log_console


def print_reconstruction(rows: Iterable[ResultRow], said: Sequence[str] = (), file: IO[str] | None = None) -> None:
    """The lines of `reconstruction_lines` on standard output, or `file`."""
    from rich.text import Text

    console = log_console(file)
    for line in reconstruction_lines(rows, said):
        console.print(Text(line))


def reconstruction_lines(rows: Iterable[ResultRow], said: Sequence[str] = ()) -> list[str]:
    """What was read; an arm a line; the effect; printed numbers, met or not; the ensemble."""
    table = ResultTable(rows)
    lines = [*said, ""] if said else []
    lines += [_arm(table, arm) for arm in dict.fromkeys(row.level1 for row in table.select(parameter="patients"))]
    lines += _effect(table)
    printed = list(table.select(parameter="printed"))
    if printed:
        lines += ["", "Printed numbers"] + [_printed(row) for row in printed]
    return lines + _ensemble(table)


def _arm(table: ResultTable, arm: str | None) -> str:
    own = table.select(level1=arm)
    patients, points = own.select(parameter="patients"), own.select(parameter="accuracy")
    n, events = (number_text(patients.value(statistic=name)) for name in ("n", "n_event"))
    error, most = (percent_text(points.value(statistic=name), 2) for name in ("rmse", "max_error"))
    off = [row for row in own.select(parameter="numbers-at-risk") if row.warning]
    at_risk = "numbers at risk as printed" if not off else f"{len(off)} numbers at risk differ"
    median = own.one(parameter="median", statistic="estimate")
    middle = median.value_text or time_text(median.value, median.unit)
    return (
        f"{arm}: {events} events / {n} patients, median {middle}; curve within {error} (root mean square), "
        f"{most} at most; {at_risk}"
    )


def _effect(table: ResultTable) -> list[str]:
    found = table.select(parameter="hazard-ratio")
    if not len(found):
        return []
    value, low, high = (ratio_text(found.value(statistic=name)) for name in ("estimate", "conf_low", "conf_high"))
    if math.isnan(found.value(statistic="estimate")):
        return ["Hazard ratio and log-rank P: not estimable, since nobody has the event"]
    p_value = p_text(table.value(parameter="log-rank", statistic="p_value"))
    return [f"Hazard ratio {value} (95% CI, {range_text(low, high)}), log-rank {p_value}"]


def _printed(row: ResultRow) -> str:
    sign = "x" if row.warning else "="
    at = "" if row.at is None else f" at {row.at:g} {row.at_unit}"
    who = f"{row.level1}: " if row.level1 else ""
    value = row.value_text or f"{row.value:.4g}{row.unit or ''}" if row.unit == "%" else row.value_text
    value = value or f"{row.value:.4g}{' ' + row.unit if row.unit else ''}"
    return f"  {sign} {who}{row.statistic}{at}: {value}; {row.label}"[: 2 * WIDTH]


def _ensemble(table: ResultTable) -> list[str]:
    own = table.select(parameter="ensemble")
    if not len(own):
        return []
    size = number_text(own.value(statistic="n_members"))
    lines = ["", f"Ensemble of {size} reconstructions, the middle 95% of each"]
    ratios = own.select(statistic=("hazard_ratio_q025", "hazard_ratio_q975"))
    if len(ratios):
        ends = [ratio_text(row.value) for row in ratios]
        lines.append(f"  hazard ratio {range_text(*ends)}")
    for row in own:
        if row.statistic in ("median_q025", "restricted_mean_q025"):
            name = row.statistic.removesuffix("_q025")
            high = own.value(level1=row.level1, statistic=f"{name}_q975")
            ends = range_text(time_text(row.value, row.unit, with_unit=False), time_text(high, row.unit))
            at = "" if row.at is None else f" to {row.at:.4g} {row.at_unit}"
            lines.append(f"  {row.level1}: {name.replace('_', ' ')}{at} {ends}")
    return lines
