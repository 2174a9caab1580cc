"""What is kept of simulated trials: counts, sums, histograms of fixed bins. Memory does not grow with the trials.

Histograms are whole numbers. Sums are of blocks of `BLOCK` trials, numbered from the first trial and added in their
order: the same bits come out for any number of threads and any division of the trials among them.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from equipoise.kernels.plain import trial_tally as plain
from equipoise.kernels.plain.trial_tally import BinTable
from equipoise.simulation.spent_bounds import TrialBounds
from equipoise.simulation.trial_looks import LookBounds

BLOCK = 1024
EFFICACY, FUTILITY, HARM = 0, 1, 2
OUTCOMES = ("efficacy", "futility", "harm")

Whole = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bins:
    """`count` bins of one width from `low` on; what lies outside is counted below and above.

    `whole`: each bin holds one whole number, at its middle.
    """

    low: float
    width: float
    count: int
    whole: bool = False

    @property
    def edges(self) -> Floats:
        """The ends of the bins (count + 1,)."""
        return self.low + self.width * np.arange(self.count + 1, dtype=np.float64)


def histogram_quantile(counts: Whole, bins: Bins, probability: float, beyond: int = 0) -> float:
    """The quantile of counts (count + 2,) by bins, `beyond` more lying above all of them; infinite outside the bins.

    Within a bin the counts are taken as spread evenly; a whole number is itself. NaN without any count.
    """
    total = int(counts.sum()) + beyond
    if total == 0:
        return math.nan
    wanted = probability * total
    reached = np.cumsum(counts)
    place = int(np.searchsorted(reached, wanted, side="left"))
    if place == 0:
        return -math.inf
    if place > bins.count:
        return math.inf
    if bins.whole:
        return bins.low + bins.width * (place - 0.5)
    before = int(reached[place - 1])
    return bins.low + bins.width * (place - 1 + (wanted - before) / (int(reached[place]) - before))


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the numbers of each measure stand: R rows, measure by measure and within it look by look (K looks).

    `bins` by measure; `at_stop`, the measures whose value at the look where a trial stops is wanted.
    """

    bins: Mapping[str, Bins]
    looks: int
    at_stop: tuple[str, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self.bins)

    @cached_property
    def table(self) -> BinTable:
        """How the rows' values find their bins."""
        rows = [bins for bins in self.bins.values() for _ in range(self.looks)]
        sizes = np.array([bins.count + 2 for bins in rows])
        columns = [[1.0 / bins.width, 1.0 - bins.low / bins.width, bins.count + 1.0] for bins in rows]
        multiplier, shift, last = (np.array(column) for column in zip(*columns, strict=True))
        return BinTable(multiplier, shift, last, np.cumsum(sizes) - sizes, int(sizes.sum()))

    @cached_property
    def one_look(self) -> Layout:
        """The layout of the values at the look where a trial stopped."""
        return Layout({name: self.bins[name] for name in self.at_stop}, 1, self.at_stop)

    def row(self, name: str, look: int) -> int:
        """The row of a measure at a look (from 1)."""
        return self.names.index(name) * self.looks + look - 1

    def counts(self, flat: Whole, name: str, look: int) -> Whole:
        """The counts of one row (bins + 2,)."""
        start = int(self.table.start[self.row(name, look)])
        return flat[start : start + self.bins[name].count + 2]


@dataclass(frozen=True, eq=False)
class Tally:
    """Of `trials` simulated trials, by the rows of a layout.

    `decisions` (3, K): trials that stopped for efficacy, futility, harm; `crossed` (experimental arms, K): of those
    that stopped for efficacy, how many had crossed in this arm at that look; `histograms`, flat; `missing` (R,);
    `sums` (2, R), of the finite values and of their squares; `at_stop` (2, measures), the same of the values at the
    look where each trial stopped (the last look where it never did).

    Of a chunk, `sums` and `at_stop` have one entry for each block in front: they are added in the order of the blocks.
    """

    trials: int
    decisions: Whole
    crossed: Whole
    histograms: Whole
    missing: Whole
    sums: Floats
    at_stop: Floats

    def plus(self, chunk: Tally) -> Tally:
        """This tally and that of the chunk that follows."""
        return Tally(
            self.trials + chunk.trials,
            self.decisions + chunk.decisions,
            self.crossed + chunk.crossed,
            self.histograms + chunk.histograms,
            self.missing + chunk.missing,
            _added(self.sums, chunk.sums),
            _added(self.at_stop, chunk.at_stop),
        )

    @property
    def digest(self) -> str:
        """SHA-256 of every number: equal digests, equal bytes."""
        numbers = (np.int64(self.trials), *(getattr(self, each.name) for each in fields(self)[1:]))
        return hashlib.sha256(b"".join(values.tobytes() for values in numbers)).hexdigest()


def total_of(chunk: Tally) -> Tally:
    """The tally that begins with this chunk."""
    first = replace(chunk, sums=np.zeros_like(chunk.sums[0]), at_stop=np.zeros_like(chunk.at_stop[0]))
    return replace(first, sums=_added(first.sums, chunk.sums), at_stop=_added(first.at_stop, chunk.at_stop))


def _added(total: Floats, blocks: Floats) -> Floats:
    for block in blocks:
        total = total + block
    return total


def tally_chunk(
    values: np.ndarray, z: np.ndarray, layout: Layout, bounds: LookBounds, *, compiled: bool = False
) -> Tally:
    """The tally of a chunk of trials that begins with a block.

    `values` (R, trials), NaN where missing; `z` (experimental arms, K, trials) decides, followed by the events of both
    arms where `bounds` depend on them; `compiled` says how the numbers are counted, and changes none of them.
    """
    z, limits = bounds.held_against(z)
    outcome, stop = decide(z, limits)
    looks = layout.looks
    decided = np.bincount(outcome * looks + stop, minlength=4 * looks).reshape(4, looks)[:3]
    kernel = _kernel(compiled)
    rows = kernel.tally_rows(values, layout.table, BLOCK)
    if looks == 1:
        at_stop = rows.sums[..., [layout.row(name, 1) for name in layout.at_stop]]
    else:
        stopped = [np.take_along_axis(values[layout.row(n, 1) :][:looks], stop[None], axis=0) for n in layout.at_stop]
        at_stop = kernel.tally_rows(np.concatenate(stopped), layout.one_look.table, BLOCK).sums
    crossed = _crossed(z, outcome, stop, limits)
    return Tally(len(stop), decided, crossed, rows.counts, rows.missing, rows.sums, at_stop)


def _kernel(compiled: bool):
    if compiled:
        from equipoise.kernels.compiled import trial_tally

        return trial_tally
    return plain


def decide(z: np.ndarray, bounds: LookBounds | TrialBounds) -> tuple[Whole, Whole]:
    """What each trial ended with (0 efficacy, 1 futility, 2 harm, 3 none of them) and at which look.

    `z` (experimental arms, K, trials). The trial stops for efficacy once any arm crosses, for futility or harm once all
    arms do. An arm without a Z at a look decides nothing there.
    """
    _, looks, trials = z.shape
    outcome = np.full(trials, 3, dtype=np.int64)
    stop = np.full(trials, looks - 1, dtype=np.int64)
    for k in range(looks):
        best = z[0, k] if len(z) == 1 else np.fmax.reduce(z[:, k])
        going = outcome == 3
        upper = going & (best >= bounds.efficacy[k])
        harm = going & (best <= bounds.harm[k])
        lower = going & (best <= bounds.lower[k]) & ~harm
        for found, name in ((upper, EFFICACY), (lower, FUTILITY), (harm, HARM)):
            outcome[found] = name
            stop[found] = k
    return outcome, stop


def _crossed(z: np.ndarray, outcome: Whole, stop: Whole, bounds: LookBounds | TrialBounds) -> Whole:
    """Of the trials that stopped for efficacy at each look, those in which each arm had crossed: (arms, K)."""
    at = [(outcome == EFFICACY) & (stop == k) for k in range(len(bounds.efficacy))]
    pairs = list(zip(at, bounds.efficacy, strict=True))
    return np.array([[np.count_nonzero((row >= bound) & here) for row, (here, bound) in zip(own, pairs, strict=True)]
                     for own in z])  # fmt: skip
