"""Inputs: one hash over everything that a report is made from."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from officer_assaults.files import sha256, sha256_file

_SKIPPED = {"__pycache__", ".ipynb_checkpoints", ".DS_Store"}


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a report was made from, one hash per part.

    Parameters
    ----------
    notebook, parameters, source, data, lock : str
        SHA-256 of the notebook's cells, of its resolved parameters, of the package source, of the
        declared data and of the dependency lock.
    own : str
        The same of the files that parameters name; empty without any. It stays in the state of the
        batch: by a published hash anybody could try out what a file of their making holds.
    """

    notebook: str
    parameters: str
    source: str
    data: str
    lock: str
    own: str = ""

    @property
    def hash(self) -> str:
        """One hash over what is told."""
        return hash_json(self.told())

    def as_dict(self) -> dict[str, str]:
        """Name and hash of all that a report hangs on."""
        return self.told() | ({"own files": self.own} if self.own else {})

    def told(self) -> dict[str, str]:
        """Name and hash of the five that a page tells."""
        return {
            "notebook": self.notebook,
            "parameters": self.parameters,
            "source": self.source,
            "data": self.data,
            "lock": self.lock,
        }


def hash_json(value: Any) -> str:
    """SHA-256 of a value's JSON with sorted keys."""
    return sha256(dump_json(value).encode())


def dump_json(value: Any, *, indent: int | None = None) -> str:
    """JSON that is the same on every machine; refuses NaN, which JSON does not know."""
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(
        value,
        ensure_ascii=False,
        sort_keys=True,
        allow_nan=False,
        indent=indent,
        separators=separators,
    )


def read_json(path: Path, shape: Any = dict) -> dict[str, Any] | None:
    """Content of a JSON object file; None if it is missing, cannot be read or has another shape.

    Parameters
    ----------
    path : Path
    shape : object
        As :func:`fits` takes it.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) and fits(content, shape) else None


def fits(value: Any, shape: Any) -> bool:
    """Whether a JSON value has a shape.

    Parameters
    ----------
    value : object
    shape : object
        A type or several; a function that says yes or no; ``[shape]`` for a list of such;
        ``{str: shape}`` for any names; ``{"name": shape, ...}`` for the names that must be there.

    Examples
    --------
    >>> fits({"runs": {"a": {"seconds": 1.5}}}, {"runs": {str: {"seconds": (int, float)}}})
    True
    """
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(item, shape[0]) for item in value)
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return False
        if str in shape:
            return all(fits(item, shape[str]) for item in value.values())
        return all(name in value and fits(value[name], part) for name, part in shape.items())
    if isinstance(shape, type | tuple):
        return isinstance(value, shape)
    return bool(shape(value))


def manifest(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of every file below some paths, by its name from the path's last part on."""
    return {
        file.relative_to(path.parent).as_posix(): sha256_file(file)
        for path in paths
        for file in _files(path)
    }


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for child in sorted(path.iterdir()) if path.is_dir() else ():
        if child.name not in _SKIPPED and child.suffix != ".pyc":
            yield from _files(child)


def versions(distributions: Iterable[str]) -> dict[str, str]:
    """Installed version of each distribution, and of Python."""
    found = {"python": platform.python_version()}
    for name in distributions:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Names whose hash or value differs, appeared or went."""
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
