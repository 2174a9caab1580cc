"""What a randomization method is worth: exact where that is possible, by simulation where it is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.design import LogrankPower
from equipoise.errors import ArgumentError, permitted
from equipoise.frames.results import ResultRow
from equipoise.randomization import Method, Stratified
from equipoise.randomization.assessment import TRENDS, Assessment, assess, check_size, exact_possible
from equipoise.randomization.assessment_rows import imbalance_rows, scheme_row, scheme_words
from equipoise.randomization.chain import chain_of
from equipoise.randomization.exact import walk
from equipoise.randomization.mixing import Excess, Prevalences, Strata
from equipoise.randomization.scheme import Stratum
from equipoise.simulation.batches import batch_of
from equipoise.simulation.drawn_trials import DrawnTrials, draw_trials
from equipoise.simulation.power_loss import information_of, power_rows

Floats = npt.NDArray[np.float64]

HOW = ("auto", "exact", "simulated")
REPLICATES = 10_000
MOST_REPLICATES = 10_000_000
# Without factors the histories of minimization are followed exactly up to here; they grow with n to the number of
# virtual arms.
_EXACT_MINIMIZATION = 60
# The same of several strata whose numbers spread widely, as the biased coin's do.
_EXACT_WIDE = 200
_LOOKED_AT = 60


def assess_procedure(
    method: Method,
    n: int,
    *,
    prevalences: Prevalences | None = None,
    sizes: Mapping[Stratum, int] | None = None,
    how: str = "auto",
    replicates: int = REPLICATES,
    seed: int = 1,
    planned: LogrankPower | None = None,
    arms: tuple[str, str] | None = None,
    engine: str = "auto",
) -> Assessment:
    """Assess a randomization method in a trial of `n` patients, exactly where possible.

    Arguments: the method; `n`, 1 to 2,000; the strata by `prevalences` or `sizes`, as in `randomization.assess`; `how`:
    "auto", exact with those parts simulated that cannot be exact; "exact", nothing else; "simulated", everything;
    `replicates` simulated trials, 2 to 10 million, of `seed`; `planned`, the log-rank test whose loss of power is asked
    for, of the two `arms` (by default the first against the last); `engine`, which decides about speed only.
    Returns an `Assessment`; simulated rows say so in `convention` and have their standard errors beside them.
    Raises ArgumentError `argument-invalid` and `stratum-unknown`.
    Source: as `randomization.assess`; the power by Schoenfeld D. Biometrika 1981;68:316-319.

    >>> from equipoise.randomization import Complete, Scheme
    >>> assess_procedure(Complete(Scheme({"A": 1, "B": 1})), 20, seed=7).how
    'exact'
    """
    if how not in HOW:
        raise ArgumentError("argument-invalid", f"how is {how!r}", where="how", hint=permitted(str(how), HOW))
    strata = Strata(method.scheme, check_size(n), prevalences, sizes)
    pair = _pair(method, arms)
    exactly = how == "exact" or (how == "auto" and _followed(method, strata))
    found = assess(method, n, prevalences=prevalences, sizes=sizes) if exactly else None
    several = len(strata.strata) > 1
    rest: tuple[ResultRow, ...] = ()
    if found is None or (how == "auto" and (several or len(method.scheme.arms) > 2)):
        tally = _Tally(_checked(replicates), pair, whole=found is None)
        batch = batch_of(method, n, strata.largest)
        for trials in draw_trials(batch, strata, replicates=tally.replicates, seed=seed, engine=engine):
            tally.add(trials)
        simulated = _simulated(method, strata, tally, planned)
        if found is None:
            return simulated
        rest = simulated.rows
    return replace(found, rows=(*found.rows, *rest, *_exact_power(method, found, planned)))


@dataclass
class _Tally:
    """What is kept of simulated trials; guesses and shares by step only where the `whole` assessment is simulated."""

    replicates: int
    pair: tuple[int, int]
    whole: bool
    counts: list[npt.NDArray[np.int64]] = field(default_factory=list)
    guessed: list[Floats] = field(default_factory=list)
    guessed_overall: list[Floats] = field(default_factory=list)
    steps: Floats = field(default_factory=lambda: np.zeros(0))
    shares: Floats = field(default_factory=lambda: np.zeros(0))
    bias: dict[str, list[Floats]] = field(default_factory=dict)

    def add(self, trials: DrawnTrials) -> None:
        self.counts.append(trials.counts())
        for name, trend in TRENDS.items():
            values = trials.bias(np.array(trend(trials.arms.shape[1])), *self.pair)
            self.bias.setdefault(name, []).append(values[~np.isnan(values)])
        if self.whole:
            self._add_steps(trials)

    def _add_steps(self, trials: DrawnTrials) -> None:
        by_stratum, overall = trials.guesses()
        self.guessed.append(by_stratum.mean(axis=1))
        self.guessed_overall.append(overall.mean(axis=1))
        shares = np.stack([(trials.arms == k).sum(axis=0) for k in range(len(trials.ratio))])
        first = self.steps.size == 0
        self.steps = by_stratum.sum(axis=0) + (0.0 if first else self.steps)
        self.shares = shares + (0.0 if first else self.shares)


def _simulated(method: Method, strata: Strata, tally: _Tally, planned: LogrankPower | None) -> Assessment:
    """The simulated rows: all of them, or those that an exact assessment of several strata lacks."""
    counts = np.concatenate(tally.counts)
    how = f"simulated, {tally.replicates} trials"
    rows, splits = _bias_rows(method, tally), {}
    if planned is not None:
        chosen = counts[:, :, list(tally.pair)]
        for test, groups in (("stratified", chosen), ("unstratified", chosen.sum(axis=1, keepdims=True))):
            # Without strata both are one test; with an exact assessment of two arms the unstratified one is exact.
            wanted = len(strata.strata) > 1 if test == "stratified" else tally.whole or len(method.scheme.arms) > 2
            if wanted:
                rows += power_rows(method, _shared(information_of(groups)), planned, test, how)
    if tally.whole:
        splits, more = _imbalances(method, strata, counts)
        rows = more + _guess_rows(method, tally) + _share_rows(method, tally) + rows
    rows = [replace(row, convention=how) for row in rows]
    return Assessment(
        method=method.name,
        scheme=scheme_words(method),
        n=strata.n,
        arms=method.scheme.arms,
        ratio=tuple(method.scheme.ratio.values()),
        preserves_ratio=method.preserves_ratio,
        how="simulated",
        replicates=tally.replicates,
        splits=splits,
        rows=tuple(rows),
    )


def _imbalances(
    method: Method, strata: Strata, counts: npt.NDArray[np.int64]
) -> tuple[dict[tuple[int, ...], float], list[ResultRow]]:
    """Imbalance of all patients, of each stratum and of each margin."""
    replicates, places = len(counts), {stratum: k for k, stratum in enumerate(strata.strata)}
    overall = counts.sum(axis=1)
    seen, times = np.unique(overall, axis=0, return_counts=True)
    splits = {tuple(map(int, row)): int(k) / replicates for row, k in zip(seen, times, strict=True)}
    rows = _imbalance(method, "imbalance-overall", overall, splits=splits)
    if len(strata.strata) > 1:
        for stratum, k in places.items():
            rows += _imbalance(method, "imbalance-stratum", counts[:, k], group2="stratum", level2=", ".join(stratum))
        for (name, level), group in strata.margins().items():
            inside = counts[:, [places[stratum] for stratum in group]].sum(axis=1)
            rows += _imbalance(method, "imbalance-margin", inside, group2="margin", level2=f"{name} {level}")
    return splits, rows


def _imbalance(method: Method, parameter: str, counts: npt.NDArray[np.int64], **group: Any) -> list[ResultRow]:
    ratio = np.array(tuple(method.scheme.ratio.values()))
    excess = counts * method.scheme.total - counts.sum(axis=1)[:, None] * ratio
    worst = np.abs(excess).max(axis=1)
    distance: Excess = {int(d): k / len(worst) for d, k in sorted(Counter(worst.tolist()).items())}
    rows = imbalance_rows(method, parameter, distance, **group)
    group.pop("splits", None)
    error = _standard_error(worst / method.scheme.total)
    return [*rows, scheme_row(method, parameter, "mean_abs_se", error, unit="patients", **group)]


def _guess_rows(method: Method, tally: _Tally) -> list[ResultRow]:
    rows = []
    for name, parts in (("convergence", tally.guessed), ("convergence_overall", tally.guessed_overall)):
        values = np.concatenate(parts)
        for statistic, value in ((name, values.mean()), (f"{name}_se", _standard_error(values))):
            rows.append(_guess_row(method, statistic, float(value)))
    steps = tally.steps / tally.replicates
    return rows + [
        _guess_row(method, "convergence", float(value), at=float(i), at_unit="assignment")
        for i, value in enumerate(steps, start=1)
    ]


def _guess_row(method: Method, statistic: str, value: float, **at: Any) -> ResultRow:
    return scheme_row(method, "correct-guess", statistic, value, cited="blackwell-hodges", format="percent", **at)


def _share_rows(method: Method, tally: _Tally) -> list[ResultRow]:
    rows = []
    for k, arm in enumerate(method.scheme.arms):
        for i, value in enumerate(tally.shares[k] / tally.replicates, start=1):
            place: dict[str, Any] = {"group2": "arm", "level2": arm, "at": float(i), "at_unit": "assignment"}
            rows.append(scheme_row(method, "ratio-at-step", "probability", float(value), format="percent", **place))
    return rows


def _bias_rows(method: Method, tally: _Tally) -> list[ResultRow]:
    rows = []
    for name, parts in tally.bias.items():
        values = np.concatenate(parts)
        if len(values) < 2:
            continue
        sd = float(values.std(ddof=1))
        statistics: list[tuple[str, float]] = [
            ("mean", float(values.mean())),
            ("mean_se", _standard_error(values)),
            ("sd", sd),
            ("sd_se", _deviation_error(values, sd)),
        ]
        rows += [
            scheme_row(
                method, "chronological-bias", each, value, cited="chronological-bias", group2="trend", level2=name
            )
            for each, value in statistics
        ]
    return rows


def _exact_power(method: Method, found: Assessment, planned: LogrankPower | None) -> list[ResultRow]:
    """The loss of the unstratified test from the exact distribution of the split."""
    if planned is None or len(found.arms) > 2:
        return []
    information = [(a * b / (a + b) ** 2, p) for (a, b), p in found.splits.items()]
    return power_rows(method, information, planned, "unstratified", "exact")


def _shared(values: Floats) -> list[tuple[float, float]]:
    return [(float(value), 1.0 / len(values)) for value in values]


def _standard_error(values: Floats) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def _deviation_error(values: Floats, sd: float) -> float:
    """The standard error of a standard deviation, from the spread of the squares: no distribution is assumed."""
    if sd == 0.0:
        return 0.0
    return _standard_error((values - values.mean()) ** 2) / (2.0 * sd)


def _followed(method: Method, strata: Strata) -> bool:
    """Whether an exact assessment is possible within seconds."""
    if not exact_possible(method, strata):
        return False
    if not isinstance(method, Stratified):
        return strata.n <= _EXACT_MINIMIZATION
    return len(strata.strata) == 1 or strata.n <= _EXACT_WIDE or not _wide(method, strata)


def _wide(method: Method, strata: Strata) -> bool:
    """Whether the numbers of a stratum spread over about as many values as it has patients, with memory of them."""
    n = min(strata.largest, _LOOKED_AT)
    chain = chain_of(method, n)
    return not chain.memoryless and len(walk(chain, n).counts[-1]) > n // 2


def _pair(method: Method, arms: Sequence[str] | None) -> tuple[int, int]:
    names = method.scheme.arms
    first, second = (names[0], names[-1]) if arms is None else arms
    for arm in (first, second):
        if arm not in names:
            raise ArgumentError("level-unknown", f"{arm!r} is no arm of this scheme", hint=permitted(str(arm), names))
    return names.index(first), names.index(second)


def _checked(replicates: object) -> int:
    whole = isinstance(replicates, int) and not isinstance(replicates, bool)
    if not whole or not 2 <= replicates <= MOST_REPLICATES:  # pyright: ignore[reportOperatorIssue]
        raise ArgumentError(
            "argument-invalid",
            f"replicates is {replicates!r}",
            where="replicates",
            hint=f"give the number of simulated trials, 2 to {MOST_REPLICATES:,}; 10,000 are drawn by default",
        )
    return replicates  # pyright: ignore[reportReturnType]
