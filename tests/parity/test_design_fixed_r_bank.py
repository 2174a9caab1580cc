"""Fixed designs, expected events and expected accrual equal rpact's.

Program and output: validation/r/design_fixed_bank.R, validation/output/design_fixed_bank.jsonl.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.design import (
    Accrual,
    Dropout,
    Hazard,
    events_required,
    expected_accrual,
    expected_events,
    fixed_design,
    power_of,
    time_of_events,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

import bank
from bank import read_bank

BANK = read_bank("design_fixed_bank")

# rpact integrates hazards in pieces numerically, across their kinks, to 4e-5 at worst here (tests/truth holds ours to
# quadrature at 1e-12), and looks for times by uniroot at its default tolerance. Constant hazards it has in closed form.
PIECES, TIME, TIME_PIECES = 1e-4, 2e-5, 2e-4


def cases(kind: str) -> list[str]:
    return sorted(name for name in BANK if name.startswith(f"{kind} "))


def given(name: str) -> dict:
    return {key: values.tolist() for key, values in BANK[name]["given"].items()}


def assert_close(name: str, ours: object, theirs: object, what: str) -> None:
    """By the bank's tolerance where rpact has a closed form, else by that of its integration."""
    if constant(name):
        bank.assert_close(ours, theirs, what=what)
    else:
        np.testing.assert_allclose(np.atleast_1d(ours), theirs, rtol=PIECES, err_msg=what)


def constant(name: str) -> bool:
    return len(BANK[name]["given"]["rates"]) == 1


def time_tolerance(name: str) -> float:
    return TIME if constant(name) else TIME_PIECES


def one(case: dict, key: str) -> float:
    return case[key][0]


def world(case: dict) -> dict:
    """Hazards, hazard ratio, dropout and ratio of a case."""
    return {
        "control": Hazard.from_rates(case["rates"], case["breaks"]),
        "hazard_ratio": one(case, "hazard_ratio"),
        "dropout": {arm: Dropout(one(case, f"dropout_{arm}")) for arm in ("control", "experimental")},
        "ratio": one(case, "ratio"),
    }


def accrual_of(case: dict) -> Accrual:
    return Accrual.piecewise(case["accrual_rates"], case["accrual_breaks"], duration=one(case, "duration"))


def level_of(case: dict) -> dict:
    method = "freedman" if one(case, "freedman") else "schoenfeld"
    return {"alpha": one(case, "alpha"), "sides": int(one(case, "sides")), "method": method}


@pytest.mark.parametrize("name", cases("events"))
def test_expected_events_and_accrual(name):
    case, r = given(name), BANK[name]["course"]
    accrual, ratio = accrual_of(case), one(case, "ratio")
    found = expected_events(r["time"], accrual=accrual, **world(case))
    bank.assert_close(accrual.n, r["n"], what="n")
    bank.assert_close(expected_accrual(r["time"], accrual=accrual, ratio=ratio).total, r["enrolled"], what="enrolled")
    # rpact's shares are of all patients of the trial, enrolled or not.
    n = accrual.n * np.array([1.0, ratio]) / (1.0 + ratio)
    assert_close(name, found.total / accrual.n, r["share"], what="share")
    assert_close(name, found.control / n[0], r["share_control"], what="share_control")
    assert_close(name, found.experimental / n[1], r["share_experimental"], what="share_experimental")


@pytest.mark.parametrize("name", cases("size"))
def test_sample_size(name):
    case = given(name)
    shared = world(case) | level_of(case) | {"power": one(case, "power")}
    duration, follow_up = one(case, "duration"), one(case, "follow_up")
    design = fixed_design(accrual=Accrual.uniform(duration=duration), follow_up=follow_up, **shared)
    assert_close(name, design.n, BANK[name]["n"]["n"], what="n")
    bank.assert_close(design.events, BANK[name]["n"]["events"], what="events")
    required = events_required(
        one(case, "hazard_ratio"), power=shared["power"], ratio=shared["ratio"], **level_of(case)
    ).events
    bank.assert_close(required, BANK[name]["n"]["events"], what="events")


@pytest.mark.parametrize("name", cases("size"))
def test_follow_up(name):
    case, r = given(name), BANK[name]["follow_up"]
    shared = world(case) | level_of(case) | {"power": one(case, "power")}
    design = fixed_design(accrual=Accrual.uniform(n=r["n"][0], duration=one(case, "duration")), **shared)
    assert design.follow_up == pytest.approx(r["follow_up"][0], abs=time_tolerance(name))
    assert design.time == pytest.approx(r["time"][0], abs=time_tolerance(name))


@pytest.mark.parametrize("name", cases("power"))
def test_power_and_time(name):
    case, r = given(name), BANK[name]["power"]
    events, shared = one(case, "events"), world(case)
    test = level_of(case) | {"hazard_ratio": shared["hazard_ratio"], "ratio": shared["ratio"]}
    bank.assert_close(power_of(events, **test).power, r["power"], what="power")
    when = time_of_events(events, accrual=accrual_of(case), **shared)
    assert when.time[0] == pytest.approx(r["time"][0], abs=time_tolerance(name))


def test_the_bank_is_whole():
    assert (len(cases("events")), len(cases("size")), len(cases("power"))) == (84, 48, 72)
