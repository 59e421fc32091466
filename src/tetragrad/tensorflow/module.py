"""`tf.Module`: an object that knows the Variables in its attributes, and in those of the modules it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import nest
from .variable import Variable


class Module:
    """Base class for parts of models.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> class Scale(tf.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = tf.Variable(2.0)
    >>> [v.numpy() for v in Scale().trainable_variables]
    [np.float32(2.0)]
    """

    def __init__(self, name: str | None = None) -> None:
        self._name = name or type(self).__name__.lower()

    @property
    def name(self) -> str:
        """The name given, or that of the class."""
        return self._name

    @property
    def variables(self) -> tuple[Any, ...]:
        """All Variables, each once, by the names of the attributes."""
        found = {id(v._leaf): v for v in self._walk(set()) if isinstance(v, Variable)}
        return tuple(found.values())

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """The Variables that tapes watch."""
        return tuple([v for v in self.variables if v.trainable])

    @property
    def submodules(self) -> tuple[Any, ...]:
        """The modules within."""
        return tuple([m for m in self._walk(set()) if isinstance(m, Module)])

    def _walk(self, seen: set[int]) -> Iterator[Any]:
        seen.add(id(self))
        for _, attribute in sorted(vars(self).items()):
            for leaf in nest.flatten(attribute):
                if isinstance(leaf, Variable):
                    yield leaf
                elif isinstance(leaf, Module) and id(leaf) not in seen:
                    yield leaf
                    yield from leaf._walk(seen)
