"""From one stratum to the trial: what many independent strata add up to, by convolution.

Two arms. A stratum's `Spread` says, for every number m of its patients, how likely each number in the first arm is.
With stated sizes the strata's spreads are convolved at those sizes. With stated prevalences the sizes are multinomial:
of m patients in two groups of strata, the number in the second is binomial, and the groups are convolved given it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from equipoise.errors import ArgumentError, permitted
from equipoise.randomization.exact import Counts
from equipoise.randomization.scheme import Scheme, Stratum

Floats = npt.NDArray[np.float64]
Prevalences = Mapping[str, Mapping[str, float]] | Mapping[Stratum, float]
# Up to this many pairs of numbers in the first arm, all at once is faster.
_NARROW = 600
# Sizes of strata that are rarer than this are left out.
_NEGLIGIBLE = 1e-40
# Distance from the target of the first arm, in units of one patient over the sum of the ratio.
Excess = dict[int, float]


@dataclass(frozen=True)
class Window:
    """Probabilities of `low`, `low` + 1, ... patients in the first arm."""

    low: int
    p: Floats

    def __matmul__(self, other: Window) -> Window:
        return Window(self.low + other.low, np.convolve(self.p, other.p))


@dataclass(frozen=True)
class Spread:
    """A window for every number of patients, 0 to n: `low` and `width` (n + 1), `p` (n + 1, the widest) filled up.

    `memoryless`: assignments are drawn alike whatever came before, so several strata are as one.
    """

    low: list[int]
    width: list[int]
    p: Floats
    memoryless: bool = False

    def __getitem__(self, m: int) -> Window:
        return Window(self.low[m], self.p[m, : self.width[m]])

    def __len__(self) -> int:
        return len(self.low)


def spread_of(counts: Sequence[Mapping[Counts, float]], *, memoryless: bool) -> Spread:
    """The spread of one stratum, from the probabilities of the counts after each number of patients."""
    spread = _spread([_window({first: p for (first, _), p in each.items()}) for each in counts])
    return replace(spread, memoryless=memoryless)


def _window(probability: Mapping[int, float]) -> Window:
    low, high = min(probability), max(probability)
    return Window(low, np.array([probability.get(k, 0.0) for k in range(low, high + 1)]))


def _spread(windows: Sequence[Window]) -> Spread:
    p = np.zeros((len(windows), max(len(window.p) for window in windows)))
    for row, window in zip(p, windows, strict=True):
        row[: len(window.p)] = window.p
    return Spread([window.low for window in windows], [len(window.p) for window in windows], p)


def join(first: Spread, second: Spread, share: float) -> Spread:
    """The spread of two groups of strata together; `share` of their patients are in the second, 0 to 1."""
    if first.memoryless:
        return first
    mix = _mixed_narrow if first.p.shape[1] * second.p.shape[1] <= _NARROW else _mixed_wide
    return _spread([mix(first, second, weight) for weight in binomial_rows(len(first) - 1, share)])


def _mixed_narrow(first: Spread, second: Spread, weight: Floats) -> Window:
    """All pairs of numbers in the first arm at once."""
    k = np.flatnonzero(weight > _NEGLIGIBLE)
    rest = len(weight) - 1 - k
    low = np.array(first.low)[rest] + np.array(second.low)[k]
    p = weight[k, None, None] * first.p[rest, :, None] * second.p[k, None, :]
    at = low[:, None, None] + np.arange(p.shape[1])[:, None] + np.arange(p.shape[2])
    start = int(low.min())
    return Window(start, np.bincount((at - start).ravel(), weights=p.ravel()).astype(np.float64))


def _mixed_wide(first: Spread, second: Spread, weight: Floats) -> Window:
    """Convolution after convolution."""
    m = len(weight) - 1
    parts = [(first[m - k] @ second[k], weight[k]) for k in np.flatnonzero(weight > _NEGLIGIBLE).tolist()]
    low = min(part.low for part, _ in parts)
    p = np.zeros(max(part.low + len(part.p) for part, _ in parts) - low)
    for part, w in parts:
        p[part.low - low : part.low - low + len(part.p)] += w * part.p
    return Window(low, p)


def binomial_rows(n: int, share: float) -> list[Floats]:
    """The binomial probabilities of 0 to m successes, for m = 0 to n, by Pascal's rule: no cancellation."""
    rows = [np.ones(1)]
    for _ in range(n):
        rows.append(np.append(rows[-1] * (1.0 - share), 0.0) + np.append(0.0, rows[-1] * share))
    return rows


def excess_of(window: Window, m: int, scheme: Scheme) -> Excess:
    """How far the first arm is above its share of m patients, times the sum of the ratio: a whole number."""
    total, target = scheme.total, next(iter(scheme.ratio.values())) * m
    return {(window.low + k) * total - target: p for k, p in enumerate(window.p.tolist()) if p > 0.0}


class Strata:
    """The strata of a trial as an assessment sees them: their prevalences or their sizes, and groups of them.

    Arguments: the scheme; the patients of the trial; `prevalences`, by factor and level (factors independent) or by
    stratum; or `sizes`, the patients by stratum. Without factors neither is needed.
    Raises ArgumentError `stratum-unknown` for a factor, level or stratum that the scheme does not have, and
    `argument-invalid` for both or neither, prevalences that are no probabilities or do not sum to 1, or sizes that do
    not sum to `n`.
    """

    def __init__(
        self, scheme: Scheme, n: int, prevalences: Prevalences | None, sizes: Mapping[Stratum, int] | None
    ) -> None:
        self.scheme, self.n = scheme, n
        self.strata: tuple[Stratum, ...] = tuple(product(*scheme.factors.values()))
        _check_one(scheme, prevalences, sizes)
        self.sizes = None if sizes is None else {s: _size(v) for s, v in _named(sizes, self.strata, "sizes").items()}
        if self.sizes is not None:
            if sum(self.sizes.values()) != n:
                total = sum(self.sizes.values())
                raise _refused(f"the sizes of the strata sum to {total}, not to n = {n}", "give every stratum its size")
            self.shares = {stratum: self.sizes.get(stratum, 0) / n for stratum in self.strata}
        else:
            self.shares = _shares(scheme, self.strata, prevalences or {})

    @property
    def largest(self) -> int:
        """The most patients that a stratum can have."""
        return self.n if self.sizes is None else max(self.sizes.values())

    def margins(self) -> dict[tuple[str, str], tuple[Stratum, ...]]:
        """The strata of every level of every factor; empty with fewer than two factors, where strata are margins."""
        if len(self.scheme.factors) < 2:
            return {}
        return {
            (name, level): tuple(s for s in self.strata if s[place] == level)
            for place, (name, levels) in enumerate(self.scheme.factors.items())
            for level in levels
        }

    def excess(self, spread: Spread, group: Sequence[Stratum]) -> Excess:
        """The distribution of the first arm's excess over a group of strata, each with the same `spread`."""
        if self.sizes is not None:
            found = Window(0, np.ones(1))
            for stratum in group:
                found = found @ spread[self.sizes.get(stratum, 0)]
            return excess_of(found, sum(self.sizes.get(stratum, 0) for stratum in group), self.scheme)
        present = [stratum for stratum in group if self.shares[stratum] > 0.0]
        if not present:
            return {0: 1.0}
        joint, share = spread, self.shares[present[0]]
        for stratum in present[1:]:
            share += self.shares[stratum]
            joint = join(joint, spread, self.shares[stratum] / share)
        return self._over_sizes(joint, share, whole=len(present) == sum(s > 0.0 for s in self.shares.values()))

    def _over_sizes(self, joint: Spread, share: float, *, whole: bool) -> Excess:
        weights = np.append(np.zeros(self.n), 1.0) if whole else binomial_rows(self.n, share)[-1]
        found: Excess = {}
        for m, weight in enumerate(weights):
            if weight > 0.0:
                for excess, p in excess_of(joint[m], m, self.scheme).items():
                    found[excess] = found.get(excess, 0.0) + weight * p
        return found

    def expected_at(self, by_place: npt.ArrayLike) -> Floats:
        """What holds at each place of a stratum, as expected at each step of the trial: (n, quantities).

        `by_place` (places, quantities): values for the first, second, ... patient of a stratum. With sizes stated the
        order of the strata is taken as random, each order as likely.
        """
        given = np.asarray(by_place, dtype=np.float64)
        value, found = np.zeros((self.n, given.shape[1])), np.zeros((self.n, given.shape[1]))
        value[: len(given)] = given
        for stratum, share in self.shares.items():
            if share > 0.0:
                size = None if self.sizes is None else self.sizes[stratum]
                rows = binomial_rows(self.n - 1, share) if size is None else _hypergeometric_rows(self.n, size)
                found += share * np.array([row @ value[: len(row)] for row in rows])
        return found


def _hypergeometric_rows(n: int, size: int) -> list[Floats]:
    """How many of the first 0, 1, ..., n - 1 of the other patients are of the same stratum, given that one more is."""
    others, same = n - 1, size - 1
    row, rows = np.ones(1), []
    for drawn in range(n):
        rows.append(row)
        k = np.arange(len(row))
        left = max(others - drawn, 1)
        taken = np.clip(same - k, 0, None) / left
        row = np.append(row * (1.0 - taken), 0.0) + np.append(0.0, row * taken)
    return rows


def _check_one(scheme: Scheme, prevalences: object, sizes: object) -> None:
    if prevalences is not None and sizes is not None:
        raise _refused("prevalences and sizes of the strata are both given", "give one of them")
    if scheme.factors and prevalences is None and sizes is None:
        raise _refused(
            f"nothing is said about how common the strata of {', '.join(scheme.factors)} are",
            "give prevalences={factor: {level: share}} or sizes={(level, ...): patients}",
        )


def _shares(scheme: Scheme, strata: tuple[Stratum, ...], prevalences: Prevalences) -> dict[Stratum, float]:
    if any(isinstance(key, tuple) for key in prevalences):
        found = _named(prevalences, strata, "prevalences")
        shares = {stratum: _probability(found.get(stratum, 0.0)) for stratum in strata}
    else:
        by_factor = _named(prevalences, tuple(scheme.factors), "prevalences")
        shares = dict.fromkeys(strata, 1.0)
        for place, (name, levels) in enumerate(scheme.factors.items()):
            given = _named(by_factor.get(name, {}), levels, f"prevalences.{name}")
            _check_sum([_probability(value) for value in given.values()], f"prevalences of {name}")
            shares = {s: shares[s] * float(given.get(s[place], 0.0)) for s in strata}
    _check_sum(list(shares.values()), "prevalences")
    return shares


def _named(given: Mapping, known: Sequence, where: str) -> dict:
    for name in given:
        if name not in known:
            words = [_words(each) for each in known]
            raise ArgumentError(
                "stratum-unknown",
                f"{_words(name)!r} is not among the strata",
                where=where,
                reason="the scheme decides which strata there are",
                hint=permitted(_words(name), words),
            )
    return dict(given)


def _words(name: object) -> str:
    return ", ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _probability(value: object) -> float:
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else -1.0
    if not 0.0 <= number <= 1.0:
        raise _refused(f"prevalence {value!r} is not a probability", "give a number from 0 to 1")
    return number


def _check_sum(shares: Sequence[float], what: str) -> None:
    if abs(sum(shares) - 1.0) > 1e-6:
        raise _refused(f"the {what} sum to {sum(shares):g}, not to 1", "give every level its share")


def _size(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _refused(f"stratum size {value!r} is not a whole number", "give the number of patients of each stratum")
    return value


def _refused(message: str, hint: str) -> ArgumentError:
    return ArgumentError("argument-invalid", message, hint=hint)
