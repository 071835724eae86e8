"""Sources: any table that a force system or Excel writes, as text cells under the right header."""

from __future__ import annotations

import csv
import io
import itertools
import re
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from officer_assaults.data import bounds
from officer_assaults.refusals import Problem, Refusal
from officer_assaults.topics.crewing.data.parts import BOOKS, PARQUET
from officer_assaults.topics.crewing.intake.meanings import MISSING

TEXTS = (".csv", ".txt", ".tsv", ".tab")
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
#: Joins the headers of a day and of its time in a mapping.
PLUS = " + "
#: Joins the headers of the officers of one crew, who share a row.
AND = " & "
SNIFFED = 1 << 20
HEADER_ROWS = 30
BLOCK_ROWS = 50_000
TAIL_ROWS = 200
TAIL_BYTES = 1 << 16
MOST_BELOW = 10
_TOTAL = re.compile(r"(grand |sub|force |overall )?totals?\b|.*\btotals?$", re.IGNORECASE)
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
    below : int
        Rows under the table, totals and notes, to be left out once a person has confirmed it.
    """

    file: Path
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    header_row: int = 1
    cut_off: bool = False
    below: int = 0


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
    if not path.is_file():
        raise refuse(path, "is no file.", "Check the path.")
    bounds.check_size(path)
    if path.stat().st_size == 0:
        raise refuse(path, "is empty.", "Export it again.")
    form = form_of(path)
    if form == "parquet":
        return [Layout(path)]
    if form == "book":
        return _book_layouts(path)
    if path.suffix.lower() not in (*TEXTS, *BOOKS):
        what = f"'{path.suffix}' is no table."
        raise refuse(path, what, "Give CSV, TXT, XLSX, XLS, ODS or Parquet.")
    return [_text_layout(path)]


def form_of(path: Path) -> str:
    """Tell book, parquet or text by what a file begins with: systems give files any name."""
    with path.open("rb") as stream:
        head = stream.read(512)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "book"
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        kind = "XML" if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<?xml") else "a web page"
        what = f"is {kind} named '{path.suffix}', as some systems export it."
        raise refuse(path, what, "Open it in Excel and save it as a workbook.")
    return "parquet" if path.suffix.lower() in PARQUET else "text"


def _book_layouts(path: Path) -> list[Layout]:
    found = []
    for sheet in shown_sheets(path):
        rows = list(_sheet_rows(path, sheet))
        if header := header_row(rows[: HEADER_ROWS + 10]):
            under = rows_below(rows[header:][-TAIL_ROWS:])
            found.append(Layout(path, sheet=sheet, header_row=header, below=len(under)))
    if not found:
        raise refuse(path, "holds no sheet with a table.", "Export the rows themselves.")
    return found


def shown_sheets(path: Path, *, hidden: bool = False) -> list[str]:
    """Sheets of a workbook that a person sees, or those hidden from them."""
    from python_calamine import SheetVisibleEnum

    return [
        sheet.name
        for sheet in _book(path).sheets_metadata
        if (sheet.visible == SheetVisibleEnum.Visible) is not hidden
    ]


def rows_below(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Texts of the rows under a table: totals, and notes that fill far fewer cells than its rows.

    Parameters
    ----------
    rows : sequence of rows
        The last rows of the file, without the header.
    """
    texts = [[as_text(cell).strip() for cell in row] for row in rows]
    given = [row for row in texts if any(row)]
    filled = sorted(sum(map(bool, row)) for row in given)
    usual = filled[len(filled) // 2] if filled else 0
    found: list[str] = []
    for row in reversed(given[1:]):
        cells = [cell for cell in row if cell]
        total = any(_TOTAL.match(cell) for cell in cells[:2])
        if len(found) == MOST_BELOW or not (total or len(cells) < 0.5 * usual):
            break
        found.insert(0, " ".join(cells)[:60])
    return found


def _text_layout(path: Path) -> Layout:
    encoding = encoding_of(path)
    with path.open(encoding=encoding, newline="") as stream:
        sample = stream.read(SNIFFED)
    lines = sample.splitlines()
    separator = max(SEPARATORS, key=lambda name: _even(lines[:200], SEPARATORS[name]))
    rows = list(_csv_rows(path, io.StringIO(sample, newline=""), separator))
    header = header_row(rows[: HEADER_ROWS + 10]) or 1
    width = len(rows[header - 1])
    tail = _tail(path, encoding)
    whole = path.stat().st_size <= TAIL_BYTES
    skipped = header if whole else 1
    cut = _breaks_off(tail, separator, width)
    under = len(rows_below(_parsed(tail, separator)[skipped:][-TAIL_ROWS:]))
    if cut and under == 1:
        under = 0
    return Layout(path, encoding, separator, "", header, cut and not under, under)


def _csv_rows(path: Path, text: Iterable[str], separator: str) -> Iterator[list[str]]:
    """Rows of a text; what ends its reading as CSV is said with the line."""
    reader = csv.reader(text, delimiter=SEPARATORS[separator])
    try:
        yield from reader
    except csv.Error as error:
        what, remedy = f"cannot be read ({error}).", "Look for a lone quotation mark."
        raise refuse(path, what, remedy, reader.line_num) from error


def below(layout: Layout) -> list[str]:
    """Texts of the rows that a layout leaves out under its table."""
    if layout.sheet:
        rows = list(_sheet_rows(layout.file, layout.sheet))
    else:
        rows = _parsed(_tail(layout.file, layout.encoding), layout.separator)
    given = [row for row in rows if any(as_text(cell).strip() for cell in row)]
    left = given[len(given) - layout.below :]
    return [" ".join(as_text(cell).strip() for cell in row).strip()[:60] for row in left]


def _parsed(text: str, separator: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=SEPARATORS[separator]))
    except csv.Error:
        return []


def _tail(path: Path, encoding: str) -> str:
    """Last lines of a text, the first of them perhaps in part."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = max(0, size - TAIL_BYTES)
        stream.seek(start - start % 2)
        tail = stream.read()
    if not encoding.startswith("utf-16"):
        return tail.decode(encoding, errors="ignore")
    with path.open("rb") as stream:
        big = stream.read(2) == b"\xfe\xff" or encoding == "utf-16-be"
    return tail.decode("utf-16-be" if big else "utf-16-le", errors="ignore").lstrip("\ufeff")


def _even(lines: list[str], separator: str) -> int:
    """How many cells a separator gives on the line that is most common."""
    counts = [line.count(separator) for line in lines]
    return max(set(counts), key=lambda count: (counts.count(count) * count, count)) if counts else 0


def _breaks_off(text: str, separator: str, width: int) -> bool:
    """Whether the last line has fewer cells than the header and no line end."""
    if text.endswith(("\n", "\r")) or "\n" not in text:
        return False
    last = _parsed(text.rsplit("\n", 1)[1], separator)
    return bool(last) and 0 < len(last[0]) < width


def encoding_of(path: Path) -> str:
    """Tell the encoding: by its mark, else UTF-8 where all of it is, else Windows-1252."""
    with path.open("rb") as stream:
        head = stream.read(4096)
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
        if head[:3] == b"\xef\xbb\xbf":
            return "utf-8-sig"
        if b"\x00" in head and (without_mark := _utf16(head)):
            return without_mark
        if b"\x00" in head:
            raise refuse(path, "holds zero bytes: it is no text.", "Export it as CSV.")
    # The old code page of DOS has a letter for every byte, Windows-1252 has not.
    return next((name for name in ("utf-8", "cp1252") if _decodes(path, name)), "cp850")


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding) as text:
            while text.read(SNIFFED):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _utf16(head: bytes) -> str:
    """UTF-16 without its mark: every second byte of Latin text is zero."""
    for name, at in (("utf-16-le", 1), ("utf-16-be", 0)):
        zeros = head[at::2]
        if len(zeros) > 8 and zeros.count(0) > 0.9 * len(zeros) and 0 not in head[1 - at :: 2]:
            return name
    return ""


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
    form = form_of(layout.file)
    if form == "parquet":
        return _parquet(layout.file)
    if form == "book" and not layout.sheet:
        raise refuse(layout.file, "is a workbook.", "Run 'crewing map' on it again.")
    rows = _sheet_rows(layout.file, layout.sheet) if form == "book" else _text_rows(layout)
    numbered = _without_last(enumerate(rows, 1), layout.below)
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


def joined(frame: pl.DataFrame, headers: Iterable[str]) -> pl.DataFrame:
    """Table with a column for every 'Date + Time' among the headers, its two cells as one.

    Of 'Officer 1 & Officer 2' each officer but the first gets a row of their own where named.
    """
    made = []
    for header in headers:
        day, sign, clock = header.partition(PLUS)
        if sign and header not in frame.columns and {day, clock} <= set(frame.columns):
            both = pl.concat_str([day, clock], separator=" ")
            made.append(pl.when(pl.col(day) == "").then(pl.lit("")).otherwise(both).alias(header))
    whole = frame.with_columns(made)
    for header in headers:
        parts = header.split(AND)
        if len(parts) > 1 and header not in whole.columns and set(parts) <= set(whole.columns):
            apart = [whole.with_columns(pl.col(part).alias(header)) for part in parts]
            named = ~pl.col(header).str.to_lowercase().is_in(MISSING)
            whole = pl.concat([apart[0], *(part.filter(named) for part in apart[1:])])
    return whole


def _without_last(rows: Iterator[tuple[int, Any]], count: int) -> Iterator[tuple[int, Any]]:
    """Numbered rows without the last ``count`` that hold anything."""
    if not count:
        yield from rows
        return
    held: deque[tuple[int, Any]] = deque()
    for line, row in rows:
        if any(as_text(cell).strip() for cell in row):
            held.append((line, row))
            if len(held) > count:
                yield held.popleft()


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
        cells = [_bare(as_text(cell).strip()) for cell in row]
        if not any(cells) or cells[:width] == header:
            # A header that stands again at the top of each page is no row.
            continue
        if len(cells) < width and layout.encoding:
            if layout.cut_off and line == rows[-1][0]:
                continue
            what = f"has {len(cells)} cells where the header has {width}: the line is cut off."
            remedy = (
                "Export the file again; if it stands under the table, run 'crewing map' again, "
                "which proposes last_rows_left_out."
            )
            raise refuse(layout.file, what, remedy, line)
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


def _bare(cell: str) -> str:
    """Cell without the formula that systems wrap numbers in to keep their noughts: ="0123"."""
    return cell[2:-1].strip() if cell.startswith('="') and cell.endswith('"') else cell


def _text_rows(layout: Layout) -> Iterator[list[str]]:
    try:
        with layout.file.open(encoding=layout.encoding, newline="") as stream:
            yield from _csv_rows(layout.file, stream, layout.separator)
    except (UnicodeDecodeError, LookupError) as error:
        what = f"is not in the encoding '{layout.encoding}'."
        raise refuse(layout.file, what, "Run 'crewing map' on it again.") from error


def _parquet(path: Path) -> pl.DataFrame:
    frame = bounds.read_parquet(path)
    text = {str(name): [as_text(cell) for cell in frame[name]] for name in frame.columns}
    return pl.DataFrame({"line": range(1, len(frame) + 1), **text})


def _book(path: Path) -> Any:
    from python_calamine import CalamineWorkbook

    content = path.read_bytes()
    if content.startswith(b"PK"):
        bounds.check_workbook(path)
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(content))
    except Exception as error:
        if "password" in str(error).lower() or "EncryptedPackage".encode("utf-16-le") in content:
            what = "is protected by a password."
            raise refuse(path, what, "Open it and save it without a password.") from error
        if zipfile.is_zipfile(path):
            what = "is an archive (ZIP), not a table."
            raise refuse(path, what, "Unpack it and give the files in it.") from error
        raise refuse(path, "is no workbook that can be read.", "Save it again in Excel.") from error


def _sheet_rows(path: Path, sheet: str) -> Iterator[list[Any]]:
    book = _book(path)
    if sheet not in book.sheet_names:
        raise refuse(path, f"has no sheet '{sheet}'.", f"Sheets: {', '.join(book.sheet_names)}.")
    try:
        rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except Exception as error:
        what = f"holds a sheet that cannot be read, '{sheet}'."
        raise refuse(path, what, "Save it again in Excel, or export it as CSV.") from error
    yield from rows


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
        bare = cell.tzinfo is None and cell.time() == time()
        return cell.date().isoformat() if bare else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        minutes = round(cell.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02d}"
    return cell.strftime("%H:%M:%S") if isinstance(cell, time) else str(cell)
