"""Where the rows of a roster are: files or a frame behind DuckDB, or a table that Ibis reaches."""

from __future__ import annotations

import contextlib
import itertools
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from officer_assaults import scratch
from officer_assaults.data import bounds
from officer_assaults.refusals import Problem, Problems, Refusal, nearest, of_machine
from officer_assaults.topics.crewing.rosters.files import RosterFile, check_columns, find, kind_of
from officer_assaults.topics.crewing.rosters.tables import BATCH_ROWS, LONGEST, Batch

#: What the engine says when its own folder is full, which is no fault of a user's file.
_FULL = ("No space left", "max_temp_directory_size", "Could not write", "File too large")
Bins = Mapping[str, Sequence[float]]

TEMPORARY_PREFIX = "roster-"
#: What Python itself, its libraries and the sums take, beside the engine.
PYTHON_MB = 550
LEAST_ENGINE_MB = 100
DEFAULT_MEMORY_MB = 1000
#: Row groups above this are read a piece at a time, which is slower but holds little.
LARGE_GROUP_BYTES = 100_000_000
READ_BYTES = 1 << 20
TABLE = "roster"
SIMULATED = "is_simulated"
NUMBERS = ("whole", "number")
FACTORS = ("text", "whole", "number", "flag", "day")
WHOLE = r"[+-]?(0|[1-9][0-9]{0,17})"
DECIMAL = r"[+-]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][+-]?[0-9]+)?"


def _repeated(value: str | None, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), pa.array([value]))


class Source:
    """Rows behind an engine, which starts when it is first asked; :func:`opened` makes one.

    Parameters
    ----------
    source : DataFrame, Ibis table or None
        None for files.
    name : str
        Name for messages.
    bins : mapping of str to list of float
    memory_mb : int
    files : tuple of RosterFile
    folder : Path or None
        Temporary folder with a link to each file.
    threads : int, optional
    """

    def __init__(
        self,
        source: Any,
        name: str,
        bins: Bins,
        memory_mb: int,
        files: tuple[RosterFile, ...] = (),
        folder: Path | None = None,
        threads: int | None = None,
    ) -> None:
        self.name, self.memory_mb, self.files = name, memory_mb, files
        self.folder, self.threads = folder, threads
        self.bins = {key: _edges(key, edges) for key, edges in bins.items()}
        self.kinds: dict[str, str] = {}
        #: Rows of files that were few enough to be held, instead of what the files say.
        self.held: list[list[Batch]] = []
        self._needed: dict[str, tuple[str, ...]] = {}
        self._names: dict[str, str] = {}
        self._source = source

    @cached_property
    def backend(self) -> Any:
        """Engine of the rows."""
        if self.folder is None:
            return self._source.get_backend()
        return _connect(self.folder, self.memory_mb, self.threads)

    def close(self) -> None:
        """End the engine, if it is of this process and was asked anything."""
        if self.folder is not None and "backend" in self.__dict__:
            self.backend.disconnect()

    @cached_property
    def _whole(self) -> Any:
        """Table of all that is needed of files, and of all columns elsewhere."""
        if self.files:
            with self._explained():
                return _view(self.backend, self.files, self.folder, list(self._needed))
        if isinstance(self._source, pd.DataFrame):
            return _from_frame(self.backend, self._source)
        return self._source

    @property
    def columns(self) -> list[str]:
        """Columns of the roster."""
        if self.files:
            return list(self.files[0].kinds | dict.fromkeys(self.files[0].told, ""))
        return [str(name) for name in self._source.columns]

    def prepare(
        self, outcome: str, exposure: str, covariates: Sequence[str], cluster: str | None
    ) -> None:
        """Say what a fit needs: ``y_``, ``e_``, ``g_``, ``made_`` and covariates.

        Raises
        ------
        Refusal
            E124, one problem per column that is absent, of the wrong type, or not in every file.
        """
        needed: dict[str, tuple[str, ...]] = dict.fromkeys(covariates, FACTORS)
        needed |= dict.fromkeys((outcome, exposure, *self.bins), NUMBERS)
        if cluster and cluster not in needed:
            needed[cluster] = ("text", "whole")
        if SIMULATED in self.columns:
            needed[SIMULATED] = ("flag", "whole", "text")
        self._needed = needed
        self._names = {name: name for name in covariates} | {"y_": outcome, "e_": exposure}
        self._names |= {"g_": cluster} if cluster else {}
        self._names |= {"made_": SIMULATED} if SIMULATED in needed else {}
        self._check_columns()
        if cluster:
            self.kinds["g_"] = self.kinds[cluster]
        self.kinds |= dict.fromkeys(self.bins, "text")

    @cached_property
    def table(self) -> Any:
        """Table of what a fit needs."""
        chosen = {name: self._binned(column) for name, column in self._names.items()}
        chosen |= {name: self._whole[self._names[name]] for name in ("g_", "made_") & chosen.keys()}
        for name in ("y_", "e_"):
            chosen[name] = self._whole[self._names[name]].cast("float64")
        return self._whole.select(**chosen)

    def _check_columns(self) -> None:
        needed, problems = self._needed, Problems(file=self.name)
        for name in needed:
            if name not in self.columns and not self.files:
                remedy = nearest(name, self.columns)
                problems.add("E124", f"has no column '{name}'.", remedy, column=name)
        problems.raise_if_any()
        if self.files:
            check_columns(self.files, list(needed))
            self.kinds = {name: _kind_in_files(self.files, name) for name in needed}
        # An engine would take a time for the whole number that it is kept as.
        if any(self.kinds.get(name) not in (*allowed, "time") for name, allowed in needed.items()):
            schema = self._whole.schema()
            self.kinds = {name: kind_of(schema[name].to_pyarrow()) for name in needed}
        for name, allowed in needed.items():
            if self.kinds[name] not in allowed:
                what = f"'{name}' holds {self.kinds[name]} values; needed: {' or '.join(allowed)}."
                problems.add("E124", what, "Write the column with that type.", column=name)
        problems.raise_if_any()

    def _binned(self, name: str) -> Any:
        """Column, or the class it falls into."""
        column = self._whole[name]
        if name not in self.bins:
            return column
        import ibis

        edges = self.bins[name]
        labels = bin_labels(edges)
        steps = [(column < edge, label) for edge, label in zip(edges, labels, strict=False)]
        return ibis.cases(*steps, (column < LONGEST, labels[-1]))

    def read(self, expression: Any) -> pa.Table:
        """Run an expression whose answer is small."""
        with self._explained():
            return self.backend.to_pyarrow(expression)

    @property
    def readable(self) -> bool:
        """Whether files say all that is needed, so that no engine has to be asked."""
        return bool(self.files) and not self.bins

    @cached_property
    def _row_groups(self) -> list[tuple[int, int, pq.RowGroupMetaData]]:
        """File, place in it and description of every row group."""
        with self._explained():
            found = [pq.read_metadata(self._path(number)) for number in range(len(self.files))]
        return [
            (number, group, about.row_group(group))
            for number, about in enumerate(found)
            for group in range(about.num_row_groups)
        ]

    @property
    def rows_in_files(self) -> int:
        """Rows, as files themselves say."""
        return sum(about.num_rows for _, _, about in self._row_groups)

    def first_reading(self) -> list[Iterator[Batch]]:
        """Give all that a fit needs of files, in parts of batches."""
        return [self._row_group(*where, self._names) for where in self._row_groups]

    def parts(self, keys: Sequence[str]) -> list[Iterator[Batch]]:
        """Give counts, exposure, cluster and pattern of rows, in parts of batches.

        Row groups of files are parts of their own, with text as the dictionaries that files hold.
        An engine other than DuckDB sums rows first, so that only sums leave it.
        """
        if self.held:
            return [_emptied(part) for part in self.held]
        names = {
            name: self._names[name] for name in (*keys, "y_", "e_", "g_") if name in self._names
        }
        if self.readable:
            return [self._row_group(*where, names) for where in self._row_groups]
        return [self._answer(self.table.select(*names), [*keys, "g_"])]

    def _answer(self, table: Any, keys: list[str]) -> Iterator[Batch]:
        with self._explained():
            if self.backend.name == "duckdb":
                answer = self.backend.con.sql(self.backend.compile(table))
                # The old name is gone from DuckDB 2, the new one is not in DuckDB 1.
                read = getattr(answer, "to_arrow_reader", None) or answer.fetch_record_batch
                batches = read(BATCH_ROWS)
            else:
                summed = {name: table[name].sum() for name in ("y_", "e_")}
                sums = table.group_by(keys).aggregate(**summed)
                batches = self.backend.to_pyarrow_batches(sums, chunk_size=BATCH_ROWS)
            for batch in batches:
                yield dict(zip(batch.schema.names, batch.columns, strict=True))

    def _row_group(
        self, number: int, group: int, about: pq.RowGroupMetaData, names: Mapping[str, str]
    ) -> Iterator[Batch]:
        """Read the columns of a row group under the names of the table."""
        told = self.files[number].told
        inside = {name: column for name, column in names.items() if column not in told}
        text = {column for column in inside.values() if self.kinds[column] == "text"}
        large = about.total_byte_size > LARGE_GROUP_BYTES
        with (
            self._explained(),
            pq.ParquetFile(
                self._path(number),
                read_dictionary=sorted(text),
                pre_buffer=False,
                buffer_size=READ_BYTES if large else 0,
            ) as opened_file,
        ):
            for batch in opened_file.iter_batches(
                BATCH_ROWS,
                row_groups=[group],
                columns=sorted(set(inside.values())),
                use_threads=False,
            ):
                found = {name: batch.column(column) for name, column in inside.items()}
                for name in names.keys() - inside.keys():
                    found[name] = _repeated(told[names[name]], batch.num_rows)
                yield found

    def first_bad(self, code: str, bad: int, rows: int) -> Problem:
        """Say which row is the first that holds no count (E102) or no hours (E104)."""
        name = self._names["y_" if code == "E102" else "e_"]
        column = _quoted(name)
        good = f"{column} > 0 AND {column} < {LONGEST}"
        what = "hours that are missing, 0, negative or endless"
        remedy = "Give every row its exposure, or leave out rows that had none."
        if code == "E102":
            good = f"{column} >= 0 AND {column} < {LONGEST} AND {column} = floor({column})"
            what, remedy = "no count", "Counts are whole numbers of 0 or more."
        file, row = self._place_of(f"({good}) IS NOT TRUE", name)
        text = f"{bad:,} of {rows:,} rows have {what}; this is the first."
        return Problem(code, text, remedy, file, row, name)

    def _place_of(self, condition: str, name: str) -> tuple[str, int | None]:
        """File and row of the first row for which a condition holds; a CSV's first row is 2."""
        for number, file in enumerate(self.files):
            if name in file.told:
                return file.shown, None
            source = _parquet([self._link(number)], "file_row_number = true")
            query = f"SELECT min(file_row_number) FROM {source} WHERE {condition}"  # noqa: S608
            found = self.backend.con.execute(query).fetchone()
            if found and found[0] is not None:
                return file.shown, int(found[0]) + (1 if file.parquet else 2)
        return self.name, None

    def _link(self, number: int) -> Path:
        assert self.folder is not None
        return self.folder / f"{number:06d}.parquet"

    def _path(self, number: int) -> Path:
        """Where a file lies as Parquet: where it is, or where CSV was parsed to."""
        if self.files[number].parquet:
            return self.files[number].path
        _ = self._whole
        return self._link(number)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except _errors() as error:
            text = (str(error).strip().splitlines() or [type(error).__name__])[0]
            if type(error).__name__ == "OutOfMemoryException":
                what = "the question needs more memory than allowed."
                remedy = "Allow more (--memory), bin a covariate, or drop a term."
                raise Refusal(Problem("E125", what, remedy, self.name)) from None
            if any(words in text for words in _FULL):
                raise of_machine(OSError(f"no room in the folder of TMPDIR: {text}")) from None
            for number, file in enumerate(self.files):
                text = text.replace(str(self._link(number)), file.shown)
                text = text.replace(str(self._link(number).with_suffix(".csv")), file.shown)
                text = text.replace(str(file.path), file.shown)
            remedy = "Write or export it again."
            raise Refusal(Problem("E124", f"cannot be read: {text}", remedy, self.name)) from None


def _errors() -> tuple[type[Exception], ...]:
    """Give what reading may end with; DuckDB is looked for only where it was needed."""
    engine = sys.modules.get("duckdb")
    return (pa.ArrowException, engine.Error) if engine else (pa.ArrowException,)


def _emptied(batches: list[Batch]) -> Iterator[Batch]:
    """Give batches, and let go of each."""
    batches.reverse()
    while batches:
        yield batches.pop()


def _kind_in_files(files: tuple[RosterFile, ...], name: str) -> str:
    if name in files[0].told:
        return "whole" if _told_type(files, name) == "BIGINT" else "text"
    return files[0].kinds[name]


@contextlib.contextmanager
def opened(
    source: Any,
    *,
    bins: Bins | None = None,
    memory_mb: int = DEFAULT_MEMORY_MB,
    threads: int | None = None,
) -> Iterator[Source]:
    """Open a roster, and leave nothing behind.

    Parameters
    ----------
    source : Path, str, DataFrame or Ibis table
        A table is only read where it is: an account that can do nothing else is enough.
    bins : mapping of str to sequence of float, optional
    memory_mb : int
    threads : int, optional

    Raises
    ------
    Refusal
        E124 if there are no such files, one is damaged, or they do not go together.
    """
    if not isinstance(source, str | Path | pd.DataFrame):
        yield Source(source, source.get_name(), bins or {}, memory_mb)
        return
    files: tuple[RosterFile, ...] = ()
    rows: Any = source
    name = "the frame"
    if not isinstance(source, pd.DataFrame):
        files, rows, name = find(source), None, Path(source).name or str(source)
    with (
        bounds.steady(*(file.path for file in files)),
        scratch.folder(TEMPORARY_PREFIX) as folder,
    ):
        roster = Source(rows, name, bins or {}, memory_mb, files, folder, threads)
        try:
            yield roster
        finally:
            roster.close()


def _connect(folder: Path, memory_mb: int, threads: int | None) -> Any:
    try:
        from ibis.backends.duckdb import Backend
    except ImportError:
        what = "rosters need DuckDB and Ibis, which are not installed."
        raise Refusal(Problem("E124", what, "Install the extra 'scale' of this project.")) from None
    settings: dict[str, Any] = {
        "memory_limit": f"{max(LEAST_ENGINE_MB, memory_mb - PYTHON_MB)}MB",
        **({"threads": threads} if threads else {}),
    }
    # By its class: the name ``ibis.duckdb`` would look through every installed package.
    backend = Backend().connect(**settings)
    # Ibis would write the path into SQL as it is, and an apostrophe would end it.
    backend.con.execute(f"SET temp_directory = {_text(str(folder / 'spill'))}")
    return backend


def _from_frame(backend: Any, frame: pd.DataFrame) -> Any:
    words = [name for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)]
    plain = frame.astype({name: frame[name].cat.categories.dtype for name in words})
    backend.con.register(TABLE, pa.Table.from_pandas(plain, preserve_index=False))
    return backend.table(TABLE)


def _view(
    backend: Any, files: tuple[RosterFile, ...], folder: Path | None, names: list[str]
) -> Any:
    """Make one view of all files, with what folders tell as columns.

    Every file is read through a link of a plain name: an engine takes ``[``, ``*`` and ``?`` in a
    path for a pattern.
    """
    assert folder is not None
    csv = not files[0].parquet
    for number, file in enumerate(files):
        link = folder / f"{number:06d}{'.csv' if csv else '.parquet'}"
        link.symlink_to(file.path.resolve())
    if csv:
        _parse(backend, files, folder, [name for name in names if name in files[0].kinds])
    told = {name: _told_type(files, name) for name in names if name in files[0].told}
    alike: dict[tuple[str | None, ...], list[Path]] = {}
    for number, file in enumerate(files):
        key = tuple(file.told[name] for name in told)
        alike.setdefault(key, []).append(folder / f"{number:06d}.parquet")
    inside = [_quoted(name) for name in names if name not in told]
    parts = []
    for values, links in alike.items():
        literals = [
            f"CAST({'NULL' if value is None else _text(value)} AS {kind}) AS {_quoted(name)}"
            for (name, kind), value in zip(told.items(), values, strict=True)
        ]
        chosen = ", ".join([*inside, *literals])
        parts.append(f"SELECT {chosen} FROM {_parquet(links, 'hive_partitioning = false')}")  # noqa: S608
    backend.raw_sql(f"CREATE OR REPLACE VIEW {TABLE} AS {' UNION ALL BY NAME '.join(parts)}")
    backend.raw_sql("SET preserve_insertion_order = false")
    return backend.table(TABLE)


def _parse(backend: Any, files: tuple[RosterFile, ...], folder: Path, names: list[str]) -> None:
    """Parse CSV files once, as text; a column is numbers where no zero would be lost by it."""
    options = "header = true, all_varchar = true, delim = ',', quote = '\"'"
    readers = [
        f"SELECT {', '.join(map(_quoted, names))} FROM "  # noqa: S608
        f"read_csv({_text(str(folder / f'{number:06d}.csv'))}, {options})"
        for number in range(len(files))
    ]
    tests = ", ".join(
        f"coalesce(bool_and(regexp_full_match({_quoted(name)}, {_text(pattern)})), false)"
        for name in names
        for pattern in (WHOLE, DECIMAL)
    )
    every = " UNION ALL ".join(readers)
    answers = backend.con.execute(f"SELECT {tests} FROM ({every})").fetchone()  # noqa: S608
    kinds = [
        "BIGINT" if whole else "DOUBLE" if number else "VARCHAR"
        for whole, number in zip(answers[::2], answers[1::2], strict=True)
    ]
    typed = ", ".join(
        f"CAST({_quoted(name)} AS {kind}) AS {_quoted(name)}"
        for name, kind in zip(names, kinds, strict=True)
    )
    for number, reader in enumerate(readers):
        target = _text(str(folder / f"{number:06d}.parquet"))
        backend.raw_sql(f"COPY (SELECT {typed} FROM ({reader})) TO {target} (FORMAT parquet)")  # noqa: S608


def _told_type(files: tuple[RosterFile, ...], name: str) -> str:
    """Type of a column that folders tell: numbers where no zero would be lost by it."""
    values = [file.told[name] or "" for file in files]
    return "BIGINT" if all(re.fullmatch(WHOLE, value) for value in values) else "VARCHAR"


def _parquet(paths: Sequence[Path], options: str) -> str:
    listed = ", ".join(_text(str(path)) for path in paths)
    return f"read_parquet([{listed}], {options})"


def _text(text: str) -> str:
    """Write a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    """Write the name of a column in SQL."""
    return '"' + name.replace('"', '""') + '"'


def bin_labels(edges: Sequence[float]) -> list[str]:
    """Names of the classes between edges.

    Examples
    --------
    >>> bin_labels([10, 20])
    ['below 10', '10 to under 20', '20 and over']
    """
    middle = [f"{low:g} to under {high:g}" for low, high in itertools.pairwise(edges)]
    return [f"below {edges[0]:g}", *middle, f"{edges[-1]:g} and over"]


def _edges(name: str, edges: Sequence[float]) -> list[float]:
    values = [float(edge) for edge in edges]
    if not values or values != sorted(set(values)) or not all(map(math.isfinite, values)):
        listed = ", ".join(f"{edge:g}" for edge in values)
        remedy = "Give one or more numbers in rising order."
        raise Refusal(Problem("E125", f"the edges {listed} do not rise.", remedy, column=name))
    return values
