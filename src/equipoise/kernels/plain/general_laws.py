"""Elementary functions and laws of event times in double precision, the same bits on every processor.

Only +, -, *, /, square roots and exact scalings by powers of two are used, each correctly rounded, and no library
function: numpy's and the compiler's logarithms differ in the last bit. `compiled.general_laws` repeats them one by one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise.kernels.plain.general_spec import LOG_NORMAL, WEIBULL, GeneralSpec
from equipoise.kernels.plain.trial_spec import NEVER

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

LOG_2 = 0.6931471805599453
# log 2 in two parts, the first with trailing zeros, so that k times it is exact.
LOG_2_HIGH, LOG_2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10
SQRT_HALF = 0.7071067811865476
# log(m) = 2 sum s^(2 k + 1) / (2 k + 1), s = (m - 1) / (m + 1), |s| <= 0.1716: the next term is below 1e-18 of the sum.
LOG_SERIES = tuple(2.0 / (2 * k + 1) for k in range(11))
# exp(r) = sum r^k / k!, |r| <= log(2) / 2: the next term is below 5e-18.
EXP_SERIES = (
    1.0, 1.0, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800,
    1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800,
)  # fmt: skip
EXP_LIMIT = 700.0
# Wichura's rational approximations of the normal quantile, numerators and denominators from the constant term up.
CENTER = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
     3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
)  # fmt: skip
TAIL = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1, 1.48103976427480074590e-1,
     1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
FAR_TAIL = (
    (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2, 7.86869131145613259100e-4,
     1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
)  # fmt: skip


def log_positive(x: Floats) -> Floats:
    """The natural logarithm of positive numbers, right within 2 units in the last place."""
    m, k = np.frexp(x)
    low = m < SQRT_HALF
    m, k = np.where(low, m + m, m), np.where(low, k - 1, k).astype(np.float64)
    s = (m - 1.0) / (m + 1.0)
    return k * LOG_2_HIGH + (s * _polynomial(s * s, LOG_SERIES) + k * LOG_2_LOW)


def exp_limited(x: Floats) -> Floats:
    """The exponential; beyond 700 it is that of 700, below -700 that of -700."""
    x = np.minimum(np.maximum(x, -EXP_LIMIT), EXP_LIMIT)
    k = np.floor(x / LOG_2 + 0.5)
    r = (x - k * LOG_2_HIGH) - k * LOG_2_LOW
    return np.ldexp(_polynomial(r, EXP_SERIES), k.astype(np.int64))


def normal_quantile(u: Floats) -> Floats:
    """z with Phi(z) = u, 0 < u < 1.

    Source: Wichura MJ. Appl Stat 1988;37:477-484, algorithm AS 241.
    """
    q = u - 0.5
    r = 0.180625 - q * q
    center = q * _polynomial(r, CENTER[0]) / _polynomial(r, CENTER[1])
    root = np.sqrt(-log_positive(np.minimum(u, 1.0 - u)))
    near, far = root - 1.6, root - 5.0
    tail = np.where(
        root <= 5.0,
        _polynomial(near, TAIL[0]) / _polynomial(near, TAIL[1]),
        _polynomial(far, FAR_TAIL[0]) / _polynomial(far, FAR_TAIL[1]),
    )
    return np.where(np.abs(q) <= 0.425, center, np.where(q < 0.0, -tail, tail))


def _polynomial(x: Floats, coefficients: tuple[float, ...]) -> Floats:
    total = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total


def uniform(word: npt.NDArray[np.uint32]) -> Floats:
    """The middle of the 2^-24 that the top 24 bits of a word name."""
    return ((word >> np.uint32(8)).astype(np.float64) + 0.5) * 2.0**-24


def transition_time(spec: GeneralSpec, which: int, cell: Whole, u: Floats) -> Floats:
    """Ticks at which survival of a transition's law falls to u, infinite for the cured; not for `BASE`."""
    cured = spec.law_cured[which, cell]
    inside = np.where(u > cured, (u - cured) / (1.0 - cured), 0.5)
    log_u = log_positive(inside)
    first, second, kind = spec.law_first[which, cell], spec.law_second[which, cell], spec.law_kind[which, cell]
    time = piecewise_time(spec, which, cell, -log_u)
    wei, normal = kind == WEIBULL, kind == LOG_NORMAL
    if wei.any():
        time[wei] = second[wei] * exp_limited(log_positive(-log_u[wei]) / first[wei])
    if normal.any():
        time[normal] = first[normal] * exp_limited(-(second[normal] * normal_quantile(inside[normal])))
    return np.where(u > cured, time, np.inf)


def piecewise_time(spec: GeneralSpec, which: int, cell: Whole, exponential: Floats) -> Floats:
    """Ticks at which the cumulated hazard of a transition reaches the exponential, infinite where it never does."""
    piece = (exponential[..., None] >= spec.piece_reached[which, cell]).sum(axis=-1) - 1
    start, reached, rate = (a[which, cell, piece] for a in (spec.piece_start, spec.piece_reached, spec.piece_rate))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(rate > 0.0, start + (exponential - reached) / rate, np.inf)


def cumulated_hazard(spec: GeneralSpec, which: int, cell: Whole, time: Floats) -> Floats:
    """The cumulated hazard of a piecewise transition at a time in ticks."""
    piece = (time[..., None] >= spec.piece_start[which, cell]).sum(axis=-1) - 1
    start, reached, rate = (a[which, cell, piece] for a in (spec.piece_start, spec.piece_reached, spec.piece_rate))
    return reached + (time - start) * rate


def to_ticks(time: Floats) -> Whole:
    """The next whole tick after a time, NEVER at the most."""
    return np.minimum(np.floor(np.minimum(time, float(NEVER))).astype(np.int64) + 1, NEVER)
