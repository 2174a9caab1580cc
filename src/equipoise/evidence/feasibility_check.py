"""Check 4: medians, rates, numbers at risk, events, hazard ratio and P on one pair of curves."""

from __future__ import annotations

from dataclasses import dataclass, replace

from equipoise.errors import ArgumentError
from equipoise.evidence.effect_readings import numbers_of, reading_words, usual_reading
from equipoise.evidence.feasibility_bounds import Violation, violations
from equipoise.evidence.feasibility_search import (
    Search,
    default_budget,
    find_witness,
    possible_readings,
    readings_of,
)
from equipoise.evidence.feasibility_targets import Wanted
from equipoise.evidence.feasibility_witness import Witness
from equipoise.evidence.findings import Finding, Status
from equipoise.evidence.published import PublishedEndpoint, PublishedTrial
from equipoise.evidence.standard_error import Reading
from equipoise.seeds import SEED_LIMIT

_CHECK = "joint-feasibility"
_TOLERANCE = "every value of the witness lies inside the rounding interval of its printed number"
_MOST_NAMED = 4


@dataclass(frozen=True, eq=False)
class Feasibility:
    """The outcome of check 4: its finding, and the witness where one was found.

    Of a result that is impossible for its interval, the witness has the other numbers; see the finding.
    """

    finding: Finding
    witness: Witness | None


def check_feasibility(
    trial: PublishedTrial, result: PublishedEndpoint, *, seed: int = 0, budget: int | None = None, seconds: float = 30.0
) -> Finding:
    """Check 4 of one result; arguments as of `joint_feasibility`, whose finding this is."""
    return joint_feasibility(trial, result, seed=seed, budget=budget, seconds=seconds).finding


def joint_feasibility(
    trial: PublishedTrial, result: PublishedEndpoint, *, seed: int = 0, budget: int | None = None, seconds: float = 30.0
) -> Feasibility:
    """Whether one data set can print all numbers of a time-to-event result.

    Arguments: the trial and one of its results; `seed` of the search, 0 to 2**48 - 1; `budget`: the steps of the
    search, None for some seconds' worth; `seconds` of processor time after which no further start is made. The outcome
    follows from seed and budget alone, unless the seconds end the search.
    Returns a `Feasibility`: consistent, with patients whose recomputed numbers print as published; a note, where
    they do so on another reading of level or sides than the usual one; inconsistent, where a bound is broken that
    holds for every data set; unresolved, where the search found nothing, which proves nothing.
    Raises ArgumentError `argument-invalid`.
    Method and proofs: docs/methods/feasibility.md.

    >>> from equipoise.evidence import read_published
    >>> palmira = read_published("palmira")
    >>> joint_feasibility(palmira, palmira.results[0]).finding.status
    'inconsistent'
    """
    _check_arguments(seed, budget, seconds)
    wanted = Wanted(trial, result, Reading())
    if not _asks_anything(wanted):
        nothing = Finding(_CHECK, result.endpoint, "not-checked", "no numbers of curves or of an effect")
        return Feasibility(nothing, None)
    broken = violations(wanted)
    sure = [one for one in broken if one.sure]
    limits = {"seed": seed, "seconds": seconds}
    if sure:
        return _impossible(wanted, sure, budget, limits)
    readings = possible_readings(wanted, readings_of(wanted))
    if not readings:
        without = replace(wanted, interval=False, test=False)
        search = find_witness(without, readings_of(without), budget=budget or default_budget(without) // 2, **limits)
        return _unreadable(wanted, search)
    search = find_witness(wanted, readings, budget=budget or default_budget(wanted), **limits)
    if search.found is not None:
        return Feasibility(_feasible(search, search.found), search.found)
    return Feasibility(_unresolved(search, broken), None)


def _check_arguments(seed: int, budget: int | None, seconds: float) -> None:
    whole = isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed < SEED_LIMIT
    if not whole:
        said = f"seed {seed!r} is not a whole number from 0 to 2**48 - 1"
        raise ArgumentError("argument-invalid", said, where="seed")
    if budget is not None and (not isinstance(budget, int) or isinstance(budget, bool) or budget < 1):
        raise ArgumentError("argument-invalid", f"budget {budget!r} is no number of steps", where="budget",
                            hint="a whole number from 1; some hundred thousand are usual")  # fmt: skip
    if not seconds > 0.0:
        raise ArgumentError("argument-invalid", f"seconds {seconds!r} is not above zero", where="seconds")


def _asks_anything(wanted: Wanted) -> bool:
    arms = (wanted.result.experimental, wanted.result.control)
    curves = bool(wanted.result.rates) or wanted.result.at_risk is not None
    return wanted.has_effect or wanted.has_test or curves or any(arm.median is not None for arm in arms)


def _values(search: Search) -> dict[str, float]:
    return {"starts": float(search.starts), "steps": float(search.steps), "seed": float(search.seed),
            "found": float(search.found is not None)}  # fmt: skip


def _recomputed(witness: Witness) -> tuple[str, ...]:
    events = int(witness.event.sum())
    head = (
        f"witness: {len(witness.time)} patients, {events} events; "
        f"intervals of medians on the scale {witness.conf_type}, of rates {witness.rate_conf_type}"
    )
    return (head, *(str(one) for one in witness.recomputed))


def _feasible(search: Search, witness: Witness) -> Finding:
    wanted = search.wanted
    words = _reading_words(wanted)
    said = f"feasible: a data set prints all {len(witness.recomputed)} numbers (found after {search.words()})"
    status: Status = "note" if words else "consistent"
    return Finding(
        _CHECK, wanted.result.endpoint, status, f"{said}, but only on another reading" if words else said,
        _recomputed(witness), f"consistent if {words}" if words else "", _values(search), _TOLERANCE,
    )  # fmt: skip


def _reading_words(wanted: Wanted) -> str:
    ratio, test = wanted.result.hazard_ratio, wanted.result.test
    if ratio is not None:
        numbers = numbers_of(wanted.result, ratio)._replace(**({} if wanted.has_test else {"p": None}))
        return reading_words(wanted.reading, usual_reading(wanted.result, ratio), numbers)
    other = test is not None and test.sides is None and wanted.reading.sides == 1
    return "P is one-sided" if other else ""


def _impossible(wanted: Wanted, broken: list[Violation], budget: int | None, limits: dict[str, float]) -> Feasibility:
    said = f"impossible: {broken[0].said}"
    arithmetic = tuple(line for one in broken for line in (one.said, *one.arithmetic))
    search = None
    if all(one.of_effect for one in broken):
        # What can be said for the other numbers.
        rest = replace(wanted, interval=False, test=False)
        steps = budget or default_budget(rest) // 2
        search = find_witness(rest, readings_of(rest), budget=steps, **limits)  # type: ignore[arg-type]
    witness = search.found if search is not None else None
    explanation, values = "", {"found": 0.0}
    if witness is not None and search is not None:
        explanation = f"without its interval and P the hazard ratio fits the curves: {_witness_words(witness)}"
        arithmetic, values = (*arithmetic, *_recomputed(witness)), {**_values(search), "found": 0.0}
    finding = Finding(_CHECK, wanted.result.endpoint, "inconsistent", said, arithmetic, explanation, values,
                      "bounds that hold for every data set, over every printed digit")  # fmt: skip
    return Feasibility(finding, witness)


def _witness_words(witness: Witness) -> str:
    return f"a data set of {len(witness.time)} patients with {int(witness.event.sum())} events prints them"


def _unreadable(wanted: Wanted, search: Search) -> Feasibility:
    """Ratio, interval and P fit no reading of one Cox model; what the other numbers say."""
    said = "unresolved: hazard ratio, interval and P are of one Cox model on no reading, so no witness was searched for"
    witness = search.found
    explanation, arithmetic = "", ()
    if witness is not None:
        explanation = f"without interval and P all can hold: {_witness_words(witness)}"
        arithmetic = _recomputed(witness)
    finding = Finding(_CHECK, wanted.result.endpoint, "unresolved", said, arithmetic, explanation, _values(search),
                      _TOLERANCE)  # fmt: skip
    return Feasibility(finding, witness)


def _unresolved(search: Search, broken: list[Violation]) -> Finding:
    said = f"unresolved: no data set found after {search.words()}; this proves nothing"
    lines = [line for one in broken for line in (f"if unstratified: {one.said}", *one.arithmetic)]
    if search.closest is not None:
        missed = [str(one) for one in search.closest.missed]
        lines.append(f"closest data set misses {len(missed)}: {'; '.join(missed[:_MOST_NAMED])}")
    subject = search.wanted.result.endpoint
    return Finding(_CHECK, subject, "unresolved", said, tuple(lines), "", _values(search), _TOLERANCE)
