"""Cox regression: treatment arm or covariates, strata, delayed entry, weights, clusters, ties, Firth's penalty."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from equipoise.analysis.comparison import one_arm_warning
from equipoise.analysis.covariates import encode_covariates
from equipoise.analysis.cox_baseline import CONF_TYPES, CoxBaseline, cox_baseline
from equipoise.analysis.cox_fit import (
    check_combination,
    cox_maximum,
    inverse_information,
    profile_limits,
)
from equipoise.analysis.cox_hazards_test import (
    METHODS,
    TRANSFORMS,
    ProportionalHazardsTest,
    proportional_hazards_test,
)
from equipoise.analysis.cox_model import CoxModel, cox_model
from equipoise.analysis.cox_residuals import (
    KINDS,
    CoxResiduals,
    cox_residuals,
    refuse_exact,
    refuse_infinite,
    robust_covariance,
    robust_warning,
)
from equipoise.analysis.hazard_ratios import HazardRatios, check_determined, fit_warning, infinite_where
from equipoise.analysis.inputs import (
    CONVENTIONS,
    check_choice,
    check_level_of_confidence,
    survival_data,
    tolerance_of,
)
from equipoise.errors import EstimationError
from equipoise.frames.columns import library_of
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import number
from equipoise.kernels import dispatch
from equipoise.kernels.plain.newton import NewtonFit
from equipoise.kernels.plain.special import chi_square_tail, normal_quantile

TIES = ("efron", "breslow", "exact", "discrete", "marginal")
DEFAULT_TIES = {"r": "efron", "sas": "breslow"}
_MOST_VALUES = 1000
_REMEDY = '; use the score or likelihood-ratio test, the profile limits, or penalty="firth"'


@dataclass(frozen=True)
class ChiSquareTest:
    """A test of all coefficients being zero: its statistic, degrees of freedom and two-sided P."""

    chi_square: float
    df: int
    p_value: float


@dataclass(frozen=True, eq=False, repr=False)
class CoxRegression(HazardRatios):
    """A fitted Cox model.

    Arrays run over the p coefficients called `names`: `coef` (log hazard ratio), `std_error`, `hazard_ratio`,
    `conf_int` (p, 2; of the hazard ratio), `z` and `p_value` (Wald). `covariance` is the inverse information.
    `wald`, `score` and `likelihood_ratio` test all coefficients at once. `infinite` marks coefficients in which the
    likelihood is monotone: their maximum is at plus or minus infinity and they have no Wald statistics.

    With `cluster`, `covariance` is the sandwich, which the standard errors, limits and Wald tests go by;
    `naive_covariance` is then the inverse information and `robust_score` the robust score test. With a `penalty`,
    `loglik`, `score` and `likelihood_ratio` are those of the penalized likelihood. `beta` is where the iteration ended
    (finite also where `coef` is not), `model` the data behind the fit.
    """

    score: ChiSquareTest
    n_strata: int
    iterations: int
    ties: str
    convention: str
    beta: np.ndarray
    model: CoxModel
    naive_covariance: np.ndarray | None = None
    robust_score: ChiSquareTest | None = None

    @property
    def method(self) -> str:
        return "cox-firth" if self.model.penalty else f"cox-{self.ties}"

    @property
    def wald(self) -> ChiSquareTest:
        """coef' V^-1 coef; NaN where a coefficient is infinite, or clusters are too few for the coefficients."""
        robust = self.naive_covariance is not None
        if self.infinite.any() or (robust and robust_warning(self.covariance, self.names)):
            return ChiSquareTest(math.nan, len(self.coef), math.nan)
        return _chi_square(float(self.coef @ np.linalg.solve(self.covariance, self.coef)), len(self.coef))

    @property
    def likelihood_ratio(self) -> ChiSquareTest:
        """Twice the rise of the log partial likelihood; finite even where a coefficient is not."""
        return _chi_square(2.0 * (self.loglik[1] - self.loglik[0]), len(self.coef))

    @cached_property
    def one_arm_strata(self) -> tuple[str, ...]:
        """Strata in which the only covariate has one value, and which so contribute nothing to its coefficients.

        None are named of a model with several covariates, nor of more than a thousand distinct values.
        """
        data, design = self.model.data, self.model.design
        if self.n_strata < 2 or not design.single or design.codes is None or len(design.rows) > _MOST_VALUES:
            return ()
        held = dispatch.row_counts(design.codes, len(design.rows), data.strata.codes, self.n_strata, data.weight)
        return tuple(data.strata.labels[s] for s in np.flatnonzero((held > 0).sum(axis=1) < 2))

    def to_rows(self) -> list[ResultRow]:
        """Per coefficient the hazard ratio ("estimate") with limits and Wald test; then the tests of the model."""
        said = (self.warning, one_arm_warning(self.one_arm_strata))
        shared: dict[str, Any] = {
            "method": self.method,
            "convention": self.convention,
            "warning": "; ".join(filter(None, said)) or None,
        }
        rows = self._coefficient_rows(shared)
        shared |= {"parameter": "model"}
        for name, test in self._tests().items():
            rows.append(ResultRow(statistic=f"{name}_chi_square", **shared, **number(test.chi_square)))
            rows.append(ResultRow(statistic=f"{name}_df", format="int", value=float(test.df), **shared))
            rows.append(ResultRow(statistic=f"{name}_p_value", format="p", **shared, **number(test.p_value)))
        return rows + self._model_rows(shared)

    def to_dict(self) -> dict[str, Any]:
        """Coefficients and tests, ready for JSON (None where a number does not exist)."""
        keys = {"log_hazard_ratio": "coef", "estimate": "hazard_ratio"}
        columns = {keys.get(name, name): values for name, (values, _) in self._coefficient_columns().items()}
        return {
            "method": self.method,
            "coefficients": [
                {"name": name} | {key: _finite(values[j]) for key, values in columns.items()}
                for j, name in enumerate(self.names)
            ],
            "loglik": list(self.loglik),
            "n": self.n,
            "n_event": self.n_event,
            "n_strata": self.n_strata,
            "one_arm_strata": list(self.one_arm_strata),
            "conf_level": self.conf_level,
            "warning": self.warning,
            **{
                name: {key: _finite(value) for key, value in vars(test).items()} for name, test in self._tests().items()
            },
        }

    def residuals(self, kind: str, *, by: Any = None) -> CoxResiduals:
        """Residuals, in the order of the rows handed in.

        `kind`: "martingale" or "deviance" (one per row); "score", "dfbeta" (the change of each coefficient when the row
        is left out, to first order; with its weight) or "dfbetas" (in standard errors), one per row and coefficient;
        "schoenfeld" or "scaled-schoenfeld", one per death and coefficient, by stratum and time. `by` (n): sums over the
        rows of each level, for example of a subject with several intervals. Raises EstimationError for an infinite
        coefficient, ArgumentError for kinds that exact ties do not have.

        Source: Therneau TM, Grambsch PM, Fleming TR. Biometrika 1990;77:147-160.

        >>> fit = cox([1, 2, 3, 4], [1, 1, 1, 1], ["a", "b", "a", "b"], reference="a")
        >>> fit.residuals("martingale").values.round(4).tolist()
        [0.6404, 0.6404, -0.6404, -0.6404]
        """
        check_choice(kind, KINDS, "kind")
        refuse_infinite(self.model, self.infinite, f"{kind} residuals")
        if kind not in ("martingale", "deviance"):
            refuse_exact(self.model, f"{kind} residuals")
        return cox_residuals(self.model, self.beta, self._information_inverse(), kind, by, self.library)

    def baseline(
        self,
        at: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        *,
        conf_type: str | None = None,
        conf_level: float | None = None,
    ) -> CoxBaseline:
        """Cumulative hazard and survival, one curve per stratum and set of covariates.

        `at`: a mapping from column to number or level, or several; columns not named, and all for None, stand at their
        (weighted) mean, but columns of -1, 0 and 1 only at 0 and categories at their reference. `conf_type`: "log"
        (default of convention "r"), "log-log" (of "sas") or "plain". `conf_level`: that of the fit unless given.
        Increments by Efron's rule after ties="efron", else Breslow's. Raises ArgumentError for unknown columns and
        levels, EstimationError for an infinite coefficient.

        Formula: H(t) = exp(x b) sum of dH0; variance exp(2 x b) (sum of dH0 / S + q' V q), q = sum of (x - mean) dH0.
        Source: Breslow 1974; Efron 1977; Tsiatis 1981, doi:10.1214/aos/1176345335; Link 1984.

        >>> fit = cox([1, 2, 3, 4], [1, 1, 1, 1], ["a", "b", "a", "b"], reference="a")
        >>> fit.baseline({"group": "b"})[0].cumulative_hazard.round(4).tolist()
        [0.1404, 0.3596, 0.6404, 1.6404]
        """
        chosen = check_choice(conf_type or {"r": "log", "sas": "log-log"}[self.convention], CONF_TYPES, "conf_type")
        level = check_level_of_confidence(self.conf_level if conf_level is None else conf_level)
        refuse_infinite(self.model, self.infinite, "the baseline hazard")
        return cox_baseline(self.model, self.beta, self.covariance, at, chosen, level, self.library)

    def proportional_hazards_test(
        self, transform: str | Callable[[np.ndarray], np.ndarray] = "km", *, method: str = "score"
    ) -> ProportionalHazardsTest:
        """Tests of proportional hazards per coefficient, per column, and of the whole model.

        `transform`: the function of time g along which a coefficient may change, "km" (1 - S(t-) of all subjects),
        "identity", "rank", "log", or a function of an array of times. `method`: "score", the score test of adding
        x g(t) to the model, or "1994", the approximation that takes the covariance of the covariates to be constant in
        time. After `cluster` both go by the inverse information. Raises EstimationError for an infinite coefficient or
        a single death time, ArgumentError after ties="exact".

        Source: Grambsch PM, Therneau TM. Biometrika 1994;81:515-526, doi:10.1093/biomet/81.3.515.
        """
        check_choice(method, METHODS, "method")
        if not callable(transform):
            check_choice(transform, TRANSFORMS, "transform")
        refuse_infinite(self.model, self.infinite, "the test of proportional hazards")
        refuse_exact(self.model, "the test of proportional hazards")
        naive = self._information_inverse()
        return proportional_hazards_test(self.model, self.beta, naive, transform, method, self.library)

    def profile_conf_int(self, *, conf_level: float | None = None) -> np.ndarray:
        """Profile-likelihood limits of each hazard ratio, shape (p, 2).

        `conf_level`: that of the fit unless given. The limits enclose the values of a coefficient at which twice the
        fall of the (penalized) log-likelihood, maximized over the other coefficients, is at most the chi-square
        quantile of one degree of freedom. A limit is 0 or infinite where the profile never falls so far; after a
        monotone likelihood one limit still is finite. `cluster` plays no part.

        Source: Venzon DJ, Moolgavkar SH. Appl Stat 1988;37:87-94; Heinze and Schemper 2001.
        """
        level = check_level_of_confidence(self.conf_level if conf_level is None else conf_level)
        z = normal_quantile(0.5 + level / 2.0)
        error = z * np.sqrt(np.diag(self._information_inverse()))
        signs = np.where(self.infinite, np.sign(self.coef), 0.0)
        with np.errstate(over="ignore"):
            return np.exp(profile_limits(self.model, self.beta, self.loglik[1] - z * z / 2.0, error, signs))

    def _tests(self) -> dict[str, ChiSquareTest]:
        tests = {"likelihood_ratio": self.likelihood_ratio, "score": self.score, "wald": self.wald}
        return tests if self.robust_score is None else tests | {"robust_score": self.robust_score}

    def _information_inverse(self) -> np.ndarray:
        return self.covariance if self.naive_covariance is None else self.naive_covariance


def cox(
    time: Any,
    event: Any,
    covariates: Any,
    *,
    reference: Any = None,
    strata: Any = None,
    entry: Any = None,
    weights: Any = None,
    cluster: Any = None,
    ties: str | None = None,
    penalty: str | None = None,
    conf_level: float = 0.95,
    convention: str = "r",
    time_tolerance: float | None = None,
    engine: str = "auto",
) -> CoxRegression:
    """Cox's proportional hazards regression by maximum partial likelihood.

    Arguments: `time` (n), zero or more, in any unit; `event` (n), 1 for an event and 0 for censored; `covariates`: a
    column of numbers, a treatment arm (text or categorical, or any column with a `reference`), a two-dimensional array
    (n, p), or a data frame or mapping of columns; `reference`: the reference level of the arm (required for text), or a
    mapping from column to level for several (else the first level of each); `strata`: one column or several, each
    stratum with its own baseline; `entry` (n), before `time`: at risk when entry < t <= time; `weights` (n), zero
    or more (a row of weight zero is as good as absent); `cluster` (n): rows of one level are dependent, and the
    variances are robust to it (the sandwich). `ties`: "efron" (default of convention "r"), "breslow" (default of
    "sas"), "discrete" (the conditional probability of the tied deaths in discrete time: "exact" of R, DISCRETE of SAS)
    or "marginal" (the probability of all orders in which they may have happened: EXACT of SAS), the last two without
    weights; "exact" is what the convention's software calls so. `penalty`: "firth" for estimates that stay finite where
    the likelihood is monotone. `conf_level`: two-sided. `time_tolerance`: times closer than this are one time (None: by
    the convention; 0: exact). `engine`: "auto", "plain" or "compiled". Time-dependent covariates: several rows per
    subject, one per interval from `entry` to `time`.

    Returns a `CoxRegression`; log hazard ratios are level versus reference, so a hazard ratio below 1 favors the
    level. A monotone likelihood gives an infinite coefficient and a warning. Raises DataError and ArgumentError for
    input that cannot be used, EstimationError `estimate-undefined` without events, or for constant or collinear
    covariates (named).

    Formula: l(b) = sum over deaths of w (x b - log sum over the risk set of w exp(x b)), with Efron's or Breslow's
    rule for ties; maximized by damped Newton steps.
    Source: Cox 1972, doi:10.1111/j.2517-6161.1972.tb00899.x; Efron 1977; Breslow 1974; of the robust variance Lin and
    Wei 1989; of the penalty Firth 1993, Heinze and Schemper 2001.

    >>> fit = cox([1, 2, 3, 4], [1, 1, 1, 1], ["a", "b", "a", "b"], reference="a")
    >>> fit.names, round(float(fit.coef[0]), 6)
    (('b vs a',), -0.940614)
    """
    check_choice(convention, CONVENTIONS, "convention")
    rule = _rule_for_ties(ties, convention)
    level = check_level_of_confidence(conf_level)
    check_choice(engine, dispatch.ENGINES, "engine")
    tolerance = tolerance_of(time_tolerance, convention)
    data = survival_data(time, event, strata=strata, entry=entry, weights=weights, time_tolerance=tolerance)
    check_combination(rule, penalty, data, cluster)
    design = encode_covariates(covariates, reference, data.n)
    if not (data.event if data.weight is None else data.event & (data.weight > 0.0)).any():
        raise EstimationError(
            "estimate-undefined", "there are no events", reason="a hazard ratio is estimated from events"
        )
    model = cox_model(data, design, covariates, cluster, rule, penalty)
    fit = cox_maximum(model, engine)
    check_determined(fit, design, float(np.count_nonzero(data.event)), "any event")
    return _result(fit, model, level, convention, library_of(time))


def _rule_for_ties(ties: str | None, convention: str) -> str:
    """The rule by its name here: "exact" is the likelihood of discrete time, as R calls it."""
    chosen = check_choice(ties or DEFAULT_TIES[convention], TIES, "ties")
    if chosen == "exact" and convention == "sas":
        return "marginal"
    return "exact" if chosen == "discrete" else chosen


def _result(fit: NewtonFit, model: CoxModel, conf_level: float, convention: str, library: str | None) -> CoxRegression:
    data, infinite = model.data, fit.diverging
    naive = inverse_information(fit)
    covariance, robust_score = naive, None
    if model.cluster is not None and not infinite.any():
        covariance, statistic = robust_covariance(model, fit.beta, naive)
        robust_score = _chi_square(statistic, len(fit.beta))
    missing = None if robust_score is None else robust_warning(covariance, model.design.names)
    remedy = _REMEDY + ("; variances are not robust" if model.cluster is not None else "")
    return CoxRegression(
        names=model.design.names,
        design=model.design,
        coef=infinite_where(fit),
        covariance=covariance,
        infinite=infinite,
        loglik=(fit.start.loglik, fit.terms.loglik),
        score=_chi_square(fit.score_statistic, len(fit.beta)),
        n=data.n,
        n_event=int(np.count_nonzero(data.event)),
        n_strata=len(data.strata.labels),
        iterations=fit.iterations,
        ties=model.ties,
        conf_level=conf_level,
        convention=convention,
        beta=fit.beta,
        model=model,
        naive_covariance=None if robust_score is None else naive,
        robust_score=robust_score,
        warning="; ".join(filter(None, (fit_warning(fit, model.design, remedy), missing))) or None,
        library=library,
    )


def _chi_square(statistic: float, df: int) -> ChiSquareTest:
    statistic = max(statistic, 0.0)
    return ChiSquareTest(statistic, df, chi_square_tail(statistic, df))


def _finite(value: Any) -> Any:
    return value if isinstance(value, int) else float(value) if math.isfinite(value) else None
