"""`Node`, a recorded operation, and `Tensor`, a value with the node that made it.

A Tensor is only the pair (value, node). Nodes point to their parents' nodes and to the arrays their rule reads, never
to
Tensors, so a graph holds no reference cycle and nothing that no rule names; when a rule must itself be recorded (higher
orders), a saved array is wrapped again with the node it came from.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .locks import one_at_a_time

# Between two threads of free-threaded Python the counter alone could step back, and the order of a graph be lost.
next_number: Callable[[], int] = one_at_a_time(itertools.count(1).__next__)

# A node whose residuals were released by a backward pass has this in their place.
FREED = None


class Node:
    """One recorded operation. Numbers grow with creation, so descending order is a backward topological order."""

    # `hooks` (see `core.hooks`) stays unset until one is registered.
    __slots__ = ("__weakref__", "dtype", "hooks", "number", "parents", "primitive", "residuals", "shape")

    if TYPE_CHECKING:
        hooks: Any

    primitive: Any
    parents: tuple[Any, ...]
    residuals: Any
    number: int
    shape: tuple[int, ...]
    dtype: Any

    # No __init__: the hot path makes nodes by plain stores.

    @classmethod
    def make(cls, primitive: Any, parents: tuple[Any, ...], residuals: Any, shape: tuple[int, ...], dtype: Any) -> Any:
        """A node with the next number."""
        node = cls()
        node.fill(primitive, parents, residuals, shape, dtype)
        return node

    def fill(
        self, primitive: Any, parents: tuple[Any, ...], residuals: Any, shape: tuple[int, ...], dtype: Any
    ) -> None:
        """Set everything, with the next number."""
        self.primitive = primitive
        self.parents = parents
        self.residuals = residuals
        self.number = next_number()
        self.shape = shape
        self.dtype = dtype

    def is_live(self) -> bool:
        """Whether this is a variable whose gradient somebody can still ask for."""
        return False

    @property
    def name(self) -> str:
        """The operation, or ``leaf``."""
        return "leaf" if self.primitive is None else self.primitive.name

    def register_hook(self, hook: Any) -> Any:
        """Call ``hook(cotangents of the parents, cotangent)`` when the rule has run; it may return other cotangents."""
        from . import hooks

        return hooks.register(self, "after", hook, hooks.default_face)

    def register_prehook(self, hook: Any) -> Any:
        """Call ``hook(cotangent)`` before the rule runs; it may return another cotangent."""
        from . import hooks

        return hooks.register(self, "before", hook, hooks.default_face)

    def __repr__(self) -> str:
        return f"<Node {self.number} {self.name} {self.dtype}{list(self.shape)}>"


class Leaf(Node):
    """The node of a variable: it has no parents.

    It knows (weakly) the Tensor whose `.grad` it feeds, or belongs to a transform (`owner` None) until that retires it.
    """

    __slots__ = ("owner", "retired")

    def __init__(self, shape: tuple[int, ...], dtype: Any, owner: Tensor | None = None) -> None:
        self.fill(None, (), (), shape, dtype)
        self.owner = None if owner is None else weakref.ref(owner)
        self.retired = False

    def is_live(self) -> bool:
        """Whether somebody can still ask for this variable's gradient."""
        return not self.retired if self.owner is None else self.owner() is not None


class Tensor:
    """A value and the node that made it (None for a constant). The faces add their names on top of this.

    The value is a NumPy array or scalar, a `Boxed` value of a running transform, or any array that follows NumPy's
    protocols.
    """

    # `_grad` and `_alias` (see `mutation`) stay unset until they are needed.
    __slots__ = ("__weakref__", "_alias", "_grad", "_node", "_value")

    # Whether the `.grad` of complex variables holds the conjugate of the cotangent, as some frameworks have it.
    _conjugate_grad = False

    # A face whose `.grad` is not a sum has here a method that takes what a backward pass found.
    _receive_gradient: Callable[[Any], None] | None = None

    # Arrays leave mixed operators to Tensor's own; a face may answer NumPy's functions too.
    __array_ufunc__: Any = None

    def __init__(self, value: Any, node: Node | None) -> None:
        self._value = value
        self._node = node

    @classmethod
    def _translate(cls, error: Exception) -> Exception:
        """An error of the engine as this face's users know it; the faces of other frameworks have their own types."""
        return error

    if TYPE_CHECKING:
        __weakref__: Any
        _alias: Any
        _grad: Any

        # The operators are set by ops.operators, which knows the table.

        def __add__(self, other: Any) -> Any: ...
        def __radd__(self, other: Any) -> Any: ...
        def __sub__(self, other: Any) -> Any: ...
        def __rsub__(self, other: Any) -> Any: ...
        def __mul__(self, other: Any) -> Any: ...
        def __rmul__(self, other: Any) -> Any: ...
        def __truediv__(self, other: Any) -> Any: ...
        def __rtruediv__(self, other: Any) -> Any: ...
        def __floordiv__(self, other: Any) -> Any: ...
        def __mod__(self, other: Any) -> Any: ...
        def __pow__(self, other: Any) -> Any: ...
        def __rpow__(self, other: Any) -> Any: ...
        def __matmul__(self, other: Any) -> Any: ...
        def __rmatmul__(self, other: Any) -> Any: ...
        def __and__(self, other: Any) -> Any: ...
        def __or__(self, other: Any) -> Any: ...
        def __xor__(self, other: Any) -> Any: ...
        def __invert__(self) -> Any: ...
        def __neg__(self) -> Any: ...
        def __pos__(self) -> Any: ...
        def __abs__(self) -> Any: ...
        def __lt__(self, other: Any) -> Any: ...
        def __le__(self, other: Any) -> Any: ...
        def __gt__(self, other: Any) -> Any: ...
        def __ge__(self, other: Any) -> Any: ...
        def __getitem__(self, index: Any) -> Any: ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return self._value.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        return self._value.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        size = 1
        for length in self.shape:
            size *= length
        return size


PYTHON_SCALARS = frozenset({bool, int, float, complex})

# Values that NumPy computes on directly; anything else goes through the level rules.
PLAIN = frozenset(
    {np.ndarray, *PYTHON_SCALARS, *(np.dtype(code).type for code in np.typecodes["All"] if code not in "OSUVMmc")}
)


def is_differentiable_dtype(dtype: Any) -> bool:
    """Whether values of this dtype can carry gradients (floating or complex)."""
    return dtype.kind in "fc"
