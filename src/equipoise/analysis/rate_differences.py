"""The difference of two rates, in one table or summed over strata."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.inputs import check_choice, check_level_of_confidence, conf_level_row
from equipoise.analysis.two_by_two import GROUP_NAMES, TwoByTwo, tables_of
from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain.binomial import two_sided_quantile, wilson_at
from equipoise.kernels.plain.binomial_score import Tables, falling_root, score_statistic
from equipoise.kernels.plain.special import normal_tail

ALTERNATIVES = ("two-sided", "greater", "less")
WEIGHTS = ("cmh", "inverse-variance", "sample-size", "equal", "miettinen-nurminen", "wilson")

Answer = tuple[float, float, float, float]


@dataclass(frozen=True, repr=False)
class RateDifference(RowResult):
    """The rate of the first group minus that of the second, over strata a weighted mean.

    `estimate`, `conf_low`, `conf_high`; `z` and `p_value` of the test of `null` (NaN for methods without a test), in
    the direction of `alternative`; `weights` by stratum, summing to one, as used for the estimate; `table` the counts
    behind it.
    """

    estimate: float
    conf_low: float
    conf_high: float
    z: float
    p_value: float
    method: str
    weighting: str | None
    weights: tuple[float, ...]
    null: float
    alternative: str
    conf_level: float
    table: TwoByTwo

    @property
    def library(self) -> str | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.table.library

    def to_rows(self) -> list[ResultRow]:
        """Counts by group, then estimate, conf_low, conf_high of the contrast; z and p_value where there is a test."""
        place: dict[str, Any] = {
            "parameter": self.table.contrast, "method": self.method, "warning": self.table.warning,
            "label": "" if self.weighting is None else f"weights: {self.weighting}",
        }  # fmt: skip
        values = {"estimate": self.estimate, "conf_low": self.conf_low, "conf_high": self.conf_high}
        rows = self.table.count_rows(self.method)
        rows += [ResultRow(statistic=k, format="percent", **place, **number(v)) for k, v in values.items()]
        rows.append(conf_level_row(self.conf_level, place))
        if self.method in WITHOUT_TEST:
            return rows
        test = place | {"label": f"{self.alternative}, null difference {self.null:g}"}
        if self.z != self.z:
            test["error"] = "the variance is zero, so there is no test"
        rows.append(ResultRow(statistic="z", **test, **number(self.z)))
        rows.append(ResultRow(statistic="p_value", format="p", **test, **number(self.p_value)))
        return rows


def rate_difference(
    x1: Any,
    n1: Any = None,
    x2: Any = None,
    n2: Any = None,
    *,
    method: str = "newcombe",
    weights: str | None = None,
    strata: Sequence[Any] | None = None,
    levels: Sequence[str] = GROUP_NAMES,
    null: float = 0.0,
    alternative: str = "two-sided",
    conf_level: float = 0.95,
    pool_below: int | None = None,
) -> RateDifference:
    """The difference of two rates, x1/n1 - x2/n2, with a confidence interval and, by most methods, a test.

    Arguments: `x1`, `n1`, `x2`, `n2`: whole numbers, or columns with one value per stratum, the experimental group
    first; or one `TwoByTwo` (see `two_by_two`) in place of the four. `method`: "newcombe" (hybrid of Wilson limits;
    over strata Yan and Su's), "newcombe-continuity", "miettinen-nurminen" (score, variance times N/(N - 1)), "mee"
    (score without that factor), "wald" (unpooled), "agresti-caffo" (one stratum), "sato" (Mantel-Haenszel difference
    with Sato's variance). `weights` over strata: "cmh" (n1 n2 / N; the default), "inverse-variance", "sample-size",
    "equal", "miettinen-nurminen" (score methods only) or "wilson" (Newcombe methods only). `strata`: labels of the
    rows of counts. `levels`: names of the two groups. `null`: the difference tested. `alternative`: "two-sided",
    "greater" (more events in the first group) or "less". `pool_below`: strata in which a group has fewer subjects
    than this are pooled into one; to be fixed before the data are seen.

    Returns a `RateDifference`. Strata with one group only are dropped, and named in its rows. Raises ArgumentError
    and DataError for counts and options that cannot be used.

    Source: Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I, method 10; Yan and Su
    2010, doi:10.1198/sbr.2009.0049; Miettinen and Nurminen 1985, doi:10.1002/sim.4780040211; Sato, Biometrics
    1989;45:1323-1324.

    >>> difference = rate_difference(56, 70, 48, 80)
    >>> round(difference.conf_low, 4), round(difference.conf_high, 4)
    (0.0524, 0.3339)
    """
    check_choice(method, METHODS, "method")
    check_choice(alternative, ALTERNATIVES, "alternative")
    level = check_level_of_confidence(conf_level)
    if not (isinstance(null, int | float) and -1.0 < null < 1.0):
        raise ArgumentError("argument-invalid", f"null is {null!r}", where="null", hint="a difference within -1 to 1")
    table = tables_of(x1, n1, x2, n2, strata, levels, pool_below)
    weighting = _weighting(method, weights, len(table.strata))
    z_alpha = two_sided_quantile(level)
    answer, shares = METHODS[method](table.counts, weighting or "cmh", float(null), z_alpha)
    estimate, low, high, z = answer
    return RateDifference(
        estimate, max(low, -1.0), min(high, 1.0), z, tail_probability(z, alternative), method, weighting,
        tuple(shares.tolist()), float(null), alternative, level, table,
    )  # fmt: skip


def tail_probability(z: float, alternative: str) -> float:
    """The P of a normal statistic in the direction of `alternative`; NaN for NaN."""
    if alternative == "two-sided":
        return min(2.0 * normal_tail(abs(z)), 1.0)
    return normal_tail(z if alternative == "greater" else -z)


def _weighting(method: str, weights: str | None, n_strata: int) -> str | None:
    chosen = "cmh" if weights is None else check_choice(weights, WEIGHTS, "weights")
    score, newcombe = method in SCORE, method in NEWCOMBE
    permitted = {
        "miettinen-nurminen": score, "wilson": newcombe, "inverse-variance": method == "wald" or score
    }.get(chosen, True)  # fmt: skip
    if not permitted or (method == "sato" and chosen != "cmh"):
        raise ArgumentError(
            "argument-invalid", f"weights is {chosen!r} with method {method!r}", where="weights",
            reason="these weights are not defined for this method", hint="docs/methods/rate-difference.md lists them",
        )  # fmt: skip
    if method == "agresti-caffo" and n_strata > 1:
        raise ArgumentError(
            "argument-invalid", f"method 'agresti-caffo' is for one table, here are {n_strata} strata", where="method",
            hint="newcombe, miettinen-nurminen, wald and sato are for strata too",
        )  # fmt: skip
    return chosen if n_strata > 1 else None


def _shares(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()


def _fixed_weights(tables: Tables, name: str) -> np.ndarray:
    total = tables.n1 + tables.n2
    if name == "cmh":
        return _shares(tables.n1 * tables.n2 / total)
    return _shares(total) if name == "sample-size" else np.full(len(total), 1.0 / len(total))


def _differences(tables: Tables) -> np.ndarray:
    return tables.x1 / tables.n1 - tables.x2 / tables.n2


def _observed_variance(tables: Tables) -> np.ndarray:
    p1, p2 = tables.x1 / tables.n1, tables.x2 / tables.n2
    return p1 * (1.0 - p1) / tables.n1 + p2 * (1.0 - p2) / tables.n2


def _wald(tables: Tables, weighting: str, null: float, z: float) -> tuple[Answer, np.ndarray]:
    variance = _observed_variance(tables)
    if weighting == "inverse-variance":
        _check_varied(variance > 0.0)
        shares = _shares(1.0 / variance) if len(variance) > 1 else np.ones(1)
    else:
        shares = _fixed_weights(tables, weighting)
    return _normal(float(shares @ _differences(tables)), float(shares**2 @ variance), null, z), shares


def _check_varied(varied: np.ndarray) -> None:
    if len(varied) > 1 and not varied.all():
        raise ArgumentError(
            "argument-invalid", "weights 'inverse-variance' with a stratum whose rates are all 0 or 1",
            where="weights", reason="such a stratum has no variance and would get all the weight",
            hint="use cmh weights, or pool_below",
        )  # fmt: skip


def _sato(tables: Tables, weighting: str, null: float, z: float) -> tuple[Answer, np.ndarray]:
    shares = _fixed_weights(tables, weighting)
    x1, n1, x2, n2 = tables
    total = n1 + n2
    estimate = float(shares @ _differences(tables))
    p = (n1**2 * x2 - n2**2 * x1 + n1 * n2 * (n2 - n1) / 2.0) / total**2
    q = (x1 * (n2 - x2) + x2 * (n1 - x1)) / (2.0 * total)
    variance = (estimate * p.sum() + q.sum()) / (n1 * n2 / total).sum() ** 2
    return _normal(estimate, float(variance), null, z), shares


def _agresti_caffo(tables: Tables, weighting: str, null: float, z: float) -> tuple[Answer, np.ndarray]:
    added = Tables(tables.x1 + 1.0, tables.n1 + 2.0, tables.x2 + 1.0, tables.n2 + 2.0)
    (_, low, high, _), shares = _wald(added, weighting, null, z)
    return (float(_differences(tables)[0]), low, high, float("nan")), shares


def _normal(estimate: float, variance: float, null: float, z: float) -> Answer:
    spread = float(np.sqrt(max(variance, 0.0)))
    statistic = (estimate - null) / spread if spread > 0.0 else float("nan")
    return estimate, estimate - z * spread, estimate + z * spread, statistic


def _newcombe(tables: Tables, weighting: str, z: float, correction: float) -> tuple[Answer, np.ndarray]:
    if len(tables.n1) == 1:
        (p1,), (p2,) = tables.x1 / tables.n1, tables.x2 / tables.n2
        low1, high1 = wilson_at(float(tables.x1[0]), float(tables.n1[0]), z, correction)
        low2, high2 = wilson_at(float(tables.x2[0]), float(tables.n2[0]), z, correction)
        d = float(p1 - p2)
        down, up = np.hypot(p1 - low1, high2 - p2), np.hypot(high1 - p1, p2 - low2)
        return (d, d - float(down), d + float(up), float("nan")), np.ones(1)
    if weighting == "wilson":
        both = wilson_weights(tables.x1 + tables.x2, tables.n1 + tables.n2, z)
        return _yan_su(tables, both, z, correction), both
    shares = _fixed_weights(tables, weighting)
    return _yan_su(tables, shares, z, correction), shares


def _yan_su(tables: Tables, shares: np.ndarray, z: float, correction: float) -> Answer:
    """Stratified limits: those of each group's weighted Wilson interval in the place of the rates' own."""
    low1, high1 = _stratified_wilson(tables.x1, tables.n1, shares, z, correction)
    low2, high2 = _stratified_wilson(tables.x2, tables.n2, shares, z, correction)
    scale1, scale2 = float(shares**2 @ (1.0 / tables.n1)), float(shares**2 @ (1.0 / tables.n2))
    d = float(shares @ _differences(tables))
    down = z * np.sqrt(scale1 * low1 * (1.0 - low1) + scale2 * high2 * (1.0 - high2))
    up = z * np.sqrt(scale1 * high1 * (1.0 - high1) + scale2 * low2 * (1.0 - low2))
    return d, d - float(down), d + float(up), float("nan")


def _stratified_wilson(
    x: np.ndarray, n: np.ndarray, shares: np.ndarray, z: float, correction: float
) -> tuple[float, float]:
    variance = (x / n) * (1.0 - x / n) / n
    inner = _inner_quantile(variance, shares, z)
    limits = np.array([wilson_at(a, b, inner, correction) for a, b in zip(x.tolist(), n.tolist(), strict=True)])
    low, high = shares @ limits
    return float(low), float(high)


def _inner_quantile(variance: np.ndarray, shares: np.ndarray, z: float) -> float:
    """The quantile at which strata's limits, averaged, are as wide as the average's own limits at `z`.

    Where no stratum has any variance the ratio is that of equal variances.
    """
    variance = variance / n if (n := float(variance.max())) > 0.0 else np.ones_like(variance)
    return z * float(np.sqrt(shares**2 @ variance) / (shares @ np.sqrt(variance)))


def wilson_weights(x: np.ndarray, n: np.ndarray, z: float) -> np.ndarray:
    """Weights in inverse proportion to the squared width of the strata's Wilson intervals, iterated to a fixed point.

    Source: Yan X, Su XG. Stat Biopharm Res 2010;2:329-335, section 2.
    """
    variance = (x / n) * (1.0 - x / n) / n
    shares = np.full(len(n), 1.0 / len(n))
    for _ in range(200):
        inner = _inner_quantile(variance, shares, z) ** 2
        found = _shares((1.0 + inner / n) ** 2 / (variance + inner / (4.0 * n**2)))
        settled, shares = bool(np.abs(found - shares).max() < 1e-15), found
        if settled:
            break
    return shares


def _score(tables: Tables, weighting: str, null: float, z: float, factor: bool) -> tuple[Answer, np.ndarray]:
    """Limits where the score statistic is -z and z; the estimate where it is zero."""
    events, total = tables.x1 + tables.x2, tables.n1 + tables.n2
    varied = (events > 0.0) & (events < total)
    if weighting == "inverse-variance":
        _check_varied(varied)
    used: list[np.ndarray] = []

    def weigh(counts: Tables, variance: np.ndarray, p1: np.ndarray, p2: np.ndarray) -> np.ndarray:
        used.append(_score_weights(counts, variance, p1, p2, weighting))
        return used[-1]

    def statistic(difference: float) -> float:
        return score_statistic(tables, difference, weigh, factor)

    fixed = weighting in ("cmh", "sample-size", "equal")
    estimate = (
        float(_fixed_weights(tables, weighting) @ _differences(tables))
        if fixed or len(tables.n1) == 1
        else falling_root(statistic, -1.0, 1.0)
    )
    low = falling_root(lambda d: statistic(d) - z, -1.0, estimate)
    high = falling_root(lambda d: statistic(d) + z, estimate, 1.0)
    tested = statistic(null) if varied.any() or null != 0.0 else float("nan")
    statistic(estimate)
    return (estimate, low, high, tested), used[-1]


def _score_weights(tables: Tables, variance: np.ndarray, p1: np.ndarray, p2: np.ndarray, weighting: str) -> np.ndarray:
    if len(variance) == 1:
        return np.ones(1)
    if weighting == "inverse-variance":
        return _shares(1.0 / np.maximum(variance, 1e-300))
    if weighting == "miettinen-nurminen":
        return _miettinen_nurminen_weights(tables, p1, p2)
    return _fixed_weights(tables, weighting)


def _miettinen_nurminen_weights(tables: Tables, p1: np.ndarray, p2: np.ndarray) -> np.ndarray:
    """w = 1 / (P1 (1 - P1) / (P2 (1 - P2)) / n1 + 1 / n2), P1 and P2 the weighted means of the restricted rates.

    Source: Miettinen O, Nurminen M. Stat Med 1985;4:213-226, section "stratified analysis"; iterated to a fixed point.
    """
    shares = _fixed_weights(tables, "cmh")
    for _ in range(500):
        mean1, mean2 = float(shares @ p1), float(shares @ p2)
        above, below = mean1 * (1.0 - mean1), mean2 * (1.0 - mean2)
        found = _shares(1.0 / (above / tables.n1 + below / tables.n2)) if above + below > 0.0 else shares
        settled, shares = bool(np.abs(found - shares).max() < 1e-15), found
        if settled:
            break
    return shares


SCORE = ("miettinen-nurminen", "mee")
NEWCOMBE = ("newcombe", "newcombe-continuity")
WITHOUT_TEST = (*NEWCOMBE, "agresti-caffo")
METHODS: dict[str, Callable[[Tables, str, float, float], tuple[Answer, np.ndarray]]] = {
    "newcombe": lambda t, w, _, z: _newcombe(t, w, z, 0.0),
    "newcombe-continuity": lambda t, w, _, z: _newcombe(t, w, z, 0.5),
    "miettinen-nurminen": lambda t, w, null, z: _score(t, w, null, z, True),
    "mee": lambda t, w, null, z: _score(t, w, null, z, False),
    "wald": _wald,
    "agresti-caffo": _agresti_caffo,
    "sato": _sato,
}
