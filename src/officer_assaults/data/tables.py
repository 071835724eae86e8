"""Tables: the tracked data files, verified against checksum and schema on the way in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from officer_assaults import files, paths
from officer_assaults.data import readers, schemas
from officer_assaults.refusals import Problems, Refusal, nearest
from officer_assaults.shown import Tabled

SIDECAR = ".meta.yml"
#: How a table was read; only the first two can bear a verdict of "reproduces".
HOW_READ = ("read directly", "through a public copy", "as each row says", "second-hand", "computed")
_by_checksum: ContextVar[bool] = ContextVar("by_checksum", default=False)
_NEEDED = ("title", "source", "publisher", "url", "licence", "attribution", "vintage", "rows")


@dataclass(frozen=True, slots=True)
class Release(Tabled):
    """What a data file is and where it comes from, as its sidecar says.

    Parameters
    ----------
    name : str
        Name of the table, for instance ``"recorded-assaults/2023-10"``.
    path : str
        File, relative to the project.
    title, publisher, vintage, licence, url, attribution, source : str
        As the sidecar says.
    sha256 : str
        Hexadecimal digest of the file.
    rows : int
        Number of rows under the header.
    how_read : str
        One of :data:`HOW_READ`.
    independent : bool
        Whether the publisher is someone else than whoever makes the claims that are judged: a
        claimant's own figure cannot confirm the claim.
    lacks : str
        Release that this one falls short of, a colon, and what it lost; empty if nothing.
    retrieved : str
        Day on which it was read, as far as known.
    later : str
        Sentence on later releases that are known and not held; empty if none is.
    """

    name: str
    path: str
    title: str
    publisher: str
    vintage: str
    licence: str
    url: str
    sha256: str
    rows: int
    attribution: str
    source: str = ""
    how_read: str = "read directly"
    independent: bool = True
    lacks: str = ""
    retrieved: str = ""
    later: str = ""

    @property
    def provenance(self) -> str:
        """Publisher, release and how it was read, in a line."""
        whose = "" if self.independent else "; not independent of who makes the claim"
        return f"{self.publisher}, {self.vintage}, {self.how_read}{whose}"


def names(within: str = "") -> list[str]:
    """Names of all tables in ``data/``, or in one of its folders, sorted.

    Examples of what a force exports are none.
    """
    folder = paths.data_dir()
    found = (path.relative_to(folder) for path in (folder / within).rglob("*.csv"))
    kept = (path for path in found if path.parts[0] != "examples")
    return sorted(path.with_suffix("").as_posix() for path in kept)


def load(name: str) -> pd.DataFrame:
    """Table of ``data/`` as a typed frame; a fresh copy at each call.

    Parameters
    ----------
    name : str
        Path below ``data/`` without the suffix, for instance ``"recorded-assaults/2023-10"``.

    Returns
    -------
    pandas.DataFrame
        Columns as ``docs/data-dictionary.md`` lists them.

    Raises
    ------
    Refusal
        E124 if there is no such table, its sidecar is missing, or its content is not what the
        sidecar's checksum says; else the problems found against its schema.
    """
    # pandas copies what is shared when one of the frames is written to.
    return _loaded(name, _by_checksum.get(), *fingerprint(name)).copy(deep=False)


@contextlib.contextmanager
def by_checksum() -> Iterator[None]:
    """Take a file whose checksum holds without going through the rules of its schema again.

    For answers on a terminal: reports, importers and ``data-check`` go through them each time.
    """
    token = _by_checksum.set(True)
    try:
        yield
    finally:
        _by_checksum.reset(token)


def trusts_checksums() -> bool:
    """Whether :func:`by_checksum` is in force."""
    return _by_checksum.get()


def release(name: str) -> Release:
    """Provenance of a table.

    Raises
    ------
    Refusal
        E124 if there is no such table or its sidecar is missing or incomplete.
    """
    path, *state = fingerprint(name)
    return _described(path, name, tuple(state))


@lru_cache(maxsize=256)
def _described(path: Path, name: str, state: tuple[int, ...]) -> Release:
    del state  # part of the cache key: a changed sidecar is read anew
    side = sidecar(path)
    return Release(
        name=name,
        path=shown(path),
        title=str(side["title"]),
        publisher=str(side["publisher"]),
        vintage=str(side["vintage"]),
        licence=str(side["licence"]),
        url=str(side["url"]),
        sha256=str(side["checksum"]).removeprefix("sha256:"),
        rows=int(side["rows"]),
        attribution=str(side["attribution"]),
        source=str(side["source"]),
        how_read=str(side.get("how_read") or HOW_READ[0]),
        independent=side.get("independent") is not False,
        lacks=str(side.get("lacks") or ""),
        retrieved=str(side.get("retrieved") or ""),
        later=str(side.get("later") or ""),
    )


def path_of(name: str) -> Path:
    """File of a table.

    Raises
    ------
    Refusal
        E124 if there is no such table.
    """
    path = paths.data_dir() / f"{name}.csv"
    if not path.is_file() or schemas.schema_of(name) is None:
        raise Refusal.of("E124", f"there is no table '{name}'.", nearest(name, names()))
    return path


def sidecar(path: Path) -> dict[str, Any]:
    """Content of the sidecar of a data file.

    Raises
    ------
    Refusal
        E124 if it is missing, cannot be read or lacks a field.
    """
    beside = path.with_name(path.name + SIDECAR)
    problems = Problems(file=shown(beside))
    remedy = "Restore it from version control; every data file has one."
    if not beside.is_file():
        problems.add("E124", "is missing.", remedy)
        problems.raise_if_any()
    content = readers.read_mapping(beside, shown(beside))
    if content is None:
        problems.add("E124", "is not a YAML mapping.", remedy)
        problems.raise_if_any()
        raise AssertionError
    for field in (*_NEEDED, "checksum"):
        if not content.get(field) and content.get(field) != 0:
            problems.add("E124", f"lacks the field '{field}'.", remedy)
    rows = content.get("rows")
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 0:
        problems.add("E124", f"'{rows}' is no number of rows.", remedy, column="rows")
    problems.raise_if_any()
    return content


def shown(path: Path) -> str:
    """Path as messages show it: relative to the project where it lies inside."""
    root = paths.project_root()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def fingerprint(name: str) -> tuple[Path, int, int, int, int]:
    """Path of a table with time and size of its file and sidecar: another one is another content.

    Raises
    ------
    Refusal
        E124 if there is no such table.
    """
    path = path_of(name)
    beside = path.with_name(path.name + SIDECAR)
    state = path.stat()
    side = beside.stat() if beside.exists() else None
    return (
        path,
        state.st_mtime_ns,
        state.st_size,
        side.st_mtime_ns if side else 0,
        side.st_size if side else 0,
    )


@lru_cache(maxsize=64)
def _loaded(name: str, trusted: bool, path: Path, *state: int) -> pd.DataFrame:
    del state  # part of the cache key: a changed file is read anew
    declared = release(name)
    problems = Problems(file=shown(path))
    if files.sha256_file(path) != declared.sha256:
        problems.add(
            "E124",
            "is not the file its sidecar describes: the checksum differs.",
            "Restore it from version control, or bring new figures in with "
            "'officer-assaults import'; 'make data-check' lists every such file.",
        )
        problems.raise_if_any()
    schema = schemas.schema_of(name)
    assert schema is not None
    frame: pd.DataFrame = readers.read_table(path, schema, shown(path), rules=not trusted)
    if len(frame) != declared.rows:
        what = f"has {len(frame)} rows where its sidecar says {declared.rows}."
        problems.add("E124", what, "Restore file and sidecar together.")
        problems.raise_if_any()
    return frame
