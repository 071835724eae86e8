"""Check: whether a file of a force is fit for a report, and what the report could not say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from officer_assaults.refusals import Problem, Refusal, one_line
from officer_assaults.topics.crewing.data.reader import CrewFile, load
from officer_assaults.topics.crewing.model.cells import check_enough, prepare


def check_file(path: Path, say: Callable[[str], None] | None = None) -> list[str]:
    """Check a file of cells, unit-shifts or incidents with its sidecar.

    Parameters
    ----------
    path : Path
    say : callable, optional
        Told how far a large file is.

    Returns
    -------
    list of str
        What the file holds, its cautions, and what a report would say that it cannot do.

    Raises
    ------
    Refusal
        As :func:`officer_assaults.topics.crewing.data.reader.load`.
    """
    file = load(path, say=say)
    lines = [f"{one_line(path.name)}: {file.rows:,} rows of {file.force}, readable and consistent."]
    lines += [f"Caution: {text}" for text in file.cautions]
    if file.kind == "incidents":
        return [*lines, "A report cannot compare crews: the file holds victims but no hours."]
    return [*lines, *(f"A report cannot {text}" for text in _cannot(file))]


def _cannot(file: CrewFile) -> list[str]:
    cells, found = file.cells, []
    if cells["attended"].isna().any():
        found.append("give a ratio per incident attended: 'attended' is empty.")
    if "backup_min" not in cells or cells["backup_min"].isna().any():
        found.append("say whether the gap widens far from help: 'backup_min' is empty.")
    if "y_injury" not in cells or cells["y_injury"].isna().any():
        found.append("compare assaults with injury: 'y_injury' is empty.")
    if file.agreement is None:
        found.append("say how far plan and log agree: that needs unit-shifts with both.")
    return found + [f"estimate a ratio: {problem.what}" for problem in _too_little(file)]


def _too_little(file: CrewFile) -> tuple[Problem, ...]:
    try:
        check_enough(prepare(file.cells).frame)
    except Refusal as refusal:
        return refusal.problems
    return ()
