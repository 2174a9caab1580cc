"""Result rows with the shape of a planned analysis, made from random draws: a fixture for reporting, not a result.

The numbers are plausible and the arithmetic is deliberately simple (normal approximations, no ties theory): what is
tested with them is how rows become documents, never the rows themselves.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from equipoise.frames.results import ResultRow, ResultTable
from equipoise.protocol import Trial, load_trial
from equipoise.provenance import Provenance

Z = 1.959964


def arm(name: str) -> dict[str, str]:
    return {"group1": "arm", "level1": name}


def number(statistic: str, value: float | None, **columns: object) -> ResultRow:
    return ResultRow(statistic=statistic, value=None if value is None else float(value), **columns)  # type: ignore[arg-type]


class TimeToEvent:
    """One arm's draws: exponential event times, uniform censoring, in days turned into the unit asked for."""

    def __init__(self, draw: random.Random, n: int, median: float, horizon: float) -> None:
        self.n = n
        seen: list[tuple[float, bool]] = []
        for _ in range(n):
            event = draw.expovariate(math.log(2) / median)
            censor = draw.uniform(0.35 * horizon, horizon) if draw.random() < 0.9 else draw.uniform(0, horizon)
            seen.append((round(min(event, censor), 2), event <= censor))
        self.seen = sorted(seen)
        self.events = sum(event for _, event in seen)

    def curve(self) -> list[tuple[float, float, float | None, float | None, int, int, int]]:
        """Rows of time, survival, low, high, at risk, events, censored; starts with time 0."""
        out: list[tuple[float, float, float | None, float | None, int, int, int]] = [(0.0, 1.0, 1.0, 1.0, self.n, 0, 0)]
        survival, variance, risk = 1.0, 0.0, self.n
        for time in sorted({time for time, _ in self.seen}):
            events = sum(1 for t, e in self.seen if t == time and e)
            censored = sum(1 for t, e in self.seen if t == time and not e)
            if events:
                survival *= 1 - events / risk
                variance += events / (risk * (risk - events)) if risk > events else math.inf
            low: float | None = None
            high: float | None = None
            if survival > 0:
                half = Z * survival * math.sqrt(variance)
                low, high = max(0.0, survival - half), min(1.0, survival + half)
            out.append((time, survival, low, high, risk, events, censored))
            risk -= events + censored
        return out

    def median(self) -> tuple[float | None, float | None, float | None]:
        curve = self.curve()

        def crossing(place: int) -> float | None:
            return next((row[0] for row in curve if row[place] is not None and row[place] <= 0.5), None)  # type: ignore[operator]

        return crossing(1), crossing(2), crossing(3)


def curve_rows(analysis: str, names: Sequence[str], arms: Sequence[TimeToEvent], unit: str, ticks: Sequence[float]):
    base = {"analysis": analysis, "method": "kaplan-meier"}
    for name, data in zip(names, arms, strict=True):
        group = {**base, **arm(name)}
        yield number("n", data.n, parameter="kaplan-meier", format="int", **group)
        yield number("n_event", data.events, parameter="kaplan-meier", format="int", **group)
        yield number("n_censor", data.n - data.events, parameter="kaplan-meier", format="int", **group)
        for statistic, value in zip(("median", "median_low", "median_high"), data.median(), strict=True):
            words = "not reached" if value is None else None
            yield number(
                statistic, value, value_text=words, parameter="kaplan-meier", unit=unit, format="months", **group
            )
        for time, survival, low, high, risk, events, censored in data.curve():
            at = {"at": time, "at_unit": unit, "parameter": "curve", **group}
            yield number("survival", survival, format="percent", **at)
            yield number("survival_low", low, format="percent", **at)
            yield number("survival_high", high, format="percent", **at)
            yield number("n_risk", risk, format="int", **at)
            yield number("n_event", events, format="int", **at)
            yield number("n_censor", censored, format="int", **at)
        for tick in ticks:
            at = {"at": float(tick), "at_unit": unit, "parameter": "at-risk", **group}
            yield number("n_risk", sum(time >= tick for time, _ in data.seen), format="int", **at)
            gone = sum(time < tick and not event for time, event in data.seen)
            yield number("n_censor_cumulative", gone, format="int", **at)


def contrast_rows(analysis: str, names: Sequence[str], arms: Sequence[TimeToEvent], medians: Sequence[float]):
    n, events = sum(a.n for a in arms), sum(a.events for a in arms)
    label = "two-sided, stratified by previous endocrine therapy and visceral involvement"
    test = {"analysis": analysis, "parameter": "logrank", "method": "logrank", "label": label}
    yield number("chi_square", 1.96, **test)
    yield number("df", len(arms) - 1, format="int", **test)
    yield number("p_value", 0.1616, format="p", **test)
    for name, data, median in zip(names[:-1], arms[:-1], medians[:-1], strict=True):
        ratio, spread = medians[-1] / median, math.sqrt(1 / max(1, data.events) + 1 / max(1, arms[-1].events))
        columns = {
            "analysis": analysis,
            "parameter": "hazard-ratio",
            "method": "cox-efron",
            **arm(name),
            "group2": "reference",
            "level2": names[-1],
        }
        yield number("estimate", ratio, format="ratio", **columns)
        yield number("conf_low", ratio * math.exp(-Z * spread), format="ratio", **columns)
        yield number("conf_high", ratio * math.exp(Z * spread), format="ratio", **columns)
        yield number("std_error", spread, **columns)
        yield number("p_value", 0.1632, format="p", **columns)
        yield number("conf_level", 0.95, **columns)
        yield number("n", n, format="int", **columns)
        yield number("n_event", events, format="int", **columns)


def landmark_rows(analysis: str, names: Sequence[str], arms: Sequence[TimeToEvent], unit: str, at: Sequence[float]):
    for time in at:
        for name, data in zip(names, arms, strict=True):
            row = [row for row in data.curve() if row[0] <= time][-1]
            columns = {
                "analysis": analysis,
                "parameter": "landmark",
                "method": "kaplan-meier",
                "at": time,
                "at_unit": unit,
                **arm(name),
            }
            for statistic, value in zip(("survival", "survival_low", "survival_high"), row[1:4], strict=True):
                yield number(statistic, value, format="percent", **columns)
            yield number("n_risk", row[4], format="int", **columns)


def follow_up_rows(analysis: str, value: float, unit: str):
    yield number("median", value, analysis=analysis, parameter="follow-up", unit=unit, format="months")


def subgroup_rows(trial: Trial, analysis: str, draw: random.Random, names: Sequence[str]):
    for variable in trial.analysis(analysis).subgroups:
        for level in trial.variables[variable].levels:
            n = draw.randint(18, 140)
            events = int(n * 0.8)
            columns = {
                "analysis": analysis,
                "parameter": "subgroup",
                "group1": variable,
                "level1": level,
                "method": "cox-efron",
            }
            estimate, spread = math.exp(draw.gauss(-0.18, 0.25)), 2.1 / math.sqrt(events)
            yield number("estimate", estimate, format="ratio", **columns)
            yield number("conf_low", estimate * math.exp(-Z * spread), format="ratio", **columns)
            yield number("conf_high", estimate * math.exp(Z * spread), format="ratio", **columns)
            yield number("n", n, format="int", **columns)
            yield number("n_event", events, format="int", **columns)
            for place, name in enumerate(names):
                part = {**columns, "group2": "arm", "level2": name}
                share = n // len(names) + (place == 0)
                yield number("n", share, format="int", **part)
                yield number("n_event", int(share * 0.8), format="int", **part)
                yield number("median", draw.uniform(3, 7), unit="months", format="months", **part)


def rate_rows(analysis: str, sizes: dict[str, int], responders: dict[str, int], p_value: float):
    for name, n in sizes.items():
        share = responders[name] / n
        half = Z * math.sqrt(share * (1 - share) / n)
        columns = {"analysis": analysis, "parameter": "rate", "method": "clopper-pearson", **arm(name)}
        yield number("n", n, format="int", **columns)
        yield number("n_responder", responders[name], format="int", **columns)
        yield number("estimate", share, format="percent", **columns)
        yield number("conf_low", max(0, share - half), format="percent", **columns)
        yield number("conf_high", share + half, format="percent", **columns)
        yield number("conf_level", 0.95, **columns)
    yield number(
        "p_value", p_value, analysis=analysis, parameter="response-test", format="p", label="Fisher's exact test"
    )


def best_response_rows(analysis: str, counts: dict[str, dict[str, int]]):
    for name, categories in counts.items():
        total = sum(categories.values())
        for category, count in categories.items():
            columns = {
                "analysis": analysis,
                "parameter": "best-response",
                **arm(name),
                "group2": "response",
                "level2": category,
            }
            yield number("n", count, format="int", **columns)
            yield number("percent", count / total, format="percent", **columns)


AE_TERMS: list[tuple[str, str, tuple[int, int], tuple[int, int]]] = [
    ("Neutropenia", "Blood and lymphatic system disorders", (84, 52), (2, 0)),
    ("Fatigue", "General disorders and administration site conditions", (47, 4), (15, 1)),
    ("Anaemia", "Blood and lymphatic system disorders", (30, 4), (6, 0)),
    ("Nausea", "Gastrointestinal disorders", (27, 1), (9, 1)),
    ("Arthralgia", "Musculoskeletal and connective tissue disorders", (20, 1), (12, 1)),
    ("Bone pain", "Musculoskeletal and connective tissue disorders", (20, 4), (9, 2)),
    ("Leukopenia", "Blood and lymphatic system disorders", (20, 5), (1, 0)),
    ("Alanine aminotransferase increased", "Investigations", (16, 3), (6, 1)),
    ("Thrombocytopenia", "Blood and lymphatic system disorders", (16, 1), (1, 0)),
]


def adverse_event_rows(analysis: str, sizes: dict[str, int]):
    names = list(sizes)

    def counts(parameter: str, place: int, any_grade: int, severe: int, **groups: str):
        columns = {"analysis": analysis, "parameter": parameter, **arm(names[place]), **groups}
        n = sizes[names[place]]
        for stem, count in (("any_grade", any_grade), ("grade_3", severe)):
            yield number(f"n_{stem}", count, format="int", **columns)
            yield number(f"percent_{stem}", count / n, format="percent", **columns)

    for place, (name, n) in enumerate(sizes.items()):
        columns = {"analysis": analysis, "parameter": "overall", **arm(name)}
        yield number("n", n, format="int", **columns)
        yield from counts(
            "overall", place, int(n * (0.95 if place == 0 else 0.8)), int(n * (0.474 if place == 0 else 0.1))
        )
        for statistic, count in (("n_serious", n // 9), ("n_discontinued", n // 20), ("n_fatal", place)):
            yield number(statistic, count, format="int", **columns)
    for soc in dict.fromkeys(soc for _, soc, *_ in AE_TERMS):
        for place in range(len(names)):
            members = [term for term in AE_TERMS if term[1] == soc]
            counted = [member[3] if place else member[2] for member in members]
            total = (sum(any_grade for any_grade, _ in counted) * 3) // 4
            severe = (sum(high for _, high in counted) * 3) // 4
            yield from counts("soc", place, min(total, sizes[names[place]]), severe, group2="soc", level2=soc)
    for term, _, *pairs in AE_TERMS:
        for place in range(len(names)):
            yield from counts("term", place, *pairs[min(1, place)], group2="term", level2=term)


def flow_rows(sizes: dict[str, int]):
    def count(parameter: str, n: int, **groups: str):
        return number("n", n, analysis="flow", parameter=parameter, format="int", **groups)

    yield count("screened", 233)
    yield count("screen-failure", 35)
    for criterion, n in (("INC08", 14), ("INC03", 9), ("INC10", 7), ("INC06", 5)):
        yield count("screen-failure", n, group1="reason", level1=criterion)
    yield count("randomized", sum(sizes.values()))
    for place, (name, n) in enumerate(sizes.items()):
        missed = place + 1
        yield count("allocated", n, **arm(name))
        yield count("treated", n - missed, **arm(name))
        yield count("not-treated", missed, **arm(name))
        yield count("on-treatment", n // 12, **arm(name))
        yield count("discontinued-treatment", n - missed - n // 12, **arm(name))
        for reason, share in (("Disease progression", 0.8), ("Adverse event", 0.07), ("Withdrawal by subject", 0.05)):
            yield count("discontinued-treatment", int(n * share), **arm(name), group2="reason", level2=reason)
        yield count("on-study", n // 3, **arm(name))
        yield count("died", n // 2, **arm(name))
        yield count("lost-to-follow-up", n // 20, **arm(name))
        yield count("analyzed", n, **arm(name))
        yield count("analyzed-safety", n - missed, **arm(name))


def baseline_rows(trial: Trial, draw: random.Random, sizes: dict[str, int]):
    groups = {**sizes, "total": sum(sizes.values())}
    for name, n in groups.items():
        yield number("n", n, analysis="baseline", parameter="denominator", format="int", **arm(name))
    for variable in trial.report.baseline:
        shares = [draw.random() + 0.2 for _ in trial.variables[variable].levels]
        for name, n in groups.items():
            columns = {"analysis": "baseline", "parameter": variable, **arm(name)}
            if trial.variables[variable].type == "number":
                values = (n, 58.6, 10.4, 59.0, 33.0, 85.0, 0)
                names = ("n", "mean", "std_dev", "median", "minimum", "maximum", "n_missing")
                for statistic, value in zip(names, values, strict=True):
                    yield number(statistic, value, format="int" if statistic.startswith("n") else None, **columns)
                continue
            for level, share in zip(trial.variables[variable].levels, shares, strict=True):
                count = int(n * share / sum(shares))
                part = {**columns, "group2": "level", "level2": level}
                yield number("n", count, format="int", **part)
                yield number("percent", count / n, format="percent", **part)


def survival_rows(trial: Trial, analysis: str, draw: random.Random, plan: dict[str, object]):
    names = [a.id for a in trial.arms]
    sizes, medians = plan["sizes"], plan["medians"]
    horizon, unit = float(plan["horizon"]), str(plan["unit"])  # type: ignore[arg-type]
    arms = [TimeToEvent(draw, n, m, horizon) for n, m in zip(sizes, medians, strict=True)]  # type: ignore[call-overload]
    yield from curve_rows(analysis, names, arms, unit, plan["ticks"])  # type: ignore[arg-type]
    yield from contrast_rows(analysis, names, arms, medians)  # type: ignore[arg-type]
    yield from landmark_rows(analysis, names, arms, unit, plan["landmarks"])  # type: ignore[arg-type]
    yield from follow_up_rows(analysis, 0.55 * horizon, unit)
    yield from subgroup_rows(trial, analysis, draw, names)


def palmira_results(seed: int = 20190405) -> ResultTable:
    """Everything a planned analysis of PALMIRA leaves."""
    trial, draw = load_trial("palmira"), random.Random(seed)
    sizes, safety = {"PALBO_ET": 136, "ET": 62}, {"PALBO_ET": 135, "ET": 60}
    pfs = {"sizes": (136, 62), "medians": (4.9, 3.6), "horizon": 24, "unit": "months"}
    overall = {"sizes": (136, 62), "medians": (28.3, 28.8), "horizon": 38, "unit": "months"}
    best = {
        "PALBO_ET": {"CR": 0, "PR": 6, "SD": 45, "NON-CR/NON-PD": 14, "PD": 60, "NE": 9, "MISSING": 2},
        "ET": {"CR": 0, "PR": 1, "SD": 16, "NON-CR/NON-PD": 5, "PD": 35, "NE": 4, "MISSING": 1},
    }
    return ResultTable(
        [
            *flow_rows(sizes),
            *baseline_rows(trial, draw, sizes),
            *survival_rows(trial, "pfs-primary", draw, {**pfs, "ticks": range(0, 25, 3), "landmarks": (6.0, 12.0)}),
            *survival_rows(trial, "os", draw, {**overall, "ticks": range(0, 37, 6), "landmarks": (12.0, 24.0)}),
            *rate_rows("orr", sizes, {"PALBO_ET": 6, "ET": 1}, 0.4382),
            *best_response_rows("orr", best),
            *rate_rows("cbr", sizes, {"PALBO_ET": 57, "ET": 17}, 0.0577),
            *adverse_event_rows("teae", safety),
        ]
    )


def gbsg2_results(seed: int = 1994) -> ResultTable:
    """Two time-to-event endpoints and a baseline table, in days; nothing else."""
    trial, draw = load_trial("gbsg2"), random.Random(seed)
    plan = {
        "sizes": (246, 440),
        "medians": (2018, 1528),
        "horizon": 2650,
        "unit": "days",
        "ticks": range(0, 2600, 365),
        "landmarks": (730.5, 1826.25),
    }
    return ResultTable(
        [
            *baseline_rows(trial, draw, {"HORM": 246, "NOHORM": 440}),
            *survival_rows(trial, "rfs", draw, plan),
            *survival_rows(trial, "os", draw, {**plan, "medians": (4200, 3900)}),
        ]
    )


def palmira_provenance(**changes: object) -> Provenance:
    columns: dict[str, object] = {
        "trial_id": "PALMIRA",
        "trial_digest": "3f5a" * 16,
        "data_digest": "9c41b7d2" * 8,
        "data_sources": ("dm", "ds", "ex", "ae", "rs"),
        "seed": 20190405,
        "scenario": "published",
        "synthetic": True,
        "cutoff": "2022-11-30",
        "profile": "equipoise",
        "version": "0.1.0",
        "python": "3.11.9",
        "packages": {"numpy": "2.2.0", "polars": "1.30.0", "matplotlib": "3.10.0"},
    }
    return Provenance(**{**columns, **changes})  # type: ignore[arg-type]


LONG = "Palbociclib rechallenge with second-line endocrine therapy of the investigator's choice"


def hard_trial(arms: int = 3, *, long: bool = True) -> Trial:
    """PALMIRA with as many arms as asked for (the last is the control), with long names."""
    trial = load_trial("palmira")
    experimental, control = trial.arms
    made = [
        experimental.model_copy(
            update={"id": f"EXP{place}", "label": f"{LONG}, dose {place}" if long else f"Dose {place}"}
        )
        for place in range(1, arms)
    ]
    last = control.model_copy(update={"label": "Endocrine therapy alone"}) if long else control
    return trial.model_copy(update={"arms": (*made, last)})


def hard_results(trial: Trial, sizes: tuple[int, ...], medians: tuple[float, ...], seed: int = 7) -> ResultTable:
    """The primary analysis and baseline of such a trial."""
    draw = random.Random(seed)
    plan = {"sizes": sizes, "medians": medians, "horizon": 24, "unit": "months", "ticks": range(0, 25, 3)}
    named = dict(zip((a.id for a in trial.arms), sizes, strict=True))
    return ResultTable(
        [
            *survival_rows(trial, "pfs-primary", draw, {**plan, "landmarks": (6.0, 12.0)}),
            *flow_rows(named),
            *baseline_rows(trial, draw, named),
            *adverse_event_rows("teae", named),
        ]
    )
