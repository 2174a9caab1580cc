"""What a simulated trial is, as arrays: the one input of every trial engine.

`build_spec` turns numbers in the user's time unit into a `TrialSpec`; the law of draws (`plain.trial_draws`) and of
looks (`plain.trial_looks`) say what its fields mean, and compiled engines reproduce them.

Time is counted in ticks, whole numbers of 28 bits: `ticks_per_unit` of them to one unit (2^21 to a month by default:
1.25 seconds, a range of 128 months). A time at or beyond `HORIZON` ticks has not happened yet at any look.

Exponentials are drawn as L = -log2(u), so every cumulated intensity or hazard in a spec is divided by log 2.

To extend: a design that needs more (other distributions, a second endpoint, minimization) keeps its own NamedTuple
beside the spec and leaves these fields their meaning: new kinds of arrival and allocation take new numbers, new
statistics new rows after the last of `FIELDS`, new random words the blocks that `trial_draws` leaves free.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise.errors import ArgumentError

# Ticks of 28 bits leave four for stratum, censoring and arm in a sort key.
NEVER = (1 << 28) - 1
HORIZON = NEVER - 1
TICKS_PER_UNIT = float(1 << 21)
# No such rule at a look.
NO_RULE = (1 << 32) - 1

POISSON, PLANNED, UNIFORM = 0, 1, 2
BLOCKS, COMPLETE = 0, 1

# Rows of an engine's output (field, look, trial), 64-bit floats. Times are ticks; NaN: not defined, or not reached.
FIELDS = (
    "z",
    "variance",
    "log_hr",
    "log_hr_se",
    "median_control",
    "median_experimental",
    "events_control",
    "events_experimental",
    "enrolled",
    "time",
)
(
    Z,
    VARIANCE,
    LOG_HR,
    LOG_HR_SE,
    MEDIAN_CONTROL,
    MEDIAN_EXPERIMENTAL,
    EVENTS_CONTROL,
    EVENTS_EXPERIMENTAL,
    ENROLLED,
    TIME,
) = range(len(FIELDS))

# A hazard or intensity of zero: any exponential above the cumulated one lands beyond the horizon.
_NO_HAZARD_SLOPE = 1e30

U32 = npt.NDArray[np.uint32]
F32 = npt.NDArray[np.float32]


class TrialSpec(NamedTuple):
    """One trial as its engines need it.

    `patients` n; `arms` A (arm 0 is control, 1 experimental); `strata` S; `ticks_per_unit`.
    `stratum_limits` (S): a 16-bit draw below `stratum_limits[0]` is stratum 0, and so on; the last is 65536.
    `arrival_kind`: POISSON (a Poisson process), PLANNED (everyone at `planned_entry` (n), in ticks) or UNIFORM (n
    arrivals of a Poisson process given that exactly n come by the time it has cumulated `arrival_total`). Cumulated
    intensity `arrival_cut` (P, from 0, rising) is reached at tick `arrival_start` (P) and grows by 1 in `arrival_slope`
    (P) ticks from there.
    `allocation_kind`: BLOCKS, stratified permuted blocks, each holding `block_contents[b]` (B, A) patients an arm, b
    drawn with equal probability when a block is opened; or COMPLETE, where a 24-bit draw below `arm_limits[0]` (A) is
    arm 0, and so on.
    `event_cut` (S * A, K), `event_start` (K), `event_slope` (S * A, K): cumulated hazard of the event at the start of
    each piece, its tick, and ticks per unit of cumulated hazard within it, by cell = stratum * A + arm; `dropout_...`
    alike with its own number of pieces.
    `look_events` (L): the D-th event in calendar order, or 0; `look_earliest` (L): calendar tick; `look_follow_up` (L):
    ticks after the entry of the last patient; NO_RULE where absent. `look_any` (L): the first of the rules given, not
    the last. `look_latest` (L): the look is at this tick at the latest.
    `cox`, `medians`: whether these statistics are wanted; without, their rows are NaN.
    """

    patients: int
    arms: int
    strata: int
    ticks_per_unit: float
    stratum_limits: U32
    arrival_kind: int
    planned_entry: U32
    arrival_cut: F32
    arrival_start: U32
    arrival_slope: F32
    arrival_total: np.float32
    allocation_kind: int
    block_contents: U32
    arm_limits: U32
    event_cut: F32
    event_start: U32
    event_slope: F32
    dropout_cut: F32
    dropout_start: U32
    dropout_slope: F32
    look_events: npt.NDArray[np.int64]
    look_earliest: U32
    look_follow_up: U32
    look_any: npt.NDArray[np.bool_]
    look_latest: U32
    cox: bool
    medians: bool


class Look(NamedTuple):
    """When a look happens: when all rules given are met (`first`: any of them), at `latest` at the latest; in units."""

    events: int = 0
    earliest: float | None = None
    follow_up: float | None = None
    first: bool = False
    latest: float | None = None


class Pieces(NamedTuple):
    """Piecewise-constant rates: `rates` (K), or one row per cell (S * A, K), and the `breaks` (K - 1) between them."""

    rates: npt.ArrayLike
    breaks: Sequence[float] = ()


def build_spec(
    patients: int,
    *,
    accrual: Pieces | npt.ArrayLike,
    event: Pieces,
    looks: Sequence[Look],
    dropout: Pieces | None = None,
    prevalence: Sequence[float] = (1.0,),
    blocks: Sequence[Sequence[int]] | None = None,
    shares: Sequence[float] = (0.5, 0.5),
    uniform_over: float | None = None,
    ticks_per_unit: float = TICKS_PER_UNIT,
    cox: bool = True,
    medians: bool = True,
) -> TrialSpec:
    """A spec from numbers in the user's time unit.

    `accrual`: intensities in patients per unit, or the n planned entry times; `uniform_over` makes n arrivals come by
    then. `event` and `dropout`: hazards per unit, for all, or one row per cell = stratum * arms + arm. `blocks`:
    patients per arm, control first, of each block size; without blocks an arm is drawn with probability `shares`.
    Raises ArgumentError `argument-invalid` for a time that ticks cannot hold.
    """
    strata, arms = len(prevalence), len(blocks[0]) if blocks is not None else len(shares)
    planned, arrival = _arrival(patients, accrual, ticks_per_unit)
    kind = PLANNED if len(planned) else POISSON if uniform_over is None else UNIFORM
    total = 0.0 if uniform_over is None else _reached(accrual, uniform_over)  # pyright: ignore[reportArgumentType]
    events = _pieces(event, strata * arms, ticks_per_unit)
    losses = _pieces(dropout or Pieces([0.0]), strata * arms, ticks_per_unit)
    return TrialSpec(
        patients, arms, strata, float(ticks_per_unit), _limits(prevalence, 16), kind, planned,
        arrival[0][0], arrival[1], arrival[2][0], np.float32(total), COMPLETE if blocks is None else BLOCKS,
        np.array(blocks if blocks is not None else np.zeros((0, arms)), dtype=np.uint32),
        _limits(shares if blocks is None else [1.0] * arms, 24),
        *events, *losses, *_looks(looks, ticks_per_unit), cox, medians,
    )  # fmt: skip


def _ticks(time: float | None, per_unit: float, what: str) -> int:
    if time is None:
        return NO_RULE
    ticks = round(time * per_unit) if math.isfinite(time) else NEVER
    if not 0 <= ticks <= HORIZON:
        raise ArgumentError(
            "argument-invalid",
            f"{what} {time!r} is outside 0 to {HORIZON / per_unit:.6g}",
            reason=f"simulated time is counted in 2**28 ticks, {per_unit:g} to a unit",
            hint="take fewer ticks per unit, or a longer unit",
        )
    return ticks


def _limits(share: Sequence[float], bits: int) -> U32:
    """Cumulated probabilities of a draw of that many bits, the last exact."""
    cumulated = np.cumsum(np.asarray(share, dtype=np.float64))
    return np.rint(cumulated / cumulated[-1] * float(1 << bits)).astype(np.uint32)


def _pieces(pieces: Pieces, cells: int, per_unit: float) -> tuple[F32, U32, F32]:
    """Cumulated rate / log 2 at the start of each piece by cell, its tick, and ticks per unit of that."""
    rates = np.asarray(pieces.rates, dtype=np.float64)
    rates = np.broadcast_to(rates, (cells, rates.shape[-1])) if rates.ndim else np.full((cells, 1), float(rates))
    starts = np.concatenate(([0.0], np.asarray(pieces.breaks, dtype=np.float64)))
    reached = np.cumsum(rates[:, :-1] * np.diff(starts), axis=1) / math.log(2.0)
    cut = np.concatenate((np.zeros((cells, 1)), reached), axis=1).astype(np.float32)
    with np.errstate(divide="ignore"):
        slope = np.where(rates > 0.0, per_unit * math.log(2.0) / rates, _NO_HAZARD_SLOPE)
    return cut, np.array([_ticks(t, per_unit, "the break") for t in starts], dtype=np.uint32), slope.astype(np.float32)


def _arrival(n: int, accrual: Pieces | npt.ArrayLike, per_unit: float) -> tuple[U32, tuple[F32, U32, F32]]:
    """Planned entries (or none) and the pieces of the intensity."""
    if isinstance(accrual, Pieces):
        return np.empty(0, dtype=np.uint32), _pieces(accrual, 1, per_unit)
    planned = np.array([_ticks(float(t), per_unit, "the entry") for t in np.asarray(accrual)], dtype=np.uint32)
    if len(planned) != n:
        raise ArgumentError("argument-invalid", f"{len(planned)} planned entries are given for {n} patients")
    return planned, _pieces(Pieces([1.0]), 1, per_unit)


def _reached(accrual: Pieces, time: float) -> float:
    """The cumulated intensity / log 2 at a time."""
    starts = np.concatenate(([0.0], np.asarray(accrual.breaks, dtype=np.float64)))
    stops = np.concatenate((starts[1:], [math.inf]))
    width = np.clip(time, starts, stops) - starts
    return float(np.sum(np.asarray(accrual.rates, dtype=np.float64).reshape(-1) * width) / math.log(2.0))


def _looks(
    looks: Sequence[Look], per_unit: float
) -> tuple[npt.NDArray[np.int64], U32, U32, npt.NDArray[np.bool_], U32]:
    earliest = [_ticks(look.earliest, per_unit, "the look") for look in looks]
    follow_up = [_ticks(look.follow_up, per_unit, "the follow-up") for look in looks]
    latest = [HORIZON if look.latest is None else _ticks(look.latest, per_unit, "the latest look") for look in looks]
    return (
        np.array([look.events for look in looks], dtype=np.int64),
        np.array(earliest, dtype=np.uint32),
        np.array(follow_up, dtype=np.uint32),
        np.array([look.first for look in looks], dtype=np.bool_),
        np.array(latest, dtype=np.uint32),
    )
