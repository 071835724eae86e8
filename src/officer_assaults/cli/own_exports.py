"""Own exports: which of them a plan makes into public reports, and what was made of them before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from officer_assaults.pipeline.plan import Plan, Run
    from officer_assaults.pipeline.project import Project

CELLS, SIDECAR, FORMULA = "cells_path", "about_path", "formula"
Entry = dict[str, str]


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
    listed = published.read(project.state / published.NAME)
    found: dict[str, Entry] = {}
    for run in runs:
        path = run.files[str(run.parameters[CELLS])].resolve()
        if path not in opened:
            opened[path] = _entry(run, path)
        if not opened[path]:
            continue
        new = {**opened[path], "formula": "".join(str(run.parameters.get(FORMULA, "")).split())}
        published.check([*listed, *found.values()], new)
        found[run.key] = new
    return found


def note(project: Project, plan: Plan, entries: Mapping[str, Entry]) -> None:
    """Note the runs of which a page lies on disk now."""
    if not entries:
        return
    from officer_assaults.topics.crewing import published

    for run in plan.runs:
        if run.key in entries and run.path(project.reports, ".html").is_file():
            published.note(project.state / published.NAME, entries[run.key])


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
