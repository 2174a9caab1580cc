"""`equipoise derive`: ADaM from SDTM."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

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
    cutoff: Annotated[
        str | None,
        typer.Option(
            "--cutoff",
            help="Data cutoff: a day (2022-10-31), or a look of the trial file that states its own.",
            show_default="the data's",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only check the collected data; exit status 1 where they would be refused.")
    ] = False,
    rules: Annotated[
        Path | None,
        typer.Option("--rules", help="With --check: a folder of CDISC's rules for its engine.", show_default=False),
    ] = None,
    engine: Annotated[
        Path | None,
        typer.Option("--engine", help="The Python that has CDISC's rules engine.", show_default="this one"),
    ] = None,
    format: Annotated[  # noqa: A002 - the option is called --format
        list[str] | None,
        typer.Option("--format", help="parquet, xpt, dataset-json; may be repeated.", show_default="parquet, xpt"),
    ] = None,
    define: Annotated[bool, typer.Option("--define", help="Write define.xml (Define-XML 2.1) too.")] = False,
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Derive ADSL, ADRS, ADTR, ADTTE and ADAE (ADLB where graded), each row traced, with a log of every decision."""
    from equipoise.frames.adam import DEFAULT_FORMATS
    from equipoise.workflow.lesion_files import discordance_lines
    from equipoise.workflow.products import write_derived
    from equipoise.workflow.rule_set_summary import rule_set_effects, state_estimands

    given: dict[str, Any] = {"sdtm": sdtm, "profile": profile, "mapping": parse_map(map), "out": out, "force": force}
    overrides = dict(parse_pair(text, "--set") for text in set_constant or [])
    if check:
        _check(trial, json, overrides=overrides, cutoff=cutoff, rules=rules, engine=engine, **given)
        return
    formats = tuple(format or DEFAULT_FORMATS)
    derived, quality, folder = write_derived(
        trial, overrides=overrides, cutoff=cutoff, formats=formats, define=define, **given
    )
    effects = rule_set_effects(trial, derived)
    rows = {name: table.height for name, table in derived.adam.tables.items()}
    if json:
        print_json(
            "derive",
            {
                "folder": str(folder),
                "rows": rows,
                "decisions": derived.adam.decisions.summary(),
                "quality": quality.counts(),
                "responses": discordance_lines(derived.adam),
                "rule_sets": effects,
                "estimands": state_estimands(derived),
                "provenance": derived.provenance.to_dict(),
            },
        )
        return
    print_lines([f"{name.upper():8}{count:>10,} rows" for name, count in rows.items()])
    _print_rule_sets(effects, state_estimands(derived))
    print_lines(discordance_lines(derived.adam))
    print_lines([f"{quality.headline()}: {folder / 'data-quality.html'}"] if quality.findings.height else [])
    print_decisions(derived.adam.decisions, str(folder / "decisions.csv"))
    next_step = f"equipoise analyze {trial} --adam {folder}" if trial else f"look into {folder}"
    print_lines([f"analysis data by the profile {derived.provenance.profile} are in {folder}", f"next: {next_step}"])


def _print_rule_sets(effects: list[dict[str, Any]], estimands: list[str]) -> None:
    """What each censoring rule set does, and what the estimands do to the dates."""
    from equipoise.reporting.terminal_rule_sets import rule_set_lines

    if effects:
        print_lines(["", *rule_set_lines(effects), *estimands, ""])


def _check(trial: str | None, json: bool, **given: Any) -> None:
    """The data-quality report alone."""
    from equipoise.reporting.terminal_quality import print_quality
    from equipoise.workflow.checking import write_quality

    report, issues, folder = write_quality(trial, **given)
    if json:
        conformance = {} if issues is None else {"conformance": issues.to_dicts()}
        print_json("derive-check", {"folder": str(folder), **report.to_dict(), **conformance})
    else:
        print_quality(report.headline(), report.summary().to_dicts())
        refused = "these data are refused: correct the errors" if report.refused else "these data can be derived from"
        print_lines([f"every finding is a row of {folder / 'data-quality.csv'}; {refused}"])
        if issues is not None:
            reported = issues.filter(issues["status"] == "issue reported").height
            skipped = f"{issues.height - reported:,} times a rule did not apply or could not run"
            print_lines([f"conformance: {reported:,} issues, {skipped}; rows of {folder / 'conformance.csv'}"])
    if report.refused:
        raise typer.Exit(1)
