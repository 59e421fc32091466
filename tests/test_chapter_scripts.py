"""The chapter's cells and exercises as written for the four packages, unchanged, beside what these really print.

The scripts and outputs stand outside the repository; without them there is nothing to run. Entries (what one call
printed) must be equal, letter for letter. Three kinds may differ, and each says how far:

* an entry of random draws: all but the numbers must be equal;
* numbers of float32 computations: within a few units in the last place, the text around them equal;
* an entry that a dialect's documentation lists as differing: must be what is written here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tetragrad

CHAPTER = Path(__file__).parents[2] / "shared" / "chapter"
SYSTEMS = ("mxnet", "torch", "tensorflow", "paddle")

pytestmark = pytest.mark.skipif(not CHAPTER.is_dir(), reason="the chapter's scripts are not here")

NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:e[-+]?\d+)?(?![\w])")

# Entries that print random draws, or timings: their numbers are not compared.
RANDOM = (
    re.compile(r"us per call fwd / 1st / 2nd: "),
    re.compile(r"[ad]: "),
    re.compile(r"(matrix: )?d(\.sum\(\))?\.backward\(.*\)( for vector d \(implicit ones\))?: \(None"),
    re.compile(r"t\.gradient\(d, a\) for vector d"),
    re.compile(r"matrix: "),
    re.compile(r"Out\[11\]: <tf\.Tensor"),
)

# Where the real package runs: the place of its source files.
PLACE = re.compile(r" \(at /\S+:\d+\)")

# What the dialects do otherwise, as their documentation says: our entry for the real one that begins so.
DOCUMENTED = {
    ("mxnet_exercises", "second derivative of x**3 (operator without FGradient)"): (
        "second derivative of x**3 (operator without FGradient): array([ 3.,  9., 15., 21.])"
    ),
}


def entries(text: str) -> list[str]:
    """The output in entries: a line, and those below that go on with it."""
    found: list[str] = []
    for line in text.splitlines():
        if found and line.startswith((" ", "array(")):
            found[-1] += "\n" + line
        else:
            found.append(line)
    return found


def skeleton(entry: str) -> str:
    """An entry without its numbers, and without the spaces and line breaks that their width decides."""
    return re.sub(r"\s+", "", NUMBER.sub("#", entry))


def numbers(entry: str) -> list[float]:
    return [float(number) for number in NUMBER.findall(entry)]


def difference(name: str, ours: str, real: str) -> str | None:
    """What differs between two entries beyond what may, or None."""
    documented = [entry for (file, start), entry in DOCUMENTED.items() if file == name and real.startswith(start)]
    if documented:
        return None if ours == documented[0] else f"documented: {documented[0]}"
    ours, real = PLACE.sub("", ours), PLACE.sub("", real)
    if ours == real:
        return None
    if skeleton(ours) != skeleton(real):
        return "the text differs"
    if any([pattern.match(real) for pattern in RANDOM]):
        return None
    if all([abs(a - b) <= 1.2e-7 + 1e-6 * abs(b) for a, b in zip(numbers(ours), numbers(real), strict=True)]):
        return None
    return "the numbers differ"


def run(system: str, name: str) -> str:
    path = os.pathsep.join([str(Path(tetragrad.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-B", "-m", "tetragrad", "run", "--as", system, str(CHAPTER / f"{name}.py")],
        capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def differences(system: str, name: str) -> list[str]:
    ours, real = entries(run(system, name)), entries((CHAPTER / f"{name}.out").read_text(encoding="utf-8"))
    found = [f"{len(ours)} entries, the real output has {len(real)}"] if len(ours) != len(real) else []
    for mine, other in zip(ours, real):
        reason = difference(name, mine, other)
        if reason is not None:
            found.append(f"{reason}\n--- ours\n{mine}\n--- {system}\n{other}")
    return found


@pytest.mark.parametrize("system", SYSTEMS)
def test_chapter(system):
    for _ in range(3):  # for some draws, `a.grad == d / a` is False by rounding, in the real packages too
        found = differences(system, system)
        if not any(["12" in entry for entry in found]):
            break
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize("system", SYSTEMS)
def test_exercises(system):
    found = differences(system, f"{system}_exercises")
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize(
    ("ours", "real", "reason"),
    [
        ("x: array([1., 2.])", "x: array([1., 2.])", None),
        ("x: array([1., 2.])", "x: array([1., 2.], dtype=float32)", "the text differs"),
        ("x: array([0.5984722])", "x: array([0.5984721])", None),
        ("x: array([0.59848])", "x: array([0.59847])", "the numbers differ"),
        ("x: array([0.7, 2.])", "x: array([0.7, 2.0001])", "the numbers differ"),
        ("x: tensor([1.])", "x: array([1.])", "the text differs"),
        ("x: tensor(True)", "x: tensor(False)", "the text differs"),
        ("x: tensor([1.])", "x: tensor([[1.]])", "the text differs"),
        ("x: tensor([1., 2.])", "x: tensor([1.])", "the text differs"),
        ("a: array([1., 20.])", "a: array([ 3., -4.])", None),
        ("a: array([1., 20.])", "a: array([3.])", "the text differs"),
        ("us per call fwd / 1st / 2nd: (1, 2, 3)", "us per call fwd / 1st / 2nd: (9.0, 8.0, 7.0)", None),
        ("x: RAISES RuntimeError: no (at /a/b.cc:12)", "x: RAISES RuntimeError: no (at /c.cc:3)", None),
        ("x: RAISES RuntimeError: no", "x: RAISES ValueError: no", "the text differs"),
    ],
)
def test_what_may_differ(ours, real, reason):
    assert difference("torch_exercises", ours, real) == reason
