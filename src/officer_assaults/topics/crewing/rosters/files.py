"""Files of a roster: found, and each checked by its own header before any row is read."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from officer_assaults.refusals import Problem, Problems, Refusal, nearest

PARQUET = (".parquet", ".pq")
CSV = (".csv",)
LISTED = 20


@dataclass(frozen=True, slots=True)
class RosterFiles:
    """Files that make up one roster.

    Parameters
    ----------
    paths : tuple of Path
        In alphabetical order.
    root : Path
        What was asked for: a file, or the folder that holds them.
    parquet : bool
        Parquet, otherwise CSV.
    """

    paths: tuple[Path, ...]
    root: Path
    parquet: bool

    def shown(self, path: Path | str) -> str:
        """Name of a file as the person who gave the folder knows it."""
        path = Path(path)
        return str(path.relative_to(self.root)) if self.root.is_dir() else path.name


def find(path: Path | str) -> RosterFiles:
    """Find the files of a roster: one file, or all below a folder, partitioned or not.

    Raises
    ------
    Refusal
        E124 if there is none, or Parquet and CSV lie side by side.
    """
    root = Path(path)
    if root.is_dir():
        everything = sorted(item for item in root.rglob("*") if item.is_file())
        found = [item for item in everything if item.suffix.lower() in (*PARQUET, *CSV)]
    else:
        found = [root] if root.is_file() else []
    kinds = {item.suffix.lower() in PARQUET for item in found}
    if not found or (not kinds & {True} and found[0].suffix.lower() not in CSV):
        raise Refusal(
            Problem(
                "E124", "holds no roster.", "Give Parquet or CSV files.", root.name or str(root)
            )
        )
    if len(kinds) == 2:
        raise Refusal(
            Problem("E124", "mixes Parquet and CSV.", "Keep one kind of file.", root.name)
        )
    return RosterFiles(tuple(found), root, kinds.pop())


def check_parquet(files: RosterFiles, wanted: Sequence[str]) -> None:
    """Check the footer of every Parquet file: whole, with the columns wanted, of one type each.

    Parameters
    ----------
    files : RosterFiles
    wanted : sequence of str
        Columns that every file must have, if not as a part of its folder's name.

    Raises
    ------
    Refusal
        E124 for each file that is cut off, lacks a column, or holds it as another type.
    """
    problems: list[Problem] = []
    first: dict[str, tuple[str, str]] = {}
    for path in files.paths:
        schema = _schema(path, files, problems)
        if schema is None:
            continue
        twice = sorted({name for name in schema.names if schema.names.count(name) > 1})
        problems += [_twice(files.shown(path), name) for name in twice]
        if twice:
            continue
        inside = set(schema.names) | {part.split("=")[0] for part in path.parts if "=" in part}
        for name in wanted:
            if name not in inside:
                problems.append(_lacks(files.shown(path), name))
            elif name in schema.names:
                kind = kind_of(schema.field(name).type)
                before, where = first.setdefault(name, (kind, files.shown(path)))
                if kind != before:
                    problems.append(_other_type(files.shown(path), name, kind, before, where))
        if len(problems) > LISTED:
            break
    if problems:
        raise Refusal(problems)


def check_csv(files: RosterFiles, wanted: Sequence[str]) -> None:
    """Check the header of every CSV: the columns wanted, and the same as in the first file.

    Raises
    ------
    Refusal
        E124 for each file that lacks a column or has another header.
    """
    problems: list[Problem] = []
    headers = {path: _header(path) for path in files.paths}
    first = headers[files.paths[0]]
    for path, header in headers.items():
        problems += [_lacks(files.shown(path), name) for name in wanted if name not in header]
        if header != first and all(name in header for name in wanted):
            problems.append(
                Problem(
                    "E124",
                    f"has another header than {files.shown(files.paths[0])}.",
                    "Write all files with the same columns in the same order.",
                    files.shown(path),
                    1,
                )
            )
    if problems:
        raise Refusal(problems[:LISTED])


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        return next(csv.reader(stream), [])


def _lacks(file: str, name: str) -> Problem:
    return Problem(
        "E124",
        f"lacks the column '{name}', which other files or the question need.",
        "Write the file again with the same columns as the others.",
        file,
        column=name,
    )


def _twice(file: str, name: str) -> Problem:
    remedy = "Write the file again with one column of each name."
    return Problem("E124", f"has two columns '{name}'.", remedy, file, column=name)


def _schema(path: Path, files: RosterFiles, problems: list[Problem]) -> pa.Schema | None:
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError):
        problems.append(
            Problem(
                "E124",
                "is no whole Parquet file: its end is missing or damaged.",
                "Write or copy it again.",
                files.shown(path),
            )
        )
        return None


def _other_type(file: str, name: str, kind: str, before: str, where: str) -> Problem:
    return Problem(
        "E124",
        f"'{name}' is {kind} here, but {before} in {where}.",
        "Write all files with one type per column.",
        file,
        column=name,
    )


def kind_of(kind: pa.DataType) -> str:
    """Sort an Arrow type into flag, whole, number, text, day or other."""
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
    ):
        if test(kind):
            return word
    return "other"


def check_columns(
    kinds: dict[str, str], wanted: dict[str, tuple[str, ...]], file: str | None
) -> None:
    """Refuse columns that are absent or of a type that cannot serve.

    Parameters
    ----------
    kinds : dict
        Kind of each column of the roster.
    wanted : dict
        Kinds allowed for each column that is needed.
    file : str or None

    Raises
    ------
    Refusal
        E124 for each column.
    """
    problems = Problems(file=file)
    for name, allowed in wanted.items():
        if name not in kinds:
            problems.add(
                "E124", f"has no column '{name}'.", nearest(name, list(kinds)), column=name
            )
        elif kinds[name] not in allowed:
            problems.add(
                "E124",
                f"'{name}' holds {kinds[name]} values; needed: {' or '.join(allowed)}.",
                "Write the column with that type.",
                column=name,
            )
    problems.raise_if_any()
