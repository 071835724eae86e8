"""Workbooks: rows of official tables, from ODS, XLSX or CSV, with the header found by its names."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any

import pandas as pd

from officer_assaults.data import bounds, readers
from officer_assaults.refusals import Problem, Problems, Refusal, nearest

#: Rows searched for the header; releases put titles and notes above it.
HEADER_ROWS = 30
#: Characters of a list of column names in a message.
LONGEST_LIST = 600
BOOKS = (".ods", ".xlsx")
Progress = Callable[[int, int, str], None]
_Rows = list[list[Any]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows under the header of one sheet.

    Parameters
    ----------
    name : str
        Name of the sheet; empty for a CSV.
    frame : pandas.DataFrame
        Needed columns by their standard name; the index is the row number in the sheet.
    """

    name: str
    frame: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Table:
    """All data sheets of a file.

    Parameters
    ----------
    sheets : tuple of Sheet
        Sheets with data.
    skipped : tuple of str
        Names of sheets without any of the columns: covers, contents, notes.
    """

    sheets: tuple[Sheet, ...]
    skipped: tuple[str, ...]


def read(
    path: Path | str, spellings: Mapping[str, Sequence[str]], progress: Progress | None = None
) -> Table:
    """Rows of every data sheet of an official table.

    Parameters
    ----------
    path : Path or str
        ODS, XLSX or CSV file.
    spellings : mapping of str to sequence of str
        Standard column name to the header spellings that releases have used, in comparison form:
        lower case, letters and digits only.
    progress : callable, optional
        Called with (sheets done, sheets in all, name) after each sheet. By default a bar is shown
        on a terminal, and nothing elsewhere.

    Raises
    ------
    Refusal
        E124 for a file that cannot be opened, a data sheet that lacks a column (with sheet and
        row), or a file without data.
    """
    path = Path(path)
    problems = Problems(file=path.name)
    held: list[Sheet] = []
    skipped: list[str] = []
    for name, rows in _with_progress(_sheets(path), progress):
        found = _locate(name, rows, spellings, problems)
        if found is None:
            skipped.append(name)
        elif not found.frame.empty:
            held.append(found)
    if not held and not problems.found:
        wanted = ", ".join(spellings)
        problems.add("E124", "holds no sheet with the columns of this table.", f"Needed: {wanted}.")
    problems.raise_if_any()
    return Table(tuple(held), tuple(skipped))


def sheets(path: Path | str) -> Iterator[tuple[str, _Rows]]:
    """Name and rows of every sheet, one after another; a CSV is one sheet without a name.

    Raises
    ------
    Refusal
        E124 for a file that cannot be opened.
    """
    _, found = _sheets(Path(path))
    for name, rows in found:
        yield name, rows()


def kind(path: Path | str, kinds: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """Name the official table that a file is by its columns; empty if they are those of none.

    Parameters
    ----------
    path : Path or str
        ODS, XLSX or CSV file.
    kinds : mapping of str to mapping
        Name of each table to its header spellings, as :func:`read` takes them.

    Raises
    ------
    Refusal
        E124 for a file that cannot be opened.
    """
    path = Path(path)
    for _, rows in sheets(path):
        for name, spellings in kinds.items():
            _, columns = _header(rows, spellings)
            if len(columns) == len(spellings):
                return name
    return ""


def plain(text: object) -> str:
    """Header text in comparison form: lower case, letters and digits only."""
    return re.sub(r"[^a-z0-9]+", "", str(text).casefold())


def _sheets(path: Path) -> tuple[int, Iterator[tuple[str, Callable[[], _Rows]]]]:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return 1, iter([("", lambda: _csv_rows(path))])
    if suffix in BOOKS:
        return _book_sheets(path)
    raise Refusal(
        Problem(
            "E124", f"is no table ('{suffix or path.name}').", "Give ODS, XLSX or CSV.", path.name
        )
    )


def _book_sheets(path: Path) -> tuple[int, Iterator[tuple[str, Callable[[], _Rows]]]]:
    from python_calamine import CalamineError, CalamineWorkbook

    bounds.check_workbook(path)
    try:
        book = CalamineWorkbook.from_path(path)
    except (CalamineError, OSError, ValueError) as error:
        raise _unopened(path, error) from error

    def rows_of(name: str) -> _Rows:
        try:
            rows: _Rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        except (CalamineError, OSError, ValueError) as error:
            raise _unopened(path, error, f"sheet '{name}' ") from error
        return rows

    names = list(book.sheet_names)
    return len(names), ((name, lambda name=name: rows_of(name)) for name in names)


def _unopened(path: Path, error: Exception, where: str = "") -> Refusal:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return Refusal(
        Problem(
            "E124",
            f"{where}cannot be opened ({reason}).",
            "The file is cut short, protected or of another format: download it again, or save it "
            "as XLSX or CSV.",
            path.name,
        )
    )


def _csv_rows(path: Path) -> _Rows:
    from pyarrow import ArrowInvalid
    from pyarrow import csv as arrow

    text = readers.read_text(path)
    top = list(csv.reader(io.StringIO("\n".join(text.splitlines()[:HEADER_ROWS]))))
    titles = next((place for place, row in enumerate(top) if sum(map(bool, row)) > 3), 0)
    try:
        table = arrow.read_csv(
            io.BytesIO(text.encode()),
            read_options=arrow.ReadOptions(skip_rows=titles, autogenerate_column_names=True),
            convert_options=arrow.ConvertOptions(
                column_types={f"f{place}": "string" for place in range(len(top[titles]))}
                if top
                else {},
                strings_can_be_null=False,
            ),
        )
    except ArrowInvalid as error:
        reason = str(error).splitlines()[0]
        raise Refusal(
            Problem(
                "E124", f"is no regular CSV ({reason}).", "Save it anew as CSV UTF-8.", path.name
            )
        ) from error
    blank = [[""] * table.num_columns] * titles
    return blank + [list(row) for row in zip(*(c.to_pylist() for c in table.columns), strict=True)]


def _with_progress(
    found: tuple[int, Iterator[tuple[str, Callable[[], _Rows]]]], progress: Progress | None
) -> Iterator[tuple[str, _Rows]]:
    total, each = found
    if progress is None and sys.stderr.isatty():
        from tqdm import tqdm

        with tqdm(total=total, unit="sheet", leave=False) as bar:
            for name, rows in each:
                bar.set_description(name or "table")
                yield name, rows()
                bar.update()
        return
    for done, (name, rows) in enumerate(each, 1):
        yield name, rows()
        if progress is not None:
            progress(done, total, name)


def _locate(
    name: str, rows: _Rows, spellings: Mapping[str, Sequence[str]], problems: Problems
) -> Sheet | None:
    best, columns = _header(rows, spellings)
    if len(columns) < min(3, len(spellings)):
        return None
    missing = [column for column in spellings if column not in columns]
    if missing:
        _note_missing(name, best, rows[best], missing, problems)
        return Sheet(name, pd.DataFrame())
    return Sheet(name, _frame(rows, best, columns))


def _header(rows: _Rows, spellings: Mapping[str, Sequence[str]]) -> tuple[int, dict[str, int]]:
    """Row that names most of the columns, and their places in it."""
    standard = {spelling: column for column, words in spellings.items() for spelling in words}
    best = -1
    columns: dict[str, int] = {}
    for place, row in enumerate(rows[:HEADER_ROWS]):
        found: dict[str, int] = {}
        for position, cell in enumerate(row):
            column = standard.get(plain(cell))
            if column is not None:
                found.setdefault(column, position)
        if len(found) > len(columns):
            best, columns = place, found
    return best, columns


def _note_missing(
    name: str, place: int, header: list[Any], missing: list[str], problems: Problems
) -> None:
    present = [str(cell) for cell in header if str(cell).strip()]
    where = f"sheet '{name}' " if name else ""
    for column in missing:
        hint = nearest(column, present)
        remedy = (
            f"Rename '{hint.split(chr(39))[1]}' to '{column}' if that is it."
            if hint.startswith("Did")
            else f"Found: {shorten(', '.join(present), LONGEST_LIST, placeholder=' ...')}."
        )
        problems.add("E124", f"{where}lacks the column '{column}'.", remedy, row=place + 1)


def _frame(rows: _Rows, header: int, columns: Mapping[str, int]) -> pd.DataFrame:
    body = rows[header + 1 :]
    width = max(columns.values()) + 1
    data = {
        column: pd.Series([row[place] if len(row) >= width else None for row in body], dtype=object)
        for column, place in columns.items()
    }
    frame = pd.DataFrame(data)
    frame.index = pd.RangeIndex(header + 2, header + 2 + len(body), name="row")
    empty = frame.isna() | (frame == "")
    return frame[~empty.all(axis=1)]
