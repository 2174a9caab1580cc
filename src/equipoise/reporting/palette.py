"""The house colors. An arm keeps its color everywhere; every color has a lighter counterpart for dark pages."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from equipoise.protocol.trial import Trial


@dataclass(frozen=True)
class ArmStyle:
    """How an arm is drawn: its color on white and on dark, its dash pattern in points (empty: solid)."""

    light: str
    dark: str
    dashes: tuple[float, ...]


ARM_STYLES = (
    ArmStyle("#0B5FA5", "#6DB3F2", ()),
    ArmStyle("#C2500A", "#F2975A", (3.4, 0.7)),
    ArmStyle("#1B7F6B", "#5CC9B1", (1.2, 0.8)),
    ArmStyle("#6A4C93", "#B79BDD", (3.4, 0.8, 0.9, 0.8)),
    ArmStyle("#9A7B00", "#D9BC3F", (5.0, 1.8)),
)
TEXT = "#1F2328"
SECONDARY = "#57606A"
RULE = "#D0D7DE"
PAPER = "#FFFFFF"
# What is inconsistent; always with a word and a shape.
FLAG = "#B42318"

# The page's own variables take over where a figure stands inline in HTML, so that it follows dark mode.
PAGE_VARIABLES = MappingProxyType(
    {
        TEXT: "--text",
        SECONDARY: "--secondary",
        RULE: "--rule",
        PAPER: "--paper",
        FLAG: "--inconsistent",
        **{style.light: f"--arm-{place}" for place, style in enumerate(ARM_STYLES, start=1)},
    }
)


def arm_style(place: int) -> ArmStyle:
    """The style of a place from 1; beyond the palette colors begin again, each with the dashes of the next one."""
    turn, index = divmod(place - 1, len(ARM_STYLES))
    style = ARM_STYLES[index]
    if not turn:
        return style
    return ArmStyle(style.light, style.dark, ARM_STYLES[(index + turn) % len(ARM_STYLES)].dashes)


def arm_place(trial: Trial, arm_id: str) -> int:
    """The arm's place in the palette, from 1; arms beyond the palette begin again."""
    ids = [arm.id for arm in trial.arms]
    return ids.index(arm_id) % len(ARM_STYLES) + 1 if arm_id in ids else len(ids) % len(ARM_STYLES) + 1
