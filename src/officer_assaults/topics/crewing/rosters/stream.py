"""Rows of Parquet files as whole numbers, batch by batch: what sums by cluster are made of.

A hash table of every cluster times every level is slower than two small arrays of sums, and needs
more memory. So the clustered errors of a roster in files take this way; only batches are held.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from officer_assaults.refusals import Problem, Refusal

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
Batch = tuple[IntArray, list[IntArray], FloatArray]
ScoreSink = Callable[[int, IntArray, IntArray, FloatArray], None]

#: Few enough for a core's cache, enough to spread the cost of a call.
BATCH_ROWS = 131_072
#: So far below zero that no other covariate's place makes up for it.
UNKNOWN = -(1 << 40)
#: Row groups above this are read a piece at a time, which is slower but holds little.
LARGE_GROUP_BYTES = 100_000_000
READ_BYTES = 1 << 20
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Bundle:
    """Covariates whose combinations are kept apart together.

    Parameters
    ----------
    strides : mapping of str to int
        What each covariate's level is multiplied by in the number of a combination.
    factor : ndarray, shape (combinations,)
        What each combination multiplies the fitted rate by.
    """

    strides: Mapping[str, int]
    factor: FloatArray


@dataclass(frozen=True, slots=True)
class Scores:
    """Sums of observed minus fitted counts that are asked of rows.

    Parameters
    ----------
    outcome, exposure, cluster : str
        Columns.
    labels : pyarrow.Array
        Every cluster; its place is its number.
    levels : mapping of str to tuple
    edges : mapping of str to sequence of float
        For covariates in classes: the edges of these.
    names : mapping of str to sequence of str
        For covariates in classes: the name of each class.
    bundles : tuple of Bundle
    """

    outcome: str
    exposure: str
    cluster: str
    labels: pa.Array
    levels: Mapping[str, tuple[Any, ...]]
    edges: Mapping[str, Sequence[float]]
    names: Mapping[str, Sequence[str]]
    bundles: tuple[Bundle, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One row group of one file.

    Parameters
    ----------
    path : Path
    number : int
    rows, size : int
        Rows, and bytes when decompressed.
    constants : mapping of str to pyarrow.Array
        Columns that the folder's name tells, one value each.
    """

    path: Path
    number: int
    rows: int
    size: int
    constants: Mapping[str, pa.Array]


class _Coder:
    """Places of a column's values among known ones, times a stride; a dictionary is met once."""

    def __init__(self, known: pa.Array, stride: int = 1) -> None:
        self._known, self._stride = known, stride
        self._last: pa.Array | None = None
        self._table: IntArray = np.empty(0, dtype=np.intp)

    def __call__(self, column: pa.Array) -> IntArray:
        if not pa.types.is_dictionary(column.type):
            return self._find(column)
        if self._last is None or not column.dictionary.equals(self._last):
            self._last, self._table = column.dictionary, self._find(column.dictionary)
        places = column.indices.to_numpy(zero_copy_only=False)
        return np.asarray(self._table.take(places))

    def _find(self, values: pa.Array) -> IntArray:
        if pa.types.is_decimal(values.type):
            values = values.cast(pa.float64())
        found = pc.index_in(values, value_set=self._known.cast(values.type)).fill_null(-1)
        places = np.asarray(found, dtype=np.intp)
        return np.where(places < 0, UNKNOWN, places * self._stride)


class _Classes:
    """Places of the classes that numbers fall into, times a stride."""

    def __init__(
        self, edges: Sequence[float], names: Sequence[str], levels: tuple[Any, ...], stride: int
    ) -> None:
        self._edges = np.asarray(edges)
        places = [levels.index(name) if name in levels else UNKNOWN for name in names]
        self._places = np.array(places, dtype=np.intp) * stride

    def __call__(self, column: pa.Array) -> IntArray:
        return self._places.take(np.searchsorted(self._edges, _numbers(column), side="right"))


def sum_scores(
    scores: Scores,
    parts: Sequence[Part],
    sink: ScoreSink,
    *,
    threads: int | None,
    stop: threading.Event,
    watch: Callable[[float], None],
) -> None:
    """Hand every row's cluster, combination and observed minus fitted count to ``sink``.

    Parameters
    ----------
    scores : Scores
    parts : sequence of Part
    sink : callable
        Gets the place of a bundle, clusters, combinations and differences; one call at a time.
    threads : int or None
        By default one a core.
    stop : threading.Event
        Set where the work ends early.
    watch : callable
        Called now and then with the share done; what it raises ends the work.

    Raises
    ------
    Refusal
        E124 if a file is no longer what it was when its levels were counted.
    """
    done, lock = [0], threading.Lock()

    def work(part: Part) -> None:
        for g, codes, w in _batches(scores, part):
            with lock:
                if stop.is_set():
                    return
                for i, code in enumerate(codes):
                    sink(i, g, code, w)
                done[0] += len(w)

    total = max(1, sum(part.rows for part in parts))
    with ThreadPoolExecutor(threads or len(os.sched_getaffinity(0))) as pool:
        running = {pool.submit(work, part) for part in parts}
        try:
            _wait(running, lambda: watch(done[0] / total))
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _wait(running: set[Future[None]], look: Callable[[], None]) -> None:
    while running:
        finished, running = wait_for(running, POLL_SECONDS, "FIRST_COMPLETED")
        for future in finished:
            future.result()
        look()


def parts_of(paths: Sequence[Path], constants: Mapping[str, Mapping[str, pa.Array]]) -> list[Part]:
    """Row groups of files, each with what its folder's name tells."""
    parts = []
    for path in paths:
        metadata = pq.read_metadata(path)
        told = constants.get(str(path), {})
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            parts.append(Part(path, number, group.num_rows, group.total_byte_size, told))
    return parts


def _batches(scores: Scores, part: Part) -> Iterator[Batch]:
    coders = [
        {name: _coder(scores, name, stride) for name, stride in bundle.strides.items()}
        for bundle in scores.bundles
    ]
    cluster = _Coder(scores.labels)
    wanted = [*scores.levels, scores.cluster, scores.outcome, scores.exposure]
    names = [name for name in dict.fromkeys(wanted) if name not in part.constants]
    with _open(part, [*scores.levels, scores.cluster]) as file:
        for batch in file.iter_batches(
            BATCH_ROWS, row_groups=[part.number], columns=names, use_threads=False
        ):
            columns = {name: batch.column(name) for name in names}
            yield _coded(scores, coders, cluster, len(batch), {**columns, **part.constants})


def _coder(scores: Scores, name: str, stride: int) -> _Coder | _Classes:
    levels = scores.levels[name]
    if name in scores.edges:
        return _Classes(scores.edges[name], scores.names[name], levels, stride)
    return _Coder(pa.array(levels), stride)


def _open(part: Part, coded: Sequence[str]) -> pq.ParquetFile:
    schema = pq.read_schema(part.path)
    text = [name for name in coded if name in schema.names and _is_text(schema.field(name).type)]
    pieces = READ_BYTES if part.size > LARGE_GROUP_BYTES else 0
    return pq.ParquetFile(part.path, read_dictionary=text, pre_buffer=False, buffer_size=pieces)


def _is_text(kind: pa.DataType) -> bool:
    return not (pa.types.is_primitive(kind) or pa.types.is_decimal(kind))


def _coded(
    scores: Scores,
    coders: Sequence[Mapping[str, _Coder | _Classes]],
    cluster: _Coder,
    rows: int,
    columns: Mapping[str, pa.Array],
) -> Batch:
    g = np.broadcast_to(cluster(columns[scores.cluster]), rows)
    codes = [
        np.broadcast_to(sum(coder(columns[name]) for name, coder in bundle.items()), rows)
        for bundle in coders
    ]
    if any(code.min(initial=0) < 0 for code in (g, *codes)):
        what = "holds other values than when they were counted."
        raise Refusal(Problem("E124", what, "Leave the files alone meanwhile."))
    fitted = _numbers(columns[scores.exposure])
    for bundle, code in zip(scores.bundles, codes, strict=True):
        fitted = fitted * bundle.factor.take(code)
    return g, codes, _numbers(columns[scores.outcome]) - fitted


def _numbers(column: pa.Array) -> FloatArray:
    if column.type != pa.float64():
        column = column.cast(pa.float64(), safe=False)
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=float)


def bundle_of(
    covariates: Sequence[Sequence[str]],
    factors: Sequence[FloatArray],
    levels: Mapping[str, tuple[Any, ...]],
) -> Bundle:
    """Put blocks of covariates together: the first block's combinations vary fastest.

    Parameters
    ----------
    covariates : sequence of sequence of str
        Of each block; within a block the last covariate varies fastest.
    factors : sequence of ndarray
        What each combination of a block multiplies the fitted rate by.
    levels : mapping of str to tuple
    """
    strides: dict[str, int] = {}
    factor, radix = np.ones(1), 1
    for names, own in zip(covariates, factors, strict=True):
        for place, name in enumerate(names):
            inner = math.prod(len(levels[other]) for other in names[place + 1 :])
            strides[name] = strides.get(name, 0) + inner * radix
        factor = np.multiply.outer(own, factor).ravel()
        radix *= len(own)
    return Bundle(strides, factor)
