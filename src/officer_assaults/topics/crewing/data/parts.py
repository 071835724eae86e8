"""Large exports of unit-shifts: split by beat, so that each part is checked and collapsed alone.

A shift belongs to one beat, and so do the shift before it and the crew cell that it ends in: what
is summed over parts is what is summed over the whole. Only one part is held at a time.
"""

from __future__ import annotations

import contextlib
import csv
import zlib
from collections.abc import Callable, Iterator
from datetime import MAXYEAR, MINYEAR
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.types import union_categoricals

from officer_assaults import scratch
from officer_assaults.data import bounds, readers
from officer_assaults.topics.crewing.data.schemas import CELL_KEY, HOUR_BANDS, kind_of

#: Above this a Parquet file is split; a CSV above the size that so many shifts take.
MOST_ROWS = 250_000
BYTES_PER_ROW = 200
PART_ROWS = 100_000
BLOCK_ROWS = 50_000
#: Blocks after which it is told how far the reading is.
TOLD_BLOCKS = 10
LONGEST_HEADER = 10_000
LINE = "x_line_"
TEMPORARY_PREFIX = "shifts-"
PARQUET = (".parquet", ".pq")
BOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def is_large(path: Path) -> bool:
    """Whether a file holds so many unit-shifts or cells that it is never held as text."""
    return rows_about(path) > MOST_ROWS and kind_of(columns(path)) != "incidents"


def rows_about(path: Path) -> int:
    """Rows of a Parquet file, or about as many as a CSV of its size has; 0 if it cannot be read."""
    with contextlib.suppress(OSError, ValueError, pa.ArrowException):
        if not path.is_file():
            return 0
        if path.suffix.lower() in PARQUET:
            return int(pq.read_metadata(path).num_rows)
        return path.stat().st_size // BYTES_PER_ROW
    return 0


def columns(path: Path) -> list[str]:
    """Column names of a Parquet file or in the first line of a CSV; none if it has no header."""
    if path.suffix.lower() in PARQUET:
        # A footer that is damaged is refused in the reader's own words.
        with contextlib.suppress(OSError, ValueError, pa.ArrowException):
            return list(pq.read_schema(path).names)
        return []
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        # A first line longer than this is no header; the ordinary reader refuses such a file.
        header = stream.readline(LONGEST_HEADER)
    with contextlib.suppress(csv.Error):
        return [cell.strip() for cell in next(csv.reader([header]), [])]
    return []


@contextlib.contextmanager
def split(path: Path, say: Callable[[str], None] = lambda _: None) -> Iterator[list[Path]]:
    """Split a file by beat, or by area where it has no beats, into a temporary folder.

    Yields
    ------
    list of Path
        Parquet files of text cells; :func:`read_part` reads one.

    Raises
    ------
    Refusal
        As :func:`officer_assaults.data.readers.read_cells`.
    """
    with scratch.folder(TEMPORARY_PREFIX) as folder:
        yield _split(path, folder, say)


def _split(path: Path, folder: Path, say: Callable[[str], None]) -> list[Path]:
    count = 1 + rows_about(path) // PART_ROWS
    writers: dict[int, pq.ParquetWriter] = {}
    try:
        for block in blocks(path, say):
            for number, rows in block.groupby(_part_of(block, count)):
                table = pa.Table.from_pandas(rows.rename_axis(LINE).reset_index())
                if number not in writers:
                    writers[number] = pq.ParquetWriter(folder / f"{number:05d}", table.schema)
                writers[number].write_table(table)
    finally:
        for writer in writers.values():
            writer.close()
    return sorted(folder.iterdir())


def blocks(path: Path, say: Callable[[str], None]) -> Iterator[pd.DataFrame]:
    """Text cells of a file, some rows at a time; ``say`` is told how far it is.

    Raises
    ------
    Refusal
        As :func:`officer_assaults.data.readers.read_cells`.
    """
    for read, block in enumerate(_blocks(path)):
        if read % TOLD_BLOCKS == 0:
            say(f"Reading {path.name}: {read * BLOCK_ROWS:,} rows")
        yield block


def small(frame: pd.DataFrame) -> pd.DataFrame:
    """Typed rows with each text kept once."""
    words = [str(name) for name in frame if isinstance(frame[name].dtype, pd.StringDtype)]
    return frame.astype(dict.fromkeys(words, "category"))


def join_blocks(blocks: list[pd.DataFrame]) -> pd.DataFrame:
    """Typed rows of the whole file from :func:`small` ones of its blocks, which are used up."""
    joined, columns = {}, list(blocks[0].columns)
    index = blocks[0].index.append([block.index for block in blocks[1:]])
    for name in columns:
        pieces = [block.pop(name) for block in blocks]
        if isinstance(pieces[0].dtype, pd.CategoricalDtype):
            joined[name] = pd.Series(union_categoricals(pieces, sort_categories=True), index)
        else:
            joined[name] = pd.concat(pieces)
    return pd.DataFrame(joined, copy=False)


def _blocks(path: Path) -> Iterator[pd.DataFrame]:
    if path.suffix.lower() not in PARQUET:
        yield from readers.cell_blocks(path, BLOCK_ROWS)
        return
    first = 1
    for frame in bounds.parquet_blocks(path, BLOCK_ROWS):
        yield cells_of(frame, first)
        first += len(frame)


def cells_of(frame: pd.DataFrame, first: int = 1) -> pd.DataFrame:
    """All cells of a typed frame as they would stand in a CSV, by number of row."""
    text = {str(name): as_text(frame[name]) for name in frame.columns}
    return pd.DataFrame(text).set_axis(pd.RangeIndex(first, first + len(frame)), axis=0)


def as_text(column: pd.Series) -> pd.Series:
    """Cells of a typed column as they would stand in a CSV."""
    empty = column.isna()
    if pd.api.types.is_bool_dtype(column):
        text = column.map({True: "yes", False: "no"}).astype(str)
    elif pd.api.types.is_datetime64_any_dtype(column):
        whole_days = (column.dropna() == column.dropna().dt.normalize()).all()
        plain = getattr(column.dtype, "tz", None) is None and whole_days
        # Years that have no date in Python stay in words, for the check of dates to refuse.
        dated = column.dt.year.between(MINYEAR, MAXYEAR)
        how = "%Y-%m-%d" if plain else "%Y-%m-%dT%H:%M:%S%z"
        year = "year " + column.dt.year.astype("Int64").astype(str)
        text = column.where(dated).dt.strftime(how).where(dated, year)
    elif pd.api.types.is_float_dtype(column):
        text = column.map("{:.12g}".format)
    else:
        text = column.astype(str)
    return text.where(~empty, "").astype(object)


def _part_of(block: pd.DataFrame, count: int) -> pd.Series:
    place = next((name for name in ("beat", "lpa") if name in block), None)
    if place is None:
        return pd.Series(0, block.index)
    numbers = {label: zlib.crc32(label.encode()) % count for label in block[place].unique()}
    return block[place].map(numbers)


def read_part(path: Path) -> pd.DataFrame:
    """Text cells of a part; the index holds line or row numbers of the whole file."""
    return pd.read_parquet(path).set_index(LINE).rename_axis("line").astype(object)


def join_cells(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Crew cells of the whole file from those of its parts, in the order of the whole."""
    keys = [name for name in CELL_KEY if name in parts[0]]
    words = [name for name in keys if isinstance(parts[0][name].dtype, pd.CategoricalDtype)]
    plain = [part.astype(dict.fromkeys(words, str)) for part in parts]
    bands = pd.CategoricalDtype(list(HOUR_BANDS))
    cells = pd.concat(plain, ignore_index=True).astype(
        {name: bands if name == "hour_band" else "category" for name in words}
    )
    # As in a file read whole: times to back-up that some shifts lack are left out of all.
    if cells["backup_min"].isna().any():
        cells["backup_min"] = np.nan
    simulated = bool(cells["is_simulated"].all())
    return cells.assign(is_simulated=simulated).sort_values(keys, ignore_index=True)


def join_counts(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Unit-shifts by crew as planned and as booked on, of all parts."""
    summed = pd.concat(parts).fillna(0).groupby(level=0).sum().astype(int)
    counts: pd.DataFrame = summed.sort_index(axis=1)
    counts.columns.name = parts[0].columns.name
    return counts
