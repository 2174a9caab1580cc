"""What is measured at every look of a simulated trial, from the rows that engines fill, and in which bins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from equipoise.kernels.plain.general_spec import GeneralTrial
from equipoise.kernels.plain.trial_spec import HORIZON, TrialSpec
from equipoise.simulation.spent_bounds import SpentBounds
from equipoise.simulation.tallies import Bins, Layout
from equipoise.simulation.trial_definition import TrialDefinition
from equipoise.simulation.trial_looks import TrialLook
from equipoise.simulation.trial_options import ENDPOINTS, endpoint_number
from equipoise.simulation.trial_specs import output_fields

# Where the trial stops, its value is what the trial cost.
AT_STOP = ("time", "events", "enrolled")
TIME, COUNT, Z, LOG_RATIO, LOG_LIMIT, SHARE = "time", "count", "z", "log-ratio", "log-limit", "share"
_TIME_BINS = 4096
# Z, log hazard ratio and shares have the same bins in every trial.
_BINS = {
    Z: Bins(-12.0, 0.01, 2400),
    LOG_RATIO: Bins(-4.0, 0.005, 1600),
    LOG_LIMIT: Bins(-12.0, 0.01, 2400),
    SHARE: Bins(-0.0005, 0.001, 1001),
}
# Wald's interval of the log hazard ratio: 95%, two-sided.
_NORMAL_975 = 1.959963984540054

Fields = Mapping[tuple[str, int, int, int], int]


@dataclass(frozen=True)
class Measure:
    """One number a look: its `name`, the `arm` it is of ("" for all), its `kind`, and the rows that sum to it.

    `last_weight`: by how much the last of several rows counts.
    """

    name: str
    arm: str
    kind: str
    rows: tuple[int, ...]
    last_weight: float = 1.0

    @property
    def key(self) -> str:
        return f"{self.name} {self.arm}".rstrip()


@dataclass(frozen=True)
class Measures:
    """All measures of a model; `deciding` rows hold the Z of every experimental arm that is held against the bounds.

    Where bounds depend on the events at a look, those of control and of the experimental arm stand in rows `spent`.
    """

    every: tuple[Measure, ...]
    deciding: tuple[int, ...]
    spent: tuple[int, ...]
    rows: int
    patients: int
    ticks_per_unit: float

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(measure.key for measure in self.every)

    def __getitem__(self, key: str) -> Measure:
        return next(measure for measure in self.every if measure.key == key)

    def layout(self, looks: int) -> Layout:
        """The rows and fixed bins of each measure: a day or less for times, whole numbers for counts."""
        time = Bins(0.0, (HORIZON + 2) / self.ticks_per_unit / _TIME_BINS, _TIME_BINS)
        found = _BINS | {TIME: time, COUNT: Bins(-0.5, 1.0, self.patients + 1, whole=True)}
        return Layout({measure.key: found[measure.kind] for measure in self.every}, looks, AT_STOP)

    def collect(self, out: np.ndarray) -> np.ndarray:
        """The measures, each at every look, NaN where there is none: (rows, trials) of an engine's output."""
        _, looks, trials = out.shape
        found = np.empty((len(self.every), looks, trials))
        for values, measure in zip(found, self.every, strict=True):
            if measure.kind == TIME:
                np.multiply(out[measure.rows[0]], 1.0 / self.ticks_per_unit, out=values)
            else:
                values[:] = out[measure.rows[0]]
                for row in measure.rows[1:]:
                    values += out[row] if measure.last_weight == 1.0 else out[row] * measure.last_weight
        return found.reshape(-1, trials)

    def deciding_z(self, out: np.ndarray) -> np.ndarray:
        """The Z that decides, (experimental arms, looks, trials), then the events that bounds depend on."""
        return out[[*self.deciding, *self.spent]]


def measures_of(model: TrialDefinition, spec: TrialSpec | GeneralTrial, *, cox: bool, medians: bool) -> Measures:
    """What an engine's output of this spec holds."""
    fields = output_fields(spec)
    every = [
        Measure("time", "", TIME, (fields["time", 0, -1, 0],)),
        Measure("events", "", COUNT, tuple(fields["events", 0, arm, 0] for arm in range(len(model.arms)))),
        Measure("enrolled", "", COUNT, (fields["enrolled", 0, -1, 0],)),
    ]
    for endpoint in range(1 if model.deaths is None else 2):
        every += _of_endpoint(model, fields, endpoint, cox, medians)
    every += _counted(model, fields, {measure.key for measure in every})
    deciding = {"logrank": ("z", 0), "death": ("z", 1)}.get(model.decides)
    if deciding is None:
        deciding = ("weighted_z", ENDPOINTS.index(model.tests[0].endpoint))
    statistic, endpoint = deciding
    rows = tuple(fields[statistic, endpoint, arm, 0] for arm in range(1, len(model.arms)))
    spent = tuple(fields["events", endpoint, arm, 0] for arm in (0, 1)) if isinstance(model.bounds, SpentBounds) else ()
    return Measures(tuple(every), rows, spent, 1 + max(fields.values()), model.n, model.ticks_per_unit)


def _prefix(endpoint: int) -> str:
    return "" if endpoint == 0 else "death_"


def counted_events(look: TrialLook, arms: tuple[str, ...]) -> str:
    """The key of the measure that holds the events a look waits for: of all arms, of one, or of several as "A+B"."""
    counted = tuple(arm for arm in arms if arm in look.arms)
    named = "" if not look.arms or counted == arms else f" {'+'.join(counted)}"
    return f"{_prefix(endpoint_number(look.endpoint))}events{named}"


def _counted(model: TrialDefinition, fields: Fields, known: set[str]) -> Iterator[Measure]:
    """The events that looks wait for, where no other measure holds them."""
    for look in model.looks:
        key = counted_events(look, model.arms)
        if look.events is None or key in known:
            continue
        known.add(key)
        name, _, arms = key.partition(" ")
        endpoint = endpoint_number(look.endpoint)
        rows = tuple(
            fields["events", endpoint, number, 0]
            for number, arm in enumerate(model.arms)
            if not arms or arm in look.arms
        )
        yield Measure(name, arms, COUNT, rows)


def _of_endpoint(model: TrialDefinition, fields: Fields, endpoint: int, cox: bool, medians: bool) -> Iterator[Measure]:
    before = _prefix(endpoint)
    kinds = [("events", "events", COUNT, 0, 0), ("z", "z", Z, 1, 0)]
    kinds += [("log_hazard_ratio", "log_hr", LOG_RATIO, 1, 0)] * cox + [("median", "median", TIME, 0, 0)] * medians
    for k, test in enumerate(model.tests):
        if ENDPOINTS[endpoint] == test.endpoint:
            kinds.append((f"weighted_z_{k + 1}", "weighted_z", Z, 1, k))
    for points, name, statistic, kind in ((model.landmarks, "survival", "survival", SHARE),
                                          (model.windows, "restricted_mean", "rmst", TIME)):  # fmt: skip
        for k, at in enumerate(points):
            kinds.append((f"{name}_{at:g}", statistic, kind, 0, endpoint * len(points) + k))
    for name, statistic, kind, first, number in kinds:
        for arm in range(first, len(model.arms)):
            row = fields[statistic, endpoint, arm, number]
            yield Measure(before + name, model.arms[arm], kind, (row,))
            if kind == LOG_RATIO:
                pair = (row, fields["log_hr_se", endpoint, arm, 0])
                for end, weight in (("low", -_NORMAL_975), ("high", _NORMAL_975)):
                    yield Measure(f"{before}{name}_{end}", model.arms[arm], LOG_LIMIT, pair, weight)
