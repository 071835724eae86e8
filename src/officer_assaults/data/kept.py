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

import numpy as np
import pandas as pd

from officer_assaults import files, paths

#: Names the functions whose results are to be written.
KEEP_VARIABLE = "OFFICER_ASSAULTS_KEEP"
FOLDER = "reports/.kept"


def folder() -> Path:
    """Where the tracked results lie, wherever reports are written."""
    return paths.project_root() / FOLDER


def read(name: str, key: str) -> Any:
    """Give the result of a function under a key; None if none is there or it was changed."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        held = json.loads((folder() / f"{name}-{key}.json").read_text(encoding="utf-8"))
        if held["sha256"] == _digest(held["tables"]):
            frames = tuple(_frame(**table) for table in held["tables"])
            return frames if held["several"] else frames[0]
    return None


def write(name: str, key: str, result: Any) -> None:
    """Keep a result if its function was asked for: a plain table, or a tuple of them."""
    if name not in os.environ.get(KEEP_VARIABLE, "").split():
        return
    several = isinstance(result, tuple)
    frames = result if several else (result,)
    tables = [_table(frame) for frame in frames]
    held = {"several": several, "sha256": _digest(tables), "tables": tables}
    path = folder() / f"{name}-{key}.json"
    files.write_atomic(path, json.dumps(held, indent=1, sort_keys=True) + "\n")
    again = read(name, key)
    for frame, one in zip(frames, again if several else (again,), strict=True):
        pd.testing.assert_frame_equal(frame, one, check_exact=True)


def _table(frame: pd.DataFrame) -> dict[str, Any]:
    """Columns and index of a table, as JSON can hold them."""
    index = [] if isinstance(frame.index, pd.RangeIndex) else [_column(frame.index)]
    return {"columns": [_column(frame[each]) for each in frame], "index": index}


def _column(values: pd.Series | pd.Index) -> list[Any]:
    """Name, kind and cells; dates as text."""
    dated = isinstance(values.dtype, np.dtype) and values.dtype.kind == "M"
    cells = values.astype("str").tolist() if dated else values.tolist()
    return [values.name, str(values.dtype), cells]


def _frame(columns: list[list[Any]], index: list[list[Any]]) -> pd.DataFrame:
    """Give a table back."""
    frame = pd.DataFrame({name: pd.Series(cells, dtype=kind) for name, kind, cells in columns})
    for name, kind, cells in index:
        frame.index = pd.Index(cells, dtype=kind, name=name)
    return frame


def _digest(tables: list[dict[str, Any]]) -> str:
    return files.sha256(json.dumps(tables, sort_keys=True).encode())
