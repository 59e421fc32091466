"""The command line: `tetragrad chapter` runs the chapter, `tetragrad run` a program written for another package."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from .errors import OperationError
from .version import __version__

# Distribution and module of what the chapter needs beside the library itself.
EXTRAS = {"matplotlib": "matplotlib", "rich": "rich", "scikit-learn": "sklearn"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    arguments, program = _split_program(sys.argv[1:] if arguments is None else list(arguments))
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        if options.command == "run":
            return run(options.dialect, program)
        return chapter(options.section, Path(options.html), options.quiet)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output went away
        sys.stderr.close()
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tetragrad", description="Automatic differentiation of Python programs on arrays."
    )
    parser.add_argument("--version", action="version", version=f"tetragrad {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    command = commands.add_parser(
        "chapter",
        help="run the chapter: the library's whole path, from a first gradient to trained networks, checked",
        description="Run the chapter, print it, and write it as one HTML file. Exits with 1 if a check fails.",
    )
    command.add_argument("--section", metavar="NAME", action="append", help="run only this section (may be repeated)")
    command.add_argument("--html", metavar="FILE", default="chapter.html", help="the report (default: chapter.html)")
    command.add_argument("--quiet", action="store_true", help="print the summary only")
    command = commands.add_parser(
        "run",
        help="run a program that imports torch, tensorflow, mxnet or paddle, with tetragrad in their place",
        usage="tetragrad run [-h] [--as DIALECT] (script.py | -m module) [argument ...]",
        description="Run an unchanged program. The packages themselves need not be installed, and stay as they are. "
        "Errors show the program's own lines (TETRAGRAD_TRACEBACK=full shows all).",
    )
    command.add_argument(
        "--as",
        dest="dialect",
        metavar="DIALECT",
        default="all",
        help="the package to stand in for: torch, tensorflow, mxnet, paddle, or all (the default)",
    )
    return parser


def _split_program(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Our own arguments, and, for `run`, the program with its arguments, which are none of our business."""
    if arguments[:1] != ["run"]:
        return arguments, []
    at = 1
    while at < len(arguments) and arguments[at].startswith("-") and arguments[at] not in ("-m", "--"):
        at += 2 if arguments[at] == "--as" else 1
    program = arguments[at:]
    return arguments[:at], program[1:] if program[:1] == ["--"] else program


def run(dialect: str, program: Sequence[str]) -> int:
    """Run a script (or ``-m module``) under a dialect: its own exit status, 2 if it cannot be started."""
    from .dialects.install import resolve
    from .dialects.running import ProgramError, run_module, run_script

    if not program or list(program) == ["-m"]:
        return _misuse("run: there is no program to run", "name a script, or a module after -m")
    try:
        dialects = resolve(dialect)
        if program[0] == "-m":
            return run_module(program[1], program[2:], dialects)
        return run_script(program[0], program[1:], dialects)
    except ProgramError as error:
        print(f"tetragrad: error: {error}", file=sys.stderr)
        return 2
    except OperationError as error:
        return _misuse(f"run: {error}", "see tetragrad run --help")


def chapter(names: Sequence[str] | None, report: Path, quiet: bool) -> int:
    """Run sections of the chapter, all by default: 0 if every check passed, 1 if one failed, 2 for misuse."""
    missing = [name for name, module in EXTRAS.items() if find_spec(module) is None]
    if missing:
        needed = f"the chapter needs {', '.join(missing)} (all in the extra tetragrad[examples]); install with"
        return _misuse(needed, f"pip install {' '.join(missing)}")
    from .show.chapter import SECTIONS

    known = {section.name: section for section in SECTIONS}
    for name in names or ():
        if name not in known:
            return _misuse(f"there is no section {name!r}", f"valid sections: {', '.join(known)}")
    if not report.parent.is_dir():
        return _misuse(f"cannot write {report}", f"there is no folder {report.parent}")

    from .show import html
    from .show.report import run_section
    from .show.terminal import Terminal

    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal without the letters of mathematics still gets the text
    terminal = Terminal(quiet)
    results = []
    for section in [known[name] for name in names] if names else SECTIONS:
        terminal.begin(section, SECTIONS.index(section) + 1)
        results.append(run_section(section, terminal))
    try:
        html.write(results, report)
    except OSError as error:
        return _misuse(f"cannot write {report}: {error.strerror}", "name another file with --html")
    terminal.summary(results, str(report))
    return 1 if any([result.failed for result in results]) else 0


def _misuse(problem: str, way_out: str) -> int:
    print(f"tetragrad: error: {problem}\n{way_out}", file=sys.stderr)
    return 2
