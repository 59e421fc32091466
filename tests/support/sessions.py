"""Sessions with the real packages, recorded as doctests: the same statements print the same in a dialect.

With the package itself installed, in the version that the session was recorded with, it is checked too.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib
import importlib.util
import io
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

# How programs call each package, and the version that the sessions were recorded with.
SHORT = {"torch": "torch", "tensorflow": "tf", "paddle": "paddle"}
VERSIONS = {"torch": "2.13", "tensorflow": "2.21", "paddle": "3.3"}


def shown(source: str, names: dict[str, Any]) -> str:
    """What a statement prints: its output, the value of its last expression, or its error in one line."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        try:
            tree = ast.parse(source)
            last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "<session>", "exec"), names)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), "<session>", "eval"), names)
                if value is not None:
                    print(repr(value))
        except Exception as error:
            message = re.sub(r"\{\{.*?\}\} ", "", str(error).strip("\n")).split("\n")[0]
            print(f"{type(error).__name__}: {message}".rstrip())
    return text.getvalue().rstrip("\n")


def agrees(got: str, want: str) -> bool:
    """Whether an output is the recorded one, of which only the beginning counts if it ends in `` ...``."""
    want = want.rstrip("\n").replace("<BLANKLINE>", "")
    got = "\n".join([line.rstrip() for line in got.split("\n")])
    return got.startswith(want[:-4].rstrip()) if want.endswith(" ...") else got == want


def differences(path: Path, package: str, module: str) -> list[str]:
    """The statements of a session that print something else in `module` than was recorded."""
    text = path.read_text(encoding="utf-8")
    if module != package:
        text = re.sub(rf"(>>> (?:from|import)) {package}\b", rf"\1 {module}", text)
    names = {SHORT[package]: importlib.import_module(module), "__name__": "session"}
    wrong = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for example in doctest.DocTestParser().get_examples(text):
            got = shown(example.source, names)
            if not agrees(got, example.want):
                wrong.append(f"line {example.lineno + 1}: {example.source}  want {example.want}  got  {got}")
    return wrong


def check(path: Path, package: str) -> None:
    """A session in the dialect."""
    wrong = differences(path, package, f"tetragrad.{package}")
    assert not wrong, "\n".join(wrong)


def check_the_real_one(path: Path, package: str) -> None:
    """A session in the package itself, if it is installed in the recorded version."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"{package} is not installed")
    if not importlib.import_module(package).__version__.startswith(VERSIONS[package]):
        pytest.skip(f"the sessions were recorded with {package} {VERSIONS[package]}")
    wrong = differences(path, package, package)
    assert not wrong, "\n".join(wrong)


def found(test: str) -> Sequence[Path]:
    """The sessions beside a test file."""
    return sorted((Path(test).parent / "sessions").glob("*.txt"))
