"""Arithmetic, comparison and the choice between values: the operations behind Python's operators, and their relatives."""

from __future__ import annotations

import operator

import numpy as np

from ..families import ZERO, Real, elementwise, nondifferentiable

_ANY = Real(-3, 3, complex=True)
_NONZERO = Real(-3, 3, avoid=(0,), margin=0.2, complex=True)

add = elementwise(
    "add", np.add, [lambda g: g, lambda g: g], operator=operator.add, sample=[_ANY, _ANY]
)  # fmt: skip
subtract = elementwise(
    "subtract", np.subtract, [lambda g: g, lambda g: -g], operator=operator.sub, sample=[_ANY, _ANY]
)  # fmt: skip
multiply = elementwise(
    "multiply", np.multiply, [lambda y: y, lambda x: x], operator=operator.mul, sample=[_ANY, _ANY]
)  # fmt: skip
divide = elementwise(
    "divide", np.divide, [lambda g, y: g / y, lambda g, y, out: -(g * out / y)], operator=operator.truediv,
    sample=[_ANY, _NONZERO],
)  # fmt: skip
negative = elementwise("negative", np.negative, [lambda g: -g], sample=_ANY)
positive = elementwise("positive", np.positive, [lambda g: g], sample=_ANY)

equal = nondifferentiable("equal", np.equal, inputs=2, batch="elementwise", sample=[_ANY, _ANY])
not_equal = nondifferentiable("not_equal", np.not_equal, inputs=2, batch="elementwise", sample=[_ANY, _ANY])
less = nondifferentiable("less", np.less, inputs=2, batch="elementwise", sample=[Real(-3, 3), Real(-3, 3)])
less_equal = nondifferentiable("less_equal", np.less_equal, inputs=2, batch="elementwise", sample=[Real(-3, 3), Real(-3, 3)])
greater = nondifferentiable("greater", np.greater, inputs=2, batch="elementwise", sample=[Real(-3, 3), Real(-3, 3)])
greater_equal = nondifferentiable(
    "greater_equal", np.greater_equal, inputs=2, batch="elementwise", sample=[Real(-3, 3), Real(-3, 3)]
)


def _where(condition, x, y):  # type: ignore[no-untyped-def]
    return np.where(condition, x, y)


# A masked branch passes an exact zero: the cotangent is chosen by `where` too, never multiplied with 0.
where = elementwise(
    "where",
    _where,
    [ZERO, lambda g, condition: where(condition, g, 0), lambda g, condition: where(condition, 0, g)],
    sample=[Real(-1, 1), _ANY, _ANY],
)

# `stop_gradient` is the identity whose result carries no derivative, in any mode or order.
stop_gradient = nondifferentiable("stop_gradient", lambda x: x, batch="elementwise", sample=_ANY)
