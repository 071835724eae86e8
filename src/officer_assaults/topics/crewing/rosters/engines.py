# Paths in a query are quoted; the other parts are constants of this package.
# ruff: noqa: S608
"""Engines that hold the rows: DuckDB inside this process, or any that Ibis reaches."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from officer_assaults.refusals import Problem, Refusal
from officer_assaults.topics.crewing.rosters.files import RosterFiles, kind_of
from officer_assaults.topics.crewing.rosters.stream import Scores, ScoreSink, parts_of, sum_scores

Progress = Callable[[int, int, str], None]
Sink = Callable[[pa.RecordBatch], None]

TABLE = "roster"
BATCH_ROWS = 500_000
POLL_SECONDS = 0.05
TEMPORARY_PREFIX = "officer-assaults-roster-"
#: What Python itself, its libraries and the sums take, beside the engine.
PYTHON_MB = 550
LEAST_ENGINE_MB = 100
DEFAULT_MEMORY_MB = 1000


class Cancelled(Exception):
    """The work was cancelled; nothing is left behind."""


class Engine(Protocol):
    """Runs a query, written in DuckDB's dialect on a table that :data:`TABLE` stands for."""

    kinds: dict[str, str]

    def run(self, query: str, schema: dict[str, str], sink: Sink, what: str) -> None:
        """Hand the result to ``sink``, batch by batch."""

    def first_bad(self, condition: str) -> tuple[str, int] | None:
        """File and row of the first row for which a condition holds, if rows have numbers."""

    def close(self) -> None:
        """Leave nothing behind."""


class DuckEngine:
    """DuckDB on files, bounded in memory, with progress and a way to cancel.

    Parameters
    ----------
    files : RosterFiles
    memory_mb : int
        Memory of the whole process; the engine gets what Python leaves of it.
    threads : int or None
        Threads; by default one per core.
    progress : callable, optional
        Called with percent done, 100 and what is being done.
    cancel : threading.Event, optional
        Set it from anywhere to stop.
    """

    def __init__(
        self,
        files: RosterFiles,
        *,
        memory_mb: int = DEFAULT_MEMORY_MB,
        threads: int | None = None,
        progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> None:
        self._files = files
        self._progress = progress
        self._cancel = cancel or threading.Event()
        self._threads = threads
        self._folder = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX))
        try:
            self._connection = _connect(self._folder, memory_mb, threads)
            self._table()
            self.kinds = self._kinds()
        except BaseException:
            self.close()
            raise

    def _table(self) -> None:
        if self._files.parquet:
            self._view("read_parquet", "hive_partitioning = true", list(self._files.paths))
            return
        # A CSV is parsed once, not once a pass; the copy goes with the folder.
        self._view("read_csv", "union_by_name = false, header = true", list(self._files.paths))
        copy = self._folder / "roster.parquet"
        self._execute(f"COPY {TABLE} TO '{copy}' (FORMAT parquet)", "Reading CSV")
        self._view("read_parquet", "hive_partitioning = false", [copy])

    def _view(self, reader: str, options: str, paths: list[Path]) -> None:
        self._paths = paths
        listed = ", ".join(quoted(str(path)) for path in paths)
        query = f"CREATE OR REPLACE VIEW {TABLE} AS SELECT * FROM {reader}([{listed}], {options})"
        self._execute(query, "Opening files")

    def _kinds(self) -> dict[str, str]:
        schema = _reader(self._connection.sql(f"SELECT * FROM {TABLE} LIMIT 0")).schema
        return {field.name: kind_of(field.type) for field in schema}

    def run(self, query: str, schema: dict[str, str], sink: Sink, what: str) -> None:
        """Run a query in a thread of its own, so that this one can watch, report and cancel."""
        del schema
        self._execute(query, what, sink)

    def sum_scores(self, scores: Scores, sink: ScoreSink, what: str) -> None:
        """Sum scores from the files themselves; see :func:`.stream.sum_scores`."""

        def watch(share: float) -> None:
            if self._cancel.is_set():
                raise Cancelled(f"cancelled while at: {what.lower()}")
            if self._progress is not None:
                self._progress(int(100 * share), 100, what)

        stop = threading.Event()
        try:
            parts = parts_of(self._paths, self._told_by_folders([*scores.levels, scores.cluster]))
            sum_scores(scores, parts, sink, threads=self._threads, stop=stop, watch=watch)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(error, self._files) from None

    def _told_by_folders(self, names: list[str]) -> dict[str, dict[str, pa.Array]]:
        """Columns that the names of folders tell, of each file: month=2024-01/part.parquet."""
        if not self._files.parquet:
            return {}
        told = {part.split("=")[0] for path in self._paths for part in path.parts if "=" in part}
        named = [name for name in dict.fromkeys(names) if name in told]
        if not named:
            return {}
        listed = ", ".join(quoted(str(path)) for path in self._paths)
        chosen = ", ".join(f'"{name}"' for name in named)
        query = (
            f"SELECT DISTINCT filename, {chosen} FROM "
            f"read_parquet([{listed}], hive_partitioning = true, filename = true)"
        )
        found: list[pa.RecordBatch] = []
        self._execute(query, "Reading names of folders", found.append)
        table = pa.Table.from_batches(found)
        return {
            str(table["filename"][i]): {
                name: table[name].combine_chunks().slice(i, 1) for name in named
            }
            for i in range(len(table))
        }

    def _execute(self, query: str, what: str, sink: Sink | None = None) -> None:
        failure: list[BaseException] = []

        def work() -> None:
            try:
                if sink is None:
                    self._connection.execute(query)
                else:
                    for batch in _reader(self._connection.sql(query)):
                        sink(batch)
            except BaseException as error:  # handed to the thread that waits
                failure.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            self._wait(thread, what)
        except BaseException:
            self._connection.interrupt()
            thread.join()
            raise
        if failure:
            raise _explained(failure[0], self._files) from None

    def _wait(self, thread: threading.Thread, what: str) -> None:
        pause = 0.001
        while thread.is_alive():
            thread.join(pause)
            pause = min(2 * pause, POLL_SECONDS)
            if self._cancel.is_set():
                raise Cancelled(f"cancelled while at: {what.lower()}")
            if self._progress is not None and thread.is_alive():
                share = max(0.0, float(self._connection.query_progress()))
                self._progress(min(99, int(share)), 100, what)
        if self._progress is not None:
            self._progress(100, 100, what)

    def first_bad(self, condition: str) -> tuple[str, int] | None:
        """File and row of the first row that a check fails; the first is 1, in a CSV the header."""
        for path in self._files.paths:
            if self._files.parquet:
                source = f"read_parquet({quoted(str(path))}, file_row_number = true)"
                row, head = "file_row_number", 1
            else:
                reader = f"read_csv({quoted(str(path))}, header = true)"
                source = f"(SELECT *, row_number() OVER () - 1 AS line FROM {reader})"
                row, head = "line", 2
            query = f"SELECT min({row}) FROM {source} AS r WHERE {condition}"
            with contextlib.suppress(Exception):
                found = self._connection.execute(query).fetchone()
                if found and found[0] is not None:
                    return self._files.shown(path), int(found[0]) + head
        return None

    def close(self) -> None:
        """Close the connection and remove the temporary folder."""
        if hasattr(self, "_connection"):
            self._connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class IbisEngine:
    """A table of any engine that Ibis reaches; only read, nothing is created there.

    Parameters
    ----------
    connection : ibis backend
    table : str
        Name of the table or view that holds the roster.
    progress : callable, optional
    cancel : threading.Event, optional
        Looked at between batches of the answer.
    """

    def __init__(
        self,
        connection: Any,
        table: str,
        *,
        progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> None:
        self._connection = connection
        self._name = table
        self._progress = progress
        self._cancel = cancel or threading.Event()
        schema = connection.table(table).schema().to_pyarrow()
        self.kinds = {name: kind_of(schema.field(name).type) for name in schema.names}

    def run(self, query: str, schema: dict[str, str], sink: Sink, what: str) -> None:
        """Run a query on the engine; Ibis puts it into the engine's own dialect."""
        text = query.replace(f"FROM {TABLE} AS r", f'FROM "{self._name}" AS r')
        answer = self._connection.sql(text, schema=schema, dialect="duckdb")
        if self._progress is not None:
            self._progress(0, 100, what)
        for batch in answer.to_pyarrow_batches(chunk_size=BATCH_ROWS):
            if self._cancel.is_set():
                raise Cancelled(f"cancelled while at: {what.lower()}")
            sink(batch)
        if self._progress is not None:
            self._progress(100, 100, what)

    def first_bad(self, condition: str) -> tuple[str, int] | None:
        """Rows of a table have no number."""
        del condition
        return None

    def close(self) -> None:
        """Nothing to leave behind: the connection is the caller's."""


def quoted(text: str) -> str:
    """Write a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _connect(folder: Path, memory_mb: int, threads: int | None) -> Any:
    try:
        import duckdb
    except ImportError:
        raise Refusal(
            Problem(
                "E124",
                "rosters need DuckDB, which is not installed.",
                "Install the extra 'scale' of this project.",
            )
        ) from None
    settings = {
        "memory_limit": f"{max(LEAST_ENGINE_MB, memory_mb - PYTHON_MB)}MB",
        "temp_directory": str(folder / "spill"),
        "preserve_insertion_order": "false",
        "enable_progress_bar": "true",
        "enable_progress_bar_print": "false",
    } | ({"threads": str(threads)} if threads else {})
    connection = duckdb.connect()
    for name, value in settings.items():
        connection.execute(f"SET {name} = {quoted(value)}")
    return connection


def _reader(result: Any) -> Any:
    # The old name is gone from DuckDB 2.0.
    read = getattr(result, "to_arrow_reader", None) or result.fetch_record_batch
    return read(BATCH_ROWS)


def _explained(error: BaseException, files: RosterFiles) -> BaseException:
    import duckdb

    if isinstance(error, Refusal | Cancelled):
        return error
    if isinstance(error, duckdb.OutOfMemoryException):
        return Refusal(
            Problem(
                "E125",
                "the question needs more memory than allowed.",
                "Allow more (--memory), bin a covariate, or drop a term.",
                files.root.name,
            )
        )
    return _unreadable(error, files) if isinstance(error, duckdb.Error) else error


def _unreadable(error: BaseException, files: RosterFiles) -> Refusal:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    for path in files.paths:
        first = first.replace(str(path), files.shown(path))
    what = f"cannot be read: {first}"
    return Refusal(Problem("E124", what, "Write or export it again.", files.root.name))
