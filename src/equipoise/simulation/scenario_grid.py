"""Simulated power over a grid of models: hazard ratios, scenarios, designs side by side on the same random numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from equipoise.design.design_result import prose_number, prose_percent
from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.simulation.characteristic_rows import ANALYSIS, METHOD, partial_words
from equipoise.simulation.cluster import executor_of
from equipoise.simulation.event_laws import positive, refused
from equipoise.simulation.measures import AT_STOP
from equipoise.simulation.operating import simulate
from equipoise.simulation.operating_characteristics import OperatingCharacteristics
from equipoise.simulation.trial_model import TrialModel
from equipoise.simulation.trial_runs import Notify, divide, silent

# A grid that takes longer, in seconds, is asked about first.
LONGEST = 3600.0
_PILOT = 1024


@dataclass(frozen=True, eq=False, repr=False)
class SimulatedPower(RowResult):
    """Operating characteristics by name or hazard ratio; `effect` says which ("hazard ratio" or "scenario").

    `points`: how many were asked for; fewer were done where Ctrl-C ended it. `assumed`: the hazard ratio that the
    trial's design assumes, where there is one.
    """

    results: Mapping[str | float, OperatingCharacteristics]
    effect: str
    points: int
    assumed: float | None = None
    library: str | None = None

    @property
    def partial(self) -> bool:
        """Whether Ctrl-C ended it before all was done."""
        return len(self.results) < self.points or any(each.partial for each in self.results.values())

    def __getitem__(self, key: str | float) -> OperatingCharacteristics:
        return self.results[key]

    def to_rows(self) -> list[ResultRow]:
        """power with std_error, conf_low and conf_high, and what a trial costs, at each point of the grid.

        Then `assumed_hazard_ratio`, where it is known.
        """
        rows = [row for key, found in self.results.items() for row in self._of(key, found)]
        if self.assumed is None:
            return rows
        place = {"analysis": ANALYSIS, "parameter": "power-curve", "format": "ratio"}
        return [*rows, _row("assumed_hazard_ratio", self.assumed, place)]

    def _of(self, key: str | float, found: OperatingCharacteristics) -> list[ResultRow]:
        place: dict[str, Any] = {"analysis": ANALYSIS, "parameter": "power-curve", "method": METHOD}
        if isinstance(key, str):
            place |= {"group1": "scenario", "level1": key}
        else:
            place |= {"at": float(key), "at_unit": self.effect}
        low, high = found.rejection_interval()
        values = {"power": found.rejection_rate, "std_error": found.rejection_error, "conf_low": low, "conf_high": high}
        place |= {"warning": partial_words(found) or None}
        rows = [_row(statistic, value, place | {"format": "percent"}) for statistic, value in values.items()]
        for measure in AT_STOP:
            unit = found.model.time_unit if measure == "time" else None
            rows.append(_row(f"expected_{measure}", found.at_stop(measure).mean, place | {"unit": unit}))
        return rows

    def text(self) -> str:
        said = [f"{prose_percent(each.rejection_rate)} at {_named(key)}" for key, each in self.results.items()]
        worst = max(each.rejection_error for each in self.results.values())
        whole = f"Simulated power: {', '.join(said)} (Monte-Carlo standard errors up to {prose_percent(worst, 2)})."
        done = sum(not each.partial for each in self.results.values())
        return f"Partial: interrupted after {done} of {self.points} points.\n\n{whole}" if self.partial else whole


def simulate_grid(
    models: Mapping[str, TrialModel] | TrialModel,
    *,
    hazard_ratios: Sequence[float] = (),
    trials: int,
    seed: int,
    threads: int | None = None,
    yes: bool = False,
    notify: Notify = silent,
    engine: str = "auto",
    executor: Executor | None = None,
    scheduler: str | None = None,
) -> SimulatedPower:
    """Power over a grid of models, each from the same random numbers, so that differences are smoother than the points.

    Arguments: `models` by name, or one model with the `hazard_ratios` that its experimental arms shall have; the others
    as of `simulate`. A grid that would take more than an hour is refused with the time it would take, unless `yes`.

    Returns a `SimulatedPower`; after a Ctrl-C it ends with the point that was under way, labelled partial. Raises
    ArgumentError `argument-invalid`, `confirmation-needed`, and what `simulate` raises of a cluster.

    >>> from equipoise.design import Accrual, Hazard
    >>> model = TrialModel.two_arms(
    ...     accrual=Accrual.uniform(n=60, duration=12),
    ...     control=Hazard.from_median(6.0),
    ...     effect=0.5,
    ...     looks=40,
    ...     alpha=0.025,
    ... )
    >>> grid = simulate_grid(model, hazard_ratios=[0.4, 1.0], trials=200, seed=1, engine="plain")
    >>> grid[0.4].rejection_rate > grid[1.0].rejection_rate
    True
    """
    points = _points(models, hazard_ratios)
    with executor_of(scheduler, executor) as pool:
        options: dict[str, Any] = {"seed": seed, "threads": threads, "engine": engine, "executor": pool, "course": 0}
        if not yes and trials > _PILOT:
            check_duration(expect_seconds(points, trials, **options), len(points), trials)
        results = _simulated(points, trials, notify, options)
    return SimulatedPower(results, "scenario" if not hazard_ratios else "hazard ratio", len(points))


def _simulated(
    points: Mapping[str | float, TrialModel], trials: int, notify: Notify, options: dict[str, Any]
) -> dict[str | float, OperatingCharacteristics]:
    """The points one after the other, until the last, or Ctrl-C once there is something to return."""
    results: dict[str | float, OperatingCharacteristics] = {}

    def forward(count: int, _: int, rate: float) -> None:
        notify(len(results) * trials + count, trials * len(points), rate)

    for key, model in points.items():
        try:
            results[key] = simulate(model, trials=trials, notify=forward, **options)
        except KeyboardInterrupt:
            if not results:
                raise
            break
        if results[key].interrupted:
            break
    return results


def expect_seconds(points: Mapping[Any, TrialModel], trials: int, **options: Any) -> float:
    """The seconds that a grid is expected to take, from 1,024 trials of its first model on one thread."""
    first = next(iter(points.values()))
    pilot = simulate(first, trials=_PILOT, **(options | {"threads": 1, "executor": None}))
    patients = sum(model.n * len(model.looks) for model in points.values()) / (first.n * len(first.looks))
    division = divide(trials, options["threads"], None, options["executor"])
    return patients * trials / pilot.trials_per_second / division.threads


def check_duration(seconds: float, points: int, trials: int) -> None:
    """Raises ArgumentError `confirmation-needed` for what takes more than an hour."""
    if seconds <= LONGEST:
        return
    raise ArgumentError(
        "confirmation-needed",
        f"{points} points of {trials:,} trials would take about {_duration(seconds)}",
        where="yes",
        reason="a mistyped size should not block a machine for hours",
        hint="take fewer points or trials, or say yes=True (--yes) to go ahead",
    )


def _duration(seconds: float) -> str:
    hours = seconds / 3600.0
    return f"{prose_number(hours, 1)} hours" if hours < 48.0 else f"{prose_number(hours / 24.0, 1)} days"


def _points(models: Any, hazard_ratios: Sequence[float]) -> dict[str | float, TrialModel]:
    if isinstance(models, TrialModel):
        if not hazard_ratios:
            raise refused("hazard_ratios", hazard_ratios, "one hazard ratio or more, or several models by name")
        return {positive(hr, "hazard_ratios"): models.with_effect(float(hr)) for hr in hazard_ratios}
    fine = isinstance(models, Mapping) and models and all(isinstance(m, TrialModel) for m in models.values())
    if not fine or hazard_ratios:
        raise refused("models", models, "a TrialModel with hazard_ratios, or a mapping from name to TrialModel")
    return {str(name): model for name, model in models.items()}


def _row(statistic: str, value: float, columns: dict[str, Any]) -> ResultRow:
    return ResultRow(statistic=statistic, **(number(value) | columns))


def _named(key: str | float) -> str:
    return key if isinstance(key, str) else prose_number(key)
