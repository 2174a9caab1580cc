"""A draft of a published-result file: values with the words they were read from, questions on top."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from equipoise.evidence.abstract_collect import (
    Collected,
    EndpointDraft,
    Placed,
    ShareDraft,
    TextReading,
    Unread,
    rate_time,
)
from equipoise.evidence.printed import split_estimate

_SIDES = (("two", 2), ("2", 2), ("one", 1), ("1", 1))


def draft_yaml(
    held: Collected, readings: Sequence[TextReading], questions: Sequence[str], unread: Sequence[Unread]
) -> str:
    """The text of the draft; it is a published-result file once every question is answered."""
    quotes = {(one.start, one.end): one.quote for one in readings}
    lines = ["# Draft read from pasted text by rules. Confirm every value against the words beside it."]
    lines += [f"# ASK {k}: {one}" for k, one in enumerate(questions, start=1)]
    lines += [f"# NOT READ [{one.start}]: {one.quote} ({one.reason})" for one in unread]
    lines += ["published: 1", "trial: unnamed            # write the trial's name"]
    lines += [f"identifiers: [{', '.join(held.identifiers)}]"] if held.identifiers else []
    lines += ["sources:", "  text: pasted text         # write where it was read"]
    lines += [*_arms(held, quotes), *_ratio(held, quotes)]
    if held.endpoints:
        lines.append("results:")
    for result in held.endpoints.values():
        lines += _result(result, quotes)
    if held.shares:
        lines.append("shares:")
    for share in held.shares:
        lines += _share(share, quotes)
    return "\n".join(lines) + "\n"


def _words(placed: Placed, quotes: dict[tuple[int, int], str]) -> str:
    doubt = f"CONFIRM: {placed.doubt}; " if placed.doubt else ""
    return f"  # {doubt}[{placed.span[0]}-{placed.span[1]}] {quotes.get(placed.span, '')}"


def _arms(held: Collected, quotes: dict[tuple[int, int], str]) -> Iterator[str]:
    labels = held.labels or ("Experimental", "Control")
    total = f" ({held.total.value} in both arms)" if held.total is not None else ""
    for place, arm in enumerate(("experimental", "control")):
        yield f"{arm}:"
        yield f"  label: {json.dumps(labels[place], ensure_ascii=False)}"
        if held.randomized is None:
            yield f"  randomized:               # not in the text{total}: fill in"
        else:
            yield f"  randomized: {held.randomized[place].value}{_words(held.randomized[place], quotes)}"


def _ratio(held: Collected, quotes: dict[tuple[int, int], str]) -> Iterator[str]:
    if held.ratio is not None:
        yield f'ratio: "{held.ratio.value}"{_words(held.ratio, quotes)}'
    else:
        yield '# ratio: "1:1"             # not in the text; without it 1:1 is taken'


def _result(result: EndpointDraft, quotes: dict[tuple[int, int], str]) -> Iterator[str]:
    yield f"  - endpoint: {result.name}"
    units = {unit for _, unit, _, _ in result.rates}
    unit = result.unit or ("months" if len(units) != 1 else units.pop())
    yield f"    unit: {unit}"
    yield "    source: text"
    if "events" in result.values:
        yield f"    events: {result.values['events'].value}{_words(result.values['events'], quotes)}"
    if "hazard_ratio" in result.values:
        ratio = result.values["hazard_ratio"]
        yield f'    hazard_ratio: "{ratio.value}"{_words(ratio, quotes)}'
    if "p" in result.values:
        yield f"    test: {{{_test(result.values['p'], result.p_words)}}}"
    for arm in ("experimental", "control"):
        if arm in result.values:
            yield f'    {arm}: {{median: "{result.values[arm].value}"}}{_words(result.values[arm], quotes)}'
    if result.rates:
        yield "    rates:"
    for at, given, first, second in sorted(result.rates, key=lambda one: rate_time(one[0], one[1], unit)):
        time = rate_time(at, given, unit)
        values = f'experimental: "{first.value}", control: "{second.value}"'
        yield f"      - {{at: {time:g}, {values}}}{_words(first, quotes)}"


def _test(p: Placed, words: str) -> str:
    parts = [f'p: "{p.value}"']
    sides = next((count for name, count in _SIDES if re.search(rf"\b{name}[\s-]+sided", words)), None)
    parts += [f"sides: {sides}"] if sides else []
    parts += ["test: log-rank"] if re.search(r"log[\s-]*rank", words) else []
    if re.search(r"\b(?:un)?stratified", words):
        parts.append(f"stratified: {'false' if 'unstratified' in words else 'true'}")
    return ", ".join(parts)


def _share(share: ShareDraft, quotes: dict[tuple[int, int], str]) -> Iterator[str]:
    yield f"  - label: {json.dumps(share.label, ensure_ascii=False)}"
    yield f"    kind: {share.kind}"
    yield "    source: text"
    for arm, placed in (("experimental", share.experimental), ("control", share.control)):
        yield f"    {arm}: {{{_percent(placed.value)}}}{_words(placed, quotes)}"
    if share.p is not None:
        yield f'    test: {{p: "{share.p.value}"}}{_words(share.p, quotes)}'


def _percent(value: str) -> str:
    percent, low, high, level = split_estimate(value)
    if low is None:
        return f'percent: "{percent}"'
    stated = f', level: "{level}"' if level else ""
    return f'percent: "{percent}", interval: {{lower: "{low}", upper: "{high}"{stated}}}'
