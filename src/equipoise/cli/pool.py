"""`equipoise pool`: trials pooled, and what they say of a next one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from equipoise.cli.console import Force, Json, print_json
from equipoise.errors import ArgumentError


def pool(
    trials: Annotated[
        list[str],
        typer.Argument(
            metavar="TRIALS...", show_default=False,
            help="A table (.csv, .parquet) or pool file (.yaml, .json), a shipped pool (after-cdk46), or several "
            "published-result files or examples (palmira pace ...).",
        ),
    ],
    *,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="Result to take, by the beginning of its name.", show_default=False)
    ] = None,
    method: Annotated[
        str, typer.Option("--method", help="fixed, dersimonian-laird, reml, paule-mandel.")
    ] = "reml",
    interval: Annotated[
        str, typer.Option("--interval", help="normal, hartung-knapp, hartung-knapp-adhoc.")
    ] = "normal",
    prediction: Annotated[
        str, typer.Option("--prediction", help="Degrees of freedom of the prediction interval: k-2, k-1, normal.")
    ] = "k-2",
    level: Annotated[float, typer.Option("--level", help="Of the intervals.")] = 0.95,
    reference: Annotated[
        str | None, typer.Option("--reference", help="Of patient-level data: the control arm.", show_default=False)
    ] = None,
    tau: Annotated[
        float | None,
        typer.Option("--tau", help="Of patient-level data: the end of the window of restricted means.",
                     show_default="the last time that all arms have"),
    ] = None,
    assure: Annotated[
        str | None,
        typer.Option("--assure", help="Next trial: a trial file, or a number of events.", show_default=False),
    ] = None,
    target: Annotated[
        float | None, typer.Option("--target", help="Assurance to find the events for.", show_default=False)
    ] = None,
    basis: Annotated[
        str, typer.Option("--basis", help="The next trial's effect: new-trial (one more of them) or common.")
    ] = "new-trial",
    alpha: Annotated[
        float | None, typer.Option("--alpha", help="Of the next trial, without a trial file.", show_default="0.05")
    ] = None,
    sides: Annotated[int | None, typer.Option("--sides", help="Of its test.", show_default="2")] = None,
    ratio: Annotated[str | None, typer.Option("--ratio", help="Experimental to control.", show_default="1:1")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the forest plot, .svg or .png.", show_default="not drawn")
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Pool trials: one effect, how far they differ, each left out; with --assure what a next trial may hope for."""
    from equipoise.workflow.pooling import pool_trials, write_forest

    if assure is None and target is None:
        _expect_next_trial({"--alpha": alpha, "--sides": sides, "--ratio": ratio, "--basis": basis})
    choices: dict[str, Any] = {"method": method, "interval": interval, "prediction": prediction, "level": level}
    found, title = pool_trials(
        trials[0] if len(trials) == 1 else trials, endpoint=endpoint, reference=reference, tau=tau, **choices
    )
    rows = found.to_rows()
    if assure is not None or target is not None:
        rules = {"alpha": alpha, "sides": sides, "ratio": None if ratio is None else _to_ratio(ratio)}
        rows += _assured(found, assure, target, rules, {"basis": basis, "level": level}).to_rows()
    if out is not None:
        write_forest(found, out, force=force, inputs=trials)
    if json:
        from equipoise.frames.results import ResultTable

        print_json("pool", {"title": title, **ResultTable(rows).to_dict()} | ({"file": str(out)} if out else {}))
        return
    from equipoise.reporting.terminal_pooled import print_pool

    print_pool(title, rows)
    if out is not None:
        typer.echo(f"\nwrote {out}")


def _expect_next_trial(said: dict[str, Any]) -> None:
    """Options of a next trial are refused where none is asked about."""
    given = [option for option, value in said.items() if value not in (None, "new-trial")]
    if given:
        raise ArgumentError(
            "argument-invalid", f"{', '.join(given)} without a next trial", where=given[0],
            hint="say the next trial with --assure, or an assurance with --target; or leave it out",
        )  # fmt: skip


def _assured(
    found: Any, assure: str | None, target: float | None, rules: dict[str, Any], shared: dict[str, Any]
) -> Any:
    """The next trial: of a number of events, of a trial file, or with the events for a target."""
    from equipoise.workflow.pooling import assure as assured

    number = assure is not None and assure.removeprefix("-").replace(".", "", 1).isdigit()
    events = float(str(assure)) if number else None
    if assure is None or events is not None:
        usual = {"alpha": 0.05, "sides": 2, "ratio": 1.0}
        rules = {name: usual[name] if value is None else value for name, value in rules.items()}
        return assured(found, events=events, target=target, **shared, **rules)
    given = [f"--{name}" for name, value in rules.items() if value is not None]
    if given:
        raise ArgumentError(
            "argument-invalid", f"{', '.join(given)} beside a trial file", where=given[0],
            reason=f"{assure} says them already", hint="leave them out",
        )  # fmt: skip
    return assured(found, assure, target=target, **shared)


def _to_ratio(text: str) -> tuple[float, float]:
    parts = text.split(":")
    if len(parts) != 2 or not all(part.strip().isdigit() and int(part) > 0 for part in parts):
        raise ArgumentError(
            "argument-invalid", f"--ratio {text!r} is no allocation ratio", where="--ratio",
            hint="experimental to control, as in 2:1",
        )  # fmt: skip
    return float(parts[0]), float(parts[1])
