"""Simulated decisions of tiny trials against their exact probabilities, enumerated in fractions.

The program is validation/enumerated_trials.py; it imports nothing of equipoise.
"""

import math
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from equipoise.design import Accrual, Dropout, Hazard
from equipoise.randomization import Complete, PermutedBlocks, Scheme
from equipoise.simulation.operating import simulate
from equipoise.simulation.tallies import OUTCOMES
from equipoise.simulation.trial_looks import LookBounds, TrialLook
from equipoise.simulation.trial_model import TrialModel

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from enumerated_trials import Bounds, TinyTrial, decision, decisions, trials

EXACT = {name: decisions(trial) for name, trial in trials().items()}
TRIALS = 100_000
ARMS = ("C", "A", "B")


def model_of(tiny: TinyTrial) -> TrialModel:
    """The same trial for the engines: everyone enters at tick 0."""
    arms = ARMS[: len(tiny.ratio)]
    many = len(tiny.shares) > 1
    scheme = Scheme(dict(zip(arms, tiny.ratio, strict=True)), {"s": tuple("abcd"[: len(tiny.shares)])} if many else {})
    sizes = tuple(sum(block) for block in tiny.blocks or ())
    strata = scheme.all_strata()
    return TrialModel(
        accrual=Accrual.uniform(n=tiny.patients, duration=1e-8), arrivals="planned", control="C",
        randomization=PermutedBlocks(scheme, sizes) if sizes else Complete(scheme),
        prevalences={s: float(share) for s, share in zip(strata, tiny.shares, strict=True)} if many else {},
        events={a: {s: Hazard(float(tiny.hazard[i][k])) for i, s in enumerate(strata)} for k, a in enumerate(arms)},
        dropout={a: Dropout(float(tiny.loss[0][k])) for k, a in enumerate(arms)},
        looks=tuple(TrialLook(events=look.events) for look in tiny.looks),
        bounds=LookBounds.given(*([None if b is None else float(b) for b in side] for side in zip(
            *((look.efficacy, look.futility, look.harm) for look in tiny.looks), strict=True))),
        stratified=tiny.stratified,
    )  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_the_decisions_have_their_probabilities(name):
    tiny, exact = trials()[name], EXACT[name]
    assert sum(exact.values()) == 1
    found = simulate(model_of(tiny), trials=TRIALS, seed=31, course=0)
    for look in range(1, len(tiny.looks) + 1):
        for place, outcome in enumerate(OUTCOMES):
            share = float(exact.get((look, outcome), 0))
            error = math.sqrt(share * (1.0 - share) / TRIALS)
            assert abs(found.probabilities[place, look - 1] - share) <= 4.0 * error, (look, outcome)
    rejected = float(sum(chance for (_, outcome), chance in exact.items() if outcome == "efficacy"))
    assert abs(found.rejection_rate - rejected) <= 4.0 * math.sqrt(rejected * (1.0 - rejected) / TRIALS)


def test_four_patients_by_hand():
    """Two an arm, hazards 1 and 1, one look at the first event: U is -1/2 or 1/2 with V = 1/4, so Z is 1 or -1."""
    one = Fraction(1)
    tiny = TinyTrial(4, (one,), ((2, 2),), (1, 1), ((one, one),), ((0 * one, 0 * one),), (Bounds(1, one, None, -one),))
    assert decisions(tiny) == {(1, "efficacy"): Fraction(1, 2), (1, "harm"): Fraction(1, 2)}
    # With half the hazard in arm 1 the first event is of control in 2 of 3 trials.
    slower = TinyTrial(4, (one,), ((2, 2),), (1, 1), ((one, one / 2),), ((0 * one, 0 * one),), tiny.looks)
    assert decisions(slower)[1, "efficacy"] == Fraction(2, 3)
    # At Z = 1 exactly the bound is crossed; just above it is not.
    assert decision(Bounds(1, one), [(Fraction(-1, 2), Fraction(1, 4))], final=True) == "efficacy"
    assert decision(Bounds(1, Fraction(101, 100)), [(Fraction(-1, 2), Fraction(1, 4))], final=True) is None
