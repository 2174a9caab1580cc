"""What needs the trial file alone: the trial itself, and its design. Loads no table library."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

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
