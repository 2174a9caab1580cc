"""Randomization ahead of the patients: the allocation list of a trial, sealed, and the assessment of its method."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.errors import ArgumentError, OutputError
from equipoise.seeds import SEED_LIMIT
from equipoise.workflow.folders import new_file
from equipoise.workflow.planning import TrialLike, trial_file

if TYPE_CHECKING:
    from equipoise.randomization import AllocationList
    from equipoise.simulation.trial_procedures import TrialAssessment

_SUFFIXES = (".csv", ".json")


def list_allocations(trial: TrialLike, *, seed: int, n: int | None = None) -> AllocationList:
    """The allocations of every stratum by the trial's method: `n` in each, by default as many as the trial enrolls."""
    from equipoise.randomization import generate_list, method_of
    from equipoise.randomization.scheme import check_whole

    loaded = trial_file(trial).trial
    policy = loaded.randomization.seed_policy.value if loaded.randomization is not None else "sealed"
    size = loaded.trial.enrollment.value if n is None else n
    check_whole(size, 1, "n")
    return generate_list(method_of(loaded), size, seed=seed, seed_policy=policy, trial=loaded.id)


def assess_allocation(
    trial: TrialLike,
    *,
    n: int | None = None,
    scenario: str | None = None,
    split: Mapping[str, int] | None = None,
    replicates: int | None = None,
    seed: int = 1,
) -> TrialAssessment:
    """The declared method beside the alternatives that fit the trial's ratio."""
    from equipoise.simulation.procedures import REPLICATES
    from equipoise.simulation.trial_procedures import assess_trial

    return assess_trial(
        trial_file(trial).trial,
        n=n,
        scenario=scenario,
        split=split,
        replicates=REPLICATES if replicates is None else replicates,
        seed=seed,
    )


def write_list(
    trial: TrialLike,
    *,
    out: Path,
    seed: int | None = None,
    n: int | None = None,
    blocks: bool = False,
    force: bool = False,
) -> tuple[AllocationList, Path | None]:
    """The list as one CSV or JSON file; a seed that nobody gave is drawn, and sealed in a file of its own.

    Returns the list and the file of the seed, None where the seed was given or stands in the list. Both files can be
    read by their owner only: whoever has one of them knows every allocation to come.
    Raises ArgumentError `argument-invalid` for another suffix than .csv and .json, and what `generate_list` raises;
    OutputError `output-exists` where a file of either name is there, and, `force` or not, where a given seed is not
    that of the seed file beside the list.
    """
    if out.suffix.lower() not in _SUFFIXES:
        raise ArgumentError(
            "argument-invalid",
            f"a list is written as CSV or JSON, not as {out.suffix or 'a file without a suffix'}",
            where="--out",
            hint=f"name {out.with_suffix('.csv').name}",
        )
    drawn = secrets.randbelow(SEED_LIMIT) if seed is None else seed
    allocations = list_allocations(trial, seed=drawn, n=n)
    text = allocations.to_json(blocks=blocks) if out.suffix.lower() == ".json" else allocations.to_csv(blocks=blocks)
    beside = _seed_file(out)
    _check_seed_beside(beside, drawn, given=seed is not None or allocations.seed is not None)
    sealed = beside if seed is None and allocations.seed is None else None
    # The list waits, written but unnamed, until its seed has its place: neither is left without the other, and a list
    # that may not be written leaves the seed of the one that stands there alone.
    with new_file(out, force=force, inputs=(trial,), private=True) as partial:
        partial.write_text(text, encoding="utf-8", newline="")
        if sealed is not None:
            with new_file(sealed, force=force, inputs=(trial,), private=True) as seed_partial:
                seed_partial.write_text(f"{drawn}\n", encoding="ascii")
    return allocations, sealed


def _seed_file(out: Path) -> Path:
    return out.with_name(f"{out.name}.seed")


def _check_seed_beside(beside: Path, seed: int, *, given: bool) -> None:
    """Refuse to put a list of a stated seed beside the sealed seed of another: it would be taken for its own."""
    if not given or not beside.is_file():
        return
    if beside.read_bytes().strip() != str(seed).encode("ascii"):
        raise OutputError(
            "output-exists",
            f"{beside} holds the seed of another list",
            reason="beside the new list it would be taken for its seed, and would not draw it again",
            hint="name another file with --out, or move the seed away with its list",
        )
