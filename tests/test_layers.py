"""The structure of the source: imports point down, importing stays light, files stay small, every row is complete."""

from __future__ import annotations

import ast
import functools
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.draw import rows

import tetragrad as tg
import tetragrad.numpy as tnp

SOURCE = Path(tg.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))

# From the bottom up; a module may import from its own layer and from those below. "" is the package's own __init__.
LAYERS = [
    {"errors", "version"},
    {"core"},
    {"families"},
    {"ops"},
    {"numpy", "scipy", "nn"},
    {"api"},
    {"compile"},
    {"dialects", "interop"},
    {""},
    {"torch", "tensorflow", "mxnet", "paddle"},
    {"cli", "show", "__main__"},
]
HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names}

LIGHT = {"numpy", "tetragrad", *sys.stdlib_module_names}


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def part_of(path: Path) -> str:
    """The top-level part of the package that a file belongs to: core, ops, ...; "" for the package itself."""
    part = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    return "" if part == "__init__" else part


@functools.cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def own_imports(path: Path) -> set[str]:
    """The parts of the package that a file imports from, anywhere in it."""
    package = ("tetragrad", *path.relative_to(SOURCE).parts[:-1])
    found = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            found.update([tuple(alias.name.split(".")) for alias in node.names])
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            found.update([(*module, alias.name) for alias in node.names] if len(module) == 1 else [module])
    inside = {name for name in found if name[0] == "tetragrad"}
    return {name[1] if len(name) > 1 and name[1] in HEIGHT else "" for name in inside}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_point_down(path):
    own = part_of(path)
    assert own in HEIGHT, f"{name_of(path)}: {own!r} is in no layer; add it to LAYERS"
    above = [part for part in own_imports(path) if HEIGHT[part] > HEIGHT[own]]
    assert not above, f"{name_of(path)} (layer of {own!r}) imports from above: {above}"


def module_level_imports(body: list[ast.stmt]) -> set[str]:
    """The packages imported when the module is, whatever `if` or `try` they stand in (not for type checkers)."""
    found = set()
    for node in body:
        if isinstance(node, ast.Import):
            found.update([alias.name.split(".")[0] for alias in node.names])
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
        elif isinstance(node, (ast.If, ast.Try, ast.With)) and "TYPE_CHECKING" not in ast.dump(
            getattr(node, "test", node)
        ):
            for field in ("body", "orelse", "finalbody"):
                found |= module_level_imports(getattr(node, field, []))
            for handler in getattr(node, "handlers", []):
                found |= module_level_imports(handler.body)
    return found


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_heavy_import_at_module_level(path):
    heavy = module_level_imports(parse(path).body) - LIGHT
    assert not heavy, f"{name_of(path)} imports {heavy} when it is imported; import inside the function that uses it"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_are_small_and_say_what_they_are_for(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600
    assert path.name != "utils.py"
    assert ast.get_docstring(parse(path)), f"{name_of(path)} has no docstring"


@pytest.mark.parametrize("path", [path for path in FILES if part_of(path) != "compile"], ids=name_of)
def test_no_code_is_built_outside_the_compiler(path):
    built = [
        node.func.id
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("exec", "eval", "compile")
    ]
    assert not built, f"{name_of(path)} calls {built}"


@pytest.mark.parametrize("module", ["tetragrad", "tetragrad.numpy"])
def test_importing_is_light(module):
    """SciPy, llvmlite and matplotlib load when first used; no optional package loads at all."""
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not loaded & {
        "scipy",
        "llvmlite",
        "matplotlib",
        "rich",
        "sklearn",
        "torch",
        "tensorflow",
        "jax",
        "mxnet",
        "paddle",
    }


# --- the table --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_rows_are_complete(row):
    """A sample to draw from, and both rules; a result without derivative is declared so."""
    assert row.name.isidentifier()
    assert row.sample, f"{row.name} has no sample"
    assert row.door is not None and row.door.primitive is row
    assert row.batch is not None
    if row.family == "nondifferentiable":
        assert not row.differentiable
    else:
        assert row.differentiable
        assert row.vjp != row._no_reverse, f"{row.name} has no reverse rule"
        assert row.jvp != row._no_forward, f"{row.name} has no forward rule"


def test_no_one_row_is_registered_twice():
    from tetragrad.families import Real, elementwise

    with pytest.raises(ValueError, match="already has a primitive named 'add'"):
        elementwise("add", lambda x: x, [lambda g: g], sample=Real(0, 1))


# --- what is public ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", [name for name in tg.__all__ if callable(getattr(tg, name))])
def test_public_functions_are_documented_with_an_example(name):
    assert ">>>" in inspect.getdoc(getattr(tg, name))


def own_functions(module):
    own = [name for name in dir(module) if not name.startswith("_") and callable(getattr(module, name))]
    return [getattr(module, name) for name in own if getattr(module, name) is not getattr(np, name, None)]


@pytest.mark.parametrize("function", own_functions(tnp), ids=lambda function: function.__name__)
def test_functions_of_the_own_face_are_documented(function):
    assert inspect.getdoc(function)


@pytest.mark.parametrize("name", [name for name in dir(tg.errors) if name.endswith("Error")])
def test_errors_have_a_common_base(name):
    error = getattr(tg.errors, name)
    assert issubclass(error, tg.errors.TetragradError)
    assert error.__doc__
