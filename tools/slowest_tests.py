"""Write into docs/validation.md which tests take longest and what each proves."""

from __future__ import annotations

import ast
import json
import sys
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DURATIONS = ROOT / "tests" / "durations.json"
PAGE = ROOT / "docs" / "validation.md"
START, END = "## The slowest tests\n", "## Adding a study\n"
HOW_MANY = 20
HEAD = """
Written by `make test-durations`, which times the suite with two processes on two cores: the
{shown} that take longest of {tests:,} tests, {share:.0%} of the time. Cases of one test count
together. A test that drives whole batches or a browser is slow because it tries what a user does.

| seconds | cases | test | what it proves |
|---|---|---|---|
"""


def section(durations: dict[str, tuple[float, float]]) -> str:
    """Text of the section: tests by the time of all their cases, and what files set up."""
    spent: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    prepared: dict[str, float] = {}
    for name, (call, setup) in durations.items():
        test, file = name.partition("[")[0], name.partition("::")[0]
        spent[test] += call
        cases[test] += 1
        prepared[file] = max(prepared.get(file, 0.0), setup)
    spent.update(prepared)
    longest = spent.most_common(HOW_MANY)
    share = sum(seconds for _, seconds in longest) / sum(spent.values())
    rows = [_row(name, seconds, cases[name]) for name, seconds in longest]
    return HEAD.format(shown=len(rows), tests=len(durations), share=share) + "".join(rows)


def _row(name: str, seconds: float, cases: int) -> str:
    file, _, test = name.partition("::")
    where = f"`{file.removeprefix('tests/')}`" + (f": {_words(test)}" if test else ": set-up")
    what = _proof(file, test) if test else f"For all its tests. {_docstring(file)}"
    return f"| {seconds:.0f} | {cases or ''} | {where} | {what} |\n"


def _words(test: str) -> str:
    return test.removeprefix("test_").replace("_", " ")


def _proof(file: str, test: str) -> str:
    return _docstrings(file).get(test.rpartition("::")[2]) or _docstring(file)


def _docstring(file: str) -> str:
    return _docstrings(file).get("", "")


@cache
def _docstrings(file: str) -> dict[str, str]:
    """First paragraph of the docstring of each test of a file, and of the file itself under ''."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    tests = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    found = {"": ast.get_docstring(tree)} | {node.name: ast.get_docstring(node) for node in tests}
    return {
        name: " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")
        for name, text in found.items()
        if text
    }


def main() -> None:
    try:
        durations = json.loads(DURATIONS.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        sys.exit("tests/durations.json is damaged: run 'make test-durations', or restore it.")
    there = {name: each for name, each in durations.items() if _is_there(name)}
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}{section(there)}\n{END}{after}", encoding="utf-8")


def _is_there(name: str) -> bool:
    return (ROOT / name.partition("::")[0]).is_file()


if __name__ == "__main__":
    main()
