"""The rows that exact and simulated assessments share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import number
from equipoise.randomization.exact import Counts
from equipoise.randomization.minimization import Minimization
from equipoise.randomization.mixing import Excess
from equipoise.randomization.scheme import Method

QUANTILES = (0.50, 0.90, 0.95)
# What is rarer than this is left out of the largest imbalance: every patient on one arm is possible by chance, too.
_RARE = 1e-12


def scheme_words(method: Method) -> str:
    """The method with its settings, as tables and figures name it.

    >>> from equipoise.randomization import PermutedBlocks, Scheme
    >>> scheme_words(PermutedBlocks(Scheme({"A": 2, "B": 1}), (3, 6)))
    'permuted blocks of 3, 6'
    """
    if isinstance(method, Minimization):
        return f"minimization ({', '.join(_minimized(method))})"
    settings = getattr(method, "settings", {})
    if method.name == "permuted-blocks":
        return f"permuted blocks of {', '.join(map(str, settings['block_sizes']))}"
    said = [f"{name.replace('_', ' ')} {value}" for name, value in settings.items()]
    return method.name.replace("-", " ") + (f" ({', '.join(said)})" if said else "")


def _minimized(method: Minimization) -> list[str]:
    said = [method.imbalance, method.construction, f"p {method.probability}"]
    weights = dict(method.weights)
    if any(weight != 1 for weight in weights.values()):
        said.append("weights " + " ".join(f"{name} {weight}" for name, weight in weights.items()))
    if method.overall_weight and weights:
        said.append(f"overall {method.overall_weight}")
    if method.stratum_weight:
        said.append(f"stratum {method.stratum_weight}")
    return said


def scheme_row(
    method: Method, parameter: str, statistic: str, value: float, *, cited: str | None = None, **columns: Any
) -> ResultRow:
    """A row about a method, said to be exact unless `convention` says otherwise.

    `cited` is the id of the paper behind the parameter, by default that of the method.
    """
    content: dict[str, Any] = {"method": cited or method.name, "convention": "exact", **number(float(value)), **columns}
    scheme = scheme_words(method)
    return ResultRow(
        analysis="randomization", parameter=parameter, group1="scheme", level1=scheme, statistic=statistic, **content
    )


def imbalance_rows(
    method: Method, parameter: str, distance: Excess, *, splits: Mapping[Counts, float] | None = None, **group: Any
) -> list[ResultRow]:
    """Rows of an imbalance: mean_abs, quantiles, the largest (of probability above 1e-12), and its distribution.

    `distance` is the largest distance of any arm from its share, in patients times the sum of the ratio, with its
    probability. The distribution, where `splits` are given, is of the first arm's excess over its share where there
    are two arms, else of `distance`.
    """
    total = method.scheme.total
    values: list[tuple[str, float]] = [("mean_abs", sum(d * p for d, p in distance.items()) / total)]
    values += [(f"q{100 * q:.0f}", _quantile(distance, q) / total) for q in QUANTILES]
    values += [("max", max(d for d, p in distance.items() if p > _RARE) / total)]
    rows = [scheme_row(method, parameter, name, value, unit="patients", **group) for name, value in values]
    return rows + _distribution(method, parameter, distance, splits, **group)


def _distribution(
    method: Method, parameter: str, distance: Excess, splits: Mapping[Counts, float] | None, **group: Any
) -> list[ResultRow]:
    if splits is None:
        return []
    total = method.scheme.total
    shown = [(d / total, p, "") for d, p in sorted(distance.items())]
    if len(method.scheme.arms) == 2:
        share = next(iter(method.scheme.ratio.values()))
        shown = [
            ((counts[0] * total - share * sum(counts)) / total, p, " : ".join(map(str, counts)))
            for counts, p in sorted(splits.items())
        ]
    return [
        scheme_row(
            method,
            parameter,
            "probability",
            p,
            at=float(at),
            at_unit="patients",
            label=label,
            format="percent",
            **group,
        )
        for at, p, label in shown
        if p > 0.0
    ]


def _quantile(distance: Excess, q: float) -> int:
    """The least distance that is not exceeded with probability q; a rounding error of the sum is forgiven."""
    below = 0.0
    for d in sorted(distance):
        below += distance[d]
        if below >= q - 1e-12:
            return d
    return max(distance)
