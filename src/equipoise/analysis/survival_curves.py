"""The Kaplan-Meier estimate by group: curve, limits, quantiles, survival and numbers at risk at given times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from equipoise.analysis.confidence_bands import Band, Bands, read_band
from equipoise.analysis.curve_readings import (
    CurveLabels,
    CurveReading,
    Quantile,
    Quantiles,
    RiskNumbers,
    RiskTableAt,
    SurvivalAt,
    curve_rows,
)
from equipoise.analysis.group_curves import GroupCurves, curve_name
from equipoise.analysis.inputs import (
    CONVENTIONS,
    SurvivalData,
    check_choice,
    check_level_of_confidence,
    conf_level_row,
    survival_data,
    tolerance_of,
)
from equipoise.analysis.restricted_mean import RestrictedMean, RestrictedMeans, check_window, read_restricted_mean
from equipoise.errors import ArgumentError, EstimationError
from equipoise.frames.columns import library_of, name_of, to_times
from equipoise.frames.results import ResultRow
from equipoise.kernels import dispatch
from equipoise.kernels.plain.kaplan_meier import CONF_TYPES

DEFAULT_CONF_TYPE = {"r": "log", "sas": "log-log"}


@dataclass(frozen=True, eq=False, repr=False)
class SurvivalCurve:
    """One group's curve: arrays of length m over its distinct observed times, in the unit of the data.

    `survival` is right-continuous: the value at `time[j]` holds until `time[j + 1]`. `n_risk` is just before the time.
    `conf_low` and `conf_high` are NaN where the limits are undefined. `n`, `n_event`, `n_censor` of the whole group are
    `total`, `total_event` and `total_censor` (weights summed).
    """

    level: str
    stratum: str
    time: np.ndarray
    survival: np.ndarray
    std_error: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    n_risk: np.ndarray
    n_event: np.ndarray
    n_censor: np.ndarray
    total: float
    convention: str
    entered: tuple[np.ndarray, np.ndarray] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        median = self.median()
        return (
            f"SurvivalCurve({curve_name(self) or 'all'}: n {self.total:g}, events {self.total_event:g}, "
            f"median {median.time:g}, {median.conf_low:g} to {median.conf_high:g})"
        )

    @property
    def total_event(self) -> float:
        return float(self.n_event.sum())

    @property
    def total_censor(self) -> float:
        return float(self.n_censor.sum())

    def quantile(self, p: float) -> Quantile:
        """The time by which a share p has had the event, with limits by inverting the pointwise band."""
        found = (dispatch.curve_quantile(self.time, height, p, self.convention) for height in self._heights())
        return Quantile(self.level, self.stratum, p, *found)

    def median(self) -> Quantile:
        """The median survival time; see `quantile`."""
        return self.quantile(0.5)

    def at(self, times: Iterable[float] | float, *, extend: bool = False) -> list[CurveReading]:
        """Survival with limits at each of `times`; see `KaplanMeier.at`."""
        return [self._read(float(t), extend) for t in _as_times(times)]

    def at_risk(self, times: Iterable[float] | float) -> list[RiskNumbers]:
        """Numbers at risk, and with the event or censored before, at each of `times`; see `KaplanMeier.at_risk`."""
        return [self._numbers(float(t)) for t in _as_times(times)]

    def rmst(
        self, tau: float | None = None, *, start: float = 0.0, extend: bool = False, conf_level: float = 0.95
    ) -> RestrictedMean:
        """The restricted mean survival time, to the largest observed time unless `tau` is given.

        See `KaplanMeier.rmst`.
        """
        window = check_window(float(self.time[-1]) if tau is None else tau, start)
        level = check_level_of_confidence(conf_level)
        columns = (self.time, self.survival, self.n_risk, self.n_event)
        return read_restricted_mean((self.level, self.stratum), columns, window, level, extend)

    def band(
        self, kind: str, t_low: float | None, t_high: float | None, *, conf_type: str, conf_level: float = 0.95
    ) -> Band:
        """A simultaneous confidence band; see `KaplanMeier.bands`."""
        if self.entered is not None:
            raise EstimationError(
                "estimate-undefined",
                "a simultaneous band with delayed entry is not defined here",
                reason="its critical value rests on everyone being at risk from the start",
                hint="use the pointwise limits",
            )
        columns = (self.time, self.survival, self.std_error, self.n_event)
        check_choice(conf_type, CONF_TYPES, "conf_type")
        level = check_level_of_confidence(conf_level)
        return read_band((self.level, self.stratum), columns, self.total, kind, (t_low, t_high), conf_type, level)

    def _heights(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.survival, self.conf_low, self.conf_high

    def _read(self, t: float, extend: bool) -> CurveReading:
        last = int(np.searchsorted(self.time, t, side="right")) - 1
        n_risk = self._at_risk(t)
        if last < 0:
            return CurveReading(self.level, self.stratum, t, 1.0, 0.0, 1.0, 1.0, n_risk)
        survival, std_error, low, high = (
            float(a[last]) for a in (self.survival, self.std_error, self.conf_low, self.conf_high)
        )
        reading = CurveReading(self.level, self.stratum, t, survival, std_error, low, high, n_risk)
        if t > self.time[-1] and self.survival[-1] > 0.0 and not extend:
            message = f"the last observation, at {self.time[-1]:g}, is censored: survival at {t:g} is not estimable"
            nan = float("nan")
            return replace(reading, survival=nan, std_error=nan, conf_low=nan, conf_high=nan, message=message)
        return reading

    def _numbers(self, t: float) -> RiskNumbers:
        before = int(np.searchsorted(self.time, t, side="left"))
        gone = (float(counts[:before].sum()) for counts in (self.n_event, self.n_censor))
        return RiskNumbers(self.level, self.stratum, t, self._at_risk(t), *gone)

    def _at_risk(self, t: float) -> float:
        left = float((self.n_event + self.n_censor)[: np.searchsorted(self.time, t, side="left")].sum())
        if self.entered is None:
            return self.total - left
        entry, weight = self.entered
        # At the origin everyone who entered there is under observation, although not yet at risk of an earlier event.
        in_by = np.searchsorted(entry, t, side="left" if t > 0.0 else "right")
        return float(weight[:in_by].sum()) - left


@dataclass(frozen=True, eq=False, repr=False)
class KaplanMeier(GroupCurves[SurvivalCurve]):
    """Kaplan-Meier curves by group (and stratum), with what is read off them.

    `curves` holds one `SurvivalCurve` per group and stratum with data; `km["Placebo"]` takes the one of a group.
    """

    conf_type: str
    conf_level: float
    convention: str
    label: str = field(default="", kw_only=True)

    def median(self) -> Quantiles:
        """The median of each curve with its Brookmeyer-Crowley interval."""
        return self.quantile(0.5)

    def quantile(self, p: float | Iterable[float]) -> Quantiles:
        """Times by which a share p (0 < p < 1, one or several) has had the event, with limits, for each curve.

        The limits invert the pointwise band (Brookmeyer and Crowley 1982): they are the quantiles of its lower and
        upper edge. A quantile that the curve does not pass is NaN and reads "not reached"; a limit "NE".
        """
        shares = [float(share) for share in np.atleast_1d(np.asarray(p, dtype=float))]
        for share in shares:
            if not 0.0 < share < 1.0:
                raise ArgumentError("argument-invalid", f"p is {share:g}", where="p", hint="a share between 0 and 1")
        return Quantiles(
            tuple(curve.quantile(share) for curve in self.curves for share in shares), self._labels(), self.library
        )

    def at(self, times: Iterable[float] | float, *, extend: bool = False) -> SurvivalAt:
        """Survival with its limits at given times, for each curve.

        After the last observation, when that is censored, survival is not estimable: NaN with a message;
        `extend=True` carries the last value forward, as R's `summary(fit, times, extend=TRUE)`.
        """
        readings = tuple(r for curve in self.curves for r in curve.at(times, extend=extend))
        return SurvivalAt(readings, self._labels(), self.library)

    def at_risk(self, times: Iterable[float] | float) -> RiskTableAt:
        """Numbers at risk just before given times, with events and censorings strictly before them.

        Without delayed entry the three add up to the number of subjects at every time.
        """
        readings = tuple(r for curve in self.curves for r in curve.at_risk(times))
        return RiskTableAt(readings, self._labels(), self.library)

    def rmst(self, tau: float | None = None, *, start: float = 0.0, extend: bool = False) -> RestrictedMeans:
        """The mean survival time between `start` and `tau` (restricted mean; area under the curve), for each curve.

        `tau` None: the smallest of the curves' largest observed times. Where a curve ends above zero before `tau` its
        mean is NaN with a message; `extend=True` carries its last value forward. Greenwood's variance, plain limits.
        Source: Klein and Moeschberger 2003, section 4.5. Two groups are compared by `equipoise.analysis.rmst`.
        """
        end = min(float(curve.time[-1]) for curve in self.curves) if tau is None else tau
        readings = (c.rmst(end, start=start, extend=extend, conf_level=self.conf_level) for c in self.curves)
        return RestrictedMeans(tuple(readings), self._labels(), self.library)

    def bands(
        self, kind: str, t_low: float | None = None, t_high: float | None = None, *, conf_type: str | None = None
    ) -> Bands:
        """Simultaneous confidence bands between `t_low` and `t_high`, for each curve.

        `kind`: "hall-wellner" or "equal-precision". `t_low` None: the first event; `t_high` None: the last event that
        leaves someone at risk. `conf_type` None: as the pointwise limits. Critical values are computed for each curve.
        Source: Hall and Wellner 1980, doi:10.1093/biomet/67.1.133; Nair 1984, doi:10.1080/00401706.1984.10487964.
        """
        options = {"conf_type": conf_type or self.conf_type, "conf_level": self.conf_level}
        bands = tuple(curve.band(kind, t_low, t_high, **options) for curve in self.curves)
        return Bands(bands, self._labels(), self.library)

    def to_rows(self) -> list[ResultRow]:
        """Per curve: n, n_event, n_censor and the median ("summary"), then the curve itself ("curve")."""
        rows: list[ResultRow] = []
        medians = self.median().to_rows()
        per_curve = len(medians) // max(len(self.curves), 1)
        for i, curve in enumerate(self.curves):
            rows += self._summary_rows(curve) + medians[i * per_curve : (i + 1) * per_curve] + self._curve_rows(curve)
        return rows

    def __repr__(self) -> str:
        head = f"KaplanMeier by {self.group_name}" if self.curves[0].level else "KaplanMeier"
        return "\n".join([f"{head} ({self.conf_type} limits, {100 * self.conf_level:g}%)", *map(repr, self.curves)])

    def to_dict(self) -> dict[str, Any]:
        """Options, and per curve its counts and median, ready for JSON (None where not estimable)."""
        medians = self.median()
        return {
            "method": "kaplan-meier",
            "conf_type": self.conf_type,
            "conf_level": self.conf_level,
            "convention": self.convention,
            "time_unit": self.time_unit,
            "curves": [_curve_dict(curve, median) for curve, median in zip(self.curves, medians, strict=True)],
        }

    def _frame_columns(self) -> tuple[str, ...]:
        return "time", "n_risk", "n_event", "n_censor", "survival", "std_error", "conf_low", "conf_high"

    def _labels(self) -> CurveLabels:
        return CurveLabels(
            group_name=self.group_name,
            stratum_name=self.stratum_name,
            time_unit=self.time_unit,
            conf_level=self.conf_level,
            convention=self.convention,
        )

    def _summary_rows(self, curve: SurvivalCurve) -> list[ResultRow]:
        place = self._place(curve, "summary")
        counts = {"n": curve.total, "n_event": curve.total_event, "n_censor": curve.total_censor}
        rows = [ResultRow(statistic=k, value=float(v), format="int", **place) for k, v in counts.items()]
        return [*rows, conf_level_row(self.conf_level, place)]

    def _curve_rows(self, curve: SurvivalCurve) -> list[ResultRow]:
        place = self._place(curve, "curve") | {"at_unit": self.time_unit}
        columns = {
            "survival": curve.survival,
            "survival_low": curve.conf_low,
            "survival_high": curve.conf_high,
            "n_risk": curve.n_risk,
            "n_event": curve.n_event,
            "n_censor": curve.n_censor,
        }
        return curve_rows(curve.time, columns, place, "percent")

    def _place(self, curve: SurvivalCurve, parameter: str) -> dict[str, Any]:
        shared = {"parameter": parameter, "method": "kaplan-meier", "convention": self.convention, "label": self.label}
        return shared | self._groups(curve)


def kaplan_meier(
    time: Any,
    event: Any,
    *,
    group: Any = None,
    strata: Any = None,
    entry: Any = None,
    weights: Any = None,
    conf_type: str | None = None,
    conf_level: float = 0.95,
    convention: str = "r",
    time_tolerance: float | None = None,
    time_unit: str | None = None,
    engine: str = "auto",
) -> KaplanMeier:
    """The product-limit estimate of survival, by group, with Greenwood's variance and pointwise limits.

    Arguments, each a column of n rows (numpy, list, pandas, polars, Arrow): `time`, zero or more, in any unit;
    `event`, 1 for an event and 0 for censored; `group`; `strata`, one column or several: a curve for each group and
    stratum; `entry`, before `time`, for delayed entry (left truncation): at risk when entry < t <= time; `weights`,
    zero or more, used as counts of identical rows.
    `conf_type`: "log" (default of convention "r"), "log-log" (default of "sas"), "plain", "logit", "arcsine".
    `conf_level`: two-sided. `convention`: "r" or "sas", see docs/methods/kaplan-meier.md. `time_tolerance`: times
    closer than this are one time (None: by the convention; 0: exact). `time_unit`: written into result rows.
    `engine`: "auto", "plain" or "compiled".

    Returns a `KaplanMeier`. Raises DataError for columns and ArgumentError for options that cannot be used.

    Formula: S(t) = prod over t_j <= t of (1 - d_j / n_j); Var log S(t) = sum d_j / (n_j (n_j - d_j)).
    Source: Kaplan and Meier 1958, doi:10.1080/01621459.1958.10501452; Brookmeyer and Crowley 1982, doi:10.2307/2530286.

    >>> kaplan_meier([6, 6, 6, 7, 10], [1, 1, 0, 1, 0]).median().time
    7.0
    """
    check_choice(convention, CONVENTIONS, "convention")
    chosen = check_choice(conf_type or DEFAULT_CONF_TYPE[convention], CONF_TYPES, "conf_type")
    level = check_level_of_confidence(conf_level)
    check_choice(engine, dispatch.ENGINES, "engine")
    tolerance = tolerance_of(time_tolerance, convention)
    data = survival_data(
        time, event, group=group, strata=strata, entry=entry, weights=weights, time_tolerance=tolerance
    )
    curves = tuple(_curves(data, chosen, level, convention, engine))
    stratum_name = name_of(strata, "strata")
    return KaplanMeier(
        curves, data.group_name, stratum_name, chosen, level, convention, time_unit=time_unit, library=library_of(time)
    )


def reverse_kaplan_meier(time: Any, event: Any, **options: Any) -> KaplanMeier:
    """Follow-up by the reverse Kaplan-Meier method: censoring is the event and events are censored.

    Arguments and returns as `kaplan_meier`; `.median()` is the median potential follow-up.
    At a time with both, a subject with the original event still counts as at risk, as in R's
    `survfit(Surv(time, 1 - event) ~ 1)`.

    Source: Schemper M, Smith TL. Control Clin Trials 1996;17:343-346. doi:10.1016/0197-2456(96)00075-X
    """
    from equipoise.frames.columns import to_events

    found = kaplan_meier(time, ~to_events(event, name_of(event, "event")), **options)
    return replace(found, label="reverse Kaplan-Meier")


def _curves(
    data: SurvivalData, conf_type: str, conf_level: float, convention: str, engine: str
) -> Iterator[SurvivalCurve]:
    tables = dispatch.curve_tables(data.rows, data.group.codes, len(data.group.labels), conf_type, conf_level, engine)
    for s, g, table in tables:
        single = len(data.group.labels) == 1 and len(data.strata.labels) == 1
        total, entered = float(data.n), None
        if data.weight is not None or data.entry is not None or not single:
            total = float(table.n_event.sum() + table.n_censor.sum())
        if data.entry is not None:
            rows = slice(None) if single else (data.group.codes == g) & (data.strata.codes == s)
            entered = _entered(data.entry[rows], None if data.weight is None else data.weight[rows])
        yield SurvivalCurve(
            data.group.labels[g], data.strata.labels[s], table.time, table.survival, table.std_error, table.conf_low,
            table.conf_high, table.n_risk, table.n_event, table.n_censor, total, convention, entered,
        )  # fmt: skip


def _entered(entry: np.ndarray, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(entry, kind="stable")
    return entry[order], np.ones(len(entry)) if weight is None else weight[order]


def _as_times(times: Iterable[float] | float) -> np.ndarray:
    return to_times(np.atleast_1d(np.asarray(times, dtype=float)), "times")


def _curve_dict(curve: SurvivalCurve, median: Quantile) -> dict[str, Any]:
    def known(value: float) -> float | None:
        return None if value != value else value

    return {
        "group": curve.level or None,
        "stratum": curve.stratum or None,
        "n": curve.total,
        "n_event": curve.total_event,
        "n_censor": curve.total_censor,
        "median": known(median.time),
        "median_low": known(median.conf_low),
        "median_high": known(median.conf_high),
    }
