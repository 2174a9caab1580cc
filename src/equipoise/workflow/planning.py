"""What needs the trial file alone: the trial itself, and its design. Loads no table library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise.errors import ArgumentError, permitted
from equipoise.protocol import Trial, TrialFile, read_trial_file

if TYPE_CHECKING:
    from equipoise.design.trial_design import TrialDesign
    from equipoise.frames.results import ResultRow

TrialLike = str | Path | Trial


def trial_file(trial: TrialLike) -> TrialFile:
    """The trial with its file's text; a Trial built in memory stands for its own JSON."""
    if isinstance(trial, Trial):
        return TrialFile(trial, trial.id, trial.model_dump_json(exclude_none=True))
    return read_trial_file(trial)


def with_cutoff(
    overrides: Mapping[str, Any] | None, source: TrialFile | None, cutoff: str | None
) -> Mapping[str, Any] | None:
    """The overrides of a derivation with its data cutoff: an ISO date, or the id of a look that states its own.

    Raises ArgumentError `argument-invalid` for a look without a cutoff, or a word that is neither date nor look.
    """
    if cutoff is None:
        return overrides
    analyses = source.trial.analyses if source else ()
    looks = {look.id: look.cutoff for analysis in analyses for look in analysis.looks}
    if cutoff in looks:
        day = looks[cutoff]
        if day is None:
            raise ArgumentError(
                "argument-invalid",
                f"the look {cutoff!r} states no cutoff",
                where="cutoff",
                hint="write `cutoff: 2022-10-31` in the look, or give the day itself",
            )
        cutoff = day.isoformat()
    elif not cutoff[:1].isdigit():
        raise ArgumentError(
            "argument-invalid",
            f"the cutoff {cutoff!r} is neither a date nor a look of the trial file",
            where="cutoff",
            hint="write a day such as 2022-10-31" + (f", or a look: {permitted(cutoff, looks)}" if looks else ""),
        )
    return {**(overrides or {}), "cutoff_date": cutoff}


def plan_trial(trial: TrialLike, *, scenario: str | None = None, arm: str | None = None) -> TrialDesign:
    """The design that the trial file's assumptions describe."""
    from equipoise.design.plan import plan_design

    source = None if isinstance(trial, Trial) else str(trial)
    return plan_design(trial_file(trial).trial, scenario=scenario, arm=arm, source=source)


def with_design(trial: Trial, rows: Iterable[ResultRow]) -> list[ResultRow]:
    """The rows of a trial's results with those of its design before them: what its report shows.

    No rows of a design where the file has no scenario for it, or no primary test of survival.
    """
    return [*_design_rows(trial), *rows]


def _design_rows(trial: Trial) -> list[ResultRow]:
    from equipoise.design.plan import plan_design

    primary = trial.primary
    planned = any("design" in scenario.default_for for scenario in trial.scenarios)
    if not planned or primary is None or primary.test is None:
        return []
    return plan_design(trial).to_rows() if trial.endpoint(primary.endpoint).kind == "time-to-event" else []
