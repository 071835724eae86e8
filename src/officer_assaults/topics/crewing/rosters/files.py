"""Files of a roster: exactly those named, each once, and each checked before any row is read."""

from __future__ import annotations

import csv
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from officer_assaults.files import leads_elsewhere
from officer_assaults.refusals import Problem, Refusal

PARQUET = (".parquet", ".pq")
CSV = (".csv",)
#: Tables that nobody should believe to have been read.
OTHER_TABLES = (".gz", ".zip", ".xlsx", ".xls", ".ods", ".tsv", ".feather", ".arrow", ".orc")
#: Files and folders that tools leave beside the data begin so.
HIDDEN = (".", "_")
LISTED = 20
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
AGAIN = "Write or copy it again."


@dataclass(frozen=True, slots=True)
class RosterFile:
    """One file, with its columns and what the names of its folders tell.

    Parameters
    ----------
    path : Path
    shown : str
        Name as the person who gave the folder knows it.
    kinds : dict of str to str
        Kind of each column: text, whole, number, flag, day or other; ``"csv"`` before it is read.
    told : dict of str to (str or None)
        Values of folders named ``column=value``.
    """

    path: Path
    shown: str
    kinds: dict[str, str]
    told: dict[str, str | None]

    @property
    def parquet(self) -> bool:
        """Parquet, otherwise CSV."""
        return self.path.suffix.lower() in PARQUET


def find(path: Path | str) -> tuple[RosterFile, ...]:
    """Find the files of a roster: the one named, or all below a folder, partitioned or not.

    A name that begins with ``.`` or ``_`` is skipped inside a folder, and a file that links lead to
    twice counts once.

    Raises
    ------
    Refusal
        E124 where there is none, Parquet and CSV lie side by side, tables of another kind lie among
        them, one is damaged, or a column is told twice.
    """
    root = Path(path)
    found = _below(root) if root.is_dir() else [root] if root.is_file() else []
    kinds = {item.suffix.lower() in PARQUET for item in found}
    if not found or (kinds == {False} and any(p.suffix.lower() not in CSV for p in found)):
        _fail("holds no roster.", "Give Parquet or CSV files.", root.name or str(root))
    if len(kinds) == 2:
        _fail("mixes Parquet and CSV.", "Keep one kind of file.", root.name)
    problems: list[Problem] = []
    files = tuple(_opened(item, root, problems) for item in found)
    problems += _unlike(files)
    if problems:
        raise Refusal(problems[:LISTED])
    return files


def _fail(what: str, remedy: str, name: str) -> None:
    raise Refusal(Problem("E124", what, remedy, name))


def _below(root: Path) -> list[Path]:
    """Tables below a folder in alphabetical order, whatever leads to them, each once."""
    seen: set[tuple[int, int]] = set()
    found: list[Path] = []
    for place, folders, names in os.walk(root, followlinks=True):
        kept = sorted(name for name in folders if not name.startswith(HIDDEN))
        folders[:] = [name for name in kept if _first(Path(place, name), seen)]
        for name in sorted(names):
            path = Path(place, name)
            if name.startswith(HIDDEN):
                continue
            if path.suffix.lower() in OTHER_TABLES:
                _fail("is a table that no roster can hold.", "Write it as Parquet or CSV.", name)
            if path.suffix.lower() in (*PARQUET, *CSV) and _first(path, seen):
                found.append(path)
    return sorted(found)


def _first(path: Path, seen: set[tuple[int, int]]) -> bool:
    try:
        status = path.stat()
    except OSError:
        raise Refusal(Problem("E124", "leads nowhere.", "Mend the link.", path.name)) from None
    key = (status.st_dev, status.st_ino)
    new = key not in seen
    seen.add(key)
    return new


def _opened(path: Path, root: Path, problems: list[Problem]) -> RosterFile:
    if reason := leads_elsewhere(path):
        what = f"is not read ({reason})."
        raise Refusal(Problem("E124", what, "Give the file itself.", path.name))
    shown = str(path.relative_to(root)) if root.is_dir() else path.name
    try:
        kinds = _parquet(path) if path.suffix.lower() in PARQUET else _csv(path)
    except (pa.ArrowException, OSError):
        what = "is no whole Parquet file: its end is missing or damaged."
        problems.append(Problem("E124", what, AGAIN, shown))
        return RosterFile(path, shown, {}, {})
    folders = path.relative_to(root).parts[:-1] if root.is_dir() else ()
    pairs = [part.partition("=") for part in folders if "=" in part]
    told = {unquote(name): None if v == NO_VALUE else unquote(v) for name, _, v in pairs}
    names = [*(name for name, _ in kinds), *(unquote(name) for name, _, _ in pairs)]
    for name, times in Counter(name.casefold() for name in names).items():
        if times > 1:
            remedy = "Keep one column of that name: in the file, or as a folder."
            problems.append(
                Problem("E124", f"has two columns '{name}'.", remedy, shown, column=name)
            )
    return RosterFile(path, shown, dict(kinds), told)


def _parquet(path: Path) -> list[tuple[str, str]]:
    return [(field.name, kind_of(field.type)) for field in pq.read_schema(path)]


def _csv(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        try:
            return [(name, "csv") for name in next(csv.reader(stream), [])]
        except csv.Error:
            return []


def kind_of(kind: pa.DataType) -> str:
    """Sort an Arrow type into flag, whole, number, text, day, time or other."""
    if pa.types.is_dictionary(kind):
        return kind_of(kind.value_type)
    for test, word in (
        (pa.types.is_boolean, "flag"),
        (pa.types.is_integer, "whole"),
        (pa.types.is_floating, "number"),
        (pa.types.is_decimal, "number"),
        (pa.types.is_string, "text"),
        (pa.types.is_large_string, "text"),
        (pa.types.is_string_view, "text"),
        (pa.types.is_date, "day"),
        (pa.types.is_duration, "time"),
    ):
        if test(kind):
            return word
    return "other"


def _unlike(files: tuple[RosterFile, ...]) -> list[Problem]:
    """CSV files with another header, and folders that tell other columns, than the first file."""
    first = files[0]
    problems = []
    for file in files[1:]:
        if not file.parquet and list(file.kinds) != list(first.kinds):
            what = f"has another header than {first.shown}."
            remedy = "Write all files with the same columns in the same order."
            problems.append(Problem("E124", what, remedy, file.shown, 1))
        elif set(file.told) != set(first.told):
            what = f"lies in folders that tell other columns than those of {first.shown}."
            problems.append(Problem("E124", what, "Part all files alike.", file.shown))
    return problems


def check_columns(files: tuple[RosterFile, ...], wanted: list[str]) -> None:
    """Refuse files that lack a column or hold it as another type than the first file.

    Raises
    ------
    Refusal
        E124, one problem per file and column.
    """
    problems = []
    for file in files:
        for name in wanted:
            if name not in file.kinds and name not in file.told:
                what = f"lacks the column '{name}', which other files or the question need."
                remedy = "Write the file again with the same columns as the others."
                problems.append(Problem("E124", what, remedy, file.shown, column=name))
                continue
            kind = file.kinds.get(name)
            other = next((f for f in files if f.kinds.get(name) not in (None, kind)), None)
            if kind and other and other.shown < file.shown:
                what = f"'{name}' is {kind} here, but {other.kinds[name]} in {other.shown}."
                remedy = "Write all files with one type per column."
                problems.append(Problem("E124", what, remedy, file.shown, column=name))
    if problems:
        raise Refusal(problems[:LISTED])
