"""The design of a trial in words that a protocol can take as they stand."""

from __future__ import annotations

import math
from collections.abc import Iterator

from equipoise.design.design_result import prose_number, prose_percent
from equipoise.design.hazards import Hazard
from equipoise.design.trial_parts import DesignParts, PlannedLook
from equipoise.design.trial_premises import DesignPremises

_SINGLE = "The following is of a single test at the final events, without interim looks. "


def trial_paragraphs(design: DesignParts) -> list[str]:
    """One paragraph a thought: the requirement, what the patients buy, the looks, the bounds, how fragile it is."""
    found = [
        " ".join(_requirement(design)),
        " ".join(design.premises.approximations),
        " ".join(_patients(design)),
        " ".join(_looks(design)),
        " ".join(_bounds(design)),
        "" if design.sensitivity is None else f"{_SINGLE if design.sequential else ''}{design.sensitivity.text()}",
    ]
    return [paragraph for paragraph in found if paragraph]


def _requirement(design: DesignParts) -> Iterator[str]:
    if design.requirement:
        schoenfeld, freedman = design.requirement
        yield schoenfeld.text()
        yield f"By Freedman's formula it would be {freedman.events_up} events."
    else:
        yield f"The hazard ratio assumed is {prose_number(design.hazard_ratio)}; the scenario states no power."
    if not design.proportional:
        yield (
            "The hazards assumed are not proportional; the hazard ratio is their geometric average, weighted by the "
            "events expected, and events required for it are approximate. Power under the hazards assumed is found "
            "from the mean and the variance of the log-rank test, integrated over them."
        )


def _patients(design: DesignParts) -> Iterator[str]:
    premises = design.premises
    ratio = ":".join(str(part) for part in premises.ratio)
    arms = f"{ratio} to {premises.arm_name} or {premises.control_name}"
    over = f"over {_months(premises.accrual.duration)}{_followed(premises)}"
    n = _number(premises.accrual.n)
    if premises.share == 1.0:
        yield f"{n} patients are randomized {arms} {over}."
    else:
        yield f"{n} patients are randomized {over}, {_number(premises.arms_accrual.n)} of them {arms}."
    yield f"The design assumes {_survival(premises)}, and {_dropout(premises)}."
    if design.at_end is not None and premises.end is not None:
        yield (
            f"By the end of follow-up, {_months(premises.end)} after the first randomization, "
            f"{_number(design.at_end.total)} events are expected, which would give "
            f"{prose_percent(design.end_power)} power."
        )


def _followed(premises: DesignPremises) -> str:
    return "" if premises.follow_up is None else f" and followed for {_months(premises.follow_up)} after the last"


def _survival(premises: DesignPremises) -> str:
    medians = premises.control.median(), premises.experimental.median()
    name = premises.endpoint_name
    if not all(math.isfinite(median) for median in medians):
        return f"{name} by the hazards of scenario {premises.scenario}"
    form = "exponential " if premises.control.constant and premises.experimental.constant else ""
    return (
        f"{form}{name} with medians of {prose_number(medians[0], 1)} months with {premises.control_name} and "
        f"{prose_number(medians[1], 1)} months with {premises.arm_name}"
    )


def _dropout(premises: DesignPremises) -> str:
    given = premises.dropout
    if isinstance(given, dict):
        rates = [_rate(given[arm].hazard) for arm in ("experimental", "control")]
        return (
            f"dropout at a rate of {rates[0]} per month with {premises.arm_name} and {rates[1]} per month with "
            f"{premises.control_name}"
        )
    if given is None or not any(given.hazard.rates):
        return "no dropout"
    return f"dropout at a rate of {_rate(given.hazard)} per month"


def _rate(loss: Hazard) -> str:
    return " then ".join(prose_percent(rate, 2) for rate in loss.rates)


def _looks(design: DesignParts) -> Iterator[str]:
    required, looks = design.required, design.looks
    planned = {look.events for look in looks}
    if required is not None and required.events not in planned:
        yield f"The required {_when(required)}"
    alone = design.sequential is None
    for look in looks:
        name = "The final analysis" if look.number == len(design.premises.looks) else f"Look {look.number}"
        yield f"{name} {_planned(look)}"
        if alone and look.course is not None:
            under = "at the planned hazard ratio" if design.proportional else "under the hazards assumed"
            yield (
                f"They give {prose_percent(look.power)} power {under}, and the largest observed hazard ratio that "
                f"reaches significance is about {prose_number(look.test.critical_hazard_ratio)}."
            )
    if design.detectable is not None and looks and alone:
        yield (
            f"A true hazard ratio of {prose_number(design.detectable.hazard_ratio)} is detected with "
            f"{prose_percent(design.detectable.power)} power."
        )


def _bounds(design: DesignParts) -> Iterator[str]:
    if design.sequential is None:
        return
    yield design.sequential.text()
    if design.integrated is not None:
        yield (
            f"Under the hazards assumed, which are not proportional, these bounds have "
            f"{prose_percent(design.integrated.power, 2)} power."
        )
    needed = design.sequential_requirement
    if needed is not None:
        yield (
            f"For {prose_percent(needed.power)} power with looks at the same fractions of the information, "
            f"{needed.maximum:.0f} events would be required."
        )


def _planned(look: PlannedLook) -> str:
    if look.dated and look.course is not None:
        spread = prose_number(float(look.course.standard_deviation), 1)
        planned = f"is planned {look.words}, which is expected" if look.words else "is planned"
        return (
            f"{planned} {_months(look.time)} after the first randomization, when {_number(look.events)} events "
            f"(standard deviation {spread}) of {_number(look.course.n)} patients are expected."
        )
    return f"is planned at {_number(look.events)} events. These {_when(look)}"


def _when(look: PlannedLook) -> str:
    if look.course is None:
        return f"{look.problem}."
    spread = prose_number(float(look.course.std_error), 1)
    opening = f"{_number(look.events)} events are" if look.id == "required" else "events are"
    return (
        f"{opening} expected {_months(look.time)} after the first randomization (standard error {spread}), when "
        f"{_number(look.course.n)} patients are expected to be enrolled."
    )


def _number(value: float | None) -> str:
    return prose_number(float(value or 0.0), 1)


def _months(value: float | None) -> str:
    text = _number(value)
    return f"{text} month{'' if text == '1' else 's'}"
