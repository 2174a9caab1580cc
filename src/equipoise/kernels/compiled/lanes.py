# ruff: noqa: ARG001, ARG005 (numba fixes the arguments of what it calls)
"""Sixteen values side by side: vector types for numba, lowered to LLVM vectors.

`u32` and `f32` hold sixteen 32-bit values, `mask` sixteen truth values, `u64` eight 64-bit values. Operators work lane
by lane; integers wrap, floats round after every operation (nothing is fused or reordered), so that every processor
gives the same bits. LLVM maps them to the registers there are. What numba's own loop vectorizer makes of equivalent
loops varied between 0.34 and 2.3 us for one sort, by spelling.

Rows of arrays (any 32-bit element type, 64-byte aligned) are loaded and stored whole: row r is elements 16 r to
16 r + 15.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending, njit, types
from numba.core.datamodel.models import PrimitiveModel
from numba.extending import lower_builtin, register_model, type_callable

WIDTH = 16
_BYTES = 64

# Its result has another signature than the function it decorates.
intrinsic: Any = extending.intrinsic

# Whose undocumented options type checkers do not know.
_jit: Any = njit
# Compiled without reference counts, of which numba would take one for every array at every call.
_PLAIN: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy", "_nrt": False}
# For functions that Python calls.
entry = _jit(cache=True, **_PLAIN)
# For functions that only compiled functions call: without the wrappers for Python they compile in half the time.
inner = _jit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_PLAIN)
# The same, always put into the caller: by LLVM, or by numba before either is compiled.
forced = _jit(no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True, **_PLAIN)
inlined = _jit(no_cpython_wrapper=True, no_cfunc_wrapper=True, inline="always", **_PLAIN)

_I1, _I32, _I64, _F32 = ir.IntType(1), ir.IntType(32), ir.IntType(64), ir.FloatType()


class Lanes(types.Type):
    """A vector value."""

    def __init__(self, name: str, element: ir.Type, width: int) -> None:
        self.vector = ir.VectorType(element, width)
        super().__init__(name=name)


@register_model(Lanes)
class _LanesModel(PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Lanes) -> None:
        super().__init__(dmm, fe_type, fe_type.vector)


u32, f32 = Lanes("u32x16", _I32, WIDTH), Lanes("f32x16", _F32, WIDTH)
mask, u64 = Lanes("mask16", _I1, WIDTH), Lanes("u64x8", _I64, WIDTH // 2)

Codegen = Callable[[Any, Any, Any, Any], Any]


def vector_constant(vector: ir.VectorType, value: int | float) -> ir.Constant:
    """The same value in every lane."""
    return ir.Constant(vector, [value] * vector.count)


def row_pointer(context: Any, builder: Any, array_type: Any, array: Any, row: Any, vector: ir.VectorType) -> Any:
    """The address of a row of an array."""
    data = context.make_array(array_type)(context, builder, array).data
    wide = builder.zext(row, _I64) if row.type.width < 64 else row
    return builder.bitcast(builder.gep(data, [builder.mul(wide, ir.Constant(_I64, WIDTH))]), vector.as_pointer())


def _binary(op: Any, operands: Lanes, result: Lanes, build: Callable[[Any, Any, Any], Any]) -> None:
    @type_callable(op)
    def _type(context: Any) -> Any:
        def typer(a: Any, b: Any) -> Any:
            return result if a is operands and b is operands else None

        return typer

    @lower_builtin(op, operands, operands)
    def _lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return build(builder, *args)


def _by_name(name: str) -> Callable[[Any, Any, Any], Any]:
    return lambda builder, a, b: getattr(builder, name)(a, b)


def _comparison(symbol: str, kind: str) -> Callable[[Any, Any, Any], Any]:
    return lambda builder, a, b: getattr(builder, kind)(symbol, a, b)


_INTEGER = {
    operator.add: "add", operator.sub: "sub", operator.mul: "mul", operator.and_: "and_", operator.or_: "or_",
    operator.xor: "xor", operator.lshift: "shl", operator.rshift: "lshr",
}  # fmt: skip
_FLOAT = {operator.add: "fadd", operator.sub: "fsub", operator.mul: "fmul", operator.truediv: "fdiv"}
_LOGIC = {operator.and_: "and_", operator.or_: "or_", operator.xor: "xor"}
_ORDER = {
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
}

for _op, _word in _INTEGER.items():
    _binary(_op, u32, u32, _by_name(_word))
    _binary(_op, u64, u64, _by_name(_word))
for _op, _word in _FLOAT.items():
    _binary(_op, f32, f32, _by_name(_word))
for _op, _word in _LOGIC.items():
    _binary(_op, mask, mask, _by_name(_word))
for _op, _word in _ORDER.items():
    _binary(_op, u32, mask, _comparison(_word, "icmp_unsigned"))
    # As everywhere, NaN differs from all.
    _binary(_op, f32, mask, _comparison(_word, "fcmp_unordered" if _word == "!=" else "fcmp_ordered"))


def _unary(operand: Lanes | None, result: Lanes | types.Type, build: Callable[[Any, Any], Any]) -> Any:
    @intrinsic
    def function(typingctx: Any, a: Any) -> Any:
        if operand is not None and a is not operand:
            return None
        return result(a), lambda context, builder, signature, args: build(builder, args[0])

    return function


to_float = _unary(u32, f32, lambda b, a: b.sitofp(a, f32.vector))
to_whole = _unary(f32, u32, lambda b, a: b.fptosi(a, u32.vector))
as_float = _unary(u32, f32, lambda b, a: b.bitcast(a, f32.vector))
as_bits = _unary(f32, u32, lambda b, a: b.bitcast(a, u32.vector))
as_halves = _unary(u32, u64, lambda b, a: b.bitcast(a, u64.vector))
as_lanes = _unary(u64, u32, lambda b, a: b.bitcast(a, u32.vector))
any_lane = _unary(
    mask,
    types.boolean,
    lambda b, a: b.icmp_unsigned("!=", b.bitcast(a, ir.IntType(16)), ir.Constant(ir.IntType(16), 0)),
)
square_root = _unary(f32, f32, lambda b, a: _call(b, "llvm.sqrt.v16f32", f32.vector, [a]))


def _call(builder: Any, name: str, vector: ir.VectorType, args: Any) -> Any:
    kind = ir.FunctionType(vector, [a.type for a in args])
    known = builder.module.globals.get(name)
    return builder.call(known or ir.Function(builder.module, kind, name), args)


def whole_registers(context: Any) -> bool:
    """Whether the processor compiled for is known to hold sixteen lanes in one register (AVX-512)."""
    return "+avx512f" in context.codegen().magic_tuple()[2]


def smaller(builder: Any, a: Any, b: Any) -> Any:
    """The unsigned minimum, as an instruction."""
    return _call(builder, f"llvm.umin.v{a.type.count}i32", a.type, [a, b])


def larger(builder: Any, a: Any, b: Any) -> Any:
    """The unsigned maximum, as an instruction."""
    return _call(builder, f"llvm.umax.v{a.type.count}i32", a.type, [a, b])


def _pair(build: Callable[[Any, Any, Any], Any]) -> Any:
    @intrinsic
    def function(typingctx: Any, a: Any, b: Any) -> Any:
        if a is not u32 or b is not u32:
            return None
        return u32(a, b), lambda context, builder, signature, args: build(builder, *args)

    return function


minimum, maximum = _pair(smaller), _pair(larger)


@intrinsic
def select(typingctx: Any, chosen: Any, a: Any, b: Any) -> Any:
    """Lanes of `a` where chosen, else of `b`."""
    if chosen is not mask or a is not b:
        return None
    return a(chosen, a, b), lambda context, builder, signature, args: builder.select(*args)


def spread_scalar(builder: Any, scalar: Any, vector: ir.VectorType) -> Any:
    """One scalar in every lane."""
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(_I32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(_I32, vector.count), [0] * vector.count))


def _spreader(result: Lanes, element: types.Type) -> Any:
    @intrinsic
    def spread(typingctx: Any, x: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return spread_scalar(builder, context.cast(builder, args[0], signature.args[0], element), result.vector)

        return result(x), codegen

    return spread


spread_u, spread_f, spread_64 = (
    _spreader(u32, types.uint32),
    _spreader(f32, types.float32),
    _spreader(u64, types.uint64),
)


@intrinsic
def lane_numbers(typingctx: Any) -> Any:
    """0 to 15."""
    return u32(), lambda context, builder, signature, args: ir.Constant(u32.vector, list(range(WIDTH)))


def _loader(result: Lanes) -> Any:
    @intrinsic
    def load(typingctx: Any, array: Any, row: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.load(
                row_pointer(context, builder, signature.args[0], args[0], args[1], result.vector), align=_BYTES
            )

        return result(array, row), codegen

    return load


def _storer(value: Lanes) -> Any:
    @intrinsic
    def store(typingctx: Any, array: Any, row: Any, lanes: Any) -> Any:
        if lanes is not value:
            return None

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pointer = row_pointer(context, builder, signature.args[0], args[0], args[1], value.vector)
            builder.store(args[2], pointer, align=_BYTES)
            return context.get_dummy_value()

        return types.void(array, row, lanes), codegen

    return store


load_u, load_f = _loader(u32), _loader(f32)
store_u, store_f = _storer(u32), _storer(f32)


@intrinsic
def look_up(typingctx: Any, table: Any, row: Any, place: Any) -> Any:
    """The element of a row of sixteen floats at each lane's place, 0 to 7."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = row_pointer(context, builder, signature.args[0], args[0], args[1], f32.vector)
        if whole_registers(context):
            values = builder.load(pointer, align=_BYTES)
            return _call(builder, "llvm.x86.avx512.permvar.sf.512", f32.vector, [values, args[2]])
        return _permuted_halves(builder, pointer, args[2])

    return f32(table, row, place), codegen


def _permuted_halves(builder: Any, pointer: Any, place: Any) -> Any:
    """Eight lanes at a time in the form that LLVM turns into one permutation where the processor has one."""
    half = ir.VectorType(_F32, WIDTH // 2)
    values = builder.load(builder.bitcast(pointer, half.as_pointer()), align=_BYTES)
    halves = []
    for start in (0, WIDTH // 2):
        numbers = ir.Constant(ir.VectorType(_I32, WIDTH // 2), list(range(start, start + WIDTH // 2)))
        places = builder.shuffle_vector(place, ir.Constant(u32.vector, ir.Undefined), numbers)
        found = ir.Constant(half, ir.Undefined)
        for i in range(WIDTH // 2):
            at = builder.extract_element(places, ir.Constant(_I32, i))
            found = builder.insert_element(found, builder.extract_element(values, at), ir.Constant(_I32, i))
        halves.append(found)
    return builder.shuffle_vector(*halves, ir.Constant(u32.vector, list(range(WIDTH))))


def aligned_rows(rows: int, dtype: Any) -> np.ndarray:
    """An array of that many rows of sixteen 32-bit elements, aligned, one-dimensional, with arbitrary contents."""
    raw = np.empty(rows * _BYTES + _BYTES, dtype=np.uint8)
    start = -raw.ctypes.data % _BYTES
    return raw[start : start + rows * _BYTES].view(dtype)
