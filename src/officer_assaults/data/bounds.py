"""Bounds: files that would expand beyond all measure are refused before memory goes.

A workbook is an archive of XML: kilobytes can unpack to gigabytes, two cells far apart span a
sheet of billions, and one repeated row or one long shared text can fill any memory. All of that is
found by reading the archive as a stream. A Parquet file says in its footer what it unpacks to.
"""

from __future__ import annotations

import contextlib
import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from officer_assaults.files import MOST_BYTES, leads_elsewhere
from officer_assaults.refusals import Refusal

MOST_UNPACKED = 2 * 1024**3
#: Bytes of a file that is read in blocks and never held whole.
MOST_STREAMED = 4 * 1024**3
#: Cells of one sheet, blank ones between others included; the largest release holds two million.
MOST_CELLS = 20_000_000
#: Rows that a sheet of the XLSX format can have.
MOST_SHEET_ROWS = 1_048_576
MOST_ROWS = 10_000_000
MOST_COLUMNS = 1_000
#: Characters of one text of a Parquet column; labels and codes are far shorter.
LONGEST_TEXT = 10_000
MOST_ENTRIES = 10_000
MOST_ROW_BYTES = 64 * 1024**2
BATCH_ROWS = 10_000
_CHUNK = 1 << 20
#: What may be cut between two chunks and must be seen whole: one tag.
_OVERLAP = 1 << 12
_SHEET = re.compile(r"xl/worksheets/.*\.xml$", re.IGNORECASE)
_PLACE = re.compile(rb"""\br\s*=\s*["']\$?([A-Za-z]{1,3})\$?(\d{1,10})["']""")
_REPEATED = re.compile(rb"""number-(rows|columns)-repeated\s*=\s*["'](\d{1,12})["']""")
_XLSX_ROW_END, _XLSX_CELL = b"</row>", b"<c"
_ROW_END = b"</table:table-row>"
_PADDED = re.compile(rb"""[A-Za-z]\s{20,}=|=\s{20,}["']""")
_TEXT_USED = re.compile(
    rb"""\bt\s*=\s*["']s["'][^>]*>\s*(?:<f[^>]*/>|<f.{0,9000}?</f>)?\s*<v[^>]*>\s*(\d{1,9})""",
    re.DOTALL,
)
_TEXT = b"<si"
_TEXTS = "xl/sharedStrings.xml"
_CELL = re.compile(rb"<table:(?:covered-)?table-cell\b([^>]*)>")


def check_size(path: Path, shown: str | None = None, most: int = MOST_BYTES) -> None:
    """Refuse what is no plain file (a pipe never ends), and one larger than any read whole.

    Parameters
    ----------
    path : Path
    shown : str, optional
        Name in the message.
    most : int
        Bytes; :data:`MOST_STREAMED` for what is read in blocks.

    Raises
    ------
    Refusal
        E124.
    """
    shown = shown or path.name or str(path)
    try:
        state = path.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refuse(shown, f"cannot be read ({reason}).", "Check the path.") from error
    if reason := leads_elsewhere(path):
        raise _refuse(shown, f"is not read ({reason}).", "Give the file itself.")
    if not stat.S_ISREG(state.st_mode):
        reason = "it is a folder" if stat.S_ISDIR(state.st_mode) else "it is no plain file"
        raise _refuse(shown, f"cannot be read ({reason}).", "Check the path.")
    if state.st_size > most:
        raise _refuse(
            shown,
            f"is larger than {most // 1024**2:,} MB.",
            "Split it by period, or add its rows up.",
        )


class Held:
    """Files as they are when reading begins: what changes meanwhile is read half and half.

    Parameters
    ----------
    *paths : Path
        Files; of one that is not there, that it comes.
    """

    def __init__(self, *paths: Path) -> None:
        self._before = {path: _state(path) for path in paths}

    def check(self) -> None:
        """Refuse what was read of files that changed since.

        Raises
        ------
        Refusal
            E124.
        """
        for path, before in self._before.items():
            if _state(path) != before:
                what = "changed while it was read, so that half of it may be of another file."
                raise _refuse(path.name, what, "Run this again once it is written whole.")

    @contextlib.contextmanager
    def blamed(self) -> Iterator[None]:
        """Blame what goes wrong with files that changed since on that.

        Raises
        ------
        Refusal
            E124.
        """
        try:
            yield
        except Exception:
            self.check()
            raise


@contextlib.contextmanager
def steady(*paths: Path) -> Iterator[None]:
    """Refuse what is read of files that change meanwhile, and all that is said of them.

    Raises
    ------
    Refusal
        E124.
    """
    held = Held(*paths)
    with held.blamed():
        yield
    held.check()


def _state(path: Path) -> tuple[int, ...]:
    """Tell a file by what changes when it is written or replaced."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return ()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def check_workbook(path: Path) -> None:
    """Refuse a workbook that unpacks to more than can be held.

    Parameters
    ----------
    path : Path
        XLSX or ODS file; anything that is no archive is left to the reader to refuse.

    Raises
    ------
    Refusal
        E124, with what is too large.
    """
    check_size(path)
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            _check_archive(path, archive)
    except _DAMAGED as error:
        raise _refuse(
            path.name, "is a damaged or protected workbook.", "Download or save it again."
        ) from error


def _check_archive(path: Path, archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise _refuse(path.name, f"is an archive of {len(entries):,} files.", _SAVE_ANEW)
    left, cells = MOST_UNPACKED, 0
    for entry in entries:
        left, seen = _check_entry(path, archive, entry, left)
        cells += seen
    _check_texts(path, archive, cells)


#: What a damaged archive makes the standard library raise.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
)
_SAVE_ANEW = "Open it in a spreadsheet program and save the table alone, as XLSX or CSV."


def _check_entry(
    path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int
) -> tuple[int, int]:
    """Read one entry to its end, whatever size it states: bytes left, and cells it spans."""
    sheet: _Sheet | None = None
    if _SHEET.search(entry.filename):
        sheet = _Places()
    elif entry.filename == "content.xml":
        sheet = _Repeats()
    with archive.open(entry) as stream:
        for chunk in _chunks(stream):
            left -= len(chunk)
            if left < 0:
                what = f"unpacks to more than {MOST_UNPACKED // 1024**3} GB."
                raise _refuse(path.name, what, _SAVE_ANEW)
            if sheet is not None:
                sheet.see(chunk)
                _check_sheet(path, sheet)
    return left, 0 if sheet is None else sheet.cells


def _check_texts(path: Path, archive: zipfile.ZipFile, cells: int) -> None:
    """Refuse texts that are shared by so many cells that copies of them would fill memory."""
    import numpy as np

    if _TEXTS not in archive.namelist():
        return
    # One entry at a time was seen to fit; the texts are held once here.
    lengths = np.array([len(text) for text in archive.read(_TEXTS).split(_TEXT)][1:], dtype=float)
    if not len(lengths) or lengths.max() * cells <= MOST_UNPACKED:
        return
    total = 0.0
    for name in filter(_SHEET.search, archive.namelist()):
        with archive.open(name) as stream:
            rest = b""
            for chunk in _chunks(stream):
                whole, mark, after = (rest + chunk).rpartition(b"</c>")
                rest = after[-MOST_ROW_BYTES:]
                used = np.array([int(number) for number in _TEXT_USED.findall(whole + mark)], int)
                total += float(lengths[used[used < len(lengths)]].sum())
    if total > MOST_UNPACKED:
        what = f"repeats texts to more than {MOST_UNPACKED // 1024**3} GB."
        raise _refuse(path.name, what, _SAVE_ANEW)


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def _check_sheet(path: Path, sheet: _Sheet) -> None:
    if sheet.cells > MOST_CELLS:
        what = f"holds a sheet that spans more than {MOST_CELLS:,} cells."
        raise _refuse(path.name, what, _SAVE_ANEW)


class _Sheet:
    """What a sheet spans, from its XML seen chunk by chunk."""

    cells = 0

    def __init__(self) -> None:
        self._rest = b""

    def see(self, chunk: bytes) -> None:
        raise NotImplementedError


class _Places(_Sheet):
    """XLSX: from the addresses of its cells, and their number where they have none."""

    def __init__(self) -> None:
        super().__init__()
        self._columns: set[bytes] = set()
        self._rows = self._without = self._told = 0
        self._widest = 1

    def see(self, chunk: bytes) -> None:
        text = self._rest + chunk
        self._rest = text[-_OVERLAP:]
        found = _PLACE.findall(text)
        if found:
            self._columns.update({column for column, _ in found})
            self._rows = max(self._rows, max(int(row) for _, row in found))
        # Cells may go without an address: then they stand one after the other.
        self._without += chunk.count(_XLSX_ROW_END)
        if chunk.count(_XLSX_CELL) > len(found):
            self._count_bare(chunk)
        widest = max([self._widest, *map(_column_number, self._columns)])
        rows = max(self._rows, self._without)
        beyond = rows > MOST_SHEET_ROWS or _PADDED.search(text) is not None
        self.cells = MOST_CELLS + 1 if beyond else rows * widest

    def _count_bare(self, chunk: bytes) -> None:
        first, *others = chunk.split(_XLSX_ROW_END)
        self._told += first.count(_XLSX_CELL)
        counts = [self._told, *(piece.count(_XLSX_CELL) for piece in others)]
        self._widest, self._told = max(self._widest, *counts), counts[-1]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number


class _Repeats(_Sheet):
    """ODS: from how often rows and cells are said to be repeated."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = 0
        self._blank = 0
        self._widest = 0

    def see(self, chunk: bytes) -> None:
        text = self._rest + chunk
        *rows, self._rest = text.split(_ROW_END)
        for row in rows:
            self._see_row(row)
        self.cells = max(self.cells, self._rows * self._widest)
        if len(self._rest) > MOST_ROW_BYTES:
            self.cells = MOST_CELLS + 1

    def _see_row(self, row: bytes) -> None:
        if b"<table:table " in row:
            self._rows = self._blank = self._widest = 0
        start = row.rfind(b"<table:table-row")
        head = row[start : row.find(b">", start) + 1]
        times = _times(head, b"rows")
        width = _width(row[start + len(head) :])
        if width == 0:
            self._blank += times
            return
        self._rows += self._blank + times
        self._blank = 0
        # A text that is repeated is held once per cell.
        long = max(1, len(row) // LONGEST_TEXT) if times > 1 or b"-repeated" in row else 1
        self._widest = max(self._widest, width * long)


def _times(tag: bytes, what: bytes) -> int:
    for kind, number in _REPEATED.findall(tag):
        if kind == what:
            return max(1, int(number))
    return 1


def _width(row: bytes) -> int:
    """Columns up to the last cell that holds something."""
    place = width = 0
    for match in _CELL.finditer(row):
        attributes = match.group(1)
        place += _times(attributes, b"columns")
        if not attributes.endswith(b"/") or b"office:value" in attributes:
            width = place
    return width


def read_parquet(path: Path) -> Any:
    """Frame of a Parquet file of plain columns, read in pieces that are measured.

    Parameters
    ----------
    path : Path

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    Refusal
        E124 if it cannot be read, holds lists or the like, or unpacks to more than can be held.
    """
    import pyarrow as pa

    held, pieces = 0, []
    with _opened(path) as file:
        for batch in _checked_batches(path, file, BATCH_ROWS):
            held += batch.nbytes
            if held > MOST_UNPACKED:
                raise _too_much(path)
            pieces.append(batch)
        return _frame(pa.Table.from_batches(pieces) if pieces else file.schema_arrow.empty_table())


def parquet_blocks(path: Path, rows: int) -> Iterator[Any]:
    """Frames of a Parquet file of plain columns, so many rows at a time; only one is held.

    Parameters
    ----------
    path : Path
    rows : int

    Yields
    ------
    pandas.DataFrame

    Raises
    ------
    Refusal
        As :func:`read_parquet`, whose limit on what is held does not apply.
    """
    import pyarrow as pa

    with _opened(path) as file:
        for batch in _checked_batches(path, file, rows):
            yield _frame(pa.Table.from_batches([batch]))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a Parquet file of plain columns; what cannot be read of it is refused."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_size(path)
    try:
        with pq.ParquetFile(path) as plain:
            _check_footer(path, plain)
            texts = [field.name for field in plain.schema_arrow if _is_text(field.type)]
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError, ArithmeticError) as error:
        what, remedy = "cannot be read as Parquet.", "Write it again, or as CSV."
        raise _refuse(path.name, what, remedy) from error


def _frame(table: Any) -> Any:
    # What pandas noted of an index is no column of the table, and may be damaged.
    kept = [name for name in table.column_names if not name.startswith("__index_level_")]
    return table.select(kept).to_pandas(ignore_metadata=True)


def _is_no_cell(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_nested(kind) or "binary" in str(kind))


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _check_footer(path: Path, file: Any) -> None:

    footer, fields = file.metadata, list(file.schema_arrow)
    cells = footer.num_rows * len(fields)
    unpacked = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
    if footer.num_rows > MOST_ROWS or len(fields) > MOST_COLUMNS or cells > 10 * MOST_CELLS:
        what = f"holds {footer.num_rows:,} rows of {len(fields):,} columns."
        raise _refuse(path.name, what, "Add rows up, or split the file by period.")
    if unpacked > MOST_UNPACKED:
        raise _too_much(path)
    names = [field.name for field in fields]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        what = f"has two columns '{twice[0]}'."
        raise _refuse(path.name, what, "Keep one column of each name.")
    nested = [field.name for field in fields if _is_no_cell(field.type)]
    if nested:
        what = f"the column '{nested[0]}' holds lists, records or bytes."
        raise _refuse(path.name, what, "Write one plain value per cell.")


def _checked_batches(path: Path, file: Any, rows: int) -> Iterator[Any]:
    """All rows, piece by piece; what would unpack to too much is found before any copy."""
    import pyarrow as pa

    for batch in file.iter_batches(rows):
        worded = [pa.types.is_dictionary(column.type) for column in batch.columns]
        pairs = list(zip(batch.columns, worded, strict=True))
        if sum(_unpacked(path, column) for column, words in pairs if words) > MOST_UNPACKED:
            raise _too_much(path)
        columns = [c.cast(c.type.value_type) if words else c for c, words in pairs]
        checked = pa.record_batch(columns, names=batch.schema.names)
        # A text that is no UTF-8 is found here, and nowhere later with its file's name.
        checked.validate(full=True)
        yield checked


def _unpacked(path: Path, column: Any) -> int:
    """Bytes of the texts of a column that keeps each of them once."""
    import pyarrow.compute as pc

    lengths = pc.binary_length(column.dictionary)
    longest = pc.max(lengths).as_py() or 0
    if longest > LONGEST_TEXT:
        what = f"a cell holds a text of {longest:,} bytes."
        raise _refuse(path.name, what, "Keep labels and codes only.")
    return pc.sum(lengths.take(column.indices)).as_py() or 0


def _too_much(path: Path) -> Refusal:
    what = f"unpacks to more than {MOST_UNPACKED // 1024**3} GB."
    return _refuse(path.name, what, "Split the file by period.")


def _refuse(file: str, what: str, remedy: str) -> Refusal:
    return Refusal.of("E124", what, remedy, file)
