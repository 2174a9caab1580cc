"""Synthetic trials that several tests look at."""

from __future__ import annotations

import pytest

from equipoise.protocol import Trial, load_trial, parse_trial
from equipoise.simulation import Synthetic, synthesize

# As little as a trial file can say: two arms 1:1, no strata, no criteria, no safety, no baseline table.
SMALL_TRIAL = """
equipoise: 1
trial: {id: SMALL, title: A small trial, enrollment: 60, first_enrollment: 2021-03-01}
arms:
  - {id: NEW, label: New drug, role: experimental, ratio: 1}
  - {id: OLD, label: Old drug, role: control, ratio: 1}
schedule:
  tumor_assessments: {window: 0 days, anchor: first dose, intervals: [{every: 45 days}]}
analysis_sets:
  - {id: ITT, label: All randomized, where: RANDDT is known}
sources:
  progression: {dataset: ADRS, where: "PARAMCD == 'PD' and AVALC == 'Y'", date: ADT, description: Progression}
  death: {dataset: ADRS, where: "PARAMCD == 'DEATH' and AVALC == 'Y'", date: ADT, description: Death}
  last_assessment: {dataset: ADRS, where: "PARAMCD == 'LSTA'", date: ADT, description: Last assessment}
  randomization: {dataset: ADSL, date: RANDDT, description: Randomization}
endpoints:
  - id: EFS
    label: Event-free survival
    kind: time-to-event
    start: randomization
    events: [progression, death]
    censoring: [last_assessment, randomization]
scenarios:
  - id: only
    label: The only scenario
    default_for: [synthesize]
    accrual:
      duration: {value: 12 months, assumption: made up}
      shape: {value: [{until: 6 months, rate: 2 per month}, {rate: 8 per month}], assumption: made up}
    follow_up: {value: 9 months, assumption: made up}
    survival:
      EFS:
        OLD: {median: {value: 6 months, assumption: made up}}
        NEW: {hazard_ratio: {value: 0.7, assumption: made up}}
"""


@pytest.fixture(scope="session")
def palmira() -> Trial:
    return load_trial("palmira")


@pytest.fixture(scope="session")
def small_trial() -> Trial:
    return parse_trial(SMALL_TRIAL).trial


@pytest.fixture(scope="session")
def small_text() -> str:
    return SMALL_TRIAL


@pytest.fixture(scope="session")
def synthetic(palmira: Trial) -> Synthetic:
    return synthesize(palmira, seed=20250520)
