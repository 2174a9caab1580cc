"""How abstracts of journals write numbers, intervals, P values and endpoints: patterns over plain characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# One character for one, so that places in the plain text are places in the pasted one.
_PLAIN = str.maketrans(
    {"·": ".", "∙": ".", "‧": ".", "˙": ".", "–": "-", "—": "-", "‑": "-", "−": "-", "‐": "-", "\u00a0": " ",
     "\u2009": " ", "\u202f": " ", "\u2002": " ", "\u2003": " ", "\n": " ", "\t": " ", "\r": " ", "’": "'", "∶": ":"}
)  # fmt: skip

NUMBER = r"(?:\d+\.\d+|\.\d+|\d+)"
COUNT = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
_OPEN = r"(?:not\s+(?:yet\s+)?(?:reached|estimable|evaluable|available)|NR|NE|NA|NC)\b"
LIMIT = rf"(?:{NUMBER}|{_OPEN})"
_BETWEEN = r"\s*(?:-|\bto\b|,|;)\s*"
_UNIT_WORD = r"(?:months?|mos?\b|weeks?|wks?\b|years?|yrs?\b|days?)"
UNIT = rf"(?:\s*-?\s*{_UNIT_WORD})"
VERSUS = r"(?:\bversus\b|\bvs\b\.?|\bv\b\.?|\b(?:as\s+)?compared\s+(?:with|to)\b|\bthan\b|\band\b|\bagainst\b)"
LEVEL = r"(?P<level{0}>\d{{2}}(?:\.\d+)?)\s*%\s*(?:CIs?\b|confidence\s+intervals?\b)(?:\s*\[CI\])?\s*[:,=]?\s*"
PVALUE = rf"(?P<p>(?:[<>=≤≥]|less\s+than)\s*{NUMBER}(?:\s*[x×]\s*10\s*\^?-\d+|e-\d+)?)"

SENTENCE_END = re.compile(r"(?<!\bvs\.)(?<!\bv\.)(?<=[.!?])\s+(?=[A-Z\d(])")
ANY_NUMBER = re.compile(r"(?<![\w.,/-])\.?\d[\d.,]*(?:%|\b)")
ENDPOINTS: tuple[tuple[str, str], ...] = (
    ("IDFS", r"invasive[\s-]+disease[\s-]+free\s+survival|\bIDFS\b"),
    ("PFS", r"progression[\s-]+free\s+survival|\bPFS\b"),
    ("DFS", r"disease[\s-]+free\s+survival|\bDFS\b"),
    ("EFS", r"event[\s-]+free\s+survival|\bEFS\b"),
    ("OS", r"overall\s+survival|\bOS\b"),
    ("TTP", r"time\s+to\s+(?:disease\s+)?progression|\bTTP\b"),
    ("DOR", r"duration\s+of\s+response|\bDO?R\b"),
)
_ENDPOINT = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in ENDPOINTS), re.IGNORECASE)
CONTROL_WORDS = re.compile(
    r"\bplacebo\b|\bcontrol\b|\balone\b|\bstandard\b|\busual care\b|\bsupportive care\b|\bobservation\b"
    r"|\bmonotherapy\b",
    re.IGNORECASE,
)
_DESIGN = re.compile(
    r"\bpower\b|\bdetect\b|\bassum\w+|\bhypothes\w+|\bmargin\b|\bplanned\b|\btarget\w*\b|\bsample size\b|\bexpected\b",
    re.IGNORECASE,
)
_SUBGROUP = re.compile(
    r"\bsubgroups?\b|\bsubsets?\b|\b(?:among|in)\s+(?:\w+\s+)?(?:patients|participants|women|men|those)\s+(?:with|without|who)\b"
    r"|\bby\s+(?:blinded|independent|central)\b|\bBICR\b|\bper[- ]protocol\b|\binterim\b|\bmutat\w+",
    re.IGNORECASE,
)  # fmt: skip


def plain_text(text: str) -> str:
    """The text with dots, dashes and spaces of journals as plain characters, each in its place."""
    return text.translate(_PLAIN)


def interval(tag: str) -> str:
    """An interval with its level, or two bare limits in brackets; groups level, low, high with the tag."""
    limits = rf"(?P<low{tag}>{LIMIT}){_BETWEEN}(?P<high{tag}>{LIMIT})"
    named = rf"\s*[,;]?\s*[(\[]?\s*{LEVEL.format(tag)}[(\[]?\s*{limits}"
    bare = limits.replace(f"low{tag}", f"barelow{tag}").replace(f"high{tag}", f"barehigh{tag}")
    return rf"(?:{named}(?:{UNIT})?\s*[)\]]{{0,2}}|\s*[(\[]\s*{bare}(?:{UNIT})?\s*[)\]])"


@dataclass(frozen=True)
class Sentence:
    """A stretch of the plain text."""

    text: str
    start: int

    @property
    def is_design(self) -> bool:
        """Whether it speaks of what was planned rather than found."""
        return _DESIGN.search(self.text) is not None

    @property
    def is_part(self) -> bool:
        """Whether it speaks of a part of the patients or of another assessment than the main one."""
        return _SUBGROUP.search(self.text) is not None

    def endpoints(self) -> list[tuple[int, str]]:
        """Place and name of every endpoint named."""
        return [(found.start(), str(found.lastgroup)) for found in _ENDPOINT.finditer(self.text)]

    def endpoint_before(self, place: int) -> str | None:
        """The endpoint named last before a place."""
        before = [name for at, name in self.endpoints() if at < place]
        return before[-1] if before else None


def sentences(plain: str) -> Iterator[Sentence]:
    """The sentences of a text, in order."""
    start = 0
    for end in SENTENCE_END.finditer(plain):
        yield Sentence(plain[start : end.start()], start)
        start = end.end()
    yield Sentence(plain[start:], start)
