"""An audit as result rows: statuses, numbers, and the intervals that its picture shows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from equipoise.evidence.effect_readings import usual_reading
from equipoise.evidence.findings import Finding
from equipoise.evidence.interval_checks import ratio_held
from equipoise.evidence.published import PublishedEndpoint, PublishedTrial
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import number
from equipoise.kernels.plain.special import normal_quantile

# The paper behind each check that has one.
_METHODS = {"information-bound": "schoenfeld", "percentages": "grim", "one-standard-error": "statcheck"}
# Beyond it exp() has no number.
_LARGEST_LOG = 700.0
PRINTED, NARROWEST, EXPECTED, BY_P = "printed", "narrowest", "expected", "by-p"


def audit_rows(trial: PublishedTrial, findings: Sequence[Finding], run: str = "") -> list[ResultRow]:
    """The rows of an audit: `status` of each finding (words in `value_text`, `label`, `warning`), and its numbers."""
    name = run or trial.trial
    found = [row for finding in findings for row in _rows_of(name, finding)]
    for result in trial.results:
        flagged = any(one.subject == result.endpoint and one.status == "inconsistent" for one in findings)
        found += _pictured(name, trial, result, flagged=flagged)
    return found


def _rows_of(run: str, finding: Finding) -> Iterator[ResultRow]:
    method = _METHODS.get(finding.check)
    yield ResultRow(
        run=run, analysis="audit", endpoint=finding.subject, parameter=finding.check, statistic="status",
        value_text=finding.status, label=finding.said, warning=finding.explanation or None, method=method,
    )  # fmt: skip
    for name, value in finding.values.items():
        yield ResultRow(
            run=run, analysis="audit", endpoint=finding.subject, parameter=finding.check, statistic=name,
            method=method, **number(value),
        )  # fmt: skip


def _pictured(run: str, trial: PublishedTrial, result: PublishedEndpoint, *, flagged: bool) -> Iterator[ResultRow]:
    """The printed interval, the narrowest that the events can give, the expected one, and the one that P speaks of."""
    ratio = result.hazard_ratio
    if ratio is None or ratio.interval is None or not ratio_held(ratio):
        return
    reading = usual_reading(result, ratio)
    b, z = math.log(ratio.value.value), normal_quantile(0.5 + reading.level / 2.0)
    events = result.total_events
    d = events if events is not None else trial.randomized
    if d == 0:
        return
    share = trial.ratio[0] / sum(trial.ratio)
    counted = f"{d} events" if events is not None else f"{d} patients, an event in each"
    level = f"{100 * reading.level:g}%"
    errors = {
        NARROWEST: (f"Narrowest possible, {counted}", 2.0 / math.sqrt(d)),
        EXPECTED: (f"Expected of {counted}, {trial.ratio[0]}:{trial.ratio[1]}",
                   1.0 / math.sqrt(d * share * (1.0 - share))),
    }  # fmt: skip
    p = result.test.p if result.test is not None else None
    if p is not None and p.relation == "=" and 0.0 < p.value / reading.sides < 0.5 and b:
        sides = "one" if reading.sides == 1 else "two"
        errors[BY_P] = (f"From P = {p.text}, {sides}-sided", abs(b) / -normal_quantile(p.value / reading.sides))
    limits = {PRINTED: (f"Printed, {level}", ratio.interval.lower.value, ratio.interval.upper.value)}
    limits |= {kind: (label, _exp(b - z * s), _exp(b + z * s)) for kind, (label, s) in errors.items()}
    # What was printed keeps its digits beside its value.
    texts = (ratio.value.text, ratio.interval.lower.text, ratio.interval.upper.text)
    for kind, (label, low, high) in limits.items():
        found = zip(("estimate", "conf_low", "conf_high"), (math.exp(b), low, high), texts, strict=True)
        for statistic, value, text in found:
            said = number(value)
            if kind == PRINTED:
                said["value_text"] = text
            yield ResultRow(
                run=run, analysis="audit", endpoint=result.endpoint, parameter="interval", group1="reading",
                level1=kind, statistic=statistic, label=label, format="ratio", **said,
                warning="inconsistent" if flagged and kind == PRINTED else None,
            )  # fmt: skip


def _exp(value: float) -> float:
    return math.exp(value) if value < _LARGEST_LOG else math.inf
