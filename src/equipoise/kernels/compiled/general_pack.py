"""A `GeneralSpec` in few arrays: what the compiled engine is handed.

A tuple of fifty arrays is copied and counted at every call that it is handed to: handed on for every patient it made a
trial take 168 us instead of 29, handed on for every trial it made compiling take 17 s instead of 12.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise.kernels.plain.general_spec import GeneralSpec
from equipoise.kernels.plain.trial_spec import UNIFORM

# Places in `settings`.
(
    PATIENTS,
    ARMS,
    STRATA,
    ENDPOINTS,
    ARRIVAL,
    ALLOCATION,
    SINCE_RANDOMIZATION,
    CENSOR_AT_SCAN,
    STEP,
    COX,
    MEDIANS,
    GAPS,
) = range(12)
# Columns of pieces: cumulated intensity at the start, the start, ticks per unit of intensity.
CUT, START, SLOPE = range(3)
# The first columns of `laws`; then come K starts, K cumulated hazards, K rates.
KIND, FIRST, SECOND, CURED, PIECES = range(5)
# The first columns of `looks`; then come three for every event rule.
ANY, EARLIEST, FOLLOW_UP, LATEST, RULES = range(5)
# The first columns of `points`, then the rows by arm; of `tests` the second and third parameter stand between.
AT, WHOSE, POINT_ROWS = range(3)
TEST_ENDPOINT, TEST_ROWS = 3, 4


class Packed(NamedTuple):
    """The arrays of one trial, handed on one by one; see the places above.

    `settings` whole numbers; `total` a 32-bit float; `arrival` (P, 3), `event` and `dropout` (cells, K, 3): 32-bit
    floats and ticks, exact in double precision; `planned` (n); `stratum_limits`, `arm_limits`; `contents` (B, A);
    `laws` (H, cells, 4 + 3 K); `switch` (A, 2), limit and factor; `scans`; `looks` (L, 4 + 3 R); `rows` (E, 6, A);
    `tests` (T, 4 + A); `landmarks`, `windows` (M, 2 + A).
    """

    settings: npt.NDArray[np.int64]
    total: np.float32
    arrival: npt.NDArray[np.float64]
    event: npt.NDArray[np.float64]
    dropout: npt.NDArray[np.float64]
    planned: npt.NDArray[np.int64]
    stratum_limits: npt.NDArray[np.int64]
    arm_limits: npt.NDArray[np.int64]
    contents: npt.NDArray[np.int64]
    laws: npt.NDArray[np.float64]
    switch: npt.NDArray[np.float64]
    scans: npt.NDArray[np.int64]
    looks: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    tests: npt.NDArray[np.float64]
    landmarks: npt.NDArray[np.int64]
    windows: npt.NDArray[np.int64]


def pack(spec: GeneralSpec) -> Packed:
    """The arrays of a spec."""
    base = spec.base
    settings = np.zeros(12, dtype=np.int64)
    settings[[PATIENTS, ARMS, STRATA, ENDPOINTS]] = base.patients, base.arms, base.strata, spec.endpoints
    settings[[ARRIVAL, ALLOCATION]] = base.arrival_kind, base.allocation_kind
    settings[[SINCE_RANDOMIZATION, CENSOR_AT_SCAN]] = spec.since_randomization, spec.censor_at_scan
    settings[[STEP, COX, MEDIANS]] = spec.rounding, base.cox, base.medians
    settings[GAPS] = base.patients + (base.arrival_kind == UNIFORM)
    laws = np.stack([spec.law_kind.astype(np.float64), spec.law_first, spec.law_second, spec.law_cured], axis=-1)
    rules = [base.look_any, base.look_earliest, base.look_follow_up, base.look_latest]
    looks = np.stack([rule.astype(np.int64) for rule in rules], axis=-1)
    return Packed(
        settings, np.float32(base.arrival_total),
        _pieces(base.arrival_cut, base.arrival_start, base.arrival_slope),
        _pieces(base.event_cut, base.event_start, base.event_slope),
        _pieces(base.dropout_cut, base.dropout_start, base.dropout_slope),
        _whole(base.planned_entry), _whole(base.stratum_limits), _whole(base.arm_limits), _whole(base.block_contents),
        np.concatenate([laws, spec.piece_start, spec.piece_reached, spec.piece_rate], axis=-1),
        np.stack([spec.switch_limit.astype(np.float64), spec.switch_factor], axis=-1), _whole(spec.scan_ticks),
        np.concatenate([looks, spec.rules.reshape(len(looks), -1)], axis=1), _whole(spec.rows),
        np.concatenate([spec.tests, spec.test_rows.astype(np.float64)], axis=1),
        np.concatenate([spec.landmarks, spec.landmark_rows], axis=1),
        np.concatenate([spec.windows, spec.window_rows], axis=1),
    )  # fmt: skip


def _whole(values: np.ndarray) -> npt.NDArray[np.int64]:
    return np.ascontiguousarray(values, dtype=np.int64)


def _pieces(cut: np.ndarray, start: np.ndarray, slope: np.ndarray) -> npt.NDArray[np.float64]:
    return np.stack(np.broadcast_arrays(*(a.astype(np.float64) for a in (cut, start, slope))), axis=-1)
