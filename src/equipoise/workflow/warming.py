"""Compiling ahead: every kernel that numba compiles when it is first needed, for the types that it is used with.

Each part does a small piece of the real work through the functions that users call, so what it leaves in the cache is
what they will look for.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from equipoise.errors import ArgumentError, permitted
from equipoise.kernels import compilation

if TYPE_CHECKING:
    import numpy as np

    from equipoise.kernels.plain.general_spec import GeneralTrial
    from equipoise.randomization import Method

# Just above the size from which analyses are compiled.
_ROWS = 20_200
_PATIENTS = 40


@dataclass(frozen=True)
class WarmPart:
    """What came of one part: how many functions were compiled (0: all were in the cache), and the seconds it took."""

    part: str
    purpose: str
    compiled: int
    seconds: float


@dataclass(frozen=True)
class Warmth:
    """All parts that were asked for, and the folder that holds what was compiled."""

    parts: tuple[WarmPart, ...]
    cache: Path

    @property
    def compiled(self) -> int:
        """How many functions were compiled."""
        return sum(part.compiled for part in self.parts)

    @property
    def seconds(self) -> float:
        """The time that all parts took."""
        return sum(part.seconds for part in self.parts)

    def to_dict(self) -> dict[str, Any]:
        """What `equipoise warm --json` prints."""
        parts = [{**vars(part), "seconds": round(part.seconds, 3)} for part in self.parts]
        return {
            "cache": str(self.cache),
            "compiled": self.compiled,
            "seconds": round(self.seconds, 3),
            "parts": parts,
        }


def parts_to_warm() -> dict[str, str]:
    """The parts by name, and what each is for."""
    return {name: purpose for name, (purpose, _) in _PARTS.items()}


def silent(part: str, purpose: str) -> None:
    """Nobody is told."""


def warm_parts(parts: tuple[str, ...] = (), notify: Callable[[str, str], None] = silent) -> Warmth:
    """Compiles the parts named, without names all; `notify(part, purpose)` hears of each as it begins."""
    for part in parts:
        if part not in _PARTS:
            raise ArgumentError("argument-invalid", f"there is no part {part!r}", hint=permitted(part, tuple(_PARTS)))
    done = []
    for name in parts or tuple(_PARTS):
        purpose, work = _PARTS[name]
        notify(name, purpose)
        before, began = compilation.compiled_so_far(), perf_counter()
        work()
        seconds = perf_counter() - began
        done.append(WarmPart(name, purpose, compilation.compiled_so_far() - before, seconds))
    return Warmth(tuple(done), cache_folder())


def cache_folder() -> Path:
    """Where compiled functions are kept: `NUMBA_CACHE_DIR`, or beside the source, or in the user's cache."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return Path(os.environ["NUMBA_CACHE_DIR"])
    from equipoise.kernels.compiled import trial_tally

    return trial_tally.cache_folder()


def _warm_simulation() -> None:
    from equipoise.design import Accrual, Hazard
    from equipoise.simulation.operating import simulate
    from equipoise.simulation.trial_model import TrialModel

    # Three events are often of one arm, and few patients' curves often touch 1/2: what single precision leaves open.
    model = TrialModel.two_arms(
        accrual=Accrual.uniform(n=20, duration=5), control=Hazard(0.2), effect=0.5, looks=3, alpha=0.025
    )
    simulate(model, trials=2048, seed=1, threads=1, course=0)


def _warm_general_simulation() -> None:
    from equipoise.kernels.plain.general_spec import build_general, weibull
    from equipoise.kernels.plain.trial_spec import Look, Pieces, build_spec
    from equipoise.simulation.batches import batch_of

    base = build_spec(
        _PATIENTS, accrual=Pieces([4.0]), event=Pieces([0.1]), looks=[Look(events=8), Look(earliest=30.0)]
    )
    _draw_general(build_general(base, laws=[weibull(1.2, 9.0)] * 2))
    for method in _methods():
        _draw_general(build_general(base, allocation=batch_of(method, _PATIENTS).tables))


def _draw_general(trial: GeneralTrial) -> None:
    import numpy as np

    from equipoise.kernels import dispatch
    from equipoise.kernels.plain.general_spec import field_count

    dispatch.simulate_chunk(trial, 1, 0, 2, np.empty((field_count(trial.spec), 2, 2)), engine="general")


def _methods() -> tuple[Method, ...]:
    from equipoise.randomization import Minimization, PermutedBlocks, Scheme

    scheme = Scheme({"control": 1, "new": 1})
    return Minimization(scheme), PermutedBlocks(scheme, (2, 4))


def _warm_randomization() -> None:
    import numpy as np

    from equipoise.simulation.batches import batch_of

    for method in _methods():
        batch_of(method, _PATIENTS).draw(np.zeros((2, _PATIENTS), dtype=np.int64), 1, engine="compiled")


def _warm_design() -> None:
    import numpy as np

    from equipoise.kernels import dispatch

    information = np.array([0.5, 1.0])
    bounds = np.array([[-np.inf, np.nan], [np.nan, np.nan], [np.nan, 0.02], [0.002, 0.025]])
    spent = np.array([[-np.inf, -np.inf], [np.nan, np.nan], [np.nan, np.nan], [0.002, 0.025]])
    dispatch.sequential_bounds(information, spent, engine="compiled")
    dispatch.sequential_drift(information, np.where(np.isnan(bounds), spent, bounds), 0.9, engine="compiled")


def _warm_survival() -> None:
    from equipoise.analysis import kaplan_meier, logrank

    for time in _times():
        event, arm, strata = _columns()
        curves = kaplan_meier(time, event, group=arm, strata=strata)
        curves.median()
        kaplan_meier(time, event).median()
        logrank(time, event, arm, reference="C", strata=strata)
        logrank(time, event, arm, reference="C")


def _warm_cox() -> None:
    import numpy as np

    from equipoise.analysis import cox

    event, arm, strata = _columns()
    draws = np.random.default_rng(1).normal(size=(_ROWS, 2))
    for time in _times():
        cox(time, event, arm, reference="C", strata=strata)
        cox(time, event, {"a": draws[:, 0], "b": draws[:, 1]}, strata=strata)
        cox(time, event, draws)
    entry = np.where(np.arange(_ROWS) % 2, 0.0, 0.25) * _times()[0]
    cox(_times()[0], event, {"a": draws[:, 0], "b": draws[:, 1]}, entry=entry)


def _times() -> tuple[np.ndarray, np.ndarray]:
    """Continuous times, and whole days."""
    import numpy as np

    time = np.random.default_rng(1).exponential(300.0, _ROWS) + 0.01
    return time, np.ceil(time)


def _columns() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Events, arms and strata."""
    import numpy as np

    place = np.arange(_ROWS)
    return place % 3 > 0, np.where(place % 2, "E", "C"), np.where(place % 5 < 2, "a", "b")


def _warm_rerandomization() -> None:
    from equipoise.analysis import rerandomization_test

    n = 24
    rerandomization_test(
        list(range(1, n + 1)), [1] * n, ["C", "E"] * (n // 2), reference="C", draws=64, seed=1, exact_limit=1,
        scheme={"method": "permuted-blocks", "ratio": {"C": 1, "E": 1}, "block_sizes": [2] * (n // 2)},
        engine="compiled",
    )  # fmt: skip


def _warm_evidence() -> None:
    from equipoise.evidence import joint_feasibility, read_published

    trial = read_published("palmira")
    # The second result prints no more than a search can meet, so that a search begins.
    joint_feasibility(trial, trial.results[1], budget=60_000)


_PARTS: dict[str, tuple[str, Callable[[], None]]] = {
    "simulation": ("simulated trials, fast engine", _warm_simulation),
    "general-simulation": ("simulated trials, general engine", _warm_general_simulation),
    "randomization": ("many allocations at once", _warm_randomization),
    "design": ("group-sequential bounds", _warm_design),
    "survival": ("curves and log-rank tests of more than 20,000 patients", _warm_survival),
    "cox": ("Cox models of more than 20,000 patients", _warm_cox),
    "rerandomization": ("re-randomization tests", _warm_rerandomization),
    "evidence": ("the search for a data set behind a published result", _warm_evidence),
}
