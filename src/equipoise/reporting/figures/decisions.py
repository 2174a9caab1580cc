"""Decision by look: one bar of all trials a look, cut into those stopped by then, and why."""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.reporting.figures.canvas import Canvas, measured_width
from equipoise.reporting.figures.sheet import Sheet, heading, sheet_size
from equipoise.reporting.formatting import percent_text, time_text
from equipoise.reporting.lookup import Rows
from equipoise.reporting.palette import ARM_STYLES, PAPER, RULE, SECONDARY, TEXT
from equipoise.reporting.tables.simulation import OUTCOMES, SIMULATE, counted_text, look_name, looks_of, seed_words

_GOING = "Not stopped"
_COLORS = {name: ARM_STYLES[place].light for place, (name, _) in enumerate(OUTCOMES)}
_BAR = 2.3
_STEP = 5.2


@dataclass(frozen=True)
class Bar:
    """One look: what it is, what it takes, and the shares stopped by then as (label, share, color)."""

    name: str
    detail: str
    parts: tuple[tuple[str, float, str], ...]


def decisions_sheet(rows: Rows) -> Sheet:
    """The decisions of simulated trials by look, summed up over the looks so far."""
    bars = _bars(rows)
    title = "Decision by look"
    subtitle = f"Share of trials that have stopped by each look, and why; {seed_words(rows)}"
    told = "; ".join(
        f"{bar.name}, {bar.detail}: "
        + ", ".join(f"{label.lower()} {percent_text(share)}" for label, share, _ in bar.parts)
        for bar in bars
    )
    return Sheet(title, f"{title}, shares of trials stopped so far. {told}.",
                 lambda width_mm: _canvas(title, subtitle, bars, width_mm))  # fmt: skip


def _bars(rows: Rows) -> list[Bar]:
    looks = looks_of(rows)
    chance = {
        (row.level1, row.at): row.value or 0.0
        for row in rows.part(SIMULATE, "decision", "probability") if row.level1 != "none"
    }  # fmt: skip
    shown = [(name, label) for name, label in OUTCOMES if any(chance.get((name, at), 0.0) > 0.0 for at in looks)]
    bars = []
    for k, look in enumerate(looks):
        sums = [(label, sum(chance[name, at] for at in looks[: k + 1]), _COLORS[name]) for name, label in shown]
        rest = max(1.0 - sum(share for _, share, _ in sums), 0.0)
        bars.append(Bar(look_name(rows, look), _detail(rows, look), (*sums, (_GOING, rest, RULE))))
    return bars


def _detail(rows: Rows, look: float) -> str:
    """What the look takes: its events and date on average."""
    events, time = (rows.get(SIMULATE, "look", "mean", first=("measure", m), at=look) for m in ("events", "time"))
    said = [] if events is None or events.value is None else [f"{counted_text(events.value)} events"]
    if time is not None and time.value is not None:
        unit = time.unit or "months"
        said.append(f"{unit.removesuffix('s')} {time_text(time.value, unit, with_unit=False)}")
    return ", ".join(said)


def _canvas(title: str, subtitle: str, bars: list[Bar], width_mm: float) -> Canvas:
    width, size = sheet_size(width_mm)
    head = heading(title, subtitle, width, size)
    key = _key([(label, color) for label, _, color in bars[0].parts], width, size)
    top = head.height + key[-1][1] + 1.2 * size
    heights = [(_STEP + 1.4 * _below(bar, width, size)) * size for bar in bars]
    canvas = Canvas(width, top + sum(heights) + 0.4 * size)
    head.place(canvas)
    for x, y, label, color in key:
        canvas.place_rectangle(x, head.height + y + 0.1 * size, 0.9 * size, 0.9 * size, color=color)
        canvas.place_text(x + 1.4 * size, head.height + y + 0.9 * size, label, size=size)
    for bar, height in zip(bars, heights, strict=True):
        _place_bar(canvas, bar, top, size)
        top += height
    return canvas


def _key(parts: list[tuple[str, str]], width: float, size: float) -> list[tuple[float, float, str, str]]:
    """Places of the key's entries from the left, in as many lines as they need."""
    found: list[tuple[float, float, str, str]] = []
    x, y = 0.0, 0.7 * size
    for label, color in parts:
        wide = 1.4 * size + measured_width(label, size)
        if x > 0.0 and x + wide > width:
            x, y = 0.0, y + 1.6 * size
        found.append((x, y, label, color))
        x += wide + 1.8 * size
    return found


def _words(label: str, share: float, width: float, size: float) -> str:
    """As much of a share's name and number as its piece of the bar holds."""
    number = percent_text(share)
    room = share * width - 0.8 * size
    return next((text for text in (f"{label} {number}", number) if measured_width(text, size, "bold") <= room), "")


def _unsaid(bar: Bar, width: float, size: float) -> str:
    """The shares whose numbers do not fit into the bar, in words."""
    small = [(label, share) for label, share, _ in bar.parts if share > 0.0 and not _words(label, share, width, size)]
    return ", ".join(f"{label.lower()} {percent_text(share)}" for label, share in small)


def _below(bar: Bar, width: float, size: float) -> bool:
    """Whether these words need a line of their own."""
    said = measured_width(bar.name, size, "bold") + measured_width(bar.detail, size) + 2.4 * size
    return said + measured_width(_unsaid(bar, width, size), size) > width


def _place_bar(canvas: Canvas, bar: Bar, top: float, size: float) -> None:
    x, high, width = 0.0, top + 2.5 * size, canvas.width
    canvas.place_text(0, top + 1.9 * size, bar.name, size=size, weight="bold")
    left = measured_width(bar.name, size, "bold") + 0.9 * size
    canvas.place_text(left, top + 1.9 * size, bar.detail, size=size, color=SECONDARY)
    for label, share, color in bar.parts:
        canvas.place_rectangle(x, high, share * width, _BAR * size, color=color)
        canvas.place_text(x + share * width / 2, high + 0.68 * _BAR * size, _words(label, share, width, size),
                          size=size, weight="bold", align="center", color=TEXT if color == RULE else PAPER)  # fmt: skip
        x += share * width
    line = high + (_BAR + 1.4) * size if _below(bar, width, size) else top + 1.9 * size
    canvas.place_text(width, line, _unsaid(bar, width, size), size=size, align="right", color=SECONDARY)
