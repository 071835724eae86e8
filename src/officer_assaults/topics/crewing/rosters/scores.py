"""Scores by cluster, which are all that clustered errors need of the rows."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from officer_assaults.stats.blocks import BlockDesign, IntArray, refuse
from officer_assaults.stats.intervals import FloatArray
from officer_assaults.topics.crewing.rosters.engine import Source
from officer_assaults.topics.crewing.rosters.tables import (
    Batch,
    Coder,
    Placed,
    in_threads,
    numbers,
)

#: Sums of scores that a megabyte allows: 8 bytes each in a quarter of it.
SUMS_PER_MB = 30_000
CLUSTERS_AT_ONCE = 8_192
#: Cluster, place in each block, and observed minus fitted count of some rows.
_Difference = tuple[IntArray, list[IntArray], FloatArray]


@dataclass(frozen=True, slots=True)
class Patterns:
    """Sums by pattern, and the place of each pattern's level in every covariate.

    Where rows are kept, in the least types that hold them: the pattern of each combination of
    levels, to find theirs.
    """

    sums: dict[str, FloatArray]
    levels: dict[str, list[Any]]
    codes: dict[str, NDArray[np.intp]]
    sets: dict[str, pa.Array]
    ranks: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    kept: Sequence[Placed] = ()


def cluster_meat(
    roster: Source, patterns: Patterns, design: BlockDesign, beta: FloatArray, groups: pa.Array
) -> FloatArray:
    """Sum over clusters of the score times itself, shape (terms, terms).

    A cluster's score is the design's rows weighted by observed minus fitted counts. As a block
    depends on few covariates, sums of the differences by cluster and combination are enough.
    """
    sizes = [len(block.matrix) for block in design.blocks]
    if len(groups) * sum(sizes) > roster.memory_mb * SUMS_PER_MB:
        raise refuse(
            f"scores of {len(groups):,} clusters on {sum(sizes):,} combinations need more than "
            f"{roster.memory_mb:,} MB.",
            "Allow more memory, drop an interaction, or cluster by a coarser unit.",
        )
    sums = np.zeros((len(groups), sum(sizes)))
    one_at_a_time, flat = threading.Lock(), sums.ravel()

    def add(rows: Iterable[_Difference]) -> None:
        for start, places, difference in rows:
            with one_at_a_time:
                for place in places:
                    np.add.at(flat, start + place, difference)

    parts = _differences(roster, patterns, design, beta, groups)
    in_threads(add, parts, roster.threads)
    spread = np.zeros((sum(sizes), len(design.names)))
    for block, start in zip(design.blocks, _starts(design), strict=True):
        spread[start : start + len(block.matrix), block.terms] = block.matrix
    meat = np.zeros((len(design.names), len(design.names)))
    for first in range(0, len(groups), CLUSTERS_AT_ONCE):
        scores = sums[first : first + CLUSTERS_AT_ONCE] @ spread
        meat += scores.T @ scores
    return meat


def _starts(design: BlockDesign) -> list[int]:
    """Where the sums of each block begin among those of a cluster."""
    return [0, *itertools.accumulate(len(block.matrix) for block in design.blocks[:-1])]


def _differences(
    roster: Source, patterns: Patterns, design: BlockDesign, beta: FloatArray, groups: pa.Array
) -> list[Iterator[_Difference]]:
    """Give differences of all rows, in parts: of those kept, or of those read again."""
    if patterns.kept:
        return [_kept_differences(patterns.kept, patterns, design, beta)]
    read = roster.parts(list(patterns.levels))
    return [_read_differences(part, patterns, design, beta, groups) for part in read]


def _kept_differences(
    rows: Iterable[Placed], patterns: Patterns, design: BlockDesign, beta: FloatArray
) -> Iterator[_Difference]:
    rate = np.exp(design @ beta)[patterns.ranks]
    width = sum(len(block.matrix) for block in design.blocks)
    tables = [
        (places + start)[patterns.ranks]
        for places, start in zip(design.places, _starts(design), strict=True)
    ]
    for small, group, y, e in rows:
        place = small.astype(np.intp)
        at = [table.take(place) for table in tables]
        yield group.astype(np.intp) * width, at, y - e * rate.take(place)


def _read_differences(
    rows: Iterable[Batch],
    patterns: Patterns,
    design: BlockDesign,
    beta: FloatArray,
    groups: pa.Array,
) -> Iterator[_Difference]:
    """Give where a cluster's sums start, places in them, and observed minus fitted, by batch."""
    cluster = Coder(groups)
    coders = [
        [(name, Coder(patterns.sets[name], step)) for name, step in block.steps(patterns.levels)]
        for block in design.blocks
    ]
    rates = [np.exp(block.matrix @ beta[block.terms]) for block in design.blocks]
    starts, width = _starts(design), sum(len(block.matrix) for block in design.blocks)
    for batch in rows:
        start = np.zeros(len(batch["y_"]), dtype=np.intp)
        places = [sum((code(batch[name]) for name, code in own), start) for own in coders]
        fitted = numbers(batch["e_"])
        for rate, place in zip(rates, places, strict=True):
            fitted = fitted * rate.take(place)
        at = [place + start for place, start in zip(places, starts, strict=True)]
        yield cluster(batch["g_"]) * width, at, numbers(batch["y_"]) - fitted
