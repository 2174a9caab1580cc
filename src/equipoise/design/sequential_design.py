"""The result of a group-sequential design: bounds on every scale, errors, power, expected events, and monitoring."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.design import scales
from equipoise.design.design_result import DesignResult, render_code
from equipoise.design.fixed import power_rows, whole_events
from equipoise.design.levels import experimental_share, refused, to_array, to_floats
from equipoise.design.sequential_rows import sequential_rows, sequential_text
from equipoise.design.sequential_rules import SequentialBounds, SequentialRules, solve_sequential
from equipoise.design.spending import Spending, spending_invalid
from equipoise.errors import ArgumentError, DesignError
from equipoise.frames.results import ResultRow
from equipoise.kernels import dispatch
from equipoise.kernels.plain.sequential import crossing_probabilities
from equipoise.kernels.plain.special import normal_quantile

Floats = npt.NDArray[np.float64]

# Information above this is no fraction of a maximum, however far a trial ran over.
_MOST_FRACTION = 5.0


@dataclass(frozen=True, eq=False, repr=False)
class GroupSequentialDesign(DesignResult):
    """A group-sequential design of K looks.

    `fraction` (K,), of the maximum information; `spending_time` (K,); `bounds`, the Z bounds; `rules`, how they came
    about; `sides`; `ratio`; `events_exact`, the maximum before it was rounded, None where it was not. What depends on
    an alternative is computed when it is asked for: `drift` (the mean of the final Z), `power`, `maximum` (events),
    `events` (K,), `hazard_ratio`, `inflation`, `expected_events(...)`; they are NaN where the design has no
    alternative, no events or no hazard ratio.
    """

    rules: SequentialRules
    fraction: Floats
    spending_time: Floats
    bounds: SequentialBounds
    events_given: float | None
    power_given: float | None
    hazard_ratio_given: float | None
    ratio: float
    sides: int
    arguments: Mapping[str, Any]
    after: str = ""
    events_exact: float | None = None

    @property
    def upper(self) -> Floats:
        """Efficacy bounds for Z (K,), infinite where there is none."""
        return self.bounds.upper

    @property
    def futility(self) -> Floats:
        """Futility bounds for Z (K,), minus infinity where there is none; at the last look the efficacy bound."""
        return self.bounds.futility

    @property
    def harm(self) -> Floats:
        """Harm bounds for Z (K,), minus infinity where there is none."""
        return self.bounds.harm

    @property
    def lower(self) -> Floats:
        """The higher of the futility and the harm bound (K,)."""
        return self.bounds.lower

    @property
    def looks(self) -> int:
        return len(self.fraction)

    @property
    def alpha(self) -> float:
        """One side's alpha."""
        return self.rules.alpha

    @property
    def variance_share(self) -> float:
        """Information of the log hazard ratio in one event, p (1 - p)."""
        share = experimental_share(self.ratio)
        return share * (1.0 - share)

    @cached_property
    def drift(self) -> float:
        """The mean of Z at the maximum information under the alternative."""
        if not math.isnan(self.bounds.drift):
            return self.bounds.drift
        known = _drift_of(self.events_given, self.hazard_ratio_given, self.ratio)
        if known is not None:
            return known
        if self.power_given is None:
            return math.nan
        given = np.zeros((4, self.looks))
        given[0], given[1] = self.lower, self.upper
        return float(dispatch.sequential_drift(self.fraction, given, self.power_given, engine=self.rules.engine)[0])

    @cached_property
    def maximum(self) -> float:
        """Events at the last look, not rounded."""
        if self.events_given is not None or self.hazard_ratio_given is None:
            return math.nan if self.events_given is None else self.events_given
        return (self.drift / math.log(self.hazard_ratio_given)) ** 2 / self.variance_share

    @property
    def events(self) -> Floats:
        """Events at each look (K,), not rounded."""
        return self.fraction * self.maximum

    @cached_property
    def hazard_ratio(self) -> float:
        """The hazard ratio of the alternative."""
        if self.hazard_ratio_given is not None:
            return self.hazard_ratio_given
        return math.exp(-self.drift / math.sqrt(self.maximum * self.variance_share))

    @cached_property
    def power(self) -> float:
        """The probability of crossing an efficacy bound under the alternative, futility and harm bounds obeyed."""
        return math.nan if math.isnan(self.drift) else float(self.crossing(self.drift)[1].sum())

    @property
    def fixed_drift(self) -> float:
        """The mean of Z that a single look would need for the same alpha and power."""
        return normal_quantile(self.power) - normal_quantile(self.alpha)

    @property
    def inflation(self) -> float:
        """Maximum information relative to that of a single look with the same alpha and power."""
        return (self.drift / self.fixed_drift) ** 2

    def crossing(self, drift: Any) -> tuple[Floats, Floats]:
        """Probabilities of stopping first at each look, below and above, when the mean of the final Z is `drift`.

        Two arrays (K,), or (T, K) for an array of T drifts. At the last look "below" holds harm alone, unless the
        design has futility.
        """
        return crossing_probabilities(self.fraction, self.lower, self.upper, drift)

    @cached_property
    def alpha_spent(self) -> Floats:
        """Cumulative probability of crossing an efficacy bound without effect (K,), as the bounds were found.

        Futility bounds that are not binding are taken not to be obeyed.
        """
        lower = self.lower if self.rules.binding else np.full(self.looks, -math.inf)
        if self.rules.harm == "mirror" and not self.rules.binding:
            lower = self.harm
        return crossing_probabilities(self.fraction, lower, self.upper, 0.0)[1].cumsum()

    @cached_property
    def beta_spent(self) -> Floats:
        """Cumulative probability of stopping below under the alternative (K,); NaN where there is none."""
        below, above = self.crossing(self.drift) if not math.isnan(self.drift) else (np.full(self.looks, math.nan),) * 2
        below = below.cumsum()
        below[-1] = 1.0 - above.sum()
        return below

    @cached_property
    def power_by_look(self) -> Floats:
        """Cumulative power (K,)."""
        if math.isnan(self.drift):
            return np.full(self.looks, math.nan)
        return self.crossing(self.drift)[1].cumsum()

    def power_at(self, hazard_ratio: Any) -> Any:
        """Power at other hazard ratios, one or an array; raises DesignError `design-unknowns` without events."""
        if math.isnan(self.maximum):
            raise DesignError(
                "design-unknowns",
                "power at a hazard ratio needs a number of events",
                hint="give events instead of fractions, or power and hazard_ratio",
            )
        ratios = to_array(hazard_ratio, "hazard_ratio", "hazard ratios above zero")
        if not (ratios > 0.0).all():
            raise refused("hazard_ratio", hazard_ratio, "hazard ratios above zero")
        drifts = -np.log(ratios) * math.sqrt(self.maximum * self.variance_share)
        power = self.crossing(drifts.ravel())[1].sum(axis=-1)
        return float(power[0]) if ratios.ndim == 0 else power.reshape(ratios.shape)

    def expected_information(self, drift: float) -> float:
        """The expected fraction of the maximum information at which the trial stops."""
        below, above = self.crossing(drift)
        stops = below + above
        stops[-1] = 1.0 - stops[:-1].sum()
        return float(stops @ self.fraction)

    def expected_events(self, under: str = "alternative") -> float:
        """Expected events when the trial stops, under "null", "between" (half the log ratio) or "alternative"."""
        effects = {"null": 0.0, "between": 0.5, "alternative": 1.0}
        if under not in effects:
            raise refused("under", under, "null, between or alternative")
        drift = 0.0 if under == "null" else effects[under] * self.drift
        if math.isnan(drift) or math.isnan(self.maximum):
            return math.nan
        return self.maximum * self.expected_information(drift)

    def on_scale(self, scale: str, bound: str = "upper", effect: str = "design") -> Floats:
        """A bound (K,) on a scale.

        Arguments: `scale`, one of "z", "p" (nominal, one-sided), "hr" (needs events), "b" (Z sqrt t),
        "conditional-power" and "predictive-power" of crossing the last efficacy bound; `bound`, "upper", "futility",
        "harm" or "lower"; `effect`, of conditional power: "design", "observed" or "null".
        Looks without that bound are NaN. Raises ArgumentError `argument-invalid`.
        """
        scales.check_scale(scale)
        if bound not in ("upper", "futility", "harm", "lower"):
            raise refused("bound", bound, "upper, futility, harm or lower")
        z = np.where(np.isfinite(getattr(self, bound)), getattr(self, bound), math.nan)
        if scale in ("conditional-power", "predictive-power"):
            return self._power_given(z, scale, effect)
        if scale == "hr":
            return scales.hazard_ratio_at(z, self.events * self.variance_share)
        return {"z": lambda: z, "p": lambda: scales.nominal_p(z), "b": lambda: scales.b_value(z, self.fraction)}[
            scale
        ]()

    def _power_given(self, z: Floats, scale: str, effect: str) -> Floats:
        final = float(self.upper[-1])
        if scale == "predictive-power":
            return scales.predictive_power_at(z, self.fraction, final)
        drifts = {"design": lambda: self.drift, "null": lambda: 0.0}
        drifts["observed"] = lambda: scales.observed_drift(z, self.fraction)  # type: ignore[assignment]
        if effect not in drifts:
            raise refused("effect", effect, "design, observed or null")
        return scales.conditional_power_at(z, self.fraction, final, drifts[effect]())

    def rounded(self) -> GroupSequentialDesign:
        """The design with whole events: the maximum rounded up, interims to the nearest (halves up).

        Bounds and power are found anew for these events and the hazard ratio of the design; the type II error that
        futility spends is what the power attained leaves. Raises DesignError `spending-invalid` when two looks fall
        on the same number.
        """
        last = whole_events(self.maximum)
        events = [math.floor(f * last + 0.5) for f in self.fraction[:-1].tolist()] + [last]
        if any(b <= a for a, b in zip([0, *events], events, strict=False)):
            raise spending_invalid(f"whole events at the looks are {events}", "information grows with every look",
                                   "take fewer looks, or looks further apart")  # fmt: skip
        fraction = np.array(events) / last
        time = fraction if self.spending_time is self.fraction else self.spending_time
        whole = design_of(
            self.rules, fraction, time, float(last), None, self.hazard_ratio, self.ratio, self.sides, self.arguments
        )
        return replace(whole, events_exact=self.maximum)

    def at(
        self, information: Sequence[float], *, final: bool = False, spending_time: Sequence[float] | None = None
    ) -> GroupSequentialDesign:
        """The design at the information actually seen: bounds of the looks so far and of those still planned.

        Arguments: `information`, events (fractions of the planned maximum when the design has no events) at each look
        so far, rising; `final`, whether the last of them is the last look, which then spends all error that is left,
        above or below the planned maximum; `spending_time` for each of them where spending is not by information.
        Error spent at a look depends on the information up to that look alone, so bounds of earlier looks stay as they
        were, and the last bound follows from the correlations of what was seen. A classical boundary is
        monitored by straight lines through the error it spends at the planned looks. Futility keeps the design's
        alternative and type II error.
        Raises DesignError `spending-invalid`, ArgumentError `argument-invalid`.
        """
        actual = self._actual(information, final)
        seen = len(actual)
        known = not math.isnan(self.maximum)
        planned = self.events if known else self.fraction
        later = [] if final else [v for v in planned[seen:].tolist() if v > actual[-1] * (1.0 + 1e-9)]
        values = np.array([*actual, *later])
        time = self._actual_time(values, seen, final, spending_time)
        unit = self.maximum if known else 1.0
        drift = None if math.isnan(self.drift) else self.drift * math.sqrt(values[-1] / unit)
        rules = self._monitored(seen, len(values))
        fraction = values / values[-1]
        power = None if self.rules.futility is None else 1.0 - self.bounds.beta
        bounds = solve_sequential(rules, fraction, time, power=power, drift=drift)
        if math.isnan(bounds.drift) and drift is not None:
            bounds = replace(bounds, drift=drift)
        times = None if spending_time is None else to_floats(spending_time, "spending_time")
        parts = [repr(actual)]
        parts += ["final=True"] * final + ([] if times is None else [f"spending_time={times!r}"])
        return replace(
            self, rules=rules, fraction=fraction, spending_time=time, bounds=bounds,
            events_given=float(values[-1]) if known else None, power_given=None,
            hazard_ratio_given=self.hazard_ratio if known and drift is not None else None,
            after=self.after + f".at({', '.join(parts)})",
        )  # fmt: skip

    def _actual(self, information: Sequence[float], final: bool) -> list[float]:
        hint = "give the events of every look so far, in order"
        values = to_floats(information, "information", hint)
        if not values or any(not b > a for a, b in zip([0.0, *values], values, strict=False)):
            raise spending_invalid(f"the information seen is {values}", "information grows with every look", hint)
        if len(values) > self.looks and not final:
            raise refused("information", values, f"{self.looks} looks are planned; say final=True at the last")
        self._check_unit(values)
        reached = values[-1] >= (1.0 if math.isnan(self.maximum) else self.maximum) * (1.0 - 1e-9)
        before = values[:-1] if reached else []
        top = 1.0 if math.isnan(self.maximum) else self.maximum
        if any(v >= top * (1.0 - 1e-9) for v in before):
            raise spending_invalid(f"the information seen is {values}", f"all error is spent at {top:g}",
                                   "the look that reached the planned maximum was the last")  # fmt: skip
        return values

    def _check_unit(self, values: Sequence[float]) -> None:
        """Raises ArgumentError where fractions were given for events, or events for fractions."""
        if math.isnan(self.maximum):
            if values[-1] > _MOST_FRACTION:
                hint = "give fractions of the planned maximum; for events give the design a hazard ratio and power"
                raise refused("information", list(values), hint, "the design has no number of events")
        elif values[-1] <= 1.0 < self.maximum:
            hint = "give events, not fractions of the maximum"
            raise refused("information", list(values), hint, f"the design plans {self.maximum:.6g} events")

    def _actual_time(self, values: Floats, seen: int, final: bool, spending_time: Sequence[float] | None) -> Floats:
        """Where the spending functions are read: at the planned share for looks so far, as planned for later ones."""
        unit = 1.0 if math.isnan(self.maximum) else self.maximum
        by_information = self.spending_time is self.fraction or np.array_equal(self.spending_time, self.fraction)
        if not by_information and spending_time is None:
            raise ArgumentError("argument-invalid", "spending_time is missing", where="spending_time",
                                reason="the design spends by times of its own",
                                hint="give the fraction of that time at each look so far")  # fmt: skip
        time = np.minimum(values / unit, 1.0)
        if spending_time is not None:
            if len(spending_time) != seen:
                raise refused("spending_time", list(spending_time), f"one fraction for each of {seen} looks")
            later = self.spending_time[len(self.spending_time) - (len(values) - seen) :]
            time = np.array([*map(float, spending_time), *later])
        if final:
            time[-1] = 1.0
        if (np.diff(time, prepend=0.0) < 0.0).any():
            raise spending_invalid(f"spending times are {time.tolist()}", "error once spent cannot be had back",
                                   "give fractions that do not fall")  # fmt: skip
        return time

    def _monitored(self, seen: int, looks: int) -> SequentialRules:
        """The rules for other looks than planned: given bounds and classical shapes become spending at the plan."""
        efficacy, harm, futility = self.rules.efficacy, self.rules.harm, self.rules.futility
        if not isinstance(efficacy, Spending):
            efficacy = self._spent_as_planned(self.alpha_spent)
        if harm is not None and not isinstance(harm, Spending | str):
            harm_spent = crossing_probabilities(self.fraction, np.full(self.looks, -math.inf), -self.harm, 0.0)[1]
            harm = self._spent_as_planned(harm_spent.cumsum())
        if futility is not None and not isinstance(futility, Spending):
            futility = self._spent_as_planned(self.beta_spent)
        at = {name: self._moved(getattr(self.rules, name), seen, looks) for name in ("efficacy_at", "futility_at")}
        if at["efficacy_at"] is not None:
            at["efficacy_at"] = tuple(sorted({*at["efficacy_at"], looks}))
        return replace(self.rules, efficacy=efficacy, harm=harm, futility=futility, **at)

    def _moved(self, at: tuple[int, ...] | None, seen: int, looks: int) -> tuple[int, ...] | None:
        """Which of the looks now expected have a bound: later ones keep their place counted from the end."""
        if at is None:
            return None
        shift = self.looks - looks
        return tuple(k for k in range(1, looks + 1) if (k if k <= seen and k < looks else k + shift) in at)

    def _spent_as_planned(self, spent: Floats) -> Spending:
        pairs = list(zip(self.spending_time.tolist(), spent.tolist(), strict=True))
        return Spending.user([(t, e) for t, e in pairs[:-1] if t < 1.0] + [(1.0, pairs[-1][1])])

    def to_rows(self) -> list[ResultRow]:
        """The design as a whole, then each look: information, bounds on every scale, cumulative error and power."""
        return sequential_rows(self)

    def figure_rows(self) -> list[ResultRow]:
        """The rows of the design, and for a figure its power over true hazard ratios where it has events."""
        known = not math.isnan(self.maximum) and not math.isnan(self.drift)
        return [*self.to_rows(), *(power_rows(self, self.hazard_ratio) if known else [])]

    def text(self) -> str:
        """A paragraph: looks, type I error, bounds, power, expected events."""
        return sequential_text(self)

    def code(self) -> str:
        defaults = {"binding": False, "ratio": 1.0, "integer": False}
        given = {k: v for k, v in self.arguments.items() if not (k in defaults and v == defaults[k])}
        return render_code("group_sequential", given, after=self.after)


def design_of(
    rules: SequentialRules,
    fraction: Floats,
    time: Floats,
    maximum: float | None,
    power: float | None,
    hazard_ratio: float | None,
    ratio: float,
    sides: int,
    arguments: Mapping[str, Any],
) -> GroupSequentialDesign:
    """Solve the bounds and hold them with what they came from."""
    drift = None if rules.futility is None else _drift_of(maximum, hazard_ratio, ratio)
    bounds = solve_sequential(rules, fraction, time, power=power, drift=drift)
    return GroupSequentialDesign(
        rules, fraction, time, bounds, maximum, power, hazard_ratio, ratio, sides, arguments
    )  # fmt: skip


def _drift_of(maximum: float | None, hazard_ratio: float | None, ratio: float) -> float | None:
    """The mean of the final Z at a known number of events and hazard ratio."""
    if maximum is None or hazard_ratio is None:
        return None
    share = experimental_share(ratio)
    return -math.log(hazard_ratio) * math.sqrt(maximum * share * (1.0 - share))
