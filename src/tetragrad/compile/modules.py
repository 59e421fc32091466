"""Modules and functions, as text: what is compiled together. A part of `ir`, whose `Builder` writes their bodies."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from .values import LLVM

if TYPE_CHECKING:
    from .ir import Builder

UNTYPED = "declare void @{}()"  # of an external symbol whose address alone is used


class Module:
    """Functions and constants that are compiled together.

    Parameters
    ----------
    name : str
        Shown in dumps.
    fma : bool
        Whether the target multiplies and adds with one rounding in one instruction; `engine.new_module` knows.
    """

    def __init__(self, name: str, fma: bool = False) -> None:
        self.name = name
        self.fma = fma
        self.exports: list[str] = []
        self.functions: dict[str, Function] = {}
        self.declarations: dict[str, str] = {}
        self._globals: dict[str, str] = {}
        self._metadata: list[str] = []
        self._bodies: list[str] = []
        self._tables: dict[tuple[str, bytes], str] = {}

    def table(self, array: np.ndarray) -> str:
        """The symbol of a read-only copy of `array` in the module's data; equal arrays share one copy."""
        array = np.ascontiguousarray(array)
        key = (array.dtype.str, array.tobytes())
        name = self._tables.get(key)
        if name is None:
            name = self._tables[key] = f"table.{len(self._tables)}"
            data = "".join([f"\\{byte:02X}" for byte in key[1]])
            self._globals[name] = f'@{name} = private constant [{len(key[1])} x i8] c"{data}", align 64'
        return name

    def variable(self, size: int) -> str:
        """The symbol of `size` zeroed, writable bytes in the module's data."""
        name = f"variable.{len(self._globals)}"
        self._globals[name] = f"@{name} = internal global [{size} x i8] zeroinitializer, align 64"
        return name

    def metadata(self, content: str) -> str:
        """A reference to a metadata node; SELF in `content` stands for the node itself."""
        reference = f"!{len(self._metadata)}"
        self._metadata.append(f"{reference} = {content.replace('SELF', reference)}")
        return reference

    def declare(self, name: str, result: str | None, arguments: Sequence[str]) -> None:
        """Declare an external function, or check that it is declared with the same types."""
        line = f"declare {result_type(result)} @{name}({', '.join(LLVM[a] for a in arguments)})"
        known = self.declarations.get(name, UNTYPED.format(name))
        if known not in (line, UNTYPED.format(name)):
            raise TypeError(f"{name} is used with two signatures: {known!r} and {line!r}")
        self.declarations[name] = line

    def __str__(self) -> str:
        parts = [self._globals.values(), self.declarations.values(), self._bodies, self._metadata]
        return f'source_filename = "{self.name}"\n' + "\n".join(line for part in parts for line in part) + "\n"


class Function:
    """A function under construction; as a context it gives the Builder that writes its body.

    Parameters
    ----------
    module : Module
    name : str
    result : str or None
        The type of the result; None for no result.
    arguments : sequence of str
        The arguments' types.
    internal : bool
        Seen only inside the module: LLVM may inline it and drop it.
    attributes : str
        LLVM's function attributes, such as "alwaysinline" or "noinline cold".
    """

    def __init__(
        self,
        module: Module,
        name: str,
        result: str | None,
        arguments: Sequence[str],
        *,
        internal: bool = False,
        attributes: str = "",
    ) -> None:
        if name in module.functions:
            raise ValueError(f"module {module.name!r} already has a function {name!r}")
        self.module = module
        self.name = name
        self.result = result
        self.arguments = tuple(arguments)
        self.internal = internal
        self.attributes = attributes
        module.functions[name] = self
        if not internal:
            module.exports.append(name)

    def __enter__(self) -> Builder:
        from .ir import Builder

        self._builder = Builder(self)
        return self._builder

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.module._bodies.append(self._builder._finish())


def result_type(result: str | None) -> str:
    """A function's result as LLVM writes it."""
    return "void" if result is None else LLVM[result]
