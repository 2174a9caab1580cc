"""Pools of trials from files, what they say of a trial's design, and that design simulated under them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from equipoise.errors import ArgumentError, DataError
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.workflow.folders import new_file
from equipoise.workflow.planning import TrialLike, plan_trial

if TYPE_CHECKING:
    from equipoise.evidence import Assurance, PooledEffect, PooledPatients
    from equipoise.simulation import SimulatedPower

PATIENT_COLUMNS = ("time", "event", "arm", "trial")
_TABLES = (".csv", ".parquet")
_FIGURES = (".svg", ".png")
_FEWEST_NODES, _MOST_NODES = 3, 60


def pool_trials(
    trials: Any,
    *,
    endpoint: str | None = None,
    reference: Any = None,
    tau: float | None = None,
    time_unit: str | None = None,
    **choices: Any,
) -> tuple[PooledEffect | PooledPatients, str]:
    """The pool of trials as `equipoise.pool` takes them, and its title."""
    from equipoise.evidence import pool, pool_patients, read_pooled_trials

    patients = _patients(trials)
    if patients is not None:
        if reference is None:
            raise ArgumentError(
                "argument-invalid", "the rows are patients, and the control arm is not named", where="reference",
                hint="name the level of column arm that is the control",
            )  # fmt: skip
        found = pool_patients(
            *patients, reference=reference, tau=tau, time_unit=time_unit, endpoint=endpoint or "", **choices
        )
        return found, "Trials pooled from their patients' data"
    for name, value in (("reference", reference), ("tau", tau)):
        if value is not None:
            raise ArgumentError(
                "argument-invalid", f"{name} has no meaning for published effects", where=name,
                hint=f"it is for patient-level data: a table with columns {', '.join(PATIENT_COLUMNS)}",
            )  # fmt: skip
    read = read_pooled_trials(trials, endpoint=endpoint)
    return pool(read.studies, endpoint=read.endpoint, **choices), read.title


def _patients(trials: Any) -> tuple[Any, ...] | None:
    """The columns of patient-level data, where that is what was given."""
    frame = trials
    if isinstance(trials, str | Path) and Path(trials).suffix.lower() in _TABLES and Path(trials).is_file():
        import polars as pl

        path = Path(trials)
        try:
            frame = pl.read_parquet(path) if path.suffix.lower() == ".parquet" else pl.read_csv(path)
        except (OSError, pl.exceptions.PolarsError):
            # A table of published results may hold what no type can be inferred for; it is read as text elsewhere.
            return None
    names = list(frame) if isinstance(frame, Mapping) else list(getattr(frame, "columns", ()))
    if not {"time", "event"} <= set(names):
        return None
    absent = [name for name in PATIENT_COLUMNS if name not in names]
    if absent:
        raise DataError(
            "column-missing", f"patient-level data have no column {', '.join(absent)}",
            reason=f"their columns: {', '.join(map(str, names))}", hint=f"needed: {', '.join(PATIENT_COLUMNS)}",
        )  # fmt: skip
    return tuple(frame[name] for name in PATIENT_COLUMNS)


def assure(evidence: Any, trial: Any = None, **options: Any) -> Assurance:
    """The assurance of a trial file's design, of another design, or of a number of events."""
    from equipoise.design.design_result import DesignResult
    from equipoise.evidence import assurance

    scenario = options.pop("scenario", None)
    design = trial if trial is None or isinstance(trial, DesignResult) else plan_trial(trial, scenario=scenario)
    return assurance(evidence_of(evidence), design, **options)


def evidence_of(evidence: Any) -> Any:
    """Pooled hazard ratios as they are, those in two stages of patient-level data, or a prior by hand."""
    from equipoise.evidence import PooledPatients

    if not isinstance(evidence, PooledPatients):
        return evidence
    if evidence.two_stage is None:
        raise ArgumentError(
            "argument-invalid", "fewer than two trials have a hazard ratio of their own", where="evidence",
            hint="; ".join(evidence.warnings) or None,
        )  # fmt: skip
    return evidence.two_stage


@dataclass(frozen=True, eq=False, repr=False)
class SimulatedAssurance(RowResult):
    """The probability of success of a simulated design, its hazard ratio drawn from the evidence.

    `assurance` = sum of weight x simulated power over `hazard_ratios` that stand for the evidence's distribution;
    `std_error`: Monte-Carlo, at most (all points have the same random numbers, so their errors add up); `power` what
    was simulated at each.
    """

    assurance: float
    std_error: float
    hazard_ratios: tuple[float, ...]
    weights: tuple[float, ...]
    power: SimulatedPower
    assumptions: tuple[str, ...] = ()
    library: str | None = None

    def to_rows(self) -> list[ResultRow]:
        """assurance and std_error of the analysis "assurance", weights by hazard ratio; then the simulated power."""
        place: dict[str, Any] = {"analysis": "assurance", "parameter": "simulated", "method": "assurance"}
        rows = [
            ResultRow(statistic="assurance", format="percent", **place, **number(self.assurance)),
            ResultRow(statistic="std_error", format="percent", **place, **number(self.std_error)),
        ]
        for ratio, weight in zip(self.hazard_ratios, self.weights, strict=True):
            rows.append(ResultRow(statistic="weight", at=ratio, at_unit="hazard ratio", **place, **number(weight)))
        return rows + self.power.to_rows()


def simulate_assurance(
    trial: TrialLike,
    evidence: Any,
    *,
    trials: int,
    seed: int,
    basis: str = "new-trial",
    nodes: int = 15,
    scenario: str | None = None,
    threads: int | None = None,
) -> SimulatedAssurance:
    """The design of a trial file simulated under a hazard ratio drawn from pooled evidence.

    Arguments: a trial, path or built-in name; `evidence` and `basis` as of `equipoise.assurance`; simulated `trials` at
    each hazard ratio; the seed, 0 to 2**48 - 1; `nodes`, how many hazard ratios stand for the distribution (3 to 60); a
    scenario of the trial file; threads. The mean over the distribution is Gauss-Hermite quadrature, whose error is far
    below the Monte-Carlo error where power changes over hazard ratios no faster than the evidence does.
    Raises ArgumentError `argument-invalid`.
    """
    from equipoise.evidence import predictive_effect
    from equipoise.workflow.simulating import simulate_power

    if isinstance(nodes, bool) or not isinstance(nodes, int) or not _FEWEST_NODES <= nodes <= _MOST_NODES:
        raise ArgumentError("argument-invalid", f"nodes is {nodes!r}", where="nodes",
                            hint=f"a whole number from {_FEWEST_NODES} to {_MOST_NODES}")  # fmt: skip
    effect = predictive_effect(evidence_of(evidence), basis)  # type: ignore[arg-type]
    ratios, weights = effect.mixture(nodes)
    power, assumptions = simulate_power(
        trial, grid=ratios.tolist(), trials=trials, seed=seed, scenario=scenario, threads=threads
    )
    found = [power[ratio] for ratio in ratios.tolist()]
    return SimulatedAssurance(
        assurance=float(weights @ np.array([one.rejection_rate for one in found])),
        std_error=float(weights @ np.array([one.rejection_error for one in found])),
        hazard_ratios=tuple(ratios.tolist()),
        weights=tuple(weights.tolist()),
        power=power,
        assumptions=assumptions,
    )


def write_forest(result: Any, out: Path, *, force: bool = False, inputs: Sequence[object] = ()) -> None:
    """The forest plot of a pool as SVG or PNG, by the suffix. Raises ArgumentError `argument-invalid`, OutputError."""
    from equipoise.reporting import render_result

    if out.suffix.lower() not in _FIGURES:
        raise ArgumentError(
            "argument-invalid", f"a forest plot is written as SVG or PNG, not as {out.suffix or 'what has no suffix'}",
            where="--out", hint=f"name {out.with_suffix('.svg').name}",
        )  # fmt: skip
    drawing = render_result(result, format=out.suffix.lower()[1:], kind="pool")
    with new_file(out, force=force, inputs=inputs) as partial:
        drawing.write(partial)
