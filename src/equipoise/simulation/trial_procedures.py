"""A trial's declared randomization beside the alternatives that fit its ratio, at its size and strata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.design import LogrankPower, power_of
from equipoise.design.plan import plan_design
from equipoise.errors import ArgumentError, InputError
from equipoise.frames.results import ResultRow, ResultTable
from equipoise.frames.row_result import RowResult
from equipoise.protocol import Trial
from equipoise.randomization import (
    BiasedCoin,
    BigStick,
    BlockUrn,
    Complete,
    MaximalProcedure,
    Method,
    Minimization,
    PermutedBlocks,
    Scheme,
    method_of,
)
from equipoise.randomization.assessment import Assessment
from equipoise.randomization.assessment_rows import scheme_row, scheme_words
from equipoise.simulation.level_shares import LevelShares, stated_shares
from equipoise.simulation.procedures import REPLICATES, assess_procedure

# The largest tolerated difference of the alternatives that have one: that of permuted blocks of 6 at 1:1.
_TOLERATED = 3


@dataclass(frozen=True, repr=False)
class TrialAssessment(RowResult):
    """Randomization methods compared for one trial; the first of `assessments` is the declared one.

    `scenario` names where the prevalences of the strata come from (None without strata).
    """

    trial: str
    scenario: str | None
    n: int
    assessments: tuple[Assessment, ...]
    rows: tuple[ResultRow, ...]
    library: str | None = None

    def to_rows(self) -> list[ResultRow]:
        """The rows of every assessment, and those of the trial: prevalences, what each method promises, the split."""
        return [*self.rows, *(row for each in self.assessments for row in each.rows)]

    def table(self) -> list[dict[str, Any]]:
        """One dictionary per method, for a protocol's table: unrounded numbers, None where one does not exist."""
        found = ResultTable(self.to_rows())
        return [_line(each, found.select(level1=each.scheme)) for each in self.assessments]


def assess_trial(
    trial: Trial,
    methods: Sequence[Method] | None = None,
    *,
    n: int | None = None,
    scenario: str | None = None,
    split: Mapping[str, int] | None = None,
    replicates: int = REPLICATES,
    seed: int = 1,
    engine: str = "auto",
) -> TrialAssessment:
    """Compare randomization methods for a trial's number of patients, ratio and strata.

    Arguments: the trial; `methods`, by default the declared one and `alternatives` to it; `n`, by default the planned
    enrollment; `scenario`, whose prevalences of the strata hold, by default the first that states them all; `split`,
    patients by arm, whose probability is asked for under every method; `replicates` and `seed` of what is simulated.
    Returns a `TrialAssessment`; `.table()` is ready for a protocol.
    Raises ArgumentError `argument-invalid` where the trial declares no randomization, or no scenario states how common
    the strata are.

    >>> from equipoise.protocol import load_trial
    >>> trial = load_trial("palmira")
    >>> found = assess_trial(trial, alternatives(trial)[:2], split={"PALBO_ET": 136, "ET": 62}, replicates=50)
    >>> [(line["scheme"], round(line["split"], 7)) for line in found.table()]
    [('permuted blocks of 3, 6', 4.06e-05), ('permuted blocks of 3', 0.0)]
    """
    chosen = tuple(methods) if methods is not None else alternatives(trial)
    _check_methods(trial, chosen)
    patients = trial.trial.enrollment.value if n is None else n
    wanted = None if split is None else _counts_of(trial, patients, split)
    stated = _shares(trial, chosen, scenario)
    planned, problem = _planned(trial)
    rows, assessments = [_size_row(patients), *_prevalence_rows(stated)], []
    for method in chosen:
        found = assess_procedure(
            method, patients,
            prevalences=stated.values(method.scheme.factors) if stated else None,
            replicates=replicates, seed=seed, planned=planned, arms=(trial.experimental[0].id, trial.control.id),
            engine=engine,
        )  # fmt: skip
        assessments.append(found)
        rows += _promise_rows(method, found, problem)
        rows += [] if wanted is None else _split_rows(method, found, wanted)
    return TrialAssessment(trial.id, stated.scenario.id if stated else None, patients, tuple(assessments), tuple(rows))


def alternatives(trial: Trial) -> tuple[Method, ...]:
    """The declared method of a trial, and those others that its ratio admits.

    Permuted blocks of the smallest size, of twice that and of both; block urn; complete randomization; minimization by
    range with probability 0.8, ratio-preserving; at 1:1 of two arms also big stick, biased coin and maximal procedure.
    Raises ArgumentError `argument-invalid` where the trial declares no randomization.
    """
    declared = method_of(trial)
    scheme = declared.scheme
    total = scheme.total
    found: list[Method] = [
        declared,
        *(PermutedBlocks(scheme, sizes) for sizes in ((total,), (2 * total,), (total, 2 * total))),
        BlockUrn(scheme, 2),
        *(each for each in _of_equal_arms(scheme, trial.trial.enrollment.value) if not _same_sequences(declared, each)),
        Minimization(scheme),
        Complete(scheme),
    ]
    return tuple({method.digest: method for method in reversed(found)}[d] for d in _digests(found))


def _digests(methods: Sequence[Method]) -> list[str]:
    return list(dict.fromkeys(method.digest for method in methods))


def _of_equal_arms(scheme: Scheme, n: int) -> list[Method]:
    if tuple(scheme.ratio.values()) != (1, 1):
        return []
    return [BigStick(scheme, _TOLERATED), BiasedCoin(scheme), MaximalProcedure(scheme, _TOLERATED, n + n % 2)]


def _same_sequences(declared: Method, other: Method) -> bool:
    """Maximal procedures that differ in the length of their sequences only: one of them is enough."""
    if not isinstance(declared, MaximalProcedure) or not isinstance(other, MaximalProcedure):
        return False
    return declared.maximum_imbalance == other.maximum_imbalance


def _check_methods(trial: Trial, methods: Sequence[Method]) -> None:
    arms = {arm.id: arm.ratio for arm in trial.arms}
    for method in methods:
        if dict(method.scheme.ratio) != arms:
            raise ArgumentError(
                "argument-invalid",
                f"{scheme_words(method)} allocates {dict(method.scheme.ratio)}",
                where="methods",
                reason=f"the arms of trial {trial.id} and their ratio are {arms}",
                hint="build every method on a scheme of these arms",
            )
    names = [scheme_words(method) for method in methods]
    if not names or len(set(names)) < len(names):
        raise ArgumentError(
            "argument-invalid", f"methods are {', '.join(names) or 'none'}", where="methods", hint="give each once"
        )


def _shares(trial: Trial, methods: Sequence[Method], scenario: str | None) -> LevelShares | None:
    """How common every level is that a method stratifies by; None without stratification factors."""
    factors = list(dict.fromkeys(name for method in methods for name in method.scheme.factors))
    asked = [trial.scenario(scenario)] if factors and scenario is not None else list(trial.scenarios)
    return stated_shares(trial, factors, asked)


def _planned(trial: Trial) -> tuple[LogrankPower | None, str | None]:
    """The test whose power is at stake, with its events; or why there is none."""
    try:
        design = plan_design(trial)
    except InputError as problem:
        return None, problem.message
    if not design.final_events:
        return None, f"trial {trial.id} plans no number of events"
    return power_of(design.final_events, hazard_ratio=design.hazard_ratio, **design.premises.test), None


def _size_row(n: int) -> ResultRow:
    return ResultRow(analysis="randomization", parameter="size", statistic="patients", value=float(n), format="int")


def _prevalence_rows(stated: LevelShares | None) -> list[ResultRow]:
    if stated is None:
        return []
    return [
        ResultRow(
            analysis="randomization", parameter="strata", group1="factor", level1=name, group2="level", level2=level,
            statistic="prevalence", value=float(share), format="percent", label=f"scenario {stated.scenario.id}",
            warning=f"assumption: {part.assumption}" if part.assumption else None,
        )
        for name, part in stated.by_factor.items()
        for level, share in part.value.items()
    ]  # fmt: skip


def _promise_rows(method: Method, assessment: Assessment, problem: str | None) -> list[ResultRow]:
    """What a method says about itself, how it was assessed, and why there is no loss of power where there is none."""
    said = {"preserves_ratio": "yes" if method.preserves_ratio else "no", "assessed": assessment.how}
    said |= {f"warning_{k}": text for k, text in enumerate(method.warnings, start=1)}
    empty = float("nan")
    rows = [scheme_row(method, "scheme", name, empty, value_text=text) for name, text in said.items()]
    if method.preserves_ratio:
        rows += [
            scheme_row(method, "ratio-at-step", "kept", float(share), group2="arm", level2=arm, format="percent")
            for arm, share in method.scheme.shares.items()
        ]
    if problem is not None:
        rows.append(scheme_row(method, "power-loss", "loss", empty, cited="schoenfeld", error=problem))
    return rows


def _split_rows(method: Method, assessment: Assessment, wanted: tuple[int, ...]) -> list[ResultRow]:
    """The probability of a split, and of one at least as far from the ratio."""
    ratio, total = assessment.ratio, sum(assessment.ratio)

    def distance(counts: tuple[int, ...]) -> int:
        return max(abs(c * total - r * assessment.n) for c, r in zip(counts, ratio, strict=True))

    as_far = sum(p for counts, p in assessment.splits.items() if distance(counts) >= distance(wanted))
    values = {"probability": assessment.splits.get(wanted, 0.0), "probability_as_far": as_far}
    exact = assessment.how == "exact"
    how = "exact" if exact else f"simulated, {assessment.replicates} trials"
    never = f"in none of {assessment.replicates} simulated trials, which does not make it impossible"
    return [
        scheme_row(
            method, "split", name, value, label=" : ".join(map(str, wanted)), format="percent", convention=how,
            warning=None if exact or value else never,
        )
        for name, value in values.items()
    ]  # fmt: skip


def _counts_of(trial: Trial, n: int, split: Mapping[str, int]) -> tuple[int, ...]:
    arms = [arm.id for arm in trial.arms]
    counts = tuple(split.get(arm, 0) for arm in arms)
    if any(arm not in arms for arm in split) or sum(counts) != n:
        raise ArgumentError(
            "argument-invalid",
            f"split is {dict(split)}",
            where="split",
            reason=f"the trial has {n} patients in the arms {', '.join(arms)}",
            hint="give the patients of every arm; they sum to the number of patients",
        )
    return counts


_COLUMNS: Mapping[str, tuple[dict[str, Any], ...]] = {
    "imbalance_q50": ({"parameter": "imbalance-overall", "statistic": "q50"},),
    "imbalance_q95": ({"parameter": "imbalance-overall", "statistic": "q95"},),
    "imbalance_max": ({"parameter": "imbalance-overall", "statistic": "max"},),
    "stratum_q95": ({"parameter": "imbalance-stratum", "statistic": "q95"},),
    "margin_q95": ({"parameter": "imbalance-margin", "statistic": "q95"},),
    "correct_guess": ({"parameter": "correct-guess", "statistic": "convergence", "at": None},),
    "bias_sd": ({"parameter": "chronological-bias", "statistic": "sd", "level2": "linear"},),
    "power_loss": (
        {"parameter": "power-loss", "statistic": "loss", "level2": "stratified"},
        {"parameter": "power-loss", "statistic": "loss", "level2": "unstratified"},
    ),
    "split": ({"parameter": "split", "statistic": "probability"},),
}


def _line(assessment: Assessment, rows: ResultTable) -> dict[str, Any]:
    """The largest over strata and margins where there are several, and the first choice that has rows."""
    line: dict[str, Any] = {
        "scheme": assessment.scheme,
        "preserves_ratio": assessment.preserves_ratio,
        "assessed": assessment.how,
    }
    for name, choices in _COLUMNS.items():
        found = next((rows.select(**choice) for choice in choices if len(rows.select(**choice))), ())
        line[name] = max((row.value for row in found if row.value is not None), default=None)
    return line
