"""Simulated trials agree with rpact's getSimulationSurvival within 4 combined Monte-Carlo standard errors.

Program and output: validation/r/trial_simulation_bank.R, validation/output/trial_simulation_bank.jsonl: 100,000 trials
a case. rpact's patients arrive at their expected times, so `arrivals="planned"`; it gives arms by turns where permuted
blocks of the smallest size do so at random, which changes no expectation here beyond the stated error.
"""

import math
import sys
from pathlib import Path

import pytest

from equipoise.design import Accrual, Dropout, Hazard
from equipoise.simulation.operating import simulate
from equipoise.simulation.trial_looks import LookBounds, TrialLook
from equipoise.simulation.trial_model import TrialModel

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import read_bank

BANK = read_bank("trial_simulation_bank")
ERRORS = 4.0
TRIALS = 100_000


def model_of(name: str) -> TrialModel:
    given = {key: values.tolist() for key, values in BANK[name]["given"].items()}
    n = int(given["n"][0])
    if math.isnan(given["duration"][0]):
        accrual = Accrual.piecewise(given["intensity"], given["breaks"], n=n)
    else:
        accrual = Accrual.uniform(n=n, duration=given["duration"][0])
    ratio = tuple(int(count) for count in given["allocation"])
    futility = [*given["futility"], None] if given["futility"] else ()
    return TrialModel.two_arms(
        accrual=accrual,
        arrivals="planned",
        control=Hazard(given["lambda2"], given["changes"]),
        effect=Hazard(given["lambda1"], given["changes"]),
        dropout={"experimental": Dropout(given["dropout"][0]), "control": Dropout(given["dropout"][1])},
        ratio=ratio,
        block_sizes=(sum(ratio),),
        looks=[TrialLook(events=int(events)) for events in given["events"]],
        bounds=LookBounds.given(BANK[name]["bounds"]["efficacy"].tolist(), futility),
    )


def misses(name: str, trials: int = TRIALS) -> dict[str, float]:
    """By quantity: the difference in combined standard errors."""
    found = simulate(model_of(name), trials=trials, seed=20260, medians=False, cox=False, course=0)
    theirs = BANK[name]["found"]
    many = float(theirs["iterations"][0])
    ours: dict[str, tuple[float, float, float, float]] = {}
    for look, share in enumerate(theirs["reject"].tolist()):
        own = float(found.probabilities[0, look])
        ours[f"reject at look {look + 1}"] = (own, _spread(own), share, _spread(share))
    for look, share in enumerate(theirs.get("futility", [])):
        own = float(found.probabilities[1, look])
        ours[f"futility at look {look + 1}"] = (own, _spread(own), float(share), _spread(float(share)))
    for quantity, estimate in {
        "first_z": found.at_look("z experimental", 1),
        "first_time": found.at_look("time", 1),
        "first_enrolled": found.at_look("enrolled", 1),
        "stop_time": found.at_stop("time"),
        "stop_events": found.at_stop("events"),
    }.items():
        ours[quantity] = (estimate.mean, estimate.std_dev, *theirs[quantity].tolist())
    return {
        quantity: abs(own - other) / max(math.sqrt(spread**2 / trials + spread_other**2 / many), 1e-4)
        for quantity, (own, spread, other, spread_other) in ours.items()
    }


def _spread(share: float) -> float:
    return math.sqrt(share * (1.0 - share))


def test_the_bank_holds_what_it_should():
    assert len(BANK) == 14
    assert all(case["found"]["iterations"][0] >= 10_000 for case in BANK.values())
    assert [model_of(name).n for name in BANK] == [int(case["found"]["n"][0]) for case in BANK.values()]


@pytest.mark.parametrize("name", sorted(BANK))
def test_simulation(name):
    found = misses(name)
    assert max(found.values()) <= ERRORS, found
