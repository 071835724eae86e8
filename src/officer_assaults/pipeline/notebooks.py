"""Notebooks: read them, find their schema and title, and refuse what would not run everywhere."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from officer_assaults.pipeline.inputs import fits
from officer_assaults.pipeline.parameters import (
    TAG,
    UNREADABLE,
    Schema,
    read_schema,
    syntax_words,
)
from officer_assaults.pipeline.terminal import HALF_SIGN, UNSEEN
from officer_assaults.refusals import Problem, Problems, Refusal

MAXIMUM_LINES = 25
KERNEL = "python3"
LANGUAGE = "python"
_HEADING = re.compile(r"^#\s+(.+?)\s*#*\s*$", re.MULTILINE)
_ABSOLUTE_PATH = re.compile(
    r"""(?:^|(?<=["'\s(=]))(?:~?/(?:[\w.-]+/)+[\w.-]+|[A-Za-z]:\\+\w|file://)""", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Notebook:
    """One tracked notebook.

    Parameters
    ----------
    name : str
        File name without suffix, for instance ``"01_rise"``.
    path : Path
        Where it was read from.
    content : dict
        The notebook as JSON.
    schema : Schema
        Its parameters.
    """

    name: str
    path: Path
    content: dict[str, Any]
    schema: Schema

    @property
    def title(self) -> str:
        """The first level-one heading, else the name."""
        for cell in self.content["cells"]:
            heading = _HEADING.search(source_of(cell))
            if cell["cell_type"] == "markdown" and heading is not None:
                return heading.group(1)
        return self.name

    @property
    def parameters_source(self) -> str:
        """Source of the parameters cell."""
        return next(source_of(cell) for cell in self.content["cells"] if _is_parameters(cell))

    def cells(self) -> list[dict[str, Any]]:
        """Everything a run depends on: type, source and tags of each cell, nothing else."""
        return [
            {
                "type": cell["cell_type"],
                "source": source_of(cell),
                "tags": cell.get("metadata", {}).get("tags", []),
            }
            for cell in self.content["cells"]
        ]

    def imports(self) -> list[str]:
        """Everything its cells may import: modules, and names that may be modules."""
        found: set[str] = set()
        for cell in self.content["cells"]:
            if cell["cell_type"] == "code":
                found.update(_imports(source_of(cell)))
        return sorted(found)

    def calls(self, names: Mapping[str, str]) -> Counter[str]:
        """Count the helper calls that every run makes, by role.

        Parameters
        ----------
        names : mapping of str to str
            Role of each helper's name, for instance ``{"show_figure": "figure"}``.

        Returns
        -------
        Counter
            Calls outside loops, branches and functions, the least that a complete run shows.
        """
        found: Counter[str] = Counter()
        for cell in self.content["cells"]:
            if cell["cell_type"] == "code":
                found.update(_certain_calls(source_of(cell), names))
        return found


def source_of(cell: Mapping[str, Any]) -> str:
    """Join a cell's source into one text."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _certain_calls(source: str, names: Mapping[str, str]) -> Iterator[str]:
    try:
        body = ast.parse(source).body
    except UNREADABLE:
        return
    for statement in body:
        value = getattr(statement, "value", None)
        if isinstance(value, ast.Call):
            function = value.func
            name = function.attr if isinstance(function, ast.Attribute) else ""
            name = function.id if isinstance(function, ast.Name) else name
            if name in names:
                yield names[name]


def _imports(source: str) -> Iterator[str]:
    try:
        statements = list(ast.walk(ast.parse(source)))
    except UNREADABLE:
        return
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            yield statement.module
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def find(folder: Path) -> list[Path]:
    """Notebooks of a folder, in the order of their names."""
    found = (path for path in folder.glob("*.ipynb") if not path.name.startswith("."))
    return sorted(path for path in found if not is_stray(path))


def is_stray(path: Path) -> bool:
    """Whether JupyterLab gave a notebook its name, and nobody has meant it to be a report yet."""
    return path.name.startswith("Untitled") or "-Copy" in path.stem


def strays(folder: Path) -> list[str]:
    """Names of the notebooks of a folder that no batch takes."""
    return sorted(path.name for path in folder.glob("*.ipynb") if is_stray(path))


def check_kernel(notebook: Notebook) -> list[Problem]:
    """Tell of a kernel that another machine does not have, before the run would."""
    problems = Problems(file=notebook.path.name)
    _check_kernel(notebook.content, problems)
    return problems.found


def load(path: Path) -> Notebook:
    """Read a notebook and its schema.

    Raises
    ------
    Refusal
        P101 if it is no notebook, P102 if it has not exactly one parameters cell, and what
        :func:`read_schema` refuses.
    """
    content = _read_json(path)
    tagged = [cell for cell in content["cells"] if _is_parameters(cell)]
    if len(tagged) != 1:
        raise Refusal(_one_parameters_cell(path.name, len(tagged)))
    return Notebook(path.stem, path, content, read_schema(path.name, source_of(tagged[0])))


def _one_parameters_cell(name: str, count: int) -> Problem:
    return Problem(
        "P102",
        f"{count} cells are tagged '{TAG}'.",
        f"Tag exactly one code cell '{TAG}' and keep all parameters in it.",
        name,
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file():
            raise OSError("there is no such file")
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        _check_parts(content)
        for number, cell in enumerate(content["cells"], start=1):
            if not _is_cell(cell):
                raise ValueError(f"cell {number} lacks its type, text or settings, or has odd ones")
            if HALF_SIGN.search(source_of(cell)):
                raise ValueError(f"cell {number} holds half of a sign, as of an emoji cut in two")
    except (OSError, ValueError, RecursionError) as error:
        problem = Problem(
            "P101", f"not a version 4 notebook ({error}).", "Save it again.", path.name
        )
        raise Refusal(problem) from error
    return dict(content)


def _check_parts(content: Any) -> None:
    version = content.get("nbformat") if isinstance(content, dict) else None
    if isinstance(version, int) and version != 4:
        raise ValueError(f"it is of version {version}; Jupyter upgrades it when it is opened")
    if not fits(content, _SHAPE) or not fits(content.get("metadata", {}), dict):
        raise ValueError("its parts are not those of one")


_SHAPE = {"nbformat": int, "nbformat_minor": int, "cells": [dict]}
_TYPES = ("code", "markdown", "raw")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CELL_SHAPE = {"cell_type": str, "source": (str, list)}


def _is_cell(cell: Mapping[str, Any]) -> bool:
    metadata = cell.get("metadata", {})
    return (
        fits(cell, _CELL_SHAPE)
        and cell["cell_type"] in _TYPES
        and fits(list(cell["source"]), [str])
        and fits(metadata, dict)
        and fits(metadata.get("tags", []), [str])
    )


def _is_parameters(cell: Mapping[str, Any]) -> bool:
    return cell["cell_type"] == "code" and TAG in cell.get("metadata", {}).get("tags", [])


def check(path: Path) -> list[Problem]:
    """Everything in a notebook that would make it differ from one machine or run to the next.

    Returns
    -------
    list of Problem
        P101 to P110 and P205, P208; empty for a notebook that may be committed.
    """
    try:
        content = _read_json(path)
    except Refusal as refusal:
        return list(refusal.problems)
    problems = Problems(file=path.name)
    _check_structure(content, problems)
    for number, cell in enumerate(content["cells"], start=1):
        _check_cell(number, cell, problems)
    tagged = [cell for cell in content["cells"] if _is_parameters(cell)]
    if len(tagged) != 1:
        problems.found.append(_one_parameters_cell(path.name, len(tagged)))
    for cell in tagged:
        try:
            read_schema(path.name, source_of(cell))
        except Refusal as refusal:
            problems.found.extend(refusal.problems)
    return problems.found


def _check_structure(content: Mapping[str, Any], problems: Problems) -> None:
    cells = content["cells"]
    first = source_of(cells[0]) if cells and cells[0]["cell_type"] == "markdown" else ""
    if not first.lstrip().startswith("# "):
        problems.add(
            "P103", "cell 1 is not the title.", "Open with a markdown cell '# Title of the report'."
        )
    _check_kernel(content, problems)
    counts = Counter(str(cell.get("id")) for cell in cells)
    for number, cell in enumerate(cells, start=1):
        if not cell.get("id"):
            problems.add("P105", f"cell {number} has no id.", "Save it as notebook format 4.5.")
        elif not _ID.fullmatch(str(cell["id"])):
            problems.add(
                "P105",
                f"cell {number} has an id that is none.",
                "Give it up to 64 letters, digits, '-' and '_'.",
            )
        elif counts[str(cell["id"])] > 1:
            problems.add(
                "P105",
                f"cell {number} shares the id '{cell['id']}' with another.",
                "Give each cell an id of its own.",
            )


def _check_kernel(content: Mapping[str, Any], problems: Problems) -> None:
    metadata = content.get("metadata")
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    kernel = kernel if isinstance(kernel, dict) else {}
    if (kernel.get("name"), kernel.get("language")) != (KERNEL, LANGUAGE):
        problems.add(
            "P104",
            f"the kernel is '{kernel.get('name')}' for language '{kernel.get('language')}'.",
            f"Choose '{KERNEL}' (in JupyterLab: Kernel, Change Kernel) and save.",
        )


def _check_cell(number: int, cell: Mapping[str, Any], problems: Problems) -> None:
    source = source_of(cell)
    if _ABSOLUTE_PATH.search(source):
        line = next(line for line in source.splitlines() if _ABSOLUTE_PATH.search(line))
        problems.add(
            "P106",
            f"cell {number} names a path of one machine: '{line.strip()}'.",
            "Read data through the package, or give a path relative to the project.",
        )
    if cell["cell_type"] == "code":
        _check_code(number, cell, source, problems)


def _check_code(number: int, cell: Mapping[str, Any], source: str, problems: Problems) -> None:
    if cell.get("outputs"):
        problems.add(
            "P107", f"cell {number} has outputs.", "Clear all outputs before you save and commit."
        )
    if cell.get("execution_count") is not None:
        problems.add(
            "P108",
            f"cell {number} has an execution count.",
            "Clear all outputs before you save and commit.",
        )
    lines = len(source.splitlines())
    if lines > MAXIMUM_LINES:
        problems.add(
            "P109",
            f"cell {number} has {lines} lines.",
            f"Keep cells to {MAXIMUM_LINES} lines: split it, or move code into the package.",
        )
    unseen = UNSEEN.search(source)
    if unseen:
        problems.add(
            "P110",
            f"cell {number} holds the sign U+{ord(unseen.group()):04X}, which has no form: its "
            "code does not run as it reads.",
            "Remove the sign, or write it as an escape.",
        )
    try:
        ast.parse(source)
    except UNREADABLE as error:
        problems.add(
            "P110",
            f"cell {number} is not Python{syntax_words(error)}.",
            "Mend it; shell lines and magics do not run everywhere.",
        )


def cleaned(text: str) -> str:
    """Notebook without outputs and what a machine wrote into it; cell ids stay.

    A text that is no notebook, for instance one with conflict markers, is given back as it is.
    """
    try:
        content = json.loads(text.removeprefix("\ufeff"))
        if not fits(content, _SHAPE) or not all(map(_is_cell, content["cells"])):
            return text
    except (ValueError, RecursionError):
        return text
    for cell in content["cells"]:
        kept = ("tags", "jupyter", "slideshow")
        cell["metadata"] = {n: v for n, v in cell.get("metadata", {}).items() if n in kept}
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    metadata = content.get("metadata", {})
    kernel = metadata.get("kernelspec", {}) if isinstance(metadata, dict) else {}
    content["metadata"] = {"kernelspec": kernel, "language_info": {"name": LANGUAGE}}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
