"""`tetragrad.install` and `tetragrad run`: programs that import another package get tetragrad's face of that name."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tetragrad as tg
from tetragrad.errors import OperationError


@pytest.fixture
def real_package(tmp_path, monkeypatch):
    """A package named mxnet that is not ours."""
    folder = tmp_path / "site" / "mxnet"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("real = True\n")
    (folder / "part.py").write_text("name = __name__\n")
    monkeypatch.syspath_prepend(str(folder.parent))
    for name in [name for name in sys.modules if name == "mxnet" or name.startswith("mxnet.")]:
        monkeypatch.delitem(sys.modules, name)
    yield
    for name in [name for name in sys.modules if name == "mxnet" or name.startswith("mxnet.")]:
        del sys.modules[name]


def test_the_real_package_comes_back(real_package):
    import mxnet.part

    real = sys.modules["mxnet"]
    with tg.install("mxnet") as installation:
        ours = importlib.import_module("mxnet")
        assert ours.__name__ == "tetragrad.mxnet" and not hasattr(ours, "part")
        assert "mxnet.part" not in sys.modules
    assert sys.modules["mxnet"] is real is importlib.import_module("mxnet")
    assert sys.modules["mxnet.part"] is mxnet.part
    installation.undo()  # a second time does nothing
    assert sys.modules["mxnet"] is real


def test_without_a_with_block(real_package):
    installation = tg.install("mxnet")
    try:
        assert importlib.import_module("mxnet").__name__ == "tetragrad.mxnet"
    finally:
        installation.undo()
    assert importlib.import_module("mxnet").real


def test_nested_installations_in_any_order(real_package):
    first, second = tg.install("mxnet"), tg.install("mxnet")
    first.undo()
    assert importlib.import_module("mxnet").__name__ == "tetragrad.mxnet"
    second.undo()
    assert importlib.import_module("mxnet").real


def test_an_exception_in_the_block(real_package):
    with pytest.raises(KeyError), tg.install("mxnet"):
        raise KeyError
    assert importlib.import_module("mxnet").real


def test_every_form_of_import():
    with tg.install("mxnet"):
        import mxnet
        import mxnet.numpy as first
        from mxnet import autograd, np
        from mxnet.gluon import Trainer
    assert first is np is mxnet.np
    assert autograd.record is mxnet.autograd.record
    assert Trainer.__module__ == "tetragrad.mxnet.gluon"


def test_modules_stay_what_they_are():
    import tetragrad.mxnet.numpy as ours

    spec = ours.__spec__
    with tg.install("mxnet"):
        import mxnet.numpy
    assert mxnet.numpy is ours
    assert ours.__spec__ is spec and ours.__name__ == "tetragrad.mxnet.numpy"


def test_a_module_that_is_not_there():
    with tg.install("mxnet"), pytest.raises(ModuleNotFoundError, match=r"no attribute 'gloun'; the closest .* 'gluon'"):
        importlib.import_module("mxnet.gloun")


def test_a_name_that_is_not_there():
    with tg.install("mxnet"):
        with pytest.raises(
            ImportError, match=r"tetragrad.mxnet has no attribute 'autogard'; the closest .* 'autograd'"
        ):
            from mxnet import autogard  # noqa: F401
        with pytest.raises(ImportError, match=r"tetragrad.mxnet.np has no attribute|tetragrad.mxnet.numpy has no"):
            from mxnet.np import arrange  # noqa: F401


def test_an_unknown_dialect():
    with pytest.raises(OperationError, match="no dialect 'jax'; there are torch, tensorflow, mxnet, paddle"):
        tg.install("jax")
    with pytest.raises(OperationError, match="name a dialect"):
        tg.install()


def test_all_dialects():
    with tg.install("all"):
        for name in ("torch", "tensorflow", "mxnet", "paddle"):
            assert importlib.import_module(name).__name__ == f"tetragrad.{name}"


# -- the command line -------------------------------------------------------------------------------------------------

PROGRAM = """
import sys
from mxnet import autograd, np
x = np.arange(4)
x.attach_grad()
with autograd.record():
    y = 2 * np.dot(x, x)
y.backward()
print(__name__, sys.argv[1:], x.grad)
"""


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(tg.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "tetragrad", "run", *arguments],
        capture_output=True, text=True, cwd=cwd, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip


@pytest.mark.parametrize("options", [[], ["--as", "mxnet"], ["--as=all"]])
def test_a_script(tmp_path, options):
    (tmp_path / "script.py").write_text(PROGRAM)
    done = run(*options, "script.py", "-h", "--as", "x", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "__main__ ['-h', '--as', 'x'] [ 0.  4.  8. 12.]\n"


def test_dividing_by_zero_is_silent(tmp_path):
    (tmp_path / "script.py").write_text("from mxnet import np\nprint(np.log(np.zeros(1)))\n")
    done = run("script.py", cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("[-inf]\n", "")
    (tmp_path / "script.py").write_text("import numpy as np\nprint(np.log(np.zeros(1)))\n")
    assert "RuntimeWarning" in run("script.py", cwd=tmp_path).stderr


def test_a_module(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    (tmp_path / "package" / "program.py").write_text(PROGRAM)
    done = run("--as", "mxnet", "-m", "package.program", "a", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "__main__ ['a'] [ 0.  4.  8. 12.]\n"


def test_a_script_named_like_the_package_and_its_neighbours(tmp_path):
    (tmp_path / "mxnet.py").write_text("from mxnet import np\nimport beside\nprint(np.ones(2), beside.value)\n")
    (tmp_path / "beside.py").write_text("value = 3\n")
    done = run("--as", "mxnet", "mxnet.py", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[1. 1.] 3\n", "")


def test_exit_status(tmp_path):
    (tmp_path / "script.py").write_text("import sys\nsys.exit(7)\n")
    assert run("script.py", cwd=tmp_path).returncode == 7
    (tmp_path / "script.py").write_text("import sys\nsys.exit('no more')\n")
    done = run("script.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "no more\n")


def test_an_error_of_the_program(tmp_path):
    (tmp_path / "script.py").write_text("def f():\n    return 1 / 0\nf()\n")
    done = run("script.py", cwd=tmp_path)
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert lines[0].startswith("Traceback") and "script.py" in lines[1]
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert "tetragrad" not in done.stderr


@pytest.mark.parametrize(
    ("line", "gist"),
    [
        ("torch.ones(2, grad=True)", "unexpected keyword argument 'grad'"),
        ("torch.arrange(3)", "the closest name it has is 'arange'"),
        ("torch.ones(2).requires_grad_().backward()", "grad can be implicitly created only for scalar outputs"),
        ("torch.func.grad(lambda x: (x + torch.ones(3)).sum())(torch.ones(2))", "The size of tensor a (2) must match"),
    ],
)
def test_a_mistake_in_the_program_shows_the_program(tmp_path, line, gist):
    (tmp_path / "script.py").write_text(f"import torch\n{line}\n")
    done = run("--as", "torch", "script.py", cwd=tmp_path)
    shown = [part for part in done.stderr.splitlines() if part.startswith("  File ")]
    assert done.returncode == 1 and gist in done.stderr.splitlines()[-1]
    assert shown and all(["script.py" in part for part in shown])


@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        ([], "there is no program to run"),
        (["-m"], "there is no program to run"),
        (["absent.py"], "cannot read absent.py: No such file"),
        (["."], "is a directory"),
        (["-m", "absent"], "no module named 'absent'"),
        (["-m", "absent.part"], "no module named 'absent.part'"),
        (["-m", "mxnet.numpy"], "mxnet.numpy is tetragrad's own here"),
        (["broken.py"], "broken.py, line 2: invalid syntax"),
        (["binary.py"], "binary.py"),
        (["--as", "jax", "broken.py"], "there is no dialect 'jax'"),
        (["--as"], "expected one argument"),
        (["--at", "torch", "broken.py"], "unrecognized arguments: --at"),
    ],
)
def test_misuse(tmp_path, arguments, gist):
    (tmp_path / "broken.py").write_text("x = 1\nx = = 2\n")
    (tmp_path / "binary.py").write_bytes(b"\x00\xff\x00")
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert gist in done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) <= 3
    assert done.stdout == ""
