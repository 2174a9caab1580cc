"""The simulated design of a trial, as rows that its report shows beside what was designed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.frames.results import ResultRow, ResultTable, read_provenance
from equipoise.provenance import Provenance
from equipoise.workflow.planning import TrialLike, trial_file

if TYPE_CHECKING:
    from equipoise.design.trial_design import TrialDesign

SIMULATED_TRIALS = 10_000
"""Trials of the design, and at each hazard ratio of its power curve."""

SIMULATION = "simulation.parquet"

# Never a device, whose last bits differ: a report is the same on every machine.
_ENGINE = "compiled"
_CHARACTERISTICS = ("rejection", "decision", "at-stop", "look", "course", "power-curve")
# Of what was run, nothing that depends on the machine.
_RUN = ("trials", "seed")
_NEAR = 1e-6


def simulate_design(trial: TrialLike, *, seed: int, trials: int = SIMULATED_TRIALS) -> ResultTable:
    """Operating characteristics of the trial's design and its power by the hazard ratio, as rows for its report.

    The same rows for the same seed, on any machine with any number of cores.
    """
    from equipoise.simulation import plan_simulation, simulate, simulate_grid

    source = trial_file(trial)
    planned = plan_simulation(source.trial)
    found = simulate(planned.model, trials=trials, seed=seed, engine=_ENGINE)
    rows = [
        row for row in found.to_rows()
        if row.parameter in _CHARACTERISTICS or (row.parameter == "run" and row.statistic in _RUN)
    ]  # fmt: skip
    rows.append(ResultRow(statistic="engine", analysis="simulate", parameter="run", value_text=_ENGINE))
    ratios = _shown_ratios(planned.design)
    if ratios:
        grid = simulate_grid(planned.model, hazard_ratios=ratios, trials=trials, seed=seed, engine=_ENGINE)
        rows += replace(grid, assumed=planned.assumed_hazard_ratio).to_rows()
    return ResultTable(replace(row, run=source.trial.id) for row in rows)


def _shown_ratios(design: TrialDesign) -> list[float]:
    """The hazard ratios at which power is simulated: the twentieths of the design's curve, and the one assumed."""
    assumed = [requirement.hazard_ratio for requirement in design.requirement[:1]]
    even = [ratio for ratio, _ in design.power_curve if abs(20.0 * ratio - round(20.0 * ratio)) < _NEAR]
    return sorted({round(ratio, 9) for ratio in (*even, *assumed)}) if even else []


def read_simulation(folder: Path) -> tuple[ResultTable, Provenance | None]:
    """The simulated design in a run folder with its provenance; no rows where the run did not simulate it."""
    file = folder / SIMULATION
    if not file.is_file():
        return ResultTable(), None
    return ResultTable.read(file), read_provenance(file)
