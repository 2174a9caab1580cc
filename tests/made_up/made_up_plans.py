"""Trials of two and three arms in which every test and estimate is planned, and analysis data for them."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

_HEAD = """
equipoise: 1
trial: {id: PLANNED, title: Everything planned, enrollment: 60}
variables:
  sex: {label: Sex, type: category, levels: {F: Female, M: Male}, collected: DM.SEX, analysis: SEX}
  age: {label: Age, type: number, unit: years, collected: DM.AGE, analysis: AGE}
arms:
@ARMS@
randomization: {method: permuted-blocks, block_sizes: [@BLOCK@], strata: [sex]}
analysis_sets:
  - {id: ITT, label: All randomized, where: RANDDT is known}
sources:
  day: {dataset: ADSL, date: RANDDT, description: Randomization}
endpoints:
  - id: PFS
    label: Progression-free survival
    short: PFS
    kind: time-to-event
    start: day
    events: [day]
    censoring: [day]
  - {id: ORR, label: Objective response rate, short: ORR, kind: response, parameter: BOR, responders: [CR, PR]}
"""

ANALYSES = """
analyses:
  - id: pfs
    role: primary
    endpoint: PFS
    analysis_set: ITT
    curve: {rates_at: [100 days], unit: days}
    test: {method: logrank, sides: 2, alpha: 0.05, stratified: true}
    estimate: {method: cox, stratified: true}
    further_tests:
      - {id: unstratified, method: logrank, sides: 2}
      - {method: fleming-harrington, rho: 0, gamma: 1, sides: 2, stratified: true}
      - {method: tarone-ware, sides: 2, stratified: true}
      - {method: gehan, sides: 2}
      - {method: peto, sides: 2}
      - {method: modified-peto, sides: 2}
      - {method: modestly-weighted, t_star: 60 days, sides: 2, stratified: true}
      - {id: modest-s, method: modestly-weighted, s_star: 0.5, sides: 2}
      - {method: maxcombo, sides: 1, stratified: true}
      - {id: two-weights, method: maxcombo, tests: [[0, 0], [0, 0.5]], sides: 2}
      - {method: adjusted-logrank, covariates: [age, sex], sides: 2}
      - {method: rerandomization, sides: 2, stratified: true, seed: 7, draws: 500, arrival: PLACE}
    further_estimates:
      - {id: discrete, method: cox, ties: discrete, stratified: true}
      - {method: rmst, tau: 120 days}
      - {id: too-late, method: rmst, tau: 100 months}
      - {id: window, method: rmst, tau: 120 days, window_start: 30 days, stratified: true, weights: inverse-variance}
      - {method: milestone, at: 100 days, transform: plain, conf_level: 0.9}
      - {method: median-difference, conf_type: log}
  - id: orr
    role: secondary
    endpoint: ORR
    analysis_set: ITT
    rate: {method: wilson}
    test: {method: cmh, sides: 2, alpha: 0.05, stratified: true}
    estimate: {method: newcombe, stratified: true}
    further_tests:
      - {method: fisher, sides: 2}
      - {method: boschloo, sides: 1}
    further_estimates:
      - {id: score, method: miettinen-nurminen, stratified: true, weights: miettinen-nurminen}
      - {method: mantel-haenszel, stratified: true}
report: {sections: [abstract, synopsis, primary, response, methods, provenance]}
"""

_ARMS = {
    2: [("EXP", "Experimental", "experimental"), ("CTL", "Control", "control")],
    3: [("LOW", "Low dose", "experimental"), ("HIGH", "High dose", "experimental"), ("CTL", "Control", "control")],
}


def planned_text(arms: int = 2, analyses: str = ANALYSES) -> str:
    """The trial file; with three arms the one-sided tests of two arms stay."""
    lines = [f"  - {{id: {a}, label: {label}, role: {role}, ratio: 1}}" for a, label, role in _ARMS[arms]]
    return _HEAD.replace("@ARMS@", "\n".join(lines)).replace("@BLOCK@", str(2 * arms)) + analyses


def planned_data(arms: int = 2, seed: int = 5) -> dict[str, pl.DataFrame]:
    """ADSL, ADTTE and ADRS of 30 patients per arm, in permuted blocks of two per arm within sex."""
    draw = np.random.default_rng(seed)
    ids = [name for name, _, _ in _ARMS[arms]]
    n = 30 * arms
    sex = np.array(["F", "M"] * (n // 2))
    arm = np.empty(n, dtype=object)
    for level in ("F", "M"):
        rows = np.flatnonzero(sex == level)
        blocks = [draw.permutation(ids * 2) for _ in range(-(-len(rows) // (2 * arms)))]
        arm[rows] = np.concatenate(blocks)[: len(rows)]
    hazard = np.array([0.6 if a != "CTL" else 1.0 for a in arm])
    time = np.maximum(1, np.round(draw.exponential(90, n) / hazard))
    follow_up = np.round(draw.uniform(120, 400, n))
    names = [f"P{place:03}" for place in range(n)]
    adsl = pl.DataFrame(
        {
            "USUBJID": names,
            "ARMCD": arm.tolist(),
            "SEX": sex.tolist(),
            "AGE": draw.integers(40, 80, n).astype(float),
            "RANDDT": [date(2024, 1, 1) + timedelta(days=3 * place) for place in range(n)],
            "PLACE": list(range(n)),
        }
    )
    adtte = pl.DataFrame(
        {
            "USUBJID": names,
            "PARAMCD": ["PFS"] * n,
            "AVAL": np.minimum(time, follow_up),
            "CNSR": (time > follow_up).astype(float),
        }
    )
    best = np.where(draw.uniform(size=n) < np.where(arm == "CTL", 0.2, 0.45), "PR", "SD")
    adrs = pl.DataFrame({"USUBJID": names, "PARAMCD": ["BOR"] * n, "AVALC": best.tolist()})
    return {"adsl": adsl, "adtte": adtte, "adrs": adrs}
