"""Group-sequential designs against rpact (validation/r/design_sequential_bank.R)."""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.design import Boundary, Spending, group_sequential
from equipoise.kernels.plain import sequential

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

import bank

# rpact integrates by its own grid and searches to 1e-10 in probability: 1e-6 in Z is what is left, and 4e-10 over the
# normal density far out, where a bound of 4.3 moves by 3e-6 for 1e-10. `assert_close` allows 1e-8 of `scale`.
SCALE = 100.0


def scale_of(z):
    return np.maximum(SCALE, 0.04 * math.sqrt(2.0 * math.pi) * np.exp(0.5 * z * z))


CASES = [json.loads(line) for line in (bank.OUTPUT / "design_sequential_bank.jsonl").read_text().splitlines()]
SPENDING = {"asOF": "obrien-fleming", "asP": "pocock", "asHSD": "hwang-shih-decani", "asKD": "power"}
CLASSICAL = {"OF": "obrien-fleming", "P": "pocock", "WT": "wang-tsiatis", "HP": "haybittle-peto"}
BETA = {"bsOF": "obrien-fleming", "bsP": "pocock", "bsHSD": "hwang-shih-decani", "bsKD": "power"}


def named(asked):
    words = [asked["typeOfDesign"], f"{len(asked['informationRates'])} looks", f"alpha {asked['alpha']:g}"]
    words += [f"{asked['sided']}-sided"]
    words += [str(asked[k]) for k in ("gammaA", "deltaWT", "typeBetaSpending", "gammaB") if k in asked]
    words += ["binding"] if asked.get("bindingFutility") is True else []
    return " ".join(words)


def efficacy(asked, rates):
    kind = asked["typeOfDesign"]
    if kind == "asUser":
        return Spending.user(list(zip(rates, asked["userAlphaSpending"], strict=True)))
    if kind in SPENDING:
        return Spending(SPENDING[kind], asked.get("gammaA"))
    if kind in CLASSICAL:
        return Boundary(CLASSICAL[kind], asked.get("deltaWT", asked.get("constantBoundsHP")))
    assert kind == "noEarlyEfficacy"
    return [math.inf] * (len(rates) - 1) + [None]


def futility(asked, rates):
    if "futilityBounds" in asked:
        # -6 is rpact's word for no bound.
        return [None if z <= -6 else z for z in asked["futilityBounds"]]
    kind = asked.get("typeBetaSpending")
    if kind == "bsUser":
        return Spending.user(list(zip(rates, asked["userBetaSpending"], strict=True)))
    return Spending(BETA[kind], asked.get("gammaB")) if kind else None


def design_of(asked, engine="plain"):
    rates = asked["informationRates"]
    binding = asked.get("bindingFutility") is True
    return group_sequential(
        rates, alpha=asked["alpha"], sides=asked["sided"], efficacy=efficacy(asked, rates),
        futility=futility(asked, rates), binding=binding, power=1.0 - asked["beta"], engine=engine,
    )  # fmt: skip


def test_the_bank_is_as_wide_as_it_should_be():
    assert len(CASES) >= 60
    asked = [case["asked"] for case in CASES]
    assert {a["typeOfDesign"] for a in asked} == {*SPENDING, *CLASSICAL, "asUser", "noEarlyEfficacy"}
    assert {a.get("typeBetaSpending") for a in asked} == {None, *BETA, "bsUser"}
    assert {len(a["informationRates"]) for a in asked} == set(range(2, 11))
    assert {a["sided"] for a in asked} == {1, 2}
    assert min(a["alpha"] for a in asked) == 0.005
    assert max(a["alpha"] for a in asked) == 0.1


@pytest.mark.parametrize("case", CASES, ids=lambda case: named(case["asked"]))
def test_bounds_and_drift(case):
    asked, said = case["asked"], case["said"]
    design = design_of(asked)
    said_upper = np.array([float(z) for z in said["upper"]])
    reachable = np.isfinite(said_upper)
    known = said_upper[reachable]
    bank.assert_close(design.upper[reachable], known, scale_of(known), "Z bounds of efficacy")
    # rpact searches no further than about 7.8.
    assert (design.upper[~reachable] > 7.5).all()
    if "typeBetaSpending" in asked:
        bank.assert_close(design.futility[:-1], said["futility"], SCALE, "Z bounds of futility")
    bank.assert_close(design.drift, said["drift"], SCALE, "drift")
    bank.assert_close(design.inflation, said["inflation"], SCALE, "inflation factor")
    for effect, name in ((0.0, "expected_null"), (0.5, "expected_between"), (1.0, "expected_alternative")):
        ours = design.expected_information(effect * design.drift) * design.inflation
        bank.assert_close(ours, said[name], SCALE, "expected information")


@pytest.mark.parametrize("case", CASES, ids=lambda case: named(case["asked"]))
def test_engines_and_doubled_nodes_agree(case, monkeypatch):
    """What rpact's search and grid leave open is settled by twice the nodes: 1e-10 in Z and in the drift."""
    plain, compiled = design_of(case["asked"]), design_of(case["asked"], "compiled")
    monkeypatch.setattr(sequential, "FEWEST", 2.0 * sequential.FEWEST)
    monkeypatch.setattr(sequential, "PER_STEP", 2.0 * sequential.PER_STEP)
    doubled = design_of(case["asked"])
    for other in (compiled, doubled):
        assert np.array_equal(np.isfinite(plain.upper), np.isfinite(other.upper))
        assert plain.upper == pytest.approx(other.upper, abs=1e-10)
        assert plain.lower == pytest.approx(other.lower, abs=1e-10)
        assert plain.drift == pytest.approx(other.drift, abs=1e-10)


@pytest.mark.parametrize(
    "information", [[0.5, 0.502, 1.0], [0.01, 0.9, 0.9003, 1.0], [1.0], list(np.arange(1, 31) / 30)]
)
def test_engines_agree_where_looks_are_close_or_many(information):
    """Rules of many panels, where the compiled form cannot keep what it carries over to other drifts."""
    for futility in (None, Spending("power", 2)):
        both = [
            group_sequential(information, alpha=0.05, sides=1, power=0.99, futility=futility, engine=engine)
            for engine in ("plain", "compiled")
        ]
        assert both[0].upper == pytest.approx(both[1].upper, abs=1e-9)
        assert both[0].futility == pytest.approx(both[1].futility, abs=1e-9)
        assert both[0].drift == pytest.approx(both[1].drift, abs=1e-9)
        assert both[1].power == pytest.approx(0.99, abs=1e-10)
