"""Provenance: the commit that a report's own inputs come from, and whether they differ from it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from officer_assaults.pipeline.plan import Run
from officer_assaults.pipeline.project import Project

#: What is said where no commit holds the inputs.
UNKNOWN: dict[str, Any] = {"commit": "", "day": "", "changed": 0}


class History:
    """Asks git about the inputs of reports.

    A report names the commit in which one of its own inputs (notebook, program, data, lock file)
    last changed. So a commit that touches none of them leaves its page as it is, to the byte.

    Parameters
    ----------
    project : Project
        Whose files are asked about.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[str, ...], dict[str, Any]] = {}

    def of(self, run: Run) -> dict[str, Any]:
        """Say where the inputs of a run come from.

        Parameters
        ----------
        run : Run
            A planned run.

        Returns
        -------
        dict
            ``commit``, its full name; ``day``, when it was made; ``changed``, how many inputs
            differ from it. :data:`UNKNOWN` outside a repository or without git.
        """
        asked = self._inputs(run)
        if asked not in self._known:
            self._known[asked] = self._of(asked)
        return dict(self._known[asked])

    def _inputs(self, run: Run) -> tuple[str, ...]:
        project, package = self._project, self._project.source.parent
        paths = [run.notebook.path, *(package / name for name in run.sources)]
        return tuple(map(self._shown, (*paths, *project.data, project.lock)))

    def _shown(self, path: Path) -> str:
        """Path from the project folder, as git says it; whole where it lies elsewhere."""
        inside = path.is_relative_to(self._project.root)
        return path.relative_to(self._project.root).as_posix() if inside else str(path)

    def _of(self, asked: tuple[str, ...]) -> dict[str, Any]:
        said = self._git("log", "-1", "--format=%H %cs", "--", *asked)
        if not said:
            return dict(UNKNOWN)
        commit, _, day = said.strip().partition(" ")
        changed = sum(_is_among(name, asked) for name in self._changed)
        return {"commit": commit, "day": day, "changed": changed}

    @cached_property
    def _changed(self) -> list[str]:
        """Files that differ from the last commit, those it does not know among them."""
        said = self._git("status", "--porcelain=v1", "-z", "--no-renames", "-uall", "--", ".")
        up = self._git("rev-parse", "--show-prefix").strip()
        return sorted(entry[3:].removeprefix(up) for entry in said.split("\0") if entry)

    def _git(self, *arguments: str) -> str:
        command = ["git", "-c", "core.quotepath=off", "--no-optional-locks", *arguments]
        try:
            done = subprocess.run(command, cwd=self._project.root, capture_output=True, check=False)
        except OSError:
            return ""
        return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


def _is_among(name: str, asked: Iterable[str]) -> bool:
    return any(name == path or name.startswith(f"{path}/") for path in asked)
