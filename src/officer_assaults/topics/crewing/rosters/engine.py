"""Where the rows of a roster are: files or a frame behind DuckDB, or a table that Ibis reaches."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from officer_assaults import scratch
from officer_assaults.data import bounds
from officer_assaults.refusals import Problem, Problems, Refusal, nearest, of_machine
from officer_assaults.topics.crewing.rosters.files import RosterFile, check_columns, find, kind_of

#: What the engine says when its own folder is full, which is no fault of a user's file.
_FULL = ("No space left", "max_temp_directory_size", "Could not write", "File too large")
Bins = Mapping[str, Sequence[float]]
Part = TypeVar("Part")

#: From here on a number is no hours and no count.
LONGEST = 1e9
TEMPORARY_PREFIX = "roster-"
#: What Python itself, its libraries and the sums take, beside the engine.
PYTHON_MB = 550
LEAST_ENGINE_MB = 100
DEFAULT_MEMORY_MB = 1000
#: Few enough for a core's cache, enough to spread the cost of a call.
BATCH_ROWS = 32_768
#: Row groups above this are read a piece at a time, which is slower but holds little.
LARGE_GROUP_BYTES = 100_000_000
READ_BYTES = 1 << 20
TABLE = "roster"
SIMULATED = "is_simulated"
NUMBERS = ("whole", "number")
FACTORS = ("text", "whole", "number", "flag", "day")
WHOLE = r"[+-]?(0|[1-9][0-9]{0,17})"
DECIMAL = r"[+-]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][+-]?[0-9]+)?"


class Coder:
    """Places of a column's values among known ones, times a step; a dictionary is met once."""

    def __init__(self, known: pa.Array, step: int = 1) -> None:
        self._known, self._step = known, step
        self._seen: pa.Array | None = None
        self._places = np.empty(0, dtype=np.intp)

    def __call__(self, column: pa.Array) -> NDArray[np.intp]:
        """Place of each row's value.

        Raises
        ------
        Refusal
            E124 for a value that was not there when the known ones were listed.
        """
        if not pa.types.is_dictionary(column.type):
            return self._all_known(self._find(column))
        if self._seen is None or not column.dictionary.equals(self._seen):
            self._seen, self._places = column.dictionary, self._find(column.dictionary)
        # By indices of its own width NumPy takes several times as fast.
        places = self._places.take(column.indices.to_numpy(zero_copy_only=False).astype(np.intp))
        return places if self._places.min() >= 0 else self._all_known(places)

    def _find(self, values: pa.Array) -> NDArray[np.intp]:
        values = values.cast(self._known.type)
        if pa.types.is_floating(values.type):
            # Here 0.0 and -0.0 are one.
            known, looked_up = (a.to_numpy(zero_copy_only=False) for a in (self._known, values))
            places = np.searchsorted(known, looked_up).clip(max=len(known) - 1)
            places = np.where(known[places] == looked_up, places, -1)
        else:
            places = pc.fill_null(pc.index_in(values, self._known), -1).to_numpy()
        return np.where(places < 0, -1, places.astype(np.intp) * self._step)

    def _all_known(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        if places.min(initial=0) < 0:
            what = "a file holds other values than when they were counted."
            raise Refusal(Problem("E124", what, "Leave the files alone meanwhile."))
        return places


def numbers(column: pa.Array) -> NDArray[np.float64]:
    """Values as floats, whatever they are held as."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    except pa.ArrowException as error:
        what = f"a column of {column.type} stands where numbers are needed."
        raise Refusal(Problem("E124", what, "Write it as plain numbers.")) from error


#: Place among all combinations of levels, place among clusters, count and exposure of some rows.
Placed = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]


def placed(
    part: Iterable[Mapping[str, pa.Array]], sets: Mapping[str, pa.Array], groups: pa.Array | None
) -> Iterator[Placed]:
    """Place rows among all combinations of levels, the first covariate varying fastest."""
    cluster = None if groups is None else Coder(groups)
    coders, step = [], 1
    for name, known in sets.items():
        coders.append((name, Coder(known, step)))
        step *= len(known)
    for batch in part:
        place = np.zeros(len(batch["y_"]), dtype=np.intp)
        for name, code in coders:
            place += code(batch[name])
        group = place if cluster is None else cluster(batch["g_"])
        yield place, group, numbers(batch["y_"]), numbers(batch["e_"])


class Kept:
    """Rows kept between two passes.

    In arrays made once: a new page of memory costs as much time as to read what fills it.

    Parameters
    ----------
    rows, places, groups, most : int
        Rows, combinations of levels, clusters, and the largest count: they tell the least types.
    """

    def __init__(self, rows: int, places: int, groups: int, most: int) -> None:
        self._place, self._group, self._y = (
            np.empty(rows, np.min_scalar_type(largest)) for largest in (places, groups, most)
        )
        self._e, self._used = np.empty(rows), 0

    def add(self, some: Placed) -> None:
        """Keep some more rows."""
        at = slice(self._used, self._used + len(some[0]))
        self._place[at], self._group[at], self._y[at], self._e[at] = some
        self._used = at.stop

    def batches(self) -> Iterator[Placed]:
        """All rows, some at a time."""
        for start in range(0, self._used, BATCH_ROWS):
            at = slice(start, start + BATCH_ROWS)
            places = self._place[at].astype(np.intp), self._group[at].astype(np.intp)
            yield *places, self._y[at].astype(float), self._e[at]


def _repeated(value: str | None, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), pa.array([value]))


def in_threads(
    work: Callable[[Part], None], parts: Sequence[Part], threads: int | None = None
) -> None:
    """Do work on every part, one thread a core by default; the first error ends it."""
    with ThreadPoolExecutor(threads or len(os.sched_getaffinity(0))) as pool:
        try:
            for done in [pool.submit(work, part) for part in parts]:
                done.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


class Source:
    """Rows behind an engine; :func:`opened` makes one.

    Parameters
    ----------
    backend : ibis backend
    table : Ibis table or None
        None until files are asked for columns.
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
        backend: Any,
        table: Any,
        name: str,
        bins: Bins,
        memory_mb: int,
        files: tuple[RosterFile, ...] = (),
        folder: Path | None = None,
        threads: int | None = None,
    ) -> None:
        self.backend, self.table, self.name, self.memory_mb = backend, table, name, memory_mb
        self.files, self.folder, self.threads = files, folder, threads
        self.bins = {key: _edges(key, edges) for key, edges in bins.items()}
        self.kinds: dict[str, str] = {}
        self._asked: dict[str, str] = {}

    @property
    def columns(self) -> list[str]:
        """Columns of the roster."""
        if self.files:
            return list(self.files[0].kinds | dict.fromkeys(self.files[0].told, ""))
        return list(self.table.columns)

    def prepare(
        self, outcome: str, exposure: str, covariates: Sequence[str], cluster: str | None
    ) -> None:
        """Reduce the table to what a fit needs: ``y_``, ``e_``, ``g_``, ``made_``, covariates.

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
        self._read_columns(needed)
        table, self._asked = self.table, {"y_": outcome, "e_": exposure}
        chosen = {name: self._binned(name) for name in covariates}
        chosen |= {"y_": table[outcome].cast("float64"), "e_": table[exposure].cast("float64")}
        if cluster:
            chosen["g_"], self._asked["g_"] = table[cluster], cluster
            self.kinds["g_"] = self.kinds[cluster]
        if SIMULATED in needed:
            chosen["made_"] = table[SIMULATED]
        self.kinds |= dict.fromkeys(self.bins, "text")
        self.table = table.select(**chosen)

    def select(self, numbers: Mapping[str, tuple[str, ...]], keys: Sequence[str]) -> None:
        """Reduce the table to keys, binned where asked for, and numbers.

        Raises
        ------
        Refusal
            E124, one problem per column that is absent, of the wrong type, or not in every file.
        """
        self._read_columns(dict.fromkeys(keys, FACTORS) | dict(numbers))
        chosen = {name: self._binned(name) for name in keys}
        self.table = self.table.select(**chosen, **{name: self.table[name] for name in numbers})

    def _read_columns(self, needed: Mapping[str, tuple[str, ...]]) -> None:
        problems = Problems(file=self.name)
        for name in needed:
            if name not in self.columns and not self.files:
                remedy = nearest(name, self.columns)
                problems.add("E124", f"has no column '{name}'.", remedy, column=name)
        problems.raise_if_any()
        if self.files:
            check_columns(self.files, list(needed))
            with self._explained():
                self.table = _view(self.backend, self.files, self.folder, list(needed))
        schema = self.table.schema()
        self.kinds = {name: kind_of(schema[name].to_pyarrow()) for name in needed}
        for name, allowed in needed.items():
            if self.kinds[name] not in allowed:
                what = f"'{name}' holds {self.kinds[name]} values; needed: {' or '.join(allowed)}."
                problems.add("E124", what, "Write the column with that type.", column=name)
        problems.raise_if_any()

    def _binned(self, name: str) -> Any:
        """Column, or the class it falls into."""
        column = self.table[name]
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

    def parts(self, keys: Sequence[str]) -> list[Iterator[dict[str, pa.Array]]]:
        """Give counts, exposure, cluster and pattern of rows, in parts of batches.

        Row groups of files are parts of their own, with text as the dictionaries that files hold.
        An engine other than DuckDB sums rows first, so that only sums leave it.
        """
        names = {name: name for name in keys} | self._asked
        if self.files and not self.bins:
            return [
                self._row_group(file, number, group, names)
                for number, file in enumerate(self.files)
                for group in range(pq.read_metadata(self._link(number)).num_row_groups)
            ]
        return [self._answer(self.table.select(*names), [*keys, "g_"])]

    def _answer(self, table: Any, keys: list[str]) -> Iterator[dict[str, pa.Array]]:
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
        self, file: RosterFile, number: int, group: int, names: Mapping[str, str]
    ) -> Iterator[dict[str, pa.Array]]:
        """Read the columns of a row group under the names of the table."""
        inside = {name: column for name, column in names.items() if column not in file.told}
        text = {column for column in inside.values() if self.kinds[column] == "text"}
        with self._explained():
            large = pq.read_metadata(self._link(number)).row_group(group).total_byte_size
            with pq.ParquetFile(
                self._link(number),
                read_dictionary=sorted(text),
                pre_buffer=False,
                buffer_size=READ_BYTES if large > LARGE_GROUP_BYTES else 0,
            ) as opened_file:
                for batch in opened_file.iter_batches(
                    BATCH_ROWS,
                    row_groups=[group],
                    columns=sorted(set(inside.values())),
                    use_threads=False,
                ):
                    found = {name: batch.column(column) for name, column in inside.items()}
                    for name in names.keys() - inside.keys():
                        found[name] = _repeated(file.told[names[name]], batch.num_rows)
                    yield found

    def first_bad(self, code: str, bad: int, rows: int) -> Problem:
        """Say which row is the first that holds no count (E102) or no hours (E104)."""
        name = self._asked["y_" if code == "E102" else "e_"]
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

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        import duckdb

        try:
            yield
        except duckdb.OutOfMemoryException:
            what = "the question needs more memory than allowed."
            remedy = "Allow more (--memory), bin a covariate, or drop a term."
            raise Refusal(Problem("E125", what, remedy, self.name)) from None
        except (duckdb.Error, pa.ArrowException) as error:
            text = (str(error).strip().splitlines() or [type(error).__name__])[0]
            if any(words in text for words in _FULL):
                raise of_machine(OSError(f"no room in the folder of TMPDIR: {text}")) from None
            for number, file in enumerate(self.files):
                text = text.replace(str(self._link(number)), file.shown)
                text = text.replace(str(self._link(number).with_suffix(".csv")), file.shown)
            remedy = "Write or export it again."
            raise Refusal(Problem("E124", f"cannot be read: {text}", remedy, self.name)) from None


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
        yield Source(source.get_backend(), source, source.get_name(), bins or {}, memory_mb)
        return
    files = () if isinstance(source, pd.DataFrame) else find(source)
    with (
        bounds.steady(*(file.path for file in files)),
        scratch.folder(TEMPORARY_PREFIX) as folder,
    ):
        backend = _connect(folder, memory_mb, threads)
        try:
            if isinstance(source, pd.DataFrame):
                table = _from_frame(backend, source)
                yield Source(backend, table, "the frame", bins or {}, memory_mb)
            else:
                shown = Path(source).name or str(source)
                yield Source(backend, None, shown, bins or {}, memory_mb, files, folder, threads)
        finally:
            backend.disconnect()


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
