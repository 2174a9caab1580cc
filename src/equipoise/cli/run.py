"""`equipoise run`: derive, analyze and report given SDTM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from equipoise.cli.console import (
    Force,
    Json,
    Map,
    Out,
    Sdtm,
    Trial,
    parse_map,
    print_decisions,
    print_json,
    print_lines,
    print_pairs,
    progress,
)

if TYPE_CHECKING:
    from equipoise.workflow.journeys import Run


def run(
    trial: Trial,
    *,
    sdtm: Sdtm,
    map: Map = None,  # noqa: A002 - the option is called --map
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Derive, analyze and report collected data into one run folder, with provenance."""
    from equipoise.workflow.journeys import run_trial

    with progress() as notify:
        finished = run_trial(trial, sdtm=sdtm, out=out, force=force, mapping=parse_map(map), notify=notify)
    if json:
        print_json("run", finished.to_dict())
        return
    print_run(finished)


def print_run(finished: Run) -> None:
    """The summary of a finished run: the result, where it is, what to do next."""
    from equipoise.reporting import print_summary

    print_summary(finished.trial, finished.results, finished.provenance)
    if finished.simulated:
        print_lines([""])
        print_pairs([("Design simulated", finished.simulated)])
    print_decisions(finished.decisions, str(finished.folder / "decisions.csv"))
    kept = f"{len(finished.results):,} result rows, {len(finished.adam)} analysis data sets and the report"
    print_lines(["", f"{kept} are in {finished.folder}", f"next: open {finished.report}"])
