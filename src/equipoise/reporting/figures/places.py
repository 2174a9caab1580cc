"""Result rows by the place they belong to, and their texts in figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from equipoise.frames.results import ResultRow
from equipoise.reporting.formatting import confidence_text, number_text, p_text, range_text, time_digits, upper_first
from equipoise.reporting.lookup import NOT_COMPUTED, row_text
from equipoise.reporting.palette import ArmStyle, arm_style

Found = Mapping[str, ResultRow]
# Below this two decimals say too little.
_SMALL = 0.095
_WORDS = {"infinity": "\u221e", "minus infinity": "\u2212\u221e"}
_TESTS = {
    "logrank": "Log-rank test",
    "logrank-trend": "Log-rank test for trend",
    "logrank-exact": "Exact log-rank test",
    "one-sample-logrank": "One-sample log-rank test",
    "adjusted-logrank": "Covariate-adjusted log-rank test",
    "interval-logrank": "Log-rank test for interval-censored times",
    "rank-sum": "Rank-sum test",
    "rerandomization": "Re-randomization test",
    "cmh": "Cochran\u2013Mantel\u2013Haenszel test",
    "cmh-general": "General association test",
    "fisher": "Fisher\u2019s exact test",
    "chi-square": "Chi-square test",
    "boschloo": "Boschloo\u2019s test",
    "barnard": "Barnard\u2019s test",
    "proportional-hazards-score": "Tests of proportional hazards",
    "proportional-hazards-1994": "Tests of proportional hazards",
    "milestone": "Test",
    "miettinen-nurminen": "Miettinen\u2013Nurminen test",
    "farrington-manning": "Farrington\u2013Manning test",
}


class Place(NamedTuple):
    """What rows of one estimate have in common."""

    parameter: str
    group1: str | None
    level1: str | None
    group2: str | None
    level2: str | None
    at: float | None

    @property
    def levels(self) -> str:
        """The levels in words, "" where there are none."""
        return ", ".join(level for level in (self.level1, self.level2) if level)


def by_place(rows: Iterable[ResultRow]) -> dict[Place, dict[str, ResultRow]]:
    """Statistic to row, by place."""
    found: dict[Place, dict[str, ResultRow]] = {}
    for row in rows:
        place = Place(row.parameter, row.group1, row.level1, row.group2, row.level2, row.at)
        found.setdefault(place, {})[row.statistic] = row
    return found


def cause_words(cause: str) -> str:
    """A cause of failure by its name, or as a numbered one."""
    return f"cause {cause}" if cause.isdigit() else cause


class Arms:
    """Levels in order of appearance, each with its place in the palette."""

    def __init__(self, levels: Iterable[str | None]) -> None:
        self.levels = list(dict.fromkeys(level for level in levels if level))

    def style(self, level: str | None) -> ArmStyle:
        return arm_style(self.levels.index(level) + 1 if level in self.levels else 1)

    def color(self, level: str | None) -> str:
        return self.style(level).light


def shown(row: ResultRow | None) -> str:
    """A row as text: by its format; without one with two decimals, as a test statistic is."""
    if row is None:
        return ""
    if row.value is None and row.value_text:
        return _WORDS.get(row.value_text, row.value_text)
    if row.value is None or row.format in ("percent", "p", "int", "ratio"):
        return row_text(row)
    unit = row.unit or row.at_unit
    if row.format in ("time", "months") or row.unit:
        return number_text(row.value, time_digits(unit)) if unit else plain(row.value)
    if row.value == int(row.value):
        return plain(row.value)
    return number_text(row.value, 2 if abs(row.value) >= _SMALL else 3)


def plain(value: float) -> str:
    return f"{value:.6g}".replace("-", "\u2212") if abs(value) < 1e6 else number_text(value)


def interval_text(estimate: ResultRow | None, low: ResultRow | None, high: ResultRow | None) -> str:
    """`4.9 (3.6-6.1)`, the estimate alone where it has no limits or none of the three is a number."""
    if estimate is None:
        return ""
    if estimate.error and estimate.value is None and not estimate.value_text:
        return NOT_COMPUTED
    missing = all(row is None or row.value is None for row in (estimate, low, high))
    if low is None or high is None or (missing and "infinity" not in (estimate.value_text or "")):
        return shown(estimate)
    ends = [shown(end).removesuffix("%") for end in (low, high)]
    if low.value is None and ends[0] == ends[1]:
        return f"{shown(estimate)} ({ends[0]})"
    return f"{shown(estimate)} ({range_text(*ends)})"


def limit(row: ResultRow | None) -> float | None:
    """The number of a row, infinite where it says so, None where there is none."""
    if row is None:
        return None
    words = {"infinity": float("inf"), "minus infinity": float("-inf")}
    return row.value if row.value is not None else words.get(row.value_text or "")


def confidence_words(rows: Iterable[ResultRow]) -> str:
    """`95% CI`, or `CI` where no row says which."""
    found = {row.value for row in rows if row.statistic == "conf_level" and row.value is not None}
    return confidence_text(found.pop()).replace(" ", "\u00a0") if len(found) == 1 else "CI"


def p_bare(row: ResultRow | None) -> str:
    """A P value for a column headed P."""
    return p_words(row).removeprefix("P ").removeprefix("= ")


def p_words(row: ResultRow | None) -> str:
    return "" if row is None or row.value is None else p_text(row.value)


def words_of_test(found: Found, name: str = "") -> str:
    """A test in words: `Log-rank: z = 2.99, chi-square 8.92 (1 df), P = .003, two-sided`."""
    parts = []
    for statistic, words in (("z", "z = {}"), ("z_max", "largest z = {}"), ("statistic", "{label} {}")):
        if statistic in found and found[statistic].value is not None:
            row = found[statistic]
            parts.append(words.format(shown(row), label=row.label or "statistic"))
    if "chi_square" in found and found["chi_square"].value is not None:
        df = f" ({shown(found['df'])} df)" if "df" in found else ""
        parts.append(f"\u03c7\u00b2 = {shown(found['chi_square'])}{df}")
    p_value = found.get("p_value")
    if p_value is not None:
        parts.append(p_words(p_value) or "P not estimable")
        parts += [p_value.label] if p_value.label else []
    told = ", ".join(parts)
    return f"{name}: {told}" if name and told else told


def words_of_tests(rows: Iterable[ResultRow]) -> list[str]:
    """Every test among rows in words, and why a test has no answer."""
    said = []
    for found in by_place(rows).values():
        if "p_value" not in found:
            continue
        said.append(words_of_test(found, name_of_test(found.values())))
        said += [upper_first(row.error) for row in found.values() if row.error]
    return list(dict.fromkeys(text for text in said if text))


def name_of_test(rows: Iterable[ResultRow]) -> str:
    """The name of the test that the rows are of; by its method id where there is no other."""
    for row in rows:
        if row.statistic == "p_value" and row.method:
            words = row.method.replace("-", " ").capitalize()
            return _TESTS.get(row.method, words if words.endswith("test") else f"{words} test")
    return "Test"


def warnings(rows: Iterable[ResultRow]) -> list[str]:
    """What must be said beside the numbers, each once."""
    return list(dict.fromkeys(upper_first(row.warning) for row in rows if row.warning))
