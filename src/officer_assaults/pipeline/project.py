"""Project: everything the pipeline has to be told about what it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from officer_assaults.pipeline.parameters import Vocabulary

Command = Callable[[str, str | None, Mapping[str, str]], str]
Shelf = Callable[[Mapping[str, Any]], str]
Together = Callable[[Mapping[str, Any], Mapping[str, Vocabulary]], None]

STATE = ".state"
ALL = "all"


@dataclass(frozen=True, slots=True)
class Project:
    """One tree of notebooks and what its reports are made with.

    Parameters
    ----------
    root : Path
        Folder that all other paths are shown relative to.
    notebooks, reports : Path
        Where notebooks are read and reports are written.
    source : Path
        The package whose code the notebooks call; what a notebook imports of it, at whatever
        remove, is part of its report's inputs.
    modules : tuple of str
        Modules of the package that every report depends on, beside the page template's.
    data : tuple of Path
        Files and folders that notebooks may read; part of every report's inputs.
    lock : Path
        The lock file of the dependencies; part of every report's inputs.
    render : str
        Import path ``"module:function"`` of the page template. It takes the executed notebook and
        a mapping (the content of the JSON file) and returns a page.
    render_imports : tuple of str
        Modules that the page template imports on first use; workers find them imported.
    command : callable
        Gives the command that makes one report, from notebook, scope and settings.
    scope_parameter : str
        Name of the parameter that has a notebook rendered once per value.
    national_scope : str
        Folder of the notebooks without that parameter.
    focus : str
        Scope made when none is asked for.
    scope_vocabulary : str
        Vocabulary whose words are all scopes.
    vocabularies : mapping of str to Vocabulary
        What ``<word>`` in a parameters cell stands for.
    check_together : callable
        Refuses values of one run that are wrong together; takes all of them and the vocabularies.
    shelf : callable
        Names the folder around that of the scope for a run's parameters; empty for most.
    helpers : mapping of str to str
        Output role of each helper that a notebook calls, for the figure and table count.
    versions : tuple of str
        Installed distributions whose versions belong on the page.
    preload : tuple of str
        Modules that forked kernels find imported, and functions ``"module:function"`` that are
        called before any is forked, for instance to load data.
    later : tuple of str
        Functions that are called where kernels are forked when a batch turns out to be long, for
        what costs a short one more than it saves.
    environment : mapping of str to str
        Environment variables of every kernel.
    warm : tuple of str
        Functions ``"module:function"`` that a worker calls before its first run.
    gather : str
        Import path ``"module:function"`` of what makes pages of all results after a batch; it
        takes the folder of reports. Empty where nothing does.
    """

    root: Path
    notebooks: Path
    reports: Path
    source: Path
    data: tuple[Path, ...]
    lock: Path
    render: str
    command: Command
    scope_parameter: str = "scope"
    national_scope: str = "national"
    focus: str = "national"
    scope_vocabulary: str = ""
    vocabularies: Mapping[str, Vocabulary] = field(default_factory=dict)
    check_together: Together | None = None
    shelf: Shelf = lambda parameters: ""
    helpers: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    render_imports: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    warm: tuple[str, ...] = ()
    gather: str = ""

    def variables(self) -> dict[str, str]:
        """Environment variables of kernels on this machine."""
        return {n: value.format(root=self.root) for n, value in self.environment.items()}

    @property
    def state(self) -> Path:
        """Folder of stamps, outcomes and manifests: everything that knows a clock."""
        return self.reports / STATE
