# ruff: noqa: ARG001 (numba fixes the arguments of intrinsics)
"""Sorting rows of sixteen lanes, each lane for itself: a bitonic sort in blocks of sixteen rows.

Blocks of 16 rows are sorted in registers by a network of 60 comparators, then merged two by two. The first layer of a
merge compares mirrored rows, so that every comparator puts the smaller value first. Rows of ones fill the last run up
to a power of two: they never move, and runs of nothing else are left out. Up to five layers are done between one load
of a row and one store.

A comparator is a minimum and, for the other value, a ^ b ^ minimum: with AVX-512 two instructions that run on different
units, in half the time of a minimum and a maximum.

Sources: Batcher KE. Sorting networks and their applications. AFIPS 1968;32:307-314; Knuth DE. The Art of Computer
Programming 3, 2nd ed. 1998, section 5.3.4 (60 comparators for 16 values; all 2^16 zero-one inputs are tested).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types

from equipoise.kernels.compiled import lanes

BLOCK = 16

Comparators = list[tuple[int, int]]

_LAYERS = (
    "0-13 1-12 2-15 3-14 4-8 5-6 7-11 9-10",
    "0-5 1-7 2-9 3-4 6-13 8-14 10-15 11-12",
    "0-1 2-3 4-5 6-8 7-9 10-11 12-13 14-15",
    "0-2 1-3 4-10 5-11 6-7 8-9 12-14 13-15",
    "1-2 3-12 4-6 5-7 8-10 9-11 13-14",
    "1-4 2-6 5-8 7-10 9-13 11-14",
    "2-4 3-6 9-12 11-13",
    "3-5 6-8 7-9 10-12",
    "3-4 5-6 7-8 9-10 11-12",
    "6-7 8-9",
)
SIXTEEN: Comparators = [
    (int(low), int(high)) for layer in _LAYERS for low, high in (pair.split("-") for pair in layer.split())
]


def half_cleaners(rows: int, largest: int) -> Comparators:
    """Layers of comparators at distances `largest`, half of it, ..., 1."""
    found: Comparators = []
    while largest:
        found += [(i, i + largest) for i in range(rows) if not i & largest]
        largest //= 2
    return found


def mirrored(rows: int) -> Comparators:
    """The first layer of a merge, row i against row `rows` - 1 - i, and the half-cleaners after it."""
    return [(i, rows - 1 - i) for i in range(rows // 2)] + half_cleaners(rows, rows // 4)


def _run(context: Any, builder: Any, pointers: list[Any], comparators: Comparators) -> None:
    """Load, compare, store: whole rows, or half a row after the other where a register holds no more."""
    if lanes.whole_registers(context):
        _run_part(builder, pointers, comparators, lambda a, b, low: builder.xor(builder.xor(a, b), low))
        return
    half = ir.VectorType(ir.IntType(32), lanes.WIDTH // 2).as_pointer()
    halves = [builder.bitcast(pointer, half) for pointer in pointers]
    for part in (0, 1):
        places = [builder.gep(pointer, [ir.Constant(ir.IntType(64), part)]) for pointer in halves]
        _run_part(builder, places, comparators, lambda a, b, _: lanes.larger(builder, a, b))


def _run_part(builder: Any, pointers: list[Any], comparators: Comparators, other: Callable[..., Any]) -> None:
    """`other` makes the larger of two values, given them and the smaller."""
    values = [builder.load(pointer, align=32) for pointer in pointers]
    for i, j in comparators:
        low = lanes.smaller(builder, values[i], values[j])
        values[i], values[j] = low, other(values[i], values[j], low)
    for value, pointer in zip(values, pointers, strict=True):
        builder.store(value, pointer, align=32)


def _in_block(rows: int, comparators: Comparators) -> Any:
    """A network on that many rows from one on."""

    @lanes.intrinsic
    def network(typingctx: Any, array: Any, row: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            first = lanes.row_pointer(context, builder, signature.args[0], args[0], args[1], lanes.u32.vector)
            pointers = [builder.gep(first, [ir.Constant(ir.IntType(64), i)]) for i in range(rows)]
            _run(context, builder, pointers, comparators)
            return context.get_dummy_value()

        return types.void(array, row), codegen

    return network


_sort_block, _clean_block = _in_block(BLOCK, SIXTEEN), _in_block(BLOCK, half_cleaners(BLOCK, BLOCK // 2))
_merge_blocks = _in_block(2 * BLOCK, mirrored(2 * BLOCK))


def _across_blocks(rows: int, comparators: Comparators) -> Any:
    """A network on rows low, low + stride, ... and ..., high - stride, high."""

    @lanes.intrinsic
    def network(typingctx: Any, array: Any, low: Any, high: Any, stride: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            low, high, stride = args[1:]
            pointers = []
            for j in range(rows):
                step = builder.mul(stride, ir.Constant(stride.type, j if j < rows // 2 else rows - 1 - j))
                row = builder.add(low, step) if j < rows // 2 else builder.sub(high, step)
                pointers.append(lanes.row_pointer(context, builder, signature.args[0], args[0], row, lanes.u32.vector))
            _run(context, builder, pointers, comparators)
            return context.get_dummy_value()

        return types.void(array, low, high, stride), codegen

    return network


_flip4, _flip8, _flip16 = (_across_blocks(m, mirrored(m)) for m in (4, 8, 16))
_cross4, _cross8, _cross16 = (_across_blocks(m, half_cleaners(m, m // 2)) for m in (4, 8, 16))


@lanes.inlined
def _flip(array, base, blocks):
    """Mirrored comparison of the two halves of `blocks` blocks, and one to three layers of half-cleaners."""
    top = base + blocks * BLOCK - 1
    if blocks == 8:
        for i in range(BLOCK):
            _flip8(array, base + i, top - i, BLOCK)
    elif blocks == 16:
        for i in range(BLOCK):
            _flip16(array, base + i, top - i, BLOCK)
    else:
        stride = blocks * BLOCK // 4
        for i in range(stride):
            _flip4(array, base + i, top - i, stride)


@lanes.inlined
def _cross(array, start, rows, layers):
    """That many layers of half-cleaners within `rows` rows, the first at distance rows / 2."""
    stride = rows >> layers
    for i in range(start, start + stride):
        if layers == 4:
            _cross16(array, i, i + 15 * stride, stride)
        elif layers == 3:
            _cross8(array, i, i + 7 * stride, stride)
        else:
            _cross4(array, i, i + 3 * stride, stride)


@lanes.inlined
def _merge(array, base, blocks, end):
    """Two sorted halves of `blocks` blocks, more than two, become one sorted run; rows from `end` on are ones."""
    stop = base + blocks * BLOCK
    stop = stop if stop < end else end
    _flip(array, base, blocks)
    rows, left = blocks * BLOCK // 4, 0
    while blocks > 16 and (BLOCK << left) < rows:
        left += 1
    while left:
        layers = left if left <= 4 else 3
        for start in range(base, stop, rows):
            _cross(array, start, rows, layers)
        rows >>= layers
        left -= layers
    for row in range(base, stop, BLOCK):
        _clean_block(array, row)


@lanes.inlined
def filled_rows(rows):
    """How many rows a sort of this many, a multiple of 16, may touch: the next power of two."""
    filled = BLOCK
    while filled < rows:
        filled *= 2
    return filled


@lanes.inner
def sort_rows(array, start, rows):
    """Sorts rows `start` to `start` + `rows` - 1, a multiple of 16; those after them, as `filled_rows`, must be ones.

    Runs are merged as soon as both are there, while they are in the nearest cache.
    """
    end, count = start + rows, rows // BLOCK
    for done in range(1, filled_rows(rows) // BLOCK + 1):
        if done <= count:
            _sort_block(array, start + (done - 1) * BLOCK)
            if done % 2 == 0:
                _merge_blocks(array, start + (done - 2) * BLOCK)
        blocks = 4
        while done % blocks == 0:
            # At the end, runs whose second half is rows of ones alone are sorted as they are.
            if count - (done - blocks) > blocks // 2:
                _merge(array, start + (done - blocks) * BLOCK, blocks, end)
            blocks *= 2
