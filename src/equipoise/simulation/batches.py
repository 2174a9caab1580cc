"""Allocations of many trials at once: a method's tables for the kernels, and the arms they give.

Every arm is the one that the method's `allocate` gives with `SeededWords(seed, replicate)`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.errors import ArgumentError
from equipoise.kernels import dispatch
from equipoise.kernels.plain import allocation as plain
from equipoise.randomization import Method, Minimization
from equipoise.randomization.chain import chain_of, thresholds

Whole = npt.NDArray[np.int64]
Arms = npt.NDArray[np.int8]

MOST_CANDIDATES = 12
_MEASURES = {"range": plain.RANGE, "variance": plain.VARIANCE, "standard-deviation": plain.STANDARD_DEVIATION}
# Totals up to here are whole numbers in double precision, and so compared exactly.
_EXACT = 1 << 53
_TIE = 1e-9


@dataclass(frozen=True)
class Batch:
    """A method made ready for trials of `n` patients, at most `places` of them in one stratum.

    The arms of `draw` number those of `method.scheme`.
    """

    method: Method
    n: int
    places: int
    tables: plain.ChainTables | plain.MinimizationTables

    def draw(self, strata: npt.ArrayLike, seed: int, *, first: int = 0, engine: str = "auto") -> Arms:
        """The arm's index of every patient, trials by patients.

        Arguments: `strata`, the number of every patient's stratum in order of arrival, (trials, n) whole numbers;
        `seed`; the number of the first replicate, the others follow; `engine`, auto, plain or compiled, which decides
        about speed only.
        """
        given = np.asarray(strata, dtype=np.int64)
        n_strata = len(self.method.scheme.all_strata())
        if given.ndim != 2 or given.shape[1] != self.n or not ((given >= 0) & (given < n_strata)).all():
            raise ArgumentError(
                "argument-invalid",
                f"strata have shape {given.shape}",
                where="strata",
                hint=f"trials by {self.n} patients, numbers from 0 to {n_strata - 1}",
            )
        if self.places < self.n and max((given == s).sum(axis=1).max(initial=0) for s in range(n_strata)) > self.places:
            raise ArgumentError(
                "argument-invalid",
                f"a stratum has more than {self.places} patients",
                where="strata",
                hint="make the batch ready for more",
            )
        replicates = first + np.arange(len(given), dtype=np.int64)
        kernels = _kernels(engine, given.size)
        if isinstance(self.tables, plain.MinimizationTables):
            return kernels.minimization_arms(seed, replicates, given, self.tables)
        return kernels.chain_arms(seed, replicates, given, n_strata, self.tables)


def batch_of(method: Method, n: int, places: int | None = None) -> Batch:
    """The tables of a method for trials of `n` patients, at most `places` (by default all) of them in one stratum.

    Raises ArgumentError `argument-invalid` where a stratum can be in too many states, or minimization has more than 12
    (virtual) arms or weights of too many digits.
    """
    if isinstance(method, Minimization):
        return Batch(method, n, n, minimization_tables(method, n))
    most = n if places is None else places
    tables = chain_of(method, most).tables()
    blocks = -(-most // tables.smallest) if tables.n_sizes.any() else 1
    return Batch(
        method, n, most, plain.ChainTables(tables.threshold, tables.following, tables.sizes, tables.n_sizes, blocks)
    )


def minimization_tables(method: Minimization, n: int) -> plain.MinimizationTables:
    """Minimization as arrays: whose numbers count for each stratum, and what each set of preferred arms leads to."""
    candidates = len(method.candidates)
    if candidates > MOST_CANDIDATES:
        raise ArgumentError(
            "argument-invalid",
            f"minimization has {candidates} candidates",
            reason="batches hold a table of every set of preferred ones",
            hint=f"ratios that sum to at most {MOST_CANDIDATES}",
        )
    cells, weights = _cells(method)
    scale = math.lcm(*(weight.denominator for weight in weights))
    whole = [int(weight * scale) for weight in weights]
    common = math.lcm(*method.candidate_ratio)
    largest = sum(whole) * (candidates * (n + 1) * common) ** 2
    if largest > _EXACT:
        raise ArgumentError(
            "argument-invalid",
            f"imbalances of minimization may reach {largest}",
            reason="batches compare them in double precision, exactly up to 2^53",
            hint="give weights of fewer digits",
        )
    threshold = [
        thresholds(_chances(method, [k for k in range(candidates) if preferred >> k & 1] or [0]))
        for preferred in range(1 << candidates)
    ]
    return plain.MinimizationTables(
        cells=np.array(cells, dtype=np.int64),
        weight=np.array(whole, dtype=np.int64),
        multiplier=np.array([common // r for r in method.candidate_ratio], dtype=np.int64),
        measure=_MEASURES[method.imbalance],
        threshold=np.array(threshold, dtype=np.uint64).reshape(1 << candidates, candidates - 1),
        tie=_TIE if method.imbalance == "standard-deviation" else 0.0,
        arm=np.array([method.scheme.arms.index(arm) for arm in method.candidates], dtype=np.int8),
    )


def _chances(method: Minimization, preferred: list[int]) -> list[Fraction]:
    """The probability of each candidate where these are preferred alike: their coins in proportion to their ratio."""
    ratio = method.candidate_ratio
    tied = sum(ratio[place] for place in preferred)
    coins = [(Fraction(ratio[place], tied), method.coin(place)) for place in preferred]
    return [sum((share * coin[k] for share, coin in coins), Fraction(0)) for k in range(len(ratio))]


def _cells(method: Minimization) -> tuple[list[list[int]], list[Fraction]]:
    """By stratum the numbers of the cells whose balance counts, and their weights, in the order of `margins`."""
    numbers: dict[tuple[str, object], int] = {}
    found, weights = [], []
    for stratum in method.scheme.all_strata():
        margins = method.margins(method.start(), stratum)
        weights = [margin.weight for margin in margins]
        found.append(
            [numbers.setdefault((m.name, stratum if m.name == "stratum" else ""), len(numbers)) for m in margins]
        )
    return found, weights


def _kernels(engine: str, patients: int) -> Any:
    """The module of plain or of compiled kernels."""
    if engine not in dispatch.ENGINES:
        raise ArgumentError(
            "argument-invalid", f"engine is {engine!r}", hint=f"permitted: {', '.join(dispatch.ENGINES)}"
        )
    if dispatch.use_compiled(engine, patients):
        from equipoise.kernels.compiled import allocation as compiled

        return compiled
    return plain
