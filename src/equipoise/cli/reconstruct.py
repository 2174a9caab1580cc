"""`equipoise reconstruct`: patient-level data from a published curve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from equipoise.cli.console import Force, Json, parse_pair, print_json, print_lines
from equipoise.errors import ArgumentError

if TYPE_CHECKING:
    from equipoise.evidence import Reconstruction

UNMET = 1


def reconstruct(
    curve: Annotated[
        list[Path],
        typer.Argument(
            metavar="CURVE...", show_default=False,
            help="Clicked points (CSV: time, survival, arm), a file for each arm, or a figure (SVG, PDF).",
        ),
    ],
    *,
    at_risk: Annotated[
        Path | None,
        typer.Option("--at-risk", help="Numbers at risk: CSV with time and a column for each arm, or time, arm, n.",
                     show_default=False),
    ] = None,
    n: Annotated[
        list[str] | None,
        typer.Option("--n", help="Patients: 136, or experimental=136 and control=62.", show_default=False),
    ] = None,
    events: Annotated[
        list[str] | None,
        typer.Option("--events", help="Events: the total, or experimental=110 and control=50.", show_default=False),
    ] = None,
    published: Annotated[
        str | None,
        typer.Option("--published", help="Published-result file, or an example: palmira.", show_default=False),
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="The published result of the curve.", show_default=False)
    ] = None,
    arm: Annotated[
        list[str] | None,
        typer.Option("--arm", help="Whose a curve is: experimental=NAME, control=#c2500a, or by number.",
                     show_default="by name, else in order"),
    ] = None,
    unit: Annotated[str, typer.Option("--unit", help="Unit of all times: days, weeks, months, years.")] = "months",
    scale: Annotated[str, typer.Option("--scale", help="Heights of points: auto, share, percent.")] = "auto",
    error: Annotated[
        float | None,
        typer.Option("--error", help="Digitization error of a clicked height, share of 1.", show_default="0.004"),
    ] = None,
    x_axis: Annotated[
        str | None,
        typer.Option("--x-axis", help="Of a figure: times at the first and last tick, 0,24.", show_default="labels"),
    ] = None,
    y_axis: Annotated[
        str | None,
        typer.Option("--y-axis", help="Of a figure: heights at the first and last tick, 0,1.", show_default="labels"),
    ] = None,
    page: Annotated[int, typer.Option("--page", min=1, help="Page of a PDF.")] = 1,
    method: Annotated[str, typer.Option("--method", help="constrained, or guyot.")] = "constrained",
    ensemble: Annotated[int, typer.Option("--ensemble", min=0, help="How many further reconstructions.")] = 0,
    tau: Annotated[
        float | None,
        typer.Option("--tau", help="Horizon of the restricted mean.", show_default="end of the shorter curve"),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed, 0 to 2**48 - 1.")] = 1,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write.", show_default="runs/reconstruction-001, ...")
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Rebuild patients from a published curve; exit status 1 where a printed number is not met."""
    from equipoise.workflow.reconstructing import reconstruct_files, write_reconstruction

    reading = {"scale": scale, "error": error, "x_axis": _ends(x_axis, "--x-axis"), "y_axis": _ends(y_axis, "--y-axis"),
               "page": page}  # fmt: skip
    found, said = reconstruct_files(
        curve, at_risk=at_risk, n=_counts(n, "--n"), events=_counts(events, "--events"), published=published,
        endpoint=endpoint, arms=dict(parse_pair(each, "--arm") for each in arm) if arm else None, unit=unit,
        reading=reading, method=method, ensemble=ensemble, tau=tau, seed=seed,
    )  # fmt: skip
    inputs = [*curve, *([at_risk] if at_risk else []), *([Path(published)] if published else [])]
    folder = write_reconstruction(found, said, out=out, force=force, inputs=inputs)
    if json:
        print_json("reconstruct", {"folder": str(folder), "read": [*said, *found.notes], **found.to_dict()})
    else:
        _show(found, said, folder)
    if not all(each.met for each in found.met):
        raise typer.Exit(UNMET)


def _ends(text: str | None, option: str) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as problem:
        raise ArgumentError("argument-invalid", f"{option} {text!r} holds no two numbers", where=option,
                            hint="write the values at the first and the last tick: 0,24") from problem  # fmt: skip


def _counts(given: list[str] | None, option: str) -> int | dict[str, int] | None:
    if not given:
        return None
    try:
        if len(given) == 1 and "=" not in given[0]:
            return int(given[0])
        pairs = (parse_pair(part, option) for each in given for part in each.split(","))
        return {name: int(value) for name, value in pairs}
    except ValueError as problem:
        raise ArgumentError(
            "argument-invalid", f"{option} {', '.join(given)} holds no whole number", where=option,
            hint=f"{option} 198, or {option} experimental=136 {option} control=62",
        ) from problem  # fmt: skip


def _show(found: Reconstruction, said: tuple[str, ...], folder: Path) -> None:
    from equipoise.reporting.terminal_reconstruction import print_reconstruction

    print_reconstruction(found.to_rows(), [*said, *found.notes])
    print_lines([f"patients, results and picture are in {folder}"])
