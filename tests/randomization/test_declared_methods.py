"""Every method that a trial file can declare: read, refused where wrong, built, told in the synopsis, synthesized."""

from fractions import Fraction

import pytest

import equipoise
from equipoise.errors import ArgumentError, TrialFileError
from equipoise.protocol import Trial, builtin_text, parse_trial
from equipoise.protocol.synopsis import synopsis
from equipoise.randomization import (
    BiasedCoin,
    BigStick,
    BlockUrn,
    Complete,
    MaximalProcedure,
    Method,
    Minimization,
    PermutedBlocks,
    method_of,
)

EQUAL = ("    ratio: 2\n", "    ratio: 1\n")
WRITTEN: dict[str, tuple[str, bool, type[Method]]] = {
    "complete": ("method: complete", False, Complete),
    "permuted-blocks": ("method: permuted-blocks\n  block_sizes: [3, 6]", False, PermutedBlocks),
    "big-stick": ("method: big-stick\n  maximum_imbalance: 3", True, BigStick),
    "biased-coin": ("method: biased-coin\n  probability: 0.75", True, BiasedCoin),
    "block-urn": ("method: block-urn\n  urn_lambda: 2", False, BlockUrn),
    "maximal-procedure": (
        "method: maximal-procedure\n  maximum_imbalance: 3\n  sequence_length: 400",
        True,
        MaximalProcedure,
    ),
    "minimization": ("method: minimization\n  probability: 0.8", False, Minimization),
    "hu-hu": (
        "method: minimization\n  probability: {value: 0.85, assumption: not published}\n  imbalance: variance\n"
        "  construction: ratio-preserving\n  weights: {prior_et: 0.25, visceral: 0.25}\n  overall_weight: 0.2\n"
        "  stratum_weight: 0.3",
        False,
        Minimization,
    ),
}


def _trial(text: str) -> Trial:
    return parse_trial(text).trial


def _text(written: str, equal: bool = False) -> str:
    text = builtin_text("palmira")
    start = text.index("  method: permuted-blocks")
    stop = text.index("  strata: [prior_et, visceral]")
    text = f"{text[:start]}  {written}\n{text[stop:]}"
    return text.replace(*EQUAL) if equal else text


@pytest.mark.parametrize("name", WRITTEN)
def test_a_declared_method_is_built(name: str):
    written, equal, kind = WRITTEN[name]
    method = method_of(_trial(_text(written, equal)))
    assert type(method) is kind
    assert tuple(method.scheme.factors) == ("prior_et", "visceral")


def test_declared_numbers_are_exact():
    method = method_of(_trial(_text(WRITTEN["hu-hu"][0])))
    assert isinstance(method, Minimization)
    assert method.probability == Fraction(17, 20)
    assert method.weights == {"prior_et": Fraction(1, 4), "visceral": Fraction(1, 4)}
    assert (method.overall_weight, method.stratum_weight) == (Fraction(1, 5), Fraction(3, 10))


@pytest.mark.parametrize("name", WRITTEN)
def test_a_trial_is_synthesized_with_each_method(name: str):
    written, equal, _ = WRITTEN[name]
    trial = _trial(_text(written, equal))
    dm = equipoise.synthesize(trial, seed=5).sdtm["dm"]
    randomized = dm.filter(dm["ARMCD"].is_in(["PALBO_ET", "ET"]))["ARMCD"].to_list()
    assert len(randomized) == 198
    share = 1 / 2 if equal else 2 / 3
    # 4.5 standard errors of complete randomization, which the others never exceed.
    assert abs(randomized.count("PALBO_ET") / 198 - share) < 4.5 * (share * (1 - share) / 198) ** 0.5


def test_the_synopsis_tells_the_settings():
    told = dict(synopsis(_trial(_text(WRITTEN["hu-hu"][0]))))["Randomization"]
    assert told == (
        "2:1, minimization, probability 0.85 (assumption), by variance, ratio-preserving, overall weight 0.2, "
        "stratum weight 0.3, balancing previous endocrine therapy and visceral involvement"
    )
    assert (
        ", block urn, lambda 2, within 4 strata by "
        in dict(synopsis(_trial(_text(WRITTEN["block-urn"][0]))))["Randomization"]
    )


@pytest.mark.parametrize(
    ("written", "equal", "message", "hint"),
    [
        ("method: big-stick", True, "big-stick needs maximum_imbalance", "e.g. maximum_imbalance: 3"),
        ("method: biased-coin", True, "biased-coin needs probability", "e.g. probability: 0.667"),
        ("method: block-urn", False, "block-urn needs urn_lambda", "e.g. urn_lambda: 2"),
        ("method: minimization", False, "minimization needs probability", "e.g. probability: 0.8"),
        ("method: permuted-blocks", False, "permuted blocks need block_sizes", "e.g. block_sizes: [6]"),
        (
            "method: maximal-procedure\n  maximum_imbalance: 2",
            True,
            "maximal-procedure needs sequence_length",
            "e.g. sequence_length: 60",
        ),
        (
            "method: maximal-procedure\n  maximum_imbalance: 2\n  sequence_length: 61",
            True,
            "sequence_length 61 is odd; sequences end balanced",
            "use 62",
        ),
        (
            "method: complete\n  probability: 0.8",
            False,
            "complete does not read 'probability'",
            "it belongs to biased-coin or minimization",
        ),
        (
            "method: block-urn\n  urn_lambda: 2\n  weights: {visceral: 2}",
            False,
            "block-urn does not read 'weights'",
            "it belongs to minimization",
        ),
        (
            "method: big-stick\n  maximum_imbalance: 2",
            False,
            "big-stick is defined for two arms 1:1, this trial has 2:1",
            "permuted-blocks, block-urn and minimization allocate in any ratio",
        ),
        (
            "method: minimization\n  probability: 0.33",
            False,
            "probability 0.33 does not prefer anyone",
            "above 1/3 and at most 1",
        ),
        (
            "method: minimization\n  probability: 0.6\n  construction: naive",
            False,
            "probability 0.6 does not prefer anyone",
            "above 2/3 and at most 1",
        ),
        (
            "method: biased-coin\n  probability: 0.5",
            True,
            "probability 0.5 does not prefer anyone",
            "above 1/2 and at most 1",
        ),
        (
            "method: minimization\n  probability: 0.8\n  weights: {visceral: 0, prior_et: 0}",
            False,
            "the weights of minimization sum to zero",
            "give a stratum, overall_weight or stratum_weight a weight above 0",
        ),
        (
            "method: minimization\n  probability: 0.8\n  weights: {viscera: 1}",
            False,
            "'viscera' is not a declared stratum",
            "did you mean 'visceral'? permitted: prior_et, visceral",
        ),
    ],
)
def test_faults_of_the_section(written: str, equal: bool, message: str, hint: str):
    with pytest.raises(TrialFileError, match=r"has 1 problem\n") as caught:
        _trial(_text(written, equal))
    (problem,) = caught.value.problems
    assert (problem.message, problem.hint) == (message, hint)
    assert problem.where is not None


def test_a_planned_re_randomization_test_needs_a_method_that_it_can_repeat():
    written = WRITTEN["minimization"][0]
    text = _text(written)
    start = text.index("    test:")
    rest = text[text.index("\n", start) :]
    planned = f"{text[:start]}    test: {{method: rerandomization, seed: 1, sides: 2, alpha: 0.05}}{rest}"
    with pytest.raises(TrialFileError, match="a planned re-randomization test cannot draw minimization again"):
        _trial(planned)
    assert _trial(planned.replace(written, WRITTEN["permuted-blocks"][0])).randomization is not None


def test_a_trial_made_in_code_lacks_a_key():
    trial = _trial(_text(WRITTEN["block-urn"][0]))
    assert trial.randomization is not None
    bare = trial.randomization.model_copy(update={"urn_lambda": None})
    with pytest.raises(ArgumentError, match="declares block urn without urn_lambda"):
        method_of(trial.model_copy(update={"randomization": bare}))
