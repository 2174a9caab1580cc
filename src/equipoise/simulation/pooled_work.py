"""The work on a chunk of trials whose tests ignore the strata that patients were randomized in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equipoise.kernels.dispatch import simulate_chunk
from equipoise.simulation.pooled_tests import pool_statistics
from equipoise.simulation.tallies import Tally, tally_chunk
from equipoise.simulation.trial_model import TrialModel
from equipoise.simulation.trial_runs import Work


@dataclass(frozen=True)
class PooledWork(Work):
    """As `Work`, with the statistics of `pooled_tests` in place of the stratified ones."""

    def __call__(self, first: int, count: int) -> Tally:
        """See `Work.__call__`."""
        measures, compiled = self.measures, self.engine != "plain"
        out = np.empty((measures.rows, len(self.bounds), count))
        simulate_chunk(self.spec, self.seed, first, count, out, engine=self.engine)
        pool_statistics(self.spec, self.seed, first, out, compiled=compiled)
        return tally_chunk(measures.collect(out), measures.deciding_z(out), self.layout, self.bounds, compiled=compiled)


def work_of(model: TrialModel, seed: int, engine: str, *, cox: bool, medians: bool) -> Work:
    """The work that a model asks for."""
    kind = PooledWork if model.pooled else Work
    return kind.of(model, seed, engine, cox=cox, medians=medians)
