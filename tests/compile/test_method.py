"""The machine code that `Compiled` is called through."""

from __future__ import annotations

import gc
import sys

import pytest

from tetragrad.compile import abi
from tetragrad.compile.method import native_method


class Called:
    """Notes how it is called."""

    def __init__(self):
        self.first = lambda *args: sum(args) if all(type(x) is int for x in args) else NotImplemented

    def second(self, *args, **kwargs):
        return self, args, kwargs


Called.__call__ = native_method(Called, "first", "second")


def test_the_quick_way():
    called = Called()
    assert called(1, 2) == 3 and called() == 0 and called.__call__(4) == 4 and Called.__call__(called, 5) == 5


def test_the_general_way():
    called = Called()
    assert called("x", 1) == (called, ("x", 1), {})
    assert called(1, k=2) == (called, (1,), {"k": 2})
    assert called(k=2) == (called, (), {"k": 2})


def test_an_exception():
    called = Called()
    called.first = lambda *args: 1 / 0
    with pytest.raises(ZeroDivisionError):
        called(1)
    del called.first
    with pytest.raises(AttributeError, match="first"):
        called(1)
    assert called(k=1)[2] == {"k": 1}
    with pytest.raises(TypeError):
        Called.__call__(3)


def test_nothing_is_kept():
    called = Called()
    argument = "an argument " * 3
    objects = [called, argument, called.first, NotImplemented]
    counts = [sys.getrefcount(known) for known in objects]
    for _ in range(100):
        called(1)
        called(argument)
        called(argument, k=argument)
    gc.collect()
    assert [sys.getrefcount(known) for known in objects] == counts


def test_other_pythons(monkeypatch):
    monkeypatch.setattr(abi, "is_known", lambda: False)
    assert native_method(Called, "first", "second") is None
