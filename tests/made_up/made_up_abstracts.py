"""Made-up abstracts in the manner of several journals, with what each says."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

DRUGS = ("abeloxib", "zorimatinib", "tevalumab", "noraparib")
BACKBONES = ("letrozole", "docetaxel", "FOLFIRI", "endocrine therapy")
ENDPOINTS = {"PFS": "progression-free survival", "OS": "overall survival", "DFS": "disease-free survival"}
EVENT_OF = {"PFS": "disease progression or death", "OS": "death", "DFS": "recurrence or death"}


@dataclass
class MadeUpAbstract:
    """`truth`: what every field says, by the name a draft gives it; `experimental` and `control`, the arms' names."""

    text: str
    experimental: str
    control: str
    truth: dict[str, str] = field(default_factory=dict)


@dataclass
class Manner:
    """How a journal writes: decimal point, dash of intervals, versus, brackets, leading zero, P."""

    dot: str
    dash: str
    versus: str
    open: str
    close: str
    p: str
    leading: bool = True

    def write(self, text: str) -> str:
        """Numbers of a text in this manner; the text itself is written with plain points."""
        return "".join(
            self.dot if letter == "." and text[k - 1 : k].isdigit() and text[k + 1 : k + 2].isdigit() else letter
            for k, letter in enumerate(text)
        )


MANNERS = (
    Manner("·", "–", "vs", "[", "]", "p={}"),
    Manner(".", " to ", "as compared with", "", "", "P={}"),
    Manner(".", " to ", "v", "[", "]", "P = {}", leading=False),
    Manner(".", "-", "versus", "(", ")", "two-sided P={}"),
    Manner(".", "–", "vs.", "[", "]", "stratified log-rank P={}"),
    Manner(".", "—", "and", "(", ")", "P-value = {}"),
)


def made_up_abstract(seed: int) -> MadeUpAbstract:
    """One abstract; everything about it is drawn from the seed."""
    draw = random.Random(seed)
    manner = draw.choice(MANNERS)
    drug, backbone = draw.choice(DRUGS), draw.choice(BACKBONES)
    control = draw.choice((f"placebo plus {backbone}", f"{backbone} alone", "chemotherapy", "placebo", f"{backbone}"))
    experimental = draw.choice((f"{drug} plus {backbone}", drug))
    made = MadeUpAbstract("", experimental, control)
    # Some authors write the control arm first.
    swapped = draw.random() < 0.25
    names = draw.sample(list(ENDPOINTS), k=draw.randint(1, 2))
    parts = [_noise(draw), _assigned(draw, made, swapped=swapped)]
    for name in names:
        parts += [_effect(draw, made, manner, name, swapped=swapped)]
        if draw.random() < 0.6:
            parts.append(_rates(draw, made, manner, name, swapped=swapped))
        parts.append(_noise(draw))
    parts += [_response(draw, made, manner, swapped=swapped), _harm(draw, made, manner, swapped=swapped), _noise(draw)]
    made.text = manner.write(" ".join(part for part in parts if part))
    return made


def _assigned(draw: random.Random, made: MadeUpAbstract, *, swapped: bool) -> str:
    n = [draw.randint(60, 900), draw.randint(60, 900)]
    arms = [made.experimental, made.control]
    if swapped:
        n, arms = n[::-1], arms[::-1]
    total = f"{sum(n):,}"
    form = draw.randint(0, 4)
    truth = {
        "randomized, both arms": str(sum(n)),
        made.experimental: str(n[swapped]),
        made.control: str(n[not swapped]),
    }
    made.truth |= {key: value for key, value in truth.items() if key == "randomized, both arms" or form in (0, 1, 2)}
    return (
        f"A total of {total} patients were randomly assigned: {n[0]} to {arms[0]} and {n[1]} to {arms[1]}.",
        f"We randomly assigned {total} patients to receive {arms[0]} (n = {n[0]}) or {arms[1]} (n = {n[1]}).",
        f"Between May 2015 and June 2019, {total} participants were randomised, {n[0]} to the {arms[0]} group and "
        f"{n[1]} to the {arms[1]} group.",
        f"Overall, {total} patients were randomly assigned (2:1) and included in the analysis.",
        f"In all, {total} women were enrolled and randomized in a 1:1 ratio.",
    )[form]


def _interval(manner: Manner, low: str, high: str, comma: str = "") -> str:
    return f"95% CI{comma} {low}{manner.dash}{high}"


def _numbers(draw: random.Random, low: float, high: float, digits: int) -> list[str]:
    values = sorted(draw.uniform(low, high) for _ in range(3))
    return [f"{value:.{digits}f}" for value in values]


def _effect(draw: random.Random, made: MadeUpAbstract, manner: Manner, name: str, *, swapped: bool) -> str:
    full = draw.choice((ENDPOINTS[name], name))
    digits = draw.randint(1, 2)
    medians = [_numbers(draw, 8.0, 30.0, digits), _numbers(draw, 2.0, 8.0, digits)]
    limits = [f"{low} (95% {lo}-{hi})" for lo, low, hi in medians]
    made.truth[f"{name}: experimental median, months"], made.truth[f"{name}: control median, months"] = limits
    low, value, high = _numbers(draw, 0.3, 0.98, 2)
    p = draw.choice((f"{draw.uniform(0.001, 0.2):.3f}", "<0.001", "<0.0001"))
    low_, value_, high_, p_ = (one if manner.leading else one.replace("0.", ".") for one in (low, value, high, p))
    made.truth[f"{name}: hazard ratio"] = f"{value_} (95% {low_}-{high_})"
    made.truth[f"{name}: P"] = p_
    arms = [made.experimental, made.control]
    if swapped:
        medians, arms = medians[::-1], arms[::-1]
    a, b = (f"{mid} months ({_interval(manner, lo, hi, draw.choice(('', ',')))})" for lo, mid, hi in medians)
    stated = manner.p.format(p_).replace("=<", "<").replace("= <", "<")
    ratio = (
        f"{draw.choice(('hazard ratio', 'HR', f'hazard ratio for {EVENT_OF[name]}'))}"
        f"{draw.choice((', ', ' '))}{value_}{draw.choice(('; ', ', ', ' '))}{manner.open}"
        f"{_interval(manner, low_, high_)}{manner.close}; {stated}"
    )
    return (
        f"The median {full} was {a} in the {arms[0]} group {manner.versus} {b} in the {arms[1]} group ({ratio}).",
        f"Median {full} was {a} with {arms[0]} {manner.versus} {b} with {arms[1]} ({ratio}).",
        f"Median {full} was {a} {manner.versus} {b} in the {arms[0]} and {arms[1]} groups, respectively ({ratio}).",
        f"Median {full} was {a} {manner.versus} {b}; {ratio}.",
    )[draw.randint(0, 3)]


def _rates(draw: random.Random, made: MadeUpAbstract, manner: Manner, name: str, *, swapped: bool) -> str:
    at, unit = draw.choice(((6, "month"), (12, "month"), (2, "year"), (24, "month")))
    values = [f"{draw.uniform(50, 90):.1f}", f"{draw.uniform(10, 50):.1f}"]
    for arm, value in zip(("experimental", "control"), values, strict=True):
        made.truth[f"{name}: {arm} rate at {at} {unit}s, %"] = value
    arms = [made.experimental, made.control]
    if swapped:
        values, arms = values[::-1], arms[::-1]
    versus = manner.versus
    return (
        f"The {at}-{unit} {ENDPOINTS[name]} rate was {values[0]}% with {arms[0]} {versus} {values[1]}% with {arms[1]}.",
        f"{name} at {at} {unit}s was {values[0]}% {versus} {values[1]}%.",
        f"At {at} {unit}s, the rate was {values[0]}% {versus} {values[1]}%.",
    )[draw.randint(0, 1)]


def _response(draw: random.Random, made: MadeUpAbstract, manner: Manner, *, swapped: bool) -> str:
    return _share(
        draw, made, manner, draw.choice(("Objective response rate", "Clinical benefit rate")), swapped=swapped
    )


def _harm(draw: random.Random, made: MadeUpAbstract, manner: Manner, *, swapped: bool) -> str:
    return _share(draw, made, manner, draw.choice(("Grade 3 or higher adverse events", "Grade ≥3 neutropenia")),
                  swapped=swapped)  # fmt: skip


def _share(draw: random.Random, made: MadeUpAbstract, manner: Manner, label: str, *, swapped: bool) -> str:
    values = [f"{draw.uniform(20, 80):.1f}", f"{draw.uniform(1, 60):.1f}"]
    made.truth[f"{label}: experimental, %"], made.truth[f"{label}: control, %"] = values
    arms = [made.experimental, made.control]
    if swapped:
        values, arms = values[::-1], arms[::-1]
    a, b = values
    verb = "was" if "rate" in label else "occurred in"
    return (
        f"{label} {verb} {a}% {manner.versus} {b}%.",
        f"{label} {verb} {a}% of patients with {arms[0]} and {b}% with {arms[1]}.",
        f"{label} {verb} {a}% in the {arms[0]} group {manner.versus} {b}% in the {arms[1]} group.",
    )[draw.randint(0, 2)]


def _noise(draw: random.Random) -> str:
    """Numbers that are none of a draft's."""
    return draw.choice((
        "",
        "The trial had 80% power to detect a hazard ratio of 0.59 with 127 events.",
        "In the subgroup with measurable disease, the hazard ratio for death was 0.44 (95% CI 0.20-0.90).",
        "Median age was 59 years in both groups, and 61.1% had a performance status of 0.",
        "Median duration of treatment was 5.1 months versus 3.2 months.",
        "By blinded independent central review, median PFS was 9.9 months versus 4.4 months (HR 0.50; 95% CI 0.4-0.6).",
        "The P value for interaction was 0.41.",
        "Patients were stratified by 2 factors at 41 sites in 6 countries.",
        "Treatment was given at 125 mg daily for 21 days of each 28-day cycle.",
        "We assumed a median PFS of 6 months versus 4 months and a one-sided alpha of 0.025.",
    ))  # fmt: skip
