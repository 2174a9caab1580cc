"""The flow of patients through a trial (after CONSORT 2025), collected from result rows."""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.protocol.conduct import Arm
from equipoise.protocol.trial import Trial
from equipoise.reporting.formatting import lower_first
from equipoise.reporting.lookup import Quantity, Rows, row_key, single
from equipoise.reporting.palette import arm_place


@dataclass(frozen=True)
class FlowLine:
    """A count with what it counts; reasons are set in."""

    label: str
    quantity: Quantity
    indent: int = 0

    @property
    def anchor(self) -> str:
        return "flow-" + "".join(c if c.isalnum() else "-" for c in self.quantity.key.lower())


@dataclass(frozen=True)
class FlowBox:
    """A box: what happened, and the counts in it."""

    title: str
    lines: tuple[FlowLine, ...]


@dataclass(frozen=True)
class FlowArm:
    """One arm's column of boxes."""

    label: str
    place: int
    boxes: tuple[FlowBox, ...]


@dataclass(frozen=True)
class Flow:
    """Screening and randomization at the top, a column per arm below."""

    top: tuple[FlowLine, ...]
    excluded: tuple[FlowLine, ...]
    randomized: tuple[FlowLine, ...]
    arms: tuple[FlowArm, ...]

    def anchors(self) -> dict[str, str]:
        """Row key to the id of the line that shows it."""
        boxes = [line for arm in self.arms for box in arm.boxes for line in box.lines]
        lines = [*self.top, *self.excluded, *self.randomized, *boxes]
        return {row_key(row): line.anchor for line in lines for row in line.quantity.rows}


STAGES = (
    ("Allocation", (("allocated", "Allocated"), ("treated", "Received treatment"), ("not-treated", "Not treated"))),
    (
        "Treatment",
        (("discontinued-treatment", "Stopped treatment"), ("on-treatment", "On treatment at data cutoff")),
    ),
    (
        "Follow-up",
        (("died", "Died"), ("lost-to-follow-up", "Lost to follow-up"), ("on-study", "In follow-up at data cutoff")),
    ),
    ("Analysis", (("analyzed", "{primary} set"), ("analyzed-safety", "{safety} set"))),
)


def patient_flow(trial: Trial, rows: Rows) -> Flow | None:
    """The flow of patients; None where there are no rows of it."""
    if not rows.has("flow"):
        return None
    arms = tuple(_arm(trial, rows, arm) for arm in trial.arms)
    flow = Flow(
        top=_lines(rows, "screened", "Screened"),
        excluded=_excluded(trial, rows),
        randomized=_lines(rows, "randomized", "Randomized"),
        arms=tuple(arm for arm in arms if arm.boxes),
    )
    return flow if flow.randomized or flow.arms else None


def _lines(rows: Rows, parameter: str, label: str) -> tuple[FlowLine, ...]:
    quantity = single(rows.get("flow", parameter, "n"))
    return () if quantity is None else (FlowLine(label, quantity),)


def _excluded(trial: Trial, rows: Rows) -> tuple[FlowLine, ...]:
    whole = _lines(rows, "screen-failure", "Not randomized")
    criteria = {criterion.id: criterion for criterion in trial.eligibility}
    reasons = []
    for row in rows.part("flow", "screen-failure", "n"):
        if row.group1 == "reason" and row.level1:
            criterion = criteria.get(row.level1)
            met = "Met" if criterion is not None and criterion.kind == "exclusion" else "Did not meet"
            label = f"{met} {row.level1}: {lower_first(criterion.text)}" if criterion else _sentence(row.level1)
            reasons.append(FlowLine(label, _quantity(single(row)), 1))
    return (*whole, *reasons)


def _arm(trial: Trial, rows: Rows, arm: Arm) -> FlowArm:
    names = _set_names(trial)
    boxes = []
    for title, steps in STAGES:
        lines: list[FlowLine] = []
        for parameter, label in steps:
            quantity = single(rows.get("flow", parameter, "n", first=("arm", arm.id)))
            if quantity is not None:
                lines.append(FlowLine(label.format(**names), quantity))
                lines += _reasons(rows, parameter, arm)
        if lines:
            boxes.append(FlowBox(title, tuple(lines)))
    return FlowArm(arm.label, arm_place(trial, arm.id), tuple(boxes))


def _reasons(rows: Rows, parameter: str, arm: Arm) -> list[FlowLine]:
    found = [row for row in rows.part("flow", parameter, "n") if row.level1 == arm.id and row.group2 == "reason"]
    return [FlowLine(_sentence(row.level2 or ""), _quantity(single(row)), 1) for row in found]


def _quantity(quantity: Quantity | None) -> Quantity:
    return quantity or Quantity("")


def _set_names(trial: Trial) -> dict[str, str]:
    sets = {analysis.role: trial.analysis_set(analysis.analysis_set).label for analysis in reversed(trial.analyses)}
    return {"primary": sets.get("primary", "Primary analysis"), "safety": sets.get("safety", "Safety")}


def _sentence(text: str) -> str:
    """`DISEASE PROGRESSION`, as collected, in small letters."""
    return text.capitalize() if text.isupper() else text
