"""The chapter as one HTML file: style, code and figures inside, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import itertools
import platform
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from ..version import __version__
from .report import Block, Check, Code, Figure, Output, Result, Table, Tabs, Text

CSS = """
:root { --ink: #1f2430; --muted: #667085; --line: #e3e6ec; --accent: #2563c9; --good: #2b7a4b; --bad: #c0342b; }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0; color: var(--ink); background: #fbfbfc; font: 16px/1.6 system-ui, "Segoe UI", Roboto, sans-serif; }
main { max-width: 57rem; margin: 0 auto; padding: 3rem 1.5rem 5rem; }
h1 { font-size: 2.1rem; line-height: 1.2; margin: 0 0 .5rem; letter-spacing: -.015em; }
h2 { font-size: .85rem; text-transform: uppercase; letter-spacing: .09em; color: var(--accent); margin: 4rem 0 0; }
h3 { font-size: 1.4rem; line-height: 1.3; margin: 2.2rem 0 .8rem; letter-spacing: -.01em; }
p { margin: .8rem 0; }
a { color: inherit; text-decoration-color: var(--line); text-underline-offset: .2em; }
a:hover { color: var(--accent); }
.lead { color: var(--muted); margin-bottom: 2rem; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .86em; }
p code { background: #eef0f4; padding: .1em .35em; border-radius: 4px; }
pre { margin: 0; padding: .9rem 1.1rem; overflow-x: auto; line-height: 1.5; }
.code { background: #fff; border: 1px solid var(--line); border-radius: 8px; margin: 1rem 0; overflow: hidden; }
.code + .output { margin-top: -1rem; border-radius: 0 0 8px 8px; border-top: 0; }
.code:has(+ .output) { border-radius: 8px 8px 0 0; }
.output { background: #f4f6f9; border: 1px solid var(--line); border-radius: 8px; padding: .7rem 1.1rem; margin: 1rem 0;
  display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1.2rem; overflow-x: auto; }
.output pre { padding: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.output .name { color: var(--muted); }
table { border-collapse: collapse; margin: 1rem 0; font-size: .92rem; font-variant-numeric: tabular-nums; width: 100%; }
th, td { text-align: right; padding: .35rem .8rem; border-bottom: 1px solid var(--line); }
th { color: var(--muted); font-weight: 600; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
.checks { list-style: none; margin: 1rem 0; padding: 0; }
.checks li { padding: .15rem 0 .15rem 1.7rem; position: relative; }
.checks li::before { content: "✓"; color: var(--good); font-weight: 700; position: absolute; left: .3rem; }
.checks li.failed { color: var(--bad); }
.checks li.failed::before { content: "✗"; color: var(--bad); }
.checks .measured { color: var(--muted); font-size: .88em; }
figure { margin: 1.5rem 0; }
figure img { display: block; width: 100%; background: #fff; border: 1px solid var(--line); border-radius: 8px;
  padding: .6rem; }
figcaption { color: var(--muted); font-size: .9rem; margin-top: .5rem; }
.tabs { display: flex; flex-wrap: wrap; margin: 1rem 0; border: 1px solid var(--line); border-radius: 8px;
  background: #fff; overflow: hidden; }
.tabs > input { position: absolute; opacity: 0; pointer-events: none; }
.tabs > label { order: 0; padding: .5rem 1.1rem; cursor: pointer; color: var(--muted); font-size: .9rem;
  border-bottom: 2px solid transparent; }
.tabs > label:hover { color: var(--accent); }
.tabs > input:checked + label { color: var(--ink); border-bottom-color: var(--accent); font-weight: 600; }
.tabs > input:focus-visible + label { outline: 2px solid var(--accent); outline-offset: -3px; border-radius: 6px; }
.tabs > div { order: 1; width: 100%; display: none; border-top: 1px solid var(--line); }
.tabs > input:checked + label + div { display: block; }
.tabs .code, .tabs .output { border: 0; margin: 0; border-radius: 0; }
.tabs .output { border-top: 1px solid var(--line); }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
@media print { .tabs > div { display: block; } .tabs > label { width: 100%; order: 1; }
  .code, figure, .checks li { break-inside: avoid; } main { padding: 0; } }
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tetragrad: the chapter</title>
<style>{css}</style>
</head>
<body>
<main>
<h1>Automatic differentiation, run and checked</h1>
<p class="lead">Every piece of code on this page was run to make it, and every claim with a tick was measured.
{verdict} tetragrad {version}, NumPy {numpy}, Python {python}; {seconds:.1f} seconds.</p>
{contents}
{body}
</main>
</body>
</html>
"""

_groups = itertools.count(1)

BACKTICKS = re.compile("`([^`]*)`")


def write(results: Sequence[Result], path: Path) -> None:
    """Write the report of a run to a file."""
    path.write_text(document(results), encoding="utf-8")


def document(results: Sequence[Result]) -> str:
    """The whole page."""
    import numpy

    body = []
    for part, members in itertools.groupby(results, lambda result: result.section.part):
        body.append(f"<h2>{escape(part)}</h2>")
        body.extend([_section(result) for result in members])
    failed = sum([result.failed for result in results])
    count = sum([len(result.checks) for result in results])
    verdict = (
        f'<span class="bad">{failed} of {count} checks failed.</span>' if failed else f"All {count} checks passed."
    )
    return PAGE.format(
        css=CSS + _highlighting()[1],
        verdict=verdict,
        version=__version__,
        numpy=numpy.__version__,
        python=platform.python_version(),
        seconds=sum([result.seconds for result in results]),
        contents=_contents(results),
        body="\n".join(body),
    )


def _contents(results: Sequence[Result]) -> str:
    rows = []
    for result in results:
        count = len(result.checks)
        verdict = f'<td class="{"bad" if result.failed else "good"}">{count - result.failed} of {count}</td>'
        link = f'<a href="#{result.section.name}">{escape(result.section.title)}</a>'
        rows.append(f"<tr><td>{link}</td>{verdict}<td>{result.seconds:.1f} s</td></tr>")
    header = "<tr><th>Section</th><th>Checks passed</th><th>Time</th></tr>"
    return f"<table>{header}{''.join(rows)}</table>"


def _section(result: Result) -> str:
    parts = [f'<section id="{result.section.name}"><h3>{escape(result.section.title)}</h3>']
    for is_check, blocks in itertools.groupby(result.blocks, lambda block: isinstance(block, Check)):
        inner = "\n".join([_block(block) for block in blocks])
        parts.append(f'<ul class="checks">{inner}</ul>' if is_check else inner)
    return "\n".join([*parts, "</section>"])


def _block(block: Block) -> str:
    match block:
        case Text(text):
            return f"<p>{BACKTICKS.sub(_code_tag, escape(text, quote=False))}</p>"
        case Code(source):
            return f'<div class="code">{_highlighted(source)}</div>'
        case Output(rows):
            cells = [f'<pre class="name">{escape(name)}</pre><pre>{escape(value)}</pre>' for name, value in rows]
            return f'<div class="output">{"".join(cells)}</div>'
        case Table(header, rows):
            return f"<table>{_row('th', header)}{''.join([_row('td', row) for row in rows])}</table>"
        case Check(claim, passed, measured):
            state = "" if passed else ' class="failed"'
            return f'<li{state}>{escape(claim)} <span class="measured">({escape(measured)})</span></li>'
        case Tabs(versions):
            return _tabs(versions)
        case Figure(caption, svg):
            data = base64.b64encode(svg.encode()).decode()
            image = f'<img alt="{escape(caption)}" src="data:image/svg+xml;base64,{data}">'
            return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def _tabs(versions: Sequence[tuple[str, Code, Output]]) -> str:
    """Versions behind labels: radio buttons of one group, so that no script is needed."""
    group = f"tabs{next(_groups)}"
    parts = []
    for place, (label, code, output) in enumerate(versions):
        key = f"{group}-{place}"
        state = "" if place else " checked"
        parts.append(
            f'<input type="radio" name="{group}" id="{key}"{state}><label for="{key}">{escape(label)}</label>'
            f"<div>{_block(code)}{_block(output)}</div>"
        )
    return f'<div class="tabs">{"".join(parts)}</div>'


def _code_tag(match: re.Match[str]) -> str:
    return f"<code>{match[1]}</code>"


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join([f"<{tag}>{escape(cell)}</{tag}>" for cell in cells]) + "</tr>"


def _highlighted(source: str) -> str:
    from pygments import highlight
    from pygments.lexers import PythonLexer

    return highlight(source, PythonLexer(), _highlighting()[0])


def _highlighting() -> tuple[object, str]:
    """The formatter of Python source, and its style sheet."""
    from pygments.formatters import HtmlFormatter

    formatter = HtmlFormatter(style="friendly", cssclass="source")
    return formatter, formatter.get_style_defs(".source") + ".source { background: none; }"
