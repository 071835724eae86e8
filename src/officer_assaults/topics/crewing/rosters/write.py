"""Writing rosters: any number of rows to Parquet, a block at a time, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from officer_assaults.files import TEMPORARY_PREFIX

ROW_GROUP_ROWS = 1_000_000


def write_roster(
    blocks: Iterable[pd.DataFrame], path: Path | str, *, row_group_rows: int = ROW_GROUP_ROWS
) -> int:
    """Stream blocks of rows into one Parquet file.

    Parameters
    ----------
    blocks : iterable of DataFrame
        Same columns in each; categories become dictionaries.
    path : Path or str
        Replaced only once all blocks are written.
    row_group_rows : int
        Most rows of a row group. Engines share out a file by these, and each holds the words of
        its columns once more: a few for every core are best.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    ValueError
        If there is no block.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=target.parent))
    try:
        rows = _write(blocks, folder / target.name, row_group_rows)
        (folder / target.name).replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return rows


def _write(blocks: Iterable[pd.DataFrame], path: Path, row_group_rows: int) -> int:
    writer: pq.ParquetWriter | None = None
    rows = 0
    try:
        for block in blocks:
            table = pa.Table.from_pandas(block, preserve_index=False).replace_schema_metadata(None)
            if writer is None:
                writer = pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table, row_group_size=row_group_rows)
            rows += len(block)
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        raise ValueError("there is no block to write")
    return rows
