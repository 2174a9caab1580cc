"""`equipoise synthesize`: a synthetic SDTM data set of a trial."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from equipoise.cli.console import Force, Json, Out, Trial, print_json, print_lines


def synthesize(
    trial: Trial,
    *,
    out: Out = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed, 0 to 2**48 - 1.", show_default="20190427")] = None,
    scenario: Annotated[
        str | None, typer.Option("--scenario", help="Scenario of the trial file.", show_default="its default")
    ] = None,
    replicate: Annotated[int, typer.Option("--replicate", min=0, help="Replicate of that seed.")] = 0,
    format: Annotated[  # noqa: A002 - the option is called --format
        Literal["parquet", "csv", "xpt"], typer.Option("--format", help="File format of the SDTM tables.")
    ] = "parquet",
    force: Force = False,
    json: Json = False,
) -> None:
    """Draw a synthetic SDTM data set of the trial; its truth goes to a folder of its own."""
    from equipoise.workflow.products import write_synthetic
    from equipoise.workflow.stages import DEFAULT_SEED

    written = write_synthetic(
        trial,
        seed=DEFAULT_SEED if seed is None else seed,
        scenario=scenario,
        replicate=replicate,
        format=format,
        out=out,
        force=force,
    )
    if json:
        print_json("synthesize", written)
        return
    records = f"{written['records']:,} records in {len(written['domains'])} domains"
    drawn = f"{written['subjects']} synthetic subjects, {records}"
    print_lines(
        [
            f"{drawn}, cut off on {written['cutoff']}, seed {written['seed']}",
            f"SDTM is in {written['sdtm']}, the truth in {written['truth']}",
            f"next: equipoise run {trial} --sdtm {written['sdtm']}",
        ]
    )
