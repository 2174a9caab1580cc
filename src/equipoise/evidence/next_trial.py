"""Design from evidence: what pooled trials say of the next one, and the probability that it succeeds.

The log hazard ratio of the next trial is normal: its mean the pooled effect, its variance that of the pooled effect
(`basis` "common") or that and the variance between trials ("new-trial"). Given it, Z at a look with information
I = events p (1 - p) is normal with mean -log(HR) sqrt(I), as everywhere in `equipoise.design`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise.design.fixed import LogrankPower
from equipoise.design.levels import check_alpha, check_choice, check_positive, critical_z, refused, to_float, to_ratio
from equipoise.design.sample_size import FixedDesign
from equipoise.design.sequential_design import GroupSequentialDesign
from equipoise.design.trial_parts import DesignParts
from equipoise.errors import DesignError
from equipoise.evidence.pooled_effect import PooledEffect, pooled_from
from equipoise.evidence.study_effects import StudyEffect
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain.roots import root_between
from equipoise.kernels.plain.sequential import crossing_probabilities
from equipoise.kernels.plain.special import normal_quantile, normal_tail

Floats = npt.NDArray[np.float64]
Basis = Literal["new-trial", "common"]
BASES: tuple[Basis, ...] = ("new-trial", "common")
ANALYSIS = "assurance"
# Quadrature: nodes in a panel, panels no wider than the narrower of the prior and the power's rise, tails left out.
_NODES, _WIDEST, _TAIL = 10, 1.0, 9.0
_MOST_PANELS = 400
# A planned effect that the evidence gives less than this chance of being met is remarked on.
_UNLIKELY = 0.05
_FEW_TRIALS = 5
_MOST_EVENTS = 1e9


@dataclass(frozen=True)
class PredictiveEffect:
    """The log hazard ratio that the evidence lets a next trial expect: normal with this mean and standard deviation.

    `basis` as of `assurance`; `pooled` the evidence, None for a prior given by hand.
    """

    mean: float
    sd: float
    basis: str
    pooled: PooledEffect | None = None

    @property
    def hazard_ratio(self) -> float:
        """The median hazard ratio."""
        return math.exp(self.mean)

    def probability_below(self, hazard_ratio: float, information: float = math.inf) -> float:
        """P(the true hazard ratio is below), or with `information` that its estimate is."""
        spread = math.sqrt(self.sd**2 + (0.0 if math.isinf(information) else 1.0 / information))
        return 1.0 - normal_tail((math.log(hazard_ratio) - self.mean) / spread)

    def interval(self, level: float, information: float = math.inf) -> tuple[float, float]:
        """The central interval of the true hazard ratio, or with `information` of its estimate."""
        spread = math.sqrt(self.sd**2 + (0.0 if math.isinf(information) else 1.0 / information))
        reach = normal_quantile(0.5 + level / 2.0) * spread
        return math.exp(self.mean - reach), math.exp(self.mean + reach)

    def mixture(self, nodes: int) -> tuple[Floats, Floats]:
        """Hazard ratios and weights (summing to 1) that stand for the distribution: Gauss-Hermite quadrature."""
        at, weights = np.polynomial.hermite_e.hermegauss(nodes)
        return np.exp(self.mean + self.sd * at), weights / weights.sum()

    def panels(self, low: float, high: float, scale: float) -> tuple[Floats, Floats]:
        """Nodes (log hazard ratios) and weights for integrals over the distribution between two log hazard ratios.

        `scale`: the distance over which what is integrated changes.
        """
        first, last = max(low, self.mean - _TAIL * self.sd), min(high, self.mean + _TAIL * self.sd)
        if last <= first:
            return np.zeros(0), np.zeros(0)
        count = min(_MOST_PANELS, math.ceil((last - first) / min(_WIDEST * self.sd, scale)))
        edges = np.linspace(first, last, count + 1)
        node, weight = np.polynomial.legendre.leggauss(_NODES)
        half = 0.5 * np.diff(edges)[:, None]
        at = (0.5 * (edges[1:] + edges[:-1])[:, None] + half * node).ravel()
        density = np.exp(-0.5 * ((at - self.mean) / self.sd) ** 2) / (self.sd * math.sqrt(2.0 * math.pi))
        return at, (half * weight).ravel() * density


def predictive_effect(evidence: Any, basis: Basis = "new-trial") -> PredictiveEffect:
    """What the evidence says of a next trial's true effect.

    Arguments: `evidence`, what `pool` returned, or a normal prior of the log hazard ratio as (hazard ratio, standard
    deviation of its logarithm); `basis`, "new-trial" (the effect differs between trials by tau2, and the next trial is
    one more of them) or "common" (it has the pooled effect itself); of a prior by hand, without meaning.
    Raises ArgumentError `argument-invalid`.

    >>> round(predictive_effect((0.8, 0.1)).probability_below(1.0), 4)
    0.9872
    """
    check_choice(basis, BASES, "basis")
    if isinstance(evidence, tuple | list):
        if len(evidence) != 2:
            raise refused("evidence", evidence, "(hazard ratio, standard deviation of its logarithm)")
        ratio, sd = (check_positive(value, "evidence") for value in evidence)
        return PredictiveEffect(math.log(ratio), sd, "prior")
    pooled = pooled_from(evidence)
    between = pooled.tau2 if basis == "new-trial" else 0.0
    return PredictiveEffect(pooled.effect, math.sqrt(pooled.std_error**2 + between), basis, pooled)


@dataclass(frozen=True)
class NextDesign:
    """A design by its bounds: `fraction` of the maximum information at each look (K,), bounds of Z, events in all.

    `share`: information of the log hazard ratio in an event; `planned`: the hazard ratio that the design supposes.
    """

    fraction: Floats
    lower: Floats
    upper: Floats
    events: float
    share: float
    planned: float | None

    @property
    def information(self) -> float:
        return self.events * self.share

    def crossed(self, at: Floats) -> tuple[Floats, Floats]:
        """Probabilities of stopping below and above at each look, (T, K), for T log hazard ratios."""
        return crossing_probabilities(self.fraction, self.lower, self.upper, -at * math.sqrt(self.information))


def next_design(design: Any) -> NextDesign:
    """The bounds of a design that a next trial may have.

    Raises ArgumentError `argument-invalid` for another design, or one whose power is not Schoenfeld's; DesignError
    `design-unknowns` for one without events.
    """
    if isinstance(design, DesignParts):
        if not design.proportional:
            raise refused("design", design.premises.scenario, "a scenario with proportional hazards",
                          "its hazards are not proportional, and one hazard ratio says too little")  # fmt: skip
        return next_design(design.final_test)
    if isinstance(design, GroupSequentialDesign):
        if math.isnan(design.maximum):
            hint = "give events instead of fractions, or power and hazard_ratio"
            raise DesignError("design-unknowns", "the design has no number of events", where="design", hint=hint)
        planned = None if math.isnan(design.drift) else design.hazard_ratio
        return NextDesign(design.fraction, design.lower, design.upper, design.maximum, design.variance_share, planned)
    if isinstance(design, LogrankPower | FixedDesign):
        if design.method != "schoenfeld":
            raise refused("design", design.method, "a design by Schoenfeld's formula", "its Z has another mean")
        events = design.events if isinstance(design, LogrankPower) else design.solution.events
        return fixed_next(events, design.alpha, design.sides, design.ratio, design.hazard_ratio)
    raise refused("design", type(design).__name__, "a result of power_of, fixed_design, group_sequential or plan")


def fixed_next(events: float, alpha: float, sides: int, ratio: Any, planned: float | None = None) -> NextDesign:
    """One analysis at a number of events."""
    share = to_ratio(ratio) / (1.0 + to_ratio(ratio)) ** 2
    bound = np.array([critical_z(check_alpha(alpha, sides))])
    return NextDesign(np.ones(1), np.array([-math.inf]), bound, check_positive(events, "events"), share, planned)


@dataclass(frozen=True, eq=False, repr=False)
class Assurance(RowResult):
    """The probability that a next trial succeeds, over what the evidence says of its effect.

    `assurance`: of rejecting in favor of the experimental arm at any look, futility bounds obeyed; `benefit`: that the
    true hazard ratio is below 1, which assurance approaches as events grow; `given_benefit`: assurance where it is;
    `by_look`: cumulative (K,); `expected_events`; `power_at_estimate`, at the median hazard ratio of the evidence;
    `planned_power`, at the design's own (None without one); `as_planned`: the probability that the true effect is at
    least as good as planned; `remarks`: what a reader should weigh. `target` where the events were solved for.
    """

    effect: PredictiveEffect
    design: NextDesign
    assurance: float
    benefit: float
    given_benefit: float
    by_look: Floats
    expected_events: float
    power_at_estimate: float
    planned_power: float | None
    as_planned: float | None
    level: float
    target: float | None = None
    remarks: tuple[str, ...] = ()
    library: str | None = field(default=None, compare=False)

    @property
    def events(self) -> float:
        """Events at the last look."""
        return self.design.events

    def probability_below(self, hazard_ratio: float) -> float:
        """The probability that the next trial's estimate, with all its events, is below a hazard ratio."""
        return self.effect.probability_below(check_positive(hazard_ratio, "hazard_ratio"), self.design.information)

    def interval(self) -> tuple[float, float]:
        """The interval that holds the next trial's estimate, with all its events, with probability `level`."""
        return self.effect.interval(self.level, self.design.information)

    def to_rows(self) -> list[ResultRow]:
        """Rows of the analysis "assurance"; parameters: effect, next-trial, assurance, look, remark."""
        low, high = self.effect.interval(self.level)
        first, last = self.interval()
        critical = math.exp(-float(self.design.upper[-1]) / math.sqrt(self.design.information))
        held: list[tuple[str, str, float | None, str | None]] = [
            ("effect", "estimate", self.effect.hazard_ratio, "ratio"),
            ("effect", "log_hr", self.effect.mean, None),
            ("effect", "log_hr_sd", self.effect.sd, None),
            ("effect", "pred_low", low, "ratio"),
            ("effect", "pred_high", high, "ratio"),
            ("effect", "benefit", self.benefit, "percent"),
            ("effect", "as_planned", self.as_planned, "percent"),
            ("next-trial", "events", self.events, "int"),
            ("next-trial", "pred_low", first, "ratio"),
            ("next-trial", "pred_high", last, "ratio"),
            ("next-trial", "hazard_ratio_critical", critical, "ratio"),
            ("next-trial", "below_critical", self.probability_below(critical), "percent"),
            ("next-trial", "below_one", self.probability_below(1.0), "percent"),
            ("next-trial", "expected_events", self.expected_events, None),
            ("assurance", "assurance", self.assurance, "percent"),
            ("assurance", "given_benefit", self.given_benefit, "percent"),
            ("assurance", "power_at_estimate", self.power_at_estimate, "percent"),
            ("assurance", "planned_power", self.planned_power, "percent"),
            ("assurance", "target", self.target, "percent"),
            ("assurance", "conf_level", self.level, "percent"),
        ]
        rows = [_row(parameter, name, value, form) for parameter, name, value, form in held if value is not None]
        if len(self.by_look) > 1:
            for look, value in enumerate(self.by_look.tolist(), start=1):
                rows.append(_row("look", "assurance", value, "percent", at=float(look), at_unit="look"))
        return rows + [
            ResultRow(analysis=ANALYSIS, parameter="remark", statistic="remark", group1="remark", level1=str(place),
                      value_text=said, method="assurance")
            for place, said in enumerate(self.remarks, start=1)
        ]  # fmt: skip


def _row(parameter: str, statistic: str, value: float, form: str | None, **more: Any) -> ResultRow:
    content = number(value)
    return ResultRow(
        analysis=ANALYSIS, parameter=parameter, statistic=statistic, format=form, method="assurance", **content, **more
    )


def assurance(
    evidence: PooledEffect | tuple[float, float],
    design: Any = None,
    *,
    events: float | None = None,
    target: float | None = None,
    alpha: float | None = None,
    sides: int | None = None,
    ratio: float | tuple[float, float] | None = None,
    basis: Basis = "new-trial",
    level: float = 0.95,
) -> Assurance:
    """The probability that a next trial succeeds, or the events at which it is as large as asked.

    Arguments: `evidence`, what `pool` returned, or a normal prior of the log hazard ratio as (hazard ratio, standard
    deviation of its logarithm); the next trial as `design` (of `power_of`, `fixed_design`, `group_sequential` or
    `plan`), or as one analysis: a number of `events` with `alpha`, `sides` and `ratio` (experimental to control,
    1 where not given);
    `target`, an assurance: the events, rounded up, are solved for, of a design with its bounds and fractions kept;
    `basis`: "new-trial", the effect differs between trials by tau2, or "common", it is the pooled one; `level` of the
    predictive intervals.

    Returns an `Assurance`. Raises ArgumentError `argument-invalid`; DesignError `design-unknowns` for too much or too
    little given, `design-unreachable` for a target that no number of events reaches: assurance stays below the
    probability that the hazard ratio is below 1.

    Formula: with log HR ~ N(m, s^2), one analysis with information I = events p (1 - p) and bound c:
    Phi((-m sqrt(I) - c) / sqrt(1 + s^2 I)); of several looks, and where the effect is a benefit, the power integrated
    over the distribution by Gauss-Legendre quadrature.
    Source: Spiegelhalter DJ, Freedman LS. Stat Med 1986;5:1-13, doi:10.1002/sim.4780050103; O'Hagan A, Stevens JW,
    Campbell MJ. Pharm Stat 2005;4:187-201, doi:10.1002/pst.175.

    >>> found = assurance((0.7, 0.15), events=250, alpha=0.05, sides=2)
    >>> round(found.assurance, 3), round(found.power_at_estimate, 3), round(found.benefit, 3)
    (0.71, 0.805, 0.991)
    """
    effect = predictive_effect(evidence, basis)
    if not 0.0 < to_float(level, "level") < 1.0:
        raise refused("level", level, "a probability above 0 and below 1; write 95% as 0.95")
    plan = _plan(design, events, target, {"alpha": alpha, "sides": sides, "ratio": ratio})
    if target is not None:
        plan = _solved(effect, plan, check_positive(target, "target"))
    return _assured(effect, plan, level, target)


def _plan(design: Any, events: float | None, target: float | None, rules: dict[str, Any]) -> NextDesign:
    """The next trial as given: a design, or one analysis (of no number of events yet, where a target is given)."""
    if design is not None:
        said = [name for name, value in (rules | {"events": events}).items() if value is not None]
        if said:
            raise DesignError("design-unknowns", f"a design and {', '.join(said)} are given", where=said[0],
                              hint="leave them out: the design says them")  # fmt: skip
        return next_design(design)
    if (events is None) == (target is None):
        said = "neither a design, nor events, nor a target is" if events is None else "events and a target are"
        raise DesignError("design-unknowns", f"{said} given", where="events",
                          hint="give a design, or events; or a target, for which the events are solved")  # fmt: skip
    if rules["alpha"] is None or rules["sides"] is None:
        raise DesignError("design-unknowns", "the next trial's alpha and sides are not given", where="alpha",
                          hint="give both, such as alpha=0.05, sides=2")  # fmt: skip
    return fixed_next(
        1.0 if events is None else events,
        rules["alpha"],
        rules["sides"],
        1.0 if rules["ratio"] is None else rules["ratio"],
    )


def _assured(effect: PredictiveEffect, plan: NextDesign, level: float, target: float | None) -> Assurance:
    scale = 1.0 / math.sqrt(plan.information)
    parts = [effect.panels(*ends, scale) for ends in ((-math.inf, 0.0), (0.0, math.inf))]
    below, above = np.zeros(len(plan.fraction)), np.zeros(len(plan.fraction))
    with_benefit = 0.0
    for place, (at, weight) in enumerate(parts):
        if len(at):
            lows, highs = plan.crossed(at)
            below, above = below + weight @ lows, above + weight @ highs
            with_benefit += float(weight @ highs.sum(axis=1)) if place == 0 else 0.0
    stops = below + above
    stops[-1] = 1.0 - stops[:-1].sum()
    benefit = effect.probability_below(1.0)
    found = _closed(effect, plan) if len(plan.fraction) == 1 else float(above.sum())
    as_planned = None if plan.planned is None else effect.probability_below(plan.planned)
    return Assurance(
        effect=effect,
        design=plan,
        assurance=found,
        benefit=benefit,
        given_benefit=with_benefit / benefit if benefit > 0.0 else math.nan,
        by_look=above.cumsum(),
        expected_events=plan.events * float(stops @ plan.fraction),
        power_at_estimate=_power(plan, effect.mean),
        planned_power=None if plan.planned is None else _power(plan, math.log(plan.planned)),
        as_planned=as_planned,
        level=level,
        target=target,
        remarks=tuple(_remarks(effect, plan, as_planned)),
    )


def _power(plan: NextDesign, log_ratio: float) -> float:
    return float(plan.crossed(np.array([log_ratio]))[1].sum())


def _closed(effect: PredictiveEffect, plan: NextDesign) -> float:
    """Assurance of one analysis."""
    i, c = plan.information, float(plan.upper[-1])
    return normal_tail((c + effect.mean * math.sqrt(i)) / math.sqrt(1.0 + effect.sd**2 * i))


def _solved(effect: PredictiveEffect, plan: NextDesign, target: float) -> NextDesign:
    """The plan with the fewest whole events whose assurance is the target."""
    least, most = normal_tail(float(plan.upper[-1])), effect.probability_below(1.0)
    if not least < target < most:
        low = target <= least
        raise DesignError(
            "design-unreachable",
            f"no number of events gives an assurance of {target:g}",
            where="target",
            reason=(
                f"a test that ignores the data succeeds with probability {least:g}"
                if low
                else f"the probability that the hazard ratio is below 1 is {most:.4f}, and assurance stays below it"
            ),
            hint=f"ask for more than {least:g}" if low else f"ask for less than {most:.4f}, or gather more evidence",
        )

    def short(root: float) -> float:
        tried = replace(plan, events=root * root)
        found = _closed(effect, tried) if len(plan.fraction) == 1 else _quick(effect, tried)
        return found - target

    high = 4.0
    while short(high) < 0.0:
        high *= 2.0
        if high > math.sqrt(_MOST_EVENTS):
            raise DesignError(
                "design-unreachable", f"an assurance of {target:g} needs more than {_MOST_EVENTS:g} events",
                where="target", reason=f"it stays below {most:.4f}, the probability of a hazard ratio below 1",
                hint="ask for less",
            )  # fmt: skip
    events = root_between(short, 0.5 * high if high > 4.0 else 1e-3, high) ** 2
    return replace(plan, events=float(math.ceil(events * (1.0 - 1e-12))))


def _quick(effect: PredictiveEffect, plan: NextDesign) -> float:
    at, weight = effect.panels(-math.inf, math.inf, 1.0 / math.sqrt(plan.information))
    return float(weight @ plan.crossed(at)[1].sum(axis=1))


def _remarks(effect: PredictiveEffect, plan: NextDesign, as_planned: float | None) -> list[str]:
    said = []
    if as_planned is not None and as_planned < _UNLIKELY and plan.planned is not None:
        said.append(
            f"the design supposes a hazard ratio of {plan.planned:.2f}; the evidence gives one so good or better a "
            f"probability of {as_planned:.3f}"
        )
    pooled = effect.pooled
    if pooled is None:
        return said
    count, (low, high) = len(pooled.studies), pooled.tau2_interval
    if effect.basis == "new-trial" and pooled.choices.method != "fixed" and count < _FEW_TRIALS:
        said.append(
            f"the variance between trials rests on {count} trials: tau2 {pooled.tau2:.4f}, interval {low:.4f} to "
            f"{high:.4f}; it is taken as known here"
        )
    if effect.basis == "new-trial" and pooled.choices.method == "fixed":
        said.append("the pool is of a fixed effect: the next trial is taken to have that same effect")
    return said + [f"pooled as printed: {warning}" for warning in pooled.warnings]


def conflict_p(
    evidence: PooledEffect | tuple[float, float], trial: StudyEffect, *, basis: Basis = "new-trial"
) -> float:
    """Two-sided P value of a trial's estimate under what other evidence predicted for it: prior-data conflict.

    Arguments: `evidence` and `basis` as of `assurance`; the trial, which must not be among those pooled. A small value
    says that the trial and the evidence disagree by more than both their uncertainties. Raises ArgumentError
    `argument-invalid`.

    Formula: 2 Phi(-|y - m| / sqrt(s^2 + SE^2)).
    Source: Box GEP. J R Stat Soc A 1980;143:383-430, doi:10.2307/2982063.

    >>> from equipoise.evidence import effect_from_interval
    >>> trial = effect_from_interval("A", 1.11, 0.79, 1.55, level=90)
    >>> round(conflict_p((0.7, 0.15), trial), 4)
    0.0694
    """
    effect = predictive_effect(evidence, basis)
    pooled: Sequence[StudyEffect] = () if effect.pooled is None else effect.pooled.studies
    if any(study.name == trial.name for study in pooled):
        raise refused("trial", trial.name, "the pool without it: `.without` of a pool has them", "it is in the pool")
    return 2.0 * normal_tail(abs(trial.effect - effect.mean) / math.hypot(effect.sd, trial.std_error))
