"""Large arrays in the eager mode: machine code in the place of NumPy's functions, and nothing else changes."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import textwrap
import threading
import warnings

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad.core.native import LEAST, QUICKER, SWITCH, loop_for
from tetragrad.core.primitive import TABLE
from tetragrad.core.threads import BLOCK

pytest.importorskip("llvmlite")
from tetragrad.compile.large import PART

DOMAINS = {
    **dict.fromkeys(["arcsin", "arccos", "arctanh", "erf", "erfc"], (-0.999, 0.999)),
    **dict.fromkeys(["log", "log2", "log10"], (1e-3, 1e3)),
    **dict.fromkeys(["sin", "cos", "tan"], (-1e3, 1e3)),
    "arccosh": (1.001, 50),
    "log1p": (-0.99, 50),
    "logit": (1e-3, 0.999),
}
FUNCTIONS = [(name, code) for code, names in QUICKER.items() for name in sorted(names)]
SIZE = LEAST + PART + 3


def of_large(name, x):
    """The value of an operation on a Tensor."""
    return TABLE[name].door(tg.tensor(x)).numpy()


def samples(name, code, size=SIZE):
    low, high = DOMAINS.get(name, (-8, 8))
    return np.random.default_rng(0).uniform(low, high, size).astype(code)


def run_program(source, expected, **environment):
    """Run a program in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)], capture_output=True, text=True, timeout=60,
        env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == expected


# --- values -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "code"), FUNCTIONS)
def test_accuracy(name, code):
    """Against NumPy in a wider format: half a unit of the last place is rounding."""
    x = samples(name, code)
    wide = np.float64 if code == "f4" else np.longdouble
    if np.finfo(wide).nmant <= np.finfo(code).nmant:
        pytest.skip("no wider format here")
    expected = TABLE[name].value(x.astype(wide)[: 1 << 18])
    found = of_large(name, x)
    assert found.dtype == x.dtype
    error = np.abs(found[: 1 << 18] - expected) / np.spacing(np.abs(expected).astype(code))
    assert error.max() <= (4 if name in ("erf", "erfc") else 2)
    np.testing.assert_allclose(found, TABLE[name].value(x), rtol=32 * np.finfo(code).eps)


@pytest.mark.parametrize(("name", "code"), FUNCTIONS)
def test_special_values_and_warnings(name, code):
    """NumPy's own results where they are not finite, and its warnings of them."""
    special = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 1.5, -1.5, 1e30, -1e30, 1e3, -1e3]
    x = samples(name, code)
    x[: len(special)] = x[-len(special) :] = special
    x[PART] = -2.0

    def result_of(function):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            return function(), {str(warning.message) for warning in caught}

    found, warned = result_of(lambda: of_large(name, x))
    expected, expected_warnings = result_of(lambda: TABLE[name].value(x))
    assert warned == expected_warnings
    np.testing.assert_allclose(found, expected, rtol=32 * np.finfo(code).eps, atol=np.finfo(code).tiny)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(expected[known]))


def test_raising():
    x = samples("log", "f8")
    x[-1] = 0
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide by zero encountered in log"):
        of_large("log", x)
    with np.errstate(divide="ignore"):
        assert of_large("log", x)[-1] == -np.inf


def test_numpy_tells_of_underflow():
    x = np.full(SIZE, -800.0)
    with np.errstate(under="raise"), pytest.raises(FloatingPointError, match="underflow"):
        of_large("exp", x)
    assert (of_large("exp", x) == 0).all()


# --- where it is used -------------------------------------------------------------------------------------------------
def is_native(x, name="exp"):
    """Whether the results are those of the machine code: among so many, some differ from NumPy's in the last place."""
    return not np.array_equal(TABLE[name].door(x), TABLE[name].value(x))


def test_only_large_contiguous_arrays_of_two_dtypes():
    x = samples("sinh", "f8")
    assert is_native(x, "sinh")
    assert is_native(x[:LEAST], "sinh")
    assert not is_native(x[: LEAST - 1], "sinh")
    assert is_native(x[:LEAST].reshape(4, -1, 2), "sinh")
    assert not is_native(np.repeat(x, 2)[::2], "sinh")
    assert not is_native(x.astype(">f8"), "sinh")
    assert not is_native(x.astype(np.float16), "sinh")
    assert not is_native(x.astype(complex), "sinh")
    assert not is_native(np.abs(x), "sqrt")


def test_one_result_whatever_the_way(two_threads):
    """Recorded or not, on a plain array, by any number of threads, in the backward pass: the same bits."""
    x = samples("cos", "f4", LEAST + BLOCK // 2)
    expected = of_large("cos", x)
    assert not np.array_equal(expected, np.cos(x))
    variable = tg.tensor(x, requires_grad=True)
    with tg.saved_arrays_hooks(lambda a: a, lambda a: a):
        np.testing.assert_array_equal(tnp.cos(variable).numpy(), expected)
    np.testing.assert_array_equal(tnp.cos(variable).numpy(), expected)
    np.testing.assert_array_equal(tnp.cos(x), expected)
    np.testing.assert_array_equal(tg.jvp(tnp.sin, (x,), (np.ones_like(x),))[1], expected)
    for count in (1, 2):
        tg.threads(count)
        np.testing.assert_array_equal(of_large("cos", x), expected)
        np.testing.assert_array_equal(tg.grad(lambda x: tnp.sin(x).sum())(x), expected)
    np.testing.assert_array_equal(tg.grad(lambda x: tg.grad(lambda x: -tnp.cos(x).sum())(x).sum())(x), expected)


def test_writing():
    x = samples("exp", "f8")
    expected = of_large("exp", x)
    out = tg.tensor(np.zeros_like(x))
    tnp.exp(tg.tensor(x), out=out)
    np.testing.assert_array_equal(out.numpy(), expected)
    y = tg.tensor(x.copy())
    tnp.exp(y, out=y)
    np.testing.assert_array_equal(y.numpy(), expected)


def test_arrays_that_may_not_be_written():
    x = samples("exp", "f8")
    x.flags.writeable = False
    assert is_native(x)


def test_switch(monkeypatch):
    x = samples("exp", "f8")
    assert is_native(x)
    monkeypatch.setenv(SWITCH, "0")
    assert not is_native(x)
    assert loop_for("exp", np.exp, x) is None


# --- loading ----------------------------------------------------------------------------------------------------------
def test_the_compiler_is_loaded_by_the_first_large_array():
    run_program(
        f"""
        import sys
        import numpy as np, tetragrad as tg, tetragrad.numpy as tnp
        tnp.exp(tg.tensor(np.zeros({LEAST - 1})))
        tnp.sqrt(tg.tensor(np.zeros({LEAST})))
        print("llvmlite" in sys.modules)
        tnp.exp(tg.tensor(np.zeros({LEAST})))
        print("llvmlite" in sys.modules)
        """,
        "False\nTrue",
    )


def test_numpy_does_it_where_there_is_no_compiler():
    run_program(
        f"""
        import sys
        sys.modules["llvmlite"] = None
        import numpy as np, tetragrad as tg, tetragrad.numpy as tnp
        x = np.linspace(-3, 3, {LEAST})
        print(np.array_equal(tg.grad(lambda x: tnp.sin(x).sum())(x), np.cos(x)))
        """,
        "True",
    )


def test_first_use_in_several_threads():
    run_program(
        f"""
        import threading
        import numpy as np, tetragrad as tg, tetragrad.numpy as tnp
        x = np.linspace(-3, 3, {LEAST})
        found = []
        def work():
            found.append(tg.grad(lambda x: tnp.sin(x).sum())(x))
        workers = [threading.Thread(target=work) for _ in range(4)]
        for each in workers: each.start()
        for each in workers: each.join()
        print(len(found), all(np.array_equal(each, found[0]) for each in found))
        """,
        "4 True",
        OMP_NUM_THREADS="2",
    )


def test_first_use_while_the_interpreter_ends():
    run_program(
        f"""
        import threading
        import numpy as np, tetragrad as tg, tetragrad.numpy as tnp
        def late():
            threading.main_thread().join()
            print((tg.grad(lambda x: tnp.exp(x).sum())(np.zeros({LEAST})) == 1).all())
        threading.Thread(target=late).start()
        """,
        "True",
        OMP_NUM_THREADS="2",
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_forks():
    """A child uses the machine code of its parent and compiles more, also when another thread compiled meanwhile."""
    x = samples("exp", "f8")
    expected = of_large("exp", x)
    started = threading.Event()

    def compile_one():
        started.set()
        of_large("arcsinh", x)

    other = threading.Thread(target=compile_one)
    other.start()
    started.wait()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        child = os.fork()
    if child == 0:
        threading.Timer(30, os._exit, (2,)).start()
        right = np.array_equal(of_large("exp", x), expected) and np.allclose(of_large("cbrt", x), np.cbrt(x))
        os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    other.join()
