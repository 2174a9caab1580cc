# ruff: noqa: ARG001 (numba fixes the arguments of intrinsics)
"""Sixteen trials' patients, drawn side by side: the law of `plain.trial_draws` bit for bit.

Rows are patients, lanes are trials. Draws go through chunks of rows: Philox for a chunk, then what follows from its
words, so that what one stage hands to the next stays in the nearest cache. What a patient leaves is three words: the
entry, shifted left by four; the sort key, time << 4 | dropout << 3 | stratum << 1 | arm; and the calendar tick of the
event, `NO_EVENT` where there is none.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types

from equipoise.kernels.compiled import lanes
from equipoise.kernels.compiled.lanes import (
    load_f,
    load_u,
    look_up,
    minimum,
    select,
    spread_f,
    spread_u,
    store_f,
    store_u,
    to_whole,
)
from equipoise.kernels.plain.trial_draws import LARGEST, LOG_COEFFICIENTS, LOG_SHIFT
from equipoise.kernels.plain.trial_spec import BLOCKS, NEVER, UNIFORM

CHUNK = 32
NO_EVENT = 0x7FFFFFFF

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)


class DrawPlan(NamedTuple):
    """A spec as the lanes take it; see `TrialSpec`.

    `tables` holds rows of sixteen floats by cell: cuts of the event's pieces, their slopes, then the dropout's. Block
    sizes are coded control | experimental << 4; `size_limits`: the first 16-bit draw that opens the next size.
    """

    patients: int
    arrival_kind: int
    arrival_cut: np.ndarray
    arrival_start: np.ndarray
    arrival_slope: np.ndarray
    arrival_total: np.float32
    planned_entry: np.ndarray
    stratum_limits: np.ndarray
    allocation_kind: int
    block_codes: np.ndarray
    size_limits: np.ndarray
    control_limit: np.uint32
    tables: np.ndarray
    event_start: np.ndarray
    dropout_start: np.ndarray


class Rows(NamedTuple):
    """First rows, in the working memory, of what is kept for every patient and of what a chunk hands on."""

    entry: int
    key: int
    calendar: int
    words: int
    gap: int
    event: int
    dropout: int
    carry: int


def _halves(builder: Any, word: Any) -> list[Any]:
    """Even and odd lanes, each in the low half of a 64-bit lane; what stands above them never matters."""
    wide = builder.bitcast(word, lanes.u64.vector)
    return [wide, builder.lshr(wide, lanes.vector_constant(lanes.u64.vector, 32))]


def _joined(builder: Any, even: Any, odd: Any) -> Any:
    """One vector of the low halves: a shuffle, because LLVM answers masks by a second, full product."""
    places = [i if i % 2 == 0 else lanes.WIDTH + i - 1 for i in range(lanes.WIDTH)]
    halves = [builder.bitcast(word, lanes.u32.vector) for word in (even, odd)]
    return builder.shuffle_vector(*halves, ir.Constant(lanes.u32.vector, places))


def _products(builder: Any, words: list[Any], multiplier: int) -> tuple[list[Any], list[Any]]:
    """High and low words of the products; the low ones carry the high ones above them."""
    low = lanes.vector_constant(lanes.u64.vector, 0xFFFFFFFF)
    by = lanes.vector_constant(lanes.u64.vector, multiplier)
    products = [builder.mul(builder.and_(word, low), by) for word in words]
    shift = lanes.vector_constant(lanes.u64.vector, 32)
    return [builder.lshr(p, shift) for p in products], products


@lanes.intrinsic
def philox(typingctx: Any, patient: Any, low: Any, high: Any, key0: Any, key1: Any) -> Any:
    """The four words of block 0 for a patient (scalar) of sixteen trials (low words as lanes, high word as scalar).

    Lanes stay split into two vectors of 64-bit halves, so a 32 by 32 bit product is one instruction and nothing is
    shuffled; the first rounds, where counters are equal for all patients or all trials, leave the loop over patients.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = [builder.zext(context.cast(builder, a, t, types.uint32), ir.IntType(64)) for a, t in
                zip((args[0], *args[2:]), (signature.args[0], *signature.args[2:]), strict=True)]  # fmt: skip
        spread = [lanes.spread_scalar(builder, scalar, lanes.u64.vector) for scalar in wide]
        zero = lanes.vector_constant(lanes.u64.vector, 0)
        x0, x1, x2, x3 = [zero, zero], [spread[0]] * 2, _halves(builder, args[1]), [spread[1]] * 2
        keys = spread[2:]
        for number in range(10):
            high0, low0 = _products(builder, x0, _MULTIPLIERS[0])
            high1, low1 = _products(builder, x2, _MULTIPLIERS[1])
            # The key first: in early rounds this is the same for every patient.
            x0 = [builder.xor(builder.xor(h, keys[0]), x) for h, x in zip(high1, x1, strict=True)]
            x2 = [builder.xor(builder.xor(x, keys[1]), h) for h, x in zip(high0, x3, strict=True)]
            x1, x3 = low1, low0
            if number < 9:
                steps = [lanes.vector_constant(lanes.u64.vector, weyl) for weyl in _WEYL]
                keys = [builder.add(key, step) for key, step in zip(keys, steps, strict=True)]
        words = [_joined(builder, *x) for x in (x0, x1, x2, x3)]
        return context.make_tuple(builder, signature.return_type, words)

    return types.UniTuple(lanes.u32, 4)(patient, low, high, key0, key1), codegen


@lanes.inlined
def draw_words(work, at, first, rows, low, high, key0, key1):
    """The words of a chunk: row 4 r + j of the buffer is word j of patient `first` + r."""
    for r in range(rows):
        w0, w1, w2, w3 = philox(first + r, low, high, key0, key1)
        row = at + 4 * r
        store_u(work, row, w0)
        store_u(work, row + 1, w1)
        store_u(work, row + 2, w2)
        store_u(work, row + 3, w3)


def _minus_log2(builder: Any, words: list[Any]) -> list[Any]:
    """`plain.trial_draws.standard_exponential` of several words, each step for all of them before the next.

    One logarithm is a chain of a hundred cycles: only neighbors that do not wait for each other keep the units busy.
    """

    def whole(value: int) -> Any:
        return lanes.vector_constant(lanes.u32.vector, value)

    def real(value: Any) -> Any:
        return lanes.vector_constant(lanes.f32.vector, float(value))

    def each(step: str, first: list[Any], second: Any) -> list[Any]:
        others = second if isinstance(second, list) else [second] * len(first)
        return [getattr(builder, step)(a, b) for a, b in zip(first, others, strict=True)]

    units = each("add", each("lshr", words, whole(8)), whole(1))
    bits = [builder.bitcast(builder.sitofp(unit, lanes.f32.vector), lanes.u32.vector) for unit in units]
    shifted = each("sub", bits, whole(LOG_SHIFT))
    places = each("add", each("and_", shifted, whole(0x7FFFFF)), whole(LOG_SHIFT))
    f = each("fsub", [builder.bitcast(place, lanes.f32.vector) for place in places], real(1.0))
    q = [real(LOG_COEFFICIENTS[-1])] * len(words)
    for coefficient in LOG_COEFFICIENTS[-2::-1]:
        q = each("fadd", each("fmul", q, f), real(coefficient))
    exponents = [builder.sitofp(e, lanes.f32.vector) for e in each("lshr", shifted, whole(23))]
    left = [builder.fsub(real(24.0), e) for e in exponents]
    return each("fsub", left, each("fmul", f, q))


@lanes.intrinsic
def exponentials(typingctx: Any, words: Any) -> Any:
    """Standard exponentials, divided by log 2, of a tuple of words."""
    result = types.UniTuple(lanes.f32, len(words))

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        given = [builder.extract_value(args[0], i) for i in range(len(words))]
        return context.make_tuple(builder, result, _minus_log2(builder, given))

    return result(words), codegen


@lanes.inlined
def _ticks(within, start):
    bounded = select(within < spread_f(LARGEST), within, spread_f(LARGEST))
    return to_whole(bounded) + start


@lanes.inlined
def _entry_piece(reached, plan, k, cut, start, slope):
    limit = spread_f(plan.arrival_cut[k])
    late = reached >= limit
    start = select(late, spread_u(plan.arrival_start[k]), start)
    return select(late, limit, cut), start, select(late, spread_f(plan.arrival_slope[k]), slope)


@lanes.inlined
def _entry(reached, plan):
    """The first pieces are written out: a loop of unknown length costs more than its few vector instructions."""
    pieces = len(plan.arrival_start)
    cut, start, slope = spread_f(0.0), spread_u(plan.arrival_start[0]), spread_f(plan.arrival_slope[0])
    if pieces > 1:
        cut, start, slope = _entry_piece(reached, plan, 1, cut, start, slope)
    if pieces > 2:
        cut, start, slope = _entry_piece(reached, plan, 2, cut, start, slope)
    if pieces > 3:
        for k in range(3, pieces):
            cut, start, slope = _entry_piece(reached, plan, k, cut, start, slope)
    return minimum(_ticks((reached - cut) * slope, start), spread_u(NEVER))


@lanes.inlined
def _cell_piece(exponential, cell, tables, row, pieces, begin, since, start, slope):
    limit = look_up(tables, row, cell)
    late = exponential >= limit
    since = select(late, exponential - limit, since)
    return since, select(late, spread_u(begin + 1), start), select(late, look_up(tables, row + pieces, cell), slope)


@lanes.forced
def _cell_time(exponential, cell, tables, first, starts):
    """`plain.trial_draws.piecewise_time` before the last minimum; cuts from row `first` of the tables, then slopes."""
    pieces = len(starts)
    since, start, slope = exponential, spread_u(1), look_up(tables, first + pieces, cell)
    if pieces > 1:
        since, start, slope = _cell_piece(exponential, cell, tables, first + 1, pieces, starts[1], since, start, slope)
    if pieces > 2:
        since, start, slope = _cell_piece(exponential, cell, tables, first + 2, pieces, starts[2], since, start, slope)
    if pieces > 3:
        for k in range(3, pieces):
            since, start, slope = _cell_piece(
                exponential, cell, tables, first + k, pieces, starts[k], since, start, slope
            )
    return _ticks(since * slope, start)


@lanes.inlined
def _stratum(w0, w1, limits):
    draw = ((w0 & spread_u(0xFF)) << spread_u(8)) | (w1 & spread_u(0xFF))
    stratum = spread_u(0)
    if len(limits) > 0:
        stratum = select(draw >= spread_u(limits[0]), spread_u(1), stratum)
    if len(limits) > 1:
        stratum = select(draw >= spread_u(limits[1]), spread_u(2), stratum)
    if len(limits) > 2:
        stratum = select(draw >= spread_u(limits[2]), spread_u(3), stratum)
    return stratum


@lanes.inlined
def _opened(w2, w3, plan):
    draw = ((w2 & spread_u(0xFF)) << spread_u(8)) | (w3 & spread_u(0xFF))
    code = spread_u(plan.block_codes[0])
    if len(plan.size_limits) > 0:
        code = select(draw >= spread_u(plan.size_limits[0]), spread_u(plan.block_codes[1]), code)
    if len(plan.size_limits) > 1:
        for k in range(1, len(plan.size_limits)):
            code = select(draw >= spread_u(plan.size_limits[k]), spread_u(plan.block_codes[k + 1]), code)
    return code


@lanes.inlined
def _cell(w0, w1, w2, w3, left, plan):
    """Cell = stratum << 1 | arm, and what is left of the open blocks, one byte a stratum."""
    stratum, place = _stratum(w0, w1, plan.stratum_limits), w3 >> spread_u(8)
    if plan.allocation_kind == BLOCKS:
        shift = stratum << spread_u(3)
        before = (left >> shift) & spread_u(0xFF)
        block = select(before == spread_u(0), _opened(w2, w3, plan), before)
        controls = block & spread_u(15)
        control = place * (controls + (block >> spread_u(4))) < (controls << spread_u(24))
        after = block - select(control, spread_u(1), spread_u(16))
        left = left + ((after - before) << shift)
    else:
        control = place < spread_u(plan.control_limit)
    return (stratum << spread_u(1)) | select(control, spread_u(0), spread_u(1)), left


@lanes.inner
def draw_exponentials(work, at, rows):
    """Of the first three words of a chunk: gap, event, dropout. Two rows at a time; an odd last one has a spare row."""
    for r in range(0, rows, 2):
        words = at.words + 4 * r
        found = exponentials(
            (
                load_u(work, words), load_u(work, words + 1), load_u(work, words + 2),
                load_u(work, words + 4), load_u(work, words + 5), load_u(work, words + 6),
            )
        )  # fmt: skip
        store_f(work, at.gap + r, found[0])
        store_f(work, at.event + r, found[1])
        store_f(work, at.dropout + r, found[2])
        store_f(work, at.gap + r + 1, found[3])
        store_f(work, at.event + r + 1, found[4])
        store_f(work, at.dropout + r + 1, found[5])


@lanes.inner
def draw_cells(work, at, rows, plan):
    """The cell of a chunk's patients, in the place of their last words."""
    left = load_u(work, at.carry)
    for r in range(rows):
        words = at.words + 4 * r
        cell, left = _cell(
            load_u(work, words), load_u(work, words + 1), load_u(work, words + 2), load_u(work, words + 3), left, plan
        )  # fmt: skip
        store_u(work, words + 3, cell)
    store_u(work, at.carry, left)


@lanes.inner
def finish_rows(work, at, first, rows, plan):
    """Entries, keys and calendar ticks of a chunk."""
    reached, scale = load_f(work, at.carry + 1), load_f(work, at.carry + 2)
    event_rows = 2 * len(plan.event_start)
    planned = len(plan.planned_entry) > 0
    for r in range(rows):
        cell, row = load_u(work, at.words + 4 * r + 3), first + r
        reached = reached + load_f(work, at.gap + r)
        entry = spread_u(plan.planned_entry[row]) if planned else _entry(reached * scale, plan)
        event = _cell_time(load_f(work, at.event + r), cell, plan.tables, 0, plan.event_start)
        dropout = _cell_time(load_f(work, at.dropout + r), cell, plan.tables, event_rows, plan.dropout_start)
        lost = dropout < event
        time = minimum(minimum(event, dropout), spread_u(NEVER))
        store_u(work, at.entry + row, entry << spread_u(4))
        store_u(work, at.key + row, (time << spread_u(4)) | cell | select(lost, spread_u(8), spread_u(0)))
        store_u(work, at.calendar + row, select(lost, spread_u(NO_EVENT), entry + time))
    store_f(work, at.carry + 1, reached)


@lanes.inner
def total_gaps(patients, low, high, key0, key1):
    """The sum of the gaps of n + 1 patients, in the order of the law."""
    total = spread_f(0.0)
    for patient in range(patients + 1):
        total = total + exponentials((philox(patient, low, high, key0, key1)[0],))[0]
    return total


@lanes.inner
def draw_rows(work, at, plan, low, high, key0, key1):
    """The patients of sixteen trials whose numbers have these low words and this high word."""
    # Three rows are carried from chunk to chunk: what is left of blocks, cumulated gaps, their scale.
    scale = spread_f(1.0)
    if plan.arrival_kind == UNIFORM:
        scale = spread_f(plan.arrival_total) / total_gaps(plan.patients, low, high, key0, key1)
    store_u(work, at.carry, spread_u(0))
    store_f(work, at.carry + 1, spread_f(0.0))
    store_f(work, at.carry + 2, scale)
    for first in range(0, plan.patients, CHUNK):
        rows = min(CHUNK, plan.patients - first)
        draw_words(work, at.words, first, rows, low, high, key0, key1)
        draw_exponentials(work, at, rows)
        draw_cells(work, at, rows, plan)
        finish_rows(work, at, first, rows, plan)
