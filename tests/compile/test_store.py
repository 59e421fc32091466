"""Object code kept on disk."""

import os
import subprocess
import sys

import numpy as np
import pytest

import tetragrad as tg
from tetragrad.compile import engine, store

PROGRAM = """
import numpy as np, tetragrad as tg, tetragrad.numpy as tnp
from tetragrad.compile import engine
made = []
emit = engine._emit
engine._emit = lambda *args: made.append(1) or emit(*args)
f = tg.compile(tg.value_and_grad(lambda x: tnp.sum(tnp.sin(x) @ np.ones((3, 3)) + x * 2.0)))
value, gradient = f(np.array([0.0, 1.0, 2.0]))
print(len(made), repr(value), gradient.tolist())
"""


def run(directory):
    environment = {**os.environ, store.VARIABLE: str(directory)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    count, _, result = done.stdout.partition(" ")
    return int(count), result


def test_another_process_finds_what_was_compiled(tmp_path):
    first, second = run(tmp_path / "deep" / "cache"), run(tmp_path / "deep" / "cache")
    assert first[0] > 0
    assert second == (0, first[1])


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv(store.VARIABLE, str(tmp_path))
    return tmp_path


def test_what_is_damaged_is_made_anew(directory):
    assert store.kept("ir", "cpu", lambda: b"code") == b"code"
    (file,) = directory.iterdir()
    assert store.kept("ir", "cpu", lambda: b"other") == b"code"
    file.write_bytes(file.read_bytes()[:-1])
    assert store.kept("ir", "cpu", lambda: b"other") == b"other"
    assert store.kept("ir", "another cpu", lambda: b"third") == b"third"
    assert len(list(directory.iterdir())) == 2


def test_a_directory_that_cannot_be_had(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "file"))
    assert store.kept("ir", "cpu", lambda: b"code") == b"code"


def test_off_by_default(monkeypatch, tmp_path):
    monkeypatch.delenv(store.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    assert tg.compile(lambda x: x + 1)(np.zeros(2)).tolist() == [1, 1]
    assert not list(tmp_path.iterdir())
    assert engine.host().key
