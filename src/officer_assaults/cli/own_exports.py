"""Own exports: which of them a plan makes into public reports, and what was made of them before."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from officer_assaults.pipeline.plan import Plan, Run
    from officer_assaults.pipeline.project import Project

CELLS, SIDECAR, FORMULA = "cells_path", "about_path", "formula"
Entry = dict[str, str]
#: A text of a notebook that is a formula, and that of the notebook as it is handed out.
_MODEL = re.compile(r"""["']([^"'\n]*~[^"'\n]*)["']""")
_DIAGRAM = "victims~single+{data.adjustment}"


def check(
    project: Project, plan: Plan, known: Mapping[Path, Entry] | None = None
) -> dict[str, Entry]:
    """Refuse public reports of own exports whose difference from others would tell of few.

    Parameters
    ----------
    project : Project
    plan : Plan
    known : mapping of Path to dict, optional
        Entries of exports that were opened already.

    Returns
    -------
    dict of str to dict
        What to note of each public run of an own export, by its key, once it is made.

    Raises
    ------
    Refusal
        E121 by :func:`officer_assaults.topics.crewing.published.check`, also among these runs.
    """
    runs = [run for run in plan.runs if run.parameters.get(CELLS) and not run.shelf]
    if not runs:
        return {}
    from officer_assaults.topics.crewing import published

    opened = {path.resolve(): entry for path, entry in (known or {}).items()}
    listed = [one for path in _lists(project) for one in published.read(path)]
    found: dict[str, Entry] = {}
    for run in runs:
        path = run.files[str(run.parameters[CELLS])].resolve()
        if path not in opened:
            opened[path] = _entry(run, path)
        if not opened[path]:
            continue
        new = {**opened[path], "formula": _formula(run)}
        published.check([*listed, *found.values()], new)
        found[run.key] = new
    return found


@contextlib.contextmanager
def noted(project: Project, plan: Plan, entries: Mapping[str, Entry]) -> Iterator[None]:
    """List exports while their reports are made, so that a killed batch leaves none unlisted.

    What was listed here and brought about no page is taken off again.
    """
    if not entries:
        yield
        return
    from officer_assaults.topics.crewing import published

    listed = _writable(project)
    with _alone(listed):
        # Another command, which writes its reports elsewhere, may have listed one since.
        known = [one for path in _lists(project) for one in published.read(path)]
        before = published.read(listed)
        for entry in entries.values():
            published.check(known, entry)
        for entry in entries.values():
            published.note(listed, entry)
    yield
    made = [
        entries[run.key]
        for run in plan.runs
        if run.key in entries and run.path(project.reports, ".html").is_file()
    ]
    with _alone(listed):
        published.drop(listed, [one for one in entries.values() if one not in [*before, *made]])
        for entry in made:  # Where another command took it off in the meantime.
            published.note(listed, entry)


def _alone(listed: Path) -> contextlib.AbstractContextManager[None]:
    """Keep other commands from a list that is read and written."""
    from officer_assaults.pipeline.lock import locked

    return locked(listed.with_suffix(".lock"), lambda _: None)


def _writable(project: Project) -> Path:
    """Give the first list that can be written: a tree may be read-only."""
    for path in _lists(project):
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            if os.access(path.parent, os.W_OK):
                return path
    return _lists(project)[-1]


def _lists(project: Project) -> tuple[Path, Path]:
    """Name where exports are listed, first with the kept runs.

    These outlast `make clean`, and are the same wherever reports are written.
    """
    from officer_assaults.cli.crewing_runs import RUNS
    from officer_assaults.topics.crewing import published

    return project.root / RUNS / published.NAME, project.state / published.NAME


def _formula(run: Run) -> str:
    """Give the formula of the analyst's own: a parameter, or written into the notebook."""
    code = [cell["source"] for cell in run.notebook.cells() if cell["type"] == "code"]
    models = {"".join(model.split()) for text in code for model in _MODEL.findall(text)}
    given = "".join(str(run.parameters.get(FORMULA, "")).split())
    return ";".join(filter(None, [given, *sorted(models - {_DIAGRAM})]))


def _entry(run: Run, path: Path) -> Entry:
    """Describe an export; empty for a simulated one, and for one that its kernel will refuse."""
    from officer_assaults.refusals import Refusal
    from officer_assaults.topics.crewing import published
    from officer_assaults.topics.crewing.given import open_cells

    beside = run.parameters.get(SIDECAR)
    try:
        given = open_cells(str(path), str(run.files[beside]) if beside else None, None, "", 0)
    except Refusal:
        return {}
    if not given.protected or given.file is None:
        return {}
    return published.entry(given.cells, given.file.about.period_months)
