"""Every exception that tetragrad raises on purpose. Each names the operation, shapes and dtypes, and the way out."""

from __future__ import annotations


class TetragradError(Exception):
    """Base class of tetragrad's own exceptions."""


class NonScalarError(TetragradError, ValueError):
    """A backward pass or `grad` was asked of a value with more than one element, without a cotangent."""


class CotangentError(TetragradError, ValueError):
    """A cotangent or tangent does not fit the value it belongs to (shape, dtype or structure)."""


class FreedGraphError(TetragradError, RuntimeError):
    """A backward pass reached nodes whose saved arrays an earlier backward pass had released."""


class NotRecordedError(TetragradError, RuntimeError):
    """A backward pass was asked of something that was never recorded."""


class DifferentiableTypeError(TetragradError, TypeError):
    """Integer or boolean (or non-numeric) values were asked for gradients."""


class MissingRuleError(TetragradError, NotImplementedError):
    """An operation has no derivative rule, or NumPy asked for a function that tetragrad does not have."""


class ShapeError(TetragradError, ValueError):
    """Operands whose shapes do not fit the operation."""


class OperationError(TetragradError, ValueError):
    """An operation refused its arguments; the message of the underlying library is included."""


class OperandTypeError(TetragradError, TypeError):
    """An operation was given an argument of a type that it does not work on."""


class EscapedValueError(TetragradError, RuntimeError):
    """A value left the transform (`jvp`, `vmap`, a trace) it belongs to, or was asked for concrete data it lacks."""


class GradientCheckError(TetragradError, AssertionError):
    """`check_grads` found a derivative that disagrees with the numerical one."""


class UntraceableError(TetragradError, TypeError):
    """A function that cannot be traced for compilation (it returns no array, or a value that has escaped)."""


class GraphError(TetragradError, AssertionError):
    """A traced graph that is not sound: a fault of a compiler pass, never of the program."""


class CompileWarning(RuntimeWarning):
    """The compiler failed on a function, which runs uncompiled instead."""
