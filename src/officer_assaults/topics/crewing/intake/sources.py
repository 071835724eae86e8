"""Sources: any table that a force system or Excel writes, as text cells under the right header."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from officer_assaults.data import bounds
from officer_assaults.refusals import Problem, Refusal

BOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
PARQUET = (".parquet", ".pq")
TEXTS = (".csv", ".txt", ".tsv", ".tab")
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
SNIFFED = 1 << 20
HEADER_ROWS = 30
BLOCK_ROWS = 50_000
LONGEST_FIELD = 1 << 20
_NUMERIC = re.compile(r"[-+]?[\d.,:/ TZ-]+")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read.

    Parameters
    ----------
    file : Path
    encoding, separator : str
        Empty for workbooks and Parquet; the separator by its name.
    sheet : str
        Of a workbook.
    header_row : int
        Line that holds the column names, from 1.
    cut_off : bool
        Whether the last line breaks off, to be left out once a person has confirmed it.
    """

    file: Path
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    header_row: int = 1
    cut_off: bool = False


def refuse(path: Path, what: str, remedy: str, row: int | None = None) -> Refusal:
    """Give the refusal of a file whose layout is wrong."""
    return Refusal(Problem("E124", what, remedy, path.name, row))


def layouts(path: Path) -> list[Layout]:
    """Layouts of the tables in a file: one, or one per sheet that holds a table.

    Raises
    ------
    Refusal
        E124 for what is no readable table.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise refuse(path, "is no file.", "Check the path.")
    bounds.check_size(path)
    if path.stat().st_size == 0:
        raise refuse(path, "is empty.", "Export it again.")
    if suffix in PARQUET:
        return [Layout(path)]
    if suffix in BOOKS:
        found = []
        for sheet in _book(path).sheet_names:
            rows = list(itertools.islice(_sheet_rows(path, sheet), HEADER_ROWS + 10))
            if header := header_row(rows):
                found.append(Layout(path, sheet=sheet, header_row=header))
        if not found:
            raise refuse(path, "holds no sheet with a table.", "Export the rows themselves.")
        return found
    if suffix not in TEXTS:
        raise refuse(path, f"'{suffix}' is no table.", "Give CSV, TXT, XLSX, XLS, ODS or Parquet.")
    return [_text_layout(path)]


def _text_layout(path: Path) -> Layout:
    encoding = encoding_of(path)
    with path.open(encoding=encoding, newline="") as stream:
        sample = stream.read(SNIFFED)
    lines = sample.splitlines()
    separator = max(SEPARATORS, key=lambda name: _even(lines[:200], SEPARATORS[name]))
    rows = list(csv.reader(io.StringIO(sample, newline=""), delimiter=SEPARATORS[separator]))
    header = header_row(rows[: HEADER_ROWS + 10]) or 1
    width = len(rows[header - 1])
    return Layout(
        path, encoding, separator, "", header, _breaks_off(path, encoding, separator, width)
    )


def _even(lines: list[str], separator: str) -> int:
    """How many cells a separator gives on the line that is most common."""
    counts = [line.count(separator) for line in lines]
    return max(set(counts), key=lambda count: (counts.count(count) * count, count)) if counts else 0


def _breaks_off(path: Path, encoding: str, separator: str, width: int) -> bool:
    """Whether the last line has fewer cells than the header and no line end."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = max(0, size - (1 << 16))
        stream.seek(start - start % 2)
        tail = stream.read()
    if encoding == "utf-16":
        with path.open("rb") as stream:
            big = stream.read(2) == b"\xfe\xff"
        text = tail.decode("utf-16-be" if big else "utf-16-le", errors="ignore")
    else:
        text = tail.decode(encoding, errors="ignore")
    if text.endswith(("\n", "\r")) or "\n" not in text:
        return False
    return (
        0
        < len(next(csv.reader([text.rsplit("\n", 1)[1]], delimiter=SEPARATORS[separator])))
        < width
    )


def encoding_of(path: Path) -> str:
    """Tell the encoding: by its mark, else UTF-8 where all of it is, else Windows-1252."""
    with path.open("rb") as stream:
        head = stream.read(4096)
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
        if head[:3] == b"\xef\xbb\xbf":
            return "utf-8-sig"
        if b"\x00" in head:
            raise refuse(path, "holds zero bytes: it is no text.", "Export it as CSV.")
    try:
        with path.open(encoding="utf-8") as text:
            while text.read(SNIFFED):
                pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def header_row(rows: Sequence[Sequence[Any]]) -> int:
    """Line of the header among the first rows, from 1; 0 if there is no table.

    The first row that is as wide as the rows under it and holds names, not numbers: titles fill
    one cell, and headings over merged cells leave gaps.
    """
    texts = [[as_text(cell).strip() for cell in row] for row in rows]
    filled = [sum(1 for cell in row if cell) for row in texts]
    widest = max(filled, default=0)
    if widest < 2:
        return 0
    for at, row in enumerate(texts[:HEADER_ROWS]):
        names = [cell for cell in row if cell]
        words = sum(1 for cell in names if not _NUMERIC.fullmatch(cell))
        if (
            len(names) >= max(2, 0.6 * widest)
            and words >= 0.8 * len(names)
            and len(set(names)) >= 2
        ):
            return at + 1
    return 0


def read(layout: Layout) -> pl.DataFrame:
    """All cells of a table as text, with the line number in column ``line``.

    Raises
    ------
    Refusal
        E124 for columns without or with the same name, and rows of another width.
    """
    suffix = layout.file.suffix.lower()
    if suffix in PARQUET:
        return _parquet(layout.file)
    rows = _sheet_rows(layout.file, layout.sheet) if suffix in BOOKS else _text_rows(layout)
    numbered = enumerate(rows, 1)
    header: list[str] = []
    for line, row in numbered:
        if line == layout.header_row:
            header = [as_text(cell).strip() for cell in row]
            break
    while header and not header[-1]:
        header.pop()
    _check_header(layout, header)
    frames = []
    while block := list(itertools.islice(numbered, BLOCK_ROWS)):
        frames.append(_block(layout, header, block))
    if not frames or sum(map(len, frames)) == 0:
        raise refuse(
            layout.file, "has a header and no rows.", "Export it again.", layout.header_row
        )
    return pl.concat(frames)


def _check_header(layout: Layout, header: list[str]) -> None:
    row = layout.header_row
    if not header:
        raise refuse(layout.file, "has no names in its header row.", "Correct header_row.", row)
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        what = f"'{twice[0]}' stands twice in the header."
        raise refuse(layout.file, what, "Name one of them differently.", row)


def _block(layout: Layout, header: list[str], rows: list[tuple[int, Any]]) -> pl.DataFrame:
    width, lines, kept = len(header), [], []
    for line, row in rows:
        cells = [as_text(cell).strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) < width and layout.file.suffix.lower() in TEXTS:
            if layout.cut_off and line == rows[-1][0]:
                continue
            what = f"has {len(cells)} cells where the header has {width}: the line is cut off."
            raise refuse(layout.file, what, "Export the file again.", line)
        if any(cells[width:]):
            what = f"has {len(cells)} cells where the header has {width}."
            raise refuse(
                layout.file, what, "Put quotation marks around cells that hold the separator.", line
            )
        lines.append(line)
        kept.append((cells + [""] * width)[:width])
    columns = list(zip(*kept, strict=True)) if kept else [()] * width
    data = {name: column for name, column in zip(header, columns, strict=True) if name}
    return pl.DataFrame(
        {"line": lines, **data}, schema={"line": pl.Int64, **dict.fromkeys(data, pl.String)}
    )


def _text_rows(layout: Layout) -> Iterator[list[str]]:
    csv.field_size_limit(LONGEST_FIELD)
    try:
        with layout.file.open(encoding=layout.encoding, newline="") as stream:
            yield from csv.reader(stream, delimiter=SEPARATORS[layout.separator])
    except (UnicodeDecodeError, LookupError) as error:
        what = f"is not in the encoding '{layout.encoding}'."
        raise refuse(layout.file, what, "Run 'crewing map' on it again.") from error
    except csv.Error as error:
        raise refuse(
            layout.file, f"cannot be read ({error}).", "Look for a lone quotation mark."
        ) from error


def _parquet(path: Path) -> pl.DataFrame:
    frame = bounds.read_parquet(path)
    text = {str(name): [as_text(cell) for cell in frame[name]] for name in frame.columns}
    return pl.DataFrame({"line": range(1, len(frame) + 1), **text})


def _book(path: Path) -> Any:
    from python_calamine import CalamineWorkbook

    if path.suffix.lower() != ".xls":
        bounds.check_workbook(path)
    try:
        return CalamineWorkbook.from_path(str(path))
    except Exception as error:
        raise refuse(path, "is no workbook that can be read.", "Save it again in Excel.") from error


def _sheet_rows(path: Path, sheet: str) -> Iterator[list[Any]]:
    book = _book(path)
    if sheet not in book.sheet_names:
        raise refuse(path, f"has no sheet '{sheet}'.", f"Sheets: {', '.join(book.sheet_names)}.")
    yield from book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)


def as_text(cell: Any) -> str:
    """Cell of a workbook or Parquet file as it would stand in a CSV."""
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.12g}"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        minutes = round(cell.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02d}"
    return cell.strftime("%H:%M") if isinstance(cell, time) else str(cell)
