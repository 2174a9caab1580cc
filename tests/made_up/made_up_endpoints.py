"""Time-to-event results of made-up trials, computed by our estimators and rounded as papers round."""

from __future__ import annotations

import math

import numpy as np

from equipoise.analysis import cox, kaplan_meier, logrank
from equipoise.evidence.published import PublishedTrial

RATE_TIMES = (6.0, 12.0)
RISK_TIMES = (0.0, 3.0, 6.0, 9.0, 12.0, 18.0)
CONF_TYPES = ("log", "log-log", "plain")
DAYS_PER_MONTH = 30.4375


def made_up_patients(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times in months, events and arms (1 experimental) of one trial; half of the trials have whole days."""
    draw = np.random.default_rng(seed)
    n1 = int(draw.integers(40, 260))
    n0 = n1 if draw.random() < 0.5 else max(n1 // 2, 20)
    arm = np.repeat([1, 0], [n1, n0])
    rate = math.log(2) / draw.uniform(4.0, 15.0) * np.where(arm == 1, draw.uniform(0.45, 1.1), 1.0)
    shape = draw.choice([0.8, 1.0, 1.3])
    truth = draw.exponential(1.0, len(arm)) ** (1.0 / shape) / rate
    follow = draw.uniform(5.0, draw.uniform(15.0, 36.0), len(arm))
    follow = np.where(draw.random(len(arm)) < 0.08, draw.uniform(0.1, 20.0, len(arm)), follow)
    time, event = np.minimum(truth, follow), (truth <= follow).astype(int)
    if seed % 2:
        time = np.maximum(np.round(time * DAYS_PER_MONTH), 1.0) / DAYS_PER_MONTH
    return time, event, arm


def made_up_endpoint(seed: int, *, swap_medians: bool = False) -> PublishedTrial:
    """The trial of `made_up_patients`, its numbers rounded; which are printed, and how finely, varies with the seed."""
    time, event, arm = made_up_patients(seed)
    draw = np.random.default_rng([seed, 1])
    digits, scale = int(draw.integers(1, 3)), CONF_TYPES[int(draw.integers(3))]
    label = np.where(arm == 1, "experimental", "control")
    curves = {c.level: c for c in kaplan_meier(time, event, group=label, conf_type=scale).curves}
    fit = cox(time, event, label, reference="control")
    low, high = fit.conf_int[0]
    p = logrank(time, event, label, reference="control").p_value
    arms = {}
    for name, curve in curves.items():
        median = curve.median()
        limits = f" (95% {_time(median.conf_low, digits)} to {_time(median.conf_high, digits)})"
        arms[name] = {"median": _time(median.time, digits) + limits}
        if draw.random() < 0.7:
            arms[name]["events"] = int(event[label == name].sum())
    if swap_medians:
        arms["experimental"]["median"], arms["control"]["median"] = (
            arms["control"]["median"],
            arms["experimental"]["median"],
        )
    result = {
        "endpoint": "PFS",
        "source": "made-up",
        "hazard_ratio": {"value": f"{fit.hazard_ratio[0]:.2f} (95% {low:.2f}-{high:.2f})", "stratified": False},
        "test": {"p": f"{p:.3f}" if p >= 0.001 else "<.001", "sides": 2, "test": "log-rank"},
        **arms,
        "rates": [rate for at in RATE_TIMES if (rate := _rate(curves, at, interval=seed % 3 == 0))],
    }
    if draw.random() < 0.6:
        counts = {name: [int((time[label == name] >= at).sum()) for at in RISK_TIMES] for name in arms}
        result["at_risk"] = {"times": RISK_TIMES, **counts}
    n = {name: {"label": name, "randomized": int((label == name).sum())} for name in arms}
    return PublishedTrial.model_validate(
        {"published": 1, "trial": f"made up {seed}", "sources": {"made-up": "drawn"}, **n, "results": [result],
         "ratio": "1:1" if n["experimental"]["randomized"] == n["control"]["randomized"] else "2:1"}
    )  # fmt: skip


def _time(value: float, digits: int) -> str:
    return "NE" if math.isnan(value) else f"{value:.{digits}f}"


def _rate(curves, at: float, *, interval: bool):
    found = {}
    for name, curve in curves.items():
        read = curve.at(at)[0]
        if math.isnan(read.survival):
            continue
        limits = f" (95% {100 * read.conf_low:.1f}-{100 * read.conf_high:.1f})"
        known = interval and not math.isnan(read.conf_low)
        found[name] = f"{100 * read.survival:.1f}" + (limits if known else "")
    return {"at": at, **found} if found else None
