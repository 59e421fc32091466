"""Running a program as `python` would, with dialects in the place of the packages that it imports.

The process is the program's from then on, as it is `python`'s.
"""

from __future__ import annotations

import ast
import importlib.util
import io
import os
import runpy
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from types import TracebackType

from ..errors import OperationError
from .install import install

# Frames of these files, at the start of a traceback, are ours and not the program's.
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_OWN = (__file__, runpy.__file__, "<frozen runpy>", "<frozen importlib._bootstrap>")


class ProgramError(OperationError):
    """A program that cannot be started: it is not there, or it is not Python."""


def run_script(path: str, arguments: Sequence[str], dialects: Sequence[str]) -> int:
    """Run a script under the given dialects; returns its exit status.

    Raises
    ------
    ProgramError
        The script cannot be read or does not parse.
    """
    _check(path)
    folder = os.path.dirname(os.path.abspath(path))
    return _run([path, *arguments], folder, dialects, lambda: runpy.run_path(path, run_name="__main__"))


def run_module(name: str, arguments: Sequence[str], dialects: Sequence[str]) -> int:
    """Run a module as ``python -m`` does, under the given dialects; returns its exit status.

    Raises
    ------
    ProgramError
        There is no such module.
    """

    def start() -> None:
        try:
            found = importlib.util.find_spec(name)
        except (ModuleNotFoundError, ValueError) as error:
            if getattr(error, "name", None) not in (name, *_parents(name)):
                raise
            found = None
        if found is None:
            raise ProgramError(f"no module named {name!r} is on the path")
        if name.partition(".")[0] in dialects:
            raise ProgramError(f"{name} is tetragrad's own here, and no program")
        runpy.run_module(name, run_name="__main__", alter_sys=True)

    return _run([name, *arguments], os.getcwd(), dialects, start)


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _check(path: str) -> None:
    """Raise for a script that cannot be run."""
    try:
        with io.open_code(os.path.abspath(path)) as stream:
            source = stream.read()
    except IsADirectoryError as error:
        raise ProgramError(f"{path} is a directory; name a script in it, or a module with -m") from error
    except OSError as error:
        raise ProgramError(f"cannot read {path}: {error.strerror}") from error
    try:
        ast.parse(source, path)
    except SyntaxError as error:
        line = f"\n    {error.text.strip()}" if error.text else ""
        raise ProgramError(f"{path}, line {error.lineno}: {error.msg}{line}") from error
    except ValueError as error:
        raise ProgramError(f"{path} is not a Python program: {error}") from error


def _run(arguments: list[str], folder: str, dialects: Sequence[str], start: Callable[[], object]) -> int:
    # Nothing is undone at the end: threads and exit handlers of the program may outlive it, and still import.
    install(*dialects)
    # The packages we stand in for divide by zero silently. (NumPy used by the program itself still warns.)
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"tetragrad\.")
    sys.argv = arguments
    sys.path.insert(0, folder)
    try:
        start()
        return 0
    except SystemExit as stop:
        return _status(stop)
    except (ProgramError, KeyboardInterrupt, BrokenPipeError):
        raise
    except BaseException as error:
        _print_error(error)
        return 1


def _print_error(error: BaseException) -> None:
    """A traceback of the program's own frames: what goes on inside this library is not its author's business.

    With the environment variable TETRAGRAD_TRACEBACK set to ``full`` all frames are printed.
    """
    shown = traceback.TracebackException(type(error), error, _of_the_program(error.__traceback__))
    if os.environ.get("TETRAGRAD_TRACEBACK") != "full":
        _leave_out_our_own(shown)
    print("".join(shown.format()), end="", file=sys.stderr)


def _leave_out_our_own(shown: traceback.TracebackException) -> None:
    kept = [frame for frame in shown.stack if not frame.filename.startswith(_PACKAGE)]
    if kept:  # otherwise the fault is ours
        shown.stack = traceback.StackSummary.from_list(kept)
    for name in ("__cause__", "__context__"):
        reason = getattr(shown, name)
        if reason is None:
            continue
        if all([frame.filename.startswith(_PACKAGE) for frame in reason.stack]):
            setattr(shown, name, None)  # one of our own errors that became the program's
        else:
            _leave_out_our_own(reason)


def _of_the_program(trace: TracebackType | None) -> TracebackType | None:
    """A traceback from the program's own first frame on."""
    at = trace
    while at is not None and at.tb_frame.f_code.co_filename in _OWN:
        at = at.tb_next
    return at or trace


def _status(stop: SystemExit) -> int:
    if stop.code is None:
        return 0
    if isinstance(stop.code, int):
        return stop.code
    print(stop.code, file=sys.stderr)
    return 1
