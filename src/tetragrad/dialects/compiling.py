"""The frameworks' own ways to compile a function (`torch.compile`, `tf.function`, `to_static`), over the one compiler.

A framework's program must go on where the compiler cannot follow: it then runs eagerly, and `explain` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..api.containers import Structure
from ..compile.compiled import Compiled
from ..compile.specialize import FlatFunction, Specialized
from ..errors import TetragradError, UntraceableError


class FrameworkFunction(Compiled):
    """A compiled function in which Python numbers are part of the signature, and which may run eagerly.

    With `whole`, a function that cannot be compiled as a whole is an error, as some frameworks let users ask for.
    """

    def __init__(self, f: Callable[..., Any], whole: bool = False) -> None:
        super().__init__(f, (), ())
        self._whole = whole

    def _floats(self, leaves: Sequence[Any]) -> set[int]:
        return {n for n, leaf in enumerate(leaves) if type(leaf) is float}

    def _specialized(
        self, leaves: list[Any], structure: Structure, has_kwargs: bool, static: set[int]
    ) -> Specialized:  # fmt: skip
        try:
            made = super()._specialized(leaves, structure, has_kwargs, static)
        except UntraceableError as error:
            made = Specialized(FlatFunction(self._f, leaves, structure, has_kwargs), leaves)
            made.reason = str(error)
        if made.reason is not None and self._whole:
            raise WholeFunctionError(f"{self.__name__} cannot be compiled as a whole: {made.reason}")
        return made

    def __reduce__(self) -> Any:
        return type(self), (self._f, self._whole)


class WholeFunctionError(TetragradError, RuntimeError):
    """A function was to be compiled as a whole, and cannot be."""
