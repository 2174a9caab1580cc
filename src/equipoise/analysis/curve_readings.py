"""What is read off a survival curve: quantiles, survival at given times, numbers at risk."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.inputs import conf_level_row
from equipoise.errors import EstimationError
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number


@dataclass(frozen=True)
class Quantile:
    """The time by which a share `p` of one group has had the event, with limits; NaN where it is not reached."""

    level: str
    stratum: str
    p: float
    time: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True)
class CurveReading:
    """Survival of one group at one time, with its standard error, limits and number at risk."""

    level: str
    stratum: str
    at: float
    survival: float
    std_error: float
    conf_low: float
    conf_high: float
    n_risk: float
    message: str | None = None


@dataclass(frozen=True)
class RiskNumbers:
    """One group at one time: number at risk just before, events and censorings strictly before."""

    level: str
    stratum: str
    at: float
    n_risk: float
    n_event: float
    n_censor: float


@dataclass(frozen=True, kw_only=True)
class CurveLabels:
    """What the readings of one set of curves have in common."""

    group_name: str
    stratum_name: str
    time_unit: str | None
    conf_level: float
    convention: str


class CurveReadings(RowResult):
    """Readings of several curves with their common labels."""

    with_limits = True

    def __init__(self, readings: tuple[Any, ...], labels: CurveLabels, library: str | None) -> None:
        self.readings = readings
        self.labels = labels
        self.library = library

    def __iter__(self) -> Iterator[Any]:
        return iter(self.readings)

    def __len__(self) -> int:
        return len(self.readings)

    def to_rows(self) -> list[ResultRow]:
        """One row per statistic and reading."""
        rows = [row for reading in self.readings for row in self._rows_of(reading)]
        if not (rows and self.with_limits):
            return rows
        return [*rows, conf_level_row(self.labels.conf_level, {"parameter": rows[0].parameter})]

    @abstractmethod
    def _rows_of(self, reading: Any) -> list[ResultRow]: ...

    def _columns(self, reading: Any, parameter: str) -> dict[str, Any]:
        return {
            "parameter": parameter,
            "convention": self.labels.convention,
            **group_columns(self.labels.group_name, reading.level, self.labels.stratum_name, reading.stratum),
        }

    def _only(self) -> Any:
        if len(self.readings) != 1:
            raise EstimationError(
                "estimate-undefined",
                f"there are {len(self.readings)} values, one per curve and point",
                hint="iterate over them, or take one curve by its group first: km['Placebo']",
            )
        return self.readings[0]


class Quantiles(CurveReadings):
    """Survival-time quantiles with limits; `.time`, `.conf_low`, `.conf_high` when there is only one."""

    @property
    def time(self) -> float:
        return self._only().time

    @property
    def conf_low(self) -> float:
        return self._only().conf_low

    @property
    def conf_high(self) -> float:
        return self._only().conf_high

    def _rows_of(self, reading: Quantile) -> list[ResultRow]:
        median = reading.p == 0.5
        stem = "median" if median else "quantile"
        shared: dict[str, Any] = self._columns(reading, "summary" if median else "quantile") | {
            "method": "brookmeyer-crowley",
            "unit": self.labels.time_unit,
            "at": None if median else reading.p,
            "at_unit": None if median else "probability",
            "format": "time",
        }
        return [
            ResultRow(statistic=stem, **shared, **number(reading.time, "not reached")),
            ResultRow(statistic=f"{stem}_low", **shared, **number(reading.conf_low)),
            ResultRow(statistic=f"{stem}_high", **shared, **number(reading.conf_high)),
        ]


class SurvivalAt(CurveReadings):
    """Survival at given times with limits."""

    def _rows_of(self, reading: CurveReading) -> list[ResultRow]:
        shared: dict[str, Any] = self._columns(reading, "landmark") | {
            "method": "kaplan-meier",
            "at": reading.at,
            "at_unit": self.labels.time_unit,
            "warning": reading.message,
        }
        values = {
            "survival": reading.survival,
            "survival_low": reading.conf_low,
            "survival_high": reading.conf_high,
            "std_error": reading.std_error,
        }
        rows = [ResultRow(statistic=name, format="percent", **shared, **number(v)) for name, v in values.items()]
        return [*rows, ResultRow(statistic="n_risk", format="int", **shared, **number(reading.n_risk))]


class RiskTableAt(CurveReadings):
    """Numbers at risk at given times, with events and censorings before them."""

    with_limits = False

    def _rows_of(self, reading: RiskNumbers) -> list[ResultRow]:
        shared: dict[str, Any] = self._columns(reading, "at risk") | {
            "method": "kaplan-meier",
            "at": reading.at,
            "at_unit": self.labels.time_unit,
            "format": "int",
        }
        values = {
            "n_risk": reading.n_risk,
            "n_event_before": reading.n_event,
            "n_censor_before": reading.n_censor,
        }
        return [ResultRow(statistic=name, **shared, **number(value)) for name, value in values.items()]


def curve_rows(
    time: np.ndarray, columns: dict[str, np.ndarray], place: dict[str, Any], hint: str | None
) -> list[ResultRow]:
    """Per time one row of each column; `hint` is the format of those that are not counts."""
    formats = {name: "int" if name.startswith("n_") else hint for name in columns}
    return [
        ResultRow(statistic=name, at=at, format=formats[name], **place, **number(values[j]))
        for j, at in enumerate(time.tolist())
        for name, values in columns.items()
    ]


def group_columns(group_name: str, level: str, stratum_name: str, stratum: str) -> dict[str, Any]:
    """The group columns of a row: the group, then the stratum, each only where it has a level."""
    pairs = [(name, value) for name, value in ((group_name, level), (stratum_name, stratum)) if value]
    columns = {"group1": None, "level1": None, "group2": None, "level2": None}
    for i, (name, value) in enumerate(pairs, start=1):
        columns |= {f"group{i}": name, f"level{i}": value}
    return columns
