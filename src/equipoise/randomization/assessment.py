"""What a randomization method is worth before it is used: balance, predictability, bias by a trend in time; exactly.

Source: ICH E9 (1998), section 2.3.2; Rosenberger WF, Lachin JM. Randomization in Clinical Trials, 2nd ed., Wiley 2016,
chapters 5 to 8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from equipoise.errors import ArgumentError, permitted
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult
from equipoise.randomization.assessment_rows import imbalance_rows, scheme_row, scheme_words
from equipoise.randomization.chain import Chain, chain_of
from equipoise.randomization.exact import Counts, Step, Walk, trend_moments, walk
from equipoise.randomization.mixing import Excess, Prevalences, Strata, spread_of
from equipoise.randomization.scheme import Method, Stratum

LARGEST_TRIAL = 2_000


@dataclass(frozen=True, repr=False)
class Assessment(RowResult):
    """How a method does in a trial of `n` patients.

    `method` its id, `scheme` its words; `how` "exact" or "simulated", with the number of `replicates`;
    `preserves_ratio` whether every assignment has the probabilities of the ratio before anything is known; `splits` the
    probability of every number of patients by arm at the end (none from a simulation of three arms or more).
    """

    method: str
    scheme: str
    n: int
    arms: tuple[str, ...]
    ratio: tuple[int, ...]
    preserves_ratio: bool
    how: str
    replicates: int | None
    splits: Mapping[Counts, float]
    rows: tuple[ResultRow, ...]
    library: str | None = None

    def to_rows(self) -> list[ResultRow]:
        """Rows as docs/methods/randomization-assessment.md lists them."""
        return list(self.rows)


def linear_trend(n: int) -> list[float]:
    """A trend that rises evenly from 0 at the first patient to 1 at the last."""
    return [i / (n - 1) if n > 1 else 0.0 for i in range(n)]


def step_trend(n: int) -> list[float]:
    """A trend of 0 for the first half of the patients and 1 for the second; the middle one of an odd number has 1."""
    return [float(i >= n // 2) for i in range(n)]


TRENDS: Mapping[str, Callable[[int], list[float]]] = {"linear": linear_trend, "step": step_trend}


def assess(
    method: Method,
    n: int,
    *,
    prevalences: Prevalences | None = None,
    sizes: Mapping[Stratum, int] | None = None,
) -> Assessment:
    """The exact assessment of a method that treats each stratum by itself, or of any method without factors.

    Arguments: the method; `n`, patients of the trial, 1 to 2,000; of the strata either `prevalences`,
    `{factor: {level: share}}` (factors independent) or `{(level, ...): share}`, which makes their sizes multinomial, or
    `sizes`, `{(level, ...): patients}`. Several strata need two arms.
    Returns an `Assessment`: imbalance overall, by stratum and by margin; correct guesses under the convergence strategy
    and by an informed guesser; the probability of each arm at each place; without strata, the bias that a trend in time
    gives the difference of two arms.
    Raises ArgumentError `argument-invalid` where exact assessment is not possible, and `stratum-unknown`.
    Source: Blackwell D, Hodges JL. Ann Math Stat 1957;28:449-460; Tamm M, Hilgers RD. Methods Inf Med 2014;53:501-510.

    >>> from equipoise.randomization import PermutedBlocks, Scheme
    >>> from equipoise.frames.results import ResultTable
    >>> found = ResultTable(assess(PermutedBlocks(Scheme({"A": 1, "B": 1}), (4,)), 40).to_rows())
    >>> round(found.value(parameter="correct-guess", statistic="convergence", at=None), 6)
    0.708333
    """
    check_size(n)
    strata = Strata(method.scheme, n, prevalences, sizes)
    check_exact(method, strata)
    chain = chain_of(method, strata.largest)
    walked = walk(chain, strata.largest)
    splits, rows = _imbalance(chain, strata, walked.counts)
    rows += _guesses(method, strata, walked.steps)
    rows += _shares(method, strata, walked.steps)
    rows += _trends(method, chain, n, strata)
    return Assessment(
        method=method.name,
        scheme=scheme_words(method),
        n=n,
        arms=method.scheme.arms,
        ratio=tuple(method.scheme.ratio.values()),
        preserves_ratio=method.preserves_ratio,
        how="exact",
        replicates=None,
        splits=splits,
        rows=tuple(rows),
    )


def probability_of_split(
    method: Method,
    counts: Mapping[str, int],
    *,
    prevalences: Prevalences | None = None,
    sizes: Mapping[Stratum, int] | None = None,
) -> float:
    """The exact probability that a trial ends with these numbers of patients by arm.

    Arguments: the method; `counts`, patients by arm; the strata as in `assess`, their sizes multinomial with the
    prevalences or as stated.
    Returns the probability; 0 exactly where no history leads there. Raises ArgumentError as `assess` does, and
    `level-unknown` for an arm that the scheme does not have.

    >>> from equipoise.randomization import PermutedBlocks, Scheme
    >>> probability_of_split(PermutedBlocks(Scheme({"A": 2, "B": 1}), (3,)), {"A": 3, "B": 1})
    0.6666666666666666
    """
    wanted = _wanted(method, counts)
    strata = Strata(method.scheme, check_size(sum(wanted)), prevalences, sizes)
    check_exact(method, strata)
    chain = chain_of(method, strata.largest)
    return _splits(chain, strata, walk(chain, strata.largest).counts).get(wanted, 0.0)


def exact_distribution(method: Method, n: int, *, prevalences: Prevalences | None = None) -> dict[Counts, Fraction]:
    """The probability of every vector of counts after `n` assignments, as fractions.

    Arguments: the method; `n`, 1 to 2,000 (minimization with factors: some 8); `prevalences`, of minimization with
    factors, as in `assess`, read to nine decimals. The assignments are those of one stratum, but of minimization those
    of the trial, with patients from strata by prevalence.
    Raises ArgumentError as `assess` does.

    >>> from equipoise.randomization import Complete, Scheme
    >>> {counts: str(p) for counts, p in exact_distribution(Complete(Scheme({"A": 2, "B": 1})), 2).items()}
    {(2, 0): '4/9', (1, 1): '4/9', (0, 2): '1/9'}
    """
    return dict(_exact_walk(method, n, prevalences).counts[-1])


def exact_steps(method: Method, n: int, *, prevalences: Prevalences | None = None) -> tuple[Step, ...]:
    """Each assignment as fractions: the probability of each arm, and that it is guessed.

    Arguments and errors as of `exact_distribution`; of minimization, guesses are made from the counts of all patients.

    >>> from equipoise.randomization import PermutedBlocks, Scheme
    >>> [str(step.guessed) for step in exact_steps(PermutedBlocks(Scheme({"A": 1, "B": 1}), (2,)), 2)]
    ['1/2', '1']
    """
    return _exact_walk(method, n, prevalences).steps


def _exact_walk(method: Method, n: int, prevalences: Prevalences | None) -> Walk:
    check_size(n)
    if method.lists_ahead:
        return walk(chain_of(method, n), n, Fraction)
    shares = Strata(method.scheme, n, prevalences, None).shares
    exact = {stratum: Fraction(share).limit_denominator(10**9) for stratum, share in shares.items() if share > 0.0}
    return walk(chain_of(method, n, exact), n, Fraction)


def check_size(n: object) -> int:
    """A number of patients from 1 to 2,000. Raises ArgumentError `argument-invalid`."""
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= LARGEST_TRIAL:
        raise ArgumentError(
            "argument-invalid",
            f"n is {n!r}",
            where="n",
            hint=f"give the number of patients, a whole number from 1 to {LARGEST_TRIAL:,}",
        )
    return n


def exact_possible(method: Method, strata: Strata) -> bool:
    """Whether the strata are independent of one another, and add up in a way that is followed exactly."""
    return len(strata.strata) == 1 or (method.lists_ahead and len(method.scheme.arms) == 2)


def check_exact(method: Method, strata: Strata) -> None:
    """Raises ArgumentError `argument-invalid` where `exact_possible` does not hold."""
    if not exact_possible(method, strata):
        why = (
            "strata of three arms or more add up to too many vectors of counts"
            if method.lists_ahead
            else "minimization looks at all strata at once, and its histories are too many to follow"
        )
        raise ArgumentError(
            "argument-invalid",
            f"{scheme_words(method)} cannot be assessed exactly in {len(strata.strata)} strata",
            reason=why,
            hint="assess it by simulation: equipoise.simulation.assess_procedure(method, n, seed=...)",
        )


def _wanted(method: Method, counts: Mapping[str, int]) -> Counts:
    for arm in counts:
        if arm not in method.scheme.arms:
            raise ArgumentError(
                "level-unknown", f"{arm!r} is no arm of this scheme", hint=permitted(str(arm), method.scheme.arms)
            )
    found = tuple(counts.get(arm, 0) for arm in method.scheme.arms)
    if any(isinstance(c, bool) or not isinstance(c, int) or c < 0 for c in found):
        raise ArgumentError(
            "argument-invalid",
            f"counts are {dict(counts)}",
            where="counts",
            hint="give whole numbers of patients by arm",
        )
    return found


def _splits(chain: Chain, strata: Strata, counted: tuple[Mapping[Counts, float], ...]) -> dict[Counts, float]:
    """The probability of every vector of counts over all strata."""
    if len(strata.strata) == 1:
        return dict(counted[-1])
    excess = strata.excess(spread_of(counted, memoryless=chain.memoryless), strata.strata)
    share, total = next(iter(strata.scheme.ratio.values())), strata.scheme.total
    firsts = {(e + share * strata.n) // total: p for e, p in excess.items()}
    return {(first, strata.n - first): p for first, p in firsts.items()}


def _imbalance(
    chain: Chain, strata: Strata, counted: tuple[Mapping[Counts, float], ...]
) -> tuple[dict[Counts, float], list[ResultRow]]:
    method, splits = chain.method, _splits(chain, strata, counted)
    rows = imbalance_rows(method, "imbalance-overall", _worst(method, splits, strata.n), splits=splits)
    if len(strata.strata) == 1:
        return splits, rows
    spread = spread_of(counted, memoryless=chain.memoryless)
    for stratum in strata.strata:
        found = _absolute(strata.excess(spread, (stratum,)))
        rows += imbalance_rows(method, "imbalance-stratum", found, group2="stratum", level2=", ".join(stratum))
    for (name, level), group in strata.margins().items():
        found = _absolute(strata.excess(spread, group))
        rows += imbalance_rows(method, "imbalance-margin", found, group2="margin", level2=f"{name} {level}")
    return splits, rows


def _worst(method: Method, splits: Mapping[Counts, float], n: int) -> Excess:
    """The largest distance of any arm from its share, times the sum of the ratio, with its probability."""
    ratio, total = tuple(method.scheme.ratio.values()), method.scheme.total
    found: Excess = {}
    for counts, p in splits.items():
        worst = max(abs(c * total - r * n) for c, r in zip(counts, ratio, strict=True))
        found[worst] = found.get(worst, 0.0) + p
    return found


def _absolute(excess: Excess) -> Excess:
    found: Excess = {}
    for e, p in excess.items():
        found[abs(e)] = found.get(abs(e), 0.0) + p
    return found


def _guesses(method: Method, strata: Strata, steps: tuple[Step, ...]) -> list[ResultRow]:
    by_place = [(step.guessed, step.informed, step.certain) for step in steps]
    means = strata.expected_at(by_place).mean(axis=0)
    rows = [
        scheme_row(method, "correct-guess", name, value, cited="blackwell-hodges", format="percent")
        for name, value in zip(("convergence", "informed", "certain"), means.tolist(), strict=True)
    ]
    place = place_unit(strata)
    return rows + [
        scheme_row(
            method, "correct-guess", "convergence", step.guessed,
            cited="blackwell-hodges", at=float(step.number), at_unit=place, format="percent",
        )
        for step in steps
    ]  # fmt: skip


def _shares(method: Method, strata: Strata, steps: tuple[Step, ...]) -> list[ResultRow]:
    place = place_unit(strata)
    return [
        scheme_row(
            method, "ratio-at-step", "probability", step.arms[k],
            group2="arm", level2=arm, at=float(step.number), at_unit=place, format="percent",
        )
        for k, arm in enumerate(method.scheme.arms)
        for step in steps
    ]  # fmt: skip


def place_unit(strata: Strata) -> str:
    """What a step counts: assignments of the trial, or those of a stratum where there are several."""
    return "assignment" if len(strata.strata) == 1 else "place in stratum"


def _trends(method: Method, chain: Chain, n: int, strata: Strata) -> list[ResultRow]:
    """Only without strata: their patients come in an order of their own."""
    if len(strata.strata) > 1 or len(method.scheme.arms) > 2 or n < 2:
        return []
    rows = []
    for name, trend in TRENDS.items():
        for statistic, value in zip(("mean", "sd"), trend_moments(chain, trend(n)), strict=True):
            rows.append(
                scheme_row(
                    method,
                    "chronological-bias",
                    statistic,
                    value,
                    cited="chronological-bias",
                    group2="trend",
                    level2=name,
                )
            )
    return rows
