"""Sections and the page they write on: text, code that is run as it is shown, checks, figures.

A section is a function that gets a `Page`. Every block it puts there is handed at once to the page's reader (the
terminal) and kept for the HTML report.
"""

from __future__ import annotations

import inspect
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from . import figures

T = TypeVar("T")


@dataclass(frozen=True)
class Text:
    """A paragraph; words between backticks are code."""

    text: str


@dataclass(frozen=True)
class Code:
    """Python source that was run."""

    source: str


@dataclass(frozen=True)
class Output:
    """Named results of the code above."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """Rows of figures under a header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Check:
    """A claim, whether it holds, and what was measured."""

    claim: str
    passed: bool
    measured: str


@dataclass(frozen=True)
class Figure:
    """A picture (SVG text) and what it shows."""

    caption: str
    svg: str


@dataclass(frozen=True)
class Tabs:
    """Code with its results in several versions, each under a label; one is seen at a time."""

    versions: tuple[tuple[str, Code, Output], ...]


Block = Text | Code | Output | Table | Check | Figure | Tabs


class Reader(Protocol):
    """Who follows a page while it is written."""

    def block(self, block: Block) -> None:
        """Take the next block."""

    def track(self, steps: Sequence[T], label: str) -> Iterable[T]:
        """Hand out the steps of a long loop, showing how far it is."""


class Page:
    """What a section writes on."""

    def __init__(self, reader: Reader) -> None:
        self.blocks: list[Block] = []
        self._reader = reader

    def text(self, text: str) -> None:
        """Write paragraphs (separated by blank lines, indentation removed)."""
        for paragraph in inspect.cleandoc(text).split("\n\n"):
            self._add(Text(" ".join(paragraph.split())))

    def source(self, *functions: Callable[..., Any]) -> None:
        """Show the source of functions that the section goes on to use."""
        self._add(_code(*functions))

    def run(self, function: Callable[..., dict[str, Any]]) -> dict[str, Any]:
        """Show the source of a function, run it, and show the named results that it returns."""
        self.source(function)
        results = function()
        self._add(_output(results))
        return results

    def tabs(self, functions: dict[str, Callable[..., dict[str, Any]]]) -> dict[str, dict[str, Any]]:
        """Run several versions of one thing, and show the source and results of each under its label."""
        results = {label: function() for label, function in functions.items()}
        versions = [(label, _code(function), _output(results[label])) for label, function in functions.items()]
        self._add(Tabs(tuple(versions)))
        return results

    def table(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Write a table."""
        self._add(Table(tuple(header), tuple([tuple(row) for row in rows])))

    def check(self, claim: str, passed: Any, measured: str) -> None:
        """State a claim with its evidence; one that fails makes the whole run fail."""
        self._add(Check(claim, bool(passed), measured))

    def figure(self, caption: str, draw: Callable[[Any], None], height: float = 3.0) -> None:
        """Draw on a new matplotlib figure."""
        self._add(Figure(caption, figures.svg(draw, height)))

    def track(self, steps: Sequence[T], label: str) -> Iterable[T]:
        """The steps of a long loop, with progress shown."""
        return self._reader.track(steps, label)

    def _add(self, block: Block) -> None:
        self.blocks.append(block)
        self._reader.block(block)


def _code(*functions: Callable[..., Any]) -> Code:
    return Code("\n\n".join([inspect.getsource(function).rstrip() for function in functions]))


def _output(results: dict[str, Any]) -> Output:
    return Output(tuple([(name, _plainly(value)) for name, value in results.items()]))


def _plainly(value: Any) -> str:
    """A result for the eye: numbers without their type, exceptions with it."""
    if isinstance(value, Exception):
        return f"{type(value).__name__}: {value}"
    if isinstance(value, (bool, int, float, str)):  # NumPy's float64 is a float too
        return str(value)
    return repr(value)


@dataclass(frozen=True)
class Section:
    """One part of the chapter: its name on the command line, its title, and the function that writes it."""

    name: str
    title: str
    part: str
    write: Callable[[Page], None]


@dataclass
class Result:
    """A section that was run."""

    section: Section
    blocks: list[Block] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def checks(self) -> list[Check]:
        """The checks among its blocks."""
        return [block for block in self.blocks if isinstance(block, Check)]

    @property
    def failed(self) -> int:
        """How many of its checks failed."""
        return sum([not check.passed for check in self.checks])


def run_section(section: Section, reader: Reader) -> Result:
    """Write a section; an exception in it is shown and counts as a failed check."""
    page = Page(reader)
    start = time.perf_counter()
    try:
        section.write(page)
    except Exception as error:
        page.check("the section runs to its end", False, f"{type(error).__name__}: {error}")
        page._add(Code(traceback.format_exc().rstrip()))
    return Result(section, page.blocks, time.perf_counter() - start)
