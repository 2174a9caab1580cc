"""The allocation method that a trial file declares."""

from __future__ import annotations

from equipoise.errors import ArgumentError
from equipoise.protocol import Trial
from equipoise.randomization.complete import Complete
from equipoise.randomization.permuted_blocks import PermutedBlocks
from equipoise.randomization.scheme import Method, Scheme


def method_of(trial: Trial) -> Method:
    """The allocation method that a trial file declares.

    Returns `PermutedBlocks` or `Complete`. Raises ArgumentError `argument-invalid` where the file declares no
    randomization, permuted blocks without sizes, or a stratification factor without levels.
    """
    plan = trial.randomization
    if plan is None:
        raise ArgumentError(
            "argument-invalid",
            f"trial {trial.id} declares no randomization",
            hint="add a `randomization` part to the trial file",
        )
    factors = {name: tuple(trial.variables[name].levels) for name in plan.strata}
    scheme = Scheme({arm.id: arm.ratio for arm in trial.arms}, factors)
    if plan.method == "complete":
        return Complete(scheme)
    if plan.block_sizes is None:
        raise ArgumentError(
            "argument-invalid",
            f"trial {trial.id} declares permuted blocks without block_sizes",
            reason="the block sizes decide the probabilities of every assignment",
            hint="add `block_sizes: [...]` to the randomization part of the trial file",
        )
    return PermutedBlocks(scheme, plan.block_sizes.value)
