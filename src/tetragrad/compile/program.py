"""The program that a graph is compiled to: buffers, and steps in the order in which they run.

`plan.build` makes it; the entry (`entry.py`) allocates the buffers and calls the steps; `explain` shows them.

Every buffer is C-contiguous. A kernel is a function ``void symbol(void **buffers, int64 start, int64 stop)`` of the
program's module: it runs the iterations ``[start, stop)`` of its ``extent``; any split of ``[0, extent)`` gives the
same bits, and the parts may run at the same time. Steps run one after another.
"""

from __future__ import annotations

from typing import Any

import numpy as np

ALIGNMENT = 64


class Buffer:
    """Memory of one array.

    Attributes
    ----------
    index : int
        Its place in the array of data pointers that kernels take.
    dtype, shape
        Of the array; C-contiguous.
    kind : {"input", "constant", "arena", "output"}
        Who owns the memory: the caller, the program (`value` keeps it alive), one block that a call uses for itself,
        the caller again (allocated by the entry).
    weak : bool
        Of an input: a Python number, which arrives as `dtype`. Of a constant: `value` is a Python number.
    value : ndarray or None
        Of a constant.
    offset : int
        Of an arena buffer: bytes from the start of the block.
    """

    __slots__ = ("dtype", "index", "kind", "offset", "shape", "value", "weak")

    def __init__(
        self, index: int, dtype: Any, shape: tuple[int, ...], kind: str, *, weak: bool = False, value: Any = None
    ) -> None:  # fmt: skip
        self.index = index
        self.dtype = np.dtype(dtype)
        self.shape = shape
        self.kind = kind
        self.weak = weak
        self.value = value
        self.offset = 0

    @property
    def size(self) -> int:
        """Number of elements."""
        size = 1
        for length in self.shape:
            size *= length
        return size

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        return self.size * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{self.kind}{self.index}: {self.dtype.name}[{', '.join(map(str, self.shape))}]"


class Step:
    """One step of a program.

    Attributes
    ----------
    reads, writes : tuple of int
        Indices of the buffers.
    """

    __slots__ = ("reads", "writes")

    def __init__(self, reads: tuple[int, ...], writes: tuple[int, ...]) -> None:
        self.reads = reads
        self.writes = writes

    def describe(self) -> str:
        """What the step does, for `explain`."""
        raise NotImplementedError


class KernelStep(Step):
    """A loop nest in machine code.

    Attributes
    ----------
    symbol : str
        The function in the program's module.
    extent : int
        Iterations of the outermost loop; 1 cannot be split.
    work : float
        Estimated nanoseconds on one thread, for the decision to split.
    moved : int
        Bytes read and written.
    flops : int
        Operations on elements.
    fused : tuple of str
        The rows of the table that run inside, in order.
    """

    __slots__ = ("extent", "flops", "fused", "moved", "symbol", "work")

    def __init__(
        self, symbol: str, extent: int, reads: tuple[int, ...], writes: tuple[int, ...], *, work: float = 0.0,
        moved: int = 0, flops: int = 0, fused: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        super().__init__(reads, writes)
        self.symbol = symbol
        self.extent = extent
        self.work = work
        self.moved = moved
        self.flops = flops
        self.fused = fused

    def describe(self) -> str:
        return f"{self.symbol}: {' '.join(self.fused)} ({self.moved} bytes, {self.flops} operations)"


class Matrix:
    """Where a matrix (or stack of them) of a `GemmStep` lies, in elements.

    Attributes
    ----------
    buffer : int
        Index of the buffer.
    offset : int
        Of the first element.
    leading : int
        Elements from one row to the next (of the memory's rows: of columns, where `transposed`).
    transposed : bool
        The matrix is the transpose of what lies in memory row by row.
    batch : tuple of int
        Elements from one matrix to the next along each batch axis; 0 where the same one is used again.
    """

    __slots__ = ("batch", "buffer", "leading", "offset", "transposed")

    def __init__(
        self, buffer: int, leading: int, *, offset: int = 0, transposed: bool = False, batch: tuple[int, ...] = ()
    ) -> None:  # fmt: skip
        self.buffer = buffer
        self.leading = leading
        self.offset = offset
        self.transposed = transposed
        self.batch = batch


class GemmStep(Step):
    """``c[m, n] = alpha a[m, k] @ b[k, n] + beta c`` for each index of ``batch``, row-major; `c` is not transposed.

    `dtype` is float32, float64, complex64 or complex128.
    """

    __slots__ = ("a", "alpha", "b", "batch", "beta", "c", "dtype", "k", "m", "n")

    def __init__(
        self, dtype: Any, m: int, n: int, k: int, a: Matrix, b: Matrix, c: Matrix, *, batch: tuple[int, ...] = (),
        alpha: float = 1.0, beta: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__((a.buffer, b.buffer), (c.buffer,))
        self.dtype = np.dtype(dtype)
        self.m = m
        self.n = n
        self.k = k
        self.a = a
        self.b = b
        self.c = c
        self.batch = batch
        self.alpha = alpha
        self.beta = beta

    @property
    def flops(self) -> int:
        """Multiplications and additions."""
        count = 2 * self.m * self.n * self.k
        for length in self.batch:
            count *= length
        return count

    def describe(self) -> str:
        batch = "".join([f"{length} x " for length in self.batch])
        ta, tb = ["'" if matrix.transposed else "" for matrix in (self.a, self.b)]
        return f"gemm: {batch}({self.m} x {self.k}){ta} @ ({self.k} x {self.n}){tb} {self.dtype.name}"


class CallStep(Step):
    """A row of the table without native form: its own value function, on NumPy arrays that look at the buffers.

    The operands are arrays of the buffers ``reads``, in order (a 0-d one is read as a NumPy scalar, ``array[()]``;
    where ``weak``, as a Python number, ``array.item()``); the results are copied into ``writes``. With ``only_if``, the
    index of a buffer of one boolean, the step runs only if that is true: it raises an error then.
    """

    __slots__ = ("only_if", "params", "primitive", "weak", "where", "why")

    def __init__(
        self, primitive: Any, reads: tuple[int, ...], params: dict[str, Any], writes: tuple[int, ...], *,
        weak: tuple[bool, ...], where: str = "", why: str = "",
    ) -> None:  # fmt: skip
        super().__init__(reads, writes)
        self.primitive = primitive
        self.params = params
        self.weak = weak
        self.where = where
        self.why = why
        self.only_if: int | None = None

    def describe(self) -> str:
        if self.only_if is not None:
            return f"check: {self.primitive.name}"
        return f"call: {self.primitive.name} ({self.why or 'no native form'})"


class Program:
    """Buffers and steps.

    Attributes
    ----------
    buffers : list of Buffer
        ``buffers[i].index == i``. The data pointers in this order are what kernels take.
    steps : list of Step
        In order.
    inputs : list of int
        The buffer of each input of the graph.
    outputs : list of int
        The buffer of each output of the graph: of kind "output", each once; or an input or constant returned as it is;
        or the same buffer as that of another output.
    donated : list of int
        Buffers of inputs that are written into. They must be writable, and apart from all other inputs.
    arena_size : int
        Bytes of the block that arena buffers lie in, aligned to 64.
    module : object
        The compiled module of `engine`, by which symbols are found; None where there is no kernel.
    """

    __slots__ = ("arena_size", "buffers", "donated", "inputs", "module", "outputs", "steps")

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []
        self.steps: list[Step] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self.donated: list[int] = []
        self.arena_size = 0
        self.module: Any = None

    def add_buffer(self, dtype: Any, shape: tuple[int, ...], kind: str, **more: Any) -> Buffer:
        """A new buffer."""
        buffer = Buffer(len(self.buffers), dtype, shape, kind, **more)
        self.buffers.append(buffer)
        return buffer

    def __str__(self) -> str:
        lines = [str(buffer) for buffer in self.buffers] + [step.describe() for step in self.steps]
        return "\n".join(lines)
