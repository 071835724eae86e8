"""Rows of files as places in a table of all combinations of levels; read once where they are few.

The first reading learns how many rows there are and which values their columns hold. Rows that are
few are held from then on, each value as a small place in a dictionary. Whatever is out of the
ordinary (a gap, a count below 0, a column of very many values) is left to the engine, which counts
it and says where it is.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from officer_assaults.refusals import Problem, Refusal

Part = TypeVar("Part")
#: Rows under the names ``y_``, ``e_``, ``g_``, ``made_`` and those of covariates.
Batch = Mapping[str, pa.Array]

#: From here on a number is no hours and no count.
LONGEST = 1e9
#: Few enough for a core's cache, enough to spread the cost of a call.
BATCH_ROWS = 32_768
#: Distinct values are sorted out when so many have come together.
UNSORTED = 200_000
#: Files of a roster may differ in the width of a column.
TYPES = {
    "text": pa.string(),
    "whole": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "day": pa.date32(),
}


class Unusual(Exception):
    """Rows that an engine has to look at."""


@dataclass(slots=True)
class Learned:
    """What the first reading of files found.

    Parameters
    ----------
    rows, most : int
        Number of rows, and the largest count.
    simulated : int
        Rows that are marked as made up.
    distinct : dict of str to Array
        Distinct values of every covariate, and of clusters as ``g_``.
    held : list of list of Batch
        All rows, where they are few.
    """

    rows: int = 0
    most: int = 0
    simulated: int = 0
    distinct: dict[str, pa.Array] = field(default_factory=dict)
    held: list[list[Batch]] = field(default_factory=list)

    def add(self, other: Learned) -> None:
        """Take in what another part of the rows showed."""
        self.rows += other.rows
        self.most = max(self.most, other.most)
        self.simulated += other.simulated
        for name, values in other.distinct.items():
            self.distinct[name] = _distinct([self.distinct.get(name, values[:0]), values])
        self.held += other.held


def learn(
    parts: Sequence[Iterable[Batch]],
    kinds: Mapping[str, str],
    most: Mapping[str, int],
    *,
    hold: bool,
    threads: int | None = None,
) -> Learned:
    """Read rows for the first time.

    Parameters
    ----------
    parts : sequence of iterable of Batch
    kinds : mapping of str to str
        Kind of every covariate, and of ``g_`` where there are clusters.
    most : mapping of str to int
        Distinct values that a covariate may have here.
    hold : bool
    threads : int, optional

    Raises
    ------
    Unusual
        If a value is missing, no count or no hours, or a covariate has more values.
    """
    found, one_at_a_time = Learned(), threading.Lock()

    def read(part: Iterable[Batch]) -> None:
        own = _learn_part(part, kinds, most, hold)
        with one_at_a_time:
            found.add(own)

    in_threads(read, parts, threads)
    if any(len(found.distinct[name]) > number for name, number in most.items()):
        raise Unusual
    return found


def _learn_part(
    part: Iterable[Batch], kinds: Mapping[str, str], most: Mapping[str, int], hold: bool
) -> Learned:
    found = Learned()
    held: list[Batch] = []
    columns = {name: _Column(TYPES[kind], most.get(name)) for name, kind in kinds.items()}
    for batch in part:
        if any(column.null_count for name, column in batch.items() if name != "made_"):
            raise Unusual
        small: dict[str, pa.Array] = {n: column.add(batch[n]) for n, column in columns.items()}
        y, e = numbers(batch["y_"]), numbers(batch["e_"])
        largest = y.max(initial=0)
        good_e = e.min(initial=1) > 0 and e.max(initial=1) < LONGEST
        if not (
            good_e and y.min(initial=0) >= 0 and largest < LONGEST and (y == np.floor(y)).all()
        ):
            raise Unusual
        found.rows += len(y)
        found.most = max(found.most, int(largest))
        if "made_" in batch:
            found.simulated += batch["made_"].true_count
        if hold:
            counts = y.astype(np.min_scalar_type(int(largest)))
            held.append(small | {"y_": pa.array(counts), "e_": pa.array(e)})
    found.distinct = {name: column.values() for name, column in columns.items()}
    found.held = [held] if hold else []
    return found


class _Column:
    """Distinct values of a column, which a dictionary may hold beside others that no row has."""

    def __init__(self, kind: pa.DataType, most: int | None) -> None:
        self._kind, self._most = kind, most
        self._dictionary: pa.Array | None = None
        self._used = np.empty(0, dtype=bool)
        self._found = [pa.array([], kind)]

    def add(self, column: pa.Array) -> pa.Array:
        """Note the values of some rows, and give these as places of the least width."""
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        if self._dictionary is None or not column.dictionary.equals(self._dictionary):
            self._sort_out()
            self._dictionary, self._used = column.dictionary, np.zeros(len(column.dictionary), bool)
        indices = column.indices.to_numpy(zero_copy_only=False)
        if not self._used.all():
            self._used[indices] = True
        indices = pa.array(indices.astype(np.min_scalar_type(len(self._used))))
        return pa.DictionaryArray.from_arrays(indices, self._dictionary, safe=False)

    def _sort_out(self) -> None:
        if self._dictionary is None:
            return
        values = self._dictionary.filter(pa.array(self._used)).cast(self._kind)
        if pc.any(pc.is_null(values, nan_is_null=True)).as_py():
            raise Unusual
        if self._most is not None and len(values) > self._most:
            raise Unusual
        self._found.append(values)
        if sum(map(len, self._found)) > 2 * len(self._found[0]) + UNSORTED:
            self._found = [_distinct(self._found)]

    def values(self) -> pa.Array:
        """All values so far, each once."""
        self._sort_out()
        self._dictionary = None
        return _distinct(self._found)


def _distinct(arrays: Sequence[pa.Array]) -> pa.Array:
    together = pa.concat_arrays(arrays)
    if pa.types.is_floating(together.type):
        # Here 0.0 and -0.0 are one.
        together = pc.add(together, 0.0)
    return together.unique()


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
    part: Iterable[Batch], sets: Mapping[str, pa.Array], groups: pa.Array | None
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


def in_threads(
    work: Callable[[Part], None], parts: Sequence[Part], threads: int | None = None
) -> None:
    """Do work on every part, one thread a core by default; the first error ends it."""
    most = min(len(parts), threads or len(os.sched_getaffinity(0)))
    if most < 2:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(most) as pool:
        try:
            for done in [pool.submit(work, part) for part in parts]:
                done.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
