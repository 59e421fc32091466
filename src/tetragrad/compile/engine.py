"""From LLVM IR to running machine code for this computer: optimise, emit object code, link, give addresses.

`compile` turns an `ir.Module` into a `Code`, whose functions stay mapped as long as the Code lives; `load` makes the
same from object code kept on disk. LLVM is loaded on the first use. TETRAGRAD_DUMP=llvm,asm prints what is compiled.
"""

from __future__ import annotations

import itertools
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

from ..core.locks import importing
from . import store
from .ir import Module

# LLVM's state is consistent whenever nobody holds this, also across a fork. There is one lock for all that forks wait
# for: a second one, taken in another order, could block both.
_lock = importing

_numbers = itertools.count()
P = ParamSpec("P")
R = TypeVar("R")


def _exclusive(function: Callable[P, R]) -> Callable[P, R]:
    """One thread at a time; what LLVM made for the call is freed before the next thread's turn, or a fork."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with _lock:
            return function(*args, **kwargs)

    return run


class Host:
    """This computer, as LLVM sees it.

    Attributes
    ----------
    key : str
        Names everything that object code depends on besides its IR: LLVM's version, target, CPU and its features.
    fma : bool
        One instruction multiplies and adds, with one rounding.
    vector_bytes : int
        The width of the vectors that loops are compiled to.
    """

    def __init__(self) -> None:
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        features = llvm.get_host_cpu_features()
        self.triple = llvm.get_process_triple()
        self.cpu = llvm.get_host_cpu_name()
        self.features = features.flatten()
        arm = platform.machine().lower() in ("arm64", "aarch64")
        self.fma = arm or bool(features.get("fma"))
        wide = {"avx512f": 64, "avx": 32}
        self.vector_bytes = next((width for name, width in wide.items() if features.get(name)), 16)
        target = llvm.Target.from_triple(self.triple)
        options: dict[str, Any] = {
            "cpu": self.cpu,
            "features": self.features,
            "opt": 3,
            "reloc": "pic",
            "codemodel": "small",
        }
        self.machine = target.create_target_machine(**options)
        self.layout = str(self.machine.target_data)
        self.key = "|".join([".".join(map(str, llvm.llvm_version_info)), self.triple, self.cpu, self.features])
        self.linker = llvm.create_lljit_compiler(use_jit_link=sys.platform == "linux")


@cache
def _host() -> Host:
    return Host()


def host() -> Host:
    """This computer; LLVM is loaded by the first call."""
    with _lock:
        return _host()


def new_module(name: str) -> Module:
    """An empty module for this computer."""
    return Module(name, fma=host().fma)


class Code:
    """Machine code in memory. Addresses are valid while this object lives: keep it as long as they may be called.

    Attributes
    ----------
    object_code : bytes
        The object file, which `load` takes.
    addresses : dict of str to int
        The exported functions' addresses.
    """

    def __init__(self, object_code: bytes, tracker: Any, addresses: dict[str, int]) -> None:
        self.object_code = object_code
        self.addresses = addresses
        self._tracker = tracker

    def __getitem__(self, name: str) -> int:
        return self.addresses[name]

    def __del__(self) -> None:
        if not sys.is_finalizing():
            with _lock:
                self._tracker.close()


def compile(module: Module, symbols: Mapping[str, int] | None = None) -> Code:
    """Optimise a module for this computer and bring it into memory.

    Parameters
    ----------
    module : Module
    symbols : mapping of str to int, optional
        Addresses of external functions that the module names; others are looked for in the running process.

    Raises
    ------
    RuntimeError
        LLVM's message, when the IR is malformed or a symbol is found nowhere.
    """
    return load(emit(module), module.exports, symbols)


def emit(module: Module) -> bytes:
    """The optimised object code of a module for this computer, perhaps from `store`."""
    dumps = os.environ.get("TETRAGRAD_DUMP", "").split(",")
    if "llvm" in dumps or "asm" in dumps:
        return _emit(module, dumps)
    return store.kept(str(module), host().key, lambda: _emit(module, dumps))


@_exclusive
def _emit(module: Module, dumps: list[str]) -> bytes:
    machine = host().machine
    parsed = _optimised(module)
    if "llvm" in dumps:
        print(parsed, file=sys.stderr)
    if "asm" in dumps:
        print(machine.emit_assembly(parsed), file=sys.stderr)
    return machine.emit_object(parsed)


@_exclusive
def assembly(module: Module) -> str:
    """The optimised assembly of a module, for tests and for reading."""
    return host().machine.emit_assembly(_optimised(module))


@_exclusive
def optimised(module: Module) -> str:
    """The optimised IR of a module, for tests and for reading."""
    return str(_optimised(module))


def _optimised(module: Module) -> Any:
    import llvmlite.binding as llvm

    target = host()
    head = f'target triple = "{target.triple}"\ntarget datalayout = "{target.layout}"\n'
    parsed = llvm.parse_assembly(head + str(module), llvm.create_context())
    # The code is as it should be, vectors and all; LLVM's other passes take longer than all the rest.
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.run(parsed, llvm.create_pass_builder(target.machine, llvm.create_pipeline_tuning_options()))
    return parsed


@_exclusive
def load(object_code: bytes, exports: Iterable[str], symbols: Mapping[str, int] | None = None) -> Code:
    """Bring object code that `emit` made, on a computer with the same `Host.key`, into memory."""
    import llvmlite.binding as llvm

    exports = list(exports)
    builder = llvm.JITLibraryBuilder().add_object_img(object_code).add_current_process()
    for name, address in (symbols or {}).items():
        builder.import_symbol(name, address)
    for name in exports:
        builder.export_symbol(name)
    tracker = builder.link(host().linker, f"tetragrad.{next(_numbers)}")
    return Code(object_code, tracker, {name: tracker[name] for name in exports})
