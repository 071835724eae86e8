"""Door: the parameters cell checked inside a kernel, where no batch has checked it before."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from officer_assaults.pipeline import notebooks
from officer_assaults.pipeline.parameters import (
    UNREADABLE,
    Schema,
    Vocabulary,
    as_typed,
    read_schema,
)
from officer_assaults.pipeline.vocabularies import FileVocabulary
from officer_assaults.refusals import Problem, Refusal

#: Folder of the run whose parameters were checked before its kernel started.
CHECKED_VARIABLE = "REPORT_CHECKED"
#: How JupyterLab names the notebook of a kernel.
SESSION_VARIABLE = "JPY_SESSION_NAME"
_INJECTED = "# Parameters"
FILE = "file"


def is_checked() -> bool:
    """Whether a batch made this kernel, and so has checked its parameters."""
    folder = os.environ.get(CHECKED_VARIABLE)
    return bool(folder) and Path.cwd().resolve() == Path(str(folder)).resolve()


def resolve(
    executed: Sequence[str],
    namespace: Mapping[str, Any],
    *,
    folder: Path,
    root: Path,
    vocabularies: Mapping[str, Vocabulary],
    together: Callable[[Mapping[str, Any], Mapping[str, Vocabulary]], None] | None = None,
) -> dict[str, Any]:
    """Check a kernel's parameters by the cell that was run, and spell them in one way.

    Parameters
    ----------
    executed : sequence of str
        Source of the cells run so far, in order.
    namespace : mapping of str to object
        The kernel's variables.
    folder : Path
        Folder of the tracked notebooks, of which one is being run.
    root : Path
        Project folder, from which files are named.
    vocabularies : mapping of str to Vocabulary
        What ``<word>`` in a comment stands for, files left out.
    together : callable, optional
        Refuses values that are wrong together.

    Returns
    -------
    dict
        Every parameter's value; files by whole path, so that they are found from any folder.

    Raises
    ------
    Refusal
        What ``make`` would have refused, in the same words; P102 if no parameters cell was run.
    """
    at = next((n for n in reversed(range(len(executed))) if is_parameters(executed[n])), None)
    if at is None:
        what = "no parameters cell was run."
        raise Refusal(Problem("P102", what, "Run the cell tagged 'parameters' first."))
    schema = read_schema(_name(executed[at], folder), executed[at])
    files = FileVocabulary(root)
    found = schema.resolve(
        _given(schema, executed[at + 1 :], namespace),
        {**vocabularies, FILE: files},
        together,
    )
    return {name: _opened(schema, name, value, files) for name, value in found.items()}


def is_parameters(source: str) -> bool:
    """Whether a cell holds typed and commented assignments and nothing else."""
    if source.lstrip().startswith(_INJECTED):
        return False
    try:
        body = ast.parse(source).body
    except UNREADABLE:
        return False
    return bool(body) and "#" in source and all(isinstance(line, ast.AnnAssign) for line in body)


def _given(schema: Schema, after: Sequence[str], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Values that are not the cell's own, and names that a tool set and no parameter has."""
    given = {
        name: as_typed(namespace[name])
        for name, default in schema.defaults.items()
        if name in namespace and not _is_same(namespace[name], default)
    }
    for source in after:
        if source.lstrip().startswith(_INJECTED):
            given |= {n: v for n, v in _assigned(source).items() if n not in schema}
    return given


def _is_same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def _assigned(source: str) -> dict[str, Any]:
    return {
        target.id: None
        for line in ast.parse(source).body
        if isinstance(line, ast.Assign)
        for target in line.targets
        if isinstance(target, ast.Name)
    }


def _name(source: str, folder: Path) -> str:
    """File name of the notebook whose cell this is, as far as it can be told."""
    session = os.environ.get(SESSION_VARIABLE, "")
    if session.endswith(".ipynb"):
        return Path(session).name
    for path in notebooks.find(folder):
        try:
            if notebooks.load(path).parameters_source.strip() == source.strip():
                return path.name
        except Refusal:
            continue
    return "notebook"


def _opened(schema: Schema, name: str, value: Any, files: FileVocabulary) -> Any:
    parameter = schema[name]
    if not parameter.is_file or value is None or value in parameter.allowed:
        return value
    return str(files.root.resolve() / value)
