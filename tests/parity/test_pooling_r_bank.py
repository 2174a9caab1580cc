"""Pooled effects, heterogeneity, its interval, prediction intervals and pools without each trial equal metafor's.

Program and output: validation/r/pooling_bank.R, validation/output/pooling_bank.jsonl.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.evidence import PooledEffect, StudyEffect, pool

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import assert_close, read_bank

BANK = read_bank("pooling_bank")
METHODS = ("fixed", "dersimonian-laird", "reml", "paule-mandel")
INTERVALS = ("normal", "hartung-knapp", "hartung-knapp-adhoc")
# Numbers of a pool by groups of twelve pools: a parametrization by each would be two thousand tests.
GROUPS = [sorted(BANK)[place : place + 12] for place in range(0, len(BANK), 12)]


def studies_of(name: str) -> list[StudyEffect]:
    given = BANK[name]["given"]
    pairs = zip(given["effect"].tolist(), given["std_error"].tolist(), strict=True)
    return [StudyEffect(name=f"T{place}", effect=y, std_error=s) for place, (y, s) in enumerate(pairs)]


def pooled(name: str, method: str, interval: str, **more: object) -> PooledEffect:
    return pool(studies_of(name), method=method, interval=interval, leave_one_out=False, **more)  # pyright: ignore


def in_logs(*values: float) -> np.ndarray:
    return np.log(np.array(values))


def test_bank_is_large_and_has_edges():
    sizes = {len(BANK[name]["given"]["effect"]) for name in BANK}
    none = [name for name in BANK if BANK[name]["reml normal"]["heterogeneity"][2] == 0.0]
    assert len(BANK) >= 200
    assert min(sizes) == 2
    assert max(sizes) == 30
    assert len(none) > 40


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_effect_interval_and_p_value(group: int, method: str):
    for name in GROUPS[group]:
        for interval in INTERVALS:
            theirs = BANK[name][f"{method} {interval}"]["pooled"]
            found = pooled(name, method, interval)
            ends = in_logs(found.lower, found.upper)
            what = f"{method} {interval}"
            assert_close([found.effect, found.std_error, *ends], theirs[:4], scale=theirs[1], what=what, where=name)
            assert_close(found.p_value, theirs[4], what=f"{what} P", where=name)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_heterogeneity_and_weights(group: int, method: str):
    for name in GROUPS[group]:
        theirs = BANK[name][f"{method} normal"]
        found = pooled(name, method, "normal")
        between, variances = found.heterogeneity, BANK[name]["given"]["std_error"] ** 2
        q, p, tau2, i2, h2 = theirs["heterogeneity"].tolist()
        assert_close(between.q, q, scale=1.0, what="Q", where=name)
        assert_close(between.p_value, p, what="P of Q", where=name)
        assert_close(between.tau2, tau2, scale=float(variances.min()), what=f"{method} tau2", where=name)
        assert_close([between.i2, between.h2], [i2, h2], scale=1.0, what=f"{method} I2, H2", where=name)
        if "weights" in theirs:
            assert_close(found.weights, theirs["weights"], what=f"{method} weights", where=name)


@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_interval_of_tau2(group: int):
    for name in GROUPS[group]:
        least = float((BANK[name]["given"]["std_error"] ** 2).min())
        theirs = BANK[name]["reml normal"]["tau2_interval"]
        found = pooled(name, "reml", "normal").tau2_interval
        assert_close(found, theirs, scale=least, what="tau2 interval", where=name)


@pytest.mark.parametrize("method", METHODS[1:])
@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_prediction_intervals(group: int, method: str):
    for name in GROUPS[group]:
        for interval in INTERVALS:
            theirs = BANK[name][f"{method} {interval}"].get("predicted")
            if theirs is None:
                continue
            scale = float(BANK[name][f"{method} {interval}"]["pooled"][1])
            for place, prediction in enumerate(("k-2", "k-1", "normal")):
                found = pooled(name, method, interval, prediction=prediction).predicted
                ours = [np.nan, np.nan] if found is None else in_logs(*found)
                what = f"{method} {interval} {prediction}"
                assert_close(ours, theirs[2 * place : 2 * place + 2], scale=scale, what=what, where=name)
            # What metafor's predict() gives unless told otherwise.
            own = pooled(name, method, interval, prediction="normal" if interval == "normal" else "k-1").predicted
            assert own is not None
            assert_close(in_logs(*own), theirs[6:8], scale=scale, what=f"{method} {interval} default", where=name)


@pytest.mark.parametrize("method", METHODS)
def test_each_trial_left_out(method: str):
    compared = 0
    for name in BANK:
        theirs = BANK[name][f"{method} normal"].get("left_out")
        if theirs is None:
            continue
        whole = pool(studies_of(name), method=method)  # pyright: ignore[reportArgumentType]
        for place, (_, rest) in enumerate(whole.without):
            b, se, tau2 = theirs[3 * place : 3 * place + 3]
            where = f"{name} without {place}"
            assert_close([rest.effect, rest.std_error], [b, se], scale=se, what=method, where=where)
            assert_close(rest.tau2, tau2, scale=se**2, what=f"{method} tau2", where=where)
            compared += 1
    assert compared > 150
