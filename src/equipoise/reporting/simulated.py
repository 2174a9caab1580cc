"""What the simulation of a trial's design says in sentences, and how it was done."""

from __future__ import annotations

from collections.abc import Iterable

from equipoise.frames.results import ResultRow
from equipoise.protocol.trial import Trial
from equipoise.reporting.abstract import Sentence, sentence_text
from equipoise.reporting.formatting import number_text, percent_text, range_text, time_text
from equipoise.reporting.lookup import Quantity, Rows
from equipoise.reporting.tables.simulation import (
    SIMULATE,
    designed_power,
    look_name,
    looks_of,
    nominal_size,
    null_power,
    signed,
)


def simulated_sentences(trial: Trial, rows: Rows) -> list[Sentence]:
    """What was simulated, how often the design succeeds beside its formula, its size, and when its looks come."""
    if not rows.has(SIMULATE, "rejection"):
        return []
    found = [_what(trial, rows), _power(rows), _size(rows), *(_look(rows, look) for look in looks_of(rows))]
    return [sentence for sentence in found if sentence]


def simulated_text(trial: Trial, results: Iterable[ResultRow]) -> str:
    """The same in plain text; empty where no design was simulated."""
    return " ".join(sentence_text(sentence) for sentence in simulated_sentences(trial, Rows(results)))


def _what(trial: Trial, rows: Rows) -> Sentence:
    trials, seed, engine = (_run(rows, name) for name in ("trials", "seed", "engine"))
    looks = len(looks_of(rows))
    said: list[str | Quantity] = [_counted(trials), " trials were simulated"]
    chosen = next((s.id for s in trial.scenarios if "simulate" in s.default_for), None)
    said.append(f" under scenario \u201c{chosen}\u201d" if chosen else "")
    if seed is not None and seed.value is not None:
        said += [" with seed ", Quantity(f"{seed.value:.0f}", (seed,))]
    if engine is not None and engine.value_text:
        said += [" by the ", Quantity(engine.value_text, (engine,)), " engine"]
    return (*said, f", each randomized as planned and tested at {looks} look{'s' if looks != 1 else ''}.")


def _run(rows: Rows, name: str) -> ResultRow | None:
    return next(iter(rows.part(SIMULATE, "run", name)), None)


def _counted(row: ResultRow | None) -> Quantity:
    return Quantity("Many") if row is None else Quantity(number_text(row.value), (row,))


def _power(rows: Rows) -> Sentence | None:
    names = ("rejection_rate", "std_error", "conf_low", "conf_high")
    rate, error, low, high = (rows.get(SIMULATE, "rejection", name) for name in names)
    if rate is None or rate.value is None or error is None or low is None or high is None:
        return None
    ends = range_text(percent_text(low.value, 1, sign=False), percent_text(high.value, 1, sign=False))
    return (
        "An efficacy bound was crossed in ", Quantity(percent_text(rate.value), (rate,)),
        " of them (Monte-Carlo standard error ", _points(error), "; 95% interval, ", Quantity(ends, (low, high)), ")",
        *_beside(rate, error, designed_power(rows), "; by formula the design\u2019s power is "), ".",
    )  # fmt: skip


def _size(rows: Rows) -> Sentence | None:
    rate, error = null_power(rows)
    if rate is None or rate.value is None or error is None:
        return None
    return (
        "Without an effect it was crossed in ", Quantity(percent_text(rate.value, 2), (rate,)),
        " (", _points(error), ")",
        *_beside(rate, error, nominal_size(rows), "; nominal on the side of benefit is ", 2),
        "." if nominal_size(rows) is None else "; formulas are asymptotic.",
    )  # fmt: skip


def _points(error: ResultRow) -> Quantity:
    return Quantity(f"{number_text(100.0 * (error.value or 0.0), 2)} percentage points", (error,))


def _beside(rate: ResultRow, error: ResultRow, designed: ResultRow | None, words: str, digits: int = 1) -> Sentence:
    """The designed rate, and how far the simulated one is from it."""
    if designed is None or designed.value is None or rate.value is None:
        return ()
    apart = rate.value - designed.value
    text = f"{signed(number_text(100.0 * apart, 2))} percentage points"
    said: list[str | Quantity] = [
        words,
        Quantity(percent_text(designed.value, digits), (designed,)),
        ", a difference of ",
    ]
    said.append(Quantity(text, (rate, designed)))
    if error.value:
        said.append(f" or {number_text(abs(apart) / error.value, 1)} standard errors")
    return tuple(said)


def _look(rows: Rows, look: float) -> Sentence | None:
    found = [rows.get(SIMULATE, "look", q, first=("measure", "time"), at=look) for q in ("q50", "q05", "q95")]
    if any(row is None or row.value is None for row in found):
        return None
    middle, low, high = (row for row in found if row is not None)
    unit = middle.unit or "months"
    ends = range_text(*(time_text(row.value, unit, with_unit=False) for row in (low, high)))
    return (
        f"{_named(rows, look)} comes after a median of ", Quantity(time_text(middle.value, unit), (middle,)),
        " (90% of trials, ", Quantity(ends, (low, high)), ").",
    )  # fmt: skip


def _named(rows: Rows, look: float) -> str:
    """`Look 1 (final)`."""
    number, _, name = look_name(rows, look).partition(": ")
    return f"{number} ({name})" if name else number


def simulation_methods(rows: Rows) -> list[str]:
    """How operating characteristics were simulated; empty where they were not."""
    if not rows.has(SIMULATE, "rejection"):
        return []
    return [
        "Operating characteristics are those of whole simulated trials: arrivals, strata, randomization, events and "
        "dropout follow the trial file, data are cut at each look, and the planned log-rank test decides, by the "
        "definitions that analyze the trial itself. Random numbers are counter-based (Philox4x32-10), so that a trial "
        "depends on the seed and its number alone, and every effect is simulated with the same ones. The Monte-Carlo "
        "standard error of a rate p from N trials is \u221a(p(1 \u2212 p)/N), its interval is Wilson\u2019s. The "
        "formulas beside them are asymptotic."
    ]
