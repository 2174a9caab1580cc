"""The rows of a Cox model of many covariate patterns without delayed entry, in blocks that stay in the cache.

A block holds 128 places of `CoxOrder` (time runs backward), one covariate after the other. Within it sixteen runs of
eight places lie side by side, so that sums along the places go over all runs at once: position 16 k + l is place
8 l + k.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from equipoise.kernels.compiled.cox_order import CoxOrder, cox_order

LANES = 16
BLOCK = 128
RUN = BLOCK // LANES
# The order of a sum may change and a product be fused into it; nothing else.
SUMS = {"reassoc", "contract"}


class CoxBlocks(NamedTuple):
    """Rows in blocks, the last one filled up at the positions `padding`. By position, B blocks of 128:

    `covariates` (B, p, 128), centered; `weight` (B, 128), or none where all are one; `single` (B, 128) the root of the
    weight of a death alone at its time, else zero. `cut` (B): whether a stratum begins in the block. `tied_at` and
    `tied_dead`: see `CoxOrder`, here by position; `tied_weight` (T): the mean weight of the deaths there. `observed`
    (p): the deaths' weighted covariates. `largest` (p): the largest absolute value of each covariate. `placed`: weights
    by place, empty where all are one. `work`: memory that evaluations use in turn.
    """

    order: CoxOrder
    covariates: np.ndarray
    weight: np.ndarray
    padding: np.ndarray
    single: np.ndarray
    cut: np.ndarray
    tied_at: np.ndarray
    tied_dead: np.ndarray
    tied_weight: np.ndarray
    observed: np.ndarray
    largest: np.ndarray
    placed: np.ndarray
    efron: bool
    work: np.ndarray


def cox_blocks(
    time: np.ndarray,
    tolerance: float,
    event: np.ndarray,
    covariates: np.ndarray,
    center: np.ndarray,
    pattern: np.ndarray | None,
    stratum: np.ndarray,
    n_strata: int,
    weight: np.ndarray | None,
    ties: str,
) -> CoxBlocks:
    """Sorts and lays out once what every evaluation needs.

    `covariates` has a row per `pattern` where that is given; `center` (p) is taken out of its columns.
    """
    order = cox_order(time, tolerance, event, stratum, n_strata)
    n, p = len(time), covariates.shape[1]
    blocks = -(-n // BLOCK)
    x, work = np.empty((blocks, p, BLOCK)), np.empty((3, blocks, BLOCK))
    single, held = np.empty((blocks, BLOCK)), np.zeros((0 if weight is None else blocks, BLOCK))
    weights = np.ones(0) if weight is None else np.ascontiguousarray(weight, dtype=np.float64)
    source = order.rows if pattern is None else np.ascontiguousarray(pattern, dtype=np.int64)[order.rows]
    observed, largest = np.zeros(p), np.zeros((p, BLOCK))
    rows = np.ascontiguousarray(covariates, dtype=np.float64)
    placed = weights[order.rows] if len(weights) else weights
    _fill(
        rows, rows.reshape(-1), center, source, placed, order.dead, order.single, x, held, single, observed, largest
    )  # fmt: skip
    # Beyond the last place there is a stratum's start where the last strata are empty: it falls into no block.
    cut = np.zeros(blocks, dtype=np.bool_)
    cut[np.minimum(order.starts[1:-1] // BLOCK, blocks - 1)] = True
    return CoxBlocks(
        order, x, held, _position(np.arange(n, blocks * BLOCK)), single, cut, _position(order.tied_at),
        _position(order.tied_dead), _tied_weights(order, placed), observed, largest.max(axis=1), placed,
        ties == "efron", work,
    )  # fmt: skip


def _tied_weights(order: CoxOrder, weight: np.ndarray) -> np.ndarray:
    if len(weight) == 0 or len(order.tied_at) == 0:
        return np.ones(len(order.tied_at))
    return np.add.reduceat(weight[order.tied_dead], order.tied_starts[:-1]) / np.diff(order.tied_starts)


def _position(place: np.ndarray) -> np.ndarray:
    inner = place % BLOCK
    return place - inner + (inner % RUN) * LANES + inner // RUN


@njit(cache=True, nogil=True)
def position_of(place):
    inner = place % BLOCK
    return place - inner + (inner % RUN) * LANES + inner // RUN


@intrinsic
def _prefetch(_context, array, index):
    """Asks for the cache line of an element that is read soon."""

    def generate(context, builder, _signature, arguments):
        data = context.make_array(array)(context, builder, arguments[0]).data
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        address = builder.bitcast(builder.gep(data, [arguments[1]]), pointer)
        builder.call(call, [address, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, index), generate


@njit(cache=True, nogil=True)
def _fill(source, elements, center, rows, weight, dead, alone, x, held, single, observed, largest):
    """Writes centered covariates and weights by block, the deaths' weighted sums, and the largest absolute values.

    `elements` is `source` in one dimension; `weight` is by place, empty where all are one.
    """
    n, p = len(rows), source.shape[1]
    taken, dead_weight = np.empty((BLOCK, p)), np.empty(BLOCK)
    for b in range(len(x)):
        first = b * BLOCK
        for i in range(first + BLOCK, first + 2 * BLOCK):
            ahead = rows[i if i < n else n - 1] * p
            _prefetch(elements, ahead)  # pyright: ignore[reportCallIssue]
            _prefetch(elements, ahead + p - 1)  # pyright: ignore[reportCallIssue]
        for i in range(BLOCK):
            # Beyond the last place its row is repeated.
            row = rows[first + i if first + i < n else n - 1]
            for j in range(p):
                taken[i, j] = source[row, j]
        _fill_weights(first, weight, dead, alone, single[b], dead_weight)
        if len(weight) > 0:
            for i in range(BLOCK):
                if first + i < n:
                    held[b, position_of(i)] = weight[first + i]
        _transpose(taken, center, dead_weight, x[b], observed, largest)


@njit(cache=True, nogil=True)
def _fill_weights(first, weight, dead, alone, single, dead_weight):
    n = len(dead)
    for i in range(BLOCK):
        at, place = position_of(i), first + i
        own = 0.0
        if place < n:
            own = weight[place] if len(weight) > 0 else 1.0
        dead_weight[at] = own if place < n and dead[place] else 0.0
        single[at] = np.sqrt(own) if place < n and alone[place] else 0.0


@njit(cache=True, nogil=True, fastmath=SUMS)
def _transpose(taken, center, dead_weight, block, observed, largest):
    for j in range(len(block)):
        for k in range(RUN):
            for m in range(LANES):
                block[j, k * LANES + m] = taken[m * RUN + k, j] - center[j]
        total = 0.0
        for i in range(BLOCK):
            total += dead_weight[i] * block[j, i]
        observed[j] += total
        for i in range(BLOCK):
            size = abs(block[j, i])
            largest[j, i] = size if size > largest[j, i] else largest[j, i]
