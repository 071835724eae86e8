"""Catalogue: the reports there are, by the question each answers, and the forces they are for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from officer_assaults import paths
from officer_assaults.refusals import Refusal

SHORT_PROJECT = "Recorded assaults on officers"
NATIONAL = "england-and-wales"
SCOPE_PARAMETER = "force"
_NUMBERED = re.compile(r"\d{2}_\w+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One report: its notebook, the question it answers in a sentence and in a word or two.

    ``per_force`` tells whether each force has its own.
    """

    notebook: str
    question: str
    short: str
    per_force: bool

    @property
    def number(self) -> str:
        """The two digits that begin its name."""
        return self.notebook[:2]


ENTRIES: tuple[Entry, ...] = (
    Entry("00_audit", "Can the figures be trusted?", "Data", per_force=False),
    Entry("01_rise", "Is the rise real?", "Rise", per_force=True),
    Entry("02_forces", "How does the force compare?", "Comparison", per_force=True),
    Entry("03_severity", "Did injuries rise as well?", "Injuries", per_force=True),
    Entry("04_recording", "Is it better recording?", "Recording", per_force=True),
    Entry("05_crewing", "Does crewing change the risk?", "Crewing", per_force=False),
    Entry(
        "06_act", "Did the 2018 Act change anything that can be seen?", "2018 Act", per_force=True
    ),
    Entry("07_justice", "What follows a recorded assault?", "Outcomes", per_force=True),
    Entry("08_planning", "What would a trial need?", "Planning", per_force=False),
    Entry("09_validation", "Do the methods do what they promise?", "Methods", per_force=False),
    Entry(
        "10_evidence",
        "What do crewing studies elsewhere find?",
        "Evidence",
        per_force=False,
    ),
)


def everything() -> tuple[Entry, ...]:
    """All reports in reading order: :data:`ENTRIES`, and what else the folder of notebooks holds.

    A notebook that is not among :data:`ENTRIES` is described by its own title, and each force has
    its own report of it if its parameters cell has a force.
    """
    known = {entry.notebook for entry in ENTRIES}
    try:
        folder = paths.notebooks_dir()
    except FileNotFoundError:
        return ENTRIES
    others = [
        (path, path.stat().st_mtime_ns)
        for path in sorted(folder.glob("*.ipynb"))
        if path.stem not in known and _NUMBERED.fullmatch(path.stem)
    ]
    return _with_others(tuple(others))


@lru_cache(maxsize=8)
def _with_others(others: Sequence[tuple[Path, int]]) -> tuple[Entry, ...]:
    from officer_assaults.pipeline import notebooks

    found = list(ENTRIES)
    for path, _ in others:
        try:
            notebook = notebooks.load(path)
        except Refusal:
            continue
        schema = notebook.schema
        per_force = SCOPE_PARAMETER in schema and not schema[SCOPE_PARAMETER].optional
        short = path.stem[3:].replace("_", " ").capitalize()
        found.append(Entry(path.stem, notebook.title, short, per_force))
    return tuple(sorted(found, key=lambda entry: entry.notebook))


def entries(scope: str) -> list[Entry]:
    """List the reports of one folder, in reading order: those of a force, or the national ones."""
    return [entry for entry in everything() if entry.per_force == (scope != NATIONAL)]


def find(notebook: str) -> Entry | None:
    """Entry of a notebook; None for one that is not in the catalogue."""
    return next((entry for entry in everything() if entry.notebook == notebook), None)


def neighbours(scope: str, notebook: str) -> tuple[Entry | None, Entry | None]:
    """Report before and report after this one in its folder."""
    shelf = entries(scope)
    names = [entry.notebook for entry in shelf]
    if notebook not in names:
        return None, None
    at = names.index(notebook)
    return (shelf[at - 1] if at else None), (shelf[at + 1] if at + 1 < len(shelf) else None)


def force_names() -> dict[str, str]:
    """Reader's name of each force with reports of its own, by short name, in order of name."""
    from officer_assaults.data import forces

    kept = [*forces.slugs("territorial"), *forces.slugs("transport")]
    named = forces.names()
    return dict(sorted(((slug, named[slug]) for slug in kept), key=lambda pair: pair[1]))


def scope_name(scope: str) -> str:
    """Reader's name of a report folder."""
    from officer_assaults.data import forces

    return forces.names().get(scope, scope.replace("-", " ").capitalize())
