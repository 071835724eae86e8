"""Closures: which files of the package one notebook's report depends on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from officer_assaults.closure import Package
from officer_assaults.files import write_atomic
from officer_assaults.pipeline.inputs import dump_json, read_json

#: Where a project's state keeps them.
IMPORTS = "imports.json"


class Closures:
    """Finds the sources that count for one notebook, by what it imports and what that imports.

    Parameters
    ----------
    source : Path
        Folder of the package. One that is no package counts whole.
    manifest : mapping of str to str
        Hash of each of its files, by name from the folder's own on.
    always : iterable of str
        Modules that every report depends on: the page template, the project's description.
    kept : Path
        Where the imports of each source are kept, by its hash: reading them takes a second.
    """

    def __init__(
        self, source: Path, manifest: Mapping[str, str], always: Iterable[str], kept: Path
    ) -> None:
        self._package = Package(source)
        self._manifest = manifest
        self._always = tuple(always)
        self._kept = kept
        self._before = read_json(kept, {str: [str]}) or {}
        self._now: dict[str, list[str]] = {}
        self._found: dict[tuple[str, ...], dict[str, str]] = {}

    @cached_property
    def _core(self) -> frozenset[str]:
        return self._package.closure(self._always, self._imports)

    def files(self, imports: Iterable[str]) -> dict[str, str]:
        """Hash of every file of the package that a notebook with these imports depends on."""
        asked = tuple(imports)
        if asked not in self._found:
            self._found[asked] = self._files(asked)
        return self._found[asked]

    def _files(self, imports: Iterable[str]) -> dict[str, str]:
        if not (self._package.folder / "__init__.py").is_file():
            return dict(self._manifest)
        modules = self._core | self._package.closure(imports, self._imports)
        sources = {self._name(module) for module in modules}
        folders = {name.removesuffix("__init__.py") for name in sources if "__init__" in name}
        return {
            name: digest
            for name, digest in self._manifest.items()
            if name in sources or (not name.endswith(".py") and self._home(name) in folders)
        }

    def _home(self, name: str) -> str:
        """Package around a file that is no module, such as a template."""
        folder = name.rpartition("/")[0]
        while folder and f"{folder}/__init__.py" not in self._manifest:
            folder = folder.rpartition("/")[0]
        return f"{folder}/"

    def _name(self, module: str) -> str:
        path = self._package.path(module)
        assert path is not None
        return path.relative_to(self._package.folder.parent).as_posix()

    def _imports(self, module: str) -> list[str]:
        name = self._name(module)
        digest = self._manifest.get(name, "")
        if digest not in self._now:
            before = self._before.get(digest)
            self._now[digest] = self._read(module) if before is None else before
        return self._now[digest]

    def _read(self, module: str) -> list[str]:
        try:
            return sorted(self._package.imports(module))
        except (SyntaxError, ValueError):
            return []

    def keep(self) -> None:
        """Write what was read; without a word if the disk is full."""
        if self._now != self._before:
            with contextlib.suppress(OSError):
                write_atomic(self._kept, dump_json(self._now))
