"""An abstract's text read by plain rules into a draft of a published-result file, each value with its words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from equipoise.errors import ArgumentError
from equipoise.evidence.abstract_collect import Collected, TextReading, Unread, collect
from equipoise.evidence.abstract_patterns import ANY_NUMBER, plain_text, sentences
from equipoise.evidence.abstract_rules import Found, found_in
from equipoise.evidence.abstract_yaml import draft_yaml

_AROUND = 40
_LONGEST = 160


@dataclass(frozen=True)
class Draft:
    """What was understood of a text: readings, questions to be answered, numbers that were left out.

    Every reading is to be confirmed; `questions` are what the text leaves open, arm order before all.
    """

    text: str
    readings: tuple[TextReading, ...]
    questions: tuple[str, ...]
    unread: tuple[Unread, ...]
    collected: Collected

    def to_yaml(self) -> str:
        """A commented published-result file: values with the words they were read from, questions on top."""
        return draft_yaml(self.collected, self.readings, self.questions, self.unread)

    def lines(self) -> list[str]:
        """What was understood, asked and left out, for a terminal."""
        found = ["understood, please confirm:" if self.readings else "understood: nothing"]
        found += [f"  {one.field}: {one.value}   <- {one.quote!r}{_doubted(one.doubt)}" for one in self.readings]
        found += ["to be answered:", *(f"  {one}" for one in self.questions)] if self.questions else []
        found += (
            ["numbers not read:", *(f"  {one.quote!r}: {one.reason}" for one in self.unread)] if self.unread else []
        )
        return found

    def to_dict(self) -> dict[str, Any]:
        """Readings, questions, numbers not read and the draft's text, ready for JSON."""
        return {
            "readings": [asdict(one) for one in self.readings],
            "questions": list(self.questions),
            "unread": [asdict(one) for one in self.unread],
            "draft": self.to_yaml(),
        }


def draft_from_text(text: str) -> Draft:
    """Reads a pasted abstract into a draft of a published-result file.

    Arguments: `text`, of one two-armed trial, in English, in any journal's style. Only rules are applied: a number is
    placed where its words say what it is, with those words; where the text leaves anything open, a question says so,
    and what no rule understands is listed as not read. Nothing missing is filled in.
    Returns a `Draft`, whose `to_yaml()` is a file for `equipoise audit` once its questions are answered.
    Raises ArgumentError `argument-invalid` for a text that is empty or no text.
    Rules: docs/methods/abstract-text.md.

    >>> draft = draft_from_text(
    ...     "Median PFS was 4.9 v 3.6 months (hazard ratio, 0.84 [95% CI, 0.66 to 1.07]; P = .149)."
    ... )
    >>> [(one.field, one.value) for one in draft.readings][:2]
    [('PFS: hazard ratio', '0.84 (95% 0.66-1.07)'), ('PFS: P', '.149')]
    """
    if not isinstance(text, str) or not text.strip():
        raise ArgumentError(
            "argument-invalid", "there is no text to read", where="text",
            hint="paste the abstract's words; a published-result file is read by read_published",
        )  # fmt: skip
    plain = plain_text(text)
    parts = list(sentences(plain))
    found = [one for sentence in parts for one in found_in(sentence)]
    collected = collect(plain, parts, found)
    readings = tuple(
        TextReading(one.field, one.value, *one.span, _quote(text, *one.span), one.doubt) for one in collected.readings
    )
    unread = (*_refused(text, collected), *_left(text, plain, collected, found))
    return Draft(
        text, readings, tuple(collected.questions), tuple(sorted(unread, key=lambda one: one.start)), collected
    )


def _doubted(doubt: str) -> str:
    return f"   ASSUMED: {doubt}" if doubt else ""


def _quote(text: str, start: int, end: int) -> str:
    words = " ".join(text[start:end].split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST // 2]} ... {words[-_LONGEST // 2 :]}"


def _refused(text: str, collected: Collected) -> Iterator[Unread]:
    for start, end, reason in collected.refused:
        yield Unread(start, end, _quote(text, start, end), reason)


def _left(text: str, plain: str, collected: Collected, found: list[Found]) -> Iterator[Unread]:
    """Numbers outside everything that was read or refused."""
    spans = [one.span for one in found if one.kind != "allocation" or not collected.leaves(one)]
    for number in ANY_NUMBER.finditer(plain):
        if any(start <= number.start() < end for start, end in spans):
            continue
        start, end = max(0, number.start() - _AROUND), min(len(text), number.end() + _AROUND)
        yield Unread(number.start(), number.end(), f"...{_quote(text, start, end)}...", "no rule knows what it is")
