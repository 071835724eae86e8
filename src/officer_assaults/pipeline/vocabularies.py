"""Vocabularies: words looked up once and remembered until data or package change."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from officer_assaults.files import MOST_BYTES, leads_elsewhere, write_atomic
from officer_assaults.pipeline.inputs import dump_json, hash_json, read_json
from officer_assaults.pipeline.parameters import Vocabulary
from officer_assaults.refusals import Problem, Refusal

#: How the name of a file that a notebook may be given ends, links followed.
DATA_FILES = (".csv", ".parquet", ".pq", ".yml", ".yaml")


@dataclass(frozen=True, slots=True)
class FileVocabulary:
    """What ``[<file>]`` stands for: a file of the project tree, or any other that exists."""

    root: Path

    def canonical(self, text: str) -> str:
        """Path of the file, relative to the project where it lies inside.

        Raises
        ------
        Refusal
            P304 if there is no such file, it is no data file, or the name means one file from the
            project folder and another from where the user stands.
        """
        path = self.find(text)
        inside = path.is_relative_to(self.root.resolve())
        return path.relative_to(self.root.resolve()).as_posix() if inside else str(path)

    def find(self, text: str) -> Path:
        """Whole path of the file; raises as :meth:`canonical` does."""
        found: list[Path] = []
        for folder in (Path.cwd(), self.root):
            try:
                named = folder / Path(text).expanduser()
                path = named.resolve()
                if path.is_file() and path not in found:
                    _check_place(named)
                    found.append(path)
            except (OSError, ValueError, RuntimeError):
                # A NUL, a name too long, a loop of links, or a home that nobody has.
                break
        shown = text.replace("\0", "\\0")
        if not found:
            raise Refusal(
                Problem("P304", f"there is no file '{shown}'.", "Give a file that exists.")
            )
        if len(found) > 1:
            what = f"'{shown}' is one file in the project folder and another where you stand."
            raise Refusal(Problem("P304", what, "Give its whole path."))
        _check_data_file(found[0], found[0].stat().st_size)
        return found[0]

    def known(self) -> Sequence[str]:
        """Nothing: files are not listed."""
        return ()


def _check_place(named: Path) -> None:
    """Refuse a link that leads out of its folder, and what the system only shows as a file."""
    if reason := leads_elsewhere(named):
        what = f"'{named.name}' is not read ({reason})."
        raise Refusal(Problem("P304", what, "Give the file itself."))


def _check_data_file(path: Path, size: int) -> None:
    """Refuse what is no data file: what a run reads may stand in its messages."""
    if path.suffix.lower() not in DATA_FILES:
        what = f"'{path.name}' is no data file."
        raise Refusal(Problem("P304", what, f"Give one that ends in {', '.join(DATA_FILES)}."))
    if size > MOST_BYTES:
        what = f"the file '{path.name}' is larger than {MOST_BYTES // 1024**2} MB."
        raise Refusal(Problem("P304", what, "Split it, or add its rows up."))


@dataclass(frozen=True, slots=True)
class _Remembered:
    name: str
    real: Vocabulary
    memory: dict[str, Any]

    def canonical(self, text: str) -> str:
        known = self.memory.setdefault("canonical", {}).setdefault(self.name, {})
        if text not in known:
            known[text] = self.real.canonical(text)
        return str(known[text])

    def known(self) -> Sequence[str]:
        lists = self.memory.setdefault("known", {})
        if self.name not in lists:
            lists[self.name] = list(self.real.known())
        return list(lists[self.name])


class Memory:
    """Words that the vocabularies gave before, for these very sources and data.

    Reading the files behind a vocabulary may take longer than the whole plan of a batch in which
    nothing is stale.

    Parameters
    ----------
    path : Path
        Where they are kept.
    key : str
        Hash of everything that vocabularies are made from; words kept under another are dropped.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        kept = _as_written(path)
        self._before = dump_json(kept)
        self.is_new = kept.get("key") != key
        self._content = {"key": key} if self.is_new else kept

    def wrap(self, vocabularies: Mapping[str, Vocabulary]) -> dict[str, Vocabulary]:
        """Vocabularies that look into the memory first."""
        return {n: _Remembered(n, real, self._content) for n, real in vocabularies.items()}

    def keep(self) -> None:
        """Write what was looked up; without a word if the disk is full."""
        if dump_json(self._content) != self._before:
            kept = {"content": self._content, "sha256": hash_json(self._content)}
            with contextlib.suppress(OSError):
                write_atomic(self._path, dump_json(kept, indent=1))


def _as_written(path: Path) -> dict[str, Any]:
    """Words kept before, if they are what was written: a changed letter is another place."""
    kept = read_json(path, {"content": dict, "sha256": str})
    with contextlib.suppress(ValueError):
        if kept is not None and kept["sha256"] == hash_json(kept["content"]):
            return dict(kept["content"])
    return {}
