"""Simulation of a trial file's design: its characteristics, its power over a grid, one of its trials as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise.errors import ArgumentError
from equipoise.simulation.trial_runs import Notify, silent
from equipoise.workflow.folders import new_file
from equipoise.workflow.planning import TrialLike, trial_file

if TYPE_CHECKING:
    import polars as pl

    from equipoise.simulation import OperatingCharacteristics, PlannedSimulation, SimulatedPower

_SUFFIXES = (".csv", ".parquet")


def simulate_trial(
    trial: TrialLike,
    *,
    trials: int | None,
    seed: int,
    scenario: str | None = None,
    hazard_ratio: float | None = None,
    until_se: float | None = None,
    threads: int | None = None,
    scheduler: str | None = None,
    engine: str = "auto",
    scans: bool = False,
    further: bool = False,
    keep_bounds: bool = False,
    notify: Notify = silent,
) -> tuple[OperatingCharacteristics, tuple[str, ...]]:
    """Operating characteristics of the trial's primary analysis under a scenario, and what they assume unpublished.

    `scans`, `further` and `keep_bounds` as of `simulation.plan_simulation`.
    """
    from equipoise.simulation.operating import simulate

    planned = _planned(trial, scenario, hazard_ratio, scans=scans, further=further, keep_bounds=keep_bounds)
    found = simulate(
        planned.model, trials=trials, seed=seed, until_se=until_se, threads=threads, scheduler=scheduler,
        engine=engine, notify=notify,
    )  # fmt: skip
    return found, planned.assumptions


def simulate_power(
    trial: TrialLike,
    *,
    grid: Sequence[float | str],
    trials: int,
    seed: int,
    scenario: str | None = None,
    threads: int | None = None,
    scheduler: str | None = None,
    engine: str = "auto",
    scans: bool = False,
    further: bool = False,
    keep_bounds: bool = False,
    yes: bool = False,
    notify: Notify = silent,
) -> tuple[SimulatedPower, tuple[str, ...]]:
    """Simulated power at each hazard ratio, or under each scenario of the trial file, and what that assumes.

    Raises ArgumentError `argument-invalid` for a grid that mixes both, `confirmation-needed` for one of hours.
    """
    from equipoise.simulation import simulate_grid

    ratios = [point for point in grid if not isinstance(point, str)]
    names = [point for point in grid if isinstance(point, str)]
    if not grid or (ratios and names) or len(set(grid)) < len(grid):
        raise ArgumentError(
            "argument-invalid",
            f"the grid is {', '.join(map(str, grid)) or 'empty'}",
            where="grid",
            hint="give hazard ratios, such as 0.5, 0.6, 1, or scenarios of the trial file by their ids, each once",
        )
    if names and scenario is not None:
        raise ArgumentError(
            "argument-invalid", "a scenario has no meaning beside a grid of scenarios", where="scenario",
            hint="name it in the grid",
        )  # fmt: skip
    wanted: dict[str, Any] = {"scans": scans, "further": further, "keep_bounds": keep_bounds}
    planned = {name or "": _planned(trial, name, None, **wanted) for name in names or [scenario]}
    models: Any = {name: each.model for name, each in planned.items()} if names else next(iter(planned.values())).model
    found = simulate_grid(
        models, hazard_ratios=[float(ratio) for ratio in ratios], trials=trials, seed=seed, threads=threads,
        scheduler=scheduler, engine=engine, yes=yes, notify=notify,
    )  # fmt: skip
    assumed = None if names else next(iter(planned.values())).assumed_hazard_ratio
    said = (sentence for each in planned.values() for sentence in each.assumptions)
    return replace(found, assumed=assumed), tuple(dict.fromkeys(said))


def draw_one_trial(
    trial: TrialLike,
    *,
    seed: int,
    index: int,
    look: int | None = None,
    scenario: str | None = None,
    hazard_ratio: float | None = None,
    scans: bool = False,
) -> pl.DataFrame:
    """The patients of trial number `index` of a seed as `simulate_trial` draws them; see `simulation.draw_trial`."""
    from equipoise.simulation import draw_trial

    return draw_trial(_planned(trial, scenario, hazard_ratio, scans=scans).model, seed=seed, index=index, look=look)


def write_frame(frame: pl.DataFrame, out: Path, *, force: bool = False, inputs: Sequence[object] = ()) -> None:
    """One table as CSV or Parquet, by the suffix. Raises ArgumentError `argument-invalid`, OutputError."""
    if out.suffix.lower() not in _SUFFIXES:
        raise ArgumentError(
            "argument-invalid",
            f"a drawn trial is written as CSV or Parquet, not as {out.suffix or 'a file without a suffix'}",
            where="--out",
            hint=f"name {out.with_suffix('.csv').name}",
        )
    with new_file(out, force=force, inputs=inputs) as partial:
        if out.suffix.lower() == ".csv":
            frame.write_csv(partial)
        else:
            frame.write_parquet(partial)


def _planned(trial: TrialLike, scenario: str | None, hazard_ratio: float | None, **wanted: Any) -> PlannedSimulation:
    from equipoise.simulation.trial_plan import plan_simulation

    if hazard_ratio is not None and not hazard_ratio > 0.0:
        raise ArgumentError(
            "argument-invalid",
            f"the hazard ratio is {hazard_ratio!r}",
            where="hazard_ratio",
            hint="a number above zero; 1 gives the size of the test",
        )
    return plan_simulation(trial_file(trial).trial, scenario=scenario, hazard_ratio=hazard_ratio, **wanted)
