"""Readers: turn a CSV into a typed frame, or refuse it with every problem and its place."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import yaml
from pandera.errors import SchemaErrors

from officer_assaults.data import bounds
from officer_assaults.data.columns import column_names as column_names
from officer_assaults.refusals import Problem, Problems, Refusal, nearest

#: Cells listed per column and kind of problem; the rest are counted in one line.
LISTED = 40
#: The header is line 1 of a file, so the first row of a frame is line 2.
FIRST_LINE = 2
#: Unknown columns that are told one by one; more are those of another table.
MOST_UNKNOWN = 50
#: Up to this size all is said at once; of a larger file the header alone, while it is wrong.
SMALL_BYTES = 2 * 1024**2
#: Columns above which a header is judged before a row is read, however small the file.
MANY_COLUMNS = 1_000
BLOCK_ROWS = 50_000

#: Beyond these a number is a mistake; whole numbers up to here are exact as floats too.
LARGEST_WHOLE = 2**53
LARGEST = 1e15

#: Lines and column names of cells that could not be read.
Unread = set[tuple[int, str]]

_WHOLE = re.compile(r"[+-]?\d+(\.0+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
#: Numbers as most are written, which Arrow reads as Python does and many times faster.
_PLAIN = {_WHOLE: r"^-?[0-9]{1,15}$", _NUMBER: r"^-?[0-9]{1,15}(\.[0-9]+)?$"}
#: So many distinct texts of one column are read at once.
MANY_TEXTS = 1_000
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([,   ]\d{3})+(\.\d+)?")
_ABOUT = re.compile(
    r"(>|<|≥|≤|~|c\.?\s*\d|ca\.?\s|about|approx|over|under|more than|fewer|at least|up to)"
    r"|\d\s*\+$",
    re.IGNORECASE,
)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MARKS = {"*", "-", "–", "..", ":", "n/a", "na", "nan", "null", "none", "x", "[x]", "[c]", "[z]"}


def read_text(path: Path | str, shown: str | None = None) -> str:
    """Text of a UTF-8 file, with or without a byte order mark.

    Raises
    ------
    Refusal
        E124 if there is no such file or its bytes are not UTF-8.
    """
    path = Path(path)
    shown = shown or path.name
    bounds.check_size(path, shown)
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Refusal.of("E124", f"cannot be read ({reason}).", "Check the path.", shown) from error
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Refusal.of(
            "E124", "is encoded as UTF-16.", "Save it as 'CSV UTF-8' and retry.", shown
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        what = f"byte 0x{raw[error.start]:02X} is not UTF-8; perhaps the file is Windows-1252."
        raise Refusal.of("E124", what, "Save it as 'CSV UTF-8' and retry.", shown, line) from error


class _PlainLoader(yaml.SafeLoader):
    """Safe loader that refuses aliases: a few lines of them can stand for gigabytes of text."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


def read_mapping(path: Path, shown: str | None = None) -> dict[str, Any] | None:
    """Content of a YAML file of plain values; None if it holds anything but one mapping.

    Raises
    ------
    Refusal
        As :func:`read_text`.
    """
    text = read_text(path, shown)
    try:
        content = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 -- a SafeLoader
    # A day such as 2024-13-45 is a ValueError of the loader's own.
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return None
    return (
        {str(key): value for key, value in content.items()} if isinstance(content, dict) else None
    )


def read_cells(
    path: Path | str,
    expected: Sequence[str] = (),
    shown: str | None = None,
    first: Callable[[list[str]], None] | None = None,
) -> pd.DataFrame:
    """All cells of a CSV as text; the index of the frame is the line number in the file.

    Parameters
    ----------
    path : Path or str
        File to read.
    expected : sequence of str
        Column names that must be there; used to tell a merged or displaced header row.
    shown : str, optional
        Name by which messages call the file.
    first : callable, optional
        Judges the column names of a file of megabytes before any row of it is read.

    Raises
    ------
    Refusal
        E124 for encoding, separators, header rows that are merged, doubled or displaced, and rows
        with a wrong number of cells.
    """
    path = Path(path)
    bounds.check_size(path, shown)
    if path.stat().st_size <= SMALL_BYTES:
        read_text(path, shown)  # What is wrong with its bytes is said before its header.
    blocks = list(_blocks(path, BLOCK_ROWS, expected, shown, first))
    return blocks[0] if len(blocks) == 1 else pd.concat(blocks)


def cell_blocks(path: Path | str, rows_each: int) -> Iterator[pd.DataFrame]:
    """All cells of a CSV as :func:`read_cells` gives them, some rows at a time.

    Parameters
    ----------
    path : Path or str
    rows_each : int
        Rows per block.

    Raises
    ------
    Refusal
        As :func:`read_cells`, by the block.
    """
    bounds.check_size(Path(path), most=bounds.MOST_STREAMED)
    return _blocks(Path(path), rows_each)


def _blocks(
    path: Path,
    rows_each: int,
    expected: Sequence[str] = (),
    shown: str | None = None,
    first: Callable[[list[str]], None] | None = None,
) -> Iterator[pd.DataFrame]:
    """Blocks of rows, at least one; the header is judged before a row of a large file is read."""
    problems = Problems(file=shown or path.name)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            rows = _spoken_rows(reader, problems)
            top = list(itertools.islice(rows, 6))
            header = _header(top, expected, problems)
            large = path.stat().st_size > SMALL_BYTES or len(header) > MANY_COLUMNS
            if first is not None and large:
                first(header)
            lines = enumerate(itertools.chain(top[1:], rows), FIRST_LINE)
            block = list(itertools.islice(lines, max(rows_each, len(top))))
            yield _block(header, block, problems)
            yield from _later_blocks(
                stream, rows_each, header, len(block) + FIRST_LINE, reader.line_num, problems
            )
    except (UnicodeDecodeError, OSError):
        read_text(path, shown)
        raise


def _later_blocks(
    stream: Iterable[str], most: int, header: list[str], line: int, read: int, problems: Problems
) -> Iterator[pd.DataFrame]:
    """Blocks of rows of a large file, at once where no cell is quoted and no row is unlike."""
    while lines := list(itertools.islice(stream, most)):
        plain = _plain_block(header, lines, line)
        if plain is not None:
            yield plain
            line, read = line + len(lines), read + len(lines)
            continue
        # As many rows take as many lines or more: none of these lines is left over.
        reader = csv.reader(itertools.chain(lines, stream))
        rows = itertools.islice(_spoken_rows(reader, problems, read), most)
        block = list(enumerate(rows, line))
        yield _block(header, block, problems)
        line, read = line + len(block), read + reader.line_num


def _plain_block(header: list[str], lines: list[str], first: int) -> pd.DataFrame | None:
    """Rows that are lines of as many cells as the header, none quoted; None if any is not."""
    import pyarrow as arrow
    from pyarrow import csv as arrow_csv

    text, nothing = "".join(lines), ("", "," * (len(header) - 1))
    unlike = '"' in text or "\0" in text or max(map(len, lines)) > csv.field_size_limit()
    blank = {cells + ending for cells in nothing for ending in ("", "\n", "\r\n", "\r")}
    if unlike or not blank.isdisjoint(lines):
        return None
    names = [str(place) for place in range(len(header))]
    try:
        table = arrow_csv.read_csv(
            arrow.BufferReader(text.encode()),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, column_names=names, block_size=2 * len(text.encode()) + 1
            ),
            parse_options=arrow_csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, arrow.string()), strings_can_be_null=False
            ),
        )
    except arrow.ArrowInvalid:
        return None
    if table.num_rows != len(lines):
        return None
    index = pd.RangeIndex(first, first + len(lines)).astype("int64")
    columns = []
    for column in table.columns:
        coded = column.combine_chunks().dictionary_encode()
        texts = np.array([*map(str.strip, coded.dictionary.to_pylist())], dtype=object)
        columns.append(pd.Series(texts[coded.indices.to_numpy()], index, dtype="object"))
    frame = pd.concat(columns, axis=1)
    frame.columns, frame.index.name = header, "line"
    return frame.astype("object")


def _header(top: list[list[str]], expected: Sequence[str], problems: Problems) -> list[str]:
    if not top or not any(cell.strip() for cell in top[0]):
        problems.add("E124", "has no header row.", "Put the column names into line 1.", row=1)
        problems.raise_if_any()
    header = [cell.strip() for cell in top[0]]
    _check_header(header, top[1:], expected, problems)
    problems.raise_if_any()
    return header


def _spoken_rows(reader: Any, problems: Problems, read: int = 0) -> Iterator[list[str]]:
    """Rows of a CSV; what ends its reading is said with the line, after those ``read`` before."""
    try:
        yield from reader
    except csv.Error as error:
        what = f"cannot be read as CSV ({error})."
        remedy = "Look for a quotation mark without its partner."
        problems.add("E124", what, remedy, row=read + reader.line_num)
        raise Refusal(problems.found) from error


def _block(
    header: list[str], block: list[tuple[int, list[str]]], problems: Problems
) -> pd.DataFrame:
    body = [(line, row) for line, row in block if any(row)]
    uneven = [(line, len(row)) for line, row in body if len(row) != len(header)]
    for line, width in uneven[:LISTED]:
        what = f"has {width} cells where the header has {len(header)}."
        problems.add("E124", what, "Quote cells that contain commas; fill gaps.", row=line)
    _note_rest(len(uneven), None, "E124", problems)
    problems.raise_if_any()
    columns = zip(*(row for _, row in body), strict=True) if body else ((),) * len(header)
    frame = pd.concat([pd.Series(_stripped(cells), dtype="object") for cells in columns], axis=1)
    frame.index = pd.Index([line for line, _ in body], dtype="int64", name="line")
    frame.columns = pd.Index(header)
    return frame.astype("object")


def _stripped(cells: Sequence[str]) -> Any:
    """Cells without blanks around them; one text a value: the same few words fill most columns."""
    codes, texts = pd.factorize(np.array(cells, dtype=object))
    return np.array([*map(str.strip, texts)], dtype=object)[codes]


def _check_header(
    header: list[str], following: list[list[str]], expected: Sequence[str], problems: Problems
) -> None:
    if len(header) == 1 and re.search(r"[;\t|]", header[0]):
        problems.add("E124", "cells are not separated by commas.", "Save it as CSV with commas.")
        return
    wanted = set(expected)
    for line, row in enumerate(following, FIRST_LINE):
        if wanted and len(wanted & {cell.strip() for cell in row}) > len(wanted & set(header)):
            what = f"the column names stand in line {line}, under merged or title rows."
            problems.add("E124", what, "Delete the rows above, so that they are line 1.", row=1)
            return
    blank = [str(place) for place, name in enumerate(header, 1) if not name]
    if blank:
        what = f"column {', '.join(blank)} has no name, as merged header cells leave it."
        problems.add("E124", what, "Give every column one name in line 1.", row=1)
    for name in sorted(name for name, seen in Counter(header).items() if name and seen > 1):
        problems.add("E124", f"'{name}' stands twice in the header.", "Keep one.", row=1)


def read_table(
    path: Path | str,
    schema: pa.DataFrameSchema,
    shown: str | None = None,
    *,
    rules: bool = True,
) -> Any:
    """Typed frame of a CSV that meets a schema exactly.

    Parameters
    ----------
    path : Path or str
        File to read.
    schema : pandera.DataFrameSchema
        Columns with their types, units and checks. Unknown columns are refused unless their name
        starts with ``x_``; those are kept as text.
    shown : str, optional
        Name by which messages call the file.
    rules : bool
        Whether the checks of the schema are made; its columns and their types always are.

    Returns
    -------
    pandas.DataFrame
        Columns in the order of the schema, then any ``x_`` columns; a fresh integer index.

    Raises
    ------
    Refusal
        With every problem found, each with its line and column.
    """
    shown = shown or Path(path).name
    problems = Problems(file=shown)
    cells = read_cells(
        path, column_names(schema), shown, lambda header: check_columns(header, schema, problems)
    )
    frame = typed(cells, schema, problems, rules=rules)
    problems.found.sort(key=by_line)
    problems.raise_if_any()
    return frame.reset_index(drop=True)


def typed(
    cells: pd.DataFrame, schema: pa.DataFrameSchema, problems: Problems, *, rules: bool = True
) -> Any:
    """Frame of text cells as a schema types it; what is wrong with them is noted, not raised.

    Parameters
    ----------
    cells : pandas.DataFrame
        Text; the index holds line numbers.
    schema : pandera.DataFrameSchema
        Columns with their types, units and checks.
    problems : Problems
        Gets every problem found.
    rules : bool
        Whether the checks of the schema are made too.

    Returns
    -------
    pandas.DataFrame
        Columns in the order of the schema, then any ``x_`` columns; the index of ``cells``.

    Raises
    ------
    Refusal
        With all problems so far if columns are missing or unknown: no cell can then be judged.
    """
    check_columns(list(cells.columns), schema, problems)
    extra = [name for name in cells.columns if name.startswith("x_")]
    unread: Unread = set()
    columns = pd.DataFrame(
        {
            name: convert(cells[name], schema.columns[name], problems, unread)
            for name in column_names(schema)
            if name in cells.columns
        }
    )
    frame = pd.concat([columns, cells[extra]], axis=1)
    if rules:
        validate(frame, schema, problems, unread)
    return frame


def by_line(problem: Problem) -> int:
    """Line of a problem, to sort by; problems of the whole file come first."""
    return problem.row or 0


def check_columns(header: Sequence[str], schema: pa.DataFrameSchema, problems: Problems) -> None:
    """Note columns that are missing or unknown.

    Raises
    ------
    Refusal
        With all problems so far if there are any: no cell can then be judged.
    """
    before = len(problems.found)
    named = {name: column for name, column in schema.columns.items() if not column.regex}
    needed = [name for name, column in named.items() if column.required]
    listed = f"Needed: {', '.join(needed)}."
    for name in needed:
        if name not in header:
            problems.add("E124", f"lacks the column '{name}'.", listed, row=1)
    unknown = [name for name in header if name not in named and not name.startswith("x_")]
    if len(unknown) > MOST_UNKNOWN:
        what = f"has {len(unknown):,} unknown columns, the first of them '{unknown[0]}'."
        problems.add("E124", what, f"Known: {', '.join(named)}.", row=1)
    else:
        for name in unknown:
            what = f"has an unknown column '{name}'."
            free = [known for known in named if known not in header]
            meant = nearest(name, free) if free else ""
            remedy = f"{meant} Columns of your own start with x_.".strip()
            problems.add("E124", what, remedy, row=1)
    if len(problems.found) > before:
        problems.raise_if_any()


def convert(cells: pd.Series, column: pa.Column, problems: Problems, unread: Unread) -> Any:
    """One column of text as the type of its schema column, noting every cell that is not.

    Lines and column names of cells that cannot be read are added to ``unread``.
    """
    code = (column.metadata or {}).get("code", "E124")
    kind = str(column.dtype).lower()
    note = partial(_note, cells, problems, unread)
    if kind.startswith(("int", "float")):
        return _numbers(cells, column, note, code)
    if kind.startswith("datetime"):
        return _dates(cells, column, note)
    if kind.startswith("bool"):
        known = {"yes": True, "no": False}
        wrong = ~cells.isin(list(known))
        note(wrong, "E124", lambda _: ("is neither yes nor no.", "Write yes or no."))
        return cells.map(known).astype("bool")
    empty = cells == ""
    if not column.nullable:
        note(empty, code, lambda _: ("is empty.", "Fill it."))
    return cells.astype("str").where(~empty)


def _numbers(cells: pd.Series, column: pa.Column, note: Callable[..., None], code: str) -> Any:
    whole = str(column.dtype).lower().startswith("int")
    values, wrong = numbers(cells, whole=whole, nullable=column.nullable)
    note(wrong, code, lambda cell: explain_number(cell, whole=whole))
    if whole and not column.nullable and not wrong.any():
        return values.astype("int64")
    return values


def numbers(
    cells: pd.Series, *, whole: bool, nullable: bool = False
) -> tuple[pd.Series, pd.Series]:
    """Numbers written in text cells, and which cells hold none.

    Parameters
    ----------
    cells : pandas.Series of str
        Cells as read.
    whole : bool
        Whether only whole numbers count; ``12.0`` is one.
    nullable : bool
        Whether an empty cell is a missing value rather than a mistake.

    Returns
    -------
    (pandas.Series, pandas.Series of bool)
        Values (Int64 or float64, missing where there is none) and the mask of wrong cells.
    """
    codes, texts = pd.factorize(cells.to_numpy(object))
    read = _read_numbers(texts, _WHOLE if whole else _NUMBER)
    fits = np.abs(read) <= (LARGEST_WHOLE if whole else LARGEST)
    fine = fits | (nullable & (texts == ""))
    values = pd.Series(np.where(fits, read, np.nan)[codes], cells.index, name=cells.name)
    wrong = pd.Series(~fine[codes], cells.index, name=cells.name)
    return (values.astype("Int64") if whole else values), wrong


def _read_numbers(texts: Any, pattern: re.Pattern[str]) -> Any:
    """Numbers that distinct texts hold, missing where one does not meet the pattern."""
    read, plain = np.full(len(texts), np.nan), np.zeros(len(texts), dtype=bool)
    if len(texts) >= MANY_TEXTS:
        import pyarrow as arrow
        from pyarrow import compute

        # Half a character, as a workbook may hold it, is nothing that Arrow takes.
        plain = np.array([text.isascii() for text in texts])
        held = arrow.array(texts[plain], arrow.string())
        found = compute.match_substring_regex(held, _PLAIN[pattern])
        plain[plain] = found.to_numpy(zero_copy_only=False)
        read[plain] = held.filter(found).cast(arrow.float64()).to_numpy()
    left = np.flatnonzero(~plain)
    read[left] = [float(text) if pattern.fullmatch(text) else np.nan for text in texts[left]]
    return read


def explain_number(cell: str, *, whole: bool) -> tuple[str, str]:
    """Say why a cell is not a number, and what to write instead."""
    if cell == "":
        return "is empty.", "Give a number."
    if _THOUSANDS.fullmatch(cell):
        plain = re.sub(r"[^\d.+-]", "", cell)
        return f"'{cell}' has a thousands separator.", f"Write {plain}."
    if _ABOUT.search(cell):
        said = "Give the number, or its range in the columns lower and upper of a table with them."
        return f"'{cell}' is a range, not a number.", said
    if cell.lower() in _MARKS:
        return f"'{cell}' stands for a missing value.", "Leave the cell empty, or drop the row."
    if _NUMBER.fullmatch(cell) and not abs(float(cell)) <= (LARGEST_WHOLE if whole else LARGEST):
        return f"'{cell}' is too large to be true.", "Check the cell."
    if whole and _NUMBER.fullmatch(cell):
        return f"'{cell}' is a fraction.", "Counts are whole numbers."
    return f"'{cell}' is not a number.", "Give digits only."


def _dates(cells: pd.Series, column: pa.Column, note: Callable[..., None]) -> Any:
    codes, texts = pd.factorize(cells.to_numpy(object))
    iso = [text if _ISO_DATE.fullmatch(text) else None for text in texts]
    read = pd.Series(
        pd.to_datetime(pd.Series(iso, dtype="object"), format="%Y-%m-%d", errors="coerce")
    )
    read = read.where((read > pd.Timestamp.min) & (read < pd.Timestamp.max))
    values = pd.Series(read.array[codes], cells.index, name=cells.name)
    wrong = values.isna() & ~((cells == "") & column.nullable)
    note(wrong, "E106", lambda cell: (f"'{cell}' is not a date.", "Write dates as 2018-04-01."))
    return values.astype("datetime64[ns]")


def _note(
    cells: pd.Series,
    problems: Problems,
    unread: Unread,
    wrong: pd.Series,
    code: str,
    why: Callable[[str], tuple[str, str]],
) -> None:
    bad = cells[wrong.to_numpy(dtype=bool)]
    unread.update((int(str(line)), str(cells.name)) for line in bad.index)
    for line, cell in list(bad.items())[:LISTED]:
        what, remedy = why(cell)
        problems.add(code, what, remedy, row=int(str(line)), column=str(cells.name))
    _note_rest(len(bad), str(cells.name), code, problems)


def _note_rest(found: int, column: str | None, code: str, problems: Problems) -> None:
    if found > LISTED:
        what = f"{found - LISTED} further cells have problems of this kind."
        problems.add(code, what, "Correct them likewise.", column=column)


def validate(
    frame: pd.DataFrame,
    schema: pa.DataFrameSchema,
    problems: Problems,
    unread: Set[tuple[int, str]] = frozenset(),
) -> None:
    """Check a typed frame against a schema and note every failing cell with its line.

    The index of the frame holds line numbers. Cells in ``unread`` are skipped: they are noted
    already.
    """
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        whole = cases["schema_context"] != "Column"
        # A check of the whole table fails once per column of the row: one line per row will do.
        cases = cases.assign(column=cases["column"].where(~whole))
        for (column, check), group in cases.groupby(["column", "check"], dropna=False, sort=False):
            name = None if pd.isna(column) else str(column)
            _note_cases(name, str(check), group, schema, unread, problems)


def _note_cases(
    column: str | None,
    check: str,
    group: pd.DataFrame,
    schema: pa.DataFrameSchema,
    unread: Set[tuple[int, str]],
    problems: Problems,
) -> None:
    code, what, remedy = _spoken(check, column, schema)
    placed = group[group["index"].notna()].drop_duplicates("index")
    cells = dict(zip(placed["index"].astype("int64"), placed["failure_case"], strict=True))
    # A row with a cell that could not be read has said so; its other sums would only echo that.
    known = {line for line, name in unread if column in (None, name)}
    lines = [line for line in cells if line not in known]
    for line in lines[:LISTED]:
        said = what.replace("{cell}", f"'{_shown(cells[line])}'")
        problems.add(code, said, remedy, row=line, column=column)
    _note_rest(len(lines), column, code, problems)
    if placed.empty:
        problems.add(code, what.replace("{cell}", "a value"), remedy, column=column)


def _shown(cell: object) -> str:
    return f"{cell:%Y-%m-%d}" if isinstance(cell, pd.Timestamp) else str(cell)


def _spoken(check: str, column: str | None, schema: pa.DataFrameSchema) -> tuple[str, str, str]:
    parts = check.split("|")
    if len(parts) == 3:
        return parts[0], parts[1], parts[2]
    if check == "multiple_fields_uniqueness":
        key = ", ".join(schema.unique or ())
        return "E105", f"has the same {key} as another row.", "Keep one row per key."
    if check == "not_nullable":
        code = (schema.columns[column].metadata or {}).get("code", "E124") if column else "E124"
        return code, "is empty.", "Fill it."
    return "E124", f"fails the check {check}.", "See docs/data-dictionary.md."
