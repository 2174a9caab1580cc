"""Minimization: the arm that would leave the least imbalance over the patient's factors is preferred, by a coin.

For a patient with levels l_1 ... l_I and each candidate arm j, n_k is the number of arm k with level l_i once the
patient has joined arm j, and x_k = n_k / r_k, r_k the ratio. The imbalance of a factor is the range, the variance or
the standard deviation of x over the arms, the total G_j the weighted sum over the factors, and, where they have a
weight, over all patients and over the patient's own stratum (Hu and Hu). The arm with the least G is preferred; of
several, one with probability proportional to its ratio. Then a coin decides, with R = sum r:

    ratio-preserving  R virtual arms of ratio 1, r_k of them standing for arm k: the preferred virtual arm has
                      probability p, each other one (1 - p) / (R - 1)
    han2009           arm k preferred: 1 - c (R - r_k) for it and c r_j for each other, c = (1 - p) / (R - min r), so
                      that p is that of the arm with the smallest ratio
    naive             p for the preferred arm whichever it is, the rest in proportion to the ratio

Virtual arms are alike, so each has unconditional probability 1 / R at every step, whoever arrives: the real arms have
exactly their shares. The other two do not at unequal ratios; at 1:1 all three are the same.
Sources: Pocock SJ, Simon R. Biometrics 1975;31:103-115, doi:10.2307/2529712; Han B, Enas NH, McEntegart D. Stat Med
2009;28:3329-3346, doi:10.1002/sim.3710; Kuznetsova OM, Tymofyeyev Y. Stat Med 2012;31:701-723, doi:10.1002/sim.4447;
Hu Y, Hu F. Ann Stat 2012;40:1794-1815, doi:10.1214/12-AOS983.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from equipoise.errors import ArgumentError, permitted
from equipoise.randomization.scheme import (
    Explanation,
    Outcome,
    Patient,
    Scheme,
    State,
    Stratum,
    certain,
    check_turn,
    exact,
)
from equipoise.randomization.words import WordSource, pick

IMBALANCES = ("range", "variance", "standard-deviation")
CONSTRUCTIONS = ("ratio-preserving", "han2009", "naive")
# Standard deviations are sums of square roots: totals this close, relatively, are one total in exact arithmetic.
_TIE = 1e-9


@dataclass(frozen=True)
class Cell:
    """One stratum: its patients by arm, and by candidate (virtual arm, where the construction has them)."""

    counts: Mapping[str, int]
    candidates: tuple[int, ...]

    @property
    def assigned(self) -> int:
        return sum(self.candidates)


class Margin(NamedTuple):
    """Patients who are compared: what they share, the weight of their imbalance, their numbers by candidate."""

    name: str
    weight: Fraction
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Minimization:
    """Pocock and Simon's minimization with a random element, correct at unequal ratios.

    Arguments: the scheme; `probability`, the random element, as the construction reads it, above the preferred arm's
    share and at most 1 (1, without chance but for ties, has a warning); `imbalance`: range, variance or
    standard-deviation; `construction`: ratio-preserving, han2009 or naive; `weights` by factor (without: 1 each);
    `overall_weight` of all patients (without: 0, and 1 where there are no factors); `stratum_weight` of the patient's
    own stratum.
    Raises ArgumentError `argument-invalid` for any other value, and for weights that sum to zero.

    >>> method = Minimization(Scheme({"A": 2, "B": 1}, {"sex": ("f", "m")}), probability=0.7)
    >>> {arm: str(p) for arm, p in method.probabilities(method.start(), Patient("1", {"sex": "f"})).items()}
    {'A': '2/3', 'B': '1/3'}
    """

    scheme: Scheme
    probability: Any = Fraction(4, 5)
    imbalance: str = "range"
    construction: str = "ratio-preserving"
    weights: Mapping[str, Any] = field(default_factory=dict)
    overall_weight: Any = None
    stratum_weight: Any = 0

    def __post_init__(self) -> None:
        _check_choice(self.imbalance, IMBALANCES, "imbalance")
        _check_choice(self.construction, CONSTRUCTIONS, "construction")
        factors = self.scheme.factors
        for name in self.weights:
            if name not in factors:
                hint = permitted(str(name), tuple(factors)) if factors else "the scheme has no factors"
                raise ArgumentError("argument-invalid", f"a weight is given to {name!r}, which is no factor", hint=hint)
        weights = {name: _weight(self.weights.get(name, 1), f"weight of {name}") for name in factors}
        overall = int(not factors) if self.overall_weight is None else self.overall_weight
        settled = {
            "probability": exact(self.probability, "probability"),
            "weights": weights,
            "overall_weight": _weight(overall, "overall_weight"),
            "stratum_weight": _weight(self.stratum_weight, "stratum_weight"),
        }
        for name, value in settled.items():
            object.__setattr__(self, name, value)
        if not any((*weights.values(), self.overall_weight, self.stratum_weight)):
            raise ArgumentError(
                "argument-invalid",
                "the weights of minimization sum to zero",
                reason="no imbalance would count, and every patient would be allocated by a plain draw",
                hint="give a factor, overall_weight or stratum_weight a weight above 0",
            )
        self._check_probability()

    def _check_probability(self) -> None:
        share = {
            "ratio-preserving": Fraction(1, self.scheme.total),
            "han2009": min(self.scheme.shares.values()),
            "naive": max(self.scheme.shares.values()),
        }[self.construction]
        if not share < self.probability <= 1:
            whose = {
                "ratio-preserving": "virtual arm",
                "han2009": "arm with the smallest ratio",
                "naive": "arm with the largest ratio",
            }
            raise ArgumentError(
                "argument-invalid",
                f"the random element of {self.construction} minimization is {self.probability}",
                reason=f"the preferred arm must gain by being preferred: the share of a {whose[self.construction]} "
                f"is {share} without it",
                hint=f"above {share} and at most 1",
            )

    @property
    def name(self) -> str:
        return "minimization"

    @property
    def cited(self) -> tuple[str, ...]:
        found = [self.name]
        if self.construction != "naive" and len(set(self.scheme.ratio.values())) > 1:
            found.append(self.construction)
        if self.scheme.factors and (self.overall_weight or self.stratum_weight):
            found.append("hu-hu")
        return tuple(found)

    @property
    def preserves_ratio(self) -> bool:
        return self.construction == "ratio-preserving" or len(set(self.scheme.ratio.values())) == 1

    @property
    def lists_ahead(self) -> bool:
        return not self.scheme.factors

    @property
    def warnings(self) -> tuple[str, ...]:
        said = certain(self.probability, "the random element of minimization")
        if not self.preserves_ratio:
            ratio = ":".join(str(share) for share in self.scheme.ratio.values())
            said += (f"{self.construction} minimization does not keep {ratio} at every step; ratio-preserving does",)
        return said

    @property
    def digest(self) -> str:
        return self.scheme.digest(
            self.name,
            probability=str(self.probability),
            imbalance=self.imbalance,
            construction=self.construction,
            weights={name: str(weight) for name, weight in self.weights.items()},
            overall_weight=str(self.overall_weight),
            stratum_weight=str(self.stratum_weight),
        )

    @property
    def candidates(self) -> tuple[str, ...]:
        """The arm of each candidate, in order: every arm once, or as often as its ratio where arms are virtual."""
        if self.construction == "ratio-preserving":
            return tuple(arm for arm, share in self.scheme.ratio.items() for _ in range(share))
        return self.scheme.arms

    @property
    def candidate_ratio(self) -> tuple[int, ...]:
        """The ratio of the candidates: 1 each where arms are virtual."""
        if self.construction == "ratio-preserving":
            return (1,) * self.scheme.total
        return tuple(self.scheme.ratio.values())

    def start(self) -> State:
        """The state before the first patient."""
        return State(self.digest, {}, {})

    def probabilities(self, state: State, patient: Patient) -> dict[str, Fraction]:
        """The exact probability of each arm for this patient, given the state. Raises ArgumentError as `allocate`."""
        found = dict.fromkeys(self.scheme.arms, Fraction(0))
        for arm, chance in zip(self.candidates, self._chances(state, self._turn(state, patient)), strict=True):
            found[arm] += chance
        return found

    def outcomes(self, state: State, patient: Patient) -> tuple[Outcome, ...]:
        """Everything that can happen to this patient, with exact probabilities; an arm once per virtual arm.

        Raises ArgumentError as `allocate` does.
        """
        stratum = self._turn(state, patient)
        chances = self._chances(state, stratum)
        return tuple(
            Outcome(chance, self.candidates[place], self._next(state, stratum, patient, place))
            for place, chance in enumerate(chances)
            if chance
        )

    def allocate(self, state: State, patient: Patient, words: WordSource) -> tuple[str, State]:
        """Give the patient an arm, by one word: that of stratum 0 at the number of patients allocated before.

        Returns the arm and the new state; the old state is left as it was.
        Raises ArgumentError `stratum-unknown`, `subject-randomized-twice`, or `argument-invalid` for a state of
        another scheme.
        """
        stratum = self._turn(state, patient)
        place = pick(words.assignment(0, len(state.arms)), _balls(self._chances(state, stratum)))
        return self.candidates[place], self._next(state, stratum, patient, place)

    def key(self, state: State) -> Hashable:
        """What of the state decides all later probabilities: numbers by candidate, of margins that have a weight."""
        if self.stratum_weight:
            return tuple(sorted((stratum, cell.candidates) for stratum, cell in state.strata.items()))
        found = [self._numbers(state, {})] if self.overall_weight else []
        for place, (name, levels) in enumerate(self.scheme.factors.items()):
            if self.weights[name]:
                found += [self._numbers(state, {place: level}) for level in levels]
        return tuple(found)

    def margins(self, state: State, stratum: Stratum) -> tuple[Margin, ...]:
        """The patients whose balance counts for a patient of this stratum: each margin with a weight above 0."""
        found = [
            Margin(f"{name} = {level}", self.weights[name], self._numbers(state, {place: level}))
            for place, (name, level) in enumerate(zip(self.scheme.factors, stratum, strict=True))
        ]
        found.append(Margin("all patients", self.overall_weight, self._numbers(state, {})))
        found.append(Margin("stratum", self.stratum_weight, self._numbers(state, dict(enumerate(stratum)))))
        return tuple(margin for margin in found if margin.weight)

    def preferred(self, state: State, stratum: Stratum) -> tuple[int, ...]:
        """The candidates that would leave the least imbalance for a patient of this stratum: one, or those that tie."""
        margins = self.margins(state, stratum)
        scale = math.lcm(*(margin.weight.denominator for margin in margins))
        whole = [(int(margin.weight * scale), margin.numbers) for margin in margins]
        totals = [
            sum(weight * self._imbalance(numbers, place) for weight, numbers in whole)
            for place in range(len(self.candidates))
        ]
        least = min(totals)
        slack = _TIE * max(1.0, least) if self.imbalance == "standard-deviation" else 0
        return tuple(place for place, total in enumerate(totals) if total - least <= slack)

    def explain(self, state: State, patient: Patient) -> Explanation:
        """The probabilities of this patient and why, for the statistician only.

        The reason is the imbalance that each arm would leave. `details` has one row per margin: its name, its weight,
        and by candidate the number before and the imbalance after joining it (variances with the divisor of a sample).
        Raises ArgumentError as `allocate` does.
        """
        stratum = self._turn(state, patient)
        names, preferred = self._names(), self.preferred(state, stratum)
        rows = []
        for margin in self.margins(state, stratum):
            row: dict[str, Any] = {"margin": margin.name, "weight": margin.weight}
            for place, name in enumerate(names):
                row[f"{name}: number"] = margin.numbers[place]
                row[f"{name}: imbalance"] = self._shown(self._imbalance(margin.numbers, place))
            rows.append(row)
        chosen = " and ".join(names[place] for place in preferred)
        reason = f"{chosen} would leave the least imbalance" + (" alike" if len(preferred) > 1 else "")
        if len(preferred) == len(names):
            reason = "every arm would leave the same imbalance, so each has its share"
        probabilities = self.probabilities(state, patient)
        named = self.scheme.named(stratum)
        return Explanation(self.name, patient.id, named, probabilities, reason, tuple(rows))

    def _names(self) -> tuple[str, ...]:
        if self.construction != "ratio-preserving":
            return self.candidates
        ratio = self.scheme.ratio
        return tuple(arm if n == 1 else f"{arm} ({k})" for arm, n in ratio.items() for k in range(1, n + 1))

    def _turn(self, state: State, patient: Patient) -> Stratum:
        check_turn(state, patient, self.digest)
        return self.scheme.stratum(patient)

    def _numbers(self, state: State, levels: Mapping[int, str]) -> tuple[int, ...]:
        """Patients by candidate, of the strata that have these levels at these places."""
        inside = [
            cell.candidates
            for stratum, cell in state.strata.items()
            if all(stratum[place] == level for place, level in levels.items())
        ]
        return tuple(map(sum, zip(*inside, strict=True))) if inside else (0,) * len(self.candidates)

    def _imbalance(self, numbers: tuple[int, ...], joined: int) -> int | float:
        """The imbalance once a patient has joined a candidate, in whole units (variance and range) or their root."""
        ratio = self.candidate_ratio
        scale = math.lcm(*ratio)
        x = [(n + (k == joined)) * (scale // r) for k, (n, r) in enumerate(zip(numbers, ratio, strict=True))]
        if self.imbalance == "range":
            return max(x) - min(x)
        squares = len(x) * sum(v * v for v in x) - sum(x) ** 2
        return squares if self.imbalance == "variance" else math.sqrt(squares)

    def _shown(self, whole: int | float) -> Fraction | float:
        """An imbalance of whole units in units of x."""
        arms, scale = len(self.candidates), math.lcm(*self.candidate_ratio)
        if self.imbalance == "range":
            return Fraction(int(whole), scale)
        if self.imbalance == "variance":
            return Fraction(int(whole), arms * (arms - 1) * scale * scale)
        return float(whole) / (math.sqrt(arms * (arms - 1)) * scale)

    def _chances(self, state: State, stratum: Stratum) -> tuple[Fraction, ...]:
        """The probability of each candidate: the coins of the preferred ones, mixed in proportion to their ratio."""
        ratio, preferred = self.candidate_ratio, self.preferred(state, stratum)
        tied = sum(ratio[place] for place in preferred)
        chances = [Fraction(0)] * len(ratio)
        for place in preferred:
            for other, chance in enumerate(self.coin(place)):
                chances[other] += Fraction(ratio[place], tied) * chance
        return tuple(chances)

    def coin(self, preferred: int) -> tuple[Fraction, ...]:
        p, ratio = self.probability, self.candidate_ratio
        whole, own = sum(ratio), ratio[preferred]
        spread = (1 - p) / (whole - own) if self.construction == "naive" else (1 - p) / (whole - min(ratio))
        return tuple(1 - spread * (whole - own) if k == preferred else spread * r for k, r in enumerate(ratio))

    def _next(self, state: State, stratum: Stratum, patient: Patient, place: int) -> State:
        arm = self.candidates[place]
        cell = state.strata.get(stratum) or Cell(dict.fromkeys(self.scheme.arms, 0), (0,) * len(self.candidates))
        joined = tuple(n + (k == place) for k, n in enumerate(cell.candidates))
        after = Cell({**cell.counts, arm: cell.counts[arm] + 1}, joined)
        return State(state.scheme, {**state.strata, stratum: after}, {**state.arms, patient.id: arm})


def hu_hu(
    scheme: Scheme,
    *,
    overall: Any = Fraction(1, 5),
    stratum: Any = Fraction(3, 10),
    margins: Any = Fraction(1, 2),
    probability: Any = Fraction(17, 20),
) -> Minimization:
    """Hu and Hu's covariate-adaptive randomization: squared imbalances overall, within stratum and over the margins.

    Arguments: the scheme; the weights of all patients, of the patient's stratum, and of the margins together (each
    factor has an equal part of it); the probability of the preferred arm.
    Returns a `Minimization` by variance, which at two arms orders the arms as squared differences do.
    Raises ArgumentError as `Minimization` does.
    Source: Hu Y, Hu F. Asymptotic properties of covariate-adaptive randomization. Ann Stat 2012;40:1794-1815,
    doi:10.1214/12-AOS983.
    """
    each = exact(margins, "margins") / max(1, len(scheme.factors))
    return Minimization(
        scheme,
        probability=probability,
        imbalance="variance",
        weights=dict.fromkeys(scheme.factors, each),
        overall_weight=overall,
        stratum_weight=stratum,
    )


def _balls(chances: tuple[Fraction, ...]) -> tuple[int, ...]:
    """Whole weights in the proportions of the probabilities: what one word picks from."""
    scale = math.lcm(*(chance.denominator for chance in chances))
    return tuple(int(chance * scale) for chance in chances)


def _weight(value: Any, what: str) -> Fraction:
    weight = exact(value, what)
    if weight < 0:
        raise ArgumentError("argument-invalid", f"{what} is {value!r}", hint="0 or more; 0 leaves it out")
    return weight


def _check_choice(value: str, choices: tuple[str, ...], what: str) -> None:
    if value not in choices:
        raise ArgumentError("argument-invalid", f"{what} is {value!r}", hint=permitted(str(value), choices))
