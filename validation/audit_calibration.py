"""The audit's false-flag rate on honest trials, and how often it finds planted errors.

`uv run python validation/audit_calibration.py 10000` writes validation/output/audit_calibration.json. The trials are
those of honest_trials.py, analyzed without equipoise. A tenth of them gets each error planted, one at a time.
"""

from __future__ import annotations

import copy
import json
import math
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from honest_trials import SEED, Honest, draw_honest
from pydantic import ValidationError

from equipoise.evidence import PublishedTrial, audit_trial
from equipoise.evidence.effect_readings import SLOPE

OUTPUT = Path(__file__).parent / "output" / "audit_calibration.json"
HARD = ("information-bound", "percentages", "limits", "landmark-rates")
Plant = Callable[[Honest, np.random.Generator], "dict[str, Any] | None"]


def _ratio_text(printed: dict[str, Any]) -> str:
    return printed["results"][0]["hazard_ratio"]["value"]


def _with_ratio(honest: Honest, text: str) -> dict[str, Any]:
    printed = copy.deepcopy(honest.printed)
    printed["results"][0]["hazard_ratio"]["value"] = text
    return printed


def level_misread(honest: Honest, _: np.random.Generator) -> dict[str, Any] | None:
    """A 90% interval given as 95%."""
    text = _ratio_text(honest.printed)
    return _with_ratio(honest, text.replace("(90%", "(95%")) if "(90%" in text else None


def limits_swapped(honest: Honest, _: np.random.Generator) -> dict[str, Any]:
    head, _, limits = _ratio_text(honest.printed).rpartition(" ")
    opened = "(" if limits.startswith("(") else ""
    lower, upper = limits.strip("()").split("-")
    return _with_ratio(honest, f"{head} {opened}{upper}-{lower})")


def one_sided_as_two(honest: Honest, _: np.random.Generator) -> dict[str, Any] | None:
    """A one-sided P given as two-sided."""
    if honest.truth["sides"] != 1:
        return None
    printed = copy.deepcopy(honest.printed)
    printed["results"][0]["test"]["sides"] = "2"
    return printed


def events_wrong(honest: Honest, _: np.random.Generator) -> dict[str, Any] | None:
    """The reported events 40% too few."""
    printed = copy.deepcopy(honest.printed)
    if "events" not in printed["results"][0]:
        return None
    printed["results"][0]["events"] = str(round(0.6 * int(printed["results"][0]["events"])))
    return printed


def randomized_wrong(honest: Honest, _: np.random.Generator) -> dict[str, Any]:
    """One arm's number randomized 10% too low."""
    printed = copy.deepcopy(honest.printed)
    n = int(printed["experimental"]["randomized"])
    printed["experimental"]["randomized"] = str(round(0.9 * n))
    return printed


def _typo(place: int) -> Plant:
    """One digit of the ratio (0), lower (1) or upper limit (2) replaced by another one."""

    def plant(honest: Honest, rng: np.random.Generator) -> dict[str, Any]:
        head, _, limits = _ratio_text(honest.printed).rpartition(" ")
        value, *level = head.split(" ")
        opened = "(" if limits.startswith("(") else ""
        texts = [value, *limits.strip("()").split("-")]
        digits = [k for k, letter in enumerate(texts[place]) if letter.isdigit()]
        at = digits[int(rng.integers(len(digits)))]
        other = str((int(texts[place][at]) + int(rng.integers(1, 10))) % 10)
        texts[place] = texts[place][:at] + other + texts[place][at + 1 :]
        return _with_ratio(honest, " ".join([texts[0], *level, f"{opened}{texts[1]}-{texts[2]})"]))

    return plant


PLANTS: dict[str, Plant] = {
    "90% interval given as 95%": level_misread,
    "limits swapped": limits_swapped,
    "one-sided P given as two-sided": one_sided_as_two,
    "events 40% too few": events_wrong,
    "randomized in one arm 10% too few": randomized_wrong,
    "one digit of the hazard ratio": _typo(0),
    "one digit of the lower limit": _typo(1),
    "one digit of the upper limit": _typo(2),
}


def found(printed: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The checks that flag and that note; a file that is refused counts as flagged."""
    try:
        trial = PublishedTrial.model_validate(printed)
    except ValidationError:
        return {"refused"}, set()
    findings = audit_trial(trial, deep=False).findings
    flags = {one.check for one in findings if one.status == "inconsistent"}
    return flags, {one.check for one in findings if one.status == "note"}


def spread(truths: list[dict[str, float]]) -> dict[str, Any]:
    """What the allowances must hold: z of P against Wald's beyond SLOPE |b z|, and information over its expectation."""
    columns = ("b", "s", "z_test", "mixed", "d", "p1")
    b, s, z_test, mixed, d, p = (np.array([float(t[name]) for t in truths]) for name in columns)
    apart = np.abs(z_test - b / s) - SLOPE * np.abs(b * b / s)
    weighted = p * np.exp(b) / (p * np.exp(b) + 1.0 - p)
    low, high = np.sort([p * (1.0 - p), weighted * (1.0 - weighted)], axis=0)
    levels = [0.5, 0.9, 0.99, 0.999, 1.0]

    def quantiles(values: np.ndarray, at: list[float]) -> dict[str, float]:
        return {f"{q:g}": round(float(np.quantile(values, q)), 3) for q in at}

    return {
        "z_apart_same_model": quantiles(apart[mixed == 0], levels),
        "z_apart_other_model": quantiles(apart[mixed == 1], levels),
        "information_over_higher_expectation": quantiles(1.0 / s**2 / d / high, levels),
        "information_over_lower_expectation": quantiles(1.0 / s**2 / d / low, [0.0, 0.001, 0.01, 0.1, 0.5]),
        "information_over_quarter_of_events": round(float((4.0 / s**2 / d).max()), 6),
    }


def measured(trials: int) -> dict[str, Any]:
    """False flags, notes and planted errors found, as shares with their counts."""
    flags, notes, planted, seen = Counter(), Counter(), {}, Counter()
    any_flag = any_note = other_model = 0
    truths: list[dict[str, float]] = []
    for k in range(trials):
        honest = draw_honest(k)
        truths.append(honest.truth)
        own_flags, own_notes = found(honest.printed)
        flags.update(own_flags)
        notes.update(own_notes)
        any_flag, any_note = any_flag + bool(own_flags), any_note + bool(own_notes)
        other_model += bool(own_flags and honest.truth["mixed"])
        rng = np.random.default_rng((SEED, k, 1))
        for name, plant in PLANTS.items() if k % 5 == 0 or honest.truth["level"] == 90 else ():
            printed = plant(honest, rng)
            if printed is None or printed == honest.printed or own_flags:
                continue
            flagged, noted = found(printed)
            seen[name] += 1
            kind = "flagged" if flagged else ("noted" if noted - own_notes else "missed")
            planted.setdefault(name, Counter())[kind] += 1
    return {
        "trials": trials,
        "any_flag": any_flag,
        "flag_rate": any_flag / trials,
        "flag_rate_upper": (any_flag + 1.645 * math.sqrt(any_flag + 1) + 1) / trials,
        "flagged_with_test_of_another_model": other_model,
        "flags": dict(flags.most_common()),
        "hard_flags": sum(flags[check] for check in HARD),
        "notes": dict(notes.most_common()),
        "any_note": any_note,
        "spread": spread(truths),
        "planted": {name: {"trials": seen[name], **counts} for name, counts in planted.items()},
    }


if __name__ == "__main__":
    record = measured(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    if record["trials"] >= 10_000:
        OUTPUT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=1))
