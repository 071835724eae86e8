"""Validation record: what the last full study found, and whether the code has changed since."""

from __future__ import annotations

import ast
import importlib.metadata
import io
import json
import platform
import tokenize
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from officer_assaults import files, paths
from officer_assaults.closure import Package
from officer_assaults.refusals import Problem, Refusal
from officer_assaults.shown import Shown

PACKAGE = __name__.partition(".")[0]
_OURS = Package(Path(__file__).parents[2])
LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "pymc", "nutpie")
FORMAT = 1


@dataclass(frozen=True, slots=True)
class StudyRecord(Shown):
    """One study as it was made.

    Parameters
    ----------
    code : str
        Hash of the code that made it, from :func:`code_hash`.
    seed : int
        Root of its seeds.
    runs : int
    versions : dict of str to str
        Of Python and the libraries.
    measures : dict of str to dict
        Sums by measure.
    """

    code: str
    seed: int
    runs: int
    versions: dict[str, str]
    measures: dict[str, dict[str, Any]]


def record_path() -> Path:
    """Where the tracked record lies."""
    return paths.data_dir() / "validation" / "full-study.json"


def load_record() -> dict[str, StudyRecord]:
    """Studies of the last full validation by name; empty if there has been none.

    Raises
    ------
    Refusal
        E124 if the file is there and is no record.
    """
    path = record_path()
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}")
        return {name: StudyRecord(**study) for name, study in content["studies"].items()}
    except (ValueError, KeyError, TypeError) as error:
        problem = Problem(
            "E124",
            f"is no record of a validation ({error}).",
            "Restore it from version control, or run 'make validate'.",
            file=str(path.relative_to(paths.project_root())),
        )
        raise Refusal(problem) from error


def write_record(studies: Mapping[str, StudyRecord]) -> None:
    """Write the tracked record, whole or not at all."""
    content = {
        "format": FORMAT,
        "studies": {
            name: {field: getattr(one, field) for field in StudyRecord.__slots__}
            for name, one in sorted(studies.items())
        },
    }
    text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False)
    files.write_atomic(record_path(), text + "\n")


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that results depend on."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def code_hash(function: Callable[..., Any]) -> str:
    """Hash of a function's module, all that it imports of this package, and fixed arguments.

    Comments, docstrings and blank lines do not count, so that only a change of what is computed
    makes a result old.

    Parameters
    ----------
    function : callable
        A module-level function, or a partial of one.
    """
    fixed: dict[str, Any] = {}
    if isinstance(function, partial):
        fixed, function = function.keywords, function.func
    parts = [function.__qualname__, repr(sorted(fixed.items()))]
    parts += [f"{name} {_module_hash(name)}" for name in sorted(_closure(function.__module__))]
    return files.sha256("\n".join(parts).encode())


@lru_cache(maxsize=256)
def _closure(module: str) -> frozenset[str]:
    return _OURS.closure([module], _imports, parents=False) - {PACKAGE}


_imports = lru_cache(maxsize=256)(_OURS.imports)


@lru_cache(maxsize=256)
def _module_hash(module: str) -> str:
    path = _OURS.path(module)
    assert path is not None
    return files.sha256("\n".join(_code_lines(path.read_text(encoding="utf-8"))).encode())


def _code_lines(text: str) -> Iterator[str]:
    """Lines of code without comments, docstrings, blank lines and space at their ends."""
    skipped = _docstring_lines(text)
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for number, line in enumerate(lines, start=1):
        if number not in skipped and line.strip():
            yield line.rstrip()


def _docstring_lines(text: str) -> set[int]:
    skipped: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant):
            continue
        if isinstance(node.value.value, str):
            skipped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return skipped
