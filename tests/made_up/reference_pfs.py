"""Progression-free survival under every censoring rule set once more, slow and plain: one patient after the other.

Written from the words of the rules and sharing nothing with the engine. Days count from randomization, its day being 0;
partial dates are text of year and month. A patient is a `Case`; `pfs` answers (day, censored) for a rule set.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date, timedelta

RANDOMIZED = date(2020, 1, 1)
WORST_FIRST = ("PD", "NON-CR/NON-PD", "SD", "PR", "CR", "NE")
PROGRESSED = ("PROGRESSIVE DISEASE", "DISEASE RELAPSE", "CLINICAL PROGRESSION")

When = int | str | None


@dataclass
class Case:
    """One patient: reads (visit, day, word), scans (visit, day) of TR and TU, and what else a rule asks for."""

    name: str
    reads: list[tuple[int, When, str]] = field(default_factory=list)
    scans: list[tuple[int, When]] = field(default_factory=list)
    baseline: When = -7
    death: When = None
    therapies: list[When] = field(default_factory=list)
    stopped: tuple[When, str] | None = None


@dataclass(frozen=True)
class Schedule:
    """Days on which scans are due, in order, and how many days one may be off."""

    due: tuple[int, ...]
    window: int

    def allowed(self, day: int, window: int) -> float:
        """The two scheduled intervals after the scan that a day belongs to, and a window."""
        place = 0
        while place + 1 < len(self.due) and self.due[place + 1] - self.window <= day:
            place += 1
        ahead = place + 2
        return self.due[ahead] - self.due[place] + window if ahead < len(self.due) else float("inf")


def _span(when: When) -> tuple[int, int] | None:
    """The first and the last day that a date allows; None for no date, or one without its month."""
    if when is None or isinstance(when, int):
        return None if when is None else (when, when)
    parts = [int(part) for part in when.split("-")]
    if len(parts) == 1:
        return None
    year, month = parts[:2]
    first, last = (parts[2], parts[2]) if len(parts) == 3 else (1, calendar.monthrange(year, month)[1])
    return tuple((date(year, month, day) - RANDOMIZED).days for day in (first, last))  # type: ignore[return-value]


def _complete(when: When) -> int | None:
    span = _span(when)
    return span[0] if span and span[0] == span[1] else None


def _year_starts(when: When) -> int | None:
    """The first day that any date allows, that of a year alone too."""
    span = _span(when)
    if span is None and isinstance(when, str):
        return (date(int(when), 1, 1) - RANDOMIZED).days
    return span and span[0]


def _in_time(when: When, cutoff: int | None) -> bool:
    first = _year_starts(when)
    return cutoff is None or first is None or first <= cutoff


def _responses(case: Case, cutoff: int | None) -> list[tuple[int, int, str]]:
    """(day, visit, word) of each dated read by the cutoff; a month stands for its last day."""
    found = []
    for visit, when, word in case.reads:
        span = _span(when)
        if span and _in_time(when, cutoff):
            found.append((span[1] if cutoff is None else min(span[1], cutoff), visit, word))
    return found


def _counting(reads: list[tuple[int, int, str]]) -> dict[int, tuple[str, int]]:
    """By day from randomization on, the worst known word and its visit (the last of equals)."""
    best: dict[int, tuple[str, int]] = {}
    for day, visit, word in reads:
        if day < 0 or word not in WORST_FIRST:
            continue
        if day not in best or WORST_FIRST.index(word) <= WORST_FIRST.index(best[day][0]):
            best[day] = (word, visit)
    return best


def _progression(case: Case, cutoff: int | None) -> int | None:
    """The first progression, dated by the earliest of its visit's records since the assessment before."""
    reads = _responses(case, cutoff)
    days = sorted((day, visit) for day, (word, visit) in _counting(reads).items() if word == "PD")
    if not days:
        return None
    seen, visit = days[0]
    before = max([-1, *(day for day, _, _ in reads if day < seen)])
    parts = [when for place, when in case.scans if place == visit] + [w for v, w, _ in case.reads if v == visit]
    exact = [_complete(when) for when in parts if _in_time(when, cutoff)]
    return min([seen, *(day for day in exact if day is not None and before < day < seen)])


def _adequate(case: Case, cutoff: int | None) -> list[int]:
    counted = _counting(_responses(case, cutoff))
    return sorted(day for day, (word, _) in counted.items() if word not in ("NE", "PD"))


def _last(days: list[int], by: int) -> int | None:
    return max((day for day in days if day <= by), default=None)


def pfs(case: Case, rule_set: str, schedule: Schedule, cutoff: int | None = None) -> tuple[int, int]:
    """The day of PFS and whether it is censored, under one rule set."""
    progression = _progression(case, cutoff)
    death = _complete(case.death) if _in_time(case.death, cutoff) else None
    adequate = _adequate(case, cutoff)
    has_baseline = case.baseline is not None
    if rule_set == "fda-a" and not has_baseline:
        progression = None
    events = [day for day in (progression, death) if day is not None]
    day, censored = (max(0, min(events)), 0) if events else (max([0, *adequate]), 1)
    if rule_set not in ("missed-two", "fda-a"):
        return day, censored
    outcomes: list[int] = []
    if not censored:
        since = _last(adequate, day) or 0
        if day - since > schedule.allowed(since, schedule.window):
            outcomes.append(since)
    if rule_set == "fda-a":
        outcomes += _documented_only(case, (day, censored, progression), adequate, schedule, cutoff)
    return (min(outcomes), 1) if outcomes else (day, censored)


def _documented_only(
    case: Case, found: tuple[int, int, int | None], adequate: list[int], schedule: Schedule, cutoff: int | None
) -> list[int]:
    """Where FDA-A's further rules would censor: no baseline, discontinuation, new therapy."""
    day, censored, progression = found
    outcomes: list[int] = []
    if case.baseline is None and (censored or day > schedule.allowed(0, 0)):
        outcomes.append(0)
    stops: list[int] = []
    if case.stopped is not None and case.stopped[1] not in ("COMPLETED", "DEATH"):
        left = _complete(case.stopped[0]) if _in_time(case.stopped[0], cutoff) else None
        by_progression = not censored and day == progression
        if left is not None and not (case.stopped[1] in PROGRESSED and by_progression):
            stops.append(left)
    started = [_complete(when) for when in case.therapies if _in_time(when, cutoff)]
    started = [when for when in started if when is not None and when >= 0]
    stops += [min(started)] if started else []
    outcomes += [_last(adequate, stop) or 0 for stop in stops if day > stop]
    return outcomes


def bounds(case: Case, cutoff: int | None = None) -> tuple[int, int | None]:
    """LINT and RINT: the days, counted from 1, between which a progression lies; twice its day for a death."""
    progression, death = _progression(case, cutoff), _complete(case.death) if _in_time(case.death, cutoff) else None
    adequate = _adequate(case, cutoff)
    if death is not None and (progression is None or death < progression):
        return max(death, 0) + 1, max(death, 0) + 1
    seen = _last(adequate, progression) if progression is not None else max(adequate, default=None)
    return (0 if seen is None else seen + 1), (None if progression is None else progression + 1)


def after_randomization(day: int) -> str:
    """A day as ISO text."""
    return (RANDOMIZED + timedelta(days=day)).isoformat()
