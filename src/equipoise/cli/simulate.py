"""`equipoise simulate`: a design by whole simulated trials, its power over a grid, one of the trials as data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from equipoise.cli.console import Force, Json, Trial, print_json, print_lines, trial_progress
from equipoise.errors import ArgumentError

TRIALS = 100_000

# Options that would be left unread.
_OF_DRAW = ("--look", "--out", "--force")
_NOT_OF_DRAW = ("--trials", "--until-se", "--threads", "--grid", "--yes", "--scheduler", "--engine", "--further",
                "--keep-bounds")  # fmt: skip
_NOT_OF_GRID = ("--until-se", "--hazard-ratio")


def simulate(
    trial: Trial,
    *,
    trials: Annotated[
        int | None, typer.Option("--trials", min=1, help="How many trials (of a grid, at each point); with --until-se, "
                                 "how many at most.", show_default="100000")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed, 0 to 2**48 - 1.")] = 1,
    scenario: Annotated[
        str | None, typer.Option("--scenario", help="Scenario of the trial file.", show_default="its default")
    ] = None,
    hazard_ratio: Annotated[
        float | None,
        typer.Option("--hazard-ratio", help="In place of the scenario's effect; 1: the size.", show_default=False),
    ] = None,
    until_se: Annotated[
        float | None,
        typer.Option("--until-se", help="Stop once the rejection rate's standard error is no larger.",
                     show_default=False),
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, show_default="all cores")] = None,
    grid: Annotated[
        str | None,
        typer.Option("--grid", help="Power at each hazard ratio (0.5,0.6,1) or under each scenario (base,delayed).",
                     show_default=False),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Go ahead with a grid that takes hours.")] = False,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", help="Address of a Dask scheduler whose workers simulate.", show_default=False),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option("--engine", help="auto, compiled, lanes, general, plain; cuda: a CUDA device.",
                     show_default="auto"),
    ] = None,
    scans: Annotated[
        bool, typer.Option("--scans", help="Events are seen only at the next scan of the file's schedule.")
    ] = False,
    further: Annotated[
        bool, typer.Option("--further", help="Measure further tests, rates and restricted means of the file too.")
    ] = False,
    keep_bounds: Annotated[
        bool, typer.Option("--keep-bounds", help="Keep the planned bounds whatever events the looks find.")
    ] = False,
    draw: Annotated[
        int | None, typer.Option("--draw", min=0, help="The patients of the trial of this number.", show_default=False)
    ] = None,
    look: Annotated[
        int | None,
        typer.Option("--look", min=1, help="With --draw: as the data stand at this look.", show_default="all to come"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="With --draw: a file, .csv or .parquet.", show_default="printed")
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Simulate whole trials: how often the design rejects, when it stops, what it costs, with Monte-Carlo errors."""
    given = {"--trials": trials, "--until-se": until_se, "--hazard-ratio": hazard_ratio, "--threads": threads,
             "--grid": grid, "--yes": yes or None, "--scheduler": scheduler, "--engine": engine, "--look": look,
             "--out": out, "--force": force or None, "--further": further or None,
             "--keep-bounds": keep_bounds or None}  # fmt: skip
    _check_options({name for name, value in given.items() if value is not None}, draw is not None)
    if draw is not None:
        wanted = {"scenario": scenario, "hazard_ratio": hazard_ratio, "scans": scans}
        _draw(trial, seed, draw, look, wanted, out, force=force, as_json=json)
        return
    options: dict[str, Any] = {"seed": seed, "scenario": scenario, "threads": threads, "scheduler": scheduler,
                               "engine": engine or "auto", "scans": scans, "further": further,
                               "keep_bounds": keep_bounds}  # fmt: skip
    if grid is not None:
        _grid(trial, grid, TRIALS if trials is None else trials, options, yes=yes, as_json=json)
        return
    from equipoise.workflow.simulating import simulate_trial

    wanted = trials if trials is not None or until_se is not None else TRIALS
    with trial_progress() as notify:
        found, assumptions = simulate_trial(
            trial, trials=wanted, hazard_ratio=hazard_ratio, until_se=until_se, notify=notify, **options
        )
    if json:
        print_json("simulate", {"assumptions": list(assumptions), **found.to_dict()})
        return
    from equipoise.reporting.terminal_simulation import print_characteristics

    print_characteristics(found.text(), found.to_rows(), assumptions=assumptions)


def _check_options(given: set[str], drawing: bool) -> None:
    """Refuse an option that would be left unread."""
    if drawing:
        beside, unread = "beside --draw", given.intersection(_NOT_OF_DRAW)
    else:
        beside, unread = "without --draw", given.intersection(_OF_DRAW)
    if not unread and "--grid" in given:
        beside, unread = "beside --grid", given.intersection(_NOT_OF_GRID)
    if not unread and "--grid" not in given:
        beside, unread = "without --grid", given.intersection({"--yes"})
    for option in sorted(unread):
        raise ArgumentError("argument-invalid", f"{option} has no meaning {beside}", where=option)


def _grid(trial: str, grid: str, trials: int, options: dict[str, Any], *, yes: bool, as_json: bool) -> None:
    from equipoise.workflow.simulating import simulate_power

    points = [_point(part.strip()) for part in grid.split(",") if part.strip()]
    with trial_progress() as notify:
        found, assumptions = simulate_power(trial, grid=points, trials=trials, yes=yes, notify=notify, **options)
    if as_json:
        print_json("simulate", {"assumptions": list(assumptions), **found.to_dict()})
        return
    from equipoise.reporting.terminal_simulation import print_grid

    print_grid(found.text(), found.to_rows(), assumptions=assumptions)


def _point(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _draw(
    trial: str, seed: int, index: int, look: int | None, wanted: dict[str, Any], out: Path | None,
    *, force: bool, as_json: bool,
) -> None:  # fmt: skip
    from equipoise.workflow.simulating import draw_one_trial, write_frame

    frame = draw_one_trial(trial, seed=seed, index=index, look=look, **wanted)
    if out is not None:
        write_frame(frame, out, force=force, inputs=(trial,))
    if as_json:
        rows = {"patients": frame.to_dicts()} if out is None else {"file": str(out)}
        print_json("simulate", {"seed": seed, "trial_number": index, "look": look, **rows})
    elif out is None:
        sys.stdout.write(frame.write_csv())
    else:
        print_lines([f"{len(frame):,} patients of trial number {index:,} of seed {seed} are in {out}"])
