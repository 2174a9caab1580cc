"""`equipoise randomize`: the allocation list of a trial, or the assessment of its method."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from equipoise.cli.console import Force, Json, Trial, parse_pair, print_json, print_lines
from equipoise.errors import ArgumentError

# Blocks of 2, the most restricted, leave 1 bit in two allocations: 2**80 lists are too many to be tried out.
_LONG_ENOUGH = 160


def randomize(
    trial: Trial,
    *,
    list_: Annotated[bool, typer.Option("--list", help="Write the allocation list of every stratum.")] = False,
    assess: Annotated[bool, typer.Option("--assess", help="Compare randomization methods for this trial.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="File of the list, .csv or .json.", show_default="<trial>-list.csv")
    ] = None,
    n: Annotated[
        int | None,
        typer.Option("--n", help="Allocations in each stratum, or patients assessed.", show_default="the enrollment"),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="Seed, 0 to 2**48 - 1.", show_default="of a list: drawn, and sealed in a file"),
    ] = None,
    blocks: Annotated[bool, typer.Option("--blocks", help="Show the blocks, for the statistician only.")] = False,
    split: Annotated[
        str | None,
        typer.Option("--split", help="Patients by arm whose probability is asked: A=136,B=62.", show_default=False),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option("--scenario", help="Scenario that says how common the strata are.", show_default="the first"),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Draw the allocation list ahead of the patients, or assess the method: balance, guesses, bias, power."""
    if list_ == assess:
        raise ArgumentError(
            "argument-invalid",
            "say what to do: --list writes the allocation list, --assess compares methods",
            hint=f"equipoise randomize {trial} --assess",
        )
    _check_options(
        assess,
        {"--split": split is not None, "--scenario": scenario is not None},
        {"--out": out is not None, "--blocks": blocks, "--force": force},
    )
    if list_:
        _list(trial, out, n, seed, json, blocks=blocks, force=force)
    else:
        _assess(trial, n, seed, split, scenario, as_json=json)


def _check_options(assess: bool, of_assess: dict[str, bool], of_list: dict[str, bool]) -> None:
    """Refuse an option that would be left unread."""
    verb, other = ("--assess", "--list") if assess else ("--list", "--assess")
    for option, given in (of_list if assess else of_assess).items():
        if given:
            raise ArgumentError(
                "argument-invalid",
                f"{option} has no meaning beside {verb}",
                where=option,
                hint=f"it belongs to {other}",
            )


def _list(
    trial: str, out: Path | None, n: int | None, seed: int | None, as_json: bool, *, blocks: bool, force: bool
) -> None:
    from equipoise.workflow.allocation import write_list
    from equipoise.workflow.planning import trial_file

    file = out if out is not None else Path(f"{trial_file(trial).trial.id.lower()}-list.csv")
    allocations, sealed = write_list(trial, out=file, seed=seed, n=n, blocks=blocks, force=force)
    if as_json:
        record = {"file": str(file), "seed_file": None if sealed is None else str(sealed), "blocks": blocks}
        print_json("randomize", {**record, **allocations.header(), "allocations": len(allocations.slots)})
        return
    strata = len({slot.stratum for slot in allocations.slots})
    across = f" in {strata} strata" if strata > 1 else ""
    lines = [f"{len(allocations.slots):,} allocations{across} by {allocations.method} are in {file}"]
    lines.append(f"digest {allocations.digest}")
    lines.append(
        "publish the digest before the first patient: it proves the list later"
        if len(allocations.slots) >= _LONG_ENOUGH
        else "keep the digest to yourself until the list is used up: of so short a list all can be tried out"
    )
    if sealed is not None:
        lines.append(f"the seed, which draws the list again, is sealed in {sealed}")
    lines.append("only you can read these files: whoever has one knows every allocation to come")
    print_lines(lines)


def _assess(
    trial: str, n: int | None, seed: int | None, split: str | None, scenario: str | None, *, as_json: bool
) -> None:
    from equipoise.workflow.allocation import assess_allocation

    wanted = None if split is None else _split(split)
    found = assess_allocation(trial, n=n, scenario=scenario, split=wanted, seed=1 if seed is None else seed)
    if as_json:
        print_json("randomize", {"table": found.table(), **found.to_dict()})
        return
    from equipoise.reporting.terminal_randomization import print_assessment

    print_assessment(found.to_rows())


def _split(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for arm, count in (parse_pair(part, "--split") for part in text.split(",")):
        if arm in found:
            raise ArgumentError(
                "argument-invalid", f"arm {arm!r} is given twice", where="--split", hint="write A=136,B=62"
            )
        found[arm] = _whole(count)
    return found


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentError(
            "argument-invalid", f"{text!r} is no number of patients", where="--split", hint="write A=136,B=62"
        )
    return int(text)
