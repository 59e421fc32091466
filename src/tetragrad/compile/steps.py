"""The steps of a program in machine code: ``int32 run(void **buffers)``, which the entry calls.

The interpreter's lock is released around stretches of native steps that take long. Steps that have no native form call
back into Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.bind import evaluate
from ..errors import OperationError
from . import abi, blas
from .ir import Builder, Function, Module, Scalar
from .native_threads import Team
from .program import Buffer, CallStep, GemmStep, KernelStep, Program, Step

UNLOCKED = 20_000.0  # ns of work for which the interpreter's lock is released
FAILED = -1


def emit_run(module: Module, program: Program, internal: bool) -> Function:
    """Write ``run``, which gives 0, or -1 if a Python exception is set."""
    scratch = blas.add_scratch(program)
    function = Function(module, "run", "i4", ["p"], internal=internal)
    with function as b:
        (buffers,) = b.arguments
        for stretch in _stretches(program.steps):
            call = stretch[0]
            if isinstance(call, CallStep):
                if call.only_if is None:
                    _emit_call(b, program, buffers, call)
                    continue
                with b.if_(b.load(b.load(buffers, "p", call.only_if), "b1"), likely=False):
                    _emit_call(b, program, buffers, call)
                continue
            work = [_work(step) for step in stretch]
            state = b.call("PyEval_SaveThread", "p", []) if sum(work) >= UNLOCKED else None
            team = Team(b, max(work), any([isinstance(step, GemmStep) and blas.is_blocked(step) for step in stretch]))
            for step in stretch:
                _emit_native(b, buffers, step, scratch, team)
            team.leave(b)
            if state is not None:
                b.call("PyEval_RestoreThread", None, [state])
        b.ret(0)
    return function


def _stretches(steps: Sequence[Step]) -> list[list[Step]]:
    """Each call by itself; the native steps between two calls together."""
    found: list[list[Step]] = []
    for step in steps:
        if found and not isinstance(step, CallStep) and not isinstance(found[-1][-1], CallStep):
            found[-1].append(step)
        else:
            found.append([step])
    return found


def _work(step: Step) -> float:
    return blas.work(step) if isinstance(step, GemmStep) else getattr(step, "work", 0.0)


def _emit_native(b: Builder, buffers: Scalar, step: Step, scratch: int | None, team: Team) -> None:
    if isinstance(step, GemmStep):
        blas.emit_gemm(b, buffers, step, scratch, team)
    elif isinstance(step, KernelStep):
        team.post(b, b.address(step.symbol), buffers, step.extent, step.work)
    else:
        raise TypeError(f"no machine code for {step.describe()}")


# -- calls back into Python --------------------------------------------------------------------------------------------


def _emit_call(b: Builder, program: Program, buffers: Scalar, step: CallStep) -> None:
    """Call the step's Python function with arrays that look at the buffers."""
    look = b.module.functions.get("look") or _look(b.module)
    places = [*step.reads, *step.writes]
    arrays = b.alloca("p", len(places))
    b.zero(arrays, 8 * len(places))
    for k, place in enumerate(places):
        buffer = program.buffers[place]
        flags = abi.C_CONTIGUOUS | abi.ALIGNED | (abi.WRITEABLE if k >= len(step.reads) else 0)
        shape = b.address(b.module.table(np.array(buffer.shape, np.int64))) if buffer.shape else b.null()
        description = [b.address(abi.object_symbol(buffer.dtype)[0]), b.const("i4", len(buffer.shape)), shape]
        array = b.call(look, "p", [*description, b.load(buffers, "p", place), b.const("i4", flags)])
        with b.if_(array == b.null(), likely=False):
            drop(b, arrays, len(places))
            b.ret(FAILED)
        b.store(arrays, array, k)
    function = b.address(call_symbol(program, step))
    result = b.call("PyObject_Vectorcall", "p", [function, arrays, b.const("i8", len(places)), b.null()])
    drop(b, arrays, len(places))
    with b.if_(result == b.null(), likely=False):
        b.ret(FAILED)
    b.call("Py_DecRef", None, [result])


def call_symbol(program: Program, step: CallStep) -> str:
    """The name by which the machine code knows the Python function of a step."""
    return f"call.{program.steps.index(step)}"


def _look(module: Module) -> Function:
    """``look(dtype, rank, shape, data, flags)``: an array of memory that it does not own."""
    function = Function(module, "look", "p", ["p", "i4", "p", "p", "i4"], internal=True, attributes="noinline")
    with function as b:
        dtype, rank, shape, data, flags = b.arguments
        b.call("Py_IncRef", None, [dtype])  # making an array takes a reference to its dtype, and also if it fails
        arguments = [b.address(abi.object_symbol(np.ndarray)[0]), dtype, rank, shape, b.null(), data, flags, b.null()]
        b.ret(b.call("PyArray_NewFromDescr", "p", arguments))
    return function


def drop(b: Builder, objects: Scalar, count: int) -> None:
    """Give up the references in an array of objects, some of which may be missing."""
    dropped = b.module.functions.get("drop")
    if dropped is None:
        dropped = Function(b.module, "drop", None, ["p", "i8"], internal=True, attributes="noinline")
        with dropped as inner:
            array, length = inner.arguments
            with inner.loop(0, length) as (k, _):
                inner.call("Py_DecRef", None, [inner.load(array, "p", k)])  # of NULL, it does nothing
    b.call(dropped, None, [objects, b.const("i8", count)])


def callback(step: CallStep, buffers: Sequence[Buffer]) -> Callable[..., None]:
    """The Python function of a step: takes arrays of its operands and of its results."""
    value, params, multi = step.primitive.value, step.params, step.primitive.multi
    count = len(step.reads)
    # The library's own functions do not keep their operands; others may, and get their own copy.
    copied = not str(getattr(value, "__module__", "")).startswith("tetragrad.ops")
    readers = [
        _number if weak else _scalar if not buffers[place].shape else np.array if copied else _itself
        for place, weak in zip(step.reads, step.weak)
    ]

    def call(*arrays: Any) -> None:
        try:
            operands = [read(array) for read, array in zip(readers, arrays)]
            results = evaluate(step.primitive, operands, params, operands)
            for out, result in zip(arrays[count:], results if multi else (results,)):
                if np.shape(result) != out.shape:
                    raise OperationError(
                        f"{step.primitive.name}: gives shape {list(np.shape(result))}, but gave {list(out.shape)} when "
                        f"it was compiled"
                    )
                out[...] = result
        except Exception as error:
            if step.where:
                error.add_note(f"in a compiled function, at {step.where}")
            raise

    return call


def _itself(array: np.ndarray) -> Any:
    return array


def _scalar(array: np.ndarray) -> Any:
    return array[()]


def _number(array: np.ndarray) -> Any:
    return array.item()
