"""Faults of the randomization: a key its method does not read, one it lacks, values that the ratio does not allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from equipoise.protocol.conduct import Allocation
from equipoise.protocol.faults import Fault
from equipoise.protocol.tree import Path, Tree, entries, listed, mapping, stated, unknown

_PLACE: Path = ("randomization",)
# What each method reads, and an example of each key that it cannot do without.
_NEEDED = {
    "permuted-blocks": {"block_sizes": ""},
    "big-stick": {"maximum_imbalance": "maximum_imbalance: 3"},
    "biased-coin": {"probability": "probability: 0.667"},
    "block-urn": {"urn_lambda": "urn_lambda: 2"},
    "maximal-procedure": {"maximum_imbalance": "maximum_imbalance: 3", "sequence_length": "sequence_length: 60"},
    "minimization": {"probability": "probability: 0.8"},
}
_OPTIONAL = {"minimization": ("imbalance", "construction", "weights", "overall_weight", "stratum_weight")}
_TWO_EQUAL_ARMS = ("big-stick", "biased-coin", "maximal-procedure")
_REPEATED = ("permuted-blocks", "complete")


def check_randomization(tree: Tree) -> Iterator[Fault]:
    """Faults of the section randomization, with its strata, the ratio of the arms and the tests that repeat it."""
    plan = mapping(tree, "randomization")
    ratios = [entry.get("ratio") for _, entry in entries(tree, "arms")]
    allotted = [ratio for ratio in ratios if isinstance(ratio, int) and ratio > 0]
    whole = allotted if len(allotted) == len(ratios) else []
    yield from _strata(plan, tree)
    yield from _keys(plan, sum(whole))
    yield from _block_sizes(plan, whole)
    yield from _ratio(plan, whole)
    yield from _weights(plan)
    yield from _tests(plan, tree)


def _strata(plan: Tree, tree: Tree) -> Iterator[Fault]:
    variables = mapping(tree, "variables")
    for place, name in enumerate(listed(plan.get("strata"))):
        path: Path = (*_PLACE, "strata", place)
        yield from unknown(path, "variable", name, variables)
        if mapping(variables, str(name)).get("type") == "number":
            yield Fault(path, f"stratum {name!r} is a number", hint="strata need variables of type category")


def _keys(plan: Tree, total: int) -> Iterator[Fault]:
    method = plan.get("method")
    if method not in get_args(Allocation):
        return
    needed = _NEEDED.get(str(method), {})
    for key, example in needed.items():
        if stated(plan.get(key)) is None:
            words = "permuted blocks need block_sizes" if key == "block_sizes" else f"{method} needs {key}"
            hint = f"block_sizes: [{2 * total}]" if key == "block_sizes" and total else example
            yield Fault(_PLACE, words, hint=f"e.g. {hint}" if hint else None, on_key=True)
    reads = {name: (*_NEEDED.get(name, {}), *_OPTIONAL.get(name, ())) for name in get_args(Allocation)}
    for key in dict.fromkeys(key for keys in reads.values() for key in keys):
        if plan.get(key) is not None and key not in reads[str(method)]:
            hint = f"it belongs to {' or '.join(name for name, keys in reads.items() if key in keys)}"
            yield Fault((*_PLACE, key), f"{method} does not read {key!r}", hint=hint, on_key=True)


def _block_sizes(plan: Tree, ratios: list[int]) -> Iterator[Fault]:
    total = sum(ratios)
    for place, size in enumerate(listed(stated(plan.get("block_sizes")))):
        if isinstance(size, int) and total > 0 and size % total:
            yield Fault(
                (*_PLACE, "block_sizes", "value", place),
                f"block size {size} is not a multiple of {total}",
                reason=f"the ratio {':'.join(map(str, ratios))} fills blocks of {total}, {2 * total}, {3 * total}, ...",
                hint=f"use {total * max(1, (2 * size + total) // (2 * total))}",
            )


def _ratio(plan: Tree, ratios: list[int]) -> Iterator[Fault]:
    """Values that the ratio of the arms does not allow."""
    method, total = plan.get("method"), sum(ratios)
    if not total:
        return
    if method in _TWO_EQUAL_ARMS and ratios != [1, 1]:
        yield Fault(
            (*_PLACE, "method"),
            f"{method} is defined for two arms 1:1, this trial has {':'.join(map(str, ratios))}",
            reason="its probabilities follow the difference of two arms",
            hint="permuted-blocks, block-urn and minimization allocate in any ratio",
        )
    length = stated(plan.get("sequence_length"))
    if isinstance(length, int) and length % 2:
        hint = f"use {length + 1}"
        yield Fault((*_PLACE, "sequence_length"), f"sequence_length {length} is odd; sequences end balanced", hint=hint)
    yield from _probability(plan, str(method), ratios)


def _probability(plan: Tree, method: str, ratios: list[int]) -> Iterator[Fault]:
    probability = stated(plan.get("probability"))
    construction = stated(plan.get("construction")) or "ratio-preserving"
    preferred = {"ratio-preserving": 1, "han2009": min(ratios), "naive": max(ratios)}.get(str(construction))
    if method not in ("biased-coin", "minimization") or not isinstance(probability, int | float) or preferred is None:
        return
    if probability * sum(ratios) <= preferred:
        whose = {"ratio-preserving": "virtual arm", "han2009": "smallest arm", "naive": "largest arm"}[construction]
        yield Fault(
            (*_PLACE, "probability"),
            f"probability {probability:g} does not prefer anyone",
            reason=f"without preference the {whose if method == 'minimization' else 'arm'} has the share "
            f"{preferred}/{sum(ratios)}",
            hint=f"above {preferred}/{sum(ratios)} and at most 1",
        )


def _weights(plan: Tree) -> Iterator[Fault]:
    strata = [name for name in listed(plan.get("strata")) if isinstance(name, str)]
    weights: Any = stated(plan.get("weights"))
    given = mapping({"weights": weights}, "weights")
    for name in given:
        for fault in unknown((*_PLACE, "weights", name), "stratum", name, strata, on_key=True):
            yield fault if strata else Fault(fault.path, fault.message, hint="the randomization has no strata")
    if plan.get("method") != "minimization":
        return
    overall = stated(plan.get("overall_weight"))
    counted = [given.get(name, 1) for name in strata]
    counted += [int(not strata) if overall is None else overall, stated(plan.get("stratum_weight")) or 0]
    if all(isinstance(weight, int | float) and weight == 0 for weight in counted):
        yield Fault(
            _PLACE,
            "the weights of minimization sum to zero",
            reason="no imbalance would count",
            hint="give a stratum, overall_weight or stratum_weight a weight above 0",
            on_key=True,
        )


def _tests(plan: Tree, tree: Tree) -> Iterator[Fault]:
    """A re-randomization test draws the labels again, which it can for some methods only."""
    method = plan.get("method")
    if method not in get_args(Allocation) or method in _REPEATED:
        return
    for path, entry in entries(tree, "analyses"):
        tests = [((*path, "test"), mapping(entry, "test"))]
        tests += [
            ((*path, "further_tests", place), mapping({"test": written}, "test"))
            for place, written in enumerate(listed(entry.get("further_tests")))
        ]
        for where, test in tests:
            if test.get("method") == "rerandomization":
                yield Fault(
                    (*where, "method"),
                    f"a planned re-randomization test cannot draw {method} again",
                    reason=f"it repeats {' and '.join(_REPEATED)}",
                    hint="call rerandomization_test with labels that were drawn again in the order of arrival",
                )
