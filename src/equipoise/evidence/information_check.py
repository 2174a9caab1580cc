"""Check 2: no Cox or log-rank analysis of d events knows more than d / 4.

The hard bound: each event brings p (1 - p) to the information of a partial likelihood, p a share at risk weighted by
the hazard ratio, so 1 / SE^2 <= d / 4 whatever the ratio, the strata and other covariates; a profile-likelihood
interval obeys it too, since its likelihood is nowhere more curved. The soft expectation: d p (1 - p) with p from the
allocation share (no effect) to that share weighted by the hazard ratio (the first event).
"""

from __future__ import annotations

import math

from equipoise.evidence.effect_readings import (
    EXEMPT_EFFECTS,
    EXEMPT_INTERVALS,
    USUAL_LEVELS,
    Numbers,
    numbers_of,
    stated_level,
)
from equipoise.evidence.findings import Finding, Status
from equipoise.evidence.published import PrintedRatio, PublishedEndpoint, PublishedTrial
from equipoise.kernels.plain.special import normal_quantile, normal_tail

# Honest information over the soft expectation, from calibration (docs/methods/audit.md).
SOFT_LOW, SOFT_HIGH = 0.65, 1.12


def check_information(trial: PublishedTrial, result: PublishedEndpoint, ratio: PrintedRatio) -> Finding:
    """1 / SE^2 <= d / 4 with the largest SE that the interval's digits allow; d reported, else everybody randomized."""
    subject = result.endpoint
    if (impossible := _impossible_count(trial, result)) is not None:
        return impossible
    if ratio.effect in EXEMPT_EFFECTS or ratio.method in EXEMPT_INTERVALS:
        said = f"no bound holds for this analysis (effect {ratio.effect}, interval {ratio.method})"
        return Finding("information-bound", subject, "not-checked", said)
    numbers, level = numbers_of(result, ratio), stated_level(ratio)
    at = USUAL_LEVELS[0] if level is None else level
    errors = width_errors(numbers, at)
    if errors is None:
        return Finding("information-bound", subject, "not-checked", "one limit was not reached")
    least, largest = errors
    d, counted = _events(trial, result)
    needed = math.ceil(4.0 / largest**2 - 1e-9)
    low, high = expected_information(trial, numbers, d)
    most = f" to {1 / least**2:.2f}" if least > 0.0 else " or more"
    arithmetic = (
        f"SE that the digits allow at {100 * at:g}%: {least:.4f} to {largest:.4f}; information 1 / SE^2 = "
        f"{1 / largest**2:.2f}{most}",
        f"at most d / 4 = {d / 4:.2f} from {counted}; expected d p (1 - p) = {_range(low, high)} at "
        f"{trial.ratio[0]}:{trial.ratio[1]}",
    )
    values = {"se_low": least, "se_high": largest, "information": 1 / largest**2, "bound": d / 4, "events": float(d),
              "needed": float(needed), "expected_low": low, "expected_high": high}  # fmt: skip
    tolerance = f"the narrowest and the widest interval that print as {numbers.interval[0]}-{numbers.interval[1]}"  # type: ignore[index]
    if needed > d:
        said = f"an interval so narrow needs at least {needed} events, more than {counted}"
        wide = next((one for one in USUAL_LEVELS if level is None and _possible(numbers, one, d)), None)
        status: Status = "inconsistent" if wide is None else "note"
        other = _wider_reading(numbers, d, needed, low) if wide is None else _at_level(wide)
        return Finding("information-bound", subject, status, said, arithmetic, other, values, tolerance)
    said = f"an interval so narrow needs at least {needed} events; {counted} can give it"
    unusual = _unusual(trial, result, errors, d)
    if unusual:
        explanation = f"consistent if {unusual}, with another level or another analysis"
        return Finding("information-bound", subject, "note", f"{said}, but that is not expected", arithmetic,
                       explanation, values, tolerance)  # fmt: skip
    return Finding("information-bound", subject, "consistent", said, arithmetic, values=values, tolerance=tolerance)


def _impossible_count(trial: PublishedTrial, result: PublishedEndpoint) -> Finding | None:
    """A flag of no events, or of more than patients, of all or of an arm; None where there is neither."""
    if result.total_events == 0:
        return Finding("information-bound", result.endpoint, "inconsistent",
                       "no hazard ratio is estimated without an event",
                       explanation="consistent with events that were not counted here")  # fmt: skip
    arms = ((arm, getattr(result, arm).events, getattr(trial, arm).randomized) for arm in ("experimental", "control"))
    for of, events, patients in (("", result.total_events, trial.randomized), *arms):
        if events is not None and events > patients:
            said = f"{of}{': ' if of else ''}{events} events are more than {patients} randomized patients"
            return Finding("information-bound", result.endpoint, "inconsistent", said,
                           explanation="consistent if events or patients were misprinted")  # fmt: skip
    return None


def width_errors(numbers: Numbers, level: float) -> tuple[float, float] | None:
    """The least and the largest standard error that the width of an interval allows, whatever its center."""
    if numbers.interval is None or not all(limit.reached and limit.low > 0.0 for limit in numbers.interval):
        return None
    lower, upper = numbers.interval
    z = 2.0 * normal_quantile(0.5 + level / 2.0)
    least = (math.log(upper.low) - math.log(lower.high)) / z
    return max(least, 0.0), (math.log(upper.high) - math.log(lower.low)) / z


def expected_information(trial: PublishedTrial, numbers: Numbers, d: int) -> tuple[float, float]:
    """d p (1 - p) at the allocation share, and at that share weighted by the hazard ratio: the lower and the higher."""
    share = trial.ratio[0] / sum(trial.ratio)
    weighted = share * numbers.ratio.value / (share * numbers.ratio.value + 1.0 - share)
    found = sorted(d * p * (1.0 - p) for p in (share, weighted))
    return found[0], found[1]


def information_fits(trial: PublishedTrial, result: PublishedEndpoint, numbers: Numbers, level: float) -> bool:
    """Whether an interval of this level is possible from the events, and no surprise."""
    errors, ratio = width_errors(numbers, level), result.hazard_ratio
    if errors is None or ratio is None or ratio.effect in EXEMPT_EFFECTS or ratio.method in EXEMPT_INTERVALS:
        return True
    d, _ = _events(trial, result)
    return _possible(numbers, level, d) and not _unusual(trial, result, errors, d)


def _events(trial: PublishedTrial, result: PublishedEndpoint) -> tuple[int, str]:
    events = result.total_events
    if events is not None:
        return events, f"{events} events"
    return trial.randomized, f"{trial.randomized} randomized patients, an event in each"


def _possible(numbers: Numbers, level: float, d: int) -> bool:
    errors = width_errors(numbers, level)
    return errors is not None and errors[1] > 0.0 and 4.0 / errors[1] ** 2 <= d * (1.0 + 1e-12)


def _unusual(trial: PublishedTrial, result: PublishedEndpoint, errors: tuple[float, float], d: int) -> str:
    """How many events the interval speaks of, where that is far from those reported; empty where it is not."""
    assert result.hazard_ratio is not None
    numbers = numbers_of(result, result.hazard_ratio)
    low, high = expected_information(trial, numbers, d)
    most = 1.0 / errors[0] ** 2 if errors[0] > 0.0 else math.inf
    least = 1.0 / errors[1] ** 2
    if least > SOFT_HIGH * high:
        return f"there were about {d * least / high:.0f} events"
    if result.total_events is not None and most < SOFT_LOW * low:
        return f"there were about {d * most / low:.0f} events"
    return ""


def _range(low: float, high: float) -> str:
    return f"{low:.2f}" if high - low < 0.005 else f"{low:.2f} to {high:.2f}"


def _wider_reading(numbers: Numbers, d: int, needed: int, expected: float) -> str:
    """The level at which the interval would be possible; with P read as one-sided where that gives a fitting SE."""
    said = f"needs at least {needed} events"
    assert numbers.interval is not None
    width = math.log(numbers.interval[1].value) - math.log(numbers.interval[0].value)
    least = 2.0 / math.sqrt(d)
    if numbers.p is not None and 0.0 < numbers.p.value < 0.5 and numbers.p.relation == "=":
        s = abs(math.log(numbers.ratio.value)) / -normal_quantile(numbers.p.value)
        share = expected / d
        likely = round(1.0 / (share * s**2)) if s > 0.0 and share > 0.0 else d + 1
        if s >= least and likely <= d:
            level = 1.0 - 2.0 * normal_tail(width / (2.0 * s))
            return f"{said}; {_at_level(level, 'about ')} and P is one-sided (about {likely} events)"
    level = 1.0 - 2.0 * normal_tail(width / (2.0 * least))
    return f"{said}; {_at_level(level)} or less"


def _at_level(level: float, about: str = "") -> str:
    return f"consistent if the interval is {about}{100 * level:.0f}%"
