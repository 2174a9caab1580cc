"""What a synthetic data set takes for granted where no trial file has a place for it: one table, each with its reason.

None of these is a fact about any trial. They travel with every synthetic data set, in its `truth` folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Assumption:
    """One number taken for granted: its value, unit and the reason for it."""

    value: float
    unit: str
    reason: str


# One line a value: name, value, unit, reason.
_TABLE = """
calendar_start              | 2020 | year  | a trial without a date of first enrollment starts on 1 January
early_scan_share            | 0.25 | share | scheduled scans slip late more often than they are brought forward
missed_scan                 | 0.02 | share | a scheduled scan now and then is not done and not made up for
suspected_progression       | 0.50 | share | half of progressions bring symptoms that lead to a scan before its turn
suspicion_delay             | 14   | days  | mean time from progression to a scan made on clinical suspicion
early_death_share           | 0.15 | share | hazard of death before progression over that of overall survival
shortest_screening          | 3    | days  | consent to randomization takes at least the time to read a scan
longest_start_delay         | 4    | days  | the first dose follows randomization within the working week
longest_stop_delay          | 7    | days  | treatment stops at the visit at which the scan is discussed
toxicity_stop               | 0.03 | share | a related grade 3 event that ends treatment before progression
interruption                | 0.50 | share | a grade 3 event related to a drug interrupts it for one week
reduction                   | 0.35 | share | a grade 3 event related to a drug lowers its dose from the next cycle
reduction_step              | 0.20 | share | one dose level, as a share of the full dose
full_prior_dose             | 0.70 | share | patients whose previous dose of the same drug was the full dose
target_growth               | 0.45 | share | progressions of measurable disease shown by growth of target lesions
new_lesion                  | 0.35 | share | progressions shown by a new lesion; the rest by non-target growth
reader_noise                | 0.025| ratio | standard deviation of a measured diameter over the true one
response_at_first_scan      | 0.50 | share | responders whose response shows at the first scan; the others at the second
onset_scale                 | 0.30 | share | mean time to onset of an adverse event, as a share of 100 days on treatment
recurrence                  | 0.40 | share | a hematological event comes back once, no worse than before
subsequent_therapy          | 0.75 | share | patients with progression who receive a further anticancer therapy
subsequent_delay            | 21   | days  | mean time from progression to the further therapy, beyond one week
withdrawal                  | 0.40 | share | dropouts who withdraw consent; the others are lost to follow-up
unevenness                  | 1.0  | shape | site sizes vary like exponential variables: few large, many small
undeclared_missing          | 0.03 | share | screened patients in whom the failing item is unknown, not contrary
"""


def _read(table: str) -> dict[str, Assumption]:
    rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return {name: Assumption(float(value), unit, reason) for name, value, unit, reason in rows}


ASSUMPTIONS = MappingProxyType(_read(_TABLE))


def assumed(name: str) -> float:
    """The value of a named assumption."""
    return ASSUMPTIONS[name].value
