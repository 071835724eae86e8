"""Workbooks: rows of official tables, from ODS, XLSX, CSV or Parquet, by their header."""

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
from officer_assaults.refusals import Problems, Refusal, nearest

#: Rows searched for the header; releases put titles and notes above it.
HEADER_ROWS = 30
#: Characters of a list of column names in a message.
LONGEST_LIST = 600
BOOKS = (".ods", ".xlsx")
PARQUET = ".parquet"
#: A mark of a note in a header, as official tables write it: "Number of offences [note 2]".
_NOTE = re.compile(r"\[[^\]]*\]")
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
    remarks : tuple of str
        Lines of text under the rows, such as a source, that hold no figures.
    """

    sheets: tuple[Sheet, ...]
    skipped: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    def notes(self) -> list[str]:
        """Say what was passed over: sheets without data, and remarks under the rows."""
        said = [f"Sheets without data, skipped: {', '.join(self.skipped)}."] if self.skipped else []
        shown = "; ".join(shorten(text, 60, placeholder=" ...") for text in self.remarks[:3])
        more = " ..." if len(self.remarks) > 3 else ""
        remark = f"Remarks under the rows, skipped: {shown.rstrip('.')}{more}."
        return said + ([remark] if shown else [])


def read(
    path: Path | str, spellings: Mapping[str, Sequence[str]], progress: Progress | None = None
) -> Table:
    """Rows of every data sheet of an official table.

    Parameters
    ----------
    path : Path or str
        ODS, XLSX, CSV or Parquet file.
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
    remarks: list[str] = []
    empty = 0
    for name, rows in _with_progress(_sheets(path), progress):
        found = _locate(name, rows, spellings, problems, remarks)
        if found is None:
            skipped.append(name)
        elif found.frame.empty:
            empty += 1
        else:
            held.append(found)
    if not held and not problems.found:
        wanted = ", ".join(spellings)
        if empty:
            problems.add("E124", "holds the header and no rows.", "Download the file again.")
        else:
            what = "holds no sheet with the columns of this table."
            problems.add("E124", what, f"Needed: {wanted}.")
    problems.raise_if_any()
    return Table(tuple(held), tuple(skipped), tuple(dict.fromkeys(remarks)))


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


def most_columns(
    path: Path | str, kinds: Mapping[str, Mapping[str, Sequence[str]]]
) -> tuple[float, str]:
    """Largest share of an official table's columns that a file holds, and that table's name.

    Parameters
    ----------
    path, kinds
        As in :func:`kind`.
    """
    shares = [
        (len(_header(rows, spellings)[1]) / len(spellings), name)
        for _, rows in sheets(Path(path))
        for name, spellings in kinds.items()
    ]
    return max(shares, default=(0.0, ""))


def plain(text: object) -> str:
    """Header text in comparison form: lower case, letters and digits only."""
    return re.sub(r"[^a-z0-9]+", "", str(text).casefold())


def _title(cell: object) -> str:
    """Comparison form of a column's name without the marks of its notes."""
    return plain(_NOTE.sub("", str(cell)))


def _sheets(path: Path) -> tuple[int, Iterator[tuple[str, Callable[[], _Rows]]]]:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return 1, iter([("", lambda: _csv_rows(path))])
    if suffix == PARQUET:
        return 1, iter([("", lambda: _parquet_rows(path))])
    if suffix in BOOKS:
        return _book_sheets(path)
    raise Refusal.of(
        "E124",
        f"is no table ('{suffix or path.name}').",
        "Give ODS, XLSX, CSV or Parquet.",
        path.name,
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
    return Refusal.of(
        "E124",
        f"{where}cannot be opened ({reason}).",
        "The file is cut short, protected or of another format: download it again, or save it "
        "as XLSX or CSV.",
        path.name,
    )


def _parquet_rows(path: Path) -> _Rows:
    """Rows of a Parquet file: a public copy of a table, since no publisher gives that format."""
    frame = bounds.read_parquet(path)
    cells = frame.astype("object").where(frame.notna(), "").to_numpy().tolist()
    return [list(frame.columns), *cells]


def _csv_rows(path: Path) -> _Rows:
    """Rows of a CSV, as many cells each as the header has or more; commas, semicolons or tabs."""
    text = readers.read_text(path)
    if not text.strip():
        raise Refusal.of("E124", "is empty.", "Download the file again.", path.name)
    lines = text.splitlines()[:HEADER_ROWS]
    comma = max((",", ";", "\t"), key=lambda mark: max(line.count(mark) for line in lines))
    try:
        rows = _fast_rows(text, lines, comma)
        if rows is None:
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=comma, strict=True))
    except csv.Error as error:
        what = f"is no regular CSV ({error})."
        remedy = "A quotation mark is open: download the file again, or save it as XLSX."
        raise Refusal.of("E124", what, remedy, path.name) from error
    return rows


def _fast_rows(text: str, lines: list[str], comma: str) -> _Rows | None:
    """Rows where all have the width of the header; None where they differ."""
    from pyarrow import ArrowInvalid
    from pyarrow import csv as arrow

    top = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=comma))
    titles = next((place for place, row in enumerate(top) if sum(map(bool, row)) > 3), 0)
    try:
        table = arrow.read_csv(
            io.BytesIO(text.encode()),
            read_options=arrow.ReadOptions(skip_rows=titles, autogenerate_column_names=True),
            # A skipped blank line would move every row number below it.
            parse_options=arrow.ParseOptions(delimiter=comma, ignore_empty_lines=False),
            convert_options=arrow.ConvertOptions(
                column_types={f"f{place}": "string" for place in range(len(top[titles]))},
                strings_can_be_null=False,
            ),
        )
    except ArrowInvalid:
        return None
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
    name: str,
    rows: _Rows,
    spellings: Mapping[str, Sequence[str]],
    problems: Problems,
    remarks: list[str],
) -> Sheet | None:
    best, columns = _header(rows, spellings)
    if len(columns) < min(3, len(spellings)):
        return None
    missing = [column for column in spellings if column not in columns]
    if missing:
        _note_missing(name, best, rows[best], missing, problems)
        return Sheet(name, pd.DataFrame())
    if _told_twice(name, best, rows[best], columns, spellings, problems):
        return Sheet(name, pd.DataFrame())
    return Sheet(name, _frame(rows, best, columns, remarks))


def _told_twice(
    name: str,
    place: int,
    header: list[Any],
    columns: Mapping[str, int],
    spellings: Mapping[str, Sequence[str]],
    problems: Problems,
) -> bool:
    """Note columns that two equally good headers name: none of them can be chosen."""
    where = f"sheet '{name}' " if name else ""
    titles = [_title(cell) for cell in header]
    again = [c for c, at in columns.items() if titles.count(titles[at]) > 1]
    for column in again:
        shown = ", ".join(
            f"'{cell}'" for cell, title in zip(header, titles, strict=True)
            if title == titles[columns[column]]
        )  # fmt: skip
        what = f"{where}has the column '{column}' twice ({shown})."
        problems.add("E124", what, "Keep the publisher's one.", row=place + 1)
    return bool(again)


def _header(rows: _Rows, spellings: Mapping[str, Sequence[str]]) -> tuple[int, dict[str, int]]:
    """Row that names most of the columns, and their places in it."""
    standard = {spelling: column for column, words in spellings.items() for spelling in words}
    best = -1
    columns: dict[str, int] = {}
    for place, row in enumerate(rows[:HEADER_ROWS]):
        found: dict[str, int] = {}
        for position, cell in enumerate(row):
            column = standard.get(_title(cell))
            if column is None:
                continue
            own = spellings[column][0]
            # The publisher's own spelling, the first one, goes before the others.
            if column not in found or _title(row[found[column]]) != own == _title(cell):
                found[column] = position
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
            else "Give that name to the one that holds it, of: "
            f"{shorten(', '.join(present), LONGEST_LIST, placeholder=' ...')}."
        )
        problems.add("E124", f"{where}lacks the column '{column}'.", remedy, row=place + 1)


def _frame(
    rows: _Rows, header: int, columns: Mapping[str, int], remarks: list[str]
) -> pd.DataFrame:
    body = rows[header + 1 :]
    data = {
        column: pd.Series([row[at] if at < len(row) else None for row in body], dtype=object)
        for column, at in columns.items()
    }
    frame = pd.DataFrame(data)
    frame.index = pd.RangeIndex(header + 2, header + 2 + len(body), name="row")
    empty = frame.isna() | (frame == "")
    last = _last_row(empty)
    remarks += _remarks(body[last:])
    kept = ~empty.all(axis=1)
    kept.iloc[last:] = False
    return frame[kept]


def _last_row(empty: pd.DataFrame) -> int:
    """Rows before the remarks at the end: those fill a cell or two, a row of figures all."""
    filled = (~empty).sum(axis=1).to_numpy() > max(1, empty.shape[1] // 3)
    return int(filled.nonzero()[0][-1]) + 1 if filled.any() else 0


def _remarks(rows: _Rows) -> list[str]:
    texts = (" ".join(str(cell) for cell in row if cell not in (None, "")) for row in rows)
    return [text.strip() for text in texts if text.strip()]
