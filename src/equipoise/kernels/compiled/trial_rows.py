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
from equipoise.kernels.compiled.tracing import structure
from equipoise.kernels.plain.trial_draws import LOG_COEFFICIENTS, LOG_SHIFT, MOST_TICKS
from equipoise.kernels.plain.trial_spec import BLOCKS, NEVER, UNIFORM

CHUNK = 32
_STRATA = 4
NO_EVENT = 0x7FFFFFFF

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)


class DrawPlan(NamedTuple):
    """A spec as the lanes take it; see `TrialSpec`.

    `tables` holds rows of sixteen floats by cell: cuts of the event's pieces, their slopes, then the dropout's. Block
    sizes are coded control | experimental << 4; `size_limits`: the first 16-bit draw that opens the next size. There
    are always three limits of strata and one of sizes: those beyond any draw stand for none.
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
    vector = lanes.traced_vector(lanes.u64)
    wide = builder.bitcast(word, vector)
    return [wide, builder.lshr(wide, lanes.vector_constant(vector, 32))]


def _joined(builder: Any, even: Any, odd: Any) -> Any:
    """One vector of the low halves: a shuffle, because LLVM answers masks by a second, full product."""
    vector = lanes.traced_vector(lanes.u32)
    places = [i if i % 2 == 0 else vector.count + i - 1 for i in range(vector.count)]
    halves = [builder.bitcast(word, vector) for word in (even, odd)]
    return builder.shuffle_vector(*halves, ir.Constant(vector, places))


def _products(builder: Any, words: list[Any], multiplier: int) -> tuple[list[Any], list[Any]]:
    """High and low words of the products; the low ones carry the high ones above them."""
    vector = lanes.traced_vector(lanes.u64)
    low, by = lanes.vector_constant(vector, 0xFFFFFFFF), lanes.vector_constant(vector, multiplier)
    products = [builder.mul(builder.and_(word, low), by) for word in words]
    shift = lanes.vector_constant(vector, 32)
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
        vector = lanes.traced_vector(lanes.u64)
        spread = [lanes.spread_scalar(builder, scalar, vector) for scalar in wide]
        zero = lanes.vector_constant(vector, 0)
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
                steps = [lanes.vector_constant(vector, weyl) for weyl in _WEYL]
                keys = [builder.add(key, step) for key, step in zip(keys, steps, strict=True)]
        words = [_joined(builder, *x) for x in (x0, x1, x2, x3)]
        return structure(builder, words, signature.return_type)

    return types.UniTuple(lanes.u32, 4)(patient, low, high, key0, key1), codegen


@lanes.inlined
def draw_words(work, at, first, rows, low, high, key0, key1):
    """The words of a chunk: row 4 r + j of the buffer is word j of patient `first` + r."""
    for r in range(rows):
        _word_rows(work, at + 4 * r, first + r, low, high, key0, key1)


@lanes.traced
def _word_rows(work, row, patient, low, high, key0, key1):
    for j, word in enumerate(philox(patient, low, high, key0, key1)):
        store_u(work, row + j, word)


def _minus_log2(builder: Any, words: list[Any]) -> list[Any]:
    """`plain.trial_draws.standard_exponential` of several words, each step for all of them before the next.

    One logarithm is a chain of a hundred cycles: only neighbors that do not wait for each other keep the units busy.
    """

    def whole(value: int) -> Any:
        return lanes.vector_constant(lanes.traced_vector(lanes.u32), value)

    def real(value: Any) -> Any:
        return lanes.vector_constant(lanes.traced_vector(lanes.f32), float(value))

    def each(step: str, first: list[Any], second: Any) -> list[Any]:
        others = second if isinstance(second, list) else [second] * len(first)
        return [getattr(builder, step)(a, b) for a, b in zip(first, others, strict=True)]

    whole_vector, real_vector = lanes.traced_vector(lanes.u32), lanes.traced_vector(lanes.f32)
    units = each("add", each("lshr", words, whole(8)), whole(1))
    bits = [builder.bitcast(builder.sitofp(unit, real_vector), whole_vector) for unit in units]
    shifted = each("sub", bits, whole(LOG_SHIFT))
    places = each("add", each("and_", shifted, whole(0x7FFFFF)), whole(LOG_SHIFT))
    f = each("fsub", [builder.bitcast(place, real_vector) for place in places], real(1.0))
    q = [real(LOG_COEFFICIENTS[-1])] * len(words)
    for coefficient in LOG_COEFFICIENTS[-2::-1]:
        q = each("fadd", each("fmul", q, f), real(coefficient))
    exponents = [builder.sitofp(e, real_vector) for e in each("lshr", shifted, whole(23))]
    left = [builder.fsub(real(24.0), e) for e in exponents]
    return each("fsub", left, each("fmul", f, q))


@lanes.intrinsic
def exponentials(typingctx: Any, words: Any) -> Any:
    """Standard exponentials, divided by log 2, of a tuple of words."""
    result = types.UniTuple(lanes.f32, len(words))

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        given = [builder.extract_value(args[0], i) for i in range(len(words))]
        # Half as many at a time where there are half as many registers.
        step = len(given) if lanes.half_traced() is None else 3
        found = [x for i in range(0, len(given), step) for x in _minus_log2(builder, given[i : i + step])]
        return structure(builder, found, result)

    return result(words), codegen


@lanes.traced
def _ticks(within, start):
    bounded = select(within < spread_f(MOST_TICKS), within, spread_f(MOST_TICKS))
    return to_whole(bounded) + start


@lanes.traced
def _first_entry_piece(plan):
    return spread_f(0.0), spread_u(plan.arrival_start[0]), spread_f(plan.arrival_slope[0])


@lanes.traced
def _entry_piece(reached, plan, k, piece):
    cut, start, slope = piece
    limit = spread_f(plan.arrival_cut[k])
    late = reached >= limit
    start = select(late, spread_u(plan.arrival_start[k]), start)
    return select(late, limit, cut), start, select(late, spread_f(plan.arrival_slope[k]), slope)


@lanes.traced
def _entry_ticks(reached, piece):
    cut, start, slope = piece
    return minimum(_ticks((reached - cut) * slope, start), spread_u(NEVER))


@lanes.inlined
def _entry(reached, plan):
    """The first pieces are written out: a loop of unknown length costs more than its few vector instructions."""
    pieces = len(plan.arrival_start)
    piece = _first_entry_piece(plan)
    if pieces > 1:
        piece = _entry_piece(reached, plan, 1, piece)
    if pieces > 2:
        piece = _entry_piece(reached, plan, 2, piece)
    if pieces > 3:
        for k in range(3, pieces):
            piece = _entry_piece(reached, plan, k, piece)
    return _entry_ticks(reached, piece)


@lanes.traced
def _first_cell_piece(exponential, cell, tables, first, pieces):
    return exponential, spread_u(1), look_up(tables, first + pieces, cell)


@lanes.traced
def _cell_piece(exponential, cell, tables, first, starts, pieces, k, piece):
    since, start, slope = piece
    limit = look_up(tables, first + k, cell)
    late = exponential >= limit
    since = select(late, exponential - limit, since)
    start = select(late, spread_u(starts[k] + 1), start)
    return since, start, select(late, look_up(tables, first + k + pieces, cell), slope)


@lanes.traced
def _cell_ticks(piece):
    since, start, slope = piece
    return _ticks(since * slope, start)


@lanes.inlined
def _cell_time(exponential, cell, tables, first, starts):
    """`plain.trial_draws.piecewise_time` before the last minimum; cuts from row `first` of the tables, then slopes."""
    pieces = len(starts)
    piece = _first_cell_piece(exponential, cell, tables, first, pieces)
    if pieces > 1:
        piece = _cell_piece(exponential, cell, tables, first, starts, pieces, 1, piece)
    if pieces > 2:
        piece = _cell_piece(exponential, cell, tables, first, starts, pieces, 2, piece)
    if pieces > 3:
        for k in range(3, pieces):
            piece = _cell_piece(exponential, cell, tables, first, starts, pieces, k, piece)
    return _cell_ticks(piece)


@lanes.inlined
def draw_exponentials(work, at, rows):
    """Of the first three words of a chunk: gap, event, dropout. Two rows at a time; an odd last one has a spare row."""
    for r in range(0, rows, 2):
        _exponential_rows(work, at, r)


@lanes.traced
def _exponential_rows(work, at, r):
    words = at.words + 4 * r
    found = exponentials(tuple(load_u(work, words + j) for j in (0, 1, 2, 4, 5, 6)))
    for k, exponential in enumerate(found):
        store_f(work, (at.gap, at.event, at.dropout)[k % 3] + r + k // 3, exponential)


@lanes.traced
def _stratum_and_size(work, words, plan):
    """The stratum, and the block that a patient would open who finds none, if it is one of the first two sizes."""
    w0, w1, w2, w3 = (load_u(work, words + j) for j in range(4))
    draw, stratum = _low_bytes(w0, w1), spread_u(0)
    for s in range(_STRATA - 1):
        stratum = select(draw >= spread_u(plan.stratum_limits[s]), spread_u(s + 1), stratum)
    later = _low_bytes(w2, w3) >= spread_u(plan.size_limits[0])
    return stratum, select(later, spread_u(plan.block_codes[1]), spread_u(plan.block_codes[0]))


@lanes.traced
def _low_bytes(first, second):
    return ((first & spread_u(0xFF)) << spread_u(8)) | (second & spread_u(0xFF))


@lanes.traced
def _later_size(work, words, plan, k, opened):
    draw = _low_bytes(load_u(work, words + 2), load_u(work, words + 3))
    return select(draw >= spread_u(plan.size_limits[k]), spread_u(plan.block_codes[k + 1]), opened)


@lanes.traced
def _urn(work, words, stratum, opened, left):
    """Stores the cell = stratum << 1 | arm; what is left of the open blocks after it, one byte a stratum."""
    place, shift = load_u(work, words + 3) >> spread_u(8), stratum << spread_u(3)
    before = (left >> shift) & spread_u(0xFF)
    block = select(before == spread_u(0), opened, before)
    controls = block & spread_u(15)
    control = place * (controls + (block >> spread_u(4))) < (controls << spread_u(24))
    after = block - select(control, spread_u(1), spread_u(16))
    store_u(work, words + 3, (stratum << spread_u(1)) | select(control, spread_u(0), spread_u(1)))
    return left + ((after - before) << shift)


@lanes.traced
def _coin(work, words, stratum, plan):
    control = (load_u(work, words + 3) >> spread_u(8)) < spread_u(plan.control_limit)
    store_u(work, words + 3, (stratum << spread_u(1)) | select(control, spread_u(0), spread_u(1)))


@lanes.inlined
def draw_cells(work, at, rows, plan):
    """The cell of a chunk's patients, in the place of their last words."""
    left = load_u(work, at.carry)
    for r in range(rows):
        words = at.words + 4 * r
        stratum, opened = _stratum_and_size(work, words, plan)
        if plan.allocation_kind == BLOCKS:
            for k in range(1, len(plan.size_limits)):
                opened = _later_size(work, words, plan, k, opened)
            left = _urn(work, words, stratum, opened, left)
        else:
            _coin(work, words, stratum, plan)
    store_u(work, at.carry, left)


@lanes.traced
def _cell_and_reach(work, at, r, reached):
    return load_u(work, at.words + 4 * r + 3), reached + load_f(work, at.gap + r)


@lanes.traced
def _store_patient(work, at, row, entry, cell, event, dropout):
    # A dropout beyond the horizon comes no earlier than an event there.
    event = minimum(event, spread_u(NEVER))
    lost, time = dropout < event, minimum(event, dropout)
    store_u(work, at.entry + row, entry << spread_u(4))
    store_u(work, at.key + row, (time << spread_u(4)) | cell | select(lost, spread_u(8), spread_u(0)))
    store_u(work, at.calendar + row, select(lost, spread_u(NO_EVENT), entry + time))


@lanes.inlined
def finish_rows(work, at, first, rows, plan):
    """Entries, keys and calendar ticks of a chunk."""
    reached, scale = load_f(work, at.carry + 1), load_f(work, at.carry + 2)
    event_rows = 2 * len(plan.event_start)
    planned = len(plan.planned_entry) > 0
    for r in range(rows):
        cell, reached = _cell_and_reach(work, at, r, reached)
        entry = spread_u(plan.planned_entry[first + r]) if planned else _entry(reached * scale, plan)
        event = _cell_time(load_f(work, at.event + r), cell, plan.tables, 0, plan.event_start)
        dropout = _cell_time(load_f(work, at.dropout + r), cell, plan.tables, event_rows, plan.dropout_start)
        _store_patient(work, at, first + r, entry, cell, event, dropout)
    store_f(work, at.carry + 1, reached)


@lanes.traced
def _next_gap(total, patient, low, high, key0, key1):
    return total + exponentials((philox(patient, low, high, key0, key1)[0],))[0]


@lanes.inner
def draw_rows(work, at, plan, low, high, key0, key1):
    """The patients of sixteen trials whose numbers have these low words and this high word."""
    # Three rows are carried from chunk to chunk: what is left of blocks, cumulated gaps, their scale.
    scale = spread_f(1.0)
    if plan.arrival_kind == UNIFORM:
        # The sum of the gaps of n + 1 patients, in the order of the law.
        total = spread_f(0.0)
        for patient in range(plan.patients + 1):
            total = _next_gap(total, patient, low, high, key0, key1)
        scale = spread_f(plan.arrival_total) / total
    store_u(work, at.carry, spread_u(0))
    store_f(work, at.carry + 1, spread_f(0.0))
    store_f(work, at.carry + 2, scale)
    for first in range(0, plan.patients, CHUNK):
        rows = plan.patients - first
        rows = rows if rows < CHUNK else CHUNK
        draw_words(work, at.words, first, rows, low, high, key0, key1)
        draw_exponentials(work, at, rows)
        draw_cells(work, at, rows, plan)
        finish_rows(work, at, first, rows, plan)
