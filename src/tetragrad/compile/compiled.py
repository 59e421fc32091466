"""`compile` and `trace`: functions that run as machine code, one program for each signature they are called with.

A call goes the shortest way that fits: the native entry of the last program; the cache of programs by signature;
a new trace. Inside another transform the function simply runs, so that it is differentiated, batched or traced as
if it had never been compiled.
"""

from __future__ import annotations

import contextlib
import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..api.containers import Structure, flatten, unflatten
from ..core.custom import custom_call
from ..core.levels import Boxed
from ..core.locks import passing_lock
from ..core.recording import is_recording
from ..core.tensor import Tensor
from ..errors import UntraceableError
from .explain import explain
from .graph import Graph
from .specialize import Specialized, specialize

CACHE_SIZE = 128  # programs kept for one function


def compile(
    f: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Sequence[int] = (),
    donate: int | Sequence[int] = (),
) -> Any:
    """Turn a function of arrays into machine code.

    The function is run once for each signature (structure, shapes and dtypes of the arguments, and the values of those
    that are not arrays or floats) and what it does to arrays is recorded; later calls run the recorded program.
    Transforms may be inside or outside: ``compile(grad(f))``, ``grad(compile(f))``.

    Parameters
    ----------
    f : callable
        Takes and returns arrays, Tensors and numbers in nested containers. What else it does (printing, appending to
        lists) happens only while it is recorded. Where its path depends on the values of arrays it runs uncompiled;
        `Compiled.explain` tells where and why. Arrays and Tensors that it reads from outside are read anew at each
        call, but a global that is bound to another array is not noticed.
    static_argnums : int or sequence of int
        Positions of arguments that are part of the signature by their value. Integers, booleans, strings and functions
        always are.
    donate : int or sequence of int
        Positions of arguments that the caller gives up: NumPy arrays in them may hold results afterwards. A result
        takes the place of an array of its shape and dtype that is not needed any more when the result is written, and
        then is that very array; `Compiled.explain` tells which. Arrays that are read-only, not contiguous or share
        memory with another argument are left alone, as are all arguments of a call that is recorded or differentiated.

    Returns
    -------
    Compiled
        Called like `f`; with `f` left out, a decorator.

    Raises
    ------
    UntraceableError
        From a call, if the function returns something that is no array.
    TypeError
        From a call, if it has no argument at a position of `donate`.
    ValueError
        If `donate` and `static_argnums` name the same argument.

    Examples
    --------
    >>> import numpy
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> @tg.compile
    ... def f(x):
    ...     return np.sum(np.sin(x) ** 2)
    >>> f(numpy.zeros(3))
    np.float64(0.0)
    >>> tg.compile(tg.grad(f))(numpy.array([0.0, 1.0])).round(4)
    array([0.    , 0.9093])

    A training step in the memory of its parameters:

    >>> descend = tg.compile(lambda w, g: w - 0.5 * g, donate=0)
    >>> w = numpy.ones(3)
    >>> descend(w, numpy.ones(3)) is w
    True
    """
    if f is None:
        return functools.partial(compile, static_argnums=static_argnums, donate=donate)
    static, given = _positions(static_argnums), _positions(donate)
    if not set(static).isdisjoint(given):
        raise ValueError(f"compile: static_argnums={static_argnums} and donate={donate} name the same argument")
    return Compiled(f, static, given)


def _positions(given: int | Sequence[int]) -> tuple[int, ...]:
    return (given,) if isinstance(given, int) else tuple(given)


class Compiled:
    """A compiled function; see `compile`."""

    __name__: str
    _is_recording: Callable[[], Any] = staticmethod(is_recording)

    def __init__(self, f: Callable[..., Any], static_argnums: tuple[int, ...], donate: tuple[int, ...]) -> None:
        functools.update_wrapper(self, f)
        self._f = f
        self._static_argnums = static_argnums
        self._donate = donate
        self._programs: OrderedDict[Any, Specialized] = OrderedDict()
        # Per structure, the positions of floats on whose values the path depends.
        self._fixed: dict[Structure, set[int]] = {}
        self._lock = passing_lock()
        self._quick: Callable[..., Any] = _nothing_fits

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not kwargs:
            out = self._quick(*args)
            if out is not NotImplemented:
                return out
        return self._call(args, kwargs)

    def _general(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(args, kwargs)

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        leaves, structure = flatten((args, kwargs) if kwargs else args)
        for leaf in leaves:
            if isinstance(leaf, Tensor) and isinstance(leaf._value, Boxed):
                return self._f(*args, **kwargs)  # part of another transform
        key = self._key(structure, leaves, args, kwargs)
        program = self._programs.get(key)
        if program is not None:
            with contextlib.suppress(KeyError):  # another thread has dropped it meanwhile
                self._programs.move_to_end(key)
        else:
            with self._lock:
                program = self._programs.get(key)
                if program is None:
                    program = self._specialize(leaves, structure, args, kwargs)
        if program.reason is not None:
            return self._f(*args, **kwargs)
        recorded = self._is_recording() and program.is_recorded(leaves)
        if program.written and recorded:
            return self._f(*args, **kwargs)
        if not kwargs and program.quick is not None:
            self._quick = program.quick
            begin_natively()
        if recorded:
            return self._recorded(program, leaves)
        return program.run(leaves)

    def _key(self, structure: Structure, leaves: list[Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """The signature of a call: calls with equal ones share a program."""
        kinds = list(map(kind_of, leaves))
        for n in self._floats(leaves) | self._fixed.get(structure, set()):
            kinds[n] = float, leaves[n]
        return (structure, bool(kwargs), *kinds, *[(type(args[n]), args[n]) for n in self._static_argnums])

    def _floats(self, leaves: Sequence[Any]) -> set[int]:
        """Positions of floats that are part of the signature in any case."""
        return set()

    def _specialize(
        self, leaves: list[Any], structure: Structure, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Specialized:
        """The program for these arguments; floats that decide the path become part of the signature."""
        static = leaves_of(structure, bool(kwargs), self._static_argnums) | self._floats(leaves)
        while True:
            fixed = self._fixed.setdefault(structure, set())
            program = self._specialized(leaves, structure, bool(kwargs), static | fixed)
            if not program.deciding_floats:
                break
            fixed |= program.deciding_floats
        self._programs[self._key(structure, leaves, args, kwargs)] = program
        while len(self._programs) > CACHE_SIZE:
            self._programs.popitem(last=False)
        return program

    def _specialized(
        self, leaves: list[Any], structure: Structure, has_kwargs: bool, static: set[int]
    ) -> Specialized:  # fmt: skip
        count = len(arguments_of(structure, has_kwargs).children)
        if not all([-count <= position < count for position in self._donate]):
            raise TypeError(
                f"{self.__name__}: donate={self._donate} but it was called with {count} positional argument(s)"
            )
        donated = leaves_of(structure, has_kwargs, self._donate)
        return specialize(self._f, leaves, structure, has_kwargs, static, donated=donated)

    def _recorded(self, program: Specialized, leaves: list[Any]) -> Any:
        """Run as one operation of a recorded computation; its reverse rule is compiled too."""
        inputs = [type(leaf)(leaf._value, leaf._node) if isinstance(leaf, Tensor) else leaf for leaf in leaves]
        pair = program.pair()
        outputs, residuals = pair.run_forward(inputs)

        def pullback(*gs: Any) -> Sequence[Any]:
            if is_recording():  # to be differentiated again: from the arguments, whose graph is alive
                return pair.pullback(inputs, gs)
            return pair.run_backward(residuals, gs)

        def pullback_of_constants(*gs: Any) -> Sequence[Any]:
            constants = [type(leaf)(leaf._value, None) if isinstance(leaf, Tensor) else leaf for leaf in inputs]
            return pair.pullback(constants, gs)

        pullback.with_constants = pullback_of_constants  # type: ignore[attr-defined]
        variables, wanted = pair.variables_of(inputs), program.differentiable_outputs
        made = custom_call(
            self.__name__, program.face, variables, [outputs[n] for n in wanted], pullback, len(wanted) > 1
        )
        results = program.faced(outputs)
        for n, tensor in zip(wanted, made):
            face = program.faces[n] or program.face
            results[n] = tensor if type(tensor) is face else face(tensor._value, tensor._node)
        program.write_back(leaves, outputs[len(results) :])
        return unflatten(program.out_structure, results)

    def trace(self, *args: Any, **kwargs: Any) -> Graph:
        """The graph that these arguments are compiled to, before it becomes machine code."""
        return trace(self._f, static_argnums=self._static_argnums)(*args, **kwargs)

    def explain(self) -> str:
        """What was compiled: for each signature the kernels with what was fused into them, their work, the time that
        compiling took; or why the function runs uncompiled.

        Examples
        --------
        >>> import numpy
        >>> import tetragrad as tg
        >>> f = tg.compile(lambda x: x * 2.0 + 1.0)
        >>> f(numpy.zeros(2))
        array([1., 1.])
        >>> print(f.explain())  # doctest: +ELLIPSIS
        <lambda>(float64[2]) compiled in ... ms: 1 native step, 32 bytes moved, 4 flops
            kernel0: multiply add (32 bytes, 4 operations)
        """
        return explain(self.__name__, list(self._programs.values()))

    def clear(self) -> None:
        """Forget all programs."""
        with self._lock:
            self._programs.clear()
            self._quick = _nothing_fits

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __reduce__(self) -> Any:
        return _remade, (self._f, self._static_argnums, self._donate)

    def __len__(self) -> int:
        """How many signatures the function was traced for."""
        return len(self._programs)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}: {len(self._programs)} program(s)>"


def _remade(f: Callable[..., Any], static_argnums: tuple[int, ...], donate: tuple[int, ...]) -> Compiled:
    return Compiled(f, static_argnums, donate)


@functools.cache
def begin_natively() -> None:
    """From the first program on, `Compiled.__call__` is machine code too: as a Python method it is most of a call."""
    from .method import native_method

    method = native_method(Compiled, "_quick", "_general")
    if method is not None:
        Compiled.__call__ = method  # type: ignore[method-assign]


def _nothing_fits(*args: Any) -> Any:
    return NotImplemented


def arguments_of(structure: Structure, has_kwargs: bool) -> Structure:
    """Of the positional arguments, from that of a call."""
    return structure.children[0] if has_kwargs else structure


def leaves_of(structure: Structure, has_kwargs: bool, argnums: Sequence[int]) -> set[int]:
    """Positions of the leaves that belong to some arguments."""
    args = arguments_of(structure, has_kwargs)
    found: set[int] = set()
    start = 0
    for n, child in enumerate(args.children):
        if n in argnums or n - len(args.children) in argnums:
            found.update(range(start, start + child.count))
        start += child.count
    return found


def kind_of(leaf: Any) -> Any:
    """What a signature says of one leaf: equal for leaves that one program serves."""
    kind = type(leaf)
    if kind is np.ndarray:
        return leaf.dtype, leaf.shape
    if kind is float:
        return kind
    if isinstance(leaf, Tensor):
        value = leaf._value
        return kind, value.dtype, value.shape, leaf._node is not None and is_recording()
    if isinstance(leaf, np.generic):
        return kind
    try:
        hash(leaf)
    except TypeError:
        return kind, id(leaf)
    return kind, leaf


def trace(f: Callable[..., Any], *, static_argnums: int | Sequence[int] = ()) -> Callable[..., Graph]:
    """Make a function that shows what `f` does to arrays.

    Parameters
    ----------
    f, static_argnums
        As for `compile`.

    Returns
    -------
    callable
        ``(*args, **kwargs) -> Graph``; printing the graph lists the operations with their types and source lines.

    Raises
    ------
    UntraceableError
        If `f` returns something that is no array.

    Examples
    --------
    >>> import numpy
    >>> import tetragrad as tg
    >>> print(tg.trace(tg.grad(lambda x: 2 * x @ x))(numpy.ones(4)))  # doctest: +ELLIPSIS
    graph(%0: float64[4]):
        %1: float64[4] = multiply(...
        return ...
    """

    @functools.wraps(f)
    def traced(*args: Any, **kwargs: Any) -> Graph:
        leaves, structure = flatten((args, kwargs) if kwargs else args)
        static = leaves_of(structure, bool(kwargs), _positions(static_argnums))
        program = specialize(f, leaves, structure, bool(kwargs), static, build=False)
        if program.reason is not None:
            raise UntraceableError(f"trace: {program.reason}")
        return program.graph

    return traced
