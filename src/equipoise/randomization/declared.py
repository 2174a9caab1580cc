"""The allocation method that a trial file declares."""

from __future__ import annotations

from typing import Any

from equipoise.errors import ArgumentError
from equipoise.protocol import Trial
from equipoise.protocol.conduct import Randomization
from equipoise.randomization.biased_coin import BiasedCoin
from equipoise.randomization.big_stick import BigStick
from equipoise.randomization.block_urn import BlockUrn
from equipoise.randomization.complete import Complete
from equipoise.randomization.maximal_procedure import MaximalProcedure
from equipoise.randomization.minimization import Minimization
from equipoise.randomization.permuted_blocks import PermutedBlocks
from equipoise.randomization.scheme import Method, Scheme

_OPTIONS = ("imbalance", "construction", "weights", "overall_weight", "stratum_weight")


def method_of(trial: Trial) -> Method:
    """The allocation method that a trial file declares.

    Returns the method on the trial's arms and strata. Raises ArgumentError `argument-invalid` where the file declares
    no randomization, a method without a key that it needs, a stratification factor without levels, or a value that the
    method refuses.
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

    def needed(key: str) -> Any:
        return _needed(trial, plan, key)

    match plan.method:
        case "complete":
            return Complete(scheme)
        case "permuted-blocks":
            return PermutedBlocks(scheme, needed("block_sizes"))
        case "big-stick":
            return BigStick(scheme, needed("maximum_imbalance"))
        case "biased-coin":
            return BiasedCoin(scheme, needed("probability"))
        case "block-urn":
            return BlockUrn(scheme, needed("urn_lambda"))
        case "maximal-procedure":
            return MaximalProcedure(scheme, needed("maximum_imbalance"), needed("sequence_length"))
        case "minimization":
            given = {key: getattr(plan, key).value for key in _OPTIONS if getattr(plan, key) is not None}
            return Minimization(scheme, needed("probability"), **given)


def _needed(trial: Trial, plan: Randomization, key: str) -> Any:
    stated = getattr(plan, key)
    if stated is None:
        raise ArgumentError(
            "argument-invalid",
            f"trial {trial.id} declares {plan.method.replace('-', ' ')} without {key}",
            reason=f"{key} decides the probabilities of the assignments",
            hint=f"add `{key}` to the randomization part of the trial file",
        )
    return stated.value
