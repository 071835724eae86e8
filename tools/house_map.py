"""Write docs/map.md: which notebook uses which topic folder, tests and data tables."""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path

from officer_assaults.data import tables

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "map.md"
PACKAGE = "officer_assaults"
#: A table of a release is named by its folder and a release that the code looks up.
BY_RELEASE = ("recorded-assaults", "recorded-context", "workforce", "population")
HANDED_ON = rf"^from ({PACKAGE}\.\S+) import (\w+) as \2$"
HEAD = """\
# One question, one room

Written by `make map`; a test compares it with the code. Each notebook, its topic folder and its
tests share a name; the tables are those that the topic's own modules, or the data modules that the
notebook calls, name.

| notebook | topics it uses | tests | data tables |
|---|---|---|---|
"""


def page() -> str:
    """Text of the map."""
    return HEAD + "".join(_row(path) for path in sorted((ROOT / "notebooks").glob("*.ipynb")))


def _row(path: Path) -> str:
    modules = _imported(path)
    name = path.stem[3:]
    topics = sorted(
        {part.split(".")[2] for part in modules if part.startswith(f"{PACKAGE}.topics.")}
    )
    first = [f"**{topic}**" if topic == name else topic for topic in topics]
    tests = ROOT / "tests" / "topics" / name
    place = f"`tests/topics/{name}`" if tests.is_dir() else "none"
    return f"| `{path.stem}` | {', '.join(first)} | {place} | {', '.join(_tables(modules))} |\n"


#: A table's name as a text of code, or as the first cell of a row.
NAME = r'(?:"|^)([a-z0-9/-]+)[",]'
#: A list that stands beside the module that reads it.
BESIDE = r'with_name\("([\w-]+\.csv)"\)'


def _imported(path: Path) -> set[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    found: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def _tables(modules: set[str]) -> list[str]:
    known = set(tables.names())
    folders = {name.split("/")[0] for name in known}
    named: set[str] = set()
    for module in modules:
        for file in _files(module):
            for text in re.findall(NAME, file.read_text(encoding="utf-8"), re.MULTILINE):
                if text in known:
                    named.add(text)
                elif text in folders and text in BY_RELEASE:
                    named.add(f"{text}/*")
    return [f"`{name}`" for name in sorted(named)] or ["none"]


def _files(module: str) -> list[Path]:
    inside = ROOT / "src" / Path(*module.split("."))
    if inside.is_dir():
        return sorted(inside.rglob("*.py")) if ".topics." in module else []
    file = inside.with_suffix(".py")
    if not file.is_file():
        return []
    # A module speaks for those whose names it hands on.
    code = file.read_text(encoding="utf-8")
    handed = re.findall(HANDED_ON, code, re.MULTILINE)
    return [
        file,
        *(file.with_name(name) for name in re.findall(BESIDE, code)),
        *(found for part in sorted({part for part, _ in handed}) for found in _files(part)),
    ]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"Wrote {PAGE.relative_to(ROOT)}.\n")
