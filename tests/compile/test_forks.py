"""Processes that fork while another of their threads compiles: the child compiles on its own."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings

import numpy as np
import pytest

import tetragrad.numpy as tnp
from tetragrad.compile.compiled import compile

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def succeeds_in_a_child(work):
    """Whether `work` returns true in a forked child within a minute."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        child = os.fork()
    if child == 0:
        ok = False
        try:
            ok = work()
        finally:
            os._exit(0 if ok else 1)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status == 0
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def test_a_function_that_another_thread_is_compiling():
    tracing, go_on = threading.Event(), threading.Event()
    parent = os.getpid()

    def f(x):
        if os.getpid() == parent:
            tracing.set()
            assert go_on.wait(60)
        return tnp.sum(x * 2)

    compiled = compile(f)
    x = np.ones(3)
    thread = threading.Thread(target=compiled, args=(x,))
    thread.start()
    try:
        assert tracing.wait(60)
        assert succeeds_in_a_child(lambda: compiled(x) == compiled(x) == 6 and len(compiled) == 1)
    finally:
        go_on.set()
        thread.join()
    assert compiled(x) == 6


def test_a_function_that_forks_while_it_is_compiled():
    children = []

    def f(x):
        if not children:
            children.append(os.fork())
        return tnp.sum(x * 2)

    compiled = compile(f)
    x = np.ones(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        first = compiled(x)
    if children == [0]:
        os._exit(0 if first == compiled(x) == compiled(np.ones(2)) + 2 == 6 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 0
    assert first == compiled(x) == 6


def test_while_other_threads_compile():
    ended = threading.Event()

    def busily():
        n = 0
        while not ended.is_set():
            n += 1
            compile(lambda x, n=n: tnp.sum(tnp.tanh(x) * n))(np.ones(3))

    threads = [threading.Thread(target=busily) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            assert succeeds_in_a_child(lambda: compile(lambda x: x @ x)(np.ones(50)) == 50)
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize(
    ("module", "inner", "wanted"),
    [
        ("tetragrad.compile.graph", "x * x", 1),  # OpenBLAS does not bear a fork amidst a product
        ("tetragrad.compile.plan", "x @ x", 64),
        ("tetragrad.compile.maths", "x @ x", 64),
        ("scipy", "x @ x", 64),
    ],
)
def test_while_the_compiler_is_imported(module, inner, wanted):
    """A thread stays in the import of a module while the process forks."""
    program = f"""
        import importlib.abc, os, sys, threading, time, warnings
        import numpy as np
        import tetragrad as tg

        class Slow(importlib.abc.MetaPathFinder):
            begun = threading.Event()

            def find_spec(self, name, path, target=None):
                if name == {module!r} and os.getpid() == parent:
                    self.begun.set()
                    time.sleep(0.5)

        parent = os.getpid()
        work = lambda: tg.compile(lambda x: tg.numpy.sin({inner}))(np.ones((64, 64), complex))[0, 0]
        sys.meta_path.insert(0, Slow())
        threading.Thread(target=work, daemon=True).start()
        assert Slow.begun.wait(60)
        warnings.simplefilter("ignore")
        child = os.fork()
        if child == 0:
            os._exit(0 if abs(work() / np.sin({wanted}) - 1) < 1e-9 else 1)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            found, status = os.waitpid(child, os.WNOHANG)
            if found:
                os._exit(status != 0)
            time.sleep(0.01)
        os.kill(child, 9)
        os._exit(2)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, timeout=120, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
