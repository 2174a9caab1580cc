"""Instructions from ordinary Python: functions that run once, while their caller is compiled.

`intrinsic` defines one operation of compiled code. `traced` puts operations together: the function's Python runs with
stand-ins for its arguments, and what it does to them becomes instructions in the caller. numba infers no types in a
traced function and makes no function of it, so straight code of many operations compiles in a fraction of the time. Its
branches and loops are Python's: they are decided and unrolled while it is traced.

Where a register holds half of the lanes, a traced function runs once for each half, with vectors of half the lanes:
LLVM turns comparisons of whole ones into packed bytes and back, which took four times as long in the log-rank scan.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite.ir import ArrayType, Constant, IntType, LiteralStructType, Undefined, VectorType
from numba import types
from numba.core import extending

# Operators of values: (operator, type of both) to the type of the result and what builds it.
OPERATORS: dict[tuple[Any, Any], tuple[Any, Callable[..., Any]]] = {}
# What `numba.extending.intrinsic` makes; these have a call of their own.
_Intrinsic: Any = vars(extending)["_Intrinsic"]
# Whether a target's registers hold all lanes: set by the module that defines them.
WHOLE_REGISTERS: list[Callable[[Any], bool]] = [lambda _: True]
_WHOLE = {operator.add: "add", operator.sub: "sub", operator.mul: "mul"}

# The target and the builder of the function being compiled, None while only types are asked for, and which half of the
# lanes is traced, None for all of them.
_under_way: list[tuple[Any, Any, int | None]] = []


class Value:
    """A value of compiled code, known by its numba type; `ir` is None while only types are asked for."""

    __slots__ = ("ir", "type")

    def __init__(self, kind: Any, ir: Any) -> None:
        self.type, self.ir = kind, ir

    def __getitem__(self, place: int) -> Any:
        context, builder, _ = _under_way[-1]
        if builder is None:
            return Value(self.type.dtype, None)
        data = context.make_array(self.type)(context, builder, self.ir).data
        return Value(self.type.dtype, builder.load(builder.gep(data, [lift(place).ir])))


def _binary(op: Any) -> Any:
    def apply(self: Value, other: Any) -> Value:
        context, builder, _ = _under_way[-1]
        other = lift(other)
        kind, build = OPERATORS.get((op, self.type), (None, None))
        if kind is not None and other.type is self.type:
            return Value(kind, build and builder and build(builder, self.ir, other.ir))
        if op not in _WHOLE or not all(v.type in types.integer_domain for v in (self, other)):
            raise TypeError(f"no {op.__name__} of {self.type} and {other.type}")
        both = builder and [context.cast(builder, v.ir, v.type, types.int64) for v in (self, other)]
        return Value(types.int64, builder and getattr(builder, _WHOLE[op])(*both))

    return apply


for _op in ("add", "sub", "mul", "truediv", "and", "or", "xor", "lshift", "rshift", "lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Value, f"__{_op}__", _binary(getattr(operator, f"{_op}_" if _op in ("and", "or") else _op)))
# A number of Python may come first where the order does not matter.
Value.__radd__, Value.__rmul__ = Value.__add__, Value.__mul__  # pyright: ignore[reportAttributeAccessIssue]


def lift(given: Any) -> Any:
    """A number of Python as a constant; values and tuples of them as they are."""
    if isinstance(given, (Value, tuple)):
        return given
    single, double = type(given) is np.float32, type(given) is float
    kind = types.float32 if single else types.float64 if double else types.int64
    context, builder, _ = _under_way[-1]
    return Value(kind, builder and context.get_constant(kind, given))


def _kinds(kind: Any) -> Any:
    """The types of a tuple's values."""
    return list(kind)


def _type_of(given: Any) -> Any:
    return types.BaseTuple.from_types([_type_of(each) for each in given]) if isinstance(given, tuple) else given.type


def _packed(given: Any) -> Any:
    """What compiled code holds: a value, or a tuple as one."""
    _, builder, _ = _under_way[-1]
    if builder is None or not isinstance(given, tuple):
        return given if builder is None else given.ir
    return structure(builder, [_packed(each) for each in given], _type_of(given))


def _unpacked(kind: Any, ir: Any) -> Any:
    """The value of a type; a tuple, named or not, as one of Python."""
    if not isinstance(kind, types.BaseTuple):
        return Value(types.unliteral(kind), ir)
    _, builder, _ = _under_way[-1]
    each = [_unpacked(own, builder and builder.extract_value(ir, i)) for i, own in enumerate(_kinds(kind))]
    return vars(kind)["instance_class"](*each) if isinstance(kind, types.BaseNamedTuple) else tuple(each)


class _Operation(_Intrinsic):
    """An intrinsic that traced functions can call."""

    def __call__(self, *args: Any) -> Any:
        context, builder, _ = _under_way[-1]
        values = [lift(each) for each in args]
        found = self._defn(None, *(_type_of(each) for each in values))
        if found is None:
            raise TypeError(f"{self} takes no {[str(_type_of(each)) for each in values]}")
        signature, build = found
        return _unpacked(
            signature.return_type, builder and build(context, builder, signature, [_packed(each) for each in values])
        )


class _Traced(_Intrinsic):
    """A traced function; other traced functions run its Python as their own."""

    def __call__(self, *args: Any) -> Any:
        return self._ctor_kwargs["function"](*args)


def intrinsic(define: Callable[..., Any]) -> Any:
    """`numba.extending.intrinsic`, for traced functions too."""
    found: Any = _Operation(define.__name__, define)
    found._register()
    return found


def half_traced() -> int | None:
    """Which half of the lanes instructions are now asked for, None for all of them."""
    return _under_way[-1][2] if _under_way else None


def traced(function: Callable[..., Any]) -> Any:
    """Puts the function's operations into every caller."""

    def define(_typing: Any, *given: Any) -> Any:
        given = tuple(types.unliteral(kind) for kind in given)
        result = _type_of(_trace(function, given, given, (None, None, None)))

        def build(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
            if WHOLE_REGISTERS[0](context):
                return _trace(function, given, args, (context, builder, None))
            halves = [
                _trace(function, given, [_half(builder, k, ir, half) for k, ir in zip(given, args, strict=True)],
                       (context, builder, half)) for half in (0, 1)
            ]  # fmt: skip
            return _joined(builder, result, *halves)

        return result(*given), build

    # numba reads off how many arguments there are.
    own = inspect.signature(function)
    first = inspect.Parameter("typing", inspect.Parameter.POSITIONAL_ONLY)
    define.__signature__ = own.replace(  # pyright: ignore[reportFunctionMemberAccess]
        parameters=[first, *own.parameters.values()], return_annotation=inspect.Signature.empty
    )
    found: Any = _Traced(function.__name__, define, function=function)
    found._register()
    found.__doc__ = function.__doc__
    return found


def _trace(function: Any, kinds: Any, args: Any, place: Any) -> Any:
    context, builder, _ = place
    _under_way.append(place)
    try:
        result = function(*(_unpacked(kind, builder and ir) for kind, ir in zip(kinds, args, strict=True)))
        if result is None:
            return context.get_dummy_value() if builder else Value(types.void, None)
        return _packed(result)
    finally:
        _under_way.pop()


def _half(builder: Any, kind: Any, ir: Any, half: int) -> Any:
    """Half of the lanes of a value; of a tuple, of each of its values."""
    if isinstance(kind, types.BaseTuple):
        parts = [_half(builder, own, builder.extract_value(ir, i), half) for i, own in enumerate(_kinds(kind))]
        return structure(builder, parts, kind)
    if not isinstance(ir.type, VectorType):
        return ir
    count = ir.type.count // 2
    places = Constant(VectorType(IntType(32), count), list(range(half * count, half * count + count)))
    return builder.shuffle_vector(ir, Constant(ir.type, Undefined), places)


def _joined(builder: Any, kind: Any, low: Any, high: Any) -> Any:
    """Both halves of a value; true of a truth value that holds for either."""
    if isinstance(kind, types.BaseTuple):
        parts = [
            _joined(builder, own, builder.extract_value(low, i), builder.extract_value(high, i))
            for i, own in enumerate(_kinds(kind))
        ]
        return structure(builder, parts, kind)
    if isinstance(kind, types.Boolean):
        return builder.or_(low, high)
    if not isinstance(low.type, VectorType):
        return low
    count = 2 * low.type.count
    return builder.shuffle_vector(low, high, Constant(VectorType(IntType(32), count), list(range(count))))


def structure(builder: Any, parts: list[Any], kind: Any) -> Any:
    """Parts as one value of a tuple's type, or of one like it with half of the lanes."""
    kinds = [part.type for part in parts]
    alike = isinstance(kind, (types.UniTuple, types.NamedUniTuple))
    found = Constant(ArrayType(kinds[0], len(kinds)) if alike else LiteralStructType(kinds), Undefined)
    for i, part in enumerate(parts):
        found = builder.insert_value(found, part, i)
    return found
