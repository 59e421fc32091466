"""One function for one signature: traced, improved, built, and the ways to run it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..api.containers import LEAF, Structure, flatten, unflatten
from ..core.locks import importing
from ..core.mutation import alias_of
from ..core.tensor import PYTHON_SCALARS, Tensor, is_differentiable_dtype
from ..errors import CompileWarning, UntraceableError
from ..numpy.tensor import Tensor as Face
from .calling import quick_call
from .graph import Graph, Value, sources_of
from .passes import improve
from .trace import Trace, trace_leaves

Entry = Callable[..., Any]


class Specialized:
    """The program of one function for one signature, or the reason why it runs uncompiled.

    Attributes
    ----------
    traced : list of int
        Positions of the leaves that are inputs of the graph; the others are part of the signature.
    written, assigned : list
        What the function writes into: leaves, by position, and Tensors from outside. Their new contents are the last
        outputs of the graph.
    captured : list
        Arrays and Tensors from outside the function, the last inputs of the graph.
    numbers : dict
        Outputs that are Python numbers, by position.
    faces : list of Tensor type or None
        Per output of the function, the type of Tensor that it is, None for a plain array.
    donated : list of int
        Positions of the leaves that the caller has given up.
    replaced : set of int
        Positions of the inputs of the graph whose memory holds results.
    """

    def __init__(self, function: FlatFunction, leaves: Sequence[Any]) -> None:
        self.function = function
        self.signature = ", ".join(map(described, leaves))
        self.leaves = [None if is_input(leaf) else leaf for leaf in leaves]
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        self.face: type[Tensor] = type(tensors[0]) if tensors else Face
        self.takes_tensors = bool(tensors)
        self.reason: str | None = None
        self.deciding_floats: set[int] = set()
        self.seconds = 0.0
        self.graph = Graph()
        self.traced: list[int] = []
        self.written: list[int] = []
        self.assigned: list[Tensor] = []
        self.captured: list[Any] = []
        self.out_structure: Structure = LEAF
        self.faces: list[type[Tensor] | None] = []
        self.numbers: dict[int, Any] = {}
        self.donated: list[int] = []
        self.replaced: set[int] = set()
        self.differentiable_outputs: list[int] = []
        self.entry: Entry | None = None
        self.program: Any = None
        self.quick: Entry | None = None
        self._pairs: dict[tuple[int, ...], Any] = {}

    def run(self, leaves: Sequence[Any]) -> Any:
        """Outputs in the caller's structure and kind."""
        assert self.entry is not None
        values = [leaves[position] for position in self.traced] + self.captured
        outs = call_entry(self.entry, values, self.graph.inputs, len(self.graph.outputs), self.replaced)
        if len(outs) > len(self.faces):
            self.write_back(leaves, outs[len(self.faces) :])
        return unflatten(self.out_structure, self.faced(outs))

    def faced(self, outs: Sequence[Any]) -> list[Any]:
        """The outputs of the function as the caller knows them."""
        faced = [out if face is None else face(out, None) for out, face in zip(outs, self.faces)]
        for position, number in self.numbers.items():
            faced[position] = number
        return faced

    def write_back(self, leaves: Sequence[Any], contents: Sequence[Any]) -> None:
        """Give what the function wrote into its new contents."""
        for target, new in zip([*[leaves[position] for position in self.written], *self.assigned], contents):
            if isinstance(target, Tensor):
                if alias_of(target) is None:
                    target._value = new
                else:
                    Face.__setitem__(target, Ellipsis, new)
            elif isinstance(target, np.ndarray):
                np.copyto(target, new)

    def is_recorded(self, leaves: Sequence[Any]) -> bool:
        """Whether a call with these leaves has to become part of a graph, if operations are recorded at all."""
        if not self.differentiable_outputs:
            return False
        return any([isinstance(leaf, Tensor) and leaf._node is not None for leaf in (*leaves, *self.captured)])

    def pairs(self) -> list[Any]:
        """The forward and backward programs that there are."""
        return list(self._pairs.values())

    def pair(self) -> Any:
        """The forward and the backward program for recorded calls, made when first needed."""
        tensors = enumerate(self.captured)
        joined = tuple([n for n, x in tensors if isinstance(x, Tensor) and x._node is not None])
        found = self._pairs.get(joined)
        if found is None:
            from .differentiable import Pair

            found = self._pairs[joined] = Pair(self, [self.captured[n] for n in joined])
        return found


class FlatFunction:
    """A function of containers as one from a list of leaves to a list of leaves."""

    def __init__(self, f: Callable[..., Any], leaves: Sequence[Any], structure: Structure, has_kwargs: bool) -> None:
        self.name = getattr(f, "__name__", repr(f))
        self.f = f
        self.structure = structure
        self.has_kwargs = has_kwargs
        self.out_structure: Structure = LEAF

    def __call__(self, leaves: Sequence[Any]) -> list[Any]:
        tree = unflatten(self.structure, leaves)
        args, kwargs = tree if self.has_kwargs else (tree, {})
        outs, self.out_structure = flatten(self.f(*args, **kwargs))
        if not outs:
            raise UntraceableError(f"compile: {self.name} returns no array")
        for out in outs:
            if not isinstance(out, (Tensor, np.ndarray, np.generic)) and type(out) not in PYTHON_SCALARS:
                raise UntraceableError(f"compile: {self.name} returns a {type(out).__name__}, which is no array")
        return outs


def specialize(
    f: Callable[..., Any], leaves: Sequence[Any], structure: Structure, has_kwargs: bool, static: set[int],
    build: bool = True, donated: Collection[int] = (),
) -> Specialized:  # fmt: skip
    """Trace `f` on these leaves, of which those at the `static` positions are fixed, and build the program, which may
    put results into the `donated` ones."""
    made = Specialized(FlatFunction(f, leaves, structure, has_kwargs), leaves)
    began = time.perf_counter()
    made.traced = [n for n, leaf in enumerate(leaves) if n not in static and is_input(leaf)]
    trace, outs = _traced(made, leaves)
    made.deciding_floats = {made.traced[n] for n in _deciding_floats(trace)}
    if made.deciding_floats:
        return made
    reasons = [str(decision) for decision in trace.decisions]
    made.written, made.assigned = [made.traced[n] for n in trace.written], trace.assigned
    if any([isinstance(leaves[n], Tensor) and leaves[n]._node is not None for n in made.written]):
        reasons.append("an argument that requires gradients is written into")
    if reasons:
        made.reason = "; ".join(dict.fromkeys(reasons))
        return made
    graph = made.graph = trace.graph
    made.out_structure = made.function.out_structure
    made.captured = [node.captured for node in graph.inputs if node.captured is not None]
    made.faces = [_face_of(out, node, made.takes_tensors) for out, node in zip(outs, graph.outputs)]
    made.numbers = {n: out for n, out in enumerate(outs) if type(out) in PYTHON_SCALARS}
    made.differentiable_outputs = [
        n
        for n, (out, node) in enumerate(zip(outs, graph.outputs))
        if isinstance(out, Tensor) and is_differentiable(node)
    ]
    improve(graph)
    if build:
        try:
            made.donated = _given_up(made, leaves, donated)
            made.entry, made.program = build_entry(graph, [made.traced.index(n) for n in made.donated])
            made.replaced = {made.program.inputs.index(index) for index in made.program.donated}
        except Exception as error:  # a fault of the compiler must not be one of the program
            made.reason = f"the compiler failed with {type(error).__name__}: {error}"
            warnings.warn(f"{made.function.name} runs uncompiled: {made.reason}", CompileWarning, stacklevel=5)
            return made
        if not has_kwargs and len(graph.outputs) == len(made.faces) and not made.numbers:
            made.quick = quick_call(
                structure, list(leaves), set(made.traced), made.captured, made.entry, made.out_structure, made.faces
            )
    made.seconds = time.perf_counter() - began
    return made


def _given_up(made: Specialized, leaves: Sequence[Any], donated: Collection[int]) -> list[int]:
    """The donated leaves that nobody else can have: a Tensor's array may be what a rule has saved, and what the
    function writes into gets its own contents."""
    if made.assigned:
        return []
    return [n for n in made.traced if n in donated and n not in made.written and isinstance(leaves[n], np.ndarray)]


def _traced(made: Specialized, leaves: Sequence[Any]) -> tuple[Trace, list[Any]]:
    """Trace the function; also what it returned."""
    returned: list[Any] = []

    def flat(given: Sequence[Any]) -> list[Any]:
        inputs = list(leaves)
        for position, tensor in zip(made.traced, given):
            inputs[position] = tensor
        returned.extend(made.function(inputs))
        return returned

    inputs = [leaves[position] for position in made.traced]
    values = [leaf._value if isinstance(leaf, Tensor) else leaf for leaf in inputs]
    faces = [type(leaf) if isinstance(leaf, Tensor) else made.face for leaf in inputs]
    return trace_leaves(flat, values, faces), returned


def _face_of(out: Any, node: Value, takes_tensors: bool) -> type[Tensor] | None:
    """As what the caller knows an output: the own face gives plain arrays for plain arrays, and for comparisons."""
    if not isinstance(out, Tensor):
        return None
    if type(out) is Face:
        return Face if takes_tensors and (node.op is None or node.op.primitive.differentiable) else None
    return type(out)


def _deciding_floats(trace: Trace) -> set[int]:
    """Positions of the float inputs that alone made some decision."""
    found: set[int] = set()
    for decision in trace.decisions:
        sources = set() if decision.value is None else sources_of(decision.value)
        if all([value.weak for value in sources]):
            found.update([trace.graph.inputs.index(value) for value in sources])
    return found


def is_input(leaf: Any) -> bool:
    """Whether a leaf is an input of the graph; others are part of the signature."""
    return isinstance(leaf, (np.ndarray, np.generic, Tensor)) or type(leaf) is float


def is_differentiable(node: Value) -> bool:
    """Whether gradients with respect to this value make sense."""
    return is_differentiable_dtype(node.dtype) and not node.weak


def described(leaf: Any) -> str:
    """A leaf in a signature."""
    if isinstance(leaf, Tensor):
        value = leaf._value
        return f"{type(leaf).__name__} {value.dtype}{list(value.shape)}"
    if isinstance(leaf, (np.ndarray, np.generic)):
        return f"{leaf.dtype}{list(leaf.shape)}"
    return "float" if type(leaf) is float else repr(leaf)


def prepared(value: Any, node: Value, copied: bool = False) -> Any:
    """An argument as the native entry reads it: an array in its layout, perhaps a copy, or a Python float."""
    if node.weak:
        return float(value)
    if type(value) is not np.ndarray:
        value = np.asarray(value)
    dtype = np.dtype(node.dtype.str)  # the very object that the entry compares with: there can be other equal ones
    if value.flags.c_contiguous and value.flags.aligned and value.dtype is dtype and not copied:
        return value
    return np.array(value, order="C", dtype=dtype)


def call_entry(
    entry: Entry, values: Sequence[Any], nodes: Sequence[Value], count: int, replaced: Collection[int] = ()
) -> Sequence[Any]:
    """The `count` outputs of a native entry, given arrays, Tensors and numbers for its inputs `nodes`.

    It writes into those at the positions `replaced`: into copies of them where they may not be written into.
    """
    values = [value._value if isinstance(value, Tensor) else value for value in values]
    out = entry(*values)
    if out is NotImplemented:  # most often the values can be read as they are
        out = entry(*[prepared(value, node) for value, node in zip(values, nodes)])
    if out is NotImplemented and replaced:
        out = entry(*[prepared(value, node, n in replaced) for n, (value, node) in enumerate(zip(values, nodes))])
    if out is NotImplemented:
        raise UntraceableError("compile: an array from outside the function has changed its shape or dtype")
    return (out,) if count == 1 else out


def build_entry(graph: Graph, donated: Collection[int] = ()) -> tuple[Entry, Any]:
    """Machine code for a graph, which may put results into the `donated` inputs: its entry and its program."""
    _import(".plan", ".entry", *_LATER)
    from .entry import make_entry
    from .plan import build

    program = build(graph, donated=donated)
    return make_entry(program), program


# What compiling needs besides, and imports when it comes to it.
_LATER = ("llvmlite.binding", ".differentiable", ".maths", ".method", ".products", ".windowed")


def _import(*names: str) -> None:
    """A child forked amidst an import would wait for ever for the thread that was at it: here, forks wait."""
    with importing:
        for name in names:
            import_module(name, __package__)
