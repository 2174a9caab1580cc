"""`equipoise derive`: ADaM from SDTM."""

from __future__ import annotations

from typing import Annotated

import typer

from equipoise.cli.console import (
    Force,
    Json,
    Map,
    Out,
    Sdtm,
    parse_map,
    parse_pair,
    print_decisions,
    print_json,
    print_lines,
)


def derive(
    trial: Annotated[
        str | None, typer.Argument(help="A trial file or built-in name; without one, name a --profile.")
    ] = None,
    *,
    sdtm: Sdtm,
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="Conventions profile: equipoise, admiral.", show_default="the trial's"),
    ] = None,
    map: Map = None,  # noqa: A002 - the option is called --map
    set_constant: Annotated[
        list[str] | None, typer.Option("--set", help="A constant of the profile: baseline_visit=BASELINE.")
    ] = None,
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Derive ADSL, ADRS, ADTR, ADTTE and ADAE, each row traced, with a log of every decision."""
    from equipoise.workflow.products import write_derived

    overrides = dict(parse_pair(text, "--set") for text in set_constant or [])
    derived, folder = write_derived(
        trial, sdtm=sdtm, profile=profile, mapping=parse_map(map), overrides=overrides, out=out, force=force
    )
    rows = {name: table.height for name, table in derived.adam.tables.items()}
    if json:
        print_json(
            "derive",
            {
                "folder": str(folder),
                "rows": rows,
                "decisions": derived.adam.decisions.summary(),
                "provenance": derived.provenance.to_dict(),
            },
        )
        return
    print_lines([f"{name.upper():8}{count:>10,} rows" for name, count in rows.items()])
    print_decisions(derived.adam.decisions, str(folder / "decisions.csv"))
    next_step = f"equipoise analyze {trial} --adam {folder}" if trial else f"look into {folder}"
    print_lines([f"analysis data by the profile {derived.provenance.profile} are in {folder}", f"next: {next_step}"])
