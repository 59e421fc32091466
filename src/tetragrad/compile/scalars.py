"""Elementwise rows of the table as code on scalars, with NumPy's semantics, and the dtypes that they compute in.

`types` says which dtypes the operands of an operation are converted to first; `CODE` has the code for each row, which
takes a builder, those scalars and the row's parameters. Rows of mathematics (exp, sin, ...) are `maths`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .graph import Op, Value
from .values import Scalar

Code = Callable[..., Any]

CODES = {
    np.dtype(name): code
    for name, code in [
        ("float32", "f4"), ("float64", "f8"), ("bool", "b1"), ("int8", "i1"), ("int16", "i2"), ("int32", "i4"),
        ("int64", "i8"), ("uint8", "u1"), ("uint16", "u2"), ("uint32", "u4"), ("uint64", "u8"),
    ]
}  # fmt: skip
BITS = {"i1": 8, "i2": 16, "i4": 32, "i8": 64, "u1": 8, "u2": 16, "u4": 32, "u8": 64}

REALS: dict[Any, Any] = {np.dtype(np.complex64): np.dtype(np.float32), np.dtype(np.complex128): np.dtype(np.float64)}


def is_known(dtype: Any) -> bool:
    """Whether elements of a dtype can be computed with."""
    return dtype in CODES or dtype in REALS


def code_of(dtype: Any) -> str:
    """The type of a number, or of a part of a complex one."""
    return CODES[REALS.get(dtype, dtype)]


Types = tuple[list[Any], Any]


# -- dtypes -----------------------------------------------------------------------------------------------------------


def types(op: Op) -> Types | None:
    """The dtypes to which an operation converts its operands, and that of what it computes; None if not native."""
    if op.name not in CODE and op.name not in functions():
        return None
    rule = TYPES.get(op.name)
    found = rule(op) if rule is not None else _loop(op, op.primitive.value)
    if found is None or not all([dtype in CODES for dtype in (*found[0], found[1])]):
        return None
    if op.out.dtype not in CODES or not all([value.dtype in CODES for value in op.operands]):
        return None
    return found


def functions() -> dict[str, Code]:
    """The rows of mathematics."""
    from .maths import FUNCTIONS

    return FUNCTIONS


def _given(value: Value) -> Any:
    """How an operand takes part in promotion: a Python number by its type."""
    return {"i": int, "f": float, "c": complex, "b": bool}[value.dtype.kind] if value.weak else value.dtype


def _loop(op: Op, ufunc: Any) -> Types | None:
    if not isinstance(ufunc, np.ufunc):
        return _floating(op)
    given = [_given(value) for value in op.operands]
    if all([isinstance(each, type) for each in given]):
        given = [value.dtype for value in op.operands]
    try:
        *inside, out = ufunc.resolve_dtypes((*given, None))
    except TypeError:
        return None
    return inside, out


def _floating(op: Op) -> Types | None:
    """A function of SciPy's: in the floating dtype of the result."""
    return ([op.out.dtype] * len(op.operands), op.out.dtype) if op.out.dtype.kind == "f" else None


def _common(op: Op, *positions: int) -> Any:
    return np.result_type(*[_as_weak(op.operands[position]) for position in positions])


def _as_weak(value: Value) -> Any:
    if not value.weak:
        return value.dtype
    return {"i": 0, "f": 0.0, "c": 0j, "b": True}[value.dtype.kind]


def _like_out(op: Op) -> Types:
    return [op.out.dtype] * len(op.operands), op.out.dtype


def _where_types(op: Op) -> Types:
    return [np.dtype(bool), op.out.dtype, op.out.dtype], op.out.dtype


def _keep_types(op: Op) -> Types:
    return [op.out.dtype, np.dtype(bool)], op.out.dtype


def _share_types(op: Op) -> Types | None:
    if op.out.dtype.kind != "f":
        return None
    common = _common(op, 1, 2)
    return [op.out.dtype, common, common], op.out.dtype


def _clip_types(op: Op) -> Types | None:
    bounds = [i for i, value in enumerate(op.operands) if value.dtype.kind != "O"]
    return _like_out(op) if len(bounds) == 3 else None


def _own(op: Op) -> Types:
    return [op.operands[0].dtype], op.out.dtype


def _sign_only(op: Op) -> Types | None:
    return ([op.operands[0].dtype], np.dtype(bool)) if op.operands[0].dtype.kind == "f" else None


def _ldexp_types(op: Op) -> Types | None:
    return ([op.out.dtype, np.dtype(np.int64)], op.out.dtype) if op.out.dtype.kind == "f" else None


def _power_types(op: Op) -> Types | None:
    exponent = op.params["exponent"]
    if op.out.dtype.kind != "f" or type(exponent) not in (int, float):
        return None
    whole = float(exponent) in _CHAINS
    return _like_out(op) if whole or "power" in functions() else None


def _float_only(op: Op) -> Types | None:
    found = _loop(op, op.primitive.value)
    return found if found is not None and found[1].kind == "f" else None


def _isclose_types(op: Op) -> Types | None:
    common = _common(op, 0, 1)
    return ([common, common], np.dtype(bool)) if common.kind == "f" else None


def _compared(op: Op) -> Types | None:
    found = _loop(op, op.primitive.value)
    return found if found is not None and found[0][0] == found[0][1] else None


def _half(op: Op) -> Types | None:
    return _like_out(op) if op.out.dtype.kind == "f" else None


TYPES: dict[str, Callable[[Op], Types | None]] = {
    "where": _where_types, "keep": _keep_types, "larger_share": _share_types, "clip": _clip_types,
    "astype": _own, "astype_discrete": _own, "stop_gradient": _own, "isposinf": _sign_only, "isneginf": _sign_only,
    "ldexp": _ldexp_types, "scalar_power": _power_types, "isclose": _isclose_types, "nan_to_num": _half,
    "expit": _half, "power": _float_only, "conj": _own, "real": _own, "imag": _own, "from_start": _own,
    "equal": _compared, "not_equal": _compared, "less": _compared, "less_equal": _compared, "greater": _compared,
    "greater_equal": _compared, "reciprocal": _float_only, "divide": _float_only,
}  # fmt: skip


# -- arithmetic -------------------------------------------------------------------------------------------------------


def _of_numbers(code: Code, logic: Code) -> Code:
    """NumPy's arithmetic of booleans is logic."""
    return lambda b, x, y: logic(x, y) if x.type == "b1" else code(x, y)


def _square(b: Any, x: Scalar) -> Scalar:
    return x & x if x.type == "b1" else x * x


# Of equal floats (two zeros) the second one, as NumPy.


def _maximum(b: Any, x: Scalar, y: Scalar) -> Scalar:
    return b.select(x != x, x, b.select(x > y, x, y)) if x.type[0] == "f" else b.maximum(x, y)


def _minimum(b: Any, x: Scalar, y: Scalar) -> Scalar:
    return b.select(x != x, x, b.select(x < y, x, y)) if x.type[0] == "f" else b.minimum(x, y)


def _fmax(b: Any, x: Scalar, y: Scalar) -> Scalar:
    return b.select(y != y, x, b.select(x > y, x, y)) if x.type[0] == "f" else b.maximum(x, y)


def _fmin(b: Any, x: Scalar, y: Scalar) -> Scalar:
    return b.select(y != y, x, b.select(x < y, x, y)) if x.type[0] == "f" else b.minimum(x, y)


def _clip(b: Any, x: Scalar, low: Scalar, high: Scalar) -> Scalar:
    return _minimum(b, _maximum(b, x, low), high)


def _sign(b: Any, x: Scalar) -> Scalar:
    kind = x.type[0]
    zero, one = b.const(x.type, 0), b.const(x.type, 1)
    if kind == "u":
        return b.select(x == 0, zero, one)
    signed = b.select(x > 0, one, b.select(x < 0, b.const(x.type, -1), zero))
    return b.select(x != x, x, signed) if kind == "f" else signed


def _absolute(b: Any, x: Scalar) -> Scalar:
    return x if x.type[0] in "ub" else b.abs(x)


def _heaviside(b: Any, x: Scalar, y: Scalar) -> Scalar:
    one, zero = b.const(x.type, 1), b.const(x.type, 0)
    return b.select(x != x, x, b.select(x == 0, y, b.select(x < 0, zero, one)))


def _signbit(b: Any, x: Scalar) -> Scalar:
    if x.type[0] == "f":
        return b.bitcast(x, "i" + x.type[1]) < 0
    return x < 0 if x.type[0] == "i" else b.const("b1", 0)


def _isfinite(b: Any, x: Scalar) -> Scalar:
    return b.abs(x) < math.inf if x.type[0] == "f" else b.const("b1", 1)


def _isinf(b: Any, x: Scalar) -> Scalar:
    return b.abs(x) == math.inf if x.type[0] == "f" else b.const("b1", 0)


def _isnan(b: Any, x: Scalar) -> Scalar:
    return x != x if x.type[0] == "f" else b.const("b1", 0)


def _isclose(b: Any, x: Scalar, y: Scalar, *, rtol: float, atol: float, equal_nan: bool) -> Scalar:
    near = (b.abs(x - y) <= b.const(x.type, atol) + b.const(x.type, rtol) * b.abs(y)) & _isfinite(b, y)
    near = near | (x == y)
    return near | ((x != x) & (y != y)) if equal_nan else near


def _nan_to_num(b: Any, x: Scalar, *, nan: float, posinf: float | None, neginf: float | None) -> Scalar:
    info: Any = np.finfo(np.dtype(x.type))
    high = b.const(x.type, float(info.max) if posinf is None else posinf)
    low = b.const(x.type, float(info.min) if neginf is None else neginf)
    limited = b.select(x == math.inf, high, b.select(x == -math.inf, low, x))
    return b.select(x != x, b.const(x.type, nan), limited)


# -- division with remainder: of integers, by zero gives zero; of floats, as Python's ----------------------------------


def _constant(y: Scalar) -> int:
    """An integer that is known and positive, or 0."""
    return max(int(y.text), 0) if y.is_constant else 0


def _safe_divisor(b: Any, x: Scalar, y: Scalar) -> tuple[Scalar, Scalar]:
    """A divisor that no machine traps on, and whether the quotient is exceptional."""
    if _constant(y):
        return y, b.const("b1", False)
    bad = y == 0
    if x.type[0] == "i":
        smallest = -(1 << (BITS[x.type] - 1))
        bad = bad | ((y == -1) & (x == smallest))
    return b.select(bad, b.const(x.type, 1), y), bad


def _floored(b: Any, x: Scalar, divisor: Scalar) -> tuple[Scalar, Scalar]:
    """Quotient and remainder of integers, the quotient rounded down."""
    known = _constant(divisor)
    if known & (known - 1) == 0 and known:
        return x >> known.bit_length() - 1, x & known - 1
    quotient = x / divisor
    rest = x - quotient * divisor
    if x.type[0] == "i":
        wrong = rest < 0 if known else (rest != 0) & ((rest ^ divisor) < 0)
        quotient, rest = b.select(wrong, quotient - 1, quotient), b.select(wrong, rest + divisor, rest)
    return quotient, rest


def _floor_divide(b: Any, x: Scalar, y: Scalar) -> Scalar:
    kind = x.type[0]
    if kind == "f":
        return _float_divmod(b, x, y)[0]
    if kind == "b":
        return x & y
    quotient, _ = _floored(b, x, _safe_divisor(b, x, y)[0])
    return quotient if _constant(y) else b.select(y == 0, b.const(x.type, 0), quotient)


def _remainder(b: Any, x: Scalar, y: Scalar) -> Scalar:
    if x.type[0] == "f":
        return _float_divmod(b, x, y)[1]
    divisor, bad = _safe_divisor(b, x, y)
    _, rest = _floored(b, x, divisor)
    return rest if _constant(y) else b.select(bad, b.const(x.type, 0), rest)


def _fmod(b: Any, x: Scalar, y: Scalar) -> Scalar:
    if x.type[0] == "f":
        return x % y
    divisor, bad = _safe_divisor(b, x, y)
    return b.select(bad, b.const(x.type, 0), x % divisor)


def _float_divmod(b: Any, x: Scalar, y: Scalar) -> tuple[Scalar, Scalar]:
    """NumPy's `npy_divmod`."""
    rest = x % y
    quotient = (x - rest) / y
    wrong = (rest != 0) & ((y < 0) ^ (rest < 0))
    zero = b.copysign(b.const(x.type, 0), y)
    remainder = b.select(rest == 0, zero, b.select(wrong, rest + y, rest))
    quotient = b.select(wrong, quotient - 1, quotient)
    floored = b.floor(quotient)
    floored = b.select(quotient - floored > 0.5, floored + 1, floored)
    floored = b.select(quotient == 0, b.copysign(b.const(x.type, 0), x / y), floored)
    return b.select(y == 0, x / y, floored), b.select(y == 0, rest, remainder)


# -- bits -------------------------------------------------------------------------------------------------------------


def _shift(left: bool) -> Code:
    def code(b: Any, x: Scalar, y: Scalar) -> Scalar:
        bits = BITS[x.type]
        inside = (y >= 0) & (y < bits) if x.type[0] == "i" else y < bits
        count = b.select(inside, y, b.const(y.type, 0))
        if left:
            return b.select(inside, x << count, b.const(x.type, 0))
        beyond = x >> (bits - 1) if x.type[0] == "i" else b.const(x.type, 0)
        return b.select(inside, x >> count, beyond)

    return code


# -- choice -----------------------------------------------------------------------------------------------------------


def _where(b: Any, condition: Scalar, x: Scalar, y: Scalar) -> Scalar:
    return b.select(condition, x, y)


def _keep(b: Any, x: Scalar, condition: Scalar) -> Scalar:
    return b.select(condition, x, b.const(x.type, 0))


def _larger_share(b: Any, g: Scalar, x: Scalar, y: Scalar) -> Scalar:
    return b.select(x > y, g, b.select(x == y, g * 0.5, b.const(g.type, 0)))


def _from_start(b: Any, x: Scalar, *, length: int) -> Scalar:
    return b.select(x < 0, x + length, x) if x.type[0] == "i" else x


# -- powers -----------------------------------------------------------------------------------------------------------

_CHAINS: dict[float, Callable[[Any, Scalar], Scalar]] = {
    0.0: lambda b, x: b.const(x.type, 1),
    1.0: lambda b, x: x,
    2.0: lambda b, x: x * x,
    3.0: lambda b, x: x * x * x,
    4.0: lambda b, x: (x * x) * (x * x),
    -1.0: lambda b, x: 1 / x,
    -2.0: lambda b, x: 1 / (x * x),
    0.5: lambda b, x: b.sqrt(x),
}


def _scalar_power(b: Any, x: Scalar, *, exponent: float) -> Scalar:
    chain = _CHAINS.get(float(exponent))
    if chain is not None:
        return chain(b, x)
    return functions()["power"](b, x, b.const(x.type, exponent))


def _ldexp(b: Any, x: Scalar, exponent: Scalar) -> Scalar:
    """By three powers of two, so that no intermediate result overflows or loses bits that the result has."""
    bits, bias = (23, 127) if x.type == "f4" else (52, 1023)
    integer = "i" + x.type[1]
    limit = 3 * (bias - 1)
    exponent = b.minimum(b.maximum(exponent, b.const("i8", -limit)), limit)
    third = exponent >> 2
    rest = exponent - third * 3

    def power(k: Scalar) -> Scalar:
        return b.bitcast(b.convert((k + bias) << bits, integer), x.type)

    step = power(third)
    return x * power(rest) * step * step * step


def _scaled_by(above: float, below: float) -> Code:
    """By a quotient in the number's own precision."""

    def code(b: Any, x: Scalar) -> Scalar:
        number = np.dtype(x.type).type
        return x * float(number(above) / number(below))

    return code


CODE: dict[str, Code] = {
    "add": _of_numbers(lambda x, y: x + y, lambda x, y: x | y),
    "subtract": lambda b, x, y: x - y,
    "multiply": _of_numbers(lambda x, y: x * y, lambda x, y: x & y),
    "divide": lambda b, x, y: x / y,
    "negative": lambda b, x: -x,
    "positive": lambda b, x: x,
    "square": _square,
    "reciprocal": lambda b, x: 1 / x,
    "sqrt": lambda b, x: b.sqrt(x),
    "absolute": _absolute,
    "fabs": _absolute,
    "sign": _sign,
    "copysign": lambda b, x, y: b.copysign(x, y),
    "heaviside": _heaviside,
    "maximum": _maximum,
    "minimum": _minimum,
    "fmax": _fmax,
    "fmin": _fmin,
    "clip": _clip,
    "floor_divide": _floor_divide,
    "remainder": _remainder,
    "fmod": _fmod,
    "floor": lambda b, x: b.floor(x) if x.type[0] == "f" else x,
    "ceil": lambda b, x: b.ceil(x) if x.type[0] == "f" else x,
    "trunc": lambda b, x: b.trunc(x) if x.type[0] == "f" else x,
    "rint": lambda b, x: b.rint(x) if x.type[0] == "f" else x,
    "deg2rad": _scaled_by(math.pi, 180),
    "rad2deg": _scaled_by(180, math.pi),
    "equal": lambda b, x, y: x == y,
    "not_equal": lambda b, x, y: x != y,
    "less": lambda b, x, y: x < y,
    "less_equal": lambda b, x, y: x <= y,
    "greater": lambda b, x, y: x > y,
    "greater_equal": lambda b, x, y: x >= y,
    "isnan": _isnan,
    "isinf": _isinf,
    "isfinite": _isfinite,
    "isposinf": lambda b, x: x == math.inf,
    "isneginf": lambda b, x: x == -math.inf,
    "signbit": _signbit,
    "isclose": _isclose,
    "logical_not": lambda b, x: ~b.convert(x, "b1"),
    "logical_and": lambda b, x, y: b.convert(x, "b1") & b.convert(y, "b1"),
    "logical_or": lambda b, x, y: b.convert(x, "b1") | b.convert(y, "b1"),
    "logical_xor": lambda b, x, y: b.convert(x, "b1") ^ b.convert(y, "b1"),
    "invert": lambda b, x: ~x,
    "bitwise_and": lambda b, x, y: x & y,
    "bitwise_or": lambda b, x, y: x | y,
    "bitwise_xor": lambda b, x, y: x ^ y,
    "left_shift": _shift(True),
    "right_shift": _shift(False),
    "where": _where,
    "keep": _keep,
    "larger_share": _larger_share,
    "from_start": _from_start,
    "nan_to_num": _nan_to_num,
    "scalar_power": _scalar_power,
    "ldexp": _ldexp,
    "astype": lambda b, x: x,
    "astype_discrete": lambda b, x: x,
    "stop_gradient": lambda b, x: x,
    "conj": lambda b, x: x,
    "real": lambda b, x: x,
    "imag": lambda b, x: b.const(x.type, 0),
}


@cache
def function_names() -> frozenset[str]:
    """Rows of mathematics: of a loop with them, two vectors at a time should be at work."""
    return frozenset(functions()) - CODE.keys()


def convert(b: Any, x: Scalar, type: str) -> Scalar:
    """NumPy's cast: a float goes to a small integer by way of a large one."""
    if x.type[0] == "f" and type in ("i1", "i2", "u1", "u2"):
        x = b.convert(x, "i4")
    elif x.type[0] == "f" and type == "u4":
        x = b.convert(x, "i8")
    return b.convert(x, type)


def emit(b: Any, name: str, args: list[Scalar], params: dict[str, Any]) -> Scalar:
    """The code of a row."""
    code = CODE.get(name) or functions()[name]
    return code(b, *args, **params)


def weight(name: str) -> int:
    """About how many simple instructions a row takes."""
    if name in _HEAVY:
        return _HEAVY[name]
    return 1 if name in CODE else 20


_HEAVY = {"divide": 4, "sqrt": 5, "floor_divide": 12, "remainder": 12, "fmod": 12, "power": 60,
          "scalar_power": 10, "reciprocal": 4}  # fmt: skip
