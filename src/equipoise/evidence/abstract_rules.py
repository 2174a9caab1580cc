"""Rules that read one kind of number each out of a sentence; what they cannot place they leave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from equipoise.evidence.abstract_patterns import (
    CONTROL_WORDS,
    COUNT,
    NUMBER,
    PVALUE,
    UNIT,
    VERSUS,
    Sentence,
    interval,
)

# Words between two values of a pair: an arm's name, which may hold numbers only inside a word (CDK4/6).
_WORDS = r"(?:[^.;\d(\[]|(?<=[A-Za-z])\d(?:/\d)?|(?<=-)\d(?=[-\s][a-z])){0,90}?"
_VALUE = rf"(?:{NUMBER}|not\s+(?:yet\s+)?(?:reached|estimable)|NR\b|NE\b)"
_NO_LEVEL = r"(?!\s*(?:CI|confidence))"
_RATIO = re.compile(
    rf"(?P<name>\b(?:stratified\s+|unstratified\s+|adjusted\s+)?(?:hazard\s+ratios?|HR)\b)"
    rf"(?P<words>[^.\d;]{{0,70}}?)(?P<value>{NUMBER}){interval('')}?", re.IGNORECASE,
)  # fmt: skip
_AFTER_RATIO = re.compile(
    rf"[\s;,()\]]*(?:and\s+)?(?P<words>(?:(?:two|one|2|1|log|rank|sided|stratified|unstratified|nominal|by|the|with|a|test)\b"
    rf"[\s,-]*){{0,6}})(?:P|p)(?:[\s-]*values?)?\s*(?:of|was)?\s*{PVALUE}", re.IGNORECASE,
)  # fmt: skip
_MEDIANS = re.compile(
    rf"\bmedian\b(?P<words>[^.\d;]{{0,120}}?)(?P<value1>{_VALUE})(?P<unit1>{UNIT})?(?:{interval('1')})?"
    rf"(?P<arm1>{_WORDS})\s*{VERSUS}\s*(?P<lead2>{_WORDS})(?P<value2>{_VALUE})(?P<unit2>{UNIT})?(?:{interval('2')})?"
    rf"(?P<arm2>(?:[^.;\d(]){{0,200}})", re.IGNORECASE,
)  # fmt: skip
_RATES = re.compile(
    rf"(?:(?P<at>\d+(?:\.\d+)?)(?P<unit>{UNIT})\s+(?P<words>[^.\d;%]{{0,60}}?)"
    rf"|(?P<words3>[^.\d;%]{{0,60}}?)\bat\s+(?P<at2>\d+(?:\.\d+)?)(?P<unit2>{UNIT}))"
    rf"(?P<link>[^.\d;%]{{0,25}}?)(?P<value1>{NUMBER})\s*%{_NO_LEVEL}(?:{interval('1')})?(?P<arm1>{_WORDS})\s*{VERSUS}\s*"
    rf"(?P<lead2>{_WORDS})(?P<value2>{NUMBER})\s*%{_NO_LEVEL}(?:{interval('2')})?"
    r"(?P<arm2>(?:[^.;\d(]){0,200})", re.IGNORECASE,
)  # fmt: skip
_SHARES = re.compile(
    rf"(?P<words>[^.;%]{{0,110}}?)(?P<value1>{NUMBER})\s*%{_NO_LEVEL}(?:{interval('1')})?(?P<arm1>{_WORDS})\s*{VERSUS}\s*"
    rf"(?P<lead2>{_WORDS})(?P<value2>{NUMBER})\s*%{_NO_LEVEL}(?:{interval('2')})?"
    r"(?P<arm2>(?:[^.;\d(]){0,200})", re.IGNORECASE,
)  # fmt: skip
_RESPONSE = re.compile(
    r"\brespon(?:se|ded|ders)\b|\bORR\b|clinical[\s-]+benefit|\bCBR\b|disease[\s-]+control", re.IGNORECASE
)
_HARM = re.compile(
    r"adverse|\bgrade\b|toxic|neutropen|an[a]?emia|thrombocyt|leukopen|discontinu|diarrh|fatigue|nausea|rash|serious",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    rf"(?P<total>{COUNT})\s+(?:\w+\s+){{0,3}}?(?:patients|participants|women|men|individuals|adults|people)\s+"
    rf"(?:were|underwent|was)\s+(?:\w+\s+)?(?:random(?:ly|ised|ized|isation|ization)|assigned|enrolled)", re.IGNORECASE,
)  # fmt: skip
_WE_ASSIGNED = re.compile(
    rf"\b(?:we\s+)?(?:randomly\s+assigned|randomi[sz]ed|assigned)\s+(?P<total>{COUNT})\s+(?:\w+\s+){{0,3}}?"
    rf"(?:patients|participants|women|men|individuals|adults|people)", re.IGNORECASE,
)  # fmt: skip
_ALLOCATION = re.compile(r"(?<![\d:.])(?P<first>\d)\s*(?::|-?to-?)\s*(?P<second>\d)(?![\d:.])")
_ARMS_BY_TO = re.compile(
    r"(?<![\d.])(?P<n1>\d+)\s*(?:patients\s+|\(\d[\d.]*%\)\s*)?(?:were\s+assigned\s+)?to\s+"
    r"(?:the\s+|receive\s+)?(?P<arm1>[^\d.;,]{2,70}?)\s*,?\s*and\s+(?P<n2>\d+)\s*(?:patients\s+|\(\d[\d.]*%\)\s*)?"
    r"(?:were\s+assigned\s+)?to\s+(?:the\s+|receive\s+)?(?P<arm2>[^\d.;,)]{2,70})", re.IGNORECASE,
)  # fmt: skip
_ARMS_BY_N = re.compile(
    r"(?P<arm1>[^.;,\d(]{2,70}?)\s*[(\[]\s*n\s*=\s*(?P<n1>\d+)\s*[)\]]\s*,?\s*(?:or|and|versus|vs\.?|v)\s+"
    r"(?P<arm2>[^.;,\d(]{2,70}?)\s*[(\[]\s*n\s*=\s*(?P<n2>\d+)\s*[)\]]", re.IGNORECASE,
)  # fmt: skip
_EVENTS = re.compile(
    rf"(?P<events>{COUNT})\s+(?:(?P<of>progression[\s-]+free[\s-]+survival|PFS|overall[\s-]+survival|OS|DFS|EFS|IDFS)\s+"
    rf"(?:related\s+)?events\b|(?P<deaths>deaths)\b)", re.IGNORECASE,
)  # fmt: skip
_FOLLOW_UP = re.compile(
    rf"\bmedian\s+(?:duration\s+of\s+)?follow[\s-]?up[^.\d;]{{0,40}}?(?P<value>{NUMBER})(?P<unit>{UNIT})", re.IGNORECASE
)
_ARM_BEGINS = re.compile(
    r"^[\s,)\]]*(?:of\s+(?:the\s+)?)?(?:(?:in|among|for)\s+)?(?:(?:the|those|all)\s+)?"
    r"(?:(?:patients|participants|women|men|those|recipients)\s+)?"
    r"(?:(?:who\s+)?(?:received|receiving)|assigned\s+to|allocated\s+to|treated\s+with|(?<=\s)in|with|for|among|on|of"
    r"|(?<=in\s)|(?<=for\s)|(?<=the\s))\s*(?:the\s+)?\b", re.IGNORECASE,
)  # fmt: skip
_LISTED = re.compile(r"\brespectively\b|\b(?:groups|arms)\b", re.IGNORECASE)


@dataclass
class Found:
    """One thing a rule understood: what it is, the words it stands in, its parts by name."""

    kind: str
    sentence: Sentence
    match: re.Match[str]
    parts: dict[str, str] = field(default_factory=dict)
    p: re.Match[str] | None = None

    @property
    def span(self) -> tuple[int, int]:
        """Where it stands in the whole text, P included."""
        end = self.p.end() if self.p is not None else self.match.end()
        return self.sentence.start + self.match.start(), self.sentence.start + end

    def limits(self, tag: str) -> tuple[str, str, str | None] | None:
        """The interval with a tag: lower, upper, level (None where it is not stated)."""
        groups = self.match.groupdict()
        if groups.get(f"low{tag}"):
            return groups[f"low{tag}"], groups[f"high{tag}"], groups[f"level{tag}"]
        if groups.get(f"barelow{tag}"):
            return groups[f"barelow{tag}"], groups[f"barehigh{tag}"], None
        return None


def found_in(sentence: Sentence) -> Iterator[Found]:
    """Everything the rules understand of a sentence, whatever overlaps left out."""
    taken: list[tuple[int, int]] = []
    for kind, pattern in (
        ("follow-up", _FOLLOW_UP), ("arms", _ARMS_BY_TO), ("arms", _ARMS_BY_N), ("total", _ASSIGNED),
        ("total", _WE_ASSIGNED), ("ratio", _RATIO), ("medians", _MEDIANS), ("rates", _RATES), ("shares", _SHARES),
        ("events", _EVENTS),
    ):  # fmt: skip
        for match in pattern.finditer(sentence.text):
            if not _accepted(kind, match):
                continue
            one = Found(kind, sentence, match)
            places = _number_places(match)
            if any(begin < end_ and start_ < end for begin, end in places for start_, end_ in taken):
                continue
            if kind in ("ratio", "shares"):
                one.p = _AFTER_RATIO.match(sentence.text, _end_of_numbers(match))
            if one.p is not None:
                places.append(one.p.span("p"))
            taken += places
            yield one
    if any(word in sentence.text.lower() for word in ("random", "ratio", "assigned", "allocat")):
        for match in _ALLOCATION.finditer(sentence.text):
            yield Found("allocation", sentence, match)


def _accepted(kind: str, match: re.Match[str]) -> bool:
    """Whether the words before a pair speak of what the rule is for."""
    words = "".join(match.groupdict().get(name) or "" for name in ("words", "words3", "link"))
    named = bool(Sentence(words, 0).endpoints())
    if kind == "rates":
        return named and not _RESPONSE.search(words) and not _HARM.search(words)
    if kind == "shares":
        return not named and kind_of_share(words) != "other"
    return True


def _number_places(match: re.Match[str]) -> list[tuple[int, int]]:
    """Where the groups with numbers stand."""
    names = [name for name, value in match.groupdict().items() if value and any(letter.isdigit() for letter in value)]
    return [match.span(name) for name in names if not name.startswith(("words", "arm", "lead", "link"))]


def _end_of_numbers(match: re.Match[str]) -> int:
    ends = [end for _, end in _number_places(match)]
    return max(ends, default=match.end())


def arm_name(words: str) -> str:
    """The arm that words right after a value name ("in the placebo group"); empty where they name none."""
    begun = _ARM_BEGINS.match(words)
    return _bare_name(words[begun.end() :]) if begun is not None else ""


def named_together(words: str) -> tuple[str, str] | None:
    """Both arms, where words after the second value list them: "in the placebo and X groups, respectively".

    Empty names where such a list cannot be parted; None where the words are no list.
    """
    if not _LISTED.search(words):
        return None
    begun = _ARM_BEGINS.match(words)
    names = re.split(r"\s+(?:and|or)\s+(?:the\s+)?", _bare_name(words[begun.end() :]) if begun is not None else "")
    return (_bare_name(names[0]), names[1]) if len(names) == 2 else ("", "")


def _bare_name(words: str) -> str:
    plain = re.split(r",|\brespectively\b", words.strip(" ,;:()[]-"))[0]
    return re.sub(r"\s+(?:groups?|arms?|patients|cohorts?|recipients)?\s*$", "", plain, flags=re.IGNORECASE).strip(" -")


def is_control(name: str) -> bool:
    """Whether a name is that of a control arm."""
    return CONTROL_WORDS.search(name) is not None


def kind_of_share(words: str) -> str:
    """response, adverse-event or other, by the words before a percentage."""
    if _RESPONSE.search(words):
        return "response"
    return "adverse-event" if _HARM.search(words) else "other"
