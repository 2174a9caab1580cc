"""The restricted mean survival time of one curve, as a reading."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.curve_readings import CurveReadings
from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import number
from equipoise.kernels.plain.curve_area import restricted_mean
from equipoise.kernels.plain.special import normal_quantile


@dataclass(frozen=True)
class RestrictedMean:
    """The mean survival time of one group between `start` and `tau`, in the unit of the data, with plain limits.

    NaN with a message where the curve ends above zero before `tau`.
    """

    level: str
    stratum: str
    tau: float
    rmst: float
    std_error: float
    conf_low: float
    conf_high: float
    start: float = 0.0
    message: str | None = None


class RestrictedMeans(CurveReadings):
    """Restricted means with limits; `.rmst`, `.std_error`, `.conf_low`, `.conf_high` when there is only one."""

    @property
    def rmst(self) -> float:
        return self._only().rmst

    @property
    def std_error(self) -> float:
        return self._only().std_error

    @property
    def conf_low(self) -> float:
        return self._only().conf_low

    @property
    def conf_high(self) -> float:
        return self._only().conf_high

    def _rows_of(self, reading: RestrictedMean) -> list[ResultRow]:
        shared: dict[str, Any] = self._columns(reading, "restricted mean") | {
            "method": "rmst",
            "at": reading.tau,
            "at_unit": self.labels.time_unit,
            "unit": self.labels.time_unit,
            "format": "time",
            "warning": reading.message,
        }
        values = {
            "rmst": reading.rmst,
            "rmst_low": reading.conf_low,
            "rmst_high": reading.conf_high,
            "std_error": reading.std_error,
        }
        return [ResultRow(statistic=name, **shared, **number(value)) for name, value in values.items()]


def check_window(tau: Any, start: Any = 0.0) -> tuple[float, float]:
    """`tau` and `start` as numbers with 0 <= start < tau."""
    good = all(isinstance(x, int | float | np.number) and math.isfinite(x) for x in (tau, start))
    if not (good and 0.0 <= float(start) < float(tau)):
        raise ArgumentError(
            "argument-invalid",
            f"tau is {tau!r}" + (f" and start {start!r}" if start != 0.0 else ""),
            where="tau",
            reason="the mean is restricted to the time from start (zero or more) to tau",
            hint="a time after start, in the unit of the data",
        )
    return float(tau), float(start)


def read_restricted_mean(
    names: tuple[str, str],
    curve: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    window: tuple[float, float],
    conf_level: float,
    extend: bool,
) -> RestrictedMean:
    """The reading of one curve: `names` are its group and stratum, `curve` time, survival, n_risk and n_event."""
    time, survival = curve[:2]
    tau, start = window
    if tau > time[-1] and survival[-1] > 0.0 and not extend:
        nan = math.nan
        message = f"the last observation, at {time[-1]:g}, is censored: the mean to {tau:g} is not estimable"
        return RestrictedMean(*names, tau, nan, nan, nan, nan, start, message)
    mean, variance = restricted_mean(*curve, tau, start)
    std_error = math.sqrt(variance)
    half = normal_quantile(0.5 + conf_level / 2.0) * std_error
    return RestrictedMean(*names, tau, mean, std_error, mean - half, mean + half, start)
