"""Paths: where the project tree is, the only module that knows."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

ROOT_VARIABLE = "OFFICER_ASSAULTS_ROOT"
REPORTS_VARIABLE = "OFFICER_ASSAULTS_REPORTS"


def project_root() -> Path:
    """Folder that holds ``data/`` and ``notebooks/``.

    The environment variable ``OFFICER_ASSAULTS_ROOT`` wins; else the nearest parent of the working
    folder, else of this file, that holds both.

    Raises
    ------
    FileNotFoundError
        If no such folder can be found.
    """
    named = os.environ.get(ROOT_VARIABLE)
    starts = [Path(named)] if named else [Path.cwd(), _own_file()]
    for start in starts:
        for folder in (start, *start.parents):
            if (folder / "data" / "forces.csv").is_file() and (folder / "notebooks").is_dir():
                return folder
    raise FileNotFoundError(
        f"no folder with data/forces.csv and notebooks/ above {' or '.join(map(str, starts))}; "
        f"run inside the project or set {ROOT_VARIABLE}"
    )


@cache
def _own_file() -> Path:
    return Path(__file__).resolve()


def data_dir() -> Path:
    """Folder of the tracked data files."""
    return project_root() / "data"


def notebooks_dir() -> Path:
    """Folder of the tracked notebooks."""
    return project_root() / "notebooks"


def reports_dir() -> Path:
    """Folder that rendered reports are written to.

    The environment variable ``OFFICER_ASSAULTS_REPORTS`` wins, for a tree that cannot be written;
    a relative one starts at the project folder.
    """
    named = os.environ.get(REPORTS_VARIABLE)
    return project_root() / (named or "reports")
