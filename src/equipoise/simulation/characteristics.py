"""What many simulated trials did, in numbers, each with its Monte-Carlo error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from equipoise.kernels.plain.special import normal_quantile
from equipoise.simulation.event_course import EventCourse
from equipoise.simulation.measures import LOG_RATIO, TIME, Measures, counted_events
from equipoise.simulation.tallies import EFFICACY, OUTCOMES, Layout, Tally, histogram_quantile
from equipoise.simulation.trial_model import TrialModel

Floats = npt.NDArray[np.float64]

_LATE = 0.99


@dataclass(frozen=True)
class Timing:
    """Seconds: `start_up`, loading and compiling the engine; `work`, the trials themselves; and the `threads` used."""

    start_up: float
    work: float
    threads: int


@dataclass(frozen=True)
class Estimate:
    """A mean over trials with its Monte-Carlo standard error, and the standard deviation between trials."""

    mean: float
    std_error: float
    std_dev: float


@dataclass(frozen=True, eq=False, repr=False)
class Characteristics:
    """What many simulated trials of a model did.

    `model`; `measures`, what was measured at each look; `layout`, where it stands in the tally; `seed`; `requested`
    trials; `tally`, what was kept of them; `interrupted`, whether Ctrl-C ended it; `timing`; `engine`, the one
    that ran them ("lanes", "general", "plain", "cuda"); `course`, events over time, or None.
    """

    model: TrialModel
    measures: Measures
    layout: Layout
    seed: int
    requested: int
    tally: Tally
    interrupted: bool
    timing: Timing
    engine: str
    course: EventCourse | None = None

    @property
    def trials(self) -> int:
        """Trials simulated."""
        return self.tally.trials

    @property
    def partial(self) -> bool:
        """Whether it was interrupted before all trials asked for were simulated."""
        return self.interrupted and self.trials < self.requested

    @property
    def trials_per_second(self) -> float:
        """Trials a second of work, without the start-up."""
        return self.trials / max(self.timing.work, 1e-9)

    @property
    def digest(self) -> str:
        """SHA-256 of all counts and sums: what any number of threads and any division of the trials leave the same."""
        return self.tally.digest

    @cached_property
    def probabilities(self) -> Floats:
        """Shares of trials that stopped for efficacy, futility and harm at each look: (3, K)."""
        return self.tally.decisions / self.trials

    def rate(self, outcome: str = "efficacy") -> Estimate:
        """The share of trials that end with an outcome ("efficacy", "futility", "harm") at any look."""
        return _share(int(self.tally.decisions[OUTCOMES.index(outcome)].sum()), self.trials)

    @property
    def rejection_rate(self) -> float:
        """The share of trials that cross an efficacy bound: power, or one side's size where there is no effect."""
        return self.rate().mean

    @property
    def rejection_error(self) -> float:
        """Monte-Carlo standard error of the rejection rate."""
        return self.rate().std_error

    def rejection_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Wilson's interval for the rejection rate (J Am Stat Assoc 1927;22:209-212)."""
        z2 = normal_quantile(0.5 + level / 2.0) ** 2
        n, p = self.trials, self.rejection_rate
        half = math.sqrt(z2 * (p * (1.0 - p) / n + z2 / (4.0 * n * n)))
        middle = p + z2 / (2.0 * n)
        return (middle - half) / (1.0 + z2 / n), (middle + half) / (1.0 + z2 / n)

    def at_stop(self, measure: str) -> Estimate:
        """The mean over trials of "time", "events" or "enrolled" at the look where each stopped."""
        total, squares = self.tally.at_stop[:, self.layout.at_stop.index(measure)].tolist()
        return _estimate(total, squares, self.trials)

    def at_look(self, measure: str, look: int) -> Estimate:
        """The mean of a measure at a look (from 1), over the trials that have it, whether or not they had stopped."""
        total, squares = self.tally.sums[:, self.layout.row(measure, look)].tolist()
        return _estimate(total, squares, self.known(measure, look))

    def known(self, measure: str, look: int) -> int:
        """Trials with a finite value of a measure at a look: a median may not be reached."""
        missing = int(self.tally.missing[self.layout.row(measure, look)])
        outside = 0
        if self.measures[measure].kind == LOG_RATIO:
            # Infinite where all events are of one arm; no finite estimate lies outside the bins.
            outside = int(self._counts(measure, look)[[0, -1]].sum())
        return self.trials - missing - outside

    def quantile(self, measure: str, look: int, probability: float) -> float:
        """A quantile of a measure at a look, within a bin of its histogram; a time not reached lies above all."""
        beyond = 0
        if self.measures[measure].kind == TIME:
            beyond = int(self.tally.missing[self.layout.row(measure, look)])
        return histogram_quantile(self._counts(measure, look), self.layout.bins[measure], probability, beyond)

    def histogram(self, measure: str, look: int) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Edges of the fixed bins (B + 1,) and the trials in each (B,)."""
        return self.layout.bins[measure].edges, self._counts(measure, look)[1:-1]

    def _counts(self, measure: str, look: int) -> npt.NDArray[np.int64]:
        return self.layout.counts(self.tally.histograms, measure, look)

    def not_reached(self, look: int) -> float:
        """The share of trials in which the events that a look waits for had not come when it was made."""
        given = self.model.looks[look - 1]
        if given.events is None:
            return 0.0
        counts = self._counts(counted_events(given, self.model.arms), look)
        # Bin k + 1 holds the trials with k events.
        return float(counts[: given.events + 1].sum()) / self.trials

    @property
    def horizon(self) -> float:
        """The time by which nearly all trials have had their last look."""
        late = self.quantile("time", len(self.model.looks), _LATE)
        return min(late, self.model.longest) if math.isfinite(late) else self.model.longest

    def power_of_arm(self, arm: str) -> Estimate:
        """The share of trials that stop for efficacy with this experimental arm across its bound."""
        place = self.model.arms[1:].index(arm)
        return _share(int(self.tally.crossed[place].sum()), self.trials)

    @property
    def stopped(self) -> float:
        """The share of trials stopped by a bound before or at the last look."""
        return float(self.probabilities.sum())

    @property
    def power_by_look(self) -> Floats:
        """The cumulated rejection rate (K,)."""
        return self.probabilities[EFFICACY].cumsum()


def _share(count: int, trials: int) -> Estimate:
    share = count / trials
    spread = math.sqrt(share * (1.0 - share))
    return Estimate(share, spread / math.sqrt(trials), spread)


def _estimate(total: float, squares: float, count: int) -> Estimate:
    if count == 0:
        return Estimate(math.nan, math.nan, math.nan)
    mean = total / count
    variance = max(squares - total * mean, 0.0) / (count - 1) if count > 1 else math.nan
    return Estimate(mean, math.sqrt(variance / count), math.sqrt(variance))
