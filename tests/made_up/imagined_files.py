"""A small trial file whose primary test, looks and randomization tests exchange."""

from __future__ import annotations

from typing import Any

from equipoise.protocol import Trial
from equipoise.protocol.loading import parse_trial

_TEXT = """
equipoise: 1
trial: {id: IMAGINED, title: Simulated from its file, enrollment: 150}
variables:
  sex: {label: Sex, type: category, levels: {F: Female, M: Male}, collected: DM.SEX, analysis: SEX}
arms:
@ARMS@
randomization: @RANDOMIZATION@
schedule:
  tumor_assessments: {window: 7 days, intervals: [{every: 8 weeks, until: 48 weeks}, {every: 12 weeks}]}
analysis_sets:
  - {id: ITT, label: All randomized, where: RANDDT is known}
sources:
  day: {dataset: ADSL, date: RANDDT, description: Randomization}
  death: {dataset: ADRS, where: "PARAMCD == 'DEATH'", date: ADT, description: Death}
endpoints:
  - {id: PFS, label: Progression-free survival, kind: time-to-event, start: day, events: [day], censoring: [day]}
  - {id: OS, label: Overall survival, kind: time-to-event, start: day, events: [death], censoring: [day]}
analyses:
  - id: pfs
    role: primary
    endpoint: @ENDPOINT@
    analysis_set: ITT
    test: {@TEST@}
    curve: {rates_at: [6 months, 12 months]}
    estimate: {method: rmst, tau: 10 months}
    further_tests:
      - {method: modestly-weighted, t_star: 3 months, sides: 2, stratified: true}
      - {method: gehan, sides: 2, stratified: true}
      - {id: other, method: fleming-harrington, gamma: 1, sides: 2}
    @PLAN@
scenarios:
  - id: expected
    label: Expected
    default_for: [design, simulate]
    accrual: {duration: {value: 15 months, assumption: made up}, shape: {value: uniform, assumption: made up}}
@SCENARIO@
"""
_PFS = """
    survival:
      PFS:
        C: {hazards: {value: [{until: 6 months, rate: 0.12 per month}, {rate: 0.08 per month}], assumption: made up}}
        E: {hazard_ratio: {value: 0.6, assumption: made up}}
"""
_DOSE = "        D: {hazard_ratio: {value: 0.8, assumption: made up}}"
DROPOUT = "dropout: {rate: {value: 0.01 per month, assumption: made up}}"
PREVALENCES = "prevalences: {sex: {value: {F: 0.55, M: 0.45}, assumption: made up}}"
_TWO = (
    "  - {id: E, label: Experimental, role: experimental, ratio: 1}",
    "  - {id: C, label: Control, role: control, ratio: 1}",
)
_THIRD = "  - {id: D, label: Low dose, role: experimental, ratio: 1}"
LOGRANK = "method: logrank, sides: 1, alpha: 0.025, stratified: true"
ONE_LOOK = "looks: [{id: final, trigger: {events: 100}}]"
BLOCKS = "{method: permuted-blocks, block_sizes: [6], strata: [sex]}"


def imagined_text(
    *, test: str = LOGRANK, plan: str = ONE_LOOK, randomization: str = BLOCKS, three: bool = False,
    survival: str = "", dropout: str = DROPOUT, prevalences: str = PREVALENCES, endpoint: str = "PFS",
) -> str:  # fmt: skip
    """The file with this primary test, looks and randomization; with `three` another dose.

    `survival`, `dropout` and `prevalences`: other lines of its scenario.
    """
    default = _PFS.strip("\n") + (f"\n{_DOSE}" if three else "")
    lines = (survival.strip("\n") or default, f"    {dropout}", f"    {prevalences}")
    text = _TEXT.replace("@ARMS@", "\n".join((*_TWO, _THIRD)[: 2 + three]))
    given = {"TEST": test, "PLAN": plan, "RANDOMIZATION": randomization, "ENDPOINT": endpoint}
    for name, part in (given | {"SCENARIO": "\n".join(lines)}).items():
        text = text.replace(f"@{name}@", part)
    return text


def imagined_file(**given: Any) -> Trial:
    """The trial of `imagined_text`."""
    return parse_trial(imagined_text(**given)).trial
