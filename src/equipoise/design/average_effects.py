"""One hazard ratio for hazards that are not proportional: which average it is, stands in its name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from equipoise.design.design_result import DesignResult, design_row, prose_listing, prose_number, render_code
from equipoise.design.hazards import Accrual, Hazard
from equipoise.design.levels import check_choice, check_positive, refused
from equipoise.design.planned_trial import EFFECT_ARGUMENTS, PlannedStratum, PlannedTrial, planned_trial
from equipoise.design.trial_course import Dropouts, Stratum
from equipoise.frames.results import ResultRow

_NAMES = {
    "geometric": ("average-hazard-ratio", "the geometric mean of the hazard ratios, weighted by expected events,"),
    "kalbfleisch-prentice": ("kalbfleisch-prentice", "the average hazard ratio of Kalbfleisch and Prentice"),
    "cox": ("cox-limit", "the limit of the Cox estimate under the assumed censoring"),
}
METHODS = tuple(_NAMES)


@dataclass(frozen=True, repr=False)
class AverageHazardRatio(DesignResult):
    """An average hazard ratio when the data are cut at the calendar time `time`.

    `hazard_ratio`, experimental to control; `method`, which average; `events` expected, control and experimental
    (of `n` patients; per patient where the accrual leaves n open); `hazard_ratios`, the (from, to, hazard ratio) pieces
    averaged over, by stratum.
    """

    hazard_ratio: float
    method: str
    time: float
    n: float
    events: tuple[float, float]
    hazard_ratios: tuple[tuple[tuple[float, float, float], ...], ...]
    arguments: dict[str, Any] = field(compare=False)

    def to_rows(self) -> list[ResultRow]:
        """hazard_ratio at the time, then expected events by arm."""
        method, words = _NAMES[self.method]
        place: dict[str, Any] = {"at": self.time, "at_unit": "time", "method": method}
        rows = [design_row("average_hazard_ratio", self.hazard_ratio, label=words, format="ratio", **place)]
        for arm, events in zip(("control", "experimental"), self.events, strict=True):
            rows.append(design_row("events", events, group1="arm", level1=arm, **place))
        return rows

    def text(self) -> str:
        """The average and how it comes about, in words."""
        pieces = [f"{prose_number(hr)} {_when(a, b)}" for a, b, hr in self.hazard_ratios[0]]
        strata = f" (first of {len(self.hazard_ratios)} strata)" if len(self.hazard_ratios) > 1 else ""
        return (
            f"The hazard ratio, experimental to control, is assumed to be {prose_listing(pieces)}{strata}. At time "
            f"{prose_number(self.time)}, {_NAMES[self.method][1]} is {prose_number(self.hazard_ratio)}."
        )

    def code(self) -> str:
        return render_code("average_hazard_ratio", self.arguments)


def average_hazard_ratio(
    *,
    control: Hazard | None = None,
    experimental: Hazard | None = None,
    hazard_ratio: float | None = None,
    accrual: Accrual,
    time: float,
    dropout: Dropouts = None,
    ratio: float | tuple[float, float] = 1.0,
    strata: Mapping[str, Stratum] | None = None,
    method: str = "geometric",
) -> AverageHazardRatio:
    """The average hazard ratio, experimental to control, expected when the data are cut at a calendar time.

    Arguments: `control`, `experimental` or `hazard_ratio`, `accrual`, `dropout`, `ratio`, `strata` as of
    `expected_events`; `time`, from the first patient's entry (time units, above zero). `method`:
    "geometric" (default): exp of the mean log hazard ratio, weighted by the events expected in both arms while it holds
    (to which the information about it is proportional), over time and strata;
    "kalbfleisch-prentice": integral of lambda_1 G over that of lambda_0 G, G = sqrt(S_0 S_1), to the longest follow-up
    `time` (no censoring enters; strata are pooled by their shares);
    "cox": what a (stratified) Cox fit converges to as patients are added, which depends on accrual and dropout.
    All three are the hazard ratio itself where it is constant.

    Returns an `AverageHazardRatio`. Raises ArgumentError `argument-invalid`; DesignError `design-unreachable` where no
    events are expected in one of the arms.

    Source: Mukhopadhyay P et al. J Biopharm Stat 2020;30:1130-1146; Kalbfleisch JD, Prentice RL. Biometrika
    1981;68:105-112; Struthers CA, Kalbfleisch JD. Biometrika 1986;73:363-369.

    >>> from equipoise.design import Accrual, Hazard
    >>> control = Hazard.from_median(15)
    >>> late = Hazard.piecewise([control.rates[0], 0.6 * control.rates[0]], [4])
    >>> found = average_hazard_ratio(control=control, experimental=late, accrual=Accrual.uniform(duration=12), time=24)
    >>> round(found.hazard_ratio, 3)
    0.714
    """
    arguments = dict(locals())
    check_choice(method, METHODS, "method")
    at = check_positive(time, "time")
    trial = planned_trial(accrual, **{name: arguments[name] for name in EFFECT_ARGUMENTS})
    events = trial.events(at)
    averages: dict[str, Callable[[PlannedTrial, float], float]] = {
        "geometric": geometric_average,
        "kalbfleisch-prentice": _kalbfleisch_prentice,
        "cox": _cox_limit,
    }
    if not (events > 0.0).all():
        raise refused("time", time, "a time by which both arms have events", "one arm has no expected events by then")
    n = 1.0 if accrual.n is None else accrual.n
    pieces = tuple(tuple(_ratio_pieces(stratum, at)) for stratum in trial.strata)
    return AverageHazardRatio(
        averages[method](trial, at), method, at, n, (float(events[0]) * n, float(events[1]) * n), pieces, arguments
    )


def geometric_average(trial: PlannedTrial, time: float) -> float:
    """exp(sum of events times log hazard ratio / sum of events), over pieces and strata."""
    total = weighted = 0.0
    for stratum in trial.strata:
        grid = trial.grid(stratum, time)
        density = (trial.at_risk(stratum, grid.t, time) * stratum.hazards(grid.t)).sum(axis=0)
        for start, stop, hr in _ratio_pieces(stratum, time):
            events = grid.integral(np.where((grid.t > start) & (grid.t < stop), density, 0.0))
            if events > 0.0:
                total += events
                weighted += events * (math.log(hr) if hr > 0.0 else -math.inf if hr == 0.0 else math.inf)
    return math.exp(weighted / total) if total > 0.0 else math.nan


def _ratio_pieces(stratum: PlannedStratum, time: float) -> list[tuple[float, float, float]]:
    """(from, to, hazard ratio), neighbors with the same ratio as one piece; a piece without control hazard is NaN."""
    control, experimental = stratum.control.hazard, stratum.experimental.hazard
    edges = sorted({0.0, *(b for b in (*control.breaks, *experimental.breaks) if b < time)})
    pieces: list[tuple[float, float, float]] = []
    for start, stop in zip(edges, [*edges[1:], time], strict=True):
        below = float(control.at(start))
        hr = float(experimental.at(start)) / below if below > 0.0 else math.nan
        if pieces and math.isclose(pieces[-1][2], hr, rel_tol=1e-12):
            pieces[-1] = (pieces[-1][0], stop, pieces[-1][2])
        else:
            pieces.append((start, stop, hr))
    return pieces


def _kalbfleisch_prentice(trial: PlannedTrial, time: float) -> float:
    sums = np.zeros(2)
    for stratum in trial.strata:
        grid = trial.grid(stratum, time)
        t = grid.t
        both = np.exp(-0.5 * sum(cell.hazard.cumulative(t) for cell in stratum))
        sums += [stratum.share * grid.integral(hazard * both) for hazard in stratum.hazards(t)]
    return float(sums[1] / sums[0])


def _cox_limit(trial: PlannedTrial, time: float) -> float:
    """The zero of sum over strata of integral (pi_1 lambda_1 - pi_1 e^b / (pi_0 + pi_1 e^b) v) dt, by Newton steps."""
    parts = []
    for stratum in trial.strata:
        grid = trial.grid(stratum, time)
        densities = trial.at_risk(stratum, grid.t, time) * stratum.hazards(grid.t)
        gone = stratum.leaving(grid.t)
        odds = np.log(stratum.experimental.share / stratum.control.share) + gone[0] - gone[1]
        parts.append((grid, densities, odds))
    beta, low, high = 0.0, -50.0, 50.0
    for _ in range(200):
        score = information = 0.0
        for grid, (below, above), odds in parts:
            share = 1.0 / (1.0 + np.exp(-np.clip(odds + beta, -700.0, 700.0)))
            score += grid.integral(above - share * (below + above))
            information += grid.integral(share * (1.0 - share) * (below + above))
        low, high = (beta, high) if score > 0.0 else (low, beta)
        proposed = beta + score / information if information > 0.0 else math.nan
        proposed = proposed if low < proposed < high else (low + high) / 2.0
        if abs(proposed - beta) <= 1e-14 * max(1.0, abs(beta)):
            return math.exp(proposed)
        beta = proposed
    return math.exp(beta)


def _when(start: float, stop: float) -> str:
    if start == 0.0:
        return f"to time {prose_number(stop)}"
    return f"from {prose_number(start)} to {prose_number(stop)}"
