"""Landmark survival, scan intervals, two reviews and censoring reasons against R (validation/r/bias_checks_bank.R)."""

import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.analysis import assessment_times, censoring_reasons, concordance, kaplan_meier, landmark

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import assert_close, read_bank

BANK = read_bank("bias_checks_bank")
LANDMARKS = [(name, at) for name in ("veteran", "lung", "colon") for at in (30, 180, 365)]


def _data(name):
    return {key: values.astype(int) for key, values in BANK[name]["data"].items()}


@pytest.mark.parametrize(("name", "at"), LANDMARKS)
def test_landmark(name, at):
    data, r = _data(name), BANK[name][f"landmark {at}"]
    found = landmark(data["time"], data["event"], at=at, group=data["group"])
    for counts in found.counts:
        g = counts.level
        ours = [counts.n, counts.n_event, counts.n_censor, counts.n_risk]
        assert_close(ours, r[f"counts {g}"], what="counts")
        curve = next(c for c in found.curves if c.level == g)
        readings = curve.at([50, 100, 200], extend=True)
        assert_close([x.survival for x in readings], r[f"survival {g}"], 1.0, what="survival")
        assert_close([x.survival for x in readings], r[f"ratio {g}"], 1.0, what="S(at + t) / S(at)")
        assert_close([x.std_error for x in readings], r[f"std_error {g}"], 1.0, what="standard error")
    (kept,) = kaplan_meier(found.time, found.event)
    assert kept.total == found.kept.sum()


@pytest.mark.parametrize("arms", [2, 3])
def test_assessment_times(arms):
    name = f"scans{arms}"
    data, r = _data(name), BANK[name]
    found = assessment_times(
        data["subject"], data["time"], data["group"], planned=[56 * k for k in range(1, 7)], window=7
    )
    assert_close(found.chi_square, r["test"]["chi_square"], what="chi-square")
    assert_close(found.p_value, r["test"]["kruskal_p_value"], 1.0, what="P")
    if arms == 2:
        assert_close(found.p_value, r["test"]["p_value"], 1.0, what="P of wilcox.test")
    for counts in found.counts:
        gaps = counts.intervals
        ours = [len(gaps), *np.quantile(gaps, [0, 0.25, 0.5, 0.75, 1]), gaps.mean(), gaps.std(ddof=1)]
        assert_close(ours, r["intervals"][counts.level], what="intervals")
        assert_close(counts.n_off, r["off"][counts.level], what="off schedule")


def test_concordance():
    data, r = _data("review"), BANK["review"]["rates"]
    found = concordance(data["t1"], data["e1"], data["t2"], data["e2"], data["group"], reference=1)
    for counts in found.counts:
        ours = [counts.early_discrepancy, counts.late_discrepancy, counts.event_agreement]
        assert_close(ours, r[counts.level], what="rates")


def test_censoring_reasons():
    data, r = _data("reasons"), BANK["reasons"]["test"]
    reason = data["reason"].astype(str)
    found = censoring_reasons(data["time"], data["event"], reason, data["group"])
    assert_close(found.chi_square, r["chi_square"], what="chi-square")
    assert_close(found.p_value, r["p_value"], 1.0, what="P")
    ours = [counts.reasons[name] for counts in found.counts for name in sorted(counts.reasons)]
    assert_close(ours, r["counts"], what="counts")
