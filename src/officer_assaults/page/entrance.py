"""Entrance: finds what a kernel, or a script made from a notebook, has run, and has it checked."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

from officer_assaults import paths
from officer_assaults.data import vocabularies
from officer_assaults.pipeline import door

#: How jupytext and nbconvert begin a cell of a script.
_CELL_MARKS = ("# %%", "# In[", "# +")


def check_parameters() -> None:
    """Check the parameters of the running notebook and spell their values in one way.

    Raises
    ------
    Refusal
        As :func:`officer_assaults.pipeline.door.resolve`.
    """
    if door.is_checked():
        return
    executed, namespace = _running()
    if not executed:
        return
    found = door.resolve(
        executed,
        namespace,
        folder=paths.notebooks_dir(),
        root=paths.project_root(),
        vocabularies=vocabularies.vocabularies(),
        together=vocabularies.check_together,
    )
    namespace.update(found)


def _running() -> tuple[list[str], dict[str, Any]]:
    """Find the sources run so far and the variables they made, of a kernel or of a script."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    if shell is not None:
        return list(shell.history_manager.input_hist_raw), shell.user_ns
    script = sys.modules["__main__"]
    place = getattr(script, "__file__", None)
    if place is None:
        return [], {}
    return _assignments(Path(place)), vars(script)


def _assignments(script: Path) -> list[str]:
    """Read the first block of typed assignments of a script that jupytext wrote."""
    text = script.read_text(encoding="utf-8")
    if not any(mark in text for mark in _CELL_MARKS):
        return []
    lines = text.splitlines()
    block: list[ast.stmt] = []
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.AnnAssign):
            block.append(statement)
        elif block:
            break
    if not block:
        return []
    return ["\n".join(lines[block[0].lineno - 1 : block[-1].end_lineno])]
