"""The way from Python into a program: a built-in function in machine code that takes and gives NumPy arrays.

`make_entry` writes it for one program. It compares the arguments with the program's inputs and answers NotImplemented
if one differs, so that the caller can find another way; it allocates the results and the block that intermediate arrays
lie in, and runs the steps. A call that fits costs little more than the allocation of its results.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.locks import importing
from . import abi, blas, engine, native_threads, steps
from .ir import Builder, Function, Module, Scalar
from .program import ALIGNMENT, Buffer, CallStep, Program

SLOT = "arena"
ON_STACK = 2048  # bytes of intermediate arrays that a call keeps on its stack
FEW = 2  # inputs, or outputs, up to which each has code of its own
LARGEST_SCALAR = 16  # bytes of the largest 0-d result


def make_entry(program: Program) -> Callable[..., Any]:
    """The function of a program.

    Parameters
    ----------
    program : Program
        Its `module` may still be IR, which is then compiled together with the entry and replaced by its code.

    Returns
    -------
    callable
        Takes one argument for each input, by position: an array of the input's dtype and shape, C-contiguous and
        aligned (0-d: a NumPy scalar will do); for a weak input, a float or complex. Gives the result, a tuple if there
        is not exactly one; results that are 0-d are NumPy scalars; an output that is an input is the argument itself.
        Gives NotImplemented if the arguments do not fit, which includes those that are written into but are read-only
        or share memory with another one.
    """
    native = abi.is_known()
    module, known = program.module, {}
    if not isinstance(module, Module):
        known = dict(module.addresses) if module is not None else {}
        module = engine.new_module("entry")
    owner = _Owner(program)
    steps.emit_run(module, program, internal=native)
    slot = SLOT if program.arena_size > ON_STACK else None
    if native:
        _emit_entry(module, program, slot)
    code = engine.compile(module, _symbols(module, program, owner) | known)
    owner.code = code, program.module  # both stay mapped
    if isinstance(program.module, Module):
        program.module = code
    if native:
        return abi.builtin_function("entry", code["entry"], owner)
    return _python_entry(program, code["run"], owner)


_free = ctypes.pythonapi.PyMem_RawFree
_free.restype, _free.argtypes = None, [ctypes.c_void_p]


class _Owner:
    """Keeps what the machine code of a program needs; the entry holds it."""

    def __init__(self, program: Program) -> None:
        self.constants = {b.index: _stored(b) for b in program.buffers if b.kind == "constant"}
        self.calls = {
            steps.call_symbol(program, step): steps.callback(step, program.buffers)
            for step in program.steps
            if isinstance(step, CallStep)
        }
        self.code: Any = None
        self.definition: Any = None
        # Where the block waits between calls. Not in the module's data: the garbage collector may have taken the
        # machine code away before it comes to the owner.
        self.block = ctypes.c_void_p()

    def __del__(self) -> None:
        if self.block.value is not None:
            _free(self.block)


def _stored(buffer: Buffer) -> np.ndarray:
    """A constant as kernels read it; aligned like the other buffers."""
    memory = np.empty(buffer.nbytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    stored = memory[start : start + buffer.nbytes].view(buffer.dtype).reshape(buffer.shape)
    stored[...] = buffer.value
    return stored


def _symbols(module: Module, program: Program, owner: _Owner) -> dict[str, int]:
    """Addresses of all that the machine code names."""
    found = abi.functions() | native_threads.symbols(module)
    found[SLOT] = ctypes.addressof(owner.block)
    found |= {_constant_symbol(index): array.ctypes.data for index, array in owner.constants.items()}
    found |= {name: id(function) for name, function in owner.calls.items()}
    objects: list[Any] = [np.ndarray, NotImplemented, float, complex]
    for buffer in program.buffers:
        objects += [buffer.dtype, buffer.dtype.type]
    found |= dict(map(abi.object_symbol, objects))
    with importing:  # of SciPy, for BLAS
        return found | blas.symbols(module)


def _constant_symbol(index: int) -> str:
    return f"constant.{index}"


# -- the machine code --------------------------------------------------------------------------------------------------


def _emit_entry(module: Module, program: Program, slot: str | None) -> None:
    """``entry(self, arguments, count)``: a METH_FASTCALL function."""
    differs = _differs(module)
    fits = _fits(module, len(program.inputs))
    with Function(module, "entry", "p", ["p", "p", "i8"]) as b:
        _, arguments, count = b.arguments
        with b.if_(count != len(program.inputs), likely=False):
            b.ret(b.call(differs, "p", []))
        buffers = b.alloca("p", max(1, len(program.buffers)))
        given = [b.load(arguments, "p", k) for k in range(len(program.inputs))]
        for argument, index in zip(given, program.inputs):
            wanted = _wanted(b, program.buffers[index])
            fit = b.call(fits, "b1", [argument, b.offset(buffers, 8 * index), *wanted])
            with b.if_(~fit, likely=False):
                b.ret(b.call(differs, "p", []))
        if program.donated:
            own = _is_own(module, program)
            for number in map(program.inputs.index, program.donated):
                with b.if_(~b.call(own, "b1", [given[number], buffers, b.const("i8", number)]), likely=False):
                    b.ret(b.call(differs, "p", []))
        block = _take_block(b, program, buffers, slot)
        for buffer in program.buffers:
            if buffer.kind == "constant":
                b.store(buffers, b.address(_constant_symbol(buffer.index)), buffer.index)
        results = _Results(b, program, buffers, slot, block)
        results.allocate()
        failed = b.call(module.functions["run"], "i4", [buffers]) != 0
        with b.if_(failed, likely=False):
            results.fail()
        results.finish(given)


def _differs(module: Module) -> Function:
    """``differs()``: NotImplemented."""
    function = Function(module, "differs", "p", [], internal=True, attributes="noinline cold")
    with function as b:
        answer = b.address(_object(NotImplemented))
        b.call("Py_IncRef", None, [answer])
        b.ret(answer)
    return function


def _object(known: Any) -> str:
    return abi.object_symbol(known)[0]


def _once(count: int) -> str:
    """Attributes of a function that so many places call: few of them get a copy that knows its constants."""
    return "alwaysinline" if count <= FEW else "noinline"


def _fits(module: Module, count: int) -> Function:
    """``fits(argument, place, dtype, number, rank, shape)``: whether an argument is such an array, or of type `number`.

    Where it is, the address of its elements is stored at `place`.
    """
    types = ["p", "p", "p", "p", "i8", "p"]
    function = Function(module, "fits", "b1", types, internal=True, attributes=_once(count))
    with function as b:
        argument, place, dtype, number, rank, shape = b.arguments
        kind = b.load(b.offset(argument, abi.TYPE), "p")
        with b.if_(kind == number):
            b.store(place, b.offset(argument, abi.VALUE))
            b.ret(b.const("b1", True))
        with b.if_(kind != b.address(_object(np.ndarray)), likely=False):
            b.ret(b.const("b1", False))
        layout = b.load(b.offset(argument, abi.FLAGS), "i4") & (abi.C_CONTIGUOUS | abi.ALIGNED)
        same = b.load(b.offset(argument, abi.DESCR), "p") == dtype
        same = same & (b.convert(b.load(b.offset(argument, abi.RANK), "i4"), "i8") == rank)
        with b.if_(~(same & (layout == abi.C_CONTIGUOUS | abi.ALIGNED)), likely=False):
            b.ret(b.const("b1", False))
        lengths = b.load(b.offset(argument, abi.SHAPE), "p")
        with b.loop(0, rank, carry=[b.const("b1", True)]) as (axis, equal):
            equal[0] = equal[0] & (b.load(lengths, "i8", axis) == b.load(shape, "i8", axis))
        b.store(place, b.load(b.offset(argument, abi.DATA), "p"))
        b.ret(equal[0])
    return function


def _is_own(module: Module, program: Program) -> Function:
    """``own(argument, buffers, number)``: whether that input is writable and shares no memory with another one."""
    function = Function(module, "own", "b1", ["p", "p", "i8"], internal=True, attributes="noinline")
    with function as b:
        argument, buffers, own = b.arguments
        inputs = [program.buffers[index] for index in program.inputs]
        indices, sizes = [
            b.address(module.table(np.array(each, np.int64)))
            for each in zip(*[(buffer.index, buffer.nbytes) for buffer in inputs])
        ]

        def ends(number: Scalar) -> tuple[Scalar, Scalar]:
            start = b.convert(b.load(buffers, "p", b.load(indices, "i8", number)), "i8")
            return start, start + b.load(sizes, "i8", number)

        start, stop = ends(own)
        writable = (b.load(b.offset(argument, abi.FLAGS), "i4") & abi.WRITEABLE) != 0
        with b.loop(0, len(inputs), carry=[writable]) as (number, apart):
            other, end = ends(number)
            apart[0] = apart[0] & ((number == own) | (end <= start) | (stop <= other))
        b.ret(apart[0])
    return function


def _wanted(b: Builder, buffer: Buffer) -> list[Scalar]:
    """What `fits` compares an argument with."""
    if buffer.weak:
        number = b.address(_object(complex if buffer.dtype.kind == "c" else float))
        return [b.null(), number, b.const("i8", 0), b.null()]
    scalar = not buffer.shape and buffer.dtype in abi.SCALARS
    number = b.address(_object(buffer.dtype.type)) if scalar else b.null()
    return [b.address(_object(buffer.dtype)), number, b.const("i8", len(buffer.shape)), _shape(b, buffer)]


def _shape(b: Builder, buffer: Buffer) -> Scalar:
    return b.address(b.module.table(np.array(buffer.shape, np.int64))) if buffer.shape else b.null()


def _fresh(module: Module, count: int) -> Function:
    """``fresh(object, data, dtype, rank, shape)``: make an array; whether it was made, it and its data are stored."""
    types = ["p", "p", "p", "i4", "p"]
    function = Function(module, "fresh", "b1", types, internal=True, attributes=_once(count))
    with function as b:
        place, data, dtype, rank, shape = b.arguments
        b.call("Py_IncRef", None, [dtype])  # which making an array takes, and also if it fails
        kind, flags, null = b.address(_object(np.ndarray)), b.const("i4", 0), b.null()
        array = b.call("PyArray_NewFromDescr", "p", [kind, dtype, rank, shape, null, null, flags, null])
        with b.if_(array == null, likely=False):
            b.ret(b.const("b1", False))
        b.store(place, array)
        b.store(data, b.load(b.offset(array, abi.DATA), "p"))
        b.ret(b.const("b1", True))
    return function


class _Results:
    """The objects that a call returns, while its code is written."""

    def __init__(self, b: Builder, program: Program, buffers: Scalar, slot: str | None, block: Scalar) -> None:
        self.b = b
        self.program = program
        self.buffers = buffers
        self.slot = slot
        self.block = block
        self.places = {index: k for k, index in enumerate(dict.fromkeys(program.outputs))}
        self.objects = b.alloca("p", max(1, len(self.places)))

    def allocate(self) -> None:
        """Arrays for the results; 0-d ones get a place on the stack."""
        b = self.b
        made = [index for index in self.places if self._is_made(self.program.buffers[index])]
        fresh = _fresh(b.module, len(made)) if made else None
        b.zero(self.objects, 8 * len(self.places))
        for index, k in self.places.items():
            buffer = self.program.buffers[index]
            if fresh is not None and index in made:
                constant = b.load(self.buffers, "p", index) if buffer.kind == "constant" else None
                data = b.alloca("p") if constant is not None else b.offset(self.buffers, 8 * index)
                kind = [b.address(_object(buffer.dtype)), b.const("i4", len(buffer.shape)), _shape(b, buffer)]
                with b.if_(~b.call(fresh, "b1", [b.offset(self.objects, 8 * k), data, *kind]), likely=False):
                    self.fail()
                if constant is not None:
                    b.copy(b.load(data, "p"), constant, buffer.nbytes)
            elif buffer.kind == "output":
                b.store(self.buffers, b.alloca("i8", LARGEST_SCALAR // 8), index)

    @staticmethod
    def _is_made(buffer: Buffer) -> bool:
        return buffer.kind != "input" and bool(buffer.shape)

    def fail(self) -> None:
        """Return with the exception that is set."""
        b = self.b
        steps.drop(b, self.objects, len(self.places))
        _give_block(b, self.slot, self.block)
        b.ret(b.null())

    def finish(self, given: list[Scalar]) -> None:
        """Turn 0-d results into scalars, and return."""
        b = self.b
        inputs = dict(zip(self.program.inputs, given))
        for index, k in self.places.items():
            buffer = self.program.buffers[index]
            if buffer.kind == "input":
                b.call("Py_IncRef", None, [inputs[index]])
                b.store(self.objects, inputs[index], k)
            elif not buffer.shape:
                memory, dtype = b.load(self.buffers, "p", index), b.address(_object(buffer.dtype))
                scalar = b.call("PyArray_Scalar", "p", [memory, dtype, b.null()])
                with b.if_(scalar == b.null(), likely=False):
                    self.fail()
                b.store(self.objects, scalar, k)
        outputs = self.program.outputs
        if len(outputs) == 1:
            _give_block(b, self.slot, self.block)
            b.ret(b.load(self.objects, "p"))
            return
        made = b.call("PyTuple_New", "p", [b.const("i8", len(outputs))])
        with b.if_(made == b.null(), likely=False):
            self.fail()
        for place, index in enumerate(outputs):
            item = b.load(self.objects, "p", self.places[index])
            if index in outputs[:place]:
                b.call("Py_IncRef", None, [item])
            b.call("PyTuple_SetItem", "i4", [made, b.const("i8", place), item])
        _give_block(b, self.slot, self.block)
        b.ret(made)


# -- the block of intermediate arrays ----------------------------------------------------------------------------------
# A program keeps the block of its last call. A call takes it out of its slot, so that one that runs at the same time
# (in another thread, or from a callback) allocates its own; the last to put one back frees what it finds there.


def _take_block(b: Builder, program: Program, buffers: Scalar, slot: str | None) -> Scalar:
    """Write the addresses of the arena's buffers. Gives the block; without a slot it is on the stack."""
    if slot is not None:

        def cached() -> list[Scalar]:
            return [kept]

        def fresh() -> list[Scalar]:
            memory = b.call("PyMem_RawMalloc", "p", [b.const("i8", program.arena_size + ALIGNMENT)])
            with b.if_(memory == b.null(), likely=False):
                b.ret(b.call("PyErr_NoMemory", "p", []))
            return [memory]

        kept = b.exchange(b.address(slot), b.null())
        (block,) = b.choose(kept != b.null(), cached, fresh, likely=True)
        start = b.convert((b.convert(block, "i8") + (ALIGNMENT - 1)) & -ALIGNMENT, "p")
    else:
        lines = -(-program.arena_size // ALIGNMENT)
        block = start = b.alloca("i8", lines * ALIGNMENT // 8) if lines else b.null()
    for buffer in program.buffers:
        if buffer.kind == "arena":
            b.store(buffers, b.offset(start, buffer.offset), buffer.index)
    return block


def _give_block(b: Builder, slot: str | None, block: Scalar) -> None:
    if slot is not None:
        found = b.exchange(b.address(slot), block)
        b.call("PyMem_RawFree", None, [found])  # of NULL, it does nothing


# -- where Python's objects are not as expected ------------------------------------------------------------------------


def _python_entry(program: Program, address: int, owner: _Owner) -> Callable[..., Any]:
    """The same function in Python."""
    run = ctypes.PYFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(address)
    inputs = [program.buffers[index] for index in program.inputs]
    count = max(1, len(program.buffers))

    def entry(*arguments: Any) -> Any:
        if len(arguments) != len(inputs) or not all(map(_is_accepted, arguments, inputs)):
            return NotImplemented
        for number in map(program.inputs.index, program.donated):
            own, others = arguments[number], arguments[:number] + arguments[number + 1 :]
            if not own.flags.writeable or any([np.may_share_memory(own, other) for other in others]):
                return NotImplemented
        arrays: dict[int, Any] = dict(owner.constants)
        arrays |= {b.index: np.array(x, b.dtype, copy=None) for b, x in zip(inputs, arguments)}
        memory = np.empty(program.arena_size + ALIGNMENT, np.uint8)
        pointers = (ctypes.c_void_p * count)()
        for b in program.buffers:
            if b.kind == "output":
                arrays[b.index] = np.empty(b.shape, b.dtype)
            in_arena = memory.ctypes.data + -memory.ctypes.data % ALIGNMENT + b.offset
            pointers[b.index] = in_arena if b.kind == "arena" else arrays[b.index].ctypes.data
        run(ctypes.addressof(pointers))
        results = dict(zip(program.inputs, arguments))
        for index in program.outputs:
            if index not in results:
                fresh = program.buffers[index].kind == "output"
                results[index] = _scalar_if_0d(arrays[index] if fresh else arrays[index].copy())
        return tuple([results[index] for index in program.outputs]) if len(program.outputs) != 1 else results[index]

    return entry


def _scalar_if_0d(array: np.ndarray) -> Any:
    return array if array.shape else array[()]


def _is_accepted(argument: Any, buffer: Buffer) -> bool:
    if buffer.weak:
        return type(argument) is (complex if buffer.dtype.kind == "c" else float)
    if type(argument) is not np.ndarray:
        return not buffer.shape and type(argument) is buffer.dtype.type
    return argument.dtype == buffer.dtype and argument.shape == buffer.shape and argument.flags.carray
