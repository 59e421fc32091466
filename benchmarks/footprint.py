"""Installed size: the files of a package and of everything that it requires, from their installation records."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from .peers import Peer


def measure(peers: Sequence[Peer]) -> dict[str, dict[str, Any]]:
    """Bytes of each peer with and without its dependencies."""
    sizes: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    for peer in peers:
        if peer.package in seen:
            sizes[peer.name] = {"missing": f"the same package as {peer.package}"}
            continue
        seen.add(peer.package)
        sizes[peer.name] = _measure(peer)
    return sizes


def _measure(peer: Peer) -> dict[str, Any]:
    for name in peer.distributions:
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        own = _bytes(found)
        if own < 4096:  # an editable installation records no sources
            break
        return _with_dependencies(own, found.requires or [])
    spec = importlib.util.find_spec(peer.package)
    if spec is None or not spec.submodule_search_locations:
        return {"missing": "not installed"}
    folder = Path(spec.submodule_search_locations[0])
    own = sum([path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"])
    size = _with_dependencies(own, _declared(folder))
    return {**size, "note": "; ".join(["run from its sources", *[size["note"]] * ("note" in size)])}


def _with_dependencies(own: int, requirements: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Distribution] = {}
    absent: set[str] = set()
    pending = list(requirements)
    while pending:
        requirement = pending.pop()
        if "extra ==" in requirement:
            continue
        match = re.match(r"[\w.-]+", requirement)
        name = re.sub(r"[-_.]+", "-", match.group()).lower() if match else ""
        if not name or name in found or name in absent:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            if ";" not in requirement:  # with a marker: meant for another platform or Python
                absent.add(name)
            continue
        pending.extend(found[name].requires or [])
    size: dict[str, Any] = {
        "bytes": own + sum([_bytes(dependency) for dependency in found.values()]),
        "own": own,
        "dependencies": sorted(found),
    }
    if absent:
        size["note"] = f"without {', '.join(sorted(absent))}, not installed here"
    return size


def _bytes(found: Distribution) -> int:
    """Total of the recorded files, compiled bytecode left out."""
    total = 0
    for file in found.files or []:
        path = Path(str(file.locate()))
        if path.suffix != ".pyc" and path.is_file():
            total += path.stat().st_size
    return total


def _declared(folder: Path) -> list[str]:
    """Requirements in the pyproject.toml of a package that is run from its sources (`src/` layout)."""
    project = folder.parent.parent / "pyproject.toml"
    if not project.is_file():
        return ["numpy"]
    return list(tomllib.loads(project.read_text())["project"].get("dependencies", []))
