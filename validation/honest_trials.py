"""Made-up honest trials, analyzed here by numpy alone and printed as papers print them.

Nothing of equipoise analyzes: Cox's model (Efron), the log-rank test, profile-likelihood limits, medians with
Brookmeyer-Crowley limits and exact intervals are written out below, so that the audit's false-flag rate is not measured
with its own arithmetic. The seed of trial k is (20250501, k).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import beta, chi2_contingency, fisher_exact

SEED = 20250501
RATIOS, RATIO_SHARES = ((1, 1), (2, 1), (3, 1), (1, 2)), (0.5, 0.3, 0.1, 0.1)
LEVELS, LEVEL_SHARES = (95, 90, 99, 80), (0.8, 0.12, 0.04, 0.04)
SCAN = 8 * 7 / 30.4375


@dataclass
class Honest:
    """One trial: what was printed (as the mapping of a published-result file), and the numbers behind it."""

    printed: dict[str, Any]
    truth: dict[str, float] = field(default_factory=dict)


@dataclass
class Analysis:
    """Efron's risk weights at every death, by arm, and the counts of the log-rank test."""

    weights: np.ndarray
    deaths: float
    at_risk: np.ndarray
    died: np.ndarray

    def loglik(self, b: float) -> float:
        return self.deaths * b - float(np.log(self.weights[:, 0] + self.weights[:, 1] * math.exp(b)).sum())

    def fit(self) -> tuple[float, float]:
        """Newton's method for one coefficient: estimate and standard error."""
        b = 0.0
        for _ in range(50):
            r = self.weights[:, 1] * math.exp(b)
            p = r / (self.weights[:, 0] + r)
            score, information = self.deaths - p.sum(), (p * (1 - p)).sum()
            step = float(np.clip(score / max(information, 1e-12), -1.0, 1.0))
            b += step
            if abs(step) < 1e-10:
                break
        return b, 1.0 / math.sqrt(max(information, 1e-12))

    def logrank_z(self) -> float:
        n, d = self.at_risk.sum(axis=1), self.died.sum(axis=1)
        share = self.at_risk[:, 1] / n
        variance = d * share * (1 - share) * (n - d) / np.maximum(n - 1, 1)
        return float((self.died[:, 1] - d * share).sum() / math.sqrt(variance.sum()))

    def profile(self, b: float, z: float, s: float) -> tuple[float, float]:
        top = self.loglik(b) - z * z / 2.0
        return tuple(brentq(lambda x: self.loglik(x) - top, *sorted((b, b + sign * 4 * z * s))) for sign in (-1, 1))  # type: ignore[return-value]


def analyzed(time: np.ndarray, event: np.ndarray, arm: np.ndarray, stratum: np.ndarray) -> Analysis:
    weights, risk, died = [], [], []
    for s in np.unique(stratum):
        t, e, a = (x[stratum == s] for x in (time, event, arm))
        moments = np.unique(t[e])
        arms = [np.sort(t[a == k]) for k in (0, 1)]
        lost = [np.sort(t[(a == k) & e]) for k in (0, 1)]
        y = np.stack([len(x) - np.searchsorted(x, moments, "left") for x in arms], axis=1).astype(float)
        d = np.stack([np.searchsorted(x, moments, "right") - np.searchsorted(x, moments, "left") for x in lost], axis=1)
        total = d.sum(axis=1)
        block = np.repeat(np.arange(len(total)), total)
        rank = np.arange(len(block)) - np.repeat(np.cumsum(total) - total, total)
        weights.append(y[block] - (rank / total[block])[:, None] * d[block])
        risk.append(y)
        died.append(d.astype(float))
    held = np.concatenate(died)
    return Analysis(np.concatenate(weights), float(held[:, 1].sum()), np.concatenate(risk), held)


def curve(time: np.ndarray, event: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Times of deaths, the curve, and its limits on the log scale."""
    moments = np.unique(time[event])
    n = len(time) - np.searchsorted(np.sort(time), moments, "left")
    d = np.searchsorted(np.sort(time[event]), moments, "right") - np.searchsorted(np.sort(time[event]), moments, "left")
    with np.errstate(divide="ignore", invalid="ignore"):
        s = np.cumprod(1 - d / n)
        half = z * np.sqrt(np.cumsum(d / (n * (n - d))))
        return moments, s, s * np.exp(-half), np.minimum(1.0, s * np.exp(half))


def median_of(time: np.ndarray, event: np.ndarray, z: float) -> tuple[float, float, float]:
    moments, *heights = curve(time, event, z)
    found = []
    for height in heights:
        below = np.flatnonzero(np.nan_to_num(height, nan=1.0) <= 0.5)
        found.append(float(moments[below[0]]) if len(below) else math.inf)
    return found[0], found[1], found[2]


def decimal(value: float, digits: int, rounding: str = ROUND_HALF_UP) -> str:
    if math.isinf(value):
        return "NR"
    return str(Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), rounding=rounding))


def p_text(p: float, digits: int) -> str:
    least = 10.0**-digits
    if p < least:
        return f"<{decimal(least, digits)}"
    return f">{decimal(1 - least, digits)}" if p > 1 - least else decimal(p, digits)


def exact(x: int, n: int, level: float) -> tuple[float, float]:
    a = (1 - level) / 2
    return (float(beta.ppf(a, x, n - x + 1)) if x else 0.0, float(beta.ppf(1 - a, x + 1, n - x)) if x < n else 1.0)


def draw_honest(k: int) -> Honest:
    """Trial number k, its analyses, and its publication."""
    rng = np.random.default_rng((SEED, k))
    for _ in range(100):
        drawn = _trial(rng)
        if drawn is not None:
            return drawn
    raise RuntimeError(f"trial {k} had no events in a hundred draws")


def _arms(rng: np.random.Generator, n: int, ratio: tuple[int, int], stratum: np.ndarray, block: int) -> np.ndarray:
    arm = np.zeros(n, dtype=int)
    if not block:
        return (rng.random(n) < ratio[0] / sum(ratio)).astype(int)
    for s in np.unique(stratum):
        places = np.flatnonzero(stratum == s)
        blocks = [rng.permutation([1] * (block * ratio[0] // sum(ratio)) + [0] * (block * ratio[1] // sum(ratio)))
                  for _ in range(-(-len(places) // block))]  # fmt: skip
        arm[places] = np.concatenate(blocks)[: len(places)]
    return arm


def _trial(rng: np.random.Generator) -> Honest | None:
    ratio = RATIOS[rng.choice(4, p=RATIO_SHARES)]
    n = round(math.exp(rng.uniform(math.log(60), math.log(1000))))
    strata = int(rng.choice([1, 2, 4, 8]))
    stratum = rng.integers(strata, size=n)
    block = int(rng.choice([0, 1, 2])) * sum(ratio) * (2 if sum(ratio) == 2 else 1)
    arm = _arms(rng, n, ratio, stratum, block)
    hr, median = math.exp(rng.uniform(math.log(0.3), math.log(1.3))), rng.uniform(3, 30)
    risk = np.exp(rng.normal(0, 0.5, size=strata))[stratum]
    delayed = rng.random() < 0.2
    late = rng.uniform(0, 0.4) * median if delayed else 0.0
    spent = rng.exponential(size=n) * median / math.log(2) / risk
    time = np.where((arm == 1) & (spent > late), late + (spent - late) / hr, spent)
    follow = rng.uniform(0.6, 4) * median
    censored = np.minimum(follow * rng.uniform(0.4, 1, size=n), rng.exponential(size=n) * median * 12)
    event = time <= censored
    time = np.minimum(time, censored)
    if rng.random() < 0.4:
        seen = np.ceil(time / SCAN) * SCAN + rng.choice([-7, 0, 0, 0, 7], size=n) / 30.4375
        time = np.where(event, np.maximum(seen, 0.1), time)
    if min(event[arm == k].sum() for k in (0, 1)) < 5 or event.sum() < 15:
        return None
    return _published(rng, n, ratio, strata, block, time, event, arm, stratum, hr, follow)


def _published(rng, n, ratio, strata, block, time, event, arm, stratum, hr, follow) -> Honest:
    one = np.zeros(n, dtype=int)
    stratified, mixed = strata > 1 and rng.random() < 0.7, rng.random() < 0.15
    effect = analyzed(time, event, arm, stratum if stratified else one)
    test = analyzed(time, event, arm, (one if stratified else stratum) if mixed else (stratum if stratified else one))
    b, s = effect.fit()
    z_wald = b / s
    kind = "cox" if rng.random() < 0.25 and not mixed else "log-rank"
    z_test = z_wald if kind == "cox" else test.logrank_z()
    level = int(rng.choice(LEVELS, p=LEVEL_SHARES))
    z = float(ndtri(0.5 + level / 200))
    profile = rng.random() < 0.15
    limits = effect.profile(b, z, s) if profile else (b - z * s, b + z * s)
    digits = int(rng.choice([2, 1, 3], p=[0.75, 0.12, 0.13]))
    rounding = ROUND_HALF_UP if rng.random() < 0.7 else ROUND_HALF_EVEN
    texts = [decimal(math.exp(x), digits, rounding) for x in (b, *limits)]
    sides = 1 if rng.random() < 0.15 else 2
    p = float(ndtr(z_test)) if sides == 1 else float(2 * ndtr(-abs(z_test)))
    ratio_part: dict[str, Any] = {"value": f"{texts[0]} ({level}% {texts[1]}-{texts[2]})"}
    if rng.random() < 0.05:
        ratio_part["value"] = f"{texts[0]} ({texts[1]}-{texts[2]})"
    if not profile and rng.random() < 0.1:
        ratio_part["method"] = "wald"
    printed_test: dict[str, Any] = {"p": p_text(p, int(rng.choice([3, 2, 4], p=[0.7, 0.15, 0.15])))}
    if rng.random() < (0.7 if sides == 1 else 0.4):
        printed_test["sides"] = str(sides)
    counts = [int(event[arm == k].sum()) for k in (0, 1)]
    result: dict[str, Any] = {"endpoint": "PFS", "source": "paper", "hazard_ratio": ratio_part, "test": printed_test}
    if rng.random() < 0.6:
        result["events"] = str(sum(counts))
    for name, k in (("experimental", 1), ("control", 0)):
        middle, low, high = median_of(time[arm == k], event[arm == k], float(ndtri(0.975)))
        result[name] = {"median": f"{decimal(middle, 1)} (95% {decimal(low, 1)}-{decimal(high, 1)})"}
    result["rates"] = _rates(rng, time, event, arm, follow)
    truth = {"b": b, "s": s, "z_test": z_test, "n": n, "d": sum(counts), "p1": ratio[0] / sum(ratio), "mixed": mixed,
             "profile": profile, "level": level, "sides": sides, "kind": float(kind == "cox"), "hr": hr,
             "stratified": stratified, "digits": digits, "low": limits[0], "high": limits[1]}  # fmt: skip
    return Honest(_file(rng, n, ratio, strata, block, arm, result), truth)


def _rates(rng, time, event, arm, follow) -> list[dict[str, Any]]:
    if rng.random() < 0.5:
        return []
    at = round(float(rng.uniform(0.2, 0.6) * follow), 0) or 1.0
    found = {"at": str(at)}
    for name, k in (("experimental", 1), ("control", 0)):
        moments, s, *_ = curve(time[arm == k], event[arm == k], 1.96)
        place = np.searchsorted(moments, at, "right") - 1
        found[name] = decimal(100 * (float(s[place]) if place >= 0 else 1.0), 1)
    return [found]


def _file(rng, n, ratio, strata, block, arm, result) -> dict[str, Any]:
    sizes = {"experimental": int(arm.sum()), "control": int(n - arm.sum())}
    safety = {name: size - int(rng.binomial(size, 0.02)) for name, size in sizes.items()}
    chances = {"experimental": rng.uniform(0.05, 0.8), "control": rng.uniform(0.05, 0.8)}
    answered = {name: int(rng.binomial(size, chances[name])) for name, size in sizes.items()}
    response: dict[str, Any] = {
        "label": "Response",
        "kind": "response",
        "source": "paper",
        "population": "all randomized",
    }
    digits = int(rng.choice([1, 0], p=[0.8, 0.2]))
    for name, size in sizes.items():
        low, high = exact(answered[name], size, 0.95)
        response[name] = {
            "percent": decimal(100 * answered[name] / size, digits),
            "interval": {"lower": decimal(100 * low, digits), "upper": decimal(100 * high, digits), "level": "95"},
        }
    table = [[answered[name], sizes[name] - answered[name]] for name in sizes]
    if 0 < answered["experimental"] + answered["control"] < n:
        p = fisher_exact(table).pvalue if rng.random() < 0.5 else chi2_contingency(table, correction=False).pvalue
        response["test"] = {"p": p_text(float(p), 3)}
    events = []
    for label in ("Neutropenia", "Anemia", "Fatigue"):
        chance = rng.uniform(0.01, 0.6)
        events.append({"label": label, "kind": "adverse-event", "source": "paper", "population": "safety", **{
            name: {"percent": decimal(100 * int(rng.binomial(size, chance)) / size, digits)}
            for name, size in safety.items()}})  # fmt: skip
    printed: dict[str, Any] = {
        "published": "1", "trial": "made up", "sources": {"paper": "made up"}, "ratio": f"{ratio[0]}:{ratio[1]}",
        "experimental": {"label": "E", "randomized": str(sizes["experimental"])},
        "control": {"label": "C", "randomized": str(sizes["control"])},
        "results": [result], "shares": [response, *events],
    }  # fmt: skip
    if block and rng.random() < 0.5:
        printed |= {"blocks": [str(block)], "strata": str(strata)}
    return printed
