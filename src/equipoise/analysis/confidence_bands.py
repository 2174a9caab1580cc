"""Simultaneous confidence bands of a survival curve: Hall-Wellner and equal precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.curve_readings import CurveReadings, curve_rows
from equipoise.analysis.inputs import check_choice
from equipoise.errors import ArgumentError, EstimationError
from equipoise.frames.results import ResultRow
from equipoise.kernels.plain.band_critical import (
    critical_value,
    equal_precision_probability,
    hall_wellner_probability,
)
from equipoise.kernels.plain.kaplan_meier import limits_at_distance

PROBABILITIES = {"hall-wellner": hall_wellner_probability, "equal-precision": equal_precision_probability}


@dataclass(frozen=True, eq=False)
class Band:
    """One curve's band at its observed times from `t_low` to `t_high`.

    The whole curve between these times lies inside with the confidence level. `critical_value` is for the part
    [a_low, a_high] of the way of a Brownian bridge, a = n v / (1 + n v) with v = Var(log S).
    """

    level: str
    stratum: str
    kind: str
    t_low: float
    t_high: float
    a_low: float
    a_high: float
    critical_value: float
    time: np.ndarray
    survival: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray


class Bands(CurveReadings):
    """Simultaneous bands, one per curve."""

    def _rows_of(self, reading: Band) -> list[ResultRow]:
        shared: dict[str, Any] = self._columns(reading, "band") | {
            "method": "equal-precision" if reading.kind == "equal-precision" else "hall-wellner"
        }
        rows = [ResultRow(statistic="critical_value", value=reading.critical_value, **shared)]
        shared |= {"at_unit": self.labels.time_unit}
        columns = {"survival": reading.survival, "band_low": reading.conf_low, "band_high": reading.conf_high}
        return rows + curve_rows(reading.time, columns, shared, "percent")


def read_band(
    names: tuple[str, str],
    curve: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    n: float,
    kind: str,
    window: tuple[float | None, float | None],
    conf_type: str,
    conf_level: float,
) -> Band:
    """The band of one curve: `names` are its group and stratum, `curve` time, survival, std_error and n_event.

    Hall-Wellner: distance k (1 + n v) / sqrt(n) from log S; equal precision: c sqrt(v); each on the scale `conf_type`.
    """
    probability = PROBABILITIES[check_choice(kind, PROBABILITIES, "kind")]
    time, survival, std_error, n_event = curve
    usable = survival > 0.0
    t_low, t_high = _window(time, usable, n_event, window, names)
    variance = np.where(usable, (std_error / np.where(usable, survival, 1.0)) ** 2, np.nan)
    share = n * variance / (1.0 + n * variance)
    # The curve and its variance hold from an event on, so a window begins with the value it finds there.
    first, last = (int(np.searchsorted(time, t, side="right")) - 1 for t in (t_low, t_high))
    a_low, a_high = (float(share[max(i, 0)]) if i >= 0 else 0.0 for i in (first, last))
    if not (a_high > a_low and (a_low > 0.0 or kind == "hall-wellner")):
        raise ArgumentError(
            "argument-invalid",
            f"t_low is {t_low:g} and t_high {t_high:g}: there is no band between them",
            where="t_low",
            reason="a band needs two events within its window, and equal precision an event by t_low",
            hint=f"the first event is at {time[np.flatnonzero(n_event > 0)[0]]:g}",
        )
    critical = critical_value(probability, conf_level, a_low, a_high)
    distance = critical * (np.sqrt(variance) if kind == "equal-precision" else (1.0 + n * variance) / np.sqrt(n))
    low, high = limits_at_distance(survival, distance, conf_type)
    inside = slice(max(first, 0), last + 1)
    return Band(
        *names,
        kind,
        t_low,
        t_high,
        a_low,
        a_high,
        critical,
        np.maximum(time[inside], t_low),
        survival[inside],
        low[inside],
        high[inside],
    )


def _window(
    time: np.ndarray,
    usable: np.ndarray,
    n_event: np.ndarray,
    window: tuple[float | None, float | None],
    names: tuple[str, str],
) -> tuple[float, float]:
    events = time[(n_event > 0) & usable]
    if len(events) < 2:
        name = ", ".join(filter(None, names)) or "the curve"
        raise EstimationError(
            "estimate-undefined",
            f"{name} has {len(events)} event times that leave someone at risk: a band needs two",
            hint="use the pointwise limits",
        )
    t_low = float(events[0]) if window[0] is None else float(window[0])
    t_high = float(events[-1]) if window[1] is None else float(window[1])
    last = float(time[usable][-1])
    if not 0.0 <= t_low < t_high <= last:
        raise ArgumentError(
            "argument-invalid",
            f"t_low is {t_low:g} and t_high {t_high:g}",
            where="t_low",
            reason="a band runs between two times at which the curve is above zero",
            hint=f"0 <= t_low < t_high <= {last:g}",
        )
    return t_low, t_high
