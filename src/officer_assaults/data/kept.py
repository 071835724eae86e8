"""Kept: slow results that are tracked, each under the key of all that it was made from.

``make keep`` writes them. A result counts only while its key does: source, libraries, data, seed
and every other argument. Otherwise it is made again as if it were not there.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd

from officer_assaults import files, paths

#: Names the functions whose results are to be written.
KEEP_VARIABLE = "OFFICER_ASSAULTS_KEEP"
FOLDER = "reports/.kept"


def folder() -> Path:
    """Where the tracked results lie, wherever reports are written."""
    return paths.project_root() / FOLDER


def read(name: str, key: str) -> pd.DataFrame | None:
    """Give the result of a function under a key; None if none is there or it was changed."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        held = json.loads((folder() / f"{name}-{key}.json").read_text(encoding="utf-8"))
        if held["sha256"] == _digest(held["columns"]):
            return pd.DataFrame(
                {column: pd.Series(cells, dtype=kind) for column, kind, cells in held["columns"]}
            )
    return None


def write(name: str, key: str, frame: Any) -> None:
    """Keep a result if its function was asked for, and it is a plain table."""
    if name not in os.environ.get(KEEP_VARIABLE, "").split():
        return
    columns = [[str(each), str(frame[each].dtype), frame[each].tolist()] for each in frame]
    held = {"columns": columns, "sha256": _digest(columns)}
    path = folder() / f"{name}-{key}.json"
    files.write_atomic(path, json.dumps(held, indent=1, sort_keys=True) + "\n")
    again = read(name, key)
    assert again is not None
    pd.testing.assert_frame_equal(frame, again, check_exact=True)


def _digest(columns: list[list[Any]]) -> str:
    return files.sha256(json.dumps(columns).encode())
