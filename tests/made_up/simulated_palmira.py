"""Simulates PALMIRA from its trial file: `python tests/made_up/simulated_palmira.py 1000000`."""

from __future__ import annotations

import sys

from equipoise.protocol import load_trial
from equipoise.simulation import OperatingCharacteristics, plan_simulation, simulate


def simulated_palmira(trials: int, seed: int = 20260) -> OperatingCharacteristics:
    """PALMIRA under the scenario it was designed by, on all cores, with progress on standard error."""
    model = plan_simulation(load_trial("palmira")).model

    def progress(done: int, asked: int, rate: float) -> None:
        sys.stderr.write(f"\r{done:,} of {asked:,} trials, {rate:,.0f} a second")

    found = simulate(model, trials=trials, seed=seed, notify=progress)
    sys.stderr.write("\n")
    return found


if __name__ == "__main__":
    result = simulated_palmira(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    sys.stdout.write(f"{result.text()}\n\nstart-up {result.timing.start_up:.2f} s, work {result.timing.work:.2f} s\n")
