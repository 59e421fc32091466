"""The chapter in the terminal, by rich: text, highlighted code, checks, progress bars, and the summary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from .report import Block, Check, Code, Figure, Output, Result, Section, Table, Tabs, Text

T = TypeVar("T")

WIDTH = 100
INDENT = (0, 0, 1, 2)  # top, right, bottom, left


class Terminal:
    """Follows the pages of a run; with `quiet` only the summary is printed."""

    def __init__(self, quiet: bool = False) -> None:
        from rich.console import Console

        self._console = Console(highlight=False)
        self._console.width = min(self._console.width, WIDTH) if self._console.is_terminal else WIDTH
        self._quiet = quiet
        self._after_check = False

    def begin(self, section: Section, number: int) -> None:
        """Print the heading of a section."""
        if not self._quiet:
            self._end_of_checks()
            self._console.rule(f"[bold]{number}. {section.title}[/bold] [dim]({section.name})[/dim]", align="left")
            self._console.print()

    def block(self, block: Block) -> None:
        """Print the next block."""
        if self._quiet:
            return
        if not isinstance(block, Check):
            self._end_of_checks()
        self._after_check = isinstance(block, Check)
        self._console.print(rendered(block))

    def track(self, steps: Sequence[T], label: str) -> Iterable[T]:
        """A progress bar over the steps."""
        if self._quiet:
            yield from steps
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console) as progress:
            yield from progress.track(steps, description=label)
        self._console.print()

    def summary(self, results: Sequence[Result], report: str) -> None:
        """Print one line per section, every failed check, and the totals."""
        from rich import box
        from rich.table import Table as RichTable

        self._end_of_checks()
        table = RichTable("Section", "", "Checks", "Seconds", box=box.SIMPLE_HEAD)
        table.columns[2].justify = table.columns[3].justify = "right"
        for result in results:
            count = len(result.checks)
            verdict = "[bold red]FAILED[/bold red]" if result.failed else "[green]passed[/green]"
            table.add_row(result.section.title, verdict, f"{count - result.failed}/{count}", f"{result.seconds:.1f}")
        self._console.print(table)
        for result in results:
            for check in result.checks:
                if not check.passed:
                    text = f"FAILED {result.section.name}: {check.claim} ({check.measured})"
                    self._console.print(text, style="red", markup=False)
        failed = sum([result.failed for result in results])
        passed = sum([len(result.checks) for result in results]) - failed
        self._console.print(f"{passed} checks passed, {failed} failed. Report: {report}", markup=False, soft_wrap=True)

    def _end_of_checks(self) -> None:
        if self._after_check:
            self._console.print()
        self._after_check = False


def rendered(block: Block) -> Any:
    """A block as something that rich prints."""
    from rich import box
    from rich.markdown import Markdown
    from rich.padding import Padding
    from rich.syntax import Syntax
    from rich.table import Table as RichTable
    from rich.text import Text as RichText

    match block:
        case Text(text):
            return Padding(Markdown(text), (0, 0, 1, 0))
        case Code(source):
            code = Syntax(source, "python", theme="ansi_light", background_color="default", word_wrap=True)
            return Padding(code, INDENT)
        case Output(rows):
            grid = RichTable.grid(padding=(0, 2))
            for name, value in rows:
                grid.add_row(RichText(name, style="bold"), RichText(value))
            return Padding(grid, INDENT)
        case Table(header, rows):
            table = RichTable(*header, box=box.SIMPLE_HEAD)
            for column in table.columns:
                column.justify = "right"
            for row in rows:
                table.add_row(*row)
            return table
        case Check(claim, passed, measured):
            mark = RichText("  ✓ ", style="bold green") if passed else RichText("  ✗ ", style="bold red")
            return mark.append(claim, style="not bold default").append(f"  ({measured})", style="not bold dim default")
        case Tabs(versions):
            from rich.console import Group

            parts: list[Any] = []
            for label, shown, output in versions:
                parts += [Padding(RichText(label, style="bold cyan"), INDENT), rendered(shown), rendered(output)]
            return Group(*parts)
        case Figure(caption, _):
            return Padding(RichText(f"[figure in the report: {caption}]", style="dim"), INDENT)
