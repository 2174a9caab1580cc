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
from numba import njit, types
from numba.core.datamodel.models import PrimitiveModel
from numba.extending import lower_builtin, register_model, type_callable

from equipoise.kernels.compiled.tracing import OPERATORS, WHOLE_REGISTERS, half_traced, intrinsic, traced

__all__ = ["intrinsic", "traced"]

WIDTH = 16
_BYTES = 64

# Whose undocumented options type checkers do not know.
_jit: Any = njit
# Compiled without reference counts, of which numba would take one for every array at every call.
_PLAIN: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy", "_nrt": False}
# For functions that Python calls.
entry = _jit(cache=True, **_PLAIN)
# For functions that only compiled functions call: without the wrappers for Python they compile in half the time.
inner = _jit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_PLAIN)
# The same, put into the caller by numba before either is compiled.
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


def traced_vector(kind: Lanes) -> ir.VectorType:
    """The vector that stands for a type where it is traced: of all lanes, or of half of them."""
    whole: ir.VectorType = kind.vector
    return whole if half_traced() is None else ir.VectorType(whole.element, whole.count // 2)


def vector_constant(vector: ir.VectorType, value: int | float) -> ir.Constant:
    """The same value in every lane."""
    return ir.Constant(vector, [value] * vector.count)


def row_pointer(context: Any, builder: Any, array_type: Any, array: Any, row: Any, vector: ir.VectorType) -> Any:
    """The address of a row of an array."""
    data = context.make_array(array_type)(context, builder, array).data
    wide = builder.zext(row, _I64) if row.type.width < 64 else row
    place = builder.mul(wide, ir.Constant(_I64, WIDTH))
    if half_traced():
        place = builder.add(place, ir.Constant(_I64, WIDTH // 2))
    return builder.bitcast(builder.gep(data, [place]), vector.as_pointer())


def _binary(op: Any, operands: Lanes, result: Lanes, build: Callable[[Any, Any, Any], Any]) -> None:
    OPERATORS[op, operands] = result, build

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
    # As signed numbers, in one instruction everywhere: what is compared is below 2^31, or `below` compares it.
    _binary(_op, u32, mask, _comparison(_word, "icmp_signed"))
    # As everywhere, NaN differs from all.
    _binary(_op, f32, mask, _comparison(_word, "fcmp_unordered" if _word == "!=" else "fcmp_ordered"))


def _unary(operand: Lanes | None, result: Lanes | types.Type, build: Callable[[Any, Any], Any]) -> Any:
    @intrinsic
    def function(typingctx: Any, a: Any) -> Any:
        if operand is not None and a is not operand:
            return None
        return result(a), lambda context, builder, signature, args: build(builder, args[0])

    return function


to_float = _unary(u32, f32, lambda b, a: b.sitofp(a, traced_vector(f32)))
to_whole = _unary(f32, u32, lambda b, a: b.fptosi(a, traced_vector(u32)))
as_float = _unary(u32, f32, lambda b, a: b.bitcast(a, traced_vector(f32)))
as_bits = _unary(f32, u32, lambda b, a: b.bitcast(a, traced_vector(u32)))
as_halves = _unary(u32, u64, lambda b, a: b.bitcast(a, u64.vector))
as_lanes = _unary(u64, u32, lambda b, a: b.bitcast(a, u32.vector))
any_lane = _unary(
    mask,
    types.boolean,
    lambda b, a: b.icmp_unsigned(
        "!=", b.bitcast(a, ir.IntType(a.type.count)), ir.Constant(ir.IntType(a.type.count), 0)
    ),
)
square_root = _unary(f32, f32, lambda b, a: _call(b, f"llvm.sqrt.v{a.type.count}f32", a.type, [a]))


def _call(builder: Any, name: str, vector: ir.VectorType, args: Any) -> Any:
    kind = ir.FunctionType(vector, [a.type for a in args])
    known = builder.module.globals.get(name)
    return builder.call(known or ir.Function(builder.module, kind, name), args)


def whole_registers(context: Any) -> bool:
    """Whether the processor compiled for is known to hold sixteen lanes in one register (AVX-512)."""
    return "+avx512f" in context.codegen().magic_tuple()[2]


WHOLE_REGISTERS[0] = whole_registers


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
def below(typingctx: Any, a: Any, b: Any) -> Any:
    """a < b of words of all 32 bits."""
    if a is not u32 or b is not u32:
        return None
    return mask(a, b), lambda context, builder, signature, args: builder.icmp_unsigned("<", *args)


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
            scalar = context.cast(builder, args[0], signature.args[0], element)
            return spread_scalar(builder, scalar, traced_vector(result))

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
            vector = traced_vector(result)
            return builder.load(
                row_pointer(context, builder, signature.args[0], args[0], args[1], vector), align=4 * vector.count
            )

        return result(array, row), codegen

    return load


def _storer(value: Lanes) -> Any:
    @intrinsic
    def store(typingctx: Any, array: Any, row: Any, lanes: Any) -> Any:
        if lanes is not value:
            return None

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            vector = traced_vector(value)
            pointer = row_pointer(context, builder, signature.args[0], args[0], args[1], vector)
            builder.store(args[2], pointer, align=4 * vector.count)
            return context.get_dummy_value()

        return types.void(array, row, lanes), codegen

    return store


load_u, load_f = _loader(u32), _loader(f32)
store_u, store_f = _storer(u32), _storer(f32)


@intrinsic
def look_up(typingctx: Any, table: Any, row: Any, place: Any) -> Any:
    """The element of a row of sixteen floats at each lane's place, 0 to 7."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if whole_registers(context):
            pointer = row_pointer(context, builder, signature.args[0], args[0], args[1], f32.vector)
            values = builder.load(pointer, align=_BYTES)
            return _call(builder, "llvm.x86.avx512.permvar.sf.512", f32.vector, [values, args[2]])
        return _permuted(context, builder, signature.args[0], args)

    return f32(table, row, place), codegen


def _permuted(context: Any, builder: Any, table_type: Any, args: Any) -> Any:
    """Half of the lanes, in the form that LLVM turns into one permutation where the processor has one."""
    table, row, places = args
    half = ir.VectorType(_F32, WIDTH // 2)
    # The table's first half holds all that is looked up, whichever half of the lanes asks.
    data = context.make_array(table_type)(context, builder, table).data
    place = builder.mul(builder.zext(row, _I64) if row.type.width < 64 else row, ir.Constant(_I64, WIDTH))
    values = builder.load(builder.bitcast(builder.gep(data, [place]), half.as_pointer()), align=_BYTES)
    found = ir.Constant(half, ir.Undefined)
    for i in range(WIDTH // 2):
        at = builder.extract_element(places, ir.Constant(_I32, i))
        found = builder.insert_element(found, builder.extract_element(values, at), ir.Constant(_I32, i))
    return found


def aligned_rows(rows: int, dtype: Any) -> np.ndarray:
    """An array of that many rows of sixteen 32-bit elements, aligned, one-dimensional, with arbitrary contents."""
    raw = np.empty(rows * _BYTES + _BYTES, dtype=np.uint8)
    start = -raw.ctypes.data % _BYTES
    return raw[start : start + rows * _BYTES].view(dtype)
