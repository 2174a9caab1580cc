"""What the rules found, placed: endpoints, arms in their order, doubts where the text leaves the order open."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from equipoise.evidence.abstract_patterns import Sentence
from equipoise.evidence.abstract_rules import Found, arm_name, is_control, kind_of_share, named_together
from equipoise.quantities import DAYS_PER_UNIT

ORDER_ASSUMED = "the first value is the experimental arm's"
_UNITS = {"mo": "months", "we": "weeks", "wk": "weeks", "ye": "years", "yr": "years", "da": "days"}
# Whole units of one in another, as papers use them.
_WHOLE = {("years", "months"): 12.0, ("weeks", "days"): 7.0}
_EMPTY_WORDS = re.compile(r"^[\s,:(]*(?:was|were|of|is|at|a|the|estimated)?[\s,:(]*$", re.IGNORECASE)
_SURVIVAL_ONLY = re.compile(r"\b(?:for|of)\s+(?:the\s+)?(?:risk\s+of\s+)?death\b(?!\s+or)", re.IGNORECASE)
_OVER = re.compile(r"\b(?:or|and)\s+death\b|\bprogression\b|\brecurrence\b|\brelapse\b", re.IGNORECASE)


@dataclass(frozen=True)
class TextReading:
    """One value read: its place in the draft ("PFS: hazard ratio"), as written there, and the words it was read from.

    `start`, `end`: their place in the text. `doubt`: what was assumed in reading it, to be confirmed; empty for none.
    """

    field: str
    value: str
    start: int
    end: int
    quote: str
    doubt: str = ""


@dataclass(frozen=True)
class Unread:
    """Words with a number that was not placed, and why."""

    start: int
    end: int
    quote: str
    reason: str


@dataclass
class Placed:
    """A value of the draft, as written there."""

    field: str
    value: str
    span: tuple[int, int]
    doubt: str = ""


@dataclass
class EndpointDraft:
    """One result of the draft: values by key, as YAML writes them."""

    name: str
    unit: str | None = None
    values: dict[str, Placed] = field(default_factory=dict)
    rates: list[tuple[float, str, Placed, Placed]] = field(default_factory=list)
    p_words: str = ""


@dataclass
class ShareDraft:
    """One pair of percentages of the draft."""

    label: str
    kind: str
    experimental: Placed
    control: Placed
    p: Placed | None = None


@dataclass
class Collected:
    """The draft in parts."""

    labels: tuple[str, str] | None = None
    randomized: tuple[Placed, Placed] | None = None
    total: Placed | None = None
    ratio: Placed | None = None
    trial: str | None = None
    identifiers: list[str] = field(default_factory=list)
    endpoints: dict[str, EndpointDraft] = field(default_factory=dict)
    shares: list[ShareDraft] = field(default_factory=list)
    readings: list[Placed] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    refused: list[tuple[int, int, str]] = field(default_factory=list)
    _left: set[tuple[int, int]] = field(default_factory=set)

    def endpoint(self, name: str) -> EndpointDraft:
        return self.endpoints.setdefault(name, EndpointDraft(name))

    def note(self, placed: Placed) -> Placed:
        self.readings.append(placed)
        return placed

    def refuse(self, found: Found, reason: str) -> None:
        self.refused.append((*found.span, reason))

    def leaves(self, found: Found) -> bool:
        """Whether a thing found was of no use and its numbers are still to be told."""
        return found.span in self._left


def collect(plain: str, parts: list[Sentence], found: list[Found]) -> Collected:
    """Places what was found, arms first, since the order of the others follows from their names."""
    out = Collected()
    out.identifiers = list(dict.fromkeys(re.findall(r"\bNCT\d{8}\b", plain)))
    before = {one.start: earlier for earlier, one in pairwise(parts)}
    for one in sorted(found, key=lambda each: _FIRST.get(each.kind, 1)):
        if one.sentence.is_design and one.kind in ("ratio", "medians", "rates", "shares", "events"):
            out.refuse(one, "its sentence speaks of the design, not of results")
        elif one.sentence.is_part and one.kind in ("ratio", "medians", "rates", "shares", "events"):
            out.refuse(
                one, "its sentence speaks of some patients or another assessment; add it by hand if it is wanted"
            )
        else:
            _PLACES[one.kind](out, one, before.get(one.sentence.start))
    _ask(out)
    return out


def _place_total(out: Collected, one: Found, _: Sentence | None) -> None:
    count = one.match["total"].replace(",", "")
    if out.total is not None and out.total.value != count:
        out.questions.append(f"how many were randomized: {out.total.value} or {count}?")
        return
    if out.total is None:
        out.total = out.note(Placed("randomized, both arms", count, one.span))


def _place_allocation(out: Collected, one: Found, _: Sentence | None) -> None:
    ratio = f"{one.match['first']}:{one.match['second']}"
    if out.ratio is not None:
        if out.ratio.value != ratio:
            out.refuse(one, f"a second ratio beside {out.ratio.value}")
        return
    doubt = "" if ratio == "1:1" else "experimental to control"
    out.ratio = out.note(Placed("ratio", ratio, one.span, doubt))


def _place_arms(out: Collected, one: Found, _: Sentence | None) -> None:
    names = [_arm_label(one.match[f"arm{k}"]) for k in (1, 2)]
    counts = [one.match["n1"], one.match["n2"]]
    if out.randomized is not None:
        if [placed.value for placed in out.randomized] not in (counts, counts[::-1]):
            out.refuse(one, "other numbers of the arms than before")
        return
    swapped, doubt = _order(out, names[0], names[1])
    if swapped:
        names, counts = names[::-1], counts[::-1]
    out.labels = (names[0], names[1])
    first = out.note(Placed(f"experimental arm, {names[0]}", counts[0], one.span, doubt))
    out.randomized = (first, out.note(Placed(f"control arm, {names[1]}", counts[1], one.span, doubt)))


def _arm_label(words: str) -> str:
    plain = re.sub(r"^.*\b(?:assigned\s+to|to\s+receive|received?|receiving|either|randomi[sz]ed\s+to)\s+", "", words)
    plain = re.sub(
        r"^(?:(?:to|the|receive|either)\s+)+|\s+(?:group|arm)s?$", "", plain.strip(" ,;:()[]"), flags=re.IGNORECASE
    )
    return plain.strip(" ,;:()[]") or "not named"


def _order(out: Collected, first: str, second: str) -> tuple[bool, str]:
    """Whether the first value is the control arm's; and what was assumed if the names do not say."""
    if is_control(first) != is_control(second):
        return is_control(first), ""
    if out.labels is not None and first and second:
        likeness = [[_alike(name, label) for label in out.labels] for name in (first, second)]
        straight, crossed = likeness[0][0] + likeness[1][1], likeness[0][1] + likeness[1][0]
        if straight != crossed and max(straight, crossed) >= 1.5:
            known = not out.randomized or not out.randomized[0].doubt
            return crossed > straight, "" if known else ORDER_ASSUMED
    return False, ORDER_ASSUMED


def _alike(name: str, label: str) -> float:
    """The share of all words of two names that they have in common."""
    a, b = (set(re.findall(r"[a-z0-9]{2,}", each.lower())) - {"the", "plus", "and"} for each in (name, label))
    return len(a & b) / len(a | b) if a | b else 0.0


def _endpoint_of(one: Found, place: int, before: Sentence | None) -> tuple[str | None, str]:
    """The endpoint that a place speaks of, and what was assumed."""
    name = one.sentence.endpoint_before(place)
    if name is not None:
        return name, ""
    earlier = {named for _, named in before.endpoints()} if before is not None else set()
    if len(earlier) == 1:
        return earlier.pop(), "the endpoint is that of the sentence before"
    return None, ""


def _place_ratio(out: Collected, one: Found, before: Sentence | None) -> None:
    name, doubt = _endpoint_of(one, one.match.start("value"), before)
    words = one.match["words"]
    if name not in (None, "OS") and _SURVIVAL_ONLY.search(words) and not _OVER.search(words):
        out.refuse(one, f"a hazard ratio for death, in words about {name}")
        return
    if name is None:
        out.refuse(one, "a hazard ratio of no endpoint that is named")
        out.questions.append(f"which endpoint has the hazard ratio {one.match['value']}?")
        return
    result = out.endpoint(name)
    if "hazard_ratio" in result.values:
        out.refuse(one, f"a second hazard ratio for {name}")
        out.questions.append(f"{name} has two hazard ratios; the first was placed: is it the main one?")
        return
    limits = one.limits("")
    doubts = [doubt] if doubt else []
    if limits is not None and limits[2] is None:
        doubts.append("two bare numbers in brackets are its limits, their level not stated")
    value = _estimate(one.match["value"], limits)
    result.values["hazard_ratio"] = out.note(Placed(f"{name}: hazard ratio", value, one.span, "; ".join(doubts)))
    if one.p is not None:
        result.values["p"] = out.note(Placed(f"{name}: P", _p_text(one.p["p"]), one.span, doubt))
        result.p_words = one.p["words"].lower()


def _p_text(words: str) -> str:
    plain = re.sub(r"less\s+than", "<", words).replace(" ", "").replace("=", "")
    return plain.replace("≤", "<").replace("≥", ">")


def _estimate(value: str, limits: tuple[str, str, str | None] | None) -> str:
    """A value with its limits as a published-result file writes them."""
    if limits is None:
        return _reached(value)
    level = f"{limits[2]}% " if limits[2] else ""
    between = "-" if _reached(limits[0]) != "NE" else " to "
    return f"{_reached(value)} ({level}{_reached(limits[0])}{between}{_reached(limits[1])})"


def _reached(value: str) -> str:
    return value if value[:1].isdigit() or value.startswith(".") else "NE"


def _unit(words: str | None) -> str | None:
    plain = (words or "").strip(" -").lower()
    return _UNITS.get(plain[:2])


def _place_medians(out: Collected, one: Found, before: Sentence | None) -> None:
    words = one.match["words"]
    named = {name for _, name in Sentence(words, 0).endpoints()}
    if len(named) > 1:
        out.refuse(one, f"medians of {' and '.join(sorted(named))} in one list")
        return
    if not named and not _EMPTY_WORDS.match(words):
        out.refuse(one, "medians of something else than an endpoint")
        return
    name, doubt = _endpoint_of(one, one.match.start("value1"), before)
    units = {unit for unit in (_unit(one.match["unit1"]), _unit(one.match["unit2"])) if unit}
    if name is None or len(units) != 1:
        out.refuse(one, "medians whose endpoint or unit is not said")
        return
    result, unit = out.endpoint(name), units.pop()
    if "experimental" in result.values or result.unit not in (None, unit):
        out.refuse(one, f"a second pair of medians for {name}")
        return
    result.unit = unit
    pair = _pair(out, one, doubt)
    for arm, (value, limits) in zip(("experimental", "control"), pair[0], strict=True):
        placed = Placed(f"{name}: {arm} median, {unit}", _estimate(value, limits), one.span, pair[1])
        result.values[arm] = out.note(placed)


def _pair(out: Collected, one: Found, doubt: str) -> tuple[list[tuple[str, tuple[str, str, str | None] | None]], str]:
    """Both values with their limits, the experimental arm's first, and what was assumed."""
    match = one.match
    first, second = named_together(match["arm2"]) or (
        arm_name(match["arm1"]), arm_name(match["arm2"]) or arm_name(match["lead2"]) or _named_before(match["lead2"])
    )  # fmt: skip
    swapped, assumed = _order(out, first, second)
    values = [(match[f"value{k}"], one.limits(str(k))) for k in (1, 2)]
    bare = any(limits is not None and limits[2] is None for _, limits in values)
    doubts = [doubt, assumed, "two bare numbers in brackets are limits, their level not stated" if bare else ""]
    return values[::-1] if swapped else values, "; ".join(each for each in doubts if each)


def _named_before(words: str) -> str:
    """A control arm named between "versus" and its value."""
    return words.strip(" ,;:()") if is_control(words) else ""


def _place_rates(out: Collected, one: Found, _: Sentence | None) -> None:
    match = one.match
    name = one.sentence.endpoint_before(match.start("value1"))
    unit = _unit(match["unit"] or match["unit2"])
    at = float(match["at"] or match["at2"])
    if name is None or unit is None:
        out.refuse(one, "rates whose endpoint or time is not said")
        return
    result = out.endpoint(name)
    pair, doubt = _pair(out, one, "")
    first, second = (
        out.note(Placed(f"{name}: {arm} rate at {at:g} {unit}, %", _estimate(value, limits), one.span, doubt))
        for arm, (value, limits) in zip(("experimental", "control"), pair, strict=True)
    )
    result.rates.append((at, unit, first, second))


def rate_time(at: float, unit: str, wanted: str) -> float:
    """A rate's time in the unit of its result: 2 years are 24 months."""
    if unit == wanted:
        return at
    whole = _WHOLE.get((unit, wanted))
    return at * whole if whole is not None else round(at * DAYS_PER_UNIT[unit] / DAYS_PER_UNIT[wanted], 4)


def _place_shares(out: Collected, one: Found, _: Sentence | None) -> None:
    words = one.match["words"]
    label = re.split(r"[,;:]\s+|\band\s+the\b", words)[-1]
    label = re.sub(
        r"\b(?:was|were|occurred|reported|observed|in|of|the|an?|with|had)\b\s*$", "", label.strip(" ,(")
    ).strip()
    label = re.sub(r"\s+(?:was|were|occurred|reported)\b.*$", "", label).strip(" ,(") or words.strip()
    pair, doubt = _pair(out, one, "")
    first, second = (
        out.note(Placed(f"{label}: {arm}, %", _estimate(value, limits), one.span, doubt))
        for arm, (value, limits) in zip(("experimental", "control"), pair, strict=True)
    )
    share = ShareDraft(label, kind_of_share(words), first, second)
    if one.p is not None:
        share.p = out.note(Placed(f"{label}: P", _p_text(one.p["p"]), one.span))
    out.shares.append(share)


def _place_events(out: Collected, one: Found, _: Sentence | None) -> None:
    named = one.match["of"]
    name = Sentence(named, 0).endpoints()[0][1] if named else "OS"
    result = out.endpoint(name)
    if "events" in result.values:
        out.refuse(one, f"a second number of events for {name}")
        return
    doubt = "" if named else "deaths from any cause, in both arms"
    value = one.match["events"].replace(",", "")
    result.values["events"] = out.note(Placed(f"{name}: events, both arms", value, one.span, doubt))


def _place_follow_up(out: Collected, one: Found, _: Sentence | None) -> None:
    if "follow-up" in {placed.field for placed in out.readings}:
        out.refuse(one, "a second follow-up")
        return
    unit = _unit(one.match["unit"])
    out.note(Placed("follow-up", f"{one.match['value']} {unit}", one.span, "of every endpoint"))


def _ask(out: Collected) -> None:
    """What is left open: numbers of arms, order, directions that do not agree."""
    assumed = [placed.field for placed in out.readings if ORDER_ASSUMED in placed.doubt]
    if assumed:
        out.questions.insert(0, f"arm order: {ORDER_ASSUMED} was assumed for {len(assumed)} values; is it so?")
    if out.randomized is None:
        total = f"; in all {out.total.value}" if out.total is not None else ""
        out.questions.append(f"how many patients were randomized to each arm{total}?")
    elif out.total is not None and sum(int(one.value) for one in out.randomized) != int(out.total.value):
        counts = " + ".join(one.value for one in out.randomized)
        out.questions.append(f"the arms have {counts} patients, and {out.total.value} were randomized: which is right?")
    for result in out.endpoints.values():
        if _disagrees(result):
            out.questions.append(f"{result.name}: hazard ratio and medians favor different arms; is the order right?")


def _disagrees(result: EndpointDraft) -> bool:
    names = ("hazard_ratio", "experimental", "control")
    values = [result.values[name].value.split()[0] for name in names if name in result.values]
    if len(values) < len(names) or "NE" in values:
        return False
    ratio, experimental, control = (float(value) for value in values)
    return (ratio - 1.0) * (experimental - control) > 0.0


_FIRST = {"arms": 0, "total": 0, "allocation": 0}
_PLACES = {
    "total": _place_total, "allocation": _place_allocation, "arms": _place_arms, "ratio": _place_ratio,
    "medians": _place_medians, "rates": _place_rates, "shares": _place_shares, "events": _place_events,
    "follow-up": _place_follow_up,
}  # fmt: skip
