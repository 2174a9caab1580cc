"""Normal tails and quantiles for compiled inner loops, which the compiler can make vector instructions."""

# pyright: reportCallIssue=false
from __future__ import annotations

import math

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

_MAGIC = 1.5 * 2.0**52
_LOG2E = 1.4426950408889634
# log 2 in two parts, the first with trailing zeros so that its product with a small whole number is exact.
_LN2_HIGH, _LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
ROOT_2PI = math.sqrt(2.0 * math.pi)
_FACTORIALS = tuple(1.0 / math.factorial(k) for k in range(13))
_TURN = 4.5
# (1 + z) exp(z^2 / 2) P(Z > z) as a polynomial in (z - 4.5) / (z + 4.5), fitted at 200 Chebyshev points of (-1, 1).
_TAIL = (
    0.46641865659290194,
    -0.09445675888818449,
    0.023842964769123218,
    0.018922656662518467,
    -0.030376890965929156,
    0.02261631045231598,
    -0.010591085334770291,
    0.0027112460381928474,
    0.00011925567470530603,
    -0.0003530013586203796,
    7.09522104690751e-05,
    3.383331797562429e-05,
    -1.48963910209443e-05,
    -3.581341491492705e-06,
    2.551432979907772e-06,
    5.183442549708889e-07,
    -4.28508773331422e-07,
    -9.910505638282835e-08,
    6.949176176373376e-08,
    1.7982968272326005e-08,
    -9.568182454911391e-09,
    -1.9041572089167747e-09,
    7.974512922267814e-10,
)


@intrinsic
def _bits(_typing, _x):
    def build(_context, builder, _signature, values):
        return builder.bitcast(values[0], ir.IntType(64))

    return types.int64(types.float64), build


@intrinsic
def _number(_typing, _x):
    def build(_context, builder, _signature, values):
        return builder.bitcast(values[0], ir.DoubleType())

    return types.float64(types.int64), build


@intrinsic
def _fma(_typing, _a, _b, _c):
    """a b + c, rounded once."""

    def build(_context, builder, _signature, values):
        return builder.fma(*values)

    return types.float64(types.float64, types.float64, types.float64), build


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def exponential(x):
    """exp(x) for x from -700 (below it, exp(-700)) to 700, relative error below 1e-15, without branches."""
    f = _FACTORIALS
    x = max(x, -700.0)
    shifted = _fma(x, _LOG2E, _MAGIC)
    n = shifted - _MAGIC
    r = _fma(n, -_LN2_LOW, _fma(n, -_LN2_HIGH, x))
    p = _fma(_fma(_fma(_fma(f[12], r, f[11]), r, f[10]), r, f[9]), r, f[8])
    p = _fma(_fma(_fma(_fma(p, r, f[7]), r, f[6]), r, f[5]), r, f[4])
    p = _fma(_fma(_fma(_fma(p, r, f[3]), r, 0.5), r, 1.0), r, 1.0)
    return _number(_bits(p) + (_bits(shifted) << 52))


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def mills(a):
    """P(Z > a) exp(a^2 / 2) for a from 0 on."""
    t = (a - _TURN) / (a + _TURN)
    c = _TAIL
    p = _fma(_fma(_fma(_fma(c[22], t, c[21]), t, c[20]), t, c[19]), t, c[18])
    p = _fma(_fma(_fma(_fma(p, t, c[17]), t, c[16]), t, c[15]), t, c[14])
    p = _fma(_fma(_fma(_fma(p, t, c[13]), t, c[12]), t, c[11]), t, c[10])
    p = _fma(_fma(_fma(_fma(p, t, c[9]), t, c[8]), t, c[7]), t, c[6])
    p = _fma(_fma(_fma(_fma(_fma(_fma(p, t, c[5]), t, c[4]), t, c[3]), t, c[2]), t, c[1]), t, c[0])
    return p / (1.0 + a)


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def tail(z):
    """P(Z > z), relative error below 1e-14 for z up to 8 and 3e-13 up to 37, without branches."""
    beyond = mills(abs(z)) * exponential(-0.5 * z * z)
    return beyond if z >= 0.0 else 1.0 - beyond


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def quantile(p):
    """z with P(Z <= z) = p."""
    return -quantile_below(1.0 - p) if p > 0.5 else quantile_below(p)


@njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
def quantile_below(p):
    """z with P(Z <= z) = p for p up to one half: an approximation, then two steps of Halley's method.

    Source of the approximation: Abramowitz M, Stegun IA. 1964, 26.2.23 (error below 4.5e-4).
    """
    t = math.sqrt(-2.0 * math.log(p))
    x = (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1.0 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t**3) - t
    for _ in range(2):
        miss = (tail(-x) - p) * ROOT_2PI * math.exp(0.5 * x * x)
        x -= miss / (1.0 + 0.5 * x * miss)
    return x
