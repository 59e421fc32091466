"""The command line and the chapter's machinery: exit statuses, messages, the report."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest

from tetragrad import cli
from tetragrad.version import __version__

pytest.importorskip("rich")
pytest.importorskip("matplotlib")

from tetragrad.show import html
from tetragrad.show.chapter import SECTIONS
from tetragrad.show.report import Page, Section, run_section


class Silent:
    """A reader that ignores everything."""

    def block(self, block: Any) -> None:
        pass

    def track(self, steps: Any, label: str) -> Any:
        return steps


def section(write: Any) -> Section:
    return Section("sample", "A sample <section>", "Part", write)


def test_version() -> None:
    done = subprocess.run([sys.executable, "-m", "tetragrad", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"tetragrad {__version__}\n"


def test_no_command_prints_help(capsys: Any) -> None:
    assert cli.main([]) == 2
    assert "chapter" in capsys.readouterr().err


def test_unknown_section(capsys: Any) -> None:
    assert cli.main(["chapter", "--section", "nowhere"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "'nowhere'" in lines[0]
    assert all(known.name in lines[1] for known in SECTIONS)


def test_missing_extras(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda module: None if module == "rich" else True)
    assert cli.main(["chapter"]) != 0
    error = capsys.readouterr().err
    assert "matplotlib" not in error
    assert error.splitlines()[1] == "pip install rich"


def test_report_into_a_missing_folder(capsys: Any, tmp_path: Any) -> None:
    assert cli.main(["chapter", "--section", "gradient", "--html", str(tmp_path / "no" / "report.html")]) == 2
    assert "no folder" in capsys.readouterr().err


def test_report_that_cannot_be_written(capsys: Any, tmp_path: Any) -> None:
    assert cli.main(["chapter", "--section", "gradient", "--quiet", "--html", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.parametrize("name", [known.name for known in SECTIONS])
def test_section_passes(name: str, capsys: Any, tmp_path: Any) -> None:
    report = tmp_path / "report.html"
    status = cli.main(["chapter", "--section", name, "--html", str(report), "--quiet"])
    printed = capsys.readouterr().out
    assert status == 0, printed
    assert re.search(r"\d+ checks passed, 0 failed", printed)
    page = report.read_text(encoding="utf-8")
    assert f'id="{name}"' in page
    assert not re.search(r"(src|href)=\"(?!data:|#)", page), "the report loads something"


def test_failed_check_fails_the_run(capsys: Any, monkeypatch: Any, tmp_path: Any) -> None:
    bad = section(lambda page: page.check("one is two", False, "1 and 2"))
    monkeypatch.setattr("tetragrad.show.chapter.SECTIONS", (bad,))
    assert cli.main(["chapter", "--quiet", "--html", str(tmp_path / "report.html")]) == 1
    printed = capsys.readouterr().out
    assert "one is two" in printed and "0 checks passed, 1 failed" in printed


def test_exception_in_a_section_is_a_failed_check() -> None:
    def write(page: Page) -> None:
        raise ZeroDivisionError("in a section")

    result = run_section(section(write), Silent())
    assert result.failed == 1
    assert "ZeroDivisionError: in a section" in result.checks[0].measured


def test_html_escapes_what_it_shows() -> None:
    def write(page: Page) -> None:
        page.text("a < b and `x & y`")
        page.check("<claim>", True, "1 < 2")

    document = html.document([run_section(section(write), Silent())])
    assert "a &lt; b and <code>x &amp; y</code>" in document
    assert "&lt;claim&gt;" in document and "<claim>" not in document
    assert "A sample &lt;section&gt;" in document


def test_code_shown_is_code_run() -> None:
    def sample() -> dict[str, Any]:
        return {"answer": 6 * 7}

    page = Page(Silent())
    page.run(sample)
    code, output = page.blocks
    assert "6 * 7" in code.source  # type: ignore[union-attr]
    assert output.rows == (("answer", "42"),)  # type: ignore[union-attr]


def test_tabs() -> None:
    def first() -> dict[str, Any]:
        return {"x": 1}

    def second() -> dict[str, Any]:
        return {"x": "<two>"}

    def write(page: Page) -> None:
        assert page.tabs({"one": first, "two": second}) == {"one": {"x": 1}, "two": {"x": "<two>"}}
        page.tabs({"three": first})

    document = html.document([run_section(section(write), Silent())])
    names = re.findall(r'<input type="radio" name="(\w+)" id="[\w-]+"( checked)?>', document)
    assert [bool(checked) for _, checked in names] == [True, False, True]
    assert names[0][0] == names[1][0] != names[2][0]
    assert "&lt;two&gt;" in document and document.count('<div class="code">') == 3
