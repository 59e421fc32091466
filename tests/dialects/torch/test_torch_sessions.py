"""Sessions with PyTorch, recorded: the same statements print the same here. With PyTorch itself present, there too."""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import io
import re
import warnings
from pathlib import Path

import pytest

SESSIONS = sorted((Path(__file__).parent / "sessions").glob("*.txt"))


def shown(source, names):
    """What a statement prints: its output, its value, or its error in one line."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        try:
            try:
                code = compile(source, "<session>", "eval")
            except SyntaxError:
                exec(compile(source, "<session>", "exec"), names)
            else:
                value = eval(code, names)
                if value is not None:
                    print(repr(value))
        except Exception as error:
            message = str(error).split("\n")[0]
            print(f"{type(error).__name__}: {message}")
    return text.getvalue().rstrip("\n")


def agree(got, want):
    want = want.rstrip("\n").replace("<BLANKLINE>", "")
    return got.startswith(want[:-4]) if want.endswith(" ...") else got == want


def run(path, module):
    """The examples of a session whose output is another than the recorded one."""
    text = path.read_text(encoding="utf-8")
    if module != "torch":
        text = re.sub(r"(>>> (?:from|import)) torch\b", rf"\1 {module}", text)
    names = {"torch": importlib.import_module(module)}
    wrong = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for example in doctest.DocTestParser().get_examples(text):
            got = shown(example.source, names)
            if not agree(got, example.want):
                wrong.append(f"line {example.lineno + 1}: {example.source}  want {example.want}  got  {got}")
    return wrong


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_session(path):
    wrong = run(path, "tetragrad.torch")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_session_of_the_real_one(path):
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        pytest.skip("PyTorch is not installed")
    if not importlib.import_module("torch").__version__.startswith("2.13"):
        pytest.skip("the sessions were recorded with PyTorch 2.13")
    wrong = run(path, "torch")
    assert not wrong, "\n".join(wrong)
