"""Context: what the pipeline knows of a run, as far as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from officer_assaults.page import audience, catalogue, words


@dataclass(frozen=True, slots=True)
class PageContext:
    """What the pipeline knows of a run, as far as the page shows it; further keys are left alone.

    Parameters
    ----------
    notebook : str
        Name of the notebook, for instance ``"01_rise"``.
    name : str
        Name of the report's files, where it is not the notebook's.
    scope : str
        Folder of the report: a force's short name, or ``"england-and-wales"``.
    title : str
        First heading of the notebook; the page takes it from the notebook where this is empty.
    command : str
        Command that makes the report again.
    input_hash : str
        One hash over everything the report is made from.
    inputs : mapping of str to str
        Hash of each part: notebook, parameters, source, data, lock.
    parameters : mapping of str to object
        Every parameter's value.
    comments : mapping of str to str
        What each parameter means.
    non_default : mapping of str to object
        The parameters that differ from their defaults.
    versions : mapping of str to str
        Installed versions of packages.
    provenance : mapping of str to object
        Commit that holds what the report is made from, its day, and how many files differ from it.
    exhibits : sequence of mapping
        Figures and tables with the cells that make them.
    """

    notebook: str = "report"
    name: str = ""
    scope: str = catalogue.NATIONAL
    title: str = ""
    command: str = ""
    input_hash: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    non_default: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    exhibits: Sequence[Mapping[str, Any]] = ()

    @property
    def is_internal(self) -> bool:
        """Whether the page is for internal eyes."""
        return audience.is_internal(self.parameters)

    @property
    def banner(self) -> str:
        """Words at the head of an internal page."""
        return audience.BANNER

    @property
    def commit_day(self) -> str:
        """Day of the commit, in words."""
        return words.day(date.fromisoformat(str(self.provenance["day"])))

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> PageContext:
        """Take the known keys of a mapping."""
        return cls(**{part.name: given[part.name] for part in fields(cls) if part.name in given})
